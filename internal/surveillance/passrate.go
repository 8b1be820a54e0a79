package surveillance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// A stratum is where reports can be compared: some categories fail more often
// than others, and a long standard offers more to fail than a short one. A lab
// must not stand out because of what it tests.
type stratum struct{ category, standard string }

// A tally counts reports, not verdicts: a device with one weakness fails several
// provisions at once, so verdicts of one report are not independent and a test
// over them would find significance everywhere. Reports of one manufacturer
// still resemble each other; that is why findings say how many there are.
type tally struct{ reports, failed int }

// passRates compares each lab with all others by an exact test, conditional on
// how many reports failed in each stratum: Fisher's, and where there are several
// strata the one of Mehta, Patel and Gray (1985) for a common odds ratio of 1.
// The effect is the common odds ratio of Mantel and Haenszel (1959).
func passRates(reports []Report, b Bounds) []Finding {
	// A report without a pass and without a failure tried nothing.
	judged := slices.DeleteFunc(slices.Clone(reports), func(r Report) bool { return r.Pass+r.Fail == 0 })
	all := tallies(judged)
	strata := slices.SortedFunc(maps.Keys(all), func(a, b stratum) int {
		return cmp.Or(cmp.Compare(a.category, b.category), cmp.Compare(a.standard, b.standard))
	})
	var findings []Finding
	labs, of := byLab(judged)
	for _, lab := range labs {
		own := tallies(of[lab])
		var mine, others tally
		var expected, oddsUp, oddsDown float64
		chance := certain
		for _, s := range strata {
			m, a := own[s], all[s]
			o := tally{a.reports - m.reports, a.failed - m.failed}
			if m.reports == 0 || o.reports == 0 {
				delete(own, s) // nothing to compare
				continue
			}
			mine, others = tally{mine.reports + m.reports, mine.failed + m.failed}, tally{others.reports + o.reports, others.failed + o.failed}
			expected += float64(m.reports) * float64(o.failed) / float64(o.reports)
			oddsUp += float64(m.failed) * float64(o.reports-o.failed) / float64(a.reports)
			oddsDown += float64(o.failed) * float64(m.reports-m.failed) / float64(a.reports)
			chance = chance.plus(hypergeometric(a.reports, a.failed, m.reports))
		}
		if mine.reports < b.MinReports || others.reports < b.MinReports {
			continue
		}
		p := chance.twoSided(mine.failed)
		if p >= b.P || oddsUp < b.Odds*oddsDown && oddsDown < b.Odds*oddsUp {
			continue
		}
		compared := slices.DeleteFunc(of[lab], func(r Report) bool { return own[r.stratum()].reports == 0 })
		n := float64(mine.reports)
		f := map[string]float64{
			"reports": n, "failed": float64(mine.failed), "rate": float64(mine.failed) / n,
			"otherReports": float64(others.reports), "otherFailed": float64(others.failed), "otherRate": expected / n,
			"p":             p,
			"manufacturers": float64(distinct(compared, func(r Report) string { return r.Manufacturer })),
		}
		for _, r := range compared {
			f["pass"] += float64(r.Pass)
			f["fail"] += float64(r.Fail)
			f["notApplicable"] += float64(r.NotApplicable)
			f["inconclusive"] += float64(r.Inconclusive)
		}
		findings = append(findings, Finding{
			Lab:  lab,
			Kind: PassRate,
			Text: fmt.Sprintf("Lab %s found a failure in %d of %s (%.1f%%), for %s; other labs did in %d of %d, which for its mix of categories and standards would be %.1f%% (p %s).",
				lab, mine.failed, count(mine.reports, "report"), 100*f["rate"], count(int(f["manufacturers"]), "manufacturer"),
				others.failed, others.reports, 100*f["otherRate"], small(p)),
			Figures: f,
			Reports: ids(compared),
		})
	}
	slices.SortStableFunc(findings, func(a, b Finding) int { return cmp.Compare(a.Figures["p"], b.Figures["p"]) })
	return findings
}

func (r Report) stratum() stratum { return stratum{r.Category, r.Standard} }

func tallies(reports []Report) map[stratum]tally {
	t := map[stratum]tally{}
	for _, r := range reports {
		c := t[r.stratum()]
		c.reports++
		if r.Fail > 0 {
			c.failed++
		}
		t[r.stratum()] = c
	}
	return t
}

// small writes a probability as people read it.
func small(p float64) string {
	if p < 1e-6 {
		return "below 0.000001"
	}
	return fmt.Sprintf("= %.2g", p)
}
