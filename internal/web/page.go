package web

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/scheme"
)

//go:embed page/style.css
var style string

//go:embed page/page.html
var pageText string

// styleHash is how the Content-Security-Policy names the style sheet.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

var pages = template.Must(template.New("page").Option("missingkey=error").Parse(pageText))

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

// A day is a date for people and for machines.
type day struct{ Words, ISO string }

func newDay(d label.Date) day { return day{d.Start().Format("2 January 2006"), d.String()} }

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

	Valid bool
	Last  day // of validity
	Why   string

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
	Evidence  []evidence
	Type      string // predicate type, for cosign
	LogIndex  int64
	Base      string
}

// reasons says what binds a label's validity.
var reasons = map[label.Bound]string{
	label.BoundSchemeTerm:     "This is the longest that the scheme lets a label run.",
	label.BoundSupportEnd:     "The manufacturer's security updates end then.",
	label.BoundEvidenceExpiry: "The tests or statements it rests on are too old after that.",
}

// checkers says who looked at a criterion.
var checkers = map[string]string{
	string(scheme.Lab):         "tested by a laboratory",
	string(scheme.Declaration): "stated by the manufacturer",
	"none":                     "does not concern this product",
}

func (h *Handler) renderPage(p *authority.Published) (*body, error) {
	l := p.Label
	state := "Valid label"
	if p.State != label.Active {
		state = "EXPIRED label"
	}
	d := &labelPage{
		frame: newFrame(state+": "+l.Device.Name, l.Authority),
		ID:    l.ID, Pretty: l.ID.Pretty(), URL: qr.URL(h.base, l.ID), Base: h.base,
		Device: &l.Device, Maker: l.Maker, Category: l.Device.Category,
		Valid: p.State == label.Active, Last: lastDay(l.Expires), Why: reasons[l.ExpiresFor],
		Level: l.Level, Scheme: l.Scheme, Tested: l.Assurance == label.LabTested, Labs: l.Labs, Firmware: l.Firmware,
		Issued: newDay(label.DateOf(l.Issued)), Supported: p.Support == label.Supported,
		Support: newDay(l.Product.SupportEnd), Product: l.Product, Page: newLink(l.Product.Page),
		Contact: newLink(l.Product.Vulnerabilities.Contact), Policy: newLink(l.Product.Vulnerabilities.Policy),
		Type: label.TypeLabel, LogIndex: p.Index,
	}
	if c := h.a.Programme().Categories[l.Device.Category]; c != nil {
		d.Category = c.Name
	}
	for _, g := range l.Device.GTINs {
		d.GTINs = append(d.GTINs, printed(g))
	}
	// Most marketing names begin with the brand; the title says it once.
	if !strings.HasPrefix(strings.ToLower(l.Device.Name), strings.ToLower(l.Device.Brand)) {
		d.Title = state + ": " + l.Device.Brand + " " + l.Device.Name
	}
	for n := range l.Level.Of {
		d.Steps = append(d.Steps, n < l.Level.Number)
	}
	h.describe(d, l)
	for _, e := range l.Evidence {
		what := "Declaration of conformity"
		if e.Type == label.TypeTestReport {
			what = "Test report"
		}
		d.Evidence = append(d.Evidence, evidence{What: what, Number: e.Number, By: nameOf(l, e.Signer), Date: newDay(e.Date), SHA256: e.SHA256})
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
func (h *Handler) describe(d *labelPage, l *label.Label) {
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
	for _, c := range l.Criteria {
		title := titles[c.ID]
		if title == "" {
			title = c.ID
		}
		d.Criteria = append(d.Criteria, criterion{title, checkers[c.By]})
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

// An advice is what an error page says beside the refusal itself.
type advice struct {
	Title string
	Steps []string
}

var advices = map[label.Reason]advice{
	label.ReasonIDMalformed: {"That is not a label ID", []string{
		"The ID stands below the code on the label, in three groups of four. Hyphens may be left out, and capital and small letters are the same.",
		"The letter U never occurs in an ID, and no character but letters and digits.",
		"If the product shows something of another form as its label ID, the label may be an imitation.",
	}},
	label.ReasonIDCheck: {"One character is wrong", []string{
		"Go through it group by group. B and 8, S and 5, Z and 2, V and Y are often confused. O counts as 0; I and L count as 1.",
		"If it stands exactly like this on the product, the label is not genuine. Please report it.",
	}},
	label.ReasonUnknownLabel: {"No such label exists", []string{
		"A mistyped ID is almost always noticed as such. This one is well-formed, and was never issued.",
		"If it stands exactly like this on the product, do not trust the label, and please report where you saw it.",
	}},
	label.ReasonUnknownProduct: {"This product is not registered", []string{
		"It has no label of this authority. Most products have none.",
		"If this one shows a label all the same, type the label's ID instead of the barcode number.",
	}},
	label.ReasonUnlabelled: {"This product has no label", []string{
		"If it shows one all the same, do not trust it, and please report it.",
	}},
	reasonElsewhere: {"That label belongs to another site", []string{
		"We cannot say anything about labels of other sites. Somebody who prints imitations may also run a site that calls them genuine.",
		"If the product claims a label of this authority, the label is not genuine. Please report it.",
	}},
	label.ReasonMissing:   {"Nothing was typed", nil},
	label.ReasonMalformed: {"That cannot be right", []string{"Type the label ID (such as K7QM-4T2X-9PWH) or all digits of the number under the barcode."}},
	label.ReasonTooLarge:  {"That is too long", []string{"A label ID has twelve characters, a barcode number at most fourteen."}},
	reasonNoPage:          {"Nothing is here", []string{"To see a label, type its ID or the number under the barcode."}},
	reasonMethod:          {"That does not work here", nil},
}

// fallbacks are the advices for what is not the reader's doing.
var fallbacks = map[bool]advice{
	true:  {"Please try again", []string{"This is not about the label: the service cannot answer right now. Try again in a moment."}},
	false: {"Something went wrong here", []string{"This is our fault and says nothing about the label. Please try again later."}},
}

func (h *Handler) renderProblem(p problem) ([]byte, error) {
	a, ok := advices[p.reason]
	if !ok {
		a = fallbacks[p.status < 500 || p.status == 503]
	}
	typed := []rune(strings.ToValidUTF8(p.typed, "\uFFFD"))
	return renderTemplate("problem", struct {
		frame
		Message string
		Steps   []string
		Typed   string
		Base    string
	}{newFrame(a.Title, h.a.Trust().Authority), sentence(p.text), a.Steps, string(typed[:min(len(typed), maxTyped)]), h.base})
}

// maxTyped bounds what an error page repeats of what was typed, in characters.
const maxTyped = 100

// sentence makes a sentence of an error text.
func sentence(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	s = string(unicode.ToUpper(r)) + s[n:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
