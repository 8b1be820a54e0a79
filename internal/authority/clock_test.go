package authority_test

import (
	"bytes"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

const year = 365 * 24 * time.Hour

// TestClockThatJumpedAhead moves the clock on the wall a year ahead while the
// service runs: nothing is written or signed, labels are read as they stand, and
// as soon as the clock is right again writing goes on.
func TestClockThatJumpedAhead(t *testing.T) {
	l := newLife(t)
	maker, e := l.Caller(labeltest.Maker), l.Example("plug")
	l.pass(time.Minute)
	head, list := l.Authority.Checkpoint(), l.Authority.StatusList()
	l.Clock.Jump(year)
	_, _, err := l.Authority.Register(ctx, maker, e.Descriptor)
	wants(t, err, label.Unavailable, label.ReasonClock)
	wants(t, l.Authority.Watch(ctx), label.Unavailable, label.ReasonClock)
	wants(t, l.Authority.RefreshList(), label.Unavailable, label.ReasonClock)
	l.pass(time.Minute)
	if !bytes.Equal(l.Authority.Checkpoint(), head) || !bytes.Equal(l.Authority.StatusList(), list) {
		t.Error("something was signed at a time that cannot be right")
	}
	if p := l.now(); p.State != label.Active {
		t.Errorf("the label is %s by a clock that is wrong", p.State)
	}
	l.Clock.Jump(-year)
	_, _, err = l.Authority.Register(ctx, maker, e.Descriptor)
	must(t, err)
	must(t, l.Authority.RefreshList())
	if bytes.Equal(l.Authority.Checkpoint(), head) {
		t.Error("the head is not signed anew by the right clock")
	}
}

// TestClockInManySteps tries to get around the bound on jumps with many that are
// small enough.
func TestClockInManySteps(t *testing.T) {
	l := newLife(t)
	var err error
	for range 3 {
		l.Clock.Jump(label.MaxClockJump - time.Minute)
		if err = l.Authority.RefreshList(); err != nil {
			break
		}
	}
	wants(t, err, label.Unavailable, label.ReasonClock)
}

// TestClockOfLongRuns has a service run for a year with a clock that is a little
// fast: it is never refused.
func TestClockOfLongRuns(t *testing.T) {
	w := labeltest.New(t, nil)
	for range 365 {
		w.Clock.Set(w.Clock.Now().Add(24 * time.Hour))
		w.Clock.Jump(3 * time.Second)
		if _, err := w.Authority.Lookup("x"); label.KindOf(err) != label.NotFound {
			t.Fatal(err)
		}
		must(t, w.Authority.Watch(ctx))
	}
}

// TestClockAtTheStart starts a service long after its last commit, and before
// it: refused until an operator says that the clock is right.
func TestClockAtTheStart(t *testing.T) {
	for name, by := range map[string]time.Duration{"eight days idle": 8 * 24 * time.Hour, "before the last commit": -time.Hour, "a year ahead": year} {
		t.Run(name, func(t *testing.T) {
			w := labeltest.New(t, nil)
			w.Clock.Jump(by)
			wants(t, w.TryRestart(), label.Unavailable, label.ReasonClock)
			must(t, w.Store.AcceptClock(w.Clock.Now()))
			must(t, w.TryRestart())
			_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), w.Example("plug").Descriptor)
			must(t, err)
			must(t, w.Store.View(func(v *store.View) error {
				list, err := v.Acceptances()
				if len(list) != 1 || list[0].Present.Sub(list[0].Committed).Round(time.Hour) != by {
					t.Errorf("recorded is %+v", list)
				}
				return err
			}))
		})
	}
	w := labeltest.New(t, nil)
	w.Clock.Jump(6 * 24 * time.Hour)
	must(t, w.TryRestart())
}

// TestClockPutRight revokes a label by a clock that is a year ahead, which an
// operator had taken for right, and puts the clock right: the label stays
// revoked, from now on, and so do its list entry and its package.
func TestClockPutRight(t *testing.T) {
	l := newLife(t)
	before := l.Clock.Now()
	l.Clock.Jump(200 * 24 * time.Hour)
	l.Restart()
	l.Change(labeltest.Operator, l.pub, label.Suspend, "complaint")
	l.Clock.Jump(-200 * 24 * time.Hour)
	l.Clock.Set(before.Add(time.Hour))
	l.Restart()
	p := l.now()
	if p.State != label.Suspended {
		t.Errorf("the label is %s after the clock was put right", p.State)
	}
	if head, err := l.Trust.SignedAt(l.Authority.Checkpoint()); err != nil || head.After(l.Clock.Now()) {
		t.Errorf("the log head was signed %s, %v", head, err)
	}
	r, err := l.Trust.Verify(p.Package, l.Clock.Now(), l.Clock.Now())
	if err != nil || r.State != label.Suspended {
		t.Errorf("its package says %+v, %v", r, err)
	}
	if r, err := l.Trust.Verify(p.Package, before, l.Clock.Now()); err != nil || r.State != label.Active {
		t.Errorf("before, its package says %+v, %v", r, err)
	}
	l.Change(labeltest.Operator, l.pub, label.Reinstate, "resolved")
	if p := l.now(); p.State != label.Active {
		t.Errorf("reinstated, the label is %s", p.State)
	}
}
