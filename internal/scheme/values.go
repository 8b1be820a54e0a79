package scheme

import (
	"cmp"
	"reflect"
	"slices"
	"time"

	"labeld/internal/label"
)

// A factSet holds the values of one fact that stand.
type factSet struct {
	measured []factValue // those of reports that count; then those that count only against the device
	count    int         // how many of measured are of reports that count
	declared []factValue // of the declarations that stand
}

type factValue struct {
	item  *Item
	value any
}

// values returns the values of a fact that stand. A value that the dictionary,
// which may have changed since it was accepted, no longer allows is none.
func (e *evaluation) values(f *Fact) *factSet {
	if s := e.sets[f.index]; s != nil {
		return s
	}
	s := &factSet{}
	for _, it := range e.reports {
		s.measured = e.value(s.measured, it, f)
	}
	s.count = len(s.measured)
	for _, it := range e.against {
		s.measured = e.value(s.measured, it, f)
	}
	for _, it := range e.declarations {
		s.declared = e.value(s.declared, it, f)
	}
	e.sets[f.index] = s
	return s
}

// value appends an item's value of a fact, unless it has none or the value was
// replaced: by a correction, or by a later report on a changed product.
func (e *evaluation) value(list []factValue, it *Item, f *Fact) []factValue {
	v, ok := it.value(f)
	if !ok {
		return list
	}
	if len(e.trusted) > 1 && it.Source() == Lab && e.replaced(it, f) {
		return list
	}
	return append(list, factValue{it, v})
}

// replaced reports whether what a report measured was replaced.
func (e *evaluation) replaced(it *Item, f *Fact) bool {
	states := func(u *Item) bool {
		_, ok := u.value(f)
		return ok && includes(u.Methods, it.Methods)
	}
	return e.restated(it, states) || slices.ContainsFunc(e.trusted, func(u *Item) bool { return u.undoes(it) && states(u) })
}

// value reads a fact of an item.
func (it *Item) value(f *Fact) (any, bool) {
	raw, ok := it.facts.get(f.Name)
	if !ok {
		return nil, false
	}
	v, err := f.read(raw)
	return v, err == nil
}

// pick returns the values of a fact on which a criterion can rest, and those that
// count only against it. What a lab found by a method that the criterion accepts goes
// before what it found by others, and that before a declared value. Where a lab must
// have checked, only the first will do, and a declared value counts only for facts that
// are the manufacturer's to state. So what suffices where a lab must have checked
// suffices where a claim would do.
func (e *evaluation) pick(f *Fact, c *Criterion, src Source) (support, adverse []factValue) {
	s := e.values(f)
	support, adverse = s.measured[:s.count], s.measured[s.count:]
	weak := func(v factValue) bool { return !c.accepts(v.item.Methods) }
	if slices.ContainsFunc(support, weak) {
		var strong, rest []factValue
		for i, v := range s.measured {
			if i < s.count && !weak(v) {
				strong = append(strong, v)
			} else {
				rest = append(rest, v)
			}
		}
		if src == Lab || len(strong) > 0 {
			support, adverse = strong, rest
		}
	}
	if len(support) == 0 && (src == Declaration || f.By == ByManufacturer) {
		support = s.declared
	}
	return support, adverse
}

// accepts reports whether a criterion can rest on what a laboratory found by some
// methods, where a laboratory's word is asked for.
func (c *Criterion) accepts(methods []label.Method) bool {
	return len(c.Methods) == 0 || slices.ContainsFunc(methods, func(m label.Method) bool { return slices.Contains(c.Methods, m) })
}

// weighed is pick for a rule of which a result is the worst, and with what the
// manufacturer has declared after the tests: like its claim that a provision fails, that
// counts against the device. So it does of what no test speaks, where it makes a
// criterion's rule false; whether a provision applies is then not known.
func (e *evaluation) weighed(f *Fact, c *Criterion, src Source, worst tri) (support, adverse []factValue) {
	support, adverse = e.pick(f, c, src)
	if len(support) == 0 && worst == isTrue {
		return support, adverse
	}
	for _, d := range e.values(f).declared {
		if !slices.ContainsFunc(support, func(v factValue) bool { return v.item == d.item || !v.item.Date.Before(d.item.Date) }) {
			adverse = append(slices.Clip(adverse), d)
		}
	}
	return support, adverse
}

// maxTrials bounds how many combinations of values one rule is tried with. Two
// values of each of six facts give as many; more come from reports that
// contradict each other so often that somebody has to settle that first.
const maxTrials = 64

// A trial is what a rule comes to over all values that stand.
type trial struct {
	result  tri
	missing []string // unknown: the facts on which the result depends
	rests   []*Item  // whose word it is
	split   []string // facts with more values than can be tried; there is then no result
	worst   []choice // the values that came to the worst result, one of each fact; nil where none did
}

// try evaluates a rule over every combination of the values that stand, and
// returns the worst result: worst itself if any combination comes to it, unknown
// if one on which a criterion can rest does.
func (e *evaluation) try(r *rule, c *Criterion, src Source, worst tri) (t trial, err error) {
	chosen := make([]choice, len(r.facts))
	for i, f := range r.facts {
		support, adverse := e.weighed(f, c, src, worst)
		if len(support) > 1 || len(adverse) > 0 {
			return e.tryAll(r, c, src, worst)
		}
		if len(support) == 1 {
			chosen[i] = choice{value: support[0].value, support: []*Item{support[0].item}}
			t.rests = append(t.rests, support[0].item)
		}
	}
	if t.result, t.missing, err = r.eval(valuesOf(chosen), e.now); t.result == worst {
		t.worst = chosen
	}
	return t, err
}

// tryAll is try where some fact has several values.
func (e *evaluation) tryAll(r *rule, c *Criterion, src Source, worst tri) (t trial, err error) {
	lists := make([][]choice, len(r.facts))
	for i, f := range r.facts {
		lists[i] = choices(e.weighed(f, c, src, worst))
	}
	if t.split = split(r.vars, lists); t.split != nil {
		return t, nil
	}
	t.result = isTrue
	if worst == isTrue {
		t.result = isFalse
	}
	err = combine(lists, func(chosen []choice) (bool, error) {
		result, missing, err := r.eval(valuesOf(chosen), e.now)
		switch {
		case err != nil:
			return true, err
		case result == worst:
			t.result, t.missing, t.rests, t.worst = worst, nil, nil, slices.Clone(chosen)
			for i := range chosen {
				t.rests = append(t.rests, chosen[i].named()...)
			}
			return true, nil
		case result == unknown && !slices.ContainsFunc(chosen, (choice).adverseOnly):
			t.result = unknown
			for _, name := range missing {
				if !slices.Contains(t.missing, name) {
					t.missing = append(t.missing, name)
				}
			}
		}
		return false, nil
	})
	if t.result != worst {
		for _, list := range lists {
			for i := range list {
				t.rests = append(t.rests, latest(list[i].support)...)
			}
		}
	}
	return t, err
}

// blame returns the evidence that says what is wrong, of that which came to the worst
// result: the statements that come to it by what they say themselves. Where none does,
// it is that of the values without which others would not have come to it. A fact that is
// in order beside one that is not says nothing against the device, and whoever stated it
// is not named for that. Where it takes what the manufacturer admits, the tests alone are
// in order, and only the declaration is named.
func (t *trial) blame(r *rule, now time.Time) (list []*Item, err error) {
	worst := func(values []any) bool {
		result, _, inner := r.eval(values, now)
		err = cmp.Or(err, inner)
		return result == t.result
	}
	for _, it := range t.rests {
		own := make([]any, len(r.facts))
		for i, f := range r.facts {
			own[i], _ = it.value(f)
		}
		if worst(own) {
			list = append(list, it)
		}
	}
	if len(list) > 0 || err != nil {
		return list, err
	}
	values := valuesOf(t.worst)
	var admitted []*Item
	for i := range values {
		if values[i] == nil {
			continue
		}
		// Of the other facts those are left out that it does not take, one after the other.
		fewer := slices.Clone(values)
		for k := range fewer {
			if v := fewer[k]; k != i && v != nil {
				if fewer[k] = nil; !worst(fewer) {
					fewer[k] = v
				}
			}
		}
		if fewer[i] = nil; !worst(fewer) {
			list = addItems(list, t.worst[i].named())
			if t.worst[i].admitted() {
				admitted = addItems(admitted, t.worst[i].named())
			}
		}
	}
	if len(admitted) > 0 {
		list = admitted
	}
	return list, err
}

// A choice is one value of a fact to try a rule with: nil for a value that is
// not known.
type choice struct {
	value            any
	support, adverse []*Item // whose word it is
}

// adverseOnly reports whether a choice counts only against the device.
func (c choice) adverseOnly() bool { return c.value != nil && len(c.support) == 0 }

// admitted reports whether only a declaration says so that counts only against the device.
func (c choice) admitted() bool {
	return c.adverseOnly() && !slices.ContainsFunc(c.adverse, func(it *Item) bool { return it.Source() != Declaration })
}

// named returns the items to name for a choice: of those that say the same, the
// latest.
func (c *choice) named() []*Item {
	if len(c.support) > 0 {
		return latest(c.support)
	}
	return latest(c.adverse)
}

// latest returns those of items whose date is the latest.
func latest(items []*Item) (list []*Item) {
	for _, it := range items {
		if len(list) > 0 && it.Date.After(list[0].Date) {
			list = list[:0]
		}
		if len(list) == 0 || it.Date == list[0].Date {
			list = append(list, it)
		}
	}
	return list
}

// choices returns distinct values. Where there is none to rest on, one is the
// value that is not known.
func choices(support, adverse []factValue) (list []choice) {
	if len(support) == 0 {
		list = append(list, choice{})
	}
	find := func(v any) *choice {
		for i := range list {
			if list[i].value != nil && reflect.DeepEqual(list[i].value, v) {
				return &list[i]
			}
		}
		list = append(list, choice{value: v})
		return &list[len(list)-1]
	}
	for _, v := range support {
		c := find(v.value)
		c.support = append(c.support, v.item)
	}
	for _, v := range adverse {
		c := find(v.value)
		c.adverse = append(c.adverse, v.item)
	}
	return list
}

// split returns the names of which there are several values, if these cannot all
// be tried with each other.
func split(names []string, lists [][]choice) (several []string) {
	total := 1
	for i, list := range lists {
		total = min(total*len(list), maxTrials+1)
		if len(list) > 1 {
			several = append(several, names[i])
		}
	}
	if total <= maxTrials {
		return nil
	}
	return several
}

// combine calls f with every combination of one choice from each list, until it
// returns true or an error.
func combine(lists [][]choice, f func([]choice) (bool, error)) error {
	total := 1
	for _, list := range lists {
		total *= len(list)
	}
	chosen := make([]choice, len(lists))
	for n := range total {
		for i, list := range lists {
			chosen[i], n = list[n%len(list)], n/len(list)
		}
		if stop, err := f(chosen); stop || err != nil {
			return err
		}
	}
	return nil
}

func valuesOf(chosen []choice) []any {
	values := make([]any, len(chosen))
	for i := range chosen {
		values[i] = chosen[i].value
	}
	return values
}
