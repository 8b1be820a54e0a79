package scheme

import (
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
)

// RulingItem returns a ruling on an appeal as evidence for its device. It counts
// for the scheme's version that the decision was made by, and for no other; it
// does not age. A criterion that it accepts is met, even where a verdict of
// fail stands that was known when it was made: the finding rests on the ruling,
// and a label names it. What a lab finds wrong later is judged as if there were
// no ruling, and so is what the manufacturer itself claims to fail in the
// declaration in force, whichever came first: an appeal is won for a product that
// its manufacturer stands for.
func RulingItem(id label.Digest, r *label.Ruling) *Item {
	return &Item{
		ID: id, Type: label.TypeRuling, source: Authority, Signer: r.Authority.ID, Number: r.Appeal.String()[:16], Date: label.DateOf(r.Decided),
		ruling: r,
	}
}

// accepted returns the latest ruling that has a criterion count as met, or nil.
func (e *evaluation) accepted(c *Criterion, src Source) (*Item, error) {
	for _, it := range e.rulings {
		if !slices.Contains(it.ruling.Accepted, c.ID) {
			continue
		}
		if claim := e.admission(c); claim != nil {
			e.note(Unused{Item: it, Code: Admitted, Text: fmt.Sprintf("does not hold for criterion %s: the manufacturer itself claims in declaration %s that it fails, which a lab's pass or a later declaration answers", c.ID, claim.Number)})
			continue
		}
		later, err := e.laterFinding(c, src, it.ruling)
		if err != nil || later == nil {
			return it, err
		}
		e.note(Unused{Item: it, Code: LaterFinding, Text: fmt.Sprintf("does not hold for criterion %s any more: report %s of %s found it wrong since", c.ID, later.Number, later.Signer)})
	}
	return nil, nil
}

// admission returns a declaration in force by which a provision of a criterion fails,
// and that no lab's pass answers; or nil.
func (e *evaluation) admission(c *Criterion) *Item {
	for _, p := range c.provisions {
		if items, v := e.verdict(c, p.ID, Declaration); v == label.Fail { // of labs it has no failures
			return items[0]
		}
	}
	return nil
}

// Admits returns the criteria that a ruling accepts and that a declaration claims to
// fail.
func (s *Scheme) Admits(declaration, ruling *Item) (criteria []string) {
	if declaration.Source() != Declaration || ruling.ruling == nil || !s.counts(ruling.ruling) {
		return nil
	}
	for i := range s.Criteria {
		c := &s.Criteria[i]
		if slices.Contains(ruling.ruling.Accepted, c.ID) && slices.ContainsFunc(c.provisions, func(p *Provision) bool {
			return declaration.outcome(p.ID) == label.Fail
		}) {
			criteria = append(criteria, c.ID)
		}
	}
	return criteria
}

// laterFinding returns a report by which a criterion fails, and that nobody knew
// when a ruling was made: its tests ended later, or it arrived later.
func (e *evaluation) laterFinding(c *Criterion, src Source, r *label.Ruling) (*Item, error) {
	later := func(it *Item) bool { // rulings are dated in whole seconds
		return it.Source() == Lab && (it.Date.After(label.DateOf(r.Decided)) || it.Received.Truncate(time.Second).After(r.Decided))
	}
	for _, p := range c.provisions {
		var f Finding
		e.failed(&f, p.ID)
		if i := slices.IndexFunc(f.Rests, later); i >= 0 {
			return f.Rests[i], nil
		}
	}
	if c.rule == nil {
		return nil, nil
	}
	lists := make([][]choice, len(c.rule.facts))
	for i, f := range c.rule.facts {
		lists[i] = choices(e.pick(f, c, src))
	}
	var found *Item
	if split(c.rule.vars, lists) != nil { // too many to try: whoever came later counts
		for _, it := range slices.Concat(e.reports, e.against) {
			if later(it) && slices.ContainsFunc(c.rule.vars, func(name string) bool { _, ok := it.facts.get(name); return ok }) {
				return it, nil
			}
		}
		return nil, nil
	}
	err := combine(lists, func(chosen []choice) (bool, error) {
		by := -1
		all := func(c choice) []*Item { return slices.Concat(c.support, c.adverse) }
		if by = slices.IndexFunc(chosen, func(c choice) bool { return slices.ContainsFunc(all(c), later) }); by < 0 {
			return false, nil
		}
		result, _, err := c.rule.eval(valuesOf(chosen), e.now)
		if err == nil && result == isFalse {
			items := all(chosen[by])
			found = items[slices.IndexFunc(items, later)]
		}
		return found != nil, err
	})
	return found, err
}

// counts reports whether a ruling was made by the version of the scheme.
func (s *Scheme) counts(r *label.Ruling) bool {
	return r.Scheme.ID == s.ID && r.Scheme.Version == s.Version
}
