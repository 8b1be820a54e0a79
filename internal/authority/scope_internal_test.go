package authority

import (
	"slices"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// TestScopeParts records an accreditation again and again: each part of the scope is
// lost from the record on that leaves it out, until one names it again.
func TestScopeParts(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, time.May, n, 0, 0, 0, 0, time.UTC) }
	d := &distrust{accreditations: map[accredited]*scopeRecord{}}
	for i, a := range []label.Accreditation{
		{Standards: []string{"a", "b"}, Categories: []string{"*"}, Level: 4},
		{Standards: []string{"b"}, Categories: []string{"*"}, Level: 4},                  // day 2
		{Standards: []string{"b"}, Categories: []string{"toy"}, Level: 3},                // day 3
		{Standards: []string{"b"}, Categories: []string{"toy", "hub"}, Level: 2},         // day 4
		{Standards: []string{"b"}, Categories: []string{"toy", "hub"}, Level: 2},         // day 5
		{Standards: []string{"a", "b"}, Categories: []string{"toy", "hub"}, Level: 2},    // day 6
		{Standards: []string{"b"}, Categories: []string{"toy", "hub", "plug"}, Level: 2}, // day 7
	} {
		a.Recorded = day(i + 1)
		d.accredit("lab", &store.Accreditation{Index: int64(10 + i), Accreditation: a}, a.Recorded)
	}
	rec := d.accreditations[accredited{lab: "lab"}]
	for name, row := range map[string]struct {
		standard, category string
		level              int
		missing            []string
		since              int
	}{
		"all there":          {"b", "toy", 2, nil, 0},
		"standard":           {"a", "toy", 2, []string{"a"}, 7}, // it was given back in between
		"category out of *":  {"b", "camera", 1, []string{"camera"}, 3},
		"level":              {"b", "toy", 3, []string{"tests for level 3"}, 4},
		"the higher level":   {"b", "hub", 4, []string{"tests for level 4"}, 3},
		"first of all parts": {"a", "camera", 3, []string{"a", "camera", "tests for level 3"}, 3},
	} {
		what, since := rec.missing(&scheme.Item{Standard: row.standard, Level: row.level}, row.category)
		if !slices.Equal(what, row.missing) || row.since > 0 && !since.Equal(day(row.since)) {
			t.Errorf("%s: %q is missing since %s, want %q since day %d", name, what, since, row.missing, row.since)
		}
	}
}
