package translog

import (
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// A StoredHash is one hash that [Append] adds to the store. It is written once and
// never changes.
type StoredHash struct {
	Node Node
	Hash Hash
}

// Append computes the tree that follows old when entries are added, and the
// hashes to store with it, in the order of their index (so they begin where
// those of old end). Nothing is stored: the caller commits entries, added and
// next together, or not at all.
//
// Append reads once, the at most 62 hashes of the right edge of old, whatever
// the size of the batch; it does not read an empty tree. These hashes must
// yield old.Hash, else the error is [ErrCorrupt]: continuing from them would
// sign a head that no proof from old can reach. Hashes that are not on the
// edge are not read and so not checked.
//
// An entry over [MaxEntry] is refused here with [ErrTooLarge], since once
// logged it could never be served. No entries is not an error: next is old.
func Append(old Tree, r HashReader, entries [][]byte) (next Tree, added []StoredHash, err error) {
	if old.N < 0 {
		return Tree{}, nil, fmt.Errorf("translog: append to a tree of size %d", old.N)
	}
	if old.N > MaxSize-int64(len(entries)) {
		return Tree{}, nil, fmt.Errorf("%w: %d entries after %d", ErrTooLarge, len(entries), old.N)
	}
	for i, e := range entries {
		if len(e) > MaxEntry {
			return Tree{}, nil, fmt.Errorf("%w: entry %d of the batch has %d bytes, the limit is %d",
				ErrTooLarge, i, len(e), MaxEntry)
		}
	}
	edge, err := readEdge(old, r)
	if err != nil {
		return Tree{}, nil, err
	}

	size := old.N + int64(len(entries))
	added = make([]StoredHash, 0, tlog.StoredHashCount(size)-tlog.StoredHashCount(old.N))
	for i, e := range entries {
		n, h := old.N+int64(i), LeafHash(e)
		added = append(added, StoredHash{Node{0, n}, h})
		// While the node is a right child its left sibling is the last of the
		// edge, and the two make a perfect subtree one level up.
		level := 0
		for ; n&1 == 1; n >>= 1 {
			last := len(edge) - 1
			h = tlog.NodeHash(edge[last], h)
			edge = edge[:last]
			level++
			added = append(added, StoredHash{Node{level, n >> 1}, h})
		}
		edge = append(edge, h)
	}
	return Tree{N: size, Hash: rootOf(edge)}, added, nil
}

// readEdge reads the right edge of t: the roots of the perfect subtrees that
// t is made of, largest and leftmost first, one for each bit set in t.N.
func readEdge(t Tree, r HashReader) ([]Hash, error) {
	var edge []Hash
	if t.N > 0 {
		var indexes []int64
		for level := bits.Len64(uint64(t.N)) - 1; level >= 0; level-- {
			if n := t.N >> level; n&1 == 1 {
				indexes = append(indexes, Node{level, n - 1}.Index())
			}
		}
		read, err := r.ReadHashes(indexes)
		if err != nil {
			return nil, err
		}
		if len(read) != len(indexes) {
			return nil, fmt.Errorf("translog: hash reader gave %d hashes for %d", len(read), len(indexes))
		}
		// A copy, because Append shortens and overwrites it, and the slice
		// may belong to the reader.
		edge = append(make([]Hash, 0, len(read)+1), read...)
	}
	if got := rootOf(edge); got != t.Hash {
		return nil, fmt.Errorf("%w: size %d, head has root %v, store yields %v", ErrCorrupt, t.N, t.Hash, got)
	}
	return edge, nil
}

// rootOf folds a right edge into the Merkle tree hash. RFC 6962 2.1 splits at
// the largest power of two below the size, so the smallest subtrees join
// first, from the right.
func rootOf(edge []Hash) Hash {
	if len(edge) == 0 {
		return Empty().Hash
	}
	root := edge[len(edge)-1]
	for i := len(edge) - 2; i >= 0; i-- {
		root = tlog.NodeHash(edge[i], root)
	}
	return root
}
