package search

import (
	"iter"
	"maps"
	"slices"
	"sync/atomic"

	"labeld/internal/label"
)

// A Snapshot is the index at one time. It never changes.
type Snapshot struct {
	large, small live
	numbers      numbers
}

func (s *Snapshot) segments() []live { return []live{s.large, s.small} }

// Len returns how many labels there are.
func (s *Snapshot) Len() int { return s.large.len() + s.small.len() }

// IDs returns every label's, of the large segment first.
func (s *Snapshot) IDs() iter.Seq[label.ID] {
	return func(yield func(label.ID) bool) {
		for _, seg := range s.segments() {
			for i := range seg.rows {
				if !seg.hidden.has(uint32(i)) && !yield(label.ID(seg.rows[i].id[:])) {
					return
				}
			}
		}
	}
}

// HasCategory reports whether any label is of a category.
func (s *Snapshot) HasCategory(id string) bool { return s.numbers.categories.has(id) }

// HasScheme reports whether any label is in a scheme.
func (s *Snapshot) HasScheme(id string) bool { return s.numbers.schemes.has(id) }

// An Index makes snapshots. One goroutine puts records into it; any number may
// read its snapshots.
type Index struct{ current atomic.Pointer[Snapshot] }

// NewIndex returns an index without labels.
func NewIndex() *Index {
	x := new(Index)
	empty := shown(newSegment(nil, nil))
	x.current.Store(&Snapshot{large: empty, small: empty})
	return x
}

// Snapshot returns the index as it is.
func (x *Index) Snapshot() *Snapshot { return x.current.Load() }

// Put adds records, and replaces those of labels that are there.
func (x *Index) Put(records []*Record) {
	last := map[label.ID]*Record{}
	for _, r := range records {
		last[r.ID] = r
	}
	records = slices.Collect(maps.Values(last))
	s := *x.current.Load()
	s.large.hide(records)
	s.small.hide(records)
	s.small = shown(merge(s.small, shown(newSegment(records, &s.numbers))))
	if n := s.small.len(); n > leastDelta && n > len(s.large.rows)/deltaShare {
		s.large, s.small = shown(merge(s.large, s.small)), shown(newSegment(nil, nil))
	}
	s.numbers.share()
	x.current.Store(&s)
}
