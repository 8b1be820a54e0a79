package art

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/bidi"
)

// Controls of the bidirectional algorithm (UAX 9, 2.4 and 2.5).
const (
	leftToRightIsolate = '\u2066'
	rightToLeftIsolate = '\u2067'
	firstStrongIsolate = '\u2068'
	popIsolate         = '\u2069'

	// inPlace is what the text around an isolate sees of it (UAX 9, 3.1.2).
	inPlace = '\uFFFC'
)

// isDirectionControl reports whether a character embeds, overrides or isolates.
func isDirectionControl(r rune) bool { return r >= 0x202A && r <= 0x202E || r >= 0x2066 && r <= 0x2069 }

// isolated returns a text of somebody else for a place among the words of this
// side. It runs in the direction of its first letter, moves nothing around it, and
// is moved by nothing: it has no controls of its own. Where nothing runs from
// right to left it is returned as it is.
func (s *Side) isolated(text string) string { return s.isolate(firstStrongIsolate, text) }

// identifier returns an ID or an address for a place among the words of this
// side. It runs from left to right: its groups keep their order.
func (s *Side) identifier(text string) string { return s.isolate(leftToRightIsolate, text) }

func (s *Side) isolate(initiator rune, text string) string {
	text = strings.Map(func(r rune) rune {
		if isDirectionControl(r) {
			return -1
		}
		return r
	}, text)
	if !s.RightToLeft && !strings.ContainsFunc(text, isRightToLeft) {
		return text
	}
	return string(initiator) + text + string(popIsolate)
}

func isRightToLeft(r rune) bool {
	switch bidiClass(r) {
	case bidi.R, bidi.AL, bidi.AN:
		return true
	}
	return false
}

func bidiClass(r rune) bidi.Class {
	properties, _ := bidi.LookupRune(r)
	return properties.Class()
}

// A stretch is a part of a text that is isolated, or stands between isolates.
type stretch struct {
	isolated    bool
	rightToLeft bool
	text        []rune
}

// stretches takes a text apart. An isolate has none within: see isolate.
func stretches(text string, rightToLeft bool) (list []stretch) {
	for text != "" {
		at := strings.IndexFunc(text, func(r rune) bool { return r >= leftToRightIsolate && r <= firstStrongIsolate })
		if at < 0 {
			at = len(text)
		}
		if at > 0 {
			list = append(list, stretch{rightToLeft: rightToLeft, text: plain(text[:at])})
		}
		if text = text[at:]; text == "" {
			break
		}
		const width = len(string(firstStrongIsolate))
		initiator, rest := text[:width], text[width:]
		content, after, _ := strings.Cut(rest, string(popIsolate))
		s := stretch{isolated: true, text: plain(content)}
		switch initiator {
		case string(rightToLeftIsolate):
			s.rightToLeft = true
		case string(firstStrongIsolate):
			s.rightToLeft = startsRightToLeft(s.text)
		}
		list, text = append(list, s), after
	}
	return list
}

// plain returns the characters of one line: what would end it is a space.
func plain(text string) []rune {
	runes := []rune(text)
	for i, r := range runes {
		if unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) {
			runes[i] = ' '
		}
	}
	return runes
}

// startsRightToLeft reports whether the first letter is one of a script that runs
// from right to left (UAX 9, P2 and P3).
func startsRightToLeft(text []rune) bool {
	i := slices.IndexFunc(text, func(r rune) bool {
		c := bidiClass(r)
		return c == bidi.L || c == bidi.R || c == bidi.AL
	})
	return i >= 0 && bidiClass(text[i]) != bidi.L
}

// numberLevels raises the levels of numbers in a run from left to right, within
// a paragraph from left to right, by two: where a number follows a word from right
// to left, it belongs to that (UAX 9, W2, W7 and I1). The levels of a run that has
// both numbers and letters cannot be told from what go-text returns.
func numberLevels(levels []uint8, text []rune, afterRightToLeft bool) {
	is := func(i int, classes ...bidi.Class) bool {
		return i < len(text) && slices.Contains(classes, bidiClass(text[i]))
	}
	end := 0 // of the number that the run begins with
	for i := 0; afterRightToLeft && i < len(text) && !is(i, bidi.L); i++ {
		if is(i, bidi.EN, bidi.AN) || i == end && is(i, bidi.ET, bidi.NSM) {
			end = i + 1
		}
	}
	for i := range text {
		if i < end || is(i, bidi.AN) || i > 0 && levels[i-1] == 2 && is(i, bidi.CS) && is(i+1, bidi.AN) {
			levels[i] = 2
		}
	}
}
