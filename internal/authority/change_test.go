package authority_test

import (
	"context"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// A life is a world with one labelled camera.
type life struct {
	*labeltest.World
	t   *testing.T
	pub *authority.Published
}

func newLife(t *testing.T) *life {
	w := labeltest.New(t, nil)
	return &life{w, t, w.Issue(w.Example("camera"), 3)}
}

// now returns the label as it stands.
func (l *life) now() *authority.Published {
	l.t.Helper()
	p, err := l.Authority.Lookup(l.pub.Label.ID)
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

func (l *life) ask(org string, a label.Action, reason string, change func(*label.StatusRequest)) (*authority.Change, error) {
	l.t.Helper()
	return l.Authority.Change(context.Background(), l.Caller(org), l.Ask(org, l.pub, a, reason, change))
}

func (l *life) pass(d time.Duration) { l.Clock.Set(l.Clock.Now().Add(d)) }

// TestSuspendAndReinstate follows a label through a suspension: what is seen at
// once, what was seen before, and what can be proved offline.
func TestSuspendAndReinstate(t *testing.T) {
	l := newLife(t)
	before := l.Clock.Now()
	l.pass(time.Hour)
	c := l.Change(labeltest.Operator, l.pub, label.Suspend, "complaint")
	if c.Status.Number != 1 || c.Known || c.Status.Requests[0].Organization != labeltest.Operator {
		t.Errorf("%+v", c)
	}
	if p := l.now(); p.State != label.Suspended || p.Because.Reason != "complaint" {
		t.Errorf("after the suspension the label is %s", p.State)
	}
	if p := l.now().As(before); p.State != label.Active {
		t.Errorf("before the suspension the label was %s", p.State)
	}
	if _, err := l.Authority.Request(context.Background(), l.Caller(labeltest.Maker), label.DigestOf(l.pub.Device), "", 3); label.ReasonOf(err) != label.ReasonLiveLabel {
		t.Errorf("another label beside a suspended one: %v", err)
	}
	l.pass(time.Hour)
	l.Change(labeltest.Operator, l.pub, label.Reinstate, "unfounded")
	p := l.now()
	if p.State != label.Active || len(p.Statuses) != 2 {
		t.Errorf("after the reinstatement the label is %s", p.State)
	}
	r, err := l.Trust.Verify(p.Package, c.Status.Effective, l.Clock.Now())
	if err != nil || r.State != label.Suspended || len(r.Statuses) != 2 {
		t.Errorf("offline, at the suspension: %v, %v", r, err)
	}
}

// TestFourEyes revokes a label, which takes two operators.
func TestFourEyes(t *testing.T) {
	l := newLife(t)
	raw := l.Ask(labeltest.Operator, l.pub, label.Revoke, "nonconformity", nil)
	op := l.Caller(labeltest.Operator)
	ctx := context.Background()
	first, err := l.Authority.Change(ctx, op, raw)
	if err != nil || first.Status != nil || len(first.Request.Signatures) != 1 {
		t.Fatalf("%+v, %v", first, err)
	}
	if p := l.now(); p.State != label.Active {
		t.Errorf("after one signature the label is %s", p.State)
	}
	_, err = l.Authority.Change(ctx, op, raw)
	wants(t, err, label.Precondition, label.ReasonWrongSigner)
	second, err := l.Authority.Change(ctx, op, l.Countersign(l.Second, first.Request))
	if err != nil || second.Status == nil || len(second.Status.Requests) != 2 {
		t.Fatalf("%+v, %v", second, err)
	}
	if p := l.now(); p.State != label.Revoked {
		t.Errorf("after two signatures the label is %s", p.State)
	}
	if err := l.Store.View(func(v *store.View) error {
		list, err := v.Waiting("")
		if len(list) != 0 {
			t.Errorf("%d requests still wait", len(list))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	// A request is for once.
	again, err := l.Authority.Change(ctx, op, raw)
	if err != nil || !again.Known || again.Status.Number != 1 || len(l.now().Statuses) != 1 {
		t.Errorf("%+v, %v", again, err)
	}
	// A revoked label makes room for another when the hold that it left is ended.
	_, err = l.Authority.Request(ctx, l.Caller(labeltest.Maker), label.DigestOf(l.pub.Device), "", 3)
	wants(t, err, label.Precondition, label.ReasonOnHold)
	l.Change(labeltest.Operator, l.pub, label.Release, "resolved")
	if o, err := l.Authority.Request(ctx, l.Caller(labeltest.Maker), label.DigestOf(l.pub.Device), "", 3); err != nil || o.Known {
		t.Errorf("after the release: %+v, %v", o, err)
	}
}

// A request that nobody agreed to in time waits no more.
func TestWaitingEnds(t *testing.T) {
	l := newLife(t)
	op := l.Caller(labeltest.Operator)
	raw := l.Ask(labeltest.Operator, l.pub, label.Revoke, "nonconformity", nil)
	if _, err := l.Authority.Change(context.Background(), op, raw); err != nil {
		t.Fatal(err)
	}
	for after, want := range map[time.Duration]int{0: 1, label.MaxRequestAge + time.Second: 0} {
		l.Clock.Set(labeltest.Start.Add(time.Second + after))
		if list, err := l.Authority.Waiting(op, l.pub.Label.ID); err != nil || len(list) != want {
			t.Errorf("after %s %d requests wait, want %d (%v)", after, len(list), want, err)
		}
	}
	if list, err := l.Authority.Waiting(l.Caller(labeltest.Maker), ""); err != nil || len(list) != 0 {
		t.Errorf("a manufacturer is shown %d requests of others (%v)", len(list), err)
	}
}

// TestRenew supersedes a label by one of another level.
func TestRenew(t *testing.T) {
	l := newLife(t)
	c, err := l.ask(labeltest.Maker, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 })
	if err != nil || c.Label == nil || c.Label.Label.Level.Number != 2 || c.Status.Successor.ID != c.Label.Label.ID {
		t.Fatalf("%+v, %v", c, err)
	}
	if p := l.now(); p.State != label.Superseded || p.Because.Successor.URL != c.Label.Label.URL {
		t.Errorf("the old label is %s", p.State)
	}
	p, err := l.Authority.ByGTIN(l.pub.Label.Device.GTINs[0])
	if err != nil || p.Label.ID != c.Label.Label.ID {
		t.Errorf("the product's label is %v, %v", p.Label.ID, err)
	}
	if o, err := l.Authority.Request(context.Background(), l.Caller(labeltest.Maker), label.DigestOf(l.pub.Device), "", 2); err != nil || !o.Known {
		t.Errorf("the successor is not the live label: %+v, %v", o, err)
	}
}

// TestAnnounced has a withdrawal take effect later, from time alone.
func TestAnnounced(t *testing.T) {
	l := newLife(t)
	when := l.Clock.Now().UTC().Add(48 * time.Hour).Truncate(time.Second)
	if _, err := l.ask(labeltest.Maker, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = when }); err != nil {
		t.Fatal(err)
	}
	if p := l.now(); p.State != label.Active || p.Scheduled == nil {
		t.Errorf("before its time the label is %s", p.State)
	}
	l.Clock.Set(when)
	if p := l.now(); p.State != label.Withdrawn {
		t.Errorf("in its time the label is %s", p.State)
	}
}

// TestChangeRefuses leaves the label and the log as they were.
func TestChangeRefuses(t *testing.T) {
	l := newLife(t)
	plug := l.Issue(l.Example("plug"), 1)
	size := l.Authority.LogSize()
	past := l.Clock.Now().UTC().Add(-time.Hour).Truncate(time.Second)
	for _, row := range []struct {
		name   string
		org    string
		action label.Action
		code   string
		change func(*label.StatusRequest)
		kind   label.Kind
		reason label.Reason
	}{
		{"a manufacturer suspends", labeltest.Maker, label.Suspend, "complaint", nil, label.Denied, label.ReasonWrongRole},
		{"a lab revokes", labeltest.Lab, label.Revoke, "nonconformity", nil, label.Denied, label.ReasonWrongRole},
		{"an operator withdraws", labeltest.Operator, label.Withdraw, "discontinued", nil, label.Denied, label.ReasonWrongRole},
		{"another manufacturer withdraws", labeltest.ToyMaker, label.Withdraw, "discontinued", nil, label.Denied, label.ReasonNotYours},
		{"unknown reason", labeltest.Operator, label.Suspend, "because", nil, label.Invalid, label.ReasonUnknownReason},
		{"reason of another action", labeltest.Operator, label.Suspend, "discontinued", nil, label.Invalid, label.ReasonUnknownReason},
		{"reinstating what is active", labeltest.Operator, label.Reinstate, "resolved", nil, label.Precondition, label.ReasonStep},
		{"clearing without review", labeltest.Operator, label.Clear, "resolved", nil, label.Precondition, label.ReasonStep},
		{"unknown label", labeltest.Operator, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Label = "K7QM4T2X9PWH" }, label.NotFound, label.ReasonUnknownLabel},
		{"another device", labeltest.Operator, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Label = plug.Label.ID }, label.Invalid, label.ReasonUnknownSubject},
		{"a suspension to come", labeltest.Operator, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Effective = past.AddDate(1, 0, 0) }, label.Invalid, label.ReasonOutOfRange},
		{"a withdrawal in the past", labeltest.Maker, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = past }, label.Invalid, label.ReasonOutOfRange},
		{"a withdrawal after the expiry", labeltest.Maker, label.Withdraw, "discontinued", func(r *label.StatusRequest) { r.Effective = past.AddDate(9, 0, 0) }, label.Invalid, label.ReasonOutOfRange},
		{"made long ago", labeltest.Operator, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Made = past.AddDate(0, 0, -1) }, label.Invalid, label.ReasonTooOld},
		{"made in the future", labeltest.Operator, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Made = past.AddDate(0, 0, 1) }, label.Invalid, label.ReasonTooOld},
		{"no text", labeltest.Operator, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Text = "" }, label.Invalid, label.ReasonMissing},
		{"no successor", labeltest.Maker, label.Supersede, "renewed", nil, label.Invalid, label.ReasonMissing},
		{"its own successor", labeltest.Maker, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Successor = r.Label }, label.Invalid, label.ReasonIDMalformed},
		{"a level too high", labeltest.Maker, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 4 }, label.Precondition, label.ReasonMissing},
		{"a level that is none", labeltest.Maker, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 7 }, label.Invalid, label.ReasonUnknownScheme},
		{"advising by hand", labeltest.Operator, label.Advise, "advisory", nil, label.Invalid, label.ReasonOutOfRange},
	} {
		_, err := l.ask(row.org, row.action, row.code, row.change)
		if label.KindOf(err) != row.kind || label.ReasonOf(err) != row.reason {
			t.Errorf("%s: %v (%s)", row.name, err, label.ReasonOf(err))
		}
	}
	if p := l.now(); p.State != label.Active || len(p.Statuses) != 0 || l.Authority.LogSize() != size {
		t.Errorf("refusals left the label %s, the log at %d", p.State, l.Authority.LogSize())
	}
	if _, err := l.Authority.Change(context.Background(), authority.Caller{Org: labeltest.Lab, Roles: []label.Role{label.RoleLab}}, nil); label.KindOf(err) != label.Invalid {
		t.Errorf("a lab that carries nothing: %v", err)
	}
}
