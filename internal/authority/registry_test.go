package authority_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestSuspendedOnce reports once more what was reported: the same adds nothing, and
// what adds something says what.
func TestSuspendedOnce(t *testing.T) {
	s := newSale(t)
	number := accreditation(s.World)
	suspend := func(reason string) label.Event {
		return label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Reason: reason}
	}
	first := s.Report(suspend("lab-suspended"))
	s.pass(time.Hour)
	_, err := s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(suspend("lab-suspended")))
	wants(t, err, label.Precondition, label.ReasonStep)
	if !strings.Contains(err.Error(), first.Digest.String()) {
		t.Errorf("the refusal does not name the first event: %v", err)
	}
	if len(first.Notes) != 0 {
		t.Errorf("of the first there is to know %q", first.Notes)
	}
	// The same event once more is no other.
	again, err := s.ReportAs(ctx, s.Caller(labeltest.Operator), first.Signature.Envelope)
	if must(t, err); again.Digest != first.Digest {
		t.Error("the same event became another")
	}
	other := s.Report(suspend("false-report"))
	if len(other.Notes) != 1 || !strings.Contains(other.Notes[0], first.Digest.String()) || !strings.Contains(other.Notes[0], "false-report") {
		t.Errorf("of another reason there is to know %q", other.Notes)
	}
	if p := s.now(); p.State != label.Suspended {
		t.Errorf("for another reason the label is %s", p.State)
	}
	o, err := s.Authority.Organization(s.Caller(labeltest.Operator), labeltest.Lab)
	must(t, err)
	last := o.Accreditations[len(o.Accreditations)-1]
	if last.Event != other.Digest || last.Suspended == "" {
		t.Errorf("the record is %+v", last)
	}
	s.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number = number })
	s.pass(time.Hour)
	s.Report(suspend("lab-suspended")) // it was in force again

	stolen := label.Event{Kind: label.KeyEvent, Key: s.Signers[labeltest.Maker].Public.ID, Since: labeltest.Start, Reason: "key-compromised"}
	s.Report(stolen)
	s.pass(time.Hour)
	_, err = s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(stolen))
	wants(t, err, label.Precondition, label.ReasonStep)
	stolen.Since = stolen.Since.Add(-time.Hour)
	s.Report(stolen)
}

// TestAffiliationEnds has a manufacturer sell the laboratory that it owned: what
// that tested before never counts, and what it tests afterwards does.
func TestAffiliationEnds(t *testing.T) {
	s := newSale(t)
	s.Report(label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"})
	if p := s.now(); p.Review == nil {
		t.Fatal("nothing becomes of the label")
	}
	s.pass(10 * 24 * time.Hour)
	end := func(ended label.Date) label.Event {
		return label.Event{Kind: label.SeparationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Ended: ended, Reason: "resolved"}
	}
	today := label.DateOf(s.Clock.Now())
	for name, e := range map[string]label.Event{
		"event.ended":        end(today.AddDays(1)),
		"event.manufacturer": {Kind: label.SeparationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.ToyMaker, Ended: today, Reason: "resolved"},
		"event.reason":       {Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.ToyMaker, Reason: "resolved"},
	} {
		_, err := s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(e))
		if e, ok := errors.AsType[*label.Error](err); !ok || e.Field != name {
			t.Errorf("%s is refused with %v", name, err)
		}
	}
	if e := s.Report(end(today.AddDays(-1))); e.Changed != 0 {
		t.Errorf("the end changed %d labels", e.Changed)
	}
	if d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), ""); err != nil || d.Reached > 2 {
		t.Errorf("a report of when the laboratory was related carries level %d, %v", d.Reached, err)
	}
	_, err := s.report(labeltest.Lab, "begun before", func(r *label.TestReport) { r.Period.From = today.AddDays(-1) })
	wants(t, err, label.Denied, label.ReasonAffiliated)
	_, err = s.report(labeltest.Lab, "after", func(r *label.TestReport) { r.Period.From = today })
	must(t, err)
	if d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), ""); err != nil || d.Reached < 3 {
		t.Errorf("with a report from after the sale the camera reaches level %d, %v", d.Reached, err)
	}
	// Bought again, it is not independent, and nothing that it tested counts.
	s.Report(label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"})
	if d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), ""); err != nil || d.Reached > 2 {
		t.Errorf("bought again, it reaches level %d, %v", d.Reached, err)
	}
	// It was a mistake: the two were never related since before all tests.
	s.pass(time.Hour)
	s.Restart()
	if d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), ""); err != nil || d.Reached > 2 {
		t.Errorf("after a restart it reaches level %d, %v", d.Reached, err)
	}
}

// TestUnknownAffiliate names an organization that is not enrolled, which may be a
// parent company or a slip.
func TestUnknownAffiliate(t *testing.T) {
	s := newSale(t)
	e := label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: "nortlight", Reason: "lab-not-independent"}
	_, notes, err := s.Authority.Preview(s.Caller(labeltest.Operator), s.Event(e))
	must(t, err)
	predicate := s.Report(e).Notes
	for _, n := range [][]string{notes, predicate} {
		if len(n) != 1 || !strings.Contains(n[0], `No organization "nortlight" is enrolled`) {
			t.Errorf("there is to know %q", n)
		}
	}
	e.Manufacturer = labeltest.ToyMaker
	if n := s.Report(e).Notes; len(n) != 0 {
		t.Errorf("of one that is enrolled there is to know %q", n)
	}
	out, err := s.ChangeRegistry(ctx, s.Caller(labeltest.Operator), label.RegistryRequest{
		Act: label.ActEnrolOrg, Organization: "acme", Profile: &label.Profile{Name: "Acme"}, Roles: []label.Role{label.RoleLab}, Affiliates: []string{"nortlight"},
	})
	must(t, err)
	if len(out.Notes) != 1 || !strings.Contains(out.Notes[0], `No organization "nortlight" is enrolled`) {
		t.Errorf("of another laboratory there is to know %q", out.Notes)
	}
}
