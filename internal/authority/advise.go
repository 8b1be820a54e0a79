package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/advisory"
	"labeld/internal/label"
	"labeld/internal/store"
)

// Advise publishes an advisory: a signed event, and the document that it is
// about. A manufacturer's advisories are about its own labels, an operator's
// about all. What the document says of each label is then added to the histories
// beside other work, and to those of labels that are issued later. The same
// document again is answered with how far that has come.
func (a *Authority) Advise(ctx context.Context, c Caller, raw, document []byte) (*store.Advisory, *store.Event, error) {
	e, doc, err := a.openAdvisory(c, raw, document)
	if err != nil {
		return nil, nil, err
	}
	defer a.writer.begin()()
	rec := &store.Advisory{
		Digest: doc.SHA256, Org: e.Signature.Organization, Format: string(doc.Format), ID: doc.ID, Version: doc.Version,
		Title: doc.Title, Updated: doc.Updated.UTC(), Event: e.Digest, Document: document,
	}
	known := false
	claims := []string{claimf("event/%s", e.Digest), claimf("advisory/%s/%s", rec.Org, rec.ID), claimf("advisory/%s", rec.Digest)}
	err = a.writer.do(ctx, claims, func(v *store.View, b *store.Batch) error {
		old, err := v.Advisory(rec.Digest)
		if err == nil {
			rec, known = old, true
			e, err = v.Event(old.Event)
			return err
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := a.admitAdvisory(v, e, rec, b.At); err != nil {
			return err
		}
		rec.Received, e.Received = b.At.UTC(), b.At.UTC()
		b.Events = append(b.Events, *e)
		b.Advisories = append(b.Advisories, *rec)
		if _, any := v.Advised(); !any {
			b.Advised = b.From.N // the event goes through the labels there are
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if !known {
		a.work.wake()
	}
	return rec, e, nil
}

// PreviewAdvisory returns the labels that an advisory would touch, and what it
// would say of each. Nothing is recorded.
func (a *Authority) PreviewAdvisory(c Caller, raw, document []byte) (list []Affected, err error) {
	e, doc, err := a.openAdvisory(c, raw, document)
	if err != nil {
		return nil, err
	}
	rec := &store.Advisory{Digest: doc.SHA256, Org: e.Signature.Organization, ID: doc.ID, Updated: doc.Updated}
	err = a.store.View(func(v *store.View) error {
		now := a.clock()
		if err := a.admitAdvisory(v, e, rec, now); err != nil {
			return err
		}
		list, err = a.preview(v, e, now)
		return err
	})
	return list, err
}

// openAdvisory verifies a signed event and reads the document that it is about.
func (a *Authority) openAdvisory(c Caller, raw, document []byte) (*store.Event, *advisory.Advisory, error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return nil, nil, err
	}
	e, err := a.openEvent(raw)
	if err != nil {
		return nil, nil, err
	}
	if e.Event.Kind != label.AdvisoryEvent {
		return nil, nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "event.kind", "is %q, must be %q", e.Event.Kind, label.AdvisoryEvent)
	}
	doc, err := advisory.Parse(document, a.clock())
	if err != nil {
		return nil, nil, label.Within("document", err)
	}
	if doc.SHA256 != e.Event.Advisory {
		return nil, nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "event.advisory", "is the SHA-256 of another document than the one that was sent")
	}
	a.advisories.Add(doc.SHA256, doc)
	return e, doc, nil
}

// admitAdvisory checks an advisory against the registry: who signed it, and that
// it is no older than what was published under its number.
func (a *Authority) admitAdvisory(v *store.View, e *store.Event, rec *store.Advisory, now time.Time) error {
	if err := a.admitEvent(v, &e.Event, e.Signature, now); err != nil {
		return err
	}
	if err := a.programme.CheckReason(e.Event.Reason, label.Advise); err != nil {
		return label.Within("event", err)
	}
	last, err := v.LatestAdvisory(rec.Org, rec.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err == nil && !rec.Updated.After(last.Updated) {
		err = label.Errorf(label.Precondition, label.ReasonTooOld, "document", "is a release of %s from %s; version %s of %s is published already, and only a later release replaces it",
			rec.ID, rec.Updated.UTC().Format(time.RFC3339), last.Version, last.Updated.Format(time.RFC3339))
	}
	return err
}

// advisory returns an advisory on record, read.
func (a *Authority) advisory(v *store.View, id label.Digest) (*advisory.Advisory, error) {
	if doc, ok := a.advisories.Get(id); ok {
		return doc, nil
	}
	raw, err := v.Document(id)
	if err != nil {
		return nil, err
	}
	doc, err := advisory.Parse(raw, a.clock())
	if err != nil {
		return nil, fmt.Errorf("the advisory %s on record: %w", id, err)
	}
	a.advisories.Add(id, doc)
	return doc, nil
}

// adviceChunk bounds the labels that are held against an advisory in one picture
// of the store.
const adviceChunk = 2048

// advised goes through the labels that an advisory may be about: those of the
// manufacturer who published it, or all, where that was an operator.
func (w *walk) advised(publisher string) error {
	doc, err := w.a.advisory(w.v, w.e.Advisory)
	if err != nil {
		return err
	}
	org, err := w.v.Org(publisher)
	if err != nil {
		return err
	}
	n := 0
	visit := func(rec *store.Label, next []byte) bool {
		w.cursor = next
		w.advise(doc, rec)
		if n++; n == adviceChunk {
			w.more = false
		}
		return w.more && w.err == nil
	}
	if org.Has(label.RoleOperator) {
		return w.v.LabelsAfter(label.ID(w.cursor), func(rec *store.Label) bool { return visit(rec, []byte(rec.ID)) })
	}
	return w.v.OrgLabels(publisher, w.cursor, visit)
}

// advise visits a label if the advisory is about it.
func (w *walk) advise(doc *advisory.Advisory, rec *store.Label) {
	h, err := w.a.history(w.v, rec)
	if err != nil {
		w.err = err
		return
	}
	if s := h.StandingAt(w.now); s.State == label.Superseded {
		return // its successor has its own
	}
	l, err := said(w.v, rec)
	if err != nil {
		w.err = err
		return
	}
	if ref := concern(doc, l, h); ref != nil {
		w.more = w.f(Affected{Label: rec, Action: label.Advise, Advisory: ref}) && w.more
	}
}

// concern returns what an advisory says of a label's device at the version that
// was tested, or nil. A release that no longer names a device that earlier ones
// did takes back what they said.
func concern(doc *advisory.Advisory, l *label.Label, h *label.History) *label.AdvisoryRef {
	ref := &label.AdvisoryRef{ID: doc.ID, Version: doc.Version, Title: doc.Title, URL: doc.URL, SHA256: doc.SHA256}
	if ref.Title == "" {
		ref.Title = "Security notice " + doc.ID
	}
	firmware := ""
	if l.Firmware != nil {
		firmware = l.Firmware.Version
	}
	last := lastAdvice(h, doc.ID)
	effect, ok := doc.For(&l.Device, firmware)
	switch {
	case last != nil && last.Advisory.SHA256 == doc.SHA256:
		return nil
	case ok:
		ref.Issues, ref.Severity, ref.State = effect.Issues, string(effect.Severity), string(effect.Status)
		ref.FixedIn, ref.Action = effect.FixedIn, effect.Action
		if effect.URL != "" {
			ref.URL = effect.URL
		}
		return ref
	case last != nil && last.Advisory.State != string(advisory.NotAffected):
		ref.Issues, ref.State = last.Advisory.Issues, string(advisory.NotAffected)
		ref.Action = "No action is needed: the notice is no longer about this product."
		return ref
	}
	return nil
}

// lastAdvice returns the latest word in a history under an advisory's number, or
// nil.
func lastAdvice(h *label.History, id string) *label.Status {
	for _, st := range slices.Backward(h.Statuses) {
		if st.Action == label.Advise && st.Advisory.ID == id {
			return st
		}
	}
	return nil
}

// staleAdvice reports whether an advice must not be added to a history: a later
// release is published, it is there, or the history is as long as advisories may
// make it.
func (a *Authority) staleAdvice(v *store.View, e *store.Event, h *label.History, ref *label.AdvisoryRef) (bool, error) {
	last, err := v.LatestAdvisory(e.Signature.Organization, ref.ID)
	if err != nil {
		return false, err
	}
	if len(h.Statuses) >= label.MaxAdvised {
		a.log.Warn("a label's history is full of advisories; nothing is added", "label", h.Label.ID, "advisory", ref.ID)
		return true, nil
	}
	there := lastAdvice(h, ref.ID)
	return last.Digest != e.Event.Advisory || there != nil && there.Advisory.SHA256 == ref.SHA256, nil
}

// adviseEvery is how often labels that were issued meanwhile are held against
// the advisories on record.
const adviseEvery = time.Minute

// adviseEntries is how many log entries are looked at in one picture.
const adviseEntries = 1024

// AdviseNew holds labels that were issued since it looked last against the
// advisories of their manufacturers and of the operators.
func (a *Authority) AdviseNew(ctx context.Context) error {
	for {
		var from, to int64
		var list []*store.Label
		err := a.store.View(func(v *store.View) error {
			var any bool
			if from, any = v.Advised(); !any {
				return nil
			}
			head, err := v.Head()
			if err != nil {
				return err
			}
			to = min(from+adviseEntries, head.Tree.N)
			list, err = labelsIn(v, from, to)
			return err
		})
		if err != nil || from >= to {
			return errors.Join(err, context.Cause(ctx))
		}
		for _, rec := range list {
			if err := a.adviseLabel(ctx, rec); err != nil {
				return err
			}
		}
		if err := a.writer.do(ctx, []string{"advised"}, func(_ *store.View, b *store.Batch) error {
			b.Advised = to
			return nil
		}); err != nil {
			return err
		}
	}
}

// labelsIn returns the labels among log entries.
func labelsIn(v *store.View, from, to int64) (list []*store.Label, err error) {
	for i := from; i < to; i++ {
		env, err := v.Entry(i)
		if err != nil {
			return nil, err
		}
		var st label.Statement
		if err := label.DecodeLoose(env.Payload, &st); err != nil {
			return nil, fmt.Errorf("log entry %d: %w", i, err)
		}
		if st.PredicateType != label.TypeLabel {
			continue
		}
		var l struct {
			ID label.ID `json:"id"`
		}
		if err := label.DecodeLoose(st.Predicate, &l); err != nil {
			return nil, fmt.Errorf("log entry %d: %w", i, err)
		}
		rec, err := v.Label(l.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, rec)
	}
	return list, nil
}

// adviseLabel holds a label against all advisories that may be about it.
func (a *Authority) adviseLabel(ctx context.Context, rec *store.Label) error {
	var news []newAdvice
	err := a.store.View(func(v *store.View) (err error) { news, err = a.newAdvice(v, rec); return err })
	for _, n := range news {
		if err != nil {
			return err
		}
		claims := []string{claimf("label/%s", rec.ID), claimf("device/%s", rec.Device), claimf("event/%s", n.event)}
		err = a.writer.do(ctx, claims, func(v *store.View, b *store.Batch) error {
			e, err := v.Event(n.event)
			if err != nil {
				return err
			}
			changed, err := a.consequence(v, b, e, Affected{Label: rec, Action: label.Advise, Advisory: n.ref})
			if changed {
				e.Changed++
				b.Events = append(b.Events, *e)
			}
			return err
		})
	}
	return err
}

// newAdvice is what an advisory has to say of a label and has not yet said.
type newAdvice struct {
	event label.Digest
	ref   *label.AdvisoryRef
}

func (a *Authority) newAdvice(v *store.View, rec *store.Label) (news []newAdvice, err error) {
	l, err := said(v, rec)
	if err != nil {
		return nil, err
	}
	h, err := a.history(v, rec)
	if err != nil {
		return nil, err
	}
	for _, org := range []string{rec.Org, a.issuer.Authority().ID} {
		list, err := v.LatestAdvisories(org)
		if err != nil {
			return nil, err
		}
		for _, adv := range list {
			doc, err := a.advisory(v, adv.Digest)
			if err != nil {
				return nil, err
			}
			if ref := concern(doc, l, h); ref != nil {
				news = append(news, newAdvice{adv.Event, ref})
			}
		}
	}
	return news, nil
}

// overdue begins the cause of a review that nobody asked for.
const overdue = "overdue:"

// overdueCause is the cause of a review that follows from an advice which nobody
// followed up in time.
func overdueCause(st *label.Status) string { return overdue + st.Advisory.SHA256.String() }

// Remind opens a review of each label whose manufacturer declared in how many
// days it gives news of a weakness, and has let that time pass after the last
// word of an advisory that leaves owners waiting for a remedy.
func (a *Authority) Remind(ctx context.Context) error {
	now := a.clock()
	var late []*store.Label
	err := a.store.View(func(v *store.View) error {
		var inner error
		err := v.Histories(func(rec *store.Label, list []*store.Status) bool {
			var st *label.Status
			if st, _, inner = a.unanswered(v, rec, list, now); st != nil {
				late = append(late, rec)
			}
			return inner == nil
		})
		return errors.Join(err, inner)
	})
	if err != nil {
		return err
	}
	for _, rec := range late {
		if err := a.remind(ctx, rec); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// unanswered returns the advice of a label that should have been followed up by
// now, and in how many days, or nil.
func (a *Authority) unanswered(v *store.View, rec *store.Label, list []*store.Status, now time.Time) (*label.Status, int, error) {
	h := &label.History{Label: &label.Label{ID: rec.ID, Issued: rec.Issued, Expires: rec.Expires}}
	for _, s := range list {
		h.Statuses = append(h.Statuses, &s.Status)
	}
	s := h.StandingAt(now)
	if !s.State.Live() || s.Review != nil || len(h.Statuses) >= label.MaxAdvised {
		return nil, 0, nil
	}
	for _, st := range s.Advisories {
		if !st.Advisory.Open() || label.Find(h.Statuses, overdueCause(st), label.Review) != nil {
			continue
		}
		l, err := said(v, rec)
		if err != nil {
			return nil, 0, err
		}
		days := l.Product.Vulnerabilities.StatusDays
		if days > 0 && !now.Before(label.DateOf(st.Recorded).AddDays(days).End()) {
			return st, days, nil
		}
	}
	return nil, 0, nil
}

func (a *Authority) remind(ctx context.Context, rec *store.Label) error {
	return a.writer.do(ctx, []string{claimf("label/%s", rec.ID), claimf("device/%s", rec.Device)}, func(v *store.View, b *store.Batch) error {
		list, err := v.History(rec.ID)
		if err != nil {
			return err
		}
		st, days, err := a.unanswered(v, rec, list, b.At)
		if st == nil || err != nil {
			return err
		}
		h, err := a.history(v, rec)
		if err != nil {
			return err
		}
		_, err = a.append(b, rec, h, label.Status{
			Label: rec.ID, Action: label.Review, Reason: "response-time-missed", Cause: overdueCause(st),
			Text: fmt.Sprintf("The manufacturer declared that it gives news at least every %d days. Its last about %s is of %s.", days, st.Advisory.ID, st.Recorded.Format(time.DateOnly)),
		})
		return err
	})
}

// Advisory returns an advisory and its document. It is public.
func (a *Authority) Advisory(id label.Digest) (rec *store.Advisory, e *store.Event, err error) {
	err = a.store.View(func(v *store.View) error {
		if rec, err = v.Advisory(id); err != nil {
			return found(err, label.ReasonUnknownAdvisory, "id", "no advisory with the SHA-256 %s was published here", id)
		}
		if e, err = v.Event(rec.Event); err != nil {
			return err
		}
		rec.Document, err = v.Document(id)
		return err
	})
	return rec, e, err
}

// Advisories lists the advisories that an organization published, newest first.
// It is public.
func (a *Authority) Advisories(publisher string, p Page) ([]*store.Advisory, string, error) {
	size, cursor, err := p.limits()
	if err != nil {
		return nil, "", err
	}
	page := collector[*store.Advisory]{size: size}
	err = a.store.View(func(v *store.View) error {
		if _, err := v.Org(publisher); err != nil {
			return unknownOrg(err, "publisher", publisher)
		}
		return v.OrgAdvisories(publisher, cursor, page.add)
	})
	return page.items, page.next, err
}
