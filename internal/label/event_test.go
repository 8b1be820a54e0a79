package label_test

import (
	"testing"
	"time"

	"labeld/internal/label"
)

func event(kind label.EventKind) func() *label.Event {
	return func() *label.Event {
		e := &label.Event{Kind: kind, Reason: "because", Text: "It was so.", Made: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
		switch kind {
		case label.LabEvent:
			e.Lab, e.Number, e.Categories = "aurora-lab", "T-1", []string{"camera", "hub"}
		case label.KeyEvent:
			e.Key, e.Since = someDigest.String(), e.Made.Add(-time.Hour)
		case label.SchemeEvent:
			e.Scheme, e.Version = "four-level", "2026.2"
		case label.HoldEvent:
			e.Manufacturer = "northlight"
		case label.SeparationEvent:
			e.Lab, e.Manufacturer, e.Ended = "aurora-lab", "northlight", label.NewDate(2026, 10, 1)
		case label.GTINEvent:
			e.Manufacturer, e.GTIN = "northlight", "09522105000101"
		}
		e.Authority = "https://labels.test"
		return e
	}
}

func TestEventValidate(t *testing.T) {
	type e = *label.Event
	checkRules(t, event(label.LabEvent), []rule[e]{
		{"no lab", func(e e) { e.Lab = "" }, label.ReasonMissing, "lab"},
		{"a lab by name", func(e e) { e.Lab = "Aurora Lab" }, label.ReasonMalformed, "lab"},
		{"no number", func(e e) { e.Number = "" }, label.ReasonMissing, "number"},
		{"no category", func(e e) { e.Categories = []string{} }, label.ReasonNotCanonical, "categories"},
		{"an empty category", func(e e) { e.Categories[0] = "" }, label.ReasonMissing, "categories[0]"},
		{"all categories", func(e e) { e.Categories = []string{"*"} }, label.ReasonMalformed, "categories[0]"},
		{"a category twice", func(e e) { e.Categories[1] = e.Categories[0] }, label.ReasonDuplicateKey, "categories[1]"},
		{"a manufacturer", func(e e) { e.Manufacturer = "northlight" }, label.ReasonOutOfRange, "manufacturer"},
	})
	checkRules(t, event(label.KeyEvent), []rule[e]{
		{"no key", func(e e) { e.Key = "" }, label.ReasonMissing, "key"},
		{"the beginning of a key's ID", func(e e) { e.Key = e.Key[:16] }, label.ReasonMalformed, "key"},
		{"a key of nothing", func(e e) { e.Key = label.Digest{}.String() }, label.ReasonMalformed, "key"},
		{"no time", func(e e) { e.Since = time.Time{} }, label.ReasonMissing, "since"},
		{"categories", func(e e) { e.Categories = []string{"camera"} }, label.ReasonOutOfRange, "categories"},
	})
	checkRules(t, event(label.SchemeEvent), []rule[e]{
		{"a scheme by name", func(e e) { e.Scheme = "Four Levels" }, label.ReasonMalformed, "scheme"},
		{"no version", func(e e) { e.Version = "" }, label.ReasonMissing, "version"},
	})
	checkRules(t, event(label.HoldEvent), []rule[e]{
		{"a manufacturer by name", func(e e) { e.Manufacturer = "Northlight" }, label.ReasonMalformed, "manufacturer"},
		{"manufacturer and device", func(e e) { e.Device = someDigest }, label.ReasonMissing, "device"},
	})
	checkRules(t, event(label.SeparationEvent), []rule[e]{
		{"a lab by name", func(e e) { e.Lab = "Aurora" }, label.ReasonMalformed, "lab"},
		{"a manufacturer by name", func(e e) { e.Manufacturer = "Northlight" }, label.ReasonMalformed, "manufacturer"},
		{"no end", func(e e) { e.Ended = label.Date{} }, label.ReasonMissing, "ended"},
	})
	checkRules(t, event(label.GTINEvent), []rule[e]{
		{"a manufacturer by name", func(e e) { e.Manufacturer = "Northlight" }, label.ReasonMalformed, "manufacturer"},
	})
}
