package search

import (
	"time"
	"unique"

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
		ID: l.ID, Entry: entry, Brand: shared(l.Device.Brand), Name: shared(l.Device.Name), Model: l.Device.Model, Category: shared(l.Device.Category),
		Manufacturer: label.Party{ID: shared(l.Maker.ID), Name: shared(l.Maker.Name), URL: shared(l.Maker.URL)},
		Scheme:       shared(l.Scheme.ID), Level: l.Level, Assurance: shared(l.Assurance), Issued: l.Issued, SupportEnd: l.Product.SupportEnd,
		expires: l.Expires, sortName: shared(fold(l.Device.Name)),
	}
	r.Level.Name = shared(r.Level.Name)
	r.stand(h.Statuses, now)
	return r
}

// shared returns a text that many records have, as one piece of memory: there are
// few manufacturers, and many labels.
func shared[S ~string](s S) S { return unique.Make(s).Value() }

// Changed returns the record of a label to which more happened, as it stands at
// an instant. The statuses are all there are.
func (r *Record) Changed(statuses []*label.Status, now time.Time) *Record {
	c := *r
	c.stand(statuses, now)
	return &c
}

func (r *Record) stand(statuses []*label.Status, now time.Time) {
	// What states need of a label, and nothing more of it, is kept.
	h := &label.History{Label: &label.Label{ID: r.ID, Issued: r.Issued, Expires: r.expires}, Statuses: statuses}
	h.Label.Product.SupportEnd = r.SupportEnd
	r.state, r.until, r.history = h.StandingAt(now).State, h.NextChange(now), nil
	if len(statuses) > 0 {
		r.history = h
	}
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
