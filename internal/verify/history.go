package verify

import (
	"fmt"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
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
			err = label.CheckNext(r.Label, i+1, st)
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
func (t *Trust) logged(r *Result, s Logged, device label.Digest) (*label.Status, []byte, error) {
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
		return label.Errorf(label.Invalid, label.ReasonWithheld, "statuses", "were left out: %s had happened to the label by %s, %d are here; fetch the package again",
			plural(count, "thing"), at.Format(time.RFC3339), len(steps))
	}
	for i := count; i < len(steps); i++ {
		if p.Statuses[i].Omitted != nil {
			return label.Errorf(label.Invalid, label.ReasonWithheld, field(i), "is left out, and the tally does not cover it yet; fetch the package again")
		}
	}
	if err := tallied(h.head.Tree, r.Index, steps[:count], p.History.Proof); err != nil {
		return err
	}
	r.Complete = at
	return nil
}

// tallied checks that a tally counts these statements of the label at a position
// of the log, and no others.
func tallied(tree translog.Tree, index int64, steps []tally.Step, text []string) error {
	proof, err := tally.ParseProof(text)
	if err != nil {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "history.proof", "%v", err)
	}
	if index >= tree.N {
		// The label is younger than the tally: nothing could have happened to it.
		if len(steps) > 0 || len(proof) > 0 {
			return label.Errorf(label.Invalid, label.ReasonOutOfRange, "history.count", "must be 0 for a label that the tally does not cover yet, and without a proof")
		}
		return nil
	}
	var leaf tally.Leaf
	for _, s := range steps {
		leaf = leaf.Then(s)
	}
	if err := tally.Verify(tree.Hash, index, leaf, proof); err != nil {
		return label.Errorf(label.Invalid, label.ReasonWithheld, "history",
			"does not show that the tally counts these %s of this label: others were left out or put in their place, or the proof is of another label; fetch the package again", plural(len(steps), "statement"))
	}
	return nil
}

// Told returns nil if the result says how the label stands at the instant that
// was asked about, and otherwise why nobody can tell: nothing shows whether
// anything else has happened to it, or what shows it is too old. What has ended
// cannot come back, however old the news of it. Believe no live label without
// asking.
func (r *Result) Told() error {
	known := r.Complete
	if r.Listed.After(known) {
		known = r.Listed
	}
	switch {
	case !r.State.Live():
		return nil
	case known.IsZero():
		return label.Errorf(label.Precondition, label.ReasonIncomplete, "package",
			"does not show whether anything else has happened to the label; fetch the package again, or give a status list")
	case r.At.Sub(known) > r.limit:
		return label.Errorf(label.Precondition, label.ReasonStale, "package",
			"shows what had happened to the label by %s, and that may be %s old at most; fetch the package again, or ask how the label stood then (--at %s)",
			known.Format(time.RFC3339), days(r.limit), known.Format(time.RFC3339))
	}
	return nil
}
