package authority

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// settledNotes says to an operator who settled what was open about a label that
// something speaks against the evidence which the label rests on, and that it does
// not carry the label today. The operator decides all the same: the same findings
// have a consequence once ([Authority.drawVerdict]); lists of devices say so of the label
// from then on ([DeviceEntry]). A revocation that waits for another person is not
// settled by it, and named. What cannot be told now sounds
// the alarm, since the label was changed already.
func (a *Issuing) settledNotes(st *store.Status) (notes []string) {
	switch st.Action {
	case label.Reinstate, label.Clear, label.Release:
	default:
		return nil
	}
	var rec *store.Label
	err := a.read(func(v *store.View) (err error) {
		if rec, err = v.Label(st.Label); err == nil {
			notes, err = a.doubtNotes(v, rec)
		}
		if err != nil {
			return err
		}
		asked, err := a.evidence.revocationAsked(v, rec, a.clock())
		if err == nil && asked != nil {
			notes = append(notes, fmt.Sprintf("An operator asks to revoke the label (%s: %s), which can still be done until %s: \"labelctl request list\" shows the request, and \"labelctl request dismiss\" ends it.", asked.Reason, asked.Text, asked.Until.UTC().Format(time.RFC3339)))
		}
		return err
	})
	if err == nil && st.Action != label.Release {
		var note string
		if note, err = a.judgedNote(rec, st); err == nil && note != "" {
			notes = append(notes, note)
		}
	}
	if err != nil {
		a.alarm("telling what speaks against a label", string(st.Label), err)
	}
	return notes
}

// judgedNote says that the evidence does not carry a label that an operator has let
// stand, and what becomes of it: it falls again where that was not acted upon before
// ([Authority.drawVerdict]), which may have happened meanwhile.
func (a *Issuing) judgedNote(rec *store.Label, settled *store.Status) (string, error) {
	n, _, err := a.judgeLive(rec)
	if err != nil || n.loss == "" {
		return "", err
	}
	note := "The evidence of today does not carry the label"
	if len(n.what) > 0 {
		note += ": no longer met is " + label.Clip(strings.Join(n.what, "; "), label.MaxProse/2)
	}
	err = a.read(func(v *store.View) error {
		h, err := a.history(v, rec)
		if err != nil {
			return err
		}
		last, err := v.Verdict(rec.ID)
		if err != nil {
			return err
		}
		standing := h.StandingAt(a.clock())
		r, _ := a.reaction(n, h, &standing, settled.Recorded)
		i := slices.IndexFunc(h.Statuses, func(st *label.Status) bool {
			return st.Number > settled.Number && st.Cause == label.Cause{Kind: label.CauseEvidence}
		})
		switch {
		case i >= 0 && last.Cause == n.cause:
			note += fmt.Sprintf(". That had not been acted upon, since something else was open, and the label %s again at once (%s).", befell[h.Statuses[i].Action], h.Statuses[i].Reason)
		case !n.known(&last) && r.Action != scheme.NoEffect:
			note += fmt.Sprintf(". That has not been acted upon, since something else was open: the label is judged again now, and what becomes of it is: %s (%s).", r.Action, r.Reason)
		default:
			note += ". This was known before, so that the label stands by your decision alone; suspend or revoke it if it should not."
		}
		return nil
	})
	return note, err
}

// doubtNotes names the evidence of a label that something speaks against.
func (a *Issuing) doubtNotes(v *store.View, rec *store.Label) (notes []string, err error) {
	l, err := signedLabel(v, rec)
	if err != nil {
		return nil, err
	}
	known := a.distrust.Load()
	for _, e := range l.Evidence {
		st, err := v.Statement(e.SHA256)
		if err != nil {
			continue // a ruling, which is no statement
		}
		doubt, err := known.doubts(v, st, nil, rec.Org, l.Device.Category, a.programme.Lifecycle(rec.Scheme, rec.Version).Propagation)
		if err != nil {
			return nil, err
		}
		if doubt != nil {
			notes = append(notes, fmt.Sprintf("The label rests on %s of %s (%s), which %s.", e.Number, e.Signer, e.SHA256, doubt.Text))
		}
	}
	return notes, nil
}
