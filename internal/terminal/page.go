package terminal

import (
	"bytes"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"
	"unicode/utf16"
)

// A Page is text for people.
type Page struct {
	b     bytes.Buffer
	width int // of the terminal; 0 where there is none, and every line is as long as it is
}

// Width returns how wide the terminal is that the page is for, or 0.
func (p *Page) Width() int { return p.width }

// NewPage returns an empty page for a terminal of a width, or for what is none.
func NewPage(width int) *Page { return &Page{width: width} }

// Bytes returns what was written.
func (p *Page) Bytes() []byte { return p.b.Bytes() }

// Line writes one line, or on a terminal as many as it takes.
func (p *Page) Line(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = Clean(s, false)
		}
	}
	fmt.Fprintln(&p.b, Wrapped(fmt.Sprintf(format, args...), p.width))
}

// Raw writes text of ours as it is.
func (p *Page) Raw(text string) { p.b.WriteString(text) }

// Table writes rows in columns, below a head if it is a list.
func (p *Page) Table(head []string, rows [][]string) {
	if head != nil && len(rows) == 0 {
		p.Line("none")
		return
	}
	var all [][]string
	if head != nil {
		all = [][]string{head}
	}
	for _, row := range rows {
		var cells []string
		for _, cell := range row {
			cells = append(cells, Clean(cell, false))
		}
		all = append(all, cells)
	}
	if p.width > 0 && len(all) > 0 {
		if columns := fits(all, p.width, head != nil); columns != nil {
			p.fitted(all, columns)
		} else {
			p.records(head, rows)
		}
		return
	}
	w := tabwriter.NewWriter(&p.b, 0, 0, gap, ' ', 0)
	for _, cells := range all {
		fmt.Fprintln(w, strings.Join(cells, "\t"))
	}
	w.Flush() // a bytes.Buffer does not fail
}

// Pairs writes names and values, leaving out what has no value.
func (p *Page) Pairs(of ...[2]string) {
	var rows [][]string
	for _, kv := range of {
		if kv[1] != "" {
			rows = append(rows, []string{kv[0], kv[1]})
		}
	}
	p.Table(nil, rows)
}

// Clean replaces control and formatting characters: an escape sequence can
// rewrite what stands on a terminal, a reversed line is a forgery. Isolates go.
func Clean(s string, lines bool) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' && lines:
			return r
		case r == '\n' || r == '\t':
			return ' '
		case r == '\u200c' || r == '\u200d':
			return r // within words of scripts that join letters
		case r >= '\u2066' && r <= '\u2069':
			return -1 // isolates, which our own texts have around names; no direction that they keep apart reaches a terminal
		case obeyed(r):
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// Disarmed writes in JSON, as escapes that mean the same, what a terminal would
// obey or not show. Such characters stand in strings only.
func Disarmed(b []byte) []byte {
	if !bytes.ContainsFunc(b, obeyed) {
		return b
	}
	var out bytes.Buffer
	for _, r := range string(b) {
		if !obeyed(r) {
			out.WriteRune(r)
			continue
		}
		for _, u := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&out, "\\u%04x", u)
		}
	}
	return out.Bytes()
}

// obeyed reports whether a terminal acts on a character, other than on the end of
// a line, or shows nothing for it.
func obeyed(r rune) bool {
	return r != '\n' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp))
}
