package art_test

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"labeld/internal/art"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestPresentation draws labels of schemes that do not count their levels, in all formats
// and some languages. Nothing on them is a number of a level, and nothing a step.
func TestPresentation(t *testing.T) {
	dir := gallery(t)
	for _, tt := range []struct {
		scheme, id string
		level      label.Level
		says       map[string]string // what the label is called, by language
	}{
		{
			labeltest.PassOnly, "household", label.Level{Number: 1, Of: 1, Name: "Meets the Household Baseline", Presentation: label.PassOnly},
			map[string]string{"en": "Meets the Household Baseline", "de": "Erfüllt den Grundschutz im Haushalt", "ja": "Meets the Household Baseline"},
		},
		{
			labeltest.NamedClasses, "medals", label.Level{Number: 2, Of: 3, Name: "Silver", Presentation: label.NamedClasses},
			map[string]string{"en": "Silver", "de": "Silber", "ja": "Silver"},
		},
	} {
		_, studio := labeltest.Dress(t, labeltest.FilesWith(t, tt.scheme))
		sub := subject(func(l *label.Label) {
			l.Scheme, l.Level = label.SchemeRef{ID: tt.id, Version: "1", Name: "A scheme"}, tt.level
		})
		for language, says := range tt.says {
			m := must[*art.Model](t)(studio.Describe(sub, language))
			if got := m.Lines()[2]; got != says {
				t.Errorf("%s in %s says %q, want %q", tt.scheme, language, got, says)
			}
			for _, format := range formats {
				d := must[*art.Drawing](t)(studio.Compose(m, format, "colour"))
				seen := d.Seen()
				if text := strings.Join(seen, ""); !strings.Contains(text, says) {
					t.Errorf("%s, %s, %s shows %q", tt.scheme, format, language, seen)
				}
				if slices.Contains(seen, "1") || slices.Contains(seen, "2") {
					t.Errorf("%s, %s, %s has steps: %q", tt.scheme, format, language, seen)
				}
				if pdf := must[[]byte](t)(d.PDF()); !bytes.HasPrefix(pdf, []byte("%PDF-")) {
					t.Errorf("%s, %s: no PDF", tt.scheme, format)
				}
				if svg := string(d.SVG()); strings.Contains(svg, "1 of 1") || strings.Contains(svg, "2 of 3") || !strings.Contains(svg, says) {
					t.Errorf("%s, %s: the SVG says of itself\n%s", tt.scheme, format, svg[:min(len(svg), 900)])
				}
				picture := must[[]byte](t)(d.PNG())
				must[image.Image](t)(png.Decode(bytes.NewReader(picture)))
				if err := os.WriteFile(filepath.Join(dir, tt.scheme+"-"+format+"-"+language+".png"), picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	// A ladder has them: what is looked for above can be found.
	if seen := drawn(t, subject(nil), "portrait", "colour").Seen(); !slices.Contains(seen, "1") || !slices.Contains(seen, "4") {
		t.Errorf("a ladder shows %q", seen)
	}
}
