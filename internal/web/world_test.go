package web_test

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/meter"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/verify"
	"labeld/internal/web"
)

const base = labeltest.Base

// A world is a programme, and the handler on it.
type world struct {
	*labeltest.World
	h   *site
	log *lines
}

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

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: labeltest.New(t, nil), log: new(lines)}
	w.h = w.handler(w.Authority)
	t.Cleanup(func() {
		if n := w.Authority.Failures(); n != 0 {
			t.Errorf("%d labels did not verify", n)
		}
	})
	return w
}

// handler returns a handler on an authority, which logs to the world's log. Its
// answers are held to the contract.
func (w *world) handler(a web.Authority) *site {
	w.TB.Helper()
	c := web.Config{Authority: a, Base: base, Log: slog.New(slog.NewTextHandler(w.log, nil)), Art: labeltest.Studio(w.TB), Words: labeltest.Words(w.TB)}
	if _, ok := w.TB.(*testing.F); ok { // it asks more than anybody may
		c.Meter = meter.New(1<<30, 0)
	}
	return &site{must[*web.Handler](w.TB)(web.New(c)), w.TB}
}

// camera issues the lab-tested label of the camera.
func (w *world) camera() *authority.Published { return w.Issue(w.Example("camera"), 3) }

// plug issues the self-declared label of the plug.
func (w *world) plug() *authority.Published { return w.Issue(w.Example("plug"), 1) }

// moveNumber has the camera's number moved to another manufacturer, which then has a label
// for a plug with it.
func (w *world) moveNumber() *authority.Published {
	w.TB.Helper()
	w.Report(label.Event{Kind: label.GTINEvent, GTIN: camera, Manufacturer: labeltest.ToyMaker, Reason: "misuse"})
	plug := w.Example("plug")
	plug.Device.Manufacturer, plug.Device.Brand, plug.Declaration.Manufacturer, plug.Device.GTINs = labeltest.ToyMaker, "Merrimake", labeltest.ToyMaker, []label.GTIN{camera}
	return w.issue(plug, 1)
}

// issue gets a label for an example that may have been changed.
func (w *world) issue(e *example.Example, level int) *authority.Published {
	w.TB.Helper()
	e.Descriptor = must[[]byte](w.TB)(e.Device.Canonical())
	return w.Issue(e, level)
}

// register registers a device.
func (w *world) register(d *label.Device) error {
	w.TB.Helper()
	b := must[[]byte](w.TB)(d.Canonical())
	_, _, err := w.Authority.Register(context.Background(), w.Caller(d.Manufacturer), b)
	return err
}

// change has a label changed at an organization's request, and a second later
// it is so. Where the scheme asks for four eyes, there are four.
func (w *world) change(org string, p *authority.Published, a label.Action, reason string, change func(*label.StatusRequest)) *label.Status {
	w.TB.Helper()
	w.pass(time.Second)
	ctx, caller := context.Background(), w.Caller(org)
	c := must[*authority.Change](w.TB)(w.Authority.Change(ctx, caller, w.Ask(org, p, a, reason, change)))
	if c.Status == nil {
		other := labeltest.NewSigner(w.TB)
		must[*labeltest.NotedKey](w.TB)(w.AddKey(ctx, caller, org, other.Public.PEM, time.Time{}))
		c = must[*authority.Change](w.TB)(w.Authority.Change(ctx, caller, w.Countersign(other, c.Request)))
	}
	w.pass(time.Second)
	return &c.Status.Status
}

func (w *world) pass(d time.Duration) { w.Clock.Set(w.Clock.Now().Add(d)) }

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

// A failingAuthority is an authority whose lookups fail.
type failingAuthority struct {
	*authority.Authority
	err error
}

func (f failingAuthority) Lookup(label.ID) (*authority.Published, error)   { return nil, f.err }
func (f failingAuthority) ByGTIN(label.GTIN) (*authority.Published, error) { return nil, f.err }
func (f failingAuthority) View(func(*store.View) error) error              { return f.err }

// An otherProgramme is an authority whose programme has other schemes and categories now.
type otherProgramme struct{ *authority.Authority }

func (r otherProgramme) Programme() *scheme.Programme { return new(scheme.Programme) }

// An otherTrust is an authority with another trust file.
type otherTrust struct {
	*authority.Authority
	trust *verify.Trust
}

func (t otherTrust) Trust() *verify.Trust { return t.trust }

// A labelDouble is an authority that tells of a label what cannot be asked for: it
// follows from events and advisories, or from a scheme that is not served here.
type labelDouble struct {
	*authority.Authority
	label    *label.Label
	statuses []*label.Status
}

// adviceFor says what to do because of an advisory that is about something else.
var adviceFor = map[string]label.Advice{
	"affected": label.AdviceAsk, "fixed": label.AdviceHasFix, "not-affected": label.AdviceUnaffected, "under-investigation": label.AdviceAwait,
}

func (w *world) tell(p *authority.Published, statuses ...*label.Status) labelDouble {
	l := *p.Label
	t := labelDouble{Authority: w.Authority, label: &l}
	for i, s := range statuses {
		s.Label, s.Number, s.Text = l.ID, i+1, "As told in a test."
		if s.Effective.IsZero() {
			s.Effective = s.Recorded
		}
		if s.Advisory != nil && s.Advisory.Advice == "" {
			s.Advisory.Advice = adviceFor[s.Advisory.State]
		}
		t.statuses = append(t.statuses, s)
	}
	return t
}

func (t labelDouble) Lookup(id label.ID) (*authority.Published, error) {
	p, err := t.Authority.Lookup(id)
	if err != nil {
		return nil, err
	}
	docs := *p.Documents
	docs.Indexes = slices.Repeat([]int64{docs.Index}, len(t.statuses))
	p = &authority.Published{History: label.History{Label: t.label, Statuses: t.statuses}, Documents: &docs}
	return p.As(t.Now()), nil
}

func (t labelDouble) ByGTIN(g label.GTIN) (*authority.Published, error) {
	p, err := t.Authority.ByGTIN(g)
	if err != nil {
		return nil, err
	}
	return t.Lookup(p.Label.ID)
}
