package locale_test

import (
	"html/template"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/locale"
	"labeld/internal/scheme"
	"labeld/labels"
)

// tags are the languages that a label programme of today needs.
var tags = []string{"en", "ar", "de", "es", "fi", "fr", "ja", "ko", "zh-Hans"}

func programme(t *testing.T) *scheme.Programme {
	t.Helper()
	p, err := scheme.Load(labels.FS)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestLanguages(t *testing.T) {
	var got []string
	for _, l := range labeltest.Words(t).Languages() {
		got = append(got, l.Tag)
		if l.RightToLeft != (l.Tag == "ar") {
			t.Errorf("%s is written from the wrong side", l.Tag)
		}
	}
	if strings.Join(got, " ") != strings.Join(tags, " ") {
		t.Errorf("got %v, want %v", got, tags)
	}
}

// The embedded catalogues translate all of the embedded programme.
func TestProgrammeIsTranslated(t *testing.T) {
	p := programme(t)
	for _, l := range labeltest.Words(t).Languages()[1:] {
		same := func(what, id, translated, english string) {
			if translated == english {
				t.Errorf("%s: %s %s is not translated: %s", l.Tag, what, id, english)
			}
		}
		for id, c := range p.Categories {
			if id != "hub" && id != "router" { // the same in some languages
				same("category", id, l.Category(c), c.Name)
			}
		}
		for code, r := range p.Reasons {
			same("reason", code, l.Reason(r), r.Title)
		}
		for name, f := range p.Facts {
			for _, d := range []label.LabelFact{{Fact: name, Value: label.BoolFact(true)}, {Fact: name, Value: label.BoolFact(false)}} {
				if f.Shoppers != nil {
					same("fact", name, l.Fact(d, p), p.Words(d))
				}
			}
		}
		for _, s := range p.Schemes {
			same("scheme", s.ID, l.Scheme(s.ID, s.Name), s.Name)
			for i := range s.Criteria {
				same("criterion", s.Criteria[i].ID, l.Criterion(s, &s.Criteria[i]), s.Criteria[i].Title)
			}
			for n := 1; n <= len(s.Levels); n++ {
				level, err := s.Level(n)
				if err != nil {
					t.Fatal(err)
				}
				plain, left := func(s string) string { return s }, func(s string) string { return "[" + s + "]" }
				for _, f := range []scheme.Form{scheme.OnPage, scheme.OnArt} {
					if got := l.Called(f, s.Ref(), level, plain, left); strings.Contains(got, "[") {
						t.Errorf("%s: on the %s a label is called %s", l.Tag, f, got)
					}
				}
			}
			for i, level := range s.Levels {
				name, about := l.Level(s.ID, label.Level{Number: i + 1, Of: len(s.Levels), Name: level.Name, Presentation: label.Ladder}, level.About)
				same("level", level.Name, name, level.Name)
				same("meaning of level", level.Name, about, level.About)
			}
		}
	}
}

func TestFind(t *testing.T) {
	c := labeltest.Words(t)
	for tag, want := range map[string]string{
		"de": "de", "DE": "de", "de-CH": "de", "zh": "zh-Hans", "zh-CN": "zh-Hans", "en-GB": "en", "ar-EG": "ar",
		"pt": "", "xx": "", "": "", "not a tag": "", strings.Repeat("x", 5000): "",
	} {
		got := ""
		if l := c.Find(tag); l != nil {
			got = l.Tag
		}
		if got != want {
			t.Errorf("%q finds %q, want %q", tag, got, want)
		}
	}
}

func TestNegotiate(t *testing.T) {
	c := labeltest.Words(t)
	for accept, want := range map[string]string{
		"":                              "en",
		"fi":                            "fi",
		"pt-BR, pt;q=0.9, fr;q=0.5":     "fr",
		"en-US,en;q=0.9,de;q=0.8":       "en",
		"de;q=0.1, ja;q=0.7":            "ja",
		"sv, *;q=0.5":                   "en",
		"fr;q=broken":                   "en",
		"zh-CN,zh;q=0.9":                "zh-Hans",
		"\x00\xff":                      "en",
		strings.Repeat("fr;q=0.1,", 99): "fr",
	} {
		if got := c.Negotiate(accept).Tag; got != want {
			t.Errorf("%q gives %s, want %s", accept, got, want)
		}
	}
}

func TestDatesAndNumbers(t *testing.T) {
	c := labeltest.Words(t)
	for tag, want := range map[string][2]string{
		"en": {"5 March 2027", "12,345"}, "de": {"5. März 2027", "12.345"}, "fi": {"5. maaliskuuta 2027", "12\u00a0345"},
		"ja": {"2027年3月5日", "12,345"}, "ar": {"5 مارس 2027", "12,345"},
	} {
		l := c.Find(tag)
		if got := l.Date(label.NewDate(2027, 3, 5)); got != want[0] {
			t.Errorf("%s: %q, want %q", tag, got, want[0])
		}
		if got := l.Number(12345); got != want[1] {
			t.Errorf("%s: %q, want %q", tag, got, want[1])
		}
	}
	if got := c.Find("fr").Date(label.NewDate(2032, 7, 1)); got != "1er juillet 2032" {
		t.Errorf("got %q", got)
	}
	if got := c.Find("en").Date(label.NewDate(1, 1, 2)); got != "2 January 0001" {
		t.Errorf("got %q", got)
	}
}

// Plurals follow the rules of the language.
func TestPlurals(t *testing.T) {
	c := labeltest.Words(t)
	if one, two := c.Find("en").Text("label.ack", "count", 1), c.Find("en").Text("label.ack", "count", 2); !strings.HasSuffix(one, " 1 day.") || !strings.HasSuffix(two, " 2 days.") {
		t.Errorf("got %q and %q", one, two)
	}
	forms := map[string]bool{}
	for _, n := range []int{0, 1, 2, 3, 11, 100} {
		forms[strings.Trim(c.Find("ar").Text("label.ack", "count", n), "0123456789 ")] = true
		if got := c.Find("ar").Text("label.ack", "count", n); n > 2 && !strings.ContainsAny(got, "0123456789") {
			t.Errorf("%d: %q has no number", n, got)
		}
	}
	if len(forms) < 4 {
		t.Errorf("Arabic has six plural forms, and %d were used", len(forms))
	}
}

// Text that comes from strangers is escaped, HTML that was made here is not.
func TestHTML(t *testing.T) {
	l := labeltest.Words(t).Find("en")
	got := l.HTML("label.accredited", "lab", "<script>", "number", template.HTML("<b>7</b>"), "body", `"&`)
	if want := template.HTML(`&lt;script&gt;, accreditation <b>7</b> by &#34;&amp;`); got != want {
		t.Errorf("got %s", got)
	}
	if got := l.Text("label.accredited", "lab", "<script>", "number", "{body}", "body", "&"); got != "<script>, accreditation {body} by &" {
		t.Errorf("got %s", got)
	}
}

// A broken catalogue is refused with its name, the line and what to do.
func TestLoadRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ file, old, new, want string }{
		"no such message":   {"de.yaml", "  site:\n", "  site:\n    tittle: Titel\n", "locales/de.yaml:"},
		"missing message":   {"de.yaml", "    find:", "    found:", "site.find is missing"},
		"placeholder":       {"de.yaml", "{authority}", "{autority}", "has the placeholders [autority], it must have [authority]"},
		"brace":             {"en.yaml", "{authority}", "{authority", "has a brace without its other half"},
		"empty":             {"en.yaml", "find: Label ID, number", "find: \"\"\n    sought: Label ID, number", "messages.site.find: is empty"},
		"plural form":       {"de.yaml", "      one:", "      few:", "the language has no plural form few"},
		"lost plural form":  {"ar.yaml", "      two:", "      zwei:", "lacks the plural form two"},
		"stray plural form": {"en.yaml", "      one:", "      single:", "single is no plural form"},
		"months":            {"fr.yaml", "months: [janvier, ", "months: [", "has 11 months, 12 are needed"},
		"date":              {"fr.yaml", `date: "{day} {month} {year}"`, `date: "{day} {month}"`, "date: must have {day}, {month} and {year}"},
		"direction":         {"ar.yaml", "direction: rtl", "direction: up", "direction: must be rtl, or left out"},
		"tag":               {"fr.yaml", "language: fr", "language: it", "must be a language tag (BCP 47), and the name of the file"},
		"category":          {"fi.yaml", `  toy: "Lelu"`, `  toi: "Lelu"`, "categories.toi: the programme has none of this ID"},
		"reason":            {"fi.yaml", "\n  advisory:", "\n  advisories:", "reasons.advisories: the programme has none of this ID"},
		"criterion":         {"fi.yaml", "      hardened:", "      softened:", "criteria.softened: the scheme has no such criterion"},
		"unknown member":    {"en.yaml", "name: English", "nome: English", "no such member is defined here: nome"},
		"review":            {"es.yaml", "review:", "review: \"\"\n#", "a review: who has looked at the words"},
	} {
		c, err := locale.Load(altered(t, "locales/"+tt.file, tt.old, tt.new), programme(t))
		if err == nil || c != nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "locales/"+tt.file+":") {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	without := files(t)
	delete(without, "locales/en.yaml")
	if _, err := locale.Load(without, programme(t)); err == nil || !strings.Contains(err.Error(), "locales/en.yaml is missing") {
		t.Errorf("without English: %v", err)
	}
}

// altered returns the embedded catalogues with one replacement.
func altered(t *testing.T, name, old, new string) fs.FS {
	t.Helper()
	all := files(t)
	text := string(all[name].Data)
	if !strings.Contains(text, old) {
		t.Fatalf("%s does not have %q", name, old)
	}
	all[name] = &fstest.MapFile{Data: []byte(strings.Replace(text, old, new, 1))}
	return all
}

func files(t *testing.T) fstest.MapFS {
	t.Helper()
	all := fstest.MapFS{}
	names, err := fs.Glob(labels.FS, "locales/*.yaml")
	for _, name := range names {
		b, readErr := labels.FS.ReadFile(name)
		if readErr != nil {
			t.Fatal(readErr)
		}
		all[name] = &fstest.MapFile{Data: b}
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}
