package label

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldModel returns what makes two model numbers of a manufacturer the same:
// their letters and digits, however they are cased, spaced and punctuated.
// "NL-C210", "nl c210" and "ＮＬＣ２１０" are one model. A number of other
// characters only stays as it is.
func FoldModel(model string) string {
	s := cases.Fold().String(norm.NFKC.String(model))
	folded := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, norm.NFKC.String(s))
	if folded == "" {
		return model
	}
	return folded
}
