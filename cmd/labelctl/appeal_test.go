package main

import (
	"testing"
	"time"

	labelv1 "labeld/api/proto/label/v1"
)

// TestTrailInWords says whose turn it is and until when, on the day and after.
func TestTrailInWords(t *testing.T) {
	refusal := &labelv1.Refusal{AppealBy: "2026-12-02"}
	appeal := &labelv1.Appeal{DecideBy: "2027-01-31"}
	late := &labelv1.Appeal{DecideBy: "2027-01-31", Overdue: true}
	on := time.Date(2026, 12, 2, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		trail *labelv1.Trail
		now   time.Time
		want  string
	}{
		{&labelv1.Trail{Refusal: refusal}, on, "may be appealed against until 2026-12-02"},
		{&labelv1.Trail{Refusal: refusal}, on.Add(time.Second), "could be appealed against until 2026-12-02"},
		{&labelv1.Trail{Refusal: refusal, Appeal: appeal}, on, "appeal to be decided by 2027-01-31"},
		{&labelv1.Trail{Refusal: refusal, Appeal: late}, on, "appeal OVERDUE since 2027-01-31"},
		{&labelv1.Trail{Refusal: refusal, Appeal: late, Ruling: &labelv1.Ruling{Outcome: labelv1.RulingOutcome_RULING_OUTCOME_SENT_BACK}}, on, "appeal decided: sent back"},
	} {
		if got := trailState(c.trail, c.now); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}
