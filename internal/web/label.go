package web

import (
	"errors"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// Labels are those that are shown. What they return is shared and never changes; their
// errors are [label.Error] where they are fit to be shown.
type Labels interface {
	Lookup(label.ID) (*authority.Published, error)
	ByGTIN(label.GTIN) (*authority.Published, error)

	// ByModel returns the labels of the products of a manufacturer with a model number,
	// however that is spelled.
	ByModel(manufacturer, model string) (*authority.LabelPage, error)

	// Taken returns the labels of the products that had a number before it was moved.
	Taken(label.GTIN) ([]authority.FormerLabel, error)

	Now() time.Time // by the clock that the states of labels are worked out with
}

// A labelHandler answers for one label: with its page, with JSON, and with what proves
// it.
type labelHandler struct {
	labels    Labels
	words     programmeWords
	base      string
	languages *pageLanguages
	pages     *lru.Cache[pageKey, *body]
}

// pageCacheSize bounds the pages of labels in the cache, which take about 30 KiB each.
const pageCacheSize = 2048

// A pageKey is the page of a label in a language. The cache of pages is bounded by
// itself, and pages are not kept with their labels: a label read in all languages would
// take as much room as twenty others.
type pageKey struct {
	of       *authority.Published
	language *pageLanguage
}

func newLabelHandler(r *responder, words programmeWords) (*labelHandler, error) {
	pages, err := lru.New[pageKey, *body](pageCacheSize)
	return &labelHandler{labels: r.labels, words: words, base: r.base, languages: r.languages, pages: pages}, err
}

// A shownLabel is a label as it is to be shown: as it stands, or as it stood at an
// instant that somebody named.
type shownLabel struct {
	*authority.Published
	past     bool
	language *pageLanguage // of a page
	gtin     label.GTIN    // that the label is compared with; empty for none
}

// A representation is one form in which a label is shown.
type representation struct {
	name       string // by which it is kept with the label; empty for the page
	dated      bool   // whether it can be asked for as of an instant, and be compared with a barcode number
	translated bool   // whether it is in the language of its reader
	render     func(*labelHandler, shownLabel) (*body, error)
}

// The representations of a label.
var (
	pageForm    = &representation{"", true, true, (*labelHandler).renderPage}
	jsonForm    = &representation{"web.json", true, false, (*labelHandler).renderJSON}
	badgeForm   = &representation{"web.badge", false, false, (*labelHandler).renderBadge}
	snippetForm = &representation{"web.snippet", false, false, (*labelHandler).renderSnippet}
	bundleForm  = &representation{"web.bundle", false, false, func(_ *labelHandler, p shownLabel) (*body, error) {
		return newBody(label.BundleType, p.Bundle), nil
	}}
	deviceForm = &representation{"web.device", false, false, func(_ *labelHandler, p shownLabel) (*body, error) {
		return newBody(jsonType, p.Device), nil
	}}
	proofForm = &representation{"web.proof", false, false, func(_ *labelHandler, p shownLabel) (*body, error) {
		return newBody(label.TLogProofType, p.Proof), nil
	}}
	packageForm = &representation{"web.package", false, false, func(_ *labelHandler, p shownLabel) (*body, error) {
		b := newBody(label.PackageType, p.Package)
		b.disposition = []string{`attachment; filename="label-` + string(p.Label.ID) + `.json"`}
		return b, nil
	}}
)

// serve returns what answers with a representation of the label that an address names.
func (h *labelHandler) serve(form *representation) func(exchange) {
	return func(x exchange) { h.answer(x, form) }
}

// page answers with the page of a label, or with the same JSON as at .json where the
// Accept header prefers that.
func (h *labelHandler) page(x exchange) {
	if wantsJSON(x.r.Header) {
		x.w.Header()["Vary"] = varyPage // only here does the answer depend on Accept
		h.answer(x, jsonForm)
		return
	}
	h.answer(x, pageForm)
}

func (h *labelHandler) answer(x exchange, form *representation) {
	id, err := parseInputID(x.first)
	if err != nil {
		x.failInput(err, x.first)
		return
	}
	b, err := h.body(x, id, form)
	if err != nil {
		input := id.Pretty()
		if e, ok := errors.AsType[*label.Error](err); ok && e.Field == "gtin" {
			input = parameters(x.r.URL.RawQuery, "gtin")[0]
		}
		x.failInput(err, input)
		return
	}
	x.send(b)
}

// body returns a representation of a label, as of the instant that the query names.
func (h *labelHandler) body(x exchange, id label.ID, form *representation) (b *body, err error) {
	var at time.Time
	p := shownLabel{}
	query := x.r.URL.RawQuery
	if form.dated && query != "" {
		if at, p.past, err = parseInstant(query, h.labels.Now()); err != nil {
			return nil, err
		}
	}
	if p.Published, err = h.labels.Lookup(id); err != nil {
		return nil, err
	}
	if form.dated {
		if p.gtin, err = parseGTIN(query); err != nil {
			return nil, err
		}
	}
	if form.translated {
		p.language = x.language()
	}
	switch {
	case p.past:
		return h.asOf(p, form, at)
	case p.gtin != "":
		if b, err = form.render(h, p); err == nil {
			b.cache = cacheNone
		}
		return b, err
	case form.translated:
		return h.cachedPage(p, form)
	}
	rendered, err := p.Render(form.name, func() (any, error) { return h.render(p, form) })
	if err != nil {
		return nil, err
	}
	return rendered.(*body), nil
}

// parseGTIN reads the barcode number with which a query has a label compared; empty where
// none is given.
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

// cachedPage returns the page of a label as it stands, rendered when it is first asked
// for.
func (h *labelHandler) cachedPage(p shownLabel, form *representation) (*body, error) {
	key := pageKey{p.Published, p.language}
	if b, ok := h.pages.Get(key); ok {
		return b, nil
	}
	b, err := h.render(p, form)
	if err == nil {
		h.pages.Add(key, b)
	}
	return b, err
}

// render makes a representation of a label as it stands.
func (h *labelHandler) render(p shownLabel, form *representation) (*body, error) {
	b, err := form.render(h, p)
	if err != nil {
		return nil, err
	}
	b.link = canonical(qr.URL(h.base, p.Label.ID))
	b.next = p.NextChange(p.At)
	return b, nil
}
