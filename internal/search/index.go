package search

import (
	"iter"
	"slices"
	"sync/atomic"

	"labeld/internal/label"
)

// A live segment is one of which some records are hidden: there are newer ones.
type live struct {
	*segment
	hidden set
}

// A Snapshot is the index at one time. It never changes.
type Snapshot struct {
	large, small live
	n            int
}

func (s *Snapshot) segments() []live { return []live{s.large, s.small} }

// Len returns how many labels there are.
func (s *Snapshot) Len() int { return s.n }

// All returns every record, of the large segment first.
func (s *Snapshot) All() iter.Seq[*Record] {
	return func(yield func(*Record) bool) {
		for _, seg := range s.segments() {
			for i, r := range seg.records {
				if !seg.hidden.has(uint32(i)) && !yield(r) {
					return
				}
			}
		}
	}
}

// HasCategory reports whether any label is of a category.
func (s *Snapshot) HasCategory(id string) bool {
	return slices.ContainsFunc(s.segments(), func(seg live) bool { return seg.categories.has(id) })
}

// HasScheme reports whether any label is in a scheme.
func (s *Snapshot) HasScheme(id string) bool {
	return slices.ContainsFunc(s.segments(), func(seg live) bool { return seg.schemes.has(id) })
}

// An Index makes snapshots. One goroutine puts records into it; any number may
// read its snapshots.
type Index struct {
	current atomic.Pointer[Snapshot]

	large   *segment
	places  map[label.ID]uint32 // in the large segment
	changed map[label.ID]*Record
}

// NewIndex returns an index without labels.
func NewIndex() *Index {
	x := &Index{changed: map[label.ID]*Record{}}
	x.compact()
	return x
}

// Snapshot returns the index as it is.
func (x *Index) Snapshot() *Snapshot { return x.current.Load() }

// Put adds records, and replaces those of labels that are there.
func (x *Index) Put(records []*Record) {
	for _, r := range records {
		x.changed[r.ID] = r
	}
	if len(x.changed) > leastDelta && len(x.changed) > len(x.places)/deltaShare {
		x.compact()
		return
	}
	x.publish()
}

// Get returns the record of a label, or nil. It is for the goroutine that puts
// records.
func (x *Index) Get(id label.ID) *Record {
	if r := x.changed[id]; r != nil {
		return r
	}
	if p, ok := x.places[id]; ok {
		return x.large.records[p]
	}
	return nil
}

// publish makes a snapshot of the two segments.
func (x *Index) publish() {
	hidden := newSet(len(x.large.records))
	small := make([]*Record, 0, len(x.changed))
	replaced := 0
	for id, r := range x.changed {
		small = append(small, r)
		if p, ok := x.places[id]; ok {
			hidden.add(p)
			replaced++
		}
	}
	seg := newSegment(small)
	x.current.Store(&Snapshot{
		large: live{x.large, hidden}, small: live{seg, newSet(len(small))}, n: len(x.places) + len(small) - replaced,
	})
}

// compact makes both segments into one.
func (x *Index) compact() {
	var records []*Record
	if x.large != nil {
		for _, r := range x.large.records {
			if x.changed[r.ID] == nil {
				records = append(records, r)
			}
		}
	}
	for _, r := range x.changed {
		records = append(records, r)
	}
	x.large = newSegment(records)
	x.places = make(map[label.ID]uint32, len(records))
	for i, r := range x.large.records {
		x.places[r.ID] = uint32(i)
	}
	clear(x.changed)
	x.publish()
}
