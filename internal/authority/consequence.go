package authority

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

const (
	// propagationChunk is how many labels are changed in one operation. More share
	// the cost of a commit; other writers wait for it some fifty milliseconds.
	propagationChunk = 256

	// restAfter is how long is rested after a chunk of work that goes on in the
	// background, in hundredths of the time that it took, so that readers keep most of
	// the machine.
	restAfter = 300

	// propagationRetry is how long is waited after a failure.
	propagationRetry = time.Second
)

// keepPropagating draws the consequences of events as they are reported, and
// those from before a restart, until ctx ends.
func (a *Events) keepPropagating(ctx context.Context) {
	for {
		if err := a.Propagate(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("drawing the consequences of an event; trying again", "err", err)
			time.AfterFunc(propagationRetry, a.work.wake)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.work.reported:
		}
	}
}

// Propagate draws the consequences of all events that are not done, judges the
// live labels again of which that is due, and returns when that is done. Before
// each chunk it looks which event comes next, so that neither a security event nor
// a judgement waits for an advisory about many labels.
//
// A label for which that fails by itself (its record cannot be read, its history
// is full, what would be said of it is too large) is recorded with the event,
// operators are told, and the work goes on: [Authority.Retry] has it tried again.
// Where it is the store or a key that fails, nothing is recorded, and the error is
// returned: the same is to be tried again.
func (a *Events) Propagate(ctx context.Context) error {
	if err := a.open.load(a.core); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	for ctx.Err() == nil {
		next := a.open.next()
		if next.waits() {
			switch err := a.issuing.judgeDue(ctx); {
			case errors.Is(err, errEventFirst):
				continue
			case err != nil:
				return errors.Join(err, context.Cause(ctx))
			}
		}
		if next == nil {
			return nil
		}
		began := time.Now()
		done, err := a.propagateChunk(ctx, next)
		if err != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if !done {
			rest(ctx, began)
		}
	}
	return context.Cause(ctx)
}

// breathe is called for each label of a chunk, with how many there were before it: those
// who wait for a processor, most of whom need it for a moment, do not wait for the chunk.
func breathe(n int) {
	if n%8 == 0 {
		runtime.Gosched()
	}
}

// rest waits after a chunk of work that began at an instant.
func rest(ctx context.Context, began time.Time) { sleep(ctx, time.Since(began)*restAfter/100) }

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// propagateChunk changes the next labels that an event touches, and remembers
// how far it came, in one commit. A label that the event has changed is not
// changed again.
func (a *Events) propagateChunk(ctx context.Context, o *openEvent) (done bool, err error) {
	var e *store.Event
	var chunk []Consequence
	var cursor []byte
	claims := []string{claimf("event/%s", o.id)}
	err = a.read(func(v *store.View) (err error) {
		if e, err = v.Event(o.id); err != nil {
			return err
		}
		if done = !e.Done.IsZero(); done {
			return nil // somebody else went on
		}
		cursor, done, err = a.affected(v, e, a.clock(), func(t Consequence) bool {
			chunk = append(chunk, t)
			claims = append(claims, claimf("label/%s", t.Label.ID), claimf("device/%s", t.Label.Device))
			return len(chunk) < a.chunk
		})
		return err
	})
	switch {
	case err != nil && !own(err):
		return false, err
	case err != nil && e == nil: // nothing can be recorded with it
		a.alarm("drawing the consequences of an event", o.id.String(), err)
		a.open.remove(o.id)
		return true, nil
	case err != nil: // of the event as a whole
		chunk, done = []Consequence{{Label: &store.Label{}, Err: err}}, true
	case !e.Done.IsZero():
		a.open.remove(o.id)
		return true, nil
	}
	defer a.writer.begin()()
	last := done
	var failed []store.EventFailure
	write := a.writer.do
	if o.class == 0 {
		write = a.writer.doFirst
	}
	err = write(ctx, claims, func(v *store.View, b *batch) error {
		failed = nil
		next, err := lastEvent(v, b, o.id)
		if err != nil {
			return err
		}
		if !next.Done.IsZero() || !slices.Equal(next.Cursor, e.Cursor) {
			return nil // somebody else went on
		}
		next.Cursor = cursor
		if last {
			next.Done = b.At.UTC()
		}
		for i, t := range chunk {
			breathe(i)
			changed, err := a.attempt(v, b, next, t)
			switch {
			case err != nil && !own(err):
				return err
			case err != nil:
				failed = append(failed, failure(t.Label.ID, err, b.At))
			case changed:
				next.Changed++
			}
		}
		if err := a.recordFailures(b, next, failed); err != nil {
			return err
		}
		b.Add(next)
		return nil
	})
	if err != nil {
		return false, err
	}
	for _, f := range failed {
		a.alarm("drawing the consequences of an event", o.id.String()+" "+string(f.Label), errors.New(f.Text))
	}
	return done, nil
}

// attempt is [Authority.consequence], of which nothing is left in the batch where
// it fails.
func (a *Events) attempt(v *store.View, b *batch, e *store.Event, t Consequence) (changed bool, err error) {
	if t.Err != nil {
		return false, t.Err
	}
	before := *b
	if changed, err = a.consequence(v, b, e, t); err != nil {
		*b = before
	}
	return changed, err
}

// applies reports whether what an event does to a label can be done as the label stands:
// it may have changed since, or expire before a time of grace is over.
func (t *Consequence) applies(s *label.Standing) bool {
	_, err := s.Admit(t.Action)
	return err == nil && (t.Ends.IsZero() || t.Ends.Before(s.Expires))
}

// consequence adds to a batch what an event does to a label.
func (a *Events) consequence(v *store.View, b *batch, e *store.Event, t Consequence) (changed bool, err error) {
	if t.Action == scheme.NoEffect {
		return false, nil
	}
	h, err := a.history(v, t.Label)
	if err != nil {
		return false, err
	}
	cause := label.EventCause(e.Digest)
	s := h.StandingAt(b.At)
	if !t.applies(&s) || label.Find(h.Statuses, cause, t.Action) != nil {
		return false, nil
	}
	by, err := requestRef(v, e.Signature, e.Digest)
	if err != nil {
		return false, err
	}
	st := label.Status{
		Label: t.Label.ID, SHA256: t.statement, Action: t.Action, Reason: e.Event.Reason, Text: e.Event.Text, Language: e.Event.Language, Effective: t.Ends, Cause: cause, Advisory: t.Advisory,
		Requests: []label.RequestRef{by},
	}
	if t.Action == label.Advise {
		if stale, err := a.staleAdvice(v, e, h, t.Advisory); err != nil || stale {
			return false, err
		}
		if full, err := a.fullForAdvice(v, b, t.Label, h, &st); err != nil || full {
			return false, err
		}
	}
	_, err = a.issuing.append(v, b, t.Label, h, st)
	return err == nil, err
}

// committed remembers how the events of a commit stand.
func (a *Events) committed(b *store.Batch) {
	events := slices.Collect(store.Writes[*store.Event](b))
	if len(events) == 0 {
		return
	}
	if err := a.read(func(v *store.View) error {
		for _, e := range events {
			a.open.put(v, e)
		}
		return nil
	}); err != nil {
		a.log.Error("remembering which events are open", "err", err) // Propagate reads them again
	}
}
