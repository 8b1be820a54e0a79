package art

import (
	"slices"
	"strings"

	"labeld/internal/label"
	"labeld/internal/locale"
	"labeld/internal/qr"
	"labeld/internal/scheme"
)

// A Subject is what a label's artwork is made from.
type Subject struct {
	Label   *label.Label
	ValidTo label.Date // the last day on which it is valid, as is known now
	Base    string     // public base URL of the service
}

// A Model is all that a label's artwork says, ready to be set. Texts of the
// manufacturer are in it as they were signed; whoever writes them into a
// document escapes them.
type Model struct {
	ID        label.ID
	URL       string // as printed, without the scheme that browsers add
	Code      *qr.Code
	Level     label.Level
	Assurance label.Assurance
	Product   string // brand and marketing name
	Model     string // model number
	Sides     []Side // one for each language
}

// A Side is the words of a label in one language.
type Side struct {
	Language    string
	RightToLeft bool

	Title, Authority, Scheme string
	Level                    string // what the label is called
	LevelName                string // of a ladder; what other labels are called says it
	Assurance                string
	Valid, ValidTo           string
	Updates, UpdatesUntil    string
	Check, ID, Model         string
}

// Describe returns the model of a label in some languages, as they are to stand
// side by side; none means the first that the data has.
func (s *Studio) Describe(sub Subject, languages ...string) (*Model, error) {
	if len(languages) == 0 {
		languages = []string{s.DefaultLanguage()}
	}
	if len(languages) > MaxLanguages {
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "lang", "has %d languages, at most %d stand side by side", len(languages), MaxLanguages)
	}
	l := sub.Label
	code, err := qr.New(qr.Payload(sub.Base, l.ID))
	if err != nil {
		return nil, err
	}
	_, url, _ := strings.Cut(qr.URL(sub.Base, l.ID), "://")
	m := &Model{
		ID: l.ID, URL: url, Code: code, Level: l.Level, Assurance: l.Assurance,
		Product: l.Device.FullName(), Model: l.Device.Model,
	}
	for i, language := range languages {
		w, err := s.language(language)
		if err != nil {
			return nil, err
		}
		if slices.Contains(languages[:i], language) {
			return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "lang", "names %s twice", language)
		}
		m.Sides = append(m.Sides, side(w, sub))
	}
	return m, nil
}

// side says a label in a language. Names of a scheme and its levels are
// translated where the language has them; otherwise the label's own are printed.
func side(w *locale.Language, sub Subject) Side {
	l := sub.Label
	assurance := "art.self-declared"
	if l.Assurance == label.LabTested {
		assurance = "art.lab-tested"
	}
	side := Side{
		Language: w.Tag, RightToLeft: w.RightToLeft,
		Title: w.Text("art.title"), Authority: l.Authority.Name, Scheme: w.Scheme(l.Scheme.ID, l.Scheme.Name),
		Assurance: w.Text(assurance),
		Valid:     w.Text("art.valid"), ValidTo: date(w, sub.ValidTo), Updates: w.Text("art.updates"), UpdatesUntil: date(w, l.Product.SupportEnd),
		Check: w.Text("art.check"), ID: w.Text("art.id"), Model: w.Text("art.model"),
	}
	if side.Scheme == l.Scheme.Name { // not translated
		side.Scheme = side.isolated(side.Scheme)
	}
	plain := func(s string) string { return s }
	side.Level = w.Called(scheme.OnArt, l.Scheme, l.Level, plain, side.isolated)
	if l.Level.Presentation == label.Ladder {
		if side.LevelName, _ = w.Level(l.Scheme.ID, l.Level, ""); side.LevelName == l.Level.Name {
			side.LevelName = side.isolated(side.LevelName)
		}
	}
	return side
}

// date returns a day as it stands after "valid to" and the like, which some
// languages say behind it.
func date(w *locale.Language, d label.Date) string {
	day, month, year := w.DateParts(d.Start())
	return w.Text("art.date", "day", day, "month", month, "year", year)
}

// Lines returns what the label says as plain text, one fact a line and one
// language after the other.
func (m *Model) Lines() []string {
	var lines []string
	for _, s := range m.Sides {
		level := s.Level
		if s.LevelName != "" {
			level += ": " + s.LevelName
		}
		lines = append(lines,
			s.Title+", "+s.isolated(s.Authority), s.Scheme, level, s.Assurance,
			s.isolated(m.Product), s.Model+" "+s.isolated(m.Model), s.Valid+" "+s.ValidTo, s.Updates+" "+s.UpdatesUntil,
			s.ID+" "+s.identifier(m.ID.Pretty()), s.Check+": "+s.identifier(m.URL))
	}
	return lines
}

// Alt returns what the label says in one paragraph, for those who do not see it.
func (m *Model) Alt() string { return strings.Join(m.Lines(), ". ") + "." }

// Languages returns the languages of the model.
func (m *Model) Languages() (list []string) {
	for _, s := range m.Sides {
		list = append(list, s.Language)
	}
	return list
}
