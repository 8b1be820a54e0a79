package authority

import (
	"errors"
	"maps"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// Codes of what speaks against a statement. They are part of the public
// contract: decisions and answers name them.
const (
	doubtStruck     = "struck"
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
	keys           map[string]time.Time // compromised keys, and from when on
	accreditations map[accredited]*scopeRecord
	groups         map[string]string             // organizations under common control, to one of them
	former         []formerly                    // organizations that were, until some day
	struck         map[label.Digest]label.Digest // statements and rulings, to the event that struck them
	operators      []string                      // organizations that work for the authority
}

// formerly says that two organizations were under common control.
type formerly struct {
	a, b  string
	until label.Date // last day
}

type accredited struct{ lab, number string }

// A scopeRecord is an accreditation as it was recorded last, and since when
// which categories have not been in it that once were.
type scopeRecord struct {
	label.Accreditation
	lost map[string]time.Time
}

func newDistrust(v *store.View) (*distrust, error) {
	d := &distrust{
		keys: map[string]time.Time{}, accreditations: map[accredited]*scopeRecord{},
		groups: map[string]string{}, struck: map[label.Digest]label.Digest{},
	}
	var inner error
	err := v.Orgs("", func(o *label.Organization) bool {
		inner = d.add(v, o)
		return inner == nil
	})
	if err := errors.Join(inner, err); err != nil {
		return nil, err
	}
	return d, v.Strikes(func(s store.Strike) { d.struck[s.Statement] = s.Event })
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
			d.keys[k.ID] = k.Compromised
		}
	}
	list, err := v.Accreditations(o.ID)
	for _, a := range list {
		d.accredit(o.ID, &a.Accreditation)
	}
	return err
}

// accredit takes the next record of an accreditation.
func (d *distrust) accredit(lab string, next *label.Accreditation) {
	id := accredited{lab, next.Number}
	rec := &scopeRecord{Accreditation: *next, lost: map[string]time.Time{}}
	if before := d.accreditations[id]; before != nil {
		for _, c := range before.Categories {
			if !next.HasCategory(c) {
				rec.lost[c] = next.Recorded
			}
		}
		for c, since := range before.lost {
			if !next.HasCategory(c) {
				rec.lost[c] = since
			}
		}
	}
	d.accreditations[id] = rec
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
	if _, ok := d.struck[st.ID]; ok {
		return &scheme.Doubt{Code: doubtStruck, Text: "was struck by the authority, which found it not to be reliable"}
	}
	if from, ok := d.keys[st.Key]; ok && !st.Received.Before(from) {
		return &scheme.Doubt{Code: doubtKey, Text: "arrived when the key that signed it may have been in the wrong hands; issue it anew, with another key and under another number"}
	}
	return nil
}

// doubt returns what speaks against a statement about a device, or nil.
func (d *distrust) doubt(st *store.Statement, maker string) *scheme.Doubt {
	if doubt := d.fallen(st); doubt != nil || st.Type != label.TypeTestReport {
		return doubt
	}
	if d.relatedOn(st.Signer, maker, st.Began) {
		return &scheme.Doubt{Code: doubtAffiliated, Against: true, Text: "is of a laboratory that is not independent of the manufacturer; another has to test the device; what it found wrong still counts"}
	}
	return nil
}

// scope returns what became of the accreditation under which a report about a
// category of device was accepted, or nil where that still covers it. Effect is
// what the scheme that judges says of scope that is lost.
func (d *distrust) scope(st *store.Statement, category string, effect scheme.Effect) *scheme.Doubt {
	if st.Type != label.TypeTestReport {
		return nil
	}
	rec := d.accreditations[accredited{st.Lab.ID, st.Lab.Accreditation}]
	switch {
	case rec == nil:
		return &scheme.Doubt{Code: doubtEnded, Against: true, Text: "was accepted under an accreditation that is not on record any more; what it found wrong still counts"}
	case rec.Suspended != "":
		return &scheme.Doubt{Code: doubtSuspended, Against: true, Text: "was made under accreditation " + rec.Number + ", which is suspended (" + rec.Suspended + "); what it found wrong still counts"}
	case st.Date.Before(rec.Interval.From) || st.Date.After(rec.Interval.To):
		return &scheme.Doubt{Code: doubtEnded, Against: true, Text: "was made under accreditation " + rec.Number + ", which did not run on the day when the tests ended; what it found wrong still counts"}
	case rec.HasCategory(category):
		return nil
	}
	doubt := &scheme.Doubt{Code: doubtScope, Against: true, Text: "was made under accreditation " + rec.Number + ", which no longer covers " + category + "; what it found wrong still counts"}
	switch effect.Action {
	case scheme.NoEffect:
		return nil
	case label.Lapse:
		since, ok := rec.lost[category]
		if !ok {
			since = rec.lost["*"]
		}
		doubt.Until = label.DateOf(since).AddMonths(effect.GraceMonths).End()
	}
	return doubt
}
