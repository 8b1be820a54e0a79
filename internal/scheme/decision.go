package scheme

import (
	"fmt"
	"slices"
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
	Rests     []*Item // the evidence it rests on
	Gaps      []Gap   // what is wrong or missing, unless satisfied
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

func (f *Finding) rest(it *Item) {
	if !slices.Contains(f.Rests, it) {
		f.Rests = append(f.Rests, it)
	}
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
	GapContradiction GapKind = "contradicts-features" // not-applicable against the device's features
	GapFact          GapKind = "fact"                 // a fact is not stated
)

// gapTexts holds, for each kind, what to do; its one verb is the party.
var gapTexts = map[GapKind]string{
	GapDeclaration:   "%s submit a declaration of conformity",
	GapFailed:        "%s show a pass where this failed; mend the product first",
	GapEvidence:      "%s supply a verdict of pass for these provisions",
	GapInconclusive:  "%s bring inconclusive tests to a verdict",
	GapUnconditional: "%s give a verdict: these provisions apply to every device",
	GapContradiction: "%s settle a contradiction: the verdict is not-applicable, but the stated features say that it applies",
	GapFact:          "%s state these facts",
}

var gapOrder = []GapKind{GapDeclaration, GapFailed, GapRule, GapEvidence, GapInconclusive, GapUnconditional, GapContradiction, GapFact}

func (k GapKind) rank() int { return slices.Index(gapOrder, k) }

// A Gap is one thing between a device and a level.
type Gap struct {
	Kind  GapKind
	By    Source   // who must act: the manufacturer (declaration) or a lab
	Items []string // provisions, facts, or the criterion of a rule
	Text  string   // what to do
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
	Reached  int     // highest level reached, 0 for none
	Missing  []Gap   // for the level above Reached
	Evidence []*Item // all that counts, latest first
	Stale    []*Item // too old to count

	declaration *Item
}

// MissingFor returns the shortest list of what stands between the device and a
// level of the scheme; none where it was reached.
func (d *Decision) MissingFor(level int) []Gap {
	if level < 1 || level > len(d.Levels) || d.Levels[level-1].Reached {
		return nil
	}
	return d.missing(level)
}

// A Grant is a level that a decision supports: what a label is issued for.
// Only [Decision.Grant] makes one.
type Grant struct {
	decision *Decision
	level    label.Level
	rests    []*Item
}

// Grant returns the grant of a level, or an error where it was not reached.
func (d *Decision) Grant(level int) (*Grant, error) {
	l, err := d.Scheme.Level(level)
	if err != nil {
		return nil, err
	}
	if len(d.Levels) < level || !d.Levels[level-1].Reached {
		return nil, label.Errorf(label.Precondition, label.ReasonMissing, "level",
			"the evidence does not support level %d; the decision says what is missing", level)
	}
	g := &Grant{decision: d, level: l, rests: []*Item{d.declaration}}
	for _, f := range d.Levels[level-1].Findings {
		for _, it := range f.Rests {
			if !slices.Contains(g.rests, it) {
				g.rests = append(g.rests, it)
			}
		}
	}
	slices.SortFunc(g.rests, func(a, b *Item) int { return slices.Compare(a.ID[:], b.ID[:]) })
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
	l.Product = *d.declaration.Product
	l.Declared = d.declared()
	l.Issued = d.At.UTC().Truncate(time.Second)
	l.Assurance = label.SelfDeclared
	for _, f := range d.Levels[g.level.Number-1].Findings {
		l.Criteria = append(l.Criteria, label.CriterionMet{ID: f.Criterion.ID, By: f.By()})
		if f.Required == Lab && f.By() == string(Lab) {
			l.Assurance = label.LabTested
		}
	}
	ends := []label.End{
		{At: label.DateOf(d.At).AddMonths(d.Scheme.TermMonths).End(), Bound: label.BoundSchemeTerm},
		{At: l.Product.SupportEnd.End(), Bound: label.BoundSupportEnd},
	}
	var latest *Item
	for _, it := range g.rests {
		l.Evidence = append(l.Evidence, label.LabelEvidence{Type: it.Type, Signer: it.Signer, Number: it.Number, Date: it.Date, SHA256: it.ID})
		if it.Source() == Authority {
			continue
		}
		ends = append(ends, label.End{At: d.Scheme.expiry(it), Bound: label.BoundEvidenceExpiry})
		if it.Source() == Declaration {
			continue
		}
		if !slices.Contains(l.Labs, it.Lab) {
			l.Labs = append(l.Labs, it.Lab)
		}
		if latest == nil || it.Date.After(latest.Date) {
			latest = it
		}
	}
	if latest != nil {
		l.Firmware = latest.Firmware
	}
	end := label.EffectiveExpiry(ends...)
	l.Expires, l.ExpiresFor = end.At, end.Bound
	if !l.Expires.After(l.Issued) {
		return label.Errorf(label.Precondition, label.ReasonOutOfRange, "product.supportEnd",
			"the label would have expired on %s (%s) before it is issued", l.Expires.Format(time.DateOnly), l.ExpiresFor)
	}
	return nil
}

// declared returns what the declaration says of the facts that shoppers are
// told, by name. Where a lab whose report counts found otherwise, it is left
// out: what was found untrue is not repeated under our signature.
func (d *Decision) declared() (list []label.DeclaredFact) {
	for _, stated := range d.declaration.facts {
		f := d.Scheme.facts[stated.name]
		if f == nil || f.Shoppers == nil {
			continue
		}
		value, err := f.read(stated.value)
		if err != nil { // the dictionary has changed since
			continue
		}
		if measured, ok := d.measured(f); !ok || measured == value {
			list = append(list, label.DeclaredFact{Fact: f.Name, Value: value == true})
		}
	}
	return list
}

// measured returns the latest value of a fact that a lab states.
func (d *Decision) measured(f *Fact) (any, bool) {
	for _, it := range d.Evidence {
		raw, ok := it.facts.get(f.Name)
		if !ok || it.Source() != Lab {
			continue
		}
		if v, err := f.read(raw); err == nil {
			return v, true
		}
	}
	return nil, false
}

// Subject returns the digest of the device the grant is for.
func (g *Grant) Subject() label.Digest { return g.decision.Subject }
