package art

import (
	"io/fs"
	"strings"

	"labeld/internal/datafile"
	"labeld/internal/label"
	"labeld/internal/locale"
)

// A Format is a size of label and how its parts are arranged. All measures are
// millimetres.
type Format struct {
	ID      string  `yaml:"id"`
	About   string  `yaml:"about"`
	Arrange string  `yaml:"arrange"` // below or beside
	Facts   string  `yaml:"facts"`   // stacked or inline
	Width   float64 `yaml:"width"`
	Second  float64 `yaml:"second"` // more width for a second language
	Height  float64 `yaml:"height"`
	Margin  float64 `yaml:"margin"`
	Gap     float64 `yaml:"gap"`
	Code    float64 `yaml:"code"` // side, with quiet zone
	Steps   float64 `yaml:"steps"`
	Text    Sizes   `yaml:"text"`
}

// Sizes are font sizes.
type Sizes struct {
	Band    float64 `yaml:"band"`
	Level   float64 `yaml:"level"`
	Name    float64 `yaml:"name"`
	Fact    float64 `yaml:"fact"`
	Caption float64 `yaml:"caption"`
	Product float64 `yaml:"product"`
	ID      float64 `yaml:"id"`
	URL     float64 `yaml:"url"`
}

// A Palette is a set of colours.
type Palette struct {
	ID       string `yaml:"id"`
	About    string `yaml:"about"`
	Paper    Colour `yaml:"paper"`
	Ink      Colour `yaml:"ink"`
	Quiet    Colour `yaml:"quiet"`
	Accent   Colour `yaml:"accent"`
	OnAccent Colour `yaml:"on_accent"`
	Code     Colour `yaml:"code"`
}

// A Studio draws labels from one set of data. It does not change, and is safe
// for concurrent use.
type Studio struct {
	formats  []Format
	palettes []Palette
	words    *locale.Catalogue
	fonts    []*typeface
}

// Load reads and checks the data in art/ of the programme data. Its error lists
// everything that is wrong with a file, each with its line. Labels are drawn in
// the languages of the catalogue.
func Load(fsys fs.FS, words *locale.Catalogue) (*Studio, error) {
	s := &Studio{words: words}
	for _, load := range []func(fs.FS) error{s.loadFormats, s.loadPalettes, s.loadFonts} {
		if err := load(fsys); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (s *Studio) loadFormats(fsys fs.FS) error {
	var file struct {
		Formats []Format `yaml:"formats"`
	}
	d, err := datafile.Read(fsys, "art/formats.yaml", &file)
	if err != nil {
		return err
	}
	s.formats = file.Formats
	checkIDs(d, "formats", s.formats, func(f Format) string { return f.ID })
	for i := range s.formats {
		s.formats[i].check(d, datafile.At("formats", i))
	}
	return d.Err()
}

func (f *Format) check(d *datafile.File, path string) {
	if f.Arrange != below && f.Arrange != beside {
		d.Errorf(path+".arrange", "must be %s or %s", below, beside)
	}
	if f.Facts != stacked && f.Facts != inline {
		d.Errorf(path+".facts", "must be %s or %s", stacked, inline)
	}
	for _, m := range []struct {
		name  string
		value float64
		least float64
	}{
		{"width", f.Width, 1}, {"second", f.Second, 1}, {"height", f.Height, 1},
		{"margin", f.Margin, 1}, {"gap", f.Gap, 0.5}, {"steps", f.Steps, 2 * leastText},
		{"code", f.Code, leastModule * 29}, // the smallest code has 21 modules, and 8 of quiet zone
		{"text.band", f.Text.Band, leastText}, {"text.level", f.Text.Level, leastText},
		{"text.name", f.Text.Name, leastText}, {"text.fact", f.Text.Fact, leastText},
		{"text.caption", f.Text.Caption, leastText}, {"text.product", f.Text.Product, leastText},
		{"text.id", f.Text.ID, leastText}, {"text.url", f.Text.URL, leastText},
	} {
		if !(m.value >= m.least && m.value <= maxSide) {
			d.Errorf(path+"."+m.name, "is %g mm, it must be %g to %d", m.value, m.least, maxSide)
		}
	}
	if f.Width+f.Second > maxSide {
		d.Errorf(path+".second", "makes the label wider than %d mm", maxSide)
	}
}

func (s *Studio) loadPalettes(fsys fs.FS) error {
	var file struct {
		Palettes []Palette `yaml:"palettes"`
	}
	d, err := datafile.Read(fsys, "art/palettes.yaml", &file)
	if err != nil {
		return err
	}
	s.palettes = file.Palettes
	checkIDs(d, "palettes", s.palettes, func(p Palette) string { return p.ID })
	for i, p := range s.palettes {
		path := datafile.At("palettes", i)
		for _, pair := range []struct {
			name, over string
			a, b       Colour
		}{
			{"ink", "paper", p.Ink, p.Paper}, {"quiet", "paper", p.Quiet, p.Paper}, {"accent", "paper", p.Accent, p.Paper},
			{"on_accent", "accent", p.OnAccent, p.Accent}, {"code", "white", p.Code, white},
		} {
			if c := Contrast(pair.a, pair.b); c < leastContrast {
				d.Errorf(path+"."+pair.name, "%s on %s %s has a contrast of %.1f to 1, at least %.1f is needed: make one darker or the other lighter",
					pair.a, pair.over, pair.b, c, leastContrast)
			}
		}
	}
	return d.Err()
}

// checkIDs records what is wrong with the IDs of a list. They are parts of file
// names and addresses.
func checkIDs[T any](d *datafile.File, path string, list []T, id func(T) string) {
	if len(list) == 0 || len(list) > maxChoices {
		d.Errorf(path, "has %d entries, it must have 1 to %d", len(list), maxChoices)
	}
	seen := map[string]bool{}
	for i, v := range list {
		name := id(v)
		if name == "" || len(name) > 32 || seen[name] || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			d.Errorf(datafile.At(path, i), "every entry needs an id of its own: up to 32 small letters, digits and hyphens")
		}
		seen[name] = true
	}
}

// choose returns the entry of an ID, or refuses and lists those that exist.
func choose[T any](field, what string, list []T, want string, id func(*T) string) (*T, error) {
	var names []string
	for i := range list {
		if id(&list[i]) == want {
			return &list[i], nil
		}
		names = append(names, id(&list[i]))
	}
	return nil, label.Errorf(label.NotFound, label.ReasonOutOfRange, field, "there is no %s %q; there are %s", what, want, strings.Join(names, ", "))
}

func (s *Studio) format(id string) (*Format, error) {
	return choose("format", "format", s.formats, id, func(f *Format) string { return f.ID })
}

func (s *Studio) palette(id string) (*Palette, error) {
	return choose("palette", "palette", s.palettes, id, func(p *Palette) string { return p.ID })
}

func (s *Studio) language(tag string) (*locale.Language, error) {
	list := s.words.Languages()
	l, err := choose("lang", "artwork in language", list, tag, func(l **locale.Language) string { return (*l).Tag })
	if err != nil {
		return nil, err
	}
	return *l, nil
}

// DefaultPalette and DefaultLanguage are the first in the data.
func (s *Studio) DefaultPalette() string  { return s.palettes[0].ID }
func (s *Studio) DefaultLanguage() string { return s.words.Languages()[0].Tag }
