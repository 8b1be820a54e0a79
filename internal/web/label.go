package web

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// A representation is one way to show a label.
type representation struct {
	name       string // by which its rendered form is kept
	reader     reader // who reads it
	dated      bool   // whether it can be asked for as of an instant, and be held against a barcode
	translated bool   // whether it is in the language of its reader
	render     func(*Handler, shownLabel) (*body, error)
}

// The views by what follows the ID in their address.
var (
	htmlPage        = &representation{"", forPeople, true, true, (*Handler).renderPage}
	jsonForm        = &representation{"web.json", forParsers, true, false, (*Handler).renderJSON}
	representations = map[string]*representation{
		".json":       jsonForm,
		"/badge.svg":  {"web.badge", forPrograms, false, false, (*Handler).renderBadge},
		"/badge.html": {"web.snippet", forPrograms, false, false, (*Handler).renderSnippet},
		"/bundle": {"web.bundle", forPrograms, false, false, func(_ *Handler, p shownLabel) (*body, error) {
			return newBody(label.BundleType, p.Bundle), nil
		}},
		"/device": {"web.device", forPrograms, false, false, func(_ *Handler, p shownLabel) (*body, error) {
			return newBody(jsonType, p.Device), nil
		}},
		"/proof": {"web.proof", forPrograms, false, false, func(_ *Handler, p shownLabel) (*body, error) {
			return newBody(label.TLogProofType, p.Proof), nil
		}},
		"/package": {"web.package", forPrograms, false, false, func(_ *Handler, p shownLabel) (*body, error) {
			b := newBody(label.PackageType, p.Package)
			b.disposition = []string{`attachment; filename="label-` + string(p.Label.ID) + `.json"`}
			return b, nil
		}},
	}
)

// What answers depend on besides their address: all that are worth compressing
// on the encoding, some on the media type, pages on the language.
var (
	varyEncoding = []string{"Accept-Encoding"}
	varyAccept   = []string{"Accept, Accept-Encoding"}
	varyPage     = []string{"Accept, Accept-Language, Accept-Encoding"}
)

// label answers what begins with /l/.
func (h *Handler) label(w http.ResponseWriter, r *http.Request, rest string) {
	name, path := rest, ""
	if i := strings.IndexAny(rest, "./"); i >= 0 {
		name, path = rest[:i], rest[i:]
	}
	var v *representation
	switch path {
	case "", "/":
		if v = htmlPage; wantsJSON(r.Header) {
			v = jsonForm
		}
	case "/qr.svg", "/qr.png":
		h.picture(w, r, name, path)
		return
	case picturePath:
		h.productPicture(w, r, name)
		return
	default:
		if path == packPath || strings.HasPrefix(path, artPath) {
			h.art(w, r, name, path)
			return
		}
		if v = representations[path]; v == nil {
			h.noPage(w, r, forPeople)
			return
		}
	}
	id, err := parseInputID(name)
	if err != nil {
		h.failInput(w, r, err, v.reader, name)
		return
	}
	b, cache, err := h.answer(id, v, r)
	if err != nil {
		typed := id.Pretty()
		if e, ok := errors.AsType[*label.Error](err); ok && e.Field == "gtin" {
			typed = parameters(r.URL.RawQuery, "gtin")[0]
		}
		h.failInput(w, r, err, v.reader, typed)
		return
	}
	if v == jsonForm && path != ".json" {
		// The same bytes as at .json; only here do they depend on Accept.
		w.Header()["Vary"] = varyPage
	}
	h.send(w, r, b, cache)
}

// answer returns a view of a label, as of the instant that the query names, and
// for how long it may be kept.
func (h *Handler) answer(id label.ID, v *representation, r *http.Request) (b *body, cache []string, err error) {
	var at time.Time
	p := shownLabel{}
	query := r.URL.RawQuery
	if v.dated && query != "" {
		if at, p.past, err = parseAt(query, h.a.Now()); err != nil {
			return nil, nil, err
		}
	}
	if p.Published, err = h.a.Lookup(id); err != nil {
		return nil, nil, err
	}
	if v.dated {
		if p.gtin, err = parseGTIN(query); err != nil {
			return nil, nil, err
		}
	}
	if v.translated {
		p.language = h.languages.of(r)
	}
	switch {
	case p.past:
		b, err = h.at(p, v, at)
		return b, cacheAt(at, h.a.Now()), err
	case p.gtin != "":
		b, err = v.render(h, p)
		return b, cacheNone, err
	}
	if b, err = h.present(p, v); err != nil {
		return nil, nil, err
	}
	return b, cacheUntil(b.next, h.a.Now()), nil
}

// parseGTIN reads the barcode number of the product that somebody holds; empty
// where none is given.
func parseGTIN(query string) (label.GTIN, error) {
	if query == "" {
		return "", nil
	}
	given := parameters(query, "gtin")
	if len(given) == 0 {
		return "", nil
	}
	return label.ParseGTIN(barcode(given[0]))
}

// present returns a view of a label as it stands, made when it is first asked
// for.
func (h *Handler) present(p shownLabel, v *representation) (*body, error) {
	if v.translated {
		return h.page(p, v)
	}
	made, err := p.Render(v.name, func() (any, error) { return h.render(p, v) })
	if err != nil {
		return nil, err
	}
	return made.(*body), nil
}

// pageKey is a page in a language. What is kept of pages is bounded by itself,
// and not with their labels: a label read in all languages would take as much
// room as twenty others.
type pageKey struct {
	of       *authority.Published
	language *pageLanguage
}

// pageCacheSize bounds the pages kept, which take about 30 KiB each.
const pageCacheSize = 2048

func (h *Handler) page(p shownLabel, v *representation) (*body, error) {
	key := pageKey{p.Published, p.language}
	if b, ok := h.pages.Get(key); ok {
		return b, nil
	}
	b, err := h.render(p, v)
	if err == nil {
		h.pages.Add(key, b)
	}
	return b, err
}

// render makes a view of a label as it stands.
func (h *Handler) render(p shownLabel, v *representation) (*body, error) {
	b, err := v.render(h, p)
	if err != nil {
		return nil, err
	}
	b.link = canonical(qr.URL(h.base, p.Label.ID))
	b.next = p.NextChange(p.At)
	return b, nil
}

// A picture is a label's QR code, drawn.
type qrImage struct{ svg, png *body }

// A qrKey is which picture of a label: one that leads to the label, or a GS1
// Digital Link with a GTIN of the product.
type qrKey struct {
	id   label.ID
	gtin label.GTIN
}

// modulePixels makes the PNG of a usual code about 300 pixels wide.
const modulePixels = 8

// picture answers with a label's QR code.
func (h *Handler) picture(w http.ResponseWriter, r *http.Request, name, path string) {
	c, err := h.code(name, r.URL.RawQuery)
	var p *qrImage
	if err == nil {
		p, err = h.draw(c)
	}
	switch {
	case err != nil:
		h.failInput(w, r, err, forPrograms, name)
	case path == "/qr.svg":
		h.send(w, r, p.svg, cacheHour)
	default:
		h.send(w, r, p.png, cacheHour)
	}
}

// qrKey returns which picture is asked for: of a label that exists, and if a GTIN
// is given, of its product.
func (h *Handler) code(name, query string) (c qrKey, err error) {
	if c.id, err = label.ParseID(name); err != nil {
		return c, err
	}
	p, err := h.a.Lookup(c.id)
	if err != nil {
		return c, err
	}
	given := parameters(query, "gtin")
	if len(given) == 0 {
		return c, nil
	}
	if c.gtin, err = label.ParseGTIN(given[0]); err != nil {
		return c, err
	}
	if !p.SpeaksOf(c.gtin) {
		return c, label.Errorf(label.NotFound, label.ReasonUnknownProduct, "gtin", "label %s is not about the product with GTIN %s", c.id.Pretty(), c.gtin)
	}
	return c, nil
}

func (h *Handler) draw(c qrKey) (*qrImage, error) {
	if p, ok := h.pictures.Get(c); ok {
		return p, nil
	}
	payload := qr.Payload(h.base, c.id)
	if c.gtin != "" {
		payload = qr.DigitalLink(h.base, c.gtin)
	}
	drawn, err := qr.New(payload)
	if err != nil {
		return nil, err
	}
	png, err := drawn.PNG(modulePixels)
	if err != nil {
		return nil, err
	}
	p := &qrImage{svg: newBody("image/svg+xml", drawn.SVG()), png: newBody("image/png", png)}
	h.pictures.Add(c, p)
	return p, nil
}
