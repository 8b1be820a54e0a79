package web

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"labeld/internal/label"
	"labeld/internal/meter"
)

// What is asked for is paid for in units of package meter, about a tenth of a
// millisecond each; the table in routes.go says what costs how much. Labels that there
// are, and whatever else is answered out of memory, cost nothing, so that a neighbour
// with the same address keeps nobody from seeing a label.
const (
	callUnits    = 10 // a call of the API, and a feed
	bulkUnits    = 1  // so many products of a bulk look-up, beside the call
	bulkStep     = 50
	searchUnits  = 5   // a search, a manufacturer's page, labels side by side
	readUnits    = 5   // an advisory, a plan: they are read, unpacked and compressed
	tileUnits    = 1   // a tile of the log
	datedUnits   = 2   // a label as of an instant, or compared with a barcode number: rendered each time
	formUnits    = 2   // the form for reports
	sitemapUnits = 100 // fifty thousand addresses
	missUnits    = 2   // what is refused, such as an address of nothing
	drawingUnits = 50  // artwork that nobody asked for before
	packUnits    = 600 // all of it; less than it takes, since people print it and the gate bounds it
)

// apiPerMinute is how many calls of the API a client may make a minute, and how many
// at once after a pause, if it asks for nothing else.
const apiPerMinute = meter.PerClient / callUnits

// client returns whom a request comes from.
func (x exchange) client() meter.Who { return x.clients.Of(x.r.RemoteAddr, x.r.Header.Values) }

// payRoute takes what the route costs, and refuses the request where the client has not
// so much.
func (x exchange) payRoute() bool {
	c := &x.route.cost
	switch {
	case c.units == 0 || c.deferred || c.when != nil && !c.when(x.r):
		return true
	case c.call:
		return x.payCall(c.units)
	}
	return x.pay(c.units)
}

// pay takes units from a client's allowance, and refuses the request where there are
// not so many.
func (x exchange) pay(units int) bool {
	a := x.meter.Take(x.client(), units, time.Now())
	if !a.OK {
		x.tooMany(a.Wait)
	}
	return a.OK
}

// apiPolicy says the allowance in the form of draft-ietf-httpapi-ratelimit-headers.
var apiPolicy = []string{fmt.Sprintf(`"api";q=%d;w=60`, apiPerMinute)}

// payCall takes units for a call of the API, says in headers how many calls are left,
// and refuses the call where none is.
func (x exchange) payCall(units int) bool {
	a := x.meter.Take(x.client(), units, time.Now())
	head := x.w.Header()
	head["Ratelimit-Policy"] = apiPolicy
	head["Ratelimit"] = []string{`"api";r=` + strconv.Itoa(a.Left/callUnits) + ";t=" + seconds(a.Wait)}
	if !a.OK {
		x.tooMany(a.Wait)
	}
	return a.OK
}

// tooMany refuses a request of a client that has used its allowance up. It is the one
// refusal that nothing is rendered for: a client that goes on asking gets it for nothing.
func (x exchange) tooMany(wait time.Duration) {
	head := x.w.Header()
	protect(head)
	head["Cache-Control"] = cacheNone
	head["Vary"] = varyPage
	head["Retry-After"] = []string{seconds(wait)}
	p := problem{status: http.StatusTooManyRequests, reason: label.ReasonTooMany, text: "this client has asked for more than one is answered a minute; wait as long as Retry-After says"}
	if x.route.cost.call {
		p.text = fmt.Sprintf("at most %d calls a minute are answered; wait, or look up many products in one call", apiPerMinute)
	}
	if x.errorsAreJSON() {
		x.write(p.status, jsonType, p.json())
		return
	}
	lang := x.language()
	head["Content-Language"] = lang.tag
	text := lang.Text(adviceRetry.title) + "\n"
	for _, step := range adviceRetry.steps {
		text += "\n" + lang.Text(step) + "\n"
	}
	x.write(p.status, textType, []byte(text))
}

// seconds writes a time to wait, in whole seconds.
func seconds(d time.Duration) string { return strconv.Itoa(int(math.Ceil(d.Seconds()))) }
