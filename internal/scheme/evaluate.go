package scheme

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
)

// Evaluate judges a device by the evidence that was accepted for it, as of an
// instant. The order of items does not matter.
func (s *Scheme) Evaluate(dev *label.Device, subject label.Digest, items []*Item, now time.Time) (*Decision, error) {
	d, e, err := s.weigh(dev, subject, items, now)
	if err != nil {
		return nil, err
	}
	for n := 1; n <= len(s.Levels); n++ {
		r, err := e.level(d, n)
		if err != nil {
			return nil, err
		}
		if r.Reached && d.Reached == n-1 {
			d.Reached = n
		}
		d.Levels = append(d.Levels, r)
	}
	if d.Reached < len(s.Levels) {
		d.Missing = d.missing(d.Reached + 1)
	}
	d.Unused = d.unused(min(d.Reached+1, len(s.Levels)))
	return d, nil
}

// EvaluateLevel is [Scheme.Evaluate] for who needs to know of one level only
// whether it is reached, which takes half as long. The decision says nothing of
// other levels, nor which is the highest: none of them counts as reached.
func (s *Scheme) EvaluateLevel(dev *label.Device, subject label.Digest, items []*Item, now time.Time, level int) (*Decision, error) {
	if _, err := s.Level(level); err != nil {
		return nil, err
	}
	d, e, err := s.weigh(dev, subject, items, now)
	if err != nil {
		return nil, err
	}
	d.Levels = make([]LevelResult, level)
	if d.Levels[level-1], err = e.level(d, level); err != nil {
		return nil, err
	}
	d.Unused = d.unused(level)
	return d, nil
}

// An evaluation is the working state of one Evaluate. Lists of items are latest
// first.
type evaluation struct {
	scheme *Scheme
	now    time.Time

	reports      []*Item // that count; each for criteria that accept its methods
	declarations []*Item // of the latest day
	rulings      []*Item
	against      []*Item         // reports that count only against the device
	trusted      []*Item         // reports that can undo what others found wrong: all but those that the caller doubts, of whatever age and edition
	corrections  map[*Item]*Item // of against: the report that corrects it
	product      *label.Product  // what the declarations promise at least
	unused       []Unused

	sets []*factSet // by index of the fact; nil until it is looked up
	done map[memo]*Finding
}

// A criterion comes to the same at every level that asks for the same source.
type memo struct {
	c   *Criterion
	src Source
}

// level judges one level.
func (e *evaluation) level(d *Decision, n int) (LevelResult, error) {
	r := LevelResult{Level: n, Reached: len(e.declarations) > 0 && len(d.Contradictions) == 0}
	for i := range e.scheme.Criteria {
		c := &e.scheme.Criteria[i]
		if c.Level > n {
			continue
		}
		f, err := e.finding(c, e.scheme.source(c, d.Risk, n))
		if err != nil {
			return r, err
		}
		r.Findings = append(r.Findings, f)
		r.Reached = r.Reached && f.State.satisfied()
	}
	return r, nil
}

func (e *evaluation) finding(c *Criterion, src Source) (*Finding, error) {
	if f := e.done[memo{c, src}]; f != nil {
		return f, nil
	}
	f, err := e.judge(c, src)
	e.done[memo{c, src}] = f
	return f, err
}

// judge comes to a finding.
func (e *evaluation) judge(c *Criterion, src Source) (*Finding, error) {
	f := &Finding{Criterion: c, Required: src, State: NotApplicable}
	if len(e.rulings) > 0 {
		it, err := e.accepted(c, src)
		if err != nil {
			return nil, err
		}
		if it != nil {
			f.State, f.Rests = Met, []*Item{it}
			return f, nil
		}
	}
	for _, p := range c.provisions {
		if err := e.provision(f, c, p, src); err != nil {
			return nil, err
		}
	}
	if c.rule != nil {
		if err := e.rule(f, c, src); err != nil {
			return nil, err
		}
	}
	if f.State != NotApplicable {
		f.Why = nil
	}
	return f, nil
}

// rule adds to f what its rule came to.
func (e *evaluation) rule(f *Finding, c *Criterion, src Source) error {
	// A rule is about how provisions are met. Where none of them applies it need
	// not be true, but what is known to be wrong is wrong.
	free := len(c.provisions) > 0 && f.State == NotApplicable
	t, err := e.try(c.rule, c, src, isFalse)
	switch {
	case err != nil:
		return err
	case t.split != nil:
		e.open(f, &t, src)
	case t.result == isFalse:
		f.rest(t.rests...)
		f.fall(Unmet, Gap{Kind: GapRule, By: src, Items: []string{c.ID}, Text: c.Shortfall})
		f.blamed, err = t.blame(c.rule, e.now)
		return err
	case free:
	case t.result == isTrue:
		f.rest(t.rests...)
		f.met()
	default:
		f.rest(t.rests...)
		e.open(f, &t, src)
	}
	return nil
}

// missing returns the shortest list of what stands between the device and a
// level: gaps of one kind for one party are one entry.
func (d *Decision) missing(level int) []Gap {
	var gaps []Gap
	if len(d.evaluation.declarations) == 0 {
		gaps = append(gaps, Gap{Kind: GapDeclaration, By: Declaration})
	}
	gaps = append(gaps, d.Contradictions...)
	for _, f := range d.Levels[level-1].Findings {
		for _, g := range f.Gaps {
			i := slices.IndexFunc(gaps, func(h Gap) bool {
				return h.Kind == g.Kind && h.By == g.By && !g.Kind.single()
			})
			if i < 0 {
				g.Items = slices.Clone(g.Items)
				gaps = append(gaps, g)
				continue
			}
			for _, item := range g.Items {
				if !slices.Contains(gaps[i].Items, item) {
					gaps[i].Items = append(gaps[i].Items, item)
				}
			}
			for _, text := range g.vain {
				if len(gaps[i].vain) < maxVain && !slices.Contains(gaps[i].vain, text) {
					gaps[i].vain = append(slices.Clip(gaps[i].vain), text)
				}
			}
		}
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return cmp.Compare(a.Kind.rank(), b.Kind.rank()) })
	for i := range gaps {
		gaps[i].Text = gaps[i].sentence()
	}
	return gaps
}

// single reports whether each gap of the kind has a text of its own.
func (k GapKind) single() bool { return k == GapRule || k == GapContradiction }

// sentence says a gap as one thing to do.
func (g *Gap) sentence() string {
	if g.Kind.single() {
		return g.Text
	}
	who := "The manufacturer must"
	if g.By == Lab {
		who = "An accredited lab must"
	}
	if g.Kind == GapFailed && g.By == Lab {
		return strings.Join(append([]string{who + " report a pass where this failed, after the product was fixed, and name what was changed; or correct its report"}, g.vain...), "; ")
	}
	return fmt.Sprintf(gapTexts[g.Kind], who)
}
