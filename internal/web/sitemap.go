package web

import (
	"encoding/xml"
	"strconv"

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

// sitemaps answers with the list of sitemaps.
func (h *searchHandler) sitemaps(x exchange) {
	labels := h.index.snapshot().Len()
	index := sitemapIndex{}
	for n := 1; n == 1 || (n-1)*sitemapSize < labels; n++ {
		index.Maps = append(index.Maps, siteLoc{h.base + "/sitemap/" + strconv.Itoa(n) + ".xml"})
	}
	x.sendXML("application/xml", index)
}

// sitemap answers with one sitemap.
func (h *searchHandler) sitemap(x exchange) {
	all := h.index.snapshot()
	n, err := strconv.Atoi(x.first)
	if err != nil || n < 1 || n > 1 && (n-1)*sitemapSize >= all.Len() {
		x.noPage()
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
	x.sendXML("application/xml", set)
}

// An openSearch lets a browser search here from its own field.
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

// openSearch answers with how a browser searches here from its own field.
func (h *searchHandler) openSearch(x exchange) {
	d := openSearch{ShortName: "Security labels", Description: "Product security labels of " + h.authority.Name, Encoding: "UTF-8"}
	d.URL.Type, d.URL.Template = "text/html", h.base+"/find?q={searchTerms}"
	x.sendXML("application/opensearchdescription+xml", d)
}
