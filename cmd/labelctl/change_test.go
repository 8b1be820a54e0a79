package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/daemon"
	"labeld/internal/envelope"
	"labeld/internal/label"
)

// A labelledCamera is a programme with one labelled camera.
type labelledCamera struct {
	*testProgramme
	maker string
	id    string
	trust string // file
}

func newLabelledCamera(t *testing.T) *labelledCamera {
	t.Helper()
	files := newExampleFiles(t, "camera")
	l := &labelledCamera{testProgramme: &testProgramme{t: t, dir: filepath.Join(t.TempDir(), "programme")}, maker: files.makerID}
	l.d = startDaemon(t, l.dir, daemon.TLSConfig{})
	l.enrol(files.labID, "lab")
	l.enrol(files.makerID, "manufacturer")
	today := label.DateOf(time.Now())
	must(t, l.by(testAuthority, "org", "accredit", files.labID, "--number", "L-1", "--body", "Board", "--standard", "en303645",
		"--category", "*", "--method", "document-review", "--method", "functional-test", "--method", "binary-analysis", "--from", today.AddMonths(-12).String(), "--to", today.AddMonths(12).String())...)
	must(t, l.by(l.maker, "device", "register", files.device)...)
	report, declaration := filepath.Join(l.dir, "report.json"), filepath.Join(l.dir, "declaration.json")
	must(t, l.by(files.labID, "attest", "--results", files.report, "--device", files.device, "--out", report)...)
	must(t, l.by(l.maker, "declare", "--declaration", files.declaration, "--device", files.device, "--out", declaration)...)
	must(t, l.by(l.maker, "submit", report, declaration)...)
	var issued struct {
		Label struct{ Summary struct{ ID string } }
	}
	mustJSON(t, &issued, l.by(l.maker, "request", files.device, "--level", "3")...)
	l.id, l.trust = issued.Label.Summary.ID, filepath.Join(l.dir, "trust.json")
	must(t, "trust", "--url", l.d.URL, "--out", l.trust)
	return l
}

// changed runs a command that changes the label.
func (l *labelledCamera) changed(org, action string, args ...string) string {
	l.t.Helper()
	return must(l.t, l.by(org, append([]string{"label", action, l.id}, args...)...)...)
}

// verify verifies a label and returns what that says.
func (l *labelledCamera) verify(id string, code int, args ...string) string {
	l.t.Helper()
	r := try(l.t, append([]string{"verify", id, "--url", l.d.URL, "--trust", l.trust}, args...)...)
	if r.code != code {
		l.t.Fatalf("verify %s %v: exit code %d, want %d\n%s%s", id, args, r.code, code, r.stdout, r.stderr)
	}
	return r.stdout
}

// second waits for the next second of the clock, and returns it: statements
// have times of whole seconds.
func second() string {
	begun := time.Now().Truncate(time.Second)
	for !time.Now().After(begun.Add(time.Second)) {
		time.Sleep(time.Millisecond) // the clock can be waited for in no other way
	}
	return instant(time.Now())
}

// TestSuspension asks about a suspended label for the present and the past.
func TestSuspension(t *testing.T) {
	l := newLabelledCamera(t)
	before := second()
	second()
	l.changed(testAuthority, "suspend", "--reason", "complaint", "--text", "A shared password.")
	if out := l.verify(l.id, exitInvalid); !strings.Contains(out, "SUSPENDED since ") || !strings.Contains(out, "why:") {
		t.Errorf("suspended:\n%s", out)
	}
	if out := l.verify(l.id, 0, "--at", before); !strings.Contains(out, "genuine, and active as of "+before) || !strings.Contains(out, "1 statement, 1 of them later than "+before) {
		t.Errorf("before the suspension:\n%s", out)
	}
	out := must(t, l.public("label", "history", l.id, "--at", before)...)
	if !strings.Contains(out, "active") || strings.Contains(out, "suspended") || !strings.Contains(out, "1 statement came later") {
		t.Errorf("history before the suspension:\n%s", out)
	}
	for _, args := range [][]string{nil, {"--at", label.DateOf(time.Now()).String()}} {
		out := must(t, l.public(append([]string{"label", "history", l.d.URL + "/l/" + l.id}, args...)...)...)
		for _, want := range []string{"issued: Level 3 of 4", "  1. suspended (log entry ", "complaint: The authority is looking into a complaint about the product. A shared password.", "state:  SUSPENDED"} {
			if !strings.Contains(out, want) {
				t.Errorf("history %v has no %q:\n%s", args, want, out)
			}
		}
	}
	if r := try(t, l.public("label", "history", l.id, "--at", "2999-01-01")...); r.code != exitUsage || !strings.Contains(r.stderr, "is in the future") {
		t.Errorf("the history as of a year to come: exit code %d: %s", r.code, r.stderr)
	}
	l.refused("cannot be renewed", l.by(l.maker, "label", "renew", l.id, "--level", "3")...)
	l.changed(testAuthority, "reinstate", "--reason", "unfounded", "--text", "It was a counterfeit.")
	l.verify(l.id, 0)
	if out := must(t, l.by(l.maker, "label", "list")...); !strings.Contains(out, "active") {
		t.Errorf("label list:\n%s", out)
	}
}

// TestTwoPersons has two persons revoke a label, after one alone cannot, whichever key the
// one takes.
func TestTwoPersons(t *testing.T) {
	l := newLabelledCamera(t)
	revoke := l.by(testAuthority, "label", "revoke", l.id, "--reason", "nonconformity", "--text", "One password.")
	var first struct {
		Status  *struct{}
		Waiting struct {
			ID   string
			Keys []string
		}
	}
	mustJSON(t, &first, revoke...)
	if first.Status != nil || len(first.Waiting.Keys) != 1 {
		t.Fatalf("%+v", first)
	}
	approve := l.by(testAuthority, "request", "approve", first.Waiting.ID[:16], "--yes")
	l.verify(l.id, 0)
	if r := try(t, approve...); r.code != exitFailed || !strings.Contains(r.stderr, "signed the request already") {
		t.Errorf("the same key twice: exit code %d: %s", r.code, r.stderr)
	}

	second()
	if r := try(t, revoke...); r.code != 0 || !strings.Contains(r.stderr, "labelctl: note: the request "+first.Waiting.ID[:16]+" for label.revoke of "+label.ID(l.id).Pretty()+" waits too") {
		t.Errorf("asking again instead of approving: exit code %d: %s", r.code, r.stderr)
	}
	var list struct{ Requests []struct{ Label string } }
	mustJSON(t, &list, l.by(testAuthority, "request", "list")...)
	if len(list.Requests) != 2 || list.Requests[0].Label != l.id {
		t.Errorf("%+v", list)
	}

	spare, other := filepath.Join(l.dir, "spare.key"), filepath.Join(l.dir, "other.key")
	for _, key := range []string{spare, other} {
		must(t, "key", "new", "--plain", "--out", key)
	}
	must(t, l.by(testAuthority, "org", "key", testAuthority, "--pub", envelope.PublicName(spare), "--person", daemon.FirstPerson)...)
	l.refused(daemon.FirstPerson+" signed the request already, with key "+short(first.Waiting.Keys[0]), append(approve, "--key", spare)...)
	must(t, l.by(testAuthority, "org", "person", "add", testAuthority, "second", "--name", "The second")...)
	must(t, l.by(testAuthority, "org", "key", testAuthority, "--pub", envelope.PublicName(other), "--person", "second")...)
	if out := must(t, l.by(testAuthority, "request", "list")...); !strings.Contains(out, "by you") {
		t.Errorf("the list does not say who signed:\n%s", out)
	}
	r := try(t, append(approve, "--key", other)...)
	if r.code != 0 || !strings.Contains(r.stdout, ": revoked\n") || !strings.Contains(r.stderr, "signed by:  key "+first.Waiting.Keys[0]) {
		t.Errorf("approve: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	l.verify(l.id, exitInvalid)
	l.refused("no waiting request", append(approve, "--key", other)...)
}

// TestRenewal puts a label of another level in the place of one, and another
// label in the place of that.
func TestRenewal(t *testing.T) {
	l := newLabelledCamera(t)
	l.refused("does not support level 4", l.by(l.maker, "label", "renew", l.id, "--level", "4")...)
	var r struct {
		Status    struct{ Reason, Successor string }
		Successor struct {
			ID    string
			Level int
		}
	}
	l.refused("nothing is new since label", l.by(l.maker, "label", "renew", l.id)...)
	l.refused("by the reason new-level", l.by(l.maker, "label", "renew", l.id, "--level", "2")...)
	mustJSON(t, &r, l.by(l.maker, "label", "renew", l.id, "--level", "2", "--reason", "new-level")...)
	next := label.ID(r.Successor.ID)
	if r.Status.Reason != "new-level" || r.Status.Successor != string(next) || r.Successor.Level != 2 {
		t.Fatalf("%+v", r)
	}
	if out := l.verify(l.id, exitInvalid); !strings.Contains(out, "genuine, but SUPERSEDED") || !strings.Contains(out, next.Pretty()+" ("+l.d.URL+"/l/"+string(next)+")") || !strings.Contains(out, "of a LOWER LEVEL, 2 instead of 3\n") {
		t.Errorf("the old label does not name the new one:\n%s", out)
	}
	if out := must(t, l.public("label", "show", l.id)...); !strings.Contains(out, "SUPERSEDED") || !strings.Contains(out, next.Pretty()) || strings.Contains(out, "valid until") {
		t.Errorf("label show:\n%s", out)
	}
	if out := l.verify(string(next), 0); !strings.Contains(out, "2 of 4") || !strings.Contains(out, "0 statements") {
		t.Errorf("the new label:\n%s", out)
	}
	l.refused("superseded, which is final", l.by(l.maker, "label", "renew", l.id, "--level", "3")...)
	l.refused("successor: is superseded", l.by(l.maker, "label", "supersede", string(next), "--by", l.id, "--reason", "renewed", "--text", "x")...)
	must(t, l.by(testAuthority, "label", "suspend", string(next), "--reason", "complaint", "--text", "x")...)
	for _, out := range []string{l.verify(l.id, exitInvalid), must(t, l.public("label", "show", l.id)...)} {
		if !strings.Contains(out, "of a LOWER LEVEL, 2 instead of 3; SUSPENDED itself\n") {
			t.Errorf("nothing is said of the suspension of the successor:\n%s", out)
		}
	}
	l.refused("by.id: ", l.by(l.maker, "label", "supersede", string(next), "--by", "x", "--reason", "renewed", "--text", "x")...)
}

// TestAnnouncedWithdrawal announces an end.
func TestAnnouncedWithdrawal(t *testing.T) {
	l := newLabelledCamera(t)
	day := label.DateOf(time.Now()).AddDays(30).String()
	withdraw := []string{"--reason", "discontinued", "--text", "No longer made.", "--effective", day}
	if out := l.changed(l.maker, "withdraw", withdraw...); !strings.Contains(out, "to be withdrawn on "+day+"T00:00:00Z") {
		t.Errorf("withdraw:\n%s", out)
	}
	for _, out := range []string{l.verify(l.id, 0), must(t, l.public("label", "show", l.id)...), must(t, l.public("label", "history", l.id)...)} {
		if !strings.Contains(out, "announced: ") || !strings.Contains(out, "to be withdrawn on "+day) {
			t.Errorf("nothing is said of what was announced:\n%s", out)
		}
	}
	again := append(withdraw, "--text", "Really.")
	l.refused("no other end takes the place of that", l.by(l.maker, append([]string{"label", "withdraw", l.id}, again...)...)...)
}

// TestReadWaiting takes nothing for a request but a request, and what is signed
// for what is asked.
func TestReadWaiting(t *testing.T) {
	made := time.Now().UTC().Truncate(time.Second)
	device := label.DigestOf([]byte("device"))
	asked := label.StatusRequest{Label: label.ID(unissued(t)), Action: label.Revoke, Reason: "nonconformity", Text: "One password.", Made: made}
	asked.Address("https://labels.test")
	message := func(predicateType string, change func(*label.StatusRequest)) *labelv1.WaitingRequest {
		r := asked
		change(&r)
		return waitingMessage(t, device, predicateType, &r, label.ActRevoke)
	}
	as := func(*label.StatusRequest) {}
	good := message(label.TypeStatusRequest, as)
	w, err := readWaiting(good)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := w.terms.(*label.StatusRequest); !ok || *got != asked || w.subject != device || !w.until().Equal(made.Add(label.MaxRequestAge)) || w.text() != asked.Text {
		t.Errorf("%+v", w)
	}
	another, otherAct := message(label.TypeStatusRequest, as), message(label.TypeStatusRequest, as)
	another.Id, otherAct.Kind = device.String(), string(label.ActReview)
	for name, m := range map[string]*labelv1.WaitingRequest{
		"another ID":  another,
		"another act": otherAct,
		"a label":     message(label.TypeLabel, as),
		"no reason":   message(label.TypeStatusRequest, func(r *label.StatusRequest) { r.Reason = "" }),
		"no JSON":     {Id: good.Id, Statement: []byte("revoke"), Kind: good.Kind},
		"nothing":     nil,
	} {
		if _, err := readWaiting(m); err == nil {
			t.Errorf("%s was taken for a request", name)
		}
	}

	list := []*labelv1.WaitingRequest{good, message(label.TypeStatusRequest, func(r *label.StatusRequest) { r.Text = "Another." })}
	if w, err := findWaiting(list, strings.ToUpper(good.Id[:8])); err != nil || w.GetId() != good.Id {
		t.Errorf("%v, %v", w, err)
	}
	if _, err := findWaiting(list, ""); err == nil || !strings.Contains(err.Error(), "give more") {
		t.Errorf("an ambiguous ID: %v", err)
	}
	if _, err := findWaiting(list, strings.Repeat("x", 8)); label.ReasonOf(err) != label.ReasonUnknownSubject {
		t.Errorf("an unknown ID: %v", err)
	}
}

// waitingMessage is a request as a service shows it that waits for another person.
func waitingMessage(t *testing.T, subject label.Digest, predicateType string, predicate any, kind label.ActKind) *labelv1.WaitingRequest {
	t.Helper()
	stmt, err := label.NewStatement("subject", subject, predicateType, predicate)
	if err != nil {
		t.Fatal(err)
	}
	b, err := label.Encode(stmt)
	if err != nil {
		t.Fatal(err)
	}
	return &labelv1.WaitingRequest{Id: label.DigestOf(b).String(), Statement: b, Text: "Harmless.", Kind: string(kind)}
}

// TestAnotherAuthority signs for one authority and sends that to another, and has nobody
// approve what is made to another than theirs.
func TestAnotherAuthority(t *testing.T) {
	l := newLabelledCamera(t)
	const practice = "https://practice.labels.test"
	suspend := []string{"label", "suspend", l.id, "--reason", "complaint", "--text", "A shared password."}
	l.refused(practice, l.by(testAuthority, append(suspend, "--authority", practice)...)...)
	t.Setenv(envTo, l.d.URL)
	must(t, l.by(testAuthority, suspend...)...)

	asked := &label.StatusRequest{Label: label.ID(l.id), Action: label.Revoke, Reason: "nonconformity", Text: "One password.", Made: time.Now().UTC().Truncate(time.Second)}
	asked.Address(practice)
	w, err := readWaiting(waitingMessage(t, label.DigestOf([]byte("device")), label.TypeStatusRequest, asked, label.ActRevoke))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(w.rows(), [2]string{"authority:", practice}) {
		t.Errorf("whoever approves is shown %q", w.rows())
	}
	c := requestCommands{&session{to: l.d.URL}}
	if err := c.ours(w); label.ReasonOf(err) != label.ReasonOtherAuthority {
		t.Errorf("what is made to %s would be approved: %v", practice, err)
	}
}
