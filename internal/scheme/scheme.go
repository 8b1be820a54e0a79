package scheme

import (
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"labeld/internal/datafile"
	"labeld/internal/label"
)

// A Source says who must have checked what a criterion asks for.
type Source = label.Source

const (
	Declaration = label.SourceDeclaration // the manufacturer's word will do
	Lab         = label.SourceLab         // an accredited lab must have tested it

	// Authority is the source of rulings. No policy asks for it: a ruling counts
	// whatever a criterion asks for.
	Authority = label.SourceAuthority
)

// A Scheme is one version of a scheme: its levels and their criteria, from
// labels/schemes. Levels are cumulative: level 3 asks for the criteria of
// levels 1, 2 and 3. A scheme that a product meets or does not meet has one level.
type Scheme struct {
	ID             string            `yaml:"id"`
	Version        string            `yaml:"version"`
	InForce        InForce           `yaml:"in_force"`
	Name           string            `yaml:"name"`
	About          string            `yaml:"about"`
	Standard       string            `yaml:"standard"`
	Edition        string            `yaml:"edition"`
	TermMonths     int               `yaml:"term_months"`
	EvidenceMonths EvidenceMonths    `yaml:"evidence_months"`
	Presentation   Presentation      `yaml:"presentation"`
	Levels         []LevelDef        `yaml:"levels"`
	Methods        []label.Method    `yaml:"methods"` // of criteria that name none
	Evidence       map[string]Policy `yaml:"evidence"`
	Lifecycle      Lifecycle         `yaml:"lifecycle"`
	Criteria       []Criterion       `yaml:"criteria"`

	digest     label.Digest
	files      []label.DataFile // the others that a judgement reads
	standard   *Standard
	categories map[string]*Category
	facts      map[string]*Fact
	risks      []Risk        // that the policies name, from the lowest
	judgedAs   map[Risk]Risk // by risk class of the programme

	contradictions []Contradiction
}

// EvidenceMonths says how old evidence may be, counted from the end of the
// test period or the day of the declaration.
type EvidenceMonths struct {
	Lab         int `yaml:"lab"`
	Declaration int `yaml:"declaration"`
}

// A LevelDef is one level of a scheme.
type LevelDef struct {
	Number int    `yaml:"number"`
	Name   string `yaml:"name"`
	About  string `yaml:"about"`
}

// A Policy says, for each risk class, who must have checked when level 1, 2,
// ... is sought.
type Policy map[Risk][]Source

// A Criterion is one rule of a scheme.
type Criterion struct {
	ID         string   `yaml:"id"`
	Level      int      `yaml:"level"` // from which level on it is asked
	Title      string   `yaml:"title"`
	Why        string   `yaml:"why"`
	Provisions []string `yaml:"provisions"`
	Evidence   string   `yaml:"evidence"` // name of a policy

	// Methods are those by which a laboratory's word can meet the criterion where
	// its word is asked for: one of them has to be among those that were used. Where
	// the criterion names none, they are the scheme's; where that names none either,
	// every method will do.
	Methods []label.Method `yaml:"methods"`

	Rule      string `yaml:"rule"` // CEL over facts
	Shortfall string `yaml:"shortfall"`

	rule       *rule
	provisions []*Provision
}

// versionName bounds the names of versions, which stand in file names, addresses and
// requests.
var versionName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]{0,30}[A-Za-z0-9])?$`)

var slug = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

func (p *Programme) loadScheme(fsys fs.FS, name string, lang *language) error {
	s := &Scheme{categories: p.Categories, facts: p.Facts, contradictions: p.Contradictions}
	d, err := datafile.Read(fsys, name, s)
	if err != nil {
		return err
	}
	s.digest = d.Digest
	switch {
	case !slug.MatchString(s.ID):
		d.Errorf("id", "must be lower-case letters, digits and inner hyphens")
	case !versionName.MatchString(s.Version):
		d.Errorf("version", "must be letters, digits, dots and hyphens, such as \"2026.1\"")
	case name != "schemes/"+s.ID+"/"+s.Version+".yaml":
		d.Errorf("version", "version %s of scheme %s belongs into the file schemes/%s/%s.yaml", s.Version, s.ID, s.ID, s.Version)
	}
	if s.Name == "" {
		d.Errorf("name", "is required")
	}
	if err := s.InForce.check(); err != nil {
		d.Errorf("in_force", "%v", err)
	}
	if s.TermMonths < 1 || s.TermMonths > 120 {
		d.Errorf("term_months", "must be 1 to 120")
	}
	if s.EvidenceMonths.Lab < 1 || s.EvidenceMonths.Declaration < 1 {
		d.Errorf("evidence_months", "lab and declaration must be at least 1")
	}
	s.standard = p.Standards[s.Standard]
	if s.standard == nil {
		d.Errorf("standard", "no standard %q is defined", s.Standard)
		return d.Err()
	}
	if !s.standard.Edition(s.Edition) {
		d.Errorf("edition", "%s has no edition %q", s.standard.Name, s.Edition)
		return d.Err()
	}
	if len(s.Levels) < 1 || len(s.Levels) > label.MaxLevels {
		d.Errorf("levels", "1 to 9 are needed")
	}
	for i, l := range s.Levels {
		if l.Number != i+1 || l.Name == "" {
			d.Errorf(datafile.At("levels", i), "must have number %d and a name", i+1)
		}
	}
	s.files = append(slices.Clone(p.files), s.standard.file)
	slices.SortFunc(s.files, func(a, b label.DataFile) int { return strings.Compare(a.Name, b.Name) })
	s.checkPresentation(d)
	s.classify(d, p)
	s.checkPolicies(d)
	s.checkCriteria(d, p, lang)
	s.checkLifecycle(d, p.Reasons)
	p.Schemes = append(p.Schemes, s)
	return d.Err()
}

func (s *Scheme) checkPolicies(d *datafile.File) {
	for _, name := range slices.Sorted(maps.Keys(s.Evidence)) {
		path := "evidence." + name
		for _, r := range s.risks {
			row := s.Evidence[name][r]
			if len(row) != len(s.Levels) {
				d.Errorf(path, "%s needs one entry for each of the %d levels", r, len(s.Levels))
			}
			for i, src := range row {
				if src != Declaration && src != Lab {
					d.Errorf(path+"."+string(r), "must be declaration or lab")
				}
				if i > 0 && row[i-1] == Lab && src == Declaration {
					d.Errorf(path+"."+string(r), "must not ask for less at a higher level")
				}
			}
		}
	}
}

// asksLab reports whether a policy asks for a laboratory's word anywhere.
func (p Policy) asksLab() bool {
	for _, row := range p {
		if slices.Contains(row, Lab) {
			return true
		}
	}
	return false
}

func (s *Scheme) checkCriteria(d *datafile.File, p *Programme, lang *language) {
	if err := p.CheckMethods("methods", s.Methods); err != nil {
		d.Errorf("methods", "%v", err)
	}
	seen := map[string]bool{}
	asked := make([]bool, len(s.Levels)+1)
	for i := range s.Criteria {
		c, path := &s.Criteria[i], datafile.At("criteria", i)
		if !slug.MatchString(c.ID) || seen[c.ID] {
			d.Errorf(path, "every criterion needs an id of its own: lower-case letters, digits and inner hyphens")
		}
		seen[c.ID] = true
		if c.Level < 1 || c.Level > len(s.Levels) {
			d.Errorf(path+".level", "must be 1 to %d", len(s.Levels))
		} else {
			asked[c.Level] = true
		}
		if c.Title == "" || c.Why == "" || c.Shortfall == "" {
			d.Errorf(path, "title, why and shortfall are required")
		}
		if s.Evidence[c.Evidence] == nil {
			d.Errorf(path+".evidence", "no policy %q is defined under evidence", c.Evidence)
		}
		if err := p.CheckMethods("methods", c.Methods); err != nil {
			d.Errorf(path+".methods", "%v", err)
		}
		switch asked := s.Evidence[c.Evidence].asksLab(); {
		case !asked && len(c.Methods) > 0:
			d.Errorf(path+".methods", "would never be asked: the policy %s asks for no laboratory's word", c.Evidence)
		case asked && len(c.Methods) == 0:
			c.Methods = s.Methods
		}
		if len(c.Provisions) == 0 && c.Rule == "" {
			d.Errorf(path, "must ask for provisions, or state a rule")
		}
		for j, id := range c.Provisions {
			v := s.standard.Provision(s.Edition, id)
			if v == nil {
				d.Errorf(datafile.At(path+".provisions", j), "%s %s has no provision %q", s.standard.Name, s.Edition, id)
			}
			c.provisions = append(c.provisions, v)
		}
		if c.Rule != "" {
			var err error
			if c.rule, err = lang.compile(c.Rule); err != nil {
				d.Errorf(path+".rule", "%v", err)
			}
		}
	}
	for n := 1; n <= len(s.Levels); n++ {
		if !asked[n] {
			d.Errorf("criteria", "level %d asks for nothing that level %d does not", n, n-1)
		}
	}
}

// Ref returns what pins the scheme in a label.
func (s *Scheme) Ref() label.SchemeRef {
	return label.SchemeRef{ID: s.ID, Version: s.Version, Name: s.Name, SHA256: s.digest}
}

// Files returns which other files of the programme's data a judgement by the scheme
// reads, by name: what facts there are and what contradicts what, which methods, the
// risk of each category, and the standard. What is only shown to people, and what
// becomes of labels (reasons.yaml), decides no level.
func (s *Scheme) Files() []label.DataFile { return s.files }

// Level returns a level of the scheme, or an error that names those there are.
func (s *Scheme) Level(n int) (label.Level, error) {
	if n < 1 || n > len(s.Levels) {
		there := "the levels 1 to " + strconv.Itoa(len(s.Levels))
		if len(s.Levels) == 1 {
			there = "no levels; ask for 1, which stands for the scheme as a whole"
		}
		return label.Level{}, label.Errorf(label.Invalid, label.ReasonUnknownScheme, "level", "scheme %s has %s", s.ID, there)
	}
	return label.Level{Number: n, Of: len(s.Levels), Name: s.Levels[n-1].Name, Presentation: s.Presentation.As}, nil
}

// source returns who must have checked a criterion when a level is sought.
func (s *Scheme) source(c *Criterion, risk Risk, level int) Source {
	return s.Evidence[c.Evidence][s.judgedAs[risk]][level-1]
}
