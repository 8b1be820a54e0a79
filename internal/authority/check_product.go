package authority

import (
	"fmt"
	"slices"

	"labeld/internal/label"
	"labeld/internal/store"
)

// products holds what operators decided about products and statements to the
// events by which they did: the holds that are open, the statements that are
// struck, whose a trade item number is, and who is related to whom.
func (c *check) products() error {
	var list []*store.Event
	if err := c.v.Events(func(e *store.Event) bool { list = append(list, e); return true }); err != nil {
		return err
	}
	slices.SortFunc(list, func(x, y *store.Event) int { return x.Received.Compare(y.Received) })
	held, struck := map[string]*store.Event{}, map[label.Digest]label.Digest{}
	for _, e := range list {
		switch e.Event.Kind {
		case label.HoldEvent:
			held[e.Event.Name()] = e
		case label.ReleaseEvent:
			delete(held, e.Event.Name())
		case label.StatementEvent, label.WithdrawalEvent:
			struck[e.Event.Statement] = e.Digest
		case label.AffiliationEvent:
			lab, err := c.v.Org(e.Event.Lab)
			if err != nil || !slices.Contains(lab.Affiliates, e.Event.Manufacturer) && !slices.ContainsFunc(lab.Formerly, func(f label.Former) bool { return f.ID == e.Event.Manufacturer }) {
				c.badf("event %s: %s is not on record as an affiliate of %s", e.Digest, e.Event.Manufacturer, e.Event.Lab)
			}
		}
	}
	for name, e := range held {
		if h, err := c.v.HoldOn(e.Event.Device, e.Event.Manufacturer); err != nil || h.Event != e.Digest || h.Reason != e.Event.Reason || h.Text != e.Event.Text {
			c.badf("hold on %s: the record is not what event %s says", name, e.Digest)
		}
	}
	if n := c.v.HoldCount(); n != len(held) {
		c.badf("%d holds are on record, the events give %d", n, len(held))
	}
	for id, event := range struck {
		if got, ok := c.v.Struck(id); !ok || got != event {
			c.badf("statement %s: the record does not say that event %s struck it", id, event)
		}
	}
	if err := c.moves(); err != nil {
		return err
	}
	n := 0
	if err := c.v.Strikes(func(store.Strike) { n++ }); err != nil || n != len(struck) {
		c.badf("%d statements are struck on record, the events give %d (%v)", n, len(struck), err)
	}
	return nil
}

// moves verifies what the authority signed of trade item numbers in dispute.
func (c *check) moves() error {
	list, err := c.v.GTINMoves("")
	if err != nil {
		return err
	}
	for _, m := range list {
		if err := c.move(m); err != nil {
			c.badf("the move of gtin %s: %v", m.GTIN, err)
		}
	}
	return nil
}

func (c *check) move(m *store.GTINMove) error {
	a, err := signed[label.Assignment](c, m.Index, label.DigestOf([]byte(m.GTIN)), label.TypeAssignment)
	if err != nil {
		return err
	}
	if a.GTIN != m.GTIN || a.Manufacturer.ID != m.To || a.Requests[0].SHA256 != m.Event {
		return fmt.Errorf("the record differs from the signed statement")
	}
	return nil
}

// fromPredecessor checks that what a status carries over is in the history of a
// label that the label took the place of.
func (c *check) fromPredecessor(st *label.Status) bool {
	rec, err := c.v.Label(st.Cause.Label)
	if err != nil {
		return false
	}
	if statement, err := statementOf(c.v, nil, rec); err != nil || !st.Cause.SHA256.IsZero() && st.Cause.SHA256 != statement {
		return false
	}
	list, err := c.v.History(rec.ID)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(list, func(s *store.Status) bool {
		return s.Number == st.Cause.Number && s.Action == st.Action && s.Reason == st.Reason && s.Text == st.Text && s.Language == st.Language
	}) && slices.ContainsFunc(list, func(s *store.Status) bool {
		return s.Action == label.Supersede && s.Successor.ID == st.Label && (s.Successor.SHA256.IsZero() || s.Successor.SHA256 == st.SHA256)
	})
}
