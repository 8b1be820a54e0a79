package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// Check reads everything and reports what is inconsistent: pages of the file (see
// checkFile; where these are damaged, nothing else is read),
// the log's hashes from its entries up, and every derived index against what it
// is derived from, in both directions. Signatures are not its business
// (authority.Check), and neither is what evidence says, which is read for these. It
// ends with the error of ctx when that ends.
//
// Writers wait meanwhile: beside them, pages would be found damaged that are not.
func (s *Store) Check(ctx context.Context, watch Watch) error {
	tx, err := s.db.Begin(!s.db.IsReadOnly())
	if err != nil {
		return err
	}
	defer tx.Rollback() // nothing was written
	file := newSums()
	if err := s.checkFile(s.file, file.add); err != nil {
		watch.Problem(err.Error())
		return nil // what bbolt makes of it is not to be known
	}
	for _, name := range bucketNames() {
		tx.Bucket(name) // which a transaction that might write notes, so that from here on nothing changes in it
	}
	c := &checker{ctx: ctx, v: &View{tx: tx}, tx: tx, file: file, watch: watch, settle: s.Settle(watch)}
	for _, part := range schema() {
		watch.Part(part.name)
		if err := guarded(func() error { part.check(c); return nil }); err != nil { // one that cannot go on does not keep the others from it
			c.badf("%v", err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// A Watch is told how a check goes, by one goroutine at a time.
type Watch struct {
	Problem func(text string)
	Part    func(name string) // that is looked at next
	Note    func(text string) // what was not looked at, and why; and what is no problem yet
}

// checkMapped is how much of the file may stay mapped while it is checked, in bytes.
const checkMapped = 96 << 20

// Settle returns a function for loops of a check, which read the whole file as fast as
// they can: called after each [Lot] of records, it gives back what is mapped of the
// file beyond a bound. Whoever leaves that to a clock reads a gigabyte between two
// ticks on a machine that has other things to do.
func (s *Store) Settle(watch Watch) func() {
	var once sync.Once
	return func() {
		if err := s.Release(checkMapped); err != nil {
			once.Do(func() { watch.Note(fmt.Sprintf("memory through which the file is read cannot be given back: %v", err)) })
		}
	}
}

// A checker is one run of Check.
type checker struct {
	ctx    context.Context
	v      *View
	tx     *bolt.Tx
	watch  Watch
	settle func() // after each Lot of records

	file       *sums                  // of its buckets
	registered map[label.Digest]int64 // devices that can be read, and when they were: Unix nanoseconds

	mu     sync.Mutex // where several look: of watch, registered, leaves, and what parts count
	leaves []string   // what claims each log entry; none where the log cannot be gone through
}

func (c *checker) badf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch.Problem(fmt.Sprintf(format, args...))
}

// spread calls f for every record of a bucket, several at a time and in no order.
func (c *checker) spread(bucket []byte, f func(k, v []byte)) {
	type record struct{ k, v []byte }
	err := Spread(c.ctx, func(give func(record) bool) error {
		cur := c.tx.Bucket(bucket).Cursor()
		for k, v := cur.First(); k != nil && give(record{k, v}); k, v = cur.Next() {
		}
		return nil
	}, func(r record) { f(r.k, r.v) }, c.settle)
	if err != nil {
		c.badf("%s: %v", bucket, err)
	}
}

// each calls f for every record of a bucket.
func (c *checker) each(bucket []byte, f func(k, v []byte)) {
	cur, n := c.tx.Bucket(bucket).Cursor(), 0
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		f(k, v)
		if n++; n%Lot == 0 {
			c.settle()
		}
	}
}

// known looks for buckets that are not in the schema, and whether what meta holds can
// be read.
func (c *checker) known() {
	names := map[string]bool{}
	for _, b := range bucketNames() {
		names[string(b)] = true
	}
	_ = c.tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
		if !names[string(name)] {
			c.badf("bucket %q is not in the schema", name)
		}
		return nil
	})
	if _, err := c.v.Watched(); err != nil {
		c.badf("%v", err)
	}
	if _, err := c.v.Acceptances(); err != nil {
		c.badf("%v", err)
	}
}

// log recomputes every hash from the entries and compares it with what is
// stored, and the root with the head.
func (c *checker) log() {
	head, err := c.v.Head()
	if err != nil {
		c.badf("log head: %v", err)
		return
	}
	hash := func(n translog.Node) (h translog.Hash, err error) {
		b := c.tx.Bucket(bHashes).Get(nodeKey(n))
		if len(b) != len(h) {
			return h, fmt.Errorf("no stored hash at level %d, %d", n.Level, n.N)
		}
		return translog.Hash(b), nil
	}
	nodes, lost := c.recompute("log", head.Tree, hash, c.v.Leaf) // encoded from what is stored, and so in the one encoding
	c.leaves = make([]string, head.Tree.N)
	if lost >= 0 {
		c.entries(lost+1, head.Tree.N)
		return
	}
	if n := c.records(bHashes); n != nodes {
		c.badf("log has %d stored hashes, the entries give %d", n, nodes)
	}
	if n := c.records(bEntries); int64(n) != head.Tree.N {
		c.badf("log has %d entries, its head says %d", n, head.Tree.N)
	}
}

// recompute recomputes every hash of a tree from its leaves, compares it with what is
// stored, and the root with what it is said to be. It returns how many hashes there are,
// or which leaf cannot be read first.
func (c *checker) recompute(what string, want translog.Tree, hash translog.NodeFunc, leaf func(int64) ([]byte, error)) (nodes int, lost int64) {
	tree := translog.Empty()
	for tree.N < want.N {
		leaves, bad := c.run(tree.N, min(tree.N+leafRun, want.N), leaf)
		if bad != nil {
			c.badf("%s entry %d: %v; hashes from %d on are not recomputed", what, bad.index, bad.err, tree.N)
			return nodes, bad.index
		}
		next, added, err := translog.Append(tree, hash, leaves)
		if err != nil {
			c.badf("%s at size %d: %v", what, tree.N, err)
			return nodes, tree.N
		}
		for _, s := range added {
			if h, err := hash(s.Node); err != nil || h != s.Hash {
				c.badf("%s hash at level %d, %d is not the hash of what is below it", what, s.Node.Level, s.Node.N)
			}
		}
		tree, nodes = next, nodes+len(added)
	}
	if tree != want {
		c.badf("%s head says size %d and root %s, the entries give %d and %s", what, want.N, want.Hash, tree.N, tree.Hash)
	}
	return nodes, -1
}

// leafRun is how many entries of a tree are read at once.
const leafRun = 16 * translog.TileWidth

// A lostLeaf is an entry of a tree that cannot be read.
type lostLeaf struct {
	index int64
	err   error
}

// run reads entries of a tree, or says which is the first that cannot be read.
func (c *checker) run(from, to int64, leaf func(int64) ([]byte, error)) (leaves [][]byte, bad *lostLeaf) {
	leaves = make([][]byte, to-from)
	lost := make([]error, to-from)
	err := Spread(c.ctx, func(give func(int64) bool) error {
		for i := from; i < to && give(i); i++ {
		}
		return nil
	}, func(i int64) {
		leaves[i-from], lost[i-from] = leaf(i)
	}, c.settle)
	for n, leaf := range leaves {
		if leaf == nil {
			return nil, &lostLeaf{from + int64(n), cmp.Or(lost[n], err)}
		}
	}
	return leaves, nil
}

// entries reads the rest of the log, behind an entry that cannot be read.
func (c *checker) entries(from, to int64) {
	for i := from; i < to; i++ {
		if _, err := c.v.Leaf(i); err != nil {
			c.badf("log entry %d: %v", i, err)
		}
	}
}

// claims records which record stands for a log entry. That the entries of the log are
// there was seen when its hashes were computed again from them.
func (c *checker) claims(index int64, what string) {
	if index < 0 || index >= int64(len(c.leaves)) {
		c.has(bEntries, indexKey(index), nil, what)
		return
	}
	c.mu.Lock()
	other := c.leaves[index]
	c.leaves[index] = what
	c.mu.Unlock()
	if other != "" {
		c.badf("log entry %d belongs to %s and to %s", index, other, what)
	}
}

func (c *checker) organizations() {
	c.each(bOrgs, func(k, v []byte) {
		if o, err := decode[label.Organization](bOrgs, k, v); err != nil {
			c.badf("organization %q: %v", k, err)
		} else if o.ID != string(k) {
			c.badf("organization %q is stored as %q", o.ID, k)
		}
	})
	c.each(bKeys, func(k, v []byte) {
		key, err := decode[label.Key](bKeys, k, v)
		if err != nil {
			c.badf("key %q: %v", k, err)
			return
		}
		c.has(bOrgKeys, orgKey(key.Organization, k...), nil, "key "+key.Short())
		c.has(bOrgs, []byte(key.Organization), nil, "key "+key.Short())
	})
	c.each(bOrgKeys, func(k, _ []byte) {
		org, id, _ := bytes.Cut(k, []byte{0})
		if key, err := c.v.Key(string(id)); err != nil || key.Organization != string(org) {
			c.badf("index %s: %q has no key %q", bOrgKeys, org, id)
		}
	})
	c.each(bAccreditations, func(k, v []byte) {
		org, rest, _ := bytes.Cut(k, []byte{0})
		a, err := decode[label.Accreditation](bAccreditations, k, v)
		if err != nil || len(rest) != 8 || a.Lab.ID != string(org) {
			c.badf("accreditation %x is unreadable or misplaced", k)
			return
		}
		c.has(bOrgs, org, nil, "accreditation "+a.Number)
		c.claims(int64(binary.BigEndian.Uint64(rest)), "accreditation "+a.Number)
	})
}

func (c *checker) devices() {
	named := map[label.Digest]bool{}     // pictures
	brands := map[string]*label.Device{} // and one that has each
	c.registered = make(map[label.Digest]int64, c.records(bDevices))
	c.derive(func(x *derivation) {
		c.spread(bDevices, func(k, v []byte) {
			if len(k) != len(label.Digest{}) {
				x.badf("device key %x has a wrong length", k)
				return
			}
			d, err := unpackDevice(label.Digest(k), v)
			if err != nil {
				x.badf("device %x: %v", k, err)
				return
			}
			if label.DigestOf(d.Descriptor) != d.Digest {
				x.badf("device %s: the descriptor has another digest", d.Digest)
			}
			desc, err := label.ParseDevice(d.Descriptor)
			if err != nil {
				x.badf("device %s: %v", d.Digest, err)
				return
			}
			if desc.Manufacturer != d.Org {
				x.badf("device %s: recorded for %s, made by %s", d.Digest, d.Org, desc.Manufacturer)
			}
			c.mu.Lock()
			c.registered[d.Digest] = d.Registered.UnixNano()
			named[desc.Picture] = true
			brands[desc.Brand] = desc
			c.mu.Unlock()
			what := "device " + d.Digest.String()
			for _, g := range desc.GTINs {
				x.has(bGTINs, gtinKey(g, d.Digest), nil, what)
			}
			x.has(bBrands, brandKey(label.FoldModel(desc.Brand), d.Org, d), nil, what)
			x.has(bModels, modelKey(desc.Manufacturer, desc.Model, k...), nil, what)
		})
	}, bGTINs, bBrands, bModels)
	near := map[string]bool{} // keys of brands
	for brand, d := range brands {
		fold := label.FoldModel(brand)
		for _, key := range label.NearKeys(brand) {
			near[string(nearKey(key, fold))] = true
			c.has(bNearBrands, nearKey(key, fold), nil, fmt.Sprintf("device model %s of %s", d.Model, d.Manufacturer))
		}
	}
	c.each(bNearBrands, func(k, _ []byte) {
		if !near[string(k)] {
			c.badf("near brand %q: no device has it", k)
		}
	})
	c.each(bGTINs, func(k, v []byte) {
		if len(v) > 0 {
			c.has(bEvents, v, nil, fmt.Sprintf("the move of gtin %s", k[:min(gtinBytes, len(k))]))
		}
	})
	c.pictures(named)
}

// pictures holds pictures to their digests, and to the descriptors that name
// them. One that a descriptor names need not be there: it may never be sent.
func (c *checker) pictures(named map[label.Digest]bool) {
	c.each(bPictures, func(k, v []byte) {
		if len(k) != len(label.Digest{}) {
			c.badf("picture key %x has a wrong length", k)
			return
		}
		digest := label.Digest(k)
		if label.DigestOf(v) != digest {
			c.badf("picture %s: the file has another digest", digest)
		}
		if !named[digest] {
			c.badf("picture %s: no device names it", digest)
		}
	})
}

func (c *checker) statements() {
	c.derive(func(x *derivation) {
		c.spread(bStatements, func(k, v []byte) {
			s, err := decode[Statement](bStatements, k, v)
			if err != nil || len(k) != len(label.Digest{}) {
				x.badf("statement %x: %v", k, err)
				return
			}
			s.ID = label.Digest(k)
			what := "statement " + s.ID.String()
			x.has(bEvidence, placeKey(s.Place), nil, what)
			x.has(bGists, placeKey(s.Place), nil, what)
			x.has(bDeviceStmts, pair(s.Device, k), nil, what)
			x.has(bNumbers, numberKey(s.Signer, s.Type, s.Number), k, what)
			x.has(bOrgStmts, statementKey(s.Signer, s), nil, what)
			if s.Carrier != s.Signer {
				x.has(bOrgStmts, statementKey(s.Carrier, s), nil, what)
			}
		})
	}, bEvidence, bGists, bDeviceStmts, bNumbers, bOrgStmts)
	c.each(bDeviceStmts, func(k, v []byte) {
		n := min(len(k), len(label.Digest{}))
		if _, ok := c.registered[label.Digest(k[:n])]; !ok {
			c.has(bDevices, k[:n], nil, fmt.Sprintf("statement %x", k[n:]))
		}
		if len(v) > 0 {
			c.has(bStatements, v, nil, fmt.Sprintf("what took the place of statement %x", k[n:]))
		}
	})
}

func (c *checker) labels() {
	c.derive(func(x *derivation) {
		c.spread(bLabels, func(k, v []byte) {
			l, err := decode[Label](bLabels, k, v)
			if err != nil {
				x.badf("label %s: %v", k, err)
				return
			}
			l.ID = label.ID(k)
			what := "label " + string(k)
			if _, err := label.ParseID(string(k)); err != nil {
				x.badf("%s: %v", what, err)
			}
			x.has(bOrgLabels, labelKey(l), nil, what)
			x.has(bOutlines, indexKey(l.Index), nil, what)
			if !x.again {
				c.claims(l.Index, what)
			}
			at, ok := c.registered[l.Device]
			if !ok {
				x.badf("%s: its device %s cannot be read", what, l.Device)
				return
			}
			d := &Device{Digest: l.Device, Registered: time.Unix(0, at)}
			x.has(bDeviceLabels, labelOfKey(d, indexKey(l.Index)), []byte(l.ID), what)
		})
	}, bOrgLabels, bOutlines, bDeviceLabels)
	c.statuses()
	for i, claim := range c.leaves {
		if claim == "" {
			c.badf("log entry %d belongs to no record", i)
		}
	}
}

// statuses holds histories to be without gaps, and what waits to be an index of
// the requests that were neither carried out nor closed.
func (c *checker) statuses() {
	var last label.ID
	number := 0
	c.each(bStatuses, func(k, v []byte) {
		s, err := decode[Status](bStatuses, k, v)
		if err != nil || !bytes.Equal(k, statusKey(s.Label, s.Number)) {
			c.badf("status %x is unreadable or misplaced", k)
			return
		}
		if s.Label != last {
			last, number = s.Label, 0
			c.has(bLabels, []byte(last), nil, "status of "+string(last))
		}
		if number++; s.Number != number {
			c.badf("label %s: status %d is missing", last, number)
			number = s.Number
		}
		c.claims(s.Index, fmt.Sprintf("status %d of %s", s.Number, s.Label))
		asked := bRequests
		if s.Cause != (label.Cause{}) {
			asked = bEvents
		}
		for _, r := range s.Requests {
			c.has(asked, r.SHA256[:], nil, fmt.Sprintf("status %d of %s", s.Number, s.Label))
		}
	})
	waiting := 0
	c.each(bRequests, func(k, v []byte) {
		r, err := decode[Request](bRequests, k, v)
		if err != nil || len(k) != len(label.Digest{}) {
			c.badf("request %x is unreadable", k)
			return
		}
		what := fmt.Sprintf("request %x", k)
		if r.Waits() {
			waiting++
			c.has(bWaiting, append([]byte(r.Label), k...), nil, what)
		}
		if r.Number != 0 {
			c.has(bStatuses, statusKey(r.Label, r.Number), nil, what)
		}
	})
	if n := c.records(bWaiting); n != waiting {
		c.badf("index %s has %d records, the requests give %d", bWaiting, n, waiting)
	}
}

// Statements calls f with every accepted statement, until f returns false.
func (v *View) Statements(f func(*Statement) bool) error {
	return each(v, bStatements, nil, len(label.Digest{}), func(k []byte, s *Statement) bool {
		s.ID = label.Digest(k)
		return f(s)
	})
}
