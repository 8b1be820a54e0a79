package authority_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
)

// A twin is the camera of a sale, registered once more under another name.
func (s *sale) twin(name string) *example.Example {
	s.t.Helper()
	e := s.Example("camera")
	e.Device.Name = name
	labeltest.Renumber(e, " for "+name)
	raw, err := e.Device.Canonical()
	must(s.t, err)
	e.Descriptor = raw
	s.Submit(e)
	return e
}

func (s *sale) ask(e *example.Example, level int) (*authority.Published, error) {
	o, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", level)
	if err != nil {
		return nil, err
	}
	return o.Label, nil
}

// TestFailureFollowsTheProduct has a laboratory find something wrong with a
// device, whose manufacturer asks for a label of the same thing under another
// name; then fixes it.
func TestFailureFollowsTheProduct(t *testing.T) {
	s := newSale(t)
	if _, err := s.report(labeltest.Lab, "found wrong", hasFail("5.1-1")); err != nil {
		t.Fatal(err)
	}
	if p := s.now(); p.State != label.Suspended {
		t.Fatalf("the label is %s", p.State)
	}
	twinned := s.Example("camera")
	twinned.Device.Name = "A Camera Nobody Tested"
	raw, err := twinned.Device.Canonical()
	must(t, err)
	_, _, err = s.Authority.Register(ctx, s.Caller(labeltest.Operator), raw)
	must(t, err)
	for _, org := range []string{labeltest.Maker, labeltest.Operator} {
		list, next, err := s.Authority.Submissions(ctx, s.Caller(org), label.DigestOf(raw), authority.Page{})
		if must(t, err); next != "" || len(list) != 2 || !list[0].Other || !list[1].Other || list[0].Number != "found wrong" || list[0].Doubt == nil {
			t.Errorf("of a device of the product %s sees %+v", org, list)
		}
	}
	if list, _, err := s.Authority.Submissions(ctx, s.Caller(labeltest.Lab), label.DigestOf(raw), authority.Page{}); err != nil || len(list) != 0 {
		t.Errorf("of a device that it did not test the laboratory sees %+v, %v", list, err)
	}
	list, _, err := s.Authority.Submissions(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), authority.Page{})
	if must(t, err); len(list) != 3 || list[0].Other {
		t.Errorf("of the device itself its manufacturer sees %+v", list)
	}
	s.Change(labeltest.Operator, s.p, label.Reinstate, "resolved") // so that nothing but the finding stands against it
	twin := s.twin("Another Camera")
	if p, err := s.ask(twin, 1); err != nil || p != nil {
		t.Errorf("under another name the product got %+v, %v", p, err)
	}
	s.pass(24 * time.Hour)
	fixed := func(r *label.TestReport) {
		r.Changed = &label.Change{What: label.ChangedConfiguration, Text: "each unit has a password of its own"}
	}
	if _, err := s.report(labeltest.Lab, "fixed", fixed); err != nil {
		t.Fatal(err)
	}
	p, err := s.ask(twin, 1)
	if must(t, err); p == nil {
		t.Error("what was fixed of the product still stands against its twin")
	}
	must(t, s.Authority.Propagate(ctx))
	must(t, authority.Check(context.Background(), s.Store, s.Trust, s.Programme, labeltest.Problems(func(problem string) { t.Error(problem) })))
}

// TestMovedGTINJoinsNobody moves a trade item number to another manufacturer, whose
// product is not that of the first one; and what was found wrong by way of the number
// stays found.
func TestMovedGTINJoinsNobody(t *testing.T) {
	s := newSale(t)
	op, maker, toys := s.Caller(labeltest.Operator), s.Caller(labeltest.Maker), s.Caller(labeltest.ToyMaker)
	g := s.e.Device.GTINs[0]
	twin := label.DigestOf(s.twin("Another Camera").Descriptor) // which shares its numbers
	move := label.Event{Kind: label.GTINEvent, GTIN: g, Manufacturer: labeltest.ToyMaker, Reason: "misuse"}
	_, err := s.report(labeltest.Lab, "lacks what is recommended", hasFail("5.3-6")) // which no criterion asks for
	must(t, err)
	_, notes, err := s.Authority.Preview(op, s.Event(move))
	if must(t, err); strings.Contains(strings.Join(notes, " "), "found something wrong") {
		t.Errorf("of what is only recommended the preview notes %q", notes)
	}
	_, err = s.report(labeltest.Lab, "found wrong", hasFail("5.1-1"))
	must(t, err)
	_, notes, err = s.Authority.Preview(op, s.Event(move))
	if must(t, err); !strings.Contains(strings.Join(notes, " "), "found something wrong") {
		t.Errorf("the preview notes %q", notes)
	}
	for _, g := range s.e.Device.GTINs {
		move.GTIN = g
		s.Report(move)
	}
	if list, _, err := s.Authority.Submissions(ctx, maker, twin, authority.Page{}); err != nil || !slices.ContainsFunc(list, func(n *authority.StatementNote) bool { return n.Other && n.Number == "found wrong" }) {
		t.Errorf("the finding has left the product with the number: %+v, %v", list, err)
	}
	theirs := *s.e.Device
	theirs.Manufacturer, theirs.Brand = labeltest.ToyMaker, "Merrimake"
	raw, err := theirs.Canonical()
	must(t, err)
	_, _, err = s.Authority.Register(ctx, toys, raw)
	must(t, err)
	if list, err := s.Authority.Holds(toys, label.DigestOf(raw)); err != nil || len(list) != 0 {
		t.Errorf("the one who owns the number is held by the other: %+v, %v", list, err)
	}
	move.GTIN, move.Manufacturer = g, labeltest.Maker
	s.Report(move)
	if list, err := s.Authority.Holds(toys, label.DigestOf(raw)); err != nil || len(list) != 0 {
		t.Errorf("moved back, it is held: %+v, %v", list, err)
	}
	before, err := s.Authority.Holds(maker, twin)
	must(t, err)
	s.Report(label.Event{Kind: label.HoldEvent, Device: label.DigestOf(raw), Reason: "nonconformity"})
	if list, err := s.Authority.Holds(maker, twin); err != nil || len(list) != len(before) {
		t.Errorf("the first manufacturer is held by the other's refusal: %+v, %v", list, err)
	}
}

// TestFallReachesTwins has two labels of one product, and one of them fall.
func TestFallReachesTwins(t *testing.T) {
	state := func(s *sale, p *authority.Published) *authority.Published {
		must(s.t, s.Authority.Propagate(ctx))
		now, err := s.Authority.Lookup(p.Label.ID)
		must(s.t, err)
		return now
	}
	t.Run("a laboratory fails one", func(t *testing.T) {
		s := newSale(t)
		p, err := s.ask(s.twin("Another Camera"), 3)
		must(t, err)
		_, err = s.report(labeltest.Lab, "found wrong", hasFail("5.1-1"))
		must(t, err)
		if now := state(s, p); now.State != label.Suspended {
			t.Errorf("the twin is %s", now.State)
		}
	})
	t.Run("an operator reinstates both", func(t *testing.T) {
		s := newSale(t)
		p, err := s.ask(s.twin("Another Camera"), 3)
		must(t, err)
		_, err = s.report(labeltest.Lab, "found wrong", hasFail("5.1-1"))
		must(t, err)
		for _, fell := range []*authority.Published{s.p, p} {
			if now := state(s, fell); now.State != label.Suspended || strings.Contains(now.Because.Text, "of the same product") {
				t.Errorf("label %s is %s: %+v", fell.Label.ID, now.State, now.Because)
			}
		}
		// Who has looked at the failure is not overruled by what followed from it.
		for _, fell := range []*authority.Published{s.p, p} {
			s.pass(time.Hour)
			s.Change(labeltest.Operator, fell, label.Reinstate, "resolved")
			if now := state(s, fell); now.State != label.Active || now.Review != nil {
				t.Errorf("label %s is %s: %+v", fell.Label.ID, now.State, now.Because)
			}
		}
		if now := state(s, s.p); now.State != label.Active {
			t.Errorf("the first is %s: %+v", now.State, now.Because)
		}
		// The laboratory is told, once a label.
		_, err = s.report(labeltest.Lab, "something else", nil)
		must(t, err)
		state(s, s.p)
		list, _, err := s.Authority.Notices(s.Caller(labeltest.Lab), "", authority.Page{})
		must(t, err)
		of := map[label.ID]int{}
		for _, n := range list {
			if n.Kind != notice.FindingOutweighed {
				continue
			}
			var news authority.OutweighedNews
			must(t, label.DecodeLoose(n.Data, &news))
			if news.Number != "found wrong" || news.Action != label.Reinstate || len(news.Criteria) == 0 {
				t.Errorf("the laboratory is told %+v", news)
			}
			of[news.Label]++
		}
		if of[s.p.Label.ID] != 1 || of[p.Label.ID] != 1 || len(of) != 2 {
			t.Errorf("the laboratory is told %v times that labels stand against its finding", of)
		}
	})
	t.Run("an operator suspends one", func(t *testing.T) {
		s := newSale(t)
		p, err := s.ask(s.twin("Another Camera"), 3)
		must(t, err)
		s.Change(labeltest.Operator, s.p, label.Suspend, "nonconformity")
		if now := state(s, p); now.Review == nil || now.Review.Reason != "level-lost" {
			t.Errorf("the twin is %s, under review: %+v", now.State, now.Review)
		}
		if now := s.now(); now.State != label.Suspended || now.Review != nil {
			t.Errorf("the review of the twin reaches back: %+v", now.Review)
		}
		// Who has looked is not overruled.
		s.Change(labeltest.Operator, p, label.Clear, "unfounded")
		s.twin("A Third Camera")
		if now := state(s, p); now.Review != nil {
			t.Errorf("the twin is under review again: %+v", now.Review)
		}
		s.Change(labeltest.Operator, s.p, label.Reinstate, "resolved")
		if now := state(s, p); now.State != label.Active || now.Review != nil {
			t.Errorf("when all is settled the twin is %s", now.State)
		}
	})
	t.Run("they turn out to be one product", func(t *testing.T) {
		s := newSale(t)
		e := s.Example("camera")
		e.Device.Name, e.Device.Model, e.Device.GTINs = "Another Camera", "ZZ-1", nil
		labeltest.Renumber(e, "-ZZ")
		raw, err := e.Device.Canonical()
		must(t, err)
		e.Descriptor = raw
		s.Submit(e)
		p, err := s.ask(e, 3)
		must(t, err)
		s.Change(labeltest.Operator, s.p, label.Suspend, "vulnerability-open")
		if now := state(s, p); now.Review != nil {
			t.Fatal("two products are one already")
		}
		link := *e.Device
		link.Name, link.GTINs = "A Third Camera", s.e.Device.GTINs
		raw, err = link.Canonical()
		must(t, err)
		_, _, err = s.Authority.Register(ctx, s.Caller(labeltest.Operator), raw)
		must(t, err)
		if now := state(s, p); now.Review == nil {
			t.Error("one GTIN ties it to a suspended label, and nothing comes of it")
		}
	})
}

// colour is the camera of a sale in another colour.
func (s *sale) colour() *example.Example {
	s.t.Helper()
	e := s.Example("camera")
	e.Device.Name += " white"
	labeltest.Renumber(e, "-white")
	var err error
	e.Descriptor, err = e.Device.Canonical()
	must(s.t, err)
	return e
}

// TestAnotherColour has the label of one colour suspended for a failed
// test, and another colour pass without anything having been changed.
func TestAnotherColour(t *testing.T) {
	s := newSale(t)
	_, err := s.report(labeltest.Lab, "later", hasFail("5.5-1"))
	must(t, err)
	s.now()
	e := s.colour()
	_, _, err = s.Authority.Register(ctx, s.Caller(labeltest.Maker), e.Descriptor)
	must(t, err)
	s.pass(5 * 24 * time.Hour)
	r := *e.Report
	r.Number, r.Period.To = "white", label.DateOf(s.Clock.Now())
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Lab), s.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, &r))
	must(t, err)
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Maker), s.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, e.Declaration))
	must(t, err)
	if o, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3); err == nil && o.Label != nil {
		t.Error("another colour has a label of level 3, and nobody changed what failed")
	}
}

// TestAnotherColourBeforeAnyLabel does the same where no label was issued.
func TestAnotherColourBeforeAnyLabel(t *testing.T) {
	w := labeltest.New(t, nil)
	s := &sale{World: w, t: t, e: w.Example("camera")}
	w.Submit(s.e)
	s.pass(24 * time.Hour)
	_, err := s.report(labeltest.Lab, "bad", hasFail("5.5-1"))
	must(t, err)
	e := s.colour()
	w.Submit(e)
	if o, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3); err == nil && o.Label != nil {
		t.Error("another colour has a label of level 3, and nobody changed what failed")
	}
}

// TestFailureLiftsNoHold has a second failure lift the hold of the first, so that
// the GTIN shows another colour.
func TestFailureLiftsNoHold(t *testing.T) {
	s := newSale(t)
	white := s.Issue(s.colour(), 3)
	_, err := s.report(labeltest.Lab, "later", hasFail("5.5-1"))
	must(t, err)
	s.now()
	s.pass(3 * 24 * time.Hour)
	_, err = s.report(labeltest.Lab, "again", hasFail("5.5-1"))
	must(t, err)
	black := s.now()
	if holds, err := s.Authority.Holds(s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor)); err != nil || len(holds) == 0 {
		t.Errorf("the label is %s, and %d holds are open (%v)", black.State, len(holds), err)
	}
	if p, err := s.Authority.ByGTIN(s.e.Device.GTINs[0]); err != nil || p.State != label.Suspended {
		t.Errorf("the GTIN shows label %s, which is %s (%v); the failed one is %s", p.Label.ID, p.State, err, black.State)
	}
	if p, err := s.Authority.Lookup(white.Label.ID); err != nil || p.State != label.Suspended {
		t.Errorf("the label of another colour is %s (%v)", p.State, err)
	}
}

// TestReinstatedWithAFailure has a failure arrive while the label is suspended
// for something else, which is then settled.
func TestReinstatedWithAFailure(t *testing.T) {
	s := newSale(t)
	s.Change(labeltest.Operator, s.p, label.Suspend, "complaint")
	_, err := s.report(labeltest.Lab, "later", hasFail("5.5-1"))
	must(t, err)
	settled := s.Change(labeltest.Operator, s.now(), label.Reinstate, "unfounded")
	if got := strings.Join(settled.Notes, " "); !strings.Contains(got, "had not been acted upon") && !strings.Contains(got, "has not been acted upon") {
		t.Errorf("who reinstates it is told %q", got)
	}
	s.pass(24 * time.Hour)
	if p := s.now(); p.State == label.Active && p.Review == nil {
		t.Error("the complaint was unfounded, and the label counts though a test failed")
	}
	settled = s.Change(labeltest.Operator, s.now(), label.Reinstate, "unfounded")
	if got := strings.Join(settled.Notes, " "); !strings.Contains(got, "by your decision alone") {
		t.Errorf("who reinstates it again is told %q", got)
	}
}

// TestWarningIsNotShed has a manufacturer who was warned of give its label up and
// ask for another, and renew that. Each says so from the first answer on.
func TestWarningIsNotShed(t *testing.T) {
	l := newLife(t)
	adv := l.Advise(labeltest.Maker, firstVex.bytes())
	must(t, l.Authority.Propagate(ctx))
	l.Change(labeltest.Maker, l.pub, label.Withdraw, "maker-request")
	warned := func(what string, p *authority.Published) {
		t.Helper()
		if len(p.Advisories) != 1 || p.Advisories[0].Advisory.SHA256 != adv.Digest {
			t.Errorf("the answer to the %s says of advisories %+v", what, p.Advisories)
		}
		page, err := l.Authority.Lookup(p.Label.ID)
		must(t, err)
		if len(page.Advisories) != 1 {
			t.Errorf("after the %s the page says of advisories %+v", what, page.Advisories)
		}
		if _, err := l.Trust.Verify(page.Package, l.Clock.Now(), l.Clock.Now()); err != nil {
			t.Errorf("after the %s the label does not verify offline: %v", what, err)
		}
	}
	e := l.Example("camera")
	o, err := l.Authority.Request(ctx, l.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3)
	must(t, err)
	warned("request", o.Label)
	l.pass(24 * time.Hour)
	e.Declaration.Number, e.Declaration.Date = "D-new", label.DateOf(l.Clock.Now())
	_, _, err = l.Authority.Submit(ctx, l.Caller(labeltest.Maker), l.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, e.Declaration))
	must(t, err)
	c, err := l.Authority.Change(ctx, l.Caller(labeltest.Maker), l.Ask(labeltest.Maker, o.Label, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 3 }))
	must(t, err)
	warned("renewal", c.Label)
	must(t, l.Authority.AdviseNew(ctx))
	warned("look at new labels", c.Label)
	_, event, err := l.Authority.Advise(ctx, l.Caller(labeltest.Maker), l.AdvisoryEvent(labeltest.Maker, firstVex.bytes()), firstVex.bytes())
	must(t, err)
	if event.Changed != 3 {
		t.Errorf("the advisory is said to have reached %d labels", event.Changed)
	}
}

// TestByModelReadsOnlyThat asks for products that there are not of a manufacturer with
// more and more labels. That costs the same.
func TestByModelReadsOnlyThat(t *testing.T) {
	w := labeltest.New(t, nil)
	ask := func() float64 {
		return testing.AllocsPerRun(20, func() {
			if list, err := w.Authority.ByModel(labeltest.Maker, "no such model"); err != nil || len(list.Labels) != 0 {
				t.Errorf("found %v, %v", list, err)
			}
		})
	}
	e := w.Example("plug")
	w.Issue(e, 1)
	one := ask()
	for i := range 12 {
		e := w.Example("plug")
		labeltest.Variant(t, e, i+1)
		w.Issue(e, 1)
	}
	if many := ask(); many > one+4 {
		t.Errorf("%v allocations with one label, %v with thirteen", one, many)
	}
	list, err := w.Authority.ByModel(labeltest.Maker, e.Device.Model)
	if err != nil || len(list.Labels) == 0 {
		t.Fatal(list, err)
	}
	for i, p := range list.Labels {
		if p.Label.Device.Model != e.Device.Model || i > 0 && p.Index > list.Labels[i-1].Index {
			t.Errorf("the %d. is %s of %q", i, p.Label.ID, p.Label.Device.Model)
		}
	}
}
