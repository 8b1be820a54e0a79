package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/rpc"
	"labeld/internal/store"
	"labeld/internal/terminal"
)

// An auditFixture is a service with an audit trail, a trust file, and the keys of those
// who may read it.
type auditFixture struct {
	*verifyFixture
	grpc string
	keys map[string]string // files, by organization
}

func newAuditFixture(t *testing.T) *auditFixture {
	t.Helper()
	a := &auditFixture{verifyFixture: newVerifyFixture(t), keys: map[string]string{}}
	w := a.world
	for _, org := range []string{labeltest.Operator, labeltest.Maker} {
		private, public, err := envelope.GenerateKey("ecdsa-p256", nil)
		if err == nil {
			_, err = w.AddKey(context.Background(), w.Caller(labeltest.Operator), org, string(public), labeltest.Start)
		}
		if err != nil {
			t.Fatal(err)
		}
		a.keys[org] = write(t, a.dir, org+".key", string(private))
	}
	s := rpc.New(w.Authority, nil, nil, rpc.Limits{}, slog.New(slog.NewTextHandler(io.Discard, nil)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(l)
	t.Cleanup(s.Stop)
	a.grpc = l.Addr().String()
	return a
}

// by runs a command line of an organization.
func (a *auditFixture) by(org string, args ...string) cliResult {
	return a.try(append(args, "--server", a.grpc, "--audience", labeltest.Audience, "--key", a.keys[org], "--as", org)...)
}

// fill records what the tests look for, of which the log has all but the last one. It
// returns the number of the first.
func (a *auditFixture) fill(t *testing.T) (first int64) {
	t.Helper()
	w := a.world
	if err := w.Store.View(func(v *store.View) error { tree, err := v.Trail(); first = tree.N; return err }); err != nil {
		t.Fatal(err)
	}
	w.Record(
		&store.Act{Kind: "test.revoke", Actor: label.Actor{Organization: labeltest.Operator, Person: "iris", Key: strings.Repeat("ab", 32)}, Subject: string(a.label.Label.ID), Request: label.DigestOf([]byte("request")), Outcome: label.ActWaits, Reason: "nonconformity", RequestID: "call-1"},
		&store.Act{Kind: "test.issue", Actor: label.Actor{Organization: labeltest.Maker}, Subject: label.DigestOf([]byte("device")).String(), Outcome: label.ActDone},
	)
	w.Clock.Set(w.Clock.Now().Add(48 * time.Hour))
	w.Record(&store.Act{Kind: "test.revoke", Actor: label.Actor{Organization: labeltest.Maker, Person: "mallory"}, Outcome: label.ActRefused, Reason: "WRONG_ROLE", Text: "only operators revoke labels"})
	if err := w.Authority.LogAuditHead(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Record(labeltest.Act(labeltest.Operator, "test.last", "later"))
	return first
}

func TestAuditList(t *testing.T) {
	a := newAuditFixture(t)
	first := a.fill(t)
	day := label.DateOf(a.world.Clock.Now())
	for _, c := range []struct {
		org, flags string
		want       []int64 // after the first
	}{
		{labeltest.Operator, "--kind test", []int64{3, 2, 1, 0}},
		{labeltest.Operator, "--kind test --limit 2", []int64{3, 2}},
		{labeltest.Operator, "--kind test.revoke", []int64{2, 0}},
		{labeltest.Operator, "--kind test.rev", nil},
		{labeltest.Operator, "--kind test --outcome refused", []int64{2}},
		{labeltest.Operator, "--kind test --organization " + labeltest.Maker, []int64{2, 1}},
		{labeltest.Operator, "--person iris", []int64{0}},
		{labeltest.Operator, "--key-id " + strings.Repeat("ab", 32), []int64{0}},
		{labeltest.Operator, "--subject later", []int64{3}},
		{labeltest.Operator, "--kind test --from " + day.String(), []int64{3, 2}},
		{labeltest.Operator, "--kind test --to " + day.AddDays(-1).String(), []int64{1, 0}},
		{labeltest.Operator, "--kind test --from " + day.String() + " --to " + day.AddDays(-1).String(), nil},
		{labeltest.Maker, "--kind test", []int64{2, 1}},
	} {
		r := a.by(c.org, append(strings.Fields("audit list -o json "+c.flags), "--timeout", "10s")...)
		var got struct {
			Acts []struct{ Number string }
		}
		if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || r.code != 0 {
			t.Fatalf("%s: exit code %d, %v: %s", c.flags, r.code, err, r.stderr)
		}
		var numbers, want []string
		for _, act := range got.Acts {
			numbers = append(numbers, strings.TrimSpace(act.Number))
		}
		for _, n := range c.want {
			number := fmt.Sprint(first + n)
			if first+n == 0 {
				number = "" // as protobuf writes it
			}
			want = append(want, number)
		}
		if !slices.Equal(numbers, want) {
			t.Errorf("%s lists %q with %q, want %q", c.org, numbers, c.flags, want)
		}
	}
	r := a.by(labeltest.Operator, "audit", "list", "--kind", "test")
	for _, want := range []string{
		"NUMBER  TIME UTC ", "mallory of northlight ", "REFUSED\n", "iris of " + labeltest.Operator, "waits\n", label.DigestOf([]byte("device")).String()[:16],
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the list has no %q:\n%s%s", want, r.stdout, r.stderr)
		}
	}
	if r := a.by(labeltest.Maker, "audit", "list", "--organization", labeltest.Operator); r.code != exitFailed || !strings.Contains(r.stderr, "only operators read what another organization did") {
		t.Errorf("a manufacturer reads what operators did: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	for flags, says := range map[string]string{"--outcome lost": "none of done", "--from noon": "--from", "--to noon": "--to", "--limit 0": "1 or more"} {
		if r := a.by(labeltest.Operator, append([]string{"audit", "list"}, strings.Fields(flags)...)...); r.code != exitUsage || !strings.Contains(r.stderr, says) {
			t.Errorf("%s: exit code %d: %s", flags, r.code, r.stderr)
		}
	}
}

// TestNarrowAuditList has a list with usual names fit a terminal as a table.
func TestNarrowAuditList(t *testing.T) {
	p := terminal.NewPage(80)
	writeActs(p, []*labelv1.Act{
		{Number: 1234567, At: timestamppb.New(labeltest.Start), Organization: "demo-authority", Person: "ingrid", Kind: "report.withdraw", Subject: strings.Repeat("ab", 32), Outcome: labelv1.ActOutcome_ACT_OUTCOME_REFUSED},
		{Number: 12, At: timestamppb.New(labeltest.Start), Organization: "northlight", Kind: "label.request", Subject: "K7QM4T2X9PWH", Outcome: labelv1.ActOutcome_ACT_OUTCOME_WAITS},
	})
	for line := range strings.Lines(string(p.Bytes())) {
		if len(line) > 81 {
			t.Errorf("the line %q has %d characters", line, len(line)-1)
		}
	}
	if head, _, _ := strings.Cut(string(p.Bytes()), "\n"); !strings.HasPrefix(head, "NUMBER") || !strings.Contains(head, "WHAT") || !strings.Contains(head, "OUTCOME") {
		t.Errorf("it is no table:\n%s", p.Bytes())
	}
}

func TestAuditShow(t *testing.T) {
	a := newAuditFixture(t)
	first := a.fill(t)
	show := func(org string, number int64, more ...string) cliResult {
		return a.by(org, append([]string{"audit", "show", fmt.Sprint(number)}, more...)...)
	}
	r := show(labeltest.Operator, first, "--trust", a.trust)
	for _, want := range []string{"test.revoke", "iris", strings.Repeat("ab", 32), string(a.label.Label.ID), label.DigestOf([]byte("request")).String(), "waits: nonconformity", "call-1", "among the ", "whose root is log entry "} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the entry has no %q:\n%s%s", want, r.stdout, r.stderr)
		}
	}
	if r := show(labeltest.Operator, first); r.code != 0 || !strings.Contains(r.stdout, "not checked; with --trust, it is") {
		t.Errorf("without trust: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := show(labeltest.Operator, first+3, "--trust", a.trust); r.code != 0 || !strings.Contains(r.stdout, "not yet in the log") {
		t.Errorf("an entry that is not logged: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	if r := show(labeltest.Maker, first+2, "--trust", a.trust); r.code != 0 || !strings.Contains(r.stdout, "only operators revoke labels") {
		t.Errorf("an entry of its own: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	other := labeltest.New(t, nil)
	b, err := label.Encode(other.Trust)
	if err != nil {
		t.Fatal(err)
	}
	if r := show(labeltest.Operator, first, "--trust", write(t, a.dir, "other.json", string(b))); r.code != exitFailed || !strings.Contains(r.stderr, "not proved") {
		t.Errorf("with the trust file of another authority: exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	for _, number := range []int64{first, first + 4} {
		if r := show(labeltest.Maker, number); r.code != exitFailed || !strings.Contains(r.stderr, fmt.Sprintf("no entry %d that you may read", number)) {
			t.Errorf("entry %d for a manufacturer: exit code %d: %s%s", number, r.code, r.stdout, r.stderr)
		}
	}
	if r := a.by(labeltest.Operator, "audit", "show", "first"); r.code != exitUsage {
		t.Errorf("no number: exit code %d: %s", r.code, r.stderr)
	}
}

func TestAuditVerify(t *testing.T) {
	a := newAuditFixture(t)
	empty := filepath.Join(a.dir, "empty.jsonl")
	if r := a.by(labeltest.Operator, "audit", "export", empty); r.code != 0 {
		t.Fatalf("exporting what there is at first: exit code %d: %s", r.code, r.stderr)
	}
	n := a.fill(t) + 4
	if n == 4 {
		if r := a.try("audit", "verify", empty, "--trust", a.trust); r.code != 0 || !strings.Contains(r.stdout, "the audit trail is empty") {
			t.Errorf("an empty trail: exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
	}
	path := filepath.Join(a.dir, "trail.jsonl")
	r := a.by(labeltest.Operator, "audit", "export", path)
	if want := fmt.Sprintf("%d entries, of which the log has the root of the first %d", n, n-1); r.code != 0 || !strings.Contains(strings.Join(strings.Fields(r.stdout), " "), want) {
		t.Fatalf("exporting: exit code %d, want %q: %s%s", r.code, want, r.stdout, r.stderr)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(good, []byte("\n"))
	lines = lines[:len(lines)-1]
	if int64(len(lines)) != n+1 {
		t.Fatalf("%d lines were written for %d entries", len(lines), n)
	}
	if r := a.by(labeltest.Operator, "audit", "export", path); r.code != exitFailed || !strings.Contains(r.stderr, "exists") {
		t.Errorf("exporting over a file: exit code %d: %s", r.code, r.stderr)
	}
	again, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(again, good) {
		t.Errorf("the file was changed (%v)", err)
	}
	if r := a.by(labeltest.Maker, "audit", "export", filepath.Join(a.dir, "maker.jsonl")); r.code != exitFailed {
		t.Errorf("a manufacturer exports the trail: exit code %d", r.code)
	}
	kept := fmt.Sprintf("%d entries are as they were written", n-1)
	for name, c := range map[string]struct {
		args []string
		code int
	}{
		"a file":            {[]string{path, "--trust", a.trust}, 0},
		"the service":       {[]string{"--trust", a.trust}, 0},
		"without a --trust": {[]string{path, "--url", a.url}, exitUntrusted},
	} {
		r := a.by(labeltest.Operator, append([]string{"audit", "verify"}, c.args...)...)
		for _, want := range []string{"✓ signature", "✓ log", "✓ entries", kept, "not yet logged: 1 entry"} {
			if !strings.Contains(r.stdout, want) {
				t.Errorf("%s: no %q:\n%s", name, want, r.stdout)
			}
		}
		if r.code != c.code || strings.Contains(r.stdout, "NOT CHECKED") != (c.code == exitUntrusted) {
			t.Errorf("%s: exit code %d, want %d: %s%s", name, r.code, c.code, r.stdout, r.stderr)
		}
	}
	var got trailCheck
	r = a.try("audit", "verify", path, "--trust", a.trust, "-o", "json")
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || !got.Genuine || !got.Trusted || got.Entries != n || got.Pending != 1 || len(got.Checks) != 3 || got.AsOf.IsZero() {
		t.Errorf("as JSON: %s (%v)", r.stdout, err)
	}

	old, err := os.ReadFile(empty)
	if err != nil {
		t.Fatal(err)
	}
	join := func(list ...[]byte) string { return string(bytes.Join(list, nil)) }
	head, entries := lines[0], lines[1:]
	for name, c := range map[string]struct {
		text string
		code int
		says string
	}{
		"changed":                   {strings.Replace(string(good), "iris", "ines", 1), exitInvalid, "NOT what the log has"},
		"without an entry":          {join(append(slices.Clone(lines[:n-2]), lines[n-1:]...)...), exitInvalid, fmt.Sprintf("bad.jsonl:%d: ", n-1)},
		"with entries cut off":      {join(lines[:n-1]...), exitInvalid, "the last ones are missing"},
		"with a line too long":      {string(head) + strings.Repeat(" ", label.MaxTrailEntry+1) + "\n" + join(entries...), exitFailed, "bad.jsonl:2: the line is longer"},
		"with a line without end":   {strings.TrimSuffix(string(good), "\n"), exitInvalid, fmt.Sprintf("bad.jsonl:%d: the line is cut off", n+1)},
		"of which half a line is":   {string(head[:20]), exitFailed, "bad.jsonl:1: the line is cut off"},
		"without its first line":    {join(entries...), exitFailed, "not the first line"},
		"whose head is last":        {join(append(slices.Clone(entries), head)...), exitFailed, "not the first line"},
		"of a newer version":        {strings.Replace(string(good), label.TypeAudit, label.Base+"audit/v2", 1), exitFailed, "update this program"},
		"that is empty":             {"", exitFailed, "is empty"},
		"with an empty line":        {string(head) + "\n" + join(entries...), exitInvalid, "NOT what the log has"},
		"without a head":            {`{"type":"` + label.TypeAudit + `"}` + "\n" + join(entries...), exitUntold, "CANNOT TELL"},
		"with nothing but its head": {string(head), exitInvalid, "there are 0 entries"},
	} {
		r := a.try("audit", "verify", write(t, a.dir, "bad.jsonl", c.text), "--trust", a.trust)
		if said := strings.Join(strings.Fields(r.stdout+r.stderr), " "); r.code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("a trail %s: exit code %d, want %d and %q: %s%s", name, r.code, c.code, c.says, r.stdout, r.stderr)
		}
	}
	if len(old) == 0 {
		t.Error("what was exported of an empty trail has no first line")
	}
}
