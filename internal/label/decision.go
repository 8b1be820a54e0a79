package label

import (
	"cmp"
	"slices"
	"time"
)

// A Decision is a refusal: the authority's answer to a request for a level that
// the evidence did not support. Predicate of [TypeDecision], signed by the
// authority, about the device. It stays between the authority and the
// manufacturer, who may appeal against it.
type Decision struct {
	Authority  Party            `json:"authority"`
	Maker      Party            `json:"manufacturer"`
	Scheme     SchemeRef        `json:"scheme"`
	Level      Level            `json:"level"`   // asked for
	Reached    int              `json:"reached"` // 0 for none
	Criteria   []CriterionFound `json:"criteria"`
	Missing    []Missing        `json:"missing"`            // for the level asked for
	Evidence   []LabelEvidence  `json:"evidence,omitempty"` // all that counted
	Unused     []Unused         `json:"unused,omitempty"`   // what was accepted and does not count in full, each with its reason
	Decided    time.Time        `json:"decided"`
	AppealBy   Date             `json:"appealBy"`   // last day on which an appeal is accepted
	DecideDays int              `json:"decideDays"` // in which the authority decides an appeal
}

// A CriterionFound is what one criterion of the level came to.
type CriterionFound struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Level    int      `json:"level"`              // from which on it is asked
	State    string   `json:"state"`              // met, unmet, undetermined or not-applicable
	Evidence []Digest `json:"evidence,omitempty"` // what that rests on
}

// criterionStates are what a criterion comes to.
var criterionStates = []string{"met", "unmet", "undetermined", "not-applicable"}

// Satisfied reports whether the criterion stands in nobody's way.
func (c *CriterionFound) Satisfied() bool { return c.State == "met" || c.State == "not-applicable" }

// Unused is evidence that was accepted for the device and does not count in full:
// not at all, only against the device, or only until some day.
type Unused struct {
	Evidence LabelEvidence `json:"evidence"`
	Code     string        `json:"code"`             // why, such as other-edition; see [labeld/internal/scheme]
	Text     string        `json:"text"`             // why, for people
	Against  bool          `json:"against,omitzero"` // what it found wrong still counts
	Until    Date          `json:"until,omitzero"`   // last day on which it counts in full; absent where it does not
}

// A Missing is one thing between the device and the level.
type Missing struct {
	Kind  string   `json:"kind"`
	By    string   `json:"by"` // who must act: declaration (the manufacturer) or lab
	Items []string `json:"items,omitempty"`
	Text  string   `json:"text"` // what to do
}

// Validate is the linter's view of a decision.
func (d *Decision) Validate() error {
	if err := d.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	if err := d.Maker.Validate(); err != nil {
		return Within("manufacturer", err)
	}
	if err := checkText("scheme.version", d.Scheme.Version, MaxText); err != nil {
		return err
	}
	if err := checkSlug("scheme.id", d.Scheme.ID); err != nil {
		return err
	}
	if d.Scheme.SHA256.IsZero() {
		return invalid(ReasonMissing, "scheme.sha256", "is required")
	}
	if err := d.Level.validate(); err != nil {
		return Within("level", err)
	}
	if d.Reached < 0 || d.Reached >= d.Level.Number {
		return invalid(ReasonOutOfRange, "reached", "must be less than the level that is refused")
	}
	for i := range d.Criteria {
		if err := d.Criteria[i].validate(d.Level.Of); err != nil {
			return Within(index("criteria", i), err)
		}
	}
	for i := range d.Evidence {
		if err := d.Evidence[i].validate(); err != nil {
			return Within(index("evidence", i), err)
		}
	}
	for i := range d.Unused {
		if err := d.Unused[i].validate(); err != nil {
			return Within(index("unused", i), err)
		}
	}
	if len(d.Missing) == 0 {
		return invalid(ReasonMissing, "missing", "a refusal says what is missing")
	}
	for i := range d.Missing {
		if err := d.Missing[i].validate(); err != nil {
			return Within(index("missing", i), err)
		}
	}
	if d.Decided.IsZero() || d.Decided.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "decided", "is required, in whole seconds")
	}
	if d.AppealBy.Before(DateOf(d.Decided)) {
		return invalid(ReasonOutOfRange, "appealBy", "is before the decision")
	}
	if d.DecideDays < 1 || d.DecideDays > MaxTermDays {
		return invalid(ReasonOutOfRange, "decideDays", "must be 1 to %d", MaxTermDays)
	}
	return nil
}

func (c *CriterionFound) validate(levels int) error {
	if err := checkSlug("id", c.ID); err != nil {
		return err
	}
	if err := checkText("title", c.Title, MaxProse); err != nil {
		return err
	}
	if c.Level < 1 || c.Level > levels {
		return invalid(ReasonOutOfRange, "level", "must be 1 to %d", levels)
	}
	if !slices.Contains(criterionStates, c.State) {
		return invalid(ReasonOutOfRange, "state", "is %q, which no criterion comes to", c.State)
	}
	return nil
}

func (u *Unused) validate() error {
	if err := u.Evidence.validate(); err != nil {
		return Within("evidence", err)
	}
	if err := checkSlug("code", u.Code); err != nil {
		return err
	}
	return checkText("text", u.Text, MaxProse)
}

func (m *Missing) validate() error {
	if err := checkSlug("kind", m.Kind); err != nil {
		return err
	}
	if err := checkSlug("by", m.By); err != nil {
		return err
	}
	if len(m.Items) > MaxVerdicts {
		return tooMany("items", len(m.Items), MaxVerdicts)
	}
	for i, s := range m.Items {
		if err := checkText(index("items", i), s, MaxText); err != nil {
			return err
		}
	}
	return checkText("text", m.Text, MaxProse)
}

// CheckOpen requires that criteria are of the decision and were not satisfied:
// about those an appeal can be, and those a ruling can accept.
func (d *Decision) CheckOpen(field string, criteria []string) error {
	for i, id := range criteria {
		at := slices.IndexFunc(d.Criteria, func(c CriterionFound) bool { return c.ID == id })
		if at < 0 {
			return invalid(ReasonUnknownCriterion, index(field, i), "the decision has no criterion %q", id)
		}
		if d.Criteria[at].Satisfied() {
			return invalid(ReasonUnknownCriterion, index(field, i), "criterion %q is %s by the decision; name those that stand in the way", id, d.Criteria[at].State)
		}
	}
	return nil
}

// An Appeal says why a decision is wrong. Predicate of [TypeAppeal], about the
// device, signed by its manufacturer.
type Appeal struct {
	Manufacturer string   `json:"manufacturer"` // organization ID of the signer
	Decision     Digest   `json:"decision"`     // of the signed decision
	Grounds      string   `json:"grounds"`
	Criteria     []string `json:"criteria,omitempty"` // that it is about; all that were not satisfied where absent
	Addressed
	Made time.Time `json:"made"`
}

// Validate checks what can be known from the appeal alone.
func (a *Appeal) Validate() error {
	if err := checkSlug("manufacturer", a.Manufacturer); err != nil {
		return err
	}
	if a.Decision.IsZero() {
		return invalid(ReasonMissing, "decision", "is required: the SHA-256 of the signed decision")
	}
	if err := checkText("grounds", a.Grounds, MaxProse); err != nil {
		return err
	}
	if err := checkCriteria("criteria", a.Criteria); err != nil {
		return err
	}
	return cmp.Or(a.CheckAddress(), checkMade(a.Made))
}

// A RulingOutcome is how an appeal ends.
type RulingOutcome string

const (
	Upheld   RulingOutcome = "upheld"    // the refusal stands
	Changed  RulingOutcome = "changed"   // criteria that the ruling names count as met
	SentBack RulingOutcome = "sent-back" // the manufacturer brings what the text names, and asks again
)

// RulingOutcomes lists the outcomes.
var RulingOutcomes = []RulingOutcome{Upheld, Changed, SentBack}

// A Ruling decides an appeal. Predicate of [TypeRuling], signed by the
// authority, about the device. It is private until a label rests on it, and
// then logged with that label.
type Ruling struct {
	Authority Party         `json:"authority"`
	Decision  Digest        `json:"decision"`
	Appeal    Digest        `json:"appeal"`
	Scheme    SchemeRef     `json:"scheme"` // of the decision; the ruling counts for no other version
	Outcome   RulingOutcome `json:"outcome"`
	Text      string        `json:"text"`               // why, and what the manufacturer may do
	Language  string        `json:"language,omitempty"` // of the text; English where absent
	Accepted  []string      `json:"accepted,omitempty"` // changed: criteria that count as met
	Decided   time.Time     `json:"decided"`
	Requests  []RequestRef  `json:"requests"` // who decided, each with a signature
}

// Validate is the linter's view of a ruling.
func (r *Ruling) Validate() error {
	if err := r.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	if r.Decision.IsZero() || r.Appeal.IsZero() {
		return invalid(ReasonMissing, "appeal", "a ruling names the appeal, and the decision that it is against")
	}
	if r.Scheme.ID == "" || r.Scheme.Version == "" || r.Scheme.SHA256.IsZero() {
		return invalid(ReasonMissing, "scheme", "is required: the version that the decision was made by")
	}
	if err := checkOutcome(r.Outcome, r.Text, r.Language, r.Accepted); err != nil {
		return err
	}
	if r.Decided.IsZero() || r.Decided.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "decided", "is required, in whole seconds")
	}
	if len(r.Requests) == 0 {
		return invalid(ReasonMissing, "requests", "somebody decided: nobody is named")
	}
	return CheckRequests("requests", r.Requests)
}

// A RulingRequest has the authority make a ruling. Predicate of
// [TypeRulingRequest], about the device, signed by the operator who decides.
type RulingRequest struct {
	Appeal   Digest        `json:"appeal"` // of the signed appeal
	Outcome  RulingOutcome `json:"outcome"`
	Text     string        `json:"text"`
	Language string        `json:"language,omitempty"` // of the text; English where absent
	Accepted []string      `json:"accepted,omitempty"`
	Addressed
	Made time.Time `json:"made"`
}

// Validate checks what can be known from the request alone.
func (r *RulingRequest) Validate() error {
	if r.Appeal.IsZero() {
		return invalid(ReasonMissing, "appeal", "is required: the SHA-256 of the signed appeal")
	}
	if err := checkOutcome(r.Outcome, r.Text, r.Language, r.Accepted); err != nil {
		return err
	}
	return cmp.Or(r.CheckAddress(), checkMade(r.Made))
}

func checkOutcome(o RulingOutcome, text, language string, accepted []string) error {
	if !slices.Contains(RulingOutcomes, o) {
		return invalid(ReasonOutOfRange, "outcome", "is %q; must be upheld, changed or sent-back", o)
	}
	if err := checkSaid(text, language); err != nil {
		return err
	}
	if o == Changed && len(accepted) == 0 {
		return invalid(ReasonMissing, "accepted", "a decision is changed in some criterion: name those that are accepted")
	}
	if o != Changed && len(accepted) > 0 {
		return invalid(ReasonOutOfRange, "accepted", "only a changed decision has criteria that are accepted")
	}
	return checkCriteria("accepted", accepted)
}

func checkCriteria(field string, list []string) error {
	return checkSlugs(field, list, MaxCriteria)
}

func checkMade(t time.Time) error {
	if t.IsZero() || t.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "made", "is required, in whole seconds")
	}
	return nil
}
