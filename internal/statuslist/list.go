// Package statuslist is one small signed file that tells of all labels at once
// whether they stand, so that an app or a shop can check a label offline, and
// without telling anybody which one. It follows the IETF's Token Status List
// (draft-ietf-oauth-status-list, revision 21, the form of a JWT).
//
// A label's place in the list is the index of its entry in the transparency
// log, which its inclusion proof shows: nothing has to be allotted. Places of
// other log entries hold 0 and mean nothing. A value says what statements did to
// a label; expiry is not in it, since the label itself says when.
//
//	0  valid      nothing stands against the label
//	1  invalid    it ended for good: revoked, withdrawn, superseded
//	2  suspended  it does not count for the time being
//
// # Size
//
// Two bits a label, compressed, in base64 twice over (once as the draft wants
// it in JSON, once more as part of a JWT): a million labels of which one in a
// hundred does not stand take 29 KB, one in twenty 96 KB, one in ten 143 KB, with
// the changes spread at random. A million labels in states picked at random would
// take 357 KB, and 445 KB is the bound, whatever the list holds.
//
// # Length
//
// The form has no length, only bytes of four places each. A list that was opened
// is therefore up to three places longer than the one that was signed, and those
// are Valid: who asks for a label that is younger than the list must look at when
// the list was made.
package statuslist

import (
	"fmt"
	"slices"
)

// A Value is the status of one label. Two bits hold one more than is named here,
// the draft's 0x03 (application-specific): a label with it does not stand either.
type Value uint8

const (
	Valid     Value = 0
	Invalid   Value = 1
	Suspended Value = 2
)

func (v Value) String() string {
	switch v {
	case Valid:
		return "valid"
	case Invalid:
		return "invalid"
	case Suspended:
		return "suspended"
	}
	return fmt.Sprintf("value %d", v)
}

// MarshalText writes a value as its word.
func (v Value) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

const (
	bits    = 2
	perByte = 8 / bits
	mask    = 1<<bits - 1
)

// A List holds a value for each of a number of places. Any number of goroutines
// may read it. Who writes keeps readers out meanwhile, or lets them have a
// [List.Clone].
type List struct {
	n int64
	b []byte // the places past n, up to the end of the last byte, are 0
}

// New returns a list of n places that are all Valid.
func New(n int64) *List { return &List{n: n, b: make([]byte, (n+perByte-1)/perByte)} }

// Len returns the number of places.
func (l *List) Len() int64 { return l.n }

// Clone returns a list that holds the same and changes on its own.
func (l *List) Clone() *List { return &List{n: l.n, b: slices.Clone(l.b)} }

// Set sets the value of a place. A place beyond the end makes the list longer;
// those between become Valid. It panics at a place below 0 and at a value that
// two bits cannot hold: cut to size it would be another one, perhaps Valid.
func (l *List) Set(i int64, v Value) {
	if i < 0 || v > mask {
		panic(fmt.Sprintf("statuslist: place %d cannot hold %s", i, v))
	}
	if i >= l.n {
		l.n = i + 1
		if more := i/perByte + 1 - int64(len(l.b)); more > 0 {
			l.b = append(l.b, make([]byte, more)...)
		}
	}
	shift := i % perByte * bits
	l.b[i/perByte] = l.b[i/perByte]&^(mask<<shift) | byte(v)<<shift
}

// Get returns the value of a place; false for one beyond the end.
func (l *List) Get(i int64) (Value, bool) {
	if i < 0 || i >= l.n {
		return 0, false
	}
	return Value(l.b[i/perByte] >> (i % perByte * bits) & mask), true
}
