package store_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// leaves returns all leaves of the audit trail.
func leaves(t *testing.T, s *store.Store) (list [][]byte) {
	t.Helper()
	if err := s.View(func(v *store.View) error {
		return v.ActLeaves(0, func(number int64, leaf []byte) bool {
			if number != int64(len(list)) {
				t.Errorf("entry %d follows entry %d", number, len(list)-1)
			}
			list = append(list, slices.Clone(leaf))
			return true
		})
	}); err != nil {
		t.Fatal(err)
	}
	return list
}

// treeOf returns the tree over leaves, and its hashes.
func treeOf(t *testing.T, leaves [][]byte) (translog.Tree, map[translog.Node]translog.Hash) {
	t.Helper()
	tree, added, err := translog.Append(translog.Empty(), nil, leaves)
	if err != nil {
		t.Fatal(err)
	}
	hashes := map[translog.Node]translog.Hash{}
	for _, s := range added {
		hashes[s.Node] = s.Hash
	}
	return tree, hashes
}

// TestTrailIsATree commits acts in batches of several sizes, and holds the tree that
// each batch continues to the one that is computed over all leaves at once.
func TestTrailIsATree(t *testing.T) {
	w := labeltest.New(t, nil)
	before := len(leaves(t, w.Store))
	for size := range 20 {
		var list []*store.Act
		for i := range size {
			list = append(list, labeltest.Act(labeltest.Lab, fmt.Sprintf("kind.k%d", i), ""))
		}
		w.Record(list...)
	}
	all := leaves(t, w.Store)
	if len(all) != before+190 {
		t.Errorf("190 acts came to %d entries", len(all)-before)
	}
	want, hashes := treeOf(t, all)
	if err := w.Store.View(func(v *store.View) error {
		tree, err := v.Trail()
		if err != nil || tree != want {
			t.Errorf("the trail is of %v, its leaves give %v (%v)", tree, want, err)
		}
		for n, h := range hashes {
			if got, err := v.TrailHashes().ReadHashes([]int64{n.Index()}); err != nil || got[0] != h {
				t.Errorf("the hash at %+v is %v, want %s (%v)", n, got, h, err)
			}
		}
		for size := range want.N {
			prefix, _ := treeOf(t, all[:size])
			if root, err := translog.Root(size, v.TrailHashes()); err != nil || root != prefix.Hash {
				t.Errorf("the root at %d is %s, want %s (%v)", size, root, prefix.Hash, err)
			}
		}
		if _, err := v.Act(want.N); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("an entry behind the last gave %v", err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestActIsMadeFit holds that an act is recorded whatever its caller sent, at the time of
// its commit.
func TestActIsMadeFit(t *testing.T) {
	w := labeltest.New(t, nil)
	a := labeltest.Act(labeltest.Lab, "report.submit", "")
	a.At = labeltest.Start.AddDate(-1, 0, 0)
	a.Outcome, a.Subject, a.Text = label.ActRefused, "\x1b[2J\u202e", strings.Repeat("no\n", 1000)
	from := w.Clock.Now().Truncate(time.Millisecond)
	w.Record(a)
	all := leaves(t, w.Store)
	e, err := label.ParseTrailEntry(all[len(all)-1])
	if err != nil {
		t.Fatal(err)
	}
	if e.At.Before(from) || e.At.After(w.Clock.Now()) || e.Subject != "[2J" || len(e.Text) > label.MaxActText || !strings.HasPrefix(e.Text, "no no ") {
		t.Errorf("the entry is %+v", e)
	}
}

// TestActsAreFound looks for acts in every way, and compares what is found with what a
// loop over all of them finds.
func TestActsAreFound(t *testing.T) {
	w := labeltest.New(t, nil)
	orgs := []string{labeltest.Lab, labeltest.Maker, labeltest.Operator, labeltest.Lab + "-2"}
	kinds := []string{"label.issue", "label.revoke", "label", "labels.draw", "label.issue.again"}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	random := func() *store.Act {
		a := labeltest.Act(pick(orgs...), pick(kinds...), "")
		a.Actor.Person, a.Actor.Key, a.Subject = pick("", "iris", `o"brien`), pick("", "k1", "k2"), pick("", "S1", "S2", `S"3`, "S<4>")
		a.Outcome = label.ActOutcomes[r.IntN(len(label.ActOutcomes))]
		return a
	}
	for range 30 {
		var list []*store.Act
		for range 1 + r.IntN(5) {
			list = append(list, random())
		}
		w.Record(list...)
		w.Clock.Set(w.Clock.Now().Add(time.Duration(r.IntN(3)) * time.Minute))
	}
	var all []*label.TrailEntry
	for _, leaf := range leaves(t, w.Store) {
		e, err := label.ParseTrailEntry(leaf)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	for range 400 {
		like := random()
		f := store.ActFilter{}
		for _, set := range []func(){
			func() { f.Organization = like.Actor.Organization }, func() { f.Person = like.Actor.Person }, func() { f.Key = like.Actor.Key },
			func() { f.Kind = like.Kind }, func() { f.Subject = like.Subject }, func() { f.Outcome = like.Outcome },
			func() { f.From = all[r.IntN(len(all))].At }, func() { f.To = all[r.IntN(len(all))].At },
		} {
			if r.IntN(3) == 0 {
				set()
			}
		}
		var want []int64
		for _, e := range slices.Backward(all) {
			if (f.Organization == "" || e.Actor.Organization == f.Organization) && (f.Person == "" || e.Actor.Person == f.Person) && (f.Key == "" || e.Actor.Key == f.Key) &&
				(f.Kind == "" || e.Kind == f.Kind || strings.HasPrefix(e.Kind, f.Kind+".")) && (f.Subject == "" || e.Subject == f.Subject) && (f.Outcome == "" || e.Outcome == f.Outcome) &&
				(f.From.IsZero() || !e.At.Before(f.From)) && (f.To.IsZero() || e.At.Before(f.To)) {
				want = append(want, e.Number)
			}
		}
		most, page := 1+r.IntN(100), 1+r.IntN(10)
		var got []int64
		err := w.Store.View(func(v *store.View) error {
			for before := int64(math.MaxInt64); ; {
				n := 0
				next, err := v.Acts(f, before, most, func(e *label.TrailEntry) bool {
					if n == page {
						return false
					}
					got, n = append(got, e.Number), n+1
					return true
				})
				if err != nil || next == 0 {
					return err
				}
				if next >= before {
					return fmt.Errorf("before %d it goes on before %d", before, next)
				}
				before = next
			}
		})
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%+v, %d at a time of %d looked at: found %v, want %v (%v)", f, page, most, got, want, err)
		}
	}
}

// TestCheckFindsAnotherTrail changes the trail in the file, as somebody would who knows how
// it is kept. Whatever is not changed everywhere is found.
func TestCheckFindsAnotherTrail(t *testing.T) {
	w := filled(t)
	good, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	all := leaves(t, w.Store)
	another := func(e *label.TrailEntry) []byte {
		leaf, err := e.Leaf()
		if err != nil {
			t.Fatal(err)
		}
		return leaf
	}
	last, err := label.ParseTrailEntry(all[len(all)-1])
	if err != nil || len(all) < 3 {
		t.Fatal(len(all), err)
	}
	key := func(n int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(n)) }
	// record returns the record of an entry in a tree over leaves.
	record := func(leaves [][]byte, n int) []byte {
		_, hashes := treeOf(t, leaves)
		var b []byte
		for level := 0; ; level++ {
			h := hashes[translog.Node{Level: level, N: int64(n) >> level}]
			b = append(b, h[:]...)
			if n>>level&1 == 0 {
				return append(b, leaves[n]...)
			}
		}
	}
	head := func(leaves [][]byte) []byte {
		tree, _ := treeOf(t, leaves)
		return append(key(int(tree.N)), tree.Hash[:]...)
	}
	for name, change := range map[string]func(acts, orgs, meta *bolt.Bucket) error{
		"without a head": func(_, _, meta *bolt.Bucket) error { return meta.Delete([]byte("trail")) },
		"with a head that is cut off": func(_, _, meta *bolt.Bucket) error {
			return meta.Put([]byte("trail"), head(all)[:39])
		},
		"with another root": func(_, _, meta *bolt.Bucket) error {
			b := head(all)
			b[20] ^= 1
			return meta.Put([]byte("trail"), b)
		},
		"with the head of a shorter one": func(_, _, meta *bolt.Bucket) error {
			return meta.Put([]byte("trail"), head(all[:len(all)-1]))
		},
		"with another last entry": func(acts, _, _ *bolt.Bucket) error {
			e := *last
			e.Kind = "label.issue"
			return acts.Put(key(len(all)-1), record(append(slices.Clone(all[:len(all)-1]), another(&e)), len(all)-1))
		},
		"with a last entry of another number": func(acts, _, meta *bolt.Bucket) error {
			e := *last
			e.Number++
			list := append(slices.Clone(all[:len(all)-1]), another(&e))
			return errors.Join(acts.Put(key(len(all)-1), record(list, len(all)-1)), meta.Put([]byte("trail"), head(list)))
		},
		"with a last entry of another organization": func(acts, _, meta *bolt.Bucket) error {
			e := *last
			e.Actor.Organization = labeltest.Lab
			list := append(slices.Clone(all[:len(all)-1]), another(&e))
			return errors.Join(acts.Put(key(len(all)-1), record(list, len(all)-1)), meta.Put([]byte("trail"), head(list)))
		},
		"with an entry that says too much": func(acts, _, meta *bolt.Bucket) error {
			list := append(slices.Clone(all[:len(all)-1]), append([]byte(`{"evidence":"all",`), all[len(all)-1][1:]...))
			return errors.Join(acts.Put(key(len(all)-1), record(list, len(all)-1)), meta.Put([]byte("trail"), head(list)))
		},
		"with an entry that is cut off": func(acts, _, _ *bolt.Bucket) error { return acts.Put(key(0), nil) },
		"with one more entry": func(acts, orgs, _ *bolt.Bucket) error {
			e := *last
			e.Number++
			return errors.Join(acts.Put(key(len(all)), record(append(slices.Clone(all), another(&e)), len(all))),
				orgs.Put(append([]byte(e.Actor.Organization+"\x00"), key(len(all))...), nil))
		},
		"with an index of nothing": func(_, orgs, _ *bolt.Bucket) error {
			return orgs.Put(append([]byte(labeltest.Lab+"\x00"), key(len(all)+9)...), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(store.Path(dir), good, 0o600); err != nil {
				t.Fatal(err)
			}
			db, err := bolt.Open(store.Path(dir), 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = db.Update(func(tx *bolt.Tx) error {
				return change(tx.Bucket([]byte("acts")), tx.Bucket([]byte("org_acts")), tx.Bucket([]byte("meta")))
			})
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			s, err := store.OpenReadOnly(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var problems []string
			if err := s.Check(context.Background(), labeltest.Problems(func(p string) { problems = append(problems, p) })); err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(problems, func(p string) bool {
				return strings.Contains(p, "audit trail") || strings.Contains(p, "acts")
			}) {
				t.Errorf("the check says %q", problems)
			}
		})
	}
}

// TestTrailGoesOnFromNoOtherTree holds that nothing is added to a trail whose hashes are
// not those of its head.
func TestTrailGoesOnFromNoOtherTree(t *testing.T) {
	w := filled(t)
	good, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(store.Path(dir), good, 0o600); err != nil {
		t.Fatal(err)
	}
	spoil(t, dir, "acts", "removed")
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	b := &store.Batch{At: w.Clock.Now()}
	if err := s.View(func(v *store.View) error { head, err := v.Head(); b.From = head.Tree; return err }); err != nil {
		t.Fatal(err)
	}
	b.Add(labeltest.Act(labeltest.Lab, "report.submit", ""))
	if err := s.Commit(b); err == nil {
		t.Error("an act was added to a trail that lacks an entry")
	}
}
