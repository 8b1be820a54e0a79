package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"labeld/internal/labeltest"
	"labeld/internal/terminal"
)

// TestTryNext starts the demo in each way in which a reader may, on a terminal of 80
// columns, and pastes what it prints to try next into shells, as it stands there. No
// line is wider than the terminal but what no line break can be put into, and the
// directory in which the reader pastes it stays as it is.
func TestTryNext(t *testing.T) {
	built, alone := filepath.Dir(buildLabeld(t)), t.TempDir()
	if err := os.Link(filepath.Join(built, "labeld"), filepath.Join(alone, "labeld")); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "build", "-o", built, "../labelctl").CombinedOutput(); err != nil {
		t.Fatalf("building labelctl: %v\n%s", err, out)
	}
	for _, way := range []struct {
		name    string
		command []string
		path    string // in front of the reader's PATH
		tmp     string // where the demo makes its directory
	}{
		{"installed", []string{filepath.Join(built, "labeld"), "demo"}, built, "tmp"},
		{"path", []string{filepath.Join(built, "labeld"), "demo", "--tour"}, "", "it's a"},
		{"alone", []string{filepath.Join(alone, "labeld"), "demo"}, "", "tmp"},
		{"go run", []string{"go", "run", "./cmd/labeld", "demo"}, "", "tmp"},
	} {
		t.Run(way.name, func(t *testing.T) {
			tmp := filepath.Join(t.TempDir(), way.tmp)
			if err := os.Mkdir(tmp, 0o700); err != nil {
				t.Fatal(err)
			}
			env := append(os.Environ(), "TMPDIR="+tmp)
			if way.path != "" {
				env = append(env, "PATH="+way.path+string(os.PathListSeparator)+os.Getenv("PATH"))
			}
			screen := labeltest.NewScreen(t, terminal.HelpWidth)
			cmd := exec.Command(way.command[0], append(way.command[1:], "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")...)
			cmd.Dir, cmd.Env = "../..", env
			cmd.Stdout, cmd.Stderr = screen.File, screen.File
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // with what "go run" starts
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			defer func() {
				syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
				<-ended
			}()
			for end := time.Now().Add(2 * time.Minute); !strings.Contains(screen.Shown(), "serving until interrupted\n"); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(end) {
					t.Fatalf("the demo does not come to its end:\n%s", screen.Shown())
				}
			}
			text := screen.Shown()
			for line := range strings.Lines(text) {
				if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > terminal.HelpWidth && !strings.Contains(line, "\x1b") && strings.Contains(strings.TrimSpace(line), " ") {
					t.Errorf("too wide: %s", line)
				}
			}
			if strings.Contains(text, "\n\n\n") {
				t.Errorf("two lines are empty:\n%s", text)
			}
			tour := regexp.MustCompile(`(?s)the life of label (.*?)\nlabel: `).FindString(text)
			if slices.Contains(way.command, "--tour") != (tour != "") {
				t.Errorf("the tour: %q", tour)
			}
			for line := range strings.Lines(tour) { // the parties' names have a column
				if rest, ok := strings.CutPrefix(line, "manufacturer"); ok && !strings.HasPrefix(rest, "  ") {
					t.Errorf("a row has lost its column: %s", line)
				}
			}
			block := regexp.MustCompile(`(?s)\ntry next, in another terminal:\n\n(.*?\n)\nserving`).FindStringSubmatch(text)
			if block == nil {
				t.Fatalf("there is nothing to try:\n%s", text)
			}
			if n := strings.Count(block[1], "labelctl "); n < 5 {
				t.Errorf("%d commands:\n%s", n, block[1])
			}
			for _, shell := range []string{"sh", "zsh"} {
				if _, err := exec.LookPath(shell); err != nil {
					t.Log(err)
					continue
				}
				try := exec.Command(shell, "-e", "-c", block[1])
				try.Dir = t.TempDir()
				try.Env = slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "LABELCTL_") })
				out, err := try.CombinedOutput()
				if err != nil {
					t.Errorf("%s: %v\n%s\n%s", shell, err, block[1], out)
				}
				for _, want := range []string{"genuine, and active", "meets level 1", "Aurora Test Laboratory", `"state":"active"`} {
					if !strings.Contains(string(out), want) {
						t.Errorf("%s: no %q:\n%s", shell, want, out)
					}
				}
				if left, err := os.ReadDir(try.Dir); err != nil || len(left) > 0 {
					t.Errorf("%s leaves %v in the reader's directory, %v", shell, left, err)
				}
			}
		})
	}
}

// TestInitOnATerminal makes a programme, on a terminal, and pastes what init prints to
// call the service with.
func TestInitOnATerminal(t *testing.T) {
	screen := labeltest.NewScreen(t, terminal.HelpWidth)
	dir := filepath.Join(t.TempDir(), "the programme")
	root := newRoot(screen.File, screen.File)
	root.SetArgs([]string{"init", "--plain", "--data", dir, "--authority", "example-authority", "--name", "Example Authority", "--url", "http://127.0.0.1:8081", "--grpc", "127.0.0.1:8444"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	text := screen.All()
	_, command, found := strings.Cut(text, "operate:")
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); utf8.RuneCountInString(line) > terminal.HelpWidth && !strings.Contains(line, "'") {
			t.Errorf("too wide: %s", line)
		}
	}
	out, err := exec.Command("sh", "-c", "labelctl() { printf '<%s>' \"$@\"; }\n"+command).CombinedOutput()
	if want := "<--server><127.0.0.1:8444><--key><" + filepath.Join(dir, "operator.key") + "><--as><example-authority><org><list>"; !found || err != nil || string(out) != want {
		t.Errorf("%s\nis read as %s, %v, and not as %s", text, out, err, want)
	}
}
