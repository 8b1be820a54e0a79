package authority

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// eventNotes says what whoever reports an event has to know of it.
func (a *Events) eventNotes(v *store.View, e *label.Event) (notes []string, err error) {
	switch e.Kind {
	case label.LabEvent:
		acc, err := inForce(v, e)
		if err != nil {
			return nil, err
		}
		if acc.Suspended == "" {
			return a.lapseNotes(e), nil
		}
		before, err := v.Event(acc.Event)
		if err != nil {
			return nil, err
		}
		if len(e.Categories) > 0 {
			return []string{fmt.Sprintf("Accreditation %s is suspended, by event %s, and stays so; it also loses categories now.", acc.Number, acc.Event)}, nil
		}
		return []string{fmt.Sprintf("Accreditation %s was suspended already, by event %s for the reason %s (%s). From now on the record says this event's text, and labels are changed as the scheme says for %s as well.",
			acc.Number, acc.Event, before.Event.Reason, acc.Suspended, e.Reason)}, nil
	case label.AffiliationEvent:
		return unenrolled(v, []string{e.Manufacturer})
	case label.SeparationEvent:
		return separationNotes(v, e)
	case label.KeyEvent:
		return a.keyNotes(v, e)
	case label.GTINEvent:
		return a.moveNotes(v, e)
	case label.HoldEvent:
		return a.heldNotes(v, e)
	case label.StatementEvent:
		of, err := toStrike(v, e.Statement)
		if err != nil {
			return nil, err
		}
		return []string{of.forGood()}, nil
	case label.WithdrawalEvent:
		return []string{"What the report found wrong goes on counting until you correct the report, other tests undo it, or the authority strikes the report. A withdrawal cannot be taken back; issue the report anew under another number if it was a mistake."}, nil
	}
	return nil, nil
}

// lapseNotes says that a label which is given an end keeps it, also where the cause of
// that is set right.
func (a *Events) lapseNotes(e *label.Event) []string {
	for _, s := range a.programme.Judging(a.clock()) {
		if s.Lifecycle.Propagation[e.Reason].Action == label.Lapse {
			return []string{"A label that is given an end by this keeps that end until it is renewed, also where the accreditation is recorded anew with what it lost."}
		}
	}
	return nil
}

// separationNotes says what counts from now on, and how a wrong day is set right.
func separationNotes(v *store.View, e *label.Event) (notes []string, err error) {
	apart, err := separated(v.Org, e)
	if err != nil {
		return nil, err
	}
	before, err := endOnRecord(v, e)
	if err != nil {
		return nil, err
	}
	ends := slices.ContainsFunc(apart, func(o label.Organization) bool {
		return lastEnd(&o, e.Lab) != nil || lastEnd(&o, e.Manufacturer) != nil
	})
	if ends && !before.IsZero() && e.Reason == reasonMistake {
		notes = append(notes, fmt.Sprintf("This takes the place of %s, on which the common control ended by the record so far; what rests on reports about that is judged again.", before))
	}
	return append(notes, fmt.Sprintf("Reports of tests that began up to %s do not count, and later ones do. Where that day turns out to be wrong, report the right one for the reason %s.", e.Ended, reasonMistake)), nil
}

// keyNotes says what whoever reports that a key was in the wrong hands has to know.
func (a *Events) keyNotes(v *store.View, e *label.Event) (notes []string, err error) {
	if notes, err = thiefNotes(v, e); err != nil {
		return nil, err
	}
	k, err := v.Key(e.Key)
	if err != nil {
		return nil, err
	}
	if k.Revoked.IsZero() {
		keyless, err := keylessNotes(v, k, a.clock())
		if err != nil {
			return nil, err
		}
		notes = append(notes, keyless...)
	}
	return append(notes, "This cannot be taken back: the key stays revoked, and the instant can be set to an earlier one alone. What counts no more because of it counts again when its signer issues it anew, with another key and under another number."), nil
}

// heldNotes names the labels that go on counting while their product is on hold:
// whoever puts the hold may believe that it tells shoppers.
func (a *Events) heldNotes(v *store.View, e *label.Event) (notes []string, err error) {
	var live []string
	count := func(rec *store.Label) error {
		h, err := a.history(v, rec)
		if err == nil && h.StandingAt(a.clock()).State == label.Active {
			live = append(live, rec.ID.Pretty())
		}
		return err
	}
	if e.Device.IsZero() {
		var inner error
		err = v.OrgLabels(e.Manufacturer, nil, func(rec *store.Label, _ []byte) bool {
			inner = count(rec)
			return inner == nil && len(live) <= maxNamed
		})
		err = errors.Join(err, inner)
	} else {
		err = labelsOfProduct(v, e.Device, count)
	}
	if err != nil || len(live) == 0 {
		return nil, err
	}
	what := strings.Join(live[:min(len(live), maxNamed)], ", ")
	if len(live) > maxNamed {
		what += " and others"
	}
	return []string{"Shoppers see nothing of this hold, and these labels go on counting: " + what + ". To warn them, review or suspend what should not count (labelctl label review, labelctl label suspend)."}, nil
}

// labelsOfProduct calls f with the labels of all devices of a device's product.
func labelsOfProduct(v *store.View, device label.Digest, f func(*store.Label) error) error {
	devices, err := productOf(v, device)
	if err != nil {
		return err
	}
	for _, d := range devices {
		list, err := v.LabelsOf(d)
		if err != nil {
			return err
		}
		for _, rec := range list {
			if err := f(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxNamed bounds what a note names one by one.
const maxNamed = 8

// thiefNotes says of an operator's key what was done since it may have been in the
// wrong hands that no label shows. Calls that change the register are not recorded
// with the key that made them, so that a note names all of that time.
func thiefNotes(v *store.View, e *label.Event) (notes []string, err error) {
	k, err := v.Key(e.Key)
	if err != nil {
		return nil, err
	}
	owner, err := v.Org(k.Organization)
	if err != nil || !owner.Has(label.RoleOperator) {
		return nil, err
	}
	var keys, accreditations []string
	var inner error
	err = v.Orgs("", func(o *label.Organization) bool {
		var list []*label.Key
		if list, inner = v.OrgKeys(o.ID); inner != nil {
			return false
		}
		for _, k := range list {
			if k.Revoked.IsZero() && !k.Enrolled.Before(e.Since) {
				keys = append(keys, k.Short()+" of "+o.ID)
			}
		}
		var accs []*store.Accreditation
		if accs, inner = v.Accreditations(o.ID); inner != nil {
			return false
		}
		for _, acc := range accs {
			if !acc.Recorded.Before(e.Since) {
				accreditations = append(accreditations, acc.Number+" of "+o.ID)
			}
		}
		return true
	})
	if err = errors.Join(err, inner); err != nil {
		return nil, err
	}
	say := func(what string, list []string, way string) {
		if len(list) > 0 {
			notes = append(notes, fmt.Sprintf("Since %s %s %s; whoever had the key may have done that. %s", e.Since.UTC().Format(time.RFC3339), what, named(list), way))
		}
	}
	var reported []string
	if err := v.Events(func(other *store.Event) bool {
		if other.Signature.Key == e.Key && !other.Received.Before(e.Since) {
			reported = append(reported, fmt.Sprintf("%s about %s (%.16s)", other.Event.Kind, other.Event.Name(), other.Digest))
		}
		return true
	}); err != nil {
		return nil, err
	}
	if len(reported) > 0 {
		notes = append(notes, fmt.Sprintf("Since %s the key reported events: %s. They stand: where one is not yours, report what undoes it (put a hold again that it ended, end one that it put, move a number back), and have what it struck issued anew.",
			e.Since.UTC().Format(time.RFC3339), named(reported)))
	}
	say("there were enrolled the keys", keys, "Report each that its owner does not know (labelctl event key).")
	say("there were recorded the accreditations", accreditations, "Hold each against what the accreditation body says (labelctl org show).")
	return notes, nil
}

// named writes a list, of which it names the first.
func named(list []string) string {
	if len(list) <= maxNamed {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:maxNamed], ", "), len(list)-maxNamed)
}

// moveNotes says what is known against the products from which a trade item number is
// taken: it stays with them, and whoever gets the number begins with nothing.
func (a *Events) moveNotes(v *store.View, e *label.Event) (notes []string, err error) {
	devices, err := v.GTINDevices(e.GTIN)
	if err != nil {
		return nil, err
	}
	if notes, err = a.answerNotes(v, e, devices); err != nil {
		return nil, err
	}
	known, seen := a.distrust.Load(), map[label.Digest]bool{}
	for _, digest := range devices {
		d, err := v.Device(digest)
		if err != nil {
			return nil, err
		}
		if d.Org == e.Manufacturer || seen[digest] {
			continue
		}
		desc := new(label.Device)
		if err := label.Decode(d.Descriptor, desc); err != nil {
			return nil, err
		}
		devices, err := product(v, d, desc)
		if err != nil {
			return nil, err
		}
		holds, err := a.evidence.openHolds(v, devices, a.clock())
		if err != nil {
			return nil, err
		}
		for _, d := range devices {
			seen[d.Digest] = true
		}
		failed, err := a.foundWrong(v, known, devices, desc)
		if err != nil {
			return nil, err
		}
		if len(holds) > 0 || failed > 0 {
			notes = append(notes, fmt.Sprintf("Device %.16s of %s (%s), which loses the number, has a history: open holds on its product: %d; reports of laboratories that found something wrong with it: %d. These stay with it, and count for no device of %s: if that sells the same product, put it on hold (labelctl hold put).",
				digest, d.Org, desc.FullName(), len(holds), failed, e.Manufacturer))
		}
		if len(notes) >= maxNamed {
			break
		}
	}
	return notes, nil
}

// answerNotes says which labels answer no longer for a number that is moved, with the
// devices that lose it, and which answers for it from then on.
func (a *Events) answerNotes(v *store.View, e *label.Event, devices []label.Digest) (notes []string, err error) {
	now := a.clock()
	var lost, labels []string
	for _, digest := range devices {
		d, err := v.Device(digest)
		if err != nil {
			return nil, err
		}
		if d.Org == e.Manufacturer {
			continue
		}
		lost = append(lost, fmt.Sprintf("%.16s of %s", digest, d.Org))
		rec, _, err := a.publishing.chooseOf(v, d, now)
		if err != nil {
			return nil, err
		}
		if rec != nil {
			labels = append(labels, rec.ID.Pretty())
		}
	}
	if len(lost) > 0 {
		notes = append(notes, "These devices lose the number: "+named(lost)+".")
	}
	if len(labels) > 0 {
		slices.Sort(labels)
		notes = append(notes, "These labels no longer answer for the number, and stand as they did: "+named(slices.Compact(labels))+". Who asks for the number is told of them, and that it was moved.")
	}
	bearers, err := v.GTINBearers(e.GTIN)
	if err != nil {
		return nil, err
	}
	var best *store.Label
	var bestRank rank
	for _, digest := range bearers {
		d, err := v.Device(digest)
		if err != nil {
			return nil, err
		}
		if d.Org != e.Manufacturer {
			continue
		}
		rec, r, err := a.publishing.chooseOf(v, d, now)
		if err != nil {
			return nil, err
		}
		if rec != nil && (best == nil || r > bestRank || r == bestRank && rec.Index > best.Index) {
			best, bestRank = rec, r
		}
	}
	if best == nil {
		return append(notes, fmt.Sprintf("From now on no label answers for the number: %s has none for a device that was registered with it.", e.Manufacturer)), nil
	}
	return append(notes, fmt.Sprintf("From now on label %s of %s answers for the number.", best.ID.Pretty(), e.Manufacturer)), nil
}

// foundWrong counts the reports of laboratories by which a product, whose devices are
// given with the one of a description first, lacks something that a scheme asks for. A
// recommendation that no scheme asks for does not count against it, and neither does
// what a later report undid.
func (a *Events) foundWrong(v *store.View, known *distrust, devices []*store.Device, desc *label.Device) (int, error) {
	against := map[label.Digest]bool{}
	for _, s := range a.programme.Judging(a.clock()) {
		own, _, err := known.evidence(v, devices[0], desc.Category, s.Lifecycle.Propagation)
		if err != nil {
			return 0, err
		}
		others, _, err := known.ofSiblings(v, devices[1:], desc.Category, s.Lifecycle.Propagation)
		if err != nil {
			return 0, err
		}
		d, err := s.Evaluate(desc, devices[0].Digest, slices.Concat(own, others), a.clock())
		if err != nil {
			return 0, err
		}
		for _, l := range d.Levels {
			for _, f := range l.Findings {
				for _, it := range f.Against() {
					if it.Source() == scheme.Lab {
						against[it.ID] = true
					}
				}
			}
		}
	}
	return len(against), nil
}

// unenrolled says of affiliates that are not enrolled what follows from that. A
// parent company need not be; a mistyped ID looks the same.
func unenrolled(v *store.View, affiliates []string) (notes []string, err error) {
	for _, id := range affiliates {
		switch _, err := v.Org(id); {
		case errors.Is(err, store.ErrNotFound):
			notes = append(notes, fmt.Sprintf("No organization %q is enrolled. It counts as a parent company: by itself that changes nothing, and relates only organizations on whose records it stands as well. If you meant an organization that is enrolled, name that one.", id))
		case err != nil:
			return nil, err
		}
	}
	return notes, nil
}
