package scheme_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/labels"
)

func same(t testing.TB, got, want summary) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("the decision is\n%+v\nwant\n%+v", got, want)
	}
}

// sample returns an example of labels/examples with its evidence as items.
func sample(t testing.TB, name string) (*example.Example, []*scheme.Item) {
	t.Helper()
	e, err := example.Load(labels.FS, name, today)
	must(t, err)
	p := programme(t, embedded)
	r := read(t, p, label.TypeTestReport, e.Report)
	r.Lab = label.LabRef{ID: labeltest.Lab, Name: "The Lab", Accreditation: "T-1", Body: "The Board"}
	return e, []*scheme.Item{r, read(t, p, label.TypeDeclaration, e.Declaration)}
}

// TestExamples holds the examples to what their files promise.
func TestExamples(t *testing.T) {
	for _, want := range []struct {
		name    string
		risk    scheme.Risk
		reached int
		missing string
	}{
		{"camera", "high", 3, "fact by lab: pentest_done pentest_findings_open_count"},
		{"plug", "low", 1, "failed by lab: 5.5-5 5.6-4; rule by declaration: developer-port-shut"},
		{"toy", "high", 0, "failed by lab: 5.1-1 5.1-2 5.1-3 5.1-5 5.2-1 5.3-2 5.3-7 5.3-10 5.3-8; " +
			"rule by declaration: no-shared-passwords; rule by declaration: support-ahead"},
	} {
		t.Run(want.name, func(t *testing.T) {
			e, items := sample(t, want.name)
			s := programme(t, embedded).Newest("four-level")
			d, err := s.Evaluate(e.Device, label.DigestOf(e.Descriptor), items, now)
			must(t, err)
			if d.Reached != want.reached || d.Risk != want.risk {
				t.Errorf("risk %s reaches level %d, want %s and %d", d.Risk, d.Reached, want.risk, want.reached)
			}
			if got := gaps(d.Missing); got != want.missing {
				t.Errorf("missing for level %d is\n%s\nwant\n%s", d.Reached+1, got, want.missing)
			}
			if got := gaps(d.MissingFor(d.Reached + 1)); got != want.missing {
				t.Errorf("asked for it, missing is %s", got)
			}
			for _, n := range []int{0, d.Reached, len(s.Levels) + 1} {
				if got := d.MissingFor(n); got != nil {
					t.Errorf("missing for level %d is %s, want nothing", n, gaps(got))
				}
			}
			if d.Scheme != s || d.Device != e.Device || d.Subject != label.DigestOf(e.Descriptor) || !d.At.Equal(now) || len(d.Unused) > 0 {
				t.Errorf("the decision is not about what was asked: %+v", d)
			}
			summarize(t, d)
		})
	}
}

// TestSmall judges a device of a category by a few statements, and looks at one
// finding. Where nothing else is said, full is the declaration.
func TestSmall(t *testing.T) {
	d := func(n int) label.Date { return today.AddDays(-n) }
	say := func(claims, facts string) *scheme.Item { return maker(t, d(30), claims, facts) }
	tested := lab(t, d(9), 3, "p-1=pass p-2=pass p-3=pass p-4=pass", "scanned=true entropy=64 open_ports=0 password_length=12")
	testedAgain := changed(t, d(9), 3, "p-1=pass p-2=pass p-3=pass p-4=pass", "scanned=true entropy=64 open_ports=0 password_length=12")
	for _, row := range []struct {
		name      string
		category  string
		items     []*scheme.Item
		reached   int
		level     int
		criterion string
		want      string
	}{
		{"nothing at all", "plug", nil, 0, 1, "base", "undetermined; evidence by declaration: p-1"},
		{"a claim will do for a plug", "plug", []*scheme.Item{full(t)}, 2, 2, "ports", "met"},
		{"level 3 needs a lab", "plug", []*scheme.Item{full(t)}, 2, 3, "ports", "undetermined; evidence by lab: p-3; fact by lab: open_ports"},
		{"a lab brings level 3", "plug", []*scheme.Item{full(t), tested}, 3, 3, "scanned", "met"},
		{"a lab alone brings nothing", "plug", []*scheme.Item{tested}, 0, 1, "base", "met"},

		// By risk class: the same evidence.
		{"low risk", "plug", []*scheme.Item{full(t)}, 2, 2, "base", "met"},
		{"medium risk", "watch", []*scheme.Item{full(t)}, 2, 2, "base", "met"},
		{"high risk", "camera", []*scheme.Item{full(t)}, 1, 2, "base", "undetermined; evidence by lab: p-1"},
		{"high risk, lab tested", "camera", []*scheme.Item{full(t), tested}, 3, 2, "base", "met"},

		// Which verdict stands.
		{"a lab's fail goes before a claim", "plug", []*scheme.Item{full(t), lab(t, d(60), 3, "p-1=fail", "")}, 0, 1, "base", "unmet; failed by lab: p-1"},
		{"a lab's later pass goes before a claim", "plug", []*scheme.Item{say("p-1=fail p-2=pass", fullFacts), lab(t, d(9), 1, "p-1=pass", "")}, 1, 1, "base", "met"},
		{"a lab's pass of the day goes before a claim", "plug", []*scheme.Item{say("p-1=fail p-2=pass", fullFacts), lab(t, d(30), 1, "p-1=pass", "")}, 1, 1, "base", "met"},
		{"what is admitted after a lab's pass", "plug", []*scheme.Item{say("p-1=fail p-2=pass", fullFacts), lab(t, d(31), 1, "p-1=pass", "")}, 0, 1, "base", "unmet; failed by declaration: p-1"},
		{"a later pass that names no change", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=fail", ""), lab(t, d(8), 1, "p-1=pass", "")}, 0, 1, "base", "unmet; failed by lab: p-1"},
		{"a later pass of a changed product", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=fail", ""), changed(t, d(8), 1, "p-1=pass", "")}, 2, 1, "base", "met"},
		{"a later lab finds", "plug", []*scheme.Item{full(t), lab(t, d(8), 1, "p-1=fail", ""), lab(t, d(9), 1, "p-1=pass", "")}, 0, 1, "base", "unmet; failed by lab: p-1"},
		{"of one day the worse", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=pass", ""), lab(t, d(9), 1, "p-1=fail", ""), lab(t, d(9), 1, "p-1=pass", "")}, 0, 1, "base", "unmet; failed by lab: p-1"},
		{"of one day inconclusive is worse than pass", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=pass", ""), lab(t, d(9), 1, "p-1=inconclusive", "")}, 0, 1, "base", "undetermined; inconclusive by lab: p-1"},
		{"a later report of other things", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=fail", ""), lab(t, d(8), 1, "p-3=pass", "")}, 0, 1, "base", "unmet; failed by lab: p-1"},
		{"a later claim does not fix", "plug", []*scheme.Item{lab(t, d(60), 1, "p-1=fail", ""), full(t)}, 0, 1, "base", "unmet; failed by lab: p-1"},
		{"of claims the later", "plug", []*scheme.Item{full(t), maker(t, d(29), "p-1=fail", "")}, 0, 1, "base", "unmet; failed by declaration: p-1"},
		{"of claims not the earlier", "plug", []*scheme.Item{full(t), maker(t, d(31), "p-1=fail", "")}, 2, 1, "base", "met"},

		// Methods of assessment: level 1 asks for look, level 2 for probe and level 3 for
		// attack, where a lab must have checked; a report of depth 1 was made by look.
		{"a lab's look supports level 1", "plug", []*scheme.Item{say("p-2=pass", fullFacts), lab(t, d(9), 1, "p-1=pass", "")}, 1, 1, "base", "met"},
		{"where a claim would do, a lab's word does by any method", "plug", []*scheme.Item{say("p-1=pass p-2=pass p-4=pass", fullFacts+supportFact), lab(t, d(9), 1, "p-3=pass", "")}, 2, 2, "ports", "met"},
		{"and answers a claim that it fails, whatever passed by probe before", "plug", []*scheme.Item{say("p-1=pass p-2=pass p-3=fail p-4=pass", fullFacts+supportFact), lab(t, d(60), 2, "p-3=pass", ""), lab(t, d(9), 1, "p-3=pass", "")}, 2, 2, "ports", "met"},
		{"a lab's look is no probe", "camera", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=pass p-2=pass p-3=pass p-4=pass", "open_ports=0 password_length=12")}, 1, 2, "ports", "undetermined; evidence by lab: p-3; fact by lab: open_ports"},
		{"a later fail by look counts where probe is asked for", "camera", []*scheme.Item{full(t), tested, lab(t, d(8), 1, "p-3=fail", "")}, 1, 2, "ports", "unmet; failed by lab: p-3"},
		{"a later pass by look undoes no fail by probe", "camera", []*scheme.Item{full(t), lab(t, d(9), 2, "p-1=pass p-2=pass p-3=fail p-4=pass", "open_ports=0 password_length=12"), lab(t, d(8), 1, "p-3=pass", "")}, 1, 2, "ports", "unmet; failed by lab: p-3"},
		{"an earlier fail by look stands", "camera", []*scheme.Item{full(t), tested, lab(t, d(10), 1, "p-3=fail", "")}, 1, 2, "ports", "unmet; failed by lab: p-3"},
		{"an earlier fail by look is undone by look and probe", "camera", []*scheme.Item{full(t), testedAgain, lab(t, d(10), 1, "p-3=fail", "")}, 3, 2, "ports", "met"},
		{"a verdict that was not reached does not hide behind a pass", "camera", []*scheme.Item{full(t), tested, lab(t, d(8), 1, "p-3=inconclusive", "")}, 1, 2, "ports", "undetermined; inconclusive by lab: p-3"},
		{"a bad value found by look is not declared away", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=pass", "open_ports=2")}, 1, 2, "ports", "unmet; rule by declaration: ports"},
		{"nor measured away before", "camera", []*scheme.Item{full(t), tested, lab(t, d(8), 1, "p-1=pass", "open_ports=2")}, 1, 2, "ports", "unmet; rule by lab: ports"},
		{"a good value found by look is no support where probe is asked for", "camera", []*scheme.Item{full(t), lab(t, d(9), 2, "p-1=pass p-2=pass p-3=pass p-4=pass", "password_length=12"), lab(t, d(8), 1, "p-1=pass", "open_ports=0")}, 1, 2, "ports", "undetermined; fact by lab: open_ports"},
		{"a bad value measured before", "camera", []*scheme.Item{full(t), tested, lab(t, d(10), 1, "p-1=pass", "open_ports=2")}, 1, 2, "ports", "unmet; rule by lab: ports"},
		{"a bad value before the product was changed", "camera", []*scheme.Item{full(t), testedAgain, lab(t, d(10), 1, "p-1=pass", "open_ports=2")}, 3, 2, "ports", "met"},

		// Conditions.
		{"without passwords nothing is asked of them", "plug", []*scheme.Item{say("p-1=pass p-3=pass p-4=pass", `has_password=false has_update=true open_ports=0 threat_model=true`+supportFact)}, 2, 1, "passwords", "not-applicable"},
		{"a declared feature frees no camera", "camera", []*scheme.Item{say("p-1=pass p-3=pass p-4=pass", `has_password=false has_update=true open_ports=0 threat_model=true`+supportFact), lab(t, d(9), 3, "p-1=pass p-3=pass p-4=pass", "open_ports=0 scanned=true entropy=40")}, 1, 3, "passwords", "undetermined; fact by lab: has_password; fact by lab: password_length"},
		{"a feature that a lab saw does", "camera", []*scheme.Item{say("p-1=pass p-3=pass p-4=pass", `has_password=false has_update=true open_ports=0 threat_model=true`+supportFact), lab(t, d(9), 3, "p-1=pass p-3=pass p-4=pass", "has_password=false open_ports=0 scanned=true entropy=40")}, 3, 3, "passwords", "not-applicable"},
		{"a feature that a lab saw frees a watch", "watch", []*scheme.Item{say("p-1=pass", "has_password=true"), lab(t, d(9), 1, "p-1=pass", "has_password=false")}, 1, 1, "passwords", "not-applicable"},
		{"two labs saw different features", "plug", []*scheme.Item{say("p-1=pass", ""), lab(t, d(9), 1, "p-1=pass", "has_password=false"), lab(t, d(8), 1, "p-1=pass", "has_password=true")}, 0, 1, "passwords", "undetermined; evidence by declaration: p-2; fact by declaration: password_length"},
		{"what frees does not excuse a bad value", "plug", []*scheme.Item{say("p-1=pass", "has_password=false password_length=3")}, 0, 1, "passwords", "unmet; rule by declaration: passwords"},
		{"a lab sees another feature", "plug", []*scheme.Item{say("p-1=pass", "has_password=false"), lab(t, d(60), 1, "p-1=pass", "has_password=true")}, 0, 1, "passwords", "undetermined; evidence by declaration: p-2; fact by declaration: password_length"},
		{"a lab found it missing", "plug", []*scheme.Item{maker(t, d(61), "p-1=pass", "has_password=true"), lab(t, d(60), 1, "p-1=pass", "has_password=false")}, 1, 1, "passwords", "not-applicable"},
		{"a lab found it missing before it was declared", "plug", []*scheme.Item{maker(t, d(59), "p-1=pass", "has_password=true"), lab(t, d(60), 1, "p-1=pass", "has_password=false")}, 0, 1, "passwords", "undetermined; evidence by declaration: p-2; fact by declaration: password_length"},
		{"a fail stands whatever the features", "plug", []*scheme.Item{say("p-1=pass", "has_password=false"), lab(t, d(9), 1, "p-2=fail", "")}, 0, 1, "passwords", "unmet; failed by lab: p-2; fact by declaration: password_length"},
		{"a claimed fail gives way to a lab's pass", "plug", []*scheme.Item{say("p-1=fail", "has_password=false"), lab(t, d(9), 1, "p-1=pass", "")}, 1, 1, "base", "met"},
		{"and to nothing less", "plug", []*scheme.Item{say("p-1=fail", "has_password=false"), lab(t, d(9), 1, "p-1=inconclusive p-3=pass", "")}, 0, 1, "base", "unmet; failed by declaration: p-1"},
		{"also where a lab saw that it does not apply", "plug", []*scheme.Item{say("p-1=pass p-2=fail", "has_password=false"), lab(t, d(9), 1, "p-2=not-applicable", "has_password=false")}, 0, 1, "passwords", "unmet; failed by declaration: p-2; fact by declaration: password_length"},
		{"not-applicable against the features", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-2=not-applicable", "")}, 0, 1, "passwords", "undetermined; contradicts-features by lab: p-2"},
		{"claimed not-applicable against the features", "plug", []*scheme.Item{say("p-1=pass p-2=not-applicable", "has_password=true password_length=9")}, 0, 1, "passwords", "undetermined; contradicts-features by declaration: p-2"},
		{"not-applicable with the features", "plug", []*scheme.Item{say("p-1=pass p-2=not-applicable", "has_password=false")}, 1, 1, "passwords", "not-applicable"},
		{"not-applicable without the features", "plug", []*scheme.Item{say("p-1=pass p-2=not-applicable", "")}, 0, 1, "passwords", "undetermined; fact by declaration: has_password; fact by declaration: password_length"},
		{"a claim of not-applicable is no lab's", "camera", []*scheme.Item{say("p-1=pass p-2=not-applicable p-3=pass p-4=pass", `has_password=false has_update=true open_ports=0 threat_model=true`+supportFact), lab(t, d(9), 3, "p-1=pass p-3=pass p-4=pass", "open_ports=0")}, 1, 2, "passwords", "undetermined; fact by lab: has_password; fact by lab: password_length"},
		{"a lab's not-applicable without the features", "camera", []*scheme.Item{say("p-1=pass p-2=not-applicable p-3=pass p-4=pass", `has_password=false has_update=true open_ports=0 threat_model=true`+supportFact), lab(t, d(9), 2, "p-1=pass p-2=not-applicable p-3=pass p-4=pass", "open_ports=0")}, 1, 2, "passwords", "undetermined; fact by lab: has_password; fact by lab: password_length"},
		{"a lab's not-applicable with the features", "camera", []*scheme.Item{say("p-1=pass p-2=not-applicable p-3=pass p-4=pass", `has_password=false has_update=true open_ports=0 threat_model=true`+supportFact), lab(t, d(9), 2, "p-1=pass p-2=not-applicable p-3=pass p-4=pass", "has_password=false open_ports=0")}, 2, 2, "passwords", "not-applicable"},
		{"not-applicable for what always applies", "plug", []*scheme.Item{full(t), lab(t, d(9), 1, "p-1=not-applicable", "")}, 0, 1, "base", "undetermined; always-applies by lab: p-1"},
		{"a feature nobody stated", "plug", []*scheme.Item{say("p-1=pass", "")}, 0, 1, "passwords", "undetermined; fact by declaration: has_password; fact by declaration: password_length"},
		{"a verdict makes up for the feature", "plug", []*scheme.Item{say("p-1=pass p-2=pass", "password_length=9")}, 1, 1, "passwords", "met"},
		{"a claim that is inconclusive", "plug", []*scheme.Item{say("p-1=inconclusive", "has_password=false")}, 0, 1, "base", "undetermined; inconclusive by declaration: p-1"},

		// Rules.
		{"a rule that fails", "plug", []*scheme.Item{say("p-1=pass p-2=pass", "has_password=true password_length=7")}, 0, 1, "passwords", "unmet; rule by declaration: passwords"},
		{"a missing fact", "plug", []*scheme.Item{say("p-1=pass p-2=pass", "has_password=true")}, 0, 1, "passwords", "undetermined; fact by declaration: password_length"},
		{"a missing fact of a lab", "plug", []*scheme.Item{full(t), lab(t, d(9), 3, "p-1=pass p-2=pass p-3=pass p-4=pass", "open_ports=0 password_length=12 entropy=50")}, 2, 3, "scanned", "undetermined; fact by lab: scanned"},
		{"two missing facts of a lab", "plug", []*scheme.Item{full(t)}, 2, 3, "scanned", "undetermined; fact by lab: scanned; fact by lab: entropy"},
		{"false whatever is missing", "plug", []*scheme.Item{full(t), lab(t, d(9), 3, "p-1=pass", "entropy=39.9")}, 2, 3, "scanned", "unmet; rule by lab: scanned"},
		{"true whatever is missing", "plug", []*scheme.Item{say(fullClaims, fullFacts+supportFact)}, 2, 2, "planned", "met"},
		{"the other way round", "plug", []*scheme.Item{say(fullClaims, `has_password=true password_length=12 open_ports=0 storage="chip" threat_model=true`+supportFact)}, 2, 2, "planned", "met"},
		{"the missing fact matters", "plug", []*scheme.Item{say(fullClaims, `has_password=true password_length=12 open_ports=0 has_update=false threat_model=true`+supportFact)}, 1, 2, "planned", "undetermined; fact by declaration: storage"},
		{"the manufacturer's own fact", "plug", []*scheme.Item{say(fullClaims, `has_password=true password_length=12 has_update=true open_ports=0`+supportFact)}, 1, 2, "planned", "undetermined; fact by declaration: threat_model"},
		{"a declared value is no measurement", "camera", []*scheme.Item{full(t), lab(t, d(9), 2, "p-1=pass p-2=pass p-3=pass p-4=pass", "password_length=12")}, 1, 2, "ports", "undetermined; fact by lab: open_ports"},
		{"a measured value goes before a declared one", "plug", []*scheme.Item{full(t), lab(t, d(60), 3, "p-1=pass", "open_ports=1")}, 1, 2, "ports", "unmet; rule by declaration: ports"},
		{"a later value stands beside the earlier", "plug", []*scheme.Item{full(t), lab(t, d(60), 3, "p-1=pass", "open_ports=1"), lab(t, d(59), 3, "p-1=pass", "open_ports=0")}, 1, 2, "ports", "unmet; rule by declaration: ports"},
		{"of a changed product it stands alone", "plug", []*scheme.Item{full(t), lab(t, d(60), 3, "p-1=pass", "open_ports=1"), changed(t, d(59), 3, "p-1=pass", "open_ports=0")}, 2, 2, "ports", "met"},
		{"no date", "plug", []*scheme.Item{say(fullClaims, fullFacts)}, 1, 2, "ahead", "undetermined; fact by declaration: support_period_end_date"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := judge(t, row.category, row.items...)
			if got := found(t, finding(t, d, row.level, row.criterion)); got != row.want {
				t.Errorf("%s at level %d is\n%s\nwant\n%s", row.criterion, row.level, got, row.want)
			}
			if d.Reached != row.reached {
				t.Errorf("level %d is reached, want %d; missing %s", d.Reached, row.reached, gaps(d.Missing))
			}
			summarize(t, d)
		})
	}
}

// TestNoDeclaration says first that there is none.
func TestNoDeclaration(t *testing.T) {
	d := judge(t, "plug")
	want := "declaration by declaration: ; evidence by declaration: p-1; fact by declaration: has_password password_length"
	if got := gaps(d.Missing); got != want {
		t.Errorf("missing is\n%s\nwant\n%s", got, want)
	}
}

// TestMissingIsShort merges gaps of one kind and party, but not rules, whose
// texts differ, and tells the manufacturer's words from the lab's.
func TestMissingIsShort(t *testing.T) {
	d := judge(t, "plug", maker(t, today, "p-1=pass p-2=pass p-3=fail p-4=fail", "has_password=true password_length=9 has_update=true open_ports=3 threat_model=false"+supportFact))
	want := []scheme.Gap{
		{Kind: scheme.GapFailed, By: scheme.Declaration, Items: []string{"p-3", "p-4"}, Text: "The manufacturer must fix the product where it claims that this fails, and declare again"},
		{Kind: scheme.GapRule, By: scheme.Declaration, Items: []string{"ports"}, Text: "Close the ports."},
		{Kind: scheme.GapRule, By: scheme.Declaration, Items: []string{"planned"}, Text: "Think of attackers."},
	}
	if !reflect.DeepEqual(d.Missing, want) {
		t.Errorf("missing is %+v, want %+v", d.Missing, want)
	}
	d = judge(t, "plug", full(t))
	want = []scheme.Gap{
		{Kind: scheme.GapEvidence, By: scheme.Lab, Items: []string{"p-1", "p-3"}, Text: "An accredited lab must supply a verdict of pass for these provisions"},
		{Kind: scheme.GapFact, By: scheme.Lab, Items: []string{"has_password", "password_length", "open_ports", "has_update", "scanned", "entropy"},
			Text: "An accredited lab must state these facts; where one decides whether a provision applies, a verdict of pass will do as well"},
	}
	if !reflect.DeepEqual(d.Missing, want) {
		t.Errorf("missing is %+v, want %+v", d.Missing, want)
	}
	if d.MissingFor(2) != nil || len(d.MissingFor(3)) != 2 {
		t.Errorf("missing for level 2 is %v, for level 3 %v", d.MissingFor(2), d.MissingFor(3))
	}
	// Asking must not change the answer.
	if again := d.MissingFor(3); !reflect.DeepEqual(again, want) {
		t.Errorf("asked again, missing is %+v", again)
	}
}

// TestDateRule judges at instants around a year before support ends.
func TestDateRule(t *testing.T) {
	dev, subject := device(t, "plug")
	s := programme(t, small).Newest("ladder")
	decl := declaration(t, today.AddDays(-1), fullClaims, fullFacts)
	decl.Product.SupportEnd = today.AddDays(365)
	decl.Facts["support_period_end_date"] = label.JSON(`"` + decl.Product.SupportEnd.String() + `"`)
	it := read(t, programme(t, small), label.TypeDeclaration, decl)
	for _, row := range []struct {
		at   time.Time
		want string
	}{
		{today.Start().Add(-1), "met"},
		{today.Start(), "unmet; rule by declaration: ahead"},
	} {
		d, err := s.Evaluate(dev, subject, []*scheme.Item{it}, row.at)
		must(t, err)
		if got := found(t, finding(t, d, 2, "ahead")); got != row.want {
			t.Errorf("at %s the rule is %s, want %s", row.at, got, row.want)
		}
	}
}

// TestStale evidence supports nothing, and is named; what a lab found wrong still
// counts.
func TestStale(t *testing.T) {
	young, old := today.AddMonths(-6), today.AddMonths(-6).AddDays(-1)
	decl := full(t)
	for name, row := range map[string]struct {
		item    *scheme.Item
		reached int
		unused  string
	}{
		"fail":       {lab(t, old, 3, "p-1=fail", ""), 0, "too-old against"},
		"bad value":  {lab(t, old, 3, "p-1=pass", "open_ports=5"), 1, "too-old against"},
		"young fail": {lab(t, young, 3, "p-1=fail", ""), 0, ""},
		"pass":       {lab(t, old, 3, fullClaims, "open_ports=0 password_length=12"), 2, "too-old against"},
	} {
		if d := judge(t, "plug", decl, row.item); d.Reached != row.reached || unused(d) != row.unused {
			t.Errorf("%s: level %d, unused %q; want level %d, unused %q", name, d.Reached, unused(d), row.reached, row.unused)
		}
	}
	if d := judge(t, "camera", decl, lab(t, old, 3, fullClaims, "open_ports=0 password_length=12")); d.Reached != 1 {
		t.Errorf("a stale pass gave level %d", d.Reached)
	}
	dev, subject := device(t, "plug")
	for at, want := range map[time.Time]string{young.AddMonths(6).End().Add(-1): "", young.AddMonths(6).End(): "too-old against"} {
		d, err := programme(t, small).Newest("ladder").Evaluate(dev, subject, []*scheme.Item{lab(t, young, 1, "p-1=pass", "")}, at)
		must(t, err)
		if unused(d) != want {
			t.Errorf("at %s unused is %q, want %q", at, unused(d), want)
		}
	}
	d := judge(t, "plug", maker(t, today.AddMonths(-9).AddDays(-1), fullClaims, fullFacts+supportFact))
	if d.Reached != 0 || d.Missing[0].Kind != scheme.GapDeclaration || unused(d) != "too-old" {
		t.Errorf("a stale declaration gave level %d, missing %s, unused %q", d.Reached, gaps(d.Missing), unused(d))
	}
}

// TestRulesOverLists runs a rule with a variable of its own, whose name is that
// of no fact, and one whose name is.
func TestRulesOverLists(t *testing.T) {
	for _, name := range []string{"l", "note"} {
		m := copyOf(t, os.DirFS("testdata/small"))
		edit(t, m, "schemes/ladder/1.yaml", "rule: password_length >= 8", fmt.Sprintf(`rule: languages.exists(%s, %[1]s == "de")`, name))
		p, err := scheme.Load(m)
		must(t, err)
		dev, subject := device(t, "plug")
		for facts, want := range map[string]string{
			`languages=["fr","de"]`: "met",
			`languages=["fr"]`:      "unmet; rule by declaration: passwords",
			``:                      "undetermined; fact by declaration: languages",
		} {
			it := read(t, p, label.TypeDeclaration, declaration(t, today, "p-2=pass", facts))
			d, err := p.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{it}, now)
			must(t, err)
			if got := found(t, finding(t, d, 1, "passwords")); got != want {
				t.Errorf("with %s the rule over %s is %s, want %s", facts, name, got, want)
			}
		}
	}
}

// TestRuleThatBreaks has a rule that CEL cannot finish for some values. There
// is then no decision, and the error names the rule.
func TestRuleThatBreaks(t *testing.T) {
	m := copyOf(t, os.DirFS("testdata/small"))
	edit(t, m, "schemes/ladder/1.yaml", "rule: password_length >= 8", "rule: 100 / password_length < 9")
	p, err := scheme.Load(m)
	must(t, err)
	dev, subject := device(t, "plug")
	it := read(t, p, label.TypeDeclaration, declaration(t, today, "p-2=pass", "password_length=0"))
	d, err := p.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{it}, now)
	if d != nil || err == nil || !strings.Contains(err.Error(), `rule "100 / password_length < 9"`) {
		t.Errorf("got decision %v and error %v", d, err)
	}
}

// TestDictionaryChanged judges a value that was accepted once and that the
// dictionary no longer allows: it is none.
func TestDictionaryChanged(t *testing.T) {
	it := maker(t, today, "p-2=pass", "password_length=12")
	dev, subject := device(t, "plug")
	for limit, want := range map[string]string{"max: 12": "met", "max: 11": "undetermined; fact by declaration: password_length"} {
		m := copyOf(t, os.DirFS("testdata/small"))
		edit(t, m, "facts.yaml", "max: 64", limit)
		p, err := scheme.Load(m)
		must(t, err)
		d, err := p.Newest("ladder").Evaluate(dev, subject, []*scheme.Item{it}, now)
		must(t, err)
		if got := found(t, finding(t, d, 1, "passwords")); got != want {
			t.Errorf("with %s the rule is %s, want %s", limit, got, want)
		}
	}
}

// TestPure judges the same evidence twice and in many orders.
func TestPure(t *testing.T) {
	items := []*scheme.Item{
		full(t),
		maker(t, today.AddDays(-30), "p-1=fail p-3=pass", "has_password=false"),
		maker(t, today.AddMonths(-12), fullClaims, fullFacts),
		lab(t, today.AddDays(-9), 1, "p-1=pass p-2=fail", "password_length=3"),
		lab(t, today.AddDays(-9), 3, "p-1=inconclusive p-2=pass", "password_length=30"),
		lab(t, today.AddDays(-9), 2, "p-1=pass p-3=not-applicable", "open_ports=1 storage=\"tee\""),
		lab(t, today.AddMonths(-8), 3, fullClaims, ""),
		lab(t, today.AddMonths(-9), 3, fullClaims, ""),
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, category := range []string{"plug", "camera"} {
		want := summarize(t, judge(t, category, items...))
		if len(want.Unused) < 3 {
			t.Errorf("%v is unused, want at least what is too old", want.Unused)
		}
		same(t, summarize(t, judge(t, category, items...)), want)
		for range 50 {
			shuffled := slices.Clone(items)
			r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
			before := slices.Clone(shuffled)
			same(t, summarize(t, judge(t, category, shuffled...)), want)
			if !slices.Equal(shuffled, before) {
				t.Fatal("judging moved the caller's items")
			}
		}
	}
}

// TestRests lists what a finding rests on: the verdict, the features and the
// values, each once.
func TestRests(t *testing.T) {
	decl := full(t)
	rep := lab(t, today.AddDays(-9), 1, "p-2=pass", "password_length=12")
	none := lab(t, today.AddDays(-8), 1, "p-5=pass", "")
	d := judge(t, "plug", decl, rep, none)
	f := finding(t, d, 1, "passwords")
	if len(f.Rests) != 1 || !rests(f, rep) || f.By() != "lab" {
		t.Errorf("passwords rest on %v by %s, want the report", f.Rests, f.By())
	}
	if f = finding(t, d, 1, "base"); len(f.Rests) != 1 || !rests(f, decl) || f.By() != "declaration" {
		t.Errorf("base rests on %v by %s, want the declaration", f.Rests, f.By())
	}
	if f = finding(t, judge(t, "plug"), 1, "base"); f.By() != "none" {
		t.Errorf("without evidence base is by %s", f.By())
	}
	d = judge(t, "plug", maker(t, today, "", "has_password=false"))
	if f = finding(t, d, 1, "passwords"); len(f.Rests) != 1 {
		t.Errorf("a feature that frees rests on %v, want the declaration", f.Rests)
	}
}

// TestRuling has a ruling on an appeal count as met what evidence fails, in the
// version of the scheme that it was made by.
func TestRuling(t *testing.T) {
	s := programme(t, small).Newest("ladder")
	ruling := func(version string, accepted ...string) *scheme.Item {
		ref := s.Ref()
		ref.Version = version
		return scheme.RulingItem(label.DigestOf([]byte(version)), &label.Ruling{
			Authority: label.Party{ID: "authority"}, Scheme: ref, Outcome: label.Changed, Accepted: accepted, Decided: today.AddDays(-8).Start(),
		})
	}
	failed := lab(t, today.AddDays(-9), 1, "p-1=fail", "")
	if d := judge(t, "plug", full(t), failed); d.Reached != 0 {
		t.Fatalf("level %d is reached without a ruling", d.Reached)
	}
	ours := ruling(s.Version, "base")
	d := judge(t, "plug", full(t), failed, ours)
	f := finding(t, d, 1, "base")
	if d.Reached != 2 || f.State != scheme.Met || f.By() != "authority" || !rests(f, ours) || len(f.Rests) != 1 {
		t.Errorf("level %d is reached, base is %s by %s", d.Reached, f.State, f.By())
	}
	if len(d.Unused) > 0 {
		t.Errorf("a ruling aged: %v", d.Unused)
	}
	for name, it := range map[string]*scheme.Item{"another version": ruling("0.9", "base"), "another criterion": ruling(s.Version, "ports")} {
		if d := judge(t, "plug", full(t), failed, it); d.Reached != 0 {
			t.Errorf("level %d is reached by a ruling on %s", d.Reached, name)
		}
	}
	with, err := d.Grant(2)
	must(t, err)
	without, err := judge(t, "plug", full(t)).Grant(2)
	must(t, err)
	var a, b label.Label
	must(t, with.Fill(&a))
	must(t, without.Fill(&b))
	if !a.Expires.Equal(b.Expires) {
		t.Errorf("with a ruling the label expires at %s, without at %s", a.Expires, b.Expires)
	}
	if !slices.ContainsFunc(a.Evidence, func(e label.LabelEvidence) bool { return e.SHA256 == ours.ID && e.Type == label.TypeRuling }) {
		t.Error("the label does not name the ruling")
	}
}
