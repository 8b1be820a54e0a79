package authority

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// Worth says for every scheme of the programme whether an accepted statement
// counts, and why not: that it was accepted does not mean that it counts.
func (a *Evidence) Worth(st *store.Statement) (notes []scheme.Note, err error) {
	err = a.store.View(func(v *store.View) error {
		device, err := v.Device(st.Device)
		if err != nil {
			return err
		}
		category, err := categoryOf(device)
		if err != nil {
			return err
		}
		now, known := a.clock(), a.distrust.Load()
		rulings, _, err := known.rulings(v, st.Device)
		if err != nil {
			return err
		}
		for _, s := range a.programme.Judging(now) { // until when it counts is for the scheme to say
			items, _, err := known.evidence(v, device, category, s.Lifecycle.Propagation)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(items, func(it *scheme.Item) bool { return it.ID == st.ID })
			if i < 0 {
				return nil
			}
			note := []scheme.Note{s.Note(items[i], now)}
			sameDay(note, items, items[i])
			if err := vain(v, note, device, category, items, items[i], known, s); err != nil {
				return err
			}
			admitted(note, s, items[i], rulings)
			notes = append(notes, note...)
		}
		return nil
	})
	return notes, err
}

// sameDay adds to what a declaration is worth that another of the same day stands
// beside it: a later one takes the place of an earlier one only from the next day on.
func sameDay(notes []scheme.Note, items []*scheme.Item, it *scheme.Item) {
	beside := slices.IndexFunc(items, func(o *scheme.Item) bool {
		return o != it && label.SourceOf(o.Type) == label.SourceDeclaration && label.SourceOf(it.Type) == label.SourceDeclaration && o.Doubt == nil &&
			o.Signer == it.Signer && o.Date == it.Date && o.Standard == it.Standard && o.Edition == it.Edition
	})
	if beside < 0 {
		return
	}
	for i := range notes {
		if notes[i].Counts {
			notes[i].Text += fmt.Sprintf("; declaration %s of the same day, %s, stands beside it, and of what they say the worse counts: to correct it, declare with a later date", items[beside].Number, it.Date)
		}
	}
}

// vain adds to what a report is worth which failures of the product it does not undo,
// although it passes what failed.
func vain(v *store.View, notes []scheme.Note, device *store.Device, category string, items []*scheme.Item, it *scheme.Item, known *distrust, s *scheme.Scheme) error {
	if it.Source() != scheme.Lab {
		return nil
	}
	others, err := siblings(v, device.Digest)
	if err != nil {
		return err
	}
	theirs, _, err := known.ofSiblings(v, others, category, s.Lifecycle.Propagation)
	if err != nil {
		return err
	}
	for i := range notes {
		if list := it.Vain(slices.Concat(items, theirs)); notes[i].Counts && len(list) > 0 {
			notes[i].Text += "; " + strings.Join(list, "; ")
		}
	}
	return nil
}

// admitted adds to what a declaration is worth that it claims to fail what a ruling on
// an appeal had count as met.
func admitted(notes []scheme.Note, s *scheme.Scheme, it *scheme.Item, rulings []*scheme.Item) {
	for i := range notes {
		for _, r := range rulings {
			list := s.Admits(it, r)
			if !notes[i].Counts || len(list) == 0 {
				continue
			}
			notes[i].Text += fmt.Sprintf("; it claims that %s fails, so that the ruling on appeal %s does not hold for that, and a label that rests on the ruling is judged again: a lab's pass, or a declaration of a later day without this claim, answers it", strings.Join(list, ", "), r.Number)
		}
	}
}

// checkCorrection refuses a report that corrects what it cannot: only a report
// on record, of the same lab, about the same device and by the same yardstick,
// and for no higher level. A correction that would have no effect would leave
// its lab to believe that the failure is gone.
func checkCorrection(v *store.View, item *scheme.Item, device label.Digest) error {
	if item.Corrects.IsZero() {
		return nil
	}
	const field = "predicate.corrects"
	st, err := v.Statement(item.Corrects)
	if errors.Is(err, store.ErrNotFound) || err == nil && st.Device != device {
		return label.Errorf(label.Invalid, label.ReasonUnknownStatement, field,
			"no statement %s about this device is on record; \"labelctl submissions\" lists those you signed", item.Corrects)
	}
	if err != nil {
		return err
	}
	earlier, err := itemOf(v, st)
	if err != nil {
		return err
	}
	if err := item.CheckCorrects(earlier); err != nil {
		return label.Within(field, err)
	}
	return checkCorrectedOnce(v, item, device, earlier.Number)
}

// checkCorrectedOnce refuses a second correction of a report: the two would stand
// beside each other. What is wrong with the first is corrected by a correction of that.
func checkCorrectedOnce(v *store.View, item *scheme.Item, device label.Digest, number string) error {
	list, err := v.DeviceStatements(device)
	if err != nil {
		return err
	}
	for _, s := range list {
		st, err := v.Statement(s.ID)
		if err != nil {
			return err
		}
		if _, struck := v.Struck(st.ID); struck || st.Signer != item.Signer || label.SourceOf(st.Type) != label.SourceLab || st.ID == item.ID {
			continue
		}
		other, err := itemOf(v, st)
		if err != nil {
			return err
		}
		if other.Corrects == item.Corrects {
			return label.Errorf(label.Precondition, label.ReasonExists, "predicate.corrects",
				"report %s is corrected by report %s already; to correct it once more, correct that one (corrects: %s)", number, other.Number, other.ID)
		}
	}
	return nil
}
