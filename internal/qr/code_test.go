package qr_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	qrcode "github.com/skip2/go-qrcode"

	"labeld/internal/label"
	"labeld/internal/qr"
)

const quiet = 4 // ISO/IEC 18004:2015, 6.3.8

func newCode(t testing.TB, payload string) *qr.Code {
	t.Helper()
	c, err := qr.New(payload)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func newPNG(t testing.TB, c *qr.Code, modulePx int) []byte {
	t.Helper()
	b, err := c.PNG(modulePx)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pixels returns the PNG at one pixel per module as a matrix of dark modules,
// quiet zone included.
func pixels(t testing.TB, c *qr.Code) [][]bool {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(newPNG(t, c, 1)))
	if err != nil {
		t.Fatal(err)
	}
	m := make([][]bool, img.Bounds().Dy())
	for y := range m {
		m[y] = make([]bool, img.Bounds().Dx())
		for x := range m[y] {
			m[y][x] = isBlack(t, img.At(x, y))
		}
	}
	return m
}

func isBlack(t testing.TB, c color.Color) bool {
	t.Helper()
	switch color.GrayModel.Convert(c) {
	case color.Gray{0}:
		return true
	case color.Gray{255}:
		return false
	}
	t.Fatalf("%v is neither black nor white", c)
	return false
}

// The table of sizes in the package comment.
func TestSizes(t *testing.T) {
	for n, version := range map[int]int{38: 2, 39: 3, 61: 3, 62: 4, 90: 4, 91: 5, 122: 5, 123: 6, 311: 10} {
		c := newCode(t, strings.Repeat("A", n))
		if want := 17 + 4*version; c.Size() != want {
			t.Errorf("%d characters make %d modules, want %d", n, c.Size(), want)
		}
	}
	if _, err := qr.New(strings.Repeat("A", 312)); label.ReasonOf(err) != label.ReasonTooLarge {
		t.Errorf("312 characters: %v", err)
	}
	if _, err := qr.New(strings.Repeat("A", 1<<20)); label.ReasonOf(err) != label.ReasonTooLarge {
		t.Errorf("a million characters: %v", err)
	}
	if c := newCode(t, qr.Payload(longBase, id)); c.Size() != 57 {
		t.Errorf("the longest payload has %d modules", c.Size())
	}
}

// The encoder must really choose alphanumeric mode: upper case is smaller, or
// better protected at the same size.
func TestUpperCaseIsSmaller(t *testing.T) {
	const longer = "https://labels-iot.example.org" // by four
	if upper, lower := newCode(t, qr.Payload(longer, id)), newCode(t, qr.URL(longer, id)); upper.Size() != 29 || lower.Size() != 33 {
		t.Errorf("%s: %d modules in upper case, %d in lower, want 29 and 33", longer, upper.Size(), lower.Size())
	}
	// Against the library alone, so that a rise in level hides nothing.
	for n := 39; n <= 61; n++ { // the range of version 3-M in alphanumeric mode
		upper, err := qrcode.New(strings.Repeat("A:", n)[:n], qrcode.Medium)
		if err != nil {
			t.Fatal(err)
		}
		if upper.VersionNumber != 3 {
			t.Errorf("%d alphanumeric characters make version %d, want 3", n, upper.VersionNumber)
		}
	}
	if got := newCode(t, qr.URL(base, id)); level(t, got) != "M" {
		t.Errorf("lower case has level %s, want M", level(t, got))
	}
	if got := newCode(t, qr.Payload(base, id)); level(t, got) != "Q" || got.Size() != 29 {
		t.Errorf("upper case has level %s and %d modules, want Q and 29", level(t, got), got.Size())
	}
}

// The level is never below M and is raised while the size stays the same. The
// limits are those of the standard's table 7 for version 2.
func TestLevel(t *testing.T) {
	for n, want := range map[int]string{1: "H", 10: "H", 11: "Q", 16: "Q", 17: "M", 20: "M", 21: "Q", 29: "Q", 30: "M", 38: "M"} {
		if got := level(t, newCode(t, strings.Repeat("A", n))); got != want {
			t.Errorf("%d characters have level %s, want %s", n, got, want)
		}
	}
}

// level reads the error correction level from the format information, the
// first two modules of row 8, under its mask 101 (ISO/IEC 18004:2015, 7.9.1).
func level(t testing.TB, c *qr.Code) string {
	m := pixels(t, c)
	bits := 0
	for i, dark := range m[quiet+8][quiet : quiet+2] {
		if dark {
			bits |= 2 >> i
		}
	}
	return [...]string{"M", "L", "H", "Q"}[bits^0b10]
}

func TestNewRefuses(t *testing.T) {
	for payload, want := range map[string]label.Reason{
		"": label.ReasonMissing, "a\nb": label.ReasonMalformed, "a\x7fb": label.ReasonMalformed,
		"münchen": label.ReasonMalformed, "\xff": label.ReasonMalformed, "a\x00": label.ReasonMalformed,
	} {
		if c, err := qr.New(payload); c != nil || label.ReasonOf(err) != want {
			t.Errorf("New(%q) = %v, %v, want %s", payload, c, err, want)
		}
	}
}

func TestQuietZone(t *testing.T) {
	c := newCode(t, qr.Payload(base, id))
	const px = 3
	img, err := png.Decode(bytes.NewReader(newPNG(t, c, px)))
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := img.(*image.Paletted); !ok || len(p.Palette) != 2 {
		t.Errorf("the picture is %T, want two colours", img)
	}
	if side := (c.Size() + 2*quiet) * px; img.Bounds() != image.Rect(0, 0, side, side) {
		t.Fatalf("bounds %v, want %d square", img.Bounds(), side)
	}
	var dark image.Rectangle
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if isBlack(t, img.At(x, y)) {
				dark = dark.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	// The finder patterns touch all four sides of the code, so the smallest
	// rectangle around all that is dark is the code.
	if want := image.Rect(quiet*px, quiet*px, (quiet+c.Size())*px, (quiet+c.Size())*px); dark != want {
		t.Errorf("dark pixels fill %v, want %v", dark, want)
	}
}

func TestPNGLimits(t *testing.T) {
	c := newCode(t, qr.Payload(base, id))
	for _, px := range []int{-1, 0, qr.MaxModulePixels + 1, 1 << 40} {
		if b, err := c.PNG(px); b != nil || label.ReasonOf(err) != label.ReasonOutOfRange {
			t.Errorf("PNG(%d) = %d bytes, %v", px, len(b), err)
		}
	}
	b := newPNG(t, c, qr.MaxModulePixels)
	if depth := b[24]; depth != 1 { // IHDR: signature 8, length 4, type 4, width 4, height 4
		t.Errorf("%d bits per pixel, want 1", depth)
	}
}

// The SVG is read with the grammar of the path alone and must show the very
// modules of the PNG.
func TestSVG(t *testing.T) {
	for _, payload := range []string{qr.Payload(base, id), qr.Payload(longBase, id), `<a href="&amp;">'</a>`} {
		c := newCode(t, payload)
		var doc struct {
			XMLName xml.Name `xml:"http://www.w3.org/2000/svg svg"`
			ViewBox string   `xml:"viewBox,attr"`
			Role    string   `xml:"role,attr"`
			Shape   string   `xml:"shape-rendering,attr"`
			Title   string   `xml:"title"`
			Rect    struct {
				Width  int    `xml:"width,attr"`
				Height int    `xml:"height,attr"`
				Fill   string `xml:"fill,attr"`
			} `xml:"rect"`
			Path []struct {
				D string `xml:"d,attr"`
			} `xml:"path"`
		}
		if err := xml.Unmarshal(c.SVG(), &doc); err != nil {
			t.Fatal(err)
		}
		n := c.Size() + 2*quiet
		if want := "0 0 " + strconv.Itoa(n) + " " + strconv.Itoa(n); doc.ViewBox != want {
			t.Errorf("viewBox %q, want %q", doc.ViewBox, want)
		}
		if doc.Role != "img" || doc.Shape != "crispEdges" || doc.Title != payload {
			t.Errorf("role %q, shape-rendering %q, title %q", doc.Role, doc.Shape, doc.Title)
		}
		if doc.Rect.Width != n || doc.Rect.Height != n || doc.Rect.Fill != "#fff" {
			t.Errorf("background %+v", doc.Rect)
		}
		if len(doc.Path) != 1 {
			t.Fatalf("%d paths, want one", len(doc.Path))
		}
		same(t, "SVG", rasterise(t, doc.Path[0].D, n), pixels(t, c))
	}
}

var run = regexp.MustCompile(`^M(\d+) (\d+)h(\d+)v1h-(\d+)`)

func rasterise(t *testing.T, d string, n int) [][]bool {
	t.Helper()
	m := make([][]bool, n)
	for y := range m {
		m[y] = make([]bool, n)
	}
	for d != "" {
		f := run.FindStringSubmatch(d)
		if f == nil {
			t.Fatalf("path goes on with %.20q", d)
		}
		d = d[len(f[0]):]
		var v [4]int
		for i := range v {
			v[i], _ = strconv.Atoi(f[i+1])
		}
		x, y, w := v[0], v[1], v[2]
		if w != v[3] || x+w > n || y >= n {
			t.Fatalf("run %q", f[0])
		}
		if x > 0 && m[y][x-1] || m[y][x] {
			t.Fatalf("run %q could have been part of the one before", f[0])
		}
		for i := range w {
			m[y][x+i] = true
		}
	}
	return m
}

func TestTerminal(t *testing.T) {
	c := newCode(t, qr.Payload(base, id))
	n := c.Size() + 2*quiet
	var m [][]bool
	for line := range strings.Lines(c.Terminal()) {
		line, begins := strings.CutPrefix(line, "\x1b[38;5;16;48;5;231m")
		line, ends := strings.CutSuffix(line, "\x1b[0m\n")
		if !begins || !ends {
			t.Fatalf("line %q does not set and reset its colours", line)
		}
		var upper, lower []bool
		for _, r := range line {
			upper = append(upper, r == '█' || r == '▀')
			lower = append(lower, r == '█' || r == '▄')
		}
		m = append(m, upper, lower)
	}
	for y := n; y < len(m); y++ {
		for _, dark := range m[y] {
			if dark {
				t.Errorf("row %d, below the quiet zone, is not white", y)
			}
		}
	}
	plain := strings.NewReplacer("\x1b[38;5;16;48;5;231m", "", "\x1b[0m", "").Replace(c.Terminal())
	if blocks := c.Blocks(); blocks != plain || strings.Contains(blocks, "\x1b") {
		t.Errorf("for a file it is\n%s", blocks)
	}
	same(t, "Terminal", m[:n], pixels(t, c))
}

func same(t *testing.T, name string, got, want [][]bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s has %d rows, want %d", name, len(got), len(want))
	}
	for y := range want {
		if len(got[y]) != len(want[y]) {
			t.Fatalf("%s has %d columns in row %d, want %d", name, len(got[y]), y, len(want[y]))
		}
		for x := range want[y] {
			if got[y][x] != want[y][x] {
				t.Fatalf("%s differs at column %d of row %d", name, x, y)
			}
		}
	}
}

// Same payload, same bytes; from many goroutines too, which the race detector
// watches.
func TestDeterminism(t *testing.T) {
	first := newCode(t, qr.Payload(base, id))
	svg, pic, term := first.SVG(), newPNG(t, first, 4), first.Terminal()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			second, err := qr.New(first.Payload())
			if err != nil {
				t.Error(err)
				return
			}
			for _, c := range []*qr.Code{first, second} {
				p, err := c.PNG(4)
				if err != nil || !bytes.Equal(p, pic) || !bytes.Equal(c.SVG(), svg) || c.Terminal() != term {
					t.Errorf("a picture of %q differs from the one before (%v)", c.Payload(), err)
				}
			}
		})
	}
	wg.Wait()
}

// A reader that shares no code with this package or its libraries.
func TestZbar(t *testing.T) {
	zbarimg, err := exec.LookPath("zbarimg")
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") != "true" {
		t.Skip("zbarimg is not installed (Debian package zbar-tools)")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, payload := range []string{qr.Payload(base, id), qr.URL(base, id), qr.Payload(longBase, id), qr.Payload("http://localhost:8080", id)} {
		for _, px := range []int{2, 5, 16} {
			file := filepath.Join(t.TempDir(), "qr.png")
			if err := os.WriteFile(file, newPNG(t, newCode(t, payload), px), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(zbarimg, "--quiet", "--raw", "--nodbus", file).Output()
			if got := strings.TrimSuffix(string(out), "\n"); err != nil || got != payload {
				t.Errorf("at %d pixels zbarimg reads %q, %v, want %q", px, got, err, payload)
			}
		}
	}
}

func BenchmarkNew(b *testing.B) {
	payload := qr.Payload(base, id)
	for b.Loop() {
		newCode(b, payload)
	}
}

func BenchmarkSVG(b *testing.B) {
	c := newCode(b, qr.Payload(base, id))
	b.ReportAllocs()
	for b.Loop() {
		c.SVG()
	}
}

func BenchmarkPNG(b *testing.B) {
	c := newCode(b, qr.Payload(base, id))
	b.ReportAllocs()
	for b.Loop() {
		newPNG(b, c, 8)
	}
}
