package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"labeld/internal/art"
	"labeld/internal/authority"
	"labeld/internal/locale"
	"labeld/internal/meter"
	"labeld/internal/qr"
	"labeld/internal/scheme"
	"labeld/internal/verify"
)

// An Authority is whose labels are shown. The handlers of this package each use the part
// of it that they need. Its methods may be called concurrently, and none waits for a
// writer.
type Authority interface {
	Service
	Labels
	Pictures
	Manufacturers
	ChangeLog
	LabelLog
	SignedLog
	Documents
	Reports
}

// A Service is what does not change while a [Handler] serves.
type Service interface {
	// Behind returns what to answer instead of how a label stands, where what happened
	// may be missing.
	Behind() authority.Lapse
	Trust() *verify.Trust
	Programme() *scheme.Programme
}

// Config is what a [Handler] is made of.
type Config struct {
	Authority Authority
	Base      string       // public base URL, as [qr.CheckBase] wants it; labels and codes name it
	Log       *slog.Logger // gets the detail of internal errors
	Art       *art.Studio  // draws labels
	Words     *locale.Catalogue

	// Clients tells which client a request is from, and Meter counts what the requests
	// of each cost; gRPC counts in the same meter. Where they are nil, clients connect
	// themselves, and have the usual allowances.
	Clients *meter.Clients
	Meter   *meter.Meter

	// TransportAge is how long a browser that came by TLS is told to come by
	// nothing else. Zero is [DefaultTransportAge]; less says nothing, for a host on
	// which plain HTTP is needed beside. Optional.
	TransportAge time.Duration
}

// DefaultTransportAge is a year, which is what lists of such hosts ask for.
const DefaultTransportAge = 365 * 24 * time.Hour

// A Handler serves everything that is read over HTTP. It finds the route of a request,
// and one of its parts answers. It is safe for concurrent use.
type Handler struct {
	*responder
	transport []string // Strict-Transport-Security; nil for none
	routes    *routes
	index     *labelIndex

	labels   *labelHandler
	search   *searchHandler
	images   *imageHandler
	api      *apiHandler
	resolver *resolver
	feeds    *feedHandler
	audit    *auditHandler
	reports  *reportHandler
}

// New returns a handler.
func New(c Config) (*Handler, error) {
	if c.Authority == nil || c.Log == nil || c.Art == nil || c.Words == nil {
		return nil, errors.New("web: authority, log, art and words are required")
	}
	if err := qr.CheckBase(c.Base); err != nil {
		return nil, err
	}
	r, err := newResponder(c)
	if err != nil {
		return nil, err
	}
	h := &Handler{responder: r, index: newLabelIndex(c.Authority, c.Log)}
	switch age := c.TransportAge; {
	case age == 0:
		h.transport = transportFor(DefaultTransportAge)
	case age > 0:
		h.transport = transportFor(age)
	}
	words := programmeWords{c.Authority.Programme(), r.authority}
	log := &changeReader{log: c.Authority, labels: c.Authority, words: words, base: c.Base}
	h.feeds = newFeedHandler(r, c.Authority, log)
	if h.labels, err = newLabelHandler(r, words); err != nil {
		return nil, err
	}
	if h.search, err = newSearchHandler(r, c.Authority, h.index, words); err != nil {
		return nil, err
	}
	if h.images, err = newImageHandler(r, c.Authority, c.Art); err != nil {
		return nil, err
	}
	if h.api, err = newAPIHandler(r, log, words); err != nil {
		return nil, err
	}
	if h.resolver, err = newResolver(r); err != nil {
		return nil, err
	}
	if h.audit, err = newAuditHandler(r, c.Authority, c.Authority, c.Authority.Trust()); err != nil {
		return nil, err
	}
	if h.reports, err = newReportHandler(r, c.Authority); err != nil {
		return nil, err
	}
	h.routes = indexRoutes(newRoutes(h))
	return h, nil
}

// newResponder returns what all parts of a handler share.
func newResponder(c Config) (*responder, error) {
	r := &responder{
		base: c.Base, authority: c.Authority.Trust().Authority, log: c.Log, labels: c.Authority, lapse: c.Authority.Behind(),
		clients: c.Clients, meter: c.Meter,
	}
	if r.meter == nil {
		r.meter = meter.New(0, 0)
	}
	if r.clients == nil {
		r.clients = meter.NewClients("", c.Log)
	}
	var err error
	r.languages, err = newPageLanguages(c.Words)
	return r, err
}

// transportFor returns the value of Strict-Transport-Security (RFC 6797, 6.1). It
// is about this host only, since other hosts of the domain are not ours.
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
	x := exchange{responder: h.responder, w: w, r: r}
	x.route, x.first, x.second = h.routes.find(r)
	switch {
	case !x.route.methods.take(r.Method):
		x.refuseMethod()
	case r.Method == http.MethodOptions:
		x.options()
	case h.lapse.Err != nil && !x.route.settled:
		x.fail(h.lapse.Err)
	case x.payRoute():
		x.route.serve(x)
	}
}

// Follow keeps the search index up with the log until ctx ends.
func (h *Handler) Follow(ctx context.Context) error { return h.index.Follow(ctx) }

// CatchUp reads what the log has that the search index has not. It is called by one
// goroutine at a time.
func (h *Handler) CatchUp(ctx context.Context) error { return h.index.CatchUp(ctx) }

// Complete reports whether the search index has come to the end of the log once.
func (h *Handler) Complete() bool { return h.index.Complete() }
