package label

import (
	"slices"
	"time"
)

// An EventKind is what sort of thing failed that labels rest on.
type EventKind string

const (
	LabEvent    EventKind = "lab"    // a laboratory's accreditation is suspended, or loses scope
	KeyEvent    EventKind = "key"    // a key was in the wrong hands from some instant on
	SchemeEvent EventKind = "scheme" // a version of a scheme ends

	AdvisoryEvent EventKind = "advisory" // an advisory about products was published
)

// An Event is something that touches many labels at once. Predicate of
// [TypeEvent]. The failure of something that labels rest on is signed by an
// operator; which labels it touches follows from the records, and what becomes of
// them from the scheme. An advisory is signed by an operator, or by a
// manufacturer for its own labels; which it touches, and what it says of each, is
// in the document.
type Event struct {
	Kind       EventKind `json:"kind"`
	Lab        string    `json:"lab,omitempty"`        // lab: organization ID
	Number     string    `json:"number,omitempty"`     // lab: of the accreditation
	Categories []string  `json:"categories,omitempty"` // lab: the scope that is lost; all of it where absent
	Key        string    `json:"key,omitempty"`        // key: its ID
	Since      time.Time `json:"since,omitzero"`       // key: from when on
	Scheme     string    `json:"scheme,omitempty"`     // scheme: its ID
	Version    string    `json:"version,omitempty"`    // scheme: the version that ends
	Advisory   Digest    `json:"advisory,omitzero"`    // advisory: of the document
	Reason     string    `json:"reason"`               // code
	Text       string    `json:"text"`                 // what happened, in plain words; stands in every status
	Made       time.Time `json:"made"`
}

// Name returns what the event is about.
func (e *Event) Name() string {
	switch e.Kind {
	case LabEvent:
		return e.Lab
	case KeyEvent:
		return e.Key
	case AdvisoryEvent:
		return e.Advisory.String()
	}
	return e.Scheme
}

// Subject returns what the statement has as its subject: the document of an
// advisory, the name of anything else.
func (e *Event) Subject() Digest {
	if e.Kind == AdvisoryEvent {
		return e.Advisory
	}
	return DigestOf([]byte(e.Name()))
}

// Validate checks what can be known without the registry.
func (e *Event) Validate() error {
	required := func(field, value string) error { return checkText(field, value, MaxText) }
	var err error
	switch e.Kind {
	case LabEvent:
		if err = required("lab", e.Lab); err == nil {
			err = required("number", e.Number)
		}
	case KeyEvent:
		if err = required("key", e.Key); err == nil && e.Since.IsZero() {
			err = invalid(ReasonMissing, "since", "is required: from when on the key may have been in the wrong hands")
		}
	case SchemeEvent:
		if err = required("scheme", e.Scheme); err == nil {
			err = required("version", e.Version)
		}
	case AdvisoryEvent:
		if e.Advisory.IsZero() {
			err = invalid(ReasonMissing, "advisory", "is required: the SHA-256 of the document")
		}
	default:
		err = invalid(ReasonOutOfRange, "kind", "is %q; must be lab, key, scheme or advisory", e.Kind)
	}
	if err != nil {
		return err
	}
	for _, f := range []struct {
		field string
		given bool
		kind  EventKind
	}{
		{"lab", e.Lab != "", LabEvent}, {"number", e.Number != "", LabEvent}, {"categories", len(e.Categories) > 0, LabEvent},
		{"key", e.Key != "", KeyEvent}, {"since", !e.Since.IsZero(), KeyEvent},
		{"scheme", e.Scheme != "", SchemeEvent}, {"version", e.Version != "", SchemeEvent},
		{"advisory", !e.Advisory.IsZero(), AdvisoryEvent},
	} {
		if f.given && f.kind != e.Kind {
			return invalid(ReasonOutOfRange, f.field, "does not go with the kind %s", e.Kind)
		}
	}
	if slices.Contains(e.Categories, "") || len(e.Categories) > MaxVerdicts {
		return invalid(ReasonOutOfRange, "categories", "are the categories that are lost")
	}
	if err := checkSlug("reason", e.Reason); err != nil {
		return err
	}
	if err := checkText("text", e.Text, MaxProse); err != nil {
		return err
	}
	if e.Made.IsZero() || e.Made.Nanosecond() != 0 || e.Since.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "made", "is required, and times are whole seconds")
	}
	return nil
}
