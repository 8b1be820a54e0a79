package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/daemon"
	"labeld/internal/envelope"
	"labeld/internal/label"
)

// TestRecover begins a programme with one person, says so when it is served, and gives a
// second one a key on the machine of the service: not while it is served, and not without
// a reason, and not to an organization that does not work for the authority.
func TestRecover(t *testing.T) {
	dir, pub := filepath.Join(t.TempDir(), "programme"), filepath.Join(t.TempDir(), "carol.pub")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	c := daemon.Config{
		URL: "http://127.0.0.1:0", HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		Authority: daemon.AuthorityConfig{ID: "a", Name: "A"}, Log: daemon.LogConfig{Origin: "127.0.0.1/log"},
	}
	if err := daemon.Init(t.Context(), dir, c, "Alice Archer", nil, time.Now()); label.ReasonOf(err) == "" || !strings.Contains(err.Error(), "person: ") {
		t.Fatalf("a person is called what is no ID: %v", err)
	}
	must(daemon.Init(t.Context(), dir, c, "alice", nil, time.Now()))
	_, public, err := envelope.GenerateKey("ecdsa-p256", nil)
	must(err)
	must(os.WriteFile(pub, public, 0o600))
	open := func() *daemon.Daemon {
		t.Helper()
		c, err := daemon.LoadConfig(dir)
		must(err)
		d, err := daemon.Open(t.Context(), c, daemon.Options{Log: slog.New(slog.DiscardHandler)})
		must(err)
		return d
	}
	alone := func(d *daemon.Daemon) string {
		t.Helper()
		var log bytes.Buffer
		must(warnAlone(d, "a", logger(&log, slog.LevelInfo)))
		return log.String()
	}
	recover := func(code int, org, text, want string) {
		t.Helper()
		var out bytes.Buffer
		got := run(t.Context(), []string{"recover", "--data", dir, "--organization", org, "--person", "carol", "--pub", pub, "--text", text}, &out, &out)
		if got != code || !strings.Contains(strings.Join(strings.Fields(out.String()), " "), want) {
			t.Errorf("recover ends with %d and says %s, want %d and %q", got, &out, code, want)
		}
	}
	d := open()
	if got := alone(d); !strings.Contains(got, "level=WARN") || !strings.Contains(got, "ONE PERSON decides alone") || !strings.Contains(got, "labelctl org person add a PERSON") {
		t.Errorf("of one person who decides alone it says %q", got)
	}
	record, err := d.Authority.Organization(authority.Caller{Org: "a", Roles: []label.Role{label.RoleOperator}}, "a")
	must(err)
	if len(record.Keys) != 1 || record.Keys[0].Person != "alice" || len(record.Persons) != 1 || record.Persons[0].ID != "alice" {
		t.Errorf("the programme begins with %+v", record)
	}
	must(d.Close())
	recover(exitFailed, "a", "", "text")
	recover(exitFailed, "nobody", "Lost.", "nobody")
	recover(0, "a", "The other keys were lost.", "enrolled key ")
	recover(exitFailed, "a", "The other keys were lost.", "enrolled already")
	d = open()
	if got := alone(d); got != "" {
		t.Errorf("of two persons it says %q", got)
	}
	if n := d.Authority.LogSize(); n != 1 {
		t.Errorf("the log has %d entries, which say what was done", n)
	}
	recover(exitFailed, "a", "Lost.", "")
	must(d.Close())
	var out bytes.Buffer
	if code := run(t.Context(), []string{"check", "--data", dir}, &out, &out); code != 0 {
		t.Errorf("the check says %s", &out)
	}
}
