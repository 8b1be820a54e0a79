package art

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/go-text/typesetting/font"
)

// A subset is a font with only those glyphs that a document uses, numbered in
// the order of their first use, for embedding in a PDF. It is a TrueType font
// without the tables that only programs that set text need.
type subset struct {
	name   string
	font   *parsedFont
	glyphs []font.GID          // by new number; 0 is the sign for a missing glyph
	number map[font.GID]uint16 // the reverse
	text   map[uint16]string   // what a glyph stands for where it was first used
}

func newSubset(f *fontFile) (*subset, error) {
	p, err := f.parse()
	if err != nil {
		return nil, err
	}
	s := &subset{name: f.name, font: p, number: map[font.GID]uint16{}, text: map[uint16]string{}}
	s.use(0)
	return s, nil
}

// use returns the number of a glyph.
func (s *subset) use(id font.GID) uint16 {
	n, ok := s.number[id]
	if !ok {
		n = uint16(len(s.glyphs))
		s.number[id] = n
		s.glyphs = append(s.glyphs, id)
	}
	return n
}

var be = binary.BigEndian

// errFont is a font whose tables disagree. Loading does not look at each glyph.
var errFont = errors.New("a font in art/fonts.yaml is damaged: a glyph lies outside its tables")

// glyph returns the description of a glyph (OpenType, glyf), as it is in the
// font.
func (s *subset) glyph(id font.GID) ([]byte, error) {
	head, loca, glyf := s.font.tables["head"], s.font.tables["loca"], s.font.tables["glyf"]
	offset := func(i int) int {
		if be.Uint16(head[50:]) == 0 { // indexToLocFormat: short
			if 2*i+2 > len(loca) {
				return -1
			}
			return 2 * int(be.Uint16(loca[2*i:]))
		}
		if 4*i+4 > len(loca) {
			return -1
		}
		return int(be.Uint32(loca[4*i:]))
	}
	from, to := offset(int(id)), offset(int(id)+1)
	if from < 0 || to < from || to > len(glyf) {
		return nil, errFont
	}
	return glyf[from:to], nil
}

// Flags of the parts of a composite glyph.
const (
	argsAreWords  = 0x0001
	haveScale     = 0x0008
	moreParts     = 0x0020
	haveXYScale   = 0x0040
	haveTwoByTwo  = 0x0080
	haveProgram   = 0x0100
	compositePart = 10 // where the parts begin, behind the number of contours and the box
)

// renumbered returns a glyph's description with the glyphs that it is composed
// of by their new numbers. They become part of the subset.
func (s *subset) renumbered(id font.GID) ([]byte, error) {
	src, err := s.glyph(id)
	if err != nil || len(src) < compositePart || int16(be.Uint16(src)) >= 0 {
		return src, err
	}
	b := append([]byte(nil), src...)
	for i := compositePart; ; {
		if i+4 > len(b) {
			return nil, errFont
		}
		flags := be.Uint16(b[i:])
		be.PutUint16(b[i:], flags&^haveProgram)
		be.PutUint16(b[i+2:], s.use(font.GID(be.Uint16(b[i+2:]))))
		i += 6
		if flags&argsAreWords != 0 {
			i += 2
		}
		switch {
		case flags&haveScale != 0:
			i += 2
		case flags&haveXYScale != 0:
			i += 4
		case flags&haveTwoByTwo != 0:
			i += 8
		}
		if flags&moreParts == 0 {
			return b[:min(i, len(b))], nil
		}
	}
}

// metrics returns a glyph's width and its left side bearing in font units
// (OpenType, hmtx). Readers shift an outline so that it begins at its bearing.
func (s *subset) metrics(id font.GID) (advance uint16, bearing int16) {
	hmtx := s.font.tables["hmtx"]
	n := int(be.Uint16(s.font.tables["hhea"][34:])) // full records; bearings alone follow
	at := func(i int) uint16 {
		if i < 0 || i+2 > len(hmtx) {
			return 0
		}
		return be.Uint16(hmtx[i:])
	}
	if i := int(id); i < n {
		return at(4 * i), int16(at(4*i + 2))
	}
	return at(4 * (n - 1)), int16(at(4*n + 2*(int(id)-n))) // the last width stands for all that follow
}

// file returns the subset as a font file.
func (s *subset) file() ([]byte, error) {
	var glyf, loca, hmtx []byte
	for i := 0; i < len(s.glyphs); i++ { // grows by what glyphs are composed of
		g, err := s.renumbered(s.glyphs[i])
		if err != nil {
			return nil, err
		}
		loca = be.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, g...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		advance, bearing := s.metrics(s.glyphs[i])
		hmtx = be.AppendUint16(be.AppendUint16(hmtx, advance), uint16(bearing))
	}
	loca = be.AppendUint32(loca, uint32(len(glyf)))
	n := uint16(len(s.glyphs))
	patched := func(tag string, at int, v uint16) []byte {
		b := append([]byte(nil), s.font.tables[tag]...)
		be.PutUint16(b[at:], v)
		return b
	}
	return assemble(map[string][]byte{
		"head": patched("head", 50, 1), // long loca
		"hhea": patched("hhea", 34, n), "maxp": patched("maxp", 4, n),
		"hmtx": hmtx, "loca": loca, "glyf": glyf,
	}), nil
}

// assemble makes a font file of tables (OpenType, font file). The sum over the
// whole file is left out: readers of PDF do not look at it.
func assemble(tables map[string][]byte) []byte {
	b := []byte{0, 1, 0, 0, 0, byte(len(pdfTables)), 0, 64, 0, 2, 0, 32} // version; then what speeds up a search
	offset := len(b) + 16*len(pdfTables)
	var body []byte
	for _, tag := range pdfTables {
		t := tables[tag]
		b = append(b, tag...)
		b = be.AppendUint32(b, tableSum(t))
		b = be.AppendUint32(b, uint32(offset+len(body)))
		b = be.AppendUint32(b, uint32(len(t)))
		body = append(body, t...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	return append(b, body...)
}

// tableSum adds up a table as big-endian words.
func tableSum(t []byte) (sum uint32) {
	for i := 0; i < len(t); i += 4 {
		var word [4]byte
		copy(word[:], t[i:])
		sum += be.Uint32(word[:])
	}
	return sum
}

// tag returns the six letters that mark a subset's name (ISO 32000-1, 9.6.4);
// they follow from its glyphs.
func (s *subset) tag() string {
	var b []byte
	for _, id := range s.glyphs {
		b = be.AppendUint16(b, uint16(id))
	}
	sum := crc32.ChecksumIEEE(b)
	letters := make([]byte, 6)
	for i := range letters {
		letters[i] = 'A' + byte(sum%26)
		sum /= 26
	}
	return string(letters)
}
