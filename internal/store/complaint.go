package store

import (
	"bytes"
	"time"

	"labeld/internal/label"
)

// A Complaint is what somebody in a shop reported. It is for operators only.
type Complaint struct {
	ID       string    `json:"id"`
	Label    label.ID  `json:"label,omitempty"` // that was issued; empty where none is meant
	Kind     string    `json:"kind"`            // copied, product, weakness or other
	Where    string    `json:"where,omitempty"` // the shop
	Text     string    `json:"text"`
	Contact  string    `json:"contact,omitempty"` // erased when it is closed
	Received time.Time `json:"received"`
	Closed   time.Time `json:"closed,omitzero"`
	Outcome  string    `json:"outcome,omitempty"`

	More  int    `json:"more,omitzero"`   // complaints that were merged into this one
	Words string `json:"words,omitempty"` // of the last of those, one a line
}

func complaintKey(c *Complaint) []byte { return append(newestFirst(c.Received), c.ID...) }

func (c *Complaint) code(x *coder) { x.json(c) }

// edit keeps the index of those that are open.
func (c *Complaint) edit(e *edits) {
	e.putJSON(bComplaints, []byte(c.ID), c)
	e.put(bLabelComplaints, append([]byte(c.Label+"|"), c.ID...), nil)
	if c.Closed.IsZero() {
		e.put(bOpenComplaints, complaintKey(c), nil)
	} else {
		e.delete(bOpenComplaints, complaintKey(c))
	}
}

// Complaint returns a complaint.
func (v *View) Complaint(id string) (*Complaint, error) {
	return getJSON[Complaint](v, bComplaints, []byte(id))
}

// OpenComplaints calls f with the complaints that are open, newest first, from
// the one after a cursor on, until f returns false.
func (v *View) OpenComplaints(cursor []byte, f func(*Complaint, []byte) bool) error {
	return v.prefix(bOpenComplaints, nil, cursor, func(rest []byte) (bool, error) {
		c, err := v.Complaint(string(rest[8:]))
		if err != nil {
			return true, present(bComplaints, rest[8:], err)
		}
		return f(c, bytes.Clone(rest)), nil
	})
}

// LabelComplaints calls f with the complaints about a label, in no order, from
// the one after a cursor on, until f returns false.
func (v *View) LabelComplaints(id label.ID, cursor []byte, f func(*Complaint, []byte) bool) error {
	return v.prefix(bLabelComplaints, []byte(id+"|"), cursor, func(rest []byte) (bool, error) {
		c, err := v.Complaint(string(rest))
		if err != nil {
			return true, present(bComplaints, rest, err)
		}
		return f(c, bytes.Clone(rest)), nil
	})
}

// Complaints returns how many complaints there are about a label, closed ones
// too.
func (v *View) Complaints(id label.ID) (n int) {
	prefix := []byte(id + "|")
	c := v.tx.Bucket(bLabelComplaints).Cursor()
	for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		n++
	}
	return n
}

// complaints holds complaints to their labels, and the indexes to them.
func (c *checker) complaints() {
	open := 0
	c.each(bComplaints, func(k, v []byte) {
		p, err := decode[Complaint](bComplaints, k, v)
		if err != nil || p.ID != string(k) {
			c.badf("complaint %q is unreadable or misplaced", k)
			return
		}
		what := "complaint " + p.ID
		if p.Label != "" {
			c.has(bLabels, []byte(p.Label), nil, what)
		}
		c.has(bLabelComplaints, append([]byte(p.Label+"|"), k...), nil, what)
		if p.Closed.IsZero() {
			open++
			c.has(bOpenComplaints, complaintKey(p), nil, what)
		} else if p.Contact != "" {
			c.badf("%s is closed and still says whom to ask back", what)
		}
	})
	if n := c.records(bOpenComplaints); n != open {
		c.badf("index %s has %d records, the complaints give %d", bOpenComplaints, n, open)
	}
	c.sameCount(bLabelComplaints, bComplaints)
}
