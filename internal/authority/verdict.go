package authority

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// A verdict is what judging a live label again came to.
type verdict struct {
	rec       *store.Label
	loss      scheme.Loss // empty where its evidence carries it
	unable    bool        // nobody can tell: its version of the scheme is not served
	what      []string    // that is no longer met, in words
	ids       []string    // criteria, or what else is no longer so
	cause     string
	ending    *scheme.Item // a report that it rests on, or that carries it today, and that counts only until some day, the first such day; or nil
	bar       string       // why a renewal would be refused for the time being, whatever the evidence
	renewable bool         // it is to end early, nothing speaks any more against what it rests on, and a successor would live longer
	against   string       // what speaks against what it rests on, and the way out; empty where nothing does
	found     []finding    // what reports of laboratories found wrong
	struck    []string     // what it rests on and the authority has struck, and why, in sentences
}

// A finding is a report of a laboratory that found something wrong, and by which criteria.
type finding struct {
	item     *scheme.Item
	criteria []string
}

// find notes who says that a criterion is not met.
func (n *verdict) find(c *scheme.Criterion, against []*scheme.Item) {
	for _, it := range against {
		if it.Source() != scheme.Lab {
			continue
		}
		i := slices.IndexFunc(n.found, func(f finding) bool { return f.item == it })
		if i < 0 {
			i, n.found = len(n.found), append(n.found, finding{item: it})
		}
		n.found[i].criteria = append(n.found[i].criteria, c.ID)
	}
}

// ending returns the item that counts only until some day, of those that a label
// rests on, the first such day being the one that matters; or nil.
func ending(items []*scheme.Item, l *label.Label) (first *scheme.Item) {
	for _, it := range items {
		if it.Doubt == nil || it.Doubt.Until.IsZero() || !restsOn(l, it.ID) {
			continue
		}
		if first == nil || it.Doubt.Until.Before(first.Doubt.Until) {
			first = it
		}
	}
	return first
}

// carrier returns the report that counts only until some day and without which, and those
// that end before, the evidence of today would not carry a label, or nil: such as one that
// took the place of a report which the label rests on.
func carrier(s *scheme.Scheme, p *dossier, rec *store.Label) (*scheme.Item, error) {
	limited := func(it *scheme.Item) bool { return it.Doubt != nil && !it.Doubt.Until.IsZero() }
	var ending []*scheme.Item
	for _, it := range p.items {
		if limited(it) {
			ending = append(ending, it)
		}
	}
	slices.SortStableFunc(ending, func(a, b *scheme.Item) int { return a.Doubt.Until.Compare(b.Doubt.Until) })
	for i, last := range ending {
		rest := slices.DeleteFunc(slices.Clone(p.items), func(it *scheme.Item) bool { return slices.Contains(ending[:i+1], it) })
		d, err := s.EvaluateLevel(p.desc, rec.Device, rest, rec.Issued, rec.Level)
		if err != nil || !d.Levels[rec.Level-1].Reached {
			return last, err
		}
	}
	return nil, nil
}

// weigh compares what a label says with what its evidence comes to today.
func (n *verdict) weigh(d *scheme.Decision, l *label.Label) {
	r := d.Levels[n.rec.Level-1]
	for _, f := range r.Findings {
		if f.State == scheme.Met || f.State == scheme.NotApplicable {
			continue
		}
		what := f.Criterion.Title
		if f.State == scheme.Unmet {
			against := f.Against()
			if slices.ContainsFunc(against, func(it *scheme.Item) bool { return it.Source() != scheme.Declaration }) {
				n.loss = scheme.Failed
			} else {
				n.loss = cmp.Or(n.loss, scheme.Disclaimed)
			}
			what += " (by " + sayers(against) + ")"
			n.find(f.Criterion, against)
		}
		n.what, n.ids = append(n.what, what), append(append(n.ids, f.Criterion.ID), f.Faults()...)
	}
	for _, g := range d.Contradictions {
		what := strings.Join(g.Items, ", ")
		n.ids = append(n.ids, "contradiction "+what)
		n.what = append(n.what, "Free of contradictions in what is said of the product ("+what+")")
	}
	if !r.Reached {
		n.loss = cmp.Or(n.loss, scheme.Unsupported)
	} else {
		n.compare(d, l)
	}
}

// sayers names the statements that say what is wrong, and so whose word it is.
func sayers(items []*scheme.Item) string {
	var list []string
	for _, it := range items {
		kind := "declaration"
		if it.Source() != scheme.Declaration {
			kind = "report"
		}
		list = append(list, fmt.Sprintf("%s %s of %s", kind, it.Number, it.Signer))
	}
	return named(list)
}

// hold finds labels of the product that are suspended, or that were revoked: what
// was found out about these is true of this one. A review of them is not yet a
// finding, and neither is one that such a finding began. What another fell for when it
// was judged is weighed for this one as well: where that found something, or the other
// has only lost what carries it, its fall adds nothing, and each would be named as the
// other's reason, and bring down again the one that an operator has reinstated.
func (n *verdict) hold(holds []*Hold, p *scheme.Programme) {
	weighed := n.loss == scheme.Failed || n.loss == scheme.Disclaimed
	for _, h := range holds {
		if h.Label == nil || h.Label.ID == n.rec.ID || !h.found() || h.Judged && (weighed || h.unsupported(p)) {
			continue
		}
		n.loss = cmp.Or(n.loss, scheme.Unsupported)
		n.ids = append(n.ids, fmt.Sprintf("%s/%s/%s", h.Label.ID, h.Action, h.Reason))
		n.what = append(n.what, fmt.Sprintf("Label %s of the same product %s (%s)", h.Label.ID.Pretty(), befell[h.Action], h.Reason))
	}
}

// unsupported reports whether a label fell because nothing carries it any more, by the
// reason that its scheme has for that and for nothing that is found wrong.
func (h *Hold) unsupported(p *scheme.Programme) bool {
	r := p.Lifecycle(h.Label.Scheme, h.Label.Version).Rejudged
	return h.Reason == r[scheme.Unsupported].Reason && h.Reason != r[scheme.Failed].Reason && h.Reason != r[scheme.Disclaimed].Reason
}

// lighter finds that the same product is registered in a category of higher risk,
// and that no operator has looked at this: for it less was asked than for the other
// ([Authority.heavier]).
func (n *verdict) lighter(h *heavier) {
	if h == nil {
		return
	}
	n.loss = cmp.Or(n.loss, scheme.Unsupported)
	n.ids = append(n.ids, "heavier "+h.device.Digest.String())
	n.what = append(n.what, fmt.Sprintf("The same product is registered in a category of higher risk, %s (device %.16s)", h.category, h.device.Digest))
}

// compare finds what a label repeats of a declaration that no longer says so, or
// that a laboratory has found otherwise.
func (n *verdict) compare(d *scheme.Decision, l *label.Label) {
	lost := func(id, what string) {
		n.loss, n.ids, n.what = scheme.Unsupported, append(n.ids, id), append(n.what, what)
	}
	var today label.Label
	g, err := d.Grant(n.rec.Level)
	if err == nil {
		err = g.Fill(&today)
	}
	if err != nil {
		lost("declaration", "The label repeats a declaration that no longer stands")
		return
	}
	if today.Product.SupportEnd.Before(l.Product.SupportEnd) {
		lost("support "+today.Product.SupportEnd.String(), "Security updates until "+l.Product.SupportEnd.String()+", which is now declared to be "+today.Product.SupportEnd.String())
	}
	if scheme.FewerUpdates(today.Product.Updates, l.Product.Updates) {
		lost("updates="+today.Product.Updates, "Updates that are "+l.Product.Updates+", which are now declared to be "+today.Product.Updates)
	}
	if l.Product.SBOM && !today.Product.SBOM {
		lost("sbom", "A list of the software parts that is kept, which is no longer declared")
	}
	before, now := &l.Product.Vulnerabilities, &today.Product.Vulnerabilities
	for _, p := range []struct {
		id, what    string
		before, now int
	}{
		{"ackDays", "An answer to reports of weaknesses", before.AckDays, now.AckDays},
		{"statusDays", "News of reported weaknesses", before.StatusDays, now.StatusDays},
	} {
		switch {
		case p.before == scheme.Slower(p.before, p.now) || p.before == 0:
		case p.now == 0:
			lost(p.id, fmt.Sprintf("%s within %d days, of which no time is declared any more", p.what, p.before))
		default:
			lost(fmt.Sprintf("%s %d", p.id, p.now), fmt.Sprintf("%s within %d days, which are now declared to be %d", p.what, p.before, p.now))
		}
	}
	for _, f := range l.Facts {
		if !slices.ContainsFunc(today.Facts, func(t label.LabelFact) bool { return t.Fact == f.Fact && t.Value == f.Value }) {
			lost(f.Fact+"="+f.Value.String(), "What the label says about "+f.Fact)
		}
	}
}

// known reports whether all that is found has had its consequence before: it may be less
// than then, such as when the label of a twin stands again.
func (n *verdict) known(last *store.Verdict) bool {
	return last.Cause == n.cause || len(n.ids) > 0 && !slices.ContainsFunc(n.ids, func(id string) bool { return !slices.Contains(last.Acted, id) })
}

// acted returns which of the findings that have had their consequence are still there.
// One that has gone is forgotten: when it comes back, such as when what had undone it
// counts no more, it is news.
func (n *verdict) acted(last *store.Verdict) []string {
	return slices.DeleteFunc(slices.Clone(last.Acted), func(id string) bool { return !slices.Contains(n.ids, id) })
}
