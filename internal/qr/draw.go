package qr

import (
	"bytes"
	"encoding/xml"
	"image"
	"image/color"
	"image/png"
	"strconv"
	"strings"

	"labeld/internal/label"
)

// MaxModulePixels bounds what [Code.PNG] draws. The largest code is then 4,160
// pixels wide: 88 mm at 1,200 dpi, more than any box needs.
const MaxModulePixels = 64

// SVG returns the code with its quiet zone as an SVG document, one unit to a
// module and without a size of its own, so that it fills what it is put into.
// It needs no styles, no script and no font, and may stand inline in a page.
//
// The background is drawn, not left to the page: in a dark page a code without
// it is inverted, which many readers refuse.
func (c *Code) SVG() []byte {
	var b bytes.Buffer
	n := strconv.Itoa(c.FullSize())
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + n + ` ` + n +
		`" role="img" shape-rendering="crispEdges"><title>`)
	xml.EscapeText(&b, []byte(c.payload)) // a bytes.Buffer does not fail
	b.WriteString(`</title><rect width="` + n + `" height="` + n + `" fill="#fff"/><path d="`)
	b.Write(c.path())
	b.WriteString("\"/></svg>\n")
	return b.Bytes()
}

// path returns the dark modules as SVG path data: a rectangle of height 1 for
// each run in a row. It is filled, and filling closes a subpath, so the three
// sides that are drawn make a rectangle.
func (c *Code) path() []byte {
	var d []byte
	for y := quiet; y < quiet+c.Size(); y++ {
		for x := quiet; x < quiet+c.Size(); x++ {
			if !c.Dark(x, y) {
				continue
			}
			start := x
			for c.Dark(x, y) { // ends in the quiet zone at the latest
				x++
			}
			d = append(d, 'M')
			d = strconv.AppendInt(d, int64(start), 10)
			d = append(d, ' ')
			d = strconv.AppendInt(d, int64(y), 10)
			d = append(d, 'h')
			d = strconv.AppendInt(d, int64(x-start), 10)
			d = append(d, "v1h-"...)
			d = strconv.AppendInt(d, int64(x-start), 10)
		}
	}
	return d
}

// PNG returns the code with its quiet zone as a PNG picture of one bit per
// pixel, each module modulePx pixels wide, from 1 to [MaxModulePixels]. There
// is no way to ask for a width: modules of unequal width are how QR codes
// become hard to read.
func (c *Code) PNG(modulePx int) ([]byte, error) {
	if modulePx < 1 || modulePx > MaxModulePixels {
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "modulePx",
			"must be 1 to %d pixels for each module", MaxModulePixels)
	}
	side := c.FullSize() * modulePx
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range c.FullSize() {
		first := img.Pix[y*modulePx*img.Stride:][:side]
		for x := range first {
			if c.Dark(x/modulePx, y) {
				first[x] = 1
			}
		}
		for i := 1; i < modulePx; i++ {
			copy(img.Pix[(y*modulePx+i)*img.Stride:], first)
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, img); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Terminal returns the code with its quiet zone for a terminal, two modules to
// a character. It asks for black on white by their numbers in the 256-colour
// palette: a terminal's own black and white are whatever its theme made of
// them, light on dark as often as not.
func (c *Code) Terminal() string {
	const (
		blackOnWhite = "\x1b[38;5;16;48;5;231m"
		reset        = "\x1b[0m"
	)
	var b strings.Builder
	for line := range strings.Lines(c.Blocks()) {
		// Each line ends in its own reset, or the white would run to the edge
		// of the window and, after a Ctrl-C, on into the prompt.
		b.WriteString(blackOnWhite + strings.TrimSuffix(line, "\n") + reset + "\n")
	}
	return b.String()
}

// Blocks is [Code.Terminal] without colours, for a file: dark where the reader's ink
// is.
func (c *Code) Blocks() string {
	var b strings.Builder
	// The number of rows is odd. The last line's lower half is one more row of
	// white.
	for y := 0; y < c.FullSize(); y += 2 {
		for x := range c.FullSize() {
			switch upper, lower := c.Dark(x, y), c.Dark(x, y+1); {
			case upper && lower:
				b.WriteRune('█')
			case upper:
				b.WriteRune('▀')
			case lower:
				b.WriteRune('▄')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}
