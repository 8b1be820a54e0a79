package scheme_test

import (
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

func TestRead(t *testing.T) {
	r := report(t, today.AddDays(-3), 2, "p-1=pass p-3=fail", `open_ports=3 entropy=12.5 languages=["de","fr"] storage="tee" note="x"`)
	v := verified(t, label.TypeTestReport, r)
	it, err := programme(t, small).Read(v)
	must(t, err)
	if it.ID != v.ID() || it.Type != label.TypeTestReport || it.Signer != "lab" || it.Number != r.Number || it.Date != r.Period.To ||
		it.Standard != "small" || it.Edition != "A" || !slices.Equal(it.Methods, r.Methods) || !slices.Equal(it.Firmware, r.Firmware) || it.Product != nil || it.Source() != scheme.Lab {
		t.Errorf("the report was read as %+v", it)
	}
	d := declaration(t, today, "p-1=pass", supportFact)
	v = verified(t, label.TypeDeclaration, d)
	it, err = programme(t, small).Read(v)
	must(t, err)
	if it.ID != v.ID() || it.Type != label.TypeDeclaration || it.Signer != "maker" || it.Number != d.Number || it.Date != today ||
		it.Methods != nil || it.Firmware != nil || !reflect.DeepEqual(*it.Product, d.Product) || it.Source() != scheme.Declaration {
		t.Errorf("the declaration was read as %+v", it)
	}
}

func TestReadRefuses(t *testing.T) {
	p := programme(t, small)
	rep := func(facts string) *label.TestReport { return report(t, today, 1, "p-1=pass", facts) }
	dec := func(facts string) *label.Declaration { return declaration(t, today, "p-1=pass", facts) }
	reportWith := func(change func(*label.TestReport)) *label.TestReport {
		r := rep("")
		change(r)
		return r
	}
	decWith := func(change func(*label.Declaration)) *label.Declaration {
		d := dec("")
		change(d)
		return d
	}
	list := func(n int, text string) string {
		return "languages=[" + strings.TrimSuffix(strings.Repeat(`"`+text+`",`, n), ",") + "]"
	}
	for _, row := range []struct {
		name      string
		predicate any
		reason    label.Reason
		field     string
		says      string
	}{
		{"standard", reportWith(func(r *label.TestReport) { r.Standard = "large" }), label.ReasonUnknownStandard, "predicate.standard", `no standard "large"`},
		{"standard of a declaration", decWith(func(d *label.Declaration) { d.Standard = "large" }), label.ReasonUnknownStandard, "predicate.standard", `no standard "large"`},
		{"edition", reportWith(func(r *label.TestReport) { r.Edition = "C" }), label.ReasonUnknownStandard, "predicate.edition", `no edition "C" in the catalogue; known are A, B`},
		{"provision", report(t, today, 1, "p-1=pass p-9=pass", ""), label.ReasonUnknownProvision, "predicate.verdicts[1].provision", `no provision "p-9"`},
		{"provision of another edition", report(t, today, 1, "b-1=pass", ""), label.ReasonUnknownProvision, "predicate.verdicts[0].provision", `Small Standard A has no provision "b-1"`},
		{"claim of an unknown provision", declaration(t, today, "p-1=pass p-2=pass p-9=pass", ""), label.ReasonUnknownProvision, "predicate.claims[2].provision", `"p-9"`},
		{"fact", rep("colour=1"), label.ReasonUnknownFact, "predicate.facts.colour", "no such fact"},
		{"instant as a fact", rep(`at="2026-01-01"`), label.ReasonUnknownFact, "predicate.facts.at", "no such fact"},

		{"a lab's fact from the manufacturer", dec("scanned=true"), label.ReasonFactSupplier, "predicate.facts.scanned", "is for the lab to state"},
		{"the manufacturer's fact from a lab", rep("threat_model=true"), label.ReasonFactSupplier, "predicate.facts.threat_model", "is for the manufacturer to state"},

		{"bool as text", rep(`has_radio="true"`), label.ReasonFactType, "predicate.facts.has_radio", "must be true or false"},
		{"bool as number", rep(`has_radio=1`), label.ReasonFactType, "predicate.facts.has_radio", "must be true or false"},
		{"bool as null", rep(`has_radio=null`), label.ReasonFactType, "predicate.facts.has_radio", "must be true or false"},
		{"int as text", rep(`password_length="8"`), label.ReasonFactType, "predicate.facts.password_length", "must be a whole number of characters"},
		{"int with a fraction", rep(`password_length=8.5`), label.ReasonFactType, "predicate.facts.password_length", "whole number"},
		{"int with an exponent", rep(`password_length=1e1`), label.ReasonFactType, "predicate.facts.password_length", "whole number"},
		{"int beyond 64 bits", rep(`open_ports=9223372036854775808`), label.ReasonFactType, "predicate.facts.open_ports", "must be a whole number"},
		{"number as bool", rep(`entropy=true`), label.ReasonFactType, "predicate.facts.entropy", "must be a number of bits"},
		{"number beyond range of doubles", rep(`entropy=1e999`), label.ReasonFactType, "predicate.facts.entropy", "must be a number"},
		{"text as number", dec(`note=3`), label.ReasonFactType, "predicate.facts.note", "must be a text"},
		{"text as object", dec(`note={}`), label.ReasonFactType, "predicate.facts.note", "a text or a list of texts"},
		{"date as number", dec(`support_period_end_date=2030`), label.ReasonFactType, "predicate.facts.support_period_end_date", "must be a date such as"},
		{"date with a time", dec(`support_period_end_date="2030-01-01T00:00:00Z"`), label.ReasonFactType, "predicate.facts.support_period_end_date", "must be a date such as"},
		{"no such day", dec(`support_period_end_date="2030-02-30"`), label.ReasonFactType, "predicate.facts.support_period_end_date", "must be a date such as"},
		{"enum as bool", rep(`storage=true`), label.ReasonFactType, "predicate.facts.storage", "must be one of none, tee, chip"},
		{"list as text", rep(`languages="de"`), label.ReasonFactType, "predicate.facts.languages", "must be a list of at most 64 texts"},
		{"list of numbers", rep(`languages=[1]`), label.ReasonFactType, "predicate.facts.languages", "a text or a list of texts"},
		{"list too long", rep(list(65, "de")), label.ReasonFactType, "predicate.facts.languages", "must be a list of at most 64 texts"},

		{"int below its range", rep(`password_length=-1`), label.ReasonFactRange, "predicate.facts.password_length", "must be at least 0 characters"},
		{"int above its range", rep(`password_length=65`), label.ReasonFactRange, "predicate.facts.password_length", "must be at most 64 characters"},
		{"number below its range", rep(`entropy=-0.1`), label.ReasonFactRange, "predicate.facts.entropy", "must be at least 0 bits"},
		{"number above its range", rep(`entropy=512.6`), label.ReasonFactRange, "predicate.facts.entropy", "must be at most 512.5 bits"},
		{"no value of the enum", rep(`storage="vault"`), label.ReasonFactRange, "predicate.facts.storage", "must be one of none, tee, chip"},
		{"text too long", dec(`note="` + strings.Repeat("x", label.MaxProse+1) + `"`), label.ReasonFactRange, "predicate.facts.note", "is longer than 2000 bytes"},
		{"text in a list too long", rep(list(1, strings.Repeat("x", label.MaxProse+1))), label.ReasonFactRange, "predicate.facts.languages", "has a text longer than 2000 bytes"},
		{"two ends of support", dec(`support_period_end_date="2030-01-01"`), label.ReasonFactRange, "predicate.facts.support_period_end_date", "differs from product.supportEnd, which is " + supportEnd.String()},

		{"predicate that does not validate", reportWith(func(r *label.TestReport) { r.Methods = nil }), label.ReasonMissing, "predicate.methods", "labelctl scheme methods"},
		{"method that is not defined", reportWith(func(r *label.TestReport) { r.Methods = []label.Method{"look", "guess"} }), label.ReasonUnknownMethod, "predicate.methods[1]", "look, probe, attack"},
		{"method of a verdict that is not defined", reportWith(func(r *label.TestReport) { r.Verdicts[0].Methods = []label.Method{"guess"} }), label.ReasonUnknownMethod, "predicate.verdicts[0].methods[0]", "look, probe, attack"},
		{"member nobody defined", map[string]any{"lab": "lab", "grade": "A"}, label.ReasonUnknownField, "predicate.grade", "no such member"},
		{"declaration that does not validate", decWith(func(d *label.Declaration) { d.Signatory.Name = "" }), label.ReasonMissing, "predicate.signatory.name", "is required"},
	} {
		t.Run(row.name, func(t *testing.T) {
			kind := label.TypeTestReport
			if _, ok := row.predicate.(*label.Declaration); ok {
				kind = label.TypeDeclaration
			}
			_, err := p.Read(verified(t, kind, row.predicate))
			wants(t, err, label.Invalid, row.reason, row.field, row.says)
		})
	}
	_, err := p.Read(verified(t, label.TypeLabel, rep("")))
	wants(t, err, label.Invalid, label.ReasonUnknownType, "predicateType", "accepted are")
}

// TestReadEdges accepts what lies just inside each bound.
func TestReadEdges(t *testing.T) {
	r := report(t, today, 3, "p-1=pass", "password_length=0 open_ports=-9223372036854775808 entropy=512.5 storage=\"none\"")
	r.Facts["languages"] = label.JSON(`["` + strings.Repeat("x", label.MaxProse) + `"` + strings.Repeat(`, "de"`, 63) + "]")
	read(t, programme(t, small), label.TypeTestReport, r)
	r.Facts["password_length"], r.Facts["entropy"] = label.JSON("64"), label.JSON("0")
	read(t, programme(t, small), label.TypeTestReport, r)
	d := declaration(t, today, "", supportFact)
	d.Facts["note"] = label.JSON(`"` + strings.Repeat("x", label.MaxProse) + `"`)
	read(t, programme(t, small), label.TypeDeclaration, d)
	d.Edition, d.Claims = "B", verdicts(t, "b-1=pass")
	read(t, programme(t, small), label.TypeDeclaration, d)
}

func TestCheckDevice(t *testing.T) {
	p := programme(t, small)
	dev, _ := device(t, "camera")
	must(t, p.CheckDevice(dev))
	dev.Category = "submarine"
	wants(t, p.CheckDevice(dev), label.Invalid, label.ReasonUnknownCategory, "device.category", `"submarine"`)
	_, err := p.Newest("ladder").Evaluate(dev, label.Digest{}, nil, now)
	wants(t, err, label.Precondition, label.ReasonUnknownCategory, "device.category", `"submarine"`)
}

// TestCheckAge walks the edges of how old evidence may be: the ladder takes
// reports for 6 months and declarations for 9.
func TestCheckAge(t *testing.T) {
	p := programme(t, small)
	day := label.NewDate(2026, time.August, 31)
	rep := lab(t, day, 1, "p-1=pass", "")
	dec := maker(t, day, "p-1=pass", "")
	for _, row := range []struct {
		name   string
		item   *scheme.Item
		now    time.Time
		reason label.Reason // empty: accepted
		field  string
	}{
		{"the moment its day begins", rep, day.Start(), "", ""},
		{"the moment before", rep, day.Start().Add(-1), label.ReasonInFuture, "predicate.period.to"},
		{"a declaration of tomorrow", dec, day.Start().Add(-1), label.ReasonInFuture, "predicate.date"},
		{"still today in UTC", rep, day.End().Add(-1).In(time.FixedZone("east", 14*3600)), "", ""},
		{"already tomorrow in the east", rep, day.Start().Add(-1).In(time.FixedZone("east", 14*3600)), label.ReasonInFuture, "predicate.period.to"},
		// Six months after 31 August is 28 February.
		{"the last moment of six months", rep, label.NewDate(2027, time.February, 28).End().Add(-1), "", ""},
		{"six months are over", rep, label.NewDate(2027, time.March, 1).Start(), label.ReasonTooOld, "predicate.period.to"},
		{"a declaration lives longer", dec, label.NewDate(2027, time.May, 31).End().Add(-1), "", ""},
		{"nine months are over", dec, label.NewDate(2027, time.June, 1).Start(), label.ReasonTooOld, "predicate.date"},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := p.CheckAge(row.item, row.now)
			if row.reason == "" {
				must(t, err)
				return
			}
			wants(t, err, label.Invalid, row.reason, row.field, day.String())
		})
	}
	// What counts in any scheme is accepted: a second scheme with a longer memory.
	m := copyOf(t, os.DirFS("testdata/small"))
	m["schemes/patient/1.yaml"] = m["schemes/ladder/1.yaml"]
	edit(t, m, "schemes/patient/1.yaml", "id: ladder", "id: patient")
	edit(t, m, "schemes/patient/1.yaml", "{lab: 6,", "{lab: 8,")
	two, err := scheme.Load(m)
	must(t, err)
	if refs := two.Refs(); len(refs) != 2 || refs[0].ID != "ladder" || refs[1].ID != "patient" {
		t.Errorf("two schemes are listed as %+v", refs)
	}
	must(t, two.CheckAge(rep, label.NewDate(2027, time.April, 30).End().Add(-1)))
	wants(t, two.CheckAge(rep, label.NewDate(2027, time.May, 1).Start()), label.Invalid, label.ReasonTooOld, "predicate.period.to", "8 months")
}

// TestGist stores items and reads them back: they judge as they did.
func TestGist(t *testing.T) {
	items := []*scheme.Item{
		full(t),
		lab(t, today.AddDays(-9), 3, "p-1=pass p-2=inconclusive p-3=fail p-4=not-applicable", `has_update=false entropy=40.5 note="a=b\nc\td" languages=["a\n","="]`),
		lab(t, today.AddDays(-5), 1, "p-5=pass", ""),
		maker(t, today, "", ""),
		lab(t, today.AddDays(-8), 3, "p-1=fail", "open_ports=3"),
		changed(t, today.AddDays(-7), 3, "p-1=pass", "open_ports=0"),
	}
	items = append(items, amended(t, today.AddDays(-5), 1, "p-5=fail", "", correct(items[2])))
	var stored []*scheme.Item
	for _, it := range items {
		b, err := it.Gist()
		must(t, err)
		again, err := scheme.ReadGist(it.ID, b)
		must(t, err)
		if again.ID != it.ID || again.Source() != it.Source() || again.Date != it.Date || again.Number != it.Number ||
			again.Changed != it.Changed || again.Corrects != it.Corrects {
			t.Errorf("stored %+v, read back %+v", it, again)
		}
		twice, err := again.Gist()
		must(t, err)
		if string(twice) != string(b) {
			t.Errorf("read back and stored again, the gist is\n%s\nand was\n%s", twice, b)
		}
		stored = append(stored, again)
	}
	for _, category := range []string{"plug", "camera"} {
		same(t, summarize(t, judge(t, category, stored...)), summarize(t, judge(t, category, items...)))
	}
}

// TestGistDamaged reads gists that no item gives. None of them may make a
// device better than it is.
func TestGistDamaged(t *testing.T) {
	good := full(t)
	b, err := good.Gist()
	must(t, err)
	head, rest, _ := strings.Cut(string(b), "\n")
	for _, bad := range []string{"", head, "{}x\n", "{\"grade\":1}\n" + rest, "[]\n" + rest} {
		if it, err := scheme.ReadGist(good.ID, []byte(bad)); err == nil {
			t.Errorf("%q was read as %+v", bad, it)
		}
	}
	damaged := strings.Replace(string(b), "p-1=pass", "p-1=pasz", 1)
	it, err := scheme.ReadGist(good.ID, []byte(damaged))
	must(t, err)
	if d := judge(t, "plug", it); d.Reached != 0 || found(t, finding(t, d, 1, "base")) != "undetermined; inconclusive by declaration: p-1" {
		t.Errorf("a verdict nobody knows gave level %d: %s", d.Reached, found(t, finding(t, d, 1, "base")))
	}
}
