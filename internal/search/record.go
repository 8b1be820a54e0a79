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
	SupportEnd   label.Date
	State        label.State // at the instant for which it was made or found

	// Standing is how it stood then in full. Of a label to which nothing has happened it
	// does not say what ends it.
	Standing *label.Standing

	// What the index needs to tell the state of later; what was found has none.
	expires time.Time
	until   time.Time      // when the state will change by time alone; zero for never
	history *label.History // of a label to which something happened; nil otherwise
}

// NewRecord returns the record of a label as it stands at an instant, after all
// that happened to it.
func NewRecord(o *label.Outline, statuses []*label.Status, entry int64, now time.Time) *Record {
	r := &Record{
		ID: o.ID, Entry: entry, Brand: o.Device.Brand, Name: o.Device.Name, Model: o.Device.Model, Category: o.Device.Category,
		Manufacturer: o.Maker, Scheme: o.Scheme.ID, Level: o.Level, Assurance: o.Assurance, SupportEnd: o.Product.SupportEnd,
		expires: o.Expires,
	}
	// What states need of a label, and nothing more of it, is kept.
	h := &label.History{Label: &label.Label{ID: o.ID, Issued: o.Issued, Expires: o.Expires}, Statuses: statuses, Seen: now}
	h.Label.Product.SupportEnd = o.Product.SupportEnd
	s := h.StandingAt(now)
	r.State, r.Standing, r.until = s.State, &s, h.NextChange(now)
	if len(statuses) > 0 {
		r.history = h
	}
	return r
}

// words returns the words by which a record is found.
func (r *Record) words() []string {
	text := r.Brand + " " + r.Name + " " + r.Model + " " + r.Manufacturer.Name + " " + r.Manufacturer.ID
	list := append(words(text), joined(r.Model), modelWord(r.Model))
	if other := spelled(text); other != text {
		list = append(list, words(other)...)
	}
	return list
}

// modelWord returns the word by which a model number is found in all its spellings. It
// begins with a sign that no other word has, so that people do not find it by chance.
func modelWord(model string) string { return "=" + label.FoldModel(model) }
