package authority_test

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

// entries returns the payloads of log entries, which is all that anybody needs
// to draw again, and the root hash over the first of them.
func entries(w *labeltest.World, size int64) (payloads [][]byte, root translog.Hash) {
	w.TB.Helper()
	must(w.TB, w.Store.View(func(v *store.View) (err error) {
		for i := range w.Authority.LogSize() {
			env, err := v.Entry(i)
			if err != nil {
				return err
			}
			payloads = append(payloads, env.Payload)
		}
		root, err = translog.Root(size, v)
		return err
	}))
	return payloads, root
}

// predicate reads a log entry as anybody would.
func predicate[T any](t *testing.T, payload []byte) *T {
	t.Helper()
	var st label.Statement
	must(t, label.DecodeLoose(payload, &st))
	p := new(T)
	must(t, label.Decode(st.Predicate, p))
	return p
}

// TestSurveillance announces a draw, lets the log grow, draws, and draws again
// from nothing but log entries, as anybody could.
func TestSurveillance(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 8)
	op := w.Caller(labeltest.Operator)
	plug := w.Issue(w.Example("plug"), 1)
	suspended, revoked := state(w, ids[0]), state(w, ids[1])
	w.Change(labeltest.Operator, suspended, label.Suspend, "complaint")
	w.Change(labeltest.Maker, revoked, label.Withdraw, "discontinued")

	p := w.Plan("autumn", 4, 8)
	if p.Result != nil || p.Announcement.Scheme != "four-level" || p.Announcement.Risks["ip-camera"] == "" || p.Announcement.Fixed != p.Index {
		t.Errorf("the plan is %+v", p.Announcement)
	}
	if again := w.Plan("autumn", 3, 8); again.Index != p.Index {
		t.Error("announced twice")
	}
	_, err := w.Authority.Draw(ctx, op, "autumn")
	wants(t, err, label.Precondition, label.ReasonStep)

	// Who leaves after the plan is drawn nevertheless, who comes is not.
	leaves := state(w, ids[2])
	w.Change(labeltest.Maker, leaves, label.Withdraw, "discontinued")
	late := w.Example("camera")
	labeltest.Variant(t, late, 99)
	comes := w.Issue(late, 3).Label.ID
	w.Change(labeltest.Operator, state(w, ids[3]), label.Review, "complaint")
	p, err = w.Authority.Draw(ctx, op, "autumn")
	must(t, err)
	labels, err := w.Authority.Drawn(p.Result)
	must(t, err)
	if p.Result.Candidates != 8 || len(p.Result.Drawn) != 8 || len(labels) != 8 {
		t.Fatalf("%d candidates, %d drawn, %d labels", p.Result.Candidates, len(p.Result.Drawn), len(labels))
	}
	drawn := map[label.ID]int64{}
	for i, d := range p.Result.Drawn {
		drawn[d.ID] = d.Weight
		if labels[i].ID != d.ID {
			t.Errorf("label %d is %s, drawn was %s", i, labels[i].ID, d.ID)
		}
	}
	for id, want := range map[label.ID]bool{ids[0]: true, ids[1]: false, ids[2]: true, comes: false, plug.Label.ID: true} {
		if (drawn[id] > 0) != want {
			t.Errorf("label %s was drawn with weight %d", id, drawn[id])
		}
	}
	if drawn[plug.Label.ID] >= drawn[ids[3]] {
		t.Errorf("the plug weighs %d, a camera %d", drawn[plug.Label.ID], drawn[ids[3]])
	}
	again, err := w.Authority.Draw(ctx, op, "autumn")
	if err != nil || !reflect.DeepEqual(again, p) {
		t.Errorf("drawn twice: %+v (%v)", again, err)
	}
	if again := w.Plan("autumn", p.Announcement.Size-w.Authority.LogSize(), 8); !reflect.DeepEqual(again, p) {
		t.Errorf("asked for again, the plan is %+v", again)
	}

	log, seed := entries(w, p.Announcement.Size)
	predicate, result := predicate[surveillance.Announcement](t, log[p.Index]), predicate[surveillance.Result](t, log[p.Draw])
	if result.SHA256 != label.DigestOf(log[p.Index]) || result.Seed != label.Digest(seed) {
		t.Errorf("the result is of plan %s with seed %s", result.SHA256, result.Seed)
	}
	census := surveillance.NewCensus()
	for _, payload := range log[:predicate.Fixed] {
		must(t, census.Add(payload))
	}
	candidates, err := census.Candidates(predicate)
	must(t, err)
	must(t, surveillance.Verify(seed, predicate.ID, candidates, predicate.Count, result.Drawn))
}

func TestPlansThatAreRefused(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Plan("taken", 5, 1)
	size := w.Authority.LogSize()
	ask := func(signer string, change func(*surveillance.Request)) []byte {
		r := surveillance.Request{ID: "x", Size: size + 5, Count: 1}
		change(&r)
		return w.AskDraw(signer, r)
	}
	type R = *surveillance.Request
	same := func(R) {}
	for name, c := range map[string]struct {
		org   string
		raw   []byte
		kind  label.Kind
		field string
	}{
		"nobody calls":         {"", ask(labeltest.Operator, same), label.Unauthenticated, ""},
		"a lab signed":         {labeltest.Operator, ask(labeltest.Lab, same), label.Denied, "request"},
		"a manufacturer asked": {labeltest.Maker, ask(labeltest.Maker, same), label.Denied, ""},
		"another subject":      {labeltest.Operator, w.Seal(labeltest.Operator, []byte("y"), label.TypeSurveillanceRequest, &surveillance.Request{ID: "x", Size: size + 5, Count: 1, Made: labeltest.Start}), label.Invalid, "request.subject"},
		"another statement":    {labeltest.Operator, w.Event(label.Event{Kind: label.LabEvent, Lab: labeltest.Lab, Number: "x", Reason: "lab-suspended"}), label.Invalid, "request.predicateType"},
		"no statement":         {labeltest.Operator, []byte("{}"), label.Invalid, "request"},
		"yesterday's":          {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.Made = labeltest.Start.AddDate(0, 0, -2) }), label.Invalid, "request.made"},
		"tomorrow's":           {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.Made = labeltest.Start.AddDate(0, 0, 2) }), label.Invalid, "request.made"},
		"past size":            {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.Size = size }), label.Precondition, "request.size"},
		"its own size":         {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.Size = size + 1 }), label.Precondition, "request.size"},
		"nothing":              {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.Count = 0 }), label.Invalid, "request.predicate.count"},
		"too many":             {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.Count = surveillance.MaxCount + 1 }), label.Invalid, "request.predicate.count"},
		"bad ID":               {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.ID = "X Y" }), label.Invalid, "request.predicate.id"},
		"the list's name":      {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.ID = "plans" }), label.Invalid, "request.predicate.id"},
		"unknown scheme":       {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.Scheme = "none" }), label.NotFound, "request.scheme"},
		"another under the ID": {labeltest.Operator, ask(labeltest.Operator, func(r R) { r.ID, r.Count = "taken", 2 }), label.Exists, "request.id"},
	} {
		caller := authority.Caller{}
		if c.org != "" {
			caller = w.Caller(c.org)
		}
		_, err := w.Authority.Plan(ctx, caller, c.raw)
		if label.KindOf(err) != c.kind || err == nil || !strings.HasPrefix(err.Error(), c.field) {
			t.Errorf("%s: %v, want %v of %s", name, err, c.kind, c.field)
		}
	}
	if n := w.Authority.LogSize(); n != size {
		t.Errorf("the log grew by %d", n-size)
	}
	_, err := w.Authority.Draw(ctx, w.Caller(labeltest.Operator), "none")
	wants(t, err, label.NotFound, label.ReasonUnknownPlan)
	_, err = w.Authority.Draw(ctx, w.Caller(labeltest.Maker), "taken")
	wants(t, err, label.Denied, label.ReasonWrongRole)
}

// TestDrawsAtOnce lets many draw the same plan: all get the same, and the log has
// one result.
func TestDrawsAtOnce(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 3)
	w.Plan("autumn", 2, 2)
	w.Change(labeltest.Operator, state(w, ids[0]), label.Review, "complaint")
	size, op := w.Authority.LogSize(), w.Caller(labeltest.Operator)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if p, err := w.Authority.Draw(ctx, op, "autumn"); err != nil || p.Draw != size {
				t.Errorf("%+v (%v)", p, err)
			}
		})
	}
	wg.Wait()
	if n := w.Authority.LogSize(); n != size+1 {
		t.Errorf("the log grew by %d", n-size)
	}
}

// TestWrongDrawIsFound has the check draw again, on a copy of the store in which
// the authority signed and logged what the log does not give.
func TestWrongDrawIsFound(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 3)
	p := w.Plan("autumn", 2, 2)
	w.Change(labeltest.Operator, state(w, ids[0]), label.Review, "complaint")
	dir := t.TempDir()
	file, err := os.ReadFile(store.Path(w.Dir))
	must(t, err)
	must(t, os.WriteFile(store.Path(dir), file, 0o600))
	copied, err := store.Open(dir)
	must(t, err)
	defer copied.Close()

	p, err = w.Authority.Draw(ctx, w.Caller(labeltest.Operator), p.ID)
	must(t, err)
	slices.Reverse(p.Result.Drawn)
	for i := range p.Result.Drawn {
		p.Result.Drawn[i].Position = i
	}
	signed := w.Sign(w.Issuer.Draw(p.Result))
	entry, err := store.NewEntry(signed.Envelope, signed.Leaf)
	must(t, err)
	b := &store.Batch{At: w.Clock.Now(), Entries: []*store.Entry{entry}, Writes: []store.Write{p.Plan}}
	must(t, copied.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		b.From = head.Tree
		if b.Head.Tree, b.Added, err = translog.Append(head.Tree, v, [][]byte{signed.Leaf}); err != nil {
			return err
		}
		b.Head.Checkpoint, err = w.Issuer.Checkpoint(b.Head.Tree, b.At)
		return err
	}))
	must(t, copied.Commit(b))
	var problems []string
	must(t, authority.Check(context.Background(), copied, w.Trust, w.Programme, labeltest.Problems(func(p string) { problems = append(problems, p) })))
	if want := []string{"draw of plan autumn: drawing again gives something else"}; !slices.Equal(problems, want) {
		t.Errorf("the check found %q", problems)
	}
}

func TestSurveillanceCommitsThatFail(t *testing.T) {
	for name, mode := range map[string]int32{"failed": fails, "failed but persisted": failsPersisted} {
		t.Run(name, func(t *testing.T) {
			f := &faulty{}
			w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
			ids := shelf(w, 3)
			size := w.Authority.LogSize() + 2
			op := w.Caller(labeltest.Operator)
			announce := func() error {
				return second(w.Authority.Plan(ctx, op, w.AskDraw(labeltest.Operator, surveillance.Request{ID: "autumn", Size: size, Count: 2})))
			}
			f.mode.Store(mode)
			if err := announce(); label.ReasonOf(err) != label.ReasonStorage {
				t.Errorf("plan: %v", err)
			}
			w.Restart()
			if err := announce(); err != nil {
				t.Fatal(err)
			}
			w.Change(labeltest.Operator, state(w, ids[0]), label.Review, "complaint")
			f.mode.Store(mode)
			if _, err := w.Authority.Draw(ctx, op, "autumn"); label.ReasonOf(err) != label.ReasonStorage {
				t.Errorf("draw: %v", err)
			}
			w.Restart()
			if p, err := w.Authority.Draw(ctx, op, "autumn"); err != nil || len(p.Result.Drawn) != 2 {
				t.Errorf("draw, again: %v", err)
			}
			list, _, err := w.Authority.Plans(authority.Page{})
			if err != nil || len(list) != 1 {
				t.Errorf("%d plans (%v)", len(list), err)
			}
		})
	}
}

// TestSurveillanceReport has a drawn product fail: its next report counts like
// any other, and the label is suspended by it.
func TestSurveillanceReport(t *testing.T) {
	l := newLife(t)
	l.Clock.Set(labeltest.Start.AddDate(0, 0, 40))
	e := l.Example("camera")
	e.Report.Number += "-S"
	i := slices.IndexFunc(e.Report.Verdicts, func(v label.Verdict) bool { return v.Provision == "5.1-1" })
	e.Report.Verdicts[i] = label.Verdict{Provision: "5.1-1", Verdict: label.Fail, Reason: "All units from the shop have one password."}
	if _, _, err := l.Authority.Submit(ctx, l.Caller(labeltest.Lab), l.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report)); err != nil {
		t.Fatal(err)
	}
	d, err := l.Authority.Evaluate(ctx, l.Caller(labeltest.Operator), label.DigestOf(e.Descriptor), "")
	if err != nil || d.Reached != 0 {
		t.Errorf("level %d is reached (%v)", d.Reached, err)
	}
	must(t, l.Authority.Propagate(ctx))
	if p := l.now(); p.State != label.Suspended || p.Because.Reason != "test-failed" {
		t.Errorf("the label is %s", p.State)
	}
}

// TestOutliers has one lab pass what others fail, with papers seen twice.
func TestOutliers(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Enrol("quick-lab", label.RoleLab)
	w.Accredit("quick-lab", nil)
	for i := range 2 {
		e := w.Example("camera")
		labeltest.Variant(t, e, i)
		e.Report.Lab, e.Report.Number = "quick-lab", fmt.Sprint("Q-", i)
		if _, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor); err != nil {
			t.Fatal(err)
		}
		if _, _, err := w.Authority.Submit(ctx, w.Caller("quick-lab"), w.Seal("quick-lab", e.Descriptor, label.TypeTestReport, e.Report)); err != nil {
			t.Fatal(err)
		}
	}
	list, err := w.Authority.Outliers(w.Caller(labeltest.Operator), label.Date{})
	if err != nil || len(list) != 1 || list[0].Kind != surveillance.SameEvidence || list[0].Lab != "quick-lab" || list[0].Figures["devices"] != 2 {
		t.Errorf("the findings are %+v (%v)", list, err)
	}
	list, err = w.Authority.Outliers(w.Caller(labeltest.Operator), label.DateOf(w.Clock.Now()).AddDays(1))
	if err != nil || len(list) != 0 {
		t.Errorf("since tomorrow the findings are %+v (%v)", list, err)
	}
	_, err = w.Authority.Outliers(w.Caller("quick-lab"), label.Date{})
	wants(t, err, label.Denied, label.ReasonWrongRole)
}
