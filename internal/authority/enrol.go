package authority

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
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
	err := a.writer.do(ctx, []string{claimf("org/%s", o.ID)}, func(v *store.View, b *batch) error {
		old, err := v.Org(o.ID)
		if err == nil {
			o.Enrolled, o.Formerly = old.Enrolled, old.Formerly
			if !reflect.DeepEqual(*old, o) {
				return enrolledOtherwise(old, &o)
			}
			out = old
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		o.Enrolled, o.Formerly = b.At.UTC().Truncate(time.Second), nil
		b.Add((*store.Organization)(&o))
		if err := tellEnrolment(v, b, &o); err != nil {
			return err
		}
		if err := a.tellAllWaiting(v, b, &o); err != nil {
			return err
		}
		return a.dueForRelated(v, b, &o)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// enrolledOtherwise refuses to enrol an organization again, names the values that
// differ, and says what can be done about them.
func enrolledOtherwise(old, o *label.Organization) error {
	var differ []string
	for _, f := range []struct {
		name      string
		was, asks any
	}{
		{"name", old.Name, o.Name}, {"roles", old.Roles, o.Roles}, {"url", old.URL, o.URL},
		{"contact", old.Contact, o.Contact}, {"affiliates", old.Affiliates, o.Affiliates},
	} {
		if !reflect.DeepEqual(f.was, f.asks) {
			differ = append(differ, fmt.Sprintf("%s %q and not %q", f.name, f.was, f.asks))
		}
	}
	way := "what is enrolled stays as it is: leave out what differs, or enrol another organization under an ID of its own"
	if !slices.Equal(old.Affiliates, o.Affiliates) {
		way += "; common control is recorded with \"labelctl event affiliation\", and its end with --ended"
	}
	return label.Errorf(label.Exists, label.ReasonExists, "organization.id", "organization %s is enrolled with %s; %s", o.ID, strings.Join(differ, ", "), way)
}

// tellEnrolment tells all who are enrolled that an organization stands on their
// record as an affiliate, or they on its.
func tellEnrolment(v *store.View, b *batch, o *label.Organization) error {
	related := func(org, affiliate string) error {
		return tellAffiliation(v, b, "affiliated-"+org+"-"+affiliate, o.ID, AffiliationNews{
			Organization: org, Affiliate: affiliate, Text: fmt.Sprintf("%s was enrolled, and %s is on the record of %s as an affiliate.", o.ID, affiliate, org),
		})
	}
	for _, affiliate := range o.Affiliates {
		if err := related(o.ID, affiliate); err != nil {
			return err
		}
	}
	var inner error
	err := v.Orgs("", func(other *label.Organization) bool {
		if slices.Contains(other.Affiliates, o.ID) {
			inner = related(other.ID, o.ID)
		}
		return inner == nil
	})
	return errors.Join(err, inner)
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
func (a *Authority) dueForRelated(v *store.View, b *batch, o *label.Organization) error {
	if len(o.Affiliates) == 0 {
		return nil
	}
	return a.dueForGroup(v, b, append([]string{o.ID}, o.Affiliates...)...)
}

// dueForGroup has judged again what labs reported that are related to some
// organizations, which are taken to be related to each other.
func (a *Authority) dueForGroup(v *store.View, b *batch, orgs ...string) error {
	d, err := a.newDistrust(v)
	if err != nil {
		return err
	}
	for _, other := range orgs[1:] {
		d.unite(orgs[0], other)
	}
	var inner error
	err = v.Orgs("", func(lab *label.Organization) bool {
		if lab.Has(label.RoleLab) && d.related(lab.ID, orgs[0]) {
			inner = a.dueForSigner(v, b, lab.ID, func(st *store.Statement) bool { return label.SourceOf(st.Type) == label.SourceLab })
		}
		return inner == nil
	})
	return errors.Join(err, inner)
}

// A NotedKey is a key on record, and what whoever enrols or revokes it has to know.
type NotedKey struct {
	*label.Key
	Notes []string
}

// AddKey enrols a public key of an organization, to be used from an instant on
// (or from now, where from is zero). From when on a key counts is said once: enrolling
// it again changes nothing, and is refused where another instant is asked for.
func (a *Authority) AddKey(ctx context.Context, c Caller, org, pem string, from time.Time) (*NotedKey, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	pub, err := envelope.ParsePublicKey([]byte(pem))
	if err != nil {
		return nil, err
	}
	var out *NotedKey
	err = a.writer.do(ctx, []string{claimf("key/%s", pub.ID), claimf("org/%s", org)}, func(v *store.View, b *batch) error {
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
			if at := from.UTC().Truncate(time.Second); !from.IsZero() && !at.Equal(old.From) {
				return label.Errorf(label.Exists, label.ReasonExists, "from", "key %s is enrolled already, and counts from %s on, which is not changed to %s; leave it out, or enrol another key",
					old.Short(), old.From.UTC().Format(time.RFC3339), at.Format(time.RFC3339))
			}
			out = &NotedKey{old, []string{fmt.Sprintf("Key %s is on record already, since %s, and counts from %s on; nothing was recorded.",
				old.Short(), old.Enrolled.UTC().Format(time.RFC3339), old.From.UTC().Format(time.RFC3339))}}
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		k := label.Key{ID: pub.ID, Organization: org, PEM: pub.PEM, Algorithm: pub.Algorithm, From: from.UTC().Truncate(time.Second), Enrolled: b.At.UTC().Truncate(time.Second)}
		if from.IsZero() {
			k.From = k.Enrolled
		}
		b.Add((*store.Key)(&k))
		out = &NotedKey{Key: &k}
		if out.Notes, err = waitingNotes(v, owner); err != nil {
			return err
		}
		return a.tellEnrolled(b, owner, &k)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// RevokeKey ends the use of a key from now on. Revoking it again changes
// nothing, which the notes of the answer say.
func (a *Authority) RevokeKey(ctx context.Context, c Caller, id, reason string) (*NotedKey, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	if reason == "" {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "reason", "is required: it is shown to whoever uses the key")
	}
	if len(reason) > label.MaxProse {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "reason", "is %d bytes, at most %d are accepted", len(reason), label.MaxProse)
	}
	var out *NotedKey
	// One claim for all revocations: two operators cannot revoke each other's
	// last key in one batch.
	err := a.writer.do(ctx, []string{"revocation", claimf("key/%s", id)}, func(v *store.View, b *batch) error {
		k, err := v.Key(id)
		if err != nil {
			return found(err, label.ReasonUnknownKey, "id", "no key %q is enrolled", id)
		}
		out = &NotedKey{Key: k}
		if !k.Revoked.IsZero() {
			out.Notes = []string{fmt.Sprintf("Key %s was revoked already, on %s (%s); nothing was recorded. Where it was in the wrong hands, report since when (\"labelctl event key\").",
				k.Short(), k.Revoked.UTC().Format(time.RFC3339), k.RevokedFor)}
			return nil
		}
		if err := a.lastOperatorKey(v, k, b.At); err != nil {
			return err
		}
		if out.Notes, err = keylessNotes(v, k, b.At); err != nil {
			return err
		}
		k.Revoked = b.At.UTC().Truncate(time.Second)
		k.RevokedFor = reason
		b.Add((*store.Key)(k))
		return a.tellKey(b, k, c.Org)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// keylessNotes says that an organization has no key left when one is revoked: nothing
// that it signs counts, and it cannot call the service.
func keylessNotes(v *store.View, k *label.Key, now time.Time) (notes []string, err error) {
	keys, err := v.OrgKeys(k.Organization)
	if err != nil || slices.ContainsFunc(keys, func(other *label.Key) bool { return other.ID != k.ID && other.Usable(now) == nil }) {
		return nil, err
	}
	return []string{fmt.Sprintf("%s has no key left that counts now: until another is enrolled (\"labelctl org key\"), it can read what is public and do nothing.", k.Organization)}, nil
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

// Accredit records what a lab may test: signed by the authority, logged. What is
// recorded of an accreditation takes the place of what was recorded before under its
// number: the notes of the answer say what that takes away and what it gives back, and
// what rests on it is judged again. To record less without reporting an event has for
// a label the consequence that the event would have had.
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
	err := a.writer.do(ctx, []string{claimf("org/%s", acc.Lab.ID)}, func(v *store.View, b *batch) error {
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
		notes, err := accreditationNotes(v, &rec)
		if err != nil {
			return err
		}
		if out, err = a.accredit(b, rec, c.Org, notes); err != nil {
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

// accreditationNotes says what changes by a record of an accreditation that takes the
// place of another; nothing where there is none.
func accreditationNotes(v *store.View, next *label.Accreditation) (notes []string, err error) {
	list, err := accreditations(v, next.Lab.ID)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(a *store.Accreditation) bool { return a.Number == next.Number })
	if i < 0 {
		return nil, nil
	}
	before := list[i]
	add := func(format string, args ...any) { notes = append(notes, fmt.Sprintf(format, args...)) }
	add("This takes the place of what was recorded of accreditation %s on %s (log entry %d).", next.Number, label.DateOf(before.Recorded), before.Index)
	if before.Suspended != "" {
		add("The accreditation was suspended (%s). That ends by this record; reports under it count again.", before.Suspended)
	}
	if lost := differing(&before.Accreditation, next); len(lost) > 0 {
		add("It loses %s. Labels that rest on reports about that are judged again: where their scheme gives a time of grace they end after it, as if an event had been reported, and their manufacturers are told.", strings.Join(lost, ", "))
	}
	if given := differing(next, &before.Accreditation); len(given) > 0 {
		add("It gains %s. Labels that end early because that had been lost can be renewed on the same reports, and their manufacturers are told. Each of them ends early all the same until it is renewed.", strings.Join(given, ", "))
	}
	if next.Interval.From.After(before.Interval.From) || next.Interval.To.Before(before.Interval.To) {
		add("It runs from %s to %s, and ran from %s to %s. Reports of tests that ended outside of that do not count any more, and labels that rest on them are judged again.",
			next.Interval.From, next.Interval.To, before.Interval.From, before.Interval.To)
	} else if next.Interval != before.Interval {
		add("It runs from %s to %s, and ran from %s to %s.", next.Interval.From, next.Interval.To, before.Interval.From, before.Interval.To)
	}
	return notes, nil
}

// differing returns what one record of an accreditation has in its scope and another
// has not, in words.
func differing(has, hasNot *label.Accreditation) (list []string) {
	for _, p := range scopeOf(has) {
		switch {
		case p.within(hasNot):
		case p == part{partCategory, "*"}:
			list = append(list, "all categories that it does not name")
		default:
			list = append(list, p.kind+" "+p.name)
		}
	}
	return list
}

// accredit adds a signed accreditation to a batch. By is the operator who records it
// without an event, with notes of what changes, or empty.
func (a *Authority) accredit(b *batch, rec label.Accreditation, by string, notes []string) (*store.Accreditation, error) {
	_, entry, err := b.sign(a.issuer.Accreditation(&rec, b.Recorded))
	if err != nil {
		return nil, err
	}
	out := &store.Accreditation{Index: b.index(), Accreditation: rec, Notes: notes}
	b.Add(out)
	b.log(entry)
	return out, a.tellAccreditation(b, out, by)
}

// checkScope refuses a scope that names what the programme does not have.
func (a *Authority) checkScope(acc *label.Accreditation) error {
	if err := a.programme.CheckMethods("accreditation.methods", acc.Methods); err != nil {
		return err
	}
	for _, s := range acc.Standards {
		if a.programme.Standards[s] == nil {
			return label.Errorf(label.Invalid, label.ReasonUnknownStandard, "accreditation.standards", "no standard %q is in the catalogue, which has %s; \"labelctl scheme list\" lists the schemes and their standards",
				s, strings.Join(slices.Sorted(maps.Keys(a.programme.Standards)), ", "))
		}
	}
	for _, c := range acc.Categories {
		if c != "*" && a.programme.Categories[c] == nil {
			return label.Errorf(label.Invalid, label.ReasonUnknownCategory, "accreditation.categories", "no category %q is defined; \"labelctl scheme categories\" lists those there are", c)
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
			old.Notes = []string{fmt.Sprintf("Accreditation %s is on record already as it was given, since %s (log entry %d); nothing was recorded.", old.Number, label.DateOf(old.Recorded), old.Index)}
			return old, nil
		}
	}
	return nil, nil
}

func unknownOrg(err error, field, id string) error {
	return found(err, label.ReasonUnknownOrg, field, "no organization %q is enrolled; \"labelctl org add\" enrols one", id)
}
