package search_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/search"
)

var start = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

// made returns a label, changed by change.
func made(n int, change func(*label.Label)) *label.History {
	l := &label.Label{
		ID: label.ID(fmt.Sprintf("%012d", n)), Issued: start, Expires: start.AddDate(2, 0, 0), Assurance: label.LabTested,
		Maker: label.Party{ID: "northlight", Name: "Northlight Devices"}, Level: label.Level{Number: 1 + n%4, Of: 4, Presentation: label.Ladder},
		Device: label.Device{Brand: "Northlight", Name: fmt.Sprint("Northlight Camera ", n), Model: fmt.Sprint("NL-C", n), Category: "ip-camera"},
	}
	l.Scheme.ID = "four-level"
	l.Product.SupportEnd = label.NewDate(2030, 1, 1).AddDays(n)
	if change != nil {
		change(l)
	}
	return &label.History{Label: l}
}

func record(h *label.History, entry int64, now time.Time) *search.Record {
	return search.NewRecord(h.Label.Outline(), h.Statuses, entry, now)
}

// shelf returns an index of labels that differ in what tests look at.
func shelf() *search.Index {
	x := search.NewIndex()
	var records []*search.Record
	for i, change := range []func(*label.Label){
		nil,
		func(l *label.Label) { l.Device.Name, l.Device.Category = "Northlight Plug Mini", "smart-plug" },
		func(l *label.Label) {
			l.Device.Brand, l.Device.Name, l.Device.Model = "Müller & Söhne", "Café Crème Maker ＣＯＦＦＥＥ", "X/100-a"
			l.Maker = label.Party{ID: "mueller", Name: "Müller GmbH"}
		},
		func(l *label.Label) { l.Device.Name = "Cameron Lamp" },
		func(l *label.Label) { l.Expires = start.AddDate(0, 0, 1) },
		func(l *label.Label) { l.Device.Name, l.Device.Brand = "カメラ 屋外用", "北光" },
	} {
		records = append(records, record(made(i, change), int64(i), start))
	}
	x.Put(records)
	return x
}

func ids(r *search.Result) (list []string) {
	for _, rec := range r.Records {
		list = append(list, strings.TrimLeft(string(rec.ID), "0"))
	}
	return list
}

func TestFind(t *testing.T) {
	s := shelf().Snapshot()
	for _, c := range []struct {
		q    search.Query
		want string // the last digits of IDs, in order; 0 is empty
	}{
		{search.Query{}, "5 4 3 2 1 "},
		{search.Query{Text: "camera"}, "4 "},
		{search.Query{Text: "CAMER"}, "4 3 "}, // also the beginning of Cameron
		{search.Query{Text: "plug northlight"}, "1"},
		{search.Query{Text: "north plug"}, "1"},
		{search.Query{Text: "muller creme"}, "2"},
		{search.Query{Text: "MÜLLER coffee"}, "2"},
		{search.Query{Text: "x100a"}, "2"},
		{search.Query{Text: "x/100-a"}, "2"},
		{search.Query{Text: "カメラ"}, "5"},
		{search.Query{Text: "nothing of the kind"}, ""},
		{search.Query{Text: "<script>' OR 1=1 --"}, ""},
		{search.Query{Text: "---"}, ""},
		{search.Query{Text: "🔒"}, ""},
		{search.Query{Text: " "}, "5 4 3 2 1 "},
		{search.Query{Text: "mueller"}, "2"},
		{search.Query{Category: "smart-plug"}, "1"},
		{search.Query{Level: 2}, "5 1"},
		{search.Query{Manufacturer: "mueller"}, "2"},
		{search.Query{Scheme: "none"}, ""},
		{search.Query{Assurance: label.SelfDeclared}, ""},
		{search.Query{Sort: search.Level}, "3 2 5 1 4 "},
		{search.Query{Sort: search.Name}, "2 3  4 1 5"},
		{search.Query{Sort: search.Support}, "5 4 3 2 1 "},
	} {
		r, err := s.Find(c.q, start)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(ids(r), " "); got != c.want || r.Total != len(r.Records) {
			t.Errorf("%+v finds %q of %d, want %q", c.q, got, r.Total, c.want)
		}
	}
	r, err := s.Find(search.Query{State: label.Expired}, start.AddDate(0, 0, 2))
	if err != nil || strings.Join(ids(r), " ") != "4" || r.States[label.Active] != 5 {
		t.Errorf("expired are %v (%v)", ids(r), err)
	}
	if r, err = s.Find(search.Query{Text: "camra"}, start); err != nil || r.Total != 0 || r.Propose != "camera" {
		t.Errorf("for camra is proposed %q (%v)", r.Propose, err)
	}
	if r, err = s.Find(search.Query{Text: "northlihgt plug"}, start); err != nil || r.Propose != "northlight plug" {
		t.Errorf("for northlihgt is proposed %q (%v)", r.Propose, err)
	}
}

// TestSpellings finds a name by each spelling of it, from each keyboard.
func TestSpellings(t *testing.T) {
	for _, c := range []struct {
		typed, name string
		found       bool
	}{
		{"kueche", "Küche", true}, {"kuche", "Küche", true}, {"KÜCHE", "Kueche", true}, {"ku\u0308", "Kueche", true}, {"kuch", "Kueche", false},
		{"soeren", "Søren", true}, {"soren", "Søren", true}, {"søren", "Soeren", true}, {"aarhus", "Århus", true}, {"arhus", "Århus", true},
		{"naesta", "Nästa", true}, {"lodz", "Łódź", true}, {"blue", "Blü", true}, {"blu", "Blue", true},
	} {
		x := search.NewIndex()
		x.Put([]*search.Record{record(made(1, func(l *label.Label) {
			l.Device.Brand, l.Device.Name, l.Device.Model, l.Maker = "B", c.name, "M", label.Party{ID: "q", Name: "Q"}
		}), 1, start)})
		if r, err := x.Snapshot().Find(search.Query{Text: c.typed}, start); err != nil || (r.Total == 1) != c.found {
			t.Errorf("%s finds %d of %s (%v)", c.typed, r.Total, c.name, err)
		}
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	s := shelf().Snapshot()
	for field, q := range map[string]search.Query{
		"q": {Text: strings.Repeat("a", search.MaxQuery+1)}, "sort": {Sort: "colour"}, "state": {State: "melted"}, "page": {Page: search.MaxPage + 1},
		"checked": {Assurance: "twice"},
	} {
		refusedAs(t, s, q, field)
	}
	refusedAs(t, s, search.Query{Text: "caf\xe9"}, "q")
	refusedAs(t, s, search.Query{State: label.NotIssued}, "state")
	refusedAs(t, s, search.Query{Page: -1}, "page")
	for _, q := range []search.Query{{Text: strings.Repeat("é", search.MaxQuery)}, {Page: search.MaxPage}, {State: label.Withdrawn}} {
		if _, err := s.Find(q, start); err != nil {
			t.Errorf("%+v is refused: %v", q, err)
		}
	}
}

// refusedAs has a query refused for a field of it.
func refusedAs(t *testing.T, s *search.Snapshot, q search.Query, field string) {
	t.Helper()
	if _, err := s.Find(q, start); err == nil || !strings.HasPrefix(err.Error(), field+":") {
		t.Errorf("%s: %v", field, err)
	}
}

// TestHas asks which categories and schemes there are, before and after labels came.
func TestHas(t *testing.T) {
	empty, s := search.NewIndex().Snapshot(), shelf().Snapshot()
	if empty.HasCategory("ip-camera") || empty.HasScheme("four-level") || empty.Len() != 0 {
		t.Error("an index without labels has some")
	}
	if !s.HasCategory("ip-camera") || !s.HasCategory("smart-plug") || s.HasCategory("toy") || s.HasCategory("") || !s.HasScheme("four-level") || s.HasScheme("two-level") {
		t.Error("the shelf has other categories or schemes")
	}
}

// TestSnapshotsStay searches a snapshot after the index has changed under it.
func TestSnapshotsStay(t *testing.T) {
	x := shelf()
	before := x.Snapshot()
	h := made(1, func(l *label.Label) { l.Device.Name, l.Device.Category = "Northlight Plug Mini", "smart-plug" })
	h.Statuses = []*label.Status{{Label: h.Label.ID, Number: 1, Action: label.Revoke, Recorded: start, Effective: start}}
	x.Put([]*search.Record{record(h, 1, start), record(made(9, func(l *label.Label) { l.Device.Name, l.Device.Category = "Plug", "toy" }), 9, start)})
	for _, c := range []struct {
		s     *search.Snapshot
		total int
		state label.State
	}{{before, 1, label.Active}, {x.Snapshot(), 2, label.Revoked}} {
		r, err := c.s.Find(search.Query{Text: "plug"}, start)
		if err != nil || r.Total != c.total || r.Records[c.total-1].State != c.state || c.s.HasCategory("toy") != (c.total == 2) {
			t.Errorf("found are %d, %v (%v), want %d", r.Total, r.States, err, c.total)
		}
	}
}

func TestProposals(t *testing.T) {
	for _, c := range []struct {
		typed, name string
		near        bool
	}{
		{"camra", "camera", true}, {"cameera", "camera", true}, {"canera", "camera", true}, {"caemra", "camera", true},
		{"camea", "camera", true}, {"camer", "camera", false}, // the beginning is found as it is
		{"cmra", "camera", false}, {"kamera", "camera", false}, {"söne", "söhne", true}, {"sohme", "söhne", true},
	} {
		x := search.NewIndex()
		x.Put([]*search.Record{record(made(1, func(l *label.Label) {
			l.Device.Brand, l.Device.Name, l.Device.Model, l.Maker = "B", c.name, "M", label.Party{ID: "q", Name: "Q"}
		}), 1, start)})
		r, err := x.Snapshot().Find(search.Query{Text: c.typed}, start)
		if err != nil || (r.Propose != "") != c.near {
			t.Errorf("for %s is proposed %q (%v)", c.typed, r.Propose, err)
		}
	}
}

// TestProposesTheModel looks for a model number as people misread it, alone and after
// other words.
func TestProposesTheModel(t *testing.T) {
	x := search.NewIndex()
	x.Put([]*search.Record{record(made(1, func(l *label.Label) {
		l.Device.Brand, l.Device.Name, l.Device.Model, l.Maker = "Northlight", "Porch Camera 2", "NL-C210", label.Party{ID: "northlight", Name: "Northlight"}
	}), 1, start)})
	for typed, want := range map[string]string{
		"NL-C21O": "NL-C210", "nl c21o": "NL-C210", "NL-С210": "NL-C210", "NLC2lO": "NL-C210", "porch NL-C21O": "porch NL-C210",
		"NL-C211": "", "toaster NL-C21O": "", "porch NL-C210 NL-C21O": "porch NL-C210 NL-C210",
	} {
		r, err := x.Snapshot().Find(search.Query{Text: typed}, start)
		if err != nil || r.Total != 0 || r.Propose != want {
			t.Errorf("for %q are found %d and proposed %q (%v)", typed, r.Total, r.Propose, err)
		}
	}
}

// TestModel puts random labels and changes into an index, and compares what it
// finds with what a look at every label gives.
func TestModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	brands, kinds := []string{"Northlight", "Merrimake", "Kestrel", "Öko"}, []string{"camera", "plug", "lamp", "toy"}
	x := search.NewIndex()
	known := map[label.ID]*label.History{}
	entries := map[label.ID]int64{}
	now := start
	for step := range 100 {
		now = now.Add(time.Duration(rnd.IntN(48)) * time.Hour)
		var put []*search.Record
		many := rnd.IntN(30)
		if step%40 == 0 {
			many = 2500 // both segments become one
		}
		for range many {
			n := len(known)
			h := made(n, func(l *label.Label) {
				l.Device.Brand, l.Device.Category = brands[rnd.IntN(4)], kinds[rnd.IntN(4)]
				l.Device.Name = l.Device.Brand + " " + l.Device.Category
				l.Maker = label.Party{ID: "maker", Name: "Maker"}
				l.Issued, l.Expires = now, now.Add(time.Duration(rnd.IntN(90*24))*time.Hour)
			})
			known[h.Label.ID], entries[h.Label.ID] = h, int64(n)
			put = append(put, record(h, int64(n), now))
		}
		for id, h := range known {
			if rnd.IntN(40) == 0 && len(h.Statuses) == 0 {
				h.Statuses = append(h.Statuses, &label.Status{Label: id, Number: 1, Action: label.Suspend, Recorded: now, Effective: now})
				put = append(put, record(h, entries[id], now))
			}
		}
		x.Put(put)
		q := search.Query{Sort: search.Sorts[rnd.IntN(len(search.Sorts))]}
		if rnd.IntN(2) == 0 {
			q.Text = brands[rnd.IntN(4)][:3]
		}
		if rnd.IntN(2) == 0 {
			q.Category = kinds[rnd.IntN(4)]
		}
		if rnd.IntN(2) == 0 {
			q.State = []label.State{label.Active, label.Expired, label.Suspended}[rnd.IntN(3)]
		}
		if rnd.IntN(3) == 0 {
			q.Level = 1 + rnd.IntN(4)
		}
		want := 0
		for _, h := range known {
			l := h.Label
			if (q.Text == "" || strings.HasPrefix(l.Device.Brand, q.Text)) && (q.Category == "" || l.Device.Category == q.Category) &&
				(q.State == "" || h.StandingAt(now).State == q.State) && (q.Level == 0 || l.Level.Number == q.Level) {
				want++
			}
		}
		r, err := x.Snapshot().Find(q, now)
		if err != nil || r.Total != want || x.Snapshot().Len() != len(known) {
			t.Fatalf("step %d: %+v finds %d, want %d (%v)", step, q, r.Total, want, err)
		}
		seen := map[label.ID]bool{}
		for page := 1; page <= r.Pages; page++ {
			q.Page = page
			r, err := x.Snapshot().Find(q, now)
			if err != nil {
				t.Fatal(err)
			}
			for _, rec := range r.Records {
				if seen[rec.ID] {
					t.Fatalf("step %d: %s is on two pages", step, rec.ID)
				}
				want := record(known[rec.ID], entries[rec.ID], now)
				if rec.Brand != want.Brand || rec.Name != want.Name || rec.Model != want.Model || rec.Category != want.Category || rec.Manufacturer != want.Manufacturer ||
					rec.Level != want.Level || rec.Assurance != want.Assurance || rec.SupportEnd != want.SupportEnd || rec.State != want.State || rec.Entry != want.Entry {
					t.Fatalf("step %d: found %+v, want %+v", step, rec, want)
				}
				seen[rec.ID] = true
			}
		}
		if len(seen) != min(want, search.MaxPage*search.PageSize) {
			t.Fatalf("step %d: the pages have %d labels, want %d", step, len(seen), want)
		}
	}
}

// BenchmarkFind searches 200,000 labels. Target: 20 ms for 99 of 100 queries.
func BenchmarkFind(b *testing.B) {
	x := search.NewIndex()
	var records []*search.Record
	rnd := rand.New(rand.NewPCG(1, 2))
	syllables := []string{"nor", "light", "kes", "trel", "mer", "ri", "make", "po", "lar", "is", "hal", "cyon", "ve", "ga"}
	word := func() string { return syllables[rnd.IntN(14)] + syllables[rnd.IntN(14)] + syllables[rnd.IntN(14)] }
	for i := range 200_000 {
		h := made(i, func(l *label.Label) {
			l.Device.Brand, l.Device.Category = word(), word()[:3]
			l.Device.Name = l.Device.Brand + " " + word() + " " + word()
			l.Maker = label.Party{ID: word(), Name: word() + " GmbH"}
		})
		if i%50 == 0 {
			h.Statuses = append(h.Statuses, &label.Status{Label: h.Label.ID, Number: 1, Action: label.Suspend, Recorded: start, Effective: start})
		}
		records = append(records, record(h, int64(i), start))
	}
	began := time.Now()
	x.Put(records)
	b.ReportMetric(time.Since(began).Seconds(), "build-s")
	queries := []search.Query{
		{}, {Text: "northlight"}, {Text: "nor"}, {Text: "n"}, {Text: "norlightkes make"}, {Text: "nl-c12345"}, {Category: "nor"},
		{State: label.Suspended}, {Level: 3, Sort: search.Name}, {Text: "me", Sort: search.Support, Page: 50}, {Text: "nolrightkes"}, {Text: "gmbh polar", State: label.Active},
	}
	var times []time.Duration
	for b.Loop() {
		for _, q := range queries {
			at := time.Now()
			if _, err := x.Snapshot().Find(q, start); err != nil {
				b.Fatal(err)
			}
			times = append(times, time.Since(at))
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(times[len(times)*99/100].Microseconds())/1000, "p99-ms")
}
