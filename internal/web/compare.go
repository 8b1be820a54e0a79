package web

import (
	"net/http"
	"slices"
	"strconv"

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
}

type comparison struct {
	Href, Title, Pretty string
}

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
		h.fail(w, r, label.Errorf(label.Invalid, label.ReasonOutOfRange, "id", "names %d labels; choose two to %d to put side by side", n, maxCompared), forPeople)
		return
	}
	var list []*authority.Published
	for _, s := range given {
		id, err := label.ParseID(s)
		var p *authority.Published
		if err == nil {
			p, err = h.a.Lookup(id)
		}
		if err != nil {
			h.failTyped(w, r, err, forPeople, s)
			return
		}
		if !slices.Contains(list, p) {
			list = append(list, p)
		}
	}
	b, err := renderTemplate("compare", h.comparePage(list))
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	h.send(w, r, newBody(htmlType, b), cacheLabel)
}

func (h *Handler) comparePage(list []*authority.Published) *comparePage {
	p := &comparePage{frame: newFrame("Labels side by side", h.a.Trust().Authority)}
	for _, l := range list {
		p.Columns = append(p.Columns, comparison{"/l/" + string(l.Label.ID), l.Label.Device.FullName(), l.Label.ID.Pretty()})
	}
	add := func(title string, f func(*authority.Published) cell) {
		r := row{Title: title}
		for _, l := range list {
			r.Cells = append(r.Cells, f(l))
		}
		p.Rows = append(p.Rows, r)
	}
	words := func(f func(*authority.Published) string) func(*authority.Published) cell {
		return func(l *authority.Published) cell { return cell{Words: f(l)} }
	}
	add("State", func(l *authority.Published) cell {
		return cell{stateWords[l.State], l.State == label.Active, l.State != label.Active}
	})
	add("Level", words(func(l *authority.Published) string {
		return strconv.Itoa(l.Label.Level.Number) + " of " + strconv.Itoa(l.Label.Level.Of) + ": " + l.Label.Level.Name
	}))
	add("Scheme", words(func(l *authority.Published) string { return l.Label.Scheme.Name + " " + l.Label.Scheme.Version }))
	add("Checked", words(func(l *authority.Published) string { return assuranceWords[l.Label.Assurance] }))
	add("Security updates until", words(func(l *authority.Published) string { return newDay(l.Label.Product.SupportEnd).Words }))
	add("Updates", words(func(l *authority.Published) string { return updateWords[l.Label.Product.Updates] }))
	add("Label valid until", words(func(l *authority.Published) string { return lastDay(l.Expires).Words }))
	add("Security notices", words(func(l *authority.Published) string { return strconv.Itoa(h.answerOf(l).Label.Advisories) }))
	add("Manufacturer", words(func(l *authority.Published) string { return l.Label.Maker.Name }))
	add("Model number", words(func(l *authority.Published) string { return l.Label.Device.Model }))
	h.compareCriteria(p, list)
	return p
}

// updateWords say how updates get into a product.
var updateWords = map[string]string{"automatic": "Automatic", "manual": "By hand", "none": "None"}

// compareCriteria adds the criteria in which labels differ.
func (h *Handler) compareCriteria(p *comparePage, list []*authority.Published) {
	by := make([]map[string]string, len(list))
	var order []string
	titles := map[string]string{}
	for i, l := range list {
		by[i] = map[string]string{}
		d := &labelPage{}
		h.describe(d, l)
		for n, c := range l.Label.Criteria {
			by[i][c.ID] = c.By
			if titles[c.ID] == "" {
				order = append(order, c.ID)
			}
			titles[c.ID] = d.Criteria[n].Title
		}
	}
	for _, id := range order {
		r, same := row{Title: titles[id]}, true
		for i := range list {
			c := cell{Words: "not claimed", Bad: true}
			if who, ok := by[i][id]; ok {
				c = cell{Words: checkers[who], Good: true}
			}
			r.Cells = append(r.Cells, c)
			same = same && c == r.Cells[0]
		}
		if same {
			p.Same++
			continue
		}
		p.Rows = append(p.Rows, r)
	}
}
