package label_test

import (
	"testing"
	"time"

	"labeld/internal/label"
)

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
