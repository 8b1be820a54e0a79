package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
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

// How many pieces of artwork the caches hold: a drawing has about 100 KiB, a pack 1.5 MiB.
const (
	drawingCache = 192
	packCache    = 8
)

// How many pieces of artwork may wait to be made, for one client and for all: as many as
// are made in a second or two, and in ten seconds.
const (
	drawingsEach, drawingsAll = 4, 24
	packsEach, packsAll       = 2, 12
)

// An artCache has artwork that was asked for, and makes what it does not have yet: each
// piece once, however many clients ask for it, for one client after the other, and a few
// at a time, so that artwork never takes all cores from other reads.
type artCache struct {
	bodies *lru.Cache[artRequest, *body]
	gate   *meter.Gate[meter.Who]
	log    *slog.Logger

	mu   sync.Mutex
	jobs map[artRequest]*artJob // that wait, or are under way
}

// An artRequest is what artwork follows from, in one spelling: what the query leaves
// out is filled in. A label that ends earlier than it did has other artwork.
type artRequest struct {
	id        label.ID
	format    string // empty for all, in a pack
	kind      string // of file, empty for a pack
	palette   string // empty for all, in a pack
	languages string // with commas between
	lastDay   label.Date
}

// An artJob makes artwork that clients wait for. It ends early when the last of them has
// gone.
type artJob struct {
	waiting int // guarded by the cache's mutex
	cancel  context.CancelFunc
	done    chan struct{} // closed when body and err are there
	body    *body
	err     error
}

func newArtCache(size, atOnce, each, all int, log *slog.Logger) (*artCache, error) {
	bodies, err := lru.New[artRequest, *body](size)
	return &artCache{bodies: bodies, gate: meter.NewGate[meter.Who](atOnce, each, all), log: log, jobs: map[artRequest]*artJob{}}, err
}

// get returns artwork, made when it is first asked for. The work goes on only as long as
// a client waits for it. It waits for its turn in the queue of the client that asked
// first.
func (c *artCache) get(ctx context.Context, who meter.Who, request artRequest, draw func(context.Context) (*body, error)) (*body, error) {
	if err := ctx.Err(); err != nil {
		return nil, requestEnded(err)
	}
	c.mu.Lock()
	if b, ok := c.bodies.Get(request); ok { // a job that ends adds its body and leaves the jobs under the same lock
		c.mu.Unlock()
		return b, nil
	}
	job := c.jobs[request]
	if job == nil {
		work, cancel := context.WithCancel(context.Background())
		job = &artJob{cancel: cancel, done: make(chan struct{})}
		c.jobs[request] = job
		go c.make(work, who, request, job, draw)
	}
	job.waiting++
	c.mu.Unlock()
	select {
	case <-job.done:
		return job.body, job.err
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if job.waiting--; job.waiting == 0 {
		job.cancel()
		if c.jobs[request] == job {
			delete(c.jobs, request)
		}
	}
	return nil, requestEnded(ctx.Err())
}

// make does a job when its client's turn comes.
func (c *artCache) make(ctx context.Context, who meter.Who, request artRequest, job *artJob, draw func(context.Context) (*body, error)) {
	defer job.cancel()
	job.err = label.Errorf(label.Internal, label.ReasonInternal, "", "the artwork could not be drawn; the operator's log has the detail")
	defer func() {
		if r := recover(); r != nil {
			c.log.Error("panic while drawing", "label", request.id, "panic", r, "stack", string(debug.Stack()))
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if job.err == nil {
			c.bodies.Add(request, job.body)
		}
		if c.jobs[request] == job {
			delete(c.jobs, request)
		}
		close(job.done)
	}()
	leave, err := c.gate.Enter(ctx, who)
	if errors.Is(err, meter.ErrBusy) {
		err = label.Errorf(label.Unavailable, label.ReasonBusy, "", "too much artwork is being drawn; ask again in a few seconds")
	}
	if err != nil {
		job.err = err
		return
	}
	defer leave()
	job.body, job.err = draw(ctx)
}

// requestEnded returns the refusal of a request whose client has gone, or that has waited
// for as long as it may.
func requestEnded(err error) error {
	return label.Errorf(label.Unavailable, label.ReasonBusy, "", "the request ended before it was answered: %v; ask again", err)
}

// newArtCaches returns a cache of drawings and one of packs.
func newArtCaches(log *slog.Logger) (drawings, packs *artCache, err error) {
	if drawings, err = newArtCache(drawingCache, max(1, runtime.GOMAXPROCS(0)/2), drawingsEach, drawingsAll, log); err != nil {
		return nil, nil, err
	}
	packs, err = newArtCache(packCache, 1, packsEach, packsAll, log)
	return drawings, packs, err
}

// drawing answers with one drawing of a label.
func (h *imageHandler) drawing(x exchange) {
	q, err := artQuery(x.r.URL.RawQuery, "palette", "lang")
	request := artRequest{palette: q.Get("palette"), languages: q.Get("lang")}
	request.format, request.kind, _ = strings.Cut(x.second, ".")
	if request.palette == "" {
		request.palette = h.studio.DefaultPalette()
	}
	h.artwork(x, request, err, h.drawings, h.draw)
}

// pack answers with all drawings of a label in a zip file.
func (h *imageHandler) pack(x exchange) {
	q, err := artQuery(x.r.URL.RawQuery, "format", "palette", "lang")
	request := artRequest{format: q.Get("format"), palette: q.Get("palette"), languages: q.Get("lang")}
	h.artwork(x, request, err, h.packs, h.drawPack)
}

// artwork answers with artwork of a label, from a cache or drawn by a function. The error
// is that of the query, which is answered if nothing is wrong with the ID.
func (h *imageHandler) artwork(x exchange, request artRequest, err error, cache *artCache, draw func(context.Context, *authority.Published, artRequest) (*body, error)) {
	id, idErr := label.ParseID(x.first)
	if idErr != nil {
		x.failInput(idErr, x.first)
		return
	}
	var p *authority.Published
	if err == nil {
		p, err = h.labels.Lookup(id)
	}
	if err != nil {
		x.fail(err)
		return
	}
	if request.languages == "" {
		request.languages = h.studio.DefaultLanguage()
	}
	var whole bool
	request.id = id
	request.lastDay, whole = lastPrintedDay(p)
	switch {
	case p.State != label.Active: // it must not be printed any more
		refusePrinting(x, p, fmt.Sprintf("the label is %s, and only an active label may be printed; /l/%s says why it is", p.State, id))
		return
	case !whole:
		refusePrinting(x, p, "the label ends today, and no day is left that could be printed as its last")
		return
	}
	if !cache.bodies.Contains(request) && !x.pay(x.route.cost.units) {
		return
	}
	b, err := cache.get(x.r.Context(), x.client(), request, func(ctx context.Context) (*body, error) { return draw(ctx, p, request) })
	if err != nil {
		x.fail(err)
		return
	}
	answer := *b // is shared with other states of the label
	answer.next = p.NextChange(p.At)
	x.send(&answer)
}

// refusePrinting refuses to draw a label because of its state.
func refusePrinting(x exchange, p *authority.Published, text string) {
	x.refuse(problem{status: http.StatusConflict, reason: label.ReasonStep, field: "id", text: text, label: p})
}

// lastPrintedDay returns the day that is printed on a label as its last one, and whether
// such a day is left. An announced end is printed also where a review may postpone it.
func lastPrintedDay(p *authority.Published) (d label.Date, whole bool) {
	end := p.Expires
	if p.Scheduled != nil && !p.PutOff() {
		end = p.Scheduled.Effective
	}
	return label.LastDay(end, p.At)
}

// draw makes a drawing, as one kind of file.
func (h *imageHandler) draw(ctx context.Context, p *authority.Published, request artRequest) (*body, error) {
	m, err := h.model(p, request)
	if err != nil {
		return nil, err
	}
	d, err := h.studio.Compose(m, request.format, request.palette)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	b, err := d.Write(request.kind)
	if err != nil {
		return nil, err
	}
	return newBody(art.MediaType(request.kind), b), nil
}

// drawPack makes a zip file of drawings.
func (h *imageHandler) drawPack(ctx context.Context, p *authority.Published, request artRequest) (*body, error) {
	m, err := h.model(p, request)
	if err != nil {
		return nil, err
	}
	zip, err := h.studio.Pack(ctx, m, request.format, request.palette)
	if err != nil {
		return nil, err
	}
	b := newBody("application/zip", zip)
	b.disposition = []string{`attachment; filename="label-` + string(request.id) + `-art.zip"`}
	return b, nil
}

func (h *imageHandler) model(p *authority.Published, request artRequest) (*art.Model, error) {
	return h.studio.Describe(art.Subject{Label: p.Label, ValidTo: request.lastDay, Base: h.base}, strings.Split(request.languages, ",")...)
}

// artQuery reads a query with some parameters, each at most once. Other parameters are
// refused, because each different query would fill the cache with the same artwork.
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
