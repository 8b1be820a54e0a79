package main

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/terminal"
)

// TestStandingInWords has every state and every thing beside it said.
func TestStandingInWords(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	expires := label.NewDate(2027, 1, 1).Start()
	status := func(a label.Action) *label.Status {
		return &label.Status{Action: a, Reason: "code", Text: "It happened.", Recorded: now, Effective: now}
	}
	later := status(label.Withdraw)
	later.Effective = now.AddDate(0, 1, 0)
	replaced := status(label.Supersede)
	replaced.Successor = &label.LabelLink{ID: "K7QM4T2X9PWH", URL: "https://labels.test/l/K7QM4T2X9PWH"}
	elsewhere := status(label.Supersede)
	elsewhere.Successor = &label.LabelLink{ID: "K7QM4T2X9PWH", URL: "https://labels.test/l/K7QM4T2X9PWH", Level: 1, OtherProduct: true}
	lapse := status(label.Lapse)
	lapse.Effective = expires
	advised := status(label.Advise)
	advised.Advisory = &label.AdvisoryRef{
		ID: "NL-1", Title: "It leaks", URL: "https://northlight.example/1", Severity: "high", Issues: []string{"CVE-2026-1"}, More: 3,
		State: "affected", Advice: label.AdviceFollow, Words: "Unplug it.",
	}
	fixed := status(label.Advise)
	fixed.Advisory = &label.AdvisoryRef{ID: "NL-2", State: "affected", FixedIn: "2.1", Advice: label.AdviceUpdateTo}

	for _, tc := range []struct {
		name     string
		standing label.Standing
		want     []string
	}{
		{"active", label.Standing{State: label.Active}, []string{"state:  active\n"}},
		{"soon", label.Standing{State: label.Active, Soon: true}, []string{"active, expiring soon: on 2026-12-31"}},
		{"suspended", label.Standing{State: label.Suspended, Because: status(label.Suspend)}, []string{"SUSPENDED since 2026-05-04T12:00:00Z", "why:    code: A title. It happened."}},
		{"revoked", label.Standing{State: label.Revoked, Because: status(label.Revoke)}, []string{"REVOKED on 2026-05-04T12:00:00Z"}},
		{"withdrawn", label.Standing{State: label.Withdrawn, Because: status(label.Withdraw)}, []string{"WITHDRAWN on"}},
		{"superseded", label.Standing{State: label.Superseded, Because: replaced}, []string{"SUPERSEDED on", "replaced by K7QM-4T2X-9PWH (https://labels.test/l/K7QM4T2X9PWH)"}},
		{
			"superseded by less", label.Standing{State: label.Superseded, Because: elsewhere},
			[]string{"new label:  about ANOTHER PRODUCT, and says nothing about this one; of a LOWER LEVEL, 1 instead of 3; REVOKED itself\n"},
		},
		{"expired", label.Standing{State: label.Expired, ExpiresFor: label.BoundSchemeTerm}, []string{"EXPIRED: it was valid until 2026-12-31, the longest term"}},
		{"not issued", label.Standing{State: label.NotIssued}, []string{"not issued yet"}},
		{"ends early", label.Standing{State: label.Active, ExpiresFor: label.BoundGraceEnd}, []string{"early end:  code: A title. It happened."}},
		{"announced", label.Standing{State: label.Active, Scheduled: later}, []string{"announced:  to be withdrawn on 2026-06-04T12:00:00Z: code: "}},
		{"review", label.Standing{State: label.Active, Review: status(label.Review)}, []string{"under review:  since 2026-05-04T12:00:00Z: code: "}},
		{
			"advisories", label.Standing{State: label.Active, Advisories: []*label.Status{advised, fixed}},
			[]string{"NL-1, high, CVE-2026-1 and 3 more: It leaks\n", "OPEN: affected", "what to do: The publisher of the notice advises: Unplug it.\n", "https://northlight.example/1\n", "NL-2\n", "you need version 2.1 or later\n", "what to do: Update to version 2.1 or later.\n"},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.standing.At, tc.standing.Expires = now, expires
			a := &standing{Standing: tc.standing, statuses: []*label.Status{lapse}, titles: map[string]string{"code": "A title."}, level: label.Level{Number: 3, Of: 4, Presentation: label.Ladder}, successor: label.Revoked}
			var p terminal.Page
			p.Pairs(a.rows()...)
			for _, want := range tc.want {
				if !strings.Contains(string(p.Bytes()), want) {
					t.Errorf("no %q:\n%s", want, string(p.Bytes()))
				}
			}
			if tc.standing.State != label.NotIssued && !strings.Contains(verdict(a, time.Time{}), "as of 2026-05-04T12:00:00Z") {
				t.Errorf("the verdict is %q", verdict(a, time.Time{}))
			}
			if tc.standing.Because == elsewhere && !strings.Contains(verdict(a, time.Time{}), "; that is about ANOTHER PRODUCT, and says nothing about this one; of a LOWER LEVEL") {
				t.Errorf("the verdict says nothing of the successor: %q", verdict(a, time.Time{}))
			}
		})
	}
}

// TestHistoryInWords writes a history with a lapse that an event brought about
// and an advisory.
func TestHistoryInWords(t *testing.T) {
	at := timestamppb.New(time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC))
	end := timestamppb.New(at.AsTime().AddDate(0, 6, 0))
	lapse := &labelv1.LabelStatus{
		Label: "K7QM4T2X9PWH", Number: 1, Action: labelv1.LabelAction_LABEL_ACTION_LAPSE, Reason: "lab-scope-lost", Text: "Audit.",
		Title: "No longer accredited.", Recorded: at, Effective: end, LogIndex: 9, Cause: &labelv1.StatusCause{Kind: "event", Sha256: strings.Repeat("5f21", 16)},
	}
	advice := &labelv1.LabelStatus{
		Label: "K7QM4T2X9PWH", Number: 2, Action: labelv1.LabelAction_LABEL_ACTION_ADVISE, Reason: "advisory", Text: "Published.",
		Recorded: at, Effective: at, LogIndex: 10, Author: "northlight", Advisory: &labelv1.Advisory{Id: "NL-1", Title: "It leaks", State: "affected", Advice: "follow", Words: "Unplug it."},
	}
	r := &labelv1.VerifyResponse{
		Summary: &labelv1.LabelSummary{
			Id: "K7QM4T2X9PWH", Level: 3, LevelOf: 4, LevelName: "Secure", Title: "Level 3 of 4: Secure", Name: "Camera", Brand: "Northlight", Model: "C", ManufacturerName: "N",
			State: labelv1.LabelState_LABEL_STATE_ACTIVE, Issued: at, Expires: end, ExpiresFor: labelv1.ExpiryBound_EXPIRY_BOUND_GRACE_END, LogIndex: 3,
		},
		At: at, History: []*labelv1.LabelStatus{lapse, advice}, Advisories: []*labelv1.LabelStatus{advice},
	}
	var p terminal.Page
	writeHistory(&p, r)
	want := `label K7QM-4T2X-9PWH: Northlight Camera, model C, by N

2026-05-04T12:00:00Z  issued: Level 3 of 4: Secure (log entry 3)
2026-05-04T12:00:00Z  1. to be ended early on 2026-11-04T12:00:00Z (log entry 9)
                      lab-scope-lost: No longer accredited. Audit.
                      because of event ` + strings.Repeat("5f21", 16) + `
2026-05-04T12:00:00Z  2. advisory NL-1 (log entry 10)
                      advisory: Published. (in the words of northlight)
                      NL-1: It leaks
                      published by northlight
                      OPEN: affected, no fix yet
                      what to do: The publisher of the notice advises: Unplug it.

as of:        2026-05-04T12:00:00Z
state:        active
early end:    lab-scope-lost: No longer accredited. Audit.
advisory:     NL-1: It leaks
              published by northlight
              OPEN: affected, no fix yet
              what to do: The publisher of the notice advises: Unplug it.
valid until:  2026-11-04T12:00:00Z: the authority brought its expiry forward, for the reason in its history
`
	if got := string(p.Bytes()); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}

	// On a terminal the digest of an event is whole, and the instants have a column.
	lapse.Text = strings.Repeat("The audit found that tests were not made. ", 4)
	narrow := terminal.NewPage(terminal.HelpWidth)
	writeHistory(narrow, r)
	for line := range strings.Lines(string(narrow.Bytes())) {
		if len(line) > terminal.HelpWidth+1 {
			t.Errorf("too wide: %s", line)
		}
	}
	if got := string(narrow.Bytes()); !strings.Contains(got, "Z  1. ") || !strings.Contains(got, " "+lapse.GetCause().GetSha256()+"\n") {
		t.Errorf("on a terminal:\n%s", got)
	}
}

// TestSuccessorIsNamed says which label the last part of an answer is about.
func TestSuccessorIsNamed(t *testing.T) {
	var p terminal.Page
	writeChange(&p, &labelv1.ChangeLabelResponse{
		Status:    &labelv1.LabelStatus{Label: "K7QM4T2X9PWH", Number: 1, Action: labelv1.LabelAction_LABEL_ACTION_SUPERSEDE, Reason: "renewed", Text: "Anew."},
		Successor: &labelv1.LabelSummary{Id: "2F8RVD3N51XC"},
	})
	if got := string(p.Bytes()); !strings.Contains(got, "\n\nthe label that replaces it:\nlabel: ") {
		t.Errorf("got:\n%s", got)
	}
}

// TestValidUntil says the last day of a label as it will be, and not as it was signed,
// where its end was announced; unless something open puts that off.
func TestValidUntil(t *testing.T) {
	now := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	withdrawal := &label.Status{Action: label.Withdraw, Recorded: now, Effective: label.NewDate(2026, 7, 1).Start()}
	review := &label.Status{Action: label.Review, Recorded: now, Effective: now}
	for _, c := range []struct {
		scheduled, review *label.Status
		want, verdict     string
	}{
		{nil, nil, "2026-12-31: the longest term of the scheme", "and active as of 2026-05-04T12:00:00Z"},
		{withdrawal, nil, "2026-06-30: it is withdrawn then, as announced", "and active as of 2026-05-04T12:00:00Z; it ends after 2026-06-30"},
		{withdrawal, review, "2026-12-31: the longest term of the scheme", "and active as of 2026-05-04T12:00:00Z; UNDER REVIEW"},
	} {
		a := &standing{Standing: label.Standing{
			At: now, State: label.Active, Expires: label.NewDate(2027, 1, 1).Start(), ExpiresFor: label.BoundSchemeTerm, Scheduled: c.scheduled, Review: c.review,
		}}
		if got := a.validUntil(); got != c.want || verdict(a, time.Time{}) != c.verdict {
			t.Errorf("it says %q and %q, want %q and %q", got, verdict(a, time.Time{}), c.want, c.verdict)
		}
	}
}

// TestStateInShort has a list say what is open about a label, and nothing of one with
// nothing open.
func TestStateInShort(t *testing.T) {
	active, expired := labelv1.LabelState_LABEL_STATE_ACTIVE, labelv1.LabelState_LABEL_STATE_EXPIRED
	early := labelv1.ExpiryBound_EXPIRY_BOUND_GRACE_END
	for want, s := range map[string]*labelv1.LabelSummary{
		"active":                                   {State: active},
		"active, expiring soon":                    {State: active, ExpiringSoon: true},
		"active, under review":                     {State: active, UnderReview: true, Unsettled: true},
		"active, 1 security notice":                {State: active, Advisories: 1},
		"active, ends early":                       {State: active, ExpiresFor: early},
		"active, to end on 2027-03-01":             {State: active, AnnouncedEnd: timestamppb.New(time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC))},
		"SUSPENDED":                                {State: labelv1.LabelState_LABEL_STATE_SUSPENDED, Unsettled: true, Advisories: 2},
		"EXPIRED":                                  {State: expired, ExpiresFor: early, Advisories: 1},
		"EXPIRED, product on hold":                 {State: expired, Unsettled: true},
		"active, under review, 2 security notices": {State: active, UnderReview: true, Advisories: 2},
	} {
		if got := stateText(s); got != want {
			t.Errorf("%v is %q, want %q", s, got, want)
		}
	}
}

// TestListsNameTheEndThatIsKnown has a list and a summary name the last day before an
// announced end, and a time of day where the end comes within a day.
func TestListsNameTheEndThatIsKnown(t *testing.T) {
	march := time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC)
	active := labelv1.LabelState_LABEL_STATE_ACTIVE
	for want, s := range map[string]*labelv1.LabelSummary{
		"2028-10-17":           {State: active},
		"2027-02-28":           {State: active, AnnouncedEnd: timestamppb.New(march)},
		"2027-03-01T00:00:01Z": {State: active, AnnouncedEnd: timestamppb.New(march.Add(time.Second))},
		" 2028-10-17":          {State: active, AnnouncedEnd: timestamppb.New(march), UnderReview: true},
	} {
		s.Expires = timestamppb.New(time.Date(2028, 10, 18, 0, 0, 0, 0, time.UTC))
		p := new(terminal.Page)
		writeLabels(p, []*labelv1.LabelSummary{s})
		writeSummary(p, s)
		if n := strings.Count(string(p.Bytes()), strings.TrimSpace(want)); n != 2 {
			t.Errorf("%q stands there %d times:\n%s", want, n, p.Bytes())
		}
	}
}

// TestVerdictIsOfWhatIsKnown keeps a file that was fetched before a revocation from
// saying that the label is active now.
func TestVerdictIsOfWhatIsKnown(t *testing.T) {
	at := time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)
	known := at.Add(-27 * time.Second)
	for _, tc := range []struct {
		state label.State
		known time.Time
		want  string
	}{
		{label.Active, known, "as of 2026-05-04T11:59:33Z"},
		{label.Suspended, known, "as of 2026-05-04T11:59:33Z"},
		{label.Revoked, known, "as of 2026-05-04T12:00:00Z"}, // it stays so
		{label.Expired, known, "as of 2026-05-04T12:00:00Z"}, // by the clock alone
		{label.Active, at.Add(time.Hour), "as of 2026-05-04T12:00:00Z"},
	} {
		a := &standing{Standing: label.Standing{State: tc.state, At: at}}
		if got := verdict(a, tc.known); !strings.Contains(got, tc.want) {
			t.Errorf("%s, known until %s: %q, want %q", tc.state, tc.known, got, tc.want)
		}
	}
}
