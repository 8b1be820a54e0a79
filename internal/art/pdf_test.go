package art_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"labeld/internal/art"
	"labeld/internal/label"
)

// A pdfFile is a PDF, read as far as tests need it.
type pdfFile struct {
	text    string         // as it is
	objects map[int]string // by number
}

var (
	pdfEntry  = regexp.MustCompile(`(?m)^(\d{10}) 00000 n `)
	pdfStream = regexp.MustCompile(`(?s)stream\n(.*)\nendstream$`)
)

// readPDF reads a PDF by its table of objects.
func readPDF(t *testing.T, b []byte) *pdfFile {
	t.Helper()
	p := &pdfFile{text: string(b), objects: map[int]string{}}
	var start int
	if _, err := fmt.Sscanf(p.text[strings.LastIndex(p.text, "startxref"):], "startxref\n%d\n%%%%EOF\n", &start); err != nil {
		t.Fatal(err)
	}
	for i, m := range pdfEntry.FindAllStringSubmatch(p.text[start:], -1) {
		at := must[int](t)(strconv.Atoi(m[1]))
		body, ok := strings.CutPrefix(p.text[at:], fmt.Sprintf("%d 0 obj\n", i+1))
		if !ok {
			t.Fatalf("object %d is not where the table says", i+1)
		}
		p.objects[i+1], _, _ = strings.Cut(body, "\nendobj\n")
	}
	return p
}

// stream returns what is in an object's stream.
func (p *pdfFile) stream(t *testing.T, object string) []byte {
	t.Helper()
	m := pdfStream.FindStringSubmatch(object)
	if m == nil {
		t.Fatalf("no stream in %.60q", object)
	}
	z := must[io.ReadCloser](t)(zlib.NewReader(strings.NewReader(m[1])))
	return must[[]byte](t)(io.ReadAll(z))
}

// ref returns the object that a name in another refers to.
func (p *pdfFile) ref(t *testing.T, object, name string) string {
	t.Helper()
	m := regexp.MustCompile(`/` + name + `\[?(?: ?)(\d+) 0 R`).FindStringSubmatch(object)
	if m == nil {
		t.Fatalf("no %s in %.80q", name, object)
	}
	return p.objects[must[int](t)(strconv.Atoi(m[1]))]
}

func utf16Text(t *testing.T, hex string) string {
	t.Helper()
	var units []uint16
	for i := 0; i+4 <= len(hex); i += 4 {
		units = append(units, uint16(must[uint64](t)(strconv.ParseUint(hex[i:i+4], 16, 16))))
	}
	return string(utf16.Decode(units))
}

var (
	pdfFont  = regexp.MustCompile(`/(F\d+) (\d+) 0 R`)
	pdfShown = regexp.MustCompile(`(?m)^/Span<</ActualText<FEFF([0-9A-F]*)>>>BDC$|^EMC$|^/(F\d+) |<([0-9A-F]{4})>Tj$|^BT$`)
	pdfPlace = regexp.MustCompile(`(?m)^1 0 0 -1 ([-\d.]+) ([-\d.]+) Tm`)
	pdfChar  = regexp.MustCompile(`beginbfchar <([0-9A-F]{4})><([0-9A-F]+)>`)
)

// checkPDF reads a drawing's PDF: size, fonts that are embedded and can be
// parsed, and the text that a program finds in it.
func checkPDF(t *testing.T, name string, d *art.Drawing) {
	t.Helper()
	p := readPDF(t, must[[]byte](t)(d.PDF()))
	page := p.objects[3]
	var w, h float64
	if _, err := fmt.Sscanf(page[strings.Index(page, "/MediaBox"):], "/MediaBox[0 0 %f %f]", &w, &h); err != nil {
		t.Fatal(err)
	}
	if dw, dh := w/72*25.4-d.Width, h/72*25.4-d.Height; dw > 0.01 || dw < -0.01 || dh > 0.01 || dh < -0.01 {
		t.Errorf("%s: the page has %g by %g points", name, w, h)
	}
	for _, m := range pdfPlace.FindAllStringSubmatch(string(p.stream(t, p.ref(t, page, "Contents"))), -1) {
		x, y := must[float64](t)(strconv.ParseFloat(m[1], 64)), must[float64](t)(strconv.ParseFloat(m[2], 64))
		if x < 1 || x > d.Width-1 || y < 1 || y > d.Height-1.8 {
			t.Errorf("%s: something is written at %g, %g of %g by %g", name, x, y, d.Width, d.Height)
		}
	}
	text := p.shown(t, name, page)
	for _, s := range d.Model.Sides {
		want := []string{d.Model.ID.Pretty(), d.Model.Model, "labels.example.org/l/"}
		if !s.RightToLeft { // those are shown from left to right, as they are seen
			want = append(want, strings.Fields(s.Scheme)[0], s.Level, s.LevelName, strings.Fields(s.Assurance)[0])
		}
		for _, w := range want {
			if !strings.Contains(text, w) {
				t.Errorf("%s: the PDF's text has no %q: %q", name, w, text)
			}
		}
	}
}

// shown returns the text on a page in the order in which it is shown.
func (p *pdfFile) shown(t *testing.T, name, page string) string {
	t.Helper()
	chars := map[string]map[string]string{}
	for _, m := range pdfFont.FindAllStringSubmatch(page, -1) {
		font := p.objects[must[int](t)(strconv.Atoi(m[2]))]
		file := p.ref(t, p.ref(t, p.ref(t, font, "DescendantFonts"), "FontDescriptor"), "FontFile2")
		glyphs := checkFont(t, name, p.stream(t, file))
		chars[m[1]] = map[string]string{}
		for _, c := range pdfChar.FindAllStringSubmatch(string(p.stream(t, p.ref(t, font, "ToUnicode"))), -1) {
			chars[m[1]][c[1]] = utf16Text(t, c[2])
		}
		if len(chars[m[1]]) >= glyphs {
			t.Errorf("%s: %d characters for %d glyphs", name, len(chars[m[1]]), glyphs)
		}
	}
	var b strings.Builder
	font, within := "", false
	for _, m := range pdfShown.FindAllStringSubmatch(string(p.stream(t, p.ref(t, page, "Contents"))), -1) {
		switch {
		case m[0] == "BT":
			b.WriteByte('\n')
		case m[0] == "EMC":
			within = false
		case m[2] != "":
			font = m[2]
		case m[3] == "0000":
			t.Errorf("%s: a character is missing in %s", name, font)
		case m[3] != "" && !within:
			b.WriteString(chars[font][m[3]])
		case m[1] != "":
			b.WriteString(utf16Text(t, m[1]))
			within = true
		}
	}
	return b.String()
}

// checkFont reads a font with another library than the one that it was cut with,
// each glyph of it, and returns how many there are.
func checkFont(t *testing.T, name string, file []byte) int {
	t.Helper()
	f, err := sfnt.Parse(withCmap(file))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for i := range f.NumGlyphs() {
		if _, err := f.LoadGlyph(nil, sfnt.GlyphIndex(i), fixed.I(1000), nil); err != nil {
			t.Errorf("%s: glyph %d of an embedded font: %v", name, i, err)
		}
	}
	return f.NumGlyphs()
}

// withCmap adds the tables to a font that the parser insists on, and PDF readers
// do not need.
func withCmap(b []byte) []byte {
	be := binary.BigEndian
	tables := map[string][]byte{
		"cmap": {0, 0, 0, 1, 0, 3, 0, 1, 0, 0, 0, 12, 0, 4, 0, 24, 0, 0, 0, 2, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 0, 1, 0, 0},
		"name": {0, 0, 0, 0, 0, 6, 0, 0},
		"post": append([]byte{0, 3}, make([]byte, 30)...),
	}
	for e := b[12:]; len(tables) < 3+int(b[5]); e = e[16:] {
		tables[string(e[:4])] = b[be.Uint32(e[8:]):][:be.Uint32(e[12:])]
	}
	out := append(bytes.Clone(b[:5]), byte(len(tables)), 0, 0, 0, 0, 0, 0)
	var body []byte
	for _, tag := range slices.Sorted(maps.Keys(tables)) {
		at := 12 + 16*len(tables) + len(body)
		out = be.AppendUint32(append(append(out, tag...), 0, 0, 0, 0), uint32(at))
		out = be.AppendUint32(out, uint32(len(tables[tag])))
		body = append(body, tables[tag]...)
		body = append(body, make([]byte, -len(body)&3)...)
	}
	return append(out, body...)
}

// BenchmarkPDF draws a label and writes it as PDF, from nothing but the data.
func BenchmarkPDF(b *testing.B) {
	for _, languages := range [][]string{{"en"}, {"ja", "ar"}} {
		b.Run(strings.Join(languages, "-"), func(b *testing.B) {
			sub := subject(func(l *label.Label) { l.Device.Model = "NL-C210" })
			for b.Loop() {
				if _, err := drawn(b, sub, "portrait", "colour", languages...).PDF(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
