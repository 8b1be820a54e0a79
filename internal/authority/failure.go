package authority

import (
	"context"
	"fmt"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// One bad item never stops the rest. A loop over labels, events or log entries
// that comes to one which cannot be read, or for which what is to be done fails,
// goes on to the next, and nothing about it is silent:
//
//   - [Authority.Alarms] counts it, and the log says what failed and why.
//   - Operators are told: of an event once for each time that it is tried
//     ([notice.EventFailed]), of other work once a day ([notice.WorkFailed]).
//   - The event keeps which labels failed, and "labelctl event retry" has them
//     tried again. Other work comes by again by itself. "labeld check" finds both.
//
// An item's own failure is told from a failure of what all items share by where
// it comes from: the store's View and Commit, and the signer, return errors of
// the kind [label.Unavailable] (see [Authority.read] and package issue), and
// nothing else does. Then nothing is recorded of the item, and the whole is tried
// again.

// own reports whether an error is an item's own.
func own(err error) bool { return label.KindOf(err) != label.Unavailable }

// read is the store's View, whose own failure is Unavailable: what f returns is
// about what it read.
func (a *core) read(f func(*store.View) error) error {
	var inner error
	if err := a.store.View(func(v *store.View) error { inner = f(v); return nil }); err != nil {
		return label.Errorf(label.Unavailable, label.ReasonStorage, "", "the store cannot be read now: %v", err)
	}
	return inner
}

// alarmEvery is how often the log repeats an alarm about the same thing. Anybody
// may ask for a list with a label that cannot be shown.
const alarmEvery = time.Minute

// alarm sounds that some work on something failed, and went on.
func (a *core) alarm(work, about string, err error) {
	a.alarms.Add(1)
	key := work + " " + about
	if last, ok := a.sounded.Get(key); ok && time.Since(last) < alarmEvery {
		return
	}
	a.sounded.Add(key, time.Now())
	a.log.Error("an item failed, and the work went on", "work", work, "about", about, "err", err)
}

// Alarms returns how many items failed by themselves, in loops and lists that
// went on past them, since the start. Anything but zero is for an operator to
// look into.
func (a *core) Alarms() int64 { return a.alarms.Load() }

// failure records what failed.
func failure(id label.ID, err error, at time.Time) store.EventFailure {
	return store.EventFailure{Label: id, Text: label.Clip(err.Error(), label.MaxText), At: at.UTC().Truncate(time.Second)}
}

// A FailureNews is the data of a notice that something failed which labels wait
// for.
type FailureNews struct {
	Work   string       `json:"work"`            // what was done
	Event  label.Digest `json:"event,omitzero"`  // of an event
	Label  label.ID     `json:"label,omitempty"` // the first that failed, where it is known
	Failed int          `json:"failed"`          // how many did, when this was told
	Text   string       `json:"text"`            // why the first failed
}

// recordFailures notes what failed of an event, and tells operators of the first.
func (a *core) recordFailures(b *batch, e *store.Event, failed []store.EventFailure) error {
	told := e.Failed > 0
	for _, f := range failed {
		e.Fail(f)
	}
	if told || len(failed) == 0 {
		return nil
	}
	id := fmt.Sprintf("event-failed-%s-%d", e.Digest, e.Retried)
	return a.tellOperators(b, notice.EventFailed, id, e.Digest.String(),
		FailureNews{"drawing the consequences of an event", e.Digest, failed[0].Label, e.Failed, failed[0].Text})
}

// A round is one pass of some work over many items.
type round struct {
	a     *core
	work  string
	first store.EventFailure
	n     int
}

// fail notes that the work on something failed by itself. It returns the error
// where it is not the item's own, and ends the round.
func (r *round) fail(id label.ID, about string, err error) error {
	if err == nil || !own(err) {
		return err
	}
	r.a.alarm(r.work, about, err)
	if r.n++; r.n == 1 {
		r.first = failure(id, err, r.a.clock())
	}
	return nil
}

// past returns a view with loops that go on past damage.
func (r *round) past(v *store.View) *store.View {
	return v.Past(func(d *store.Damage) { _ = r.fail(d.Label(), string(d.Label())+" "+d.Error(), d) })
}

// end tells operators what failed in the round, once a day.
func (r *round) end(ctx context.Context) error {
	if r.n == 0 {
		return nil
	}
	first := r.first
	return r.a.writer.do(ctx, []string{"failures"}, func(_ *store.View, b *batch) error {
		id := fmt.Sprintf("work-failed-%s-%s", label.DigestOf([]byte(r.work)).String()[:16], label.DateOf(b.At))
		return r.a.tellOperators(b, notice.WorkFailed, id, string(first.Label), FailureNews{Work: r.work, Label: first.Label, Failed: r.n, Text: first.Text})
	})
}

// Retry has the labels tried again for which the consequences of an event could
// not be drawn. All that the event touches is gone through once more; what it has
// changed it does not change again.
func (a *core) Retry(ctx context.Context, c Caller, id label.Digest) (*store.Event, error) {
	var out *store.Event
	err := a.act(ctx, c, label.ActRetryEvent, id.String(), func(x *act) (err error) {
		out, err = a.retry(x, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *core) retry(x *act, id label.Digest) (*store.Event, error) {
	defer a.writer.begin()()
	var e *store.Event
	err := x.do([]string{claimf("event/%s", id)}, func(v *store.View, b *batch) (err error) {
		if e, err = v.Event(id); err != nil {
			return found(err, label.ReasonUnknownSubject, "id", "no event %s was reported", id)
		}
		if e.Failed == 0 {
			return label.Errorf(label.Precondition, label.ReasonStep, "id", "no label failed for which the event's consequences were drawn; there is nothing to try again")
		}
		e.Failures, e.Failed, e.Cursor, e.Done = nil, 0, nil, time.Time{}
		e.Retried++
		b.Add(e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	a.work.wake()
	return e, nil
}
