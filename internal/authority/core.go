package authority

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// A Store is what an Authority keeps its programme in.
type Store interface {
	// View calls f with a consistent view of all that was committed, and of
	// nothing that is not on disk. It must not wait for a Commit, but for the sync
	// of one whose batch it would show.
	View(f func(*store.View) error) error

	// Commit writes a batch durably and atomically, if the log head is still
	// the one the batch extends, and otherwise returns [store.ErrConflict]
	// having written nothing. After [store.ErrUnsynced] it may have written all
	// of the batch or none, and View and Commit return that error from then on.
	// After another error nothing was written. It is called by one goroutine at a
	// time.
	Commit(*store.Batch) error
}

// A core is what all rooms share: the store and its one writer, the door that acts go
// through, the clock, and what is remembered of the registry.
type core struct {
	store     Store
	programme *scheme.Programme
	issuer    *issue.Issuer
	trust     *verify.Trust
	audiences []string
	times     *timekeeper
	clock     func() time.Time // the present for reading: that of times
	log       *slog.Logger

	readOnly error // why nothing is written or signed; nil where it is
	behind   Lapse // what is said instead of how labels stand, where it is read-only

	writer     *writer
	signers    *signers
	work       *work
	head       atomic.Pointer[signedHead] // of the last commit
	callers    *lru.Cache[string, session]
	keys       *lru.Cache[string, *envelope.PublicKey] // parsed, by ID; whether one may be used is in its record
	enrolments atomic.Int64                            // counts the commits after which a caller may be another, or none
	distrust   atomic.Pointer[distrust]

	failures atomic.Int64 // labels of ours that did not verify; must stay zero
	alarms   atomic.Int64 // items that loops and lists went on past
	sounded  *lru.Cache[string, time.Time]

	quotas   *quotas
	space    func() (int64, error) // bytes that are free; nil where nobody knows
	reserve  int64                 // of them that are kept for the authority
	reserved atomic.Bool           // operators have been told that these are reached
}

// start begins with what was committed last: the clock goes on from it, its log head must
// be one that our log key signed, and what is distrusted follows from it.
func (a *core) start(c Config, v *store.View) error {
	if err := CheckStart(v.Committed(), c.Clock().Round(0)); err != nil {
		return err
	}
	a.times = newTimekeeper(c, v.Committed())
	a.clock = a.times.now
	head, err := v.Head()
	if err != nil {
		return err
	}
	cp, err := a.trust.OpenCheckpoint(head.Checkpoint)
	if err != nil {
		return label.Errorf(label.Internal, label.ReasonInternal, "", "the stored log head is not signed by the configured log key: %v", err)
	}
	if cp.Tree != head.Tree {
		return label.Errorf(label.Internal, label.ReasonInternal, "", "the stored log head differs from its checkpoint; run \"labeld check\"")
	}
	at, err := a.trust.SignedAt(head.Checkpoint)
	if err != nil {
		return err
	}
	a.head.Store(&signedHead{head, at})
	d, err := a.newDistrust(v)
	a.distrust.Store(d)
	return err
}

// Now returns the present by the authority's clock.
func (a *core) Now() time.Time { return a.clock() }

// present returns the present, and why nothing may be signed or written at it.
func (a *core) present() (time.Time, error) {
	now, err := a.times.present()
	if a.readOnly != nil {
		err = a.readOnly
	}
	return now, err
}

// ReadOnly returns why nothing is written or signed, and nil where it is.
func (a *core) ReadOnly() error { return a.readOnly }

// A Lapse is that the service may lack what happened since an instant.
type Lapse struct {
	Since time.Time
	Err   error // the answer to whoever asks how a label stands; nil where nothing is missing
}

// Behind returns since when what happened may be missing, which is what to answer
// instead of how a label stands.
func (a *core) Behind() Lapse { return a.behind }

// Writing returns why nothing can be written now, with the cause in the words of whatever
// failed, and nil where it can. While the
// last commit failed, one without anything in it is tried every few seconds.
func (a *core) Writing() error {
	if _, err := a.present(); err != nil {
		return err
	}
	if err := a.writer.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Programme returns the programme's data.
func (a *core) Programme() *scheme.Programme { return a.programme }

// Trust returns what verifiers are to trust.
func (a *core) Trust() *verify.Trust { return a.trust }

// Checkpoint returns the signed log head of the last commit.
func (a *core) Checkpoint() []byte {
	h, err := a.freshHead(a.head.Load().Head)
	if err != nil {
		a.log.Error("signing the log head anew", "err", err)
	}
	return h.Checkpoint
}

// A signedHead is a log head and when it was signed.
type signedHead struct {
	store.Head
	at time.Time
}

// heartbeat is how old the signature on the log head may grow before it is
// signed anew, with the same tree. The time in it tells those who check offline
// how much they can know.
const heartbeat = 30 * time.Second

// recent reports whether a head that was signed at a time can be shown now. One
// that is dated ahead is from before the clock was set back, and verifiers would
// not believe it.
func recent(signed, now time.Time) bool {
	age := now.Sub(signed)
	return age < heartbeat && age > -label.MaxClockSkew
}

// freshHead returns a head as it was committed, or, where nothing has happened
// since for a while, signed anew. That is the one signature that a read may
// cause, twice a minute at most. At a time that cannot be right nothing is
// signed; a head that was, before the clock was put right, is signed anew.
func (a *core) freshHead(h store.Head) (store.Head, error) {
	last := a.head.Load()
	if last.Tree != h.Tree {
		return h, nil // a commit is between the two; both are fresh
	}
	now, doubt := a.present()
	if doubt != nil || recent(last.at, now) {
		return last.Head, nil
	}
	signed, err := a.issuer.Checkpoint(h.Tree, now)
	if err != nil {
		return h, err
	}
	next := &signedHead{store.Head{Tree: h.Tree, Checkpoint: signed}, now}
	a.head.CompareAndSwap(last, next)
	return next.Head, nil
}

// LogSize returns the number of log entries.
func (a *core) LogSize() int64 { return a.head.Load().Tree.N }

// Failures returns how many of our own labels failed verification since the
// start. Anything but zero is an alarm.
func (a *core) Failures() int64 { return a.failures.Load() }

// View gives readers of public data, such as log tiles, a view of the store.
func (a *core) View(f func(*store.View) error) error { return a.store.View(f) }

// committed notes what a commit changed for all rooms.
func (a *core) committed(b *store.Batch) {
	a.enrolled(b)
	a.times.committed.Store(&b.At)
	if len(b.Entries) > 0 {
		a.head.Store(&signedHead{b.Head, b.At})
	}
}

// enrolled is called by the writer after each commit, and after one that failed:
// what is remembered of the registry is given up in any case.
func (a *core) enrolled(b *store.Batch) {
	callers, trusted := false, false
	for _, w := range b.Writes {
		switch w.(type) {
		case *store.Key, *store.Organization:
			callers, trusted = true, true
		case *store.Accreditation, *store.Strike:
			trusted = true
		}
	}
	if callers {
		a.enrolments.Add(1) // a revoked key must not live on in a session
		a.callers.Purge()
	}
	if trusted {
		if err := a.store.View(func(v *store.View) error {
			d, err := a.newDistrust(v)
			if err == nil {
				a.distrust.Store(d)
			}
			return err
		}); err != nil {
			a.log.Error("reading the registry after a change of it", "err", err)
		}
	}
}

// unknownLabel turns a store's not-found of a label into a refusal.
func unknownLabel(err error, field string, id label.ID) error {
	return found(err, label.ReasonUnknownLabel, field, "no label %s was issued here", id.Pretty())
}

// found turns a store's not-found into a refusal.
func found(err error, reason label.Reason, field, format string, args ...any) error {
	if errors.Is(err, store.ErrNotFound) {
		return label.Errorf(label.NotFound, reason, field, format, args...)
	}
	return err
}

// gone returns the refusal for a caller that went away.
func gone(ctx context.Context) error {
	return label.Errorf(label.Unavailable, label.ReasonConflict, "", "the call ended before it was decided: %v; repeat it", context.Cause(ctx))
}
