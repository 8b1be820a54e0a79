package daemon

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A process has a number of files that it may have open, and each connection is one
// of them. Where they are used up, the system lets further clients wait without a
// word, and the process can open no file of its own. So each listener has a share of
// them, and refuses the connections beyond it; the rest is kept for files, webhooks
// and the key management service. The shares are apart, so that readers cannot keep
// those out who write.
const (
	// keptFiles is how many files are kept from connections.
	keptFiles = 48

	// leastFiles is with how few files the daemon does not start.
	leastFiles = keptFiles + 16

	// refusedEvery is how often it is logged that connections were refused.
	refusedEvery = 10 * time.Second
)

// shares returns how many connections each side may have, of a number of files.
func shares(files int) (http, grpc int, err error) {
	if files < leastFiles {
		return 0, 0, fmt.Errorf("the process may have %d files open, and needs %d at least; raise the limit (ulimit -n, LimitNOFILE)", files, leastFiles)
	}
	grpc = (files - keptFiles) / 4
	return files - keptFiles - grpc, grpc, nil
}

// A bounded listener refuses connections beyond a number.
type boundedListener struct {
	net.Listener
	most int64
	name string
	log  *slog.Logger

	open    atomic.Int64
	refused atomic.Int64
	logged  atomic.Int64 // when it was, in Unix nanoseconds

	mu       sync.Mutex
	spare    *os.File // closed to accept, and refuse, a connection when no file is left
	deadline interface{ SetDeadline(time.Time) error }
}

func newBounded(l net.Listener, most int, name string, log *slog.Logger) *boundedListener {
	b := &boundedListener{Listener: l, most: int64(most), name: name, log: log}
	b.spare, _ = os.Open(os.DevNull)
	b.deadline, _ = l.(interface{ SetDeadline(time.Time) error })
	return b
}

// Accept implements [net.Listener].
func (b *boundedListener) Accept() (net.Conn, error) {
	for {
		c, err := b.Listener.Accept()
		switch {
		case err == nil && b.open.Add(1) <= b.most:
			return &countedConn{Conn: c, of: b}, nil
		case err == nil:
			b.open.Add(-1)
			b.refuse(c, "too many connections")
		case (errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)) && b.shed():
		default:
			return nil, err
		}
	}
}

// refuse closes a connection, so that the client learns at once that it is not
// answered, and logs it now and then.
func (b *boundedListener) refuse(c net.Conn, why string) {
	_ = c.Close() // nothing was said on it
	n, last, now := b.refused.Add(1), b.logged.Load(), time.Now().UnixNano()
	if now-last >= int64(refusedEvery) && b.logged.CompareAndSwap(last, now) {
		b.log.Error("connections are refused", "side", b.name, "why", why, "open", b.open.Load(), "most", b.most, "refused", n)
	}
}

// shed refuses one connection by way of the spare file, when no other is left. It
// returns whether it could.
func (b *boundedListener) shed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spare == nil || b.deadline == nil {
		return false
	}
	_ = b.spare.Close()
	_ = b.deadline.SetDeadline(time.Now().Add(time.Second)) // the client may have gone
	c, err := b.Listener.Accept()
	_ = b.deadline.SetDeadline(time.Time{})
	if err == nil {
		b.refuse(c, "no file is left")
	}
	b.spare, _ = os.Open(os.DevNull)
	return err == nil
}

// Close implements [net.Listener].
func (b *boundedListener) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spare != nil {
		_ = b.spare.Close()
		b.spare = nil
	}
	return b.Listener.Close()
}

// A counted connection gives its place back when it is closed.
type countedConn struct {
	net.Conn
	of   *boundedListener
	once sync.Once
}

func (c *countedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() { c.of.open.Add(-1) })
	return err
}
