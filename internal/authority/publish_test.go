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
