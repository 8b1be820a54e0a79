package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"sync"
	"syscall"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
)

// ErrNoRoom is returned by [Store.Commit] when the disk is full. Nothing was
// written, and a later commit succeeds once there is room.
var ErrNoRoom = errors.New("the disk is full")

// ErrUnsynced is returned by [Store.View] and [Store.Commit] once a commit has
// failed when it may have come to the disk, or not. Nothing is answered from then
// on: the process ends, and another opens the database.
var ErrUnsynced = label.Errorf(label.Unavailable, label.ReasonStorage, "",
	"a write failed, and nobody can know whether it is on disk; the service ends, and answers again when it has opened its database anew. Repeat the request then, which is safe whether or not this one was stored")

// durability is what a store knows of what is on disk.
type durability struct {
	mu      sync.Mutex
	synced  int           // transaction that is on disk, and that every earlier one is
	moved   chan struct{} // closed, and made anew, when synced moves on
	broken  chan struct{} // closed when a commit failed that may be on disk or not
	failure error         // why; set before broken is closed
}

func newDurability(synced int) durability {
	return durability{synced: synced, moved: make(chan struct{}), broken: make(chan struct{})}
}

// reached records that a transaction is on disk, or, with an error, that nobody
// can know whether it is.
func (d *durability) reached(id int, failure error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if failure == nil {
		d.synced = max(d.synced, id)
	} else if d.failure == nil {
		d.failure = failure
		close(d.broken)
	}
	close(d.moved)
	d.moved = make(chan struct{})
}

// await returns when a transaction is on disk.
func (d *durability) await(id int) error {
	for {
		d.mu.Lock()
		synced, failure, moved := d.synced, d.failure, d.moved
		d.mu.Unlock()
		switch {
		case failure != nil:
			return ErrUnsynced
		case id <= synced:
			return nil
		}
		<-moved
	}
}

// Broken is closed once a commit has failed that may be on disk or not. The
// process must end then: Failure says why.
func (s *Store) Broken() <-chan struct{} { return s.durability.broken }

// Failure returns why the store is broken, and nil where it is not.
func (s *Store) Failure() error {
	s.durability.mu.Lock()
	defer s.durability.mu.Unlock()
	return s.durability.failure
}

// update writes what f puts, all of it or none, and returns when it is on disk, and
// the head as well, where one is to be kept. An error of f is returned as it is, and
// nothing was written.
func (s *Store) update(f func(*bolt.Tx) error, head []byte) (err error) {
	select {
	case <-s.durability.broken:
		return ErrUnsynced
	default:
	}
	tx, err := s.db.Begin(true)
	if err != nil {
		return err
	}
	id := tx.ID()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer s.ends(tx, id, &err)
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	kept := s.keep(head)
	if err := tx.Commit(); err != nil {
		<-kept
		return s.failed(id, err)
	}
	err = <-kept
	if err == nil && head != nil {
		err = s.heads.served()
	}
	if err != nil {
		return s.gone(id, err)
	}
	s.durability.reached(id, nil)
	return nil
}

// keep has a head written into the head file beside a commit.
func (s *Store) keep(head []byte) <-chan error {
	kept := make(chan error, 1)
	if head == nil {
		kept <- nil
		return kept
	}
	go func() { kept <- s.heads.put(head) }()
	return kept
}

// failed judges a commit that failed. Where the disk was full before the page was
// written that makes a commit the last one, nothing has changed: bbolt writes and
// syncs everything else first, to free pages. Whatever else failed, nobody knows
// what is on disk.
func (s *Store) failed(id int, err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		if last, lookErr := s.last(); lookErr == nil && last < id {
			return fmt.Errorf("%w: %v", ErrNoRoom, err)
		}
	}
	return s.gone(id, err)
}

func (s *Store) gone(id int, err error) error {
	s.durability.reached(id, fmt.Errorf("%s: commit %d failed, and nobody can know whether it is on disk: %w", s.path, id, err))
	return ErrUnsynced
}

// ends ends a transaction in which something panicked: a page that is damaged,
// or that the disk no longer gives.
func (s *Store) ends(tx *bolt.Tx, id int, err *error) {
	r := recover()
	if r == nil {
		return
	}
	*err = s.gone(id, fmt.Errorf("%v", r))
	defer func() { _ = recover() }() // of a transaction that was about to end
	_ = tx.Rollback()
}

// last returns the transaction that a view would show.
func (s *Store) last() (int, error) {
	tx, err := s.db.Begin(false)
	if err != nil {
		return 0, err
	}
	return tx.ID(), tx.Rollback()
}

// metaSize is how much of a meta page bbolt writes: the page's header, and the
// meta itself.
const metaSize = 16 + 64

// settle makes durable what the file shows. What it shows comes from the system's
// cache, and the process before may have ended between writing a commit and
// syncing it, or because syncing it failed. Then the system may take the pages for
// clean that never came to the disk, so that another sync would do nothing: so the
// two meta pages are written anew as they are, and synced. They are all that can be
// missing. Everything that a meta page leads to was synced, with success, before
// that page was written; otherwise bbolt does not write it.
func settle(f *os.File, pageSize int64) error {
	for _, at := range []int64{0, pageSize} {
		meta := make([]byte, metaSize)
		if _, err := f.ReadAt(meta, at); err != nil {
			return err
		}
		if _, err := f.WriteAt(meta, at); err != nil {
			return err
		}
	}
	return errors.Join(f.Sync(), syncDir(filepath.Dir(f.Name())))
}

// syncDir makes names in a directory durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.ENOTSUP) {
		err = nil // a file system whose names are durable at once, or cannot be made so
	}
	return errors.Join(err, d.Close())
}

// Await ends with ctx, or with the failure once the store is broken.
func (s *Store) Await(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-s.Broken():
		return s.Failure()
	}
}
