package art

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/go-text/typesetting/font/opentype"
)

// A pdfWriter writes the objects of a PDF file (ISO 32000-1).
type pdfWriter struct {
	bytes.Buffer
	offsets []int // of objects, by number less one
}

// Objects with fixed numbers; fonts follow, each as fontObjects of them.
const (
	catalogObject = iota + 1
	pagesObject
	pageObject
	contentObject
	infoObject
	treeObject
	figureObject
	firstFontObject
	fontObjects = 5
)

// object writes the object whose turn it is.
func (w *pdfWriter) object(format string, args ...any) {
	w.offsets = append(w.offsets, w.Len())
	fmt.Fprintf(w, "%d 0 obj\n", len(w.offsets))
	fmt.Fprintf(w, format, args...)
	w.WriteString("\nendobj\n")
}

// stream writes a compressed stream as the object whose turn it is.
func (w *pdfWriter) stream(data []byte, dict string) {
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	zw.Write(data) // a bytes.Buffer does not fail
	zw.Close()
	w.object("<</Length %d/Filter/FlateDecode%s>>\nstream\n%s\nendstream", z.Len(), dict, z.Bytes())
}

// finish writes the table of objects. The ID follows from what the file holds,
// so that equal drawings are equal files.
func (w *pdfWriter) finish() []byte {
	id := sha256.Sum256(w.Bytes())
	start := w.Len()
	fmt.Fprintf(w, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, o := range w.offsets {
		fmt.Fprintf(w, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(w, "trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%x><%[4]x>]>>\nstartxref\n%[5]d\n%%%%EOF\n",
		len(w.offsets)+1, catalogObject, infoObject, id[:16], start)
	return w.Bytes()
}

// pdfText returns a string of text, in UTF-16 and hexadecimal: nothing in it can
// mean anything to a reader but itself.
func pdfText(s string) string { return "<FEFF" + utf16Hex(s) + ">" }

func utf16Hex(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String()
}

// PDF returns the drawing as a PDF page of its printed size. Words are text in
// embedded fonts, the QR code and signs are paths; the page is tagged as one
// figure, with what it says as alternative.
func (d *Drawing) PDF() ([]byte, error) {
	subsets, names, err := d.subsets()
	if err != nil {
		return nil, err
	}
	content := d.content(subsets, names)
	w := new(pdfWriter)
	w.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	lang := pdfText(d.Model.Sides[0].Language)
	w.object("<</Type/Catalog/Pages %d 0 R/Lang%s/MarkInfo<</Marked true>>/StructTreeRoot %d 0 R/ViewerPreferences<</DisplayDocTitle true/PrintScaling/None>>>>", pagesObject, lang, treeObject)
	w.object("<</Type/Pages/Kids[%d 0 R]/Count 1>>", pageObject)
	var fonts strings.Builder
	for i := range subsets {
		fmt.Fprintf(&fonts, "/F%d %d 0 R", i, firstFontObject+i*fontObjects)
	}
	w.object("<</Type/Page/Parent %d 0 R/MediaBox[0 0 %s %s]/Contents %d 0 R/StructParents 0/Resources<</Font<<%s>>>>>>",
		pagesObject, number(nil, d.Width*pointsPerMM), number(nil, d.Height*pointsPerMM), contentObject, fonts.String())
	w.stream(content, "")
	w.object("<</Title%s/Subject%s>>", pdfText(d.title()), pdfText(strings.Join(d.Model.Lines(), "\n")))
	w.object("<</Type/StructTreeRoot/K %d 0 R/ParentTree<</Nums[0[%[1]d 0 R]]>>>>", figureObject)
	w.object("<</Type/StructElem/S/Figure/P %d 0 R/Pg %d 0 R/K 0/Lang%s/Alt%s>>", treeObject, pageObject, lang, pdfText(d.Model.Alt()))
	for _, s := range subsets {
		if err := w.font(s); err != nil {
			return nil, err
		}
	}
	return w.finish(), nil
}

// subsets returns the fonts of the drawing with the glyphs they need, in the
// order of their first use, and their places in that order.
func (d *Drawing) subsets() (list []*subset, names map[*fontFile]int, err error) {
	names = map[*fontFile]int{}
	for _, it := range d.items {
		if it.text == nil {
			continue
		}
		for _, r := range it.text.runs {
			i, ok := names[r.font]
			if !ok {
				s, err := newSubset(r.font)
				if err != nil {
					return nil, nil, err
				}
				i = len(list)
				names[r.font], list = i, append(list, s)
			}
			for _, g := range r.glyphs {
				n := list[i].use(g.id)
				if list[i].text[n] == "" {
					list[i].text[n] = g.text
				}
			}
		}
	}
	return list, names, nil
}

const pointsPerMM = 72 / 25.4

// content returns the page's content, in millimetres downwards.
func (d *Drawing) content(subsets []*subset, names map[*fontFile]int) []byte {
	b := fmt.Appendf(nil, "/Figure<</MCID 0>>BDC\n%.6f 0 0 -%.6[1]f 0 %s cm\n", pointsPerMM, number(nil, d.Height*pointsPerMM))
	for _, it := range d.items {
		b = append(b, pdfColour(it.colour)...)
		if it.text == nil {
			b = append(pdfPath(b, it.path), "f\n"...)
			continue
		}
		b = append(b, "BT\n"...)
		for _, r := range it.text.runs {
			i := names[r.font]
			b = fmt.Appendf(b, "/F%d %s Tf\n", i, number(nil, it.text.size))
			b = subsets[i].show(b, r.glyphs)
		}
		b = append(b, "ET\n"...)
	}
	return append(b, "EMC\n"...)
}

// show sets glyphs. Where one does not stand for its text by itself, as most
// Arabic letters do not, the text is given beside it.
func (s *subset) show(b []byte, glyphs []placedGlyph) []byte {
	for len(glyphs) > 0 {
		n := 1 // glyphs that stand for something together
		for n < len(glyphs) && glyphs[n].text == "" {
			n++
		}
		plain := n == 1 && s.text[s.use(glyphs[0].id)] == glyphs[0].text
		if !plain {
			b = fmt.Appendf(b, "/Span<</ActualText%s>>BDC\n", pdfText(glyphs[0].text))
		}
		for _, g := range glyphs[:n] {
			b = append(b, "1 0 0 -1 "...)
			b = append(number(append(number(b, g.at.x), ' '), g.at.y), " Tm"...)
			b = fmt.Appendf(b, "<%04X>Tj\n", s.use(g.id))
		}
		if !plain {
			b = append(b, "EMC\n"...)
		}
		glyphs = glyphs[n:]
	}
	return b
}

// pdfColour sets the colour to fill with. Greys are given as such, so that a
// printer takes black ink for them and does not mix it.
func pdfColour(c Colour) string {
	if c.R == c.G && c.G == c.B {
		return fmt.Sprintf("%s g ", number(nil, float64(c.R)/255))
	}
	return fmt.Sprintf("%s %s %s rg ", number(nil, float64(c.R)/255), number(nil, float64(c.G)/255), number(nil, float64(c.B)/255))
}

// pdfPath appends a path of straight lines, of which all paths of a drawing are;
// curves occur in glyphs only.
func pdfPath(b []byte, path []segment) []byte {
	for _, s := range path {
		b = append(number(append(number(b, s.at[0].x), ' '), s.at[0].y), ' ')
		if s.op == opentype.SegmentOpMoveTo {
			b = append(b, "m "...)
		} else {
			b = append(b, "l "...)
		}
	}
	return b
}

// font writes a subset as a font of two bytes to a glyph (ISO 32000-1, 9.7).
func (w *pdfWriter) font(s *subset) error {
	file, err := s.file()
	if err != nil {
		return err
	}
	name, first := s.tag()+"+"+s.name, len(w.offsets)+1
	upem := float64(s.font.Upem())
	em := func(v float64) []byte { return number(nil, v*1000/upem) }
	w.object("<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]/ToUnicode %d 0 R>>", name, first+1, first+4)
	var widths []byte
	for _, id := range s.glyphs {
		advance, _ := s.metrics(id)
		widths = append(append(widths, em(float64(advance))...), ' ')
	}
	w.object("<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap/Identity/W[0[%s]]>>", name, first+2, widths)
	box := func(at int) []byte { return em(float64(int16(be.Uint16(s.font.tables["head"][at:])))) }
	line := func(at int) []byte { return em(float64(int16(be.Uint16(s.font.tables["hhea"][at:])))) }
	w.object("<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%s %s %s %s]/ItalicAngle 0/Ascent %s/Descent %s/CapHeight %[6]s/StemV 80/FontFile2 %[8]d 0 R>>",
		name, box(36), box(38), box(40), box(42), line(4), line(6), first+3)
	w.stream(file, fmt.Sprintf("/Length1 %d", len(file)))
	w.stream(s.toUnicode(), "")
	return nil
}

// toUnicode returns the map from glyphs to what they stand for (ISO 32000-1,
// 9.10.3).
func (s *subset) toUnicode() []byte {
	var b bytes.Buffer
	b.WriteString("/CIDInit/ProcSet findresource begin 12 dict begin begincmap\n/CMapName/L def/CMapType 2 def\n" +
		"1 begincodespacerange <0000><FFFF> endcodespacerange\n")
	for n := range len(s.glyphs) {
		if text := s.text[uint16(n)]; text != "" {
			fmt.Fprintf(&b, "1 beginbfchar <%04X><%s> endbfchar\n", n, utf16Hex(text))
		}
	}
	b.WriteString("endcmap end end\n")
	return b.Bytes()
}
