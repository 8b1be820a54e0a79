package surveillance

import (
	"fmt"
	"time"

	"labeld/internal/label"
)

// A Census reads log entries, from the first on, and tells which labels can be
// drawn. It needs nothing but what is public.
//
// The candidates of a plan are the labels of its scheme among the entries up to
// the plan's size that are active at an instant by the statements among the same
// entries. The instant is the latest at which any of these labels was issued or
// statements recorded: the log's own time, which nobody chooses afterwards.
type Census struct {
	labels map[label.ID]*counted
	at     time.Time
	n      int64
}

// counted is what the census remembers of a label.
type counted struct {
	label.History
	scheme, category string
	level            int
	assurance        label.Assurance
}

// NewCensus returns a census that has read nothing.
func NewCensus() *Census { return &Census{labels: map[label.ID]*counted{}} }

// Len returns how many entries were read.
func (c *Census) Len() int64 { return c.n }

// At returns the instant at which the candidates stand.
func (c *Census) At() time.Time { return c.at }

// Add reads the payload of the next log entry: an in-toto Statement.
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
		err = c.status(st.Predicate)
	}
	if err != nil {
		return fmt.Errorf("log entry %d: %w", c.n, err)
	}
	c.n++
	return nil
}

func (c *Census) label(predicate []byte) error {
	l := new(label.Label)
	if err := label.Decode(predicate, l); err != nil {
		return err
	}
	c.seen(l.Issued)
	c.labels[l.ID] = &counted{
		History: label.History{Label: &label.Label{ID: l.ID, Issued: l.Issued, Expires: l.Expires}},
		scheme:  l.Scheme.ID, category: l.Device.Category, level: l.Level.Number, assurance: l.Assurance,
	}
	return nil
}

func (c *Census) status(predicate []byte) error {
	st := new(label.Status)
	if err := label.Decode(predicate, st); err != nil {
		return err
	}
	l := c.labels[st.Label]
	if l == nil {
		return fmt.Errorf("a status of label %s, which is in no entry before", st.Label)
	}
	c.seen(st.Recorded)
	l.Statuses = append(l.Statuses, st)
	return nil
}

func (c *Census) seen(at time.Time) {
	if at.After(c.at) {
		c.at = at
	}
}

// Candidates returns the labels that a plan draws from. The census must have
// read as many entries as the plan says.
func (c *Census) Candidates(a *Announcement) (list []Candidate, err error) {
	if c.n != a.Size {
		return nil, fmt.Errorf("surveillance: %d entries were read, the plan is about %d", c.n, a.Size)
	}
	for id, l := range c.labels {
		if l.scheme != a.Scheme {
			continue
		}
		if s := l.StandingAt(c.at); s.State != label.Active {
			continue
		}
		w, err := a.Weights.Of(a.Risks[l.category], l.level, l.assurance)
		if err != nil {
			return nil, fmt.Errorf("the weight of label %s: %w", id, err)
		}
		list = append(list, Candidate{ID: id, Weight: w})
	}
	return list, nil
}
