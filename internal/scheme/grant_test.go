package scheme_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

// filled grants a level and fills a label, which must then be one that its
// linter accepts.
func filled(t testing.TB, d *scheme.Decision, level int) *label.Label {
	t.Helper()
	g, err := d.Grant(level)
	must(t, err)
	if g.Subject() != d.Subject {
		t.Errorf("the grant is for %s, the decision about %s", g.Subject(), d.Subject)
	}
	id, err := label.NewID(zeros{})
	must(t, err)
	l := &label.Label{ID: id, URL: "https://labels.test/l/" + string(id), Authority: label.Party{ID: "a", Name: "A"}, Maker: label.Party{ID: "maker", Name: "M"}}
	must(t, g.Fill(l))
	must(t, l.Validate())
	if l.Level.Number != level || l.Scheme != d.Scheme.Ref() || l.Device.Model != d.Device.Model || !l.Issued.Equal(now) {
		t.Errorf("the label says %+v", l)
	}
	return l
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestExpiry has each bound bind in turn. The term is 12 months, reports count
// for 6 and declarations for 18.
func TestExpiry(t *testing.T) {
	m := copyOf(t, os.DirFS("testdata/small"))
	edit(t, m, "schemes/ladder/1.yaml", "declaration: 9", "declaration: 18")
	p, err := scheme.Load(m)
	must(t, err)
	dev, subject := device(t, "plug")
	for _, row := range []struct {
		name         string
		declared     label.Date
		supportEnd   label.Date
		tested       label.Date // zero: not at all
		bound        label.Bound
		lastDay      label.Date
		reportUnused bool
	}{
		{"term", today, today.AddMonths(36), label.Date{}, label.BoundSchemeTerm, label.NewDate(2027, time.November, 2), false},
		{"support", today, today.AddDays(100), label.Date{}, label.BoundSupportEnd, today.AddDays(100), false},
		{"support ends with the term", today, today.AddMonths(12), label.Date{}, label.BoundSchemeTerm, today.AddMonths(12), false},
		{"support ends today", today, today, label.Date{}, label.BoundSupportEnd, today, false},
		{"declaration", today.AddMonths(-10), today.AddMonths(36), label.Date{}, label.BoundEvidenceExpiry, today.AddMonths(8), false},
		{"report", today, today.AddMonths(36), label.NewDate(2026, time.August, 31), label.BoundEvidenceExpiry, label.NewDate(2027, time.February, 28), false},
		{"report that nothing rests on", today, today.AddMonths(36), today.AddMonths(-5), label.BoundSchemeTerm, label.NewDate(2027, time.November, 2), true},
	} {
		t.Run(row.name, func(t *testing.T) {
			decl := declaration(t, row.declared, "p-1=pass", "has_password=false")
			decl.Product.SupportEnd = row.supportEnd
			items := []*scheme.Item{read(t, p, label.TypeDeclaration, decl)}
			if !row.tested.IsZero() {
				vs := "p-1=pass"
				if row.reportUnused {
					vs = "p-5=pass"
				}
				r := read(t, p, label.TypeTestReport, report(t, row.tested, 1, vs, ""))
				r.Lab = label.LabRef{ID: "lab", Name: "The Lab", Accreditation: "T-1", Body: "The Board"}
				items = append(items, r)
			}
			d, err := p.Newest("ladder").Evaluate(dev, subject, items, now)
			must(t, err)
			l := filled(t, d, 1)
			if l.ExpiresFor != row.bound || !l.Expires.Equal(row.lastDay.End()) {
				t.Errorf("expires on %s for %s, want the end of %s for %s", l.Expires, l.ExpiresFor, row.lastDay, row.bound)
			}
			if !reflect.DeepEqual(l.Product, decl.Product) {
				t.Errorf("the label says of the product %+v", l.Product)
			}
		})
	}
}

// TestDeclared holds what a label repeats to what was declared of the facts that
// shoppers are told.
func TestDeclared(t *testing.T) {
	day := today.AddDays(-30)
	const base = "has_password=false "
	said := func(fs string) *scheme.Item { return maker(t, day, "p-1=pass", base+fs) }
	found := func(day label.Date, fs string) *scheme.Item { return lab(t, day, 1, "p-1=pass", fs) }
	for _, row := range []struct {
		name  string
		items []*scheme.Item
		want  string
	}{
		{"both, by name", []*scheme.Item{said("threat_model=false has_radio=true")}, "has_radio=true threat_model=false"},
		{"one", []*scheme.Item{said("has_radio=false")}, "has_radio=false"},
		{"none", []*scheme.Item{said("has_update=true open_ports=0")}, ""},
		{"a lab alone", []*scheme.Item{said(""), found(day, "has_radio=true")}, "has_radio=true/lab"},
		{"a lab agrees", []*scheme.Item{said("has_radio=true"), found(day, "has_radio=true")}, "has_radio=true/lab"},
		{"declared otherwise after the tests", []*scheme.Item{said("has_radio=true"), found(day.AddDays(-1), "has_radio=false")}, ""},
		{"a lab found otherwise", []*scheme.Item{said("has_radio=false threat_model=true"), found(day, "has_radio=true")}, "has_radio=true/lab threat_model=true"},
		{"a later lab agrees", []*scheme.Item{said("has_radio=false"), found(day, "has_radio=true"), found(day.AddDays(1), "has_radio=false")}, ""},
		{"a later lab agrees, of a changed product", []*scheme.Item{said("has_radio=false"), found(day, "has_radio=true"), changed(t, day.AddDays(1), 1, "p-1=pass", "has_radio=false")}, "has_radio=false/lab"},
		{"two declarations of one day differ", []*scheme.Item{said("has_radio=false threat_model=true"), said("has_radio=true")}, "threat_model=true"},
		{"a later lab found otherwise", []*scheme.Item{said("has_radio=false"), found(day, "has_radio=false"), found(day.AddDays(1), "has_radio=true")}, ""},
		{"a report too old to count", []*scheme.Item{said("has_radio=false"), found(today.AddMonths(-7), "has_radio=true")}, ""},
		{"the latest declaration alone", []*scheme.Item{maker(t, day.AddDays(-1), "p-1=pass", base+"has_radio=true threat_model=true"), said("has_radio=false")}, "has_radio=false"},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []string
			for _, d := range filled(t, judge(t, "plug", row.items...), 1).Facts {
				text := fmt.Sprintf("%s=%v", d.Fact, d.Value)
				if d.By == scheme.Lab {
					text += "/lab"
				}
				got = append(got, text)
			}
			if s := strings.Join(got, " "); s != row.want {
				t.Errorf("the label repeats %q, want %q", s, row.want)
			}
		})
	}
}

// TestDeclaredBeforeTheDictionaryChanged has declarations accepted when the
// dictionary had the fact as a text, or other words for it.
func TestDeclaredBeforeTheDictionaryChanged(t *testing.T) {
	dev, subject := device(t, "plug")
	for _, row := range []struct{ name, old, new, fact, want string }{
		{"a text became a bool", "type: text, by: either, about: Anything.", "type: bool, by: either, about: Anything., shoppers: {yes: Some., no: None.}", `note="true"`, "[]"},
		{"words were added", "about: Software can be replaced.", "about: Software can be replaced., shoppers: {yes: It can., no: It cannot.}", "has_update=true", "[{has_update true declaration}]"},
		{"words were dropped", ", shoppers: {yes: It talks over the air., no: It is silent.}", "", "has_radio=true", "[]"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := copyOf(t, os.DirFS("testdata/small"))
			edit(t, m, "facts.yaml", row.old, row.new)
			since, err := scheme.Load(m)
			must(t, err)
			d, err := since.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{maker(t, today, "p-1=pass", "has_password=false "+row.fact)}, now)
			must(t, err)
			if got := fmt.Sprint(filled(t, d, 1).Facts); got != row.want {
				t.Errorf("the label repeats %s, want %s", got, row.want)
			}
		})
	}
}

// TestSupportEnded reaches a level whose label would have expired before it was
// issued.
func TestSupportEnded(t *testing.T) {
	decl := declaration(t, today.AddDays(-30), "p-1=pass", "has_password=false")
	decl.Product.SupportEnd = today.AddDays(-1)
	d := judge(t, "plug", read(t, programme(t, small), label.TypeDeclaration, decl))
	g, err := d.Grant(1)
	must(t, err)
	wants(t, g.Fill(new(label.Label)), label.Precondition, label.ReasonOutOfRange, "product.supportEnd", "support-end) before it is issued")
}

func TestGrantRefuses(t *testing.T) {
	d := judge(t, "plug", full(t))
	for _, n := range []int{-1, 0, 4} {
		_, err := d.Grant(n)
		wants(t, err, label.Invalid, label.ReasonUnknownScheme, "level", "levels 1 to 3")
	}
	_, err := d.Grant(3)
	wants(t, err, label.Precondition, label.ReasonMissing, "level", "does not support level 3")
	if err := new(scheme.Grant).Fill(new(label.Label)); err == nil {
		t.Error("an empty grant filled a label")
	}
	// A decision that nobody made grants nothing.
	_, err = (&scheme.Decision{Scheme: programme(t, small).Newest("ladder"), Reached: 3}).Grant(1)
	wants(t, err, label.Precondition, label.ReasonMissing, "level", "does not support level 1")
}

// TestAssurance tells a label that a lab had to test for from one it happened
// to test.
func TestAssurance(t *testing.T) {
	decl := full(t)
	tested := lab(t, today.AddDays(-9), 3, fullClaims, "open_ports=0 password_length=12 scanned=true entropy=50")
	for _, row := range []struct {
		category string
		level    int
		items    []*scheme.Item
		want     label.Assurance
	}{
		{"plug", 1, []*scheme.Item{decl}, label.SelfDeclared},
		{"plug", 2, []*scheme.Item{decl, tested}, label.SelfDeclared},
		{"plug", 3, []*scheme.Item{decl, tested}, label.LabTested},
		{"camera", 1, []*scheme.Item{decl, tested}, label.SelfDeclared},
		{"camera", 2, []*scheme.Item{decl, tested}, label.LabTested},
	} {
		if l := filled(t, judge(t, row.category, row.items...), row.level); l.Assurance != row.want {
			t.Errorf("a %s of level %d is %s, want %s", row.category, row.level, l.Assurance, row.want)
		}
	}
}

// TestWhatALabelNames has four reports, of two labs: three that the level rests
// on, one that it does not.
func TestWhatALabelNames(t *testing.T) {
	decl := full(t)
	first := lab(t, today.AddDays(-20), 3, "p-1=pass", "")
	second := lab(t, today.AddDays(-9), 3, "p-2=pass p-4=pass", "has_password=true has_update=true password_length=12")
	third := lab(t, today.AddDays(-10), 3, "p-3=pass", "open_ports=0 scanned=true entropy=50")
	third.Lab = label.LabRef{ID: "lab-2", Name: "Lab 2", Accreditation: "T-2", Body: "The Board"}
	idle := lab(t, today.AddDays(-1), 3, "p-5=pass", "")
	l := filled(t, judge(t, "camera", idle, third, second, decl, first), 3)
	if len(l.Labs) != 2 || !slices.Contains(l.Labs, first.Lab) || !slices.Contains(l.Labs, third.Lab) {
		t.Errorf("the label names the labs %+v", l.Labs)
	}
	if l.Firmware == nil || *l.Firmware != second.Firmware[0] {
		t.Errorf("the label names the firmware %+v, want that of the latest report %+v", l.Firmware, second.Firmware)
	}
	var got, want []label.LabelEvidence
	for _, it := range []*scheme.Item{decl, first, second, third} {
		want = append(want, label.LabelEvidence{Type: it.Type, Signer: it.Signer, Number: it.Number, Date: it.Date, SHA256: it.ID})
	}
	byDigest := func(a, b label.LabelEvidence) int { return slices.Compare(a.SHA256[:], b.SHA256[:]) }
	slices.SortFunc(want, byDigest)
	if got = l.Evidence; !slices.Equal(got, want) {
		t.Errorf("the label names the evidence\n%+v\nwant\n%+v", got, want)
	}
	wantCriteria := []label.Criterion{
		{ID: "base", By: "lab"}, {ID: "passwords", By: "lab"}, {ID: "ports", By: "lab"}, {ID: "updates", By: "lab"},
		{ID: "planned", By: "lab"}, {ID: "ahead", By: "declaration"}, {ID: "scanned", By: "lab"},
	}
	for i := range wantCriteria {
		wantCriteria[i].State = label.CriterionMet
	}
	if !reflect.DeepEqual(l.Criteria, wantCriteria) {
		t.Errorf("the label names the criteria %+v", l.Criteria)
	}

	// The declaration is named even where all criteria rest on a lab: its
	// product is on the label.
	silent := maker(t, today, "", "")
	l = filled(t, judge(t, "plug", silent, lab(t, today, 1, "p-1=pass p-2=pass", "password_length=12")), 1)
	if len(l.Evidence) != 2 {
		t.Errorf("the label names the evidence %+v, want report and declaration", l.Evidence)
	}

	l = filled(t, judge(t, "plug", decl), 1)
	if l.Labs != nil || l.Firmware != nil || len(l.Evidence) != 1 || len(l.Criteria) != 2 {
		t.Errorf("a self-declared label names labs %v, firmware %v, evidence %v, criteria %v", l.Labs, l.Firmware, l.Evidence, l.Criteria)
	}
}
