package daemon_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/daemon"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// A programme is served, stopped and served again.
type programme struct {
	t      *testing.T
	dir    string
	daemon *daemon.Daemon
	stop   context.CancelFunc
	ended  chan error
}

func newProgramme(t *testing.T) *programme {
	t.Helper()
	p := &programme{t: t, dir: filepath.Join(t.TempDir(), "programme")}
	must(t, daemon.Init(ctx, p.dir, config(), daemon.FirstPerson, []byte("secret"), time.Now()))
	p.start()
	must(t, p.register(label.RegistryRequest{Act: label.ActEnrolOrg, Organization: "lab", Profile: &label.Profile{Name: "Lab"}, Roles: []label.Role{label.RoleLab}}))
	_, public, err := envelope.GenerateKey("ecdsa-p256", nil)
	must(t, err)
	must(t, p.register(label.RegistryRequest{Act: label.ActAddKey, Organization: "lab", PEM: string(public)}))
	return p
}

func (p *programme) config() *daemon.Config {
	p.t.Helper()
	c, err := daemon.LoadConfig(p.dir)
	must(p.t, err)
	return c
}

func (p *programme) start() {
	p.t.Helper()
	var err error
	p.daemon, err = daemon.Open(ctx, p.config(), options())
	must(p.t, err)
	serving, stop := context.WithCancel(ctx)
	p.stop, p.ended = stop, make(chan error, 1)
	go func() { p.ended <- p.daemon.Serve(serving) }()
}

func (p *programme) end() {
	p.t.Helper()
	p.stop()
	must(p.t, <-p.ended)
}

func (p *programme) operator() authority.Caller {
	return authority.Caller{Org: "test-authority", Roles: []label.Role{label.RoleOperator}}
}

// register has the register changed at the operator's signed request.
func (p *programme) register(r label.RegistryRequest) error {
	p.t.Helper()
	signer, err := envelope.LoadSigner(ctx, filepath.Join(p.dir, daemon.OperatorKey), func() ([]byte, error) { return []byte("secret"), nil })
	must(p.t, err)
	r.Made = time.Now().UTC().Truncate(time.Second)
	r.Address(p.daemon.URL)
	_, err = p.daemon.Authority.ChangeRegistry(ctx, p.operator(), labeltest.Registry(p.t, signer, r))
	return err
}

// accredit adds an entry to the log.
func (p *programme) accredit(number string) error {
	today := label.DateOf(time.Now())
	return p.register(label.RegistryRequest{Act: label.ActAccredit, Organization: "lab", Accreditation: &label.Scope{
		Number: number, Body: "Board", Standards: []string{"en303645"}, Categories: []string{"*"},
		Methods: []label.Method{"functional-test"}, Interval: label.Period{From: today.AddMonths(-1), To: today.AddMonths(12)},
	}})
}

func (p *programme) get(path string) (int, string) {
	p.t.Helper()
	resp, err := http.Get(p.daemon.URL + path)
	must(p.t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	must(p.t, err)
	return resp.StatusCode, string(text)
}

// await waits until an address answers with a status.
func (p *programme) await(path string, want int) string {
	p.t.Helper()
	for late := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		status, text := p.get(path)
		if status == want {
			return text
		}
		if time.Now().After(late) {
			p.t.Fatalf("%s answers %d %s", path, status, text)
		}
	}
}

func (p *programme) problems(against ...string) (list []string) {
	p.t.Helper()
	var heads []store.KeptHead
	for _, source := range against {
		more, err := daemon.FetchHeads(ctx, source)
		must(p.t, err)
		heads = append(heads, more...)
	}
	must(p.t, daemon.Check(ctx, p.config(), heads, labeltest.Problems(func(problem string) { list = append(list, problem) })))
	return list
}

// readOnly starts the service, which must show what it has and refuse the rest.
func (p *programme) readOnly(why string) {
	p.t.Helper()
	p.start()
	defer p.end()
	head := p.daemon.Authority.Checkpoint()
	err := p.accredit("refused")
	if label.KindOf(err) != label.Unavailable || label.ReasonOf(err) != label.ReasonReadOnly || !strings.Contains(err.Error(), why) {
		p.t.Errorf("a write is answered with %v, want one that says %q", err, why)
	}
	if status, text := p.get("/log/checkpoint"); status != 200 || text != string(head) {
		p.t.Errorf("the log head is answered with %d %s", status, text)
	}
	if status, _ := p.get("/healthz"); status != 200 {
		p.t.Errorf("it lives, and /healthz answers %d", status)
	}
	if status, _ := p.get(verify.ListPath); status == 200 {
		p.t.Error("it shows a status list")
	}
	if status, text := p.get("/readyz/read"); status != 503 || !strings.Contains(text, "reading: ") || !strings.Contains(text, "what happened since ") {
		p.t.Errorf("of labels nothing can be read, and /readyz/read answers %d %s", status, text)
	}
	if status, text := p.get("/api/changes"); status != 503 || !strings.Contains(text, "READ_ONLY") {
		p.t.Errorf("the feed answers %d %s", status, text)
	}
	if status, text := p.get("/readyz"); status != 503 || !strings.Contains(text, why) {
		p.t.Errorf("/readyz answers %d %s", status, text)
	}
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	must(t, err)
	must(t, os.WriteFile(to, text, 0o600))
}

// TestOlderCopyIsNotServed puts back an older copy of the database, as somebody
// does after a disk failed: served as usual, it would fork the log with its own key.
func TestOlderCopyIsNotServed(t *testing.T) {
	p := newProgramme(t)
	must(t, p.accredit("A-1"))
	p.end()
	db, heads := store.Path(p.dir), filepath.Join(p.dir, "log.head")
	copyFile(t, db, db+".copy")
	p.start()
	must(t, p.accredit("A-2"))
	p.await("/readyz", 200)
	head := string(p.daemon.Authority.Checkpoint())
	p.end()
	copyFile(t, db, db+".newest")
	if list := p.problems(head); len(list) > 0 {
		t.Errorf("of the newest database the check says %q", list)
	}

	copyFile(t, db+".copy", db)
	const missing = "the last 1 are missing"
	p.readOnly(missing)
	if list := p.problems(); len(list) != 1 || !strings.Contains(list[0], missing) {
		t.Errorf("the check says %q", list)
	}

	// The way back, and that without the file nothing is believed.
	copyFile(t, db+".newest", db)
	p.start()
	must(t, p.accredit("A-3"))
	p.end()
	must(t, os.Rename(heads, heads+".away"))
	p.readOnly("there is no file")
	must(t, os.Rename(heads+".away", heads))

	// What is missing is lost, and an operator goes on: the log has two branches.
	copyFile(t, db+".copy", db)
	must(t, daemon.AcceptHead(p.config(), options().Log))
	p.start()
	must(t, p.accredit("B-2"))
	must(t, p.accredit("B-3"))
	p.end()
	if list := p.problems(); len(list) > 0 {
		t.Errorf("after the operator's word the check says %q", list)
	}
	copyFile(t, heads+".replaced", heads)
	p.readOnly("another branch")
	state, err := daemon.ReadHead(ctx, p.config())
	if err != nil || state.Doubt == nil || state.Log.N != state.Served.N {
		t.Errorf("the state is %+v, %v", state, err)
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/log/checkpoint" {
			_, _ = io.WriteString(w, head)
		}
	}))
	defer web.Close()
	file := filepath.Join(t.TempDir(), "head")
	must(t, os.WriteFile(file, []byte(head), 0o600))
	must(t, os.Remove(heads))
	for _, source := range []string{head, file, web.URL, web.URL + "/", web.URL + "/log/checkpoint", heads + ".replaced"} {
		if list := p.problems(source); len(list) != 1 || !strings.Contains(list[0], "another branch") {
			t.Errorf("against %.40q the check says %q", source, list)
		}
	}
	if err := daemon.Check(ctx, p.config(), []store.KeptHead{{Text: []byte("nonsense\n")}}, labeltest.Problems(func(string) {})); err == nil {
		t.Error("nonsense passes for a log head")
	}
}

// TestSpoiltHeadFile spoils the head file in all places: one slot may be spoilt by a
// power cut, and the other one tells as much as was served.
func TestSpoiltHeadFile(t *testing.T) {
	p := newProgramme(t)
	must(t, p.accredit("A-1"))
	must(t, p.accredit("A-2"))
	p.end()
	heads := filepath.Join(p.dir, "log.head")
	good, err := os.ReadFile(heads)
	must(t, err)
	for slot := range 2 {
		bad := append([]byte(nil), good...)
		clear(bad[slot*len(bad)/2 : (slot+1)*len(bad)/2])
		must(t, os.WriteFile(heads, bad, 0o600))
		p.start()
		if err := p.daemon.Authority.ReadOnly(); err != nil {
			t.Errorf("with slot %d spoilt the service is read-only: %v", slot, err)
		}
		p.end()
		if list := p.problems(); len(list) > 0 {
			t.Errorf("after a start with slot %d spoilt the check says %q", slot, list)
		}
	}
	for _, bad := range [][]byte{{}, good[:100], make([]byte, len(good)), append(good, good...)} {
		must(t, os.WriteFile(heads, bad, 0o600))
		p.readOnly("has no log head")
	}
}

// TestHeadThatWasNotServed has the process end between the head file and the
// database: what nobody was served is not missed, and what was served before is,
// marked or not.
func TestHeadThatWasNotServed(t *testing.T) {
	p := newProgramme(t)
	db, heads := store.Path(p.dir), filepath.Join(p.dir, "log.head")
	p.end()
	copyFile(t, db, db+".first")
	p.start()
	must(t, p.accredit("A-1"))
	p.end()
	copyFile(t, db, db+".second")
	p.start()
	must(t, p.accredit("A-2"))
	p.end()
	served, err := os.ReadFile(heads)
	must(t, err)
	const mark = "served\n"
	newest, older := 0, 1 // slots; the newest head has three entries: the first is about the quorum
	half := len(served) / 2
	if strings.Contains(string(served[half:]), "\n3\n") && !strings.Contains(string(served[:half]), "\n3\n") {
		newest, older = 1, 0
	}
	without := func(slots ...int) []byte {
		text := append([]byte(nil), served...)
		for _, slot := range slots {
			end := text[slot*half : (slot+1)*half]
			if !strings.HasSuffix(string(end), mark) {
				t.Fatalf("slot %d is not marked: %q", slot, end[half-20:])
			}
			copy(end[half-len(mark):], strings.Repeat("\n", len(mark)))
		}
		return text
	}
	for _, c := range []struct {
		db, why string
		heads   []byte
	}{
		{".second", "", without(newest)},
		{".second", "", without(newest, older)},
		{".second", "the last 1 are missing", served},
		{".first", "the last 2 are missing", without(newest)},
		{".first", "the last 2 are missing", without(newest, older)},
	} {
		copyFile(t, db+c.db, db)
		must(t, os.WriteFile(heads, c.heads, 0o600))
		if c.why != "" {
			p.readOnly(c.why)
			continue
		}
		p.start()
		if err := p.accredit("B-2"); err != nil {
			t.Errorf("%s: a head that nobody was served has the service read-only: %v", c.db, err)
		}
		p.end()
		if list := p.problems(); len(list) > 0 {
			t.Errorf("%s: then the check says %q", c.db, list)
		}
	}
}

// TestDamagedDatabase cuts the database off, and zeroes a page of it: neither is
// served, and of both the check says what is wrong.
func TestDamagedDatabase(t *testing.T) {
	p := newProgramme(t)
	p.end()
	db := store.Path(p.dir)
	good, err := os.ReadFile(db)
	must(t, err)
	zeroed := append([]byte(nil), good...)
	clear(zeroed[:16<<10])
	for name, bad := range map[string][]byte{"empty": {}, "short": good[:5000], "half": good[:5*16<<10], "zeroed": zeroed} {
		must(t, os.WriteFile(db, bad, 0o600))
		if _, err := daemon.Open(ctx, p.config(), options()); err == nil || !strings.Contains(err.Error(), "the database is damaged: ") {
			t.Errorf("%s: it opens: %v", name, err)
		}
		if err := daemon.Check(ctx, p.config(), nil, labeltest.Problems(func(string) {})); err == nil || !strings.Contains(err.Error(), "the database is damaged: ") {
			t.Errorf("%s: the check says %v", name, err)
		}
	}
	must(t, os.WriteFile(db, good, 0o600))
}

// TestBrokenStoreEndsTheService takes the head file away from under a service: the
// next head cannot be kept, nothing is answered, and the process ends.
func TestBrokenStoreEndsTheService(t *testing.T) {
	p := newProgramme(t)
	must(t, p.accredit("A-1"))
	head := p.daemon.Authority.Checkpoint()
	p.daemon.BreakHeadFile()
	if err := p.accredit("A-2"); label.KindOf(err) != label.Unavailable {
		t.Errorf("a write is answered with %v", err)
	}
	if now := p.daemon.Authority.Checkpoint(); string(now) != string(head) {
		t.Error("a head was served that was not kept")
	}
	select {
	case err := <-p.ended:
		if err == nil || !strings.Contains(err.Error(), "head file") {
			t.Errorf("the service ended with %v", err)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the service goes on")
	}
}
