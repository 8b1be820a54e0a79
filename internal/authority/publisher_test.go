package authority_test

import (
	"fmt"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestWhoseAdvisory has others than the maker publish.
func TestWhoseAdvisory(t *testing.T) {
	l := newLife(t)
	signed := l.AdvisoryEvent(labeltest.ToyMaker, firstVex.bytes())
	_, _, err := l.Authority.Advise(ctx, l.Caller(labeltest.ToyMaker), signed, firstVex.bytes())
	wants(t, err, label.Precondition, label.ReasonUnknownSubject)
	_, err = l.Authority.PreviewAdvisory(l.Caller(labeltest.ToyMaker), signed, firstVex.bytes())
	wants(t, err, label.Precondition, label.ReasonUnknownSubject)
	_, err = l.Authority.Advisory(label.DigestOf(firstVex.bytes()), "")
	wants(t, err, label.NotFound, label.ReasonUnknownAdvisory)

	warning := vex{id: "2", version: 1, updated: firstVex.updated, status: "affected"}.bytes()
	preview := func(touched int) {
		t.Helper()
		list, err := l.Authority.PreviewAdvisory(l.Caller(labeltest.Operator), l.AdvisoryEvent(labeltest.Operator, warning), warning)
		if err != nil || len(list) != touched || touched > 0 && list[0].Advisory.State != "affected" {
			t.Errorf("the preview has %d labels, want %d (%v)", len(list), touched, err)
		}
	}
	preview(1)
	if n := len(l.now().Statuses); n > 0 {
		t.Errorf("a preview added %d statements", n)
	}
	l.Advise(labeltest.Operator, warning)
	if n := len(l.now().Advisories); n != 1 {
		t.Errorf("an operator's advisory touched %d labels", n)
	}
	preview(0)
}

// TestNumberOfAnother has a manufacturer use the number of an operator's
// warning, which stands all the same.
func TestNumberOfAnother(t *testing.T) {
	l := newLife(t)
	l.Advise(labeltest.Operator, firstVex.bytes())
	l.pass(time.Hour)
	denial := firstVex
	denial.updated, denial.status = l.Clock.Now(), "not_affected"
	l.Advise(labeltest.Maker, denial.bytes())
	p := l.now()
	if len(p.Advisories) != 2 || p.Advisories[0].Author() != labeltest.Operator || p.Advisories[0].Advisory.State != "under-investigation" {
		t.Errorf("the operator's warning is gone: %d advisories", len(p.Advisories))
	}
	l.Advise(labeltest.Operator, vex{id: "1", version: 2, updated: l.Clock.Now(), status: "fixed"}.bytes())
	if p = l.now(); len(p.Advisories) != 2 || p.Advisories[1].Advisory.State != "fixed" {
		t.Errorf("the operator cannot replace its own: %d advisories", len(p.Advisories))
	}

	// Under a number of the manufacturer's, an operator's document about something
	// else takes nothing back; the manufacturer's own is the operator's word too,
	// if it publishes that.
	l.pass(time.Hour)
	own := vex{id: "2", version: 1, updated: l.Clock.Now().Add(-time.Minute), status: "affected"}
	l.Advise(labeltest.Maker, own.bytes())
	elsewhere := own
	elsewhere.product = "pkg:generic/northlight/other@1"
	l.Advise(labeltest.Operator, elsewhere.bytes())
	if n := len(l.now().Statuses); n != 4 {
		t.Errorf("there are %d statements, want 4", n)
	}
	own.id = "3"
	l.Advise(labeltest.Maker, own.bytes())
	l.pass(time.Second)
	l.Advise(labeltest.Operator, own.bytes())
	if n := len(l.now().Advisories); n != 5 {
		t.Errorf("there are %d advisories, want 5", n)
	}
}

// TestSameDocument has two manufacturers publish a document about products of
// both, as the maker of a part in them may write one. Each speaks for its own.
func TestSameDocument(t *testing.T) {
	l := newLife(t)
	l.Enrol("acme", label.RoleManufacturer)
	e := l.Example("camera")
	e.Device.Manufacturer, e.Declaration.Manufacturer, e.Device.Brand = "acme", "acme", "Acme"
	labeltest.Variant(t, e, 1)
	e.Device.GTINs = []label.GTIN{"09522104009990"}
	var err error
	if e.Descriptor, err = e.Device.Canonical(); err != nil {
		t.Fatal(err)
	}
	other := l.Issue(e, 3)
	doc := fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://part.example/1","author":"Part","timestamp":"2026-10-01T08:00:00Z",
		"version":1,"statements":[{"vulnerability":{"name":"CVE-2026-9900031"},"status":"under_investigation",
		"products":[{"@id":"https://id.gs1.org/01/%s"},{"@id":"https://id.gs1.org/01/%s"}]}]}`, l.pub.Label.Device.GTINs[0], e.Device.GTINs[0])
	for i, publisher := range []string{"acme", labeltest.Maker} {
		if i > 0 {
			_, _, err := l.Authority.Advise(ctx, l.Caller(publisher), l.AdvisoryEvent(publisher, doc), doc)
			wants(t, err, label.Precondition, label.ReasonExists) // to the second, what the first one signed
			l.pass(time.Second)
		}
		adv := l.Advise(publisher, doc)
		p, err := l.Authority.Advisory(adv.Digest, publisher)
		if err != nil || p.Org != publisher || p.By.Changed != 1 || string(p.Document) != string(doc) {
			t.Errorf("%s published it: %+v (%v)", publisher, p, err)
		}
		list, _, err := l.Authority.Advisories(publisher, authority.Page{})
		if err != nil || len(list) != 1 || list[0].By.Digest != adv.Event {
			t.Errorf("%s published %d advisories (%v)", publisher, len(list), err)
		}
	}
	for _, id := range []label.ID{l.pub.Label.ID, other.Label.ID} {
		if p, err := l.Authority.Lookup(id); err != nil || len(p.Advisories) != 1 {
			t.Errorf("label %s has %d advisories (%v)", id, len(p.Advisories), err)
		}
	}
}
