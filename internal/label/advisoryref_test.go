package label_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

// largest returns a status with all fields at their limits, in the characters
// that take most of JSON. A status names an advisory, or a successor and what is
// new about it, never both, and this has the larger of the two.
func largest() *label.Status {
	prose := func(n int) string { return strings.Repeat(`"`, n) }
	plain := func(n int) string { return strings.Repeat("x", n) }
	at := time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
	s := &label.Status{
		Label: someLabel().ID, Number: label.MaxStatuses, Action: label.Advise, Reason: plain(63), Text: prose(label.MaxProse), Language: "abc-Abcd-AB-abcdefgh",
		Recorded: at, Effective: at, SHA256: label.DigestOf(nil),
		Cause:     label.Cause{Kind: label.CausePredecessor, SHA256: label.DigestOf(nil), Label: someLabel().ID, Number: label.MaxStatuses},
		Authority: label.Party{ID: prose(label.MaxText), Name: prose(label.MaxText), URL: "https://x.example/" + prose(label.MaxText-len("https://x.example/"))},
		Advisory: &label.AdvisoryRef{
			ID: prose(label.MaxText), Version: prose(label.MaxVersion), Title: prose(label.MaxText), SHA256: label.DigestOf(nil),
			URL:  "https://x.example/" + plain(label.MaxAdvisoryURL-len("https://x.example/")),
			More: 1<<63 - 1, Severity: "critical", State: "under-investigation", FixedIn: prose(label.MaxVersion),
			Advice: label.AdviceNoFixPlanned, Words: prose(label.MaxAdvice), Language: "abc-abcdefgh-abcdefgh-abcdefgh",
		},
	}
	for range label.MaxAdvisedIssues {
		s.Advisory.Issues = append(s.Advisory.Issues, plain(label.MaxIssueName))
	}
	for i := range label.MaxStatusRequests {
		s.Requests = append(s.Requests, label.RequestRef{Organization: plain(63), Person: plain(63), Key: label.DigestOf([]byte{byte(i)}).String(), SHA256: label.DigestOf(nil)})
	}
	return s
}

// TestLargestStatus makes the largest log entry that a status can have, signed by
// the largest key there is.
func TestLargestStatus(t *testing.T) {
	s := largest()
	if err := s.Validate(); err != nil {
		t.Fatal(err)
	}
	// A field that somebody adds has a limit, and is filled above.
	for _, v := range []reflect.Value{reflect.ValueOf(*s), reflect.ValueOf(*s.Advisory), reflect.ValueOf(s.Authority), reflect.ValueOf(s.Requests[0]), reflect.ValueOf(s.Cause)} {
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; v.Field(i).IsZero() && name != "Successor" && name != "New" {
				t.Errorf("%s.%s is empty", v.Type(), name)
			}
		}
	}
	size := func(s *label.Status) int {
		payload, err := label.EncodeStatement("device.json", label.DigestOf(nil), label.TypeStatus, s)
		if err != nil {
			t.Fatal(err)
		}
		entry, err := label.Encode(&label.Envelope{
			PayloadType: label.PayloadType, Payload: payload,
			Signatures: []label.Signature{{KeyID: strings.Repeat("0", 64), Sig: make([]byte, label.MaxRSABits/8)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return len(entry)
	}
	if n := size(s); n > label.MaxStatusEntry {
		t.Errorf("the largest status takes %d bytes, at most %d may be", n, label.MaxStatusEntry)
	}
	s.Action, s.Advisory = label.Supersede, nil
	s.Successor = &label.LabelLink{ID: "234567Z9ABCD", SHA256: label.DigestOf([]byte("next")), URL: strings.Repeat(`"`, label.MaxLabelURL), Level: label.MaxLevels, OtherProduct: true}
	s.New = make([]label.Digest, label.MaxRenewalNews)
	if n := size(s); n > label.MaxStatusEntry {
		t.Errorf("the largest status with a successor takes %d bytes, at most %d may be", n, label.MaxStatusEntry)
	}
}

// TestStatusLimits makes each field of a status larger by one than it may be.
func TestStatusLimits(t *testing.T) {
	for field, change := range map[string]func(*label.Status){
		"text":               func(s *label.Status) { s.Text += "x" },
		"authority.id":       func(s *label.Status) { s.Authority.ID += "x" },
		"authority.name":     func(s *label.Status) { s.Authority.Name += "x" },
		"authority.url":      func(s *label.Status) { s.Authority.URL += "x" },
		"requests":           func(s *label.Status) { s.Requests = append(s.Requests, s.Requests[0]) },
		"advisory.id":        func(s *label.Status) { s.Advisory.ID += "x" },
		"advisory.version":   func(s *label.Status) { s.Advisory.Version += "x" },
		"advisory.title":     func(s *label.Status) { s.Advisory.Title += "x" },
		"advisory.url":       func(s *label.Status) { s.Advisory.URL += "x" },
		"advisory.issues":    func(s *label.Status) { s.Advisory.Issues = append(s.Advisory.Issues, "x") },
		"advisory.issues[2]": func(s *label.Status) { s.Advisory.Issues[2] += "x" },
		"advisory.fixedIn":   func(s *label.Status) { s.Advisory.FixedIn += "x" },
		"advisory.words":     func(s *label.Status) { s.Advisory.Words += "x" },
	} {
		s := largest()
		change(s)
		wantRefusal(t, s.Validate(), label.TooLarge, label.ReasonTooLarge, field)
	}
	s := largest()
	s.Action, s.Advisory = label.Supersede, nil
	s.Successor = &label.LabelLink{SHA256: label.DigestOf([]byte("next")), URL: strings.Repeat("x", label.MaxProse+1)}
	s.Successor.ID, _ = label.NewID(strings.NewReader(strings.Repeat("abcdefgh", 8)))
	wantRefusal(t, s.Validate(), label.TooLarge, label.ReasonTooLarge, "successor.url")
}

// TestAdvisoryRefs changes a good reference in one place each.
func TestAdvisoryRefs(t *testing.T) {
	for _, c := range []struct {
		reason label.Reason
		field  string
		change func(*label.AdvisoryRef)
	}{
		{label.ReasonMissing, "id", func(a *label.AdvisoryRef) { a.ID = "" }},
		{label.ReasonMissing, "title", func(a *label.AdvisoryRef) { a.Title = "" }},
		{label.ReasonMissing, "advice", func(a *label.AdvisoryRef) { a.Advice = "" }},
		{label.ReasonOutOfRange, "advice", func(a *label.AdvisoryRef) { a.Advice = "pray" }},
		{label.ReasonMissing, "fixedIn", func(a *label.AdvisoryRef) { a.Advice, a.FixedIn = label.AdviceUpdateTo, "" }},
		{label.ReasonMissing, "words", func(a *label.AdvisoryRef) { a.Advice, a.Words = label.AdviceFollow, "" }},
		{label.ReasonOutOfRange, "words", func(a *label.AdvisoryRef) { a.Advice = label.AdviceAsk }},
		{label.ReasonMalformed, "words", func(a *label.AdvisoryRef) { a.Words = "Install\u202e it." }},
		{label.ReasonMalformed, "language", func(a *label.AdvisoryRef) { a.Language = "i-default" }},
		{label.ReasonMissing, "sha256", func(a *label.AdvisoryRef) { a.SHA256 = label.Digest{} }},
		{label.ReasonMissing, "issues[0]", func(a *label.AdvisoryRef) { a.Issues[0] = "" }},
		{label.ReasonMalformed, "issues[0]", func(a *label.AdvisoryRef) { a.Issues[0] = `a"b` }},
		{label.ReasonMalformed, "issues[0]", func(a *label.AdvisoryRef) { a.Issues[0] = "CVE\u202e" }},
		{label.ReasonMalformed, "fixedIn", func(a *label.AdvisoryRef) { a.FixedIn = "1.0\u202e" }},
		{label.ReasonMalformed, "url", func(a *label.AdvisoryRef) { a.URL = "http://x.example" }},
		{label.ReasonMalformed, "url", func(a *label.AdvisoryRef) { a.URL = `https://x.example/"` }},
		{label.ReasonOutOfRange, "more", func(a *label.AdvisoryRef) { a.More = -1 }},
		{label.ReasonOutOfRange, "more", func(a *label.AdvisoryRef) { a.Issues = a.Issues[1:] }},
		{label.ReasonOutOfRange, "severity", func(a *label.AdvisoryRef) { a.Severity = "awful" }},
		{label.ReasonOutOfRange, "state", func(a *label.AdvisoryRef) { a.State = "not_affected" }},
	} {
		a := largest().Advisory
		c.change(a)
		wantRefusal(t, a.Validate(), label.Invalid, c.reason, c.field)
	}
}
