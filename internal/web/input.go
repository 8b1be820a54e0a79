package web

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"labeld/internal/label"
)

// People type the ID of a label, an address or a barcode number as their keyboard has it:
// with full-width letters and digits, with the digits of Arabic, Persian or another script,
// or with dashes and spaces that a text program made of hyphens. What they copy may contain
// invisible marks. All of that is folded here, and nowhere else, before it is read: at
// /find, in a search, in the address of a label, in ?gtin= and in the form for reports.
// Signed documents, and what programs send to the API, are read as they are, because
// [label.ParseID] and [label.ParseGTIN] fold nothing. Words of a search stay as they were
// typed, since package search folds them by a rule of its own.

// fold returns what was typed in the characters of IDs, addresses and numbers.
func fold(typed string) string {
	if !strings.ContainsFunc(typed, func(r rune) bool { return r >= 0x80 }) {
		return typed
	}
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Nd, r):
			return '0' + digit(r)
		case unicode.Is(unicode.Pd, r), slices.Contains(dashes, r):
			return '-'
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, norm.NFKC.String(typed))
}

// dashes look like hyphens and are none to Unicode: the minus sign, the hyphen bullet, and
// the long vowel mark that Japanese keyboards have where others have a hyphen.
var dashes = []rune{'\u2212', '\u2043', '\u30fc'}

// digit returns the value of a decimal digit. The digits of a script stand in a row, and
// rows that meet are ten each (Unicode Standard 4.6, Numeric Value).
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

// barcode returns a barcode number that was typed, without what groups its digits.
func barcode(typed string) string { return digitGrouping.Replace(fold(typed)) }

// digitGrouping removes what stands between the digits of a number. Browsers write a space
// in a form as a plus sign.
var digitGrouping = strings.NewReplacer(" ", "", "-", "", "+", "")

// wholeBarcode reports whether input that is no GTIN has as many digits as one, so that one
// of the digits is wrong.
func wholeBarcode(typed string) bool {
	if _, link, ok := strings.Cut(typed, "/01/"); ok {
		typed = link
	}
	if i := strings.IndexAny(typed, "/?#"); i >= 0 {
		typed = typed[:i]
	}
	s := barcode(typed)
	return strings.Trim(s, "0123456789") == "" && slices.Contains([]int{8, 12, 13, 14}, len(s))
}

// withScheme gives an address that begins with the host, as it is printed on labels, the
// scheme that it lacks: ours for our host, for others the usual one.
func withScheme(base, s string) string {
	host, _, ok := strings.Cut(s, "/")
	if !ok || strings.Contains(s, "://") {
		return s
	}
	scheme, own, _ := strings.Cut(base, "://")
	switch {
	case strings.EqualFold(host, own):
		return scheme + "://" + s
	case strings.ContainsAny(host, ".:"):
		return "https://" + s
	}
	return s
}

// parseInputID reads the ID of a label that somebody typed into an address or a form.
func parseInputID(s string) (label.ID, error) { return label.ParseID(fold(s)) }
