package authority

import (
	"fmt"

	"labeld/internal/advisory"
	"labeld/internal/label"
	"labeld/internal/store"
)

// concern returns what an advisory says of a label's device at the version that
// was tested, or nil. A release that no longer names a device that earlier ones
// of its publisher did takes back what they said.
func concern(doc *advisory.Advisory, publisher string, l *label.Label, h *label.History) *label.AdvisoryRef {
	firmware := ""
	if l.Firmware != nil {
		firmware = l.Firmware.Version
	}
	last := lastAdvice(h, publisher, doc.ID)
	effect, ok := doc.For(&l.Device, firmware)
	switch {
	case last != nil && last.Advisory.SHA256 == doc.SHA256:
		return nil
	case ok:
		return newRef(doc, effect)
	case last != nil && last.Advisory.State != string(advisory.NotAffected):
		ref := newRef(doc, advisory.Effect{
			Status: advisory.NotAffected, URL: doc.URL, Action: "No action is needed: the notice is no longer about this product.",
		})
		ref.Issues, ref.More = last.Advisory.Issues, last.Advisory.More
		return ref
	}
	return nil
}

// newRef returns an effect of a document as a status has it: with the first of its
// issues, and how many more there are.
func newRef(doc *advisory.Advisory, e advisory.Effect) *label.AdvisoryRef {
	named := e.Issues[:min(len(e.Issues), label.MaxAdvisedIssues)]
	ref := &label.AdvisoryRef{
		ID: doc.ID, Version: doc.Version, Title: doc.Title, URL: e.URL, SHA256: doc.SHA256,
		Issues: named, More: len(e.Issues) - len(named), Severity: string(e.Severity), State: string(e.Status),
		FixedIn: e.FixedIn, Action: e.Action,
	}
	if ref.Title == "" {
		ref.Title = "Security notice " + doc.ID
	}
	if len(ref.Title) > label.MaxText {
		ref.Title = "Security notice"
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
// and nothing of those that say nothing of its device and firmware.
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
		if ref := concern(doc, st.Publisher(), next, &label.History{Label: next}); ref != nil {
			list = append(list, newAdvice{event: adv.Event, ref: ref})
		}
	}
	return list, nil
}
