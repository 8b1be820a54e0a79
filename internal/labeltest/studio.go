package labeltest

import (
	"io/fs"
	"sync"
	"testing"

	"labeld/internal/art"
	"labeld/internal/locale"
	"labeld/internal/scheme"
	"labeld/labels"
)

var loadWords = sync.OnceValues(func() (*locale.Catalogue, error) {
	p, err := scheme.Load(labels.FS)
	if err != nil {
		return nil, err
	}
	return locale.Load(labels.FS, p)
})

var loadStudio = sync.OnceValues(func() (*art.Studio, error) {
	words, err := loadWords()
	if err != nil {
		return nil, err
	}
	return art.Load(labels.FS, words)
})

// Dress returns the words and the studio of programme data.
func Dress(tb testing.TB, files fs.FS) (*locale.Catalogue, *art.Studio) {
	tb.Helper()
	p, err := scheme.Load(files)
	if err != nil {
		tb.Fatal(err)
	}
	words, err := locale.Load(files, p)
	if err != nil {
		tb.Fatal(err)
	}
	studio, err := art.Load(files, words)
	if err != nil {
		tb.Fatal(err)
	}
	return words, studio
}

// Words returns the embedded catalogues, read once for a test run.
func Words(tb testing.TB) *locale.Catalogue { return once(tb, loadWords) }

// Studio returns the studio of the embedded data, read once for a test run.
func Studio(tb testing.TB) *art.Studio { return once(tb, loadStudio) }

func once[T any](tb testing.TB, load func() (T, error)) T {
	tb.Helper()
	v, err := load()
	if err != nil {
		tb.Fatal(err)
	}
	return v
}
