package label_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

func translated() *label.Declaration {
	d := declaration()
	d.Product.Language = "de"
	d.Product.Translations = label.Translations{
		"en":    {UpdateHelp: "Open the app.", Password: "On the first start."},
		"pt-BR": {Setup: "Use uma rede de convidados."},
	}
	return d
}

func TestTranslations(t *testing.T) {
	change := func(tag string, s label.Sentences) func(*label.Declaration) {
		return func(d *label.Declaration) { d.Product.Translations[tag] = s }
	}
	some := label.Sentences{Setup: "x"}
	checkRules(t, translated, []rule[*label.Declaration]{
		{"language that is none", func(d *label.Declaration) { d.Product.Language = "German" }, label.ReasonMalformed, "product.language"},
		{"language in capitals", func(d *label.Declaration) { d.Product.Language = "DE" }, label.ReasonMalformed, "product.language"},
		{"no tag", change("", some), label.ReasonMalformed, "product.translations."},
		{"script in small letters", change("zh-hans", some), label.ReasonMalformed, "product.translations.zh-hans"},
		{"region in small letters", change("pt-pt", some), label.ReasonMalformed, "product.translations.pt-pt"},
		{"its own language", change("de", some), label.ReasonOutOfRange, "product.translations.de"},
		{"its own language, which is English", func(d *label.Declaration) { d.Product.Language = "" }, label.ReasonOutOfRange, "product.translations.en"},
		{"nothing", change("fr", label.Sentences{}), label.ReasonMissing, "product.translations.fr"},
		{"nothing to translate", func(d *label.Declaration) { d.Product.Password = "" }, label.ReasonOutOfRange, "product.translations.en.password"},
		{"invisible", change("fr", label.Sentences{Setup: "a\u200bb"}), label.ReasonMalformed, "product.translations.fr.setup"},
	})
	checkAccepted(t, translated, map[string]func(*label.Declaration){
		"script and region": change("zh-Hant-TW", some),
		"variant":           change("sl-rozaj", some),
		"year":              change("de-1996", some),
	})
	for field, change := range map[string]func(*label.Declaration){
		"product.translations.fr.setup": change("fr", label.Sentences{Setup: strings.Repeat("x", label.MaxProse+1)}),
		"product.translations": func(d *label.Declaration) {
			for i := range label.MaxTranslations {
				d.Product.Translations[fmt.Sprintf("qaa-x%04d", i)] = some
			}
		},
	} {
		d := translated()
		change(d)
		wantRefusal(t, d.Validate(), label.TooLarge, label.ReasonTooLarge, field)
	}
	d := translated()
	for _, tag := range []string{"fr", "it", "es", "fi"} { // each within its limit, in the characters that take most of JSON
		d.Product.Translations[tag] = label.Sentences{Setup: strings.Repeat(`"`, label.MaxProse)}
	}
	wantRefusal(t, d.Validate(), label.TooLarge, label.ReasonTooLarge, "product.translations")
}

// TestSentencesIn asks for a product's sentences as readers of several languages.
func TestSentencesIn(t *testing.T) {
	p := translated().Product
	for _, row := range []struct{ reader, help, setup string }{
		{"de", "de", "de"},
		{"de-CH", "de", "de"},
		{"en", "en", "de"},
		{"en-GB", "en", "de"},
		{"pt", "de", "pt-BR"},
		{"fr", "de", "de"},
	} {
		said, in := p.In(row.reader)
		if in.UpdateHelp != row.help || in.Setup != row.setup {
			t.Errorf("a reader of %s is told in %s and in %s, want %s and %s", row.reader, in.UpdateHelp, in.Setup, row.help, row.setup)
		}
		if want := p.Translations[row.setup].Setup; want == "" && said.Setup != p.Setup || want != "" && said.Setup != want {
			t.Errorf("a reader of %s is told %q", row.reader, said.Setup)
		}
	}
	if said, in := (&label.Product{Setup: "Do."}).In("de"); said.Setup != "Do." || in.Setup != label.English {
		t.Errorf("what says no language is %q in %q", said.Setup, in.Setup)
	}
}

// TestLanguageOfTexts gives each statement that has a text a language that is none.
func TestLanguageOfTexts(t *testing.T) {
	const none = "english"
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	party, requests := label.Party{ID: "authority", Name: "The Authority"}, []label.RequestRef{{Organization: "authority", Key: someDigest.String(), SHA256: someDigest}}
	ref := label.SchemeRef{ID: "s", Version: "1", Name: "S", SHA256: someDigest}
	status, event := largest(), &label.Event{Kind: label.HoldEvent, Manufacturer: "northlight", Reason: "misuse", Text: "So.", Addressed: label.Addressed{Authority: "https://labels.test"}, Made: at}
	request := &label.StatusRequest{Label: status.Label, Action: label.Suspend, Reason: "complaint", Text: "So.", Addressed: label.Addressed{Authority: "https://labels.test"}, Made: at}
	assignment := &label.Assignment{GTIN: "09522105000101", Manufacturer: party, Text: "So.", Authority: party, Recorded: at, Requests: requests}
	ruling := &label.Ruling{Authority: party, Decision: someDigest, Appeal: someDigest, Scheme: ref, Outcome: label.Upheld, Text: "So.", Decided: at, Requests: requests}
	rule := &label.RulingRequest{Appeal: someDigest, Outcome: label.Upheld, Text: "So.", Addressed: label.Addressed{Authority: "https://labels.test"}, Made: at}
	for _, s := range []struct {
		says     interface{ Validate() error }
		language *string
	}{
		{status, &status.Language}, {event, &event.Language}, {request, &request.Language},
		{assignment, &assignment.Language}, {ruling, &ruling.Language}, {rule, &rule.Language},
	} {
		*s.language = none
		wantRefusal(t, s.says.Validate(), label.Invalid, label.ReasonMalformed, "language")
		for _, tag := range []string{"fi", ""} {
			if *s.language = tag; s.says.Validate() != nil {
				t.Errorf("%T in %q: %v", s.says, tag, s.says.Validate())
			}
		}
	}
}
