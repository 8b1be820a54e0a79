package surveillance

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"strconv"

	"labeld/internal/label"
)

// A Report is what matters here of one accepted test report.
type Report struct {
	ID           label.Digest // of the signed statement
	Lab          string       // organization ID
	Number       string       // the lab's own
	Standard     string
	Category     string       // of the device
	Device       label.Digest // of the device descriptor
	Manufacturer string       // organization ID
	From, To     label.Date   // first and last day of testing
	Received     label.Date   // day in UTC on which the report was accepted
	Evidence     []label.Digest

	// Verdicts by outcome.
	Pass, Fail, NotApplicable, Inconclusive int
}

// A Kind says what is odd.
type Kind string

// The kinds, worst first: what should never be, what cannot be, what can hardly
// be, what is unlikely.
const (
	// SameEvidence: one evidence digest stands in reports about different
	// devices or by different labs. Evidence that stands in the same reports
	// makes one finding for each lab among them. Figures: evidence (digests),
	// reports, labs, manufacturers, devices.
	SameEvidence Kind = "same-evidence"

	// ImpossiblePeriod: a test period ends before it begins, or after the
	// report was received. Figures: days, by how many.
	ImpossiblePeriod Kind = "impossible-period"

	// Overload: on one day a lab was testing for more reports than
	// [Bounds.SameDay]. Figures: reports, on the worst day; days over the
	// bound; bound.
	Overload Kind = "overload"

	// PassRate: a lab finds failures in far more or far fewer of its reports
	// than other labs do for the same categories and standards. Figures:
	// reports, failed (with at least one failure), rate; otherReports,
	// otherFailed, otherRate (weighted like this lab's reports); p; and for
	// the reports of the lab manufacturers, pass, fail, notApplicable and
	// inconclusive (verdicts).
	PassRate Kind = "pass-rate"
)

// A Finding is one odd thing about one lab.
type Finding struct {
	Lab      string             `json:"lab"`
	Kind     Kind               `json:"kind"`
	Text     string             `json:"text"` // one sentence with the main figures
	Figures  map[string]float64 `json:"figures"`
	Reports  []label.Digest     `json:"reports"`            // by ID; of other labs too where they share evidence
	Evidence []label.Digest     `json:"evidence,omitempty"` // what was used again
}

// Bounds say from where on something is a finding.
type Bounds struct {
	MinReports int     // a pass rate is of at least so many reports, and compared with at least so many of others
	P          float64 // a pass rate differs where chance alone does so with less than this probability
	Odds       float64 // and where the odds of failing differ by at least this factor
	SameDay    int     // reports for which a lab may be testing on one day
}

// DefaultBounds keep honest labs off the list: of a thousand whose pass rates
// differ by chance alone, about one is on it at most.
var DefaultBounds = Bounds{MinReports: 10, P: 0.001, Odds: 2, SameDay: 40}

// Outliers returns what is odd about labs, worst first: by kind, then by figures,
// then by lab. A report that is given twice counts once; the order of reports
// does not matter.
func Outliers(reports []Report, b Bounds) []Finding {
	reports = slices.SortedFunc(slices.Values(reports), func(a, b Report) int { return compare(a.ID, b.ID) })
	reports = slices.CompactFunc(reports, func(a, b Report) bool { return a.ID == b.ID })
	return slices.Concat(
		sameEvidence(reports),
		impossiblePeriods(reports),
		overloads(reports, b),
		passRates(reports, b),
	)
}

// worstFirst sorts findings by these figures, largest first, and then by lab.
// What is equal keeps its order.
func worstFirst(findings []Finding, figures ...string) []Finding {
	slices.SortStableFunc(findings, func(a, b Finding) int {
		for _, f := range figures {
			if c := cmp.Compare(b.Figures[f], a.Figures[f]); c != 0 {
				return c
			}
		}
		return cmp.Compare(a.Lab, b.Lab)
	})
	return findings
}

func compare(a, b label.Digest) int { return bytes.Compare(a[:], b[:]) }

// byLab returns the reports of each lab, and the labs in order.
func byLab(reports []Report) (labs []string, of map[string][]Report) {
	of = map[string][]Report{}
	for _, r := range reports {
		of[r.Lab] = append(of[r.Lab], r)
	}
	return slices.Sorted(maps.Keys(of)), of
}

// distinct counts the different values of one field.
func distinct[K comparable](reports []Report, field func(Report) K) int {
	seen := map[K]bool{}
	for _, r := range reports {
		seen[field(r)] = true
	}
	return len(seen)
}

func ids(reports []Report) []label.Digest {
	list := make([]label.Digest, len(reports))
	for i, r := range reports {
		list[i] = r.ID
	}
	return list
}

// count returns "1 report", "2 reports".
func count(n int, one string) string {
	if n != 1 {
		one += "s"
	}
	return strconv.Itoa(n) + " " + one
}
