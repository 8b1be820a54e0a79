package statuslist_test

import (
	"bytes"
	"compress/zlib"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/statuslist"
)

const sub = "https://labels.test/status-list"

var now = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)

var b64 = base64.RawURLEncoding

// A keyPair is a label key whose private half the test may use by hand.
type keyPair struct {
	*envelope.Signer
	priv *ecdsa.PrivateKey
}

func newKey(t testing.TB, curve elliptic.Curve) *keyPair {
	t.Helper()
	priv, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := envelope.NewSigner(priv)
	if err != nil {
		t.Fatal(err)
	}
	return &keyPair{s, priv}
}

func sign(t testing.TB, l *statuslist.List, k *keyPair) []byte {
	t.Helper()
	raw, err := statuslist.Sign(l, k.Signer, sub, now, time.Hour, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func open(raw []byte, k *keyPair, at time.Time) (*statuslist.Signed, error) {
	return statuslist.Open(raw, []*envelope.PublicKey{k.Public}, sub, at)
}

// forge makes a token by hand: any header and any payload, as JSON or as text,
// signed as ES256 signs, whatever the header says (RFC 7518 3.4).
func forge(t testing.TB, k *keyPair, header, payload any) []byte {
	t.Helper()
	var parts []string
	for _, v := range []any{header, payload} {
		text, ok := v.(string)
		if !ok {
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		parts = append(parts, b64.EncodeToString([]byte(text)))
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, ".")))
	r, s, err := ecdsa.Sign(rand.Reader, k.priv, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return []byte(strings.Join(append(parts, b64.EncodeToString(sig)), "."))
}

type object = map[string]any

func with(m object, name string, v any) object {
	m = maps.Clone(m)
	if v == nil {
		delete(m, name)
	} else {
		m[name] = v
	}
	return m
}

func goodHeader(k *keyPair) object {
	return object{"alg": "ES256", "typ": "statuslist+jwt", "kid": k.Public.ID}
}

// goodClaims are the claims of a good token, with a list in it.
func goodClaims(bits int, lst string) object {
	return object{
		"sub": sub, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "ttl": 60,
		"status_list": object{"bits": bits, "lst": lst},
	}
}

func deflate(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, zlib.BestSpeed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestRoundTrip signs lists of all small sizes and reads them back, both with
// Open and with a decoder that knows only the draft and the standard library.
func TestRoundTrip(t *testing.T) {
	k := newKey(t, elliptic.P256())
	for n := range int64(20) {
		l, want := statuslist.New(n), map[int64]statuslist.Value{}
		for i := range n {
			want[i] = statuslist.Value(i * i % 3)
			l.Set(i, want[i])
		}
		raw := sign(t, l, k)
		got, err := open(raw, k, now)
		if err != nil {
			t.Fatal(err)
		}
		if !got.Issued.Equal(now) || !got.Expires.Equal(now.Add(time.Hour)) || got.Key != k.Public.ID {
			t.Errorf("opened as %+v", got)
		}
		wantList(t, got.List, (n+3)/4*4, want) // no length in the form, only bytes
		b := decode(t, raw, k)
		if int64(len(b)) != (n+3)/4 {
			t.Errorf("%d places are %d bytes", n, len(b))
		}
		for i, v := range want {
			if v != statuslist.Value(b[i/4]>>(2*(i%4))&3) {
				t.Errorf("place %d of %d is %s, and in the bytes %x", i, n, v, b)
			}
		}
	}
}

// decode reads a token that sign made.
func decode(t *testing.T, raw []byte, k *keyPair) []byte {
	t.Helper()
	signed, tail, _ := bytes.Cut(raw, []byte(".")) // header; payload and signature
	header := decoded(t, signed)
	payload, tail, _ := bytes.Cut(tail, []byte("."))
	sig := decoded(t, tail)
	sum := sha256.Sum256(raw[:len(raw)-len(tail)-1])
	r, s := new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])
	if len(sig) != 64 || !ecdsa.Verify(&k.priv.PublicKey, sum[:], r, s) {
		t.Error("the signature is not ES256")
	}
	var h object
	var c struct {
		Sub           string
		Iat, Exp, TTL int64
		List          struct {
			Bits int
			Lst  string
		} `json:"status_list"`
	}
	if err := errors.Join(json.Unmarshal(header, &h), json.Unmarshal(decoded(t, payload), &c)); err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(h, goodHeader(k)) {
		t.Errorf("header %s", header)
	}
	if c.Sub != sub || c.Iat != now.Unix() || c.Exp != c.Iat+3600 || c.TTL != 60 || c.List.Bits != 2 {
		t.Errorf("claims %+v", c)
	}
	return inflated(t, c.List.Lst)
}

func decoded(t *testing.T, text []byte) []byte {
	t.Helper()
	b, err := b64.DecodeString(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func inflated(t *testing.T, lst string) []byte {
	t.Helper()
	r, err := zlib.NewReader(bytes.NewReader(decoded(t, []byte(lst))))
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestVectors reads the draft's lists of two bits: the example of section 4 and
// the vector of its appendix.
func TestVectors(t *testing.T) {
	k := newKey(t, elliptic.P256())
	for _, c := range []struct {
		lst  string
		n    int64
		want map[int64]statuslist.Value
	}{
		{"eNo76fITAAPfAgc", 12, map[int64]statuslist.Value{0: 1, 1: 2, 3: 3, 5: 1, 7: 1, 8: 1, 9: 2, 10: 3, 11: 3}},
		{"eNrt2zENACEQAEEuoaBABP5VIO01fCjIHTMStt9ovGVIAAAAAABAbiEBAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
			"AEB5WwIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" +
			"AAAAAAAAAAAAAAAAAID0ugQAAAAAAAAAAAAAAAAAQG12SgAAAAAAAAAAAAAAAAAAAAAAAAAAAOCSIQEAAAAAAAAAAAAAAAAA" +
			"AAAAAAD8ExIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAwJEuAQAAAAAAAAAAAAAAAAAAAAAAAMB9SwIAAAAAAAAA" +
			"AAAAAAAAAACoYUoAAAAAAAAAAAAAAEBqH81gAQw",
			1 << 20, map[int64]statuslist.Value{
				0: 1, 1993: 2, 25460: 1, 159495: 3, 495669: 1, 554353: 1, 645645: 2, 723232: 1, 854545: 1, 934534: 2, 1000345: 3,
			}},
	} {
		got, err := open(forge(t, k, goodHeader(k), goodClaims(2, c.lst)), k, now)
		if err != nil {
			t.Fatal(err)
		}
		wantList(t, got.List, c.n, c.want)
		// What we make of it holds the same bytes.
		if b := decode(t, sign(t, got.List, k), k); !bytes.Equal(b, inflated(t, c.lst)) {
			t.Errorf("%s is made into other bytes", c.lst)
		}
	}
	if b := inflated(t, "eNo76fITAAPfAgc"); !bytes.Equal(b, []byte{0xc9, 0x44, 0xf9}) {
		t.Errorf("the example holds %x", b)
	}
	_, err := open(forge(t, k, goodHeader(k), goodClaims(1, "eNrbuRgAAhcBXQ")), k, now)
	wantRefusal(t, err, label.ReasonMalformed, "statusList", "has 1 bits a label, 2 are understood")
}

func wantRefusal(t *testing.T, err error, reason label.Reason, field, says string) {
	t.Helper()
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		t.Errorf("got %v, want a refusal for %s", err, reason)
		return
	}
	if e.Reason != reason || e.Field != field || !strings.Contains(e.Text, says) {
		t.Errorf("got %s at %q, %q; want %s at %q, %q", e.Reason, e.Field, e.Text, reason, field, says)
	}
}

// TestHeader requires that neither algorithm nor key is the token's to choose.
func TestHeader(t *testing.T) {
	k, other, p384 := newKey(t, elliptic.P256()), newKey(t, elliptic.P256()), newKey(t, elliptic.P384())
	h, c := goodHeader(k), goodClaims(2, "eNo76fITAAPfAgc")
	good := forge(t, k, h, c)
	p := strings.Split(string(good), ".")
	point, err := other.priv.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	jwk := object{"kty": "EC", "crv": "P-256", "x": b64.EncodeToString(point[1:33]), "y": b64.EncodeToString(point[33:])}
	const malformed, again = label.ReasonMalformed, "fetch the list again at " + sub
	for name, row := range map[string]struct {
		raw    []byte
		reason label.Reason // "" if it is good
		says   string
	}{
		"good":                 {good, "", ""},
		"good, and a line end": {append(slices.Clone(good), "\r\n"...), "", ""},
		"other members":        {forge(t, k, with(h, "x", []int{1}), c), "", ""},
		"certificate URL":      {forge(t, k, with(h, "x5u", "https://elsewhere.test"), c), "", ""},

		"nothing":               {nil, malformed, again},
		"a page":                {[]byte("<html>"), malformed, again},
		"dots":                  {[]byte(".."), malformed, again},
		"two parts":             {[]byte(p[0] + "." + p[1]), malformed, again},
		"four parts":            {[]byte(string(good) + "." + p[2]), malformed, again},
		"JSON form":             {fmt.Appendf(nil, `{"protected":%q,"payload":%q,"signature":%q}`, p[0], p[1], p[2]), malformed, again},
		"padding":               {append(slices.Clone(good), '='), malformed, again},
		"no algorithm":          {forge(t, k, with(h, "alg", nil), c), malformed, "not a JWT signed with ES256"},
		"algorithm none":        {forge(t, k, with(h, "alg", "none"), c), malformed, "not a JWT signed with ES256"},
		"HS256":                 {forge(t, k, with(h, "alg", "HS256"), c), malformed, "not a JWT signed with ES256"},
		"ES384":                 {forge(t, k, with(h, "alg", "ES384"), c), malformed, "not a JWT signed with ES256"},
		"two algorithms":        {forge(t, k, `{"alg":"none","alg":"ES256","typ":"statuslist+jwt","kid":"`+k.Public.ID+`"}`, c), malformed, again},
		"two types":             {forge(t, k, `{"alg":"ES256","typ":"JWT","typ":"statuslist+jwt","kid":"`+k.Public.ID+`"}`, c), malformed, again},
		"header is no object":   {forge(t, k, "[]", c), malformed, again},
		"no type":               {forge(t, k, with(h, "typ", nil), c), malformed, `is a JWT of type ""`},
		"a caller token's type": {forge(t, k, with(h, "typ", "JWT"), c), malformed, `is a JWT of type "JWT", not "statuslist+jwt"`},
		"the other form's type": {forge(t, k, with(h, "typ", "statuslist+cwt"), c), malformed, `of type "statuslist+cwt"`},
		"type is a number":      {forge(t, k, with(h, "typ", 1), c), malformed, `is a JWT of type ""`},
		"a large header":        {forge(t, k, with(h, "x", strings.Repeat("x", 4<<10)), c), malformed, "header of at most 4096 bytes"},
		"too large":             {bytes.Repeat([]byte("a"), statuslist.MaxToken+1), label.ReasonTooLarge, "is 33554433 bytes, at most 33554432"},
		"no key":                {forge(t, k, with(h, "kid", nil), c), label.ReasonUnknownKey, "trust file"},
		"a key unknown":         {forge(t, other, goodHeader(other), c), label.ReasonUnknownKey, "trust file"},
		"brings its own key":    {forge(t, other, with(with(h, "jwk", jwk), "kid", nil), c), label.ReasonUnknownKey, "trust file"},
		"signed by another":     {forge(t, other, h, c), label.ReasonBadSignature, "fetch it again at " + sub},
		"another, and its key":  {forge(t, other, with(h, "jwk", jwk), c), label.ReasonBadSignature, "fetch it again at " + sub},
		"critical member":       {forge(t, k, with(with(h, "crit", []string{"x"}), "x", 1), c), label.ReasonBadSignature, ""},
		"no signature":          {[]byte(p[0] + "." + p[1] + "."), label.ReasonBadSignature, ""},
		"other claims":          {[]byte(p[0] + "." + b64.EncodeToString([]byte(`{}`)) + "." + p[2]), label.ReasonBadSignature, ""},
		"another kind of key":   {forge(t, k, with(h, "kid", p384.Public.ID), c), label.ReasonBadSignature, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := statuslist.Open(row.raw, []*envelope.PublicKey{p384.Public, k.Public}, sub, now)
			if row.reason != "" {
				wantRefusal(t, err, row.reason, "statusList", row.says)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := statuslist.Open(good, nil, sub, now); label.ReasonOf(err) != label.ReasonUnknownKey {
		t.Errorf("without keys: %v", err)
	}
}

// TestChanged requires that nothing signed can be changed.
func TestChanged(t *testing.T) {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	k := newKey(t, elliptic.P256())
	good := sign(t, statuslist.New(8), k)
	for i, c := range good {
		bad := slices.Clone(good)
		bad[i] = 'A' // for a dot
		if v := strings.IndexByte(alphabet, c); v >= 0 {
			bad[i] = alphabet[v^32] // the high bit, which counts in the last character too
		}
		if _, err := open(bad, k, now); err == nil {
			t.Errorf("byte %d can be changed: %s", i, bad)
		}
	}
}

func TestClaims(t *testing.T) {
	k := newKey(t, elliptic.P256())
	const lst = "eNo76fITAAPfAgc"
	good := goodClaims(2, lst)
	list := func(name string, v any) object {
		return with(good, "status_list", with(object{"bits": 2, "lst": lst}, name, v))
	}
	packed := func(z []byte) object { return list("lst", b64.EncodeToString(z)) }
	z := deflate(t, []byte{0xc9, 0x44, 0xf9})
	text, err := json.Marshal(good)
	if err != nil {
		t.Fatal(err)
	}
	const malformed, top = label.ReasonMalformed, "statusList"
	for name, row := range map[string]struct {
		claims any
		reason label.Reason // "" if it is good
		field  string
		says   string
	}{
		"good":          {good, "", "", ""},
		"other claims":  {with(good, "iss", "https://labels.test"), "", "", ""},
		"other members": {list("aggregation_uri", "https://labels.test/lists"), "", "", ""},
		"no ttl":        {with(good, "ttl", nil), "", "", ""},
		"an empty list": {packed(deflate(t, nil)), "", "", ""},
		"the longest":   {packed(deflate(t, make([]byte, statuslist.MaxPlaces/4))), "", "", ""},

		"no JSON":            {"hello", malformed, top, "not valid JSON"},
		"nothing":            {"", malformed, top, "not valid JSON"},
		"no object":          {"[]", malformed, top, "where an object is expected"},
		"data after it":      {string(text) + "{}", malformed, top, "not valid JSON"},
		"a claim twice":      {string(text[:len(text)-1]) + `,"exp":4000000000}`, label.ReasonDuplicateKey, "statusList.exp", "twice"},
		"a list twice":       {string(text[:len(text)-1]) + `,"status_list":{}}`, label.ReasonDuplicateKey, "statusList.status_list", "twice"},
		"a value twice":      {`{"status_list":{"bits":1,"bits":2}}`, label.ReasonDuplicateKey, "statusList.status_list.bits", "twice"},
		"an unknown twice":   {string(text[:len(text)-1]) + `,"x":1,"x":1}`, label.ReasonDuplicateKey, "statusList.x", "twice"},
		"another list":       {with(good, "sub", sub+"/2"), label.ReasonUnknownSubject, "statusList.sub", `is the list at "` + sub + `/2"; fetch the one at ` + sub},
		"no list named":      {with(good, "sub", nil), label.ReasonUnknownSubject, "statusList.sub", "fetch the one at"},
		"no time":            {with(good, "iat", nil), malformed, top, "from when to when"},
		"no end":             {with(good, "exp", nil), malformed, top, "from when to when"},
		"ends as it begins":  {with(good, "exp", now.Unix()), malformed, top, "from when to when"},
		"before all time":    {with(good, "iat", math.MinInt64), malformed, top, "from when to when"},
		"after all time":     {with(with(good, "iat", math.MaxInt64-1), "exp", math.MaxInt64), label.ReasonStale, "statusList.exp", "fetch a new one"},
		"time as text":       {with(good, "exp", "soon"), malformed, "statusList.exp", "where a whole number is expected"},
		"fraction of time":   {with(good, "iat", 1.5), malformed, "statusList.iat", ""},
		"no status list":     {with(good, "status_list", nil), malformed, top, "has 0 bits a label"},
		"one bit":            {list("bits", 1), malformed, top, "has 1 bits a label, 2 are understood here"},
		"eight bits":         {list("bits", 8), malformed, top, "has 8 bits a label"},
		"no bits":            {list("bits", nil), malformed, top, "has 0 bits a label"},
		"bits as text":       {list("bits", "2"), malformed, "statusList.status_list.bits", "where a whole number is expected"},
		"no lst":             {list("lst", nil), malformed, top, "not zlib data"},
		"lst is a number":    {list("lst", 1), malformed, "statusList.status_list.lst", "where a string is expected"},
		"padded":             {list("lst", lst+"="), malformed, top, "base64url without padding"},
		"the other base64":   {list("lst", "eNo7+fITAAPfAgc"), malformed, top, "base64url without padding"},
		"loose bits":         {list("lst", lst[:len(lst)-1]+"d"), malformed, top, "base64url without padding"},
		"bare deflate":       {packed(z[2 : len(z)-4]), malformed, top, "not zlib data"},
		"cut off":            {packed(z[:len(z)-1]), malformed, top, "not zlib data"},
		"another check sum":  {packed(append(slices.Clone(z[:len(z)-1]), 0)), malformed, top, "not zlib data"},
		"data after zlib's":  {packed(append(slices.Clone(z), 0)), malformed, top, "goes on after its zlib data"},
		"two lists in one":   {packed(append(slices.Clone(z), z...)), malformed, top, "goes on after its zlib data"},
		"no compression":     {packed([]byte{0xc9, 0x44, 0xf9}), malformed, top, "not zlib data"},
		"one place too many": {packed(deflate(t, make([]byte, statuslist.MaxPlaces/4+1))), label.ReasonTooLarge, "statusList.lst", "more than 67108864 places"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := open(forge(t, k, goodHeader(k), row.claims), k, now)
			if row.reason != "" {
				wantRefusal(t, err, row.reason, row.field, row.says)
			} else if err != nil || got.Len()%4 != 0 {
				t.Errorf("opened as %v, %v", got, err)
			}
		})
	}
}

// TestTimes walks over the edges: a list is good from the skew before it was
// made until just before it ends.
func TestTimes(t *testing.T) {
	k := newKey(t, elliptic.P256())
	raw := sign(t, statuslist.New(8), k)
	end := now.Add(time.Hour)
	for _, row := range []struct {
		at     time.Time
		reason label.Reason // "" if it is good
		field  string
		says   string
	}{
		{now, "", "", ""},
		{now.Add(-label.MaxVerifierSkew), "", "", ""},
		{end.Add(-1), "", "", ""},
		{now.Add(-label.MaxVerifierSkew - 1), label.ReasonInFuture, "statusList.iat", "was made on 2026-11-02T09:00:00Z; it is 2026-11-02T08:54:59Z here"},
		{now.AddDate(-1, 0, 0), label.ReasonInFuture, "statusList.iat", "is this clock right?"},
		{end, label.ReasonStale, "statusList.exp", "until 2026-11-02T10:00:00Z; fetch a new one at " + sub},
		{end.AddDate(100, 0, 0), label.ReasonStale, "statusList.exp", "fetch a new one"},
	} {
		_, err := open(raw, k, row.at)
		if row.reason != "" {
			wantRefusal(t, err, row.reason, row.field, row.says)
		} else if err != nil {
			t.Errorf("at %s: %v", row.at, err)
		}
	}
}

// TestSignRefuses requires that what no reader would believe is not signed.
func TestSignRefuses(t *testing.T) {
	good, p384 := newKey(t, elliptic.P256()), newKey(t, elliptic.P384())
	for name, row := range map[string]struct {
		places    int64
		key       *keyPair
		life, ttl time.Duration
		says      string // "" if it is signed
	}{
		"the shortest":     {1, good, time.Second, time.Second, ""},
		"no life":          {1, good, time.Second - 1, time.Second, "to be believed for 999.999999ms"},
		"no time to keep":  {1, good, time.Hour, 0, "kept for 0s"},
		"negative":         {1, good, -time.Hour, time.Second, "to be believed for -1h0m0s"},
		"too many":         {statuslist.MaxPlaces + 1, good, time.Hour, time.Hour, "67108865 places"},
		"key of P-384":     {1, p384, time.Hour, time.Hour, "signing the status list"},
		"nothing to trust": {0, good, time.Hour, time.Hour, ""},
	} {
		// A fraction of a second must not shorten a life to nothing.
		raw, err := statuslist.Sign(statuslist.New(row.places), row.key.Signer, sub, now.Add(999*time.Millisecond), row.life, row.ttl)
		if row.says == "" {
			if err == nil {
				_, err = open(raw, row.key, now)
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
