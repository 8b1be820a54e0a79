package label

import (
	"bytes"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A TestReport is what an accredited laboratory found on samples of one device
// (ISO/IEC 17025). Predicate of [TypeTestReport].
//
// A report knows nothing of labels and their levels. It says by which methods the
// device was assessed; what a level asks for is the scheme's to say.
type TestReport struct {
	Lab      string        `json:"lab"`                // organization ID of the signer
	Number   string        `json:"number"`             // the lab's own, unique report number
	Standard string        `json:"standard"`           // such as en303645
	Edition  string        `json:"edition"`            // such as V2.1.1
	Methods  []Method      `json:"methods"`            // of assessment: of every verdict that names none, and of the facts
	Period   Period        `json:"period"`             // first and last day of testing
	Firmware []Firmware    `json:"firmware"`           // the images that were on the samples; first the one whose version owners see
	Samples  []string      `json:"samples,omitempty"`  // serial numbers of the units tested
	Verdicts []Verdict     `json:"verdicts"`           // at most one for each provision
	Facts    Facts         `json:"facts,omitempty"`    // measured values, by name in labels/facts.yaml
	Evidence []EvidenceRef `json:"evidence,omitempty"` // working papers the lab keeps
	Changed  *Change       `json:"changed,omitempty"`  // in the product, since reports of earlier tests
	Corrects Digest        `json:"corrects,omitzero"`  // of an earlier statement: the lab's own report about the same device, in whose place this one stands
}

// A Method is a way in which a laboratory assesses a device. Which there are is
// data: labels/methods.yaml.
type Method string

// checkMethods checks a list of methods; none may be needed twice.
func checkMethods(field string, list []Method) error {
	if len(list) > MaxMethods {
		return tooMany(field, len(list), MaxMethods)
	}
	for i, m := range list {
		if !isSlug(string(m)) {
			return invalid(ReasonMalformed, index(field, i), "%q is not the name of a method: lower-case letters, digits and inner hyphens", m)
		}
		if slices.Contains(list[:i], m) {
			return invalid(ReasonExists, index(field, i), "method %s stands here twice", m)
		}
	}
	return nil
}

// A Change says what was changed in the product since earlier reports. Only a
// report that says it can undo what an earlier one found wrong: without it, both
// stand, since nobody said why the same product should have become better.
type Change struct {
	What ChangeKind `json:"what"`
	Text string     `json:"text"` // what was changed, for people
}

// A ChangeKind says what part of a product was changed.
type ChangeKind string

const (
	ChangedFirmware      ChangeKind = "firmware"      // the tests were of another image than before
	ChangedConfiguration ChangeKind = "configuration" // settings that units leave the factory with, or that a service gives them
	ChangedHardware      ChangeKind = "hardware"      // parts or construction
)

// ChangeKinds lists what can have been changed.
var ChangeKinds = []ChangeKind{ChangedFirmware, ChangedConfiguration, ChangedHardware}

// A Period is a range of days; both ends are included.
type Period struct {
	From Date `json:"from"`
	To   Date `json:"to"`
}

// Firmware is one build of a device's software, or of a part of it.
type Firmware struct {
	Name    string `json:"name,omitempty"` // which part it is for, such as "radio module"
	Version string `json:"version"`
	SHA256  Digest `json:"sha256"` // of the image that was on the samples
}

func (f *Firmware) validate() error {
	if err := checkOptional("name", f.Name, MaxText); err != nil {
		return err
	}
	if err := checkText("version", f.Version, MaxText); err != nil {
		return err
	}
	if f.SHA256.IsZero() {
		return invalid(ReasonMissing, "sha256", "is required: the SHA-256 of the image that was tested")
	}
	return nil
}

func checkFirmware(list []Firmware) error {
	switch {
	case len(list) == 0:
		return invalid(ReasonMissing, "firmware", "is required: name, version and SHA-256 of each image that was on the samples")
	case len(list) > MaxImages:
		return tooMany("firmware", len(list), MaxImages)
	}
	for i := range list {
		f, field := &list[i], index("firmware", i)
		if err := f.validate(); err != nil {
			return Within(field, err)
		}
		switch {
		case f.Name == "" && len(list) > 1:
			return invalid(ReasonMissing, field+".name", "is required where there are several images: which part of the device each is for")
		case slices.ContainsFunc(list[:i], func(o Firmware) bool { return o.Name == f.Name }):
			return invalid(ReasonExists, field+".name", "%q names two images", f.Name)
		}
	}
	return nil
}

// Facts are values by name, undecoded: the dictionary in labels/facts.yaml
// says what type, unit and range each has.
type Facts map[string]JSON

// UnmarshalJSONFrom reads what the type alone would have read. A report has a hundred
// facts, and there are many reports, so they are read without reflection.
func (f *Facts) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() != '{' {
		return json.UnmarshalDecode(d, (*map[string]JSON)(f))
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	*f = make(Facts)
	var values []byte
	for d.PeekKind() == '"' {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		name := t.String()
		v, err := d.ReadValue()
		if err != nil {
			return err
		}
		from := len(values)
		values = append(values, v...) // v lasts until something else is read
		(*f)[name] = JSON(values[from:len(values):len(values)])
	}
	_, err := d.ReadToken()
	return err
}

// maxFactName bounds the name of a fact, in bytes: one fits into a line.
const maxFactName = 64

// IsFactName reports whether s can name a fact: a lower-case letter, then
// lower-case letters, digits and underscores.
func IsFactName(s string) bool {
	return s != "" && len(s) <= maxFactName && s[0] >= 'a' && s[0] <= 'z' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// An EvidenceRef names a document that stays with the lab.
type EvidenceRef struct {
	Name   string `json:"name"`
	SHA256 Digest `json:"sha256"`
}

// A Verdict is what tests of one provision came to.
type Verdict struct {
	Provision string  `json:"provision"` // such as 5.1-1
	Verdict   Outcome `json:"verdict"`
	Reason    string  `json:"reason,omitempty"` // required unless the verdict is pass

	// Of a report's verdicts only:
	Methods  []Method      `json:"methods,omitempty"`  // where they differ from those of the whole report
	Evidence []EvidenceRef `json:"evidence,omitempty"` // working papers behind this verdict
}

// An Outcome is the result of testing one provision (ETSI TS 103 701).
type Outcome string

const (
	Pass          Outcome = "pass"
	Fail          Outcome = "fail"
	NotApplicable Outcome = "not-applicable"
	Inconclusive  Outcome = "inconclusive"
)

// outcomes from best to worst: where two labs finished on the same day, the
// worse verdict stands, so that a failure cannot be hidden by a friendlier lab.
var outcomes = []Outcome{Pass, NotApplicable, Inconclusive, Fail}

// Worse reports whether o is a worse outcome than p.
func (o Outcome) Worse(p Outcome) bool {
	return slices.Index(outcomes, o) > slices.Index(outcomes, p)
}

// Validate checks what can be known without registry and catalogue.
func (r *TestReport) Validate() error {
	if err := checkSlug("lab", r.Lab); err != nil {
		return err
	}
	if err := checkText("number", r.Number, MaxText); err != nil {
		return err
	}
	if err := checkSlug("standard", r.Standard); err != nil {
		return err
	}
	if err := checkText("edition", r.Edition, MaxText); err != nil {
		return err
	}
	if len(r.Methods) == 0 {
		return invalid(ReasonMissing, "methods", "is required: by which methods the device was assessed (\"labelctl scheme methods\" lists them)")
	}
	if err := checkMethods("methods", r.Methods); err != nil {
		return err
	}
	if r.Period.From.IsZero() || r.Period.To.IsZero() {
		return invalid(ReasonMissing, "period", "both from and to are required")
	}
	if r.Period.To.Before(r.Period.From) {
		return invalid(ReasonOutOfRange, "period.to", "the test period ends before it begins")
	}
	if err := checkFirmware(r.Firmware); err != nil {
		return err
	}
	if len(r.Samples) > MaxEvidenceRefs {
		return tooMany("samples", len(r.Samples), MaxEvidenceRefs)
	}
	for i, s := range r.Samples {
		if err := checkText(index("samples", i), s, MaxText); err != nil {
			return err
		}
	}
	if err := checkEvidence("evidence", r.Evidence); err != nil {
		return err
	}
	if len(r.Verdicts) == 0 {
		return invalid(ReasonMissing, "verdicts", "at least one is required")
	}
	if err := checkVerdicts("verdicts", r.Verdicts); err != nil {
		return err
	}
	for i := range r.Verdicts {
		err := checkMethods("methods", r.Verdicts[i].Methods)
		if err == nil {
			err = checkEvidence("evidence", r.Verdicts[i].Evidence)
		}
		if err != nil {
			return Within(index("verdicts", i), err)
		}
	}
	if err := checkFacts(r.Facts); err != nil {
		return err
	}
	return Within("changed", r.Changed.validate())
}

// AllMethods returns the methods by which anything in the report was found, those
// of the whole report first.
func (r *TestReport) AllMethods() []Method {
	all := slices.Clone(r.Methods)
	for i := range r.Verdicts {
		for _, m := range r.Verdicts[i].Methods {
			if !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	return all
}

func checkEvidence(field string, list []EvidenceRef) error {
	if len(list) > MaxEvidenceRefs {
		return tooMany(field, len(list), MaxEvidenceRefs)
	}
	for i, e := range list {
		if err := checkText(index(field, i)+".name", e.Name, MaxText); err != nil {
			return err
		}
		if e.SHA256.IsZero() {
			return invalid(ReasonMissing, index(field, i)+".sha256", "is required: the SHA-256 of the document")
		}
	}
	return nil
}

func (c *Change) validate() error {
	switch {
	case c == nil:
		return nil
	case !slices.Contains(ChangeKinds, c.What):
		return invalid(ReasonOutOfRange, "what", "is %q; must be firmware, configuration or hardware: what was changed since earlier tests", c.What)
	}
	return checkText("text", c.Text, MaxProse)
}

// checkVerdicts checks the verdicts of a report or the claims of a declaration.
func checkVerdicts(field string, verdicts []Verdict) error {
	if len(verdicts) > MaxVerdicts {
		return tooMany(field, len(verdicts), MaxVerdicts)
	}
	seen := make(map[string]bool, len(verdicts))
	for i := range verdicts {
		v := &verdicts[i]
		switch {
		case v.Provision == "":
			return invalid(ReasonMissing, index(field, i)+".provision", "is required")
		case len(v.Provision) > maxProvision || !isToken(v.Provision):
			return invalid(ReasonMalformed, index(field, i)+".provision", "%q is no provision: one word as the standard numbers it, such as 5.1-1, at most %d characters of ASCII", clip(v.Provision), maxProvision)
		case seen[v.Provision]:
			return invalid(ReasonExists, index(field, i)+".provision", "provision %s stands here twice", v.Provision)
		case !slices.Contains(outcomes, v.Verdict):
			return invalid(ReasonOutOfRange, index(field, i)+".verdict", "must be pass, fail, not-applicable or inconclusive")
		case v.Verdict != Pass && strings.TrimSpace(v.Reason) == "":
			return invalid(ReasonMissing, index(field, i)+".reason", "a verdict of %s needs a stated reason", v.Verdict)
		}
		seen[v.Provision] = true
		if err := checkOptional("reason", v.Reason, MaxProse); err != nil {
			return Within(index(field, i), err)
		}
	}
	return nil
}

// maxProvision bounds the number of a provision: the longest has ten characters.
const maxProvision = 64

// isToken reports whether s is one word of ASCII.
func isToken(s string) bool { return typewritten(s) && !strings.Contains(s, " ") }

// checkFacts requires names and values such as the dictionary can have. Of several that
// are wrong the first by name is told, so that it is the same one each time.
func checkFacts(f Facts) error {
	if len(f) > MaxFacts {
		return tooMany("facts", len(f), MaxFacts)
	}
	worst, bad := "", false
	for name, v := range f {
		if (!bad || name < worst) && !(IsFactName(name) && isFactValue(v)) {
			worst, bad = name, true
		}
	}
	switch {
	case !bad:
		return nil
	case !IsFactName(worst):
		return invalid(ReasonMalformed, "facts", "%q is not the name of a fact: lower-case letters, digits and underscores, at most %d", clip(worst), maxFactName)
	}
	return invalid(ReasonFactType, "facts."+worst, "must be true or false, a number, a text or a list of texts")
}

// isFactValue reports whether a value is of a type that facts have.
func isFactValue(v JSON) bool {
	switch v.Kind() {
	case '"', '0', 't', 'f':
		return true
	case '[':
		d := jsontext.NewDecoder(bytes.NewReader(v))
		_, err := d.ReadToken()
		for err == nil && d.PeekKind() == '"' {
			err = d.SkipValue()
		}
		return err == nil && d.PeekKind() == ']'
	}
	return false
}
