package art_test

import (
	"bytes"
	"encoding/binary"
	"encoding/xml"
	"fmt"
	"image"
	"image/png"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/go-text/typesetting/font"

	"labeld/internal/art"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
	"labeld/labels"
)

// pairs are languages side by side, with those that differ most.
var pairs = [][]string{{"fr", "de"}, {"ja", "en"}, {"fr", "ar"}, {"ar", "en"}, {"ko", "zh-Hans"}, {"es", "fi"}}

// Every language, alone and in pairs, fits every format in every palette, with
// all its characters. English is drawn as a picture too, and so is each language
// in one format.
func TestEveryLabelIsDrawn(t *testing.T) {
	dir := gallery(t)
	sides := slices.Clone(pairs)
	for _, l := range languages {
		sides = append(sides, []string{l})
	}
	for _, side := range sides {
		for _, format := range formats {
			for _, palette := range palettes {
				d := drawn(t, subject(nil), format, palette, side...)
				name := fmt.Sprintf("%s, %s, %v", format, palette, side)
				checkPDF(t, name, d)
				checkSVG(t, name, d)
				if side[0] == "en" || palette == "colour" && format == "portrait" || palette == "high-contrast" && format == "small" && len(side) == 2 {
					checkPNG(t, name, d, filepath.Join(dir, strings.Join(append([]string{format, palette}, side...), "-")+".png"))
				}
			}
		}
	}
	for _, format := range formats { // an ID of the widest letters there are
		drawn(t, subject(func(l *label.Label) { l.ID = "WWWWWWWWWWWW" }), format, "colour", "fr", "de")
		drawn(t, subject(func(l *label.Label) { l.ID = "WWWWWWWWWWWW" }), format, "high-contrast")
	}
	d := drawn(t, subject(func(l *label.Label) {
		l.Level, l.Assurance = label.Level{Number: 1, Of: 4, Name: "Basics", Presentation: label.Ladder}, label.SelfDeclared
	}), "portrait", "colour")
	checkPNG(t, "self-declared", d, filepath.Join(dir, "self-declared.png"))
}

// checkPNG leaves a picture in a file. It must have its printed size, say what
// it shows, and have a code that reads, in a quiet zone that is white.
func checkPNG(t *testing.T, name string, d *art.Drawing, file string) {
	t.Helper()
	b := must[[]byte](t)(d.PNG())
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
	img := must[image.Image](t)(png.Decode(bytes.NewReader(b)))
	for _, side := range []struct {
		px int
		mm float64
	}{{img.Bounds().Dx(), d.Width}, {img.Bounds().Dy(), d.Height}} {
		if math.Abs(float64(side.px)/300*25.4-side.mm) > 25.4/300 {
			t.Errorf("%s: %d pixels for %g mm", name, side.px, side.mm)
		}
	}
	i := bytes.Index(b, []byte("pHYs"))
	if i < 0 || binary.BigEndian.Uint32(b[i+4:]) != 11811 || b[i+12] != 1 {
		t.Errorf("%s: the PNG does not say that it has 300 dpi", name)
	}
	if !bytes.Contains(b, []byte(d.Model.Alt())) {
		t.Errorf("%s: the PNG does not have the alt text", name)
	}
	if got, err := qr.Decode(bytes.NewReader(b)); err != nil || got != qr.Payload(base, d.Model.ID) {
		t.Errorf("%s: the code reads %q, %v", name, got, err)
	}
	c := findCode(t, d)
	for y := c.zone.Min.Y; y < c.zone.Max.Y; y++ {
		for x := c.zone.Min.X; x < c.zone.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); !image.Pt(x, y).In(c.code) && (r != 0xffff || g != 0xffff || b != 0xffff) {
				t.Fatalf("%s: the quiet zone has something at %d, %d", name, x, y)
			}
		}
	}
}

// A foundCode is where a QR code lies in a picture, without and with its quiet
// zone, and how many pixels a module has.
type foundCode struct {
	code, zone image.Rectangle
	module     int
}

var svgRect = regexp.MustCompile(`<path fill="#ffffff" d="M([\d.]+) ([\d.]+)L([\d.]+) [\d.]+L[\d. L]+Z"/>\n<path fill="#000000"`)

// findCode finds the code in the SVG: what follows a white square.
func findCode(t *testing.T, d *art.Drawing) foundCode {
	t.Helper()
	m := svgRect.FindAllSubmatch(d.SVG(), -1)
	if m == nil {
		t.Fatal("the SVG has no code")
	}
	px := func(i int) float64 {
		return must[float64](t)(strconv.ParseFloat(string(m[len(m)-1][i]), 64)) / 25.4 * 300
	}
	x, y, side := px(1), px(2), px(3)-px(1)
	module := side / float64(d.Model.Code.FullSize())
	for _, v := range []float64{x, y, module} {
		if math.Abs(v-math.Round(v)) > 0.01 {
			t.Errorf("%.3f is no whole number of dots at 300 dpi", v)
		}
	}
	if module*25.4/300 < 0.5 {
		t.Errorf("a module has %.3f mm", module*25.4/300)
	}
	zone := image.Rect(int(math.Round(x)), int(math.Round(y)), int(math.Round(x+side)), int(math.Round(y+side)))
	n := int(math.Round(module))
	return foundCode{zone.Inset(4 * n), zone, n}
}

var scales = regexp.MustCompile(`transform="scale\(([\d.]+)\)"`)

// checkSVG: only elements that draw, nothing active and nothing from elsewhere,
// no text below the least size.
func checkSVG(t *testing.T, name string, d *art.Drawing) {
	t.Helper()
	b := d.SVG()
	known := map[string]string{"svg": "xmlns width height viewBox role aria-labelledby lang", "title": "id", "desc": "id", "defs": "", "path": "id d fill", "g": "fill transform", "use": "href x y"}
	dec := xml.NewDecoder(bytes.NewReader(b))
	for {
		tok, err := dec.Token()
		if tok == nil {
			if err.Error() != "EOF" {
				t.Errorf("%s: %v", name, err)
			}
			break
		}
		e, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		attrs, ok := known[e.Name.Local]
		for _, a := range e.Attr {
			ok = ok && slices.Contains(strings.Fields(attrs), a.Name.Local) && (a.Name.Local != "href" || strings.HasPrefix(a.Value, "#g"))
		}
		if !ok {
			t.Errorf("%s: the SVG has %v", name, e)
		}
	}
	var doc struct {
		Width string `xml:"width,attr"`
		Desc  string `xml:"desc"`
	}
	if err := xml.Unmarshal(b, &doc); err != nil || doc.Width != strconv.FormatFloat(d.Width, 'f', -1, 64)+"mm" {
		t.Errorf("%s: width %q, %v", name, doc.Width, err)
	}
	if want := strings.Join(d.Model.Lines(), "\n"); doc.Desc != want {
		t.Errorf("%s: the SVG is described as %q, want %q", name, doc.Desc, want)
	}
	for _, m := range scales.FindAllSubmatch(b, -1) {
		if mm := 1000 * must[float64](t)(strconv.ParseFloat(string(m[1]), 64)); mm < 1.699 { // all fonts here have 1000 units
			t.Errorf("%s: text of %.2f mm", name, mm)
		}
	}
}

// What a label says, whole: in words, in number, who checked, until when.
func TestLines(t *testing.T) {
	s := labeltest.Studio(t)
	m := must[*art.Model](t)(s.Describe(subject(nil), "en", "ja"))
	want := []string{
		"Product security label, Example Labelling Authority", "Four-Level Device Label (model)", "Level 3 of 4: Secure by design",
		"Tested by a laboratory", "Northlight Porch Camera 2", "Model NL-C210", "Valid to 31 October 2028", "Security updates until 31 December 2030",
		"Label ID K7QM-4T2X-9PWH", "Scan to check this label: labels.example.org/l/K7QM4T2X9PWH",
	}
	if got := m.Lines()[:10]; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := m.Lines()[12]; got != "レベル 3／4: 設計段階から安全" {
		t.Errorf("got %q", got)
	}
	declared := must[*art.Model](t)(s.Describe(subject(func(l *label.Label) {
		l.Assurance, l.Scheme.ID, l.Level.Name = label.SelfDeclared, "another", "Quite good"
	}), "de"))
	for i, want := range map[int]string{2: "Level 3 of 4: Quite good", 3: "Vom Hersteller erklärt", 6: "Gültig bis 31. Oktober 2028"} {
		if got := declared.Lines()[i]; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// Same input, same bytes, from one loading of the data to the next.
func TestDeterministic(t *testing.T) {
	render := func() (files [][]byte) {
		s := must[*art.Studio](t)(art.Load(labels.FS, labeltest.Words(t)))
		m := must[*art.Model](t)(s.Describe(subject(nil), "ja", "ar"))
		d := must[*art.Drawing](t)(s.Compose(m, "landscape", "colour"))
		for _, kind := range art.Kinds {
			files = append(files, must[[]byte](t)(d.Write(kind)))
		}
		return append(files, must[[]byte](t)(s.Pack(t.Context(), m, "small", "one-colour")))
	}
	first, second := render(), render()
	for i := range first {
		if !bytes.Equal(first[i], second[i]) {
			t.Errorf("file %d differs between two runs", i)
		}
	}
}

// The bold cuts have all characters of the words, so that no heading falls back
// to the regular cut.
func TestHeadingsAreBold(t *testing.T) {
	var cuts []*font.Face
	for _, name := range must[[]string](t)(fs.Glob(labels.FS, "art/fonts/*-Bold.ttf")) {
		cuts = append(cuts, must[*font.Face](t)(font.ParseTTF(bytes.NewReader(must[[]byte](t)(labels.FS.ReadFile(name))))))
	}
	s := labeltest.Studio(t)
	for _, language := range languages {
		for n := range 4 {
			m := must[*art.Model](t)(s.Describe(subject(func(l *label.Label) {
				l.Level.Number = n + 1
				if n < 2 {
					l.Assurance = label.SelfDeclared
				}
			}), language))
			for _, r := range m.Alt() {
				if !unicode.Is(unicode.Cf, r) && !slices.ContainsFunc(cuts, func(f *font.Face) bool { _, ok := f.NominalGlyph(r); return ok }) {
					t.Errorf("%s: no bold cut has %c (%[2]U); labels/art/README.md says how to make the fonts anew", language, r)
				}
			}
		}
	}
}

// Names as long as real ones are fit everywhere, also where the code takes the
// most room.
func TestLongNames(t *testing.T) {
	sub := subject(func(l *label.Label) {
		l.Assurance, l.Authority.Name = label.SelfDeclared, "National Institute for Product Security"
		l.Device.Name, l.Device.Model = "Northlight Porch Camera 2 with Floodlight and Siren", "NL-PLUG-2000-EU/BLACK"
	})
	for _, format := range formats {
		for _, first := range languages {
			for _, second := range languages {
				if first != second {
					drawn(t, sub, format, "high-contrast", first, second)
				}
			}
		}
	}
}
