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

// find sends a person on to what they typed or pasted: a label ID, the address
// in a code, with its scheme or as it is printed without, a barcode number, a GS1 Digital Link; or to what is found by words,
// or by what narrows a search. The language that was chosen goes with them.
func (h *Handler) find(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	typed := strings.TrimSpace(q.Get("q"))
	maps.DeleteFunc(q, func(name string, _ []string) bool { return name == "q" || !slices.Contains(searchParameters, name) })
	to, err := h.search(typed)
	if label.ReasonOf(err) == label.ReasonMissing && len(q) > 0 || h.isWords(typed, err) {
		q.Set("q", typed)
		to, err = "/?"+q.Encode(), nil
	}
	if err != nil {
		h.failInput(w, r, err, forPeople, typed)
		return
	}
	redirect(w, r, http.StatusSeeOther, h.languages.of(r).to(to), cacheNone)
}

// isWords reports whether what was typed, which is no ID for the reason err, is
// rather words: there are labels that have them, or it has not the form of an ID.
// A product's name can have that form, and a mistake in an ID must not look like a
// product that nobody has heard of.
func (h *Handler) isWords(typed string, err error) bool {
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
	found, err := h.index.Snapshot().Find(search.Query{Text: typed}, h.a.Now())
	return err == nil && found.Total > 0
}

// isMistyped reports whether what was looked for by words, of which none were found, was
// rather meant to be a label ID, the number under a barcode or the address in a code, and
// is none for the reason err. Then it helps to say what is wrong with it.
func (h *Handler) isMistyped(typed string, err error) bool {
	switch label.ReasonOf(err) {
	case label.ReasonIDMalformed, label.ReasonIDCheck:
		return !h.isWords(typed, err)
	case label.ReasonMalformed:
		return wholeBarcode(typed)
	}
	return label.ReasonOf(err) == label.ReasonUnassignable || label.ReasonOf(err) == reasonElsewhere
}

// likeID reports whether a text is of the form of an ID, or was meant to be: three
// groups of four, or twelve in one, of which one may be missing or too many, and
// almost always a digit.
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

// search returns the address of what was typed.
func (h *Handler) search(typed string) (string, error) {
	if typed == "" {
		return "", label.Errorf(label.Invalid, label.ReasonMissing, "q", "type the label ID or the number under the barcode")
	}
	if len(typed) > label.MaxProse {
		return "", label.Errorf(label.TooLarge, label.ReasonTooLarge, "q", "what was typed is %d bytes long, at most %d are accepted: a label ID is short", len(typed), label.MaxProse)
	}
	typed = h.addressed(fold(typed))
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
		return h.searchNumber(digits)
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

// searchNumber returns the address for a text of digits only: a barcode number,
// or, once in 300,000 labels, a label ID without letters. Twelve digits may be
// both; then the label that exists is meant.
func (h *Handler) searchNumber(digits string) (string, error) {
	id, idErr := label.ParseID(digits)
	if idErr == nil {
		if _, err := h.a.Lookup(id); err == nil {
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

// redirect sends on to a path of ours, or to an address that a manufacturer
// declared.
func redirect(w http.ResponseWriter, r *http.Request, status int, to string, cache []string) {
	text := "See " + to + "\n"
	head := w.Header()
	protect(head)
	head["Location"] = []string{to}
	head["Cache-Control"] = cache
	write(w, r, status, textType, []byte(text))
}
