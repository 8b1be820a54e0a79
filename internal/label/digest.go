package label

import (
	"crypto/sha256"
	"encoding/hex"
)

// A Digest is a SHA-256 digest. Its text form is 64 lower-case hex digits, as
// in in-toto digest sets.
type Digest [sha256.Size]byte

// DigestOf returns the digest of b.
func DigestOf(b []byte) Digest { return sha256.Sum256(b) }

// ParseDigest reads 64 lower-case hex digits.
func ParseDigest(s string) (d Digest, err error) {
	return d, d.UnmarshalText([]byte(s))
}

func (d Digest) IsZero() bool   { return d == Digest{} }
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText implements [encoding.TextMarshaler].
func (d Digest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Digest) UnmarshalText(b []byte) error {
	bad := invalid(ReasonMalformed, "", "a SHA-256 digest is 64 lower-case hexadecimal digits")
	if len(b) != 2*len(d) {
		return bad
	}
	for _, c := range b {
		if c >= 'A' && c <= 'F' {
			return bad
		}
	}
	if _, err := hex.Decode(d[:], b); err != nil {
		return bad
	}
	return nil
}
