package web_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"

	"labeld/internal/labeltest"
	"labeld/internal/meter"
	"labeld/internal/web"
)

// BenchmarkLabel measures how fast a label view is answered, beside the least
// that could be done: a bare handler that writes the same bytes with as many
// headers. Both run in a server of package net/http on loopback, and the
// client does as little as it can: it writes the same bytes again and again and
// counts what comes back. The two take turns, so that a busy machine hits both.
//
// The metric "ratio" is our rate by the bare handler's; "handler-ns" is what
// ServeHTTP takes by itself.
func BenchmarkLabel(b *testing.B) {
	w := newWorld(b)
	id := string(w.camera().Label.ID)
	h := must[*web.Handler](b)(web.New(web.Config{
		Authority: w.Authority, Base: base, Log: slog.New(slog.DiscardHandler), Art: labeltest.Studio(b), Words: labeltest.Words(b), Clients: meter.NewClients(clientHeader, slog.New(slog.DiscardHandler)),
	}))
	for _, bm := range []struct{ name, target string }{
		{"page", "/L/" + id},
		{"page-chosen", "/l/" + id + "?lang=de"},
		{"json", "/l/" + id + ".json"},
		{"lookup", "/api/products/09522104000171"},
		{"resolve", "/01/09522104000171"},
		{"artwork", "/l/" + id + "/art/portrait.svg"},
	} {
		b.Run(bm.name, func(b *testing.B) { benchmarkAnswer(b, h, bm.target) })
	}
}

// clientHeader names the client of a request, each batch of them another: the
// API answers only so many calls of one.
const clientHeader = "X-Forwarded-For"

// benchmarkAnswer measures one address.
func benchmarkAnswer(b *testing.B, h http.Handler, target string) {
	rec := get(h, target)
	ours := dialServer(b, h, target)
	bare := dialServer(b, bareHandler(rec), target)
	const turn = 500
	b.ReportAllocs()
	var mine, theirs time.Duration
	ours.run(b, turn) // warm up
	bare.run(b, turn)
	for b.Loop() {
		theirs += bare.run(b, turn)
		mine += ours.run(b, turn)
	}
	b.ReportMetric(float64(theirs)/float64(mine), "ratio")
	b.ReportMetric(float64(b.N*turn)/mine.Seconds(), "labels/s")
	b.ReportMetric(handlerTime(h, target), "handler-ns")
}

// bareHandler writes what was answered: the same headers, the same bytes.
func bareHandler(rec *httptest.ResponseRecorder) http.HandlerFunc {
	head, body := rec.Header().Clone(), bytes.Clone(rec.Body.Bytes())
	type field struct {
		name   string
		values []string
	}
	var fields []field
	for name, values := range head {
		fields = append(fields, field{name, values})
	}
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, f := range fields {
			h[f.name] = f.values
		}
		w.Write(body)
	}
}

// A conn is one connection that asks for the same thing again and again.
type conn struct {
	net.Conn
	in      *bufio.Reader
	request []byte
	answer  int // length of one
	batches int
}

// pipelined is how many requests are sent at a time.
const pipelined = 10

func dialServer(b *testing.B, h http.Handler, target string) *conn {
	b.Helper()
	s := httptest.NewServer(h)
	b.Cleanup(s.Close)
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { nc.Close() })
	c := &conn{Conn: nc, in: bufio.NewReaderSize(nc, 1<<18)}
	request := []byte("GET " + target + " HTTP/1.1\r\nHost: labels.example.org\r\nUser-Agent: bench\r\nAccept: */*\r\nAccept-Language: fr-CH, fr;q=0.9, en;q=0.8, *;q=0.5\r\n" + clientHeader + ": 10.100.100.100\r\n\r\n")
	if _, err := c.Write(request); err != nil {
		b.Fatal(err)
	}
	c.answer = c.readAnswer(b)
	c.request = bytes.Repeat(request, pipelined)
	return c
}

// readAnswer reads one answer and returns its length. All answers are of the
// same length: the Date header is.
func (c *conn) readAnswer(b *testing.B) (n int) {
	b.Helper()
	length := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			b.Fatal(err)
		}
		n += len(line)
		if v, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			length, _ = strconv.Atoi(string(bytes.TrimSpace(v)))
		}
		if len(line) == 2 {
			break
		}
	}
	if _, err := c.in.Discard(length); err != nil {
		b.Fatal(err)
	}
	return n + length
}

// run makes some requests and returns how long they took.
func (c *conn) run(b *testing.B, requests int) time.Duration {
	b.Helper()
	start := time.Now()
	for range requests / pipelined {
		c.nextClient()
		if _, err := c.Write(c.request); err != nil {
			b.Fatal(err)
		}
		if _, err := io.CopyN(io.Discard, c.in, int64(pipelined*c.answer)); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// nextClient has the next batch come from another client.
func (c *conn) nextClient() {
	c.batches++
	n := c.batches % 1_000_000
	old, next := []byte(c.client()), fmt.Appendf(nil, "10.%d.%d.%d", 100+n/10_000, 100+n/100%100, 100+n%100)
	c.request = bytes.ReplaceAll(c.request, old, next)
}

// client returns the client that the requests name.
func (c *conn) client() string {
	_, rest, _ := bytes.Cut(c.request, []byte(clientHeader+": "))
	name, _, _ := bytes.Cut(rest, []byte("\r"))
	return string(name)
}

// A sink is a ResponseWriter that is used again and again.
type sink struct{ h http.Header }

func (s *sink) Header() http.Header         { return s.h }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }

// handlerTime returns how long ServeHTTP takes, in nanoseconds.
func handlerTime(h http.Handler, target string) float64 {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	s := &sink{http.Header{}}
	const n = 200000
	start := time.Now()
	client := []string{""}
	r.Header[clientHeader] = client
	for i := range n {
		if i%pipelined == 0 {
			client[0] = fmt.Sprintf("10.%d.%d.%d", 100+i/100_000, 100+i/1000%100, 100+i/10%100)
		}
		clear(s.h)
		h.ServeHTTP(s, r)
	}
	return float64(time.Since(start).Nanoseconds()) / n
}

// Answering from what was rendered allocates next to nothing, so that no load
// makes the garbage collector the bottleneck.
func TestAllocations(t *testing.T) {
	w := newWorld(t)
	id := string(w.camera().Label.ID)
	for _, target := range []string{"/l/" + id, "/L/" + id, "/l/" + id + ".json"} {
		r := httptest.NewRequest(http.MethodGet, target, nil)
		r.Header.Set("Accept", browser)
		s := &sink{http.Header{}}
		if n := testing.AllocsPerRun(100, func() {
			clear(s.h)
			w.h.Handler.ServeHTTP(s, r)
		}); n > 4 {
			t.Errorf("%s allocates %.0f times", target, n)
		}
	}
}
