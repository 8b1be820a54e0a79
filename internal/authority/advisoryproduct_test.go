package authority_test

import (
	"fmt"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

const otherGTIN = "09522104000331"

// revised returns the camera with another hardware revision, and a barcode number of
// its own. The model number is the same.
func revised(w *labeltest.World) *example.Example {
	w.TB.Helper()
	e := w.Example("camera")
	e.Device.HardwareRevision, e.Device.GTINs = "D", []label.GTIN{otherGTIN}
	labeltest.Renumber(e, "-d")
	var err error
	if e.Descriptor, err = e.Device.Canonical(); err != nil {
		w.TB.Fatal(err)
	}
	return e
}

// warning is an OpenVEX document that names the camera's barcode number, or another.
func warning(id string, version int, updated time.Time, issue, status string, gtin label.GTIN) []byte {
	extra := `,"action_statement":"Take it off the network."`
	if status == "not_affected" {
		extra = `,"justification":"component_not_present"`
	}
	return fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://authority.example/vex/%s","author":"Authority","timestamp":"2026-10-01T08:00:00Z",
		"last_updated":%q,"version":%d,"statements":[{"vulnerability":{"name":%q},"products":[{"@id":"https://id.gs1.org/01/%s"}],"status":%q%s}]}`,
		id, updated.UTC().Format(time.RFC3339), version, issue, gtin, status, extra)
}

// openIssues returns the weaknesses that a label is said to have.
func openIssues(t *testing.T, p *authority.Published) (issues []string) {
	t.Helper()
	for _, st := range p.Advisories {
		if st.Advisory.Open() {
			issues = append(issues, st.Advisory.Issues...)
		}
	}
	return issues
}

// TestWarningFollowsTheProduct has a manufacturer shed the authority's warning, which
// names one barcode number, with another revision of the product that gets a label
// before the warning, or after it, and takes the place of the first.
func TestWarningFollowsTheProduct(t *testing.T) {
	for _, first := range []bool{true, false} {
		t.Run(fmt.Sprintf("labelled before the warning: %t", first), func(t *testing.T) {
			l := newLife(t)
			warn := func() {
				l.Advise(labeltest.Operator, warning("1", 1, l.Clock.Now().Add(-time.Minute), "CVE-2026-1000", "affected", l.pub.Label.Device.GTINs[0]))
				l.pass(time.Hour)
			}
			if !first {
				warn()
			}
			next := l.Issue(revised(l.World), 3)
			if first {
				warn()
			}
			c, err := l.ask(labeltest.Maker, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = next.Label.ID })
			must(t, err)
			p, err := l.Authority.Lookup(c.Label.Label.ID)
			must(t, err)
			if got := fmt.Sprint(openIssues(t, p)); got != "[CVE-2026-1000]" {
				t.Errorf("of the new label these weaknesses are known: %s", got)
			}
			if _, err := l.Trust.Verify(p.Package, l.Clock.Now(), l.Clock.Now()); err != nil {
				t.Error(err)
			}
			must(t, l.Authority.AdviseNew(ctx))
			if again, err := l.Authority.Lookup(next.Label.ID); err != nil || len(again.Statuses) != len(p.Statuses) {
				t.Errorf("it is told again: %d statuses, then %d (%v)", len(p.Statuses), len(again.Statuses), err)
			}

			// Whoever warned says expressly how the new revision stands.
			l.pass(time.Hour)
			l.Advise(labeltest.Operator, warning("1", 2, l.Clock.Now().Add(-time.Minute), "CVE-2026-1000", "not_affected", otherGTIN))
			if p, err = l.Authority.Lookup(next.Label.ID); err != nil || len(openIssues(t, p)) != 0 {
				t.Errorf("after an express word the new label still has %v (%v)", openIssues(t, p), err)
			}
			if before, err := l.Authority.Lookup(l.pub.Label.ID); err != nil || len(openIssues(t, before)) != 1 {
				t.Errorf("the word about the new revision changed that about the old one: %v (%v)", openIssues(t, before), err)
			}
		})
	}
}

// TestWarningWithdrawnFrom has the warned label withdrawn, and another revision of the
// product labelled without a word about either.
func TestWarningWithdrawnFrom(t *testing.T) {
	l := newLife(t)
	l.Advise(labeltest.Maker, warning("1", 1, l.Clock.Now().Add(-time.Minute), "CVE-2026-1000", "affected", l.pub.Label.Device.GTINs[0]))
	l.pass(time.Hour)
	l.Change(labeltest.Maker, l.pub, label.Withdraw, "maker-request")
	if p := l.Issue(revised(l.World), 3); fmt.Sprint(openIssues(t, p)) != "[CVE-2026-1000]" {
		t.Errorf("of the new label these weaknesses are known: %v", openIssues(t, p))
	}
}

// TestSilenceClearsNoRevision has a later release speak of another weakness only, and
// another revision of the product, with the same barcode number, labelled after that.
func TestSilenceClearsNoRevision(t *testing.T) {
	l := newLife(t)
	gtin := l.pub.Label.Device.GTINs[0]
	l.Advise(labeltest.Maker, warning("50", 1, l.Clock.Now().Add(-time.Hour), "CVE-2026-5000", "affected", gtin))
	l.Advise(labeltest.Maker, warning("50", 2, l.Clock.Now().Add(-time.Minute), "CVE-2026-5001", "not_affected", gtin))
	e := revised(l.World)
	e.Device.GTINs = []label.GTIN{gtin}
	var err error
	e.Descriptor, err = e.Device.Canonical()
	must(t, err)
	if p := l.Issue(e, 3); fmt.Sprint(openIssues(t, p)) != "[CVE-2026-5000]" {
		t.Errorf("of the new label these weaknesses are known: %v", openIssues(t, p))
	}
}

// TestGoodNewsIsOfOneDevice has the manufacturer say of one revision that it is not
// affected, and nothing of the other.
func TestGoodNewsIsOfOneDevice(t *testing.T) {
	l := newLife(t)
	next := l.Issue(revised(l.World), 3)
	l.Advise(labeltest.Maker, warning("1", 1, l.Clock.Now().Add(-time.Minute), "CVE-2026-1000", "not_affected", l.pub.Label.Device.GTINs[0]))
	p, err := l.Authority.Lookup(next.Label.ID)
	if err != nil || len(p.Advisories) != 0 {
		t.Errorf("the other revision is said to be %+v (%v)", p.Advisories, err)
	}
}

// TestCheckedAgainIsTrue has a manufacturer say that its product was checked again when
// nobody did: it goes down a level and up, takes the label of a twin with evidence of the
// same day, or signs the same declaration once more; or that it has new software, or
// another level or product, when it has not.
func TestCheckedAgainIsTrue(t *testing.T) {
	l := newLife(t)
	level := func(level int, reason string) error {
		c, err := l.ask(labeltest.Maker, label.Supersede, reason, func(r *label.StatusRequest) { r.Level = level })
		if err == nil {
			l.pub = c.Label
		}
		return err
	}
	wants(t, level(4, "renewed"), label.Precondition, label.ReasonMissing)
	must(t, level(2, "new-level"))
	wants(t, level(3, "renewed"), label.Precondition, label.ReasonNothingNew)
	must(t, level(3, "new-level"))
	d := *l.Example("camera").Declaration
	d.Number = "once more"
	_, _, err := l.Authority.Submit(ctx, l.Caller(labeltest.Maker), l.Seal(labeltest.Maker, l.pub.Device, label.TypeDeclaration, &d))
	must(t, err)
	for _, untrue := range []string{"renewed", "new-level", "new-firmware", "new-hardware"} {
		wants(t, level(3, untrue), label.Precondition, label.ReasonNothingNew)
	}
	must(t, level(3, "reissued"))

	twin := l.Issue(revised(l.World), 3)
	_, err = l.ask(labeltest.Maker, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Successor = twin.Label.ID })
	wants(t, err, label.Precondition, label.ReasonNothingNew)
	_, err = l.ask(labeltest.Maker, label.Supersede, "new-hardware", func(r *label.StatusRequest) { r.Successor = twin.Label.ID })
	must(t, err)
}
