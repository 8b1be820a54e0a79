package authority

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// Codes of what speaks against a statement. They are part of the public
// contract: decisions and answers name them.
const (
	doubtStruck     = "struck"
	doubtWithdrawn  = "withdrawn"
	doubtKey        = "key-compromised"
	doubtSuspended  = "accreditation-suspended"
	doubtEnded      = "accreditation-ended"
	doubtScope      = "scope-lost"
	doubtAffiliated = "affiliated"
	doubtOther      = "other-device"
)

// distrust is what became known, after evidence was accepted, that speaks
// against it, and who works for the authority. It is derived from the registry after each change of that, and
// never changes itself: whoever judges holds on to one, and the writer sees
// whether it is still the present one.
type distrust struct {
	keys           map[string]keyCompromise // keys in the wrong hands
	accreditations map[accreditationKey]*scopeRecord
	groups         map[string]string             // organizations under common control, to one of them
	former         []formerly                    // organizations that were, until some day
	struck         map[label.Digest]*strikeCause // statements and rulings that were struck
	operators      []string                      // organizations that work for the authority
}

// A keyCompromise says that a key was in the wrong hands from an instant on.
type keyCompromise struct {
	since      time.Time
	ownersWord bool // nobody else says so
}

// A strikeCause says that a statement or ruling was struck, by which event and why.
type strikeCause struct {
	event label.Digest
	why   string // the reason, its title and what was written; empty where the event cannot be read

	// withdrawn says that its own laboratory withdrew it: what it found wrong counts.
	withdrawn bool
}

// text says it of a statement, in the words of whoever struck it: a report that fell
// because the authority made a mistake is not said to be unreliable.
func (s *strikeCause) text() string {
	text := "was struck by the authority"
	if s.withdrawn {
		text = "was withdrawn by its laboratory"
	}
	if s.why != "" {
		text += " (" + s.why + ")"
	}
	return text
}

// sentence says it of a statement or ruling that a label rests on.
func (s *strikeCause) sentence(e *label.LabelEvidence) string {
	if e.Type == label.TypeRuling {
		text := "The authority has taken back the ruling on appeal on which the label rests"
		if s.why != "" {
			text += " (" + s.why + ")"
		}
		return text + "."
	}
	kind := "Report"
	if label.SourceOf(e.Type) == label.SourceDeclaration {
		kind = "Declaration"
	}
	return fmt.Sprintf("%s %s of %s, on which the label rests, %s.", kind, e.Number, e.Signer, s.text())
}

// struckBy reads why an event struck a statement. One that cannot be read strikes all
// the same.
func (a *core) struckBy(v *store.View, event label.Digest) (*strikeCause, error) {
	s := &strikeCause{event: event}
	e, err := v.Event(event)
	switch {
	case err != nil && own(err):
		return s, nil
	case err != nil:
		return nil, err
	}
	s.why, s.withdrawn = a.because(&e.Event), e.Event.Kind == label.WithdrawalEvent
	return s, nil
}

// because says why an event was reported: the code of its reason, the title of that,
// and what the operator wrote.
func (a *core) because(e *label.Event) string {
	why := e.Reason
	if r := a.programme.Reasons[e.Reason]; r != nil {
		why += ": " + strings.TrimSuffix(r.Title, ".")
	}
	return why + ": " + label.Clip(strings.TrimRight(e.Text, ". "), label.MaxProse/2)
}

// A VoidRuling is why a ruling on an appeal does not count any more: an operator struck
// it, or the key that asked for it was in the wrong hands. Whoever is shown the ruling
// is shown that.
type VoidRuling struct {
	Event    label.Digest // that struck it; zero where the key was
	Operator string       // who did; empty where the key was
	At       time.Time    // when that was received
	Reason   string       // code; empty where the event cannot be read
	Title    string       // of the reason; empty where the programme has none any more
	Text     string       // what happened
}

// fallenRuling returns why a ruling does not count any more, or nil.
func (a *Evidence) fallenRuling(v *store.View, r *store.Ruling) (f *VoidRuling, err error) {
	if event, ok := v.Struck(r.Digest); ok {
		f = &VoidRuling{Event: event}
		e, err := v.Event(event)
		switch {
		case err != nil && !own(err):
			return nil, err
		case err == nil:
			f.Operator, f.At, f.Reason, f.Text = e.Signature.Organization, e.Received, e.Event.Reason, e.Event.Text
		}
	} else if c, ok := a.distrust.Load().keys[r.Request.Key]; ok && !r.Decided.Before(c.since) {
		k, err := v.Key(r.Request.Key)
		if err != nil {
			return nil, err
		}
		f = &VoidRuling{At: k.Revoked, Reason: reasonKey, Text: k.RevokedFor}
	}
	if f != nil && a.programme.Reasons[f.Reason] != nil {
		f.Title = a.programme.Reasons[f.Reason].Title
	}
	return f, nil
}

// formerly says that two organizations were under common control.
type formerly struct {
	a, b  string
	until label.Date // last day
}

type accreditationKey struct{ lab, number string }

// A scopeRecord is an accreditation as it was recorded last, since when which
// parts of its scope have not been in it that once were.
type scopeRecord struct {
	label.Accreditation
	index int64 // log entry of the record
	lost  map[part]time.Time
}

// since names what a record of an accreditation came by.
func (rec *scopeRecord) since() string {
	if rec.Event.IsZero() {
		return fmt.Sprintf("log entry %d", rec.index)
	}
	return "event " + rec.Event.String()
}

// A part is one piece of the scope of an accreditation: a standard, a category of
// devices, or a method of assessment. "*" is a category of its own.
type part struct{ kind, name string }

// Kinds of parts, as people are told of them.
const (
	partStandard = "standard"
	partCategory = "category"
	partMethod   = "method"
)

// scopeOf lists the parts of an accreditation's scope, in the order in which people
// are told of them.
func scopeOf(acc *label.Accreditation) (list []part) {
	for _, s := range acc.Standards {
		list = append(list, part{partStandard, s})
	}
	for _, c := range acc.Categories {
		list = append(list, part{partCategory, c})
	}
	for _, m := range acc.Methods {
		list = append(list, part{partMethod, string(m)})
	}
	return list
}

// within reports whether an accreditation has a part in its scope.
func (p part) within(acc *label.Accreditation) bool {
	return slices.Contains(scopeOf(acc), p) || p.kind == partCategory && slices.Contains(acc.Categories, "*")
}

func (a *core) newDistrust(v *store.View) (*distrust, error) {
	d := &distrust{
		keys: map[string]keyCompromise{}, accreditations: map[accreditationKey]*scopeRecord{},
		groups: map[string]string{}, struck: map[label.Digest]*strikeCause{},
	}
	var inner error
	err := v.Orgs("", func(o *label.Organization) bool {
		inner = d.add(v, o)
		return inner == nil
	})
	if err := errors.Join(inner, err); err != nil {
		return nil, err
	}
	err = v.Strikes(func(s store.Strike) {
		if inner == nil {
			d.struck[s.Statement], inner = a.struckBy(v, s.Event)
		}
	})
	return d, errors.Join(inner, err)
}

func (d *distrust) add(v *store.View, o *label.Organization) error {
	if o.Has(label.RoleOperator) {
		d.operators = append(d.operators, o.ID)
	}
	for _, other := range o.Affiliates {
		d.unite(o.ID, other)
	}
	for _, f := range o.Formerly {
		d.former = append(d.former, formerly{o.ID, f.ID, f.Until})
	}
	keys, err := v.OrgKeys(o.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !k.Compromised.IsZero() {
			d.keys[k.ID] = keyCompromise{k.Compromised, k.OwnersWord}
		}
	}
	list, err := v.Accreditations(o.ID)
	if err != nil {
		return err
	}
	for _, a := range list {
		since, err := narrowedAt(v, a)
		if err != nil {
			return err
		}
		d.accredit(o.ID, a, since)
	}
	return nil
}

// narrowedAt returns from when on what a record of an accreditation leaves out
// counts as lost: where an event narrowed it, from when that was reported, as the
// labels end by which the event touches; otherwise from when it was recorded.
func narrowedAt(v *store.View, a *store.Accreditation) (time.Time, error) {
	if a.Event.IsZero() {
		return a.Recorded, nil
	}
	switch e, err := v.Event(a.Event); {
	case errors.Is(err, store.ErrNotFound):
		return a.Recorded, nil
	case err != nil:
		return time.Time{}, err
	case len(e.Event.Categories) > 0:
		return e.Event.Made, nil
	}
	return a.Recorded, nil
}

// accredit takes the next record of an accreditation, and from when on what it
// leaves out counts as lost.
func (d *distrust) accredit(lab string, next *store.Accreditation, since time.Time) {
	id := accreditationKey{lab, next.Number}
	rec := &scopeRecord{Accreditation: next.Accreditation, index: next.Index, lost: map[part]time.Time{}}
	if before := d.accreditations[id]; before != nil {
		for _, p := range scopeOf(&before.Accreditation) {
			if !p.within(&rec.Accreditation) {
				rec.lost[p] = since
			}
		}
		for p, since := range before.lost {
			if !p.within(&rec.Accreditation) {
				rec.lost[p] = since
			}
		}
	}
	d.accreditations[id] = rec
}

// waysOut says, by the code of what speaks against a report, what makes up for it.
var waysOut = map[string]string{
	doubtWithdrawn:  "submit another report; its laboratory can issue it anew, under another number",
	doubtStruck:     "submit another report; its laboratory can issue it anew, under another number",
	doubtKey:        "submit another report; its laboratory can issue it anew, with another key and under another number",
	doubtSuspended:  "renew when the accreditation is in force again, or submit a report of an accredited laboratory",
	doubtEnded:      "renew when the accreditation is recorded to run on that day, or submit a report of an accredited laboratory",
	doubtScope:      "renew when the accreditation covers that again, or submit a report of a laboratory that is accredited for it",
	doubtAffiliated: "submit a report of a laboratory that is independent of the manufacturer",
}

// against says what speaks against the reports that a label rests on, since when, and
// what makes up for that; nothing where nothing does.
func against(items []*scheme.Item, l *label.Label) string {
	var list []string
	for _, it := range items {
		if label.SourceOf(it.Type) != label.SourceLab || it.Doubt == nil || !restsOn(l, it.ID) {
			continue
		}
		text := fmt.Sprintf("Report %s of %s, on which the label rests, %s", it.Number, it.Signer, strings.TrimSuffix(it.Doubt.Text, "; what it found wrong still counts"))
		if it.Doubt.Since != "" {
			text += " (" + it.Doubt.Since + ")"
		}
		if day := it.Doubt.LastDay(); !day.IsZero() {
			text += ", and counts until " + day.String() + " only"
		}
		if way := waysOut[it.Doubt.Code]; way != "" {
			text += ". To go on: " + way
		}
		list = append(list, text+".")
	}
	return strings.Join(list, " ")
}

// group returns the one organization that stands for all under common control
// with another, which may be itself.
func (d *distrust) group(org string) string {
	for {
		up, ok := d.groups[org]
		if !ok {
			return org
		}
		org = up
	}
}

func (d *distrust) unite(a, b string) {
	if ga, gb := d.group(a), d.group(b); ga != gb {
		d.groups[ga] = gb
	}
}

// related reports whether two organizations are one, or under common control:
// one names the other as affiliate, or both have a common parent, over however
// many steps. The parent need not be enrolled.
func (d *distrust) related(a, b string) bool { return d.group(a) == d.group(b) }

// relatedOn reports whether two organizations were related on a day or have been
// since: what a laboratory tested for its own house counts no more when that sells
// it.
func (d *distrust) relatedOn(a, b string, day label.Date) bool {
	if d.related(a, b) {
		return true
	}
	if len(d.former) == 0 {
		return false
	}
	then := &distrust{groups: maps.Clone(d.groups)}
	for _, f := range d.former {
		if !f.until.Before(day) {
			then.unite(f.a, f.b)
		}
	}
	return then.related(a, b)
}

// fallen returns why a statement does not count at all any more, or nil.
func (d *distrust) fallen(st *store.Statement) *scheme.Doubt {
	if s := d.struck[st.ID]; s != nil && !s.withdrawn {
		return &scheme.Doubt{Code: doubtStruck, Since: "event " + s.event.String(), Text: s.text()}
	}
	if d.stolen(st) && !d.keys[st.Key].ownersWord {
		return &scheme.Doubt{Code: doubtKey, Text: stolenText}
	}
	return nil
}

const stolenText = "arrived when the key that signed it may have been in the wrong hands; issue it anew, with another key and under another number"

// stolen reports whether a statement arrived when the key that signed it may have been in
// the wrong hands.
func (d *distrust) stolen(st *store.Statement) bool {
	c, ok := d.keys[st.Key]
	return ok && !st.Received.Before(c.since)
}

// doubtOwner is the doubt about a statement of which only its signer says that somebody
// else may have signed it. What a laboratory found wrong counts: otherwise it could lose a
// key whenever it is talked into having found nothing.
func doubtOwner() *scheme.Doubt {
	return &scheme.Doubt{Code: doubtKey, Against: true, Text: stolenText + "; what it found wrong still counts"}
}

// doubt returns what speaks against a statement about a device, or nil.
func (d *distrust) doubt(st *store.Statement, maker string) *scheme.Doubt {
	if doubt := d.fallen(st); doubt != nil {
		return doubt
	}
	if d.stolen(st) {
		return doubtOwner()
	}
	if label.SourceOf(st.Type) != label.SourceLab {
		return nil
	}
	if s := d.struck[st.ID]; s != nil {
		return &scheme.Doubt{Code: doubtWithdrawn, Since: "event " + s.event.String(), Against: true, Text: s.text() + "; what it found wrong still counts"}
	}
	if d.relatedOn(st.Signer, maker, st.Began) {
		return &scheme.Doubt{Code: doubtAffiliated, Against: true, Text: "is of a laboratory that is not independent of the manufacturer; another has to test the device; what it found wrong still counts"}
	}
	return nil
}

// scope returns what became of the accreditation under which a report about a
// category of device was accepted, or nil where that still covers it. Effect is
// what the scheme that judges says of scope that is lost: by it the report may count
// until some day all the same.
//
// Item is what the report says, or nil where it has not been read: it is read where
// something was lost.
func (d *distrust) scope(v *store.View, st *store.Statement, item *scheme.Item, category string, effect scheme.Effect) (*scheme.Doubt, error) {
	if label.SourceOf(st.Type) != label.SourceLab {
		return nil, nil
	}
	rec := d.accreditations[accreditationKey{st.Lab.ID, st.Lab.Accreditation}]
	switch {
	case rec == nil:
		return &scheme.Doubt{Code: doubtEnded, Against: true, Text: "was accepted under an accreditation that is not on record any more; what it found wrong still counts"}, nil
	case rec.Suspended != "":
		return &scheme.Doubt{Code: doubtSuspended, Since: rec.since(), Against: true, Text: "was made under accreditation " + rec.Number + ", which is suspended (" + rec.Suspended + "); what it found wrong still counts"}, nil
	case st.Date.Before(rec.Interval.From) || st.Date.After(rec.Interval.To):
		return &scheme.Doubt{Code: doubtEnded, Since: rec.since(), Against: true, Text: "was made under accreditation " + rec.Number + ", which did not run on the day when the tests ended; what it found wrong still counts"}, nil
	}
	if effect.Action == scheme.NoEffect || len(rec.lost) == 0 && rec.HasCategory(category) {
		return nil, nil
	}
	if item == nil {
		var err error
		if item, err = itemOf(v, st); err != nil {
			return nil, err
		}
	}
	missing, since := rec.missing(item, category)
	if len(missing) == 0 {
		return nil, nil
	}
	doubt := &scheme.Doubt{Code: doubtScope, Since: rec.since(), Against: true, Text: "was made under accreditation " + rec.Number + ", which no longer covers " + strings.Join(missing, " and ") + "; what it found wrong still counts"}
	if effect.Action == label.Lapse {
		doubt.Until = label.DateOf(since).AddMonths(effect.GraceMonths).End()
	}
	return doubt, nil
}

// missing returns what a report needs and the scope does not have any more, in
// words, and since when the first of that has been missing.
func (rec *scopeRecord) missing(item *scheme.Item, category string) (what []string, since time.Time) {
	parts := []part{{partStandard, item.Standard}, {partCategory, category}}
	for _, m := range item.AllMethods() {
		parts = append(parts, part{partMethod, string(m)})
	}
	for _, p := range parts {
		if p.within(&rec.Accreditation) {
			continue
		}
		lost, ok := rec.lost[p]
		if !ok && p.kind == partCategory {
			lost = rec.lost[part{partCategory, "*"}]
		}
		if len(what) == 0 || lost.Before(since) {
			since = lost
		}
		if p.kind == partMethod {
			p.name = "the method " + p.name
		}
		what = append(what, p.name)
	}
	return what, since
}
