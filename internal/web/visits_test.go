package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/search"
)

// languages are those in which every page can be asked for. The first is what a
// page is written in when nothing is asked for.
var languages = []string{"en", "ar", "de", "es", "fi", "fr", "ja", "ko", "zh-Hans"}

// rightToLeft are the languages that are written so.
var rightToLeft = map[string]bool{"ar": true}

// A visit is a page in a state, as somebody may come upon it. What TestBrowser
// and TestPageSize ask of a page, they ask of every visit: to have another one
// looked at, add a line to visits.
type visit struct {
	name string

	// open makes the world such that the page can be seen, and returns who
	// serves it and where.
	open func(w *world) (http.Handler, string)

	form   url.Values // what is filled into the form there, and sent; what is seen then is the page
	status int        // of the answer; 200 if it is zero
	source bool       // it is in the first language, whatever is asked for
	label  bool       // it is a label's page, which is read in the dark and on paper too
	care   care       // how closely it is looked at by a plain "go test"
}

// care is how closely a page is looked at where time is short. With -browser.all
// every page is looked at in every way and language.
type care int

const (
	usual         care = iota // in the first language
	everyLanguage             // in the others too, if briefly
	seldom                    // not at all: it is much like another page
)

// in returns the address of a page in a language.
func in(lang, path string) string {
	switch {
	case lang == languages[0]:
		return path
	case strings.Contains(path, "?"):
		return path + "&lang=" + lang
	}
	return path + "?lang=" + lang
}

// visits returns every page in every state.
func visits() (list []visit) {
	for _, s := range scenes {
		care := usual
		switch s.name {
		case "active":
			care = everyLanguage
		case "two ends announced", "ended early", "reinstated", "supersession announced", "expired while suspended and under review", "end brought forward", "expiring soon":
			care = seldom
		}
		list = append(list, visit{name: "label, " + s.name, label: true, care: care, open: func(w *world) (http.Handler, string) {
			p := w.camera()
			s.play(w, p)
			return w.h, "/l/" + string(p.Label.ID)
		}})
	}
	return append(list, []visit{
		// Labels in states that take more than a status, and old ones.
		{name: "label, stated by the manufacturer", label: true, open: on("/l/{plug}")},
		{name: "label, support ended while valid", label: true, open: supportEnded},
		{name: "label, open advisory", label: true, open: advised(label.AdvisoryRef{ID: "NL-SA-1", State: "affected", Severity: "critical"})},
		{name: "label, advisories of all kinds", label: true, open: advised(
			label.AdvisoryRef{ID: "NL-SA-1", State: "affected", Severity: "critical"},
			label.AdvisoryRef{ID: "NL-SA-2", State: "affected", Severity: "high", FixedIn: "2.4.1", Advice: label.AdviceUpdateTo, URL: "https://northlight.example.com/two"},
			label.AdvisoryRef{ID: "NL-SA-3", State: "under-investigation", Advice: label.AdviceAwait},
			label.AdvisoryRef{ID: "NL-SA-4", State: "fixed"},
			label.AdvisoryRef{ID: "NL-SA-5", State: "not-affected"},
		)},
		{name: "label, as of a past day", label: true, open: past("2026-11-03")},
		{name: "label, as of a day when it was suspended", care: seldom, label: true, open: past("2026-11-05")},
		{name: "label, as of a day before it was issued", care: seldom, label: true, open: past("2026-11-01")},
		{name: "label, compared with a number that was moved", care: seldom, label: true, open: func(w *world) (http.Handler, string) {
			p := w.camera()
			w.moveNumber()
			return w.h, "/l/" + string(p.Label.ID) + "?gtin=" + camera
		}},
		{name: "label, its number was that of a suspended label", care: seldom, label: true, open: func(w *world) (http.Handler, string) {
			p := w.camera()
			next := w.moveNumber()
			w.change(labeltest.Operator, p, label.Suspend, "nonconformity", nil)
			return w.h, "/l/" + string(next.Label.ID)
		}},
		{name: "label, long history", label: true, open: longHistory},
		{name: "label, as printed on a product", care: seldom, label: true, open: on("/L/{camera}")},

		// Labels that are not there.
		{name: "unknown ID", status: 404, open: on("/l/{unknown}")},
		{name: "malformed ID", status: 400, open: on("/l/K7QM")},
		{name: "wrong check character", care: seldom, status: 400, open: on("/l/{mistyped}")},
		{name: "day to come", status: 400, open: on("/l/{camera}?at=2036-01-01")},
		{name: "no day", care: seldom, status: 400, open: on("/l/{camera}?at=yesterday")},
		{name: "unlabelled product", status: 404, open: on("/01/{toy}")},
		{name: "unknown product", care: seldom, status: 404, open: on("/01/4006381333931")},
		{name: "barcode with a wrong digit", care: seldom, status: 400, open: on("/01/4006381333932")},
		{name: "label of another site", care: seldom, status: 400, open: on("/find?q=https%3A%2F%2Flabels.example.net%2Fl%2F{camera}")},
		{name: "nothing typed", status: 400, open: on("/find?q=")},
		{name: "too much typed", care: seldom, status: 413, open: on("/find?q=" + strings.Repeat("A", 3000))},
		{name: "artwork of a label that is suspended", status: 409, open: func(w *world) (http.Handler, string) {
			p := w.camera()
			w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
			return w.h, "/l/" + string(p.Label.ID) + "/art.zip"
		}},
		{name: "unknown page", status: 404, open: on("/nothing")},
		{name: "fault of the service", status: 500, open: func(w *world) (http.Handler, string) {
			return w.handler(failingAuthority{w.Authority, errors.New("the disk is on fire")}), "/l/" + string(w.camera().Label.ID)
		}},
		{name: "service out of reach", status: 503, open: func(w *world) (http.Handler, string) {
			return w.handler(failingAuthority{w.Authority, label.Errorf(label.Unavailable, label.ReasonShuttingDown, "", "the service is restarting; try again")}), "/l/" + string(w.camera().Label.ID)
		}},

		// Ways to a label.
		{name: "home", open: on("/")},
		{name: "search", care: everyLanguage, open: on("/?q=northlight")},
		{name: "search, nothing found", open: on("/?q=northlihgt")},
		{name: "search, narrowed", care: seldom, open: on("/?q=northlight&level=3&category=ip-camera&state=active&sort=newest")},
		{name: "search, narrowed to nothing", care: seldom, open: on("/?state=suspended&checked=lab-tested")},
		{name: "search, second of three pages", care: seldom, open: many("/?q=northlight&page=2")},
		{name: "search, not read yet", open: func(w *world) (http.Handler, string) {
			w.camera()
			return w.h, "/?q=camera"
		}},
		{name: "search, refused", status: 400, open: on("/?level=high")},
		{name: "manufacturer", open: on("/m/" + labeltest.Maker)},
		{name: "manufacturer, narrowed", care: seldom, open: on("/m/" + labeltest.Maker + "?level=1")},
		{name: "manufacturer without labels", care: seldom, open: on("/m/" + labeltest.ToyMaker)},
		{name: "unknown manufacturer", care: seldom, status: 404, open: on("/m/nobody")},
		{name: "labels of a product, one cannot be shown", open: func(w *world) (http.Handler, string) {
			p := w.camera()
			return w.handler(unavailableLabel{w.Authority, unknownID(w.TB)}), "/m/" + labeltest.Maker + "/" + p.Label.Device.Model
		}},
		{name: "comparison", care: everyLanguage, open: on("/compare?id={camera}&id={plug}")},
		{name: "comparison of four", care: seldom, open: many("/compare?{four}")},
		{name: "comparison of one", care: seldom, open: on("/compare?id={camera}")},
		{name: "comparison of none", status: 400, open: on("/compare")},
		{name: "API", source: true, open: on("/api")},

		// The report form.
		{name: "report", care: everyLanguage, open: on("/report")},
		{name: "report about a label", care: seldom, open: on("/report?label={camera}")},
		{name: "report, refused", status: 404, open: on("/report"), form: url.Values{
			"label": {"K7QM-4T2X-9PWH"}, "kind": {"copied"}, "text": {"It is on a lamp."}, "where": {"Market hall"}, "contact": {"somebody@shop.example"},
		}},
		{name: "report without a text", care: seldom, status: 400, open: on("/report?label={camera}"), form: url.Values{"kind": {"weakness"}, "text": {" "}}},
		{name: "report, sent", open: on("/report?label={camera}"), form: url.Values{"kind": {"copied"}, "text": {"It is on a lamp."}, "contact": {"somebody@shop.example"}}},
		{name: "report about no label, sent", care: seldom, open: on("/report"), form: url.Values{"kind": {"other"}, "text": {"Something else."}}},

		// What hostile people write.
		{name: "hostile label", label: true, open: hostile("/l/{hostile}")},
		{name: "hostile label, past what is let in", care: seldom, label: true, open: overridden},
		{name: "hostile label, suspended", care: seldom, label: true, open: func(w *world) (http.Handler, string) {
			h, path := hostile("/l/{hostile}")(w)
			id := must[label.ID](w.TB)(label.ParseID(strings.TrimPrefix(path, "/l/")))
			p := must[*authority.Published](w.TB)(w.Authority.Lookup(id))
			w.change(labeltest.Operator, p, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Text = markup + " " + strings.Repeat("w", 1500) })
			return h, path
		}},
		{name: "hostile label in a search", care: seldom, open: hostile("/?sort=name")},
		{name: "hostile label compared", care: seldom, open: hostile("/compare?id={hostile}&id={camera}")},
		{name: "hostile label reported", care: seldom, open: hostile("/report?label={hostile}")},
		{name: "hostile search", open: on("/?q=" + url.QueryEscape(markup+"\u202e"+strings.Repeat("W", 100)))},
		{name: "hostile path", care: seldom, status: 404, open: on("/l/" + url.PathEscape(markup+"\u202e"))},
		{name: "hostile ID", care: seldom, status: 400, open: on("/l/" + url.PathEscape(strings.NewReplacer("/", "", ".", "").Replace(markup)+"\u202e"+strings.Repeat("W", 100)))},
		{name: "hostile report", status: 400, open: on("/report"), form: url.Values{
			"label": {markup}, "kind": {"copied"}, "text": {"</textarea>" + markup + "\u202e"}, "where": {strings.Repeat("W", 150)}, "contact": {markup},
		}},
	}...)
}

// on returns an opener of a path in a world with the labels of the camera and
// the plug, and with a toy that has none.
func on(path string) func(*world) (http.Handler, string) {
	return func(w *world) (http.Handler, string) {
		w.TB.Helper()
		camera, plug := w.camera().Label.ID, w.plug().Label.ID
		toy := w.Example("toy").Device
		if err := w.register(toy); err != nil {
			w.TB.Fatal(err)
		}
		w.catchUp()
		return w.h, strings.NewReplacer(
			"{camera}", string(camera), "{plug}", string(plug), "{toy}", string(toy.GTINs[0]),
			"{unknown}", string(unknownID(w.TB)), "{mistyped}", mistyped(camera),
		).Replace(path)
	}
}

// many returns an opener of a path in a world whose search results fill three
// pages.
func many(path string) func(*world) (http.Handler, string) {
	return func(w *world) (http.Handler, string) {
		w.TB.Helper()
		var four []string
		for n := range 2*search.PageSize + 1 {
			e := w.Example("camera")
			labeltest.Variant(w.TB, e, n+1)
			if id := w.Issue(e, 3).Label.ID; n < 4 {
				four = append(four, "id="+string(id))
			}
		}
		w.catchUp()
		return w.h, strings.NewReplacer("{four}", strings.Join(four, "&")).Replace(path)
	}
}

// An unavailableLabel is an authority that cannot show one label of each product.
type unavailableLabel struct {
	*authority.Authority
	id label.ID
}

func (l unavailableLabel) ByModel(manufacturer, model string) (*authority.LabelPage, error) {
	p, err := l.Authority.ByModel(manufacturer, model)
	if err == nil {
		p.Unavailable = append(p.Unavailable, l.id)
	}
	return p, err
}

// past returns an opener of a label that was suspended two days after it was
// issued, and revoked two days later, as of a day.
func past(day string) func(*world) (http.Handler, string) {
	return func(w *world) (http.Handler, string) {
		w.TB.Helper()
		p := w.camera()
		w.Clock.Set(labeltest.Start.AddDate(0, 0, 2))
		w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
		w.Clock.Set(labeltest.Start.AddDate(0, 0, 4))
		w.change(labeltest.Operator, p, label.Revoke, "nonconformity", nil)
		w.Clock.Set(labeltest.Start.AddDate(0, 0, 10))
		return w.h, "/l/" + string(p.Label.ID) + "?at=" + day
	}
}

func supportEnded(w *world) (http.Handler, string) {
	w.TB.Helper()
	p := w.plug()
	a := w.tell(p)
	a.label.Product.SupportEnd = label.NewDate(2026, time.October, 31)
	return w.handler(a), "/l/" + string(p.Label.ID)
}

func advised(list ...label.AdvisoryRef) func(*world) (http.Handler, string) {
	return func(w *world) (http.Handler, string) {
		w.TB.Helper()
		p := w.camera()
		var statuses []*label.Status
		for i, a := range list {
			a.Title, a.Issues = "Strangers can watch the picture without the password", []string{"CVE-2026-1" + a.ID[len(a.ID)-1:], "GHSA-xxxx"}
			statuses = append(statuses, &label.Status{Action: label.Advise, Reason: "advisory", Recorded: labeltest.Start.AddDate(0, 0, i), Advisory: &a})
		}
		w.Clock.Set(labeltest.Start.AddDate(0, 0, 10))
		return w.handler(w.tell(p, statuses...)), "/l/" + string(p.Label.ID)
	}
}

func longHistory(w *world) (http.Handler, string) {
	w.TB.Helper()
	p := w.camera()
	for range 6 {
		w.change(labeltest.Operator, p, label.Suspend, "complaint", nil)
		w.change(labeltest.Operator, p, label.Reinstate, "unfounded", nil)
	}
	return w.h, "/l/" + string(p.Label.ID)
}

// markup is what must never be taken for a part of a page. Where it does run, it
// says so.
const markup = `<script>alert(1)</script>"'><img src=//evil.example/x onerror=alert(2)>`

// long has no place where a line can be broken.
var long = strings.Repeat("W", label.MaxText-len(markup)-1)

// hostileExample is a product whose maker tries everything that a registration lets
// through.
func hostileExample(w *world) *example.Example {
	e := w.Example("plug")
	d := e.Device
	d.Name, d.Brand, d.Model = markup+" "+long, "שלום </title><b>", strings.Repeat("M", label.MaxText)
	d.HardwareRevision = "</style><style>*{display:none}</style>"
	d.Components = []label.Component{{Kind: "app", Name: strings.Repeat("\u0623", label.MaxText/2)}}
	d.GTINs = nil
	p := &e.Declaration.Product
	p.Password, p.Setup = "</span>"+markup, "\u05e9\u05dc\u05d5\u05dd javascript:alert(1) "+strings.Repeat("x", 1000)
	p.Page = `https://evil.example/"onclick="` + strings.Repeat("y", 150)
	p.Vulnerabilities.Contact = "https://evil.example/<script>" + strings.Repeat("z", 150)
	return e
}

// hostile returns an opener of a path in a world with a hostile label, and the
// camera's.
func hostile(path string) func(*world) (http.Handler, string) {
	return func(w *world) (http.Handler, string) {
		w.TB.Helper()
		camera, evil := w.camera().Label.ID, w.issue(hostileExample(w), 1).Label.ID
		w.catchUp()
		return w.h, strings.NewReplacer("{camera}", string(camera), "{hostile}", string(evil)).Replace(path)
	}
}

// overridden opens a label with texts that no registration lets through: with
// characters that turn the direction of what follows.
func overridden(w *world) (http.Handler, string) {
	w.TB.Helper()
	p := w.plug()
	a := w.tell(p)
	a.label.Device.Name = "Plug \u202e2 guP dilaV"
	a.label.Device.Brand = "\u2067Brand"
	a.label.Device.Model = "\u202emodel\u200b"
	a.label.Maker.Name = "\u202erekam"
	a.label.Product.Setup = "\u202e" + a.label.Product.Setup
	return w.handler(a), "/l/" + string(p.Label.ID)
}

// TestPageSize holds the page of a label, in every state and language, to what
// a phone in a shop has in the first round trips.
func TestPageSize(t *testing.T) {
	var mu sync.Mutex // guards the two, which all visits write
	largest, name := 0, ""
	t.Cleanup(func() { t.Logf("the largest is %q with %d bytes, %d are the limit", name, largest, maxPage) })
	for _, v := range visits() {
		if !v.label || strings.HasPrefix(v.name, "hostile") { // who fills a page with noise has a heavy page
			continue
		}
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			h, path := v.open(newWorld(t))
			for _, lang := range languages {
				r := get(h, in(lang, path), "Accept-Encoding", "gzip")
				if r.Code != http.StatusOK || r.Header().Get("Content-Encoding") != "gzip" {
					t.Fatalf("%s: %d, encoded %q", lang, r.Code, r.Header().Get("Content-Encoding"))
				}
				n := r.Body.Len()
				if n > maxPage {
					t.Errorf("%s: the page takes %d bytes compressed, %d are the limit", lang, n, maxPage)
				}
				mu.Lock()
				if n > largest {
					largest, name = n, v.name+" in "+lang
				}
				mu.Unlock()
			}
		})
	}
}
