package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/meter"
)

// What is asked for is paid for in units of package meter, about a tenth of a
// millisecond each. Labels that there are, and whatever else is answered out of
// memory, cost nothing: nobody is kept from seeing a label by who has the same
// address.
const (
	callUnits    = 10 // a call of the API, and a feed
	bulkUnits    = 1  // so many products of a bulk look-up, beside the call
	bulkStep     = 50
	searchUnits  = 5   // a search, a manufacturer's page, labels side by side
	readUnits    = 5   // an advisory, a plan: they are read, unpacked and compressed
	tileUnits    = 1   // a tile of the log
	datedUnits   = 2   // a label as of an instant, or held against a barcode: rendered each time
	formUnits    = 2   // the form for reports
	sitemapUnits = 100 // fifty thousand addresses
	missUnits    = 2   // what is refused, such as an address of nothing
	drawingUnits = 50  // artwork that nobody asked for before
	packUnits    = 600 // all of it; less than it takes, since people print it and the gate bounds it
)

// apiPerMinute is how many calls of the API a client may make a minute, and how many
// at once after a pause, if it asks for nothing else.
const apiPerMinute = meter.PerClient / callUnits

// costOf returns what an address costs before it is known what is there. Artwork is
// paid for when it has to be drawn, calls of the API where they are counted.
func costOf(path, query string) int {
	switch {
	case len(path) < 2:
		if query != "" {
			return searchUnits
		}
		return 0
	case len(path) >= 3 && path[0] == '/' && path[1]|0x20 == 'l' && path[2] == '/':
		if query != "" && (len(parameters(query, "at")) > 0 || len(parameters(query, "gtin")) > 0) {
			return datedUnits
		}
		return 0
	case path == "/find", path == "/compare", strings.HasPrefix(path, "/m/"):
		return searchUnits
	case strings.HasPrefix(path, "/log/tile/"):
		return tileUnits
	case strings.HasPrefix(path, "/feeds/"):
		return callUnits
	case strings.HasPrefix(path, "/advisory/"), strings.HasPrefix(path, "/surveillance/"):
		return readUnits
	case strings.HasPrefix(path, "/sitemap"):
		return sitemapUnits
	}
	return 0
}

// who returns whom a request comes from.
func (h *Handler) who(r *http.Request) meter.Who { return h.clients.Of(r.RemoteAddr, r.Header.Values) }

// pay takes units from a client's allowance, and refuses the request where there are
// not so many.
func (h *Handler) pay(w http.ResponseWriter, r *http.Request, units int) bool {
	if units == 0 {
		return true
	}
	a := h.meter.Take(h.who(r), units, time.Now())
	if !a.OK {
		to := forPeople
		if strings.HasSuffix(r.URL.Path, ".json") {
			to = forPrograms
		}
		h.tooMany(w, r, a.Wait, to)
	}
	return a.OK
}

// tooMany refuses a request of a client that has used its allowance up. It is the one
// refusal that nothing is rendered for: whoever goes on asking gets it for nothing.
func (h *Handler) tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration, to reader) {
	head := w.Header()
	protect(head)
	head["Cache-Control"] = cacheNone
	head["Vary"] = varyPage
	head["Retry-After"] = []string{seconds(wait)}
	p := problem{status: http.StatusTooManyRequests, reason: label.ReasonTooMany, text: "this client has asked for more than one is answered a minute; wait as long as Retry-After says"}
	if to == forParsers {
		p.text = fmt.Sprintf("at most %d calls a minute are answered; wait, or look up many products in one call", apiPerMinute)
	}
	if to != forPeople || wantsJSON(r.Header) {
		write(w, r, p.status, jsonType, p.json())
		return
	}
	lang := h.languages.of(r)
	head["Content-Language"] = lang.tag
	text := lang.Text(again.title) + "\n"
	for _, step := range again.steps {
		text += "\n" + lang.Text(step) + "\n"
	}
	write(w, r, p.status, textType, []byte(text))
}

// apiPolicy says the allowance in the form of draft-ietf-httpapi-ratelimit-headers.
var apiPolicy = []string{fmt.Sprintf(`"api";q=%d;w=60`, apiPerMinute)}

// admit counts a call of the API, says in headers what is left, and refuses it
// where nothing is.
func (h *Handler) admit(w http.ResponseWriter, r *http.Request, units int) bool {
	a := h.meter.Take(h.who(r), units, time.Now())
	head := w.Header()
	head["Ratelimit-Policy"] = apiPolicy
	head["Ratelimit"] = []string{`"api";r=` + strconv.Itoa(a.Left/callUnits) + ";t=" + seconds(a.Wait)}
	if !a.OK {
		h.tooMany(w, r, a.Wait, forParsers)
	}
	return a.OK
}

// seconds writes a time to wait, in whole seconds.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
