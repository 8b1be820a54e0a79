package label_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

// in returns a history that has brought a label into a state, and an instant at
// which it is there.
func in(t *testing.T, state label.State) (*label.History, time.Time) {
	t.Helper()
	l := someLabel()
	h := &label.History{Label: l}
	at := l.Issued.Add(time.Hour)
	for _, a := range map[label.State][]label.Action{
		label.Suspended: {label.Suspend}, label.Revoked: {label.Revoke}, label.Withdrawn: {label.Withdraw}, label.Superseded: {label.Supersede},
	}[state] {
		happen(h, a, at, at)
	}
	switch state {
	case label.NotIssued:
		at = l.Issued.Add(-1)
	case label.Expired:
		at = l.Expires
	}
	if s := h.StandingAt(at); s.State != state {
		t.Fatalf("a label that should be %s is %s", state, s.State)
	}
	return h, at
}

// endedOnHold returns the history of a label that ended while something was open
// about it, and an instant after that.
func endedOnHold(t *testing.T, state label.State) (*label.History, time.Time) {
	t.Helper()
	l := someLabel()
	h := &label.History{Label: l}
	at := l.Issued.Add(time.Hour)
	switch state {
	case label.Revoked:
		happen(h, label.Revoke, at, at)
	case label.Expired:
		happen(h, label.Suspend, at, at)
		at = l.Expires
	}
	if s := h.StandingAt(at); s.State != state || len(s.Holds) == 0 {
		t.Fatalf("a label that should be %s and on hold is %s, on hold by %v", state, s.State, s.Holds)
	}
	return h, at
}

// someStatement is the digest of the signed label that histories are about.
var someStatement = label.DigestOf([]byte("label"))

// happen adds a status to a history.
func happen(h *label.History, a label.Action, recorded, effective time.Time) *label.Status {
	s := &label.Status{Label: h.Label.ID, SHA256: someStatement, Number: len(h.Statuses) + 1, Action: a, Reason: "resolved", Recorded: recorded, Effective: effective}
	switch a {
	case label.Advise:
		s.Advisory = &label.AdvisoryRef{ID: "NL-1"}
	case label.Supersede:
		s.Successor = &label.LabelLink{ID: "XYZ"}
	}
	h.Statuses = append(h.Statuses, s)
	return s
}

// TestStepsAreAsDrawn tries every action in every state, and holds the drawing
// in the comment of State to what happens. A review is under way where one is
// to be cleared.
func TestStepsAreAsDrawn(t *testing.T) {
	src, err := os.ReadFile("state.go")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^//\t(\S+)\s+-- (\S+)\s+--> (\S+)$`).FindAllStringSubmatch(string(src), -1) {
		drawn[fmt.Sprint(m[1], m[2], m[3])] = true
	}
	found := 0
	for _, state := range label.States {
		for _, a := range label.Actions {
			h, at := in(t, state)
			if a == label.Clear && state.Live() {
				happen(h, label.Review, at, at)
			}
			if a == label.Release && (state == label.Revoked || state == label.Expired) {
				h, at = endedOnHold(t, state)
			}
			before := h.StandingAt(at)
			next, err := before.Admit(a)
			if err != nil {
				if label.ReasonOf(err) != label.ReasonStep || label.KindOf(err) != label.Precondition {
					t.Errorf("%s %s: refused with %v", state, a, err)
				}
				for _, to := range label.States {
					if drawn[fmt.Sprint(state, a, to)] {
						t.Errorf("%s -- %s --> %s is drawn, and refused: %v", state, a, to, err)
					}
				}
				// What should not have been recorded changes nothing.
				if a != label.Advise {
					happen(h, a, at, at)
					if s := h.StandingAt(at); s.State != state {
						t.Errorf("%s: an impossible %s led to %s", state, a, s.State)
					}
				}
				continue
			}
			found++
			if !drawn[fmt.Sprint(state, a, next)] {
				t.Errorf("%s -- %s --> %s is not drawn", state, a, next)
			}
			effective := at
			if a == label.Lapse {
				effective = at.AddDate(0, 1, 0)
			}
			happen(h, a, at, effective)
			if s := h.StandingAt(at); s.State != next {
				t.Errorf("%s -- %s --> %s is admitted, and leads to %s", state, a, next, s.State)
			}
		}
	}
	if found != len(drawn) {
		t.Errorf("%d steps are possible, %d are drawn", found, len(drawn))
	}
}

// TestHold follows what is open about a label through every way in which
// somebody could want to be rid of it.
func TestHold(t *testing.T) {
	l := someLabel()
	at := func(n int) time.Time { return l.Issued.AddDate(0, 0, n) }
	type event struct {
		action        label.Action
		recorded, day int
	}
	for _, row := range []struct {
		name   string
		events []event
		holds  string // what put them
	}{
		{"nothing happened", nil, ""},
		{"suspended", []event{{label.Suspend, 1, 1}}, "suspend"},
		{"reinstated", []event{{label.Suspend, 1, 1}, {label.Reinstate, 2, 2}}, ""},
		{"reviewed", []event{{label.Review, 1, 1}}, "review"},
		{"cleared", []event{{label.Review, 1, 1}, {label.Clear, 2, 2}}, ""},
		{"suspended under review", []event{{label.Review, 1, 1}, {label.Suspend, 2, 2}}, "review suspend"},
		{"reinstated under review", []event{{label.Review, 1, 1}, {label.Suspend, 2, 2}, {label.Reinstate, 3, 3}}, "review"},
		{"cleared while suspended", []event{{label.Review, 1, 1}, {label.Suspend, 2, 2}, {label.Clear, 3, 3}}, "suspend"},
		{"suspended, then a review that is closed", []event{{label.Suspend, 1, 1}, {label.Review, 2, 2}, {label.Clear, 3, 3}}, "suspend"},
		{"revoked", []event{{label.Revoke, 1, 1}}, "revoke"},
		{"revoked and released", []event{{label.Revoke, 1, 1}, {label.Release, 2, 2}}, ""},
		{"withdrawal that was announced before the suspension", []event{{label.Withdraw, 1, 3}, {label.Suspend, 2, 2}}, "suspend"},
		{"superseded as was announced before the review", []event{{label.Supersede, 1, 3}, {label.Review, 2, 2}}, "review"},
		{"superseded under review, which the successor has", []event{{label.Review, 1, 1}, {label.Supersede, 2, 2}}, ""},
		{"withdrawn with nothing open", []event{{label.Withdraw, 1, 1}}, ""},
		{"a release that comes too early", []event{{label.Suspend, 1, 1}, {label.Release, 2, 2}}, "suspend"},
	} {
		h := &label.History{Label: l}
		for _, e := range row.events {
			happen(h, e.action, at(e.recorded), at(e.day))
		}
		// Waiting until the label has expired does not help.
		for _, when := range []time.Time{at(5), l.Expires.AddDate(1, 0, 0)} {
			var got []string
			for _, st := range h.StandingAt(when).Holds {
				got = append(got, string(st.Action))
			}
			if got := strings.Join(got, " "); got != row.holds {
				t.Errorf("%s, on %s: on hold by %q, want %q", row.name, when, got, row.holds)
			}
		}
	}
}

func TestStanding(t *testing.T) {
	l := someLabel()
	day := func(n int) time.Time { return l.Issued.AddDate(0, 0, n) }
	type event struct {
		action        label.Action
		recorded, day int
	}
	for _, row := range []struct {
		name   string
		events []event
		at     int
		want   label.State
		check  func(label.Standing) bool
	}{
		{"nothing", nil, 1, label.Active, func(s label.Standing) bool { return s.Because == nil && s.Expires.Equal(l.Expires) }},
		{"before the suspension", []event{{label.Suspend, 2, 2}}, 1, label.Active, nil},
		{"suspended", []event{{label.Suspend, 2, 2}}, 2, label.Suspended, func(s label.Standing) bool { return s.Because.Number == 1 }},
		{"reinstated", []event{{label.Suspend, 2, 2}, {label.Reinstate, 3, 3}}, 4, label.Active, func(s label.Standing) bool { return s.Because == nil }},
		{"suspended then, reinstated now", []event{{label.Suspend, 2, 2}, {label.Reinstate, 5, 5}}, 4, label.Suspended, nil},
		{"withdrawal announced", []event{{label.Withdraw, 1, 9}}, 5, label.Active, func(s label.Standing) bool { return s.Scheduled.Number == 1 }},
		{"withdrawal not yet known", []event{{label.Withdraw, 3, 9}}, 2, label.Active, func(s label.Standing) bool { return s.Scheduled == nil }},
		{"withdrawal come", []event{{label.Withdraw, 1, 9}}, 9, label.Withdrawn, func(s label.Standing) bool { return s.Scheduled == nil }},
		{"withdrawal of a suspended label", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}}, 9, label.Suspended, func(s label.Standing) bool { return s.PutOff() && s.Because.Number == 2 }},
		{"its day has not come", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}}, 8, label.Suspended, func(s label.Standing) bool { return s.Scheduled.Number == 1 && !s.PutOff() }},
		{"reinstated before it comes", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}, {label.Reinstate, 3, 3}}, 8, label.Active, func(s label.Standing) bool { return s.Scheduled.Number == 1 }},
		{"reinstated after it would have come", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}, {label.Reinstate, 10, 10}}, 10, label.Withdrawn, func(s label.Standing) bool {
			return s.Because.Number == 1 && s.Scheduled == nil && len(s.Holds) == 0
		}},
		{"withdrawal under review", []event{{label.Withdraw, 1, 9}, {label.Review, 2, 2}}, 9, label.Active, func(s label.Standing) bool { return s.PutOff() && s.Review != nil }},
		{"cleared after it would have come", []event{{label.Withdraw, 1, 9}, {label.Review, 2, 2}, {label.Clear, 10, 10}}, 10, label.Withdrawn, nil},
		{"one of two is settled", []event{{label.Withdraw, 1, 9}, {label.Review, 2, 2}, {label.Suspend, 3, 3}, {label.Reinstate, 10, 10}}, 10, label.Active, func(s label.Standing) bool { return s.PutOff() && s.Review != nil }},
		{"and the other", []event{{label.Withdraw, 1, 9}, {label.Review, 2, 2}, {label.Suspend, 3, 3}, {label.Reinstate, 10, 10}, {label.Clear, 11, 11}}, 11, label.Withdrawn, nil},
		{"suspended again after it would have come", []event{{label.Withdraw, 1, 9}, {label.Review, 2, 2}, {label.Suspend, 10, 10}, {label.Clear, 11, 11}}, 12, label.Suspended, func(s label.Standing) bool { return s.PutOff() }},
		{"revoked instead", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}, {label.Revoke, 10, 10}}, 10, label.Revoked, func(s label.Standing) bool { return s.Scheduled == nil }},
		{"its own end comes first", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}, {label.Lapse, 3, 12}, {label.Reinstate, 13, 13}}, 13, label.Expired, func(s label.Standing) bool { return s.Scheduled == nil && len(s.Holds) == 1 }},
		{"revoked before the withdrawal", []event{{label.Withdraw, 1, 9}, {label.Revoke, 2, 2}}, 9, label.Revoked, func(s label.Standing) bool { return s.Because.Number == 2 }},
		{"revoked, withdrawal still to come", []event{{label.Withdraw, 1, 9}, {label.Revoke, 2, 2}}, 3, label.Revoked, func(s label.Standing) bool { return s.Scheduled == nil }},
		{"supersession of a suspended label", []event{{label.Supersede, 1, 9}, {label.Suspend, 2, 2}}, 9, label.Suspended, func(s label.Standing) bool { return s.PutOff() }},
		{"it comes with the reinstatement", []event{{label.Supersede, 1, 9}, {label.Suspend, 2, 2}, {label.Reinstate, 10, 10}}, 10, label.Superseded, func(s label.Standing) bool { return s.Because.Successor != nil }},
		{"lapse announced", []event{{label.Lapse, 1, 9}}, 5, label.Active, func(s label.Standing) bool {
			return s.Expires.Equal(day(9)) && s.ExpiresFor == label.BoundGraceEnd && s.Soon
		}},
		{"lapse not yet known", []event{{label.Lapse, 3, 9}}, 2, label.Active, func(s label.Standing) bool { return s.Expires.Equal(l.Expires) && s.ExpiresFor == l.ExpiresFor }},
		{"lapsed", []event{{label.Lapse, 1, 9}}, 9, label.Expired, func(s label.Standing) bool { return s.Because == nil }},
		{"a later lapse", []event{{label.Lapse, 1, 9}, {label.Lapse, 2, 12}}, 9, label.Expired, nil},
		{"suspension after the lapse", []event{{label.Lapse, 1, 9}, {label.Suspend, 10, 10}}, 11, label.Expired, nil},
		{"withdrawal after the lapse", []event{{label.Withdraw, 1, 12}, {label.Lapse, 2, 9}}, 3, label.Active, func(s label.Standing) bool { return s.Scheduled == nil }},
		{"review", []event{{label.Review, 1, 1}}, 2, label.Active, func(s label.Standing) bool { return s.Review.Number == 1 }},
		{"review and suspension", []event{{label.Review, 1, 1}, {label.Suspend, 2, 2}}, 2, label.Suspended, func(s label.Standing) bool { return s.Review.Number == 1 }},
		{"review cleared", []event{{label.Review, 1, 1}, {label.Clear, 2, 2}}, 2, label.Active, func(s label.Standing) bool { return s.Review == nil }},
		{"review of a revoked label", []event{{label.Review, 1, 1}, {label.Revoke, 2, 2}}, 2, label.Revoked, func(s label.Standing) bool { return s.Review == nil }},
		{"advisory", []event{{label.Advise, 1, 1}, {label.Advise, 2, 2}}, 3, label.Active, func(s label.Standing) bool { return len(s.Advisories) == 1 && s.Advisories[0].Number == 2 }},
		{"advisory after the end", []event{{label.Revoke, 1, 1}, {label.Advise, 2, 2}}, 3, label.Revoked, func(s label.Standing) bool { return len(s.Advisories) == 1 }},
	} {
		h := &label.History{Label: l}
		for _, e := range row.events {
			happen(h, e.action, day(e.recorded), day(e.day))
		}
		s := h.StandingAt(day(row.at))
		if s.State != row.want || row.check != nil && !row.check(s) {
			t.Errorf("%s: %+v", row.name, s)
		}
	}
}

// TestEnds asks of a label from when on it does not count: that is when it was ended, or
// will be as was announced, as long as nothing puts that off, and not when its time is up.
func TestEnds(t *testing.T) {
	l := someLabel()
	day := func(n int) time.Time { return l.Issued.AddDate(0, 0, n) }
	type event struct {
		action        label.Action
		recorded, day int
	}
	for _, row := range []struct {
		name   string
		events []event
		at     int
		want   time.Time
	}{
		{"nothing", nil, 1, l.Expires},
		{"suspended", []event{{label.Suspend, 2, 2}}, 3, l.Expires},
		{"revoked", []event{{label.Revoke, 2, 2}}, 3, day(2)},
		{"withdrawn", []event{{label.Withdraw, 2, 2}}, 3, day(2)},
		{"superseded", []event{{label.Supersede, 2, 2}}, 3, day(2)},
		{"withdrawal announced", []event{{label.Withdraw, 1, 9}}, 5, day(9)},
		{"and put off", []event{{label.Withdraw, 1, 9}, {label.Review, 2, 2}}, 5, l.Expires},
		{"and suspended", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}}, 5, l.Expires},
		{"and reinstated", []event{{label.Withdraw, 1, 9}, {label.Suspend, 2, 2}, {label.Reinstate, 3, 3}}, 5, day(9)},
		{"not yet known", []event{{label.Withdraw, 3, 9}}, 2, l.Expires},
		{"brought forward", []event{{label.Lapse, 1, 9}}, 5, day(9)},
		{"brought forward, and withdrawn before that", []event{{label.Lapse, 1, 9}, {label.Withdraw, 2, 7}}, 5, day(7)},
		{"brought forward to before the withdrawal", []event{{label.Withdraw, 1, 9}, {label.Lapse, 2, 7}}, 5, day(7)},
	} {
		h := &label.History{Label: l}
		for _, e := range row.events {
			happen(h, e.action, day(e.recorded), day(e.day))
		}
		s := h.StandingAt(day(row.at))
		if !s.Ends().Equal(row.want) {
			t.Errorf("%s: it ends on %s, want %s", row.name, s.Ends(), row.want)
		}
		if brought := s.Expires.Before(l.Expires); brought != (s.Lapse != nil) || brought && !s.Lapse.Effective.Equal(s.Expires) {
			t.Errorf("%s: the end was brought forward by %+v", row.name, s.Lapse)
		}
	}
}

// TestChangesAreForeseen walks random histories instant by instant: between
// what was recorded, a standing changes only when NextChange said it would, and
// whatever was admitted has the effect that was told.
func TestChangesAreForeseen(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 300 {
		l := someLabel()
		l.Expires = l.Issued.AddDate(0, 0, 100)
		l.Product.SupportEnd = label.DateOf(l.Issued.AddDate(0, 0, rng.IntN(150)))
		h := &label.History{Label: l}
		at := l.Issued
		for range 12 {
			s := h.StandingAt(at)
			a := label.Actions[rng.IntN(len(label.Actions))]
			effective := at
			if a.Later() {
				effective = at.AddDate(0, 0, rng.IntN(40))
			}
			if next, err := s.Admit(a); err == nil && (effective.Before(s.Expires) || a == label.Advise) {
				happen(h, a, at, effective)
				after := h.StandingAt(effective)
				if effective.Equal(at) && a != label.Lapse && after.State != next {
					t.Fatalf("%s of %s led to %s, not to %s", a, s.State, after.State, next)
				}
			}
			if err := label.CheckHistory(l, someStatement, h.Statuses); err != nil {
				t.Fatal(err)
			}
			next := h.NextChange(at)
			later := at.Add(time.Duration(1+rng.IntN(20*24)) * time.Hour)
			now, then := h.StandingAt(at), h.StandingAt(later)
			if next.IsZero() || later.Before(next) {
				if now.At, then.At = (time.Time{}), (time.Time{}); fmt.Sprint(now) != fmt.Sprint(then) {
					t.Fatalf("from %s to %s, next change %s:\n%+v\n%+v", at, later, next, now, then)
				}
			}
			at = later
		}
	}
}

func TestCheckHistory(t *testing.T) {
	for name, c := range map[string]struct {
		damage func([]*label.Status) []*label.Status
		reason label.Reason
	}{
		"a gap":    {func(l []*label.Status) []*label.Status { return slices.Delete(l, 1, 2) }, label.ReasonMissing},
		"no first": {func(l []*label.Status) []*label.Status { return l[1:] }, label.ReasonMissing},
		"another statement of the label": {func(l []*label.Status) []*label.Status {
			l[1].SHA256 = label.DigestOf([]byte("issued anew"))
			return l
		}, label.ReasonUnknownSubject},
		"another label": {func(l []*label.Status) []*label.Status { l[1].Label = "X"; return l }, label.ReasonUnknownSubject},
		"the second before the label": {func(l []*label.Status) []*label.Status {
			l[1].Recorded = someLabel().Issued.Add(-time.Second)
			return l
		}, label.ReasonOutOfRange},
		"before the label": {func(l []*label.Status) []*label.Status { l[0].Recorded = time.Time{}; return l }, label.ReasonOutOfRange},
	} {
		h := &label.History{Label: someLabel()}
		for i, a := range []label.Action{label.Suspend, label.Reinstate, label.Withdraw} {
			at := h.Label.Issued.AddDate(0, 0, i)
			happen(h, a, at, at)
		}
		if err := label.CheckHistory(h.Label, someStatement, h.Statuses); err != nil {
			t.Fatal(err)
		}
		if err := label.CheckHistory(h.Label, someStatement, c.damage(h.Statuses)); label.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestClockThatWasAhead records something a year ahead of the right time, as a
// clock that has jumped does, and then goes on by the right clock: what fell
// stays down, before and after anything else is recorded, and nothing of it was
// known before it happened.
func TestClockThatWasAhead(t *testing.T) {
	l := someLabel()
	day := func(n int) time.Time { return l.Issued.AddDate(0, 0, n) }
	ahead, repaired := day(370), day(5)
	for _, row := range []struct {
		name  string
		steps []label.Action // the first is recorded ahead, the others on days 6, 7, …
		want  label.State    // on day 20
	}{
		{"revoked", []label.Action{label.Revoke}, label.Revoked},
		{"revoked, then reinstated", []label.Action{label.Revoke, label.Reinstate}, label.Revoked},
		{"revoked, then advised", []label.Action{label.Revoke, label.Advise}, label.Revoked},
		{"suspended", []label.Action{label.Suspend}, label.Suspended},
		{"suspended, then under review", []label.Action{label.Suspend, label.Review}, label.Suspended},
		{"suspended, then reinstated", []label.Action{label.Suspend, label.Reinstate}, label.Active},
		{"suspended, then revoked", []label.Action{label.Suspend, label.Revoke}, label.Revoked},
		{"withdrawn", []label.Action{label.Withdraw}, label.Withdrawn},
	} {
		h := &label.History{Label: l, Seen: repaired}
		for i, a := range row.steps {
			at := ahead
			if i > 0 {
				at = day(5 + i)
			}
			happen(h, a, at, at)
		}
		if err := label.CheckHistory(l, someStatement, h.Statuses); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if s := h.StandingAt(day(20)); s.State != row.want {
			t.Errorf("%s: is %s", row.name, s.State)
		}
		if s := h.StandingAt(day(4)); s.State != label.Active {
			t.Errorf("%s: on the day before the clock was put right it is %s", row.name, s.State)
		}
		if h.Seen = (time.Time{}); len(row.steps) > 1 { // what follows tells as well
			if s := h.StandingAt(day(20)); s.State != row.want {
				t.Errorf("%s: by its numbers it is %s", row.name, s.State)
			}
		}
	}
}

// TestRequests holds what a statement says of who asked for it to its rules.
func TestRequests(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]label.RequestRef) []label.RequestRef
		kind   label.Kind
		reason label.Reason
		field  string
	}{
		"no organization": {func(l []label.RequestRef) []label.RequestRef { l[1].Organization = ""; return l }, label.Invalid, label.ReasonMissing, "requests[1].organization"},
		"no key":          {func(l []label.RequestRef) []label.RequestRef { l[0].Key = ""; return l }, label.Invalid, label.ReasonMissing, "requests[0].key"},
		"a short key":     {func(l []label.RequestRef) []label.RequestRef { l[0].Key = l[0].Key[1:]; return l }, label.Invalid, label.ReasonMalformed, "requests[0].key"},
		"no statement":    {func(l []label.RequestRef) []label.RequestRef { l[1].SHA256 = label.Digest{}; return l }, label.Invalid, label.ReasonMissing, "requests[1].sha256"},
		"one twice":       {func(l []label.RequestRef) []label.RequestRef { return append(l, l[0]) }, label.Invalid, label.ReasonExists, "requests[2]"},
		"too many":        {func(l []label.RequestRef) []label.RequestRef { return repeat(label.MaxStatusRequests+1, l[0]) }, label.TooLarge, label.ReasonTooLarge, "requests"},
	} {
		t.Run(name, func(t *testing.T) {
			wantRefusal(t, label.CheckRequests("requests", c.change(requests())), c.kind, c.reason, c.field)
		})
	}
	if err := label.CheckRequests("requests", requests()); err != nil {
		t.Error(err)
	}
}
