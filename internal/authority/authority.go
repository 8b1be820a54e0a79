// Package authority is the programme's one way to write, and the rules of who may do
// what. It is divided into rooms, by what people come for. Each is a type over one core,
// and each use case has its file:
//
//	core             what all rooms share
//	  core.go          the store, the log head, and what is remembered of the registry
//	  caller.go        who calls: tokens to callers
//	  door.go          acts: who may, who has to agree, and what the audit trail says
//	  waiting.go       requests that wait for others to agree
//	  signers.go       whose signature under a statement counts
//	  distrust.go      which accepted evidence no longer counts
//	  quota.go         what organizations may have, and the reserve on the disk
//	  clock.go         times that cannot be right
//	  writer.go        group commit
//	  sign.go          what operations have signed beside the writer
//	  failure.go       one bad item, and going on past it
//	  cursor.go        pages of lists, and their tokens
//	  reasons.go       the reasons that this package gives by itself
//	[Registry]       organizations, their people and keys
//	  registry.go      what is changed by signed requests: organizations, persons, keys, accreditations
//	  person.go        persons, and their keys
//	  acttable.go      the table of acts
//	  recover.go       a key for somebody, from whoever runs the service
//	  enrol.go         what changes with them
//	  notice.go        what organizations are told
//	  hook.go          their webhooks
//	[Evidence]       devices, and what is shown about them
//	  register.go      device descriptors
//	  alike.go         devices that look like another manufacturer's
//	  picture.go       pictures of products
//	  submit.go        signed evidence
//	  evidence.go      places for evidence, and what of it counts
//	  worth.go         whether an accepted statement counts, and why not
//	  hold.go          what is open about a product, and stops new labels for it
//	[Publishing]     labels as anybody may see them
//	  publish.go       a label, and how it stands
//	  draft.go         what proves them, and what of a long history a package leaves out
//	  statuslist.go    the signed list of how all labels stand
//	  tally.go         the signed tally of all histories, which shows that none is cut off
//	  changes.go       the log as a feed of changes
//	  taken.go         barcode numbers that were moved to another manufacturer
//	  list.go          lists
//	[Issuing]        labels, from the request to the end of their lives
//	  request.go       evaluating, and issuing labels
//	  decision.go      refusals, and reading what followed from them
//	  change.go        changing the state of labels
//	  renew.go         a new label in place of another
//	  rejudge.go       live labels, when something became known about their devices
//	  verdict.go       what judging one of them comes to
//	  schemelog.go     versions of schemes, in the log before their first use
//	  settle.go        what operators are told who settle what was open
//	  room.go          who may add how much to a label's history
//	  devices.go       the devices of a manufacturer, and what is open about them
//	[Events]         what failed or ended, and what follows from it
//	  report.go        reports of what failed: who may, and what they change in the registry
//	  reportnote.go    what whoever reports has to know
//	  outlook.go       what would follow from a report
//	  event.go         events about products, statements and control
//	  open.go          which event comes next
//	  propagate.go     which labels an event touches
//	  consequence.go   what becomes of them
//	  advise.go        advisories about products
//	  advisenew.go     those that are on record, and labels that are issued later
//	  advisoryref.go   what an advisory says of one label, and what a later release leaves out
//	  overdue.go       the clock on what manufacturers declared about weaknesses
//	[Oversight]      looking again at what was done
//	  appeal.go        appeals against refusals, and rulings on them
//	  complaint.go     what people in shops report
//	  surveillance.go  what is tested again, and which labs to ask about
//	  audit.go         the head of the audit trail, in the log
//	  auditlist.go     reading the audit trail
//	  watch.go         what the passing of time brings about
//
// A method is in the file of its subject, whatever room it is of. work.go has what goes on
// beside requests, and check.go and check_*.go check a whole store.
//
// # The path of a label
//
// A request reads a consistent view of the device and its evidence, judges,
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

// An Authority runs a label programme. What it does is divided into rooms by what people
// come for. A room knows those that it needs, and none of them knows it.
type Authority struct {
	*core
	*Registry
	*Evidence
	*Publishing
	*Issuing
	*Events
	*Oversight
}

// Registry is where organizations, their people and keys are enrolled and laboratories
// accredited, and where organizations are told what concerns them.
type Registry struct {
	*core
	evidence     *Evidence
	privateHooks bool // webhooks may lead to private addresses
}

// Evidence is where devices are registered, and what is shown about them is taken,
// kept, and counted or not.
type Evidence struct {
	*core
	decoding *meter.Gate[string] // of pictures, by organization
}

// Publishing is where anybody sees how labels stand, and gets what proves it.
type Publishing struct {
	*core
	evidence   *Evidence
	published  *lru.Cache[label.ID, cachedLabel]
	products   *lru.Cache[label.GTIN, choice]
	registered atomic.Int64 // counts the commits after which a product may have another label
	changes    atomic.Int64 // commits with statuses since the start
	list       atomic.Pointer[statusList]
	tally      atomic.Pointer[signedTally]
	listing    sync.Mutex // held while list and tally are made
	listFailed time.Time  // when a reader needed a tally, and none could be made; guarded by listing
}

// Issuing is where labels are asked for and issued, and where they live: their states,
// their renewal, and judging them again when something became known.
type Issuing struct {
	*core
	evidence   *Evidence
	publishing *Publishing
	advisories *lru.Cache[label.Digest, *advisory.Advisory] // read
	open       *openEvents                                  // security events come before judging again
}

// Events is where it is reported that something failed or ended (a laboratory, a key, a
// piece of evidence, a product), and where that has its consequences.
type Events struct {
	*core
	registry   *Registry
	evidence   *Evidence
	publishing *Publishing
	issuing    *Issuing
	open       *openEvents
	chunk      int // how many labels an event changes in one operation
}

// Oversight is where what the authority did is looked at again: appeals, complaints,
// surveillance, the audit trail, and what the passing of time brings about.
type Oversight struct {
	*core
	evidence    *Evidence
	issuing     *Issuing
	events      *Events
	openReports openReports // the writer's goroutine's
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
	a, err := furnish(c)
	if err != nil {
		return nil, err
	}
	firstActs := false
	var refiled []*scheme.Scheme
	err = c.Store.View(func(v *store.View) error {
		if err := a.start(c, v); err != nil {
			return err
		}
		if firstActs, err = a.Registry.checkActs(v); err == nil && a.readOnly == nil {
			refiled, err = a.Issuing.refiled(v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	a.writer = newWriter(a.core, a.committed, a.failed)
	if a.readOnly != nil {
		a.rest()
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

// furnish makes the rooms of an authority.
func furnish(c Config) (*Authority, error) {
	shared := &core{
		store: c.Store, programme: c.Programme, issuer: c.Issuer, trust: c.Trust,
		audiences: c.Audiences, readOnly: c.ReadOnly, log: c.Log, space: c.Space, reserve: c.Reserve,
		signers: newSigners(c.Issuer, cmp.Or(c.Signers, DefaultSigners)),
	}
	evidence := &Evidence{core: shared, decoding: meter.NewGate[string](decoders, waitingPerOrg, waitingDecodes)}
	registry := &Registry{core: shared, evidence: evidence, privateHooks: c.PrivateWebhooks}
	publishing := &Publishing{core: shared, evidence: evidence}
	open := &openEvents{list: map[label.Digest]*openEvent{}}
	issuing := &Issuing{core: shared, evidence: evidence, publishing: publishing, open: open}
	events := &Events{
		core: shared, registry: registry, evidence: evidence, publishing: publishing, issuing: issuing,
		open: open, chunk: cmp.Or(c.Chunk, propagationChunk),
	}
	oversight := &Oversight{core: shared, evidence: evidence, issuing: issuing, events: events}
	var err error
	if shared.quotas, err = newQuotas(c.Quotas); err != nil {
		return nil, err
	}
	if shared.callers, err = lru.New[string, session](callerCache); err != nil {
		return nil, err
	}
	if shared.keys, err = lru.New[string, *envelope.PublicKey](keyCache); err != nil {
		return nil, err
	}
	if shared.sounded, err = lru.New[string, time.Time](soundedCache); err != nil {
		return nil, err
	}
	if publishing.products, err = lru.New[label.GTIN, choice](productCache); err != nil {
		return nil, err
	}
	if publishing.published, err = lru.New[label.ID, cachedLabel](publishedCache); err != nil {
		return nil, err
	}
	if issuing.advisories, err = lru.New[label.Digest, *advisory.Advisory](advisoryCache); err != nil {
		return nil, err
	}
	return &Authority{shared, registry, evidence, publishing, issuing, events, oversight}, nil
}

// rest has an authority that is read-only do nothing by itself.
func (a *Authority) rest() {
	since := a.times.committed.Load().UTC().Truncate(time.Second)
	a.behind = Lapse{since, label.Errorf(label.Unavailable, label.ReasonReadOnly, "",
		"this service is behind what it once served: what happened since %s may be missing, such as that a label was suspended, so nothing is said of how labels stand", since.Format(time.RFC3339))}
	a.list.Store(&statusList{})
	a.tally.Store(&signedTally{tree: &tally.Tree{}})
	a.work = idle()
}

// Close refuses new work, finishes what was begun, and stops the writer.
func (a *Authority) Close() {
	a.work.stop()
	a.writer.close()
}

// committed is called by the writer after each commit.
func (a *Authority) committed(b *store.Batch) {
	a.core.committed(b) // first: whoever is woken below judges by it
	a.Publishing.committed(b)
	a.Events.committed(b)
	a.Oversight.committed(b)
	for _, w := range b.Writes {
		switch w.(type) {
		case *store.Judgement:
			a.work.wake()
		case *store.Label:
			signal(a.work.issued)
		}
	}
}

// failed is called by the writer after a commit that failed: the store may have it or not.
func (a *Authority) failed(b *store.Batch) {
	a.core.enrolled(b)
	a.openReports.known = false // they are counted anew
}
