package web

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"strconv"
	"strings"

	"labeld/internal/qr"
)

// sitemapSize is how many addresses one sitemap has at most (sitemaps.org).
const sitemapSize = 50_000

type sitemapIndex struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 sitemapindex"`
	Maps    []siteLoc `xml:"sitemap"`
}

type sitemapSet struct {
	XMLName xml.Name  `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []siteLoc `xml:"url"`
}

type siteLoc struct {
	Loc string `xml:"loc"`
}

// sitemap answers /sitemap.xml, an index, and /sitemap/{n}.xml.
func (h *Handler) sitemap(w http.ResponseWriter, r *http.Request, name string) {
	all := h.index.Snapshot()
	if name == "" {
		index := sitemapIndex{}
		for n := 1; n == 1 || (n-1)*sitemapSize < all.Len(); n++ {
			index.Maps = append(index.Maps, siteLoc{h.base + "/sitemap/" + strconv.Itoa(n) + ".xml"})
		}
		h.sendXML(w, r, "application/xml", index)
		return
	}
	text, ok := strings.CutSuffix(name, ".xml")
	n, err := strconv.Atoi(text)
	if !ok || err != nil || n < 1 || n > 1 && (n-1)*sitemapSize >= all.Len() {
		h.noPage(w, r, forPrograms)
		return
	}
	set := sitemapSet{}
	if n == 1 {
		set.URLs = append(set.URLs, siteLoc{h.base + "/"}, siteLoc{h.base + "/api"})
	}
	skip := (n - 1) * sitemapSize
	for id := range all.IDs() {
		if skip--; skip >= 0 {
			continue
		}
		if set.URLs = append(set.URLs, siteLoc{qr.URL(h.base, id)}); len(set.URLs) == sitemapSize {
			break
		}
	}
	h.sendXML(w, r, "application/xml", set)
}

// openSearch lets a browser search here from its own field.
type openSearch struct {
	XMLName     xml.Name `xml:"http://a9.com/-/spec/opensearch/1.1/ OpenSearchDescription"`
	ShortName   string   `xml:"ShortName"`
	Description string   `xml:"Description"`
	Encoding    string   `xml:"InputEncoding"`
	URL         struct {
		Type     string `xml:"type,attr"`
		Template string `xml:"template,attr"`
	} `xml:"Url"`
}

func (h *Handler) openSearch(w http.ResponseWriter, r *http.Request) {
	d := openSearch{ShortName: "Security labels", Description: "Product security labels of " + h.a.Trust().Authority.Name, Encoding: "UTF-8"}
	d.URL.Type, d.URL.Template = "text/html", h.base+"/find?q={searchTerms}"
	h.sendXML(w, r, "application/opensearchdescription+xml", d)
}

func (h *Handler) sendXML(w http.ResponseWriter, r *http.Request, typ string, v any) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	if err := xml.NewEncoder(&b).Encode(v); err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, newBody(typ, b.Bytes()), cacheMinute)
}
