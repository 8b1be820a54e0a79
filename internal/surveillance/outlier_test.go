package surveillance_test

import (
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/surveillance"
)

var day = label.NewDate(2027, time.March, 1)

// report returns an ordinary report whose ID, number, device and evidence are its
// own, with one failure or none. Reports run for five days, two a day begin.
func report(i int, lab string, failed bool) surveillance.Report {
	digest := func(what string) label.Digest { return label.DigestOf(fmt.Appendf(nil, "%s %s %d", what, lab, i)) }
	r := surveillance.Report{
		ID: digest("report"), Lab: lab, Number: fmt.Sprintf("%s-%d", strings.ToUpper(lab[:1]), i),
		Standard: "en303645", Category: "light", Device: digest("device"), Manufacturer: fmt.Sprintf("maker-%d", i%3),
		From: day.AddDays(i / 2), To: day.AddDays(i/2 + 4), Received: day.AddDays(i/2 + 4),
		Pass: 30, NotApplicable: 2, Inconclusive: 1, Evidence: []label.Digest{digest("evidence")},
	}
	if failed {
		r.Pass, r.Fail = 29, 1
	}
	return r
}

// reports returns n reports of which the first failed have a failure.
func reports(lab string, n, failed int) []surveillance.Report {
	list := make([]surveillance.Report, n)
	for i := range list {
		list[i] = report(i, lab, i < failed)
	}
	return list
}

func in(category string, list []surveillance.Report) []surveillance.Report {
	for i := range list {
		list[i].Category = category
		list[i].ID = label.DigestOf(append(list[i].ID[:], category...))
		list[i].Evidence = nil
	}
	return list
}

func outliers(list ...[]surveillance.Report) []surveillance.Finding {
	return surveillance.Outliers(slices.Concat(list...), surveillance.DefaultBounds)
}

func TestNothingOdd(t *testing.T) {
	if got := outliers(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	if got := outliers(reports("alpha", 60, 12), reports("beta", 80, 18), reports("gamma", 15, 0)); len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// everything gives two same-evidence, two impossible-period, one overload and
// two pass-rate findings.
func everything() []surveillance.Report {
	list := slices.Concat(reports("alpha", 60, 0), reports("beta", 80, 40), reports("gamma", 70, 20))
	list[61].Evidence = append(list[61].Evidence, list[0].Evidence[0], list[0].Evidence[0])
	list[2].From = list[2].To.AddDays(3)
	list[2].Received = list[2].To.AddDays(-400)
	for i := range 45 {
		list[140+i].From, list[140+i].To = day, day.AddDays(i%2)
	}
	return list
}

func TestEverythingOdd(t *testing.T) {
	list := everything()
	got := outliers(list)
	var texts []string
	for _, f := range got {
		texts = append(texts, string(f.Kind)+": "+f.Text)
	}
	want := []string{
		"same-evidence: Lab alpha: 1 evidence digest in each of 2 reports by 2 labs about 2 devices of 2 manufacturers, among them report B-1 of beta and report A-0 of alpha.",
		"same-evidence: Lab beta: 1 evidence digest in each of 2 reports by 2 labs about 2 devices of 2 manufacturers, among them report B-1 of beta and report A-0 of alpha.",
		"impossible-period: Report A-2 of lab alpha says that the tests ended on 2027-03-06, 400 days after it was received on 2026-01-30.",
		"impossible-period: Report A-2 of lab alpha says that the tests began on 2027-03-09 and ended on 2027-03-06, 3 days before they began.",
		"overload: Lab gamma was testing for 45 reports on 2027-03-01, which is over the bound of 40; it was on 1 day in all.",
		"pass-rate: Lab alpha found a failure in 0 of 60 reports (0.0%), for 3 manufacturers; other labs did in 60 of 150, which for its mix of categories and standards would be 40.0% (p below 0.000001).",
		"pass-rate: Lab beta found a failure in 40 of 80 reports (50.0%), for 3 manufacturers; other labs did in 20 of 130, which for its mix of categories and standards would be 15.4% (p below 0.000001).",
	}
	if !slices.Equal(texts, want) {
		t.Fatalf("%s\nwant\n%s", strings.Join(texts, "\n"), strings.Join(want, "\n"))
	}
	if want := []label.Digest{list[61].ID, list[0].ID}; !slices.Equal(got[0].Reports, want) || !slices.Equal(got[0].Evidence, list[0].Evidence) {
		t.Errorf("evidence in reports %v, want %v", got[0].Reports, want)
	}
	if want := map[string]float64{"evidence": 1, "reports": 2, "labs": 2, "manufacturers": 2, "devices": 2}; !reflect.DeepEqual(got[0].Figures, want) {
		t.Errorf("%v, want %v", got[0].Figures, want)
	}
	if want := map[string]float64{"reports": 45, "days": 1, "bound": 40}; !reflect.DeepEqual(got[4].Figures, want) || len(got[4].Reports) != 45 {
		t.Errorf("%v, want %v", got[4].Figures, want)
	}
	f := got[5].Figures
	p := f["p"]
	delete(f, "p")
	if want := map[string]float64{
		"reports": 60, "failed": 0, "rate": 0, "otherReports": 150, "otherFailed": 60, "otherRate": 0.4,
		"manufacturers": 3, "pass": 1800, "fail": 0, "notApplicable": 120, "inconclusive": 60,
	}; !reflect.DeepEqual(f, want) || p <= 0 || p > 1e-6 || len(got[5].Reports) != 60 {
		t.Errorf("%v, want %v", f, want)
	}
}

// TestOutliersOrder: neither the order of reports nor a report given twice
// changes what is found, and the input is left as it is.
func TestOutliersOrder(t *testing.T) {
	list := everything()
	want := outliers(list)
	rng := rand.New(rand.NewPCG(8, 8))
	for range 10 {
		list = append(list, list[rng.IntN(len(list))])
		rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		before := slices.Clone(list)
		if got := outliers(list); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v, want %+v", got, want)
		}
		if !reflect.DeepEqual(before, list) {
			t.Fatal("the reports were changed")
		}
	}
}

func TestSameEvidence(t *testing.T) {
	shared := label.DigestOf([]byte("shared"))
	share := func(change func(r []surveillance.Report)) []surveillance.Report {
		list := reports("alpha", 3, 0)
		for i := range 2 {
			list[i].Evidence = append(list[i].Evidence, shared)
		}
		change(list)
		return list
	}
	for _, row := range []struct {
		name    string
		list    []surveillance.Report
		figures []map[string]float64
	}{
		{"two devices", share(func(r []surveillance.Report) {}),
			[]map[string]float64{{"evidence": 1, "reports": 2, "labs": 1, "manufacturers": 2, "devices": 2}}},
		{"one device tested twice", share(func(r []surveillance.Report) {
			r[1].Device, r[1].Manufacturer = r[0].Device, r[0].Manufacturer
		}), nil},
		{"one device, two labs", share(func(r []surveillance.Report) {
			r[1].Device, r[1].Manufacturer, r[1].Lab = r[0].Device, r[0].Manufacturer, "beta"
		}), slices.Repeat([]map[string]float64{{"evidence": 1, "reports": 2, "labs": 2, "manufacturers": 1, "devices": 1}}, 2)},
		{"twice in one report", share(func(r []surveillance.Report) { r[0].Evidence, r[1].Evidence = []label.Digest{shared, shared}, nil }), nil},
		{"two digests in the same reports", share(func(r []surveillance.Report) {
			e := label.DigestOf([]byte("other"))
			r[0].Evidence, r[1].Evidence = append(r[0].Evidence, e), append(r[1].Evidence, e)
		}), []map[string]float64{{"evidence": 2, "reports": 2, "labs": 1, "manufacturers": 2, "devices": 2}}},
		{"two digests in different reports", share(func(r []surveillance.Report) {
			e := label.DigestOf([]byte("other"))
			for i := range r {
				r[i].Evidence = append(r[i].Evidence, e)
			}
		}), []map[string]float64{
			{"evidence": 1, "reports": 3, "labs": 1, "manufacturers": 3, "devices": 3},
			{"evidence": 1, "reports": 2, "labs": 1, "manufacturers": 2, "devices": 2},
		}},
	} {
		var figures []map[string]float64
		for _, f := range outliers(row.list) {
			if f.Kind != surveillance.SameEvidence {
				t.Errorf("%s: %+v", row.name, f)
			}
			figures = append(figures, f.Figures)
		}
		if !reflect.DeepEqual(figures, row.figures) {
			t.Errorf("%s: %v, want %v", row.name, figures, row.figures)
		}
	}
}

func TestImpossiblePeriod(t *testing.T) {
	for _, row := range []struct {
		name               string
		from, to, received int // days
		want               []float64
	}{
		{"a day", 0, 0, 0, nil},
		{"a long wait", 0, 10, 400, nil},
		{"ends before it begins", 1, 0, 1, []float64{1}},
		{"ends after it was received", 0, 9, 4, []float64{5}},
		{"both", 9, 6, 5, []float64{3, 1}},
	} {
		r := report(0, "alpha", false)
		r.From, r.To, r.Received = day.AddDays(row.from), day.AddDays(row.to), day.AddDays(row.received)
		var got []float64
		for _, f := range outliers([]surveillance.Report{r}) {
			if f.Kind != surveillance.ImpossiblePeriod || f.Lab != "alpha" || !slices.Equal(f.Reports, []label.Digest{r.ID}) {
				t.Errorf("%s: %+v", row.name, f)
			}
			got = append(got, f.Figures["days"])
		}
		if !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

// TestOverload compares the sweep with a count for every day.
func TestOverload(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	b := surveillance.DefaultBounds
	found := 0
	for round := range 300 {
		b.SameDay = 1 + rng.IntN(12)
		list := reports("alpha", rng.IntN(40), 0)
		for i := range list {
			list[i].From = day.AddDays(rng.IntN(20))
			list[i].To = list[i].From.AddDays(rng.IntN(6) - 1)
			list[i].Received = day.AddDays(60)
		}
		most, days := 0, 0
		var ids []label.Digest
		for d := range 30 {
			var running []label.Digest
			for _, r := range list {
				if !day.AddDays(d).Before(r.From) && !day.AddDays(d).After(r.To) {
					running = append(running, r.ID)
				}
			}
			if len(running) > most {
				most, ids = len(running), running
			}
			if len(running) > b.SameDay {
				days++
			}
		}
		slices.SortFunc(ids, func(a, b label.Digest) int { return strings.Compare(a.String(), b.String()) })
		var got []surveillance.Finding
		for _, f := range surveillance.Outliers(list, b) {
			if f.Kind == surveillance.Overload {
				got = append(got, f)
			}
		}
		if most <= b.SameDay {
			if len(got) > 0 {
				t.Fatalf("round %d: %+v", round, got)
			}
			continue
		}
		found++
		want := map[string]float64{"reports": float64(most), "days": float64(days), "bound": float64(b.SameDay)}
		if len(got) != 1 || !reflect.DeepEqual(got[0].Figures, want) || !slices.Equal(got[0].Reports, ids) {
			t.Fatalf("round %d: %+v, want %v", round, got, want)
		}
	}
	if found < 50 {
		t.Errorf("only %d rounds had a finding", found)
	}
}

func TestPassRate(t *testing.T) {
	for _, row := range []struct {
		name string
		list []surveillance.Report
		want string // labs, worst first
	}{
		{"never fails", slices.Concat(reports("alpha", 50, 0), reports("beta", 50, 20), reports("gamma", 50, 18)), "alpha"},
		{"fails too often", slices.Concat(reports("alpha", 50, 40), reports("beta", 500, 100), reports("gamma", 500, 95)), "alpha"},
		{"one far off takes others along", slices.Concat(reports("alpha", 50, 40), reports("beta", 50, 10), reports("gamma", 50, 9)), "alpha gamma beta"},
		{"one of two", slices.Concat(reports("alpha", 50, 0), reports("beta", 50, 30)), "alpha beta"},
		{"too few of its own", slices.Concat(reports("alpha", 9, 9), reports("beta", 500, 5)), ""},
		{"enough of its own", slices.Concat(reports("alpha", 10, 10), reports("beta", 500, 5), reports("gamma", 500, 12)), "alpha"},
		{"too few of others", slices.Concat(reports("alpha", 500, 0), reports("beta", 9, 9)), ""},
		{"significant and small", slices.Concat(reports("alpha", 5000, 1500), reports("beta", 5000, 1800)), ""},
		{"other categories", slices.Concat(in("router", reports("alpha", 50, 45)), reports("beta", 50, 0)), ""},
		{"nothing tried", slices.Concat(untried(reports("alpha", 50, 0)), reports("beta", 50, 25), reports("gamma", 50, 25)), ""},
		{"alone", reports("alpha", 500, 0), ""},
	} {
		var labs []string
		for _, f := range surveillance.Outliers(row.list, surveillance.Bounds{MinReports: 10, P: 0.001, Odds: 2, SameDay: 1 << 30}) {
			if f.Kind == surveillance.PassRate {
				labs = append(labs, f.Lab)
			}
		}
		if got := strings.Join(labs, " "); got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

func untried(list []surveillance.Report) []surveillance.Report {
	for i := range list {
		list[i].Pass, list[i].Fail = 0, 0
	}
	return list
}

// TestPassRateComparesLikeWithLike: alpha tests routers, which fail at every lab,
// the others mostly lights, which do not. Taken together alpha would stand out.
func TestPassRateComparesLikeWithLike(t *testing.T) {
	mixed := slices.Concat(
		in("router", reports("alpha", 60, 36)), in("light", reports("alpha", 10, 1)),
		in("router", reports("beta", 20, 12)), in("light", reports("beta", 200, 20)),
		in("router", reports("gamma", 20, 11)), in("light", reports("gamma", 200, 22)),
	)
	if got := outliers(mixed); slices.ContainsFunc(got, func(f surveillance.Finding) bool { return f.Kind == surveillance.PassRate }) {
		t.Errorf("%+v", got)
	}
	for i := range mixed {
		mixed[i].Category = "anything"
	}
	if got := outliers(mixed); !slices.ContainsFunc(got, func(f surveillance.Finding) bool { return f.Kind == surveillance.PassRate && f.Lab == "alpha" }) {
		t.Error("the categories make no difference here")
	}
}

// TestPassRateByChance: labs of one kind, many times. The test is exact, so of a
// thousand labs at most about one may stand out.
func TestPassRateByChance(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	flagged := 0
	for range 200 {
		var list []surveillance.Report
		for _, lab := range []string{"alpha", "beta", "gamma", "delta", "epsilon"} {
			for i := range 20 + rng.IntN(60) {
				list = append(list, report(i, lab, rng.IntN(5) == 0))
			}
		}
		for _, f := range outliers(list) {
			if f.Kind == surveillance.PassRate {
				flagged++
			}
		}
	}
	if flagged > 4 {
		t.Errorf("%d of 1000 labs stand out by chance", flagged)
	}
}

// TestExact compares p with sums of binomial coefficients in whole numbers, over
// one stratum and over three.
func TestExact(t *testing.T) {
	tea := slices.Concat(reports("alpha", 4, 3), reports("beta", 4, 1))
	if got := exactP(t, tea); math.Abs(got-34.0/70) > 1e-12 {
		t.Errorf("Fisher's tea tasting: p = %v, want %v", got, 34.0/70)
	}
	rng := rand.New(rand.NewPCG(11, 11))
	for round := range 60 {
		var list []surveillance.Report
		type table struct{ own, ownFailed, other, otherFailed int }
		var tables []table
		for s := range 1 + round%3 {
			c := table{own: 1 + rng.IntN(25), other: 1 + rng.IntN(40)}
			c.ownFailed, c.otherFailed = rng.IntN(c.own+1), rng.IntN(c.other+1)
			tables = append(tables, c)
			category := fmt.Sprintf("category-%d", s)
			list = append(list, in(category, reports("alpha", c.own, c.ownFailed))...)
			list = append(list, in(category, reports("beta", c.other, c.otherFailed))...)
		}
		ways, observed := []*big.Int{big.NewInt(1)}, 0
		for _, c := range tables {
			next := make([]*big.Int, len(ways)+c.own)
			for i := range next {
				next[i] = new(big.Int)
			}
			failed := c.ownFailed + c.otherFailed
			for i, w := range ways {
				for x := range c.own + 1 {
					if x <= failed && failed-x <= c.other {
						y := new(big.Int).Mul(new(big.Int).Binomial(int64(c.own), int64(x)), new(big.Int).Binomial(int64(c.other), int64(failed-x)))
						next[i+x].Add(next[i+x], y.Mul(y, w))
					}
				}
			}
			ways, observed = next, observed+c.ownFailed
		}
		tail, all := new(big.Int), new(big.Int)
		for _, w := range ways {
			all.Add(all, w)
			if w.Cmp(ways[observed]) <= 0 {
				tail.Add(tail, w)
			}
		}
		want, _ := new(big.Rat).SetFrac(tail, all).Float64()
		if got := exactP(t, list); math.Abs(got-want) > 1e-9*want {
			t.Errorf("round %d, %+v: p = %v, want %v", round, tables, got, want)
		}
	}
}

// exactP returns p for lab alpha, whatever it is.
func exactP(t *testing.T, list []surveillance.Report) float64 {
	t.Helper()
	for _, f := range surveillance.Outliers(list, surveillance.Bounds{P: 2, SameDay: 1 << 30}) {
		if f.Kind == surveillance.PassRate && f.Lab == "alpha" {
			return f.Figures["p"]
		}
	}
	t.Fatal("no pass rate for alpha")
	return 0
}

// TestManyReports: figures stay finite where probabilities are smaller than the
// smallest number.
func TestManyReports(t *testing.T) {
	list := slices.Concat(
		in("light", reports("alpha", 3000, 0)), in("light", reports("beta", 3000, 3000)),
		in("router", reports("alpha", 500, 0)), in("router", reports("beta", 500, 500)),
	)
	for _, f := range surveillance.Outliers(list, surveillance.Bounds{MinReports: 10, P: 0.001, Odds: 2, SameDay: 1 << 30}) {
		if f.Kind != surveillance.PassRate || !strings.HasSuffix(f.Text, "(p below 0.000001).") {
			t.Errorf("%s", f.Text)
		}
		for name, v := range f.Figures {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Errorf("%s is %v", name, v)
			}
		}
	}
}
