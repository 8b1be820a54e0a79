package authority

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// Report takes an operator's signed report that something failed that labels
// rest on. In one commit it is recorded and takes effect in the registry: the
// accreditation is suspended or narrowed, the key is revoked. What becomes of
// labels is then drawn from it beside other work, and goes on after a restart.
// Reporting the same event again returns it as it stands.
func (a *Authority) Report(ctx context.Context, c Caller, raw []byte) (*store.Event, error) {
	e, err := a.openReport(c, raw)
	if err != nil {
		return nil, err
	}
	defer a.writer.begin()()
	known := false
	claims := []string{claimf("event/%s", e.Digest), "revocation", claimf("org/%s", e.Event.Name()), claimf("key/%s", e.Event.Name())}
	outlook, err := a.outlook(&e.Event)
	if err != nil {
		return nil, err
	}
	robbed, err := a.robbed(&e.Event)
	if err != nil {
		return nil, err
	}
	for _, r := range robbed {
		claims = append(claims, claimf("request/%s", r.Digest))
	}
	err = a.writer.doFirst(ctx, claims, func(v *store.View, b *batch) error {
		old, err := v.Event(e.Digest)
		if err == nil {
			*e, known = *old, true
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := a.admitEvent(v, &e.Event, e.Signature, b.At); err != nil {
			return err
		}
		if e.Notes, err = a.eventNotes(v, &e.Event); err != nil {
			return err
		}
		e.Notes = append(e.Notes, outlookNotes(outlook)...)
		if err := a.register(v, b, &e.Event, e.Digest, e.Signature); err != nil {
			return err
		}
		if err := a.closeRobbed(v, b, robbed, &e.Event); err != nil {
			return err
		}
		e.Received = b.At.UTC()
		b.Add(e)
		if e.Event.Kind == label.HoldEvent || e.Event.Kind == label.ReleaseEvent {
			return nil // operators get the notice that the manufacturer gets
		}
		return a.tellEvent(b, e)
	})
	if err != nil {
		return nil, err
	}
	if !known {
		a.work.wake()
	}
	return e, nil
}

// Preview returns the labels that an event would touch, and what whoever reports
// it has to know of it. Nothing is recorded.
func (a *Authority) Preview(c Caller, raw []byte) (list []Affected, notes []string, err error) {
	e, err := a.openReport(c, raw)
	if err != nil {
		return nil, nil, err
	}
	outlook, err := a.outlook(&e.Event)
	if err != nil {
		return nil, nil, err
	}
	err = a.store.View(func(v *store.View) error {
		now := a.clock()
		if err := a.admitEvent(v, &e.Event, e.Signature, now); err != nil {
			return err
		}
		if notes, err = a.eventNotes(v, &e.Event); err != nil {
			return err
		}
		list, err = a.preview(v, e, now)
		list, notes = foresee(list, outlook), append(notes, outlookNotes(outlook)...)
		return err
	})
	return list, notes, err
}

// preview returns all labels that an event touches, and what becomes of them.
func (a *Authority) preview(v *store.View, e *store.Event, now time.Time) (list []Affected, err error) {
	var inner error
	for done := false; !done && err == nil; err = cmp.Or(inner, err) {
		e.Cursor, done, err = a.affected(v, e, now, func(t Affected) bool {
			inner = a.already(v, &t, now)
			list = append(list, t)
			return inner == nil
		})
	}
	return list, err
}

// already finds that nothing becomes of a label that an event touches, such as one that
// is suspended or under review, as [Authority.Propagate] will.
func (a *Authority) already(v *store.View, t *Affected, now time.Time) error {
	if t.Err != nil || t.Action == scheme.NoEffect {
		return nil
	}
	standing, err := a.standing(v, t.Label.ID, now)
	if err != nil {
		if own(err) {
			t.Err = err
			return nil
		}
		return err
	}
	if !t.applies(standing) {
		t.Action, t.Ends = scheme.NoEffect, time.Time{}
	}
	return nil
}

// Event returns an event as it stands.
func (a *Authority) Event(c Caller, id label.Digest) (e *store.Event, err error) {
	if err := c.need(label.RoleOperator, label.RoleLab, label.RoleManufacturer); err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		if e, err = v.Event(id); err == nil && !c.Is(label.RoleOperator) && e.Signature.Organization != c.Org {
			err = store.ErrNotFound // whose it is is none of the caller's business
		}
		return found(err, label.ReasonUnknownSubject, "id", "no event %s was reported", id)
	})
	return e, err
}

// reporters says which roles sign events of a kind: operators do, and besides them
// those who speak of what is their own.
func reporters(k label.EventKind) []label.Role {
	switch k {
	case label.AdvisoryEvent:
		return []label.Role{label.RoleManufacturer, label.RoleOperator}
	case label.WithdrawalEvent:
		return []label.Role{label.RoleLab}
	}
	return []label.Role{label.RoleOperator}
}

// openReport verifies an operator's signed report, or a laboratory's that it withdraws
// one of its own.
func (a *Authority) openReport(c Caller, raw []byte) (*store.Event, error) {
	if err := c.need(label.RoleOperator, label.RoleLab); err != nil {
		return nil, err
	}
	e, err := a.openEvent(c, raw)
	if err == nil && e.Event.Kind == label.AdvisoryEvent {
		err = label.Errorf(label.Invalid, label.ReasonOutOfRange, "event.kind", "is %q; publish an advisory with its document (labelctl advisory publish)", e.Event.Kind)
	}
	return e, err
}

// openEvent verifies a signed event: its form, and that one of its signatures is
// by somebody who reports such events.
func (a *Authority) openEvent(c Caller, raw []byte) (*store.Event, error) {
	signed, err := a.openSigned(c, raw)
	if err != nil {
		return nil, label.Within("event", err)
	}
	v := signed.content()
	if v.PredicateType() != label.TypeEvent {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "event.predicateType", "is %q, must be %q", v.PredicateType(), label.TypeEvent)
	}
	p, err := envelope.Predicate[label.Event](v)
	if err != nil {
		return nil, label.Within("event", err)
	}
	if subjects := v.Subjects(); len(subjects) != 1 || subjects[0] != p.Subject() {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "event.subject", "must be the SHA-256 of %q, which the event is about", p.Name())
	}
	key, err := a.pick(signed, withRole(reporters(p.Kind)...))
	if err != nil {
		return nil, label.Within("event", err)
	}
	return &store.Event{Digest: v.ID(), Event: *p, Signature: key.signature()}, nil
}

// admitEvent checks a report against the registry.
func (a *Authority) admitEvent(v *store.View, e *label.Event, by store.RequestSignature, now time.Time) error {
	key, err := v.Key(by.Key)
	if err != nil {
		return err
	}
	if err := key.Usable(now); err != nil {
		return label.Within("event", err)
	}
	org, err := v.Org(by.Organization)
	if err != nil {
		return err
	}
	if may := reporters(e.Kind); !slices.ContainsFunc(may, org.Has) {
		return label.Errorf(label.Denied, label.ReasonWrongRole, "event", "of the kind %s is signed by the role %s, and %s has %v", e.Kind, may[0], org.ID, org.Roles)
	}
	if age := now.Sub(e.Made); age > label.MaxRequestAge || age < -label.MaxClockSkew {
		return label.Errorf(label.Invalid, label.ReasonTooOld, "event.made", "was made on %s; a report counts for %s, sign it anew", e.Made.Format(time.RFC3339), label.MaxRequestAge)
	}
	if err := a.programme.CheckEvent(e.Reason, e.Kind); err != nil {
		return label.Within("event", err)
	}
	switch e.Kind {
	case label.LabEvent:
		var acc *store.Accreditation
		if acc, err = inForce(v, e); err == nil && acc.Suspended != "" && len(e.Categories) == 0 {
			err = admitSuspension(v, acc, e)
		}
	case label.KeyEvent:
		if e.Since.After(now) {
			return label.Errorf(label.Invalid, label.ReasonInFuture, "event.since", "is in the future")
		}
		var k *label.Key
		if k, err = v.Key(e.Key); err != nil {
			return found(err, label.ReasonUnknownKey, "event.key", "no key %q is enrolled", e.Key)
		}
		if k.Revoked.IsZero() {
			err = label.Within("event", a.lastOperatorKey(v, k, now))
		} else if !k.Compromised.IsZero() && !e.Since.Before(k.Compromised) {
			err = label.Errorf(label.Precondition, label.ReasonStep, "event.since",
				"key %s counts as compromised since %s already, and nothing counts that it signed and that was received since then; report an earlier instant, or nothing", k.Short(), k.Compromised.Format(time.RFC3339))
		}
	case label.SchemeEvent:
		err = a.admitSchemeEnd(v, e)
	case label.WithdrawalEvent:
		err = admitWithdrawal(v, e, org.ID)
	default:
		err = a.admitProductEvent(v, e)
	}
	return err
}

// admitSchemeEnd checks that a version of a scheme can end: it was served, is no longer,
// and has not ended yet.
func (a *Authority) admitSchemeEnd(v *store.View, e *label.Event) error {
	s, err := a.programme.Asked(e.Scheme, a.clock())
	if err != nil {
		return label.Within("event", err)
	}
	if s.Version == e.Version {
		return label.Errorf(label.Precondition, label.ReasonUnknownScheme, "event.version", "is judged by version %s of %s now; put another version in force first, so that labels can be renewed", e.Version, e.Scheme)
	}
	var ended *store.Event
	if err := v.Events(func(old *store.Event) bool {
		if old.Event.Kind == label.SchemeEvent && old.Event.Scheme == e.Scheme && old.Event.Version == e.Version {
			ended = old
		}
		return ended == nil
	}); err != nil {
		return err
	}
	if ended != nil {
		return label.Errorf(label.Exists, label.ReasonExists, "event.version", "version %s of %s ended already, by event %s of %s (labelctl event show)", e.Version, e.Scheme, ended.Digest, ended.Received.UTC().Format(time.RFC3339))
	}
	versions, err := servedBefore(v, e.Scheme)
	if err != nil || versions[e.Version] {
		return err
	}
	delete(versions, s.Version)
	known := "no other is known"
	if len(versions) > 0 {
		known = "before it there were " + strings.Join(slices.Sorted(maps.Keys(versions)), ", ")
	}
	return label.Errorf(label.NotFound, label.ReasonUnknownScheme, "event.version", "version %s of %s was never served here, and no label names it; %s is being served, and %s", e.Version, e.Scheme, s.Version, known)
}

// servedBefore returns the versions of a scheme that were served, or that labels on
// record name.
func servedBefore(v *store.View, id string) (map[string]bool, error) {
	versions := map[string]bool{}
	switch served, err := v.Identity(); {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return nil, err
	default:
		for name := range served.Schemes {
			if other, version, _ := strings.Cut(name, " "); other == id {
				versions[version] = true
			}
		}
	}
	return versions, v.LabelsAfter("", func(rec *store.Label) bool {
		if rec.Scheme == id {
			versions[rec.Version] = true
		}
		return true
	})
}

// admitSuspension checks that suspending an accreditation that is suspended adds
// something: another reason, for which the scheme may have something else become
// of labels.
func admitSuspension(v *store.View, acc *store.Accreditation, e *label.Event) error {
	before, err := v.Event(acc.Event)
	if err != nil || before.Event.Reason != e.Reason {
		return err
	}
	return label.Errorf(label.Precondition, label.ReasonStep, "event.number",
		"accreditation %s is suspended since %s by event %s for the same reason (%s: %s); \"labelctl event show\" shows that; report another reason where there is one, or record the accreditation anew (\"labelctl org accredit\") to end the suspension",
		acc.Number, before.Received.UTC().Truncate(time.Second).Format(time.RFC3339), acc.Event, before.Event.Reason, acc.Suspended)
}

// inForce returns the accreditation that an event is about.
func inForce(v *store.View, e *label.Event) (*store.Accreditation, error) {
	if _, err := v.Org(e.Lab); err != nil {
		return nil, unknownOrg(err, "event.lab", e.Lab)
	}
	list, err := accreditations(v, e.Lab)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(a *store.Accreditation) bool { return a.Number == e.Number })
	if i < 0 {
		return nil, label.Errorf(label.NotFound, label.ReasonUnknownSubject, "event.number", "%s has no accreditation %q", e.Lab, e.Number)
	}
	acc := list[i]
	for _, c := range e.Categories {
		if !slices.Contains(acc.Categories, c) {
			return nil, label.Errorf(label.Invalid, label.ReasonScopeCategory, "event.categories", "accreditation %s names the categories %v and not %q", acc.Number, acc.Categories, c)
		}
	}
	if len(e.Categories) > 0 && len(e.Categories) == len(acc.Categories) {
		return nil, label.Errorf(label.Invalid, label.ReasonScopeCategory, "event.categories", "are all there are; leave them out to suspend the accreditation")
	}
	return acc, nil
}

// register adds to a batch what an event changes in the registry.
func (a *Authority) register(v *store.View, b *batch, e *label.Event, id label.Digest, by store.RequestSignature) error {
	switch e.Kind {
	case label.LabEvent:
		acc, err := inForce(v, e)
		if err != nil {
			return err
		}
		rec := acc.Accreditation
		if len(e.Categories) > 0 {
			rec.Categories = slices.DeleteFunc(slices.Clone(rec.Categories), func(c string) bool { return slices.Contains(e.Categories, c) })
			rec.Narrowed = e.Text
		} else {
			rec.Suspended = e.Text
		}
		if rec.Event.IsZero() || rec.Suspended == "" || len(e.Categories) == 0 {
			rec.Event = id // of an accreditation that is suspended, that which did so
		}
		if _, err = a.accredit(b, rec, "", nil); err != nil {
			return err
		}
		return a.dueForSigner(v, b, e.Lab, func(st *store.Statement) bool { return st.Lab.Accreditation == e.Number })
	case label.SchemeEvent:
		return a.endScheme(v, b, e, id)
	case label.KeyEvent:
		k, err := v.Key(e.Key)
		if err != nil {
			return err
		}
		if k.Revoked.IsZero() {
			k.Revoked, k.RevokedFor = b.At.UTC().Truncate(time.Second), e.Text
		}
		if k.Compromised.IsZero() || e.Since.Before(k.Compromised) {
			k.Compromised = e.Since.UTC()
		}
		b.Add((*store.Key)(k))
		if err := a.tellKey(b, k, ""); err != nil {
			return err
		}
		return a.dueForSigner(v, b, k.Organization, func(st *store.Statement) bool { return rests(e, k.Organization, st) })
	}
	return a.registerProductEvent(v, b, e, id, by)
}
