package surveillance

import (
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
)

// impossiblePeriods finds test periods that cannot have been. Statements with
// such periods are refused today; the check is for those that came from
// elsewhere, or before a rule did.
func impossiblePeriods(reports []Report) []Finding {
	var findings []Finding
	for _, r := range reports {
		add := func(days int, text string) {
			findings = append(findings, Finding{
				Lab:     r.Lab,
				Kind:    ImpossiblePeriod,
				Text:    fmt.Sprintf("Report %s of lab %s says that the tests %s.", r.Number, r.Lab, text),
				Figures: map[string]float64{"days": float64(days)},
				Reports: []label.Digest{r.ID},
			})
		}
		if days := daysFrom(r.To, r.From); days > 0 {
			add(days, fmt.Sprintf("began on %s and ended on %s, %s before they began", r.From, r.To, count(days, "day")))
		}
		if days := daysFrom(r.Received, r.To); days > 0 {
			add(days, fmt.Sprintf("ended on %s, %s after it was received on %s", r.To, count(days, "day"), r.Received))
		}
	}
	return worstFirst(findings, "days")
}

func daysFrom(a, b label.Date) int { return int(b.Start().Sub(a.Start()) / (24 * time.Hour)) }

// overloads finds labs that were testing for too many reports on one day, by a
// sweep over the first days of periods and the days after their last.
func overloads(reports []Report, b Bounds) []Finding {
	type change struct {
		day label.Date
		by  int
	}
	var findings []Finding
	labs, of := byLab(reports)
	for _, lab := range labs {
		var changes []change
		for _, r := range of[lab] {
			if !r.From.After(r.To) {
				changes = append(changes, change{day: r.From, by: 1}, change{day: r.To.AddDays(1), by: -1})
			}
		}
		slices.SortFunc(changes, func(a, b change) int { return a.day.Compare(b.day) })
		running, most, days := 0, 0, 0
		var worst label.Date
		for i, c := range changes {
			running += c.by
			if i+1 == len(changes) || changes[i+1].day.Compare(c.day) == 0 {
				continue // more changes on this day, or none ever
			}
			if running > b.SameDay {
				days += daysFrom(c.day, changes[i+1].day)
			}
			if running > most {
				most, worst = running, c.day
			}
		}
		if most <= b.SameDay {
			continue
		}
		busy := slices.DeleteFunc(of[lab], func(r Report) bool { return worst.Before(r.From) || worst.After(r.To) })
		findings = append(findings, Finding{
			Lab:  lab,
			Kind: Overload,
			Text: fmt.Sprintf("Lab %s was testing for %s on %s, which is over the bound of %d; it was on %s in all.",
				lab, count(most, "report"), worst, b.SameDay, count(days, "day")),
			Figures: map[string]float64{"reports": float64(most), "days": float64(days), "bound": float64(b.SameDay)},
			Reports: ids(busy),
		})
	}
	return worstFirst(findings, "reports", "days")
}
