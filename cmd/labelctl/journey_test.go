package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"labeld/internal/daemon"
	"labeld/internal/label"
	"labeld/internal/verify"
)

const testAuthority = "test-authority"

// startDaemon serves a new programme on loopback until the test ends.
func startDaemon(t *testing.T, dir string, tls daemon.TLSConfig) *daemon.Daemon {
	t.Helper()
	scheme := "http"
	if tls.Cert != "" {
		scheme = "https"
	}
	c := daemon.Config{
		URL: scheme + "://127.0.0.1:0", HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		Authority: daemon.AuthorityConfig{ID: testAuthority, Name: "Test Authority"},
		Log:       daemon.LogConfig{Origin: "labels.test/log"}, TLS: tls,
	}
	if err := daemon.Init(t.Context(), dir, c, daemon.FirstPerson, nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	config, err := daemon.LoadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	d, err := daemon.Open(t.Context(), config, daemon.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- d.Serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return d
}

// A testProgramme is a programme and its parties, who do everything by labelctl.
type testProgramme struct {
	t   *testing.T
	dir string
	d   *daemon.Daemon
}

// by returns a command line as an organization, with its key.
func (j *testProgramme) by(org string, args ...string) []string {
	key := filepath.Join(j.dir, org+".key")
	if org == testAuthority {
		key = filepath.Join(j.dir, daemon.OperatorKey)
	}
	return append(args, "--server", j.d.GRPC, "--key", key, "--as", org)
}

// public returns a command line of nobody in particular.
func (j *testProgramme) public(args ...string) []string { return append(args, "--server", j.d.GRPC) }

// enrol makes a key and enrols an organization with it.
func (j *testProgramme) enrol(org, role string) {
	j.t.Helper()
	key := filepath.Join(j.dir, org+".key")
	must(j.t, "key", "new", "--plain", "--out", key)
	pub := strings.TrimSuffix(key, ".key") + ".pub"
	out := must(j.t, j.by(testAuthority, "org", "add", org, "--name", "The "+org, "--role", role, "--pub", pub)...)
	if !strings.Contains(out, "enrolled "+org+" (The "+org+") as "+role) {
		j.t.Errorf("enrolling %s:\n%s", org, out)
	}
}

// refused runs a command line that the service refuses.
func (j *testProgramme) refused(want string, args ...string) {
	j.t.Helper()
	r := try(j.t, args...)
	if r.code != exitFailed || r.stdout != "" || !strings.Contains(r.stderr, want) {
		j.t.Errorf("labelctl %s: exit code %d, want %q:\n%s%s", strings.Join(args, " "), r.code, want, r.stdout, r.stderr)
	}
}

// TestJourney has every party do its part, each through the command line, from
// keys to a label that a shopper checks.
func TestJourney(t *testing.T) {
	files := newExampleFiles(t, "camera")
	j := &testProgramme{t: t, dir: filepath.Join(t.TempDir(), "programme")}
	j.d = startDaemon(t, j.dir, daemon.TLSConfig{})
	lab, maker := files.labID, files.makerID
	digest := label.DigestOf(files.example.Descriptor).String()
	today := label.DateOf(time.Now())

	// The operator enrols the parties.
	j.enrol(lab, "lab")
	j.enrol(maker, "manufacturer")
	accredit := j.by(testAuthority, "org", "accredit", lab, "--number", "L-1", "--body", "Board", "--standard", "en303645",
		"--category", "ip-camera", "--category", "hub", "--method", "document-review", "--method", "functional-test", "--method", "binary-analysis", "--from", today.AddMonths(-12).String(), "--to", today.AddMonths(12).String())
	must(t, accredit...)
	var list struct{ Organizations []struct{ ID string } }
	mustJSON(t, &list, j.by(testAuthority, "org", "list", "--role", "lab")...)
	if len(list.Organizations) != 1 || list.Organizations[0].ID != lab {
		t.Errorf("labs: %+v", list)
	}
	if out := must(t, j.by(lab, "org", "show", lab)...); !strings.Contains(out, "L-1") || !strings.Contains(out, "in use") || !strings.Contains(out, "hub, ip-camera") {
		t.Errorf("org show:\n%s", out)
	}
	j.refused("operator", j.by(lab, "org", "list")...)
	j.refused("another organization", append(j.by(lab, "org", "show", lab), "--as", maker)...)
	j.refused("this service is", append(j.by(lab, "org", "show", lab), "--audience", "elsewhere.example:443")...)
	j.refused("and not \"Another\"", j.by(testAuthority, "org", "add", lab, "--name", "Another", "--role", "lab")...)

	// The manufacturer registers the device; the lab fetches it and signs.
	j.refused("no device", j.by(lab, "device", "show", digest)...)
	if out := must(t, j.by(maker, "device", "register", files.device)...); strings.TrimSpace(out) != digest {
		t.Errorf("registered %s, want %s", out, digest)
	}
	if out := must(t, j.by(lab, "device", "show", digest)...); out != string(files.example.Descriptor) {
		t.Errorf("device show gave other bytes:\n%s", out)
	}
	report, declaration := filepath.Join(j.dir, "report.json"), filepath.Join(j.dir, "declaration.json")
	must(t, j.by(lab, "attest", "--results", files.report, "--device", digest, "--out", report)...)
	must(t, j.by(maker, "declare", "--declaration", files.declaration, "--device", files.device, "--out", declaration)...)

	// Without evidence there is no label, and no error either.
	r := try(t, j.by(maker, "request", digest, "--level", "1")...)
	if r.code != exitShort || !strings.Contains(r.stdout, "? open") || !strings.Contains(r.stdout, "no label: ") || r.stderr != "" {
		t.Errorf("request without evidence: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if out := must(t, j.by(maker, "submissions")...); out != "none\n" {
		t.Errorf("submissions before any:\n%s", out)
	}
	if out := must(t, j.by(maker, "submit", report, declaration)...); strings.Count(out, "new") != 2 {
		t.Errorf("submit:\n%s", out)
	}
	if out := must(t, j.by(lab, "submit", report)...); !strings.Contains(out, "known") {
		t.Errorf("submit again:\n%s", out)
	}
	if out := must(t, j.by(maker, "submissions", "--device", files.device)...); !strings.Contains(out, "test report") || !strings.Contains(out, "declaration") {
		t.Errorf("submissions:\n%s", out)
	}

	// What the evidence is good for.
	out := must(t, j.by(maker, "evaluate", files.device)...)
	for _, want := range []string{"level 4, ", "✓ met", "meets level 3", "missing for level 4, Attack-tested:", lab + " " + files.example.Report.Number} {
		if !strings.Contains(out, want) {
			t.Errorf("evaluate has no %q:\n%s", want, out)
		}
	}
	var evaluated struct{ Decision struct{ Reached int } }
	mustJSON(t, &evaluated, j.by(maker, "evaluate", digest, "--level", "2", "--scheme", "four-level")...)
	if evaluated.Decision.Reached != 3 {
		t.Errorf("%+v", evaluated)
	}
	r = try(t, j.by(maker, "request", digest, "--level", "4", "--output", "json")...)
	if r.code != exitShort || !strings.Contains(r.stdout, `"missing"`) || r.stderr != "" {
		t.Errorf("request level 4: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}

	// The label.
	code, bundle, proof := filepath.Join(j.dir, "code.png"), filepath.Join(j.dir, "label.json"), filepath.Join(j.dir, "label.tlog-proof")
	out = must(t, j.by(maker, "request", files.device, "--level", "3", "--qr", code, "--bundle", bundle, "--proof", proof)...)
	for _, want := range []string{"label:", "url:", "3 of 4", "valid until:", "tested by an accredited lab"} {
		if !strings.Contains(out, want) {
			t.Errorf("request has no %q:\n%s", want, out)
		}
	}
	id := strings.Fields(out)[1]
	if r := try(t, j.by(maker, "request", digest, "--level", "3")...); r.code != 0 || !strings.Contains(r.stdout, id) || !strings.Contains(r.stderr, "already") {
		t.Errorf("request again: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	j.refused("has the live label "+id, j.by(maker, "request", digest, "--level", "2")...)

	// Anybody reads and checks it.
	for _, args := range [][]string{
		{"label", "show", id}, {"label", "show", j.d.URL + "/l/" + id}, {"label", "show", "--gtin", string(files.example.Device.GTINs[0])},
		{"label", "list", "--manufacturer", maker},
	} {
		if out := must(t, j.public(args...)...); !strings.Contains(out, id) {
			t.Errorf("%v:\n%s", args, out)
		}
	}
	if out := must(t, j.by(maker, "label", "list")...); !strings.Contains(out, id) {
		t.Errorf("own labels:\n%s", out)
	}
	j.refused("no label", j.public("label", "show", unissued(t))...)
	trust := filepath.Join(j.dir, "labeld.json")
	must(t, "trust", "--url", j.d.URL, "--out", trust)
	for _, args := range [][]string{
		{"verify", id, "--url", j.d.URL}, {"verify", j.d.URL + "/l/" + id}, {"verify", code},
	} {
		if r := try(t, args...); r.code != exitUntrusted || !strings.HasPrefix(r.stdout, "NOT CHECKED") {
			t.Errorf("%v: exit code %d\n%s", args, r.code, r.stdout)
		}
		if out := must(t, append(args, "--trust", trust)...); !strings.Contains(out, "genuine, and active") {
			t.Errorf("%v:\n%s", args, out)
		}
	}
	pkg := j.pack(bundle, proof, files.example.Descriptor)
	if r := try(t, "verify", "--offline", "--trust", trust, pkg); r.code != exitUntold {
		t.Errorf("what the manufacturer puts together shows all that happened: exit code %d\n%s", r.code, r.stdout)
	}

	// The schemes that the service judges by.
	if out := must(t, j.public("scheme", "list")...); !strings.Contains(out, "four-level") {
		t.Errorf("scheme list:\n%s", out)
	}
	if out := must(t, j.public("scheme", "show", "four-level")...); !strings.Contains(out, "level 4, ") || !strings.Contains(out, "5.1-1") {
		t.Errorf("scheme show:\n%s", out)
	}

	// A key is replaced.
	must(t, "key", "new", "--plain", "--out", filepath.Join(j.dir, "next.key"))
	must(t, j.by(testAuthority, "org", "key", lab, "--pub", filepath.Join(j.dir, "next.pub"))...)
	var old keyInfo
	mustJSON(t, &old, "key", "show", filepath.Join(j.dir, lab+".pub"))
	must(t, j.by(testAuthority, "org", "revoke-key", old.ID, "--text", "lost")...)
	j.refused("was revoked", j.by(lab, "submissions")...)
	must(t, append(j.by(lab, "submissions"), "--key", filepath.Join(j.dir, "next.key"))...)
	if out := must(t, j.by(testAuthority, "org", "show", lab)...); !strings.Contains(out, ": lost") {
		t.Errorf("org show:\n%s", out)
	}
}

// pack makes an offline package of what request wrote.
func (j *testProgramme) pack(bundle, proof string, descriptor []byte) string {
	j.t.Helper()
	b, err := os.ReadFile(bundle)
	if err != nil {
		j.t.Fatal(err)
	}
	p, err := os.ReadFile(proof)
	if err != nil {
		j.t.Fatal(err)
	}
	pkg, err := verify.NewPackage(b, descriptor, p, nil, nil)
	if err != nil {
		j.t.Fatal(err)
	}
	return write(j.t, j.dir, "package.json", string(pkg))
}

func TestNobodyThere(t *testing.T) {
	r := try(t, "scheme", "list", "--server", "127.0.0.1:1")
	if r.code != exitFailed || !strings.Contains(r.stderr, "no answer from 127.0.0.1:1") || !strings.Contains(r.stderr, "hint: ") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

func TestTokensDoNotGoInTheClear(t *testing.T) {
	d := newExampleFiles(t, "plug")
	j := &testProgramme{t: t, dir: filepath.Join(t.TempDir(), "programme")}
	j.d = startDaemon(t, j.dir, daemon.TLSConfig{})
	// Asking for TLS of a service that has none fails, and does not fall back.
	r := try(t, append(j.by(testAuthority, "org", "list"), "--tls")...)
	if r.code != exitFailed || !strings.Contains(r.stderr, "does not speak TLS") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	// Off loopback there is no plain connection to try.
	s := &session{server: "labels.example:443", as: "x"}
	conn, err := s.dial(d.signer)
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if r := try(t, append(j.by(testAuthority, "org", "list"), "--ca", d.key)...); r.code != exitFailed || !strings.Contains(r.stderr, "no certificate in PEM") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

// selfSigned writes a certificate for loopback and its key to files.
func selfSigned(t *testing.T) daemon.TLSConfig {
	t.Helper()
	server := httptest.NewTLSServer(nil) // which has one
	defer server.Close()
	cert := server.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return daemon.TLSConfig{
		Cert: write(t, dir, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}))),
		Key:  write(t, dir, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}))),
	}
}

func TestTLS(t *testing.T) {
	tls := selfSigned(t)
	j := &testProgramme{t: t, dir: filepath.Join(t.TempDir(), "programme")}
	j.d = startDaemon(t, j.dir, tls)
	must(t, append(j.by(testAuthority, "org", "list"), "--ca", tls.Cert)...)
	must(t, "trust", "--url", j.d.URL, "--ca", tls.Cert)
	for _, args := range [][]string{
		append(j.by(testAuthority, "org", "list"), "--tls"),
		{"trust", "--url", j.d.URL},
	} {
		if r := try(t, args...); r.code != exitFailed || !strings.Contains(r.stderr, "certificate") {
			t.Errorf("%v believes any certificate: exit code %d: %s", args, r.code, r.stderr)
		}
	}
	if r := try(t, j.by(testAuthority, "org", "list")...); r.code != exitFailed || !strings.Contains(r.stderr, "use --tls") {
		t.Errorf("a plain connection to a TLS service: exit code %d: %s", r.code, r.stderr)
	}
}
