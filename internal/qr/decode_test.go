package qr_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"testing/iotest"

	"labeld/internal/label"
	"labeld/internal/qr"
)

func encodePNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encodeJPEG(t testing.TB, img image.Image, quality int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// drawn returns the code as an image.
func drawn(t testing.TB, payload string, modulePx int) image.Image {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(newPNG(t, newCode(t, payload), modulePx)))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// sheet returns a grey sheet of w by h pixels with img at x, y.
func sheet(w, h int, img image.Image, x, y int) *image.RGBA {
	s := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(s, s.Rect, image.NewUniform(color.Gray{170}), image.Point{}, draw.Src)
	draw.Draw(s, img.Bounds().Add(image.Pt(x, y)), img, image.Point{}, draw.Src)
	return s
}

func TestRoundTrip(t *testing.T) {
	for _, payload := range []string{
		qr.Payload(base, id), qr.URL(base, id), qr.Payload(longBase, id), "A", "0123456789", `<a href="&amp;">'</a>`,
	} {
		for _, px := range []int{1, 2, 3, 8, 20} {
			got, err := qr.Decode(bytes.NewReader(newPNG(t, newCode(t, payload), px)))
			if err != nil || got != payload {
				t.Errorf("at %d pixels: Decode = %q, %v, want %q", px, got, err, payload)
			}
		}
	}
}

// Pictures as they come from screenshots and cameras.
func TestDecodePictures(t *testing.T) {
	payload := qr.Payload(base, id)
	code := drawn(t, payload, 6)
	turned := image.NewGray(code.Bounds())
	transparent := image.NewNRGBA(code.Bounds())
	shaded := image.NewGray(code.Bounds())
	for y := range code.Bounds().Dy() {
		for x := range code.Bounds().Dx() {
			turned.Set(code.Bounds().Dy()-1-y, x, code.At(x, y))
			if isBlack(t, code.At(x, y)) {
				transparent.Set(x, y, color.Black)
				shaded.SetGray(x, y, color.Gray{uint8(x * 110 / code.Bounds().Dx())})
			} else {
				shaded.SetGray(x, y, color.Gray{uint8(80 + x*170/code.Bounds().Dx())})
			}
		}
	}
	for name, picture := range map[string][]byte{
		"JPEG":                   encodeJPEG(t, code, 60),
		"on a sheet":             encodeJPEG(t, sheet(900, 700, code, 411, 97), 80),
		"small on a large sheet": encodePNG(t, sheet(2500, 1700, code, 1611, 1077)),
		"large":                  encodeJPEG(t, sheet(3300, 1500, drawn(t, payload, 35), 900, 100), 80),
		"turned":                 encodePNG(t, turned),
		"transparent":            encodePNG(t, transparent),
		"shaded":                 encodePNG(t, shaded),
	} {
		got, err := qr.Decode(bytes.NewReader(picture))
		if err != nil || got != payload {
			t.Errorf("%s: Decode = %q, %v, want %q", name, got, err, payload)
		}
	}
}

// Pictures with several codes, and with light ones on dark.
func TestDecodeTakesTheLabels(t *testing.T) {
	payload, link := qr.Payload(base, id), qr.DigitalLink(base, "09522104000171")
	other, second := qr.Payload(base, "WN3JN21ZH4Q4"), qr.DigitalLink(base, "09522104000188")
	// row draws codes beside each other, dark with every other one light on dark if
	// inverted.
	row := func(px int, inverted bool, payloads ...string) image.Image {
		s, x := sheet(700*len(payloads), 700, image.White, 0, 0), 20
		draw.Draw(s, s.Rect, image.White, image.Point{}, draw.Src)
		for i, p := range payloads {
			code := drawn(t, p, px)
			at := code.Bounds().Add(image.Pt(x, 20+10*i))
			draw.Draw(s, at, code, image.Point{}, draw.Src)
			if inverted && i == len(payloads)-1 {
				for y := at.Min.Y; y < at.Max.Y; y++ {
					for x := at.Min.X; x < at.Max.X; x++ {
						c := s.RGBAAt(x, y)
						s.SetRGBA(x, y, color.RGBA{255 - c.R, 255 - c.G, 255 - c.B, 255})
					}
				}
			}
			x += code.Bounds().Dx() + 30
		}
		return s
	}
	shop := "https://shop.example/camera?utm_source=box"
	for name, c := range map[string]struct {
		want     string
		inverted bool
		payloads []string
	}{
		"left":                      {payload, false, []string{payload, shop}},
		"right":                     {payload, false, []string{shop, payload}},
		"between":                   {payload, false, []string{"WIFI:S:setup;;", payload, shop}},
		"last of five":              {payload, false, []string{shop, "A", "0123456789", "WIFI:S:setup;;", payload}},
		"twice":                     {payload, false, []string{payload, qr.URL(base, id)}},
		"beside a Digital Link":     {payload, false, []string{link, payload}},
		"Digital Link":              {link, false, []string{shop, link}},
		"light on dark":             {payload, true, []string{payload}},
		"light beside another":      {payload, true, []string{shop, payload}},
		"two labels":                {"", false, []string{payload, other}},
		"two labels and another":    {"", false, []string{payload, shop, other}},
		"two products":              {"", false, []string{link, second}},
		"two products and a label":  {payload, false, []string{link, payload, second}},
		"no label's":                {shop, false, []string{shop}},
		"no label's, light on dark": {shop, true, []string{shop}},
	} {
		for _, px := range []int{3, 8} {
			img := row(px, c.inverted, c.payloads...)
			for kind, picture := range map[string][]byte{"PNG": encodePNG(t, img), "JPEG": encodeJPEG(t, img, 80)} {
				got, err := qr.Decode(bytes.NewReader(picture))
				switch {
				case c.want == "":
					if label.KindOf(err) != label.Invalid || !strings.Contains(err.Error(), "codes of several labels") {
						t.Errorf("%s, %s at %d pixels: %q, %v, want it refused", name, kind, px, got, err)
					}
				case err != nil || got != c.want && (name != "twice" || got != c.payloads[1]):
					t.Errorf("%s, %s at %d pixels: %q, %v, want %q", name, kind, px, got, err, c.want)
				}
			}
		}
	}
}

// claims returns a PNG header that promises w by h pixels, and nothing more.
func claims(w, h uint32) []byte {
	chunk := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(chunk[4:], w)
	binary.BigEndian.PutUint32(chunk[8:], h)
	chunk[12] = 8 // bits; colour type 0 is grey
	b := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	b = append(b, chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

// corners returns a picture full of what looks like corners of QR codes.
func corners(n int) image.Image {
	g := image.NewGray(image.Rect(0, 0, 9*n, 9*n))
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			d := max(abs(x%9-4), abs(y%9-4))
			if d == 2 || d == 4 {
				g.SetGray(x, y, color.Gray{255})
			}
		}
	}
	return g
}

func abs(n int) int { return max(n, -n) }

func TestDecodeRefuses(t *testing.T) {
	whole := newPNG(t, newCode(t, qr.Payload(base, id)), 8)
	var asGIF bytes.Buffer
	if err := gif.Encode(&asGIF, drawn(t, qr.Payload(base, id), 8), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		picture []byte
		kind    label.Kind
		text    string
	}{
		"nothing":        {nil, label.Invalid, "not a PNG or JPEG"},
		"text":           {[]byte(qr.Payload(base, id)), label.Invalid, "not a PNG or JPEG"},
		"SVG":            {newCode(t, "A").SVG(), label.Invalid, "not a PNG or JPEG"},
		"GIF":            {asGIF.Bytes(), label.Invalid, "not a PNG or JPEG"},
		"half a PNG":     {whole[:len(whole)/2], label.Invalid, "damaged or incomplete"},
		"header only":    {claims(100, 100), label.Invalid, "damaged or incomplete"},
		"just too large": {claims(40_000_001, 1), label.TooLarge, "at most 40 megapixels"},
		"huge":           {claims(1<<20, 1<<20), label.TooLarge, "at most 40 megapixels"},
		"endless":        {append(bytes.Clone(whole), make([]byte, 32<<20)...), label.TooLarge, "larger than 32 MiB"},
		"one pixel":      {encodePNG(t, image.NewGray(image.Rect(0, 0, 1, 1))), label.Invalid, "no QR code"},
		"a line":         {encodePNG(t, image.NewGray(image.Rect(0, 0, 7000, 1))), label.Invalid, "no QR code"},
		"black":          {encodePNG(t, image.NewGray(image.Rect(0, 0, 300, 200))), label.Invalid, "no QR code"},
		"white":          {encodePNG(t, sheet(300, 200, image.White, 0, 0)), label.Invalid, "no QR code"},
		"corners only":   {encodePNG(t, corners(150)), label.Invalid, "no QR code"},
	} {
		got, err := qr.Decode(bytes.NewReader(c.picture))
		if got != "" || label.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: Decode = %q, %v, want %q", name, got, err, c.text)
		}
	}
	broken := errors.New("the disk is gone")
	if _, err := qr.Decode(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("Decode of a broken reader: %v", err)
	}
}

// FuzzDecode reads b as a file if width is 0, and else as the grey pixels of a
// picture so wide: few mutations of a PNG leave its checksums right.
func FuzzDecode(f *testing.F) {
	for _, file := range [][]byte{
		nil, claims(40_000, 40_000), newCode(f, "A").SVG(), newPNG(f, newCode(f, "A"), 1),
		encodeJPEG(f, drawn(f, "A", 1), 50), encodePNG(f, image.NewGray(image.Rect(0, 0, 1, 1))),
	} {
		f.Add(uint8(0), file)
	}
	for _, img := range []image.Image{drawn(f, "A", 1), drawn(f, "A", 3), drawn(f, qr.Payload(base, id), 2), corners(3), corners(25)} {
		g := image.NewGray(img.Bounds())
		draw.Draw(g, g.Rect, img, image.Point{}, draw.Src)
		f.Add(uint8(g.Stride), g.Pix)
	}
	f.Fuzz(func(t *testing.T, width uint8, b []byte) {
		if w := int(width); w > 0 {
			if len(b) < w {
				t.Skip("not one row")
			}
			b = encodePNG(t, &image.Gray{Pix: b, Stride: w, Rect: image.Rect(0, 0, w, len(b)/w)})
		} else if c, _, err := image.DecodeConfig(bytes.NewReader(b)); err == nil && c.Width > 250_000/max(c.Height, 1) {
			t.Skip("large pictures take long and no other path")
		}
		text, err := qr.Decode(bytes.NewReader(b))
		if err == nil {
			return
		}
		if _, ok := errors.AsType[*label.Error](err); !ok || text != "" {
			t.Fatalf("Decode = %q, %v, want a *label.Error alone", text, err)
		}
	})
}

// Damage as a scratch or a sticker would do it: a code is read rightly or not
// at all.
func FuzzDamage(f *testing.F) {
	payload := qr.Payload(base, id)
	code := drawn(f, payload, 4)
	f.Add(uint8(60), uint8(60), uint8(16), uint8(16), uint8(255))
	f.Add(uint8(0), uint8(0), uint8(148), uint8(1), uint8(0))
	f.Add(uint8(0), uint8(0), uint8(148), uint8(148), uint8(0))
	f.Fuzz(func(t *testing.T, x, y, w, h, shade uint8) {
		g := image.NewGray(code.Bounds())
		draw.Draw(g, g.Rect, code, image.Point{}, draw.Src)
		spot := image.Rect(int(x), int(y), int(x)+int(w), int(y)+int(h))
		draw.Draw(g, spot, image.NewUniform(color.Gray{shade}), image.Point{}, draw.Src)
		if got, err := qr.Decode(bytes.NewReader(encodePNG(t, g))); err == nil && got != payload {
			t.Fatalf("a damaged code reads as %q", got)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	picture := encodeJPEG(b, sheet(4000, 3000, drawn(b, qr.Payload(base, id), 40), 900, 700), 80)
	for b.Loop() {
		if _, err := qr.Decode(bytes.NewReader(picture)); err != nil {
			b.Fatal(err)
		}
	}
}

// Some codes have modules that look like a fourth corner. They are read all the
// same.
func TestDecodeMisleading(t *testing.T) {
	for base, id := range map[string]label.ID{
		"http://127.0.0.1:42130": "WN3JN21ZH4Q4", "http://127.0.0.1:44300": "ZKRPQ90KF5PK", "http://127.0.0.1:49520": "5X5J2CYYK3FK",
		"http://127.0.0.1:50400": "PQ7CE97NC681", "http://127.0.0.1:58040": "N1NNJ9J2B9PZ",
	} {
		want := qr.Payload(base, id)
		c, err := qr.New(want)
		if err != nil {
			t.Fatal(err)
		}
		b, err := c.PNG(8)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := qr.Decode(bytes.NewReader(b)); err != nil || got != want {
			t.Errorf("%s: %q, %v", want, got, err)
		}
	}
}
