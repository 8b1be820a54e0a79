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
)

// reportOf returns the test report that a label rests on.
func reportOf(l *label.Label) label.Digest {
	i := slices.IndexFunc(l.Evidence, func(e label.LabelEvidence) bool { return e.Type == label.TypeTestReport })
	return l.Evidence[i].SHA256
}

// TestStrikeSaysWhatFollows strikes statements for a reason by which the event itself
// does nothing to the label: whoever does so reads before, and in the answer, what
// becomes of it when it is judged again, which happens in the same second.
func TestStrikeSaysWhatFollows(t *testing.T) {
	preview := func(w *labeltest.World, e label.Event) ([]authority.Consequence, string) {
		list, notes, err := w.Authority.Preview(w.Caller(labeltest.Operator), w.Event(e))
		must(t, err)
		return list, strings.Join(notes, "\n")
	}
	t.Run("a report", func(t *testing.T) {
		s := newSale(t)
		strike := label.Event{Kind: label.StatementEvent, Statement: reportOf(s.p.Label), Reason: "authority-error"}
		list, notes := preview(s.World, strike)
		want := "put under review for the reason level-lost"
		if len(list) != 1 || list[0].Action != scheme.NoEffect || list[0].Judged != want {
			t.Errorf("the preview lists %+v", list)
		}
		done := s.Report(strike)
		for _, predicate := range []string{notes, strings.Join(done.Notes, "\n")} {
			if !strings.Contains(predicate, "Label "+s.p.Label.ID.Pretty()+" rests on it and is judged again at once. It is then "+want+"; no longer met is ") {
				t.Errorf("there is to know %q", predicate)
			}
		}
		if p := s.now(); done.Changed != 0 || p.Review == nil || p.Review.Reason != "level-lost" {
			t.Errorf("the event changed %d labels, the review is %+v", done.Changed, p.Review)
		}
	})
	t.Run("a report, for a reason that suspends", func(t *testing.T) {
		s := newSale(t)
		list, _ := preview(s.World, label.Event{Kind: label.StatementEvent, Statement: reportOf(s.p.Label), Reason: "false-report"})
		if len(list) != 1 || list[0].Action != label.Suspend || list[0].Judged != "not carried by the evidence that is left" {
			t.Errorf("the preview lists %+v", list)
		}
	})
	t.Run("a report of which another says as much", func(t *testing.T) {
		s := newSale(t)
		_, err := s.report(labeltest.Lab, "second", nil)
		must(t, err)
		strike := label.Event{Kind: label.StatementEvent, Statement: reportOf(s.p.Label), Reason: "authority-error"}
		list, _ := preview(s.World, strike)
		if len(list) != 1 || list[0].Judged != "carried by the evidence that is left" {
			t.Errorf("the preview lists %+v", list)
		}
		s.Report(strike)
		if p := s.now(); p.State != label.Active || p.Review != nil {
			t.Errorf("the label is %s, under review by %+v", p.State, p.Review)
		}
	})
	t.Run("the report by which the label fell", func(t *testing.T) {
		s := newSale(t)
		bad, err := s.report(labeltest.Lab, "a mistake", hasFail("5.5-1"))
		must(t, err)
		if p := s.now(); p.State != label.Suspended {
			t.Fatalf("the label is %s", p.State)
		}
		done := s.Report(label.Event{Kind: label.StatementEvent, Statement: bad.ID, Reason: "authority-error"})
		if got := strings.Join(done.Notes, " "); !strings.Contains(got, "stays open until an operator ends that (labelctl label reinstate") {
			t.Errorf("there is to know %q", got)
		}
	})
	t.Run("what is under review already", func(t *testing.T) {
		s := newSale(t)
		s.Change(labeltest.Operator, s.p, label.Review, "complaint")
		list, _ := preview(s.World, label.Event{Kind: label.AffiliationEvent, Lab: labeltest.Lab, Manufacturer: labeltest.Maker, Reason: "lab-not-independent"})
		if len(list) != 1 || list[0].Action != scheme.NoEffect {
			t.Errorf("the preview lists %+v", list)
		}
	})
	t.Run("a ruling", func(t *testing.T) {
		d, trail, first := won(t)
		strike := label.Event{Kind: label.StatementEvent, Statement: trail.Ruling.Digest, Reason: "authority-error"}
		list, notes := preview(d.World, strike)
		if len(list) != 1 || list[0].Label.ID != first || list[0].Judged != "suspended for the reason test-failed" {
			t.Errorf("the preview lists %+v", list)
		}
		d.Report(strike)
		if p, err := d.Authority.Lookup(first); err != nil || p.State != label.Suspended || p.Because.Reason != "test-failed" {
			t.Errorf("the label is %+v, %v", p, err)
		}
		if !strings.Contains(notes, "the ruling is not made again") {
			t.Errorf("of a ruling there is to know %q", notes)
		}
	})
	t.Run("a statement that is not there", func(t *testing.T) {
		s := newSale(t)
		_, _, err := s.Authority.Preview(s.Caller(labeltest.Operator), s.Event(label.Event{Kind: label.StatementEvent, Statement: label.DigestOf(nil), Reason: "authority-error"}))
		wants(t, err, label.NotFound, label.ReasonUnknownSubject)
	})
}

// won returns a dispute that the manufacturer has won, and the label that rests on the
// ruling.
func won(t *testing.T) (*dispute, *authority.Trail, label.ID) {
	t.Helper()
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	must(t, err)
	trail, _, err := d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)
	must(t, err)
	return d, trail, d.request().Label.Label.ID
}

// TestStruckRulingIsForGood goes the ways that somebody is told of who struck a ruling
// by mistake: it cannot be made again, and new evidence opens another appeal.
func TestStruckRulingIsForGood(t *testing.T) {
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	must(t, err)
	trail, _, err := d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)
	must(t, err)
	strike := label.Event{Kind: label.StatementEvent, Statement: trail.Ruling.Digest, Reason: "authority-error"}
	d.Report(strike)
	d.pass(time.Hour)
	_, err = d.ReportAs(ctx, d.Caller(labeltest.Operator), d.Event(strike))
	wants(t, err, label.Exists, label.ReasonExists)
	if strings.Contains(err.Error(), "issues it anew") || !strings.Contains(err.Error(), "the ruling is not made again") {
		t.Errorf("struck again, it is said: %v", err)
	}
	_, _, err = d.decide(labeltest.Operator, trail.Appeal.Digest, label.Changed, nil)
	wants(t, err, label.Exists, label.ReasonExists)
	if again := d.request().Refusal.Digest; again != d.refusal {
		t.Error("without new evidence there is another decision")
	}
	_, _, err = d.appeal(labeltest.Maker, nil)
	wants(t, err, label.Exists, label.ReasonExists)
	e := d.Example("plug")
	e.Declaration.Number += "-B"
	e.Declaration.Date = label.DateOf(d.Clock.Now())
	_, _, err = d.Authority.Submit(ctx, d.Caller(labeltest.Maker), d.Seal(labeltest.Maker, d.e.Descriptor, label.TypeDeclaration, e.Declaration))
	must(t, err)
	d.refusal = d.request().Refusal.Digest
	if _, _, err := d.appeal(labeltest.Maker, nil); d.refusal == trail.Decision.Digest || err != nil {
		t.Errorf("with new evidence the decision is %s, and the appeal against it: %v", d.refusal, err)
	}
}

// TestStruckRulingIsShown strikes a ruling that a label rests on, and looks wherever
// the ruling is shown: who struck it, when and why is said beside it.
func TestStruckRulingIsShown(t *testing.T) {
	check := func(t *testing.T, d *dispute, first label.ID, holds func(*authority.VoidRuling) bool) {
		t.Helper()
		p, err := d.Authority.Lookup(first)
		must(t, err)
		if len(p.Rulings) != 1 || p.Rulings[0].Fallen == nil || !holds(p.Rulings[0].Fallen) {
			t.Errorf("the label shows the rulings %+v", p.Rulings)
		}
		one, err := d.Authority.Trail(ctx, d.Caller(labeltest.Maker), d.refusal)
		must(t, err)
		list, _, err := d.Authority.Refusals(ctx, d.Caller(labeltest.Maker), "", label.Digest{}, authority.Page{})
		must(t, err)
		for _, got := range []*authority.Trail{one, list[len(list)-1]} {
			if got.Fallen == nil || !holds(got.Fallen) {
				t.Errorf("the decision says that the ruling fell by %+v", got.Fallen)
			}
		}
	}
	t.Run("by an event", func(t *testing.T) {
		d, trail, first := won(t)
		if p, err := d.Authority.Lookup(first); err != nil || p.Rulings[0].Fallen != nil {
			t.Fatalf("before, the label shows %+v, %v", p, err)
		}
		d.pass(time.Hour)
		done := d.Report(label.Event{Kind: label.StatementEvent, Statement: trail.Ruling.Digest, Reason: "authority-error", Text: "Page 4 is about another plug."})
		check(t, d, first, func(f *authority.VoidRuling) bool {
			return f.Event == done.Digest && f.Operator == labeltest.Operator && f.At.Equal(done.Received) && f.Reason == "authority-error" &&
				f.Title == "The authority made a mistake." && f.Text == "Page 4 is about another plug."
		})
	})
	t.Run("with the key that asked for it", func(t *testing.T) {
		d, _, first := won(t)
		d.pass(time.Hour)
		other := labeltest.NewSigner(t)
		_, err := d.AddKey(ctx, d.Caller(labeltest.Operator), labeltest.Operator, other.Public.PEM, time.Time{})
		must(t, err)
		op, stolen := d.Caller(labeltest.Operator), d.Signers[labeltest.Operator].Public.ID
		d.Signers[labeltest.Operator] = other
		_, err = d.ReportAs(ctx, op, d.Event(label.Event{Kind: label.KeyEvent, Key: stolen, Since: labeltest.Start, Reason: "key-compromised", Text: "The laptop was stolen."}))
		must(t, err)
		must(t, d.Authority.Propagate(ctx))
		check(t, d, first, func(f *authority.VoidRuling) bool {
			return f.Event.IsZero() && f.Reason == "key-compromised" && f.Text == "The laptop was stolen."
		})
	})
}

// TestStruckSaysWhy strikes a report because the authority made a mistake: nobody is
// told that the report is not reliable.
func TestStruckSaysWhy(t *testing.T) {
	s := newSale(t)
	id := reportOf(s.p.Label)
	done := s.Report(label.Event{Kind: label.StatementEvent, Statement: id, Reason: "authority-error", Text: "It was filed under the wrong device."})
	want := "was struck by the authority (authority-error: The authority made a mistake: It was filed under the wrong device)"
	for _, org := range []string{labeltest.Lab, labeltest.Maker, labeltest.Operator} {
		list, _, err := s.Authority.Submissions(ctx, s.Caller(org), label.DigestOf(s.e.Descriptor), authority.Page{})
		must(t, err)
		i := slices.IndexFunc(list, func(n *authority.StatementNote) bool { return n.ID == id })
		if i < 0 || list[i].Doubt == nil || list[i].Doubt.Text != want || list[i].Doubt.Since != "event "+done.Digest.String() {
			t.Errorf("%s reads %+v", org, list)
		}
	}
	s.Restart()
	d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
	must(t, err)
	if !slices.ContainsFunc(d.Unused, func(u scheme.Unused) bool { return u.Item.ID == id && u.Text == want }) {
		t.Errorf("after a restart the decision says %+v", d.Unused)
	}
}

// TestReasonFitsWhatIsStruck strikes a report for what only a declaration can be, and
// the other way round, and a ruling for what only these can be.
func TestReasonFitsWhatIsStruck(t *testing.T) {
	d, trail, first := won(t)
	p, err := d.Authority.Lookup(first)
	must(t, err)
	i := slices.IndexFunc(p.Label.Evidence, func(e label.LabelEvidence) bool { return e.Type == label.TypeDeclaration })
	for _, c := range []struct {
		name, reason string
		id           label.Digest
		fits         string
	}{
		{"report", "false-declaration", reportOf(p.Label), "authority-error, false-report, nonconformity"},
		{"declaration", "false-report", p.Label.Evidence[i].SHA256, "authority-error, false-declaration, nonconformity"},
		{"ruling", "false-report", trail.Ruling.Digest, "authority-error, nonconformity"},
		{"ruling", "false-declaration", trail.Ruling.Digest, "authority-error, nonconformity"},
	} {
		strike := d.Event(label.Event{Kind: label.StatementEvent, Statement: c.id, Reason: c.reason})
		_, err := d.ReportAs(ctx, d.Caller(labeltest.Operator), strike)
		wants(t, err, label.Invalid, label.ReasonUnknownReason)
		if !strings.HasSuffix(err.Error(), "is not a reason to strike a "+c.name+"; there are "+c.fits) {
			t.Errorf("%s for %s: %v", c.name, c.reason, err)
		}
		_, _, err = d.Authority.Preview(d.Caller(labeltest.Operator), strike)
		wants(t, err, label.Invalid, label.ReasonUnknownReason)
	}
}

// TestFallNamesWhatWasStruck strikes what a label rests on: where the label falls by
// that, its history says so, and not only what was known before and counts again.
func TestFallNamesWhatWasStruck(t *testing.T) {
	d, trail, first := won(t)
	d.Report(label.Event{Kind: label.StatementEvent, Statement: trail.Ruling.Digest, Reason: "authority-error", Text: "The expert was asked about another product."})
	must(t, d.Authority.Propagate(ctx))
	s := newSale(t)
	s.Report(label.Event{Kind: label.StatementEvent, Statement: reportOf(s.p.Label), Reason: "authority-error", Text: "It was filed under the wrong device."})
	fell, err := d.Authority.Lookup(first)
	must(t, err)
	for _, p := range []*authority.Published{fell, s.now()} {
		if len(p.Statuses) == 0 {
			t.Fatalf("label %s stands as it did", p.Label.ID)
		}
		text := p.Statuses[len(p.Statuses)-1].Text
		if !strings.Contains(text, "on which the label rests") || !strings.Contains(text, "asked about another product") && !strings.Contains(text, "under the wrong device") {
			t.Errorf("of label %s it is said: %s", p.Label.ID, text)
		}
	}
}
