package advisory

import (
	"iter"
	"slices"
	"time"

	"labeld/internal/label"
)

// An Effect is what an advisory means for a device at a firmware version.
type Effect struct {
	Status   Status
	Issues   []string // the issues that have this status, as the document orders them
	Severity Severity // worst of these, where affected or under investigation
	FixedIn  string   // where affected: lowest version that is stated to be fixed and has none of the issues, nor has any later one
	Advice   label.Advice
	Words    string // of the publisher, that go with the advice; may be empty
	URL      string // https, where to read or get more; may be empty
}

// For returns what the advisory says of a device and a firmware version, which
// is empty where it is not known. It returns false if the document names
// another product, or says nothing that bears on this version. The package
// comment has the rules.
func (a *Advisory) For(dev *label.Device, firmware string) (Effect, bool) {
	at := parseVersion(label.Readable(firmware))
	var rulings []ruling
	var e Effect
	for i := range a.Issues {
		r := a.Issues[i].about(dev)
		r.status, _ = r.at(at)
		if r.status.Worse(e.Status) {
			e.Status = r.status
		}
		rulings = append(rulings, r)
	}
	if e.Status == "" {
		return Effect{}, false
	}
	e.URL = a.URL
	var deciding []ruling
	for _, r := range rulings {
		if r.status != e.Status {
			continue
		}
		deciding = append(deciding, r)
		e.Issues = append(e.Issues, r.ID)
		if r.Severity.Worse(e.Severity) && e.Status.Worse(Fixed) {
			e.Severity = r.Severity
		}
	}
	switch e.Status {
	case UnderInvestigation:
		e.Advice = label.AdviceAwait
	case Fixed:
		e.Advice = label.AdviceHasFix
	case NotAffected:
		e.Advice = label.AdviceUnaffected
	default:
		e.FixedIn = fixedIn(rulings, at)
		e.advise(deciding, at)
	}
	return e, true
}

// Words returns what the advisory says of a device and a firmware version issue by
// issue: of those of which it says anything expressly. That a version is not affected
// because it lies outside of the ranges that are is only concluded.
func (a *Advisory) Words(dev *label.Device, firmware string) map[string]Status {
	at := parseVersion(label.Readable(firmware))
	words := map[string]Status{}
	for i := range a.Issues {
		r := a.Issues[i].about(dev)
		if s, concluded := r.at(at); !concluded && s.Worse(words[a.Issues[i].ID]) {
			words[a.Issues[i].ID] = s
		}
	}
	return words
}

// A ruling is what an issue says of one device.
type ruling struct {
	*Issue
	sayings []saying
	whole   []saying   // those about the whole device
	parts   [][]saying // those by way of its components, by the route whatever the versions
	status  Status     // at the version asked about; empty where nothing bears on it
}

// A saying is one statement about the device. It is sure if it holds for all
// units of the versions it names.
type saying struct {
	*ProductStatus
	sure bool
}

// about picks the statements about a device. An investigation of all versions
// is over once a later statement by the same route says how some stand.
func (is *Issue) about(dev *label.Device) ruling {
	r := ruling{Issue: is}
	concluded := map[string]time.Time{} // by exact route
	for i := range is.Products {
		p := &is.Products[i]
		named, sure := p.names(dev)
		if !named {
			continue
		}
		r.sayings = append(r.sayings, saying{p, sure})
		if p.Status != UnderInvestigation && p.said.After(concluded[p.route.exact]) {
			concluded[p.route.exact] = p.said
		}
	}
	r.sayings = slices.DeleteFunc(r.sayings, func(s saying) bool {
		return s.Status == UnderInvestigation && s.Versions.all() && s.said.Before(concluded[s.route.exact])
	})
	places := map[string]int{}
	for _, s := range r.sayings {
		i, known := places[s.route.kin]
		switch {
		case s.route == route{}:
			r.whole = append(r.whole, s)
		case known:
			r.parts[i] = append(r.parts[i], s)
		default:
			places[s.route.kin] = len(r.parts)
			r.parts = append(r.parts, []saying{s})
		}
	}
	return r
}

// at returns the worst status that the statements give a version. What is said
// by way of one component is ruled on by itself: a fix of one is no fix of
// another. What is said of this version of the whole device, and a fix in the
// whole device, go for all of its components that nothing worse is said of. That the
// version is not affected is concluded where no statement says so by some way.
func (r *ruling) at(v Version) (worst Status, concluded bool) {
	worst = cover(r.whole, v)
	told := worst != ""
	var reached *Version
	if !told {
		worst, reached = beside(r.whole, v, nil)
		concluded = worst == NotAffected
	}
	for _, part := range r.parts {
		status := cover(part, v)
		if status == "" && !told {
			status, _ = beside(part, v, reached)
			concluded = concluded || status == NotAffected
		}
		if status.Worse(worst) {
			worst = status
		}
	}
	return worst, concluded && worst == NotAffected
}

// cover returns the worst status that statements about a version give it.
func cover(sayings []saying, v Version) (worst Status) {
	for s := range covering(sayings, v) {
		if s.Status.Worse(worst) {
			worst = s.Status
		}
	}
	return worst
}

// covering yields the statements that are taken to be about a version.
func covering(sayings []saying, v Version) iter.Seq[saying] {
	return func(yield func(saying) bool) {
		var listed map[string]bool // exact routes by which a statement lists this very version
		for _, s := range sayings {
			if s.sure && s.Versions.lists(v) {
				if listed == nil {
					listed = map[string]bool{}
				}
				listed[s.route.exact] = true
			}
		}
		for _, s := range sayings {
			if s.covers(v, listed[s.route.exact]) && !yield(s) {
				return
			}
		}
	}
}

// covers reports whether a statement is taken to be about a version. Where it
// may be, bad news counts and good news does not; but a version that some
// statement by the same route lists is not subject to ranges that cannot be read.
func (s saying) covers(v Version, listed bool) bool {
	in := s.Versions.contains(v)
	switch s.Status {
	case Affected, UnderInvestigation:
		return in == yes || in == maybe && !listed
	case Fixed: // in some version, which has to be told
		return in == yes && s.sure && !s.Versions.all()
	default:
		return in == yes && s.sure
	}
}

// beside rules on a version that none of the statements covers, and returns the
// highest fix at or below it where it is fixed. A fix of the whole device may be
// given, which v has reached.
func beside(sayings []saying, v Version, reached *Version) (Status, *Version) {
	var (
		listed                Status // worst of the versions listed as not yet good
		ranged, fixed, behind bool
	)
	for _, s := range sayings {
		switch s.Status {
		case Affected, UnderInvestigation:
			if len(s.Versions.points) > 0 && s.Status.Worse(listed) {
				listed = s.Status
			}
			ranged = ranged || s.Status == Affected
		case Fixed:
			fixed = true
		}
		if !s.sure {
			continue
		}
		for i := range s.Fixes {
			if v.beyond(s.Fixes[i], true) != yes {
				behind = true
			} else if reached == nil || s.Fixes[i].beyond(*reached, false) == yes {
				reached = &s.Fixes[i]
			}
		}
	}
	relapsed := reached != nil && slices.ContainsFunc(sayings, func(s saying) bool {
		return (s.Status == Affected || s.Status == UnderInvestigation) && s.Versions.reaches(*reached)
	})
	switch {
	case reached != nil && !behind && !relapsed:
		return Fixed, reached
	case listed != "":
		return listed, nil
	case ranged && reached != nil:
		return Fixed, nil
	case ranged:
		return NotAffected, nil
	case fixed:
		return Affected, nil
	}
	return "", nil
}

// fixedIn returns the lowest version above v that is stated to have a fix, and
// from which on no issue is known to affect the device.
func fixedIn(rulings []ruling, v Version) string {
	var fixes, odd []Version
	for _, r := range rulings {
		for _, s := range r.sayings {
			for _, f := range s.Fixes {
				switch c, ok := f.compare(v); {
				case ok && c <= 0:
				case f.plain():
					fixes = append(fixes, f)
				default:
					odd = append(odd, f)
				}
			}
		}
	}
	if len(fixes) == 0 && len(odd) == 1 {
		fixes = odd // in no order with others, but there are none
	}
	slices.SortFunc(fixes, func(a, b Version) int { c, _ := a.compare(b); return c })
	fixes = slices.CompactFunc(fixes, func(a, b Version) bool { return a.equals(b) == yes })
	lowest := ""
	for _, f := range slices.Backward(fixes[max(0, len(fixes)-maxFixes):]) {
		if slices.ContainsFunc(rulings, func(r ruling) bool { return r.affects(f) }) {
			break
		}
		lowest = f.String()
	}
	return lowest
}

// affects reports whether the issue affects the device at v or above.
func (r *ruling) affects(v Version) bool {
	at, _ := r.at(v)
	return at == Affected || slices.ContainsFunc(r.sayings, func(s saying) bool {
		return s.Status == Affected && s.Versions.reaches(v)
	})
}

// prospects of an affected issue, from best to worst.
const (
	updatable = iota // the maker offers an update
	advised          // the maker says what to do
	open             // nothing can be done yet
	final            // nothing will be
	silent           // the maker says nothing
)

// advise says what to do about the issues that affect the device: that one's
// words which leaves the most to worry about.
func (e *Effect) advise(deciding []ruling, at Version) {
	worst, words := -1, Remedy{}
	for i := range deciding {
		if p, w := deciding[i].prospect(at); p > worst {
			worst, words = p, w
		}
	}
	e.instruct(worst, words)
}

// instruct passes on what to do, and the publisher's words beside it: what we say and
// what they say is never one sentence, since it may be of two languages and has two
// authors.
func (e *Effect) instruct(prospect int, words Remedy) {
	if words.URL != "" {
		e.URL = words.URL
	}
	switch {
	case e.FixedIn != "":
		e.Advice = label.AdviceUpdateTo
		return
	case prospect == silent:
		e.Advice = label.AdviceAsk
		return
	case prospect == updatable:
		e.Advice = label.AdviceUpdate
	case prospect == final:
		e.Advice = label.AdviceNoFixPlanned
	case words.Category == Action && words.Text != "":
		e.Advice = label.AdviceFollow
	default:
		e.Advice = label.AdviceNoUpdateYet
	}
	e.Words = clip(words.Text, label.MaxAdvice)
}

// prospect returns what the maker says about an issue, and the words to pass on.
// Of several statements that a version is affected, the one with the worst
// prospect counts: what helps against one does not help against another.
func (r *ruling) prospect(v Version) (worst int, words Remedy) {
	worst = -1
	for _, about := range []iter.Seq[saying]{covering(r.sayings, v), slices.Values(r.sayings)} {
		for s := range about {
			if p, w := s.prospect(); s.Status == Affected && p > worst {
				worst, words = p, w
			}
		}
		if worst >= 0 {
			break // only where no statement covers the version, all of them count
		}
	}
	return worst, words
}

// prospect returns the best that the maker says in a statement, and the words
// to pass on.
func (s saying) prospect() (prospect int, words Remedy) {
	found := map[Category]Remedy{}
	for _, remedy := range s.Remedies {
		if _, again := found[remedy.Category]; !again {
			found[remedy.Category] = remedy
		}
	}
	if fix, ok := found[VendorFix]; ok {
		return updatable, fix
	}
	for _, c := range []Category{Mitigation, Workaround, Action} {
		if help, ok := found[c]; ok {
			prospect, words = advised, help
			break
		}
	}
	if never, ok := found[NoFixPlanned]; ok {
		if words.Text == "" {
			words = never
		}
		return final, words
	}
	switch {
	case prospect == advised:
		return advised, words
	case len(found) > 0:
		return open, words
	}
	return silent, words
}
