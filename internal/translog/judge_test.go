package translog_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"

	"labeld/internal/translog"
)

// served is a log as a client sees it over HTTP, without the HTTP: paths in,
// bodies out. It implements tessera's fsck.Fetcher.
type served struct {
	log        *memLog
	checkpoint []byte
}

// get answers one path below the log's prefix as a server would.
func (s served) get(path string) ([]byte, error) {
	if path == layout.CheckpointPath {
		return s.checkpoint, nil
	}
	tile, err := translog.ParseTilePath(path)
	if err != nil {
		return nil, err
	}
	if !tile.Within(s.log.tree.N) {
		return nil, fmt.Errorf("%s: %w", path, os.ErrNotExist)
	}
	first, count := tile.Nodes()
	var body []byte
	for n := first.N; n < first.N+int64(count); n++ {
		if tile.Level == translog.EntriesLevel {
			if body, err = translog.AppendBundleEntry(body, s.log.entries[n]); err != nil {
				return nil, err
			}
			continue
		}
		h, ok := s.log.hashes[translog.Node{Level: first.Level, N: n}]
		if !ok {
			return nil, fmt.Errorf("%s: no hash at level %d, n %d", path, first.Level, n)
		}
		body = append(body, h[:]...)
	}
	return body, nil
}

func (s served) ReadCheckpoint(context.Context) ([]byte, error) {
	return s.get(layout.CheckpointPath)
}

func (s served) ReadTile(_ context.Context, level, index uint64, partial uint8) ([]byte, error) {
	return s.get(layout.TilePath(level, index, partial))
}

func (s served) ReadEntryBundle(_ context.Context, index uint64, partial uint8) ([]byte, error) {
	return s.get(layout.EntriesPath(index, partial))
}

// leafHashes is how an auditor of this log turns a bundle into leaf hashes.
func leafHashes(bundle []byte) ([][]byte, error) {
	var hashes [][]byte
	for len(bundle) > 0 {
		entry, rest, err := translog.ReadBundleEntry(bundle)
		if err != nil {
			return nil, err
		}
		h := translog.LeafHash(entry)
		hashes = append(hashes, h[:])
		bundle = rest
	}
	return hashes, nil
}

func serve(t *testing.T, l *memLog, s note.Signer) served {
	t.Helper()
	checkpoint, err := translog.SignCheckpoint(translog.Checkpoint{Origin: s.Name(), Tree: l.tree}, s)
	if err != nil {
		t.Fatal(err)
	}
	return served{l, checkpoint}
}

// TestFsck has tessera, whose Merkle code shares nothing with ours,
// rebuild whole logs from what is served.
func TestFsck(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	for _, size := range []int{1, 2, 255, 256, 257, 512, 1000, 65536 + 256 + 3} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			log := serve(t, newTestLog(t, size), s)
			if err := fsck.New(testOrigin, v, log, leafHashes, fsck.Opts{N: 2}).Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFsckNotices makes sure that the judge is awake.
func TestFsckNotices(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	l := newTestLog(t, 1000)
	log := serve(t, l, s)
	l.entries[777] = []byte("another label")
	if err := fsck.New(testOrigin, v, log, leafHashes, fsck.Opts{}).Check(t.Context()); err == nil {
		t.Error("a changed entry passes fsck")
	}
}

// TestClientProofs has tessera's client build proofs from tiles: they are the
// ones that Prove and ProveConsistency give.
func TestClientProofs(t *testing.T) {
	s, v := testKey(t, testOrigin, 1)
	const size = 1000
	l := newTestLog(t, size)
	log := serve(t, l, s)
	c, raw, _, err := client.FetchCheckpoint(t.Context(), log.ReadCheckpoint, v, testOrigin)
	if err != nil {
		t.Fatal(err)
	}
	if c.Origin != testOrigin || c.Size != size || translog.Hash(c.Hash) != l.tree.Hash || string(raw) != string(log.checkpoint) {
		t.Errorf("client fetched %+v, the tree is %v", c, l.tree)
	}
	builder, err := client.NewProofBuilder(t.Context(), size, log.ReadTile)
	if err != nil {
		t.Fatal(err)
	}
	same := func(theirs [][]byte, ours []translog.Hash) bool {
		return slices.EqualFunc(theirs, ours, func(a []byte, b translog.Hash) bool { return translog.Hash(a) == b })
	}
	for i := int64(0); i < size; i += 7 {
		theirs, err := builder.InclusionProof(t.Context(), uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		ours, err := translog.Prove(size, i, l.reader())
		if err != nil || !same(theirs, ours) {
			t.Errorf("inclusion of %d: client %x, ours %v, %v", i, theirs, ours, err)
		}
		if i == 0 {
			continue
		}
		if theirs, err = builder.ConsistencyProof(t.Context(), uint64(i), size); err != nil {
			t.Fatal(err)
		}
		ours, err = translog.ProveConsistency(i, size, l.reader())
		if err != nil || !same(theirs, ours) {
			t.Errorf("consistency of %d: client %x, ours %v, %v", i, theirs, ours, err)
		}
	}
}
