package label_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"labeld/internal/label"
)

func act() *label.Act {
	return &label.Act{
		At: time.Date(2026, 11, 30, 12, 0, 0, 5e6, time.UTC), Kind: "label.revoke",
		Actor:   label.Actor{Organization: "authority", Person: "iris", Key: label.DigestOf([]byte("key")).String()},
		Subject: "ABCDEFGHJKLM", Request: label.DigestOf([]byte("request")), Outcome: label.ActRefused,
		Reason: "WRONG_ROLE", Text: "only operators revoke labels", RequestID: "r-1",
	}
}

func TestAct(t *testing.T) {
	checkRules(t, act, []rule[*label.Act]{
		{"no time", func(a *label.Act) { a.At = time.Time{} }, label.ReasonMissing, "at"},
		{"microseconds", func(a *label.Act) { a.At = a.At.Add(time.Microsecond) }, label.ReasonMalformed, "at"},
		{"no kind", func(a *label.Act) { a.Kind = "" }, label.ReasonMissing, "kind"},
		{"a kind in capitals", func(a *label.Act) { a.Kind = "label.Revoke" }, label.ReasonMalformed, "kind"},
		{"a kind without a word", func(a *label.Act) { a.Kind = "label..revoke" }, label.ReasonMalformed, "kind"},
		{"no organization", func(a *label.Act) { a.Actor.Organization = "" }, label.ReasonMissing, "actor.organization"},
		{"a strange person", func(a *label.Act) { a.Actor.Person = "iris\n" }, label.ReasonMalformed, "actor.person"},
		{"a strange key", func(a *label.Act) { a.Actor.Key = "\x1b" }, label.ReasonMalformed, "actor.key"},
		{"a strange subject", func(a *label.Act) { a.Subject = "A\u202eB" }, label.ReasonMalformed, "subject"},
		{"no outcome", func(a *label.Act) { a.Outcome = "" }, label.ReasonOutOfRange, "outcome"},
		{"a strange reason", func(a *label.Act) { a.Reason = " so" }, label.ReasonMalformed, "reason"},
		{"a strange text", func(a *label.Act) { a.Text = "no\x00" }, label.ReasonMalformed, "text"},
		{"a strange request", func(a *label.Act) { a.RequestID = "\u200b" }, label.ReasonMalformed, "requestId"},
	})
	checkAccepted(t, act, map[string]func(*label.Act){
		"done, and nothing to say": func(a *label.Act) {
			*a = label.Act{At: a.At, Kind: "draw", Actor: label.Actor{Organization: "authority"}, Outcome: label.ActDone}
		},
		"waits": func(a *label.Act) { a.Outcome = label.ActWaits },
	})
	long := act()
	long.Kind = strings.Repeat("k", label.MaxActKind+1)
	if err := long.Validate(); label.KindOf(err) != label.TooLarge {
		t.Errorf("too long a kind: %v", err)
	}
}

// TestFitAct holds that an act can be written whatever a caller sent.
func TestFitAct(t *testing.T) {
	for _, hostile := range []string{
		"", "plain", "two\nlines\t and \x1b[2Jan escape", "reversed \u202e text", "\xff\xfe", strings.Repeat("long ", 1000),
		strings.Repeat("ä", 1000), strings.Repeat("\u0301", 500), "a" + strings.Repeat("\u0301", 500), strings.Repeat(`"`, 5000), strings.Repeat("\U0001F600", 500),
		strings.Repeat("क\u200d", 500),
	} {
		a := act()
		a.Subject, a.Reason, a.Text, a.RequestID = hostile, hostile, hostile, hostile
		fit := a.Fit()
		if err := fit.Validate(); err != nil {
			t.Errorf("%.40q: %v", hostile, err)
		}
		if again := fit.Fit(); again != fit {
			t.Errorf("%.40q: fits once as %q, and again as %q", hostile, fit.Text, again.Text)
		}
		if len(hostile) > label.MaxActText && utf8.ValidString(hostile) && len(fit.Text) > 0 && len(fit.Text) < label.MaxActText-8 && !strings.Contains(hostile, "\u0301") {
			t.Errorf("%.40q: %d bytes are left, though there is room for %d", hostile, len(fit.Text), label.MaxActText)
		}
	}
	if a := act().Fit(); a != *act() {
		t.Errorf("an act that fits became %+v", a)
	}
}

func TestTrailEntry(t *testing.T) {
	e := &label.TrailEntry{Number: 7, Act: *act()}
	leaf, err := e.Leaf()
	if err != nil {
		t.Fatal(err)
	}
	want := `{"actor":{"key":"` + e.Actor.Key + `","organization":"authority","person":"iris"},"at":"2026-11-30T12:00:00.005Z","kind":"label.revoke","number":7,"outcome":"refused","reason":"WRONG_ROLE","request":"` +
		e.Request.String() + `","requestId":"r-1","subject":"ABCDEFGHJKLM","text":"only operators revoke labels"}`
	if string(leaf) != want {
		t.Errorf("the leaf is\n%s, want\n%s", leaf, want)
	}
	got, err := label.ParseTrailEntry(leaf)
	if err != nil || *got != *e {
		t.Errorf("read again it is %+v (%v)", got, err)
	}
	for name, other := range map[string]string{
		"nothing":               "",
		"with white space":      strings.Replace(want, `"number":7`, `"number": 7`, 1),
		"in another order":      `{"number":7,` + strings.Replace(want, `"number":7,`, "", 1)[1:],
		"with another member":   strings.Replace(want, `"number":7`, `"more":1,"number":7`, 1),
		"without its number":    strings.Replace(want, `"number":7,`, "", 1),
		"with a negative one":   strings.Replace(want, `"number":7`, `"number":-7`, 1),
		"with a broken one":     strings.Replace(want, `"number":7`, `"number":7.5`, 1),
		"with an empty text":    strings.Replace(want, `"text":"only operators revoke labels"`, `"text":""`, 1),
		"of no kind":            strings.Replace(want, `"label.revoke"`, `""`, 1),
		"with an unknown fate":  strings.Replace(want, `"refused"`, `"lost"`, 1),
		"with a digest of zero": strings.Replace(want, e.Request.String(), strings.Repeat("0", 64), 1),
		"with an offset":        strings.Replace(want, "12:00:00.005Z", "13:00:00.005+01:00", 1),
		"that is too large":     strings.Replace(want, "only", strings.Repeat("only", label.MaxTrailEntry), 1),
	} {
		if e, err := label.ParseTrailEntry([]byte(other)); err == nil {
			t.Errorf("an entry %s was read: %+v", name, e)
		} else if _, ok := errors.AsType[*label.Error](err); !ok {
			t.Errorf("an entry %s: %v is no refusal", name, err)
		}
	}
	for _, at := range []string{"13:00:00.005+01:00", "12:00:00.0050Z", "12:00:00.005+00:00", "12:00:00.0051Z"} {
		_, err := label.ParseTrailEntry([]byte(strings.Replace(want, "12:00:00.005Z", at, 1)))
		if e, ok := errors.AsType[*label.Error](err); !ok || e.Field != "at" || !strings.Contains(e.Text, ".005Z") && !strings.Contains(e.Text, ".123Z") {
			t.Errorf("at %s: %v", at, err)
		}
	}
}

// TestLargestTrailEntry holds that every act can be an entry.
func TestLargestTrailEntry(t *testing.T) {
	quotes := strings.Repeat(`"`, label.MaxTrailEntry)
	a := *act()
	a.Subject, a.Reason, a.Text, a.RequestID = quotes, quotes, quotes, quotes
	a.Actor = label.Actor{Organization: strings.Repeat("o", 63), Person: quotes[:label.MaxText], Key: quotes[:label.MaxText]}
	a.Kind = strings.Repeat("k", label.MaxActKind)
	a.Kind = a.Kind[:30] + "." + a.Kind[31:]
	e := &label.TrailEntry{Number: 1<<53 - 1, Act: a.Fit()}
	leaf, err := e.Leaf()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := label.ParseTrailEntry(leaf); err != nil || *got != *e {
		t.Errorf("the largest entry, of %d bytes: %v", len(leaf), err)
	}
}

// FuzzParseTrailEntry holds that whatever is read has the bytes that were read.
func FuzzParseTrailEntry(f *testing.F) {
	leaf, err := (&label.TrailEntry{Number: 7, Act: *act()}).Leaf()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(leaf)
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := label.ParseTrailEntry(data)
		if err != nil {
			return
		}
		if again, err := e.Leaf(); err != nil || !bytes.Equal(again, data) {
			t.Errorf("%q was read, and is written %q (%v)", data, again, err)
		}
		if fit := e.Fit(); fit.Validate() != nil {
			t.Errorf("%q was read, and does not fit", data)
		}
	})
}

func TestAuditHead(t *testing.T) {
	checkRules(t, func() *label.AuditHead {
		return &label.AuditHead{Size: 1, Root: label.DigestOf(nil), Authority: label.Party{ID: "authority", Name: "The Authority"}, Recorded: time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)}
	}, []rule[*label.AuditHead]{
		{"of nothing", func(h *label.AuditHead) { h.Size = 0 }, label.ReasonOutOfRange, "size"},
		{"of less", func(h *label.AuditHead) { h.Size = -1 }, label.ReasonOutOfRange, "size"},
		{"no root", func(h *label.AuditHead) { h.Root = label.Digest{} }, label.ReasonMissing, "root"},
		{"nobody's", func(h *label.AuditHead) { h.Authority = label.Party{} }, label.ReasonMissing, "authority.id"},
		{"no time", func(h *label.AuditHead) { h.Recorded = time.Time{} }, label.ReasonMalformed, "recorded"},
		{"a time in parts of seconds", func(h *label.AuditHead) { h.Recorded = h.Recorded.Add(1) }, label.ReasonMalformed, "recorded"},
	})
}
