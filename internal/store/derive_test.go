package store

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	bolt "go.etcd.io/bbolt"
)

// TestSums requires that a sum is of the records, in whatever order they come, and of
// nothing else: each of the changes to one record gives another.
func TestSums(t *testing.T) {
	type record struct{ bucket, key, value string }
	var list []record
	for i := range 100 {
		list = append(list, record{string(bNumbers), fmt.Sprint("key", i), fmt.Sprint("value", i)}, record{string(bModels), fmt.Sprint("key", i), ""})
	}
	all := newSums()
	of := func(list []record) (numbers, models sum) {
		s := all.another()
		for _, i := range rand.Perm(len(list)) {
			s.add(list[i].bucket, []byte(list[i].key), []byte(list[i].value))
		}
		return s.of(bNumbers), s.of(bModels)
	}
	numbers, models := of(list)
	if numbers.records != 100 || models.records != 100 || numbers == models {
		t.Fatalf("the sums are %v and %v", numbers, models)
	}
	if n, m := of(list); n != numbers || m != models {
		t.Error("in another order the same records have another sum")
	}
	for name, change := range map[string]func(list []record) []record{
		"one less":         func(list []record) []record { return append(list[:2], list[3:]...) },
		"one twice":        func(list []record) []record { return append(list, list[0]) },
		"another instead":  func(list []record) []record { list[0].key = "other"; return list },
		"twice instead":    func(list []record) []record { list[0] = list[2]; return list },
		"another value":    func(list []record) []record { list[0].value = "other"; return list },
		"exchanged values": func(list []record) []record { list[0].value, list[2].value = list[2].value, list[0].value; return list },
		"cut elsewhere":    func(list []record) []record { list[0].key, list[0].value = "key", "0value0"; return list },
	} {
		if n, m := of(change(slices.Clone(list))); n == numbers || m != models {
			t.Errorf("%s: the sums are %v and %v", name, n, m)
		}
	}
	list[1].value = "something" // which says nothing about whether the index has it
	if _, m := of(list); m != models {
		t.Error("a value that follows from nothing makes a difference")
	}
}

// TestInOrder requires every record once, in order across runs, and of a damaged one
// that it is told of.
func TestInOrder(t *testing.T) {
	db, err := bolt.Open(t.TempDir()+"/db", 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	const records, size = 1000, 16
	err = db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucket(bLabels)
		for i := range records {
			if err == nil {
				err = b.Put(binary.BigEndian.AppendUint64(nil, rand.Uint64()), fmt.Appendf(nil, `{"index":%d}`, i))
			}
		}
		if err == nil {
			err = b.Put([]byte("damaged"), []byte("{"))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var told, runs, settled int
	var got []int64
	err = db.View(func(tx *bolt.Tx) error {
		v := (&View{tx: tx}).Past(func(*Damage) { told++ })
		number := func(b []byte) (n uint64, err error) {
			_, err = fmt.Sscanf(string(b), `{"index":%d}`, &n)
			return n, err
		}
		return inOrder(v, bLabels, size, func() { settled++ }, number, func(run []Label, keys []located) bool {
			runs++
			var in []int64
			for i := range run {
				if keys[i].at != uint64(run[i].Index) || i > 0 && keys[i-1].key >= keys[i].key {
					t.Fatalf("record %d of run %d is %+v at %+v", i, runs, run[i], keys[i])
				}
				in = append(in, run[i].Index)
			}
			slices.Sort(in)
			got = append(got, in...)
			return true
		})
	})
	if err != nil || told != 1 || runs != (records+size-1)/size || len(got) != records || settled < 2*records/Lot {
		t.Fatalf("%d records in %d runs, %d damaged, settled %d times, %v", len(got), runs, told, settled, err)
	}
	for i, n := range got {
		if n != int64(i) {
			t.Fatalf("record %d comes as number %d", n, i)
		}
	}
}
