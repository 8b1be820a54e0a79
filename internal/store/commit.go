package store

import (
	"encoding/binary"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// Commit writes a batch durably, if the log head is still b.From; otherwise it
// writes nothing and returns [ErrConflict]. It returns [ErrNoRoom] where the disk
// is full, having written nothing, and [ErrUnsynced] where the batch may be on disk
// or not; after that the store answers nothing. After any other error nothing was
// written.
func (s *Store) Commit(b *Batch) error {
	ordered, err := b.ordered()
	if err != nil {
		return err
	}
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
		var room []edit
		for _, w := range ordered {
			var err error
			if room, err = carryOut(tx, b.At, w, room); err != nil {
				return err
			}
		}
		return nil
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

// putLog writes the entries of a batch, the nodes that they add, and the head.
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

func putJSON(b *bolt.Bucket, key []byte, v any) error {
	val, err := label.Encode(v)
	if err != nil {
		return err
	}
	return b.Put(key, val)
}

// placeKey is where the signed bytes and the gist of a statement are.
func placeKey(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

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
