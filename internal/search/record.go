package search

import (
	"time"

	"labeld/internal/label"
)

// A Record is what is found of a label.
type Record struct {
	ID           label.ID
	Entry        int64 // of the log: orders labels by age
	Brand        string
	Name         string
	Model        string
	Category     string // ID
	Manufacturer label.Party
	Scheme       string
	Level        label.Level
	Assurance    label.Assurance
	Issued       time.Time
	SupportEnd   label.Date

	sortName string         // folded
	history  *label.History // of a label to which something happened; nil otherwise
	expires  time.Time
	state    label.State // until the instant
	until    time.Time   // zero for ever
}

// NewRecord returns the record of a label as it stands at an instant.
func NewRecord(h *label.History, entry int64, now time.Time) *Record {
	l := h.Label
	r := &Record{
		ID: l.ID, Entry: entry, Brand: l.Device.Brand, Name: l.Device.Name, Model: l.Device.Model, Category: l.Device.Category,
		Manufacturer: l.Maker, Scheme: l.Scheme.ID, Level: l.Level, Assurance: l.Assurance, Issued: l.Issued, SupportEnd: l.Product.SupportEnd,
		expires: l.Expires, sortName: fold(l.Device.Name),
	}
	// What states need of a label, and nothing more of it, is kept.
	kept := &label.History{Label: &label.Label{ID: l.ID, Issued: l.Issued, Expires: l.Expires}, Statuses: h.Statuses}
	kept.Label.Product.SupportEnd = l.Product.SupportEnd
	r.state, r.until = kept.StandingAt(now).State, kept.NextChange(now)
	if len(h.Statuses) > 0 {
		r.history = kept
	}
	return r
}

// State returns how the label stands at an instant, not before the one for which
// the record was made.
func (r *Record) State(now time.Time) label.State {
	switch {
	case r.until.IsZero() || now.Before(r.until):
		return r.state
	case r.history != nil:
		return r.history.StandingAt(now).State
	case !now.Before(r.expires):
		return label.Expired
	}
	return label.Active
}

// text is what words are looked for in.
func (r *Record) text() string {
	return r.Brand + " " + r.Name + " " + r.Model + " " + r.Manufacturer.Name + " " + r.Manufacturer.ID
}
