//go:build unix

package daemon

import (
	"math"
	"syscall"
)

// openFiles returns how many files the process may have open.
func openFiles() (int, error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	return int(min(l.Cur, math.MaxInt32)), nil
}
