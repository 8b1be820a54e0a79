package web

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/qr"
)

// A feedHandler answers with Atom feeds, in English like all that programs read.
type feedHandler struct {
	makers  Manufacturers
	log     *changeReader
	labels  Labels
	base    string
	english *pageLanguage
}

func newFeedHandler(r *responder, makers Manufacturers, log *changeReader) *feedHandler {
	return &feedHandler{makers: makers, log: log, labels: r.labels, base: r.base, english: r.languages.source()}
}

// manufacturer answers with what happened to the labels of a manufacturer, for readers
// who would rather ask than get notices.
func (h *feedHandler) manufacturer(x exchange) {
	org, list, err := h.makers.Feed(x.first)
	if err != nil {
		x.fail(err)
		return
	}
	x.sendAtom(h.renderFeed(org, list))
}

// epoch is when a feed without entries was changed last.
var epoch = time.Unix(0, 0)

func (h *feedHandler) renderFeed(org *label.Organization, list []*notice.Notice) ([]byte, error) {
	updated := epoch
	if len(list) > 0 {
		updated = list[0].Time
	}
	var entries []notice.Entry
	for _, n := range list {
		e, err := h.noticeEntry(n)
		switch {
		case aboutOneLabel(err):
			entries = append(entries, h.unavailableNoticeEntry(n))
		case err != nil:
			return nil, err
		default:
			entries = append(entries, *e)
		}
	}
	return notice.Feed(h.base+"/", "Product security labels of "+org.Name, h.base+"/feeds/"+org.ID+".atom", updated, entries)
}

// unavailableNoticeEntry says of a notice what is known without the label that it is about,
// which cannot be shown now.
func (h *feedHandler) unavailableNoticeEntry(n *notice.Notice) notice.Entry {
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

// noticeEntry says a notice in words.
func (h *feedHandler) noticeEntry(n *notice.Notice) (*notice.Entry, error) {
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
	p, err := h.labels.Lookup(news.Label)
	if err != nil {
		return nil, err
	}
	e.Link = news.URL
	e.Summary = strings.TrimSpace(news.Why + " " + news.Text)
	if title := announcedTitles[n.Kind]; title != "" && news.Effective.After(n.Time) {
		e.Title = title
		e.Summary += " It takes effect on " + h.english.Date(label.DateOf(news.Effective)) + "."
	}
	e.Title += ": " + p.Label.Device.FullName() + " (" + news.Label.Pretty() + ")"
	if e.Summary == "" {
		_, last := h.english.last(news.Expires, n.Time)
		e.Summary = "The label is valid until " + last + ", and not after that."
	}
	return e, nil
}

// changes answers with the latest changes of labels as Atom: those among the
// last entries of the log. It has no pages and takes no cursor; the ID of an entry
// holds one, so that a change of a log that was restored is another entry than what
// was at its place before.
func (h *feedHandler) changes(x exchange) {
	list, err := h.log.latest(notice.MaxFeed)
	if err != nil {
		x.fail(err)
		return
	}
	x.sendAtom(h.renderChanges(list))
}

func (h *feedHandler) renderChanges(list []Change) ([]byte, error) {
	updated := epoch
	var entries []notice.Entry
	for _, c := range slices.Backward(list) {
		if c.Unavailable != nil {
			entries = append(entries, h.unavailableChangeEntry(c))
			continue
		}
		if c.Change == changeGTIN {
			entries = append(entries, notice.Entry{
				ID: h.base + "/api/changes/" + c.Cursor, Title: "GTIN " + string(c.GTINs[0]) + " belongs to another manufacturer",
				Link: h.base + "/01/" + string(c.GTINs[0]), Updated: c.At, Category: c.Change,
				Summary: "What was known of the product with this number may be of another one. Ask for the number again.",
			})
			continue
		}
		p, err := h.labels.Lookup(c.Label.ID)
		if aboutOneLabel(err) {
			c.Unavailable = &UnavailableLabel{c.Label.ID, cannotBeShown}
			entries = append(entries, h.unavailableChangeEntry(c))
			continue
		}
		if err != nil {
			return nil, err
		}
		summary := c.Label.Title + ". The label is now " + string(c.Label.State) + "."
		if c.Label.OpenAdvisories > 0 {
			summary += " A security notice about the product is open, and there is no fix yet."
		}
		entries = append(entries, notice.Entry{
			ID: h.base + "/api/changes/" + c.Cursor, Title: h.changeTitle(c.Change) + ": " + p.Label.Device.FullName() + " (" + c.Label.ID.Pretty() + ")",
			Link: c.Label.URL, Updated: c.At, Category: c.Change,
			Summary: summary,
		})
	}
	if len(list) > 0 {
		updated = list[len(list)-1].At
	}
	return notice.Feed(h.base+"/", "Changes of product security labels", h.base+"/api/changes.atom", updated, entries)
}

// unavailableChangeEntry says a change of a label that cannot be shown now.
func (h *feedHandler) unavailableChangeEntry(c Change) notice.Entry {
	e := notice.Entry{ID: h.base + "/api/changes/" + c.Cursor, Title: "Cannot be shown", Link: h.base + "/", Updated: c.At, Category: c.Change, Summary: c.Unavailable.Message}
	if e.Updated.IsZero() {
		e.Updated = epoch
	}
	if id := c.Unavailable.ID; id != "" {
		e.Title, e.Link, e.Summary = h.changeTitle(c.Change)+": label "+id.Pretty(), qr.URL(h.base, id), "The label "+c.Unavailable.Message+"."
	}
	return e
}

// changeTitle says what happened in the language of the programme, as the feeds
// are written.
func (h *feedHandler) changeTitle(change string) string {
	switch change {
	case changeIssued:
		return "Issued"
	case string(label.Advise):
		return "Security notice"
	}
	return h.english.Text(actionDisplays[label.Action(change)].done)
}
