package web

import (
	"net/http"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// At /01/ there is a GS1-conformant resolver for the products that have labels
// (GS1-Conformant Resolver standard 1.2; linksets by RFC 9264). It does not read
// compressed URIs.

// Media type and vocabulary of linksets.
const (
	linksetType   = "application/linkset+json"
	gs1Vocabulary = "https://gs1.org/voc/"
	gs1Context    = "https://ref.gs1.org/standards/resolver/linkset-context"
)

// reasonNoLink is the reason for a type of link that a product does not have.
const reasonNoLink label.Reason = "NO_SUCH_LINK"

// A target is where a link leads to (RFC 9264, 4.2.4.1).
type target struct {
	Href     string   `json:"href"`
	Title    string   `json:"title"`
	Type     string   `json:"type,omitempty"`
	Language []string `json:"hreflang,omitempty"`
}

// A relation is a type of link, by its name in GS1's vocabulary, and where such
// links of a product lead to.
type relation struct {
	name    string
	targets []target
}

// A resolver leads from the barcode number of a product to its label.
type resolver struct {
	labels      Labels
	base        string
	description *body
}

func newResolver(r *responder) (*resolver, error) {
	// What the resolver can do, for /.well-known/gs1resolver.
	b, err := label.Encode(map[string]any{
		"name":                 r.authority.Name,
		"resolverRoot":         r.base,
		"supportedPrimaryKeys": []string{"01"},
		"supportedLinkType":    []map[string]string{{"namespace": gs1Vocabulary, "prefix": "gs1:"}},
	})
	return &resolver{labels: r.labels, base: r.base, description: newBody(jsonType, b)}, err
}

// describe answers with what the resolver can do.
func (h *resolver) describe(x exchange) { x.send(h.description) }

// relations returns the links of a labelled product, the default first.
func (h *resolver) relations(p *authority.Published) []relation {
	l, page := p.Label, qr.URL(h.base, p.Label.ID)
	name := l.Device.FullName()
	list := []relation{
		{"defaultLink", []target{{Href: page, Title: "Security label of " + name, Type: "text/html"}}},
		{"certificationInfo", []target{
			{Href: page, Title: "Security label of " + name, Type: "text/html"},
			{Href: page + ".json", Title: "Security label of " + name + ", for programs", Type: jsonType},
			{Href: page + "/bundle", Title: "The label, signed", Type: label.BundleType},
		}},
		{"safetyInfo", []target{{Href: page + "#notices", Title: "Security notices about " + name, Type: "text/html"}}},
		{"support", []target{{Href: page + "#report", Title: "Report a problem with " + name, Type: "text/html"}}},
	}
	if l.Product.Page != "" {
		list = append(list, relation{"pip", []target{{Href: l.Product.Page, Title: name + " at its manufacturer"}}})
	}
	return list
}

// A resolution is what the resolver knows about a labelled product by one of its barcode
// numbers.
type resolution struct {
	relations []relation
	linkset   *body
	link      []string  // header that leads to the linkset
	change    time.Time // when the label stands otherwise; zero for never
}

// resolution returns the resolution of a product, made when it is first asked for.
func (h *resolver) resolution(p *authority.Published, g label.GTIN) (*resolution, error) {
	made, err := p.Render("web.gs1."+string(g), func() (any, error) {
		anchor := h.base + "/01/" + string(g)
		r := &resolution{relations: h.relations(p), change: p.NextChange(p.At), link: []string{
			"<" + anchor + `?linkType=linkset>; rel="linkset"; type="` + linksetType + `"`,
			"<" + gs1Context + `>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"`,
		}}
		var err error
		if r.linkset, err = renderLinkset(anchor, r.relations); err == nil {
			r.linkset.next = r.change
		}
		return r, err
	})
	if err != nil {
		return nil, err
	}
	return made.(*resolution), nil
}

// resolve answers a Digital Link: a GTIN and what qualifies it.
func (h *resolver) resolve(x exchange) {
	_, path, _ := strings.Cut(qr.Unescape(x.r.URL.EscapedPath()), "/01/")
	d, err := label.ParseDigitalLink(path, qr.Unescape(x.r.URL.RawQuery))
	if err != nil {
		x.failInput(err, path)
		return
	}
	var known *resolution
	p, err := h.labels.ByGTIN(d.GTIN)
	if err == nil {
		known, err = h.resolution(p, d.GTIN)
	}
	if err != nil {
		x.failInput(err, printedGTIN(d.GTIN))
		return
	}
	x.w.Header()["Link"] = known.link
	x.w.Header()["Vary"] = varyAccept
	if d.LinkType == "linkset" || d.LinkType == "all" || d.LinkType == "" && wantsLinkset(x.r.Header) {
		x.send(known.linkset)
		return
	}
	to, err := known.to(d.LinkType)
	if err != nil {
		x.fail(err)
		return
	}
	x.redirect(http.StatusTemporaryRedirect, withQuery(strings.TrimPrefix(to, h.base), d.Query), cacheUntil(known.change, h.labels.Now()))
}

// to returns where the link of a type leads to, named as gs1:NAME or by its
// whole URI.
func (r *resolution) to(linkType string) (string, error) {
	name := "defaultLink"
	if linkType != "" {
		var ok bool
		for _, prefix := range []string{"gs1:", gs1Vocabulary, "http://gs1.org/voc/"} {
			if name, ok = strings.CutPrefix(linkType, prefix); ok {
				break
			}
		}
	}
	for _, rel := range r.relations {
		if rel.name == name {
			return rel.targets[0].Href, nil
		}
	}
	return "", label.Errorf(label.NotFound, reasonNoLink, "linkType", "there is no link of the type %.80q; linkType=linkset lists those there are", linkType)
}

// withQuery adds the parameters that a Digital Link had to the address that it
// leads to.
func withQuery(to string, query []string) string {
	if len(query) == 0 {
		return to
	}
	to, fragment, hasFragment := strings.Cut(to, "#")
	join := "?"
	if strings.Contains(to, "?") {
		join = "&"
	}
	to += join + strings.Join(query, "&")
	if hasFragment {
		to += "#" + fragment
	}
	return to
}

// renderLinkset writes a linkset with one context object (RFC 9264, 4.2).
func renderLinkset(anchor string, links []relation) (*body, error) {
	context := map[string]any{"anchor": anchor}
	for _, rel := range links {
		context[gs1Vocabulary+rel.name] = rel.targets
	}
	b, err := label.Encode(map[string]any{"linkset": []any{context}})
	if err != nil {
		return nil, err
	}
	return newBody(linksetType, b), nil
}

// wantsLinkset reports whether a client asks for a linkset by name.
func wantsLinkset(header http.Header) bool {
	for _, field := range header["Accept"] {
		for part := range strings.SplitSeq(field, ",") {
			media, params, _ := strings.Cut(part, ";")
			if q, ok := quality(params); ok && q > 0 && strings.EqualFold(strings.Trim(media, " \t"), linksetType) {
				return true
			}
		}
	}
	return false
}
