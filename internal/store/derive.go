package store

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"sync"
)

// # Indexes and their sources
//
// An index has the records that follow from others, its sources, and no more. To look
// each of them up means to come to the pages of the index by chance, which for a file
// that is larger than the memory it may take costs many times what everything else does.
// So both sides are added up as they lie on the disk, and only sums are compared: every
// record gives a number of 256 bits, the SHA-256 of its key, and of its value where that
// follows from the sources as well, behind a secret of this one check; a sum is how many
// there are, and what their numbers add up to, in four parts of 64 bits.
//
// Equal sums are of equal records: chance makes two that differ agree once in 2^256, and
// who made the file to deceive did not have the secret. Where they are not equal, the
// sources are gone through again, and each record is looked up, so that the check names
// those that are missing.

// A sum is of some records, in any order.
type sum struct {
	records int
	parts   [4]uint64
}

func (s *sum) add(number [sha256.Size]byte) {
	s.records++
	for i := range s.parts {
		s.parts[i] += binary.LittleEndian.Uint64(number[8*i:])
	}
}

// indexes are the buckets that are compared by their sums, and whether their values
// follow from the sources too.
var indexes = map[string]bool{
	string(bGTINs): false, string(bModels): false, string(bBrands): false,
	string(bEvidence): false, string(bGists): false, string(bDeviceStmts): false, string(bOrgStmts): false, string(bNumbers): true,
	string(bDeviceLabels): true, string(bOrgLabels): false, string(bOutlines): false,
}

// sums are those of the buckets of a file, or of what should be in them.
type sums struct {
	secret [sha256.Size]byte

	mu       sync.Mutex // where several add: of buckets
	byBucket map[string]*sum
}

func newSums() *sums {
	s := &sums{byBucket: map[string]*sum{}}
	rand.Read(s.secret[:])
	return s
}

// another returns sums that begin with nothing, and can be compared with s.
func (s *sums) another() *sums { return &sums{secret: s.secret, byBucket: map[string]*sum{}} }

// of returns the sum of a bucket.
func (s *sums) of(bucket []byte) sum {
	if known := s.byBucket[string(bucket)]; known != nil {
		return *known
	}
	return sum{}
}

// add adds a record of a bucket. Of buckets that are no indexes it counts the records.
func (s *sums) add(bucket string, key, value []byte) {
	valued, index := indexes[bucket]
	var number [sha256.Size]byte
	if index {
		if !valued {
			value = nil
		}
		b := append(make([]byte, 0, 512), s.secret[:]...)
		b = binary.AppendUvarint(b, uint64(len(key)))
		number = sha256.Sum256(append(append(b, key...), value...))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.byBucket[bucket]
	if known == nil {
		known = new(sum)
		s.byBucket[bucket] = known
	}
	known.add(number)
}

// A derivation goes through the sources of indexes: once to add up what should be in
// these, and where that is something else, again to tell what is missing.
type derivation struct {
	c     *checker
	again bool
	sums  *sums
}

// derive holds indexes to their sources. Walk goes through these, and must say the same
// when it does so again.
func (c *checker) derive(walk func(*derivation), list ...[]byte) {
	d := &derivation{c: c, sums: c.file.another()}
	walk(d)
	var other [][]byte
	for _, index := range list {
		if d.sums.of(index) != c.file.of(index) {
			other = append(other, index)
		}
	}
	if len(other) == 0 || c.ctx.Err() != nil {
		return
	}
	walk(&derivation{c: c, again: true})
	for _, index := range other {
		if got, want := c.file.of(index).records, d.sums.of(index).records; got != want {
			c.badf("index %s has %d records, what it is of gives %d", index, got, want)
		} else {
			c.badf("index %s has other records than what it is of gives", index)
		}
	}
}

// has tells a record of an index that follows from a source. Value is nil where it does
// not follow.
func (d *derivation) has(index, key, value []byte, what string) {
	if !d.again {
		d.sums.add(string(index), key, value)
		return
	}
	d.c.has(index, key, value, what)
}

// badf reports what is wrong with a source, once.
func (d *derivation) badf(format string, args ...any) {
	if !d.again {
		d.c.badf(format, args...)
	}
}

// has reports a record that is missing, or that says something else.
func (c *checker) has(bucket, key, want []byte, what string) {
	got := c.tx.Bucket(bucket).Get(key)
	if got == nil {
		c.badf("%s: index %s has no record of it", what, bucket)
	} else if want != nil && !bytes.Equal(got, want) {
		c.badf("%s: index %s points to %x", what, bucket, got)
	}
}

// sameCount reports an index that has more or fewer records than its source.
func (c *checker) sameCount(index, source []byte) {
	if a, b := c.records(index), c.records(source); a != b {
		c.badf("index %s has %d records, %s has %d", index, a, source, b)
	}
}

// records returns how many records a bucket has.
func (c *checker) records(bucket []byte) int { return c.file.of(bucket).records }
