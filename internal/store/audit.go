package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// The audit trail is a second tree, beside that of the log. Every label brings an entry,
// so that an entry is to touch few pages: its leaf and the hashes that are complete with
// it are one record at the end of one bucket, what the tree comes to is in meta, which
// each commit writes in any case, and one index leads to the entries of an organization.
// Whoever looks for something else looks through a stretch of the trail ([View.Acts]),
// which costs a second for some millions of entries.

// An Act is that of a batch: the next entry of the audit trail. What it says is made fit
// for that ([label.Act.Fit]), and it is of the time of the commit.
type Act label.Act

func (a *Act) code(c *coder) { c.json(a) }

func (a *Act) edit(e *edits) {
	tree, err := e.Trail()
	if err != nil {
		e.fail(err)
		return
	}
	entry := &label.TrailEntry{Number: tree.N, Act: label.Act(*a).Fit()}
	entry.At = e.at.UTC().Truncate(time.Millisecond)
	leaf, err := entry.Leaf()
	if err != nil {
		e.fail(err)
		return
	}
	next, added, err := translog.Append(tree, e.TrailHashes(), [][]byte{leaf})
	if err != nil {
		e.fail(fmt.Errorf("the audit trail: %w", err))
		return
	}
	e.putLast(bActs, indexKey(tree.N), packAct(added, leaf))
	e.put(bOrgActs, orgKey(entry.Actor.Organization, indexKey(tree.N)...), nil)
	e.put(bMeta, kTrail, trailValue(next))
}

// packAct puts a leaf behind the hashes of the nodes that it completes, from below.
func packAct(added []translog.StoredHash, leaf []byte) []byte {
	b := make([]byte, 0, len(added)*hashSize+len(leaf))
	for _, s := range added {
		b = append(b, s.Hash[:]...)
	}
	return append(b, leaf...)
}

const hashSize = len(translog.Hash{})

// completes returns how many nodes of a tree are complete with an entry: its own, and
// each above it whose last one it is.
func completes(number int64) (n int) {
	for n = 1; number&1 == 1; number >>= 1 {
		n++
	}
	return n
}

func trailValue(t translog.Tree) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(t.N)), t.Hash[:]...)
}

// Trail returns what the tree of the audit trail has come to.
func (v *View) Trail() (translog.Tree, error) {
	b := v.tx.Bucket(bMeta).Get(kTrail)
	switch {
	case b == nil:
		return translog.Empty(), nil
	case len(b) != 8+hashSize:
		return translog.Tree{}, corrupt(bMeta, kTrail, fmt.Errorf("wrong length"))
	}
	return translog.Tree{N: int64(binary.BigEndian.Uint64(b)), Hash: translog.Hash(b[8:])}, nil
}

// TrailHashes returns a reader of the tree of the audit trail.
func (v *View) TrailHashes() translog.HashReader { return translog.NodeFunc(v.trailHash) }

func (v *View) trailHash(n translog.Node) (h translog.Hash, err error) {
	number := (n.N+1)<<n.Level - 1 // the entry with which it is complete
	b := v.tx.Bucket(bActs).Get(indexKey(number))
	if len(b) < (n.Level+1)*hashSize {
		return h, corrupt(bActs, indexKey(number), fmt.Errorf("no hash of level %d", n.Level))
	}
	return translog.Hash(b[n.Level*hashSize:][:hashSize]), nil
}

// ActLeaf returns what the tree of the audit trail has of an entry, or [ErrNotFound].
func (v *View) ActLeaf(number int64) ([]byte, error) {
	b := v.tx.Bucket(bActs).Get(indexKey(number))
	if b == nil {
		return nil, ErrNotFound
	}
	leaf, err := unpackAct(indexKey(number), b)
	return bytes.Clone(leaf), err
}

func unpackAct(key, b []byte) (leaf []byte, err error) {
	n := 0
	if len(key) == 8 {
		n = completes(int64(binary.BigEndian.Uint64(key))) * hashSize
	}
	if n == 0 || len(b) < n {
		return nil, corrupt(bActs, key, fmt.Errorf("it lacks hashes"))
	}
	return b[n:], nil
}

// Act returns an entry of the audit trail, or [ErrNotFound].
func (v *View) Act(number int64) (*label.TrailEntry, error) {
	leaf, err := v.ActLeaf(number)
	if err != nil {
		return nil, err
	}
	return decode[label.TrailEntry](bActs, indexKey(number), leaf)
}

// ActLeaves calls f with what the tree of the audit trail has of its entries, oldest
// first and from a number on, until f returns false. The bytes are those of the store:
// f copies what it keeps.
func (v *View) ActLeaves(from int64, f func(number int64, leaf []byte) bool) error {
	c := v.tx.Bucket(bActs).Cursor()
	for k, b := c.Seek(indexKey(from)); k != nil; k, b = c.Next() {
		leaf, err := unpackAct(k, b)
		if err != nil {
			return err
		}
		if !f(int64(binary.BigEndian.Uint64(k)), leaf) {
			return nil
		}
	}
	return nil
}

// An AuditHead is that of a batch: a head of the audit trail that is logged with it.
type AuditHead struct {
	Size  int64 // of the trail
	Index int64 // log entry
}

func (h *AuditHead) code(c *coder) {
	c.index(&h.Size)
	c.index(&h.Index)
}

func (h *AuditHead) edit(e *edits) { e.putLast(bAuditHeads, indexKey(h.Size), indexKey(h.Index)) }

func auditHead(k, b []byte) (*AuditHead, error) {
	if len(k) != 8 || len(b) != 8 {
		return nil, corrupt(bAuditHeads, k, fmt.Errorf("is not the log index of a size"))
	}
	return &AuditHead{int64(binary.BigEndian.Uint64(k)), int64(binary.BigEndian.Uint64(b))}, nil
}

// LastAuditHead returns the head of the audit trail that was logged last, or
// [ErrNotFound].
func (v *View) LastAuditHead() (*AuditHead, error) {
	k, b := v.tx.Bucket(bAuditHeads).Cursor().Last()
	if k == nil {
		return nil, ErrNotFound
	}
	return auditHead(k, b)
}

// AuditHeads calls f with all heads of the audit trail that were logged, by size, until f
// returns false.
func (v *View) AuditHeads(f func(*AuditHead) bool) error {
	c := v.tx.Bucket(bAuditHeads).Cursor()
	for k, b := c.First(); k != nil; k, b = c.Next() {
		h, err := auditHead(k, b)
		if err = v.past(err); err != nil {
			return err
		}
		if h != nil && !f(h) {
			return nil
		}
	}
	return nil
}

// An ActFilter says which entries of the audit trail are meant: those of which all that
// is given is true.
type ActFilter struct {
	Organization, Person, Key string // of the actor
	Kind                      string // or the first words of it: label is all that label.issue is, too
	Subject                   string
	Outcome                   label.ActOutcome
	From, To                  time.Time // from when on, and before when
}

// needles returns what is in the leaf of every entry that is meant. Looking for bytes is
// many times as quick as decoding.
func (f *ActFilter) needles() (list [][]byte, err error) {
	for _, m := range []struct{ name, value, end string }{
		{"organization", f.Organization, `"`}, {"person", f.Person, `"`}, {"key", f.Key, `"`}, {"kind", f.Kind, ``}, {"subject", f.Subject, `"`}, {"outcome", string(f.Outcome), `"`},
	} {
		if m.value == "" {
			continue
		}
		b, err := label.Encode(m.value)
		if err == nil {
			b, err = label.Canonical(b)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, fmt.Appendf(nil, `"%s":%s%s`, m.name, b[:len(b)-1], m.end))
	}
	return list, nil
}

func (f *ActFilter) means(e *label.TrailEntry) bool {
	return (f.Organization == "" || f.Organization == e.Actor.Organization) &&
		(f.Person == "" || f.Person == e.Actor.Person) &&
		(f.Key == "" || f.Key == e.Actor.Key) &&
		(f.Kind == "" || f.Kind == e.Kind || len(e.Kind) > len(f.Kind) && e.Kind[:len(f.Kind)+1] == f.Kind+".") &&
		(f.Subject == "" || f.Subject == e.Subject) &&
		(f.Outcome == "" || f.Outcome == e.Outcome)
}

// Acts calls give with the entries of the audit trail that are meant, newest first and
// from the one before a number on, until give returns false. It looks at some entries at
// most; what is returned is the number before which another call goes on, and 0 where
// nothing is left.
func (v *View) Acts(f ActFilter, before int64, most int, give func(*label.TrailEntry) bool) (next int64, err error) {
	needles, err := f.needles()
	if err != nil {
		return 0, err
	}
	first, end, err := v.span(&f)
	if err != nil {
		return 0, err
	}
	looked := 0
	for number, leaf := range v.backwards(f.Organization, min(before, end)) {
		if number < first {
			break
		}
		if looked++; looked > most {
			return number + 1, nil
		}
		e, err := found(number, leaf, needles)
		if err = v.past(err); err != nil {
			return 0, err
		}
		if e != nil && f.means(e) && !give(e) {
			return number + 1, nil
		}
	}
	return 0, nil
}

// found decodes an entry that has all of some needles, and returns nil for others.
func found(number int64, b []byte, needles [][]byte) (*label.TrailEntry, error) {
	if b == nil {
		return nil, corrupt(bActs, indexKey(number), errMissing)
	}
	leaf, err := unpackAct(indexKey(number), b)
	if err != nil {
		return nil, err
	}
	for _, n := range needles {
		if !bytes.Contains(leaf, n) {
			return nil, nil
		}
	}
	return decode[label.TrailEntry](bActs, indexKey(number), leaf)
}

// backwards returns the records of entries before a number, newest first: all of them,
// or those of an organization. One that is missing is nil.
func (v *View) backwards(org string, before int64) func(yield func(int64, []byte) bool) {
	acts, bucket, prefix := v.tx.Bucket(bActs), v.tx.Bucket(bActs), []byte(nil)
	if org != "" {
		bucket, prefix = v.tx.Bucket(bOrgActs), orgKey(org)
	}
	return func(yield func(int64, []byte) bool) {
		c := bucket.Cursor()
		for k, b := lastBefore(c, append(bytes.Clone(prefix), indexKey(before)...)); len(k) == len(prefix)+8 && bytes.HasPrefix(k, prefix); k, b = c.Prev() {
			number := k[len(prefix):]
			if org != "" {
				b = acts.Get(number)
			}
			if !yield(int64(binary.BigEndian.Uint64(number)), b) {
				return
			}
		}
	}
}

// lastBefore moves a cursor to the last key before another.
func lastBefore(c *bolt.Cursor, key []byte) (k, v []byte) {
	if k, _ := c.Seek(key); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// span returns between which numbers the entries are that are of the time that is meant.
// No entry is earlier than the one before it.
func (v *View) span(f *ActFilter) (first, end int64, err error) {
	tree, err := v.Trail()
	if err != nil {
		return 0, 0, err
	}
	since := func(t time.Time) int64 {
		return int64(sort.Search(int(tree.N), func(i int) bool {
			e, actErr := v.Act(int64(i))
			if actErr != nil {
				err = present(bActs, indexKey(int64(i)), actErr)
				return true
			}
			return !e.At.Before(t)
		}))
	}
	end = tree.N
	if !f.To.IsZero() {
		end = since(f.To)
	}
	if !f.From.IsZero() {
		first = since(f.From)
	}
	return first, end, err
}

// trail recomputes the tree of the audit trail from its entries, and holds these to be
// what they can be.
func (c *checker) trail() {
	tree, err := c.v.Trail()
	if err != nil {
		c.badf("audit trail: %v", err)
		return
	}
	c.recompute("audit trail", tree, c.v.trailHash, c.v.ActLeaf)
	c.each(bActs, func(k, v []byte) {
		what := fmt.Sprintf("audit trail, entry %x", k)
		leaf, err := unpackAct(k, v)
		if err != nil {
			c.badf("%s: %v", what, err)
			return
		}
		e, err := label.ParseTrailEntry(leaf)
		switch {
		case err != nil:
			c.badf("%s: %v", what, err)
			return
		case !bytes.Equal(indexKey(e.Number), k):
			c.badf("%s says that it is entry %d", what, e.Number)
		}
		c.has(bOrgActs, orgKey(e.Actor.Organization, k...), nil, what)
		if keptRequest(e) {
			c.has(bRequests, e.Request[:], nil, what)
		}
	})
	c.sameCount(bOrgActs, bActs)
	c.auditHeads(tree)
	if n := c.records(bActs); int64(n) != tree.N {
		c.badf("audit trail has %d entries, and its tree is of %d", n, tree.N)
	}
}

// keptRequest reports whether the request on which an act rests is on record as such:
// that of a change of a label or of the registry, and of all that waits.
func keptRequest(e *label.TrailEntry) bool {
	group, _, _ := strings.Cut(e.Kind, ".")
	switch {
	case e.Request.IsZero(), !slices.Contains(label.ActKinds, label.ActKind(e.Kind)):
		return false
	case e.Outcome == label.ActWaits:
		return true
	case e.Outcome == label.ActDone:
		return slices.Contains([]string{"label", "org", "person", "key", "accreditation", "acts"}, group)
	}
	return false
}

// auditHeads holds logged heads of the audit trail to be of sizes that it has had, and to
// grow with the log.
func (c *checker) auditHeads(tree translog.Tree) {
	var last int64
	if err := c.v.AuditHeads(func(h *AuditHead) bool {
		what := fmt.Sprintf("the head of the audit trail at %d", h.Size)
		c.claims(h.Index, what)
		switch {
		case h.Size < 1 || h.Size > tree.N:
			c.badf("%s was logged, and the audit trail has %d entries", what, tree.N)
		case h.Index < last:
			c.badf("%s was logged before one of fewer entries", what)
		}
		last = h.Index
		return true
	}); err != nil {
		c.badf("%v", err)
	}
}
