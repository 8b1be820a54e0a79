package authority_test

import (
	"log/slog"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestKept follows a label that is looked up again and again: it is kept while
// it is as it was, and its proof no older than half a minute.
func TestKept(t *testing.T) {
	l := newLife(t)
	first := l.now()
	began := l.Clock.Now()
	for _, after := range []time.Duration{time.Second, 6 * time.Second, 25 * time.Second} {
		l.Clock.Set(began.Add(after))
		if l.now() != first {
			t.Errorf("after %s the label was read again", after)
		}
	}
	l.Clock.Set(began.Add(time.Minute))
	second := l.now()
	if second == first || string(second.Checkpoint()) == string(first.Checkpoint()) {
		t.Error("after a minute the label still has its first proof")
	}
	l.Clock.Set(second.Expires.Add(-time.Second))
	if p := l.now(); p.State != label.Active {
		t.Errorf("before its end the label is %s", p.State)
	}
	l.pass(2 * time.Second)
	if p := l.now(); p.State != label.Expired {
		t.Errorf("after its end the label is %s", p.State)
	}
}

// TestAnotherReplica has a second authority serve the same store: it tells what
// the first changed as soon as it looks at the store again.
func TestAnotherReplica(t *testing.T) {
	l := newLife(t)
	other, err := authority.New(authority.Config{
		Store: l.Store, Programme: l.Programme, Issuer: l.Issuer, Trust: l.Trust,
		Audiences: []string{labeltest.Audience}, Clock: l.Clock.Now, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	id := l.now().Label.ID
	state := func(want label.State) {
		t.Helper()
		if p, err := other.Lookup(id); err != nil || p.State != want {
			t.Errorf("the other replica has %+v, %v, want %s", p, err, want)
		}
	}
	state(label.Active)
	l.Change(labeltest.Operator, l.pub, label.Suspend, "complaint")
	l.pass(6 * time.Second)
	state(label.Suspended)
}

// TestSuccessorIsSaid supersedes a label by that of another product and a lower level,
// and then has something happen to that one. Whoever looks at the first label, which
// was published before, is told at once, also of what time brings about.
func TestSuccessorIsSaid(t *testing.T) {
	l := newLife(t)
	next := l.Issue(l.Example("plug"), 1)
	l.pass(time.Hour)
	look := func() *authority.Published {
		t.Helper()
		p, err := l.Authority.Lookup(l.pub.Label.ID)
		must(t, err)
		return p
	}
	if p := look(); p.Successor != nil || p.Link() != nil {
		t.Errorf("an active label has the successor %+v", p.Link())
	}
	_, err := l.ask(labeltest.Maker, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = next.Label.ID })
	must(t, err)
	link := look().Link()
	if link == nil || link.ID != next.Label.ID || link.Level != 1 || !link.OtherProduct || !link.Below(3) || link.Below(1) {
		t.Errorf("the label says of its successor %+v", link)
	}
	stands := func(want label.State) {
		t.Helper()
		if p := look(); p.State != label.Superseded || p.Successor == nil || p.Successor.State != want {
			t.Errorf("the successor is said to be %+v, want %s", p.Successor, want)
		}
	}
	stands(label.Active)
	was := l.Clock.Now()
	for _, step := range []struct {
		action label.Action
		reason string
		want   label.State
	}{
		{label.Suspend, "complaint", label.Suspended},
		{label.Reinstate, "unfounded", label.Active},
	} {
		l.pass(time.Minute)
		l.Change(labeltest.Operator, next, step.action, step.reason)
		stands(step.want)
	}
	l.pass(time.Minute)
	suspended := l.Clock.Now().Add(-90 * time.Second)
	if p := look().As(suspended); p.Successor == nil || p.Successor.State != label.Suspended {
		t.Errorf("as of while it was suspended, the successor is said to be %+v", p.Successor)
	}
	if p := look().As(was.Add(-2 * time.Second)); p.Link() != nil && p.State == label.Superseded {
		t.Errorf("as of before, there is the successor %+v", p.Link())
	}
	if change := look().NextChange(l.Clock.Now()); change.After(next.Label.Expires) {
		t.Errorf("the next change is on %s, and the successor expires on %s", change, next.Label.Expires)
	}
	l.Clock.Set(next.Label.Expires.Add(-time.Second))
	stands(label.Active)
	l.Clock.Set(next.Label.Expires)
	stands(label.Expired)
}

// TestDamagedSuccessorHidesNothing has a superseded label whose successor cannot be read.
func TestDamagedSuccessorHidesNothing(t *testing.T) {
	l := newLife(t)
	next := l.Issue(l.Example("plug"), 1)
	_, err := l.ask(labeltest.Maker, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = next.Label.ID })
	must(t, err)
	damage(l.World, "labels", string(next.Label.ID))
	l.Restart()
	p, err := l.Authority.Lookup(l.pub.Label.ID)
	if must(t, err); p.State != label.Superseded || p.Successor != nil || p.Link() == nil {
		t.Errorf("the label is %s, with the successor %+v", p.State, p.Successor)
	}
}
