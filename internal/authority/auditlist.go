package authority

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strings"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// actsScan bounds how many entries of the audit trail one call looks at. Whoever looks
// for something rare asks again: a page of nothing costs some milliseconds.
const actsScan = 32 << 10

// exportRoom bounds the entries that are exported at once, in bytes: an answer has to fit
// a message.
const exportRoom = label.MaxMessage / 2

// Acts lists the entries of the audit trail that are meant, newest first. Operators read
// all of them, others those of their own organization. There may be a next page although
// this one is not full.
func (a *Oversight) Acts(c Caller, f store.ActFilter, p Page) ([]*label.TrailEntry, string, error) {
	if err := c.need(label.Roles...); err != nil {
		return nil, "", err
	}
	if !c.Is(label.RoleOperator) {
		if f.Organization != "" && f.Organization != c.Org {
			return nil, "", othersActs("organization")
		}
		f.Organization = c.Org
	}
	page, err := collect[*label.TrailEntry](p, "acts", strings.Join([]string{f.Organization, f.Person, f.Key, f.Kind, f.Subject, string(f.Outcome)}, "\x00"), f.From.String(), f.To.String())
	if err != nil {
		return nil, "", err
	}
	before := int64(math.MaxInt64)
	if at := page.after.at; at != nil {
		if len(at) != 8 {
			return nil, "", errToken()
		}
		before = int64(binary.BigEndian.Uint64(at))
	}
	err = a.read(func(v *store.View) error {
		next, err := a.past(v, "listing the audit trail").Acts(f, before, actsScan, func(e *label.TrailEntry) bool {
			if len(page.items) == page.size {
				return false
			}
			page.items = append(page.items, e)
			return true
		})
		if next > 0 {
			page.last = binary.BigEndian.AppendUint64(nil, uint64(next))
			page.more()
		}
		return err
	})
	return page.items, page.next, err
}

func othersActs(field string) error {
	return label.Errorf(label.Denied, label.ReasonNotYours, field, "only operators read what another organization did")
}

// A LoggedTrail is a head of the audit trail that the log has, and what shows it.
type LoggedTrail struct {
	*label.AuditHead
	Index  int64 // log entry
	Bundle []byte
	Proof  []byte // of the log entry, with a checkpoint
}

// A ProvedAct is an entry of the audit trail, and what shows that it is in that.
type ProvedAct struct {
	*label.TrailEntry
	Leaf   []byte
	Logged *LoggedTrail    // nil where no head was logged yet
	Hashes []translog.Hash // to the root of the logged head; nil where that has not got the entry
}

// Act returns an entry of the audit trail. Operators read all of them, others those of
// their own organization.
func (a *Oversight) Act(c Caller, number int64) (*ProvedAct, error) {
	if err := c.need(label.Roles...); err != nil {
		return nil, err
	}
	p := &ProvedAct{}
	err := a.read(func(v *store.View) (err error) {
		if p.TrailEntry, err = v.Act(number); err == nil && p.Actor.Organization != c.Org && !c.Is(label.RoleOperator) {
			err = store.ErrNotFound // nor may it be told how much others do
		}
		if err != nil {
			return found(err, label.ReasonUnknownAct, "number", "the audit trail has no entry %d that you may read", number)
		}
		if p.Leaf, err = v.ActLeaf(number); err != nil {
			return err
		}
		if p.Logged, err = a.loggedTrail(v); err != nil || p.Logged == nil || number >= p.Logged.Size {
			return err
		}
		p.Hashes, err = translog.Prove(p.Logged.Size, number, v.TrailHashes())
		return err
	})
	return p, err
}

// AuditHead returns the head of the audit trail that was logged last, nil where none was,
// and how many entries there are.
func (a *Oversight) AuditHead(c Caller) (logged *LoggedTrail, size int64, err error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, 0, err
	}
	err = a.read(func(v *store.View) error {
		tree, err := v.Trail()
		if err != nil {
			return err
		}
		size = tree.N
		logged, err = a.loggedTrail(v)
		return err
	})
	return logged, size, err
}

// loggedTrail returns the head of the audit trail that was logged last, or nil. It was
// verified as others will verify it.
func (a *Oversight) loggedTrail(v *store.View) (*LoggedTrail, error) {
	rec, err := v.LastAuditHead()
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	env, err := v.Entry(rec.Index)
	if err != nil {
		return nil, err
	}
	l := &LoggedTrail{Index: rec.Index}
	if l.Bundle, err = envelope.Bundle(env); err != nil {
		return nil, err
	}
	head, err := v.Head()
	if err == nil {
		head, err = a.freshHead(head)
	}
	if err != nil {
		return nil, err
	}
	hashes, err := translog.Prove(head.Tree.N, rec.Index, v)
	if err != nil {
		return nil, err
	}
	l.Proof = translog.Proof{Index: rec.Index, Hashes: hashes, Checkpoint: head.Checkpoint}.Format()
	verified, err := a.trust.Trail(verify.NewTrailHead(l.Bundle, l.Proof), a.clock())
	if err == nil && verified.Head.Size != rec.Size {
		err = fmt.Errorf("it has the head at %d", verified.Head.Size)
	}
	if err != nil {
		return nil, fmt.Errorf("log entry %d is not the head of the audit trail at %d: %w", rec.Index, rec.Size, err)
	}
	l.AuditHead = verified.Head
	return l, nil
}

// ExportActs returns entries of the audit trail as they are hashed, from a number on, as
// many as fit a message.
func (a *Oversight) ExportActs(c Caller, from int64, size int) (leaves [][]byte, err error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	if from < 0 {
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "from", "must be 0 or more")
	}
	page, err := collect[[]byte](Page{Size: size}, "export")
	if err != nil {
		return nil, err
	}
	err = a.read(func(v *store.View) error {
		room := exportRoom
		return v.ActLeaves(from, func(_ int64, leaf []byte) bool {
			room -= len(leaf)
			return page.add(append([]byte(nil), leaf...), nil) && room > 0
		})
	})
	return page.items, err
}
