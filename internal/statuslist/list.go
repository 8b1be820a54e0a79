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
// hundred does not stand take 30 KB, one in ten 145 KB. Were all values entirely
// random it would be 444 KB, which no programme comes to.
package statuslist

import "fmt"

// A Value is the status of one label.
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

const (
	bits    = 2
	perByte = 8 / bits
	mask    = 1<<bits - 1
)

// A List holds a value for each of a number of places. It is not safe for
// concurrent use while it is being written.
type List struct {
	n int64
	b []byte
}

// New returns a list of n places that are all Valid.
func New(n int64) *List { return &List{n: n, b: make([]byte, (n+perByte-1)/perByte)} }

// Len returns the number of places.
func (l *List) Len() int64 { return l.n }

// Set sets the value of a place, which must be within the list.
func (l *List) Set(i int64, v Value) {
	shift := i % perByte * bits
	l.b[i/perByte] = l.b[i/perByte]&^(mask<<shift) | byte(v&mask)<<shift
}

// Get returns the value of a place; false for one beyond the end.
func (l *List) Get(i int64) (Value, bool) {
	if i < 0 || i >= l.n {
		return 0, false
	}
	return Value(l.b[i/perByte] >> (i % perByte * bits) & mask), true
}
