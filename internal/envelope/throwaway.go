package envelope

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
)

// NewThrowaway returns a signer with a key that lives in this process only and
// is enrolled nowhere: for putting a statement through the verification that
// others will run, before a real key is touched. Signer and verifier are one,
// so the key is symmetric (HMAC-SHA256), which costs a hundredth of a signature.
func NewThrowaway() *Signer {
	k := mac(make([]byte, sha256.Size))
	rand.Read(k)
	id := sha256.Sum256(k)
	return &Signer{
		Public: &PublicKey{ID: hex.EncodeToString(id[:]), Algorithm: "throwaway", verifiers: []signature.Verifier{k}},
		sv:     k,
	}
}

// A mac is a symmetric key as sigstore's signer and verifier.
type mac []byte

func (k mac) sum(message io.Reader) ([]byte, error) {
	h := hmac.New(sha256.New, k)
	_, err := io.Copy(h, message)
	return h.Sum(nil), err
}

// SignMessage implements [signature.Signer].
func (k mac) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	return k.sum(message)
}

// VerifySignature implements [signature.Verifier].
func (k mac) VerifySignature(sig, message io.Reader, _ ...signature.VerifyOption) error {
	got, err := io.ReadAll(sig)
	if err != nil {
		return err
	}
	want, err := k.sum(message)
	if err != nil {
		return err
	}
	if !hmac.Equal(got, want) {
		return errors.New("not made with this key")
	}
	return nil
}

// PublicKey implements [signature.PublicKeyProvider]: there is none.
func (k mac) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return nil, errors.New("a throwaway key has no public half")
}
