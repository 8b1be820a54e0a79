package main

import (
	"strings"
	"testing"
	"time"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/terminal"
)

// TestTrailInWords says whose turn it is and until when, on the day and after.
func TestTrailInWords(t *testing.T) {
	refusal := &labelv1.Refusal{AppealBy: "2026-12-02"}
	appeal := &labelv1.Appeal{DecideBy: "2027-01-31"}
	late := &labelv1.Appeal{DecideBy: "2027-01-31", Overdue: true}
	on := time.Date(2026, 12, 2, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		trail       *labelv1.Trail
		now         time.Time
		want, short string
	}{
		{&labelv1.Trail{Refusal: refusal}, on, "may be appealed against until 2026-12-02", "appeal until 2026-12-02"},
		{&labelv1.Trail{Refusal: refusal}, on.Add(time.Second), "could be appealed against until 2026-12-02", "no appeal by 2026-12-02"},
		{&labelv1.Trail{Refusal: refusal, Appeal: appeal}, on, "appeal to be decided by 2027-01-31", "ruling by 2027-01-31"},
		{&labelv1.Trail{Refusal: refusal, Appeal: late}, on, "appeal OVERDUE since 2027-01-31", "OVERDUE since 2027-01-31"},
		{&labelv1.Trail{Refusal: refusal, Appeal: late, Ruling: &labelv1.Ruling{Outcome: labelv1.RulingOutcome_RULING_OUTCOME_SENT_BACK}}, on, "appeal decided: sent back", "appeal sent back"},
	} {
		if got := trailState(c.trail, c.now); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
		if got := trailShort(c.trail, c.now); got != c.short || len(got) > 25 {
			t.Errorf("got %q, want %q", got, c.short)
		}
	}
}

// TestTrailsOnATerminal has each refusal of a list on one line of a terminal.
func TestTrailsOnATerminal(t *testing.T) {
	id := strings.Repeat("5f21c0de", 8)
	refusal := &labelv1.Refusal{Id: id, Device: id, Manufacturer: "a-manufacturer-with-a-long-name", Level: 2, AppealBy: "2026-12-02"}
	p := terminal.NewPage(terminal.HelpWidth)
	writeTrails(p, []*labelv1.Trail{{Refusal: refusal}, {Refusal: refusal, Appeal: &labelv1.Appeal{DecideBy: "2027-01-31", Overdue: true}}}, time.Date(2026, 12, 2, 0, 0, 0, 0, time.UTC))
	if text := string(p.Bytes()); strings.Count(text, "\n") != 3 || !strings.Contains(text, "appeal until 2026-12-02\n") {
		t.Errorf("refusals are squeezed:\n%s", text)
	}
}

// TestShownBy says who can show that a criterion is met, and who can still do that.
func TestShownBy(t *testing.T) {
	lab, maker := labelv1.EvidenceSource_EVIDENCE_SOURCE_LAB, labelv1.EvidenceSource_EVIDENCE_SOURCE_DECLARATION
	for _, tc := range []struct {
		finding *labelv1.Finding
		want    string
	}{
		{&labelv1.Finding{Required: lab, Provisions: []string{"5.1-1"}}, "lab"},
		{&labelv1.Finding{Required: maker, Provisions: []string{"5.1-1"}}, "lab or manufacturer"},
		{&labelv1.Finding{Required: maker}, "manufacturer"},
		{&labelv1.Finding{Required: maker, Gaps: []*labelv1.Gap{{Kind: "evidence", By: maker}}}, "lab or manufacturer"},
		{&labelv1.Finding{Required: maker, Gaps: []*labelv1.Gap{{Kind: "failed", By: lab}}}, "lab"},
		{&labelv1.Finding{Required: maker, Gaps: []*labelv1.Gap{{Kind: "failed", By: maker}}}, "manufacturer"},
		{&labelv1.Finding{Required: maker, Gaps: []*labelv1.Gap{{Kind: "failed", By: lab}, {Kind: "rule", By: maker}}}, "lab and manufacturer"},
		{&labelv1.Finding{Required: lab, Gaps: []*labelv1.Gap{{Kind: "evidence", By: lab}}}, "lab"},
	} {
		if got := shownBy(tc.finding); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.finding, got, tc.want)
		}
	}
}
