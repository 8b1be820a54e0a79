package web

import (
	"bytes"
	"html/template"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/label"
	"labeld/internal/locale"
)

// A pageLanguage is a language in which pages are written, with the templates of pages.
type pageLanguage struct {
	*locale.Language
	chosen    bool // by the address, so that links keep it
	templates *template.Template
	tag       []string // for headers
	all       []*locale.Language
}

// The pageLanguages are all languages of pages. They find the one for a request.
type pageLanguages struct {
	catalogue *locale.Catalogue
	plain     map[*locale.Language]*pageLanguage
	chosen    map[*locale.Language]*pageLanguage
	headers   *lru.Cache[string, *locale.Language] // Accept-Language headers that were read
}

const (
	// headerCache bounds the Accept-Language headers whose meaning is in the cache:
	// browsers of a country send few different ones.
	headerCache = 1024

	// maxHeader bounds what is read of an Accept-Language header, in bytes.
	maxHeader = 256
)

func newPageLanguages(c *locale.Catalogue) (*pageLanguages, error) {
	s := &pageLanguages{catalogue: c, plain: map[*locale.Language]*pageLanguage{}, chosen: map[*locale.Language]*pageLanguage{}}
	for _, l := range c.Languages() {
		s.plain[l] = newPageLanguage(l, c, false)
		s.chosen[l] = newPageLanguage(l, c, true)
	}
	var err error
	s.headers, err = lru.New[string, *locale.Language](headerCache)
	return s, err
}

func newPageLanguage(l *locale.Language, c *locale.Catalogue, chosen bool) *pageLanguage {
	p := &pageLanguage{Language: l, chosen: chosen, tag: []string{l.Tag}, all: c.Languages()}
	p.templates = template.Must(templates.Clone()).Funcs(p.funcs())
	return p
}

// source returns the language that the programme is written in.
func (s *pageLanguages) source() *pageLanguage { return s.plain[s.catalogue.Languages()[0]] }

// each returns every language, both as one that was chosen and as one that was not.
func (s *pageLanguages) each() (list []*pageLanguage) {
	for _, l := range s.catalogue.Languages() {
		list = append(list, s.plain[l], s.chosen[l])
	}
	return list
}

// of returns the language for a request: the one that the address names, or else the
// one that suits the headers best.
func (s *pageLanguages) of(r *http.Request) *pageLanguage {
	if r.URL.RawQuery != "" {
		if given := parameters(r.URL.RawQuery, "lang"); len(given) > 0 {
			if l := s.catalogue.Find(clip(given[0])); l != nil {
				return s.chosen[l]
			}
		}
	}
	header := r.Header["Accept-Language"]
	if len(header) == 0 {
		return s.source()
	}
	text := header[0]
	if len(text) > maxHeader {
		text = text[:maxHeader]
		text = text[:max(0, strings.LastIndexByte(text, ','))]
	}
	l, ok := s.headers.Get(text)
	if !ok {
		l = s.catalogue.Negotiate(text)
		s.headers.Add(text, l)
	}
	return s.plain[l]
}

// render makes a page.
func (p *pageLanguage) render(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := p.templates.ExecuteTemplate(&b, name, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// body makes a page that is ready to be sent.
func (p *pageLanguage) body(name string, data any) (*body, error) {
	b, err := p.render(name, data)
	if err != nil {
		return nil, err
	}
	made := newBody(htmlType, b)
	made.vary, made.language = varyPage, p.tag
	return made, nil
}

// funcs are the functions of templates.
func (p *pageLanguage) funcs() template.FuncMap {
	return template.FuncMap{
		"lang":      func() string { return p.Tag },
		"dir":       p.direction,
		"languages": p.languages,
		"chosen":    p.choice,
		"to":        func(parts ...any) string { return p.to(join(parts)) },
		"t":         p.HTML,
		"bdi":       bdi,
		"strong":    strong,
		"id":        pretty,
		"mark":      identifier,
		"digest":    digest,
		"whole":     unbrokenIDs,
		"a":         p.a,
		"party":     party,
		"list":      p.list,
		"digits":    func(n int64) string { return strconv.FormatInt(n, 10) },
	}
}

func (p *pageLanguage) direction() string {
	if p.RightToLeft {
		return "rtl"
	}
	return "ltr"
}

// choice returns the language that forms keep, or nothing.
func (p *pageLanguage) choice() string {
	if p.chosen {
		return p.Tag
	}
	return ""
}

// to returns the address of a page of ours, which keeps the language that was
// chosen.
func (p *pageLanguage) to(path string) string {
	if !p.chosen {
		return path
	}
	return withLanguage(path, p.Tag)
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
func (p *pageLanguage) languages(here string) (list []languageLink) {
	for _, l := range p.all {
		list = append(list, languageLink{l.Tag, l.Name, withLanguage(here, l.Tag), l == p.Language})
	}
	return list
}

// identifierPunctuation is an identifier, and the punctuation after it.
var identifierPunctuation = regexp.MustCompile(`((?:<(?:a|strong)[^>]*>)?<(?:bdi|span) class="id"[^>]*>[^<]*</(?:bdi|span)>(?:</(?:a|strong)>)?)([,.;:)،؛。、，；：）]+)`)

// HTML returns a message for a page. Punctuation stays on the line of the identifier
// before it, where browsers would break the line as they do after an image.
func (p *pageLanguage) HTML(key string, args ...any) template.HTML {
	return template.HTML(identifierPunctuation.ReplaceAllString(string(p.Language.HTML(key, args...)), `<span class="one">$1$2</span>`))
}

// a links to a page of ours.
func (p *pageLanguage) a(path string, says any) template.HTML {
	return template.HTML(`<a href="`+template.HTMLEscapeString(p.to(path))+`">`) + markup(says) + "</a>"
}

// list returns things in a list, as the language writes one.
func (p *pageLanguage) list(things []template.HTML) (list template.HTML) {
	for i, t := range things {
		if i == 0 {
			list = t
		} else {
			list = p.Language.HTML("site.list", "items", list, "more", t)
		}
	}
	return list
}

// day returns a day for people and for machines.
func (p *pageLanguage) day(d label.Date) template.HTML {
	return timeElement(d.String(), p.Date(d))
}

// instant returns an instant, with the time of day for machines only.
func (p *pageLanguage) instant(t time.Time) template.HTML {
	return timeElement(t.UTC().Format(time.RFC3339), p.Date(label.DateOf(t)))
}

func timeElement(iso, words string) template.HTML {
	return template.HTML(`<time datetime="` + iso + `">` + template.HTMLEscapeString(words) + `</time>`)
}

// moment returns an instant with its time of day, for people.
func (p *pageLanguage) moment(t time.Time) string {
	return p.Date(label.DateOf(t)) + t.UTC().Format(", 15:04:05 UTC")
}

// last returns the last day of something that ends at an instant, as it is named at
// another instant ([label.LastDay]). Where it has no last day it returns the instant of
// the end. Both are written for machines and for people.
func (p *pageLanguage) last(end, from time.Time) (iso, words string) {
	if d, whole := label.LastDay(end, from); whole {
		return d.String(), p.Date(d)
	}
	return end.UTC().Format(time.RFC3339), p.moment(end)
}

// lastNamed returns the last day of a label, as [pageLanguage.last] does. The end of an
// active label is named as of now, that of any other as of its issue.
func (p *pageLanguage) lastNamed(s *label.Standing, l *label.Label) (iso, words string) {
	return p.last(s.Ends(), namedFrom(s, l))
}

// namedFrom returns the instant at which the end of a label is named.
func namedFrom(s *label.Standing, l *label.Label) time.Time {
	if s.State == label.Active {
		return s.At
	}
	return l.Issued
}

// requestAddress returns the address of a request without its language. One that begins
// with two slashes would lead elsewhere.
func requestAddress(r *http.Request) string {
	var pairs []string
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		if pair != "" && !strings.HasPrefix(pair, "lang=") {
			pairs = append(pairs, pair)
		}
	}
	path := r.URL.EscapedPath()
	if strings.HasPrefix(path, "//") {
		path = "/"
	}
	if len(pairs) == 0 {
		return path
	}
	return path + "?" + strings.Join(pairs, "&")
}
