package web

import (
	"net/http"
	"slices"

	"labeld/internal/authority"
	"labeld/internal/label"
)

// maxCompared bounds the labels that are put side by side: what a screen holds.
const maxCompared = 4

// A comparePage puts labels side by side.
type comparePage struct {
	frame
	Columns []comparison
	Rows    []row
	Same    int // criteria that all of them meet

	Unavailable []label.ID // that were asked for and cannot be shown now
}

type comparison struct {
	Href, Title, Pretty string
}

// A row is one thing that is compared. Its title has a line to itself, so that all labels
// have room side by side on the narrowest phone.
type row struct {
	Title string
	Cells []cell
}

type cell struct {
	Words string
	Good  bool // with a sign, not by colour alone
	Bad   bool
}

// compare answers /compare?id=&id=.
func (h *Handler) compare(w http.ResponseWriter, r *http.Request) {
	given := r.URL.Query()["id"]
	if n := len(given); n < 1 || n > maxCompared {
		h.fail(w, r, label.Errorf(label.Invalid, label.ReasonOutOfRange, "id", "names %d labels; choose one to %d to put side by side", n, maxCompared), forPeople)
		return
	}
	var list []*authority.Published
	var missing []label.ID
	var last error // of a label that cannot be shown
	for _, s := range given {
		id, err := label.ParseID(s)
		var p *authority.Published
		if err == nil {
			p, err = h.a.Lookup(id)
		}
		if aboutOneLabel(err) {
			missing, last = append(missing, id), err
			continue
		}
		if err != nil {
			h.failInput(w, r, err, forPeople, s)
			return
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		h.fail(w, r, last, forPeople)
		return
	}
	lang := h.languages.of(r)
	page := h.comparePage(lang, list, here(r))
	page.Unavailable = missing
	b, err := lang.body("compare", page)
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	h.send(w, r, b, cacheLabel)
}

func (h *Handler) comparePage(lang *pageLanguage, list []*authority.Published, here string) *comparePage {
	p := &comparePage{frame: newFrame(lang.Text("compare.title"), h.a.Trust().Authority, here)}
	for _, l := range list {
		p.Columns = append(p.Columns, comparison{"/l/" + string(l.Label.ID), l.Label.Device.FullName(), l.Label.ID.Pretty()})
	}
	add := func(title string, f func(*authority.Published) cell) {
		r := row{Title: lang.Text(title)}
		for _, l := range list {
			r.Cells = append(r.Cells, f(l))
		}
		p.Rows = append(p.Rows, r)
	}
	words := func(f func(*authority.Published) string) func(*authority.Published) cell {
		return func(l *authority.Published) cell { return cell{Words: f(l)} }
	}
	add("compare.state", func(l *authority.Published) cell {
		b := summarize(lang, l.State, &l.Standing)
		return cell{b.Text, b.Class == summaryGood, b.Class == summaryOff}
	})
	add("compare.level", words(func(l *authority.Published) string {
		w := h.describe(lang, l.Label)
		return lang.Text("label.level", "number", l.Label.Level.Number, "of", l.Label.Level.Of, "name", w.level)
	}))
	add("compare.scheme", words(func(l *authority.Published) string {
		w := h.describe(lang, l.Label)
		return w.scheme + " " + l.Label.Scheme.Version
	}))
	add("compare.checked", words(func(l *authority.Published) string { return lang.Text(assuranceWords[l.Label.Assurance]) }))
	add("compare.support", words(func(l *authority.Published) string {
		date := lang.Date(l.Label.Product.SupportEnd)
		if ended(l.State) {
			return lang.Text("label.updates-promised", "date", date)
		}
		return date
	}))
	add("compare.updates", words(func(l *authority.Published) string { return lang.Text(updateWords[l.Label.Product.Updates]) }))
	add("compare.valid", func(l *authority.Published) cell { return cell{Words: until(lang, l), Bad: l.State != label.Active} })
	add("compare.notices", words(func(l *authority.Published) string { return lang.Number(h.answerOf(l).Label.Advisories) }))
	add("compare.maker", words(func(l *authority.Published) string { return l.Label.Maker.Name }))
	add("compare.model", words(func(l *authority.Published) string { return l.Label.Device.Model }))
	h.compareCriteria(lang, p, list)
	return p
}

// until says until when a label is valid, or that it is not: of a label that has ended no
// day is shown that is still to come.
func until(lang *pageLanguage, l *authority.Published) string {
	_, last := lang.lastNamed(&l.Standing, l.Label)
	switch {
	case l.State == label.Active:
		return last
	case l.State == label.Suspended:
		return lang.Text("compare.paused")
	case l.State.Final():
		return lang.Text("compare.ended", "date", lang.Date(label.DateOf(l.Ends())))
	}
	return lang.Text("compare.ended", "date", last)
}

// updateWords say how updates get into a product.
var updateWords = map[string]string{"automatic": "compare.automatic", "manual": "compare.manual", "none": "compare.none"}

// compareCriteria adds the criteria in which labels differ, and those that none of them
// meets any more.
func (h *Handler) compareCriteria(lang *pageLanguage, p *comparePage, list []*authority.Published) {
	cells := make([]map[string]cell, len(list))
	var order []string
	titles := map[string]string{}
	for i, l := range list {
		cells[i] = map[string]cell{}
		w := h.describe(lang, l.Label)
		for j := range l.Label.Criteria {
			c := &l.Label.Criteria[j]
			switch by := w.by(l, c); criterionState(l, c) {
			case criterionRevoked:
				cells[i][c.ID] = cell{Words: by, Bad: true}
			case label.CriterionNotApplicable:
				cells[i][c.ID] = cell{Words: lang.Text("basis.by-none")}
			default:
				cells[i][c.ID] = cell{Words: by, Good: true}
			}
			if titles[c.ID] == "" {
				order = append(order, c.ID)
			}
			titles[c.ID] = w.title(c.ID)
		}
	}
	for _, id := range order {
		r, same := row{Title: titles[id]}, true
		for i := range list {
			c, ok := cells[i][id]
			if !ok {
				c = cell{Words: lang.Text("compare.not-claimed"), Bad: true}
			}
			r.Cells = append(r.Cells, c)
			same = same && c == r.Cells[0]
		}
		switch {
		case same && r.Cells[0].Good:
			p.Same++
			continue
		case same && !r.Cells[0].Bad:
			continue
		}
		p.Rows = append(p.Rows, r)
	}
}
