package verify_test

import (
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestPresentation verifies labels offline, where no scheme is at hand: they say themselves
// how they are to be shown.
func TestPresentation(t *testing.T) {
	for scheme, want := range map[string]struct {
		level int
		says  string
	}{
		labeltest.PassOnly:     {1, ", Meets the Household Baseline, in Household Baseline (example) version 1"},
		labeltest.NamedClasses: {2, ", Silver, in Medal Label (example) version 1"},
	} {
		w := labeltest.NewOf(t, labeltest.FilesWith(t, scheme))
		p := w.Issue(w.Example("camera"), want.level)
		at := w.Clock.Now()
		r, err := w.Trust.Verify(p.Package, at, at)
		must(t, err)
		if r.Label.Level.Presentation != label.Presentation(scheme) {
			t.Errorf("%s: the label has %+v", scheme, r.Label.Level)
		}
		var said []string
		for _, c := range r.Checks {
			said = append(said, c.Says)
		}
		text := strings.Join(said, "\n")
		if !strings.Contains(text, want.says) || strings.Contains(text, "evel ") {
			t.Errorf("%s: the checks say\n%s", scheme, text)
		}
	}
}
