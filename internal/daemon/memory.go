package daemon

import (
	"context"
	"log/slog"
	"time"

	"labeld/internal/store"
)

const (
	// leastMemoryMiB is the least that can be configured, in mebibytes. With an empty
	// registry, some thirty of them are in use for good.
	leastMemoryMiB = 96

	// mappedLimit is how much of the database may stay mapped; every settleEvery,
	// more than that is given back. It faults in again at memory speed.
	mappedLimit = 64 << 20
	settleEvery = time.Second
)

// settleMemory gives back mapped file pages now and then, once more than
// mappedLimit is mapped, and has follow look at the limit of the rest.
func settleMemory(ctx context.Context, s *store.Store, log *slog.Logger, follow func()) error {
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := s.Release(mappedLimit); err != nil {
				log.Warn("giving back file pages", "err", err)
			}
			follow()
		}
	}
}
