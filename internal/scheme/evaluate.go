package scheme

import (
	"cmp"
	"fmt"
	"slices"
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
	d.Levels[level-1], err = e.level(d, level)
	return d, err
}

// weigh begins a decision: with the evidence that counts.
func (s *Scheme) weigh(dev *label.Device, subject label.Digest, items []*Item, now time.Time) (*Decision, *evaluation, error) {
	cat := s.categories[dev.Category]
	if cat == nil {
		return nil, nil, label.Errorf(label.Precondition, label.ReasonUnknownCategory, "device.category",
			"the device's category %q is no longer defined", dev.Category)
	}
	d := &Decision{Scheme: s, Device: dev, Subject: subject, At: now, Risk: cat.Risk}
	e := &evaluation{scheme: s, now: now, done: map[memo]*Finding{}}
	// Latest first; of one day in a fixed order, so that the result is a
	// function of the set.
	items = slices.SortedFunc(slices.Values(items), func(a, b *Item) int {
		return cmp.Or(b.Date.Compare(a.Date), slices.Compare(a.ID[:], b.ID[:]))
	})
	for _, it := range items {
		if it.ruling != nil {
			if s.counts(it.ruling) {
				e.rulings = append(e.rulings, it)
				d.Evidence = append(d.Evidence, it)
			}
			continue
		}
		if it.Standard != s.Standard || it.Edition != s.Edition {
			continue
		}
		if !now.Before(s.expiry(it)) {
			d.Stale = append(d.Stale, it)
			continue
		}
		e.items = append(e.items, it)
		d.Evidence = append(d.Evidence, it)
	}
	d.declaration = e.latestDeclaration()
	return d, e, nil
}

// An evaluation is the working state of one Evaluate.
type evaluation struct {
	scheme  *Scheme
	now     time.Time
	items   []*Item // latest first
	rulings []*Item // latest first
	done    map[memo]*Finding
}

// A criterion comes to the same at every level that asks for the same source.
type memo struct {
	c   *Criterion
	src Source
}

// level judges one level.
func (e *evaluation) level(d *Decision, n int) (LevelResult, error) {
	r := LevelResult{Level: n, Reached: d.declaration != nil}
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

func (e *evaluation) latestDeclaration() *Item {
	for _, it := range e.items {
		if it.Source() == Declaration {
			return it
		}
	}
	return nil
}

func (e *evaluation) finding(c *Criterion, src Source) (*Finding, error) {
	if f := e.done[memo{c, src}]; f != nil {
		return f, nil
	}
	f := &Finding{Criterion: c, Required: src, State: NotApplicable}
	if it := e.accepted(c); it != nil {
		f.State, f.Rests = Met, []*Item{it}
		e.done[memo{c, src}] = f
		return f, nil
	}
	for _, p := range c.provisions {
		if err := e.provision(f, c, p, src); err != nil {
			return nil, err
		}
	}
	// A rule is about how provisions are met; where none of them applies,
	// neither does the rule.
	if c.rule != nil && (len(c.provisions) == 0 || f.State != NotApplicable) {
		if err := e.rule(f, c, src); err != nil {
			return nil, err
		}
	}
	e.done[memo{c, src}] = f
	return f, nil
}

// provision adds to f what one provision came to.
func (e *evaluation) provision(f *Finding, c *Criterion, p *Provision, src Source) error {
	in := p.Editions[e.scheme.Edition]
	applies, missing := isTrue, []string(nil)
	var features []*Item
	if in.when != nil {
		var err error
		seen := e.features(&features)
		if applies, missing, err = in.when.eval(seen, e.now); err != nil {
			return err
		}
	}
	it, v := e.verdict(p.ID, c.Level)
	switch {
	case v == label.Fail:
		f.rest(it)
		f.fall(Unmet, Gap{Kind: GapFailed, By: it.Source(), Items: []string{p.ID}})
	case applies == isFalse:
		for _, it := range features {
			f.rest(it)
		}
	case v == "" && applies == unknown && src == Declaration:
		f.fall(Undetermined, Gap{Kind: GapFact, By: Declaration, Items: missing})
	case v == "", it.Source() != Lab && src == Lab:
		f.fall(Undetermined, Gap{Kind: GapEvidence, By: src, Items: []string{p.ID}})
	case v == label.NotApplicable && in.when == nil:
		f.rest(it)
		f.fall(Undetermined, Gap{Kind: GapUnconditional, By: it.Source(), Items: []string{p.ID}})
	case v == label.NotApplicable && applies == isTrue:
		f.rest(it)
		f.fall(Undetermined, Gap{Kind: GapContradiction, By: it.Source(), Items: []string{p.ID}})
	case v == label.NotApplicable:
		f.rest(it)
	case v == label.Pass:
		f.rest(it)
		f.met()
	default:
		f.rest(it)
		f.fall(Undetermined, Gap{Kind: GapInconclusive, By: it.Source(), Items: []string{p.ID}})
	}
	return nil
}

// verdict returns the verdict that stands for a provision in a criterion of a
// level: the latest lab's, or else the latest claim.
func (e *evaluation) verdict(provision string, level int) (*Item, label.Outcome) {
	var item, claim *Item
	var stands, claimed label.Outcome
	for _, it := range e.items {
		v, _ := it.verdicts.get(provision)
		switch {
		case v == "":
		case it.Source() == Declaration:
			if claim == nil {
				claim, claimed = it, v
			}
		case it.Level < level && v != label.Fail && v != label.Inconclusive:
			// Tests made for a lower level do not support a higher one.
		case item == nil, item.Date == it.Date && v.Worse(stands):
			item, stands = it, v
		}
	}
	if item != nil {
		return item, stands
	}
	return claim, claimed
}

// features returns the facts that conditions are judged by, a lab's value
// before a declared one, and records in used whose word they were.
func (e *evaluation) features(used *[]*Item) func(string) (any, bool) {
	return func(name string) (any, bool) {
		it, v := e.fact(name, func(*Item) bool { return true })
		if it == nil {
			return nil, false
		}
		*used = append(*used, it)
		return v, true
	}
}

// fact returns the latest value of a fact among the items that count, a lab's
// before a manufacturer's. A value that the dictionary, which may have changed
// since it was accepted, no longer allows is none.
func (e *evaluation) fact(name string, counts func(*Item) bool) (*Item, any) {
	var declared *Item
	var value any
	for _, it := range e.items {
		raw, ok := it.facts.get(name)
		if !ok || !counts(it) || declared != nil && it.Source() == Declaration {
			continue
		}
		v, err := e.scheme.facts[name].read(raw)
		if err != nil {
			continue
		}
		if it.Source() == Lab {
			return it, v
		}
		declared, value = it, v
	}
	return declared, value
}

// rule adds to f what its rule came to.
func (e *evaluation) rule(f *Finding, c *Criterion, src Source) error {
	var used []*Item
	// Where a lab must have checked, a lab must have measured: a declared value
	// counts only for facts that are the manufacturer's to state.
	value := func(name string) (any, bool) {
		it, v := e.fact(name, func(it *Item) bool {
			if it.Source() == Lab {
				return it.Level >= c.Level
			}
			return src == Declaration || e.scheme.facts[name].By == ByManufacturer
		})
		if it == nil {
			return nil, false
		}
		used = append(used, it)
		return v, true
	}
	result, missing, err := c.rule.eval(value, e.now)
	if err != nil {
		return err
	}
	if result == isTrue && slices.ContainsFunc(e.items, func(it *Item) bool { return it.Source() == Lab && it.Level < c.Level }) {
		// What was measured for a lower level does not support this one, but
		// what was found wrong counts, and is not declared away.
		var all []*Item
		again, _, err := c.rule.eval(e.features(&all), e.now)
		if err != nil {
			return err
		}
		if again == isFalse {
			result, used = isFalse, all
		}
	}
	for _, it := range used {
		f.rest(it)
	}
	switch result {
	case isTrue:
		f.met()
	case isFalse:
		f.fall(Unmet, Gap{Kind: GapRule, By: src, Items: []string{c.ID}, Text: c.Shortfall})
	default:
		for _, name := range missing {
			by := src
			if e.scheme.facts[name].By == ByManufacturer {
				by = Declaration
			} else if e.scheme.facts[name].By == ByLab {
				by = Lab
			}
			f.fall(Undetermined, Gap{Kind: GapFact, By: by, Items: []string{name}})
		}
	}
	return nil
}

// missing returns the shortest list of what stands between the device and a
// level: gaps of one kind for one party are one entry.
func (d *Decision) missing(level int) []Gap {
	var gaps []Gap
	if d.declaration == nil {
		gaps = append(gaps, Gap{Kind: GapDeclaration, By: Declaration})
	}
	for _, f := range d.Levels[level-1].Findings {
		for _, g := range f.Gaps {
			i := slices.IndexFunc(gaps, func(h Gap) bool {
				return h.Kind == g.Kind && h.By == g.By && g.Kind != GapRule
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
		}
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return cmp.Compare(a.Kind.rank(), b.Kind.rank()) })
	for i := range gaps {
		gaps[i].Text = gaps[i].sentence()
	}
	return gaps
}

// sentence says a gap as one thing to do.
func (g *Gap) sentence() string {
	if g.Kind == GapRule {
		return g.Text
	}
	who := "The manufacturer must"
	if g.By == Lab {
		who = "An accredited lab must"
	}
	return fmt.Sprintf(gapTexts[g.Kind], who)
}
