package verify

import (
	"time"

	"labeld/internal/label"
	"labeld/internal/statuslist"
)

// ListPath is where a service serves its status list.
const ListPath = "/status-list"

// ListURL returns where the status list is served, which is its name.
func (t *Trust) ListURL() string { return t.URL + ListPath }

// OpenList checks a signed status list. A list counts for as long as it says,
// and never for longer than the trust file allows: what a list says of itself
// must not make up for a key that was stolen.
func (t *Trust) OpenList(raw []byte, now time.Time) (*statuslist.Signed, error) {
	s, err := statuslist.Open(raw, t.keys, t.ListURL(), now)
	if err != nil {
		return nil, err
	}
	if err := t.inUse("statusList", s.Key, s.Issued); err != nil {
		return nil, err
	}
	if limit := s.Issued.Add(t.Freshness.List()); s.Expires.After(limit) {
		s.Expires = limit
	}
	if !now.Before(s.Expires) {
		return nil, label.Errorf(label.Precondition, label.ReasonStale, "statusList.iat",
			"was made on %s, and the trust file lets a list count for %s; fetch a new one at %s", s.Issued.Format(time.RFC3339), t.Freshness.List(), t.ListURL())
	}
	return s, nil
}

// ListValue returns how a state stands in the status list. Expiry is not in it.
func ListValue(s label.State) statuslist.Value {
	switch {
	case s == label.Suspended:
		return statuslist.Suspended
	case s.Final():
		return statuslist.Invalid
	}
	return statuslist.Valid
}

// An Overruling is what a status list says of a label that is newer than what a
// package proves, and says something else.
type Overruling struct {
	At    time.Time        `json:"at"` // when the list was made
	Value statuslist.Value `json:"value"`
}

// Lost reports whether the label is no longer valid by the word of a status list
// that is newer than what the package proves of the instant that was asked about.
// The package cannot say why, nor whether it was revoked, withdrawn or superseded.
// A list may be dated a little ahead of the present, as all that is verified.
func (r *Result) Lost() bool {
	o := r.Overruled
	return o != nil && o.Value != statuslist.Valid && r.At.After(r.Complete) && !r.At.Before(o.At.Add(-label.MaxVerifierSkew))
}

// CheckList holds a verified package to a status list: what the package says of
// the instant when the list was made must be what the list says. Where both agree
// that the label is valid, the list says as well as a complete history how the
// label stands, and the result notes it.
//
// Where they differ, the list is believed of what the package does not prove,
// since anybody can leave out what comes after that or keep an older package:
// [Result.Overruled] has it then. Against what the package proves stands the
// authority's word against its own, which is an error; so is a list in which a
// label lives that had ended for ever.
func (t *Trust) CheckList(r *Result, l *statuslist.Signed) error {
	listed, ok := l.Get(r.Index)
	if !ok || l.Issued.Before(r.Label.Issued) {
		return label.Errorf(label.Precondition, label.ReasonStale, "statusList",
			"was made on %s, before the label; fetch a new one at %s", l.Issued.Format(time.RFC3339), t.ListURL())
	}
	then := r.StandingAt(l.Issued)
	// Times are whole seconds: what happened in the second of the list may have
	// come just after it.
	before := r.StandingAt(l.Issued.Add(-time.Second))
	switch agree := ListValue(then.State) == listed || ListValue(before.State) == listed; {
	case agree && listed == statuslist.Valid:
		r.Listed = l.Issued
	case agree:
	case l.Issued.After(r.Complete) && !then.State.Final():
		r.Overruled = &Overruling{l.Issued, listed}
	default:
		return label.Errorf(label.Invalid, label.ReasonWithheld, "package",
			"proves that the label was %s on %s, and the status list of that time has it as %s: the authority has signed both, and one is wrong; fetch both again (%s/l/%s/package), and tell the authority if it stays so",
			then.State, l.Issued.Format(time.RFC3339), listed, t.URL, r.Label.ID)
	}
	r.say("status list", "%s in the list of %s", listed, l.Issued.Format(time.RFC3339))
	return nil
}
