package daemon

import (
	"context"
	"fmt"
	"net/http"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"labeld/internal/store"
)

// readyEvery is how often the gRPC health service is told what the daemon is ready
// for.
const readyEvery = 500 * time.Millisecond

// A readiness is what the daemon can do now: nil, or why it cannot.
type readiness struct {
	Reading error // labels, pages, the log
	Search  error // whether the search index is complete
	Writing error
	Taking  error // of strangers; operators can write all the same
}

func (d *Daemon) readiness() (r readiness) {
	r.Reading = d.store.View(func(v *store.View) error { _, err := v.Head(); return err })
	if lapse := d.Authority.Behind(); r.Reading == nil && lapse.Err != nil {
		r.Reading = lapse.Err // of labels nothing is said
	}
	if !d.pages.Complete() {
		r.Search = fmt.Errorf("the search index is still being read from the log")
	}
	r.Writing, r.Taking = d.Authority.Writing(), d.Authority.Taking()
	return r
}

// tellReady tells the gRPC health service, until ctx ends, what the daemon is
// ready for.
func (d *Daemon) tellReady(ctx context.Context) error {
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		r := d.readiness()
		reading := r.Reading == nil && r.Search == nil
		d.rpc.SetReady(reading, reading && r.Writing == nil)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// A front stands before the pages. It answers whether the daemon is ready, and for
// what panicked.
//
//	/healthz     the process lives, and can read its store (of the pages)
//	/readyz      200 if everything can be done: reading, searching, writing. Where the
//	             reserve of the disk is reached it says that nothing of strangers is
//	             taken, and is 200: operators must get through to suspend labels
//	/readyz/read 200 if everything can be read, also while nothing can be written;
//	             503 where an older copy is served, which says of no label how it stands
type front struct {
	pages  http.Handler
	d      *Daemon
	panics atomic.Int64
}

// ServeHTTP implements [http.Handler].
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answer{ResponseWriter: w}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		f.d.log.Error("panic", "method", r.Method, "path", r.URL.Path, "panic", p, "panics", f.panics.Add(1), "stack", string(debug.Stack()))
		if a.begun {
			panic(http.ErrAbortHandler) // half an answer must not pass for a whole one
		}
		clear(w.Header())
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "something went wrong here; the operator's log has the detail", http.StatusInternalServerError)
	}()
	switch r.URL.Path {
	case "/readyz", "/readyz/read":
		f.ready(a, r.URL.Path == "/readyz/read")
	default:
		f.pages.ServeHTTP(a, r)
	}
}

func (f *front) ready(w http.ResponseWriter, readOnly bool) {
	state := f.d.readiness()
	var text strings.Builder
	ready := true
	say := func(what string, err error, counts bool) {
		if err == nil {
			fmt.Fprintf(&text, "%s: ok\n", what)
			return
		}
		fmt.Fprintf(&text, "%s: %v\n", what, err)
		ready = ready && !counts
	}
	say("reading", state.Reading, true)
	say("search", state.Search, true)
	say("writing", state.Writing, !readOnly)
	say("taking", state.Taking, false)
	head := w.Header()
	head.Set("Content-Type", "text/plain; charset=utf-8")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Content-Type-Options", "nosniff")
	if !ready {
		head.Set("Retry-After", "5")
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write([]byte(text.String())) // to a client that may have gone
}

// An answer is a ResponseWriter that knows whether anything was sent.
type answer struct {
	http.ResponseWriter
	begun bool
}

func (a *answer) WriteHeader(status int) {
	a.begun = true
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	a.begun = true
	return a.ResponseWriter.Write(b)
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Panics returns how many requests met a panic since the start. Anything but zero
// is an alarm.
func (d *Daemon) Panics() int64 { return d.front.panics.Load() + d.rpc.Panics() }
