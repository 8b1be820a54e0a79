package authority_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// TestCorrectionsThatAreRefused has a lab correct what it cannot: it would
// believe that its report no longer counts.
func TestCorrectionsThatAreRefused(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("plug")
	w.Submit(e)
	e.Report.Methods = append(e.Report.Methods, "source-review")
	submit := func(change func(*label.TestReport)) (*store.Statement, error) {
		r := *e.Report
		r.Number += "-B"
		change(&r)
		st, _, err := w.Authority.Submit(ctx, w.Caller(labeltest.Lab), w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, &r))
		return st, err
	}
	list, _, err := w.Authority.Submissions(ctx, w.Caller(labeltest.Lab), label.DigestOf(e.Descriptor), authority.Page{})
	must(t, err)
	made, _, err := w.Authority.Submissions(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), authority.Page{})
	must(t, err)
	var report, declaration label.Digest
	for _, st := range append(list, made...) {
		if st.Type == label.TypeTestReport {
			report = st.ID
		} else {
			declaration = st.ID
		}
	}
	_, err = submit(func(r *label.TestReport) { r.Corrects = label.DigestOf([]byte("nothing")) })
	wants(t, err, label.Invalid, label.ReasonUnknownStatement)
	_, err = submit(func(r *label.TestReport) { r.Corrects = declaration })
	wants(t, err, label.Denied, label.ReasonNotYours)
	_, err = submit(func(r *label.TestReport) {
		r.Corrects, r.Edition, r.Verdicts, r.Facts = report, "V3.1.3", []label.Verdict{{Provision: "5.1-1", Verdict: label.Pass}}, nil
	})
	wants(t, err, label.Invalid, label.ReasonOutOfRange)
	if !strings.HasPrefix(err.Error(), "predicate.corrects") {
		t.Errorf("the refusal is about %v", err)
	}
	deeper, err := submit(func(r *label.TestReport) { r.Corrects = report })
	must(t, err)
	_, err = submit(func(r *label.TestReport) { r.Corrects, r.Methods, r.Number = deeper.ID, r.Methods[:1], "C" })
	wants(t, err, label.Invalid, label.ReasonOutOfRange)
	d, err := w.Authority.Evaluate(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "")
	must(t, err)
	if len(d.Unused) != 1 || d.Unused[0].Item.ID != report || d.Unused[0].Against {
		t.Errorf("unused is %+v", d.Unused)
	}
}

// TestWorth accepts a report by an edition that no scheme asks for, and says so.
func TestWorth(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("plug")
	w.Submit(e)
	r := *e.Report
	r.Number, r.Edition, r.Verdicts, r.Facts = "V3", "V3.1.3", []label.Verdict{{Provision: "5.1-1", Verdict: label.Pass}}, nil
	st, _, err := w.Authority.Submit(ctx, w.Caller(labeltest.Lab), w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, &r))
	must(t, err)
	notes, err := w.Authority.Worth(st)
	must(t, err)
	if len(notes) != 1 || notes[0].Counts || notes[0].Code != scheme.OtherEdition || !notes[0].Against {
		t.Errorf("the report is worth %+v", notes)
	}
	d, err := w.Authority.Evaluate(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "")
	must(t, err)
	if len(d.Unused) == 0 || d.Unused[0].Item.ID != st.ID && d.Unused[len(d.Unused)-1].Item.ID != st.ID {
		t.Errorf("unused is %+v", d.Unused)
	}
	// A declaration of the same day corrects nothing.
	beside := *e.Declaration
	beside.Number = "beside"
	st, _, err = w.Authority.Submit(ctx, w.Caller(labeltest.Maker), w.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, &beside))
	must(t, err)
	notes, err = w.Authority.Worth(st)
	if must(t, err); len(notes) != 1 || !notes[0].Counts || !strings.Contains(notes[0].Text, "declaration "+e.Declaration.Number+" of the same day") || !strings.Contains(notes[0].Text, "with a later date") {
		t.Errorf("the declaration of the same day is worth %+v", notes)
	}
	// A declaration that is older than the one that counts.
	old := *e.Declaration
	old.Number, old.Date = "old", old.Date.AddDays(-20)
	st, _, err = w.Authority.Submit(ctx, w.Caller(labeltest.Maker), w.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, &old))
	must(t, err)
	notes, err = w.Authority.Worth(st)
	if must(t, err); len(notes) != 1 || notes[0].Code != scheme.Superseded || !strings.Contains(notes[0].Text, "gave its place") {
		t.Errorf("the older declaration is worth %+v", notes)
	}
}

// TestVainIsToldToTheLab has a laboratory pass what it had found failed, without naming
// what was changed.
func TestVainIsToldToTheLab(t *testing.T) {
	s := newSale(t)
	_, err := s.report(labeltest.Lab, "R-fails", hasFail("5.5-1"))
	must(t, err)
	s.pass(48 * time.Hour)
	st, err := s.report(labeltest.Lab, "R-passes", nil)
	must(t, err)
	notes, err := s.Authority.Worth(st)
	must(t, err)
	if len(notes) != 1 || !notes[0].Counts || !strings.Contains(notes[0].Text, "it does not undo that report R-fails of "+labeltest.Lab+" found 5.5-1 failed: it does not name what was changed") {
		t.Errorf("the report is worth %+v", notes)
	}
}

// TestCorrectedOnce has a laboratory correct one report twice, so that the corrections
// contradict each other.
func TestCorrectedOnce(t *testing.T) {
	s := newSale(t)
	first, err := s.report(labeltest.Lab, "R-fails", hasFail("5.5-1"))
	must(t, err)
	correct := func(number string, of label.Digest) (label.Digest, error) {
		st, err := s.report(labeltest.Lab, number, func(r *label.TestReport) { r.Corrects = of })
		if err != nil {
			return label.Digest{}, err
		}
		return st.ID, nil
	}
	second, err := correct("R-corrects", first.ID)
	must(t, err)
	_, err = correct("R-again", first.ID)
	wants(t, err, label.Precondition, label.ReasonExists)
	if !strings.Contains(err.Error(), "R-corrects") || !strings.Contains(err.Error(), second.String()) {
		t.Errorf("the laboratory does not read which report to correct: %v", err)
	}
	_, err = correct("R-of-the-correction", second)
	must(t, err)
	// A correction that was struck keeps nobody from another.
	third, err := s.report(labeltest.Lab, "R-other", hasFail("5.6-1"))
	must(t, err)
	wrong, err := correct("R-wrong", third.ID)
	must(t, err)
	s.Report(label.Event{Kind: label.StatementEvent, Statement: wrong, Reason: "false-report"})
	_, err = correct("R-right", third.ID)
	must(t, err)
}

// TestCorrectionIsAsThorough has a laboratory correct a failure that a test found to a pass
// on paper. The failure stands, whatever was found before, and the laboratory is told.
func TestCorrectionIsAsThorough(t *testing.T) {
	s := newSale(t)
	bad, err := s.report(labeltest.Lab, "R-fails", func(r *label.TestReport) {
		hasFail("5.1-1")(r)
		methodsOf(r, "5.1-1", "functional-test", "document-review")
	})
	must(t, err)
	paper, err := s.report(labeltest.Lab, "R-corrects", func(r *label.TestReport) {
		r.Corrects = bad.ID
		methodsOf(r, "5.1-1", "document-review")
	})
	must(t, err)
	if n := s.reached(); n != 0 {
		t.Errorf("a failure that was corrected on paper leaves level %d", n)
	}
	notes, err := s.Authority.Worth(paper)
	must(t, err)
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "it does not correct that report R-fails of "+labeltest.Lab+" found 5.1-1 failed: it passed by document-review, and had failed by functional-test, document-review") {
		t.Errorf("the correction is worth %+v", notes)
	}
	again, err := s.report(labeltest.Lab, "R-corrects-again", func(r *label.TestReport) {
		r.Corrects = paper.ID
		methodsOf(r, "5.1-1", "functional-test", "document-review")
	})
	must(t, err)
	if n := s.reached(); n != 3 {
		t.Errorf("a failure that was tested again by all methods leaves level %d", n)
	}
	if notes, err = s.Authority.Worth(again); err != nil || len(notes) != 1 || strings.Contains(notes[0].Text, "does not") {
		t.Errorf("the second correction is worth %+v (%v)", notes, err)
	}
}

// TestCorrectedInTurn has a laboratory forget the provision that had failed when it
// corrects its report, and correct that correction.
func TestCorrectedInTurn(t *testing.T) {
	s := newSale(t)
	bad, err := s.report(labeltest.Lab, "R-fails", hasFail("5.1-1"))
	must(t, err)
	silent, err := s.report(labeltest.Lab, "R-forgets", func(r *label.TestReport) {
		r.Corrects = bad.ID
		r.Verdicts = slices.DeleteFunc(r.Verdicts, func(v label.Verdict) bool { return v.Provision == "5.1-1" })
	})
	must(t, err)
	notes, err := s.Authority.Worth(silent)
	must(t, err)
	if len(notes) != 1 || !strings.Contains(notes[0].Text, "it does not correct that report R-fails of "+labeltest.Lab+" found 5.1-1 failed: it says nothing of that") || !strings.Contains(notes[0].Text, silent.ID.String()) {
		t.Errorf("the correction is worth %+v", notes)
	}
	if n := s.reached(); n != 0 {
		t.Errorf("a failure of which the correction says nothing leaves level %d", n)
	}
	for _, number := range []string{"R-corrects", "R-corrects-again"} { // the links stay, however long the chain
		next, err := s.report(labeltest.Lab, number, func(r *label.TestReport) { r.Corrects = silent.ID })
		must(t, err)
		if notes, err := s.Authority.Worth(next); err != nil || len(notes) != 1 || strings.Contains(notes[0].Text, "does not") {
			t.Errorf("%s is worth %+v (%v)", number, notes, err)
		}
		if n := s.reached(); n != 3 {
			t.Errorf("after %s it reaches level %d", number, n)
		}
		silent = next
	}
}

// methodsOf says by which methods a provision was tested.
func methodsOf(r *label.TestReport, provision string, methods ...label.Method) {
	r.Verdicts = slices.Clone(r.Verdicts)
	for i := range r.Verdicts {
		if r.Verdicts[i].Provision == provision {
			r.Verdicts[i].Methods = methods
		}
	}
}

// reached returns the level that the evidence of the sale's device comes to.
func (s *sale) reached() int {
	s.TB.Helper()
	d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
	must(s.TB, err)
	return d.Reached
}
