package authority_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// A sale is a camera with a label of level 3, which rests on a laboratory.
type sale struct {
	*labeltest.World
	t *testing.T
	e *example.Example
	p *authority.Published
}

func newSale(t *testing.T) *sale {
	t.Helper()
	w := labeltest.New(t, nil)
	s := &sale{World: w, t: t, e: w.Example("camera")}
	s.p = w.Issue(s.e, 3)
	s.pass(24 * time.Hour)
	return s
}

func (s *sale) pass(d time.Duration) { s.Clock.Set(s.Clock.Now().Add(d)) }

// now returns the label when all consequences are drawn.
func (s *sale) now() *authority.Published {
	s.t.Helper()
	must(s.t, s.Authority.Propagate(ctx))
	p, err := s.Authority.Lookup(s.p.Label.ID)
	must(s.t, err)
	return p
}

// report has a laboratory report on the camera, changed by change, and tells what
// became of that.
func (s *sale) report(lab, number string, change func(*label.TestReport)) (*store.Statement, error) {
	s.t.Helper()
	r := *s.e.Report
	r.Lab, r.Number, r.Period.To = lab, number, label.DateOf(s.Clock.Now())
	r.Verdicts, r.Facts = slices.Clone(r.Verdicts), copyFacts(r.Facts)
	if change != nil {
		change(&r)
	}
	st, _, err := s.Authority.Submit(ctx, s.Caller(lab), s.Seal(lab, s.e.Descriptor, label.TypeTestReport, &r))
	return st, err
}

func copyFacts(f label.Facts) label.Facts {
	out := label.Facts{}
	for k, v := range f {
		out[k] = v
	}
	return out
}

// hasFail has a report fail a provision.
func hasFail(provision string) func(*label.TestReport) {
	return func(r *label.TestReport) {
		for i := range r.Verdicts {
			if r.Verdicts[i].Provision == provision {
				r.Verdicts[i] = label.Verdict{Provision: provision, Verdict: label.Fail, Reason: "It does not."}
			}
		}
	}
}

// newFirmware says that the firmware was changed.
func newFirmware(r *label.TestReport) {
	r.Firmware = []label.Firmware{{Version: "9.9", SHA256: label.DigestOf([]byte(r.Number))}}
	r.Changed = &label.Change{What: label.ChangedFirmware, Text: "A new build."}
}

// judgements returns what an organization was told of judgements, oldest first.
func (s *sale) judgements(org string) (outcomes []string) {
	s.t.Helper()
	list, _, err := s.Authority.Notices(s.Caller(org), "", authority.Page{Size: label.MaxPage})
	must(s.t, err)
	for _, n := range slices.Backward(list) {
		if n.Kind == notice.LabelJudged {
			var news authority.JudgedNews
			must(s.t, label.DecodeLoose(n.Data, &news))
			outcomes = append(outcomes, news.Outcome)
		}
	}
	return outcomes
}

func (s *sale) told(want ...string) {
	s.t.Helper()
	for _, org := range []string{labeltest.Maker, labeltest.Operator} {
		if got := s.judgements(org); !slices.Equal(got, want) {
			s.t.Errorf("%s was told of the judgements %v, want %v", org, got, want)
		}
	}
}

// TestLaterFailureReachesTheLabel sends a failing report about a product that is
// on sale, then a friendlier one, then one that shows that it was fixed.
func TestLaterFailureReachesTheLabel(t *testing.T) {
	s := newSale(t)
	if _, err := s.report(labeltest.Lab, "later", hasFail("5.5-1")); err != nil {
		t.Fatal(err)
	}
	p := s.now()
	if p.State != label.Suspended || p.Because.Reason != "test-failed" {
		t.Fatalf("after the failure the label is %s, %+v", p.State, p.Because)
	}
	s.told("failed")
	s.pass(24 * time.Hour)
	if _, err := s.report(labeltest.Lab, "friendly", nil); err != nil {
		t.Fatal(err)
	}
	s.now()
	s.told("failed") // a pass that names no change undoes nothing
	s.pass(24 * time.Hour)
	if _, err := s.report(labeltest.Lab, "fixed", newFirmware); err != nil {
		t.Fatal(err)
	}
	if p := s.now(); p.State != label.Suspended {
		t.Errorf("the label stood up by itself: %s", p.State)
	}
	s.told("failed", "carried-again")
	s.Change(labeltest.Operator, s.now(), label.Reinstate, "resolved")
	// The same again is another matter.
	s.pass(24 * time.Hour)
	if _, err := s.report(labeltest.Lab, "again", hasFail("5.5-1")); err != nil {
		t.Fatal(err)
	}
	if p := s.now(); p.State != label.Suspended {
		t.Errorf("after the second failure the label is %s", p.State)
	}
	s.told("failed", "carried-again", "failed")
}

// TestOperatorIsNotOverruled has an operator look at a failure and reinstate the
// label: the same failure does not suspend it again, whatever else arrives.
func TestOperatorIsNotOverruled(t *testing.T) {
	s := newSale(t)
	if _, err := s.report(labeltest.Lab, "later", hasFail("5.5-1")); err != nil {
		t.Fatal(err)
	}
	s.Change(labeltest.Operator, s.now(), label.Reinstate, "unfounded")
	s.pass(24 * time.Hour)
	if _, err := s.report(labeltest.Lab, "more", nil); err != nil {
		t.Fatal(err)
	}
	s.Restart()
	if p := s.now(); p.State != label.Active {
		t.Errorf("the operator was overruled: %s", p.State)
	}
}

// TestLessIsNothingNew has a label fall for a failure and for a twin that an operator had
// suspended, and be reinstated. When the twin is settled, what is left is no news; nor is
// a correction that says the same again.
func TestLessIsNothingNew(t *testing.T) {
	for _, order := range []string{"the label first", "the twin first"} {
		t.Run(order, func(t *testing.T) {
			s := newSale(t)
			twin, err := s.ask(s.twin("Another Camera"), 3)
			must(t, err)
			s.Change(labeltest.Operator, twin, label.Suspend, "complaint")
			s.now()
			s.Change(labeltest.Operator, s.p, label.Clear, "unfounded") // of the review that this began
			s.pass(time.Hour)
			bad, err := s.report(labeltest.Lab, "failed", hasFail("5.1-1"))
			must(t, err)
			if p := s.now(); p.State != label.Suspended {
				t.Fatalf("the label is %s", p.State)
			}
			settle := []*authority.Published{s.p, twin}
			if order == "the twin first" {
				slices.Reverse(settle)
			}
			for _, p := range settle {
				s.pass(time.Hour)
				s.Change(labeltest.Operator, p, label.Reinstate, "unfounded")
				s.now()
			}
			if p := s.now(); p.State != label.Active {
				t.Errorf("the label is %s again: %+v", p.State, p.Because)
			}
			_, err = s.report(labeltest.Lab, "corrected", func(r *label.TestReport) {
				hasFail("5.1-1")(r)
				r.Corrects, r.Period.To = bad.ID, bad.Date
			})
			must(t, err)
			if p := s.now(); p.State != label.Active {
				t.Errorf("by a correction that says the same the label is %s again: %+v", p.State, p.Because)
			}
		})
	}
}

// TestFindingComesBack has an operator reinstate a label of a product that failed and has
// a suspended twin. The failure is fixed, while the twin stays suspended, and then the
// report falls that showed it: that the product failed is news once more.
func TestFindingComesBack(t *testing.T) {
	s := newSale(t)
	twin, err := s.ask(s.twin("Another Camera"), 3)
	must(t, err)
	s.Change(labeltest.Operator, twin, label.Suspend, "complaint")
	s.now()
	s.Change(labeltest.Operator, s.p, label.Clear, "unfounded")
	s.pass(24 * time.Hour)
	_, err = s.report(labeltest.Lab, "failed", hasFail("5.1-1"))
	must(t, err)
	s.Change(labeltest.Operator, s.now(), label.Reinstate, "unfounded")
	s.pass(24 * time.Hour)
	fixed, err := s.report(labeltest.Lab, "fixed", newFirmware)
	must(t, err)
	if p := s.now(); p.State != label.Active {
		t.Fatalf("with the failure fixed the label is %s", p.State)
	}
	s.pass(24 * time.Hour)
	s.Report(label.Event{Kind: label.StatementEvent, Statement: fixed.ID, Reason: "authority-error"})
	if p := s.now(); p.State != label.Suspended || p.Because.Reason != "test-failed" {
		t.Errorf("the failure has come back, and the label is %s", p.State)
	}
}

// TestStruckEvidence strikes what a label rests on, and then what was to replace
// it.
func TestStruckEvidence(t *testing.T) {
	s := newSale(t)
	rests := s.p.Label.Evidence
	i := slices.IndexFunc(rests, func(e label.LabelEvidence) bool { return e.Type == label.TypeTestReport })
	strike := label.Event{Kind: label.StatementEvent, Statement: rests[i].SHA256, Reason: "authority-error"}
	_, err := s.ReportAs(ctx, s.Caller(labeltest.Maker), s.EventBy(labeltest.Maker, strike))
	wants(t, err, label.Denied, label.ReasonWrongRole)
	s.Report(strike)
	p := s.now()
	if p.State != label.Active || p.Review == nil || p.Review.Reason != "level-lost" {
		t.Fatalf("without the report the label is %s, under review by %+v", p.State, p.Review)
	}
	s.told("unsupported")
	_, err = s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(label.Event{Kind: label.StatementEvent, Statement: rests[i].SHA256, Reason: "false-report"}))
	wants(t, err, label.Exists, label.ReasonExists)
	d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
	must(t, err)
	if !slices.ContainsFunc(d.Unused, func(u scheme.Unused) bool { return u.Item.ID == rests[i].SHA256 && u.Code == "struck" }) {
		t.Errorf("the decision does not name what was struck: %+v", d.Unused)
	}
	// A false report, by the scheme, suspends what rests on it.
	w := newSale(t)
	i = slices.IndexFunc(w.p.Label.Evidence, func(e label.LabelEvidence) bool { return e.Type == label.TypeTestReport })
	e := w.Report(label.Event{Kind: label.StatementEvent, Statement: w.p.Label.Evidence[i].SHA256, Reason: "false-report"})
	if p := w.now(); p.State != label.Suspended || e.Changed != 1 {
		t.Errorf("after a false report the label is %s, the event changed %d", p.State, e.Changed)
	}
}

// TestStruckCorrection corrects a failure away, and has the correction struck.
func TestStruckCorrection(t *testing.T) {
	s := newSale(t)
	failed, err := s.report(labeltest.Lab, "failed", hasFail("5.5-1"))
	must(t, err)
	s.pass(24 * time.Hour)
	good, err := s.report(labeltest.Lab, "corrected", func(r *label.TestReport) { r.Corrects = failed.ID })
	must(t, err)
	reached := func() int {
		d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
		must(t, err)
		return d.Reached
	}
	if n := reached(); n != 3 {
		t.Errorf("corrected, the camera reaches level %d", n)
	}
	s.Report(label.Event{Kind: label.StatementEvent, Statement: good.ID, Reason: "false-report"})
	if n := reached(); n > 1 {
		t.Errorf("the correction was struck, and the failure is gone: level %d", n)
	}
}

// TestBrokenPromise declares less of a product than its label promises, in each way
// that the label repeats; and as much or more, which is no matter.
func TestBrokenPromise(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*label.Declaration)
		says   string // in the review; empty where there is none
	}{
		"an earlier end of updates": {func(d *label.Declaration) {
			d.Product.SupportEnd = d.Product.SupportEnd.AddMonths(-6)
			d.Facts["support_period_end_date"] = label.JSON(`"` + d.Product.SupportEnd.String() + `"`)
		}, "Security updates until"},
		"no time until news":       {func(d *label.Declaration) { d.Product.Vulnerabilities.StatusDays = 0 }, "News of reported weaknesses within"},
		"a longer time until news": {func(d *label.Declaration) { d.Product.Vulnerabilities.StatusDays *= 3 }, "which are now declared to be"},
		"no time until an answer":  {func(d *label.Declaration) { d.Product.Vulnerabilities.AckDays = 0 }, "An answer to reports of weaknesses within"},
		"no list of software parts": {func(d *label.Declaration) {
			d.Product.SBOM = false
			for _, fact := range []string{"sbom_maintained", "sbom_records_patches"} {
				delete(d.Facts, fact)
			}
		}, "The manufacturer knows what is inside"}, // at level 3 that is a criterion
		"a shorter time until news": {func(d *label.Declaration) { d.Product.Vulnerabilities.StatusDays = 1 }, ""},
		"the same promises":         {func(*label.Declaration) {}, ""},
		"a later end of the updates": {func(d *label.Declaration) {
			d.Product.SupportEnd = d.Product.SupportEnd.AddMonths(6)
			d.Facts["support_period_end_date"] = label.JSON(`"` + d.Product.SupportEnd.String() + `"`)
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSale(t)
			if p := &s.p.Label.Product; p.Vulnerabilities.StatusDays == 0 || p.Vulnerabilities.AckDays == 0 || !p.SBOM {
				t.Fatalf("the example promises %+v", p)
			}
			d := *s.e.Declaration
			d.Number, d.Date = "later", label.DateOf(s.Clock.Now())
			d.Facts = copyFacts(d.Facts)
			c.change(&d)
			_, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &d))
			must(t, err)
			p := s.now()
			if p.State != label.Active || (p.Review != nil) != (c.says != "") || p.Review != nil && !strings.Contains(p.Review.Text, c.says) {
				t.Errorf("the label is %s, under review by %+v", p.State, p.Review)
			}
			if c.says != "" {
				s.told("unsupported")
			}
		})
	}
	// Of two declarations of one day the lesser promise counts.
	s := newSale(t)
	for i, end := range []int{-1, 0} {
		d := *s.e.Declaration
		d.Number, d.Date = fmt.Sprintf("later-%d", i), label.DateOf(s.Clock.Now())
		d.Product.Vulnerabilities.StatusDays *= -end
		d.Product.Page += strings.Repeat("x", i)
		_, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &d))
		must(t, err)
	}
	if p := s.now(); p.Review == nil || !strings.Contains(p.Review.Text, "News of reported weaknesses") {
		t.Errorf("with two declarations of one day the label is under review by %+v", p.Review)
	}
}

// TestRelatedLab finds out later that a laboratory belongs to the manufacturer:
// directly, and by a parent of both.
func TestRelatedLab(t *testing.T) {
	t.Run("by an event", func(t *testing.T) {
		s := newSale(t)
		related := label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"}
		list, _, err := s.Authority.Preview(s.Caller(labeltest.Operator), s.Event(related))
		if must(t, err); len(list) != 1 || list[0].Action != label.Review {
			t.Errorf("looked at first, the event touches %+v", list)
		}
		e := s.Report(related)
		if p := s.now(); e.Changed != 1 || p.Review == nil || p.Review.Reason != "lab-not-independent" {
			t.Errorf("the event changed %d labels, the review is %+v", e.Changed, p.Review)
		}
		_, err = s.report(labeltest.Lab, "one more", nil)
		wants(t, err, label.Denied, label.ReasonAffiliated)
	})
	t.Run("after its scope was lost and given back", func(t *testing.T) {
		s := newSale(t)
		number := s.p.Label.Labs[0].Accreditation
		whole := func(a *label.Accreditation) { a.Number, a.Categories = number, []string{"ip-camera", "toy"} }
		s.Accredit(labeltest.Lab, whole)
		s.pass(time.Hour)
		s.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Categories: []string{"ip-camera"}, Reason: "lab-scope-lost"})
		if p := s.now(); p.ExpiresFor != label.BoundGraceEnd {
			t.Fatalf("the label ends by %s", p.ExpiresFor)
		}
		s.pass(time.Hour)
		s.Accredit(labeltest.Lab, whole)
		must(t, s.Authority.Propagate(ctx))
		s.pass(time.Hour)
		e := s.Report(label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"})
		if p := s.now(); e.Changed != 1 || p.Review == nil || p.Review.Reason != "lab-not-independent" {
			t.Errorf("the event changed %d labels, the review is %+v", e.Changed, p.Review)
		}
	})
	t.Run("by a parent", func(t *testing.T) {
		s := newSale(t)
		for _, org := range []string{labeltest.Lab, labeltest.Maker} {
			if p := s.now(); p.Review != nil {
				t.Fatalf("one naming the parent is enough before %s does", org)
			}
			s.Enrol("child-of-"+org, label.RoleManufacturer, org, "parent")
		}
		if p := s.now(); p.Review == nil || p.Review.Reason != "level-lost" {
			t.Errorf("laboratory and manufacturer have one parent, and the label is under review by %+v", p.Review)
		}
		_, err := s.report(labeltest.Lab, "one more", nil)
		wants(t, err, label.Denied, label.ReasonAffiliated)
	})
}

// TestOneIsNotBoth has a laboratory that makes devices as well test its own.
func TestOneIsNotBoth(t *testing.T) {
	w := labeltest.New(t, nil)
	_, err := w.EnrolAs(ctx, w.Caller(labeltest.Operator), label.Organization{ID: "both", Name: "Both", Roles: []label.Role{label.RoleLab, label.RoleManufacturer}})
	must(t, err)
	w.Signers["both"] = labeltest.NewSigner(t)
	_, err = w.AddKey(ctx, w.Caller(labeltest.Operator), "both", w.Signers["both"].Public.PEM, labeltest.Start.AddDate(-1, 0, 0))
	must(t, err)
	w.Accredit("both", nil)
	e := w.Example("camera")
	e.Device.Manufacturer, e.Device.GTINs, e.Report.Lab = "both", nil, "both"
	e.Descriptor, err = e.Device.Canonical()
	must(t, err)
	_, _, err = w.Authority.Register(ctx, w.Caller("both"), e.Descriptor)
	must(t, err)
	_, _, err = w.Authority.Submit(ctx, w.Caller("both"), w.Seal("both", e.Descriptor, label.TypeTestReport, e.Report))
	wants(t, err, label.Denied, label.ReasonAffiliated)
}

// TestNarrowedAccreditation has an operator record less of an accreditation,
// without an event.
func TestNarrowedAccreditation(t *testing.T) {
	s := newSale(t)
	number := s.p.Label.Labs[0].Accreditation
	s.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number, a.Interval.To = number, a.Interval.From.AddDays(1) })
	if p := s.now(); p.Review == nil || p.Review.Reason != "level-lost" {
		t.Errorf("the accreditation did not run when the tests were made, and the label is under review by %+v", p.Review)
	}
}

// TestLapseIsNotShed loses the laboratory's scope, so that the label ends after a
// time of grace, and tries to have a longer one on the same report.
func TestLapseIsNotShed(t *testing.T) {
	s := newSale(t)
	number := s.p.Label.Labs[0].Accreditation
	s.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number, a.Categories = number, []string{"ip-camera", "toy"} })
	s.pass(time.Hour)
	s.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Categories: []string{"ip-camera"}, Reason: "lab-scope-lost"})
	old := s.now()
	if old.ExpiresFor != label.BoundGraceEnd || old.Review != nil {
		t.Fatalf("the label ends by %s, under review: %v", old.ExpiresFor, old.Review)
	}
	s.pass(24 * time.Hour)
	d := *s.e.Declaration
	d.Number, d.Date = "later", label.DateOf(s.Clock.Now())
	_, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &d))
	must(t, err)
	must(t, s.Authority.Propagate(ctx))
	c, err := s.Authority.Change(ctx, s.Caller(labeltest.Maker), s.Ask(labeltest.Maker, old, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 3 }))
	must(t, err)
	if next := c.Label; next.Label.Expires.After(old.Expires) {
		t.Errorf("the lapse was shed: %s, then %s", old.Expires, next.Label.Expires)
	}
	// And after it: the report does not count any more.
	s.Clock.Set(old.Expires.Add(time.Hour))
	o, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "", 3)
	must(t, err)
	if o.Refusal == nil {
		t.Errorf("after the lapse the same report gave %+v", o)
	}
}

// TestLapseEndsByRenewal gives the scope back: the label ends as was announced, and
// is renewed on the same report for its full term.
func TestLapseEndsByRenewal(t *testing.T) {
	s := newSale(t)
	number := s.p.Label.Labs[0].Accreditation
	whole := func(a *label.Accreditation) { a.Number, a.Categories = number, []string{"ip-camera", "toy"} }
	s.Accredit(labeltest.Lab, whole)
	s.pass(time.Hour)
	s.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Categories: []string{"ip-camera"}, Reason: "lab-scope-lost"})
	old := s.now()
	renew := func(reason string) (*authority.Change, error) {
		return s.Authority.Change(ctx, s.Caller(labeltest.Maker), s.Ask(labeltest.Maker, old, label.Supersede, reason, func(r *label.StatusRequest) { r.Level = 3 }))
	}
	_, err := renew("reissued")
	wants(t, err, label.Precondition, label.ReasonNothingNew)
	renewable := func() (n int) {
		must(t, s.Authority.Propagate(ctx))
		list, _, err := s.Authority.Notices(s.Caller(labeltest.Maker), "", authority.Page{})
		must(t, err)
		for _, x := range list {
			if strings.Contains(string(x.Data), `"renewable"`) {
				n++
			}
		}
		return n
	}
	if n := renewable(); n != 0 {
		t.Errorf("the manufacturer was told %d times that it can renew, and the scope is lost", n)
	}
	s.pass(24 * time.Hour)
	s.Accredit(labeltest.Lab, whole)
	if n := renewable(); n != 1 {
		t.Errorf("the manufacturer was told %d times that it can renew", n)
	}
	if p := s.now(); !p.Expires.Equal(old.Expires) {
		t.Errorf("the announced end was taken back: %s, then %s", old.Expires, p.Expires)
	}
	_, err = renew("renewed") // nothing was checked again
	wants(t, err, label.Precondition, label.ReasonNothingNew)
	c, err := renew("reissued")
	must(t, err)
	p, err := s.Authority.Lookup(c.Label.Label.ID)
	must(t, err)
	if !p.Expires.After(old.Expires) || p.ExpiresFor == label.BoundGraceEnd {
		t.Errorf("the successor ends on %s (%s), the old one was to on %s", p.Expires, p.ExpiresFor, old.Expires)
	}
}

// TestPlaces fills the places that others would need.
func TestPlaces(t *testing.T) {
	s, n := newSale(t), 0
	declare := func(number string, day label.Date) error {
		d := *s.e.Declaration
		d.Number, d.Date, d.Facts = number, day, copyFacts(d.Facts)
		n++
		d.Facts["personal_data_retention_days"] = label.JSON(fmt.Sprint(n)) // each says something else
		_, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &d))
		return err
	}
	today := label.DateOf(s.Clock.Now())
	full := error(nil)
	for i := 0; full == nil && i < 200; i++ {
		full = declare(fmt.Sprintf("same day %d", i), today)
	}
	wants(t, full, label.TooLarge, label.ReasonTooLarge)
	if _, err := s.report(labeltest.Lab, "beside a full maker", nil); err != nil {
		t.Errorf("the manufacturer kept a report out: %v", err)
	}
	s.pass(24 * time.Hour)
	for i := range 2 * label.MaxSignerStatements { // superseded ones give their places back
		s.pass(24 * time.Hour)
		if err := declare(fmt.Sprintf("day %d", i), label.DateOf(s.Clock.Now())); err != nil {
			t.Fatalf("declaration of day %d: %v", i, err)
		}
	}
	full = nil
	for i := 0; full == nil && i < 200; i++ {
		_, full = s.report(labeltest.Lab, fmt.Sprintf("lab %d", i), func(r *label.TestReport) {
			r.Verdicts = []label.Verdict{{Provision: "5.1-1", Verdict: label.Pass}}
			r.Facts = label.Facts{"pentest_hours": label.JSON(fmt.Sprint(i))}
		})
	}
	wants(t, full, label.TooLarge, label.ReasonTooLarge)
	s.pass(24 * time.Hour)
	if err := declare("beside a full lab", label.DateOf(s.Clock.Now())); err != nil {
		t.Errorf("the laboratory kept the manufacturer out: %v", err)
	}
	if _, err := s.report(labeltest.Lab, "a failure", hasFail("5.5-1")); err != nil {
		t.Errorf("a failure found no room: %v", err)
	}
	if p := s.now(); p.State != label.Suspended {
		t.Errorf("after the failure the label is %s", p.State)
	}
}

// TestManufacturerSeesAll lists what others have sent about a device.
func TestManufacturerSeesAll(t *testing.T) {
	s := newSale(t)
	st, err := s.report(labeltest.Lab, "unasked", hasFail("5.5-1"))
	must(t, err)
	device := label.DigestOf(s.e.Descriptor)
	list, _, err := s.Authority.Submissions(ctx, s.Caller(labeltest.Maker), device, authority.Page{})
	must(t, err)
	if len(list) != 3 || !slices.ContainsFunc(list, func(n *authority.StatementNote) bool { return n.ID == st.ID && n.Carrier == labeltest.Lab }) {
		t.Errorf("the manufacturer sees %d statements, want 3 with the one that was not asked for", len(list))
	}
	for after := ""; ; {
		page, next, err := s.Authority.Submissions(ctx, s.Caller(labeltest.Maker), device, authority.Page{Size: 1, Token: after})
		must(t, err)
		if len(page) != 1 || page[0].ID != list[0].ID {
			t.Fatalf("a page of one has %d, want statement %s", len(page), list[0].ID)
		}
		if list = list[1:]; len(list) == 0 {
			break
		}
		after = next
	}
	own, _, err := s.Authority.Submissions(ctx, s.Caller(labeltest.ToyMaker), device, authority.Page{})
	must(t, err)
	if len(own) != 0 {
		t.Errorf("another manufacturer sees %d statements", len(own))
	}
}

// TestRenewalCarriesOver has an operator renew a label under review, which hands
// the review on.
func TestRenewalCarriesOver(t *testing.T) {
	s := newSale(t)
	s.Change(labeltest.Operator, s.p, label.Review, "complaint")
	if _, err := s.report(labeltest.Lab, "new", newFirmware); err != nil {
		t.Fatal(err)
	}
	old := s.now()
	ask := func(org string) ([]byte, *authority.Published) {
		return s.Ask(org, old, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 3 }), old
	}
	raw, _ := ask(labeltest.Maker)
	_, err := s.Authority.Change(ctx, s.Caller(labeltest.Maker), raw)
	wants(t, err, label.Precondition, label.ReasonOnHold)
	raw, _ = ask(labeltest.Operator)
	c, err := s.Authority.Change(ctx, s.Caller(labeltest.Operator), raw)
	must(t, err)
	next, err := s.Authority.Lookup(c.Label.Label.ID)
	must(t, err)
	if next.Review == nil || next.Review.Reason != "complaint" || len(c.Status.New) != 1 {
		t.Errorf("the successor is under review by %+v; new are %v", next.Review, c.Status.New)
	}
	if p := s.now(); len(p.Holds) != 0 {
		t.Errorf("the review is on both: %+v", p.Holds)
	}
	s.Change(labeltest.Operator, next, label.Clear, "resolved")
	if holds, err := s.Authority.Holds(s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor)); err != nil || len(holds) != 0 {
		t.Errorf("after the review is closed %d holds are open (%v)", len(holds), err)
	}
}

// TestAdmissionIsNoTest has the manufacturer declare that its product fails. What is
// said of the label is that the manufacturer said so, and not that there was a test;
// as soon as a laboratory finds it too, it is the laboratory's word.
func TestAdmissionIsNoTest(t *testing.T) {
	s := newSale(t)
	decl := *s.e.Declaration
	decl.Number, decl.Date = "D-admits", label.DateOf(s.Clock.Now())
	decl.Claims = slices.Clone(decl.Claims)
	for i := range decl.Claims {
		decl.Claims[i].Verdict, decl.Claims[i].Reason = label.Fail, "It does not."
	}
	_, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &decl))
	must(t, err)
	p := s.now()
	if p.State != label.Suspended || p.Because.Reason != "failure-declared" || !strings.Contains(p.Because.Text, "(by declaration D-admits of "+labeltest.Maker+")") {
		t.Errorf("after the admission the label is %s, %+v", p.State, p.Because)
	}
	s.told("disclaimed")

	s = newSale(t)
	_, err = s.report(labeltest.Lab, "R-fails", hasFail("5.5-1"))
	must(t, err)
	if p := s.now(); p.Because == nil || p.Because.Reason != "test-failed" || !strings.Contains(p.Because.Text, "(by report R-fails of "+labeltest.Lab+")") {
		t.Errorf("after the failure the label is %s, %+v", p.State, p.Because)
	}
}

// TestAdmissionAfterThePass has the manufacturer admit that a password is shared, which
// a laboratory had found to be in order: the tests do not speak of what was admitted
// since, and the label is not renewed on that.
func TestAdmissionAfterThePass(t *testing.T) {
	s := newSale(t)
	admit := func(number, provision string) {
		decl := *s.e.Declaration
		decl.Number, decl.Date = number, label.DateOf(s.Clock.Now())
		decl.Claims = slices.Clone(decl.Claims)
		i := slices.IndexFunc(decl.Claims, func(v label.Verdict) bool { return v.Provision == provision })
		decl.Claims[i].Verdict, decl.Claims[i].Reason = label.Fail, "All units have one."
		_, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &decl))
		must(t, err)
	}
	admit("D-admits", "5.1-1")
	p := s.now()
	if p.State != label.Suspended || p.Because.Reason != "failure-declared" {
		t.Errorf("after the admission the label is %s, %+v", p.State, p.Because)
	}
	_, err := s.Authority.Change(ctx, s.Caller(labeltest.Maker), s.Ask(labeltest.Maker, p, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 3 }))
	if err == nil {
		t.Error("the label is renewed on the declaration that admits the failure")
	}
	s.told("disclaimed")

	s = newSale(t) // and by a fact
	decl := *s.e.Declaration
	decl.Number, decl.Date, decl.Facts = "D-admits", label.DateOf(s.Clock.Now()), copyFacts(decl.Facts)
	decl.Facts["debug_interface_state"] = label.JSON(`"open"`)
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &decl))
	must(t, err)
	if p := s.now(); p.State != label.Suspended || p.Because.Reason != "failure-declared" || !strings.Contains(p.Because.Text, "(by declaration D-admits of "+labeltest.Maker+")") {
		t.Errorf("after the fact was admitted the label is %s, %+v", p.State, p.Because)
	}
	s.told("disclaimed")
}

// TestContradictionIsSaid has the manufacturer declare what cannot be true together:
// what is said of the label names that.
func TestContradictionIsSaid(t *testing.T) {
	s := newSale(t)
	decl := *s.e.Declaration
	decl.Number, decl.Date, decl.Product.Updates = "D-contradicts", label.DateOf(s.Clock.Now()), "none"
	_, _, err := s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &decl))
	must(t, err)
	if p := s.now(); p.Review == nil || !strings.Contains(p.Review.Text, "contradictions in what is said of the product (") {
		t.Errorf("after the contradiction the label is %s, %+v", p.State, p.Review)
	}
}

// TestJudgementGivesWay has labels judged again at the moment at which an event is
// recorded that they are touched by: the event comes first, and its reason is told.
func TestJudgementGivesWay(t *testing.T) {
	for range 8 {
		s := newSale(t)
		e := label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"}
		reported, err := s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(e))
		must(t, err)
		if err := s.Authority.Rejudge(ctx, label.DigestOf(s.e.Descriptor)); err != nil && label.KindOf(err) != label.Unavailable {
			t.Fatal(err)
		}
		must(t, s.Authority.Propagate(ctx))
		done, err := s.Authority.Event(s.Caller(labeltest.Operator), reported.Digest)
		must(t, err)
		if p := s.now(); done.Changed != 1 || p.Review == nil || p.Review.Reason != e.Reason {
			t.Fatalf("the event changed %d labels, the review is %+v", done.Changed, p.Review)
		}
	}
}
