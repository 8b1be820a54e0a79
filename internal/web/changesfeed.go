package web

import (
	"net/http"
	"slices"
	"strconv"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/qr"
)

// changesFeed answers with the latest changes of labels as Atom: those among the
// last entries of the log. It has no pages and takes no cursor; the ID of an entry
// holds one, so that a change of a log that was restored is another entry than what
// was at its place before.
func (h *Handler) changesFeed(w http.ResponseWriter, r *http.Request) {
	list, _, _, err := h.changesAfter(max(0, h.a.LogSize()-notice.MaxFeed), notice.MaxFeed)
	var text []byte
	if err == nil {
		text, err = h.renderChanges(list)
	}
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, newBody("application/atom+xml; charset=utf-8", text), cacheLabel)
}

func (h *Handler) renderChanges(list []Change) ([]byte, error) {
	updated := epoch
	var entries []notice.Entry
	for _, c := range slices.Backward(list) {
		if c.Unavailable != nil {
			entries = append(entries, h.unavailableEntry(c))
			continue
		}
		if c.Change == reassigned {
			entries = append(entries, notice.Entry{
				ID: h.base + "/api/changes/" + c.Cursor, Title: "GTIN " + string(c.GTINs[0]) + " belongs to another manufacturer",
				Link: h.base + "/01/" + string(c.GTINs[0]), Updated: c.At, Category: c.Change,
				Summary: "What was known of the product with this number may be of another one. Ask for the number again.",
			})
			continue
		}
		p, err := h.a.Lookup(c.Label.ID)
		if aboutOneLabel(err) {
			c.Unavailable = &UnavailableLabel{c.Label.ID, cannotBeShown}
			entries = append(entries, h.unavailableEntry(c))
			continue
		}
		if err != nil {
			return nil, err
		}
		summary := "Level " + strconv.Itoa(c.Label.Level.Number) + " of " + strconv.Itoa(c.Label.Level.Of) + ". The label is now " + string(c.Label.State) + "."
		if c.Label.OpenAdvisories > 0 {
			summary += " A security notice about the product is open: nothing mends it yet."
		}
		entries = append(entries, notice.Entry{
			ID: h.base + "/api/changes/" + c.Cursor, Title: h.changeWords(c.Change) + ": " + p.Label.Device.FullName() + " (" + c.Label.ID.Pretty() + ")",
			Link: c.Label.URL, Updated: c.At, Category: c.Change,
			Summary: summary,
		})
	}
	if len(list) > 0 {
		updated = list[len(list)-1].At
	}
	return notice.Feed(h.base+"/", "Changes of product security labels", h.base+"/api/changes.atom", updated, entries)
}

// unavailableEntry says a change of a label that cannot be shown now.
func (h *Handler) unavailableEntry(c Change) notice.Entry {
	e := notice.Entry{ID: h.base + "/api/changes/" + c.Cursor, Title: "Cannot be shown", Link: h.base + "/", Updated: c.At, Category: c.Change, Summary: c.Unavailable.Message}
	if e.Updated.IsZero() {
		e.Updated = epoch
	}
	if id := c.Unavailable.ID; id != "" {
		e.Title, e.Link, e.Summary = h.changeWords(c.Change)+": label "+id.Pretty(), qr.URL(h.base, id), "The label "+c.Unavailable.Message+"."
	}
	return e
}

// changeWords says what happened in the language of the programme, as the feeds
// are written.
func (h *Handler) changeWords(change string) string {
	switch change {
	case issued:
		return "Issued"
	case string(label.Advise):
		return "Security notice"
	}
	return h.languages.source().Text(happened[label.Action(change)])
}
