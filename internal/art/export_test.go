package art

import (
	"bytes"
	"image"
	"strings"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
)

// A ShapedRun is a part of a text that was shaped by itself, for tests.
type ShapedRun struct {
	Text, Font, Script, Language string
	RightToLeft                  bool
	Glyphs                       [][4]int // glyph, advance, and offsets
}

// Shaped returns the runs of a text, in reading order.
func (s *Studio) Shaped(text, language string, rightToLeft, bold bool) (list []ShapedRun) {
	set := setter{studio: s, faces: &faces{open: map[*fontFile]*font.Face{}}}
	st := style{language: language, rightToLeft: rightToLeft, bold: bold}
	p := set.passage(text, st)
	for _, in := range set.inputs(p, st) {
		run := ShapedRun{
			Text: string(in.Text[in.RunStart:in.RunEnd]), Font: set.faces.file(in.Face).name,
			Script: in.Script.String(), Language: string(in.Language), RightToLeft: in.Direction == di.DirectionRTL,
		}
		for _, g := range set.shaper.Shape(in).Glyphs {
			run.Glyphs = append(run.Glyphs, [4]int{int(g.GlyphID), g.Advance.Round(), g.XOffset.Round(), g.YOffset.Round()})
		}
		list = append(list, run)
	}
	return list
}

// Seen returns what the lines of a drawing say, from left to right.
func (d *Drawing) Seen() (lines []string) {
	for _, line := range d.lines() {
		var b strings.Builder
		for _, r := range line.runs {
			for _, g := range r.glyphs {
				b.WriteString(g.text)
			}
		}
		lines = append(lines, b.String())
	}
	return lines
}

// Ink returns what each line covers, in micrometres; lines are those of Seen.
func (d *Drawing) Ink() (boxes []image.Rectangle) {
	for _, line := range d.lines() {
		var box image.Rectangle
		for _, r := range line.runs {
			for _, g := range r.glyphs {
				for _, s := range placed(d.outline(r.font, g.id), g.at, d.perUnit(r.font, line.size)) {
					for _, p := range s.at[:points(s.op)] {
						x, y := int(p.x*1000), int(p.y*1000)
						box = box.Union(image.Rect(x, y, x+1, y+1))
					}
				}
			}
		}
		boxes = append(boxes, box)
	}
	return boxes
}

func (d *Drawing) lines() (list []*textLine) {
	for _, it := range d.items {
		if it.text != nil {
			list = append(list, it.text)
		}
	}
	return list
}

// ListCoverages is what is done with the tables of a font when it is loaded.
func ListCoverages(table []byte, context, chained, extended uint16) ([]byte, error) {
	l := layoutTable{bytes: bytes.Clone(table)}
	err := l.listCoverages(context, chained, extended)
	return l.bytes, err
}
