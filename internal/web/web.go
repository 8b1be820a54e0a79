package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/art"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/locale"
	"labeld/internal/meter"
	"labeld/internal/notice"
	"labeld/internal/qr"
	"labeld/internal/scheme"
	"labeld/internal/search"
	"labeld/internal/statuslist"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// An Authority is whose labels are shown. Its methods may be called
// concurrently, and none waits for a writer.
type Authority interface {
	// Lookup and ByGTIN return a label, or a [label.Error] that is fit to be
	// shown. What they return is shared and never changes.
	Lookup(label.ID) (*authority.Published, error)
	ByGTIN(label.GTIN) (*authority.Published, error)

	// Taken returns the labels of the products that had a number before it was moved.
	Taken(label.GTIN) ([]authority.Taken, error)

	// Feed returns a manufacturer and the latest public notices about its
	// labels.
	Feed(manufacturer string) (*label.Organization, []*notice.Notice, error)

	// Manufacturer returns a manufacturer.
	Manufacturer(id string) (*label.Organization, error)

	// Complain takes what somebody reports, for the operators.
	Complain(context.Context, store.Complaint) (*store.Complaint, error)

	// Changes returns what the log says of labels after an index, ByModel the
	// labels of products with a model number, however it is spelled.
	Changes(after int64, most int) ([]authority.LabelChange, int64, bool, error)
	ByModel(manufacturer, model string) (*authority.LabelPage, error)
	LogSize() int64

	// Read returns the labels that the log says something of after an entry, for
	// the search index.
	Read(after, entries int64) (list []*authority.Listed, next int64, more bool, err error)

	// Planned returns a plan for surveillance, and what was drawn; Plans lists
	// all.
	Plans(authority.Page) ([]*authority.Planned, string, error)
	Planned(id string) (*authority.Planned, error)

	// Advisory returns a published document; the publisher may be left open.
	Advisory(id label.Digest, publisher string) (*authority.Publication, error)

	// Picture returns a picture of a product, and its media type.
	Picture(label.Digest) ([]byte, string, error)

	// Checkpoint returns the signed log head of the last commit. Tiles of that
	// size can be read in any View that begins afterwards.
	Checkpoint() []byte
	StatusList() []byte // signed; changes every half minute and when a label does; nil where nothing is signed
	View(func(*store.View) error) error

	// Behind returns what to answer instead of how a label stands, where what
	// happened may be missing. It does not change.
	Behind() authority.Lapse

	Trust() *verify.Trust         // does not change
	Programme() *scheme.Programme // does not change
	Now() time.Time               // by the clock that label states are worked out with
}

// Config is what a [Handler] is made of.
type Config struct {
	Authority Authority
	Base      string       // public base URL, as [qr.CheckBase] wants it; labels and codes name it
	Log       *slog.Logger // gets the detail of internal errors
	Art       *art.Studio  // draws labels
	Words     *locale.Catalogue

	// Clients tells who asks, and Meter counts what that costs; gRPC counts in the
	// same. Where they are nil, clients connect themselves, and have the usual
	// allowances.
	Clients *meter.Clients
	Meter   *meter.Meter

	// TransportAge is how long a browser that came by TLS is told to come by
	// nothing else. Zero is [DefaultTransportAge]; less says nothing, for a host on
	// which plain HTTP is needed beside. Optional.
	TransportAge time.Duration
}

// DefaultTransportAge is a year, which is what lists of such hosts ask for.
const DefaultTransportAge = 365 * 24 * time.Hour

// A Handler serves everything that is read over HTTP. It is safe for
// concurrent use.
type Handler struct {
	a    Authority
	base string
	log  *slog.Logger

	labelKey, logKey, trust, resolver, openAPI, apiPage *body

	own       *http.CrossOriginProtection // tells forms that other sites post
	transport []string                    // Strict-Transport-Security; nil for none

	languages *pageLanguages
	homes     map[*pageLanguage]*body // the first page
	pages     *lru.Cache[pageKey, *body]

	clients *meter.Clients
	meter   *meter.Meter // of all that is asked for
	reports *meter.Meter // of what people report

	index    *search.Index
	read     int64       // log entry that the index has read last
	complete atomic.Bool // the index has come to the end of the log once
	pictures *lru.Cache[qrKey, *qrImage]

	studio          *art.Studio
	drawings, packs *artCache
}

// pictureCache bounds the QR codes kept: about 12 KiB each, drawn in a
// millisecond. They follow from the ID alone and outlive the label's changes.
const pictureCache = 2048

// New returns a handler.
func New(c Config) (*Handler, error) {
	if c.Authority == nil || c.Log == nil || c.Art == nil || c.Words == nil {
		return nil, errors.New("web: authority, log, art and words are required")
	}
	if err := qr.CheckBase(c.Base); err != nil {
		return nil, err
	}
	h := &Handler{a: c.Authority, base: c.Base, log: c.Log, studio: c.Art, index: search.NewIndex(), read: -1, own: http.NewCrossOriginProtection()}
	// A proxy may ask us under another name than people know.
	if err := h.own.AddTrustedOrigin(c.Base); err != nil {
		return nil, err
	}
	switch age := c.TransportAge; {
	case age == 0:
		h.transport = transportFor(DefaultTransportAge)
	case age > 0:
		h.transport = transportFor(age)
	}
	var err error
	if h.pictures, err = lru.New[qrKey, *qrImage](pictureCache); err != nil {
		return nil, err
	}
	if h.drawings, err = newArtCache(drawingCache, max(1, runtime.GOMAXPROCS(0)/2), drawingsEach, drawingsAll, h.log); err != nil {
		return nil, err
	}
	if h.packs, err = newArtCache(packCache, 1, packsEach, packsAll, h.log); err != nil {
		return nil, err
	}
	trust := c.Authority.Trust()
	key, err := currentKey(trust)
	if err != nil {
		return nil, err
	}
	h.labelKey = newBody("application/x-pem-file", []byte(key.PEM))
	h.logKey = newBody(textType, []byte(trust.Log.VKey+"\n"))
	text, err := label.Encode(trust)
	if err != nil {
		return nil, err
	}
	h.trust = newBody(jsonType, text)
	if h.pages, err = lru.New[pageKey, *body](pageCacheSize); err != nil {
		return nil, err
	}
	if h.languages, err = newPageLanguages(c.Words); err != nil {
		return nil, err
	}
	if h.homes, err = h.renderHomes(); err != nil {
		return nil, err
	}
	if h.resolver, err = h.describeResolver(trust.Authority.Name); err != nil {
		return nil, err
	}
	if h.openAPI, err = describeAPI(c.Base); err != nil {
		return nil, err
	}
	if h.apiPage, err = h.renderAPI(); err != nil {
		return nil, err
	}
	if h.meter, h.clients = c.Meter, c.Clients; h.meter == nil {
		h.meter = meter.New(0, 0)
	}
	if h.clients == nil {
		h.clients = meter.NewClients("", c.Log)
	}
	h.reports = meter.NewEvery(reportsEvery, reportsAtOnce)
	return h, nil
}

// currentKey returns the key that signs labels now: the last one still in use.
func currentKey(t *verify.Trust) (verify.TrustKey, error) {
	for i := len(t.LabelKeys) - 1; i >= 0; i-- {
		if t.LabelKeys[i].Until.IsZero() {
			return t.LabelKeys[i], nil
		}
	}
	return verify.TrustKey{}, errors.New("web: the trust file has no label key in use")
}

// transportFor returns the value of Strict-Transport-Security (RFC 6797, 6.1). It
// speaks of this host only, since others of the domain are not ours.
func transportFor(age time.Duration) []string {
	return []string{"max-age=" + strconv.FormatInt(int64(age/time.Second), 10)}
}

// ServeHTTP implements [http.Handler]. It takes paths as they are, without
// cleaning them: no address here has two slashes in a row or a dot segment, and
// nothing is read from a file system.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.TLS != nil && h.transport != nil {
		w.Header()["Strict-Transport-Security"] = h.transport
	}
	path := r.URL.Path
	if m := methodsAt(path); !m.take(r.Method) {
		h.notHere(w, r, m)
		return
	} else if r.Method == http.MethodOptions {
		h.options(w, m)
		return
	}
	if lapse := h.a.Behind(); lapse.Err != nil && !settledBefore(path, r.URL.RawQuery) {
		h.fail(w, r, lapse.Err, readerAt(path))
		return
	}
	if path == "/report" {
		h.report(w, r)
		return
	}
	if path == "/api" || strings.HasPrefix(path, "/api/") {
		h.api(w, r)
		return
	}
	if !h.pay(w, r, costOf(path, r.URL.RawQuery)) {
		return
	}
	if len(path) >= 3 && path[0] == '/' && path[1]|0x20 == 'l' && path[2] == '/' {
		h.label(w, r, path[3:])
		return
	}
	switch path {
	case "/.well-known/gs1resolver":
		h.send(w, r, h.resolver, cacheMinute)
	case "/":
		if r.URL.RawQuery != "" && wantsSearch(r.URL.Query()) {
			h.searchLabels(w, r, "/", nil)
		} else {
			h.send(w, r, h.homes[h.languages.of(r)], cacheMinute)
		}
	case "/icon.svg", "/favicon.ico": // the second is what browsers ask for where no page names the first
		h.send(w, r, icon, cacheHour)
	case "/compare":
		h.compare(w, r)
	case "/opensearch.xml":
		h.openSearch(w, r)
	case "/sitemap.xml":
		h.sitemap(w, r, "")
	case "/find":
		h.find(w, r)
	case "/keys/label.pub":
		h.send(w, r, h.labelKey, cacheMinute)
	case "/keys/log.vkey":
		h.send(w, r, h.logKey, cacheMinute)
	case "/.well-known/labeld.json":
		h.send(w, r, h.trust, cacheMinute)
	case "/healthz":
		h.health(w, r)
	case "/log/checkpoint":
		h.send(w, r, newBody(textType, h.a.Checkpoint()), cacheSecond)
	case verify.ListPath:
		h.statusList(w, r)
	default:
		if tile, ok := strings.CutPrefix(path, "/log/"); ok {
			h.tile(w, r, tile)
		} else if name, ok := strings.CutPrefix(path, "/feeds/"); ok {
			h.feed(w, r, name)
		} else if name, ok := strings.CutPrefix(path, "/advisory/"); ok {
			h.advisory(w, r, name)
		} else if id, ok := strings.CutPrefix(path, "/m/"); ok {
			h.makerPages(w, r, id)
		} else if name, ok := strings.CutPrefix(path, "/sitemap/"); ok {
			h.sitemap(w, r, name)
		} else if name, ok := strings.CutPrefix(path, "/surveillance/"); ok {
			h.surveillance(w, r, name)
		} else if strings.HasPrefix(path, "/01/") {
			h.product(w, r)
		} else {
			h.noPage(w, r, forPeople)
		}
	}
}

// statusList answers with the signed status list.
func (h *Handler) statusList(w http.ResponseWriter, r *http.Request) {
	list := h.a.StatusList()
	if list == nil {
		h.fail(w, r, label.Errorf(label.Unavailable, label.ReasonReadOnly, "", "the service signs nothing now; it has no status list"), forPrograms)
		return
	}
	h.send(w, r, newBody(statuslist.Type, list), cacheList)
}

// Complete reports whether the search index has come to the end of the log once.
func (h *Handler) Complete() bool { return h.complete.Load() }

// health answers whether labels can be read: the store gives its head.
func (h *Handler) health(w http.ResponseWriter, r *http.Request) {
	err := h.a.View(func(v *store.View) error {
		_, err := v.Head()
		return err
	})
	if err != nil {
		h.log.Error("the store cannot be read", "err", err)
		h.fail(w, r, label.Errorf(label.Unavailable, label.ReasonStorage, "", "the store cannot be read now"), forPrograms)
		return
	}
	h.send(w, r, healthy, cacheNone)
}

var healthy = newBody(textType, []byte("ok\n"))
