package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"labeld/internal/daemon"
)

// TestUnknownCommand mistypes a command: whoever relies on a check that was never
// made must not be told that all is well.
func TestUnknownCommand(t *testing.T) {
	var out bytes.Buffer
	root := newRoot(&out, &out)
	root.SetArgs([]string{"chekc", "--data", "x"})
	if err := root.Execute(); err == nil || !strings.Contains(err.Error(), `there is no command "chekc"; did you mean check?`) {
		t.Errorf("it ends with %v, having said %s", err, &out)
	}
}

// TestBusyPort serves where another program listens.
func TestBusyPort(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	addr := l.Addr().String()
	if !busy(addr) || busy("127.0.0.1:0") {
		t.Error("a busy port is not told from a free one")
	}
	dir := t.TempDir() + "/programme"
	c := daemon.Config{Authority: daemon.AuthorityConfig{ID: "a", Name: "A"}, URL: "http://127.0.0.1:1", HTTP: addr, GRPC: "127.0.0.1:0"}
	c.Log.Origin = "a.example/log"
	if err := daemon.Init(context.Background(), dir, c, daemon.FirstPerson, nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	root := newRoot(&out, &out)
	root.SetArgs([]string{"serve", "--data", dir})
	if err := root.Execute(); err == nil || !strings.Contains(err.Error(), addr) || !strings.Contains(err.Error(), "labeld.yaml") {
		t.Errorf("it ends with %v", err)
	}
}

// TestGone tells a program that "go run" built.
func TestGone(t *testing.T) {
	for program, want := range map[string]bool{"/tmp/go-build2536466339/b001/exe/labeld": true, "/home/a/go/bin/labeld": false, "labeld": false} {
		if gone(program) != want {
			t.Errorf("%s: %v", program, !want)
		}
	}
}
