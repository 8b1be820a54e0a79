package labeltest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"labeld/internal/terminal"
)

// NarrowHelp has all help of a program fit a terminal, but for usages. Help returns what
// the program prints for arguments.
func NarrowHelp(t *testing.T, root *cobra.Command, help func(args ...string) string) {
	t.Helper()
	var walk func(args []string, cmd *cobra.Command)
	walk = func(args []string, cmd *cobra.Command) {
		usage := false
		for line := range strings.Lines(help(append(args[:len(args):len(args)], "--help")...)) {
			line = strings.TrimRight(line, "\n")
			if line != "" && !strings.HasPrefix(line, " ") {
				usage = line == "Usage:"
			}
			copied := usage || strings.HasPrefix(strings.TrimSpace(line), "cosign") || strings.HasPrefix(line, "Use \""+root.Name())
			if utf8.RuneCountInString(line) > terminal.HelpWidth && !copied {
				t.Errorf("%s %s --help: %s", root.Name(), strings.Join(args, " "), line)
			}
		}
		for _, sub := range cmd.Commands() {
			walk(append(args[:len(args):len(args)], sub.Name()), sub)
		}
	}
	walk(nil, root)
}

// NamedArguments gives each command of a program too few and too many arguments, and
// has it name the one that is missing, or too much, with the usage.
func NamedArguments(t *testing.T, root *cobra.Command) {
	t.Helper()
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Args == nil {
			t.Errorf("%s does not say how many arguments it has", cmd.CommandPath())
			return
		}
		for n := range 5 {
			args := strings.Fields("one two three four")[:n]
			err := cmd.Args(cmd, args)
			if err == nil {
				continue
			}
			usage := "\nusage: " + cmd.CommandPath()
			missing, _, found := strings.Cut(err.Error(), " is missing"+usage)
			switch {
			case cmd.HasSubCommands() && !strings.Contains(cmd.Use, " "): // no arguments of its own
				if want := "there is no command \"one\""; !strings.HasPrefix(err.Error(), want) {
					t.Errorf("%s %v: %v", cmd.CommandPath(), args, err)
				}
			case found:
				if missing == "" || missing != strings.ToUpper(missing) || !strings.Contains(cmd.Use, " "+missing) {
					t.Errorf("%s %v: %v", cmd.CommandPath(), args, err)
				}
			case n == 0 || !strings.Contains(err.Error(), "\" is an argument too many"+usage):
				t.Errorf("%s %v: %v", cmd.CommandPath(), args, err)
			}
		}
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
