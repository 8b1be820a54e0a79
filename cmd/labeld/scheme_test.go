package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"labeld/internal/scheme"
)

// fileBlock is a file in docs/schemes.md: its name, and below it what it has.
var fileBlock = regexp.MustCompile("(?ms)^`([a-z0-9./-]+\\.yaml)`\n\n```yaml\n(.*?)```")

// TestSchemeFromNothing makes the files that docs/schemes.md has and runs its commands,
// word for word but for the place of the source and the two ports, with the real programs.
func TestSchemeFromNothing(t *testing.T) {
	text, err := os.ReadFile("../../docs/schemes.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files := fileBlock.FindAllSubmatch(text, -1)
	for _, m := range files {
		name := filepath.Join(dir, string(m[1]))
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, m[2], 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(string(text), "```yaml\n"); n != len(files) {
		t.Fatalf("%d of %d blocks are under the name of a file", len(files), n)
	}
	source, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	script := shellBlock.FindSubmatch(text)
	if script == nil {
		t.Fatal("there are no commands")
	}
	commands := strings.NewReplacer("$HOME/labeld", source, ":8080", ":"+freePort(t), ":8443", ":"+freePort(t)).Replace(string(script[1]))

	bin := filepath.Dir(buildLabeld(t))
	if out, err := exec.Command("go", "build", "-o", bin, "../labelctl").CombinedOutput(); err != nil {
		t.Fatalf("building labelctl: %v\n%s", err, out)
	}
	cmd := exec.Command("bash", "-c", "set -e -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n"+commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.WaitDelay = 20 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the commands failed: %v\n%s", err, out)
	}
	t.Logf("%s", out)
	for _, want := range []string{"missing for level 2", "Level 2 of 2: Tested", "genuine, and active"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the commands do not print %q:\n%s", want, out)
		}
	}
	if p, err := scheme.Load(os.DirFS(filepath.Join(dir, "kitchen"))); err != nil || p.Scheme("kitchen", "1") == nil {
		t.Errorf("the scheme is not loaded: %v", err)
	}
}
