package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/art"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/meter"
)

// How much artwork is kept: a drawing has about 100 KiB, a pack 1.5 MiB.
const (
	drawingCache = 192
	packCache    = 8
)

// How much artwork of one client and of all may wait to be made: what is made in a
// second or two, and in ten.
const (
	drawingsEach, drawingsAll = 4, 24
	packsEach, packsAll       = 2, 12
)

// An artCache keeps artwork that was asked for, and makes what is not there: each
// once, however many ask for it, clients by turns, and few at a time, so that
// artwork never takes all cores from other reads.
type artCache struct {
	done *lru.Cache[artRequest, *body]
	gate *meter.Gate[meter.Who]
	log  *slog.Logger

	mu   sync.Mutex
	jobs map[artRequest]*artJob // that are waiting or being made
}

// An artRequest is what artwork follows from, in one spelling: what the query leaves
// out is filled in. A label that ends earlier than it did has other artwork.
type artRequest struct {
	id        label.ID
	pack      bool
	format    string // empty for all, in a pack
	kind      string // of file, empty for a pack
	palette   string // empty for all, in a pack
	languages string // with commas between
	lastDay   label.Date
}

// An artJob is artwork that somebody waits for. When nobody does any more it is given
// up.
type artJob struct {
	waiting int // guarded by the cache's mutex
	cancel  context.CancelFunc
	made    chan struct{} // closed when body and err are there
	body    *body
	err     error
}

func newArtCache(size, atOnce, each, all int, log *slog.Logger) (*artCache, error) {
	done, err := lru.New[artRequest, *body](size)
	return &artCache{done: done, gate: meter.NewGate[meter.Who](atOnce, each, all), log: log, jobs: map[artRequest]*artJob{}}, err
}

// get returns artwork, made when it is first asked for. The work goes on only as long
// as one of those waits who asked for it; who was the first waits in its line.
func (g *artCache) get(ctx context.Context, who meter.Who, e artRequest, draw func(context.Context) (*body, error)) (*body, error) {
	if err := ctx.Err(); err != nil {
		return nil, gone(err)
	}
	g.mu.Lock()
	if b, ok := g.done.Get(e); ok { // a job that is done leaves no moment between the two
		g.mu.Unlock()
		return b, nil
	}
	o := g.jobs[e]
	if o == nil {
		work, cancel := context.WithCancel(context.Background())
		o = &artJob{cancel: cancel, made: make(chan struct{})}
		g.jobs[e] = o
		go g.make(work, who, e, o, draw)
	}
	o.waiting++
	g.mu.Unlock()
	select {
	case <-o.made:
		return o.body, o.err
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if o.waiting--; o.waiting == 0 {
		o.cancel()
		if g.jobs[e] == o {
			delete(g.jobs, e)
		}
	}
	return nil, gone(ctx.Err())
}

// make does a job when its client's turn comes.
func (g *artCache) make(ctx context.Context, who meter.Who, e artRequest, o *artJob, draw func(context.Context) (*body, error)) {
	defer o.cancel()
	o.err = label.Errorf(label.Internal, label.ReasonInternal, "", "the artwork could not be drawn; the operator's log has the detail")
	defer func() {
		if r := recover(); r != nil {
			g.log.Error("panic while drawing", "label", e.id, "panic", r, "stack", string(debug.Stack()))
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if o.err == nil {
			g.done.Add(e, o.body)
		}
		if g.jobs[e] == o {
			delete(g.jobs, e)
		}
		close(o.made)
	}()
	leave, err := g.gate.Enter(ctx, who)
	if errors.Is(err, meter.ErrBusy) {
		err = label.Errorf(label.Unavailable, label.ReasonBusy, "", "too much artwork is being drawn; ask again in a few seconds")
	}
	if err != nil {
		o.err = err
		return
	}
	defer leave()
	o.body, o.err = draw(ctx)
}

// gone is the refusal for who went away, or has waited for as long as it may.
func gone(err error) error {
	return label.Errorf(label.Unavailable, label.ReasonBusy, "", "the request ended before it was answered: %v; ask again", err)
}

const (
	packPath = "/art.zip"
	artPath  = "/art/" // format and kind follow, such as portrait.svg
)

// art answers with a label's artwork.
func (h *Handler) art(w http.ResponseWriter, r *http.Request, name, path string) {
	e, err := h.artRequest(path, r.URL.RawQuery)
	id, idErr := label.ParseID(name)
	if idErr != nil {
		h.failInput(w, r, idErr, forPrograms, name)
		return
	}
	var p *authority.Published
	if err == nil {
		p, err = h.a.Lookup(id)
	}
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	var whole bool
	e.id = id
	e.lastDay, whole = lastPrintedDay(p)
	switch {
	case p.State != label.Active: // it must not be printed any more
		h.notPrinted(w, r, p, fmt.Sprintf("the label is %s, and only an active label may be printed; /l/%s says why it is", p.State, id))
		return
	case !whole:
		h.notPrinted(w, r, p, "the label ends today, and no day is left that could be printed as its last")
		return
	}
	g, draw, units := h.drawings, h.drawOne, drawingUnits
	if e.pack {
		g, draw, units = h.packs, h.pack, packUnits
	}
	if !g.done.Contains(e) && !h.pay(w, r, units) {
		return
	}
	b, err := g.get(r.Context(), h.who(r), e, func(ctx context.Context) (*body, error) { return draw(ctx, p, e) })
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, b, cacheUntil(p.NextChange(p.At), h.a.Now()))
}

// notPrinted refuses to draw a label because of how it stands.
func (h *Handler) notPrinted(w http.ResponseWriter, r *http.Request, p *authority.Published, text string) {
	h.refuse(w, r, problem{status: http.StatusConflict, reason: label.ReasonStep, field: "id", text: text, label: p}, forPrograms)
}

// lastPrintedDay returns the last day that is printed on a label, and whether there is one
// left. It is the announced one also where something is open that may put it off.
func lastPrintedDay(p *authority.Published) (d label.Date, whole bool) {
	end := p.Expires
	if p.Scheduled != nil && !p.PutOff() {
		end = p.Scheduled.Effective
	}
	return label.LastDay(end, p.At)
}

// artRequest reads which artwork is asked for.
func (h *Handler) artRequest(path, query string) (e artRequest, err error) {
	var q url.Values
	if e.pack = path == packPath; e.pack {
		q, err = artQuery(query, "format", "palette", "lang")
		e.format = q.Get("format")
	} else {
		q, err = artQuery(query, "palette", "lang")
		e.format, e.kind, _ = strings.Cut(strings.TrimPrefix(path, artPath), ".")
	}
	e.palette, e.languages = q.Get("palette"), q.Get("lang")
	if e.palette == "" && !e.pack {
		e.palette = h.studio.DefaultPalette()
	}
	if e.languages == "" {
		e.languages = h.studio.DefaultLanguage()
	}
	return e, err
}

// drawOne makes a drawing, as one kind of file.
func (h *Handler) drawOne(ctx context.Context, p *authority.Published, e artRequest) (*body, error) {
	m, err := h.model(p, e)
	if err != nil {
		return nil, err
	}
	d, err := h.studio.Compose(m, e.format, e.palette)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	b, err := d.Write(e.kind)
	if err != nil {
		return nil, err
	}
	return newBody(art.MediaType(e.kind), b), nil
}

// pack makes a zip file of drawings.
func (h *Handler) pack(ctx context.Context, p *authority.Published, e artRequest) (*body, error) {
	m, err := h.model(p, e)
	if err != nil {
		return nil, err
	}
	zip, err := h.studio.Pack(ctx, m, e.format, e.palette)
	if err != nil {
		return nil, err
	}
	b := newBody("application/zip", zip)
	b.disposition = []string{`attachment; filename="label-` + string(e.id) + `-art.zip"`}
	return b, nil
}

func (h *Handler) model(p *authority.Published, e artRequest) (*art.Model, error) {
	return h.studio.Describe(art.Subject{Label: p.Label, ValidTo: e.lastDay, Base: h.base}, strings.Split(e.languages, ",")...)
}

// artQuery reads a query with some parameters, each once at most. Others are
// refused: each query that is answered is kept.
func artQuery(query string, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(query)
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "query", "is not written as a query is: %v", err)
	}
	for name, values := range q {
		if !slices.Contains(known, name) {
			return nil, label.Errorf(label.Invalid, label.ReasonUnknownField, "query", "has %q; artwork is chosen by %s", clip(name), strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return nil, label.Errorf(label.Invalid, label.ReasonDuplicateKey, name, "is given %d times; give it once, languages with a comma between them", len(values))
		}
	}
	return q, nil
}
