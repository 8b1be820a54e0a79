package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/qr"
)

// feed answers /feeds/ORGANIZATION.atom: what happened to the labels of a
// manufacturer, for those who would rather ask than be told.
func (h *Handler) feed(w http.ResponseWriter, r *http.Request, name string) {
	maker, ok := strings.CutSuffix(name, ".atom")
	if !ok {
		h.noPage(w, r, forPrograms)
		return
	}
	org, list, err := h.a.Feed(maker)
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	text, err := h.renderFeed(org, list)
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, newBody("application/atom+xml; charset=utf-8", text), cacheMinute)
}

// epoch is when a feed without entries was changed last.
var epoch = time.Unix(0, 0)

func (h *Handler) renderFeed(org *label.Organization, list []*notice.Notice) ([]byte, error) {
	updated := epoch
	if len(list) > 0 {
		updated = list[0].Time
	}
	var entries []notice.Entry
	for _, n := range list {
		e, err := h.entry(n)
		switch {
		case aboutOneLabel(err):
			entries = append(entries, h.bareEntry(n))
		case err != nil:
			return nil, err
		default:
			entries = append(entries, *e)
		}
	}
	return notice.Feed(h.base+"/", "Product security labels of "+org.Name, h.base+"/feeds/"+org.ID+".atom", updated, entries)
}

// bareEntry says of a notice what is known without the label that it is about,
// which cannot be shown now.
func (h *Handler) bareEntry(n *notice.Notice) notice.Entry {
	e := notice.Entry{
		ID: h.base + "/notices/" + n.ID, Title: notice.KindOf(n.Kind).Title, Link: h.base + "/", Updated: n.Time, Category: n.Kind,
		Summary: "The label that this is about " + cannotBeShown + ".",
	}
	if id, err := label.ParseID(n.Subject); err == nil {
		e.Title += ": label " + id.Pretty()
		e.Link = qr.URL(h.base, id)
	}
	return e
}

// announcedTitles are those of what is told before it takes effect.
var announcedTitles = map[string]string{
	notice.LabelWithdrawn: "Label will be withdrawn", notice.LabelSuperseded: "Label will be replaced by another",
}

// entry says a notice in words.
func (h *Handler) entry(n *notice.Notice) (*notice.Entry, error) {
	kind := notice.KindOf(n.Kind)
	e := &notice.Entry{ID: h.base + "/notices/" + n.ID, Title: kind.Title, Link: h.base + "/", Updated: n.Time, Category: n.Kind}
	if n.Kind == notice.SchemeChanged {
		var news authority.SchemeNews
		if err := json.Unmarshal(n.Data, &news); err != nil {
			return nil, fmt.Errorf("notice %s: %w", n.ID, err)
		}
		e.Title += ": " + news.Scheme + " " + news.Version
		e.Summary = fmt.Sprintf("Version %s of the scheme %s replaces version %s. Labels under it go on; evaluate your devices to see what it asks of them.", news.Version, news.Scheme, news.Before)
		return e, nil
	}
	var news authority.LabelNews
	if err := json.Unmarshal(n.Data, &news); err != nil {
		return nil, fmt.Errorf("notice %s: %w", n.ID, err)
	}
	p, err := h.a.Lookup(news.Label)
	if err != nil {
		return nil, err
	}
	e.Link = news.URL
	e.Summary = strings.TrimSpace(news.Why + " " + news.Text)
	if title := announcedTitles[n.Kind]; title != "" && news.Effective.After(n.Time) {
		e.Title = title
		e.Summary += " It takes effect on " + h.languages.source().Date(label.DateOf(news.Effective)) + "."
	}
	e.Title += ": " + p.Label.Device.FullName() + " (" + news.Label.Pretty() + ")"
	if e.Summary == "" {
		_, last := h.languages.source().last(news.Expires, n.Time)
		e.Summary = "The label is valid until " + last + ", and not after that."
	}
	return e, nil
}
