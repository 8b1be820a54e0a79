package label

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldModel returns what makes two model numbers of a manufacturer the same:
// their letters and digits, however they are cased, spaced, punctuated and
// accented, and whatever script those are of that look like Latin ones. "NL-C210",
// "nl c210", "ＮＬＣ２１０", "NL-С210" (with a Cyrillic letter) and "NL-C21O" are
// one model: nobody in a shop could tell them apart. A number of other characters
// only stays as it is.
//
// It errs towards one model. What two devices have to do with each other then
// shows where something was found wrong with one of them.
func FoldModel(model string) string {
	s := norm.NFKD.String(cases.Fold().String(norm.NFKC.String(model)))
	folded := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r):
			if like, ok := lookalikes[r]; ok {
				return like
			}
			return r
		case unicode.IsDigit(r):
			return digit(r)
		}
		return -1
	}, s)
	if folded == "" {
		return model
	}
	return folded
}

// lookalikes are letters, of which case is folded, that are written like a Latin
// letter or a digit in one of their cases.
var lookalikes = func() map[rune]rune {
	m := map[rune]rune{}
	for from, to := range map[string]string{
		"авекмнорстухіјѕԁԛԝһ": "abekmh0pctyx1jsdqwh", // Cyrillic
		"αβεζηικμνορτυχ":      "abezh1kmn0ptyx",      // Greek
		"oilı":                "0111",
	} {
		letters := []rune(to)
		for i, r := range []rune(from) {
			m[r] = letters[i]
		}
	}
	return m
}()

// digit returns the European digit of the same value.
func digit(r rune) rune {
	for _, block := range unicode.Nd.R16 {
		if lo, hi := rune(block.Lo), rune(block.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if lo, hi := rune(block.Lo), rune(block.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	return r
}
