package translog

import (
	"crypto/sha256"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// A Hash is a SHA-256 Merkle tree hash: of one entry, of a subtree, or of a
// whole tree.
type Hash = tlog.Hash

// A Tree is the head of a log: the number of entries N and the Merkle tree
// hash over all of them.
type Tree = tlog.Tree

// A HashReader reads stored hashes by index. The index is the position in
// which [Append] adds them; [NodeAt] turns it into tree coordinates, and
// [NodeFunc] does so for a whole reader. ReadHashes returns exactly one hash
// for each index, in the order asked, or an error.
type HashReader = tlog.HashReader

// A Node is the place of a stored hash: the N'th perfect subtree of 2^Level
// entries, which is MTH(D[N·2^Level : (N+1)·2^Level]) of RFC 6962 2.1. Level 0
// holds the leaf hashes. A tree stores its perfect subtrees only; hashes over
// an imperfect right edge change with each append and are never stored.
type Node struct {
	Level int
	N     int64
}

// NodeAt returns the node at a stored hash index, as [HashReader] gets it.
// The index must not be negative.
func NodeAt(index int64) Node {
	level, n := tlog.SplitStoredHashIndex(index)
	return Node{Level: level, N: n}
}

// Index returns the stored hash index of the node, the inverse of [NodeAt].
func (n Node) Index() int64 {
	return tlog.StoredHashIndex(n.Level, n.N)
}

// A NodeFunc reads one stored hash by its place. It makes a store that is
// keyed by (level, n) a [HashReader].
type NodeFunc func(Node) (Hash, error)

// ReadHashes implements [HashReader].
func (f NodeFunc) ReadHashes(indexes []int64) ([]Hash, error) {
	hashes := make([]Hash, len(indexes))
	for i, index := range indexes {
		n := NodeAt(index)
		h, err := f(n)
		if err != nil {
			return nil, fmt.Errorf("translog: hash at level %d, n %d: %w", n.Level, n.N, err)
		}
		hashes[i] = h
	}
	return hashes, nil
}

// LeafHash returns the hash of an entry, SHA-256(0x00 || entry) (RFC 6962
// 2.1). The first byte keeps a leaf from passing for an inner node.
func LeafHash(entry []byte) Hash {
	return tlog.RecordHash(entry)
}

// Empty returns the tree without entries, whose hash is that of the empty
// string (RFC 6962 2.1).
func Empty() Tree {
	return Tree{N: 0, Hash: sha256.Sum256(nil)}
}
