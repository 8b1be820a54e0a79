package art

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/go-text/typesetting/font/opentype"
)

// The shaper, go-text/typesetting v0.3.5, asks a digest before it asks the
// coverage of a lookup. As soon as a range of glyphs has filled a part of the
// digest, later ranges of the same lookup are left out, and the lookup is skipped
// for their glyphs: noon, yeh and teh marbuta of Noto Sans Arabic kept their
// isolated forms, and words with them fell apart. (Its issue 278; what fixes it is
// merged and in no release.) Coverages that are lists of glyphs are not affected.
// So those that are ranges are made lists when a font is loaded. Remove this file
// when go-text has a release with the fix; TestShapesAsHarfBuzz says whether it
// is one.

// layoutTables are the tables that have coverages, and the types of their lookups
// by context, by chained context, and with an offset of 32 bits.
var layoutTables = []struct {
	tag                        string
	context, chained, extended uint16
}{
	{"GPOS", 7, 8, 9},
	{"GSUB", 5, 6, 7},
}

// withListedCoverages returns a font with its coverages as lists.
func withListedCoverages(loader *opentype.Loader) (*opentype.Loader, error) {
	changed := map[opentype.Tag][]byte{}
	for _, t := range layoutTables {
		tag := opentype.MustNewTag(t.tag)
		if !loader.HasTable(tag) {
			continue
		}
		table, err := loader.RawTable(tag)
		if err != nil {
			return nil, err
		}
		l := layoutTable{bytes: slices.Clone(table)}
		if err := l.listCoverages(t.context, t.chained, t.extended); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.tag, err)
		}
		if len(l.bytes) != len(table) {
			changed[tag] = l.bytes
		}
	}
	if len(changed) == 0 {
		return loader, nil
	}
	var tables []opentype.Table
	for _, tag := range loader.Tables() {
		content, ok := changed[tag]
		if !ok {
			var err error
			if content, err = loader.RawTable(tag); err != nil {
				return nil, err
			}
		}
		tables = append(tables, opentype.Table{Tag: tag, Content: content})
	}
	slices.SortFunc(tables, func(a, b opentype.Table) int { return int(int64(a.Tag) - int64(b.Tag)) })
	return opentype.NewLoader(bytes.NewReader(opentype.WriteTTF(tables)))
}

// A layoutTable is a table GSUB or GPOS (OpenType, chapter 2). Its first fault is
// kept; what lies outside it reads as 0.
type layoutTable struct {
	bytes []byte
	err   error
}

func (l *layoutTable) u16(at int) int {
	if at < 0 || at+2 > len(l.bytes) {
		l.err = errFont
		return 0
	}
	return int(be.Uint16(l.bytes[at:]))
}

// listCoverages makes a list of each coverage that says whether a lookup is for
// a glyph. It is put at the end of the table.
func (l *layoutTable) listCoverages(context, chained, extended uint16) error {
	lookups := l.u16(8)
	for i := range l.u16(lookups) {
		lookup := lookups + l.u16(lookups+2+2*i)
		for j := range l.u16(lookup + 4) {
			kind, at := uint16(l.u16(lookup)), lookup+l.u16(lookup+6+2*j)
			if kind == extended {
				kind, at = uint16(l.u16(at+2)), at+l.u16(at+4)<<16+l.u16(at+6)
			}
			offset := at + 2 // in all formats but two
			switch format := l.u16(at); {
			case kind == context && format == 3:
				offset = at + 6
			case kind == chained && format == 3:
				offset = at + 6 + 2*l.u16(at+2)
			}
			l.listCoverage(at, offset)
			if l.err != nil {
				return l.err
			}
		}
	}
	return l.err
}

// listCoverage makes a list of the coverage of a subtable, whose offset is at a
// place of it.
func (l *layoutTable) listCoverage(subtable, offset int) {
	coverage := subtable + l.u16(offset)
	if l.u16(coverage) != 2 {
		return
	}
	list, n := []byte{0, 1, 0, 0}, 0
	for i := range l.u16(coverage + 2) {
		at := coverage + 4 + 6*i
		for glyph := l.u16(at); glyph <= l.u16(at+2) && n <= 0xFFFF && l.err == nil; glyph++ {
			list, n = be.AppendUint16(list, uint16(glyph)), n+1
		}
	}
	if l.err != nil {
		return
	}
	be.PutUint16(list[2:], uint16(n))
	to := len(l.bytes) - subtable
	if to > 0xFFFF || n > 0xFFFF {
		l.err = fmt.Errorf("is too large to be used here: make a subset of the font")
		return
	}
	be.PutUint16(l.bytes[offset:], uint16(to))
	l.bytes = append(l.bytes, list...)
}
