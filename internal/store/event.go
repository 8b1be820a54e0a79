package store

import (
	"time"

	bolt "go.etcd.io/bbolt"

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
	c := v.tx.Bucket(bEvents).Cursor()
	for k, b := c.First(); k != nil; k, b = c.Next() {
		e, err := decode[Event](bEvents, k, b)
		if err != nil {
			return err
		}
		e.Digest = label.Digest(k)
		if !f(e) {
			return nil
		}
	}
	return nil
}

func putEvent(tx *bolt.Tx, e *Event) error { return putJSON(tx.Bucket(bEvents), e.Digest[:], e) }

// LabelsAfter calls f with every label after an ID, by ID, until f returns
// false.
func (v *View) LabelsAfter(after label.ID, f func(*Label) bool) error {
	c := v.tx.Bucket(bLabels).Cursor()
	k, b := c.Seek([]byte(after))
	if k != nil && label.ID(k) == after {
		k, b = c.Next()
	}
	for ; k != nil; k, b = c.Next() {
		l, err := decode[Label](bLabels, k, b)
		if err != nil {
			return err
		}
		l.ID = label.ID(k)
		if !f(l) {
			return nil
		}
	}
	return nil
}
