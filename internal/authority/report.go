package authority

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// Report takes a signed report that something failed that labels rest on. In one commit
// it is recorded and takes effect in the registry: the accreditation is suspended or
// narrowed, the key is revoked. What becomes of labels is then drawn from it beside other
// work, and goes on after a restart. Reporting the same event again returns it as it
// stands. Where the act takes several persons, nothing is recorded until as many have
// signed the same report ([store.Event.Waits]).
func (a *Events) Report(ctx context.Context, c Caller, raw []byte) (*store.Event, error) {
	var out *store.Event
	err := signedAct(a.core, ctx, c, raw, eventForm, func(x *act, r *eventRequest) (err error) {
		if err := checkReport(r); err != nil {
			return err
		}
		out, err = a.report(x, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *Events) report(x *act, r *eventRequest) (*store.Event, error) {
	defer a.writer.begin()()
	e, known := &store.Event{}, false
	claims := []string{claimf("event/%s", r.digest), claimf("request/%s", r.digest), "revocation", claimf("org/%s", r.predicate.Name()), claimf("key/%s", r.predicate.Name())}
	outlook, err := a.outlook(r.predicate)
	if err != nil {
		return nil, err
	}
	robbed, err := a.issuing.robbed(r.predicate)
	if err != nil {
		return nil, err
	}
	for _, req := range robbed {
		claims = append(claims, claimf("request/%s", req.Digest))
	}
	err = x.doFirst(claims, func(v *store.View, b *batch) error {
		old, err := v.Event(r.digest)
		if err == nil && old.Signature.Organization != r.by.Organization && !x.rule.Several() {
			return label.Errorf(label.Precondition, label.ReasonExists, "event", "the very same statement was signed by %s, and is on record; to say the same, sign a new one, with the time at which you do", old.Signature.Organization)
		}
		if err == nil {
			*e, known = *old, true
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		signers, err := r.admit(x, v, b.At)
		if err != nil {
			return err
		}
		*e = store.Event{Digest: r.digest, Event: *r.predicate, Signature: r.by}
		if err := a.admitEvent(v, &e.Event, r.by.Organization, b.At); err != nil {
			return err
		}
		if e.Notes, err = a.eventNotes(v, &e.Event); err != nil {
			return err
		}
		e.Notes = append(e.Notes, outlookNotes(outlook)...)
		if agreed, err := a.gatherEvent(x, v, b, r, e, signers); err != nil || !agreed {
			return err
		}
		if err := a.register(v, b, &e.Event, e.Digest, e.Signature); err != nil {
			return err
		}
		if err := a.issuing.closeRobbed(v, b, robbed, &e.Event); err != nil {
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

// gatherEvent reports whether an event is recorded now, or waits for others to agree.
func (a *Events) gatherEvent(x *act, v *store.View, b *batch, r *eventRequest, e *store.Event, signers []signer) (bool, error) {
	waits, err := r.agree(x, v, b, signers)
	if err != nil || waits == nil {
		return err == nil, err
	}
	e.Waits = waits
	return false, a.noteAlone(v, b, waits, &e.Notes)
}

// Preview returns the labels that an event would touch, and what whoever reports
// it has to know of it. Nothing is recorded.
func (a *Events) Preview(c Caller, raw []byte) (list []Consequence, notes []string, err error) {
	x, r, err := a.openEvent(c, raw)
	if err == nil {
		err = checkReport(r)
	}
	if err != nil {
		return nil, nil, err
	}
	outlook, err := a.outlook(r.predicate)
	if err != nil {
		return nil, nil, err
	}
	err = a.store.View(func(v *store.View) error {
		now := a.clock()
		if _, err := r.admit(x, v, now); err != nil {
			return err
		}
		e := &store.Event{Digest: r.digest, Event: *r.predicate, Signature: r.by}
		if err := a.admitEvent(v, &e.Event, r.by.Organization, now); err != nil {
			return err
		}
		if notes, err = a.eventNotes(v, &e.Event); err != nil {
			return err
		}
		if x.rule.Several() {
			notes = append(notes, fmt.Sprintf("This takes %s: the report waits until as many have signed it.", headcount(x.rule)))
		}
		list, err = a.preview(v, e, now)
		list, notes = foresee(list, outlook), append(notes, outlookNotes(outlook)...)
		return err
	})
	return list, notes, err
}

// preview returns all labels that an event touches, and what becomes of them.
func (a *Events) preview(v *store.View, e *store.Event, now time.Time) (list []Consequence, err error) {
	var inner error
	for done := false; !done && err == nil; err = cmp.Or(inner, err) {
		e.Cursor, done, err = a.affected(v, e, now, func(t Consequence) bool {
			inner = a.already(v, &t, now)
			list = append(list, t)
			return inner == nil
		})
	}
	return list, err
}

// already finds that nothing becomes of a label that an event touches, such as one that
// is suspended or under review, as [Events.Propagate] will.
func (a *Events) already(v *store.View, t *Consequence, now time.Time) error {
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
func (a *Events) Event(c Caller, id label.Digest) (e *store.Event, err error) {
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

// An eventRequest is the signed report of an event.
type eventRequest = signedRequest[label.Event]

// eventForm is how reports of events are opened.
var eventForm = &requestForm[label.Event]{field: "event", predicateType: label.TypeEvent, kind: eventKind, right: eventRight}

// eventKind returns the act by which an event is reported: of a key of an operator one
// that takes others, but for whose key it is.
func eventKind(v *store.View, e *label.Event, signers []signer) (label.ActKind, error) {
	if e.Kind != label.KeyEvent {
		return e.ActKind(), nil
	}
	k, err := v.Key(e.Key)
	if err != nil {
		return "", found(err, label.ReasonUnknownKey, "key", "no key %q is enrolled", e.Key)
	}
	org, err := v.Org(k.Organization)
	if err == nil && org.Has(label.RoleOperator) && !ownKey(k, signers) {
		return e.ActKind().OfOperators(), nil
	}
	return e.ActKind(), err
}

// eventRight is the right to report an event, besides having a role for the act: of keys,
// who is no operator has it for those of its own organization.
func eventRight(v *store.View, e *label.Event) (right, error) {
	if e.Kind != label.KeyEvent {
		return func(*label.Organization) error { return nil }, nil
	}
	k, err := v.Key(e.Key)
	if err != nil {
		return nil, found(err, label.ReasonUnknownKey, "key", "no key %q is enrolled", e.Key)
	}
	return func(o *label.Organization) error {
		if !o.Has(label.RoleOperator) && o.ID != k.Organization {
			return label.Errorf(label.Denied, label.ReasonNotYours, "key", "is a key of another organization than %s, who signed", o.ID)
		}
		return nil
	}, nil
}

// openEvent opens the report of an event for whoever wants to know what it would come to.
func (a *Events) openEvent(c Caller, raw []byte) (*act, *eventRequest, error) {
	if err := c.need(label.Roles...); err != nil {
		return nil, nil, err
	}
	x := &act{a: a.core, caller: c}
	r, err := open[label.Event, *label.Event](x, raw, eventForm)
	return x, r, err
}

// checkSubject checks that the statement is about what the event is about.
func checkSubject(r *eventRequest) error {
	if r.subject != r.predicate.Subject() {
		return label.Errorf(label.Invalid, label.ReasonUnknownSubject, "event.subject", "must be the SHA-256 of %q, which the event is about", r.predicate.Name())
	}
	return nil
}

// checkReport checks that an event is one that is reported without a document.
func checkReport(r *eventRequest) error {
	if r.predicate.Kind == label.AdvisoryEvent {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "event.kind", "is %q; publish an advisory with its document (labelctl advisory publish)", r.predicate.Kind)
	}
	return checkSubject(r)
}

// admitEvent checks a report, which an organization made, against the registry.
func (a *Events) admitEvent(v *store.View, e *label.Event, by string, now time.Time) error {
	if err := a.programme.CheckEvent(e.Reason, e.Kind); err != nil {
		return label.Within("event", err)
	}
	var err error
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
			err = label.Within("event", a.registry.mayLose(v, k.Organization, "key", now, []*label.Key{k}))
		} else if ownersWord := by == k.Organization; !k.Compromised.IsZero() && k.OwnersWord != ownersWord && ownersWord {
			err = label.Errorf(label.Precondition, label.ReasonStep, "event.since",
				"the authority has recorded since when key %s counts as compromised (%s); ask it where that was earlier", k.Short(), k.Compromised.Format(time.RFC3339))
		} else if !k.Compromised.IsZero() && k.OwnersWord == ownersWord && !e.Since.Before(k.Compromised) {
			err = label.Errorf(label.Precondition, label.ReasonStep, "event.since",
				"key %s counts as compromised since %s already, and nothing counts that it signed and that was received since then; report an earlier instant, or nothing", k.Short(), k.Compromised.Format(time.RFC3339))
		}
	case label.SchemeEvent:
		err = a.admitSchemeEnd(v, e)
	case label.WithdrawalEvent:
		err = admitWithdrawal(v, e, by)
	default:
		err = a.admitProductEvent(v, e)
	}
	return err
}

// admitSchemeEnd checks that a version of a scheme can end: it was served, is no longer,
// and has not ended yet.
func (a *Events) admitSchemeEnd(v *store.View, e *label.Event) error {
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
func (a *Events) register(v *store.View, b *batch, e *label.Event, id label.Digest, by store.RequestSignature) error {
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
		rec.Requests = nil
		if _, err = a.registry.putAccreditation(b, rec, "", nil); err != nil {
			return err
		}
		return a.evidence.dueForSigner(v, b, e.Lab, func(st *store.Statement) bool { return st.Lab.Accreditation == e.Number })
	case label.SchemeEvent:
		return a.issuing.endScheme(v, b, e, id)
	case label.KeyEvent:
		k, err := v.Key(e.Key)
		if err != nil {
			return err
		}
		return a.compromise(v, b, k, e, by.Organization)
	}
	return a.registerProductEvent(v, b, e, id, by)
}

// compromise adds to a batch that a key was in the wrong hands from an instant on, and with
// it the keys that were added with it alone since then: whoever had it could add his own.
// Where it is only the owner's word, what a laboratory found wrong goes on counting, as
// when it withdraws a report.
func (a *Events) compromise(v *store.View, b *batch, k *label.Key, e *label.Event, by string) error {
	owner, err := v.Org(k.Organization)
	if err != nil {
		return err
	}
	keys, err := v.OrgKeys(owner.ID)
	if err != nil {
		return err
	}
	for _, k := range append([]*label.Key{k}, addedWith(keys, owner, k, e.Since)...) {
		before := k.Compromised
		compromised(k, e, ownersWord(owner, by), b.At)
		b.Add((*store.Key)(k))
		if err := a.registry.tellKey(b, k, ""); err != nil {
			return err
		}
		if err := a.evidence.dueForSigner(v, b, k.Organization, func(st *store.Statement) bool {
			return st.Key == k.ID && (!st.Received.Before(k.Compromised) || !before.IsZero() && !st.Received.Before(before))
		}); err != nil {
			return err
		}
	}
	return nil
}

// ownersWord reports whether that a key was in the wrong hands is only the word of its
// owner, who is no operator.
func ownersWord(owner *label.Organization, by string) bool {
	return by == owner.ID && !owner.Has(label.RoleOperator)
}

// compromised changes a key as the report of an event asks for that was carried out at an
// instant.
func compromised(k *label.Key, e *label.Event, ownersWord bool, at time.Time) {
	k.Revoke(at, e.Text)
	if k.Compromised.IsZero() || k.OwnersWord && !ownersWord || e.Since.Before(k.Compromised) && k.OwnersWord == ownersWord {
		k.Compromised, k.OwnersWord = e.Since.UTC(), ownersWord
	}
}

// addedWith returns those of an organization's keys that were added with another alone
// since an instant, and those that were added with these.
func addedWith(keys []*label.Key, owner *label.Organization, by *label.Key, since time.Time) (added []*label.Key) {
	for todo := []*label.Key{by}; len(todo) > 0; todo = todo[1:] {
		for _, k := range keys {
			switch {
			case k.ID == by.ID || k.AddedBy == nil || k.AddedBy.Key != todo[0].ID || k.Enrolled.Before(since.Truncate(time.Second)):
			case owner.Has(label.RoleOperator) && k.Person != todo[0].Person: // others agreed to that
			case !slices.ContainsFunc(added, func(a *label.Key) bool { return a.ID == k.ID }):
				added, todo = append(added, k), append(todo, k)
			}
		}
	}
	return added
}
