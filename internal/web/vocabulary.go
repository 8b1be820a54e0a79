package web

import (
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/search"
)

// How the words of the programme are shown to people. All texts are keys of messages
// (package locale). A test holds each table complete, over the list of whoever owns the
// words, so that a new state for instance is added here and is then shown everywhere.

// A stateDisplay is how the state of a label is shown.
type stateDisplay struct {
	class, sign string // of the box on the label's page. Colour alone says nothing to many people, and nothing on paper
	now, past   string // headline of the box: at present, and at an instant that was asked about
	short       string // in lists, beside other labels, and in the titles of warnings
	since       string // since when it is so, where a status brought the state about
	advice      string // what follows from the state for the reader; empty where nothing does
}

var stateDisplays = map[label.State]stateDisplay{
	label.NotIssued: {
		class: classPast, sign: signClock, now: "state.not-issued", past: "state.was-not-issued", short: "state.not-issued",
	},
	label.Active: {
		class: classGood, sign: signCheck, now: "state.active", past: "state.was-active", short: "search.valid",
	},
	label.Suspended: {
		class: "pause", sign: "pause", now: "state.suspended", past: "state.was-suspended", short: "search.suspended",
		since: "validity.suspended", advice: "advice.suspended",
	},
	label.Revoked: {
		class: classStop, sign: "cross", now: "state.revoked", past: "state.was-revoked", short: "search.revoked",
		since: "validity.revoked", advice: "advice.ended",
	},
	label.Withdrawn: {
		class: "over", sign: "minus", now: "state.withdrawn", past: "state.was-withdrawn", short: "search.withdrawn",
		since: "validity.withdrawn", advice: "advice.ended",
	},
	label.Superseded: {
		class: "moved", sign: "arrow", now: "state.superseded", past: "state.was-superseded", short: "search.superseded",
		since: "validity.superseded", advice: "advice.superseded",
	},
	label.Expired: {
		class: "ended", sign: "hourglass", now: "state.expired", past: "state.was-expired", short: "search.expired",
		advice: "advice.expired",
	},
}

// Classes of boxes, which are colours and borders in page/style.css. Each state that has
// no name here has a class of its own.
const (
	classGood    = "good"    // nothing is wrong
	classCaution = "caution" // there is something to know before relying on the label
	classStop    = "stop"    // do not rely on it
	classAside   = "aside"   // it says nothing of the product in hand
	classPast    = "past"    // it is not about the present
)

// Signs in boxes, which are shapes in page/frame.html.
const (
	signCheck = "check"
	signClock = "clock"
	signLens  = "lens"
	signAlert = "alert"
)

// An actionDisplay is how a status is shown that says what happened to a label.
type actionDisplay struct {
	done      string // what happened
	announced string // what will happen, for a status that takes effect later; empty where none does
}

// actionDisplays has all actions but [label.Advise], which is shown by what the advisory
// says: see advisoryDisplays.
var actionDisplays = map[label.Action]actionDisplay{
	label.Suspend:   {done: "event.suspend"},
	label.Reinstate: {done: "event.reinstate"},
	label.Revoke:    {done: "event.revoke"},
	label.Withdraw:  {done: "event.withdraw", announced: "event.withdraw-announced"},
	label.Supersede: {done: "event.supersede", announced: "event.supersede-announced"},
	label.Lapse:     {done: "event.lapse", announced: "event.lapse-announced"},
	label.Review:    {done: "event.review"},
	label.Clear:     {done: "event.clear"},
	label.Release:   {done: "event.release"},
}

// An advisoryDisplay is how an advisory is shown in the history of a label: with the
// version that has the fix, and without one.
type advisoryDisplay struct{ plain, version string }

// advisoryDisplays are by the state of an advisory.
var advisoryDisplays = map[string]advisoryDisplay{
	"affected":            {"event.advise-affected", "event.advise-version"},
	"fixed":               {"event.advise-fixed", "event.advise-fixed-version"},
	"not-affected":        {"event.advise-not-affected", "event.advise-fixed-version"},
	"under-investigation": {"event.advise-investigating", "event.advise-version"},
}

// remedies say what the owner of a product should do because of an advisory; empty where
// the words of the publisher say it alone.
var remedies = map[label.Advice]string{
	label.AdviceAwait:        "notice.await",
	label.AdviceHasFix:       "notice.has-fix",
	label.AdviceUnaffected:   "notice.unaffected",
	label.AdviceUpdateTo:     "notice.update-to",
	label.AdviceUpdate:       "notice.update",
	label.AdviceFollow:       "",
	label.AdviceNoUpdateYet:  "notice.no-update-yet",
	label.AdviceNoFixPlanned: "notice.no-fix-planned",
	label.AdviceAsk:          "notice.ask",
}

// severities are those of CVSS; empty where there is nothing to say.
var severities = map[string]string{
	"": "", "none": "", "low": "notice.low", "medium": "notice.medium", "high": "notice.high", "critical": "notice.critical",
}

// bounds say what ends the validity of a label.
var bounds = map[label.Bound]string{
	label.BoundSchemeTerm:     "validity.scheme-term",
	label.BoundSupportEnd:     "validity.support-end",
	label.BoundEvidenceExpiry: "validity.evidence-expiry",
	label.BoundGraceEnd:       "validity.grace-end",
}

// schemeSentences name a scheme, and say what its levels are.
var schemeSentences = map[label.Presentation]string{
	label.Ladder:       "label.scheme-ladder",
	label.PassOnly:     "label.scheme-pass-only",
	label.NamedClasses: "label.scheme-classes",
}

// assurances say who checked a product.
var assurances = map[label.Assurance]string{label.LabTested: "label.tested", label.SelfDeclared: "label.declared"}

// sources say who answers for a criterion.
var sources = map[scheme.Source]string{
	scheme.Lab:         "basis.by-lab",
	scheme.Declaration: "basis.by-declaration",
	scheme.Authority:   "basis.by-authority",
}

// documents say what the evidence is that a label is based on, by whose word it is.
var documents = map[label.Source]string{
	label.SourceLab:         "basis.report",
	label.SourceDeclaration: "basis.declaration",
	label.SourceAuthority:   "basis.ruling",
}

// components say what belongs to a product.
var components = map[string]string{"app": "label.app", "cloud": "label.cloud", "hub": "label.hub"}

// updates say how updates get into a product.
var updates = map[string]string{"automatic": "compare.automatic", "manual": "compare.manual", "none": "compare.none"}

// sorts are the orders of search results.
var sorts = map[search.Sort]string{
	search.Best: "search.best", search.Newest: "search.newest", search.Level: "search.by-level", search.Name: "search.by-name", search.Support: "search.by-support",
}

// complaints are the kinds of reports, in [authority.ComplaintKinds].
var complaints = map[string]string{
	authority.Copied:   "report.copied",
	authority.Mistaken: "report.mistaken",
	authority.Weakness: "report.weakness",
	authority.Other:    "report.other",
}
