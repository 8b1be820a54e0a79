package authority_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// accreditation is the number of the lab's accreditation in a world.
func accreditation(w *labeltest.World) string {
	w.TB.Helper()
	var number string
	if err := w.Store.View(func(v *store.View) error {
		list, err := v.Accreditations(labeltest.Lab)
		number = list[0].Number
		return err
	}); err != nil {
		w.TB.Fatal(err)
	}
	return number
}

// shelf issues labels for n variants of the camera.
func shelf(w *labeltest.World, n int) (ids []label.ID) {
	w.TB.Helper()
	for i := range n {
		e := w.Example("camera")
		labeltest.Variant(w.TB, e, i)
		ids = append(ids, w.Issue(e, 3).Label.ID)
	}
	return ids
}

func state(w *labeltest.World, id label.ID) *authority.Published {
	w.TB.Helper()
	p, err := w.Authority.Lookup(id)
	if err != nil {
		w.TB.Fatal(err)
	}
	return p
}

// TestKeyCompromised suspends what rests on what the key signed from an instant
// on, and nothing else.
func TestKeyCompromised(t *testing.T) {
	w := labeltest.New(t, nil)
	before := append(shelf(w, 2), w.Issue(w.Example("plug"), 1).Label.ID)
	w.Clock.Set(w.Clock.Now().Add(24 * time.Hour))
	since := w.Clock.Now().UTC().Truncate(time.Second)
	w.Clock.Set(since.Add(time.Hour))
	after := w.Issue(w.Example("camera"), 3)
	event := label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Lab].Public.ID, Since: since, Reason: "key-compromised"}
	list, _, err := w.Authority.Preview(w.Caller(labeltest.Operator), w.Event(event))
	if err != nil || len(list) != 1 || list[0].Label.ID != after.Label.ID || list[0].Action != label.Suspend {
		t.Fatalf("the preview names %+v, %v", list, err)
	}
	if s := state(w, after.Label.ID).State; s != label.Active {
		t.Errorf("the preview made the label %s", s)
	}
	e := w.Report(event)
	if e.Changed != 1 || e.Done.IsZero() {
		t.Errorf("the event is %+v", e)
	}
	if p := state(w, after.Label.ID); p.State != label.Suspended || p.Because.Cause != label.EventCause(e.Digest) || p.Because.Reason != "key-compromised" {
		t.Errorf("the label that rests on the key is %s", p.State)
	}
	for _, id := range before {
		if p := state(w, id); p.State != label.Active {
			t.Errorf("label %s, which does not rest on what was signed since, is %s", id, p.State)
		}
	}
	// What was signed with the key no longer counts.
	d, err := w.Authority.Evaluate(ctx, w.Caller(labeltest.Operator), label.DigestOf(after.Device), "")
	if err != nil || d.Reached > 2 {
		t.Errorf("without the report the camera reaches level %d, %v", d.Reached, err)
	}
	again, err := w.ReportAs(context.Background(), w.Caller(labeltest.Operator), e.Signature.Envelope)
	if err != nil || again.Digest != e.Digest || again.Changed != 1 {
		t.Errorf("reported again the event is %+v, %v", again, err)
	}
}

// TestLabSuspended puts what the lab tested under review, and has its reports
// not count until it is accredited again.
func TestLabSuspended(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 3)
	e := w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: accreditation(w), Reason: "lab-suspended"})
	if e.Changed != 3 {
		t.Errorf("%d labels were changed", e.Changed)
	}
	for _, id := range ids {
		if p := state(w, id); p.State != label.Active || p.Review == nil {
			t.Errorf("label %s is %s, review %v", id, p.State, p.Review)
		}
	}
	ex := w.Example("camera")
	_, _, err := w.Authority.Register(context.Background(), w.Caller(labeltest.Maker), ex.Descriptor)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = w.Authority.Submit(context.Background(), w.Caller(labeltest.Lab), w.Seal(labeltest.Lab, ex.Descriptor, label.TypeTestReport, ex.Report))
	wants(t, err, label.Denied, label.ReasonScopeInterval)
	w.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number = accreditation(w) })
	w.Submit(ex)
}

// TestLabLosesScope lets labels lapse after the time of grace.
func TestLabLosesScope(t *testing.T) {
	w := labeltest.New(t, nil)
	number := accreditation(w)
	w.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number, a.Categories = number, []string{"ip-camera", "smart-plug"} })
	id := shelf(w, 1)[0]
	w.Report(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Categories: []string{"ip-camera"}, Reason: "lab-scope-lost"})
	p := state(w, id)
	want := label.DateOf(w.Clock.Now()).AddMonths(6).End()
	if p.State != label.Active || !p.Expires.Equal(want) || p.ExpiresFor != label.BoundGraceEnd {
		t.Errorf("the label is %s until %s (%s), want %s", p.State, p.Expires, p.ExpiresFor, want)
	}
	w.Clock.Set(want)
	if p := state(w, id); p.State != label.Expired {
		t.Errorf("after the grace the label is %s", p.State)
	}
}

// TestSchemeEnds ends a version that another has followed.
func TestSchemeEnds(t *testing.T) {
	w := labeltest.New(t, nil)
	id := shelf(w, 1)[0]
	event := label.Event{Kind: label.SchemeEvent, Scheme: "four-level", Version: "2026.2", Reason: "scheme-ended"}
	_, err := w.ReportAs(context.Background(), w.Caller(labeltest.Operator), w.Event(event))
	wants(t, err, label.Precondition, label.ReasonUnknownScheme)
	next := *w.Programme.Newest("four-level")
	next.Version = "2027.1"
	w.Programme.Schemes = append(w.Programme.Schemes, &next)
	w.Report(event)
	if p := state(w, id); p.ExpiresFor != label.BoundGraceEnd {
		t.Errorf("the label ends on %s for %s", p.Expires, p.ExpiresFor)
	}
}

// TestEventRefuses changes nothing.
func TestEventRefuses(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Issue(w.Example("camera"), 3)
	number, size := accreditation(w), w.Authority.LogSize()
	_, err := w.RevokeKey(ctx, w.SecondCaller(), w.Second.Public.ID, "left")
	must(t, err)
	for _, row := range []struct {
		name   string
		event  label.Event
		kind   label.Kind
		reason label.Reason
	}{
		{"unknown lab", label.Event{Kind: label.LabEvent, Lab: "nobody", Number: number, Reason: "lab-suspended"}, label.NotFound, label.ReasonUnknownOrg},
		{"unknown number", label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: "X", Reason: "lab-suspended"}, label.NotFound, label.ReasonUnknownSubject},
		{"category that it does not name", label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Categories: []string{"toy"}, Reason: "lab-scope-lost"}, label.Invalid, label.ReasonScopeCategory},
		{"all categories", label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Categories: []string{"*"}, Reason: "lab-scope-lost"}, label.Invalid, label.ReasonMalformed},
		{"unknown reason", label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Reason: "because"}, label.Invalid, label.ReasonUnknownReason},
		{"a reason for something else", label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Reason: "discontinued"}, label.Invalid, label.ReasonUnknownReason},
		{"a reason to settle", label.Event{Kind: label.StatementEvent, Statement: label.DigestOf([]byte("x")), Reason: "resolved"}, label.Invalid, label.ReasonUnknownReason},
		{"a reason for another kind", label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-suspended"}, label.Invalid, label.ReasonUnknownReason},
		{"unknown key", label.Event{Kind: label.KeyEvent, Key: label.DigestOf([]byte("no key")).String(), Since: labeltest.Start, Reason: "key-compromised"}, label.NotFound, label.ReasonUnknownKey},
		{"a key in the future", label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Lab].Public.ID, Since: labeltest.Start.AddDate(1, 0, 0), Reason: "key-compromised"}, label.Invalid, label.ReasonInFuture},
		{"the last operator key", label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Operator].Public.ID, Since: labeltest.Start, Reason: "key-compromised"}, label.Precondition, label.ReasonMissing},
		{"unknown scheme", label.Event{Kind: label.SchemeEvent, Scheme: "five-level", Version: "1", Reason: "scheme-ended"}, label.NotFound, label.ReasonUnknownScheme},
		{"mixed", label.Event{Kind: label.SchemeEvent, Scheme: "four-level", Version: "1", Lab: "x", Reason: "scheme-ended"}, label.Invalid, label.ReasonOutOfRange},
		{"no kind", label.Event{Reason: "scheme-ended"}, label.Invalid, label.ReasonOutOfRange},
	} {
		_, err := w.ReportAs(context.Background(), w.Caller(labeltest.Operator), w.Event(row.event))
		if label.KindOf(err) != row.kind || label.ReasonOf(err) != row.reason {
			t.Errorf("%s: %v (%s)", row.name, err, label.ReasonOf(err))
		}
	}
	_, err = w.ReportAs(ctx, w.Caller(labeltest.Maker), w.EventBy(labeltest.Maker, label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: number, Reason: "lab-suspended"}))
	wants(t, err, label.Denied, label.ReasonWrongRole)
	if w.Authority.LogSize() != size {
		t.Error("refusals were logged")
	}
}

// TestNoCategoryIsNotAll requires that a list without categories is refused: where the
// member is absent, the event is about all of them.
func TestNoCategoryIsNotAll(t *testing.T) {
	w := labeltest.New(t, nil)
	number := accreditation(w)
	for text, accepted := range map[string]bool{
		``: true, `"categories":[],`: false, `"categories":null,`: false,
	} {
		predicate := label.JSON(fmt.Sprintf(`{"kind":"lab","lab":%q,"number":%q,%s"reason":"lab-suspended","text":"x","authority":%q,"made":%q}`,
			labeltest.Lab, number, text, labeltest.Base, w.Clock.Now().UTC().Truncate(time.Second).Format(time.RFC3339)))
		statement, err := label.NewStatement(labeltest.Lab, label.DigestOf([]byte(labeltest.Lab)), label.TypeEvent, predicate)
		must(t, err)
		env, err := w.Signers[labeltest.Operator].Seal(statement)
		must(t, err)
		raw, err := envelope.Bundle(env)
		must(t, err)
		if _, err := w.ReportAs(ctx, w.Caller(labeltest.Operator), raw); accepted {
			must(t, err)
		} else {
			wants(t, err, label.Invalid, label.ReasonNotCanonical)
		}
	}
}

// A failing is a store whose n-th commit fails, before or after it was stored.
type failing struct {
	authority.Store
	n      int // commits until the failure; 0 for never again
	stored bool
}

func (f *failing) Commit(b *store.Batch) error {
	if f.n == 0 {
		return f.Store.Commit(b)
	}
	if f.n--; f.n > 0 {
		return f.Store.Commit(b)
	}
	if f.stored {
		if err := f.Store.Commit(b); err != nil {
			return err
		}
	}
	return errDisk
}

// TestPropagationFails has each commit of a propagation fail in turn, and each
// fail although it was stored. What is begun is finished after a restart, and
// nothing is decided twice.
func TestPropagationFails(t *testing.T) {
	const chunk, labels = 8, 11
	for _, stored := range []bool{false, true} {
		for step := 1; step <= 3; step++ {
			t.Run(fmt.Sprintf("step %d, stored %v", step, stored), func(t *testing.T) {
				f := &failing{}
				w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
				w.Chunk = chunk
				ids := shelf(w, labels)
				raw := w.Event(label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Lab].Public.ID, Since: labeltest.Start.AddDate(-1, 0, 0), Reason: "key-compromised"})
				op := w.Caller(labeltest.Operator)
				w.Authority.Close() // nothing is drawn beside the test
				f.n, f.stored = step, stored
				w.Restart()
				_, reported := w.ReportAs(context.Background(), op, raw)
				w.Restart()
				if _, err := w.ReportAs(context.Background(), op, raw); err != nil {
					t.Fatalf("%v, after %v", err, reported)
				}
				if err := w.Authority.Propagate(context.Background()); err != nil && f.n != 0 {
					t.Fatal(err)
				}
				if err := w.Authority.Propagate(context.Background()); err != nil {
					t.Fatal(err)
				}
				for _, id := range ids {
					if p := state(w, id); p.State != label.Suspended || len(p.Statuses) != 1 {
						t.Fatalf("label %s is %s after %d statements", id, p.State, len(p.Statuses))
					}
				}
			})
		}
	}
}

// TestPropagationBeside draws consequences while labels are requested and
// changed by others. In the end no label rests on the key.
func TestPropagationBeside(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Chunk = 16
	w.Restart()
	ids := shelf(w, 40)
	late := make(chan label.ID, 20)
	examples := make([]label.Digest, cap(late))
	for i := range examples {
		e := w.Example("camera")
		labeltest.Variant(t, e, 1000+i)
		examples[i] = w.Submit(e)
	}
	maker := w.Caller(labeltest.Maker)
	go func() {
		defer close(late)
		for _, d := range examples {
			if o, err := w.Authority.Request(context.Background(), maker, d, "", 3); err == nil && o.Label != nil {
				late <- o.Label.Label.ID
			}
		}
	}()
	e := w.Report(label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Lab].Public.ID, Since: labeltest.Start.AddDate(-1, 0, 0), Reason: "key-compromised"})
	for id := range late {
		ids = append(ids, id)
	}
	if err := w.Authority.Propagate(context.Background()); err != nil {
		t.Fatal(err)
	}
	suspended := 0
	for _, id := range ids {
		if p := state(w, id); p.State == label.Suspended {
			suspended++
		} else {
			t.Errorf("label %s, issued %s, is %s", id, p.Label.Issued, p.State)
		}
	}
	if e.Changed != suspended {
		t.Errorf("%d labels are suspended, the event changed %d", suspended, e.Changed)
	}
	if !slices.Contains([]label.Action{label.Suspend}, w.Programme.Newest("four-level").Lifecycle.Propagation["key-compromised"].Action) {
		t.Error("the scheme has another policy than the test expects")
	}
}
