package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

// A cliResult is what a command line came to.
type cliResult struct {
	code           int
	stdout, stderr string
}

// try runs a command line.
func try(t *testing.T, args ...string) cliResult {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), args, strings.NewReader(""), &stdout, &stderr)
	return cliResult{code, stdout.String(), stderr.String()}
}

// must runs a command line that succeeds and returns what it wrote.
func must(t *testing.T, args ...string) string {
	t.Helper()
	r := try(t, args...)
	if r.code != 0 {
		t.Fatalf("labelctl %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return r.stdout
}

// mustJSON runs a command line that succeeds with --output json, into v.
func mustJSON(t *testing.T, v any, args ...string) {
	t.Helper()
	out := must(t, append(args, "-o", "json")...)
	if err := json.Unmarshal([]byte(out), v); err != nil {
		t.Fatalf("labelctl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// write writes a file into a directory and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEveryCommandExplainsItself(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.Long == "" || c.Example == "" {
			t.Errorf("%s: Short, Long and Example are required", c.CommandPath())
		}
		if strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: Short ends in a full stop", c.CommandPath())
		}
		for line := range strings.Lines(c.Long) {
			if len(line) > 90 {
				t.Errorf("%s: a line of Long has %d characters: %s", c.CommandPath(), len(line), line)
			}
		}
		r := try(t, append(strings.Fields(c.CommandPath())[1:], "--help")...)
		if r.code != 0 || !strings.Contains(r.stdout, "Examples:") || !strings.Contains(r.stdout, "--output") {
			t.Errorf("%s --help: exit code %d\n%s", c.CommandPath(), r.code, r.stdout)
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(time.Now, strings.NewReader(""), &bytes.Buffer{}, &bytes.Buffer{}))
}

func TestHelpOfGroupsHasNoUsageOfItsOwn(t *testing.T) {
	out := must(t, "org", "--help")
	if strings.Contains(out, "labelctl org [flags]") || !strings.Contains(out, "labelctl org [command]") {
		t.Errorf("usage of a group:\n%s", out)
	}
	if out := must(t); !strings.Contains(out, "Available Commands:") {
		t.Errorf("labelctl alone shows no help:\n%s", out)
	}
}

func TestUsageErrorsExitWith2(t *testing.T) {
	digest := strings.Repeat("0", 64)
	for _, tc := range []struct{ args, want string }{
		{"nonsense", `there is no command "nonsense"`},
		{"orgg", "did you mean org?"},
		{"org", "a subcommand is required"},
		{"org lst", "did you mean list?"},
		{"org list --nonsense", "unknown flag: --nonsense"},
		{"org list extra", "\"extra\" is an argument too many\n  usage: labelctl org list\n"},
		{"org list --role boss", `unknown role "boss"`},
		{"org list --output yaml", "neither text nor json"},
		{"org list --timeout 0s", "--timeout"},
		{"org list", "use --key"},
		{"org accredit lab --number 1 --body b --standard s --category c --method m --from 2026-13-01 --to 2026-12-31", "--from"},
		{"org key lab --pub x --from yesterday", "--from"},
		{"key new", `"out" not set`},
		{"key new --out x.pub", "names the private key"},
		{"device show 1234", "64 lower-case"},
		{"attest", "--results and --device are required"},
		{"attest --results x", "--results and --device are required"},
		{"attest --template --results x", "cannot be used with"},
		{"attest --results x --device y --edition z", "are for --template"},
		{"attest --template --standard nonsense", "in the catalogue; there is en303645"},
		{"attest --template --edition V9", "there is V2.1.1"},
		{"declare --declaration x", "--declaration and --device are required"},
		{"submit", "FILE is missing\n  usage: labelctl submit FILE...\n"},
		{"label suspend", "ID is missing\n  usage: labelctl label suspend ID --reason CODE --text TEXT\n"},
		{"event affiliation aurora-lab", "MANUFACTURER is missing\n  usage: labelctl event affiliation LAB MANUFACTURER"},
		{"label shw --gtin 1", "did you mean show?"},
		{"request " + digest + " --level 0", "must be 1 or more"},
		{"request " + digest + " --level 1 --qr x.gif", ".png or .svg"},
		{"label show", "give a label ID or URL"},
		{"label show K7QM-4T2X-9PWH --gtin 12345670", "give a label ID or URL"},
		{"label show K7QM-4T2X-9PWH --server nonsense", "not of the form host:port"},
		{"label suspend K7QM-4T2X-9PWH", `"reason", "text" not set`},
		{"label suspend K7QM-4T2X-9PWH --reason complaint --text x", "use --key"},
		{"label suspend K7QM-4T2X-9PWH --reason complaint --text x --effective 2027-01-01", "unknown flag: --effective"},
		{"label withdraw K7QM-4T2X-9PWH --reason discontinued --text x --effective soon", "--effective"},
		{"label renew K7QM-4T2X-9PWH --level many", "--level"},
		{"hold put --reason misuse --text x", "at least one of the flags in the group [device manufacturer] is required"},
		{"label supersede K7QM-4T2X-9PWH --reason renewed --text x", `"by" not set`},
		{"request approve 1234", "at least 8 digits"},
		{"label history K7QM-4T2X-9PWH --at noon", "neither a date"},
		{"verify x --at noon", "neither a date"},
		{"verify K7QM-4T2X-9PWH --offline", "--trust is required"},
		{"scheme facts --by me", "neither lab nor manufacturer"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			r := try(t, strings.Fields(tc.args)...)
			if r.code != exitUsage || !strings.Contains(r.stderr, tc.want) || !strings.Contains(r.stderr, "labelctl: hint: ") {
				t.Errorf("exit code %d, want %d and %q:\n%s", r.code, exitUsage, tc.want, r.stderr)
			}
			if r.stdout != "" {
				t.Errorf("wrote to standard output: %s", r.stdout)
			}
		})
	}
}

func TestEnvironmentStandsInForFlags(t *testing.T) {
	t.Setenv(envServer, "no-port-here")
	r := try(t, "scheme", "list")
	if r.code != exitUsage || !strings.Contains(r.stderr, "no-port-here") {
		t.Errorf("%s is not used: %s", envServer, r.stderr)
	}
	r = try(t, "scheme", "list", "--server", "other-name")
	if !strings.Contains(r.stderr, "other-name") {
		t.Errorf("--server does not come before %s: %s", envServer, r.stderr)
	}
	t.Setenv(envKey, filepath.Join(t.TempDir(), "nosuch.key"))
	if r := try(t, "org", "list"); r.code != exitFailed || !strings.Contains(r.stderr, "nosuch.key") {
		t.Errorf("%s is not used: %s", envKey, r.stderr)
	}
}

func TestShellCompletion(t *testing.T) {
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"__complete", "org", ""}, "accredit"},
		{[]string{"__complete", "org", "list", "--role", ""}, "manufacturer"},
		{[]string{"__complete", "key", "new", "--algorithm", ""}, "ed25519"},
		{[]string{"__complete", "label", "revoke", "X", "--reason", ""}, "nonconformity\tThe product was found"},
		{[]string{"__complete", "label", "renew", "X", "--reason", ""}, "new-level"},
		{[]string{"completion", "bash"}, "labelctl"},
	} {
		if out := must(t, tc.args...); !strings.Contains(out, tc.want) {
			t.Errorf("%v gives no %q:\n%s", tc.args, tc.want, out)
		}
	}
}
