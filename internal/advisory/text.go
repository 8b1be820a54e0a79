package advisory

import (
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"labeld/internal/label"
)

func invalid(reason label.Reason, field, format string, args ...any) *label.Error {
	return label.Errorf(label.Invalid, reason, field, format, args...)
}

func tooMany(field string, limit int) *label.Error {
	return label.Errorf(label.TooLarge, label.ReasonTooLarge, field, "more than %d are not accepted; split the document", limit)
}

// at is the path of an element, under that of a member.
func at(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

func under(field, name string) string {
	if field == "" {
		return name
	}
	return field + "." + name
}

// visible returns s as one line: white space as single spaces, and without
// characters that do not show. Texts of documents end up before shoppers, where
// a reversed line is a forgery.
func visible(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == utf8.RuneError,
			unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Other_Default_Ignorable_Code_Point):
			return -1
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// clip shortens s to at most n bytes, at a word where there is one.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const more = "…"
	s = s[:n-len(more)]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	if i := strings.LastIndexByte(s, ' '); i > len(s)/2 {
		s = s[:i]
	}
	return s + more
}

// checkLine requires a text that may stand as an identifier: there, short, and
// showing all that it is.
func checkLine(field, s string) error {
	switch {
	case s == "":
		return invalid(label.ReasonMissing, field, "is required")
	case len(s) > label.MaxText:
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, field, "is %d bytes, at most %d are accepted", len(s), label.MaxText)
	case s != visible(s):
		return invalid(label.ReasonMalformed, field, "has white space or invisible characters that would mislead readers; remove them")
	}
	return nil
}

// webURL returns s if readers may be sent there, else nothing.
func webURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(s, `"\`) || s != visible(s) {
		return ""
	}
	return s
}
