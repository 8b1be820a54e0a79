package art_test

import (
	"bytes"
	"strings"
	"testing"

	"labeld/internal/art"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/labels"
)

// A broken file is refused with its name, the line and what to do.
func TestLoadRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ file, old, new, want string }{
		"contrast":         {"palettes.yaml", `quiet: "#4a5663"`, `quiet: "#aab6c3"`, `art/palettes.yaml:17: palettes[0].quiet: #aab6c3 on paper #ffffff has a contrast of 2.1 to 1, at least 4.5 is needed`},
		"code on white":    {"palettes.yaml", `code: "#000000"`, `code: "#999999"`, "palettes[0].code: #999999 on white"},
		"colour":           {"palettes.yaml", `"#0b5563"`, `teal`, `art/palettes.yaml:18: "teal" is no colour`},
		"no palette":       {"palettes.yaml", "palettes:", "palettes: []\nrest:", "art/palettes.yaml"},
		"palette twice":    {"palettes.yaml", "id: one-colour", "id: colour", "palettes[1]: every entry needs an id of its own"},
		"id with a slash":  {"formats.yaml", "id: small", "id: ../small", "formats[2]: every entry needs an id of its own"},
		"small text":       {"formats.yaml", "caption: 2.3", "caption: 1.2", "art/formats.yaml:26: formats[0].text.caption: is 1.2 mm, it must be 1.7 to 200"},
		"small code":       {"formats.yaml", "code: 24", "code: 12", "formats[0].code: is 12 mm, it must be 14.5 to 200"},
		"not a number":     {"formats.yaml", "width: 60", "width: .nan", "formats[0].width: is NaN mm"},
		"large":            {"formats.yaml", "width: 60", "width: 190", "formats[0].second: makes the label wider than 200 mm"},
		"arrangement":      {"formats.yaml", "arrange: below", "arrange: above", "formats[0].arrange: must be below or beside"},
		"facts":            {"formats.yaml", "facts: stacked", "facts: piled", "formats[0].facts: must be stacked or inline"},
		"unknown member":   {"formats.yaml", "margin: 4", "margins: 4", "art/formats.yaml:22: no such member is defined here: margins"},
		"no such font":     {"fonts.yaml", "NotoSans-Bold.ttf", "NotoSerif-Bold.ttf", "art/fonts.yaml:8: fonts[0].bold: open art/fonts/NotoSerif-Bold.ttf"},
		"font elsewhere":   {"fonts.yaml", "NotoSans-Bold.ttf", "../../NotoSans.ttf", "is no name of a font"},
		"no font":          {"fonts/NotoSans-Bold.ttf", "glyf", "gone", `has no table "glyf"`},
		"not even a font":  {"fonts/NotoSans-Bold.ttf", "\x00\x01\x00\x00", "PDF!", "art/fonts/NotoSans-Bold.ttf"},
		"not YAML":         {"formats.yaml", "formats:", "formats: [", "art/formats.yaml:"},
		"too many formats": {"formats.yaml", "formats:", "formats: [{},{},{},{},{},{},{},{},{}]\nrest:", "art/formats.yaml"},
	} {
		s, err := art.Load(altered(t, "art/"+tt.file, tt.old, tt.new), labeltest.Words(t))
		if err == nil || s != nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
}

// A font that is damaged inside is found when it is needed, and named.
func TestDamagedFont(t *testing.T) {
	b, err := labels.FS.ReadFile("art/fonts/NotoSans-Regular.ttf")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte("maxp"))
	s := must[*art.Studio](t)(art.Load(altered(t, "art/fonts/NotoSans-Regular.ttf", string(b[at:at+16]), string(b[at:at+12])+"\x00\x00\x00\x01"), labeltest.Words(t)))
	m := must[*art.Model](t)(s.Describe(subject(nil)))
	if _, err := s.Compose(m, "small", "colour"); label.KindOf(err) != label.Internal || !strings.Contains(err.Error(), "NotoSans-Regular.ttf") {
		t.Errorf("got %v", err)
	}
}

// What cannot be drawn legibly is refused, with what to change.
func TestDrawRefuses(t *testing.T) {
	long := strings.Repeat("W", label.MaxText)
	for name, tt := range map[string]struct {
		change    func(*label.Label)
		base      string
		languages []string
		format    string
		palette   string
		kind      label.Kind
		want      string
	}{
		"unknown format":   {format: "poster", kind: label.NotFound, want: `format: there is no format "poster"; there are portrait, landscape, small`},
		"unknown palette":  {palette: "neon", kind: label.NotFound, want: "palette: there is no palette"},
		"unknown language": {languages: []string{"tlh"}, kind: label.NotFound, want: "lang: there is no artwork in language \"tlh\"; there are en, ar, de"},
		"three languages":  {languages: []string{"en", "fr", "de"}, kind: label.Invalid, want: "lang: has 3 languages, at most 2"},
		"same twice":       {languages: []string{"en", "en"}, kind: label.Invalid, want: "lang: names en twice"},
		"long host":        {base: "https://" + strings.Repeat(strings.Repeat("a", 60)+".", 4) + "example", format: "small", kind: label.Precondition, want: "raise code in art/formats.yaml to"},
		"long model":       {change: func(l *label.Label) { l.Device.Model = long }, format: "small", kind: label.Precondition, want: "do not fit format small"},
		"long scheme":      {change: func(l *label.Label) { l.Scheme.Name = long }, kind: label.Precondition, want: "do not fit format portrait"},
		"rare model":       {change: func(l *label.Label) { l.Device.Model = "กล้อง-1" }, kind: label.Precondition, want: "model: the model number has U+0E01, which no font has"},
	} {
		sub, s := subject(tt.change), labeltest.Studio(t)
		if tt.base != "" {
			sub.Base = tt.base
		}
		format, palette := tt.format, tt.palette
		if format == "" {
			format = "portrait"
		}
		if palette == "" {
			palette = "colour"
		}
		m, err := s.Describe(sub, tt.languages...)
		if err == nil {
			_, err = s.Compose(m, format, palette)
		}
		if label.KindOf(err) != tt.kind || err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	if _, err := drawn(t, subject(nil), "small", "colour").Write("exe"); label.KindOf(err) != label.NotFound {
		t.Errorf("exe: %v", err)
	}
}

// hostile are names that a manufacturer may have registered.
var hostile = []string{
	`<script>alert(1)</script>`, `"/><image href="https://evil.example/x.png"/>`, `&lt;b&gt; & ]]>`, `) Tj ET /JavaScript (app.alert(1))`,
	`<FEFF> >> endobj`, `../../etc/passwd`, `C:\..\x`, `%s%d%n`, `{number} {of}`, "Ω≈ç√ 家電", "شاشة Pro ٣", strings.Repeat("long ", 39), strings.Repeat("W", 200),
}

// Whatever a manufacturer calls a product stays text everywhere.
func TestHostileNames(t *testing.T) {
	for _, name := range hostile {
		sub := subject(func(l *label.Label) { l.Device.Brand, l.Device.Name = "Ac<me", name })
		for _, format := range formats {
			d := drawn(t, sub, format, "colour")
			checkSVG(t, name, d)
			checkPDF(t, name, d)
			pdf := must[[]byte](t)(d.PDF())
			for _, word := range []string{"JavaScript", "app.alert", "/etc/", "evil.example"} {
				if bytes.Contains(pdf, []byte(word)) {
					t.Errorf("%q: the PDF has %s", name, word)
				}
			}
		}
		pack := must[[]byte](t)(labeltest.Studio(t).Pack(t.Context(), drawn(t, sub, "small", "colour").Model, "small", "one-colour"))
		m, files, err := art.Unpack(pack)
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		if !strings.Contains(m.Alt, name) || !strings.Contains(withoutIsolates(string(files[art.TextName])), "Ac<me "+name+"\n") {
			t.Errorf("%q is not in the manifest or the text", name)
		}
		for _, f := range m.Files {
			if f.Name != art.TextName && !strings.HasPrefix(f.Name, "K7QM4T2X9PWH-small-one-colour.") {
				t.Errorf("%q: a file is called %q", name, f.Name)
			}
		}
	}
}
