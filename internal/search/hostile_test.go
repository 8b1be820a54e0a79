package search_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"labeld/internal/label"
	"labeld/internal/search"
)

// hostile are queries that are as long as one may be and take as many passes as they can.
var hostile = map[string]string{
	"single letters":             strings.Repeat("a ", search.MaxQuery/2),
	"letters that signs divide":  strings.Repeat("a-", search.MaxQuery/2),
	"many words after a few":     strings.Repeat("q-", 90) + " b c d e f g",
	"fields of many words":       strings.Repeat(strings.Repeat("q/", 11)+" ", 8),
	"words that are not there":   strings.Repeat("zz9-", search.MaxQuery/4),
	"model numbers":              strings.Repeat("NL-C21O ", search.MaxQuery/8),
	"one long word":              strings.Repeat("a", search.MaxQuery),
	"signs":                      strings.Repeat("-", search.MaxQuery),
	"ligatures that come apart":  strings.Repeat("ﷺ", search.MaxQuery),
	"letters in two spellings":   strings.Repeat("ä ", search.MaxQuery/2),
	"marks":                      "a" + strings.Repeat("\u0301", search.MaxQuery-1),
	"emoji":                      strings.Repeat("🔒", search.MaxQuery/2),
	"lone joiners":               strings.Repeat("\u200c", search.MaxQuery),
	"slips":                      "camra camra camra camra camra camra camra camra",
	"slips that signs divide":    strings.Repeat("camra-", 33),
	"a field of words with more": "a-b-c-d-e-f-g-h i",
}

// TestHostileQueriesAreBounded counts the sets that queries have made for them, by what
// they allocate on a shelf beyond what they do where there is nothing. A query may take a
// pass for each word that is looked for, in both spellings, for a proposal, and for a
// model number after each of the words, whatever signs are between them.
func TestHostileQueriesAreBounded(t *testing.T) {
	x := search.NewIndex()
	for _, n := range []int{2500, 100} { // the large segment, and the small one
		var records []*search.Record
		for range n {
			i := x.Snapshot().Len() + len(records)
			records = append(records, record(made(i, func(l *label.Label) { l.Device.Name = "A " + strings.Repeat("a", 1+i%100) + " camera" }), int64(i), start))
		}
		x.Put(records)
	}
	const (
		pass   = 2 * 2               // two sets in each of two segments
		passes = 2*search.MaxWords + // both spellings
			2*search.MaxWords + // the proposal, and whether it finds something
			search.MaxWords*search.MaxWords // model numbers
	)
	allocs := func(s *search.Snapshot, text string) float64 {
		return testing.AllocsPerRun(1, func() {
			if _, err := s.Find(search.Query{Text: text}, start); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		})
	}
	for name, text := range hostile {
		if n := label.TypedLength(text); n > search.MaxQuery {
			t.Errorf("%s: is %d characters long", name, n)
			continue
		}
		if n := allocs(x.Snapshot(), text) - allocs(search.NewIndex().Snapshot(), text); n > pass*passes {
			t.Errorf("%s: makes %.0f things, want at most %d", name, n, pass*passes)
		}
	}
}

// FuzzFind types anything into the search of a small shop, with any filter: it is refused
// or finds what a look at every label finds.
func FuzzFind(f *testing.F) {
	for _, text := range hostile {
		f.Add(text, "", "", 0, 0)
	}
	for i, text := range []string{"", " ", "camera", "KÜCHE", "カメ", "nl c21o", "camra", "\xff", "\x00", "می\u200cخواهم", "हिन्दी", "2"} {
		f.Add(text, string(search.Sorts[i%len(search.Sorts)]), string(label.States[i%len(label.States)]), i%5, i-1)
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	s := &shop{now: start}
	x := search.NewIndex()
	for i := range 60 {
		s.histories = append(s.histories, made(i, func(l *label.Label) {
			l.Device.Brand, l.Device.Model = vocabulary[rnd.IntN(len(vocabulary))], models[rnd.IntN(len(models))]
			l.Device.Name = vocabulary[rnd.IntN(len(vocabulary))] + " " + vocabulary[rnd.IntN(len(vocabulary))]
		}))
		s.words = append(s.words, search.WordsOf(s.record(i)))
		x.Put([]*search.Record{s.record(i)})
	}
	f.Fuzz(func(t *testing.T, text, sort, state string, level, page int) {
		q := search.Query{Text: text, Sort: search.Sort(sort), State: label.State(state), Level: level, Page: page}
		if _, err := x.Snapshot().Find(q, start); err != nil {
			if label.ReasonOf(err) == label.ReasonInternal {
				t.Fatalf("%+v is answered %v", q, err)
			}
			if label.TypedLength(text) <= search.MaxQuery && utf8.ValidString(text) && sort == "" && state == "" && page >= 0 && page <= search.MaxPage {
				t.Fatalf("%+v is refused: %v", q, err)
			}
			return
		}
		s.compare(t, "a small shop", x.Snapshot(), q)
	})
}
