package locale

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"

	"labeld/internal/label"
)

// A phrase is one message, with its plural forms where it has any.
type phrase struct {
	other  string
	forms  map[plural.Form]string // besides other; nil where the message does not count
	strays []string               // forms that no language has
}

var formNames = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many,
}

// UnmarshalYAML reads a text, or a mapping from plural forms to texts.
func (p *phrase) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&p.other)
	}
	var forms map[string]string
	if err := n.Decode(&forms); err != nil {
		return err
	}
	p.forms = map[plural.Form]string{}
	for name, text := range forms {
		if form, ok := formNames[name]; ok {
			p.forms[form] = text
		} else if name == "other" {
			p.other = text
		} else {
			p.strays = append(p.strays, name)
		}
	}
	return nil
}

// form returns the text for a plural form.
func (p *phrase) form(f plural.Form) string {
	if text, ok := p.forms[f]; ok {
		return text
	}
	return p.other
}

// A part is a piece of a message: text, or the name of a placeholder.
type part struct {
	text        string
	placeholder bool
}

// parts splits the text for a plural form at its placeholders.
func (p *phrase) parts(f plural.Form) iter.Seq[part] { return split(p.form(f)) }

func split(text string) iter.Seq[part] {
	return func(yield func(part) bool) {
		for text != "" {
			before, rest, open := strings.Cut(text, "{")
			if before != "" && !yield(part{before, false}) || !open {
				return
			}
			name, after, closed := strings.Cut(rest, "}")
			if !closed || !yield(part{name, true}) {
				return
			}
			text = after
		}
	}
}

// placeholders returns the names of what a message has to be given, sorted.
func (p *phrase) placeholders() (names []string) {
	for s := range split(p.other) {
		if s.placeholder && !slices.Contains(names, s.text) {
			names = append(names, s.text)
		}
	}
	slices.Sort(names)
	return names
}

// faults says what is wrong with a message of a language.
func (p *phrase) faults(tag language.Tag) (list []string) {
	for _, name := range p.strays {
		list = append(list, fmt.Sprintf("%s is no plural form; they are zero, one, two, few, many and other", name))
	}
	needed := map[plural.Form]bool{}
	if p.forms != nil {
		for n := range 200 {
			needed[plural.Cardinal.MatchPlural(tag, n, 0, 0, 0, 0)] = true
		}
	}
	for name, form := range formNames {
		text, ok := p.forms[form]
		switch {
		case needed[form] && !ok:
			list = append(list, "lacks the plural form "+name)
		case ok && p.forms != nil && !needed[form]:
			list = append(list, "the language has no plural form "+name)
		case ok && !slices.Equal((&phrase{other: text}).dropCount(), p.dropCount()):
			list = append(list, "the plural form "+name+" has other placeholders")
		}
	}
	for _, text := range append([]string{p.other}, p.texts()...) {
		switch {
		case strings.TrimSpace(text) == "":
			list = append(list, "is empty")
		case len(text) > label.MaxProse:
			list = append(list, fmt.Sprintf("is longer than %d bytes", label.MaxProse))
		case strings.Count(text, "{") != strings.Count(text, "}"):
			list = append(list, "has a brace without its other half")
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (p *phrase) texts() (list []string) {
	for _, text := range p.forms {
		list = append(list, text)
	}
	return list
}

// dropCount returns the placeholders but for the number itself: languages say
// "one day" and "two days" without a figure.
func (p *phrase) dropCount() []string {
	return slices.DeleteFunc(p.placeholders(), func(name string) bool { return name == "count" })
}
