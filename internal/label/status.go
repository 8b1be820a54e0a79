package label

import (
	"cmp"
	"slices"
	"time"
)

// An Action is what a status statement does to a label.
type Action string

const (
	Suspend   Action = "suspend"   // for the time being the label does not count
	Reinstate Action = "reinstate" // a suspension ends
	Revoke    Action = "revoke"    // the authority takes the label back for ever
	Withdraw  Action = "withdraw"  // the manufacturer gives the label up for ever
	Supersede Action = "supersede" // another label takes its place
	Lapse     Action = "lapse"     // the label ends earlier than it says
	Review    Action = "review"    // the authority looks into the label, which counts meanwhile
	Clear     Action = "clear"     // a review ends without consequence
	Advise    Action = "advise"    // an advisory about the product, or a newer version of one
	Release   Action = "release"   // a hold that outlived the label ends
)

// Actions lists the actions.
var Actions = []Action{Suspend, Reinstate, Revoke, Withdraw, Supersede, Lapse, Review, Clear, Advise, Release}

// Later reports whether an action may be said to take effect at a future time:
// those that only announce an end. What protects people takes effect at once.
func (a Action) Later() bool { return a == Withdraw || a == Supersede || a == Lapse }

// A Status is one thing that happened to a label after it was issued. Predicate
// of [TypeStatus], signed by the authority, about the label's device; public
// and logged.
type Status struct {
	Label     ID         `json:"label"`
	SHA256    Digest     `json:"sha256"` // of the signed label; zero in those of [TypeStatusV1]
	Number    int        `json:"number"` // 1, 2, … in the label's history, without gaps
	Action    Action     `json:"action"`
	Reason    string     `json:"reason"`             // code from the published list
	Text      string     `json:"text"`               // what happened, in plain words
	Language  string     `json:"language,omitempty"` // of the text; English where absent
	Recorded  time.Time  `json:"recorded"`
	Effective time.Time  `json:"effective"` // Recorded or, for some actions, later
	Authority Party      `json:"authority"`
	Successor *LabelLink `json:"successor,omitempty"` // of a superseded label

	// New names evidence that the successor of a renewed label rests on and the
	// label did not; none where the judgement changed on the same evidence. The
	// successor says more of each.
	New []Digest `json:"new,omitempty"`

	Advisory *AdvisoryRef `json:"advisory,omitempty"` // of an advise
	Cause    Cause        `json:"cause,omitzero"`     // what it follows from, where nobody asked for it
	Requests []RequestRef `json:"requests,omitempty"` // who asked for it, each with a signature
}

// A LabelLink leads to the label that takes the place of another, and says what
// somebody has to know who holds the product of that other.
type LabelLink struct {
	ID           ID     `json:"id"`
	SHA256       Digest `json:"sha256,omitzero"` // of the signed label; zero in statuses of [TypeStatusV1]
	URL          string `json:"url"`
	Level        int    `json:"level,omitzero"`        // of the label that it leads to; 0 where that is not said
	OtherProduct bool   `json:"otherProduct,omitzero"` // it is about another product
}

// Below reports whether the label that the link leads to is said to be of a lower
// level than one of a level.
func (l *LabelLink) Below(level int) bool { return l.Level != 0 && l.Level < level }

// A RequestRef names a signed [StatusRequest], which stays with the authority. Whoever
// counts who agreed counts persons: those of one organization with the same Person are one,
// and all without a Person are one, in whichever organization.
type RequestRef struct {
	Organization string `json:"organization"`
	Person       string `json:"person,omitempty"` // who holds the key; empty where that is nobody in particular
	Key          string `json:"key"`
	SHA256       Digest `json:"sha256"` // of the signed statement
}

// CheckRequests checks who asked for something, each with a signature that is named once.
// Two persons who agree have signed the same statement, each with a key of their own.
func CheckRequests(field string, list []RequestRef) error {
	if len(list) > MaxStatusRequests {
		return tooMany(field, len(list), MaxStatusRequests)
	}
	for i, r := range list {
		err := checkSlug("organization", r.Organization)
		if err == nil && r.Person != "" {
			err = checkSlug("person", r.Person)
		}
		if err == nil {
			err = checkKeyID("key", r.Key)
		}
		if err == nil && r.SHA256.IsZero() {
			err = invalid(ReasonMissing, "sha256", "is required: of the signed statement")
		}
		if err == nil && slices.ContainsFunc(list[:i], func(o RequestRef) bool { return o.Key == r.Key && o.SHA256 == r.SHA256 }) {
			err = invalid(ReasonExists, "", "names the same signature as another")
		}
		if err != nil {
			return Within(index(field, i), err)
		}
	}
	return nil
}

// Author returns the organization whose words the status repeats: it signed the first
// request, or the event, that the status follows from, which of an advise is the
// publisher of the advisory. It is empty where the authority's service words it, by the
// rules of the scheme.
func (s *Status) Author() string {
	if len(s.Requests) == 0 {
		return ""
	}
	return s.Requests[0].Organization
}

// replaces reports whether an advise is the newer word of the same advisory as
// another. Publishers number their advisories each for itself: a manufacturer
// must not be able to take back what the authority says, by using its number.
func (s *Status) replaces(o *Status) bool {
	return o.Action == Advise && o.Advisory.ID == s.Advisory.ID && o.Author() == s.Author()
}

// Validate is the linter's view of a status statement. It bounds every field, so
// that no status has a log entry above [MaxStatusEntry].
func (s *Status) Validate() error { return s.validate(false) }

// validate is Validate, also of what was read from a status of [TypeStatusV1]: it names
// labels by their IDs only.
func (s *Status) validate(former bool) error {
	if !former && s.SHA256.IsZero() {
		return invalid(ReasonMissing, "sha256", "is required: the SHA-256 of the signed label")
	}
	if id, err := ParseID(string(s.Label)); err != nil || id != s.Label {
		return invalid(ReasonIDMalformed, "label", "is not a label ID in normal form")
	}
	if s.Number < 1 || s.Number > MaxStatuses {
		return invalid(ReasonOutOfRange, "number", "must be 1 to %d", MaxStatuses)
	}
	if !slices.Contains(Actions, s.Action) {
		return invalid(ReasonOutOfRange, "action", "is not a known action")
	}
	if err := checkSlug("reason", s.Reason); err != nil {
		return err
	}
	if err := checkSaid(s.Text, s.Language); err != nil {
		return err
	}
	if err := s.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	if s.Recorded.IsZero() || s.Recorded.Nanosecond() != 0 || s.Effective.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "recorded", "times are whole seconds")
	}
	if s.Effective.Before(s.Recorded) {
		return invalid(ReasonOutOfRange, "effective", "is before it was recorded; nothing is said of the past")
	}
	if s.Effective.After(s.Recorded) && !s.Action.Later() {
		return invalid(ReasonOutOfRange, "effective", "a %s takes effect at once", s.Action)
	}
	if (s.Action == Supersede) != (s.Successor != nil) {
		return invalid(ReasonMissing, "successor", "a superseded label, and no other, names the label in its place")
	}
	if s.Successor != nil {
		if id, err := ParseID(string(s.Successor.ID)); err != nil || id != s.Successor.ID {
			return invalid(ReasonIDMalformed, "successor.id", "is not a label ID in normal form")
		}
		if !former && (s.Successor.SHA256.IsZero() || s.Successor.SHA256 == s.SHA256) { // a label issued anew may have the same ID
			return invalid(ReasonMissing, "successor.sha256", "is not the SHA-256 of another signed label")
		}
		if err := checkOptional("successor.url", s.Successor.URL, MaxLabelURL); err != nil {
			return err
		}
		if s.Successor.Level < 0 || s.Successor.Level > MaxLevels {
			return invalid(ReasonOutOfRange, "successor.level", "must be 1 to %d, or left out", MaxLevels)
		}
	}
	if len(s.New) > MaxRenewalNews {
		return tooMany("new", len(s.New), MaxRenewalNews)
	}
	if len(s.New) > 0 && s.Action != Supersede {
		return invalid(ReasonOutOfRange, "new", "only the successor of a superseded label rests on something new")
	}
	if (s.Action == Advise) != (s.Advisory != nil) {
		return invalid(ReasonMissing, "advisory", "advising, and nothing else, names an advisory")
	}
	if s.Advisory != nil {
		if err := s.Advisory.Validate(); err != nil {
			return Within("advisory", err)
		}
	}
	if s.Cause != (Cause{}) {
		if err := s.Cause.validate(former); err != nil {
			return Within("cause", err)
		}
	}
	if err := CheckRequests("requests", s.Requests); err != nil {
		return err
	}
	if len(s.Requests) == 0 && s.Cause == (Cause{}) {
		return invalid(ReasonMissing, "requests", "somebody asked for it, or it follows from something: neither is named")
	}
	return nil
}

// A StatusRequest asks the authority to change a label. Predicate of
// [TypeStatusRequest], about the label's device, signed by whoever asks. Where
// two operators must agree, both sign the same request.
type StatusRequest struct {
	Label     ID        `json:"label"`
	Action    Action    `json:"action"`
	Reason    string    `json:"reason"`
	Text      string    `json:"text"`
	Language  string    `json:"language,omitempty"` // of the text; English where absent
	Effective time.Time `json:"effective,omitzero"` // at once where absent
	Successor ID        `json:"successor,omitempty"`
	Level     int       `json:"level,omitzero"` // supersede: issue the successor, at this level
	Addressed
	Made time.Time `json:"made"`
}

// Validate checks what can be known from the request alone.
func (r *StatusRequest) Validate() error {
	if id, err := ParseID(string(r.Label)); err != nil || id != r.Label {
		return invalid(ReasonIDMalformed, "label", "is not a label ID in normal form, 12 characters without hyphens")
	}
	switch r.Action {
	case Suspend, Reinstate, Revoke, Withdraw, Supersede, Review, Clear, Release:
	default:
		return invalid(ReasonOutOfRange, "action", "is %q; ask for one of suspend, reinstate, revoke, withdraw, supersede, review, clear, release", r.Action)
	}
	if err := checkSlug("reason", r.Reason); err != nil {
		return err
	}
	if err := checkSaid(r.Text, r.Language); err != nil {
		return err
	}
	if r.Made.IsZero() {
		return invalid(ReasonMissing, "made", "is required: when the request was made")
	}
	if r.Effective.Nanosecond() != 0 || r.Made.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "made", "times are whole seconds")
	}
	if !r.Effective.IsZero() && !r.Action.Later() {
		return invalid(ReasonOutOfRange, "effective", "a %s takes effect at once; leave it out", r.Action)
	}
	if r.Action == Supersede {
		if (r.Successor == "") == (r.Level == 0) {
			return invalid(ReasonMissing, "successor", "name the label that takes its place, or the level at which to issue one")
		}
		if r.Level != 0 && !r.Effective.IsZero() {
			return invalid(ReasonOutOfRange, "effective", "a label that is issued in place of another supersedes it at once")
		}
	} else if r.Successor != "" || r.Level != 0 {
		return invalid(ReasonOutOfRange, "successor", "only a superseded label has a successor")
	}
	if r.Successor != "" {
		if id, err := ParseID(string(r.Successor)); err != nil || id != r.Successor || id == r.Label {
			return invalid(ReasonIDMalformed, "successor", "is not the ID of another label in normal form")
		}
	}
	return r.CheckAddress()
}

// A History is a label and all that happened to it, by number.
type History struct {
	Label    *Label    `json:"label"`
	Statuses []*Status `json:"statuses,omitempty"`

	// Seen is an instant at which all of Statuses were there, such as when the
	// log head was signed that has them all; zero where none is known.
	Seen time.Time `json:"-"`
}

// known returns the statuses that were known at an instant, each with when it
// took effect.
//
// What is known is the history up to the last status that was recorded by then.
// The numbers of a history tell its order, and its times do not: a clock that had
// jumped ahead may have recorded a revocation in a year that is still to come.
// Whatever has a later number was recorded after it, by the right clock, and so
// tells that the revocation was known then. Of a status that took effect at once,
// its effect begins when it is known; an announced end comes when it was
// announced for.
func (h *History) known(t time.Time) []effect {
	var list []effect
	first := h.Seen // when this status was known at the latest
	for _, st := range slices.Backward(h.Statuses) {
		if first.IsZero() || st.Recorded.Before(first) {
			first = st.Recorded
		}
		if first.After(t) {
			continue
		}
		from := st.Effective
		if !from.After(st.Recorded) {
			from = first
		}
		list = append(list, effect{st, from})
	}
	slices.SortFunc(list, func(a, b effect) int {
		return cmp.Or(a.from.Compare(b.from), cmp.Compare(a.Number, b.Number))
	})
	return list
}

// An effect is a status and when it takes effect.
type effect struct {
	*Status
	from time.Time
}

// A Standing is how a label stands at an instant. State, Soon, Support, Review,
// Holds and Advisories are separate axes: a product without updates may have a
// valid label, and the reverse.
type Standing struct {
	At         time.Time    `json:"at"`
	State      State        `json:"state"`
	Because    *Status      `json:"because,omitempty"` // what brought about the state; nil where time or nothing did
	Expires    time.Time    `json:"expires"`           // as it was known at that instant
	ExpiresFor Bound        `json:"expiresFor"`
	Soon       bool         `json:"expiringSoon,omitzero"` // active, and will end within ExpiringSoon, by all that is known
	Support    SupportState `json:"support"`
	Review     *Status      `json:"review,omitempty"`     // what opened the review under way, or nil
	Holds      []*Status    `json:"holds,omitempty"`      // the suspension, the review or the revocation that nothing has settled; they outlive the label
	Scheduled  *Status      `json:"scheduled,omitempty"`  // an end that was announced and is still to come, or nil; see PutOff
	Lapse      *Status      `json:"lapse,omitempty"`      // what brought Expires forward to where it is, if only before the label was issued; or nil
	Advisories []*Status    `json:"advisories,omitempty"` // the latest word of each publisher's each advisory, oldest first
}

// PutOff reports whether the day of an announced end has come, and the end waits
// until all that is open about the label is settled.
func (s *Standing) PutOff() bool {
	return s.Scheduled != nil && !s.Scheduled.Effective.After(s.At)
}

// Ends returns the instant from which the label does not count for good, by all that
// was known: that of the statement that ended it, or that of an end that was announced
// and that nothing puts off, or else Expires. Whoever is told until when a label is
// valid is told this and not Expires, which says when it would end if nothing but time
// ended it. A suspension ends nothing, since it may be lifted.
func (s *Standing) Ends() time.Time {
	switch {
	case s.State.Final() && s.Because != nil:
		return s.Because.Effective
	case s.Announced():
		return s.Scheduled.Effective
	}
	return s.Expires
}

// Announced reports whether the label will end as was announced, with nothing open
// that would put its end off.
func (s *Standing) Announced() bool { return s.Scheduled != nil && !s.Open() }

// Concerns counts the advisories that owners of the product should read.
func (s *Standing) Concerns() (n int) {
	for _, st := range s.Advisories {
		if st.Advisory.Concerns() {
			n++
		}
	}
	return n
}

// OpenAdvisories counts those of them for which owners wait for a remedy.
func (s *Standing) OpenAdvisories() (n int) {
	for _, st := range s.Advisories {
		if st.Advisory.Open() {
			n++
		}
	}
	return n
}

// StandingAt returns how the label stood at an instant, by what was known then:
// the history up to the last status that was recorded by that instant.
func (h *History) StandingAt(t time.Time) Standing {
	l := h.Label
	s := Standing{At: t, State: Active, Expires: l.Expires, ExpiresFor: l.ExpiresFor, Support: l.SupportAt(t)}
	if t.Before(l.Issued) {
		s.State = NotIssued
		return s
	}
	for _, e := range h.known(t) {
		s.apply(e)
	}
	if !s.State.Final() && !t.Before(s.Expires) {
		s.State, s.Because = Expired, nil
	}
	if !s.State.Live() {
		s.Review, s.Scheduled = nil, nil
	}
	if s.Scheduled != nil && !s.Scheduled.Effective.Before(s.Expires) {
		s.Scheduled = nil
	}
	s.Soon = s.State == Active && s.Ends().Sub(t) <= ExpiringSoon
	return s
}

// apply lets one statement, in order of effect, change the standing. What comes
// after the end of a label changes nothing but its advisories and its hold.
func (s *Standing) apply(e effect) {
	st := e.Status
	switch st.Action {
	case Advise:
		s.Advisories = slices.DeleteFunc(s.Advisories, st.replaces)
		s.Advisories = append(s.Advisories, st)
		return
	case Release:
		if s.State.Final() || !e.from.Before(s.Expires) {
			s.Holds = nil
		}
		return
	}
	if s.State.Final() {
		return
	}
	if st.Action == Lapse {
		issued := s.ExpiresFor == BoundGraceEnd && s.Lapse == nil && e.from.Equal(s.Expires) // the label says so itself
		if e.from.Before(s.Expires) || issued {
			s.Expires, s.ExpiresFor, s.Lapse = e.from, BoundGraceEnd, st
		}
		return
	}
	announced := st.Effective.After(st.Recorded)
	if e.from.After(s.At) || announced && s.Open() && e.from.Before(s.Expires) {
		if s.Scheduled == nil {
			s.Scheduled = st
		}
		return
	}
	if !e.from.Before(s.Expires) {
		return
	}
	switch st.Action {
	case Review:
		s.Review, s.Holds = st, append(s.Holds, st)
	case Clear:
		s.settle(Review)
		s.Review = nil
	default:
		if next, ok := steps[s.State][st.Action]; ok {
			s.State, s.Because = next, st
			s.hold(st)
			if next == Active {
				s.Because = nil
			}
		}
	}
	if s.PutOff() && !s.Open() && !s.State.Final() {
		s.State, s.Because = steps[s.State][s.Scheduled.Action], s.Scheduled
	}
}

// Open reports whether the label is suspended or under review: no announced end
// comes before that is settled.
func (s *Standing) Open() bool { return s.State == Suspended || s.Review != nil }

// hold works out what is open after a statement that changed the state.
func (s *Standing) hold(st *Status) {
	switch st.Action {
	case Suspend:
		s.Holds = append(s.Holds, st)
	case Reinstate:
		s.settle(Suspend)
	case Revoke:
		s.Holds = []*Status{st} // it decides whatever was open
	case Supersede:
		s.settle(Review) // it is handed on to the successor
	}
}

// settle ends the hold that a kind of statement put.
func (s *Standing) settle(a Action) {
	s.Holds = slices.DeleteFunc(slices.Clone(s.Holds), func(st *Status) bool { return st.Action == a })
}

// NextChange returns the first instant after s.At at which the standing will
// change from time alone, or the zero time if it will not.
func (h *History) NextChange(at time.Time) time.Time {
	s := h.StandingAt(at)
	times := []time.Time{h.Label.Issued, h.Label.Product.SupportEnd.End()}
	if !s.State.Final() {
		times = append(times, s.Expires, s.Ends().Add(-ExpiringSoon))
	}
	if s.Scheduled != nil {
		times = append(times, s.Scheduled.Effective)
	}
	var next time.Time
	for _, t := range times {
		if t.After(at) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	return next
}
