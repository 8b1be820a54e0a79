package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	bolt "go.etcd.io/bbolt"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/verify"
	"labeld/labels"
)

// fixture puts the database that a release with a schema left into a directory, and
// returns its bytes.
func fixture(t *testing.T, dir string, schema uint32) []byte {
	t.Helper()
	packed, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("schema-%d", schema), "labeld.db.zst"))
	if err != nil {
		t.Fatal(err)
	}
	dec, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	raw, err := dec.DecodeAll(packed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(store.Path(dir), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	return raw
}

// current puts the newest fixture into a directory, migrated to the present schema.
func current(t *testing.T, dir string) {
	t.Helper()
	fixture(t, dir, 7)
	from, _, err := store.Migrate(t.Context(), dir, migration(t, good))
	if err == nil {
		err = os.Remove(store.Kept(dir, from))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// older puts the newest fixture into a directory, as if its schema were another.
func older(t *testing.T, dir string, schema uint32) []byte {
	t.Helper()
	current(t, dir)
	db, err := bolt.Open(store.Path(dir), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("schema"), binary.BigEndian.AppendUint32(nil, schema))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	return read(t, store.Path(dir))
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func programme(t *testing.T) *scheme.Programme {
	t.Helper()
	p, err := scheme.Load(labels.FS)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// migration is one that makes gists as the daemon does.
func migration(t *testing.T, check func(*store.Store) error) store.Migration {
	t.Helper()
	p := programme(t)
	return store.Migration{
		Gist: func(st *store.Statement, key *label.Key, raw []byte) ([]byte, error) {
			return authority.GistOf(p, st, key, raw)
		},
		Check:    check,
		Progress: func(string, int64, int64) {},
	}
}

// good holds a store to be consistent in itself.
func good(s *store.Store) error {
	var found []string
	err := s.Check(context.Background(), labeltest.Problems(func(p string) { found = append(found, p) }))
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("%q", found)
	}
	return err
}

// TestFixturesAreMigrated takes what each release left that can be migrated to this
// schema, and checks all of it, down to the last signature.
func TestFixturesAreMigrated(t *testing.T) {
	list, err := filepath.Glob(filepath.Join("testdata", "schema-*"))
	if err != nil {
		t.Fatal(err)
	}
	migrated := 0
	for _, path := range list {
		var schema uint32
		if _, err := fmt.Sscanf(filepath.Base(path), "schema-%d", &schema); err != nil {
			t.Fatal(err)
		}
		if schema < store.OldestSchema() {
			continue // TestEarlierSchemaIsRefused
		}
		migrated++
		t.Run(filepath.Base(path), func(t *testing.T) {
			dir := t.TempDir()
			fixture(t, dir, schema)
			trust := new(verify.Trust)
			if err := errors.Join(json.Unmarshal(read(t, filepath.Join(path, "trust.json")), trust), trust.Prepare()); err != nil {
				t.Fatal(err)
			}
			from, to, err := store.Migrate(t.Context(), dir, migration(t, good))
			if err != nil || from != schema || to != store.SchemaVersion {
				t.Fatalf("migrated from %d to %d: %v", from, to, err)
			}
			s, err := store.OpenReadOnly(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := authority.Check(t.Context(), s, trust, programme(t), labeltest.Problems(func(p string) { t.Error(p) })); err != nil {
				t.Fatal(err)
			}
		})
	}
	if migrated == 0 {
		t.Error("there is no fixture of the release before")
	}
}

// garbage spoils gists and hooks, for a step to put right.
var garbage = []byte("garbage")

// steps lead from two schemas before this one to it: the first spoils the gists, as if
// they had been others, the second makes them anew.
func steps() []store.Step {
	return []store.Step{
		{From: store.SchemaVersion - 2, Do: func(m store.Migrator) error {
			return m.Rewrite("gists", func(_, _ []byte) ([]byte, error) { return garbage, nil })
		}},
		{From: store.SchemaVersion - 1, Do: func(m store.Migrator) error { return m.RewriteGists() }},
	}
}

func TestMigration(t *testing.T) {
	dir := t.TempDir()
	before := older(t, dir, store.SchemaVersion-2)
	gists := records(t, dir)["gists"]
	m := migration(t, good)
	var told []string
	m.Progress = func(what string, done, of int64) {
		if told = append(told, what); done > of {
			t.Errorf("%s: %d of %d are done", what, done, of)
		}
	}
	from, err := store.MigrateBy(t.Context(), dir, m, steps())
	if err != nil || from != store.SchemaVersion-2 {
		t.Fatalf("migrated from %d: %v", from, err)
	}
	now := store.SchemaVersion
	if want := []string{"copying the database", fmt.Sprintf("schema %d to %d: a step of a test", now-2, now-1), fmt.Sprintf("schema %d to %d: a step of a test", now-1, now)}; !slices.Equal(slices.Compact(told), want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if !bytes.Equal(read(t, store.Kept(dir, from)), before) {
		t.Error("what is kept is not the database as it was")
	}
	if !slices.Equal(records(t, dir)["gists"], gists) || len(gists) < 2 {
		t.Error("the gists that were made anew are others")
	}
	if list, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(list) != 2 {
		t.Errorf("the directory holds %q (%v)", list, err)
	}
	// Once more, there is nothing to do.
	after := read(t, store.Path(dir))
	if from, err := store.MigrateBy(t.Context(), dir, m, steps()); err != nil || from != store.SchemaVersion {
		t.Errorf("migrated again, from %d: %v", from, err)
	}
	if !bytes.Equal(read(t, store.Path(dir)), after) {
		t.Error("migrating again has changed the database")
	}
}

// TestMigrationThatFails has each thing fail that can; the database stays as it was, and
// a migration after that succeeds.
func TestMigrationThatFails(t *testing.T) {
	failure := errors.New("nothing comes of it")
	fails := func(store.Migrator) error { return failure }
	for name, c := range map[string]struct {
		change func(m *store.Migration, s []store.Step)
		before func(dir string)
		says   string
	}{
		"the first step":  {change: func(_ *store.Migration, s []store.Step) { s[0].Do = fails }, says: failure.Error()},
		"the second step": {change: func(_ *store.Migration, s []store.Step) { s[1].Do = fails }, says: failure.Error()},
		"a gist": {change: func(m *store.Migration, _ []store.Step) {
			m.Gist = func(*store.Statement, *label.Key, []byte) ([]byte, error) { return nil, failure }
		}, says: failure.Error()},
		"the check":        {change: func(m *store.Migration, _ []store.Step) { m.Check = func(*store.Store) error { return failure } }, says: "stays as it was"},
		"a record is lost": {change: func(_ *store.Migration, s []store.Step) { s[1].Do = func(store.Migrator) error { return nil } }, says: "stays as it was"},
		"the name is taken": {before: func(dir string) {
			if err := os.WriteFile(store.Kept(dir, store.SchemaVersion-2), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}, says: "move it elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			before := older(t, dir, store.SchemaVersion-2)
			if c.before != nil {
				c.before(dir)
			}
			m, s := migration(t, complete), steps()
			if c.change != nil {
				c.change(&m, s)
			}
			if _, err := store.MigrateBy(t.Context(), dir, m, s); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the migration gave %v, want %q", err, c.says)
			}
			if !bytes.Equal(read(t, store.Path(dir)), before) {
				t.Error("the database has changed")
			}
			if _, err := os.Stat(filepath.Join(dir, "migrating")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("something is left behind (%v)", err)
			}
			if c.before != nil {
				return
			}
			if _, err := store.MigrateBy(t.Context(), dir, migration(t, good), steps()); err != nil {
				t.Error(err)
			}
		})
	}
}

// complete is good, of a store whose gists can all be read.
func complete(s *store.Store) error {
	return errors.Join(good(s), s.View(func(v *store.View) error {
		var bad error
		err := v.Statements(func(st *store.Statement) bool {
			_, err := v.Gist(st)
			bad = errors.Join(bad, err)
			return true
		})
		return errors.Join(err, bad)
	}))
}

func TestMigrationWaitsForNobody(t *testing.T) {
	dir := t.TempDir()
	current(t, dir)
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, _, err := store.Migrate(t.Context(), dir, migration(t, good)); err == nil || !strings.Contains(err.Error(), "stop the service first") {
		t.Errorf("migrating beside a service gave %v", err)
	}
	if _, _, err := store.Migrate(t.Context(), t.TempDir(), migration(t, good)); err == nil || !strings.Contains(err.Error(), "labeld init") {
		t.Errorf("migrating nothing gave %v", err)
	}
}

// killedVar has the test binary migrate the database of a directory, to be killed.
const killedVar = "LABELD_MIGRATE_AND_BE_KILLED"

// TestMigrationIsKilled kills a migration with SIGKILL, again and again at any moment.
// The database is always as it was, or migrated; and at the end it is migrated.
func TestMigrationIsKilled(t *testing.T) {
	if dir := os.Getenv(killedVar); dir != "" {
		if _, err := store.MigrateBy(t.Context(), dir, migration(t, good), steps()); err != nil {
			t.Fatal(err)
		}
		return
	}
	dir := t.TempDir()
	before := older(t, dir, store.SchemaVersion-2)
	for range 8 {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMigrationIsKilled$")
		cmd.Env = append(os.Environ(), killedVar+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		killed := time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		killed.Stop()
		if now := read(t, store.Path(dir)); !bytes.Equal(now, before) {
			if kept := read(t, store.Kept(dir, store.SchemaVersion-2)); !bytes.Equal(kept, before) {
				t.Fatal("the database has changed, and is not kept as it was")
			}
			break
		} else if err == nil {
			t.Fatal("the migration succeeded, and the database is as it was")
		}
	}
	// Killed between giving the database its second name and giving the new one its place.
	if bytes.Equal(read(t, store.Path(dir)), before) && !exists(store.Kept(dir, store.SchemaVersion-2)) {
		if err := os.Link(store.Path(dir), store.Kept(dir, store.SchemaVersion-2)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := store.MigrateBy(t.Context(), dir, migration(t, good), steps()); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := complete(s); err != nil {
		t.Error(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
