package web

import (
	"bytes"
	"html/template"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/label"
	"labeld/internal/locale"
)

// A pageLanguage is a language as pages speak it.
type pageLanguage struct {
	*locale.Language
	chosen bool // by the address, so that links keep it
	pages  *template.Template
	tag    []string // for headers
	all    []*locale.Language
}

// pageLanguages finds the pageLanguage for a request.
type pageLanguages struct {
	catalogue *locale.Catalogue
	plain     map[*locale.Language]*pageLanguage
	chosen    map[*locale.Language]*pageLanguage
	headers   *lru.Cache[string, *locale.Language] // Accept-Language headers that were read
}

const (
	// headerCache bounds the Accept-Language headers whose meaning is kept:
	// browsers of a country send few different ones.
	headerCache = 1024

	// maxHeader bounds what is read of an Accept-Language header, in bytes.
	maxHeader = 256
)

func newPageLanguages(c *locale.Catalogue) (*pageLanguages, error) {
	v := &pageLanguages{catalogue: c, plain: map[*locale.Language]*pageLanguage{}, chosen: map[*locale.Language]*pageLanguage{}}
	for _, l := range c.Languages() {
		v.plain[l] = newPageLanguage(l, c, false)
		v.chosen[l] = newPageLanguage(l, c, true)
	}
	var err error
	v.headers, err = lru.New[string, *locale.Language](headerCache)
	return v, err
}

func newPageLanguage(l *locale.Language, c *locale.Catalogue, chosen bool) *pageLanguage {
	v := &pageLanguage{Language: l, chosen: chosen, tag: []string{l.Tag}, all: c.Languages()}
	v.pages = template.Must(pages.Clone()).Funcs(v.funcs())
	return v
}

// source returns the pageLanguage of the language that the programme is written in.
func (v *pageLanguages) source() *pageLanguage { return v.plain[v.catalogue.Languages()[0]] }

// each returns all pageLanguages.
func (v *pageLanguages) each() (list []*pageLanguage) {
	for _, l := range v.catalogue.Languages() {
		list = append(list, v.plain[l], v.chosen[l])
	}
	return list
}

// of returns the pageLanguage for a request: the language that its address names, or
// else the one that suits its headers best.
func (v *pageLanguages) of(r *http.Request) *pageLanguage {
	if r.URL.RawQuery != "" {
		if given := parameters(r.URL.RawQuery, "lang"); len(given) > 0 {
			if l := v.catalogue.Find(clip(given[0])); l != nil {
				return v.chosen[l]
			}
		}
	}
	header := r.Header["Accept-Language"]
	if len(header) == 0 {
		return v.source()
	}
	text := header[0]
	if len(text) > maxHeader {
		text = text[:maxHeader]
		text = text[:max(0, strings.LastIndexByte(text, ','))]
	}
	l, ok := v.headers.Get(text)
	if !ok {
		l = v.catalogue.Negotiate(text)
		v.headers.Add(text, l)
	}
	return v.plain[l]
}

// render makes a page.
func (v *pageLanguage) render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := v.pages.ExecuteTemplate(&b, name, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// body makes a page that is ready to be sent.
func (v *pageLanguage) body(name string, data any) (*body, error) {
	b, err := v.render(name, data)
	if err != nil {
		return nil, err
	}
	made := newBody(htmlType, b)
	made.vary, made.language = varyPage, v.tag
	return made, nil
}

// funcs are what templates speak with.
func (v *pageLanguage) funcs() template.FuncMap {
	return template.FuncMap{
		"lang":      func() string { return v.Tag },
		"dir":       v.direction,
		"languages": v.languages,
		"chosen":    v.carried,
		"to":        func(parts ...any) string { return v.to(join(parts)) },
		"t":         v.HTML,
		"bdi":       bdi,
		"strong":    strong,
		"id":        pretty,
		"mark":      mark,
		"digest":    digest,
		"whole":     whole,
		"a":         v.a,
		"party":     party,
		"list":      v.list,
		"digits":    func(n int64) string { return strconv.FormatInt(n, 10) },
	}
}

func (v *pageLanguage) direction() string {
	if v.RightToLeft {
		return "rtl"
	}
	return "ltr"
}

// carried returns the language that forms keep, or nothing.
func (v *pageLanguage) carried() string {
	if v.chosen {
		return v.Tag
	}
	return ""
}

// to returns the address of a page of ours, which keeps the language that was
// chosen.
func (v *pageLanguage) to(path string) string {
	if !v.chosen {
		return path
	}
	return withLanguage(path, v.Tag)
}

func withLanguage(path, tag string) string {
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	return path + sep + "lang=" + tag
}

// A languageLink leads to a page in another language.
type languageLink struct {
	Tag, Name, Href string
	On              bool
}

// languages returns where a page is found in each language.
func (v *pageLanguage) languages(here string) (list []languageLink) {
	for _, l := range v.all {
		list = append(list, languageLink{l.Tag, l.Name, withLanguage(here, l.Tag), l == v.Language})
	}
	return list
}

// Pieces of HTML that messages are given.

func bdi(s string) template.HTML {
	return template.HTML("<bdi>" + template.HTMLEscapeString(s) + "</bdi>")
}

func strong(v any) template.HTML { return "<strong>" + markup(v) + "</strong>" }

// pretty returns a label ID as people read it, in one piece.
func pretty(id label.ID) template.HTML {
	return template.HTML(`<span class="id" dir="ltr">` + id.Pretty() + `</span>`)
}

// mark returns an identifier that is no label's ID, such as a barcode number, a
// model or the number of a report. People compare these with what is printed on
// a product or in a document, so that they stay in one piece: what has the class
// id is broken only where no line is long enough.
func mark(s string) template.HTML {
	return template.HTML(`<bdi class="id">` + template.HTMLEscapeString(s) + `</bdi>`)
}

// identifierPunctuation is an identifier, and the punctuation after it.
var identifierPunctuation = regexp.MustCompile(`((?:<(?:a|strong)[^>]*>)?<(?:bdi|span) class="id"[^>]*>[^<]*</(?:bdi|span)>(?:</(?:a|strong)>)?)([,.;:)،؛。、，；：）]+)`)

// HTML returns a message for a page. Punctuation stays with the identifier before
// it: browsers would break a line between the two, as if that were an image.
func (v *pageLanguage) HTML(key string, args ...any) template.HTML {
	return template.HTML(identifierPunctuation.ReplaceAllString(string(v.Language.HTML(key, args...)), `<span class="one">$1$2</span>`))
}

// labelIDPattern is what the ID of a label looks like within a text.
var labelIDPattern = regexp.MustCompile(`\b[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}\b`)

// whole returns a text in which the IDs of labels stay in one piece.
func whole(v any) template.HTML {
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

// a links to a page of ours.
func (v *pageLanguage) a(path string, says any) template.HTML {
	return template.HTML(`<a href="`+template.HTMLEscapeString(v.to(path))+`">`) + markup(says) + "</a>"
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

// A link is an address from a manufacturer or an authority. Only https and
// mailto get here; what else there may be is no link.
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

// list returns things in a list, as the language writes one.
func (v *pageLanguage) list(things []template.HTML) (list template.HTML) {
	for i, t := range things {
		if i == 0 {
			list = t
		} else {
			list = v.Language.HTML("site.list", "items", list, "more", t)
		}
	}
	return list
}

// day returns a day for people and for machines.
func (v *pageLanguage) day(d label.Date) template.HTML {
	return timeElement(d.String(), v.Date(d))
}

// instant returns an instant, with the time of day for machines only.
func (v *pageLanguage) instant(t time.Time) template.HTML {
	return timeElement(t.UTC().Format(time.RFC3339), v.Date(label.DateOf(t)))
}

func timeElement(iso, words string) template.HTML {
	return template.HTML(`<time datetime="` + iso + `">` + template.HTMLEscapeString(words) + `</time>`)
}

// moment returns an instant with its time of day, for people.
func (v *pageLanguage) moment(t time.Time) string {
	return v.Date(label.DateOf(t)) + t.UTC().Format(", 15:04:05 UTC")
}

// last returns the last day of what ends at an instant, as it is named at another, or the
// instant of the end ([label.LastDay]): for machines and for people.
func (v *pageLanguage) last(end, from time.Time) (iso, words string) {
	if d, whole := label.LastDay(end, from); whole {
		return d.String(), v.Date(d)
	}
	return end.UTC().Format(time.RFC3339), v.moment(end)
}

// lastNamed returns what [pageLanguage.last] does of a label that stands as it does: of one that
// counts, as its end is named now, and of another, as if it was named when it was issued.
func (v *pageLanguage) lastNamed(s *label.Standing, l *label.Label) (iso, words string) {
	return v.last(s.Ends(), namedFrom(s, l))
}

// namedFrom returns the instant from which the end of a label is looked at.
func namedFrom(s *label.Standing, l *label.Label) time.Time {
	if s.State == label.Active {
		return s.At
	}
	return l.Issued
}

// here returns the address of a request without its language. One that begins
// with two slashes would lead elsewhere.
func here(r *http.Request) string {
	var kept []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if pair != "" && !strings.HasPrefix(pair, "lang=") {
			kept = append(kept, pair)
		}
	}
	path := r.URL.EscapedPath()
	if strings.HasPrefix(path, "//") {
		path = "/"
	}
	if len(kept) == 0 {
		return path
	}
	return path + "?" + strings.Join(kept, "&")
}
