package label

import (
	"slices"
	"strings"
	"time"
)

// An ActKind is what sort of act something is: one thing that a caller asks to have
// done. The programme's table of acts (labels/acts.yaml) says for each kind who may,
// and how many persons have to agree.
type ActKind string

// The kinds of acts.
const (
	ActEnrolOrg   ActKind = "org.enrol"
	ActChangeOrg  ActKind = "org.change"
	ActSuspendOrg ActKind = "org.suspend"
	ActResumeOrg  ActKind = "org.resume"

	ActAddPerson    ActKind = "person.add"
	ActRemovePerson ActKind = "person.remove"

	ActAddKey     ActKind = "key.add"
	ActReplaceKey ActKind = "key.replace"
	ActRevokeKey  ActKind = "key.revoke"

	ActAccredit  ActKind = "accreditation.record"
	ActAdoptActs ActKind = "acts.adopt"

	ActRegisterDevice ActKind = "device.register"
	ActAddPicture     ActKind = "device.picture"
	ActSubmit         ActKind = "evidence.submit"
	ActRead           ActKind = "evidence.read"

	ActRequestLabel ActKind = "label.request"
	ActSuspend      ActKind = "label.suspend"
	ActReinstate    ActKind = "label.reinstate"
	ActRevoke       ActKind = "label.revoke"
	ActReview       ActKind = "label.review"
	ActClear        ActKind = "label.clear"
	ActRelease      ActKind = "label.release"
	ActWithdraw     ActKind = "label.withdraw"
	ActSupersede    ActKind = "label.supersede"
	ActCloseRequest ActKind = "request.close"

	ActAppeal ActKind = "appeal.file"
	ActRule   ActKind = "appeal.decide"

	ActLabEvent         ActKind = "event.lab"
	ActKeyEvent         ActKind = "event.key"
	ActSchemeEvent      ActKind = "event.scheme"
	ActAdvisoryEvent    ActKind = "event.advisory"
	ActHoldEvent        ActKind = "event.hold"
	ActReleaseEvent     ActKind = "event.release"
	ActStatementEvent   ActKind = "event.statement"
	ActWithdrawalEvent  ActKind = "event.withdrawal"
	ActAffiliationEvent ActKind = "event.affiliation"
	ActSeparationEvent  ActKind = "event.separation"
	ActGTINEvent        ActKind = "event.gtin"
	ActRetryEvent       ActKind = "event.retry"

	ActPlan ActKind = "plan.announce"
	ActDraw ActKind = "plan.draw"

	ActCloseReport ActKind = "report.close"

	ActAddHook    ActKind = "webhook.add"
	ActEnableHook ActKind = "webhook.enable"
	ActRemoveHook ActKind = "webhook.remove"
	ActTestHook   ActKind = "webhook.test"
	ActReplayHook ActKind = "webhook.replay"
)

// ActRecover is the kind of an act that nobody asks the service for: whoever runs it gives
// a person who works for the authority a key, on its machine, because too few have one.
const ActRecover ActKind = "authority.recover"

// OfOperators returns the kind of the same act where it is about an organization that
// works for the authority, about one of its persons or one of their keys. It can change
// who may act, and has a rule of its own.
func (k ActKind) OfOperators() ActKind { return k + ofOperators }

const ofOperators = ".operator"

// twofold are the kinds of acts that have a rule of their own where they are about
// operators.
var twofold = []ActKind{
	ActEnrolOrg, ActChangeOrg, ActSuspendOrg, ActResumeOrg, ActAddPerson, ActRemovePerson, ActAddKey, ActRevokeKey, ActKeyEvent,
}

// unsigned are the kinds of acts that the token of a caller is enough for. The others
// rest on a signed request.
var unsigned = []ActKind{
	ActRegisterDevice, ActAddPicture, ActRead, ActRequestLabel, ActCloseRequest, ActRetryEvent, ActDraw, ActCloseReport,
	ActAddHook, ActEnableHook, ActRemoveHook, ActTestHook, ActReplayHook,
}

// ActKinds lists the kinds, as the table of acts has to have them.
var ActKinds = slices.Concat(unsigned, []ActKind{
	ActEnrolOrg, ActChangeOrg, ActSuspendOrg, ActResumeOrg, ActAddPerson, ActRemovePerson, ActAddKey, ActReplaceKey, ActRevokeKey,
	ActAccredit, ActAdoptActs, ActSubmit,
	ActSuspend, ActReinstate, ActRevoke, ActReview, ActClear, ActRelease, ActWithdraw, ActSupersede,
	ActAppeal, ActRule,
	ActLabEvent, ActKeyEvent, ActSchemeEvent, ActAdvisoryEvent, ActHoldEvent, ActReleaseEvent, ActStatementEvent, ActWithdrawalEvent,
	ActAffiliationEvent, ActSeparationEvent, ActGTINEvent,
	ActPlan,
}, kindsOfOperators())

func kindsOfOperators() (list []ActKind) {
	for _, k := range twofold {
		list = append(list, k.OfOperators())
	}
	return list
}

// Signed reports whether acts of the kind rest on a signed request.
func (k ActKind) Signed() bool { return !slices.Contains(unsigned, k) }

// Waits reports whether acts of the kind can wait for others to agree. Evidence and appeals
// cannot: they bind nobody but whoever signs them, and count from when they come in.
func (k ActKind) Waits() bool { return k.Signed() && k != ActSubmit && k != ActAppeal }

// Governs reports whether acts of the kind can change who may act for the authority.
// They take the strongest quorum that any act takes.
func (k ActKind) Governs() bool {
	return strings.HasSuffix(string(k), ofOperators) || k == ActAccredit || k == ActAdoptActs
}

// A Request is what a signed request says: for which act it asks, what that is about,
// and when it was made.
type Request interface {
	Validate() error
	ActKind() ActKind
	About() string // what the act is about: an ID, or a digest
	MadeAt() time.Time
	MadeTo() string // base URL of the authority; empty where none is named
	Address(authority string)
}

// Addressed is the part of a request that says to which authority it is made. IDs of
// organizations are local to a programme, and somebody may have one key enrolled in
// several: without it, a request that was signed for one of them would count in all.
type Addressed struct {
	Authority string `json:"authority"` // base URL of the authority's labels, as its trust file has it, with no slash at the end
}

// MadeTo returns the base URL of the authority that the request is made to.
func (a *Addressed) MadeTo() string { return a.Authority }

// Address makes the request one to an authority.
func (a *Addressed) Address(authority string) { a.Authority = authority }

// CheckAddress is the part of Validate that is about the authority.
func (a *Addressed) CheckAddress() error {
	if err := checkText("authority", a.Authority, MaxLabelURL); err != nil {
		return err
	}
	if strings.HasSuffix(a.Authority, "/") {
		return invalid(ReasonMalformed, "authority", "is %q; write the address without the slash at its end", a.Authority)
	}
	return nil
}

// ActKind returns the act that is asked for.
func (r *StatusRequest) ActKind() ActKind { return ActKind("label." + r.Action) }

// About returns the label.
func (r *StatusRequest) About() string { return string(r.Label) }

// MadeAt returns when the request was made.
func (r *StatusRequest) MadeAt() time.Time { return r.Made }

// ActKind returns the act by which the event is reported. Where it is about a key of an
// operator, the registry says so ([ActKind.OfOperators]).
func (e *Event) ActKind() ActKind { return ActKind("event." + e.Kind) }

// About returns what the event is about.
func (e *Event) About() string { return e.Name() }

// MadeAt returns when the event was signed.
func (e *Event) MadeAt() time.Time { return e.Made }

// ActKind returns the act that is asked for.
func (a *Appeal) ActKind() ActKind { return ActAppeal }

// About returns the decision.
func (a *Appeal) About() string { return a.Decision.String() }

// MadeAt returns when the appeal was made.
func (a *Appeal) MadeAt() time.Time { return a.Made }

// ActKind returns the act that is asked for.
func (r *RulingRequest) ActKind() ActKind { return ActRule }

// About returns the appeal.
func (r *RulingRequest) About() string { return r.Appeal.String() }

// MadeAt returns when the request was made.
func (r *RulingRequest) MadeAt() time.Time { return r.Made }
