package label_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

func TestLabelValidate(t *testing.T) {
	type l = *label.Label
	rules := []rule[l]{
		{"no ID", func(l l) { l.ID = "" }, label.ReasonIDMalformed, "id"},
		{"wrong ID", func(l l) { l.ID = "K7QM4T2X9PWJ" }, label.ReasonIDMalformed, "id"},
		{"ID with hyphens", func(l l) { l.ID = "K7QM-4T2X-9PWH" }, label.ReasonIDMalformed, "id"},
		{"ID in lower case", func(l l) { l.ID = "k7qm4t2x9pwh" }, label.ReasonIDMalformed, "id"},
		{"no URL", func(l l) { l.URL = "" }, label.ReasonMissing, "url"},
		{"URL over http", func(l l) { l.URL = "http://labels.example/l/K7QM4T2X9PWH" }, label.ReasonMalformed, "url"},
		{"URL of another label", func(l l) { l.URL = "https://labels.example/l/K7QM4T2X9PW0" }, label.ReasonMalformed, "url"},
		{"URL of something else", func(l l) { l.URL = "https://labels.example/K7QM4T2X9PWH" }, label.ReasonMalformed, "url"},
		{"URL with a query", func(l l) { l.URL += "?x=/l/K7QM4T2X9PWH" }, label.ReasonMalformed, "url"},
		{"URL with credentials", func(l l) { l.URL = "https://a:b@labels.example/l/K7QM4T2X9PWH" }, label.ReasonMalformed, "url"},
		{"authority's page over http", func(l l) { l.Authority.URL = "http://authority.example" }, label.ReasonMalformed, "authority.url"},
		{"maker's page over http", func(l l) { l.Maker.URL = "http://northlight.example" }, label.ReasonMalformed, "manufacturer.url"},
		{"firmware without version", func(l l) { l.Firmware.Version = "" }, label.ReasonMissing, "firmware.version"},
		{"firmware without digest", func(l l) { l.Firmware.SHA256 = label.Digest{} }, label.ReasonMissing, "firmware.sha256"},
		{"module without name", func(l l) { l.Modules = []label.Firmware{{Version: "1", SHA256: someDigest}} }, label.ReasonMissing, "modules[0].name"},
		{"module without digest", func(l l) { l.Modules = []label.Firmware{{Name: "radio", Version: "1"}} }, label.ReasonMissing, "modules[0].sha256"},
		{"modules of no firmware", func(l l) { l.Modules, l.Firmware = []label.Firmware{*l.Firmware}, nil }, label.ReasonMissing, "firmware"},
		{"lab without ID", func(l l) { l.Labs[0].ID = "" }, label.ReasonMissing, "labs[0].id"},
		{"lab without name", func(l l) { l.Labs[0].Name = "" }, label.ReasonMissing, "labs[0].name"},
		{"lab without accreditation", func(l l) { l.Labs[0].Accreditation = "" }, label.ReasonMissing, "labs[0].accreditation"},
		{"lab without accreditation body", func(l l) { l.Labs[0].Body = "" }, label.ReasonMissing, "labs[0].body"},
		{"evidence of no type", func(l l) { l.Evidence[0].Type = "" }, label.ReasonMissing, "evidence[0].type"},
		{"evidence of nobody", func(l l) { l.Evidence[0].Signer = "" }, label.ReasonMissing, "evidence[0].signer"},
		{"evidence without number", func(l l) { l.Evidence[0].Number = "" }, label.ReasonMissing, "evidence[0].number"},
		{"evidence without date", func(l l) { l.Evidence[0].Date = label.Date{} }, label.ReasonMissing, "evidence[0].date"},
		{"evidence without digest", func(l l) { l.Evidence[0].SHA256 = label.Digest{} }, label.ReasonMissing, "evidence[0].sha256"},
		{"no authority", func(l l) { l.Authority.ID = "" }, label.ReasonMissing, "authority.id"},
		{"no authority name", func(l l) { l.Authority.Name = "" }, label.ReasonMissing, "authority.name"},
		{"no scheme", func(l l) { l.Scheme.ID = "" }, label.ReasonMissing, "scheme.id"},
		{"no scheme version", func(l l) { l.Scheme.Version = "" }, label.ReasonMissing, "scheme.version"},
		{"no scheme name", func(l l) { l.Scheme.Name = "" }, label.ReasonMissing, "scheme.name"},
		{"no scheme digest", func(l l) { l.Scheme.SHA256 = label.Digest{} }, label.ReasonMissing, "scheme.sha256"},
		{"no level name", func(l l) { l.Level.Name = "" }, label.ReasonMissing, "level.name"},
		{"level 0", func(l l) { l.Level.Number = 0 }, label.ReasonOutOfRange, "level.number"},
		{"level over the last", func(l l) { l.Level.Number = 5 }, label.ReasonOutOfRange, "level.number"},
		{"no presentation", func(l l) { l.Level.Presentation = "" }, label.ReasonOutOfRange, "level.presentation"},
		{"presented as a tree", func(l l) { l.Level.Presentation = "tree" }, label.ReasonOutOfRange, "level.presentation"},
		{"pass-only of four levels", func(l l) { l.Level.Presentation = label.PassOnly }, label.ReasonOutOfRange, "level.presentation"},
		{"a ladder of one level", func(l l) { l.Level.Number, l.Level.Of = 1, 1 }, label.ReasonOutOfRange, "level.presentation"},
		{"one class", func(l l) {
			l.Level = label.Level{Number: 1, Of: 1, Name: "Gold", Presentation: label.NamedClasses}
		}, label.ReasonOutOfRange, "level.presentation"},
		{"no assurance", func(l l) { l.Assurance = "" }, label.ReasonOutOfRange, "assurance"},
		{"unknown assurance", func(l l) { l.Assurance = "certified" }, label.ReasonOutOfRange, "assurance"},
		{"lab-tested by nobody", func(l l) { l.Labs = nil }, label.ReasonMissing, "labs"},
		{"no device", func(l l) { l.Device = label.Device{} }, label.ReasonUnknownType, "device.type"},
		{"device without model", func(l l) { l.Device.Model = "" }, label.ReasonMissing, "device.model"},
		{"no maker", func(l l) { l.Maker.ID = "" }, label.ReasonMissing, "manufacturer.id"},
		{"no maker name", func(l l) { l.Maker.Name = "" }, label.ReasonMissing, "manufacturer.name"},
		{"another maker", func(l l) { l.Maker.ID = "merrimake" }, label.ReasonWrongSigner, "manufacturer.id"},
		{"no evidence", func(l l) { l.Evidence = nil }, label.ReasonMissing, "evidence"},
		{"no criteria", func(l l) { l.Criteria = nil }, label.ReasonMissing, "criteria"},
		{"criterion without ID", func(l l) { l.Criteria[0].ID = "" }, label.ReasonMissing, "criteria[0].id"},
		{"criterion without state", func(l l) { l.Criteria[0].State = "" }, label.ReasonOutOfRange, "criteria[0].state"},
		{"criterion that is unmet", func(l l) { l.Criteria[0].State = "unmet" }, label.ReasonOutOfRange, "criteria[0].state"},
		{"criterion on nobody's word", func(l l) { l.Criteria[0].By = "" }, label.ReasonOutOfRange, "criteria[0].by"},
		{"met for a reason", func(l l) { l.Criteria[0].Why = []string{"a=true"} }, label.ReasonMissing, "criteria[0].why"},
		{"not applicable for no reason", func(l l) { l.Criteria[1].Why = nil }, label.ReasonMissing, "criteria[1].why"},
		{"not applicable for an empty reason", func(l l) { l.Criteria[1].Why = []string{""} }, label.ReasonMissing, "criteria[1].why[0]"},

		{"not issued", func(l l) { l.Issued = time.Time{} }, label.ReasonMalformed, "issued"},
		{"issued in a part of a second", func(l l) { l.Issued = l.Issued.Add(1) }, label.ReasonMalformed, "issued"},
		{"expires in a part of a second", func(l l) { l.Expires = l.Expires.Add(1) }, label.ReasonMalformed, "issued"},
		{"expires when issued", func(l l) { l.Expires = l.Issued }, label.ReasonOutOfRange, "expires"},
		{"expires before issued", func(l l) { l.Expires = l.Issued.Add(-time.Second) }, label.ReasonOutOfRange, "expires"},
		{"does not expire", func(l l) { l.Expires = time.Time{} }, label.ReasonOutOfRange, "expires"},
		{"unknown bound", func(l l) { l.ExpiresFor = "whim" }, label.ReasonOutOfRange, "expiresFor"},
		{"fact without a name", func(l l) { l.Facts = []label.LabelFact{{Value: yes}} }, label.ReasonMalformed, "facts[0].fact"},
		{"fact in capitals", func(l l) { l.Facts = []label.LabelFact{{Fact: "Telemetry"}} }, label.ReasonMalformed, "facts[0].fact"},
		{"fact by a digit", func(l l) { l.Facts = []label.LabelFact{{Fact: "3g_used"}} }, label.ReasonMalformed, "facts[0].fact"},
		{"fact at length", func(l l) { l.Facts = []label.LabelFact{{Fact: strings.Repeat("a", 65)}} }, label.ReasonMalformed, "facts[0].fact"},
		{"fact in no order", func(l l) { l.Facts = []label.LabelFact{{Fact: "b", Value: yes, By: label.SourceLab}, {Fact: "a"}} }, label.ReasonNotCanonical, "facts[1].fact"},
		{"fact twice", func(l l) { l.Facts = []label.LabelFact{{Fact: "a", Value: yes, By: label.SourceLab}, {Fact: "a"}} }, label.ReasonNotCanonical, "facts[1].fact"},
		{"fact without a value", func(l l) { l.Facts = []label.LabelFact{{Fact: "a", By: label.SourceLab}} }, label.ReasonMissing, "facts[0].value"},
		{"fact of nobody", func(l l) { l.Facts = []label.LabelFact{{Fact: "a", Value: yes}} }, label.ReasonOutOfRange, "facts[0].by"},
		{"fact by the authority", func(l l) { l.Facts = []label.LabelFact{{Fact: "a", Value: yes, By: label.SourceAuthority}} }, label.ReasonOutOfRange, "facts[0].by"},
		{"no support end", func(l l) { l.Product.SupportEnd = label.Date{} }, label.ReasonMissing, "product.supportEnd"},
	}
	checkRules(t, someLabel, rules)
	checkAccepted(t, someLabel, map[string]func(l){
		"a demonstration": func(l l) { l.URL = "http://127.0.0.1:8080/l/K7QM4T2X9PWH" },
		"on localhost":    func(l l) { l.URL = "http://localhost:8080/l/K7QM4T2X9PWH" },
		"below a path":    func(l l) { l.URL = "https://labels.example/labels/l/K7QM4T2X9PWH" },
		"modules":         func(l l) { l.Modules = []label.Firmware{{Name: "radio", Version: "1", SHA256: someDigest}} },
		"later evidence":  func(l l) { l.Evidence[0].Type = label.Base + "test-report/v3" },
		"self-declared":   func(l l) { l.Assurance, l.Labs, l.Firmware = label.SelfDeclared, nil, nil },
		"the last level":  func(l l) { l.Level.Number = 4 },
		"one second":      func(l l) { l.Expires = l.Issued.Add(time.Second) },
		"support":         func(l l) { l.ExpiresFor = label.BoundSupportEnd },
		"all reasons":     func(l l) { l.Criteria[1].Why = slices.Repeat([]string{"a=true"}, label.MaxWhy) },
		"grace":           func(l l) { l.ExpiresFor = label.BoundGraceEnd },
		"on appeal":       func(l l) { l.Criteria[0].By = "authority" },
		"facts": func(l l) {
			l.Facts = []label.LabelFact{{Fact: "a", Value: label.BoolFact(false), By: label.SourceDeclaration}, {Fact: "a_2", Value: yes, By: label.SourceLab}}
		},
		"evidence": func(l l) { l.ExpiresFor = label.BoundEvidenceExpiry },
	})
}

// TestLabelInTime walks a label through its ends. Each state begins exactly at
// its instant, and NextChange finds all of them and nothing else.
func TestLabelInTime(t *testing.T) {
	expires := time.Date(2029, 11, 2, 9, 0, 0, 0, time.UTC)
	soon := expires.Add(-label.ExpiringSoon)
	early, late := label.NewDate(2028, 6, 30), label.NewDate(2030, 6, 30)
	for name, c := range map[string]struct {
		supportEnd label.Date
		changes    []time.Time
	}{
		"support ends first": {early, []time.Time{early.End(), soon, expires}},
		"label ends first":   {late, []time.Time{soon, expires, late.End()}},
		"both at once":       {label.DateOf(expires), []time.Time{label.DateOf(expires).End().Add(-label.ExpiringSoon), label.DateOf(expires).End()}},
	} {
		l := someLabel()
		l.Expires, l.Product.SupportEnd = expires, c.supportEnd
		if name == "both at once" {
			l.Expires = c.supportEnd.End()
		}
		h := &label.History{Label: l}
		state := func(at time.Time) string {
			s := h.StandingAt(at)
			return fmt.Sprint(s.State, s.Soon, s.Support)
		}
		at := l.Issued
		for _, want := range append(c.changes, time.Time{}) {
			next := h.NextChange(at)
			if !next.Equal(want) {
				t.Errorf("%s: after %s the next change is at %s, want %s", name, at, next, want)
			}
			if want.IsZero() {
				break
			}
			before, after := want.Add(-1), want
			if state(at) != state(before) {
				t.Errorf("%s: something changed before %s", name, want)
			}
			if state(before) == state(after) {
				t.Errorf("%s: nothing changed at %s", name, want)
			}
			if got := h.NextChange(before); !got.Equal(want) {
				t.Errorf("%s: just before %s the next change is at %s", name, want, got)
			}
			at = want
		}
		if s := h.StandingAt(l.Issued); s.State != label.Active || s.Support != label.Supported {
			t.Errorf("%s: begins %s and %s", name, s.State, s.Support)
		}
		if s := h.StandingAt(at); s.State != label.Expired || s.Support != label.SupportEnded {
			t.Errorf("%s: ends %s and %s", name, s.State, s.Support)
		}
	}
}
