package web

import (
	"bytes"
	"html/template"
	"unicode/utf8"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
	"labeld/internal/scheme"
)

// Sizes of a badge, in pixels. The font is whatever sans-serif the reader has, so the
// width of the text is estimated generously and then enforced.
const (
	badgeHeight = 28
	badgeLetter = 7.2
	badgePad    = 9
)

// A badge is what a shop shows beside a product.
type badge struct {
	Width, Left  int
	Name, Status string
	Title        string
	Dark, Light  string // colours: white text on either has a contrast of 4.5:1 at least
	NameWidth    int
	StatusWidth  int
	NameX        int
	StatusX      int
}

// badgeColours are by the class of the label's summary. The words of the badge say the
// same.
var badgeColours = map[string]string{summaryGood: "#0b6b3a", summaryCaution: "#8a5a00", summaryBad: "#a3121f"}

var badgeTemplate = template.Must(template.New("badge").Parse(`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="28" viewBox="0 0 {{.Width}} 28" role="img" aria-label="{{.Title}}">
<title>{{.Title}}</title>
<rect width="{{.Width}}" height="28" rx="5" fill="{{.Dark}}"/>
<path d="M{{.Left}} 0h{{.StatusRun}}a5 5 0 0 1 5 5v18a5 5 0 0 1-5 5h-{{.StatusRun}}z" fill="{{.Light}}"/>
<g fill="#fff" font-family="system-ui,Segoe UI,Helvetica,Arial,sans-serif" font-size="13" text-anchor="middle">
<text x="{{.NameX}}" y="19" textLength="{{.NameWidth}}" lengthAdjust="spacingAndGlyphs">{{.Name}}</text>
<text x="{{.StatusX}}" y="19" textLength="{{.StatusWidth}}" lengthAdjust="spacingAndGlyphs" font-weight="700">{{.Status}}</text>
</g>
</svg>
`))

// StatusRun is the length of the right part without its rounded end.
func (b *badge) StatusRun() int { return b.Width - b.Left - 5 }

// newBadge returns the badge of a label that is called so, with a summary of some class.
func newBadge(p *authority.Published, called, class string) *badge {
	l := p.Label
	b := &badge{Name: "Security label", Status: called, Dark: "#2b2f36", Light: badgeColours[class]}
	switch {
	case p.State != label.Active:
		b.Status = "Not valid: " + string(p.State)
	case p.Review != nil:
		b.Status += ", under review"
	case p.Concerns() > 0:
		b.Status += ", security notice"
	case p.Support == label.SupportEnded:
		b.Status += ", no more updates"
	case endsEarly(&p.Standing), p.Soon:
		last := p.Ends().UTC().Format("2006-01-02 15:04:05 UTC")
		if d, whole := label.LastDay(p.Ends(), p.At); whole {
			last = d.String()
		}
		b.Status += ", until " + last
	}
	b.Title = b.Name + ", " + b.Status + ": " + l.Device.FullName()
	b.NameWidth, b.StatusWidth = width(b.Name), width(b.Status)
	b.Left = b.NameWidth + 2*badgePad
	b.Width = b.Left + b.StatusWidth + 2*badgePad
	b.NameX, b.StatusX = b.Left/2, b.Left+(b.Width-b.Left)/2
	return b
}

// width estimates the width of a text.
func width(s string) int { return int(badgeLetter * float64(utf8.RuneCountInString(s))) }

// badge returns the badge of a label.
func (h *labelHandler) badge(p shownLabel) *badge {
	called := h.words.programme.Called(scheme.OnBadge, p.Label.Scheme, p.Label.Level)
	return newBadge(p.Published, called, summarize(h.languages.source(), p.State, &p.Standing).Class)
}

// renderBadge renders the badge of a label as SVG.
func (h *labelHandler) renderBadge(p shownLabel) (*body, error) {
	var out bytes.Buffer
	if err := badgeTemplate.Execute(&out, h.badge(p)); err != nil {
		return nil, err
	}
	return newBody("image/svg+xml", out.Bytes()), nil
}

var snippetTemplate = template.Must(template.New("snippet").Parse(
	`<a href="{{.URL}}"><img src="{{.URL}}/badge.svg" alt="Security label of {{.Name}}: see its state" width="{{.Width}}" height="28"></a>
`))

// renderSnippet renders HTML for the page of a shop. Its alternative text does not name
// the state, because text that was pasted does not change with the label.
func (h *labelHandler) renderSnippet(p shownLabel) (*body, error) {
	var out bytes.Buffer
	if err := snippetTemplate.Execute(&out, struct {
		URL, Name string
		Width     int
	}{qr.URL(h.base, p.Label.ID), p.Label.Device.FullName(), h.badge(p).Width}); err != nil {
		return nil, err
	}
	return newBody(textType, out.Bytes()), nil
}
