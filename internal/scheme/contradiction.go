package scheme

import (
	"slices"
	"strings"

	"github.com/google/cel-go/cel"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

// A Contradiction is something that cannot be true of one product, from
// labels/facts.yaml: while the facts that stand say it, no level is reached.
type Contradiction struct {
	ID   string `yaml:"id"`
	Rule string `yaml:"rule"` // CEL over facts and the members of product below; true where they contradict
	Says string `yaml:"says"` // what contradicts what, in a sentence

	rule *rule
}

// members are the variables by which contradictions refer to what a declaration
// says in its member product, and the member that each stands for.
var members = []struct {
	name, member string
	celType      *cel.Type
	value        func(*label.Product) any
}{
	{"product_updates", "product.updates", cel.StringType, func(p *label.Product) any { return p.Updates }},
	{"product_support_end", "product.supportEnd", cel.TimestampType, func(p *label.Product) any { return p.SupportEnd.Start() }},
	{"product_sbom", "product.sbom", cel.BoolType, func(p *label.Product) any { return p.SBOM }},
	{"product_password", "product.password", cel.BoolType, func(p *label.Product) any { return p.Password != "" }},
}

func memberIndex(name string) int {
	for i := range members {
		if members[i].name == name {
			return i
		}
	}
	return -1
}

// checkContradictions compiles the contradictions of the dictionary.
func (p *Programme) checkContradictions(d *datafile.File, lang *language) error {
	both, err := lang.withMembers()
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for i := range p.Contradictions {
		c, path := &p.Contradictions[i], datafile.At("contradictions", i)
		if !slug.MatchString(c.ID) || seen[c.ID] {
			d.Errorf(path, "every contradiction needs an id of its own: lower-case letters, digits and inner hyphens")
		}
		seen[c.ID] = true
		if strings.TrimSpace(c.Says) == "" || len(c.Says) > label.MaxProse {
			d.Errorf(path, "says is required: a sentence of at most %d bytes", label.MaxProse)
		}
		if c.rule, err = both.compile(c.Rule); err != nil {
			d.Errorf(path+".rule", "%v", err)
		} else if len(c.rule.vars) < 2 {
			d.Errorf(path+".rule", "refers to fewer than two facts or members of product, which cannot contradict each other")
		}
	}
	return nil
}

// contradictions returns what the facts that stand contradict each other in. A
// contradiction is judged where everything it refers to is known; like other
// rules over all values that stand, and by each of several declarations of one
// day. A declaration that contradicts itself does so whatever was measured.
func (e *evaluation) contradictions() (gaps []Gap, err error) {
	declarations := e.declarations
	if len(declarations) == 0 {
		declarations = []*Item{nil}
	}
	for i := range e.scheme.contradictions {
		c := &e.scheme.contradictions[i]
		for _, decl := range declarations {
			by, err := e.contradicts(c.rule, decl)
			if err != nil {
				return nil, err
			}
			if by == "" {
				continue
			}
			g := Gap{Kind: GapContradiction, By: by, Text: c.Says}
			for _, name := range c.rule.vars {
				if i := memberIndex(name); i >= 0 {
					name = members[i].member
				}
				g.Items = append(g.Items, name)
			}
			gaps = append(gaps, g)
			break
		}
	}
	return gaps, nil
}

// contradicts reports whether a contradiction is there, by a declaration where
// it is not nil: it returns who can settle it, or nothing.
func (e *evaluation) contradicts(r *rule, decl *Item) (by Source, err error) {
	if itself, err := e.contradictsItself(r, decl); err != nil || itself {
		return Declaration, err
	}
	var buffer [4]any
	values, several := buffer[:0], false
	by = Lab
	for i, f := range r.facts {
		if f == nil {
			if decl == nil {
				return "", nil
			}
			by = Declaration
			values = append(values, members[memberIndex(r.vars[i])].value(decl.Product))
			continue
		}
		s := e.values(f)
		if len(s.measured) > 0 {
			values, several = append(values, s.measured[0].value), several || len(s.measured) > 1
		}
		if s.count > 0 {
			continue
		}
		j := slices.IndexFunc(s.declared, func(v factValue) bool { return v.item == decl })
		switch {
		case j >= 0:
			by = Declaration
			if len(s.measured) > 0 {
				several = true
			} else {
				values = append(values, s.declared[j].value)
			}
		case len(s.measured) == 0:
			return "", nil
		}
	}
	if !several {
		if result, _, err := r.eval(values, e.now); err != nil || result != isTrue {
			return "", err
		}
		return by, nil
	}
	return e.contradictsAny(r, decl, by)
}

// contradictsItself reports whether a declaration alone says what cannot be true.
func (e *evaluation) contradictsItself(r *rule, decl *Item) (bool, error) {
	if decl == nil {
		return false, nil
	}
	var buffer [4]any
	values := buffer[:0]
	for i, f := range r.facts {
		if f == nil {
			values = append(values, members[memberIndex(r.vars[i])].value(decl.Product))
			continue
		}
		v, ok := decl.value(f)
		if !ok {
			return false, nil
		}
		values = append(values, v)
	}
	result, _, err := r.eval(values, e.now)
	return result == isTrue, err
}

// contradictsAny is contradicts where some fact has several values.
func (e *evaluation) contradictsAny(r *rule, decl *Item, by Source) (Source, error) {
	lists := make([][]choice, len(r.facts))
	for i, f := range r.facts {
		if f == nil {
			lists[i] = []choice{{value: members[memberIndex(r.vars[i])].value(decl.Product)}}
			continue
		}
		s := e.values(f)
		support := slices.Clip(s.measured[:s.count])
		if s.count == 0 {
			for _, v := range s.declared {
				if v.item == decl {
					support = append(support, v)
				}
			}
		}
		lists[i] = slices.DeleteFunc(choices(support, s.measured[s.count:]), func(c choice) bool { return c.value == nil })
	}
	found := split(r.vars, lists) != nil
	if !found {
		err := combine(lists, func(chosen []choice) (bool, error) {
			result, _, err := r.eval(valuesOf(chosen), e.now)
			found = result == isTrue
			return found, err
		})
		if err != nil {
			return "", err
		}
	}
	if !found {
		return "", nil
	}
	return by, nil
}
