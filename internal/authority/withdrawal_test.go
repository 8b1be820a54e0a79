package authority_test

import (
	"slices"
	"strings"
	"testing"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
)

// withdraw has an organization withdraw a report.
func (s *sale) withdraw(org string, report label.Digest) (*label.Digest, error) {
	s.t.Helper()
	e, err := s.ReportAs(ctx, s.Caller(org), s.EventBy(org, label.Event{Kind: label.WithdrawalEvent, Statement: report, Reason: "report-withdrawn", Text: "The samples were of another model."}))
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
	told, _, err := s.Authority.Notices(s.Caller(labeltest.Operator), "", authority.Page{Size: label.MaxPage})
	must(t, err)
	if !slices.ContainsFunc(told, func(n *notice.Notice) bool { return n.Kind == notice.EventReported }) {
		t.Error("operators are not told that a laboratory has withdrawn its report")
	}
	if p := s.now(); p.Review == nil {
		t.Errorf("the label whose report was withdrawn is %s, and not under review", p.State)
	}
	if _, err := s.Authority.Event(s.Caller(labeltest.Lab), *id); err != nil {
		t.Errorf("the laboratory is not shown what it reported: %v", err)
	}
	_, err = s.Authority.Event(s.Caller("other-lab"), *id)
	wants(t, err, label.NotFound, label.ReasonUnknownSubject)
	d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
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
		d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
		must(t, err)
		return d.Reached
	}
	if n := reached(); n != 1 {
		t.Errorf("after the failure was withdrawn the camera reaches level %d, want 1", n)
	}
	if p := s.now(); p.State != label.Suspended {
		t.Errorf("after the failure was withdrawn the label is %s", p.State)
	}
	strike := s.Event(label.Event{Kind: label.StatementEvent, Statement: st.ID, Reason: "false-report", Text: "Of another model."})
	if _, notes, err := s.Authority.Preview(s.Caller(labeltest.Operator), strike); err != nil || !strings.Contains(strings.Join(notes, " "), "judged again") {
		t.Errorf("who strikes what was withdrawn reads %q before (%v)", notes, err)
	}
	_, err = s.ReportAs(ctx, s.Caller(labeltest.Operator), strike)
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

// TestDeclarationIsNotWithdrawn has an organization that is laboratory and manufacturer
// withdraw its own declaration, which is no report: it would be accepted and change
// nothing.
func TestDeclarationIsNotWithdrawn(t *testing.T) {
	s := newSale(t)
	operator := s.Caller(labeltest.Operator)
	const both = "both"
	_, err := s.EnrolAs(ctx, operator, label.Organization{ID: both, Name: "Both", Roles: []label.Role{label.RoleLab, label.RoleManufacturer}})
	must(t, err)
	s.Signers[both] = labeltest.NewSigner(t)
	_, err = s.AddKey(ctx, operator, both, s.Signers[both].Public.PEM, labeltest.Start.AddDate(-1, 0, 0))
	must(t, err)
	e := s.Example("plug")
	e.Device.Manufacturer, e.Device.GTINs, e.Device.Picture, e.Declaration.Manufacturer = both, nil, label.Digest{}, both
	e.Descriptor, err = e.Device.Canonical()
	must(t, err)
	_, _, err = s.Authority.Register(ctx, s.Caller(both), e.Descriptor)
	must(t, err)
	st, _, err := s.Authority.Submit(ctx, s.Caller(both), s.Seal(both, e.Descriptor, label.TypeDeclaration, e.Declaration))
	must(t, err)
	_, err = s.withdraw(both, st.ID)
	wants(t, err, label.Denied, label.ReasonNotYours)
}
