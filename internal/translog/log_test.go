package translog_test

import (
	"bytes"
	"fmt"
	"testing"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/translog"
)

const testOrigin = "labels.example/log"

// memLog is a log in memory: what a store keeps, keyed as a store keys it.
type memLog struct {
	tree    translog.Tree
	entries [][]byte
	hashes  map[translog.Node]translog.Hash
	reads   int // hashes read
}

func newMemLog() *memLog {
	return &memLog{tree: translog.Empty(), hashes: make(map[translog.Node]translog.Hash)}
}

func (l *memLog) reader() translog.HashReader {
	return translog.NodeFunc(func(n translog.Node) (translog.Hash, error) {
		l.reads++
		h, ok := l.hashes[n]
		if !ok {
			return translog.Hash{}, fmt.Errorf("no such hash")
		}
		return h, nil
	})
}

// append commits entries as one batch.
func (l *memLog) append(t testing.TB, entries ...[]byte) {
	t.Helper()
	next, added, err := translog.Append(l.tree, l.reader(), entries)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range added {
		if _, ok := l.hashes[s.Node]; ok {
			t.Fatalf("Append to size %d rewrites the hash at %+v", l.tree.N, s.Node)
		}
		l.hashes[s.Node] = s.Hash
	}
	l.tree = next
	l.entries = append(l.entries, entries...)
}

func testEntry(i int) []byte {
	return fmt.Appendf(nil, "entry %d", i)
}

// newTestLog returns a log of n entries.
func newTestLog(t testing.TB, n int) *memLog {
	l := newMemLog()
	for len(l.entries) < n {
		var batch [][]byte
		for i := len(l.entries); i < n && len(batch) < 500; i++ {
			batch = append(batch, testEntry(i))
		}
		l.append(t, batch...)
	}
	return l
}

// proof returns the proof of an entry, under a checkpoint signed by s.
func (l *memLog) proof(t testing.TB, index int64, s note.Signer) translog.Proof {
	t.Helper()
	checkpoint, err := translog.SignCheckpoint(translog.Checkpoint{Origin: s.Name(), Tree: l.tree}, s)
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := translog.Prove(l.tree.N, index, l.reader())
	if err != nil {
		t.Fatal(err)
	}
	return translog.Proof{Index: index, Hashes: hashes, Checkpoint: checkpoint}
}

// testKey returns the key pair of a log, the same for each seed.
func testKey(t testing.TB, origin string, seed byte) (note.Signer, note.Verifier) {
	t.Helper()
	skey, vkey, err := translog.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{seed}, 32)), origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return s, v
}
