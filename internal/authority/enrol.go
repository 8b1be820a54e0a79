package authority

import (
	"context"
	"errors"
	"reflect"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
)

// Enrol records an organization. Enrolling it again unchanged returns it as it
// is.
func (a *Authority) Enrol(ctx context.Context, c Caller, o label.Organization) (*label.Organization, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	if err := o.Validate(); err != nil {
		return nil, label.Within("organization", err)
	}
	out := &o
	err := a.writer.do(ctx, []string{claimf("org/%s", o.ID)}, func(v *store.View, b *store.Batch) error {
		old, err := v.Org(o.ID)
		if err == nil {
			o.Enrolled, o.Formerly = old.Enrolled, old.Formerly
			if !reflect.DeepEqual(*old, o) {
				return label.Errorf(label.Exists, label.ReasonExists, "organization.id", "organization %s is enrolled with other values", o.ID)
			}
			out = old
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		o.Enrolled, o.Formerly = b.At.UTC().Truncate(time.Second), nil
		b.Orgs = append(b.Orgs, o)
		return a.dueForRelated(v, b, &o)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// EnrolmentNotes says what whoever enrols an organization has to know of it.
func (a *Authority) EnrolmentNotes(o *label.Organization) (notes []string, err error) {
	err = a.store.View(func(v *store.View) error {
		notes, err = unenrolled(v, o.Affiliates)
		return err
	})
	return notes, err
}

// dueForRelated has judged again what labs reported that an organization, which
// names affiliates, shows to be related to manufacturers.
func (a *Authority) dueForRelated(v *store.View, b *store.Batch, o *label.Organization) error {
	if len(o.Affiliates) == 0 {
		return nil
	}
	return a.dueForGroup(v, b, append([]string{o.ID}, o.Affiliates...)...)
}

// dueForGroup has judged again what labs reported that are related to some
// organizations, which are taken to be related to each other.
func (a *Authority) dueForGroup(v *store.View, b *store.Batch, orgs ...string) error {
	d, err := newDistrust(v)
	if err != nil {
		return err
	}
	for _, other := range orgs[1:] {
		d.unite(orgs[0], other)
	}
	var inner error
	err = v.Orgs("", func(lab *label.Organization) bool {
		if lab.Has(label.RoleLab) && d.related(lab.ID, orgs[0]) {
			inner = a.dueForSigner(v, b, lab.ID, func(st *store.Statement) bool { return st.Type == label.TypeTestReport })
		}
		return inner == nil
	})
	return errors.Join(err, inner)
}

// AddKey enrols a public key of an organization, to be used from an instant on
// (or from now, where from is zero).
func (a *Authority) AddKey(ctx context.Context, c Caller, org, pem string, from time.Time) (*label.Key, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	pub, err := envelope.ParsePublicKey([]byte(pem))
	if err != nil {
		return nil, err
	}
	var out *label.Key
	err = a.writer.do(ctx, []string{claimf("key/%s", pub.ID), claimf("org/%s", org)}, func(v *store.View, b *store.Batch) error {
		owner, err := v.Org(org)
		if err != nil {
			return unknownOrg(err, "organization", org)
		}
		old, err := v.Key(pub.ID)
		if err == nil {
			if old.Organization != org {
				return label.Errorf(label.Exists, label.ReasonExists, "pem", "key %s is enrolled for another organization; every key has one owner", old.Short())
			}
			if !old.Revoked.IsZero() {
				return label.Errorf(label.Precondition, label.ReasonKeyRevoked, "pem", "key %s was revoked on %s (%s), which cannot be taken back; enrol another key", old.Short(), old.Revoked.UTC().Format(time.RFC3339), old.RevokedFor)
			}
			out = old
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		k := label.Key{ID: pub.ID, Organization: org, PEM: pub.PEM, Algorithm: pub.Algorithm, From: from.UTC().Truncate(time.Second), Enrolled: b.At.UTC().Truncate(time.Second)}
		if from.IsZero() {
			k.From = k.Enrolled
		}
		b.Keys = append(b.Keys, k)
		out = &k
		return a.tellEnrolled(b, owner, &k)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RevokeKey ends the use of a key from now on. Revoking it again changes
// nothing.
func (a *Authority) RevokeKey(ctx context.Context, c Caller, id, reason string) (*label.Key, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	if reason == "" {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "reason", "is required: it is shown to whoever uses the key")
	}
	if len(reason) > label.MaxProse {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "reason", "is %d bytes, at most %d are accepted", len(reason), label.MaxProse)
	}
	var out *label.Key
	// One claim for all revocations: two operators cannot revoke each other's
	// last key in one batch.
	err := a.writer.do(ctx, []string{"revocation", claimf("key/%s", id)}, func(v *store.View, b *store.Batch) error {
		k, err := v.Key(id)
		if err != nil {
			return found(err, label.ReasonUnknownKey, "id", "no key %q is enrolled", id)
		}
		out = k
		if !k.Revoked.IsZero() {
			return nil
		}
		if err := a.lastOperatorKey(v, k, b.At); err != nil {
			return err
		}
		k.Revoked = b.At.UTC().Truncate(time.Second)
		k.RevokedFor = reason
		b.Keys = append(b.Keys, *k)
		return tellKey(b, k)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// lastOperatorKey refuses to revoke the key without which nobody could operate
// the programme.
func (a *Authority) lastOperatorKey(v *store.View, k *label.Key, now time.Time) error {
	org, err := v.Org(k.Organization)
	if err != nil || !org.Has(label.RoleOperator) {
		return err
	}
	usable := false
	var inner error
	err = v.Orgs("", func(o *label.Organization) bool {
		if !o.Has(label.RoleOperator) {
			return true
		}
		var keys []*label.Key
		if keys, inner = v.OrgKeys(o.ID); inner != nil {
			return false
		}
		for _, other := range keys {
			usable = usable || other.ID != k.ID && other.Usable(now) == nil
		}
		return !usable
	})
	if err := errors.Join(err, inner); err != nil {
		return err
	}
	if !usable {
		return label.Errorf(label.Precondition, label.ReasonMissing, "id", "this is the last usable key of an operator; enrol another first")
	}
	return nil
}

// Accredit records what a lab may test: signed by the authority, logged.
func (a *Authority) Accredit(ctx context.Context, c Caller, acc label.Accreditation) (*store.Accreditation, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	if err := acc.Validate(); err != nil {
		return nil, label.Within("accreditation", err)
	}
	if err := a.checkScope(&acc); err != nil {
		return nil, err
	}
	var out *store.Accreditation
	err := a.writer.do(ctx, []string{claimf("org/%s", acc.Lab.ID)}, func(v *store.View, b *store.Batch) error {
		lab, err := v.Org(acc.Lab.ID)
		if err != nil {
			return unknownOrg(err, "accreditation.lab", acc.Lab.ID)
		}
		if !lab.Has(label.RoleLab) {
			return label.Errorf(label.Precondition, label.ReasonWrongRole, "accreditation.lab", "%s is not enrolled as lab", lab.ID)
		}
		keys, err := v.OrgKeys(lab.ID)
		if err != nil {
			return err
		}
		rec := acc
		rec.Keys, rec.Suspended, rec.Narrowed, rec.Event = nil, "", "", label.Digest{}
		for _, k := range keys {
			if k.Revoked.IsZero() {
				rec.Keys = append(rec.Keys, k.ID)
			}
		}
		if len(rec.Keys) == 0 {
			return label.Errorf(label.Precondition, label.ReasonUnknownKey, "accreditation.lab", "%s has no usable key; enrol one first (\"labelctl org key\")", lab.ID)
		}
		rec.Lab = label.Party{ID: lab.ID, Name: lab.Name, URL: lab.URL}
		if out, err = same(v, &rec); out != nil || err != nil {
			return err
		}
		if out, err = a.accredit(b, rec); err != nil {
			return err
		}
		// What the accreditation says now may be less than before, or more.
		return a.dueForSigner(v, b, lab.ID, func(st *store.Statement) bool { return st.Lab.Accreditation == rec.Number })
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// accredit adds a signed accreditation to a batch.
func (a *Authority) accredit(b *store.Batch, rec label.Accreditation) (*store.Accreditation, error) {
	signed, err := a.issuer.Accreditation(&rec, b.At)
	if err != nil {
		return nil, err
	}
	entry, err := store.NewEntry(signed.Envelope, signed.Leaf)
	if err != nil {
		return nil, err
	}
	out := &store.Accreditation{Index: index(b), Accreditation: rec}
	b.Accreditations = append(b.Accreditations, *out)
	b.Entries = append(b.Entries, entry)
	return out, tellAccreditation(b, out)
}

// checkScope refuses a scope that names what the programme does not have.
func (a *Authority) checkScope(acc *label.Accreditation) error {
	for _, s := range acc.Standards {
		if a.programme.Standards[s] == nil {
			return label.Errorf(label.Invalid, label.ReasonUnknownStandard, "accreditation.standards", "no standard %q is in the catalogue", s)
		}
	}
	for _, c := range acc.Categories {
		if c != "*" && a.programme.Categories[c] == nil {
			return label.Errorf(label.Invalid, label.ReasonUnknownCategory, "accreditation.categories", "no category %q is defined", c)
		}
	}
	return nil
}

// same returns the accreditation on record that says what rec says, or nil.
func same(v *store.View, rec *label.Accreditation) (*store.Accreditation, error) {
	list, err := accreditations(v, rec.Lab.ID)
	if err != nil {
		return nil, err
	}
	for _, old := range list {
		o := old.Accreditation
		o.Recorded = rec.Recorded
		if reflect.DeepEqual(o, *rec) {
			return old, nil
		}
	}
	return nil, nil
}

func unknownOrg(err error, field, id string) error {
	return found(err, label.ReasonUnknownOrg, field, "no organization %q is enrolled; \"labelctl org add\" enrols one", id)
}
