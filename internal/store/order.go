package store

import (
	"bytes"
	"cmp"
	"slices"

	"labeld/internal/label"
)

// # Going through everything in order
//
// Statements are found by digest and labels by ID, which are random, and what is large
// of them lies by a number, in the order in which it came. Whoever goes through all of
// them by their keys comes to what is large by chance: in a file that is larger than
// the memory it may take, each time to a page that has to be mapped again, which costs
// more than what is done with it. So they are gone through in order of those numbers:
// first only the numbers are read, then the records, in runs, each by their keys.

// A located record has a key, and a number by which lies what belongs to it.
type located struct {
	at  uint64
	key string
}

// aheadRun is how many records are read ahead: so many that each page with records is
// come to a few times, and so few that they take some ten megabytes.
const aheadRun = 16 << 10

// inOrder calls f with the records of a bucket in the order of a number, which number
// reads from a record, in runs of at most size. Those of a run, and the keys beside them,
// are in the order of their keys. It calls settle after each [Lot] of records that it
// reads.
func inOrder[T any](v *View, bucket []byte, size int, settle func(), number func(record []byte) (uint64, error), f func(run []T, keys []located) bool) error {
	var list []located
	c, n := v.tx.Bucket(bucket).Cursor(), 0
	for k, b := c.First(); k != nil; k, b = c.Next() {
		if n++; n%Lot == 0 {
			settle()
		}
		at, err := number(b)
		if err != nil {
			if err = v.past(corrupt(bucket, k, err)); err != nil {
				return err
			}
			continue
		}
		list = append(list, located{at, string(k)})
	}
	slices.SortFunc(list, func(a, b located) int { return cmp.Compare(a.at, b.at) })
	for run := range slices.Chunk(list, size) {
		slices.SortFunc(run, func(a, b located) int { return cmp.Compare(a.key, b.key) })
		records, keys := make([]T, 0, len(run)), run[:0]
		for i, l := range run {
			if i%Lot == 0 {
				settle()
			}
			rec, err := getJSON[T](v, bucket, []byte(l.key))
			if err == nil {
				records, keys = append(records, *rec), append(keys, l)
			} else if err = v.past(err); err != nil {
				return err
			}
		}
		if !f(records, keys) {
			return nil
		}
	}
	return nil
}

// Arrived calls f with every accepted statement in the order in which they came, which
// is that of [View.Evidence] and [View.Gist], until f returns false. It calls settle
// after each [Lot] of records that it reads, which it does ahead of f.
func (v *View) Arrived(f func(*Statement) bool, settle func()) error {
	return inOrder(v, bStatements, aheadRun, settle, func(b []byte) (uint64, error) {
		var s struct {
			Place uint64 `json:"place"`
		}
		return s.Place, label.DecodeLoose(b, &s)
	}, func(run []Statement, keys []located) bool {
		for i := range run {
			run[i].ID = label.Digest([]byte(keys[i].key))
		}
		slices.SortFunc(run, func(a, b Statement) int { return cmp.Compare(a.Place, b.Place) })
		for i := range run {
			if !f(&run[i]) {
				return false
			}
		}
		return true
	})
}

// An IssuedLabel is a label with what is on record of its device.
type IssuedLabel struct {
	Label
	Device     *Device           // nil where Err says why
	Statements []DeviceStatement // about the device
	Err        error
}

// Issued calls f with every label in the order of their log entries, which is that of
// [View.Entry] and [View.Outline], until f returns false. It calls settle as
// [View.Arrived] does.
func (v *View) Issued(f func(*IssuedLabel) bool, settle func()) error {
	return inOrder(v, bLabels, aheadRun, settle, func(b []byte) (uint64, error) {
		var l struct {
			Index uint64 `json:"index"`
		}
		return l.Index, label.DecodeLoose(b, &l)
	}, func(run []Label, keys []located) bool {
		list := make([]IssuedLabel, len(run))
		for i, l := range run {
			l.ID = label.ID(keys[i].key)
			list[i].Label = l
		}
		slices.SortFunc(list, func(a, b IssuedLabel) int { return bytes.Compare(a.Label.Device[:], b.Label.Device[:]) })
		for i := range list {
			if i%Lot == 0 {
				settle()
			}
			l := &list[i]
			if l.Device, l.Err = v.Device(l.Label.Device); l.Err == nil {
				l.Statements, l.Err = v.DeviceStatements(l.Label.Device)
			}
		}
		slices.SortFunc(list, func(a, b IssuedLabel) int { return cmp.Compare(a.Index, b.Index) })
		for i := range list {
			if !f(&list[i]) {
				return false
			}
		}
		return true
	})
}
