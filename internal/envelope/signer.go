package envelope

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms"

	"labeld/internal/label"
)

// A Signer seals statements with one private key. A key that is held in memory
// is tried out when it is loaded. One that a key management system holds may
// become another at any time, so that each of its signatures is checked.
type Signer struct {
	Public *PublicKey

	sv     signature.Signer
	crypto crypto.Signer
	remote bool
}

// A Passphrase is asked for the passphrase of an encrypted key file.
type Passphrase func() ([]byte, error)

// LoadSigner loads a private key from a PEM file, or from the key management
// system that ref, a URI such as awskms:///alias/lab, names.
func LoadSigner(ctx context.Context, ref string, pass Passphrase) (*Signer, error) {
	if strings.Contains(ref, "://") {
		return loadKMS(ctx, ref)
	}
	text, err := os.ReadFile(ref)
	if err != nil {
		return nil, fmt.Errorf("reading the private key: %w", err)
	}
	s, err := ParseSigner(text, pass)
	if err != nil {
		return nil, fmt.Errorf("private key %s: %w", ref, err)
	}
	return s, nil
}

// Exposed reports whether a private key is in a file that others than its owner may
// read.
func Exposed(ref string) bool {
	if strings.Contains(ref, "://") {
		return false
	}
	fi, err := os.Stat(ref)
	return err == nil && runtime.GOOS != "windows" && fi.Mode().Perm()&0o077 != 0
}

// ParseSigner reads a private key in PEM: PKCS #8, SEC 1, PKCS #1, or one
// encrypted by cosign. Pass is called only for an encrypted one.
func ParseSigner(text []byte, pass Passphrase) (*Signer, error) {
	if bytes.Contains(text, []byte("-----BEGIN PUBLIC KEY-----")) {
		return nil, errors.New("this is a public key; name the private one")
	}
	var passFunc cryptoutils.PassFunc
	if bytes.Contains(text, []byte("ENCRYPTED")) {
		if pass == nil {
			return nil, errors.New("the key is encrypted and no passphrase is at hand")
		}
		passFunc = func(bool) ([]byte, error) { return pass() }
	}
	priv, err := cryptoutils.UnmarshalPEMToPrivateKey(text, passFunc)
	if err != nil {
		if passFunc != nil {
			return nil, fmt.Errorf("cannot be decrypted; is the passphrase right? (%w)", err)
		}
		return nil, err
	}
	return NewSigner(priv)
}

// NewSigner returns a signer for a private key held in memory.
func NewSigner(priv crypto.PrivateKey) (*Signer, error) {
	cs, ok := priv.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", priv)
	}
	pub, err := NewPublicKey(cs.Public())
	if err != nil {
		return nil, err
	}
	sv, err := signature.LoadSigner(priv, hashFor(pub.Key))
	if err != nil {
		return nil, err
	}
	s := &Signer{Public: pub, sv: sv, crypto: cs}
	const trial = "labeld: does the private key fit the public one?"
	sig, err := s.sign([]byte(trial))
	if err != nil {
		return nil, err
	}
	if !pub.verify([]byte(trial), sig) {
		return nil, errors.New("the private key does not fit its public key; the file is damaged")
	}
	return s, nil
}

func loadKMS(ctx context.Context, ref string) (*Signer, error) {
	sv, err := kms.Get(ctx, ref, crypto.SHA256)
	if err != nil {
		if _, ok := errors.AsType[*kms.ProviderNotFoundError](err); ok {
			scheme, _, _ := strings.Cut(ref, "://")
			return nil, fmt.Errorf("no key management plugin for %s: put the program sigstore-kms-%s on the PATH", ref, strings.TrimSuffix(scheme, "kms"))
		}
		return nil, fmt.Errorf("opening %s: %w", ref, err)
	}
	key, err := sv.PublicKey()
	if err != nil {
		return nil, fmt.Errorf("asking %s for its public key: %w", ref, err)
	}
	pub, err := NewPublicKey(key)
	if err != nil {
		return nil, err
	}
	cs, _, err := sv.CryptoSigner(ctx, func(error) {})
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", ref, err)
	}
	return &Signer{Public: pub, sv: sv, crypto: cs, remote: true}, nil
}

// hashFor is the digest that goes with a key when we sign.
func hashFor(pub crypto.PublicKey) crypto.Hash {
	switch p := pub.(type) {
	case *ecdsa.PublicKey:
		if p.Curve == elliptic.P384() {
			return crypto.SHA384
		}
	case ed25519.PublicKey:
		return crypto.SHA512
	}
	return crypto.SHA256
}

// Crypto returns the key for uses other than sealing: caller tokens.
func (s *Signer) Crypto() crypto.Signer { return s.crypto }

// Seal signs a statement.
func (s *Signer) Seal(stmt *label.Statement) (*label.Envelope, error) {
	payload, err := label.Encode(stmt)
	if err != nil {
		return nil, err
	}
	return s.SealPayload(payload)
}

// SealPayload signs an encoded statement.
func (s *Signer) SealPayload(payload []byte) (*label.Envelope, error) {
	e := &label.Envelope{PayloadType: label.PayloadType, Payload: payload}
	msg := pae(e)
	sig, err := s.sign(msg)
	if err != nil {
		return nil, err
	}
	if s.remote && !s.Public.verify(msg, sig) {
		return nil, fmt.Errorf("the key management system signed with another key than %.16s, which it showed first; restart with the key that is enrolled", s.Public.ID)
	}
	e.Signatures = []label.Signature{{KeyID: s.Public.ID, Sig: sig}}
	return e, nil
}

func (s *Signer) sign(msg []byte) ([]byte, error) {
	sig, err := s.sv.SignMessage(bytes.NewReader(msg))
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return sig, nil
}

// Algorithms lists the kinds of key that [GenerateKey] makes.
var Algorithms = []string{"ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072"}

// GenerateKey makes a key pair. The private key is encrypted as cosign does,
// or left plain where passphrase is empty.
func GenerateKey(algorithm string, passphrase []byte) (private, public []byte, err error) {
	var priv crypto.Signer
	switch algorithm {
	case "ecdsa-p256":
		priv, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ecdsa-p384":
		priv, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "ed25519":
		_, priv, err = ed25519.GenerateKey(rand.Reader)
	case "rsa-3072":
		priv, err = rsa.GenerateKey(rand.Reader, 3072)
	default:
		return nil, nil, fmt.Errorf("unknown key algorithm %q; known are %s", algorithm, strings.Join(Algorithms, ", "))
	}
	if err != nil {
		return nil, nil, err
	}
	if len(passphrase) > 0 {
		der, err := cryptoutils.MarshalPrivateKeyToEncryptedDER(priv, cryptoutils.StaticPasswordFunc(passphrase))
		if err != nil {
			return nil, nil, err
		}
		private = cryptoutils.PEMEncode(cryptoutils.EncryptedSigstorePrivateKeyPEMType, der)
	} else if private, err = cryptoutils.MarshalPrivateKeyToPEM(priv); err != nil {
		return nil, nil, err
	}
	public, err = cryptoutils.MarshalPublicKeyToPEM(priv.Public())
	return private, public, err
}
