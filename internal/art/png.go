package art

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"

	"github.com/go-text/typesetting/font/opentype"
	"golang.org/x/image/vector"
)

// dpi is the resolution of pictures, and of the printers that modules of codes
// are fitted to.
const dpi = 300

// PNG returns the drawing as a picture of its printed size at 300 dots to the
// inch, with what it says as a text in it.
func (d *Drawing) PNG() ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, pixels(d.Width), pixels(d.Height)))
	for _, it := range d.items {
		if it.text == nil {
			paint(img, it.colour, it.path)
			continue
		}
		for _, r := range it.text.runs {
			for _, g := range r.glyphs {
				paint(img, it.colour, placed(d.outline(r.font, g.id), g.at, d.perUnit(r.font, it.text.size)))
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		return nil, err
	}
	return describePNG(b.Bytes(), d.Model.Alt()), nil
}

func pixels(mm float64) int { return int(math.Ceil(mm/dot - 1e-6)) }

// placed returns a glyph's outline as a path in millimetres.
func placed(outline []opentype.Segment, at point, scale float64) []segment {
	path := unflipped(outline)
	for i := range path {
		for j := range path[i].at {
			p := &path[i].at[j]
			p.x, p.y = at.x+p.x*scale, at.y+p.y*scale
		}
	}
	return path
}

// paint fills a path in the part of the picture that it covers.
func paint(img *image.RGBA, c Colour, path []segment) {
	box := bounds(path).Intersect(img.Rect)
	if box.Empty() {
		return
	}
	z := vector.NewRasterizer(box.Dx(), box.Dy())
	z.DrawOp = draw.Over
	at := func(p point) (x, y float32) {
		return float32(p.x/dot - float64(box.Min.X)), float32(p.y/dot - float64(box.Min.Y))
	}
	for _, s := range path {
		x, y := at(s.at[0])
		switch s.op {
		case opentype.SegmentOpMoveTo:
			z.ClosePath()
			z.MoveTo(x, y)
		case opentype.SegmentOpLineTo:
			z.LineTo(x, y)
		case opentype.SegmentOpQuadTo:
			x1, y1 := at(s.at[1])
			z.QuadTo(x, y, x1, y1)
		case opentype.SegmentOpCubeTo:
			x1, y1 := at(s.at[1])
			x2, y2 := at(s.at[2])
			z.CubeTo(x, y, x1, y1, x2, y2)
		}
	}
	z.ClosePath()
	z.Draw(img, box, image.NewUniform(color.RGBA{c.R, c.G, c.B, 255}), image.Point{})
}

// bounds returns the pixels that a path may touch.
func bounds(path []segment) (box image.Rectangle) {
	for _, s := range path {
		for _, p := range s.at[:points(s.op)] {
			x, y := int(math.Floor(p.x/dot)), int(math.Floor(p.y/dot))
			box = box.Union(image.Rect(x, y, x+2, y+2))
		}
	}
	return box
}

// headerEnd is where the first chunk of a PNG ends: 8 bytes of signature, and 25
// of IHDR.
const headerEnd = 33

// describePNG adds the resolution, in dots to the metre, and a description
// (PNG, third edition, 11.3.4.3 and 11.3.3.4).
func describePNG(b []byte, text string) []byte {
	perMetre := uint32(math.Round(dpi / 0.0254))
	size := binary.BigEndian.AppendUint32(nil, perMetre)
	size = append(binary.BigEndian.AppendUint32(size, perMetre), 1)
	out := append([]byte(nil), b[:headerEnd]...)
	out = appendChunk(out, "pHYs", size)
	out = appendChunk(out, "iTXt", []byte("Description\x00\x00\x00\x00\x00"+text))
	return append(out, b[headerEnd:]...)
}

func appendChunk(b []byte, typ string, data []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	start := len(b)
	b = append(append(b, typ...), data...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[start:]))
}
