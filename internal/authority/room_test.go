package authority_test

import (
	"errors"
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

// A flood is somebody who says as much about the camera as finds room.
type flood struct {
	*life
	next    int // number of the next advisory
	version int
}

// settled is the number of the advisory of which a release says that all weaknesses
// but some are fixed.
const settled = 1

// large is how many weaknesses a large advisory has: more than a status names, so that
// none is larger for having more.
const large = 2 * label.MaxAdvisedIssues

// doc returns an advisory of some weaknesses.
func (f *flood) doc(id, weaknesses int) []byte {
	f.version++
	var list []string
	for i := range large {
		status := "under_investigation"
		if i >= weaknesses {
			if id != settled {
				break
			}
			status = "fixed" // what a release leaves out would stand
		}
		list = append(list, fmt.Sprintf(`{"vulnerability":{"name":"NORTHLIGHT-2026-%04d-%s"},"products":[{"@id":"pkg:generic/northlight/nl-c210@3.8.2"}],"status":%q}`,
			i, strings.Repeat("x", 30), status))
	}
	return fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://northlight.example/vex/%d","author":"Northlight",
		"timestamp":"2026-10-01T08:00:00Z","last_updated":%q,"version":%d,"statements":[%s]}`,
		id, f.Clock.Now().UTC().Format(time.RFC3339), f.version, strings.Join(list, ","))
}

// publish publishes an advisory and reports whether it was added to the history.
func (f *flood) publish(org string, id, weaknesses int) bool {
	f.t.Helper()
	f.pass(time.Second)
	before := f.happened()
	doc, text := f.doc(id, weaknesses), "Short."
	if weaknesses > 1 {
		text = strings.Repeat("ä", label.MaxProse/2)
	}
	e := label.Event{Kind: label.AdvisoryEvent, Advisory: label.DigestOf(doc), Reason: "advisory", Text: text}
	_, _, err := f.Authority.Advise(ctx, f.Caller(org), f.EventBy(org, e), doc)
	if err = errors.Join(err, f.Authority.Propagate(ctx)); err != nil {
		f.t.Fatal(err)
	}
	return f.happened() > before
}

func (f *flood) happened() (n int) {
	f.t.Helper()
	if err := f.Store.View(func(v *store.View) error { n = v.Happened(f.pub.Label.ID); return nil }); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// fill publishes large advisories until one finds no room, and returns how many
// found some.
func (f *flood) fill(org string) (n int) {
	f.t.Helper()
	for f.publish(org, f.next, large) {
		f.next++
		if n++; n > label.MaxStatuses {
			f.t.Fatal("advisories find room for ever")
		}
	}
	return n
}

// holds checks that the label can be seen and verified, with all its history.
func (f *flood) holds(when string) *authority.Published {
	f.t.Helper()
	p := f.now()
	r, err := f.Trust.Verify(p.Package, f.Clock.Now(), f.Clock.Now())
	if err == nil {
		err = r.Told()
	}
	if err != nil || len(p.Package) > label.MaxMessage {
		f.t.Fatalf("%s: the package of %d bytes: %v", when, len(p.Package), err)
	}
	if n := f.happened(); len(p.Statuses) != n || len(p.Indexes) != n || len(r.Statuses)+r.Omitted != n {
		f.t.Fatalf("%s: %d statements are shown, %d and %d are in the package, of %d", when, len(p.Statuses), len(r.Statuses), r.Omitted, n)
	}
	if r.State != p.State || len(r.Advisories) != len(p.Advisories) {
		f.t.Fatalf("%s: the package says %s with %d advisories, the page %s with %d", when, r.State, len(r.Advisories), p.State, len(p.Advisories))
	}
	return p
}

// TestFullHistory has everybody write a history as full as they can. The label
// can be seen and verified all the time, the authority can still warn, and suspend
// and revoke it.
func TestFullHistory(t *testing.T) {
	f := &flood{life: newLife(t)}
	for range 170 { // releases of one advisory, of which only the last stands
		if !f.publish(labeltest.Maker, f.next, large) {
			t.Fatal("a release that replaces another finds no room")
		}
	}
	f.next++
	if n := f.fill(labeltest.Maker); n < 20 {
		t.Errorf("the manufacturer can publish %d large advisories", n)
	}
	f.holds("full of the manufacturer's advisories")
	for _, org := range []string{labeltest.Maker, labeltest.Operator} {
		if !slices.Contains(told(t, f.World, org), notice.LabelFull) {
			t.Errorf("%s was not told that an advisory found no room: %v", org, told(t, f.World, org))
		}
	}
	if r, err := f.Trust.Verify(f.now().Package, f.Clock.Now(), f.Clock.Now()); err != nil || r.Omitted == 0 {
		t.Errorf("the package leaves out nothing, however much is said (%v)", err)
	}
	// A short release that replaces a long one makes room.
	if !f.publish(labeltest.Maker, settled, 1) {
		t.Error("a short release that replaces a long one finds no room")
	}
	if p := f.remind(f.due().Add(time.Minute)); p.Review == nil {
		t.Error("a history full of advisories keeps the clock from being heard")
	}
	f.Change(labeltest.Operator, f.pub, label.Clear, "unfounded")
	if n := f.fill(labeltest.Operator); n < 5 {
		t.Errorf("the authority can publish %d large advisories where the manufacturer wrote the history full", n)
	}
	f.holds("full of the authority's advisories")

	long := func(r *label.StatusRequest) { r.Text = strings.Repeat("ä", label.MaxProse/2) }
	var err error
	for i := 0; err == nil; i++ {
		f.pass(time.Second)
		_, err = f.ask(labeltest.Operator, []label.Action{label.Review, label.Clear}[i%2], []string{"complaint", "unfounded"}[i%2], long)
		if label.ReasonOf(err) == label.ReasonStep { // the service began a review by the clock, which is cleared next
			err = nil
		}
		if i > label.MaxStatuses {
			t.Fatal("reviews find room for ever")
		}
	}
	wants(t, err, label.TooLarge, label.ReasonTooLarge)
	if _, err = f.ask(labeltest.Operator, label.Suspend, "complaint", long); err != nil {
		t.Fatalf("a label with a full history cannot be suspended: %v", err)
	}
	f.holds("suspended")
	_, err = f.ask(labeltest.Operator, label.Reinstate, "unfounded", long)
	wants(t, err, label.TooLarge, label.ReasonTooLarge)
	other := labeltest.NewSigner(t)
	if _, err := f.AddKey(ctx, f.Caller(labeltest.Operator), labeltest.Operator, other.Public.PEM, time.Time{}); err != nil {
		t.Fatal(err)
	}
	c, err := f.ask(labeltest.Operator, label.Revoke, "nonconformity", long)
	if err == nil {
		_, err = f.Authority.Change(ctx, f.Caller(labeltest.Operator), f.Countersign(other, c.Request))
	}
	if err != nil {
		t.Fatalf("a label with a full history cannot be revoked: %v", err)
	}
	if p := f.holds("revoked"); p.State != label.Revoked {
		t.Errorf("the label is %s", p.State)
	}
	f.Restart()
	f.holds("after a restart")
}
