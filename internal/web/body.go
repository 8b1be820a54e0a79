package web

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Content types that more than one address has.
const (
	htmlType = "text/html; charset=utf-8"
	jsonType = "application/json"
	textType = "text/plain; charset=utf-8"
)

// A body is one representation, ready to be sent. Header values are kept as
// the slices that a header map holds, so that sending allocates none. They are
// shared between requests and must not be changed.
type body struct {
	bytes   []byte
	typ     []string
	length  []string
	etag    []string
	gzipped *gzipForm // nil where it is not worth compressing

	// Where the body is a view of a label:
	link        []string  // to the label's own address
	language    []string  // of a page
	vary        []string  // where another representation has the same address
	disposition []string  // where it is a file to save
	next        time.Time // when it will be wrong; zero for never
}

func newBody(typ string, b []byte) *body {
	sum := sha256.Sum256(b)
	made := &body{
		bytes: b, typ: []string{typ}, length: []string{strconv.Itoa(len(b))},
		etag: []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:]) + `"`},
	}
	if compressible(typ, b) {
		made.gzipped = &gzipForm{level: gzip.BestCompression}
	}
	return made
}

// canonical returns the Link header that names the one address of what has several.
func canonical(address string) []string { return []string{"<" + address + `>; rel="canonical"`} }

// Cache-Control values. Nothing here is private; what varies is for how long
// an answer stays right.
var (
	cacheLabel   = []string{"public, max-age=10, must-revalidate"} // a label's state may change
	cacheSecond  = []string{"public, max-age=1"}                   // the log grows
	cacheList    = []string{"public, max-age=10, must-revalidate"} // a label's state may change
	cacheMinute  = []string{"public, max-age=60"}                  // changes with a restart
	cacheHour    = []string{"public, max-age=3600"}                // follows from its address
	cacheForever = []string{"public, max-age=31536000, immutable"} // cannot change
	cacheNone    = []string{"no-store"}
)

// labelAge is how long cacheLabel lets a label view be kept.
const labelAge = 10 * time.Second

// cacheUntil returns cacheLabel, shortened so that no cache keeps an answer
// beyond the instant at which it turns wrong; zero is never.
func cacheUntil(next, now time.Time) []string {
	if next.IsZero() {
		return cacheLabel
	}
	left := next.Sub(now)
	if left >= labelAge {
		return cacheLabel
	}
	return []string{"public, max-age=" + strconv.Itoa(max(0, int(left/time.Second))) + ", must-revalidate"}
}

// Header values that all answers have.
var (
	policy = []string{"default-src 'none'; style-src '" + styleHash + "'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"}
	sniff  = []string{"nosniff"}
	refer  = []string{"no-referrer"}

	// referOwn is for pages with a form that is posted: by no-referrer a browser
	// would not say of which origin the page was (Fetch, append a request Origin
	// header), and those that do not send Sec-Fetch-Site say it in no other way.
	referOwn = []string{"same-origin"}

	// Everything here is public and nothing depends on who asks, so any page may
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

// noCoding refuses a client that takes a body neither plain nor compressed.
var noCoding = problem{
	status: http.StatusNotAcceptable, reason: reasonNoCoding, field: "Accept-Encoding",
	text: "refuses both forms that there are: gzip, and identity, which is the plain one; allow one of them",
}

// send answers with a body, or with 304 where the client has it.
func (h *Handler) send(w http.ResponseWriter, r *http.Request, b *body, cache []string) {
	head := w.Header()
	protect(head)
	head["Cache-Control"] = cache
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
	if r.Header["Accept-Encoding"] != nil {
		takes := acceptedCodings(r.Header)
		var z *gzipForm
		if takes.gzip {
			z = b.zip()
		}
		if z == nil && !takes.plain {
			if !takes.gzip {
				h.refuse(w, r, noCoding, forPeople)
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
	if had := r.Header["If-None-Match"]; had != nil && matches(had, etag[0]) {
		delete(head, "Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if b.disposition != nil {
		head["Content-Disposition"] = b.disposition
	}
	head["Content-Type"] = b.typ
	head["Content-Length"] = length
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return
	}
	w.Write(bytes) // an error means that the client has gone
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
