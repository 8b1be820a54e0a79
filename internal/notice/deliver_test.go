package notice_test

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"labeld/internal/notice"
)

// An outbox is kept in memory.
type outbox struct {
	mu    sync.Mutex
	hooks map[string]*notice.Hook
	queue []notice.Delivery
	dead  []notice.Delivery
	fail  error // of Tried
	tried chan notice.Delivery
}

func (o *outbox) Due(now time.Time, limit int) (due []notice.Delivery, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen := map[string]bool{}
	for _, d := range o.queue {
		if !seen[d.Hook] && !d.Next.After(now) {
			due = append(due, d)
		}
		seen[d.Hook] = true
	}
	slices.SortStableFunc(due, func(a, b notice.Delivery) int { return cmp.Or(a.Next.Compare(b.Next), cmp.Compare(a.Seq, b.Seq)) })
	return due[:min(limit, len(due))], nil
}

func (o *outbox) Hook(id string) (*notice.Hook, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if h := o.hooks[id]; h != nil {
		return h, nil
	}
	return nil, notice.ErrNoHook
}

func (o *outbox) Tried(d notice.Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail != nil {
		return o.fail
	}
	i := slices.IndexFunc(o.queue, func(q notice.Delivery) bool { return q.Seq == d.Seq })
	switch {
	case d.LastError == "":
		o.queue = slices.Delete(o.queue, i, i+1)
	case d.Dead:
		o.queue, o.dead = slices.Delete(o.queue, i, i+1), append(o.dead, d)
	default:
		o.queue[i] = d
	}
	o.tried <- d
	return nil
}

// put queues notices for a hook.
func (o *outbox) put(hook string, at time.Time, ids ...string) {
	for _, id := range ids {
		o.queue = append(o.queue, notice.Delivery{
			Seq: uint64(len(o.queue) + 1), Hook: hook, Queued: at, Next: at,
			Notice: notice.Notice{ID: id, Kind: notice.LabelSuspended, Subject: "S", Organization: "maker", Time: at, Data: json.RawMessage(`{"label":"L"}`)},
		})
	}
}

// A clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A post is one request that an endpoint got.
type post struct {
	header http.Header
	body   string
}

// A world is a deliverer at work on one hook, and the hook's endpoint.
type world struct {
	*outbox
	clock *clock
	posts chan post
	hook  *notice.Hook
	stop  func()
}

// start runs a deliverer. Answer says what the endpoint does.
func start(t *testing.T, private bool, answer http.HandlerFunc, ids ...string) *world {
	t.Helper()
	w := &world{
		outbox: &outbox{hooks: map[string]*notice.Hook{}, tried: make(chan notice.Delivery, 64)},
		clock:  &clock{now: time.Now().UTC()}, posts: make(chan post, 64),
	}
	endpoint := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.posts <- post{r.Header, string(b)}
		answer(rw, r)
	}))
	t.Cleanup(endpoint.Close)
	w.hook = &notice.Hook{ID: "h", Organization: "maker", URL: endpoint.URL + "/in?a=b", Secret: notice.NewSecret()}
	w.hooks["h"] = w.hook
	w.put("h", w.clock.now, ids...)
	w.run(t, private)
	return w
}

func (w *world) run(t *testing.T, private bool) {
	t.Helper()
	d, err := notice.New(notice.Config{
		Outbox: w.outbox, Source: "https://labels.test", AllowPrivate: private, Clock: w.clock.Now, Poll: time.Millisecond,
		Jitter: func(d time.Duration) time.Duration { return d }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(w.stop)
}

func next[T any](t *testing.T, from chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func say(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestDeliveryIsWhatOthersRead(t *testing.T) {
	w := start(t, true, say(http.StatusNoContent), "n1", "n2")
	for _, id := range []string{"n1", "n2"} { // in order
		p := next(t, w.posts)
		hook, err := standardwebhooks.NewWebhook(w.hook.Secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := hook.Verify([]byte(p.body), p.header); err != nil {
			t.Errorf("%s: the receiver's library refuses the signature: %v", id, err)
		}
		if got := p.header.Get("Webhook-Id"); got != id {
			t.Errorf("Webhook-Id is %q, want %q", got, id)
		}
		if got := p.header.Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
			t.Errorf("Content-Type is %q", got)
		}
		var e map[string]any
		if err := json.Unmarshal([]byte(p.body), &e); err != nil {
			t.Fatal(err)
		}
		for k, want := range map[string]any{
			"specversion": "1.0", "id": id, "source": "https://labels.test", "type": "dev.labeld.label.suspended", "subject": "S", "datacontenttype": "application/json",
		} {
			if e[k] != want {
				t.Errorf("%s is %v, want %v", k, e[k], want)
			}
		}
		if d := next(t, w.tried); d.LastError != "" || d.Attempts != 1 {
			t.Errorf("recorded as %+v", d)
		}
	}
	if strings.Contains(w.hook.Secret, "maker") || len(w.queue) != 0 {
		t.Errorf("%d deliveries are left", len(w.queue))
	}
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		error  string
		status int
		wait   time.Duration
		dead   bool
	}{
		{"server error", say(500), "answered 500", 500, 5 * time.Second, false},
		{"redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) }, "redirects are not followed", 302, 5 * time.Second, false},
		{"busy", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "answered 503", 503, 90 * time.Second, false},
		{"busy for ever", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999999999999")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "answered 429", 429, 5 * time.Second, false},
		{"gone", say(http.StatusGone), "for good", 410, 0, true},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, "could not be reached", 0, 5 * time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, true, c.answer, "n1")
			d := next(t, w.tried)
			if !strings.Contains(d.LastError, c.error) || d.LastStatus != c.status || d.Dead != c.dead || d.Gone() != c.dead {
				t.Errorf("recorded as %+v, want %q, status %d, dead %v", d, c.error, c.status, c.dead)
			}
			if !c.dead && d.Next.Sub(w.clock.Now()) != c.wait {
				t.Errorf("waits %s, want %s", d.Next.Sub(w.clock.Now()), c.wait)
			}
		})
	}
}

func TestFailureIsRepeatedInOrderUntilGivenUp(t *testing.T) {
	w := start(t, true, say(500), "n1", "n2")
	var waits []time.Duration
	for {
		p, d := next(t, w.posts), next(t, w.tried)
		if p.header.Get("Webhook-Id") != "n1" {
			t.Fatalf("%s was sent before n1 was given up", p.header.Get("Webhook-Id"))
		}
		if d.Dead {
			if d.Attempts < 5 || w.clock.Now().Sub(d.Queued) < 48*time.Hour {
				t.Errorf("given up after %d attempts in %s", d.Attempts, w.clock.Now().Sub(d.Queued))
			}
			break
		}
		wait := d.Next.Sub(w.clock.Now())
		waits = append(waits, wait)
		w.clock.add(wait)
	}
	if waits[0] != 5*time.Second || waits[1] != 10*time.Second || slices.Max(waits) != 6*time.Hour {
		t.Errorf("waits %v", waits)
	}
	if p := next(t, w.posts); p.header.Get("Webhook-Id") != "n2" {
		t.Errorf("after n1 came %s", p.header.Get("Webhook-Id"))
	}
	next(t, w.tried)
}

func TestUnrecordedAttemptIsRepeatedWithTheSameID(t *testing.T) {
	w := start(t, true, say(200))
	w.stop()
	w.fail = io.ErrShortWrite
	w.put("h", w.clock.now, "n1")
	w.run(t, true)
	first := next(t, w.posts)
	w.stop() // as a crash before the outcome is recorded
	w.mu.Lock()
	w.fail = nil
	w.mu.Unlock()
	w.run(t, true)
	again := next(t, w.posts)
	if first.header.Get("Webhook-Id") != "n1" || again.header.Get("Webhook-Id") != "n1" || first.body != again.body {
		t.Error("the repetition cannot be known as one")
	}
	next(t, w.tried)
}

func TestPrivateAddressesAreNotConnectedTo(t *testing.T) {
	w := start(t, false, say(200), "n1")
	if d := next(t, w.tried); !strings.Contains(d.LastError, "https") {
		t.Errorf("plain http to loopback: %+v", d)
	}
	w.mu.Lock()
	w.hook.URL = "https://localhost:" + w.hook.URL[strings.LastIndex(w.hook.URL, ":")+1:]
	w.mu.Unlock()
	w.clock.add(time.Hour)
	// The name is fine to look at; what it stands for is not.
	if d := next(t, w.tried); !strings.Contains(d.LastError, "not public") {
		t.Errorf("a name for a private address: %+v", d)
	}
	if len(w.posts) > 0 {
		t.Error("the endpoint got something")
	}
}

func TestHooksDoNotWaitForEachOther(t *testing.T) {
	release := make(chan struct{})
	w := start(t, true, func(http.ResponseWriter, *http.Request) { <-release })
	defer close(release)
	quick := httptest.NewServer(say(200))
	defer quick.Close()
	w.mu.Lock()
	w.hooks["q"] = &notice.Hook{ID: "q", Organization: "maker", URL: quick.URL, Secret: notice.NewSecret()}
	w.put("h", w.clock.now, "slow")
	w.put("q", w.clock.now, "quick1", "quick2")
	w.mu.Unlock()
	for range 2 {
		if d := next(t, w.tried); d.Hook != "q" {
			t.Errorf("%s came first", d.Hook)
		}
	}
	w.stop()
}

func TestDisabledAndRemovedHooks(t *testing.T) {
	w := start(t, true, say(200))
	w.mu.Lock()
	w.hook.Disabled = true
	w.put("h", w.clock.now, "n1")
	w.put("removed", w.clock.now, "n2")
	w.mu.Unlock()
	for range 2 {
		if d := next(t, w.tried); !d.Dead || !strings.Contains(d.LastError, map[string]string{"h": "disabled", "removed": "removed"}[d.Hook]) {
			t.Errorf("recorded as %+v", d)
		}
	}
}
