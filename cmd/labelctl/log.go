package main

import (
	"context"
	"fmt"

	"labeld/internal/label"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// A logReader reads a transparency log from its first entry, and computes its Merkle
// tree from the entries alone.
type logReader struct {
	tree  translog.Tree
	nodes map[translog.Node]translog.Hash
}

// readLog reads the whole log of a service, calls f with each entry, and checks
// the tree against the checkpoint that the log signed. It returns the root hash
// over the first entries, size of them.
func (c surveillanceCommands) readLog(ctx context.Context, base string, trust *verify.Trust, size int64, f func(entry []byte) error) (root translog.Hash, err error) {
	signed, err := c.get(ctx, base, "/log/checkpoint")
	if err != nil {
		return root, err
	}
	head, err := trust.OpenCheckpoint(signed)
	if err != nil {
		return root, label.Errorf(label.Invalid, label.ReasonBadSignature, "log", "its checkpoint is not signed by the trusted log: %v", err)
	}
	if head.Tree.N < size {
		return root, label.Errorf(label.Invalid, label.ReasonNotLogged, "log", "has %d entries, and not the %d that are needed", head.Tree.N, size)
	}
	l := &logReader{tree: translog.Empty(), nodes: map[translog.Node]translog.Hash{}}
	for l.tree.N < head.Tree.N {
		if err := l.bundle(ctx, c.session, base, head.Tree.N, f); err != nil {
			return root, err
		}
	}
	if l.tree != head.Tree {
		return root, label.Errorf(label.Invalid, label.ReasonNotLogged, "log", "its entries do not give the root hash in its checkpoint")
	}
	return translog.Root(size, translog.NodeFunc(l.node))
}

// maxBundle bounds an entry bundle, of 256 entries at most.
const maxBundle = translog.TileWidth * (2 + label.MaxLogged)

// bundle reads the next entry bundle.
func (l *logReader) bundle(ctx context.Context, s *session, base string, size int64, f func([]byte) error) error {
	t := translog.Tile{Level: translog.EntriesLevel, N: l.tree.N / translog.TileWidth, Width: int(min(translog.TileWidth, size-l.tree.N))}
	b, err := s.fetch(ctx, base, "/log/"+t.Path(), maxBundle)
	if err != nil {
		return err
	}
	var entries [][]byte
	for range t.Width {
		var entry []byte
		if entry, b, err = translog.ReadBundleEntry(b); err != nil {
			return err
		}
		if err := f(entry); err != nil {
			return err
		}
		entries = append(entries, entry)
	}
	next, added, err := translog.Append(l.tree, translog.NodeFunc(l.node), entries)
	if err != nil {
		return err
	}
	for _, a := range added {
		l.nodes[a.Node] = a.Hash
	}
	l.tree = next
	return nil
}

func (l *logReader) node(n translog.Node) (translog.Hash, error) {
	h, ok := l.nodes[n]
	if !ok {
		return h, fmt.Errorf("no hash at level %d, %d", n.Level, n.N)
	}
	return h, nil
}
