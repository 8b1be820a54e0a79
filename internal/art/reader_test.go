package art_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"labeld/internal/qr"
)

// The code of each format reads as printed at 300 dpi: sharp, out of focus, and
// with a tenth of it covered, by two readers that were written independently.
// Out of focus is a Gaussian of 0.3 modules: with 0.4 the one fails, with 0.5 the
// other, on any code.
func TestCodeReads(t *testing.T) {
	zbarimg, err := exec.LookPath("zbarimg")
	if err != nil && os.Getenv("CI") != "" {
		t.Fatal("no zbarimg, and CI installs it (Debian package zbar-tools)")
	}
	if err != nil {
		t.Log("no zbarimg here (Debian package zbar-tools); one reader has to do")
	}
	dir := gallery(t)
	for _, format := range formats {
		for _, palette := range palettes {
			d := drawn(t, subject(nil), format, palette)
			c := findCode(t, d)
			printed := must[image.Image](t)(png.Decode(bytes.NewReader(must[[]byte](t)(d.PNG()))))
			shot := grey(printed, c.zone)
			for name, img := range map[string]*image.Gray{
				"sharp":            shot,
				"blurred":          blur(shot, float64(c.module)*0.3),
				"stained":          stain(shot, c, 0.62, 0.58, color.Gray{}),
				"scratched":        stain(shot, c, 0.5, 0.5, color.Gray{255}),
				"blurred, stained": blur(stain(shot, c, 0.55, 0.5, color.Gray{90}), float64(c.module)*0.3),
			} {
				var b bytes.Buffer
				if err := png.Encode(&b, img); err != nil {
					t.Fatal(err)
				}
				want := qr.Payload(base, d.Model.ID)
				if got, err := qr.Decode(bytes.NewReader(b.Bytes())); got != want {
					t.Errorf("%s, %s, %s: reads %q, %v", format, palette, name, got, err)
				}
				if zbarimg == "" || palette != "colour" {
					continue
				}
				file := filepath.Join(dir, "code-"+format+"-"+strings.ReplaceAll(name, ", ", "-")+".png")
				if err := os.WriteFile(file, b.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
				out, err := exec.Command(zbarimg, "--quiet", "--raw", "--nodbus", file).Output()
				if got := strings.TrimSpace(string(out)); got != want {
					t.Errorf("%s, %s: zbarimg reads %q, %v", format, name, got, err)
				}
			}
		}
	}
}

// grey is a part of a picture in grey.
func grey(img image.Image, part image.Rectangle) *image.Gray {
	g := image.NewGray(image.Rectangle{Max: part.Size()})
	draw.Draw(g, g.Rect, img, part.Min, draw.Src)
	return g
}

// blur is a picture out of focus, by a Gaussian of a deviation in pixels.
func blur(g *image.Gray, sigma float64) *image.Gray {
	reach := int(math.Ceil(3 * sigma))
	var kernel []float64
	sum := 0.0
	for i := -reach; i <= reach; i++ {
		k := math.Exp(-float64(i*i) / (2 * sigma * sigma))
		kernel, sum = append(kernel, k), sum+k
	}
	pass := func(g *image.Gray, dx, dy int) *image.Gray {
		out := image.NewGray(g.Rect)
		for y := range g.Rect.Dy() {
			for x := range g.Rect.Dx() {
				v := 0.0
				for i, k := range kernel {
					at := image.Pt(min(max(0, x+(i-reach)*dx), g.Rect.Dx()-1), min(max(0, y+(i-reach)*dy), g.Rect.Dy()-1))
					v += k * float64(g.GrayAt(at.X, at.Y).Y)
				}
				out.SetGray(x, y, color.Gray{uint8(v/sum + 0.5)})
			}
		}
		return out
	}
	return pass(pass(g, 1, 0), 0, 1)
}

// stain is a picture of a code in which a disc covers a tenth of the code, with
// its middle at a fraction of its width and height.
func stain(g *image.Gray, c foundCode, fx, fy float64, with color.Gray) *image.Gray {
	out := image.NewGray(g.Rect)
	copy(out.Pix, g.Pix)
	side := float64(c.code.Dx())
	at := c.code.Min.Sub(c.zone.Min)
	cx, cy, r := float64(at.X)+fx*side, float64(at.Y)+fy*side, side*math.Sqrt(0.1/math.Pi)
	for y := range g.Rect.Dy() {
		for x := range g.Rect.Dx() {
			if math.Hypot(float64(x)-cx, float64(y)-cy) <= r {
				out.SetGray(x, y, with)
			}
		}
	}
	return out
}
