package web

import (
	"html/template"
	"regexp"
	"slices"
	"strings"

	"labeld/internal/label"
)

// What this file makes is HTML that messages and templates have inserted.

func bdi(s string) template.HTML {
	return template.HTML("<bdi>" + template.HTMLEscapeString(s) + "</bdi>")
}

func strong(v any) template.HTML { return "<strong>" + markup(v) + "</strong>" }

// pretty returns a label ID as people read it, in one piece.
func pretty(id label.ID) template.HTML {
	return template.HTML(`<span class="id" dir="ltr">` + id.Pretty() + `</span>`)
}

// identifier returns an identifier that is no label ID, such as a barcode number, a model
// or the number of a report. People compare these with what is printed on a product or in
// a document, so that they stay in one piece: the class id lets them be broken only where
// no line is long enough.
func identifier(s string) template.HTML {
	return template.HTML(`<bdi class="id">` + template.HTMLEscapeString(s) + `</bdi>`)
}

// labelIDPattern is what the ID of a label looks like within a text.
var labelIDPattern = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b`)

// unbrokenIDs returns a text in which the IDs of labels stay in one piece.
func unbrokenIDs(v any) template.HTML {
	return template.HTML(labelIDPattern.ReplaceAllString(string(markup(v)), `<span class="id" dir="ltr">$0</span>`))
}

// digestGroup is how many digits of a digest stay together. A digest as a whole
// is longer than the line of a phone.
const digestGroup = 8

// digest returns a digest that lines break between groups only. It is copied in
// one piece all the same.
func digest(d label.Digest) template.HTML {
	var s strings.Builder
	s.WriteString(`<code dir="ltr">`)
	for group := range slices.Chunk([]byte(d.String()), digestGroup) {
		s.WriteString(`<wbr>`)
		s.Write(group)
	}
	s.WriteString(`</code>`)
	return template.HTML(s.String())
}

// party names an organization, with a link where it has a page.
func party(p label.Party) template.HTML {
	if p.URL == "" {
		return bdi(p.Name)
	}
	return newLink(p.URL).with(bdi(p.Name))
}

func markup(v any) template.HTML {
	if h, ok := v.(template.HTML); ok {
		return h
	}
	return template.HTML(template.HTMLEscapeString(v.(string)))
}

func join(parts []any) string {
	var s strings.Builder
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			s.WriteString(p)
		case label.ID:
			s.WriteString(string(p))
		}
	}
	return s.String()
}

// A link is an address from a manufacturer or an authority. Only https and mailto are
// accepted before; any other address is shown without a link.
type link struct{ Href, Text string }

func newLink(href string) link {
	if !strings.HasPrefix(href, "https://") && !strings.HasPrefix(href, "mailto:") {
		return link{Text: href}
	}
	return link{strictly.Replace(href), strings.TrimPrefix(href, "mailto:")}
}

// strictly writes a URL without the characters that a URL cannot have (RFC 3986,
// 2), which browsers take all the same.
var strictly = strings.NewReplacer(" ", "%20", `"`, "%22", "<", "%3C", ">", "%3E", `\`, "%5C", "^", "%5E", "`", "%60", "{", "%7B", "|", "%7C", "}", "%7D")

// with returns the link under some words, and External under its address.
func (l link) with(says template.HTML) template.HTML {
	if l.Href == "" {
		return says
	}
	return template.HTML(`<a href="`+template.HTMLEscapeString(l.Href)+`" rel="nofollow noopener">`) + says + "</a>"
}

func (l link) External() template.HTML { return l.with(bdi(l.Text)) }

// quotation returns a text that others wrote. It is marked as in their language and not
// in that of the page, for those who have pages read aloud or hyphenated; which language
// that is may be unknown (lang="").
func quotation(text, language string) template.HTML {
	return template.HTML(`<bdi lang="` + template.HTMLEscapeString(language) + `">` + template.HTMLEscapeString(text) + "</bdi>")
}
