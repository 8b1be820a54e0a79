package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

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

func (w *Watched) code(c *coder) { c.json(w) }

func (w *Watched) edit(e *edits) { e.putJSON(bMeta, kWatched, w) }

// A Hook is that of a batch: a new one, or a changed one.
type Hook notice.Hook

func (h *Hook) code(c *coder) { c.json(h) }

func (h *Hook) edit(e *edits) {
	e.putJSON(bHooks, []byte(h.ID), h)
	e.put(bOrgHooks, orgKey(h.Organization, []byte(h.ID)...), nil)
}

// A Notice is that of a batch. It is queued for the hooks there are that want it,
// unless it was written before.
type Notice notice.Notice

func (n *Notice) code(c *coder) { c.json(n) }

func (n *Notice) edit(e *edits) {
	if e.tx.Bucket(bNotices).Get([]byte(n.ID)) != nil {
		return
	}
	e.putJSON(bNotices, []byte(n.ID), n)
	e.put(bOrgNotices, noticeKey((*notice.Notice)(n)), nil)
	hooks, err := e.OrgHooks(n.Organization)
	e.fail(err)
	for _, h := range hooks {
		if h.Wants(n.Kind) && (n.Hook == "" || n.Hook == h.ID) {
			enqueue(e, h.ID, n.ID)
		}
	}
}

// enqueue puts a notice at the end of a hook's queue.
func enqueue(e *edits, hook, id string) {
	e.putJSON(bOutbox, letterKey(hook, e.next(bOutbox)), &letter{Notice: id, Queued: e.at.UTC(), Next: e.at.UTC()})
}

// An Attempt is a delivery that was tried. It is taken off the queue when it was made,
// stays there with the time of the next attempt, or goes to the dead letters. What is
// not in the queue any more was removed meanwhile, with its hook.
type Attempt notice.Delivery

func (a *Attempt) code(c *coder) {
	codeText(c, &a.Hook)
	c.uint(&a.Seq)
	c.flag(&a.Dead)
	l := a.letter()
	if c.json(&l); c.decoding {
		a.Notice.ID, a.Queued, a.Next, a.Attempts, a.LastError, a.LastStatus = l.Notice, l.Queued, l.Next, l.Attempts, l.LastError, l.LastStatus
	}
}

func (a *Attempt) letter() letter {
	return letter{a.Notice.ID, a.Queued.UTC(), a.Next.UTC(), a.Attempts, a.LastError, a.LastStatus}
}

func (a *Attempt) edit(e *edits) {
	key := letterKey(a.Hook, a.Seq)
	if e.tx.Bucket(bOutbox).Get(key) == nil {
		return
	}
	l := a.letter()
	switch {
	case a.LastError == "":
		e.delete(bOutbox, key)
	case !a.Dead:
		e.putJSON(bOutbox, key, &l)
	default:
		e.delete(bOutbox, key)
		e.putJSON(bDead, key, &l)
	}
}

// A Retry puts a dead letter at the end of the queue, as if it were new.
type Retry struct {
	Hook   string
	Seq    uint64
	Notice string
}

func (r *Retry) code(c *coder) {
	codeText(c, &r.Hook)
	c.uint(&r.Seq)
	codeText(c, &r.Notice)
}

func (r *Retry) edit(e *edits) {
	key := letterKey(r.Hook, r.Seq)
	if e.tx.Bucket(bDead).Get(key) == nil {
		return
	}
	e.delete(bDead, key)
	enqueue(e, r.Hook, r.Notice)
}

// A HookRemoval removes a hook and what is on its way to it.
type HookRemoval struct{ Hook, Organization string }

func (r *HookRemoval) code(c *coder) {
	codeText(c, &r.Hook)
	codeText(c, &r.Organization)
}

func (r *HookRemoval) edit(e *edits) {
	e.delete(bHooks, []byte(r.Hook))
	e.delete(bOrgHooks, orgKey(r.Organization, []byte(r.Hook)...))
	for _, name := range [][]byte{bOutbox, bDead} {
		prefix := orgKey(r.Hook)
		c := e.tx.Bucket(name).Cursor()
		for k, _ := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, _ = c.Next() {
			e.delete(name, bytes.Clone(k))
		}
	}
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
}
