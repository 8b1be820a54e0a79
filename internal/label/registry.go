package label

import (
	"slices"
	"time"
)

// A Person is somebody who acts for an organization, with keys of their own. Whoever
// counts who agreed counts persons, and never keys.
//
// An ID belongs to one person of one organization for ever, so that nobody is two
// persons by belonging to two organizations. Keys that are of nobody in particular are
// all taken to be one person's.
type Person struct {
	ID           string    `json:"id"`
	Organization string    `json:"organization"`
	Name         string    `json:"name,omitempty"`   // for people; a role or a pseudonym will do
	Machine      bool      `json:"machine,omitzero"` // a program: it agrees to nothing
	Added        time.Time `json:"added"`
	AddedBy      Actor     `json:"addedBy"`
	Left         time.Time `json:"left,omitzero"` // from when on it acts no more; its keys were revoked then
	LeftFor      string    `json:"leftFor,omitempty"`
}

// A Profile is what people are shown of an organization.
type Profile struct {
	Name    string `json:"name,omitempty"`
	URL     string `json:"url,omitempty"`
	Contact string `json:"contact,omitempty"`
}

// A RegistryRequest asks for a change of the registry: who may act, for whom, with which
// keys, and what laboratories may test. Predicate of [TypeRegistryRequest], about what it
// changes ([RegistryRequest.Subject]); it stays with the authority.
type RegistryRequest struct {
	Act          ActKind  `json:"act"`
	Organization string   `json:"organization,omitempty"` // ID; of all but acts.adopt and key.replace, key.revoke
	Profile      *Profile `json:"profile,omitempty"`      // org.enrol; org.change: what is to be another
	Roles        []Role   `json:"roles,omitempty"`        // org.enrol
	Affiliates   []string `json:"affiliates,omitempty"`   // org.enrol: organizations under the same control

	Person  string `json:"person,omitempty"` // person.add, person.remove; key.add: who holds it
	Name    string `json:"name,omitempty"`   // person.add
	Machine bool   `json:"machine,omitzero"` // person.add

	Key  string    `json:"key,omitempty"` // ID; key.revoke; key.replace: the one that signs this
	PEM  string    `json:"pem,omitempty"` // key.add, key.replace
	From time.Time `json:"from,omitzero"` // key.add: from when on it counts

	Accreditation *Scope `json:"accreditation,omitempty"` // accreditation.record
	Table         Digest `json:"table,omitzero"`          // acts.adopt: of the file

	Text string `json:"text,omitempty"` // why
	Addressed
	Made time.Time `json:"made"`
}

// registryActs are the acts that a [RegistryRequest] asks for.
var registryActs = []ActKind{
	ActEnrolOrg, ActChangeOrg, ActSuspendOrg, ActResumeOrg, ActAddPerson, ActRemovePerson,
	ActAddKey, ActReplaceKey, ActRevokeKey, ActAccredit, ActAdoptActs,
}

// ActKind returns the act that is asked for. Where that is about operators, the registry
// says so ([ActKind.OfOperators]).
func (r *RegistryRequest) ActKind() ActKind { return r.Act }

// MadeAt returns when the request was made.
func (r *RegistryRequest) MadeAt() time.Time { return r.Made }

// About returns what is to be changed.
func (r *RegistryRequest) About() string {
	switch r.Act {
	case ActAddPerson, ActRemovePerson:
		return r.Person
	case ActReplaceKey, ActRevokeKey:
		return r.Key
	case ActAdoptActs:
		return r.Table.String()
	}
	return r.Organization
}

// Subject returns what the statement has as its subject.
func (r *RegistryRequest) Subject() Digest {
	if r.Act == ActAdoptActs {
		return r.Table
	}
	return DigestOf([]byte(r.About()))
}

// Validate checks what can be known without the registry.
func (r *RegistryRequest) Validate() error {
	if !slices.Contains(registryActs, r.Act) {
		return invalid(ReasonOutOfRange, "act", "is %q; must be one of %v", r.Act, registryActs)
	}
	for _, f := range []struct {
		field         string
		given         bool
		wanted, taken []ActKind // by which acts it is required, or may be left out
	}{
		{"organization", r.Organization != "", []ActKind{ActEnrolOrg, ActChangeOrg, ActSuspendOrg, ActResumeOrg, ActAddPerson, ActRemovePerson, ActAddKey, ActAccredit}, nil},
		{"profile", r.Profile != nil, []ActKind{ActEnrolOrg, ActChangeOrg}, nil},
		{"roles", len(r.Roles) > 0, []ActKind{ActEnrolOrg}, nil},
		{"affiliates", len(r.Affiliates) > 0, nil, []ActKind{ActEnrolOrg}},
		{"person", r.Person != "", []ActKind{ActAddPerson, ActRemovePerson}, []ActKind{ActAddKey}},
		{"name", r.Name != "", nil, []ActKind{ActAddPerson}},
		{"machine", r.Machine, nil, []ActKind{ActAddPerson}},
		{"key", r.Key != "", []ActKind{ActReplaceKey, ActRevokeKey}, nil},
		{"pem", r.PEM != "", []ActKind{ActAddKey, ActReplaceKey}, nil},
		{"from", !r.From.IsZero(), nil, []ActKind{ActAddKey}},
		{"accreditation", r.Accreditation != nil, []ActKind{ActAccredit}, nil},
		{"table", !r.Table.IsZero(), []ActKind{ActAdoptActs}, nil},
		{"text", r.Text != "", []ActKind{ActSuspendOrg, ActRemovePerson, ActRevokeKey, ActAdoptActs}, registryActs},
	} {
		switch wanted := slices.Contains(f.wanted, r.Act); {
		case wanted && !f.given:
			return invalid(ReasonMissing, f.field, "is required of the act %s", r.Act)
		case f.given && !wanted && !slices.Contains(f.taken, r.Act):
			return invalid(ReasonOutOfRange, f.field, "does not go with the act %s", r.Act)
		}
	}
	if r.Made.IsZero() || r.Made.Nanosecond() != 0 || r.From.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "made", "times are whole seconds, and when the request was made is required")
	}
	if err := r.CheckAddress(); err != nil {
		return err
	}
	return r.validateParts()
}

// validateParts checks the values of those members that are there.
func (r *RegistryRequest) validateParts() error {
	for _, f := range []struct{ field, value string }{{"organization", r.Organization}, {"person", r.Person}} {
		if f.value != "" {
			if err := checkSlug(f.field, f.value); err != nil {
				return err
			}
		}
	}
	for _, f := range []struct {
		field, value string
		most         int
	}{{"name", r.Name, MaxText}, {"text", r.Text, MaxProse}} {
		if err := checkOptional(f.field, f.value, f.most); err != nil {
			return err
		}
	}
	if r.Key != "" {
		if err := checkKeyID("key", r.Key); err != nil {
			return err
		}
	}
	if len(r.PEM) > MaxPEM {
		return Errorf(TooLarge, ReasonTooLarge, "pem", "is %d bytes, at most %d are accepted", len(r.PEM), MaxPEM)
	}
	switch r.Act {
	case ActEnrolOrg:
		return Within("organization", r.Enrolled().Validate())
	case ActChangeOrg:
		return r.Profile.validate()
	case ActAccredit:
		return Within("accreditation", r.Accreditation.Validate())
	}
	return nil
}

// A Scope is what a laboratory is to be recorded to be accredited for.
type Scope struct {
	Number     string   `json:"number"` // as the accreditation body gave it
	Body       string   `json:"body"`   // accreditation body
	Standards  []string `json:"standards"`
	Categories []string `json:"categories"` // "*" for all
	Methods    []Method `json:"methods"`
	Interval   Period   `json:"interval"` // first and last day
}

// Validate checks what can be known without registry and catalogue. The order of its
// lists means nothing.
func (s *Scope) Validate() error {
	if err := checkText("number", s.Number, MaxText); err != nil {
		return err
	}
	if err := checkText("body", s.Body, MaxText); err != nil {
		return err
	}
	if len(s.Standards) == 0 {
		return invalid(ReasonMissing, "standards", "at least one is required")
	}
	if err := checkSlugs("standards", s.Standards, MaxVerdicts); err != nil {
		return err
	}
	if len(s.Categories) == 0 {
		return invalid(ReasonMissing, "categories", "at least one is required; \"*\" stands for all")
	}
	if len(s.Categories) > 1 && slices.Contains(s.Categories, allCategories) {
		return invalid(ReasonOutOfRange, "categories", "has \"*\", which stands for all, beside others; leave the others out")
	}
	if s.Categories[0] != allCategories {
		if err := checkSlugs("categories", s.Categories, MaxVerdicts); err != nil {
			return err
		}
	}
	if len(s.Methods) == 0 {
		return invalid(ReasonMissing, "methods", "at least one is required: by which methods the laboratory may assess devices")
	}
	if err := checkMethods("methods", s.Methods); err != nil {
		return err
	}
	if s.Interval.From.IsZero() || s.Interval.To.IsZero() || s.Interval.To.Before(s.Interval.From) {
		return invalid(ReasonOutOfRange, "interval", "needs a first day and a later last day")
	}
	return nil
}

// Record returns what is to be recorded of a laboratory.
func (s *Scope) Record(lab string) *Accreditation {
	return &Accreditation{Lab: Party{ID: lab}, Number: s.Number, Body: s.Body, Standards: s.Standards, Categories: s.Categories, Methods: s.Methods, Interval: s.Interval}
}

// Scope returns what an accreditation is for.
func (a *Accreditation) Scope() *Scope {
	return &Scope{Number: a.Number, Body: a.Body, Standards: a.Standards, Categories: a.Categories, Methods: a.Methods, Interval: a.Interval}
}

// Enrolled returns the organization that the request would have enrolled.
func (r *RegistryRequest) Enrolled() *Organization {
	return &Organization{ID: r.Organization, Name: r.Profile.Name, URL: r.Profile.URL, Contact: r.Profile.Contact, Roles: r.Roles, Affiliates: r.Affiliates}
}

// validate checks what of an organization is to be another.
func (p *Profile) validate() error {
	if *p == (Profile{}) {
		return invalid(ReasonMissing, "profile", "names nothing that is to be another: a name, a URL or a contact")
	}
	if err := checkOptional("profile.name", p.Name, MaxText); err != nil {
		return err
	}
	if err := checkPage("profile.url", p.URL); err != nil {
		return err
	}
	if p.Contact != "" {
		return checkContact("profile.contact", p.Contact)
	}
	return nil
}

// MaxPEM bounds a public key as it is enrolled.
const MaxPEM = 16 << 10

// A QuorumReason is why something is said of the quorum.
type QuorumReason string

const (
	QuorumAlone     QuorumReason = "alone"     // one person decides alone who may act for the authority
	QuorumSeveral   QuorumReason = "several"   // that has come to its end
	QuorumRecovered QuorumReason = "recovered" // whoever runs the service gave a person a key, without the agreement of others
)

// A Quorum says how many persons can agree for the authority. It is logged while there
// is one only, who then decides alone who may act for it; when that has come to its end,
// which it does once and for good; and when whoever runs the service gives a
// person a key. Predicate of [TypeQuorum], about the authority's organization record;
// public.
type Quorum struct {
	Authority    Party        `json:"authority"`
	Why          QuorumReason `json:"why"`
	Persons      int          `json:"persons"`                // who hold a key, or held one, and are no machines: one decides alone
	Organization string       `json:"organization,omitempty"` // recovered: ID of whose person got the key
	Person       string       `json:"person,omitempty"`       // recovered: who got it
	Key          string       `json:"key,omitempty"`          // recovered: its ID
	Text         string       `json:"text"`                   // the same in words, and of recovered the reason
	Recorded     time.Time    `json:"recorded"`
}

// Validate checks what can be known from the statement alone.
func (q *Quorum) Validate() error {
	if err := q.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	switch q.Why {
	case QuorumAlone, QuorumSeveral, QuorumRecovered:
	default:
		return invalid(ReasonOutOfRange, "why", "is %q; must be alone, several or recovered", q.Why)
	}
	if q.Persons < 1 || q.Why == QuorumAlone && q.Persons > 1 || q.Why == QuorumSeveral && q.Persons == 1 {
		return invalid(ReasonOutOfRange, "persons", "must be one of an authority that decides alone, and more of one in which several decide")
	}
	for _, f := range []struct{ field, value string }{{"organization", q.Organization}, {"person", q.Person}, {"key", q.Key}} {
		switch {
		case q.Why == QuorumRecovered && f.value == "":
			return invalid(ReasonMissing, f.field, "is required: who was given which key")
		case q.Why != QuorumRecovered && f.value != "":
			return invalid(ReasonOutOfRange, f.field, "goes with recovered, and with nothing else")
		}
		if err := checkOptional(f.field, f.value, MaxText); err != nil {
			return err
		}
	}
	if err := checkText("text", q.Text, MaxProse); err != nil {
		return err
	}
	if q.Recorded.IsZero() || q.Recorded.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "recorded", "times are whole seconds")
	}
	return nil
}
