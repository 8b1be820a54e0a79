package authority

import (
	"context"
	"time"

	"labeld/internal/label"
	"labeld/internal/statuslist"
	"labeld/internal/store"
	"labeld/internal/verify"
)

const (
	// listEvery is how old the status list may grow before it is made anew: what
	// was announced takes effect in it that soon.
	listEvery = 30 * time.Second

	// listRest is the least time between two lists: one list serves all changes
	// of a second.
	listRest = time.Second

	// listPause is how long is rested after a list, as a multiple of the time that
	// it took: while a great many labels change, lists take a twentieth of a
	// processor.
	listPause = 20

	// listTTL is how long a copy may be kept before a new one is fetched.
	listTTL = 30 * time.Second
)

// A statusList is the list as it was signed last.
type statusList struct {
	token   []byte
	at      time.Time
	changes int64 // how many commits with statuses it knows of
}

// StatusList returns the signed status list. It is made beside all reads, on a
// schedule and after each change.
func (a *Authority) StatusList() []byte { return a.list.Load().token }

// RefreshList makes the status list anew, unless the time cannot be right that
// would be signed in it.
func (a *Authority) RefreshList() error {
	a.listing.Lock()
	defer a.listing.Unlock()
	now, err := a.times.present()
	if err != nil {
		return err
	}
	next := &statusList{at: now, changes: a.changes.Load()} // before the store is read
	var l *statuslist.List
	err = a.store.View(func(v *store.View) (err error) {
		l, err = a.gather(v, next.at)
		return err
	})
	if err != nil {
		return err
	}
	if next.token, err = a.issuer.StatusList(l, a.trust.ListURL(), next.at, a.trust.Freshness.List(), listTTL); err != nil {
		return err
	}
	a.list.Store(next)
	return nil
}

// gather works out the list from the histories: the other labels are valid. Of a
// label whose history cannot be read nobody can tell how it stands: it is listed as
// suspended, with an alarm.
func (a *Authority) gather(v *store.View, now time.Time) (*statuslist.List, error) {
	head, err := v.Head()
	if err != nil {
		return nil, err
	}
	l := statuslist.New(head.Tree.N)
	past := v.Past(func(d *store.Damage) {
		a.alarm("making the status list", string(d.Label()), d)
		if index, ok := v.IndexOf(d.Label()); ok {
			l.Set(index, verify.ListValue(label.Suspended))
		}
	})
	return l, past.Histories(func(rec *store.Label, list []*store.Status) bool {
		l.Set(rec.Index, verify.ListValue(historyOf(v, rec, list).StandingAt(now).State))
		return true
	})
}

// keepList makes the list anew when it is due, until ctx ends.
func (a *Authority) keepList(ctx context.Context) {
	tick := time.NewTicker(listRest)
	defer tick.Stop()
	var next time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		last, began := a.list.Load(), time.Now()
		due := a.clock().Sub(last.at) >= listEvery
		if !due && (last.changes == a.changes.Load() || began.Before(next)) {
			continue
		}
		if err := a.RefreshList(); err != nil && label.ReasonOf(err) != label.ReasonClock {
			a.log.Error("making the status list", "err", err)
		}
		next = time.Now().Add(listPause * time.Since(began))
	}
}
