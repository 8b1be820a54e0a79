package authority

import (
	"errors"
	"fmt"
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
// by having the label renewed or issued anew after such a release. A label to which
// such a release adds nothing is left as it is: its history gets no new word, so that
// the time in which the manufacturer promised news goes on. The publisher is told in
// the answer, and operators by a notice.

// concern returns what an advisory says of a label's device at the version that was
// tested, and that its history does not say; or nil.
func (a *Authority) concern(v *store.View, doc *advisory.Advisory, publisher string, l *label.Label, h *label.History) (*label.AdvisoryRef, error) {
	last := lastAdvice(h, publisher, doc.ID)
	if last != nil && last.Advisory.SHA256 == doc.SHA256 {
		return nil, nil
	}
	effect, ok := doc.For(&l.Device, tested(l))
	left, err := a.leftOut(v, doc, publisher, l, h)
	switch {
	case err != nil:
		return nil, err
	case ok && (left == nil || effect.Status.Worse(left.state)):
		return newRef(doc, effect), nil
	case left == nil:
		return nil, nil
	case ok && effect.Status == left.state:
		// More of the same: the label names both, and what to do is not said of all.
		if last != nil && last.Advisory.State == string(left.state) && subset(effect.Issues, last.Advisory.Issues) {
			return nil, nil
		}
		effect.Issues = append(slices.Clone(left.issues), slices.DeleteFunc(slices.Clone(effect.Issues), func(s string) bool { return slices.Contains(left.issues, s) })...)
		if effect.Status == advisory.Affected {
			effect.FixedIn, effect.Advice, effect.Words = "", label.AdviceAsk, ""
		}
		return newRef(doc, effect), nil
	case last != nil && last.Advisory.State == string(left.state):
		return nil, nil // its word stands
	}
	ref := newRef(doc, advisory.Effect{Status: left.state, Issues: left.issues, URL: left.ref.URL, Advice: left.ref.Advice, Words: left.ref.Words, FixedIn: left.ref.FixedIn})
	ref.Severity = left.ref.Severity
	return ref, nil
}

// tested returns the firmware version that a label names, if it names one.
func tested(l *label.Label) string {
	if l.Firmware == nil {
		return ""
	}
	return l.Firmware.Version
}

func subset(some, all []string) bool {
	return !slices.ContainsFunc(some, func(s string) bool { return !slices.Contains(all, s) })
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

// leftOut returns what earlier releases of an advisory, which the device's labels
// were advised of, say of a label's device, and a later one leaves out; or nil.
func (a *Authority) leftOut(v *store.View, doc *advisory.Advisory, publisher string, l *label.Label, h *label.History) (*leaving, error) {
	earlier, err := a.earlierWords(v, doc, publisher, l, h)
	if err != nil || len(earlier) == 0 {
		return nil, err
	}
	open := map[string]advisory.Status{}
	latest := map[advisory.Status]*label.AdvisoryRef{}
	for i, st := range earlier {
		if i < len(earlier)-maxReread {
			for _, issue := range st.Advisory.Issues {
				open[issue] = advisory.Status(st.Advisory.State)
			}
			continue
		}
		release, err := a.advisory(v, st.Advisory.SHA256)
		if err != nil {
			return nil, err
		}
		for issue, status := range release.Words(&l.Device, tested(l)) {
			open[issue] = status
		}
		if effect, ok := release.For(&l.Device, tested(l)); ok {
			latest[effect.Status] = newRef(release, effect)
		}
	}
	for issue := range doc.Words(&l.Device, tested(l)) {
		delete(open, issue)
	}
	out := &leaving{state: advisory.Fixed}
	for issue, status := range open {
		switch {
		case status.Worse(out.state):
			out.state, out.issues = status, []string{issue}
		case status == out.state && status != advisory.Fixed:
			out.issues = append(out.issues, issue)
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

// earlierWords returns the words of other releases of an advisory in the histories of
// a label and of the others that its device ever had, oldest first.
func (a *Authority) earlierWords(v *store.View, doc *advisory.Advisory, publisher string, l *label.Label, h *label.History) (list []*label.Status, err error) {
	gather := func(h *label.History) {
		for _, st := range h.Statuses {
			if st.Action == label.Advise && st.Advisory.ID == doc.ID && st.Publisher() == publisher && st.Advisory.SHA256 != doc.SHA256 {
				list = append(list, st)
			}
		}
	}
	raw, err := l.Device.Canonical()
	if err != nil {
		return nil, err
	}
	device, err := v.Device(label.DigestOf(raw))
	if err != nil {
		return nil, err
	}
	labels, err := v.LabelsOf(device)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(labels, func(rec *store.Label) bool { return rec.ID == l.ID }) {
		gather(h)
	}
	for _, rec := range labels {
		other, err := a.history(v, rec)
		if err != nil {
			return nil, err
		}
		gather(other)
	}
	slices.SortStableFunc(list, func(x, y *label.Status) int { return x.Recorded.Compare(y.Recorded) })
	return list, nil
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

// carriedAdvice returns what the advisories that are open for a label say of the
// one that is to take its place: the latest release of each publisher and number,
// with what that leaves out, and nothing of those that say nothing of its device and
// firmware.
func (a *Authority) carriedAdvice(v *store.View, open []*label.Status, next *label.Label) (list []newAdvice, err error) {
	for _, st := range open {
		adv, err := v.LatestAdvisory(st.Publisher(), st.Advisory.ID)
		if err != nil {
			return nil, fmt.Errorf("the advisory %s of %s: %w", st.Advisory.ID, st.Publisher(), err)
		}
		doc, err := a.advisory(v, adv.Digest)
		if err != nil {
			return nil, err
		}
		ref, err := a.concern(v, doc, st.Publisher(), next, &label.History{Label: next})
		if err != nil {
			return nil, err
		}
		if ref != nil {
			list = append(list, newAdvice{event: adv.Event, ref: ref})
		}
	}
	return list, nil
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
func (a *Authority) dropped(v *store.View, doc *advisory.Advisory, rec *store.Advisory) (*DroppedNews, error) {
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
func (a *Authority) firstRelease(v *store.View, rec *store.Advisory) (first bool, err error) {
	first = true
	err = v.OrgAdvisories(rec.Org, nil, func(other *store.Advisory, _ []byte) bool {
		first = other.ID != rec.ID || other.Digest == rec.Digest
		return first
	})
	return first, err
}

// droppedOf adds a label of which a release leaves out something.
func (a *Authority) droppedOf(v *store.View, doc *advisory.Advisory, rec *store.Label, news *DroppedNews) error {
	h, err := a.history(v, rec)
	if err != nil || h.StandingAt(a.clock()).State == label.Superseded {
		return err
	}
	l, err := said(v, rec)
	if err != nil {
		return err
	}
	left, err := a.leftOut(v, doc, news.Publisher, l, h)
	if err != nil || left == nil {
		return err
	}
	if news.Labels = append(news.Labels, rec.ID); len(news.Issues) == 0 {
		news.Issues = left.issues[:min(len(left.issues), label.MaxAdvisedIssues)]
	}
	return nil
}

// DroppedNotes says to whoever published a release of an advisory what it leaves out,
// and how to take that back. What cannot be read sounds the alarm, since the release
// is published already.
func (a *Authority) DroppedNotes(rec *store.Advisory) []string {
	var news *DroppedNews
	err := a.store.View(func(v *store.View) error {
		doc, err := a.advisory(v, rec.Digest)
		if err == nil {
			news, err = a.dropped(v, doc, rec)
		}
		return err
	})
	if err != nil {
		a.alarm("finding what a release leaves out", rec.Digest.String(), err)
	}
	if news == nil {
		return nil
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
	return []string{fmt.Sprintf("Of what an earlier release warned of, this one leaves out %s for the product of label %s%s. That takes nothing back: the earlier word stands, and operators were told. To take it back, publish a release that says expressly that the product is not affected, or in which version it is fixed.",
		strings.Join(news.Issues, ", "), ids[0], others)}
}
