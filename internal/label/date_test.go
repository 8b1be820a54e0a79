package label_test

import (
	"encoding/json"
	"math/rand/v2"
	"testing"
	"time"

	"labeld/internal/label"
)

func date(t testing.TB, s string) label.Date {
	t.Helper()
	d, err := label.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestParseDate(t *testing.T) {
	for _, s := range []string{"2026-05-31", "2024-02-29", "0001-01-02", "9999-12-31"} {
		if got := date(t, s).String(); got != s {
			t.Errorf("%s comes back as %s", s, got)
		}
	}
	for _, s := range []string{
		"", "2026-5-31", "2026-05-1", "2026-02-29", "2026-13-01", "2026-00-10", "2026-01-00", "20260531", "2026-05-31T00:00:00Z",
		" 2026-05-31", "2026-05-31 ", "+026-05-31", "12026-05-31", "2026/05/31", "31-05-2026", "0001-01-01", "0000-12-31",
	} {
		_, err := label.ParseDate(s)
		wantRefusal(t, err, label.Invalid, label.ReasonMalformed, "")
	}
}

func TestDateText(t *testing.T) {
	var p label.Period
	if err := json.Unmarshal([]byte(`{"from":"2026-01-02","to":"2026-03-04"}`), &p); err != nil {
		t.Fatal(err)
	}
	if p.From != label.NewDate(2026, time.January, 2) || p.To != label.NewDate(2026, time.March, 4) {
		t.Errorf("read %v", p)
	}
	if b, err := json.Marshal(p); err != nil || string(b) != `{"from":"2026-01-02","to":"2026-03-04"}` {
		t.Errorf("wrote %s, %v", b, err)
	}
	var zero label.Date
	if zero.String() != "" || !zero.IsZero() {
		t.Errorf("the zero Date is %q", zero)
	}
	for _, d := range []label.Date{label.NewDate(10000, 1, 1), label.NewDate(0, 12, 31), label.NewDate(-1, 1, 1)} {
		if b, err := d.MarshalText(); err == nil {
			t.Errorf("year %d is written as %s", d.Start().Year(), b)
		}
	}
}

func TestAddMonths(t *testing.T) {
	for _, c := range []struct {
		from string
		n    int
		want string
	}{
		{"2026-01-31", 1, "2026-02-28"},
		{"2028-01-31", 1, "2028-02-29"},
		{"2028-02-29", 12, "2029-02-28"},
		{"2028-02-29", 48, "2032-02-29"},
		{"2028-02-29", -12, "2027-02-28"},
		{"2026-03-31", -1, "2026-02-28"},
		{"2026-05-31", 1, "2026-06-30"},
		{"2026-06-30", 1, "2026-07-30"},
		{"2026-12-31", 2, "2027-02-28"},
		{"2026-11-30", 3, "2027-02-28"},
		{"2026-12-15", 1, "2027-01-15"},
		{"2026-01-15", -1, "2025-12-15"},
		{"2026-01-15", -13, "2024-12-15"},
		{"2026-08-31", 0, "2026-08-31"},
		{"2099-12-31", 2, "2100-02-28"}, // 2100 is no leap year
	} {
		if got := date(t, c.from).AddMonths(c.n).String(); got != c.want {
			t.Errorf("%s and %d months is %s, want %s", c.from, c.n, got, c.want)
		}
	}
	// Whatever the day, n months on is in the n-th month on, and order stays.
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		d := label.NewDate(2000+rnd.IntN(200), time.Month(1+rnd.IntN(12)), 1+rnd.IntN(31))
		n := rnd.IntN(400) - 200
		got := d.AddMonths(n)
		month := func(d label.Date) int { return d.Start().Year()*12 + int(d.Start().Month()) }
		if month(got)-month(d) != n || got.Start().Day() > d.Start().Day() {
			t.Fatalf("%s and %d months is %s", d, n, got)
		}
		if d.AddDays(1).AddMonths(n).Before(got) {
			t.Fatalf("the day after %s comes before it, %d months on", d, n)
		}
	}
}

func TestDayEnds(t *testing.T) {
	d := date(t, "2030-06-30")
	if want := time.Date(2030, 7, 1, 0, 0, 0, 0, time.UTC); !d.End().Equal(want) {
		t.Errorf("%s is over at %s, want %s", d, d.End(), want)
	}
	if want := time.Date(2030, 6, 30, 0, 0, 0, 0, time.UTC); !d.Start().Equal(want) {
		t.Errorf("%s begins at %s, want %s", d, d.Start(), want)
	}
	far := time.FixedZone("UTC+14", 14*60*60)
	for _, c := range []struct {
		at   time.Time
		want bool
	}{
		{d.Start(), true},
		{d.Start().Add(-1), false},
		{d.End().Add(-1), true},
		{d.End(), false},
		{time.Date(2030, 7, 1, 13, 59, 0, 0, far), true}, // 30 June in UTC
		{time.Date(2030, 6, 30, 13, 59, 0, 0, far), false},
	} {
		if got := d.Contains(c.at); got != c.want {
			t.Errorf("%s contains %s: %v", d, c.at, got)
		}
		if got := label.DateOf(c.at) == d; got != c.want {
			t.Errorf("%s is on %s: %v", c.at, d, got)
		}
	}
	next := d.AddDays(1)
	if !d.Before(next) || next.Before(d) || !next.After(d) || d.After(d) || d.Before(d) || d.Compare(next) != -1 || d.Compare(d) != 0 {
		t.Error("days are not in order")
	}
	if next.Start() != d.End() {
		t.Errorf("%s does not begin when %s ends", next, d)
	}
}

func TestEffectiveExpiry(t *testing.T) {
	at := func(day int) time.Time { return time.Date(2029, 1, day, 0, 0, 0, 0, time.UTC) }
	term := label.End{At: at(3), Bound: label.BoundSchemeTerm}
	support := label.End{At: at(2), Bound: label.BoundSupportEnd}
	evidence := label.End{At: at(1), Bound: label.BoundEvidenceExpiry}
	for name, c := range map[string]struct {
		ends []label.End
		want label.End
	}{
		"nothing binds":             {nil, label.End{}},
		"one":                       {[]label.End{term}, term},
		"the earliest, first":       {[]label.End{evidence, support, term}, evidence},
		"the earliest, last":        {[]label.End{term, support, evidence}, evidence},
		"the earliest, between":     {[]label.End{term, evidence, support}, evidence},
		"a zero time binds nothing": {[]label.End{{Bound: label.BoundSupportEnd}, term}, term},
		"only zero times":           {[]label.End{{Bound: label.BoundSupportEnd}}, label.End{}},
		"of equals the first":       {[]label.End{{At: at(1), Bound: label.BoundSchemeTerm}, evidence}, label.End{At: at(1), Bound: label.BoundSchemeTerm}},
		"of equals the other first": {[]label.End{evidence, {At: at(1), Bound: label.BoundSchemeTerm}}, evidence},
		"a nanosecond is a difference": {
			[]label.End{term, {At: at(3).Add(-1), Bound: label.BoundSupportEnd}}, label.End{At: at(3).Add(-1), Bound: label.BoundSupportEnd},
		},
	} {
		if got := label.EffectiveExpiry(c.ends...); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
