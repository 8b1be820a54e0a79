package scheme_test

import (
	"io/fs"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/labels"
)

// TestCalled names labels of each presentation in each form, and those of a scheme that is
// not served or has other levels by what they say themselves.
func TestCalled(t *testing.T) {
	ladder := label.Level{Number: 3, Of: 4, Name: "Secure by design", Presentation: label.Ladder}
	met := label.Level{Number: 1, Of: 1, Name: "Meets the Household Baseline", Presentation: label.PassOnly}
	gold := label.Level{Number: 3, Of: 3, Name: "Gold", Presentation: label.NamedClasses}
	for _, tt := range []struct {
		files fs.FS
		ref   label.SchemeRef
		level label.Level
		want  [3]string // page, badge, art
	}{
		{labels.FS, label.SchemeRef{ID: "four-level", Version: "2026.2"}, ladder, [3]string{"Level 3 of 4: Secure by design", "Level 3 of 4", "Level 3 of 4"}},
		{labels.FS, label.SchemeRef{ID: "four-level", Version: "2019.1"}, ladder, [3]string{"Level 3 of 4: Secure by design", "Level 3 of 4", "Level 3 of 4"}},
		{labeltest.FilesWith(t, labeltest.PassOnly), label.SchemeRef{ID: "household", Version: "1"}, met, [3]string{met.Name, "Baseline met", met.Name}},
		{labeltest.FilesWith(t, labeltest.PassOnly), label.SchemeRef{ID: "household"}, met, [3]string{met.Name, "Baseline met", met.Name}},
		{labeltest.FilesWith(t, labeltest.PassOnly), label.SchemeRef{ID: "household", Version: "0"}, met, [3]string{met.Name, met.Name, met.Name}},
		{labeltest.FilesWith(t, labeltest.NamedClasses), label.SchemeRef{ID: "medals", Version: "1"}, gold, [3]string{"Security class Gold", "Gold", "Gold"}},
		{labeltest.FilesWith(t, labeltest.NamedClasses), label.SchemeRef{ID: "medals", Version: "1"}, ladder, [3]string{"Level 3 of 4: Secure by design", "Level 3 of 4", "Level 3 of 4"}},
	} {
		p, err := scheme.Load(tt.files)
		must(t, err)
		for i, f := range scheme.Forms {
			if got := p.Called(f, tt.ref, tt.level); got != tt.want[i] {
				t.Errorf("%s %s: %s is called %q, want %q", tt.ref.ID, tt.ref.Version, f, got, tt.want[i])
			}
		}
	}
}

// TestPassOnly drives the scheme without levels through evaluation: the plug meets it, and
// the toy is told what is missing.
func TestPassOnly(t *testing.T) {
	for name, reached := range map[string]int{"plug": 1, "camera": 1, "toy": 0} {
		w := labeltest.NewOf(t, labeltest.FilesWith(t, labeltest.PassOnly))
		e := w.Example(name)
		d, err := w.Authority.Evaluate(t.Context(), w.Caller(e.Device.Manufacturer), w.Submit(e), "")
		must(t, err)
		if d.Reached != reached || len(d.Levels) != 1 || (len(d.Missing) == 0) != (reached == 1) {
			t.Errorf("the %s reaches %d of %d levels, and lacks %v", name, d.Reached, len(d.Levels), d.Missing)
		}
		g, err := d.Grant(1)
		if (err == nil) != (reached == 1) {
			t.Fatalf("the grant of the %s: %v", name, err)
		}
		if err != nil {
			wants(t, err, label.Precondition, label.ReasonMissing, "level", "the evidence does not support a label;")
			continue
		}
		var l label.Label
		must(t, g.Fill(&l))
		if want := (label.Level{Number: 1, Of: 1, Name: "Meets the Household Baseline", Presentation: label.PassOnly}); l.Level != want {
			t.Errorf("the label of the %s has %+v", name, l.Level)
		}
		_, err = d.Grant(2)
		wants(t, err, label.Invalid, label.ReasonUnknownScheme, "level", "scheme household has no levels; ask for 1")
	}
}
