package locale_test

import (
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/locale"
	"labeld/internal/scheme"
)

// TestCalled names labels in languages that have words for them and in one that has none.
// What is left in English is kept apart from the words of the language.
func TestCalled(t *testing.T) {
	apart := func(s string) string { return "[" + s + "]" }
	plain := func(s string) string { return s }
	silver := label.Level{Number: 2, Of: 3, Name: "Silver", Presentation: label.NamedClasses}
	ladder := label.Level{Number: 3, Of: 4, Name: "Secure by design", Presentation: label.Ladder}
	other := label.Level{Number: 3, Of: 4, Name: "Quite good", Presentation: label.Ladder}
	medals, _ := labeltest.Dress(t, labeltest.FilesWith(t, labeltest.NamedClasses))
	for _, tt := range []struct {
		words *locale.Catalogue
		tag   string
		form  scheme.Form
		ref   label.SchemeRef
		level label.Level
		want  string
	}{
		{medals, "de", scheme.OnPage, label.SchemeRef{ID: "medals", Version: "1"}, silver, "Sicherheitsklasse Silber"},
		{medals, "de", scheme.OnArt, label.SchemeRef{ID: "medals", Version: "1"}, silver, "Silber"},
		{medals, "ar", scheme.OnPage, label.SchemeRef{ID: "medals", Version: "1"}, silver, "[Security class Silver]"},
		{medals, "ar", scheme.OnArt, label.SchemeRef{ID: "medals", Version: "1"}, silver, "[Silver]"},
		{medals, "en", scheme.OnPage, label.SchemeRef{ID: "medals"}, silver, "Security class [Silver]"},
		{medals, "de", scheme.OnPage, label.SchemeRef{ID: "medals", Version: "2"}, silver, "[Silver]"},
		{labeltest.Words(t), "de", scheme.OnPage, label.SchemeRef{ID: "four-level", Version: "2026.2"}, ladder, "Stufe 3 von 4: Von Anfang an sicher"},
		{labeltest.Words(t), "ko", scheme.OnArt, label.SchemeRef{ID: "four-level", Version: "2026.2"}, ladder, "4단계 중 3단계"},
		{labeltest.Words(t), "de", scheme.OnPage, label.SchemeRef{ID: "four-level", Version: "2026.2"}, other, "Stufe 3 von 4: [Quite good]"},
		{labeltest.Words(t), "de", scheme.OnPage, label.SchemeRef{ID: "four-level", Version: "2019.1"}, ladder, "[Level 3 of 4: Secure by design]"},
	} {
		if got := tt.words.Find(tt.tag).Called(tt.form, tt.ref, tt.level, plain, apart); got != tt.want {
			t.Errorf("%s, %s: got %q, want %q", tt.tag, tt.form, got, tt.want)
		}
	}
}

// TestWordsOfSchemes refuses translations of what a label is called that do not fit.
func TestWordsOfSchemes(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"placeholder": {`page: "Stufe {number} von {of}: {name}"`, `page: "Stufe {number}: {name}"`, "schemes.four-level.words.page: has the placeholders [{name} {number}], it must have [{name} {number} {of}]"},
		"badge":       {`      page: "Stufe`, "      badge: \"x\"\n      page: \"Stufe", "schemes.four-level.words.badge: would never be read"},
		"form":        {`      page: "Stufe`, "      poster: \"x\"\n      page: \"Stufe", "schemes.four-level.words.poster: the scheme has no such words"},
	} {
		if _, err := locale.Load(altered(t, "locales/de.yaml", tt.old, tt.new), programme(t)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}
