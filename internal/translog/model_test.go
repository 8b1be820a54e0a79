package translog_test

import (
	"crypto/sha256"
	"math/rand/v2"
	"slices"
	"testing"

	"labeld/internal/translog"
)

// model is RFC 6962 section 2.1 as it is written there: recursive, over lists
// of entries, knowing nothing of stored hashes. The list D[lo:hi] is named by
// its ends, and MTH is remembered, which changes nothing but the time.
type model struct {
	entries [][]byte
	memo    map[[2]int]translog.Hash
}

// split returns k, the largest power of two smaller than n.
func split(n int) int {
	k := 1
	for k*2 < n {
		k *= 2
	}
	return k
}

// mth is the Merkle Tree Hash of D[lo:hi], RFC 6962 2.1.
func (m *model) mth(lo, hi int) translog.Hash {
	if h, ok := m.memo[[2]int{lo, hi}]; ok {
		return h
	}
	var h translog.Hash
	switch n := hi - lo; n {
	case 0:
		h = sha256.Sum256(nil)
	case 1:
		h = sha256.Sum256(append([]byte{0}, m.entries[lo]...))
	default:
		h = m.join(m.mth(lo, lo+split(n)), m.mth(lo+split(n), hi))
	}
	m.memo[[2]int{lo, hi}] = h
	return h
}

func (m *model) join(left, right translog.Hash) translog.Hash {
	return sha256.Sum256(slices.Concat([]byte{1}, left[:], right[:]))
}

// path is PATH(i, D[lo:hi]), RFC 6962 2.1.1. Here i counts from lo.
func (m *model) path(i, lo, hi int) []translog.Hash {
	n := hi - lo
	if n == 1 {
		return nil
	}
	if k := split(n); i < k {
		return append(m.path(i, lo, lo+k), m.mth(lo+k, hi))
	} else {
		return append(m.path(i-k, lo+k, hi), m.mth(lo, lo+k))
	}
}

// subproof is SUBPROOF(i, D[lo:hi], whole), RFC 6962 2.1.2.
func (m *model) subproof(i, lo, hi int, whole bool) []translog.Hash {
	n := hi - lo
	if i == n {
		if whole {
			return nil
		}
		return []translog.Hash{m.mth(lo, hi)}
	}
	if k := split(n); i <= k {
		return append(m.subproof(i, lo, lo+k, whole), m.mth(lo+k, hi))
	} else {
		return append(m.subproof(i-k, lo+k, hi, false), m.mth(lo, lo+k))
	}
}

// TestModel grows a log in random batches to 300 entries and compares, at each
// size, root, inclusion proofs and consistency proofs with the model. Proofs
// are taken from the final log, which must serve every earlier size.
func TestModel(t *testing.T) {
	const n = 300
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))

	m := &model{memo: make(map[[2]int]translog.Hash)}
	for range n {
		e := make([]byte, rnd.IntN(100))
		for i := range e {
			e[i] = byte(rnd.Uint32())
		}
		m.entries = append(m.entries, e)
	}

	l := newMemLog()
	for len(l.entries) < n {
		from := len(l.entries)
		batch := 1 + rnd.IntN(min(1+rnd.IntN(64), n-from)) // short ones more often
		l.append(t, m.entries[from:from+batch]...)
		if want := m.mth(0, len(l.entries)); l.tree.Hash != want || l.tree.N != int64(len(l.entries)) {
			t.Fatalf("after %d+%d entries: tree is %v, want %v", from, batch, l.tree, want)
		}
	}

	// Splitting the batches otherwise stores the same hashes.
	one := newMemLog()
	for _, e := range m.entries {
		one.append(t, e)
		if want := m.mth(0, len(one.entries)); one.tree.Hash != want {
			t.Fatalf("size %d, one by one: root is %v, want %v", one.tree.N, one.tree.Hash, want)
		}
	}
	if len(one.hashes) != len(l.hashes) {
		t.Fatalf("%d stored hashes one by one, %d in batches", len(one.hashes), len(l.hashes))
	}
	for node, h := range one.hashes {
		if l.hashes[node] != h {
			t.Fatalf("hash at %+v depends on the batches", node)
		}
		lo := int(node.N) << node.Level
		if want := m.mth(lo, lo+1<<node.Level); h != want {
			t.Fatalf("hash at %+v is %v, want %v", node, h, want)
		}
	}

	r := l.reader()
	for size := range n + 1 {
		tree := translog.Tree{N: int64(size), Hash: m.mth(0, size)}
		for i := range size {
			proof, err := translog.Prove(tree.N, int64(i), r)
			if err != nil {
				t.Fatal(err)
			}
			if want := m.path(i, 0, size); !slices.Equal(proof, want) {
				t.Fatalf("inclusion of %d in %d: proof %v, want %v", i, size, proof, want)
			}
			if err := translog.VerifyInclusion(tree, int64(i), m.mth(i, i+1), proof); err != nil {
				t.Fatal(err)
			}
		}
		for old := range size + 1 {
			proof, err := translog.ProveConsistency(int64(old), tree.N, r)
			if err != nil {
				t.Fatal(err)
			}
			if old > 0 {
				if want := m.subproof(old, 0, size, true); !slices.Equal(proof, want) {
					t.Fatalf("consistency of %d and %d: proof %v, want %v", old, size, proof, want)
				}
			}
			if err := translog.VerifyConsistency(translog.Tree{N: int64(old), Hash: m.mth(0, old)}, tree, proof); err != nil {
				t.Fatal(err)
			}
		}
	}
}
