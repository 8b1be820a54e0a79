// Package web is everything that is read over HTTP: the page a shopper sees
// after scanning a code, the same label for programs, what proves it, and the
// transparency log. It only reads, and everything it serves is public; nothing
// here signs, decides or changes anything. The one thing it takes in is what
// people report (/report), which goes to the operators.
//
// # Addresses
//
// All are read with GET or HEAD, except /api/products/lookup, which takes POST only, and
// /report, which takes POST too. OPTIONS is answered with the methods that the address
// takes, and any other method with 405 and the same list (Allow).
//
// Pages of any origin may read everything and look products up (CORS, without
// credentials, since there are none). They may not have people's browsers post the form
// at /report: it is refused with 403 unless the browser says that the page was ours, or
// the client is no browser and says nothing (Sec-Fetch-Site, or else Origin).
//
// The table of addresses is in routes.go. Each row says which methods an address takes,
// who reads it, what it costs and for how long an answer may be kept; README.md shows the
// table to people. A label has its page at /l/{id}, its JSON at /l/{id}.json, and what
// proves it beside them.
//
// A character that is percent-encoded without need is read as if it were not: /01/%309...
// is /01/09... (RFC 3986, 6.2.2.2). Only addresses of the log have one spelling each.
//
// An ID may be written as [label.ParseID] takes it, and /l/ in either case,
// because the QR code holds its URL in upper case. Every spelling is answered
// directly (a redirect would cost a shopper on a weak network a second trip)
// and names the one canonical address in a Link header.
//
// # Languages
//
// Pages are written in the languages of labels/locales (package locale): the one that
// ?lang= names, or else the one that suits Accept-Language best, or else
// English. Links of a page keep a language that was chosen by the address; there
// is no cookie to keep it in. What manufacturers and operators wrote stays as
// they wrote it, and so does what programs read: JSON, feeds, and the page about
// the API are in English.
//
// # As of an instant
//
// The page and the JSON of a label can be asked for as of an instant that is
// past:
//
//	/l/{id}?at=2026-05-31              the end of that day, in UTC
//	/l/{id}.json?at=2026-05-31T12:00:00Z
//
// They show the label as it stood by what was known then: its state, the advisories, and
// what had happened to it. Today is answered with the present. A day in the future, or a
// text that is no day, is refused with 400 and the field "at". Before the label was
// issued its state is not-issued. An answer about the past says so, in colours that no
// present label has, because its address too can be printed on a product. A Link header
// names the address of the present (rel="latest-version"). What else is below /l/{id} is
// the same at all times.
//
// # JSON
//
// The members of a label always come in this order. A member that does not apply is
// absent (firmware, modules and labs of a label that no lab tested, optional texts, statuses of a
// label to which nothing happened). The time of rendering is not in it, so that the same
// state gives the same bytes.
//
//	{
//	  "id": "K7QM4T2X9PWH",
//	  "prettyId": "K7QM-4T2X-9PWH",
//	  "url": "https://labels.example.org/l/K7QM4T2X9PWH",
//	  "at": "2026-05-31T23:59:59Z", the instant that was asked about; absent for the present
//	  "held": {"gtin": "...", "same": true},   whether the number in ?gtin= is of the product, or was until it was moved (moved); absent where none was given
//	  "state": "active",            active, suspended, expired, revoked, withdrawn, superseded, not-issued
//	  "because": {...},             the status that brought the state about; absent where time or nothing did
//	  "expiringSoon": false,        active, and will end within 60 days, by all that is known
//	  "underReview": false,         the authority is investigating; the label is valid meanwhile
//	  "review": {...},              the status that began the review
//	  "scheduled": {...},           a status that was announced, and will end the label when it takes effect and nothing about it is open
//	  "successor": {"id", "sha256", "url", "level", "otherProduct", "lowerLevel", "state"},  the label that took the place of
//	                                this one, or is announced to: whether it is about another product, or of a
//	                                lower level, and how it stands itself at that instant
//	  "support": "supported",       supported or ended: security updates
//	  "advisories": [{...}],        the latest status about each advisory
//	  "scheme": {"id": "four-level", "version": "2026.1", "name": "...", "sha256": "..."},
//	  "level": {"number": 3, "of": 4, "name": "Secure by design", "presentation": "ladder"},   or pass-only, named-classes
//	  "title": "Level 3 of 4: Secure by design",   what the label is called, by the words of its scheme
//	  "assurance": "lab-tested",    lab-tested or self-declared
//	  "device": {"type": "https://labeld.dev/device/v1", "brand": "...", ...},   its gtins are those that it still has
//	  "movedGtins": ["..."],        numbers of the descriptor that are another manufacturer's now: the label says nothing of what bears them
//	  "taken": [{"gtin", "moved", "id", "url", "product", "state"}], labels of other products that had a number of this one before it was moved here
//	  "manufacturer": {"id": "northlight", "name": "..."},
//	  "firmware": {"version": "3.8.2", "sha256": "..."},
//	  "modules": [{"name": "radio module", "version": "2.1", "sha256": "..."}],
//	  "labs": [{"id": "aurora-lab", "name": "...", "accreditation": "...", "body": "..."}],
//	  "issued": "2026-11-01T12:00:00Z",
//	  "expires": "2028-10-17T00:00:00Z",    not valid from this instant on, if nothing ends it before; never later than the signed label says
//	  "expiresFor": "evidence-expiry",      or scheme-term, support-end, grace-end: the authority ends it early
//	  "ends": "2027-03-01T00:00:00Z",       when it was or will be revoked, withdrawn or superseded, as far as that is known; or as expires
//	  "supportEnd": "2032-06-30",           last day of security updates
//	  "product": {"page": "https://...", "updates": "automatic", ...},
//	  "facts": [{"fact": "telemetry_collected", "value": true, "by": "declaration", "text": "..."}, ...], or by lab
//	  "criteria": [{"id": "no-shared-passwords", "state": "met", "by": "lab"},
//	               {"id": "developer-port-shut", "state": "not-applicable", "by": "lab",
//	                "why": ["debug_interface_accessible=false"]}, ...],   the features that make it so;
//	                                          or taken-back: accepted by a ruling that does not count any more
//	  "rulings": [{"accepted": [...], "text", "language", "decided", "logIndex", "sha256", "takenBack": {"at", "reason", "title", "text"}}], on appeals
//	  "logIndex": 1,
//	  "history": [{...}],           all that happened to the label, by number
//	  "links": {"bundle": "https://...", "device": "...", "proof": "...", "package": "...", "qr": "...",
//	            "picture": "..."}   of the product, where there is one
//	}
//
// A status is
//
//	{
//		"number": 1,                in the label's history
//		"action": "suspend",        or reinstate, revoke, withdraw, supersede, lapse, review, clear, advise
//		"reason": "complaint",      code from labels/reasons.yaml
//		"title": "The authority is looking into a complaint about the product.",
//		"text": "...",              what happened in the case at hand
//		"language": "de",           of the text, a tag of BCP 47; absent where it is English
//		"author": "northlight",     organization whose words the text is, and which published an advisory;
//		                            absent where the service words it, by the rules of the scheme
//		"recorded": "2026-11-03T09:00:00Z",
//		"effective": "2026-11-03T09:00:00Z",  later than recorded where it was announced
//		"logIndex": 17,
//		"successor": {"id": "...", "sha256": "...", "url": "...", "level": 2, "otherProduct": true},  of a superseded label
//		"advisory": {"id": "...", "state": "affected", "fixedIn": "2.4.1", "advice": "update-to", ...}  as [label.AdvisoryRef]
//	}
//
// State, support and advisories are axes of their own: a label may be active
// while its product needs an update.
//
// The JSON is for programs that trust the connection. Others check the package (package
// verify) or the bundle (cosign).
//
// # Errors
//
// People get a page that says what to do next. Programs get
//
//	{"error":{"reason":"ID_CHECK_CHARACTER","field":"id","message":"..."}}
//
// with a [label.Reason]. /api/openapi.json describes the answers to programs, so that a
// client can be generated from it; every answer in JSON that a test of this package gets
// is held to it. A client is taken for a program where it asks for .json, where it prefers
// application/json, and at addresses that no browser shows (the log, bundles) unless it
// asks for text/html by name. The detail of an internal error is in the log only. No
// error may be cached.
//
// A service that was set back to an older copy of its database answers 503 with the
// reason READ_ONLY to all who ask how a label stands; routes.go says at which addresses.
//
// # Cursors
//
// What happened to labels is read after a cursor (/api/changes?after=), which the
// answer before gave as next, or a change of it. It holds the size of the log so far
// and the beginning of its root hash at that size:
//
//	17-9f2c4e61d0b83a75
//
// A cursor beyond the head, or one of a log that had other entries up to there, gets 410
// with the reason CURSOR_GONE and the address where to begin again, as the member begin
// and in a Link header (rel="first"). It never gets an empty answer, because a reader
// would wait for ever, for instance after a service was restored from a backup. What the
// reader had read beyond the restored state did not happen, so it takes nothing over. A
// bare number, the form of earlier cursors, does not tell its log and is gone too.
//
// # Speed and caching
//
// A representation of a label (bytes, ETag and header values) is rendered once per change
// and kept with the label ([authority.Published.Render]); a page is rendered once per
// language and kept in a cache of its own. Answering is then a look-up, a few assignments
// to the header map and one write. Representations may be cached for ten seconds, and
// never beyond the instant at which the state of the label changes; then a cache must ask
// again. An answer about the past is rendered for each request. It may be cached for an
// hour if the instant is more than a minute ago: until then a change that was decided
// before the instant may be on its way. Caches have to tell addresses apart by their
// query. Full tiles never change and may be cached for ever.
//
// Pages, JSON, drawings and the entry bundles of the log are compressed with gzip where
// Accept-Encoding allows it. The most specific member of the header counts, so that
// "*, gzip;q=0" gets the plain form (RFC 9110, 12.5.3). A client that refuses the plain
// form (identity;q=0) gets everything in the form of gzip, and 406 if it refuses gzip
// too.
//
// # The form of pages
//
// Every page in every state is without errors and warnings to the Nu HTML checker, no
// level of its headings is skipped, and axe-core finds nothing that WCAG 2.2 AA
// forbids. Tests ask them of all the pages in visits_test.go.
//
// # What strangers may cost
//
// Each client has one allowance for pages, the API and gRPC, from which requests are paid
// (package meter; routes.go has the prices). Labels that exist cost nothing and are always
// answered; asking for what does not exist costs something. A client that has used up its
// allowance gets 429 with Retry-After, and nothing is rendered for it.
//
// Artwork is drawn once, however its address is spelled, and a few pieces at a time.
// Clients take turns. The numbers of requests that wait are bounded, of each client and of
// all, and a request beyond that gets 503 with Retry-After at once. Work for which no
// client waits any more ends with the drawing that is under way.
//
// A client can send five reports, and then one more every five minutes.
//
// # Safety in the browser
//
// The pages have no script, no cookie and nothing from another host, and a
// Content-Security-Policy that allows none of these; the one style sheet stands
// in the page and is named in the policy by its hash. Over TLS, and only there, a
// browser is told to come back by nothing else for a year
// (Strict-Transport-Security; [Config].TransportAge); behind a proxy that ends TLS
// this is for the proxy to say. Texts of manufacturers are
// escaped by html/template and package locale, and isolated so that a right-to-left name cannot
// reorder what stands beside it.
package web
