package surveillance_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math/big"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

// naive is the draw as the package comment tells it, with big numbers and a scan
// over all that is left.
func naive(seed [32]byte, plan string, candidates []surveillance.Candidate, n int) []surveillance.Drawn {
	left := slices.Clone(candidates)
	slices.SortFunc(left, func(a, b surveillance.Candidate) int { return strings.Compare(string(a.ID), string(b.ID)) })
	two64 := new(big.Int).Lsh(big.NewInt(1), 64)
	drawn := []surveillance.Drawn{}
	for k := 0; k < n && len(left) > 0; k++ {
		w := new(big.Int)
		for _, c := range left {
			w.Add(w, big.NewInt(c.Weight))
		}
		l := new(big.Int).Div(two64, w)
		l.Mul(l, w)
		x, ticket := l, []byte(nil)
		for a := 0; x.Cmp(l) >= 0; a++ {
			mac := hmac.New(sha256.New, seed[:])
			mac.Write([]byte("labeld surveillance v1"))
			mac.Write([]byte{0})
			mac.Write([]byte(plan))
			mac.Write([]byte{0})
			binary.Write(mac, binary.BigEndian, int64(k))
			binary.Write(mac, binary.BigEndian, int32(a))
			ticket = mac.Sum(nil)
			x = new(big.Int).SetBytes(ticket[:8])
		}
		r := new(big.Int).Mod(x, w)
		sum := new(big.Int)
		for i, c := range left {
			if sum.Add(sum, big.NewInt(c.Weight)).Cmp(r) > 0 {
				drawn = append(drawn, surveillance.Drawn{Position: k, ID: c.ID, Weight: c.Weight, Ticket: label.Digest(ticket)})
				left = slices.Delete(left, i, i+1)
				break
			}
		}
	}
	return drawn
}

// population returns candidates with different IDs and weights up to most.
func population(t testing.TB, rng *rand.Rand, n int, most int64) []surveillance.Candidate {
	t.Helper()
	source := rand.NewChaCha8([32]byte(binary.BigEndian.AppendUint64(make([]byte, 24), rng.Uint64())))
	seen := map[label.ID]bool{}
	candidates := make([]surveillance.Candidate, 0, n)
	for len(candidates) < n {
		id, err := label.NewID(source)
		if err != nil {
			t.Fatal(err)
		}
		if !seen[id] {
			seen[id] = true
			candidates = append(candidates, surveillance.Candidate{ID: id, Weight: 1 + rng.Int64N(most)})
		}
	}
	return candidates
}

func draw(t testing.TB, seed [32]byte, plan string, candidates []surveillance.Candidate, n int) []surveillance.Drawn {
	t.Helper()
	drawn, err := surveillance.Draw(seed, plan, candidates, n)
	if err != nil {
		t.Fatal(err)
	}
	return drawn
}

// TestVectors holds the draw to results that a program in another language gave.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/draw.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		Cases []struct {
			Name       string
			Seed       label.Digest
			Plan       string
			Count      int
			Candidates []surveillance.Candidate
			Drawn      []surveillance.Drawn
		}
	}
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	if len(vectors.Cases) < 8 {
		t.Fatalf("%d cases", len(vectors.Cases))
	}
	for _, c := range vectors.Cases {
		if got := draw(t, c.Seed, c.Plan, c.Candidates, c.Count); !reflect.DeepEqual(got, c.Drawn) {
			t.Errorf("%s: drawn %+v, want %+v", c.Name, got, c.Drawn)
		}
		if got := naive(c.Seed, c.Plan, c.Candidates, c.Count); !reflect.DeepEqual(got, c.Drawn) {
			t.Errorf("%s: the naive draw gives %+v, want %+v", c.Name, got, c.Drawn)
		}
	}
}

// TestAgainstNaive compares with the naive draw and checks what must hold of any
// draw: the order of candidates does not matter, none is drawn twice, and a
// longer draw begins with the shorter one.
func TestAgainstNaive(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for round := range 300 {
		most := []int64{1, 3, 1000, 1_000_000_000, 1 << 55}[round%5]
		candidates := population(t, rng, rng.IntN(60), most)
		seed, n := sha256.Sum256([]byte{byte(round), byte(round >> 8)}), rng.IntN(70)
		got := draw(t, seed, "plan-1", candidates, n)
		if want := naive(seed, "plan-1", candidates, n); !reflect.DeepEqual(got, want) {
			t.Fatalf("round %d: drawn %+v, want %+v", round, got, want)
		}
		before := slices.Clone(candidates)
		longer := draw(t, seed, "plan-1", candidates, n+1)
		if !slices.Equal(before, candidates) {
			t.Fatalf("round %d: the draw changed its input", round)
		}
		rng.Shuffle(len(candidates), func(i, j int) { candidates[i], candidates[j] = candidates[j], candidates[i] })
		if again := draw(t, seed, "plan-1", candidates, n); !slices.Equal(again, got) {
			t.Fatalf("round %d: another order of candidates gives another result", round)
		}
		if !slices.Equal(longer[:len(got)], got) {
			t.Fatalf("round %d: drawing one more changed the others", round)
		}
		if len(got) != min(n, len(candidates)) {
			t.Fatalf("round %d: drew %d of %d, want %d", round, len(got), len(candidates), n)
		}
		seen := map[label.ID]bool{}
		for k, d := range got {
			if seen[d.ID] || d.Position != k || !slices.Contains(candidates, surveillance.Candidate{ID: d.ID, Weight: d.Weight}) {
				t.Fatalf("round %d: place %d is %+v", round, k, d)
			}
			seen[d.ID] = true
		}
		if err := surveillance.Verify(seed, "plan-1", candidates, n, got); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// TestOtherSeedOrPlan: both decide. The seed is a log's root hash as it comes.
func TestOtherSeedOrPlan(t *testing.T) {
	candidates := population(t, rand.New(rand.NewPCG(2, 2)), 1000, 36)
	tree := translog.Tree{N: 1, Hash: translog.Hash{1}}
	one := draw(t, tree.Hash, "plan-1", candidates, 20)
	for name, other := range map[string][]surveillance.Drawn{
		"seed": draw(t, [32]byte{2}, "plan-1", candidates, 20),
		"plan": draw(t, tree.Hash, "plan-2", candidates, 20),
	} {
		same := 0
		for i := range one {
			if one[i].ID == other[i].ID {
				same++
			}
		}
		if same > 2 {
			t.Errorf("another %s gives the same label in %d of 20 places", name, same)
		}
	}
}

func TestDrawRefuses(t *testing.T) {
	good := population(t, rand.New(rand.NewPCG(3, 3)), 3, 9)
	with := func(change func(c []surveillance.Candidate)) []surveillance.Candidate {
		c := slices.Clone(good)
		change(c)
		return c
	}
	for _, row := range []struct {
		name       string
		plan       string
		candidates []surveillance.Candidate
		n          int
		field      string
		reason     label.Reason
	}{
		{"no plan", "", good, 1, "plan", label.ReasonMissing},
		{"a plan with a separator", "a\x00b", good, 1, "plan", label.ReasonMalformed},
		{"fewer than none", "p", good, -1, "count", label.ReasonOutOfRange},
		{"no weight", "p", with(func(c []surveillance.Candidate) { c[1].Weight = 0 }), 1, "candidates[1].weight", label.ReasonOutOfRange},
		{"a negative weight", "p", with(func(c []surveillance.Candidate) { c[2].Weight = -1 }), 1, "candidates[2].weight", label.ReasonOutOfRange},
		{"a weight over all", "p", with(func(c []surveillance.Candidate) { c[0].Weight = surveillance.MaxTotal + 1 }), 1, "candidates[0].weight", label.ReasonOutOfRange},
		{"weights over all", "p", with(func(c []surveillance.Candidate) { c[0].Weight = surveillance.MaxTotal }), 1, "candidates[1].weight", label.ReasonOutOfRange},
		{"a label twice", "p", append(slices.Clone(good), good[0]), 1, "candidates", label.ReasonExists},
		{"a mistyped label", "p", with(func(c []surveillance.Candidate) { c[1].ID = c[1].ID[:11] + "U" }), 1, "candidates[1].id", label.ReasonIDMalformed},
		{"no label", "p", with(func(c []surveillance.Candidate) { c[1].ID = "" }), 1, "candidates[1].id", label.ReasonIDMalformed},
		{"a label as printed", "p", with(func(c []surveillance.Candidate) { c[0].ID = label.ID(c[0].ID.Pretty()) }), 1, "candidates[0].id", label.ReasonNotCanonical},
	} {
		_, err := surveillance.Draw([32]byte{}, row.plan, row.candidates, row.n)
		refused(t, row.name, err, row.field, row.reason)
		refused(t, row.name, surveillance.Verify([32]byte{}, row.plan, row.candidates, row.n, nil), row.field, row.reason)
	}
	full := with(func(c []surveillance.Candidate) {
		c[0].Weight, c[1].Weight, c[2].Weight = surveillance.MaxTotal-2, 1, 1
	})
	draw(t, [32]byte{}, "p", full, 3)
}

func refused(t *testing.T, name string, err error, field string, reason label.Reason) {
	t.Helper()
	e, ok := err.(*label.Error)
	if !ok || e.Field != field || e.Reason != reason {
		t.Errorf("%s: %v; want field %s, reason %s", name, err, field, reason)
	}
}

// TestFrequencies draws two of five with many fixed seeds. The twenty ordered
// pairs must come up as often as their chances say, (w1/W)·(w2/(W-w1)), by a
// chi-square test on 19 degrees of freedom.
func TestFrequencies(t *testing.T) {
	const draws, critical = 20_000, 43.82 // exceeded by chance once in a thousand
	candidates := population(t, rand.New(rand.NewPCG(4, 4)), 5, 1)
	total := 0.0
	for i := range candidates {
		candidates[i].Weight = int64(1 + i*i)
		total += float64(candidates[i].Weight)
	}
	seen := map[[2]label.ID]int{}
	for i := range draws {
		seed := sha256.Sum256(binary.BigEndian.AppendUint32(nil, uint32(i)))
		d := draw(t, seed, "frequencies", candidates, 2)
		seen[[2]label.ID{d[0].ID, d[1].ID}]++
	}
	chi2 := 0.0
	for _, a := range candidates {
		for _, b := range candidates {
			if a.ID == b.ID {
				continue
			}
			want := draws * float64(a.Weight) / total * float64(b.Weight) / (total - float64(a.Weight))
			off := float64(seen[[2]label.ID{a.ID, b.ID}]) - want
			chi2 += off * off / want
		}
	}
	if chi2 > critical {
		t.Errorf("chi-square is %.1f, over %.2f", chi2, critical)
	}
}

func TestVerifyTellsWhere(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	candidates := population(t, rng, 30, 9)
	stranger := population(t, rng, 1, 9)[0].ID
	right := draw(t, [32]byte{}, "p", candidates, 6)
	q := func(id label.ID) string { return `"` + string(id) + `"` }
	for _, row := range []struct {
		name   string
		change func(d []surveillance.Drawn) []surveillance.Drawn
		want   surveillance.Mismatch
		text   string
	}{
		{"another label", func(d []surveillance.Drawn) []surveillance.Drawn { d[3].ID = stranger; return d },
			surveillance.Mismatch{Field: "drawn[3].id", Claimed: q(stranger), Computed: q(right[3].ID), Places: 1, LeftOut: []label.ID{right[3].ID}, PutIn: []label.ID{stranger}},
			"drawn[3].id: the result says " + q(stranger) + ", the draw gives " + q(right[3].ID) + "; places that differ: 1; left out: 1, the first is " + q(right[3].ID) + "; put in: 1, the first is " + q(stranger)},
		{"two swapped", func(d []surveillance.Drawn) []surveillance.Drawn { d[1], d[4] = d[4], d[1]; return d },
			surveillance.Mismatch{Field: "drawn[1].id", Claimed: q(right[4].ID), Computed: q(right[1].ID), Places: 2},
			"drawn[1].id: the result says " + q(right[4].ID) + ", the draw gives " + q(right[1].ID) + "; places that differ: 2"},
		{"another weight", func(d []surveillance.Drawn) []surveillance.Drawn { d[0].Weight = 77; return d },
			surveillance.Mismatch{Field: "drawn[0].weight", Claimed: "77", Computed: string('0' + byte(right[0].Weight)), Places: 1}, ""},
		{"another place", func(d []surveillance.Drawn) []surveillance.Drawn { d[5].Position = 6; return d },
			surveillance.Mismatch{Field: "drawn[5].position", Claimed: "6", Computed: "5", Places: 1}, ""},
		{"another ticket", func(d []surveillance.Drawn) []surveillance.Drawn { d[2].Ticket = label.Digest{}; return d },
			surveillance.Mismatch{Field: "drawn[2].ticket", Claimed: strings.Repeat("0", 64), Computed: right[2].Ticket.String(), Places: 1}, ""},
		{"too short", func(d []surveillance.Drawn) []surveillance.Drawn { return d[:4] },
			surveillance.Mismatch{Field: "drawn[4]", Computed: q(right[4].ID), Places: 2, LeftOut: []label.ID{right[4].ID, right[5].ID}},
			"drawn[4]: the result ends here, the draw gives " + q(right[4].ID) + "; places that differ: 2; left out: 2, the first is " + q(right[4].ID)},
		{"too long", func(d []surveillance.Drawn) []surveillance.Drawn { return append(d, surveillance.Drawn{Position: 6}) },
			surveillance.Mismatch{Field: "drawn[6]", Claimed: `""`, Places: 1, PutIn: []label.ID{""}},
			`drawn[6]: the result says "", the draw has ended; places that differ: 1; put in: 1, the first is ""`},
	} {
		err := surveillance.Verify([32]byte{}, "p", candidates, 6, row.change(slices.Clone(right)))
		m, ok := err.(*surveillance.Mismatch)
		if !ok || !reflect.DeepEqual(*m, row.want) {
			t.Errorf("%s: %#v, want %#v", row.name, err, row.want)
		} else if row.text != "" && m.Error() != row.text {
			t.Errorf("%s: %s\nwant %s", row.name, m, row.text)
		}
	}
	// A weight that was changed before the draw shows as well, or changes nothing.
	candidates[0].Weight += 1000
	if err := surveillance.Verify([32]byte{}, "p", candidates, 6, right); err == nil {
		t.Error("other weights give the same result")
	}
}

func FuzzDraw(f *testing.F) {
	f.Add([]byte("seed"), "plan", []byte{1, 2, 3, 0, 255}, 3)
	f.Add([]byte{}, "p", []byte{}, 0)
	f.Add([]byte("big"), "2027-spring", slices.Repeat([]byte{255}, 15), 100)
	pool := population(f, rand.New(rand.NewPCG(6, 6)), 64, 1)
	f.Fuzz(func(t *testing.T, seed []byte, plan string, weights []byte, n int) {
		candidates := slices.Clone(pool[:min(len(weights), len(pool))])
		refuse := n < 0
		for i := range candidates {
			// From 0 to just over 2^58, so that tickets are rejected too.
			w := int64(weights[i])
			candidates[i].Weight = w * w * w * w * w * w * w >> (i % 8)
			refuse = refuse || candidates[i].Weight == 0
		}
		key := sha256.Sum256(seed)
		drawn, err := surveillance.Draw(key, plan, candidates, n)
		if err != nil {
			if e, ok := err.(*label.Error); !ok || e.Text == "" || e.Kind != label.Invalid {
				t.Fatalf("%#v", err)
			}
			return
		}
		if refuse {
			t.Fatalf("drew %d of %+v", n, candidates)
		}
		if want := naive(key, plan, candidates, n); !slices.Equal(drawn, want) {
			t.Fatalf("drawn %+v, want %+v", drawn, want)
		}
		slices.SortFunc(candidates, func(a, b surveillance.Candidate) int { return cmp.Compare(a.Weight, b.Weight) })
		if err := surveillance.Verify(key, plan, candidates, n, drawn); err != nil {
			t.Fatal(err)
		}
		if len(drawn) > 0 {
			drawn[len(drawn)/2].Ticket[0] ^= 1
			if _, ok := surveillance.Verify(key, plan, candidates, n, drawn).(*surveillance.Mismatch); !ok {
				t.Fatal("a changed ticket passes")
			}
		}
	})
}

func BenchmarkDraw(b *testing.B) {
	candidates := population(b, rand.New(rand.NewPCG(7, 7)), 200_000, 1000)
	b.ReportAllocs()
	for b.Loop() {
		draw(b, [32]byte{1}, "benchmark", candidates, 500)
	}
}
