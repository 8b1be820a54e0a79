package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
)

// An account is how a label stands and how that came about, for people. Only
// the service knows titles of reasons; they are in no signed statement.
type account struct {
	label.Standing
	statuses  []*label.Status
	titles    map[string]string // by reason code
	level     int               // of the label
	successor label.State       // how the label in its place stands itself; empty where that is not known
}

// accountOf reads the service's answer about a label.
func accountOf(r *labelv1.VerifyResponse) *account {
	a := &account{titles: map[string]string{}}
	for _, s := range r.GetHistory() {
		a.statuses = append(a.statuses, statusOf(s))
		a.titles[s.GetReason()] = s.GetTitle()
	}
	s := r.GetSummary()
	a.level = int(s.GetLevel())
	if next := r.GetSuccessor(); next != nil {
		a.successor = states.value(next.GetState())
	}
	a.Standing = label.Standing{
		At: r.GetAt().AsTime(), State: states.value(s.GetState()), Because: statusOf(r.GetBecause()),
		Expires: s.GetExpires().AsTime(), ExpiresFor: bounds.value(s.GetExpiresFor()), Soon: s.GetExpiringSoon(),
		Review: statusOf(r.GetReview()), Scheduled: statusOf(r.GetScheduled()),
	}
	for _, s := range r.GetAdvisories() {
		a.Advisories = append(a.Advisories, statusOf(s))
	}
	return a
}

// statusOf reads a status; nil stays nil.
func statusOf(s *labelv1.LabelStatus) *label.Status {
	if s == nil {
		return nil
	}
	out := &label.Status{
		Label: label.ID(s.GetLabel()), Number: int(s.GetNumber()), Action: actions.value(s.GetAction()), Reason: s.GetReason(), Text: s.GetText(),
		Recorded: s.GetRecorded().AsTime(), Effective: s.GetEffective().AsTime(), Cause: s.GetCause(),
	}
	if by := s.GetAuthor(); by != "" {
		out.Requests = []label.RequestRef{{Organization: by}}
	}
	if s.GetSuccessor() != "" {
		out.Successor = &label.LabelLink{
			ID: label.ID(s.GetSuccessor()), URL: s.GetSuccessorUrl(), Level: int(s.GetSuccessorLevel()), OtherProduct: s.GetSuccessorOtherProduct(),
		}
	}
	if a := s.GetAdvisory(); a != nil {
		out.Advisory = &label.AdvisoryRef{
			ID: a.GetId(), Version: a.GetVersion(), Title: a.GetTitle(), URL: a.GetUrl(), Issues: a.GetIssues(), More: int(a.GetMoreIssues()),
			Severity: a.GetSeverity(), State: a.GetState(), FixedIn: a.GetFixedIn(),
			Advice: label.Advice(a.GetAdvice()), Words: a.GetWords(), Language: a.GetLanguage(),
		}
	}
	return out
}

// rows are the standing in names and values: the state first, then what is to
// be said about it.
func (a *account) rows() [][2]string {
	rows := [][2]string{{"state:", a.stateText()}, {"new label:", strings.Join(a.newLabel(), "; ")}, {"why:", a.why(a.Because)}, {"early end:", a.why(a.lapse())}}
	if a.Scheduled != nil {
		announced := happened(a.Scheduled)
		if !a.Announced() {
			announced += ", put off while anything is open"
		}
		rows = append(rows, [2]string{"announced:", announced + ": " + a.why(a.Scheduled)})
	}
	if a.Review != nil {
		rows = append(rows, [2]string{"under review:", "since " + instant(a.Review.Effective) + ": " + a.why(a.Review)})
	}
	for _, s := range a.Advisories {
		rows = append(rows, advisoryRows(s)...)
	}
	return rows
}

// stateText says how a label stands.
func (a *account) stateText() string {
	on := ""
	if a.Because != nil {
		on = instant(a.Because.Effective)
	}
	switch a.State {
	case label.Active:
		if a.Soon {
			return "active, expiring soon: on " + lastDay(a.Ends())
		}
		return "active"
	case label.Suspended:
		return "SUSPENDED since " + on + ": for the time being it does not count"
	case label.Revoked:
		return "REVOKED on " + on + ": the authority took it back for ever"
	case label.Withdrawn:
		return "WITHDRAWN on " + on + ": the manufacturer gave it up for ever"
	case label.Superseded:
		return "SUPERSEDED on " + on + ": " + successorText(a.Because) + " takes its place"
	case label.Expired:
		return "EXPIRED: it was valid until " + lastDay(a.Expires) + ", " + bounds.say(a.ExpiresFor)
	case label.NotIssued:
		return "not issued yet"
	}
	return unknown(a.State)
}

// validUntil says which is the last day of a label that counts, and what ends it then:
// what was announced, where that comes first.
func (a *account) validUntil() string {
	why := bounds.say(a.ExpiresFor)
	if a.Announced() {
		why = "it is " + actions.say(a.Scheduled.Action) + " then, as was announced"
	}
	return lastDay(a.Ends()) + ": " + why
}

// newLabel says of the label in the place of this one, or that is announced to be, what
// nobody would expect: that it is about another product, that its level is lower, and
// that it does not count itself. Only the service knows the last.
func (a *account) newLabel() (list []string) {
	st := a.Scheduled
	if a.State == label.Superseded {
		st = a.Because
	}
	if st == nil || st.Successor == nil {
		return nil
	}
	if st.Successor.OtherProduct {
		list = append(list, "about ANOTHER PRODUCT, and says nothing about this one")
	}
	if st.Successor.Below(a.level) {
		list = append(list, fmt.Sprintf("of a LOWER LEVEL, %d instead of %d", st.Successor.Level, a.level))
	}
	if a.successor != "" && a.successor != label.Active {
		list = append(list, states.say(a.successor)+" itself")
	}
	return list
}

// lapse returns what brought a label's end forward to where it is, or nil.
func (a *account) lapse() *label.Status {
	i := slices.IndexFunc(a.statuses, func(s *label.Status) bool {
		return a.ExpiresFor == label.BoundGraceEnd && s.Action == label.Lapse && s.Effective.Equal(a.Expires) && !s.Recorded.After(a.At)
	})
	if i < 0 {
		return nil
	}
	return a.statuses[i]
}

// why says why a status came about; nothing for nil.
func (a *account) why(s *label.Status) string {
	if s == nil {
		return ""
	}
	text := s.Reason + ": "
	if title := a.titles[s.Reason]; title != "" {
		text += title + " "
	}
	if by := s.Author(); by != "" {
		return text + s.Text + " (in the words of " + by + ")"
	}
	return text + s.Text
}

// happened says what a status did to its label, or will do.
func happened(s *label.Status) string {
	text := actions.say(s.Action)
	if s.Successor != nil {
		text += " by " + successorText(s)
	}
	if s.Advisory != nil {
		text += " " + s.Advisory.ID
	}
	if s.Effective.After(s.Recorded) {
		text = "to be " + text + " on " + instant(s.Effective)
	}
	return text
}

// successorText names the label that took the place of another.
func successorText(s *label.Status) string {
	if s == nil || s.Successor == nil {
		return "another label"
	}
	return s.Successor.ID.Pretty() + " (" + s.Successor.URL + ")"
}

// advisoryRows say what an advisory means, who published it, and what to do about it.
func advisoryRows(s *label.Status) [][2]string {
	a := s.Advisory
	about := []string{a.ID}
	if a.Severity != "" {
		about = append(about, a.Severity)
	}
	text := strings.Join(append(about, a.Issues...), ", ")
	if a.More > 0 {
		text += fmt.Sprintf(" and %d more", a.More)
	}
	if a.Title != "" {
		text += ": " + a.Title
	}
	rows := [][2]string{{"advisory:", text}, {"", "published by " + s.Author()}, {"", advisoryState(a)}}
	if do := a.InEnglish(); do != "" {
		rows = append(rows, [2]string{"", "what to do: " + do})
	}
	return append(rows, [2]string{"", a.URL})
}

func advisoryState(a *label.AdvisoryRef) string {
	switch {
	case !a.Concerns():
		return "not affected"
	case a.State == "under-investigation":
		return "OPEN: whether the product is affected is being found out"
	case a.Open() && a.Advice == label.AdviceNoFixPlanned:
		return "OPEN: affected, and no fix will come"
	case a.Open():
		return "OPEN: affected, and no fix yet"
	case a.FixedIn != "":
		return "you need version " + a.FixedIn + " or later"
	case a.State == "fixed":
		return "fixed in the product"
	}
	return unknown(a.State)
}

// instant writes an instant.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lastDay is the last day on which something that ends at t still holds, or t where that
// is within a day.
func lastDay(t time.Time) string {
	if d, whole := label.LastDay(t, t.Add(-time.Nanosecond)); whole {
		return d.String()
	}
	return instant(t)
}
