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

// pages are the templates as no voice speaks them yet: [newVoice] gives each
// language a copy with functions of its own.
var pages = template.Must(template.New("page").Option("missingkey=error").Funcs((&voice{}).funcs()).ParseFS(pageFiles, "page/*.html"))

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
func (h *Handler) renderHomes() (map[*voice]*body, error) {
	homes := map[*voice]*body{}
	for _, v := range h.voices.each() {
		b, err := v.body("home", struct {
			frame
			Base  string
			Typed string
		}{newFrame(v.Text("site.title"), h.a.Trust().Authority, "/"), h.base, ""})
		if err != nil {
			return nil, err
		}
		homes[v] = b
	}
	return homes, nil
}

// renderAPI renders the page about the API, which is in English like the API.
func (h *Handler) renderAPI() (*body, error) {
	return h.voices.source().body("api", struct {
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
	Said  template.HTML
	Index int64         // of the log
	Back  template.HTML // that the authority took it back; empty where it did not
}

// evidence is one document that the label rests on.
type evidence struct {
	Says   template.HTML
	SHA256 label.Digest
}

// A held is what comes of comparing a barcode number with the label's.
type held struct {
	Same  bool
	Moved bool   // it was of the product, until the authority moved it to another
	Tone  string // class of the box
	Says  template.HTML
}

// A former is a warning of a product that had a number of this one before it was moved:
// who holds an older box may hold that one, and this page would tell them only good of it.
type former struct {
	Tone, Sign string
	Headline   string
	Says       template.HTML
}

// warnTaken returns the warning of the label of a product that had a number before, in the
// form of that label's own page; nil where it is plainly valid.
func warnTaken(p look, t authority.Taken) *former {
	v := p.voice
	b := inShort(v, t.State, &t.Standing)
	if b.Tone == toneGood {
		return nil
	}
	f := former{Tone: faces[t.State].tone, Sign: faces[t.State].sign, Headline: v.Text("label.taken-title", "state", b.Says), Says: saysTaken(v, []authority.Taken{t})[0]}
	if t.State == label.Active {
		f.Tone, f.Sign = "caution", "alert"
	}
	if p.past {
		f.Tone = faces[label.NotIssued].tone
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

	Components  []template.HTML
	ProductPage string // where all labels of the product are
	GTINs       []string
	Moved       []template.HTML // numbers of its descriptor that are another manufacturer's now
	Taken       []template.HTML // labels of other products that had a number of it before, and stand well
	Former      []former        // those of them of which there is something to be warned
	Picture     string          // address of the product's; empty where there is none
	Held        *held
	Other       bool // what somebody holds is another product, and the label no word about it
	Over        bool // the label counts no more, so that what it said is told as what it said
	Silent      bool // nor is repeated what the manufacturer said to owners: it may be why the label was revoked

	Standing standing
	Warn     bool       // the standing comes first: it is not what the label on the product suggests
	Notices  []caution  // advisories that concern the product
	Others   []caution  // advisories that do not
	Events   []*account // what happened since the issue, the latest first
	Earlier  []*account // and what would make the page too long
	Asked    string     // the day that is shown; empty for the present
	Query    string     // that asks for the instant that is shown

	Level      label.Level
	Steps      []bool // of the ladder, from the lowest: reached or not
	Meaning    string // of the level; empty where the scheme has moved on
	Scheme     label.SchemeRef
	SchemeName string
	Tested     bool
	Labs       []label.LabRef
	Firmware   *label.Firmware
	Issued     template.HTML
	Supported  bool
	Support    template.HTML // last day of security updates
	Product    label.Product
	Page       link
	Contact    link
	Policy     link
	Criteria   []criterion // that are met
	Exempt     []criterion // that do not apply
	Back       []criterion // that were accepted on appeal, and taken back since
	Rulings    []ruling
	Declared   []string // about data
	Evidence   []evidence
	Type       string // predicate type, for cosign
	Entries    []entry
	Log        template.HTML // the entries, in a list
	Base       string
	Printable  bool
	Data       map[string]any // in the vocabulary of schema.org; of the present only
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
var documents = map[label.Source]string{
	label.SourceLab:         "basis.report",
	label.SourceDeclaration: "basis.declaration",
	label.SourceAuthority:   "basis.ruling",
}

func (h *Handler) renderPage(p look) (*body, error) {
	l, v := p.Label, p.voice
	d := &labelPage{
		ID: l.ID, URL: qr.URL(h.base, l.ID), Base: h.base, Device: &l.Device, Maker: l.Maker, Category: h.category(v, l.Device.Category),
		ProductPage: modelPage(l.Maker.ID, l.Device.Model),
		Standing:    h.standing(p), Events: h.events(p), Held: p.compare(),
		Level: l.Level, Scheme: l.Scheme, Tested: l.Assurance == label.LabTested, Labs: l.Labs, Firmware: l.Firmware,
		Issued: v.instant(l.Issued), Supported: p.Support == label.Supported, Support: v.day(l.Product.SupportEnd),
		Product: l.Product, Page: newLink(l.Product.Page),
		Contact: newLink(l.Product.Vulnerabilities.Contact), Policy: newLink(l.Product.Vulnerabilities.Policy),
		Type: label.TypeLabel, Entries: entries(p),
	}
	if _, whole := printedEnd(p.Published); whole && !p.past {
		d.Printable = p.State == label.Active
	}
	d.Warn = p.State != label.Active || p.past
	d.Over, d.Silent = over(p.State), p.State == label.Revoked
	here := "/l/" + string(l.ID)
	if p.past {
		d.Asked, d.Query = label.DateOf(p.At).String(), "?at="+p.At.Format(time.RFC3339)
	} else {
		d.Data = h.certification(p)
	}
	d.Notices, d.Others = notices(v, p.Advisories)
	for _, list := range [][]caution{d.Notices, d.Others} {
		for i := range list {
			list[i].Publisher = h.nameOf(l, list[i].author)
		}
	}
	if len(d.Notices) > 0 {
		d.Standing.heed(v, d.Notices[0])
	}
	if d.Held != nil {
		d.Other = !d.Held.Same && !d.Held.Moved
		d.Standing.compared(d.Held)
	}
	title := v.Text("state.title", "state", d.Standing.title(v), "product", l.Device.FullName())
	if d.Held != nil && d.Held.Moved {
		title = v.Text("state.title", "state", v.Text("state.moved-number"), "product", l.Device.FullName())
	}
	if d.Other {
		title = v.Text("state.title", "state", v.Text("state.other-product"), "product", l.Device.FullName())
	}
	d.frame = newFrame(title, l.Authority, here+d.Query)
	if len(d.Events) > maxEvents {
		d.Events, d.Earlier = d.Events[:maxEvents], d.Events[maxEvents:]
	}
	for _, g := range p.Moved {
		d.Moved = append(d.Moved, v.HTML("label.barcode-moved", "gtin", mark(printed(g))))
	}
	for _, t := range p.Taken {
		if w := warnTaken(p, t); w != nil {
			d.Former = append(d.Former, *w)
		} else {
			d.Taken = append(d.Taken, saysTaken(v, []authority.Taken{t})...)
		}
	}
	for _, g := range p.GTINs {
		d.GTINs = append(d.GTINs, printed(g))
	}
	for _, c := range l.Device.Components {
		d.Components = append(d.Components, v.HTML(components[c.Kind], "name", bdi(c.Name)))
	}
	for _, f := range l.Declared {
		if says := v.Declared(f, h.a.Programme()); says != "" {
			d.Declared = append(d.Declared, says)
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
	d.Log = v.list(links)
	w := h.describe(v, l)
	d.Level.Name, d.Meaning, d.SchemeName = w.level, w.meaning, w.scheme
	d.Criteria, d.Exempt, d.Back = w.criteria(p.Published)
	d.Rulings = w.rulings(p.Published)
	for _, e := range l.Evidence {
		says := v.HTML("basis.document", "document", v.Text(documents[label.SourceOf(e.Type)]), "number", mark(e.Number), "by", bdi(nameOf(l, e.Signer)), "date", v.day(e.Date))
		d.Evidence = append(d.Evidence, evidence{says, e.SHA256})
	}
	return v.body("label", d)
}

// over reports whether a label counted and does so no more: what it said is then told in
// the past form, wherever it is told.
func over(s label.State) bool { return !s.Live() && s != label.NotIssued }

// compare says whether a barcode number that somebody typed is of the label's
// product.
func (p look) compare() *held {
	if p.held == "" {
		return nil
	}
	key, same, moved := "advice.other-product", p.SpeaksOf(p.held), slices.Contains(p.Moved, p.held)
	switch {
	case same:
		key = "advice.same-product"
	case moved:
		key = "advice.moved-number"
	}
	return &held{Same: same, Moved: moved, Says: p.voice.HTML(key, "gtin", mark(printed(p.held)))}
}

// wording is what a scheme says in a language. Where the scheme that is served
// is no longer the one that judged, the label's own words have to do: a later
// version may mean something else by the same name.
type wording struct {
	v                      *voice
	level, meaning, scheme string
	titles                 map[string]string // of criteria
}

func (h *Handler) describe(v *voice, l *label.Label) wording {
	w := wording{v: v, level: l.Level.Name, scheme: l.Scheme.Name, titles: map[string]string{}}
	s := h.a.Programme().Scheme(l.Scheme.ID, l.Scheme.Version)
	if s == nil || s.Ref().SHA256 != l.Scheme.SHA256 {
		return w
	}
	w.level, w.meaning = v.Level(s.ID, l.Level, s.Levels[l.Level.Number-1].About)
	w.scheme = v.Scheme(s.ID, l.Scheme.Name)
	for i := range s.Criteria {
		w.titles[s.Criteria[i].ID] = v.Criterion(s, &s.Criteria[i])
	}
	return w
}

func (w *wording) title(criterion string) string { return cmp.Or(w.titles[criterion], criterion) }

// criterionTakenBack is the state of a criterion that a ruling on an appeal accepted which
// does not count any more, whether as met or as not applicable. A signed label never has
// it: it is what has become of the label since.
const criterionTakenBack = "taken-back"

// criterionState returns what a criterion of a label came to, by what was known at the
// instant for which the label is shown.
func criterionState(p *authority.Published, c *label.Criterion) string {
	if c.By != string(scheme.Authority) {
		return c.State
	}
	fallen := false
	for i := range p.Rulings {
		if r := &p.Rulings[i]; slices.Contains(r.Accepted, c.ID) {
			if takenBack(p, r) == nil {
				return c.State
			}
			fallen = true
		}
	}
	if fallen {
		return criterionTakenBack
	}
	return c.State
}

// criteria returns those that are met, and apart from them those that do not apply to
// the product and those that were taken back: what nobody had to show, and what nobody
// answers for any more, is not shown as achieved.
func (w *wording) criteria(p *authority.Published) (met, exempt, back []criterion) {
	for i := range p.Label.Criteria {
		c := &p.Label.Criteria[i]
		said := criterion{Title: w.title(c.ID), By: w.by(p, c)}
		switch criterionState(p, c) {
		case criterionTakenBack:
			back = append(back, said)
		case label.CriterionNotApplicable:
			var why []template.HTML
			for _, feature := range c.Why {
				why = append(why, template.HTML(`<code dir="ltr">`+template.HTMLEscapeString(feature)+`</code>`))
			}
			if said.By != "" {
				why = append(why, markup(said.By))
			}
			said.Because = w.v.list(why)
			exempt = append(exempt, said)
		default:
			met = append(met, said)
		}
	}
	return met, exempt, back
}

// by says on whose word a criterion rests, or nothing. Of a ruling that was taken back
// it says that.
func (w *wording) by(p *authority.Published, c *label.Criterion) string {
	if criterionState(p, c) == criterionTakenBack {
		return w.v.Text("basis.by-authority-taken-back")
	}
	if key := checkers[c.By]; key != "" {
		return w.v.Text(key)
	}
	return ""
}

func (w *wording) rulings(p *authority.Published) (out []ruling) {
	for i := range p.Rulings {
		r := &p.Rulings[i]
		var accepted []template.HTML
		for _, id := range r.Accepted {
			accepted = append(accepted, markup("“"+w.title(id)+"”"))
		}
		said := ruling{Said: w.v.HTML("basis.appeal", "criteria", w.v.list(accepted), "text", bdi(r.Text)), Index: r.Index}
		if f := takenBack(p, r); f != nil {
			said.Back = w.v.HTML("basis.taken-back", "date", w.v.instant(f.At), "text", bdi(f.Text))
		}
		out = append(out, said)
	}
	return out
}

// category returns a category in words.
func (h *Handler) category(v *voice, id string) string {
	if c := h.a.Programme().Categories[id]; c != nil {
		return v.Category(c)
	}
	return id
}

// schemeName returns the name of a scheme.
func (h *Handler) schemeName(v *voice, id string) string {
	if s := h.a.Programme().Newest(id); s != nil {
		return v.Scheme(id, s.Name)
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

// printed returns a GTIN as it stands under a barcode: without the zeros that
// pad GTIN-8, -12 and -13 to 14 digits.
func printed(g label.GTIN) string {
	s := string(g)
	for _, n := range []int{8, 12, 13} {
		if len(s) == 14 && strings.Trim(s[:14-n], "0") == "" {
			return s[14-n:]
		}
	}
	return s
}
