package authority

import (
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

// A session is a token that was verified, remembered until it ends.
type session struct {
	caller Caller
	ends   time.Time
}

// Authenticate returns the caller that made a token.
func (a *Authority) Authenticate(raw string) (Caller, error) {
	now := a.clock()
	if s, ok := a.callers.Get(raw); ok && now.Before(s.ends) {
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
			"the caller token speaks for %q with a key of another organization; mend --as or --key", issuer)
	}
	if err := key.Usable(now); err != nil {
		return Caller{}, label.Errorf(label.Unauthenticated, label.ReasonOf(err), "authorization", "%v", err)
	}
	c := Caller{Org: org.ID, Roles: org.Roles, Key: key.ID}
	a.callers.Add(raw, session{caller: c, ends: ends})
	return c, nil
}

// publicKey returns an enrolled key, ready to check signatures. The same ID is
// the same key for ever.
func (a *Authority) publicKey(k *label.Key) (*envelope.PublicKey, error) {
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
