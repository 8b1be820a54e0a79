package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
)

// A standing is a label's standing with what it takes to say it in words. Titles of
// reasons are in no signed statement, so that only the service knows them.
type standing struct {
	label.Standing
	statuses  []*label.Status
	titles    map[string]string // by reason code
	level     label.Level       // of the label
	successor label.State       // of the label that replaced it; empty if that is not known
}

// standingOf reads the service's answer about a label.
func standingOf(r *labelv1.VerifyResponse) *standing {
	a := &standing{titles: map[string]string{}}
	for _, s := range r.GetHistory() {
		a.statuses = append(a.statuses, statusOf(s))
		a.titles[s.GetReason()] = s.GetTitle()
	}
	s := r.GetSummary()
	a.level = levelIn(s)
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

// causeOf reads what a status follows from. A digest that is none is left out.
func causeOf(c *labelv1.StatusCause) label.Cause {
	sha256, _ := label.ParseDigest(c.GetSha256())
	return label.Cause{Kind: label.CauseKind(c.GetKind()), SHA256: sha256, Label: label.ID(c.GetLabel()), Number: int(c.GetNumber())}
}

// statusOf reads a status. It returns nil for nil.
func statusOf(s *labelv1.LabelStatus) *label.Status {
	if s == nil {
		return nil
	}
	out := &label.Status{
		Label: label.ID(s.GetLabel()), Number: int(s.GetNumber()), Action: actions.value(s.GetAction()), Reason: s.GetReason(), Text: s.GetText(),
		Recorded: s.GetRecorded().AsTime(), Effective: s.GetEffective().AsTime(), Cause: causeOf(s.GetCause()),
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

// rows are the standing in names and values. The first row is the state.
func (a *standing) rows() [][2]string {
	rows := [][2]string{{"state:", a.stateText()}, {"new label:", strings.Join(a.newLabel(), "; ")}, {"why:", a.why(a.Because)}, {"early end:", a.why(a.lapse())}}
	if a.Scheduled != nil {
		announced := changeText(a.Scheduled)
		if !a.Announced() {
			announced += ", postponed while anything is open"
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
func (a *standing) stateText() string {
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
		return "SUSPENDED since " + on + ": not valid for now"
	case label.Revoked:
		return "REVOKED on " + on + ": permanently, by the authority"
	case label.Withdrawn:
		return "WITHDRAWN on " + on + ": permanently, by the manufacturer"
	case label.Superseded:
		return "SUPERSEDED on " + on + ": replaced by " + successorText(a.Because)
	case label.Expired:
		return "EXPIRED: it was valid until " + lastDay(a.Expires) + ", " + bounds.text(a.ExpiresFor)
	case label.NotIssued:
		return "not issued yet"
	}
	return unknown(a.State)
}

// validUntil says on which day an active label ends, and what ends it.
func (a *standing) validUntil() string {
	why := bounds.text(a.ExpiresFor)
	if a.Announced() {
		why = "it is " + actions.text(a.Scheduled.Action) + " then, as announced"
	}
	return lastDay(a.Ends()) + ": " + why
}

// newLabel says what nobody would expect of the label that replaced this one or that is
// announced to: that it is about another product, that its level is lower, and that it
// is not active itself, which only the service knows.
func (a *standing) newLabel() (list []string) {
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
	if st.Successor.Below(a.level.Number) {
		lower := "of a LOWER CLASS"
		if a.level.Presentation != label.NamedClasses {
			lower = fmt.Sprintf("of a LOWER LEVEL, %d instead of %d", st.Successor.Level, a.level.Number)
		}
		list = append(list, lower)
	}
	if a.successor != "" && a.successor != label.Active {
		list = append(list, states.text(a.successor)+" itself")
	}
	return list
}

// lapse returns the status that brought a label's end forward to where it is now, or nil.
func (a *standing) lapse() *label.Status {
	i := slices.IndexFunc(a.statuses, func(s *label.Status) bool {
		return a.ExpiresFor == label.BoundGraceEnd && s.Action == label.Lapse && s.Effective.Equal(a.Expires) && !s.Recorded.After(a.At)
	})
	if i < 0 {
		return nil
	}
	return a.statuses[i]
}

// why returns the reason and the text of a status. It is empty for nil.
func (a *standing) why(s *label.Status) string {
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

// changeText says what a status has done to its label, or will do.
func changeText(s *label.Status) string {
	text := actions.text(s.Action)
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
		return "OPEN: under investigation"
	case a.Open() && a.Advice == label.AdviceNoFixPlanned:
		return "OPEN: affected, no fix planned"
	case a.Open():
		return "OPEN: affected, no fix yet"
	case a.FixedIn != "":
		return "you need version " + a.FixedIn + " or later"
	case a.State == "fixed":
		return "fixed in the product"
	}
	return unknown(a.State)
}

// instant writes an instant.
func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// lastDay returns the last day before an end at t, or t itself if t is not midnight.
func lastDay(t time.Time) string {
	if d, whole := label.LastDay(t, t.Add(-time.Nanosecond)); whole {
		return d.String()
	}
	return instant(t)
}
