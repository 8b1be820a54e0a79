package store

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Free returns how many bytes can still be written to the disk that a directory is on,
// by a process that is not the superuser's.
func Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("reading how much of the disk is free: %w", err)
	}
	return int64(s.Bavail) * s.Bsize, nil
}
