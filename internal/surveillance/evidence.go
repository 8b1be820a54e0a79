package surveillance

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

	"labeld/internal/label"
)

// sameEvidence finds working papers that cannot be about what they are said to be
// about. A new report on the same device by the same lab may well rest on papers
// of the last one.
func sameEvidence(reports []Report) []Finding {
	users := map[label.Digest][]int{} // indexes of the reports with this evidence, ascending
	for i, r := range reports {
		for _, e := range r.Evidence {
			if u := users[e]; len(u) == 0 || u[len(u)-1] != i {
				users[e] = append(u, i)
			}
		}
	}
	type group struct {
		reports  []Report
		evidence []label.Digest
	}
	groups := map[string]*group{} // by indexes; ascending keys are ascending IDs
	for _, e := range slices.SortedFunc(maps.Keys(users), compare) {
		if len(users[e]) < 2 {
			continue
		}
		var key []byte
		for _, i := range users[e] {
			key = binary.BigEndian.AppendUint64(key, uint64(i))
		}
		g := groups[string(key)]
		if g == nil {
			g = &group{}
			for _, i := range users[e] {
				g.reports = append(g.reports, reports[i])
			}
			groups[string(key)] = g
		}
		g.evidence = append(g.evidence, e)
	}
	var findings []Finding
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		g := groups[key]
		labs, _ := byLab(g.reports)
		devices := distinct(g.reports, func(r Report) label.Digest { return r.Device })
		makers := distinct(g.reports, func(r Report) string { return r.Manufacturer })
		if len(labs) == 1 && devices == 1 {
			continue
		}
		first, last := g.reports[0], g.reports[len(g.reports)-1]
		for _, lab := range labs {
			findings = append(findings, Finding{
				Lab:  lab,
				Kind: SameEvidence,
				Text: fmt.Sprintf("Lab %s: %s in each of %s by %s about %s of %s, among them report %s of %s and report %s of %s.",
					lab, count(len(g.evidence), "evidence digest"), count(len(g.reports), "report"), count(len(labs), "lab"),
					count(devices, "device"), count(makers, "manufacturer"), first.Number, first.Lab, last.Number, last.Lab),
				Figures: map[string]float64{
					"evidence": float64(len(g.evidence)), "reports": float64(len(g.reports)),
					"labs": float64(len(labs)), "manufacturers": float64(makers), "devices": float64(devices),
				},
				Reports:  ids(g.reports),
				Evidence: g.evidence,
			})
		}
	}
	return worstFirst(findings, "labs", "manufacturers", "devices", "evidence", "reports")
}
