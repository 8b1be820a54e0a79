package authority_test

import (
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestTallyFollowsTheClock lets the clock jump and step back. What is published is
// believed by those whose clocks are right: neither too old nor dated ahead.
func TestTallyFollowsTheClock(t *testing.T) {
	l := newLife(t)
	l.Change(labeltest.Operator, l.pub, label.Review, "complaint")
	told := func(when string) {
		t.Helper()
		p, now := l.now(), l.Clock.Now()
		r, err := l.Trust.Verify(p.Package, now, now)
		if err == nil {
			err = r.Told()
		}
		if err != nil || r.Review == nil {
			t.Fatalf("%s: %v", when, err)
		}
		if age := now.Sub(r.Complete); age > 61*time.Minute {
			t.Errorf("%s: complete up to %s ago", when, age)
		}
	}
	told("at once")
	l.pass(40 * 24 * time.Hour)
	told("after the machine slept")
	l.pass(-20 * 24 * time.Hour)
	told("after the clock was set back")
}
