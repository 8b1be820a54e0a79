package translog

import (
	"crypto"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// Signature types of c2sp.org/signed-note.
const (
	algEd25519     = 1
	algCosignature = 4 // timestamped, c2sp.org/tlog-cosignature
)

// A Signer signs a log's heads with its Ed25519 key, in two ways at once: as
// the log, and as a cosigner of its own heads, which adds the time. The time
// says how fresh a head is, which a head alone does not: a log in which nothing
// happens has an old one. The two signatures cover different texts, so that
// neither can be taken for the other.
type Signer struct {
	origin string
	key    crypto.Signer
	pub    ed25519.PublicKey
}

// NewSigner returns the signer of the log named origin.
func NewSigner(origin string, key crypto.Signer) (*Signer, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, err
	}
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, fmt.Errorf("translog: a log key must be Ed25519, not %T", key.Public())
	}
	return &Signer{origin: origin, key: key, pub: pub}, nil
}

// VKey returns the verifier key of the log, for [note.NewVerifier].
func (s *Signer) VKey() (string, error) { return note.NewEd25519VerifierKey(s.origin, s.pub) }

// Named returns the signer of something else that the log signs regularly, with
// the same key and under another origin.
func (s *Signer) Named(origin string) (*Signer, error) {
	if err := checkOrigin(origin); err != nil {
		return nil, err
	}
	return &Signer{origin: origin, key: s.key, pub: s.pub}, nil
}

// Head returns the signed checkpoint of a tree that was the log's at an
// instant. See [SignCheckpoint] for what signing promises.
func (s *Signer) Head(tree Tree, at time.Time) ([]byte, error) {
	return SignCheckpoint(Checkpoint{Origin: s.origin, Tree: tree}, s, cosigner{s, at})
}

// Name implements [note.Signer].
func (s *Signer) Name() string { return s.origin }

// KeyHash implements [note.Signer].
func (s *Signer) KeyHash() uint32 { return keyHash(s.origin, algEd25519, s.pub) }

// Sign implements [note.Signer].
func (s *Signer) Sign(msg []byte) ([]byte, error) { return s.key.Sign(nil, msg, crypto.Hash(0)) }

// A cosigner makes the timestamped signature.
type cosigner struct {
	*Signer
	at time.Time
}

func (c cosigner) KeyHash() uint32 { return keyHash(c.origin, algCosignature, c.pub) }

func (c cosigner) Sign(msg []byte) ([]byte, error) {
	t := uint64(c.at.Unix())
	sig, err := c.key.Sign(nil, cosigned(t, msg), crypto.Hash(0))
	return append(binary.BigEndian.AppendUint64(nil, t), sig...), err
}

func cosigned(t uint64, msg []byte) []byte {
	return fmt.Appendf(nil, "cosignature/v1\ntime %d\n%s", t, msg)
}

func keyHash(name string, alg byte, pub ed25519.PublicKey) uint32 {
	h := sha256.Sum256(append([]byte(name+"\n"), append([]byte{alg}, pub...)...))
	return binary.BigEndian.Uint32(h[:])
}

// A Timer reads from the heads of a log when they were signed.
type Timer struct {
	origin string
	pub    ed25519.PublicKey
}

// NewTimer returns the timer for the log with a verifier key.
func NewTimer(vkey string) (*Timer, error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	data, err := base64.StdEncoding.DecodeString(vkey[len(v.Name())+len("+01234567+"):])
	if err != nil || len(data) != 1+ed25519.PublicKeySize || data[0] != algEd25519 {
		return nil, malformed("verifier key of another kind than Ed25519")
	}
	return &Timer{origin: v.Name(), pub: data[1:]}, nil
}

// NamedVKey returns the verifier key of what [Signer.Named] signs under another
// origin with the key of a log.
func NamedVKey(vkey, origin string) (string, error) {
	t, err := NewTimer(vkey)
	if err == nil {
		err = checkOrigin(origin)
	}
	if err != nil {
		return "", err
	}
	return note.NewEd25519VerifierKey(origin, t.pub)
}

// At returns when a checkpoint was signed. It checks the timestamped signature
// only; [OpenCheckpoint] checks the rest.
func (t *Timer) At(signed []byte) (time.Time, error) {
	v := &timeVerifier{Timer: t}
	if _, err := openNote(signed, note.VerifierList(v)); err != nil {
		return time.Time{}, err
	}
	return time.Unix(int64(v.at), 0).UTC(), nil
}

// A timeVerifier is the verifier of a timestamped signature that remembers the
// time.
type timeVerifier struct {
	*Timer
	at uint64
}

func (v *timeVerifier) Name() string    { return v.origin }
func (v *timeVerifier) KeyHash() uint32 { return keyHash(v.origin, algCosignature, v.pub) }

func (v *timeVerifier) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	v.at = binary.BigEndian.Uint64(sig)
	return v.at < 1<<40 && ed25519.Verify(v.pub, cosigned(v.at, msg), sig[8:])
}
