package store

import (
	"slices"
	"time"

	"labeld/internal/label"
)

// An Event is a reported failure of something that labels rest on, and how far
// its consequences have been drawn. Labels are gone through in the order of a
// cursor, so that work begun before a crash goes on where it was committed.
type Event struct {
	Digest    label.Digest     `json:"-"` // of the signed statement
	Event     label.Event      `json:"event"`
	Signature RequestSignature `json:"signature"`
	Received  time.Time        `json:"received"`
	Done      time.Time        `json:"done,omitzero"`
	Cursor    []byte           `json:"cursor,omitempty"`
	Changed   int              `json:"changed,omitzero"` // labels that were changed so far
	Notes     []string         `json:"notes,omitempty"`  // what whoever reported it has to know of it, in sentences

	// Waits is the request by which the event is to be reported, where others have to
	// agree first. It is for the answer: such an event is not recorded.
	Waits *Request `json:"-"`

	Failures []EventFailure `json:"failures,omitempty"` // the first [label.MaxFailures]
	Failed   int            `json:"failed,omitzero"`    // how many there are since it was tried last
	Retried  int            `json:"retried,omitzero"`   // how often what failed was tried again
}

// An EventFailure is a label for which the consequences of an event could not be
// drawn.
type EventFailure struct {
	Label label.ID  `json:"label,omitempty"` // empty where it is not known which labels it is about
	Text  string    `json:"text"`            // why
	At    time.Time `json:"at"`
}

// Fail records a failure, of each label once.
func (e *Event) Fail(f EventFailure) {
	if slices.ContainsFunc(e.Failures, func(old EventFailure) bool { return old.Label == f.Label && old.Text == f.Text }) {
		return
	}
	e.Failed++
	if len(e.Failures) < label.MaxFailures {
		e.Failures = append(e.Failures, f)
	}
}

// Event returns an event by the digest of its signed statement.
func (v *View) Event(id label.Digest) (*Event, error) {
	e, err := getJSON[Event](v, bEvents, id[:])
	if err == nil {
		e.Digest = id
	}
	return e, err
}

// Events calls f with every event, until f returns false.
func (v *View) Events(f func(*Event) bool) error {
	return each(v, bEvents, nil, len(label.Digest{}), func(k []byte, e *Event) bool {
		e.Digest = label.Digest(k)
		return f(e)
	})
}

func (e *Event) code(c *coder) {
	c.digest(&e.Digest)
	c.json(e)
}

func (e *Event) edit(x *edits) { x.putJSON(bEvents, e.Digest[:], e) }

// LabelsAfter calls f with every label after an ID, by ID, until f returns
// false.
func (v *View) LabelsAfter(after label.ID, f func(*Label) bool) error {
	var from []byte
	if after != "" {
		from = append([]byte(after), 0)
	}
	return each(v, bLabels, from, 0, func(k []byte, l *Label) bool {
		l.ID = label.ID(k)
		return f(l)
	})
}
