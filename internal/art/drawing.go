package art

import (
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// A Drawing is a label, drawn: what to fill and where to set which glyph, in
// millimetres from the upper left corner, downwards. The writers of SVG, PDF
// and PNG add nothing to it. It may be used by one goroutine at a time.
type Drawing struct {
	Width, Height float64
	Model         *Model

	items []item
	faces *faces
}

// An item is something in one colour: a path to be filled, or a line of text.
type item struct {
	colour Colour
	path   []segment
	text   *textLine
}

// A segment of a path: a move, a line, or a curve with one or two control
// points. Subpaths are closed by being filled, by the nonzero winding rule.
type segment struct {
	op opentype.SegmentOp
	at [3]point
}

type point struct{ x, y float64 }

// A textLine is one line as it is set.
type textLine struct {
	size         float64
	runs         []glyphRun // in visual order
	above, below float64    // room that letters need beyond that of a line
}

// A glyphRun is glyphs of one font.
type glyphRun struct {
	font   *fontFile
	glyphs []placedGlyph
}

// A placedGlyph is a glyph with its origin. Text is what it stands for; of
// several glyphs that stand for something together, the first has it.
type placedGlyph struct {
	id   font.GID
	at   point
	text string
}

func (d *Drawing) fill(c Colour, path ...segment) {
	d.items = append(d.items, item{colour: c, path: path})
}

// outline returns the outline of a glyph, in font units and upwards.
func (d *Drawing) outline(f *fontFile, id font.GID) []opentype.Segment {
	outline, _ := d.faces.get(f).GlyphDataOutline(id) // spaces have none
	return outline.Segments
}

// perUnit returns how many millimetres a font unit has at a font size.
func (d *Drawing) perUnit(f *fontFile, size float64) float64 {
	return size / float64(d.faces.get(f).Upem())
}

func moveTo(x, y float64) segment {
	return segment{opentype.SegmentOpMoveTo, [3]point{{x, y}}}
}

func lineTo(x, y float64) segment {
	return segment{opentype.SegmentOpLineTo, [3]point{{x, y}}}
}

func rect(x, y, w, h float64) []segment {
	return polygon(x, y, x+w, y, x+w, y+h, x, y+h)
}

// frame is the border of a rectangle, of a thickness inwards: the inner edge
// runs the other way, so that what it encloses is not filled.
func frame(x, y, w, h, thick float64) []segment {
	return append(rect(x, y, w, h),
		polygon(x+thick, y+thick, x+thick, y+h-thick, x+w-thick, y+h-thick, x+w-thick, y+thick)...)
}

// polygon takes x and y by turns.
func polygon(xy ...float64) []segment {
	path := []segment{moveTo(xy[0], xy[1])}
	for i := 2; i < len(xy); i += 2 {
		path = append(path, lineTo(xy[i], xy[i+1]))
	}
	return path
}
