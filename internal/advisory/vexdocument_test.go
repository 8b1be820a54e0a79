package advisory_test

import (
	"bytes"
	"strings"
	"testing"

	"labeld/internal/advisory"
	"labeld/internal/label"
)

// TestVexStatements tries each status with each of the members that explain one.
func TestVexStatements(t *testing.T) {
	const (
		reason = `"justification":"inline_mitigations_already_exist"`
		impact = `"impact_statement":"It is never called."`
		action = `"action_statement":"Unplug it."`
	)
	for _, tt := range []struct {
		status, members string
		says            string // of the refusal; empty where it is accepted
	}{
		{"affected", action, ""},
		{"affected", `"action_statement":""`, "action_statement is required"},
		{"affected", action + "," + reason, "do not go with the status affected"},
		{"affected", action + "," + impact, "do not go with the status affected"},
		{"not_affected", reason, ""},
		{"not_affected", impact, ""},
		{"not_affected", reason + "," + impact, ""},
		{"not_affected", `"justification":"","impact_statement":""`, "justification or impact_statement is required"},
		{"not_affected", `"justification":"we_think_so"`, "must be one of component_not_present,"},
		{"not_affected", `"justification":"we_think_so",` + impact, "must be one of component_not_present,"},
		{"not_affected", reason + "," + action, "does not go with the status not_affected"},
		{"fixed", `"x":1`, ""},
		{"fixed", reason, "do not go with the status fixed"},
		{"fixed", impact, "do not go with the status fixed"},
		{"fixed", action, "does not go with the status fixed"},
		{"under_investigation", `"x":1`, ""},
		{"under_investigation", reason, "do not go with the status under_investigation"},
		{"under_investigation", impact, "do not go with the status under_investigation"},
		{"under_investigation", action, "does not go with the status under_investigation"},
		{"under-investigation", `"x":1`, "must be one of not_affected, affected, fixed, under_investigation"},
		{"Fixed", `"x":1`, "must be one of"},
		{"", `"x":1`, "must be one of"},
	} {
		_, err := advisory.Parse(vexDocument(`{"vulnerability":{"name":"CVE-2026-1"},"products":[{"@id":"pkg:generic/northlight/nl-c210"}],
			"status":"`+tt.status+`",`+tt.members+`}`), now)
		if tt.says == "" {
			if err != nil {
				t.Errorf("%s with %s: %v", tt.status, tt.members, err)
			}
			continue
		}
		wantRefusal(t, err, label.Invalid, label.ReasonMalformed, "statements[0]")
		if err != nil && !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s with %s: %v, want %q", tt.status, tt.members, err, tt.says)
		}
	}
}

// TestVexMembers passes over what nobody here uses, and refuses what is used and
// is something else.
func TestVexMembers(t *testing.T) {
	b := testdata(t, "openvex.json")
	more := bytes.Replace(b, []byte(`"version": 3`), []byte(`"version": 3, "tooling": "by hand", "x": {"@id": 1}`), 1)
	if _, err := advisory.Parse(more, now); err != nil {
		t.Error(err)
	}
	for _, tt := range []struct {
		old, new string
		reason   label.Reason
		field    string
	}{
		{`"name": "CVE-2026-9900033"`, `"name": ["CVE-2026-9900033"]`, label.ReasonMalformed, "statements[4].vulnerability.name"},
		{`"aliases": ["NL-2026-0460"]`, `"aliases": "NL-2026-0460"`, label.ReasonMalformed, "statements[3].vulnerability.aliases"},
		{`"version": 3`, `"version": 3.5`, label.ReasonMalformed, "version"},
		{`[{ "@id": "https://id.gs1.org/01/09522104000249" }]`, `["https://id.gs1.org/01/09522104000249"]`, label.ReasonMalformed, "statements[3].products[0]"},
		{`{ "@id": "https://id.gs1.org/01/09522104000249" }`, `{ "@id": "https://id.gs1.org/01/09522104000249", "subcomponents": ["openssl"] }`, label.ReasonMalformed, "statements[3].products[0].subcomponents[0]"},
		{`{ "@id": "https://id.gs1.org/01/09522104000249" }`, `{ "@id": "https://id.gs1.org/01/09522104000249", "subcomponents": [{"@id": "openssl"}, {"supplier": "X"}] }`,
			label.ReasonMissing, "statements[3].products[0].subcomponents[1].@id"},
		{`"CVE-2026-9900033"`, `"CVE-2026-\"9900033\""`, label.ReasonMalformed, "statements[4].vulnerability.name"},
	} {
		changed := bytes.Replace(b, []byte(tt.old), []byte(tt.new), 1)
		if bytes.Equal(b, changed) {
			t.Errorf("%q is not there", tt.old)
			continue
		}
		_, err := advisory.Parse(changed, now)
		wantRefusal(t, err, label.Invalid, tt.reason, tt.field)
	}
}

// TestLongNames goes to the limit of a name and one beyond, in both forms.
func TestLongNames(t *testing.T) {
	for name, file := range map[string]string{"NL-2026-0457": "csaf-interim.json", "CVE-2026-9900033": "openvex.json"} {
		field := map[string]string{"csaf-interim.json": "vulnerabilities[0].ids[0].text", "openvex.json": "statements[4].vulnerability.name"}[file]
		renamed := func(n int) []byte {
			return bytes.Replace(testdata(t, file), []byte(`"`+name+`"`), []byte(`"`+strings.Repeat("N", n)+`"`), 1)
		}
		parse(t, renamed(label.MaxIssueName))
		_, err := advisory.Parse(renamed(label.MaxIssueName+1), now)
		wantRefusal(t, err, label.TooLarge, label.ReasonTooLarge, field)
	}
	b := testdata(t, "csaf-fix.json")
	for n, fits := range map[int]bool{label.MaxVersion: true, label.MaxVersion + 1: false} {
		b := bytes.Replace(b, []byte(`"version": "2"`), []byte(`"version": "1.0.0-`+strings.Repeat("a", n-6)+`"`), 1)
		if _, err := advisory.Parse(b, now); fits && err != nil {
			t.Errorf("version of %d bytes: %v", n, err)
		} else if !fits {
			wantRefusal(t, err, label.TooLarge, label.ReasonTooLarge, "document.tracking.version")
		}
	}
}

// TestSpellingOfNumbers has a publisher take back in small letters what it said of a
// number in capitals.
func TestSpellingOfNumbers(t *testing.T) {
	a := parse(t, vexDocument(`{"vulnerability":{"name":"cve-2026-0001","aliases":["Cve-2026-0002"]},"status":"not_affected","justification":"component_not_present","products":[{"@id":"pkg:generic/northlight/nl-c210"}]}`))
	if words := a.Words(camera(), ""); len(words) != 1 || words["CVE-2026-0001"] != advisory.NotAffected {
		t.Errorf("it says %v", words)
	}
}

func TestFixedSomewhere(t *testing.T) {
	for product, want := range map[string]bool{"pkg:generic/northlight/nl-c210": true, "pkg:generic/northlight/nl-c210@3.8.4": false, "https://id.gs1.org/01/09522104000171": true} {
		a := parse(t, vexDocument(`{"vulnerability":{"name":"CVE-2026-0001"},"status":"fixed","products":[{"@id":"`+product+`"}]}`))
		if a.FixedSomewhere() != want {
			t.Errorf("%s: %t", product, !want)
		}
	}
}
