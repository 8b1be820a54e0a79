package daemon_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"labeld/internal/daemon"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/verify"
	"labeld/labels"
)

var ctx = context.Background()

// config is a small valid configuration on loopback, with free ports.
func config() daemon.Config {
	return daemon.Config{
		URL: "http://127.0.0.1:0", HTTP: "127.0.0.1:0", GRPC: "127.0.0.1:0",
		Authority: daemon.AuthorityConfig{ID: "test-authority", Name: "Test Authority"},
		Log:       daemon.LogConfig{Origin: "labels.test/log"},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func options() daemon.Options {
	return daemon.Options{
		Passphrase: func() ([]byte, error) { return []byte("secret"), nil },
		Log:        slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func TestExampleConfigIsComplete(t *testing.T) {
	text, err := os.ReadFile("labeld.example.yaml")
	must(t, err)
	c, err := daemon.ParseConfig(text)
	must(t, err)
	if c.URL == "" || len(c.Audiences) == 0 || c.Authority.URL == "" || c.Log.Key == "" || c.LabelKey == "" || c.LabelKeyFrom.IsZero() || c.Log.Head == "log.head" ||
		len(c.RetiredKeys) == 0 || c.Labels == "" || c.TLS.Cert == "" || c.TLS.Key == "" || c.HTTP == "" || c.GRPC == "" || c.ClientHeader == "" {
		t.Errorf("the example does not show every member: %+v", c)
	}
}

// TestLimitsHaveDefaults reads a configuration that names one limit, or none.
func TestLimitsHaveDefaults(t *testing.T) {
	good := "url: https://labels.example.org\nauthority: {id: a, name: A}\nlog: {origin: labels.example.org/log}\n"
	standard := daemon.LimitsConfig{Calls: 6000, Devices: 10_000, Pictures: 2000, TestNotices: 20, DailyMiB: 256, ReserveMiB: 256, Signatures: 16}
	example, err := os.ReadFile("labeld.example.yaml")
	must(t, err)
	other := standard
	other.Pictures, other.ReserveMiB = 7, 0
	for text, want := range map[string]daemon.LimitsConfig{good: standard, string(example): standard, good + "limits: {pictures: 7, reserve_mib: 0}\n": other} {
		if c, err := daemon.ParseConfig([]byte(text)); err != nil || c.Limits != want {
			t.Errorf("the limits are %+v, want %+v (%v)", c.Limits, want, err)
		}
	}
}

func TestConfigRefusals(t *testing.T) {
	good := "url: https://labels.example.org\nauthority: {id: a, name: A}\nlog: {origin: labels.example.org/log}\n"
	if _, err := daemon.ParseConfig([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ text, want string }{
		"unknown member":     {good + "colour: red\n", "colour"},
		"no url":             {"authority: {id: a, name: A}\nlog: {origin: o}\n", "url"},
		"url with a path":    {strings.Replace(good, ".org\n", ".org/labels\n", 1), "url"},
		"plain http":         {strings.Replace(good, "https:", "http:", 1), "https"},
		"no authority":       {"url: https://labels.example.org\nlog: {origin: o}\n", "authority.id"},
		"no origin":          {"url: https://labels.example.org\nauthority: {id: a, name: A}\n", "log.origin"},
		"open to the world":  {good + "grpc: 0.0.0.0:8443\n", "tls"},
		"open on all hosts":  {good + "http: :8080\n", "tls"},
		"certificate no key": {good + "tls: {cert: c.pem}\n", "cert and key"},
		"address":            {good + "http: nowhere\n", "http: "},
		"a limit":            {good + "limits: {devices: -1}\n", "limits.devices"},
		"no daily limit":     {good + "limits: {daily_mib: 0}\n", "limits.daily_mib"},
		"unknown limit":      {good + "limits: {labels: 5}\n", "labels"},
		"a second document":  {good + "---\nlabel_key: other.key\n", "more than one YAML document"},
		"retired key":        {good + "retired_keys: [{public: p}]\n", "retired_keys[0].until: "},
		"retired key nobody": {good + "retired_keys: [{until: 2026-11-01T00:00:00Z}]\n", "retired_keys[0].public: "},
		"retired backwards":  {good + "retired_keys: [{public: p, from: 2026-11-01T00:00:00Z, until: 2025-11-01T00:00:00Z}]\n", "retired_keys[0].until: "},
		"no instant":         {good + "label_key_from: yesterday\n", `label_key_from: is "yesterday", in line 4; give an instant`},
		"no instant deeper":  {good + "retired_keys:\n  - public: p\n    from: then\n", `retired_keys[0].from: is "then", in line 6; give an instant`},
		"no number":          {good + "limits: {devices: many}\n", `limits.devices: is "many", in line 4; give a whole number`},
		"no truth":           {good + "private_webhooks: perhaps\n", `private_webhooks: is "perhaps", in line 4; give true or false`},
		"a list as a text":   {good + "label_key: [a, b]\n", "label_key: is a list, in line 4; give a text"},
		"a text as a list":   {good + "audiences: a\n", `audiences: is "a", in line 4; give a list`},
		"a text as members":  {good + "limits: 5\n", `limits: is "5", in line 4; give its members`},
		"header name":        {good + "client_header: \"X Y\"\n", "client_header: "},
		"header with colon":  {good + "client_header: \"X-Forwarded-For:\"\n", "client_header: "},
		"public label key":   {good + "label_key: label.pub\n", "label_key: label.pub is the public key"},
		"public log key":     {strings.Replace(good, "/log}", "/log, key: log.pub}", 1), "log.key: log.pub is the public key"},
		"origin":             {strings.Replace(good, "labels.example.org/log}", "\"labels of example\"}", 1), "log.origin: "},
		"one address":        {good + "http: 127.0.0.1:8080\ngrpc: 127.0.0.1:8080\n", "grpc: "},
		"audience":           {good + "audiences: [\"https://labels.example.org\"]\n", "audiences[0]: "},
		"too much":           {good + "limits: {daily_mib: 99999999999}\n", "limits.daily_mib"},
		"url without host":   {strings.Replace(good, "https://labels.example.org", "labels.example.org", 1), "url: must begin"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := daemon.ParseConfig([]byte(tc.text))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want an error that names %q", err, tc.want)
			}
		})
	}
}

func TestInitOnceAndServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "programme")
	must(t, daemon.Init(ctx, dir, config(), daemon.FirstPerson, []byte("secret"), time.Now()))
	if err := daemon.Init(ctx, dir, config(), daemon.FirstPerson, []byte("secret"), time.Now()); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Fatalf("a second init gave %v", err)
	}
	for _, name := range []string{"label.key", "log.key", daemon.OperatorKey} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		must(t, err)
		if !bytes.Contains(text, []byte("ENCRYPTED SIGSTORE PRIVATE KEY")) {
			t.Errorf("%s is not encrypted", name)
		}
		if fi, err := os.Stat(filepath.Join(dir, name)); err != nil || fi.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", name, fi.Mode(), err)
		}
	}
	c, err := daemon.LoadConfig(dir)
	must(t, err)
	wrong := options()
	wrong.Passphrase = func() ([]byte, error) { return []byte("wrong"), nil }
	if _, err := daemon.Open(ctx, c, wrong); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Fatalf("a wrong passphrase gave %v", err)
	}
	d, err := daemon.Open(ctx, c, options())
	must(t, err)
	serving, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- d.Serve(serving) }()
	resp, err := http.Get(d.URL + "/.well-known/labeld.json")
	must(t, err)
	text, err := io.ReadAll(resp.Body)
	must(t, err)
	resp.Body.Close()
	trust, err := verify.ParseTrust(text)
	must(t, err)
	if trust.URL != d.URL || trust.Log.Origin != "labels.test/log" || len(trust.Schemes) != 1 {
		t.Errorf("the trust file says %+v", trust)
	}
	stop()
	must(t, <-done)
	must(t, daemon.Check(ctx, c, nil, labeltest.Problems(func(p string) { t.Errorf("check: %s", p) })))
}

// TestOpenMakesNothing takes away one file after the other: each is missed, and
// none is made.
func TestOpenMakesNothing(t *testing.T) {
	for _, name := range []string{"label.key", "label.pub", "log.key", "log.pub", "labeld.db", daemon.ConfigName} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "programme")
			must(t, daemon.Init(ctx, dir, config(), daemon.FirstPerson, nil, time.Now()))
			must(t, os.Remove(filepath.Join(dir, name)))
			c, err := daemon.LoadConfig(dir)
			if err == nil {
				_, err = daemon.Open(ctx, c, options())
			}
			if err == nil {
				t.Fatal("opened")
			}
			if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
				t.Error("the missing file was made")
			}
		})
	}
}

// TestIdentityStays changes, in the configuration of a programme that has signed
// something, what its labels cannot do without.
func TestIdentityStays(t *testing.T) {
	p := newProgramme(t)
	other := filepath.Join(t.TempDir(), "b")
	must(t, daemon.Init(ctx, other, config(), daemon.FirstPerson, nil, time.Now()))
	edited := filepath.Join(t.TempDir(), "labels")
	must(t, os.CopyFS(edited, labels.FS))
	path := filepath.Join(edited, "schemes", "four-level", "2026.2.yaml")
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, append(text, "# Softened.\n"...), 0o600))
	spoils := map[string]func(*daemon.Config){
		"url":       func(c *daemon.Config) { c.URL = "http://127.0.0.1:9999" },
		"label_key": func(c *daemon.Config) { c.LabelKey = filepath.Join(other, "label.key") },
		"edited":    func(c *daemon.Config) { c.Labels = edited },
	}
	open := func(spoil func(*daemon.Config)) error {
		c := p.config()
		spoil(c)
		d, err := daemon.Open(ctx, c, options())
		if err == nil {
			stopped, stop := context.WithCancel(ctx)
			stop()
			must(t, d.Serve(stopped))
		}
		return err
	}
	p.end()
	for name, spoil := range spoils { // nothing was signed yet, so that all may change
		if err := open(spoil); err != nil {
			t.Errorf("%s, before anything was signed: %v", name, err)
		}
	}
	p.start()
	must(t, p.accredit("A-1"))
	p.end()
	for name, says := range map[string]string{"url": "fixed for ever", "label_key": "retired_keys"} {
		if err := open(spoils[name]); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// No label names the scheme, which may still be fixed.
	if err := open(spoils["edited"]); err != nil {
		t.Errorf("a scheme that no label names: %v", err)
	}
	// With its predecessor among the retired keys another label key is a rotation.
	if err := open(func(c *daemon.Config) {
		c.LabelKey = filepath.Join(other, "label.key")
		c.RetiredKeys = []daemon.RetiredKey{{Public: "label.pub", From: c.LabelKeyFrom, Until: time.Now().Add(time.Hour)}}
	}); err != nil {
		t.Errorf("a rotation: %v", err)
	}
}

func TestOpenRefusesOtherKeysAndOrigins(t *testing.T) {
	dir, other := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	must(t, daemon.Init(ctx, dir, config(), daemon.FirstPerson, nil, time.Now()))
	must(t, daemon.Init(ctx, other, config(), daemon.FirstPerson, nil, time.Now()))
	for name, spoil := range map[string]func(*testing.T, *daemon.Config){
		"log.origin": func(_ *testing.T, c *daemon.Config) { c.Log.Origin = "elsewhere/log" },
		"label_key":  func(_ *testing.T, c *daemon.Config) { c.LabelKey = filepath.Join(other, "label.key") },
		"log.key":    func(_ *testing.T, c *daemon.Config) { c.Log.Key = filepath.Join(other, "log.key") },
		"data":       func(_ *testing.T, c *daemon.Config) { c.Labels = other },
	} {
		t.Run(name, func(t *testing.T) {
			c, err := daemon.LoadConfig(dir)
			must(t, err)
			spoil(t, c)
			d, err := daemon.Open(ctx, c, options())
			if name == "label_key" {
				// Another label key is a rotation, and is allowed.
				must(t, err)
				stopped, stop := context.WithCancel(ctx)
				stop()
				must(t, d.Serve(stopped))
				return
			}
			if err == nil {
				t.Error("opened")
			}
		})
	}
}

// TestKeysWereInUse gives wrong times to the label keys of a programme, as somebody
// does who rotates a key and takes the wrong day: neither is it served, nor does the
// check blame the database.
func TestKeysWereInUse(t *testing.T) {
	p := newProgramme(t)
	other := filepath.Join(t.TempDir(), "b")
	must(t, daemon.Init(ctx, other, config(), daemon.FirstPerson, nil, time.Now()))
	p.end()
	began := time.Now().UTC().Truncate(time.Second)
	hour := func(n int) time.Time { return began.Add(time.Duration(n) * time.Hour) }
	now := began
	open := func(c *daemon.Config) (*daemon.Daemon, error) {
		o := options()
		o.Clock, o.Elapsed = func() time.Time { return now }, func() time.Duration { return now.Sub(began) }
		return daemon.Open(ctx, c, o)
	}
	end := func(d *daemon.Daemon) {
		stopped, stop := context.WithCancel(ctx)
		stop()
		must(t, d.Serve(stopped))
	}
	rotated := func() *daemon.Config {
		c := p.config()
		c.LabelKey, c.LabelKeyFrom = filepath.Join(other, "label.key"), hour(4)
		c.RetiredKeys = []daemon.RetiredKey{{Public: "label.pub", From: hour(-1), Until: hour(4)}}
		return c
	}
	first := p.config()
	first.LabelKeyFrom = hour(-1)
	for i, sign := range []struct {
		at int
		c  *daemon.Config
	}{{1, first}, {2, first}, {5, rotated()}, {6, rotated()}} { // each with the heads of the audit trail that are due
		now = hour(sign.at)
		var err error
		p.daemon, err = open(sign.c)
		must(t, err)
		must(t, p.accredit("A-"+string(rune('1'+i))))
		end(p.daemon)
	}
	now = hour(24)
	for name, tc := range map[string]struct {
		spoil func(*daemon.Config)
		want  []string
	}{
		"key from after its first entry":     {func(c *daemon.Config) { c.LabelKeyFrom = hour(5).Add(time.Minute) }, []string{"label_key_from: ", "entry 5 ", hour(5).Format(time.RFC3339)}},
		"key from in the future":             {func(c *daemon.Config) { c.LabelKeyFrom = hour(25) }, []string{"label_key_from: ", hour(25).Format(time.RFC3339)}},
		"retired from after its first entry": {func(c *daemon.Config) { c.RetiredKeys[0].From = hour(2) }, []string{"retired_keys[0].from: ", "entry 0 ", hour(1).Format(time.RFC3339)}},
		"retired until its last entry":       {func(c *daemon.Config) { c.RetiredKeys[0].Until = hour(2) }, []string{"retired_keys[0].until: ", "entry 4 ", hour(2).Add(time.Second).Format(time.RFC3339)}},
		"retired until before it began":      {func(c *daemon.Config) { c.RetiredKeys[0].Until = hour(0) }, []string{"retired_keys[0].until: ", "entry 4 "}},
	} {
		c := rotated()
		tc.spoil(c)
		d, err := open(c)
		if err == nil {
			end(d)
		}
		checked := err
		if name != "key from in the future" { // the check goes by the machine's clock
			checked = daemon.Check(ctx, c, nil, labeltest.Problems(func(problem string) { t.Errorf("%s: the check says of the database: %s", name, problem) }))
		}
		for _, want := range tc.want {
			if err == nil || !strings.Contains(err.Error(), want) || checked == nil || !strings.Contains(checked.Error(), want) {
				t.Errorf("%s: the service says %v, the check %v, want %q", name, err, checked, want)
			}
		}
	}
	d, err := open(rotated())
	must(t, err)
	end(d)
	must(t, daemon.Check(ctx, rotated(), nil, labeltest.Problems(func(problem string) { t.Error(problem) })))
}

// TestAuthorityStays changes in whose name a programme signs.
func TestAuthorityStays(t *testing.T) {
	p := newProgramme(t)
	p.end()
	var log bytes.Buffer
	open := func(id, name string) error {
		c := p.config()
		c.Authority.ID, c.Authority.Name = id, name
		o := options()
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		d, err := daemon.Open(ctx, c, o)
		if err == nil {
			stopped, stop := context.WithCancel(ctx)
			stop()
			must(t, d.Serve(stopped))
		}
		return err
	}
	refused := func(id, says string) {
		t.Helper()
		if err := open(id, "Test Authority"); err == nil || !strings.Contains(err.Error(), "authority.id: ") || !strings.Contains(err.Error(), says) {
			t.Errorf("as %s it is served: %v", id, err)
		}
	}
	refused("nobody", "not enrolled")
	refused("lab", "not enrolled as an operator")
	p.start()
	must(t, p.register(label.RegistryRequest{
		Act: label.ActEnrolOrg, Organization: "other-authority", Profile: &label.Profile{Name: "Other Authority"}, Roles: []label.Role{label.RoleOperator},
	}))
	must(t, p.accredit("A-1"))
	p.end()
	refused("other-authority", "fixed for ever")
	must(t, open("test-authority", "Test Authority"))
	if strings.Contains(log.String(), "another name") {
		t.Errorf("under its old name the log says %s", log.String())
	}
	must(t, open("test-authority", "New Name")) // names change, and it is said
	if !strings.Contains(log.String(), `before="Test Authority" name="New Name"`) {
		t.Errorf("of the new name the log says %s", log.String())
	}
}

// TestConfigNamesTheKey has the files of keys be missing, or be other ones.
func TestConfigNamesTheKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "programme")
	must(t, daemon.Init(ctx, dir, config(), daemon.FirstPerson, nil, time.Now()))
	until := time.Now().Add(time.Hour)
	for want, spoil := range map[string]func(*daemon.Config){
		"label_key: there is no file " + filepath.Join(dir, "keys.pem.pub") + " with the public key": func(c *daemon.Config) { c.LabelKey = "keys.pem" },
		"log.key: there is no file ": func(c *daemon.Config) { c.Log.Key = "elsewhere.key" },
		"retired_keys[1].public: there is no file " + filepath.Join(dir, "gone.pub"): func(c *daemon.Config) {
			c.RetiredKeys = []daemon.RetiredKey{{Public: "operator.pub", Until: until}, {Public: "gone.pub", Until: until}}
		},
		"retired_keys[0].public: " + filepath.Join(dir, "operator.key") + ": ": func(c *daemon.Config) { c.RetiredKeys = []daemon.RetiredKey{{Public: "operator.key", Until: until}} },
		"retired_keys[0].public: label.pub is the key of label_key":            func(c *daemon.Config) { c.RetiredKeys = []daemon.RetiredKey{{Public: "label.pub", Until: until}} },
		"retired_keys[1].public: operator.pub is the key of retired_keys[0]": func(c *daemon.Config) {
			c.RetiredKeys = []daemon.RetiredKey{{Public: "operator.pub", Until: until}, {Public: "operator.pub", Until: until}}
		},
	} {
		c, err := daemon.LoadConfig(dir)
		must(t, err)
		spoil(c)
		_, err = daemon.Open(ctx, c, options())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestOthersMayWriteTheDatabase opens the files of a programme to everybody, and reads
// what the operator is told.
func TestOthersMayWriteTheDatabase(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "programme")
	must(t, daemon.Init(ctx, dir, config(), daemon.FirstPerson, nil, time.Now()))
	said := func() string {
		var log bytes.Buffer
		c, err := daemon.LoadConfig(dir)
		must(t, err)
		o := options()
		o.Log = slog.New(slog.NewTextHandler(&log, nil))
		d, err := daemon.Open(ctx, c, o)
		must(t, err)
		stopped, stop := context.WithCancel(ctx)
		stop()
		must(t, d.Serve(stopped))
		return log.String()
	}
	if text := said(); strings.Contains(text, "others on this machine") {
		t.Errorf("of what the service alone can read the log says %s", text)
	}
	for _, name := range []string{"labeld.db", "label.key"} {
		must(t, os.Chmod(filepath.Join(dir, name), 0o666))
	}
	text := said()
	for _, want := range []string{"read or write the database", filepath.Join(dir, "labeld.db"), "read a private key", filepath.Join(dir, "label.key")} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not have %q: %s", want, text)
		}
	}
}

// TestReadyNamesTheReason keeps more of the disk for operators than there is: the
// service is ready, and says that only they can write.
func TestReadyNamesTheReason(t *testing.T) {
	p := newProgramme(t)
	if text := p.await("/readyz", 200); !strings.Contains(text, "taking: ok\n") {
		t.Errorf("with room on the disk /readyz says %q", text)
	}
	p.end()
	path := filepath.Join(p.dir, daemon.ConfigName)
	text, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, bytes.Replace(text, []byte("reserve_mib: 256"), []byte("reserve_mib: 1073741824"), 1), 0o600))
	p.start()
	defer p.end()
	if text := p.await("/readyz", 200); !strings.Contains(text, "writing: ok\n") || !strings.Contains(text, "taking: only operators can write: ") {
		t.Errorf("/readyz says %q", text)
	}
	must(t, p.accredit("A-1"))
}
