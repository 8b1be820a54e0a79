package web

import (
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Content types that more than one address has.
const (
	htmlType = "text/html; charset=utf-8"
	jsonType = "application/json"
	textType = "text/plain; charset=utf-8"
)

// A body is what an answer consists of, ready to be sent. Its header values are slices as
// a header map has them, so that sending allocates none. Requests share them, and nothing
// may change them.
type body struct {
	bytes   []byte
	typ     []string
	length  []string
	etag    []string
	gzipped *gzipForm // nil where it is not worth compressing

	cache       []string  // how long it may be kept, where that is not what the route says
	next        time.Time // when it will be wrong, so that no cache keeps it longer; zero for never
	link        []string  // to the one address of what has several
	language    []string  // of a page
	vary        []string  // where another representation has the same address
	disposition []string  // where it is a file to save
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

// Cache-Control values. Nothing here is private; they differ in how long an answer
// stays right.
var (
	cacheLabel   = []string{"public, max-age=10, must-revalidate"} // a label's state may change
	cacheSecond  = []string{"public, max-age=1"}                   // the log grows
	cacheMinute  = []string{"public, max-age=60"}                  // changes with a restart
	cacheHour    = []string{"public, max-age=3600"}                // follows from its address
	cacheForever = []string{"public, max-age=31536000, immutable"} // cannot change
	cacheNone    = []string{"no-store"}
)

// labelAge is how long cacheLabel lets an answer be kept.
const labelAge = 10 * time.Second

// cacheUntil returns cacheLabel, shortened so that no cache keeps an answer
// beyond the instant at which it turns wrong; the zero instant is never.
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
