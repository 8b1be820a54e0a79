package main

import (
	"testing"

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
