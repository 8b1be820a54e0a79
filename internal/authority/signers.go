package authority

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
)

// A signedStatement is a statement, and the enrolled keys that made signatures
// of it. That it is signed gives it no right yet: pick says whose signature
// counts.
type signedStatement struct {
	signers []signer     // at least one, in the order in which they are preferred
	unmade  []*label.Key // enrolled keys that the statement names and that made none of its signatures
}

// A signer is an enrolled key that made a signature.
type signer struct {
	*label.Key
	owner    *label.Organization // of one that counts; nil before that is known
	verified *envelope.Verified
}

// requestRef names who signed a request or an event, as statements that follow from it do.
func requestRef(v *store.View, by store.RequestSignature, request label.Digest) (label.RequestRef, error) {
	k, err := v.Key(by.Key)
	if err != nil {
		return label.RequestRef{}, err
	}
	return label.RequestRef{Organization: by.Organization, Person: k.Person, Key: by.Key, SHA256: request}, nil
}

// A right says whether an organization may sign a statement: nil, or why not.
type right func(*label.Organization) error

// speaksFor is the right to sign what speaks for an organization.
func speaksFor(id, field string) right {
	return func(o *label.Organization) error {
		if o.ID != id {
			return label.Errorf(label.Denied, label.ReasonWrongSigner, field, "the statement speaks for %q and is signed with a key of %q", id, o.ID)
		}
		return nil
	}
}

// withRole is the right to sign what names nobody: any organization with one of
// the roles may.
func withRole(roles ...label.Role) right {
	return func(o *label.Organization) error {
		if slices.ContainsFunc(roles, o.Has) {
			return nil
		}
		return label.Errorf(label.Denied, label.ReasonWrongRole, "", "this is for the role %s to sign, %s has %v", roles[0], o.ID, o.Roles)
	}
}

// and is the right of who has both.
func (r right) and(other right) right {
	return func(o *label.Organization) error { return cmp.Or(r(o), other(o)) }
}

// content returns what the signers signed, which is the same for all of them.
func (s *signedStatement) content() *envelope.Verified { return s.signers[0].verified }

// openSigned opens a statement that a caller sends, and finds who signed it.
func (a *core) openSigned(c Caller, raw []byte) (*signedStatement, error) {
	u, err := envelope.Open(raw)
	if err != nil {
		return nil, err
	}
	return a.signed(c, u)
}

// pick returns the signer that counts now.
func (a *core) pick(s *signedStatement, may right) (k *signer, err error) {
	err = a.store.View(func(v *store.View) error {
		list, err := s.acceptable(v, a.clock(), may)
		if err == nil {
			k = &list[0]
		}
		return err
	})
	return k, err
}

// signed tries the keys that may have signed a statement.
func (a *core) signed(c Caller, u *envelope.Unverified) (*signedStatement, error) {
	now, speaker := a.clock(), cmp.Or(u.Claimed(), c.Org)
	var named, own []*label.Key
	if err := a.store.View(func(v *store.View) (err error) {
		named, own, err = candidates(v, u, speaker, now)
		return err
	}); err != nil {
		return nil, err
	}
	byID := map[string]*label.Key{}
	var keys []*envelope.PublicKey
	for _, k := range slices.Concat(named, own) {
		if byID[k.ID] != nil {
			continue
		}
		pub, err := a.publicKey(k)
		if err != nil {
			a.log.Error("an enrolled key cannot be read, and its signatures do not count", "key", k.ID, "err", err)
			continue
		}
		byID[k.ID] = k
		keys = append(keys, pub)
	}
	s := &signedStatement{}
	left := len(u.Envelope().Signatures) // that no usable key of the speaker accounts for
	for v := range u.Signers(keys) {
		k := byID[v.KeyID()]
		s.signers = append(s.signers, signer{Key: k, verified: v})
		if k.Organization == speaker && k.Usable(now) == nil {
			left--
		}
		if left == 0 {
			break // whoever else these signatures fit, it would change nothing
		}
	}
	if len(s.signers) == 0 {
		return nil, unsigned(u, speaker, named, len(own))
	}
	for _, k := range named {
		if !slices.ContainsFunc(s.signers, func(s signer) bool { return s.ID == k.ID }) {
			s.unmade = append(s.unmade, k)
		}
	}
	slices.SortFunc(s.signers, func(a, b signer) int {
		return cmp.Or(ownFirst(c.Org, a.Key, b.Key), newestFirst(a.Key, b.Key))
	})
	return s, nil
}

// ownFirst orders keys: those of an organization before others.
func ownFirst(org string, a, b *label.Key) int {
	return trueFirst(a.Organization == org, b.Organization == org)
}

// newestFirst orders keys: those that came into use last before others.
func newestFirst(a, b *label.Key) int { return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.ID, b.ID)) }

// usableFirst orders keys: those that may be used at an instant before others.
func usableFirst(at time.Time, a, b *label.Key) int {
	return trueFirst(a.Usable(at) == nil, b.Usable(at) == nil)
}

func trueFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

// candidates returns the keys that may have made a statement's signatures: those
// that it names, as far as they are enrolled, and those of the organization that
// it speaks for, or that sends it where it names none. No more than
// [label.MaxKeysTried] of the latter are returned, those that may be used now
// before those that are retired.
func candidates(v *store.View, u *envelope.Unverified, speaker string, now time.Time) (named, own []*label.Key, err error) {
	for _, id := range u.Hints() {
		k, err := v.Key(id)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		named = append(named, k)
	}
	if own, err = v.OrgKeys(speaker); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(own, func(a, b *label.Key) int { return cmp.Or(usableFirst(now, a, b), newestFirst(a, b)) })
	slices.SortFunc(named, func(a, b *label.Key) int { return cmp.Or(ownFirst(speaker, a, b), newestFirst(a, b)) })
	return named, own[:min(len(own), label.MaxKeysTried)], nil
}

// unsigned is the refusal of a statement of which no key tried made a signature.
// The statement is to blame only for keys of the organization that it speaks
// for: what somebody else's signature names says nothing about it.
func unsigned(u *envelope.Unverified, speaker string, named []*label.Key, tried int) error {
	for _, k := range named {
		if u.Claimed() == "" || k.Organization == speaker {
			return badSignature(k)
		}
	}
	return label.Errorf(label.Denied, label.ReasonUnknownKey, "signatures",
		"none of the signatures was made with an enrolled key that the statement names, nor with one of the %d keys of %.64q that were tried; enrol the signer's key, or sign with one that is enrolled and name its ID as keyid. A statement that was changed after signing looks the same",
		tried, speaker)
}

// badSignature is the refusal of a statement that names a key which made none of
// its signatures.
func badSignature(k *label.Key) error {
	return label.Errorf(label.Denied, label.ReasonBadSignature, "signatures",
		"none of the signatures was made with key %s of %s, which the statement names; the statement was changed after signing, or signed with another key", k.Short(), k.Organization)
}

// acceptable returns the signers that count, by the registry as a view shows it:
// those whose organization may sign the statement, with keys that are usable
// now. A statement that was signed long ago and comes after its key was revoked
// could have been signed by a thief. Where no signer counts, the error says what
// the closest one lacks.
func (s *signedStatement) acceptable(v *store.View, now time.Time, may right) (list []signer, err error) {
	var unusable, foreign error // why the first of such signers does not count
	for _, k := range s.signers {
		key, err := v.Key(k.ID)
		if err != nil {
			return nil, err
		}
		org, err := v.Org(key.Organization)
		if err != nil {
			return nil, err
		}
		if err := may(org); err != nil {
			foreign = cmp.Or(foreign, err)
		} else if err := counts(key, org, now); err != nil {
			unusable = cmp.Or(unusable, err)
		} else {
			list = append(list, signer{key, org, k.verified})
		}
	}
	if len(list) > 0 {
		return list, nil
	}
	if unusable != nil {
		return nil, unusable
	}
	for _, k := range s.unmade {
		org, err := v.Org(k.Organization)
		if err != nil {
			return nil, err
		}
		if may(org) == nil {
			return nil, badSignature(k)
		}
	}
	return nil, foreign
}

func (k *signer) actor() label.Actor {
	return label.Actor{Organization: k.Organization, Person: k.Person, Key: k.ID}
}

// signature returns the record of a signer.
func (k *signer) signature() store.RequestSignature {
	return store.RequestSignature{Organization: k.Organization, Key: k.ID, Envelope: k.verified.Raw()}
}
