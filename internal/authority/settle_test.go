package authority_test

import (
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// strike strikes the laboratory's report about the camera.
func (s *sale) strike() label.Digest {
	s.t.Helper()
	var id label.Digest
	for _, e := range s.p.Label.Evidence {
		if e.Type == label.TypeTestReport {
			id = e.SHA256
		}
	}
	s.Report(label.Event{Kind: label.StatementEvent, Statement: id, Reason: "false-report"})
	return id
}

// TestSettledOnStruckEvidence settles what is open about a label whose report is
// struck: the operator is told, and where nobody had decided about the findings
// the label does not stay active.
func TestSettledOnStruckEvidence(t *testing.T) {
	warned := func(t *testing.T, s *sale, action label.Action, report label.Digest) {
		t.Helper()
		c := s.Change(labeltest.Operator, s.p, action, "unfounded")
		text := strings.Join(c.Notes, "\n")
		if !strings.Contains(text, report.String()) || !strings.Contains(text, "was struck") {
			t.Errorf("the answer to %s says %q", action, c.Notes)
		}
		if carries := !strings.Contains(text, "does not carry the label"); carries != (action == label.Release) {
			t.Errorf("the answer to %s says %q", action, c.Notes)
		}
	}
	t.Run("a review of something else is cleared", func(t *testing.T) {
		s := newSale(t)
		s.Change(labeltest.Operator, s.p, label.Suspend, "complaint") // so that what follows from the strike is put off
		s.Change(labeltest.Operator, s.p, label.Review, "complaint")
		report := s.strike()
		warned(t, s, label.Clear, report)
		warned(t, s, label.Reinstate, report)
		if p := s.now(); p.State == label.Active && p.Review == nil {
			t.Error("the label is active, and its report is struck")
		}
	})
	t.Run("an operator decides", func(t *testing.T) {
		s := newSale(t)
		report := s.strike()
		if p := s.now(); p.State != label.Suspended {
			t.Fatalf("the label is %s", p.State)
		}
		warned(t, s, label.Reinstate, report)
		if p := s.now(); p.State == label.Active && p.Review == nil {
			var known bool
			must(t, s.Store.View(func(v *store.View) error { _, err := v.Verdict(s.p.Label.ID); known = err == nil; return nil }))
			if !known {
				t.Error("the label is active, and nobody decided about the findings")
			}
		}
	})
	t.Run("a hold is released", func(t *testing.T) {
		s := newSale(t)
		s.Change(labeltest.Operator, s.p, label.Suspend, "complaint")
		s.Clock.Set(s.p.Label.Expires.Add(time.Hour))
		warned(t, s, label.Release, s.strike())
	})
	t.Run("nothing speaks against it", func(t *testing.T) {
		s := newSale(t)
		s.Change(labeltest.Operator, s.p, label.Suspend, "complaint")
		if c := s.Change(labeltest.Operator, s.p, label.Reinstate, "unfounded"); len(c.Notes) != 0 {
			t.Errorf("the answer says %q", c.Notes)
		}
	})
}
