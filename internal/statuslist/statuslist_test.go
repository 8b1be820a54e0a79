package statuslist_test

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/statuslist"
)

const sub = "https://labels.test/status-list"

var now = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func sign(t testing.TB, l *statuslist.List, s *envelope.Signer) []byte {
	t.Helper()
	return must[[]byte](t)(statuslist.Sign(l, s, sub, now, time.Hour, time.Minute))
}

func open(raw []byte, s *envelope.Signer, at time.Time) (*statuslist.Signed, error) {
	return statuslist.Open(raw, []*envelope.PublicKey{s.Public}, sub, at)
}

// TestAgainstMap sets random places in lists of all small sizes and compares
// what is read back with a map, and with what a decoder reads that knows only
// the draft.
func TestAgainstMap(t *testing.T) {
	s := labeltest.NewSigner(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for n := int64(0); n < 40; n++ {
		l, want := statuslist.New(n), map[int64]statuslist.Value{}
		for range n {
			i, v := rng.Int64N(n), statuslist.Value(rng.IntN(3))
			l.Set(i, v)
			want[i] = v
		}
		raw := sign(t, l, s)
		got := must[*statuslist.Signed](t)(open(raw, s, now))
		if !got.Issued.Equal(now) || !got.Expires.Equal(now.Add(time.Hour)) || got.Key != s.Public.ID {
			t.Fatalf("%+v", got)
		}
		stranger := draft(t, raw)
		for i := range n {
			v, ok := got.Get(i)
			if !ok || v != want[i] || stranger(i) != int(want[i]) {
				t.Fatalf("place %d of %d is %s, %d; want %s", i, n, v, stranger(i), want[i])
			}
			if v, ok := l.Get(i); !ok || v != want[i] {
				t.Fatalf("before signing place %d is %s", i, v)
			}
		}
		if _, ok := l.Get(n); ok || l.Len() != n {
			t.Errorf("a list of %d has a place %d", n, n)
		}
		if _, ok := got.Get(n + 4); ok {
			t.Errorf("a list of %d has a place %d after signing", n, n+4)
		}
	}
}

// draft reads a token with the standard library alone.
func draft(t *testing.T, raw []byte) func(int64) int {
	t.Helper()
	parts := strings.Split(string(raw), ".")
	header := must[[]byte](t)(base64.RawURLEncoding.DecodeString(parts[0]))
	if !bytes.Contains(header, []byte(`"typ":"statuslist+jwt"`)) || !bytes.Contains(header, []byte(`"alg":"ES256"`)) {
		t.Fatalf("header %s", header)
	}
	var c struct {
		Sub           string
		Iat, Exp, TTL int64
		List          struct {
			Bits int
			Lst  string
		} `json:"status_list"`
	}
	if err := json.Unmarshal(must[[]byte](t)(base64.RawURLEncoding.DecodeString(parts[1])), &c); err != nil {
		t.Fatal(err)
	}
	if c.Sub != sub || c.Iat != now.Unix() || c.Exp != c.Iat+3600 || c.TTL != 60 || c.List.Bits != 2 {
		t.Fatalf("claims %+v", c)
	}
	r := must[io.ReadCloser](t)(zlib.NewReader(bytes.NewReader(must[[]byte](t)(base64.RawURLEncoding.DecodeString(c.List.Lst)))))
	b := must[[]byte](t)(io.ReadAll(r))
	return func(i int64) int { return int(b[i/4]) >> (2 * (i % 4)) & 3 }
}

func TestRefuses(t *testing.T) {
	s := labeltest.NewSigner(t)
	good := sign(t, statuslist.New(8), s)
	// token signs other claims or another type.
	token := func(payload string) []byte {
		stranger := strings.Split(string(good), ".")
		stranger[1] = base64.RawURLEncoding.EncodeToString([]byte(payload))
		return []byte(strings.Join(stranger, "."))
	}
	for _, row := range []struct {
		name   string
		raw    []byte
		at     time.Time
		keys   *envelope.Signer
		reason label.Reason
		field  string
	}{
		{"nothing", nil, now, s, label.ReasonMalformed, "statusList"},
		{"a page", []byte("<html>"), now, s, label.ReasonMalformed, "statusList"},
		{"other claims", token(`{"sub":"x"}`), now, s, label.ReasonBadSignature, "statusList"},
		{"another key", good, now, labeltest.NewSigner(t), label.ReasonUnknownKey, "statusList"},
		{"too old", good, now.Add(time.Hour), s, label.ReasonStale, "statusList.exp"},
		{"from the future", good, now.Add(-time.Minute), s, label.ReasonInFuture, "statusList.iat"},
		{"too large", bytes.Repeat([]byte("a"), statuslist.MaxToken+1), now, s, label.ReasonTooLarge, "statusList"},
		{"a caller token", []byte("eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.e30.AAAA"), now, s, label.ReasonMalformed, "statusList"},
	} {
		_, err := open(row.raw, row.keys, row.at)
		e, ok := err.(*label.Error)
		if !ok || e.Reason != row.reason || e.Field != row.field {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	if _, err := statuslist.Open(good, []*envelope.PublicKey{s.Public}, sub+"/other", now); label.ReasonOf(err) != label.ReasonUnknownSubject {
		t.Errorf("another list: %v", err)
	}
	if _, err := open(append(good, '\n'), s, now.Add(-label.MaxClockSkew)); err != nil {
		t.Errorf("within the clock's skew, with a line break: %v", err)
	}
}

func FuzzOpen(f *testing.F) {
	s := labeltest.NewSigner(f)
	l := statuslist.New(100)
	l.Set(7, statuslist.Suspended)
	f.Add(sign(f, l, s))
	f.Add([]byte("a.b.c"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if got, err := open(raw, s, now); err == nil && got.Len() > statuslist.MaxPlaces {
			t.Errorf("a list of %d places", got.Len())
		}
	})
}

// filled returns a list of a million labels of which a share, in a thousand,
// does not stand.
func filled(share int) *statuslist.List {
	rng := rand.New(rand.NewPCG(3, 4))
	l := statuslist.New(1_000_000)
	for i := range l.Len() {
		if rng.IntN(1000) < share {
			l.Set(i, statuslist.Value(1+rng.IntN(2)))
		}
	}
	return l
}

// TestSize holds a list of a million labels, of which one in twenty does not
// stand, to 300 KB.
func TestSize(t *testing.T) {
	if n := len(sign(t, filled(50), labeltest.NewSigner(t))); n > 300_000 {
		t.Errorf("the signed list is %d bytes", n)
	}
}

// BenchmarkSign signs a list of a million labels. Targets: 2 s, 300 KB.
func BenchmarkSign(b *testing.B) {
	s := labeltest.NewSigner(b)
	for _, c := range []struct {
		name  string
		share int
	}{{"1%", 10}, {"5%", 50}, {"10%", 100}, {"random", 1000}} {
		l := filled(c.share)
		b.Run(c.name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				size = len(sign(b, l, s))
			}
			b.ReportMetric(float64(size)/1000, "KB")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/list")
		})
	}
}
