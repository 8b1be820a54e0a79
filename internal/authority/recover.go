package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

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
