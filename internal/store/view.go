package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// A View shows the store as it was at one commit. It is valid inside the function
// that [Store.View] calls; what it returns may be kept.
type View struct {
	tx   *bolt.Tx
	tell func(*Damage) // of records that loops go on past; nil where they end there
}

// View calls f with what is on disk, as it is at one instant. It takes no lock that
// a writer holds, and waits only where it begins while the last sync of a commit
// is under way, whose batch it would show: for that sync. A long f keeps old pages
// from being reused.
func (s *Store) View(f func(*View) error) error {
	return guarded(func() error {
		return s.db.View(func(tx *bolt.Tx) error {
			if err := s.durability.await(tx.ID()); err != nil {
				return err
			}
			return f(&View{tx: tx})
		})
	})
}

// guarded turns into an error what a damaged page or record does to whoever reads
// it. The structure of the file was good when it was opened (checkFile), but a disk
// may fail later, and then the system answers a read of the memory map with a signal;
// bbolt panics at a page that is not what it should be, and Go at a key that is too
// short. That ends neither the process nor any other reading.
func guarded(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		_, fault := r.(runtime.Error)
		if text, ok := r.(string); !fault && (!ok || !strings.HasPrefix(text, "assertion failed: ") && !strings.HasPrefix(text, "invalid page type")) {
			panic(r)
		}
		err = fmt.Errorf("a damaged record, or a fault in what reads it, at %s (%v); run \"labeld check\"", panicked(), r)
	}()
	return f()
}

// panicked returns where in this repository something panicked.
func panicked() string {
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(0, pcs)])
	for began := false; ; {
		f, more := frames.Next()
		if began && strings.HasPrefix(f.Function, "labeld/") {
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
		began = began || f.Function == "runtime.gopanic"
		if !more {
			return "a place unknown"
		}
	}
}

// Head returns the log head.
func (v *View) Head() (Head, error) { return readHead(v.tx) }

func readHead(tx *bolt.Tx) (Head, error) {
	b := tx.Bucket(bHead)
	size, root := b.Get(kSize), b.Get(kRoot)
	if len(size) != 8 || len(root) != len(translog.Hash{}) {
		return Head{}, corrupt(bHead, kSize, fmt.Errorf("wrong length"))
	}
	return Head{
		Tree:       translog.Tree{N: int64(binary.BigEndian.Uint64(size)), Hash: translog.Hash(root)},
		Checkpoint: bytes.Clone(b.Get(kCheckpoint)),
	}, nil
}

// Origin returns the log's origin, fixed when the store was created.
func (v *View) Origin() string { return string(v.tx.Bucket(bMeta).Get(kOrigin)) }

// Committed returns the time of the last commit.
func (v *View) Committed() time.Time {
	b := v.tx.Bucket(bMeta).Get(kCommitted)
	if len(b) != 8 {
		return time.Time{}
	}
	return time.Unix(0, int64(binary.BigEndian.Uint64(b)))
}

// ReadHashes implements [translog.HashReader].
func (v *View) ReadHashes(indexes []int64) ([]translog.Hash, error) {
	b := v.tx.Bucket(bHashes)
	return translog.NodeFunc(func(n translog.Node) (translog.Hash, error) {
		h := b.Get(nodeKey(n))
		if len(h) != len(translog.Hash{}) {
			return translog.Hash{}, corrupt(bHashes, nodeKey(n), fmt.Errorf("no such node"))
		}
		return translog.Hash(h), nil
	}).ReadHashes(indexes)
}

// Tile returns the bytes of a tile or entry bundle that lies within the log,
// or [ErrNotFound].
func (v *View) Tile(t translog.Tile) ([]byte, error) {
	head, err := v.Head()
	if err != nil {
		return nil, err
	}
	if !t.Within(head.Tree.N) {
		return nil, ErrNotFound
	}
	if t.Level < 0 {
		return v.bundle(t)
	}
	first, count := t.Nodes()
	c := v.tx.Bucket(bHashes).Cursor()
	out := make([]byte, 0, count*len(translog.Hash{}))
	key, val := c.Seek(nodeKey(first))
	for i := range count {
		want := nodeKey(translog.Node{Level: first.Level, N: first.N + int64(i)})
		if !bytes.Equal(key, want) || len(val) != len(translog.Hash{}) {
			return nil, corrupt(bHashes, want, fmt.Errorf("no such node"))
		}
		out = append(out, val...)
		key, val = c.Next()
	}
	return out, nil
}

func (v *View) bundle(t translog.Tile) (out []byte, err error) {
	for i := range int64(t.Width) {
		leaf, err := v.Leaf(t.N*translog.TileWidth + i)
		if err != nil {
			return nil, err
		}
		if out, err = translog.AppendBundleEntry(out, leaf); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Entry returns a log entry.
func (v *View) Entry(index int64) (*label.Envelope, error) {
	b := v.tx.Bucket(bEntries).Get(indexKey(index))
	if b == nil {
		return nil, ErrNotFound
	}
	e, err := unpackEntry(b)
	if err != nil {
		return nil, corrupt(bEntries, indexKey(index), err)
	}
	return e, nil
}

// Leaf returns the bytes that the log records at an index.
func (v *View) Leaf(index int64) ([]byte, error) {
	e, err := v.Entry(index)
	if err != nil {
		return nil, err
	}
	return e.Encode()
}

// Org returns an organization.
func (v *View) Org(id string) (*label.Organization, error) {
	return getJSON[label.Organization](v, bOrgs, []byte(id))
}

// Orgs calls f with organizations from the one after the given ID on, until f
// returns false.
func (v *View) Orgs(after string, f func(*label.Organization) bool) error {
	return each(v, bOrgs, append([]byte(after), 0), 0, func(_ []byte, o *label.Organization) bool { return f(o) })
}

// Key returns an enrolled key.
func (v *View) Key(id string) (*label.Key, error) { return getJSON[label.Key](v, bKeys, []byte(id)) }

// OrgKeys returns all keys of an organization.
func (v *View) OrgKeys(org string) (keys []*label.Key, err error) {
	err = v.prefix(bOrgKeys, orgKey(org), nil, func(rest []byte) (bool, error) {
		k, err := v.Key(string(rest))
		if err == nil {
			keys = append(keys, k)
		}
		return true, present(bKeys, rest, err)
	})
	return keys, err
}

// Accreditations returns all accreditations of a lab, oldest first.
func (v *View) Accreditations(org string) (list []*Accreditation, err error) {
	p := orgKey(org)
	c := v.tx.Bucket(bAccreditations).Cursor()
	for k, b := c.Seek(p); bytes.HasPrefix(k, p); k, b = c.Next() {
		a, err := decode[label.Accreditation](bAccreditations, k, b)
		if err != nil {
			if err = v.past(err); err != nil {
				return nil, err
			}
			continue
		}
		list = append(list, &Accreditation{Index: int64(binary.BigEndian.Uint64(k[len(p):])), Accreditation: *a})
	}
	return list, nil
}

// Device returns a registered device.
func (v *View) Device(digest label.Digest) (*Device, error) {
	b := v.tx.Bucket(bDevices).Get(digest[:])
	if b == nil {
		return nil, ErrNotFound
	}
	d, err := unpackDevice(digest, b)
	if err != nil {
		return nil, corrupt(bDevices, digest[:], err)
	}
	return d, nil
}

// Picture returns a picture as it came.
func (v *View) Picture(digest label.Digest) ([]byte, error) {
	b := v.tx.Bucket(bPictures).Get(digest[:])
	if b == nil {
		return nil, ErrNotFound
	}
	return bytes.Clone(b), nil
}

// HasPicture reports whether a picture is there, without reading it.
func (v *View) HasPicture(digest label.Digest) bool {
	return v.tx.Bucket(bPictures).Get(digest[:]) != nil
}

// Statement returns the record of accepted evidence, without Raw.
func (v *View) Statement(id label.Digest) (*Statement, error) {
	s, err := getJSON[Statement](v, bStatements, id[:])
	if err == nil {
		s.ID = id
	}
	return s, err
}

// Numbered returns which statement of a type has a number of its signer's, or
// [ErrNotFound].
func (v *View) Numbered(signer, predicateType, number string) (id label.Digest, err error) {
	b := v.tx.Bucket(bNumbers).Get(numberKey(signer, predicateType, number))
	if b == nil {
		return id, ErrNotFound
	}
	if len(b) != len(id) {
		return id, corrupt(bNumbers, numberKey(signer, predicateType, number), fmt.Errorf("is not the ID of a statement"))
	}
	return label.Digest(b), nil
}

// Evidence returns the signed bytes of a statement on record as they came.
func (v *View) Evidence(s *Statement) ([]byte, error) {
	return unpacked(v, bEvidence, placeKey(s.Place), unpack)
}

// EvidenceParts returns the same in the parts in which it is stored.
func (v *View) EvidenceParts(s *Statement) (Parts, error) {
	return unpacked(v, bEvidence, placeKey(s.Place), unpackParts)
}

// Gist returns what judging needs of a statement on record.
func (v *View) Gist(s *Statement) ([]byte, error) {
	return unpacked(v, bGists, placeKey(s.Place), unpackQuick)
}

func unpacked[T any](v *View, bucket, key []byte, unpack func([]byte) (T, error)) (value T, err error) {
	b := v.tx.Bucket(bucket).Get(key)
	if b == nil {
		return value, ErrNotFound
	}
	if value, err = unpack(b); err != nil {
		return value, corrupt(bucket, key, err)
	}
	return value, nil
}

// A DeviceStatement names a statement about a device.
type DeviceStatement struct {
	ID         label.Digest
	Superseded label.Digest // by which statement it was made room for; zero where it was not
}

// DeviceStatements returns all statements about a device.
func (v *View) DeviceStatements(device label.Digest) (list []DeviceStatement, err error) {
	c := v.tx.Bucket(bDeviceStmts).Cursor()
	for k, b := c.Seek(device[:]); bytes.HasPrefix(k, device[:]); k, b = c.Next() {
		s := DeviceStatement{ID: label.Digest(k[len(device):])}
		if len(b) == len(s.Superseded) {
			s.Superseded = label.Digest(b)
		}
		list = append(list, s)
	}
	return list, nil
}

// Superseded returns the statement that took the place of another about a device,
// or zero where none did.
func (v *View) Superseded(device, statement label.Digest) (by label.Digest) {
	if b := v.tx.Bucket(bDeviceStmts).Get(pair(device, statement[:])); len(b) == len(by) {
		by = label.Digest(b)
	}
	return by
}

// OrgStatements calls f with the statements an organization signed or carried,
// newest first, from the one after a cursor on, until f returns false. The
// cursor of a statement is what f gets beside it.
func (v *View) OrgStatements(org string, cursor []byte, f func(*Statement, []byte) bool) error {
	return v.prefix(bOrgStmts, orgKey(org), cursor, func(rest []byte) (bool, error) {
		s, err := v.Statement(label.Digest(rest[8:]))
		if err != nil {
			return true, present(bStatements, rest[8:], err)
		}
		return f(s, bytes.Clone(rest)), nil
	})
}

// Label returns the record of a label, without Outline.
func (v *View) Label(id label.ID) (*Label, error) {
	l, err := getJSON[Label](v, bLabels, []byte(id))
	if err == nil {
		l.ID = id
	}
	return l, err
}

// Outline returns what lists show of the label at a log entry, or [ErrNotFound]
// where that is of something else.
func (v *View) Outline(index int64) (*label.Outline, error) {
	return getJSON[label.Outline](v, bOutlines, indexKey(index))
}

// Labels calls f with every label, by ID, until f returns false.
func (v *View) Labels(f func(*Label) bool) error {
	return v.LabelsAfter("", f)
}

// OrgLabels calls f with the labels of a manufacturer, newest first, from the
// one after a cursor on, until f returns false.
func (v *View) OrgLabels(org string, cursor []byte, f func(*Label, []byte) bool) error {
	return v.prefix(bOrgLabels, orgKey(org), cursor, func(rest []byte) (bool, error) {
		l, err := v.Label(label.ID(rest[8:]))
		if err != nil {
			return true, present(bLabels, rest[8:], err)
		}
		return f(l, bytes.Clone(rest)), nil
	})
}

// prefix calls f with what follows prefix in each key of a bucket, from the one
// after a cursor on, until f returns false.
func (v *View) prefix(bucket, prefix, cursor []byte, f func(rest []byte) (bool, error)) error {
	c := v.tx.Bucket(bucket).Cursor()
	start := prefix
	if len(cursor) > 0 {
		start = append(append(bytes.Clone(prefix), cursor...), 0)
	}
	for k, _ := c.Seek(start); k != nil && bytes.HasPrefix(k, prefix); k, _ = c.Next() {
		more, err := f(k[len(prefix):])
		if err = v.past(err); err != nil || !more {
			return err
		}
	}
	return nil
}

func getJSON[T any](v *View, bucket, key []byte) (*T, error) {
	b := v.tx.Bucket(bucket).Get(key)
	if b == nil {
		return nil, ErrNotFound
	}
	return decode[T](bucket, key, b)
}

func decode[T any](bucket, key, b []byte) (*T, error) {
	t := new(T)
	if err := label.Decode(b, t); err != nil {
		return nil, corrupt(bucket, key, err)
	}
	return t, nil
}
