package authority_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
)

// refusalSays holds that a refusal says all of some words.
func refusalSays(t *testing.T, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if err == nil || !strings.Contains(err.Error(), w) {
			t.Errorf("the refusal does not say %q: %v", w, err)
		}
	}
}

// TestSchemeEndsOnce ends a version that nobody ever served, and one that has ended.
func TestSchemeEndsOnce(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Issue(w.Example("camera"), 3)
	end := func(version string) label.Event {
		return label.Event{Kind: label.SchemeEvent, Scheme: "four-level", Version: version, Reason: "scheme-ended"}
	}
	s := w.Programme.Newest("four-level")
	before := s.Version
	s.Version = "2027.1"
	t.Cleanup(func() { s.Version = before })
	for _, report := range []func(label.Event) error{
		func(e label.Event) error {
			_, _, err := w.Authority.Preview(w.Caller(labeltest.Operator), w.Event(e))
			return err
		},
		func(e label.Event) error {
			_, err := w.ReportAs(ctx, w.Caller(labeltest.Operator), w.Event(e))
			return err
		},
	} {
		err := report(end("2062.1"))
		wants(t, err, label.NotFound, label.ReasonUnknownScheme)
		refusalSays(t, err, before, "2027.1")
	}
	first := w.Report(end(before))
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	_, err := w.ReportAs(ctx, w.Caller(labeltest.Operator), w.Event(end(before)))
	wants(t, err, label.Exists, label.ReasonExists)
	refusalSays(t, err, first.Digest.String())
}

// TestKeyAgain enrols a key once more with another beginning, and revokes one twice:
// nothing is done, and nobody is made to believe that something was.
func TestKeyAgain(t *testing.T) {
	w := labeltest.New(t, nil)
	op := w.Caller(labeltest.Operator)
	k := labeltest.NewSigner(t).Public
	from := labeltest.Start.AddDate(0, -6, 0)
	first, err := w.AddKey(ctx, op, labeltest.Lab, k.PEM, from)
	if must(t, err); len(first.Notes) != 0 {
		t.Errorf("of a new key there is to know %q", first.Notes)
	}
	_, err = w.AddKey(ctx, op, labeltest.Lab, k.PEM, from.AddDate(0, -1, 0))
	wants(t, err, label.Exists, label.ReasonExists)
	refusalSays(t, err, from.UTC().Format(time.RFC3339))
	for _, same := range []time.Time{from, {}} {
		again, err := w.AddKey(ctx, op, labeltest.Lab, k.PEM, same)
		if must(t, err); !again.From.Equal(from) || len(again.Notes) != 1 || !strings.Contains(again.Notes[0], "on record already") {
			t.Errorf("enrolled again, the key is %+v, and there is to know %q", again.Key, again.Notes)
		}
	}
	gone, err := w.RevokeKey(ctx, op, k.ID, "It was lost.")
	if must(t, err); len(gone.Notes) != 0 {
		t.Errorf("of a key that is not the last there is to know %q", gone.Notes)
	}
	again, err := w.RevokeKey(ctx, op, k.ID, "It was stolen.")
	if must(t, err); again.RevokedFor != "It was lost." || len(again.Notes) != 1 || !strings.Contains(again.Notes[0], "was revoked already") || !strings.Contains(again.Notes[0], "labelctl event key") {
		t.Errorf("revoked again, the key is %+v, and there is to know %q", again.Key, again.Notes)
	}
	last, err := w.RevokeKey(ctx, op, w.Signers[labeltest.Lab].Public.ID, "It was lost as well.")
	if must(t, err); len(last.Notes) != 1 || !strings.Contains(last.Notes[0], labeltest.Lab+" has no key left") || !strings.Contains(last.Notes[0], "labelctl org key") {
		t.Errorf("of the last key there is to know %q", last.Notes)
	}
	e := w.Report(label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.ToyMaker].Public.ID, Since: labeltest.Start, Reason: "key-compromised"})
	all := strings.Join(e.Notes, "\n")
	if !strings.Contains(all, labeltest.ToyMaker+" has no key left") || !strings.Contains(all, "This cannot be taken back") {
		t.Errorf("of the compromise there is to know %q", e.Notes)
	}
}

// TestNewOperatorHearsWhatWaits enrols an organization of operators while a request
// waits for a second one.
func TestNewOperatorHearsWhatWaits(t *testing.T) {
	l := newLife(t)
	op := l.Caller(labeltest.Operator)
	_, err := l.Authority.Change(ctx, op, l.Ask(labeltest.Operator, l.pub, label.Revoke, "nonconformity", nil))
	must(t, err)
	l.Enrol("second-authority", label.RoleOperator)
	if got := told(t, l.World, "second-authority"); !slices.Contains(got, notice.RequestWaiting) {
		t.Errorf("the new operator was told %v", got)
	}
	k, err := l.AddKey(ctx, op, "second-authority", labeltest.NewSigner(t).Public.PEM, time.Time{})
	if must(t, err); len(k.Notes) != 1 || !strings.Contains(k.Notes[0], l.pub.Label.ID.Pretty()) {
		t.Errorf("of the new key of an operator there is to know %q", k.Notes)
	}
	l.Enrol("acme", label.RoleManufacturer)
	if got := told(t, l.World, "acme"); slices.Contains(got, notice.RequestWaiting) {
		t.Errorf("a manufacturer was told %v", got)
	}
}

// TestEnrolledOtherwise enrols an organization again with other values: the refusal
// names them, and what to do.
func TestEnrolledOtherwise(t *testing.T) {
	w := labeltest.New(t, nil)
	op := w.Caller(labeltest.Operator)
	org := label.Organization{ID: "acme", Name: "Acme", Roles: []label.Role{label.RoleManufacturer}, Affiliates: []string{"holding"}}
	_, err := w.EnrolAs(ctx, op, org)
	must(t, err)
	other := org
	other.Name, other.URL = "Acme Ltd", "https://acme.example"
	_, err = w.EnrolAs(ctx, op, other)
	wants(t, err, label.Exists, label.ReasonExists)
	refusalSays(t, err, `name "Acme" and not "Acme Ltd"`, `url "" and not "https://acme.example"`)
	if strings.Contains(err.Error(), "affiliates") || strings.Contains(err.Error(), "roles") {
		t.Errorf("what is the same is named: %v", err)
	}
	other = org
	other.Affiliates = []string{"holding", labeltest.Lab}
	_, err = w.EnrolAs(ctx, op, other)
	refusalSays(t, err, "affiliates", "labelctl event affiliation")
}

// TestAccreditationNamesTheLists accredits for what there is not.
func TestAccreditationNamesTheLists(t *testing.T) {
	w := labeltest.New(t, nil)
	for name, c := range map[string]struct {
		change func(*label.Accreditation)
		reason label.Reason
		says   []string
	}{
		"category": {func(a *label.Accreditation) { a.Categories = []string{"spaceship"} }, label.ReasonUnknownCategory, []string{"labelctl scheme categories"}},
		"standard": {func(a *label.Accreditation) { a.Standards = []string{"en999"} }, label.ReasonUnknownStandard, []string{"en303645", "labelctl scheme list"}},
		"method":   {func(a *label.Accreditation) { a.Methods = []label.Method{"guessing"} }, label.ReasonUnknownMethod, []string{"accreditation.methods[0]", "functional-test"}},
	} {
		acc := label.Accreditation{
			Lab: label.Party{ID: labeltest.Lab}, Number: "1", Body: "b", Standards: []string{"en303645"}, Categories: []string{"*"}, Methods: labeltest.AllMethods,
			Interval: label.Period{From: label.NewDate(2026, 1, 1), To: label.NewDate(2027, 1, 1)},
		}
		c.change(&acc)
		_, err := w.AccreditAs(ctx, w.Caller(labeltest.Operator), acc)
		if label.ReasonOf(err) != c.reason {
			t.Errorf("%s: %v", name, err)
		}
		refusalSays(t, err, c.says...)
	}
}

// TestWrongEndIsCorrected records that common control ended today, by a slip: the day
// can be set right, as a mistake of the authority and not otherwise, and it is judged
// anew what counts.
func TestWrongEndIsCorrected(t *testing.T) {
	s := newSale(t)
	s.Report(label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"})
	s.pass(10 * 24 * time.Hour)
	end := func(ended label.Date, reason string) label.Event {
		return label.Event{Kind: label.SeparationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Ended: ended, Reason: reason}
	}
	reached := func() int {
		t.Helper()
		d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
		must(t, err)
		return d.Reached
	}
	today := label.DateOf(s.Clock.Now())
	began := s.e.Report.Period.From
	_, notes, err := s.Authority.Preview(s.Caller(labeltest.Operator), s.Event(end(today, "resolved")))
	if must(t, err); len(notes) != 1 || !strings.Contains(notes[0], today.String()) || !strings.Contains(notes[0], "authority-error") {
		t.Errorf("before the end is recorded there is to know %q", notes)
	}
	s.Report(end(today, "resolved"))
	if n := reached(); n > 2 {
		t.Fatalf("with an end of today level %d is reached", n)
	}
	s.pass(time.Hour)
	_, err = s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(end(began.AddDays(-1), "resolved")))
	wants(t, err, label.Precondition, label.ReasonStep)
	refusalSays(t, err, today.String(), "authority-error")
	_, err = s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(end(today, "authority-error")))
	wants(t, err, label.Exists, label.ReasonExists)
	fixed := s.Report(end(began.AddDays(-1), "authority-error"))
	if n := reached(); n < 3 {
		t.Errorf("with the right end level %d is reached", n)
	}
	if len(fixed.Notes) == 0 || !strings.Contains(fixed.Notes[0], "takes the place of "+today.String()) {
		t.Errorf("of the correction there is to know %q", fixed.Notes)
	}
	s.Restart()
	if n := reached(); n < 3 {
		t.Errorf("after a restart level %d is reached", n)
	}
	o, err := s.Authority.Organization(s.Caller(labeltest.Operator), labeltest.Lab)
	if must(t, err); len(o.Org.Formerly) != 1 || o.Org.Formerly[0].Until != began.AddDays(-1) {
		t.Errorf("the record says %+v", o.Org.Formerly)
	}
	// The rule itself stays: corrected to a later day, what was tested before is out.
	s.pass(time.Hour)
	s.Report(end(began, "authority-error"))
	if n := reached(); n > 2 {
		t.Errorf("a report of a test that began under common control carries level %d", n)
	}
	if n := s.count(labeltest.Maker, notice.AffiliationChanged, labeltest.Maker); n != 4 {
		t.Errorf("the manufacturer was told %d times", n)
	}
}

// TestLapseStays reads, before a scope is taken away and when it is given back, that
// the labels which end by it do so until they are renewed.
func TestLapseStays(t *testing.T) {
	s := newSale(t)
	number := accreditation(s.World)
	s.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number, a.Categories = number, []string{"ip-camera", "toy"} })
	lost := label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Categories: []string{s.e.Device.Category}, Reason: "lab-scope-lost"}
	_, notes, err := s.Authority.Preview(s.Caller(labeltest.Operator), s.Event(lost))
	if must(t, err); len(notes) != 1 || !strings.Contains(notes[0], "until it is renewed") {
		t.Errorf("there is to know %q", notes)
	}
	s.Report(lost)
	if p := s.now(); p.ExpiresFor != label.BoundGraceEnd {
		t.Fatalf("the label ends for %s", p.ExpiresFor)
	}
	acc := label.Accreditation{
		Lab: label.Party{ID: labeltest.Lab}, Number: number, Body: "b", Standards: []string{"en303645"}, Categories: []string{"*"}, Methods: labeltest.AllMethods,
		Interval: label.Period{From: label.NewDate(2020, 1, 1), To: label.NewDate(2035, 1, 1)},
	}
	back, err := s.AccreditAs(ctx, s.Caller(labeltest.Operator), acc)
	if must(t, err); !strings.Contains(strings.Join(back.Notes, "\n"), "until it is renewed") {
		t.Errorf("given back, there is to know %q", back.Notes)
	}
	if p := s.now(); p.ExpiresFor != label.BoundGraceEnd {
		t.Errorf("given back, the label ends for %s", p.ExpiresFor)
	}
}
