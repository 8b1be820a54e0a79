package tally_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/tally"
	"labeld/internal/translog"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hash is the definition of the package comment, written down once more.
func hash(tag byte, parts ...[]byte) []byte {
	b := append([]byte("labeld.dev/histories/v1"), tag)
	for _, p := range parts {
		b = append(b, p...)
	}
	h := sha256.Sum256(b)
	return h[:]
}

// naive returns the root of the subtree of a height from a position on, by the
// definition and without any thought for time.
func naive(leaves map[int64]tally.Leaf, height int, first int64) []byte {
	any := false
	for at := range leaves {
		any = any || at>>height == first>>height
	}
	switch {
	case !any && height == 0:
		return hash(0)
	case !any:
		below := naive(nil, height-1, 0)
		return hash(1, below, below)
	case height == 0:
		l := leaves[first]
		return hash(0, binary.BigEndian.AppendUint64(nil, uint64(l.Count)), l.Digest[:])
	}
	return hash(1, naive(leaves, height-1, first), naive(leaves, height-1, first+1<<(height-1)))
}

// TestAgainstNaive changes trees at random and holds them to the definition. All
// trees on the way stay what they were.
func TestAgainstNaive(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	tree, all := &tally.Tree{}, map[int64]tally.Leaf{}
	type moment struct {
		tree *tally.Tree
		root tally.Hash
	}
	var past []moment
	for range 40 {
		change := map[int64]tally.Leaf{}
		for range r.IntN(6) {
			at := r.Int64N(64) << r.IntN(34)
			change[at] = tally.Leaf{Count: r.IntN(9) + 1, Digest: tally.Hash{byte(r.IntN(255)), 1}}
			if r.IntN(4) == 0 {
				change[at] = tally.Leaf{} // taken back
			}
		}
		next, err := tree.With(change)
		must(t, err)
		for at, l := range change {
			if all[at] = l; l == (tally.Leaf{}) {
				delete(all, at)
			}
		}
		tree = next
		if got, want := tree.Root(), tally.Hash(naive(all, tally.Height, 0)); got != want {
			t.Fatalf("with %v the root is %v, want %v", all, got, want)
		}
		past = append(past, moment{tree, tree.Root()})
		for at := range all {
			prove(t, tree, at, all[at])
			prove(t, tree, at^1, all[at^1])
			prove(t, tree, at^64, all[at^64])
		}
		prove(t, tree, 1<<tally.Height-1, tally.Leaf{})
	}
	for i, m := range past {
		if m.tree.Root() != m.root {
			t.Errorf("tree %d was changed", i)
		}
	}
	for at := range all {
		all[at] = tally.Leaf{}
	}
	if tree, err := tree.With(all); err != nil || tree.Root() != new(tally.Tree).Root() {
		t.Errorf("a tree whose leaves were taken back is not the empty one: %v", err)
	}
}

// prove holds a leaf, its proof and the forms of that together.
func prove(t *testing.T, tree *tally.Tree, at int64, want tally.Leaf) {
	t.Helper()
	leaf, p, err := tree.Prove(at)
	must(t, err)
	if leaf != want || tree.Leaf(at) != want {
		t.Fatalf("the leaf at %d is %v, want %v", at, leaf, want)
	}
	again, err := tally.ParseProof(p.Text())
	must(t, err)
	if !slices.Equal(again, p) {
		t.Fatalf("a proof was read as %v, written %v", again, p)
	}
	must(t, tally.Verify(tree.Root(), at, leaf, again))
	other := leaf
	other.Count++
	for name, err := range map[string]error{
		"another count":  tally.Verify(tree.Root(), at, other, p),
		"nothing at all": tally.Verify(tree.Root(), at, tally.Leaf{Count: 3}, p),
		"another tree":   tally.Verify(tally.Hash{1}, at, leaf, p),
		"a hash more":    tally.Verify(tree.Root(), at, leaf, append(slices.Clone(p), tally.Hash{7})),
	} {
		if err == nil {
			t.Fatalf("%s at %d was proved", name, at)
		}
	}
	if leaf != (tally.Leaf{}) && (tally.Verify(tree.Root(), at, tally.Leaf{}, p) == nil || tally.Verify(tree.Root(), at^1, leaf, p) == nil) {
		t.Fatalf("the leaf at %d was proved to be empty, or to be beside itself", at)
	}
	for i := range p {
		bad := slices.Clone(p)
		bad[i][3] ^= 1
		if tally.Verify(tree.Root(), at, leaf, bad) == nil {
			t.Fatalf("a proof with another hash %d holds", i)
		}
	}
}

// TestForms accepts one form of a proof, and positions of the tree.
func TestForms(t *testing.T) {
	one := tally.Hash{1}.String()
	empty := tally.Hash(hash(0)).String()
	for name, list := range map[string][]string{
		"ends in an empty subtree": {one, ""},
		"an empty one spelled out": {empty, one},
		"too long":                 slices.Repeat([]string{one}, tally.Height+1),
		"too short a hash":         {one[:43]},
		"no base64":                {"!" + one[1:]},
		"another base64":           {one[:42] + "B="},
		"zero":                     {tally.Hash{}.String(), one},
	} {
		if p, err := tally.ParseProof(list); err == nil {
			t.Errorf("%s: read as %v", name, p)
		}
	}
	var tree tally.Tree
	for _, at := range []int64{-1, 1 << tally.Height} {
		if _, _, err := tree.Prove(at); err == nil {
			t.Errorf("position %d is in the tree", at)
		}
		if _, err := tree.With(map[int64]tally.Leaf{at: {Count: 1}}); err == nil {
			t.Errorf("position %d was set", at)
		}
		if tally.Verify(tree.Root(), at, tally.Leaf{}, nil) == nil {
			t.Errorf("position %d was proved", at)
		}
	}
	if tree.Head(0) != translog.Empty() || tree.Head(5) != (translog.Tree{N: 5, Hash: tree.Root()}) {
		t.Errorf("the heads are %v and %v", tree.Head(0), tree.Head(5))
	}
}

// TestVectors holds the hashes to figures that others can compute.
func TestVectors(t *testing.T) {
	suspend := label.Status{Action: label.Suspend}
	advise := label.Status{
		Action: label.Advise, Advisory: &label.AdvisoryRef{ID: "NL-2027-001"},
		Requests: []label.RequestRef{{Organization: "northlight"}},
	}
	l := tally.Leaf{}.Then(tally.StepOf(&suspend, []byte("entry 7"))).Then(tally.StepOf(&advise, []byte("entry 9")))
	tree, err := new(tally.Tree).With(map[int64]tally.Leaf{5: l})
	must(t, err)
	slot := tally.Slot(&advise)
	empty := new(tally.Tree).Root()
	root := tree.Root()
	for name, v := range map[string]struct{ got, want string }{
		"empty root": {hex.EncodeToString(empty[:]), vectorEmpty},
		"slot":       {slot.String(), vectorSlot},
		"digest":     {hex.EncodeToString(l.Digest[:]), vectorDigest},
		"root":       {hex.EncodeToString(root[:]), vectorRoot},
	} {
		if v.got != v.want {
			t.Errorf("%s: %s, want %s", name, v.got, v.want)
		}
	}
	if l.Count != 2 {
		t.Errorf("two statements are counted as %d", l.Count)
	}
}

// TestSteps gives another digest for everything that a step covers.
func TestSteps(t *testing.T) {
	entry := []byte("entry")
	advise := func(publisher, id string) *label.Status {
		return &label.Status{Action: label.Advise, Advisory: &label.AdvisoryRef{ID: id}, Requests: []label.RequestRef{{Organization: publisher}}}
	}
	seen := map[tally.Leaf]string{}
	for name, l := range map[string]tally.Leaf{
		"nothing":         {},
		"suspend":         tally.Leaf{}.Then(tally.StepOf(&label.Status{Action: label.Suspend}, entry)),
		"revoke":          tally.Leaf{}.Then(tally.StepOf(&label.Status{Action: label.Revoke}, entry)),
		"another entry":   tally.Leaf{}.Then(tally.StepOf(&label.Status{Action: label.Revoke}, []byte("Entry"))),
		"advise":          tally.Leaf{}.Then(tally.StepOf(advise("maker", "1"), entry)),
		"another number":  tally.Leaf{}.Then(tally.StepOf(advise("maker", "2"), entry)),
		"another's":       tally.Leaf{}.Then(tally.StepOf(advise("operator", "1"), entry)),
		"moved boundary":  tally.Leaf{}.Then(tally.StepOf(advise("make", "r1"), entry)),
		"revoke, suspend": tally.Leaf{}.Then(tally.StepOf(&label.Status{Action: label.Revoke}, entry)).Then(tally.StepOf(&label.Status{Action: label.Suspend}, entry)),
		"suspend, revoke": tally.Leaf{}.Then(tally.StepOf(&label.Status{Action: label.Suspend}, entry)).Then(tally.StepOf(&label.Status{Action: label.Revoke}, entry)),
	} {
		if other, ok := seen[l]; ok {
			t.Errorf("%s and %s have the same digest", name, other)
		}
		seen[l] = name
	}
}

// FuzzProof gives any hashes to the verifier, which must accept no other leaf
// than the tree has.
func FuzzProof(f *testing.F) {
	tree, err := new(tally.Tree).With(map[int64]tally.Leaf{3: {Count: 1}, 17: {Count: 2}, 900: {Count: 3}})
	must(f, err)
	for _, at := range []int64{3, 4, 17, 900} {
		leaf, p, err := tree.Prove(at)
		must(f, err)
		var raw []byte
		for _, h := range p {
			raw = append(raw, h[:]...)
		}
		f.Add(at, leaf.Count, raw)
	}
	f.Fuzz(func(t *testing.T, at int64, count int, raw []byte) {
		var p tally.Proof
		for c := range slices.Chunk(raw, len(tally.Hash{})) {
			var h tally.Hash
			copy(h[:], c)
			p = append(p, h)
		}
		leaf := tally.Leaf{Count: count}
		if tally.Verify(tree.Root(), at, leaf, p) == nil && tree.Leaf(at) != leaf {
			t.Errorf("%v was proved at %d, where the tree has %v", leaf, at, tree.Leaf(at))
		}
	})
}

// The figures were computed by another program, in another language.
const (
	vectorEmpty  = "52bbf090b2f15b5914d751c8f388156ed4c04e81e1479cab6ae1972b7c5222e8"
	vectorSlot   = "12a99bcc0aefae3d13c57a676a0a8208862e0d24c0bc11b0d2d343760ff51805"
	vectorDigest = "a2da44b7513f5943f6f463492e53622733f040bb0e5b8d8fe7ef2b011ee641f8"
	vectorRoot   = "1cd51734467afa1f50eb8ee4d8dd81cfa1a50105f0e9815b9b7df829d817445c"
)
