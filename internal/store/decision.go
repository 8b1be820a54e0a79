package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"labeld/internal/label"
)

// A Decision is a refusal on record. What it says is in the signed statement.
type Decision struct {
	Digest   label.Digest `json:"-"` // of the signed statement
	Device   label.Digest `json:"device"`
	Org      string       `json:"org"` // manufacturer
	Scheme   string       `json:"scheme"`
	Version  string       `json:"version"` // of the scheme
	Level    int          `json:"level"`   // asked for
	Decided  time.Time    `json:"decided"`
	AppealBy label.Date   `json:"appealBy"`
	Appeal   label.Digest `json:"appeal,omitzero"` // against it
	Signed   Packed       `json:"signed"`          // as a log entry is packed
}

// An Appeal is an appeal on record.
type Appeal struct {
	Digest    label.Digest     `json:"-"` // of the signed statement
	Decision  label.Digest     `json:"decision"`
	Device    label.Digest     `json:"device"`
	Org       string           `json:"org"` // manufacturer
	Received  time.Time        `json:"received"`
	DecideBy  label.Date       `json:"decideBy"`
	Ruling    label.Digest     `json:"ruling,omitzero"` // that decided it
	Statement []byte           `json:"statement"`       // exact bytes that were signed
	Signature RequestSignature `json:"signature"`
}

// A Ruling is what became of an appeal. Index is its log entry, once a label
// rests on it, and 0 while it is private: it is logged after the label.
type Ruling struct {
	Digest  label.Digest     `json:"-"` // of the signed statement
	Device  label.Digest     `json:"-"`
	Appeal  label.Digest     `json:"appeal"`
	Decided time.Time        `json:"decided"`
	Index   int64            `json:"index,omitzero"`
	Asked   label.Digest     `json:"asked"` // the operator's signed request
	Request RequestSignature `json:"request"`
	Signed  Packed           `json:"signed"` // as a log entry is packed
}

// PackEnvelope packs an envelope of ours as a log entry is packed.
func PackEnvelope(e *label.Envelope) (Packed, error) {
	entry, err := NewEntry(e, nil)
	if err != nil {
		return nil, err
	}
	return entry.packed, nil
}

// Envelope returns what [PackEnvelope] packed.
func (p Packed) Envelope() (*label.Envelope, error) { return unpackEntry(p) }

// Predicate returns what the decision says.
func (d *Decision) Predicate() (*label.Decision, error) {
	p := new(label.Decision)
	env, err := d.Signed.Envelope()
	if err == nil {
		err = predicate(env.Payload, p)
	}
	if err != nil {
		return nil, corrupt(bDecisions, d.Digest[:], err)
	}
	return p, nil
}

// Predicate returns what the appeal says.
func (a *Appeal) Predicate() (*label.Appeal, error) {
	p := new(label.Appeal)
	if err := predicate(a.Statement, p); err != nil {
		return nil, corrupt(bAppeals, a.Digest[:], err)
	}
	return p, nil
}

// Overdue reports whether the appeal should have been decided before an instant.
func (a *Appeal) Overdue(at time.Time) bool {
	return a.Ruling.IsZero() && !at.Before(a.DecideBy.End())
}

// Predicate returns what the ruling says.
func (r *Ruling) Predicate() (*label.Ruling, error) {
	p := new(label.Ruling)
	env, err := r.Signed.Envelope()
	if err == nil {
		err = predicate(env.Payload, p)
	}
	if err != nil {
		return nil, corrupt(bRulings, r.Digest[:], err)
	}
	return p, nil
}

// predicate reads the predicate in a statement that was checked when it came.
func predicate(payload []byte, p any) error {
	var st label.Statement
	if err := label.DecodeLoose(payload, &st); err != nil {
		return err
	}
	return label.Decode(st.Predicate, p)
}

func decidedKey(d *Decision) []byte { return append(newestFirst(d.Decided), d.Digest[:]...) }

func dueKey(a *Appeal) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(a.DecideBy.End().UnixNano())), a.Digest[:]...)
}

func (d *Decision) code(c *coder) {
	c.digest(&d.Digest)
	c.json(d)
}

func (d *Decision) edit(e *edits) {
	e.putJSON(bDecisions, d.Digest[:], d)
	e.put(bDeviceDecisions, pair(d.Device, decidedKey(d)), nil)
	e.put(bOrgDecisions, orgKey(d.Org, decidedKey(d)...), nil)
}

func (a *Appeal) code(c *coder) {
	c.digest(&a.Digest)
	c.json(a)
}

// edit keeps the index of those that are not decided.
func (a *Appeal) edit(e *edits) {
	e.putJSON(bAppeals, a.Digest[:], a)
	if a.Ruling.IsZero() {
		e.put(bDueAppeals, dueKey(a), nil)
	} else {
		e.delete(bDueAppeals, dueKey(a))
	}
}

func (r *Ruling) code(c *coder) {
	c.digest(&r.Device)
	c.digest(&r.Digest)
	c.json(r)
}

func (r *Ruling) edit(e *edits) { e.putJSON(bRulings, pair(r.Device, r.Digest[:]), r) }

// Decision returns a refusal by the digest of its signed statement.
func (v *View) Decision(id label.Digest) (*Decision, error) {
	d, err := getJSON[Decision](v, bDecisions, id[:])
	if err == nil {
		d.Digest = id
	}
	return d, err
}

// DeviceDecisions calls f with the refusals of a device, newest first, from the
// one after a cursor on, until f returns false.
func (v *View) DeviceDecisions(device label.Digest, cursor []byte, f func(*Decision, []byte) bool) error {
	return v.decided(bDeviceDecisions, device[:], cursor, f)
}

// OrgDecisions does the same for a manufacturer's.
func (v *View) OrgDecisions(org string, cursor []byte, f func(*Decision, []byte) bool) error {
	return v.decided(bOrgDecisions, orgKey(org), cursor, f)
}

func (v *View) decided(bucket, prefix, cursor []byte, f func(*Decision, []byte) bool) error {
	return v.prefix(bucket, prefix, cursor, func(rest []byte) (bool, error) {
		d, err := v.Decision(label.Digest(rest[8:]))
		if err != nil {
			return true, present(bDecisions, rest[8:], err)
		}
		return f(d, bytes.Clone(rest)), nil
	})
}

// Decisions calls f with every refusal, until f returns false.
func (v *View) Decisions(f func(*Decision) bool) error {
	return each(v, bDecisions, nil, len(label.Digest{}), func(k []byte, d *Decision) bool {
		d.Digest = label.Digest(k)
		return f(d)
	})
}

// Appeal returns an appeal by the digest of its signed statement.
func (v *View) Appeal(id label.Digest) (*Appeal, error) {
	a, err := getJSON[Appeal](v, bAppeals, id[:])
	if err == nil {
		a.Digest = id
	}
	return a, err
}

// DueAppeals calls f with the appeals that are not decided, the one due first
// first, from the one after a cursor on, until f returns false.
func (v *View) DueAppeals(cursor []byte, f func(*Appeal, []byte) bool) error {
	return v.prefix(bDueAppeals, nil, cursor, func(rest []byte) (bool, error) {
		a, err := v.Appeal(label.Digest(rest[8:]))
		if err != nil {
			return true, present(bAppeals, rest[8:], err)
		}
		return f(a, bytes.Clone(rest)), nil
	})
}

// Ruling returns a ruling about a device by the digest of its signed statement.
func (v *View) Ruling(device, id label.Digest) (*Ruling, error) {
	r, err := getJSON[Ruling](v, bRulings, pair(device, id[:]))
	if err == nil {
		r.Device, r.Digest = device, id
	}
	return r, err
}

// Rulings returns all rulings about a device.
func (v *View) Rulings(device label.Digest) (list []*Ruling, err error) {
	err = v.prefix(bRulings, device[:], nil, func(rest []byte) (bool, error) {
		r, err := v.Ruling(device, label.Digest(rest))
		if err == nil {
			list = append(list, r)
		}
		return true, err
	})
	return list, err
}

// RulingCursor is the length of the cursors of [View.AllRulings].
const RulingCursor = 2 * len(label.Digest{})

// AllRulings calls f with every ruling, from the one after a cursor on, until f
// returns false.
func (v *View) AllRulings(cursor []byte, f func(*Ruling, []byte) bool) error {
	return v.prefix(bRulings, nil, cursor, func(rest []byte) (bool, error) {
		key := bytes.Clone(rest)
		r, err := v.Ruling(label.Digest(key[:len(key)/2]), label.Digest(key[len(key)/2:]))
		if err != nil {
			return true, err
		}
		return f(r, key), nil
	})
}

// decisions holds refusals, appeals and rulings to each other, and their
// indexes to them.
func (c *checker) decisions() {
	c.each(bDecisions, c.decision)
	c.sameCount(bDeviceDecisions, bDecisions)
	c.sameCount(bOrgDecisions, bDecisions)
	open := 0
	c.each(bAppeals, func(k, v []byte) {
		if c.appeal(k, v) {
			open++
		}
	})
	if n := c.records(bDueAppeals); n != open {
		c.badf("index %s has %d records, the appeals give %d", bDueAppeals, n, open)
	}
	c.each(bRulings, c.ruling)
}

func (c *checker) decision(k, v []byte) {
	d, err := decode[Decision](bDecisions, k, v)
	if err != nil || len(k) != len(label.Digest{}) {
		c.badf("decision %x is unreadable", k)
		return
	}
	d.Digest = label.Digest(k)
	what := "decision " + d.Digest.String()
	c.has(bDevices, d.Device[:], nil, what)
	c.has(bDeviceDecisions, pair(d.Device, decidedKey(d)), nil, what)
	c.has(bOrgDecisions, orgKey(d.Org, decidedKey(d)...), nil, what)
	if d.Appeal.IsZero() {
		return
	}
	if a, err := c.v.Appeal(d.Appeal); err != nil || a.Decision != d.Digest {
		c.badf("%s: its appeal %s is not on record", what, d.Appeal)
	}
}

// appeal reports whether the appeal is open.
func (c *checker) appeal(k, v []byte) (open bool) {
	a, err := decode[Appeal](bAppeals, k, v)
	if err != nil || len(k) != len(label.Digest{}) {
		c.badf("appeal %x is unreadable", k)
		return false
	}
	a.Digest = label.Digest(k)
	what := "appeal " + a.Digest.String()
	if d, err := c.v.Decision(a.Decision); err != nil || d.Appeal != a.Digest {
		c.badf("%s: decision %s does not name it", what, a.Decision)
	}
	if !a.Ruling.IsZero() {
		c.has(bRulings, pair(a.Device, a.Ruling[:]), nil, what)
		return false
	}
	c.has(bDueAppeals, dueKey(a), nil, what)
	return true
}

func (c *checker) ruling(k, v []byte) {
	r, err := decode[Ruling](bRulings, k, v)
	if err != nil || len(k) != 2*len(label.Digest{}) {
		c.badf("ruling %x is unreadable", k)
		return
	}
	what := fmt.Sprintf("ruling %x", k[len(label.Digest{}):])
	if a, err := c.v.Appeal(r.Appeal); err != nil || !bytes.Equal(k, pair(a.Device, a.Ruling[:])) {
		c.badf("%s: appeal %s was not decided by it", what, r.Appeal)
	}
	if r.Index != 0 {
		c.claims(r.Index, what)
	}
}
