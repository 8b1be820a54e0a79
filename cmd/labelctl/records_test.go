package main

import (
	"strings"
	"testing"

	"labeld/internal/label"
)

func TestUnique(t *testing.T) {
	a, b := strings.Repeat("ab", 32), "abababab"+strings.Repeat("cd", 28)
	list := []string{b, a, a}
	if got, err := findByPrefix("DEVICE", "ababababab", list, ""); got != a || err != nil {
		t.Errorf("one of them: %q, %v", got, err)
	}
	if _, err := findByPrefix("DEVICE", "abababab", list, ""); err == nil || !strings.Contains(err.Error(), "2 have a SHA-256 that begins with abababab") {
		t.Errorf("two: %v", err)
	}
	if _, err := findByPrefix("DEVICE", "00000000", list, "look there"); label.ReasonOf(err) != label.ReasonUnknownSubject || describe(err).Hint != "look there" {
		t.Errorf("none: %v", err)
	}
	for arg, want := range map[string]bool{"ABABABAB": true, a[:63]: true, a: false, "abababa": false, "camera.yaml": false, "decade": false} {
		if _, ok := digestPrefix(arg); ok != want {
			t.Errorf("%s is a beginning: %v", arg, ok)
		}
	}
}

// TestCauses has a reader look up what a history says of itself.
func TestCauses(t *testing.T) {
	for cause, want := range map[string]string{
		"5f21":                     "because of event 5f21",
		"judged:5f21":              "\"labelctl evaluate 77ab\"",
		"unjudged:5f21":            "labelctl scheme list",
		"overdue:5f21":             "labelctl advisory show 5f21",
		"carried:K7QM4T2X9PWH/3":   "number 3 of \"labelctl label history K7QM-4T2X-9PWH\"",
		"something-of-later:12345": "no words for: unknown (something-of-later:12345)",
	} {
		if got := causeText(cause, "77ab"); !strings.Contains(got, want) || strings.Contains(got, "judged:") {
			t.Errorf("%s: %s", cause, got)
		}
	}
}
