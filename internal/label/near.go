package label

import (
	"slices"
	"strings"
	"unicode"
)

// Two brands that [FoldModel] tells apart can still be taken for each other by who
// reads quickly: one has a letter more, less or another, or two that are swapped, or
// "rn" for "m"; or one is the other with a word added, as a company's name is. Many
// such pairs are honest, so nothing follows from it but that somebody looks.
//
// Names that are near are found by keys that they have in common, so that it costs the
// same however many names there are: the name and what is left when any one character
// is taken away, and its words and what is left without any one of them. Two names of
// which one has a key of the other need not be near; [HowNear] decides.

// Bounds of names that are held against each other.
const (
	minNear      = 6  // characters: of shorter ones too many honest names are one letter apart
	maxNear      = 64 // characters: longer ones have no keys by characters, since nobody reads them as one word
	maxNearWords = 8  // likewise of words
)

// Nearness says how two names are near.
type Nearness string

// How names are near.
const (
	NotNear   Nearness = ""
	NearSpelt Nearness = "spelling"   // one letter more, less or another, or two swapped
	NearWord  Nearness = "added-word" // one name is the other and a word
)

// HowNear says how two names are near that do not look the same.
func HowNear(a, b string) Nearness {
	if FoldModel(a) == FoldModel(b) {
		return NotNear
	}
	v, w := nameWords(a), nameWords(b)
	if len(v) > len(w) {
		v, w = w, v
	}
	if len(v) > 0 && len(w) == len(v)+1 && len(w) <= maxNearWords {
		for i := range w {
			if slices.Equal(without(w, i), v) {
				return NearWord
			}
		}
	}
	x, y := nameLetters(a), nameLetters(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(x) < minNear || len(y) > maxNear || len(y) > len(x)+1 {
		return NotNear
	}
	i := 0
	for i < len(x) && x[i] == y[i] {
		i++
	}
	switch {
	case slices.Equal(x[i:], y[min(i+1, len(y)):]), // one more, or nothing
		len(x) == len(y) && (i == len(x) || slices.Equal(x[i+1:], y[i+1:])),
		len(x) == len(y) && i+1 < len(x) && x[i] == y[i+1] && x[i+1] == y[i] && slices.Equal(x[i+2:], y[i+2:]):
		return NearSpelt
	}
	return NotNear
}

// NearKeys returns the keys of a name. Every two names that are near have one in
// common.
func NearKeys(name string) (keys []string) {
	if r := nameLetters(name); minNear <= len(r) && len(r) <= maxNear {
		keys = append(keys, "l"+string(r))
		for i := range r {
			keys = append(keys, "l"+string(without(r, i)))
		}
	}
	if w := nameWords(name); 1 <= len(w) && len(w) <= maxNearWords {
		keys = append(keys, "w"+strings.Join(w, " "))
		for i := range w {
			if len(w) > 1 {
				keys = append(keys, "w"+strings.Join(without(w, i), " "))
			}
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func without[T any](list []T, i int) []T { return slices.Delete(slices.Clone(list), i, i+1) }

// several are letters that look like one beside each other. [FoldModel] keeps them
// apart, since in a model number they are characters of their own.
var several = strings.NewReplacer("rn", "m", "c1", "d")

// nameLetters returns a name's characters as a quick reader sees them.
func nameLetters(name string) []rune { return []rune(several.Replace(FoldModel(name))) }

// nameWords returns the words of a name, which end at spaces and the like and before
// a capital that follows a small letter.
func nameWords(name string) (words []string) {
	var b strings.Builder
	before := ' '
	for _, r := range undecorated(name) {
		if unicode.IsLower(before) && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
		before = r
	}
	apart := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }
	for _, w := range strings.FieldsFunc(b.String(), apart) {
		words = append(words, several.Replace(FoldModel(w)))
	}
	return words
}
