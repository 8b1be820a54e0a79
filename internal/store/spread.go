package store

import (
	"context"
	"errors"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// Lot is how many items are handed over at once.
const Lot = 64

// waitingLots is how many lots wait at most: half of what [View.Arrived] reads at once,
// so that nobody has nothing to do while it reads the next.
const waitingLots = aheadRun / Lot / 2

// Spread has what walk comes to dealt with by as many goroutines as there are
// processors, in no order, and returns when all of it is. One View may be read by all
// of them: a transaction that writes nothing changes nothing in itself. Each calls
// after when it has dealt with a [Lot] of items. A damaged
// record ends neither the process nor what is done with others; the first that was
// come to is returned, or why ctx ended before.
func Spread[T any](ctx context.Context, walk func(give func(T) bool) error, deal func(T), after func()) error {
	lots := make(chan []T, waitingLots)
	var g errgroup.Group
	g.Go(func() error {
		defer close(lots)
		next := make([]T, 0, Lot)
		err := guarded(func() error {
			return walk(func(item T) bool {
				if next = append(next, item); len(next) == Lot {
					lots <- next
					next = make([]T, 0, Lot)
				}
				return ctx.Err() == nil
			})
		})
		lots <- next
		return errors.Join(err, ctx.Err())
	})
	for range runtime.GOMAXPROCS(0) {
		g.Go(func() (first error) {
			for items := range lots {
				for _, item := range items {
					if err := guarded(func() error { deal(item); return nil }); err != nil && first == nil {
						first = err
					}
				}
				after()
			}
			return first
		})
	}
	return g.Wait()
}
