package search

import (
	"cmp"
	"math/bits"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"

	"labeld/internal/label"
)

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

// without removes what is in the other.
func (s set) without(o set) {
	for i := range s {
		s[i] &^= o[i]
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

// A segment is an index of records that never change.
type segment struct {
	records []*Record
	words   []string // sorted
	starts  []uint32 // where the places of a word begin; one more than words
	places  []uint32 // of all words
	spoken  []uint32 // words without digits
	byName  []uint32
	bySupp  []uint32

	columns    []column // of each record
	categories names
	schemes    names
	makers     names
}

// A column is what filters look at of a record, side by side in memory.
type column struct {
	until    int64 // Unix nanoseconds; 0 for ever
	maker    uint32
	category uint32
	scheme   uint32
	level    uint8
	state    uint8 // in label.States
	tested   bool
}

// names numbers names.
type names struct {
	list []string
	at   map[string]uint32
}

// number returns the number of a name, which it gives to new ones.
func (n *names) number(name string) uint32 {
	i, ok := n.at[name]
	if !ok {
		if n.at == nil {
			n.at = map[string]uint32{}
		}
		i = uint32(len(n.list))
		n.at[name], n.list = i, append(n.list, name)
	}
	return i
}

// has reports whether a name has a number.
func (n *names) has(name string) bool {
	_, ok := n.at[name]
	return ok
}

// wanted returns the number of a name that is looked for: any where it is empty,
// and none that there is where nobody has it.
func (n *names) wanted(name string) (i uint32, any bool) {
	if name == "" {
		return 0, true
	}
	i, ok := n.at[name]
	if !ok {
		i = uint32(len(n.list))
	}
	return i, false
}

// newSegment makes an index of records.
func newSegment(records []*Record) *segment {
	slices.SortFunc(records, func(a, b *Record) int { return cmp.Compare(a.Entry, b.Entry) })
	s := &segment{records: records}
	at := map[string][]uint32{}
	s.columns = make([]column, len(records))
	for i, r := range records {
		s.columns[i] = column{
			maker: s.makers.number(r.Manufacturer.ID), category: s.categories.number(r.Category), scheme: s.schemes.number(r.Scheme),
			level: uint8(min(r.Level.Number, maxLevels-1)), state: uint8(slices.Index(label.States, r.state)), tested: r.Assurance == label.LabTested,
		}
		if !r.until.IsZero() {
			s.columns[i].until = r.until.UnixNano()
		}
		for _, w := range append(words(r.text()), strings.Join(words(r.Model), "")) {
			p, known := at[w]
			if w == "" || known && p[len(p)-1] == uint32(i) {
				continue
			}
			if !known {
				w = strings.Clone(w) // or it would keep the whole text in memory
			}
			at[w] = append(p, uint32(i))
		}
	}
	s.words = make([]string, 0, len(at))
	for w := range at {
		s.words = append(s.words, w)
	}
	sort.Strings(s.words)
	for i, w := range s.words {
		if !strings.ContainsAny(w, "0123456789") {
			s.spoken = append(s.spoken, uint32(i))
		}
		s.starts = append(s.starts, uint32(len(s.places)))
		s.places = append(s.places, at[w]...)
	}
	s.starts = append(s.starts, uint32(len(s.places)))
	s.byName = s.order(byName)
	s.bySupp = s.order(bySupport)
	return s
}

// order returns the places in another order than that of age.
func (s *segment) order(compare func(a, b *Record) int) []uint32 {
	o := make([]uint32, len(s.records))
	for i := range o {
		o[i] = uint32(i)
	}
	slices.SortFunc(o, func(a, b uint32) int { return compare(s.records[a], s.records[b]) })
	return o
}

// find returns the places of the words that begin with one, and of those that
// are that word.
func (s *segment) find(word string) (begins, is set) {
	begins, is = newSet(len(s.records)), newSet(len(s.records))
	for i := sort.SearchStrings(s.words, word); i < len(s.words) && strings.HasPrefix(s.words[i], word); i++ {
		for _, p := range s.places[s.starts[i]:s.starts[i+1]] {
			begins.add(p)
			if len(s.words[i]) == len(word) {
				is.add(p)
			}
		}
	}
	return begins, is
}

// proposal returns a word of the segment that differs little, and in how many
// records it is. The first letter is taken to be right, as it mostly is, and
// numbers are not proposed: there is one near any other.
func (s *segment) proposal(word string) (best string, n int) {
	_, size := utf8.DecodeRuneInString(word)
	first := word[:size]
	for k := sort.Search(len(s.spoken), func(k int) bool { return s.words[s.spoken[k]] >= first }); k < len(s.spoken); k++ {
		i := s.spoken[k]
		w := s.words[i]
		if !strings.HasPrefix(w, first) {
			break
		}
		if count := int(s.starts[i+1] - s.starts[i]); count > n && near(word, w) {
			best, n = w, count
		}
	}
	return best, n
}
