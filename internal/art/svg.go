package art

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
)

// number writes a measure to a thousandth, a thing no printer tells from more.
func number(b []byte, v float64) []byte {
	b = strconv.AppendFloat(b, v, 'f', 3, 64)
	b = bytes.TrimRight(b, "0")
	return bytes.TrimSuffix(b, []byte("."))
}

// SVG returns the drawing as an SVG document in its printed size. Words are
// outlines, so that it looks the same where the fonts are missing; what they say
// is in its description.
func (d *Drawing) SVG() []byte {
	var b bytes.Buffer
	w, h := string(number(nil, d.Width)), string(number(nil, d.Height))
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%smm" height="%smm" viewBox="0 0 %[1]s %[2]s" role="img" aria-labelledby="t d" lang="`, w, h)
	escape(&b, d.Model.Sides[0].Language)
	b.WriteString(`"><title id="t">`)
	escape(&b, d.title())
	b.WriteString(`</title><desc id="d">`)
	escape(&b, strings.Join(d.Model.Lines(), "\n"))
	b.WriteString("</desc>\n")
	glyphs := d.defineGlyphs(&b)
	for _, it := range d.items {
		if it.text != nil {
			d.writeUses(&b, it, glyphs)
			continue
		}
		fmt.Fprintf(&b, `<path fill="%s" d="%s"/>`+"\n", it.colour, svgPath(it.path))
	}
	b.WriteString("</svg>\n")
	return b.Bytes()
}

// title is what the drawing is called.
func (d *Drawing) title() string {
	first := &d.Model.Sides[0]
	return first.Title + " " + first.identifier(d.Model.ID.Pretty())
}

func escape(b *bytes.Buffer, s string) { xml.EscapeText(b, []byte(s)) } // a bytes.Buffer does not fail

// svgPath returns path data.
func svgPath(path []segment) []byte {
	var out []byte
	for i, s := range path {
		if i > 0 && s.op == opentype.SegmentOpMoveTo {
			out = append(out, 'Z')
		}
		out = append(out, "MLQC"[s.op])
		for j := range points(s.op) {
			if j > 0 {
				out = append(out, ' ')
			}
			out = number(out, s.at[j].x)
			out = append(out, ' ')
			out = number(out, s.at[j].y)
		}
	}
	if len(path) == 0 { // a glyph without an outline, such as a space
		return out
	}
	return append(out, 'Z')
}

// points returns how many points a segment has.
func points(op opentype.SegmentOp) int { return [...]int{1, 1, 2, 3}[op] }

// A glyphKey is a glyph of a font.
type glyphKey struct {
	font *fontFile
	id   font.GID
}

// defineGlyphs writes each glyph once, in font units, and returns their names.
func (d *Drawing) defineGlyphs(b *bytes.Buffer) map[glyphKey]int {
	names := map[glyphKey]int{}
	b.WriteString("<defs>")
	for _, it := range d.items {
		for _, key := range it.glyphKeys() {
			if _, ok := names[key]; ok {
				continue
			}
			names[key] = len(names)
			fmt.Fprintf(b, `<path id="g%d" d="%s"/>`, names[key], svgPath(unflipped(d.outline(key.font, key.id))))
		}
	}
	b.WriteString("</defs>\n")
	return names
}

// glyphKeys returns the glyphs of an item in the order in which they are set.
func (it *item) glyphKeys() (keys []glyphKey) {
	if it.text == nil {
		return nil
	}
	for _, r := range it.text.runs {
		for _, g := range r.glyphs {
			keys = append(keys, glyphKey{r.font, g.id})
		}
	}
	return keys
}

// unflipped turns a font's outline, which grows upwards, into a path that grows
// downwards.
func unflipped(outline []opentype.Segment) []segment {
	path := make([]segment, len(outline))
	for i, s := range outline {
		path[i].op = s.Op
		for j := range s.Args {
			path[i].at[j] = point{float64(s.Args[j].X), -float64(s.Args[j].Y)}
		}
	}
	return path
}

// writeUses writes a line of text as references to its glyphs.
func (d *Drawing) writeUses(b *bytes.Buffer, it item, names map[glyphKey]int) {
	for _, r := range it.text.runs {
		scale := d.perUnit(r.font, it.text.size)
		fmt.Fprintf(b, `<g fill="%s" transform="scale(%s)">`, it.colour, strconv.FormatFloat(scale, 'f', 6, 64))
		for _, g := range r.glyphs {
			fmt.Fprintf(b, `<use href="#g%d" x="%.0f" y="%.0f"/>`, names[glyphKey{r.font, g.id}], g.at.x/scale, g.at.y/scale)
		}
		b.WriteString("</g>\n")
	}
}
