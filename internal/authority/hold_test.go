package authority_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
)

// A cheat is a manufacturer who wants a label back that fell.
type cheat struct {
	*labeltest.World
	t      *testing.T
	e      *example.Example
	fallen *authority.Published
	second *envelope.Signer // another operator's
}

// newCheat returns a manufacturer with a plug of level 1.
func newCheat(t *testing.T) *cheat {
	t.Helper()
	w := labeltest.New(t, nil)
	c := &cheat{World: w, t: t, e: w.Example("plug"), second: labeltest.NewSigner(t)}
	_, err := w.AddKey(ctx, w.Caller(labeltest.Operator), labeltest.Operator, c.second.Public.PEM, time.Time{})
	must(t, err)
	c.fallen = w.Issue(c.e, 1)
	c.pass(time.Hour)
	return c
}

func (c *cheat) pass(d time.Duration) { c.Clock.Set(c.Clock.Now().Add(d)) }

// revoke has the label revoked by two operators.
func (c *cheat) revoke(reason string) {
	c.t.Helper()
	r := c.Change(labeltest.Operator, c.fallen, label.Revoke, reason)
	_, err := c.Authority.Change(ctx, c.Caller(labeltest.Operator), c.Countersign(c.second, r.Request))
	must(c.t, err)
}

// request asks for a label for a device.
func (c *cheat) request(e *example.Example) (*authority.Outcome, error) {
	return c.Authority.Request(ctx, c.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 1)
}

// stopped fails the test unless a request is stopped by a hold.
func (c *cheat) stopped(e *example.Example, how string) {
	c.t.Helper()
	o, err := c.request(e)
	if label.ReasonOf(err) != label.ReasonOnHold {
		c.t.Errorf("%s: the request gave %+v, %v", how, o, err)
	}
}

// variant is the plug as another device.
func (c *cheat) variant(change func(*label.Device)) *example.Example {
	c.t.Helper()
	e := c.Example("plug")
	change(e.Device)
	var err error
	e.Descriptor, err = e.Device.Canonical()
	must(c.t, err)
	return e
}

// TestHoldsAreNotShed lets a label fall in each way, and its manufacturer try to
// be rid of that.
func TestHoldsAreNotShed(t *testing.T) {
	for _, fall := range []struct {
		name string
		do   func(c *cheat)
		live bool // the label still stands
	}{
		{"revoked", func(c *cheat) { c.revoke("false-report") }, false},
		{"suspended", func(c *cheat) { c.Change(labeltest.Operator, c.fallen, label.Suspend, "complaint") }, true},
		{"under review", func(c *cheat) { c.Change(labeltest.Operator, c.fallen, label.Review, "complaint") }, true},
	} {
		t.Run(fall.name, func(t *testing.T) {
			c := newCheat(t)
			fall.do(c)
			c.pass(time.Hour)
			if !fall.live {
				c.stopped(c.e, "asking again")
			}
			_, err := c.Authority.Change(ctx, c.Caller(labeltest.Maker), c.Ask(labeltest.Maker, c.fallen, label.Withdraw, "discontinued", nil))
			wants(t, err, label.Precondition, label.ReasonStep)
			_, err = c.Authority.Change(ctx, c.Caller(labeltest.Maker), c.Ask(labeltest.Maker, c.fallen, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 1 }))
			if reason := label.ReasonOf(err); reason != label.ReasonOnHold && reason != label.ReasonStep {
				t.Errorf("renewing: %v", err)
			}
			// Another colour with the same barcode, registered by an operator so that it
			// is there at all, and one that was there before.
			colour := c.variant(func(d *label.Device) { d.Name += " white" })
			_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.Maker), colour.Descriptor)
			evidenceLifts := fall.name == "revoked"
			if evidenceLifts != (err == nil) {
				t.Errorf("registering another colour: %v", err)
			}
			_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.Operator), colour.Descriptor)
			must(t, err)
			c.stopped(colour, "another colour")
			// A chain: another barcode beside the old one, then the new barcode alone.
			// Each is registered by an operator who did not look closely.
			bridge := c.variant(func(d *label.Device) {
				d.Model, d.GTINs = "BRIDGE", append([]label.GTIN{"09522104009990"}, d.GTINs...)
				sortGTINs(d)
			})
			far := c.variant(func(d *label.Device) { d.Model, d.GTINs = "FAR", []label.GTIN{"09522104009990"} })
			renamed := c.variant(func(d *label.Device) { d.Model, d.GTINs = strings.ToLower(strings.ReplaceAll(d.Model, "-", " ")), nil })
			for i, e := range []*example.Example{bridge, far, renamed} {
				_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.Operator), e.Descriptor)
				must(t, err)
				c.stopped(e, []string{"bridge", "far", "renamed"}[i])
			}
			// Another product of the same manufacturer is free.
			other := c.variant(func(d *label.Device) { d.Model, d.GTINs = "OTHER", nil })
			_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.Maker), other.Descriptor)
			must(t, err)
			o, err := c.request(other)
			must(t, err)
			if o.Refusal == nil {
				t.Errorf("another product without evidence got %+v", o)
			}
			// Waiting until the label has expired.
			c.Clock.Set(c.fallen.Label.Expires.Add(24 * time.Hour))
			c.stopped(c.e, "waiting")
			c.Restart()
			c.stopped(c.e, "after a restart")
			holds, err := c.Authority.Holds(c.Caller(labeltest.Maker), label.DigestOf(far.Descriptor))
			must(t, err)
			if len(holds) != 1 || holds[0].Label.ID != c.fallen.Label.ID || holds[0].WayOut() == "" {
				t.Errorf("the manufacturer is shown %+v", holds)
			}
			// The way out: an operator's act.
			c.Change(labeltest.Operator, c.fallen, label.Release, "resolved")
			if _, err := c.request(far); err != nil {
				t.Errorf("after the release: %v", err)
			}
		})
	}
}

func sortGTINs(d *label.Device) {
	if len(d.GTINs) == 2 && d.GTINs[0] > d.GTINs[1] {
		d.GTINs[0], d.GTINs[1] = d.GTINs[1], d.GTINs[0]
	}
}

// TestAnnouncedEndsDoNotHide announces an end before the authority looks, so that
// it comes while the label is suspended.
func TestAnnouncedEndsDoNotHide(t *testing.T) {
	c := newCheat(t)
	in := c.Clock.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
	_, err := c.Authority.Change(ctx, c.Caller(labeltest.Maker), c.Ask(labeltest.Maker, c.fallen, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = in }))
	must(t, err)
	c.Change(labeltest.Operator, c.fallen, label.Suspend, "complaint")
	c.Clock.Set(in.Add(time.Hour))
	p, err := c.Authority.Lookup(c.fallen.Label.ID)
	must(t, err)
	if p.State != label.Suspended || !p.PutOff() || len(p.Holds) != 1 {
		t.Errorf("the label is %s, on hold by %+v", p.State, p.Holds)
	}
	if o, err := c.request(c.e); label.ReasonOf(err) != label.ReasonLiveLabel {
		t.Errorf("after the day of the announced withdrawal a request gave %+v, %v", o, err)
	}
	c.Change(labeltest.Operator, c.fallen, label.Reinstate, "resolved")
	p, err = c.Authority.Lookup(c.fallen.Label.ID)
	must(t, err)
	if p.State != label.Withdrawn || len(p.Holds) != 0 {
		t.Errorf("when the suspension is settled the label is %s, on hold by %+v", p.State, p.Holds)
	}
}

// TestEvidenceLiftsAHold brings evidence after a revocation: what was tested
// before does not answer it, however late it is sent; a test after it does.
func TestEvidenceLiftsAHold(t *testing.T) {
	c := newCheat(t)
	c.revoke("false-report")
	submit := func(number string, to label.Date) {
		t.Helper()
		r := *c.e.Report
		r.Number, r.Period.From, r.Period.To = number, to.AddDays(-3), to
		_, _, err := c.Authority.Submit(ctx, c.Caller(labeltest.Lab), c.Seal(labeltest.Lab, c.e.Descriptor, label.TypeTestReport, &r))
		must(t, err)
	}
	day := label.DateOf(c.Clock.Now())
	c.pass(10 * 24 * time.Hour)
	c.stopped(c.e, "nothing new")
	submit("before", day.AddDays(-1))
	c.stopped(c.e, "a test from before the revocation")
	submit("same day", day)
	c.stopped(c.e, "a test of the day of the revocation")
	submit("after", day.AddDays(5))
	if o, err := c.request(c.e); err != nil || o.Label == nil {
		t.Errorf("after a later test: %+v, %v", o, err)
	}
}

// TestTimeLiftsAHold waits as long as the scheme says for misuse, and not a day
// less.
func TestTimeLiftsAHold(t *testing.T) {
	c := newCheat(t)
	c.revoke("misuse")
	end := label.DateOf(c.Clock.Now()).AddMonths(12).End()
	c.Clock.Set(end.Add(-time.Second))
	c.stopped(c.e, "a second too early")
	c.Clock.Set(end)
	if _, err := c.request(c.e); err != nil {
		t.Errorf("after twelve months: %v", err)
	}
}

// TestOperatorsRefuse refuses a device, and then all of a manufacturer.
func TestOperatorsRefuse(t *testing.T) {
	for name, hold := range map[string]func(*example.Example) label.Event{
		"device":       func(e *example.Example) label.Event { return label.Event{Device: label.DigestOf(e.Descriptor)} },
		"manufacturer": func(*example.Example) label.Event { return label.Event{Manufacturer: labeltest.Maker} },
	} {
		t.Run(name, func(t *testing.T) {
			w := labeltest.New(t, nil)
			c := &cheat{World: w, t: t, e: w.Example("plug")}
			w.Submit(c.e)
			put, end := hold(c.e), hold(c.e)
			put.Kind, put.Reason = label.HoldEvent, "misuse"
			end.Kind, end.Reason = label.ReleaseEvent, "resolved"
			defer func() {
				if got := told(t, w, labeltest.Maker); !slices.Contains(got, notice.ProductHeld) || !slices.Contains(got, notice.ProductFree) {
					t.Errorf("the manufacturer was told %v", got)
				}
			}()
			_, err := w.ReportAs(ctx, w.Caller(labeltest.Operator), w.Event(end))
			wants(t, err, label.Precondition, label.ReasonStep)
			w.Report(put)
			_, err = w.ReportAs(ctx, w.Caller(labeltest.Operator), w.Event(label.Event{Kind: label.HoldEvent, Manufacturer: labeltest.Lab, Reason: "misuse"}))
			wants(t, err, label.Precondition, label.ReasonWrongRole)
			c.stopped(c.e, "refused")
			sibling := c.variant(func(d *label.Device) { d.Name += " white" })
			_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Maker), sibling.Descriptor)
			wants(t, err, label.Precondition, label.ReasonOnHold)
			_, err = w.ReportAs(ctx, w.Caller(labeltest.Maker), w.EventBy(labeltest.Maker, end))
			wants(t, err, label.Denied, label.ReasonWrongRole)
			_, err = w.ReportAs(ctx, w.Caller(labeltest.Operator), w.Event(label.Event{Kind: label.HoldEvent, Device: put.Device, Manufacturer: put.Manufacturer, Reason: "fees-unpaid"}))
			wants(t, err, label.Exists, label.ReasonExists)
			w.Restart()
			c.stopped(c.e, "refused, after a restart")
			w.Report(end)
			if o, err := c.request(c.e); err != nil || o.Label == nil {
				t.Errorf("after the end: %+v, %v", o, err)
			}
		})
	}
}

// TestGTINShowsTheLabel registers further devices with the barcode of a label,
// in every way that hid it.
func TestGTINShowsTheLabel(t *testing.T) {
	c := newCheat(t)
	g := c.e.Device.GTINs[0]
	shows := func(how string, state label.State) {
		t.Helper()
		p, err := c.Authority.ByGTIN(g)
		if err != nil || p.Label.ID != c.fallen.Label.ID || p.State != state {
			t.Errorf("%s: the GTIN gives %+v, %v", how, p, err)
		}
	}
	shows("labelled", label.Active)
	colour := c.variant(func(d *label.Device) { d.Name += " white" })
	_, _, err := c.Authority.Register(ctx, c.Caller(labeltest.Maker), colour.Descriptor)
	must(t, err)
	shows("one more colour", label.Active)
	c.Change(labeltest.Operator, c.fallen, label.Suspend, "nonconformity")
	shows("suspended", label.Suspended)
	// A device whose label is clean does not take the barcode over either.
	_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.Maker), c.variant(func(d *label.Device) { d.Name += " black" }).Descriptor)
	must(t, err)
	shows("a changed name", label.Suspended)
	c.Change(labeltest.Operator, c.fallen, label.Reinstate, "resolved")
	shows("reinstated", label.Active)
}

// TestLighterCategory registers a camera once more as a lamp, of which less is
// asked.
func TestLighterCategory(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor)
	must(t, err)
	for name, change := range map[string]func(*label.Device){
		"same barcode": func(d *label.Device) { d.Model = "LAMP-1" },
		"same model":   func(d *label.Device) { d.GTINs = nil },
	} {
		lamp := *e.Device
		lamp.Category = "light"
		change(&lamp)
		raw, err := lamp.Canonical()
		must(t, err)
		_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Maker), raw)
		wants(t, err, label.Precondition, label.ReasonLighterCategory)
		if _, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Operator), raw); err != nil {
			t.Errorf("%s, by an operator: %v", name, err)
		}
	}
}

// TestHeavierCategoryLater has a camera labelled as a lamp first, of which less is
// asked, and registers it as a camera when it has the label.
func TestHeavierCategoryLater(t *testing.T) {
	w := labeltest.New(t, nil)
	lamp := w.Example("plug")
	first := w.Issue(lamp, 1)
	camera := *w.Example("camera").Device
	camera.Model, camera.GTINs, camera.Brand = lamp.Device.Model, lamp.Device.GTINs, lamp.Device.Brand
	raw, err := camera.Canonical()
	must(t, err)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Maker), raw)
	must(t, err)
	must(t, w.Authority.Propagate(ctx))
	pub, err := w.Authority.Lookup(first.Label.ID)
	must(t, err)
	if st := pub.StandingAt(w.Clock.Now()); st.Review == nil || !strings.Contains(st.Review.Text, "registered in a category of higher risk") {
		t.Errorf("the label of the lamp stands as %+v", st)
	}
	for _, org := range []string{labeltest.Maker, labeltest.Operator} {
		if !slices.Contains(told(t, w, org), notice.LabelJudged) {
			t.Errorf("%s was not told", org)
		}
	}
	// An operator who only clears the review does not make it right.
	w.Change(labeltest.Operator, first, label.Clear, "unfounded")
	_, err = w.Authority.Change(ctx, w.Caller(labeltest.Maker), w.Ask(labeltest.Maker, first, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 1 }))
	wants(t, err, label.Precondition, label.ReasonLighterCategory)
	// No renewal is proposed that would be refused, and who evaluates reads why.
	_, err = w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(lamp.Descriptor), "", 2)
	wants(t, err, label.Precondition, label.ReasonLiveLabel)
	if !strings.Contains(err.Error(), "which an operator can") || strings.Contains(err.Error(), "labelctl label renew") {
		t.Errorf("another level of a lighter device is refused with %v", err)
	}
	if why, err := w.Authority.NeedsOperator(w.Caller(labeltest.Maker), label.DigestOf(lamp.Descriptor)); err != nil || !strings.Contains(why, "labelctl device register") {
		t.Errorf("what stands in the way of the lighter device is %q, %v", why, err)
	}
	twin := *lamp.Device
	twin.Name += " white"
	other, err := twin.Canonical()
	must(t, err)
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Maker), other)
	wants(t, err, label.Precondition, label.ReasonLighterCategory)
	w.Change(labeltest.Maker, first, label.Withdraw, "discontinued")
	_, err = w.Authority.Change(ctx, w.Caller(labeltest.Maker), w.Ask(labeltest.Maker, first, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 1 }))
	wants(t, err, label.Precondition, label.ReasonStep)
	if !strings.Contains(err.Error(), "no other is issued for the time being") || strings.Contains(err.Error(), "labelctl request") {
		t.Errorf("who renews a label that was withdrawn is told %v", err)
	}
	_, err = w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(lamp.Descriptor), "", 1)
	wants(t, err, label.Precondition, label.ReasonLighterCategory)
	// The manufacturer cannot register it right by doing so again; an operator can.
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Maker), lamp.Descriptor)
	must(t, err)
	_, err = w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(lamp.Descriptor), "", 1)
	wants(t, err, label.Precondition, label.ReasonLighterCategory)
	_, known, err := w.Authority.Register(ctx, w.Caller(labeltest.Operator), lamp.Descriptor)
	must(t, err)
	o, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(lamp.Descriptor), "", 1)
	must(t, err)
	if !known || o.Label == nil {
		t.Errorf("after an operator registered it (known: %t), the request gave %+v", known, o)
	}
	if why, err := w.Authority.NeedsOperator(w.Caller(labeltest.Maker), label.DigestOf(lamp.Descriptor)); err != nil || why != "" {
		t.Errorf("after that there stands in the way %q, %v", why, err)
	}
}

// TestOnlyWhatIsGrantedIsProposed asks for another level of a device that has a live
// label: the way there is named where it would be granted, and otherwise what stands
// in it.
func TestOnlyWhatIsGrantedIsProposed(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	p := w.Issue(e, 2)
	ask := func(org string, level int) string {
		t.Helper()
		_, err := w.Authority.Request(ctx, w.Caller(org), label.DigestOf(e.Descriptor), "", level)
		wants(t, err, label.Precondition, label.ReasonLiveLabel)
		return err.Error()
	}
	for level, want := range map[int]string{
		1: "labelctl label renew " + p.Label.ID.Pretty() + " --level 1 --reason new-level", 3: "--level 3 --reason new-level)", 4: "does not support level 4",
	} {
		if got := ask(labeltest.Maker, level); !strings.Contains(got, want) || strings.Contains(got, "labelctl label renew") != (level < 4) {
			t.Errorf("level %d is refused with %s", level, got)
		}
	}
	w.Change(labeltest.Operator, p, label.Review, "complaint")
	if got := ask(labeltest.Maker, 3); !strings.Contains(got, "came under review (complaint") || strings.Contains(got, "labelctl label renew") {
		t.Errorf("while the product is on hold, the manufacturer reads %s", got)
	}
	if got := ask(labeltest.Operator, 3); !strings.Contains(got, "labelctl label renew") {
		t.Errorf("while the product is on hold, an operator reads %s", got)
	}
}

// TestGTINIsMoved has an operator settle whose a barcode is.
func TestGTINIsMoved(t *testing.T) {
	c := newCheat(t)
	g := c.e.Device.GTINs[0]
	mine := *c.e.Device
	mine.Manufacturer, mine.Brand = labeltest.ToyMaker, "Merrimake"
	raw, err := mine.Canonical()
	must(t, err)
	_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.ToyMaker), raw)
	wants(t, err, label.Exists, label.ReasonExists)
	move := label.Event{Kind: label.GTINEvent, GTIN: g, Manufacturer: labeltest.ToyMaker, Reason: "misuse"}
	_, err = c.ReportAs(ctx, c.Caller(labeltest.ToyMaker), c.EventBy(labeltest.ToyMaker, move))
	wants(t, err, label.Denied, label.ReasonWrongRole)
	c.Report(move)
	_, err = c.Authority.ByGTIN(g)
	wants(t, err, label.NotFound, label.ReasonMoved)
	// Nobody else is quicker than the one that it belongs to.
	c.Enrol("squatter", label.RoleManufacturer)
	theirs := mine
	theirs.Manufacturer, theirs.Brand = "squatter", "Quick"
	quick, err := theirs.Canonical()
	must(t, err)
	_, _, err = c.Authority.Register(ctx, c.Caller("squatter"), quick)
	wants(t, err, label.Exists, label.ReasonExists)
	for _, org := range []string{labeltest.Maker, labeltest.ToyMaker} {
		if !slices.Contains(told(t, c.World, org), notice.GTINMoved) {
			t.Errorf("%s was not told", org)
		}
	}
	_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.ToyMaker), raw)
	must(t, err)
	_, err = c.Authority.ByGTIN(g)
	wants(t, err, label.NotFound, label.ReasonMoved)
	_, _, err = c.Authority.Register(ctx, c.Caller(labeltest.Maker), c.variant(func(d *label.Device) { d.Name += " again" }).Descriptor)
	wants(t, err, label.Exists, label.ReasonExists)
	// And back.
	back := move
	back.Manufacturer = labeltest.Maker
	c.Report(back)
	if p, err := c.Authority.ByGTIN(g); err != nil || p.Label.ID != c.fallen.Label.ID {
		t.Errorf("moved back, the GTIN gives %+v, %v", p, err)
	}
	// Who keeps a copy of what the number leads to is told both times.
	told := 0
	list, _, _, err := c.Authority.Changes(0, 100)
	must(t, err)
	for _, ch := range list {
		if ch.GTIN == g && ch.Label == "" {
			told++
		}
	}
	if told != 2 {
		t.Errorf("the changes tell %d of 2 moves", told)
	}
}

// TestUnservedScheme acts upon a label whose scheme is not served any more.
func TestUnservedScheme(t *testing.T) {
	c := newCheat(t)
	s := c.Programme.Newest("four-level")
	s.ID = "another"
	t.Cleanup(func() { s.ID = "four-level" })
	c.Change(labeltest.Operator, c.fallen, label.Review, "complaint")
	c.Change(labeltest.Operator, c.fallen, label.Clear, "resolved")
	c.Change(labeltest.Operator, c.fallen, label.Suspend, "complaint")
	c.Change(labeltest.Operator, c.fallen, label.Reinstate, "resolved")
	e := c.Report(label.Event{Kind: label.KeyEvent, Key: c.Signers[labeltest.Maker].Public.ID, Since: labeltest.Start, Reason: "key-compromised"})
	p, err := c.Authority.Lookup(c.fallen.Label.ID)
	must(t, err)
	if e.Changed != 1 || p.Review == nil {
		t.Errorf("the event changed %d labels, the label is under review: %v", e.Changed, p.Review != nil)
	}
	c.revoke("nonconformity")
	if p, err := c.Authority.Lookup(c.fallen.Label.ID); err != nil || p.State != label.Revoked {
		t.Errorf("the label is %s, %v", p.State, err)
	}
}

// TestProductIsBounded has a manufacturer register so many devices for a product
// that asking for a label would read for ever.
func TestProductIsBounded(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("plug")
	var refused error
	for i := range 300 {
		d := *e.Device
		d.Name, d.GTINs = d.Name+strings.Repeat("I", i%150)+strings.Repeat("V", i/150), nil
		raw, err := d.Canonical()
		must(t, err)
		if _, _, refused = w.Authority.Register(ctx, w.Caller(labeltest.Maker), raw); refused != nil {
			break
		}
	}
	wants(t, refused, label.TooLarge, label.ReasonTooLarge)
}

// TestHoldSaysWhatGoesOn puts a product and a manufacturer on hold whose label counts:
// whoever does so is told that shoppers see nothing of it.
func TestHoldSaysWhatGoesOn(t *testing.T) {
	c := newCheat(t)
	id := c.fallen.Label.ID.Pretty()
	says := func(e label.Event) []string {
		_, notes, err := c.Authority.Preview(c.Caller(labeltest.Operator), c.Event(e))
		must(t, err)
		return notes
	}
	device := label.Event{Kind: label.HoldEvent, Device: label.DigestOf(c.e.Descriptor), Reason: "nonconformity"}
	maker := label.Event{Kind: label.HoldEvent, Manufacturer: labeltest.Maker, Reason: "nonconformity"}
	for _, e := range []label.Event{device, maker} {
		if notes := says(e); len(notes) != 1 || !strings.Contains(notes[0], id) {
			t.Errorf("of a hold on %s the notes are %q", e.Name(), notes)
		}
	}
	c.Change(labeltest.Operator, c.fallen, label.Suspend, "complaint")
	for _, e := range []label.Event{device, maker} {
		if notes := says(e); len(notes) != 0 {
			t.Errorf("where nothing counts the notes are %q", notes)
		}
	}
}

// TestTwinIsNotWithdrawn has a manufacturer withdraw the other label of a product of
// which one is under review, suspended, or to be revoked, so that people read of the
// other that it was withdrawn and nothing else.
func TestTwinIsNotWithdrawn(t *testing.T) {
	for name, fall := range map[string]func(l *life){
		"review":     func(l *life) { l.Change(labeltest.Operator, l.pub, label.Review, "complaint") },
		"suspension": func(l *life) { l.Change(labeltest.Operator, l.pub, label.Suspend, "complaint") },
		"revocation": func(l *life) { l.Change(labeltest.Operator, l.pub, label.Revoke, "nonconformity") }, // that waits
	} {
		t.Run(name, func(t *testing.T) {
			l := newLife(t)
			twin := l.Issue(revised(l.World), 3)
			fall(l)
			withdraw := func() error {
				_, err := l.Authority.Change(ctx, l.Caller(labeltest.Maker), l.Ask(labeltest.Maker, twin, label.Withdraw, "discontinued", nil))
				return err
			}
			if err := withdraw(); label.ReasonOf(err) != label.ReasonOnHold && label.ReasonOf(err) != label.ReasonStep {
				t.Fatalf("the twin is withdrawn: %v", err)
			}
			if name != "review" {
				return
			}
			l.Change(labeltest.Operator, l.pub, label.Clear, "unfounded")
			must(t, withdraw())
		})
	}
}

// TestTwinThatWasCleared has the twin of a revoked label withdrawn when the authority
// has looked at it.
func TestTwinThatWasCleared(t *testing.T) {
	c := newCheat(t)
	white := c.variant(func(d *label.Device) { d.Name += " white" })
	labeltest.Renumber(white, "-white")
	twin := c.Issue(white, 1)
	c.revoke("false-report")
	withdraw := func() error {
		_, err := c.Authority.Change(ctx, c.Caller(labeltest.Maker), c.Ask(labeltest.Maker, twin, label.Withdraw, "discontinued", nil))
		return err
	}
	if err := withdraw(); label.ReasonOf(err) != label.ReasonOnHold && label.ReasonOf(err) != label.ReasonStep {
		t.Fatalf("the twin is withdrawn: %v", err)
	}
	must(t, c.Authority.Propagate(ctx))
	c.pass(time.Minute)
	c.Change(labeltest.Operator, twin, label.Clear, "unfounded")
	must(t, withdraw())
}
