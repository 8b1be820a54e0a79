package web

import (
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/locale"
)

// An advice is what an error page says beside the refusal itself: messages.
type advice struct {
	title string
	steps []string
}

// advices are those about refusals that speak for themselves.
var advices = map[label.Reason]advice{
	label.ReasonIDMalformed:    {"problem.id-malformed", []string{"problem.id-malformed-1", "problem.id-malformed-2", "problem.id-malformed-3"}},
	label.ReasonIDCheck:        {"problem.id-check", []string{"problem.id-check-1", "problem.id-check-2"}},
	label.ReasonUnknownLabel:   {"problem.unknown-label", []string{"problem.unknown-label-1", "problem.unknown-label-2"}},
	label.ReasonUnknownProduct: {"problem.unknown-product", []string{"problem.unknown-product-1", "problem.unknown-product-2"}},
	label.ReasonUnlabelled:     {"problem.unlabelled", []string{"problem.unlabelled-1"}},
	label.ReasonMoved:          {"problem.moved", []string{"problem.moved-1", "problem.moved-2"}},
	reasonElsewhere:            {"problem.elsewhere", []string{"problem.elsewhere-1", "problem.elsewhere-2"}},
	label.ReasonMissing:        {"problem.nothing-typed", nil},
	label.ReasonUnknownOrg:     {"problem.unknown-maker", []string{"problem.unknown-maker-1"}},
	reasonNoPage:               {"problem.no-page", []string{"problem.no-page-1"}},
	reasonMethod:               {"problem.method", nil},
	reasonForeign:              {"problem.foreign", []string{"problem.foreign-1"}},
	label.ReasonReadOnly:       {"problem.behind", []string{"problem.behind-1", "problem.behind-2"}},
	label.ReasonUnassignable:   {"problem.unassignable", []string{"problem.unassignable-1"}},
	label.ReasonStep:           {"problem.not-printed", []string{"problem.not-printed-1"}},
	reasonNoCoding:             {"problem.refused", nil},
}

// gtinAdvices are those about the number under a barcode: whether it has as many digits
// as one, so that one of them is wrong.
var gtinAdvices = map[bool]advice{
	true:  {"problem.gtin-check", []string{"problem.gtin-check-1"}},
	false: {"problem.gtin-length", []string{"problem.gtin-length-1"}},
}

// rangeAdvices are those about a parameter that is out of its range.
var rangeAdvices = map[string]advice{
	"id":   {"problem.compare", []string{"problem.compare-1"}},
	"page": {"problem.far", []string{"problem.far-1"}},
}

// inputAdvices are those about something that was typed.
var inputAdvices = map[label.Reason]advice{
	label.ReasonMalformed: {"problem.malformed", []string{"problem.malformed-1"}},
	label.ReasonTooLarge:  {"problem.too-large", []string{"problem.too-large-1"}},
}

// Advices about all other refusals, by whose doing it is.
var (
	refused = advice{"problem.refused", []string{"problem.refused-1"}} // the reader's, or of whoever wrote the link
	again   = advice{"problem.again", []string{"problem.again-1"}}     // nobody's
	ours    = advice{"problem.ours", []string{"problem.ours-1"}}
)

// atAdvices are those about the day that somebody asked about.
var atAdvices = map[bool]advice{
	true:  {"problem.future", []string{"problem.future-1"}},
	false: {"problem.no-day", []string{"problem.no-day-1"}},
}

// dated reports whether it is the day that is wrong, and not what was typed.
func (p *problem) dated() bool { return p.field == "at" }

// advice returns what to say about a problem, and the field that people have to
// be told of besides: the one that the text is about, where the advice does not
// say as much.
func (p *problem) advice() (a advice, field string) {
	if p.dated() {
		return atAdvices[p.reason == label.ReasonInFuture], ""
	}
	if a, ok := advices[p.reason]; ok {
		return a, ""
	}
	if a, ok := rangeAdvices[p.field]; ok && p.reason == label.ReasonOutOfRange {
		return a, ""
	}
	if p.reason == label.ReasonMalformed && p.field == "gtin" && strings.ContainsAny(fold(p.input), "0123456789") {
		return gtinAdvices[wholeBarcode(p.input)], ""
	}
	if a, ok := inputAdvices[p.reason]; ok && p.input != "" {
		return a, ""
	}
	switch {
	case p.status == http.StatusTooManyRequests || p.status == http.StatusServiceUnavailable:
		return again, p.field
	case p.status < http.StatusInternalServerError:
		return refused, p.field
	}
	return ours, p.field
}

// A similarLabel is a label whose ID is one slip away from what was typed.
type similarLabel struct {
	ID      label.ID
	Product string
}

// renderProblem makes the page about a problem. The text of a refusal is English, and
// stands on the English page only: in any other language the page says by its advice what
// is wrong, and at least which parameter of the address it is about. It always says whom
// to tell of a label that looks wrong, and leads to the form for that.
func (h *Handler) renderProblem(p problem, lang *pageLanguage) ([]byte, error) {
	a, field := p.advice()
	page := struct {
		frame
		Heading string
		Field   string // that the message is about
		Message string // in English
		About   template.HTML
		Steps   []string
		Near    []similarLabel
		Taken   []template.HTML // labels of the product that had the number
		State   string          // how the label stands that cannot be had because of that
		Of      label.ID        // that label
		Input   string
		Dated   bool   // not what was typed is wrong, but the day
		ID      string // what was typed, if it is not wrong
		Asked   string // the day, where it is one
		Base    string
	}{
		Heading: lang.Text(a.title), Field: field, Message: sentence(p.text, field == ""), Input: clip(p.input),
		Dated: p.dated(), ID: clip(p.input), Asked: p.asked, Base: h.base,
	}
	if lang.Tag != locale.Source {
		if page.Message = ""; field != "" {
			page.About = lang.HTML("problem.field", "field", template.HTML("<code>"+template.HTMLEscapeString(field)+"</code>"))
		}
	}
	page.frame = newFrame(page.Heading, h.a.Trust().Authority, short(p.here))
	for _, key := range a.steps {
		page.Steps = append(page.Steps, lang.Text(key, "date", lang.Date(label.DateOf(h.a.Behind().Since))))
	}
	if p.label != nil {
		page.Of, page.State = p.label.Label.ID, summarize(lang, p.label.State, &p.label.Standing).Text
	}
	if p.reason == label.ReasonIDCheck {
		page.Near = h.similarLabels(fold(p.input))
	}
	if p.reason == label.ReasonMoved {
		page.Taken = h.formerLabels(lang, p.input)
	}
	return lang.render("problem", page)
}

// formerLabels says of which labels a number was that was moved.
func (h *Handler) formerLabels(lang *pageLanguage, typed string) (list []template.HTML) {
	g, err := label.ParseGTIN(fold(typed))
	if err != nil {
		return nil
	}
	taken, err := h.a.Taken(g)
	if err != nil {
		h.log.Error("the labels cannot be read that a number was taken from", "gtin", g, "err", err)
	}
	return formerLabelTexts(lang, taken)
}

// formerLabelTexts says of labels that had a number before it was moved how they stand.
func formerLabelTexts(lang *pageLanguage, taken []authority.Taken) (list []template.HTML) {
	for _, t := range taken {
		list = append(list, lang.HTML("label.taken", "gtin", mark(printedGTIN(t.GTIN)), "date", lang.day(label.DateOf(t.Moved)),
			"label", lang.a("/l/"+string(t.ID), pretty(t.ID)), "product", bdi(t.Product), "state", summarize(lang, t.State, &t.Standing).Text))
	}
	return list
}

// similarLabels returns the labels whose ID differs from what was typed by one slip.
func (h *Handler) similarLabels(typed string) (list []similarLabel) {
	for _, id := range label.Near(typed) {
		if p, err := h.a.Lookup(id); err == nil {
			list = append(list, similarLabel{id, p.Label.Device.FullName()})
		}
	}
	return list
}

// maxHere bounds the address of an error page that its links to other languages
// repeat, in bytes.
const maxHere = 300

func short(here string) string {
	if len(here) > maxHere {
		return "/"
	}
	return here
}

// maxTyped bounds what is repeated of what was typed, in characters.
const maxTyped = 100

func clip(s string) string {
	typed := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	return string(typed[:min(len(typed), maxTyped)])
}

// sentence ends an error text as a sentence is ended, and lets one that is whole
// begin with a capital letter.
func sentence(s string, whole bool) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	if whole {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
