package scheme

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

// A FactType is the type of a fact's value.
type FactType string

const (
	Bool   FactType = "bool"
	Int    FactType = "int"
	Number FactType = "number"
	Text   FactType = "text"
	Date   FactType = "date"
	List   FactType = "list" // of text
	Enum   FactType = "enum"
)

// A Supplier says who may state a fact.
type Supplier string

const (
	ByLab          Supplier = "lab"
	ByManufacturer Supplier = "manufacturer"
	ByEither       Supplier = "either"
)

// A Fact is one entry of the fact dictionary, labels/facts.yaml.
type Fact struct {
	Name   string   `yaml:"name"`
	Type   FactType `yaml:"type"`
	Unit   string   `yaml:"unit"`
	Min    *float64 `yaml:"min"`
	Max    *float64 `yaml:"max"`
	Values []string `yaml:"values"`
	By     Supplier `yaml:"by"`
	About  string   `yaml:"about"`

	// Shoppers is nil for facts that shoppers are not told.
	Shoppers *Shoppers `yaml:"shoppers"`

	index int // in the dictionary
}

// Shoppers is what a yes and a no mean to somebody in a shop.
type Shoppers struct {
	Yes string `yaml:"yes" json:"yes"`
	No  string `yaml:"no" json:"no"`
}

// A Category is a kind of device, from labels/categories.yaml.
type Category struct {
	ID    string `yaml:"id"`
	Name  string `yaml:"name"`
	Risk  Risk   `yaml:"risk"`
	About string `yaml:"about"`
}

// A Standard is a catalogue of provisions, from labels/standards.
type Standard struct {
	ID         string      `yaml:"id"`
	Name       string      `yaml:"name"`
	About      string      `yaml:"about"`
	Editions   []Edition   `yaml:"editions"`
	Clauses    []Clause    `yaml:"clauses"`
	Provisions []Provision `yaml:"provisions"`

	byID map[string]*Provision
	file label.DataFile
}

// An Edition is one published version of a standard.
type Edition struct {
	ID   string `yaml:"id"`
	Date string `yaml:"date"`
}

// A Clause is a chapter of a standard.
type Clause struct {
	ID    string `yaml:"id"`
	Title string `yaml:"title"`
}

// A Provision is one requirement of a standard.
type Provision struct {
	ID         string               `yaml:"id"`
	Clause     string               `yaml:"clause"`
	Title      string               `yaml:"title"`
	Confidence string               `yaml:"confidence"`
	Note       string               `yaml:"note"`
	Editions   map[string]InEdition `yaml:"editions"`
}

// InEdition is what one edition says of a provision.
type InEdition struct {
	Status string `yaml:"status"` // mandatory or recommended
	When   string `yaml:"when"`   // CEL over features; empty: it always applies

	when *rule
}

// Edition returns whether the standard has an edition.
func (s *Standard) Edition(id string) bool {
	return slices.ContainsFunc(s.Editions, func(e Edition) bool { return e.ID == id })
}

// Provision returns a provision as it stands in an edition, or nil.
func (s *Standard) Provision(edition, id string) *Provision {
	p := s.byID[id]
	if p == nil {
		return nil
	}
	if _, ok := p.Editions[edition]; !ok {
		return nil
	}
	return p
}

// In returns the provisions of an edition in the catalogue's order.
func (s *Standard) In(edition string) []*Provision {
	var ps []*Provision
	for i := range s.Provisions {
		if _, ok := s.Provisions[i].Editions[edition]; ok {
			ps = append(ps, &s.Provisions[i])
		}
	}
	return ps
}

// A MethodDef is a method of assessment, from labels/methods.yaml.
type MethodDef struct {
	ID    label.Method `yaml:"id"`
	Name  string       `yaml:"name"`
	About string       `yaml:"about"`
}

// A Programme is all data of a label programme, checked.
type Programme struct {
	Methods    []MethodDef
	Risks      []RiskDef // from the lowest
	Facts      map[string]*Fact
	Categories map[string]*Category
	Standards  map[string]*Standard
	Reasons    map[string]*Reason
	Schemes    []*Scheme // all versions, by ID and in the order in which they come into force

	Contradictions []Contradiction

	Acts       map[label.ActKind]*ActRule
	ActsSHA256 label.Digest // of the file that has them

	files []label.DataFile // that judgements by every scheme read
}

// reads remembers a file that judgements by every scheme read.
func (p *Programme) reads(name string, d *datafile.File) {
	p.files = append(p.files, label.DataFile{Name: name, SHA256: d.Digest})
}

// Load reads and checks a programme. Its error lists everything that is wrong,
// each with file and line.
func Load(fsys fs.FS) (*Programme, error) {
	p := &Programme{
		Facts:      map[string]*Fact{},
		Categories: map[string]*Category{},
		Standards:  map[string]*Standard{},
		Reasons:    map[string]*Reason{},
	}
	lang, err := p.loadFacts(fsys)
	if err != nil {
		return nil, err
	}
	if err := p.loadCategories(fsys); err != nil {
		return nil, err
	}
	if err := p.loadReasons(fsys); err != nil {
		return nil, err
	}
	if err := p.loadMethods(fsys); err != nil {
		return nil, err
	}
	if err := p.loadActs(fsys); err != nil {
		return nil, err
	}
	files, err := fs.Glob(fsys, "standards/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		if err := p.loadStandard(fsys, name, lang); err != nil {
			return nil, err
		}
	}
	if files, err = fs.Glob(fsys, "schemes/*/*.yaml"); err != nil {
		return nil, err
	}
	for _, name := range files {
		if err := p.loadScheme(fsys, name, lang); err != nil {
			return nil, err
		}
	}
	if len(p.Schemes) == 0 {
		return nil, label.Errorf(label.NotFound, label.ReasonMissing, "schemes", "the programme has no scheme: there is no file schemes/ID/VERSION.yaml")
	}
	slices.SortFunc(p.Schemes, byForce)
	return p, nil
}

// loadFacts reads the dictionary, and returns the language of rules over it.
func (p *Programme) loadFacts(fsys fs.FS) (*language, error) {
	var file struct {
		Facts          []Fact          `yaml:"facts"`
		Contradictions []Contradiction `yaml:"contradictions"`
	}
	d, err := datafile.Read(fsys, "facts.yaml", &file)
	if err != nil {
		return nil, err
	}
	p.reads("facts.yaml", d)
	told := 0
	for i := range file.Facts {
		f, path := &file.Facts[i], datafile.At("facts", i)
		switch {
		case !label.IsFactName(f.Name):
			d.Errorf(path+".name", "%q is not a name: lower-case letters, digits and underscores", f.Name)
		case f.Name == instant:
			d.Errorf(path+".name", "%q is the name of the instant of evaluation", f.Name)
		case memberIndex(f.Name) >= 0:
			d.Errorf(path+".name", "%q is the name of what a declaration says of its product", f.Name)
		case p.Facts[f.Name] != nil:
			d.Errorf(path+".name", "fact %s is defined twice", f.Name)
		}
		switch f.Type {
		case Bool, Text, Date, List:
		case Int, Number:
			if f.Min != nil && f.Max != nil && *f.Min > *f.Max {
				d.Errorf(path+".min", "is greater than max")
			}
		case Enum:
			if len(f.Values) == 0 {
				d.Errorf(path, "an enum needs values")
			}
		default:
			d.Errorf(path+".type", "%q is not a type: bool, int, number, text, date, list or enum", f.Type)
		}
		if f.Type != Enum && len(f.Values) > 0 {
			d.Errorf(path+".values", "only an enum has values")
		}
		if f.Type != Int && f.Type != Number && (f.Min != nil || f.Max != nil || f.Unit != "") {
			d.Errorf(path, "only int and number have unit, min and max")
		}
		switch f.By {
		case ByLab, ByManufacturer, ByEither:
		default:
			d.Errorf(path+".by", "must be lab, manufacturer or either")
		}
		if f.About == "" {
			d.Errorf(path, "about is required")
		}
		if f.Shoppers != nil {
			f.checkShoppers(d, path+".shoppers")
			told++
		}
		f.index = len(p.Facts)
		p.Facts[f.Name] = f
	}
	if told > label.MaxDeclared {
		d.Errorf("facts", "%d of them have words for shoppers; a label repeats at most %d", told, label.MaxDeclared)
	}
	if err := d.Err(); err != nil {
		return nil, err
	}
	lang, err := newLanguage(p.Facts)
	if err != nil {
		return nil, err
	}
	p.Contradictions = file.Contradictions
	if err := p.checkContradictions(d, lang); err != nil {
		return nil, err
	}
	return lang, d.Err()
}

// checkShoppers holds a fact that shoppers are told to be a yes or no, with words for
// both.
func (f *Fact) checkShoppers(d *datafile.File, path string) {
	if f.Type != Bool {
		d.Errorf(path, "only a bool has words for shoppers: one for yes and one for no")
	}
	for _, w := range []struct{ name, text string }{{"yes", f.Shoppers.Yes}, {"no", f.Shoppers.No}} {
		if w.text == "" {
			d.Errorf(path, "%s is required: a sentence in plain words", w.name)
		} else if len(w.text) > label.MaxText {
			d.Errorf(path+"."+w.name, "is %d bytes; a shopper reads at most %d", len(w.text), label.MaxText)
		}
	}
}

// Words returns what the value of a fact means to a shopper, or nothing where the
// dictionary has no words for it: it may have changed since the label was issued.
func (p *Programme) Words(d label.LabelFact) string {
	f := p.Facts[d.Fact]
	switch yes, ok := d.Value.Bool(); {
	case f == nil || f.Shoppers == nil || !ok:
		return ""
	case yes:
		return f.Shoppers.Yes
	default:
		return f.Shoppers.No
	}
}

func (p *Programme) loadMethods(fsys fs.FS) error {
	var file struct {
		Methods []MethodDef `yaml:"methods"`
	}
	d, err := datafile.Read(fsys, "methods.yaml", &file)
	if err != nil {
		return err
	}
	p.reads("methods.yaml", d)
	for i, m := range file.Methods {
		path := datafile.At("methods", i)
		if !slug.MatchString(string(m.ID)) || slices.Contains(p.methodIDs(), m.ID) {
			d.Errorf(path, "every method needs an id of its own: lower-case letters, digits and inner hyphens")
		}
		if m.Name == "" || m.About == "" {
			d.Errorf(path, "name and about are required")
		}
		p.Methods = append(p.Methods, m)
	}
	if n := len(p.Methods); n == 0 || n > label.MaxMethods {
		d.Errorf("methods", "1 to %d are needed", label.MaxMethods)
	}
	return d.Err()
}

func (p *Programme) methodIDs() (ids []label.Method) {
	for _, m := range p.Methods {
		ids = append(ids, m.ID)
	}
	return ids
}

func (p *Programme) loadCategories(fsys fs.FS) error {
	var file struct {
		Risks      []RiskDef  `yaml:"risks"`
		Categories []Category `yaml:"categories"`
	}
	d, err := datafile.Read(fsys, "categories.yaml", &file)
	if err != nil {
		return err
	}
	p.reads("categories.yaml", d)
	p.loadRisks(d, file.Risks)
	for i := range file.Categories {
		c, path := &file.Categories[i], datafile.At("categories", i)
		if c.ID == "" || p.Categories[c.ID] != nil {
			d.Errorf(path, "every category needs an id of its own")
		}
		if c.Name == "" {
			d.Errorf(path, "name is required")
		}
		if p.rank(c.Risk) < 0 {
			d.Errorf(path+".risk", "%q is no risk class: %s", c.Risk, join(p.riskIDs()))
		}
		p.Categories[c.ID] = c
	}
	return d.Err()
}

var provisionID = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$`)

func (p *Programme) loadStandard(fsys fs.FS, name string, lang *language) error {
	s := &Standard{byID: map[string]*Provision{}}
	d, err := datafile.Read(fsys, name, s)
	if err != nil {
		return err
	}
	s.file = label.DataFile{Name: name, SHA256: d.Digest}
	if s.ID == "" || p.Standards[s.ID] != nil {
		d.Errorf("id", "every standard needs an id of its own")
	}
	clauses := map[string]bool{}
	for _, c := range s.Clauses {
		clauses[c.ID] = true
	}
	for i := range s.Provisions {
		v, path := &s.Provisions[i], datafile.At("provisions", i)
		if !provisionID.MatchString(v.ID) || s.byID[v.ID] != nil {
			d.Errorf(path, "every provision needs an id of its own: letters, digits, dots and hyphens")
		}
		if v.Title == "" {
			d.Errorf(path, "title is required")
		}
		if !clauses[v.Clause] {
			d.Errorf(path+".clause", "no clause %q is listed", v.Clause)
		}
		if len(v.Editions) == 0 {
			d.Errorf(path, "editions is required")
		}
		for _, id := range slices.Sorted(maps.Keys(v.Editions)) {
			e, path := v.Editions[id], path+".editions."+id
			if !s.Edition(id) {
				d.Errorf(path, "no edition %q is listed", id)
			}
			if e.Status != "mandatory" && e.Status != "recommended" {
				d.Errorf(path+".status", "must be mandatory or recommended")
			}
			if e.When != "" {
				if e.when, err = lang.compile(e.When); err != nil {
					d.Errorf(path+".when", "%v", err)
				}
				v.Editions[id] = e
			}
		}
		s.byID[v.ID] = v
	}
	p.Standards[s.ID] = s
	return d.Err()
}

// Refs returns all versions of all schemes.
func (p *Programme) Refs() (refs []label.SchemeRef) {
	for _, s := range p.Schemes {
		refs = append(refs, s.Ref())
	}
	return refs
}
