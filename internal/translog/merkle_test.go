package translog_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"labeld/internal/translog"
)

// TestVerifyInclusionRefuses changes each thing a proof binds, one at a time.
func TestVerifyInclusionRefuses(t *testing.T) {
	l := newTestLog(t, 45)
	leaf := translog.LeafHash(testEntry(33))
	proof, err := translog.Prove(45, 33, l.reader())
	if err != nil {
		t.Fatal(err)
	}
	if err := translog.VerifyInclusion(l.tree, 33, leaf, proof); err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, tree translog.Tree, index int64, leaf translog.Hash, proof []translog.Hash) {
		t.Helper()
		if err := translog.VerifyInclusion(tree, index, leaf, proof); !errors.Is(err, translog.ErrUnverified) {
			t.Errorf("%s: error %v, want ErrUnverified", what, err)
		}
	}
	for i := int64(-1); i < 47; i++ {
		if i != 33 {
			refuse("other index", l.tree, i, leaf, proof)
		}
	}
	refuse("least index", l.tree, math.MinInt64, leaf, proof)
	refuse("greatest index", l.tree, math.MaxInt64, leaf, proof)
	refuse("empty tree", translog.Empty(), 0, leaf, nil)
	refuse("negative size", translog.Tree{N: -1, Hash: l.tree.Hash}, 33, leaf, proof)
	refuse("other root", translog.Tree{N: 45}, 33, leaf, proof)
	refuse("other leaf", l.tree, 33, translog.LeafHash(testEntry(32)), proof)
	refuse("entry as leaf", l.tree, 33, translog.Hash{}, proof)
	refuse("no proof", l.tree, 33, leaf, nil)
	refuse("one hash less", l.tree, 33, leaf, proof[1:])
	refuse("one hash more", l.tree, 33, leaf, append(slices.Clone(proof), translog.Hash{}))
	for i := range proof {
		bad := slices.Clone(proof)
		bad[i][0] ^= 0x80
		refuse("changed hash", l.tree, 33, leaf, bad)
	}
}

func TestVerifyConsistencyRefuses(t *testing.T) {
	l := newTestLog(t, 29)
	old := l.tree
	for i := range 45 - 29 {
		l.append(t, testEntry(29+i))
	}
	proof, err := translog.ProveConsistency(29, 45, l.reader())
	if err != nil {
		t.Fatal(err)
	}
	if err := translog.VerifyConsistency(old, l.tree, proof); err != nil {
		t.Fatal(err)
	}
	refuse := func(what string, old, new translog.Tree, proof []translog.Hash) {
		t.Helper()
		if err := translog.VerifyConsistency(old, new, proof); !errors.Is(err, translog.ErrUnverified) {
			t.Errorf("%s: error %v, want ErrUnverified", what, err)
		}
	}
	refuse("backwards", l.tree, old, proof)
	refuse("same size, other root", old, translog.Tree{N: 29, Hash: l.tree.Hash}, nil)
	refuse("same tree, with a hash", old, old, proof[:1])
	refuse("other old root", translog.Tree{N: 29}, l.tree, proof)
	refuse("other new root", old, translog.Tree{N: 45}, proof)
	refuse("other old size", translog.Tree{N: 30, Hash: old.Hash}, l.tree, proof)
	refuse("no proof", old, l.tree, nil)
	refuse("negative size", translog.Tree{N: -1}, l.tree, proof)
	for i := range proof {
		bad := slices.Clone(proof)
		bad[i][7] ^= 1
		refuse("changed hash", old, l.tree, bad)
	}

	// The empty tree.
	if err := translog.VerifyConsistency(translog.Empty(), l.tree, nil); err != nil {
		t.Errorf("from the empty tree: %v", err)
	}
	if err := translog.VerifyConsistency(translog.Empty(), translog.Empty(), nil); err != nil {
		t.Errorf("empty to empty: %v", err)
	}
	refuse("empty with a proof", translog.Empty(), l.tree, proof)
	refuse("size 0 with another root", translog.Tree{Hash: old.Hash}, l.tree, nil)
	refuse("empty to size 0 with another root", translog.Empty(), translog.Tree{Hash: old.Hash}, nil)
}

func TestProveArguments(t *testing.T) {
	r := newTestLog(t, 10).reader()
	for _, a := range [][2]int64{{10, 10}, {10, -1}, {0, 0}, {-1, 0}, {-1, -2}, {math.MaxInt64, 3}} {
		if _, err := translog.Prove(a[0], a[1], r); err == nil {
			t.Errorf("Prove(%d, %d) succeeds", a[0], a[1])
		}
	}
	for _, a := range [][2]int64{{-1, 10}, {10, 9}, {1, math.MaxInt64}, {math.MinInt64, 0}} {
		if _, err := translog.ProveConsistency(a[0], a[1], r); err == nil {
			t.Errorf("ProveConsistency(%d, %d) succeeds", a[0], a[1])
		}
	}
	// A size that the reader does not have yet is the reader's error.
	if _, err := translog.Prove(11, 0, r); err == nil {
		t.Error("proof in a tree that does not exist")
	}
}
