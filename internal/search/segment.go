package search

import (
	"bytes"
	"cmp"
	"maps"
	"math"
	"slices"
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"labeld/internal/label"
)

// A segment is an index of records that never changes. There are no pointers in
// it but to histories: a large one costs the garbage collector nothing.
type segment struct {
	rows    []row    // by age
	columns []column // of each row
	texts   texts    // of each row as many as there are parts
	past    map[uint32]*label.History

	words  texts    // sorted
	starts []uint32 // where the places of a word begin; one more than words
	places []uint32 // of all words, each word's sorted
	spoken []uint32 // words without digits

	byID      []uint32
	byName    []uint32
	bySupport []uint32
}

// A row is what is shown of a record, in little memory. Names have numbers.
type row struct {
	id      [12]byte
	support int32 // Unix days
	entry   int64
	expires int64 // Unix seconds
	party   uint32
	level   uint32
}

// The parts of a row's text.
const (
	brand = iota
	name
	model
	sortName // folded
	parts
)

// A column is what filters look at of a record, side by side in memory.
type column struct {
	until    int64 // Unix seconds; never where nothing will happen
	maker    uint32
	category uint32
	scheme   uint32
	level    uint8
	state    uint8 // in label.States
	tested   bool
	ladder   bool // the level is one of a ladder
}

// step returns the place of a level among all by which labels are narrowed: those of
// ladders come first, and then those of each scheme.
func (c *column) step() int {
	if c.ladder {
		return int(c.level)
	}
	return int(1+c.scheme)*maxLevels + int(c.level)
}

const never = math.MaxInt64

// day is the seconds of one.
const day = 24 * 60 * 60

// newSegment makes a segment of records of different labels.
func newSegment(records []*Record, n *numbers) *segment {
	records = slices.SortedFunc(slices.Values(records), func(a, b *Record) int { return cmp.Compare(a.Entry, b.Entry) })
	s := &segment{past: map[uint32]*label.History{}, starts: []uint32{0}}
	at := map[string][]uint32{}
	for i, r := range records {
		s.add(r, n)
		for _, w := range r.words() {
			if p := at[w]; w != "" && (len(p) == 0 || p[len(p)-1] != uint32(i)) {
				at[w] = append(p, uint32(i))
			}
		}
	}
	for _, w := range slices.Sorted(maps.Keys(at)) {
		s.addWord([]byte(w), at[w])
	}
	order := func(compare func(a, b hit) int) []uint32 {
		return slices.SortedFunc(slices.Values(s.all()), func(a, b uint32) int { return compare(hit{s, a}, hit{s, b}) })
	}
	s.byID, s.byName, s.bySupport = order(byID), order(byName), order(bySupport)
	return s
}

// add adds a record, which is younger than those there are.
func (s *segment) add(r *Record, n *numbers) {
	c := column{
		until: never, maker: n.makers.number(r.Manufacturer.ID), category: n.categories.number(r.Category), scheme: n.schemes.number(r.Scheme),
		level: uint8(min(r.Level.Number, maxLevels-1)), state: uint8(slices.Index(label.States, r.State)), tested: r.Assurance == label.LabTested,
		ladder: r.Level.Presentation == label.Ladder,
	}
	if !r.until.IsZero() {
		c.until = r.until.Unix()
	}
	if r.history != nil {
		s.past[uint32(len(s.rows))] = r.history
	}
	w := row{
		support: int32(r.SupportEnd.Start().Unix() / day), entry: r.Entry, expires: r.expires.Unix(),
		party: n.parties.number(r.Manufacturer), level: n.levels.number(r.Level),
	}
	copy(w.id[:], r.ID)
	s.rows, s.columns = append(s.rows, w), append(s.columns, c)
	s.texts.add([]byte(r.Brand))
	s.texts.add([]byte(r.Name))
	s.texts.add([]byte(r.Model))
	s.texts.add([]byte(fold(r.Name)))
}

// addWord adds a word, which sorts after those there are, and where it is.
func (s *segment) addWord(w []byte, places []uint32) {
	if !bytes.ContainsAny(w, "0123456789") {
		s.spoken = append(s.spoken, uint32(s.words.len()))
	}
	s.words.add(w)
	s.places = append(s.places, places...)
	s.starts = append(s.starts, uint32(len(s.places)))
}

// all returns all places.
func (s *segment) all() []uint32 {
	list := make([]uint32, len(s.rows))
	for i := range list {
		list[i] = uint32(i)
	}
	return list
}

// placesOf returns the places of a word.
func (s *segment) placesOf(word int) []uint32 { return s.places[s.starts[word]:s.starts[word+1]] }

// record returns the record at a place, as of an instant.
func (s *segment) record(place uint32, n *numbers, now time.Time) *Record {
	w, c := &s.rows[place], &s.columns[place]
	r := &Record{
		ID: label.ID(w.id[:]), Entry: w.entry, Brand: string(s.part(place, brand)), Name: string(s.part(place, name)), Model: string(s.part(place, model)),
		Category: n.categories.list[c.category], Manufacturer: n.parties.list[w.party], Scheme: n.schemes.list[c.scheme], Level: n.levels.list[w.level],
		Assurance: label.SelfDeclared, SupportEnd: label.DateOf(time.Unix(int64(w.support)*day, 0)), State: label.States[s.state(place, now)],
	}
	if c.tested {
		r.Assurance = label.LabTested
	}
	h := s.past[place]
	if h == nil { // nothing but time has happened to it
		h = &label.History{Label: &label.Label{ID: r.ID, Expires: time.Unix(w.expires, 0).UTC()}}
		h.Label.Product.SupportEnd = r.SupportEnd
	}
	standing := h.StandingAt(now)
	r.Standing = &standing
	return r
}

// part returns a part of a row's text.
func (s *segment) part(place uint32, part int) []byte { return s.texts.at(int(place)*parts + part) }

// state returns how the label at a place stands at an instant, not before the one
// for which its record was made: an index of label.States.
func (s *segment) state(place uint32, now time.Time) uint8 {
	c := &s.columns[place]
	if now.Unix() < c.until {
		return c.state
	}
	is := label.Active
	if h := s.past[place]; h != nil {
		is = h.StandingAt(now).State
	} else if now.Unix() >= s.rows[place].expires {
		is = label.Expired
	}
	return uint8(slices.Index(label.States, is))
}

// locate returns the place of a label.
func (s *segment) locate(id label.ID) (place uint32, ok bool) {
	i, ok := slices.BinarySearchFunc(s.byID, id, func(p uint32, id label.ID) int { return cmp.Compare(string(s.rows[p].id[:]), string(id)) })
	if ok {
		place = s.byID[i]
	}
	return place, ok
}

// find returns the places of the words that begin with one, and of those that
// are that word.
func (s *segment) find(word string) (begins, is set) {
	begins, is = newSet(len(s.rows)), newSet(len(s.rows))
	n := s.words.len()
	for i := sort.Search(n, func(i int) bool { return string(s.words.at(i)) >= word }); i < n && bytes.HasPrefix(s.words.at(i), []byte(word)); i++ {
		for _, p := range s.placesOf(i) {
			begins.add(p)
			if len(s.words.at(i)) == len(word) {
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
	for k := sort.Search(len(s.spoken), func(k int) bool { return string(s.words.at(int(s.spoken[k]))) >= first }); k < len(s.spoken); k++ {
		i := s.spoken[k]
		w := string(s.words.at(int(i)))
		if !strings.HasPrefix(w, first) {
			break
		}
		if count := len(s.placesOf(int(i))); count > n && near(word, w) {
			best, n = w, count
		}
	}
	return best, n
}

// A hit is a place in a segment.
type hit struct {
	*segment
	place uint32
}

func (h hit) row() *row { return &h.rows[h.place] }

func byID(a, b hit) int  { return bytes.Compare(a.row().id[:], b.row().id[:]) }
func byAge(a, b hit) int { return cmp.Compare(b.row().entry, a.row().entry) }
func byLevel(a, b hit) int {
	return cmp.Or(cmp.Compare(b.columns[b.place].level, a.columns[a.place].level), byAge(a, b))
}
func byName(a, b hit) int {
	return cmp.Or(bytes.Compare(a.part(a.place, sortName), b.part(b.place, sortName)), byAge(b, a))
}

// bySupport compares by the end of support, the latest first.
func bySupport(a, b hit) int {
	return cmp.Or(cmp.Compare(b.row().support, a.row().support), byAge(a, b))
}

// A live segment is one of which some rows are hidden: there are newer ones.
type live struct {
	*segment
	hidden set
}

// shown returns a segment of which nothing is hidden.
func shown(s *segment) live { return live{s, newSet(len(s.rows))} }

// len returns how many rows are not hidden.
func (l *live) len() int { return len(l.rows) - l.hidden.count() }

// hide hides what other records replace.
func (l *live) hide(records []*Record) {
	l.hidden = slices.Clone(l.hidden)
	for _, r := range records {
		if p, ok := l.locate(r.ID); ok {
			l.hidden.add(p)
		}
	}
}
