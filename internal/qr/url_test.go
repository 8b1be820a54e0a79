package qr_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/qr"
)

const (
	base = "https://labels.example.org"
	id   = label.ID("K7QM4T2X9PWH")
)

// longBase has the longest host name and port there are.
var longBase = "https://" + strings.Repeat(strings.Repeat("a", 62)+".", 4) + "b:65535"

func TestURL(t *testing.T) {
	if got, want := qr.URL(base, id), "https://labels.example.org/l/K7QM4T2X9PWH"; got != want {
		t.Errorf("URL = %s, want %s", got, want)
	}
	if got, want := qr.Payload(base, id), "HTTPS://LABELS.EXAMPLE.ORG/L/K7QM4T2X9PWH"; got != want {
		t.Errorf("Payload = %s, want %s", got, want)
	}
}

func TestCheckBase(t *testing.T) {
	for _, base := range []string{
		base, "https://a", "https://xn--mnchen-3ya.example", "https://labels.example.org:8443",
		"https://labels.example.org:80", "http://localhost:8080", "http://127.0.0.1:443", "http://192.0.2.7", longBase,
	} {
		if err := qr.CheckBase(base); err != nil {
			t.Errorf("CheckBase(%q): %v", base, err)
		}
		// Whatever is accepted as a base stays in the alphanumeric set.
		if p := qr.Payload(base, id); strings.Trim(p, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:") != "" {
			t.Errorf("payload %q leaves the alphanumeric set", p)
		}
	}
}

func TestCheckBaseRefuses(t *testing.T) {
	for base, wayOut := range map[string]string{
		"":                                                "is required",
		"labels.example.org":                              "must begin with https://",
		"//labels.example.org":                            "must begin with https://",
		"ftp://labels.example.org":                        "must begin with https://",
		" https://labels.example.org":                     "must begin with https://",
		"https:/labels.example.org":                       "must begin with https://",
		"https://labels.example.org/":                     `remove "/"`,
		"https://example.org/labels":                      `remove "/labels"`,
		"https://labels.example.org?x=1":                  `remove "?x=1"`,
		"https://labels.example.org#x":                    `remove "#x"`,
		`https://labels.example.org\x`:                    `remove "\\x"`,
		"https://me:pw@labels.example.org":                "before the @",
		"https://[::1]:8080":                              "use a host name",
		"https://münchen.example":                         "xn--",
		"https://labels.example.or\u212a":                 "xn--",
		"https://Labels.Example.org":                      "lower case: https://labels.example.org",
		"HTTPS://labels.example.org":                      "lower case: https://labels.example.org",
		"https://":                                        "not a host name",
		"https://:443":                                    "not a host name",
		"https://labels..example.org":                     "not a host name",
		"https://labels.example.org.":                     "not a host name",
		"https://-labels.example.org":                     "not a host name",
		"https://labels-.example.org":                     "not a host name",
		"https://label_s.example.org":                     "not a host name",
		"https://labels.example.org%2f":                   "not a host name",
		"https://labels example.org":                      "not a host name",
		"https://labels.example.org ":                     "not a host name",
		"https://" + strings.Repeat("a", 64) + ".example": "not a host name",
		"https://" + strings.Repeat("a.", 126) + "aa":     "use a shorter one",
		"https://labels.example.org:":                     "not a port",
		"https://labels.example.org:0":                    "not a port",
		"https://labels.example.org:08443":                "not a port",
		"https://labels.example.org:+1":                   "not a port",
		"https://labels.example.org:65536":                "not a port",
		"https://labels.example.org:1:2":                  "not a port",
		"https://labels.example.org:443":                  "leave out :443",
		"http://localhost:80":                             "leave out :80",
	} {
		err := qr.CheckBase(base)
		e, ok := errors.AsType[*label.Error](err)
		if !ok {
			t.Errorf("CheckBase(%q) = %v, want a *label.Error", base, err)
			continue
		}
		if e.Field != "base" || !strings.Contains(e.Text, wayOut) {
			t.Errorf("CheckBase(%q) = %v, want it to say %q", base, err, wayOut)
		}
	}
}

func TestParsePayload(t *testing.T) {
	for in, wantBase := range map[string]string{
		"HTTPS://LABELS.EXAMPLE.ORG/L/K7QM4T2X9PWH":                base,
		"https://labels.example.org/l/K7QM4T2X9PWH":                base,
		"hTTps://Labels.Example.Org/l/k7qm-4t2x-9pwh":              base,
		" https://labels.example.org/l/K7QM4T2X9PWH\r\n":           base,
		"https://labels.example.org/l/K7QM4T2X9PWH/":               base,
		"https://labels.example.org/l/K7QM4T2X9PWH.json":           base,
		"https://labels.example.org/l/K7QM4T2X9PWH/bundle.json":    base,
		"https://labels.example.org/l/K7QM4T2X9PWH?lang=de&at=/l/": base,
		"https://labels.example.org/l/K7QM4T2X9PWH#support":        base,
		"https://labels.example.org:443/l/K7QM4T2X9PWH":            base,
		"https://labels.example.org/%6C/%4b7QM%2D4T2X%2D9PWH":      base,
		"HTTP://LOCALHOST:80/L/K7QM4T2X9PWH":                       "http://localhost",
		"http://127.0.0.1:8080/l/K7QM4T2X9PWH":                     "http://127.0.0.1:8080",
		"K7QM4T2X9PWH":                                             "",
		"k7qm-4t2x-9pwh":                                           "",
		" K7QM 4T2X 9PWH\n":                                        "",
	} {
		gotBase, gotID, err := qr.ParsePayload(in)
		if err != nil || gotBase != wantBase || gotID != id {
			t.Errorf("ParsePayload(%q) = %q, %q, %v, want %q, %q", in, gotBase, gotID, err, wantBase, id)
		}
	}
}

func TestParsePayloadRefuses(t *testing.T) {
	for in, want := range map[string]label.Reason{
		"":                                  label.ReasonIDMalformed,
		"hello":                             label.ReasonIDMalformed,
		"K7QM4T2X9PWJ":                      label.ReasonIDCheck,
		"labels.example.org/l/K7QM4T2X9PWH": label.ReasonMalformed,
		"mailto:a@example.org":              label.ReasonMalformed,
		"javascript:alert(1)":               label.ReasonMalformed,
		"ftp://labels.example.org/l/K7QM4T2X9PWH":                    label.ReasonMalformed,
		"://labels.example.org/l/K7QM4T2X9PWH":                       label.ReasonMalformed,
		"https:///l/K7QM4T2X9PWH":                                    label.ReasonMalformed,
		"https://labels.example.org":                                 label.ReasonMalformed,
		"https://labels.example.org/K7QM4T2X9PWH":                    label.ReasonMalformed,
		"https://labels.example.org//l/K7QM4T2X9PWH":                 label.ReasonMalformed,
		"https://labels.example.org/x/l/K7QM4T2X9PWH":                label.ReasonMalformed,
		"https://labels.example.org?/l/K7QM4T2X9PWH":                 label.ReasonMalformed,
		"https://labels.example.org@evil.example/l/K7QM4T2X9PWH":     label.ReasonMalformed,
		`https://evil.example\.labels.example.org/l/K7QM4T2X9PWH`:    label.ReasonMalformed,
		"https://labels.example.org%2f.evil.example/l/K7QM4T2X9PWH":  label.ReasonMalformed,
		"https://labels.example.or\u212a/l/K7QM4T2X9PWH":             label.ReasonMalformed, // Kelvin sign
		"https://labels.exаmple.org/l/K7QM4T2X9PWH":                  label.ReasonMalformed, // Cyrillic
		"https://labels.example.org:99999/l/K7QM4T2X9PWH":            label.ReasonOutOfRange,
		"https://labels.example.org/l/":                              label.ReasonIDMalformed,
		"https://labels.example.org/l/?id=K7QM4T2X9PWH":              label.ReasonIDMalformed,
		"https://labels.example.org/l/K7QM%204T2X9PWH":               label.ReasonIDMalformed,
		"https://labels.example.org/l%2FK7QM4T2X9PWH":                label.ReasonMalformed,
		"https://labels.example.org/l/K7QM4T2X9PWHX":                 label.ReasonIDMalformed,
		"https://labels.example.org/l/K7QM4T2X9PWJ":                  label.ReasonIDCheck,
		"https://labels.example.org/l/" + strings.Repeat("x", 1<<11): label.ReasonTooLarge,
	} {
		gotBase, gotID, err := qr.ParsePayload(in)
		if label.ReasonOf(err) != want || gotBase != "" || gotID != "" {
			t.Errorf("ParsePayload(%q) = %q, %q, %v (%s), want only %s", in, gotBase, gotID, err, label.ReasonOf(err), want)
		}
	}
}

// What need not be percent-encoded is as if it were not; all else stays.
func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "/01/%309522104000171": "/01/09522104000171", "%61%7a%41%5A%30%39%2d%2E%5f%7E": "azAZ09-._~",
		"%2F%3f%25%20%00%ff": "%2F%3f%25%20%00%ff", "%2531": "%2531", "%3": "%3", "%": "%", "%g1%+1%-1": "%g1%+1%-1", "a%": "a%", "%E2%84%AA": "%E2%84%AA",
	} {
		if got := qr.Unescape(in); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", in, got, want)
		}
	}
	if b, g, err := qr.ParseDigitalLink("https://labels.example.org/%30%31/%309522104000171/%31%30/A%31?%31%37=271231"); err != nil || b != base || g != "09522104000171" {
		t.Errorf("a Digital Link so encoded: %q, %q, %v", b, g, err)
	}
}

// Any label of any base comes back from its payload as it went in.
func TestPayloadRoundTrip(t *testing.T) {
	for _, base := range []string{base, longBase, "http://localhost:8080", "https://labels.example.org:80"} {
		for range 100 {
			id, err := label.NewID(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []string{qr.URL(base, id), qr.Payload(base, id)} {
				gotBase, gotID, err := qr.ParsePayload(s)
				if err != nil || gotBase != base || gotID != id {
					t.Fatalf("ParsePayload(%q) = %q, %q, %v", s, gotBase, gotID, err)
				}
			}
		}
	}
}

func FuzzParsePayload(f *testing.F) {
	for _, s := range []string{
		"", "K7QM-4T2X-9PWH", qr.URL(base, id), qr.Payload(base, id), qr.URL(longBase, id),
		"http://127.0.0.1:8080/l/k7qm4t2x9pwh.json?x#y", "https://a@b/l/K7QM4T2X9PWH",
		`https://a\b/l/K7QM4T2X9PWH`, "https://\u212a/l/K7QM4T2X9PWH", "https://[::1]/l/K7QM4T2X9PWH",
		"https://a:443:443/l/K7QM4T2X9PWH", "http://a:/l/K7QM4T2X9PWH", "://", "https://", "\x00\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		base, id, err := qr.ParsePayload(s)
		if err != nil {
			if _, ok := errors.AsType[*label.Error](err); !ok {
				t.Fatalf("%v is no *label.Error", err)
			}
			if base != "" || id != "" {
				t.Fatalf("%q, %q beside %v", base, id, err)
			}
			return
		}
		if again, err := label.ParseID(string(id)); err != nil || again != id {
			t.Fatalf("ID %q is not in normal form", id)
		}
		if base == "" {
			return
		}
		// What was read is a base that could be served, and its own payload
		// leads back to it.
		if err := qr.CheckBase(base); err != nil {
			t.Fatal(err)
		}
		againBase, againID, err := qr.ParsePayload(qr.Payload(base, id))
		if err != nil || againBase != base || againID != id {
			t.Fatalf("%q became %q, %q and then %q, %q, %v", s, base, id, againBase, againID, err)
		}
	})
}

func TestDigitalLink(t *testing.T) {
	payload := qr.DigitalLink("https://labels.example.org", "09522104000171")
	if payload != "HTTPS://LABELS.EXAMPLE.ORG/01/09522104000171" {
		t.Errorf("the payload is %s", payload)
	}
	code, err := qr.New(payload)
	if err != nil {
		t.Fatal(err)
	}
	png, err := code.PNG(4)
	if err != nil {
		t.Fatal(err)
	}
	text, err := qr.Decode(bytes.NewReader(png))
	if err != nil {
		t.Fatal(err)
	}
	base, g, err := qr.ParseDigitalLink(text)
	if err != nil || base != "https://labels.example.org" || g != "09522104000171" {
		t.Errorf("read back as %s, %s (%v)", base, g, err)
	}
	for _, s := range []string{"K7QM4T2X9PWH", "https://labels.example.org/l/K7QM4T2X9PWH", "https://labels.example.org/01/09522104000172", "https://user@labels.example.org/01/09522104000171"} {
		if _, _, err := qr.ParseDigitalLink(s); err == nil {
			t.Errorf("%s is taken for a Digital Link", s)
		}
	}
}
