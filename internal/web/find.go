package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/search"
)

// find leads a person to what they typed or pasted: a label ID, the address in a code (with
// its scheme, or without as it is printed), a barcode number or a GS1 Digital Link. Other
// input leads to a search, and so do filters without input. The address that it leads to
// keeps the language that was chosen.
func (h *searchHandler) find(x exchange) {
	q := x.r.URL.Query()
	typed := strings.TrimSpace(q.Get("q"))
	maps.DeleteFunc(q, func(name string, _ []string) bool { return name == "q" || !slices.Contains(searchParameters, name) })
	to, err := h.addressOf(typed)
	if label.ReasonOf(err) == label.ReasonMissing && len(q) > 0 || h.isWords(typed, err) {
		q.Set("q", typed)
		to, err = "/?"+q.Encode(), nil
	}
	if err != nil {
		x.failInput(err, typed)
		return
	}
	x.redirect(http.StatusSeeOther, x.language().to(to), x.route.cache)
}

// isWords reports whether input, which is no ID for the reason err, is to be searched as
// words: there are labels with these words, or the input does not have the form of an ID.
// The name of a product can have that form. A mistake in an ID, on the other hand, must
// not look like a product that is not on record.
func (h *searchHandler) isWords(typed string, err error) bool {
	reason := label.ReasonOf(err)
	if reason != label.ReasonIDMalformed && reason != label.ReasonIDCheck {
		return false
	}
	if label.TypedLength(typed) > search.MaxQuery || !utf8.ValidString(typed) {
		return false
	}
	if !likeID(fold(typed)) {
		return true
	}
	found, err := h.index.snapshot().Find(search.Query{Text: typed}, h.labels.Now())
	return err == nil && found.Total > 0
}

// isMistyped reports whether words by which nothing was found were probably meant as a
// label ID, a barcode number or the address in a code, which they are not for the reason
// err. Then the page says what is wrong with them.
func (h *searchHandler) isMistyped(typed string, err error) bool {
	switch label.ReasonOf(err) {
	case label.ReasonIDMalformed, label.ReasonIDCheck:
		return !h.isWords(typed, err)
	case label.ReasonMalformed:
		return wholeBarcode(typed)
	}
	return label.ReasonOf(err) == label.ReasonUnassignable || label.ReasonOf(err) == reasonElsewhere
}

// likeID reports whether a text has the form of an ID, or almost: three groups of four
// characters or one group of twelve, with up to two characters too few or too many, and
// with a digit, which almost all IDs have.
func likeID(s string) bool {
	groups := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '-' })
	if !strings.ContainsAny(s, "0123456789") {
		return false
	}
	off := 0
	switch len(groups) {
	case 1:
		off = len(groups[0]) - 12
	case 3:
		for _, g := range groups {
			off += max(len(g)-4, 4-len(g))
		}
	default:
		return false
	}
	return -2 <= off && off <= 2
}

// addressOf returns the address of what was typed.
func (h *searchHandler) addressOf(typed string) (string, error) {
	if typed == "" {
		return "", label.Errorf(label.Invalid, label.ReasonMissing, "q", "type the label ID or the number under the barcode")
	}
	if len(typed) > label.MaxProse {
		return "", label.Errorf(label.TooLarge, label.ReasonTooLarge, "q", "what was typed is %d bytes long, at most %d are accepted: a label ID is short", len(typed), label.MaxProse)
	}
	typed = withScheme(h.base, fold(typed))
	if _, link, ok := strings.Cut(qr.Unescape(typed), "/01/"); ok {
		// A barcode number is the same at every resolver, so whose it is does
		// not matter.
		if i := strings.IndexAny(link, "/?#"); i >= 0 {
			link = link[:i]
		}
		g, err := label.ParseGTIN(link)
		return "/01/" + string(g), err
	}
	if digits := barcode(typed); strings.Trim(digits, "0123456789") == "" {
		return h.addressOfNumber(digits)
	}
	base, id, err := qr.ParsePayload(typed)
	if err != nil {
		return "", err
	}
	if base != "" && base != h.base {
		return "", label.Errorf(label.Invalid, reasonElsewhere, "q",
			"this is the address of a label at %s; here we can speak only of labels at %s", base, h.base)
	}
	return "/l/" + string(id), nil
}

// addressOfNumber returns the address for a text of digits only: a barcode number,
// or, once in 300,000 labels, a label ID without letters. Twelve digits may be
// both; then the label that exists is meant.
func (h *searchHandler) addressOfNumber(digits string) (string, error) {
	id, idErr := label.ParseID(digits)
	if idErr == nil {
		if _, err := h.labels.Lookup(id); err == nil {
			return "/l/" + string(id), nil
		}
	}
	g, err := label.ParseGTIN(digits)
	switch {
	case err == nil:
		return "/01/" + string(g), nil
	case idErr == nil:
		return "/l/" + string(id), nil
	}
	return "", err
}
