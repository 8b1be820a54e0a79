package scheme_test

import (
	"os"
	"strings"
	"testing"

	"labeld/internal/scheme"
)

// TestAddedRiskClass adds a risk class that a version of a scheme does not name, because it
// is older: its devices are judged as of the next higher class. One above the highest is
// refused, because nothing says how to judge its devices.
func TestAddedRiskClass(t *testing.T) {
	m := copyOf(t, os.DirFS("testdata/small"))
	edit(t, m, "categories.yaml", "  - {id: high, name: High", "  - {id: elevated, name: Elevated, about: Quite some.}\n  - {id: high, name: High")
	edit(t, m, "categories.yaml", "  - {id: camera,", "  - {id: oven, name: Oven, risk: elevated, about: Heats.}\n  - {id: camera,")
	p, err := scheme.Load(m)
	must(t, err)
	s := p.Schemes[0]
	for r, want := range map[scheme.Risk]scheme.Risk{"low": "low", "medium": "medium", "elevated": "high", "high": "high"} {
		if got := s.JudgedAs(r); got != want {
			t.Errorf("devices of the class %s are judged as %s, want %s", r, got, want)
		}
	}
	if !p.Riskier("high", "elevated") || !p.Riskier("elevated", "medium") || p.Riskier("low", "low") || p.Riskier("low", "high") {
		t.Error("the classes are not in the order of the file")
	}
	oven, subject := device(t, "oven")
	d, err := s.Evaluate(oven, subject, nil, now)
	must(t, err)
	camera, other := device(t, "camera")
	as, err := s.Evaluate(camera, other, nil, now)
	must(t, err)
	for i, level := range d.Levels {
		for j, f := range level.Findings {
			if want := as.Levels[i].Findings[j].Required; f.Required != want {
				t.Errorf("level %d, %s: the oven needs the word of %s, and the camera of %s", level.Level, f.Criterion.ID, f.Required, want)
			}
		}
	}
	if d.Risk != "elevated" {
		t.Errorf("the decision names the class %s", d.Risk)
	}

	m = copyOf(t, os.DirFS("testdata/small"))
	edit(t, m, "categories.yaml", "about: Much.}\n", "about: Much.}\n  - {id: extreme, name: Extreme, about: All.}\n")
	if _, err := scheme.Load(m); err == nil || !strings.Contains(err.Error(), "schemes/ladder/1.yaml") || !strings.Contains(err.Error(), "evidence: no policy names the highest risk class, extreme") {
		t.Errorf("a class above the highest: %v", err)
	}
}
