package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/art"
	"labeld/internal/authority"
	"labeld/internal/label"
)

// How much artwork is kept: a drawing has about 100 KiB, a pack 1.5 MiB.
const (
	drawingCache = 192
	packCache    = 8
)

// A gallery keeps artwork that was asked for.
type gallery struct {
	drawing sync.Mutex // held while one is made, so that artwork never takes all cores from other reads
	done    *lru.Cache[exhibit, *body]
}

// An exhibit is what artwork follows from. A label that ends earlier than it did
// has other artwork.
type exhibit struct {
	id          label.ID
	path, query string
	until       time.Time
}

func newGallery(size int) (*gallery, error) {
	done, err := lru.New[exhibit, *body](size)
	return &gallery{done: done}, err
}

// get returns artwork, made when it is first asked for.
func (g *gallery) get(e exhibit, draw func() (*body, error)) (*body, error) {
	if b, ok := g.done.Get(e); ok {
		return b, nil
	}
	g.drawing.Lock()
	defer g.drawing.Unlock()
	if b, ok := g.done.Get(e); ok {
		return b, nil
	}
	b, err := draw()
	if err == nil {
		g.done.Add(e, b)
	}
	return b, err
}

const (
	packPath = "/art.zip"
	artPath  = "/art/" // format and kind follow, such as portrait.svg
)

// art answers with a label's artwork.
func (h *Handler) art(w http.ResponseWriter, r *http.Request, name, path string) {
	id, err := label.ParseID(name)
	if err != nil {
		h.failTyped(w, r, err, forPrograms, name)
		return
	}
	b, cache, err := h.artwork(id, path, r.URL.RawQuery)
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, b, cache)
}

// artwork returns a file of artwork, and for how long it may be kept. A label
// that does not count now has none: it must not be printed any more.
func (h *Handler) artwork(id label.ID, path, query string) (*body, []string, error) {
	p, err := h.a.Lookup(id)
	if err != nil {
		return nil, nil, err
	}
	if p.State != label.Active {
		return nil, nil, label.Errorf(label.Precondition, label.ReasonStep, "id",
			"the label is %s, and only an active label may be printed; /l/%s says why it is", p.State, id)
	}
	until := p.Expires
	if p.Scheduled != nil && !p.PutOff() {
		until = p.Scheduled.Effective
	}
	e, g := exhibit{id, path, query, until}, h.drawings
	draw := h.drawOne
	if path == packPath {
		g, draw = h.packs, h.pack
	}
	b, err := g.get(e, func() (*body, error) { return draw(p, e) })
	return b, cacheUntil(p.NextChange(p.At), h.a.Now()), err
}

// drawOne makes a drawing, as one kind of file.
func (h *Handler) drawOne(p *authority.Published, e exhibit) (*body, error) {
	format, kind, _ := strings.Cut(strings.TrimPrefix(e.path, artPath), ".")
	q, err := artQuery(e.query, "palette", "lang")
	if err != nil {
		return nil, err
	}
	m, err := h.model(p, e, q)
	if err != nil {
		return nil, err
	}
	palette := q.Get("palette")
	if palette == "" {
		palette = h.studio.DefaultPalette()
	}
	d, err := h.studio.Compose(m, format, palette)
	if err != nil {
		return nil, err
	}
	b, err := d.Write(kind)
	if err != nil {
		return nil, err
	}
	return newBody(art.MediaType(kind), b), nil
}

// pack makes a zip file of drawings.
func (h *Handler) pack(p *authority.Published, e exhibit) (*body, error) {
	q, err := artQuery(e.query, "format", "palette", "lang")
	if err != nil {
		return nil, err
	}
	m, err := h.model(p, e, q)
	if err != nil {
		return nil, err
	}
	zip, err := h.studio.Pack(m, q.Get("format"), q.Get("palette"))
	if err != nil {
		return nil, err
	}
	b := newBody("application/zip", zip)
	b.disposition = []string{`attachment; filename="label-` + string(e.id) + `-art.zip"`}
	return b, nil
}

func (h *Handler) model(p *authority.Published, e exhibit, q url.Values) (*art.Model, error) {
	var languages []string
	if lang := q.Get("lang"); lang != "" {
		languages = strings.Split(lang, ",")
	}
	return h.studio.Describe(art.Subject{Label: p.Label, ValidTo: label.DateOf(e.until.Add(-time.Second)), Base: h.base}, languages...)
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
