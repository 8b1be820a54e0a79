package authority_test

import (
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// withdraw has an organization withdraw a report.
func (s *sale) withdraw(org string, report label.Digest) (*label.Digest, error) {
	s.t.Helper()
	e, err := s.Authority.Report(ctx, s.Caller(org), s.EventBy(org, label.Event{Kind: label.WithdrawalEvent, Statement: report, Reason: "report-withdrawn", Text: "The samples were of another model."}))
	if err != nil {
		return nil, err
	}
	must(s.t, s.Authority.Propagate(ctx))
	return &e.Digest, nil
}

// first returns the report that the label rests on.
func (s *sale) first() label.Digest {
	s.t.Helper()
	for _, e := range s.p.Label.Evidence {
		if label.SourceOf(e.Type) == label.SourceLab {
			return e.SHA256
		}
	}
	s.t.Fatal("the label rests on no report")
	return label.Digest{}
}

// TestWithdrawnReport has a laboratory withdraw the report that a label rests on: the
// label is judged again at once, and everybody reads why. Only the laboratory can, and
// once.
func TestWithdrawnReport(t *testing.T) {
	s := newSale(t)
	s.Enrol("other-lab", label.RoleLab)
	s.Accredit("other-lab", nil)
	report := s.first()
	_, err := s.withdraw("other-lab", report)
	wants(t, err, label.Denied, label.ReasonNotYours)
	_, err = s.withdraw(labeltest.Operator, report)
	wants(t, err, label.Denied, label.ReasonWrongRole)
	_, err = s.withdraw(labeltest.Maker, report)
	wants(t, err, label.Denied, label.ReasonWrongRole)
	_, err = s.withdraw(labeltest.Lab, label.DigestOf([]byte("nothing")))
	wants(t, err, label.NotFound, label.ReasonUnknownSubject)

	id, err := s.withdraw(labeltest.Lab, report)
	must(t, err)
	if p := s.now(); p.Review == nil {
		t.Errorf("the label whose report was withdrawn is %s, and not under review", p.State)
	}
	if _, err := s.Authority.Event(s.Caller(labeltest.Lab), *id); err != nil {
		t.Errorf("the laboratory is not shown what it reported: %v", err)
	}
	_, err = s.Authority.Event(s.Caller("other-lab"), *id)
	wants(t, err, label.NotFound, label.ReasonUnknownSubject)
	d, err := s.Authority.Evaluate(s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
	must(t, err)
	if len(d.Unused) != 1 || d.Unused[0].Code != "withdrawn" || !d.Unused[0].Against || !strings.Contains(d.Unused[0].Text, "withdrawn by its laboratory (report-withdrawn") {
		t.Errorf("of the report is said %+v", d.Unused)
	}
	s.Clock.Set(s.Clock.Now().Add(1e9)) // another request
	_, err = s.withdraw(labeltest.Lab, report)
	wants(t, err, label.Exists, label.ReasonExists)
}

// TestWithdrawnFailureStands has a laboratory withdraw what it found wrong, as if it had
// been talked into it: the failure stands until the laboratory corrects its report, or
// the authority strikes it.
func TestWithdrawnFailureStands(t *testing.T) {
	s := newSale(t)
	st, err := s.report(labeltest.Lab, "failing", hasFail("5.5-1"))
	must(t, err)
	if p := s.now(); p.State != label.Suspended {
		t.Fatalf("after the failure the label is %s", p.State)
	}
	_, err = s.withdraw(labeltest.Lab, st.ID)
	must(t, err)
	reached := func() int {
		t.Helper()
		d, err := s.Authority.Evaluate(s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
		must(t, err)
		return d.Reached
	}
	if n := reached(); n != 1 {
		t.Errorf("after the failure was withdrawn the camera reaches level %d, want 1", n)
	}
	if p := s.now(); p.State != label.Suspended {
		t.Errorf("after the failure was withdrawn the label is %s", p.State)
	}
	_, err = s.Authority.Report(ctx, s.Caller(labeltest.Operator), s.Event(label.Event{Kind: label.StatementEvent, Statement: st.ID, Reason: "false-report", Text: "Of another model."}))
	must(t, err)
	must(t, s.Authority.Propagate(ctx))
	if n := reached(); n != 3 {
		t.Errorf("after it was struck besides, the camera reaches level %d, want 3", n)
	}
	list, _, err := s.Authority.Notices(s.Caller(labeltest.Maker), "", authority.Page{Size: label.MaxPage})
	must(t, err)
	told := 0
	for _, n := range list {
		if n.Kind == "statement.struck" {
			told++
		}
	}
	if told != 2 {
		t.Errorf("the manufacturer was told %d times that the report was withdrawn, and then struck", told)
	}
}
