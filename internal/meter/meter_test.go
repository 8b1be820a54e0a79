package meter_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"labeld/internal/meter"
)

// TestTake has two clients and an organization use what they have, each its own.
func TestTake(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	m := meter.New(60, 600)
	first, second := meter.Who{Net: netip.MustParsePrefix("192.0.2.1/32")}, meter.Who{Net: netip.MustParsePrefix("192.0.2.2/32")}
	org := meter.Who{Org: "northlight"}
	for _, c := range []struct {
		who   meter.Who
		units int
		after time.Duration
		want  meter.Allowance
	}{
		{first, 50, 0, meter.Allowance{OK: true, Left: 10}},
		{first, 20, 0, meter.Allowance{Left: 10, Wait: 10 * time.Second}}, // all or none
		{first, 10, 0, meter.Allowance{OK: true, Wait: time.Second}},
		{second, 1, 0, meter.Allowance{OK: true, Left: 59}},
		{org, 500, 0, meter.Allowance{OK: true, Left: 100}},
		{first, 20, 20 * time.Second, meter.Allowance{OK: true, Wait: time.Second}},
		{second, 1000, time.Hour, meter.Allowance{OK: true, Wait: time.Second}}, // what costs more than there is takes all
	} {
		if got := m.Take(c.who, c.units, now.Add(c.after)); got != c.want {
			t.Errorf("%v takes %d after %v: %+v, want %+v", c.who, c.units, c.after, got, c.want)
		}
	}
	if meter.New(0, 0).Burst(first) != meter.PerClient || meter.New(0, 0).Burst(org) != meter.PerOrganization {
		t.Error("zero is not the default")
	}
}

func fields(h http.Header) func(string) []string { return h.Values }

// TestClients has somebody write the header of a proxy himself.
func TestClients(t *testing.T) {
	var log strings.Builder
	forged := http.Header{"X-Forwarded-For": {"198.51.100.7, 203.0.113.9"}}
	for _, c := range []struct {
		header, remote string
		fields         http.Header
		want           string
		warns          bool
	}{
		{"", "192.0.2.1:5", forged, "192.0.2.1/32", false},
		{"", "10.0.0.1:5", nil, "10.0.0.1/32", false},
		{"", "10.0.0.1:5", forged, "10.0.0.1/32", true},
		{"", "127.0.0.1:5", http.Header{"Forwarded": {"for=198.51.100.7"}}, "127.0.0.1/32", true},
		{"", "[2001:db8:1:2:3::4]:5", nil, "2001:db8:1:2::/64", false},
		{"", "[::ffff:192.0.2.1]:5", nil, "192.0.2.1/32", false},
		{"X-Forwarded-For", "10.0.0.1:5", forged, "203.0.113.9/32", false}, // the proxy's own word comes last
		{"X-Forwarded-For", "10.0.0.1:5", nil, "invalid Prefix", false},
		{"X-Forwarded-For", "10.0.0.1:5", http.Header{"X-Forwarded-For": {"nobody"}}, "invalid Prefix", false},
	} {
		log.Reset()
		clients := meter.NewClients(c.header, slog.New(slog.NewTextHandler(&log, nil)))
		for range 3 {
			if got := clients.Of(c.remote, fields(c.fields)).Net.String(); got != c.want {
				t.Errorf("%s with %v is %s, want %s", c.remote, c.fields, got, c.want)
			}
		}
		want := 0
		if c.warns {
			want = 1
		}
		if n := strings.Count(log.String(), "client_header is not set"); n != want {
			t.Errorf("%s with %v and header %q: %d warnings, want %d", c.remote, c.fields, c.header, n, want)
		}
	}
}

// TestGateTakesTurns has one client ask for much before others come. They do not
// wait for all of it, and it cannot ask for more than its share.
func TestGateTakesTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := meter.NewGate[string](1, 4, 7)
		var mu sync.Mutex
		var order []string
		var busy []string
		work := func(who string) {
			leave, err := g.Enter(context.Background(), who)
			mu.Lock()
			defer mu.Unlock()
			if errors.Is(err, meter.ErrBusy) {
				busy = append(busy, who)
				return
			}
			if err != nil {
				t.Error(err)
			}
			order = append(order, who)
			go func() {
				time.Sleep(time.Second)
				leave()
			}()
		}
		for _, who := range []string{"much", "much", "much", "much", "much", "much", "a", "b", "a", "c"} {
			go work(who)
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := strings.Join(order, " "); got != "much much a b much a much much" {
			t.Errorf("they came in the order %s", got)
		}
		if got := strings.Join(busy, " "); got != "much c" { // beyond its own share, and beyond that of all
			t.Errorf("these were refused: %s", got)
		}
		if n := g.Waiting(); n != 0 {
			t.Errorf("%d still wait", n)
		}
	})
}

// TestGateForgets has clients go away: their work is never begun, and nobody waits
// for it.
func TestGateForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := meter.NewGate[string](1, 4, 8)
		leave, err := g.Enter(context.Background(), "first")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		for range 4 {
			go func() {
				if _, err := g.Enter(ctx, "gone"); !errors.Is(err, context.Canceled) {
					t.Errorf("who went away got %v", err)
				}
			}()
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		if n := g.Waiting(); n != 0 {
			t.Errorf("%d wait who went away", n)
		}
		if _, err := g.Enter(ctx, "gone"); !errors.Is(err, context.Canceled) {
			t.Errorf("who was gone before it came got %v", err)
		}
		leave()
		again, err := g.Enter(context.Background(), "second")
		if err != nil {
			t.Fatal(err)
		}
		again()
	})
}
