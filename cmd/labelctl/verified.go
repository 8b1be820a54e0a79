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

// showVerified shows a result; next is how the label stands that took the place of a
// superseded one, where that is known, since is what the service says has become of the
// numbers and the rulings that the label names, and untold is why nobody can tell how the
// label stands, if so.
func (c verifyCommands) showVerified(v *verification, base string, r *verify.Result, next label.State, since later, untold error) error {
	result := struct {
		Genuine bool   `json:"genuine"`
		Trusted bool   `json:"trusted"`          // the keys are those of a trust file
		Told    bool   `json:"told"`             // the package shows, or a status list does, how the label stands
		Untold  string `json:"untold,omitempty"` // why that is not so
		Trust   string `json:"trust"`            // file, or URL of the service's own word
		State   string `json:"state"`
		*verify.Result
		Next  label.State  `json:"successorState,omitempty"` // of the label in the place of a superseded one, where it was asked for
		Moved []label.GTIN `json:"movedGtins,omitempty"`
		Back  []takenBack  `json:"rulingsTakenBack,omitempty"`
	}{true, v.trust != "", untold == nil, "", v.trust, string(r.State), r, next, since.Moved, since.takenBack()}
	if !result.Trusted {
		result.Trust = base + trustPath
	}
	switch {
	case untold != nil:
		result.State, result.Untold = "unknown", untoldText(untold)
	case r.Lost():
		result.State = r.Overruled.Value.String()
	}
	declared, err := inWords(r.Label.Declared)
	if err != nil {
		return err
	}
	return c.show(result, func(p *terminal.Page) {
		if !result.Trusted {
			untrusted(p, base)
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
		writeResult(p, r, next, declared, &since, untold == nil)
	})
}

// untoldText says why nobody can tell how a label stands, of what it is that does
// not show it.
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

// untrusted tells somebody who named no trust file, before anything else, whose
// word they take.
func untrusted(p *terminal.Page, base string) {
	p.Line("NOT CHECKED against keys that you trust: these are the keys that %s itself names. Save those of the authority once with \"labelctl trust --out FILE\" and give them with --trust", base)
}

// inWords finds the words for what a label repeats of a declaration. The signed
// label has names only; the words are those that are built in here, where the
// names have the same meaning for ever. A programme of other facts has its own.
func inWords(list []label.DeclaredFact) (out []told, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	prog, err := programme("")
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		out = append(out, told{d, prog.Words(d)})
	}
	return out, nil
}

func writeResult(p *terminal.Page, r *verify.Result, next label.State, declared []told, since *later, known bool) {
	l := r.Label
	support := "security updates until " + l.Product.SupportEnd.String()
	if r.Support != label.Supported {
		support = "ENDED: there have been no security updates since " + l.Product.SupportEnd.String()
	}
	rows := [][2]string{
		{"label:", l.ID.Pretty()},
		{"device:", productName(l.Device.Brand, l.Device.Name) + ", model " + l.Device.Model},
		{"moved barcode:", movedText(since.Moved)},
		{"manufacturer:", makerText(l)},
		{"level:", fmt.Sprintf("%d of %d, %s, %s", l.Level.Number, l.Level.Of, l.Level.Name, assurances.say(l.Assurance))},
	}
	rows = append(rows, criteriaRows(l, since)...)
	if list := onAppeal(l, since); len(list) > 0 {
		rows = append(rows, [2]string{"on appeal:", "the authority accepted " + strings.Join(list, ", ")})
	}
	for _, t := range since.takenBack() {
		rows = append(rows, [2]string{"TAKEN BACK:", fmt.Sprintf("the authority took back on %s that it accepted %s: %s", instant(t.At), strings.Join(t.Accepted, ", "), t.Text)})
	}
	a := &account{Standing: r.Standing, statuses: r.Statuses, level: l.Level.Number, successor: next}
	standing := a.rows()
	switch {
	case r.Lost():
		standing[0][1] = fmt.Sprintf("%s in the status list of %s; in the package, which is older, %s", strings.ToUpper(r.Overruled.Value.String()), instant(r.Overruled.At), r.State)
	case !known:
		standing[0][1] = "NOT KNOWN: " + standing[0][1] + " as far as the package shows"
	}
	rows = append(rows, standing...)
	if r.State == label.Active && !r.Lost() {
		rows = append(rows, [2]string{"valid until:", a.validUntil()})
	}
	p.Pairs(append(rows, [2]string{"support:", support}, [2]string{"history:", historyText(r)})...)
	writeDeclared(p, declared)
	p.Line("")
	switch {
	case r.Lost() && r.Overruled.Value == statuslist.Suspended:
		p.Line("genuine, but SUSPENDED as of %s: for the time being nothing is promised", instant(r.Overruled.At))
	case r.Lost():
		p.Line("genuine, but NOT VALID as of %s: revoked, withdrawn or superseded; what the package says is out of date", instant(r.Overruled.At))
	case !known && (r.State == label.Active || r.Overruled != nil):
		p.Line("genuine, but whether it is active CANNOT BE TOLD")
	default:
		p.Line("genuine, %s", verdict(a, r.Known()))
	}
}

// makerText names the manufacturer: by the name under which it is enrolled, which
// the authority has seen to, and not by the brand, which it chooses itself.
func makerText(l *label.Label) string {
	if l.Maker.Name == "" || l.Maker.Name == l.Maker.ID {
		return l.Maker.ID
	}
	return l.Maker.Name + " (" + l.Maker.ID + ")"
}

// criteriaRows says how many criteria of the level are met, and which do not
// apply, and why. What was accepted on appeal and taken back since is neither.
func criteriaRows(l *label.Label, since *later) (rows [][2]string) {
	met, back, exempt := 0, 0, [][2]string{}
	for _, c := range l.Criteria {
		switch {
		case since.fell(&c):
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
	string(scheme.Declaration): "the manufacturer's word",
	string(scheme.Lab):         "a lab's word",
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
func onAppeal(l *label.Label, since *later) (criteria []string) {
	for _, c := range l.Criteria {
		if c.By == string(scheme.Authority) && !since.fell(&c) {
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

// caveats say what is open about a label that counts, and whether its end was announced:
// whoever reads the last line only must not miss it.
func caveats(a *account) string {
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

// verdict says what a genuine label is worth. Of a label that may fall, or stand up
// again, it says no more than is known: how it stood when that was.
func verdict(a *account, known time.Time) string {
	asOf := a.At
	if a.State.Live() && !known.IsZero() && known.Before(asOf) {
		asOf = known
	}
	at := " as of " + instant(asOf)
	state := states.say(a.State) + at
	switch a.State {
	case label.Active:
		return "and active" + at + caveats(a)
	case label.Suspended:
		return "but " + state + ": for the time being nothing is promised"
	case label.Superseded:
		text := "but " + state + ": what is promised, the label in its place says, " + successorText(a.Because)
		if said := a.newLabel(); len(said) > 0 {
			text += "; that is " + strings.Join(said, "; ")
		}
		return text
	case label.Revoked, label.Withdrawn, label.Expired:
		return "but " + state + ": nothing is promised any more"
	}
	return "but its state is " + state
}
