package web

import (
	"cmp"
	"html/template"
	"slices"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/scheme"
)

// The programmeWords are the words in the data of a programme, in the language of the
// reader as far as there are translations. Neither the programme nor the authority
// changes.
type programmeWords struct {
	programme *scheme.Programme
	authority label.Party
}

// category returns a category in words.
func (w programmeWords) category(lang *pageLanguage, id string) string {
	if c := w.programme.Categories[id]; c != nil {
		return lang.Category(c)
	}
	return id
}

// scheme returns the name of a scheme.
func (w programmeWords) scheme(lang *pageLanguage, id string) string {
	if s := w.programme.Newest(id); s != nil {
		return lang.Scheme(id, s.Name)
	}
	return id
}

// reason returns the reason of a status in English, or nothing where the programme
// does not know the code any more.
func (w programmeWords) reason(s *label.Status) string {
	if r := w.programme.Reasons[s.Reason]; r != nil {
		return r.Title
	}
	return ""
}

// organization returns the name of an organization whose words a status repeats: one
// that the label mentions, or the authority.
func (w programmeWords) organization(l *label.Label, id string) string {
	if id == w.authority.ID {
		return w.authority.Name
	}
	return nameOf(l, id)
}

// nameOf returns the name of an organization that a label mentions.
func nameOf(l *label.Label, org string) string {
	if org == l.Maker.ID {
		return l.Maker.Name
	}
	for _, lab := range l.Labs {
		if lab.ID == org {
			return lab.Name
		}
	}
	return org
}

// graded reports whether there are levels of which one is higher than another.
func (w programmeWords) graded() bool {
	return slices.ContainsFunc(w.programme.Schemes, func(s *scheme.Scheme) bool { return len(s.Levels) > 1 })
}

// ladder reports whether any scheme counts its levels.
func (w programmeWords) ladder() bool {
	return slices.ContainsFunc(w.programme.Schemes, func(s *scheme.Scheme) bool { return s.Presentation.As == label.Ladder })
}

// title returns what a label is called in the language of the programme's data, as
// programs get it.
func (w programmeWords) title(l *label.Label) string {
	return w.programme.Called(scheme.OnPage, l.Scheme, l.Level)
}

// called says what a label of a level is called in a form, for a page.
func (p *pageLanguage) called(f scheme.Form, ref label.SchemeRef, l label.Level) template.HTML {
	isolate := func(s string) string { return string(bdi(s)) }
	return template.HTML(p.Called(f, ref, l, template.HTMLEscapeString, isolate))
}

// The schemeWords are what the scheme of a label says. Where the scheme that is served is
// no longer the one that judged, the label's own words have to do: a later version may
// mean something else by the same name.
type schemeWords struct {
	lang    *pageLanguage
	called  template.HTML     // the label, in full
	short   template.HTML     // as the printed label is called
	meaning string            // of the level
	scheme  string            // its name
	about   template.HTML     // the scheme, and what its levels are
	titles  map[string]string // of criteria
}

// schemeOf returns what the scheme of a label says.
func (w programmeWords) schemeOf(lang *pageLanguage, l *label.Label) *schemeWords {
	words := &schemeWords{lang: lang, scheme: l.Scheme.Name, called: bdi(l.Level.String()), short: bdi(l.Level.Short()), titles: map[string]string{}}
	s := w.programme.Scheme(l.Scheme.ID, l.Scheme.Version)
	if s == nil || s.Ref().SHA256 != l.Scheme.SHA256 {
		words.about = lang.aboutScheme(words.scheme, l, nil)
		return words
	}
	_, words.meaning = lang.Level(s.ID, l.Level, s.Levels[l.Level.Number-1].About)
	words.called, words.short = lang.called(scheme.OnPage, l.Scheme, l.Level), lang.called(scheme.OnArt, l.Scheme, l.Level)
	words.scheme = lang.Scheme(s.ID, l.Scheme.Name)
	words.about = lang.aboutScheme(words.scheme, l, s)
	for i := range s.Criteria {
		words.titles[s.Criteria[i].ID] = lang.Criterion(s, &s.Criteria[i])
	}
	return words
}

// aboutScheme names the scheme of a label and says what its levels are, which depends on
// how it shows them. The scheme is nil where it is not served any more.
func (p *pageLanguage) aboutScheme(name string, l *label.Label, s *scheme.Scheme) template.HTML {
	args := []any{"scheme", name, "version", l.Scheme.Version}
	key := schemeSentences[l.Level.Presentation]
	if l.Level.Presentation == label.NamedClasses {
		if s == nil {
			return p.HTML("label.scheme-unknown", args...)
		}
		var classes []template.HTML
		for n := 1; n <= len(s.Levels); n++ {
			if class, err := s.Level(n); err == nil {
				name, _ := p.Level(s.ID, class, "")
				classes = append(classes, bdi(name))
			}
		}
		args = append(args, "classes", p.list(classes))
	}
	return p.HTML(key, args...)
}

func (w *schemeWords) title(criterion string) string { return cmp.Or(w.titles[criterion], criterion) }

// A criterion is one line of the list of what was checked.
type criterion struct {
	Title, By string
	Because   template.HTML // the features by which it does not apply, and who declared or found them
}

// A ruling is what became of an appeal.
type ruling struct {
	Text  template.HTML
	Index int64         // of the log
	Ended template.HTML // that it does not count any more; empty where it does
}

// criterionRevoked is the state of a criterion that was accepted on appeal, as met or as
// not applicable, by a ruling that does not count any more. A signed label never has this
// state, which tells what became of the label later.
const criterionRevoked = "taken-back"

// criterionState returns the state of a criterion of a label, by what was known at the
// instant for which the label is shown.
func criterionState(p *authority.Published, c *label.Criterion) string {
	if c.By != string(scheme.Authority) {
		return c.State
	}
	ended := false
	for i := range p.Rulings {
		if r := &p.Rulings[i]; slices.Contains(r.Accepted, c.ID) {
			if rulingEnd(p, r) == nil {
				return c.State
			}
			ended = true
		}
	}
	if ended {
		return criterionRevoked
	}
	return c.State
}

// criteria returns the criteria that are met, those that do not apply to the product, and
// those that are not accepted any more. Only the first are shown as achieved.
func (w *schemeWords) criteria(p *authority.Published) (met, exempt, revoked []criterion) {
	for i := range p.Label.Criteria {
		c := &p.Label.Criteria[i]
		line := criterion{Title: w.title(c.ID), By: w.by(p, c)}
		switch criterionState(p, c) {
		case criterionRevoked:
			revoked = append(revoked, line)
		case label.CriterionNotApplicable:
			var why []template.HTML
			for _, feature := range c.Why {
				why = append(why, template.HTML(`<code dir="ltr">`+template.HTMLEscapeString(feature)+`</code>`))
			}
			if line.By != "" {
				why = append(why, markup(line.By))
			}
			line.Because = w.lang.list(why)
			exempt = append(exempt, line)
		default:
			met = append(met, line)
		}
	}
	return met, exempt, revoked
}

// by says who answers for a criterion, or nothing. Where that was a ruling which no
// longer counts, it says so.
func (w *schemeWords) by(p *authority.Published, c *label.Criterion) string {
	if criterionState(p, c) == criterionRevoked {
		return w.lang.Text("basis.by-authority-taken-back")
	}
	if key := sources[scheme.Source(c.By)]; key != "" {
		return w.lang.Text(key)
	}
	return ""
}

// rulings returns the rulings on appeals that a label is based on.
func (w *schemeWords) rulings(p *authority.Published) (out []ruling) {
	for i := range p.Rulings {
		r := &p.Rulings[i]
		var accepted []template.HTML
		for _, id := range r.Accepted {
			accepted = append(accepted, markup("“"+w.title(id)+"”"))
		}
		line := ruling{Text: w.lang.HTML("basis.appeal", "criteria", w.lang.list(accepted), "text", quotation(r.Text, cmp.Or(r.Language, label.English))), Index: r.Index}
		if f := rulingEnd(p, r); f != nil {
			line.Ended = w.lang.HTML("basis.taken-back", "date", w.lang.instant(f.At), "text", bdi(f.Text))
		}
		out = append(out, line)
	}
	return out
}
