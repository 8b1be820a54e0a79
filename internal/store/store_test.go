package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	bolt "go.etcd.io/bbolt"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// shapes says, for the words of the drawing in the package comment, what a key
// or value of that description looks like.
var shapes = map[string]func([]byte) bool{
	"nothing":                        size(0),
	"text":                           func(b []byte) bool { return len(b) > 0 },
	"uint32":                         size(4),
	"uint64":                         size(8),
	"log index":                      size(8),
	"32 bytes":                       size(32),
	"signed note":                    func(b []byte) bool { return bytes.Contains(b, []byte("\n\n— ")) },
	"packed envelope":                func(b []byte) bool { return len(b) > 34 },
	"time":                           size(8),
	"time, 8 bytes Unix nanoseconds": size(8),
	"level uint8, n uint64":          size(9),
	"index uint64":                   size(8),
	"org":                            slug,
	"person":                         slug,
	"size uint64":                    size(8),
	"number uint64":                  size(8),
	"size uint64, 32-byte root":      size(8 + 32),
	"32-byte hashes, then json label.TrailEntry": func(b []byte) bool {
		hashes, leaf, ok := bytes.Cut(b, []byte(`{"actor":`))
		return ok && len(hashes)%32 == 0 && len(hashes) > 0 && bytes.HasSuffix(leaf, []byte("}"))
	},
	"org|number uint64": afterOrg(8),
	"plan id":           slug,
	"hook id":           slug,
	"complaint id":      slug,
	"notice id":         func(b []byte) bool { return len(b) > 0 },
	"key id":            size(64),
	"org|key id":        afterOrg(64),
	"uint64 log index":  size(8),
	"org|person": func(b []byte) bool {
		org, person, ok := bytes.Cut(b, []byte{0})
		return ok && slug(org) && slug(person)
	},
	"org|uint64 log index":        afterOrg(8),
	"32-byte digest":              size(32),
	"32-byte device digest":       size(32),
	"32-byte event":               size(32),
	"32-byte id":                  size(32),
	"picture as it came":          func(b []byte) bool { return label.PictureType(b) != "" },
	"place uint64":                size(8),
	"gtin, 32-byte device digest": size(14 + 32),
	"gtin, uint64 log index":      size(14 + 8),
	"nothing or the 32-byte event that moved it away": func(b []byte) bool { return len(b) == 0 || len(b) == 32 },
	"nothing or the 32-byte id that it made room for": func(b []byte) bool { return len(b) == 0 || len(b) == 32 },
	"org|model|32-byte device digest": func(b []byte) bool {
		return len(b) > 32 && b[len(b)-33] == 0 && bytes.Count(b[:len(b)-32], []byte{0}) == 2
	},
	"brand|org|time, 32-byte device digest": func(b []byte) bool {
		p := bytes.SplitN(b, []byte{0}, 3)
		return len(p) == 3 && len(p[0]) > 0 && slug(p[1]) && len(p[2]) == 8+32
	},
	"key|brand": func(b []byte) bool {
		p := bytes.Split(b, []byte{0})
		return len(p) == 2 && len(p[0]) > 1 && len(p[1]) > 0
	},
	"device|32-byte digest or org|org": func(b []byte) bool {
		return bytes.HasPrefix(b, []byte("device\x00")) && len(b) == 7+32 || bytes.HasPrefix(b, []byte("org\x00")) && slug(b[4:])
	},
	"s2 of what judging needs of it":                func(b []byte) bool { _, err := s2.DecodedLen(b); return err == nil },
	"zstd of the signed bytes as they came":         packed,
	"zstd of the document as it came":               packed,
	"label id":                                      func(b []byte) bool { _, err := label.ParseID(string(b)); return err == nil && len(b) == 12 },
	"json Device, then the descriptor":              func(b []byte) bool { return bytes.Contains(b, []byte("}\x00{")) },
	"label id, number uint32":                       size(12 + 4),
	"label id or nothing, 32-byte digest":           func(b []byte) bool { return len(b) == 32 || len(b) == 12+32 },
	"32-byte device digest, 32-byte id":             size(64),
	"32-byte device digest, 32-byte digest":         size(64),
	"time, 32-byte device digest, uint64 log index": size(8 + 32 + 8),
	"org|^time, 32-byte id":                         afterOrg(8 + 32),
	"org|^time, 32-byte digest":                     afterOrg(8 + 32),
	"org|^log index, label id":                      afterOrg(8 + 12),
	"org|^time, notice id":                          func(b []byte) bool { org, rest, ok := bytes.Cut(b, []byte{0}); return ok && slug(org) && len(rest) > 8 },
	"time, 32-byte digest":                          size(8 + 32),
	"32-byte device digest, ^time, 32-byte digest":  size(32 + 8 + 32),
	"32-byte digest, org":                           func(b []byte) bool { return len(b) > 32 && slug(b[32:]) },
	"org|predicate type|number": func(b []byte) bool {
		p := bytes.SplitN(b, []byte{0}, 3)
		return len(p) == 3 && slug(p[0]) && len(p[1]) > 0 && len(p[2]) > 0
	},
	"scheme id|version": func(b []byte) bool {
		id, version, ok := bytes.Cut(b, []byte{0})
		return ok && slug(id) && len(version) > 0
	},
	"org|advisory id":                  func(b []byte) bool { org, rest, ok := bytes.Cut(b, []byte{0}); return ok && slug(org) && len(rest) > 0 },
	"^time, complaint id":              size(8 + 12),
	"label id or nothing|complaint id": func(b []byte) bool { return len(b) == 12+1+12 || len(b) == 1+12 },
	"org|hook id":                      afterOrg(12),
	"hook id|number uint64":            afterOrg(8),
}

// fits reports whether a key or value looks as it is drawn.
func fits(t *testing.T, drawn string, b []byte) bool {
	t.Helper()
	if strings.HasPrefix(drawn, "json ") && shapes[drawn] == nil {
		return len(b) > 1 && (b[0] == '{' && b[len(b)-1] == '}' || b[0] == '[' && b[len(b)-1] == ']')
	}
	if shapes[drawn] == nil {
		t.Fatalf("what %q looks like is not known", drawn)
	}
	return shapes[drawn](b)
}

func size(n int) func([]byte) bool { return func(b []byte) bool { return len(b) == n } }

func packed(b []byte) bool { return bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) }

func slug(b []byte) bool {
	return len(b) > 0 && len(bytes.Trim(b, "abcdefghijklmnopqrstuvwxyz0123456789-")) == 0
}

func afterOrg(n int) func([]byte) bool {
	return func(b []byte) bool {
		org, rest, ok := bytes.Cut(b, []byte{0})
		return ok && slug(org) && len(rest) == n
	}
}

// drawing is the schema with a row for each bucket, and the named values of the
// buckets that have a few.
func drawing() (rows []store.DrawnBucket, named map[string]map[string]string) {
	named = map[string]map[string]string{}
	for _, b := range store.Drawn() {
		if b.Key != "" {
			rows = append(rows, b)
			continue
		}
		named[b.Name] = map[string]string{}
		for v := range strings.SplitSeq(b.Value, " | ") {
			name, shape, _ := strings.Cut(v, " = ")
			named[b.Name][name] = shape
		}
	}
	return rows, named
}

// notices makes a webhook with a delivery that waits and one that was given up.
func notices(t *testing.T, w *labeltest.World) {
	t.Helper()
	ctx, maker := t.Context(), w.Caller(labeltest.Maker)
	hook, err := w.Authority.AddHook(ctx, maker, "https://northlight.example/labels", nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := w.Authority.TestHook(ctx, maker, hook.ID); err != nil {
			t.Fatal(err)
		}
	}
	due, err := w.Authority.Outbox().Due(w.Clock.Now(), 1)
	if err != nil || len(due) != 1 {
		t.Fatalf("%d deliveries are due, want 1 (%v)", len(due), err)
	}
	due[0].LastError, due[0].Dead = "no answer", true
	if err := errors.Join(w.Authority.Outbox().Tried(due[0]), w.Authority.Watch(ctx)); err != nil {
		t.Fatal(err)
	}
}

// filled returns a world whose store has something in every bucket.
func filled(t *testing.T) *labeltest.World {
	t.Helper()
	w := labeltest.New(t, nil)
	fill(t, w, w.Store)
	if err := errors.Join(w.Store.AcceptClock(w.Clock.Now()), w.Store.Identify(&store.Identity{URL: labeltest.Base, Authority: labeltest.Operator})); err != nil {
		t.Fatal(err)
	}
	return w
}

// fill puts something into every bucket, and closes the authority. What the authority
// itself would not write goes to s.
func fill(t *testing.T, w *labeltest.World, s authority.Store) {
	t.Helper()
	w.Issue(w.Example("camera"), 3)
	w.Picture(w.Example("camera"))
	plug := w.Issue(w.Example("plug"), 1)
	w.Report(label.Event{Kind: label.KeyEvent, Key: w.Signers[labeltest.Maker].Public.ID, Since: labeltest.Start, Reason: "false-report"})
	w.Change(labeltest.Operator, plug, label.Reinstate, "resolved")
	w.Change(labeltest.Operator, plug, label.Revoke, "nonconformity") // waits for another operator
	notices(t, w)
	doc, err := os.ReadFile("testdata/openvex.json")
	if err != nil {
		t.Fatal(err)
	}
	w.Advise(labeltest.Operator, doc)
	w.Plan("autumn", 1000, 1)
	govern(t, w)
	if _, err := w.Authority.Complain(t.Context(), store.Complaint{Label: plug.Label.ID, Kind: authority.Copied, Text: "It is on a lamp."}); err != nil {
		t.Fatal(err)
	}
	toy := w.Example("toy")
	w.Submit(toy)
	w.Appeal(toy, 2)
	w.Rule(toy, w.Appeal(toy, 3))
	w.Report(label.Event{Kind: label.GTINEvent, GTIN: w.Example("plug").Device.GTINs[0], Manufacturer: labeltest.ToyMaker, Reason: "misuse"})
	w.Report(label.Event{Kind: label.HoldEvent, Manufacturer: labeltest.ToyMaker, Reason: "misuse"})
	w.Report(label.Event{Kind: label.StatementEvent, Statement: declared(t, w, toy), Reason: "false-declaration"})
	labeltest.Record(t, s, w.Clock.Now(), labeltest.Act(labeltest.Maker, "label.request", ""), labeltest.Act(labeltest.Operator, "label.revoke", string(plug.Label.ID)), labeltest.Act(labeltest.Maker, "label.withdraw", ""))
	if err := w.Authority.LogAuditHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	// A judgement that is due, as after a crash: nothing runs that could draw it.
	w.Authority.Close()
	due(t, w, s, label.DigestOf(toy.Descriptor))
}

// declared returns the declaration about an example.
func declared(t *testing.T, w *labeltest.World, e *example.Example) (id label.Digest) {
	t.Helper()
	err := w.Store.View(func(v *store.View) error {
		list, err := v.DeviceStatements(label.DigestOf(e.Descriptor))
		for _, s := range list {
			if st, err := v.Statement(s.ID); err == nil && st.Type == label.TypeDeclaration {
				id = s.ID
			}
		}
		return err
	})
	if err != nil || id.IsZero() {
		t.Fatalf("no declaration is on record: %v", err)
	}
	return id
}

// govern changes who acts for the authority, and by which rules.
func govern(t *testing.T, w *labeltest.World) {
	t.Helper()
	if _, err := w.Authority.Recover(t.Context(), labeltest.Operator, "dan", labeltest.NewSigner(t).Public.PEM, "The others are away."); err != nil {
		t.Fatal(err)
	}
	for _, table := range []label.Digest{label.DigestOf([]byte("another")), w.Programme.ActsSHA256} {
		if _, err := w.ChangeRegistry(t.Context(), w.Caller(labeltest.Operator), label.RegistryRequest{Act: label.ActAdoptActs, Table: table, Text: "To try."}); err != nil {
			t.Fatal(err)
		}
	}
}

// due makes a judgement due.
func due(t *testing.T, w *labeltest.World, s authority.Store, device label.Digest) {
	t.Helper()
	var head store.Head
	if err := s.View(func(v *store.View) (err error) { head, err = v.Head(); return err }); err != nil {
		t.Fatal(err)
	}
	at := w.Clock.Now()
	b := &store.Batch{At: at, From: head.Tree}
	b.Add(&store.Judgement{Device: device, Since: at})
	if err := s.Commit(b); err != nil {
		t.Fatal(err)
	}
}

func TestSchemaIsAsDrawn(t *testing.T) {
	w := filled(t)
	comment, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	w.Authority.Close()
	copyOf := filepath.Join(t.TempDir(), "copy.db")
	b, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(copyOf, b, 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(copyOf, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, named := drawing()
	var want strings.Builder
	for _, b := range store.Drawn() {
		fmt.Fprintf(&want, "//\t%s\n", b)
	}
	if !bytes.Contains(comment, []byte(want.String())) {
		t.Errorf("the package comment does not draw the schema; put this there:\n%s", want.String())
	}
	err = db.View(func(tx *bolt.Tx) error {
		for _, d := range rows {
			records := 0
			err := tx.Bucket([]byte(d.Name)).ForEach(func(k, v []byte) error {
				records++
				if !fits(t, d.Key, k) {
					return fmt.Errorf("%s: key %x is not %q", d.Name, k, d.Key)
				}
				if !fits(t, d.Value, v) {
					return fmt.Errorf("%s: value %x of key %x is not %q", d.Name, v, k, d.Value)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if records == 0 {
				t.Errorf("%s: the filled store has no record of it", d.Name)
			}
		}
		for name, values := range named {
			records := 0
			if err := tx.Bucket([]byte(name)).ForEach(func(k, v []byte) error {
				records++
				if shape := values[string(k)]; shape == "" || !fits(t, shape, v) {
					return fmt.Errorf("%s: %s = %x is not drawn", name, k, v)
				}
				return nil
			}); err != nil {
				return err
			}
			if records != len(values) {
				t.Errorf("%s has %d values, %d are drawn", name, records, len(values))
			}
		}
		return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
			if !slices.ContainsFunc(store.Drawn(), func(b store.DrawnBucket) bool { return b.Name == string(name) }) {
				t.Errorf("bucket %s is not drawn", name)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCommitIsCompareAndSwap(t *testing.T) {
	w := labeltest.New(t, nil)
	var head store.Head
	if err := w.Store.View(func(v *store.View) (err error) { head, err = v.Head(); return err }); err != nil {
		t.Fatal(err)
	}
	stale := translog.Tree{N: head.Tree.N + 1, Hash: head.Tree.Hash}
	b := &store.Batch{At: time.Now(), From: stale}
	b.Add(&store.Organization{ID: "x"})
	err := w.Store.Commit(b)
	if !errors.Is(err, store.ErrConflict) {
		t.Errorf("a batch on another head gave %v", err)
	}
	if err := w.Store.View(func(v *store.View) error { _, err := v.Org("x"); return err }); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the refused batch left its organization behind (%v)", err)
	}
}

func TestOpenMakesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "labeld init") {
		t.Errorf("opening an empty directory gave %v", err)
	}
	if list, _ := os.ReadDir(dir); len(list) != 0 {
		t.Errorf("opening made %v", list)
	}
	if err := store.Create(dir, "o", store.Head{Tree: translog.Empty(), Checkpoint: []byte("x")}, time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := store.Create(dir, "o", store.Head{Tree: translog.Empty()}, time.Now()); err == nil {
		t.Error("a database was made over another")
	}
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("opening twice gave %v", err)
	}
}

func TestUnknownSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := store.Create(dir, "o", store.Head{Tree: translog.Empty(), Checkpoint: []byte("x")}, time.Now()); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(store.Path(dir), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Update(func(tx *bolt.Tx) error {
		return tx.Bucket([]byte("meta")).Put([]byte("schema"), binary.BigEndian.AppendUint32(nil, 99))
	}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "version 99") || !strings.Contains(err.Error(), "newer release") {
		t.Errorf("a database of the future gave %v", err)
	}
	if _, _, err := store.Migrate(t.Context(), dir, migration(t, good)); err == nil || !strings.Contains(err.Error(), "newer release") {
		t.Errorf("migrating a database of the future gave %v", err)
	}
}

// TestEarlierSchemaIsRefused opens a database that no step of this release leads from.
// What is written there means other things now, so it must be refused, and stay as it is.
func TestEarlierSchemaIsRefused(t *testing.T) {
	dir := t.TempDir()
	raw := fixture(t, dir, 4)
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "version 4") {
		t.Errorf("a database of the release before gave %v", err)
	}
	if _, _, err := store.Migrate(t.Context(), dir, migration(t, good)); err == nil || !strings.Contains(err.Error(), "version 4") {
		t.Errorf("migrating it gave %v", err)
	}
	if after := read(t, store.Path(dir)); !bytes.Equal(after, raw) {
		t.Error("the refused database was changed")
	}
}

// TestCheckFindsDamage spoils one record after the other in a copy of a good
// database; the check must notice each.
func TestCheckFindsDamage(t *testing.T) {
	w := filled(t)
	good, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	rows, _ := drawing()
	for _, d := range rows {
		name := d.Name
		for _, how := range []string{"removed", "changed"} {
			if how == "changed" && d.Value == "nothing" {
				continue
			}
			if how == "removed" && (name == "outbox" || name == "dead") {
				continue // as when it was delivered
			}
			if how == "removed" && name == "pictures" {
				continue // as before it was sent
			}
			if name == "judgements" || name == "verdicts" {
				continue // as when it was done; since when one is due, and what another came to, is for the order and the number of consequences only
			}
			t.Run(name+" "+how, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.WriteFile(store.Path(dir), good, 0o600); err != nil {
					t.Fatal(err)
				}
				spoil(t, dir, name, how)
				s, err := store.Open(dir)
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				problems := 0
				if err := authority.Check(context.Background(), s, w.Trust, w.Programme, labeltest.Problems(func(string) { problems++ })); err != nil {
					problems++
				}
				if problems == 0 {
					t.Errorf("a record of %s was %s and the check says nothing", name, how)
				}
			})
		}
	}
}

// TestCheckFindsMovedRecords gives a record of each index another key, so that there are
// as many as before, and requires that the check names both what is missing and where.
func TestCheckFindsMovedRecords(t *testing.T) {
	w := filled(t)
	good, err := os.ReadFile(store.Path(w.Dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range store.Indexes() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(store.Path(dir), good, 0o600); err != nil {
				t.Fatal(err)
			}
			spoil(t, dir, name, "moved")
			s, err := store.OpenReadOnly(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			var found []string
			if err := s.Check(t.Context(), labeltest.Problems(func(p string) { found = append(found, p) })); err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{": index " + name + " has no record of it", "index " + name + " has other records than what it is of gives"} {
				if !slices.ContainsFunc(found, func(p string) bool { return strings.HasSuffix(p, want) }) {
					t.Errorf("nobody says %q, but %q", want, found)
				}
			}
		})
	}
}

// spoil removes the last record of a bucket, replaces its value with that of no
// sensible record, or moves it to a key that differs in one bit.
func spoil(t *testing.T, dir, bucket, how string) {
	t.Helper()
	db, err := bolt.Open(store.Path(dir), 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket([]byte(bucket))
		k, v := b.Cursor().Last()
		if len(v) == 0 && how == "changed" {
			v = make([]byte, 32) // where there may be something, and is nothing
		}
		switch how {
		case "removed":
			return b.Delete(k)
		case "moved":
			moved, value := bytes.Clone(k), bytes.Clone(v)
			moved[len(moved)-1] ^= 0x80
			return errors.Join(b.Delete(k), b.Put(moved, value))
		}
		changed := bytes.Clone(v)
		changed[len(changed)/2] ^= 0x55
		return b.Put(bytes.Clone(k), changed)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
