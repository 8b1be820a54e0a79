package translog

import (
	"errors"
	"fmt"
)

// Every error of this package that depends on bytes from outside is one of
// these, found with [errors.Is]. Other errors are the hash reader's own, or
// arguments that no caller should pass.
var (
	// ErrMalformed: the bytes are not in the one form that is accepted.
	ErrMalformed = errors.New("translog: malformed")

	// ErrUnverified: the bytes are well formed, but the proof or the
	// signature does not hold for what was asked. Treat it as forged.
	ErrUnverified = errors.New("translog: not verified")

	// ErrCorrupt: the hash reader's hashes are not those of the tree it was
	// read for. Nothing may be signed until the store has been checked.
	ErrCorrupt = errors.New("translog: stored hashes do not match the tree")

	// ErrTooLarge: an entry over [MaxEntry], or a tree over [MaxSize].
	ErrTooLarge = errors.New("translog: too large")
)

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

func unverified(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnverified, fmt.Sprintf(format, args...))
}
