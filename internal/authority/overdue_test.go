package authority_test

import (
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// remind lets the time come, looks twice who is late, and returns the label.
func (l *life) remind(at time.Time) *authority.Published {
	l.t.Helper()
	l.Clock.Set(at)
	for range 2 {
		if err := l.Authority.Remind(ctx); err != nil {
			l.t.Fatal(err)
		}
	}
	return l.now()
}

// due returns when the manufacturer owes news that something is said of now.
func (l *life) due() time.Time {
	return label.DateOf(l.Clock.Now()).AddDays(l.pub.Label.Product.Vulnerabilities.StatusDays).End()
}

// TestAnswerInTime lets the time pass in which the manufacturer declared to give
// news of a weakness.
func TestAnswerInTime(t *testing.T) {
	l := newLife(t)
	days := l.pub.Label.Product.Vulnerabilities.StatusDays
	if days == 0 {
		t.Fatal("the example declares no time")
	}
	l.Advise(labeltest.Maker, firstVex.bytes())
	due := label.DateOf(l.Clock.Now()).AddDays(days).End()
	if p := l.remind(due.Add(-time.Minute)); p.Review != nil {
		t.Error("under review before the time is over")
	}
	news := vex{id: "1", version: 2, updated: due.Add(-time.Minute), status: "affected"}
	l.Advise(labeltest.Maker, news.bytes())
	if p := l.remind(due.Add(time.Minute)); p.Review != nil {
		t.Error("under review though there was news")
	}
	late := label.DateOf(due).AddDays(days).End()
	p := l.remind(late.Add(time.Minute))
	if p.Review == nil || p.Review.Reason != "response-time-missed" || p.State != label.Active || len(p.Statuses) != 3 {
		t.Fatalf("after the time was missed: %+v, %d statements", p.Review, len(p.Statuses))
	}
	// Cleared, it is not opened again for the same silence; with a fix, not at all.
	l.pass(time.Hour)
	l.Change(labeltest.Operator, l.pub, label.Clear, "resolved")
	if p := l.remind(late.AddDate(0, 0, 3*days)); p.Review != nil {
		t.Error("under review twice for the same silence")
	}
	l.Advise(labeltest.Maker, vex{id: "1", version: 3, updated: l.Clock.Now().Add(-time.Minute), status: "fixed"}.bytes())
	if p := l.remind(l.Clock.Now().AddDate(0, 0, 3*days)); p.Review != nil {
		t.Error("under review though it is fixed")
	}
}

// TestOneSilence lets each commit of a review fail, in both ways.
func TestOneSilence(t *testing.T) {
	for name, mode := range map[string]int32{"failed": fails, "failed but persisted": failsPersisted} {
		t.Run(name, func(t *testing.T) {
			f := &faulty{}
			w := labeltest.New(t, func(s authority.Store) authority.Store { f.Store = s; return f })
			l := &life{w, t, w.Issue(w.Example("camera"), 3)}
			l.Advise(labeltest.Maker, firstVex.bytes())
			l.Clock.Set(l.due().Add(time.Minute))
			f.mode.Store(mode)
			if l.Authority.Remind(ctx) == nil {
				t.Error("nothing failed")
			}
			l.Restart()
			if p := l.remind(l.Clock.Now()); p.Review == nil || len(p.Statuses) != 2 {
				t.Errorf("%d statements, under review for %+v", len(p.Statuses), p.Review)
			}
		})
	}
}

// TestWhoAnswers has the manufacturer answer an operator's warning by an
// advisory of its own.
func TestWhoAnswers(t *testing.T) {
	l := newLife(t)
	warning := vex{id: "warning", version: 1, updated: firstVex.updated, status: "affected"}
	l.Advise(labeltest.Operator, warning.bytes())
	due := l.due()
	l.Clock.Set(due.Add(-time.Hour))
	l.Advise(labeltest.Operator, vex{id: "another warning", version: 1, updated: firstVex.updated, status: "affected"}.bytes())
	if p := l.remind(due.Add(time.Minute)); p.Review == nil {
		t.Error("an operator answered for the manufacturer")
	}

	l = newLife(t)
	l.Advise(labeltest.Operator, warning.bytes())
	l.Clock.Set(due.Add(-time.Hour))
	l.Advise(labeltest.Maker, vex{id: "1", version: 1, updated: firstVex.updated, status: "fixed"}.bytes())
	if p := l.remind(due.AddDate(1, 0, 0)); p.Review != nil {
		t.Errorf("under review though the manufacturer gave news: %s", p.Review.Text)
	}
}
