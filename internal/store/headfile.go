package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"labeld/internal/translog"
)

// A HeadFile holds the newest log head that was served, outside the database. A
// database that was put back from a copy is the older state of a log whose later
// heads others hold; only something outside of it can tell.
//
// The file has two slots of headSlot bytes, each with a head as a signed note,
// filled up with line feeds, so that the file can be read as text. Heads are
// written into the slots in turn, in place, and synced. A power cut can spoil the
// one slot that is being written, with a head that was not served yet; the other
// has the head before. Writing in place takes one sync that changes nothing of the
// file but its content; a new file and a rename would take two or three that do.
type HeadFile struct {
	file *os.File
	slot int64 // to be written next
}

// headSlot is the size of a slot: a page of the system, and what a checkpoint with
// some twenty signatures takes.
const headSlot = 4096

// SplitHeads returns the heads in the bytes of a head file, one of which may be
// spoilt. What is no head file is returned as it is: it may be a head.
func SplitHeads(text []byte) [][]byte {
	if len(text) != 2*headSlot {
		return [][]byte{text}
	}
	return [][]byte{unfill(text[:headSlot]), unfill(text[headSlot:])}
}

func unfill(slot []byte) []byte { return append(bytes.Clone(bytes.TrimRight(slot, "\n")), '\n') }

// CreateHeadFile makes a head file with a head, in place of one that is there.
func CreateHeadFile(path string, head []byte) error {
	slot, err := fillSlot(head)
	if err != nil {
		return err
	}
	next := path + ".new"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("making the head file: %w", err)
	}
	_, err = f.Write(append(slot, slot...))
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(next, path)
	}
	if err != nil {
		return fmt.Errorf("making the head file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// OpenHeadFile opens the head file for writing. Last is the head in it that is
// known to be good.
func OpenHeadFile(path string, last []byte) (*HeadFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	text := make([]byte, 2*headSlot)
	if _, err := f.ReadAt(text, 0); err != nil {
		return nil, errors.Join(fmt.Errorf("%s is no head file: %w", path, err), f.Close())
	}
	h := &HeadFile{file: f}
	if bytes.Equal(SplitHeads(text)[0], last) {
		h.slot = 1 // the good one stays
	}
	return h, nil
}

// put writes a head, and returns when it is on disk.
func (h *HeadFile) put(head []byte) error {
	slot, err := fillSlot(head)
	if err == nil {
		_, err = h.file.WriteAt(slot, h.slot*headSlot)
	}
	if err == nil {
		err = datasync(h.file)
	}
	if err != nil {
		return fmt.Errorf("writing the log head into the head file %s: %w", h.file.Name(), err)
	}
	h.slot = 1 - h.slot
	return nil
}

func fillSlot(head []byte) ([]byte, error) {
	if len(head) > headSlot {
		return nil, fmt.Errorf("the log head has %d bytes, a head file takes %d", len(head), headSlot)
	}
	return append(bytes.Clone(head), bytes.Repeat([]byte{'\n'}, headSlot-len(head))...), nil
}

// Keep has every later log head written into a head file before it is shown, and
// before the commit that made it is answered; the present one at once.
func (s *Store) Keep(h *HeadFile) error {
	var head Head
	err := s.View(func(v *View) (err error) { head, err = v.Head(); return err })
	if err == nil {
		err = h.put(head.Checkpoint)
	}
	if err == nil {
		s.heads = h
	}
	return err
}

// keep writes the head of a batch into the head file, where there is one.
func (s *Store) keep(b *Batch) error {
	if s.heads == nil || len(b.Entries) == 0 {
		return nil
	}
	return s.heads.put(b.Head.Checkpoint)
}

// A Lag is how a database is not the continuation of a log head.
type Lag struct {
	Head, Log translog.Tree // the head, and what the database has
}

// Error says what is missing.
func (l *Lag) Error() string {
	if n := l.Head.N - l.Log.N; n > 0 {
		return fmt.Sprintf("the database is an older copy: its log has %d entries, and a log head with %d was served; the last %d are missing", l.Log.N, l.Head.N, n)
	}
	return fmt.Sprintf("the database is of another branch of the log: of the log head with %d entries and root %s that was served, it has other entries", l.Head.N, l.Head.Hash)
}

// Extends returns a [Lag] where the log is not a continuation of a tree.
func (v *View) Extends(tree translog.Tree) error {
	head, err := v.Head()
	if err != nil {
		return err
	}
	lag := &Lag{tree, head.Tree}
	switch {
	case tree.N > head.Tree.N || tree.N == head.Tree.N && tree != head.Tree:
		return lag
	case tree.N == head.Tree.N || tree.N == 0:
		return nil
	}
	proof, err := translog.ProveConsistency(tree.N, head.Tree.N, v)
	if err != nil {
		return err
	}
	if err := translog.VerifyConsistency(tree, head.Tree, proof); err != nil {
		return lag
	}
	return nil
}

// ReadHeads returns what is in a head file, or in a file with a head.
func ReadHeads(path string) ([][]byte, error) {
	fi, err := os.Stat(path)
	if err == nil && (!fi.Mode().IsRegular() || fi.Size() > translog.MaxCheckpoint) {
		err = &fs.PathError{Op: "read", Path: path, Err: errors.New("it is no file with a log head")}
	}
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return SplitHeads(text), nil
}

// Close waits for readers and closes the file.
func (s *Store) Close() error {
	err := s.db.Close()
	if s.heads != nil {
		err = errors.Join(err, s.heads.file.Close())
	}
	return err
}
