package art_test

import (
	"bytes"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"labeld/internal/art"
	"labeld/internal/label"
)

// named is a label of a product with a name, and another brand than a name may
// begin with.
func named(name string) art.Subject {
	return subject(func(l *label.Label) { l.Device.Brand, l.Device.Name = "Ac", name })
}

// withoutIsolates is a text without the controls that isolate parts of it.
func withoutIsolates(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, text)
}

var svgDescription = regexp.MustCompile(`(?s)<desc.*</desc>`)

// body is a drawing as SVG without what it says.
func body(d *art.Drawing) string { return svgDescription.ReplaceAllString(string(d.SVG()), "") }

// A character that no font has is shown as one replacement sign, and all others
// as they are. The text of the PDF has the name as it is.
func TestReplacedCharacters(t *testing.T) {
	for name, want := range map[string]string{
		"Porch 🎥🎥 Cam":           "Porch �� Cam",
		"Porch 👨‍👩‍👧 Cam":        "Porch � Cam", // one character to a reader
		"Porch 🇩🇪 Cam":           "Porch � Cam",
		"Porch \U00020000 Cam":   "Porch � Cam", // CJK extension B
		"Porch \u0378 Cam":       "Porch � Cam", // not assigned
		"Porch \uE000\uFFFE Cam": "Porch �� Cam",
		"กล้อง Cam":              "���� Cam",
		"Porch 1️⃣ Cam":          "Porch 1� Cam",
		"Porch\u200B\uFE0F Cam":  "Porch Cam",
		"Porch\u2003\tCam":       "Porch\u2003 Cam",
		"\u1112\u1161\u11AB Cam": "한 Cam", // not composed, and so in no font
		"e\u0301 a\u0308\u0304":  "é ǟ",
	} {
		for _, format := range formats {
			got, plain := drawn(t, named(name), format, "colour"), drawn(t, named(want), format, "colour")
			if body(got) != body(plain) {
				t.Errorf("%s: %+q is not drawn as %q is", format, name, want)
			}
			if !strings.Contains(name, "\uFFFE") && !strings.Contains(name, "\t") { // not in XML as they are
				checkSVG(t, name, got)
			}
			checkPDF(t, name, got)
			shown := strings.Join(got.Seen(), "\n")
			for _, word := range strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(" \t\u2003\u200B\uFE0F", r) }) {
				if !strings.Contains(strings.ReplaceAll(shown, "\n", ""), word) && !strings.ContainsRune(name, '\uFE0F') {
					t.Errorf("%s: the text has no %q of %q: %q", format, word, name, shown)
				}
			}
		}
	}
}

// IDs, model numbers and addresses are read as they are written among words that
// run from right to left, and names move nothing around them.
func TestVisualOrder(t *testing.T) {
	sides := [][]string{{"ar"}, {"ar", "en"}, {"fr", "ar"}, {"en"}}
	for _, format := range formats {
		for _, side := range sides {
			for _, model := range []string{"2000-X1", "12-34-56", "X1-2000/3", "(+49) 7", "NL-C210"} {
				d := drawn(t, subject(func(l *label.Label) { l.ID, l.Device.Model = "2345ABCD1238", model }), format, "one-colour", side...)
				lines := d.Seen()
				joined := strings.Join(lines, "")
				for _, want := range []string{"2345-ABCD-1238", "labels.example.org/l/2345ABCD1238", model} {
					if !strings.Contains(joined, want) {
						t.Errorf("%s, %v: no %q is seen in %q", format, side, want, lines)
					}
				}
			}
		}
	}
	// ر, ا and د do not join, so that each letter is a glyph.
	for _, tt := range []struct{ language, name, want string }{
		{"en", "Pro دار", "Pro راد"},
		{"en", "دار 2 Pro", "Pro 2 راد"},
		{"en", "Pro دار 2000 Max", "Pro 2000 راد Max"},
		{"en", "Pro دار 2,000 % Max", "Pro 2,000 راد % Max"},
		{"en", "Pro ٣ دار", "Pro راد ٣"},
		{"ar", "Pro دار 2", "Pro 2 راد"},
		{"ar", "دار Pro 2", "Pro 2 راد"},
		{"ar", "2000 دار", "راد 2000"},
		{"ar", "2000-Pro", "2000-Pro"},
		{"ar", "Pro (2)!", "Pro (2)!"},
	} {
		for _, hidden := range []string{"", "\u202E", "\u2069\u2067", "\u202C\u200F"} {
			sub := subject(func(l *label.Label) { l.Device.Brand, l.Device.Name = "", tt.name+hidden })
			if got := drawn(t, sub, "landscape", "colour", tt.language).Seen(); !slices.ContainsFunc(got, func(l string) bool { return strings.TrimRight(l, "\u200F") == tt.want }) && hidden != "\u202C\u200F" {
				t.Errorf("%s: %+q is not seen as %q: %q", tt.language, tt.name+hidden, tt.want, got)
			} else if !strings.Contains(strings.Join(got, "\n"), "2030") {
				t.Errorf("%s: %+q: no date in %q", tt.language, tt.name+hidden, got)
			}
		}
	}
	m := drawn(t, subject(nil), "small", "colour", "ar").Model
	if text := strings.Join(m.Lines(), "\n"); !strings.Contains(text, "\u2066K7QM-4T2X-9PWH\u2069") || !strings.Contains(text, "\u2068NL-C210\u2069") {
		t.Errorf("IDs are not isolated in %+q", text)
	}
}

// Whatever marks a name piles up, it covers nothing that is written above, below
// or beside it.
func TestMarksStayInLine(t *testing.T) {
	for _, name := range []string{
		"Bax" + strings.Repeat("\u0301", 15),
		"Bax" + strings.Repeat("\u0323\u0308\u0301", 5),
		"BÅx" + strings.Repeat("\u0331", 15),
		"Bg" + strings.Repeat("\u0308\u0332\u0338", 12) + "x",
		"Bدار" + strings.Repeat("\u064B\u0655\u0651", 15),
		"Bڤيم" + strings.Repeat("\u06D6", 40),
		"Bڤَّيٍّ",
	} {
		for _, format := range formats {
			for _, side := range [][]string{{"en"}, {"ar"}, {"fr", "ar"}, {"ja", "de"}} {
				d := drawn(t, named(name), format, "colour", side...)
				checkInk(t, name, d)
				checkPDF(t, name, d)
			}
		}
	}
	// Marks on nothing do not stand in the margin.
	d := drawn(t, subject(func(l *label.Label) { l.Device.Brand, l.Device.Name = "", "\u0301\u0308x" }), "small", "colour")
	if got := d.Seen(); !slices.Contains(got, "\u0301\u0308x") {
		t.Errorf("got %q", got)
	}
	checkPDF(t, "marks on nothing", d)
	// Those of a language are all there.
	got, want := body(drawn(t, named("شَهَادَةٌ مُعَدَّةٌ Ễỗ"), "portrait", "colour")), body(drawn(t, named("شهادة معدة Eo"), "portrait", "colour"))
	if n := strings.Count(got, "<use") - strings.Count(want, "<use"); n != 9 {
		t.Errorf("%d marks of nine are drawn", n)
	}
	// However many there are, the label is drawn.
	for _, format := range formats {
		for _, side := range [][]string{{"en"}, {"fr", "ar"}, {"ar", "de"}, {"ko", "ja"}} {
			for _, letter := range []string{"ڤَّ", "É\u0301\u0301\u0323", "ڜٍٍٍ"} {
				drawn(t, named(strings.Repeat(letter, 30)), format, "high-contrast", side...)
			}
		}
	}
}

// checkInk looks whether lines cover each other, or leave the label.
func checkInk(t *testing.T, name string, d *art.Drawing) {
	t.Helper()
	lines, ink := d.Seen(), d.Ink()
	for i := range lines {
		if ink[i].Min.X < 0 || ink[i].Max.X > int(1000*d.Width) {
			t.Errorf("%+q: %q leaves the label", name, lines[i])
		}
		for j := range lines[:i] {
			if ink[i].Inset(2).Overlaps(ink[j]) { // 2 micrometres are rounding
				t.Errorf("%+q: %q lies upon %q", name, lines[i], lines[j])
			}
		}
	}
}

// Names of all that there is, in any order, leave everything else as it is.
func TestAnyName(t *testing.T) {
	pool := []rune("aZgÇẾ 1234-./()%,،٣٤ابتثجحخدذرزسشصضطظعغفقكلمنهويىةئؤإأآڤچپ\u064B\u064C\u064D\u064E\u0651\u0670" +
		"\u0301\u0323\u0308\u0338\u200D\u200E\u200F\u202E\u2067\u2069あ漢字각🎥\uFFFE\u0378\u3164\t")
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 100 {
		var name []rune
		for range 1 + r.IntN(50) {
			name = append(name, pool[r.IntN(len(pool))])
		}
		format, language := formats[i%3], languages[r.IntN(len(languages))]
		d := drawn(t, subject(func(l *label.Label) { l.Device.Brand, l.Device.Name = "", string(name) }), format, "colour", language)
		checkInk(t, string(name), d)
		if seen := strings.Join(d.Seen(), "\n"); !strings.Contains(seen, "K7QM-4T2X-9PWH") || !strings.Contains(seen, "NL-C210") {
			t.Errorf("%+q: no ID or model in %q", string(name), seen)
		}
		if _, err := d.PDF(); err != nil {
			t.Errorf("%+q: %v", string(name), err)
		}
		if t.Failed() {
			t.Fatalf("seed %d, label %d: %s, %s", seed, i, format, language)
		}
	}
}

// SVG is well-formed XML, whatever a name has in it (XML 1.0, 2.2).
func TestSVGHasOnlyXMLCharacters(t *testing.T) {
	for _, c := range []string{"\uFFFE", "\uFFFF", "\U0001FFFE", "\x00", "\x01", "\x08", "\x0B", "\x1F", "\x7F", "\u0085", "\xED\xA0\x80", "\xFF", "\u2028", "]]>", "&#xFFFE;", "<"} {
		name := "Cam" + c + "era"
		for _, svg := range [][]byte{
			drawn(t, named(name), "small", "colour").SVG(),
			drawn(t, named(name), "portrait", "one-colour", "ar", "en").SVG(),
		} {
			dec := xml.NewDecoder(bytes.NewReader(svg))
			for {
				_, err := dec.Token()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Errorf("%+q: %v", name, err)
					break
				}
			}
			for _, r := range string(svg) {
				if r < 0x20 && !strings.ContainsRune("\t\n\r", r) || r == 0xFFFE || r == 0xFFFF {
					t.Errorf("%+q: the SVG has %U", name, r)
				}
			}
		}
	}
}
