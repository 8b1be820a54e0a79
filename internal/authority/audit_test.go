package authority_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// heads returns the heads of the audit trail that were logged.
func heads(t *testing.T, s *store.Store) (list []store.AuditHead) {
	t.Helper()
	must(t, s.View(func(v *store.View) error {
		return v.AuditHeads(func(h *store.AuditHead) bool { list = append(list, *h); return true })
	}))
	return list
}

// sizes returns their sizes.
func sizes(list []store.AuditHead) (sizes []int64) {
	for _, h := range list {
		sizes = append(sizes, h.Size)
	}
	return sizes
}

// trailSize returns how many entries the audit trail has.
func trailSize(t *testing.T, s *store.Store) (n int64) {
	t.Helper()
	must(t, s.View(func(v *store.View) error { tree, err := v.Trail(); n = tree.N; return err }))
	return n
}

// TestAuditHeadIsLogged holds that the log gets the head of the audit trail whenever that
// has grown, once, and after a restart too.
func TestAuditHeadIsLogged(t *testing.T) {
	w := labeltest.New(t, nil)
	logged := func(want int64) {
		t.Helper()
		must(t, w.Authority.LogAuditHead(ctx))
		must(t, w.Authority.LogAuditHead(ctx)) // has nothing to do
		list := heads(t, w.Store)
		if n := trailSize(t, w.Store); n != want || len(list) == 0 || list[len(list)-1].Size != want {
			t.Errorf("of %d entries the heads at %v are logged, want the last one at %d", n, sizes(list), want)
		}
	}
	begin := trailSize(t, w.Store)
	if begin == 0 {
		size := w.Authority.LogSize()
		must(t, w.Authority.LogAuditHead(ctx))
		if w.Authority.LogSize() != size {
			t.Error("the head of an empty trail was logged")
		}
	}
	w.Record(labeltest.Act(labeltest.Operator, "org.enrol", "acme"), labeltest.Act(labeltest.Lab, "report.submit", ""))
	logged(begin + 2)
	w.Record(labeltest.Act(labeltest.Maker, "label.request", ""))
	logged(begin + 3)

	// What was done before the end is logged at the next start, and by nobody who only
	// shows what there is.
	w.Record(labeltest.Act(labeltest.Maker, "label.request", ""))
	before := heads(t, w.Store)
	w.ReadOnly = errors.New("behind")
	w.Restart()
	if err := w.Authority.LogAuditHead(ctx); err == nil {
		t.Error("a service that only shows what it has logs a head")
	}
	if got := heads(t, w.Store); !slices.Equal(got, before) {
		t.Errorf("the heads at %v are logged, want %v", sizes(got), sizes(before))
	}
	w.ReadOnly = nil
	w.Restart()
	if got := heads(t, w.Store); !slices.Equal(got, before) {
		t.Errorf("the heads at %v are logged within a minute, want %v", sizes(got), sizes(before))
	}
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	w.Restart()
	if got := sizes(heads(t, w.Store)); !slices.Equal(got, append(sizes(before), begin+4)) {
		t.Errorf("after the start the heads at %v are logged, want one at %d more than %v", got, begin+4, sizes(before))
	}
	size := w.Authority.LogSize()
	w.Restart()
	if w.Authority.LogSize() != size {
		t.Error("a start after which nothing was done logged something")
	}
}

// edited copies the store of a world, changes the copy, and opens that.
func edited(t *testing.T, w *labeltest.World, change func(tx *bolt.Tx) error) *store.Store {
	t.Helper()
	raw, err := os.ReadFile(store.Path(w.Dir))
	must(t, err)
	dir := t.TempDir()
	must(t, os.WriteFile(store.Path(dir), raw, 0o600))
	db, err := bolt.Open(store.Path(dir), 0o600, nil)
	must(t, err)
	must(t, errors.Join(db.Update(change), db.Close()))
	s, err := store.Open(dir)
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// forget empties the audit trail, as if nothing had been done, but for what the log has
// of it.
func forget(tx *bolt.Tx) error {
	for _, name := range []string{"acts", "org_acts"} {
		if err := tx.DeleteBucket([]byte(name)); err != nil {
			return err
		}
		if _, err := tx.CreateBucket([]byte(name)); err != nil {
			return err
		}
	}
	return tx.Bucket([]byte("meta")).Delete([]byte("trail"))
}

// TestRewrittenTrailIsFound has whoever runs the service write the whole audit trail
// anew, in itself without a fault. What the log has of it shows that.
func TestRewrittenTrailIsFound(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Record(labeltest.Act(labeltest.Operator, "org.enrol", "acme"), labeltest.Act(labeltest.Operator, "key.enrol", "acme"), labeltest.Act(labeltest.Lab, "report.submit", ""))
	must(t, w.Authority.LogAuditHead(ctx))
	w.Record(labeltest.Act(labeltest.Operator, "label.suspend", ""))
	must(t, w.Authority.LogAuditHead(ctx))
	w.Authority.Close()
	last := heads(t, w.Store)[1]
	key := func(n int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	acts := func(n int64, but int64) (list []*store.Act) {
		must(t, w.Store.View(func(v *store.View) error {
			for i := range n {
				e, err := v.Act(i)
				if err != nil {
					return err
				}
				a := store.Act(e.Act)
				if i == but {
					a.Subject = "somebody else"
				}
				list = append(list, &a)
			}
			return nil
		}))
		return list
	}
	for name, c := range map[string]struct {
		change func(*bolt.Tx) error
		acts   []*store.Act // in place of those there were
		says   string
		logs   bool // the service notices it by itself
	}{
		"as it was":                  {acts: acts(last.Size, -1), says: "has the root", logs: true}, // at other times
		"with another entry":         {acts: acts(last.Size, last.Size-2), says: "has the root", logs: true},
		"without the last entry":     {acts: acts(last.Size-1, -1), says: "entries, and was logged with", logs: true},
		"without any":                {says: "entries, and was logged with", logs: true},
		"and its last head, by none": {change: func(tx *bolt.Tx) error { return tx.Bucket([]byte("audit_heads")).Delete(key(last.Size)) }, says: "belongs to no record"},
		"and its head, by another entry of the log": {change: func(tx *bolt.Tx) error {
			return tx.Bucket([]byte("audit_heads")).Put(key(last.Size), key(0))
		}, says: "is another statement", logs: true},
		"and its head, by another size": {change: func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte("audit_heads"))
			return errors.Join(b.Delete(key(last.Size)), b.Put(key(last.Size-1), key(last.Index)))
		}, says: "has the head at", logs: true},
	} {
		t.Run(name, func(t *testing.T) {
			s := edited(t, w, func(tx *bolt.Tx) error {
				if c.change != nil {
					return c.change(tx)
				}
				return forget(tx)
			})
			if c.change == nil {
				labeltest.Record(t, s, w.Clock.Now().Add(time.Minute), c.acts...)
			}
			var problems []string
			must(t, authority.Check(ctx, s, w.Trust, w.Programme, labeltest.Problems(func(p string) { problems = append(problems, p) })))
			if !slices.ContainsFunc(problems, func(p string) bool { return strings.Contains(p, c.says) }) {
				t.Errorf("the check says %q", problems)
			}
			if !c.logs {
				return
			}
			w.Clock.Set(w.Clock.Now().Add(time.Hour))
			a, err := authority.New(authority.Config{
				Store: s, Programme: w.Programme, Issuer: w.Issuer, Trust: w.Trust, Audiences: []string{labeltest.Audience},
				Clock: w.Clock.Now, Elapsed: w.Clock.Elapsed, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
			})
			must(t, err)
			defer a.Close()
			labeltest.Record(t, s, w.Clock.Now(), labeltest.Act(labeltest.Operator, "label.clear", ""))
			size := a.LogSize()
			if err := a.LogAuditHead(ctx); err == nil || a.LogSize() != size || a.Alarms() == 0 {
				t.Errorf("the rewritten trail was logged, or no alarm was raised at the start (%v)", err)
			}
		})
	}
}

// TestWhoReadsTheTrail has each role read the audit trail.
func TestWhoReadsTheTrail(t *testing.T) {
	w := labeltest.New(t, nil)
	begin := trailSize(t, w.Store)
	for i := range 60 {
		org := []string{labeltest.Lab, labeltest.Maker, labeltest.Operator}[i%3]
		w.Record(labeltest.Act(org, "test.act", fmt.Sprint(i)))
	}
	operator, lab, maker := w.Caller(labeltest.Operator), w.Caller(labeltest.Lab), w.Caller(labeltest.Maker)
	read := func(c authority.Caller, f store.ActFilter, size int) (subjects []string) {
		t.Helper()
		f.Kind = "test"
		for p := (authority.Page{Size: size}); ; {
			list, next, err := w.Authority.Acts(c, f, p)
			must(t, err)
			for _, e := range list {
				subjects = append(subjects, e.Subject)
			}
			if p.Token = next; next == "" {
				return subjects
			}
		}
	}
	if got := read(operator, store.ActFilter{}, 7); len(got) != 60 || got[0] != "59" || got[59] != "0" {
		t.Errorf("an operator reads %v", got)
	}
	for _, size := range []int{0, 1, 20, 500} {
		for _, f := range []store.ActFilter{{}, {Organization: labeltest.Maker}} {
			if got := read(maker, f, size); len(got) != 20 || got[0] != "58" || got[19] != "1" {
				t.Errorf("a manufacturer reads %v", got)
			}
		}
	}
	_, _, err := w.Authority.Acts(lab, store.ActFilter{Organization: labeltest.Maker}, authority.Page{})
	wants(t, err, label.Denied, label.ReasonNotYours)
	_, _, err = w.Authority.Acts(authority.Caller{}, store.ActFilter{}, authority.Page{})
	wants(t, err, label.Unauthenticated, label.ReasonToken)
	_, token, err := w.Authority.Acts(operator, store.ActFilter{Kind: "test"}, authority.Page{Size: 5})
	must(t, err)
	_, _, err = w.Authority.Acts(operator, store.ActFilter{Kind: "test.act"}, authority.Page{Token: token})
	wants(t, err, label.Invalid, label.ReasonMalformed)

	// One entry, and what proves it.
	must(t, w.Authority.LogAuditHead(ctx))
	w.Record(labeltest.Act(labeltest.Lab, "test.act", "60"))
	for number := begin; number <= begin+60; number++ {
		p, err := w.Authority.Act(operator, number)
		must(t, err)
		trail, err := w.Trust.Trail(verify.NewTrailHead(p.Logged.Bundle, p.Logged.Proof), w.Clock.Now())
		must(t, err)
		if trail.Head.Size != begin+60 {
			t.Fatalf("the logged head is at %d, want %d", trail.Head.Size, begin+60)
		}
		e, err := trail.Proves(p.Leaf, p.Hashes)
		if number == begin+60 {
			wants(t, err, label.Precondition, label.ReasonNotLogged)
			continue
		}
		if err != nil || *e != *p.TrailEntry {
			t.Errorf("entry %d is not proved: %v", number, err)
		}
		other, err := w.Authority.Act(operator, begin+(number-begin+1)%60)
		must(t, err)
		_, err = trail.Proves(p.Leaf, other.Hashes)
		wants(t, err, label.Invalid, label.ReasonBadSignature)
	}
	if _, err := w.Authority.Act(lab, begin); err != nil {
		t.Errorf("a laboratory cannot read what it did: %v", err)
	}
	for _, number := range []int64{begin + 1, begin + 61, -1, 1 << 62} {
		_, err := w.Authority.Act(lab, number)
		wants(t, err, label.NotFound, label.ReasonUnknownAct)
	}

	// All of it.
	var leaves [][]byte
	for {
		some, err := w.Authority.ExportActs(operator, int64(len(leaves)), 7)
		must(t, err)
		if len(some) == 0 {
			break
		}
		leaves = append(leaves, some...)
	}
	tree, _, err := translog.Append(translog.Empty(), nil, leaves)
	must(t, err)
	must(t, w.Store.View(func(v *store.View) error {
		if want, err := v.Trail(); err != nil || tree != want {
			t.Errorf("what is exported has the tree %v, want %v (%v)", tree, want, err)
		}
		return nil
	}))
	for _, c := range []authority.Caller{lab, maker} {
		_, err = w.Authority.ExportActs(c, 0, 0)
		wants(t, err, label.Denied, label.ReasonWrongRole)
		_, _, err = w.Authority.AuditHead(c)
		wants(t, err, label.Denied, label.ReasonWrongRole)
	}
	_, err = w.Authority.ExportActs(operator, -1, 0)
	wants(t, err, label.Invalid, label.ReasonOutOfRange)
	if got := trailSize(t, w.Store); got != begin+61 {
		t.Errorf("reading the trail has made %d entries", got-begin-61)
	}
}
