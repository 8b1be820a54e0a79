package authority

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"labeld/internal/advisory"
	"labeld/internal/label"
	"labeld/internal/store"
)

// # What a release leaves out
//
// A release of an advisory takes the place of the earlier ones under its number, in
// what it speaks of. What it leaves out it does not take back: where an earlier
// release said that a device is affected by a weakness, or that this is looked into,
// and a later one no longer speaks of the device and the weakness, the earlier word
// stands. It ends when the publisher says expressly that the device is not affected,
// or that it is fixed. So nobody clears a product by silence, neither with a release
// that names other products only, nor with one that names other weaknesses only, nor
// with one whose ranges of affected versions do not hold the label's, nor by having the
// label renewed or issued anew after such a release. A label to which such a release adds
// nothing is left as it is: its history gets no new word, so that the time in which the
// manufacturer promised news goes on. The publisher is told in the answer, and operators
// by a notice.
//
// # What is said of another device of the product
//
// A warning about one device is a warning about every other of its product, such as
// the one in white, or with another hardware revision, until the publisher says
// expressly how that one stands. So nobody sheds a warning by registering the product
// once more and having that labelled, before the warning or after it. Good news of
// one device is none of another: it ends what was only said of the one that it names.
//
// # Which versions are asked about
//
// A label rests on reports of tests, each of the version that it names, and people have
// whichever they have. What an advisory says is held against all of these versions, and
// the worst counts: otherwise a report about one thing, whose version is out of harm's
// way, would clear a product that was tested with the version that is not.

// concern returns what an advisory says of a label's device at the versions that were
// tested, and that its history does not say; or nil.
func (a *Issuing) concern(v *store.View, doc *advisory.Advisory, publisher string, s *advisee) (*label.AdvisoryRef, error) {
	last := lastAdvice(s.history, publisher, doc.ID)
	if last != nil && last.Advisory.SHA256 == doc.SHA256 {
		return nil, nil
	}
	effect, ok := s.effect(doc, &s.Device)
	left, err := a.leftOut(v, doc, publisher, s, s.others)
	switch {
	case err != nil:
		return nil, err
	case ok && (left == nil || effect.Status.Worse(left.state)):
		return newRef(doc, effect), nil
	case left == nil:
		return nil, nil
	case ok && effect.Status == left.state:
		// More of the same: the label names both, and what to do is not said of all.
		if names(last, left.state, effect.Issues) && names(last, left.state, left.issues) {
			return nil, nil
		}
		effect.Issues = append(slices.Clone(left.issues), slices.DeleteFunc(slices.Clone(effect.Issues), func(s string) bool { return slices.Contains(left.issues, s) })...)
		if effect.Status == advisory.Affected {
			effect.FixedIn, effect.Advice, effect.Words = "", label.AdviceAsk, ""
		}
		return newRef(doc, effect), nil
	case names(last, left.state, left.issues):
		return nil, nil // its word stands
	}
	ref := newRef(doc, advisory.Effect{Status: left.state, Issues: left.issues, URL: left.ref.URL, Advice: left.ref.Advice, Words: left.ref.Words, FixedIn: left.ref.FixedIn})
	ref.Severity = left.ref.Severity
	return ref, nil
}

// An advisee is a label that advisories are held against, with the other devices of
// its product, and what all of their labels were advised of.
type advisee struct {
	*label.Label
	history  *label.History
	own      label.Digest // of its device
	others   []*label.Device
	words    []word   // oldest first
	versions []string // of the firmware that was tested, that which the label names first; "" where none was
}

// A word is a status that advised a label.
type word struct {
	*label.Status
	device label.Digest
}

// advisee gathers what advisories are held against. The label need not be on record.
func (a *Issuing) advisee(v *store.View, l *label.Label, h *label.History) (*advisee, error) {
	raw, err := l.Device.Canonical()
	if err != nil {
		return nil, err
	}
	own, err := v.Device(label.DigestOf(raw))
	if err != nil {
		return nil, err
	}
	devices, err := product(v, own, &l.Device)
	if err != nil {
		return nil, err
	}
	out := &advisee{Label: l, history: h, own: own.Digest}
	if out.versions, err = tested(v, l); err != nil {
		return nil, err
	}
	gather := func(device label.Digest, h *label.History) {
		for _, st := range h.Statuses {
			if st.Action == label.Advise {
				out.words = append(out.words, word{st, device})
			}
		}
	}
	gather(own.Digest, h)
	for _, d := range devices {
		if d != own {
			desc := new(label.Device)
			if err := label.Decode(d.Descriptor, desc); err != nil {
				return nil, err
			}
			out.others = append(out.others, desc)
		}
		labels, err := v.LabelsOf(d)
		if err != nil {
			return nil, err
		}
		for _, rec := range labels {
			if rec.ID == l.ID {
				continue
			}
			other, err := a.history(v, rec)
			if err != nil {
				return nil, err
			}
			gather(d.Digest, other)
		}
	}
	slices.SortStableFunc(out.words, func(x, y word) int { return x.Recorded.Compare(y.Recorded) })
	return out, nil
}

// tested returns the firmware versions of the reports that a label rests on.
func tested(v *store.View, l *label.Label) ([]string, error) {
	if l.Firmware == nil {
		return []string{""}, nil
	}
	list := []string{l.Firmware.Version}
	for _, e := range l.Evidence {
		if label.SourceOf(e.Type) != label.SourceLab {
			continue
		}
		st, err := v.Statement(e.SHA256)
		if err != nil {
			return nil, err
		}
		item, err := itemOf(v, st)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(list, item.Firmware[0].Version) {
			list = append(list, item.Firmware[0].Version)
		}
	}
	return list, nil
}

// effect returns what a release says of a device at the version for which that is worst.
// That it is not affected is said if it is said of each.
func (s *advisee) effect(release *advisory.Advisory, d *label.Device) (worst advisory.Effect, ok bool) {
	silent := false
	for _, version := range s.versions {
		e, says := release.For(d, version)
		silent = silent || !says
		if says && (!ok || e.Status.Worse(worst.Status)) {
			worst, ok = e, true
		}
	}
	return worst, ok && !(silent && worst.Status == advisory.NotAffected)
}

// A matter is a weakness at a version.
type matter struct{ version, issue string }

// expressly returns what a release says of a device by its name.
func (s *advisee) expressly(release *advisory.Advisory, d *label.Device) map[matter]advisory.Status {
	predicate := map[matter]advisory.Status{}
	for _, version := range s.versions {
		for issue, status := range release.Words(d, version) {
			predicate[matter{version, issue}] = status
		}
	}
	return predicate
}

// names reports whether the latest word of a label says of weaknesses that they have a
// status; one that names only the first of them says so of all.
func names(last *label.Status, status advisory.Status, issues []string) bool {
	return last != nil && last.Advisory.State == string(status) &&
		(last.Advisory.More > 0 || !slices.ContainsFunc(issues, func(s string) bool { return !slices.Contains(last.Advisory.Issues, s) }))
}

// A leaving is what a release leaves out of what earlier ones warned of.
type leaving struct {
	state  advisory.Status    // the worst that is still said: affected or under investigation
	issues []string           // of which it is said, sorted
	ref    *label.AdvisoryRef // the latest word that said it
}

// maxReread bounds the earlier releases that are read again to find what a later one
// leaves out. Of those before, what the histories name counts.
const maxReread = 8

// leftOut returns what a publisher warned of under an advisory's number and a release
// does not take back: what earlier releases said of a label's device and this one
// leaves out, and what this one and earlier ones say of others of its product that are
// given, where nothing was ever said of this. It returns nil where there is none.
func (a *Issuing) leftOut(v *store.View, doc *advisory.Advisory, publisher string, s *advisee, others []*label.Device) (*leaving, error) {
	releases, early, err := a.earlierReleases(v, doc, publisher, s)
	if err != nil {
		return nil, err
	}
	predicate, inherited := map[matter]advisory.Status{}, map[matter]advisory.Status{}
	for issue, status := range early {
		for _, version := range s.versions {
			predicate[matter{version, issue}] = status
		}
	}
	latest := map[advisory.Status]*label.AdvisoryRef{}
	for _, release := range append(releases, doc) {
		theirs := map[matter]advisory.Status{}
		for _, d := range others {
			for m, status := range s.expressly(release, d) {
				if status.Worse(theirs[m]) {
					theirs[m] = status
				}
			}
			if effect, ok := s.effect(release, d); ok {
				latest[effect.Status] = newRef(release, effect)
			}
		}
		maps.Copy(inherited, theirs)
		if release == doc {
			break
		}
		maps.Copy(predicate, s.expressly(release, &s.Device))
		if effect, ok := s.effect(release, &s.Device); ok {
			latest[effect.Status] = newRef(release, effect)
		}
	}
	open := inherited
	maps.Copy(open, predicate) // what was said of the device itself goes before
	for m := range s.expressly(doc, &s.Device) {
		delete(open, m)
	}
	out := &leaving{state: advisory.Fixed}
	for m, status := range open {
		switch {
		case status.Worse(out.state):
			out.state, out.issues = status, []string{m.issue}
		case status == out.state && status != advisory.Fixed && !slices.Contains(out.issues, m.issue):
			out.issues = append(out.issues, m.issue)
		}
	}
	if len(out.issues) == 0 {
		return nil, nil
	}
	slices.Sort(out.issues)
	if out.ref = latest[out.state]; out.ref == nil { // never the worst of a release
		out.ref = &label.AdvisoryRef{URL: doc.URL, Advice: label.AdviceAwait}
		if out.state == advisory.Affected {
			out.ref.Advice = label.AdviceAsk
		}
	}
	return out, nil
}

// earlierReleases returns the last of the other releases of an advisory that the
// product's labels were advised of, oldest first, and what those before them said of
// the label's device, as far as histories name it.
func (a *Issuing) earlierReleases(v *store.View, doc *advisory.Advisory, publisher string, s *advisee) (list []*advisory.Advisory, before map[string]advisory.Status, err error) {
	var digests []label.Digest
	var own []*label.Status
	for _, w := range s.words {
		if w.Advisory.ID != doc.ID || w.Author() != publisher || w.Advisory.SHA256 == doc.SHA256 {
			continue
		}
		if !slices.Contains(digests, w.Advisory.SHA256) {
			digests = append(digests, w.Advisory.SHA256)
		}
		if w.device == s.own {
			own = append(own, w.Status)
		}
	}
	reread := digests[max(0, len(digests)-maxReread):]
	before = map[string]advisory.Status{}
	for _, st := range own {
		if slices.Contains(reread, st.Advisory.SHA256) {
			continue
		}
		for _, issue := range st.Advisory.Issues {
			before[issue] = advisory.Status(st.Advisory.State)
		}
	}
	for _, digest := range reread {
		release, err := a.advisory(v, digest)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, release)
	}
	return list, before, nil
}

// newRef returns an effect of a document as a status has it: with the first of its
// issues, and how many more there are.
func newRef(doc *advisory.Advisory, e advisory.Effect) *label.AdvisoryRef {
	named := e.Issues[:min(len(e.Issues), label.MaxAdvisedIssues)]
	ref := &label.AdvisoryRef{
		ID: doc.ID, Version: doc.Version, Title: doc.Title, URL: e.URL, SHA256: doc.SHA256,
		Issues: named, More: len(e.Issues) - len(named), Severity: string(e.Severity), State: string(e.Status),
		FixedIn: e.FixedIn, Advice: e.Advice, Words: e.Words, Language: doc.Language,
	}
	if ref.Title == "" || len(ref.Title) > label.MaxText {
		ref.Title = label.StandInTitle(doc.ID)
	}
	return ref
}

// checkSayable tries what a document says of labels as it will be used: in a
// status. A document of which a part cannot be said is refused when it comes,
// whichever labels there are. Were it accepted, the work of adding it to their
// histories could not go past the first label that it is about.
func checkSayable(doc *advisory.Advisory) error {
	for e := range doc.Extremes() {
		if err := newRef(doc, e).Validate(); err != nil {
			return label.Errorf(label.KindOf(err), label.ReasonOf(err), "document", "what it says of a label could not be recorded: %v", err)
		}
	}
	return nil
}

// DroppedNews is the data of a notice that a release of an advisory leaves out what an
// earlier one warned of, so that the earlier word stands.
type DroppedNews struct {
	Advisory  label.Digest `json:"advisory"` // SHA-256 of the release
	ID        string       `json:"id"`       // as its publisher numbers it
	Version   string       `json:"version"`
	Publisher string       `json:"publisher"`
	Labels    []label.ID   `json:"labels"`        // the first of those of which the earlier word stands
	More      bool         `json:"more,omitzero"` // there are others, or there may be
	Issues    []string     `json:"issues"`        // of the first label
}

// maxDropped bounds the labels that are named of which a release leaves something
// out. No more than [adviceChunk] are looked at.
const maxDropped = 16

// dropped returns what a release of an advisory leaves out, or nil. It reads nothing
// of labels where it is the first of its number.
func (a *Events) dropped(v *store.View, doc *advisory.Advisory, rec *store.Advisory) (*DroppedNews, error) {
	switch last, err := v.LatestAdvisory(rec.Org, rec.ID); {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case last.Digest == rec.Digest && last.Received.Equal(rec.Received):
		if first, err := a.firstRelease(v, rec); err != nil || first {
			return nil, err
		}
	}
	org, err := v.Org(rec.Org)
	if err != nil {
		return nil, err
	}
	news := &DroppedNews{Advisory: rec.Digest, ID: rec.ID, Version: rec.Version, Publisher: rec.Org}
	n := 0
	visit := func(one *store.Label) bool {
		n++
		if err := a.droppedOf(v, doc, one, news); err != nil {
			a.alarm("finding what a release leaves out", string(one.ID), err) // the others are told of all the same
		}
		news.More = len(news.Labels) > maxDropped || n == adviceChunk
		return !news.More
	}
	if v = a.past(v, "finding what a release leaves out"); org.Has(label.RoleOperator) {
		err = v.LabelsAfter("", visit)
	} else {
		err = v.OrgLabels(rec.Org, nil, func(one *store.Label, _ []byte) bool { return visit(one) })
	}
	if err != nil || len(news.Labels) == 0 {
		return nil, err
	}
	news.Labels = news.Labels[:min(len(news.Labels), maxDropped)]
	return news, nil
}

// firstRelease reports whether an advisory is the only one of its number.
func (a *Events) firstRelease(v *store.View, rec *store.Advisory) (first bool, err error) {
	first = true
	err = v.OrgAdvisories(rec.Org, nil, func(other *store.Advisory, _ []byte) bool {
		first = other.ID != rec.ID || other.Digest == rec.Digest
		return first
	})
	return first, err
}

// droppedOf adds a label of which a release leaves out something.
func (a *Events) droppedOf(v *store.View, doc *advisory.Advisory, rec *store.Label, news *DroppedNews) error {
	h, err := a.history(v, rec)
	if err != nil || h.StandingAt(a.clock()).State == label.Superseded {
		return err
	}
	l, err := signedLabel(v, rec)
	if err != nil {
		return err
	}
	s, err := a.issuing.advisee(v, l, h)
	if err != nil {
		return err
	}
	left, err := a.issuing.leftOut(v, doc, news.Publisher, s, nil)
	if err != nil || left == nil {
		return err
	}
	if news.Labels = append(news.Labels, rec.ID); len(news.Issues) == 0 {
		news.Issues = left.issues[:min(len(left.issues), label.MaxAdvisedIssues)]
	}
	return nil
}

// AdvisoryNotes says to whoever published a release of an advisory what it leaves out,
// and how to take that back, and that a fix without a version is none that people can
// look for. What cannot be read sounds the alarm, since the release is published already.
func (a *Events) AdvisoryNotes(rec *store.Advisory) (notes []string) {
	var news *DroppedNews
	err := a.store.View(func(v *store.View) error {
		doc, err := a.issuing.advisory(v, rec.Digest)
		if err != nil {
			return err
		}
		if doc.FixedSomewhere() {
			notes = append(notes, "It says that a product is fixed, and not in which version. Nobody can tell whether their own is, so that labels say that it is affected. To have them name the version, publish a release that does (in OpenVEX by the product's identifier, such as pkg:generic/MAKER/MODEL@VERSION, in CSAF by a product version).")
		}
		news, err = a.dropped(v, doc, rec)
		return err
	})
	if err != nil {
		a.alarm("finding what a release leaves out", rec.Digest.String(), err)
	}
	if news == nil {
		return notes
	}
	var ids []string
	for _, id := range news.Labels {
		ids = append(ids, id.Pretty())
	}
	others := ""
	switch {
	case len(ids) > 1:
		others = ", and something for the products of the labels " + strings.Join(ids[1:], ", ")
		if news.More {
			others += " and others"
		}
	case news.More:
		others = ", and something for other products"
	}
	return append(notes, fmt.Sprintf("Of what an earlier release warned of, this one leaves out %s for the product of label %s%s. That takes nothing back: the earlier word stands, and operators were told. To take it back, publish a release that says expressly that the product is not affected, or in which version it is fixed.",
		strings.Join(news.Issues, ", "), ids[0], others))
}
