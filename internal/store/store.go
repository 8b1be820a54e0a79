package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"labeld/internal/translog"
)

// schemaVersion is what this code reads and writes.
const schemaVersion = 8

// fileName is the database's name in the data directory.
const fileName = "labeld.db"

// pageSize is that of the database's pages, set when it is created. A commit
// writes each page that it touched in a place of its own, and what that costs is
// how many there are, far more than how large: keys are random, so that a leaf
// is touched for each, but with large pages there are few branches above.
const pageSize = 16 << 10

// ErrConflict is returned by [Store.Commit] when the log head is not the one
// the batch extends. Nothing was written.
var ErrConflict = errors.New("the log head has moved")

// ErrNotFound is returned by getters for what is not there.
var ErrNotFound = errors.New("not found")

// A Store is an open database. Its methods may be called concurrently.
type Store struct {
	db         *bolt.DB
	file       *os.File // that of db
	path       string
	durability durability
	heads      *HeadFile // nil where none is kept; used by Commit alone
}

// A Head is the log's signed head.
type Head struct {
	Tree       translog.Tree
	Checkpoint []byte // signed note
}

// Path returns the database file of a data directory.
func Path(dir string) string { return filepath.Join(dir, fileName) }

// Create makes a new database in dir with an empty log, whose signed head is
// given. It fails if there is one.
func Create(dir, origin string, head Head, now time.Time) error {
	f, err := os.OpenFile(Path(dir), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	db, err := bolt.Open(Path(dir), 0o600, &bolt.Options{Timeout: time.Second, PageSize: pageSize})
	if err != nil {
		return fmt.Errorf("creating the database: %w", err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range bucketNames() {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		meta := tx.Bucket(bMeta)
		if err := meta.Put(kSchema, binary.BigEndian.AppendUint32(nil, schemaVersion)); err != nil {
			return err
		}
		if err := meta.Put(kOrigin, []byte(origin)); err != nil {
			return err
		}
		if err := meta.Put(kCommitted, timeValue(now)); err != nil {
			return err
		}
		return putHead(tx, head)
	})
	return errors.Join(err, db.Close(), syncDir(dir))
}

// Open opens the database in dir. It never creates one, and refuses a schema
// it does not know. What it shows is on disk.
func Open(dir string) (*Store, error) { return open(dir, false) }

// OpenReadOnly opens the database for checking. It may be used while no server
// runs.
func OpenReadOnly(dir string) (*Store, error) { return open(dir, true) }

// lockTimeout is how long is waited for another process to let go of the file.
const lockTimeout = time.Second

func open(dir string, readOnly bool) (*Store, error) {
	s, err := openAny(dir, readOnly)
	if err != nil {
		return nil, err
	}
	if err := s.checkSchema(dir); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// openAny opens a database of any schema.
func openAny(dir string, readOnly bool) (_ *Store, err error) {
	s := &Store{path: Path(dir)}
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no database in %s; \"labeld init\" makes one", dir)
	}
	s.db, err = bolt.Open(s.path, 0o600, &bolt.Options{
		ReadOnly: readOnly, Timeout: lockTimeout, FreelistType: bolt.FreelistMapType, OpenFile: s.openFile,
		// Growing the memory map waits for all readers to leave; begin with room.
		InitialMmapSize: 1 << 30,
	})
	if err != nil {
		return nil, notOpened(s.path, err)
	}
	if err := s.ready(readOnly); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	return s, nil
}

// notOpened says why a database could not be opened.
func notOpened(path string, err error) error {
	if errors.Is(err, berrors.ErrTimeout) {
		return fmt.Errorf("the database %s is in use by another process; stop the service first, or take a copy of the data directory from a snapshot of the file system", path)
	}
	return fmt.Errorf("opening the database %s: %w", path, err)
}

// openFile opens the file for bbolt, which is to make none, and to see none that it
// could not read.
func (s *Store) openFile(path string, flag int, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag&^os.O_CREATE, mode)
	if err != nil {
		return nil, err
	}
	err = lockFile(f, flag&os.O_RDWR != 0, lockTimeout)
	if err == nil {
		err = s.checkFile(f, nil)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s.file = f
	return f, nil
}

func (s *Store) checkFile(f *os.File, record func(bucket string, key, value []byte)) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	return checkFile(f, fi.Size(), record)
}

// ready makes durable what a database shows.
func (s *Store) ready(readOnly bool) error {
	if !readOnly {
		if err := settle(s.file, int64(s.db.Info().PageSize)); err != nil {
			return fmt.Errorf("syncing the database %s: %w", s.path, err)
		}
	}
	last, err := s.last()
	if err != nil {
		return err
	}
	s.durability = newDurability(last)
	return nil
}

// schema returns the schema of a database.
func (s *Store) schema() (schema uint32, err error) {
	err = s.db.View(func(tx *bolt.Tx) error {
		meta := tx.Bucket(bMeta)
		if meta == nil || len(meta.Get(kSchema)) != 4 {
			return fmt.Errorf("%s is not a labeld database", s.path)
		}
		schema = binary.BigEndian.Uint32(meta.Get(kSchema))
		return nil
	})
	return schema, err
}

// checkSchema looks whether a database is one of this program's.
func (s *Store) checkSchema(dir string) error {
	schema, err := s.schema()
	if err == nil {
		err = refuse(dir, schema, steps)
	}
	if err != nil {
		return err
	}
	return s.db.View(func(tx *bolt.Tx) error {
		for _, name := range bucketNames() {
			if tx.Bucket(name) == nil {
				return fmt.Errorf("%s has no bucket %s; run \"labeld check\"", s.path, name)
			}
		}
		return nil
	})
}

func putHead(tx *bolt.Tx, h Head) error {
	b := tx.Bucket(bHead)
	return errors.Join(
		b.Put(kSize, binary.BigEndian.AppendUint64(nil, uint64(h.Tree.N))),
		b.Put(kRoot, h.Tree.Hash[:]),
		b.Put(kCheckpoint, h.Checkpoint))
}

func timeValue(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixNano()))
}

// newestFirst is a key part that sorts later times first.
func newestFirst(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, ^uint64(t.UnixNano()))
}

// orgKey begins a key with an organization's ID.
func orgKey(org string, rest ...byte) []byte {
	k := make([]byte, 0, len(org)+1+len(rest))
	return append(append(append(k, org...), 0), rest...)
}
