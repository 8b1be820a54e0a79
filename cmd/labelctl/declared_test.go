package main

import (
	"testing"

	"labeld/internal/label"
	"labeld/internal/terminal"
)

// TestDeclaredWithoutWords has a programme of facts of its own: names stand where
// nothing is known in words, and nothing where nothing was declared.
func TestDeclaredWithoutWords(t *testing.T) {
	for _, tc := range []struct {
		declared []label.DeclaredFact
		want     string
	}{
		{nil, ""},
		{[]label.DeclaredFact{{Fact: "personal_data_sent"}, {Fact: "sings", Value: true}, {Fact: "uses_passwords"}},
			"the manufacturer declares:\n  - It sends no personal data to any service.\n  - sings: yes\n  - uses_passwords: no\n"},
	} {
		list, err := factTexts(tc.declared)
		if err != nil {
			t.Fatal(err)
		}
		var p terminal.Page
		if writeDeclared(&p, list); string(p.Bytes()) != tc.want {
			t.Errorf("%v is written\n%s\nwant\n%s", tc.declared, string(p.Bytes()), tc.want)
		}
	}
}
