// Package labeltest is the world that tests live in: an authority on a real
// store with keys of its own, a clock that tests set, a lab and a manufacturer,
// and the evidence of labels/examples, signed. When a test ends, the store is
// checked as "labeld check" would.
//
// Only tests import it.
package labeltest

import (
	"cmp"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/token"
	"labeld/internal/translog"
	"labeld/internal/verify"
	"labeld/labels"
)

// The parties of every world.
const (
	Operator = "test-authority"
	Lab      = "aurora-lab"
	Maker    = "northlight" // of the camera and the plug
	ToyMaker = "merrimake"  // of the toy
	Origin   = "labels.test/log"
	Base     = "https://labels.test"
	Audience = "labels.test:8443"

	First  = "ann" // persons of the operator
	Second = "ben"
)

// Start is when the clock of a world begins.
var Start = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)

// A Clock tells the time that a test sets. It moves on by itself only a little,
// so that no two readings are alike. It is two clocks: the one on the wall, and
// the monotonic one that nobody can set. Set lets time pass, by both; Jump sets
// the clock on the wall, as a fault does.
type Clock struct {
	mu     sync.Mutex
	now    time.Time
	jumped time.Duration
}

// Now returns the time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Microsecond)
	return c.now
}

// Set sets the time, as if that much of it had passed.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t
}

// Jump sets the clock on the wall ahead or back, while no time passes.
func (c *Clock) Jump(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.jumped = c.now.Add(by), c.jumped+by
}

// Elapsed is what the monotonic clock says.
func (c *Clock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now.Sub(Start) - c.jumped
}

// AllMethods are the methods of assessment that the world's laboratory may use.
var AllMethods = []label.Method{"document-review", "functional-test", "source-review", "binary-analysis", "penetration-test"}

// A World is a running programme.
type World struct {
	TB        testing.TB
	Dir       string
	Clock     *Clock
	Programme *scheme.Programme
	Store     *store.Store
	Trust     *verify.Trust
	Issuer    *issue.Issuer
	Authority *authority.Authority
	Signers   map[string]*envelope.Signer // by organization
	Second    *envelope.Signer            // of another person of the operator

	PrivateWebhooks bool // from the next Restart on
	Quotas          authority.Quotas
	Space           func() (int64, error)
	Reserve         int64
	ReadOnly        error
	Chunk           int          // labels that an event changes in one operation
	ParallelSigners int          // statements that are signed at the same time
	Log             *slog.Logger // of the authority; nobody reads it where nil

	wrap func(authority.Store) authority.Store
}

// New returns a world with an operator, an accredited lab and two
// manufacturers. Wrap, if not nil, stands between authority and store.
func New(tb testing.TB, wrap func(authority.Store) authority.Store) *World {
	tb.Helper()
	return NewWithKey(tb, wrap, NewSigner(tb))
}

// NewAlone is New with one person only who works for the authority, and a laboratory that
// is not accredited yet.
func NewAlone(tb testing.TB) *World {
	tb.Helper()
	w := newWorld(tb, labels.FS, nil, NewSigner(tb))
	w.operate(First)
	w.Enrol(Lab, label.RoleLab)
	w.Enrol(Maker, label.RoleManufacturer)
	return w
}

// NewWithKey is New with a label key.
func NewWithKey(tb testing.TB, wrap func(authority.Store) authority.Store, labelKey *envelope.Signer) *World {
	tb.Helper()
	return equip(newWorld(tb, labels.FS, wrap, labelKey))
}

// NewOf is New with a programme, such as [FilesWith] returns.
func NewOf(tb testing.TB, files fs.FS) *World {
	tb.Helper()
	return equip(newWorld(tb, files, nil, NewSigner(tb)))
}

// equip makes the parties.
func equip(w *World) *World {
	w.TB.Helper()
	w.operate(First, Second)
	w.Enrol(Lab, label.RoleLab)
	w.Enrol(Maker, label.RoleManufacturer)
	w.Enrol(ToyMaker, label.RoleManufacturer)
	w.Accredit(Lab, nil)
	return w
}

// newWorld is a world without parties.
func newWorld(tb testing.TB, files fs.FS, wrap func(authority.Store) authority.Store, labelKey *envelope.Signer) *World {
	tb.Helper()
	w := &World{TB: tb, Dir: tb.TempDir(), Clock: &Clock{now: Start}, Signers: map[string]*envelope.Signer{}, wrap: wrap}
	var err error
	w.Programme, err = scheme.Load(files)
	w.must(err)
	w.keys(labelKey)
	head := store.Head{Tree: translog.Empty()}
	head.Checkpoint, err = w.Issuer.Checkpoint(head.Tree, Start)
	w.must(err)
	w.must(store.Create(w.Dir, Origin, head, Start))
	w.open()
	tb.Cleanup(func() {
		w.Authority.Close()
		w.Check()
		w.must(w.Store.Close())
	})
	return w
}

func (w *World) must(err error) {
	w.TB.Helper()
	if err != nil {
		w.TB.Fatal(err)
	}
}

// NewPrivateKey makes an ECDSA P-256 key for a stand-in of a key management system.
func NewPrivateKey(tb testing.TB) crypto.PrivateKey {
	tb.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}

// NewSigner makes an ECDSA P-256 key.
func NewSigner(tb testing.TB) *envelope.Signer {
	tb.Helper()
	priv, _, err := envelope.GenerateKey("ecdsa-p256", nil)
	if err != nil {
		tb.Fatal(err)
	}
	s, err := envelope.ParseSigner(priv, nil)
	if err != nil {
		tb.Fatal(err)
	}
	made.Store(s.Public.ID, s)
	return s
}

// made are the keys of all tests, by ID.
var made sync.Map

// Sign signs a statement that the issuer has prepared.
func (w *World) Sign(u *issue.Unsigned, err error) *issue.Signed {
	w.TB.Helper()
	w.must(err)
	s, err := w.Issuer.Sign(u)
	w.must(err)
	return s
}

func (w *World) keys(labelKey *envelope.Signer) {
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	w.must(err)
	logKey, err := translog.NewSigner(Origin, priv)
	w.must(err)
	vkey, err := logKey.VKey()
	w.must(err)
	party := label.Party{ID: Operator, Name: "Test Authority"}
	w.Trust = &verify.Trust{
		Type: label.TypeTrust, Authority: party, URL: Base,
		LabelKeys: []verify.TrustKey{{ID: labelKey.Public.ID, PEM: labelKey.Public.PEM}},
		Log:       verify.TrustLog{Origin: Origin, VKey: vkey, URL: Base + "/log/"},
		Schemes:   w.Programme.Refs(),
	}
	w.must(w.Trust.Prepare())
	w.Issuer = issue.New(party, labelKey, logKey, func(id label.ID) string { return qr.URL(Base, id) }, rand.Reader)
}

func (w *World) open() {
	var err error
	w.Store, err = store.Open(w.Dir)
	w.must(err)
	w.must(w.start())
}

// start starts the authority on the open store.
func (w *World) start() (err error) {
	var s authority.Store = w.Store
	if w.wrap != nil {
		s = w.wrap(s)
	}
	a, err := authority.New(authority.Config{
		Store: s, Programme: w.Programme, Issuer: w.Issuer, Trust: w.Trust,
		Audiences: []string{Audience}, PrivateWebhooks: w.PrivateWebhooks, Clock: w.Clock.Now, Elapsed: w.Clock.Elapsed,
		Quotas: w.Quotas, Space: w.Space, Reserve: w.Reserve, ReadOnly: w.ReadOnly, Chunk: w.Chunk, Signers: w.ParallelSigners,
		Log: cmp.Or(w.Log, slog.New(slog.NewTextHandler(io.Discard, nil))),
	})
	if err == nil {
		w.Authority = a
	}
	return err
}

// Restart closes the authority and the store and opens them again. Where that is
// long after the last commit, the operator says that the clock is right.
func (w *World) Restart() {
	w.TB.Helper()
	if err := w.TryRestart(); label.ReasonOf(err) == label.ReasonClock {
		w.must(w.Store.AcceptClock(w.Clock.Now()))
		w.must(w.start())
	} else {
		w.must(err)
	}
}

// TryRestart is Restart by an operator who does not look at the clock. After an
// error no authority runs.
func (w *World) TryRestart() error {
	w.TB.Helper()
	w.Authority.Close()
	w.must(w.Store.Close())
	var err error
	w.Store, err = store.Open(w.Dir)
	w.must(err)
	return w.start()
}

// Reopen starts the authority on the store after [World.TryRestart] has failed.
func (w *World) Reopen() error { return w.start() }

// Token is a caller's token of an organization.
func (w *World) Token(org string) string {
	w.TB.Helper()
	raw, err := token.New(w.Signers[org], org, Audience, w.Clock.Now())
	w.must(err)
	return raw
}

// Check fails the test if anything in the store is wrong.
func (w *World) Check() {
	w.TB.Helper()
	w.must(authority.Check(context.Background(), w.Store, w.Trust, w.Programme, Problems(func(p string) { w.TB.Errorf("store check: %s", p) })))
}

// operate enrols the operator with its persons, as "labeld init" does with the first.
func (w *World) operate(persons ...string) {
	w.TB.Helper()
	w.Signers[Operator], w.Second = NewSigner(w.TB), NewSigner(w.TB)
	b := &store.Batch{At: w.Clock.Now(), From: translog.Empty()}
	b.Add(&store.Organization{ID: Operator, Name: "Test Authority", Roles: []label.Role{label.RoleOperator}, Enrolled: Start})
	for _, id := range persons {
		s := w.Signers[Operator]
		if id == Second {
			s = w.Second
		}
		b.Add(&store.Person{ID: id, Organization: Operator, Added: Start},
			&store.Key{ID: s.Public.ID, Organization: Operator, PEM: s.Public.PEM, Algorithm: s.Public.Algorithm, From: Start, Enrolled: Start, Person: id})
	}
	w.must(w.Store.Commit(b))
}

// Caller returns an organization as caller.
func (w *World) Caller(org string) authority.Caller {
	w.TB.Helper()
	var c authority.Caller
	w.must(w.Store.View(func(v *store.View) error {
		o, err := v.Org(org)
		if err != nil {
			return err
		}
		k, err := v.Key(w.Signers[org].Public.ID)
		if err != nil {
			return err
		}
		c = authority.Caller{Org: org, Roles: o.Roles, Key: k.ID, Person: k.Person}
		return nil
	}))
	return c
}

// SecondCaller returns the other person of the operator as caller.
func (w *World) SecondCaller() authority.Caller {
	w.TB.Helper()
	c := w.Caller(Operator)
	c.Key, c.Person = w.Second.Public.ID, Second
	return c
}

// Example returns an example device and its evidence, dated for the world's
// present.
func (w *World) Example(name string) *example.Example {
	w.TB.Helper()
	e, err := example.Load(labels.FS, name, label.DateOf(w.Clock.Now()))
	w.must(err)
	return e
}

// Variant makes the example another device of the same kind: the n-th.
func Variant(tb testing.TB, e *example.Example, n int) {
	tb.Helper()
	e.Device.Model += "-" + strconv.Itoa(n)
	e.Device.GTINs = nil
	Renumber(e, "-"+strconv.Itoa(n))
	var err error
	if e.Descriptor, err = e.Device.Canonical(); err != nil {
		tb.Fatal(err)
	}
}

// Renumber gives an example's evidence numbers of its own: each statement of a
// signer has one.
func Renumber(e *example.Example, suffix string) {
	e.Report.Number += suffix
	e.Declaration.Number += suffix
}

// Claim has an example's declaration claim that it passes provisions, whatever it
// claimed of them.
func Claim(e *example.Example, provisions ...string) {
	claims := slices.Clone(e.Declaration.Claims)
	for i, c := range claims {
		if slices.Contains(provisions, c.Provision) {
			claims[i] = label.Verdict{Provision: c.Provision, Verdict: label.Pass}
		}
	}
	e.Declaration.Claims = claims
}

// Seal signs a predicate about a device as an organization, as a bundle.
func (w *World) Seal(org string, descriptor []byte, predicateType string, predicate any) []byte {
	w.TB.Helper()
	return Seal(w.TB, w.Signers[org], descriptor, predicateType, predicate)
}

// Seal signs a predicate about a device, as a bundle.
func Seal(tb testing.TB, s *envelope.Signer, descriptor []byte, predicateType string, predicate any) []byte {
	tb.Helper()
	Address(predicate)
	stmt, err := label.NewStatement("device.json", label.DigestOf(descriptor), predicateType, predicate)
	if err != nil {
		tb.Fatal(err)
	}
	env, err := s.Seal(stmt)
	if err != nil {
		tb.Fatal(err)
	}
	b, err := envelope.Bundle(env)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// Address makes a request one to the authority of worlds, unless it names another.
func Address(predicate any) {
	if r, ok := predicate.(label.Request); ok && r.MadeTo() == "" {
		r.Address(Base)
	}
}

// Submit registers an example's device and submits its evidence.
func (w *World) Submit(e *example.Example) label.Digest {
	w.TB.Helper()
	ctx, maker := context.Background(), w.Caller(e.Device.Manufacturer)
	d, _, err := w.Authority.Register(ctx, maker, e.Descriptor)
	w.must(err)
	_, _, err = w.Authority.Submit(ctx, w.Caller(Lab), w.Seal(Lab, e.Descriptor, label.TypeTestReport, e.Report))
	w.must(err)
	_, _, err = w.Authority.Submit(ctx, maker, w.Seal(maker.Org, e.Descriptor, label.TypeDeclaration, e.Declaration))
	w.must(err)
	return d.Digest
}

// Picture sends an example's picture, whose device is registered.
func (w *World) Picture(e *example.Example) {
	w.TB.Helper()
	_, _, err := w.Authority.AddPicture(context.Background(), w.Caller(e.Device.Manufacturer), label.DigestOf(e.Descriptor), e.Picture)
	w.must(err)
}

// Ask signs a request for a change as an organization, changed by change.
func (w *World) Ask(org string, p *authority.Published, action label.Action, reason string, change func(*label.StatusRequest)) []byte {
	w.TB.Helper()
	r := label.StatusRequest{Label: p.Label.ID, Action: action, Reason: reason, Text: "As found in a test.", Made: w.Clock.Now().UTC().Truncate(time.Second)}
	if change != nil {
		change(&r)
	}
	return w.Seal(org, p.Device, label.TypeStatusRequest, &r)
}

// Countersign signs a waiting request with another key.
func (w *World) Countersign(s *envelope.Signer, r *store.Request) []byte {
	w.TB.Helper()
	env, err := s.SealPayload(r.Statement)
	w.must(err)
	b, err := envelope.Bundle(env)
	w.must(err)
	return b
}

// Event signs the report of an event as the operator.
func (w *World) Event(e label.Event) []byte { return w.EventBy(Operator, e) }

// EventBy signs an event as an organization.
func (w *World) EventBy(org string, e label.Event) []byte {
	w.TB.Helper()
	e.Made = w.Clock.Now().UTC().Truncate(time.Second)
	if e.Text == "" {
		e.Text = "As found in a test."
	}
	Address(&e)
	stmt, err := label.NewStatement(e.Name(), e.Subject(), label.TypeEvent, &e)
	w.must(err)
	env, err := w.Signers[org].Seal(stmt)
	w.must(err)
	b, err := envelope.Bundle(env)
	w.must(err)
	return b
}

// AdvisoryEvent signs the publication of a document as an organization.
func (w *World) AdvisoryEvent(org string, document []byte) []byte {
	return w.EventBy(org, label.Event{Kind: label.AdvisoryEvent, Advisory: label.DigestOf(document), Reason: "advisory", Text: "There is a weakness."})
}

// Advise publishes an advisory as an organization, and adds what it says to the
// histories of labels.
func (w *World) Advise(org string, document []byte) *store.Advisory {
	w.TB.Helper()
	ctx := context.Background()
	a, _, err := w.Authority.Advise(ctx, w.Caller(org), w.AdvisoryEvent(org, document), document)
	w.must(err)
	w.must(w.Authority.Propagate(ctx))
	return a
}

// Report reports an event and draws its consequences.
func (w *World) Report(e label.Event) *store.Event {
	w.TB.Helper()
	ctx, op := context.Background(), w.Caller(Operator)
	reported, err := w.ReportAs(ctx, op, w.Event(e))
	w.must(err)
	w.must(w.Authority.Propagate(ctx))
	done, err := w.Authority.Event(op, reported.Digest)
	w.must(err)
	return done
}

// ReportAs reports a signed event as a caller, and has the other person of the operator
// agree where that is needed.
func (w *World) ReportAs(ctx context.Context, c authority.Caller, raw []byte) (*store.Event, error) {
	w.TB.Helper()
	e, err := w.Authority.Report(ctx, c, raw)
	if err == nil && e.Waits != nil {
		return w.Authority.Report(ctx, c, w.Countersign(w.Second, e.Waits))
	}
	return e, err
}

// Change has a label changed at an organization's request.
func (w *World) Change(org string, p *authority.Published, action label.Action, reason string) *authority.Change {
	w.TB.Helper()
	c, err := w.Authority.Change(context.Background(), w.Caller(org), w.Ask(org, p, action, reason, nil))
	w.must(err)
	return c
}

// Appeal has a level refused to an example whose evidence is submitted, and its
// manufacturer appeal against that.
func (w *World) Appeal(e *example.Example, level int) *authority.Trail {
	w.TB.Helper()
	ctx, maker := context.Background(), w.Caller(e.Device.Manufacturer)
	o, err := w.Authority.Request(ctx, maker, label.DigestOf(e.Descriptor), "", level)
	w.must(err)
	a := label.Appeal{Manufacturer: maker.Org, Decision: o.Refusal.Digest, Grounds: "It is fine.", Made: o.Refusal.Decided}
	t, _, err := w.Authority.Appeal(ctx, maker, w.Seal(maker.Org, e.Descriptor, label.TypeAppeal, &a))
	w.must(err)
	return t
}

// Rule has the operator rule on an appeal: upheld where nothing is accepted.
func (w *World) Rule(e *example.Example, t *authority.Trail, accepted ...string) *authority.Trail {
	w.TB.Helper()
	r := label.RulingRequest{Appeal: t.Appeal.Digest, Outcome: label.Upheld, Text: "As ruled in a test.", Accepted: accepted, Made: w.Clock.Now().UTC().Truncate(time.Second)}
	if len(accepted) > 0 {
		r.Outcome = label.Changed
	}
	t, _, err := w.Authority.Decide(context.Background(), w.Caller(Operator), w.Seal(Operator, e.Descriptor, label.TypeRulingRequest, &r))
	w.must(err)
	return t
}

// Issue submits an example, has it labelled, and returns the label as anybody
// sees it.
func (w *World) Issue(e *example.Example, level int) *authority.Published {
	w.TB.Helper()
	o, err := w.Authority.Request(context.Background(), w.Caller(e.Device.Manufacturer), w.Submit(e), "", level)
	w.must(err)
	if o.Label == nil {
		w.TB.Fatalf("the evidence does not support level %d: %+v", level, o.Decision.MissingFor(level))
	}
	p, err := w.Authority.Lookup(o.Label.Label.ID)
	w.must(err)
	return p
}

// Problems returns a watch over a check that calls f with each problem.
func Problems(f func(problem string)) store.Watch {
	return store.Watch{Problem: f, Part: func(string) {}, Note: func(string) {}}
}
