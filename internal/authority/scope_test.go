package authority_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// whole is an accreditation of the sale's laboratory as it was at first, under the
// number that the label names.
func (s *sale) whole(a *label.Accreditation) {
	a.Number, a.Categories = s.p.Label.Labs[0].Accreditation, []string{"ip-camera", "toy"}
}

// record has an operator record an accreditation as whole has it, changed by change.
func (s *sale) record(change func(*label.Accreditation)) *store.Accreditation {
	s.t.Helper()
	s.pass(time.Hour)
	today := label.DateOf(s.Clock.Now())
	a := label.Accreditation{
		Lab: label.Party{ID: labeltest.Lab}, Body: "Test Accreditation Board", Standards: []string{"en303645"}, Methods: labeltest.AllMethods,
		Interval: label.Period{From: today.AddMonths(-24), To: today.AddMonths(24)},
	}
	s.whole(&a)
	if change != nil {
		change(&a)
	}
	rec, err := s.AccreditAs(ctx, s.Caller(labeltest.Operator), a)
	must(s.t, err)
	must(s.t, s.Authority.Propagate(ctx))
	return rec
}

// lost has the scope of the sale's laboratory lost by an event.
func (s *sale) lost() *store.Event {
	s.t.Helper()
	s.pass(time.Hour)
	e := s.Report(label.Event{
		Kind: label.LabEvent, Lab: labeltest.Lab, Number: s.p.Label.Labs[0].Accreditation, Categories: []string{"ip-camera"}, Reason: "lab-scope-lost",
	})
	must(s.t, s.Authority.Propagate(ctx))
	return e
}

func noCameras(a *label.Accreditation) { a.Categories = []string{"toy"} }

// count returns how many notices of a kind an organization got, whose data has a text.
func (s *sale) count(org, kind, text string) (n int) {
	s.t.Helper()
	list, _, err := s.Authority.Notices(s.Caller(org), "", authority.Page{Size: label.MaxPage})
	must(s.t, err)
	for _, x := range list {
		if x.Kind == kind && strings.Contains(string(x.Data), text) {
			n++
		}
	}
	return n
}

func (s *sale) renew() (*authority.Change, error) {
	return s.Authority.Change(ctx, s.Caller(labeltest.Maker), s.Ask(labeltest.Maker, s.now(), label.Supersede, "reissued", func(r *label.StatusRequest) { r.Level = 3 }))
}

// TestEveryLossIsTold loses the same thing again and again: each time those concerned
// are told, and each once, also after a restart.
func TestEveryLossIsTold(t *testing.T) {
	t.Run("accreditation", func(t *testing.T) {
		s := newSale(t)
		var want []string
		for range 3 {
			s.pass(time.Hour)
			s.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: s.p.Label.Labs[0].Accreditation, Reason: "lab-suspended"})
			want = append(want, "unsupported")
			s.now()
			s.told(want...)
			s.record(nil)
			s.Restart()
			want = append(want, "carried-again")
			s.now()
			s.told(want...)
		}
	})
	t.Run("affiliation", func(t *testing.T) {
		s := newSale(t)
		var want []string
		for range 2 {
			s.pass(time.Hour)
			s.Report(label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"})
			s.now()
			s.pass(time.Hour)
			s.Report(label.Event{
				Kind: label.SeparationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "authority-error",
				Ended: s.e.Report.Period.From.AddDays(-1),
			})
			s.now()
			want = append(want, "unsupported", "carried-again")
			s.told(want...)
		}
		for _, org := range []string{labeltest.Lab, labeltest.Maker} {
			if begun, all := s.count(org, notice.AffiliationChanged, `"lab-not-independent"`), s.count(org, notice.AffiliationChanged, ""); begun != 2 || all != 4 {
				t.Errorf("%s was told %d times of the affiliation, and %d times of that or its end", org, begun, all)
			}
		}
	})
}

// TestNarrowedUnderAnotherReport narrows the accreditation under which a report was made
// that took the place of the one which the label rests on: the label ends all the same,
// unless another report carries it.
func TestNarrowedUnderAnotherReport(t *testing.T) {
	for _, how := range []string{"corrected", "struck", "carried by another"} {
		t.Run(how, func(t *testing.T) {
			s := newSale(t)
			s.record(nil)
			s.pass(24 * time.Hour)
			old := s.p.Label.Evidence[slices.IndexFunc(s.p.Label.Evidence, func(e label.LabelEvidence) bool { return e.Type == label.TypeTestReport })].SHA256
			_, err := s.report(labeltest.Lab, "R-next", func(r *label.TestReport) {
				if how == "corrected" {
					r.Corrects, r.Period.To = old, s.e.Report.Period.To
				}
			})
			must(t, err)
			if how != "corrected" {
				s.Report(label.Event{Kind: label.StatementEvent, Statement: old, Reason: "authority-error"})
			}
			if how == "carried by another" {
				s.Enrol("other-lab", label.RoleLab)
				s.Accredit("other-lab", nil)
				_, err := s.report("other-lab", "R-other", nil)
				must(t, err)
			}
			if p := s.now(); p.State != label.Active || p.Review != nil || p.ExpiresFor == label.BoundGraceEnd {
				t.Fatalf("the label is %s (%+v), and ends for %s", p.State, p.Review, p.ExpiresFor)
			}
			s.record(noCameras)
			p := s.now()
			if ends := p.ExpiresFor == label.BoundGraceEnd; ends != (how != "carried by another") || p.Review != nil {
				t.Errorf("the label ends on %s (%s), review %+v", p.Expires, p.ExpiresFor, p.Review)
			}
			if n := s.count(labeltest.Maker, notice.LabelLapsing, ""); (n == 1) != (how != "carried by another") {
				t.Errorf("its manufacturer was told %d times that it ends early", n)
			}
		})
	}
}

// TestNarrowedWithoutEvent records less of an accreditation, and reports no event:
// what follows for the label is what an event would have had follow.
func TestNarrowedWithoutEvent(t *testing.T) {
	byEvent := newSale(t)
	byEvent.record(nil)
	byEvent.lost()
	want := byEvent.now()
	for name, less := range map[string]func(*label.Accreditation){
		"category": noCameras,
		"method":   func(a *label.Accreditation) { a.Methods = []label.Method{"document-review", "functional-test"} },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSale(t)
			s.record(nil)
			rec := s.record(less)
			if notes := strings.Join(rec.Notes, " "); !strings.Contains(notes, "It loses "+name) || !strings.Contains(notes, "takes the place of") {
				t.Errorf("whoever recorded it was told %q", notes)
			}
			p := s.now()
			if !p.Expires.Equal(want.Expires) || p.ExpiresFor != label.BoundGraceEnd || p.Review != nil || len(p.Statuses) != 1 {
				t.Fatalf("the label ends on %s (%s) with %d statuses, and by an event on %s", p.Expires, p.ExpiresFor, len(p.Statuses), want.Expires)
			}
			if st := p.Statuses[0]; st.Action != label.Lapse || st.Reason != want.Statuses[0].Reason {
				t.Errorf("the label has the status %+v", st)
			}
			for _, org := range []string{labeltest.Maker, labeltest.Operator} {
				if n := s.count(org, notice.LabelLapsing, ""); n != 1 {
					t.Errorf("%s was told %d times that the label ends early", org, n)
				}
			}
			// It is judged again, and the same is recorded once more: nothing is said twice.
			s.record(func(a *label.Accreditation) { less(a); a.Body = "Another Board" })
			if p := s.now(); len(p.Statuses) != 1 || !p.Expires.Equal(want.Expires) {
				t.Errorf("the label ends on %s with %d statuses", p.Expires, len(p.Statuses))
			}
			if _, err := s.renew(); err == nil {
				t.Error("the label was renewed while the scope is lost")
			}
			s.pass(24 * time.Hour)
			if notes := strings.Join(s.record(nil).Notes, " "); !strings.Contains(notes, "It gains "+name) {
				t.Errorf("whoever gave it back was told %q", notes)
			}
			if n := s.count(labeltest.Maker, notice.LabelJudged, `"renewable"`); n != 1 {
				t.Errorf("the manufacturer was told %d times that it can renew", n)
			}
			if _, err := s.renew(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("after an event", func(t *testing.T) {
		s := newSale(t)
		s.record(nil)
		e := s.lost()
		p := s.now()
		s.record(noCameras)
		if again := s.now(); e.Changed != 1 || len(again.Statuses) != 1 || !again.Expires.Equal(p.Expires) {
			t.Errorf("the event changed %d labels, then the label has %d statuses", e.Changed, len(again.Statuses))
		}
	})
	t.Run("the same again", func(t *testing.T) {
		s := newSale(t)
		first := s.record(nil)
		a := first.Accreditation
		rec, err := s.AccreditAs(ctx, s.Caller(labeltest.Operator), label.Accreditation{
			Lab: label.Party{ID: labeltest.Lab}, Number: a.Number, Body: a.Body, Standards: a.Standards, Categories: a.Categories, Methods: a.Methods, Interval: a.Interval,
		})
		must(t, err)
		if rec.Index != first.Index || len(rec.Notes) != 1 || !strings.Contains(rec.Notes[0], "nothing was recorded") {
			t.Errorf("the same again is entry %d with the notes %q", rec.Index, rec.Notes)
		}
	})
}

// TestIssuedWhileScopeIsLost requests a label during the time of grace: it says why it
// ends early, and is renewed like one from before when the scope is given back.
func TestIssuedWhileScopeIsLost(t *testing.T) {
	s := newSale(t)
	s.record(nil)
	s.lost()
	old := s.now()
	c, err := s.Authority.Change(ctx, s.Caller(labeltest.Maker), s.Ask(labeltest.Maker, old, label.Withdraw, "maker-request", nil))
	must(t, err)
	s.pass(time.Hour)
	o, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "", 3)
	must(t, err)
	if c.Status == nil || o.Label == nil {
		t.Fatalf("no label was issued: %+v", o)
	}
	s.p = o.Label
	p := s.now()
	if !p.Expires.Equal(old.Expires) || p.Label.ExpiresFor != label.BoundGraceEnd {
		t.Fatalf("the label ends on %s (%s)", p.Expires, p.Label.ExpiresFor)
	}
	if len(p.Statuses) != 1 || len(o.Label.Statuses) != 1 || p.Statuses[0].Reason != "lab-scope-lost" || !p.Statuses[0].Effective.Equal(p.Expires) {
		t.Fatalf("the label does not say why it ends: %+v", p.Statuses)
	}
	if _, err := s.renew(); err == nil {
		t.Error("the label was renewed while the scope is lost")
	}
	s.pass(24 * time.Hour)
	s.record(nil)
	d := *s.e.Declaration // judged again for another reason
	d.Number = "once more"
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, s.e.Descriptor, label.TypeDeclaration, &d))
	must(t, err)
	must(t, s.Authority.Propagate(ctx))
	if n := s.count(labeltest.Maker, notice.LabelJudged, `"renewable"`); n != 1 {
		t.Errorf("the manufacturer was told %d times that it can renew", n)
	}
	next, err := s.renew()
	must(t, err)
	if q, err := s.Authority.Lookup(next.Label.Label.ID); err != nil || !q.Expires.After(p.Expires) || q.ExpiresFor == label.BoundGraceEnd {
		t.Errorf("the successor ends on %s (%s), %v", q.Expires, q.ExpiresFor, err)
	}
}

// TestRenewableAgain loses the scope a second time and gives it back: that it can be
// renewed is news again, and so is in between that it cannot. The newest notice says
// what is so, and so does the refusal, with the reason and the way out.
func TestRenewableAgain(t *testing.T) {
	s := newSale(t)
	s.record(nil)
	for n := range 2 {
		narrowed := s.record(noCameras)
		if got := s.count(labeltest.Maker, notice.LabelJudged, `"not-renewable"`); got != n {
			t.Errorf("lost %d times, the manufacturer was told %d times that it can no longer renew", n+1, got)
		}
		since := fmt.Sprintf("no longer covers ip-camera (log entry %d)", narrowed.Index)
		if n > 0 && s.count(labeltest.Maker, notice.LabelJudged, since) != 1 {
			t.Error("the notice does not say why")
		}
		_, err := s.renew()
		wants(t, err, label.Precondition, label.ReasonNothingNew)
		for _, part := range []string{"Report " + s.e.Report.Number + " of " + labeltest.Lab, since, "To go on: renew when the accreditation covers that again"} {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("the refusal does not say %q: %v", part, err)
			}
		}
		s.record(nil)
		if got := s.count(labeltest.Maker, notice.LabelJudged, `"renewable"`); got != n+1 {
			t.Errorf("given back %d times, the manufacturer was told %d times", n+1, got)
		}
	}
}

// TestRefusalOfRenewalSaysWhy renews a label whose report counts no more: the refusal
// names the report, the event, and the way out.
func TestRefusalOfRenewalSaysWhy(t *testing.T) {
	s := newSale(t)
	s.pass(time.Hour)
	e := s.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: s.p.Label.Labs[0].Accreditation, Reason: "lab-suspended"})
	renew := func(level int) error {
		_, err := s.Authority.Change(ctx, s.Caller(labeltest.Operator), s.Ask(labeltest.Operator, s.now(), label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = level }))
		wants(t, err, label.Precondition, label.ReasonMissing)
		return err
	}
	err := renew(3)
	for _, part := range []string{"Report " + s.e.Report.Number + " of " + labeltest.Lab, "is suspended", "event " + e.Digest.String(), "renew when the accreditation is in force again"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the refusal does not say %q: %v", part, err)
		}
	}
	s.record(nil)
	if err := renew(4); !strings.Contains(err.Error(), "An accredited lab must") {
		t.Errorf("the refusal does not say what is missing: %v", err)
	}
}

// TestCountsUntilIsSaid asks everywhere what a report is worth whose laboratory has
// lost the scope: all answers have the same day.
func TestCountsUntilIsSaid(t *testing.T) {
	s := newSale(t)
	s.record(nil)
	s.lost()
	last := label.DateOf(s.now().Expires.Add(-1))
	device := label.DigestOf(s.e.Descriptor)
	var report *store.Statement
	for _, org := range []string{labeltest.Maker, labeltest.Lab, labeltest.Operator} {
		list, _, err := s.Authority.Submissions(ctx, s.Caller(org), device, authority.Page{})
		must(t, err)
		i := slices.IndexFunc(list, func(n *authority.StatementNote) bool { return n.Type == label.TypeTestReport })
		if i < 0 || list[i].Doubt == nil || list[i].Doubt.Code != "scope-lost" || list[i].Until != last {
			t.Fatalf("%s sees %+v", org, list)
		}
		report = list[i].Statement
	}
	notes, err := s.Authority.Worth(report)
	must(t, err)
	if len(notes) != 1 || !notes[0].Counts || notes[0].Until != last || !strings.Contains(notes[0].Text, "counts until "+last.String()) {
		t.Errorf("the report is worth %+v", notes)
	}
	d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), device, "")
	must(t, err)
	named := func(u scheme.Unused) bool {
		return u.Item.ID == report.ID && u.Code == "scope-lost" && u.Until == last && strings.Contains(u.Text, "no longer covers ip-camera")
	}
	if d.Reached != 3 || !slices.ContainsFunc(d.Unused, named) {
		t.Errorf("level %d, and the evaluation names %+v", d.Reached, d.Unused)
	}
	// A refusal of a higher level, which is signed.
	s.pass(time.Hour)
	s.Change(labeltest.Maker, s.now(), label.Withdraw, "maker-request")
	o, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), device, "", 4)
	must(t, err)
	predicate, err := o.Refusal.Predicate()
	must(t, err)
	if !slices.ContainsFunc(predicate.Unused, func(u label.Unused) bool { return u.Evidence.SHA256 == report.ID && u.Until == last }) {
		t.Errorf("the refusal names %+v", predicate.Unused)
	}
	// After that day it counts no longer, and nobody says that it does.
	s.Clock.Set(last.End().Add(time.Hour))
	list, _, err := s.Authority.Submissions(ctx, s.Caller(labeltest.Lab), device, authority.Page{})
	must(t, err)
	if n := list[0]; n.Doubt == nil || !n.Until.IsZero() {
		t.Errorf("afterwards the report is worth %+v", n)
	}
}

// TestStrikeIsTold strikes a report: its laboratory and the manufacturer are told, and
// the laboratory's own list says so.
func TestStrikeIsTold(t *testing.T) {
	s := newSale(t)
	i := slices.IndexFunc(s.p.Label.Evidence, func(e label.LabelEvidence) bool { return e.Type == label.TypeTestReport })
	id := s.p.Label.Evidence[i].SHA256
	s.Report(label.Event{Kind: label.StatementEvent, Statement: id, Reason: "authority-error"})
	for _, org := range []string{labeltest.Lab, labeltest.Maker} {
		if n := s.count(org, notice.StatementStruck, id.String()); n != 1 {
			t.Errorf("%s was told %d times that the report was struck", org, n)
		}
	}
	for _, device := range []label.Digest{{}, label.DigestOf(s.e.Descriptor)} {
		list, _, err := s.Authority.Submissions(ctx, s.Caller(labeltest.Lab), device, authority.Page{})
		must(t, err)
		if len(list) != 1 || list[0].Doubt == nil || list[0].Doubt.Code != "struck" {
			t.Errorf("the laboratory sees %+v", list)
		}
	}
}

// TestAffiliationByEnrolment enrols a parent company's record: both sides are told.
func TestAffiliationByEnrolment(t *testing.T) {
	s := newSale(t)
	s.Enrol("holding", label.RoleManufacturer, labeltest.Lab, "not-enrolled")
	for _, org := range []string{labeltest.Lab, "holding"} {
		if n := s.count(org, notice.AffiliationChanged, `"affiliate":"`+labeltest.Lab+`"`); n != 1 {
			t.Errorf("%s was told %d times of the affiliation", org, n)
		}
	}
	s.Enrol("not-enrolled", label.RoleManufacturer)
	for _, org := range []string{"not-enrolled", "holding"} {
		if n := s.count(org, notice.AffiliationChanged, `"affiliate":"not-enrolled"`); n != 1 {
			t.Errorf("%s was told %d times of the affiliation", org, n)
		}
	}
}

// TestOperatorsHearOfEachOther has one operator act, and another one told of each act,
// while what follows from an event is told to neither.
func TestOperatorsHearOfEachOther(t *testing.T) {
	s := newSale(t)
	const other = "night-shift"
	s.Enrol(other, label.RoleOperator)
	device := label.DigestOf(s.e.Descriptor)
	heard := func(what, kind string, act func()) {
		t.Helper()
		s.pass(time.Hour)
		theirs, own := s.count(other, kind, ""), s.count(labeltest.Operator, kind, "")
		act()
		must(t, s.Authority.Propagate(ctx))
		if n := s.count(other, kind, "") - theirs; n != 1 {
			t.Errorf("of %s the other operator was told %d times", what, n)
		}
		if n := s.count(labeltest.Operator, kind, "") - own; n != 0 {
			t.Errorf("of its own %s the operator was told %d times", what, n)
		}
	}
	change := func(a label.Action, reason string) func() {
		return func() { s.Change(labeltest.Operator, s.now(), a, reason) }
	}
	heard("a review", notice.LabelReview, change(label.Review, "complaint"))
	heard("its end", notice.LabelCleared, change(label.Clear, "unfounded"))
	heard("a suspension", notice.LabelSuspended, change(label.Suspend, "nonconformity"))
	heard("its end", notice.LabelReinstated, change(label.Reinstate, "resolved"))
	heard("a hold", notice.ProductHeld, func() { s.Report(label.Event{Kind: label.HoldEvent, Device: device, Reason: "nonconformity"}) })
	heard("its end", notice.ProductFree, func() { s.Report(label.Event{Kind: label.ReleaseEvent, Device: device, Reason: "resolved"}) })
	heard("a ruling", notice.AppealDecided, func() {
		e := s.Example("plug")
		s.Submit(e)
		s.Rule(e, s.Appeal(e, 2))
	})
	heard("an accreditation", notice.AccreditationChanged, func() { s.Accredit(labeltest.Lab, s.whole) })
	heard("a revoked key", notice.KeyRevoked, func() {
		signer := labeltest.NewSigner(t)
		k, err := s.AddKey(ctx, s.Caller(labeltest.Operator), labeltest.Lab, signer.Public.PEM, time.Time{})
		must(t, err)
		_, err = s.RevokeKey(ctx, s.Caller(labeltest.Operator), k.ID, "It was lost.")
		must(t, err)
	})
	lapses := s.count(other, notice.LabelLapsing, "")
	heard("an event", notice.EventReported, func() { s.lost() })
	if n := s.count(other, notice.LabelLapsing, "") - lapses; n != 0 || s.count(labeltest.Maker, notice.LabelLapsing, "") != 1 {
		t.Errorf("of what follows from an event the other operator was told %d times", n)
	}
	heard("an advisory", notice.EventReported, func() {
		s.Advise(labeltest.Operator, vex{id: "9", version: 1, updated: s.Clock.Now().Add(-time.Minute), status: "not_affected", product: "pkg:generic/northlight/nl-c210@3.8.2"}.bytes())
	})
	withdrawals := s.count(other, notice.LabelWithdrawn, "")
	s.Change(labeltest.Maker, s.now(), label.Withdraw, "maker-request")
	if n := s.count(other, notice.LabelWithdrawn, "") - withdrawals; n != 0 {
		t.Errorf("of the manufacturer's own act operators were told %d times", n)
	}
}
