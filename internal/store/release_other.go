//go:build !linux

package store

import (
	"os"
	"time"
)

// Release does nothing here: the effect it undoes is Linux's.
func (s *Store) Release(int64) error { return nil }

// datasync makes the content of a file durable.
func datasync(f *os.File) error { return f.Sync() }

// lockFile leaves locking to bbolt, which comes to it a moment later.
func lockFile(*os.File, bool, time.Duration) error { return nil }
