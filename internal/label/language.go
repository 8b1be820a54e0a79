package label

import (
	"cmp"
	"maps"
	"slices"
	"strings"
)

// English is the language of a text that somebody signed without saying which it is
// in, as BCP 47 has it.
const English = "en"

// checkLanguage requires the tag of a language in the form in which BCP 47 writes it, so
// that there is one tag for a language; or nothing.
func checkLanguage(field, tag string) error {
	if tag != "" && (LanguageTag(tag) == "" || usualTag(tag) != tag) {
		return invalid(ReasonMalformed, field, "%q is not the tag of a language as BCP 47 writes it, such as de, pt-BR or zh-Hans", tag)
	}
	return nil
}

// checkSaid requires the text of a statement, and the language that it is said to be in.
func checkSaid(text, language string) error {
	if err := checkText("text", text, MaxProse); err != nil {
		return err
	}
	return checkLanguage("language", language)
}

// usualTag writes a tag as is usual: Latin letters in lower case, but for scripts
// (zh-Hans) and regions (pt-BR); RFC 5646, 2.1.1.
func usualTag(tag string) string {
	parts := strings.Split(strings.ToLower(tag), "-")
	for i, p := range parts[1:] {
		switch len(p) {
		case 2:
			parts[i+1] = strings.ToUpper(p)
		case 4:
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "-")
}

// Sentences are what a manufacturer says to shoppers in a language: what they are to do.
type Sentences struct {
	UpdateHelp string `json:"updateHelp,omitempty"`
	Password   string `json:"password,omitempty"`
	Setup      string `json:"setup,omitempty"`
}

// Translations are sentences by language, each under the tag of BCP 47.
type Translations map[string]Sentences

// In returns what the product's sentences are for readers of a language, and the
// language of each: the translation where there is one, in the language or else in that
// of another region, or the manufacturer's own words.
func (p *Product) In(tag string) (said, languages Sentences) {
	own := cmp.Or(p.Language, English)
	base, _, _ := strings.Cut(tag, "-")
	var tags []string
	for _, t := range slices.Sorted(maps.Keys(p.Translations)) {
		if b, _, _ := strings.Cut(t, "-"); t == tag {
			tags = slices.Insert(tags, 0, t)
		} else if b == base {
			tags = append(tags, t)
		}
	}
	if b, _, _ := strings.Cut(own, "-"); own == tag || b == base && !slices.Contains(tags, tag) {
		tags = nil
	}
	pick := func(words string, of func(Sentences) string) (string, string) {
		for _, t := range tags {
			if s := of(p.Translations[t]); s != "" {
				return s, t
			}
		}
		return words, own
	}
	said.UpdateHelp, languages.UpdateHelp = pick(p.UpdateHelp, func(s Sentences) string { return s.UpdateHelp })
	said.Password, languages.Password = pick(p.Password, func(s Sentences) string { return s.Password })
	said.Setup, languages.Setup = pick(p.Setup, func(s Sentences) string { return s.Setup })
	return said, languages
}

// checkLanguages holds translations to what they translate, and to the room that a
// label has for them.
func (p *Product) checkLanguages() error {
	if err := checkLanguage("language", p.Language); err != nil {
		return err
	}
	if len(p.Translations) > MaxTranslations {
		return tooMany("translations", len(p.Translations), MaxTranslations)
	}
	for _, tag := range slices.Sorted(maps.Keys(p.Translations)) {
		field, t := "translations."+tag, p.Translations[tag]
		if err := checkLanguage(field, cmp.Or(tag, "-")); err != nil {
			return err
		}
		switch {
		case tag == cmp.Or(p.Language, English):
			return invalid(ReasonOutOfRange, field, "is the language of the sentences themselves (product.language, or English)")
		case t == Sentences{}:
			return invalid(ReasonMissing, field, "translates nothing; give updateHelp, password or setup")
		}
		for _, f := range []struct{ name, words, translated string }{
			{"updateHelp", p.UpdateHelp, t.UpdateHelp}, {"password", p.Password, t.Password}, {"setup", p.Setup, t.Setup},
		} {
			if f.translated != "" && f.words == "" {
				return invalid(ReasonOutOfRange, field+"."+f.name, "translates a sentence that is not there; say it in product.%s as well", f.name)
			}
			if err := checkOptional(field+"."+f.name, f.translated, MaxProse); err != nil {
				return err
			}
		}
	}
	b, err := Encode(p.Translations)
	if err == nil && len(b) > MaxTranslated {
		err = tooLarge("translations", len(b), MaxTranslated)
	}
	return err
}
