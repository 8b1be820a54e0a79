package scheme_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

// The tests below are attempts to get around a measured failure.

// days is a day before today.
func days(n int) label.Date { return today.AddDays(-n) }

// in, change and correct change a report.
func in(edition string) func(*label.TestReport) {
	return func(r *label.TestReport) { r.Edition = edition }
}

func change(what label.ChangeKind, firmware string) func(*label.TestReport) {
	return func(r *label.TestReport) {
		r.Changed = &label.Change{What: what, Text: "It is better now."}
		r.Firmware[0].SHA256 = label.DigestOf([]byte(firmware))
	}
}

func correct(it *scheme.Item) func(*label.TestReport) {
	return func(r *label.TestReport) { r.Corrects = it.ID }
}

// TestFailureStands has a lab find p-1 failed and ports open, in tests for level
// 2, and then all sorts of things come that are not enough.
func TestFailureStands(t *testing.T) {
	bad := lab(t, days(30), 2, "p-1=fail", "open_ports=3")
	const good, closed = "p-1=pass p-3=pass", "open_ports=0"
	other := func(r *label.TestReport) {
		change(label.ChangedHardware, "firmware")(r)
		correct(bad)(r)
		r.Lab = "friendly"
	}
	for _, row := range []struct {
		name  string
		items []*scheme.Item
		fixed bool
	}{
		{"nothing", nil, false},
		{"a pass", []*scheme.Item{lab(t, days(9), 3, good, closed)}, false},
		{"inconclusive", []*scheme.Item{lab(t, days(9), 3, "p-1=inconclusive p-3=inconclusive", "")}, false},
		{"not applicable", []*scheme.Item{lab(t, days(9), 3, "p-1=not-applicable p-3=not-applicable", "")}, false},
		{"inconclusive of a changed product", []*scheme.Item{changed(t, days(9), 3, "p-1=inconclusive", "")}, false},
		{"a report about something else of a changed product", []*scheme.Item{changed(t, days(9), 3, "p-5=pass", "scanned=true")}, false},
		{"a pass of the same day", []*scheme.Item{changed(t, days(30), 3, good, closed)}, false},
		{"a pass of an earlier day", []*scheme.Item{changed(t, days(31), 3, good, closed)}, false},
		{"a pass for a lower level", []*scheme.Item{changed(t, days(9), 1, good, closed)}, false},
		{"a pass by another edition", []*scheme.Item{amended(t, days(9), 3, "p-1=pass", closed, func(r *label.TestReport) { change(label.ChangedHardware, "x")(r); in("B")(r) })}, false},
		{"new firmware that is the old", []*scheme.Item{amended(t, days(9), 3, good, closed, change(label.ChangedFirmware, "firmware"))}, false},
		{"declared away", []*scheme.Item{maker(t, today, fullClaims, fullFacts+supportFact)}, false},
		{"a correction by another lab", []*scheme.Item{amended(t, days(30), 3, good, closed, other)}, false},
		{"a correction for a lower level", []*scheme.Item{amended(t, days(30), 1, good, closed, correct(bad))}, false},
		{"a correction by another edition", []*scheme.Item{amended(t, days(30), 2, "p-1=pass", closed, func(r *label.TestReport) { correct(bad)(r); in("B")(r) })}, false},
		{"a correction that is silent", []*scheme.Item{amended(t, days(30), 2, "p-5=pass", "", correct(bad))}, false},
		{"a correction of something else", []*scheme.Item{amended(t, days(30), 2, good, closed, correct(full(t)))}, false},

		{"a pass of a changed product", []*scheme.Item{changed(t, days(29), 2, good, closed)}, true},
		{"a pass of other firmware", []*scheme.Item{amended(t, days(9), 3, good, closed, change(label.ChangedFirmware, "new"))}, true},
		{"a correction", []*scheme.Item{amended(t, days(30), 2, good, closed, correct(bad))}, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := judge(t, "plug", append(row.items, bad, full(t))...)
			base, ports := finding(t, d, 1, "base"), finding(t, d, 2, "ports")
			want, reached := scheme.Unmet, 0
			if row.fixed {
				want, reached = scheme.Met, 2
			}
			if base.State != want || ports.State != want || d.Reached != reached {
				t.Errorf("base is %s, ports are %s, level %d; want %s and level %d", found(t, base), found(t, ports), d.Reached, want, reached)
			}
			if want == scheme.Unmet && (!rests(base, bad) || !rests(ports, bad)) {
				t.Error("the findings do not name the report")
			}
		})
	}
}

// TestFailureDoesNotAge waits until the failing report is too old, has another
// edition find the failure, and has one tested for a lower level find it: all
// count against the device, and none for it.
func TestFailureDoesNotAge(t *testing.T) {
	good := "p-1=pass p-2=pass p-3=pass p-4=pass"
	fresh := changed(t, days(9), 3, good, "open_ports=0 password_length=12 scanned=true entropy=64")
	for name, row := range map[string]struct {
		bad  *scheme.Item
		code string
	}{
		"too old":     {lab(t, today.AddMonths(-12), 3, "p-1=fail", ""), "too-old against"},
		"other":       {amended(t, today, 3, "p-1=fail", "", in("B")), "other-edition against"},
		"lower level": {lab(t, today, 1, "p-1=fail", ""), ""},
	} {
		d := judge(t, "plug", full(t), row.bad)
		if d.Reached != 0 || unused(d) != row.code {
			t.Errorf("%s: level %d, unused %q", name, d.Reached, unused(d))
		}
	}
	// What was undone stays undone when both have grown old.
	old, fixed := lab(t, today.AddMonths(-12), 1, "p-1=fail", "open_ports=4"), changed(t, today.AddMonths(-11), 1, "p-1=pass", "open_ports=0")
	if d := judge(t, "plug", full(t), lab(t, days(9), 3, good, "open_ports=0"), old, fixed); d.Reached != 2 {
		t.Errorf("a failure that was undone is back: %s", gaps(d.Missing))
	} else if l := filled(t, d, 2); !slices.ContainsFunc(l.Evidence, func(e label.LabelEvidence) bool { return e.SHA256 == fixed.ID }) {
		t.Error("the label does not name the report that undid the failure")
	} else if !l.Expires.After(now.AddDate(0, 4, 0)) {
		t.Errorf("the label ends %s, with a report that it does not rest on", l.Expires)
	}
	for _, item := range []*scheme.Item{amended(t, days(9), 3, "p-1=pass", "open_ports=0 scanned=true", in("B")), lab(t, today.AddMonths(-12), 3, good, "open_ports=0")} {
		if d := judge(t, "camera", full(t), item); d.Reached != 1 {
			t.Errorf("%s supports level %d", unused(d), d.Reached)
		}
	}
	if d := judge(t, "camera", full(t), fresh); d.Reached != 3 {
		t.Fatalf("level %d without any of that: %s", d.Reached, gaps(d.Missing))
	}
}

// TestCorrections makes chains of corrections, and has one struck.
func TestCorrections(t *testing.T) {
	first := lab(t, days(30), 2, "p-1=fail p-3=pass", "open_ports=3")
	second := amended(t, days(30), 2, "p-1=pass p-3=fail", "open_ports=0", correct(first))
	third := amended(t, days(30), 2, "p-3=pass", "open_ports=0", correct(second))
	d := judge(t, "plug", full(t), first, second, third)
	if d.Reached != 2 || unused(d) != "corrected against, corrected against" {
		t.Errorf("level %d, missing %s, unused %s", d.Reached, gaps(d.Missing), unused(d))
	}
	third.Doubt = &scheme.Doubt{Code: "struck", Text: "was struck"}
	if d = judge(t, "plug", full(t), first, second, third); d.Reached != 1 {
		t.Errorf("with the last correction struck, level %d is reached", d.Reached)
	}
	second.Doubt = third.Doubt
	if d = judge(t, "plug", full(t), first, second, third); d.Reached != 0 {
		t.Errorf("with all corrections struck, level %d is reached", d.Reached)
	}
	for _, u := range d.Unused {
		if u.Code != "struck" || u.Text != "was struck" || u.Against {
			t.Errorf("unused is %+v", u)
		}
	}
}

// TestDoubts gives items that the caller does not trust, for a time or for good.
func TestDoubts(t *testing.T) {
	grace := now.AddDate(0, 1, 0)
	lastDay := label.DateOf(grace.Add(-1)).String()
	doubted := func(d scheme.Doubt, vs string) *scheme.Item {
		it := lab(t, days(9), 3, vs, "open_ports=0 password_length=12")
		d.Code, d.Text = "lab-suspended", "is of a lab whose accreditation is suspended"
		it.Doubt = &d
		return it
	}
	good, bad := "p-1=pass p-2=pass p-3=pass p-4=pass", "p-1=fail"
	for name, row := range map[string]struct {
		it      *scheme.Item
		reached int
		unused  string
	}{
		"good":                {doubted(scheme.Doubt{}, good), 1, "lab-suspended"},
		"bad":                 {doubted(scheme.Doubt{}, bad), 1, "lab-suspended"},
		"good, against":       {doubted(scheme.Doubt{Against: true}, good), 1, "lab-suspended against"},
		"bad, against":        {doubted(scheme.Doubt{Against: true}, bad), 0, "lab-suspended against"},
		"good, until then":    {doubted(scheme.Doubt{Until: grace}, good), 2, "lab-suspended until " + lastDay},
		"bad, until then":     {doubted(scheme.Doubt{Until: grace}, bad), 0, "lab-suspended until " + lastDay},
		"good, until now":     {doubted(scheme.Doubt{Until: now}, good), 1, "lab-suspended"},
		"bad, against by now": {doubted(scheme.Doubt{Until: now, Against: true}, bad), 0, "lab-suspended against"},
	} {
		d := judge(t, "camera", full(t), row.it)
		if d.Reached != row.reached || unused(d) != row.unused {
			t.Errorf("%s: level %d, unused %q; want level %d, unused %q", name, d.Reached, unused(d), row.reached, row.unused)
		}
	}
	// A doubted pass undoes nothing, and a label ends when trust does.
	failed := lab(t, days(20), 1, "p-1=fail", "")
	fix := changed(t, days(10), 1, "p-1=pass", "")
	fix.Doubt = &scheme.Doubt{Code: "lab-suspended", Text: "is suspended", Against: true}
	if d := judge(t, "plug", full(t), failed, fix); d.Reached != 0 {
		t.Errorf("a pass that is doubted undid a failure: level %d", d.Reached)
	}
	fix.Doubt.Until = grace.Add(time.Millisecond)
	l := filled(t, judge(t, "plug", full(t), failed, fix), 2)
	if !l.Expires.Equal(grace) || l.ExpiresFor != label.BoundGraceEnd {
		t.Errorf("the label ends %s for %s, want %s", l.Expires, l.ExpiresFor, grace)
	}
	decl := full(t)
	decl.Doubt = &scheme.Doubt{Code: "key-compromised", Text: "was signed with a stolen key", Against: true}
	if d := judge(t, "plug", decl); d.Reached != 0 || unused(d) != "key-compromised" || d.Missing[0].Kind != scheme.GapDeclaration {
		t.Errorf("a doubted declaration: level %d, unused %q", d.Reached, unused(d))
	}
}

// TestSameDay submits statements of one day under many numbers: their digests
// fall in any order, and nothing may depend on it.
func TestSameDay(t *testing.T) {
	for range 8 {
		short := declaration(t, days(5), fullClaims, fullFacts)
		short.Product.SupportEnd = today.AddDays(400)
		short.Facts["support_period_end_date"] = label.JSON(fmt.Sprintf("%q", short.Product.SupportEnd))
		a := read(t, programme(t, small), label.TypeDeclaration, short)
		b := maker(t, days(5), fullClaims, fullFacts+supportFact)
		d := judge(t, "plug", a, b, maker(t, days(6), "p-1=fail", "open_ports=9"))
		l := filled(t, d, 2)
		if l.Product.SupportEnd != short.Product.SupportEnd || len(l.Evidence) != 2 || unused(d) != "superseded" {
			t.Fatalf("support ends %s on %d statements, unused %q", l.Product.SupportEnd, len(l.Evidence), unused(d))
		}
		worse := maker(t, days(5), "p-1=fail p-2=pass p-3=pass p-4=pass", `has_password=true password_length=7 has_update=true open_ports=0 threat_model=true`+supportFact)
		d = judge(t, "plug", b, worse)
		if got := found(t, finding(t, d, 1, "base")); got != "unmet; failed by declaration: p-1" {
			t.Fatalf("base is %s", got)
		}
		if got := found(t, finding(t, d, 1, "passwords")); got != "unmet; rule by declaration: passwords" {
			t.Fatalf("passwords are %s", got)
		}
		// Two labs pass on one day: both are named, whatever their digests.
		d = judge(t, "plug", b, lab(t, days(4), 1, "p-1=pass", ""), lab(t, days(4), 1, "p-1=pass", ""), lab(t, days(5), 1, "p-1=pass", ""))
		if f := finding(t, d, 1, "base"); len(f.Rests) != 2 {
			t.Fatalf("base rests on %d reports, want the two of the latest day", len(f.Rests))
		}
	}
}

// TestBothValuesAreTried has two labs measure different values: the worse result
// counts, which may be the greater or the smaller value.
func TestBothValuesAreTried(t *testing.T) {
	for facts, want := range map[string]string{
		"open_ports=0|open_ports=1":             "ports",
		"open_ports=1|open_ports=0":             "ports",
		"password_length=12|password_length=7":  "passwords",
		"password_length=7|password_length=12":  "passwords",
		"open_ports=0|open_ports=0":             "",
		"password_length=9|password_length=100": "",
	} {
		a, b, _ := strings.Cut(facts, "|")
		if strings.Contains(b, "100") {
			b = "password_length=64"
		}
		d := judge(t, "plug", full(t), lab(t, days(9), 3, "p-1=pass", a), lab(t, days(9), 3, "p-1=pass", b))
		for _, c := range []string{"ports", "passwords"} {
			if got := finding(t, d, 2, c).State; (got == scheme.Unmet) != (c == want) {
				t.Errorf("with %s, %s is %s", facts, c, got)
			}
		}
	}
	// So many values that they cannot be tried are a contradiction, not a pass.
	items := []*scheme.Item{full(t)}
	for n := range 65 {
		items = append(items, lab(t, days(9), 3, "p-1=pass p-2=pass", fmt.Sprintf("open_ports=%d", -n)))
	}
	d := judge(t, "plug", items...)
	if got := found(t, finding(t, d, 2, "ports")); got != "undetermined; contradiction by lab: open_ports" {
		t.Errorf("of 65 values ports are %s", got)
	}
}

// TestRulingYields has an appeal won, and then a lab find something wrong.
func TestRulingYields(t *testing.T) {
	s := programme(t, small).Newest("ladder")
	decided := days(20).Start().Add(10 * time.Hour)
	ruling := scheme.RulingItem(label.DigestOf([]byte("ruling")), &label.Ruling{
		Authority: label.Party{ID: "authority"}, Scheme: s.Ref(), Outcome: label.Changed, Accepted: []string{"base", "ports"}, Decided: decided,
	})
	known := lab(t, days(30), 2, "p-1=fail p-3=fail", "open_ports=2")
	known.Received = decided.Add(-time.Hour)
	received := func(it *scheme.Item, at time.Time) *scheme.Item { it.Received = at; return it }
	for name, row := range map[string]struct {
		later   *scheme.Item
		reached int
		unused  string
	}{
		"nothing":                           {nil, 2, ""},
		"a later pass":                      {lab(t, days(10), 2, "p-1=pass", "open_ports=0"), 2, ""},
		"a later fail":                      {lab(t, days(10), 2, "p-1=fail", ""), 0, "later-finding"},
		"a later fail for a lower level":    {lab(t, days(10), 1, "p-1=fail", ""), 0, "later-finding"},
		"a later value":                     {lab(t, days(10), 2, "p-5=pass", "open_ports=1"), 1, "later-finding"},
		"the known value again":             {lab(t, days(10), 2, "p-5=pass", "open_ports=2"), 1, "later-finding"},
		"a fail of other tests":             {lab(t, days(10), 2, "p-2=fail", ""), 0, ""},
		"an old test that arrives now":      {received(lab(t, days(40), 2, "p-1=fail", ""), decided.Add(time.Hour)), 0, "later-finding"},
		"an old test that had arrived":      {received(lab(t, days(40), 2, "p-1=fail", ""), decided.Add(-time.Hour)), 2, ""},
		"a test that ended on the same day": {received(lab(t, days(20), 2, "p-1=fail", ""), decided.Add(-time.Minute)), 2, ""},
	} {
		items := []*scheme.Item{full(t), known, ruling}
		if row.later != nil {
			items = append(items, row.later)
		}
		d := judge(t, "plug", items...)
		if d.Reached != row.reached || unused(d) != row.unused {
			t.Errorf("%s: level %d, unused %q; want level %d, unused %q", name, d.Reached, unused(d), row.reached, row.unused)
		}
	}
	// What the manufacturer itself claims to fail is met by no ruling, whichever came
	// first; by a lab's pass it is.
	for name, row := range map[string]struct {
		claim, pass *scheme.Item
		unused      string
	}{
		"admitted later":      {maker(t, days(10), "p-1=fail", ""), nil, "admitted"},
		"admitted before":     {maker(t, days(30), "p-1=fail", ""), nil, "admitted"},
		"not applicable":      {maker(t, days(10), "p-1=not-applicable", ""), nil, ""},
		"and a lab passes it": {maker(t, days(10), "p-1=fail", ""), lab(t, days(9), 2, "p-1=pass", ""), ""},
	} {
		items := []*scheme.Item{row.claim, known, ruling}
		if row.pass != nil {
			items = append(items, row.pass)
		}
		d := judge(t, "plug", items...)
		if f := finding(t, d, 1, "base"); (f.State == scheme.Met) != (row.unused == "") || unused(d) != row.unused {
			t.Errorf("%s: base is %s, unused %q; want unused %q", name, f.State, unused(d), row.unused)
		}
	}
	ruling.Doubt = &scheme.Doubt{Code: "taken-back", Text: "was taken back"}
	if d := judge(t, "plug", full(t), known, ruling); d.Reached != 0 || unused(d) != "taken-back" {
		t.Errorf("a ruling that was taken back: level %d, unused %q", d.Reached, unused(d))
	}
}

// TestOtherEdition supports nothing, and what it found wrong counts; another
// standard is another matter. Both are named.
func TestOtherEdition(t *testing.T) {
	d := judge(t, "plug", full(t), amended(t, today, 3, "p-1=pass", "open_ports=9", in("B")))
	if got := found(t, finding(t, d, 2, "ports")); got != "unmet; rule by declaration: ports" || unused(d) != "other-edition against" {
		t.Errorf("ports are %s, unused %q", got, unused(d))
	}
	m := copyOf(t, os.DirFS("testdata/small"))
	m["standards/other.yaml"] = m["standards/small.yaml"]
	edit(t, m, "standards/other.yaml", "id: small", "id: other")
	two, err := scheme.Load(m)
	must(t, err)
	r := report(t, today, 3, "p-1=fail", "open_ports=9")
	r.Standard = "other"
	if d = judge(t, "plug", full(t), read(t, two, label.TypeTestReport, r)); d.Reached != 2 || unused(d) != "other-standard" {
		t.Errorf("another standard's report: level %d, unused %q", d.Reached, unused(d))
	}
	decl := declaration(t, today, "p-1=fail", "open_ports=9")
	decl.Edition = "B"
	if d = judge(t, "plug", full(t), read(t, programme(t, small), label.TypeDeclaration, decl)); d.Reached != 2 || unused(d) != "other-edition" {
		t.Errorf("another edition's declaration: level %d, unused %q", d.Reached, unused(d))
	}
}

// TestOtherMethodIsNamed where a level would be reached if the tests had been made by
// a method that it asks for, and not where that does not matter.
func TestOtherMethodIsNamed(t *testing.T) {
	shallow := lab(t, days(9), 1, "p-1=pass p-2=pass p-3=pass p-4=pass", "open_ports=0 password_length=12")
	d := judge(t, "camera", full(t), shallow)
	if d.Reached != 1 || unused(d) != "other-method against" {
		t.Errorf("level %d, unused %q", d.Reached, unused(d))
	}
	d = judge(t, "plug", full(t), shallow)
	if unused(d) != "other-method against" || len(d.UnusedFor(2)) != 0 || len(d.UnusedFor(3)) != 1 {
		t.Errorf("for level 3 unused is %q, for level 2 %v", unused(d), d.UnusedFor(2))
	}
}

// TestNote says what a statement is worth when it is accepted.
func TestNote(t *testing.T) {
	p := programme(t, small)
	doubted := lab(t, today, 3, "p-1=pass", "")
	doubted.Doubt = &scheme.Doubt{Code: "lab-suspended", Text: "is of a suspended lab", Against: true}
	limited := lab(t, today, 3, "p-1=pass", "")
	limited.Doubt = &scheme.Doubt{Code: "scope-lost", Text: "is of a lab that lost the scope", Against: true, Until: today.AddDays(9).End()}
	for name, row := range map[string]struct {
		it   *scheme.Item
		want string
	}{
		"report":        {lab(t, today, 3, "p-1=pass", ""), "ladder true  false"},
		"shallow":       {lab(t, today, 1, "p-1=pass", ""), "ladder true  false"},
		"declaration":   {full(t), "ladder true  false"},
		"other edition": {amended(t, today, 3, "p-1=pass", "", in("B")), "ladder false other-edition true"},
		"old":           {lab(t, today.AddMonths(-7), 3, "p-1=pass", ""), "ladder false too-old true"},
		"doubted":       {doubted, "ladder false lab-suspended true"},
		"limited":       {limited, "ladder true  false"},
	} {
		notes := p.Note(row.it, now)
		if len(notes) != 1 || notes[0].Text == "" || strings.ContainsAny(notes[0].Text, "\n%") {
			t.Fatalf("%s: %+v", name, notes)
		}
		n := notes[0]
		if got := fmt.Sprint(n.Scheme, " ", n.Counts, " ", n.Code, " ", n.Against); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
		if name == "shallow" && !strings.Contains(n.Text, "but for criteria that ask for probe, attack;") {
			t.Errorf("a shallow report %s", n.Text)
		}
		if until := today.AddDays(9); name == "limited" && (n.Until != until || !strings.Contains(n.Text, "counts until "+until.String())) {
			t.Errorf("a report that counts for a time: %+v", n)
		}
	}
}

// TestLabCheckedFeatures takes the example camera, makes it level 4, and has its
// manufacturer declare away what its own lab saw: a password that all units share
// and an open debug port.
func TestLabCheckedFeatures(t *testing.T) {
	e, _ := sample(t, "camera")
	p := programme(t, embedded)
	s := p.Newest("four-level")
	e.Report.Methods = append(e.Report.Methods, "penetration-test")
	e.Report.Facts["pentest_done"], e.Report.Facts["pentest_findings_open_count"] = label.JSON("true"), label.JSON("0")
	reach := func() *scheme.Decision {
		t.Helper()
		r := read(t, p, label.TypeTestReport, e.Report)
		d, err := s.Evaluate(e.Device, label.DigestOf(e.Descriptor), []*scheme.Item{r, read(t, p, label.TypeDeclaration, e.Declaration)}, now)
		must(t, err)
		summarize(t, d)
		return d
	}
	if d := reach(); d.Reached != 4 {
		t.Fatalf("the honest camera reaches level %d: %s", d.Reached, gaps(d.Missing))
	}
	// The lab says nothing of the features and the provisions that stand under
	// them; the manufacturer says that they do not concern the camera.
	features := []string{"uses_passwords", "preinstalled_passwords", "debug_interface_accessible"}
	dropped := func(v label.Verdict) bool { return slices.Contains([]string{"5.1-1", "5.1-2", "5.6-4"}, v.Provision) }
	for _, f := range features {
		delete(e.Report.Facts, f)
		e.Declaration.Facts[f] = label.JSON("false")
	}
	e.Report.Verdicts = slices.DeleteFunc(e.Report.Verdicts, dropped)
	e.Declaration.Claims = slices.DeleteFunc(e.Declaration.Claims, dropped)
	e.Declaration.Product.Password, e.Declaration.Product.Translations = "", nil
	e.Declaration.Facts["password_origin"] = label.JSON(`"none"`)
	delete(e.Report.Facts, "password_origin")
	delete(e.Report.Facts, "universal_default_password_found")
	delete(e.Report.Facts, "debug_interface_state")
	d := reach()
	if d.Reached != 1 || len(d.Contradictions) > 0 {
		t.Errorf("declared features bring level %d: %s", d.Reached, gaps(d.Missing))
	}
	want := "fact by lab: preinstalled_passwords uses_passwords debug_interface_accessible"
	for _, name := range strings.Fields(want)[3:] {
		if !slices.ContainsFunc(d.Missing, func(g scheme.Gap) bool {
			return g.Kind == scheme.GapFact && g.By == scheme.Lab && slices.Contains(g.Items, name)
		}) {
			t.Errorf("nobody asks a lab for %s: %s", name, gaps(d.Missing))
		}
	}
	// What the lab did state contradicts the declaration: no level at all.
	e.Report.Facts["universal_default_password_found"] = label.JSON("true")
	e.Report.Facts["debug_interface_state"] = label.JSON(`"open"`)
	d = reach()
	if d.Reached != 0 || d.Missing[0].Kind != scheme.GapContradiction || len(d.Contradictions) < 2 {
		t.Errorf("a universal password and an open port bring level %d: %s", d.Reached, gaps(d.Missing))
	}
	for _, g := range d.Contradictions {
		if g.By != scheme.Declaration || len(g.Items) < 2 || g.Text == "" {
			t.Errorf("the contradiction is %+v", g)
		}
	}
	if _, err := d.Grant(1); err == nil {
		t.Error("a label is granted for facts that contradict each other")
	}
}

// TestContradictions between facts and what is said of the product are found,
// by whichever of several declarations of a day.
func TestContradictions(t *testing.T) {
	e, _ := sample(t, "camera")
	p := programme(t, embedded)
	s := p.Newest("four-level")
	copyOf := func() (d label.Declaration) {
		b, err := json.Marshal(e.Declaration)
		must(t, err)
		must(t, label.Decode(b, &d))
		return d
	}
	judge := func(ds ...label.Declaration) *scheme.Decision {
		var items []*scheme.Item
		for i := range ds {
			ds[i].Number = fmt.Sprint("D-", i)
			items = append(items, read(t, p, label.TypeDeclaration, &ds[i]))
		}
		d, err := s.Evaluate(e.Device, label.DigestOf(e.Descriptor), items, now)
		must(t, err)
		return d
	}
	for name, row := range map[string]struct {
		change func(*label.Declaration)
		items  string
	}{
		"nothing":           {func(*label.Declaration) {}, ""},
		"no way to update":  {func(d *label.Declaration) { d.Facts["update_mechanism_present"] = label.JSON("false") }, "product.updates update_mechanism_present"},
		"no updates":        {func(d *label.Declaration) { d.Product.Updates = "none" }, "product.supportEnd product.updates"},
		"no list of parts":  {func(d *label.Declaration) { d.Product.SBOM = false }, "product.sbom sbom_maintained sbom_records_patches"},
		"nobody logs in":    {func(d *label.Declaration) { d.Facts["uses_passwords"] = label.JSON("false") }, "product.password uses_passwords"},
		"no personal data":  {func(d *label.Declaration) { d.Facts["processes_personal_data"] = label.JSON("false") }, "personal_data_sent processes_personal_data service_stores_personal_data"},
		"a fact is missing": {func(d *label.Declaration) { delete(d.Facts, "update_mechanism_present") }, ""},
	} {
		changed := copyOf()
		row.change(&changed)
		for _, d := range []*scheme.Decision{judge(changed), judge(copyOf(), changed), judge(changed, copyOf())} {
			first := ""
			if len(d.Contradictions) > 0 {
				first = strings.Join(d.Contradictions[0].Items, " ")
			}
			if row.items != "" && !slices.ContainsFunc(d.Contradictions, func(g scheme.Gap) bool { return strings.Join(g.Items, " ") == row.items }) || row.items == "" && first != "" {
				t.Errorf("%s: contradictions are %s, want %q", name, gaps(d.Contradictions), row.items)
			}
			if (d.Reached > 0) != (row.items == "") {
				t.Errorf("%s: level %d is reached", name, d.Reached)
			}
		}
	}
}

// TestSelfContradictionIsNotTested has a manufacturer contradict itself beside tests that
// found the facts in order.
func TestSelfContradictionIsNotTested(t *testing.T) {
	e, _ := sample(t, "camera")
	p := programme(t, embedded)
	report := read(t, p, label.TypeTestReport, e.Report)
	declared := *e.Declaration
	declared.Number, declared.Facts = "D-itself", maps.Clone(declared.Facts)
	declared.Facts["update_mechanism_present"] = label.JSON("false")
	for _, date := range []label.Date{e.Declaration.Date, e.Report.Period.To.AddDays(-1), e.Report.Period.To.AddDays(20)} {
		declared.Date = date
		d, err := p.Newest("four-level").Evaluate(e.Device, label.DigestOf(e.Descriptor), []*scheme.Item{report, read(t, p, label.TypeDeclaration, &declared)}, now)
		must(t, err)
		if len(d.Contradictions) == 0 || d.Reached > 0 {
			t.Errorf("declared on %s, contradictions are %s, and level %d is reached", date, gaps(d.Contradictions), d.Reached)
		}
	}
}

// TestNotApplicableIsNotMet looks at what a signed label says of criteria.
func TestNotApplicableIsNotMet(t *testing.T) {
	d := judge(t, "plug", maker(t, today, "p-1=pass p-2=not-applicable", "has_password=false"))
	l := filled(t, d, 1)
	want := label.Criterion{ID: "passwords", State: label.CriterionNotApplicable, By: "declaration", Why: []string{"has_password=false"}}
	if got := fmt.Sprint(l.Criteria); got != fmt.Sprint([]label.Criterion{{ID: "base", State: label.CriterionMet, By: "declaration"}, want}) {
		t.Errorf("the label says %s", got)
	}
	for name, claims := range map[string]string{"no claim": "p-1=pass", "a pass": "p-1=pass p-2=pass"} {
		d = judge(t, "plug", maker(t, today, claims, "has_password=false"))
		if f := finding(t, d, 1, "passwords"); f.State != scheme.NotApplicable || fmt.Sprint(f.Why) != "[has_password=false]" {
			t.Errorf("with %s passwords are %s for %v", name, f.State, f.Why)
		}
	}
	// Partly met, partly not applicable is met.
	m := copyOf(t, os.DirFS("testdata/small"))
	edit(t, m, "schemes/ladder/1.yaml", "provisions: [p-1]", "provisions: [p-1, p-5]")
	edit(t, m, "standards/small.yaml", "when: has_radio", "when: has_radio && has_update")
	p, err := scheme.Load(m)
	must(t, err)
	dev, subject := device(t, "plug")
	for facts, want := range map[string]string{"has_radio=false": "met []", "has_radio=true": "undetermined []"} {
		it := read(t, p, label.TypeDeclaration, declaration(t, today, "p-1=pass", facts))
		d, err := p.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{it}, now)
		must(t, err)
		if f := finding(t, d, 1, "base"); fmt.Sprint(f.State, " ", f.Why) != want {
			t.Errorf("with %s base is %s %v, want %s", facts, f.State, f.Why, want)
		}
	}
	// Only the features that matter are named.
	edit(t, m, "schemes/ladder/1.yaml", "provisions: [p-1, p-5]", "provisions: [p-5]")
	p, err = scheme.Load(m)
	must(t, err)
	for facts, want := range map[string]string{
		"has_radio=false has_update=true": "[has_radio=false]", "has_radio=true has_update=false": "[has_update=false]", "has_update=false": "[has_update=false]",
		"has_radio=false has_update=false": "[has_update=false]",
	} {
		it := read(t, p, label.TypeDeclaration, declaration(t, today, "p-1=pass", facts))
		d, err := p.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{it}, now)
		must(t, err)
		if f := finding(t, d, 1, "base"); f.State != scheme.NotApplicable || fmt.Sprint(f.Why) != want {
			t.Errorf("with %s base is %s %v, want %s", facts, f.State, f.Why, want)
		}
	}
}

// TestVainIsSaid has reports name a change that undo nothing, and their labs told
// why.
func TestVainIsSaid(t *testing.T) {
	bad := lab(t, days(30), 2, "p-1=fail", "")
	for want, it := range map[string]*scheme.Item{
		"which is not after":                changed(t, days(30), 3, "p-1=pass", ""),
		"it passed by look, and had":        changed(t, days(9), 1, "p-1=pass", ""),
		"has no image that report":          amended(t, days(9), 3, "p-1=pass", "", change(label.ChangedFirmware, "firmware")),
		"it is of tests by another edition": amended(t, days(9), 3, "p-1=pass", "", func(r *label.TestReport) { change(label.ChangedHardware, "x")(r); in("B")(r) }),
		"or correct its report":             lab(t, days(9), 3, "p-1=pass", ""), // names no change
	} {
		text := ""
		for _, g := range judge(t, "plug", it, bad, full(t)).MissingFor(1) {
			if g.Kind == scheme.GapFailed {
				text = g.Text
			}
		}
		if !strings.Contains(text, want) || strings.Contains(text, "does not count for that") != (want != "or correct its report") {
			t.Errorf("told is %q, want %q", text, want)
		}
		// Its laboratory reads it too, which may not see what the manufacturer sees.
		if want == "or correct its report" {
			want = "it does not name what was changed"
		}
		if list := it.Vain([]*scheme.Item{it, bad}); len(list) != 1 || !strings.Contains(list[0], want) || !strings.Contains(list[0], "found p-1 failed") {
			t.Errorf("its laboratory is told %q, want %q", list, want)
		}
	}
	for _, weak := range []string{"p-1=not-applicable", "p-1=inconclusive"} {
		if list := changed(t, days(9), 3, weak, "").Vain([]*scheme.Item{bad}); len(list) != 1 || !strings.Contains(list[0], "found p-1 failed: only a pass does") {
			t.Errorf("of %s its laboratory is told %q", weak, list)
		}
	}
	if list := changed(t, days(9), 3, "p-1=pass", "").Vain([]*scheme.Item{bad, full(t)}); list != nil {
		t.Errorf("of a report that undoes the failure it is said %q", list)
	}
}

// TestWhoFoundIt has two labs measure one fact each of a rule over both: named as
// having found what is wrong is only whose value makes the rule false.
func TestWhoFoundIt(t *testing.T) {
	for _, row := range []struct{ rule, ports, length, by string }{
		{"password_length >= 8 && open_ports == 0", "open_ports=0", "password_length=7", "length"},
		{"password_length >= 8 && open_ports == 0", "open_ports=2", "password_length=9", "ports"},
		{"password_length >= 8 && open_ports == 0", "open_ports=2", "password_length=7", "length ports"},
		{"password_length >= 8 || open_ports == 0", "open_ports=2", "password_length=7", "length ports"},
		{"open_ports == 0 ? password_length >= 8 : password_length >= 12", "open_ports=2", "password_length=9", "length ports"},
		{"open_ports == 0 ? password_length >= 8 : password_length >= 12", "open_ports=2", "password_length=7", "length ports"},
	} {
		m := copyOf(t, os.DirFS("testdata/small"))
		edit(t, m, "schemes/ladder/1.yaml", "rule: password_length >= 8", "rule: '"+row.rule+"'")
		p, err := scheme.Load(m)
		must(t, err)
		dev, subject := device(t, "plug")
		reports := map[string]*scheme.Item{
			"ports":  read(t, p, label.TypeTestReport, report(t, days(9), 3, "p-1=pass p-2=pass", row.ports)),
			"length": read(t, p, label.TypeTestReport, report(t, days(9), 3, "p-1=pass p-2=pass", row.length)),
		}
		// More values of the same facts, so that they are tried with each other. One that is
		// a condition has its part in what comes of it.
		more := read(t, p, label.TypeTestReport, report(t, days(9), 3, "p-1=pass p-2=pass", "open_ports=0 password_length=20"))
		for _, items := range [][]*scheme.Item{{reports["ports"], reports["length"]}, {reports["ports"], reports["length"], more}} {
			d, err := p.Newest("ladder").Evaluate(dev, subject, items, now)
			must(t, err)
			f := finding(t, d, 1, "passwords")
			if f.State != scheme.Unmet {
				t.Fatalf("%s with %s and %s is %s", row.rule, row.ports, row.length, f.State)
			}
			var by []string
			for _, name := range []string{"length", "ports"} {
				if slices.Contains(f.Against(), reports[name]) {
					by = append(by, name)
				}
			}
			if got := strings.Join(by, " "); len(items) == 2 && got != row.by || slices.Contains(f.Against(), more) && !strings.Contains(row.rule, "?") {
				t.Errorf("%s with %s and %s is wrong by %q, want %q (of %d reports)", row.rule, row.ports, row.length, got, row.by, len(items))
			}
		}
	}
}

// TestFactAdmittedAfterTheTests has a manufacturer declare a value by which a rule is
// false, which a laboratory had measured as in order: before the tests ended that is
// answered by them, and after them by later tests alone.
func TestFactAdmittedAfterTheTests(t *testing.T) {
	const good = "p-1=pass p-2=pass p-3=pass p-4=pass"
	tested := func(n int) *scheme.Item { return lab(t, days(n), 3, good, "has_password=true open_ports=0") }
	says := func(n int, facts string) *scheme.Item {
		return maker(t, days(n), fullClaims, strings.Replace(fullFacts, "open_ports=0", facts, 1)+supportFact)
	}
	for _, row := range []struct {
		name     string
		items    []*scheme.Item
		admitted bool
	}{
		{"before the tests", []*scheme.Item{tested(9), says(10, "open_ports=3")}, false},
		{"on the day of the tests", []*scheme.Item{tested(9), says(9, "open_ports=3")}, false},
		{"after the tests", []*scheme.Item{tested(9), says(8, "open_ports=3")}, true},
		{"after the tests of two laboratories", []*scheme.Item{tested(9), tested(20), says(8, "open_ports=3")}, true},
		{"answered by later tests", []*scheme.Item{tested(9), says(8, "open_ports=3"), tested(7)}, false},
		{"taken back", []*scheme.Item{tested(9), says(8, "open_ports=3"), says(7, "open_ports=0")}, false},
		{"what is in order", []*scheme.Item{tested(9), says(8, "open_ports=0")}, false},
	} {
		f := finding(t, judge(t, "plug", row.items...), 2, "ports")
		if (f.State == scheme.Unmet) != row.admitted {
			t.Errorf("%s: ports are %s", row.name, f.State)
		}
		if row.admitted && (len(f.Against()) != 1 || f.Against()[0].Source() != scheme.Declaration) {
			t.Errorf("%s: what is said against it is %+v", row.name, f.Against())
		}
	}
}

// TestAdmittedBesideAFact has a rule be false by a fact that a laboratory found in order
// and one that the manufacturer declares after that: only the latter says what is wrong.
// Of what no test speaks, a declared value that makes a rule false does so as well.
func TestAdmittedBesideAFact(t *testing.T) {
	m := copyOf(t, os.DirFS("testdata/small"))
	edit(t, m, "schemes/ladder/1.yaml", "rule: open_ports == 0", "rule: '!has_update || open_ports == 0'")
	p, err := scheme.Load(m)
	must(t, err)
	dev, subject := device(t, "plug")
	tested := read(t, p, label.TypeTestReport, report(t, days(9), 3, "p-1=pass p-2=pass p-3=pass p-4=pass", "has_update=true open_ports=0"))
	untested := read(t, p, label.TypeTestReport, report(t, days(9), 3, "p-1=pass p-2=pass p-3=pass p-4=pass", "has_update=true"))
	says := read(t, p, label.TypeDeclaration, declaration(t, days(3), fullClaims, "has_update=false open_ports=3"))
	d, err := p.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{tested, says}, now)
	must(t, err)
	if f := finding(t, d, 2, "ports"); f.State != scheme.Unmet || len(f.Against()) != 1 || f.Against()[0] != says {
		t.Errorf("ports are %s, by %+v", f.State, f.Against())
	}
	d, err = p.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{untested, says}, now)
	must(t, err)
	if f := finding(t, d, 3, "ports"); f.State != scheme.Unmet {
		t.Errorf("of what no test speaks, ports are %s", f.State)
	}
}
