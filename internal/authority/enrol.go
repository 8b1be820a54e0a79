package authority

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

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

// dueForRelated has judged again what labs reported that an organization, which
// names affiliates, shows to be related to manufacturers.
func (a *Registry) dueForRelated(v *store.View, b *batch, o *label.Organization) error {
	if len(o.Affiliates) == 0 {
		return nil
	}
	return a.dueForGroup(v, b, append([]string{o.ID}, o.Affiliates...)...)
}

// dueForGroup has judged again what labs reported that are related to some
// organizations, which are taken to be related to each other.
func (a *Registry) dueForGroup(v *store.View, b *batch, orgs ...string) error {
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
			inner = a.evidence.dueForSigner(v, b, lab.ID, func(st *store.Statement) bool { return label.SourceOf(st.Type) == label.SourceLab })
		}
		return inner == nil
	})
	return errors.Join(err, inner)
}

// fewNotes says that too few persons are left for what takes the strongest quorum, when
// keys of an operator are revoked.
func (a *Registry) fewNotes(v *store.View, org string, now time.Time, gone []*label.Key) (notes []string, err error) {
	o, err := v.Org(org)
	if err != nil || !o.Has(label.RoleOperator) {
		return nil, err
	}
	all, err := voices(v)
	if err != nil || len(all) < 2 {
		return nil, err // one decides alone
	}
	left, err := present(v, now, func(k *label.Key) bool {
		return slices.ContainsFunc(gone, func(g *label.Key) bool { return g.ID == k.ID })
	})
	if err != nil {
		return nil, err
	}
	if want := a.programme.Acts[label.ActAdoptActs].Persons; len(left) < want {
		notes = append(notes, fmt.Sprintf("Persons with a key that counts are left for the authority: %d. What can change who acts for it takes %d, and cannot be done now; where they have no key any more, \"labeld recover\" on the machine of the service gives them one.", len(left), want))
	}
	return notes, nil
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

// lastOperatorKey refuses to take away the keys without which nobody could operate the
// programme: those that gone reports to be so.
func (a *Registry) lastOperatorKey(v *store.View, field string, now time.Time, gone func(*label.Key) bool) error {
	left, err := present(v, now, gone)
	if err != nil {
		return err
	}
	if len(left) == 0 {
		return label.Errorf(label.Precondition, label.ReasonMissing, field, "would leave no operator with a key that counts; enrol another first")
	}
	return nil
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

// putAccreditation adds a signed accreditation to a batch. By is the operator who records it
// without an event, with notes of what changes, or empty.
func (a *Registry) putAccreditation(b *batch, rec label.Accreditation, by string, notes []string) (*store.Accreditation, error) {
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
func (a *Registry) checkScope(acc *label.Accreditation) error {
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
		o.Recorded, o.Authority, o.Requests = rec.Recorded, rec.Authority, rec.Requests
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
