package web

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
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

// styleHash is how the Content-Security-Policy names the style sheet.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

var pages = template.Must(template.New("page").Option("missingkey=error").ParseFS(pageFiles, "page/*.html"))

// A frame is what all pages have.
type frame struct {
	Title     string
	Style     template.CSS
	Authority label.Party
}

func newFrame(title string, by label.Party) frame {
	return frame{Title: title, Style: template.CSS(style), Authority: by}
}

func renderTemplate(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func renderHome(by label.Party, base string) ([]byte, error) {
	return renderTemplate("home", struct {
		frame
		Base  string
		Typed string
	}{newFrame("Product security labels", by), base, ""})
}

// renderAPI renders the page about the API.
func renderAPI(by label.Party, base string) ([]byte, error) {
	return renderTemplate("api", struct {
		frame
		Base  string
		Calls int
		Bulk  int
	}{newFrame("For shops and programs", by), base, perMinute, maxBulk})
}

// A day is a date for people and for machines.
type day struct{ Words, ISO string }

func newDay(d label.Date) day { return day{d.Start().Format("2 January 2006"), d.String()} }

// newInstant returns an instant, with the time of day for machines only.
func newInstant(t time.Time) day {
	return day{t.UTC().Format("2 January 2006"), t.UTC().Format(time.RFC3339)}
}

// lastDay returns the last day that is wholly or partly before an end.
func lastDay(end time.Time) day { return newDay(label.DateOf(end.Add(-time.Second))) }

// A link is an address from a manufacturer or an authority. Only https and
// mailto get here; html/template would refuse others once more.
type link struct{ Href, Text string }

func newLink(href string) link {
	return link{href, strings.TrimPrefix(href, "mailto:")}
}

// A criterion is one line of what was checked.
type criterion struct{ Title, By string }

// A ruling is what became of an appeal: titles of criteria, and why.
type ruling struct {
	Accepted []string
	Text     string
	Index    int64 // of the log
}

// evidence is one document that the label rests on.
type evidence struct {
	What, Number, By string
	Date             day
	SHA256           label.Digest
}

// labelPage is what the label's page is made of.
type labelPage struct {
	frame
	ID       label.ID
	Pretty   string
	URL      string
	Device   *label.Device
	Maker    label.Party
	Category string
	GTINs    []string

	Standing standing
	Notices  []caution  // advisories that concern the product
	Others   []caution  // advisories that do not
	Events   []*account // what happened since the issue, the latest first
	Earlier  []*account // and what would make the page too long
	Asked    string     // the day that is shown; empty for the present
	Query    string     // that asks for the instant that is shown

	Level     label.Level
	Steps     []bool // of the ladder, from the lowest: reached or not
	Meaning   string // of the level; empty where the scheme has moved on
	Scheme    label.SchemeRef
	Tested    bool
	Labs      []label.LabRef
	Firmware  *label.Firmware
	Issued    day
	Supported bool
	Support   day // last day of security updates
	Product   label.Product
	Page      link
	Contact   link
	Policy    link
	Criteria  []criterion
	Rulings   []ruling
	Evidence  []evidence
	Type      string // predicate type, for cosign
	Entries   []entry
	Base      string
	Data      map[string]any // in the vocabulary of schema.org; of the present only
}

// maxEvents bounds what a page tells in full of what happened to a label. A
// history may have as many texts as would take half a megabyte.
const maxEvents = 10

// checkers says who looked at a criterion.
var checkers = map[string]string{
	string(scheme.Lab):         "tested by a laboratory",
	string(scheme.Declaration): "stated by the manufacturer",
	string(scheme.Authority):   "accepted by the authority, on appeal",
	"none":                     "does not concern this product",
}

// documents says what the documents are that labels rest on.
var documents = map[string]string{
	label.TypeTestReport:  "Test report",
	label.TypeDeclaration: "Declaration of conformity",
	label.TypeRuling:      "Ruling on an appeal",
}

func (h *Handler) renderPage(p look) (*body, error) {
	l := p.Label
	d := &labelPage{
		ID: l.ID, Pretty: l.ID.Pretty(), URL: qr.URL(h.base, l.ID), Base: h.base,
		Device: &l.Device, Maker: l.Maker, Category: l.Device.Category,
		Standing: h.standing(p), Events: h.events(p),
		Level: l.Level, Scheme: l.Scheme, Tested: l.Assurance == label.LabTested, Labs: l.Labs, Firmware: l.Firmware,
		Issued: newInstant(l.Issued), Supported: p.Support == label.Supported,
		Support: newDay(l.Product.SupportEnd), Product: l.Product, Page: newLink(l.Product.Page),
		Contact: newLink(l.Product.Vulnerabilities.Contact), Policy: newLink(l.Product.Vulnerabilities.Policy),
		Type: label.TypeLabel, Entries: entries(p),
	}
	d.frame = newFrame(d.Standing.title()+": "+l.Device.FullName(), l.Authority)
	if d.Notices, d.Others = notices(p); len(d.Notices) > 0 {
		d.Standing.Notice = d.Notices[0].Headline
	}
	if len(d.Events) > maxEvents {
		d.Events, d.Earlier = d.Events[:maxEvents], d.Events[maxEvents:]
	}
	if !p.past {
		d.Data = h.certification(p)
	}
	if p.past {
		d.Asked, d.Query = label.DateOf(p.At).String(), "?at="+p.At.Format(time.RFC3339)
	}
	if c := h.a.Programme().Categories[l.Device.Category]; c != nil {
		d.Category = c.Name
	}
	for _, g := range l.Device.GTINs {
		d.GTINs = append(d.GTINs, printed(g))
	}
	for n := range l.Level.Of {
		d.Steps = append(d.Steps, n < l.Level.Number)
	}
	h.describe(d, p.Published)
	for _, e := range l.Evidence {
		d.Evidence = append(d.Evidence, evidence{What: documents[e.Type], Number: e.Number, By: nameOf(l, e.Signer), Date: newDay(e.Date), SHA256: e.SHA256})
	}
	b, err := renderTemplate("label", d)
	if err != nil {
		return nil, err
	}
	made := newBody(htmlType, b)
	made.vary = varyAccept
	return made, nil
}

// describe fills in the scheme's words, if the scheme that is served is still
// the one that judged. Otherwise the label's own words have to do: a later
// version may mean something else by the same name.
func (h *Handler) describe(d *labelPage, p *authority.Published) {
	l := p.Label
	s := h.a.Programme().Schemes[l.Scheme.ID]
	if s != nil && s.Ref().SHA256 != l.Scheme.SHA256 {
		s = nil
	}
	titles := map[string]string{}
	if s != nil {
		d.Meaning = s.Levels[l.Level.Number-1].About
		for i := range s.Criteria {
			titles[s.Criteria[i].ID] = s.Criteria[i].Title
		}
	}
	titled := func(id string) string { return cmp.Or(titles[id], id) }
	for _, c := range l.Criteria {
		d.Criteria = append(d.Criteria, criterion{titled(c.ID), checkers[c.By]})
	}
	for _, r := range p.Rulings {
		said := ruling{Text: r.Text, Index: r.Index}
		for _, id := range r.Accepted {
			said.Accepted = append(said.Accepted, titled(id))
		}
		d.Rulings = append(d.Rulings, said)
	}
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
