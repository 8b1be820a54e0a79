package translog_test

import (
	"errors"
	"math/bits"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"labeld/internal/translog"
)

func TestEmpty(t *testing.T) {
	want, err := tlog.TreeHash(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := translog.Empty(); got.N != 0 || got.Hash != want {
		t.Errorf("Empty() = %v, want size 0 and %v", got, want)
	}
	// The empty tree needs no reader.
	next, added, err := translog.Append(translog.Empty(), nil, nil)
	if err != nil || next != translog.Empty() || len(added) != 0 {
		t.Errorf("empty batch on the empty tree: %v, %v, %v", next, added, err)
	}
}

// TestAppendOrder holds the order of the added hashes: they continue the
// stored hash index of tlog without a gap.
func TestAppendOrder(t *testing.T) {
	l := newTestLog(t, 37)
	for _, batch := range []int{0, 1, 2, 64, 256} {
		entries := make([][]byte, batch)
		next, added, err := translog.Append(l.tree, l.reader(), entries)
		if err != nil {
			t.Fatal(err)
		}
		if next.N != l.tree.N+int64(batch) || batch == 0 && next != l.tree {
			t.Errorf("batch of %d on %v gives %v", batch, l.tree, next)
		}
		index := tlog.StoredHashCount(l.tree.N)
		for _, s := range added {
			if s.Node.Index() != index || translog.NodeAt(index) != s.Node {
				t.Fatalf("batch of %d: node %+v has index %d, want %d", batch, s.Node, s.Node.Index(), index)
			}
			index++
		}
		if index != tlog.StoredHashCount(next.N) {
			t.Errorf("batch of %d: hashes end at index %d, want %d", batch, index, tlog.StoredHashCount(next.N))
		}
		l.append(t, entries...)
	}
}

func TestAppendReadsTheEdgeOnly(t *testing.T) {
	l := newTestLog(t, 5000)
	for range 20 {
		edge := bits.OnesCount64(uint64(l.tree.N))
		l.reads = 0
		entries := make([][]byte, 256)
		l.append(t, entries...)
		if l.reads != edge {
			t.Errorf("256 entries on %d read %d hashes, want %d", l.tree.N-256, l.reads, edge)
		}
		l.append(t, nil) // one empty entry, to move off multiples of 256
	}
}

// TestAppendCorrupt damages each hash of the right edge in turn.
func TestAppendCorrupt(t *testing.T) {
	l := newTestLog(t, 0b1101101)
	for node := (translog.Node{}); node.Level < 7; node.Level++ {
		if l.tree.N>>node.Level&1 == 0 {
			continue
		}
		node.N = l.tree.N>>node.Level - 1
		good := l.hashes[node]
		bad := good
		bad[31] ^= 1
		l.hashes[node] = bad
		for _, entries := range [][][]byte{nil, {[]byte("x")}} {
			next, added, err := translog.Append(l.tree, l.reader(), entries)
			if !errors.Is(err, translog.ErrCorrupt) || next != (translog.Tree{}) || added != nil {
				t.Errorf("hash at %+v damaged: %v, %v", node, next, err)
			}
		}
		l.hashes[node] = good
	}
	if _, _, err := translog.Append(translog.Tree{}, nil, nil); !errors.Is(err, translog.ErrCorrupt) {
		t.Errorf("size 0 with a zero root: %v", err)
	}
}

func TestAppendReader(t *testing.T) {
	l := newTestLog(t, 3)
	broken := errors.New("disk on fire")
	r := translog.NodeFunc(func(translog.Node) (translog.Hash, error) { return translog.Hash{}, broken })
	if _, _, err := translog.Append(l.tree, r, nil); !errors.Is(err, broken) {
		t.Errorf("error of the reader is lost: %v", err)
	}
	short := tlog.HashReaderFunc(func([]int64) ([]translog.Hash, error) { return make([]translog.Hash, 1), nil })
	if _, _, err := translog.Append(l.tree, short, nil); err == nil {
		t.Error("a reader that returns too few hashes is believed")
	}

	// The reader's slice is not written to.
	full, err := l.reader().ReadHashes([]int64{2, 3})
	if err != nil {
		t.Fatal(err)
	}
	before := [2]translog.Hash(full)
	keep := tlog.HashReaderFunc(func([]int64) ([]translog.Hash, error) { return full, nil })
	if _, _, err := translog.Append(l.tree, keep, [][]byte{{1}, {2}}); err != nil {
		t.Fatal(err)
	}
	if [2]translog.Hash(full) != before {
		t.Error("Append writes to the reader's hashes")
	}
}

func BenchmarkAppend64On200000(b *testing.B) {
	l := newTestLog(b, 200_000)
	r := l.reader()
	entries := make([][]byte, 64)
	for i := range entries {
		entries[i] = make([]byte, 4<<10)
	}
	b.SetBytes(64 * 4 << 10)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := translog.Append(l.tree, r, entries); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppend1On200000(b *testing.B) {
	l := newTestLog(b, 200_000)
	r := l.reader()
	entries := [][]byte{make([]byte, 4<<10)}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := translog.Append(l.tree, r, entries); err != nil {
			b.Fatal(err)
		}
	}
}
