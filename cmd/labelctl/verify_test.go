package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/qr"
	"labeld/internal/verify"
	"labeld/internal/web"
)

// A verifyFixture is a labelled device, a service that answers about it, and what a
// shopper holds.
type verifyFixture struct {
	dir        string
	world      *labeltest.World
	label      *authority.Published
	url        string // of the service, which is not the base of its labels
	trust, pkg string // files
}

func newVerifyFixture(t *testing.T) *verifyFixture {
	t.Helper()
	w := labeltest.New(t, nil)
	s := &verifyFixture{dir: t.TempDir(), world: w, label: w.Issue(w.Example("camera"), 3)}
	h, err := web.New(web.Config{Authority: w.Authority, Base: labeltest.Base, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Art: labeltest.Studio(t), Words: labeltest.Words(t)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	s.url = server.URL
	b, err := label.Encode(w.Trust)
	if err != nil {
		t.Fatal(err)
	}
	s.trust = write(t, s.dir, "labeld.json", string(b))
	s.pkg = write(t, s.dir, "label.json", string(s.label.Package))
	return s
}

// try runs a command line by the clock of the shop's world.
func (s *verifyFixture) try(args ...string) cliResult {
	var stdout, stderr bytes.Buffer
	code := runAt(context.Background(), s.world.Clock.Now, args, strings.NewReader(""), &stdout, &stderr)
	return cliResult{code, stdout.String(), stderr.String()}
}

// soon is a day on which the label is active.
func (s *verifyFixture) soon() string { return label.DateOf(s.label.Label.Issued).String() }

func (s *verifyFixture) id() string { return s.label.Label.ID.Pretty() }

func TestVerifyOffline(t *testing.T) {
	s := newVerifyFixture(t)
	offline := []string{"verify", "--offline", "--trust", s.trust, s.pkg, "--at"}
	r := s.try(append(offline, s.soon())...)
	for _, want := range []string{"✓ signature", "✓ statement", "✓ device", "✓ log", s.id(), "genuine, and active", "security updates until"} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("no %q:\n%s", want, r.stdout)
		}
	}
	if r.code != 0 || r.stderr != "" {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}

	last := lastDay(s.label.Label.Expires)
	now := s.world.Clock.Now()
	// How it will stand nobody can say.
	for _, ahead := range []string{last, s.label.Label.Expires.Format(time.RFC3339), instant(now.Add(label.MaxVerifierSkew + 2*time.Second))} {
		if r := s.try(append(offline, ahead)...); r.code != exitUsage || r.stdout != "" || !strings.Contains(r.stderr, "--at: "+ahead+" is in the future") {
			t.Errorf("asked about %s: exit code %d: %s%s", ahead, r.code, r.stdout, r.stderr)
		}
	}
	if r := s.try(append(offline, instant(now.Add(label.MaxVerifierSkew)))...); r.code != 0 {
		t.Errorf("asked by a clock that is a little ahead: exit code %d: %s", r.code, r.stderr)
	}
	old := write(t, s.dir, "old.jwt", string(s.world.Authority.StatusList()))
	for _, at := range []time.Time{now.Add(8 * 24 * time.Hour), s.label.Label.Expires.Add(-time.Second)} {
		s.world.Clock.Set(at)
		r := s.try(offline[:len(offline)-1]...)
		if r.code != exitUntold || !strings.HasPrefix(r.stdout, "CANNOT TELL whether anything has happened to this label since: the package shows what had happened to the label by ") ||
			!strings.Contains(r.stdout, fmt.Sprintf("which is %d days before %s, and counts for 7 days; fetch the package again", int(at.Sub(now).Hours()/24), instant(at))) ||
			strings.Contains(r.stdout, "and active") || r.stderr != "" {
			t.Errorf("with a package that is too old: exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
	}
	// A list that is too old is no help either, and a fresh one is.
	if r := s.try(append(offline[:len(offline)-1], "--status-list", old)...); r.code != exitUntold || !strings.Contains(r.stdout, "since: the status list could be believed until ") {
		t.Errorf("with a package and a list that are too old: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if err := s.world.Authority.RefreshList(); err != nil {
		t.Fatal(err)
	}
	list := write(t, s.dir, "list.jwt", string(s.world.Authority.StatusList()))
	if r := s.try(append(offline[:len(offline)-1], "--status-list", list)...); r.code != 0 || !strings.Contains(r.stdout, "genuine, and active") {
		t.Errorf("with an old package and a fresh list: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	s.world.Clock.Set(s.label.Label.Expires)
	r = s.try(append(offline, s.label.Label.Expires.Format(time.RFC3339))...)
	if r.code != exitInvalid || !strings.Contains(r.stdout, "EXPIRED: it was valid until "+last) || r.stderr != "" {
		t.Errorf("afterwards: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	s.world.Clock.Set(s.label.Label.Product.SupportEnd.AddDays(2).Start())
	r = s.try(append(offline, s.label.Label.Product.SupportEnd.AddDays(1).String())...)
	if r.code != exitInvalid || !strings.Contains(r.stdout, "ENDED: there have been no security updates since") {
		t.Errorf("after support: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := s.try(append(offline, "2020-01-01")...); r.code != exitFailed || !strings.Contains(r.stderr, "after the time you ask about") {
		t.Errorf("before: exit code %d: %s", r.code, r.stderr)
	}

	var got struct {
		Genuine        bool
		Trusted, Told  bool
		Trust          string
		State, Support string
		Label          struct{ ID string }
		Checks         []struct{ Name string }
	}
	r = s.try(append(offline, s.soon(), "-o", "json")...)
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 0 {
		t.Fatalf("exit code %d, %v: %s", r.code, err, r.stderr)
	}
	if !got.Genuine || !got.Trusted || !got.Told || got.Trust != s.trust || got.State != "active" || got.Support != "supported" ||
		got.Label.ID != string(s.label.Label.ID) || len(got.Checks) != 5 {
		t.Errorf("%+v", got)
	}
}

// TestVerifyHistory asks one package about several instants.
func TestVerifyHistory(t *testing.T) {
	s := newVerifyFixture(t)
	w, first := s.world, s.label
	pass := func() string {
		w.Clock.Set(w.Clock.Now().Add(time.Hour))
		return instant(w.Clock.Now())
	}
	unharmed := pass()
	pass()
	w.Change(labeltest.Operator, first, label.Suspend, "complaint")
	suspended := pass()
	pass()
	w.Change(labeltest.Operator, first, label.Reinstate, "unfounded")
	reinstated := pass()
	pass()
	w.Change(labeltest.Maker, first, label.Withdraw, "discontinued")
	withdrawn := pass()
	before := w.Clock.Now()
	p, err := w.Authority.Lookup(first.Label.ID)
	if err != nil {
		t.Fatal(err)
	}
	pkg := write(t, s.dir, "history.json", string(p.Package))
	longAfter := first.Label.Expires.AddDate(5, 0, 0)
	far := longAfter.Format(time.RFC3339)
	for _, tc := range []struct {
		name, at string
		code     int
		want     []string
	}{
		{"unharmed", unharmed, 0, []string{"genuine, and active as of " + unharmed, "3 statements, 3 of them later than " + unharmed + ", as the log stood on "}},
		{"suspended", suspended, exitInvalid, []string{"SUSPENDED since ", "complaint: As found in a test.", "genuine, but SUSPENDED", "2 of them later"}},
		{"reinstated", reinstated, 0, []string{"genuine, and active"}},
		{"withdrawn", withdrawn, exitInvalid, []string{"WITHDRAWN on ", "discontinued: As found", "genuine, but WITHDRAWN", "no longer valid", "3 statements, as the log"}},
		{"withdrawn long ago", far, exitInvalid, []string{"genuine, but WITHDRAWN"}},
	} {
		if tc.at == far {
			w.Clock.Set(longAfter)
		}
		r := s.try("verify", "--offline", "--trust", s.trust, pkg, "--at", tc.at)
		if r.code != tc.code || r.stderr != "" {
			t.Errorf("%s: exit code %d, want %d\n%s%s", tc.name, r.code, tc.code, r.stdout, r.stderr)
		}
		for _, want := range tc.want {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("%s: no %q:\n%s", tc.name, want, r.stdout)
			}
		}
	}
	var got struct {
		State    string
		Statuses []struct{ Action string }
		Because  struct{ Reason string }
	}
	w.Clock.Set(before)
	r := s.try("verify", s.id(), "--url", s.url, "--trust", s.trust, "--at", suspended, "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != exitInvalid {
		t.Fatalf("online: exit code %d, %v\n%s", r.code, err, r.stderr)
	}
	if got.State != "suspended" || len(got.Statuses) != 3 || got.Because.Reason != "complaint" {
		t.Errorf("online: %+v", got)
	}
}

// TestVerifyWithASlowClock is not deceived by a clock that is behind the log's.
func TestVerifyWithASlowClock(t *testing.T) {
	s := newVerifyFixture(t)
	s.world.Clock.Set(s.world.Clock.Now().Add(time.Hour))
	s.world.Change(labeltest.Operator, s.label, label.Suspend, "complaint")
	p, err := s.world.Authority.Lookup(s.label.Label.ID)
	if err != nil {
		t.Fatal(err)
	}
	clock := func(behind time.Duration) verifyCommands {
		return verifyCommands{&session{now: func() time.Time { return s.world.Clock.Now().Add(-behind) }}}
	}
	r, err := clock(time.Minute).checkPackage(s.world.Trust, &subject{pkg: p.Package}, time.Time{})
	if err != nil || r.State != label.Suspended {
		t.Errorf("a clock that is a minute behind: %+v, %v", r, err)
	}
	if r, err := clock(48*time.Hour).checkPackage(s.world.Trust, &subject{pkg: p.Package}, time.Time{}); label.ReasonOf(err) != label.ReasonInFuture || !strings.HasPrefix(err.Error(), "cannot tell: ") {
		t.Errorf("a clock that is two days behind: %+v, %v", r, err)
	}
}

// TestVerifyUntold takes from a package what shows that it is complete.
func TestVerifyUntold(t *testing.T) {
	s := newVerifyFixture(t)
	strip := func(name string) string {
		t.Helper()
		p, err := s.world.Authority.Lookup(s.label.Label.ID)
		if err != nil {
			t.Fatal(err)
		}
		pkg, err := verify.ParsePackage(p.Package)
		if err != nil {
			t.Fatal(err)
		}
		pkg.History = nil
		b, err := label.Encode(pkg)
		if err != nil {
			t.Fatal(err)
		}
		return write(t, s.dir, name, string(b))
	}
	list := func(name string) string {
		t.Helper()
		s.world.Clock.Set(s.world.Clock.Now().Add(time.Minute))
		if err := s.world.Authority.RefreshList(); err != nil {
			t.Fatal(err)
		}
		return write(t, s.dir, name, string(s.world.Authority.StatusList()))
	}
	stripped, active := strip("stripped.json"), list("active.jwt")
	offline := []string{"verify", "--offline", "--trust", s.trust}
	r := s.try(append(offline, stripped)...)
	if r.code != exitUntold || !strings.HasPrefix(r.stdout, "CANNOT TELL whether anything has happened") || strings.Contains(r.stdout, "and active") || !strings.Contains(r.stdout, "NOT KNOWN: active as far as") {
		t.Errorf("stripped: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	var got struct {
		Genuine, Trusted, Told bool
		State                  string
	}
	r = s.try(append(offline, stripped, "-o", "json")...)
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != exitUntold || !got.Genuine || !got.Trusted || got.Told || got.State != "unknown" {
		t.Errorf("in JSON: exit code %d, %+v (%v)", r.code, got, err)
	}
	r = s.try("verify", "--url", s.url, stripped)
	if lines := strings.Split(r.stdout, "\n"); r.code != exitUntold || !strings.HasPrefix(lines[0], "NOT CHECKED") || !strings.HasPrefix(lines[1], "CANNOT TELL") {
		t.Errorf("without a trust file: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = s.try(append(offline, stripped, "--status-list", active)...)
	if r.code != 0 || !strings.Contains(r.stdout, "genuine, and active") {
		t.Errorf("with a status list: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}

	s.world.Change(labeltest.Operator, s.label, label.Suspend, "complaint")
	suspended := list("suspended.jwt")
	r = s.try(append(offline, stripped, "--status-list", suspended)...)
	if r.code != exitInvalid || !strings.Contains(r.stdout, "genuine, but SUSPENDED as of ") || !strings.Contains(r.stdout, "in the package, which is older, active") {
		t.Errorf("with the list of a suspension: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r = s.try("verify", "--url", s.url, strip("suspended.json"))
	if r.code != exitInvalid || !strings.HasPrefix(r.stdout, "NOT CHECKED") || !strings.Contains(r.stdout, "genuine, but SUSPENDED") {
		t.Errorf("suspended, stripped and not trusted: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// The same of one that has its proof, which is older than the list.
	r = s.try(append(offline, s.pkg, "--status-list", suspended, "-o", "json")...)
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != exitInvalid || !got.Genuine || !got.Told || got.State != "suspended" {
		t.Errorf("with a proof that is older than the list: exit code %d, %+v (%v)", r.code, got, err)
	}
	s.world.Clock.Set(s.world.Clock.Now().Add(time.Hour))
	s.world.Change(labeltest.Operator, s.label, label.Reinstate, "unfounded")
	s.world.Change(labeltest.Maker, s.label, label.Withdraw, "discontinued")
	withdrawn := list("withdrawn.jwt")
	r = s.try(append(offline, s.pkg, "--status-list", withdrawn)...)
	if r.code != exitInvalid || !strings.Contains(r.stdout, "genuine, but NOT VALID as of ") || !strings.Contains(r.stdout, "INVALID in the status list of ") || strings.Contains(r.stdout, "valid until:") {
		t.Errorf("with the list of a withdrawal: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	if r = s.try(append(offline, s.pkg, "--at", instant(s.label.Label.Issued), "--status-list", withdrawn)...); r.code != 0 {
		t.Errorf("asked of the day of the issue, with the list of a withdrawal: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	// Days later the list is too old.
	s.world.Clock.Set(s.world.Clock.Now().Add(25 * time.Hour))
	if r = s.try(append(offline, stripped, "--status-list", active)...); r.code != exitUntold || !strings.Contains(r.stdout, "since: the status list could be believed until ") {
		t.Errorf("with an old list: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

func TestVerifyRefusesWhatIsNotGenuine(t *testing.T) {
	s := newVerifyFixture(t)
	other := newVerifyFixture(t)
	text := string(s.label.Package)
	for _, tc := range []struct{ name, pkg, trust, want string }{
		{"another device", strings.Replace(text, "NL-C210", "NL-C211", 1), s.trust, "not genuine: device: "},
		{"another signature", strings.Replace(text, `"sig":"ME`, `"sig":"MF`, 1), s.trust, "not genuine: bundle: "},
		{"another proof", strings.Replace(text, "index 2", "index 1", 1), s.trust, "not genuine: proof: "},
		{"another authority", text, other.trust, "not genuine: bundle: no trusted label key"},
		{"no package", `{"type":"x"}`, s.trust, "package"},
		{"member nobody defined", strings.Replace(text, `{"type"`, `{"x":1,"type"`, 1), s.trust, "no such member"},
		{"nothing", "", s.trust, "is empty"},
		{"drawing", `<svg xmlns="http://www.w3.org/2000/svg"></svg>`, s.trust, "only PNG and JPEG images"},
		{"trust that is none", text, s.pkg, "trust"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.pkg == text && tc.trust == s.trust {
				t.Fatal("nothing was changed")
			}
			path := write(t, t.TempDir(), "label.json", tc.pkg)
			r := s.try("verify", path, "--offline", "--trust", tc.trust, "--at", s.soon())
			if r.code != exitFailed || r.stdout != "" || !strings.Contains(r.stderr, tc.want) {
				t.Errorf("exit code %d, want %q:\n%s%s", r.code, tc.want, r.stdout, r.stderr)
			}
		})
	}
}

func TestVerifyOnline(t *testing.T) {
	s := newVerifyFixture(t)
	at := []string{"--at", s.soon()}
	check := func(args ...string) cliResult {
		t.Helper()
		return s.try(append(append([]string{"verify"}, args...), at...)...)
	}

	r := check(s.id(), "--url", s.url)
	if r.code != exitUntrusted || !strings.HasPrefix(r.stdout, "NOT CHECKED against keys that you trust: no --trust file was given, so this result relies on keys that "+s.url+" itself supplied.") || r.stderr != "" {
		t.Errorf("by ID: exit code %d: %s", r.code, r.stderr)
	}
	r = check(strings.ToLower(s.id()), "--url", s.url+"/", "--trust", s.trust)
	if r.code != 0 || r.stderr != "" {
		t.Errorf("with a trust file: exit code %d: %s", r.code, r.stderr)
	}
	t.Setenv(envURL, s.url)
	if r := check(s.id()); r.code != exitUntrusted {
		t.Errorf("with %s: exit code %d: %s", envURL, r.code, r.stderr)
	}
	if r := check(s.pkg); r.code != exitUntrusted || !strings.HasPrefix(r.stdout, "NOT CHECKED") {
		t.Errorf("a package without a trust file: exit code %d: %s", r.code, r.stderr)
	}
	for _, tc := range []struct{ target, want string }{
		{"K7QM-4T2X-9PWG", "mistyped or two are swapped"},
		{"K7QM", "this one has 4"},
		{"nosuch", "there is no file \"nosuch\" either"},
		{"nosuch.png", "labelctl: nosuch.png: no such file or directory\n"},
		{"no/such", "labelctl: no/such: no such file or directory\n"},
		{qr.URL(labeltest.Base, s.label.Label.ID), "leads to " + labeltest.Base + ", not to " + s.url},
		{unissued(t), "was issued here"},
	} {
		if r := check(tc.target); r.code != exitFailed || !strings.Contains(r.stderr, tc.want) || r.stdout != "" {
			t.Errorf("%s: exit code %d, want %q: %s", tc.target, r.code, tc.want, r.stderr)
		}
	}
	for _, target := range []string{"nosuch.json", "nosuch"} {
		if r := check(target, "--offline", "--trust", s.trust); r.code != exitFailed || r.stderr != "labelctl: "+target+": no such file or directory\n" {
			t.Errorf("--offline %s: exit code %d: %s", target, r.code, r.stderr)
		}
	}
	if r := check(s.dir); r.code != exitUsage || !strings.Contains(r.stderr, "is a directory") {
		t.Errorf("a directory: exit code %d: %s", r.code, r.stderr)
	}
	if r := check(s.id(), "--offline", "--trust", s.trust); r.code != exitUsage || !strings.Contains(r.stderr, "needs a package file") {
		t.Errorf("--offline with an ID: exit code %d: %s", r.code, r.stderr)
	}
}

// unissued returns an ID that is well formed and of no label.
func unissued(t *testing.T) string {
	t.Helper()
	id, err := label.NewID(strings.NewReader(strings.Repeat("x", 12)))
	if err != nil {
		t.Fatal(err)
	}
	return string(id)
}

func TestVerifyAsksThePrintedAddress(t *testing.T) {
	s := newVerifyFixture(t)
	code := filepath.Join(s.dir, "code.png")
	// The code leads to the test server, the label was issued for another base:
	// a code that somebody made to lead a genuine label's readers elsewhere.
	must(t, "qr", s.id(), "--url", s.url, "--out", code)
	for _, target := range []string{code, strings.ToUpper(s.url) + "/L/" + string(s.label.Label.ID)} {
		r := s.try("verify", target, "--trust", s.trust, "--at", s.soon())
		if r.code != exitFailed || !strings.Contains(r.stderr, "not genuine: url: the code leads to "+s.url) {
			t.Errorf("%s: exit code %d: %s", target, r.code, r.stderr)
		}
	}
}

func TestVerifyChecksThatTheAnswerIsTheLabel(t *testing.T) {
	s := newVerifyFixture(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(s.label.Package) }))
	defer server.Close()
	r := s.try("verify", unissued(t), "--url", server.URL, "--trust", s.trust, "--at", s.soon())
	if r.code != exitFailed || !strings.Contains(r.stderr, "not genuine: id: the service answered with another label, "+s.id()) {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}

func TestTrust(t *testing.T) {
	s := newVerifyFixture(t)
	out := filepath.Join(s.dir, "saved.json")
	text := must(t, "trust", "--url", s.url, "--out", out)
	for _, want := range []string{s.world.Trust.LabelKeys[0].ID, labeltest.Origin, "Test Authority"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q:\n%s", want, text)
		}
	}
	must(t, "trust", "--url", s.url, "--out", out)
	if r := s.try("verify", "--offline", "--trust", out, s.pkg, "--at", s.soon()); r.code != 0 {
		t.Errorf("with what was saved: exit code %d: %s", r.code, r.stderr)
	}
	if r := s.try("trust", "--url", newVerifyFixture(t).url, "--out", out); r.code != exitFailed || !strings.Contains(r.stderr, "exists and differs") {
		t.Errorf("other keys: exit code %d: %s", r.code, r.stderr)
	}
}

func TestFetching(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/large/", func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, label.MaxMessage+1)) })
	mux.HandleFunc("/moved/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
	})
	mux.HandleFunc("/refused/", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"error":{"reason":"UNKNOWN_LABEL","field":"id","message":"no such label"}}`)
	})
	mux.HandleFunc("/broken/", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/slow/", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	server := httptest.NewServer(mux)
	defer server.Close()
	secure := httptest.NewUnstartedServer(mux)
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	secure.StartTLS()
	defer secure.Close()
	ca := write(t, t.TempDir(), "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})))

	for _, tc := range []struct{ name, base, path, ca, want string }{
		{"large", server.URL, "/large/", "", "bytes that are accepted"},
		{"moved", server.URL, "/moved/", "", "to https://elsewhere.example/"},
		{"refused", server.URL, "/refused/", "", "id: no such label"},
		{"broken", server.URL, "/broken/", "", "answered 500"},
		{"slow", server.URL, "/slow/", "", "no answer from " + server.URL},
		{"unknown roots", secure.URL, "/refused/", "", "certificate"},
		{"known roots", secure.URL, "/refused/", ca, "id: no such label"},
		{"roots that are none", secure.URL, "/refused/", os.Args[0] + ".nosuch", "no such file"},
		{"plain http", "http://labels.example", "/", "", "plain http"},
		{"path", server.URL + "/x", "/", "", "remove"},
		{"credentials", "https://user@labels.example", "/", "", "credentials"},
		{"no URL", "labels.example", "/", "", "must begin with https://"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := &session{timeout: 10 * time.Second, ca: tc.ca}
			if tc.name == "slow" {
				s.timeout = 50 * time.Millisecond
			}
			_, err := s.get(t.Context(), tc.base, tc.path)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "localhost": true,
		"": false, "0.0.0.0": false, "::": false, "10.0.0.1": false, "labels.example": false, "localhost.example": false,
	} {
		if loopback(host) != want {
			t.Errorf("loopback(%q) = %v", host, !want)
		}
	}
}

func TestQR(t *testing.T) {
	dir := t.TempDir()
	id := label.ID(unissued(t))
	for _, name := range []string{"code.png", "code.SVG"} {
		path := filepath.Join(dir, name)
		var got struct{ ID, URL, Payload, File string }
		mustJSON(t, &got, "qr", id.Pretty(), "--url", "https://labels.example.org", "--out", path)
		if got.ID != string(id) || got.URL != "https://labels.example.org/l/"+string(id) || got.Payload != strings.ToUpper(got.URL) || got.File != path {
			t.Errorf("%+v", got)
		}
	}
	f, err := os.Open(filepath.Join(dir, "code.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if text, err := qr.Decode(f); err != nil || text != "HTTPS://LABELS.EXAMPLE.ORG/L/"+string(id) {
		t.Errorf("the picture says %q, %v", text, err)
	}
	if out := must(t, "qr", "https://labels.example.org/l/"+string(id)); !strings.Contains(out, "▀") {
		t.Errorf("nothing is drawn:\n%s", out)
	}
	if r := try(t, "qr", string(id)); r.code != 0 || !strings.Contains(r.stderr, "leads to http://127.0.0.1:8080") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
	for _, tc := range []struct {
		code int
		want string
		args []string
	}{
		{exitFailed, "mistyped", []string{"qr", "K7QM-4T2X-9PWG"}},
		{exitUsage, ".png or .svg", []string{"qr", string(id), "--out", filepath.Join(dir, "code.gif")}},
		{exitUsage, "--url is for an ID", []string{"qr", "https://labels.example.org/l/" + string(id), "--url", "https://x.example"}},
		{exitFailed, "must begin with https://", []string{"qr", string(id), "--url", "x.example"}},
	} {
		if r := try(t, tc.args...); r.code != tc.code || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%v: exit code %d: %s", tc.args, r.code, r.stderr)
		}
	}
}

// The JSON of an error has the members that the service's own interfaces have.
func TestErrorsAsJSON(t *testing.T) {
	s := newVerifyFixture(t)
	r := try(t, "verify", unissued(t), "--url", s.url, "--output", "json")
	var got map[string]map[string]string
	if err := json.Unmarshal([]byte(r.stderr), &got); err != nil {
		t.Fatalf("%v\n%s", err, r.stderr)
	}
	e := got["error"]
	if r.code != exitFailed || e["reason"] != "UNKNOWN_LABEL" || e["code"] != "NOT_FOUND" || e["message"] == "" {
		t.Errorf("exit code %d: %v", r.code, e)
	}
}
