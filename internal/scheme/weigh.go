package scheme

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"labeld/internal/label"
)

// weigh begins a decision: it sorts the items into what counts, what counts
// only against the device, and what does not count.
func (s *Scheme) weigh(dev *label.Device, subject label.Digest, items []*Item, now time.Time) (*Decision, *evaluation, error) {
	cat := s.categories[dev.Category]
	if cat == nil {
		return nil, nil, label.Errorf(label.Precondition, label.ReasonUnknownCategory, "device.category",
			"the device's category %q is no longer defined", dev.Category)
	}
	e := &evaluation{scheme: s, now: now, done: map[memo]*Finding{}, sets: make([]*factSet, len(s.facts))}
	// Latest first; of one day in a fixed order, so that lists come out the same
	// whatever the order of items. Nothing else may depend on it: a digest can be
	// ground.
	items = slices.SortedFunc(slices.Values(items), itemOrder)
	for _, it := range items {
		e.file(it)
	}
	e.correct()
	e.supersede()
	d := &Decision{Scheme: s, Device: dev, Subject: subject, At: now, Risk: cat.Risk, evaluation: e}
	for _, it := range items {
		if slices.Contains(e.reports, it) || slices.Contains(e.declarations, it) || slices.Contains(e.rulings, it) {
			d.Evidence = append(d.Evidence, it)
		}
	}
	var err error
	d.Contradictions, err = e.contradictions()
	return d, e, err
}

func itemOrder(a, b *Item) int {
	return cmp.Or(b.Date.Compare(a.Date), slices.Compare(a.ID[:], b.ID[:]))
}

// file puts one item where it belongs.
func (e *evaluation) file(it *Item) {
	s := e.scheme
	if d := it.doubt(e.now); d != nil {
		against := d.Against && it.Source() == Lab && it.Standard == s.Standard
		if against && d.Undoes {
			e.trusted = append(e.trusted, it)
		}
		e.leave(it, d.Code, d.Text, against)
		return
	}
	if it.ruling != nil {
		if s.counts(it.ruling) {
			e.rulings = append(e.rulings, it)
		} else {
			e.leave(it, OtherVersion, fmt.Sprintf("was made by version %s of scheme %s", it.ruling.Scheme.Version, it.ruling.Scheme.ID), false)
		}
		return
	}
	report := it.Source() == Lab
	code, text := s.unused(it, e.now)
	if report && code != OtherStandard {
		e.trusted = append(e.trusted, it)
	}
	if d := it.limit(e.now); d != nil && code == "" {
		e.unused = append(e.unused, Unused{it, d.Code, d.limited(), report && d.Against, d.LastDay()})
	}
	switch {
	case code != "":
		e.leave(it, code, text, report && code != OtherStandard)
	case report:
		e.reports = append(e.reports, it)
	default:
		e.declarations = append(e.declarations, it)
	}
}

// leave files an item as unused, and keeps it where it counts against the device.
func (e *evaluation) leave(it *Item, code, text string, against bool) {
	e.unused = append(e.unused, Unused{Item: it, Code: code, Text: text, Against: against})
	if against {
		e.against = append(e.against, it)
	}
}

// correct takes out the reports that their labs have corrected.
func (e *evaluation) correct() {
	for _, u := range e.trusted {
		if u.Corrects.IsZero() {
			continue
		}
		corrected := func(it *Item) bool { return u.corrects(it) }
		if i := slices.IndexFunc(e.reports, corrected); i >= 0 {
			it := e.reports[i]
			e.reports = slices.Delete(e.reports, i, i+1)
			e.leave(it, Corrected, fmt.Sprintf("was corrected by its lab in report %s; only what it found wrong and the correction does not speak of still counts", u.Number), true)
		}
		if i := slices.IndexFunc(e.against, corrected); i >= 0 {
			if e.corrections == nil {
				e.corrections = map[*Item]*Item{}
			}
			e.corrections[e.against[i]] = u
		}
	}
}

// corrects reports whether a report stands in the place of another.
func (u *Item) corrects(it *Item) bool {
	return u.Corrects == it.ID && u.CheckCorrects(it) == nil
}

// CheckCorrects refuses a report that cannot stand in the place of another:
// only its lab can correct it, by the same yardstick, and by all of its methods.
func (u *Item) CheckCorrects(it *Item) error {
	switch {
	case it.Source() != Lab || it.Signer != u.Signer:
		return label.Errorf(label.Denied, label.ReasonNotYours, "", "%s is not a report of %s; a lab corrects its own reports only", it.ID, u.Signer)
	case it.Standard != u.Standard || it.Edition != u.Edition:
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "", "report %s is about %s %s; correct it by that edition", it.Number, it.Standard, it.Edition)
	case !includes(u.AllMethods(), it.AllMethods()):
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "", "report %s was made by the methods %s; a report that corrects it is made by all of them", it.Number, join(it.AllMethods()))
	}
	return nil
}

// restated reports whether a report that was corrected is corrected in something
// that a later one states.
func (e *evaluation) restated(it *Item, states func(u *Item) bool) bool {
	for u := e.corrections[it]; u != nil; u = e.corrections[u] {
		if states(u) {
			return true
		}
	}
	return false
}

// undoes reports whether a report can undo what an earlier one found wrong, or
// replace what it measured, if that was done by all of the methods by which the
// earlier one did: by the same yardstick, in tests that ended on a later day, of a
// product that was changed since. Where
// the firmware is what was changed, it must be another image. What was found wrong
// with one device of a product is not undone by tests of a third.
func (u *Item) undoes(it *Item) bool {
	if other := u.other(); !other.IsZero() && other != it.other() {
		return false
	}
	return u.Changed != "" && u.Standard == it.Standard && u.Edition == it.Edition && u.Date.After(it.Date) &&
		(u.Changed != label.ChangedFirmware || u.otherFirmware(it))
}

// otherFirmware reports whether a report is about an image that another is not about.
func (u *Item) otherFirmware(it *Item) bool {
	return slices.ContainsFunc(u.Firmware, func(f label.Firmware) bool {
		return !slices.ContainsFunc(it.Firmware, func(g label.Firmware) bool { return f.SHA256 == g.SHA256 })
	})
}

// other returns which other device of the product an item is about, or zero.
func (it *Item) other() label.Digest {
	if it.Doubt == nil {
		return label.Digest{}
	}
	return it.Doubt.Device
}

// supersede leaves of the declarations those of the latest day. Several of one
// day stand beside each other.
func (e *evaluation) supersede() {
	if len(e.declarations) == 0 {
		return
	}
	day := e.declarations[0].Date
	n := 1
	for n < len(e.declarations) && e.declarations[n].Date == day {
		n++
	}
	for _, it := range e.declarations[n:] {
		e.leave(it, Superseded, "is superseded by a declaration of "+day.String(), false)
	}
	e.declarations = e.declarations[:n]
	e.product = e.declarations[0].Product
	for _, it := range e.declarations[1:] {
		if lesser(it.Product, e.product) {
			e.product = it.Product
		}
	}
	least := *e.product
	for _, it := range e.declarations {
		r := &it.Product.Vulnerabilities
		least.Vulnerabilities.AckDays = Slower(least.Vulnerabilities.AckDays, r.AckDays)
		least.Vulnerabilities.StatusDays = Slower(least.Vulnerabilities.StatusDays, r.StatusDays)
	}
	e.product = &least
}

// Slower returns the lesser promise of two response times in days: the longer one, or
// 0, which promises none.
func Slower(a, b int) int {
	if a == 0 || b == 0 {
		return 0
	}
	return max(a, b)
}

// lesser reports whether a product promises less than another: of declarations
// of one day, a label repeats the one that does. Those that promise the same
// differ in words only.
func lesser(a, b *label.Product) bool {
	words := func(p *label.Product) string {
		said := p.Updates + "\n" + p.UpdateHelp + "\n" + p.Password + "\n" + p.Setup + "\n" + p.Page + "\n" + p.Language
		for _, tag := range slices.Sorted(maps.Keys(p.Translations)) {
			t := p.Translations[tag]
			said += "\n" + tag + "\n" + t.UpdateHelp + "\n" + t.Password + "\n" + t.Setup
		}
		return said
	}
	kept := func(p *label.Product) int {
		if p.SBOM {
			return 1
		}
		return 0
	}
	return cmp.Or(a.SupportEnd.Compare(b.SupportEnd),
		cmp.Compare(slices.Index(updates, a.Updates), slices.Index(updates, b.Updates)),
		cmp.Compare(kept(a), kept(b)),
		cmp.Compare(words(a), words(b))) < 0
}

// FewerUpdates reports whether one way of getting updates promises less than another.
func FewerUpdates(a, b string) bool { return slices.Index(updates, a) < slices.Index(updates, b) }

// updates from the least that a product can promise of them to the most.
var updates = []string{"none", "manual", "automatic"}
