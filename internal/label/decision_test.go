package label_test

import (
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

func TestDecisionValidate(t *testing.T) {
	good := func() *label.Decision {
		return &label.Decision{
			Authority: label.Party{ID: "authority", Name: "The Authority"}, Maker: label.Party{ID: "maker", Name: "Maker"},
			Scheme: label.SchemeRef{ID: "s", Version: "1", SHA256: label.DigestOf(nil)}, Level: label.Level{Number: 2, Of: 4, Name: "Two", Presentation: label.Ladder}, Reached: 1,
			Criteria: []label.CriterionFound{{ID: "a", Title: "A", Level: 1, State: "met"}, {ID: "b", Title: "B", Level: 2, State: "unmet"}},
			Missing:  []label.Missing{{Kind: "rule", By: "lab", Items: []string{"5.1-1"}, Text: "Mend it."}},
			Evidence: []label.LabelEvidence{someEvidence()}, Unused: []label.Unused{{Evidence: someEvidence(), Code: "too-old", Text: "It is too old."}},
			Decided: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), AppealBy: label.NewDate(2026, 12, 2), DecideDays: 60,
		}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*label.Decision){
		"authority.id":              func(d *label.Decision) { d.Authority.ID = "" },
		"scheme.sha256":             func(d *label.Decision) { d.Scheme.SHA256 = label.Digest{} },
		"level.number":              func(d *label.Decision) { d.Level.Number = 5 },
		"reached":                   func(d *label.Decision) { d.Reached = 2 },
		"criteria[1].state":         func(d *label.Decision) { d.Criteria[1].State = "perhaps" },
		"criteria[0].id":            func(d *label.Decision) { d.Criteria[0].ID = "A B" },
		"authority.name":            func(d *label.Decision) { d.Authority.Name = "" },
		"manufacturer.name":         func(d *label.Decision) { d.Maker.Name = "" },
		"manufacturer.url":          func(d *label.Decision) { d.Maker.URL = "http://maker.example" },
		"criteria[0].title":         func(d *label.Decision) { d.Criteria[0].Title = "" },
		"criteria[1].level":         func(d *label.Decision) { d.Criteria[1].Level = 5 },
		"criteria[0].level":         func(d *label.Decision) { d.Criteria[0].Level = 0 },
		"evidence[0].type":          func(d *label.Decision) { d.Evidence[0].Type = "" },
		"missing[0].kind":           func(d *label.Decision) { d.Missing[0].Kind = "" },
		"missing[0].by":             func(d *label.Decision) { d.Missing[0].By = "The lab" },
		"missing[0].text":           func(d *label.Decision) { d.Missing[0].Text = "" },
		"missing[0].items[0]":       func(d *label.Decision) { d.Missing[0].Items[0] = "" },
		"missing[0].items":          func(d *label.Decision) { d.Missing[0].Items = make([]string, label.MaxVerdicts+1) },
		"unused[0].code":            func(d *label.Decision) { d.Unused[0].Code = "" },
		"unused[0].text":            func(d *label.Decision) { d.Unused[0].Text = "" },
		"unused[0].evidence.sha256": func(d *label.Decision) { d.Unused[0].Evidence.SHA256 = label.Digest{} },
		"missing":                   func(d *label.Decision) { d.Missing = nil },
		"decided":                   func(d *label.Decision) { d.Decided = d.Decided.Add(1) },
		"appealBy":                  func(d *label.Decision) { d.AppealBy = label.NewDate(2026, 11, 1) },
		"decideDays":                func(d *label.Decision) { d.DecideDays = label.MaxTermDays + 1 },
	} {
		d := good()
		change(d)
		if err := d.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	for list, field := range map[string]string{"b": "", "a": "f[0]", "c": "f[0]"} {
		if err := good().CheckOpen("f", []string{list}); (err == nil) != (field == "") || err != nil && !strings.HasPrefix(err.Error(), field) {
			t.Errorf("criterion %s: %v", list, err)
		}
	}
}

func TestRulingValidate(t *testing.T) {
	good := func() *label.Ruling {
		return &label.Ruling{
			Authority: label.Party{ID: "authority", Name: "The Authority"}, Decision: label.DigestOf([]byte("d")), Appeal: label.DigestOf([]byte("a")),
			Scheme: label.SchemeRef{ID: "s", Version: "1", SHA256: label.DigestOf(nil)}, Outcome: label.Changed, Text: "So.", Accepted: []string{"b"},
			Decided: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC), Requests: requests(),
		}
	}
	if err := good().Validate(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(*label.Ruling){
		"appeal":             func(r *label.Ruling) { r.Decision = label.Digest{} },
		"scheme":             func(r *label.Ruling) { r.Scheme.Version = "" },
		"outcome":            func(r *label.Ruling) { r.Outcome = "maybe" },
		"text":               func(r *label.Ruling) { r.Text = strings.Repeat("a", label.MaxProse+1) },
		"accepted":           func(r *label.Ruling) { r.Accepted = nil },
		"accepted[1]":        func(r *label.Ruling) { r.Accepted = []string{"b", "b"} },
		"decided":            func(r *label.Ruling) { r.Decided = time.Time{} },
		"requests":           func(r *label.Ruling) { r.Requests = nil },
		"authority.name":     func(r *label.Ruling) { r.Authority.Name = "" },
		"requests[0].sha256": func(r *label.Ruling) { r.Requests[0].SHA256 = label.Digest{} },
	} {
		r := good()
		change(r)
		if err := r.Validate(); err == nil || !strings.HasPrefix(err.Error(), field+":") {
			t.Errorf("%s: %v", field, err)
		}
	}
	sent := good()
	sent.Outcome = label.SentBack
	if err := sent.Validate(); err == nil {
		t.Error("a decision that is sent back accepts criteria")
	}
}
