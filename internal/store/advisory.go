package store

import (
	"bytes"
	"encoding/binary"
	"time"

	"labeld/internal/label"
)

// An Advisory is a document about weaknesses of products, as an organization
// published it. Several may publish the same: whose products it is about depends
// on who did.
type Advisory struct {
	Digest   label.Digest `json:"-"`      // of the document
	Org      string       `json:"-"`      // who published it here
	Format   string       `json:"format"` // csaf or openvex
	ID       string       `json:"id"`     // as its publisher numbers it
	Version  string       `json:"version"`
	Title    string       `json:"title"`
	Updated  time.Time    `json:"updated"` // as the document says
	Received time.Time    `json:"received"`
	Event    label.Digest `json:"event"` // by which it was published
	Document []byte       `json:"-"`     // as it came; not stored with the record
	Packed   Packed       `json:"-"`     // the document; only where it is written
}

func advisoryKey(id label.Digest, org string) []byte { return append(id[:], org...) }

func orgAdvisoryKey(a *Advisory) []byte {
	return orgKey(a.Org, append(newestFirst(a.Received), a.Digest[:]...)...)
}

func (a *Advisory) code(c *coder) {
	c.digest(&a.Digest)
	codeText(c, &a.Org)
	c.packed(&a.Packed)
	c.json(a)
}

// edit makes the advisory the latest one of its number: none is admitted that is not
// newer than those before.
func (a *Advisory) edit(e *edits) {
	e.putJSON(bAdvisories, advisoryKey(a.Digest, a.Org), a)
	e.put(bDocuments, a.Digest[:], a.Packed)
	e.put(bOrgAdvisories, orgAdvisoryKey(a), nil)
	e.put(bLatest, orgKey(a.Org, []byte(a.ID)...), a.Digest[:])
}

// An AdviceProgress says up to which log entry labels were held against advisories.
type AdviceProgress struct{ Size int64 }

func (p *AdviceProgress) code(c *coder) { c.index(&p.Size) }

func (p *AdviceProgress) edit(e *edits) { e.put(bMeta, kAdvised, indexKey(p.Size)) }

// Advisory returns what an organization published by the digest of the document,
// without that.
func (v *View) Advisory(id label.Digest, org string) (*Advisory, error) {
	a, err := getJSON[Advisory](v, bAdvisories, advisoryKey(id, org))
	if err == nil {
		a.Digest, a.Org = id, org
	}
	return a, err
}

// Publications returns each publication of a document, by organization.
func (v *View) Publications(id label.Digest) (list []*Advisory, err error) {
	err = v.prefix(bAdvisories, id[:], nil, func(org []byte) (bool, error) {
		a, err := v.Advisory(id, string(org))
		if err == nil {
			list = append(list, a)
		}
		return true, err
	})
	return list, err
}

// Advisories calls f with every advisory, until f returns false.
func (v *View) Advisories(f func(*Advisory) bool) error {
	return v.prefix(bAdvisories, nil, nil, func(k []byte) (bool, error) {
		id, org := k[:len(label.Digest{})], k[len(label.Digest{}):]
		a, err := v.Advisory(label.Digest(id), string(org))
		return err != nil || f(a), err
	})
}

// Document returns the document of an advisory as it came.
func (v *View) Document(id label.Digest) ([]byte, error) {
	return unpacked(v, bDocuments, id[:], unpack)
}

// LatestAdvisory returns the advisory that an organization published last under
// a number.
func (v *View) LatestAdvisory(org, id string) (*Advisory, error) {
	b := v.tx.Bucket(bLatest).Get(orgKey(org, []byte(id)...))
	if len(b) != len(label.Digest{}) {
		return nil, ErrNotFound
	}
	return v.Advisory(label.Digest(b), org)
}

// LatestAdvisories returns the latest advisory of each number that an
// organization published.
func (v *View) LatestAdvisories(org string) (list []*Advisory, err error) {
	err = v.prefix(bLatest, orgKey(org), nil, func(rest []byte) (bool, error) {
		a, err := v.LatestAdvisory(org, string(rest))
		if err == nil {
			list = append(list, a)
		}
		return true, present(bLatest, orgKey(org, rest...), err)
	})
	return list, err
}

// OrgAdvisories calls f with the advisories of an organization, newest first,
// from the one after a cursor on, until f returns false.
func (v *View) OrgAdvisories(org string, cursor []byte, f func(*Advisory, []byte) bool) error {
	return v.prefix(bOrgAdvisories, orgKey(org), cursor, func(rest []byte) (bool, error) {
		a, err := v.Advisory(label.Digest(rest[8:]), org)
		if err != nil {
			return true, present(bAdvisories, advisoryKey(label.Digest(rest[8:]), org), err)
		}
		return f(a, bytes.Clone(rest)), nil
	})
}

// Advised returns up to which log entry labels were held against advisories,
// and false where there is no advisory.
func (v *View) Advised() (size int64, any bool) {
	b := v.tx.Bucket(bMeta).Get(kAdvised)
	if len(b) != 8 {
		return 0, false
	}
	return int64(binary.BigEndian.Uint64(b)), true
}

// advisories holds advisories to their documents and events, and the indexes to
// them.
func (c *checker) advisories() {
	latest, documents := map[string]*Advisory{}, map[label.Digest]bool{}
	c.each(bAdvisories, func(k, v []byte) {
		a, err := decode[Advisory](bAdvisories, k, v)
		if err != nil || len(k) <= len(label.Digest{}) {
			c.badf("advisory %x is unreadable", k)
			return
		}
		a.Digest, a.Org = label.Digest(k[:len(label.Digest{})]), string(k[len(label.Digest{}):])
		documents[a.Digest] = true
		what := "advisory " + a.Digest.String()
		c.has(bOrgs, []byte(a.Org), nil, what)
		c.has(bEvents, a.Event[:], nil, what)
		c.has(bOrgAdvisories, orgAdvisoryKey(a), nil, what)
		if doc, err := c.v.Document(a.Digest); err != nil || label.DigestOf(doc) != a.Digest {
			c.badf("%s: its document is another", what)
		}
		number := string(orgKey(a.Org, []byte(a.ID)...))
		if l := latest[number]; l == nil || a.Updated.After(l.Updated) {
			latest[number] = a
		}
	})
	for number, a := range latest {
		c.has(bLatest, []byte(number), a.Digest[:], "advisory "+a.Digest.String())
	}
	if n := c.records(bLatest); n != len(latest) {
		c.badf("index %s has %d records, the advisories give %d", bLatest, n, len(latest))
	}
	if n := c.records(bDocuments); n != len(documents) {
		c.badf("%s has %d records, the advisories are about %d", bDocuments, n, len(documents))
	}
	c.sameCount(bOrgAdvisories, bAdvisories)
}
