package tally

import (
	"errors"
	"fmt"

	"labeld/internal/translog"
)

// A Proof shows that a tree has a leaf at a position, which may be the empty
// one. It lists the hash beside each step of the way from the leaf to the root:
// the zero Hash where the subtree there is empty, which most are, and nothing
// more after the last that is not.
type Proof []Hash

// Prove returns the leaf at a position, and the proof of it.
func (t *Tree) Prove(at int64) (Leaf, Proof, error) {
	var all [Height]Hash
	n := 0
	leaf, err := t.walk(at, func(height int, beside Hash) {
		if beside != empties[height] {
			all[height], n = beside, max(n, height+1)
		}
	})
	return leaf, Proof(all[:n:n]), err
}

// ErrProof says that a proof is not of the leaf at the position in the tree.
var ErrProof = errors.New("tally: the proof does not lead to the root that was signed")

// Verify checks that the tree with a root has a leaf at a position.
func Verify(root Hash, at int64, leaf Leaf, p Proof) error {
	if err := checkPosition(at); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	hash := leaf.hash()
	for h := range Height {
		beside := empties[h]
		if h < len(p) && p[h] != (Hash{}) {
			beside = p[h]
		}
		if at>>h&1 == 0 {
			hash = nodeHash(hash, beside)
		} else {
			hash = nodeHash(beside, hash)
		}
	}
	if hash != root {
		return ErrProof
	}
	return nil
}

// check holds a proof to its one form.
func (p Proof) check() error {
	if len(p) > Height {
		return fmt.Errorf("tally: a proof of %d hashes, at most %d are possible", len(p), Height)
	}
	if len(p) > 0 && p[len(p)-1] == (Hash{}) {
		return errors.New("tally: a proof must end with its last hash that is not empty")
	}
	for h, hash := range p {
		if hash == empties[h] {
			return fmt.Errorf("tally: the hash of an empty subtree, at height %d, must be left empty", h)
		}
	}
	return nil
}

// Text returns the proof in the form in which it travels: hashes in base64, and
// the empty text for an empty subtree.
func (p Proof) Text() []string {
	list := make([]string, len(p))
	for i, h := range p {
		if h != (Hash{}) {
			list[i] = h.String()
		}
	}
	return list
}

// ParseProof reads the form that [Proof.Text] writes, and no other.
func ParseProof(list []string) (Proof, error) {
	if len(list) > Height {
		return nil, fmt.Errorf("tally: a proof of %d hashes, at most %d are possible", len(list), Height)
	}
	p := make(Proof, len(list))
	for i, s := range list {
		if s == "" {
			continue
		}
		var err error
		if p[i], err = translog.ParseHash(s); err != nil {
			return nil, fmt.Errorf("tally: hash %d of a proof: %w", i, err)
		}
		if p[i] == (Hash{}) {
			return nil, fmt.Errorf("tally: hash %d of a proof is zero", i)
		}
	}
	return p, p.check()
}
