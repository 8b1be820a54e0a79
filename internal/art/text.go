package art

import (
	"cmp"
	"slices"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
)

// em is the size at which text is shaped, once for all sizes. 1/64,000 em is
// finer than any font's own grid.
const em = 1000

// A style is how a text is set.
type style struct {
	size        float64
	bold        bool
	language    string
	rightToLeft bool
	lines       int  // at most
	anywhere    bool // may be broken within a word
	elide       bool // may be cut, with an ellipsis
}

// A setter sets text.
type setter struct {
	studio    *Studio
	faces     *faces
	shaper    shaping.HarfbuzzShaper
	wrapper   shaping.LineWrapper
	segmenter shaping.Segmenter
}

// A faceMap finds the font of a character.
type faceMap struct {
	faces *faces
	order []*fontFile // for ideographs: that of the language first
	plain []*fontFile // for letters, which are to match between languages
	other *font.Face  // where none has it
}

// firstIdeographic is where the scripts of East Asia begin (CJK Radicals).
const firstIdeographic = 0x2E80

// ResolveFace implements [shaping.Fontmap].
func (m faceMap) ResolveFace(r rune) *font.Face {
	order := m.plain
	if r >= firstIdeographic {
		order = m.order
	}
	if f := m.faces.find(order, r); f != nil {
		return m.faces.get(f)
	}
	return m.other
}

// shape returns the runs of a text, in reading order.
func (s *setter) shape(text []rune, st style) []shaping.Output {
	direction := di.DirectionLTR
	if st.rightToLeft {
		direction = di.DirectionRTL
	}
	bold := st.bold && s.faces.missing(s.studio.order(st.language, true), string(text)) == 0
	fonts := faceMap{
		faces: s.faces, order: s.studio.order(st.language, bold), plain: s.studio.order("", bold),
		other: s.faces.get(s.studio.fonts[0].regular),
	}
	var outs []shaping.Output
	for _, in := range s.segmenter.Split(shaping.Input{
		Text: text, RunEnd: len(text), Direction: direction, Face: fonts.other,
		Size: fixed.I(em), Language: language.NewLanguage(st.language),
	}, fonts) {
		outs = append(outs, s.shaper.Shape(in))
	}
	return outs
}

// set breaks a text into lines of a width. It reports whether all of it fits.
// Nothing is placed yet: each line begins at the origin.
func (s *setter) set(text string, st style, width float64) (lines []*textLine, widths []float64, fits bool) {
	runes := []rune(text)
	config := shaping.WrapConfig{TruncateAfterLines: st.lines, BreakPolicy: shaping.Never}
	if st.rightToLeft {
		config.Direction = di.DirectionRTL
	}
	if st.anywhere {
		config.BreakPolicy = shaping.WhenNecessary
	}
	if st.elide {
		config.Truncator = s.shape([]rune("…"), st)[0]
	}
	limit := fixed.Int26_6(width / st.size * em * 64)
	wrapped, truncated := s.wrapper.WrapParagraphF(config, limit, runes, shaping.NewSliceIterator(s.shape(runes, st)))
	fits = truncated == 0 || st.elide
	for _, line := range wrapped {
		l, w := s.line(line, runes, st.size)
		lines, widths = append(lines, l), append(widths, w)
		fits = fits && w <= width+0.01
	}
	return lines, widths, fits
}

// line puts the runs of a line behind each other as they are seen.
func (s *setter) line(line shaping.Line, text []rune, size float64) (*textLine, float64) {
	l := &textLine{size: size}
	runs := slices.Clone(line)
	slices.SortStableFunc(runs, func(a, b shaping.Output) int { return cmp.Compare(a.VisualIndex, b.VisualIndex) })
	var x fixed.Int26_6
	mm := func(v fixed.Int26_6) float64 { return float64(v) / 64 / em * size }
	for _, run := range runs {
		r := glyphRun{font: s.faces.file(run.Face)}
		last := -1 // character that the last glyph stands for
		for _, g := range run.Glyphs {
			p := placedGlyph{id: g.GlyphID, at: point{mm(x + g.XOffset), -mm(g.YOffset)}}
			if i := g.TextIndex(); i != last && i+g.RunesCount() <= len(text) {
				p.text, last = string(text[i:i+g.RunesCount()]), i
			}
			r.glyphs = append(r.glyphs, p)
			x += g.Advance
		}
		l.runs = append(l.runs, r)
	}
	return l, mm(x)
}

// place moves a line to where its baseline begins.
func (l *textLine) place(x, y float64) *textLine {
	for _, r := range l.runs {
		for i := range r.glyphs {
			r.glyphs[i].at.x += x
			r.glyphs[i].at.y += y
		}
	}
	return l
}
