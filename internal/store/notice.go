package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"

	"labeld/internal/notice"
)

// A letter is a notice on its way to a hook, or among its dead letters. The
// rest of the [notice.Delivery] is in its key and in the notice.
type letter struct {
	Notice     string    `json:"notice"`
	Queued     time.Time `json:"queued"`
	Next       time.Time `json:"next"`
	Attempts   int       `json:"attempts,omitzero"`
	LastError  string    `json:"lastError,omitempty"`
	LastStatus int       `json:"lastStatus,omitzero"`
}

// Watched is up to when the passing of time was noticed, and by which versions
// of schemes.
type Watched struct {
	Until   time.Time         `json:"until"`
	Schemes map[string]string `json:"schemes"` // ID to version
}

// putNotices writes what a batch says about notices. Notices go to the hooks
// there are when they are written.
func putNotices(tx *bolt.Tx, b *Batch) error {
	for i := range b.Hooks {
		h := &b.Hooks[i]
		if err := putJSON(tx.Bucket(bHooks), []byte(h.ID), h); err != nil {
			return err
		}
		if err := tx.Bucket(bOrgHooks).Put(orgKey(h.Organization, []byte(h.ID)...), nil); err != nil {
			return err
		}
	}
	for i := range b.Notices {
		if err := putNotice(tx, &b.Notices[i], b.At); err != nil {
			return err
		}
	}
	for i := range b.Tried {
		if err := putTried(tx, &b.Tried[i]); err != nil {
			return err
		}
	}
	for i := range b.Requeued {
		if err := requeue(tx, &b.Requeued[i], b.At); err != nil {
			return err
		}
	}
	for _, h := range b.Unhooked {
		if err := removeHook(tx, h); err != nil {
			return err
		}
	}
	if b.Watched != nil {
		return putJSON(tx.Bucket(bMeta), kWatched, b.Watched)
	}
	return nil
}

// putNotice writes a notice and queues it, unless it was written before.
func putNotice(tx *bolt.Tx, n *notice.Notice, at time.Time) error {
	if tx.Bucket(bNotices).Get([]byte(n.ID)) != nil {
		return nil
	}
	if err := putJSON(tx.Bucket(bNotices), []byte(n.ID), n); err != nil {
		return err
	}
	if err := tx.Bucket(bOrgNotices).Put(noticeKey(n), nil); err != nil {
		return err
	}
	hooks, err := (&View{tx: tx}).OrgHooks(n.Organization)
	if err != nil {
		return err
	}
	for _, h := range hooks {
		if !h.Wants(n.Kind) || n.Hook != "" && n.Hook != h.ID {
			continue
		}
		if err := enqueue(tx, h.ID, letter{Notice: n.ID, Queued: at.UTC(), Next: at.UTC()}); err != nil {
			return err
		}
	}
	return nil
}

// enqueue puts a letter at the end of a hook's queue.
func enqueue(tx *bolt.Tx, hook string, l letter) error {
	b := tx.Bucket(bOutbox)
	seq, err := b.NextSequence()
	if err != nil {
		return err
	}
	return putJSON(b, letterKey(hook, seq), &l)
}

// putTried takes a delivery off the queue when it was made, keeps it there with
// the time of the next attempt, or moves it to the dead letters. What is not in
// the queue any more was removed meanwhile, with its hook.
func putTried(tx *bolt.Tx, d *notice.Delivery) error {
	key, queue := letterKey(d.Hook, d.Seq), tx.Bucket(bOutbox)
	if queue.Get(key) == nil {
		return nil
	}
	l := letter{d.Notice.ID, d.Queued.UTC(), d.Next.UTC(), d.Attempts, d.LastError, d.LastStatus}
	switch {
	case d.LastError == "":
		return queue.Delete(key)
	case !d.Dead:
		return putJSON(queue, key, &l)
	}
	if err := queue.Delete(key); err != nil {
		return err
	}
	return putJSON(tx.Bucket(bDead), key, &l)
}

// requeue puts a dead letter at the end of the queue, as if it were new.
func requeue(tx *bolt.Tx, d *notice.Delivery, at time.Time) error {
	key, dead := letterKey(d.Hook, d.Seq), tx.Bucket(bDead)
	if dead.Get(key) == nil {
		return nil
	}
	if err := dead.Delete(key); err != nil {
		return err
	}
	return enqueue(tx, d.Hook, letter{Notice: d.Notice.ID, Queued: at.UTC(), Next: at.UTC()})
}

// removeHook removes a hook and what was on its way to it.
func removeHook(tx *bolt.Tx, h notice.Hook) error {
	if err := tx.Bucket(bHooks).Delete([]byte(h.ID)); err != nil {
		return err
	}
	if err := tx.Bucket(bOrgHooks).Delete(orgKey(h.Organization, []byte(h.ID)...)); err != nil {
		return err
	}
	for _, name := range [][]byte{bOutbox, bDead} {
		b, prefix := tx.Bucket(name), orgKey(h.ID)
		var keys [][]byte // deleting moves the cursor
		c := b.Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			keys = append(keys, bytes.Clone(k))
		}
		for _, k := range keys {
			if err := b.Delete(k); err != nil {
				return err
			}
		}
	}
	return nil
}

func noticeKey(n *notice.Notice) []byte {
	return orgKey(n.Organization, append(newestFirst(n.Time), n.ID...)...)
}

func letterKey(hook string, seq uint64) []byte {
	return orgKey(hook, binary.BigEndian.AppendUint64(nil, seq)...)
}

// Hook returns a hook.
func (v *View) Hook(id string) (*notice.Hook, error) {
	return getJSON[notice.Hook](v, bHooks, []byte(id))
}

// OrgHooks returns the hooks of an organization.
func (v *View) OrgHooks(org string) (list []*notice.Hook, err error) {
	err = v.prefix(bOrgHooks, orgKey(org), nil, func(rest []byte) (bool, error) {
		h, err := v.Hook(string(rest))
		if err == nil {
			list = append(list, h)
		}
		return true, present(bHooks, rest, err)
	})
	return list, err
}

// Notice returns a notice.
func (v *View) Notice(id string) (*notice.Notice, error) {
	return getJSON[notice.Notice](v, bNotices, []byte(id))
}

// OrgNotices calls f with the notices for an organization, newest first, from
// the one after a cursor on, until f returns false.
func (v *View) OrgNotices(org string, cursor []byte, f func(*notice.Notice, []byte) bool) error {
	return v.prefix(bOrgNotices, orgKey(org), cursor, func(rest []byte) (bool, error) {
		n, err := v.Notice(string(rest[8:]))
		if err != nil {
			return true, present(bNotices, rest[8:], err)
		}
		return f(n, bytes.Clone(rest)), nil
	})
}

// Heads calls f with the first delivery in the queue of each hook: the first
// that can be read, where the loop goes on past the others.
func (v *View) Heads(f func(*notice.Delivery)) error {
	c := v.tx.Bucket(bOutbox).Cursor()
	k, b := c.First()
	for k != nil {
		d, err := v.delivery(bOutbox, k, b)
		if err != nil {
			if err = v.past(err); err != nil {
				return err
			}
			k, b = c.Next()
			continue
		}
		f(d)
		k, b = c.Seek(letterKey(d.Hook, 1<<64-1)) // no queue is that long
	}
	return nil
}

// Queued returns how many deliveries wait for a hook, and how many are dead.
func (v *View) Queued(hook string) (waiting, dead int) {
	count := func(bucket []byte) (n int) {
		prefix := orgKey(hook)
		c := v.tx.Bucket(bucket).Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			n++
		}
		return n
	}
	return count(bOutbox), count(bDead)
}

// DeadLetters calls f with the dead letters of a hook, oldest first, from the
// one after a cursor on, until f returns false.
func (v *View) DeadLetters(hook string, cursor []byte, f func(*notice.Delivery, []byte) bool) error {
	return v.prefix(bDead, orgKey(hook), cursor, func(rest []byte) (bool, error) {
		key := orgKey(hook, rest...)
		d, err := v.delivery(bDead, key, v.tx.Bucket(bDead).Get(key))
		if err != nil {
			return true, err
		}
		return f(d, bytes.Clone(rest)), nil
	})
}

// delivery puts a letter and its notice together.
func (v *View) delivery(bucket, key, val []byte) (*notice.Delivery, error) {
	l, err := decode[letter](bucket, key, val)
	if err != nil {
		return nil, err
	}
	hook, seq, ok := bytes.Cut(key, []byte{0})
	if !ok || len(seq) != 8 {
		return nil, corrupt(bucket, key, fmt.Errorf("not a hook and a number"))
	}
	n, err := v.Notice(l.Notice)
	if err != nil {
		return nil, corrupt(bucket, key, err)
	}
	return &notice.Delivery{
		Seq: binary.BigEndian.Uint64(seq), Hook: string(hook), Notice: *n, Queued: l.Queued, Next: l.Next,
		Attempts: l.Attempts, LastError: l.LastError, LastStatus: l.LastStatus, Dead: bytes.Equal(bucket, bDead),
	}, nil
}

// Watched returns up to when the passing of time was noticed: never, at first.
func (v *View) Watched() (*Watched, error) {
	b := v.tx.Bucket(bMeta).Get(kWatched)
	if b == nil {
		return &Watched{}, nil
	}
	return decode[Watched](bMeta, kWatched, b)
}

// notices holds hooks, notices and letters to each other, and their indexes to
// them.
func (c *checker) notices() {
	c.each(bHooks, func(k, v []byte) {
		h, err := decode[notice.Hook](bHooks, k, v)
		if err != nil || h.ID != string(k) {
			c.badf("hook %q is unreadable or misplaced", k)
			return
		}
		c.has(bOrgs, []byte(h.Organization), nil, "hook "+h.ID)
		c.has(bOrgHooks, orgKey(h.Organization, k...), nil, "hook "+h.ID)
	})
	c.sameCount(bOrgHooks, bHooks)
	c.each(bNotices, func(k, v []byte) {
		n, err := decode[notice.Notice](bNotices, k, v)
		if err != nil || n.ID != string(k) {
			c.badf("notice %q is unreadable or misplaced", k)
			return
		}
		if err := n.Validate(); err != nil {
			c.badf("notice %s: %v", n.ID, err)
		}
		c.has(bOrgs, []byte(n.Organization), nil, "notice "+n.ID)
		c.has(bOrgNotices, noticeKey(n), nil, "notice "+n.ID)
	})
	c.sameCount(bOrgNotices, bNotices)
	for _, bucket := range [][]byte{bOutbox, bDead} {
		c.each(bucket, func(k, v []byte) {
			d, err := c.v.delivery(bucket, k, v)
			if err != nil {
				c.badf("%v", err)
				return
			}
			c.has(bHooks, []byte(d.Hook), nil, fmt.Sprintf("delivery %d in %s", d.Seq, bucket))
		})
	}
	if _, err := c.v.Watched(); err != nil {
		c.badf("%v", err)
	}
	if _, err := c.v.Acceptances(); err != nil {
		c.badf("%v", err)
	}
}
