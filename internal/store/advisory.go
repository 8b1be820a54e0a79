package store

import (
	"bytes"
	"encoding/binary"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
)

// An Advisory is a published document about weaknesses of products.
type Advisory struct {
	Digest   label.Digest `json:"-"`      // of the document
	Org      string       `json:"org"`    // who published it here
	Format   string       `json:"format"` // csaf or openvex
	ID       string       `json:"id"`     // as its publisher numbers it
	Version  string       `json:"version"`
	Title    string       `json:"title"`
	Updated  time.Time    `json:"updated"` // as the document says
	Received time.Time    `json:"received"`
	Event    label.Digest `json:"event"` // by which it was published
	Document []byte       `json:"-"`     // as it came; only where it is written
}

func advisoryKey(a *Advisory) []byte {
	return orgKey(a.Org, append(newestFirst(a.Received), a.Digest[:]...)...)
}

// putAdvisory writes an advisory. The latest one of a number is that which was
// received last.
func putAdvisory(tx *bolt.Tx, a *Advisory) error {
	if err := putJSON(tx.Bucket(bAdvisories), a.Digest[:], a); err != nil {
		return err
	}
	if err := tx.Bucket(bDocuments).Put(a.Digest[:], Pack(a.Document)); err != nil {
		return err
	}
	if err := tx.Bucket(bOrgAdvisories).Put(advisoryKey(a), nil); err != nil {
		return err
	}
	return tx.Bucket(bLatest).Put(orgKey(a.Org, []byte(a.ID)...), a.Digest[:])
}

// Advisory returns an advisory by the digest of its document, without that.
func (v *View) Advisory(id label.Digest) (*Advisory, error) {
	a, err := getJSON[Advisory](v, bAdvisories, id[:])
	if err == nil {
		a.Digest = id
	}
	return a, err
}

// Document returns the document of an advisory as it came.
func (v *View) Document(id label.Digest) ([]byte, error) { return v.inflate(bDocuments, id) }

// LatestAdvisory returns the advisory that an organization published last under
// a number.
func (v *View) LatestAdvisory(org, id string) (*Advisory, error) {
	b := v.tx.Bucket(bLatest).Get(orgKey(org, []byte(id)...))
	if len(b) != len(label.Digest{}) {
		return nil, ErrNotFound
	}
	return v.Advisory(label.Digest(b))
}

// LatestAdvisories returns the latest advisory of each number that an
// organization published.
func (v *View) LatestAdvisories(org string) (list []*Advisory, err error) {
	err = v.prefix(bLatest, orgKey(org), nil, func(rest []byte) (bool, error) {
		a, err := v.LatestAdvisory(org, string(rest))
		list = append(list, a)
		return true, err
	})
	return list, err
}

// OrgAdvisories calls f with the advisories of an organization, newest first,
// from the one after a cursor on, until f returns false.
func (v *View) OrgAdvisories(org string, cursor []byte, f func(*Advisory, []byte) bool) error {
	return v.prefix(bOrgAdvisories, orgKey(org), cursor, func(rest []byte) (bool, error) {
		a, err := v.Advisory(label.Digest(rest[8:]))
		if err != nil {
			return false, err
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
	latest := map[string]*Advisory{}
	c.each(bAdvisories, func(k, v []byte) {
		a, err := decode[Advisory](bAdvisories, k, v)
		if err != nil || len(k) != len(label.Digest{}) {
			c.badf("advisory %x is unreadable", k)
			return
		}
		a.Digest = label.Digest(k)
		what := "advisory " + a.Digest.String()
		c.has(bOrgs, []byte(a.Org), nil, what)
		c.has(bEvents, a.Event[:], nil, what)
		c.has(bOrgAdvisories, advisoryKey(a), nil, what)
		if doc, err := c.v.Document(a.Digest); err != nil || label.DigestOf(doc) != a.Digest {
			c.badf("%s: its document is another", what)
		}
		number := string(orgKey(a.Org, []byte(a.ID)...))
		if l := latest[number]; l == nil || a.Received.After(l.Received) {
			latest[number] = a
		}
	})
	for number, a := range latest {
		c.has(bLatest, []byte(number), a.Digest[:], "advisory "+a.Digest.String())
	}
	if n := c.tx.Bucket(bLatest).Stats().KeyN; n != len(latest) {
		c.badf("index %s has %d records, the advisories give %d", bLatest, n, len(latest))
	}
	c.sameCount(bDocuments, bAdvisories)
	c.sameCount(bOrgAdvisories, bAdvisories)
}
