package web

import (
	"cmp"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/search"
)

const (
	// followEntries is how many log entries the index reads at a time, and
	// followEvery how often it looks for new ones.
	followEntries = 1024
	followEvery   = time.Second
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

// CatchUp reads what the log has that the index has not. It is called by one
// goroutine at a time.
func (h *Handler) CatchUp(ctx context.Context) error {
	for more := h.read+1 < h.a.LogSize(); more && ctx.Err() == nil; {
		list, next, rest, err := h.a.Read(h.read, followEntries)
		if err != nil {
			return err
		}
		now := h.a.Now()
		records := make([]*search.Record, len(list))
		for i, l := range list {
			records[i] = search.NewRecord(l.Outline, l.Statuses, l.Index, now)
		}
		if len(records) > 0 {
			h.index.Put(records)
		}
		h.read, more = next, rest
	}
	h.complete.Store(true)
	return ctx.Err()
}

// A searchPage is what is shown of a search.
type searchPage struct {
	frame
	Input   string
	Heading string
	Maker   *label.Party // whose page it is; nil for the search of all
	Product *product     // whose page it is, of that maker's
	Feed    string
	Total   int
	Reading bool // the index is not complete yet
	// Unavailable are labels that belong here and cannot be shown now.
	Unavailable []label.ID
	Results     []result
	Filters     []filter
	Chosen      []option // filters that are set; each leads to the search without it
	Sorts       []option
	Propose     option
	Prev, Next  string
	Page        int
	Pages       int
	Hidden      []option // what the form keeps
}

// A result is one label in a list.
type result struct {
	*search.Record
	Title     string
	State     string
	Class     string
	LevelName string
	Kind      string
	ModelPage string
	Support   template.HTML
	Ended     bool // the label counts no more, so that what it said is told as what it said
	Assured   string
}

// A product is a model of a manufacturer.
type product struct{ Model string }

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

// Messages for what labels are searched by: states in a word, who checked, and
// orders.
var (
	stateWords = map[label.State]string{
		label.Active: "search.valid", label.Suspended: "search.suspended", label.Expired: "search.expired", label.Revoked: "search.revoked",
		label.Withdrawn: "search.withdrawn", label.Superseded: "search.superseded",
	}
	assuranceWords = map[label.Assurance]string{label.LabTested: "label.tested", label.SelfDeclared: "label.declared"}
	sortWords      = map[search.Sort]string{
		search.Best: "search.best", search.Newest: "search.newest", search.Level: "search.by-level", search.Name: "search.by-name", search.Support: "search.by-support",
	}
)

// searchParameters are the parameters of a search.
var searchParameters = []string{"q", "category", "level", "state", "scheme", "checked", "maker", "sort", "page"}

// wantsSearch reports whether an address of the home page asks for a search.
func wantsSearch(q url.Values) bool {
	return slices.ContainsFunc(searchParameters, func(name string) bool { return q.Has(name) })
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
	switch {
	case maker != nil:
		q.Manufacturer = maker.ID
	case q.Manufacturer != "" && err == nil:
		maker, err = h.maker(q.Manufacturer)
	}
	var found *search.Result
	if err == nil {
		found, err = h.findLabels(q)
	}
	if err != nil {
		h.failInput(w, r, err, forPeople, q.Text)
		return
	}
	lang := h.languages.of(r)
	if found.Total == 0 && q.Text != "" {
		to, err := h.search(q.Text)
		switch {
		case err == nil: // a label ID or the number of a barcode, which are not words
			redirect(w, r, http.StatusSeeOther, lang.to(to), cacheNone)
			return
		case h.complete.Load() && h.isMistyped(q.Text, err):
			h.failInput(w, r, err, forPeople, q.Text)
			return
		}
	}
	made, err := lang.body("search", h.searchPage(lang, path, q, found, maker))
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	made.link = canonical(h.base + address(path, q))
	h.send(w, r, made, cacheLabel)
}

// findLabels searches. What neither the programme has nor any label cannot be looked
// for; what the programme has no more can, as long as there are labels of it.
func (h *Handler) findLabels(q search.Query) (*search.Result, error) {
	now, labels, all := h.a.Programme(), h.index.Snapshot(), h.complete.Load()
	switch {
	case q.Category != "" && now.Categories[q.Category] == nil && all && !labels.HasCategory(q.Category):
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownCategory, "category", "is no category of products")
	case q.Scheme != "" && now.Schemes[q.Scheme] == nil && all && !labels.HasScheme(q.Scheme):
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownScheme, "scheme", "is no scheme of labels")
	}
	return labels.Find(q, h.a.Now())
}

// searchPage shows what was found: at a manufacturer's page, or of all labels,
// where those of one manufacturer may be chosen.
func (h *Handler) searchPage(lang *pageLanguage, path string, q search.Query, found *search.Result, maker *label.Party) *searchPage {
	p := &searchPage{
		Input: q.Text, Heading: lang.Text("site.title"), Total: found.Total, Reading: !h.complete.Load(),
		Page: max(q.Page, 1), Pages: found.Pages,
	}
	if path != "/" {
		p.Maker, p.Heading, p.Feed = maker, maker.Name, "/feeds/"+maker.ID+".atom"
	}
	title := p.Heading
	if p.Page > 1 {
		title = lang.Text("search.title-page", "title", title, "number", p.Page)
	}
	p.frame = newFrame(title, h.a.Trust().Authority, address(path, q))
	for _, rec := range found.Records {
		p.Results = append(p.Results, h.result(lang, rec))
	}
	p.Filters = h.filters(lang, path, q, found)
	p.Chosen = h.chosen(lang, path, q, maker)
	for _, s := range search.Sorts {
		next := q
		next.Sort, next.Page = s, 0
		p.Sorts = append(p.Sorts, option{Words: lang.Text(sortWords[s]), Href: address(path, next), On: s == q.Sort})
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
	for _, name := range searchParameters {
		if v := kept.Get(name); err == nil && v != "" && name != "q" && name != "page" {
			p.Hidden = append(p.Hidden, option{Words: name, Value: v})
		}
	}
	return p
}

func (h *Handler) result(lang *pageLanguage, rec *search.Record) result {
	name, _ := lang.Level(rec.Scheme, rec.Level, "")
	b := summarize(lang, rec.State, rec.Standing)
	return result{
		Record: rec, Title: (&label.Device{Brand: rec.Brand, Name: rec.Name}).FullName(), State: b.Text, Class: b.Class,
		LevelName: name, Kind: h.category(lang, rec.Category), ModelPage: modelPage(rec.Manufacturer.ID, rec.Model),
		Support: lang.day(rec.SupportEnd), Ended: ended(rec.State), Assured: lang.Text(assuranceWords[rec.Assurance]),
	}
}

// filters offers what would narrow a search, with how many labels that leaves.
func (h *Handler) filters(lang *pageLanguage, path string, q search.Query, found *search.Result) []filter {
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
		options = append(options, offer(lang.Text("search.level-number", "number", n), count, func(q *search.Query) { q.Level = n }))
	}
	add(lang.Text("search.level"), options)
	options = nil
	for s, count := range found.States {
		options = append(options, offer(lang.Text(stateWords[s]), count, func(q *search.Query) { q.State = s }))
	}
	add(lang.Text("search.state"), options)
	options = nil
	for id, count := range found.Categories {
		options = append(options, offer(h.category(lang, id), count, func(q *search.Query) { q.Category = id }))
	}
	add(lang.Text("search.kind"), options)
	return list
}

// chosen returns the filters that are set.
func (h *Handler) chosen(lang *pageLanguage, path string, q search.Query, maker *label.Party) (list []option) {
	add := func(set bool, words string, change func(*search.Query)) {
		if !set {
			return
		}
		next := q
		next.Page = 0
		change(&next)
		list = append(list, option{Words: words, Href: address(path, next)})
	}
	add(q.Category != "", h.category(lang, q.Category), func(q *search.Query) { q.Category = "" })
	add(q.Level > 0, lang.Text("search.level-number", "number", q.Level), func(q *search.Query) { q.Level = 0 })
	if q.State != "" {
		add(true, lang.Text(stateWords[q.State]), func(q *search.Query) { q.State = "" })
	}
	if q.Assurance != "" {
		add(true, lang.Text(assuranceWords[q.Assurance]), func(q *search.Query) { q.Assurance = "" })
	}
	add(q.Scheme != "", h.schemeName(lang, q.Scheme), func(q *search.Query) { q.Scheme = "" })
	if path == "/" && maker != nil {
		add(true, lang.Text("search.by-maker", "maker", maker.Name), func(q *search.Query) { q.Manufacturer = "" })
	}
	return list
}

// makerPages answers /m/{organization}, a manufacturer's labels, and
// /m/{organization}/{model}, the labels of one of its products.
func (h *Handler) makerPages(w http.ResponseWriter, r *http.Request, rest string) {
	id, model, ofProduct := strings.Cut(rest, "/")
	maker, err := h.maker(id)
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	if ofProduct {
		h.productPage(w, r, maker, model)
		return
	}
	h.searchLabels(w, r, "/m/"+maker.ID, maker)
}

// maker returns a manufacturer.
func (h *Handler) maker(id string) (*label.Party, error) {
	org, err := h.a.Manufacturer(id)
	if err != nil {
		return nil, err
	}
	return &label.Party{ID: org.ID, Name: org.Name, URL: org.URL}, nil
}

// modelPage returns where the labels of a product are.
func modelPage(maker, model string) string { return "/m/" + maker + "/" + url.PathEscape(model) }

// productPage answers with all labels of the products of a model number, however that is
// spelled and whatever became of them: those that count first, then the latest. The page
// shows the number as the first of them has it, and names its own address so.
func (h *Handler) productPage(w http.ResponseWriter, r *http.Request, maker *label.Party, model string) {
	found, err := h.a.ByModel(maker.ID, model)
	if err == nil && len(found.Labels) == 0 && len(found.Unavailable) > 0 {
		err = label.Errorf(label.Internal, label.ReasonInternal, "model", "the labels of this product cannot be shown now; the operator has been told")
	}
	if err == nil && len(found.Labels) == 0 {
		err = label.Errorf(label.NotFound, label.ReasonUnlabelled, "model", "no product of %s with model number %q has a label", maker.Name, clip(model))
	}
	if err != nil {
		h.failInput(w, r, err, forPeople, model)
		return
	}
	list := found.Labels
	slices.SortFunc(list, func(a, b *authority.Published) int {
		if live := cmp.Compare(order(a), order(b)); live != 0 {
			return live
		}
		return b.Label.Issued.Compare(a.Label.Issued)
	})
	lang := h.languages.of(r)
	name, spelled := list[0].Label.Device.FullName(), list[0].Label.Device.Model
	p := &searchPage{
		Heading: name, Maker: maker, Product: &product{spelled}, Total: len(list), Unavailable: found.Unavailable, Page: 1, Pages: 1,
		frame: newFrame(name, h.a.Trust().Authority, modelPage(maker.ID, spelled)),
	}
	for _, l := range list {
		p.Results = append(p.Results, h.result(lang, search.NewRecord(l.Label.Outline(), l.Statuses, l.Index, h.a.Now())))
	}
	made, err := lang.body("search", p)
	if err != nil {
		h.fail(w, r, err, forPeople)
		return
	}
	made.link = canonical(h.base + p.Here)
	h.send(w, r, made, cacheLabel)
}

// order puts labels that count before those that do not.
func order(p *authority.Published) int {
	if p.State == label.Active {
		return 0
	}
	return 1
}
