package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/advisory"
	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// Advise publishes an advisory: a signed event, and the document that it is
// about. A manufacturer's advisories are about its own labels, an operator's
// about all. What the document says of each label is then added to the histories
// beside other work, and to that of a label that is issued later with the label. The same
// document of the same publisher again is answered with how far that has come.
//
// What a document says of a label is what it says of its device at the firmware
// version that the label names, which is the one that was tested.
func (a *Events) Advise(ctx context.Context, c Caller, raw, document []byte) (*store.Advisory, *store.Event, error) {
	var rec *store.Advisory
	var e *store.Event
	err := signedAct(a.core, ctx, c, raw, eventForm, func(x *act, r *eventRequest) error {
		doc, err := a.readAdvisory(r, document)
		if err == nil {
			err = a.intake(c, len(raw)+len(document))
		}
		if err == nil {
			rec, e, err = a.advise(x, r, doc, document)
		}
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return rec, e, nil
}

func (a *Events) advise(x *act, r *eventRequest, doc *advisory.Advisory, document []byte) (*store.Advisory, *store.Event, error) {
	e := &store.Event{Digest: r.digest, Event: *r.predicate, Signature: r.by}
	rec := publication(e, doc)
	rec.Document, rec.Packed = document, store.Pack(document)
	var dropped *DroppedNews
	if err := a.store.View(func(v *store.View) (err error) {
		if err = a.vet(v, e, rec, a.clock()); err == nil {
			dropped, err = a.dropped(v, doc, rec) // outside of the writer, which has no time for it
		}
		return err
	}); err != nil {
		return nil, nil, err
	}
	defer a.writer.begin()()
	known := false
	claims := []string{claimf("event/%s", e.Digest), claimf("advisory/%s/%s", rec.Org, rec.ID)}
	err := x.do(claims, func(v *store.View, b *batch) error {
		old, err := v.Advisory(rec.Digest, rec.Org)
		if err == nil {
			rec, known = old, true
			e, err = v.Event(old.Event)
			return err
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		signers, err := r.admit(x, v, b.At)
		if err != nil {
			return err
		}
		if err := a.admitAdvisory(v, e, rec, b.At); err != nil {
			return err
		}
		if agreed, err := a.gatherEvent(x, v, b, r, e, signers); err != nil || !agreed {
			return err
		}
		rec.Received, e.Received = b.At.UTC(), b.At.UTC()
		b.Add(e, rec)
		if dropped != nil {
			if err := a.tellOperators(b, notice.AdvisoryDropped, "dropped-"+rec.Digest.String()+"-"+rec.Org, "", dropped); err != nil {
				return err
			}
		}
		if _, any := v.Advised(); !any {
			b.Add(&store.AdviceProgress{Size: b.From.N}) // the event goes through the labels there are
		}
		return a.tellEvent(b, e)
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
// would say of each that it has not said. Nothing is recorded.
func (a *Events) PreviewAdvisory(c Caller, raw, document []byte) (list []Consequence, err error) {
	x, r, err := a.openEvent(c, raw)
	if err != nil {
		return nil, err
	}
	doc, err := a.readAdvisory(r, document)
	if err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		now := a.clock()
		if _, err := r.admit(x, v, now); err != nil {
			return err
		}
		e := &store.Event{Digest: r.digest, Event: *r.predicate, Signature: r.by}
		if err := a.vet(v, e, publication(e, doc), now); err != nil {
			return err
		}
		list, err = a.preview(v, e, now)
		return err
	})
	return list, err
}

// publication returns the record of a document that an event publishes.
func publication(e *store.Event, doc *advisory.Advisory) *store.Advisory {
	return &store.Advisory{
		Digest: doc.SHA256, Org: e.Signature.Organization, Format: string(doc.Format), ID: doc.ID, Version: doc.Version,
		Title: doc.Title, Updated: doc.Updated.UTC(), Event: e.Digest,
	}
}

// readAdvisory reads the document that an event is about.
func (a *Events) readAdvisory(r *eventRequest, document []byte) (*advisory.Advisory, error) {
	if r.predicate.Kind != label.AdvisoryEvent {
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "event.kind", "is %q, must be %q", r.predicate.Kind, label.AdvisoryEvent)
	}
	if err := checkSubject(r); err != nil {
		return nil, err
	}
	doc, err := advisory.Parse(document, a.clock())
	if err != nil {
		return nil, label.Within("document", err)
	}
	if doc.SHA256 != r.predicate.Advisory {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "event.advisory", "is the SHA-256 of another document than the one that was sent")
	}
	if err := checkSayable(doc); err != nil {
		return nil, err
	}
	a.issuing.advisories.Add(doc.SHA256, doc)
	return doc, nil
}

// vet checks an advisory that is not published yet before it comes to the
// writer, who must not wait for a walk through labels: a manufacturer publishes
// what is about a label of its own, and nothing else.
func (a *Events) vet(v *store.View, e *store.Event, rec *store.Advisory, now time.Time) error {
	if _, err := v.Advisory(rec.Digest, rec.Org); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := a.admitAdvisory(v, e, rec, now); err != nil {
		return err
	}
	org, err := v.Org(rec.Org)
	if err != nil || org.Has(label.RoleOperator) {
		return err
	}
	if _, err := v.LatestAdvisory(rec.Org, rec.ID); !errors.Is(err, store.ErrNotFound) {
		return err // a later release may say less than an earlier one did
	}
	touches, probe := false, *e
	for done := false; !done && !touches && err == nil; {
		probe.Cursor, done, err = a.affected(v, &probe, now, func(t Consequence) bool {
			touches = touches || t.Err == nil
			return !touches
		})
	}
	if err == nil && !touches {
		err = label.Errorf(label.Precondition, label.ReasonUnknownSubject, "document",
			"says nothing of a label of %s; a manufacturer publishes advisories about its own labelled products, once they have a label. A product is named by its GTIN (https://id.gs1.org/01/GTIN, or pkg:gtin/GTIN) or by maker and model number (pkg:generic/%s/MODEL, a CPE, or CSAF's vendor and model_numbers)", rec.Org, rec.Org)
	}
	return err
}

// admitAdvisory checks an advisory against the registry: who signed it, and that
// it is no older than what was published under its number.
func (a *Events) admitAdvisory(v *store.View, e *store.Event, rec *store.Advisory, now time.Time) error {
	if err := a.admitEvent(v, &e.Event, e.Signature.Organization, now); err != nil {
		return err
	}
	if other, err := v.Event(e.Digest); err == nil {
		return label.Errorf(label.Precondition, label.ReasonExists, "event", "the very same statement was signed by %s; sign a new one, with the time at which you do", other.Signature.Organization)
	} else if !errors.Is(err, store.ErrNotFound) {
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
func (a *Issuing) advisory(v *store.View, id label.Digest) (*advisory.Advisory, error) {
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

// adviceChunk bounds the labels that are held against an advisory in one view
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
		w.advise(doc, publisher, rec)
		if n++; n == adviceChunk {
			w.more = false
		}
		return w.more
	}
	if org.Has(label.RoleOperator) {
		return w.v.LabelsAfter(label.ID(w.cursor), func(rec *store.Label) bool { return visit(rec, []byte(rec.ID)) })
	}
	return w.v.OrgLabels(publisher, w.cursor, visit)
}

// advise visits a label if the advisory is about it.
func (w *walk) advise(doc *advisory.Advisory, publisher string, rec *store.Label) {
	h, err := w.a.history(w.v, rec)
	if err != nil {
		w.fail(rec.ID, err)
		return
	}
	if h.StandingAt(w.now).State == label.Superseded {
		return // its successor has its own
	}
	l, err := signedLabel(w.v, rec)
	if err != nil {
		w.fail(rec.ID, err)
		return
	}
	s, err := w.a.advisee(w.v, l, h)
	if err != nil {
		w.fail(rec.ID, err)
		return
	}
	ref, err := w.a.concern(w.v, doc, publisher, s)
	if err != nil {
		w.fail(rec.ID, err)
		return
	}
	if ref != nil {
		w.more = w.f(Consequence{Label: rec, Action: label.Advise, Advisory: ref}) && w.more
	}
}

// lastAdvice returns the latest word in a history under a publisher's number of
// an advisory, or nil.
func lastAdvice(h *label.History, publisher, id string) *label.Status {
	for _, st := range slices.Backward(h.Statuses) {
		if st.Action == label.Advise && st.Advisory.ID == id && st.Author() == publisher {
			return st
		}
	}
	return nil
}

// staleAdvice reports whether an advise must not be added to a history: a later
// release is published, or it is there.
func (a *Events) staleAdvice(v *store.View, e *store.Event, h *label.History, ref *label.AdvisoryRef) (bool, error) {
	publisher := e.Signature.Organization
	last, err := v.LatestAdvisory(publisher, ref.ID)
	if err != nil {
		return false, err
	}
	there := lastAdvice(h, publisher, ref.ID)
	return last.Digest != e.Event.Advisory || there != nil && there.Advisory.SHA256 == ref.SHA256, nil
}

// fullForAdvice reports whether there is no room for an advise in a history.
// Those who can do something about it are told.
func (a *Events) fullForAdvice(v *store.View, b *batch, rec *store.Label, h *label.History, st *label.Status) (bool, error) {
	publisher, err := v.Org(st.Author())
	if err != nil {
		return false, err
	}
	ok, err := fits(h, st, !publisher.Has(label.RoleOperator))
	if ok || err != nil {
		return false, err
	}
	a.log.Warn("a label's history has no room for an advisory; publisher and operators are told", "label", rec.ID, "advisory", st.Advisory.ID)
	return true, a.issuing.tellFull(b, rec, st)
}

const (
	// adviseEvery is how often labels that were issued meanwhile are held against
	// the advisories on record, whatever happens.
	adviseEvery = time.Minute

	// adviseRest is how long is waited after a label was issued, for others that
	// come with it.
	adviseRest = time.Second
)

// A Publication is an advisory, and the event that published it: how far that
// has come.
type Publication struct {
	*store.Advisory
	By *store.Event
}

// Advisory returns an advisory and its document. Where no publisher is named,
// it is one of those who published the document. It is public.
func (a *Events) Advisory(id label.Digest, publisher string) (p *Publication, err error) {
	err = a.store.View(func(v *store.View) error {
		list, err := v.Publications(id)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(rec *store.Advisory) bool { return publisher == "" || rec.Org == publisher })
		if i < 0 {
			return label.Errorf(label.NotFound, label.ReasonUnknownAdvisory, "id", "no advisory with the SHA-256 %s was published here%s", id, by(publisher))
		}
		if p, err = published(v, list[i]); err != nil {
			return err
		}
		p.Document, err = v.Document(id)
		return err
	})
	return p, err
}

// by names a publisher that was asked for.
func by(publisher string) string {
	if publisher == "" {
		return ""
	}
	return " by " + publisher
}

func published(v *store.View, rec *store.Advisory) (*Publication, error) {
	e, err := v.Event(rec.Event)
	return &Publication{rec, e}, err
}

// Advisories lists the advisories that an organization published, newest first,
// without their documents. It is public.
func (a *Events) Advisories(publisher string, p Page) ([]*Publication, string, error) {
	page, err := collect[*Publication](p, "advisories", publisher)
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if _, err := v.Org(publisher); err != nil {
			return unknownOrg(err, "publisher", publisher)
		}
		return v.OrgAdvisories(publisher, page.after.at, func(rec *store.Advisory, next []byte) bool {
			one, err := published(v, rec)
			if err != nil { // what is known of it all the same
				a.alarm("listing advisories", rec.Digest.String(), err)
				one = &Publication{rec, &store.Event{Digest: rec.Event}}
			}
			return page.add(one, next)
		})
	})
	return page.items, page.next, err
}
