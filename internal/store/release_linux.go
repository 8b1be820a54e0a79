package store

import (
	"fmt"
	"os"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

// Release gives back the memory through which the file was read, once the
// process has more than limit bytes of files mapped. The pages stay in the
// system's cache, where they cost nothing that others need; but while they are
// mapped they count as ours, sixteen for each that was read, and a large
// database would look like a large process.
func (s *Store) Release(limit int64) error {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	var size, resident, mapped int64 // pages
	if _, err := fmt.Sscan(string(text), &size, &resident, &mapped); err != nil {
		return err
	}
	if mapped*int64(os.Getpagesize()) <= limit {
		return nil
	}
	// Inside a transaction the map is neither moved nor made smaller, and it is
	// a shared map of a file: what is dropped is read again when it is needed.
	return s.db.View(func(tx *bolt.Tx) error {
		_, _, errno := unix.Syscall(unix.SYS_MADVISE, s.db.Info().Data, uintptr(tx.Size()), unix.MADV_DONTNEED)
		if errno != 0 {
			return errno
		}
		return nil
	})
}

// datasync makes the content of a file durable.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// lockFile locks a file as bbolt does, which then finds it locked by itself.
func lockFile(f *os.File, alone bool, timeout time.Duration) error {
	how := unix.LOCK_SH
	if alone {
		how = unix.LOCK_EX
	}
	for end := time.Now().Add(timeout); ; time.Sleep(timeout / 20) {
		err := unix.Flock(int(f.Fd()), how|unix.LOCK_NB)
		if err != unix.EWOULDBLOCK {
			return err
		}
		if time.Now().After(end) {
			return berrors.ErrTimeout
		}
	}
}
