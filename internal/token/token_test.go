package token_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/token"
)

const (
	org      = "aurora-lab"
	audience = "labels.example:8443"
)

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// makeSigners makes one signer for each kind of key.
var makeSigners = sync.OnceValues(func() (map[string]*envelope.Signer, error) {
	p256, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, err2 := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	_, ed, err3 := ed25519.GenerateKey(rand.Reader)
	r2048, err4 := rsa.GenerateKey(rand.Reader, 2048)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	signers := map[string]*envelope.Signer{}
	for alg, k := range map[string]crypto.PrivateKey{"ES256": p256, "ES384": p384, "EdDSA": ed, "PS256": r2048} {
		s, err := envelope.NewSigner(k)
		if err != nil {
			return nil, err
		}
		signers[alg] = s
	}
	return signers, nil
})

func signers(t testing.TB) map[string]*envelope.Signer {
	t.Helper()
	s, err := makeSigners()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func mint(t testing.TB, s *envelope.Signer, audience string, at time.Time) string {
	t.Helper()
	raw, err := token.New(s, org, audience, at)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// parts returns header and claims of a token, read by hand.
func parts(t testing.TB, raw string) (header, claims map[string]any) {
	t.Helper()
	p := strings.Split(raw, ".")
	if len(p) != 3 {
		t.Fatalf("%s has %d parts", raw, len(p))
	}
	for i, into := range []*map[string]any{&header, &claims} {
		b, err := base64.RawURLEncoding.DecodeString(p[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatal(err)
		}
	}
	return header, claims
}

// forge writes a token by hand: any header, any claims, signed as the ES256 key
// signs, whatever the header says.
func forge(t testing.TB, s *envelope.Signer, header, claims any) string {
	t.Helper()
	var in []string
	for _, v := range []any{header, claims} {
		b, ok := v.(string)
		if !ok {
			j, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			b = string(j)
		}
		in = append(in, base64.RawURLEncoding.EncodeToString([]byte(b)))
	}
	sum := sha256.Sum256([]byte(strings.Join(in, ".")))
	der, err := s.Crypto().Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(append(in, base64.RawURLEncoding.EncodeToString(rawECDSA(t, der))), ".")
}

// rawECDSA turns an ASN.1 signature into the fixed-length form of RFC 7518 3.4.
func rawECDSA(t testing.TB, der []byte) []byte {
	t.Helper()
	out := make([]byte, 64)
	rest := der[2:]
	for i := range 2 {
		n := int(rest[1])
		v := rest[2 : 2+n]
		rest = rest[2+n:]
		for len(v) > 32 {
			v = v[1:]
		}
		copy(out[32*(i+1)-len(v):], v)
	}
	return out
}

// good are the claims of a good token that begins now.
func good() map[string]any {
	return map[string]any{"iss": org, "aud": []string{audience}, "iat": now.Unix(), "exp": now.Add(label.MaxTokenLife).Unix()}
}

func with(m map[string]any, name string, v any) map[string]any {
	m = maps.Clone(m)
	if v == nil {
		delete(m, name)
	} else {
		m[name] = v
	}
	return m
}

func verify(t testing.TB, raw string, key *envelope.PublicKey, at time.Time) error {
	t.Helper()
	tok, err := token.Parse(raw)
	if err != nil {
		return err
	}
	got, ends, err := tok.Verify(key, []string{"other:1", audience}, at)
	if err == nil && (got != org || !ends.After(at.Add(-label.MaxClockSkew-time.Second))) {
		t.Errorf("verified for %q until %s", got, ends)
	}
	if err != nil && (got != "" || !ends.IsZero()) {
		t.Errorf("refused, and still for %q until %s", got, ends)
	}
	return err
}

func wantRefusal(t *testing.T, err error, says string) {
	t.Helper()
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		t.Fatalf("got %v, want a refusal %q", err, says)
	}
	if e.Kind != label.Unauthenticated || e.Reason != label.ReasonToken || e.Field != "authorization" {
		t.Errorf("got kind %d, %s at %q", e.Kind, e.Reason, e.Field)
	}
	if !strings.Contains(e.Text, says) {
		t.Errorf("it says %q, want %q", e.Text, says)
	}
}

func TestRoundTrip(t *testing.T) {
	for alg, s := range signers(t) {
		t.Run(alg, func(t *testing.T) {
			raw := mint(t, s, audience, now)
			header, claims := parts(t, raw)
			if header["alg"] != alg || header["kid"] != s.Public.ID || header["typ"] != "JWT" || len(header) != 3 {
				t.Errorf("header %v", header)
			}
			if claims["iss"] != org || claims["iat"] != float64(now.Unix()) || claims["exp"] != float64(now.Unix()+300) || len(claims) != 4 {
				t.Errorf("claims %v", claims)
			}
			tok, err := token.Parse(raw)
			if err != nil {
				t.Fatal(err)
			}
			if tok.KeyID != s.Public.ID {
				t.Errorf("names the key %s", tok.KeyID)
			}
			got, ends, err := tok.Verify(s.Public, []string{audience}, now)
			if err != nil || got != org || !ends.Equal(now.Add(label.MaxTokenLife)) {
				t.Errorf("verified for %q until %s, %v", got, ends, err)
			}
			for other, o := range signers(t) {
				if other == alg {
					continue
				}
				_, _, err := tok.Verify(o.Public, []string{audience}, now)
				wantRefusal(t, err, "is signed with "+alg+", this key signs with "+other)
			}
		})
	}
}

// TestTimes walks over the edges: a token is good from the skew before its
// beginning to the skew after its end, to the second.
func TestTimes(t *testing.T) {
	s := signers(t)["ES256"]
	raw := mint(t, s, audience, now)
	end := now.Add(label.MaxTokenLife)
	for _, c := range []struct {
		at   time.Time
		says string // "" if it is good
	}{
		{now, ""},
		{now.Add(-label.MaxClockSkew), ""},
		{now.Add(-label.MaxClockSkew - 1), "begins in the future; it is 2026-11-02T08:59:29Z here"},
		{now.Add(-time.Hour), "begins in the future"},
		{end, ""},
		{end.Add(label.MaxClockSkew), ""},
		{end.Add(label.MaxClockSkew + 1), "ended at 2026-11-02T09:05:00Z; it is 2026-11-02T09:05:30Z here"},
		{end.AddDate(1, 0, 0), "ended at"},
	} {
		err := verify(t, raw, s.Public, c.at)
		if c.says == "" {
			if err != nil {
				t.Errorf("at %s: %v", c.at, err)
			}
			continue
		}
		wantRefusal(t, err, c.says)
	}
}

func TestClaims(t *testing.T) {
	s := signers(t)["ES256"]
	header := map[string]any{"alg": "ES256", "kid": s.Public.ID}
	for name, c := range map[string]struct {
		claims any
		says   string
	}{
		"good":                     {good(), ""},
		"audience alone":           {with(good(), "aud", audience), ""},
		"audience among others":    {with(good(), "aud", []string{"x:1", audience}), ""},
		"shorter life":             {with(good(), "exp", now.Unix()+1), ""},
		"exactly the longest life": {with(good(), "exp", now.Unix()+300), ""},
		"other claims":             {with(good(), "scope", "all"), ""},
		"fraction of a second":     {with(good(), "iat", float64(now.Unix())+0.25), ""},

		"no issuer":              {with(good(), "iss", nil), "needs the claims"},
		"empty issuer":           {with(good(), "iss", ""), "needs the claims"},
		"no audience":            {with(good(), "aud", nil), "needs the claims"},
		"empty audience":         {with(good(), "aud", []string{}), "needs the claims"},
		"no beginning":           {with(good(), "iat", nil), "needs the claims"},
		"no end":                 {with(good(), "exp", nil), "needs the claims"},
		"another audience":       {with(good(), "aud", "labels.example:443"), "is for [labels.example:443], this service is [other:1 labels.example:8443]"},
		"audience in capitals":   {with(good(), "aud", strings.ToUpper(audience)), "is for"},
		"a second too long":      {with(good(), "exp", now.Unix()+301), "lives longer than 5m0s"},
		"a year":                 {with(good(), "exp", now.AddDate(1, 0, 0).Unix()), "lives longer than 5m0s"},
		"for ever":               {with(good(), "exp", math.MaxInt64), ""},
		"begun long ago":         {with(good(), "iat", 0), "lives longer than 5m0s"},
		"begun before all time":  {with(good(), "iat", math.MinInt64), ""},
		"begins later":           {with(with(good(), "iat", now.Unix()+60), "exp", now.Unix()+120), "begins in the future"},
		"not before later":       {with(good(), "nbf", now.Unix()+60), "begins in the future"},
		"ended":                  {with(with(good(), "iat", now.Unix()-400), "exp", now.Unix()-100), "ended at"},
		"issuer of another kind": {with(good(), "iss", 7), "is not signed by the key it names"},
		"time as text":           {with(good(), "exp", "soon"), "is not signed by the key it names"},
		"claims are no object":   {`"hello"`, "is not signed by the key it names"},
	} {
		err := verify(t, forge(t, s, header, c.claims), s.Public, now)
		switch {
		case name == "for ever" || name == "begun before all time":
			// However the number wraps, the life is not longer.
			if err == nil {
				t.Errorf("%s is accepted", name)
			}
		case c.says == "":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		default:
			t.Run(name, func(t *testing.T) { wantRefusal(t, err, c.says) })
		}
	}
}

// TestForgery requires that neither the algorithm nor the key is the token's
// to choose, and that nothing signed can be changed.
func TestForgery(t *testing.T) {
	s := signers(t)["ES256"]
	alg := func(a string) map[string]any { return map[string]any{"alg": a, "kid": s.Public.ID} }
	segment := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	body := func(header map[string]any) string { return segment(header) + "." + segment(good()) }
	// HS256 with the public key as the secret.
	mac := hmac.New(sha256.New, []byte(s.Public.PEM))
	fmt.Fprint(mac, body(alg("HS256")))
	genuine := mint(t, s, audience, now)
	p := strings.Split(genuine, ".")
	other, err := newP256()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ raw, says string }{
		"no algorithm":             {body(alg("none")) + ".", "is not a signed JWT"},
		"none in capitals":         {body(alg("NONE")) + ".", "is not a signed JWT"},
		"none, and a signature":    {body(alg("none")) + "." + p[2], "is not a signed JWT"},
		"HS256":                    {body(alg("HS256")) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), "is not a signed JWT"},
		"RS256":                    {forge(t, s, alg("RS256"), good()), "is not a signed JWT"},
		"ES384 in name":            {forge(t, s, alg("ES384"), good()), "is signed with ES384, this key signs with ES256"},
		"EdDSA in name":            {forge(t, s, alg("EdDSA"), good()), "is signed with EdDSA, this key signs with ES256"},
		"no key":                   {forge(t, s, map[string]any{"alg": "ES256"}, good()), "with a kid header"},
		"empty key":                {forge(t, s, map[string]any{"alg": "ES256", "kid": ""}, good()), "with a kid header"},
		"another key":              {forge(t, other, alg("ES256"), good()), "is not signed by the key it names"},
		"brings its own key":       {forge(t, other, with(alg("ES256"), "jwk", jwk(t, other)), good()), "is not signed by the key it names"},
		"critical extension":       {forge(t, s, with(with(alg("ES256"), "crit", []string{"x"}), "x", 1), good()), ""},
		"no signature":             {p[0] + "." + p[1] + ".", "is not signed by the key it names"},
		"two parts":                {p[0] + "." + p[1], "is not a signed JWT"},
		"four parts":               {genuine + "." + p[2], "is not a signed JWT"},
		"five parts, as encrypted": {genuine + "." + p[2] + "." + p[2], "is not a signed JWT"},
		"JSON form":                {`{"protected":"` + p[0] + `","payload":"` + p[1] + `","signature":"` + p[2] + `"}`, "is not a signed JWT"},
		"other claims":             {p[0] + "." + segment(with(good(), "iss", "merrimake")) + "." + p[2], "is not signed by the key it names"},
		"other header":             {segment(with(alg("ES256"), "typ", "x")) + "." + p[1] + "." + p[2], "is not signed by the key it names"},
		"padding":                  {genuine + "=", ""},
		"empty":                    {"", "is not a signed JWT"},
		"dots":                     {"..", "is not a signed JWT"},
		"header no JSON":           {"aGVsbG8." + p[1] + "." + p[2], "is not a signed JWT"},
	} {
		err := verify(t, c.raw, s.Public, now)
		t.Run(name, func(t *testing.T) { wantRefusal(t, err, c.says) })
	}
	for i := range genuine {
		b := []byte(genuine)
		b[i] ^= 1
		if i == len(genuine)-1 {
			b[i] = '.' // its last bits may be unused
		}
		if tok, err := token.Parse(string(b)); err == nil {
			if got, _, err := tok.Verify(s.Public, []string{audience}, now); err == nil {
				t.Errorf("byte %d can be changed: %s for %q", i, b, got)
			}
		}
	}
}

func newP256() (*envelope.Signer, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return envelope.NewSigner(k)
}

func jwk(t *testing.T, s *envelope.Signer) map[string]any {
	t.Helper()
	point, err := s.Public.Key.(*ecdsa.PublicKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	b64 := base64.RawURLEncoding.EncodeToString
	return map[string]any{"kty": "EC", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])}
}

func TestSize(t *testing.T) {
	s := signers(t)["ES256"]
	header := map[string]any{"alg": "ES256", "kid": s.Public.ID}
	sized := func(n int) string {
		// Three bytes of the claim are four of the token; the header makes up
		// for the rest.
		for pad := 0; ; pad++ {
			h := with(header, "x", strings.Repeat("h", pad%8+1))
			raw := forge(t, s, h, with(good(), "x", strings.Repeat("c", max(0, pad/8))))
			if len(raw) == n {
				return raw
			}
			if len(raw) < n-64 {
				pad += (n - 64 - len(raw)) / 4 * 3 * 8
			}
			if len(raw) > n+8 {
				t.Fatalf("no token of %d bytes", n)
			}
		}
	}
	if err := verify(t, sized(4<<10), s.Public, now); err != nil {
		t.Errorf("4 KiB: %v", err)
	}
	wantRefusal(t, verify(t, sized(4<<10+1), s.Public, now), "is longer than 4 KiB")
	wantRefusal(t, verify(t, strings.Repeat("x", 1<<20), s.Public, now), "is longer than 4 KiB")
}

// TestUnknownKeys gives keys of a kind that no token can be made with.
func TestUnknownKeys(t *testing.T) {
	odd := &envelope.PublicKey{Key: "no key"}
	tok, err := token.Parse(mint(t, signers(t)["ES256"], audience, now))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = tok.Verify(odd, []string{audience}, now)
	wantRefusal(t, err, "no token algorithm for a key of type string")
	if raw, err := token.New(&envelope.Signer{Public: odd}, org, audience, now); err == nil {
		t.Errorf("made %s", raw)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range signers(f) {
		f.Add(mint(f, s, audience, now))
	}
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	f.Add(`{"payload":"e30","signatures":[]}`)
	f.Add("..")
	key := signers(f)["ES256"].Public
	genuine := mint(f, signers(f)["ES256"], audience, now)
	f.Add(genuine)
	f.Fuzz(func(t *testing.T, raw string) {
		tok, err := token.Parse(raw)
		if err != nil {
			wantRefusal(t, err, "")
			return
		}
		if tok.KeyID == "" || len(raw) > 4<<10 || strings.Count(raw, ".") != 2 {
			t.Fatalf("%q is taken for a token of key %q", raw, tok.KeyID)
		}
		got, _, err := tok.Verify(key, []string{audience}, now)
		if err != nil {
			wantRefusal(t, err, "")
			return
		}
		// Only what was signed verifies: header and claims are the genuine ones.
		if got != org || raw[:strings.LastIndexByte(raw, '.')] != genuine[:strings.LastIndexByte(genuine, '.')] {
			t.Fatalf("%q is verified for %q", raw, got)
		}
	})
}
