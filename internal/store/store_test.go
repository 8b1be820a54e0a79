package store_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
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
	"nothing":               func(b []byte) bool { return len(b) == 0 },
	"text":                  func(b []byte) bool { return len(b) > 0 },
	"uint32":                func(b []byte) bool { return len(b) == 4 },
	"uint64":                func(b []byte) bool { return len(b) == 8 },
	"32 bytes":              func(b []byte) bool { return len(b) == 32 },
	"signed note":           func(b []byte) bool { return bytes.Contains(b, []byte("\n\n— ")) },
	"packed envelope":       func(b []byte) bool { return len(b) > 34 },
	"time":                  func(b []byte) bool { return len(b) == 8 },
	"level uint8, n uint64": func(b []byte) bool { return len(b) == 9 },
	"index uint64":          func(b []byte) bool { return len(b) == 8 },
	"org":                   slug,
	"key id":                func(b []byte) bool { return len(b) == 64 },
	"org|key id":            afterOrg(64),
	"org|uint64 log index":  afterOrg(8),
	"32-byte digest":        func(b []byte) bool { return len(b) == 32 },
	"picture":               func(b []byte) bool { return label.PictureType(b) != "" },
	"32-byte id":            func(b []byte) bool { return len(b) == 32 },
	"place uint64":          func(b []byte) bool { return len(b) == 8 },
	"gtin, digest":          func(b []byte) bool { return len(b) == 14+32 },
	"gtin, index":           func(b []byte) bool { return len(b) == 14+8 },
	"nothing or digest":     func(b []byte) bool { return len(b) == 0 || len(b) == 32 },
	"org|model|digest": func(b []byte) bool {
		return len(b) > 32 && b[len(b)-33] == 0 && bytes.Count(b[:len(b)-32], []byte{0}) == 2
	},
	"brand|org|time, digest": func(b []byte) bool {
		p := bytes.SplitN(b, []byte{0}, 3)
		return len(p) == 3 && len(p[0]) > 0 && slug(p[1]) && len(p[2]) == 8+32
	},
	"key|brand": func(b []byte) bool {
		p := bytes.Split(b, []byte{0})
		return len(p) == 2 && len(p[0]) > 1 && len(p[1]) > 0
	},
	"held": func(b []byte) bool {
		return bytes.HasPrefix(b, []byte("device\x00")) && len(b) == 7+32 || bytes.HasPrefix(b, []byte("org\x00")) && slug(b[4:])
	},
	"s2":                    func(b []byte) bool { _, err := s2.DecodedLen(b); return err == nil },
	"zstd":                  func(b []byte) bool { return bytes.HasPrefix(b, []byte{0x28, 0xb5, 0x2f, 0xfd}) },
	"label id":              func(b []byte) bool { _, err := label.ParseID(string(b)); return err == nil && len(b) == 12 },
	"json":                  func(b []byte) bool { return bytes.HasPrefix(b, []byte("{")) && bytes.HasSuffix(b, []byte("}")) },
	"json, then descriptor": func(b []byte) bool { return bytes.Contains(b, []byte("}\x00{")) },
	"label id, uint32":      func(b []byte) bool { return len(b) == 12+4 },
	"label id, digest":      func(b []byte) bool { return len(b) == 12+32 },
	"two 32-byte":           func(b []byte) bool { return len(b) == 64 },
	"time, digest, index":   func(b []byte) bool { return len(b) == 8+32+8 },
	"org|time, 32-byte id":  afterOrg(8 + 32),
	"org|index, label id":   afterOrg(8 + 12),
	"org|time, text":        func(b []byte) bool { org, rest, ok := bytes.Cut(b, []byte{0}); return ok && slug(org) && len(rest) > 8 },
	"org|time, 32-byte":     afterOrg(8 + 32),
	"time, 32-byte":         func(b []byte) bool { return len(b) == 8+32 },
	"digest, time, 32-byte": func(b []byte) bool { return len(b) == 32+8+32 },
	"32-byte, org":          func(b []byte) bool { return len(b) > 32 && slug(b[32:]) },
	"org|type|number": func(b []byte) bool {
		p := bytes.SplitN(b, []byte{0}, 3)
		return len(p) == 3 && slug(p[0]) && len(p[1]) > 0 && len(p[2]) > 0
	},
	"org|text":           func(b []byte) bool { org, rest, ok := bytes.Cut(b, []byte{0}); return ok && slug(org) && len(rest) > 0 },
	"time, complaint id": func(b []byte) bool { return len(b) == 8+12 },
	"label|complaint id": func(b []byte) bool { return len(b) == 12+1+12 || len(b) == 1+12 },
	"hook id":            slug,
	"org|hook id":        afterOrg(12),
	"hook id|uint64":     afterOrg(8),
}

func slug(b []byte) bool {
	return len(b) > 0 && len(bytes.Trim(b, "abcdefghijklmnopqrstuvwxyz0123456789-")) == 0
}

func afterOrg(n int) func([]byte) bool {
	return func(b []byte) bool {
		org, rest, ok := bytes.Cut(b, []byte{0})
		return ok && slug(org) && len(rest) == n
	}
}

// drawing is the schema as the package comment draws it, each side with the
// name of its shape. A change of the schema changes both or fails here.
var drawing = []struct{ line, key, value string }{
	{"hashes          level uint8, n uint64 = 32 bytes             Merkle tree nodes", "level uint8, n uint64", "32 bytes"},
	{"entries         index uint64 = packed envelope               log entries", "index uint64", "packed envelope"},
	{"orgs            org = json label.Organization", "org", "json"},
	{"keys            key id = json label.Key", "key id", "json"},
	{"org_keys        org|key id = nothing", "org|key id", "nothing"},
	{"accreditations  org|uint64 log index = json label.Accreditation", "org|uint64 log index", "json"},
	{"devices         32-byte digest = json Device, then the descriptor", "32-byte digest", "json, then descriptor"},
	{"gtins           gtin, 32-byte device digest = nothing or the 32-byte event that moved it away", "gtin, digest", "nothing or digest"},
	{"gtin_moves      gtin, uint64 log index = json GTINMove", "gtin, index", "json"},
	{"models          org|model|32-byte device digest = nothing   the model number folded", "org|model|digest", "nothing"},
	{"brands          brand|org|time, 32-byte device digest = nothing   the brand folded; by when the device was registered", "brand|org|time, digest", "nothing"},
	{"near_brands     key|brand = nothing                         the brand folded, by what names that are near have in common", "key|brand", "nothing"},
	{"holds           device|32-byte digest or org|org = json Hold", "held", "json"},
	{"struck          32-byte id = 32-byte event                  of statements and rulings", "32-byte id", "32-byte digest"},
	{"verdicts        label id = json Verdict                     of labels that their evidence did not carry when judged again, or that can be renewed", "label id", "json"},
	{"judgements      32-byte device digest = time                since when a judgement is due", "32-byte digest", "time"},
	{"pictures        32-byte digest = picture as it came          that a descriptor names", "32-byte digest", "picture"},
	{"statements      32-byte id = json Statement", "32-byte id", "json"},
	{"evidence        place uint64 = zstd of the signed bytes as they came", "place uint64", "zstd"},
	{"gists           place uint64 = s2 of what judging needs of it", "place uint64", "s2"},
	{"device_stmts    32-byte device digest, 32-byte id = nothing or the 32-byte id that it made room for", "two 32-byte", "nothing or digest"},
	{"numbers         org|predicate type|number = 32-byte id        of statements, by what their signer called them", "org|type|number", "32-byte digest"},
	{"org_stmts       org|^time, 32-byte id = nothing             signer's and carrier's, newest first", "org|time, 32-byte id", "nothing"},
	{"labels          label id = json Label", "label id", "json"},
	{"device_labels   time, 32-byte device digest, uint64 log index = label id  by when the device was registered", "time, digest, index", "label id"},
	{"org_labels      org|^log index, label id = nothing          newest first", "org|index, label id", "nothing"},
	{"outlines        index uint64 = json label.Outline           what lists show of labels", "index uint64", "json"},
	{"statuses        label id, number uint32 = json Status", "label id, uint32", "json"},
	{"requests        32-byte digest = json Request", "32-byte digest", "json"},
	{"events          32-byte digest = json Event", "32-byte digest", "json"},
	{"waiting         label id, 32-byte digest = nothing          requests without status that are not closed", "label id, digest", "nothing"},
	{"decisions       32-byte digest = json Decision              refusals", "32-byte digest", "json"},
	{"device_decisions  32-byte device digest, ^time, 32-byte digest = nothing  newest first", "digest, time, 32-byte", "nothing"},
	{"org_decisions   org|^time, 32-byte digest = nothing         the manufacturer's, newest first", "org|time, 32-byte", "nothing"},
	{"appeals         32-byte digest = json Appeal", "32-byte digest", "json"},
	{"due_appeals     time, 32-byte digest = nothing              appeals without ruling, by when it is due", "time, 32-byte", "nothing"},
	{"rulings         32-byte device digest, 32-byte digest = json Ruling", "two 32-byte", "json"},
	{"complaints      complaint id = json Complaint", "hook id", "json"},
	{"open_complaints  ^time, complaint id = nothing              newest first", "time, complaint id", "nothing"},
	{"label_complaints  label id or nothing|complaint id = nothing", "label|complaint id", "nothing"},
	{"plans           plan id = json Plan                         surveillance", "org", "json"},
	{"advisories      32-byte digest, org = json Advisory         of the document, and who published it", "32-byte, org", "json"},
	{"documents       32-byte digest = zstd of the document as it came", "32-byte digest", "zstd"},
	{"org_advisories  org|^time, 32-byte digest = nothing         newest first", "org|time, 32-byte", "nothing"},
	{"latest_advisories  org|advisory id = 32-byte digest", "org|text", "32-byte digest"},
	{"notices         notice id = json notice.Notice", "text", "json"},
	{"org_notices     org|^time, notice id = nothing              newest first", "org|time, text", "nothing"},
	{"hooks           hook id = json notice.Hook", "hook id", "json"},
	{"org_hooks       org|hook id = nothing", "org|hook id", "nothing"},
	{"outbox          hook id|number uint64 = json letter         waiting, in order", "hook id|uint64", "json"},
	{"dead            hook id|number uint64 = json letter         given up", "hook id|uint64", "json"},
}

// named are the buckets with a few named values.
var named = map[string]struct {
	line   string
	values map[string]string
}{
	"meta": {"meta            schema = uint32 | origin = text | committed = time, 8 bytes Unix nanoseconds | accepted = json []Acceptance | identity = json Identity | advised = log index | watched = json Watched",
		map[string]string{"schema": "uint32", "origin": "text", "committed": "time", "advised": "uint64", "watched": "json"}},
	"head": {"head            size = uint64 | root = 32 bytes | checkpoint = signed note",
		map[string]string{"size": "uint64", "root": "32 bytes", "checkpoint": "signed note"}},
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
	// A judgement that is due, as after a crash: nothing runs that could draw it.
	w.Authority.Close()
	due(t, w, label.DigestOf(toy.Descriptor))
	return w
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

// due makes a judgement due.
func due(t *testing.T, w *labeltest.World, device label.Digest) {
	t.Helper()
	var head store.Head
	if err := w.Store.View(func(v *store.View) (err error) { head, err = v.Head(); return err }); err != nil {
		t.Fatal(err)
	}
	at := w.Clock.Now()
	if err := w.Store.Commit(&store.Batch{
		At: at, From: head.Tree, Judgements: []store.Judgement{{Device: device, Since: at}},
	}); err != nil {
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
	drawn := map[string]bool{}
	for _, d := range drawing {
		drawn[strings.Fields(d.line)[0]] = true
		if !bytes.Contains(comment, []byte("//\t"+d.line+"\n")) {
			t.Errorf("the package comment does not draw: %s", d.line)
		}
	}
	for name, n := range named {
		drawn[name] = true
		if !bytes.Contains(comment, []byte("//\t"+n.line+"\n")) {
			t.Errorf("the package comment does not draw: %s", n.line)
		}
	}
	err = db.View(func(tx *bolt.Tx) error {
		for _, d := range drawing {
			name := strings.Fields(d.line)[0]
			records := 0
			err := tx.Bucket([]byte(name)).ForEach(func(k, v []byte) error {
				records++
				if !shapes[d.key](k) {
					return fmt.Errorf("%s: key %x is not %q", name, k, d.key)
				}
				if !shapes[d.value](v) {
					return fmt.Errorf("%s: value %x of key %x is not %q", name, v, k, d.value)
				}
				return nil
			})
			if err != nil {
				return err
			}
			if records == 0 {
				t.Errorf("%s: the filled store has no record of it", name)
			}
		}
		for name, n := range named {
			records := 0
			if err := tx.Bucket([]byte(name)).ForEach(func(k, v []byte) error {
				records++
				if shape := n.values[string(k)]; shape == "" || !shapes[shape](v) {
					return fmt.Errorf("%s: %s = %x is not drawn", name, k, v)
				}
				return nil
			}); err != nil {
				return err
			}
			if records != len(n.values) {
				t.Errorf("%s has %d values, %d are drawn", name, records, len(n.values))
			}
		}
		return tx.ForEach(func(name []byte, _ *bolt.Bucket) error {
			if !drawn[string(name)] {
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
	err := w.Store.Commit(&store.Batch{At: time.Now(), From: stale, Orgs: []label.Organization{{ID: "x"}}})
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
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("a database of the future gave %v", err)
	}
}

// TestEarlierSchemaIsRefused opens a database as the release before this one left
// it. What is written there means other things now, so it must be refused, and
// stay as it is.
func TestEarlierSchemaIsRefused(t *testing.T) {
	packed, err := os.ReadFile(filepath.Join("testdata", "schema-4", "labeld.db.zst"))
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
	dir := t.TempDir()
	if err := os.WriteFile(store.Path(dir), raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Open(dir); err == nil || !strings.Contains(err.Error(), "version 4") {
		t.Errorf("a database of the release before gave %v", err)
	}
	if after, err := os.ReadFile(store.Path(dir)); err != nil || !bytes.Equal(after, raw) {
		t.Errorf("the refused database was changed (%v)", err)
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
	for _, d := range drawing {
		name := strings.Fields(d.line)[0]
		for _, how := range []string{"removed", "changed"} {
			if how == "changed" && d.value == "nothing" {
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

// spoil removes the last record of a bucket, or replaces its value with that of
// no sensible record.
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
		if how == "removed" {
			return b.Delete(k)
		}
		changed := bytes.Clone(v)
		changed[len(changed)/2] ^= 0x55
		return b.Put(bytes.Clone(k), changed)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}
