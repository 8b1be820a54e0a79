package surveillance

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"math"
	"slices"
	"strconv"

	"labeld/internal/label"
)

// domain begins every message under the seed, so that no other use of a root
// hash as a key gives the same numbers.
const domain = "labeld surveillance v1\x00"

// A Candidate is a label that may be drawn.
type Candidate struct {
	ID     label.ID `json:"id"`
	Weight int64    `json:"weight"` // at least 1; see [Weights.Of]
}

// A Drawn is a label that was drawn.
type Drawn struct {
	Position int          `json:"position"` // counted from 0: k of the algorithm
	ID       label.ID     `json:"id"`
	Weight   int64        `json:"weight"`
	Ticket   label.Digest `json:"ticket"` // the HMAC that decided
}

// Draw draws n of the candidates, or all if there are fewer, by the algorithm in
// the package comment. The seed is the log's root hash at the plan's size, plan
// is the plan's ID. The order of candidates does not matter.
func Draw(seed [32]byte, plan string, candidates []Candidate, n int) ([]Drawn, error) {
	if err := checkSlug("plan", plan); err != nil {
		return nil, err
	}
	if n < 0 {
		return nil, outOfRange("count", "is %d; draw 0 labels or more", n)
	}
	left, total, err := sorted(candidates)
	if err != nil {
		return nil, err
	}
	sums := newSums(left)
	draws := tickets{mac: hmac.New(sha256.New, seed[:]), message: append([]byte(domain+plan), 0)}
	drawn := make([]Drawn, 0, min(n, len(left)))
	for k := range cap(drawn) {
		r, ticket := draws.below(total, k)
		c := left[sums.take(r, left)]
		total -= c.Weight
		drawn = append(drawn, Drawn{Position: k, ID: c.ID, Weight: c.Weight, Ticket: ticket})
	}
	return drawn, nil
}

// sorted returns the candidates by ID, and the sum of their weights.
func sorted(candidates []Candidate) (byID []Candidate, total int64, err error) {
	for i, c := range candidates {
		if err := c.check(total); err != nil {
			return nil, 0, label.Within("candidates["+strconv.Itoa(i)+"]", err)
		}
		total += c.Weight
	}
	byID = slices.SortedFunc(slices.Values(candidates), func(a, b Candidate) int { return cmp.Compare(a.ID, b.ID) })
	for i := 1; i < len(byID); i++ {
		if byID[i].ID == byID[i-1].ID {
			return nil, 0, label.Errorf(label.Invalid, label.ReasonExists, "candidates",
				"label %s stands here twice; list each label once", byID[i].ID.Pretty())
		}
	}
	return byID, total, nil
}

// check returns why c cannot be drawn beside others whose weights sum to total.
func (c Candidate) check(total int64) error {
	id, err := label.ParseID(string(c.ID))
	switch {
	case err != nil:
		return err
	case id != c.ID:
		return label.Errorf(label.Invalid, label.ReasonNotCanonical, "id", "is %q; write it as %s", c.ID, id)
	case c.Weight < 1:
		return outOfRange("weight", "is %d; a weight is at least 1, and a label that must not be drawn is no candidate", c.Weight)
	case c.Weight > MaxTotal-total:
		return outOfRange("weight", "is %d, which brings the sum of all weights over 2^62; use smaller weights", c.Weight)
	}
	return nil
}

// tickets derives the numbers of one draw.
type tickets struct {
	mac     hash.Hash
	message []byte // all that comes before k
}

// below returns the number of draw k, which is below total, and its ticket. A
// number from the incomplete last multiple of total is rejected: it would favour
// the first candidates.
func (t *tickets) below(total int64, k int) (int64, label.Digest) {
	w := uint64(total)
	rest := -w % w // 2^64 mod w
	for attempt := uint32(0); ; attempt++ {
		message := binary.BigEndian.AppendUint64(t.message, uint64(k))
		t.mac.Reset()
		t.mac.Write(binary.BigEndian.AppendUint32(message, attempt))
		ticket := label.Digest(t.mac.Sum(nil))
		if x := binary.BigEndian.Uint64(ticket[:]); x <= math.MaxUint64-rest {
			return int64(x % w), ticket
		}
	}
}

// sums is a Fenwick tree (P. Fenwick, 1994) over the weights of the candidates
// that are left: sums[i] holds the weights of the i&-i candidates that end with
// the i'th, counted from 1. Finding and removing one takes log n steps.
type sums []int64

func newSums(candidates []Candidate) sums {
	s := make(sums, len(candidates)+1)
	for i := 1; i < len(s); i++ {
		s[i] += candidates[i-1].Weight
		if up := i + i&-i; up < len(s) {
			s[up] += s[i]
		}
	}
	return s
}

// take removes the first candidate whose weight and those before it sum to more
// than r, and returns its index.
func (s sums) take(r int64, candidates []Candidate) int {
	i, step := 0, 1
	for step*2 < len(s) {
		step *= 2
	}
	for ; step > 0; step /= 2 {
		if next := i + step; next < len(s) && s[next] <= r {
			i, r = next, r-s[next]
		}
	}
	for up := i + 1; up < len(s); up += up & -up {
		s[up] -= candidates[i].Weight
	}
	return i
}
