package authority

import (
	"context"
	"sync"
)

// work is what goes on beside requests: drawing the consequences of events,
// judging live labels again,
// keeping the status list, and noticing that time passes.
type work struct {
	reported chan struct{} // an event was reported
	judge    chan struct{} // a judgement became due
	quit     context.CancelFunc
	running  sync.WaitGroup
}

func (a *Authority) startWork() {
	ctx, quit := context.WithCancel(context.Background())
	a.work = &work{reported: make(chan struct{}, 1), judge: make(chan struct{}, 1), quit: quit}
	a.work.running.Go(func() { a.keepPropagating(ctx) })
	a.work.running.Go(func() { a.keepJudging(ctx) })
	a.work.running.Go(func() { a.keepList(ctx) })
	a.work.running.Go(func() { a.keepWatch(ctx) })
	a.work.running.Go(func() { a.keepAdvising(ctx) })
}

// wake has events looked at.
func (w *work) wake() {
	select {
	case w.reported <- struct{}{}:
	default:
	}
}

// wakeJudge has judgements drawn that are due.
func (w *work) wakeJudge() {
	select {
	case w.judge <- struct{}{}:
	default:
	}
}

// stop ends all work. What is begun goes on after a restart.
func (w *work) stop() {
	w.quit()
	w.running.Wait()
}
