package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestTour runs the tour of the README, word for word but for the two ports, in
// an empty directory with the real programs.
func TestTour(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -e -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n")
	for _, m := range shellBlock.FindAllSubmatch(readme, -1) {
		script.Write(m[1])
	}
	if n := strings.Count(script.String(), "labelctl "); n < 10 {
		t.Fatalf("the tour has %d labelctl commands; was it found?", n)
	}
	http, grpc := freePort(t), freePort(t)
	text := strings.NewReplacer(":8080", ":"+http).Replace(script.String())
	text = strings.Replace(text, "labeld init ", "labeld init --http 127.0.0.1:"+http+" --grpc 127.0.0.1:"+grpc+" ", 1)
	bin := filepath.Dir(buildLabeld(t))
	if out, err := exec.Command("go", "build", "-o", bin, "../labelctl").CombinedOutput(); err != nil {
		t.Fatalf("building labelctl: %v\n%s", err, out)
	}
	cmd := exec.Command("bash", "-c", text)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"),
		"LABELCTL_SERVER=127.0.0.1:"+grpc, "LABELCTL_URL=http://127.0.0.1:"+http, "COSIGN_PASSWORD=")
	cmd.WaitDelay = 20 * time.Second // for a server that a failed tour left behind
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tour failed: %v\n%s", err, out)
	}
	t.Logf("%s", out)
	for _, want := range []string{"label: ", "ok: every page, hash, index and signature holds", "genuine, and active"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the tour does not print %q:\n%s", want, out)
		}
	}
}

// freePort returns a port that nobody listens on. Somebody may take it before
// it is used; the tour needs its ports in advance.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return fmt.Sprint(l.Addr().(*net.TCPAddr).Port)
}
