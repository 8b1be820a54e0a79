package authority

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// # The registry, from what was done
//
// Organizations, persons and keys are records that nobody signed. But each change of them
// is an act: it stands in the audit trail, whose heads are in the log, and rests on a
// request that somebody signed whose key was on record then. So a check carries out again
// what was done, in its order, and what that comes to has to be what is on record. What
// nobody asked for, or nobody who could, was written into the file.
//
// What was on record before the first act rests on nothing but the file: an authority with
// its first person and that person's key, which a programme is made with; and what a
// database had before there was a trail.

// A registryAct is an act that changed the registry, or a key or an organization by an
// event.
type registryAct struct {
	*label.TrailEntry
	request label.Request // nil where whoever runs the service gave a person a key
	signers []string      // IDs of the keys that signed the request
	gave    string        // ID of the key that was given
}

// A roll is who is on record, by what was done. Its organizations, persons and keys are
// its own.
type roll struct {
	orgs    map[string]*label.Organization
	persons map[string]*label.Person
	keys    map[string]*label.Key
}

func newRoll() *roll {
	return &roll{map[string]*label.Organization{}, map[string]*label.Person{}, map[string]*label.Key{}}
}

// registry holds organizations, persons and keys to the acts that put them there.
func (c *check) registry() error {
	is, err := rollOnRecord(c.v)
	if err != nil {
		return err
	}
	acts, err := c.registryActs(is)
	if err != nil {
		return err
	}
	want, err := c.founding(is, acts)
	if err != nil {
		return err
	}
	for _, a := range acts {
		for _, key := range a.signers {
			if want.keys[key] == nil {
				c.badf("entry %d of the audit trail: %s rests on a request that is signed with key %.16s, which nobody had when it was carried out", a.Number, a.Kind, key)
			}
		}
		if err := want.apply(a, is); err != nil {
			c.badf("entry %d of the audit trail: %s of %s cannot be carried out again: %v", a.Number, a.Kind, a.Subject, err)
		}
	}
	return errors.Join(
		onRecordAs(c, "organization", is.orgs, want.orgs), onRecordAs(c, "person", is.persons, want.persons), onRecordAs(c, "key", is.keys, want.keys))
}

// onRecordAs holds records of one kind to what they have to be.
func onRecordAs[T any](c *check, what string, is, want map[string]*T) error {
	ids := map[string]bool{}
	for id := range is {
		ids[id] = true
	}
	for id := range want {
		ids[id] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		name := fmt.Sprintf("%s %.64s", what, id)
		switch {
		case want[id] == nil:
			c.badf("%s is on record, and no act put it there", name)
			continue
		case is[id] == nil:
			c.badf("%s is not on record, and the acts put it there", name)
			continue
		}
		has, err := label.Encode(is[id])
		if err != nil {
			return err
		}
		wanted, err := label.Encode(want[id])
		if err != nil {
			return err
		}
		if !bytes.Equal(has, wanted) {
			c.badf("%s is on record as %s, and the acts come to %s", name, has, wanted)
		}
	}
	return nil
}

func rollOnRecord(v *store.View) (*roll, error) {
	r := newRoll()
	if err := v.Orgs("", func(o *label.Organization) bool {
		r.orgs[o.ID] = o
		return true
	}); err != nil {
		return nil, err
	}
	for id := range r.orgs {
		persons, err := v.OrgPersons(id)
		if err != nil {
			return nil, err
		}
		for _, p := range persons {
			r.persons[p.ID] = p
		}
		keys, err := v.OrgKeys(id)
		if err != nil {
			return nil, err
		}
		for _, k := range keys {
			r.keys[k.ID] = k
		}
	}
	return r, nil
}

// registryActs returns the acts that changed the registry, in their order.
func (c *check) registryActs(is *roll) (list []registryAct, err error) {
	begun, err := trailBegun(c.v)
	if err != nil || begun.IsZero() {
		return nil, err
	}
	add := func(what string, request label.Request, digest label.Digest, at time.Time, signers ...string) {
		e, err := entryOf(c.v, digest, at)
		switch {
		case err != nil:
			c.badf("%s %s: %v", what, digest, err)
		case e == nil:
			c.badf("%s %s was carried out on %s, and the audit trail does not say so", what, digest, at.UTC().Format(time.RFC3339))
		default:
			list = append(list, registryAct{TrailEntry: e, request: request, signers: signers})
		}
	}
	if err := c.v.Requests(nil, func(r *store.Request, _ []byte) bool {
		if r.Done.IsZero() || r.Label != "" || len(r.Signatures) == 0 {
			return true
		}
		predicate, err := registryRequest(r)
		if err != nil {
			c.badf("request %s: %v", r.Digest, err)
		} else if predicate != nil {
			signers := make([]string, 0, len(r.Signatures))
			for _, s := range r.Signatures {
				signers = append(signers, s.Key)
			}
			add("request", predicate, r.Digest, r.Done, signers...)
		}
		return true
	}); err != nil {
		return nil, err
	}
	if err := c.v.Events(func(e *store.Event) bool {
		switch e.Event.Kind {
		case label.KeyEvent, label.AffiliationEvent, label.SeparationEvent:
			if !e.Received.Before(begun) {
				add("event", &e.Event, e.Digest, e.Received, e.Signature.Key)
			}
		}
		return true
	}); err != nil {
		return nil, err
	}
	recovered, err := c.recoveries(is)
	list = append(list, recovered...)
	slices.SortFunc(list, func(a, b registryAct) int { return cmp.Compare(a.Number, b.Number) })
	return list, err
}

// registryRequest returns what a request says that changes the registry, or nil. Who signed
// it is checked with all others ([check.requests]).
func registryRequest(r *store.Request) (*label.RegistryRequest, error) {
	var st label.Statement
	if err := label.DecodeLoose(r.Statement, &st); err != nil || st.PredicateType != label.TypeRegistryRequest {
		return nil, err
	}
	predicate := new(label.RegistryRequest)
	return predicate, label.Decode(st.Predicate, predicate)
}

// recoveries returns the acts by which whoever runs the service gave a person a key. Each
// is an entry of the log.
func (c *check) recoveries(is *roll) (list []registryAct, err error) {
	var inner error
	err = c.v.Quorums(func(rec *store.Quorum) bool {
		q, err := signed[label.Quorum](c, rec.Index, label.DigestOf([]byte(c.trust.Authority.ID)), label.TypeQuorum)
		switch {
		case err != nil:
			c.badf("what was logged of the quorum as entry %d: %v", rec.Index, err)
		case rec.Alone != (q.Persons == 1):
			c.badf("what was logged of the quorum as entry %d: the record says alone %t, the statement %d persons", rec.Index, rec.Alone, q.Persons)
		case q.Why == label.QuorumRecovered && is.keys[q.Key] == nil:
			c.badf("entry %d of the log gave %s of %s key %.16s, which is not on record", rec.Index, q.Person, q.Organization, q.Key)
		case q.Why == label.QuorumRecovered:
			var e *label.TrailEntry
			e, inner = entryAt(c.v, store.ActFilter{Kind: string(label.ActRecover), Organization: q.Organization, Subject: q.Person}, is.keys[q.Key].Enrolled, time.Second)
			if e == nil && inner == nil {
				c.badf("entry %d of the log gave %s of %s key %.16s, and the audit trail does not say so of when it is on record for", rec.Index, q.Person, q.Organization, q.Key)
			} else if e != nil {
				list = append(list, registryAct{TrailEntry: e, gave: q.Key})
			}
		}
		return inner == nil
	})
	return list, errors.Join(err, inner)
}

// entryOf returns the entry of the audit trail that says that a request was carried out at
// an instant, or nil.
func entryOf(v *store.View, request label.Digest, at time.Time) (found *label.TrailEntry, err error) {
	err = entriesAt(v, store.ActFilter{}, at.Truncate(time.Millisecond), time.Millisecond, func(e *label.TrailEntry) bool {
		if e.Request == request {
			found = e
		}
		return found == nil
	})
	return found, err
}

// entryAt returns the entry that a filter means that is not earlier than an instant, and
// not later than that by some time; or nil.
func entryAt(v *store.View, f store.ActFilter, at time.Time, within time.Duration) (found *label.TrailEntry, err error) {
	err = entriesAt(v, f, at, within, func(e *label.TrailEntry) bool {
		found = e
		return false
	})
	return found, err
}

func entriesAt(v *store.View, f store.ActFilter, at time.Time, within time.Duration, give func(*label.TrailEntry) bool) error {
	f.Outcome, f.From, f.To = label.ActDone, at, at.Add(within)
	_, err := v.Acts(f, math.MaxInt64, math.MaxInt, give)
	return err
}

// trailBegun returns when the first act was entered, or zero.
func trailBegun(v *store.View) (time.Time, error) {
	e, err := v.Act(0)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	}
	return e.At, nil
}

// founding returns what was on record before the first act: of what is on record, what no
// act adds and is from before that. It has no changes that are later.
func (c *check) founding(is *roll, acts []registryAct) (*roll, error) {
	begun, err := trailBegun(c.v)
	if err != nil {
		return nil, err
	}
	before := func(t time.Time) bool { return begun.IsZero() || !t.After(begun) }
	later := func(t time.Time) bool { return !begun.IsZero() && !t.Before(begun.Truncate(time.Second)) }
	added, reported := newRoll(), map[string]bool{} // what acts add, and keys that events are about
	for _, a := range acts {
		switch p := a.request.(type) {
		case *label.RegistryRequest:
			if p.Act == label.ActEnrolOrg {
				added.orgs[p.Organization] = nil
			}
		case *label.Event:
			reported[p.Key] = true
		}
	}
	out := newRoll()
	for id, o := range is.orgs {
		if _, ok := added.orgs[id]; ok || !before(o.Enrolled) {
			continue
		}
		base := *o
		base.Suspended, base.SuspendedFor = time.Time{}, ""
		out.orgs[id] = &base
	}
	for id, p := range is.persons {
		if p.AddedBy == (label.Actor{}) && before(p.Added) {
			base := *p
			base.Left, base.LeftFor = time.Time{}, ""
			out.persons[id] = &base
		}
	}
	for id, k := range is.keys {
		if k.AddedBy != nil || !before(k.Enrolled) {
			continue
		}
		base := *k
		if len(out.persons) == 0 { // a database of before there were any
			base.Person = ""
		}
		if later(k.Revoked) {
			base.Revoked, base.RevokedFor = time.Time{}, ""
		}
		if reported[id] {
			base.Compromised, base.OwnersWord = time.Time{}, false
		}
		out.keys[id] = &base
	}
	return out, c.countFounding(out)
}

// countFounding says what rests on nothing that is signed. Where one person decided alone
// when the service was started first, which is logged, that is what a programme is made
// with: one organization, one person and one key.
func (c *check) countFounding(r *roll) error {
	alone := false
	if err := c.v.Quorums(func(q *store.Quorum) bool {
		alone = q.Alone
		return false
	}); err != nil {
		return err
	}
	list := fmt.Sprintf("organizations %s; persons %s; keys %s", strings.Join(slices.Sorted(maps.Keys(r.orgs)), ", "),
		cmp.Or(strings.Join(slices.Sorted(maps.Keys(r.persons)), ", "), "none"), strings.Join(slices.Sorted(maps.Keys(r.keys)), ", "))
	for _, k := range r.keys {
		p := r.persons[k.Person]
		if len(r.persons) > 0 && (p == nil || p.Organization != k.Organization || !p.Added.Equal(k.Enrolled) || !k.From.Equal(k.Enrolled)) {
			c.badf("key %s is on record as if a programme was made with it, and not as that of a person of %s with whom it was made", k.Short(), k.Organization)
		}
	}
	switch {
	case !alone || len(r.persons) == 0:
		c.watch.Note("what is on record from before the audit trail began rests on nothing that is signed: " + list)
	case len(r.orgs) != 1, len(r.persons) != 1, len(r.keys) != 1:
		c.badf("the log says that one person decided alone when the service was started first, so that there were one organization, one person and one key; on record as from then are %s", list)
	}
	return nil
}

// apply carries out an act again. Is has the public keys of those that whoever runs the
// service gave, which are not in the act.
func (r *roll) apply(a registryAct, is *roll) error {
	now := a.At.UTC().Truncate(time.Second)
	switch p := a.request.(type) {
	case *label.RegistryRequest:
		return r.change(p, a.Actor, now)
	case *label.Event:
		if p.Kind == label.KeyEvent {
			return r.compromise(p, a.Actor.Organization, now)
		}
		return r.affiliate(p)
	}
	return r.recover(a, is.keys[a.gave], now)
}

// change does what a request asks for, as [Registry.ChangeRegistry].
func (r *roll) change(p *label.RegistryRequest, by label.Actor, now time.Time) error {
	o, key := r.orgs[p.Organization], r.keys[p.Key]
	switch p.Act {
	case label.ActEnrolOrg:
		if o == nil {
			o = p.Enrolled()
			o.Enrolled = now
			r.orgs[o.ID] = o
		}
		return nil
	case label.ActReplaceKey, label.ActRevokeKey:
		if key == nil {
			return fmt.Errorf("there is no key %.16s", p.Key)
		}
	case label.ActAccredit, label.ActAdoptActs: // no matter of the registry's three tables
		return nil
	default:
		if o == nil {
			return fmt.Errorf("there is no organization %s", p.Organization)
		}
	}
	switch p.Act {
	case label.ActChangeOrg:
		o.Change(p.Profile)
	case label.ActSuspendOrg:
		if o.Suspended.IsZero() {
			o.Suspended, o.SuspendedFor = now, p.Text
		}
	case label.ActResumeOrg:
		o.Suspended, o.SuspendedFor = time.Time{}, ""
	case label.ActAddPerson:
		if r.persons[p.Person] == nil {
			r.persons[p.Person] = &label.Person{ID: p.Person, Organization: p.Organization, Name: p.Name, Machine: p.Machine, Added: now, AddedBy: by}
		}
	case label.ActRemovePerson:
		person := r.persons[p.Person]
		if person == nil {
			return fmt.Errorf("there is no person %s", p.Person)
		}
		if person.Left.IsZero() {
			person.Left, person.LeftFor = now, p.Text
			for _, k := range r.keys {
				if k.Person == person.ID {
					k.Revoke(now, p.Text)
				}
			}
		}
	case label.ActAddKey:
		return r.addKey(p, by, now)
	case label.ActReplaceKey:
		next, err := newKey(now, by, key.Organization, key.Person, p.PEM)
		if err != nil {
			return err
		}
		r.keys[next.ID] = next
		key.Revoke(now, replacedBy(next))
	case label.ActRevokeKey:
		key.Revoke(now, p.Text)
	}
	return nil
}

func (r *roll) addKey(p *label.RegistryRequest, by label.Actor, now time.Time) error {
	k, err := newKey(now, by, p.Organization, p.Person, p.PEM)
	if err != nil {
		return err
	}
	if old := r.keys[k.ID]; old != nil { // given to the person who holds it
		old.Person = cmp.Or(old.Person, p.Person)
		return nil
	}
	if !p.From.IsZero() {
		k.From = p.From.UTC()
	}
	r.keys[k.ID] = k
	return nil
}

// recover gives a person a key, as [Registry.Recover].
func (r *roll) recover(a registryAct, given *label.Key, now time.Time) error {
	o := r.orgs[a.Actor.Organization]
	if o == nil {
		return fmt.Errorf("there is no organization %s", a.Actor.Organization)
	}
	o.Suspended, o.SuspendedFor = time.Time{}, ""
	if r.persons[a.Subject] == nil {
		r.persons[a.Subject] = &label.Person{ID: a.Subject, Organization: o.ID, Added: now, AddedBy: a.Actor}
	}
	k, err := newKey(now, a.Actor, o.ID, a.Subject, given.PEM)
	if err == nil {
		r.keys[k.ID] = k
	}
	return err
}

// compromise does what the report of a key asks for, as [Events.compromise].
func (r *roll) compromise(e *label.Event, by string, now time.Time) error {
	k := r.keys[e.Key]
	if k == nil {
		return fmt.Errorf("there is no key %.16s", e.Key)
	}
	owner := r.orgs[k.Organization]
	keys := slices.DeleteFunc(slices.Collect(maps.Values(r.keys)), func(k *label.Key) bool { return k.Organization != owner.ID })
	for _, k := range append([]*label.Key{k}, addedWith(keys, owner, k, e.Since)...) {
		compromised(k, e, ownersWord(owner, by), now)
	}
	return nil
}

// affiliate does what the report of common control, or of its end, asks for.
func (r *roll) affiliate(e *label.Event) error {
	if e.Kind == label.AffiliationEvent {
		lab := r.orgs[e.Lab]
		if lab == nil {
			return fmt.Errorf("there is no organization %s", e.Lab)
		}
		if !slices.Contains(lab.Affiliates, e.Manufacturer) {
			lab.Affiliates = append(slices.Clone(lab.Affiliates), e.Manufacturer)
		}
		return nil
	}
	apart, err := separated(func(id string) (*label.Organization, error) {
		if o := r.orgs[id]; o != nil {
			clone := *o
			return &clone, nil
		}
		return nil, store.ErrNotFound
	}, e)
	for i := range apart {
		r.orgs[apart[i].ID] = &apart[i]
	}
	return err
}
