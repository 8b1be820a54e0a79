package authority

import (
	"context"
	"errors"
	"fmt"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// auditEvery is the least time between two heads of the audit trail in the log: for so
// long whoever has the database and the keys could rewrite what was done last. Each head
// is an entry of the log, for ever: one a minute is half a million a year.
const auditEvery = time.Minute

// keepAuditHead logs the head of the audit trail when that has grown, until ctx ends.
func (a *Oversight) keepAuditHead(ctx context.Context) {
	tick := time.NewTicker(auditEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := a.LogAuditHead(ctx); err != nil && ctx.Err() == nil {
			a.alarm("logging the head of the audit trail", "", err)
		}
	}
}

// LogAuditHead logs the head of the audit trail, unless the log has it. A trail that does not
// go on from what was logged last is not logged: that would be as if it had always been
// another.
func (a *Oversight) LogAuditHead(ctx context.Context) error {
	var tree translog.Tree
	logged := false
	if err := a.read(func(v *store.View) (err error) {
		if tree, err = v.Trail(); err != nil {
			return err
		}
		logged, err = a.auditLogged(v, tree)
		return err
	}); err != nil || logged {
		return err
	}
	// The trail grows while its head is signed. What is logged is the head that was read.
	return a.writer.do(ctx, []string{"audit-trail"}, func(v *store.View, b *batch) error {
		if logged, err := a.auditLogged(v, tree); err != nil || logged {
			return err
		}
		_, entry, err := b.sign(a.issuer.AuditHead(&label.AuditHead{
			Size: tree.N, Root: label.Digest(tree.Hash), Recorded: b.Recorded.UTC().Truncate(time.Second),
		}))
		if err != nil {
			return err
		}
		b.Add(&store.AuditHead{Size: tree.N, Index: b.index()})
		b.log(entry)
		return nil
	})
}

// logOldAuditHead is LogAuditHead where the first entry that no logged head has is so old
// that the log should have had it: whoever starts the service again and again keeps no
// entry from the log.
func (a *Oversight) logOldAuditHead(ctx context.Context) error {
	due := false
	if err := a.read(func(v *store.View) error {
		tree, err := v.Trail()
		if err != nil {
			return err
		}
		if logged, err := a.auditLogged(v, tree); err != nil || logged {
			return err
		}
		var first int64
		if last, err := v.LastAuditHead(); err == nil {
			first = last.Size
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		leaf, err := v.ActLeaf(first)
		if err != nil {
			return err
		}
		e, err := label.ParseTrailEntry(leaf)
		due = err == nil && a.clock().Sub(e.At) >= auditEvery
		return err
	}); err != nil || !due {
		return err
	}
	return a.LogAuditHead(ctx)
}

// auditLogged reports whether the log has a head of the audit trail of a size, or of a
// larger one.
func (a *Oversight) auditLogged(v *store.View, tree translog.Tree) (bool, error) {
	last, err := v.LastAuditHead()
	if errors.Is(err, store.ErrNotFound) {
		return tree.N == 0, nil
	}
	if err != nil {
		return false, err
	}
	h, err := auditHead(v, last)
	if err == nil {
		err = continues(v, h)
	}
	return last.Size >= tree.N, err
}

// auditHead returns what a logged head of the audit trail says.
func auditHead(v *store.View, rec *store.AuditHead) (*label.AuditHead, error) {
	h := new(label.AuditHead)
	kind, err := readEntry(v, rec.Index, map[string]any{label.TypeAuditHead: h})
	if err == nil && (kind != label.TypeAuditHead || h.Size != rec.Size) {
		err = fmt.Errorf("log entry %d is not the head of the audit trail at %d", rec.Index, rec.Size)
	}
	return h, err
}

// continues returns why the audit trail is not the one of which a head was logged.
func continues(v *store.View, h *label.AuditHead) error {
	tree, err := v.Trail()
	if err != nil {
		return err
	}
	if tree.N < h.Size {
		return fmt.Errorf("the audit trail has %d entries, and was logged with %d", tree.N, h.Size)
	}
	root, err := translog.Root(h.Size, v.TrailHashes())
	if err != nil {
		return err
	}
	if label.Digest(root) != h.Root {
		return fmt.Errorf("the audit trail has the root %s at %d entries, and was logged with %s", label.Digest(root), h.Size, h.Root)
	}
	return nil
}

// auditHeads checks that each logged head of the audit trail is signed, and that the trail has
// the root that it names. That the tree is that of the entries is for the store's check.
func (c *check) auditHeads() error {
	return c.v.AuditHeads(func(rec *store.AuditHead) bool {
		c.pace()
		if err := c.auditHead(rec); err != nil {
			c.badf("the head of the audit trail at %d: %v", rec.Size, err)
		}
		return true
	})
}

func (c *check) auditHead(rec *store.AuditHead) error {
	env, err := c.v.Entry(rec.Index)
	if err != nil {
		return err
	}
	v, err := c.trust.Statement(env)
	if err != nil {
		return err
	}
	if v.PredicateType() != label.TypeAuditHead {
		return fmt.Errorf("log entry %d is another statement", rec.Index)
	}
	h, err := envelope.Predicate[label.AuditHead](v)
	if err != nil {
		return err
	}
	if h.Size != rec.Size {
		return fmt.Errorf("log entry %d has the head at %d", rec.Index, h.Size)
	}
	return continues(c.v, h)
}
