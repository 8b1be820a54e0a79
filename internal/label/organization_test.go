package label_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

func TestOrganizationValidate(t *testing.T) {
	type o = *label.Organization
	rules := []rule[o]{
		{"no ID", func(o o) { o.ID = "" }, label.ReasonMissing, "id"},
		{"ID is no identifier", func(o o) { o.ID = "north_light" }, label.ReasonMalformed, "id"},
		{"no name", func(o o) { o.Name = "" }, label.ReasonMissing, "name"},
		{"name turned around", func(o o) { o.Name = "North\u202elight" }, label.ReasonMalformed, "name"},
		{"no role", func(o o) { o.Roles = nil }, label.ReasonMissing, "roles"},
		{"unknown role", func(o o) { o.Roles = append(o.Roles, "auditor") }, label.ReasonOutOfRange, "roles[1]"},
		{"a role twice", func(o o) { o.Roles = append(o.Roles, o.Roles[0]) }, label.ReasonDuplicateKey, "roles[1]"},
		{"an affiliate twice", func(o o) { o.Affiliates = append(o.Affiliates, o.Affiliates[0]) }, label.ReasonDuplicateKey, "affiliates[1]"},
		{"operator and lab", func(o o) { o.Roles = []label.Role{label.RoleLab, label.RoleOperator} }, label.ReasonWrongRole, "roles"},
		{"operator and manufacturer", func(o o) { o.Roles = append(o.Roles, label.RoleOperator) }, label.ReasonWrongRole, "roles"},
		{"URL over http", func(o o) { o.URL = "http://northlight.example" }, label.ReasonMalformed, "url"},
		{"contact", func(o o) { o.Contact = "tel:+47" }, label.ReasonMalformed, "contact"},
		{"affiliate is no identifier", func(o o) { o.Affiliates = []string{"polar-lab", ""} }, label.ReasonMissing, "affiliates[1]"},
	}
	checkRules(t, organization, rules)
	checkAccepted(t, organization, map[string]func(o){
		"only what is required": func(o o) { o.URL, o.Contact, o.Affiliates = "", "", nil },
		"lab and manufacturer":  func(o o) { o.Roles = []label.Role{label.RoleLab, label.RoleManufacturer} },
		"operator":              func(o o) { o.Roles = []label.Role{label.RoleOperator} },
	})
	maker := organization()
	for _, r := range label.Roles {
		if maker.Has(r) != (r == label.RoleManufacturer) {
			t.Errorf("a manufacturer has the role %s: %v", r, maker.Has(r))
		}
	}
}

func TestAccreditationValidate(t *testing.T) {
	type a = *label.Accreditation
	rules := []rule[a]{
		{"no lab", func(a a) { a.Lab.ID = "" }, label.ReasonMissing, "lab.id"},
		{"no number", func(a a) { a.Number = "" }, label.ReasonMissing, "number"},
		{"no body", func(a a) { a.Body = "" }, label.ReasonMissing, "body"},
		{"no standard", func(a a) { a.Standards = nil }, label.ReasonMissing, "standards"},
		{"no category", func(a a) { a.Categories = nil }, label.ReasonMissing, "categories"},
		{"no methods", func(a a) { a.Methods = nil }, label.ReasonMissing, "methods"},
		{"method without a name", func(a a) { a.Methods = []label.Method{"functional-test", "Functional test"} }, label.ReasonMalformed, "methods[1]"},
		{"method twice", func(a a) { a.Methods = []label.Method{"functional-test", "functional-test"} }, label.ReasonExists, "methods[1]"},
		{"no first day", func(a a) { a.Interval.From = label.Date{} }, label.ReasonOutOfRange, "interval"},
		{"no last day", func(a a) { a.Interval.To = label.Date{} }, label.ReasonOutOfRange, "interval"},
		{"no lab name", func(a a) { a.Lab.Name = "" }, label.ReasonMissing, "lab.name"},
		{"a standard by name", func(a a) { a.Standards = []string{"EN 303 645"} }, label.ReasonMalformed, "standards[0]"},
		{"standards in no order", func(a a) { a.Standards = []string{"en303645", "en18031"} }, label.ReasonNotCanonical, "standards[1]"},
		{"a standard twice", func(a a) { a.Standards = []string{"en303645", "en303645"} }, label.ReasonDuplicateKey, "standards[1]"},
		{"categories in no order", func(a a) { slices.Reverse(a.Categories) }, label.ReasonNotCanonical, "categories[1]"},
		{"a category twice", func(a a) { a.Categories[1] = a.Categories[0] }, label.ReasonDuplicateKey, "categories[1]"},
		{"all categories and one", func(a a) { a.Categories[0] = "*" }, label.ReasonOutOfRange, "categories"},
		{"a key in capitals", func(a a) { a.Keys[1] = strings.Repeat("A", 64) }, label.ReasonMalformed, "keys[1]"},
		{"a short key", func(a a) { a.Keys[1] = "2" }, label.ReasonMalformed, "keys[1]"},
		{"keys in no order", func(a a) { slices.Reverse(a.Keys) }, label.ReasonNotCanonical, "keys[1]"},
		{"a key twice", func(a a) { a.Keys[1] = a.Keys[0] }, label.ReasonNotCanonical, "keys[1]"},
		{"suspended in two lines", func(a a) { a.Suspended = "a\nb" }, label.ReasonMalformed, "suspended"},
		{"narrowed in two lines", func(a a) { a.Narrowed = "a\nb" }, label.ReasonMalformed, "narrowed"},
		{"no authority", func(a a) { a.Authority = label.Party{} }, label.ReasonMissing, "authority.id"},
		{"nobody asked", func(a a) { a.Requests = nil }, label.ReasonMissing, "requests"},
		{"asked for and by an event", func(a a) { a.Event = someDigest }, label.ReasonMissing, "requests"},
		{"a request of no key", func(a a) { a.Requests[0].Key = "" }, label.ReasonMissing, "requests[0].key"},
		{"not recorded", func(a a) { a.Recorded = time.Time{} }, label.ReasonMalformed, "recorded"},
		{"recorded in a part of a second", func(a a) { a.Recorded = a.Recorded.Add(1) }, label.ReasonMalformed, "recorded"},
		{"interval reversed", func(a a) { a.Interval.To = a.Interval.From.AddDays(-1) }, label.ReasonOutOfRange, "interval"},
	}
	checkRules(t, accreditation, rules)
	checkAccepted(t, accreditation, map[string]func(a){
		"one day":        func(a a) { a.Interval.To = a.Interval.From },
		"another method": func(a a) { a.Methods = []label.Method{"x"} },
		"by an event":    func(a a) { a.Event, a.Requests, a.Suspended = someDigest, nil, "It was found to be partial." },
		"no key":         func(a a) { a.Keys = nil },
		"all categories": func(a a) { a.Categories = []string{"*"} },
	})
}

func TestAccreditationCovers(t *testing.T) {
	day := label.NewDate(2026, 6, 1)
	for name, c := range map[string]struct {
		standard, category string
		method             label.Method
		day                label.Date
		change             func(*label.Accreditation)
		reason             label.Reason // "" if covered
		field              string
		text               string
	}{
		"within":               {"en303645", "camera", "functional-test", day, nil, "", "", ""},
		"the last method":      {"en303645", "camera", "binary-analysis", day, nil, "", "", ""},
		"the first day":        {"en303645", "camera", "functional-test", label.NewDate(2026, 1, 1), nil, "", "", ""},
		"the last day":         {"en303645", "camera", "functional-test", label.NewDate(2026, 12, 31), nil, "", "", ""},
		"all categories":       {"en303645", "toy", "functional-test", day, func(a *label.Accreditation) { a.Categories = []string{"*"} }, "", "", ""},
		"another standard":     {"en18031-1", "camera", "functional-test", day, nil, label.ReasonScopeStandard, "standard", "covers en303645, not en18031-1"},
		"no star for standard": {"en303645", "camera", "functional-test", day, func(a *label.Accreditation) { a.Standards = []string{"*"} }, label.ReasonScopeStandard, "standard", "not en303645"},
		"another category":     {"en303645", "toy", "functional-test", day, nil, label.ReasonScopeCategory, "category", "camera, smart-plug, not toy"},
		"another method":       {"en303645", "camera", "penetration-test", day, nil, label.ReasonScopeMethod, "methods", "covers the methods functional-test, binary-analysis, not penetration-test"},
		"the day before":       {"en303645", "camera", "functional-test", label.NewDate(2025, 12, 31), nil, label.ReasonScopeInterval, "period.to", "ran from 2026-01-01 to 2026-12-31"},
		"the day after":        {"en303645", "camera", "functional-test", label.NewDate(2027, 1, 1), nil, label.ReasonScopeInterval, "period.to", "ended on 2027-01-01"},
	} {
		t.Run(name, func(t *testing.T) {
			a := accreditation()
			if c.change != nil {
				c.change(a)
			}
			err := a.Covers(c.standard, c.category, []label.Method{"functional-test", c.method}, c.day, c.day.End())
			if c.reason == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			e := wantRefusal(t, err, label.Denied, c.reason, c.field)
			if !strings.Contains(e.Text, c.text) || !strings.Contains(e.Text, "T-1") {
				t.Errorf("it says %q, want %q", e.Text, c.text)
			}
		})
	}
}

// TestBackdatedReport sends a report, dated to the last day of the accreditation,
// later and later after that.
func TestBackdatedReport(t *testing.T) {
	a := accreditation()
	last := a.Interval.To
	for _, row := range []struct {
		arrived time.Time
		covered bool
	}{
		{last.Start(), true},
		{last.End(), true},
		{last.End().Add(label.MaxReportDelay - 1), true},
		{last.End().Add(label.MaxReportDelay), false},
		{last.End().AddDate(1, 0, 0), false},
	} {
		err := a.Covers("en303645", "camera", []label.Method{"functional-test"}, last, row.arrived)
		if row.covered {
			if err != nil {
				t.Errorf("a report that arrived on %s: %v", row.arrived, err)
			}
			continue
		}
		wantRefusal(t, err, label.Denied, label.ReasonScopeInterval, "lab")
	}
}

func TestKeyUsable(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	revoked := time.Date(2026, 6, 1, 12, 0, 0, 0, time.FixedZone("", 2*60*60))
	k := label.Key{ID: strings.Repeat("0123456789abcdef", 4), From: from}
	usable := func(at time.Time) {
		t.Helper()
		if err := k.Usable(at); err != nil {
			t.Errorf("at %s: %v", at, err)
		}
	}
	refused := func(at time.Time, reason label.Reason, text string) {
		t.Helper()
		e := wantRefusal(t, k.Usable(at), label.Denied, reason, "")
		if !strings.Contains(e.Text, text) || !strings.Contains(e.Text, "0123456789abcdef ") {
			t.Errorf("it says %q, want %q", e.Text, text)
		}
	}
	refused(from.Add(-1), label.ReasonKeyNotYetValid, "from 2026-01-01T00:00:00Z on")
	usable(from)
	usable(from.AddDate(100, 0, 0))
	k.Revoked, k.RevokedFor = revoked, "lost"
	usable(revoked.Add(-1))
	refused(revoked, label.ReasonKeyRevoked, "on 2026-06-01T10:00:00Z: lost")
	refused(revoked.AddDate(100, 0, 0), label.ReasonKeyRevoked, "lost")
	k.Revoked = from.AddDate(-1, 0, 0) // revoked before it began: the graver reason stands
	refused(from.Add(-1), label.ReasonKeyRevoked, "lost")
	k.ID = "short"
	if k.Short() != "short" {
		t.Error(k.Short())
	}
}
