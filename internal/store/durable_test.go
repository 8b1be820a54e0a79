package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	bolt "go.etcd.io/bbolt"
	"golang.org/x/sys/unix"

	"labeld/internal/label"
	"labeld/internal/translog"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// onWrite has f stand between a store and its file. It uses the hook that bbolt's
// own tests use, which is not exported.
func onWrite(s *Store, f func(write func([]byte, int64) (int, error), b []byte, at int64) (int, error)) {
	field := reflect.ValueOf(s.db).Elem().FieldByName("ops").FieldByName("writeAt")
	hook := (*func([]byte, int64) (int, error))(unsafe.Pointer(field.UnsafeAddr()))
	*hook = func(b []byte, at int64) (int, error) { return f(s.file.WriteAt, b, at) }
}

// isMeta reports whether a write is that of a meta page, the last of a commit.
func isMeta(at int64) bool { return at < 2*pageSize }

var start = time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)

func create(t *testing.T, dir string) {
	t.Helper()
	must(t, Create(dir, "store.test/log", Head{Tree: translog.Empty(), Checkpoint: []byte("head")}, start))
}

func reopen(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(dir)
	must(t, err)
	return s
}

// put commits an organization, for whatever a request would write.
func put(s *Store, org string) error {
	return s.Commit(&Batch{At: start, From: translog.Empty(), Writes: []Write{&Organization{ID: org}}})
}

// knows reports whether a store answers that it has an organization.
func knows(s *Store, org string) (there bool, err error) {
	err = s.View(func(v *View) error {
		_, err := v.Org(org)
		there = err == nil
		return nil
	})
	return there, err
}

// A powered disk is a small ext4 file system whose power can be cut.
type powered struct {
	t   *testing.T
	dir string
}

func newPowered(t *testing.T) *powered {
	t.Helper()
	skip := t.Skipf
	if os.Getenv("CI") != "" && os.Getuid() == 0 {
		skip = t.Fatalf // what CI leaves out nobody tries
	}
	if os.Getuid() != 0 {
		skip("cutting the power of a disk needs root, to mount one; NOTHING HERE TRIES THAT WHAT IS ACKNOWLEDGED IS ON DISK")
	}
	tmp := t.TempDir()
	p := &powered{t, filepath.Join(tmp, "disk")}
	must(t, os.Mkdir(p.dir, 0o700))
	image := filepath.Join(tmp, "image")
	for _, c := range [][]string{{"truncate", "-s", "64M", image}, {"mkfs.ext4", "-q", image}, {"mount", "-o", "loop", image, p.dir}} {
		if out, err := exec.Command(c[0], c[1:]...).CombinedOutput(); err != nil {
			skip("no disk can be made whose power is cut (%v: %v %s); NOTHING HERE TRIES THAT WHAT IS ACKNOWLEDGED IS ON DISK", c, err, out)
		}
	}
	t.Cleanup(func() { p.run("umount", p.dir) })
	return p
}

func (p *powered) run(name string, args ...string) {
	p.t.Helper()
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		p.t.Errorf("%s %v: %v %s", name, args, err, out)
	}
}

// off cuts the power: what was not synced never comes to the disk, and every
// write and sync fails.
func (p *powered) off() {
	p.t.Helper()
	const shutdown, withoutFlush = 0x8004587d, 2 // FS_IOC_SHUTDOWN, EXT4_GOING_FLAGS_NOLOGFLUSH
	d, err := os.Open(p.dir)
	must(p.t, err)
	must(p.t, unix.IoctlSetPointerInt(int(d.Fd()), shutdown, withoutFlush))
	must(p.t, d.Close())
}

// on brings the disk back as it is after a power cut.
func (p *powered) on() {
	p.t.Helper()
	image := filepath.Join(filepath.Dir(p.dir), "image")
	p.run("umount", p.dir)
	p.run("mount", "-o", "loop", image, p.dir)
}

// TestPowerCutAfterFailedSync has the sync of a commit fail, after which memory
// shows what is not on disk. The request is repeated, the power is cut, and what
// was answered must be there.
func TestPowerCutAfterFailedSync(t *testing.T) {
	disk := newPowered(t)
	create(t, disk.dir)
	s := reopen(t, disk.dir)
	must(t, put(s, "before"))
	onWrite(s, func(write func([]byte, int64) (int, error), b []byte, at int64) (int, error) {
		n, err := write(b, at)
		if isMeta(at) {
			disk.off()
		}
		return n, err
	})
	if err := put(s, "during"); !errors.Is(err, ErrUnsynced) {
		t.Errorf("a commit whose sync failed gives %v", err)
	}
	answered, err := knows(s, "during")
	if !errors.Is(err, ErrUnsynced) {
		t.Errorf("after it, reading gives %v", err)
	}
	if err := put(s, "after"); !errors.Is(err, ErrUnsynced) {
		t.Errorf("after it, writing gives %v", err)
	}
	select {
	case <-s.Broken():
	default:
		t.Error("nothing tells the process to end")
	}
	must(t, s.Close())
	disk.on()
	s = reopen(t, disk.dir)
	if there, err := knows(s, "before"); !there || err != nil {
		t.Errorf("what was acknowledged is lost: %v", err)
	}
	if there, err := knows(s, "during"); answered && !there || err != nil {
		t.Errorf("what a repeated request was told is known was lost when the power was cut (%v)", err)
	}
	must(t, s.Close())
}

// TestPowerCutAfterKill ends the process between writing a commit and syncing it.
// The next process finds the commit, and what it answers must survive a power cut.
func TestPowerCutAfterKill(t *testing.T) {
	disk := newPowered(t)
	create(t, disk.dir)
	s := reopen(t, disk.dir)
	killed := errors.New("killed")
	onWrite(s, func(write func([]byte, int64) (int, error), b []byte, at int64) (int, error) {
		n, err := write(b, at)
		if isMeta(at) {
			err = killed // so that nothing is synced
		}
		return n, err
	})
	if err := put(s, "camera"); !errors.Is(err, ErrUnsynced) {
		t.Errorf("a commit that was not synced gives %v", err)
	}
	must(t, s.Close())
	s = reopen(t, disk.dir)
	answered, err := knows(s, "camera")
	must(t, err)
	if !answered {
		t.Error("the commit is not found; the test proves nothing")
	}
	disk.off()
	must(t, s.Close())
	disk.on()
	s = reopen(t, disk.dir)
	if there, err := knows(s, "camera"); !there || err != nil {
		t.Errorf("what was answered after the restart was lost when the power was cut (%v)", err)
	}
	must(t, s.Close())
}

// TestNothingIsShownBeforeItIsSynced reads while the last sync of a commit is under
// way: the store is as bbolt shows it then, and learns of the sync later.
func TestNothingIsShownBeforeItIsSynced(t *testing.T) {
	for _, failure := range []error{nil, errors.New("disk on fire")} {
		dir := t.TempDir()
		create(t, dir)
		s := reopen(t, dir)
		must(t, put(s, "camera"))
		last := s.durability.synced
		s.durability.synced--
		var synced atomic.Bool
		done := make(chan error)
		go func() {
			there, err := knows(s, "camera")
			if !synced.Load() {
				t.Error("a commit is shown before it is on disk")
			}
			if there != (failure == nil) {
				t.Errorf("after a sync that gave %v, it is shown: %v", failure, there)
			}
			done <- err
		}()
		time.Sleep(20 * time.Millisecond) // time to do wrong in
		synced.Store(true)
		s.durability.reached(last, failure)
		if err := <-done; failure == nil && err != nil || failure != nil && !errors.Is(err, ErrUnsynced) {
			t.Errorf("after a sync that gave %v, a view gives %v", failure, err)
		}
		must(t, s.Close())
	}
}

// TestFullDisk has the disk fill up in the two places that matter: before the page
// that makes a commit the last one, and with it.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	create(t, dir)
	s := reopen(t, dir)
	full := func(meta bool) {
		onWrite(s, func(write func([]byte, int64) (int, error), b []byte, at int64) (int, error) {
			if n, err := write(b, at); isMeta(at) != meta {
				return n, err
			}
			return 0, &os.PathError{Op: "write", Err: unix.ENOSPC}
		})
	}
	full(false)
	if err := put(s, "camera"); !errors.Is(err, ErrNoRoom) {
		t.Errorf("on a full disk a commit gives %v", err)
	}
	if there, err := knows(s, "camera"); there || err != nil {
		t.Errorf("on a full disk reading gives %v, %v", there, err)
	}
	onWrite(s, func(write func([]byte, int64) (int, error), b []byte, at int64) (int, error) { return write(b, at) })
	must(t, put(s, "camera"))
	if there, err := knows(s, "camera"); !there || err != nil {
		t.Errorf("once there is room, reading gives %v, %v", there, err)
	}
	full(true)
	if err := put(s, "plug"); !errors.Is(err, ErrUnsynced) {
		t.Errorf("a commit that may be on disk gives %v", err)
	}
	must(t, s.Close())
}

// TestDamageWhileWriting has a write panic, as bbolt does at a damaged page.
func TestDamageWhileWriting(t *testing.T) {
	dir := t.TempDir()
	create(t, dir)
	s := reopen(t, dir)
	if err := s.update(func(*bolt.Tx) error { panic("a page is not what it was") }, nil); !errors.Is(err, ErrUnsynced) {
		t.Errorf("gives %v", err)
	}
	if err := s.Failure(); err == nil {
		t.Error("nothing says why")
	}
	must(t, s.Close())
}

// BenchmarkCheckFile measures how long the structure of a file is read at the start,
// of a file that is in the system's cache.
func BenchmarkCheckFile(b *testing.B) {
	dir := b.TempDir()
	if err := Create(dir, "store.test/log", Head{Tree: translog.Empty(), Checkpoint: []byte("head")}, start); err != nil {
		b.Fatal(err)
	}
	s, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for n := range 40 {
		batch := &Batch{At: start, From: translog.Empty()}
		for i := range 5000 {
			batch.Add(&Organization{ID: fmt.Sprintf("org-%d-%d", i, n), Name: "An organization with a name of some length"})
		}
		if err := s.Commit(batch); err != nil {
			b.Fatal(err)
		}
	}
	fi, err := s.file.Stat()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(fi.Size())
	for b.Loop() {
		if err := checkFile(s.file, fi.Size(), nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHeadFile measures a commit of about what a group of requests writes, in
// turn with and without a head file, so that both see the same machine.
func BenchmarkHeadFile(b *testing.B) {
	dir := b.TempDir()
	head := Head{Tree: translog.Empty(), Checkpoint: bytes.Repeat([]byte("x"), 300)}
	s, err := func() (*Store, error) {
		if err := errors.Join(Create(dir, "store.test/log", head, start), CreateHeadFile(filepath.Join(dir, "log.head"), head.Checkpoint)); err != nil {
			return nil, err
		}
		return Open(dir)
	}()
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	h, err := OpenHeadFile(filepath.Join(dir, "log.head"), head.Checkpoint)
	if err != nil {
		b.Fatal(err)
	}
	var took [2][]time.Duration
	for n := 0; b.Loop(); n++ {
		for kept := range 2 {
			batch := &Batch{At: start, From: translog.Empty(), Head: head, Entries: []*Entry{{packed: make([]byte, 1000)}}}
			for i := range 64 {
				id := label.DigestOf(fmt.Appendf(nil, "%d %d %d", n, kept, i))
				batch.Add(&Organization{ID: id.String(), Name: strings.Repeat("n", 2000)})
			}
			if s.heads = nil; kept == 1 {
				s.heads = h
			}
			began := time.Now()
			if err := s.Commit(batch); err != nil {
				b.Fatal(err)
			}
			took[kept] = append(took[kept], time.Since(began))
		}
	}
	s.heads = h
	for kept, name := range []string{"ms-without", "ms-with"} {
		slices.Sort(took[kept])
		b.ReportMetric(float64(took[kept][len(took[kept])/2].Microseconds())/1000, name)
	}
}
