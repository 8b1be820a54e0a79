package scheme

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"labeld/internal/label"
)

// A State is what a criterion came to.
type State string

const (
	Met           State = "met"
	Unmet         State = "unmet"
	Undetermined  State = "undetermined" // evidence is missing
	NotApplicable State = "not-applicable"
)

func (s State) satisfied() bool { return s == Met || s == NotApplicable }

// A Finding is what one criterion came to under one source of evidence.
type Finding struct {
	Criterion *Criterion
	State     State
	Required  Source
	Rests     []*Item  // the evidence it rests on
	Why       []string // not applicable: the features that make it so, such as uses_passwords=false
	Gaps      []Gap    // what is wrong or missing, unless satisfied

	undoing []*Item // reports that undid what others found wrong
	weaker  []*Item // reports it would rest on, but that their methods are not accepted
	blamed  []*Item // the evidence that makes its rule false
}

func (f *Finding) met() {
	if f.State == NotApplicable {
		f.State = Met
	}
}

// fall lowers the state, unmet being the lowest, and records why.
func (f *Finding) fall(to State, g Gap) {
	if f.State != Unmet {
		f.State = to
	}
	if g.Text == "" {
		g.Text = g.sentence()
	}
	f.Gaps = append(f.Gaps, g)
}

// Faults names what stands in the way of a finding and the evidence that says so,
// as text that stays the same while no other evidence says it: passes that are
// added change nothing in it, and neither does a correction that says it again.
func (f *Finding) Faults() (list []string) {
	for _, g := range f.Gaps {
		list = append(list, string(g.Kind)+" "+strings.Join(g.Items, " "))
		for _, it := range f.Rests {
			if f.says(&g, it) {
				id := it.ID
				if !it.Corrects.IsZero() {
					id = it.Corrects
				}
				list = append(list, id.String())
			}
		}
	}
	return list
}

// says reports whether an item is one that says what is wrong by a gap.
func (f *Finding) says(g *Gap, it *Item) bool {
	switch g.Kind {
	case GapFailed:
		return it.outcome(g.Items[0]) == label.Fail
	case GapRule:
		return slices.Contains(f.blamed, it)
	}
	return false
}

// Against returns the evidence that says what is wrong, where something is.
func (f *Finding) Against() (list []*Item) {
	for _, g := range f.Gaps {
		for _, it := range f.Rests {
			if f.says(&g, it) {
				list = addItems(list, []*Item{it})
			}
		}
	}
	return list
}

func (f *Finding) rest(items ...*Item) { f.Rests = addItems(f.Rests, items) }

func (f *Finding) undo(it *Item) { f.undoing = addItems(f.undoing, []*Item{it}) }

// addItems adds those items to a list that are not in it.
func addItems(list, items []*Item) []*Item {
	for _, it := range items {
		if !slices.Contains(list, it) {
			list = append(list, it)
		}
	}
	return list
}

// By says on whose word a finding rests: authority (a ruling), lab, declaration,
// or none.
func (f *Finding) By() string {
	by := "none"
	for _, it := range f.Rests {
		if s := it.Source(); s != Declaration {
			return string(s)
		}
		by = string(Declaration)
	}
	return by
}

// A GapKind says what sort of thing is missing.
type GapKind string

const (
	GapDeclaration   GapKind = "declaration"          // there is no declaration at all
	GapFailed        GapKind = "failed"               // a verdict or claim of fail stands
	GapRule          GapKind = "rule"                 // the values do not satisfy a rule
	GapEvidence      GapKind = "evidence"             // no verdict of the source that is asked for
	GapInconclusive  GapKind = "inconclusive"         // tests did not come to a verdict
	GapUnconditional GapKind = "always-applies"       // not-applicable for a provision without condition
	GapFeatures      GapKind = "contradicts-features" // not-applicable against the device's features
	GapContradiction GapKind = "contradiction"        // facts contradict each other, or what is said of the product
	GapFact          GapKind = "fact"                 // a fact is not stated
)

// gapTexts holds, for each kind, what to do; its one verb is the party.
var gapTexts = map[GapKind]string{
	GapDeclaration:   "%s submit a declaration of conformity",
	GapFailed:        "%s fix the product where it claims that this fails, and declare again",
	GapEvidence:      "%s supply a verdict of pass for these provisions",
	GapInconclusive:  "%s bring inconclusive tests to a verdict",
	GapUnconditional: "%s give a verdict: these provisions apply to every device",
	GapFeatures:      "%s settle a contradiction: the verdict is not-applicable, but the stated features say that it applies",
	GapFact:          "%s state these facts; where one decides whether a provision applies, a verdict of pass will do as well",
}

var gapOrder = []GapKind{GapDeclaration, GapContradiction, GapFailed, GapRule, GapEvidence, GapInconclusive, GapUnconditional, GapFeatures, GapFact}

func (k GapKind) rank() int { return slices.Index(gapOrder, k) }

// A Gap is one thing between a device and a level.
type Gap struct {
	Kind  GapKind
	By    Source   // who must act: the manufacturer (declaration) or a lab
	Items []string // provisions, facts, or the criterion of a rule
	Text  string   // what to do

	vain []string // reports that were to do it, and why they did not
}

// A LevelResult is what one level came to.
type LevelResult struct {
	Level    int
	Reached  bool
	Findings []*Finding // criteria of this and the lower levels, in the scheme's order
}

// A Decision is the whole judgement of a device under a scheme at an instant.
// Only [Scheme.Evaluate] makes a useful one, and [Scheme.EvaluateLevel].
type Decision struct {
	Scheme   *Scheme
	Device   *label.Device
	Subject  label.Digest // of the descriptor
	At       time.Time
	Risk     Risk
	Levels   []LevelResult
	Reached  int      // highest level reached, 0 for none
	Missing  []Gap    // for the level above Reached
	Evidence []*Item  // all that counts, latest first
	Unused   []Unused // what was accepted and does not count, or only against the device, or only until some day

	// Contradictions stand between the device and every level.
	Contradictions []Gap

	evaluation *evaluation
}

// MissingFor returns the shortest list of what stands between the device and a
// level of the scheme; none where it was reached.
func (d *Decision) MissingFor(level int) []Gap {
	if level < 1 || level > len(d.Levels) || d.Levels[level-1].Reached {
		return nil
	}
	return d.missing(level)
}

// UnusedFor returns what does not count in full where a level of the scheme is sought.
func (d *Decision) UnusedFor(level int) []Unused {
	if level < 1 || level > len(d.Levels) {
		return d.Unused
	}
	return d.unused(level)
}

// unused lists what does not count in full, and the reports that findings of a level
// would rest on if their methods were accepted, in the order of items.
func (d *Decision) unused(level int) []Unused {
	list := slices.Clip(d.evaluation.unused)
	type shortfall struct {
		item   *Item
		wanted string
	}
	criteria := map[shortfall][]string{}
	for _, f := range d.Levels[level-1].Findings {
		for _, it := range f.weaker {
			s := shortfall{it, join(f.Criterion.Methods)}
			criteria[s] = append(criteria[s], f.Criterion.ID)
		}
	}
	for s, ids := range criteria {
		text := fmt.Sprintf("was made by %s; %s can rest only on %s, and what the report found wrong counts there too", join(s.item.AllMethods()), named(ids), s.wanted)
		list = append(list, Unused{Item: s.item, Code: OtherMethod, Text: text, Against: true})
	}
	slices.SortStableFunc(list, func(a, b Unused) int {
		return cmp.Or(itemOrder(a.Item, b.Item), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Text, b.Text))
	})
	return list
}

// named names criteria in a sentence: the first ones, and how many there are besides.
func named(criteria []string) string {
	const most = 3
	switch n := len(criteria); {
	case n == 1:
		return "criterion " + criteria[0]
	case n <= most:
		return "the criteria " + join(criteria)
	default:
		return fmt.Sprintf("the criteria %s and %d more", join(criteria[:most]), n-most)
	}
}

// A Grant is a level that a decision supports: what a label is issued for.
// Only [Decision.Grant] makes one.
type Grant struct {
	decision *Decision
	level    label.Level
	rests    []*Item // what the level rests on
	undoing  []*Item // what else it rests on: reports that undid failures, which do not age
}

// Grant returns the grant of a level, or an error where it was not reached.
func (d *Decision) Grant(level int) (*Grant, error) {
	l, err := d.Scheme.Level(level)
	if err != nil {
		return nil, err
	}
	if len(d.Levels) < level || !d.Levels[level-1].Reached {
		sought := "level " + strconv.Itoa(level)
		if l.Presentation == label.PassOnly {
			sought = "a label"
		}
		return nil, label.Errorf(label.Precondition, label.ReasonMissing, "level",
			"the evidence does not support %s; the decision says what is missing", sought)
	}
	g := &Grant{decision: d, level: l, rests: slices.Clone(d.evaluation.declarations)}
	for _, f := range d.Levels[level-1].Findings {
		g.rests = addItems(g.rests, f.Rests)
		g.undoing = addItems(g.undoing, f.undoing)
	}
	g.undoing = slices.DeleteFunc(g.undoing, func(it *Item) bool { return slices.Contains(g.rests, it) })
	return g, nil
}

// Fill writes into a label everything that follows from the decision.
func (g *Grant) Fill(l *label.Label) error {
	d := g.decision
	if d == nil {
		return fmt.Errorf("empty grant")
	}
	l.Scheme = d.Scheme.Ref()
	l.Level = g.level
	l.Device = *d.Device
	l.Product = *d.evaluation.product
	l.Facts = d.told()
	l.Issued = d.At.UTC().Truncate(time.Second)
	l.Assurance = label.SelfDeclared
	for _, f := range d.Levels[g.level.Number-1].Findings {
		l.Criteria = append(l.Criteria, label.Criterion{ID: f.Criterion.ID, State: string(f.State), By: f.By(), Why: f.Why})
		if f.Required == Lab && f.By() == string(Lab) {
			l.Assurance = label.LabTested
		}
	}
	ends := []label.End{
		{At: label.DateOf(d.At).AddMonths(d.Scheme.TermMonths).End(), Bound: label.BoundSchemeTerm},
		{At: l.Product.SupportEnd.End(), Bound: label.BoundSupportEnd},
	}
	for _, it := range g.rests {
		if it.Source() != Authority {
			ends = append(ends, label.End{At: d.Scheme.expiry(it), Bound: label.BoundEvidenceExpiry})
		}
		if it.Doubt != nil {
			ends = append(ends, graceEnd(it))
		}
	}
	// A failure stands again when the report that undid or corrected it falls.
	for _, it := range d.evaluation.trusted {
		if it.Doubt != nil && (it.Changed != "" || !it.Corrects.IsZero()) {
			ends = append(ends, graceEnd(it))
		}
	}
	g.name(l)
	end := label.EffectiveExpiry(ends...)
	l.Expires, l.ExpiresFor = end.At, end.Bound
	if !l.Expires.After(l.Issued) {
		return label.Errorf(label.Precondition, label.ReasonOutOfRange, "product.supportEnd",
			"the label would have expired on %s (%s) before it is issued", l.Expires.Format(time.DateOnly), l.ExpiresFor)
	}
	return nil
}

// graceEnd is when an item that counts for the time being no longer does.
func graceEnd(it *Item) label.End {
	return label.End{At: it.Doubt.Until.UTC().Truncate(time.Second), Bound: label.BoundGraceEnd}
}

// name has a label name what it rests on: statements, labs, and the firmware of
// the latest report.
func (g *Grant) name(l *label.Label) {
	all := slices.SortedFunc(slices.Values(slices.Concat(g.rests, g.undoing)), func(a, b *Item) int { return slices.Compare(a.ID[:], b.ID[:]) })
	var latest *Item
	for _, it := range all {
		l.Evidence = append(l.Evidence, it.Reference())
		if it.Source() != Lab {
			continue
		}
		if !slices.Contains(l.Labs, it.Lab) {
			l.Labs = append(l.Labs, it.Lab)
		}
		if latest == nil || newer(it, latest) {
			latest = it
		}
	}
	if latest != nil {
		l.Firmware = &latest.Firmware[0]
		if modules := latest.Firmware[1:]; len(modules) > 0 {
			l.Modules = modules
		}
	}
}

// newer reports whether a label names the firmware of report a before that of
// b: that of the later tests, and of one day that of those by more methods.
func newer(a, b *Item) bool {
	return cmp.Or(a.Date.Compare(b.Date), cmp.Compare(len(a.AllMethods()), len(b.AllMethods())), a.Received.Compare(b.Received), strings.Compare(a.Firmware[0].Version, b.Firmware[0].Version)) > 0
}

// told returns what is known of the facts that shoppers are told, by name. What a
// laboratory measured goes before what was declared. Where two of them differ, where a
// report that counts only against the device says otherwise, and where the manufacturer
// declared otherwise after the tests, nothing is told: what may be untrue is not repeated
// under our signature.
func (d *Decision) told() (list []label.LabelFact) {
	e := d.evaluation
	for _, f := range d.Scheme.facts {
		if f.Shoppers == nil {
			continue
		}
		s := e.values(f)
		stand, by := s.declared, Declaration
		if s.count > 0 {
			stand, by = s.measured[:s.count], Lab
		}
		if len(stand) == 0 {
			continue
		}
		value := stand[0].value
		other := func(v factValue) bool { return v.value != value }
		later := func(v factValue) bool {
			return other(v) && !slices.ContainsFunc(stand, func(m factValue) bool { return !m.item.Date.Before(v.item.Date) })
		}
		if slices.ContainsFunc(stand, other) || slices.ContainsFunc(s.measured, other) || slices.ContainsFunc(s.declared, later) {
			continue
		}
		list = append(list, label.LabelFact{Fact: f.Name, Value: label.BoolFact(value == true), By: by})
	}
	slices.SortFunc(list, func(a, b label.LabelFact) int { return strings.Compare(a.Fact, b.Fact) })
	return list
}

// Subject returns the digest of the device the grant is for.
func (g *Grant) Subject() label.Digest { return g.decision.Subject }
