package label

import (
	"cmp"
	"net/mail"
	"slices"
	"strings"
	"time"
)

// A Role is what an organization may do in the programme.
type Role string

const (
	RoleOperator     Role = "operator"     // works for the authority
	RoleLab          Role = "lab"          // signs test reports
	RoleManufacturer Role = "manufacturer" // signs declarations, requests labels
)

// Roles lists the roles.
var Roles = []Role{RoleOperator, RoleLab, RoleManufacturer}

// An Organization is a party of the programme.
type Organization struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Roles      []Role    `json:"roles"`
	URL        string    `json:"url,omitempty"`
	Contact    string    `json:"contact,omitempty"`    // mailto or https URL
	Affiliates []string  `json:"affiliates,omitempty"` // organizations under the same control
	Formerly   []Former  `json:"formerly,omitempty"`   // organizations that were
	Enrolled   time.Time `json:"enrolled"`

	// Suspended is since when nothing counts that the organization signs, and its callers
	// are turned away; zero while that is not so.
	Suspended    time.Time `json:"suspended,omitzero"`
	SuspendedFor string    `json:"suspendedFor,omitempty"`
}

// A Former is an organization that was under the same control as another.
type Former struct {
	ID    string `json:"id"`
	Until Date   `json:"until"` // last day on which it was
}

// Change gives the organization what a profile names, and leaves the rest.
func (o *Organization) Change(p *Profile) {
	o.Name, o.URL, o.Contact = cmp.Or(p.Name, o.Name), cmp.Or(p.URL, o.URL), cmp.Or(p.Contact, o.Contact)
}

// Has reports whether the organization has a role.
func (o *Organization) Has(r Role) bool { return slices.Contains(o.Roles, r) }

// Validate checks an organization to be enrolled.
func (o *Organization) Validate() error {
	if err := checkSlug("id", o.ID); err != nil {
		return err
	}
	if err := checkText("name", o.Name, MaxText); err != nil {
		return err
	}
	if len(o.Roles) == 0 {
		return invalid(ReasonMissing, "roles", "at least one is required")
	}
	for i, r := range o.Roles {
		if !slices.Contains(Roles, r) {
			return invalid(ReasonOutOfRange, index("roles", i), "must be operator, lab or manufacturer")
		}
		if slices.Contains(o.Roles[:i], r) {
			return invalid(ReasonDuplicateKey, index("roles", i), "%q stands twice", r)
		}
	}
	if o.Has(RoleOperator) && len(o.Roles) > 1 {
		return invalid(ReasonWrongRole, "roles", "an operator works for the authority and can be neither lab nor manufacturer")
	}
	if err := checkPage("url", o.URL); err != nil {
		return err
	}
	if o.Contact != "" {
		if err := checkContact("contact", o.Contact); err != nil {
			return err
		}
	}
	return checkSlugs("affiliates", o.Affiliates, MaxVerdicts)
}

// Party returns the organization as statements name it. One that was enrolled with a
// longer address of its page than statements have is named without it.
func (o *Organization) Party() Party {
	p := Party{ID: o.ID, Name: o.Name, URL: o.URL}
	if checkPage("url", p.URL) != nil {
		p.URL = ""
	}
	return p
}

// checkContact requires a mailto or https URL.
func checkContact(field, s string) error {
	if s == "" {
		return invalid(ReasonMissing, field, "is required: a mailto or https URL")
	}
	if addr, ok := strings.CutPrefix(s, "mailto:"); ok {
		if a, err := mail.ParseAddress(addr); err != nil || a.Address != addr {
			return invalid(ReasonMalformed, field, "is not a mail address")
		}
		return checkOptional(field, s, MaxText)
	}
	return checkURL(field, s)
}

// An Accreditation is what a lab may test, and from when to when. Predicate of
// [TypeAccreditation], about the lab's organization record; public and logged.
// A later one with the same number takes the place of an earlier one.
type Accreditation struct {
	Lab        Party     `json:"lab"`
	Number     string    `json:"number"`              // as the accreditation body gave it
	Body       string    `json:"body"`                // accreditation body
	Standards  []string  `json:"standards"`           // such as en303645
	Categories []string  `json:"categories"`          // device categories; "*" for all
	Methods    []Method  `json:"methods"`             // of assessment, such as functional-test
	Interval   Period    `json:"interval"`            // first and last day
	Keys       []string  `json:"keys"`                // the lab's key IDs when this was said
	Suspended  string    `json:"suspended,omitempty"` // why it does not count for the time being
	Narrowed   string    `json:"narrowed,omitempty"`  // why it has fewer categories than before
	Authority  Party     `json:"authority"`
	Recorded   time.Time `json:"recorded"`

	// Event is by which it is suspended, or else was narrowed last. Requests are who asked
	// for it. It has one of the two.
	Event    Digest       `json:"event,omitzero"`
	Requests []RequestRef `json:"requests,omitempty"`
}

// Validate is the linter's view of an accreditation.
func (a *Accreditation) Validate() error {
	if err := a.Lab.Validate(); err != nil {
		return Within("lab", err)
	}
	if err := a.Scope().Validate(); err != nil {
		return err
	}
	for _, f := range []struct {
		field string
		list  []string
	}{{"standards", a.Standards}, {"categories", a.Categories}, {"keys", a.Keys}} {
		for i := range f.list {
			if i > 0 && f.list[i-1] >= f.list[i] {
				return invalid(ReasonNotCanonical, index(f.field, i), "must be ascending and without repeats")
			}
		}
	}
	for i, k := range a.Keys {
		if err := checkKeyID(index("keys", i), k); err != nil {
			return err
		}
	}
	for _, f := range []struct{ field, value string }{{"suspended", a.Suspended}, {"narrowed", a.Narrowed}} {
		if err := checkOptional(f.field, f.value, MaxProse); err != nil {
			return err
		}
	}
	if err := a.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	if a.Event.IsZero() == (len(a.Requests) == 0) {
		return invalid(ReasonMissing, "requests", "somebody asked for it, or it follows from an event: name the one or the other")
	}
	if err := CheckRequests("requests", a.Requests); err != nil {
		return err
	}
	return checkRecorded(a.Recorded)
}

// Order puts lists whose order means nothing into the one that statements have.
func (a *Accreditation) Order() {
	ascending := func(list []string) []string { return slices.Compact(slices.Sorted(slices.Values(list))) }
	a.Standards, a.Categories, a.Keys = ascending(a.Standards), ascending(a.Categories), ascending(a.Keys)
	if slices.Contains(a.Categories, allCategories) {
		a.Categories = []string{allCategories}
	}
}

// allCategories stands for all categories of devices.
const allCategories = "*"

// HasCategory reports whether the scope has a category of device.
func (a *Accreditation) HasCategory(category string) bool {
	return slices.Contains(a.Categories, category) || slices.Contains(a.Categories, "*")
}

// Covers reports whether the accreditation covers testing of category devices
// to a standard by all of some methods, for a test period that ended on day, in a
// report that arrived at an instant. Where not, the error says which part of the
// scope is missing.
//
// Both times count. The day is the laboratory's own word: a laboratory that is
// no longer accredited could date a report back to when it was. So a report has
// to arrive while the accreditation runs, or at most [MaxReportDelay] after its
// end, which is enough to write it.
func (a *Accreditation) Covers(standard, category string, methods []Method, day Date, arrived time.Time) error {
	lacks := slices.IndexFunc(methods, func(m Method) bool { return !slices.Contains(a.Methods, m) })
	switch {
	case a.Suspended != "":
		return Errorf(Denied, ReasonScopeInterval, "lab",
			"accreditation %s is suspended: %s", a.Number, a.Suspended)
	case !slices.Contains(a.Standards, standard):
		return Errorf(Denied, ReasonScopeStandard, "standard",
			"accreditation %s covers %s, not %s", a.Number, strings.Join(a.Standards, ", "), standard)
	case !a.HasCategory(category):
		return Errorf(Denied, ReasonScopeCategory, "category",
			"accreditation %s covers the categories %s, not %s", a.Number, strings.Join(a.Categories, ", "), category)
	case lacks >= 0:
		return Errorf(Denied, ReasonScopeMethod, "methods",
			"accreditation %s covers the methods %s, not %s", a.Number, joined(a.Methods), methods[lacks])
	case day.Before(a.Interval.From) || day.After(a.Interval.To):
		return Errorf(Denied, ReasonScopeInterval, "period.to",
			"accreditation %s ran from %s to %s, the test period ended on %s", a.Number, a.Interval.From, a.Interval.To, day)
	case !arrived.Before(a.Interval.To.End().Add(MaxReportDelay)):
		return Errorf(Denied, ReasonScopeInterval, "lab",
			"accreditation %s ended on %s, and reports under it were accepted until %s; a laboratory that is accredited now has to test the device",
			a.Number, a.Interval.To, DateOf(a.Interval.To.End().Add(MaxReportDelay-1)))
	}
	return nil
}

func joined[T ~string](list []T) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, ", ")
}

// A Key is an enrolled public key. Its ID is the SHA-256 of its PKIX encoding,
// in lower-case hex.
type Key struct {
	ID           string    `json:"id"`
	Organization string    `json:"organization"`
	PEM          string    `json:"pem"`
	Algorithm    string    `json:"algorithm"` // such as ecdsa-p256
	From         time.Time `json:"from"`      // signatures count from here on
	Enrolled     time.Time `json:"enrolled"`
	Revoked      time.Time `json:"revoked,omitzero"`
	RevokedFor   string    `json:"revokedFor,omitempty"`
	Compromised  time.Time `json:"compromised,omitzero"` // what it signed that was received from here on does not count
	OwnersWord   bool      `json:"ownersWord,omitzero"`  // that it is compromised says its owner only, who is no operator: what it found wrong counts on
	Person       string    `json:"person,omitempty"`     // who holds it; empty where that is nobody in particular
	AddedBy      *Actor    `json:"addedBy,omitempty"`    // absent where the programme was made with it
}

// Usable returns why the key may not be used at t, or nil.
func (k *Key) Usable(t time.Time) error {
	if !k.Revoked.IsZero() && !t.Before(k.Revoked) {
		return Errorf(Denied, ReasonKeyRevoked, "", "key %s was revoked on %s: %s", k.Short(), k.Revoked.UTC().Format(time.RFC3339), k.RevokedFor)
	}
	if t.Before(k.From) {
		return Errorf(Denied, ReasonKeyNotYetValid, "", "key %s is valid from %s on", k.Short(), k.From.UTC().Format(time.RFC3339))
	}
	return nil
}

// Stolen reports whether somebody else may have signed with the key what was received
// at t.
func (k *Key) Stolen(t time.Time) bool { return !k.Compromised.IsZero() && !t.Before(k.Compromised) }

// Revoke ends the use of the key from an instant on. One that was revoked before stays so.
func (k *Key) Revoke(at time.Time, why string) {
	if k.Revoked.IsZero() {
		k.Revoked, k.RevokedFor = at.UTC().Truncate(time.Second), why
	}
}

// Short returns the beginning of the key's ID, enough to tell keys apart.
func (k *Key) Short() string { return k.ID[:min(16, len(k.ID))] }
