package authority

import (
	"context"
	"sync"
)

// work is what goes on beside requests: drawing the consequences of events, judging live
// labels again, keeping the status list, logging the head of the audit trail, and noticing
// that time passes.
type work struct {
	reported chan struct{} // an event was reported, or a judgement became due
	issued   chan struct{} // a label was issued
	quit     context.CancelFunc
	running  sync.WaitGroup
}

// idle is the work of an authority that has none.
func idle() *work {
	return &work{reported: make(chan struct{}, 1), issued: make(chan struct{}, 1), quit: func() {}}
}

func (a *Authority) startWork() {
	ctx, quit := context.WithCancel(context.Background())
	a.work = idle()
	a.work.quit = quit
	a.work.running.Go(func() { a.keepPropagating(ctx) })
	a.work.running.Go(func() { a.keepList(ctx) })
	a.work.running.Go(func() { a.keepWatch(ctx) })
	a.work.running.Go(func() { a.keepAdvising(ctx) })
	a.work.running.Go(func() { a.writer.keepTrying(ctx) })
	a.work.running.Go(func() { a.keepReserve(ctx) })
	a.work.running.Go(func() { a.keepAuditHead(ctx) })
}

// wake has events looked at.
func (w *work) wake() { signal(w.reported) }

// signal has whoever waits for a channel go on, now or when it waits next.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// stop ends all work. What is begun goes on after a restart.
func (w *work) stop() {
	w.quit()
	w.running.Wait()
}
