package web

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"labeld/internal/authority"
	"labeld/internal/search"
)

// A LabelLog is the log as the search index reads it.
type LabelLog interface {
	// Read returns the labels that the log says something of after an entry.
	Read(after, entries int64) (list []*authority.LabelRecord, next int64, more bool, err error)
	LogSize() int64
	Now() time.Time
}

// A labelIndex is the index in which labels are searched. It follows the log.
type labelIndex struct {
	source   LabelLog
	log      *slog.Logger
	index    *search.Index
	last     int64       // entry of the log that was read last
	complete atomic.Bool // the end of the log was reached once
}

func newLabelIndex(source LabelLog, log *slog.Logger) *labelIndex {
	return &labelIndex{source: source, log: log, index: search.NewIndex(), last: -1}
}

// snapshot returns the index as it is now.
func (i *labelIndex) snapshot() *search.Snapshot { return i.index.Snapshot() }

// Complete reports whether the index has come to the end of the log once.
func (i *labelIndex) Complete() bool { return i.complete.Load() }

const (
	// followEntries is how many log entries the index reads at a time, and
	// followEvery how often it looks for new ones.
	followEntries = 1024
	followEvery   = time.Second
)

// Follow keeps the search index up with the log until ctx ends. It begins at the
// first entry: the index is made from nothing else.
func (i *labelIndex) Follow(ctx context.Context) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		if err := i.CatchUp(ctx); err != nil && ctx.Err() == nil {
			i.log.Error("reading the log into the search index; trying again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// CatchUp reads what the log has that the index has not. It is called by one
// goroutine at a time.
func (i *labelIndex) CatchUp(ctx context.Context) error {
	for more := i.last+1 < i.source.LogSize(); more && ctx.Err() == nil; {
		list, next, rest, err := i.source.Read(i.last, followEntries)
		if err != nil {
			return err
		}
		now := i.source.Now()
		records := make([]*search.Record, len(list))
		for n, l := range list {
			records[n] = search.NewRecord(l.Outline, l.Statuses, l.Index, now)
		}
		if len(records) > 0 {
			i.index.Put(records)
		}
		i.last, more = next, rest
	}
	i.complete.Store(true)
	return ctx.Err()
}
