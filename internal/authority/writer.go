package authority

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"labeld/internal/issue"
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
	// batch. Where it returns an error, what it added is taken back. Where it has
	// something signed ([batch.sign]) it is called again when that is done, and may
	// be several times: it begins anew each time.
	prepare func(v *store.View, b *batch) error

	first bool // it goes before those that may wait
	exact bool // what it signs names the place in the log that it will have
	done  chan error

	// The rest is the writer's goroutine's.
	state    opState
	recorded time.Time                  // see batch.Recorded; zero until it is prepared
	signed   map[label.Digest]signature // what was signed for it
	since    time.Time                  // when its statements were first given to the signers
}

// An opState is how far an op has come.
type opState int

const (
	opReady   opState = iota // it can be prepared
	opSigning                // its statements are being signed
	opWaiting                // it would log something, and an exact op is being signed
	opDecided                // it was answered
)

// answer decides an op.
func (o *op) answer(err error) {
	o.state = opDecided
	o.done <- err
}

// maxSigning bounds how long an op waits for signatures: who waits for it has been told
// of nothing, and what the statements say of when they were recorded grows old.
const maxSigning = 30 * time.Second

// A writer is the goroutine that commits.
//
// It has two queues. What takes effect against labels that may be wrong goes
// first: the consequences of security events, and operators' suspensions and
// revocations. Everything else waits for it, so that nobody delays a suspension by
// asking for much. Within each queue, ops with a claim in common are decided in
// the order in which they came: while one is signed, those behind it wait for it, and
// everything else goes on.
//
// The only thing that the writer has signed while everything waits is the head of the
// log, which says what the batch comes to. So the key of the log is to be a quick one,
// in memory: each commit takes as long as that takes at least.
type writer struct {
	a     *core
	queue chan *op
	first chan *op
	back  chan *op // ops whose statements were signed
	exact *op      // that is being signed; the writer's goroutine's

	committed func(*store.Batch) // called after each commit
	failed    func(*store.Batch) // and after one that failed

	underway atomic.Int64          // requests that will soon queue an op
	failure  atomic.Pointer[error] // of the last commit, with its cause; nil where it did not fail

	mu     sync.RWMutex // held for reading while queueing, for writing to close
	closed bool
	idle   chan struct{} // closed when the goroutine has ended
}

func newWriter(a *core, committed, failed func(*store.Batch)) *writer {
	w := &writer{a: a, committed: committed, failed: failed, queue: make(chan *op, 4*maxBatch), first: make(chan *op, maxBatch), back: make(chan *op), idle: make(chan struct{})}
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
func (w *writer) do(ctx context.Context, claims []string, prepare func(*store.View, *batch) error) error {
	return w.await(ctx, w.queue, &op{claims: claims, prepare: prepare, done: make(chan error, 1)})
}

// doExact is do of an op that signs which place in the log it has. While it is signed
// nothing else is logged.
func (w *writer) doExact(ctx context.Context, claims []string, prepare func(*store.View, *batch) error) error {
	return w.await(ctx, w.queue, &op{claims: claims, prepare: prepare, exact: true, done: make(chan error, 1)})
}

// doFirst is do before what waits.
func (w *writer) doFirst(ctx context.Context, claims []string, prepare func(*store.View, *batch) error) error {
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

// run commits batches until the queues are closed and empty, and all is decided.
func (w *writer) run() {
	defer close(w.idle)
	l := lanes{w.first, w.queue, w.back}
	var ops []*op // that are not decided, those that go first first
	for {
		ops = w.gather(&l, ops)
		next := disjoint(ops)
		if len(next) == 0 {
			return
		}
		w.commit(next)
		ops = slices.DeleteFunc(ops, func(o *op) bool { return o.state == opDecided })
		if w.exact == nil {
			for _, o := range ops {
				if o.state == opWaiting {
					o.state = opReady
				}
			}
		}
	}
}

// lanes are the queues as the writer's goroutine sees them: nil once closed. What comes
// back from being signed is in back, which is never closed.
type lanes struct{ first, queue, back <-chan *op }

// closed reports whether nothing new will come.
func (l *lanes) closed() bool { return l.first == nil && l.queue == nil }

// next returns the next op, new or signed, or nil when until has passed, or when one of
// the queues was closed.
func (l *lanes) next(until <-chan time.Time) *op {
	open := l.first != nil
	if o := l.urgent(); o != nil || open && l.first == nil { // of two that are there, the one that goes first
		return o
	}
	select {
	case o, ok := <-l.first:
		if !ok {
			l.first = nil
		}
		return o
	case o, ok := <-l.queue:
		if !ok {
			l.queue = nil
		}
		return o
	case o := <-l.back:
		return o
	case <-until:
		return nil
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

// ready returns the next op that is there, new or signed, or nil.
func (l *lanes) ready() *op {
	if o := l.urgent(); o != nil {
		return o
	}
	select {
	case o := <-l.back:
		return o
	default:
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

// gather adds to ops what is there, and returns once something can be committed, or
// nothing will ever be.
func (w *writer) gather(l *lanes, ops []*op) []*op {
	for len(disjoint(ops)) == 0 && !(l.closed() && len(ops) == 0) {
		ops = put(ops, l.next(nil))
	}
	var timer <-chan time.Time
	for n := len(disjoint(ops)); n < maxBatch; n++ { // others are held, and keep nobody out
		o := l.ready()
		if o == nil {
			if l.closed() || int64(len(ops)) >= w.underway.Load() {
				break
			}
			if timer == nil {
				timer = time.After(maxWait)
			}
			if o = l.next(timer); o == nil {
				break
			}
		}
		ops = put(ops, o)
	}
	for o := l.urgent(); o != nil; o = l.urgent() { // however many are held
		ops = put(ops, o)
	}
	return ops
}

// put adds a new op, behind those that go before it. One that was signed has its place
// already.
func put(ops []*op, o *op) []*op {
	if o == nil {
		return ops
	}
	if o.state == opSigning {
		o.state = opReady
		return ops
	}
	if !o.first {
		return append(ops, o)
	}
	i := slices.IndexFunc(ops, func(o *op) bool { return !o.first })
	if i < 0 {
		i = len(ops)
	}
	return slices.Insert(ops, i, o)
}

// disjoint returns ops for a batch: such as can be prepared, and have no claim in common
// with each other, nor with one before them that is not decided.
func disjoint(ops []*op) (next []*op) {
	taken := map[string]bool{}
	for _, o := range ops {
		free := o.state == opReady && len(next) < maxBatch
		for _, c := range o.claims {
			free = free && !taken[c]
		}
		// Claims of an op that is not in the batch are taken as well: order within a
		// claim is kept.
		for _, c := range o.claims {
			taken[c] = true
		}
		if free {
			next = append(next, o)
		}
	}
	return next
}

// commit prepares the ops, extends the log, and writes. Every op is answered, but for
// those that have something signed first.
func (w *writer) commit(ops []*op) {
	b := &batch{issuer: w.a.issuer}
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
		for _, o := range inOrder(ops) {
			if w.prepare(v, b, o) {
				ready = append(ready, o)
			}
		}
		if len(b.Entries) == 0 {
			return nil
		}
		return w.extend(v, &b.Batch)
	})
	write := err == nil && (!b.Empty() || w.failure.Load() != nil)
	if write {
		err = w.a.store.Commit(&b.Batch)
	}
	switch {
	case err == nil:
		if write {
			w.failure.Store(nil)
		}
		w.committed(&b.Batch)
	case errors.Is(err, store.ErrConflict):
		err = label.Errorf(label.Unavailable, label.ReasonConflict, "", "another writer was faster; repeat the request")
	case label.ReasonOf(err) == label.ReasonClock: // the timekeeper has logged it
	case label.ReasonOf(err) == label.ReasonReadOnly: // the start has logged it
	default:
		w.a.log.Error("commit failed", "err", err, "operations", len(ready))
		w.failed(&b.Batch)
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
		o.answer(err)
	}
	if err != nil { // the view may have failed before an op was prepared
		for _, o := range ops {
			if o.state == opReady {
				o.answer(err)
			}
		}
	}
}

// inOrder returns ops in the order in which they are prepared. An exact op comes last,
// since the next entry of the log will be its own, and first when that was signed.
func inOrder(ops []*op) []*op {
	rank := func(o *op) int {
		switch {
		case !o.exact:
			return 0
		case o.signed != nil:
			return -1
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(ops), func(x, y *op) int { return cmp.Compare(rank(x), rank(y)) })
}

// prepare adds an op to the batch, and reports whether it is to be committed with that.
// Otherwise it was answered, or its statements are being signed, or it waits for an
// exact op.
func (w *writer) prepare(v *store.View, b *batch, o *op) bool {
	if o.exact && w.exact != nil && w.exact != o {
		o.state = opWaiting
		return false
	}
	if w.exact == o {
		w.exact = nil
	}
	before := *b
	again := !o.recorded.IsZero()
	for {
		if !again {
			o.recorded, o.signed = b.At, nil
		}
		b.Recorded, b.signed, b.unsigned = o.recorded, o.signed, nil
		err := o.prepare(v, b)
		unsigned := b.unsigned
		switch {
		case err == nil && len(unsigned) == 0 && w.exact != nil && len(b.Entries) > len(before.Entries):
			*b = before
			o.state = opWaiting
			return false
		case err == nil && len(unsigned) == 0:
			return true
		case err != nil:
			*b = before
			o.answer(err)
			return false
		}
		*b = before
		if !again {
			w.sign(o, unsigned)
			return false
		}
		again = false // what it rests on has changed: it is another op, of today
	}
}

// sign has the statements of an op signed, and gives it back to the writer.
func (w *writer) sign(o *op, unsigned []*issue.Unsigned) {
	switch now := time.Now(); {
	case o.since.IsZero():
		o.since = now
	case now.Sub(o.since) > maxSigning:
		o.answer(label.Errorf(label.Unavailable, label.ReasonSigner, "", "what the request rests on changed each time before it was signed; repeat it"))
		return
	}
	o.state = opSigning
	if o.exact {
		w.exact = o
	}
	go func() {
		o.signed = w.a.signers.all(unsigned, o.first)
		w.back <- o
	}()
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
			_ = w.do(ctx, nil, func(*store.View, *batch) error { return nil }) // commit logs why
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

// claimf makes the name of a claim.
func claimf(format string, args ...any) string { return fmt.Sprintf(format, args...) }
