package main

import (
	"bytes"
	"testing"

	"labeld/internal/labeltest"
)

// TestNarrowHelp has all help fit a terminal.
func TestNarrowHelp(t *testing.T) {
	labeltest.NarrowHelp(t, newRoot(nil, nil), func(args ...string) string {
		var out bytes.Buffer
		root := newRoot(&out, &out)
		root.SetArgs(args)
		if err := root.Execute(); err != nil {
			t.Fatalf("labeld %v: %v", args, err)
		}
		return out.String()
	})
}

// TestArgumentsAreNamed has every command name the arguments that it misses.
func TestArgumentsAreNamed(t *testing.T) { labeltest.NamedArguments(t, newRoot(nil, nil)) }
