package search_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/label"
	"labeld/internal/search"
)

// A shop is the model: labels in a list, each looked at for each query.
type shop struct {
	histories []*label.History // by their entry in the log
	words     [][]string       // of each, by which it is found
	now       time.Time
}

// record returns what the index is told of a label, as it stands now.
func (s *shop) record(entry int) *search.Record {
	return record(s.histories[entry], int64(entry), s.now)
}

// A found label, and how well.
type finding struct {
	entry       int
	whole, live bool
}

// find looks at every label.
func (s *shop) find(q search.Query) (found []finding, categories map[string]int, levels map[search.Step]int, states map[label.State]int) {
	categories, levels, states = map[string]int{}, map[search.Step]int{}, map[label.State]int{}
	terms, others := search.Words(q.Text), search.Words(search.Spelled(q.Text))
	if len(others) != len(terms) {
		others = terms
	}
	terms = terms[:min(len(terms), search.MaxWords)]
	if len(terms) == 0 && strings.TrimSpace(q.Text) != "" {
		return nil, categories, levels, states
	}
	for entry, h := range s.histories {
		l := h.Label
		fits, whole := true, true
		words := s.words[entry]
		for i, t := range terms {
			begins := slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(w, t) || strings.HasPrefix(w, others[i]) })
			whole = whole && (slices.Contains(words, t) || slices.Contains(words, others[i]))
			fits = fits && begins
		}
		state := h.StandingAt(s.now).State
		fits = fits && (q.Scheme == "" || l.Scheme.ID == q.Scheme) && (q.Manufacturer == "" || l.Maker.ID == q.Manufacturer) && (q.Assurance == "" || l.Assurance == q.Assurance)
		if !fits {
			continue
		}
		step, ladder := search.Step{Number: l.Level.Number}, l.Level.Presentation == label.Ladder
		if !ladder {
			step.Scheme = l.Scheme.ID
		}
		category, level, standing := q.Category == "" || l.Device.Category == q.Category, q.Level == 0 || l.Level.Number == q.Level && (ladder || q.Scheme != ""), q.State == "" || state == q.State
		if level && standing {
			categories[l.Device.Category]++
		}
		if category && standing {
			levels[step]++
		}
		if category && level {
			states[state]++
		}
		if category && level && standing {
			found = append(found, finding{entry, whole, state == label.Active})
		}
	}
	first := func(a, b bool) int { // true before false
		switch {
		case a == b:
			return 0
		case a:
			return -1
		}
		return 1
	}
	slices.SortFunc(found, func(a, b finding) int {
		x, y := s.histories[a.entry].Label, s.histories[b.entry].Label
		newest := cmp.Compare(b.entry, a.entry)
		switch q.Sort {
		case search.Newest:
			return newest
		case search.Level:
			return cmp.Or(cmp.Compare(y.Level.Number, x.Level.Number), newest)
		case search.Name:
			return cmp.Or(cmp.Compare(search.Fold(x.Device.Name), search.Fold(y.Device.Name)), -newest)
		case search.Support:
			return cmp.Or(y.Product.SupportEnd.Start().Compare(x.Product.SupportEnd.Start()), newest)
		}
		return cmp.Or(first(a.whole, b.whole), first(a.live, b.live), newest)
	})
	return found, categories, levels, states
}

// Words that shelves and queries are made of, in several scripts; some begin like others,
// some are one slip away from others, some are spelled in two ways.
var (
	vocabulary = []string{
		"Camera", "Cam", "Cameron", "camra", "Plug", "Mini", "Küche", "Kueche", "Kuche", "Söhne", "Søren", "Ångström", "Łódź", "Café", "CRÈME", "ＣＯＦＦＥＥ", "Straße",
		"カメラ", "カメ", "屋外用", "北光", "ガラス", "카메라", "камера", "Камеры", "ΟΔΟΣ", "οδός", "مصباح", "می\u200cخواهم", "कैमरा", "हिन्दी", "กล้อง", "2", "24", "2k",
	}
	models = []string{"NL-C210", "NL-C21O", "nl c210", "X/100-a", "X100A", "型番-7", "КМ-3"}
)

// TestAgainstTheShop has an index follow a random log of labels in several scripts, and of
// what happens to them, in parts of random size; beside it indexes are made anew, as
// after a restart. Random queries find in all of them what a look at every label finds, in
// its order, page by page, and count what it counts.
func TestAgainstTheShop(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	pick := func(from []string) string { return from[rnd.IntN(len(from))] }
	phrase := func(most int) string {
		var list []string
		for range 1 + rnd.IntN(most) {
			list = append(list, pick(vocabulary))
		}
		return strings.Join(list, []string{" ", " ", "-", " & ", "\u3000"}[rnd.IntN(5)])
	}
	categories, schemes, makers := []string{"ip-camera", "smart-plug", "toy"}, []string{"four-level", "two-level"}, []string{"northlight", "mueller", "kita"}
	s, x := &shop{now: start}, search.NewIndex()
	for step := range 80 {
		s.now = s.now.Add(time.Duration(rnd.IntN(36)) * time.Hour)
		changed := map[int]bool{}
		for range rnd.IntN(12) {
			changed[len(s.histories)] = true
			s.histories = append(s.histories, made(len(s.histories), func(l *label.Label) {
				maker := pick(makers)
				l.Device.Brand, l.Device.Name, l.Device.Model, l.Device.Category = pick(vocabulary), phrase(3), pick(models), pick(categories)
				l.Maker, l.Scheme.ID = label.Party{ID: maker, Name: maker + " GmbH"}, pick(schemes)
				l.Assurance = []label.Assurance{label.LabTested, label.SelfDeclared}[rnd.IntN(2)]
				l.Product.SupportEnd = label.NewDate(2027, 1, 1).AddDays(rnd.IntN(20))
				l.Issued, l.Expires = s.now, s.now.Add(time.Duration(1+rnd.IntN(60*24))*time.Hour)
			}))
			s.words = append(s.words, search.WordsOf(s.record(len(s.histories)-1)))
		}
		for entry, h := range s.histories {
			standing := h.StandingAt(s.now)
			action := []label.Action{label.Suspend, label.Reinstate, label.Revoke, label.Withdraw}[rnd.IntN(4)]
			if _, err := standing.Admit(action); err == nil && rnd.IntN(10) == 0 {
				h.Statuses = append(h.Statuses, &label.Status{Label: h.Label.ID, Number: len(h.Statuses) + 1, Action: action, Recorded: s.now, Effective: s.now})
				changed[entry] = true
			}
		}
		for len(changed) > 0 { // in parts, some of which have a label twice
			var part []*search.Record
			for entry := range changed {
				part = append(part, s.record(entry))
				if rnd.IntN(5) == 0 {
					part = append(part, s.record(entry))
				}
				delete(changed, entry)
				if rnd.IntN(4) == 0 {
					break
				}
			}
			x.Put(part)
		}
		indexes := []*search.Index{x}
		if step%16 == 15 {
			indexes = append(indexes, s.again(rnd, 1), s.again(rnd, 7))
		}
		for range 8 {
			q := search.Query{Sort: search.Sorts[rnd.IntN(len(search.Sorts))]}
			if rnd.IntN(4) > 0 {
				q.Text = s.typed(rnd, phrase(2))
			}
			if rnd.IntN(4) == 0 {
				q.Category = pick(append(categories, "none"))
			}
			if rnd.IntN(4) == 0 {
				q.Level = 1 + rnd.IntN(5)
			}
			if rnd.IntN(4) == 0 {
				q.Scheme = pick(append(schemes, "none"))
			}
			if rnd.IntN(4) == 0 {
				q.Manufacturer = pick(append(makers, "none"))
			}
			if rnd.IntN(4) == 0 {
				q.State = label.States[1+rnd.IntN(len(label.States)-1)]
			}
			if rnd.IntN(4) == 0 {
				q.Assurance = []label.Assurance{label.LabTested, label.SelfDeclared}[rnd.IntN(2)]
			}
			for i, index := range indexes {
				s.compare(t, fmt.Sprintf("step %d, index %d", step, i), index.Snapshot(), q)
			}
		}
		for _, index := range indexes {
			var ids []label.ID
			for id := range index.Snapshot().IDs() {
				ids = append(ids, id)
			}
			slices.Sort(ids)
			if len(slices.Compact(ids)) != len(s.histories) || index.Snapshot().Len() != len(s.histories) {
				t.Fatalf("step %d: there are %d labels, the index has %d of %d", step, len(s.histories), len(ids), index.Snapshot().Len())
			}
		}
	}
}

// again makes an index anew, in some parts in random order.
func (s *shop) again(rnd *rand.Rand, parts int) *search.Index {
	x := search.NewIndex()
	entries := rnd.Perm(len(s.histories))
	for part := range slices.Chunk(entries, 1+len(entries)/parts) {
		var records []*search.Record
		for _, entry := range part {
			records = append(records, s.record(entry))
		}
		x.Put(records)
	}
	return x
}

// typed returns a text as people type it: in part, in capitals, with a slip.
func (s *shop) typed(rnd *rand.Rand, text string) string {
	switch rnd.IntN(5) {
	case 0:
		r := []rune(text)
		return string(r[:1+rnd.IntN(len(r))])
	case 1:
		return strings.ToUpper(text)
	case 2:
		r := []rune(text)
		i := rnd.IntN(len(r))
		return string(slices.Delete(r, i, i+1))
	case 3:
		return models[rnd.IntN(len(models))]
	}
	return text
}

// compare holds what an index finds against the shop.
func (s *shop) compare(t *testing.T, where string, x *search.Snapshot, q search.Query) {
	t.Helper()
	want, categories, levels, states := s.find(q)
	r, err := x.Find(q, s.now)
	if err != nil {
		t.Fatalf("%s: %+v: %v", where, q, err)
	}
	if r.Total != len(want) || r.Pages != min((len(want)+search.PageSize-1)/search.PageSize, search.MaxPage) {
		t.Fatalf("%s: %+v finds %d on %d pages, want %d", where, q, r.Total, r.Pages, len(want))
	}
	if !maps.Equal(r.Categories, categories) || !maps.Equal(r.Levels, levels) || !maps.Equal(r.States, states) {
		t.Fatalf("%s: %+v counts %v %v %v, want %v %v %v", where, q, r.Categories, r.Levels, r.States, categories, levels, states)
	}
	at := 0
	for page := 1; page <= max(r.Pages, 1); page++ {
		q.Page = page
		if r, err = x.Find(q, s.now); err != nil {
			t.Fatal(err)
		}
		for _, rec := range r.Records {
			if at == len(want) || rec.Entry != int64(want[at].entry) {
				t.Fatalf("%s: %+v has %d in place %d, want %+v", where, q, rec.Entry, at, want)
			}
			h := s.histories[want[at].entry]
			if standing := h.StandingAt(s.now); rec.State != standing.State || rec.ID != h.Label.ID || rec.Name != h.Label.Device.Name || rec.Standing.State != standing.State {
				t.Fatalf("%s: found %+v, want %+v", where, rec, h.Label)
			}
			at++
		}
	}
	if at != len(want) {
		t.Fatalf("%s: the pages of %+v have %d labels, want %d", where, q, at, len(want))
	}
	if r.Propose != "" {
		if r.Total > 0 {
			t.Fatalf("%s: %+v finds something, and %q is proposed", where, q, r.Propose)
		}
		if found, _, _, _ := s.find(search.Query{Text: r.Propose}); len(found) == 0 {
			t.Fatalf("%s: for %+v is proposed %q, which finds nothing either", where, q, r.Propose)
		}
	}
}
