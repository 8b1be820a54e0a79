package art

import (
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// replacements are what stands for a character that no font has, the best first.
var replacements = []rune{'\uFFFD', '□', '?'}

// isInvisible reports whether a character need not have a glyph: a program that
// has none for it shows nothing (Unicode, 5.21).
func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func isMark(r rune) bool { return unicode.In(r, unicode.Mn, unicode.Me) }

// needsGlyph reports whether a character can only be shown by its own glyph.
// Spaces are made of the plain one.
func needsGlyph(r rune) bool { return !isInvisible(r) && !(unicode.Is(unicode.Zs, r) && r != '\u1680') }

// readable returns what is set of a text, and for each character of that what it
// stands for and where in the text that begins. What a reader takes for one
// character, and no font has, is one replacement sign. There are at most
// [mostMarks] on a letter.
func (s *setter) readable(text []rune, language string) (set []rune, said []string, from []int) {
	fonts := s.studio.order(language, false)
	has := func(r rune) bool { return s.faces.find(fonts, r) != nil }
	add := func(r rune, stands string, at int) {
		set, said, from = append(set, r), append(said, stands), append(from, at)
	}
	if !slices.ContainsFunc(text, func(r rune) bool { return isMark(r) || isInvisible(r) || needsGlyph(r) && !has(r) }) {
		for i, r := range text {
			add(r, string(r), i)
		}
		return set, said, from
	}
	replacement := replacements[len(replacements)-1]
	if i := slices.IndexFunc(replacements, has); i >= 0 {
		replacement = replacements[i]
	}
	s.graphemes.Init(text)
	for it := s.graphemes.GraphemeIterator(); it.Next(); {
		g := it.Grapheme()
		stands := string(g.Text)
		for _, r := range s.cluster(g.Text, replacement, has) {
			add(r, stands, g.Offset)
			stands = "" // the first has it
		}
	}
	return set, said, from
}

// cluster returns what is set of what a reader takes for one character.
func (s *setter) cluster(text []rune, replacement rune, has func(rune) bool) (set []rune) {
	marks, missing := 0, false
	for _, r := range norm.NFC.String(string(text)) {
		switch {
		case isInvisible(r) && !has(r):
			continue
		case needsGlyph(r) && !has(r):
			missing = true
			if !isMark(r) {
				return []rune{replacement}
			}
			continue
		case isMark(r):
			if marks++; marks > mostMarks {
				continue
			}
			if len(set) == 0 { // stands on nothing, and would on what is before it
				set = append(set, '\u00A0')
			}
		}
		set = append(set, r)
	}
	if missing {
		set = append(set, replacement)
	}
	return set
}
