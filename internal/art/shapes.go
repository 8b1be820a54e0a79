package art

import (
	"math"
	"strconv"

	"labeld/internal/label"
)

// steps draws a ladder of levels: as many steps as the scheme has, each
// higher than the one before and with its number, filled as far as the label
// reaches. It reads without colour and without words. It rises in the direction
// of reading.
func (c *composer) steps(a *area) {
	n, high := float64(c.m.Level.Of), c.f.Steps*c.scale
	between := min(0.8, a.w/n/8)
	w := min((a.w-between*(n-1))/n, 1.5*high)
	for i := range c.m.Level.Of {
		h := high * (0.44 + 0.56*float64(i+1)/n)
		x, y := a.x+float64(i)*(w+between), a.y+high-h
		if c.m.Sides[0].RightToLeft {
			x = 2*a.x + a.w - x - w
		}
		ink := c.p.Ink
		if i < c.m.Level.Number {
			c.d.fill(c.p.Accent, rect(x, y, w, h)...)
			ink = c.p.OnAccent
		} else {
			c.d.fill(c.p.Ink, frame(x, y, w, h, hairline)...)
		}
		st := style{size: max(leastText, high*0.34), language: "en", lines: 1}
		if i+1 == c.m.Level.Number {
			st.size, st.bold = max(leastText, high*0.5), true
		}
		lines, widths, fits := c.set.set(strconv.Itoa(i+1), st, w)
		c.fits = c.fits && fits
		c.d.items = append(c.d.items, item{colour: ink, text: lines[0].place(x+(w-widths[0])/2, y+h-0.12*high)})
	}
	a.y += high
}

// assurance sets who checked, behind a sign: a flask for a laboratory, a sheet
// of paper for a declaration.
func (c *composer) assurance(a *area) {
	size := c.size(c.f.Text.Fact)
	sign := sheet
	if c.m.Assurance == label.LabTested {
		sign = flask
	}
	for i, col := range c.columns(*a) {
		x := col.x
		if c.m.Sides[i].RightToLeft {
			x += col.w - size
		}
		c.d.fill(c.p.Ink, sign(x, a.y+0.16*size, size)...)
	}
	c.row(a, style{size: size}, c.p.Ink, 1.35*size, func(s *Side) string { return s.Assurance })
}

// flask is an Erlenmeyer flask, half full, in a square of side s.
func flask(x, y, s float64) []segment {
	at := func(xy ...float64) []segment {
		for i := range xy {
			xy[i] = xy[i]*s + [...]float64{x, y}[i%2]
		}
		return polygon(xy...)
	}
	path := at(.26, 0, .74, 0, .74, .1, .66, .1, .66, .36, .98, .94, .92, 1, .08, 1, .02, .94, .34, .36, .34, .1, .26, .1)
	return append(path, at(.43, .1, .43, .39, .27, .66, .73, .66, .57, .39, .57, .1)...)
}

// sheet is a sheet of paper with writing on it, in a square of side s.
func sheet(x, y, s float64) []segment {
	path := frame(x+.12*s, y, .76*s, s, .1*s)
	for _, line := range []float64{.24, .44} {
		path = append(path, rect(x+.3*s, y+line*s, .4*s, .09*s)...)
	}
	return append(path, rect(x+.3*s, y+.68*s, .22*s, .09*s)...)
}

// code draws the QR code with its quiet zone, which is white in all palettes:
// many readers refuse codes that are light on dark. It begins on a dot, as its
// modules do.
func (c *composer) code(a area) {
	snap := func(mm float64) float64 { return math.Ceil(mm/dot-0.01) * dot }
	x0, y0 := snap(a.x), snap(a.y)
	c.d.fill(white, rect(x0, y0, a.w, a.w)...)
	var path []segment
	n := c.m.Code.FullSize()
	for y := range n {
		for x := 0; x < n; x++ {
			start := x
			for c.m.Code.Dark(x, y) { // ends in the quiet zone at the latest
				x++
			}
			if x > start {
				path = append(path, rect(x0+float64(start)*c.module, y0+float64(y)*c.module, float64(x-start)*c.module, c.module)...)
			}
		}
	}
	c.d.fill(c.p.Code, path...)
}
