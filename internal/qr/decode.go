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
	"github.com/makiuchi-d/gozxing/qrcode"

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
)

// Decode reads a PNG or JPEG picture and returns the text of the QR code in
// it; of several codes, any one. It is text from a stranger: pass it to
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
	text, ok := find(grey(img))
	if !ok {
		return bad(label.Invalid, label.ReasonMalformed,
			"no QR code can be read in it: crop it to the code with some white around, or take it straight, sharp and without glare")
	}
	return text, nil
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

// find looks for a code in smaller copies of g first, then in larger ones, up
// to g itself. A wrong text is not a danger at any size: error correction
// tells.
func find(g *image.Gray) (string, bool) {
	sizes := []*image.Gray{g}
	for max(g.Rect.Dx(), g.Rect.Dy()) > comfortable && min(g.Rect.Dx(), g.Rect.Dy()) > 1 {
		g = halve(g)
		sizes = append(sizes, g)
	}
	for i := len(sizes) - 1; i >= 0; i-- {
		// The hybrid binarizer copes with shadow, the global one with codes
		// whose modules are larger than the hybrid one's window.
		for _, binarizer := range []func(gozxing.LuminanceSource) gozxing.Binarizer{
			gozxing.NewHybridBinarizer, gozxing.NewGlobalHistgramBinarizer,
		} {
			for _, hint := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
				if text, ok := attempt(sizes[i], binarizer, hint); ok {
					return text, true
				}
			}
		}
	}
	return "", false
}

// attempt runs the reader once, with a hint: to look for a code at any place and
// angle, or to take the picture for a drawn one that stands alone. One drawn code
// in 500 has modules that look like a fourth corner and mislead the first. The reader panics where the Java it was
// ported from throws and catches, at an index outside the picture, so a panic
// means no code here. The bound on candidates leaves the reader the same way:
// its callback has no other.
func attempt(g *image.Gray, binarizer func(gozxing.LuminanceSource) gozxing.Binarizer, hint gozxing.DecodeHintType) (text string, ok bool) {
	defer func() {
		if recover() != nil {
			text, ok = "", false
		}
	}()
	w, h := g.Rect.Dx(), g.Rect.Dy()
	source, err := gozxing.NewPlanarYUVLuminanceSource(g.Pix, w, h, 0, 0, w, h, false)
	if err != nil {
		return "", false
	}
	bitmap, err := gozxing.NewBinaryBitmap(binarizer(source))
	if err != nil {
		return "", false
	}
	candidates := 0
	hints := map[gozxing.DecodeHintType]any{
		hint: true,
		gozxing.DecodeHintType_NEED_RESULT_POINT_CALLBACK: gozxing.ResultPointCallback(func(gozxing.ResultPoint) {
			if candidates++; candidates > maxCandidates {
				panic("too many candidates")
			}
		}),
	}
	result, err := qrcode.NewQRCodeReader().Decode(bitmap, hints)
	if err != nil {
		return "", false
	}
	return result.GetText(), true
}
