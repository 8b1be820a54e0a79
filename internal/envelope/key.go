package envelope

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/options"

	"labeld/internal/label"
)

// A PublicKey checks signatures.
type PublicKey struct {
	ID        string // SHA-256 of the PKIX encoding, lower-case hex
	Algorithm string // such as ecdsa-p256
	PEM       string // PKIX, one canonical encoding
	Key       crypto.PublicKey

	verifiers []signature.Verifier // every scheme that may be used with the key
}

// ParsePublicKey reads a PEM-encoded PKIX public key of an accepted kind.
func ParsePublicKey(text []byte) (*PublicKey, error) {
	block, rest := pem.Decode(text)
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "key", "must be one public key in PEM (-----BEGIN PUBLIC KEY-----)")
	}
	if block.Type != "PUBLIC KEY" {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "key", "is a PEM block %q; only the public key is enrolled, never a private one", block.Type)
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "key", "is not a PKIX public key: %v", err)
	}
	return NewPublicKey(pub)
}

// NewPublicKey returns a verifier for a key of an accepted kind.
func NewPublicKey(pub crypto.PublicKey) (*PublicKey, error) {
	k := &PublicKey{Key: pub}
	var hashes []crypto.Hash
	switch p := pub.(type) {
	case *ecdsa.PublicKey:
		switch p.Curve {
		case elliptic.P256():
			k.Algorithm, hashes = "ecdsa-p256", []crypto.Hash{crypto.SHA256}
		case elliptic.P384():
			// The digest is the signer's choice: cosign signs with SHA-384 and
			// its verify commands expect SHA-256.
			k.Algorithm, hashes = "ecdsa-p384", []crypto.Hash{crypto.SHA384, crypto.SHA256}
		default:
			return nil, badKey("ECDSA keys must be on the curve P-256 or P-384")
		}
	case ed25519.PublicKey:
		k.Algorithm, hashes = "ed25519", []crypto.Hash{crypto.SHA512}
	case *rsa.PublicKey:
		if bits := p.N.BitLen(); bits < label.MinRSABits || bits > label.MaxRSABits {
			return nil, badKey(fmt.Sprintf("RSA keys must have %d to %d bits, this one has %d", label.MinRSABits, label.MaxRSABits, bits))
		}
		k.Algorithm, hashes = fmt.Sprintf("rsa-%d", p.N.BitLen()), []crypto.Hash{crypto.SHA256, crypto.SHA512}
	default:
		return nil, badKey(fmt.Sprintf("keys of type %T are not accepted", pub))
	}
	for _, h := range hashes {
		v, err := signature.LoadVerifier(pub, h)
		if err != nil {
			return nil, badKey(err.Error())
		}
		k.verifiers = append(k.verifiers, v)
		if p, ok := pub.(*rsa.PublicKey); ok {
			v, err := signature.LoadRSAPSSVerifier(p, h, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: h})
			if err != nil {
				return nil, badKey(err.Error())
			}
			k.verifiers = append(k.verifiers, v)
		}
	}
	if p, ok := pub.(ed25519.PublicKey); ok {
		// Cosign 3 signs with the prehashed variant (RFC 8032 section 5.1).
		v, err := signature.LoadED25519phVerifier(p)
		if err != nil {
			return nil, badKey(err.Error())
		}
		k.verifiers = append(k.verifiers, v)
	}
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, badKey(err.Error())
	}
	sum := sha256.Sum256(der)
	k.ID = hex.EncodeToString(sum[:])
	k.PEM = string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	return k, nil
}

func badKey(text string) error {
	return label.Errorf(label.Invalid, label.ReasonOutOfRange, "key",
		"%s; accepted are ECDSA P-256 and P-384, Ed25519, and RSA of %d to %d bits", text, label.MinRSABits, label.MaxRSABits)
}

// verify reports whether sig is the key's signature of msg, in any scheme that
// goes with the key.
func (k *PublicKey) verify(msg, sig []byte) bool {
	for _, v := range k.verifiers {
		if v.VerifySignature(bytes.NewReader(sig), bytes.NewReader(msg), options.NoOpOptionImpl{}) == nil {
			return true
		}
	}
	return false
}
