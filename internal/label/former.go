package label

import (
	"cmp"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Reports and accreditations once named a level of labels instead of methods of
// assessment. Those that were signed then stay on record, and are read as below.

// formerMethods lists, by level from 1, by which methods a report was made that
// names the level: those that the criteria of that level ask for in the scheme for
// which all such reports were made (four-level, 2026.1).
var formerMethods = [][]Method{
	{"document-review", "functional-test"},
	{"document-review", "functional-test"},
	{"document-review", "functional-test", "binary-analysis"},
	{"document-review", "functional-test", "binary-analysis", "penetration-test"},
}

func methodsOfLevel(n int) []Method { return formerMethods[max(1, min(n, len(formerMethods)))-1] }

func checkFormerLevel(n int) error {
	if n < 1 || n > MaxLevels {
		return invalid(ReasonOutOfRange, "level", "must be 1 to %d", MaxLevels)
	}
	return nil
}

// A TestReportV1 is the predicate of [TypeTestReportV1].
type TestReportV1 struct {
	Lab      string        `json:"lab"`
	Number   string        `json:"number"`
	Standard string        `json:"standard"`
	Edition  string        `json:"edition"`
	Level    int           `json:"level"` // of labels, for which the tests were made
	Period   Period        `json:"period"`
	Firmware Firmware      `json:"firmware"`
	Samples  []string      `json:"samples,omitempty"`
	Verdicts []Verdict     `json:"verdicts"`
	Facts    Facts         `json:"facts,omitempty"`
	Evidence []EvidenceRef `json:"evidence,omitempty"`
	Changed  *Change       `json:"changed,omitempty"`
	Corrects Digest        `json:"corrects,omitzero"`
}

// Current returns the report as it is read today.
func (r *TestReportV1) Current() *TestReport {
	return &TestReport{
		Lab: r.Lab, Number: r.Number, Standard: r.Standard, Edition: r.Edition, Methods: methodsOfLevel(r.Level), Period: r.Period,
		Firmware: []Firmware{r.Firmware}, Samples: r.Samples, Verdicts: r.Verdicts, Facts: r.Facts, Evidence: r.Evidence,
		Changed: r.Changed, Corrects: r.Corrects,
	}
}

// Validate checks what can be known without registry and catalogue.
func (r *TestReportV1) Validate() error {
	err := r.Current().Validate()
	if e, ok := errors.AsType[*Error](err); ok { // it had one image
		e.Field = strings.Replace(e.Field, "firmware[0]", "firmware", 1)
	}
	return cmp.Or(err, checkFormerLevel(r.Level))
}

// An AccreditationV1 is the predicate of [TypeAccreditationV1].
type AccreditationV1 struct {
	Lab        Party     `json:"lab"`
	Number     string    `json:"number"`
	Body       string    `json:"body"`
	Standards  []string  `json:"standards"`
	Categories []string  `json:"categories"`
	Level      int       `json:"level"` // highest of labels for which the laboratory may test
	Interval   Period    `json:"interval"`
	Keys       []string  `json:"keys"`
	Suspended  string    `json:"suspended,omitempty"`
	Narrowed   string    `json:"narrowed,omitempty"`
	Event      Digest    `json:"event,omitzero"`
	Recorded   time.Time `json:"recorded"`
}

// Current returns the accreditation as it is read today.
func (a *AccreditationV1) Current() *Accreditation {
	return &Accreditation{
		Lab: a.Lab, Number: a.Number, Body: a.Body, Standards: a.Standards, Categories: a.Categories, Methods: methodsOfLevel(a.Level),
		Interval: a.Interval, Keys: a.Keys, Suspended: a.Suspended, Narrowed: a.Narrowed, Event: a.Event, Recorded: a.Recorded,
	}
}

// Validate checks what can be known without registry and catalogue.
func (a *AccreditationV1) Validate() error {
	err := checkSlug("lab.id", a.Lab.ID)
	switch {
	case err != nil:
	case a.Number == "" || a.Body == "" || len(a.Standards) == 0 || len(a.Categories) == 0:
		err = invalid(ReasonMissing, "number", "is required, and so are body, standards and categories")
	case a.Interval.From.IsZero() || a.Interval.To.Before(a.Interval.From):
		err = invalid(ReasonOutOfRange, "interval", "needs a first day and a later last day")
	}
	return cmp.Or(err, checkFormerLevel(a.Level))
}

// A StatusV1 is the predicate of [TypeStatusV1]. It names its label and the successor by
// their IDs only, and its cause is a code.
type StatusV1 struct {
	Status
	Cause string `json:"cause,omitempty"` // in place of that of Status
}

// formerCauses are the kinds of causes, by the word before the colon of the code. A code
// without a word is the digest of an event.
var formerCauses = map[string]CauseKind{
	"": CauseEvent, "judged": CauseEvidence, "issued": CauseEvidence, "overdue": CauseAdvisory, "carried": CausePredecessor,
}

// Current returns the status as it is read today.
func (s *StatusV1) Current() (*Status, error) {
	out := s.Status
	word, rest, ok := strings.Cut(s.Cause, ":")
	if !ok {
		word, rest = "", s.Cause
	}
	kind, known := formerCauses[word]
	bad := invalid(ReasonMalformed, "cause", "is %q, which is not the code of a cause", s.Cause)
	switch {
	case s.Cause == "":
		return &out, nil
	case !known:
		return nil, bad
	case word == "judged": // the digest of what was found, of which nobody else can tell anything
		out.Cause = Cause{Kind: kind}
		return &out, nil
	case kind == CausePredecessor:
		id, number, _ := strings.Cut(rest, "/")
		n, err := strconv.Atoi(number)
		if err != nil {
			return nil, bad
		}
		out.Cause = Cause{Kind: kind, Label: ID(id), Number: n}
		return &out, nil
	}
	digest, err := ParseDigest(rest)
	if err != nil {
		return nil, bad
	}
	out.Cause = Cause{Kind: kind, SHA256: digest}
	return &out, nil
}

// Validate is the linter's view of a status of before.
func (s *StatusV1) Validate() error {
	if !s.SHA256.IsZero() || s.Successor != nil && !s.Successor.SHA256.IsZero() {
		return Errorf(Invalid, ReasonUnknownField, "sha256", "is no member of this type of status")
	}
	current, err := s.Current()
	if err != nil {
		return err
	}
	if current.Successor != nil && current.Successor.ID == current.Label {
		return invalid(ReasonIDMalformed, "successor.id", "is not the ID of another label")
	}
	return current.validate(true)
}

// Labels once repeated only what was declared, and only what is true or false
// (declared), and named the manufacturer as the maker. What was signed then stays on
// record, and is read as below. Nothing is written so any more.

// A formerFact is one of the facts that a label repeated as declared.
type formerFact struct {
	Fact  string `json:"fact"`
	Value bool   `json:"value"`
}

// UnmarshalJSONFrom reads a label.
func (l *Label) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type current Label
	var v struct {
		current
		Maker    *Party       `json:"maker"`
		Declared []formerFact `json:"declared"`
	}
	if err := json.UnmarshalDecode(d, &v); err != nil {
		return err
	}
	*l = Label(v.current)
	if err := formerMaker(v.Maker, &l.Maker); err != nil {
		return err
	}
	if len(v.Declared) > 0 && len(l.Facts) > 0 {
		return invalid(ReasonDuplicateKey, "declared", "stands beside facts, which has its place")
	}
	for _, f := range v.Declared {
		l.Facts = append(l.Facts, LabelFact{f.Fact, BoolFact(f.Value), SourceDeclaration})
	}
	return nil
}

// UnmarshalJSONFrom reads what lists show of a label.
func (o *Outline) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	type current Outline
	var v struct {
		current
		Maker *Party `json:"maker"`
	}
	if err := json.UnmarshalDecode(d, &v); err != nil {
		return err
	}
	*o = Outline(v.current)
	if v.Maker != nil {
		o.Maker = *v.Maker
	}
	return nil
}

// UnmarshalJSONFrom reads a decision, which named the manufacturer as the maker once.
func (d *Decision) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	type current Decision
	var v struct {
		current
		Maker *Party `json:"maker"`
	}
	if err := json.UnmarshalDecode(dec, &v); err != nil {
		return err
	}
	*d = Decision(v.current)
	return formerMaker(v.Maker, &d.Maker)
}

// formerMaker puts a maker, where there is one, in the place of the manufacturer.
func formerMaker(maker, manufacturer *Party) error {
	if maker == nil {
		return nil
	}
	if *manufacturer != (Party{}) {
		return invalid(ReasonDuplicateKey, "maker", "stands beside manufacturer, which has its place")
	}
	*manufacturer = *maker
	return nil
}
