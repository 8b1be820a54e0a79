package web

import (
	"net/http"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// A view is one way to look at a label.
type view struct {
	name   string // by which its rendered form is kept
	reader reader // who reads it
	render func(*Handler, *authority.Published) (*body, error)
}

// The views by what follows the ID in their address.
var (
	pageView = &view{"web.page", forPeople, (*Handler).renderPage}
	jsonView = &view{"web.json", forParsers, (*Handler).renderJSON}
	byPath   = map[string]*view{
		".json": jsonView,
		"/bundle": {"web.bundle", forPrograms, func(_ *Handler, p *authority.Published) (*body, error) {
			return newBody(label.BundleType, p.Bundle), nil
		}},
		"/device": {"web.device", forPrograms, func(_ *Handler, p *authority.Published) (*body, error) {
			return newBody(jsonType, p.Device), nil
		}},
		"/proof": {"web.proof", forPrograms, func(_ *Handler, p *authority.Published) (*body, error) {
			return newBody(label.TLogProofType, p.Proof), nil
		}},
		"/package": {"web.package", forPrograms, func(_ *Handler, p *authority.Published) (*body, error) {
			b := newBody(label.PackageType, p.Package)
			b.disposition = []string{`attachment; filename="label-` + string(p.Label.ID) + `.json"`}
			return b, nil
		}},
	}
)

// varyAccept marks the one address with two representations.
var varyAccept = []string{"Accept"}

// label answers what begins with /l/.
func (h *Handler) label(w http.ResponseWriter, r *http.Request, rest string) {
	name, path := rest, ""
	if i := strings.IndexAny(rest, "./"); i >= 0 {
		name, path = rest[:i], rest[i:]
	}
	var v *view
	switch path {
	case "", "/":
		if v = pageView; wantsJSON(r.Header) {
			v = jsonView
		}
	case "/qr.svg", "/qr.png":
		h.picture(w, r, name, path)
		return
	default:
		if v = byPath[path]; v == nil {
			h.noPage(w, r, forPeople)
			return
		}
	}
	id, err := label.ParseID(name)
	if err != nil {
		h.failTyped(w, r, err, v.reader, name)
		return
	}
	b, err := h.render(id, v)
	if err != nil {
		h.failTyped(w, r, err, v.reader, id.Pretty())
		return
	}
	if v == jsonView && path != ".json" {
		// The same bytes as at .json; only here do they depend on Accept.
		w.Header()["Vary"] = varyAccept
	}
	h.send(w, r, b, b.until(h.a.Now()))
}

// render returns a view of a label, made when it is first asked for.
func (h *Handler) render(id label.ID, v *view) (*body, error) {
	p, err := h.a.Lookup(id)
	if err != nil {
		return nil, err
	}
	made, err := p.Render(v.name, func() (any, error) {
		b, err := v.render(h, p)
		if err != nil {
			return nil, err
		}
		b.link = []string{"<" + qr.URL(h.base, id) + `>; rel="canonical"`}
		b.next = p.NextChange(p.At)
		return b, nil
	})
	if err != nil {
		return nil, err
	}
	return made.(*body), nil
}

// A Label is a label as JSON. The package comment documents it.
type Label struct {
	ID         label.ID             `json:"id"`
	PrettyID   string               `json:"prettyId"`
	URL        string               `json:"url"`
	State      label.State          `json:"state"`
	Support    label.SupportState   `json:"support"`
	Scheme     label.SchemeRef      `json:"scheme"`
	Level      label.Level          `json:"level"`
	Assurance  label.Assurance      `json:"assurance"`
	Device     label.Device         `json:"device"`
	Maker      label.Party          `json:"maker"`
	Firmware   *label.Firmware      `json:"firmware,omitempty"`
	Labs       []label.LabRef       `json:"labs,omitempty"`
	Issued     time.Time            `json:"issued"`
	Expires    time.Time            `json:"expires"`
	ExpiresFor label.Bound          `json:"expiresFor"`
	SupportEnd label.Date           `json:"supportEnd"`
	Product    label.Product        `json:"product"`
	Criteria   []label.CriterionMet `json:"criteria"`
	LogIndex   int64                `json:"logIndex"`
	Links      Links                `json:"links"`
}

// Links are the addresses of what proves a label, and of its code.
type Links struct {
	Bundle  string `json:"bundle"`
	Device  string `json:"device"`
	Proof   string `json:"proof"`
	Package string `json:"package"`
	QR      string `json:"qr"`
}

func (h *Handler) links(id label.ID) Links {
	u := qr.URL(h.base, id)
	return Links{Bundle: u + "/bundle", Device: u + "/device", Proof: u + "/proof", Package: u + "/package", QR: u + "/qr.svg"}
}

func (h *Handler) renderJSON(p *authority.Published) (*body, error) {
	l := p.Label
	b, err := label.Encode(&Label{
		ID: l.ID, PrettyID: l.ID.Pretty(), URL: l.URL, State: p.State, Support: p.Support,
		Scheme: l.Scheme, Level: l.Level, Assurance: l.Assurance, Device: l.Device, Maker: l.Maker,
		Firmware: l.Firmware, Labs: l.Labs, Issued: l.Issued, Expires: l.Expires, ExpiresFor: l.ExpiresFor,
		SupportEnd: l.Product.SupportEnd, Product: l.Product, Criteria: l.Criteria, LogIndex: p.Index,
		Links: h.links(l.ID),
	})
	if err != nil {
		return nil, err
	}
	return newBody(jsonType, b), nil
}

// A picture is a label's QR code, drawn.
type picture struct{ svg, png *body }

// modulePixels makes the PNG of a usual code about 300 pixels wide.
const modulePixels = 8

// picture answers with a label's QR code.
func (h *Handler) picture(w http.ResponseWriter, r *http.Request, name, path string) {
	id, err := label.ParseID(name)
	if err == nil {
		_, err = h.a.Lookup(id) // no codes for labels that do not exist
	}
	var p *picture
	if err == nil {
		p, err = h.draw(id)
	}
	switch {
	case err != nil:
		h.failTyped(w, r, err, forPrograms, name)
	case path == "/qr.svg":
		h.send(w, r, p.svg, cacheHour)
	default:
		h.send(w, r, p.png, cacheHour)
	}
}

func (h *Handler) draw(id label.ID) (*picture, error) {
	if p, ok := h.pictures.Get(id); ok {
		return p, nil
	}
	code, err := qr.New(qr.Payload(h.base, id))
	if err != nil {
		return nil, err
	}
	png, err := code.PNG(modulePixels)
	if err != nil {
		return nil, err
	}
	p := &picture{svg: newBody("image/svg+xml", code.SVG()), png: newBody("image/png", png)}
	h.pictures.Add(id, p)
	return p, nil
}
