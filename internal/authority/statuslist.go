package authority

import (
	"context"
	"errors"
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
// schedule and after each change. There is none, nil, where nothing is signed.
func (a *Publishing) StatusList() []byte { return a.list.Load().token }

// RefreshList makes the status list and the tally of histories anew, in one pass
// through the histories, unless the time cannot be right that would be signed in
// them. Where one of them cannot be signed, the other is.
func (a *Publishing) RefreshList() error {
	a.listing.Lock()
	defer a.listing.Unlock()
	return a.refreshList()
}

func (a *Publishing) refreshList() error {
	now, err := a.present()
	if err != nil {
		return err
	}
	next := &statusList{at: now, changes: a.changes.Load()} // before the store is read
	var l *statuslist.List
	var head store.Head
	var uncounted []error
	news := a.newTally(next.at)
	err = a.store.View(func(v *store.View) (err error) {
		if head, err = v.Head(); err == nil {
			l, uncounted, err = a.gather(v, head, next.at, news)
		}
		return err
	})
	if err != nil {
		return err
	}
	leave := a.signers.place(true)
	next.token, err = a.issuer.StatusList(l, a.trust.ListURL(), next.at, a.trust.Freshness.List(), listTTL)
	leave()
	if err == nil {
		a.list.Store(next)
	}
	for _, err := range uncounted {
		a.failures.Add(1)
		a.log.Error("counting what happened to a label, which will not be shown", "err", err)
	}
	return errors.Join(err, a.signTally(head.Tree.N, news))
}

// gather works out the list from the histories: the other labels are valid. Each
// history is counted in the tally as well. Of a label whose history cannot be read
// nobody can tell how it stands: it is listed as suspended, with an alarm.
func (a *Publishing) gather(v *store.View, head store.Head, now time.Time, news *newTally) (l *statuslist.List, uncounted []error, err error) {
	l = statuslist.New(head.Tree.N)
	past := v.Past(func(d *store.Damage) {
		a.alarm("making the status list", string(d.Label()), d)
		if index, ok := v.IndexOf(d.Label()); ok {
			l.Set(index, verify.ListValue(label.Suspended))
		}
	})
	err = past.Histories(func(rec *store.Label, list []*store.Status) bool {
		l.Set(rec.Index, verify.ListValue(historyOf(v, rec, list).StandingAt(now).State))
		if err := news.count(v, rec, list); err != nil {
			uncounted = append(uncounted, err)
		}
		return true
	})
	return l, uncounted, err
}

// keepList makes the list anew when it is due, until ctx ends.
func (a *Publishing) keepList(ctx context.Context) {
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
		age := a.clock().Sub(last.at)
		due := age >= listEvery || age < -label.MaxClockSkew // the clock was set back
		if !due && (last.changes == a.changes.Load() || began.Before(next)) {
			continue
		}
		if err := a.RefreshList(); err != nil && label.ReasonOf(err) != label.ReasonClock {
			a.log.Error("making the status list", "err", err)
		}
		next = time.Now().Add(listPause * time.Since(began))
	}
}
