package authority

import (
	"errors"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
)

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
