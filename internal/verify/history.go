package verify

import (
	"fmt"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/statuslist"
	"labeld/internal/tally"
	"labeld/internal/translog"
)

// history checks the statements about what happened to the label, and returns
// what its digest covers of each.
func (t *Trust) history(r *Result, p *Package) ([]tally.Step, error) {
	if len(p.Statuses) > label.MaxStatuses {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "statuses", "are %d, at most %d are possible", len(p.Statuses), label.MaxStatuses)
	}
	steps := make([]tally.Step, len(p.Statuses))
	device, last := label.DigestOf([]byte(p.Device)), r.Index
	for i, s := range p.Statuses {
		if s.Omitted != nil {
			if s.Bundle != nil || s.Index != 0 || s.Hashes != nil {
				return nil, label.Errorf(label.Invalid, label.ReasonMalformed, field(i), "is there and omitted at once")
			}
			steps[i] = tally.Step{Action: s.Omitted.Action, Slot: s.Omitted.Slot, Entry: s.Omitted.Entry}
			r.Omitted++
			continue
		}
		st, leaf, err := t.logged(r, s, device)
		if err == nil && s.Index <= last {
			err = label.Errorf(label.Invalid, label.ReasonOutOfRange, "index", "must be of a later entry than what precedes it")
		}
		if err == nil {
			err = label.CheckNext(r.Label, r.statement, i+1, st)
		}
		if err != nil {
			return nil, label.Within(field(i), err)
		}
		last, steps[i] = s.Index, tally.StepOf(st, leaf)
		r.Statuses = append(r.Statuses, st)
	}
	return steps, replaced(p, steps)
}

func field(i int) string { return fmt.Sprintf("statuses[%d]", i) }

// logged checks one statement: the signature, and that the log has it.
func (t *Trust) logged(r *Result, s LoggedStatement, device label.Digest) (*label.Status, []byte, error) {
	u, err := envelope.Open(s.Bundle)
	if err != nil {
		return nil, nil, err
	}
	st, err := t.status(u, device)
	if err != nil {
		return nil, nil, err
	}
	leaf, err := u.Envelope().Encode()
	if err != nil {
		return nil, nil, err
	}
	hashes := make([]translog.Hash, len(s.Hashes))
	for i, text := range s.Hashes {
		if hashes[i], err = translog.ParseHash(text); err != nil {
			return nil, nil, label.Errorf(label.Invalid, label.ReasonMalformed, "hashes", "%v", err)
		}
	}
	if err := translog.VerifyInclusion(r.head.Tree, s.Index, translog.LeafHash(leaf), hashes); err != nil {
		return nil, nil, t.notLogged("hashes", err)
	}
	return st, leaf, nil
}

// replaced checks that nothing was left out but advises that were replaced, each
// by one that is there in full.
func replaced(p *Package, steps []tally.Step) error {
	standing := map[label.Digest]bool{} // slots that come again, in full
	for i, s := range slices.Backward(steps) {
		switch {
		case p.Statuses[i].Omitted == nil:
			if s.Action == label.Advise {
				standing[s.Slot] = true
			}
		case s.Action != label.Advise:
			return label.Errorf(label.Invalid, label.ReasonWithheld, field(i), "is a %s, which must not be left out; fetch the package again", s.Action)
		case !standing[s.Slot]:
			return label.Errorf(label.Invalid, label.ReasonWithheld, field(i), "is an advise that no later one replaces, and must not be left out; fetch the package again")
		}
	}
	return nil
}

// complete checks by the tally that the package holds all that had happened to
// the label by then, and notes when that was. Omissions are believed only if the
// tally covers them.
func (t *Trust) complete(r *Result, p *Package, steps []tally.Step, now time.Time) error {
	if p.History == nil {
		if r.Omitted > 0 {
			return label.Errorf(label.Invalid, label.ReasonWithheld, "statuses", "are left out, and nothing shows that they may be; fetch the package again")
		}
		return nil
	}
	h, err := t.histories.open([]byte(p.History.Head))
	if err != nil {
		return label.Errorf(label.Invalid, label.ReasonBadSignature, "history.head", "is no tally of histories that the log %s signed: %v", t.Log.Origin, err)
	}
	at, err := h.when("history.head", now)
	if err != nil {
		return err
	}
	count := p.History.Count
	switch {
	case count < 0 || count > label.MaxStatuses:
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "history.count", "must be 0 to %d", label.MaxStatuses)
	case count > len(steps):
		// The count is believed only with its proof, and that needs all of them.
		return label.Errorf(label.Invalid, label.ReasonWithheld, "statuses",
			"are %d, and the history in the package, as of %s, is one of %s: some were left out, or the history was taken from the package of another label; fetch the package again",
			len(steps), at.Format(time.RFC3339), plural(count, "statement"))
	}
	for i := count; i < len(steps); i++ {
		if p.Statuses[i].Omitted != nil {
			return label.Errorf(label.Invalid, label.ReasonWithheld, field(i), "is left out, and the tally does not cover it yet; fetch the package again")
		}
	}
	if err := tallied(h.head.Tree, r.Index, steps, count, p.History.Proof); err != nil {
		return err
	}
	if r.Complete = at; r.Label.Issued.After(at) {
		r.Complete = r.Label.Issued // before that nothing could have happened
	}
	return nil
}

// tallied checks that a tally counts the first of these statements of the label
// at a position of the log, that many and no others.
func tallied(tree translog.Tree, index int64, steps []tally.Step, count int, text []string) error {
	proof, err := tally.ParseProof(text)
	if err != nil {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "history.proof", "%v", err)
	}
	if index >= tree.N {
		// The label is younger than the tally: nothing could have happened to it.
		if count > 0 || len(proof) > 0 {
			return label.Errorf(label.Invalid, label.ReasonWithheld, "history",
				"is not that of this label: its tally covers %d log entries and ends before the label, which is entry %d, and yet the history counts %s or has a proof; it was taken from the package of another label; fetch the package again",
				tree.N, index, plural(count, "statement"))
		}
		return nil
	}
	var leaf tally.Leaf
	fits := -1 // how many of the statements the tally counts, if these
	for i := 0; ; i++ {
		if tally.Verify(tree.Hash, index, leaf, proof) == nil {
			fits = i
		}
		if i == count && fits == count {
			return nil
		}
		if i == len(steps) {
			break
		}
		leaf = leaf.Then(steps[i])
	}
	if fits >= 0 {
		return label.Errorf(label.Invalid, label.ReasonWithheld, "history.count",
			"was changed: the package says that the tally counts %s of this label, and the tally counts %d; fetch the package again", plural(count, "statement"), fits)
	}
	return label.Errorf(label.Invalid, label.ReasonWithheld, "history",
		"does not show that the tally counts %s of this label: others were left out or put in their place, or the history was taken from the package of another label, or from one of another time; fetch the package again",
		counted(count))
}

// counted names the first statements of a package.
func counted(n int) string {
	switch n {
	case 0:
		return "no statement"
	case 1:
		return "this 1 statement"
	}
	return fmt.Sprintf("these %d statements", n)
}

// Known returns until when it is known what had happened to the label: by the proof in
// the package, by a statement in it (statements are numbered, so that those before it
// are there), or by a status list that agrees. It is zero where nothing says so.
func (r *Result) Known() time.Time {
	known := r.Complete
	if r.Listed.After(known) {
		known = r.Listed
	}
	if n := len(r.Statuses); n > 0 && !known.IsZero() && r.Statuses[n-1].Recorded.After(known) {
		known = r.Statuses[n-1].Recorded
	}
	return known
}

// Told returns nil if the result says how the label stands at the instant that
// was asked about, and otherwise why nobody can tell: nothing shows whether
// anything else has happened to it, what shows it is too old, or a status list
// that is newer says something else. What has ended cannot come back, however old
// the news of it. Believe no live label without asking.
func (r *Result) Told() error {
	known := r.Known()
	// As of an instant to which the package is complete, a later list says nothing.
	if o := r.Overruled; o != nil && r.At.After(r.Complete) {
		switch {
		case r.Lost():
			return nil
		case o.Value == statuslist.Valid:
			return label.Errorf(label.Precondition, label.ReasonIncomplete, "package",
				"has the label as %s, and the status list of %s, which is newer, has it as valid; fetch the package again", r.State, o.At.Format(time.RFC3339))
		}
		return label.Errorf(label.Precondition, label.ReasonIncomplete, "package",
			"does not show when the label became %s, which it is in the status list of %s; fetch the package again", o.Value, o.At.Format(time.RFC3339))
	}
	switch {
	case !r.State.Live():
		return nil
	case known.IsZero():
		return label.Errorf(label.Precondition, label.ReasonIncomplete, "package",
			"does not show whether anything else has happened to the label; fetch the package again, or give a status list")
	case r.At.Sub(known) > r.limit:
		return r.stale(known)
	}
	return nil
}

// stale says how old what is known of the label is, and what to do about it. A
// history that is older than the log head beside it was not served with that.
func (r *Result) stale(known time.Time) error {
	text := fmt.Sprintf("shows what had happened to the label by %s, which is %s before %s, and counts for %s",
		known.Format(time.RFC3339), age(r.At.Sub(known)), r.At.Format(time.RFC3339), days(r.limit))
	if known.Equal(r.Complete) && r.Fresh.Sub(known) > r.limit {
		text += fmt.Sprintf("; the rest of the package is of %s: somebody has put an older history into it", r.Fresh.Format(time.RFC3339))
	}
	if !known.After(r.Label.Issued) { // nothing to ask of before
		return label.Errorf(label.Precondition, label.ReasonStale, "package", "%s; fetch the package again, or give a status list", text)
	}
	return label.Errorf(label.Precondition, label.ReasonStale, "package",
		"%s; fetch the package again, give a status list, or ask how the label stood then (--at %s)", text, known.Format(time.RFC3339))
}

// age writes how old something is, in days where it is old.
func age(d time.Duration) string {
	if d >= 48*time.Hour {
		return days(d)
	}
	return d.Round(time.Minute).String()
}
