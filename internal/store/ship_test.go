package store_test

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// A shipper is a store that ships each batch which it commits.
type shipper struct {
	authority.Store
	mu      sync.Mutex
	shipped [][]byte
	types   []string
}

func (s *shipper) Commit(b *store.Batch) error {
	encoded, err := b.Encode()
	if err != nil {
		return err
	}
	if err := s.Store.Commit(b); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shipped = append(s.shipped, encoded)
	for _, w := range b.Writes {
		s.types = append(s.types, fmt.Sprintf("%T", w))
	}
	if again, err := b.Encode(); err != nil || !bytes.Equal(again, encoded) {
		return fmt.Errorf("carrying out a batch has changed it (%v)", err)
	}
	return nil
}

// TestShippedBatches carries out everything that fills a store on a second one, from
// encoded batches alone. The two have the same records in all buckets.
func TestShippedBatches(t *testing.T) {
	s := &shipper{}
	w := labeltest.New(t, func(inner authority.Store) authority.Store { s.Store = inner; return s })
	before, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.shipped, s.types = nil, nil // what came before is in the file
	s.mu.Unlock()
	enrolAnother(t, w)
	fill(t, w, s)
	rest(t, w, s)
	for _, name := range store.WriteTypes() {
		if !slices.Contains(s.types, name) {
			t.Errorf("nothing was shipped of type %s", name)
		}
	}

	dir := t.TempDir()
	if err := os.WriteFile(store.Path(dir), before, 0o600); err != nil {
		t.Fatal(err)
	}
	second, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, encoded := range s.shipped {
		b, err := store.DecodeBatch(encoded)
		if err == nil {
			err = second.Commit(b)
		}
		if err != nil {
			t.Fatalf("batch %d: %v", i, err)
		}
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	after, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(store.Path(copied), after, 0o600); err != nil {
		t.Fatal(err)
	}
	first, twin := records(t, copied), records(t, dir)
	for _, b := range store.Drawn() {
		if !slices.Equal(first[b.Name], twin[b.Name]) {
			t.Errorf("bucket %s has other records on the second machine:\n%q\n%q", b.Name, first[b.Name], twin[b.Name])
		}
	}
}

// enrolAnother enrols a laboratory, and accredits it.
func enrolAnother(t *testing.T, w *labeltest.World) {
	t.Helper()
	w.Enrol("borealis-lab", label.RoleLab)
	w.Accredit("borealis-lab", nil)
}

// rest writes what filling a store leaves out, straight into it.
func rest(t *testing.T, w *labeltest.World, s authority.Store) {
	t.Helper()
	b := &store.Batch{At: w.Clock.Now()}
	if err := s.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		b.From = head.Tree
		devices, err := v.ModelDevices(labeltest.Maker, w.Example("camera").Device.Model)
		if err != nil {
			return err
		}
		list, err := v.DeviceStatements(devices[0])
		if err != nil {
			return err
		}
		b.Add(&store.Supersession{Device: devices[0], Statement: list[0].ID, By: list[1].ID})
		labels, err := v.DeviceLabels(devices[0])
		if err != nil {
			return err
		}
		b.Add(&store.Verdict{Label: labels[0].ID, Cause: "cause"})
		hooks, err := v.OrgHooks(labeltest.Maker)
		if err != nil {
			return err
		}
		err = v.DeadLetters(hooks[0].ID, nil, func(d *notice.Delivery, _ []byte) bool {
			b.Add(&store.Retry{Hook: d.Hook, Seq: d.Seq, Notice: d.Notice.ID})
			return true
		})
		hook := *hooks[0]
		hook.ID = "another-hook"
		b.Add((*store.Hook)(&hook))
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(b); err != nil {
		t.Fatal(err)
	}
	b = &store.Batch{At: b.At, From: b.From}
	b.Add(&store.HookRemoval{Hook: "another-hook", Organization: labeltest.Maker})
	if err := s.Commit(b); err != nil {
		t.Fatal(err)
	}
}

// records returns all records of a database by bucket, and the last number that each
// bucket gave.
func records(t *testing.T, dir string) map[string][]string {
	t.Helper()
	db, err := bolt.Open(store.Path(dir), 0o600, &bolt.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	all := map[string][]string{}
	if err := db.View(func(tx *bolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bolt.Bucket) error {
			list := []string{fmt.Sprintf("sequence %d", b.Sequence())}
			all[string(name)] = list
			return b.ForEach(func(k, v []byte) error {
				all[string(name)] = append(all[string(name)], fmt.Sprintf("%s = %s", k, v))
				return nil
			})
		})
	}); err != nil {
		t.Fatal(err)
	}
	return all
}
