package statuslist

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/cryptosigner"
	"github.com/klauspost/compress/zlib"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

const (
	// Type is the media type of a signed list; the type in its header is the
	// part after the slash.
	Type       = "application/" + headerType
	headerType = "statuslist+jwt"

	// MaxToken bounds a signed list and MaxPlaces its places, so that a small
	// file cannot unpack to a large one: a programme of 64 million log entries.
	// That many take 16 MiB, and 29 MiB signed if they do not compress at all.
	MaxToken  = 32 << 20
	MaxPlaces = 64 << 20

	// maxHeader bounds the header in base64. It is parsed before the signature is
	// checked, which can take thirty times its size in memory. Ours has 160 bytes.
	maxHeader = 4 << 10
)

// claims are the claims of a status list token.
type claims struct {
	Subject string `json:"sub"`
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
	TTL     int64  `json:"ttl"` // seconds a copy may be kept
	List    packed `json:"status_list"`
}

type packed struct {
	Bits int    `json:"bits"`
	List string `json:"lst"`
}

// Sign returns a list as a JWT signed with an ECDSA P-256 key. Sub is the URL
// where it is served; it may be believed until life is over, and kept for ttl
// before a new one should be fetched. The token counts in whole seconds and has
// now, life and ttl without their fractions.
func Sign(l *List, s *envelope.Signer, sub string, now time.Time, life, ttl time.Duration) ([]byte, error) {
	if l.Len() > MaxPlaces {
		return nil, fmt.Errorf("signing the status list: it has %d places, readers accept %d", l.Len(), MaxPlaces)
	}
	if life < time.Second || ttl < time.Second {
		return nil, fmt.Errorf("signing the status list: to be believed for %s and kept for %s, both must be a second or more", life, ttl)
	}
	lst, err := pack(l)
	if err != nil {
		return nil, err
	}
	payload, err := label.Encode(&claims{
		Subject: sub, Issued: now.Unix(), Expires: now.Add(life).Unix(), TTL: int64(ttl / time.Second), List: packed{bits, lst},
	})
	if err != nil {
		return nil, err
	}
	key := jose.SigningKey{Algorithm: jose.ES256, Key: cryptosigner.Opaque(s.Crypto())}
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithType(headerType).WithHeader("kid", s.Public.ID))
	if err != nil {
		return nil, fmt.Errorf("signing the status list: %w", err)
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return nil, fmt.Errorf("signing the status list: %w", err)
	}
	text, err := jws.CompactSerialize()
	return []byte(text), err
}

// pack compresses at the highest level, as section 4.1 recommends.
func pack(l *List) (string, error) {
	var b bytes.Buffer
	w, err := zlib.NewWriterLevel(&b, zlib.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(l.b); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(b.Bytes()), nil
}

// Signed is a list whose signature was checked. Only [Open] makes one.
type Signed struct {
	*List
	Issued  time.Time // what came later is not in it
	Expires time.Time
	Key     string // ID of the key that signed it
}

// Open checks a signed list: its form, that one of keys signed it, that it is
// the list at sub, and that it may still be believed.
func Open(raw []byte, keys []*envelope.PublicKey, sub string, now time.Time) (*Signed, error) {
	if len(raw) > MaxToken {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "statusList", "is %d bytes, at most %d are accepted; fetch the list at %s", len(raw), MaxToken, sub)
	}
	raw = bytes.TrimSpace(raw)
	if header, _, _ := bytes.Cut(raw, []byte(".")); len(header) > maxHeader {
		return nil, malformed(sub, "is not a JWT with a header of at most %d bytes", maxHeader)
	}
	jws, err := jose.ParseSignedCompact(string(raw), []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return nil, malformed(sub, "is not a JWT signed with ES256")
	}
	header := jws.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); typ != headerType {
		return nil, malformed(sub, "is a JWT of type %q, not %q", typ, headerType)
	}
	payload, err := verify(jws, header.KeyID, keys, sub)
	if err != nil {
		return nil, err
	}
	var c claims
	if err := label.DecodeLoose(payload, &c); err != nil {
		return nil, label.Within("statusList", err)
	}
	issued, expires := time.Unix(c.Issued, 0).UTC(), time.Unix(c.Expires, 0).UTC()
	switch {
	case c.Subject != sub:
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "statusList.sub", "is the list at %q; fetch the one at %s", c.Subject, sub)
	case c.Issued <= 0 || c.Expires <= c.Issued:
		return nil, malformed(sub, "does not say from when to when it may be believed")
	case issued.After(now.Add(label.MaxVerifierSkew)):
		return nil, label.Errorf(label.Invalid, label.ReasonInFuture, "statusList.iat", "was made on %s; it is %s here: is this clock right?", issued.Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	case !now.Before(expires):
		return nil, label.Errorf(label.Precondition, label.ReasonStale, "statusList.exp", "could be believed until %s; fetch a new one at %s", expires.Format(time.RFC3339), sub)
	case c.List.Bits != bits:
		return nil, malformed(sub, "has %d bits a label, %d are understood here", c.List.Bits, bits)
	}
	l, err := unpack(c.List.List, sub)
	if err != nil {
		return nil, err
	}
	return &Signed{List: l, Issued: issued, Expires: expires, Key: header.KeyID}, nil
}

// verify returns what was signed, by the one of keys that has the ID.
func verify(jws *jose.JSONWebSignature, id string, keys []*envelope.PublicKey, sub string) ([]byte, error) {
	for _, k := range keys {
		if k.ID != id {
			continue
		}
		payload, err := jws.Verify(k.Key)
		if err != nil {
			return nil, label.Errorf(label.Invalid, label.ReasonBadSignature, "statusList", "was not signed by the key that it names, or was changed; fetch it again at %s", sub)
		}
		return payload, nil
	}
	return nil, label.Errorf(label.Invalid, label.ReasonUnknownKey, "statusList", "no trusted label key signed it; fetch it at %s, and the authority's present trust file", sub)
}

func unpack(lst, sub string) (*List, error) {
	z, err := base64.RawURLEncoding.Strict().DecodeString(lst)
	if err != nil {
		return nil, malformed(sub, "lst is not base64url without padding")
	}
	in := bytes.NewReader(z)
	r, err := zlib.NewReader(in)
	if err != nil {
		return nil, malformed(sub, "lst is not zlib data")
	}
	b, err := io.ReadAll(io.LimitReader(r, MaxPlaces/perByte+1))
	if err != nil {
		return nil, malformed(sub, "lst is not zlib data")
	}
	if len(b) > MaxPlaces/perByte {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "statusList.lst", "has more than %d places; a newer version of this program may read it", MaxPlaces)
	}
	if in.Len() > 0 {
		return nil, malformed(sub, "lst goes on after its zlib data")
	}
	return &List{n: int64(len(b)) * perByte, b: b}, nil
}

func malformed(sub, format string, args ...any) error {
	return label.Errorf(label.Invalid, label.ReasonMalformed, "statusList", "%s; fetch the list again at %s", fmt.Sprintf(format, args...), sub)
}
