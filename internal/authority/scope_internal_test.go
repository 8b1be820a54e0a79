package authority

import (
	"slices"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// methods returns the first n of four methods of assessment.
func methods(n int) []label.Method {
	return []label.Method{"document-review", "functional-test", "source-review", "penetration-test"}[:n]
}

// TestScopeParts records an accreditation again and again: each part of the scope is
// lost from the record on that leaves it out, until one names it again.
func TestScopeParts(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, time.May, n, 0, 0, 0, 0, time.UTC) }
	d := &distrust{accreditations: map[accreditationKey]*scopeRecord{}}
	for i, a := range []label.Accreditation{
		{Standards: []string{"a", "b"}, Categories: []string{"*"}, Methods: methods(4)},
		{Standards: []string{"b"}, Categories: []string{"*"}, Methods: methods(4)},                  // day 2
		{Standards: []string{"b"}, Categories: []string{"toy"}, Methods: methods(3)},                // day 3
		{Standards: []string{"b"}, Categories: []string{"toy", "hub"}, Methods: methods(2)},         // day 4
		{Standards: []string{"b"}, Categories: []string{"toy", "hub"}, Methods: methods(2)},         // day 5
		{Standards: []string{"a", "b"}, Categories: []string{"toy", "hub"}, Methods: methods(2)},    // day 6
		{Standards: []string{"b"}, Categories: []string{"toy", "hub", "plug"}, Methods: methods(2)}, // day 7
	} {
		a.Recorded = day(i + 1)
		d.accredit("lab", &store.Accreditation{Index: int64(10 + i), Accreditation: a}, a.Recorded)
	}
	rec := d.accreditations[accreditationKey{lab: "lab"}]
	for name, row := range map[string]struct {
		standard, category string
		methods            int
		missing            []string
		since              int
	}{
		"all there":          {"b", "toy", 2, nil, 0},
		"standard":           {"a", "toy", 2, []string{"a"}, 7}, // it was given back in between
		"category out of *":  {"b", "camera", 1, []string{"camera"}, 3},
		"method":             {"b", "toy", 3, []string{"the method source-review"}, 4},
		"two methods":        {"b", "hub", 4, []string{"the method source-review", "the method penetration-test"}, 3},
		"first of all parts": {"a", "camera", 3, []string{"a", "camera", "the method source-review"}, 3},
	} {
		what, since := rec.missing(&scheme.Item{Standard: row.standard, Methods: methods(row.methods)}, row.category)
		if !slices.Equal(what, row.missing) || row.since > 0 && !since.Equal(day(row.since)) {
			t.Errorf("%s: %q is missing since %s, want %q since day %d", name, what, since, row.missing, row.since)
		}
	}
}
