package labeltest

import (
	"context"
	"strconv"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
)

// Enrol enrols an organization with a key of its own.
func (w *World) Enrol(id string, role label.Role, affiliates ...string) {
	w.TB.Helper()
	ctx, op := context.Background(), w.Caller(Operator)
	_, err := w.EnrolAs(ctx, op, label.Organization{ID: id, Name: "The " + id, Roles: []label.Role{role}, Affiliates: affiliates})
	w.must(err)
	if w.Signers[id] == nil {
		w.Signers[id] = NewSigner(w.TB)
	}
	_, err = w.AddKey(ctx, op, id, w.Signers[id].Public.PEM, Start.AddDate(-1, 0, 0))
	w.must(err)
}

// Accredit accredits a lab for everything around the present, changed by
// change.
func (w *World) Accredit(lab string, change func(*label.Accreditation)) {
	w.TB.Helper()
	today := label.DateOf(w.Clock.Now())
	a := label.Accreditation{
		Lab: label.Party{ID: lab}, Number: "T-" + strconv.Itoa(len(w.Signers)), Body: "Test Accreditation Board",
		Standards: []string{"en303645"}, Categories: []string{"*"}, Methods: AllMethods,
		Interval: label.Period{From: today.AddMonths(-24), To: today.AddMonths(24)},
	}
	if change != nil {
		change(&a)
	}
	_, err := w.AccreditAs(context.Background(), w.Caller(Operator), a)
	w.must(err)
}

// Registry signs a request for a change of the registry.
func Registry(tb testing.TB, s *envelope.Signer, r label.RegistryRequest) []byte {
	tb.Helper()
	Address(&r)
	stmt, err := label.NewStatement(r.About(), r.Subject(), label.TypeRegistryRequest, &r)
	if err != nil {
		tb.Fatal(err)
	}
	env, err := s.Seal(stmt)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := envelope.Bundle(env)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// ChangeRegistry has the registry changed by a caller, with the key of the caller, and
// has the other person of the operator agree where that is needed.
func (w *World) ChangeRegistry(ctx context.Context, c authority.Caller, r label.RegistryRequest) (*authority.RegistryChange, error) {
	w.TB.Helper()
	s, ok := made.Load(c.Key)
	if !ok {
		w.TB.Fatalf("no key %q was made", c.Key)
	}
	Address(&r)
	if r.Made.IsZero() {
		r.Made = w.Clock.Now().UTC().Truncate(time.Second)
		for w.asked(&r) { // in the same second; a request is for once
			r.Made = r.Made.Add(time.Second)
		}
	}
	out, err := w.Authority.ChangeRegistry(ctx, c, Registry(w.TB, s.(*envelope.Signer), r))
	var waits *store.Request
	switch {
	case err == nil && out.Request.Waits():
		waits = out.Request
	case label.ReasonOf(err) == label.ReasonWrongSigner: // this person has signed it before
		w.must(w.Store.View(func(v *store.View) (err error) {
			payload, err := label.EncodeStatement(r.About(), r.Subject(), label.TypeRegistryRequest, &r)
			if err == nil {
				waits, err = v.Request(label.DigestOf(payload))
			}
			return err
		}))
	default:
		return out, err
	}
	return w.Authority.ChangeRegistry(ctx, c, w.Countersign(w.Second, waits))
}

// asked reports whether a request was carried out.
func (w *World) asked(r *label.RegistryRequest) (done bool) {
	w.TB.Helper()
	payload, err := label.EncodeStatement(r.About(), r.Subject(), label.TypeRegistryRequest, r)
	w.must(err)
	w.must(w.Store.View(func(v *store.View) error {
		req, err := v.Request(label.DigestOf(payload))
		done = err == nil && !req.Done.IsZero()
		return nil
	}))
	return done
}

// EnrolAs enrols an organization as a caller.
func (w *World) EnrolAs(ctx context.Context, c authority.Caller, o label.Organization) (*label.Organization, error) {
	w.TB.Helper()
	out, err := w.ChangeRegistry(ctx, c, label.RegistryRequest{
		Act: label.ActEnrolOrg, Organization: o.ID, Profile: &label.Profile{Name: o.Name, URL: o.URL, Contact: o.Contact}, Roles: o.Roles, Affiliates: o.Affiliates,
	})
	if err != nil {
		return nil, err
	}
	return out.Organization, nil
}

// A NotedKey is a key on record, and what the answer says besides.
type NotedKey struct {
	*label.Key
	Notes []string
}

// AddKey enrols a key as a caller: of an operator as that of a person of its own.
func (w *World) AddKey(ctx context.Context, c authority.Caller, org, pem string, from time.Time) (*NotedKey, error) {
	w.TB.Helper()
	return noted(w.ChangeRegistry(ctx, c, label.RegistryRequest{Act: label.ActAddKey, Organization: org, PEM: pem, From: from.UTC().Truncate(time.Second)}))
}

// RevokeKey revokes a key as a caller.
func (w *World) RevokeKey(ctx context.Context, c authority.Caller, id, reason string) (*NotedKey, error) {
	w.TB.Helper()
	return noted(w.ChangeRegistry(ctx, c, label.RegistryRequest{Act: label.ActRevokeKey, Key: id, Text: reason}))
}

func noted(out *authority.RegistryChange, err error) (*NotedKey, error) {
	if err != nil {
		return nil, err
	}
	return &NotedKey{out.Key, out.Notes}, nil
}

// AccreditAs records an accreditation as a caller.
func (w *World) AccreditAs(ctx context.Context, c authority.Caller, a label.Accreditation) (*store.Accreditation, error) {
	w.TB.Helper()
	out, err := w.ChangeRegistry(ctx, c, label.RegistryRequest{Act: label.ActAccredit, Organization: a.Lab.ID, Accreditation: a.Scope()})
	if err != nil {
		return nil, err
	}
	out.Accreditation.Notes = out.Notes
	return out.Accreditation, nil
}
