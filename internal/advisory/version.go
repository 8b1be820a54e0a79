package advisory

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	goversion "github.com/hashicorp/go-version"

	"labeld/internal/label"
)

// A Version is one firmware version as somebody wrote it.
type Version struct {
	text    string
	numbers []int64 // nil where the text is no dotted number
	suffix  string  // what follows the numbers
}

func (v Version) String() string { return v.text }

// parseVersion reads any text; what is no version equals itself only.
func parseVersion(s string) Version {
	s = strings.TrimSpace(s)
	v := Version{text: s}
	if len(s) > label.MaxText {
		return v
	}
	if s != "" && s[0] == 'V' {
		s = "v" + s[1:]
	}
	p, err := goversion.NewVersion(s)
	if err != nil {
		return v
	}
	v.numbers, v.suffix = p.Segments64(), p.Prerelease()
	if m := p.Metadata(); m != "" {
		v.suffix += "+" + m
	}
	return v
}

// plain reports whether v is dotted numbers and nothing else.
func (v Version) plain() bool { return v.numbers != nil && v.suffix == "" }

// compare orders v and w; ok is false where that cannot be told.
func (v Version) compare(w Version) (order int, ok bool) {
	if v.text == w.text {
		return 0, true
	}
	if v.numbers == nil || w.numbers == nil {
		return 0, false
	}
	shared := min(len(v.numbers), len(w.numbers))
	if c := slices.Compare(v.numbers[:shared], w.numbers[:shared]); c != 0 {
		return c, true
	}
	if v.suffix != w.suffix {
		return 0, false // 2.4.1-3 may be older or newer than 2.4.1 and 2.4.1.5
	}
	return cmp.Compare(bits(v.numbers[shared:]), bits(w.numbers[shared:])), true
}

// bits is zero where all numbers are, as in 2.4.1.0.0.
func bits(numbers []int64) (n int64) {
	for _, i := range numbers {
		n |= i
	}
	return n
}

// An answer is what can be said of a version and a range.
type answer int

const (
	no answer = iota
	maybe
	yes
)

// Versions is the set of firmware versions a statement is about. The zero
// Versions is all of them.
type Versions struct {
	text   string
	points []Version // listed one by one
	spans  []span
	except []Version
	unread bool // says something that is not understood
}

// A span lies between two versions; a nil end is open.
type span struct {
	low, high     *Version
	lowIn, highIn bool
}

// String returns the set as the document writes it; empty where all versions
// are meant because none is named.
func (s *Versions) String() string { return s.text }

// all reports whether every version is meant.
func (s *Versions) all() bool {
	return !s.unread && len(s.except) == 0 && len(s.points) == 0 &&
		(len(s.spans) == 0 || s.spans[0].low == nil && s.spans[0].high == nil)
}

// exactly is the set of one version.
func exactly(text string) Versions {
	return Versions{text: text, points: []Version{parseVersion(text)}}
}

// versionRange reads vers notation, with or without its prefix. What is not
// that gives a set of which nothing is sure.
func versionRange(text string) Versions {
	s := Versions{text: text}
	s.unread = !s.read(text)
	return s
}

func (s *Versions) read(text string) bool {
	body := strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(body, "vers:"); ok {
		_, constraints, found := strings.Cut(rest, "/")
		if !found {
			return false
		}
		body = constraints
	}
	if body == "*" {
		s.spans = []span{{}}
		return true
	}
	parts := strings.Split(body, "|")
	if len(parts) > MaxConstraints {
		return false
	}
	var bounds []bound
	for _, part := range parts {
		b, ok := readBound(part)
		if !ok {
			return false
		}
		switch b.op {
		case "", "=":
			s.points = append(s.points, b.Version)
		case "!=":
			s.except = append(s.except, b.Version)
		default:
			bounds = append(bounds, b)
		}
	}
	if len(bounds) == 0 && len(s.points) == 0 {
		s.spans = []span{{}} // all but the exceptions
		return true
	}
	return s.pair(bounds)
}

// A bound is one part of a range, such as >=2.0.
type bound struct {
	op string
	Version
}

func readBound(part string) (b bound, ok bool) {
	part = strings.TrimSpace(part)
	for _, op := range []string{">=", "<=", "!=", ">", "<", "="} {
		if rest, found := strings.CutPrefix(part, op); found {
			b.op, part = op, rest
			break
		}
	}
	part, err := url.PathUnescape(part)
	b.Version = parseVersion(part)
	return b, err == nil && b.numbers != nil
}

// pair makes spans of bounds, which in ascending order must alternate: two
// upper or two lower bounds in a row have no agreed meaning.
func (s *Versions) pair(bounds []bound) bool {
	sure := true
	slices.SortStableFunc(bounds, func(a, b bound) int {
		c, ok := a.compare(b.Version)
		sure = sure && ok && c != 0
		return c
	})
	open := false
	for i := range bounds {
		b := &bounds[i]
		switch upper := b.op[0] == '<'; {
		case upper && open:
			last := &s.spans[len(s.spans)-1]
			last.high, last.highIn, open = &b.Version, b.op == "<=", false
		case upper && i == 0:
			s.spans = append(s.spans, span{high: &b.Version, highIn: b.op == "<="})
		case !upper && !open:
			s.spans = append(s.spans, span{low: &b.Version, lowIn: b.op == ">="})
			open = true
		default:
			return false
		}
	}
	return sure
}

// contains tells whether v, which may be unknown (empty), is in the set.
func (s *Versions) contains(v Version) answer {
	switch {
	case s.all():
		return yes
	case s.unread || v.text == "":
		return maybe
	}
	in := no
	for _, p := range s.points {
		in = max(in, v.equals(p))
	}
	for i := range s.spans {
		in = max(in, s.spans[i].contains(v))
	}
	for _, e := range s.except {
		switch v.equals(e) {
		case yes:
			return no
		case maybe:
			in = min(in, maybe)
		}
	}
	return in
}

func (v Version) equals(w Version) answer {
	switch c, ok := v.compare(w); {
	case !ok:
		return maybe
	case c == 0:
		return yes
	}
	return no
}

func (s *span) contains(v Version) answer {
	in := yes
	if s.low != nil {
		in = min(in, v.beyond(*s.low, s.lowIn))
	}
	if s.high != nil {
		in = min(in, s.high.beyond(v, s.highIn))
	}
	return in
}

// beyond tells whether v is above w, or equal where that is included.
func (v Version) beyond(w Version, included bool) answer {
	switch c, ok := v.compare(w); {
	case !ok:
		return maybe
	case c > 0 || c == 0 && included:
		return yes
	}
	return no
}

// lists reports whether the set names this very version.
func (s *Versions) lists(v Version) bool {
	return slices.ContainsFunc(s.points, func(p Version) bool { return v.text != "" && v.equals(p) == yes })
}

// reaches reports whether the set surely has v or something above it.
func (s *Versions) reaches(v Version) bool {
	if s.unread {
		return false
	}
	return s.all() ||
		slices.ContainsFunc(s.points, func(p Version) bool { return p.beyond(v, true) == yes }) ||
		slices.ContainsFunc(s.spans, func(sp span) bool { return sp.high == nil || sp.high.beyond(v, sp.highIn) == yes })
}

// lowest returns the versions at which the set begins.
func (s *Versions) lowest() []Version {
	if s.unread {
		return nil
	}
	from := slices.Clone(s.points)
	for _, sp := range s.spans {
		if sp.low != nil && sp.lowIn {
			from = append(from, *sp.low)
		}
	}
	return from
}

// ends returns the first versions that are no longer in the set.
func (s *Versions) ends() (after []Version) {
	if s.unread {
		return nil
	}
	for _, sp := range s.spans {
		if sp.high != nil && !sp.highIn {
			after = append(after, *sp.high)
		}
	}
	return after
}
