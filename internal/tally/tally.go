// Package tally proves how much happened to each label, and so also that
// nothing else did.
//
// A transparency log proves that a statement was made. It cannot prove that
// there is no other one about the same label: whoever shows a label and leaves
// out its revocation shows nothing that is wrong. The tally closes that gap. It
// is a sparse Merkle tree with one leaf for each position of the log. The leaf at
// a label's position says how many statements the history of the label has, and
// holds their digest. All other leaves are empty, and that is provable too. The
// authority signs the root every half minute, together with the size of the log
// that the tree covers.
//
// Who holds a signed root, a leaf and its proof therefore knows the whole history
// of a label up to the moment of the signature, whoever handed it out.
//
// # Hashes
//
// All hashes are SHA-256 over the text "labeld.dev/histories/v1", one byte that
// says what is hashed, and the parts below. The first byte of what is hashed is
// never 0 or 1, with which the hashes of the log begin (RFC 6962 2.1): no hash of
// the log can be taken for one of the tally, nor the reverse. Numbers are
// big-endian.
//
//	leaf   0x00  count (8 bytes), digest (32); nothing at all for an empty leaf
//	node   0x01  left hash (32), right hash (32)
//	step   0x02  digest before (32), SHA-256 of the log entry (32), slot (32), action
//	slot   0x03  length of the publisher (4), publisher, ID of the advisory
//
// The tree has [Height] levels above its leaves. The node at height h+1 is over
// the two at height h; a subtree in which all leaves are empty has the hash that
// follows from that, one for each height.
//
// # The digest of a history
//
// The digest of no statements is 32 zero bytes. Each statement, in order, gives
// the next digest by a step. Its action is the one that it names, such as
// "suspend". Its slot is zero but for an advise, where it is the hash of who
// published the advisory and how that is numbered: a later advise in the same slot
// replaces an earlier one. Action and slot are in the digest so that a history can
// be shown without the text of an advise that was replaced, and without any doubt
// that it was one: a suspension cannot be passed off as an old advisory.
package tally

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// Height is how many levels the tree has above its leaves. Two to the fortieth
// log entries are a thousand a second for thirty years.
const Height = 40

// A Hash is a hash of the tally.
type Hash = translog.Hash

const domain = "labeld.dev/histories/v1"

const (
	tagLeaf = iota
	tagNode
	tagStep
	tagSlot
)

// sum hashes one kind of thing.
func sum(tag byte, parts ...[]byte) Hash {
	b := make([]byte, 0, 192)
	b = append(append(b, domain...), tag)
	for _, p := range parts {
		b = append(b, p...)
	}
	return sha256.Sum256(b)
}

func nodeHash(left, right Hash) Hash { return sum(tagNode, left[:], right[:]) }

// empties are the hashes of subtrees in which nothing happened, by height.
var empties = func() (list [Height + 1]Hash) {
	list[0] = sum(tagLeaf)
	for h := range Height {
		list[h+1] = nodeHash(list[h], list[h])
	}
	return list
}()

// A Leaf is how many statements a history has, and their digest. The zero Leaf
// is that of a label to which nothing has happened.
type Leaf struct {
	Count  int
	Digest Hash
}

func (l Leaf) hash() Hash {
	if l == (Leaf{}) {
		return empties[0]
	}
	return sum(tagLeaf, binary.BigEndian.AppendUint64(nil, uint64(l.Count)), l.Digest[:])
}

// A Step is what the digest of a history covers of one statement.
type Step struct {
	Action label.Action
	Slot   label.Digest // of an advise; zero for all other actions
	Entry  label.Digest // SHA-256 of the log entry
}

// StepOf returns the step of a statement and its log entry.
func StepOf(st *label.Status, entry []byte) Step {
	s := Step{Action: st.Action, Entry: label.DigestOf(entry)}
	if st.Action == label.Advise {
		s.Slot = Slot(st)
	}
	return s
}

// Slot returns the slot of an advise: who published the advisory, and under
// which number.
func Slot(st *label.Status) label.Digest {
	publisher := st.Author()
	return label.Digest(sum(tagSlot, binary.BigEndian.AppendUint32(nil, uint32(len(publisher))), []byte(publisher), []byte(st.Advisory.ID)))
}

// Then returns the leaf of a history with one more statement.
func (l Leaf) Then(s Step) Leaf {
	return Leaf{Count: l.Count + 1, Digest: sum(tagStep, l.Digest[:], s.Entry[:], s.Slot[:], []byte(s.Action))}
}

// A Tree is the tally at one moment. It never changes, and may be read by many
// at once; [Tree.With] makes the next one, which shares with it what stays the
// same. The zero Tree is that of a programme in which nothing has happened.
type Tree struct{ root *node }

// bottom is the height of the lowest nodes that are kept. What is below them is
// worked out anew when it is needed: that takes a sixteenth of the memory, and
// thirty hashes.
const bottom = 4

// A node is a subtree that is not empty.
type node struct {
	hash   Hash
	kids   [2]*node // above bottom; nil where empty
	leaves []place  // at bottom, by position
}

// A place is a leaf that is not empty, and its position.
type place struct {
	at int64
	Leaf
}

func (n *node) sum(height int) Hash {
	if n == nil {
		return empties[height]
	}
	return n.hash
}

// With returns the tree in which some leaves are others, by position.
func (t *Tree) With(leaves map[int64]Leaf) (*Tree, error) {
	list := make([]place, 0, len(leaves))
	for _, at := range slices.Sorted(maps.Keys(leaves)) {
		if err := checkPosition(at); err != nil {
			return nil, err
		}
		list = append(list, place{at, leaves[at]})
	}
	return &Tree{t.root.with(Height, 0, list)}, nil
}

func checkPosition(at int64) error {
	if at < 0 || at >= 1<<Height {
		return fmt.Errorf("tally: no position %d; they are 0 to 2^%d-1", at, Height)
	}
	return nil
}

// with returns the subtree of a height from a position on, with other leaves.
func (n *node) with(height int, first int64, list []place) *node {
	if len(list) == 0 {
		return n
	}
	next := new(node)
	if n != nil {
		*next = *n
	}
	if height == bottom {
		next.leaves = merge(next.leaves, list)
		next.hash = fold(next.leaves, height, first)
	} else {
		left, right := split(list, first+1<<(height-1))
		next.kids[0] = next.kids[0].with(height-1, first, left)
		next.kids[1] = next.kids[1].with(height-1, first+1<<(height-1), right)
		next.hash = nodeHash(next.kids[0].sum(height-1), next.kids[1].sum(height-1))
	}
	if len(next.leaves) == 0 && next.kids == [2]*node{} {
		return nil
	}
	return next
}

// split divides places at a position.
func split(list []place, at int64) (before, from []place) {
	i := 0
	for i < len(list) && list[i].at < at {
		i++
	}
	return list[:i], list[i:]
}

// merge returns the leaves of old and list, those of list where both have one.
func merge(old, list []place) (out []place) {
	for len(old)+len(list) > 0 {
		switch {
		case len(list) == 0 || len(old) > 0 && old[0].at < list[0].at:
			out, old = append(out, old[0]), old[1:]
			continue
		case len(old) > 0 && old[0].at == list[0].at:
			old = old[1:]
		}
		if list[0].Leaf != (Leaf{}) {
			out = append(out, list[0])
		}
		list = list[1:]
	}
	return slices.Clip(out)
}

// fold returns the hash of the subtree of a height from a position on, which
// has these leaves.
func fold(list []place, height int, first int64) Hash {
	switch {
	case len(list) == 0:
		return empties[height]
	case height == 0:
		return list[0].hash()
	}
	half := first + 1<<(height-1)
	left, right := split(list, half)
	return nodeHash(fold(left, height-1, first), fold(right, height-1, half))
}

// Root returns the hash of the whole tree.
func (t *Tree) Root() Hash { return t.root.sum(Height) }

// Head returns the tree as what is signed of it when it covers a log of a size.
// Of an empty log there is nothing to tell, and what is signed is the hash of
// nothing, as for the log itself (RFC 6962 2.1).
func (t *Tree) Head(size int64) translog.Tree {
	if size == 0 {
		return translog.Empty()
	}
	return translog.Tree{N: size, Hash: t.Root()}
}

// Leaf returns the leaf at a position.
func (t *Tree) Leaf(at int64) Leaf {
	l, _ := t.walk(at, func(int, Hash) {})
	return l
}

// walk goes down to a position and calls f with the hash beside each step of the
// way, and its height.
func (t *Tree) walk(at int64, f func(height int, beside Hash)) (leaf Leaf, err error) {
	if err := checkPosition(at); err != nil {
		return leaf, err
	}
	n, height := t.root, Height
	for ; height > bottom && n != nil; height-- {
		way := at >> (height - 1) & 1
		f(height-1, n.kids[1-way].sum(height-1))
		n = n.kids[way]
	}
	if n == nil {
		return leaf, nil // all beside is empty
	}
	list := n.leaves
	for ; height > 0; height-- {
		half := (at>>(height-1) | 1) << (height - 1)
		left, right := split(list, half)
		if at < half {
			f(height-1, fold(right, height-1, half))
			list = left
		} else {
			f(height-1, fold(left, height-1, half-1<<(height-1)))
			list = right
		}
	}
	if len(list) > 0 {
		leaf = list[0].Leaf
	}
	return leaf, nil
}
