package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var shellBlock = regexp.MustCompile("(?s)```sh\n(.*?)```")

var command = regexp.MustCompile(`(?m)\b(labelctl|operator|maker|lab) [a-z-]`)

// tourScript returns the commands of the README's tour.
func tourScript(t *testing.T) string {
	t.Helper()
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, m := range shellBlock.FindAllSubmatch(readme, -1) {
		script.Write(m[1])
	}
	if n := len(command.FindAllString(script.String(), -1)); n < 30 {
		t.Fatalf("the tour has %d commands of labelctl; was it found?", n)
	}
	return script.String()
}

// tourAt returns the tour at other ports, which its first line names, and no other.
func tourAt(t *testing.T, http, grpc string) string {
	t.Helper()
	script := tourScript(t)
	first, rest, _ := strings.Cut(script, "\n")
	changed := strings.NewReplacer(":8080", ":"+http, ":8443", ":"+grpc).Replace(first)
	if changed == first || strings.Contains(rest, "8080") || strings.Contains(rest, "8443") || strings.Contains(rest, "127.0.0.1") {
		t.Fatalf("the ports are not in the first line, or in others too:\n%s", script)
	}
	return changed + "\n" + rest
}

// TestTour runs the tour of the README, word for word but for the two ports, in
// an empty directory with the real programs.
func TestTour(t *testing.T) {
	http, grpc := freePort(t), freePort(t)
	text := "set -e -o pipefail\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + tourAt(t, http, grpc)
	bin := filepath.Dir(buildLabeld(t))
	if out, err := exec.Command("go", "build", "-o", bin, "../labelctl").CombinedOutput(); err != nil {
		t.Fatalf("building labelctl: %v\n%s", err, out)
	}
	cmd := exec.Command("bash", "-c", text)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "COSIGN_PASSWORD=")
	cmd.WaitDelay = 20 * time.Second // for a server that a failed tour left behind
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("the tour failed: %v\n%s", err, out)
	}
	t.Logf("%s", out)
	for _, want := range []string{"label: ", "ok: every page, hash, index and signature holds", "genuine, and active",
		"operate:  labelctl --server 127.0.0.1:" + grpc + " --key programme/operator.key"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the tour does not print %q:\n%s", want, out)
		}
	}
}

// TestTourInEveryShell runs the tour with programs in place of the real ones that
// note how they were called, which must be the same in each kind of shell that a
// reader may have: zsh does not split what a variable holds, for one.
func TestTourInEveryShell(t *testing.T) {
	bin, script := t.TempDir(), tourScript(t)
	for _, name := range []string{"labeld", "labelctl", "curl", "cosign"} {
		// A line is written at once: the server in the background notes its own meanwhile.
		note := "#!/bin/sh\nline=$(printf '<%s>' " + name + " \"$@\")\nprintf '%s\\n' \"$line\" >>\"$NOTES\"\necho 'label:  K7QM-4T2X-9PWH'\n"
		if err := os.WriteFile(filepath.Join(bin, name), []byte(note), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	calls := func(t *testing.T, shell string) []string {
		dir := t.TempDir()
		notes := filepath.Join(dir, "notes")
		cmd := exec.Command(shell, "-c", script)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "NOTES="+notes, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
		out, _ := cmd.CombinedOutput() // there is no server to end
		b, err := os.ReadFile(notes)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		// The server is called in the background, and may be ended before it has noted that.
		return slices.DeleteFunc(strings.Split(string(b), "\n"), func(line string) bool { return strings.HasPrefix(line, "<labeld><serve>") })
	}
	want := calls(t, "bash")
	if n := len(want); n < 30 || !slices.Contains(want, "<labelctl><--key><maker.key><--as><northlight><notice><list>") {
		t.Fatalf("%d calls are noted:\n%s", n, strings.Join(want, "\n"))
	}
	for _, shell := range []string{"zsh", "dash", "ksh"} {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(err)
			}
			if got := calls(t, shell); !slices.Equal(got, want) {
				t.Errorf("calls are\n%s\nand in bash\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		})
	}
}

// TestTourGivesUp takes the tour to a port that another program holds, which takes
// connections and never answers: no call of curl waits for it for ever.
func TestTourGivesUp(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lines := strings.Split(tourAt(t, fmt.Sprint(l.Addr().(*net.TCPAddr).Port), freePort(t)), "\n")
	calls := 0
	for _, line := range lines {
		if !strings.HasPrefix(line, "curl ") {
			continue
		}
		calls++
		if !strings.Contains(line, " --max-time ") {
			t.Errorf("waits for ever: %s", line)
		}
		if calls > 1 { // the others would take as long
			continue
		}
		line = strings.NewReplacer("--max-time 5 ", "--max-time 1 ", "--retry-max-time 30 ", "--retry-max-time 2 ").Replace(line)
		cmd := exec.Command("sh", "-c", lines[0]+"\n"+line)
		began := time.Now()
		if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "curl: ") || time.Since(began) > 20*time.Second {
			t.Errorf("%s ends after %s with %v: %s", line, time.Since(began), err, out)
		}
	}
	if calls < 4 {
		t.Errorf("the tour calls curl %d times", calls)
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
