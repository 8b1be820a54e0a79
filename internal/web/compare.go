package web

import (
	"slices"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/scheme"
)

// maxCompared bounds the labels that are put side by side to what a screen can show.
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

// A row is one thing that is compared. Its title has a line of its own, so that all labels
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

// compare answers with labels side by side.
func (h *searchHandler) compare(x exchange) {
	given := x.r.URL.Query()["id"]
	if n := len(given); n < 1 || n > maxCompared {
		x.fail(label.Errorf(label.Invalid, label.ReasonOutOfRange, "id", "names %d labels; choose one to %d to put side by side", n, maxCompared))
		return
	}
	var list []*authority.Published
	var missing []label.ID
	var last error // of a label that cannot be shown
	for _, s := range given {
		id, err := label.ParseID(s)
		var p *authority.Published
		if err == nil {
			p, err = h.labels.Lookup(id)
		}
		if aboutOneLabel(err) {
			missing, last = append(missing, id), err
			continue
		}
		if err != nil {
			x.failInput(err, s)
			return
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	if len(list) == 0 {
		x.fail(last)
		return
	}
	lang := x.language()
	page := h.comparePage(lang, list, requestAddress(x.r))
	page.Unavailable = missing
	x.sendPage(lang, "compare", page, "")
}

// comparePage returns the page with labels side by side.
func (h *searchHandler) comparePage(lang *pageLanguage, list []*authority.Published, here string) *comparePage {
	p := &comparePage{frame: newFrame(lang.Text("compare.title"), h.authority, here)}
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
		return cell{b.Text, b.Class == summaryGood, b.Class == summaryBad}
	})
	result := "compare.level"
	if slices.ContainsFunc(list, func(l *authority.Published) bool { return l.Label.Level.Presentation != label.Ladder }) {
		result = "label.result"
	}
	plain := func(s string) string { return s }
	add(result, words(func(l *authority.Published) string {
		return lang.Called(scheme.OnPage, l.Label.Scheme, l.Label.Level, plain, plain)
	}))
	add("compare.scheme", words(func(l *authority.Published) string {
		w := h.words.schemeOf(lang, l.Label)
		return w.scheme + " " + l.Label.Scheme.Version
	}))
	add("compare.checked", words(func(l *authority.Published) string { return lang.Text(assurances[l.Label.Assurance]) }))
	add("compare.support", words(func(l *authority.Published) string {
		date := lang.Date(l.Label.Product.SupportEnd)
		if ended(l.State) {
			return lang.Text("label.updates-promised", "date", date)
		}
		return date
	}))
	add("compare.updates", words(func(l *authority.Published) string { return lang.Text(updates[l.Label.Product.Updates]) }))
	add("compare.valid", func(l *authority.Published) cell { return cell{Words: until(lang, l), Bad: l.State != label.Active} })
	add("compare.notices", words(func(l *authority.Published) string { return lang.Number(l.Concerns()) }))
	add("compare.maker", words(func(l *authority.Published) string { return l.Label.Maker.Name }))
	add("compare.model", words(func(l *authority.Published) string { return l.Label.Device.Model }))
	h.compareCriteria(lang, p, list)
	return p
}

// until says until when a label is valid, or that it is not valid. Of a label that has
// ended it never shows a day in the future.
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

// compareCriteria adds the criteria in which labels differ, and those that no label meets
// any more.
func (h *searchHandler) compareCriteria(lang *pageLanguage, p *comparePage, list []*authority.Published) {
	cells := make([]map[string]cell, len(list))
	var order []string
	titles := map[string]string{}
	for i, l := range list {
		cells[i] = map[string]cell{}
		w := h.words.schemeOf(lang, l.Label)
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
