package art

import (
	"bytes"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

// A typeface is a family of the data: one font, or one and its bold cut.
type typeface struct {
	regular, bold *fontFile
	languages     []string
}

// A fontFile is a TrueType font. It is parsed when a label first needs it: the
// large fonts take tens of milliseconds and ten megabytes each.
type fontFile struct {
	name  string // without .ttf
	parse func() (*parsedFont, error)
}

// A parsedFont is a font and its tables, by tag.
type parsedFont struct {
	*font.Font
	tables map[string][]byte
}

func (s *Studio) loadFonts(fsys fs.FS) error {
	var file struct {
		Fonts []struct {
			Regular   string   `yaml:"regular"`
			Bold      string   `yaml:"bold"`
			Languages []string `yaml:"languages"`
		} `yaml:"fonts"`
	}
	d, err := datafile.Read(fsys, "art/fonts.yaml", &file)
	if err != nil {
		return err
	}
	if len(file.Fonts) == 0 {
		d.Errorf("fonts", "at least one is needed")
	}
	open := func(path, name string) *fontFile {
		f, err := openFont(fsys, name)
		if err != nil {
			d.Errorf(path, "%v", err)
		}
		return f
	}
	for i, entry := range file.Fonts {
		path := datafile.At("fonts", i)
		face := &typeface{regular: open(path+".regular", entry.Regular), languages: entry.Languages}
		if face.bold = face.regular; entry.Bold != "" {
			face.bold = open(path+".bold", entry.Bold)
		}
		s.fonts = append(s.fonts, face)
	}
	return d.Err()
}

// pdfTables are the tables of a TrueType font that a PDF reader needs, in order
// (ISO 32000-1, 9.9).
var pdfTables = []string{"glyf", "head", "hhea", "hmtx", "loca", "maxp"}

// openFont checks that a file is a TrueType font, and returns it unparsed.
func openFont(fsys fs.FS, name string) (*fontFile, error) {
	base, ok := strings.CutSuffix(name, ".ttf")
	if !ok || strings.Trim(base, plainName) != "" {
		return nil, fmt.Errorf("%q is no name of a font: letters, digits, hyphens, and .ttf", name)
	}
	path := "art/fonts/" + name
	f, err := fsys.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, ok := f.(opentype.Resource)
	if !ok {
		return nil, fmt.Errorf("%s cannot be read at any place", path)
	}
	loader, err := opentype.NewLoader(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	for _, tag := range append([]string{"cmap"}, pdfTables...) {
		if !loader.HasTable(opentype.MustNewTag(tag)) {
			return nil, fmt.Errorf("%s has no table %q; only TrueType fonts with outlines can be embedded in PDF here", path, tag)
		}
	}
	return &fontFile{name: base, parse: sync.OnceValues(func() (*parsedFont, error) {
		p, err := parseFont(fsys, path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return p, nil
	})}, nil
}

// leastTables are the least lengths of tables that are read at fixed places.
var leastTables = map[string]int{"head": 54, "hhea": 36, "maxp": 6, "hmtx": 4, "loca": 4, "glyf": 0}

func parseFont(fsys fs.FS, path string) (*parsedFont, error) {
	b, err := fs.ReadFile(fsys, path)
	if err != nil {
		return nil, err
	}
	loader, err := opentype.NewLoader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	p := &parsedFont{tables: map[string][]byte{}}
	for _, tag := range pdfTables {
		if p.tables[tag], err = loader.RawTable(opentype.MustNewTag(tag)); err != nil {
			return nil, err
		}
		if len(p.tables[tag]) < leastTables[tag] {
			return nil, fmt.Errorf("table %q is cut short", tag)
		}
	}
	if loader, err = withListedCoverages(loader); err != nil {
		return nil, err
	}
	p.Font, err = font.NewFont(loader)
	return p, err
}

// order returns the fonts to look for a character in, the best first.
func (s *Studio) order(language string, bold bool) (list []*fontFile) {
	for _, first := range []bool{true, false} {
		for _, face := range s.fonts {
			if slices.Contains(face.languages, language) != first {
				continue
			}
			if bold {
				list = append(list, face.bold)
			} else {
				list = append(list, face.regular)
			}
		}
	}
	return list
}

// faces are fonts for use by one goroutine.
type faces struct {
	open map[*fontFile]*font.Face
	err  error // the first that a font failed with
}

// get returns a font, or nil where it cannot be parsed.
func (fs *faces) get(f *fontFile) *font.Face {
	face, ok := fs.open[f]
	if !ok {
		if p, err := f.parse(); err == nil {
			face = font.NewFace(p.Font)
		} else if fs.err == nil {
			fs.err = label.Errorf(label.Internal, label.ReasonInternal, "", "%v", err)
		}
		fs.open[f] = face
	}
	return face
}

// find returns the first font that has a character, or nil.
func (fs *faces) find(fonts []*fontFile, r rune) *fontFile {
	for _, f := range fonts {
		if face := fs.get(f); face != nil {
			if _, ok := face.NominalGlyph(r); ok {
				return f
			}
		}
	}
	return nil
}

// missing returns the first character that can be seen, and that none of the fonts
// has, or 0.
func (fs *faces) missing(fonts []*fontFile, text string) rune {
	for _, r := range text {
		if needsGlyph(r) && fs.find(fonts, r) == nil {
			return r
		}
	}
	return 0
}

// file returns the file that an open font is of.
func (fs *faces) file(face *font.Face) *fontFile {
	for f, known := range fs.open {
		if known == face {
			return f
		}
	}
	return nil
}
