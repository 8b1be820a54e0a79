package statuslist_test

import (
	"crypto/elliptic"
	"math/rand/v2"
	"testing"

	"labeld/internal/statuslist"
)

const million = 1_000_000

// build makes a list of a million labels of which a share, in a hundred, does
// not stand, half for good and half for the time being.
func build(percent int) *statuslist.List {
	rng := rand.New(rand.NewPCG(3, 4))
	l := statuslist.New(million)
	for i := range l.Len() {
		if rng.IntN(100) < percent {
			l.Set(i, statuslist.Value(1+rng.IntN(2)))
		}
	}
	return l
}

// noise makes a list of a million random values below a bound.
func noise(values int) *statuslist.List {
	rng := rand.New(rand.NewPCG(5, 6))
	l := statuslist.New(million)
	for i := range l.Len() {
		l.Set(i, statuslist.Value(rng.IntN(values)))
	}
	return l
}

// TestSize holds the list of a million labels to 300 KB when one in twenty does
// not stand, and to the bound in the package comment whatever it holds.
func TestSize(t *testing.T) {
	k := newKey(t, elliptic.P256())
	for _, c := range []struct {
		name string
		list *statuslist.List
		most int
	}{
		{"all valid", build(0), 1_000},
		{"one in twenty", build(5), 300_000},
		{"noise", noise(4), 445_500},
	} {
		if n := len(sign(t, c.list, k)); n > c.most {
			t.Errorf("%s: signed, the list has %d bytes, want at most %d", c.name, n, c.most)
		}
	}
}

// BenchmarkBuild makes and signs the list of a million labels. The targets, at
// one in a hundred: 2 s and 300,000 bytes. The last two are the worst cases: each
// label in one of the three states at random, and bits that are nothing but noise.
func BenchmarkBuild(b *testing.B) {
	k := newKey(b, elliptic.P256())
	for _, c := range []struct {
		name string
		make func() *statuslist.List
	}{
		{"1%", func() *statuslist.List { return build(1) }},
		{"5%", func() *statuslist.List { return build(5) }},
		{"10%", func() *statuslist.List { return build(10) }},
		{"states", func() *statuslist.List { return noise(3) }},
		{"noise", func() *statuslist.List { return noise(4) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			size := 0
			for b.Loop() {
				size = len(sign(b, c.make(), k))
			}
			b.ReportMetric(float64(size), "bytes")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/list")
		})
	}
}

// BenchmarkOpen checks the signed list of a million labels.
func BenchmarkOpen(b *testing.B) {
	k := newKey(b, elliptic.P256())
	raw := sign(b, build(1), k)
	for b.Loop() {
		if _, err := open(raw, k, now); err != nil {
			b.Fatal(err)
		}
	}
}
