// # Renewal
//
// A renewal says that the product was judged again. It needs something that is
// new: evidence that the label in force does not rest on, or another judgement
// (another level, other findings, another version of the scheme). It is at the
// level of the label or above, and below only where the request names that by
// its reason. A label that ends early because of a doubt is also renewed on the same
// evidence, once nothing speaks against that any more, and the successor would live
// longer. That is so whichever way the early end came about: by a lapse, or because
// the doubt was known when the label was issued. Such an end is said once and for
// all, so that whoever planned by it was told the truth, and the successor has the
// full term.
// What is open about the label goes over to its successor in the same commit: a
// review, an earlier end because of evidence that the successor rests on too, and
// what advisories say of the product. A hold on the product stops a renewal that its
// manufacturer asks for. A device in a category of lower risk than another of its
// product gets no renewal, whoever asks, until an operator has registered it.
package authority

import (
	"errors"
	"reflect"
	"slices"
	"strings"

	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// A renewal is a signed label that is to supersede another.
type renewal struct {
	*dossier
	signed *issue.Signed
	entry  *store.Entry
	old    *label.Label
	news   []label.Digest // evidence that it rests on and the old one does not
	advice []newAdvice    // what advisories say of it
}

// renewal judges and signs the successor that a request asks for. It returns
// nil where it asks for none, or was carried out already.
func (a *Issuing) renewal(x *act, r *statusRequest) (*renewal, error) {
	if r.predicate.Action != label.Supersede || r.predicate.Level == 0 {
		return nil, nil
	}
	rec, old, err := a.renewable(x, r)
	if err != nil || rec == nil {
		return nil, err
	}
	s := a.programme.InForce(rec.Scheme, a.clock())
	if s == nil {
		return nil, label.Errorf(label.Precondition, label.ReasonUnknownScheme, "request.label",
			"label %s is of scheme %s, of which no version is in force; request a label in a scheme that is (\"labelctl scheme list\")", rec.ID.Pretty(), rec.Scheme)
	}
	if _, err := s.Level(r.predicate.Level); err != nil {
		return nil, label.Within("request", err)
	}
	p, err := a.dossier(Caller{Org: rec.Org, Roles: []label.Role{label.RoleManufacturer}}, rec.Device, s)
	if err != nil {
		return nil, err
	}
	if err := p.bar("request.label", nil); err != nil { // holds stop some who ask: admitSupersession
		return nil, err
	}
	d, err := s.Evaluate(p.desc, rec.Device, p.items, a.clock())
	if err != nil {
		return nil, err
	}
	if !d.Levels[r.predicate.Level-1].Reached {
		rec, err := a.refuse(x, x.aside, d, r.predicate.Level, p)
		if err != nil {
			return nil, err
		}
		var missing []string
		for _, g := range d.MissingFor(r.predicate.Level) {
			missing = append(missing, g.Text)
		}
		why := strings.Join(missing, ". ") + "."
		if doubt := against(p.items, old); doubt != "" { // which may be why, and is never all that is missing
			why = label.Clip(why, label.MaxProse/2) + " " + doubt
		}
		return nil, label.Errorf(label.Precondition, label.ReasonMissing, "request.level", "the evidence does not support level %d. %s A decision says all that is missing, and until when it may be appealed against; \"labelctl decision show %s\" shows it", r.predicate.Level, label.Clip(why, label.MaxProse), rec.Digest)
	}
	out, err := a.successor(d, r, p, old)
	if err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) (err error) {
		out.advice, err = a.firstAdvice(v, rec.Org, out.signed.Label)
		return err
	})
	return out, err
}

// renewable returns the label that is to be renewed, and what it says; nil where
// the request was carried out already.
func (a *Issuing) renewable(x *act, r *statusRequest) (rec *store.Label, old *label.Label, err error) {
	err = a.store.View(func(v *store.View) error {
		found, err := v.Label(r.predicate.Label)
		if err != nil {
			return unknownLabel(err, "request.label", r.predicate.Label)
		}
		switch req, err := v.Request(r.digest); {
		case err == nil && req.Number != 0:
			return nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
		h, err := a.history(v, found)
		if err != nil {
			return err
		}
		if _, err := a.admitChange(x, v, r, found, h, a.clock()); err != nil {
			return err
		}
		rec = found
		old, err = signedLabel(v, rec)
		return err
	})
	return rec, old, err
}

// successor signs the label that is to take the place of another, if it says
// something that the other does not.
func (a *Issuing) successor(d *scheme.Decision, r *statusRequest, p *dossier, old *label.Label) (out *renewal, err error) {
	out = &renewal{dossier: p, old: old}
	if out.signed, out.entry, err = a.sign(d, r.predicate.Level, p); err != nil {
		return nil, err
	}
	next := out.signed.Label
	for _, e := range next.Evidence {
		if !restsOn(old, e.SHA256) {
			out.news = append(out.news, e.SHA256)
		}
	}
	same := len(out.news) == 0 && len(next.Evidence) == len(old.Evidence) &&
		next.Level == old.Level && next.Scheme == old.Scheme && reflect.DeepEqual(next.Criteria, old.Criteria)
	// A lapse is never taken back. Where what it was for is in order again, the label
	// is renewed on the same evidence, and its successor has its full term.
	early := endsEarly(&p.standing, old) && p.standing.Expires.Before(next.Expires)
	if why := against(p.items, next); same && endsEarly(&p.standing, old) && why != "" {
		return nil, label.Errorf(label.Precondition, label.ReasonNothingNew, "request.label",
			"label %s ends early, on %s, and on the same evidence another would end then too. %s", old.ID.Pretty(), label.DateOf(p.standing.Expires.Add(-1)), why)
	}
	if same && !early {
		return nil, label.Errorf(label.Precondition, label.ReasonNothingNew, "request.label",
			"nothing is new since label %s was issued: the same evidence comes to the same level; submit a newer report or declaration first", old.ID.Pretty())
	}
	if err := checkNews(r.predicate.Reason, old, next); err != nil {
		return nil, err
	}
	out.news = out.news[:min(len(out.news), label.MaxRenewalNews)]
	return out, nil
}

// endsEarly reports whether a label ends early because something was said against
// what it rests on: by a lapse, or because that was known when it was issued. A
// standing that was worked out from the label's record does not know the latter.
func endsEarly(s *label.Standing, l *label.Label) bool {
	return s.ExpiresFor == label.BoundGraceEnd || l.ExpiresFor == label.BoundGraceEnd && s.Expires.Equal(l.Expires)
}

// restsOn reports whether a label rests on a statement.
func restsOn(l *label.Label, id label.Digest) bool {
	return slices.ContainsFunc(l.Evidence, func(e label.LabelEvidence) bool { return e.SHA256 == id })
}

// carriedCause names the status of a predecessor, whose signed statement has a digest, that
// goes over.
func carriedCause(st *label.Status, statement label.Digest) label.Cause {
	return label.Cause{Kind: label.CausePredecessor, Label: st.Label, SHA256: statement, Number: st.Number}
}

// carryOver adds to a batch what goes over from a label to the one that takes its
// place. Renewal is nil where that was issued before: then it has what
// advisories say already.
func (a *Issuing) carryOver(v *store.View, b *batch, rec *store.Label, h *label.History, next *store.Label, r *renewal) error {
	hn := &label.History{Label: &label.Label{ID: next.ID, Issued: next.Issued, Expires: next.Expires}}
	if r == nil {
		var err error
		if hn, err = a.history(v, next); err != nil {
			return err
		}
	}
	statement, err := statementOf(v, b, rec)
	if err != nil {
		return err
	}
	add := func(st label.Status) error {
		st.Label = next.ID
		out, err := a.append(v, b, next, hn, st)
		if err == nil {
			hn.Statuses = append(hn.Statuses, &out.Status)
		}
		return err
	}
	standing := h.StandingAt(b.At)
	if st := standing.Review; st != nil && hn.StandingAt(b.At).Review == nil {
		if err := add(label.Status{Action: label.Review, Reason: st.Reason, Text: st.Text, Language: st.Language, Cause: carriedCause(st, statement)}); err != nil {
			return err
		}
	}
	if r == nil {
		return nil
	}
	if st := atIssue(r.items, r.signed.Label); st != nil {
		if err := add(*st); err != nil {
			return err
		}
	}
	if st := a.carriedLapse(h, &standing, r); st != nil {
		if err := add(label.Status{Action: label.Lapse, Reason: st.Reason, Text: st.Text, Language: st.Language, Effective: st.Effective, Cause: carriedCause(st, statement)}); err != nil {
			return err
		}
	}
	return a.addAdvice(v, b, next, hn, r.advice)
}

// doubted reports whether something speaks against a report that a label rests on,
// such as that its laboratory has lost the scope.
func doubted(items []*scheme.Item, l *label.Label) bool {
	return slices.ContainsFunc(items, func(it *scheme.Item) bool {
		return label.SourceOf(it.Type) == label.SourceLab && it.Doubt != nil && restsOn(l, it.ID)
	})
}

// carriedLapse returns the lapse that ends a successor as it would have ended its
// predecessor, or nil: where both rest on the same report, and that is still
// doubted.
func (a *Issuing) carriedLapse(h *label.History, standing *label.Standing, r *renewal) *label.Status {
	if standing.ExpiresFor != label.BoundGraceEnd || !standing.Expires.Before(r.signed.Label.Expires) {
		return nil
	}
	shared := slices.ContainsFunc(r.signed.Label.Evidence, func(e label.LabelEvidence) bool {
		return label.SourceOf(e.Type) == label.SourceLab && restsOn(r.old, e.SHA256)
	})
	if !shared || !doubted(r.items, r.signed.Label) {
		return nil
	}
	i := slices.IndexFunc(h.Statuses, func(s *label.Status) bool {
		return s.Action == label.Lapse && s.Effective.Equal(standing.Expires)
	})
	if i < 0 {
		return nil
	}
	return h.Statuses[i]
}
