package authority

import (
	"log/slog"
	"sync/atomic"
	"time"

	"labeld/internal/label"
)

// What a clock says is signed, and what is signed stays: a label that was issued
// in a year to come, or a log head that nobody can follow for a year. So nothing
// is signed or written at a time that cannot be right:
//
//   - While the service runs, the clock may not get ahead of the machine's
//     monotonic clock, which nobody sets, by more than [label.MaxClockJump].
//   - It may not be before the last commit. Less than maxBackstep is the ordinary
//     work of time synchronisation: time then stands still.
//   - At the start, when no monotonic clock reaches back to the last commit, the
//     present may not be more than [label.MaxIdle] after it, nor before it.
//
// Reading goes on meanwhile, by the time that the monotonic clock gives. Once the
// clock is right again, writing goes on by itself. At the start an operator's act
// is the way out: "labeld clock --accept" records that the present is right.
//
// What peers and witnesses of the log say the time is would be further
// evidence; [timekeeper.present] is where it is to be weighed.

const (
	// maxBackstep is how far the clock may step back before writing is refused.
	maxBackstep = time.Second

	// anchorEvery is how often the monotonic clock is tied to the wall clock anew.
	// Both run apart by some seconds a day; tied once and for all, a clock that is
	// always right would be refused after some months. Tied at every look, it could
	// be moved on by many small steps.
	anchorEvery = time.Hour
)

// A timekeeper tells the present, and whether it can be right.
type timekeeper struct {
	wall      func() time.Time
	elapsed   func() time.Duration
	log       *slog.Logger
	anchor    atomic.Pointer[anchor]
	committed atomic.Pointer[time.Time] // of the last commit
	doubted   atomic.Bool               // what was logged last
}

// An anchor is a reading of both clocks at one moment.
type anchor struct {
	wall    time.Time
	elapsed time.Duration
}

// newTimekeeper starts from the present, which must have been found plausible.
func newTimekeeper(c Config, committed time.Time) *timekeeper {
	k := &timekeeper{wall: c.Clock, elapsed: c.Elapsed, log: c.Log}
	if k.elapsed == nil {
		start := time.Now()
		k.elapsed = func() time.Duration { return time.Since(start) }
	}
	k.anchor.Store(&anchor{k.read(), k.elapsed()})
	k.committed.Store(&committed)
	return k
}

// read returns what the wall clock says, and nothing of the monotonic clock that
// Go keeps beside it.
func (k *timekeeper) read() time.Time { return k.wall().Round(0) }

// present returns the present, and why nothing may be signed at it. Where the
// clock cannot be right, it is the time by the monotonic clock.
func (k *timekeeper) present() (time.Time, error) {
	now, last, a := k.read(), *k.committed.Load(), k.anchor.Load()
	passed := k.elapsed() - a.elapsed
	want := a.wall.Add(passed)
	var err error
	switch {
	case now.Sub(want) > label.MaxClockJump:
		err = label.Errorf(label.Unavailable, label.ReasonClock, "",
			"the server's clock says %s, and by the time that has passed since it was right it is %s; nothing is signed or written until it is right. If it is right now, because the machine slept or the clock was wrong before, restart the service; where its last commit is more than %d days old, run \"labeld clock --accept\" before",
			now.UTC().Format(time.RFC3339), want.UTC().Format(time.RFC3339), label.MaxIdle/(24*time.Hour))
		now = want
	case last.Sub(now) > maxBackstep:
		err = beforeCommit(now, last)
		if now = want; now.Before(last) {
			now = last
		}
	case passed >= anchorEvery:
		k.tie(a)
	}
	if k.doubted.CompareAndSwap(err == nil, err != nil) {
		if err != nil {
			k.log.Error("the clock cannot be right", "err", err)
		} else {
			k.log.Info("the clock is right again")
		}
	}
	return now, err
}

// tie ties the clocks to each other anew. A process may be stopped between two
// readings for any time: such readings are not of one moment and tie nothing.
func (k *timekeeper) tie(last *anchor) {
	before, now, after := k.elapsed(), k.read(), k.elapsed()
	if after-before < time.Second && now.Sub(last.wall.Add(after-last.elapsed)) <= label.MaxClockJump {
		k.anchor.CompareAndSwap(last, &anchor{now, after})
	}
}

// now returns the present for reading.
func (k *timekeeper) now() time.Time {
	now, _ := k.present() // whoever signs or writes asks for the doubt
	return now
}

func beforeCommit(now, last time.Time) error {
	return label.Errorf(label.Unavailable, label.ReasonClock, "",
		"the server's clock (%s) is before its last commit (%s); nothing is signed or written until it is right. If it is right, and was wrong at that commit, stop the service and run \"labeld clock --accept\"",
		now.UTC().Format(time.RFC3339), last.UTC().Format(time.RFC3339))
}

// CheckStart returns why a service must not start at a present, so long after
// its last commit, or before it; nil where it may.
func CheckStart(committed, now time.Time) error {
	switch {
	case committed.Sub(now) > maxBackstep:
		return beforeCommit(now, committed)
	case now.Sub(committed) > label.MaxIdle:
		return label.Errorf(label.Unavailable, label.ReasonClock, "",
			"the server's clock says %s, more than %d days after its last commit (%s), and nothing tells whether that is right. If it is, run \"labeld clock --accept\"; otherwise set the clock",
			now.UTC().Format(time.RFC3339), label.MaxIdle/(24*time.Hour), committed.UTC().Format(time.RFC3339))
	}
	return nil
}
