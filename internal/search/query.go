package search

import (
	"iter"
	"math/bits"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"labeld/internal/label"
)

// A Sort is an order of results.
type Sort string

const (
	Best    Sort = ""        // whole words first, of these what counts, then the newest
	Newest  Sort = "newest"  // by age
	Level   Sort = "level"   // the highest first
	Name    Sort = "name"    // by alphabet
	Support Sort = "support" // the longest supported first
)

// Sorts lists the orders.
var Sorts = []Sort{Best, Newest, Level, Name, Support}

// A Query is what somebody looks for. Empty members do not narrow it.
type Query struct {
	Text         string
	Category     string
	Level        int // of the scheme, or where none is named of any ladder
	Scheme       string
	State        label.State
	Assurance    label.Assurance
	Manufacturer string // ID
	Sort         Sort
	Page         int // from 1; 0 is 1
}

// Check refuses what cannot be looked for.
func (q *Query) Check() error {
	switch n := label.TypedLength(q.Text); {
	case n > MaxQuery:
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "q", "what was typed is %d characters long, at most %d are accepted; a few words will do", n, MaxQuery)
	case !utf8.ValidString(q.Text):
		return label.Errorf(label.Invalid, label.ReasonMalformed, "q", "what was typed is not UTF-8 text")
	case !slices.Contains(Sorts, q.Sort):
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "sort", "must be newest, level, name or support, or left out")
	case q.State != "" && (q.State == label.NotIssued || !slices.Contains(label.States, q.State)):
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "state", "is no state of a label")
	case q.Assurance != "" && q.Assurance != label.LabTested && q.Assurance != label.SelfDeclared:
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "checked", "must be %s or %s, or left out", label.LabTested, label.SelfDeclared)
	case q.Page < 0 || q.Page > MaxPage:
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "page", "must be 1 to %d; narrow the search to see more", MaxPage)
	}
	return nil
}

// A Result is what a query found.
type Result struct {
	Records    []*Record // of the page
	Total      int
	Pages      int
	Categories map[string]int // how many there are of each, but for the filter on that
	Levels     map[Step]int
	States     map[label.State]int
	Propose    string // another query, where nothing was found
}

// A Step is a level by which labels are narrowed. The levels of ladders are one by their
// number, whichever the scheme; a level that is shown by name is its scheme's alone.
type Step struct {
	Scheme string // empty for ladders
	Number int
}

// Find searches, as of an instant.
func (s *Snapshot) Find(q Query, now time.Time) (*Result, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	r := &Result{Categories: map[string]int{}, Levels: map[Step]int{}, States: map[label.State]int{}}
	terms, others := words(q.Text), words(spelled(q.Text))
	if len(others) != len(terms) {
		others = terms // a text that comes apart otherwise has no second spelling
	}
	if len(terms) > MaxWords {
		terms = terms[:MaxWords]
	}
	if len(terms) == 0 && strings.TrimSpace(q.Text) != "" {
		return r, nil // signs only, which no label is found by
	}
	var found []match
	for _, seg := range s.segments() {
		m := seg.matches(terms, others)
		m.filter(&q, &s.numbers, now, r)
		r.Total += m.in.count()
		found = append(found, m)
	}
	r.Pages = min((r.Total+PageSize-1)/PageSize, MaxPage)
	skip := (max(q.Page, 1) - 1) * PageSize
	for h := range merged(found, q.Sort) {
		if skip--; skip >= 0 {
			continue
		}
		if r.Records = append(r.Records, h.record(h.place, &s.numbers, now)); len(r.Records) == PageSize {
			break
		}
	}
	if r.Total == 0 && len(terms) > 0 {
		if r.Propose = s.proposeModel(q.Text); r.Propose == "" {
			r.Propose = s.propose(terms)
		}
	}
	return r, nil
}

// A match is what was found in a segment.
type match struct {
	*segment
	in    set
	whole set // of these, where all words are whole
	live  set // of these, whose labels count
}

// matches returns the places that have all words, each in one of two spellings.
func (l *live) matches(terms, others []string) match {
	m := match{l.segment, all(len(l.rows)), all(len(l.rows)), newSet(len(l.rows))}
	m.in.without(l.hidden)
	for i, t := range terms {
		begins, is := l.find(t)
		if others[i] != t {
			also, whole := l.find(others[i])
			begins.or(also)
			is.or(whole)
		}
		m.in.and(begins)
		m.whole.and(is)
	}
	m.whole.and(m.in)
	return m
}

// filter narrows a match, and counts what there is of each kind: by each filter
// what the others leave, so that people see what another choice would give.
func (m *match) filter(q *Query, n *numbers, now time.Time, r *Result) {
	category, anyCategory := n.categories.wanted(q.Category)
	scheme, anyScheme := n.schemes.wanted(q.Scheme)
	maker, anyMaker := n.makers.wanted(q.Manufacturer)
	state := uint8(max(0, slices.Index(label.States, q.State)))
	active := uint8(slices.Index(label.States, label.Active))
	kinds := make([]int, len(n.categories.list))
	levels := make([]int, (1+len(n.schemes.list))*maxLevels) // of ladders, and then scheme by scheme
	var states [16]int
	at := now.Unix()
	for w, word := range m.in {
		for ; word != 0; word &= word - 1 {
			p := w*64 + bits.TrailingZeros64(word)
			c := &m.columns[p]
			is := c.state
			if at >= c.until {
				is = m.state(uint32(p), now)
			}
			others := (anyScheme || c.scheme == scheme) && (anyMaker || c.maker == maker) &&
				(q.Assurance == "" || c.tested == (q.Assurance == label.LabTested))
			fits := [3]bool{anyCategory || c.category == category, q.Level == 0 || int(c.level) == q.Level && (c.ladder || q.Scheme != ""), q.State == "" || is == state}
			if others && fits[1] && fits[2] {
				kinds[c.category]++
			}
			if others && fits[0] && fits[2] {
				levels[c.step()]++
			}
			if others && fits[0] && fits[1] {
				states[is]++
			}
			if !others || !fits[0] || !fits[1] || !fits[2] {
				m.in[w] &^= 1 << (p % 64)
			} else if is == active {
				m.live.add(uint32(p))
			}
		}
	}
	count(r.Categories, kinds, func(i int) string { return n.categories.list[i] })
	count(r.Levels, levels, func(i int) Step {
		if of := i / maxLevels; of > 0 {
			return Step{n.schemes.list[of-1], i % maxLevels}
		}
		return Step{Number: i}
	})
	count(r.States, states[:], func(i int) label.State { return label.States[i] })
	m.whole.and(m.in)
}

// count adds what there is of each kind.
func count[K comparable](into map[K]int, counts []int, key func(i int) K) {
	for i, n := range counts {
		if n > 0 {
			into[key(i)] += n
		}
	}
}

// maxLevels bounds the levels that are counted; schemes have up to nine.
const maxLevels = 16

// merged returns all that was found, in an order.
func merged(found []match, by Sort) iter.Seq[hit] {
	if by == Best {
		return func(yield func(hit) bool) {
			for _, whole := range []bool{true, false} {
				for _, live := range []bool{true, false} {
					for h := range merged(parted(found, whole, live), Newest) {
						if !yield(h) {
							return
						}
					}
				}
			}
		}
	}
	compare := map[Sort]func(a, b hit) int{Newest: byAge, Level: byLevel, Name: byName, Support: bySupport}[by]
	return func(yield func(hit) bool) {
		var nexts []func() (uint32, bool)
		var heads []hit // of the segments that have more
		for i := range found {
			next, stop := iter.Pull(found[i].sorted(by))
			defer stop()
			if p, ok := next(); ok {
				nexts, heads = append(nexts, next), append(heads, hit{found[i].segment, p})
			}
		}
		for len(heads) > 0 {
			best := 0
			for i, h := range heads {
				if compare(h, heads[best]) < 0 {
					best = i
				}
			}
			if !yield(heads[best]) {
				return
			}
			var more bool
			if heads[best].place, more = nexts[best](); !more {
				nexts, heads = slices.Delete(nexts, best, best+1), slices.Delete(heads, best, best+1)
			}
		}
	}
}

// parted returns of what was found the labels that have all words as whole words, or
// the others; and of these the labels that count, or the others.
func parted(found []match, whole, live bool) []match {
	list := slices.Clone(found)
	for i, m := range found {
		list[i].in = slices.Clone(m.in)
		list[i].in.pick(m.whole, whole)
		list[i].in.pick(m.live, live)
	}
	return list
}

// sorted returns what was found in one segment, in an order.
func (m match) sorted(by Sort) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		give := func(p uint32) bool { return !m.in.has(p) || yield(p) }
		switch by {
		case Name, Support:
			order := m.byName
			if by == Support {
				order = m.bySupport
			}
			for _, p := range order {
				if !give(p) {
					return
				}
			}
		case Level:
			var levels [maxLevels]bool
			for i := range m.columns {
				levels[m.columns[i].level] = true
			}
			for n := range slices.Backward(levels[:]) {
				for p := len(m.columns) - 1; levels[n] && p >= 0; p-- {
					if int(m.columns[p].level) == n && !give(uint32(p)) {
						return
					}
				}
			}
		default:
			for p := len(m.rows) - 1; p >= 0; p-- {
				if !give(uint32(p)) {
					return
				}
			}
		}
	}
}

// propose returns a query that differs little and finds something, or nothing.
func (s *Snapshot) propose(terms []string) string {
	changed := false
	out := slices.Clone(terms)
	for i, t := range terms {
		best, most, there := "", 0, false
		for _, seg := range s.segments() {
			begins, _ := seg.find(t)
			there = there || begins.count() > 0
			if w, n := seg.proposal(t); n > most {
				best, most = w, n
			}
		}
		if !there && best != "" {
			out[i], changed = best, true
		}
	}
	if !changed || !s.finds(out) {
		return ""
	}
	return strings.Join(out, " ")
}

// finds reports whether any label has all of some words.
func (s *Snapshot) finds(terms []string) bool {
	return slices.ContainsFunc(s.segments(), func(seg live) bool {
		m := seg.matches(terms, terms)
		return m.in.count() > 0
	})
}

// proposeModel returns a query with the model number as labels have it that was spelled
// in another way ([label.FoldModel]), or nothing. It may come after other words.
func (s *Snapshot) proposeModel(text string) string {
	fields := strings.Fields(text)
	if len(fields) > MaxWords {
		return ""
	}
	for i := range fields {
		before := words(strings.Join(fields[:i], " "))
		if len(before) > MaxWords {
			break // each costs a pass, and signs between them make many of few fields
		}
		wanted := modelWord(strings.Join(fields[i:], " "))
		for _, seg := range s.segments() {
			m := seg.matches(before, before)
			_, is := seg.find(wanted)
			m.in.and(is)
			for p := range m.sorted(Newest) {
				return strings.Join(append(fields[:i:i], string(seg.part(p, model))), " ")
			}
		}
	}
	return ""
}
