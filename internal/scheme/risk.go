package scheme

import (
	"maps"
	"slices"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

// A Risk is the ID of a risk class.
type Risk string

// A RiskDef is one risk class of device categories, from labels/categories.yaml.
type RiskDef struct {
	ID    Risk   `yaml:"id"`
	Name  string `yaml:"name"`
	About string `yaml:"about"`
}

// # Risk classes
//
// A programme has its own risk classes, in an order, and policies and weights of schemes
// name them. A version of a scheme is never edited, and a class may be added later. A
// version that is older judges devices of the new class as of the next higher class that
// it names, so that nobody is asked for less than before. So that there always is one, the
// highest class stays the highest for ever, and every version names it.

// loadRisks checks the risk classes of the categories' file.
func (p *Programme) loadRisks(d *datafile.File, list []RiskDef) {
	if n := len(list); n == 0 || n > label.MaxRisks {
		d.Errorf("risks", "1 to %d risk classes are needed, from the lowest", label.MaxRisks)
	}
	for i, r := range list {
		path := datafile.At("risks", i)
		if !slug.MatchString(string(r.ID)) || p.rank(r.ID) >= 0 {
			d.Errorf(path, "every risk class needs an id of its own: lower-case letters, digits and inner hyphens")
		}
		if r.Name == "" || r.About == "" {
			d.Errorf(path, "name and about are required")
		}
		p.Risks = append(p.Risks, r)
	}
}

// rank is the place of a risk class among all, from the lowest; -1 for what is none.
func (p *Programme) rank(r Risk) int {
	return slices.IndexFunc(p.Risks, func(d RiskDef) bool { return d.ID == r })
}

// Riskier reports whether a risk class is higher than another.
func (p *Programme) Riskier(a, b Risk) bool { return p.rank(a) > p.rank(b) }

func (p *Programme) riskIDs() (ids []Risk) {
	for _, r := range p.Risks {
		ids = append(ids, r.ID)
	}
	return ids
}

// classify finds the risk classes that a version of a scheme names in its policies, and as
// of which of them it judges each class of the programme.
func (s *Scheme) classify(d *datafile.File, p *Programme) {
	named := map[Risk]bool{}
	for _, name := range slices.Sorted(maps.Keys(s.Evidence)) {
		for _, r := range slices.Sorted(maps.Keys(s.Evidence[name])) {
			if p.rank(r) < 0 {
				d.Errorf("evidence."+name, "%q is no risk class: %s", r, join(p.riskIDs()))
			}
			named[r] = true
		}
	}
	s.judgedAs = map[Risk]Risk{}
	var higher Risk
	for _, r := range slices.Backward(p.riskIDs()) {
		if named[r] {
			higher = r
			s.risks = append([]Risk{r}, s.risks...)
		}
		if higher == "" {
			d.Errorf("evidence", "no policy names the highest risk class, %s", r)
			higher = r
		}
		s.judgedAs[r] = higher
	}
}

// JudgedAs returns as of which risk class a version of a scheme judges devices of a class:
// that one, or where the version is older than it, the next higher.
func (s *Scheme) JudgedAs(r Risk) Risk { return s.judgedAs[r] }
