package authority

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"labeld/internal/advisory"
	"labeld/internal/label"
	"labeld/internal/store"
)

// advisories holds the record of each advisory to its document, and to the event
// that published it. The signature under that is verified with all events.
func (c *check) advisories() error {
	return c.v.Advisories(func(rec *store.Advisory) bool {
		if err := c.advisory(rec); err != nil {
			c.badf("advisory %s of %s: %v", rec.Digest, rec.Org, err)
		}
		return true
	})
}

func (c *check) advisory(rec *store.Advisory) error {
	document, err := c.v.Document(rec.Digest)
	if err != nil {
		return err
	}
	doc, err := advisory.Parse(document, rec.Received)
	if err != nil {
		return err
	}
	e, err := c.v.Event(rec.Event)
	if err != nil {
		return fmt.Errorf("the event %s: %w", rec.Event, err)
	}
	if e.Event.Kind != label.AdvisoryEvent || e.Event.Advisory != rec.Digest {
		return fmt.Errorf("the event %s is about %s", e.Digest, e.Event.Name())
	}
	want := publication(e, doc)
	want.Received = e.Received
	if !reflect.DeepEqual(rec, want) {
		return fmt.Errorf("the record says %+v, its document and event %+v", *rec, *want)
	}
	return nil
}

// cause checks that the advisory is on record that a status is about, or that
// was not followed up, and that its publisher had the right to speak of the
// label. What it says is not drawn again: it was drawn by the rules of its day.
func (c *check) cause(rec *store.Label, h *label.History, st *label.Status) error {
	switch st.Cause.Kind {
	case label.CauseAdvisory:
		return unfollowed(h, st.Cause.SHA256)
	case label.CausePredecessor:
		if !c.fromPredecessor(st) {
			return fmt.Errorf("status %d of label %s, which it was carried over from, does not say it", st.Cause.Number, st.Cause.Label)
		}
	}
	if st.Action != label.Advise {
		return nil
	}
	publisher := st.Author()
	adv, err := c.v.Advisory(st.Advisory.SHA256, publisher)
	if err != nil {
		return fmt.Errorf("the advisory %s of %s: %w", st.Advisory.SHA256, publisher, err)
	}
	if label.EventCause(adv.Event) != st.Cause || adv.ID != st.Advisory.ID || adv.Version != st.Advisory.Version {
		return fmt.Errorf("the advisory %s is version %s of %s, published by the event %s", adv.Digest, adv.Version, adv.ID, adv.Event)
	}
	org, err := c.v.Org(publisher)
	if err == nil && publisher != rec.Org && !org.Has(label.RoleOperator) {
		err = errors.New(publisher + " published it, and the label is another's")
	}
	return err
}

// unfollowed checks that a label was advised of what was not followed up.
func unfollowed(h *label.History, digest label.Digest) error {
	if !slices.ContainsFunc(h.Statuses, func(s *label.Status) bool {
		return s.Action == label.Advise && s.Advisory.SHA256 == digest && s.Advisory.Open()
	}) {
		return fmt.Errorf("nothing in the history leaves owners waiting for news of the advisory %s", digest)
	}
	return nil
}
