package main

import (
	"bufio"
	"context"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"labeld/internal/daemon"
	"labeld/labels"
)

// TestTourOfALife runs the demo with its tour, and reads what each party sees.
func TestTourOfALife(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	dir := filepath.Join(t.TempDir(), "programme")
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		c := daemon.Config{Authority: daemon.AuthorityConfig{ID: demoAuthority, Name: "Demo"}, HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0"}
		err := runDemo(ctx, w, io.Discard, dir, true, c)
		w.CloseWithError(io.EOF)
		ended <- err
	}()
	var text strings.Builder
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if lines.Text() == "serving until interrupted" {
			cancel()
			break
		}
	}
	go io.Copy(io.Discard, r)
	if err := <-ended; err != nil {
		t.Fatalf("%v\n%s", err, text.String())
	}
	at := 0
	for _, want := range []string{
		"the life of label ",
		`shopper       active\. You need version 3\.8\.4 or later\.`, `shop          gets as data: active, with 1 statement and 1 advisory\n`, `is told: label\.advised of [0-9A-Z]{4}-`, `genuine, and active; the log had 1 statement about it on`,
		`shopper       suspended\. .* Units in shops still [^;]*\. You need`, `shop .* suspended, with 2 statements and 1 advisory`, `is told: label\.suspended`, `genuine, and suspended`,
		`is refused: .*suspended and cannot be renewed`, `sees a hold on the product since .*Units in shops still`, `sees the way out: ask the authority`, `shopper       suspended\. `,
		`shopper       active\. `, `shop .* active, `, `is told: label\.reinstated`, `genuine, and active`,
		`shopper       superseded\. .*See label `, `shop .* superseded, `, `is told: label\.superseded`, `genuine, and superseded`,
		`label: `, `url: `,
	} {
		found := regexp.MustCompile(want).FindStringIndex(text.String()[at:])
		if found == nil {
			t.Fatalf("the tour does not go on with %q:\n%s", want, text.String()[at:])
		}
		at += found[1]
	}
	softened(t, dir)
}

// softened serves a programme whose labels name a version of a scheme with other
// criteria under that version.
func softened(t *testing.T, dir string) {
	t.Helper()
	edited := filepath.Join(t.TempDir(), "labels")
	if err := os.CopyFS(edited, labels.FS); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(edited, "schemes", "four-level", "2026.2.yaml")
	text, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append(text, "# Softened.\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	root := newRoot(io.Discard, io.Discard)
	root.SetArgs([]string{"serve", "--data", dir, "--labels", edited})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := root.ExecuteContext(ctx); err == nil || !strings.Contains(err.Error(), "give what was changed another version") {
		t.Errorf("served with other criteria under the same version: %v", err)
	}
}
