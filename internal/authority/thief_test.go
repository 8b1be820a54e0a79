package authority_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
)

// stolen reports a key of an organization as compromised since an instant.
func (l *life) stolen(org string, since time.Time) (notes []string) {
	l.t.Helper()
	return l.Report(label.Event{Kind: label.KeyEvent, Key: l.Signers[org].Public.ID, Since: since.UTC().Truncate(time.Second), Reason: "key-compromised"}).Notes
}

// TestThiefIsNoSecondOperator has somebody sign a revocation with a stolen operator
// key. When that is reported, no honest operator makes it a revocation by agreeing.
func TestThiefIsNoSecondOperator(t *testing.T) {
	l := newLife(t)
	op := l.Caller(labeltest.Operator)
	l.Enrol("second-authority", label.RoleOperator)
	l.pass(time.Hour)
	since := l.Clock.Now()
	l.pass(time.Minute)
	first, err := l.ask("second-authority", label.Revoke, "misuse", nil)
	must(t, err)
	l.stolen("second-authority", since)
	if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != 0 {
		t.Errorf("%d requests wait (%v)", len(list), err)
	}
	if got := told(t, l.World, "second-authority"); !slices.Contains(got, notice.RequestClosed) {
		t.Errorf("the owner of the key was told %v", got)
	}
	_, err = l.Authority.Change(ctx, op, l.Countersign(l.Signers[labeltest.Operator], first.Request))
	wants(t, err, label.Precondition, label.ReasonStep)
	if s := l.now().State; s != label.Active {
		t.Errorf("the label is %s", s)
	}
}

// TestThiefSettlesNothing has somebody reinstate a suspended label with a stolen
// operator key, and enrol a key of his own.
func TestThiefSettlesNothing(t *testing.T) {
	l := newLife(t)
	l.Enrol("second-authority", label.RoleOperator)
	l.pass(time.Hour)
	_, err := l.ask(labeltest.Operator, label.Suspend, "complaint", nil)
	must(t, err)
	l.pass(time.Minute)
	since := l.Clock.Now()
	l.pass(time.Minute)
	_, err = l.ask("second-authority", label.Reinstate, "unfounded", nil)
	must(t, err)
	_, public, err := envelope.GenerateKey("ecdsa-p256", nil)
	must(t, err)
	thief := l.Caller("second-authority")
	key, err := l.AddKey(ctx, thief, "second-authority", string(public), time.Time{})
	must(t, err)
	for _, org := range []string{labeltest.Operator, "second-authority"} {
		if got := toldInAll(t, l.World, org); !slices.Contains(got, notice.KeyEnrolled) {
			t.Errorf("%s was told %v", org, got)
		}
	}
	event := label.Event{Kind: label.KeyEvent, Key: l.Signers["second-authority"].Public.ID, Since: since.UTC().Truncate(time.Second), Reason: "key-compromised"}
	_, err = l.ReportAs(ctx, thief, l.EventBy("second-authority", label.Event{Kind: label.HoldEvent, Manufacturer: labeltest.ToyMaker, Reason: "misuse"}))
	must(t, err)
	touched, notes, err := l.Authority.Preview(l.Caller(labeltest.Operator), l.Event(event))
	if must(t, err); len(touched) != 1 || touched[0].Label.ID != l.pub.Label.ID {
		t.Errorf("the preview names %v", touched)
	}
	says := func(notes []string) bool {
		return len(notes) >= 3 && strings.Contains(notes[0], "hold about "+labeltest.ToyMaker) && strings.Contains(notes[1], key.Short())
	}
	if !says(notes) {
		t.Errorf("the preview notes %q", notes)
	}
	if notes := l.stolen("second-authority", since); !says(notes) {
		t.Errorf("the event notes %q", notes)
	}
	must(t, l.Authority.Propagate(ctx))
	if s := l.now().State; s != label.Suspended {
		t.Errorf("a label that a thief reinstated is %s", s)
	}
	// What an operator settled before the theft stays.
	other := newLife(t)
	_, err = other.ask(labeltest.Operator, label.Suspend, "complaint", nil)
	must(t, err)
	other.Enrol("second-authority", label.RoleOperator)
	other.pass(time.Minute)
	_, err = other.ask("second-authority", label.Reinstate, "unfounded", nil)
	must(t, err)
	other.pass(time.Minute)
	other.stolen("second-authority", other.Clock.Now())
	must(t, other.Authority.Propagate(ctx))
	if s := other.now().State; s != label.Active {
		t.Errorf("a label that was reinstated before the theft is %s", s)
	}
}

// TestRevokedKeyIsNotEnrolled enrols a key again that was revoked, which would look
// as if it counted.
func TestRevokedKeyIsNotEnrolled(t *testing.T) {
	w := labeltest.New(t, nil)
	op, maker := w.Caller(labeltest.Operator), w.Signers[labeltest.Maker].Public
	if _, err := w.AddKey(ctx, op, labeltest.Maker, maker.PEM, time.Time{}); err != nil {
		t.Errorf("a key that is enrolled: %v", err)
	}
	_, err := w.RevokeKey(ctx, op, maker.ID, "lost")
	must(t, err)
	_, err = w.AddKey(ctx, op, labeltest.Maker, maker.PEM, time.Time{})
	wants(t, err, label.Precondition, label.ReasonKeyRevoked)
}

// TestWaitingRevocationIsNotShed has the manufacturer be quicker than the second
// operator: it withdraws, renews, gives the label's place to another, asks for a label
// of another colour and registers one more.
func TestWaitingRevocationIsNotShed(t *testing.T) {
	c := newCheat(t)
	p := c.fallen
	white := c.variant(func(d *label.Device) { d.Name += ", white" })
	_, _, err := c.Authority.Register(ctx, c.Caller(labeltest.Maker), white.Descriptor)
	must(t, err)
	op, maker := c.Caller(labeltest.Operator), c.Caller(labeltest.Maker)
	_, err = c.Authority.Change(ctx, op, c.Ask(labeltest.Operator, p, label.Revoke, "nonconformity", nil))
	must(t, err)
	if holds, err := c.Authority.Holds(maker, label.DigestOf(white.Descriptor)); err != nil || len(holds) != 1 || holds[0].Until.IsZero() || !strings.Contains(holds[0].WayOut(), "another operator") {
		t.Errorf("the holds are %+v (%v)", holds, err)
	}
	refused := func() {
		t.Helper()
		_, err := c.Authority.Change(ctx, maker, c.Ask(labeltest.Maker, p, label.Withdraw, "discontinued", nil))
		wants(t, err, label.Precondition, label.ReasonOnHold)
		_, err = c.Authority.Change(ctx, maker, c.Ask(labeltest.Maker, p, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
			r.Effective = c.Clock.Now().UTC().Add(time.Hour).Truncate(time.Second)
		}))
		wants(t, err, label.Precondition, label.ReasonOnHold)
		_, err = c.Authority.Change(ctx, maker, c.Ask(labeltest.Maker, p, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 1 }))
		wants(t, err, label.Precondition, label.ReasonOnHold)
		_, err = c.Authority.Request(ctx, maker, label.DigestOf(white.Descriptor), "", 1)
		wants(t, err, label.Precondition, label.ReasonOnHold)
		_, _, err = c.Authority.Register(ctx, maker, c.variant(func(d *label.Device) { d.Name += ", black" }).Descriptor)
		wants(t, err, label.Precondition, label.ReasonOnHold)
	}
	refused()
	other := c.Issue(c.Example("camera"), 1) // of another product: also an operator cannot drop what the colleague asks
	_, err = c.Authority.Change(ctx, op, c.Ask(labeltest.Operator, p, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = other.Label.ID }))
	wants(t, err, label.Precondition, label.ReasonOnHold)
	if s := state(c.World, p.Label.ID).State; s != label.Active {
		t.Errorf("the label is %s", s)
	}
	c.Clock.Set(c.Clock.Now().Add(label.MaxRequestAge + time.Second))
	if holds, err := c.Authority.Holds(maker, label.DigestOf(white.Descriptor)); err != nil || len(holds) != 0 {
		t.Errorf("when nobody has agreed in time the holds are %+v (%v)", holds, err)
	}
	second, err := c.Authority.Change(ctx, op, c.Ask(labeltest.Operator, p, label.Revoke, "nonconformity", nil))
	must(t, err)
	refused()
	done, err := c.Authority.Change(ctx, op, c.Countersign(c.second, second.Request))
	if must(t, err); done.Status == nil || state(c.World, p.Label.ID).State != label.Revoked {
		t.Error("the second operator agreed, and the label is not revoked")
	}
}

// TestSupersededByItsOwn has the manufacturer give the place of a label to one that
// says nothing of the product, says less, or will end in its turn.
func TestSupersededByItsOwn(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 3) // of three products
	maker := w.Caller(labeltest.Maker)
	old, by := state(w, ids[0]), state(w, ids[1])
	supersede := func(org, reason string, p, by label.ID) error {
		_, err := w.Authority.Change(ctx, w.Caller(org), w.Ask(org, state(w, p), label.Supersede, reason, func(r *label.StatusRequest) { r.Successor = by }))
		return err
	}
	wants(t, supersede(labeltest.Maker, "renewed", old.Label.ID, by.Label.ID), label.Precondition, label.ReasonUnknownProduct)
	white := w.Example("camera")
	labeltest.Variant(t, white, 0)
	white.Device.Name += ", white"
	var err error
	white.Descriptor, err = white.Device.Canonical()
	must(t, err)
	white.Report.Number, white.Declaration.Number = "R-W", "D-W"
	lower := w.Issue(white, 2).Label.ID
	wants(t, supersede(labeltest.Maker, "renewed", old.Label.ID, lower), label.Invalid, label.ReasonOutOfRange)
	_, err = w.Authority.Change(ctx, maker, w.Ask(labeltest.Maker, state(w, lower), label.Withdraw, "discontinued", func(r *label.StatusRequest) {
		r.Effective = w.Clock.Now().UTC().AddDate(0, 1, 0).Truncate(24 * time.Hour)
	}))
	must(t, err)
	wants(t, supersede(labeltest.Maker, "new-level", old.Label.ID, lower), label.Precondition, label.ReasonStep)
	_, err = w.Authority.Change(ctx, w.Caller(labeltest.Operator), w.Ask(labeltest.Operator, state(w, ids[2]), label.Revoke, "misuse", nil))
	must(t, err)
	wants(t, supersede(labeltest.Maker, "new-hardware", old.Label.ID, ids[2]), label.Precondition, label.ReasonOnHold) // a revocation of it waits
	must(t, supersede(labeltest.Maker, "new-hardware", old.Label.ID, by.Label.ID))                                     // which the page says
}

// TestRevocationAfterAnnouncedEnd asks to revoke a label that is to be withdrawn before
// the second operator may have decided. The first one is told to suspend it. Where nobody
// does, the end comes as was announced, but does not free the product: the request holds
// it until it is a day old, and whoever agrees is told what is left to do.
func TestRevocationAfterAnnouncedEnd(t *testing.T) {
	l := newLife(t)
	l.Enrol("second-authority", label.RoleOperator)
	op, maker, device := l.Caller(labeltest.Operator), l.Caller(labeltest.Maker), label.DigestOf(l.pub.Device)
	_, err := l.ask(labeltest.Maker, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
		r.Effective = l.Clock.Now().UTC().Add(time.Hour).Truncate(time.Second)
	})
	must(t, err)
	asked, err := l.ask(labeltest.Operator, label.Revoke, "nonconformity", nil)
	if must(t, err); len(asked.Notes) != 1 || !strings.Contains(asked.Notes[0], "suspend the label now") {
		t.Errorf("the notes are %q", asked.Notes)
	}
	waits := func(want int) {
		t.Helper()
		must(t, l.Authority.CloseStale(ctx))
		if list, err := l.Authority.Waiting(op, ""); err != nil || len(list) != want {
			t.Errorf("%d requests wait (%v)", len(list), err)
		}
		if holds, err := l.Authority.Holds(maker, device); err != nil || len(holds) != want {
			t.Errorf("the holds are %+v (%v)", holds, err)
		}
	}
	waits(1)
	l.pass(2 * time.Hour)
	if s := state(l.World, l.pub.Label.ID).State; s != label.Withdrawn {
		t.Fatalf("the label is %s", s)
	}
	waits(1)
	_, err = l.Authority.Request(ctx, maker, device, "", 1)
	if wants(t, err, label.Precondition, label.ReasonOnHold); strings.Contains(err.Error(), "label approve") || !strings.Contains(err.Error(), "cannot be revoked any more") {
		t.Errorf("the manufacturer is told: %v", err)
	}
	_, err = l.Authority.Change(ctx, op, l.Countersign(l.Signers["second-authority"], asked.Request))
	if wants(t, err, label.Precondition, label.ReasonStep); !strings.Contains(err.Error(), "labelctl hold put") {
		t.Errorf("who agrees is told: %v", err)
	}
	waits(1)
	l.pass(label.MaxRequestAge)
	waits(0)
	if n := len(slices.DeleteFunc(told(t, l.World, "second-authority"), func(k string) bool { return k != notice.RequestClosed })); n != 1 {
		t.Errorf("the second operator was told %d times that the request was closed", n)
	}
	if _, err = l.Authority.Request(ctx, maker, device, "", 1); err != nil {
		t.Errorf("when nobody has decided in a day: %v", err)
	}
}
