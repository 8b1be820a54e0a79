package authority

import (
	"fmt"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/tally"
	"labeld/internal/verify"
)

// tallyLimit is how old the tally may be that a label is published with. It is
// made anew every half minute; it is older only where the machine slept or its
// clock was set, and then it is made before the label is shown.
const tallyLimit = time.Hour

// A signedTally is the tally of histories as it was signed last.
type signedTally struct {
	tree *tally.Tree
	size int64 // of the log that it covers
	head []byte
	at   time.Time
}

// A newTally is the next tally while it is made: the last one, and what has
// changed since.
type newTally struct {
	tree    *tally.Tree
	changed map[int64]tally.Leaf // by log entry of the label
	at      time.Time
}

// newTally begins the next tally, from the last one. The first is made from
// nothing, so that a start counts all histories.
func (a *Publishing) newTally(at time.Time) *newTally {
	n := &newTally{tree: &tally.Tree{}, changed: map[int64]tally.Leaf{}, at: at}
	if last := a.tally.Load(); last != nil {
		n.tree = last.tree
	}
	return n
}

// count adds to the tally what is new in a history. Log entries are read of that
// alone. Where one cannot be read, the history gets a leaf that nobody can prove:
// the other histories are counted, and no package of this label passes for
// complete until the store is repaired and the service started again.
func (n *newTally) count(v *store.View, rec *store.Label, list []*store.Status) error {
	leaf := n.tree.Leaf(rec.Index)
	if leaf.Count == len(list) {
		return nil
	}
	if leaf.Count > len(list) {
		leaf = tally.Leaf{}
	}
	for _, st := range list[leaf.Count:] {
		entry, err := v.Leaf(st.Index)
		if err != nil {
			n.changed[rec.Index] = tally.Leaf{Count: len(list)}
			return fmt.Errorf("counting status %d of label %s: %w", st.Number, rec.ID, err)
		}
		leaf = leaf.Then(tally.StepOf(&st.Status, entry))
	}
	n.changed[rec.Index] = leaf
	return nil
}

// signTally signs the next tally, which covers a log of a size, and puts it in place
// of the last.
func (a *Publishing) signTally(size int64, n *newTally) error {
	tree, err := n.tree.With(n.changed)
	if err != nil {
		return err
	}
	next := &signedTally{tree: tree, size: size, at: n.at}
	if next.head, err = a.issuer.Histories(tree.Head(size), n.at); err == nil {
		a.tally.Store(next)
	}
	return err
}

// currentTally returns the tally for a label that is published now. It must be
// asked for before the store is read: a tally that is newer than a history counts
// what the history does not have.
func (a *Publishing) currentTally(now time.Time) *signedTally {
	return a.tallyThat(func(t *signedTally) bool { return t.current(now) })
}

// tallyThat returns a tally that will do. It is made anew where the last one does
// not; where that fails, the last one is returned, whatever it is.
func (a *Publishing) tallyThat(does func(*signedTally) bool) *signedTally {
	if t := a.tally.Load(); does(t) || a.readOnly != nil {
		return t
	}
	a.listing.Lock()
	defer a.listing.Unlock()
	if !does(a.tally.Load()) && time.Since(a.listFailed) >= listRest {
		if err := a.refreshList(); err != nil {
			a.listFailed = time.Now()
			a.log.Error("making the tally of histories", "err", err)
		}
	}
	return a.tally.Load()
}

// current reports whether a tally is of the present. One that is dated ahead is
// from before the clock was set back, and others would not believe it.
func (t *signedTally) current(now time.Time) bool {
	age := now.Sub(t.at)
	return age < tallyLimit && age > -label.MaxClockSkew
}

// history returns the proof that a package has all of a label's history that the
// tally counts, and nil where no tally is signed.
func (t *signedTally) history(index int64) (*verify.History, error) {
	if t.head == nil {
		return nil, nil
	}
	h := &verify.History{Head: string(t.head)}
	if index >= t.size {
		return h, nil // the label is younger
	}
	leaf, proof, err := t.tree.Prove(index)
	h.Count, h.Proof = leaf.Count, proof.Text()
	return h, err
}
