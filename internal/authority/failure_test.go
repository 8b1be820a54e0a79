package authority_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// damage overwrites a record in the world's database, and has it as it was when
// the test ends.
func damage(w *labeltest.World, bucket, key string) {
	w.TB.Helper()
	put := func(garbage []byte) (before []byte) {
		w.Authority.Close()
		if err := w.Store.Close(); err != nil {
			w.TB.Fatal(err)
		}
		db, err := bolt.Open(store.Path(w.Dir), 0o600, nil)
		if err == nil {
			err = errors.Join(db.Update(func(tx *bolt.Tx) error {
				b := tx.Bucket([]byte(bucket))
				if before = bytes.Clone(b.Get([]byte(key))); before == nil {
					return errors.New("there is no such record")
				}
				return b.Put([]byte(key), garbage)
			}), db.Close())
		}
		if err != nil {
			w.TB.Fatal(err)
		}
		w.Restart()
		return before
	}
	before := put([]byte("garbage"))
	w.TB.Cleanup(func() { put(before) })
}

// entryKey is the key of a log entry.
func entryKey(index int64) string { return string(binary.BigEndian.AppendUint64(nil, uint64(index))) }

// compromised reports the lab's key as compromised for ever.
func compromised(w *labeltest.World) *store.Event {
	w.TB.Helper()
	return w.Report(label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Lab].Public.ID, Since: labeltest.Start.AddDate(-1, 0, 0), Reason: "key-compromised"})
}

// TestOneBadLabelStopsNoEvent damages what is stored of one label in several
// ways, and has the key compromised on which all rest: the others are suspended,
// the event names the one, operators are told, and it is tried again in the end.
func TestOneBadLabelStopsNoEvent(t *testing.T) {
	for name, record := range map[string]func(*authority.Published) (bucket, key string){
		"its log entry": func(p *authority.Published) (string, string) { return "entries", entryKey(p.Index) },
		"its record":    func(p *authority.Published) (string, string) { return "labels", string(p.Label.ID) },
	} {
		t.Run(name, func(t *testing.T) {
			w := labeltest.New(t, nil)
			ids := shelf(w, 4)
			bucket, key := record(state(w, ids[1]))
			var e *store.Event
			op := w.Caller(labeltest.Operator)
			t.Cleanup(func() { // the record is as it was
				_, err := w.Authority.Retry(ctx, op, e.Digest)
				must(t, err)
				must(t, w.Authority.Propagate(ctx))
				if e, err := w.Authority.Event(op, e.Digest); err != nil || e.Failed != 0 || e.Changed != 4 {
					t.Errorf("tried again the event is %+v, %v", e, err)
				}
				_, err = w.Authority.Retry(ctx, op, e.Digest)
				wants(t, err, label.Precondition, label.ReasonStep)
			})
			damage(w, bucket, key)
			alarms := w.Authority.Alarms()
			e = compromised(w)
			if e.Done.IsZero() || e.Changed != 3 || e.Failed != 1 || len(e.Failures) != 1 || e.Failures[0].Label != ids[1] || e.Failures[0].Text == "" {
				t.Errorf("the event is %+v", e)
			}
			if w.Authority.Alarms() == alarms {
				t.Error("no alarm")
			}
			if !slices.Contains(told(t, w, labeltest.Operator), notice.EventFailed) {
				t.Error("operators are not told")
			}
			for i, id := range ids {
				if i != 1 && state(w, id).State != label.Suspended {
					t.Errorf("label %d is not suspended", i)
				}
			}
			problems := ""
			must(t, authority.Check(context.Background(), w.Store, w.Trust, w.Programme, labeltest.Problems(func(p string) { problems += p + "\n" })))
			if !strings.Contains(problems, "labelctl event retry "+e.Digest.String()) {
				t.Errorf("check says %s", problems)
			}
			_, err := w.Authority.Retry(ctx, w.Caller(labeltest.Maker), e.Digest)
			wants(t, err, label.Denied, label.ReasonWrongRole)
			_, err = w.Authority.Retry(ctx, op, e.Digest)
			must(t, err)
			must(t, w.Authority.Propagate(ctx))
			again, err := w.Authority.Event(op, e.Digest)
			if err != nil || again.Failed != 1 || again.Changed != 3 || again.Done.IsZero() {
				t.Errorf("tried again while it is damaged the event is %+v, %v", again, err)
			}
		})
	}
}

// TestOneBadLabelStopsNoWork has what goes on by itself go past a label that
// cannot be read.
func TestOneBadLabelStopsNoWork(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 3)
	must(t, w.Authority.Watch(ctx))
	end := state(w, ids[0]).Expires
	damage(w, "labels", string(ids[1]))
	w.Clock.Set(end.Add(-10 * 24 * time.Hour))
	must(t, w.Authority.Watch(ctx))
	must(t, w.Authority.Remind(ctx))
	must(t, w.Authority.AdviseNew(ctx))
	must(t, w.Authority.RefreshList())
	kinds := told(t, w, labeltest.Maker)
	if n := len(slices.DeleteFunc(slices.Clone(kinds), func(k string) bool { return k != notice.LabelExpiring })); n != 2 {
		t.Errorf("the manufacturer is told %v", kinds)
	}
	if !slices.Contains(told(t, w, labeltest.Operator), notice.WorkFailed) {
		t.Error("operators are not told of the label that could not be looked at")
	}
}

// TestListsNameWhatTheyCannotShow goes through every list with a label in it that
// cannot be read.
func TestListsNameWhatTheyCannotShow(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 3)
	bad := state(w, ids[1])
	damage(w, "entries", entryKey(bad.Index))
	alarms := w.Authority.Alarms()
	list, err := w.Authority.Labels(labeltest.Maker, authority.Page{})
	if err != nil || len(list.Labels) != 2 || !slices.Equal(list.Unavailable, []label.ID{bad.Label.ID}) {
		t.Errorf("labels: %+v, %v", list, err)
	}
	if list, err := w.Authority.OwnLabels(w.Caller(labeltest.Maker), "", authority.Page{}); err != nil || len(list.Labels) != 2 || len(list.Unavailable) != 1 {
		t.Errorf("own labels: %+v, %v", list, err)
	}
	if list, err := w.Authority.ByModel(labeltest.Maker, bad.Label.Device.Model); err != nil || len(list.Labels) != 0 || len(list.Unavailable) != 1 {
		t.Errorf("by model: %+v, %v", list, err)
	}
	changes, _, _, err := w.Authority.Changes(-1, 100)
	issued, unreadable := 0, 0
	for _, c := range changes {
		if c.Unreadable {
			unreadable++
		} else {
			issued++
		}
	}
	if err != nil || issued != 2 || unreadable != 1 {
		t.Errorf("changes: %d labels, %d unreadable, %v", issued, unreadable, err)
	}
	if _, _, _, err := w.Authority.Read(-1, 100); err != nil {
		t.Errorf("reading for the index: %v", err)
	}
	if w.Authority.Alarms() == alarms {
		t.Error("no alarm")
	}
}
