package scheme

import (
	"fmt"
	"slices"
	"strings"

	"labeld/internal/label"
)

// provision adds to f what one provision came to.
func (e *evaluation) provision(f *Finding, c *Criterion, p *Provision, src Source) error {
	if e.failed(f, p.ID) {
		f.fall(Unmet, Gap{Kind: GapFailed, By: Lab, Items: []string{p.ID}, vain: e.vain(p.ID)})
		return nil
	}
	in := p.Editions[e.scheme.Edition]
	applies := trial{result: isTrue}
	if in.when != nil {
		var err error
		if applies, err = e.try(in.when, c.Level, src, isTrue); err != nil {
			return err
		}
	}
	items, v := e.verdict(p.ID, c.Level)
	by := src
	if len(items) > 0 {
		by = items[0].Source()
	}
	wanting := v == "" || by == Declaration && src == Lab // no verdict that would do
	switch {
	case v == label.Fail: // claimed
		f.rest(items...)
		f.fall(Unmet, Gap{Kind: GapFailed, By: by, Items: []string{p.ID}})
	case applies.result == isFalse:
		f.rest(applies.rests...)
		return e.free(f, in.when, c.Level, src)
	case wanting && applies.result == isTrue:
		f.fall(Undetermined, Gap{Kind: GapEvidence, By: src, Items: []string{p.ID}})
		e.lower(f, func(it *Item) bool { v, _ := it.verdicts.get(p.ID); return v == label.Pass || v == label.NotApplicable })
	case wanting:
		e.open(f, &applies, src)
	case v == label.Pass:
		f.rest(items...)
		f.met()
	case v != label.NotApplicable:
		f.rest(items...)
		f.fall(Undetermined, Gap{Kind: GapInconclusive, By: by, Items: []string{p.ID}})
	case in.when == nil:
		f.rest(items...)
		f.fall(Undetermined, Gap{Kind: GapUnconditional, By: by, Items: []string{p.ID}})
	case applies.result == isTrue:
		f.rest(items...)
		f.fall(Undetermined, Gap{Kind: GapFeatures, By: by, Items: []string{p.ID}})
	default: // "not applicable" needs the feature that makes it so
		e.open(f, &applies, src)
	}
	return nil
}

// failed reports whether a lab found that a provision failed, and nothing has
// undone that: then f rests on it. What undid a failure is named as well.
func (e *evaluation) failed(f *Finding, provision string) (stands bool) {
	for _, list := range [2][]*Item{e.reports, e.against} {
		for _, it := range list {
			if v, _ := it.verdicts.get(provision); v != label.Fail {
				continue
			}
			if e.restated(it, func(u *Item) bool { _, ok := u.verdicts.get(provision); return ok }) {
				continue
			}
			undone := false
			for _, u := range e.trusted {
				if v, _ := u.verdicts.get(provision); v == label.Pass && u.undoes(it) {
					undone = true
					if f != nil {
						f.undo(u)
					}
				}
			}
			if !undone {
				stands = true
				if f != nil {
					f.rest(it)
				}
			}
		}
	}
	return stands
}

// maxVain bounds the reports that a gap names because they do not undo a failure.
const maxVain = 3

// vain says of the reports that pass a provision and name a change why they undo no
// failure of it.
func (e *evaluation) vain(provision string) (list []string) {
	for _, u := range e.trusted {
		if v, _ := u.verdicts.get(provision); v != label.Pass || u.Changed == "" {
			continue
		}
		for _, failing := range slices.Concat(e.reports, e.against) {
			if v, _ := failing.verdicts.get(provision); v != label.Fail || u == failing || u.undoes(failing) {
				continue
			}
			text := fmt.Sprintf("report %s does not count for that: %s", u.Number, u.whyNot(failing))
			if len(list) < maxVain && !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return list
}

// whyNot says why a report does not undo what another found wrong.
func (u *Item) whyNot(failing *Item) string {
	switch {
	case u.Changed == "":
		return "it does not name what was changed since (changed)"
	case u.Standard != failing.Standard || u.Edition != failing.Edition:
		return "it is of tests by another edition"
	case u.Level < failing.Level:
		return fmt.Sprintf("its tests were for level %d, and that failed in tests for level %d", u.Level, failing.Level)
	case !u.Date.After(failing.Date):
		return fmt.Sprintf("its tests ended on %s, which is not after %s, when those of report %s did", u.Date, failing.Date, failing.Number)
	case u.Changed == label.ChangedFirmware && u.Firmware.SHA256 == failing.Firmware.SHA256:
		return fmt.Sprintf("it says that the firmware was changed, and has the same firmware.sha256 as report %s", failing.Number)
	}
	return "it is about another device of the product than report " + failing.Number
}

// Vain says of a report which failures that others found it speaks of and does not undo,
// and why: what its laboratory has to know, which may believe that they are gone.
func (u *Item) Vain(others []*Item) (list []string) {
	if u.Source() != Lab {
		return nil
	}
	for _, failing := range others {
		if failing == u || failing.Source() != Lab || failing.ID == u.Corrects || failing.Date.After(u.Date) {
			continue
		}
		var passed, weak []string
		for _, row := range failing.verdicts {
			v, _ := u.verdicts.get(row.name)
			switch {
			case row.value != label.Fail || v == "" || v == label.Fail:
			case v != label.Pass:
				weak = append(weak, row.name)
			case !u.undoes(failing):
				passed = append(passed, row.name)
			}
		}
		for _, vain := range []struct {
			provisions []string
			why        string
		}{{passed, u.whyNot(failing)}, {weak, "only a pass does, and neither inconclusive nor not-applicable"}} {
			if len(vain.provisions) == 0 || len(list) == maxVain {
				continue
			}
			more := ""
			if n := len(vain.provisions) - maxVain; n > 0 {
				vain.provisions, more = vain.provisions[:maxVain], fmt.Sprintf(" and %d others", n)
			}
			list = append(list, fmt.Sprintf("it does not undo that report %s of %s found %s%s failed: %s", failing.Number, failing.Signer, strings.Join(vain.provisions, ", "), more, vain.why))
		}
	}
	return list
}

// verdict returns the verdict that stands for a provision in a criterion of a
// level, where no measured failure does, and whose it is: the latest of labs, or
// else the claim of the declarations. Of one day the worse stands. A claim that it
// fails yields to a lab's pass only, in tests that ended on the day of the claim or
// later: what the manufacturer admits after the tests, they do not speak of.
func (e *evaluation) verdict(provision string, level int) (items []*Item, stands label.Outcome) {
	for _, it := range e.reports {
		v, _ := it.verdicts.get(provision)
		switch {
		case v == "", v == label.Fail: // that was undone
		case it.Level < level && v != label.Inconclusive:
			// Tests made for a lower level do not support a higher one.
		case len(items) == 0, it.Date == items[0].Date && v.Worse(stands):
			items, stands = append(items[:0], it), v
		case it.Date == items[0].Date && v == stands:
			items = append(items, it)
		}
	}
	claims, claimed := e.claim(provision)
	if stands == label.Pass && (claimed != label.Fail || !claims[0].Date.After(items[0].Date)) {
		return items, stands
	}
	if len(items) == 0 || claimed == label.Fail {
		return claims, claimed
	}
	return items, stands
}

// claim returns the worst that the declarations claim of a provision, and which
// of them do.
func (e *evaluation) claim(provision string) (items []*Item, worst label.Outcome) {
	for _, it := range e.declarations {
		v, _ := it.verdicts.get(provision)
		switch {
		case v == "":
		case len(items) == 0, v.Worse(worst):
			items, worst = append(items[:0], it), v
		case v == worst:
			items = append(items, it)
		}
	}
	return items, worst
}

// free records which features have a provision not apply: those without which
// its condition would not be false.
func (e *evaluation) free(f *Finding, when *rule, level int, src Source) error {
	values := make([]any, len(when.facts))
	for i, fact := range when.facts {
		if support, _ := e.pick(fact, level, src); len(support) > 0 {
			values[i] = support[0].value
		}
	}
	if len(values) > 1 {
		for i, v := range values {
			values[i] = nil
			result, _, err := when.eval(values, e.now)
			if err != nil {
				return err
			}
			if result != isFalse {
				values[i] = v
			}
		}
	}
	for i, fact := range when.facts {
		if values[i] == nil {
			continue
		}
		support, _ := e.pick(fact, level, src)
		for _, v := range support {
			raw, _ := v.item.facts.get(fact.Name)
			why := fact.Name + "=" + string(raw)
			if len(why) > label.MaxText {
				why = fact.Name + "=…"
			}
			if !slices.Contains(f.Why, why) && len(f.Why) < label.MaxWhy {
				f.Why = append(f.Why, why)
			}
		}
	}
	return nil
}

// open has f fall because a rule has no result: for want of facts, each asked of
// who must state it, or because there are too many values.
func (e *evaluation) open(f *Finding, t *trial, src Source) {
	if t.split != nil {
		f.fall(Undetermined, Gap{Kind: GapContradiction, By: Lab, Items: t.split, Text: tooManyValues})
		return
	}
	for _, name := range t.missing {
		by := src
		switch e.scheme.facts[name].By {
		case ByManufacturer:
			by = Declaration
		case ByLab:
			by = Lab
		}
		f.fall(Undetermined, Gap{Kind: GapFact, By: by, Items: []string{name}})
	}
	e.lower(f, func(it *Item) bool {
		return slices.ContainsFunc(t.missing, func(name string) bool { _, ok := it.facts.get(name); return ok })
	})
}

const tooManyValues = "Reports give so many different values for these facts that nothing can be told: a lab must correct its report, or report again and name what was changed"

// lower names reports that a finding would rest on if their tests had been made
// for its criterion's level.
func (e *evaluation) lower(f *Finding, speaks func(*Item) bool) {
	for _, it := range e.reports {
		if it.Level < f.Criterion.Level && speaks(it) {
			f.lower = addItems(f.lower, []*Item{it})
		}
	}
}

// note adds what was found out in judging, once.
func (e *evaluation) note(u Unused) {
	if !slices.Contains(e.unused, u) {
		e.unused = append(e.unused, u)
	}
}
