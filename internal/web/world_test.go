package web_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"log/slog"
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
	"labeld/internal/translog"
	"labeld/internal/verify"
	"labeld/internal/web"
	"labeld/labels"
)

const (
	base   = "https://labels.example.org"
	origin = "labels.example.org/log"
)

// A world is a real authority on a temporary store, and the handler on it.
type world struct {
	*authority.Authority
	t     testing.TB
	h     *web.Handler
	log   *lines
	store *store.Store
	lab   *envelope.Signer
	maker *envelope.Signer

	mu  sync.Mutex
	now time.Time
}

var operator = authority.Caller{Org: "authority", Roles: []label.Role{label.RoleOperator}}

// must returns v, or ends the test.
func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newSigner(t testing.TB) *envelope.Signer {
	t.Helper()
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	return must[*envelope.Signer](t)(envelope.NewSigner(key))
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: example.Written.Start().Add(12 * time.Hour), log: new(lines), lab: newSigner(t), maker: newSigner(t)}
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	logKey := must[*translog.Signer](t)(translog.NewSigner(origin, priv))
	vkey := must[string](t)(logKey.VKey())
	labelKey := newSigner(t)
	party := label.Party{ID: "authority", Name: "Example Label Authority", URL: "https://authority.example.org/"}
	issuer := issue.New(party, labelKey, logKey, func(id label.ID) string { return qr.URL(base, id) }, rand.Reader)
	programme := must[*scheme.Programme](t)(scheme.Load(labels.FS))
	old := newSigner(t) // a key that was replaced
	trust := &verify.Trust{
		Type: label.TypeTrust, Authority: party, URL: base,
		LabelKeys: []verify.TrustKey{
			{ID: old.Public.ID, PEM: old.Public.PEM, From: w.now.AddDate(-2, 0, 0), Until: w.now.AddDate(-1, 0, 0)},
			{ID: labelKey.Public.ID, PEM: labelKey.Public.PEM, From: w.now.AddDate(-1, 0, 0)},
		},
		Log: verify.TrustLog{Origin: origin, VKey: vkey, URL: base + "/log/"},
	}
	if err := trust.Prepare(); err != nil {
		t.Fatal(err)
	}
	head := store.Head{Tree: translog.Empty(), Checkpoint: must[[]byte](t)(issuer.Checkpoint(translog.Empty(), w.now))}
	dir := t.TempDir()
	if err := store.Create(dir, origin, head, w.now); err != nil {
		t.Fatal(err)
	}
	w.store = must[*store.Store](t)(store.Open(dir))
	w.Authority = must[*authority.Authority](t)(authority.New(authority.Config{
		Store: w.store, Programme: programme, Issuer: issuer, Trust: trust,
		Audiences: []string{"test"}, Clock: w.clock, Log: slog.New(slog.DiscardHandler),
	}))
	t.Cleanup(func() {
		w.Close()
		if err := w.store.Close(); err != nil {
			t.Error(err)
		}
		if n := w.Failures(); n != 0 {
			t.Errorf("%d labels did not verify", n)
		}
	})
	w.h = w.handler(w.Authority)
	w.enrol()
	return w
}

// handler returns a handler on an authority, which logs to the world's log.
func (w *world) handler(a web.Authority) *web.Handler {
	w.t.Helper()
	return must[*web.Handler](w.t)(web.New(web.Config{Authority: a, Base: base, Log: slog.New(slog.NewTextHandler(w.log, nil))}))
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// setClock moves the clock to an instant.
func (w *world) setClock(t time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = t
}

func (w *world) enrol() {
	w.t.Helper()
	ctx := context.Background()
	for _, o := range []struct {
		org label.Organization
		key *envelope.Signer
	}{
		{label.Organization{ID: "aurora-lab", Name: "Aurora Test Laboratory", Roles: []label.Role{label.RoleLab}}, w.lab},
		{label.Organization{ID: "northlight", Name: "Northlight GmbH", Roles: []label.Role{label.RoleManufacturer}}, w.maker},
	} {
		must[*label.Organization](w.t)(w.Enrol(ctx, operator, o.org))
		must[*label.Key](w.t)(w.AddKey(ctx, operator, o.org.ID, o.key.Public.PEM, w.clock().AddDate(-1, 0, 0)))
	}
	w.accredit("EX-17025-042")
}

// accredit adds an entry to the log: an accreditation with a number of its own.
func (w *world) accredit(number string) {
	w.t.Helper()
	today := label.DateOf(w.clock())
	must[*store.Accreditation](w.t)(w.Accredit(context.Background(), operator, label.Accreditation{
		Lab: label.Party{ID: "aurora-lab"}, Number: number, Body: "Example Accreditation Service",
		Standards: []string{"en303645"}, Categories: []string{"*"}, Level: 4,
		Interval: label.Period{From: today.AddMonths(-12), To: today.AddMonths(36)},
	}))
}

// example returns an example device that northlight makes and aurora-lab tests.
func (w *world) example(name string) *example.Example {
	w.t.Helper()
	e := must[*example.Example](w.t)(example.Load(labels.FS, name, label.DateOf(w.clock())))
	e.Device.Manufacturer, e.Declaration.Manufacturer, e.Report.Lab = "northlight", "northlight", "aurora-lab"
	return e
}

// register registers a device.
func (w *world) register(d *label.Device) ([]byte, error) {
	w.t.Helper()
	b := must[[]byte](w.t)(d.Canonical())
	_, _, err := w.Register(context.Background(), operator, b)
	return b, err
}

// issue registers and submits an example and gets a label for it.
func (w *world) issue(e *example.Example, level int) *authority.Published {
	w.t.Helper()
	desc := must[[]byte](w.t)(w.register(e.Device))
	w.submit(w.maker, desc, label.TypeDeclaration, e.Declaration)
	w.submit(w.lab, desc, label.TypeTestReport, e.Report)
	o := must[*authority.Outcome](w.t)(w.Request(context.Background(), operator, label.DigestOf(desc), "four-level", level))
	if o.Label == nil {
		w.t.Fatalf("level %d not reached: %+v", level, o.Decision.MissingFor(level))
	}
	return o.Label
}

func (w *world) submit(s *envelope.Signer, desc []byte, typ string, predicate any) {
	w.t.Helper()
	stmt := must[*label.Statement](w.t)(label.NewStatement("device.json", label.DigestOf(desc), typ, predicate))
	env := must[*label.Envelope](w.t)(s.Seal(stmt))
	if _, _, err := w.Submit(context.Background(), operator, must[[]byte](w.t)(env.Encode())); err != nil {
		w.t.Fatal(err)
	}
}

// camera issues the lab-tested label of the camera.
func (w *world) camera() *authority.Published { return w.issue(w.example("camera"), 3) }

// plug issues the self-declared label of the plug.
func (w *world) plug() *authority.Published { return w.issue(w.example("plug"), 1) }

// lines keeps what was logged.
type lines struct {
	mu   sync.Mutex
	text string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text += string(b)
	return len(b), nil
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

// failing is an authority whose lookups fail.
type failing struct {
	*authority.Authority
	err error
}

func (f failing) Lookup(label.ID) (*authority.Published, error)   { return nil, f.err }
func (f failing) ByGTIN(label.GTIN) (*authority.Published, error) { return nil, f.err }
func (f failing) View(func(*store.View) error) error              { return f.err }

// replaced is an authority whose programme has other schemes and categories now.
type replaced struct{ *authority.Authority }

func (r replaced) Programme() *scheme.Programme { return new(scheme.Programme) }
