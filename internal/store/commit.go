package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/translog"
)

// A Batch is what one [Store.Commit] writes. All of it is written or none.
// The caller has checked that it may be; Commit checks only the log head.
type Batch struct {
	At             time.Time // of the commit
	Orgs           []label.Organization
	Keys           []label.Key // new ones, and changed ones
	Accreditations []Accreditation
	Devices        []Device
	Pictures       []Picture
	Statements     []Statement
	Labels         []Label
	Statuses       []Status
	Requests       []Request  // new ones, and changed ones
	Events         []Event    // new ones, and changed ones
	Decisions      []Decision // new ones, and those that were appealed against
	Appeals        []Appeal   // new ones, and those that were decided
	Rulings        []Ruling   // new ones, and those that were logged

	Holds         []Hold // put by operators, and ended
	Moves         []GTINMove
	Strikes       []Strike
	Supersessions []Supersession
	Judgements    []Judgement // that became due, and that are done
	Verdicts      []Verdict   // of labels judged again

	Complaints []Complaint // new ones, and those that were closed
	Plans      []Plan      // new ones, and those that were drawn
	Advisories []Advisory  // with their documents
	Advised    int64       // up to which log entry labels were held against advisories; 0 where that stays as it is

	Notices  []notice.Notice   // each is queued for the hooks that want it
	Hooks    []notice.Hook     // new ones, and changed ones
	Unhooked []notice.Hook     // removed, with what is on its way to them
	Tried    []notice.Delivery // made, or to be made again, or dead
	Requeued []notice.Delivery // dead letters to be tried again
	Watched  *Watched          // nil where it stays as it is

	// The log: entries that extend the tree From, the nodes they add, and the
	// signed head that results. Head is unused where Entries is empty.
	From    translog.Tree
	Entries []*Entry
	Added   []translog.Stored
	Head    Head
}

// Empty reports whether the batch would write nothing.
func (b *Batch) Empty() bool {
	return len(b.Orgs)+len(b.Keys)+len(b.Accreditations)+len(b.Devices)+len(b.Pictures)+len(b.Statements)+len(b.Labels)+len(b.Statuses)+
		len(b.Requests)+len(b.Events)+len(b.Decisions)+len(b.Appeals)+len(b.Rulings)+
		len(b.Holds)+len(b.Moves)+len(b.Strikes)+len(b.Supersessions)+len(b.Judgements)+len(b.Verdicts)+
		len(b.Complaints)+len(b.Plans)+len(b.Advisories)+len(b.Notices)+len(b.Hooks)+len(b.Unhooked)+len(b.Tried)+len(b.Requeued)+len(b.Entries) == 0 && b.Watched == nil && b.Advised == 0
}

// Commit writes a batch durably, if the log head is still b.From; otherwise it
// writes nothing and returns [ErrConflict]. It returns [ErrNoRoom] where the disk
// is full, having written nothing, and [ErrUnsynced] where the batch may be on disk
// or not; after that the store answers nothing. After any other error nothing was
// written.
func (s *Store) Commit(b *Batch) error {
	return s.update(func(tx *bolt.Tx) error {
		if head, err := readHead(tx); err != nil {
			return err
		} else if head.Tree != b.From {
			return ErrConflict
		}
		if err := tx.Bucket(bMeta).Put(kCommitted, timeValue(b.At)); err != nil {
			return err
		}
		if len(b.Entries) > 0 {
			if err := putLog(tx, b); err != nil {
				return err
			}
		}
		return putRecords(tx, b)
	}, s.newHead(b))
}

// newHead returns the head of a batch that is to be kept outside of the database, or
// nil.
func (s *Store) newHead(b *Batch) []byte {
	if s.heads == nil || len(b.Entries) == 0 {
		return nil
	}
	return b.Head.Checkpoint
}

// full is how far pages are filled in buckets that only grow at their ends.
const full = 0.95

func putLog(tx *bolt.Tx, b *Batch) error {
	eb, hb := tx.Bucket(bEntries), tx.Bucket(bHashes)
	eb.FillPercent, hb.FillPercent = full, full
	for i, e := range b.Entries {
		if err := eb.Put(indexKey(b.From.N+int64(i)), e.packed); err != nil {
			return err
		}
	}
	for _, s := range b.Added {
		if err := hb.Put(nodeKey(s.Node), s.Hash[:]); err != nil {
			return err
		}
	}
	return putHead(tx, b.Head)
}

func putRecords(tx *bolt.Tx, b *Batch) error {
	for i := range b.Orgs {
		if err := putJSON(tx.Bucket(bOrgs), []byte(b.Orgs[i].ID), &b.Orgs[i]); err != nil {
			return err
		}
	}
	for i := range b.Keys {
		k := &b.Keys[i]
		if err := putJSON(tx.Bucket(bKeys), []byte(k.ID), k); err != nil {
			return err
		}
		if err := tx.Bucket(bOrgKeys).Put(orgKey(k.Organization, []byte(k.ID)...), nil); err != nil {
			return err
		}
	}
	for i := range b.Accreditations {
		a := &b.Accreditations[i]
		if err := putJSON(tx.Bucket(bAccreditations), orgKey(a.Lab.ID, indexKey(a.Index)...), &a.Accreditation); err != nil {
			return err
		}
	}
	for i := range b.Devices {
		if err := putDevice(tx, &b.Devices[i]); err != nil {
			return err
		}
	}
	for i := range b.Pictures {
		if err := tx.Bucket(bPictures).Put(b.Pictures[i].Digest[:], b.Pictures[i].File); err != nil {
			return err
		}
	}
	for i := range b.Statements {
		if err := putStatement(tx, &b.Statements[i]); err != nil {
			return err
		}
	}
	for i := range b.Labels {
		if err := putLabel(tx, &b.Labels[i]); err != nil {
			return err
		}
	}
	for i := range b.Statuses {
		if err := putStatus(tx, &b.Statuses[i]); err != nil {
			return err
		}
	}
	for i := range b.Events {
		if err := putEvent(tx, &b.Events[i]); err != nil {
			return err
		}
	}
	for i := range b.Requests {
		if err := putRequest(tx, &b.Requests[i]); err != nil {
			return err
		}
	}
	if err := putProducts(tx, b); err != nil {
		return err
	}
	if err := putTrails(tx, b); err != nil {
		return err
	}
	for i := range b.Complaints {
		if err := putComplaint(tx, &b.Complaints[i]); err != nil {
			return err
		}
	}
	for i := range b.Plans {
		if err := putPlan(tx, &b.Plans[i]); err != nil {
			return err
		}
	}
	for i := range b.Advisories {
		if err := putAdvisory(tx, &b.Advisories[i]); err != nil {
			return err
		}
	}
	if b.Advised != 0 {
		if err := tx.Bucket(bMeta).Put(kAdvised, indexKey(b.Advised)); err != nil {
			return err
		}
	}
	return putNotices(tx, b)
}

func putDevice(tx *bolt.Tx, d *Device) error {
	packed, err := packDevice(d)
	if err != nil {
		return err
	}
	if err := tx.Bucket(bDevices).Put(d.Digest[:], packed); err != nil {
		return err
	}
	var desc label.Device
	if err := label.Decode(d.Descriptor, &desc); err != nil {
		return fmt.Errorf("device %s: %w", d.Digest, err)
	}
	for _, g := range desc.GTINs {
		if tx.Bucket(bGTINs).Get(gtinKey(g, d.Digest)) != nil {
			continue // it was registered before; the number may have been moved away since
		}
		if err := tx.Bucket(bGTINs).Put(gtinKey(g, d.Digest), nil); err != nil {
			return err
		}
	}
	if err := putBrand(tx, d, desc.Brand); err != nil {
		return err
	}
	return tx.Bucket(bModels).Put(modelKey(desc.Manufacturer, desc.Model, d.Digest[:]...), nil)
}

func putStatement(tx *bolt.Tx, s *Statement) error {
	evidence, gists := tx.Bucket(bEvidence), tx.Bucket(bGists)
	evidence.FillPercent, gists.FillPercent = full, full
	switch old, err := (&View{tx: tx}).Statement(s.ID); {
	case err == nil:
		s.Place = old.Place
	case !errors.Is(err, ErrNotFound):
		return err
	default:
		if s.Place, err = evidence.NextSequence(); err != nil {
			return err
		}
	}
	if err := putJSON(tx.Bucket(bStatements), s.ID[:], s); err != nil {
		return err
	}
	if err := evidence.Put(placeKey(s.Place), s.Raw); err != nil {
		return err
	}
	if err := gists.Put(placeKey(s.Place), s.Gist); err != nil {
		return err
	}
	if err := tx.Bucket(bDeviceStmts).Put(pair(s.Device, s.ID[:]), nil); err != nil {
		return err
	}
	if err := tx.Bucket(bNumbers).Put(numberKey(s.Signer, s.Type, s.Number), s.ID[:]); err != nil {
		return err
	}
	for _, org := range []string{s.Signer, s.Carrier} {
		if err := tx.Bucket(bOrgStmts).Put(statementKey(org, s), nil); err != nil {
			return err
		}
	}
	return nil
}

// placeKey is where the signed bytes and the gist of a statement are.
func placeKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func putLabel(tx *bolt.Tx, l *Label) error {
	if err := putJSON(tx.Bucket(bLabels), []byte(l.ID), l); err != nil {
		return err
	}
	d, err := (&View{tx: tx}).Device(l.Device)
	if err != nil {
		return fmt.Errorf("label %s: its device: %w", l.ID, err)
	}
	if err := tx.Bucket(bDeviceLabels).Put(labelOfKey(d, indexKey(l.Index)), []byte(l.ID)); err != nil {
		return err
	}
	if err := tx.Bucket(bOrgLabels).Put(labelKey(l), nil); err != nil {
		return err
	}
	ob := tx.Bucket(bOutlines)
	ob.FillPercent = full
	return putJSON(ob, indexKey(l.Index), l.Outline)
}

func putJSON(b *bolt.Bucket, key []byte, v any) error {
	val, err := label.Encode(v)
	if err != nil {
		return err
	}
	return b.Put(key, val)
}

// numberKey is that of a statement by its signer's own number. Reports and
// declarations are numbered apart.
func numberKey(signer, predicateType, number string) []byte {
	return orgKey(signer, append(append([]byte(predicateType), 0), number...)...)
}

func statementKey(org string, s *Statement) []byte {
	return orgKey(org, append(newestFirst(s.Received), s.ID[:]...)...)
}

// labelKey goes by log entry: labels issued within a second have an order too.
func labelKey(l *Label) []byte {
	return orgKey(l.Org, append(indexKey(^l.Index), l.ID...)...)
}

func pair(d label.Digest, rest []byte) []byte { return append(d[:len(d):len(d)], rest...) }

func indexKey(i int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(i)) }

func nodeKey(n translog.Node) []byte {
	return binary.BigEndian.AppendUint64([]byte{byte(n.Level)}, uint64(n.N))
}
