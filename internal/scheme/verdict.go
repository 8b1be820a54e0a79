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
		if applies, err = e.try(in.when, c, src, isTrue); err != nil {
			return err
		}
	}
	items, v := e.verdict(c, p.ID, src)
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
		return e.free(f, in.when, c, src)
	case wanting && applies.result == isTrue:
		f.fall(Undetermined, Gap{Kind: GapEvidence, By: src, Items: []string{p.ID}})
		e.weaker(f, func(it *Item) []label.Method {
			if v := it.outcome(p.ID); v == label.Pass || v == label.NotApplicable {
				return it.methodsOf(p.ID)
			}
			return nil
		})
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
			if it.outcome(provision) != label.Fail {
				continue
			}
			if e.restated(it, func(u *Item) bool { return u.restates(it, provision) }) {
				continue
			}
			undone := false
			for _, u := range e.trusted {
				if u.outcome(provision) == label.Pass && u.undoes(it) && u.asThorough(it, provision) {
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
		if u.outcome(provision) != label.Pass || u.Changed == "" {
			continue
		}
		for _, failing := range slices.Concat(e.reports, e.against) {
			if failing.outcome(provision) != label.Fail || u == failing || u.undoes(failing) && u.asThorough(failing, provision) {
				continue
			}
			text := fmt.Sprintf("report %s does not count for that: %s", u.Number, u.whyNot(failing, provision))
			if len(list) < maxVain && !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
	}
	return list
}

// asThorough reports whether a report's verdict of a provision was reached by every
// method by which another's was.
func (u *Item) asThorough(it *Item, provision string) bool {
	return includes(u.methodsOf(provision), it.methodsOf(provision))
}

// whyNot says why a report does not undo that another found a provision to fail.
func (u *Item) whyNot(failing *Item, provision string) string {
	switch {
	case u.Changed == "":
		return "it does not name what was changed since (changed)"
	case u.Standard != failing.Standard || u.Edition != failing.Edition:
		return "it is of tests by another edition"
	case !u.asThorough(failing, provision):
		return u.lessThorough(failing, provision)
	case !u.Date.After(failing.Date):
		return fmt.Sprintf("its tests ended on %s, which is not after %s, when those of report %s did", u.Date, failing.Date, failing.Number)
	case u.Changed == label.ChangedFirmware && !u.otherFirmware(failing):
		return fmt.Sprintf("it says that the firmware was changed, and has no image that report %s does not have (firmware.sha256)", failing.Number)
	}
	return "it is about another device of the product than report " + failing.Number
}

// lessThorough says that a report's verdict of a provision was not reached by every method
// by which another's was.
func (u *Item) lessThorough(failing *Item, provision string) string {
	is := "passed"
	if v := u.outcome(provision); v != label.Pass {
		is = "is " + string(v)
	}
	return fmt.Sprintf("it %s by %s, and had failed by %s: the test has to be repeated by each of these methods", is, join(u.methodsOf(provision)), join(failing.methodsOf(provision)))
}

// Vain says of a report which failures that others found it speaks of and does not undo,
// or that it was to correct and does not, and why: what its laboratory has to know, which
// may believe that they are gone.
func (u *Item) Vain(others []*Item) (list []string) {
	if u.Source() != Lab {
		return nil
	}
	for _, failing := range others {
		if failing == u || failing.Source() != Lab {
			continue
		}
		if path := u.corrections(failing, others); path != nil {
			list = append(list, u.uncorrected(failing, path)...)
			continue
		}
		if failing.Date.After(u.Date) {
			continue
		}
		var passed, weak []string
		for _, row := range failing.verdicts {
			v := u.outcome(row.name)
			switch {
			case row.value.outcome != label.Fail || v == "" || v == label.Fail:
			case v != label.Pass:
				weak = append(weak, row.name)
			case !u.undoes(failing) || !u.asThorough(failing, row.name):
				passed = append(passed, row.name)
			}
		}
		because := ""
		if len(passed) > 0 {
			because = u.whyNot(failing, passed[0])
		}
		for _, vain := range []struct {
			provisions []string
			why        string
		}{{passed, because}, {weak, "only a pass does, and neither inconclusive nor not-applicable"}} {
			if len(vain.provisions) > 0 {
				list = append(list, failing.stays("undo", vain.provisions, vain.why))
			}
		}
	}
	return list[:min(len(list), maxVain)]
}

// stays says that failures that a report found are still there.
func (it *Item) stays(verb string, provisions []string, why string) string {
	more := ""
	if n := len(provisions) - maxVain; n > 0 {
		provisions, more = provisions[:maxVain], fmt.Sprintf(" and %d others", n)
	}
	return fmt.Sprintf("it does not %s that report %s of %s found %s%s failed: %s", verb, it.Number, it.Signer, strings.Join(provisions, ", "), more, why)
}

// corrections returns the reports by way of which one corrects another, itself first; none
// where it does not. Others are all that are there.
func (u *Item) corrections(it *Item, others []*Item) (path []*Item) {
	for at := u; len(path) <= len(others); {
		path = append(path, at)
		if at.Corrects == it.ID {
			return path
		}
		i := slices.IndexFunc(others, func(o *Item) bool { return o.ID == at.Corrects })
		if i < 0 {
			return nil
		}
		at = others[i]
	}
	return nil
}

// uncorrected says which failures stay that a report found, although others correct it.
func (u *Item) uncorrected(it *Item, path []*Item) (list []string) {
	var silent, weak []string
	for _, row := range it.verdicts {
		switch {
		case row.value.outcome != label.Fail, u.outcome(row.name) == label.Fail, slices.ContainsFunc(path, func(c *Item) bool { return c.restates(it, row.name) }):
		case u.outcome(row.name) == "":
			silent = append(silent, row.name)
		default:
			weak = append(weak, row.name)
		}
	}
	if len(silent) > 0 {
		list = append(list, it.stays("correct", silent, fmt.Sprintf("it says nothing of that, and a correction names again what had failed; correct this one in turn (corrects: %s)", u.ID)))
	}
	if len(weak) > 0 {
		list = append(list, it.stays("correct", weak, u.lessThorough(it, weak[0])))
	}
	return list
}

// verdict returns the verdict that stands for a provision in a criterion, where no
// measured failure does, and whose it is: the latest of labs, or else the claim of
// the declarations. Verdicts by methods that the criterion accepts go before others,
// which support nothing where a lab must have checked. Of one day the worse stands. A claim
// that it fails yields to a lab's pass only, in tests that ended on the day of the claim or
// later: what the manufacturer admits after the tests, they do not speak of. Where a
// declaration would do, a pass by any method answers it, whatever passed before the claim.
func (e *evaluation) verdict(c *Criterion, provision string, src Source) (items []*Item, stands label.Outcome) {
	claims, claimed := e.claim(provision)
	answers := func() bool {
		return stands == label.Pass && (claimed != label.Fail || !claims[0].Date.After(items[0].Date))
	}
	if items, stands = e.tested(provision, c.accepts); answers() {
		return items, stands
	}
	if src == Declaration && (len(items) == 0 || stands == label.Pass) {
		if items, stands = e.tested(provision, func([]label.Method) bool { return true }); answers() {
			return items, stands
		}
	}
	if len(items) == 0 || claimed == label.Fail {
		return claims, claimed
	}
	return items, stands
}

// tested returns the latest verdict of labs by methods that are accepted, and whose it
// is; of one day the worse. What tests did not come to a verdict about counts by
// whatever method.
func (e *evaluation) tested(provision string, accepted func([]label.Method) bool) (items []*Item, stands label.Outcome) {
	for _, it := range e.reports {
		v := it.outcome(provision)
		switch {
		case v == "", v == label.Fail: // that was undone
		case v != label.Inconclusive && !accepted(it.methodsOf(provision)):
		case len(items) == 0, it.Date == items[0].Date && v.Worse(stands):
			items, stands = append(items[:0], it), v
		case it.Date == items[0].Date && v == stands:
			items = append(items, it)
		}
	}
	return items, stands
}

// claim returns the worst that the declarations claim of a provision, and which
// of them do.
func (e *evaluation) claim(provision string) (items []*Item, worst label.Outcome) {
	for _, it := range e.declarations {
		v := it.outcome(provision)
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
func (e *evaluation) free(f *Finding, when *rule, c *Criterion, src Source) error {
	values := make([]any, len(when.facts))
	for i, fact := range when.facts {
		if support, _ := e.pick(fact, c, src); len(support) > 0 {
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
		support, _ := e.pick(fact, c, src)
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
	e.weaker(f, func(it *Item) []label.Method {
		if slices.ContainsFunc(t.missing, func(name string) bool { _, ok := it.facts.get(name); return ok }) {
			return it.Methods
		}
		return nil
	})
}

const tooManyValues = "Reports give so many different values for these facts that nothing can be told: a lab must correct its report, or report again and name what was changed"

// weaker names reports that a finding would rest on if they had been made by a
// method that its criterion accepts. By returns the methods by which a report says
// what is asked for, or nothing where it does not.
func (e *evaluation) weaker(f *Finding, by func(*Item) []label.Method) {
	if f.Required != Lab {
		return
	}
	for _, it := range e.reports {
		if methods := by(it); len(methods) > 0 && !f.Criterion.accepts(methods) {
			f.weaker = addItems(f.weaker, []*Item{it})
		}
	}
}

// note adds what was found out in judging, once.
func (e *evaluation) note(u Unused) {
	if !slices.Contains(e.unused, u) {
		e.unused = append(e.unused, u)
	}
}
