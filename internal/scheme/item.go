package scheme

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"labeld/internal/datafile"
	"labeld/internal/envelope"
	"labeld/internal/label"
)

// An Item is one statement about a device, checked against the catalogue and
// reduced to what judging and labelling need of it.
type Item struct {
	ID       label.Digest
	Type     string // predicate type
	Signer   string // organization ID
	Number   string
	Began    label.Date // of a report: first day of the test period
	Date     label.Date // end of the test period, or day of the declaration
	Standard string
	Edition  string
	Methods  []label.Method   // of a report: by which everything was found for which it does not name others
	Firmware []label.Firmware // of a report
	Product  *label.Product   // of a declaration
	Changed  label.ChangeKind // of a report: what was changed in the product since earlier ones, or nothing
	Corrects label.Digest     // of a report: the lab's own that it stands in place of, or zero

	// Set by whoever admitted it.
	Lab      label.LabRef // of a report
	Received time.Time    // when it was accepted
	Doubt    *Doubt       // nil where nothing speaks against it

	source   Source
	verdicts table[verdict]    // by provision
	facts    table[label.JSON] // by name; compact, checked against the dictionary by Read
	ruling   *label.Ruling
}

// A verdict is what an item says of one provision.
type verdict struct {
	outcome label.Outcome
	methods []label.Method // nil where they are those of the whole report
}

// outcome returns what an item says of a provision, or nothing.
func (it *Item) outcome(provision string) label.Outcome {
	v, _ := it.verdicts.get(provision)
	return v.outcome
}

// methodsOf returns by which methods an item's verdict of a provision was reached.
func (it *Item) methodsOf(provision string) []label.Method {
	if v, _ := it.verdicts.get(provision); v.methods != nil {
		return v.methods
	}
	return it.Methods
}

// AllMethods returns the methods by which anything in a report was found.
func (it *Item) AllMethods() []label.Method {
	all := slices.Clone(it.Methods)
	for _, r := range it.verdicts {
		for _, m := range r.value.methods {
			if !slices.Contains(all, m) {
				all = append(all, m)
			}
		}
	}
	return all
}

// includes reports whether a list of methods has all of another.
func includes(list, all []label.Method) bool {
	return !slices.ContainsFunc(all, func(m label.Method) bool { return !slices.Contains(list, m) })
}

// Reference names the item as labels and decisions do.
func (it *Item) Reference() label.LabelEvidence {
	return label.LabelEvidence{Type: it.Type, Signer: it.Signer, Number: it.Number, Date: it.Date, SHA256: it.ID}
}

// Source says whose word an item is.
func (it *Item) Source() Source { return it.source }

// Read decodes a verified statement and checks everything in it that the
// programme's data can judge: methods, standard, edition, provisions, facts. Who
// may say it, and about what, is for the caller to check.
func (p *Programme) Read(v *envelope.Verified) (*Item, error) {
	return p.read(v, envelope.Report, envelope.Predicate[label.Declaration])
}

// ReadSubmitted is [Programme.Read] of a statement that comes in ([envelope.Submitted]).
func (p *Programme) ReadSubmitted(v *envelope.Verified) (*Item, error) {
	return p.read(v, envelope.SubmittedReport, envelope.Submitted[label.Declaration])
}

func (p *Programme) read(v *envelope.Verified, report func(*envelope.Verified) (*label.TestReport, error), declaration func(*envelope.Verified) (*label.Declaration, error)) (*Item, error) {
	kind, err := label.PredicateOf(v.PredicateType())
	if err != nil {
		return nil, err
	}
	it := &Item{ID: v.ID(), Type: kind.Type, source: kind.Source}
	var verdicts []label.Verdict
	var facts label.Facts
	field := "predicate.verdicts"
	switch kind.Source {
	case Lab:
		r, err := report(v)
		if err != nil {
			return nil, err
		}
		it.Signer, it.Number, it.Began, it.Date, it.Methods, it.Firmware = r.Lab, r.Number, r.Period.From, r.Period.To, r.Methods, r.Firmware
		it.Standard, it.Edition, verdicts, facts = r.Standard, r.Edition, r.Verdicts, r.Facts
		if it.Corrects = r.Corrects; r.Changed != nil {
			it.Changed = r.Changed.What
		}
		if err := p.checkMethods(r); err != nil {
			return nil, err
		}
	case Declaration:
		d, err := declaration(v)
		if err != nil {
			return nil, err
		}
		it.Signer, it.Number, it.Date, it.Product = d.Manufacturer, d.Number, d.Date, &d.Product
		it.Standard, it.Edition, verdicts, facts = d.Standard, d.Edition, d.Claims, d.Facts
		field = "predicate.claims"
	default:
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "predicateType",
			"is a %s, which is no evidence; accepted are %s and %s", kind.Name, label.TypeTestReport, label.TypeDeclaration)
	}
	std := p.Standards[it.Standard]
	if std == nil {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownStandard, "predicate.standard",
			"no standard %q is in the catalogue", it.Standard)
	}
	if !std.Edition(it.Edition) {
		var ids []string
		for _, e := range std.Editions {
			ids = append(ids, e.ID)
		}
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownStandard, "predicate.edition",
			"%s has no edition %q in the catalogue; known are %s", std.Name, it.Edition, strings.Join(ids, ", "))
	}
	it.verdicts = make(table[verdict], len(verdicts))
	for i := range verdicts {
		v := &verdicts[i]
		if std.Provision(it.Edition, v.Provision) == nil {
			return nil, label.Errorf(label.Invalid, label.ReasonUnknownProvision, datafile.At(field, i)+".provision",
				"%s %s has no provision %q", std.Name, it.Edition, v.Provision)
		}
		it.verdicts[i] = row[verdict]{v.Provision, verdict{v.Verdict, v.Methods}}
	}
	it.verdicts.sort()
	it.facts = make(table[label.JSON], 0, len(facts))
	for name, raw := range facts {
		it.facts = append(it.facts, row[label.JSON]{name, raw})
	}
	it.facts.sort()
	return it, p.checkFacts(it)
}

// checkMethods refuses methods that the programme does not define.
func (p *Programme) checkMethods(r *label.TestReport) error {
	if err := p.CheckMethods("predicate.methods", r.Methods); err != nil {
		return err
	}
	for i := range r.Verdicts {
		if err := p.CheckMethods("methods", r.Verdicts[i].Methods); err != nil {
			return label.Within(datafile.At("predicate.verdicts", i), err)
		}
	}
	return nil
}

// CheckMethods refuses methods that labels/methods.yaml does not define.
func (p *Programme) CheckMethods(field string, list []label.Method) error {
	for i, m := range list {
		if !slices.ContainsFunc(p.Methods, func(d MethodDef) bool { return d.ID == m }) {
			return label.Errorf(label.Invalid, label.ReasonUnknownMethod, datafile.At(field, i), "no method %q is defined; there are %s", m, join(p.methodIDs()))
		}
	}
	return nil
}

// supportEndFact is the fact that says again what a declaration's product says.
const supportEndFact = "support_period_end_date"

// checkFacts holds an item's facts to the dictionary, and makes them compact.
func (p *Programme) checkFacts(it *Item) error {
	for i := range it.facts {
		name := it.facts[i].name
		if err := p.checkFact(it, name, &it.facts[i].value); err != nil {
			return label.Within("predicate.facts."+name, err)
		}
	}
	return nil
}

func (p *Programme) checkFact(it *Item, name string, raw *label.JSON) error {
	f := p.Facts[name]
	if f == nil {
		return label.Errorf(label.Invalid, label.ReasonUnknownFact, "", "no such fact is in the dictionary")
	}
	if f.By != ByEither && Supplier(partyOf(it.Source())) != f.By {
		return label.Errorf(label.Invalid, label.ReasonFactSupplier, "", "is for the %s to state; leave it out here", f.By)
	}
	v, err := f.read(*raw)
	if err != nil {
		return err
	}
	if end, ok := v.(time.Time); ok && name == supportEndFact && it.Product != nil && label.DateOf(end) != it.Product.SupportEnd {
		return label.Errorf(label.Invalid, label.ReasonFactRange, "", "differs from product.supportEnd, which is %s", it.Product.SupportEnd)
	}
	if k := raw.Kind(); k != '{' && k != '[' {
		return nil // compact as it is
	}
	return raw.Compact()
}

// partyOf names who supplies evidence of a source.
func partyOf(s Source) string {
	if s == Lab {
		return string(ByLab)
	}
	return string(ByManufacturer)
}

// read returns a fact's value in the Go type that CEL takes for it. Raw is valid
// JSON; a report has a hundred facts, so they are read without a decoder.
func (f *Fact) read(raw label.JSON) (any, error) {
	kind := raw.Kind()
	switch f.Type {
	case Bool:
		if kind == 't' || kind == 'f' {
			return kind == 't', nil
		}
		return nil, mistyped("true or false")
	case Int:
		if v, err := strconv.ParseInt(string(raw), 10, 64); kind == '0' && err == nil {
			return v, f.inRange(float64(v))
		}
		return nil, mistyped("a whole number" + f.inUnit())
	case Number:
		if v, err := strconv.ParseFloat(string(raw), 64); kind == '0' && err == nil {
			return v, f.inRange(v)
		}
		return nil, mistyped("a number" + f.inUnit())
	case List:
		var v []string
		if label.Decode(raw, &v) != nil || len(v) > maxListed {
			return nil, mistyped(fmt.Sprintf("a list of at most %d texts", maxListed))
		}
		if slices.ContainsFunc(v, func(s string) bool { return len(s) > label.MaxProse }) {
			return nil, label.Errorf(label.Invalid, label.ReasonFactRange, "", "has a text longer than %d bytes", label.MaxProse)
		}
		return v, nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if kind != '"' || err != nil {
		return nil, mistyped(f.wanted())
	}
	v := string(text)
	switch f.Type {
	case Date:
		d, err := label.ParseDate(v)
		if err != nil {
			return nil, mistyped(f.wanted())
		}
		return d.Start(), nil
	case Enum:
		if !slices.Contains(f.Values, v) {
			return nil, label.Errorf(label.Invalid, label.ReasonFactRange, "", "must be %s", f.wanted())
		}
	case Text:
		if len(v) > label.MaxProse {
			return nil, label.Errorf(label.Invalid, label.ReasonFactRange, "", "is longer than %d bytes", label.MaxProse)
		}
	}
	return v, nil
}

func mistyped(want string) error {
	return label.Errorf(label.Invalid, label.ReasonFactType, "", "must be %s", want)
}

// wanted says what a textual fact looks like.
func (f *Fact) wanted() string {
	switch f.Type {
	case Date:
		return "a date such as 2030-06-30"
	case Enum:
		return "one of " + strings.Join(f.Values, ", ")
	}
	return "a text"
}

func (f *Fact) inUnit() string {
	if f.Unit == "" {
		return ""
	}
	return " of " + f.Unit
}

func (f *Fact) inRange(v float64) error {
	if f.Min != nil && v < *f.Min {
		return label.Errorf(label.Invalid, label.ReasonFactRange, "", "must be at least %g%s", *f.Min, spaced(f.Unit))
	}
	if f.Max != nil && v > *f.Max {
		return label.Errorf(label.Invalid, label.ReasonFactRange, "", "must be at most %g%s", *f.Max, spaced(f.Unit))
	}
	return nil
}

func spaced(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

// Fails reports whether a statement says of a provision that it fails.
func (it *Item) Fails() bool {
	return slices.ContainsFunc(it.verdicts, func(r row[verdict]) bool { return r.value.outcome == label.Fail })
}

// Restates reports whether a report says again something of each provision that
// another found to fail, by all methods by which it had, and of each fact that it
// measured: whoever has this one needs the other no more.
func (it *Item) Restates(other *Item) bool {
	for _, r := range other.verdicts {
		if r.value.outcome == label.Fail && !it.restates(other, r.name) {
			return false
		}
	}
	for _, r := range other.facts {
		if _, ok := it.facts.get(r.name); !ok {
			return false
		}
	}
	return true
}

// restates reports whether a report says something of a provision again, by every method
// by which another did.
func (it *Item) restates(other *Item, provision string) bool {
	return it.outcome(provision) != "" && it.asThorough(other, provision)
}

// Repeats reports whether a statement finds everything wrong that another found,
// and states the same values: whoever has this one misses nothing of the other
// that speaks against the device.
func (it *Item) Repeats(other *Item) bool {
	for _, r := range other.verdicts {
		if r.value.outcome == label.Fail && (it.outcome(r.name) != label.Fail || !includes(it.methodsOf(r.name), other.methodsOf(r.name))) {
			return false
		}
	}
	for _, r := range other.facts {
		if v, ok := it.facts.get(r.name); !ok || string(v) != string(r.value) {
			return false
		}
	}
	return it.Standard == other.Standard && it.Edition == other.Edition && includes(it.Methods, other.Methods)
}

// CheckDevice checks a descriptor against the programme's data.
func (p *Programme) CheckDevice(d *label.Device) error {
	if p.Categories[d.Category] == nil {
		return label.Errorf(label.Invalid, label.ReasonUnknownCategory, "device.category",
			"no category %q is defined; see \"labelctl scheme categories\"", d.Category)
	}
	return nil
}

// CheckAge refuses evidence that is dated after now, or that no scheme of the
// programme would count any more.
func (p *Programme) CheckAge(it *Item, now time.Time) error {
	field := "predicate.date"
	if it.Source() == Lab {
		field = "predicate.period.to"
	}
	if it.Date.After(label.DateOf(now)) {
		return label.Errorf(label.Invalid, label.ReasonInFuture, field, "%s is in the future", it.Date)
	}
	longest := 0
	for _, s := range p.Schemes {
		if s.Standard == it.Standard && s.InForce.At(now) {
			longest = max(longest, s.months(it.Source()))
		}
	}
	if longest > 0 && !now.Before(it.Date.AddMonths(longest).End()) {
		return label.Errorf(label.Invalid, label.ReasonTooOld, field,
			"%s is more than %d months ago, the longest that any scheme accepts; test or declare again", it.Date, longest)
	}
	return nil
}

// months is how old evidence of a source may be.
func (s *Scheme) months(src Source) int {
	if src == Lab {
		return s.EvidenceMonths.Lab
	}
	return s.EvidenceMonths.Declaration
}

// expiry is the instant from which an item no longer counts.
func (s *Scheme) expiry(it *Item) time.Time {
	return it.Date.AddMonths(s.months(it.Source())).End()
}
