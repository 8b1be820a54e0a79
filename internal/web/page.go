package web

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/scheme"
)

//go:embed page/style.css
var style string

//go:embed page/*.html
var pageFiles embed.FS

//go:embed page/icon.svg
var iconFile []byte

// icon stands beside the title of a page: the ladder of levels.
var icon = newBody("image/svg+xml", iconFile)

// styleHash is how the Content-Security-Policy names the style sheet.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

// pages are the templates in no language yet: [newPageLanguage] gives each
// language a copy with functions of its own.
var pages = template.Must(template.New("page").Option("missingkey=error").Funcs((&pageLanguage{}).funcs()).ParseFS(pageFiles, "page/*.html"))

// A frame is what all pages have.
type frame struct {
	Title     string
	Style     template.CSS
	Authority label.Party
	Here      string // address of the page, without its language
}

func newFrame(title string, by label.Party, here string) frame {
	return frame{Title: title, Style: template.CSS(style), Authority: by, Here: here}
}

// renderHomes renders the first page in every language.
func (h *Handler) renderHomes() (map[*pageLanguage]*body, error) {
	homes := map[*pageLanguage]*body{}
	for _, lang := range h.languages.each() {
		b, err := lang.body("home", struct {
			frame
			Base  string
			Input string
		}{newFrame(lang.Text("site.title"), h.a.Trust().Authority, "/"), h.base, ""})
		if err != nil {
			return nil, err
		}
		homes[lang] = b
	}
	return homes, nil
}

// renderAPI renders the page about the API, which is in English like the API.
func (h *Handler) renderAPI() (*body, error) {
	return h.languages.source().body("api", struct {
		frame
		Base  string
		Calls int
		Bulk  int
	}{newFrame("For shops and programs", h.a.Trust().Authority, "/api"), h.base, apiPerMinute, maxBulk})
}

// A criterion is one line of what was checked.
type criterion struct {
	Title, By string
	Because   template.HTML // the features by which it does not apply, and on whose word
}

// A ruling is what became of an appeal.
type ruling struct {
	Text  template.HTML
	Index int64         // of the log
	Ended template.HTML // that the authority took it back; empty where it did not
}

// evidence is one document that the label rests on.
type evidence struct {
	Text   template.HTML
	SHA256 label.Digest
}

// A gtinComparison is what comes of comparing a barcode number with the label's.
type gtinComparison struct {
	Same  bool
	Moved bool   // it was of the product, until the authority moved it to another
	Class string // class of the box
	Text  template.HTML
}

// A formerLabelWarning is a warning of a product that had a number of this one before it was moved:
// who holds an older box may hold that one, and this page would tell them only good of it.
type formerLabelWarning struct {
	Class, Sign string
	Headline    string
	Text        template.HTML
}

// newFormerLabelWarning returns the warning of the label of a product that had a number before, in the
// form of that label's own page; nil where it is plainly valid.
func newFormerLabelWarning(p shownLabel, t authority.Taken) *formerLabelWarning {
	lang := p.language
	b := summarize(lang, t.State, &t.Standing)
	if b.Class == summaryGood {
		return nil
	}
	f := formerLabelWarning{Class: stateDisplays[t.State].class, Sign: stateDisplays[t.State].sign, Headline: lang.Text("label.taken-title", "state", b.Text), Text: formerLabelTexts(lang, []authority.Taken{t})[0]}
	if t.State == label.Active {
		f.Class, f.Sign = "caution", "alert"
	}
	if p.past {
		f.Class = stateDisplays[label.NotIssued].class
	}
	return &f
}

// labelPage is what the label's page is made of.
type labelPage struct {
	frame
	ID       label.ID
	URL      string
	Device   *label.Device
	Maker    label.Party
	Category string

	Components     []template.HTML
	ProductPage    string // where all labels of the product are
	GTINs          []string
	Moved          []template.HTML      // numbers of its descriptor that are another manufacturer's now
	Taken          []template.HTML      // labels of other products that had a number of it before, and stand well
	FormerWarnings []formerLabelWarning // those of them of which there is something to be warned
	Picture        string               // address of the product's; empty where there is none
	Comparison     *gtinComparison
	OtherProduct   bool // what somebody holds is another product, and the label no word about it
	Ended          bool // the label counts no more, so that what it said is told as what it said
	Revoked        bool // nor is repeated what the manufacturer said to owners: it may be why the label was revoked

	Status  statusSection
	Warn    bool             // the status section comes first: it is not what the label on the product suggests
	Notices []advisoryNotice // advisories that concern the product
	Others  []advisoryNotice // advisories that do not
	Events  []*labelEvent    // what happened since the issue, the latest first
	Earlier []*labelEvent    // and what would make the page too long
	Asked   string           // the day that is shown; empty for the present
	Query   string           // that asks for the instant that is shown

	Level            label.Level
	Steps            []bool // of the ladder, from the lowest: reached or not
	Meaning          string // of the level; empty where the scheme has moved on
	Scheme           label.SchemeRef
	SchemeName       string
	Tested           bool
	Labs             []label.LabRef
	Firmware         *label.Firmware
	Issued           template.HTML
	Supported        bool
	Support          template.HTML // last day of security updates
	Product          label.Product
	Page             link
	Contact          link
	Policy           link
	Criteria         []criterion // that are met
	Exempt           []criterion // that do not apply
	NoLongerAccepted []criterion // that were accepted on appeal, and taken back since
	Rulings          []ruling
	Declared         []string // about data
	Evidence         []evidence
	Type             string // predicate type, for cosign
	Entries          []entry
	Log              template.HTML // the entries, in a list
	Base             string
	Printable        bool
	Data             map[string]any // in the vocabulary of schema.org; of the present only
}

// maxEvents bounds what a page tells in full of what happened to a label. A
// history may have as many texts as would take half a megabyte.
const maxEvents = 10

// checkers says who looked at a criterion.
var checkers = map[string]string{
	string(scheme.Lab):         "basis.by-lab",
	string(scheme.Declaration): "basis.by-declaration",
	string(scheme.Authority):   "basis.by-authority",
}

// components say what belongs to a product.
var components = map[string]string{"app": "label.app", "cloud": "label.cloud", "hub": "label.hub"}

// documents says what the documents are that labels rest on.
var documents = map[string]string{
	label.TypeTestReport:  "basis.report",
	label.TypeDeclaration: "basis.declaration",
	label.TypeRuling:      "basis.ruling",
}

func (h *Handler) renderPage(p shownLabel) (*body, error) {
	l, lang := p.Label, p.language
	d := &labelPage{
		ID: l.ID, URL: qr.URL(h.base, l.ID), Base: h.base, Device: &l.Device, Maker: l.Maker, Category: h.category(lang, l.Device.Category),
		ProductPage: modelPage(l.Maker.ID, l.Device.Model),
		Status:      h.statusSection(p), Events: h.events(p), Comparison: p.compare(),
		Level: l.Level, Scheme: l.Scheme, Tested: l.Assurance == label.LabTested, Labs: l.Labs, Firmware: l.Firmware,
		Issued: lang.instant(l.Issued), Supported: p.Support == label.Supported, Support: lang.day(l.Product.SupportEnd),
		Product: l.Product, Page: newLink(l.Product.Page),
		Contact: newLink(l.Product.Vulnerabilities.Contact), Policy: newLink(l.Product.Vulnerabilities.Policy),
		Type: label.TypeLabel, Entries: entries(p),
	}
	if _, whole := lastPrintedDay(p.Published); whole && !p.past {
		d.Printable = p.State == label.Active
	}
	d.Warn = p.State != label.Active || p.past
	d.Ended, d.Revoked = ended(p.State), p.State == label.Revoked
	here := "/l/" + string(l.ID)
	if p.past {
		d.Asked, d.Query = label.DateOf(p.At).String(), "?at="+p.At.Format(time.RFC3339)
	} else {
		d.Data = h.certification(p)
	}
	d.Notices, d.Others = notices(lang, p.Advisories)
	for _, list := range [][]advisoryNotice{d.Notices, d.Others} {
		for i := range list {
			list[i].Publisher = h.nameOf(l, list[i].author)
		}
	}
	if len(d.Notices) > 0 {
		d.Status.applyNotice(lang, d.Notices[0])
	}
	if d.Comparison != nil {
		d.OtherProduct = !d.Comparison.Same && !d.Comparison.Moved
		d.Status.applyComparison(d.Comparison)
	}
	title := lang.Text("state.title", "state", d.Status.title(lang), "product", l.Device.FullName())
	if d.Comparison != nil && d.Comparison.Moved {
		title = lang.Text("state.title", "state", lang.Text("state.moved-number"), "product", l.Device.FullName())
	}
	if d.OtherProduct {
		title = lang.Text("state.title", "state", lang.Text("state.other-product"), "product", l.Device.FullName())
	}
	d.frame = newFrame(title, l.Authority, here+d.Query)
	if len(d.Events) > maxEvents {
		d.Events, d.Earlier = d.Events[:maxEvents], d.Events[maxEvents:]
	}
	for _, g := range p.Moved {
		d.Moved = append(d.Moved, lang.HTML("label.barcode-moved", "gtin", mark(printedGTIN(g))))
	}
	for _, t := range p.Taken {
		if w := newFormerLabelWarning(p, t); w != nil {
			d.FormerWarnings = append(d.FormerWarnings, *w)
		} else {
			d.Taken = append(d.Taken, formerLabelTexts(lang, []authority.Taken{t})...)
		}
	}
	for _, g := range p.GTINs {
		d.GTINs = append(d.GTINs, printedGTIN(g))
	}
	for _, c := range l.Device.Components {
		d.Components = append(d.Components, lang.HTML(components[c.Kind], "name", bdi(c.Name)))
	}
	for _, f := range l.Declared {
		if text := lang.Declared(f, h.a.Programme()); text != "" {
			d.Declared = append(d.Declared, text)
		}
	}
	if p.Pictured {
		d.Picture = here + picturePath
	}
	for n := range l.Level.Of {
		d.Steps = append(d.Steps, n < l.Level.Number)
	}
	var links []template.HTML
	for _, e := range d.Entries {
		links = append(links, template.HTML(fmt.Sprintf(`<a href="%s">%d</a>`, e.Href, e.Index)))
	}
	d.Log = lang.list(links)
	w := h.describe(lang, l)
	d.Level.Name, d.Meaning, d.SchemeName = w.level, w.meaning, w.scheme
	d.Criteria, d.Exempt, d.NoLongerAccepted = w.criteria(p.Published)
	d.Rulings = w.rulings(p.Published)
	for _, e := range l.Evidence {
		text := lang.HTML("basis.document", "document", lang.Text(documents[e.Type]), "number", mark(e.Number), "by", bdi(nameOf(l, e.Signer)), "date", lang.day(e.Date))
		d.Evidence = append(d.Evidence, evidence{text, e.SHA256})
	}
	return lang.body("label", d)
}

// ended reports whether a label counted and does so no more: what it said is then told in
// the past form, wherever it is told.
func ended(s label.State) bool { return !s.Live() && s != label.NotIssued }

// compare says whether a barcode number that somebody typed is of the label's
// product.
func (p shownLabel) compare() *gtinComparison {
	if p.gtin == "" {
		return nil
	}
	key, same, moved := "advice.other-product", p.SpeaksOf(p.gtin), slices.Contains(p.Moved, p.gtin)
	switch {
	case same:
		key = "advice.same-product"
	case moved:
		key = "advice.moved-number"
	}
	return &gtinComparison{Same: same, Moved: moved, Text: p.language.HTML(key, "gtin", mark(printedGTIN(p.gtin)))}
}

// schemeWords is what a scheme says in a language. Where the scheme that is served
// is no longer the one that judged, the label's own words have to do: a later
// version may mean something else by the same name.
type schemeWords struct {
	lang                   *pageLanguage
	level, meaning, scheme string
	titles                 map[string]string // of criteria
}

func (h *Handler) describe(lang *pageLanguage, l *label.Label) schemeWords {
	w := schemeWords{lang: lang, level: l.Level.Name, scheme: l.Scheme.Name, titles: map[string]string{}}
	s := h.a.Programme().Schemes[l.Scheme.ID]
	if s == nil || s.Ref().SHA256 != l.Scheme.SHA256 {
		return w
	}
	w.level, w.meaning = lang.Level(s.ID, l.Level, s.Levels[l.Level.Number-1].About)
	w.scheme = lang.Scheme(s.ID, l.Scheme.Name)
	for i := range s.Criteria {
		w.titles[s.Criteria[i].ID] = lang.Criterion(s, &s.Criteria[i])
	}
	return w
}

func (w *schemeWords) title(criterion string) string { return cmp.Or(w.titles[criterion], criterion) }

// criterionRevoked is the state of a criterion that a ruling on an appeal accepted which
// does not count any more, whether as met or as not applicable. A signed label never has
// it: it is what has become of the label since.
const criterionRevoked = "taken-back"

// criterionState returns what a criterion of a label came to, by what was known at the
// instant for which the label is shown.
func criterionState(p *authority.Published, c *label.Criterion) string {
	if c.By != string(scheme.Authority) {
		return c.State
	}
	fallen := false
	for i := range p.Rulings {
		if r := &p.Rulings[i]; slices.Contains(r.Accepted, c.ID) {
			if rulingEnd(p, r) == nil {
				return c.State
			}
			fallen = true
		}
	}
	if fallen {
		return criterionRevoked
	}
	return c.State
}

// criteria returns those that are met, and apart from them those that do not apply to
// the product and those that were taken back: what nobody had to show, and what nobody
// answers for any more, is not shown as achieved.
func (w *schemeWords) criteria(p *authority.Published) (met, exempt, revoked []criterion) {
	for i := range p.Label.Criteria {
		c := &p.Label.Criteria[i]
		line := criterion{Title: w.title(c.ID), By: w.by(p, c)}
		switch criterionState(p, c) {
		case criterionRevoked:
			revoked = append(revoked, line)
		case label.CriterionNotApplicable:
			var why []template.HTML
			for _, feature := range c.Why {
				why = append(why, template.HTML(`<code dir="ltr">`+template.HTMLEscapeString(feature)+`</code>`))
			}
			if line.By != "" {
				why = append(why, markup(line.By))
			}
			line.Because = w.lang.list(why)
			exempt = append(exempt, line)
		default:
			met = append(met, line)
		}
	}
	return met, exempt, revoked
}

// by says who answers for a criterion, or nothing. Where that was a ruling which no
// longer counts, it says so.
func (w *schemeWords) by(p *authority.Published, c *label.Criterion) string {
	if criterionState(p, c) == criterionRevoked {
		return w.lang.Text("basis.by-authority-taken-back")
	}
	if key := checkers[c.By]; key != "" {
		return w.lang.Text(key)
	}
	return ""
}

func (w *schemeWords) rulings(p *authority.Published) (out []ruling) {
	for i := range p.Rulings {
		r := &p.Rulings[i]
		var accepted []template.HTML
		for _, id := range r.Accepted {
			accepted = append(accepted, markup("“"+w.title(id)+"”"))
		}
		line := ruling{Text: w.lang.HTML("basis.appeal", "criteria", w.lang.list(accepted), "text", bdi(r.Text)), Index: r.Index}
		if f := rulingEnd(p, r); f != nil {
			line.Ended = w.lang.HTML("basis.taken-back", "date", w.lang.instant(f.At), "text", bdi(f.Text))
		}
		out = append(out, line)
	}
	return out
}

// category returns a category in words.
func (h *Handler) category(lang *pageLanguage, id string) string {
	if c := h.a.Programme().Categories[id]; c != nil {
		return lang.Category(c)
	}
	return id
}

// schemeName returns the name of a scheme.
func (h *Handler) schemeName(lang *pageLanguage, id string) string {
	if s := h.a.Programme().Schemes[id]; s != nil {
		return lang.Scheme(id, s.Name)
	}
	return id
}

// nameOf returns the name of an organization that the label mentions.
func nameOf(l *label.Label, org string) string {
	if org == l.Maker.ID {
		return l.Maker.Name
	}
	for _, lab := range l.Labs {
		if lab.ID == org {
			return lab.Name
		}
	}
	return org
}

// nameOf returns the name of an organization whose words a status repeats: of those that
// the label mentions, or of the authority.
func (h *Handler) nameOf(l *label.Label, org string) string {
	if a := h.a.Trust().Authority; org == a.ID {
		return a.Name
	}
	return nameOf(l, org)
}

// printedGTIN returns a GTIN as it stands under a barcode: without the zeros that
// pad GTIN-8, -12 and -13 to 14 digits.
func printedGTIN(g label.GTIN) string {
	s := string(g)
	for _, n := range []int{8, 12, 13} {
		if len(s) == 14 && strings.Trim(s[:14-n], "0") == "" {
			return s[14-n:]
		}
	}
	return s
}
