package qr

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	_ "image/jpeg" // for image.Decode
	_ "image/png"  // for image.Decode
	"io"

	"github.com/makiuchi-d/gozxing"
	multi "github.com/makiuchi-d/gozxing/multi/qrcode/detector"
	"github.com/makiuchi-d/gozxing/qrcode"
	"github.com/makiuchi-d/gozxing/qrcode/decoder"
	"github.com/makiuchi-d/gozxing/qrcode/detector"

	"labeld/internal/label"
)

const (
	// maxPictureBytes bounds a picture file. Phones write up to 20 MB.
	maxPictureBytes = 32 << 20

	// maxPicturePixels bounds a picture once it is unpacked, because a file of
	// a few kilobytes can claim any size. It holds the usual 12 megapixels of
	// a phone and most of what cameras make.
	maxPicturePixels = 40_000_000

	// comfortable is the side, in pixels, at which a picture is tried first.
	// Photographs beyond show paper grain and sensor noise, not more of the code.
	comfortable = 1600

	// maxCandidates bounds the spots in a picture that may be the corner of a
	// code. The library compares every three of them with each other, so a
	// picture full of corners would take days. Photographs of packages have a
	// few dozen.
	maxCandidates = 400

	// maxCorners bounds them where every three that may be the corners of one code
	// are looked at, and maxTriples bounds those: a box with a dozen codes has 36
	// corners.
	maxCorners = 100
	maxTriples = 500
)

// Decode reads a PNG or JPEG picture and returns the text of the QR code in
// it. Of several codes it is the one that is a label's: a label URL, or else a GS1
// Digital Link; where none is, any one. Codes of two labels are refused, because
// nobody can tell which one is meant. It is text from a stranger: pass it to
// [ParsePayload]. Errors about the picture are [*label.Error]; others come
// from r.
func Decode(r io.Reader) (string, error) {
	bad := func(kind label.Kind, reason label.Reason, format string, args ...any) (string, error) {
		return "", label.Errorf(kind, reason, "picture", format, args...)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxPictureBytes+1))
	if err != nil {
		return "", fmt.Errorf("reading the picture: %w", err)
	}
	if len(b) > maxPictureBytes {
		return bad(label.TooLarge, label.ReasonTooLarge,
			"is larger than %d MiB: crop it to the QR code", maxPictureBytes>>20)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || format != "png" && format != "jpeg" {
		return bad(label.Invalid, label.ReasonMalformed, "is not a PNG or JPEG picture: convert it to one")
	}
	if w, h := int64(config.Width), int64(config.Height); w <= 0 || h <= 0 || w > maxPicturePixels/h {
		return bad(label.TooLarge, label.ReasonTooLarge,
			"has %d by %d pixels, at most %d megapixels are accepted: crop it to the QR code", w, h, maxPicturePixels/1_000_000)
	}
	img, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return bad(label.Invalid, label.ReasonMalformed, "is damaged or incomplete (%v): copy or take it again", err)
	}
	found := find(grey(img))
	switch labels := found.labels(); {
	case len(labels) > 1:
		return bad(label.Invalid, label.ReasonMalformed,
			"has the codes of several labels, %.200q and %.200q among them: crop it to the one that you mean", labels[0], labels[1])
	case len(labels) == 1:
		return labels[0], nil
	case len(found) > 0:
		return found[0], nil
	}
	return bad(label.Invalid, label.ReasonMalformed,
		"no QR code can be read in it: crop it to the code with some white around, or take it straight, sharp and without glare")
}

// texts are those of the codes in a picture.
type texts []string

// labels returns the texts that name labels, each label once: URLs of labels, or
// where there is none, GS1 Digital Links.
func (t texts) labels() texts {
	type name struct{ base, id string }
	var urls, links texts
	seen := map[name]bool{}
	add := func(list *texts, text string, n name) {
		if !seen[n] {
			seen[n] = true
			*list = append(*list, text)
		}
	}
	for _, text := range t {
		if base, id, err := ParsePayload(text); err == nil {
			add(&urls, text, name{base, string(id)})
		} else if base, g, err := ParseDigitalLink(text); err == nil {
			add(&links, text, name{base, string(g)})
		}
	}
	if len(urls) > 0 {
		return urls
	}
	return links
}

// grey returns the luminance of img over white, which is what transparent
// parts of a drawn code stand for.
func grey(img image.Image) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, img.Bounds().Dx(), img.Bounds().Dy()))
	if photo, ok := img.(*image.YCbCr); ok { // a JPEG has its luminance ready
		for y := range g.Rect.Dy() {
			copy(g.Pix[y*g.Stride:][:g.Rect.Dx()], photo.Y[y*photo.YStride:])
		}
		return g
	}
	draw.Draw(g, g.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(g, g.Rect, img, img.Bounds().Min, draw.Over)
	return g
}

// halve returns g at half its size, each pixel the mean of four.
func halve(g *image.Gray) *image.Gray {
	h := image.NewGray(image.Rect(0, 0, g.Rect.Dx()/2, g.Rect.Dy()/2))
	for y := range h.Rect.Dy() {
		upper, lower := g.Pix[2*y*g.Stride:], g.Pix[(2*y+1)*g.Stride:]
		row := h.Pix[y*h.Stride:][:h.Rect.Dx()]
		for x := range row {
			row[x] = uint8((int(upper[2*x]) + int(upper[2*x+1]) + int(lower[2*x]) + int(lower[2*x+1])) / 4)
		}
	}
	return h
}

// invert returns g with dark and light exchanged.
func invert(g *image.Gray) *image.Gray {
	out := image.NewGray(g.Rect)
	for i, v := range g.Pix {
		out.Pix[i] = 255 - v
	}
	return out
}

// find looks for codes in smaller copies of g first, then in larger ones, up to g
// itself, each as it is and with dark and light exchanged: some codes are printed
// white on black. It ends where it has found a label's, and returns what it has read
// by then. A wrong text is not a danger at any size: error correction tells.
func find(g *image.Gray) (found texts) {
	sizes := []*image.Gray{g}
	for max(g.Rect.Dx(), g.Rect.Dy()) > comfortable && min(g.Rect.Dx(), g.Rect.Dy()) > 1 {
		g = halve(g)
		sizes = append(sizes, g)
	}
	for i := len(sizes) - 1; i >= 0; i-- {
		for _, shades := range []func(*image.Gray) *image.Gray{func(g *image.Gray) *image.Gray { return g }, invert} {
			// The hybrid binarizer copes with shadow, the global one with codes
			// whose modules are larger than the hybrid one's window.
			for _, binarizer := range []func(gozxing.LuminanceSource) gozxing.Binarizer{
				gozxing.NewHybridBinarizer, gozxing.NewGlobalHistgramBinarizer,
			} {
				found = append(found, look(shades(sizes[i]), binarizer)...)
				if len(found.labels()) > 0 {
					return found
				}
			}
		}
	}
	return found
}

// look reads the codes in a picture: all that its corners may belong to, and where
// that gives no label's, the one that the library takes for the best, at any place
// and angle, or by taking the picture for a drawn one that stands alone. One drawn
// code in 500 has modules that look like a fourth corner and mislead the second.
func look(g *image.Gray, binarizer func(gozxing.LuminanceSource) gozxing.Binarizer) (found texts) {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	source, err := gozxing.NewPlanarYUVLuminanceSource(g.Pix, w, h, 0, 0, w, h, false)
	if err != nil {
		return nil
	}
	bitmap, err := gozxing.NewBinaryBitmap(binarizer(source))
	if err != nil {
		return nil
	}
	found = all(bitmap)
	for _, hint := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
		if len(found.labels()) > 0 {
			break
		}
		if text, ok := attempt(bitmap, hint); ok {
			found = append(found, text)
		}
	}
	return found
}

// quietly calls f. The library panics where the Java it was ported from throws and
// catches, at an index outside the picture, so a panic means no code here. Bounds on
// candidates leave the library the same way: its callback has no other.
func quietly(f func()) {
	defer func() { recover() }()
	f()
}

// hints returns what the library is asked, with a bound on spots that may be
// corners.
func hints(hint gozxing.DecodeHintType, most int) map[gozxing.DecodeHintType]any {
	return map[gozxing.DecodeHintType]any{
		hint: true,
		gozxing.DecodeHintType_NEED_RESULT_POINT_CALLBACK: bounded(most),
	}
}

func bounded(most int) gozxing.ResultPointCallback {
	candidates := 0
	return func(gozxing.ResultPoint) {
		if candidates++; candidates > most {
			panic("too many candidates")
		}
	}
}

// all reads the codes of every three corners that may belong together.
func all(bitmap *gozxing.BinaryBitmap) (found texts) {
	var triples []*detector.FinderPatternInfo
	var matrix *gozxing.BitMatrix
	quietly(func() {
		var err error
		if matrix, err = bitmap.GetBlackMatrix(); err != nil {
			return
		}
		finder := multi.NewMultiFinderPatternFinder(matrix, bounded(maxCorners))
		triples, _ = finder.FindMulti(map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true})
	})
	for _, t := range triples[:min(len(triples), maxTriples)] {
		quietly(func() {
			spot, err := detector.NewDetector(matrix).ProcessFinderPatternInfo(t)
			if err != nil {
				return
			}
			if read, err := decoder.NewDecoder().DecodeWithoutHint(spot.GetBits()); err == nil {
				found = append(found, read.GetText())
			}
		})
	}
	return found
}

// attempt runs the library's reader of one code once.
func attempt(bitmap *gozxing.BinaryBitmap, hint gozxing.DecodeHintType) (text string, ok bool) {
	quietly(func() {
		result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints(hint, maxCandidates))
		if err == nil {
			text, ok = result.GetText(), true
		}
	})
	return text, ok
}
