// Package locale holds the words of pages and artwork in the languages of
// people, from the catalogues in labels/locales.
//
// A catalogue has three kinds of words: messages of the engine, by key; how the
// language writes days; and translations of the programme's own data (schemes,
// categories, reasons, facts), by ID. All catalogues have the same messages with
// the same placeholders, which [Load] checks, so that no page is half in one
// language and half in another. Where a translation of the programme's data is
// missing, the data's own words stand: an authority that adds a criterion must
// not have to speak nine languages first.
//
// A message is text, never markup. {name} stands for an argument, and {count}
// decides between plural forms by the rules of the Unicode CLDR, as
// golang.org/x/text knows them:
//
//	days:
//	  one: "{count} day"
//	  other: "{count} days"
package locale

import (
	"cmp"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"labeld/internal/datafile"
	"labeld/internal/label"
	"labeld/internal/scheme"
)

// Source is the language that the programme's own data is written in, and which
// stands where nobody asks for another.
const Source = "en"

// A Catalogue is all languages. It does not change, and is safe for concurrent
// use.
type Catalogue struct {
	languages []*Language // Source first
	matcher   language.Matcher
}

// A Language is the words of one language.
type Language struct {
	Tag         string // BCP 47
	Name        string // as its speakers call it
	RightToLeft bool
	Review      string // who has looked at the words

	tag      language.Tag
	printer  *message.Printer
	date     string
	first    string // day of a month
	months   []string
	messages map[string]*phrase
	words    programme
	data     *scheme.Programme
	schemes  map[string]*scheme.Scheme // the versions that are translated, by ID
	outdated []string
}

// programme is what a language says of the programme's data.
type programme struct {
	Categories map[string]string      `yaml:"categories"`
	Reasons    map[string]string      `yaml:"reasons"`
	Facts      map[string]factWords   `yaml:"facts"`
	Schemes    map[string]schemeWords `yaml:"schemes"`

	Of sources `yaml:"of"`
}

// sources say which sentences were translated, so that a translation is not taken for
// one of a sentence that was changed later. Versions of schemes stay, and are named by
// what translates them; of other data there is only the present sentence, which is known
// by its [fingerprint].
type sources struct {
	Categories map[string]string `yaml:"categories"`
	Reasons    map[string]string `yaml:"reasons"`
	Facts      map[string]string `yaml:"facts"`
}

type factWords struct {
	Yes string `yaml:"yes"`
	No  string `yaml:"no"`
}

// schemeWords are what a language says of one version of a scheme. Of another version
// it says whatever that words alike.
type schemeWords struct {
	Of       string                 `yaml:"of"` // the version that is translated
	Name     string                 `yaml:"name"`
	Words    map[scheme.Form]string `yaml:"words"`  // what a label is called
	Levels   []levelWords           `yaml:"levels"` // from the lowest
	Criteria map[string]string      `yaml:"criteria"`
}

type levelWords struct {
	Name  string `yaml:"name"`
	About string `yaml:"about"`
}

// Load reads and checks the catalogues in locales/ of the programme data. Its
// error lists everything that is wrong, each with file and line.
func Load(fsys fs.FS, p *scheme.Programme) (*Catalogue, error) {
	names, err := fs.Glob(fsys, "locales/*.yaml")
	if err != nil {
		return nil, err
	}
	source := "locales/" + Source + ".yaml"
	if !slices.Contains(names, source) {
		return nil, fmt.Errorf("programme data: %s is missing; the other languages are checked against it", source)
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(b2i(a != source), b2i(b != source)) })
	c := new(Catalogue)
	var tags []language.Tag
	for _, name := range names {
		l, err := load(fsys, name, p, c)
		if err != nil {
			return nil, err
		}
		c.languages, tags = append(c.languages, l), append(tags, l.tag)
	}
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// load reads one catalogue, and holds it against the programme and the first
// language of those before it.
func load(fsys fs.FS, name string, p *scheme.Programme, before *Catalogue) (*Language, error) {
	var file struct {
		Language  string                        `yaml:"language"`
		Name      string                        `yaml:"name"`
		Direction string                        `yaml:"direction"` // rtl, or left out
		Review    string                        `yaml:"review"`
		Date      string                        `yaml:"date"`
		First     string                        `yaml:"first"`
		Months    []string                      `yaml:"months"`
		Messages  map[string]map[string]*phrase `yaml:"messages"`
		programme `yaml:",inline"`
	}
	d, err := datafile.Read(fsys, name, &file)
	if err != nil {
		return nil, err
	}
	l := &Language{
		Tag: file.Language, Name: file.Name, RightToLeft: file.Direction == "rtl", Review: file.Review,
		date: file.Date, first: cmp.Or(file.First, "1"), months: file.Months, messages: map[string]*phrase{}, words: file.programme,
		data: p,
	}
	if l.tag, err = language.Parse(l.Tag); err != nil || l.Tag != strings.TrimSuffix(path.Base(name), ".yaml") {
		d.Errorf("language", "must be a language tag (BCP 47), and the name of the file")
	}
	l.printer = message.NewPrinter(latin(l.tag))
	if l.Name == "" || l.Review == "" {
		d.Errorf("language", "needs a name as its speakers say it, and a review: who has looked at the words")
	}
	if file.Direction != "" && !l.RightToLeft {
		d.Errorf("direction", "must be rtl, or left out")
	}
	if len(l.months) != 12 {
		d.Errorf("months", "has %d months, 12 are needed", len(l.months))
	}
	if got := (&phrase{other: l.date}).placeholders(); !slices.Equal(got, []string{"day", "month", "year"}) {
		d.Errorf("date", "must have {day}, {month} and {year}")
	}
	for group, list := range file.Messages {
		for key, m := range list {
			l.messages[group+"."+key] = m
		}
	}
	l.checkMessages(d, before)
	l.words.check(d, p)
	l.outdated = l.words.refresh(d, p, l.Tag)
	l.translate(p)
	return l, d.Err()
}

// latin returns a language that writes numbers with the digits 0 to 9. Those on
// type plates, under barcodes and in IDs are these everywhere, and numbers that
// belong together should look alike.
func latin(t language.Tag) language.Tag {
	if with, err := t.SetTypeForKey("nu", "latn"); err == nil {
		return with
	}
	return t
}

// checkMessages holds the messages against those of the first language.
func (l *Language) checkMessages(d *datafile.File, before *Catalogue) {
	want := l.messages
	if len(before.languages) > 0 {
		want = before.languages[0].messages
	}
	for key, m := range l.messages {
		switch ref := want[key]; {
		case ref == nil:
			d.Errorf("messages."+key, "no page has such a message; locales/%s.yaml lists them", Source)
		case !slices.Equal(m.placeholders(), ref.placeholders()):
			d.Errorf("messages."+key, "has the placeholders %v, it must have %v", m.placeholders(), ref.placeholders())
		}
		for _, fault := range m.faults(l.tag) {
			d.Errorf("messages."+key, "%s", fault)
		}
	}
	for key := range want {
		if l.messages[key] == nil {
			d.Errorf("messages", "%s is missing", key)
		}
	}
}

// check refuses words about what the programme does not have.
func (w *programme) check(d *datafile.File, p *scheme.Programme) {
	known(d, "categories", w.Categories, p.Categories)
	known(d, "reasons", w.Reasons, p.Reasons)
	known(d, "facts", w.Facts, p.Facts)
	for id, words := range w.Schemes {
		s := p.Scheme(id, words.Of)
		if s == nil {
			d.Errorf("schemes."+id+".of", "the programme has no version %q of the scheme; name the one whose words are translated here", words.Of)
			continue
		}
		if len(words.Levels) != len(s.Levels) {
			d.Errorf("schemes."+id+".levels", "has %d levels, the scheme has %d", len(words.Levels), len(s.Levels))
		}
		for form, text := range words.Words {
			at := "schemes." + id + ".words." + string(form)
			switch {
			case form == scheme.OnBadge:
				d.Errorf(at, "would never be read: badges are in the language of the programme's data")
			case s.Presentation.Words[form] == "":
				d.Errorf(at, "the scheme has no such words; the name of the level stands there alone")
			case !slices.Equal(scheme.Placeholders(text), scheme.Placeholders(s.Presentation.Words[form])):
				d.Errorf(at, "has the placeholders %v, it must have %v", scheme.Placeholders(text), scheme.Placeholders(s.Presentation.Words[form]))
			}
		}
		for c := range words.Criteria {
			if !slices.ContainsFunc(s.Criteria, func(known scheme.Criterion) bool { return known.ID == c }) {
				d.Errorf("schemes."+id+".criteria."+c, "the scheme has no such criterion")
			}
		}
	}
}

func known[W, T any](d *datafile.File, path string, words map[string]W, have map[string]*T) {
	for id := range words {
		if have[id] == nil {
			d.Errorf(path+"."+id, "the programme has none of this ID")
		}
	}
}

// Languages returns all languages, that of the data first.
func (c *Catalogue) Languages() []*Language { return c.languages }

// Find returns the language of a tag, such as de or zh-Hans, or the closest to
// it, such as that for de-CH; nil where none is close.
func (c *Catalogue) Find(tag string) *Language {
	for _, l := range c.languages {
		if l.Tag == tag {
			return l
		}
	}
	want, err := language.Parse(tag)
	if err != nil {
		return nil
	}
	if _, i, how := c.matcher.Match(want); how >= language.Low {
		return c.languages[i]
	}
	return nil
}

// Negotiate returns the language that suits an Accept-Language header best
// (RFC 9110, 12.5.4).
func (c *Catalogue) Negotiate(accept string) *Language {
	want, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(want) == 0 {
		return c.languages[0]
	}
	_, i, _ := c.matcher.Match(want...)
	return c.languages[i]
}

// Text returns a message with its arguments, which are pairs of a placeholder's
// name and a value: a text, or a whole number, which is written as the language
// writes numbers.
func (l *Language) Text(key string, args ...any) string {
	return l.fill(key, args, func(s string) string { return s })
}

// HTML returns a message for a page. Its text and arguments are escaped, but for
// those that are HTML already.
func (l *Language) HTML(key string, args ...any) template.HTML {
	return template.HTML(l.fill(key, args, template.HTMLEscapeString))
}

// fill puts arguments into a message. A key or placeholder that does not exist
// is a mistake in the program, which a test finds that reads the source.
func (l *Language) fill(key string, args []any, escape func(string) string) string {
	m := l.messages[key]
	if m == nil {
		panic("locale: no message " + key)
	}
	values := make(map[string]string, len(args)/2)
	form := plural.Other
	for i := 0; i+1 < len(args); i += 2 {
		name := args[i].(string)
		switch v := args[i+1].(type) {
		case template.HTML:
			values[name] = string(v)
		case int:
			values[name] = l.Number(v)
			if name == "count" {
				form = plural.Cardinal.MatchPlural(l.tag, v, 0, 0, 0, 0)
			}
		case string:
			values[name] = escape(v)
		default:
			panic(fmt.Sprintf("locale: %s: argument %s is a %T", key, name, v))
		}
	}
	var out strings.Builder
	for s := range m.parts(form) {
		if !s.placeholder {
			out.WriteString(escape(s.text))
			continue
		}
		value, ok := values[s.text]
		if !ok {
			panic("locale: " + key + " lacks " + s.text)
		}
		out.WriteString(value)
	}
	return out.String()
}

// Number returns a whole number as the language writes it.
func (l *Language) Number(n int) string { return l.printer.Sprint(number.Decimal(n)) }

// Date returns a day as the language writes it, by the Gregorian calendar.
func (l *Language) Date(d label.Date) string {
	t := d.Start()
	day, month, year := l.DateParts(t)
	return strings.NewReplacer("{day}", day, "{month}", month, "{year}", year).Replace(l.date)
}

// DateParts returns day, month and year as a date has them.
func (l *Language) DateParts(t time.Time) (day, month, year string) {
	day = strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = l.first
	}
	return day, l.months[t.Month()-1], t.Format("2006")
}

// translate remembers which versions of schemes are translated, and finds the sentences
// that newer versions word otherwise.
func (l *Language) translate(p *scheme.Programme) {
	l.schemes = map[string]*scheme.Scheme{}
	for _, id := range slices.Sorted(maps.Keys(l.words.Schemes)) {
		of := p.Scheme(id, l.words.Schemes[id].Of)
		if of == nil { // which is refused
			continue
		}
		l.schemes[id] = of
		newest := p.Newest(id)
		changed := func(place, what string) {
			l.outdated = append(l.outdated, fmt.Sprintf("locales/%s.yaml: schemes.%s.%s translates version %s; version %s words %s otherwise, and people read it in English", l.Tag, id, place, of.Version, newest.Version, what))
		}
		if of.Name != newest.Name {
			changed("name", "the name")
		}
		for _, f := range scheme.Forms {
			if f != scheme.OnBadge && of.Presentation.Pattern(f) != newest.Presentation.Pattern(f) {
				changed("words."+string(f), "what a label is called")
			}
		}
		for i := range newest.Criteria {
			if c := &newest.Criteria[i]; title(of, c.ID) != c.Title {
				changed("criteria."+c.ID, "the criterion")
			}
		}
		for i, level := range newest.Levels {
			if i >= len(of.Levels) || of.Levels[i] != level {
				changed("levels", fmt.Sprintf("level %d", level.Number))
			}
		}
	}
}

// title returns the title of a criterion in a version of a scheme.
func title(s *scheme.Scheme, criterion string) string {
	if i := slices.IndexFunc(s.Criteria, func(c scheme.Criterion) bool { return c.ID == criterion }); i >= 0 {
		return s.Criteria[i].Title
	}
	return ""
}

// Outdated says which translations are older than the sentences that they translate.
func (c *Catalogue) Outdated() (list []string) {
	for _, l := range c.languages {
		list = append(list, l.outdated...)
	}
	return list
}

// Category returns the name of a kind of device.
func (l *Language) Category(c *scheme.Category) string {
	return cmp.Or(l.words.Categories[c.ID], c.Name)
}

// Reason returns why a label changed, as people are told.
func (l *Language) Reason(r *scheme.Reason) string { return cmp.Or(l.words.Reasons[r.Code], r.Title) }

// Criterion returns the title of a criterion: in the language where the version that is
// translated words it alike.
func (l *Language) Criterion(s *scheme.Scheme, c *scheme.Criterion) string {
	if of := l.schemes[s.ID]; of == nil || title(of, c.ID) != c.Title {
		return c.Title
	}
	return cmp.Or(l.words.Schemes[s.ID].Criteria[c.ID], c.Title)
}

// Fact returns what a label says of a fact, as shoppers are told, or what the programme
// says.
func (l *Language) Fact(d label.LabelFact, p *scheme.Programme) string {
	w := l.words.Facts[d.Fact]
	switch yes, ok := d.Value.Bool(); {
	case !ok:
		return p.Words(d)
	case yes:
		return cmp.Or(w.Yes, p.Words(d))
	}
	return cmp.Or(w.No, p.Words(d))
}

// Scheme returns the name of a scheme of an ID, or what it is called otherwise: in the
// language where the version that is translated is called alike.
func (l *Language) Scheme(id, otherwise string) string {
	if of := l.schemes[id]; of == nil || of.Name != otherwise {
		return otherwise
	}
	return cmp.Or(l.words.Schemes[id].Name, otherwise)
}

// Level returns name and meaning of a level of a scheme, or what they are
// otherwise.
func (l *Language) Level(id string, level label.Level, about string) (name, meaning string) {
	if of := l.schemes[id]; of != nil && len(of.Levels) == level.Of && of.Levels[level.Number-1].Name == level.Name {
		w := l.words.Schemes[id].Levels[level.Number-1]
		if about != "" && about != of.Levels[level.Number-1].About {
			return cmp.Or(w.Name, level.Name), about
		}
		return cmp.Or(w.Name, level.Name), cmp.Or(w.About, about)
	}
	return level.Name, about
}

// Called returns what a label of a level is called on a page or on the printed label, as
// the version of its scheme says, or where that is not served as the label says.
//
// Escape is applied to words of the language, and isolate to what is left in the language
// of the programme's data, so that neither moves the other where one of them runs from
// right to left.
func (l *Language) Called(f scheme.Form, ref label.SchemeRef, level label.Level, escape, isolate func(string) string) string {
	s := l.data.Shown(ref, level)
	if s == nil {
		return isolate(scheme.Unserved(f, level))
	}
	pattern, translated := s.Presentation.Pattern(f), ""
	if of := l.schemes[s.ID]; of != nil && of.Presentation.Pattern(f) == pattern {
		translated = l.words.Schemes[s.ID].Words[f]
	}
	switch {
	case translated != "":
		pattern = translated
	case l.Tag != Source && s.Presentation.Words[f] != "":
		return isolate(scheme.Fill(pattern, level, level.Name))
	}
	name, _ := l.Level(s.ID, level, "")
	if name == level.Name {
		name = isolate(name)
	} else {
		name = escape(name)
	}
	return scheme.Fill(escape(pattern), level, name)
}
