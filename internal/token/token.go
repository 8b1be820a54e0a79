// Package token makes and reads caller tokens, by which organizations prove who
// they are on each call.
//
// A caller token is a JWT (RFC 7519) in compact JWS form, signed with an
// enrolled key. Its header names the key (kid, the key's ID) and the algorithm
// that goes with that kind of key; its claims are
//
//	iss  organization ID of the caller
//	aud  the service it is meant for, host:port of its gRPC address
//	iat  when it was made
//	exp  when it ends, at most five minutes later
//
// It can be used any number of times until it ends, so that a service may
// remember that it verified it. It does not name the call it is for: it goes
// over TLS or loopback only.
package token

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
	"github.com/go-jose/go-jose/v4/jwt"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.EdDSA, jose.PS256}

// algorithm returns the JWS algorithm that goes with a key: the token's header
// does not choose.
func algorithm(pub crypto.PublicKey) (jose.SignatureAlgorithm, error) {
	switch p := pub.(type) {
	case *ecdsa.PublicKey:
		if p.Curve == elliptic.P384() {
			return jose.ES384, nil
		}
		return jose.ES256, nil
	case ed25519.PublicKey:
		return jose.EdDSA, nil
	case *rsa.PublicKey:
		return jose.PS256, nil
	}
	return "", fmt.Errorf("no token algorithm for a key of type %T", pub)
}

// New makes a token for an organization, for one service, that begins now.
func New(s *envelope.Signer, organization, audience string, now time.Time) (string, error) {
	alg, err := algorithm(s.Public.Key)
	if err != nil {
		return "", err
	}
	key := jose.SigningKey{Algorithm: alg, Key: cryptosigner.Opaque(s.Crypto())}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithHeader("kid", s.Public.ID).WithType("JWT"))
	if err != nil {
		return "", fmt.Errorf("making a caller token: %w", err)
	}
	return jwt.Signed(signer).Claims(jwt.Claims{
		Issuer:   organization,
		Audience: jwt.Audience{audience},
		IssuedAt: jwt.NewNumericDate(now),
		Expiry:   jwt.NewNumericDate(now.Add(label.MaxTokenLife)),
	}).Serialize()
}

// A Token is a parsed token. Nothing in it may be believed before Verify.
type Token struct {
	KeyID string
	alg   string
	jwt   *jwt.JSONWebToken
}

// Parse reads a token.
func Parse(raw string) (*Token, error) {
	if len(raw) > 4<<10 {
		return nil, refuse("is longer than 4 KiB")
	}
	t, err := jwt.ParseSigned(raw, algorithms)
	if err != nil || len(t.Headers) != 1 || t.Headers[0].KeyID == "" {
		return nil, refuse("is not a signed JWT with a kid header")
	}
	return &Token{KeyID: t.Headers[0].KeyID, alg: t.Headers[0].Algorithm, jwt: t}, nil
}

// Verify checks the token with the key it names and returns the organization
// that made it, and when it ends.
func (t *Token) Verify(key *envelope.PublicKey, audiences []string, now time.Time) (organization string, ends time.Time, err error) {
	alg, err := algorithm(key.Key)
	if err != nil {
		return "", time.Time{}, refuse(err.Error())
	}
	if t.alg != string(alg) {
		return "", time.Time{}, refuse(fmt.Sprintf("is signed with %s, this key signs with %s", t.alg, alg))
	}
	var c jwt.Claims
	if err := t.jwt.Claims(key.Key, &c); err != nil {
		return "", time.Time{}, refuse("is not signed by the key it names")
	}
	if c.Issuer == "" || c.IssuedAt == nil || c.Expiry == nil || len(c.Audience) == 0 {
		return "", time.Time{}, refuse("needs the claims iss, aud, iat and exp")
	}
	if c.Expiry.Time().Sub(c.IssuedAt.Time()) > label.MaxTokenLife {
		return "", time.Time{}, refuse(fmt.Sprintf("lives longer than %s", label.MaxTokenLife))
	}
	err = c.ValidateWithLeeway(jwt.Expected{AnyAudience: audiences, Time: now}, label.MaxClockSkew)
	switch {
	case errors.Is(err, jwt.ErrInvalidAudience):
		return "", time.Time{}, refuse(fmt.Sprintf("is for %v, this service is %v; set --server or --audience to it", c.Audience, audiences))
	case errors.Is(err, jwt.ErrExpired):
		return "", time.Time{}, refuse(fmt.Sprintf("ended at %s; it is %s here", c.Expiry.Time().UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339)))
	case err != nil:
		return "", time.Time{}, refuse(fmt.Sprintf("begins in the future; it is %s here", now.UTC().Format(time.RFC3339)))
	}
	return c.Issuer, c.Expiry.Time(), nil
}

func refuse(why string) error {
	return label.Errorf(label.Unauthenticated, label.ReasonToken, "authorization", "the caller token %s", why)
}
