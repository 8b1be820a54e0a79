package art_test

import (
	"bytes"
	"flag"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"labeld/internal/art"
)

// tool finds a program that judges what we write. Where it is missing the test
// is skipped; CI installs it, and fails without it.
func tool(t *testing.T, name, debian string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("CI") != "" {
		t.Fatalf("no %s, and CI installs it (Debian package %s)", name, debian)
	}
	if err != nil {
		t.Skipf("no %s here (Debian package %s)", name, debian)
	}
	return path
}

var rasterAll = flag.Bool("raster.all", false, "compare every PDF with its PNG; without it, each language in one format, and two in all")

// A PDF looks as its PNG does, in another program than those that drew them:
// letters stand where they were set.
func TestPDFLooksLikePNG(t *testing.T) {
	pdftoppm := tool(t, "pdftoppm", "poppler-utils")
	if raced {
		t.Skip("takes minutes with the race detector, and shares nothing")
	}
	sides := slices.Clone(pairs)
	for _, l := range languages {
		sides = append(sides, []string{l})
	}
	dir := t.TempDir()
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, side := range sides {
		for _, format := range formats {
			for _, palette := range palettes {
				if !*rasterAll && (palette != "colour" || format != formats[0] && side[0] != "en" && side[0] != "ar") {
					continue // colours move nothing
				}
				name := strings.Join(append([]string{format, palette}, side...), "-")
				d := drawn(t, subject(nil), format, palette, side...)
				g.Go(func() error {
					worst, at, err := compare(pdftoppm, filepath.Join(dir, name), d)
					if err == nil && worst > mostDifference {
						err = fmt.Errorf("%s: the PDF is not what the PNG is at %.1f, %.1f mm (%.2f)", name, at[0], at[1], worst)
					}
					if err != nil {
						t.Error(err)
					}
					return nil
				})
			}
		}
	}
	g.Wait()
}

// blurredPixels is the side of the square that pictures are blurred by, twice,
// before they are compared: that of a small letter. What is at another place still
// differs then, and hardly how edges are smoothed.
const blurredPixels = 10

// mostDifference is how much a blurred pixel may differ, of the way from black to
// white. Poppler sets glyphs to a quarter of a pixel and full rows, which makes
// up to 0.11; letters without their bearings made 0.15 to 0.82.
const mostDifference = 0.13

// compare draws a PDF and returns by how much the pixel differs from that of the
// PNG that differs most, and where it is, in millimetres.
func compare(pdftoppm, file string, d *art.Drawing) (worst float64, at [2]float64, err error) {
	pdf, err := d.PDF()
	if err != nil {
		return 0, at, err
	}
	b, err := d.PNG()
	if err != nil {
		return 0, at, err
	}
	if err := os.WriteFile(file+".pdf", pdf, 0o644); err != nil {
		return 0, at, err
	}
	drawn, err := exec.Command(pdftoppm, "-r", "300", "-gray", file+".pdf").Output()
	if err != nil {
		return 0, at, fmt.Errorf("pdftoppm: %w", err)
	}
	got, err := readPGM(drawn)
	if err != nil {
		return 0, at, err
	}
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		return 0, at, err
	}
	want := grey(picture, picture.Bounds())
	box := want.Rect.Intersect(got.Rect)
	if box.Dx() < got.Rect.Dx()-1 || box.Dy() < got.Rect.Dy()-1 {
		return 0, at, fmt.Errorf("the PDF has %v pixels, the PNG %v", got.Rect, want.Rect)
	}
	diff := make([]int, box.Dx()*box.Dy())
	for y := range box.Dy() {
		a, b := want.Pix[y*want.Stride:], got.Pix[y*got.Stride:]
		for x := range box.Dx() {
			diff[y*box.Dx()+x] = int(a[x]) - int(b[x])
		}
	}
	for range 2 {
		diff = boxed(boxed(diff, 1), box.Dx())
	}
	for i, v := range diff {
		if v := math.Abs(float64(v)) / 255 / math.Pow(blurredPixels, 4); v > worst {
			worst, at = v, [2]float64{float64(i%box.Dx()) / 300 * 25.4, float64(i/box.Dx()) / 300 * 25.4}
		}
	}
	return worst, at, nil
}

// boxed sums up as many pixels as the square of the blur is wide, each so far
// from the next.
func boxed(in []int, step int) []int {
	out := make([]int, len(in))
	for i := range out {
		if i >= step {
			out[i] = out[i-step]
		}
		out[i] += in[i]
		if i >= blurredPixels*step {
			out[i] -= in[i-blurredPixels*step]
		}
	}
	return out
}

// readPGM reads a grey picture (PGM, binary).
func readPGM(b []byte) (*image.Gray, error) {
	var w, h, most int
	r := bytes.NewReader(b)
	if _, err := fmt.Fscanf(r, "P5\n%d %d\n%d\n", &w, &h, &most); err != nil || most != 255 || r.Len() != w*h {
		return nil, fmt.Errorf("%d bytes are no PGM of %d by %d: %v", len(b), w, h, err)
	}
	return &image.Gray{Pix: b[len(b)-w*h:], Stride: w, Rect: image.Rect(0, 0, w, h)}, nil
}
