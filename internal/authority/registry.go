package authority

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// # The registry
//
// Who may act for whom, with which keys, and what laboratories may test, is changed by
// signed requests ([label.RegistryRequest]) and by nothing else.
//
// Operators enrol laboratories and manufacturers, and change what is on record of them.
// A laboratory or a manufacturer adds and removes its own persons, and adds and revokes
// their keys. Whoever holds a key replaces it by another, which the old one signs, and
// revokes it at once. Of what works for the authority, nobody changes anything alone but
// his own key.

// A RegistryChange is the answer to a request for a change of the registry.
type RegistryChange struct {
	Request *store.Request // as it stands
	Known   bool           // the request was carried out before

	// What is on record after the change: those of these that it is about.
	Organization  *label.Organization
	Person        *label.Person
	Key           *label.Key
	Accreditation *store.Accreditation

	Notes []string // what whoever asked has to know, in sentences
}

func (c *RegistryChange) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// An ActTable is the table of acts, as it is in force.
type ActTable struct {
	SHA256 label.Digest // of its file
	Rules  []*scheme.ActRule
	Alone  bool // one person decides alone for the authority, also what takes several

	Authority string // base URL of the labels, which signed requests name
}

// ActTable returns the table of acts.
func (a *Registry) ActTable(c Caller) (*ActTable, error) {
	if err := c.need(label.Roles...); err != nil {
		return nil, err
	}
	out := &ActTable{SHA256: a.programme.ActsSHA256, Authority: a.trust.URL}
	for _, k := range slices.Sorted(maps.Keys(a.programme.Acts)) {
		out.Rules = append(out.Rules, a.programme.Acts[k])
	}
	var err error
	out.Alone, err = a.Alone()
	return out, err
}

// registryForm is how requests for changes of the registry are opened.
var registryForm = &requestForm[label.RegistryRequest]{
	field: "request", predicateType: label.TypeRegistryRequest, kind: registryKind, right: registryRight, people: true,
}

// concerned returns the organization that a request is about, or nil where that is not
// enrolled yet, or it is about none; and the key, where it is about one that is enrolled.
func concerned(v *store.View, r *label.RegistryRequest) (*label.Organization, *label.Key, error) {
	id := r.Organization
	var key *label.Key
	if r.Key != "" {
		var err error
		if key, err = v.Key(r.Key); err != nil {
			return nil, nil, found(err, label.ReasonUnknownKey, "key", "no key %q is enrolled", r.Key)
		}
		id = key.Organization
	}
	if id == "" || r.Act == label.ActEnrolOrg {
		return nil, key, nil
	}
	org, err := v.Org(id)
	return org, key, unknownOrg(err, "organization", id)
}

// registryKind returns the act that a request asks for: one about operators has a rule of
// its own, but for what somebody does with a key of his own.
func registryKind(v *store.View, r *label.RegistryRequest, signers []signer) (label.ActKind, error) {
	org, key, err := concerned(v, r)
	if err != nil {
		return "", err
	}
	switch r.Act {
	case label.ActEnrolOrg:
		if slices.Contains(r.Roles, label.RoleOperator) {
			return r.Act.OfOperators(), nil
		}
		return r.Act, nil
	case label.ActReplaceKey, label.ActAccredit, label.ActAdoptActs:
		return r.Act, nil
	case label.ActRevokeKey:
		if ownKey(key, signers) {
			return r.Act, nil
		}
	}
	if org.Has(label.RoleOperator) {
		return r.Act.OfOperators(), nil
	}
	return r.Act, nil
}

// ownKey reports whether one of those who signed holds a key, by being the person who
// does, or by having signed with it.
func ownKey(k *label.Key, signers []signer) bool {
	return slices.ContainsFunc(signers, func(s signer) bool {
		return s.ID == k.ID || k.Person != "" && s.Person == k.Person
	})
}

// registryRight returns who may ask for a change, besides having a role for the act: who
// is no operator, for his own organization; and what replaces a key, with that key.
func registryRight(v *store.View, r *label.RegistryRequest) (right, error) {
	org, _, err := concerned(v, r)
	if err != nil {
		return nil, err
	}
	return func(o *label.Organization) error {
		switch {
		case org != nil && o.ID == org.ID, o.Has(label.RoleOperator) && r.Act != label.ActReplaceKey:
			return nil
		case org == nil:
			return label.Errorf(label.Denied, label.ReasonWrongRole, "", "%s is for operators to ask for", r.Act)
		}
		return label.Errorf(label.Denied, label.ReasonNotYours, "organization", "%s is not yours to change; %s signed the request", org.ID, o.ID)
	}, nil
}

// ChangeRegistry carries out a signed request to change the registry, or has it wait
// until as many have signed it as it takes. A request is for once: one that was carried
// out is answered with how what it is about stands.
func (a *Registry) ChangeRegistry(ctx context.Context, c Caller, raw []byte) (*RegistryChange, error) {
	out := &RegistryChange{}
	err := signedAct(a.core, ctx, c, raw, registryForm, func(x *act, r *signedRequest[label.RegistryRequest]) error {
		if r.subject != r.predicate.Subject() {
			return label.Errorf(label.Invalid, label.ReasonUnknownSubject, "request.subject", "must be the SHA-256 of %q, which the request is about", r.predicate.About())
		}
		if r.predicate.Act == label.ActAccredit {
			if err := a.checkScope(r.predicate.Accreditation.Record(r.predicate.Organization)); err != nil {
				return label.Within("request", err)
			}
		}
		defer a.writer.begin()()
		// One claim for all changes of the registry: they are rare, and two operators
		// cannot revoke each other's last key in one batch.
		claims := []string{"revocation", claimf("request/%s", r.digest), claimf("org/%s", r.predicate.Organization), claimf("key/%s", r.predicate.Key)}
		return x.do(claims, func(v *store.View, b *batch) error {
			*out = RegistryChange{}
			return a.changeRegistry(x, v, b, r, out)
		})
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// changeRegistry adds a change to a batch, or that it waits.
func (a *Registry) changeRegistry(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	signers, err := r.admit(x, v, b.At)
	if err != nil {
		return err
	}
	req, err := r.onRecord(v, b.At)
	if err != nil {
		return err
	}
	if req != nil && !req.Done.IsZero() {
		*out = RegistryChange{Request: req, Known: true}
		out.note("The very same request was carried out already, on %s; nothing was recorded.", req.Done.UTC().Format(time.RFC3339))
		return onRecordNow(v, r.predicate, out)
	}
	change := registryChanges[r.predicate.Act]
	if req, agreed, err := r.gather(x, v, b, req, signers); err != nil {
		return err
	} else if !agreed {
		// What cannot be carried out now is refused now, and not when others have agreed.
		trial := &batch{Batch: store.Batch{At: b.At, From: b.From}, Recorded: b.Recorded, issuer: b.issuer, signed: b.signed}
		if err := change(a, x, v, trial, r, &RegistryChange{}); err != nil {
			return label.Within("request", err)
		}
		out.Request = req
		b.Add(req)
		return a.tellRegistryWaiting(v, b, x, req, out)
	} else {
		out.Request = req
		b.Add(req)
	}
	before := len(b.Writes)
	if err := change(a, x, v, b, r, out); err != nil {
		return label.Within("request", err)
	}
	if len(b.Writes) == before && len(b.Entries) == 0 && len(out.Notes) == 0 {
		out.note("Nothing was recorded: all of that was on record already.")
	}
	return nil
}

// onRecordNow fills in how what a request was about stands, when that was carried out.
func onRecordNow(v *store.View, r *label.RegistryRequest, out *RegistryChange) (err error) {
	ignore := func(err error) error {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	if r.Organization != "" {
		if out.Organization, err = v.Org(r.Organization); ignore(err) != nil {
			return err
		}
	}
	if r.Person != "" {
		if out.Person, err = v.Person(r.Person); ignore(err) != nil {
			return err
		}
	}
	id := r.Key
	if r.PEM != "" {
		pub, err := envelope.ParsePublicKey([]byte(r.PEM))
		if err != nil {
			return err
		}
		id = pub.ID
	}
	if id != "" {
		if out.Key, err = v.Key(id); ignore(err) != nil {
			return err
		}
	}
	if r.Accreditation != nil {
		list, err := accreditations(v, r.Organization)
		if err != nil {
			return err
		}
		for _, acc := range list {
			if acc.Number == r.Accreditation.Number {
				out.Accreditation = acc
			}
		}
	}
	return nil
}

// registryChanges are what carries out a request, by the act that it asks for.
var registryChanges = map[label.ActKind]func(*Registry, *act, *store.View, *batch, *signedRequest[label.RegistryRequest], *RegistryChange) error{
	label.ActEnrolOrg:     (*Registry).enrolOrg,
	label.ActChangeOrg:    (*Registry).changeOrg,
	label.ActSuspendOrg:   (*Registry).suspendOrg,
	label.ActResumeOrg:    (*Registry).resumeOrg,
	label.ActAddPerson:    (*Registry).addPerson,
	label.ActRemovePerson: (*Registry).removePerson,
	label.ActAddKey:       (*Registry).addKey,
	label.ActReplaceKey:   (*Registry).replaceKey,
	label.ActRevokeKey:    (*Registry).revokeKey,
	label.ActAccredit:     (*Registry).accredit,
	label.ActAdoptActs:    (*Registry).adoptActs,
}

// enrolOrg enrols an organization. Enrolling it again unchanged changes nothing.
func (a *Registry) enrolOrg(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	o := r.predicate.Enrolled()
	old, err := v.Org(o.ID)
	if err == nil {
		o.Enrolled, o.Formerly, o.Suspended, o.SuspendedFor = old.Enrolled, old.Formerly, old.Suspended, old.SuspendedFor
		if !reflect.DeepEqual(old, o) {
			return enrolledOtherwise(old, o)
		}
		out.Organization = old
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	o.Enrolled = b.At.UTC().Truncate(time.Second)
	b.Add((*store.Organization)(o))
	if err := tellEnrolment(v, b, o); err != nil {
		return err
	}
	if err := a.tellAllWaiting(v, b, o); err != nil {
		return err
	}
	out.Organization = o
	if out.Notes, err = unenrolled(v, o.Affiliates); err != nil {
		return err
	}
	return a.dueForRelated(v, b, o)
}

// changeOrg changes what people are shown of an organization. What was signed and issued
// before says what was so then.
func (a *Registry) changeOrg(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	o, err := v.Org(r.predicate.Organization)
	if err != nil {
		return err
	}
	next := *o
	next.Change(r.predicate.Profile)
	out.Organization = &next
	if reflect.DeepEqual(*o, next) {
		return nil
	}
	b.Add((*store.Organization)(&next))
	out.note("Labels that were issued keep the name that they were issued with; the next ones have the new one.")
	return nil
}

// suspendOrg has nothing count any more that an organization signs, until it is resumed.
func (a *Registry) suspendOrg(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	o, err := v.Org(r.predicate.Organization)
	if err != nil {
		return err
	}
	out.Organization = o
	if !o.Suspended.IsZero() {
		out.note("%s is suspended already, since %s (%s); nothing was recorded.", o.ID, o.Suspended.UTC().Format(time.RFC3339), o.SuspendedFor)
		return nil
	}
	if o.Has(label.RoleOperator) {
		if err := a.lastOperatorKey(v, "organization", b.At, func(k *label.Key) bool { return k.Organization == o.ID }); err != nil {
			return err
		}
	}
	next := *o
	next.Suspended, next.SuspendedFor = b.At.UTC().Truncate(time.Second), r.predicate.Text
	out.Organization = &next
	b.Add((*store.Organization)(&next))
	out.note("Nothing counts any more that %s signs from now on, and nothing is issued to it. What counted before counts on: where labels are to change, report an event, or suspend them.", o.ID)
	return nil
}

// resumeOrg ends a suspension.
func (a *Registry) resumeOrg(_ *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	o, err := v.Org(r.predicate.Organization)
	if err != nil {
		return err
	}
	next := *o
	next.Suspended, next.SuspendedFor = time.Time{}, ""
	if out.Organization = &next; !o.Suspended.IsZero() {
		b.Add((*store.Organization)(&next))
	}
	return nil
}

// addPerson adds somebody who acts for an organization.
func (a *Registry) addPerson(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	old, err := v.Person(r.predicate.Person)
	switch {
	case err == nil && old.Organization != r.predicate.Organization:
		return label.Errorf(label.Exists, label.ReasonExists, "person", "%s is a person of %s; an ID is one person's, who belongs to one organization", old.ID, old.Organization)
	case err == nil && !old.Left.IsZero():
		return label.Errorf(label.Precondition, label.ReasonStep, "person", "%s left on %s (%s), and does not come back under that ID; add another", old.ID, old.Left.UTC().Format(time.RFC3339), old.LeftFor)
	case err == nil && (old.Machine != r.predicate.Machine || old.Name != r.predicate.Name):
		return label.Errorf(label.Exists, label.ReasonExists, "person", "%s is on record otherwise (name %q, machine %t), and stays so; add another under an ID of its own", old.ID, old.Name, old.Machine)
	case err == nil:
		out.Person = old
		return nil
	case !errors.Is(err, store.ErrNotFound):
		return err
	}
	out.Person = &label.Person{
		ID: r.predicate.Person, Organization: r.predicate.Organization, Name: r.predicate.Name, Machine: r.predicate.Machine,
		Added: b.At.UTC().Truncate(time.Second), AddedBy: x.entry.Actor,
	}
	b.Add((*store.Person)(out.Person))
	return nil
}

// removePerson ends that somebody acts for an organization: all keys of the person are
// revoked.
func (a *Registry) removePerson(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	p, err := v.Person(r.predicate.Person)
	if err == nil && p.Organization != r.predicate.Organization {
		err = store.ErrNotFound // whose it is is none of the caller's business
	}
	if err != nil {
		return found(err, label.ReasonUnknownSubject, "person", "%s has no person %q", r.predicate.Organization, r.predicate.Person)
	}
	next := *p
	if out.Person = &next; !p.Left.IsZero() {
		out.note("%s left already, on %s (%s); nothing was recorded.", p.ID, p.Left.UTC().Format(time.RFC3339), p.LeftFor)
		return nil
	}
	keys, err := v.OrgKeys(p.Organization)
	if err != nil {
		return err
	}
	keys = slices.DeleteFunc(keys, func(k *label.Key) bool { return k.Person != p.ID || !k.Revoked.IsZero() })
	if err := a.mayLose(v, p.Organization, "person", b.At, keys); err != nil {
		return err
	}
	if out.Notes, err = a.fewNotes(v, p.Organization, b.At, keys); err != nil {
		return err
	}
	next.Left, next.LeftFor = b.At.UTC().Truncate(time.Second), r.predicate.Text
	b.Add((*store.Person)(&next))
	for _, k := range keys {
		if err := a.revoke(b, k, r.predicate.Text, x.entry.Actor.Organization); err != nil {
			return err
		}
	}
	if len(keys) > 0 {
		out.note("The keys of %s were revoked: %d.", p.ID, len(keys))
	}
	return nil
}

// mayLose refuses to revoke keys without which nobody could operate the programme.
func (a *Registry) mayLose(v *store.View, org, field string, now time.Time, keys []*label.Key) error {
	o, err := v.Org(org)
	if err != nil || !o.Has(label.RoleOperator) {
		return err
	}
	return a.lastOperatorKey(v, field, now, func(k *label.Key) bool {
		return slices.ContainsFunc(keys, func(gone *label.Key) bool { return gone.ID == k.ID })
	})
}

// addKey enrols a public key, to be used from an instant on, or from now. From when on a
// key counts is said once: enrolling it again changes nothing, and is refused where
// another instant, or another person, is asked for.
func (a *Registry) addKey(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	owner, err := v.Org(r.predicate.Organization)
	if err != nil {
		return unknownOrg(err, "organization", r.predicate.Organization)
	}
	if r.predicate.Person != "" {
		p, err := v.Person(r.predicate.Person)
		switch {
		case err != nil:
			return found(err, label.ReasonUnknownSubject, "person", "%s has no person %q; \"labelctl org person add\" adds one", owner.ID, r.predicate.Person)
		case p.Organization != owner.ID:
			return label.Errorf(label.Denied, label.ReasonNotYours, "person", "%s is a person of %s", p.ID, p.Organization)
		case !p.Left.IsZero():
			return label.Errorf(label.Precondition, label.ReasonStep, "person", "%s left on %s: %s", p.ID, p.Left.UTC().Format(time.RFC3339), p.LeftFor)
		}
	}
	k, err := newKey(b.At, x.entry.Actor, owner.ID, r.predicate.Person, r.predicate.PEM)
	if err != nil {
		return err
	}
	old, err := v.Key(k.ID)
	if err == nil {
		return enrolledKey(v, b, owner, old, r.predicate, out)
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if !r.predicate.From.IsZero() {
		k.From = r.predicate.From.UTC()
	}
	return a.enrolKey(x, v, b, owner, k, out)
}

// newKey returns the record of a key that counts from the instant on at which it is added.
func newKey(at time.Time, by label.Actor, org, person, pem string) (*label.Key, error) {
	pub, err := envelope.ParsePublicKey([]byte(pem))
	if err != nil {
		return nil, err
	}
	at = at.UTC().Truncate(time.Second)
	return &label.Key{ID: pub.ID, Organization: org, PEM: pub.PEM, Algorithm: pub.Algorithm, From: at, Enrolled: at, Person: person, AddedBy: &by}, nil
}

// enrolKey adds a key to a batch, and tells those concerned.
func (a *Registry) enrolKey(x *act, v *store.View, b *batch, owner *label.Organization, k *label.Key, out *RegistryChange) error {
	b.Add((*store.Key)(k))
	out.Key = k
	if owner.Has(label.RoleOperator) {
		if err := a.secondVoice(v, b, k); err != nil {
			return err
		}
	}
	notes, err := waitingNotes(v, owner)
	if err != nil {
		return err
	}
	out.Notes = append(out.Notes, notes...)
	return a.tellEnrolled(b, owner, k)
}

// secondVoice logs that several persons decide for the authority, where a key is that of
// the second.
func (a *Registry) secondVoice(v *store.View, b *batch, k *label.Key) error {
	all, err := voices(v)
	if err != nil || len(all) > 1 {
		return err
	}
	who, counts, err := voiceOf(v, k)
	if err != nil || !counts || slices.Contains(all, who) {
		return err
	}
	return a.logQuorum(v, b, len(all)+1)
}

// enrolledKey answers a request to enrol a key that is enrolled. One that is of nobody in
// particular can be given to the person who holds it.
func enrolledKey(v *store.View, b *batch, owner *label.Organization, old *label.Key, r *label.RegistryRequest, out *RegistryChange) error {
	switch at := r.From.UTC(); {
	case old.Organization != owner.ID:
		return label.Errorf(label.Exists, label.ReasonExists, "pem", "key %s is enrolled for another organization; every key has one owner", old.Short())
	case !old.Revoked.IsZero():
		return label.Errorf(label.Precondition, label.ReasonKeyRevoked, "pem", "key %s was revoked on %s (%s), which cannot be taken back; enrol another key", old.Short(), old.Revoked.UTC().Format(time.RFC3339), old.RevokedFor)
	case !r.From.IsZero() && !at.Equal(old.From):
		return label.Errorf(label.Exists, label.ReasonExists, "from", "key %s is enrolled already, and counts from %s on, which is not changed to %s; leave it out, or enrol another key",
			old.Short(), old.From.UTC().Format(time.RFC3339), at.Format(time.RFC3339))
	case r.Person != "" && old.Person == "":
		next := *old
		next.Person = r.Person
		out.Key = &next
		b.Add((*store.Key)(&next))
		out.note("Key %s, which was of nobody in particular, is %s's from now on.", old.Short(), r.Person)
		return nil
	case r.Person != old.Person && r.Person != "":
		return label.Errorf(label.Exists, label.ReasonExists, "person", "key %s is %s's; every key has one holder, enrol another key", old.Short(), old.Person)
	}
	out.Key = old
	out.note("Key %s is on record already, since %s, and counts from %s on; nothing was recorded.",
		old.Short(), old.Enrolled.UTC().Format(time.RFC3339), old.From.UTC().Format(time.RFC3339))
	return nil
}

// replaceKey puts another key in the place of the one that signs the request.
func (a *Registry) replaceKey(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	old, err := v.Key(r.predicate.Key)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(r.signed.signers, func(s signer) bool { return s.ID == old.ID }) {
		return label.Errorf(label.Denied, label.ReasonWrongSigner, "key", "the request has to be signed with key %s, which it replaces", old.Short())
	}
	owner, err := usable(v, old, b.At)
	if err != nil {
		return err
	}
	next, err := newKey(b.At, x.entry.Actor, old.Organization, old.Person, r.predicate.PEM)
	if err != nil {
		return err
	}
	if _, err := v.Key(next.ID); err == nil {
		return label.Errorf(label.Exists, label.ReasonExists, "pem", "key %s is enrolled already; a key is replaced by one that nobody has used", next.Short())
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := a.enrolKey(x, v, b, owner, next, out); err != nil {
		return err
	}
	out.note("What key %s signed counts as before; it signs nothing any more.", old.Short())
	return a.revoke(b, old, replacedBy(next), owner.ID)
}

// replacedBy is why a key is revoked that another took the place of.
func replacedBy(next *label.Key) string { return "It was replaced by key " + next.Short() + "." }

// revokeKey ends the use of a key from now on. Revoking it again changes nothing.
func (a *Registry) revokeKey(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	k, err := v.Key(r.predicate.Key)
	if err != nil {
		return err
	}
	if out.Key = k; !k.Revoked.IsZero() {
		out.note("Key %s was revoked already, on %s (%s); nothing was recorded. Where it was in the wrong hands, report since when (\"labelctl event key\").",
			k.Short(), k.Revoked.UTC().Format(time.RFC3339), k.RevokedFor)
		return nil
	}
	if err := a.mayLose(v, k.Organization, "key", b.At, []*label.Key{k}); err != nil {
		return err
	}
	if out.Notes, err = keylessNotes(v, k, b.At); err != nil {
		return err
	}
	few, err := a.fewNotes(v, k.Organization, b.At, []*label.Key{k})
	if err != nil {
		return err
	}
	out.Notes = append(out.Notes, few...)
	return a.revoke(b, k, r.predicate.Text, x.entry.Actor.Organization)
}

// revoke adds to a batch that a key is used no more, and tells those concerned. By is the
// organization that wants it so.
func (a *Registry) revoke(b *batch, k *label.Key, why, by string) error {
	k.Revoke(b.At, why)
	b.Add((*store.Key)(k))
	return a.tellKey(b, k, by)
}

// accredit records what a lab may test: signed by the authority, logged. What is recorded
// of an accreditation takes the place of what was recorded before under its number: the
// notes of the answer say what that takes away and what it gives back, and what rests on
// it is judged again. To record less without reporting an event has for a label the
// consequence that the event would have had.
func (a *Registry) accredit(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	rec := *r.predicate.Accreditation.Record(r.predicate.Organization)
	lab, err := v.Org(rec.Lab.ID)
	if err != nil {
		return unknownOrg(err, "accreditation.lab", rec.Lab.ID)
	}
	if !lab.Has(label.RoleLab) {
		return label.Errorf(label.Precondition, label.ReasonWrongRole, "accreditation.lab", "%s is not enrolled as lab", lab.ID)
	}
	keys, err := v.OrgKeys(lab.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.Revoked.IsZero() {
			rec.Keys = append(rec.Keys, k.ID)
		}
	}
	if len(rec.Keys) == 0 {
		return label.Errorf(label.Precondition, label.ReasonUnknownKey, "accreditation.lab", "%s has no usable key; enrol one first (\"labelctl org key\")", lab.ID)
	}
	rec.Lab = lab.Party()
	rec.Order()
	rec.Requests = []label.RequestRef{{Organization: r.by.Organization, Key: r.by.Key, SHA256: r.digest}}
	if out.Request != nil { // all have agreed; before, it is tried whether it can be carried out
		rec.Requests = nil
		for _, sig := range out.Request.Signatures {
			rec.Requests = append(rec.Requests, label.RequestRef{Organization: sig.Organization, Key: sig.Key, SHA256: r.digest})
		}
	}
	before, err := same(v, &rec)
	if err != nil {
		return err
	}
	if before != nil {
		out.Accreditation, out.Notes = before, append(out.Notes, before.Notes...)
		return nil
	}
	notes, err := accreditationNotes(v, &rec)
	if err != nil {
		return err
	}
	if out.Accreditation, err = a.putAccreditation(b, rec, x.entry.Actor.Organization, notes); err != nil {
		return err
	}
	out.Notes = append(out.Notes, notes...)
	// What the accreditation says now may be less than before, or more.
	return a.evidence.dueForSigner(v, b, lab.ID, func(st *store.Statement) bool { return st.Lab.Accreditation == rec.Number })
}

// adoptActs adopts a table of acts: the service is to be started with it next.
func (a *Registry) adoptActs(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	if last, err := v.Adopted(); err == nil && last.SHA256 == r.predicate.Table {
		out.note("That table was adopted already, on %s; nothing was recorded.", last.At.UTC().Format(time.RFC3339))
		return nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	b.Add(&store.Adoption{SHA256: r.predicate.Table, At: b.At.UTC(), Request: r.digest})
	if r.predicate.Table != a.programme.ActsSHA256 {
		out.note("The service goes on by the table that it was started with. Put the one that was adopted in its place (acts.yaml in the directory of --labels) and start it anew: it does not start with another.")
	}
	return nil
}

// checkActs holds a table of acts to the one that was adopted last. Where none was, it is
// what the programme begins with.
func (a *Registry) checkActs(v *store.View) (first bool, err error) {
	last, err := v.Adopted()
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case last.SHA256 == a.programme.ActsSHA256:
		return false, nil
	}
	return false, label.Errorf(label.Precondition, label.ReasonStep, "acts.yaml",
		"the table of acts has SHA-256 %s, and by %s the one with SHA-256 %s was adopted; put that one back, or have this one adopted first by those who may (\"labelctl acts adopt FILE\", with the service started on the other)",
		a.programme.ActsSHA256, adoptedBy(last), last.SHA256)
}

func adoptedBy(last *store.Adoption) string {
	if last.Request.IsZero() {
		return "the first start, on " + last.At.UTC().Format(time.RFC3339) + ","
	}
	return fmt.Sprintf("request %.16s of %s", last.Request, last.At.UTC().Format(time.RFC3339))
}

// tellRegistryWaiting tells operators that a change of the registry waits for others to
// agree.
func (a *core) tellRegistryWaiting(v *store.View, b *batch, x *act, req *store.Request, out *RegistryChange) error {
	out.note("The request waits for others to agree: %s takes %s.", x.rule.Kind, headcount(x.rule))
	if err := a.noteAlone(v, b, req, &out.Notes); err != nil {
		return err
	}
	return a.tellWaiting(b, req, "")
}

// Recover gives a person who works for the authority a key, without the agreement of
// others: because too few are left who could agree. It is for whoever runs the service, on
// its machine, who holds the key of labels in any case. That it was done, and why, is a
// public entry of the log.
func (a *Registry) Recover(ctx context.Context, org, person, pem, text string) (*label.Key, error) {
	request := &label.RegistryRequest{Act: label.ActAddKey, Organization: org, Person: person, PEM: pem, Text: text, Made: a.clock().UTC().Truncate(time.Second)}
	request.Address(a.trust.URL)
	if err := request.Validate(); err != nil {
		return nil, err
	}
	if person == "" || text == "" {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "person", "and a text are required: who gets the key, and why")
	}
	x := &act{a: a.core, ctx: ctx, rule: a.programme.Acts[label.ActAddKey.OfOperators()]}
	x.entry = label.Act{Kind: string(label.ActRecover), Actor: label.Actor{Organization: org}, Subject: person}
	out := &RegistryChange{}
	err := x.do([]string{"revocation", claimf("org/%s", org)}, func(v *store.View, b *batch) error {
		*out = RegistryChange{}
		o, err := v.Org(org)
		switch {
		case err != nil:
			return unknownOrg(err, "organization", org)
		case !o.Has(label.RoleOperator):
			return label.Errorf(label.Precondition, label.ReasonWrongRole, "organization", "%s does not work for the authority", org)
		case !o.Suspended.IsZero():
			next := *o
			next.Suspended, next.SuspendedFor = time.Time{}, ""
			b.Add((*store.Organization)(&next))
		}
		p, err := v.Person(person)
		switch {
		case errors.Is(err, store.ErrNotFound):
			p = &label.Person{ID: person, Organization: org, Added: b.At.UTC().Truncate(time.Second), AddedBy: x.entry.Actor}
			b.Add((*store.Person)(p))
		case err != nil:
			return err
		}
		if err := a.recovered(x, v, b, request, p, out); err != nil {
			return err
		}
		all, err := voices(v)
		if err != nil {
			return err
		}
		if who := (voice{org, person}); !slices.Contains(all, who) {
			all = append(all, who)
		}
		q := &label.Quorum{
			Why: label.QuorumRecovered, Persons: len(all), Organization: org, Person: person, Key: out.Key.ID, Recorded: b.Recorded.UTC().Truncate(time.Second),
			Text: label.Clip(fmt.Sprintf("Whoever runs the service gave %s of %s the key %s, without the agreement of others: %s", person, org, out.Key.Short(), text), label.MaxProse),
		}
		_, entry, err := b.sign(a.issuer.Quorum(q))
		if err != nil {
			return err
		}
		b.Add(&store.Quorum{Index: b.index(), Alone: q.Persons == 1})
		b.log(entry)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out.Key, nil
}

// recovered adds the key to a batch that a person gets.
func (a *Registry) recovered(x *act, v *store.View, b *batch, r *label.RegistryRequest, p *label.Person, out *RegistryChange) error {
	switch {
	case p.Organization != r.Organization:
		return label.Errorf(label.Exists, label.ReasonExists, "person", "%s is a person of %s", p.ID, p.Organization)
	case p.Machine || !p.Left.IsZero():
		return label.Errorf(label.Precondition, label.ReasonStep, "person", "%s is a machine, or has left; name another person", p.ID)
	}
	k, err := newKey(b.At, x.entry.Actor, p.Organization, p.ID, r.PEM)
	if err != nil {
		return err
	}
	if _, err := v.Key(k.ID); err == nil {
		return label.Errorf(label.Exists, label.ReasonExists, "pem", "key %s is enrolled already; make a new one", k.Short())
	} else if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	out.Key = k
	b.Add((*store.Key)(out.Key))
	o, err := v.Org(p.Organization)
	if err != nil {
		return err
	}
	return a.tellEnrolled(b, o, out.Key)
}
