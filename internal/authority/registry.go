package authority

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
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

// tellRegistryWaiting tells operators that a change of the registry waits for others to
// agree.
func (a *core) tellRegistryWaiting(v *store.View, b *batch, x *act, req *store.Request, out *RegistryChange) error {
	out.note("The request waits for others to agree: %s takes %s.", x.rule.Kind, headcount(x.rule))
	if err := a.noteAlone(v, b, req, &out.Notes); err != nil {
		return err
	}
	return a.tellWaiting(b, req, "")
}
