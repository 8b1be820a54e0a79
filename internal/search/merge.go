package search

import (
	"bytes"
	"cmp"
	"iter"
	"math"
	"slices"

	"labeld/internal/label"
)

// merge makes one segment of what is not hidden of two, which have no label in
// common. All lists are sorted in both already, and no text is taken apart again.
func merge(a, b live) *segment {
	n := a.len() + b.len()
	s := &segment{rows: make([]row, 0, n), columns: make([]column, 0, n), past: map[uint32]*label.History{}}
	s.texts.grow(&a.texts, &b.texts)
	from, moves := [2]live{a, b}, [2]moved{a.moved(), b.moved()}
	for of, p := range both(a.all(), b.all(), func(p, q uint32) int { return byAge(hit{b.segment, q}, hit{a.segment, p}) }) {
		if from[of].hidden.has(p) {
			continue
		}
		to := uint32(len(s.rows))
		moves[of][p] = to
		s.rows, s.columns = append(s.rows, from[of].rows[p]), append(s.columns, from[of].columns[p])
		for part := range parts {
			s.texts.add(from[of].part(p, part))
		}
		if past := from[of].past[p]; past != nil {
			s.past[to] = past
		}
	}
	s.mergeWords(a.segment, b.segment, moves)
	order := func(a, b []uint32, compare func(a, b hit) int) []uint32 {
		out := make([]uint32, 0, n)
		for _, p := range both(moves[0].places(nil, a), moves[1].places(nil, b), func(p, q uint32) int { return compare(hit{s, p}, hit{s, q}) }) {
			out = append(out, p)
		}
		return out
	}
	s.byID = order(a.byID, b.byID, byID)
	s.byName = order(a.byName, b.byName, byName)
	s.bySupport = order(a.bySupport, b.bySupport, bySupport)
	return s
}

// mergeWords gives s the words of two segments whose rows have moved there.
func (s *segment) mergeWords(a, b *segment, moves [2]moved) {
	s.words.grow(&a.words, &b.words)
	s.starts = append(make([]uint32, 0, len(a.starts)+len(b.starts)), 0)
	s.places = make([]uint32, 0, len(a.places)+len(b.places))
	var p, q, places []uint32
	for i, j := 0, 0; i < a.words.len() || j < b.words.len(); {
		first := 0 // below zero where a has the next word, above where b has
		switch {
		case i == a.words.len():
			first = 1
		case j == b.words.len():
			first = -1
		default:
			first = bytes.Compare(a.words.at(i), b.words.at(j))
		}
		p, q, places = p[:0], q[:0], places[:0]
		var w []byte
		if first <= 0 {
			w, p = a.words.at(i), moves[0].places(p, a.placesOf(i))
			i++
		}
		if first >= 0 {
			w, q = b.words.at(j), moves[1].places(q, b.placesOf(j))
			j++
		}
		for _, place := range both(p, q, cmp.Compare[uint32]) {
			places = append(places, place)
		}
		if len(places) > 0 {
			s.addWord(w, places)
		}
	}
}

// A moved list says where each row of a segment went in another.
type moved []uint32

const gone = math.MaxUint32

// moved returns a list where all rows are gone.
func (s *segment) moved() moved { return slices.Repeat(moved{gone}, len(s.rows)) }

// places appends the new places of rows to a list.
func (m moved) places(list, rows []uint32) []uint32 {
	for _, p := range rows {
		if m[p] != gone {
			list = append(list, m[p])
		}
	}
	return list
}

// both yields what two sorted lists have, in order, and which of the two has it.
func both(a, b []uint32, compare func(a, b uint32) int) iter.Seq2[int, uint32] {
	return func(yield func(int, uint32) bool) {
		for len(a)+len(b) > 0 {
			of, from := 0, &a
			if len(a) == 0 || len(b) > 0 && compare(a[0], b[0]) > 0 {
				of, from = 1, &b
			}
			if !yield(of, (*from)[0]) {
				return
			}
			*from = (*from)[1:]
		}
	}
}
