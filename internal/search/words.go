package search

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// fold brings a text into the form in which words are compared.
func fold(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return strings.ToLower(s) // what follows would give the same
	}
	plain, _, err := transform.String(transform.Chain(norm.NFKD, runes.Remove(runes.Predicate(unwritten)), cases.Fold(), runes.Map(unstroked), norm.NFKC), s)
	if err != nil {
		return strings.ToLower(s)
	}
	return plain
}

// unwritten reports whether people leave out a character when they type: a mark that takes
// no room of its own, or a joiner.
func unwritten(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Join_Control) }

// unstroked returns the letter that people type who do not have one with a
// stroke. Unicode does not take such letters apart.
func unstroked(r rune) rune {
	switch r {
	case 'ø':
		return 'o'
	case 'đ':
		return 'd'
	case 'ł':
		return 'l'
	case 'ħ':
		return 'h'
	}
	return r
}

// spelled returns a text in the spelling of people whose keyboard lacks some of
// its letters: "ue" for "ü".
func spelled(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return s
	}
	return spellings.Replace(norm.NFC.String(s))
}

var spellings = strings.NewReplacer("ä", "ae", "Ä", "ae", "ö", "oe", "Ö", "oe", "ü", "ue", "Ü", "ue", "ø", "oe", "Ø", "oe", "å", "aa", "Å", "aa", "æ", "ae", "Æ", "ae", "œ", "oe", "Œ", "oe")

// words returns the words of a text, folded. A word has marks as well: the scripts of India
// write vowels with them.
func words(s string) []string {
	return strings.FieldsFunc(fold(s), func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M, unicode.N) })
}

// joined returns the words of a text as one: of a model number people leave out
// what divides it.
func joined(s string) string { return strings.Join(words(s), "") }

// near reports whether two words differ by one letter more, less, another, or
// two that are exchanged.
func near(a, b string) bool {
	if d := len(a) - len(b); d < -utf8.UTFMax || d > utf8.UTFMax || a == b {
		return false
	}
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	for i > 0 && i < len(a) && !utf8.RuneStart(a[i]) {
		i-- // to the beginning of the letter
	}
	a, b = a[i:], b[i:]
	x, xs := utf8.DecodeRuneInString(a)
	y, ys := utf8.DecodeRuneInString(b)
	if a[xs:] == b || a == b[ys:] || a[xs:] == b[ys:] {
		return true
	}
	x2, xs2 := utf8.DecodeRuneInString(a[xs:])
	y2, ys2 := utf8.DecodeRuneInString(b[ys:])
	return x == y2 && y == x2 && a[xs+xs2:] == b[ys+ys2:]
}
