package authority_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// A vex is an OpenVEX document about the example camera.
type vex struct {
	id      string
	version int
	updated time.Time
	status  string // of one weakness
	product string // the camera's firmware that was tested, where empty
}

func (v vex) bytes() []byte {
	if v.product == "" {
		v.product = "pkg:generic/northlight/nl-c210@3.8.2"
	}
	extra := ""
	switch v.status {
	case "affected":
		extra = `,"action_statement":"Keep guests on the guest network."`
	case "not_affected":
		extra = `,"justification":"component_not_present"`
	}
	return fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://northlight.example/vex/%s","author":"Northlight",
		"timestamp":"2026-10-01T08:00:00Z","last_updated":%q,"version":%d,"statements":[
		{"vulnerability":{"name":"CVE-2026-9900031"},"products":[{"@id":%q}],"status":%q%s}]}`,
		v.id, v.updated.UTC().Format(time.RFC3339), v.version, v.product, v.status, extra)
}

var firstVex = vex{id: "1", version: 1, updated: labeltest.Start.Add(-time.Hour), status: "under_investigation"}

func TestAdvisory(t *testing.T) {
	l := newLife(t)
	plug := l.Issue(l.Example("plug"), 1)
	l.pass(time.Hour)
	adv := l.Advise(labeltest.Maker, firstVex.bytes())
	p := l.now()
	if len(p.Advisories) != 1 || p.State != label.Active {
		t.Fatalf("the camera's label is %s with %d advisories", p.State, len(p.Advisories))
	}
	ref := p.Advisories[0].Advisory
	if ref.SHA256 != adv.Digest || ref.State != "under-investigation" || !slices.Equal(ref.Issues, []string{"CVE-2026-9900031"}) || ref.Advice != label.AdviceAwait {
		t.Errorf("the advice is %+v", ref)
	}
	if p, err := l.Authority.Lookup(plug.Label.ID); err != nil || len(p.Statuses) > 0 {
		t.Errorf("the plug is advised of the camera's weakness (%v)", err)
	}
	if _, err := l.Trust.Verify(p.Package, l.Clock.Now(), l.Clock.Now()); err != nil {
		t.Errorf("the label does not verify offline: %v", err)
	}
	if kinds := told(t, l.World, labeltest.Maker); !slices.Equal(kinds, []string{notice.LabelAdvised}) {
		t.Errorf("the manufacturer was told %v", kinds)
	}

	// The same document again is the same advisory.
	l.pass(time.Hour)
	l.Advise(labeltest.Maker, firstVex.bytes())
	if n := len(l.now().Statuses); n != 1 {
		t.Errorf("published twice, there are %d statements", n)
	}

	// A later release replaces it, an older one does not.
	l.pass(time.Hour)
	later := vex{id: "1", version: 2, updated: l.Clock.Now().Add(-time.Minute), status: "affected"}
	l.Advise(labeltest.Maker, later.bytes())
	p = l.now()
	if len(p.Statuses) != 2 || len(p.Advisories) != 1 || p.Advisories[0].Advisory.State != "affected" {
		t.Errorf("after the second release: %d statements, %+v", len(p.Statuses), p.Advisories)
	}
	older := vex{id: "1", version: 3, updated: later.updated.Add(-time.Minute), status: "fixed"}
	_, _, err := l.Authority.Advise(ctx, l.Caller(labeltest.Maker), l.AdvisoryEvent(labeltest.Maker, older.bytes()), older.bytes())
	wants(t, err, label.Precondition, label.ReasonTooOld)

	// One that no longer names the product takes nothing back.
	l.pass(time.Hour)
	l.Advise(labeltest.Maker, vex{id: "1", version: 4, updated: l.Clock.Now().Add(-time.Second), status: "affected", product: "pkg:generic/northlight/other@1"}.bytes())
	if p = l.now(); len(p.Statuses) != 2 || len(p.Advisories) != 1 || p.Advisories[0].Advisory.State != "affected" {
		t.Errorf("after a release about another product: %d statements, %+v", len(p.Statuses), p.Advisories[0].Advisory)
	}
	if at := p.As(labeltest.Start.Add(90 * time.Minute)); len(at.Advisories) != 1 || at.Advisories[0].Advisory.State != "under-investigation" {
		t.Errorf("as of before: %+v", at.Advisories)
	}
	list, _, err := l.Authority.Advisories(labeltest.Maker, authority.Page{})
	if err != nil || len(list) != 3 || list[2].Digest != adv.Digest {
		t.Errorf("%d advisories are listed (%v)", len(list), err)
	}
	rec, err := l.Authority.Advisory(adv.Digest, "")
	if err != nil || string(rec.Document) != string(firstVex.bytes()) {
		t.Errorf("the document is not as it came (%v)", err)
	}
}

func TestAdvisoriesThatAreRefused(t *testing.T) {
	l := newLife(t)
	doc := firstVex.bytes()
	other := vex{id: "2", version: 1, updated: firstVex.updated, status: "fixed"}.bytes()
	for name, c := range map[string]struct {
		org    string
		signed []byte
		doc    []byte
		kind   label.Kind
		field  string
	}{
		"a lab":             {labeltest.Lab, l.AdvisoryEvent(labeltest.Lab, doc), doc, label.Denied, ""},
		"signed by a lab":   {labeltest.Maker, l.AdvisoryEvent(labeltest.Lab, doc), doc, label.Denied, "event"},
		"another document":  {labeltest.Maker, l.AdvisoryEvent(labeltest.Maker, doc), other, label.Invalid, "event.advisory"},
		"no document":       {labeltest.Maker, l.AdvisoryEvent(labeltest.Maker, doc), []byte("{}"), label.Invalid, "document"},
		"malformed":         {labeltest.Maker, l.AdvisoryEvent(labeltest.Maker, doc), []byte(strings.Replace(string(doc), `"version":1`, `"version":"x"`, 1)), label.Invalid, "document.version"},
		"from the future":   {labeltest.Maker, l.AdvisoryEvent(labeltest.Maker, doc), vex{id: "1", version: 1, updated: labeltest.Start.AddDate(0, 0, 2), status: "fixed"}.bytes(), label.Invalid, "document"},
		"not signed at all": {labeltest.Maker, []byte("{}"), doc, label.Invalid, "event"},
		"for another reason": {labeltest.Maker, l.EventBy(labeltest.Maker, label.Event{Kind: label.AdvisoryEvent, Advisory: label.DigestOf(doc), Reason: "complaint"}),
			doc, label.Invalid, "event.reason"},
	} {
		for what, err := range map[string]error{
			"publish": third(l.Authority.Advise(ctx, l.Caller(c.org), c.signed, c.doc)),
			"preview": second(l.Authority.PreviewAdvisory(l.Caller(c.org), c.signed, c.doc)),
		} {
			if label.KindOf(err) != c.kind || !strings.HasPrefix(err.Error(), c.field) {
				t.Errorf("%s, %s: %v, want %v of %s", name, what, err, c.kind, c.field)
			}
		}
	}
	_, err := l.ReportAs(ctx, l.Caller(labeltest.Operator), l.AdvisoryEvent(labeltest.Operator, doc))
	wants(t, err, label.Invalid, label.ReasonOutOfRange)
	if n := len(l.now().Statuses); n > 0 {
		t.Errorf("%d statements were added all the same", n)
	}
}

// TestLaterLabels are held against advisories that were there before.
func TestLaterLabels(t *testing.T) {
	l := newLife(t)
	l.Advise(labeltest.Maker, firstVex.bytes())
	e := l.Example("camera")
	labeltest.Variant(t, e, 1)
	e.Device.GTINs = []label.GTIN{"09522104009990"}
	var err error
	if e.Descriptor, err = e.Device.Canonical(); err != nil {
		t.Fatal(err)
	}
	later := l.Issue(e, 3)
	about := vex{id: "3", version: 1, updated: firstVex.updated, status: "affected", product: "https://id.gs1.org/01/09522104009990"}
	l.Advise(labeltest.Maker, about.bytes())
	for range 2 {
		l.Restart()
		if err := l.Authority.AdviseNew(ctx); err != nil {
			t.Fatal(err)
		}
	}
	p, err := l.Authority.Lookup(later.Label.ID)
	if err != nil || len(p.Statuses) != 1 {
		t.Errorf("the later label has %d statements (%v)", len(p.Statuses), err)
	}
	labeltest.Variant(t, e, 2)
	e.Device.GTINs = nil
	e.Device.Model = "NL-C210"
	e.Device.HardwareRevision = "B"
	if e.Descriptor, err = e.Device.Canonical(); err != nil {
		t.Fatal(err)
	}
	last := l.Issue(e, 3)
	if err := l.Authority.AdviseNew(ctx); err != nil {
		t.Fatal(err)
	}
	if p, err = l.Authority.Lookup(last.Label.ID); err != nil || len(p.Advisories) != 1 || p.Advisories[0].Advisory.ID != "https://northlight.example/vex/1" {
		t.Errorf("a label that was issued after the advisory has %d (%v)", len(p.Advisories), err)
	}
}

// TestAdvisoryResumes lets every commit of an advisory's way through many labels
// fail in turn, in both ways, with a restart after each.
func TestAdvisoryResumes(t *testing.T) {
	for name, mode := range map[string]int32{"failed": fails, "failed but persisted": failsPersisted} {
		t.Run(name, func(t *testing.T) {
			f := &faulty{}
			w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
			w.Chunk = 8
			w.Restart()
			ids := shelf(w, 16)
			doc := vex{id: "1", version: 1, updated: firstVex.updated, status: "affected", product: "pkg:generic/northlight/nl-c210*@3.8.2"}
			raw := strings.Replace(string(doc.bytes()), `{"@id":"pkg:generic/northlight/nl-c210*@3.8.2"}`,
				`{"@id":"https://northlight.example/p","identifiers":{"cpe23":"cpe:2.3:o:northlight:nl-c210*:3.8.2:*:*:*:*:*:*:*"}}`, 1)
			signed := w.AdvisoryEvent(labeltest.Maker, []byte(raw))
			for step := 0; ; step++ {
				f.mode.Store(mode)
				// One of the two meets the failure, and leaves its work undone.
				_, _, published := w.Authority.Advise(ctx, w.Caller(labeltest.Maker), signed, []byte(raw))
				drawn := w.Authority.Propagate(ctx)
				if published == nil && drawn == nil && step == 0 {
					t.Error("nothing failed")
				}
				w.Restart()
				_, e, err := w.Authority.Advise(ctx, w.Caller(labeltest.Maker), signed, []byte(raw))
				if err != nil {
					t.Fatal(err)
				}
				if !e.Done.IsZero() {
					break
				}
				if step > 10 {
					t.Fatal("it does not come to an end")
				}
			}
			for _, id := range ids {
				p, err := w.Authority.Lookup(id)
				if err != nil || len(p.Statuses) != 1 {
					t.Fatalf("label %s has %d statements (%v)", id, len(p.Statuses), err)
				}
			}
		})
	}
}

func TestAdvisoryNewsIsWhatWasSaid(t *testing.T) {
	l := newLife(t)
	l.Advise(labeltest.Maker, firstVex.bytes())
	list, _, err := l.Authority.Notices(l.Caller(labeltest.Maker), "", authority.Page{})
	if err != nil || len(list) != 2 { // its key was enrolled, too
		t.Fatal(len(list), err)
	}
	var news authority.LabelNews
	if err := json.Unmarshal(list[0].Data, &news); err != nil {
		t.Fatal(err)
	}
	if err := l.Store.View(func(v *store.View) error {
		h, err := v.History(l.pub.Label.ID)
		if err == nil && news.Advisory.SHA256 != h[0].Advisory.SHA256 {
			t.Error("the notice is about another advisory")
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}
