package terminal

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestCommandsArePasted breaks commands that are wider than a terminal, and has shells
// say what they make of them: the same as of the command on one line.
func TestCommandsArePasted(t *testing.T) {
	for _, command := range []string{
		`labelctl evaluate 697d44bd2a58cc63fd15831e4ede6cbe2efcf94a0e457c233e68ce292c85af0d --level 2 --server 127.0.0.1:8443 --key /tmp/labeld-demo-1/maker.key --as northlight`,
		`labelctl label suspend K7QM-4T2X-9PWH --reason complaint --text "Two  buyers report \"one\" shared   password, and it's known."`,
		`labelctl org accredit aurora-lab --body 'Example "Accreditation"  Board of Somewhere' --category '*' --standard en303645 --level 4`,
		`labelctl key new --out /a\ directory/with\ a\ long\ name/lab.key --algorithm ed25519 --plain`,
	} {
		p := NewPage(HelpWidth)
		p.Command("operate: ", command)
		p.Line("  %s", command)
		p.Pairs([2]string{"operate:", command})
		text := string(p.Bytes())
		if list := tooWide(strings.ReplaceAll(text, `"Two  buyers report \"one\" shared   password, and it's known."`, "TEXT")); list != nil {
			t.Errorf("too wide: %q", list)
		}
		text = strings.ReplaceAll(text, "operate:", "") // as a reader marks it
		if n := strings.Count(text, "\\\n"); n < 3 {
			t.Errorf("%d lines go on:\n%s", n, text)
		}
		for _, shell := range []string{"sh", "zsh"} {
			if _, err := exec.LookPath(shell); err != nil {
				t.Log(err)
				continue
			}
			says := func(script string) string {
				out, err := exec.Command(shell, "-c", "labelctl() { printf '<%s>' \"$@\"; echo; }\n"+script).CombinedOutput()
				if err != nil {
					t.Fatalf("%s: %v\n%s", shell, err, out)
				}
				return string(out)
			}
			if got, want := says(text), strings.Repeat(says(command), 3); got != want {
				t.Errorf("%s reads\n%s\nas\n%s\nand not\n%s", shell, text, got, want)
			}
		}
	}
	p := NewPage(0)
	p.Command("  ", "labelctl "+strings.Repeat("word ", 40)+"end")
	if text := string(p.Bytes()); strings.Count(text, "\n") != 1 {
		t.Errorf("a command is broken where there is no terminal:\n%s", text)
	}
}

// TestFlagValues gives flags values that they do not take.
func TestFlagValues(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"--level x", `--level takes a whole number, and not "x"`},
		{"--level 1.5", `--level takes a whole number, and not "1.5"`},
		{"--wait soon", `--wait takes a duration such as 90s, and not "soon"`},
		{"--yes=perhaps", `--yes takes true or false, and not "perhaps"`},
		{"--nothing", "unknown flag: --nothing"},
	} {
		root := &cobra.Command{Use: "tool", RunE: func(*cobra.Command, []string) error { return nil }, SilenceErrors: true, SilenceUsage: true}
		root.Flags().Int("level", 0, "")
		root.Flags().Duration("wait", 0, "")
		root.Flags().Bool("yes", false, "")
		NameArguments(root)
		root.SetArgs(strings.Fields(c.args))
		if err := root.Execute(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.args, err, c.want)
		}
	}
}

// TestWideWords has what is wider than the room beside its name or its indent stand
// further left, and whole.
func TestWideWords(t *testing.T) {
	digest := strings.Repeat("5f21", 16)
	p := NewPage(HelpWidth)
	p.Pairs([2]string{"2026-05-04T12:00:00Z", "because of event " + digest}, [2]string{"2026-05-04T12:00:00Z", digest})
	p.Line("%s%s", strings.Repeat(" ", 22), "because of event "+digest)
	text := string(p.Bytes())
	if list := tooWide(text); list != nil || strings.Count(text, "\n                "+digest+"\n") != 3 {
		t.Errorf("%q is too wide:\n%s", list, text)
	}
}

// TestIsolates drops the marks that isolate a part of a text in another direction,
// and shows where others stood.
func TestIsolates(t *testing.T) {
	if got := Clean("\u2068Northlight\u2069, \u2066NL-1\u2069, \u2067خ\u2069", false); got != "Northlight, NL-1, خ" {
		t.Errorf("isolates are written: %q", got)
	}
	for _, r := range "\u202a\u202b\u202c\u202d\u202e\u200e\u200f\u061c\u001b\u009b" {
		if got := Clean(string(r), false); got != "\uFFFD" {
			t.Errorf("%U is written as %q", r, got)
		}
	}
}
