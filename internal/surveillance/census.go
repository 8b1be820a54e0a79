package surveillance

import (
	"fmt"

	"labeld/internal/label"
)

// A Census reads log entries, from the first on, and tells which labels can be
// drawn. It needs nothing but what is public.
//
// The candidates of a plan are the labels of its scheme among the entries before
// the plan that were live when it was recorded, by the statements among those
// entries. So they are settled before anybody hears of the plan, and nobody can
// leave the draw, or put somebody into it, because of it. A suspended label is
// live: it may stand again, and a suspension must not be a way out.
type Census struct {
	labels map[label.ID]*label.History
	n      int64
}

// NewCensus returns a census that has read nothing.
func NewCensus() *Census { return &Census{labels: map[label.ID]*label.History{}} }

// Len returns how many entries were read.
func (c *Census) Len() int64 { return c.n }

// Add reads the payload of the next log entry: an in-toto Statement, whose
// signature is for the caller to check.
func (c *Census) Add(payload []byte) error {
	var st label.Statement
	if err := label.DecodeLoose(payload, &st); err != nil {
		return fmt.Errorf("log entry %d: %w", c.n, err)
	}
	var err error
	switch st.PredicateType {
	case label.TypeLabel:
		err = c.label(st.Predicate)
	case label.TypeStatus:
		s := new(label.Status)
		if err = label.Decode(st.Predicate, s); err == nil {
			err = c.status(s)
		}
	case label.TypeStatusV1:
		var s label.StatusV1
		if err = label.Decode(st.Predicate, &s); err == nil {
			err = c.status(&s.Status)
		}
	}
	if err != nil {
		return fmt.Errorf("log entry %d: %w", c.n, err)
	}
	c.n++
	return nil
}

// label remembers of a label what standing, weight and people take.
func (c *Census) label(predicate []byte) error {
	l := new(label.Label)
	if err := label.Decode(predicate, l); err != nil {
		return err
	}
	c.labels[l.ID] = &label.History{Label: &label.Label{
		ID: l.ID, Issued: l.Issued, Expires: l.Expires,
		Scheme: l.Scheme, Device: l.Device, Level: l.Level, Assurance: l.Assurance, Labs: l.Labs,
	}}
	return nil
}

func (c *Census) status(st *label.Status) error {
	h := c.labels[st.Label]
	if h == nil {
		return fmt.Errorf("a status of label %s, which is in no entry before", st.Label)
	}
	h.Statuses = append(h.Statuses, st)
	return nil
}

// Label returns what the census remembers of a label that it read: scheme,
// device, level, assurance, labs and dates; or nil.
func (c *Census) Label(id label.ID) *label.Label {
	if h := c.labels[id]; h != nil {
		return h.Label
	}
	return nil
}

// Candidates returns the labels that a plan draws from, in no order. The census
// must have read the entries before the plan, and no more.
func (c *Census) Candidates(a *Announcement) (list []Candidate, err error) {
	if c.n != a.Fixed {
		return nil, fmt.Errorf("surveillance: %d entries were read, the candidates are fixed by %d", c.n, a.Fixed)
	}
	for id, h := range c.labels {
		if h.Label.Scheme.ID != a.Scheme {
			continue
		}
		h.Seen = a.Recorded // the log has all of it before the plan
		if s := h.StandingAt(a.Recorded); !s.State.Live() {
			continue
		}
		w, err := a.Weight(h.Label)
		if err != nil {
			return nil, fmt.Errorf("the weight of label %s: %w", id, err)
		}
		list = append(list, Candidate{ID: id, Weight: w})
	}
	return list, nil
}
