package main

import (
	"strings"
	"testing"

	labelv1 "labeld/api/proto/label/v1"
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
	some := label.DigestOf([]byte("something"))
	for cause, want := range map[label.Cause]string{
		label.EventCause(some):                                                         "because of event " + some.String(),
		{Kind: label.CauseEvidence}:                                                    "\"labelctl evaluate 77ab\"",
		{Kind: label.CauseEvidence, SHA256: some}:                                      "report " + some.String(),
		{Kind: label.CauseAdvisory, SHA256: some}:                                      "labelctl advisory show " + some.String(),
		{Kind: label.CausePredecessor, SHA256: some, Label: "K7QM4T2X9PWH", Number: 3}: "number 3 of \"labelctl label history K7QM-4T2X-9PWH\"",
		{Kind: "something-of-later"}:                                                   "no words for: unknown (something-of-later)",
	} {
		if got := causeText(cause, "77ab"); !strings.Contains(got, want) {
			t.Errorf("%+v: %s", cause, got)
		}
	}
	message := &labelv1.StatusCause{Kind: "predecessor", Sha256: some.String(), Label: "K7QM4T2X9PWH", Number: 3}
	if got := causeOf(message); got != (label.Cause{Kind: label.CausePredecessor, SHA256: some, Label: "K7QM4T2X9PWH", Number: 3}) {
		t.Errorf("%v is read as %+v", message, got)
	}
}
