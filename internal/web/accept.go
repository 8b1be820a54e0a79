package web

import (
	"net/http"
	"strings"
)

// A weight is how much a client wants a media type.
type weight struct {
	q    int // 0 to 1000
	rank int // of the range that gives q: 3 for one that names the type, 2 for type/*, 1 for */*, 0 for none
}

// take takes over what a range gives, if no more precise range was taken (RFC 9110,
// 12.5.1).
func (w *weight) take(q, rank int) {
	if rank > w.rank || rank == w.rank && q > w.q {
		*w = weight{q, rank}
	}
}

// accepted returns what the Accept header says of our two types. Parameters
// other than q are ignored: programs send application/json; charset=utf-8 and
// mean application/json. A range with a malformed q counts for nothing.
func accepted(header http.Header) (html, json weight) {
	for _, field := range header["Accept"] {
		for part := range strings.SplitSeq(field, ",") {
			media, params, _ := strings.Cut(part, ";")
			media = strings.Trim(media, " \t")
			q, ok := quality(params)
			if !ok {
				continue
			}
			switch {
			case media == "*/*":
				html.take(q, 1)
				json.take(q, 1)
			case strings.EqualFold(media, "text/*"):
				html.take(q, 2)
			case strings.EqualFold(media, "application/*"):
				json.take(q, 2)
			case strings.EqualFold(media, "text/html"):
				html.take(q, 3)
			case strings.EqualFold(media, "application/json"):
				json.take(q, 3)
			}
		}
	}
	return html, json
}

// wantsJSON reports whether a client prefers JSON to a page. Of equal weights the type
// that is named more precisely wins, then the page. A client that accepts neither gets the
// page too, as RFC 9110 allows.
func wantsJSON(header http.Header) bool {
	html, json := accepted(header)
	return json.q > html.q || json.q == html.q && json.q > 0 && json.rank > html.rank
}

// wantsPage reports whether a client asks for a page by name and prefers it.
func wantsPage(header http.Header) bool {
	html, _ := accepted(header)
	return html.rank == 3 && html.q > 0 && !wantsJSON(header)
}

// quality returns the q among parameters in thousandths, 1000 where there is
// none.
func quality(params string) (q int, ok bool) {
	for params != "" {
		var p string
		p, params, _ = strings.Cut(params, ";")
		p = strings.Trim(p, " \t")
		if len(p) >= 2 && p[0]|0x20 == 'q' && p[1] == '=' {
			return parseQuality(p[2:])
		}
	}
	return 1000, true
}

// parseQuality reads a qvalue (RFC 9110, 12.4.2): 0 or 1 with at most three
// decimals, and nothing above 1.
func parseQuality(s string) (q int, ok bool) {
	if s == "" || len(s) > 5 || s[0] != '0' && s[0] != '1' || len(s) > 1 && s[1] != '.' {
		return 0, false
	}
	q = int(s[0]-'0') * 1000
	unit := 100
	for i := 2; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		q += int(s[i]-'0') * unit
		unit /= 10
	}
	return q, q <= 1000
}
