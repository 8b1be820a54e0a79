package web

import (
	"net/http"
	"slices"
	"strings"

	"labeld/internal/verify"
)

// A route is one kind of address, with all that is particular to it. [newRoutes] has
// the table of them, and nothing else here knows an address by heart: what a request
// may ask, what it costs, how long an answer may be kept, and the table of addresses in
// README.md all come from there.
type route struct {
	name string // in logs and metrics. There are as many as the table has rows

	// path is the address. What stands at a {placeholder} is the rest of the path
	// without what follows the placeholder; the ID of a label ends before a dot or a
	// slash. Where one row has two placeholders and another row has the first of them
	// only, a slash tells which is meant.
	path  string
	also  string                   // another spelling of a path without placeholders
	query string                   // parameters, for people who read the table
	when  func(*http.Request) bool // which requests for the path are meant; nil for all
	doc   string                   // one line that says what is there; empty where nothing is

	methods *methods
	cors    bool     // whether pages of any origin may have a browser send requests that need leave
	reader  reader   // who reads answers, and errors
	cache   []string // how long an answer may be kept, unless the body says otherwise
	cost    cost

	// settled says that the answer does not follow from what has happened to labels: it
	// never changes, or tells its own age to whoever checks it. Where the service may
	// lack what happened (see [authority.Authority.Behind]) only such addresses are
	// answered: a program that reads "active" acts by it, and a person who reads "valid"
	// looks no further. At all others people get 503 with a page that says since when
	// something may be missing, and programs get it as JSON. A new row is closed until
	// somebody has thought of it.
	settled bool

	described bool // in api/openapi.json
	serve     func(exchange)
}

// A cost is what a route takes from a client's allowance, in units of package meter.
type cost struct {
	units    int
	when     func(*http.Request) bool // which requests are paid for; nil for all
	call     bool                     // it is a call of the API: headers say how many are left
	deferred bool                     // the handler takes the units when it knows that there is work to do
}

// newRoutes returns the table of all addresses.
func newRoutes(h *Handler) []route {
	call := cost{units: callUnits, call: true}
	return []route{
		// For shoppers.
		{name: "home", path: "/", doc: "what this is, and a form to look a label up",
			methods: toRead, cors: true, reader: forPeople, cache: cacheMinute, settled: true, serve: h.search.home},
		{name: "search", path: "/", query: "q=", when: asksForSearch, doc: "labels by words and filters: category, level, state, scheme, checked, maker, sort, page",
			methods: toRead, cors: true, reader: forPeople, cache: cacheLabel, cost: cost{units: searchUnits}, serve: h.search.all},
		{name: "find", path: "/find", query: "q=", doc: "leads to the label or product that was typed, or to a search",
			methods: toRead, cors: true, reader: forPeople, cache: cacheNone, cost: cost{units: searchUnits}, serve: h.search.find},
		{name: "compare", path: "/compare", query: "id=&id=", doc: "up to four labels side by side",
			methods: toRead, cors: true, reader: forPeople, cache: cacheLabel, cost: cost{units: searchUnits}, serve: h.search.compare},
		{name: "manufacturer", path: "/m/{organization}", doc: "the labels of a manufacturer, searched like all labels",
			methods: toRead, cors: true, reader: forPeople, cache: cacheLabel, cost: cost{units: searchUnits}, serve: h.search.manufacturer},
		{name: "product", path: "/m/{organization}/{model}", doc: "the labels of a product",
			methods: toRead, cors: true, reader: forPeople, cache: cacheLabel, cost: cost{units: searchUnits}, serve: h.search.product},
		{name: "label", path: "/l/{id}", query: "at=&gtin=", doc: "the label: a page for people, JSON where `Accept` prefers it; as it stood at an instant, and compared with a barcode number",
			methods: toRead, cors: true, reader: forPeople, cache: cacheLabel, cost: cost{units: datedUnits, when: asksForInstantOrGTIN}, serve: h.labels.page},
		{name: "report", path: "/report", query: "label=", doc: "a form to report a copied code, a wrong product or a security flaw, posted to the same address; `labelctl report list` reads the reports",
			methods: toReport, cors: false, reader: forPeople, cache: cacheNone, cost: cost{units: formUnits, when: asksForForm}, serve: h.reports.answer},

		// For programs of shops.
		{name: "label-json", path: "/l/{id}.json", query: "at=&gtin=", doc: "the label as JSON",
			methods: toRead, cors: true, reader: forParsers, cache: cacheLabel, cost: cost{units: datedUnits, when: asksForInstantOrGTIN}, described: true, serve: h.labels.serve(jsonForm)},
		{name: "badge", path: "/l/{id}/badge.svg", doc: "a badge for a shop's page",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, described: true, serve: h.labels.serve(badgeForm)},
		{name: "badge-html", path: "/l/{id}/badge.html", doc: "HTML to paste, with the badge",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, described: true, serve: h.labels.serve(snippetForm)},
		{name: "digital-link", path: "/01/{gtin}", query: "linkType=", doc: "GS1 Digital Link: leads to the label of the product with that barcode number, or to the link that is named; `linkType=linkset` lists all",
			methods: toRead, cors: true, reader: forPeople, cache: cacheLabel, serve: h.resolver.resolve},
		{name: "digital-link-resolver", path: "/.well-known/gs1resolver", doc: "what the GS1 resolver can do",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, settled: true, serve: h.resolver.describe},
		{name: "api", path: "/api", also: "/api/", doc: "the API for shops, described for people",
			methods: toRead, cors: true, reader: forPeople, cache: cacheMinute, cost: call, settled: true, serve: h.api.page},
		{name: "api-description", path: "/api/openapi.json", doc: "the same for programs (OpenAPI 3.1)",
			methods: toRead, cors: true, reader: forParsers, cache: cacheMinute, cost: call, settled: true, serve: h.api.description},
		{name: "api-product", path: "/api/products/{gtin}", query: "at=", doc: "the label of the product with a barcode number",
			methods: toRead, cors: true, reader: forParsers, cache: cacheLabel, cost: call, described: true, serve: h.api.product},
		{name: "api-lookup", path: "/api/products/lookup", query: "at=", doc: "the labels of up to 1,000 products (POST)",
			methods: toLookUp, cors: true, reader: forParsers, cache: cacheNone, cost: call, described: true, serve: h.api.lookup},
		{name: "api-models", path: "/api/products", query: "manufacturer=&model=", doc: "the labels of the products with a model number",
			methods: toRead, cors: true, reader: forParsers, cache: cacheLabel, cost: call, described: true, serve: h.api.models},
		{name: "api-changes", path: "/api/changes", query: "after=&limit=", doc: "what happened to labels after a cursor",
			methods: toRead, cors: true, reader: forParsers, cache: cacheSecond, cost: call, described: true, serve: h.api.changes},
		{name: "api-none", path: "/api/{nothing}",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheNone, cost: call, serve: exchange.noPage},

		// Feeds.
		{name: "changes-feed", path: "/api/changes.atom", doc: "the latest changes of labels (Atom)",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, cost: call, described: true, serve: h.feeds.changes},
		{name: "manufacturer-feed", path: "/feeds/{organization}.atom", doc: "what happened to the labels of a manufacturer (Atom)",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, cost: cost{units: callUnits}, serve: h.feeds.manufacturer},

		// Pictures and artwork.
		{name: "qr", path: "/l/{id}/qr.svg", query: "gtin=", doc: "the QR code; with `gtin` as a GS1 Digital Link, which a till reads too",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheHour, settled: true, serve: h.images.qrSVG},
		{name: "qr-png", path: "/l/{id}/qr.png", query: "gtin=", doc: "the QR code; with `gtin` as a GS1 Digital Link, which a till reads too",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheHour, settled: true, serve: h.images.qrPNG},
		{name: "picture", path: "/l/{id}" + picturePath, doc: "the picture of the product, where its manufacturer sent one",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheHour, settled: true, described: true, serve: h.images.picture},
		{name: "artwork", path: "/l/{id}/art/{format}", query: "palette=&lang=", doc: "the label to print: `FORMAT.svg`, `.pdf` or `.png`",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, cost: cost{units: drawingUnits, deferred: true}, serve: h.images.drawing},
		{name: "artwork-pack", path: "/l/{id}/art.zip", query: "format=&palette=&lang=", doc: "the label to print, in all forms",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, cost: cost{units: packUnits, deferred: true}, serve: h.images.pack},

		// For auditors: what proves a label, the log, and what is signed beside it.
		{name: "bundle", path: "/l/{id}/bundle", doc: "Sigstore bundle with the signed label",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, settled: true, serve: h.labels.serve(bundleForm)},
		{name: "device", path: "/l/{id}/device", doc: "the device descriptor, which the label is about, byte for byte",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, settled: true, serve: h.labels.serve(deviceForm)},
		{name: "proof", path: "/l/{id}/proof", doc: "C2SP tlog-proof that the label is in the log",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, settled: true, serve: h.labels.serve(proofForm)},
		{name: "package", path: "/l/{id}/package", doc: "all three in one file, with what happened to the label and the proof that it is all, for offline verification",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, settled: true, serve: h.labels.serve(packageForm)},
		{name: "label-key", path: "/keys/label.pub", doc: "the key that signs labels now (PEM)",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, settled: true, serve: h.audit.labelKey},
		{name: "log-key", path: "/keys/log.vkey", doc: "the verifier key of the log",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, settled: true, serve: h.audit.logKey},
		{name: "trust", path: "/.well-known/labeld.json", doc: "trust file: all that a verifier has to know",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, settled: true, serve: h.audit.trust},
		{name: "checkpoint", path: "/log/checkpoint", doc: "signed head of the transparency log",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheSecond, settled: true, serve: h.audit.checkpoint},
		{name: "tile", path: "/log/tile/{tile}", doc: "tiles and entries of the log, for any tlog-tiles client",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheForever, cost: cost{units: tileUnits}, settled: true, serve: h.audit.tile},
		{name: "log-none", path: "/log/{nothing}",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheNone, settled: true, serve: exchange.noPage},
		{name: "status-list", path: verify.ListPath, doc: "one small signed file with the status of all labels, for offline checks",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheLabel, settled: true, serve: h.audit.statusList}, // it answers for itself where nothing is signed
		{name: "advisory", path: "/advisory/{sha256}.json", doc: "a published security advisory, byte for byte (CSAF or OpenVEX)",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheForever, cost: cost{units: readUnits}, settled: true, serve: h.audit.advisory},
		{name: "surveillance-plans", path: "/surveillance/plans.json", query: "page=", doc: "the plans for testing labels again",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, cost: cost{units: readUnits}, serve: h.audit.plans},
		{name: "surveillance-plan", path: "/surveillance/{plan}.json", doc: "one plan, and what was drawn by it",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, cost: cost{units: readUnits}, serve: h.audit.plan},

		// For browsers, search engines and operators.
		{name: "icon", path: "/icon.svg", also: "/favicon.ico", doc: "the icon of this site", // browsers ask for the second where no page names the first
			methods: toRead, cors: true, reader: forPrograms, cache: cacheHour, settled: true, serve: func(x exchange) { x.send(icon) }},
		{name: "opensearch", path: "/opensearch.xml", doc: "lets a browser search here from its own field",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, settled: true, serve: h.search.openSearch},
		{name: "sitemaps", path: "/sitemap.xml", doc: "the list of sitemaps",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, cost: cost{units: sitemapUnits}, serve: h.search.sitemaps},
		{name: "sitemap", path: "/sitemap/{number}.xml", doc: "the addresses of labels, fifty thousand in each",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheMinute, cost: cost{units: sitemapUnits}, serve: h.search.sitemap},
		{name: "health", path: "/healthz", doc: "200 while labels can be read",
			methods: toRead, cors: true, reader: forPrograms, cache: cacheNone, settled: true, serve: h.audit.health},
	}
}

// noRoute is the route of an address that has no row. A guess is paid for as a refusal.
var noRoute = &route{name: "none", methods: toRead, cors: true, reader: forPeople, cache: cacheNone, serve: exchange.noPage}

// labelPrefix begins the addresses of labels. It is found in upper case too, because a
// QR code holds its address so.
const labelPrefix = "/l/{id}"

// routes finds the row of the table for a request.
type routes struct {
	exact       map[string][]*route
	prefixes    []routePrefix
	label       *route
	belowLabel  map[string]*route // by what follows the ID
	labelFolder []routePrefix     // likewise
}

// A routePrefix is a route whose path has a placeholder.
type routePrefix struct {
	*route
	prefix, suffix string // before and after it
	second         bool   // whether another one follows, after a slash
	none           *route // for what does not end with the suffix: nothing, read by the same readers
}

// indexRoutes prepares a table for finding routes in it.
func indexRoutes(table []route) *routes {
	t := &routes{exact: map[string][]*route{}, belowLabel: map[string]*route{}}
	for i := range table {
		e := &table[i]
		below, ofLabel := strings.CutPrefix(e.path, labelPrefix)
		prefix, rest, open := strings.Cut(e.path, "{")
		switch {
		case ofLabel && below == "":
			t.label = e
		case ofLabel && strings.Contains(below, "{"):
			prefix, _, _ := strings.Cut(below, "{")
			t.labelFolder = append(t.labelFolder, routePrefix{route: e, prefix: prefix})
		case ofLabel:
			t.belowLabel[below] = e
		case open:
			_, suffix, _ := strings.Cut(rest, "}")
			none := *e
			none.serve = exchange.noPage
			p := routePrefix{route: e, prefix: prefix, suffix: suffix, none: &none}
			if strings.HasPrefix(suffix, "/{") {
				p.suffix, p.second = "", true
			}
			t.prefixes = append(t.prefixes, p)
		default:
			for _, path := range []string{e.path, e.also} {
				switch {
				case path == "":
				case e.when != nil: // it goes before the row for all requests
					t.exact[path] = slices.Insert(t.exact[path], 0, e)
				default:
					t.exact[path] = append(t.exact[path], e)
				}
			}
		}
	}
	// A path that says more goes before one that says less.
	slices.SortStableFunc(t.prefixes, func(a, b routePrefix) int { return len(b.path) - len(a.path) })
	return t
}

// find returns the route of a request, and what stands at its placeholders.
func (t *routes) find(r *http.Request) (found *route, first, second string) {
	path := r.URL.Path
	if len(path) >= 3 && path[0] == '/' && path[1]|0x20 == 'l' && path[2] == '/' {
		return t.findLabel(path[3:])
	}
	for _, e := range t.exact[path] {
		if e.when == nil || e.when(r) {
			return e, "", ""
		}
	}
	for i := range t.prefixes {
		p := &t.prefixes[i]
		rest, ok := strings.CutPrefix(path, p.prefix)
		if !ok {
			continue
		}
		if p.second {
			if first, second, ok = strings.Cut(rest, "/"); !ok {
				continue
			}
			return p.route, first, second
		}
		if rest, ok = strings.CutSuffix(rest, p.suffix); !ok {
			return p.none, "", ""
		}
		return p.route, rest, ""
	}
	return noRoute, "", ""
}

// findLabel returns the route of an address after /l/.
func (t *routes) findLabel(rest string) (found *route, id, file string) {
	end := strings.IndexAny(rest, "./")
	if end < 0 {
		return t.label, rest, ""
	}
	id, below := rest[:end], rest[end:]
	if below == "/" {
		return t.label, id, ""
	}
	if e := t.belowLabel[below]; e != nil {
		return e, id, ""
	}
	for i := range t.labelFolder {
		if file, ok := strings.CutPrefix(below, t.labelFolder[i].prefix); ok {
			return t.labelFolder[i].route, id, file
		}
	}
	return noRoute, id, ""
}

// Which requests for an address a row is about, and which are paid for.

// asksForSearch reports whether a request for the first page asks for a search.
func asksForSearch(r *http.Request) bool { return r.URL.RawQuery != "" && wantsSearch(r.URL.Query()) }

// asksForInstantOrGTIN reports whether a label is asked for as of an instant, or
// compared with a barcode number: such an answer is made for this request only.
func asksForInstantOrGTIN(r *http.Request) bool {
	query := r.URL.RawQuery
	return query != "" && (len(parameters(query, "at")) > 0 || len(parameters(query, "gtin")) > 0)
}

// asksForForm reports whether a form is read. One that is posted has an allowance of
// its own.
func asksForForm(r *http.Request) bool { return r.Method != http.MethodPost }

// methods are those that an address takes.
type methods struct {
	list  []string
	allow []string // the header value that names them
}

// The methods of addresses that are read, of the one where look-ups are posted, and of
// the one where people post a form.
var (
	toRead   = newMethods(http.MethodGet, http.MethodHead, http.MethodOptions)
	toLookUp = newMethods(http.MethodPost, http.MethodOptions)
	toReport = newMethods(http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions)
)

func newMethods(list ...string) *methods {
	return &methods{list: list, allow: []string{strings.Join(list, ", ")}}
}

func (m *methods) take(method string) bool {
	for _, name := range m.list {
		if name == method {
			return true
		}
	}
	return false
}

// requestHeaders are the headers that a page of another origin may send besides those
// that need no leave. JSON cannot be posted without Content-Type.
var (
	requestHeaders = []string{"Accept, Accept-Language, Content-Type, If-None-Match"}
	oneDay         = []string{"86400"}
)

// options answers what an address takes, and what of it a page of another origin
// may use (Fetch, CORS-preflight request).
func (x exchange) options() {
	head := x.w.Header()
	protect(head)
	allow := x.route.methods.allow
	head["Allow"] = allow
	if x.route.cors {
		head["Access-Control-Allow-Methods"] = allow
		head["Access-Control-Allow-Headers"] = requestHeaders
		head["Access-Control-Max-Age"] = oneDay
	} else {
		delete(head, "Access-Control-Allow-Origin")
		delete(head, "Access-Control-Expose-Headers")
	}
	x.w.WriteHeader(http.StatusNoContent)
}

// refuseMethod refuses a method that the address does not take.
func (x exchange) refuseMethod() {
	m := x.route.methods
	text := "only " + m.allow[0] + " are answered here; everything that changes something is a gRPC call"
	switch m {
	case toLookUp:
		text = `look-ups of many products are posted: {"gtins": [...]}`
	case toReport:
		text = "only " + m.allow[0] + " are answered here: the form is read with GET and sent with POST"
	}
	x.refuse(problem{status: http.StatusMethodNotAllowed, reason: reasonMethod, text: text, allow: m.allow})
}
