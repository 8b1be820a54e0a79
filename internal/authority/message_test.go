package authority_test

import (
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestWaysOnAreTold asks for what is no more possible, as a manufacturer and as an
// operator: each is told what it can do itself.
func TestWaysOnAreTold(t *testing.T) {
	refused := func(t *testing.T, err error, want, not string) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) || not != "" && strings.Contains(err.Error(), not) {
			t.Errorf("refused with %v, want %q", err, want)
		}
	}
	ask := func(l *life, org string, a label.Action, reason string) error {
		_, err := l.ask(org, a, reason, nil)
		return err
	}
	t.Run("suspended", func(t *testing.T) {
		l := newLife(t)
		l.Change(labeltest.Operator, l.pub, label.Suspend, "nonconformity")
		_, err := l.Authority.Request(ctx, l.Caller(labeltest.Maker), label.DigestOf(l.pub.Device), "", 3)
		refused(t, err, "(nonconformity: As found in a test.)", "")
		refused(t, err, "labelctl hold list", "")
		_, err = l.ask(labeltest.Operator, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 3 })
		refused(t, err, "or give its place to another", "")
	})
	t.Run("expired", func(t *testing.T) {
		l := newLife(t)
		l.Clock.Set(l.pub.Label.Expires.Add(time.Hour))
		refused(t, ask(l, labeltest.Operator, label.Suspend, "misuse"), "labelctl hold put", "request a new one")
		refused(t, ask(l, labeltest.Maker, label.Withdraw, "discontinued"), "request a new one", "hold put")
	})
	t.Run("expired on hold", func(t *testing.T) {
		l := newLife(t)
		l.Change(labeltest.Operator, l.pub, label.Suspend, "nonconformity")
		l.Clock.Set(l.pub.Label.Expires.Add(time.Hour))
		refused(t, ask(l, labeltest.Operator, label.Reinstate, "resolved"), "labelctl label release", "request a new one")
		refused(t, ask(l, labeltest.Maker, label.Withdraw, "discontinued"), "labelctl hold list", "request a new one")
	})
	t.Run("superseded", func(t *testing.T) {
		l := newLife(t)
		c, err := l.ask(labeltest.Maker, label.Supersede, "new-level", func(r *label.StatusRequest) { r.Level = 2 })
		must(t, err)
		refused(t, ask(l, labeltest.Operator, label.Suspend, "misuse"), c.Label.Label.ID.Pretty(), "request a new one")
	})
	t.Run("announced", func(t *testing.T) {
		l := newLife(t)
		_, err := l.ask(labeltest.Maker, label.Withdraw, "discontinued", func(r *label.StatusRequest) {
			r.Effective = l.Clock.Now().Add(48 * time.Hour).UTC().Truncate(time.Second)
		})
		must(t, err)
		refused(t, ask(l, labeltest.Maker, label.Withdraw, "discontinued"), "as was announced", "announced twice")
	})
}
