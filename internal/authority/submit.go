package authority

import (
	"context"
	"errors"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// Submit accepts a signed test report or declaration. The second result says
// whether the statement was known; its first receipt is then returned.
//
// Everything is checked twice: before queueing, so that most refusals cost no
// commit, and again inside the writer, so that no key is revoked in between.
func (a *Evidence) Submit(ctx context.Context, c Caller, raw []byte) (st *store.Statement, known bool, err error) {
	err = a.carry(ctx, c, label.ActSubmit, "", func(x *act) (err error) {
		if err := a.intake(c, len(raw)); err != nil {
			return err
		}
		st, known, err = a.submit(x, raw)
		return err
	})
	return st, known, err
}

func (a *Evidence) submit(x *act, raw []byte) (*store.Statement, bool, error) {
	c := x.caller
	defer a.writer.begin()()
	u, err := envelope.Open(raw)
	if err != nil {
		return nil, false, err
	}
	x.entry.Subject = u.ID().String()
	var known *store.Statement
	err = a.store.View(func(v *store.View) (err error) {
		known, err = v.Statement(u.ID())
		return err
	})
	if err == nil {
		return known, true, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, false, err
	}
	signed, err := a.signed(c, u)
	if err != nil {
		return nil, false, err
	}
	item, err := a.programme.ReadSubmitted(signed.content())
	if err != nil {
		return nil, false, err
	}
	key, err := a.pick(signed, speaksFor(item.Signer, "predicate").and(withRole(x.rule.Roles...)))
	if err != nil {
		return nil, false, err
	}
	x.entry.Actor = key.actor()
	verified := key.verified
	if err := a.programme.CheckAge(item, a.clock()); err != nil {
		return nil, false, err
	}
	var st *store.Statement
	if err := a.store.View(func(v *store.View) (err error) {
		st, err = a.admit(v, item, verified, key.ID, a.clock())
		return err
	}); err != nil {
		return nil, false, err
	}
	gist, err := item.Gist()
	if err != nil {
		return nil, false, err
	}
	packedRaw, packedGist := store.Pack(verified.Raw()), store.PackQuick(gist)
	isKnown := false
	claims := []string{claimf("statement/%s", item.ID), claimf("device/%s", st.Device), claimf("number/%s/%s/%s", item.Signer, item.Type, item.Number)}
	err = x.do(claims, func(v *store.View, b *batch) error {
		if first, err := v.Statement(item.ID); err == nil {
			st, isKnown = first, true
			return nil
		}
		again, err := a.admit(v, item, verified, key.ID, b.At)
		if err != nil {
			return err
		}
		again.Carrier, again.Received = c.Org, b.At.UTC()
		if err := a.makeRoom(v, b, again, item); err != nil {
			return err
		}
		again.Raw, again.Gist = packedRaw, packedGist
		b.Add(again)
		st = again
		return a.dueForProduct(v, b, again.Device)
	})
	if err != nil {
		return nil, false, err
	}
	return st, isKnown, nil
}

// admit checks a statement against the registry: its key and signer, its
// subject, and for a report the lab's accreditation and independence.
func (a *Evidence) admit(v *store.View, item *scheme.Item, verified *envelope.Verified, keyID string, now time.Time) (*store.Statement, error) {
	key, err := v.Key(keyID)
	if err != nil {
		return nil, err
	}
	signer, err := usable(v, key, now)
	if err != nil {
		return nil, err
	}
	kind, err := label.PredicateOf(item.Type)
	switch {
	case err != nil:
		return nil, err
	case kind.Former:
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "predicateType", "%s is read where it is on record, and not accepted any more; sign the %s as %s", kind.Type, kind.Name, label.TypeTestReport)
	case !signer.Has(kind.Signer):
		return nil, label.Errorf(label.Denied, label.ReasonWrongRole, "predicate", "%s is not enrolled as %s and cannot sign a %s", signer.ID, kind.Signer, kind.Name)
	}
	if err := checkNumber(v, item); err != nil {
		return nil, err
	}
	device, desc, err := subject(v, verified)
	if err != nil {
		return nil, err
	}
	st := &store.Statement{
		ID: item.ID, Type: item.Type, Device: device.Digest, Signer: signer.ID,
		Key: keyID, Number: item.Number, Began: item.Began, Date: item.Date,
	}
	if item.Source() == scheme.Declaration {
		if device.Org != signer.ID {
			return nil, label.Errorf(label.Denied, label.ReasonWrongSigner, "subject", "the device is of manufacturer %s; %s cannot declare for it", device.Org, signer.ID)
		}
		return st, nil
	}
	maker, err := v.Org(device.Org)
	if err != nil {
		return nil, err
	}
	if a.distrust.Load().relatedOn(signer.ID, maker.ID, item.Began) {
		return nil, label.Errorf(label.Denied, label.ReasonAffiliated, "predicate.lab", "%s and %s are not independent of each other (they are one organization or under common control, or were when the tests began); another lab must test this device", signer.ID, maker.ID)
	}
	acc, err := accreditation(v, item, desc.Category, now)
	if err != nil {
		return nil, err
	}
	st.Lab = label.LabRef{ID: signer.ID, Name: signer.Name, Accreditation: acc.Number, Body: acc.Body}
	return st, checkCorrection(v, item, device.Digest)
}

// checkNumber refuses a second statement under a number of its signer's, about
// whichever device: people and pages name reports by their numbers, and two under
// one number would be taken for one another. A correction has a number of its own.
func checkNumber(v *store.View, item *scheme.Item) error {
	var other label.Digest
	var err error
	for _, t := range label.TypesOf(item.Source()) { // those of former types keep their numbers
		if other, err = v.Numbered(item.Signer, t, item.Number); !errors.Is(err, store.ErrNotFound) {
			break
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return label.Errorf(label.Exists, label.ReasonExists, "predicate.number",
		"%q is the number of another statement of %s, %s; give each a number of its own, a correction too", item.Number, item.Signer, other)
}

// subject returns the registered device that a statement is about.
func subject(v *store.View, s *envelope.Verified) (*store.Device, *label.Device, error) {
	var device *store.Device
	for _, digest := range s.Subjects() {
		d, err := v.Device(digest)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		if device != nil {
			return nil, nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "subject", "the statement is about two registered devices; make one for each")
		}
		device = d
	}
	if device == nil {
		return nil, nil, label.Errorf(label.NotFound, label.ReasonUnknownSubject, "subject",
			"none of the subjects' SHA-256 digests is that of a registered device; sign against the bytes that \"labelctl device show\" gives")
	}
	desc := new(label.Device)
	return device, desc, label.Decode(device.Descriptor, desc)
}

// accreditations returns the accreditations of a lab that are in force, oldest
// first: the last that was recorded under each number.
func accreditations(v *store.View, lab string) (list []*store.Accreditation, err error) {
	all, err := v.Accreditations(lab)
	for i, a := range all {
		if !slices.ContainsFunc(all[i+1:], func(b *store.Accreditation) bool { return b.Number == a.Number }) {
			list = append(list, a)
		}
	}
	return list, err
}

// accreditation returns the accreditation under which a lab could make a
// report. Where there is none, the error tells what the closest one lacks.
func accreditation(v *store.View, item *scheme.Item, category string, arrived time.Time) (*label.Accreditation, error) {
	list, err := accreditations(v, item.Signer)
	if err != nil {
		return nil, err
	}
	err = label.Errorf(label.Denied, label.ReasonScopeInterval, "predicate.lab", "no accreditation is on record for %s", item.Signer)
	for i := len(list) - 1; i >= 0; i-- { // the latest first
		a := &list[i].Accreditation
		lacks := a.Covers(item.Standard, category, item.AllMethods(), item.Date, arrived)
		if lacks == nil {
			return a, nil
		}
		if i == len(list)-1 {
			err = label.Within("predicate", lacks)
		}
	}
	return nil, err
}
