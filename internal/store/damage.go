package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"labeld/internal/label"
)

// A Damage is a record that cannot be read, or that an index leads to and that is
// not there. It is the fault of that one record: the store itself can be read,
// and what is beside the record too.
type Damage struct {
	Bucket string
	Key    []byte
	err    *label.Error
}

func (d *Damage) Error() string { return d.err.Error() }

func (d *Damage) Unwrap() error { return d.err }

// Label returns the label that the record is about, as far as its key tells.
func (d *Damage) Label() label.ID {
	switch n := len(d.Key); {
	case d.Bucket == string(bLabels):
		return label.ID(d.Key)
	case d.Bucket == string(bStatuses) && n > 4:
		return label.ID(d.Key[:n-4])
	}
	return ""
}

// corrupt returns the damage of the record with a key in a bucket.
func corrupt(bucket, key []byte, err error) error {
	return &Damage{string(bucket), append([]byte(nil), key...), label.Errorf(label.Internal, label.ReasonInternal, "",
		"record %s/%x cannot be read (%v); run \"labeld check\"", bucket, key, err)}
}

// IndexOf returns the log entry of a label without reading its record, from an
// index of which it reads all: it is for labels whose record cannot be read.
func (v *View) IndexOf(id label.ID) (index int64, ok bool) {
	c := v.tx.Bucket(bOrgLabels).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if _, rest, found := bytes.Cut(k, []byte{0}); found && len(rest) > 8 && label.ID(rest[8:]) == id {
			return ^int64(binary.BigEndian.Uint64(rest[:8])), true
		}
	}
	return 0, false
}

// errMissing is the damage of a record that an index leads to.
var errMissing = errors.New("it is missing")

// present turns the absence of a record that an index leads to into damage.
func present(bucket, key []byte, err error) error {
	if errors.Is(err, ErrNotFound) {
		return corrupt(bucket, key, errMissing)
	}
	return err
}

// Past returns the view with loops that go on past records that cannot be read,
// each of which is told instead. It is for work and lists, where one bad record
// must not stop the rest; never for decisions, which a record that is left out
// might have changed: the loops of other views end with the damage as their error.
func (v *View) Past(tell func(*Damage)) *View { return &View{tx: v.tx, tell: tell} }

// past returns nil where a loop goes on past an error.
func (v *View) past(err error) error {
	if d, ok := errors.AsType[*Damage](err); ok && v.tell != nil {
		v.tell(d)
		return nil
	}
	return err
}

// each calls f with the records of a bucket from a key on, until f returns false.
// Keys have a number of bytes, any where that is 0.
func each[T any](v *View, bucket, from []byte, size int, f func(key []byte, rec *T) bool) error {
	c := v.tx.Bucket(bucket).Cursor()
	for k, b := c.Seek(from); k != nil; k, b = c.Next() {
		rec, err := decode[T](bucket, k, b)
		if err == nil && size != 0 && len(k) != size {
			err = corrupt(bucket, k, fmt.Errorf("its key has %d bytes", len(k)))
		}
		if err != nil {
			if err = v.past(err); err != nil {
				return err
			}
			continue
		}
		if !f(k, rec) {
			return nil
		}
	}
	return nil
}
