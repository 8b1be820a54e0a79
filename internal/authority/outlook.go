// # What striking a statement will come to
//
// A statement that is struck changes labels in two ways: by what the scheme has become
// of them for the reason of the event, and by judging the labels of the product again,
// which happens at once and may suspend a label that the event itself lets stand. Who
// strikes a statement is told of both before, and in the answer: the labels are judged
// as they would be if the statement were struck already. Some of them, so that it costs
// no more than a few requests; the rest are named as such that will be judged.
package authority

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// An outlook is what striking a statement comes to for a live label of its product.
type outlook struct {
	rec   *store.Label
	rests bool   // the label names the statement
	short string // what becomes of it when it is judged again; empty where it is not among those that were
	long  string // with what is no longer met
	same  bool   // nothing
}

// outlook works out what becomes of the live labels of a product when a statement
// about it is struck. Those that rest on it come first. What keeps an event from being
// admitted is for [Authority.admitEvent] to say.
func (a *Events) outlook(e *label.Event) (list []*outlook, err error) {
	if e.Kind != label.StatementEvent && e.Kind != label.WithdrawalEvent {
		return nil, nil
	}
	now := a.clock()
	err = a.read(func(v *store.View) error {
		of, err := toStrike(v, e.Statement)
		if _, done, unread := struckFor(v, e); err != nil || done || unread != nil {
			return unread
		}
		err = labelsOfProduct(v, of.Device, func(rec *store.Label) error {
			h, err := a.history(v, rec)
			if err != nil || !h.StandingAt(now).State.Live() {
				return err
			}
			var g ground
			if _, err := readLabel(v, rec, &g); err != nil {
				return err
			}
			list = append(list, &outlook{rec: rec, rests: g.restsOn(e.Statement)})
			return nil
		})
		if err != nil && own(err) {
			list = nil // the event strikes the statement all the same, and the walk names what cannot be read
			return nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(x, y *outlook) int {
		switch {
		case x.rests == y.rests:
			return 0
		case x.rests:
			return -1
		}
		return 1
	})
	known := *a.distrust.Load()
	known.struck = maps.Clone(known.struck)
	known.struck[e.Statement] = &strikeCause{why: a.because(e), withdrawn: e.Kind == label.WithdrawalEvent}
	for _, o := range list[:min(len(list), maxNamed)] {
		if err := a.foretell(o, e, &known); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// foretell judges a label by what would be known, and says what comes of it.
func (a *Events) foretell(o *outlook, e *label.Event, known *distrust) error {
	n, _, err := a.issuing.judgeBy(o.rec, known)
	if err != nil {
		if own(err) {
			return nil // it is judged again, and how is not known
		}
		return err
	}
	now := a.clock()
	return a.read(func(v *store.View) error {
		h, err := a.history(v, o.rec)
		if err != nil {
			return err
		}
		last, err := v.Verdict(o.rec.ID)
		if err != nil {
			return err
		}
		standing := h.StandingAt(now)
		r, off := a.issuing.reaction(n, h, &standing, now)
		effect := a.programme.Lifecycle(o.rec.Scheme, o.rec.Version).Propagation[e.Reason]
		byEvent := o.rests && effect.Action != "" && effect.Action != scheme.NoEffect
		switch {
		case n.unable:
			o.short, o.same = "not judged, since its version of the scheme is not served", true
		case n.loss == "" && last.Cause != "" && standing.Open():
			o.short = "carried by the evidence that is left, and what is open about it stays open until an operator ends that (labelctl label reinstate, or clear)"
		case n.loss == "":
			o.short, o.same = "carried by the evidence that is left", true
		case n.known(&last) || last.Cause == putOff+n.cause:
			o.short, o.same = "not carried by the evidence, which was known before", true
		case byEvent && effect.Action != label.Review:
			o.short = "not carried by the evidence that is left"
		case off:
			o.short = "not carried by the evidence that is left, of which it is judged when what is open about it is settled"
		case r.Action == scheme.NoEffect || r.Action == label.Review && byEvent:
			o.short = "not carried by the evidence that is left, of which its manufacturer and operators are told"
		default:
			o.short = fmt.Sprintf("%s for the reason %s", foreseen[r.Action], r.Reason)
		}
		o.long = o.short
		if len(n.what) > 0 && !o.same {
			o.long += "; no longer met is " + strings.Join(n.what, "; ")
		}
		return nil
	})
}

// foreseen says what will have become of a label that is judged again.
var foreseen = map[label.Action]string{label.Suspend: "suspended", label.Review: "put under review"}

// outlookNotes say what judging again comes to, of the labels that rest on what is
// struck, and of others of the product to which it does something.
func outlookNotes(list []*outlook) (notes []string) {
	rest := 0
	for _, o := range list {
		switch {
		case o.short == "" && o.rests:
			rest++
		case o.short == "", !o.rests && o.same:
		case o.rests:
			notes = append(notes, label.Clip(fmt.Sprintf("Label %s rests on it and is judged again at once. It is then %s.", o.rec.ID.Pretty(), o.long), label.MaxProse))
		default:
			notes = append(notes, label.Clip(fmt.Sprintf("Label %s is of the same product and is judged again at once. It is then %s.", o.rec.ID.Pretty(), o.long), label.MaxProse))
		}
	}
	if rest > 0 {
		notes = append(notes, fmt.Sprintf("%d more of the labels that rest on it are judged again at once.", rest))
	}
	return notes
}

// foresee adds to the labels that an event touches what judging again comes to, and
// the labels of the product that only that touches.
func foresee(list []Consequence, outlook []*outlook) []Consequence {
	for _, o := range outlook {
		i := slices.IndexFunc(list, func(t Consequence) bool { return t.Label.ID == o.rec.ID })
		switch {
		case i >= 0:
			list[i].Judged = cmp.Or(o.short, "judged again at once")
		case o.short != "" && !o.same:
			list = append(list, Consequence{Label: o.rec, Action: scheme.NoEffect, Judged: o.short})
		}
	}
	return list
}
