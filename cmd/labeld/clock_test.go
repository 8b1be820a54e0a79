package main

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"labeld/internal/daemon"
)

// TestClock has a programme that was made a month ago start only when an operator
// has said that the clock is right, and not while it is served.
func TestClock(t *testing.T) {
	dir := t.TempDir()
	c := daemon.Config{
		URL: "http://127.0.0.1:0", HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		Authority: daemon.AuthorityConfig{ID: "a", Name: "A"}, Log: daemon.LogConfig{Origin: "127.0.0.1/log"},
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(daemon.Init(t.Context(), dir, c, daemon.FirstPerson, nil, time.Now().AddDate(0, -1, 0)))
	run := func(args ...string) (string, error) {
		var out bytes.Buffer
		root := newRoot(&out, &out)
		root.SetArgs(append([]string{"clock", "--data", dir}, args...))
		err := root.Execute()
		return out.String(), err
	}
	open := func() (*daemon.Daemon, error) {
		loaded, err := daemon.LoadConfig(dir)
		must(err)
		return daemon.Open(t.Context(), loaded, daemon.Options{Log: slog.New(slog.DiscardHandler)})
	}
	if _, err := open(); err == nil || !strings.Contains(err.Error(), "labeld clock --accept") {
		t.Errorf("a month after the last commit the service starts: %v", err)
	}
	if out, err := run(); err == nil || strings.Contains(out, "accepted") {
		t.Errorf("clock says %q, %v", out, err)
	}
	if out, err := run("--accept"); err != nil || !strings.Contains(out, "accepted:") || !strings.Contains(out, "ok: ") {
		t.Errorf("clock --accept says %q, %v", out, err)
	}
	d, err := open()
	must(err)
	if out, err := run("--accept"); err == nil || !strings.Contains(err.Error(), "in use by another process; stop the service first") {
		t.Errorf("while it is served, clock --accept says %q, %v", out, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	must(d.Serve(ctx))
}
