package main

import (
	"fmt"
	"strconv"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/label"
	"labeld/internal/scheme"
)

// A wording is one value of a vocabulary: its number in the contract, its name in the
// documents that are signed, and what labelctl says of it.
type wording[N enum, V ~string] struct {
	number N
	value  V
	words  string
}

// An enum is an enumeration of the contract.
type enum interface {
	~int32
	fmt.Stringer
}

// A vocabulary is the table of one enumeration. Whatever labelctl knows of the
// values is made from it, and a test holds it complete. A newer service may use a
// value that is not in it, which is then said to be unknown.
type vocabulary[N enum, V ~string] []wording[N, V]

// value returns the name of a number. What is not in the table has the name that
// the contract gives it, or else its number.
func (v vocabulary[N, V]) value(n N) V {
	for _, w := range v {
		if w.number == n {
			return w.value
		}
	}
	return V(n.String())
}

// text returns what labelctl says of a value.
func (v vocabulary[N, V]) text(value V) string {
	for _, w := range v {
		if w.value == value {
			return w.words
		}
	}
	return unknown(value)
}

// textOf returns what labelctl says of the value with a number.
func (v vocabulary[N, V]) textOf(n N) string { return v.text(v.value(n)) }

// name returns the name of a number for people, who are told where it is unknown.
func (v vocabulary[N, V]) name(n N) string {
	value := v.value(n)
	if _, ok := v.number(value); !ok {
		return unknown(value)
	}
	return string(value)
}

// number returns the number of a name.
func (v vocabulary[N, V]) number(value V) (n N, ok bool) {
	for _, w := range v {
		if w.value == value {
			return w.number, true
		}
	}
	return 0, false
}

// names returns the names of all values.
func (v vocabulary[N, V]) names() (names []string) {
	for _, w := range v {
		names = append(names, string(w.value))
	}
	return names
}

// unknown says of a value that this labelctl has no words for it.
func unknown[V ~string](value V) string { return "unknown (" + string(value) + ")" }

// states say how a label stands: in capitals where it does not count.
var states = vocabulary[labelv1.LabelState, label.State]{
	{labelv1.LabelState_LABEL_STATE_ACTIVE, label.Active, "active"},
	{labelv1.LabelState_LABEL_STATE_EXPIRED, label.Expired, "EXPIRED"},
	{labelv1.LabelState_LABEL_STATE_SUSPENDED, label.Suspended, "SUSPENDED"},
	{labelv1.LabelState_LABEL_STATE_REVOKED, label.Revoked, "REVOKED"},
	{labelv1.LabelState_LABEL_STATE_WITHDRAWN, label.Withdrawn, "WITHDRAWN"},
	{labelv1.LabelState_LABEL_STATE_SUPERSEDED, label.Superseded, "SUPERSEDED"},
	{labelv1.LabelState_LABEL_STATE_NOT_ISSUED, label.NotIssued, "NOT ISSUED"},
}

// actions say what a status did to a label.
var actions = vocabulary[labelv1.LabelAction, label.Action]{
	{labelv1.LabelAction_LABEL_ACTION_SUSPEND, label.Suspend, "suspended"},
	{labelv1.LabelAction_LABEL_ACTION_REINSTATE, label.Reinstate, "reinstated"},
	{labelv1.LabelAction_LABEL_ACTION_REVOKE, label.Revoke, "revoked"},
	{labelv1.LabelAction_LABEL_ACTION_WITHDRAW, label.Withdraw, "withdrawn"},
	{labelv1.LabelAction_LABEL_ACTION_SUPERSEDE, label.Supersede, "superseded"},
	{labelv1.LabelAction_LABEL_ACTION_LAPSE, label.Lapse, "ended early"},
	{labelv1.LabelAction_LABEL_ACTION_REVIEW, label.Review, "review begun"},
	{labelv1.LabelAction_LABEL_ACTION_CLEAR, label.Clear, "review ended"},
	{labelv1.LabelAction_LABEL_ACTION_ADVISE, label.Advise, "advisory"},
	{labelv1.LabelAction_LABEL_ACTION_RELEASE, label.Release, "hold on the product ended"},
}

// bounds say why a label ends when it does.
var bounds = vocabulary[labelv1.ExpiryBound, label.Bound]{
	{labelv1.ExpiryBound_EXPIRY_BOUND_SCHEME_TERM, label.BoundSchemeTerm, "the longest term of the scheme"},
	{labelv1.ExpiryBound_EXPIRY_BOUND_SUPPORT_END, label.BoundSupportEnd, "security updates end then"},
	{labelv1.ExpiryBound_EXPIRY_BOUND_EVIDENCE_EXPIRY, label.BoundEvidenceExpiry, "its evidence is too old after that"},
	{labelv1.ExpiryBound_EXPIRY_BOUND_GRACE_END, label.BoundGraceEnd, "the authority brought its expiry forward, for the reason in its history"},
}

// assurances say who checked a product.
var assurances = vocabulary[labelv1.Assurance, label.Assurance]{
	{labelv1.Assurance_ASSURANCE_SELF_DECLARED, label.SelfDeclared, "declared by the manufacturer"},
	{labelv1.Assurance_ASSURANCE_LAB_TESTED, label.LabTested, "tested by an accredited lab"},
}

// presentations say how a scheme shows what a product reached.
var presentations = vocabulary[labelv1.Presentation, label.Presentation]{
	{labelv1.Presentation_PRESENTATION_LADDER, label.Ladder, "levels"},
	{labelv1.Presentation_PRESENTATION_PASS_ONLY, label.PassOnly, "no levels"},
	{labelv1.Presentation_PRESENTATION_NAMED_CLASSES, label.NamedClasses, "classes"},
}

// levelText names a level in a sentence, as its scheme shows it: with its number where
// people have to give that to a command, and without one where there is no other.
func levelText(p label.Presentation, number int, name string) string {
	switch p {
	case label.PassOnly:
		return name
	case label.NamedClasses:
		return fmt.Sprintf("%s (level %d)", name, number)
	}
	return fmt.Sprintf("level %d, %s", number, name)
}

// shortLevel names the level of a label in a table.
func shortLevel(l label.Level) string {
	if l.Presentation == label.Ladder {
		return "level " + strconv.Itoa(l.Number)
	}
	return l.Name
}

// resultRow says in a row what a product reached, as its scheme shows it, and what else
// there is to say of that.
func resultRow(l label.Level, more string) [2]string {
	switch l.Presentation {
	case label.PassOnly:
		return [2]string{"result:", l.Name + ", " + more}
	case label.NamedClasses:
		return [2]string{"class:", l.Name + ", " + more}
	}
	return [2]string{"level:", fmt.Sprintf("%d of %d, %s, %s", l.Number, l.Of, l.Name, more)}
}

// levelIn returns the level that a summary names.
func levelIn(s *labelv1.LabelSummary) label.Level {
	return label.Level{Number: int(s.GetLevel()), Of: int(s.GetLevelOf()), Name: s.GetLevelName(), Presentation: presentations.value(s.GetPresentation())}
}

// supports say whether the day on which security updates end has passed.
var supports = vocabulary[labelv1.SupportState, label.SupportState]{
	{labelv1.SupportState_SUPPORT_STATE_SUPPORTED, label.Supported, ""},
	{labelv1.SupportState_SUPPORT_STATE_ENDED, label.SupportEnded, "ENDED"},
}

// findings say what a criterion came to, with a sign, so that neither colour nor
// reading is needed to see what stands out.
var findings = vocabulary[labelv1.FindingState, string]{
	{labelv1.FindingState_FINDING_STATE_MET, "met", "✓ met"},
	{labelv1.FindingState_FINDING_STATE_UNMET, "unmet", "✗ unmet"},
	{labelv1.FindingState_FINDING_STATE_UNDETERMINED, "undetermined", "? open"},
	{labelv1.FindingState_FINDING_STATE_NOT_APPLICABLE, "not-applicable", "- n/a"},
}

// sources say who can show that a criterion is met.
var sources = vocabulary[labelv1.EvidenceSource, scheme.Source]{
	{labelv1.EvidenceSource_EVIDENCE_SOURCE_DECLARATION, scheme.Declaration, "manufacturer"},
	{labelv1.EvidenceSource_EVIDENCE_SOURCE_LAB, scheme.Lab, "lab"},
}

// rulings say how an appeal was decided.
var rulings = vocabulary[labelv1.RulingOutcome, label.RulingOutcome]{
	{labelv1.RulingOutcome_RULING_OUTCOME_UPHELD, label.Upheld, "upheld"},
	{labelv1.RulingOutcome_RULING_OUTCOME_CHANGED, label.Changed, "changed"},
	{labelv1.RulingOutcome_RULING_OUTCOME_SENT_BACK, label.SentBack, "sent back"},
}

// actOutcomes say what came of an act.
var actOutcomes = vocabulary[labelv1.ActOutcome, label.ActOutcome]{
	{labelv1.ActOutcome_ACT_OUTCOME_DONE, label.ActDone, "done"},
	{labelv1.ActOutcome_ACT_OUTCOME_WAITS, label.ActWaits, "waits"},
	{labelv1.ActOutcome_ACT_OUTCOME_REFUSED, label.ActRefused, "REFUSED"},
}

// roles say what an organization may do.
var roles = vocabulary[labelv1.Role, label.Role]{
	{labelv1.Role_ROLE_LAB, label.RoleLab, "lab"},
	{labelv1.Role_ROLE_MANUFACTURER, label.RoleManufacturer, "manufacturer"},
	{labelv1.Role_ROLE_OPERATOR, label.RoleOperator, "operator"},
}
