package authority

import (
	"context"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/token"
)

// A Caller is an organization that proved who it is.
type Caller struct {
	Org   string
	Roles []label.Role
	Key   string // ID of the key that signed the token

	Person string // who holds the key; empty where that is nobody in particular
}

func (c Caller) actor() label.Actor {
	return label.Actor{Organization: c.Org, Person: c.Person, Key: c.Key}
}

// Is reports whether the caller has a role.
func (c Caller) Is(r label.Role) bool { return slices.Contains(c.Roles, r) }

// need refuses a caller that has none of the roles.
func (c Caller) need(roles ...label.Role) error {
	for _, r := range roles {
		if c.Is(r) {
			return nil
		}
	}
	if c.Org == "" {
		return label.Errorf(label.Unauthenticated, label.ReasonToken, "authorization", "this call needs a caller token; labelctl makes one from --key and --as")
	}
	return label.Errorf(label.Denied, label.ReasonWrongRole, "", "this call is for organizations with the role %s, which %s has not", roles[0], c.Org)
}

// A session is a token that was verified, remembered until it ends or the
// registry of keys and organizations changes.
type session struct {
	caller   Caller
	ends     time.Time
	registry int64 // by which it was verified
}

// Authenticate returns the caller that made a token.
//
// A session holds for the registry by which its token was verified, and no
// longer: that is the number of changes of the registry that this process knew
// of before it read the store. A change that comes while a token is being
// verified makes another number, so that the session which is then remembered is
// never used, whichever of the two is faster.
func (a *core) Authenticate(raw string) (Caller, error) {
	now := a.clock()
	registry := a.enrolments.Load() // before the store is read
	if s, ok := a.callers.Get(raw); ok && s.registry == registry && now.Before(s.ends) {
		return s.caller, nil
	}
	t, err := token.Parse(raw)
	if err != nil {
		return Caller{}, err
	}
	var key *label.Key
	var org *label.Organization
	err = a.store.View(func(v *store.View) (err error) {
		if key, err = v.Key(t.KeyID); err != nil {
			return err
		}
		org, err = v.Org(key.Organization)
		return err
	})
	if err != nil {
		return Caller{}, found(unauthenticated(err), label.ReasonUnknownKey, "authorization", "the key %.16s of the caller token is not enrolled", t.KeyID)
	}
	pub, err := a.publicKey(key)
	if err != nil {
		return Caller{}, err
	}
	issuer, ends, err := t.Verify(pub, a.audiences, now)
	if err != nil {
		return Caller{}, err
	}
	if issuer != org.ID {
		return Caller{}, label.Errorf(label.Unauthenticated, label.ReasonWrongSigner, "authorization",
			"the caller token speaks for %q with a key of another organization; fix --as or --key", issuer)
	}
	if err := counts(key, org, now); err != nil {
		return Caller{}, label.Errorf(label.Unauthenticated, label.ReasonOf(err), "authorization", "%v", err)
	}
	c := Caller{Org: org.ID, Roles: org.Roles, Key: key.ID, Person: key.Person}
	a.callers.Add(raw, session{caller: c, ends: ends, registry: registry})
	return c, nil
}

// publicKey returns an enrolled key, ready to check signatures. The same ID is
// the same key for ever.
func (a *core) publicKey(k *label.Key) (*envelope.PublicKey, error) {
	if pub, ok := a.keys.Get(k.ID); ok {
		return pub, nil
	}
	pub, err := envelope.ParsePublicKey([]byte(k.PEM))
	if err == nil {
		a.keys.Add(k.ID, pub)
	}
	return pub, err
}

// unauthenticated turns a not-found key into a failed proof of identity.
func unauthenticated(err error) error {
	if err == store.ErrNotFound {
		return label.Errorf(label.Unauthenticated, label.ReasonUnknownKey, "authorization", "the key that signed the caller token is not enrolled")
	}
	return err
}

// requestKey is that of the ID of a call in its context.
type requestKey struct{}

// WithRequestID returns a context of a call that has an ID, which the audit trail names.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestID returns the ID of a call, or nothing.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}
