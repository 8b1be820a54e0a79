package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
)

// A Status is a status statement and its log entry.
type Status struct {
	Index int64 `json:"index"`
	label.Status
}

// A Request is a signed request for a change of a label, from the moment it was
// first received. Number is that of the status it led to, 0 while it waits for
// another signature, and for ever where it was closed.
type Request struct {
	Digest     label.Digest       `json:"-"` // of the signed statement
	Kind       label.ActKind      `json:"kind"`
	Subject    string             `json:"subject"`          // what it is about: an ID, or a digest
	Label      label.ID           `json:"label,omitempty"`  // of a change of a label
	Action     label.Action       `json:"action,omitempty"` // of a change of a label
	Received   time.Time          `json:"received"`
	Statement  []byte             `json:"statement"` // exact bytes that were signed
	Signatures []RequestSignature `json:"signatures"`
	Number     int                `json:"number,omitzero"`  // of the status that it led to, of a change of a label
	Done       time.Time          `json:"done,omitzero"`    // when it was carried out
	Closed     string             `json:"closed,omitempty"` // why it will not be carried out; empty while it may be
}

// Waits reports whether the request waits for others to agree.
func (r *Request) Waits() bool { return r.Done.IsZero() && r.Closed == "" }

// What says in a few words what is asked for.
func (r *Request) What() string {
	if r.Label != "" {
		return fmt.Sprintf("%s label %s", r.Action, r.Label.Pretty())
	}
	return fmt.Sprintf("%s %s", r.Kind, r.Subject)
}

// A RequestSignature is one signature under a request.
type RequestSignature struct {
	Organization string `json:"organization"`
	Key          string `json:"key"`
	Envelope     []byte `json:"envelope"` // as it came
}

// Terms are what all requests say: why, and when they were made.
type Terms struct {
	Reason string    `json:"reason"`
	Text   string    `json:"text"`
	Made   time.Time `json:"made"`
}

// Terms returns why the request was made, and when.
func (r *Request) Terms() (*Terms, error) {
	var st label.Statement
	t := new(Terms)
	err := label.DecodeLoose(r.Statement, &st)
	if err == nil {
		err = label.DecodeLoose(st.Predicate, t)
	}
	if err != nil {
		return nil, corrupt(bRequests, r.Digest[:], err)
	}
	return t, nil
}

func statusKey(id label.ID, number int) []byte {
	return binary.BigEndian.AppendUint32([]byte(id), uint32(number))
}

func (s *Status) code(c *coder) { c.json(s) }

func (s *Status) edit(e *edits) { e.putJSON(bStatuses, statusKey(s.Label, s.Number), s) }

func (r *Request) code(c *coder) {
	c.digest(&r.Digest)
	c.json(r)
}

// edit keeps the index of those that wait.
func (r *Request) edit(e *edits) {
	e.putJSON(bRequests, r.Digest[:], r)
	key := append([]byte(r.Label), r.Digest[:]...)
	if r.Waits() {
		e.put(bWaiting, key, nil)
	} else {
		e.delete(bWaiting, key)
	}
}

// History returns what happened to a label, by number.
func (v *View) History(id label.ID) (list []*Status, err error) {
	c := v.tx.Bucket(bStatuses).Cursor()
	for k, b := c.Seek([]byte(id)); bytes.HasPrefix(k, []byte(id)); k, b = c.Next() {
		s, err := decode[Status](bStatuses, k, b)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Happened returns how many statuses a label has.
func (v *View) Happened(id label.ID) (n int) {
	c := v.tx.Bucket(bStatuses).Cursor()
	for k, _ := c.Seek([]byte(id)); bytes.HasPrefix(k, []byte(id)); k, _ = c.Next() {
		n++
	}
	return n
}

// Histories calls f with each label that something happened to, and what, until
// f returns false.
func (v *View) Histories(f func(*Label, []*Status) bool) error {
	c := v.tx.Bucket(bStatuses).Cursor()
	k, _ := c.First()
	for k != nil {
		id := label.ID(k[:len(k)-4])
		list, err := v.History(id)
		var l *Label
		if err == nil {
			l, err = v.Label(id)
			err = present(bLabels, []byte(id), err)
		}
		if err != nil {
			if err = v.past(err); err != nil {
				return err
			}
		} else if !f(l, list) {
			return nil
		}
		k, _ = c.Seek(append([]byte(id), 0xff, 0xff, 0xff, 0xff))
	}
	return nil
}

// Request returns a request by the digest of its signed statement.
func (v *View) Request(id label.Digest) (*Request, error) {
	r, err := getJSON[Request](v, bRequests, id[:])
	if err == nil {
		r.Digest = id
	}
	return r, err
}

// RequestCursor is the length of the cursors of [View.Requests].
const RequestCursor = len(label.Digest{})

// Requests calls f with every request for a change of a label, from the one after a
// cursor on, until f returns false.
func (v *View) Requests(cursor []byte, f func(*Request, []byte) bool) error {
	return v.prefix(bRequests, nil, cursor, func(rest []byte) (bool, error) {
		key := bytes.Clone(rest)
		r, err := v.Request(label.Digest(key))
		if err != nil {
			return true, err
		}
		return f(r, key), nil
	})
}

// SignedBy reports whether a key's signature is under the request.
func (r *Request) SignedBy(key string) bool {
	return slices.ContainsFunc(r.Signatures, func(s RequestSignature) bool { return s.Key == key })
}

// Waiting returns the requests that wait for another signature: those for one
// label, or all of them.
func (v *View) Waiting(id label.ID) (list []*Request, err error) {
	err = v.prefix(bWaiting, []byte(id), nil, func(rest []byte) (bool, error) {
		digest := rest[len(rest)-len(label.Digest{}):]
		r, err := v.Request(label.Digest(digest))
		if err == nil {
			list = append(list, r)
		}
		return true, present(bRequests, digest, err)
	})
	return list, err
}
