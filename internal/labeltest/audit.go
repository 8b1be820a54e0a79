package labeltest

import (
	"errors"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/store"
)

// Act returns an act of an organization that was done.
func Act(org, kind, subject string) *store.Act {
	return &store.Act{Kind: kind, Actor: label.Actor{Organization: org}, Subject: subject, Outcome: label.ActDone}
}

// Record adds acts to the audit trail of a store, in one batch.
func Record(tb testing.TB, s authority.Store, at time.Time, acts ...*store.Act) {
	tb.Helper()
	for {
		b := &store.Batch{At: at}
		for _, a := range acts {
			b.Add(a)
		}
		err := s.View(func(v *store.View) error {
			head, err := v.Head()
			b.From = head.Tree
			if committed := v.Committed(); committed.After(at) {
				b.At = committed
			}
			return err
		})
		if err == nil {
			err = s.Commit(b)
		}
		if errors.Is(err, store.ErrConflict) {
			continue // the authority was faster
		}
		if err != nil {
			tb.Fatal(err)
		}
		return
	}
}

// Record adds acts to the audit trail of the world.
func (w *World) Record(acts ...*store.Act) {
	w.TB.Helper()
	Record(w.TB, w.Store, w.Clock.Now(), acts...)
}
