package advisory

import (
	"net/url"
	"strconv"
	"strings"
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
	return strings.TrimRight(s, "\u200c\u200d") + more // a joiner joins nothing to the dots
}

// checkLine requires a text that may stand as an identifier: there, short, and
// showing all that it is.
func checkLine(field, s string) error {
	switch {
	case s == "":
		return invalid(label.ReasonMissing, field, "is required")
	case len(s) > label.MaxText:
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, field, "is %d bytes, at most %d are accepted", len(s), label.MaxText)
	case s != label.Readable(s):
		return invalid(label.ReasonMalformed, field, "has white space or invisible characters that would mislead readers; remove them")
	}
	return nil
}

// webURL returns s if readers may be sent there, else nothing.
func webURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || strings.ContainsAny(s, `"\`) || s != label.Readable(s) {
		return ""
	}
	return s
}
