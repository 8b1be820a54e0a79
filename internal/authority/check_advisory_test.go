package authority_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/authority"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// TestCheckHoldsAdvisoriesToTheirDocuments rewrites what is on record of an
// advisory, by something just as well formed.
func TestCheckHoldsAdvisoriesToTheirDocuments(t *testing.T) {
	l := newLife(t)
	l.Advise(labeltest.Maker, firstVex.bytes())
	good, err := os.ReadFile(store.Path(l.Dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ bucket, old, new, says string }{
		{"advisories", `"version":"1"`, `"version":"2"`, "its document and event"},
		{"advisories", `"format":"openvex"`, `"format":"csaf"`, "its document and event"},
		{"statuses", `"version":"1"`, `"version":"2"`, "differs from the signed statement"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(store.Path(dir), good, 0o600); err != nil {
			t.Fatal(err)
		}
		rewrite(t, dir, tt.bucket, tt.old, tt.new)
		s, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		var problems []string
		err = authority.Check(context.Background(), s, l.Trust, l.Programme, labeltest.Problems(func(p string) { problems = append(problems, p) }))
		if err != nil || !strings.Contains(strings.Join(problems, "\n"), tt.says) {
			t.Errorf("%s for %s: the check says %q (%v)", tt.new, tt.old, problems, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// rewrite changes the first record of a bucket.
func rewrite(t *testing.T, dir, bucket, old, with string) {
	t.Helper()
	db, err := bolt.Open(store.Path(dir), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		k, v := b.Cursor().First()
		if !bytes.Contains(v, []byte(old)) {
			t.Fatalf("the record of %s is %s", bucket, v)
		}
		return b.Put(bytes.Clone(k), bytes.Replace(v, []byte(old), []byte(with), 1))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
