package main

import (
	"testing"

	"labeld/internal/label"
	"labeld/internal/terminal"
)

// TestDeclaredWithoutWords has a programme of facts of its own: names stand where
// nothing is known in words, and nothing where nothing was declared.
func TestDeclaredWithoutWords(t *testing.T) {
	yes, no := label.BoolFact(true), label.BoolFact(false)
	for _, tc := range []struct {
		declared []label.LabelFact
		want     string
	}{
		{nil, ""},
		{[]label.LabelFact{{Fact: "personal_data_sent", Value: no, By: label.SourceDeclaration}, {Fact: "sings", Value: yes, By: label.SourceLab}, {Fact: "uses_passwords", Value: no, By: label.SourceDeclaration}},
			"the manufacturer declares:\n  - It sends no personal data to any service.\n  - uses_passwords: no\na laboratory has measured:\n  - sings: yes\n"},
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
