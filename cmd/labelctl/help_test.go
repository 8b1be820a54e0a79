package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"labeld/internal/labeltest"
)

// TestNarrowHelp has all help fit a terminal.
func TestNarrowHelp(t *testing.T) {
	labeltest.NarrowHelp(t, newRoot(nil, nil, nil, nil), func(args ...string) string { return must(t, args...) })
}

// TestArgumentsAreNamed has every command name the arguments that it misses.
func TestArgumentsAreNamed(t *testing.T) {
	labeltest.NamedArguments(t, newRoot(nil, nil, nil, nil))
}

// commands finds commands that a text tells people to use.
var commands = regexp.MustCompile("[\"`(]labelctl ([a-z][a-z-]*)(?: ([a-z][a-z-]*))?")

// TestNamedCommandsExist looks for every command that a text of the programs or of the
// documents tells people to use.
func TestNamedCommandsExist(t *testing.T) {
	root, found := newRoot(nil, nil, nil, nil), 0
	child := func(of *cobra.Command, name string) *cobra.Command {
		i := slices.IndexFunc(of.Commands(), func(c *cobra.Command) bool { return c.Name() == name || slices.Contains(c.Aliases, name) })
		if i < 0 {
			return nil
		}
		return of.Commands()[i]
	}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, "_test.go") || !slices.Contains([]string{".go", ".md", ".proto", ".yaml"}, filepath.Ext(path)) {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, m := range commands.FindAllStringSubmatch(strings.ReplaceAll(string(b), `\"`, `"`), -1) {
			found++
			c := child(root, m[1])
			if c != nil && c.HasSubCommands() && m[2] != "" {
				c = child(c, m[2])
			}
			if c == nil {
				t.Errorf("%s names %q, and there is no such command", path, strings.TrimSpace(m[0][1:]))
			}
		}
		return nil
	})
	if err != nil || found < 50 {
		t.Errorf("%d commands are named (%v)", found, err)
	}
}
