package labeltest

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"labeld/internal/terminal"
)

// NarrowHelp has all help of a program fit a terminal, but for usages and for commands
// to copy. Help returns what the program prints for arguments.
func NarrowHelp(t *testing.T, root *cobra.Command, help func(args ...string) string) {
	t.Helper()
	var walk func(args []string, cmd *cobra.Command)
	walk = func(args []string, cmd *cobra.Command) {
		examples, usage := false, false
		for line := range strings.Lines(help(append(args[:len(args):len(args)], "--help")...)) {
			line = strings.TrimRight(line, "\n")
			if line != "" && !strings.HasPrefix(line, " ") {
				examples, usage = line == "Examples:", line == "Usage:"
			}
			copied := examples || usage || strings.HasPrefix(strings.TrimSpace(line), "cosign") || strings.HasPrefix(line, "Use \""+root.Name())
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
