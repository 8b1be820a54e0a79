package web

import (
	"cmp"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/scheme"
	"labeld/internal/search"
)

// Manufacturers are those whose labels are shown.
type Manufacturers interface {
	Manufacturer(id string) (*label.Organization, error)

	// Feed returns a manufacturer and the latest public notices about its labels.
	Feed(manufacturer string) (*label.Organization, []*notice.Notice, error)
}

// A searchHandler answers shoppers who look for labels: the first page, searches, the
// pages of manufacturers and products, and labels side by side.
type searchHandler struct {
	labels    Labels
	makers    Manufacturers
	index     *labelIndex
	words     programmeWords
	base      string
	authority label.Party
	homes     map[*pageLanguage]*body // the first page
}

func newSearchHandler(r *responder, makers Manufacturers, index *labelIndex, words programmeWords) (*searchHandler, error) {
	h := &searchHandler{labels: r.labels, makers: makers, index: index, words: words, base: r.base, authority: r.authority, homes: map[*pageLanguage]*body{}}
	for _, lang := range r.languages.each() {
		b, err := lang.body("home", struct {
			frame
			Base  string
			Input string
		}{newFrame(lang.Text("site.title"), h.authority, "/"), h.base, ""})
		if err != nil {
			return nil, err
		}
		h.homes[lang] = b
	}
	return h, nil
}

// home answers with the first page.
func (h *searchHandler) home(x exchange) { x.send(h.homes[x.language()]) }

// all answers with the results of a search among all labels.
func (h *searchHandler) all(x exchange) { h.results(x, "/", nil) }

// A searchPage is the page of a search, of a manufacturer or of a product.
type searchPage struct {
	frame
	Input   string
	Heading string
	Maker   *label.Party // whose page it is; nil for a search among all labels
	Product *product     // whose page it is, a product of that manufacturer
	Feed    string
	Total   int
	Reading bool // the index is not complete yet

	Unavailable []label.ID // that belong here and cannot be shown now
	Results     []result
	Filters     []filter
	Chosen      []option // filters that are set; each leads to the search without it
	Sorts       []option
	Propose     option
	Prev, Next  string
	Page        int
	Pages       int
	Hidden      []option // filters that the form keeps
}

// A result is one label in a list.
type result struct {
	*search.Record
	Title     string
	State     string
	Class     string
	Called    template.HTML
	Kind      string
	ModelPage string
	Support   template.HTML
	Ended     bool // the label is not valid any more, so that the page repeats it in the past form
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

// searchParameters are the parameters of the address of a search.
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

// address returns the address of a search at a path.
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

// results answers with the results of a search: among all labels, or among those of a
// manufacturer at its own page.
func (h *searchHandler) results(x exchange, path string, maker *label.Party) {
	q, err := readQuery(x.r.URL.Query())
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
		x.failInput(err, q.Text)
		return
	}
	lang := x.language()
	if found.Total == 0 && q.Text != "" {
		to, err := h.addressOf(q.Text)
		switch {
		case err == nil: // a label ID or the number of a barcode, which are not words
			x.redirect(http.StatusSeeOther, lang.to(to), cacheNone)
			return
		case h.index.Complete() && h.isMistyped(q.Text, err):
			x.failInput(err, q.Text)
			return
		}
	}
	x.sendPage(lang, "search", h.searchPage(lang, path, q, found, maker), address(path, q))
}

// findLabels searches. A category or a scheme is refused if neither the programme nor any
// label has it. One that the programme does not have any more can be searched for as long
// as there are labels of it.
func (h *searchHandler) findLabels(q search.Query) (*search.Result, error) {
	now, labels, all := h.words.programme, h.index.snapshot(), h.index.Complete()
	switch {
	case q.Category != "" && now.Categories[q.Category] == nil && all && !labels.HasCategory(q.Category):
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownCategory, "category", "is no category of products")
	case q.Scheme != "" && now.Newest(q.Scheme) == nil && all && !labels.HasScheme(q.Scheme):
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownScheme, "scheme", "is no scheme of labels")
	}
	return labels.Find(q, h.labels.Now())
}

// searchPage returns the page with the results of a search, at the path of a
// manufacturer's page or at that of the first page. There the labels of one manufacturer
// may be chosen.
func (h *searchHandler) searchPage(lang *pageLanguage, path string, q search.Query, found *search.Result, maker *label.Party) *searchPage {
	p := &searchPage{
		Input: q.Text, Heading: lang.Text("site.title"), Total: found.Total, Reading: !h.index.Complete(),
		Page: max(q.Page, 1), Pages: found.Pages,
	}
	if path != "/" {
		p.Maker, p.Heading, p.Feed = maker, maker.Name, "/feeds/"+maker.ID+".atom"
	}
	title := p.Heading
	if p.Page > 1 {
		title = lang.Text("search.title-page", "title", title, "number", p.Page)
	}
	p.frame = newFrame(title, h.authority, address(path, q))
	for _, rec := range found.Records {
		p.Results = append(p.Results, h.result(lang, rec))
	}
	p.Filters = h.filters(lang, path, q, found)
	p.Chosen = h.chosen(lang, path, q, maker)
	for _, s := range search.Sorts {
		if s == search.Level && !h.words.graded() {
			continue
		}
		next, words := q, sorts[s]
		next.Sort, next.Page = s, 0
		if s == search.Level && !h.words.ladder() {
			words = "label.result"
		}
		p.Sorts = append(p.Sorts, option{Words: lang.Text(words), Href: address(path, next), On: s == q.Sort})
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

// result returns a label as it is in a list.
func (h *searchHandler) result(lang *pageLanguage, rec *search.Record) result {
	b := summarize(lang, rec.State, rec.Standing)
	return result{
		Record: rec, Title: (&label.Device{Brand: rec.Brand, Name: rec.Name}).FullName(), State: b.Text, Class: b.Class,
		Called: lang.called(scheme.OnPage, label.SchemeRef{ID: rec.Scheme}, rec.Level), Kind: h.words.category(lang, rec.Category), ModelPage: modelPage(rec.Manufacturer.ID, rec.Model),
		Support: lang.day(rec.SupportEnd), Ended: ended(rec.State), Assured: lang.Text(assurances[rec.Assurance]),
	}
}

// filters returns what would narrow a search, with how many labels would be left.
func (h *searchHandler) filters(lang *pageLanguage, path string, q search.Query, found *search.Result) []filter {
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
	title := "search.level"
	for step, count := range found.Levels {
		if step.Scheme != "" {
			title = "label.result"
		}
		options = append(options, offer(h.step(lang, step), count, func(q *search.Query) {
			q.Level = step.Number
			if step.Scheme != "" {
				q.Scheme = step.Scheme
			}
		}))
	}
	add(lang.Text(title), options)
	options = nil
	for s, count := range found.States {
		options = append(options, offer(lang.Text(stateDisplays[s].short), count, func(q *search.Query) { q.State = s }))
	}
	add(lang.Text("search.state"), options)
	options = nil
	for id, count := range found.Categories {
		options = append(options, offer(h.words.category(lang, id), count, func(q *search.Query) { q.Category = id }))
	}
	add(lang.Text("search.kind"), options)
	return list
}

// step says a level by which a search is narrowed, as its scheme shows it.
func (h *searchHandler) step(lang *pageLanguage, s search.Step) string {
	if of := h.words.programme.Newest(s.Scheme); of != nil && of.Presentation.As != label.Ladder {
		if l, err := of.Level(s.Number); err == nil {
			name, _ := lang.Level(of.ID, l, "")
			return name
		}
	}
	return lang.Text("search.level-number", "number", s.Number)
}

// chosen returns the filters that are set.
func (h *searchHandler) chosen(lang *pageLanguage, path string, q search.Query, maker *label.Party) (list []option) {
	add := func(set bool, words string, change func(*search.Query)) {
		if !set {
			return
		}
		next := q
		next.Page = 0
		change(&next)
		list = append(list, option{Words: words, Href: address(path, next)})
	}
	add(q.Category != "", h.words.category(lang, q.Category), func(q *search.Query) { q.Category = "" })
	add(q.Level > 0, h.step(lang, search.Step{Scheme: q.Scheme, Number: q.Level}), func(q *search.Query) { q.Level = 0 })
	if q.State != "" {
		add(true, lang.Text(stateDisplays[q.State].short), func(q *search.Query) { q.State = "" })
	}
	if q.Assurance != "" {
		add(true, lang.Text(assurances[q.Assurance]), func(q *search.Query) { q.Assurance = "" })
	}
	add(q.Scheme != "", h.words.scheme(lang, q.Scheme), func(q *search.Query) {
		if s := h.words.programme.Newest(q.Scheme); s != nil && s.Presentation.As != label.Ladder {
			q.Level = 0 // which is one of this scheme
		}
		q.Scheme = ""
	})
	if path == "/" && maker != nil {
		add(true, lang.Text("search.by-maker", "maker", maker.Name), func(q *search.Query) { q.Manufacturer = "" })
	}
	return list
}

// manufacturer answers with the labels of a manufacturer, which can be searched like
// all labels.
func (h *searchHandler) manufacturer(x exchange) {
	maker, err := h.maker(x.first)
	if err != nil {
		x.fail(err)
		return
	}
	h.results(x, "/m/"+maker.ID, maker)
}

// maker returns a manufacturer as pages name it.
func (h *searchHandler) maker(id string) (*label.Party, error) {
	org, err := h.makers.Manufacturer(id)
	if err != nil {
		return nil, err
	}
	return &label.Party{ID: org.ID, Name: org.Name, URL: org.URL}, nil
}

// modelPage returns the address of the page of a product.
func modelPage(maker, model string) string { return "/m/" + maker + "/" + url.PathEscape(model) }

// product answers with all labels of the products of a model number, however that is
// spelled and whatever became of the labels: the active ones first, then the latest. The
// page shows the number as the first label has it, and names its own address so.
func (h *searchHandler) product(x exchange) {
	maker, err := h.maker(x.first)
	if err != nil {
		x.fail(err)
		return
	}
	model := x.second
	found, err := h.labels.ByModel(maker.ID, model)
	if err == nil && len(found.Labels) == 0 && len(found.Unavailable) > 0 {
		err = label.Errorf(label.Internal, label.ReasonInternal, "model", "the labels of this product cannot be shown now; the operator has been told")
	}
	if err == nil && len(found.Labels) == 0 {
		err = label.Errorf(label.NotFound, label.ReasonUnlabelled, "model", "no product of %s with model number %q has a label", maker.Name, clip(model))
	}
	if err != nil {
		x.failInput(err, model)
		return
	}
	list := found.Labels
	slices.SortFunc(list, func(a, b *authority.Published) int {
		if live := cmp.Compare(order(a), order(b)); live != 0 {
			return live
		}
		return b.Label.Issued.Compare(a.Label.Issued)
	})
	lang := x.language()
	name, spelled := list[0].Label.Device.FullName(), list[0].Label.Device.Model
	p := &searchPage{
		Heading: name, Maker: maker, Product: &product{spelled}, Total: len(list), Unavailable: found.Unavailable, Page: 1, Pages: 1,
		frame: newFrame(name, h.authority, modelPage(maker.ID, spelled)),
	}
	for _, l := range list {
		p.Results = append(p.Results, h.result(lang, search.NewRecord(l.Label.Outline(), l.Statuses, l.Index, h.labels.Now())))
	}
	x.sendPage(lang, "search", p, p.Here)
}

// order puts active labels before all others.
func order(p *authority.Published) int {
	if p.State == label.Active {
		return 0
	}
	return 1
}
