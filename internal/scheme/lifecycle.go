package scheme

import (
	"errors"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"labeld/internal/datafile"
	"labeld/internal/label"
	"labeld/internal/surveillance"
)

// A Reason is why a label changes state, from labels/reasons.yaml.
type Reason struct {
	Code    string            `yaml:"code"`
	Actions []label.Action    `yaml:"actions"` // on labels
	Events  []label.EventKind `yaml:"events"`
	Strikes []StrikeSubject   `yaml:"strikes"` // what may be struck for it
	Title   string            `yaml:"title"`
}

// A StrikeSubject is what an operator strikes, by the names in labels/reasons.yaml.
type StrikeSubject string

const (
	StruckReport      StrikeSubject = "report"      // of a laboratory
	StruckDeclaration StrikeSubject = "declaration" // of a manufacturer
	StruckRuling      StrikeSubject = "ruling"      // of the authority, on an appeal
)

// struckOf says what evidence is to whoever strikes it, by whose word it is.
var struckOf = map[Source]StrikeSubject{Lab: StruckReport, Declaration: StruckDeclaration, Authority: StruckRuling}

// A Lifecycle is what a scheme says about labels after they are issued.
type Lifecycle struct {
	Propagation map[string]Effect `yaml:"propagation"` // by reason code: what becomes of labels that rest on what failed
	AppealDays  int               `yaml:"appeal_days"` // in which a manufacturer may appeal against a refusal
	DecideDays  int               `yaml:"decide_days"` // in which the authority decides an appeal

	Holds    map[string]Lift   `yaml:"holds"`    // by reason code: what ends a hold without an operator's act
	Rejudged map[Loss]Reaction `yaml:"rejudged"` // what becomes of a live label that its evidence no longer carries

	Surveillance surveillance.Weights `yaml:"surveillance"` // by which labels are drawn to be tested again
}

// A Lift is what ends a hold on a product beside an operator's act. Both
// conditions have to be fulfilled where both are set; the zero Lift leaves it to
// an operator.
type Lift struct {
	Evidence Source `yaml:"evidence"` // evidence of this source that is later than the hold
	Months   int    `yaml:"months"`   // since the hold began
}

// A Loss is in which way evidence no longer carries a label.
type Loss string

const (
	Failed      Loss = "failed"      // a laboratory found something untrue that the level asks for
	Disclaimed  Loss = "disclaimed"  // the manufacturer alone says so, in its declaration
	Unsupported Loss = "unsupported" // something that the level asks for is no longer known
)

// Losses lists the ways.
var Losses = []Loss{Failed, Disclaimed, Unsupported}

// A Reaction is what becomes of a live label, and the reason that it names.
type Reaction struct {
	Action label.Action `yaml:"effect"` // none, review or suspend
	Reason string       `yaml:"reason"`
}

// Lifecycle returns what a version of a scheme says about labels after they are issued.
//
// A version stays for as long as there are labels of it. Where its file was lost all
// the same, its labels can still be acted upon, by rules that hold for all such
// labels. Revoking takes two operators, whatever fails that a label rests on has
// it reviewed where that is possible, and an operator ends holds.
func (p *Programme) Lifecycle(scheme, version string) *Lifecycle {
	if s := p.Scheme(scheme, version); s != nil {
		return &s.Lifecycle
	}
	l := &Lifecycle{
		Propagation: map[string]Effect{},
	}
	for code, r := range p.Reasons {
		if slices.Contains(r.Actions, label.Review) {
			l.Propagation[code] = Effect{Action: label.Review}
		}
	}
	return l
}

// An Effect is what becomes of a label when something that it rests on fails.
type Effect struct {
	Action      label.Action `yaml:"effect"` // none, review, suspend or lapse
	GraceMonths int          `yaml:"grace_months"`
}

// NoEffect says that a label stands as it did.
const NoEffect label.Action = "none"

func (p *Programme) loadReasons(fsys fs.FS) error {
	var file struct {
		Reasons []Reason `yaml:"reasons"`
	}
	d, err := datafile.Read(fsys, "reasons.yaml", &file)
	if err != nil {
		return err
	}
	for i := range file.Reasons {
		r, path := &file.Reasons[i], datafile.At("reasons", i)
		if !slug.MatchString(r.Code) || p.Reasons[r.Code] != nil {
			d.Errorf(path, "every reason needs a code of its own: lower-case letters, digits and inner hyphens")
		}
		if r.Title == "" || len(r.Actions) == 0 {
			d.Errorf(path, "title and actions are required")
		}
		for j, a := range r.Actions {
			if !slices.Contains(label.Actions, a) {
				d.Errorf(datafile.At(path+".actions", j), "%q is not an action: %s", a, join(label.Actions))
			}
		}
		for j, k := range r.Events {
			if !slices.Contains(label.EventKinds, k) {
				d.Errorf(datafile.At(path+".events", j), "%q is not a kind of event: %s", k, join(label.EventKinds))
			}
		}
		if (len(r.Strikes) > 0) != slices.Contains(r.Events, label.StatementEvent) {
			d.Errorf(path+".strikes", "goes with the event statement: what may be struck for the reason")
		}
		for j, s := range r.Strikes {
			if !slices.Contains(slices.Collect(maps.Values(struckOf)), s) {
				d.Errorf(datafile.At(path+".strikes", j), "%q is nothing that is struck: report, declaration or ruling", s)
			}
		}
		p.Reasons[r.Code] = r
	}
	return d.Err()
}

func join[T ~string](list []T) string {
	names := make([]string, len(list))
	for i, a := range list {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

// touching are the kinds of events that touch labels by what the scheme has
// become of them. An advisory touches labels too, by what the document says; the
// others leave it to operators.
var touching = []label.EventKind{label.LabEvent, label.KeyEvent, label.SchemeEvent, label.StatementEvent, label.AffiliationEvent}

// reportable reports whether something that labels rest on can be reported to
// have failed for the reason.
func (r *Reason) reportable() bool {
	return slices.ContainsFunc(r.Events, func(k label.EventKind) bool { return slices.Contains(touching, k) })
}

// CheckReason refuses a reason code that is not in the list, or not a reason to
// do something to a label.
func (p *Programme) CheckReason(code string, a label.Action) error {
	return p.checkReason(code, "to "+string(a), func(r *Reason) bool { return slices.Contains(r.Actions, a) })
}

// CheckEvent refuses a reason code that is not in the list, or not a reason to
// report an event of a kind: what becomes of labels hangs on the code, so that a
// slip would have nothing become of them. Holds begin and end for the reasons to
// suspend and to release a label.
func (p *Programme) CheckEvent(code string, k label.EventKind) error {
	switch k {
	case label.HoldEvent:
		return p.checkReason(code, "for a hold", func(r *Reason) bool { return slices.Contains(r.Actions, label.Suspend) })
	case label.ReleaseEvent:
		return p.checkReason(code, "to end a hold", func(r *Reason) bool { return slices.Contains(r.Actions, label.Release) })
	}
	return p.checkReason(code, "for an event of kind "+string(k), func(r *Reason) bool { return slices.Contains(r.Events, k) })
}

// CheckStrike refuses a reason that does not fit what is struck, which is of a
// predicate type: what people read of it would be about something else, and what
// becomes of labels hangs on the code.
func (p *Programme) CheckStrike(code, predicateType string) error {
	what, ok := struckOf[label.SourceOf(predicateType)]
	if !ok {
		return label.Errorf(label.Invalid, label.ReasonUnknownType, "statement", "is a %s, which is not struck", predicateType)
	}
	return p.checkReason(code, "to strike a "+string(what), func(r *Reason) bool { return slices.Contains(r.Strikes, what) })
}

func (p *Programme) checkReason(code, what string, fits func(*Reason) bool) error {
	if r := p.Reasons[code]; r != nil && fits(r) {
		return nil
	}
	var fit []string
	for _, c := range slices.Sorted(maps.Keys(p.Reasons)) {
		if fits(p.Reasons[c]) {
			fit = append(fit, c)
		}
	}
	return label.Errorf(label.Invalid, label.ReasonUnknownReason, "reason", "%q is not a reason %s; there are %s", code, what, strings.Join(fit, ", "))
}

// checkLifecycle checks what the scheme says about labels after they are issued.
func (s *Scheme) checkLifecycle(d *datafile.File, reasons map[string]*Reason) {
	if n := s.Lifecycle.AppealDays; n < 1 || n > label.MaxTermDays {
		d.Errorf("lifecycle.appeal_days", "must be 1 to %d: in how many days a refusal may be appealed against", label.MaxTermDays)
	}
	if n := s.Lifecycle.DecideDays; n < 1 || n > label.MaxTermDays {
		d.Errorf("lifecycle.decide_days", "must be 1 to %d: in how many days an appeal is decided", label.MaxTermDays)
	}
	if err := s.Lifecycle.Surveillance.Validate(); err != nil {
		field, text := "lifecycle.surveillance", err.Error()
		if e, ok := errors.AsType[*label.Error](err); ok {
			field, text = field+"."+e.Field, e.Text
		}
		d.Errorf(field, "%s", text)
	}
	for _, r := range s.risks {
		if s.Lifecycle.Surveillance.Risk[string(r)] == 0 {
			d.Errorf("lifecycle.surveillance.risk."+string(r), "is required; 1 changes nothing")
		}
	}
	for _, r := range slices.Sorted(maps.Keys(s.Lifecycle.Surveillance.Risk)) {
		if !slices.Contains(s.risks, Risk(r)) {
			d.Errorf("lifecycle.surveillance.risk", "%q is unknown; give factors for %s", r, join(s.risks))
		}
	}
	if n := len(s.Lifecycle.Surveillance.Level); n != len(s.Levels) {
		d.Errorf("lifecycle.surveillance.level", "has %d factors for %d levels", n, len(s.Levels))
	}
	s.checkHolds(d, reasons)
	for _, code := range slices.Sorted(maps.Keys(s.Lifecycle.Propagation)) {
		e, path := s.Lifecycle.Propagation[code], "lifecycle.propagation."+code
		r := reasons[code]
		switch {
		case r == nil:
			d.Errorf(path, "no reason %q is defined in reasons.yaml", code)
		case !r.reportable():
			d.Errorf(path, "would never happen: reasons.yaml lets nobody report for %s an event of a kind that touches labels: %s", code, join(touching))
		case e.Action == NoEffect:
		case e.Action != label.Review && e.Action != label.Suspend && e.Action != label.Lapse:
			d.Errorf(path+".effect", "must be none, review, suspend or lapse")
		case !slices.Contains(r.Actions, e.Action):
			d.Errorf(path+".effect", "%s is not a reason to %s a label: %s", code, e.Action, join(r.Actions))
		}
		if (e.Action == label.Lapse) != (e.GraceMonths > 0) || e.GraceMonths > 60 {
			d.Errorf(path, "grace_months goes with the effect lapse, and is 1 to 60")
		}
	}
}

// checkHolds checks what the scheme says about holds, and about labels that are
// judged again.
func (s *Scheme) checkHolds(d *datafile.File, reasons map[string]*Reason) {
	for _, code := range slices.Sorted(maps.Keys(s.Lifecycle.Holds)) {
		l, path := s.Lifecycle.Holds[code], "lifecycle.holds."+code
		if reasons[code] == nil {
			d.Errorf(path, "no reason %q is defined in reasons.yaml", code)
		}
		if l.Evidence != "" && l.Evidence != Lab && l.Evidence != Declaration {
			d.Errorf(path+".evidence", "must be lab or declaration")
		}
		if l.Months < 0 || l.Months > 120 {
			d.Errorf(path+".months", "must be 0 to 120")
		}
		if l == (Lift{}) {
			d.Errorf(path, "names neither evidence nor months; leave it out where only an operator ends the hold")
		}
	}
	for _, loss := range Losses {
		r, path := s.Lifecycle.Rejudged[loss], "lifecycle.rejudged."+string(loss)
		switch known := reasons[r.Reason]; {
		case r.Action != NoEffect && r.Action != label.Review && r.Action != label.Suspend:
			d.Errorf(path+".effect", "must be none, review or suspend: what becomes of a live label that its evidence no longer carries")
		case known == nil:
			d.Errorf(path+".reason", "no reason %q is defined in reasons.yaml", r.Reason)
		case r.Action != NoEffect && !slices.Contains(known.Actions, r.Action):
			d.Errorf(path+".effect", "%s is not a reason to %s a label: %s", r.Reason, r.Action, join(known.Actions))
		}
	}
	for loss := range s.Lifecycle.Rejudged {
		if !slices.Contains(Losses, loss) {
			d.Errorf("lifecycle.rejudged", "%q is not a way in which evidence stops carrying a label: %s", loss, join(Losses))
		}
	}
}
