package web

import (
	"html/template"
	"net/http"
	"strings"
	"unicode"
	"unicode/utf8"

	"labeld/internal/label"
	"labeld/internal/locale"
)

// An advice is what an error page says beside the text of the refusal: a title, and what
// to do next. Both are messages.
type advice struct {
	title string
	steps []string
}

// reasonAdvices are by the reason alone. There is none for most reasons, which only
// programs get to see: see the three advices for all other refusals.
var reasonAdvices = map[label.Reason]advice{
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

// gtinAdvices are about barcode numbers that are none. The key says whether a number has
// the right count of digits, so that one of the digits is wrong.
var gtinAdvices = map[bool]advice{
	true:  {"problem.gtin-check", []string{"problem.gtin-check-1"}},
	false: {"problem.gtin-length", []string{"problem.gtin-length-1"}},
}

// rangeAdvices are about parameters that are out of their range, by name.
var rangeAdvices = map[string]advice{
	"id":   {"problem.compare", []string{"problem.compare-1"}},
	"page": {"problem.far", []string{"problem.far-1"}},
}

// inputAdvices are about something that was typed.
var inputAdvices = map[label.Reason]advice{
	label.ReasonMalformed: {"problem.malformed", []string{"problem.malformed-1"}},
	label.ReasonTooLarge:  {"problem.too-large", []string{"problem.too-large-1"}},
}

// Advices about all other refusals, by whose fault they are.
var (
	adviceRefused = advice{"problem.refused", []string{"problem.refused-1"}} // the reader's, or that of the author of a link
	adviceRetry   = advice{"problem.again", []string{"problem.again-1"}}     // that of nobody
	adviceFault   = advice{"problem.ours", []string{"problem.ours-1"}}       // ours
)

// instantAdvices are about the day that somebody asked about. The key says whether it is
// in the future.
var instantAdvices = map[bool]advice{
	true:  {"problem.future", []string{"problem.future-1"}},
	false: {"problem.no-day", []string{"problem.no-day-1"}},
}

// aboutInstant reports whether the day is wrong, and not what was typed.
func (p *problem) aboutInstant() bool { return p.field == "at" }

// advice returns what to say about a problem. It returns also the name of the field that
// is wrong, where the advice does not make that clear.
func (p *problem) advice() (a advice, field string) {
	if p.aboutInstant() {
		return instantAdvices[p.reason == label.ReasonInFuture], ""
	}
	if a, ok := reasonAdvices[p.reason]; ok {
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
		return adviceRetry, p.field
	case p.status < http.StatusInternalServerError:
		return adviceRefused, p.field
	}
	return adviceFault, p.field
}

// A similarLabel is a label whose ID differs from what was typed by one slip.
type similarLabel struct {
	ID      label.ID
	Product string
}

// renderProblem renders the page about a problem. The text of a refusal is in English, so
// that only the English page has it. In other languages the advice says what is wrong,
// and the page names at least the parameter of the address that is wrong. The page always
// leads to the form for reporting a label that looks wrong.
func (r *responder) renderProblem(p problem, lang *pageLanguage) ([]byte, error) {
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
		State   string          // because of which a label cannot be had
		Of      label.ID        // that label
		Input   string
		Dated   bool   // the day is wrong, and not what was typed
		ID      string // what was typed
		Asked   string // the day, where it is a real one
		Base    string
	}{
		Heading: lang.Text(a.title), Field: field, Message: sentence(p.text, field == ""), Input: clip(p.input),
		Dated: p.aboutInstant(), ID: clip(p.input), Asked: p.day, Base: r.base,
	}
	if lang.Tag != locale.Source {
		if page.Message = ""; field != "" {
			page.About = lang.HTML("problem.field", "field", template.HTML("<code>"+template.HTMLEscapeString(field)+"</code>"))
		}
	}
	page.frame = newFrame(page.Heading, r.authority, shortAddress(p.here))
	for _, key := range a.steps {
		page.Steps = append(page.Steps, lang.Text(key, "date", lang.Date(label.DateOf(r.lapse.Since))))
	}
	if p.label != nil {
		page.Of, page.State = p.label.Label.ID, summarize(lang, p.label.State, &p.label.Standing).Text
	}
	if p.reason == label.ReasonIDCheck {
		page.Near = r.similarLabels(fold(p.input))
	}
	if p.reason == label.ReasonMoved {
		page.Taken = r.formerLabels(lang, p.input)
	}
	return lang.render("problem", page)
}

// formerLabels returns what the page says about the labels that had a number before it was
// moved.
func (r *responder) formerLabels(lang *pageLanguage, typed string) (list []template.HTML) {
	g, err := label.ParseGTIN(fold(typed))
	if err != nil {
		return nil
	}
	taken, err := r.labels.Taken(g)
	if err != nil {
		r.log.Error("the labels cannot be read that a number was taken from", "gtin", g, "err", err)
	}
	return formerLabelTexts(lang, taken)
}

// similarLabels returns the labels whose ID differs from what was typed by one slip.
func (r *responder) similarLabels(typed string) (list []similarLabel) {
	for _, id := range label.Near(typed) {
		if p, err := r.labels.Lookup(id); err == nil {
			list = append(list, similarLabel{id, p.Label.Device.FullName()})
		}
	}
	return list
}

// maxHere bounds the address of an error page that its links to other languages
// repeat, in bytes.
const maxHere = 300

func shortAddress(here string) string {
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
	first, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	if whole {
		s = string(unicode.ToUpper(first)) + s[n:]
	}
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
