package main

import (
	"log/slog"
	"math"
	"os"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"labeld/internal/daemon"
)

// # Memory
//
// What lives long is small: some thirty megabytes, caches of some tens more, and a
// quarter of a kilobyte for each label in the search index. Most of what a request
// allocates is gone when it ends. So collecting is put off until the heap has grown
// to many times what lives, and bounded by a soft limit. A limit that is near what
// lives would leave no time for anything but collecting; therefore it grows with the
// registry, and an operator can set it ([daemon.LimitsConfig.MemoryMiB]). Of the machine, or
// of the container, no more than half is taken unasked: the operating system serves
// the database from the rest.
const (
	gcPercent = 1000

	// leastMemory is the limit of a small registry, in bytes. It grows by
	// memoryPerEntry for each log entry once that, with memoryBase, is more: three
	// times what lives.
	leastMemory    = 256 << 20
	memoryBase     = 128 << 20
	memoryPerEntry = 768
)

// A memory is the soft limit of what the process may use for itself.
type memory struct {
	fixed int64 // of the configuration, in bytes; 0 where it follows the registry
	most  int64 // of what the machine has
	limit int64 // as it is set; 0 at first
	log   *slog.Logger
}

// newMemory finds out what the machine has. What it and follow set is the whole
// process's, and so for a command to set and not for a library. GOMEMLIMIT, which is
// read by the Go runtime, stands against whatever is configured.
func newMemory(c *daemon.Config, log *slog.Logger) *memory {
	debug.SetGCPercent(gcPercent)
	m := &memory{fixed: int64(c.Limits.MemoryMiB) << 20, most: math.MaxInt64, log: log}
	if os.Getenv("GOMEMLIMIT") != "" {
		return nil
	}
	has, err := memlimit.ApplyFallback(memlimit.FromCgroup, memlimit.FromSystem)()
	if err != nil {
		log.Warn("how much memory there is cannot be found out; set limits.memory_mib if it is less than a gigabyte", "err", err)
		return m
	}
	m.most = int64(min(has/2, math.MaxInt64))
	if m.fixed > int64(min(has, math.MaxInt64)) {
		log.Warn("limits.memory_mib is more than there is", "memory_mib", c.Limits.MemoryMiB, "there_is_mib", has>>20)
	}
	return m
}

// follow sets the limit for a registry whose log has so many entries.
func (m *memory) follow(entries int64) {
	if m == nil {
		return
	}
	limit := m.wanted(entries)
	if limit == m.limit {
		return
	}
	debug.SetMemoryLimit(limit)
	m.limit = limit
}

// wanted returns the limit for a registry whose log has so many entries, in whole
// mebibytes.
func (m *memory) wanted(entries int64) int64 {
	if m.fixed > 0 {
		return m.fixed
	}
	return min(m.most, max(leastMemory, memoryBase+entries*memoryPerEntry)) &^ (1<<20 - 1)
}
