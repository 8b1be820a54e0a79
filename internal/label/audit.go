package label

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// # The audit trail
//
// Everything that somebody does in the programme, or asks for in vain, is an [Act]. The
// acts in their order are the audit trail, which is only ever added to: it is a Merkle
// tree of its own, whose leaves are [TrailEntry.Leaf], and whose head is an entry of the
// public log ([AuditHead]). So whoever runs the service can neither change an entry, nor
// leave one out, nor put one in, without contradicting what everybody has.
//
// An entry says who asked for what, and what came of it. Evidence, secrets and the contacts
// of people are never in it: of what was sent, it has the digest.

// An Act is something that somebody did, or asked for in vain: one entry of the audit
// trail.
type Act struct {
	At        time.Time  `json:"at"`                  // when it was recorded; the store sets it to the time of the commit, so that no entry is earlier than the one before it
	Kind      string     `json:"kind"`                // of the table of acts, such as label.revoke
	Actor     Actor      `json:"actor"`               // who did it
	Subject   string     `json:"subject,omitempty"`   // what it is about: an ID, or a digest
	Request   Digest     `json:"request,omitzero"`    // the signed request on which it rests
	Outcome   ActOutcome `json:"outcome"`             // what came of it
	Reason    string     `json:"reason,omitempty"`    // code: why it was refused, or for which reason it was asked for
	Text      string     `json:"text,omitempty"`      // of a refusal: what the caller was told, at most [MaxActText] bytes
	RequestID string     `json:"requestId,omitempty"` // of the call, which its log lines and answers name too
}

// An Actor is who acts: an organization, by a person who holds a key.
type Actor struct {
	Organization string `json:"organization"`
	Person       string `json:"person,omitempty"` // empty where the key is of nobody in particular
	Key          string `json:"key,omitempty"`    // ID
}

// An ActOutcome is what came of an act.
type ActOutcome string

const (
	ActDone    ActOutcome = "done"
	ActWaits   ActOutcome = "waits"   // for others to agree
	ActRefused ActOutcome = "refused" // nothing was changed
)

// ActOutcomes lists the outcomes. What is asked for again, and answered from what is there,
// has none: it changes nothing, and whoever repeats must not fill the trail.
var ActOutcomes = []ActOutcome{ActDone, ActWaits, ActRefused}

// A TrailEntry is an act and its place in the audit trail.
type TrailEntry struct {
	Number int64 `json:"number"` // from 0 on, without gaps: the index of its leaf
	Act
}

// Leaf returns what the tree of the trail has of the entry: its JSON in the form of
// RFC 8785. The number is in it, so that the bytes say by themselves where they belong.
func (e *TrailEntry) Leaf() ([]byte, error) {
	utc := *e
	utc.At = e.At.UTC()
	b, err := Encode(&utc)
	if err != nil {
		return nil, err
	}
	return Canonical(b)
}

// ParseTrailEntry reads what [TrailEntry.Leaf] returned, and refuses everything else.
func ParseTrailEntry(leaf []byte) (*TrailEntry, error) {
	if len(leaf) > MaxTrailEntry {
		return nil, tooLarge("", len(leaf), MaxTrailEntry)
	}
	e := new(TrailEntry)
	if err := Decode(leaf, e); err != nil {
		return nil, err
	}
	again, err := e.Leaf()
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(again, leaf) {
		form := strconv.Quote(e.At.UTC().Format(time.RFC3339Nano))
		if at, err := Member(leaf, "at"); err == nil && at != nil && string(at) != form {
			return nil, invalid(ReasonNotCanonical, "at", "is %s; an instant is in UTC and without zeros at its end: %s", Clip(Readable(string(at)), MaxText), form)
		}
		return nil, invalid(ReasonNotCanonical, "", "is not an entry of the audit trail in the one form that these have")
	}
	if e.Number < 0 {
		return nil, invalid(ReasonOutOfRange, "number", "is negative")
	}
	return e, e.Validate()
}

// Fit returns the act with each of its texts as the trail can have it: readable, in one
// line, and cut off at its limit. Of a refused act they are in part whatever the caller
// sent, and must neither keep the entry from being written nor deceive who reads it.
func (a Act) Fit() Act {
	a.Subject = fit(a.Subject, MaxText)
	a.Reason = fit(a.Reason, MaxText)
	a.Text = fit(a.Text, MaxActText)
	a.RequestID = fit(a.RequestID, MaxText)
	return a
}

// cutOff ends a text that was longer.
const cutOff = "…"

func fit(s string, limit int) string {
	if s = Readable(s); len(s) <= limit {
		return s
	}
	s = s[:limit-len(cutOff)]
	for !utf8.ValidString(s) { // in the middle of a character
		s = s[:len(s)-1]
	}
	return Readable(s) + cutOff
}

// Validate checks an act that [Act.Fit] returned.
func (a *Act) Validate() error {
	if a.At.IsZero() {
		return invalid(ReasonMissing, "at", "is required")
	}
	if a.At.Nanosecond()%int(time.Millisecond) != 0 {
		return invalid(ReasonMalformed, "at", "is finer than milliseconds; an entry is of an instant such as 2026-11-02T09:00:00.123Z")
	}
	if err := checkActKind("kind", a.Kind); err != nil {
		return err
	}
	if err := checkSlug("actor.organization", a.Actor.Organization); err != nil {
		return err
	}
	for _, f := range []struct {
		field, value string
		limit        int
	}{
		{"actor.person", a.Actor.Person, MaxText}, {"actor.key", a.Actor.Key, MaxText}, {"subject", a.Subject, MaxText},
		{"reason", a.Reason, MaxText}, {"text", a.Text, MaxActText}, {"requestId", a.RequestID, MaxText},
	} {
		if err := checkOptional(f.field, f.value, f.limit); err != nil {
			return err
		}
	}
	if !slices.Contains(ActOutcomes, a.Outcome) {
		return invalid(ReasonOutOfRange, "outcome", "must be done, waits or refused")
	}
	return nil
}

// checkActKind requires the name of a kind of act: identifiers joined by dots.
func checkActKind(field, s string) error {
	if s == "" {
		return invalid(ReasonMissing, field, "is required")
	}
	if len(s) > MaxActKind {
		return tooLarge(field, len(s), MaxActKind)
	}
	for part := range strings.SplitSeq(s, ".") {
		if !isSlug(part) {
			return invalid(ReasonMalformed, field, "%q is not a kind of act: identifiers joined by dots, such as label.revoke", s)
		}
	}
	return nil
}

// An AuditHead says what the audit trail had come to: how many entries it had, and the
// root of the Merkle tree over their leaves (RFC 6962 2.1). Predicate of
// [TypeAuditHead], signed by the authority, about the root; public and logged, so that
// no entry before it can be changed, left out or added later.
type AuditHead struct {
	Size      int64     `json:"size"`
	Root      Digest    `json:"root"`
	Authority Party     `json:"authority"`
	Recorded  time.Time `json:"recorded"`
}

// Validate is the linter's view of a head of the audit trail.
func (h *AuditHead) Validate() error {
	switch {
	case h.Size < 1:
		return invalid(ReasonOutOfRange, "size", "must be 1 or more: the head of an empty trail says nothing")
	case h.Root.IsZero():
		return invalid(ReasonMissing, "root", "is required")
	}
	if err := h.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	return checkRecorded(h.Recorded)
}
