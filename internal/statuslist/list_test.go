package statuslist_test

import (
	"math/rand/v2"
	"testing"

	"labeld/internal/statuslist"
)

// wantList requires that a list holds what a map says, and Valid elsewhere.
func wantList(t *testing.T, l *statuslist.List, n int64, want map[int64]statuslist.Value) {
	t.Helper()
	if l.Len() != n {
		t.Errorf("the list has %d places, want %d", l.Len(), n)
	}
	for i := range n {
		if v, ok := l.Get(i); !ok || v != want[i] {
			t.Errorf("place %d of %d is %s, %t; want %s", i, n, v, ok, want[i])
		}
	}
	for _, i := range []int64{-1, -4, n, n + 1, n + 4, 1 << 62, -1 << 63} {
		if v, ok := l.Get(i); ok || v != statuslist.Valid {
			t.Errorf("a list of %d has a place %d, which is %s", n, i, v)
		}
	}
}

func TestEdges(t *testing.T) {
	for n := range int64(10) {
		wantList(t, statuslist.New(n), n, nil)
		if n == 0 {
			continue
		}
		for _, v := range []statuslist.Value{statuslist.Invalid, statuslist.Suspended, 3} {
			l := statuslist.New(n)
			l.Set(0, v)
			l.Set(n-1, v)
			wantList(t, l, n, map[int64]statuslist.Value{0: v, n - 1: v})
			l.Set(n-1, statuslist.Valid)
			l.Set(0, statuslist.Valid)
			wantList(t, l, n, nil)
		}
	}
}

// TestGrowth sets places beyond the end, near and far.
func TestGrowth(t *testing.T) {
	l, want := statuslist.New(1), map[int64]statuslist.Value{}
	for _, i := range []int64{0, 1, 2, 3, 4, 8, 9, 1000} {
		l.Set(i, statuslist.Suspended)
		want[i] = statuslist.Suspended
		wantList(t, l, i+1, want)
	}
	l.Set(1003, statuslist.Valid)
	wantList(t, l, 1004, want)
}

func TestClone(t *testing.T) {
	l := statuslist.New(5)
	l.Set(4, statuslist.Invalid)
	c := l.Clone()
	c.Set(4, statuslist.Suspended)
	c.Set(6, statuslist.Invalid)
	l.Set(5, statuslist.Suspended)
	wantList(t, l, 6, map[int64]statuslist.Value{4: statuslist.Invalid, 5: statuslist.Suspended})
	wantList(t, c, 7, map[int64]statuslist.Value{4: statuslist.Suspended, 6: statuslist.Invalid})
}

// TestAgainstMap sets random places within lists of all small sizes, and a
// little beyond their ends, and compares what is read with a map.
func TestAgainstMap(t *testing.T) {
	const seed = 1
	rng := rand.New(rand.NewPCG(seed, 2))
	for size := int64(0); size < 60; size++ {
		l, want, n := statuslist.New(size), map[int64]statuslist.Value{}, size
		for range 2 * size {
			i, v := rng.Int64N(n+2), statuslist.Value(rng.IntN(4))
			l.Set(i, v)
			want[i], n = v, max(n, i+1)
		}
		wantList(t, l, n, want)
		if t.Failed() {
			t.Fatalf("with seed %d", seed)
		}
	}
}

func TestSetPanics(t *testing.T) {
	l := statuslist.New(8)
	for _, set := range []func(){
		func() { l.Set(-1, statuslist.Valid) },
		func() { l.Set(-1<<63, statuslist.Valid) },
		func() { l.Set(0, 4) }, // would be Valid if it were cut to two bits
		func() { l.Set(8, 255) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("it is set")
				}
			}()
			set()
		}()
	}
	wantList(t, l, 8, nil)
}

func TestString(t *testing.T) {
	for v, want := range map[statuslist.Value]string{
		statuslist.Valid: "valid", statuslist.Invalid: "invalid", statuslist.Suspended: "suspended", 3: "value 3",
	} {
		if v.String() != want {
			t.Errorf("%d is %q, want %q", v, v, want)
		}
	}
}
