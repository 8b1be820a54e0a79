package search

import "math/bits"

// A set is a set of places in a segment.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func (s set) add(i uint32)      { s[i/64] |= 1 << (i % 64) }
func (s set) has(i uint32) bool { return s[i/64]&(1<<(i%64)) != 0 }

// and keeps what is in both.
func (s set) and(o set) {
	for i := range s {
		s[i] &= o[i]
	}
}

// or adds what is in the other.
func (s set) or(o set) {
	for i := range s {
		s[i] |= o[i]
	}
}

// without removes what is in the other.
func (s set) without(o set) {
	for i := range s {
		s[i] &^= o[i]
	}
}

// pick keeps what is in the other, or what is not.
func (s set) pick(o set, in bool) {
	if in {
		s.and(o)
	} else {
		s.without(o)
	}
}

func (s set) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// all returns the set of all places below n.
func all(n int) set {
	s := newSet(n)
	for i := range s {
		s[i] = ^uint64(0)
	}
	if n%64 != 0 {
		s[len(s)-1] = 1<<(n%64) - 1
	}
	return s
}
