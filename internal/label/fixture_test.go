package label_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

// The fixtures are small, valid and complete: every optional member is there.

var someDigest = label.DigestOf([]byte("some firmware"))

func device() *label.Device {
	return &label.Device{
		Type: label.TypeDevice, Manufacturer: "northlight", Brand: "Northlight", Model: "NL-P05",
		Name: "Plug Mini", Category: "smart-plug", HardwareRevision: "A2",
		GTINs:      []label.GTIN{"09522105000101", "09522105000118"},
		Components: []label.Component{{Kind: "app", Name: "Home"}, {Kind: "cloud", Name: "Switch"}},
	}
}

func verdicts() []label.Verdict {
	return []label.Verdict{
		{Provision: "5.1-1", Verdict: label.Pass},
		{Provision: "5.1-2", Verdict: label.NotApplicable, Reason: "It has no password."},
		{Provision: "5.3-1", Verdict: label.Fail, Reason: "The meter cannot be updated."},
	}
}

func report() *label.TestReport {
	return &label.TestReport{
		Lab: "aurora-lab", Number: "AUR-1", Standard: "en303645", Edition: "V2.1.1", Methods: []label.Method{"functional-test"},
		Period:   label.Period{From: label.NewDate(2026, 9, 14), To: label.NewDate(2026, 10, 16)},
		Firmware: []label.Firmware{{Version: "1.4.0", SHA256: someDigest}},
		Samples:  []string{"P05-1"},
		Verdicts: verdicts(),
		Facts:    label.Facts{"tls_min_version": label.JSON(`"tls1.2"`)},
		Evidence: []label.EvidenceRef{{Name: "Captures", SHA256: someDigest}},
	}
}

func product() label.Product {
	return label.Product{
		Page: "https://northlight.example/p", SupportEnd: label.NewDate(2030, 12, 31), Updates: "manual",
		UpdateHelp: "Open the app.", Password: "On the first start.", Setup: "Use a guest network.",
		Vulnerabilities: label.Reporting{
			Contact: "mailto:psirt@northlight.example", Policy: "https://northlight.example/vdp", AckDays: 3, StatusDays: 14,
		},
		SBOM: true,
	}
}

func declaration() *label.Declaration {
	return &label.Declaration{
		Manufacturer: "northlight", Number: "DOC-1", Standard: "en303645", Edition: "V2.1.1",
		Date:      label.NewDate(2026, 10, 20),
		Signatory: label.Signatory{Name: "Ingrid Solheim", Function: "Compliance"},
		Claims:    verdicts(),
		Facts:     label.Facts{"sbom_maintained": label.JSON(`true`)},
		Product:   product(),
	}
}

func someEvidence() label.LabelEvidence {
	return label.LabelEvidence{Type: label.TypeTestReport, Signer: "aurora-lab", Number: "AUR-1", Date: label.NewDate(2026, 10, 16), SHA256: someDigest}
}

// requests are two that agree.
func requests() []label.RequestRef {
	return []label.RequestRef{
		{Organization: "authority", Key: label.DigestOf([]byte("one")).String(), SHA256: someDigest},
		{Organization: "authority", Key: label.DigestOf([]byte("two")).String(), SHA256: someDigest},
	}
}

func someLabel() *label.Label {
	return &label.Label{
		ID: "K7QM4T2X9PWH", URL: "https://labels.example/l/K7QM4T2X9PWH",
		Authority:  label.Party{ID: "authority", Name: "The Authority"},
		Scheme:     label.SchemeRef{ID: "four-level", Version: "1.0", Name: "Four levels", SHA256: someDigest},
		Level:      label.Level{Number: 2, Of: 4, Name: "Two", Presentation: label.Ladder},
		Assurance:  label.LabTested,
		Device:     *device(),
		Maker:      label.Party{ID: "northlight", Name: "Northlight"},
		Firmware:   &label.Firmware{Version: "1.4.0", SHA256: someDigest},
		Labs:       []label.LabRef{{ID: "aurora-lab", Name: "Aurora", Accreditation: "T-1", Body: "Board"}},
		Evidence:   []label.LabelEvidence{someEvidence()},
		Criteria:   []label.Criterion{{ID: "passwords", State: label.CriterionMet, By: "lab"}, {ID: "updates", State: label.CriterionNotApplicable, By: "lab", Why: []string{"has_update=false"}}},
		Issued:     time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC),
		Expires:    time.Date(2029, 11, 2, 9, 0, 0, 0, time.UTC),
		ExpiresFor: label.BoundSchemeTerm,
		Product:    product(),
	}
}

func organization() *label.Organization {
	return &label.Organization{
		ID: "northlight", Name: "Northlight", Roles: []label.Role{label.RoleManufacturer},
		URL: "https://northlight.example", Contact: "mailto:office@northlight.example", Affiliates: []string{"polar-lab"},
	}
}

func accreditation() *label.Accreditation {
	return &label.Accreditation{
		Lab: label.Party{ID: "aurora-lab", Name: "Aurora"}, Number: "T-1", Body: "Board",
		Standards: []string{"en303645"}, Categories: []string{"camera", "smart-plug"}, Methods: []label.Method{"functional-test", "binary-analysis"},
		Interval: label.Period{From: label.NewDate(2026, 1, 1), To: label.NewDate(2026, 12, 31)},
		Keys:     []string{strings.Repeat("1", 64), strings.Repeat("2", 64)}, Authority: label.Party{ID: "authority", Name: "The Authority"},
		Recorded: time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC), Requests: requests(),
	}
}

// wantRefusal requires an [label.Error] of this kind, reason and field, with a
// text that says something.
func wantRefusal(t *testing.T, err error, kind label.Kind, reason label.Reason, field string) *label.Error {
	t.Helper()
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		t.Fatalf("got %v, want a refusal %s at %q", err, reason, field)
	}
	if e.Kind != kind || e.Reason != reason || e.Field != field {
		t.Fatalf("got kind %d, %s at %q (%s), want kind %d, %s at %q", e.Kind, e.Reason, e.Field, e.Text, kind, reason, field)
	}
	if len(e.Text) < 5 || strings.Contains(e.Text, "%!") {
		t.Fatalf("the text %q helps nobody", e.Text)
	}
	return e
}

// A rule is one rule of a Validate: what breaks it, and how it refuses.
type rule[T any] struct {
	name   string
	breaks func(T)
	reason label.Reason
	field  string
}

// checkRules requires that fresh is valid, and that each rule refuses.
func checkRules[T interface{ Validate() error }](t *testing.T, fresh func() T, rules []rule[T]) {
	t.Helper()
	if err := fresh().Validate(); err != nil {
		t.Fatalf("the fixture is not valid: %v", err)
	}
	seen := map[string]bool{}
	for _, r := range rules {
		if seen[r.name] {
			t.Errorf("two rules are called %q", r.name)
		}
		seen[r.name] = true
		t.Run(r.name, func(t *testing.T) {
			v := fresh()
			r.breaks(v)
			wantRefusal(t, v.Validate(), label.Invalid, r.reason, r.field)
		})
	}
}

// checkAccepted requires that every change leaves fresh valid.
func checkAccepted[T interface{ Validate() error }](t *testing.T, fresh func() T, changes map[string]func(T)) {
	t.Helper()
	for name, change := range changes {
		v := fresh()
		change(v)
		if err := v.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
