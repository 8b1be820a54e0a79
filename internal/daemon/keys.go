package daemon

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/scheme"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// trust returns what verifiers are to trust, from public keys alone: those that
// lie beside the private ones, or that a KMS tells. url is the base URL.
func (c *Config) trust(ctx context.Context, url string, p *scheme.Programme) (*verify.Trust, error) {
	labelKey, err := c.public(ctx, c.LabelKey)
	if err != nil {
		return nil, fmt.Errorf("label_key: %w", err)
	}
	if labelKey.Algorithm != "ecdsa-p256" {
		return nil, fmt.Errorf("label_key: must be an ECDSA P-256 key, which every verifier knows; this one is %s", labelKey.Algorithm)
	}
	logKey, err := c.public(ctx, c.Log.Key)
	if err != nil {
		return nil, fmt.Errorf("log.key: %w", err)
	}
	edKey, ok := logKey.Key.(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("log.key: must be an Ed25519 key in a file, this one is %s", logKey.Algorithm)
	}
	vkey, err := note.NewEd25519VerifierKey(c.Log.Origin, edKey)
	if err != nil {
		return nil, fmt.Errorf("log.origin: %w", err)
	}
	t := &verify.Trust{
		Type: label.TypeTrust, Authority: c.party(), URL: url,
		LabelKeys: []verify.TrustKey{{ID: labelKey.ID, PEM: labelKey.PEM, From: c.LabelKeyFrom.UTC()}},
		Log:       verify.TrustLog{Origin: c.Log.Origin, VKey: vkey, URL: url + "/log/"},
		Schemes:   p.Refs(),
	}
	for i, k := range c.RetiredKeys {
		pub, err := readPublic(c.path(k.Public))
		if err != nil {
			return nil, fmt.Errorf("retired_keys[%d].public: %w", i, err)
		}
		if j := slices.IndexFunc(t.LabelKeys, func(k verify.TrustKey) bool { return k.ID == pub.ID }); j >= 0 {
			same := "label_key"
			if j > 0 {
				same = fmt.Sprintf("retired_keys[%d]", j-1)
			}
			return nil, fmt.Errorf("retired_keys[%d].public: %s is the key of %s, and a key has one time of use; name the file of the retired one", i, k.Public, same)
		}
		t.LabelKeys = append(t.LabelKeys, verify.TrustKey{ID: pub.ID, PEM: pub.PEM, From: k.From.UTC(), Until: k.Until.UTC()})
	}
	return t, t.Prepare()
}

// public returns the public key that goes with a configured private one.
func (c *Config) public(ctx context.Context, key string) (*envelope.PublicKey, error) {
	if strings.Contains(key, "://") {
		s, err := envelope.LoadSigner(ctx, key, nil)
		if err != nil {
			return nil, err
		}
		return s.Public, nil
	}
	public, err := readPublic(envelope.PublicName(c.path(key)))
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; it lies beside the private one, which is %s", err, key)
	}
	return public, err
}

func readPublic(path string) (*envelope.PublicKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no file %s with the public key: %w", path, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the public key: %w", err)
	}
	pub, err := envelope.ParsePublicKey(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return pub, nil
}

// issuer loads the private keys, which must be those that verifiers trust.
func (c *Config) issuer(ctx context.Context, pass envelope.Passphrase, t *verify.Trust) (*issue.Issuer, error) {
	labelKey, err := envelope.LoadSigner(ctx, c.path(c.LabelKey), pass)
	if err != nil {
		return nil, fmt.Errorf("label_key: %w", err)
	}
	if labelKey.Public.ID != t.LabelKeys[0].ID {
		return nil, fmt.Errorf("label_key: the public key beside %s is that of another private key", c.LabelKey)
	}
	logKey, err := envelope.LoadSigner(ctx, c.path(c.Log.Key), pass)
	if err != nil {
		return nil, fmt.Errorf("log.key: %w", err)
	}
	signer, err := translog.NewSigner(c.Log.Origin, logKey.Crypto())
	if err != nil {
		return nil, fmt.Errorf("log.key: %w", err)
	}
	if vkey, err := signer.VKey(); err != nil || vkey != t.Log.VKey {
		return nil, fmt.Errorf("log.key: the public key beside %s is that of another private key", c.Log.Key)
	}
	return issue.New(c.party(), labelKey, signer, func(id label.ID) string { return qr.URL(t.URL, id) }, rand.Reader), nil
}
