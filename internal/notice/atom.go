package notice

import (
	"encoding/xml"
	"net/url"
	"strconv"
	"time"

	"labeld/internal/label"
)

// An Entry is one entry of a feed.
type Entry struct {
	ID       string // a tag: or https: URI, which never changes and is used for nothing else
	Title    string
	Link     string // the page about it, absolute or relative to the feed's base
	Updated  time.Time
	Summary  string // plain text; may be empty
	Category string // such as a notice's kind; may be empty
}

// Elements of RFC 4287, as far as used.
type (
	atomFeed struct {
		XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
		ID      string      `xml:"id"`
		Title   string      `xml:"title"`
		Updated string      `xml:"updated"`
		Author  atomAuthor  `xml:"author"`
		Links   []atomLink  `xml:"link"`
		Entries []atomEntry `xml:"entry"`
	}
	atomAuthor struct {
		Name string `xml:"name"`
		URI  string `xml:"uri"`
	}
	atomLink struct {
		Rel  string `xml:"rel,attr"`
		Href string `xml:"href,attr"`
	}
	atomEntry struct {
		ID       string        `xml:"id"`
		Title    string        `xml:"title"`
		Updated  string        `xml:"updated"`
		Link     atomLink      `xml:"link"`
		Category *atomCategory `xml:"category"`
		Summary  string        `xml:"summary,omitempty"`
	}
	atomCategory struct {
		Term string `xml:"term,attr"`
	}
)

// Feed renders an Atom feed (RFC 4287) of the site at base, whose host is given
// as its author. If id is a web address, it is that of the feed itself.
func Feed(base, title, id string, updated time.Time, entries []Entry) ([]byte, error) {
	site, err := url.Parse(base)
	if err != nil || site.Host == "" {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "base", "is not an absolute URL such as https://labels.example/")
	}
	if err := validateAtom("", id, title, updated); err != nil {
		return nil, err
	}
	feed := atomFeed{
		ID: id, Title: title, Updated: atomTime(updated),
		Author: atomAuthor{site.Host, base},
		Links:  []atomLink{{"alternate", base}},
	}
	if u, err := url.Parse(id); err == nil && u.Host != "" {
		feed.Links = append(feed.Links, atomLink{"self", id})
	}
	for i, e := range entries {
		field := "entries[" + strconv.Itoa(i) + "]."
		if err := validateAtom(field, e.ID, e.Title, e.Updated); err != nil {
			return nil, err
		}
		link, err := site.Parse(e.Link)
		if err != nil || e.Link == "" {
			return nil, label.Errorf(label.Invalid, label.ReasonMalformed, field+"link", "is not a URL; an entry has a page to link to")
		}
		entry := atomEntry{
			ID: e.ID, Title: e.Title, Updated: atomTime(e.Updated),
			Link: atomLink{"alternate", link.String()}, Summary: e.Summary,
		}
		if e.Category != "" {
			entry.Category = &atomCategory{e.Category}
		}
		feed.Entries = append(feed.Entries, entry)
	}
	b, err := xml.MarshalIndent(feed, "", " ")
	if err != nil {
		return nil, err
	}
	return append([]byte(xml.Header), append(b, '\n')...), nil
}

// validateAtom checks what RFC 4287 4.1.1 and 4.1.2 require of feeds and entries.
func validateAtom(field, id, title string, updated time.Time) error {
	u, err := url.Parse(id)
	switch {
	case err != nil || !u.IsAbs():
		return label.Errorf(label.Invalid, label.ReasonMalformed, field+"id", "is not an absolute URI; use a tag: or https: one")
	case title == "":
		return label.Errorf(label.Invalid, label.ReasonMissing, field+"title", "is missing")
	case updated.IsZero():
		return label.Errorf(label.Invalid, label.ReasonMissing, field+"updated", "is missing")
	}
	return nil
}

func atomTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }
