package label_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

// drawn returns a picture of some size that is not all of one colour.
func drawn(width, height int) image.Image {
	m := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.White, color.Black, color.RGBA{200, 40, 40, 255}})
	for i := range m.Pix {
		m.Pix[i] = uint8(i / 7 % 3)
	}
	return m
}

func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, drawn(width, height)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, drawn(width, height), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pictureOf returns a PNG of n bytes: what is left is a chunk that readers skip.
func pictureOf(t testing.TB, n int) []byte {
	t.Helper()
	file := pngOf(t, 64, 64)
	const end, around = 12, 12 // length, type and check sum
	chunk := append([]byte("fiLl"), make([]byte, n-len(file)-around)...)
	out := binary.BigEndian.AppendUint32(bytes.Clone(file[:len(file)-end]), uint32(len(chunk)-4))
	out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
	if out = append(out, file[len(file)-end:]...); len(out) != n {
		t.Fatalf("made a picture of %d bytes, want %d", len(out), n)
	}
	return out
}

func TestCheckPicture(t *testing.T) {
	for name, c := range map[string]struct {
		file []byte
		typ  string
	}{
		"PNG":           {pngOf(t, 480, 320), "image/png"},
		"JPEG":          {jpegOf(t, 480, 320), "image/jpeg"},
		"smallest PNG":  {pngOf(t, label.MinPictureSide, label.MinPictureSide), "image/png"},
		"smallest JPEG": {jpegOf(t, label.MinPictureSide, label.MinPictureSide), "image/jpeg"},
		"largest":       {pngOf(t, label.MaxPictureSide, label.MaxPictureSide), "image/png"},
	} {
		typ, err := label.CheckPicture(c.file)
		if err != nil || typ != c.typ || label.PictureType(c.file) != c.typ {
			t.Errorf("%s: is %q, %v, want %q", name, typ, err, c.typ)
		}
	}
}

func TestCheckPictureRefuses(t *testing.T) {
	whole, photo := pngOf(t, 100, 100), jpegOf(t, 100, 100)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-20] ^= 1
	var moving bytes.Buffer
	if err := gif.Encode(&moving, drawn(100, 100), nil); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file   []byte
		kind   label.Kind
		reason label.Reason
		says   string
	}{
		"nothing":               {nil, label.Invalid, label.ReasonMissing, "send a PNG or JPEG"},
		"text":                  {[]byte(strings.Repeat("a picture ", 100)), label.Invalid, label.ReasonUnknownType, "neither PNG nor JPEG"},
		"drawing":               {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"/>`), label.Invalid, label.ReasonUnknownType, "neither PNG nor JPEG"},
		"GIF":                   {moving.Bytes(), label.Invalid, label.ReasonUnknownType, "neither PNG nor JPEG"},
		"page behind a picture": {append([]byte("<html>"), whole...), label.Invalid, label.ReasonUnknownType, "neither PNG nor JPEG"},
		"only a PNG's first":    {whole[:8], label.Invalid, label.ReasonMalformed, "to its end"},
		"only a JPEG's first":   {photo[:2], label.Invalid, label.ReasonMalformed, "to its end"},
		"half a PNG":            {whole[:len(whole)/2], label.Invalid, label.ReasonMalformed, "to its end"},
		"half a JPEG":           {photo[:len(photo)/2], label.Invalid, label.ReasonMalformed, "to its end"},
		"PNG without an end":    {whole[:len(whole)-1], label.Invalid, label.ReasonMalformed, "to its end"},
		"JPEG without an end":   {photo[:len(photo)-1], label.Invalid, label.ReasonMalformed, "to its end"},
		"a bit flipped":         {flipped, label.Invalid, label.ReasonMalformed, "to its end"},
		"too narrow":            {pngOf(t, label.MinPictureSide-1, 100), label.Invalid, label.ReasonOutOfRange, "63 by 100 pixels, at least 64 by 64"},
		"too low":               {jpegOf(t, 100, label.MinPictureSide-1), label.Invalid, label.ReasonOutOfRange, "100 by 63 pixels, at least 64 by 64"},
		"too wide":              {jpegOf(t, label.MaxPictureSide+1, 100), label.TooLarge, label.ReasonTooLarge, "2001 by 100 pixels, at most 2000 by 2000"},
		"too high":              {pngOf(t, 100, label.MaxPictureSide+1), label.TooLarge, label.ReasonTooLarge, "100 by 2001 pixels, at most 2000 by 2000"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := label.CheckPicture(c.file)
			if e := wantRefusal(t, err, c.kind, c.reason, "picture"); !strings.Contains(e.Text, c.says) {
				t.Errorf("says %q, want %q", e.Text, c.says)
			}
		})
	}
}

// scanned returns a progressive JPEG of white, of some size, whose reader has to pass
// over it n times to learn nothing.
func scanned(width, height, n int) []byte {
	b := []byte{0xff, 0xd8}
	segment := func(marker byte, data ...byte) {
		b = append(b, 0xff, marker, byte((len(data)+2)>>8), byte(len(data)+2))
		b = append(b, data...)
	}
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)                         // DQT
	segment(0xc2, 8, byte(height>>8), byte(height), byte(width>>8), byte(width), 1, 1, 0x11, 0) // SOF2, one component
	segment(0xc4, append([]byte{0x00, 1}, make([]byte, 16)...)...)                              // DHT: DC, one code, no bits
	segment(0xc4, append([]byte{0x10, 1}, append(make([]byte, 15), 0xe0)...)...)                // DHT: AC, one code, a run of blocks without anything
	blocks := (width + 7) / 8 * ((height + 7) / 8)
	segment(0xda, 1, 1, 0x00, 0, 0, 0)           // SOS of DC
	b = append(b, make([]byte, (blocks+7)/8)...) // a zero for each block
	for range n - 1 {
		segment(0xda, 1, 1, 0x00, 1, 63, 0)              // SOS of AC
		if b = append(b, 0x7f, 0xfe); blocks > 1<<15-1 { // a code and how long the run is, twice
			b = append(b, 0xd0, 0x97)
		}
	}
	return append(b, 0xff, 0xd9)
}

// TestPictureOfManyScans sends a picture that fits by bytes and pixels and would keep
// its reader busy for half a minute.
func TestPictureOfManyScans(t *testing.T) {
	file := scanned(label.MaxPictureSide, label.MaxPictureSide, label.MaxPictureScans)
	start := time.Now()
	if _, err := label.CheckPicture(file); err != nil {
		t.Fatalf("a picture of %d scans: %v", label.MaxPictureScans, err)
	}
	t.Logf("a picture of %d scans takes %v", label.MaxPictureScans, time.Since(start))
	most := (label.MaxPicture - 10_000) / 16
	file = scanned(label.MaxPictureSide, label.MaxPictureSide, most)
	if len(file) > label.MaxPicture {
		t.Fatalf("it has %d bytes", len(file))
	}
	start = time.Now()
	_, err := label.CheckPicture(file)
	if e := wantRefusal(t, err, label.TooLarge, label.ReasonTooLarge, "picture"); !strings.Contains(e.Text, "save it as a baseline JPEG") {
		t.Errorf("says %q", e.Text)
	}
	took := time.Since(start)
	t.Logf("a picture of %d scans takes %v", most, took)
	if took > 5*time.Second {
		t.Error("it was read before it was refused")
	}
}

// TestPictureOfUsualScans lets progressive pictures pass, with a thumbnail inside.
func TestPictureOfUsualScans(t *testing.T) {
	file := scanned(100, 100, 11)
	thumbnail := scanned(64, 64, 11)
	app := append([]byte{0xff, 0xe1, byte((len(thumbnail) + 2) >> 8), byte(len(thumbnail) + 2)}, thumbnail...)
	if typ, err := label.CheckPicture(slices.Concat(file[:2], app, file[2:])); err != nil || typ != "image/jpeg" {
		t.Errorf("is %q, %v", typ, err)
	}
}

func FuzzCheckPicture(f *testing.F) {
	f.Add(pngOf(f, 64, 64))
	f.Add(jpegOf(f, 64, 64))
	f.Add([]byte("\x89PNG\r\n\x1a\n"))
	f.Add([]byte("\xff\xd8\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		typ, err := label.CheckPicture(b)
		if err == nil && (typ == "" || typ != label.PictureType(b) || len(b) > label.MaxPicture) {
			t.Fatalf("accepted %d bytes as %q", len(b), typ)
		}
	})
}
