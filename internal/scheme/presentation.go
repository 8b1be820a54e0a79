package scheme

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

// A Form is one of the places in which people read what a label is called.
type Form string

const (
	OnPage  Form = "page"  // pages, lists and feeds, and the title in answers to programs
	OnBadge Form = "badge" // the badge that shops show, which is in English
	OnArt   Form = "art"   // the printed label
)

// Forms lists them.
var Forms = []Form{OnPage, OnBadge, OnArt}

// maxBadge bounds what a badge says of a level, in characters: more would be wider
// than the column of a shop's page on a phone.
const maxBadge = 32

// A Presentation is how a version of a scheme shows what a product reached, and what its
// labels are called in each form.
//
// Words have {name} where the name of the level is to stand, and those of a ladder have
// {number} and {of} too. A ladder has words for every form. Where another scheme has
// none, the name of the level stands alone.
type Presentation struct {
	As    label.Presentation `yaml:"as"`
	Words map[Form]string    `yaml:"words"`
}

// nameAlone is what a label is called where a scheme has no words of its own.
const nameAlone = "{name}"

// Pattern returns the words of a form, with their placeholders.
func (p *Presentation) Pattern(f Form) string {
	if words := p.Words[f]; words != "" {
		return words
	}
	return nameAlone
}

// Fill puts a level into words, by a name that may be translated.
func Fill(pattern string, l label.Level, name string) string {
	return strings.NewReplacer("{name}", name, "{number}", strconv.Itoa(l.Number), "{of}", strconv.Itoa(l.Of)).Replace(pattern)
}

// Placeholders returns what words have of {name}, {number} and {of}, and whatever else
// stands in braces, sorted.
func Placeholders(words string) (list []string) {
	for part := range strings.SplitAfterSeq(words, "}") {
		if _, name, open := strings.Cut(part, "{"); open {
			list = append(list, "{"+name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// checkPresentation refuses what would show a level as the scheme does not mean it.
func (s *Scheme) checkPresentation(d *datafile.File) {
	const path = "presentation"
	p := &s.Presentation
	if err := p.As.Check("", len(s.Levels)); err != nil {
		d.Errorf(path+".as", "%v", err)
		return
	}
	allowed := []string{"{name}"}
	if p.As == label.Ladder {
		allowed = append(allowed, "{number}", "{of}")
	}
	for _, f := range slices.Sorted(maps.Keys(p.Words)) {
		at := path + ".words." + string(f)
		switch words := p.Words[f]; {
		case !slices.Contains(Forms, f):
			d.Errorf(path+".words", "%q is no form in which people read what a label is called: %s", f, join(Forms))
		case strings.TrimSpace(words) == "":
			d.Errorf(at, "is empty; leave it out where the name of the level is to stand alone")
		}
		for _, name := range Placeholders(p.Words[f]) {
			if !slices.Contains(allowed, name) {
				d.Errorf(at, "has %s; the words of a scheme that is shown as %s can have %s", name, p.As, join(allowed))
			}
		}
	}
	for _, f := range Forms {
		if p.As == label.Ladder && p.Words[f] == "" {
			d.Errorf(path+".words", "%s is required of a ladder, such as \"Level {number} of {of}\"", f)
		}
		for n := 1; n <= len(s.Levels); n++ {
			s.checkCalled(d, f, n)
		}
	}
}

// checkCalled bounds what a label of a level is called in a form.
func (s *Scheme) checkCalled(d *datafile.File, f Form, n int) {
	l, err := s.Level(n)
	if err != nil { // which has been refused
		return
	}
	called := s.called(f, l)
	if len(called) > label.MaxText {
		d.Errorf("presentation.words", "a label of level %d is called by %d bytes in the form %s; at most %d are read", n, len(called), f, label.MaxText)
	}
	if length := utf8.RuneCountInString(called); f == OnBadge && length > maxBadge {
		d.Errorf("presentation.words", "the badge of level %d says %q, which is %d characters; give words.%s that are shorter, of at most %d", n, called, length, f, maxBadge)
	}
}

func (s *Scheme) called(f Form, l label.Level) string {
	return Fill(s.Presentation.Pattern(f), l, l.Name)
}

// Shown returns the version of a scheme that has the words for a level: the one that is
// named, or where none is named the newest. It is nil where that is not served, or has
// other levels: then what the label itself says has to do ([Unserved]).
func (p *Programme) Shown(ref label.SchemeRef, l label.Level) *Scheme {
	s := p.Newest(ref.ID)
	if ref.Version != "" {
		s = p.Scheme(ref.ID, ref.Version)
	}
	if s == nil {
		return nil
	}
	if s.Presentation.As != l.Presentation || len(s.Levels) != l.Of {
		return nil
	}
	return s
}

// Unserved returns what a label of a level is called in a form by what it says itself,
// where its version of the scheme is not served.
func Unserved(f Form, l label.Level) string {
	if f == OnPage {
		return l.String()
	}
	return l.Short()
}

// Called returns what a label of a level is called in a form, in the language that the
// programme's data is written in.
func (p *Programme) Called(f Form, ref label.SchemeRef, l label.Level) string {
	if s := p.Shown(ref, l); s != nil {
		return s.called(f, l)
	}
	return Unserved(f, l)
}
