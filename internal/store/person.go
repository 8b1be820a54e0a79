package store

import (
	"bytes"
	"encoding/binary"
	"time"

	"labeld/internal/label"
)

// A Person is that of a batch: a new one, or a changed one.
type Person label.Person

func (p *Person) code(c *coder) { c.json(p) }

func (p *Person) edit(e *edits) {
	e.putJSON(bPersons, []byte(p.ID), p)
	e.put(bOrgPersons, orgKey(p.Organization, []byte(p.ID)...), nil)
}

// An Adoption is that a table of acts was adopted: by its rules everybody acts until
// another is.
type Adoption struct {
	SHA256  label.Digest `json:"sha256"` // of the file
	At      time.Time    `json:"at"`
	Request label.Digest `json:"request,omitzero"` // by which; absent of the first
}

func (a *Adoption) code(c *coder) { c.json(a) }

func (a *Adoption) edit(e *edits) { e.putJSON(bMeta, kActs, a) }

// A Quorum is what was logged of how many persons can agree for the authority.
type Quorum struct {
	Index int64 `json:"-"`
	Alone bool  `json:"alone"`
}

func (q *Quorum) code(c *coder) {
	c.index(&q.Index)
	c.json(q)
}

func (q *Quorum) edit(e *edits) { e.putJSON(bQuorums, indexKey(q.Index), q) }

// Person returns a person.
func (v *View) Person(id string) (*label.Person, error) {
	return getJSON[label.Person](v, bPersons, []byte(id))
}

// OrgPersons returns the persons of an organization, by ID.
func (v *View) OrgPersons(org string) (list []*label.Person, err error) {
	err = v.prefix(bOrgPersons, orgKey(org), nil, func(rest []byte) (bool, error) {
		p, err := v.Person(string(rest))
		if err == nil {
			list = append(list, p)
		}
		return true, present(bPersons, rest, err)
	})
	return list, err
}

// Adopted returns which table of acts was adopted last, or [ErrNotFound] where none was.
func (v *View) Adopted() (*Adoption, error) { return getJSON[Adoption](v, bMeta, kActs) }

// Quorum returns what was logged last of the quorum, or [ErrNotFound] where nothing was.
func (v *View) Quorum() (*Quorum, error) {
	k, b := v.tx.Bucket(bQuorums).Cursor().Last()
	if k == nil {
		return nil, ErrNotFound
	}
	q, err := decode[Quorum](bQuorums, k, b)
	if err == nil {
		q.Index = int64(binary.BigEndian.Uint64(k))
	}
	return q, err
}

// Quorums calls f with all that was logged of the quorum, oldest first, until f returns
// false.
func (v *View) Quorums(f func(*Quorum) bool) error {
	return each(v, bQuorums, nil, 8, func(k []byte, q *Quorum) bool {
		q.Index = int64(binary.BigEndian.Uint64(k))
		return f(q)
	})
}

// persons checks them as [checker.organizations] does their organizations.
func (c *checker) persons() {
	c.each(bPersons, func(k, v []byte) {
		p, err := decode[label.Person](bPersons, k, v)
		if err != nil || p.ID != string(k) {
			c.badf("the person %q: the record is of another, or cannot be read (%v)", k, err)
			return
		}
		c.has(bOrgs, []byte(p.Organization), nil, "person "+p.ID)
		c.has(bOrgPersons, orgKey(p.Organization, k...), nil, "person "+p.ID)
	})
	c.each(bOrgPersons, func(k, _ []byte) {
		org, id, _ := bytes.Cut(k, []byte{0})
		if p, err := c.v.Person(string(id)); err != nil || p.Organization != string(org) {
			c.badf("the index of persons names %q, who is none of %s", id, org)
		}
	})
	c.each(bQuorums, func(k, v []byte) {
		if _, err := decode[Quorum](bQuorums, k, v); err != nil || len(k) != 8 {
			c.badf("what was logged of the quorum as entry %x cannot be read: %v", k, err)
			return
		}
		c.claims(int64(binary.BigEndian.Uint64(k)), "the quorum")
	})
}
