package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/statuslist"
	"labeld/internal/terminal"
	"labeld/internal/verify"
)

// showResult shows the result of a verification. The state next is that of the label
// that replaced a superseded one, if it is known. The document doc is what the service
// says of the label. The error untold is why nobody can tell how the label stands, and
// nil if the result tells.
func (c verifyCommands) showResult(v *verification, base string, r *verify.Result, next label.State, doc labelDocument, untold error) error {
	result := struct {
		Genuine bool   `json:"genuine"`
		Trusted bool   `json:"trusted"`          // the keys are those of a trust file
		Told    bool   `json:"told"`             // the package shows, or a status list does, how the label stands
		Untold  string `json:"untold,omitempty"` // why that is not so
		Trust   string `json:"trust"`            // file, or URL of the service's own word
		State   string `json:"state"`
		*verify.Result
		Next  label.State    `json:"successorState,omitempty"` // of the label in the place of a superseded one, where it was asked for
		Moved []label.GTIN   `json:"movedGtins,omitempty"`
		Back  []rulingStrike `json:"rulingsTakenBack,omitempty"`
	}{true, v.trust != "", untold == nil, "", v.trust, string(r.State), r, next, doc.Moved, doc.strikes()}
	if !result.Trusted {
		result.Trust = base + trustPath
	}
	switch {
	case untold != nil:
		result.State, result.Untold = "unknown", untoldText(untold)
	case r.Lost():
		result.State = r.Overruled.Value.String()
	}
	declared, err := factTexts(r.Label.Facts)
	if err != nil {
		return err
	}
	return c.show(result, func(p *terminal.Page) {
		if !result.Trusted {
			writeUntrusted(p, base)
		}
		if untold != nil {
			p.Line("CANNOT TELL whether anything has happened to this label since: %s", result.Untold)
		}
		var rows [][]string
		for _, check := range r.Checks {
			rows = append(rows, []string{"✓ " + check.Name, check.Says})
		}
		p.Table(nil, rows)
		p.Line("")
		writeResult(p, r, next, declared, &doc, untold == nil)
	})
}

// untoldText says why nobody can tell how a label stands: what is wrong with the package
// or the list that should show it.
func untoldText(err error) string {
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		return err.Error()
	}
	what, _, _ := strings.Cut(e.Field, ".")
	if what == "statusList" {
		what = "status list"
	}
	return "the " + what + " " + e.Text
}

// writeUntrusted warns a person who named no trust file that the result rests on the
// service's own word for its keys.
func writeUntrusted(p *terminal.Page, base string) {
	p.Line("NOT CHECKED against keys that you trust: no --trust file was given, so this result relies on keys that %s itself supplied. Save them once with \"labelctl trust --out FILE\" and pass the file with --trust", base)
}

// factTexts returns the facts of a label with their words. The signed label has
// the names of facts only. Words are those of the built-in programme data, in which a
// name never changes its meaning; facts of other programmes have none.
func factTexts(list []label.LabelFact) (out []factText, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	prog, err := programme("")
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		out = append(out, factText{d, prog.Words(d)})
	}
	return out, nil
}

func writeResult(p *terminal.Page, r *verify.Result, next label.State, declared []factText, doc *labelDocument, known bool) {
	l := r.Label
	support := "security updates until " + l.Product.SupportEnd.String()
	if r.Support != label.Supported {
		support = "ENDED: there have been no security updates since " + l.Product.SupportEnd.String()
	}
	rows := [][2]string{
		{"label:", l.ID.Pretty()},
		{"device:", productName(l.Device.Brand, l.Device.Name) + ", model " + l.Device.Model},
		{"moved barcode:", movedText(doc.Moved)},
		{"manufacturer:", makerText(l)},
		resultRow(l.Level, assurances.text(l.Assurance)),
	}
	rows = append(rows, criteriaRows(l, doc)...)
	if list := onAppeal(l, doc); len(list) > 0 {
		rows = append(rows, [2]string{"on appeal:", "the authority accepted " + strings.Join(list, ", ")})
	}
	for _, t := range doc.strikes() {
		rows = append(rows, [2]string{"TAKEN BACK:", fmt.Sprintf("the authority took back on %s that it accepted %s: %s", instant(t.At), strings.Join(t.Accepted, ", "), t.Text)})
	}
	a := &standing{Standing: r.Standing, statuses: r.Statuses, level: l.Level, successor: next}
	status := a.rows()
	switch {
	case r.Lost():
		status[0][1] = fmt.Sprintf("%s in the status list of %s; in the package, which is older, %s", strings.ToUpper(r.Overruled.Value.String()), instant(r.Overruled.At), r.State)
	case !known:
		status[0][1] = "NOT KNOWN: " + status[0][1] + " as far as the package shows"
	}
	rows = append(rows, status...)
	if r.State == label.Active && !r.Lost() {
		rows = append(rows, [2]string{"valid until:", a.validUntil()})
	}
	p.Pairs(append(rows, [2]string{"support:", support}, [2]string{"history:", historyText(r)})...)
	writeDeclared(p, declared)
	p.Line("")
	switch {
	case r.Lost() && r.Overruled.Value == statuslist.Suspended:
		p.Line("genuine, but SUSPENDED as of %s: do not rely on it for now", instant(r.Overruled.At))
	case r.Lost():
		p.Line("genuine, but NOT VALID as of %s: revoked, withdrawn or superseded; the package is out of date", instant(r.Overruled.At))
	case !known && (r.State == label.Active || r.Overruled != nil):
		p.Line("genuine, but whether it is active CANNOT BE TOLD")
	default:
		p.Line("genuine, %s", verdict(a, r.Known()))
	}
}

// makerText names the manufacturer by the name under which the authority enrolled it, not
// by the brand, which the manufacturer chooses.
func makerText(l *label.Label) string {
	if l.Maker.Name == "" || l.Maker.Name == l.Maker.ID {
		return l.Maker.ID
	}
	return l.Maker.Name + " (" + l.Maker.ID + ")"
}

// criteriaRows says how many criteria of the level are met, which do not apply, and why.
// A criterion that rests on a ruling which was taken back is neither.
func criteriaRows(l *label.Label, doc *labelDocument) (rows [][2]string) {
	met, back, exempt := 0, 0, [][2]string{}
	for _, c := range l.Criteria {
		switch {
		case doc.struck(&c):
			back++
			continue
		case c.State == label.CriterionMet:
			met++
			continue
		}
		exempt = append(exempt, [2]string{"", fmt.Sprintf("does not apply: %s, because %s (%s)", c.ID, strings.Join(c.Why, ", "), exemptionText(c.By))})
	}
	text := plural(met, "criterion", "criteria") + " met"
	if len(exempt) > 0 {
		text += fmt.Sprintf(", %d not applicable", len(exempt))
	}
	if back > 0 {
		text += fmt.Sprintf(", %d taken back", back)
	}
	return append([][2]string{{"basis:", text}}, exempt...)
}

// exemptions say on whose word a criterion does not apply.
var exemptions = map[string]string{
	string(scheme.Declaration): "declared by the manufacturer",
	string(scheme.Lab):         "found by a lab",
	string(scheme.Authority):   "by a ruling",
	"none":                     "by the rule itself",
}

// exemptionText says on whose word a criterion does not apply.
func exemptionText(by string) string {
	if text, ok := exemptions[by]; ok {
		return text
	}
	return "by " + unknown(by)
}

// onAppeal returns the criteria that count by a ruling on an appeal.
func onAppeal(l *label.Label, doc *labelDocument) (criteria []string) {
	for _, c := range l.Criteria {
		if c.By == string(scheme.Authority) && !doc.struck(&c) {
			criteria = append(criteria, c.ID)
		}
	}
	return criteria
}

// historyText says how much is known of what happened to a label.
func historyText(r *verify.Result) string {
	text, later := plural(len(r.Statuses), "statement", "statements"), 0
	for _, s := range r.Statuses {
		if s.Recorded.After(r.At) {
			later++
		}
	}
	if later > 0 {
		text += fmt.Sprintf(", %d of them later than %s", later, instant(r.At))
	}
	if r.Omitted > 0 {
		text += fmt.Sprintf(" and %s that later ones replaced", plural(r.Omitted, "advisory", "advisories"))
	}
	text += ", as the log stood on " + instant(r.Fresh)
	if r.Complete.IsZero() {
		return text + "; there may be more"
	}
	return text + "; complete up to " + instant(r.Complete)
}

// caveats say what is open about an active label and whether its end was announced. They
// are in the last line of the result, because some people read no other.
func caveats(a *standing) string {
	var list []string
	if a.Announced() {
		list = append(list, "it ends after "+lastDay(a.Ends()))
	}
	if a.Review != nil {
		list = append(list, "UNDER REVIEW")
	}
	if notices := a.Concerns(); notices > 0 {
		list = append(list, plural(notices, "security notice concerns", "security notices concern")+" it")
	}
	if len(list) == 0 {
		return ""
	}
	return "; " + strings.Join(list, "; ")
}

// verdict says how a genuine label stands. A state that can still change is given as of
// the instant until which it is known.
func verdict(a *standing, known time.Time) string {
	asOf := a.At
	if a.State.Live() && !known.IsZero() && known.Before(asOf) {
		asOf = known
	}
	at := " as of " + instant(asOf)
	state := states.text(a.State) + at
	switch a.State {
	case label.Active:
		return "and active" + at + caveats(a)
	case label.Suspended:
		return "but " + state + ": do not rely on it for now"
	case label.Superseded:
		text := "but " + state + ": replaced by " + successorText(a.Because)
		if surprises := a.newLabel(); len(surprises) > 0 {
			text += "; that is " + strings.Join(surprises, "; ")
		}
		return text
	case label.Revoked, label.Withdrawn, label.Expired:
		return "but " + state + ": no longer valid"
	}
	return "but its state is " + state
}
