package web

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/search"
)

const (
	// followEntries is how many log entries the index reads at a time, and
	// followEvery how often it looks for new ones.
	followEntries = 1024
	followEvery   = 250 * time.Millisecond
)

// Follow keeps the search index up with the log until ctx ends. It begins at the
// first entry: the index is made from nothing else.
func (h *Handler) Follow(ctx context.Context) error {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		if err := h.CatchUp(ctx); err != nil && ctx.Err() == nil {
			h.log.Error("reading the log into the search index; trying again", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// CatchUp reads what the log has that the search index has not. It is called by
// one goroutine at a time.
func (h *Handler) CatchUp(ctx context.Context) error {
	for h.read+1 < h.a.LogSize() && ctx.Err() == nil {
		list, next, more, err := h.a.Read(h.read, followEntries)
		if err != nil {
			return err
		}
		records := make([]*search.Record, len(list))
		for i, l := range list {
			records[i] = search.NewRecord(&l.History, l.Index, h.a.Now())
		}
		if len(records) > 0 {
			h.index.Put(records)
		}
		h.read = next
		if !more {
			break
		}
	}
	h.complete.Store(true)
	return ctx.Err()
}

// A searchPage is what is shown of a search.
type searchPage struct {
	frame
	Typed      string
	Heading    string
	Maker      *label.Party // whose page it is; nil for the search of all
	Feed       string
	Total      int
	Reading    bool // the index is not complete yet
	Results    []result
	Filters    []filter
	Chosen     []option // filters that are set; each leads to the search without it
	Sorts      []option
	Propose    option
	Prev, Next string
	Page       int
	Pages      int
	Hidden     []option // what the form keeps
}

// A result is one label in a list.
type result struct {
	*search.Record
	Title    string
	State    string
	Tone     string
	Kind     string
	Support  day
	Assured  string
	Selected bool
}

// A filter narrows a search.
type filter struct {
	Title   string
	Options []option
}

// An option is a link to another search, or a value of a form.
type option struct {
	Words string
	Href  string
	Value string
	Count int
	On    bool
}

// stateWords are the states in a word.
var stateWords = map[label.State]string{
	label.Active: "Valid", label.Suspended: "Suspended", label.Expired: "Expired", label.Revoked: "Revoked",
	label.Withdrawn: "Withdrawn", label.Superseded: "Replaced",
}

var assuranceWords = map[label.Assurance]string{
	label.LabTested: "Tested by a laboratory", label.SelfDeclared: "Stated by the manufacturer",
}

var sortWords = map[search.Sort]string{
	search.Best: "Best match", search.Newest: "Newest", search.Level: "Level", search.Name: "Name", search.Support: "Longest updates",
}

// searched are the parameters of a search.
var searched = []string{"q", "category", "level", "state", "scheme", "checked", "maker", "sort", "page"}

// wantsSearch reports whether an address of the home page asks for a search.
func wantsSearch(q url.Values) bool {
	return slices.ContainsFunc(searched, func(name string) bool { return q.Has(name) })
}

// readQuery reads a search from an address.
func readQuery(v url.Values) (q search.Query, err error) {
	number := func(name string) int {
		s := v.Get(name)
		if s == "" || err != nil {
			return 0
		}
		n, bad := strconv.Atoi(s)
		if bad != nil || n < 1 {
			err = label.Errorf(label.Invalid, label.ReasonOutOfRange, name, "must be a number from 1 on")
		}
		return n
	}
	q = search.Query{
		Text: strings.TrimSpace(v.Get("q")), Category: v.Get("category"), Level: number("level"), Scheme: v.Get("scheme"),
		State: label.State(v.Get("state")), Assurance: label.Assurance(v.Get("checked")), Manufacturer: v.Get("maker"),
		Sort: search.Sort(v.Get("sort")), Page: number("page"),
	}
	if err == nil {
		err = q.Check()
	}
	return q, err
}

// address returns where a search is found, at a path.
func address(path string, q search.Query) string {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("q", q.Text)
	set("category", q.Category)
	set("scheme", q.Scheme)
	set("state", string(q.State))
	set("checked", string(q.Assurance))
	if path == "/" {
		set("maker", q.Manufacturer)
	}
	set("sort", string(q.Sort))
	if q.Level > 0 {
		set("level", strconv.Itoa(q.Level))
	}
	if q.Page > 1 {
		set("page", strconv.Itoa(q.Page))
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// searchLabels answers with the results of a search: of all labels, or at a
// manufacturer's page of its own.
func (h *Handler) searchLabels(w http.ResponseWriter, r *http.Request, path string, maker *label.Party) {
	q, err := readQuery(r.URL.Query())
	if maker != nil {
		q.Manufacturer = maker.ID
	}
	var found *search.Result
	if err == nil {
		found, err = h.index.Snapshot().Find(q, h.a.Now())
	}
	if err != nil {
		h.failTyped(w, r, err, forPeople, q.Text)
		return
	}
	b, err := renderTemplate("search", h.searchPage(path, q, found, maker))
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	made := newBody(htmlType, b)
	made.link = []string{"<" + template.HTMLEscapeString(h.base+address(path, q)) + `>; rel="canonical"`}
	h.send(w, r, made, cacheLabel)
}

func (h *Handler) searchPage(path string, q search.Query, found *search.Result, maker *label.Party) *searchPage {
	p := &searchPage{
		Typed: q.Text, Heading: "Product security labels", Maker: maker, Total: found.Total, Reading: !h.complete.Load(),
		Page: max(q.Page, 1), Pages: found.Pages,
	}
	if maker != nil {
		p.Heading, p.Feed = maker.Name, "/feeds/"+maker.ID+".atom"
	}
	p.frame = newFrame(p.Heading+pageOf(p.Page), h.a.Trust().Authority)
	for _, rec := range found.Records {
		p.Results = append(p.Results, h.result(rec))
	}
	p.Filters = h.filters(path, q, found)
	p.Chosen = h.chosen(path, q)
	for _, s := range search.Sorts {
		next := q
		next.Sort, next.Page = s, 0
		p.Sorts = append(p.Sorts, option{Words: sortWords[s], Href: address(path, next), On: s == q.Sort})
	}
	if found.Propose != "" {
		next := q
		next.Text, next.Page = found.Propose, 0
		p.Propose = option{Words: found.Propose, Href: address(path, next)}
	}
	turn := func(to int) string {
		next := q
		next.Page = to
		return address(path, next)
	}
	if p.Page > 1 {
		p.Prev = turn(p.Page - 1)
	}
	if p.Page < p.Pages {
		p.Next = turn(p.Page + 1)
	}
	kept, err := url.ParseQuery(strings.TrimPrefix(address(path, q), path+"?"))
	for _, name := range searched {
		if v := kept.Get(name); err == nil && v != "" && name != "q" && name != "page" {
			p.Hidden = append(p.Hidden, option{Words: name, Value: v})
		}
	}
	return p
}

func pageOf(n int) string {
	if n == 1 {
		return ""
	}
	return ", page " + strconv.Itoa(n)
}

func (h *Handler) result(rec *search.Record) result {
	state := rec.State(h.a.Now())
	out := result{
		Record: rec, Title: (&label.Device{Brand: rec.Brand, Name: rec.Name}).FullName(), State: stateWords[state], Tone: "off",
		Kind: h.category(rec.Category), Support: newDay(rec.SupportEnd), Assured: assuranceWords[rec.Assurance],
	}
	if state == label.Active {
		out.Tone = "on"
	}
	return out
}

// category returns a category in words.
func (h *Handler) category(id string) string {
	if c := h.a.Programme().Categories[id]; c != nil {
		return c.Name
	}
	return id
}

// filters offers what would narrow a search, with how many labels that leaves.
func (h *Handler) filters(path string, q search.Query, found *search.Result) []filter {
	var list []filter
	add := func(title string, options []option) {
		if len(options) > 1 {
			slices.SortFunc(options, func(a, b option) int { return strings.Compare(a.Words, b.Words) })
			list = append(list, filter{title, options})
		}
	}
	offer := func(words string, count int, change func(*search.Query)) option {
		next := q
		next.Page = 0
		change(&next)
		return option{Words: words, Href: address(path, next), Count: count, On: next == q}
	}
	var options []option
	for n, count := range found.Levels {
		options = append(options, offer("Level "+strconv.Itoa(n), count, func(q *search.Query) { q.Level = n }))
	}
	add("Level", options)
	options = nil
	for s, count := range found.States {
		options = append(options, offer(stateWords[s], count, func(q *search.Query) { q.State = s }))
	}
	add("State", options)
	options = nil
	for id, count := range found.Categories {
		options = append(options, offer(h.category(id), count, func(q *search.Query) { q.Category = id }))
	}
	add("Kind", options)
	return list
}

// chosen returns the filters that are set.
func (h *Handler) chosen(path string, q search.Query) (list []option) {
	add := func(set bool, words string, change func(*search.Query)) {
		if !set {
			return
		}
		next := q
		next.Page = 0
		change(&next)
		list = append(list, option{Words: words, Href: address(path, next)})
	}
	add(q.Category != "", h.category(q.Category), func(q *search.Query) { q.Category = "" })
	add(q.Level > 0, "Level "+strconv.Itoa(q.Level), func(q *search.Query) { q.Level = 0 })
	add(q.State != "", stateWords[q.State], func(q *search.Query) { q.State = "" })
	add(q.Assurance != "", assuranceWords[q.Assurance], func(q *search.Query) { q.Assurance = "" })
	add(q.Scheme != "", q.Scheme, func(q *search.Query) { q.Scheme = "" })
	add(path == "/" && q.Manufacturer != "", "By "+q.Manufacturer, func(q *search.Query) { q.Manufacturer = "" })
	return list
}

// maker answers /m/{organization}: a manufacturer's labels.
func (h *Handler) maker(w http.ResponseWriter, r *http.Request, id string) {
	org, _, err := h.a.Feed(id)
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	h.searchLabels(w, r, "/m/"+org.ID, &label.Party{ID: org.ID, Name: org.Name, URL: org.URL})
}
