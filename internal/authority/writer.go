package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
)

const (
	// maxBatch bounds the operations of one commit.
	maxBatch = 256

	// maxWait is how long the writer waits for requests that are under way, so
	// that they share a commit: about as long as a commit takes. When none is, it
	// does not wait at all.
	maxWait = 5 * time.Millisecond
)

// An op is one thing to be written.
type op struct {
	// claims name what the op decides about. Ops with a claim in common are
	// never in one batch.
	claims []string

	// prepare checks the op against what was committed and adds it to the
	// batch. Where it returns an error, what it added is taken back.
	prepare func(v *store.View, b *store.Batch) error

	first bool // it goes before those that may wait
	done  chan error
}

// A writer is the goroutine that commits.
//
// It has two queues. What takes effect against labels that may be wrong goes
// first: the consequences of security events, and operators' suspensions and
// revocations. Everything else waits for it, so that nobody delays a suspension by
// asking for much. Within each queue, ops with a claim in common are decided in
// the order in which they came.
type writer struct {
	a     *Authority
	queue chan *op
	first chan *op

	underway atomic.Int64          // requests that will soon queue an op
	failure  atomic.Pointer[error] // of the last commit, with its cause; nil where it did not fail

	mu     sync.RWMutex // held for reading while queueing, for writing to close
	closed bool
	idle   chan struct{} // closed when the goroutine has ended
}

func newWriter(a *Authority) *writer {
	w := &writer{a: a, queue: make(chan *op, 4*maxBatch), first: make(chan *op, maxBatch), idle: make(chan struct{})}
	go w.run()
	return w
}

// begin announces a request that will queue an op soon; the returned function
// ends the announcement.
func (w *writer) begin() (end func()) {
	w.underway.Add(1)
	return func() { w.underway.Add(-1) }
}

// do queues an op and waits for its commit. Once queued an op is decided even
// if the caller goes away.
//
// After an error of ctx the op may still be under way: prepare shares nothing with
// its caller that the caller then reads or writes, and so none of its named
// results.
func (w *writer) do(ctx context.Context, claims []string, prepare func(*store.View, *store.Batch) error) error {
	return w.await(ctx, w.queue, &op{claims: claims, prepare: prepare, done: make(chan error, 1)})
}

// doFirst is do before what waits.
func (w *writer) doFirst(ctx context.Context, claims []string, prepare func(*store.View, *store.Batch) error) error {
	return w.await(ctx, w.first, &op{claims: claims, prepare: prepare, first: true, done: make(chan error, 1)})
}

func (w *writer) await(ctx context.Context, queue chan<- *op, o *op) error {
	w.mu.RLock()
	if w.closed {
		w.mu.RUnlock()
		return label.Errorf(label.Unavailable, label.ReasonShuttingDown, "", "the service is shutting down; repeat the request later")
	}
	select {
	case queue <- o:
		w.mu.RUnlock()
	case <-ctx.Done():
		w.mu.RUnlock()
		return gone(ctx)
	}
	select {
	case err := <-o.done:
		return err
	case <-ctx.Done():
		return gone(ctx)
	}
}

func (w *writer) close() {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
		close(w.first)
	}
	w.mu.Unlock()
	<-w.idle
}

// run commits batches until the queues are closed and empty.
func (w *writer) run() {
	defer close(w.idle)
	l := lanes{w.first, w.queue}
	var held []*op // left over because of a claim in common
	for {
		batch := w.gather(&l, held)
		if batch == nil {
			return
		}
		batch, held = disjoint(batch)
		w.commit(batch)
	}
}

// lanes are the queues as the writer's goroutine sees them: nil once closed.
type lanes struct{ first, queue <-chan *op }

// next returns the next op, or nil when until has passed, or when both queues
// are closed and empty.
func (l *lanes) next(until <-chan time.Time) *op {
	for {
		if o := l.urgent(); o != nil { // of two that are there, the one that goes first
			return o
		}
		if l.first == nil && l.queue == nil {
			return nil
		}
		select {
		case o, ok := <-l.first:
			if ok {
				return o
			}
			l.first = nil
		case o, ok := <-l.queue:
			if ok {
				return o
			}
			l.queue = nil
		case <-until:
			return nil
		}
	}
}

// urgent returns the next op that goes first and is there, or nil.
func (l *lanes) urgent() *op {
	select {
	case o, ok := <-l.first:
		if !ok {
			l.first = nil
		}
		return o
	default:
		return nil
	}
}

// ready returns the next op that is there, or nil.
func (l *lanes) ready() *op {
	if o := l.urgent(); o != nil {
		return o
	}
	select {
	case o, ok := <-l.queue:
		if !ok {
			l.queue = nil
		}
		return o
	default:
		return nil
	}
}

// gather returns the next ops to commit, nil at the end: those that go first,
// then held ones, then others.
func (w *writer) gather(l *lanes, held []*op) []*op {
	ops := held
	if len(ops) == 0 {
		o := l.next(nil)
		if o == nil {
			return nil
		}
		ops = append(ops, o)
	}
	var timer <-chan time.Time
	for len(ops) < maxBatch {
		o := l.ready()
		if o == nil {
			if int64(len(ops)) >= w.underway.Load() {
				break
			}
			if timer == nil {
				timer = time.After(maxWait)
			}
			if o = l.next(timer); o == nil {
				break
			}
		}
		ops = append(ops, o)
	}
	for o := l.urgent(); o != nil; o = l.urgent() { // however many are held
		ops = append(ops, o)
	}
	slices.SortStableFunc(ops, func(a, b *op) int {
		switch {
		case a.first == b.first:
			return 0
		case a.first:
			return -1
		}
		return 1
	})
	return ops
}

// disjoint splits ops into a batch without common claims, in order, and the
// rest.
func disjoint(ops []*op) (batch, rest []*op) {
	taken := map[string]bool{}
	for _, o := range ops {
		free := len(batch) < maxBatch
		for _, c := range o.claims {
			free = free && !taken[c]
		}
		// Claims of a held op are taken as well: order within a claim is kept.
		for _, c := range o.claims {
			taken[c] = true
		}
		if free {
			batch = append(batch, o)
		} else {
			rest = append(rest, o)
		}
	}
	return batch, rest
}

// commit prepares the ops, extends the log, and writes. Every op is answered.
func (w *writer) commit(ops []*op) {
	b := &store.Batch{}
	var ready []*op
	err := w.a.store.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		if b.At, err = w.advance(v.Committed()); err != nil {
			return err
		}
		b.From = head.Tree
		for _, o := range ops {
			before := *b
			if err := o.prepare(v, b); err != nil {
				*b = before
				o.done <- err
			} else {
				ready = append(ready, o)
			}
		}
		if len(b.Entries) == 0 {
			return nil
		}
		return w.extend(v, b)
	})
	write := err == nil && (!b.Empty() || w.failure.Load() != nil)
	if write {
		err = w.a.store.Commit(b)
	}
	switch {
	case err == nil:
		if write {
			w.failure.Store(nil)
		}
		w.a.committed(b)
	case errors.Is(err, store.ErrConflict):
		err = label.Errorf(label.Unavailable, label.ReasonConflict, "", "another writer was faster; repeat the request")
	case label.ReasonOf(err) == label.ReasonClock: // the timekeeper has logged it
	case label.ReasonOf(err) == label.ReasonReadOnly: // the start has logged it
	default:
		w.a.log.Error("commit failed", "err", err, "operations", len(ready))
		w.a.enrolled(b)
		w.a.openReports.known = false // they are counted anew
		failure := label.Errorf(label.Unavailable, label.ReasonStorage, "", "the store cannot write now: %v", err)
		w.failure.Store(new(error(failure)))
		why := "/readyz and the operator's log say why"
		if errors.Is(err, store.ErrNoRoom) {
			why = store.ErrNoRoom.Error()
		}
		err = label.Errorf(label.Unavailable, label.ReasonStorage, "",
			"the store cannot write now (%s); repeat the request, which is safe whether or not this one was stored", why)
	}
	if err != nil {
		w.a.quotas.forget()
	}
	for _, o := range ready {
		o.done <- err
	}
	if len(ready) == 0 && err != nil {
		// The view failed before any op was prepared.
		for _, o := range ops {
			select {
			case o.done <- err:
			default:
			}
		}
	}
}

// tryEvery is how often an empty batch is tried while the last commit failed: who
// sends nothing more to a service that cannot write would never learn that it can.
const tryEvery = 5 * time.Second

// keepTrying tries whether writing is possible again, until ctx ends.
func (w *writer) keepTrying(ctx context.Context) {
	tick := time.NewTicker(tryEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if w.failure.Load() != nil {
			_ = w.do(ctx, nil, func(*store.View, *store.Batch) error { return nil }) // commit logs why
		}
	}
}

// extend computes and signs the head over the batch's entries.
func (w *writer) extend(v *store.View, b *store.Batch) error {
	leaves := make([][]byte, len(b.Entries))
	for i, e := range b.Entries {
		leaves[i] = e.Leaf
	}
	var err error
	if b.Head.Tree, b.Added, err = translog.Append(b.From, v, leaves); err != nil {
		return err
	}
	b.Head.Checkpoint, err = w.a.issuer.Checkpoint(b.Head.Tree, b.At)
	return err
}

// advance returns the time of the next commit, which is never before the last.
func (w *writer) advance(last time.Time) (time.Time, error) {
	now, err := w.a.present()
	switch {
	case err != nil:
		return now, err
	case !now.Before(last):
		return now, nil
	case last.Sub(now) > maxBackstep: // another writer's
		return now, beforeCommit(now, last)
	}
	return last, nil
}

// index returns the log index that the next entry of a batch will have.
func index(b *store.Batch) int64 { return b.From.N + int64(len(b.Entries)) }

// claimf makes the name of a claim.
func claimf(format string, args ...any) string { return fmt.Sprintf(format, args...) }
