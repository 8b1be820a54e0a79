package label_test

import (
	"testing"

	"labeld/internal/label"
)

// TestReadLevel reads levels as they are signed, and as they were before schemes said how
// they show them.
func TestReadLevel(t *testing.T) {
	for text, want := range map[string]label.Level{
		`{"number":2,"of":3,"name":"Silver","presentation":"named-classes"}`: {Number: 2, Of: 3, Name: "Silver", Presentation: label.NamedClasses},
		`{"number":2,"of":3,"name":"Two","presentation":""}`:                 {Number: 2, Of: 3, Name: "Two"},
		`{"number":2,"of":3,"name":"Two"}`:                                   {Number: 2, Of: 3, Name: "Two", Presentation: label.Ladder},
		`{"number":1,"of":1,"name":"Meets it"}`:                              {Number: 1, Of: 1, Name: "Meets it", Presentation: label.PassOnly},
	} {
		var got label.Level
		if err := label.Decode([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
		b, err := label.Encode(want)
		if err != nil || label.Decode(b, &got) != nil || got != want {
			t.Errorf("%+v is written as %s, %v, and read as %+v", want, b, err, got)
		}
	}
	for text, reason := range map[string]label.Reason{
		`{"number":2,"of":3,"name":"Two","rungs":3}`:                   label.ReasonUnknownField,
		`{"number":2,"of":3,"name":"Two","name":"Three"}`:              label.ReasonDuplicateKey,
		`{"number":2,"of":3,"name":"Two","Presentation":"ladder"}`:     label.ReasonUnknownField,
		`{"number":"two","of":3,"name":"Two","presentation":"ladder"}`: label.ReasonMalformed,
	} {
		if err := label.Decode([]byte(text), new(label.Level)); label.ReasonOf(err) != reason {
			t.Errorf("%s: %v, want %s", text, err, reason)
		}
	}
	for _, tt := range []struct {
		level        label.Level
		whole, short string
	}{
		{label.Level{Number: 3, Of: 4, Name: "Secure by design", Presentation: label.Ladder}, "Level 3 of 4: Secure by design", "Level 3 of 4"},
		{label.Level{Number: 1, Of: 1, Name: "Meets it", Presentation: label.PassOnly}, "Meets it", "Meets it"},
		{label.Level{Number: 2, Of: 3, Name: "Silver", Presentation: label.NamedClasses}, "Silver", "Silver"},
	} {
		if tt.level.String() != tt.whole || tt.level.Short() != tt.short {
			t.Errorf("got %q and %q, want %q and %q", tt.level.String(), tt.level.Short(), tt.whole, tt.short)
		}
	}
}
