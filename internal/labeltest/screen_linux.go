package labeltest

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// A Screen is a terminal that programs under test write to.
type Screen struct {
	*os.File
	ended chan struct{}

	mu    sync.Mutex
	shown bytes.Buffer
}

// NewScreen opens a terminal of some columns.
func NewScreen(t *testing.T, columns int) *Screen {
	t.Helper()
	other, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { other.Close() })
	if err := unix.IoctlSetPointerInt(int(other.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetUint32(int(other.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	s := &Screen{ended: make(chan struct{})}
	if s.File, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := unix.IoctlSetWinsize(int(s.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: uint16(columns)}); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		part := make([]byte, 4096)
		for {
			n, err := other.Read(part)
			s.mu.Lock()
			s.shown.Write(part[:n])
			s.mu.Unlock()
			if err != nil { // nobody has the terminal open any more
				return
			}
		}
	}()
	return s
}

// Shown returns what was written so far.
func (s *Screen) Shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.shown.String(), "\r\n", "\n")
}

// All closes the terminal and returns what was written to it.
func (s *Screen) All() string {
	s.Close()
	<-s.ended
	return s.Shown()
}
