package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	bolt "go.etcd.io/bbolt"
)

// A DrawnBucket is a bucket as the package comment draws it.
type DrawnBucket struct{ Name, Key, Value, Note string }

// Drawn returns the buckets of the schema in the order of the table.
func Drawn() (list []DrawnBucket) {
	for _, p := range schema() {
		for _, b := range p.buckets {
			list = append(list, DrawnBucket{string(b.name), b.key, b.value, b.note})
		}
	}
	return list
}

// String is the line in the package comment.
func (b DrawnBucket) String() string {
	says := b.Value
	if b.Key != "" {
		says = b.Key + " = " + b.Value
	}
	line := fmt.Sprintf("%-14s  %s", b.Name, says)
	if b.Note != "" {
		line = fmt.Sprintf("%-14s  %-43s  %s", b.Name, says, b.Note)
	}
	return line
}

// WriteTypes returns the types of writes that there are, as %T names them.
func WriteTypes() (list []string) {
	for _, k := range kinds {
		list = append(list, k.of.String())
	}
	return list
}

// A Step is one of those that a test has in place of the real ones.
type Step struct {
	From uint32
	Do   func(Migrator) error
}

// A Migrator is what such a step works with.
type Migrator struct{ *migrator }

// RewriteGists makes all gists anew.
func (m Migrator) RewriteGists() error { return rewriteGists(m.migrator) }

// Rewrite gives the records of a bucket other values.
func (m Migrator) Rewrite(bucket string, f func(key, value []byte) ([]byte, error)) error {
	return m.rewrite([]byte(bucket), func(_ *bolt.Tx, k, v []byte) ([]byte, error) { return f(k, v) })
}

// MigrateBy is [Migrate] by other steps.
func MigrateBy(ctx context.Context, dir string, m Migration, list []Step) (from uint32, err error) {
	var steps []step
	for _, s := range list {
		steps = append(steps, step{s.From, "a step of a test", func(m *migrator) error { return s.Do(Migrator{m}) }})
	}
	return migrate(ctx, dir, m, steps)
}

// SchemaVersion is that of this program.
const SchemaVersion = schemaVersion

// OldestSchema is the first that this program migrates.
func OldestSchema() uint32 { return oldestSchema(steps) }

// Indexes returns the names of the buckets that a check compares by their sums.
func Indexes() []string { return slices.Sorted(maps.Keys(indexes)) }
