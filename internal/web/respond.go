package web

import (
	"bytes"
	"encoding/xml"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/meter"
)

// A responder has what all answers need: how they are sent, in which languages pages
// are written, what requests cost, and how refusals are worded.
type responder struct {
	base      string      // public base URL
	authority label.Party // whose labels these are
	log       *slog.Logger
	languages *pageLanguages
	labels    Labels
	lapse     authority.Lapse // what to answer where what happened to labels may be missing

	clients *meter.Clients
	meter   *meter.Meter // of all that is asked for
}

// An exchange is one request, the route it came by, and where the answer goes.
type exchange struct {
	*responder
	w             http.ResponseWriter
	r             *http.Request
	route         *route
	first, second string // what stands at the placeholders of the route's path
}

// language returns the language of the pages that answer the request.
func (x exchange) language() *pageLanguage { return x.languages.of(x.r) }

// Header values that all answers have.
var (
	policy = []string{"default-src 'none'; style-src '" + styleHash + "'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	sniff  = []string{"nosniff"}
	refer  = []string{"no-referrer"}

	// referOwn is for pages with a form that is posted: by no-referrer a browser
	// would not say of which origin the page was (Fetch, append a request Origin
	// header), and those that do not send Sec-Fetch-Site say it in no other way.
	referOwn = []string{"same-origin"}

	// Everything here is public and no answer depends on who asks, so any page may
	// read it (CORS).
	anyOrigin = []string{"*"}
	exposed   = []string{"ETag, Link, Retry-After, RateLimit, RateLimit-Policy"}
)

func protect(h http.Header) {
	h["Content-Security-Policy"] = policy
	h["X-Content-Type-Options"] = sniff
	h["Referrer-Policy"] = refer
	h["Access-Control-Allow-Origin"] = anyOrigin
	h["Access-Control-Expose-Headers"] = exposed
}

// What answers depend on besides their address: all that are worth compressing
// on the encoding, some on the media type, pages on the language.
var (
	varyEncoding = []string{"Accept-Encoding"}
	varyAccept   = []string{"Accept, Accept-Encoding"}
	varyPage     = []string{"Accept, Accept-Language, Accept-Encoding"}
)

// noCoding refuses a client that takes a body neither plain nor compressed.
var noCoding = problem{
	status: http.StatusNotAcceptable, reason: reasonNoCoding, field: "Accept-Encoding",
	text: "refuses both forms that there are: gzip, and identity, which is the plain one; allow one of them",
}

// send answers with a body, or with 304 where the client has it.
func (x exchange) send(b *body) {
	head := x.w.Header()
	protect(head)
	switch {
	case b.cache != nil:
		head["Cache-Control"] = b.cache
	case !b.next.IsZero():
		head["Cache-Control"] = cacheUntil(b.next, x.labels.Now())
	default:
		head["Cache-Control"] = x.route.cache
	}
	if b.link != nil {
		head["Link"] = b.link
	}
	if b.language != nil {
		head["Content-Language"] = b.language
	}
	if b.vary != nil {
		head["Vary"] = b.vary
	} else if head["Vary"] == nil {
		head["Vary"] = varyEncoding
	}
	bytes, length, etag := b.bytes, b.length, b.etag
	if x.r.Header["Accept-Encoding"] != nil {
		takes := acceptedCodings(x.r.Header)
		var z *gzipForm
		if takes.gzip {
			z = b.zip()
		}
		if z == nil && !takes.plain {
			if !takes.gzip {
				x.refuse(noCoding)
				return
			}
			z = b.wrap()
		}
		if z != nil {
			bytes, length, etag = z.bytes, z.length, z.etag
			head["Content-Encoding"] = codingGzip
		}
	}
	head["Etag"] = etag
	if had := x.r.Header["If-None-Match"]; had != nil && matches(had, etag[0]) {
		delete(head, "Content-Encoding")
		x.w.WriteHeader(http.StatusNotModified)
		return
	}
	if b.disposition != nil {
		head["Content-Disposition"] = b.disposition
	}
	head["Content-Type"] = b.typ
	head["Content-Length"] = length
	if x.r.Method == http.MethodHead {
		x.w.WriteHeader(http.StatusOK)
		return
	}
	x.w.Write(bytes) // an error means that the client has gone
}

// sendPage answers with a page that is made for this request. Canonical is the one
// address of a page that has several.
func (x exchange) sendPage(lang *pageLanguage, name string, data any, canonicalPath string) {
	b, err := lang.body(name, data)
	if err != nil {
		x.fail(err)
		return
	}
	if canonicalPath != "" {
		b.link = canonical(x.base + canonicalPath)
	}
	x.send(b)
}

// sendJSON answers with a value as JSON.
func (x exchange) sendJSON(v any) {
	b, err := label.Encode(v)
	if err != nil {
		x.fail(err)
		return
	}
	x.send(newBody(jsonType, b))
}

// sendXML answers with a value as XML.
func (x exchange) sendXML(typ string, v any) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(v); err != nil {
		x.fail(err)
		return
	}
	x.send(newBody(typ, b.Bytes()))
}

// sendAtom answers with a feed.
func (x exchange) sendAtom(text []byte, err error) {
	if err != nil {
		x.fail(err)
		return
	}
	x.send(newBody("application/atom+xml; charset=utf-8", text))
}

// redirect leads on to a path of ours, or to an address that a manufacturer
// declared.
func (x exchange) redirect(status int, to string, cache []string) {
	text := "See " + to + "\n"
	head := x.w.Header()
	protect(head)
	head["Location"] = []string{to}
	head["Cache-Control"] = cache
	x.write(status, textType, []byte(text))
}

// write answers with bytes that were made for this request.
func (x exchange) write(status int, typ string, b []byte) {
	head := x.w.Header()
	if takes := acceptedCodings(x.r.Header); takes.gzip && !takes.plain {
		b = deflate(b, gzip.NoCompression)
		head["Content-Encoding"] = codingGzip
	}
	head["Content-Type"] = []string{typ}
	head["Content-Length"] = []string{strconv.Itoa(len(b))}
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		x.w.Write(b) // an error means that the client has gone
	}
}

// matches reports whether an If-None-Match header names an entity tag, by weak
// comparison (RFC 9110, 13.1.2).
func matches(fields []string, etag string) bool {
	for _, s := range fields {
		if s == etag || strings.TrimSpace(s) == "*" {
			return true
		}
		for {
			s = strings.TrimPrefix(strings.TrimLeft(s, " \t,"), "W/")
			if s == "" || s[0] != '"' {
				break
			}
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				break
			}
			if s[:end+2] == etag {
				return true
			}
			s = s[end+2:]
		}
	}
	return false
}
