package store

import (
	"cmp"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// A Batch is what one [Store.Commit] writes. All of it is written or none.
// The caller has checked that it may be; Commit checks only the log head.
//
// A batch is all that another machine needs to come to the same database: see
// [Batch.Encode].
type Batch struct {
	At     time.Time // of the commit
	Writes []Write   // see [Batch.Add]

	// The log: entries that extend the tree From, the nodes they add, and the
	// signed head that results. Added and Head are unused where Entries is empty.
	From    translog.Tree
	Entries []*Entry
	Added   []translog.StoredHash
	Head    Head
}

// Add adds writes to a batch. Nobody changes them afterwards. Writes of one type are
// carried out in the order in which they were added, and those of different types in
// the order of the table.
func (b *Batch) Add(writes ...Write) { b.Writes = append(b.Writes, writes...) }

// Empty reports whether the batch would write nothing.
func (b *Batch) Empty() bool { return len(b.Writes)+len(b.Entries) == 0 }

// Writes returns the writes of one type in a batch, in the order in which they were
// added.
func Writes[W Write](b *Batch) iter.Seq[W] {
	return func(yield func(W) bool) {
		for _, w := range b.Writes {
			if w, ok := w.(W); ok && !yield(w) {
				return
			}
		}
	}
}

// A Write is one thing that a batch writes: a record, and what finds it. Its types
// are those in the table ([schema]).
type Write interface {
	// edit names the records that the write puts and deletes. They follow from what the
	// write says, when its batch was committed, and the state before it, and from nothing
	// else: so that every machine that carries out the same batches in the same order
	// comes to the same records.
	edit(*edits)

	// code encodes what the write says, or decodes it.
	code(*coder)
}

// A kind is a type of writes, and its number in encoded batches.
type kind struct {
	number byte
	of     reflect.Type
	make   func() Write
}

func kindOf[T any, W interface {
	*T
	Write
}](number byte) kind {
	return kind{number, reflect.TypeFor[W](), func() Write { return W(new(T)) }}
}

// kinds are the types of writes in the order of the table.
var kinds = func() (list []kind) {
	for _, p := range schema() {
		list = append(list, p.writes...)
	}
	return list
}()

// places are those of types of writes in kinds.
var places = func() map[reflect.Type]int {
	places := map[reflect.Type]int{}
	for i, k := range kinds {
		places[k.of] = i
	}
	return places
}()

// numberOf returns the number of a write's kind.
func numberOf(w Write) byte { return kinds[places[reflect.TypeOf(w)]].number }

// newWrite returns an empty write of the kind with a number, or nil.
func newWrite(number byte) Write {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.number == number })
	if i < 0 {
		return nil
	}
	return kinds[i].make()
}

// ordered returns the writes of a batch in the order in which they are carried out.
func (b *Batch) ordered() ([]Write, error) {
	for _, w := range b.Writes {
		if _, ok := places[reflect.TypeOf(w)]; !ok {
			return nil, fmt.Errorf("a batch has a write of type %T, which the schema does not know", w)
		}
	}
	list := slices.Clone(b.Writes)
	slices.SortStableFunc(list, func(x, y Write) int { return cmp.Compare(places[reflect.TypeOf(x)], places[reflect.TypeOf(y)]) })
	return list, nil
}

// An edit puts a record, or deletes one.
type edit struct {
	bucket, key, value []byte
	delete             bool
	last               bool // it is put behind all others of its bucket
}

// Edits are collected from one write, for which View shows the state before it.
type edits struct {
	*View
	at   time.Time // of the commit
	list []edit
	err  error // the first
}

func (e *edits) put(bucket, key, value []byte) {
	e.list = append(e.list, edit{bucket: bucket, key: key, value: value})
}

// putLast is put of a record behind all others of its bucket, whose pages can
// therefore be filled.
func (e *edits) putLast(bucket, key, value []byte) {
	e.list = append(e.list, edit{bucket: bucket, key: key, value: value, last: true})
}

func (e *edits) putJSON(bucket, key []byte, v any) { e.put(bucket, key, e.json(v)) }

func (e *edits) delete(bucket, key []byte) {
	e.list = append(e.list, edit{bucket: bucket, key: key, delete: true})
}

func (e *edits) json(v any) []byte {
	b, err := label.Encode(v)
	e.fail(err)
	return b
}

// next returns the next number of a bucket, which it never gives again.
func (e *edits) next(bucket []byte) uint64 {
	n, err := e.tx.Bucket(bucket).NextSequence()
	e.fail(err)
	return n
}

func (e *edits) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// full is how far pages are filled in buckets that only grow at their ends.
const full = 0.95

// carryOut makes the edits of a write.
func carryOut(tx *bolt.Tx, at time.Time, w Write, room []edit) ([]edit, error) {
	e := edits{View: &View{tx: tx}, at: at, list: room[:0]}
	w.edit(&e)
	for _, x := range e.list {
		if e.err != nil {
			break
		}
		b := tx.Bucket(x.bucket)
		switch {
		case x.delete:
			e.err = b.Delete(x.key)
		case x.last:
			b.FillPercent = full
			e.err = b.Put(x.key, x.value)
		default:
			e.err = b.Put(x.key, x.value)
		}
	}
	return e.list, e.err
}
