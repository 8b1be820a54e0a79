package label

import "slices"

// A CauseKind is what sort of thing a status follows from that nobody asked for.
type CauseKind string

const (
	CauseEvent       CauseKind = "event"       // an event was reported: SHA256 is that of the signed event
	CauseEvidence    CauseKind = "evidence"    // what is on record about the product was judged again; a report that counts only until some day is SHA256
	CauseAdvisory    CauseKind = "advisory"    // no news followed an advisory in time: SHA256 is that of the document
	CausePredecessor CauseKind = "predecessor" // the same was said of the label in whose place this one was issued: its Label and SHA256, and the Number there
)

// A Cause is what a status follows from that nobody asked for. What a product was found
// to be when it was judged again is not in it: that rests on evidence which stays
// private, and its manufacturer is told.
type Cause struct {
	Kind   CauseKind `json:"kind"`
	SHA256 Digest    `json:"sha256,omitzero"`
	Label  ID        `json:"label,omitempty"`
	Number int       `json:"number,omitzero"`
}

// EventCause is the cause of what follows from a signed event.
func EventCause(event Digest) Cause { return Cause{Kind: CauseEvent, SHA256: event} }

// causeMembers says of each kind of cause what it has: SHA256, and Label with Number.
var causeMembers = map[CauseKind]struct{ sha256, label []bool }{
	CauseEvent:       {[]bool{true}, []bool{false}},
	CauseEvidence:    {[]bool{true, false}, []bool{false}},
	CauseAdvisory:    {[]bool{true}, []bool{false}},
	CausePredecessor: {[]bool{true}, []bool{true}},
}

func (c *Cause) validate(former bool) error {
	has, ok := causeMembers[c.Kind]
	if !ok {
		return invalid(ReasonOutOfRange, "kind", "is %q; must be event, evidence, advisory or predecessor", c.Kind)
	}
	if !slices.Contains(has.sha256, !c.SHA256.IsZero()) && !(former && c.Kind == CausePredecessor) {
		return invalid(ReasonMissing, "sha256", "is required of a cause of the kind %s", c.Kind)
	}
	if !slices.Contains(has.label, c.Label != "") || (c.Label != "") != (c.Number != 0) {
		return invalid(ReasonMissing, "label", "the kind predecessor, and no other, names a label and the number of its status")
	}
	if c.Label == "" {
		return nil
	}
	if id, err := ParseID(string(c.Label)); err != nil || id != c.Label {
		return invalid(ReasonIDMalformed, "label", "is not a label ID in normal form")
	}
	if c.Number < 1 || c.Number > MaxStatuses {
		return invalid(ReasonOutOfRange, "number", "must be 1 to %d", MaxStatuses)
	}
	return nil
}
