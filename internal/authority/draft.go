package authority

import (
	"errors"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/tally"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// A draft is what proves a label, put together and not verified yet.
type draft struct {
	Documents
	history []*draftStatus
	large   bool // there are advises that could be left out if the tally counted them, and must be
}

// A draftStatus is a log entry about what happened to a label.
type draftStatus struct {
	env     *label.Envelope
	step    tally.Step
	form    verify.LoggedStatement // as the package has it
	omitted bool
}

// assemble puts together what proves a committed label and its history. All
// proofs lead to one head, which says how fresh it is.
func (a *Publishing) assemble(v *store.View, rec *store.Label, t *signedTally) (*draft, error) {
	head, err := v.Head()
	if err != nil {
		return nil, err
	}
	if head, err = a.freshHead(head); err != nil {
		return nil, err
	}
	device, err := v.Device(rec.Device)
	if err != nil {
		return nil, err
	}
	d := &draft{Documents: Documents{Index: rec.Index, Device: device.Descriptor}}
	if d.Bundle, d.proof, err = proved(v, head, rec.Index); err != nil {
		return nil, err
	}
	d.Proof = d.proof.Format()
	list, err := v.History(rec.ID)
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		l, err := newDraftStatus(v, head, s)
		if err != nil {
			return nil, err
		}
		d.Indexes = append(d.Indexes, s.Index)
		d.history = append(d.history, l)
	}
	history, err := t.history(rec.Index)
	if err != nil {
		return nil, err
	}
	counted := 0
	if history != nil {
		counted = history.Count
	}
	d.Package, err = verify.NewPackage(d.Bundle, d.Device, d.Proof, d.statuses(counted), history)
	return d, err
}

// newDraftStatus reads the log entry of a status.
func newDraftStatus(v *store.View, head store.Head, s *store.Status) (*draftStatus, error) {
	env, err := v.Entry(s.Index)
	if err != nil {
		return nil, err
	}
	entry, err := env.Encode()
	if err != nil {
		return nil, err
	}
	bundle, err := envelope.Bundle(env)
	if err != nil {
		return nil, err
	}
	hashes, err := translog.Prove(head.Tree.N, s.Index, v)
	return &draftStatus{env: env, step: tally.StepOf(&s.Status, entry), form: verify.NewLogged(bundle, s.Index, hashes)}, err
}

// statuses returns the history as the package has it. Where it would take more
// than its part of the package, advises that were replaced are left out, oldest
// first, as far as the tally counts.
func (d *draft) statuses(counted int) []verify.LoggedStatement {
	size, last := 0, map[label.Digest]int{}
	for i, s := range d.history {
		size += s.form.Size()
		last[s.step.Slot] = i
	}
	var list []verify.LoggedStatement
	for i, s := range d.history {
		if size > label.MaxHistory && s.step.Action == label.Advise && last[s.step.Slot] > i {
			if d.large = i >= counted; !d.large {
				short := verify.NewOmitted(s.step)
				size += short.Size() - s.form.Size()
				s.form, s.omitted = short, true
			}
		}
		list = append(list, s.form)
	}
	return list
}

// verified verifies a draft as others would, and returns it as anybody may see
// it: with the whole history, also what the package leaves out.
//
// Where nothing is signed (readOnly), the package cannot tell how the label stands
// now, and says so to whoever verifies it.
func (d *draft) verified(trust *verify.Trust, rec *store.Label, now time.Time, readOnly bool) (*Published, error) {
	r, err := trust.Verify(d.Package, now, now)
	if err == nil && r.Label.ID != rec.ID {
		err = errors.New("the log entry is of another label")
	}
	if err == nil && !readOnly {
		err = r.Told()
	}
	if err != nil {
		return nil, err
	}
	h := label.History{Label: r.Label, Seen: r.Fresh}
	for _, s := range d.history {
		var st *label.Status
		if !s.omitted {
			st, r.Statuses = r.Statuses[0], r.Statuses[1:]
		} else if st, err = trust.Status(s.env, rec.Device); err != nil {
			return nil, err
		}
		h.Statuses = append(h.Statuses, st)
	}
	if err := label.CheckHistory(h.Label, r.Statement(), h.Statuses); err != nil {
		return nil, err
	}
	return &Published{History: h, Documents: &d.Documents, fresh: r.Fresh}, nil
}
