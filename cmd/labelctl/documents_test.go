package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// namedCommand is a command as documents name it: labelctl and lower-case words.
var namedCommand = regexp.MustCompile("`labelctl((?: [a-z][a-z-]*)+)")

// TestDocumentsNameCommands requires that every command which docs/ names exists. What
// comes after a command that takes arguments is one of these.
func TestDocumentsNameCommands(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range namedCommand.FindAllSubmatch(text, -1) {
			n++
			words := strings.Fields(string(m[1]))
			cmd, rest, err := newRoot(time.Now, strings.NewReader(""), io.Discard, io.Discard).Find(words)
			if err != nil || cmd.HasSubCommands() && !cmd.Runnable() || len(rest) > 0 && !strings.Contains(cmd.Use, " ") {
				t.Errorf("%s names the command \"labelctl %s\", of which %q is left (%v)", name, strings.Join(words, " "), rest, err)
			}
		}
	}
	if n < 5 {
		t.Errorf("%d commands were found in %d documents", n, len(files))
	}
}
