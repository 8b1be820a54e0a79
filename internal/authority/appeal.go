package authority

import (
	"context"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// appealForm is how appeals are opened. One may be of any age: when it is made is held to
// the refusal and to the term for appeals against that.
var appealForm = &requestForm[label.Appeal]{field: "appeal", predicateType: label.TypeAppeal, ageless: true, kept: true, right: func(_ *store.View, p *label.Appeal) (right, error) {
	return speaksFor(p.Manufacturer, "manufacturer"), nil
}}

// Appeal takes a manufacturer's signed appeal against a refusal, within the
// term that the refusal names and once. The second result says whether it was
// known. Who carries it, if not the manufacturer, is an operator.
func (a *Oversight) Appeal(ctx context.Context, c Caller, raw []byte) (t *Trail, known bool, err error) {
	err = signedAct(a.core, ctx, c, raw, appealForm, func(x *act, s *signedRequest[label.Appeal]) (err error) {
		t, known, err = a.appeal(x, s)
		return err
	})
	return t, known, err
}

func (a *Oversight) appeal(x *act, s *signedRequest[label.Appeal]) (*Trail, bool, error) {
	defer a.writer.begin()()
	var t *Trail
	known := false
	err := x.do([]string{claimf("decision/%s", s.predicate.Decision)}, func(v *store.View, b *batch) (err error) {
		if t, err = a.trail(v, s.predicate.Decision); err != nil {
			return found(err, label.ReasonUnknownDecision, "appeal.decision", "no decision %s is on record; \"labelctl decision list\" names those there are", s.predicate.Decision)
		}
		if err := x.caller.party(t.Decision, "appeal.decision"); err != nil {
			return err
		}
		if known = t.Appeal != nil && t.Appeal.Digest == s.digest; known {
			return nil
		}
		days, err := a.admitAppeal(x, v, s, t, b.At)
		if err != nil {
			return err
		}
		t.Decision.Appeal = s.digest
		t.Appeal = &store.Appeal{
			Digest: s.digest, Decision: t.Decision.Digest, Device: t.Decision.Device, Org: t.Decision.Org,
			Received: b.At.UTC(), DecideBy: label.DateOf(b.At).AddDays(days), Statement: s.payload, Signature: s.by,
		}
		b.Add(t.Decision, t.Appeal)
		return a.tellAppeal(b, t.Appeal, "", "")
	})
	if err != nil {
		return nil, false, err
	}
	return t, known, nil
}

// admitAppeal checks an appeal against the decision, and returns in how many
// days it is to be decided.
func (a *Oversight) admitAppeal(x *act, v *store.View, s *signedRequest[label.Appeal], t *Trail, now time.Time) (days int, err error) {
	if _, err := s.admit(x, v, now); err != nil {
		return 0, err
	}
	d := t.Decision
	switch {
	case s.by.Organization != d.Org:
		return 0, label.Errorf(label.Denied, label.ReasonNotYours, "appeal", "the decision is about a device of another manufacturer than %s, who signed", s.by.Organization)
	case s.subject != d.Device:
		return 0, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "appeal.subject", "is not the device that the decision is about")
	case t.Appeal != nil:
		return 0, label.Errorf(label.Exists, label.ReasonExists, "appeal.decision", "was appealed against on %s (%s), which can be done once; to bring new evidence, submit it and request the label again", t.Appeal.Received.Format(time.DateOnly), d.Appeal)
	case !now.Before(d.AppealBy.End()):
		return 0, label.Errorf(label.Precondition, label.ReasonTooLate, "appeal.decision", "could be appealed against until the end of %s; request the label again for a decision of today", d.AppealBy)
	case s.predicate.Made.After(now.Add(label.MaxClockSkew)):
		return 0, label.Errorf(label.Invalid, label.ReasonInFuture, "appeal.made", "is %s, which is in the future", s.predicate.Made.Format(time.RFC3339))
	case s.predicate.Made.Before(d.Decided.Add(-label.MaxClockSkew)):
		return 0, label.Errorf(label.Invalid, label.ReasonTooOld, "appeal.made", "is %s, before the decision was made", s.predicate.Made.Format(time.RFC3339))
	}
	p, err := d.Predicate()
	if err != nil {
		return 0, err
	}
	return p.DecideDays, p.CheckOpen("appeal.criteria", s.predicate.Criteria)
}

// rulingForm is how requests for rulings are opened.
var rulingForm = &requestForm[label.RulingRequest]{field: "ruling", predicateType: label.TypeRulingRequest}

// Decide has the authority rule on an appeal, at the signed request of an
// operator. An appeal is decided once; the same request again returns the
// ruling, which the second result says. Where the act takes several persons, it waits for
// the others ([Trail.Waits]).
func (a *Oversight) Decide(ctx context.Context, c Caller, raw []byte) (t *Trail, known bool, err error) {
	err = signedAct(a.core, ctx, c, raw, rulingForm, func(x *act, s *rulingRequest) (err error) {
		t, known, err = a.decide(x, s)
		return err
	})
	return t, known, err
}

// A rulingRequest is a signed request for a ruling.
type rulingRequest = signedRequest[label.RulingRequest]

func (a *Oversight) decide(x *act, s *rulingRequest) (*Trail, bool, error) {
	var appeal *store.Appeal
	if err := a.store.View(func(v *store.View) (err error) {
		appeal, err = v.Appeal(s.predicate.Appeal)
		return found(err, label.ReasonUnknownDecision, "ruling.appeal", "no appeal %s is on record; \"labelctl appeal list\" names those there are", s.predicate.Appeal)
	}); err != nil {
		return nil, false, err
	}
	defer a.writer.begin()()
	var t *Trail
	known := false
	claims := []string{claimf("decision/%s", appeal.Decision), claimf("device/%s", appeal.Device), claimf("request/%s", s.digest)}
	err := x.do(claims, func(v *store.View, b *batch) (err error) {
		if t, err = a.trail(v, appeal.Decision); err != nil {
			return err
		}
		if known = t.Ruling != nil && t.Ruling.Asked == s.digest; known {
			return nil
		}
		signers, err := s.admit(x, v, b.At)
		if err != nil {
			return err
		}
		predicate, err := a.admitRuling(v, s, t, b.At)
		if err != nil {
			return err
		}
		if t.Waits, err = s.agree(x, v, b, signers); err != nil || t.Waits != nil {
			return err
		}
		predicate.Decided = b.Recorded.UTC().Truncate(time.Second)
		if t.Ruling, err = a.rule(b, predicate, s, t.Appeal); err != nil {
			return err
		}
		t.Appeal.Ruling = t.Ruling.Digest
		b.Add(t.Appeal, t.Ruling)
		if err := a.tellOverruled(v, b, predicate, t.Ruling); err != nil {
			return err
		}
		return a.tellAppeal(b, t.Appeal, predicate.Outcome, s.by.Organization)
	})
	if err != nil {
		return nil, false, err
	}
	return t, known, nil
}

// admitRuling checks a request for a ruling against the appeal, and returns what
// is to be signed.
func (a *Oversight) admitRuling(v *store.View, s *rulingRequest, t *Trail, now time.Time) (*label.Ruling, error) {
	if s.subject != t.Decision.Device {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "ruling.subject", "is not the device that the appeal is about")
	}
	if t.Ruling != nil {
		return nil, label.Errorf(label.Exists, label.ReasonExists, "ruling.appeal", "was decided on %s, which is final; \"labelctl appeal show %s\" says how", t.Ruling.Decided.Format(time.DateOnly), t.Appeal.Digest)
	}
	p, err := t.Decision.Predicate()
	if err != nil {
		return nil, err
	}
	if err := p.CheckOpen("ruling.accepted", s.predicate.Accepted); err != nil {
		return nil, err
	}
	by, err := requestRef(v, s.by, s.digest)
	if err != nil {
		return nil, err
	}
	r := &label.Ruling{
		Decision: t.Decision.Digest, Appeal: t.Appeal.Digest, Scheme: p.Scheme,
		Outcome: s.predicate.Outcome, Text: s.predicate.Text, Language: s.predicate.Language, Accepted: s.predicate.Accepted, Decided: now.UTC().Truncate(time.Second),
		Requests: []label.RequestRef{by},
	}
	return r, a.checkAdmitted(v, r, t.Decision.Device, now)
}

// checkAdmitted refuses a ruling that would have no effect, because the manufacturer
// itself claims in the declaration in force that what it accepts fails.
func (a *Oversight) checkAdmitted(v *store.View, r *label.Ruling, device label.Digest, now time.Time) error {
	s := a.programme.Scheme(r.Scheme.ID, r.Scheme.Version)
	if s == nil || len(r.Accepted) == 0 {
		return nil
	}
	d, err := v.Device(device)
	if err != nil {
		return err
	}
	desc := new(label.Device)
	if err := label.Decode(d.Descriptor, desc); err != nil {
		return err
	}
	items, _, err := a.distrust.Load().evidence(v, d, desc.Category, s.Lifecycle.Propagation)
	if err != nil {
		return err
	}
	judged, err := s.Evaluate(desc, device, append(items, scheme.RulingItem(label.Digest{}, r)), now)
	if err != nil {
		return err
	}
	for _, u := range judged.Unused {
		if u.Code == scheme.Admitted {
			return label.Errorf(label.Precondition, label.ReasonMissing, "ruling.accepted",
				"would have no effect: it %s. Uphold the decision or send it back, or have the manufacturer declare again first", u.Text)
		}
	}
	return nil
}

// overruled returns which reports of laboratories found wrong what a ruling accepts,
// and of each the criteria. They are found by judging once more what the decision was
// made on; where its version of the scheme is no longer served, all count as such that
// the decision names for these criteria.
func (a *Issuing) overruled(v *store.View, r *label.Ruling, device label.Digest) (map[label.Digest][]string, error) {
	list := map[label.Digest][]string{}
	if len(r.Accepted) == 0 {
		return list, nil
	}
	rec, err := v.Decision(r.Decision)
	if err != nil {
		return nil, err
	}
	p, err := rec.Predicate()
	if err != nil {
		return nil, err
	}
	s := a.programme.Scheme(r.Scheme.ID, r.Scheme.Version)
	if s == nil {
		for _, c := range p.Criteria {
			for _, id := range c.Evidence {
				if slices.Contains(r.Accepted, c.ID) {
					list[id] = append(list[id], c.ID)
				}
			}
		}
		return list, nil
	}
	d, desc, err := ownDevice(v, Caller{Org: rec.Org}, device)
	if err != nil {
		return nil, err
	}
	devices, err := product(v, d, desc)
	if err != nil {
		return nil, err
	}
	known := a.distrust.Load()
	own, _, err := known.evidence(v, d, desc.Category, s.Lifecycle.Propagation)
	if err != nil {
		return nil, err
	}
	others, _, err := known.ofSiblings(v, devices[1:], desc.Category, s.Lifecycle.Propagation)
	if err != nil {
		return nil, err
	}
	items := slices.DeleteFunc(slices.Concat(own, others), func(it *scheme.Item) bool {
		return !slices.ContainsFunc(p.Evidence, func(e label.LabelEvidence) bool { return e.SHA256 == it.ID })
	})
	judged, err := s.EvaluateLevel(desc, device, items, p.Decided, p.Level.Number)
	if err != nil {
		return nil, err
	}
	for _, f := range judged.Levels[p.Level.Number-1].Findings {
		for _, it := range f.Against() {
			if slices.Contains(r.Accepted, f.Criterion.ID) {
				list[it.ID] = append(list[it.ID], f.Criterion.ID)
			}
		}
	}
	return list, nil
}

// rule has a ruling signed and makes its record.
func (a *Oversight) rule(b *batch, predicate *label.Ruling, s *rulingRequest, appeal *store.Appeal) (*store.Ruling, error) {
	signed, _, err := b.sign(a.issuer.Ruling(predicate, appeal.Device))
	if err != nil {
		return nil, err
	}
	packed, err := store.PackEnvelope(signed.Envelope)
	if err != nil {
		return nil, err
	}
	return &store.Ruling{
		Digest: label.DigestOf(signed.Envelope.Payload), Device: appeal.Device, Appeal: appeal.Digest, Decided: predicate.Decided,
		Asked: s.digest, Request: s.by, Signed: packed,
	}, nil
}

// disclosed returns the rulings that a label rests on and that are private so
// far, with the log entries they become.
func disclosed(v *store.View, l *label.Label, device label.Digest) (rulings []store.Ruling, entries []*store.Entry, err error) {
	for _, e := range l.Evidence {
		if e.Type != label.TypeRuling {
			continue
		}
		r, err := v.Ruling(device, e.SHA256)
		if err != nil {
			return nil, nil, err
		}
		if r.Index != 0 {
			continue
		}
		env, err := r.Signed.Envelope()
		if err != nil {
			return nil, nil, err
		}
		leaf, err := env.Encode()
		if err != nil {
			return nil, nil, err
		}
		entry, err := store.NewEntry(env, leaf)
		if err != nil {
			return nil, nil, err
		}
		rulings, entries = append(rulings, *r), append(entries, entry)
	}
	return rulings, entries, nil
}
