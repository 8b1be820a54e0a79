package label

import (
	"slices"
	"time"
)

// A State is where a label stands at an instant.
//
// Statements move a label along these steps and no others; a test holds the
// drawing. Expired follows from time alone. Revoked, withdrawn and superseded
// are final.
//
//	not-issued
//	active      -- suspend   --> suspended
//	active      -- revoke    --> revoked
//	active      -- withdraw  --> withdrawn
//	active      -- supersede --> superseded
//	active      -- lapse     --> active
//	active      -- review    --> active
//	active      -- clear     --> active
//	active      -- advise    --> active
//	suspended   -- reinstate --> active
//	suspended   -- revoke    --> revoked
//	suspended   -- lapse     --> suspended
//	suspended   -- review    --> suspended
//	suspended   -- clear     --> suspended
//	suspended   -- advise    --> suspended
//	expired     -- advise    --> expired
//	revoked     -- advise    --> revoked
//	withdrawn   -- advise    --> withdrawn
//	superseded  -- advise    --> superseded
//	expired     -- release   --> expired
//	revoked     -- release   --> revoked
//
// # Holds
//
// A suspension, a revocation and a review put a hold on the product, and not
// only on the label: [Standing.Holds] has the statements that did, until others
// settle them. Reinstating settles a suspension, and clearing a review. Where
// the label has ended meanwhile, releasing settles what is left open. So a hold
// outlives the label: a suspended label that expires, or that is withdrawn on a
// day that was announced before, leaves the hold behind. What a hold stops is
// the business of package authority.
//
// A label that is suspended or under review is not withdrawn, and a suspended
// one is not superseded: neither giving a label up nor renewing it must be a way
// around an investigation. An end that was announced before still comes. A label
// under review that is superseded hands its review on to its successor, which
// has it from its first moment; then the hold is the successor's.
type State string

const (
	NotIssued  State = "not-issued" // asked of an instant before the label was issued
	Active     State = "active"
	Suspended  State = "suspended"
	Revoked    State = "revoked"
	Withdrawn  State = "withdrawn"
	Superseded State = "superseded"
	Expired    State = "expired"
)

// Live reports whether the label stands, if only for the time being not: a
// device has one such label in a scheme.
func (s State) Live() bool { return s == Active || s == Suspended }

// States lists the states.
var States = []State{NotIssued, Active, Suspended, Revoked, Withdrawn, Superseded, Expired}

// Final reports whether nothing leads out of the state.
func (s State) Final() bool { return s == Revoked || s == Withdrawn || s == Superseded }

var (
	aside = map[Action]State{Lapse: "", Review: "", Clear: "", Advise: ""} // leave the state as it is

	// steps is the drawing above, but for what leaves the state as it is.
	steps = map[State]map[Action]State{
		Active:    {Suspend: Suspended, Revoke: Revoked, Withdraw: Withdrawn, Supersede: Superseded},
		Suspended: {Reinstate: Active, Revoke: Revoked},
	}
)

// Admit returns the state that an action leads to, or why it is impossible.
func (s *Standing) Admit(a Action) (State, error) {
	no := func(format string, args ...any) (State, error) {
		return "", Errorf(Precondition, ReasonStep, "action", format, args...)
	}
	if a == Advise && s.State != NotIssued {
		return s.State, nil
	}
	if a == Release {
		switch {
		case len(s.Holds) == 0:
			return no("nothing is open about the label that could be settled")
		case s.State.Live():
			return no("the label still stands: reinstate it to end its suspension, or clear it to end its review")
		}
		return s.State, nil
	}
	switch {
	case s.State == Expired:
		return no("the label expired at %s and nothing is left to %s", s.Expires.UTC().Format(time.RFC3339), a)
	case s.State.Final():
		return no("the label is %s, which is final", s.State)
	case s.State == Suspended && a == Supersede:
		return no("the label is suspended and cannot be renewed or give its place to another before the suspension is settled")
	case s.State == Suspended && a == Withdraw:
		return no("the label is suspended and cannot be withdrawn before the suspension is settled")
	case s.Review != nil && a == Withdraw:
		return no("the label is under review and cannot be withdrawn before the review is closed")
	case a == Suspend && s.State == Suspended:
		return no("the label is suspended already")
	case a == Reinstate && s.State == Active:
		return no("the label is not suspended")
	case a == Review && s.Review != nil:
		return no("the label is under review already")
	case a == Clear && s.Review == nil:
		return no("the label is not under review")
	case s.Scheduled != nil && (a == Withdraw || a == Supersede):
		return no("the label will be %s on %s, as was announced, and no other end takes the place of that", steps[Active][s.Scheduled.Action], s.Scheduled.Effective.Format(time.DateOnly))
	case s.PutOff() && (a == Reinstate && s.Review == nil || a == Clear && s.State == Active):
		return steps[Active][s.Scheduled.Action], nil
	}
	if _, ok := aside[a]; ok && s.State != NotIssued {
		return s.State, nil
	}
	next, ok := steps[s.State][a]
	if !ok {
		return no("a label that is %s cannot be changed by %q", s.State, a)
	}
	return next, nil
}

// ExpiringSoon is how long before its end a label is said to expire soon.
const ExpiringSoon = 60 * 24 * time.Hour

// A SupportState says whether the manufacturer still promises security updates.
type SupportState string

const (
	Supported    SupportState = "supported"
	SupportEnded SupportState = "ended"
)

// SupportAt returns where security support stands at t.
func (l *Label) SupportAt(t time.Time) SupportState {
	if !t.Before(l.Product.SupportEnd.End()) {
		return SupportEnded
	}
	return Supported
}

// CheckHistory reports whether statements are the beginning of one label's
// history: numbers without gaps, and none recorded before the label was issued.
// Times need not be in order: a clock that had jumped ahead may have recorded
// what precedes, and a label must be open to changes after the clock was put
// right. What such times mean says [History.StandingAt].
func CheckHistory(l *Label, statement Digest, statuses []*Status) error {
	for i, s := range statuses {
		if err := CheckNext(l, statement, i+1, s); err != nil {
			return Within(index("statuses", i), err)
		}
	}
	return nil
}

// CheckNext reports whether a statement can have a number in the history of a label,
// whose signed statement has a digest. Another label of the same ID has another one:
// statuses of [TypeStatusV1], which name none, are of whichever label has the ID.
func CheckNext(l *Label, statement Digest, number int, s *Status) error {
	switch {
	case s.Label == l.ID && !s.SHA256.IsZero() && s.SHA256 != statement:
		return Errorf(Invalid, ReasonUnknownSubject, "", "is about another statement of label %s, %s, and not about %s", s.Label.Pretty(), s.SHA256, statement)
	case s.Label != l.ID:
		return Errorf(Invalid, ReasonUnknownSubject, "", "is about label %s", s.Label.Pretty())
	case s.Number != number:
		return Errorf(Invalid, ReasonMissing, "", "has number %d in the history, %d is missing", s.Number, number)
	case s.Recorded.Before(l.Issued):
		return Errorf(Invalid, ReasonOutOfRange, "", "was recorded before the label was issued")
	}
	return nil
}

// Find returns the statement of a history that a cause led to, or nil.
func Find(statuses []*Status, cause Cause, a Action) *Status {
	i := slices.IndexFunc(statuses, func(s *Status) bool { return s.Cause == cause && s.Action == a })
	if i < 0 {
		return nil
	}
	return statuses[i]
}
