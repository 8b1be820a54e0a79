package scheme_test

import (
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/labels"
)

// now is when tests judge; today is its day.
var (
	now   = time.Date(2026, time.November, 2, 9, 0, 0, 0, time.UTC)
	today = label.DateOf(now)
)

// small is the programme of testdata/small, whose files the tests below talk
// about: level 1 asks for p-1 and p-2, level 2 for p-3, p-4 and the
// manufacturer's word, level 3 for a lab's.
var small = sync.OnceValues(func() (*scheme.Programme, error) {
	return scheme.Load(os.DirFS("testdata/small"))
})

var embedded = sync.OnceValues(func() (*scheme.Programme, error) { return scheme.Load(labels.FS) })

func programme(t testing.TB, load func() (*scheme.Programme, error)) *scheme.Programme {
	t.Helper()
	p, err := load()
	must(t, err)
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// wants fails the test unless err is a refusal with reason and field.
func wants(t testing.TB, err error, kind label.Kind, reason label.Reason, field, says string) {
	t.Helper()
	e, ok := err.(*label.Error)
	if !ok {
		t.Fatalf("got %T %v, want a refusal with %s", err, err, reason)
	}
	if e.Kind != kind || e.Reason != reason || e.Field != field || !strings.Contains(e.Text, says) {
		t.Fatalf("got kind %d, %s, field %q: %s\nwant kind %d, %s, field %q: … %s …", e.Kind, e.Reason, e.Field, e.Text, kind, reason, field, says)
	}
}

// device returns a device of a category and its digest.
func device(t testing.TB, category string) (*label.Device, label.Digest) {
	t.Helper()
	d := &label.Device{Type: label.TypeDevice, Manufacturer: "maker", Brand: "Brand", Model: "M-1", Name: "Thing", Category: category}
	b, err := d.Canonical()
	must(t, err)
	return d, label.DigestOf(b)
}

var signer = sync.OnceValue(func() *envelope.Signer {
	priv, _, err := envelope.GenerateKey("ecdsa-p256", nil)
	if err != nil {
		panic(err)
	}
	s, err := envelope.ParseSigner(priv, nil)
	if err != nil {
		panic(err)
	}
	return s
})

// verified seals a predicate and brings it through the envelope as any
// submission comes.
func verified(t testing.TB, predicateType string, predicate any) *envelope.Verified {
	t.Helper()
	u, err := envelope.Open(labeltest.Seal(t, signer(), []byte("a device"), predicateType, predicate))
	must(t, err)
	v, err := u.Verify([]*envelope.PublicKey{signer().Public})
	must(t, err)
	return v
}

func read(t testing.TB, p *scheme.Programme, predicateType string, predicate any) *scheme.Item {
	t.Helper()
	it, err := p.Read(verified(t, predicateType, predicate))
	must(t, err)
	return it
}

// verdicts reads "p-1=pass p-2=fail".
func verdicts(t testing.TB, s string) (vs []label.Verdict) {
	t.Helper()
	for _, f := range strings.Fields(s) {
		id, outcome, ok := strings.Cut(f, "=")
		if !ok {
			t.Fatalf("%q is not provision=verdict", f)
		}
		v := label.Verdict{Provision: id, Verdict: label.Outcome(outcome)}
		if v.Verdict != label.Pass {
			v.Reason = "so it was found"
		}
		vs = append(vs, v)
	}
	return vs
}

// facts reads "open_ports=0 storage="tee"".
func facts(t testing.TB, s string) label.Facts {
	t.Helper()
	fs := label.Facts{}
	for _, f := range strings.Fields(s) {
		name, value, ok := strings.Cut(f, "=")
		if !ok {
			t.Fatalf("%q is not fact=value", f)
		}
		fs[name] = label.JSON(value)
	}
	return fs
}

var number int

// byDepth lists methods of assessment of the small programme, in the order in which
// its ladder asks for them: the first for level 1, the second for level 2, and the
// third for level 3.
var byDepth = []label.Method{"look", "probe", "attack"}

// report returns a lab's report whose test period ended on day, by as many methods as
// a level of the small ladder asks for.
func report(t testing.TB, day label.Date, depth int, vs, fs string) *label.TestReport {
	number++
	return &label.TestReport{
		Lab: "lab", Number: fmt.Sprint("R-", number), Standard: "small", Edition: "A", Methods: byDepth[:depth],
		Period:   label.Period{From: day.AddDays(-7), To: day},
		Firmware: []label.Firmware{{Version: "1." + fmt.Sprint(number), SHA256: label.DigestOf([]byte("firmware"))}},
		Verdicts: verdicts(t, vs), Facts: facts(t, fs),
	}
}

// supportEnd is how long the declarations below promise updates.
var supportEnd = today.AddMonths(36)

// declaration returns a manufacturer's declaration of day.
func declaration(t testing.TB, day label.Date, claims, fs string) *label.Declaration {
	number++
	return &label.Declaration{
		Manufacturer: "maker", Number: fmt.Sprint("D-", number), Standard: "small", Edition: "A", Date: day,
		Signatory: label.Signatory{Name: "A Name", Function: "A Function"},
		Claims:    verdicts(t, claims), Facts: facts(t, fs),
		Product: label.Product{SupportEnd: supportEnd, Updates: "automatic", Vulnerabilities: label.Reporting{Contact: "mailto:a@example.com"}},
	}
}

// lab and maker are report and declaration as items.
func lab(t testing.TB, day label.Date, level int, vs, fs string) *scheme.Item {
	t.Helper()
	return amended(t, day, level, vs, fs, func(*label.TestReport) {})
}

// changed is lab of a product whose configuration was changed since.
func changed(t testing.TB, day label.Date, level int, vs, fs string) *scheme.Item {
	t.Helper()
	return amended(t, day, level, vs, fs, func(r *label.TestReport) {
		r.Changed = &label.Change{What: label.ChangedConfiguration, Text: "Nobody gets in any more."}
	})
}

// amended is lab of a report that something was changed in.
func amended(t testing.TB, day label.Date, level int, vs, fs string, change func(*label.TestReport)) *scheme.Item {
	t.Helper()
	r := report(t, day, level, vs, fs)
	change(r)
	it := read(t, programme(t, small), label.TypeTestReport, r)
	it.Lab = label.LabRef{ID: "lab", Name: "The Lab", Accreditation: "T-1", Body: "The Board"}
	return it
}

func maker(t testing.TB, day label.Date, claims, fs string) *scheme.Item {
	t.Helper()
	return read(t, programme(t, small), label.TypeDeclaration, declaration(t, day, claims, fs))
}

// full is what a manufacturer says who claims everything: level 2 of a plug.
const (
	fullClaims = "p-1=pass p-2=pass p-3=pass p-4=pass"
	fullFacts  = `has_password=true password_length=12 has_update=true open_ports=0 threat_model=true`
)

var supportFact = fmt.Sprintf(` support_period_end_date="%s"`, supportEnd)

func full(t testing.TB) *scheme.Item {
	t.Helper()
	return maker(t, today.AddDays(-30), fullClaims, fullFacts+supportFact)
}

// judge evaluates items for a device of a category under the small ladder, and
// each level alone, which must come to the same.
func judge(t testing.TB, category string, items ...*scheme.Item) *scheme.Decision {
	t.Helper()
	dev, subject := device(t, category)
	s := programme(t, small).Newest("ladder")
	d, err := s.Evaluate(dev, subject, items, now)
	must(t, err)
	for i, r := range d.Levels {
		alone, err := s.EvaluateLevel(dev, subject, items, now, i+1)
		must(t, err)
		if !reflect.DeepEqual(alone.Levels[i], r) || !slices.Equal(alone.Evidence, d.Evidence) {
			t.Errorf("level %d is judged as %+v alone, and as %+v with the others", i+1, alone.Levels[i], r)
		}
		for below := range i {
			if alone.Levels[below].Reached {
				t.Errorf("level %d is reached where level %d was judged", below+1, i+1)
			}
		}
	}
	return d
}

// finding returns what a criterion came to when a level is sought.
func finding(t testing.TB, d *scheme.Decision, level int, criterion string) *scheme.Finding {
	t.Helper()
	for _, f := range d.Levels[level-1].Findings {
		if f.Criterion.ID == criterion {
			return f
		}
	}
	t.Fatalf("level %d has no criterion %s", level, criterion)
	return nil
}

// gaps says gaps in one line: "failed by lab: p-1 p-2; …".
func gaps(gs []scheme.Gap) string {
	var out []string
	for _, g := range gs {
		out = append(out, fmt.Sprintf("%s by %s: %s", g.Kind, g.By, strings.Join(g.Items, " ")))
	}
	return strings.Join(out, "; ")
}

// found says a finding in one line, and checks that it is whole: gaps where it
// is not satisfied and only there, each with a text.
func found(t testing.TB, f *scheme.Finding) string {
	t.Helper()
	satisfied := f.State == scheme.Met || f.State == scheme.NotApplicable
	if satisfied != (len(f.Gaps) == 0) {
		t.Errorf("%s is %s with the gaps %q", f.Criterion.ID, f.State, gaps(f.Gaps))
	}
	for _, g := range f.Gaps {
		if g.Text == "" || strings.Contains(g.Text, "%!") {
			t.Errorf("%s has a gap that says %q", f.Criterion.ID, g.Text)
		}
	}
	s := string(f.State)
	if len(f.Gaps) > 0 {
		s += "; " + gaps(f.Gaps)
	}
	return s
}

// summary is a decision as values that reflect.DeepEqual can compare.
type summary struct {
	Reached  int
	Risk     scheme.Risk
	Levels   []bool
	Findings [][]string
	Rests    [][]label.Digest
	Missing  []scheme.Gap
	Unused   []string
}

func summarize(t testing.TB, d *scheme.Decision) summary {
	t.Helper()
	s := summary{Reached: d.Reached, Risk: d.Risk, Missing: d.Missing}
	for _, l := range d.Levels {
		s.Levels = append(s.Levels, l.Reached)
		var fs []string
		for _, f := range l.Findings {
			fs = append(fs, fmt.Sprint(f.Criterion.ID, f.Required, found(t, f), f.By()))
			var ids []label.Digest
			for _, it := range f.Rests {
				ids = append(ids, it.ID)
			}
			s.Rests = append(s.Rests, ids)
		}
		s.Findings = append(s.Findings, fs)
	}
	for _, u := range d.Unused {
		s.Unused = append(s.Unused, fmt.Sprint(u.Item.ID, u.Code, u.Text, u.Against))
	}
	return s
}

// unused says in one line what does not count, and whether it counts against.
func unused(d *scheme.Decision) string {
	var out []string
	for _, u := range d.Unused {
		s := u.Code
		if u.Against {
			s += " against"
		}
		if !u.Until.IsZero() {
			s += " until " + u.Until.String()
		}
		out = append(out, s)
	}
	return strings.Join(out, ", ")
}

// rests reports whether a finding rests on an item.
func rests(f *scheme.Finding, it *scheme.Item) bool { return slices.Contains(f.Rests, it) }
