package art

import (
	"slices"
	"strings"
	"unicode"

	"github.com/go-text/typesetting/bidi"
	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
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
	paragraph bidi.Paragraph
	graphemes segmenter.Segmenter

	shaped map[shapeKey]*passage // a label sets each text at some sizes
	tight  bool                  // there is no room for marks that are high or deep
}

// A shapeKey is all that the glyphs of a text depend on.
type shapeKey struct {
	text, language           string
	bold, rightToLeft, elide bool
}

// A passage is a text with its glyphs, before it is broken into lines.
type passage struct {
	runes    []rune
	said     []string // what each stands for; empty where the one before it has that
	levels   []uint8  // of embedding (UAX 9): what is odd runs from right to left
	outside  []uint8  // the level of the stretch that each is in
	outputs  []shaping.Output
	ellipsis shaping.Output
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

// shape returns a text with its glyphs.
func (s *setter) shape(text string, st style) *passage {
	key := shapeKey{text, st.language, st.bold, st.rightToLeft, st.elide}
	if p := s.shaped[key]; p != nil {
		return p
	}
	p := s.passage(text, st)
	for _, in := range s.inputs(p, st) {
		p.outputs = append(p.outputs, s.shaper.Shape(in))
	}
	if st.elide {
		dots := &passage{runes: []rune{'…'}, levels: []uint8{0}}
		p.ellipsis = s.shaper.Shape(s.inputs(dots, st)[0])
	}
	if s.shaped == nil {
		s.shaped = map[shapeKey]*passage{}
	}
	s.shaped[key] = p
	return p
}

// passage finds out what is set of a text, and which way it runs. Each isolate is
// a paragraph of its own, so that the levels in it are as if it stood alone.
func (s *setter) passage(text string, st style) *passage {
	p, list := new(passage), stretches(text, st.rightToLeft)
	var around []rune
	for _, part := range list {
		if part.isolated {
			around = append(around, inPlace)
		} else {
			around = append(around, part.text...)
		}
	}
	outer := s.levels(around, st.rightToLeft)
	for _, part := range list {
		levels, outside := outer, lowestLevel(st.rightToLeft)
		if part.isolated {
			levels, outer = s.levels(part.text, part.rightToLeft), outer[1:]
			up := lowestLevel(part.rightToLeft)
			for up <= outside { // to the next level of this direction
				up += 2
			}
			for i := range levels {
				levels[i] += up - lowestLevel(part.rightToLeft)
			}
			outside = up
		} else {
			outer = outer[len(part.text):]
		}
		set, said, from := s.readable(part.text, st.language)
		p.runes, p.said = append(p.runes, set...), append(p.said, said...)
		for _, at := range from {
			p.levels, p.outside = append(p.levels, levels[at]), append(p.outside, outside)
		}
	}
	return p
}

func lowestLevel(rightToLeft bool) uint8 {
	if rightToLeft {
		return 1
	}
	return 0
}

// levels returns the level of each character of a text without controls.
func (s *setter) levels(text []rune, rightToLeft bool) []uint8 {
	direction := bidi.LeftToRight
	if rightToLeft {
		direction = bidi.RightToLeft
	}
	levels := make([]uint8, len(text))
	runs := s.paragraph.Segment(text, direction)
	for i := range runs.NumRuns() {
		run := runs.Run(i)
		for j := run.Start; j < run.End; j++ {
			switch {
			case !run.IsLeftToRight():
				levels[j] = 1
			case rightToLeft:
				levels[j] = 2
			}
		}
		if run.IsLeftToRight() && !rightToLeft {
			numberLevels(levels[run.Start:run.End], text[run.Start:run.End], i > 0)
		}
	}
	return levels
}

// inputs returns the parts of a passage that are shaped each by itself: of one
// level, one script and one font.
func (s *setter) inputs(p *passage, st style) (list []shaping.Input) {
	bold := st.bold && s.faces.missing(s.studio.order(st.language, true), string(p.runes)) == 0
	fonts := faceMap{
		faces: s.faces, order: s.studio.order(st.language, bold), plain: s.studio.order("", bold),
		other: s.faces.get(s.studio.fonts[0].regular),
	}
	for start := 0; start < len(p.runes); {
		end := start + 1
		for end < len(p.runes) && p.levels[end] == p.levels[start] {
			end++
		}
		direction := di.DirectionLTR
		if p.levels[start]%2 == 1 {
			direction = di.DirectionRTL
		}
		list = append(list, s.segmenter.Split(shaping.Input{
			Text: p.runes, RunStart: start, RunEnd: end, Direction: direction, Face: fonts.other,
			Size: fixed.I(em), Language: language.NewLanguage(st.language),
		}, fonts)...)
		start = end
	}
	return list
}

// set breaks a text into lines of a width. It reports whether all of it fits.
// Nothing is placed yet: each line begins at the origin.
func (s *setter) set(text string, st style, width float64) (lines []*textLine, widths []float64, fits bool) {
	p := s.shape(text, st)
	config := shaping.WrapConfig{TruncateAfterLines: st.lines, BreakPolicy: shaping.Never, DisableTrailingWhitespaceTrim: true}
	if st.rightToLeft {
		config.Direction = di.DirectionRTL
	}
	if st.anywhere {
		config.BreakPolicy = shaping.WhenNecessary
	}
	if st.elide {
		config.Truncator = p.ellipsis
	}
	limit := fixed.Int26_6(width / st.size * em * 64)
	wrapped, truncated := s.wrapper.WrapParagraphF(config, limit, p.runes, shaping.NewSliceIterator(p.outputs))
	fits = truncated == 0 || st.elide
	for i, line := range wrapped {
		l, w := s.line(p.visual(line, st.elide && truncated > 0 && i == len(wrapped)-1), p, st.size)
		lines, widths = append(lines, l), append(widths, w)
		fits = fits && w <= width+0.01
	}
	return lines, widths, fits
}

// A levelRun is a run on a line.
type levelRun struct {
	shaping.Output
	level    uint8
	ellipsis bool
}

// visual puts the runs of a line into the order in which they are seen (UAX 9,
// L2). Spaces at the end of the line take no room.
func (p *passage) visual(line shaping.Line, ellipsis bool) (runs []levelRun) {
	for i, out := range line {
		run := levelRun{Output: out, ellipsis: ellipsis && i == len(line)-1}
		switch at := out.Runes.Offset; {
		case !run.ellipsis:
			run.level = p.levels[at]
		case at > 0: // stands where the text would go on
			run.level = p.outside[at-1]
		}
		runs = append(runs, run)
	}
	for i := len(runs) - 1; i >= 0 && !ellipsis && p.trim(&runs[i].Output); i-- {
	}
	for level := uint8(4); level > 0; level-- { // a number in an isolate has 4
		for start := 0; start < len(runs); start++ {
			end := start
			for end < len(runs) && runs[end].level >= level {
				end++
			}
			slices.Reverse(runs[start:end])
			start = max(start, end)
		}
	}
	return runs
}

// trim takes the width from the spaces at the end of a run, and reports whether
// there is nothing else in it.
func (p *passage) trim(run *shaping.Output) (all bool) {
	run.Glyphs = slices.Clone(run.Glyphs)
	for n := range run.Glyphs {
		g := &run.Glyphs[n] // from the end of the text
		if run.Direction == di.DirectionLTR {
			g = &run.Glyphs[len(run.Glyphs)-1-n]
		}
		if !unicode.IsSpace(p.runes[g.TextIndex()]) {
			return false
		}
		g.Advance = 0
	}
	return true
}

// line puts the runs of a line behind each other, and finds out how much room
// they need above and below it. Marks that would need too much are left out.
func (s *setter) line(runs []levelRun, p *passage, size float64) (*textLine, float64) {
	l := &textLine{size: size}
	highest, lowest := tallestMark, deepestMark
	if s.tight {
		highest, lowest = tallestMarkTight, deepestMarkTight
	}
	var x fixed.Int26_6
	mm := func(v fixed.Int26_6) float64 { return float64(v) / 64 / em * size }
	for _, run := range runs {
		r := glyphRun{font: s.faces.file(run.Face)}
		last := -1 // character that the last glyph stands for
		for _, g := range run.Glyphs {
			above, below := mm(g.YOffset+g.YBearing), -mm(g.YOffset+g.YBearing+g.Height)
			if g.Advance == 0 && (above > highest*size || below > lowest*size) {
				continue
			}
			l.above, l.below = max(l.above, above-ascent*size), max(l.below, below-(lineHeight-ascent)*size)
			placed := placedGlyph{id: g.GlyphID, at: point{mm(x + g.XOffset), -mm(g.YOffset)}}
			switch i := g.TextIndex(); {
			case run.ellipsis:
				placed.text = "…"
			case i != last && i+g.RunesCount() <= len(p.said):
				placed.text, last = strings.Join(p.said[i:i+g.RunesCount()], ""), i
			}
			r.glyphs = append(r.glyphs, placed)
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
