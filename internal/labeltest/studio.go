package labeltest

import (
	"sync"
	"testing"

	"labeld/internal/art"
	"labeld/labels"
)

var loadStudio = sync.OnceValues(func() (*art.Studio, error) { return art.Load(labels.FS) })

// Studio returns what draws labels, from the embedded data. It is loaded once:
// fonts are large, and it does not change.
func Studio(tb testing.TB) *art.Studio {
	tb.Helper()
	s, err := loadStudio()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}
