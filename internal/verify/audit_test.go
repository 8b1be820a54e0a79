package verify_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// An export is an audit trail as it is exported.
type export struct {
	leaves [][]byte
	head   *verify.TrailHead
}

// exported returns the audit trail of a world.
func exported(t testing.TB, w *labeltest.World) *export {
	t.Helper()
	operator := w.Caller(labeltest.Operator)
	logged, size, err := w.Authority.AuditHead(operator)
	must(t, err)
	e := &export{head: verify.NewTrailHead(nil, nil)}
	if logged != nil {
		e.head = verify.NewTrailHead(logged.Bundle, logged.Proof)
	}
	e.leaves, err = w.Authority.ExportActs(operator, 0, label.MaxPage)
	must(t, err)
	if int64(len(e.leaves)) != size {
		t.Fatalf("%d of %d entries were exported", len(e.leaves), size)
	}
	return e
}

// verify verifies an export, by way of its last line.
func (e *export) verify(t testing.TB, trust *verify.Trust, now time.Time) (*verify.Trail, error) {
	t.Helper()
	line, err := label.Encode(e.head)
	must(t, err)
	head, err := verify.ParseTrailHead(line)
	if err != nil {
		return nil, err
	}
	trail, err := trust.Trail(head, now)
	if err != nil {
		return nil, err
	}
	for i, leaf := range e.leaves {
		entry, err := trail.Add(leaf)
		if err != nil {
			return nil, err
		}
		if entry.Number != int64(i) {
			t.Errorf("entry %d is said to be entry %d", i, entry.Number)
		}
	}
	return trail, trail.End()
}

// with returns the export with other entries.
func (e *export) with(leaves ...[]byte) *export { return &export{leaves, e.head} }

// change returns an entry with something changed.
func change(t testing.TB, leaf []byte, f func(*label.TrailEntry)) []byte {
	t.Helper()
	e, err := label.ParseTrailEntry(leaf)
	must(t, err)
	f(e)
	leaf, err = e.Leaf()
	must(t, err)
	return leaf
}

// numbered gives entries the numbers of their places, as somebody would who changes a
// trail and knows how it is made.
func numbered(t testing.TB, leaves ...[]byte) (list [][]byte) {
	for i, leaf := range leaves {
		list = append(list, change(t, leaf, func(e *label.TrailEntry) { e.Number = int64(i) }))
	}
	return list
}

// trailOf returns a world with an audit trail of which the log has the heads at 5 and 8,
// and two more entries; and its export as of each.
func trailOf(t testing.TB) (w *labeltest.World, early, now *export) {
	t.Helper()
	w = labeltest.New(t, nil)
	n := len(exported(t, w).leaves)
	record := func(to int) {
		for ; n < to; n++ {
			w.Record(labeltest.Act(labeltest.Operator, "test.act", fmt.Sprint(n)))
			w.Clock.Set(w.Clock.Now().Add(time.Second))
		}
	}
	record(n + 5)
	must(t, w.Authority.LogAuditHead(t.Context()))
	early = exported(t, w)
	record(n + 3)
	must(t, w.Authority.LogAuditHead(t.Context()))
	record(n + 2)
	return w, early, exported(t, w)
}

func TestTrail(t *testing.T) {
	w, early, now := trailOf(t)
	n := int64(len(now.leaves))
	for _, c := range []struct {
		name         string
		e            *export
		head, beyond int64
	}{
		{"as it is", now, n - 2, 2},
		{"up to its head", now.with(now.leaves[:n-2]...), n - 2, 0},
		{"as it was", early, n - 5, 0},
		{"with the head that it had", early.with(now.leaves...), n - 5, 5},
	} {
		r, err := c.e.verify(t, w.Trust, w.Clock.Now())
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		beyond, since := r.Beyond()
		if r.Head.Size != c.head || beyond != c.beyond || r.Size() != int64(len(c.e.leaves)) || r.At.IsZero() {
			t.Errorf("%s: the head is at %d, and %d entries are beyond it", c.name, r.Head.Size, beyond)
		}
		first, err := label.ParseTrailEntry(now.leaves[min(c.head, n-1)])
		must(t, err)
		if c.beyond > 0 && !since.Equal(first.At) {
			t.Errorf("%s: the first entry beyond the head is of %s, want %s", c.name, since, first.At)
		}
		if err := r.Told(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// TestChangedTrail has somebody change an export who can make it anew, but for what
// the authority signed.
func TestChangedTrail(t *testing.T) {
	w, _, e := trailOf(t)
	n := len(e.leaves)
	logged := n - 2
	without := func(i int) [][]byte { return slices.Delete(slices.Clone(e.leaves), i, i+1) }
	swapped := slices.Clone(e.leaves)
	swapped[logged-3], swapped[logged-2] = swapped[logged-2], swapped[logged-3]
	for i, leaf := range swapped { // each at the time of its place
		swapped[i] = change(t, leaf, func(a *label.TrailEntry) {
			b, err := label.ParseTrailEntry(e.leaves[i])
			must(t, err)
			a.At = b.At
		})
	}
	replaced := func(i int, leaf []byte) [][]byte {
		list := slices.Clone(e.leaves)
		list[i] = leaf
		return list
	}
	root := fmt.Sprintf("the first %d entries have the root", logged)
	for _, c := range []struct {
		name   string
		leaves [][]byte
		reason label.Reason
		field  string
		says   string
	}{
		{"an entry is changed", replaced(logged-1, change(t, e.leaves[logged-1], func(a *label.TrailEntry) { a.Subject = "x" })), label.ReasonBadSignature, "entries", root},
		{"an entry is of another outcome", replaced(1, change(t, e.leaves[1], func(a *label.TrailEntry) { a.Outcome = label.ActRefused })), label.ReasonBadSignature, "entries", root},
		{"a byte is changed", replaced(0, bytes.Replace(e.leaves[0], []byte(`"kind":"o`), []byte(`"kind":"p`), 1)), label.ReasonBadSignature, "entries", root},
		{"an entry is dropped", without(2), label.ReasonWithheld, "entries[2]", "entry 3 stands where entry 2 belongs"},
		{"the first is dropped", without(0), label.ReasonWithheld, "entries[0]", "entry 1 stands where entry 0 belongs"},
		{"an entry is dropped, and the others are numbered anew", numbered(t, without(2)...), label.ReasonBadSignature, "entries", root},
		{"two are swapped", append(slices.Clone(e.leaves[:1]), append([][]byte{e.leaves[2], e.leaves[1]}, e.leaves[3:]...)...), label.ReasonWithheld, "entries[1]", "entry 2 stands where"},
		{"two are swapped, and all are numbered and dated anew", numbered(t, swapped...), label.ReasonBadSignature, "entries", root},
		{"an entry is added", slices.Insert(slices.Clone(e.leaves), 3, e.leaves[3]), label.ReasonWithheld, "entries[4]", "entry 3 stands where entry 4 belongs"},
		{"an entry is added, and the others are numbered anew", numbered(t, slices.Insert(slices.Clone(e.leaves), 3, e.leaves[3])...), label.ReasonBadSignature, "entries", root},
		{"the last ones are cut off", e.leaves[:logged-1], label.ReasonWithheld, "entries", "the last ones are missing"},
		{"all are cut off", nil, label.ReasonWithheld, "entries", "there are 0 entries"},
		{"one is written otherwise", replaced(4, bytes.Replace(e.leaves[4], []byte(`,"at"`), []byte(`, "at"`), 1)), label.ReasonNotCanonical, "entries[4]", "in the one form"},
		{"one is no entry", replaced(4, []byte("{}")), label.ReasonNotCanonical, "entries[4]", "in the one form"},
		{"one says too little", replaced(4, []byte(`{"actor":{"organization":"x"},"at":"0001-01-01T00:00:00Z","kind":"","number":4,"outcome":""}`)), label.ReasonMissing, "entries[4].at", "is required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := e.with(c.leaves...).verify(t, w.Trust, w.Clock.Now())
			wants(t, err, c.reason, c.field, c.says)
		})
	}
	// Beyond the head nothing is known, but the form is held to.
	r, err := e.with(replaced(n-1, change(t, e.leaves[n-1], func(a *label.TrailEntry) { a.Subject = "x" }))...).verify(t, w.Trust, w.Clock.Now())
	if n, _ := r.Beyond(); err != nil || n != 2 {
		t.Errorf("with another last entry, %d are beyond the head (%v)", n, err)
	}
	_, err = e.with(without(n-2)...).verify(t, w.Trust, w.Clock.Now())
	wants(t, err, label.ReasonWithheld, fmt.Sprintf("entries[%d]", n-2), "stands where")
}

// another returns what shows that the log of an authority has a head of a trail, where
// something about that is not as it should be.
func another(t testing.TB, w *labeltest.World, i *issue.Issuer, h label.AuditHead, change func(*translog.Proof)) *verify.TrailHead {
	t.Helper()
	h.Recorded = w.Clock.Now().UTC().Truncate(time.Second)
	u, err := i.AuditHead(&h)
	must(t, err)
	s, err := i.Sign(u)
	must(t, err)
	bundle, err := envelope.Bundle(s.Envelope)
	must(t, err)
	tree := translog.Tree{N: 1, Hash: translog.LeafHash(s.Leaf)}
	checkpoint, err := i.Checkpoint(tree, w.Clock.Now())
	must(t, err)
	p := translog.Proof{Checkpoint: checkpoint}
	change(&p)
	return verify.NewTrailHead(bundle, p.Format())
}

// TestHeadOfTrail has somebody bring another head for a trail.
func TestHeadOfTrail(t *testing.T) {
	w, early, e := trailOf(t)
	other := labeltest.New(t, nil)
	other.Record(labeltest.Act(labeltest.Operator, "test.act", ""))
	must(t, other.Authority.LogAuditHead(t.Context()))
	now := w.Clock.Now()
	trail, err := w.Trust.Trail(e.head, now)
	must(t, err)
	same := *trail.Head
	root := func(leaves [][]byte) label.AuditHead {
		tree, _, err := translog.Append(translog.Empty(), nil, leaves)
		must(t, err)
		return label.AuditHead{Size: tree.N, Root: label.Digest(tree.Hash)}
	}
	good := func(*translog.Proof) {}
	for _, c := range []struct {
		name   string
		head   *verify.TrailHead
		leaves [][]byte
		reason label.Reason
		field  string
		says   string
	}{
		{"of another authority", exported(t, other).head, e.leaves, label.ReasonBadSignature, "head", "no trusted key"},
		{"of another authority, in the name of this one", another(t, w, other.Issuer, same, good), e.leaves, label.ReasonBadSignature, "head", "no trusted key"},
		{"of this authority, in another log", &verify.TrailHead{Type: label.TypeAudit, Head: e.head.Head, Proof: exported(t, other).head.Proof}, e.leaves, label.ReasonBadSignature, "proof", "not shown to be in the log"},
		{"that is not in the log", another(t, w, w.Issuer, root(e.leaves), func(p *translog.Proof) {
			p.Checkpoint = w.Authority.Checkpoint()
		}), e.leaves, label.ReasonBadSignature, "proof", "not shown to be in the log"},
		{"whose proof is another's", &verify.TrailHead{Type: label.TypeAudit, Head: e.head.Head, Proof: early.head.Proof}, e.leaves, label.ReasonBadSignature, "proof", "not shown to be in the log"},
		{"whose proof is none", &verify.TrailHead{Type: label.TypeAudit, Head: e.head.Head, Proof: "proof"}, e.leaves, label.ReasonMalformed, "proof", "does not begin with"},
		{"of which one half is missing", &verify.TrailHead{Type: label.TypeAudit, Head: e.head.Head}, e.leaves, label.ReasonMissing, "proof", "belong together"},
		{"of another type", &verify.TrailHead{Type: label.TypeTrust, Head: e.head.Head, Proof: e.head.Proof}, e.leaves, label.ReasonUnknownType, "type", "is not the first line"},
		{"with another root", another(t, w, w.Issuer, label.AuditHead{Size: same.Size, Root: label.DigestOf(nil)}, good), e.leaves, label.ReasonBadSignature, "entries", "have the root"},
		{"of a longer trail", another(t, w, w.Issuer, label.AuditHead{Size: int64(len(e.leaves)) + 1, Root: same.Root}, good), e.leaves, label.ReasonWithheld, "entries", "the last ones are missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := (&export{c.leaves, c.head}).verify(t, w.Trust, now)
			wants(t, err, c.reason, c.field, c.says)
		})
	}
	// The same statements, made well: so the refusals above are for what they say.
	if _, err := (&export{e.leaves, another(t, w, w.Issuer, root(e.leaves), good)}).verify(t, w.Trust, now); err != nil {
		t.Errorf("a head of all entries: %v", err)
	}
	// A label is not the head of a trail.
	p := w.Issue(w.Example("camera"), 3)
	_, err = (&export{e.leaves, verify.NewTrailHead(p.Bundle, e.head.Head)}).verify(t, w.Trust, now)
	wants(t, err, label.ReasonUnknownType, "head", "not the head of an audit trail")
	// What is dated ahead of this clock.
	_, err = e.verify(t, w.Trust, now.Add(-time.Hour))
	wants(t, err, label.ReasonInFuture, "proof", "is this clock right?")
}

// TestOldHeadOfTrail holds that an old head in the place of a newer one is noticed by
// the entries that should have been logged long since.
func TestOldHeadOfTrail(t *testing.T) {
	w, early, _ := trailOf(t)
	told := func(e *export) error {
		t.Helper()
		r, err := e.verify(t, w.Trust, w.Clock.Now())
		must(t, err)
		return r.Told()
	}
	w.Clock.Set(w.Clock.Now().Add(label.MaxTrailDelay + time.Minute))
	must(t, w.Authority.LogAuditHead(t.Context()))
	now := exported(t, w)
	if err := told(now); err != nil {
		t.Errorf("all is logged: %v", err)
	}
	// The old head as its export has it is as of then, and so are the entries beyond it.
	if err := told(early.with(now.leaves...)); err != nil {
		t.Errorf("with an old head and an old proof: %v", err)
	}
	// The old head with a proof of today: the log is of today, and the entries are not.
	p, err := translog.ParseProof([]byte(early.head.Proof))
	must(t, err)
	fresh := w.Authority.Checkpoint()
	head, err := w.Trust.OpenCheckpoint(fresh)
	must(t, err)
	var proof []byte
	must(t, w.Authority.View(func(v *store.View) error {
		hashes, err := translog.Prove(head.Tree.N, p.Index, v)
		proof = translog.Proof{Index: p.Index, Hashes: hashes, Checkpoint: fresh}.Format()
		return err
	}))
	err = told(&export{now.leaves, verify.NewTrailHead(early.head.Head, proof)})
	wants(t, err, label.ReasonIncomplete, "head", "the log should have had a later one")
	// Where there is no head, whoever wrote the file may have written anything.
	none := &export{now.leaves, verify.NewTrailHead(nil, nil)}
	wants(t, told(none), label.ReasonIncomplete, "head", "nothing in the trail is signed")
	wants(t, told(none.with()), label.ReasonIncomplete, "head", "nothing in the trail is signed")
}

// TestMadeUpEntries has somebody append an entry to an export, of a time at which no later
// head was due yet.
func TestMadeUpEntries(t *testing.T) {
	w, _, now := trailOf(t)
	last, err := label.ParseTrailEntry(now.leaves[len(now.leaves)-1])
	must(t, err)
	add := func(at time.Time) (*verify.Trail, error) {
		t.Helper()
		e := *last
		e.Number, e.At = e.Number+1, at.Truncate(time.Millisecond)
		leaf, err := e.Leaf()
		must(t, err)
		return now.with(append(slices.Clone(now.leaves), leaf)...).verify(t, w.Trust, w.Clock.Now())
	}
	r, err := add(w.Clock.Now())
	must(t, err)
	if n, _ := r.Beyond(); n == 0 || r.Told() != nil {
		t.Errorf("%d entries are beyond the head, of which a later one was not due (%v)", n, r.Told())
	}
	_, err = add(w.Clock.Now().Add(label.MaxVerifierSkew + time.Minute))
	wants(t, err, label.ReasonInFuture, "entries["+strconv.FormatInt(last.Number+1, 10)+"].at", "is this clock right?")
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	r, err = add(w.Clock.Now())
	must(t, err)
	wants(t, r.Told(), label.ReasonIncomplete, "head", "the log should have had a later one")
}

func FuzzParseTrailHead(f *testing.F) {
	_, _, e := trailOf(f)
	for _, h := range []*verify.TrailHead{e.head, verify.NewTrailHead(nil, nil)} {
		line, err := label.Encode(h)
		must(f, err)
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		h, err := verify.ParseTrailHead(line)
		if _, ok := errors.AsType[*label.Error](err); err != nil && !ok {
			t.Errorf("%q: %v is no refusal", line, err)
		}
		if err == nil && (h.Type != label.TypeAudit || strings.TrimSpace(string(line)) == "") {
			t.Errorf("%q was read as %+v", line, h)
		}
	})
}
