package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
)

// A Migration is how a database of an older schema becomes one of this program's. All members are given.
type Migration struct {
	// Gist returns what judging needs of a statement on record, from its signed bytes as
	// they came, and the key that signed them. The store cannot tell what evidence says.
	Gist func(s *Statement, key *label.Key, raw []byte) ([]byte, error)

	// Check looks at the result before that takes the place of the database. Where it
	// returns an error, the database stays as it was.
	Check func(*Store) error

	// Progress is told what is being done, and how much of it is done, in records or
	// bytes: at its beginning, and now and then.
	Progress func(what string, done, of int64)
}

// A step migrates a database from one schema to the next.
type step struct {
	from uint32
	what string // as whoever waits for it reads
	do   func(*migrator) error
}

// steps are all that there are, each from where the one before it leads. A step knows
// the records as they were: it does not use the types of this package, which go on
// changing, but for what it is to make.
var steps = []step{
	{7, "methods of assessment instead of levels, versions of schemes, persons, and the audit trail", methodsForLevels},
}

// methodsForLevels rewrites accreditations, which named a level of labels, and what
// judging needs of reports, which did too, to name methods of assessment. What was
// signed stays as it is, and is read so. Versions of schemes, persons, and who did what,
// are recorded from now on. Requests are for acts of a kind, and say when they were carried
// out: those from before say when they came. What a status follows from was a code.
func methodsForLevels(m *migrator) error {
	if err := m.rewrite(bAccreditations, func(_ *bolt.Tx, key, value []byte) ([]byte, error) {
		a, err := decode[label.AccreditationV1](bAccreditations, key, value)
		if err != nil {
			return nil, err
		}
		return label.Encode(a.Current())
	}); err != nil {
		return err
	}
	if err := m.db.Update(func(tx *bolt.Tx) error {
		for _, name := range [][]byte{bSchemes, bPersons, bOrgPersons, bQuorums, bActs, bOrgActs, bAuditHeads} { // filled by what is done from now on
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if err := m.rewrite(bRequests, func(_ *bolt.Tx, key, value []byte) ([]byte, error) {
		r, err := decode[Request](bRequests, key, value)
		if err != nil {
			return nil, err
		}
		if r.Kind, r.Subject = label.ActKind("label."+r.Action), string(r.Label); r.Number != 0 {
			r.Done = r.Received
		}
		return label.Encode(r)
	}); err != nil {
		return err
	}
	if err := m.rewrite(bStatuses, func(_ *bolt.Tx, key, value []byte) ([]byte, error) {
		s, err := decode[formerStatus](bStatuses, key, value)
		if err != nil {
			return nil, err
		}
		st, err := s.Current()
		if err != nil {
			return nil, err
		}
		return label.Encode(&Status{Index: s.Index, Status: *st})
	}); err != nil {
		return err
	}
	return rewriteGists(m)
}

// A formerStatus is a record of schema 7, when all statuses were of the former type.
type formerStatus struct {
	Index int64 `json:"index"`
	label.StatusV1
}

// migratingDir is the directory in the data directory in which the new database is
// made.
const migratingDir = "migrating"

// Kept returns the file that keeps the database of a data directory as it was under an
// older schema.
func Kept(dir string, schema uint32) string { return fmt.Sprintf("%s.schema-%d", Path(dir), schema) }

// Migrate takes the database in dir from the schema that it has to that of this program.
// Where they are the same, it does nothing.
//
// The steps work on a copy, which takes the place of the database in one rename once
// all of them are done, the result has been checked, and it is on disk. The database as
// it was stays beside it under the name that [Kept] returns. A transaction for each step
// would be repeatable as well, but it would keep all that a step writes in memory, and
// leave a database between two releases where a later step fails. So whatever ends a
// migration, a power cut too, leaves either the database as it was, or the new one; and
// another migration begins again.
func Migrate(ctx context.Context, dir string, m Migration) (from, to uint32, err error) {
	from, err = migrate(ctx, dir, m, steps)
	return from, schemaVersion, err
}

func migrate(ctx context.Context, dir string, m Migration, steps []step) (from uint32, err error) {
	if from, err = schemaAt(dir); err != nil {
		return 0, err
	}
	made := filepath.Join(dir, migratingDir)
	if err := os.RemoveAll(made); err != nil { // what another migration left, that was ended
		return from, fmt.Errorf("removing what an earlier migration left: %w", err)
	}
	if from == schemaVersion {
		return from, nil
	}
	if err := refuse(dir, from, steps); err != nil && !errors.Is(err, errOlder) {
		return from, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(made)) }()
	// Nobody else writes while the lock is held: a service holds the same one.
	old := &Store{path: Path(dir)}
	file, err := old.openFile(old.path, os.O_RDWR, 0)
	if err != nil {
		return from, notOpened(old.path, err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := os.Mkdir(made, 0o700); err != nil {
		return from, err
	}
	if err := copyFile(ctx, file, Path(made), m.Progress); err != nil {
		return from, err
	}
	if err := takeSteps(ctx, Path(made), from, m, steps); err != nil {
		return from, err
	}
	s, err := OpenReadOnly(made)
	if err == nil {
		err = errors.Join(m.Check(s), s.Close())
	}
	if err != nil {
		return from, fmt.Errorf("the migrated database is not as it should be, and the one that there is stays as it was: %w", err)
	}
	if err := keepOld(old.path, Kept(dir, from)); err != nil {
		return from, err
	}
	return from, errors.Join(os.Rename(Path(made), old.path), syncDir(dir))
}

// schemaAt returns the schema of the database in dir.
func schemaAt(dir string) (schema uint32, err error) {
	s, err := openAny(dir, true)
	if err != nil {
		return 0, err
	}
	schema, err = s.schema()
	return schema, errors.Join(err, s.Close())
}

// copyFile copies a database to a new file, and makes that durable.
func copyFile(ctx context.Context, from *os.File, to string, progress func(string, int64, int64)) error {
	fi, err := from.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	const portion = 16 << 20
	for done := int64(0); err == nil; done += portion {
		progress("copying the database", min(done, fi.Size()), fi.Size())
		if done >= fi.Size() {
			break
		}
		if err = ctx.Err(); err == nil {
			_, err = io.Copy(out, io.NewSectionReader(from, done, portion))
		}
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return fmt.Errorf("copying the database: %w", err)
	}
	return syncDir(filepath.Dir(to))
}

// takeSteps takes the steps from a schema to this program's in a file that nobody else
// uses.
func takeSteps(ctx context.Context, path string, from uint32, m Migration, steps []step) (err error) {
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true, FreelistType: bolt.FreelistMapType})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, s := range steps {
		if s.from < from {
			continue
		}
		what := fmt.Sprintf("schema %d to %d: %s", s.from, s.from+1, s.what)
		g := &migrator{Migration: m, ctx: ctx, db: db, what: what}
		m.Progress(what, 0, 0)
		err := s.do(g)
		if err == nil {
			err = db.Update(func(tx *bolt.Tx) error {
				return tx.Bucket(bMeta).Put(kSchema, binary.BigEndian.AppendUint32(nil, s.from+1))
			})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return db.Sync()
}

// keepOld gives the database another name, beside the one that it has.
func keepOld(path, kept string) error {
	err := os.Link(path, kept)
	if !errors.Is(err, fs.ErrExist) {
		return err
	}
	a, err := os.Stat(path)
	if err != nil {
		return err
	}
	b, err := os.Stat(kept)
	if err != nil {
		return err
	}
	if !os.SameFile(a, b) { // otherwise a migration was ended between the link and the rename
		return fmt.Errorf("%s is there already, from an earlier migration; move it elsewhere first", kept)
	}
	return nil
}

// A migrator is what a step works with.
type migrator struct {
	Migration
	ctx  context.Context
	db   *bolt.DB
	what string
}

// portion is how many records are changed in one transaction.
const portion = 1000

// rewrite gives the records of a bucket the values that f returns for them. F reads
// what else there is from the transaction, and changes nothing.
func (m *migrator) rewrite(bucket []byte, f func(tx *bolt.Tx, key, value []byte) ([]byte, error)) error {
	var after []byte
	var done, of int64
	for first := true; first || after != nil; first = false {
		if err := m.ctx.Err(); err != nil {
			return err
		}
		if err := m.db.Update(func(tx *bolt.Tx) error {
			b := tx.Bucket(bucket)
			if first {
				of = int64(b.Stats().KeyN)
			}
			type record struct{ key, value []byte }
			var list []record
			c := b.Cursor()
			k, v := c.Seek(after)
			for ; k != nil && len(list) < portion; k, v = c.Next() {
				value, err := f(tx, k, v)
				if err != nil {
					return err
				}
				list = append(list, record{bytes.Clone(k), value})
			}
			after = bytes.Clone(k)
			for _, r := range list {
				if err := b.Put(r.key, r.value); err != nil {
					return err
				}
			}
			done += int64(len(list))
			return nil
		}); err != nil {
			return err
		}
		m.Progress(m.what, done, of)
	}
	return nil
}

// rewriteGists makes all gists anew from the signed evidence. A later release may want
// to judge by more of what evidence says than this one does, or by less.
func rewriteGists(m *migrator) error {
	byPlace := map[string]*Statement{}
	if err := m.db.View(func(tx *bolt.Tx) error {
		return (&View{tx: tx}).Statements(func(s *Statement) bool {
			byPlace[string(placeKey(s.Place))] = s
			return true
		})
	}); err != nil {
		return err
	}
	return m.rewrite(bGists, func(tx *bolt.Tx, key, _ []byte) ([]byte, error) {
		s := byPlace[string(key)]
		if s == nil {
			return nil, corrupt(bGists, key, errors.New("it is of no statement"))
		}
		v := &View{tx: tx}
		k, err := v.Key(s.Key)
		if err != nil {
			return nil, err
		}
		raw, err := v.Evidence(s)
		if err != nil {
			return nil, err
		}
		gist, err := m.Gist(s, k, raw)
		if err != nil {
			return nil, fmt.Errorf("statement %s: %w", s.ID, err)
		}
		return PackQuick(gist), nil
	})
}

// errOlder is why a database is refused that can be migrated.
var errOlder = errors.New("it is of an older release of labeld")

// refuse returns why a database is not opened that has a schema, and nil for that of
// this program.
func refuse(dir string, schema uint32, steps []step) error {
	switch oldest := oldestSchema(steps); {
	case schema == schemaVersion:
		return nil
	case schema > schemaVersion:
		return fmt.Errorf("%s has schema version %d, this program knows versions up to %d; it is of a newer release of labeld: run that one", Path(dir), schema, schemaVersion)
	case schema < oldest:
		return fmt.Errorf("%s has schema version %d, this program migrates from version %d on; it is of an older release of labeld, which can serve it", Path(dir), schema, oldest)
	}
	return fmt.Errorf("%s has schema version %d, this program works with version %d: %w; run \"labeld migrate --data %s\"", Path(dir), schema, schemaVersion, errOlder, dir)
}

// oldestSchema returns the first schema from which the steps lead to this program's.
func oldestSchema(steps []step) uint32 {
	if len(steps) == 0 {
		return schemaVersion
	}
	return steps[0].from
}
