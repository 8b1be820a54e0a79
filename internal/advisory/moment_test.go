package advisory_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"labeld/internal/advisory"
	"labeld/internal/label"
)

// TestDates writes one date of a document of each form in all spellings.
func TestDates(t *testing.T) {
	forms := map[string]struct {
		document []byte
		date     string
		field    string
	}{
		"CSAF":    {testdata(t, "csaf-fix.json"), `"current_release_date": "2026-11-12T09:00:00Z"`, "document.tracking.current_release_date"},
		"OpenVEX": {testdata(t, "openvex.json"), `"last_updated": "2026-11-18T08:00:00Z"`, "last_updated"},
	}
	at := func(h, m, s, ns int) time.Time { return time.Date(2026, time.November, 19, h, m, s, ns, time.UTC) }
	for _, tt := range []struct {
		text string
		want time.Time // zero where it is refused
		says string
	}{
		{"2026-11-19T09:00:00Z", at(9, 0, 0, 0), ""},
		{"2026-11-19t09:00:00z", at(9, 0, 0, 0), ""},
		{"2026-11-19T09:00:00.5Z", at(9, 0, 0, 500_000_000), ""},
		{"2026-11-19T09:00:00.123456789987654321z", at(9, 0, 0, 123_456_789), ""},
		{"2026-11-19T09:00:00-00:00", at(9, 0, 0, 0), ""},
		{"2026-11-19T09:00:00+00:00", at(9, 0, 0, 0), ""},
		{"2026-11-19T09:00:00+05:45", at(3, 15, 0, 0), ""},
		{"2026-11-18T23:30:00.25-02:00", at(1, 30, 0, 250_000_000), ""},
		{"2026-11-18T23:59:60Z", at(0, 0, 0, 0), ""},
		{"2026-11-18T18:59:60.5-05:00", at(0, 0, 0, 500_000_000), ""},
		{"2026-11-19T04:59:60+05:00", at(0, 0, 0, 0), ""},

		{"2026-11-19T09:00:00", time.Time{}, "the time zone is missing, so that the instant cannot be told; for UTC write 2026-11-19T09:00:00Z"},
		{"2026-11-19t09:00:00.5", time.Time{}, "2026-11-19t09:00:00.5+01:00"},
		{"2026-11-19", time.Time{}, "time and time zone are missing"},
		{"2026-13-19T09:00:00Z", time.Time{}, "no day 2026-13-19"},
		{"2026-02-30T09:00:00Z", time.Time{}, "no day 2026-02-30"},
		{"2026-11-00T09:00:00Z", time.Time{}, "no day"},
		{"2025-02-29T09:00:00Z", time.Time{}, "no day"},
		{"2026-11-19T24:00:00Z", time.Time{}, "no time of day 24:00:00"},
		{"2026-11-19T09:60:00Z", time.Time{}, "no time of day"},
		{"2026-11-19T09:00:60Z", time.Time{}, "a leap second is 23:59:60 in UTC"},
		{"2026-11-18T23:59:60+01:00", time.Time{}, "a leap second"},
		{"2026-11-18T23:59:61Z", time.Time{}, "no time of day"},
		{"2026-11-19T09:00:00+24:00", time.Time{}, "no offset from UTC of +24:00"},
		{"2026-11-19T09:00:00+01:60", time.Time{}, "no offset"},
		{"2026-11-19T09:00:00+0100", time.Time{}, "such as 2026-10-26T09:00:00Z"},
		{"2026-11-19T09:00:00.Z", time.Time{}, "such as"},
		{"2026-11-19T09:00Z", time.Time{}, "such as"},
		{"2026-11-19T09:00:00 Z", time.Time{}, "such as"},
		{"2026-11-19 09:00:00Z", time.Time{}, "such as"},
		{"19 November 2026", time.Time{}, "such as"},
		{"", time.Time{}, "such as"},
		{"2026-11-19T09:00:00." + strings.Repeat("1", 1000), time.Time{}, "the time zone is missing"},
	} {
		for name, form := range forms {
			_, value, _ := strings.Cut(form.date, `": `)
			b := bytes.Replace(form.document, []byte(form.date), []byte(strings.TrimSuffix(form.date, value)+`"`+tt.text+`"`), 1)
			a, err := advisory.Parse(b, now)
			if tt.want.IsZero() {
				wantRefusal(t, err, label.Invalid, label.ReasonMalformed, form.field)
				if err != nil && !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%s, %q: %v\nwant %q", name, tt.text, err, tt.says)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s, %q: %v", name, tt.text, err)
			} else if a.Updated != tt.want {
				t.Errorf("%s, %q is %s", name, tt.text, a.Updated)
			}
		}
	}
}

// TestEveryDate writes a bad date wherever a document has one, and a date at
// which there were no advisories where it counts.
func TestEveryDate(t *testing.T) {
	for _, tt := range []struct{ file, old, new, field string }{
		{"csaf-fix.json", `"initial_release_date": "2026-11-03T09:00:00Z"`, `"initial_release_date": "2026-11-03T09:00:00"`, "document.tracking.initial_release_date"},
		{"csaf-fix.json", `{ "date": "2026-11-03T09:00:00Z"`, `{ "date": "2026-11-03T09:00:00"`, "document.tracking.revision_history[0].date"},
		{"csaf-fix.json", `"cve": "CVE-2026-9900011"`, `"cve": "CVE-2026-9900011", "release_date": "2026-02-30T09:00:00Z"`, "vulnerabilities[0].release_date"},
		{"csaf-fix.json", `"cve": "CVE-2026-9900012"`, `"cve": "CVE-2026-9900012", "discovery_date": "2026-13-01T09:00:00Z"`, "vulnerabilities[1].discovery_date"},
		{"csaf-fix.json", `"category": "workaround"`, `"category": "workaround", "date": "2026-11-01"`, "vulnerabilities[0].remediations[1].date"},
		{"openvex.json", `"timestamp": "2026-11-02T08:00:00Z"`, `"timestamp": "2026-11-02T08:00:00"`, "timestamp"},
		{"openvex.json", `"timestamp": "2026-11-09T08:00:00Z"`, `"timestamp": "2026-11-09T08:00:00"`, "statements[1].timestamp"},
		{"openvex.json", `"status": "fixed"`, `"status": "fixed", "last_updated": "2026-11-09T08:00:00"`, "statements[2].last_updated"},
		{"openvex.json", `"action_statement"`, `"action_statement_timestamp": "yesterday", "action_statement"`, "statements[1].action_statement_timestamp"},
		{"openvex.json", `"timestamp": "2026-11-09T08:00:00Z"`, `"timestamp": 20261109`, "statements[1].timestamp"},
	} {
		b := testdata(t, tt.file)
		changed := bytes.Replace(b, []byte(tt.old), []byte(tt.new), 1)
		if bytes.Equal(b, changed) {
			t.Errorf("%q is not in %s", tt.old, tt.file)
			continue
		}
		_, err := advisory.Parse(changed, now)
		wantRefusal(t, err, label.Invalid, label.ReasonMalformed, tt.field)
	}
	for _, ancient := range []string{"1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "0000-01-01T00:00:00+01:00"} {
		b := bytes.Replace(testdata(t, "openvex.json"), []byte(`"timestamp": "2026-11-02T08:00:00Z"`), []byte(`"timestamp": "`+ancient+`"`), 1)
		_, err := advisory.Parse(b, now)
		wantRefusal(t, err, label.Invalid, label.ReasonOutOfRange, "timestamp")
	}
}
