package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/daemon"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

var (
	crashes = flag.Int("crashes", 5, "how often the crash test kills the server")
	seed    = flag.Uint64("seed", 0, "seed of the crash test; 0 takes one from the clock")
)

// TestKill kills the real binary with SIGKILL in the middle of concurrent
// issuing, again and again, and after each restart demands:
//
//   - every label that was acknowledged is there and verifies offline;
//   - no label is without its log entry, no entry without its label, and every
//     hash, index and signature holds ("labeld check");
//   - the new log head extends every head that was ever served.
func TestKill(t *testing.T) {
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-seed %d -crashes %d", *seed, *crashes)
	rnd := rand.New(rand.NewPCG(*seed, 0))
	s := newService(t, buildLabeld(t))
	s.start()
	s.enrol()
	c := &crasher{s: s, t: t, lab: s.signer("lab.key"), maker: s.signer("maker.key"), acknowledged: map[string]string{}, first: make(chan struct{})}
	c.head()
	for round := range *crashes {
		c.issueUntilKilled(round, time.Duration(20+rnd.IntN(400))*time.Millisecond)
		check(t, s.dir)
		s.start()
		c.head()
		c.verifyAll()
	}
	if len(c.acknowledged) == 0 {
		t.Error("no label was ever acknowledged; the test proves nothing")
	}
	t.Logf("%d labels acknowledged over %d crashes, %d heads", len(c.acknowledged), *crashes, len(c.heads))
	s.stop()
}

// check runs the whole check on a programme that nobody serves.
func check(t *testing.T, dir string) {
	t.Helper()
	config, err := daemon.LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Check(context.Background(), config, nil, labeltest.Problems(func(p string) { t.Errorf("check: %s", p) })); err != nil {
		t.Fatal(err)
	}
}

type crasher struct {
	s          *service
	t          *testing.T
	lab, maker *envelope.Signer

	mu           sync.Mutex
	acknowledged map[string]string // label ID -> device
	heads        []translog.Tree

	first chan struct{} // closed with the first acknowledgement
}

// issueUntilKilled has eight callers go through the whole job for one device
// after the other, and kills the server after some time; in the first round, not before
// a label was acknowledged.
func (c *crasher) issueUntilKilled(round int, after time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	labConn, makerConn := c.s.dial(demoLab, "lab.key"), c.s.dial(demoMaker, "maker.key")
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := 0; ; i++ {
				e, report, declaration := c.s.evidence(c.lab, c.maker, round*100000+w*1000+i)
				err := func() error {
					r, err := labelv1.NewSubmissionServiceClient(makerConn).RegisterDevice(ctx, &labelv1.RegisterDeviceRequest{Descriptor_: e.Descriptor})
					if err != nil {
						return err
					}
					if _, err := labelv1.NewSubmissionServiceClient(labConn).SubmitStatement(ctx, &labelv1.SubmitStatementRequest{Statement: report}); err != nil {
						return err
					}
					if _, err := labelv1.NewSubmissionServiceClient(makerConn).SubmitStatement(ctx, &labelv1.SubmitStatementRequest{Statement: declaration}); err != nil {
						return err
					}
					l, err := labelv1.NewLabelServiceClient(makerConn).RequestLabel(ctx, &labelv1.RequestLabelRequest{Device: r.GetDevice(), Level: 3})
					if err != nil {
						return err
					}
					if l.GetLabel() == nil {
						return errors.New("the evidence did not support the level")
					}
					c.mu.Lock()
					defer c.mu.Unlock()
					if len(c.acknowledged) == 0 {
						close(c.first)
					}
					c.acknowledged[l.GetLabel().GetSummary().GetId()] = r.GetDevice()
					return nil
				}()
				if status.Code(err) == codes.Unavailable {
					return // killed
				}
				if err != nil {
					c.t.Error(err)
					return
				}
			}
		})
	}
	if round == 0 { // on a slow machine nothing may be acknowledged in the time of any round
		select {
		case <-c.first:
		case <-ctx.Done():
		}
	}
	time.Sleep(after) // the moment of the crash is what is random here
	if err := c.s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		c.t.Error(err)
	}
	c.s.cmd.Wait()
	wg.Wait()
}

// fetch reads a public document of the running server.
func (c *crasher) fetch(path string) []byte {
	c.t.Helper()
	resp, err := http.Get(c.s.url + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		c.t.Fatalf("GET %s: %s %v %s", path, resp.Status, err, b)
	}
	return b
}

func (c *crasher) trust() *verify.Trust {
	t, err := verify.ParseTrust(c.fetch("/.well-known/labeld.json"))
	if err != nil {
		c.t.Fatal(err)
	}
	return t
}

// head fetches the log's head and proves that it extends all heads before it,
// from tiles that the server serves.
func (c *crasher) head() {
	c.t.Helper()
	cp, err := c.trust().OpenCheckpoint(c.fetch("/log/checkpoint"))
	if err != nil {
		c.t.Fatal(err)
	}
	reader := translog.NodeFunc(func(n translog.Node) (translog.Hash, error) { return c.node(cp.Tree.N, n) })
	for _, old := range c.heads {
		proof, err := translog.ProveConsistency(old.N, cp.Tree.N, reader)
		if err == nil {
			err = translog.VerifyConsistency(old, cp.Tree, proof)
		}
		if err != nil {
			c.t.Errorf("the head of size %d does not extend that of size %d: %v", cp.Tree.N, old.N, err)
		}
	}
	c.heads = append(c.heads, cp.Tree)
}

// node computes a tree node from level 0 tiles.
func (c *crasher) node(size int64, n translog.Node) (translog.Hash, error) {
	count := int64(1) << n.Level
	first := n.N * count
	var leaves [][]byte
	for i := first; i < first+count; {
		width := min(translog.TileWidth, size-i/translog.TileWidth*translog.TileWidth)
		bundle := c.fetch("/log/" + translog.Tile{Level: translog.EntriesLevel, N: i / translog.TileWidth, Width: int(width)}.Path())
		for j := i / translog.TileWidth * translog.TileWidth; len(bundle) > 0; j++ {
			entry, rest, err := translog.ReadBundleEntry(bundle)
			if err != nil {
				return translog.Hash{}, err
			}
			if j >= i && j < first+count {
				leaves = append(leaves, entry)
			}
			bundle = rest
		}
		i = (i/translog.TileWidth + 1) * translog.TileWidth
	}
	tree, _, err := translog.Append(translog.Empty(), nil, leaves)
	return tree.Hash, err
}

// verifyAll verifies every acknowledged label offline.
func (c *crasher) verifyAll() {
	trust := c.trust()
	for id, device := range c.acknowledged {
		now := time.Now()
		r, err := trust.Verify(c.fetch("/l/"+id+"/package"), now, now)
		if err == nil {
			err = r.Told()
		}
		if err != nil {
			c.t.Errorf("acknowledged label %s: %v", id, err)
			continue
		}
		if string(r.Label.ID) != id || label.Active != r.State {
			c.t.Errorf("acknowledged label %s of device %s is now %s, %s", id, device, r.Label.ID, r.State)
		}
	}
}

// TestTerminate sends SIGTERM, or SIGHUP, while labels are being issued: what was
// acknowledged is there, and the process ends well.
func TestTerminate(t *testing.T) {
	bin := buildLabeld(t)
	for _, by := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(by.String(), func(t *testing.T) { terminate(t, bin, by) })
	}
}

func terminate(t *testing.T, bin string, by syscall.Signal) {
	s := newService(t, bin)
	s.start()
	s.enrol()
	e, report, declaration := s.evidence(s.signer("lab.key"), s.signer("maker.key"), 0)
	ctx := context.Background()
	maker := s.dial(demoMaker, "maker.key")
	r, err := labelv1.NewSubmissionServiceClient(maker).RegisterDevice(ctx, &labelv1.RegisterDeviceRequest{Descriptor_: e.Descriptor})
	s.must(err)
	for _, b := range [][]byte{report, declaration} {
		_, err = labelv1.NewSubmissionServiceClient(maker).SubmitStatement(ctx, &labelv1.SubmitStatementRequest{Statement: b})
		s.must(err)
	}
	answer := make(chan error, 1)
	go func() {
		_, err := labelv1.NewLabelServiceClient(maker).RequestLabel(ctx, &labelv1.RequestLabelRequest{Device: r.GetDevice(), Level: 3})
		answer <- err
	}()
	s.must(s.cmd.Process.Signal(by))
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("labeld ended with %v", err)
	}
	if err := <-answer; err != nil && status.Code(err) != codes.Unavailable {
		t.Errorf("the call under way got %v", err)
	}
	check(t, s.dir)
}

// TestFullDisk fills the disk under a running server. Writes are refused with a
// clear error, reads go on, and writing works again once there is room, without
// a restart.
func TestFullDisk(t *testing.T) {
	s := newService(t, buildLabeld(t))
	disk := filepath.Join(t.TempDir(), "disk")
	s.must(os.Mkdir(disk, 0o700))
	if err := syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=8m"); err != nil {
		t.Skipf("cannot mount a small disk here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(disk, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	data := filepath.Join(disk, "data")
	s.must(os.CopyFS(data, os.DirFS(s.dir)))
	s.dir = data
	s.start()
	s.enrol()
	ctx := context.Background()
	maker := s.dial(demoMaker, "maker.key")
	submit := func(n int) error {
		e, _, declaration := s.evidence(s.signer("lab.key"), s.signer("maker.key"), n)
		if _, err := labelv1.NewSubmissionServiceClient(maker).RegisterDevice(ctx, &labelv1.RegisterDeviceRequest{Descriptor_: e.Descriptor}); err != nil {
			return err
		}
		_, err := labelv1.NewSubmissionServiceClient(maker).SubmitStatement(ctx, &labelv1.SubmitStatementRequest{Statement: declaration})
		return err
	}
	s.must(submit(0))
	// All the room that is left, and then the room that free pages give.
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	s.must(err)
	if _, err := io.Copy(f, zeros{}); err == nil {
		t.Fatal("the disk cannot be filled")
	}
	s.must(f.Close())
	var refused error
	written := 1
	for ; written < 5000 && refused == nil; written++ {
		refused = submit(written)
	}
	if status.Code(refused) != codes.Unavailable || !strings.Contains(fmt.Sprint(refused), "cannot write now") {
		t.Fatalf("on a full disk a write is answered with %v", refused)
	}
	if resp, err := http.Get(s.url + "/log/checkpoint"); err != nil || resp.StatusCode != http.StatusOK {
		t.Errorf("on a full disk reading gives %v %v", resp, err)
	}
	s.must(os.Remove(filler))
	s.must(submit(written - 1))
	s.must(submit(written))
	s.stop()
	check(t, s.dir)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}
