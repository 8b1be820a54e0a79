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
// written into the slots in turn, in place, and synced: beside the commit that makes
// them, so that a commit takes no longer. When both are on disk the head is shown, and
// its slot is marked as served, which needs no sync of its own: it is on disk with the
// next head.
//
// A head that is not marked may have been served all the same, where the power was cut
// just then, or its commit never came to be. So it says nothing, as long as the head
// before is there; and that one was served, marked or not. A power cut can spoil the
// slots that are being written, which is one head, and the mark of the one before.
type HeadFile struct {
	file *os.File
	slot int64 // to be written next
}

const (
	// headSlot is the size of a slot: a page of the system, and what a checkpoint with
	// some twenty signatures takes.
	headSlot = 4096

	// headServed marks a slot, at its end, whose head was served.
	headServed = "served\n"
)

// A KeptHead is a log head from a file, which may be spoilt.
type KeptHead struct {
	Text    []byte // as a signed note
	Pending bool   // it may not have been served
}

// SplitHeads returns the heads in the bytes of a head file. What is no head file is
// returned as it is: it may be a head.
func SplitHeads(text []byte) []KeptHead {
	if len(text) != 2*headSlot {
		return []KeptHead{{Text: text}}
	}
	return []KeptHead{unfill(text[:headSlot]), unfill(text[headSlot:])}
}

// unfill returns the head in a slot. A note has no two empty lines one after the other.
func unfill(slot []byte) KeptHead {
	note, _, _ := bytes.Cut(slot, []byte("\n\n\n"))
	return KeptHead{Text: append(bytes.Clone(note), '\n'), Pending: !bytes.HasSuffix(slot, []byte(headServed))}
}

// CreateHeadFile makes a head file with a head, in place of one that is there.
func CreateHeadFile(path string, head []byte) error {
	slot, err := fillSlot(head)
	if err != nil {
		return err
	}
	copy(slot[headSlot-len(headServed):], headServed)
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
	if bytes.Equal(SplitHeads(text)[0].Text, last) {
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
	return nil
}

// served marks the head that was put last, which is shown from now on, and turns to
// the other slot.
func (h *HeadFile) served() error {
	if _, err := h.file.WriteAt([]byte(headServed), (h.slot+1)*headSlot-int64(len(headServed))); err != nil {
		return fmt.Errorf("writing into the head file %s: %w", h.file.Name(), err)
	}
	h.slot = 1 - h.slot
	return nil
}

func fillSlot(head []byte) ([]byte, error) {
	if most := headSlot - len("\n\n") - len(headServed); len(head) > most {
		return nil, fmt.Errorf("the log head has %d bytes, a head file takes %d", len(head), most)
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
		err = h.served()
	}
	if err == nil {
		s.heads = h
	}
	return err
}

// A Lag is how a database is not the continuation of a log head.
type Lag struct {
	Head, Log translog.Tree // the head, and what the database has
}

// Missing returns how many entries at least of those that led to the head the database
// does not have. Which of the others it has is not known.
func (l *Lag) Missing() int64 { return max(l.Head.N-l.Log.N, 1) }

// Error says what is missing. Of a log that is shorter than the head nobody can tell
// whether it leads there, or somewhere else.
func (l *Lag) Error() string {
	if l.Head.N > l.Log.N {
		return fmt.Sprintf("the database is an older copy, or another branch of the log: its log has %d entries, and a log head with %d was served; the last %d are missing", l.Log.N, l.Head.N, l.Missing())
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
func ReadHeads(path string) ([]KeptHead, error) {
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
		err = errors.Join(err, datasync(s.heads.file), s.heads.file.Close()) // with the last mark
	}
	return err
}
