package locale_test

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/labeltest"
	"labeld/internal/locale"
	"labeld/internal/scheme"
)

// TestOutdatedTranslations loads a version of a scheme that words one criterion and one
// level otherwise than the version that is translated. Whoever starts the service is
// told, and people read these sentences in English; the others, and all of the version
// that is translated, in their language.
func TestOutdatedTranslations(t *testing.T) {
	files := labeltest.Files(t)
	text := string(files["schemes/four-level/2026.2.yaml"].Data)
	for _, edit := range [][2]string{
		{`version: "2026.2"`, `version: "2027.1"`}, {`{from: "2026-01-01"}`, `{from: "2027-01-01"}`},
		{"title: No password is shared between units", "title: No password is shared between two devices"},
		{"name: Attack-tested", "name: Tested by attackers"},
	} {
		if strings.Count(text, edit[0]) != 1 {
			t.Fatalf("%q stands %d times in the scheme", edit[0], strings.Count(text, edit[0]))
		}
		text = strings.Replace(text, edit[0], edit[1], 1)
	}
	files["schemes/four-level/2027.1.yaml"] = &fstest.MapFile{Data: []byte(text)}
	p, err := scheme.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	c, err := locale.Load(files, p)
	if err != nil {
		t.Fatal(err)
	}
	var german []string
	for _, text := range c.Outdated() {
		if strings.HasPrefix(text, "locales/de.yaml: ") {
			german = append(german, text)
		}
	}
	if len(german) != 2 || !strings.Contains(german[0], "criteria.no-shared-passwords translates version 2026.2; version 2027.1 words") || !strings.Contains(german[1], "words level 4 otherwise") {
		t.Errorf("of the German words is said %q", german)
	}
	de := c.Find("de")
	title := func(version, criterion string) string {
		s := p.Scheme("four-level", version)
		i := slices.IndexFunc(s.Criteria, func(c scheme.Criterion) bool { return c.ID == criterion })
		return de.Criterion(s, &s.Criteria[i])
	}
	if got := title("2027.1", "no-shared-passwords"); got != "No password is shared between two devices" {
		t.Errorf("what is worded anew reads %q in German", got)
	}
	if title("2026.2", "no-shared-passwords") == "No password is shared between units" || title("2027.1", "sound-login") != title("2026.2", "sound-login") || title("2027.1", "sound-login") == "" {
		t.Error("what is not worded anew is not in German")
	}
}

// TestTranslatedVersion refuses words of a version that is not loaded.
func TestTranslatedVersion(t *testing.T) {
	files := labeltest.Files(t)
	de := files["locales/de.yaml"]
	de.Data = []byte(strings.Replace(string(de.Data), `of: "2026.2"`, `of: "2025.1"`, 1))
	p, err := scheme.Load(files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := locale.Load(files, p); err == nil || !strings.Contains(err.Error(), `locales/de.yaml`) || !strings.Contains(err.Error(), `no version "2025.1"`) {
		t.Errorf("got %v", err)
	}
}
