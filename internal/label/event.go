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

	HoldEvent        EventKind = "hold"        // a device or a manufacturer is refused until that is ended
	ReleaseEvent     EventKind = "release"     // such a hold ends
	StatementEvent   EventKind = "statement"   // a report, declaration or ruling is struck: it does not count any more
	WithdrawalEvent  EventKind = "withdrawal"  // a laboratory withdraws its own report: nothing rests on it any more
	AffiliationEvent EventKind = "affiliation" // a laboratory and a manufacturer are under common control
	SeparationEvent  EventKind = "separation"  // such control has ended
	GTINEvent        EventKind = "gtin"        // a trade item number belongs to another manufacturer than it was registered by
)

// EventKinds lists the kinds.
var EventKinds = []EventKind{LabEvent, KeyEvent, SchemeEvent, AdvisoryEvent, HoldEvent, ReleaseEvent, StatementEvent, WithdrawalEvent, AffiliationEvent, SeparationEvent, GTINEvent}

// An Event is something that touches many labels at once. Predicate of
// [TypeEvent]. The failure of something that labels rest on is signed by an
// operator; which labels it touches follows from the records, and what becomes of
// them from the scheme. A laboratory signs that it withdraws a report of its own. An
// advisory is signed by an operator, or by a
// manufacturer for its own labels; which it touches, and what it says of each, is
// in the document.
type Event struct {
	Kind       EventKind `json:"kind"`
	Lab        string    `json:"lab,omitempty"`        // lab, affiliation, separation: organization ID
	Number     string    `json:"number,omitempty"`     // lab: of the accreditation
	Categories []string  `json:"categories,omitempty"` // lab: the scope that is lost; all of it where absent
	Key        string    `json:"key,omitempty"`        // key: its ID
	Since      time.Time `json:"since,omitzero"`       // key: from when on
	Scheme     string    `json:"scheme,omitempty"`     // scheme: its ID
	Version    string    `json:"version,omitempty"`    // scheme: the version that ends
	Advisory   Digest    `json:"advisory,omitzero"`    // advisory: of the document
	Statement  Digest    `json:"statement,omitzero"`   // statement, withdrawal: which one is struck, or withdrawn
	Device     Digest    `json:"device,omitzero"`      // hold, release: of the descriptor; or else:

	Manufacturer string `json:"manufacturer,omitempty"` // hold, release, affiliation, separation, gtin: organization ID
	Ended        Date   `json:"ended,omitzero"`         // separation: last day of the common control
	GTIN         GTIN   `json:"gtin,omitempty"`         // gtin
	Reason       string `json:"reason"`                 // code
	Text         string `json:"text"`                   // what happened, in plain words; stands in every status
	Language     string `json:"language,omitempty"`     // of the text; English where absent
	Addressed
	Made time.Time `json:"made"`
}

// Name returns what the event is about.
func (e *Event) Name() string {
	switch e.Kind {
	case LabEvent, AffiliationEvent, SeparationEvent:
		return e.Lab
	case KeyEvent:
		return e.Key
	case AdvisoryEvent:
		return e.Advisory.String()
	case StatementEvent, WithdrawalEvent:
		return e.Statement.String()
	case GTINEvent:
		return string(e.GTIN)
	case HoldEvent, ReleaseEvent:
		if e.Device.IsZero() {
			return e.Manufacturer
		}
		return e.Device.String()
	}
	return e.Scheme
}

// Subject returns what the statement has as its subject: the document of an
// advisory, the statement that is struck, the device that is on hold, and the
// name of anything else.
func (e *Event) Subject() Digest {
	for _, d := range []Digest{e.Advisory, e.Statement, e.Device} {
		if !d.IsZero() {
			return d
		}
	}
	return DigestOf([]byte(e.Name()))
}

// Validate checks what can be known without the registry.
func (e *Event) Validate() error {
	required := func(field, value string) error { return checkText(field, value, MaxText) }
	var err error
	switch e.Kind {
	case LabEvent:
		if err = checkSlug("lab", e.Lab); err == nil {
			err = required("number", e.Number)
		}
	case KeyEvent:
		if err = checkKeyID("key", e.Key); err == nil && e.Since.IsZero() {
			err = invalid(ReasonMissing, "since", "is required: from when on the key may have been in the wrong hands")
		}
	case SchemeEvent:
		if err = checkSlug("scheme", e.Scheme); err == nil {
			err = required("version", e.Version)
		}
	case AdvisoryEvent:
		if e.Advisory.IsZero() {
			err = invalid(ReasonMissing, "advisory", "is required: the SHA-256 of the document")
		}
	case HoldEvent, ReleaseEvent:
		if e.Device.IsZero() == (e.Manufacturer == "") {
			err = invalid(ReasonMissing, "device", "name the device, or else the manufacturer")
		} else if e.Manufacturer != "" {
			err = checkSlug("manufacturer", e.Manufacturer)
		}
	case StatementEvent, WithdrawalEvent:
		if e.Statement.IsZero() {
			err = invalid(ReasonMissing, "statement", "is required: the SHA-256 of the signed statement")
		}
	case AffiliationEvent, SeparationEvent:
		if err = checkSlug("lab", e.Lab); err == nil {
			err = checkSlug("manufacturer", e.Manufacturer)
		}
		if err == nil && e.Kind == SeparationEvent && e.Ended.IsZero() {
			err = invalid(ReasonMissing, "ended", "is required: the last day on which they were under common control")
		}
	case GTINEvent:
		if err = checkSlug("manufacturer", e.Manufacturer); err == nil {
			_, err = parseGTIN("gtin", string(e.GTIN))
		}
	default:
		err = invalid(ReasonOutOfRange, "kind", "is %q; must be one of %v", e.Kind, EventKinds)
	}
	if err != nil {
		return err
	}
	for _, f := range []struct {
		field string
		given bool
		kinds []EventKind
	}{
		{"lab", e.Lab != "", []EventKind{LabEvent, AffiliationEvent, SeparationEvent}},
		{"number", e.Number != "", []EventKind{LabEvent}},
		{"categories", e.Categories != nil, []EventKind{LabEvent}},
		{"key", e.Key != "", []EventKind{KeyEvent}},
		{"since", !e.Since.IsZero(), []EventKind{KeyEvent}},
		{"scheme", e.Scheme != "", []EventKind{SchemeEvent}},
		{"version", e.Version != "", []EventKind{SchemeEvent}},
		{"advisory", !e.Advisory.IsZero(), []EventKind{AdvisoryEvent}},
		{"statement", !e.Statement.IsZero(), []EventKind{StatementEvent, WithdrawalEvent}},
		{"device", !e.Device.IsZero(), []EventKind{HoldEvent, ReleaseEvent}},
		{"manufacturer", e.Manufacturer != "", []EventKind{HoldEvent, ReleaseEvent, AffiliationEvent, SeparationEvent, GTINEvent}},
		{"ended", !e.Ended.IsZero(), []EventKind{SeparationEvent}},
		{"gtin", e.GTIN != "", []EventKind{GTINEvent}},
	} {
		if f.given && !slices.Contains(f.kinds, e.Kind) {
			return invalid(ReasonOutOfRange, f.field, "does not go with the kind %s", e.Kind)
		}
	}
	if e.Categories != nil && len(e.Categories) == 0 {
		return saysNothing("categories", e.Categories)
	}
	if err := checkSlugs("categories", e.Categories, MaxVerdicts); err != nil {
		return err
	}
	if err := checkSlug("reason", e.Reason); err != nil {
		return err
	}
	if err := checkSaid(e.Text, e.Language); err != nil {
		return err
	}
	if e.Made.IsZero() || e.Made.Nanosecond() != 0 || e.Since.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "made", "is required, and times are whole seconds")
	}
	return e.CheckAddress()
}
