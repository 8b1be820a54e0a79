package main

import (
	"bytes"
	"context"
	"io"
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
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// TestHeadIsGivenUpAloud puts an older copy of a database back, and has it taken for
// the newest: the operator reads which head that gives up, and how much of it.
func TestHeadIsGivenUpAloud(t *testing.T) {
	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(daemon.Init(t.Context(), dir, daemon.Config{
		URL: "http://127.0.0.1:0", HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		Authority: daemon.AuthorityConfig{ID: "a", Name: "A"}, Log: daemon.LogConfig{Origin: "127.0.0.1/log"},
	}, daemon.FirstPerson, nil, time.Now()))
	key, err := envelope.LoadSigner(t.Context(), filepath.Join(dir, daemon.OperatorKey), nil)
	must(err)
	operator := authority.Caller{Org: "a", Roles: []label.Role{label.RoleOperator}}
	serve := func(labs ...string) {
		t.Helper()
		c, err := daemon.LoadConfig(dir)
		must(err)
		d, err := daemon.Open(t.Context(), c, daemon.Options{Log: slog.New(slog.DiscardHandler)})
		must(err)
		for _, lab := range labs {
			_, public, err := envelope.GenerateKey("ecdsa-p256", nil)
			must(err)
			for _, r := range []label.RegistryRequest{
				{Act: label.ActEnrolOrg, Organization: lab, Profile: &label.Profile{Name: lab}, Roles: []label.Role{label.RoleLab}},
				{Act: label.ActAddKey, Organization: lab, PEM: string(public)},
				{Act: label.ActAccredit, Organization: lab, Accreditation: &label.Scope{
					Number: lab, Body: "Board", Standards: []string{"en303645"}, Categories: []string{"*"},
					Methods: []label.Method{"functional-test"}, Interval: label.Period{From: label.DateOf(time.Now()).AddMonths(-1), To: label.DateOf(time.Now()).AddMonths(12)},
				}},
			} {
				r.Made = time.Now().UTC().Truncate(time.Second)
				r.Address(d.URL)
				_, err := d.Authority.ChangeRegistry(t.Context(), operator, labeltest.Registry(t, key, r))
				must(err)
			}
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		must(d.Serve(ctx))
	}
	head := func(code int, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		if got := run(t.Context(), append([]string{"head", "--data", dir}, args...), &out, &out); got != code {
			t.Errorf("head %v ends with %d, want %d", args, got, code)
		}
		return strings.Join(strings.Fields(out.String()), " ")
	}
	says := func(text string, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("head says %q, want %q", text, w)
			}
		}
	}
	serve("one")
	db := store.Path(dir)
	copyTo := func(from, to string) {
		t.Helper()
		text, err := os.ReadFile(from)
		must(err)
		must(os.WriteFile(to, text, 0o600))
	}
	copyTo(db, db+".copy")
	serve("two", "three")
	newest := head(0)
	root := strings.Fields(newest[strings.Index(newest, "served:"):])[4]
	says(head(0, "--accept"), "given up: nothing")
	copyTo(db+".copy", db)
	says(head(1), "an older copy, or another branch", "the last 2 are missing")
	says(head(0, "--accept"), "given up: the head with 4 entries and root "+root, "the last 2, or more where this is another branch, which others may have seen", "ok: ")
	says(head(0), "ok: ")
	serve("four", "five", "six")
	heads := filepath.Join(dir, "log.head")
	copyTo(heads+".replaced", heads)
	says(head(1), "another branch")
	says(head(0, "--accept"), "given up: the head with 4 entries and root "+root, "has other entries instead")
	must(os.Remove(heads))
	if got := head(1); strings.Contains(got, "served:") || !strings.Contains(got, "there is no file") {
		t.Errorf("without a file with what was served:\n%s", got)
	}
	var out bytes.Buffer
	if code := run(t.Context(), []string{"check", "--data", dir}, &out, io.Discard); code != 0 {
		t.Errorf("check ends with %d", code)
	}
	says(out.String(), "note: There is no file "+heads, "whether the database is an older copy is not known by it", "ok: ")
	says(head(0, "--accept"), "given up: whatever was served after 5 entries", "there is no file")
}
