package art

import (
	"math"

	"github.com/go-text/typesetting/font"

	"labeld/internal/label"
)

// How formats arrange the code, and dates.
const (
	below   = "below"
	beside  = "beside"
	stacked = "stacked"
	inline  = "inline"
)

const (
	lineHeight = 1.27 // of the font size
	ascent     = 0.98 // of the font size, from the top of a line to its baseline
	hairline   = 0.25 // thickness of rules, in millimetres
	dot        = 25.4 / dpi

	// leastScale is how far words may shrink together before a label is
	// refused: below it, nothing would stand out any more.
	leastScale = 0.6
	scaleStep  = 0.04

	// mostAir is how many times their width gaps may get, where there is room.
	mostAir = 2.2
)

// Compose draws a label. It refuses what cannot be drawn legibly, and says what
// to change.
//
// A character of a product name that no font has is a replacement sign: the model
// number identifies the product. A model number with one is refused.
func (s *Studio) Compose(m *Model, format, palette string) (*Drawing, error) {
	f, err := s.format(format)
	if err != nil {
		return nil, err
	}
	p, err := s.palette(palette)
	if err != nil {
		return nil, err
	}
	module, err := moduleSize(m, f)
	if err != nil {
		return nil, err
	}
	faces, fonts := &faces{open: map[*fontFile]*font.Face{}}, s.order("", false)
	if faces.get(fonts[0]) == nil {
		return nil, faces.err
	}
	if r := faces.missing(fonts, m.Model); r != 0 {
		return nil, label.Errorf(label.Precondition, label.ReasonOutOfRange, "model",
			"the model number has %U, which no font has: add one to art/fonts.yaml", r)
	}
	c := composer{m: m, f: f, p: p, module: module, set: setter{studio: s, faces: faces}}
	for _, c.set.tight = range []bool{false, true} {
		for c.scale = 1; c.scale >= leastScale; c.scale -= scaleStep {
			c.gap = f.Gap * c.scale
			air, fits := c.compose()
			if !fits || air < 0 {
				continue
			}
			c.gap += min(air, (mostAir-1)*f.Gap)
			c.compose()
			return c.d, faces.err
		}
	}
	return nil, label.Errorf(label.Precondition, label.ReasonTooLarge, "format",
		"the words do not fit format %s of %g by %g mm in a legible size: take a larger format, or shorten what is long (scheme, authority, model number, host name)", f.ID, f.Width, f.Height)
}

// moduleSize returns the side of a QR module: a whole number of printer dots,
// so that all modules are printed alike.
func moduleSize(m *Model, f *Format) (float64, error) {
	n := float64(m.Code.FullSize())
	module := math.Floor(f.Code/n/dot) * dot
	if module < leastModule {
		return 0, label.Errorf(label.Precondition, label.ReasonTooLarge, "format",
			"a QR code of %g modules on %g mm has modules below %g mm in format %s: raise code in art/formats.yaml to %.1f, or use a shorter host name",
			n, f.Code, leastModule, f.ID, math.Ceil(leastModule/dot)*dot*n+0.05)
	}
	return module, nil
}

// A composer arranges one label at one scale.
type composer struct {
	m      *Model
	f      *Format
	p      *Palette
	module float64

	set setter

	scale, gap float64
	d          *Drawing
	fits       bool
	gaps       int
}

// An area is a part of the label, to be filled from its top.
type area struct{ x, y, w float64 }

// compose draws the label and returns by how much all gaps could be wider, which
// is negative where things overlap, and whether all words fit into their widths.
func (c *composer) compose() (air float64, fits bool) {
	f := c.f
	c.d = &Drawing{Width: f.Width + f.Second*float64(len(c.m.Sides)-1), Height: f.Height, Model: c.m, faces: c.set.faces}
	c.fits, c.gaps = true, 1 // the gap below the band
	c.d.fill(c.p.Paper, rect(0, 0, c.d.Width, c.d.Height)...)
	edge := c.band()
	words := area{f.Margin, edge + c.gap, c.d.Width - 2*f.Margin}
	if f.Arrange == below {
		air = c.codeBelow(words)
	} else {
		air = c.codeBeside(words, edge)
	}
	c.d.fill(c.p.Accent, frame(0, 0, c.d.Width, f.Height, hairline)...)
	return air, c.fits
}

// codeBelow puts the code into the lower left corner.
func (c *composer) codeBelow(words area) (air float64) {
	bottom, end, side := c.f.Height-c.f.Margin, words.x+words.w, c.side()
	at := area{words.x - c.inset(), bottom + c.inset() - side, side}
	c.code(at)
	address := area{at.x + side + c.f.Gap, at.y + c.quiet(), end - at.x - side - c.f.Gap}
	c.address(&address)
	c.words(&words)
	c.fits = c.fits && address.y <= bottom
	return (at.y - words.y) / float64(c.gaps)
}

// codeBeside puts the code into the upper right corner, below the band's edge.
func (c *composer) codeBeside(words area, edge float64) (air float64) {
	bottom, end, side := c.f.Height-c.f.Margin, words.x+words.w, c.side()
	at := area{end + c.inset() - side, max(edge, words.y-c.inset()), side}
	c.code(at)
	address := area{at.x + c.quiet(), at.y + side, end - at.x - c.quiet()}
	if c.inset() == 0 {
		address.y += c.f.Gap / 2 // the code's white ends in plain sight
	}
	c.address(&address)
	words.w = at.x - c.f.Gap - words.x
	c.words(&words)
	return min((bottom-words.y)/float64(c.gaps), bottom-address.y)
}

// side is the width of the code with its quiet zone.
func (c *composer) side() float64 { return c.module * float64(c.m.Code.FullSize()) }

// inset is how far the quiet zone reaches into the margin. On white paper nobody
// sees where it ends, and the modules line up with the words.
func (c *composer) inset() float64 {
	if c.p.Paper != white {
		return 0
	}
	return min(c.quiet(), c.f.Margin-hairline-dot)
}

// quiet is the width of the quiet zone.
func (c *composer) quiet() float64 {
	return c.module * float64(c.m.Code.FullSize()-c.m.Code.Size()) / 2
}

// space leaves a gap.
func (c *composer) space(a *area) {
	a.y += c.gap
	c.gaps++
}

// size scales a font size, as far as people can read it.
func (c *composer) size(mm float64) float64 { return max(leastText, mm*c.scale) }

// columns splits an area by languages.
func (c *composer) columns(a area) []area {
	n := float64(len(c.m.Sides))
	between := 2 * c.f.Gap
	w := (a.w - between*(n-1)) / n
	list := make([]area, len(c.m.Sides))
	for i := range list {
		list[i] = area{a.x + float64(i)*(w+between), a.y, w}
	}
	return list
}

// row sets a text of each language, side by side, indented by what a sign
// before it takes.
func (c *composer) row(a *area, st style, colour Colour, indent float64, pick func(*Side) string) {
	bottom := a.y
	for i, col := range c.columns(*a) {
		side := &c.m.Sides[i]
		col.w -= indent
		if !side.RightToLeft {
			col.x += indent
		}
		st.language, st.rightToLeft = side.Language, side.RightToLeft
		c.text(&col, st, colour, pick(side))
		bottom = max(bottom, col.y)
	}
	a.y = bottom
}

// text sets a text at the top of an area.
func (c *composer) text(a *area, st style, colour Colour, text string) {
	if st.lines == 0 {
		st.lines = 3
	}
	lines, widths, fits := c.set.set(text, st, a.w)
	c.fits = c.fits && fits
	for i, line := range lines {
		x := a.x
		if st.rightToLeft {
			x += a.w - widths[i]
		}
		c.d.items = append(c.d.items, item{colour: colour, text: line.place(x, a.y+line.above+ascent*st.size)})
		a.y += line.above + lineHeight*st.size + line.below
	}
}

// band draws the programme's band across the top and returns its lower edge.
func (c *composer) band() float64 {
	a := area{c.f.Margin, c.f.Gap, c.d.Width - 2*c.f.Margin}
	at := len(c.d.items) // the band goes below its words
	c.d.items = append(c.d.items, item{})
	caption := style{size: c.size(min(c.f.Text.Caption, c.f.Text.Band))}
	c.row(&a, caption, c.p.OnAccent, 0, func(s *Side) string { return s.Title + " · " + s.isolated(s.Authority) })
	c.row(&a, style{size: c.size(c.f.Text.Band), bold: true}, c.p.OnAccent, 0, func(s *Side) string { return s.Scheme })
	bottom := a.y + c.f.Gap*0.8
	c.d.items[at] = item{colour: c.p.Accent, path: rect(0, 0, c.d.Width, bottom)}
	return bottom
}

// words fills an area with what the label says.
func (c *composer) words(a *area) {
	t := &c.f.Text
	ladder := c.m.Level.Presentation == label.Ladder
	if ladder {
		c.steps(a)
		c.space(a)
	}
	c.row(a, style{size: c.size(t.Level), bold: true}, c.p.Ink, 0, func(s *Side) string { return s.Level })
	if ladder {
		c.row(a, style{size: c.size(t.Name), bold: true}, c.p.Ink, 0, func(s *Side) string { return s.LevelName })
	}
	a.y += c.f.Gap / 3
	c.assurance(a)
	c.rule(a)
	if c.f.Facts == inline {
		fact := style{size: c.size(t.Fact)}
		c.row(a, fact, c.p.Ink, 0, func(s *Side) string { return s.Valid + " " + s.ValidTo })
		c.row(a, fact, c.p.Ink, 0, func(s *Side) string { return s.Updates + " " + s.UpdatesUntil })
	} else {
		caption, fact := style{size: c.size(t.Caption)}, style{size: c.size(t.Fact), bold: true}
		c.row(a, caption, c.p.Quiet, 0, func(s *Side) string { return s.Valid })
		c.row(a, fact, c.p.Ink, 0, func(s *Side) string { return s.ValidTo })
		a.y += c.f.Gap / 2
		c.row(a, caption, c.p.Quiet, 0, func(s *Side) string { return s.Updates })
		c.row(a, fact, c.p.Ink, 0, func(s *Side) string { return s.UpdatesUntil })
	}
	c.rule(a)
	first := &c.m.Sides[0]
	product := style{size: c.size(t.Product), bold: true, language: first.Language, rightToLeft: first.RightToLeft, lines: 2, anywhere: true, elide: true}
	c.text(a, product, c.p.Ink, first.isolated(c.m.Product))
	product.bold, product.elide = false, false
	c.text(a, product, c.p.Ink, c.joined(func(s *Side) string { return s.Model })+" "+first.isolated(c.m.Model))
}

// rule draws a thin line between two gaps.
func (c *composer) rule(a *area) {
	c.space(a)
	c.d.fill(c.p.Quiet, rect(a.x, a.y-c.gap/2, a.w, hairline)...)
}

// joined returns a word in all languages.
func (c *composer) joined(pick func(*Side) string) string {
	first := &c.m.Sides[0]
	text := pick(first)
	for i := range c.m.Sides[1:] {
		if word := pick(&c.m.Sides[i+1]); word != text {
			text += " / " + first.isolated(word)
		}
	}
	return text
}

// address fills an area with how to check the label.
func (c *composer) address(a *area) {
	t := &c.f.Text
	first := &c.m.Sides[0]
	st := func(mm float64) style {
		return style{size: c.size(mm), language: first.Language, rightToLeft: first.RightToLeft}
	}
	if c.f.Facts != inline {
		for _, s := range c.m.Sides {
			c.text(a, style{size: c.size(t.Caption), bold: true, language: s.Language, rightToLeft: first.RightToLeft}, c.p.Ink, first.isolated(s.Check))
		}
		a.y += c.f.Gap / 3
		c.text(a, st(t.Caption), c.p.Quiet, c.joined(func(s *Side) string { return s.ID }))
	}
	c.id(a, st(t.ID))
	url := st(t.URL)
	url.anywhere = true
	c.text(a, url, c.p.Quiet, first.identifier(c.m.URL))
}

// id sets the label's ID. Some IDs have many wide letters; then it is the ID
// that shrinks, and not the whole label. If ever it needs two lines, they part
// at a hyphen.
func (c *composer) id(a *area, st style) {
	st.bold = true
	text := c.m.Sides[0].identifier(c.m.ID.Pretty())
	if _, widths, _ := c.set.set(text, st, c.d.Width); widths[0] > a.w {
		st.size = max(leastText, st.size*a.w/widths[0])
	}
	c.text(a, st, c.p.Ink, text)
}
