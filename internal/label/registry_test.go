package label_test

import (
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
)

func registryRequest(act label.ActKind) func() *label.RegistryRequest {
	return func() *label.RegistryRequest {
		r := &label.RegistryRequest{Act: act, Text: "It is so.", Made: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
		switch act {
		case label.ActEnrolOrg:
			o := organization()
			r.Organization, r.Profile, r.Roles, r.Affiliates = o.ID, &label.Profile{Name: o.Name, URL: o.URL, Contact: o.Contact}, o.Roles, o.Affiliates
		case label.ActRevokeKey:
			r.Key = someDigest.String()
		}
		r.Authority = "https://labels.test"
		return r
	}
}

func TestRegistryRequestValidate(t *testing.T) {
	type r = *label.RegistryRequest
	checkRules(t, registryRequest(label.ActRevokeKey), []rule[r]{
		{"no key", func(r r) { r.Key = "" }, label.ReasonMissing, "key"},
		{"the beginning of a key's ID", func(r r) { r.Key = r.Key[:16] }, label.ReasonMalformed, "key"},
		{"a key's ID in capitals", func(r r) { r.Key = strings.ToUpper(r.Key) }, label.ReasonMalformed, "key"},
		{"half a second", func(r r) { r.Made = r.Made.Add(time.Second / 2) }, label.ReasonMalformed, "made"},
	})
	checkRules(t, registryRequest(label.ActEnrolOrg), []rule[r]{
		{"a role twice", func(r r) { r.Roles = append(r.Roles, r.Roles[0]) }, label.ReasonDuplicateKey, "organization.roles[1]"},
		{"an affiliate twice", func(r r) { r.Affiliates = append(r.Affiliates, r.Affiliates[0]) }, label.ReasonDuplicateKey, "organization.affiliates[1]"},
		{"an affiliate by name", func(r r) { r.Affiliates = []string{"Polar Lab"} }, label.ReasonMalformed, "organization.affiliates[0]"},
	})
}

// TestParty requires that an organization of before is named in statements, where the
// address of its page was allowed to be longer than they have it.
func TestParty(t *testing.T) {
	o := organization()
	if p := o.Party(); p.Validate() != nil || p.URL != o.URL || p.ID != o.ID || p.Name != o.Name {
		t.Errorf("%+v is named %+v", o, p)
	}
	o.URL += "/" + strings.Repeat("x", label.MaxText)
	if p := o.Party(); p.Validate() != nil || p.URL != "" {
		t.Errorf("it is named %+v: %v", p, p.Validate())
	}
}

func TestQuorum(t *testing.T) {
	at := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	quorum := func(why label.QuorumReason, persons int) *label.Quorum {
		q := &label.Quorum{Authority: label.Party{ID: "authority", Name: "Authority"}, Why: why, Persons: persons, Text: "In words.", Recorded: at}
		if why == label.QuorumRecovered {
			q.Organization, q.Person, q.Key = "authority", "dan", "5f21"
		}
		return q
	}
	for _, q := range []*label.Quorum{
		quorum(label.QuorumAlone, 1), quorum(label.QuorumSeveral, 2), quorum(label.QuorumRecovered, 1), quorum(label.QuorumRecovered, 3),
	} {
		if err := q.Validate(); err != nil {
			t.Errorf("%s of %d: %v", q.Why, q.Persons, err)
		}
	}
	for _, row := range []struct {
		field  string
		reason label.Reason
		of     *label.Quorum
		change func(*label.Quorum)
	}{
		{"why", label.ReasonOutOfRange, quorum(label.QuorumAlone, 1), func(q *label.Quorum) { q.Why = "lost" }},
		{"why", label.ReasonOutOfRange, quorum(label.QuorumAlone, 1), func(q *label.Quorum) { q.Why = "" }},
		{"persons", label.ReasonOutOfRange, quorum(label.QuorumAlone, 1), func(q *label.Quorum) { q.Persons = 2 }},
		{"persons", label.ReasonOutOfRange, quorum(label.QuorumSeveral, 2), func(q *label.Quorum) { q.Persons = 1 }},
		{"persons", label.ReasonOutOfRange, quorum(label.QuorumRecovered, 2), func(q *label.Quorum) { q.Persons = 0 }},
		{"key", label.ReasonMissing, quorum(label.QuorumRecovered, 2), func(q *label.Quorum) { q.Key = "" }},
		{"person", label.ReasonMissing, quorum(label.QuorumRecovered, 2), func(q *label.Quorum) { q.Person = "" }},
		{"organization", label.ReasonMissing, quorum(label.QuorumRecovered, 2), func(q *label.Quorum) { q.Organization = "" }},
		{"person", label.ReasonOutOfRange, quorum(label.QuorumSeveral, 2), func(q *label.Quorum) { q.Person = "dan" }},
		{"recorded", label.ReasonMalformed, quorum(label.QuorumSeveral, 2), func(q *label.Quorum) { q.Recorded = time.Time{} }},
	} {
		row.change(row.of)
		wantRefusal(t, row.of.Validate(), label.Invalid, row.reason, row.field)
	}
}
