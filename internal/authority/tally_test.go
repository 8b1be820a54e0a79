package authority_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// TestTallyFollowsTheClock lets the clock jump and step back. What is published is
// believed by those whose clocks are right: neither too old nor dated ahead.
func TestTallyFollowsTheClock(t *testing.T) {
	l := newLife(t)
	l.Change(labeltest.Operator, l.pub, label.Review, "complaint")
	told := func(when string) {
		t.Helper()
		p, now := l.now(), l.Clock.Now()
		r, err := l.Trust.Verify(p.Package, now, now)
		if err == nil {
			err = r.Told()
		}
		if err != nil || r.Review == nil {
			t.Fatalf("%s: %v", when, err)
		}
		if age := now.Sub(r.Complete); age > 61*time.Minute {
			t.Errorf("%s: complete up to %s ago", when, age)
		}
	}
	told("at once")
	l.pass(40 * 24 * time.Hour)
	told("after the machine slept")
	l.pass(-20 * 24 * time.Hour)
	told("after the clock was set back")
}

// TestLostEntry loses the log entry of a status. The label is not shown as if
// nothing had happened to it, the operator is told, and all others go on.
func TestLostEntry(t *testing.T) {
	l := newLife(t)
	other := l.Issue(l.Example("plug"), 1)
	l.Change(labeltest.Operator, l.pub, label.Review, "complaint")
	l.Change(labeltest.Operator, other, label.Review, "complaint")
	key := binary.BigEndian.AppendUint64(nil, uint64(l.now().Indexes[0]))
	edit := func(f func(*bolt.Bucket) error) {
		t.Helper()
		l.Authority.Close()
		if err := l.Store.Close(); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(store.Path(l.Dir), 0o600, nil)
		if err != nil {
			t.Fatal(err)
		}
		err = db.Update(func(tx *bolt.Tx) error { return f(tx.Bucket([]byte("entries"))) })
		if err = errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
		l.Restart()
	}
	var entry []byte
	edit(func(b *bolt.Bucket) error {
		entry = bytes.Clone(b.Get(key))
		return b.Delete(key)
	})
	if p, err := l.Authority.Lookup(l.pub.Label.ID); err == nil {
		t.Errorf("the label is shown with %d statements", len(p.Statuses))
	}
	if p, err := l.Authority.Lookup(other.Label.ID); err != nil || p.Review == nil {
		t.Errorf("the other label is not shown as it is: %v", err)
	}
	if l.Authority.Failures() == 0 {
		t.Error("no alarm was raised")
	}
	edit(func(b *bolt.Bucket) error { return b.Put(key, entry) })
	if p := l.now(); p.Review == nil {
		t.Error("the label that was repaired is not shown as it is")
	}
}
