package main

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

// A drawFixture is a draw with its log, for tests to tamper with both.
type drawFixture struct {
	*labeltest.World
	draw drawDocument
	log  [][]byte
}

// newDrawFixture draws two of three labels, while another plan is not drawn.
func newDrawFixture(t *testing.T) *drawFixture {
	t.Helper()
	l := &drawFixture{World: labeltest.New(t, nil)}
	var last *authority.Published
	for i := range 3 {
		e := l.Example("camera")
		labeltest.Variant(t, e, i)
		last = l.Issue(e, 3)
	}
	l.Plan("other", 2, 1)
	l.Plan("autumn", 2, 2)
	l.Plan("winter", 1000, 1)
	l.Change(labeltest.Operator, last, label.Suspend, "complaint")
	p, err := l.Authority.Draw(context.Background(), l.Caller(labeltest.Operator), "autumn")
	if err != nil {
		t.Fatal(err)
	}
	l.draw = drawDocument{ID: p.ID, PlanEntry: p.Index, Plan: p.PlanBundle, DrawEntry: p.Draw, Draw: p.DrawBundle}
	if err := l.Store.View(func(v *store.View) error {
		for i := range l.Authority.LogSize() {
			leaf, err := v.Leaf(i)
			if err != nil {
				return err
			}
			l.log = append(l.log, leaf)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return l
}

// read reads the log that the test has made.
func (l *drawFixture) read(size int64, f func([]byte) error) (label.Digest, error) {
	for _, entry := range l.log {
		if err := f(entry); err != nil {
			return label.Digest{}, err
		}
	}
	tree, _, err := translog.Append(translog.Empty(), translog.NodeFunc(nil), l.log[:size])
	return label.Digest(tree.Hash), err
}

// check verifies the draw by the log that the test has made.
func (l *drawFixture) check() (*drawCheck, error) {
	r := new(drawCheck)
	return r, r.check(l.Trust, &l.draw, l.read)
}

// plan and result return what was published, for the test to change.
func (l *drawFixture) plan() *surveillance.Announcement {
	return predicateOf[surveillance.Announcement](l.TB, l.log[l.draw.PlanEntry])
}

func (l *drawFixture) result() *surveillance.Result {
	return predicateOf[surveillance.Result](l.TB, l.log[l.draw.DrawEntry])
}

func predicateOf[T any](tb testing.TB, entry []byte) *T {
	tb.Helper()
	env, err := label.ParseEnvelope(entry)
	var st label.Statement
	p := new(T)
	if err == nil {
		err = label.DecodeLoose(env.Payload, &st)
	}
	if err == nil {
		err = label.Decode(st.Predicate, p)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// bundle returns a statement that the authority signed as it is published.
func (l *drawFixture) bundle(s *issue.Signed) []byte {
	l.TB.Helper()
	b, err := envelope.Bundle(s.Envelope)
	if err != nil {
		l.TB.Fatal(err)
	}
	return b
}

// announce signs a plan, and publishes and logs it in place of the true one, with
// a result that has the seed that comes of it.
func (l *drawFixture) announce(a *surveillance.Announcement) {
	l.TB.Helper()
	s := l.Sign(l.Issuer.Plan(a))
	l.draw.Plan = l.bundle(s)
	l.log[l.draw.PlanEntry] = s.Leaf
	r := l.result()
	r.SHA256 = label.DigestOf(s.Envelope.Payload)
	var err error
	if r.Seed, err = l.read(a.Size, func([]byte) error { return nil }); err != nil {
		l.TB.Fatal(err)
	}
	l.publish(r)
}

// publish signs a result, and publishes and logs it in place of the true one.
func (l *drawFixture) publish(r *surveillance.Result) {
	l.TB.Helper()
	s := l.Sign(l.Issuer.Draw(r))
	l.draw.Draw = l.bundle(s)
	l.log[l.draw.DrawEntry] = s.Leaf
}

func TestRedraw(t *testing.T) {
	l := newDrawFixture(t)
	r, err := l.check()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Drawn) != 2 || r.Drawn[0].GetName() == "" || !slices.Equal(r.Drawn[0].GetLabs(), []string{labeltest.Lab}) || r.Drawn[0].GetRisk() != "high" {
		t.Errorf("drawn were %+v", r.Drawn)
	}
	if !slices.Equal(r.Undrawn, []string{"other"}) {
		t.Errorf("not drawn, although they could be, are %q", r.Undrawn)
	}
}

// TestRedrawFinds has an authority that signs and logs what is not so, somebody
// who changes what it signed, and a log that is not the one.
func TestRedrawFinds(t *testing.T) {
	genuine := newDrawFixture(t)
	for _, row := range []struct {
		name   string
		tamper func(*drawFixture)
		want   string
	}{
		{"another order", func(l *drawFixture) {
			r := l.result()
			slices.Reverse(r.Drawn)
			for i := range r.Drawn {
				r.Drawn[i].Position = i
			}
			l.publish(r)
		}, "drawn[0].id: the result says"},
		{"a label less", func(l *drawFixture) { r := l.result(); r.Drawn = r.Drawn[:1]; l.publish(r) }, "left out: 1"},
		{"a weight", func(l *drawFixture) { r := l.result(); r.Drawn[1].Weight++; l.publish(r) }, "drawn[1].weight"},
		{"a seed that was chosen", func(l *drawFixture) { r := l.result(); r.Seed[0]++; l.publish(r) }, "seed: the result says"},
		{"candidates", func(l *drawFixture) { r := l.result(); r.Candidates = 2; l.publish(r) }, "candidates: the result says 2, the draw gives 3"},
		{"a result of another plan", func(l *drawFixture) { r := l.result(); r.SHA256[0]++; l.publish(r) }, "draw: is of another plan"},
		{"a result in another entry", func(l *drawFixture) { l.draw.DrawEntry-- }, "log: entry 8 is not the statement"},
		{"a result before the seed", func(l *drawFixture) { l.draw.DrawEntry = l.draw.PlanEntry }, "before the seed"},
		{"a plan in another entry", func(l *drawFixture) { r := l.result(); r.Entry--; l.publish(r); l.draw.PlanEntry-- }, "the candidates are fixed by"},
		{"a plan after its seed", func(l *drawFixture) { a := l.plan(); a.Size = l.draw.PlanEntry + 1; l.announce(a) }, "plan: size"},
		{"fewer to draw", func(l *drawFixture) { a := l.plan(); a.Count = 1; l.announce(a) }, "; put in: "},
		{"other weights", func(l *drawFixture) { a := l.plan(); a.Weights.Level[2] *= 2; l.announce(a) }, "drawn[0]"},
		{"a second plan", func(l *drawFixture) { l.log = append(l.log, l.log[l.draw.PlanEntry]) }, "another https://labeld.dev/surveillance-plan/v1 of plan autumn"},
		{"a second result", func(l *drawFixture) { l.log = append(l.log, l.log[l.draw.DrawEntry]) }, "another https://labeld.dev/surveillance-draw/v1 of plan autumn"},
		{"a log without the result", func(l *drawFixture) { l.log = l.log[:l.draw.DrawEntry] }, "and not the result at"},
		{"a log with another plan", func(l *drawFixture) { l.log[l.draw.PlanEntry] = l.log[0] }, "is not the statement that was published"},
		{"a log with rubbish", func(l *drawFixture) { l.log[1] = []byte("{}") }, "log: entry 1"},
		{"a label that nobody signed", func(l *drawFixture) {
			env, err := label.ParseEnvelope(l.log[1])
			if err != nil {
				l.TB.Fatal(err)
			}
			if env, err = labeltest.NewSigner(l.TB).SealPayload(env.Payload); err == nil {
				l.log[1], err = env.Encode()
			}
			if err != nil {
				l.TB.Fatal(err)
			}
		}, "log: entry 1: no trusted key signed it"},
		{"a changed signature", func(l *drawFixture) {
			l.draw.Draw = bytes.Replace(l.draw.Draw, []byte(`"payload":"ey`), []byte(`"payload":"eW`), 1)
		}, "draw: "},
		{"the result as plan", func(l *drawFixture) { l.draw.Plan = l.draw.Draw }, "plan: is another statement"},
	} {
		l := &drawFixture{World: genuine.World, draw: genuine.draw, log: slices.Clone(genuine.log)}
		row.tamper(l)
		_, err := l.check()
		_, mismatch := errors.AsType[*surveillance.Mismatch](err)
		if err == nil || !strings.Contains(err.Error(), row.want) || !mismatch && label.KindOf(err) != label.Invalid {
			t.Errorf("%s: %v; want %q", row.name, err, row.want)
		}
	}
}
