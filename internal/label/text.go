package label

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Texts of strangers end up in signed labels, on pages, in pictures and in
// terminals, where an invisible character, a reversed line or a heap of accents
// is a forgery. They are what their scripts allow, and nothing else:
//
//   - letters, marks, digits, punctuation and symbols of the scripts in everyday
//     use (Unicode UAX #31, recommended scripts), assigned and visible;
//   - four kinds of spaces, neither at the beginning nor at the end;
//   - marks on a letter, a digit or a symbol, at most [MaxMarks] of those that
//     take no room of their own;
//   - joiners between letters where the script writes with them.
//
// What is refused is named with its position, so that it can be found where it
// does not show.

// MaxMarks is how many marks that take no room of their own stand on one base.
// Burmese and pointed Hebrew need as many.
const MaxMarks = 4

// scripts are those in everyday use, and what all scripts share.
var scripts = []*unicode.RangeTable{
	unicode.Common, unicode.Inherited,
	unicode.Latin, unicode.Arabic, unicode.Han, unicode.Hangul, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Cyrillic,
	unicode.Greek, unicode.Armenian, unicode.Georgian, unicode.Hebrew, unicode.Thaana, unicode.Ethiopic,
	unicode.Devanagari, unicode.Bengali, unicode.Gujarati, unicode.Gurmukhi, unicode.Kannada, unicode.Malayalam, unicode.Oriya,
	unicode.Sinhala, unicode.Tamil, unicode.Telugu, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar, unicode.Tibetan,
}

// joining are the scripts that write with U+200C and U+200D between letters.
var joining = []*unicode.RangeTable{
	unicode.Arabic, unicode.Devanagari, unicode.Bengali, unicode.Gujarati, unicode.Gurmukhi, unicode.Kannada, unicode.Malayalam, unicode.Oriya,
	unicode.Sinhala, unicode.Tamil, unicode.Telugu, unicode.Khmer, unicode.Myanmar,
}

const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
	spaces    = " \u00a0\u202f\u3000" // the common one, those that hold a line together, and the wide one of East Asia
)

// checkText requires a text for people, of at most limit bytes, in one line.
func checkText(field, s string, limit int) error {
	if s == "" {
		return invalid(ReasonMissing, field, "is required")
	}
	return checkOptional(field, s, limit)
}

// checkOptional is checkText for a text that may be absent.
func checkOptional(field, s string, limit int) error {
	if len(s) > limit {
		return tooLarge(field, len(s), limit)
	}
	if typewritten(s) {
		return nil
	}
	if !utf8.ValidString(s) {
		return invalid(ReasonMalformed, field, "is not valid UTF-8")
	}
	if s != strings.TrimSpace(s) {
		return invalid(ReasonMalformed, field, "begins or ends with white space")
	}
	var at place
	runes := []rune(s)
	for i, r := range runes {
		why := strange(r)
		if why == "" {
			why = at.refuse(r, runes[i+1:])
		}
		if why != "" {
			return invalid(ReasonMalformed, field, "character %d, %U, %s; remove it", i+1, r, why)
		}
	}
	return nil
}

// typewritten reports whether a text is of ASCII, and such as can stand anywhere: most are.
func typewritten(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// Readable returns what can be repeated, in one line, of a text that was not
// written for a label: white space becomes single spaces, and what [checkText]
// would refuse is left out.
func Readable(s string) string {
	line := strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	known := []rune(strings.Map(func(r rune) rune {
		if strange(r) != "" {
			return -1
		}
		return r
	}, line))
	var at place
	var b strings.Builder
	for i, r := range known {
		if at.refuse(r, known[i+1:]) == "" {
			b.WriteRune(r)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Clip shortens a text to a number of bytes, at the end of a character.
func Clip(s string, most int) string {
	const more = " …"
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-len(more)], "") + more
}

// strange says why a character stands in no text.
func strange(r rune) string {
	switch {
	case ' ' <= r && r <= '~', r == joiner, r == nonJoiner, strings.ContainsRune(spaces, r):
		return ""
	case unicode.In(r, unicode.Cc, unicode.Z, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
		return "is invisible"
	case !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S):
		return "stands for no character"
	case !unicode.In(r, scripts...):
		return "is of the script " + script(r) + ", which labels are not written in"
	}
	return ""
}

// A place is how far a text was read.
type place struct {
	before rune // zero at the beginning
	marks  int  // those that take no room, on the base before
}

// refuse says why a character cannot stand in a place, or goes on behind it.
func (p *place) refuse(r rune, after []rune) string {
	marks := 0
	switch {
	case r == joiner || r == nonJoiner:
		if len(after) == 0 || !joins(p.before, after[0]) {
			return "is an invisible joiner, which belongs between letters of a script that is written with it"
		}
	case unicode.Is(unicode.M, r):
		if !unicode.In(p.before, unicode.L, unicode.M, unicode.N, unicode.S) {
			return "is a mark that stands on no letter"
		}
		marks = p.marks
		if !unicode.Is(unicode.Mc, r) {
			marks++
		}
		if marks > MaxMarks {
			return "is one mark too many on a letter, which can have four"
		}
	}
	p.before, p.marks = r, marks
	return ""
}

// joins reports whether a joiner has a meaning between two characters.
func joins(before, after rune) bool {
	return unicode.In(before, unicode.L, unicode.M) && (unicode.In(before, joining...) || unicode.Is(unicode.Inherited, before)) &&
		unicode.Is(unicode.L, after) && unicode.In(after, joining...)
}

// script returns the name of a character's script.
func script(r rune) string {
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "unknown"
}

// TypedLength returns how long a text is that somebody typed into a form, as browsers
// count it which hold it to maxlength: in UTF-16 code units, with a line break as one of
// them, although it is sent as two (HTML 4.10.5.3.1 and 4.10.11).
func TypedLength(s string) (n int) {
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n - strings.Count(s, "\r\n")
}
