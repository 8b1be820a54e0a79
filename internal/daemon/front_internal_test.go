package daemon

import (
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// TestPanicIsAnswered has a page panic, before and after it began to answer.
func TestPanicIsAnswered(t *testing.T) {
	var log bytes.Buffer
	f := &front{d: &Daemon{log: slog.New(slog.NewTextHandler(&log, nil))}}
	f.pages = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "1000")
		if r.URL.Path == "/late" {
			_, _ = io.WriteString(w, "half an answer")
		}
		panic("a fault of ours")
	})
	s := httptest.NewServer(f)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // which tries nothing again
	resp, err := client.Get(s.URL + "/early")
	if err != nil {
		t.Fatalf("a page that panics is not answered: %v", err)
	}
	text, err := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusInternalServerError || err != nil || !strings.Contains(string(text), "went wrong") || strings.Contains(string(text), "fault of ours") {
		t.Errorf("a page that panics is answered with %d %s (%v)", resp.StatusCode, text, err)
	}
	resp.Body.Close()
	if resp, err = client.Get(s.URL + "/late"); err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("half an answer passes for a whole one")
	}
	s.Close()
	if f.panics.Load() != 2 || strings.Count(log.String(), "a fault of ours") != 2 || !strings.Contains(log.String(), "/early") {
		t.Errorf("%d panics are counted, and logged is %s", f.panics.Load(), log.String())
	}
}

// exhausted is a listener whose process has no file left for the next connections.
type exhausted struct {
	*net.TCPListener
	left atomic.Int32
}

func (e *exhausted) Accept() (net.Conn, error) {
	if e.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return e.TCPListener.Accept()
}

// TestNobodyIsLeftWaiting opens more connections than there may be: old clients are
// answered, new ones are refused at once, and once there is room they are answered.
func TestNobodyIsLeftWaiting(t *testing.T) {
	var log bytes.Buffer
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := newBounded(l, 3, "http", slog.New(slog.NewTextHandler(&log, nil)))
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(b) }()
	ask := func(c net.Conn) string {
		t.Helper()
		_ = c.SetDeadline(time.Now().Add(5 * time.Second))
		if _, err := io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return err.Error()
		}
		answer := make([]byte, 512)
		n, err := c.Read(answer)
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Error("a client is left waiting")
		}
		return string(answer[:n])
	}
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	var old []net.Conn
	for range 3 {
		c := dial()
		if a := ask(c); !strings.HasSuffix(a, "hello") {
			t.Fatalf("an early client is answered with %q", a)
		}
		old = append(old, c)
	}
	for range 5 {
		if a := ask(dial()); strings.HasSuffix(a, "hello") {
			t.Error("more clients are answered than there may be")
		}
	}
	if a := ask(old[0]); !strings.HasSuffix(a, "hello") {
		t.Errorf("an old client is answered with %q", a)
	}
	old[1].Close()
	for late := time.Now().Add(10 * time.Second); !strings.HasSuffix(ask(dial()), "hello"); {
		if time.Now().After(late) {
			t.Fatal("there is room again, and nobody new is answered")
		}
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	<-ended
	if n := strings.Count(log.String(), "connections are refused"); n != 1 {
		t.Errorf("that connections are refused is logged %d times: %s", n, log.String())
	}
}

// TestNoFileLeft has the system refuse a connection, for want of a file.
func TestNoFileLeft(t *testing.T) {
	if _, _, err := shares(leastFiles - 1); err == nil {
		t.Error("it starts with too few files")
	}
	if http, grpc, err := shares(leastFiles); err != nil || http < 1 || grpc < 1 || http+grpc+keptFiles != leastFiles {
		t.Errorf("of %d files, pages get %d and calls %d (%v)", leastFiles, http, grpc, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	e := &exhausted{TCPListener: l.(*net.TCPListener)}
	b := newBounded(e, 10, "http", slog.New(slog.DiscardHandler))
	e.left.Store(1)
	first, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	accepted := make(chan net.Conn, 1)
	go func() {
		c, err := b.Accept()
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}()
	_ = first.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := first.Read(make([]byte, 1)); err == nil {
		t.Error("a connection for which there is no file is answered")
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
		t.Error("a client for which there is no file is left waiting")
	}
	second, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if c := <-accepted; c != nil {
		c.Close()
	}
	if b.open.Load() != 0 || b.refused.Load() != 1 {
		t.Errorf("%d are open, %d were refused", b.open.Load(), b.refused.Load())
	}
	b.Close()
}
