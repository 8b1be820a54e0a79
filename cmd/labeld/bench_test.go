package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/daemon"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/token"
	"labeld/labels"
)

// The benchmarks run the real binary as a process of its own on loopback and
// load it from this one, with the evidence of the examples (68 verdicts). Each
// prints rates, and ratios against a baseline measured in the same run. One
// iteration is one whole measurement; -benchtime 1x is what is wanted.
//
//	go test -run '^$' -bench . -benchtime 1x ./cmd/labeld

const (
	clients = 64
	devices = 9000 // devices to submit evidence for, and to have labelled

	// issueRounds is in how many parts devices are labelled, a whole baseline
	// after each, so that both see the same machine.
	issueRounds = 5
)

// TestMain turns this test binary into the baseline servers where it is told to.
func TestMain(m *testing.M) {
	if os.Getenv(baselineVar) != "" {
		serveBaseline()
		return
	}
	os.Exit(m.Run())
}

// A service is a labeld process with a programme of its own.
type service struct {
	tb   testing.TB
	bin  string
	dir  string
	cmd  *exec.Cmd
	grpc string
	http string
	url  string
	ids  []label.ID // of labels that fill put there
}

// buildLabeld builds the binary once for a test run.
func buildLabeld(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "labeld")
	out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput()
	if err != nil {
		tb.Fatalf("building labeld: %v\n%s", err, out)
	}
	return bin
}

// newService makes a programme with a lab, a maker and their keys, not yet
// started.
func newService(tb testing.TB, bin string) *service {
	tb.Helper()
	s := &service{tb: tb, bin: bin, dir: filepath.Join(tb.TempDir(), "data")}
	c := daemon.Config{URL: "http://127.0.0.1:0", HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		Authority: daemon.AuthorityConfig{ID: demoAuthority, Name: "Bench"}, Log: daemon.LogConfig{Origin: "bench.test/log"}, Limits: daemon.DefaultLimits()}
	// One maker and one lab do here in a minute what others do in years, on small disks.
	c.Limits.Calls, c.Limits.Devices, c.Limits.DailyMiB, c.Limits.ReserveMiB = 100_000_000, 100_000_000, 1<<20, 0
	s.must(daemon.Init(context.Background(), s.dir, c, daemon.FirstPerson, nil, time.Now()))
	return s
}

func (s *service) must(err error) {
	s.tb.Helper()
	if err != nil {
		s.tb.Fatal(err)
	}
}

// start runs the binary and returns how long it took to answer.
func (s *service) start() time.Duration {
	s.tb.Helper()
	began := time.Now()
	s.grpc, s.http, s.url = "", "", ""
	s.cmd = exec.Command(s.bin, "serve", "--data", s.dir)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	s.must(err)
	s.must(s.cmd.Start())
	cmd := s.cmd
	s.tb.Cleanup(func() { cmd.Process.Kill() }) // where a test ends early
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "grpc":
			s.grpc = value
		case "http":
			s.http = value
		case "url":
			s.url = value
		}
		if s.url != "" {
			break
		}
	}
	resp, err := http.Get(s.url + "/healthz")
	s.must(err)
	resp.Body.Close()
	go io.Copy(io.Discard, out)
	return time.Since(began)
}

func (s *service) stop() {
	s.tb.Helper()
	s.must(s.cmd.Process.Signal(syscall.SIGTERM))
	if err := s.cmd.Wait(); err != nil {
		s.tb.Errorf("labeld ended with %v", err)
	}
}

// rss returns the resident memory of the process in bytes: all of it, and the
// anonymous part, which is not the page cache of the database.
func (s *service) rss() (all, anonymous int64) {
	sizes := statusOf(s.cmd.Process.Pid)
	return sizes["VmRSS:"], sizes["RssAnon:"]
}

// dial connects as an organization, with a connection of its own.
func (s *service) dial(org, keyFile string) *grpc.ClientConn {
	s.tb.Helper()
	opts := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if org != "" {
		signer, err := envelope.LoadSigner(context.Background(), filepath.Join(s.dir, keyFile), nil)
		s.must(err)
		opts = append(opts, grpc.WithPerRPCCredentials(&token.Source{Signer: signer, Organization: org, Audience: s.grpc, Loopback: true}))
	}
	conn, err := grpc.NewClient("passthrough:///"+s.grpc, opts...)
	s.must(err)
	s.tb.Cleanup(func() { conn.Close() })
	return conn
}

// enrol makes the demo's parties in a running service.
func (s *service) enrol() {
	s.tb.Helper()
	m := &demo{dir: s.dir, out: io.Discard, ctx: context.Background(), grpc: s.grpc, url: s.url, now: time.Now}
	s.must(m.enrol())
}

// evidence returns signed evidence for the n-th variant of the camera.
func (s *service) evidence(lab, maker *envelope.Signer, n int) (e *example.Example, report, declaration []byte) {
	e, err := example.Load(labels.FS, "camera", label.DateOf(time.Now()))
	s.must(err)
	labeltest.Variant(s.tb, e, n)
	return e, labeltest.Seal(s.tb, lab, e.Descriptor, label.TypeTestReport, e.Report),
		labeltest.Seal(s.tb, maker, e.Descriptor, label.TypeDeclaration, e.Declaration)
}

// load has each of n clients call f, in turn, until count calls were made, and
// returns the rate and the sorted latencies.
func load(tb testing.TB, n, count int, f func(client, i int) error) (rate float64, lat []time.Duration) {
	tb.Helper()
	var next atomic.Int64
	lats := make([][]time.Duration, n)
	var wg sync.WaitGroup
	began := time.Now()
	for c := range n {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= count {
					return
				}
				t := time.Now()
				if err := f(c, i); err != nil {
					tb.Error(err)
					return
				}
				lats[c] = append(lats[c], time.Since(t))
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	for _, l := range lats {
		lat = append(lat, l...)
	}
	slices.Sort(lat)
	return float64(count) / took.Seconds(), lat
}

func ms(lat []time.Duration, q float64) float64 {
	return float64(lat[min(len(lat)-1, int(q*float64(len(lat))))].Microseconds()) / 1000
}

// labOf and makerOf load the keys that enrol made.
func (s *service) signer(file string) *envelope.Signer {
	k, err := envelope.LoadSigner(context.Background(), filepath.Join(s.dir, file), nil)
	s.must(err)
	return k
}

// BenchmarkSubmitAndIssue measures submitting reports and issuing labels, at 64
// clients and at one, and, in turn with it, a bare group commit of the same
// record sizes.
func BenchmarkSubmitAndIssue(b *testing.B) {
	for range b.N {
		s := newService(b, buildLabeld(b))
		s.start()
		s.enrol()
		digests := submitAll(b, s, 0, devices)
		issueAll(b, s, digests)
		b.ReportMetric(0, "ns/op")
		s.stop()
	}
}

func submitAll(b *testing.B, s *service, from, count int) []string {
	lab, maker := s.signer("lab.key"), s.signer("maker.key")
	type job struct{ descriptor, report, declaration []byte }
	jobs := make([]job, count)
	var wg sync.WaitGroup
	for w := range 2 {
		wg.Go(func() {
			for i := w; i < count; i += 2 {
				e, r, d := s.evidence(lab, maker, from+i)
				jobs[i] = job{e.Descriptor, r, d}
			}
		})
	}
	wg.Wait()
	labs, makers := make([]labelv1.SubmissionServiceClient, clients), make([]labelv1.SubmissionServiceClient, clients)
	for i := range clients {
		labs[i] = labelv1.NewSubmissionServiceClient(s.dial(demoLab, "lab.key"))
		makers[i] = labelv1.NewSubmissionServiceClient(s.dial(demoMaker, "maker.key"))
	}
	ctx := context.Background()
	digests := make([]string, count)
	load(b, clients, count, func(c, i int) error {
		r, err := makers[c].RegisterDevice(ctx, &labelv1.RegisterDeviceRequest{Descriptor_: jobs[i].descriptor})
		digests[i] = r.GetDevice()
		return err
	})
	rate, lat := load(b, clients, count, func(c, i int) error {
		_, err := labs[c].SubmitStatement(ctx, &labelv1.SubmitStatementRequest{Statement: jobs[i].report})
		return err
	})
	b.Logf("submit   %2d clients: %6.0f reports/s, p50 %.1f ms, p99 %.1f ms (report of %d bytes)", clients, rate, ms(lat, .5), ms(lat, .99), len(jobs[0].report))
	b.ReportMetric(rate, "reports/s")
	load(b, clients, count, func(c, i int) error {
		_, err := makers[c].SubmitStatement(ctx, &labelv1.SubmitStatementRequest{Statement: jobs[i].declaration})
		return err
	})
	return digests
}

func issueAll(b *testing.B, s *service, digests []string) {
	conns := make([]labelv1.LabelServiceClient, clients)
	for i := range clients {
		conns[i] = labelv1.NewLabelServiceClient(s.dial(demoMaker, "maker.key"))
	}
	issue := func(c int, device string) error {
		r, err := conns[c].RequestLabel(context.Background(), &labelv1.RequestLabelRequest{Device: device, Level: 3})
		if err == nil && (r.GetLabel() == nil || r.GetKnown()) {
			err = fmt.Errorf("no new label for %s", device)
		}
		return err
	}
	alone := min(500, len(digests)/4)
	_, lat := load(b, 1, alone, func(_, i int) error { return issue(0, digests[i]) })
	b.Logf("issue     1 client:  p50 %.2f ms, p99 %.2f ms (target p50 5 ms)", ms(lat, .5), ms(lat, .99))
	b.ReportMetric(ms(lat, .5), "p50-1-ms")
	rest := digests[alone:]
	var rates, bases, ratios []float64
	var lats []time.Duration
	for part := range slices.Chunk(rest, (len(rest)+issueRounds-1)/issueRounds) {
		rate, lat := load(b, clients, len(part), func(c, i int) error { return issue(c, part[i]) })
		base := groupCommit(b, clients, len(rest))
		rates, bases, ratios, lats = append(rates, rate), append(bases, base), append(ratios, rate/base), append(lats, lat...)
	}
	slices.Sort(lats)
	rate, base, ratio := median(rates), median(bases), median(ratios)
	b.Logf("issue    %2d clients: %6.0f labels/s, p50 %.1f ms, p99 %.1f ms (targets 1500/s, 45 ms)", clients, rate, ms(lats, .5), ms(lats, .99))
	b.Logf("baseline %2d clients: %6.0f group-committed records/s; issue reaches %.3f of it (target 0.15; rounds %.3f)", clients, base, ratio, ratios)
	b.ReportMetric(rate, "labels/s")
	b.ReportMetric(ms(lats, .5), "p50-64-ms")
	b.ReportMetric(ratio, "of-group-commit")
}

// median sorts what it is given.
func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// groupCommit is the baseline of issuing: one writer that commits to bbolt, with
// fsync, whatever is waiting; records of the sizes that a label has.
func groupCommit(tb testing.TB, n, count int) float64 {
	db, err := bolt.Open(filepath.Join(tb.TempDir(), "baseline.db"), 0o600, nil)
	if err != nil {
		tb.Fatal(err)
	}
	defer db.Close()
	type op struct {
		n    int
		id   [12]byte // of the label
		dev  [50]byte // of device and scheme
		done chan error
	}
	queue := make(chan *op, 2*n)
	entry, outline, record, hash := make([]byte, 2600), make([]byte, 400), make([]byte, 220), make([]byte, 32)
	rand.Read(entry)
	names := []string{"entries", "outlines", "labels", "live", "org_labels", "hashes"}
	if err := db.Update(func(tx *bolt.Tx) error {
		for _, name := range names {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		tb.Fatal(err)
	}
	// put writes what a label adds: a log entry and what lists show of it, two tree
	// nodes, its record, and two index records.
	put := func(tx *bolt.Tx, o *op) error {
		seq := binary.BigEndian.AppendUint64(nil, uint64(o.n))
		return errors.Join(
			tx.Bucket([]byte("entries")).Put(seq, entry),
			tx.Bucket([]byte("outlines")).Put(seq, outline),
			tx.Bucket([]byte("hashes")).Put(append([]byte{0}, seq...), hash),
			tx.Bucket([]byte("hashes")).Put(append([]byte{1}, seq...), hash),
			tx.Bucket([]byte("labels")).Put(o.id[:], record),
			tx.Bucket([]byte("live")).Put(o.dev[:], o.id[:]),
			tx.Bucket([]byte("org_labels")).Put(append(append([]byte("northlight"), seq...), o.id[:]...), nil))
	}
	go func() {
		for o := range queue {
			batch := []*op{o}
			for len(queue) > 0 && len(batch) < 256 {
				batch = append(batch, <-queue)
			}
			err := db.Update(func(tx *bolt.Tx) error {
				for _, o := range batch {
					if err := put(tx, o); err != nil {
						return err
					}
				}
				return nil
			})
			for _, o := range batch {
				o.done <- err
			}
		}
	}()
	rate, _ := load(tb, n, count, func(_, i int) error {
		o := &op{n: i, done: make(chan error, 1)}
		rand.Read(o.id[:])
		rand.Read(o.dev[:])
		queue <- o
		return <-o.done
	})
	close(queue)
	return rate
}

const baselineVar = "LABELD_BENCH_BASELINE"

// serveBaseline is the process that answers what it was told to, as plainly as
// its protocol allows. It reads the answer from standard input.
func serveBaseline() {
	var answer struct {
		Header http.Header
		Body   []byte
	}
	if err := json.NewDecoder(os.Stdin).Decode(&answer); err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	if os.Getenv(baselineVar) == "grpc" {
		srv := grpc.NewServer()
		labelv1.RegisterVerificationServiceServer(srv, &echo{resp: &labelv1.VerifyResponse{Bundle: answer.Body}})
		panic(srv.Serve(l))
	}
	panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), answer.Header)
		w.Write(answer.Body)
	})))
}

// echo answers every call with the same message.
type echo struct {
	labelv1.UnimplementedVerificationServiceServer
	resp *labelv1.VerifyResponse
}

func (e *echo) Verify(context.Context, *labelv1.VerifyRequest) (*labelv1.VerifyResponse, error) {
	return e.resp, nil
}

// baseline starts a process that answers with header and body, and returns its
// address.
func baseline(tb testing.TB, kind string, header http.Header, body []byte) string {
	tb.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), baselineVar+"="+kind)
	answer, err := json.Marshal(map[string]any{"Header": header, "Body": body})
	if err != nil {
		tb.Fatal(err)
	}
	cmd.Stdin = bytes.NewReader(answer)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(addr)
}

// versus measures f and g in turn with 16 clients.
func versus(tb testing.TB, count int, f, g func(client, i int) error) (rate, base, ratio float64) {
	measure := func(f func(client, i int) error) func() float64 {
		return func() float64 {
			rate, _ := load(tb, 16, count, f)
			return rate
		}
	}
	return alternate(measure(f), measure(g))
}

// alternate takes two measurements in turn, so that both see the same machine, and
// returns the median rates and the median of their ratios.
func alternate(f, g func() float64) (rate, base, ratio float64) {
	const rounds = 7
	var rates, bases, ratios []float64
	for range rounds {
		r, s := f(), g()
		rates, bases, ratios = append(rates, r), append(bases, s), append(ratios, r/s)
	}
	return median(rates), median(bases), median(ratios)
}

// get returns a function that fetches a URL over kept-alive connections.
func get(tb testing.TB, url string) func(int, int) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
	tb.Cleanup(client.CloseIdleConnections)
	return func(int, int) error {
		resp, err := client.Get(url)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, resp.Status)
		}
		_, err = io.Copy(io.Discard, resp.Body)
		return err
	}
}

// issueOne issues one label in a running service and returns its ID.
func issueOne(b *testing.B, s *service) string {
	d := submitAll(b, s, 0, 1)
	r, err := labelv1.NewLabelServiceClient(s.dial(demoMaker, "maker.key")).RequestLabel(context.Background(), &labelv1.RequestLabelRequest{Device: d[0], Level: 3})
	s.must(err)
	return r.GetLabel().GetSummary().GetId()
}

// BenchmarkRead measures the label page, its JSON, and Verify against servers
// that do nothing but answer with the same headers and bytes. Pages and JSON are
// asked for by wrk over 64 connections, which leaves most of the machine to the
// servers, and where it is not installed by 16 clients of package net/http.
func BenchmarkRead(b *testing.B) {
	for range b.N {
		s := newService(b, buildLabeld(b))
		s.start()
		s.enrol()
		id := issueOne(b, s)
		for _, suffix := range []string{".json", ""} {
			url := s.url + "/l/" + id + suffix
			header, body := plain(b, url)
			bare := "http://" + baseline(b, "http", header, body) + "/"
			var rate, base, ratio float64
			by := "wrk"
			if _, err := exec.LookPath(by); err == nil {
				rate, base, ratio = alternate(func() float64 { return wrk(b, url) }, func() float64 { return wrk(b, bare) })
			} else {
				by = "net/http, for wrk is not installed"
				rate, base, ratio = versus(b, 8000, get(b, url), get(b, bare))
			}
			b.Logf("GET /l/ID%-5s %6.0f/s, bare handler %6.0f/s: ratio %.2f (target 0.95), %d bytes, by %s", suffix, rate, base, ratio, len(body), by)
			b.ReportMetric(ratio, "http"+suffix+"-ratio")
		}
		rate, base, ratio := verifyRates(b, s, id)
		b.Logf("Verify        %6.0f/s, bare unary   %6.0f/s: ratio %.2f (target 0.8)", rate, base, ratio)
		b.ReportMetric(ratio, "grpc-ratio")
		b.ReportMetric(0, "ns/op")
		s.stop()
	}
}

// plain fetches a URL as a client does that takes nothing compressed.
func plain(tb testing.TB, url string) (http.Header, []byte) {
	tb.Helper()
	client := &http.Client{Transport: &http.Transport{DisableCompression: true, DisableKeepAlives: true}}
	resp, err := client.Get(url)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	resp.Header.Del("Connection")
	return resp.Header, body
}

// wrk returns how many requests a second a server answers over 64 connections.
func wrk(tb testing.TB, url string) float64 {
	tb.Helper()
	out, err := exec.Command("wrk", "-t1", "-c64", "-d2s", url).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("Non-2xx")) {
		tb.Fatalf("wrk %s: %v\n%s", url, err, out)
	}
	_, rest, _ := strings.Cut(string(out), "Requests/sec:")
	rate, err := strconv.ParseFloat(strings.Fields(rest + " none")[0], 64)
	if err != nil {
		tb.Fatalf("wrk %s: %v\n%s", url, err, out)
	}
	return rate
}

func verifyRates(b *testing.B, s *service, id string) (rate, base, ratio float64) {
	ctx, req := context.Background(), &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: id}}
	ours := labelv1.NewVerificationServiceClient(s.dial("", ""))
	resp, err := ours.Verify(ctx, req)
	s.must(err)
	size := len(resp.GetBundle()) + len(resp.GetDevice()) + len(resp.GetProof()) + 500
	plain := *s
	plain.grpc = baseline(b, "grpc", nil, bytes.Repeat([]byte("x"), size))
	bare := labelv1.NewVerificationServiceClient(plain.dial("", ""))
	return versus(b, 8000,
		func(int, int) error { _, err := ours.Verify(ctx, req); return err },
		func(int, int) error { _, err := bare.Verify(ctx, req); return err })
}

// suspended is how many labels of one lab BenchmarkLife suspends.
const suspended = 10_000

// BenchmarkLife measures what happens after labels are issued: how fast all
// labels of a lab are suspended, what that costs those who verify meanwhile, and
// what a history of ten statements costs them.
func BenchmarkLife(b *testing.B) {
	for range b.N {
		s := newService(b, buildLabeld(b))
		s.start()
		s.enrol()
		s.history(b)
		s.suspend(b)
		b.ReportMetric(0, "ns/op")
		s.stop()
	}
}

// request signs a request for a change of a label as the operator and sends it.
func (s *service) request(signer *envelope.Signer, conn *grpc.ClientConn, device string, r label.StatusRequest) {
	s.tb.Helper()
	r.Text, r.Made = "For a benchmark.", time.Now().UTC().Truncate(time.Second)
	r.Address(s.url)
	digest, err := label.ParseDigest(device)
	s.must(err)
	_, err = labelv1.NewStatusServiceClient(conn).ChangeLabel(context.Background(), &labelv1.ChangeLabelRequest{
		Request: s.seal(signer, "device.json", digest, label.TypeStatusRequest, &r)})
	s.must(err)
}

func (s *service) seal(signer *envelope.Signer, name string, subject label.Digest, predicateType string, predicate any) []byte {
	s.tb.Helper()
	stmt, err := label.NewStatement(name, subject, predicateType, predicate)
	s.must(err)
	env, err := signer.Seal(stmt)
	s.must(err)
	bundle, err := envelope.Bundle(env)
	s.must(err)
	return bundle
}

// verifier returns a function that verifies labels in turn.
func (s *service) verifier(ids []string) func(int, int) error {
	api := labelv1.NewVerificationServiceClient(s.dial("", ""))
	return func(_, i int) error {
		_, err := api.Verify(context.Background(), &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: ids[i%len(ids)]}})
		return err
	}
}

// history compares verification of a label with ten statements to one without.
func (s *service) history(b *testing.B) {
	devices := submitAll(b, s, 500_000, 2)
	ids := make([]string, len(devices))
	api := labelv1.NewLabelServiceClient(s.dial(demoMaker, "maker.key"))
	for i, d := range devices {
		r, err := api.RequestLabel(context.Background(), &labelv1.RequestLabelRequest{Device: d, Level: 3})
		s.must(err)
		ids[i] = r.GetLabel().GetSummary().GetId()
	}
	signer, conn := s.signer(daemon.OperatorKey), s.dial(demoAuthority, daemon.OperatorKey)
	for range 5 {
		s.request(signer, conn, devices[0], label.StatusRequest{Label: label.ID(ids[0]), Action: label.Suspend, Reason: "complaint"})
		s.request(signer, conn, devices[0], label.StatusRequest{Label: label.ID(ids[0]), Action: label.Reinstate, Reason: "resolved"})
		time.Sleep(time.Second) // a request is for once, and its time has whole seconds
	}
	_, _, ratio := versus(b, 8000, s.verifier(ids[:1]), s.verifier(ids[1:]))
	b.Logf("Verify with ten statements runs at %.2f of that without (target 0.9)", ratio)
	b.ReportMetric(ratio, "history-ratio")
}

// suspend has a lab's key compromised, on which many labels rest, and verifies
// others of them meanwhile.
func (s *service) suspend(b *testing.B) {
	devices := submitAll(b, s, 0, suspended)
	ids := make([]string, len(devices))
	conns := make([]labelv1.LabelServiceClient, clients)
	for i := range clients {
		conns[i] = labelv1.NewLabelServiceClient(s.dial(demoMaker, "maker.key"))
	}
	load(b, clients, len(devices), func(c, i int) error {
		r, err := conns[c].RequestLabel(context.Background(), &labelv1.RequestLabelRequest{Device: devices[i], Level: 3})
		ids[i] = r.GetLabel().GetSummary().GetId()
		return err
	})
	verify := s.verifier(ids[:1000])
	load(b, 16, 10_000, verify)
	idle, _ := load(b, 16, 40_000, verify)

	lab := s.signer("lab.key").Public.ID
	e := label.Event{Kind: label.KeyEvent, Key: lab, Since: time.Now().Add(-time.Hour).UTC().Truncate(time.Second),
		Reason: "key-compromised", Text: "For a benchmark.", Made: time.Now().UTC().Truncate(time.Second)}
	e.Address(s.url)
	api := labelv1.NewOversightServiceClient(s.dial(demoAuthority, daemon.OperatorKey))
	began := time.Now()
	r, err := api.ReportEvent(context.Background(), &labelv1.ReportEventRequest{
		Event: s.seal(s.signer(daemon.OperatorKey), lab, label.DigestOf([]byte(lab)), label.TypeEvent, &e)})
	s.must(err)
	var took time.Duration
	var busy []float64
	for event := r.GetEvent(); took == 0; {
		rate, _ := load(b, 16, 5_000, verify)
		got, err := api.GetEvent(context.Background(), &labelv1.GetEventRequest{Id: event.GetId()})
		s.must(err)
		if event = got.GetEvent(); event.GetDone() != nil {
			took = event.GetDone().AsTime().Sub(began)
			if n := event.GetChanged(); n < suspended {
				b.Errorf("%d labels were suspended", n)
			}
		} else {
			busy = append(busy, rate)
		}
	}
	slices.Sort(busy)
	if len(busy) == 0 {
		b.Fatal("suspending was over before a measurement of verification was")
	}
	ratio := busy[len(busy)/2] / idle
	b.Logf("%d labels of a lab suspended in %.1f s (target 10 s); Verify meanwhile at %.2f of its idle %.0f/s (target 0.8)", suspended, took.Seconds(), ratio, idle)
	b.ReportMetric(took.Seconds(), "suspend-s")
	b.ReportMetric(ratio, "verify-meanwhile-ratio")
}

var (
	growthLabels = flag.String("growth.labels", "50000", "with how many labels BenchmarkGrowth fills stores: numbers with commas between them")
	growthTable  = flag.Bool("growth.table", false, "write what BenchmarkGrowth measures into the README")
)

// BenchmarkGrowth measures issuing and reading with many labels stored
// against the same with 1,000, and the start, memory, disk and check of the large
// one. Each label has a device, a test report and a declaration of its own.
func BenchmarkGrowth(b *testing.B) {
	bin := buildLabeld(b)
	var rows []capacity
	for n := range strings.SplitSeq(*growthLabels, ",") {
		stored, err := strconv.Atoi(n)
		if err != nil || stored < 1000 {
			b.Fatalf("-growth.labels: %q is no number of at least 1000", n)
		}
		b.Run("labels="+n, func(b *testing.B) {
			for range b.N {
				rows = append(rows, grow(b, bin, stored))
			}
		})
	}
	if *growthTable {
		if err := writeCapacity("../../README.md", rows); err != nil {
			b.Fatal(err)
		}
	}
}

func grow(b *testing.B, bin string, stored int) capacity {
	small, large := newService(b, bin), newService(b, bin)
	for _, s := range []*service{small, large} {
		s.start()
		s.enrol()
		s.stop()
	}
	fill(b, small, 1000)
	empty := databaseSize(b, large)
	fill(b, large, stored)
	c := capacity{labels: stored, disk: float64(databaseSize(b, large)-empty) / float64(stored)}
	c.start = large.start()
	small.start()
	b.Logf("start-up with %d labels: %.2f s (target 2 s); disk %.1f KB a label with its evidence (target 16 KB)", stored, c.start.Seconds(), c.disk/1000)
	c.issue = issueBoth(b, large, small)
	b.Logf("issue with %d labels runs at %.2f of that with 1,000 (target 0.9)", stored, c.issue)
	c.verify = verifyBoth(b, large, small)
	b.Logf("Verify of random labels with %d runs at %.2f of that with 1,000 (target 0.9)", stored, c.verify)
	var anonymous int64
	c.resident, anonymous = large.rss()
	b.Logf("resident memory after that: %d MB, of which %d MB are not the database's file cache (target 400 MB)", c.resident>>20, anonymous>>20)
	small.stop()
	large.stop()
	c.check, c.residentWhileChecking = large.check()
	b.Logf("labeld check of %d labels and those issued since: %.0f s, at most %d MB resident (targets with 200000: 60 s, 500 MB)",
		stored, c.check.Seconds(), c.residentWhileChecking>>20)
	b.ReportMetric(c.start.Seconds(), "start-s")
	b.ReportMetric(c.disk, "B/label")
	b.ReportMetric(c.issue, "issue-ratio")
	b.ReportMetric(c.verify, "verify-ratio")
	b.ReportMetric(float64(c.resident>>20), "rss-MB")
	b.ReportMetric(c.check.Seconds(), "check-s")
	b.ReportMetric(float64(c.residentWhileChecking>>20), "check-MB")
	b.ReportMetric(0, "ns/op")
	return c
}

// check checks the database of a service that is stopped, and returns how long that
// took and the most memory that it had.
func (s *service) check() (took time.Duration, peak int64) {
	s.tb.Helper()
	began := time.Now()
	var out bytes.Buffer
	cmd := exec.Command(s.bin, "check", "--data", s.dir)
	cmd.Stdout, cmd.Stderr = &out, &out
	s.must(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	// The peak that the kernel tells of a process that has ended is at least that of
	// the one that started it, which is this benchmark's own.
	for {
		select {
		case err := <-ended:
			if err != nil {
				s.tb.Errorf("labeld check: %v\n%s", err, out.String())
			}
			return time.Since(began), peak
		case <-time.After(50 * time.Millisecond):
			peak = max(peak, statusOf(cmd.Process.Pid)["VmHWM:"])
		}
	}
}

// statusOf returns the sizes in the status of a process, in bytes; nothing where it has
// ended.
func statusOf(pid int) map[string]int64 {
	sizes := map[string]int64{}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return sizes
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[2] == "kB" {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			sizes[f[0]] = n << 10
		}
	}
	return sizes
}

func databaseSize(b *testing.B, s *service) int64 {
	fi, err := os.Stat(store.Path(s.dir))
	if err != nil {
		b.Fatal(err)
	}
	return fi.Size()
}

// fill issues labels straight into a store that nobody serves: real ones, each
// for a device of its own on evidence of its own.
func fill(b *testing.B, s *service, count int) {
	b.Helper()
	f := newFiller(b, s)
	defer f.close()
	for from := 0; from < count; from += 250 {
		f.batch(from, min(from+250, count))
	}
	s.ids = f.ids
}

// issueBoth issues labels in two services in turn and returns the median of
// the ratios of their rates.
func issueBoth(b *testing.B, s, t *service) float64 {
	const each, rounds = 500, 15
	devices := map[*service][]string{s: submitAll(b, s, 1_000_000, each*rounds), t: submitAll(b, t, 1_000_000, each*rounds)}
	rate := func(s *service, round int) float64 {
		api := labelv1.NewLabelServiceClient(s.dial(demoMaker, "maker.key"))
		rate, _ := load(b, clients, each, func(_, i int) error {
			_, err := api.RequestLabel(context.Background(), &labelv1.RequestLabelRequest{Device: devices[s][round*each+i], Level: 3})
			return err
		})
		return rate
	}
	var ratios []float64
	for r := range rounds {
		ratios = append(ratios, rate(s, r)/rate(t, r))
	}
	return median(ratios)
}

// verifyBoth verifies random labels in two services in turn: as many distinct
// ones in both, so that both serve as much from memory.
func verifyBoth(b *testing.B, s, t *service) float64 {
	ask := func(s *service) func(int, int) error {
		api := labelv1.NewVerificationServiceClient(s.dial("", ""))
		step := len(s.ids) / 1000
		return func(_, i int) error {
			id := s.ids[i%1000*step]
			_, err := api.Verify(context.Background(), &labelv1.VerifyRequest{Target: &labelv1.VerifyRequest_Id{Id: string(id)}})
			return err
		}
	}
	_, _, ratio := versus(b, 8000, ask(s), ask(t))
	return ratio
}
