// Package authority is the programme's one way to write, and the rules of who
// may do what. Each use case has its file:
//
//	caller.go        who calls: tokens to callers
//	door.go          acts: who may, who has to agree, and what the audit trail says
//	registry.go      organizations, persons, keys, accreditations
//	enrol.go         what changes with them
//	register.go      device descriptors
//	hold.go          what is open about a product, and stops new labels for it
//	alike.go         devices that look like another manufacturer's
//	picture.go       pictures of products
//	signers.go       whose signature under a statement counts
//	submit.go        signed evidence
//	evidence.go      places for evidence, and what of it counts
//	worth.go         whether an accepted statement counts, and why not
//	request.go       evaluating, and issuing labels
//	decision.go      refusals, and reading what followed from them
//	appeal.go        appeals against refusals, and rulings on them
//	change.go        changing the state of labels
//	reasons.go       the reasons that this package gives by itself
//	renew.go         a new label in place of another
//	rejudge.go       live labels, when something became known about their devices
//	waiting.go       requests that wait for others to agree
//	settle.go        what operators are told who settle what was open
//	room.go          who may add how much to a label's history
//	report.go        reports of what failed: who may, and what they change in the registry
//	reportnote.go    what whoever reports has to know
//	event.go         events about products, statements and control
//	propagate.go     which labels an event touches
//	consequence.go   what becomes of them
//	open.go          which event comes next
//	failure.go       one bad item, and going on past it
//	advise.go        advisories about products
//	advisoryref.go   what an advisory says of one label, and what a later release leaves out
//	overdue.go       the clock on what manufacturers declared about weaknesses
//	quota.go         what organizations may have, and the reserve on the disk
//	complaint.go     what people in shops report
//	changes.go       the log as a feed of changes
//	surveillance.go  what is tested again, and which labs to ask about
//	statuslist.go    the signed list of how all labels stand
//	tally.go         the signed tally of all histories, which shows that none is cut off
//	notice.go        what organizations are told
//	hook.go          their webhooks
//	watch.go         what the passing of time brings about
//	work.go          what goes on beside requests
//	distrust.go      which accepted evidence no longer counts
//	publish.go       labels as anybody may see them
//	draft.go         what proves them, and what of a long history a package leaves out
//	audit.go         the head of the audit trail, in the log
//	auditlist.go     reading the audit trail
//	list.go          lists
//	cursor.go        pages of them, and their tokens
//	devices.go       the devices of a manufacturer, and what is open about them
//	check.go         checking a whole store; check_*.go each check one kind of record
//	clock.go         times that cannot be right
//	writer.go        group commit
//	sign.go          what operations have signed beside the writer
//
// # The path of a label
//
// A request reads a consistent picture of the device and its evidence, judges,
// and signs, all without a lock and beside other requests. What it has then is
// an operation: a few claims (what it decides about), and a function that checks
// the committed state once more and adds to a batch. One goroutine, the writer,
// gathers operations, computes the next log head over their entries, signs the
// checkpoint, and commits everything in one transaction with one fsync. That
// commit is the one point of no return: before it nothing is visible, after it
// everything is.
//
// Operations with a claim in common never share a batch, so that each is checked
// against what the other did. Between judging and committing evidence may have
// arrived; the operation notices, and the request judges again.
//
// What can be said only by the committed state, such as the next status of a label, is
// prepared by the operation itself. It is signed beside the writer, which goes on
// meanwhile, and the operation is checked once more when that is done (sign.go).
//
// # Whose signature counts
//
// A statement may come with several signatures: of a laboratory and of the
// manufacturer who read the report, of a retired key and of the one that
// replaced it, of a stranger. It is accepted if one of them is acceptable: made
// with a key of the organization that the statement speaks for (or, where
// statements of its type name nobody, of one that has the role), which may be
// used now. The others neither help nor hurt. Neither does the order of the
// signatures, and what they name as their keys is a hint only. The keys tried
// are those that the statement names, as far as they are enrolled, and some of
// the organization that it speaks for, or that sends it where it names nobody;
// [label.MaxKeysTried] and [label.MaxSignatures] bound the work. A key of
// somebody else that fits a signature as well, which can be made up for some
// kinds of signatures, keeps no other key from being tried.
//
// Where several are acceptable, the caller's own come before others', and of one
// organization the key that is in use last. Only requests for changes of labels
// count all of them, because some take two operators.
//
// # What organizations may cost
//
// Whoever is enrolled may send much, and must not keep others from being served.
// Pictures are bounded before they are decoded, and decoded by turns: one of each
// organization at a time, beside each other and outside of every lock.
//
// What people in shops report is never refused because others report much. Beyond
// some reports about a label, and beyond some thousands in all, reports are merged
// into others (complaint.go), and taking one costs the same however many there are.
//
// Organizations have quotas of devices, pictures and test notices, and of what they
// send in a day; operators have none. And where the disk is almost full, nothing of
// strangers is taken any more: the rest is kept so that labels can be suspended and
// revoked, events reported and keys revoked (quota.go).
//
// # When a commit fails
//
// The callers are told to repeat the request, which is safe, since every request
// is idempotent: a device, a statement, an organization or a label that is there is
// returned. Where nothing was written, since the disk was full, the next batch is
// tried as if nothing had been; while no batch comes, an empty one is tried now and
// then ([Authority.Writing]). Where the batch may be on disk or not, the store
// answers nothing more ([store.ErrUnsynced]), so that nobody who repeats is told of
// what a power cut would take back, and the process is to end. The writer holds no
// state of its own: after the restart the same requests go the same way.
//
// # Read only
//
// An authority that is given a reason to be read-only ([Config.ReadOnly]) writes
// and signs nothing: its store is an older copy, or beside what was served before,
// and a signature of today would give what it says a look of being current. What
// was signed before is shown, with its dates; there is no status list, and no label
// is shown with a proof that its history is complete.
//
// What happened since its last commit may be missing, such as a suspension. So whoever
// answers for it says of no label how it stands: [Authority.Behind] is the answer to all
// who ask, people and programs. What does not follow from what happened to labels is
// served: the log, keys, what is signed and proves only that it was.
package authority

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/advisory"
	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/meter"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/tally"
	"labeld/internal/verify"
)

// A Store is what an Authority keeps its programme in.
type Store interface {
	// View calls f with a consistent picture of all that was committed, and of
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

// An Authority runs a label programme.
type Authority struct {
	store     Store
	programme *scheme.Programme
	issuer    *issue.Issuer
	trust     *verify.Trust
	audiences []string
	times     *timekeeper
	clock     func() time.Time // the present for reading: that of times
	log       *slog.Logger

	privateHooks bool
	readOnly     error // why nothing is written or signed; nil where it is
	behind       Lapse // what is said instead of how labels stand, where it is read-only
	chunk        int   // how many labels an event changes in one operation
	signers      *signers

	writer     *writer
	work       *work
	head       atomic.Pointer[signedHead] // of the last commit
	callers    *lru.Cache[string, session]
	keys       *lru.Cache[string, *envelope.PublicKey]      // parsed, by ID; whether one may be used is in its record
	advisories *lru.Cache[label.Digest, *advisory.Advisory] // read
	published  *lru.Cache[label.ID, kept]
	products   *lru.Cache[label.GTIN, choice]
	registered atomic.Int64 // counts the commits after which a product may have another label
	registry   atomic.Int64 // counts the commits after which a caller may be another, or none
	distrust   atomic.Pointer[distrust]
	list       atomic.Pointer[statusList]
	tally      atomic.Pointer[signedTally]
	listing    sync.Mutex          // held while list and tally are made
	listFailed time.Time           // when a reader needed a tally, and none could be made; guarded by listing
	decoding   *meter.Gate[string] // of pictures, by organization
	changes    atomic.Int64        // commits with statuses since the start
	failures   atomic.Int64        // labels of ours that did not verify; must stay zero
	alarms     atomic.Int64        // items that loops and lists went on past
	sounded    *lru.Cache[string, time.Time]
	events     openEvents

	openReports openReports // the writer's goroutine's
	quotas      *quotas
	space       func() (int64, error) // bytes that are free; nil where nobody knows
	reserve     int64                 // of them that are kept for the authority
	reserved    atomic.Bool           // operators have been told that these are reached
}

// Config is what an [Authority] is made of.
type Config struct {
	Store           Store
	Programme       *scheme.Programme
	Issuer          *issue.Issuer
	Trust           *verify.Trust    // what we tell others to trust; our own labels are checked against it
	Audiences       []string         // names by which callers' tokens may address us
	PrivateWebhooks bool             // webhooks may lead to private addresses
	Clock           func() time.Time // the present; time.Now but in tests
	Log             *slog.Logger

	Quotas Quotas

	// Space returns how many bytes are free for the store, and Reserve is how many
	// of them are kept for the authority's own acts. Where Space is nil nothing is.
	Space   func() (int64, error)
	Reserve int64

	// ReadOnly is why nothing may be written or signed: what is shown to whoever
	// asks for it. Default: nil, everything may.
	ReadOnly error

	// Signers is how many statements are signed at the same time: as many as the key
	// management system answers at a time that holds the label key. Default: 16.
	Signers int

	// Chunk is how many labels the consequences of an event change in one operation.
	// Default: propagationChunk.
	Chunk int

	// Elapsed is the time that has passed since some moment, by a clock that nobody
	// sets: Clock is held to it. Default: that of the machine since New.
	Elapsed func() time.Duration
}

// Sizes of the caches: a rendered label is about 25 KiB, a session or a parsed
// key less than 1 KiB, a product some hundred bytes, an advisory up to some
// megabytes.
const (
	publishedCache = 2048
	productCache   = 16384
	callerCache    = 4096
	keyCache       = 4096
	advisoryCache  = 64
	soundedCache   = 1024
)

// New starts an authority on a store. The log head in the store must be one
// that our log key signed, and the present one that can be right ([CheckStart]).
func New(c Config) (*Authority, error) {
	if err := checkReasons(c.Programme); err != nil {
		return nil, err
	}
	a := &Authority{
		store: c.Store, programme: c.Programme, issuer: c.Issuer, trust: c.Trust,
		audiences: c.Audiences, privateHooks: c.PrivateWebhooks, readOnly: c.ReadOnly, log: c.Log,
		decoding: meter.NewGate[string](decoders, waitingPerOrg, waitingDecodes), space: c.Space, reserve: c.Reserve,
		chunk: cmp.Or(c.Chunk, propagationChunk), signers: newSigners(c.Issuer, cmp.Or(c.Signers, DefaultSigners)),
	}
	var err error
	if a.quotas, err = newQuotas(c.Quotas); err != nil {
		return nil, err
	}
	if a.callers, err = lru.New[string, session](callerCache); err != nil {
		return nil, err
	}
	if a.keys, err = lru.New[string, *envelope.PublicKey](keyCache); err != nil {
		return nil, err
	}
	if a.advisories, err = lru.New[label.Digest, *advisory.Advisory](advisoryCache); err != nil {
		return nil, err
	}
	if a.products, err = lru.New[label.GTIN, choice](productCache); err != nil {
		return nil, err
	}
	if a.sounded, err = lru.New[string, time.Time](soundedCache); err != nil {
		return nil, err
	}
	a.events.list = map[label.Digest]*openEvent{}
	if a.published, err = lru.New[label.ID, kept](publishedCache); err != nil {
		return nil, err
	}
	firstActs := false
	var refiled []*scheme.Scheme
	err = c.Store.View(func(v *store.View) error {
		if err := CheckStart(v.Committed(), c.Clock().Round(0)); err != nil {
			return err
		}
		a.times = newTimekeeper(c, v.Committed())
		a.clock = a.times.now
		head, err := v.Head()
		if err != nil {
			return err
		}
		cp, err := c.Trust.OpenCheckpoint(head.Checkpoint)
		if err != nil {
			return label.Errorf(label.Internal, label.ReasonInternal, "", "the stored log head is not signed by the configured log key: %v", err)
		}
		if cp.Tree != head.Tree {
			return label.Errorf(label.Internal, label.ReasonInternal, "", "the stored log head differs from its checkpoint; run \"labeld check\"")
		}
		at, err := c.Trust.SignedAt(head.Checkpoint)
		if err != nil {
			return err
		}
		a.head.Store(&signedHead{head, at})
		d, err := a.newDistrust(v)
		a.distrust.Store(d)
		if err == nil {
			firstActs, err = a.checkActs(v)
		}
		if err == nil && a.readOnly == nil {
			refiled, err = a.refiled(v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a.writer = newWriter(a)
	if a.readOnly != nil {
		since := a.times.committed.Load().UTC().Truncate(time.Second)
		a.behind = Lapse{since, label.Errorf(label.Unavailable, label.ReasonReadOnly, "",
			"this service is behind what it once served: what happened since %s may be missing, such as that a label was suspended, so nothing is said of how labels stand", since.Format(time.RFC3339))}
		a.list.Store(&statusList{})
		a.tally.Store(&signedTally{tree: &tally.Tree{}})
		a.work = idle()
		return a, nil
	}
	if firstActs {
		err = a.writer.do(context.Background(), nil, func(_ *store.View, b *batch) error {
			b.Add(&store.Adoption{SHA256: a.programme.ActsSHA256, At: b.At.UTC()})
			return nil
		})
	}
	if err == nil && len(refiled) > 0 {
		err = a.writer.do(context.Background(), nil, func(v *store.View, b *batch) error { return a.logAgain(v, b, refiled) })
	}
	if err == nil {
		err = a.RefreshList()
	}
	if err != nil {
		a.writer.close()
		return nil, err
	}
	if err := a.logOldAuditHead(context.Background()); err != nil { // of what was done before the last end
		a.alarm("logging the head of the audit trail", "", err)
	}
	a.startWork()
	return a, nil
}

// Close refuses new work, finishes what was begun, and stops the writer.
func (a *Authority) Close() {
	a.work.stop()
	a.writer.close()
}

// Now returns the present by the authority's clock.
func (a *Authority) Now() time.Time { return a.clock() }

// present returns the present, and why nothing may be signed or written at it.
func (a *Authority) present() (time.Time, error) {
	now, err := a.times.present()
	if a.readOnly != nil {
		err = a.readOnly
	}
	return now, err
}

// ReadOnly returns why nothing is written or signed, and nil where it is.
func (a *Authority) ReadOnly() error { return a.readOnly }

// A Lapse is that the service may lack what happened since an instant.
type Lapse struct {
	Since time.Time
	Err   error // the answer to whoever asks how a label stands; nil where nothing is missing
}

// Behind returns since when what happened may be missing, which is what to answer
// instead of how a label stands.
func (a *Authority) Behind() Lapse { return a.behind }

// Writing returns why nothing can be written now, with the cause in the words of whatever
// failed, and nil where it can. While the
// last commit failed, one without anything in it is tried every few seconds.
func (a *Authority) Writing() error {
	if _, err := a.present(); err != nil {
		return err
	}
	if err := a.writer.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Programme returns the programme's data.
func (a *Authority) Programme() *scheme.Programme { return a.programme }

// Trust returns what verifiers are to trust.
func (a *Authority) Trust() *verify.Trust { return a.trust }

// Checkpoint returns the signed log head of the last commit.
func (a *Authority) Checkpoint() []byte {
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
func (a *Authority) freshHead(h store.Head) (store.Head, error) {
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
func (a *Authority) LogSize() int64 { return a.head.Load().Tree.N }

// Failures returns how many of our own labels failed verification since the
// start. Anything but zero is an alarm.
func (a *Authority) Failures() int64 { return a.failures.Load() }

// View gives readers of public data, such as log tiles, a picture of the store.
func (a *Authority) View(f func(*store.View) error) error { return a.store.View(f) }

// committed is called by the writer after each commit.
func (a *Authority) committed(b *store.Batch) {
	a.enrolled(b) // first: whoever is woken below judges by it
	a.times.committed.Store(&b.At)
	if len(b.Entries) > 0 {
		a.head.Store(&signedHead{b.Head, b.At})
	}
	var did struct{ status, product, ruling, event, judgement, label bool }
	for _, w := range b.Writes {
		switch w := w.(type) {
		case *store.Status:
			did.status, did.product = true, true
			a.published.Remove(w.Label)
		case *store.Device, *store.Hold:
			did.product = true
		case *store.GTINMove, *store.Strike:
			did.product, did.ruling = true, true
		case *store.Key:
			did.ruling = did.ruling || !w.Compromised.IsZero()
		case *store.Label:
			did.product, did.label = true, true
		case *store.Event:
			did.event = true
		case *store.Complaint:
			if a.openReports.known {
				a.openReports.put(w)
			}
		case *store.Picture:
			a.pictured(w.Digest)
		case *store.Judgement:
			did.judgement = true
		}
	}
	if did.status {
		a.changes.Add(1)
	}
	if did.ruling {
		a.published.Purge() // those with the number, or on the ruling, are few, and these are rare
	}
	if did.product {
		a.registered.Add(1)
	}
	if did.event {
		if err := a.read(func(v *store.View) error {
			for e := range store.Writes[*store.Event](b) {
				a.events.put(v, e)
			}
			return nil
		}); err != nil {
			a.log.Error("remembering which events are open", "err", err) // Propagate reads them again
		}
	}
	if did.judgement {
		a.work.wake()
	}
	if did.label {
		signal(a.work.issued)
	}
}

// enrolled is called by the writer after each commit, and after one that failed:
// what is remembered of the registry is given up in any case.
func (a *Authority) enrolled(b *store.Batch) {
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
		a.registry.Add(1) // a revoked key must not live on in a session
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
