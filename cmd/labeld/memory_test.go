package main

import (
	"log/slog"
	"math"
	"strings"
	"testing"

	"labeld/internal/daemon"
)

// TestMemoryFollows holds the limit against registries and machines of some sizes.
func TestMemoryFollows(t *testing.T) {
	const gib = 1 << 30
	for _, tt := range []struct {
		name    string
		m       memory
		entries int64
		mib     int64
	}{
		{"a new registry", memory{most: 8 * gib}, 0, 256},
		{"a large one", memory{most: 8 * gib}, 1_000_000, 860},
		{"a large one on a small machine", memory{most: gib / 2}, 1_000_000, 512},
		{"a small machine", memory{most: 200 << 20}, 0, 200},
		{"a machine of which nothing is known", memory{most: math.MaxInt64}, 200_000, 274},
		{"an operator's word", memory{fixed: 2 * gib, most: gib / 2}, 1_000_000, 2048},
	} {
		if got := tt.m.wanted(tt.entries) >> 20; got != tt.mib {
			t.Errorf("%s: %d MiB, want %d", tt.name, got, tt.mib)
		}
	}
	// More entries never have less.
	m := memory{most: 8 * gib}
	for n := int64(0); n < 10_000_000; n += 50_000 {
		if m.wanted(n+50_000) < m.wanted(n) {
			t.Fatalf("the limit falls from %d to %d entries", n, n+50_000)
		}
	}
}

// TestMemoryOfTheEnvironment leaves alone what GOMEMLIMIT sets.
func TestMemoryOfTheEnvironment(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "1GiB")
	if m := newMemory(&daemon.Config{}, slog.New(slog.DiscardHandler)); m != nil {
		t.Errorf("a limit of %d bytes is set beside that of the environment", m.wanted(0))
	}
}

// TestMemoryThatIsThere says that more is configured than the machine has.
func TestMemoryThatIsThere(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	var log strings.Builder
	m := newMemory(&daemon.Config{Limits: daemon.LimitsConfig{MemoryMiB: 1 << 30}}, slog.New(slog.NewTextHandler(&log, nil)))
	if m == nil || m.most == math.MaxInt64 {
		t.Skip("how much memory this machine has cannot be found out")
	}
	if !strings.Contains(log.String(), "limits.memory_mib is more than there is") {
		t.Errorf("nothing is said: %q", &log)
	}
}
