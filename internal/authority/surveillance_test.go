package authority_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

// plan announces a draw when the log has some entries more than now.
func plan(w *labeltest.World, id string, more int64, count int) *authority.Planned {
	w.TB.Helper()
	p, err := w.Authority.Plan(ctx, w.Caller(labeltest.Operator), surveillance.Plan{ID: id, Size: w.Authority.LogSize() + more, Count: count})
	if err != nil {
		w.TB.Fatal(err)
	}
	return p
}

// TestSurveillance announces a draw, lets the log grow, draws, and draws again
// from nothing but log entries, as anybody could.
func TestSurveillance(t *testing.T) {
	w := labeltest.New(t, nil)
	ids := shelf(w, 12)
	op := w.Caller(labeltest.Operator)
	p := plan(w, "autumn", 3, 5)
	if p.Result != nil || p.Announcement.Scheme != "four-level" || p.Announcement.Risks["ip-camera"] == "" {
		t.Errorf("the plan is %+v", p.Announcement)
	}
	if again := plan(w, "autumn", 2, 5); again.Index != p.Index {
		t.Error("announced twice")
	}
	_, err := w.Authority.Draw(ctx, op, "autumn")
	wants(t, err, label.Precondition, label.ReasonStep)
	suspended, err := w.Authority.Lookup(ids[0])
	if err != nil {
		t.Fatal(err)
	}
	w.Change(labeltest.Operator, suspended, label.Suspend, "complaint")
	plug := w.Issue(w.Example("plug"), 1)
	late := w.Example("camera")
	labeltest.Variant(t, late, 99)
	after := w.Issue(late, 3) // beyond the plan's size
	p, err = w.Authority.Draw(ctx, op, "autumn")
	if err != nil {
		t.Fatal(err)
	}
	if p.Result.Candidates != 12 || len(p.Result.Drawn) != 5 {
		t.Errorf("%d candidates, %d drawn", p.Result.Candidates, len(p.Result.Drawn))
	}
	for _, d := range p.Result.Drawn {
		if d.ID == ids[0] || d.ID == after.Label.ID {
			t.Errorf("%s was drawn, which is no candidate", d.ID)
		}
	}
	again, err := w.Authority.Draw(ctx, op, "autumn")
	if err != nil || !reflect.DeepEqual(again.Result, p.Result) || again.Plan.Draw != p.Plan.Draw {
		t.Errorf("drawn twice: %+v (%v)", again, err)
	}

	census, seed := surveillance.NewCensus(), translog.Hash{}
	if err := w.Store.View(func(v *store.View) error {
		for census.Len() < p.Announcement.Size {
			env, err := v.Entry(census.Len())
			if err != nil {
				return err
			}
			if err := census.Add(env.Payload); err != nil {
				return err
			}
		}
		seed, err = translog.Root(p.Announcement.Size, v)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	candidates, err := census.Candidates(p.Announcement)
	if err != nil {
		t.Fatal(err)
	}
	if err := surveillance.Verify(seed, "autumn", candidates, 5, p.Result.Drawn); err != nil {
		t.Error(err)
	}
	weights := map[label.ID]int64{}
	for _, c := range candidates {
		weights[c.ID] = c.Weight
	}
	if weights[plug.Label.ID] >= weights[ids[1]] {
		t.Errorf("the plug weighs %d, a camera %d", weights[plug.Label.ID], weights[ids[1]])
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	w := labeltest.New(t, nil)
	plan(w, "taken", 5, 1)
	size := w.Authority.LogSize()
	for name, c := range map[string]struct {
		org   string
		plan  surveillance.Plan
		kind  label.Kind
		field string
	}{
		"a lab":          {labeltest.Lab, surveillance.Plan{ID: "x", Size: size + 5, Count: 1}, label.Denied, ""},
		"past size":      {labeltest.Operator, surveillance.Plan{ID: "x", Size: size, Count: 1}, label.Precondition, "plan.size"},
		"its own size":   {labeltest.Operator, surveillance.Plan{ID: "x", Size: size + 1, Count: 1}, label.Precondition, "plan.size"},
		"nothing":        {labeltest.Operator, surveillance.Plan{ID: "x", Size: size + 5}, label.Invalid, "plan.count"},
		"too many":       {labeltest.Operator, surveillance.Plan{ID: "x", Size: size + 5, Count: authority.MaxDrawn + 1}, label.Invalid, "plan.count"},
		"bad ID":         {labeltest.Operator, surveillance.Plan{ID: "X Y", Size: size + 5, Count: 1}, label.Invalid, "plan.id"},
		"unknown scheme": {labeltest.Operator, surveillance.Plan{ID: "x", Scheme: "none", Size: size + 5, Count: 1}, label.NotFound, "scheme"},
		"another under the ID": {labeltest.Operator, surveillance.Plan{ID: "taken", Size: size + 5, Count: 2},
			label.Exists, "plan.id"},
		"half the weights": {labeltest.Operator, surveillance.Plan{ID: "x", Size: size + 5, Count: 1, Weights: surveillance.Weights{Level: []int{1}}},
			label.Invalid, "plan.weights"},
	} {
		_, err := w.Authority.Plan(ctx, w.Caller(c.org), c.plan)
		if label.KindOf(err) != c.kind || !strings.HasPrefix(err.Error(), c.field) {
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

func TestSurveillanceCommitsThatFail(t *testing.T) {
	for name, mode := range map[string]int32{"failed": fails, "failed but persisted": failsPersisted} {
		t.Run(name, func(t *testing.T) {
			f := &faulty{}
			w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
			size := w.Authority.LogSize() + 3
			op := w.Caller(labeltest.Operator)
			announce := func() error {
				return second(w.Authority.Plan(ctx, op, surveillance.Plan{ID: "autumn", Size: size, Count: 2}))
			}
			f.mode.Store(mode)
			if err := announce(); label.ReasonOf(err) != label.ReasonStorage {
				t.Errorf("plan: %v", err)
			}
			w.Restart()
			if err := announce(); err != nil {
				t.Fatal(err)
			}
			shelf(w, 3)
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
// any other, and the operator suspends the label.
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
	d, err := l.Authority.Evaluate(l.Caller(labeltest.Operator), label.DigestOf(e.Descriptor), "")
	if err != nil || d.Reached != 0 {
		t.Errorf("level %d is reached (%v)", d.Reached, err)
	}
	l.Change(labeltest.Operator, l.pub, label.Suspend, "surveillance-failed")
	if p := l.now(); p.State != label.Suspended {
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
	list, err := w.Authority.Outliers(w.Caller(labeltest.Operator))
	if err != nil || len(list) != 1 || list[0].Kind != surveillance.SameEvidence || list[0].Lab != "quick-lab" || list[0].Figures["devices"] != 2 {
		t.Errorf("the findings are %+v (%v)", list, err)
	}
	_, err = w.Authority.Outliers(w.Caller("quick-lab"))
	wants(t, err, label.Denied, label.ReasonWrongRole)
}
