package web

import (
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
)

//go:embed page/style.css
var style string

//go:embed page/*.html
var pageFiles embed.FS

//go:embed page/icon.svg
var iconFile []byte

// icon is shown beside the title of a page: steps, one for each level.
var icon = newBody("image/svg+xml", iconFile)

// styleHash is how the Content-Security-Policy names the style sheet.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

// templates are those of pages, in no language yet: [newPageLanguage] gives each language
// a copy with functions of its own.
var templates = template.Must(template.New("page").Option("missingkey=error").Funcs((&pageLanguage{}).funcs()).ParseFS(pageFiles, "page/*.html"))

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

// An evidence is one document that the label is based on.
type evidence struct {
	Text   template.HTML
	SHA256 label.Digest
}

// A gtinComparison is the result of comparing a barcode number with those of the label.
type gtinComparison struct {
	Same  bool
	Moved bool   // it was a number of the product, until the authority moved it to another product
	Class string // class of the box
	Text  template.HTML
}

// A labelPage is what the page of a label is made of.
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
	Taken          []template.HTML      // labels of other products that had a number of it before, with which nothing is wrong
	FormerWarnings []formerLabelWarning // and those with which something is wrong
	Picture        string               // address of the product's; empty where there is none
	Comparison     *gtinComparison
	OtherProduct   bool // the product in hand is another one, about which the label says nothing
	Ended          bool // the label is not valid any more, so that the page repeats it in the past form
	Revoked        bool // the page does not repeat the manufacturer's advice to owners, which may be why the label was revoked

	Status  statusSection
	Warn    bool             // the status comes first, because the label on the product suggests another one
	Notices []advisoryNotice // advisories that concern the product
	Others  []advisoryNotice // advisories that do not
	Events  []*labelEvent    // what happened since the issue, the latest first
	Earlier []*labelEvent    // and what would make the page too long
	Asked   string           // the day that is shown; empty for the present
	Query   string           // that asks for the instant that is shown

	Level            label.Level
	Called           template.HTML // what the label is called
	CalledShort      template.HTML // what it is called where it is printed
	Steps            []bool        // one for each level of a ladder, from the lowest: met or not
	Meaning          string        // of the level; empty where the scheme has a newer version
	Scheme           template.HTML
	Tested           bool
	Labs             []label.LabRef
	Firmware         *label.Firmware
	Modules          []label.Firmware
	Issued           template.HTML
	Supported        bool
	Support          template.HTML // last day of security updates
	Product          label.Product
	Said, SaidIn     label.Sentences // what the manufacturer tells owners to do, and the language of each sentence
	Page             link
	Contact          link
	Policy           link
	Criteria         []criterion // that are met
	Exempt           []criterion // that do not apply
	NoLongerAccepted []criterion // that were accepted on appeal by a ruling that does not count any more
	Rulings          []ruling
	Facts            []toldFact // about data
	Evidence         []evidence
	Type             string // predicate type, for cosign
	Entries          []entry
	Log              template.HTML // the entries, in a list
	Base             string
	Printable        bool
	Data             map[string]any // in the vocabulary of schema.org; of the present only
}

// A toldFact is a fact in words for shoppers.
type toldFact struct {
	Text     string
	Measured bool // by a laboratory
}

// maxEvents bounds the events that a page shows in full. A history may have as many
// texts as would take half a megabyte.
const maxEvents = 10

// renderPage renders the page of a label.
func (h *labelHandler) renderPage(p shownLabel) (*body, error) {
	l, lang := p.Label, p.language
	d := &labelPage{
		ID: l.ID, URL: qr.URL(h.base, l.ID), Base: h.base, Device: &l.Device, Maker: l.Maker, Category: h.words.category(lang, l.Device.Category),
		ProductPage: modelPage(l.Maker.ID, l.Device.Model),
		Status:      h.statusSection(p), Events: h.events(p), Comparison: p.compare(),
		Level: l.Level, Tested: l.Assurance == label.LabTested, Labs: l.Labs, Firmware: l.Firmware, Modules: l.Modules,
		Issued: lang.instant(l.Issued), Supported: p.Support == label.Supported, Support: lang.day(l.Product.SupportEnd),
		Product: l.Product, Page: newLink(l.Product.Page),
		Contact: newLink(l.Product.Vulnerabilities.Contact), Policy: newLink(l.Product.Vulnerabilities.Policy),
		Type: label.TypeLabel, Entries: entries(p),
	}
	d.Said, d.SaidIn = l.Product.In(lang.Tag)
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
			list[i].Publisher = h.words.organization(l, list[i].author)
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
		d.Moved = append(d.Moved, lang.HTML("label.barcode-moved", "gtin", identifier(printedGTIN(g))))
	}
	for _, t := range p.Taken {
		if w := newFormerLabelWarning(p, t); w != nil {
			d.FormerWarnings = append(d.FormerWarnings, *w)
		} else {
			d.Taken = append(d.Taken, formerLabelTexts(lang, []authority.FormerLabel{t})...)
		}
	}
	for _, g := range p.GTINs {
		d.GTINs = append(d.GTINs, printedGTIN(g))
	}
	for _, c := range l.Device.Components {
		d.Components = append(d.Components, lang.HTML(components[c.Kind], "name", bdi(c.Name)))
	}
	for _, f := range l.Facts {
		if text := lang.Fact(f, h.words.programme); text != "" {
			d.Facts = append(d.Facts, toldFact{text, f.By == label.SourceLab})
		}
	}
	if p.Pictured {
		d.Picture = here + picturePath
	}
	if l.Level.Presentation == label.Ladder {
		for n := range l.Level.Of {
			d.Steps = append(d.Steps, n < l.Level.Number)
		}
	}
	var links []template.HTML
	for _, e := range d.Entries {
		links = append(links, template.HTML(fmt.Sprintf(`<a href="%s">%d</a>`, e.Href, e.Index)))
	}
	d.Log = lang.list(links)
	w := h.words.schemeOf(lang, l)
	d.Called, d.CalledShort, d.Meaning, d.Scheme = w.called, w.short, w.meaning, w.about
	d.Criteria, d.Exempt, d.NoLongerAccepted = w.criteria(p.Published)
	d.Rulings = w.rulings(p.Published)
	for _, e := range l.Evidence {
		text := lang.HTML("basis.document", "document", lang.Text(documents[label.SourceOf(e.Type)]), "number", identifier(e.Number), "by", bdi(nameOf(l, e.Signer)), "date", lang.day(e.Date))
		d.Evidence = append(d.Evidence, evidence{text, e.SHA256})
	}
	return lang.body("label", d)
}

// ended reports whether a label was valid and is not valid any more. What it says is then
// repeated in the past form, wherever it is repeated.
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
	return &gtinComparison{Same: same, Moved: moved, Text: p.language.HTML(key, "gtin", identifier(printedGTIN(p.gtin)))}
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
