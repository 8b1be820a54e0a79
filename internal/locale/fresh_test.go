package locale_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/locale"
	"labeld/internal/scheme"
)

// TestOutdatedSentences changes sentences that are not of a scheme. Whoever starts the
// service is told of each in each language, with what makes its translation count again,
// and people read it in English.
func TestOutdatedSentences(t *testing.T) {
	files := labeltest.Files(t)
	for file, edit := range map[string][2]string{
		"categories.yaml": {"name: Toy,", "name: Plaything,"},
		"reasons.yaml":    {"The authority is looking into a complaint about the product.", "The authority looks into a complaint."},
		"facts.yaml":      {"It sends personal data to a service.", "It sends personal data to a service on the internet."},
	} {
		change(t, files, file, edit[0], edit[1])
	}
	p, c := loaded(t, files)
	list := c.Outdated()
	if want := 3 * (len(tags) - 1); len(list) != want {
		t.Errorf("%d translations are outdated, want %d: %q", len(list), want, list)
	}
	de := c.Find("de")
	complaint, sent := p.Reasons["complaint"], label.LabelFact{Fact: "personal_data_sent", Value: label.BoolFact(true)}
	for _, tt := range []struct{ got, want string }{
		{de.Category(p.Categories["toy"]), "Plaything"},
		{de.Reason(complaint), "The authority looks into a complaint."},
		{de.Fact(sent, p), "It sends personal data to a service on the internet."},
		{de.Fact(label.LabelFact{Fact: "personal_data_sent", Value: label.BoolFact(false)}, p), "It sends no personal data to any service."},
		{de.Category(p.Categories["ip-camera"]), "Kamera"},
	} {
		if tt.got != tt.want {
			t.Errorf("in German people read %q, want %q", tt.got, tt.want)
		}
	}

	// What the service says makes the translation count again.
	i := slices.IndexFunc(list, func(s string) bool { return strings.HasPrefix(s, "locales/de.yaml: categories.toy ") })
	if i < 0 {
		t.Fatalf("nothing is said of the German word: %q", list)
	}
	_, digits, _ := strings.Cut(list[i], `of.categories.toy is "`)
	text := string(files["locales/de.yaml"].Data)
	before, after, _ := strings.Cut(text, "    toy: \"")
	files["locales/de.yaml"].Data = []byte(before + "    toy: \"" + digits[:8] + after[8:])
	_, c = loaded(t, files)
	if got := c.Find("de").Category(p.Categories["toy"]); got != "Spielzeug" {
		t.Errorf("once it is translated anew, people read %q", got)
	}
}

// TestTranslationsSayOfWhat refuses translations that do not say of which sentence they
// are, and what says so of none.
func TestTranslationsSayOfWhat(t *testing.T) {
	for name, tt := range map[string]struct{ old, new, want string }{
		"not said":       {"  reasons:\n    nonconformity: ", "  reasons:\n    #", "of: reasons.nonconformity is missing: which English sentence reasons.nonconformity translates; of the present one it is "},
		"no translation": {"  reasons:\n    nonconformity: ", "  reasons:\n    nothing: \"00000000\"\n    nonconformity: ", "of.reasons.nothing: there is no translation reasons.nothing"},
	} {
		if _, err := locale.Load(altered(t, "locales/de.yaml", tt.old, tt.new), programme(t)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// TestNothingIsOutdated holds the embedded catalogues to the embedded programme.
func TestNothingIsOutdated(t *testing.T) {
	if list := labeltest.Words(t).Outdated(); len(list) > 0 {
		t.Errorf("%q", list)
	}
}

func change(t *testing.T, files fstest.MapFS, name, old, new string) {
	t.Helper()
	text := string(files[name].Data)
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q stands %d times in %s", old, strings.Count(text, old), name)
	}
	files[name].Data = []byte(strings.Replace(text, old, new, 1))
}

func loaded(t *testing.T, files fstest.MapFS) (*scheme.Programme, *locale.Catalogue) {
	t.Helper()
	p, err := scheme.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	c, err := locale.Load(files, p)
	if err != nil {
		t.Fatal(err)
	}
	return p, c
}
