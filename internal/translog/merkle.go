package translog

import (
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// Prove returns the inclusion proof of the entry at index in the tree of the
// given size: the Merkle audit path of RFC 6962 2.1.1, from the leaf's sibling
// up to the root's child. The size may be that of any earlier tree. The proof
// is as good as what r reads; verify it before handing it out.
func Prove(size, index int64, r HashReader) ([]Hash, error) {
	if size > MaxSize || index < 0 || index >= size {
		return nil, fmt.Errorf("translog: no entry %d in a tree of size %d", index, size)
	}
	return tlog.ProveRecord(size, index, r)
}

// VerifyInclusion checks that the entry at index of tree has the hash leaf.
// Any failure is [ErrUnverified], an index outside the tree included.
//
// The proof binds hash, position and tree together. It says nothing about who
// vouches for the tree; see [Proof.Verify].
func VerifyInclusion(tree Tree, index int64, leaf Hash, proof []Hash) error {
	if tree.N > MaxSize || index < 0 || index >= tree.N {
		return unverified("no entry %d in a tree of size %d", index, tree.N)
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
		return unverified("inclusion of entry %d in the tree of size %d", index, tree.N)
	}
	return nil
}

// ProveConsistency returns the proof that the tree of size new begins with the
// whole tree of size old (RFC 6962 2.1.2). RFC 6962 leaves the empty tree out;
// as witnesses do (c2sp.org/tlog-witness), we give it the empty proof.
func ProveConsistency(old, new int64, r HashReader) ([]Hash, error) {
	if old < 0 || old > new || new > MaxSize {
		return nil, fmt.Errorf("translog: no consistency proof from size %d to %d", old, new)
	}
	if old == 0 {
		return nil, nil
	}
	return tlog.ProveTree(new, old, r)
}

// VerifyConsistency checks that new begins with all of old: nothing that old
// held was removed, changed or moved. Any failure is [ErrUnverified]. From the
// empty tree everything follows, so then only old is checked.
func VerifyConsistency(old, new Tree, proof []Hash) error {
	if old.N < 0 || old.N > new.N || new.N > MaxSize {
		return unverified("size %d does not follow size %d", new.N, old.N)
	}
	if old.N == 0 {
		if old != Empty() || new.N == 0 && new != Empty() || len(proof) != 0 {
			return unverified("consistency of the tree of size %d with the empty tree", new.N)
		}
		return nil
	}
	if err := tlog.CheckTree(proof, new.N, new.Hash, old.N, old.Hash); err != nil {
		return unverified("consistency of the trees of sizes %d and %d", old.N, new.N)
	}
	return nil
}

// Root returns the root hash over the first size entries.
func Root(size int64, r HashReader) (Hash, error) {
	if size < 0 || size > MaxSize {
		return Hash{}, fmt.Errorf("translog: no tree of size %d", size)
	}
	return tlog.TreeHash(size, r)
}
