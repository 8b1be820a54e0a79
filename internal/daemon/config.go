package daemon

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/meter"
	"labeld/internal/qr"
	"labeld/internal/rpc"
	"labeld/internal/scheme"
	"labeld/labels"
)

// ConfigName is the configuration's file name in a data directory.
const ConfigName = "labeld.yaml"

// A Config is everything an operator decides. It is read strictly: a member
// that is not listed here is an error. Paths are relative to the directory of
// the configuration file. labeld.example.yaml shows every member.
type Config struct {
	// URL is the public base URL of the HTTP side: scheme, host and port, no
	// path. It stands in every label and every QR code; changing it later
	// leaves old labels pointing to the old address. On loopback its port may be
	// 0: that of the HTTP side is then put in, for demos and tests. Required.
	URL string `yaml:"url"`

	// HTTP and GRPC are the addresses to listen on, host:port; port 0 takes a
	// free one. Off loopback, TLS is required. Default 127.0.0.1:8080 and
	// 127.0.0.1:8443.
	HTTP string `yaml:"http"`
	GRPC string `yaml:"grpc"`

	// Audiences are the names, host:port, by which caller tokens may address
	// the gRPC side. Default: the address it listens on.
	Audiences []string `yaml:"audiences"`

	// Authority is who runs the programme. Its ID is the operators'
	// organization. Required.
	Authority AuthorityConfig `yaml:"authority"`

	// Log is the transparency log.
	Log LogConfig `yaml:"log"`

	// LabelKey signs labels: a PEM file, plain or encrypted by cosign, or a KMS
	// URI. Default label.key.
	LabelKey string `yaml:"label_key"`

	// LabelKeyFrom is when LabelKey came into use. Verifiers refuse a label that
	// says it is older. Default: always.
	LabelKeyFrom time.Time `yaml:"label_key_from"`

	// RetiredKeys are earlier label keys, which still verify labels issued in
	// their time.
	RetiredKeys []RetiredKey `yaml:"retired_keys"`

	// Labels is a directory with programme data to serve instead of the data
	// that is built in.
	Labels string `yaml:"labels"`

	// PrivateWebhooks lets webhooks lead to loopback, link-local and private
	// addresses, and to plain http on loopback. Organizations choose where
	// webhooks lead, so that with it they can have this service knock on doors
	// inside its network: for demonstrations and tests. Default false.
	PrivateWebhooks bool `yaml:"private_webhooks"`

	// ClientHeader is the header in which a proxy in front of the HTTP side says
	// whom it asks for, such as X-Forwarded-For: calls of the API are counted by
	// client. What clients themselves put there must not get through. Default:
	// none, clients connect themselves.
	ClientHeader string `yaml:"client_header"`

	// TLS is the certificate for both listeners. Without it, both must be on
	// loopback.
	TLS TLSConfig `yaml:"tls"`

	// Limits bound what others may have this service keep, and what it uses itself.
	Limits LimitsConfig `yaml:"limits"`

	dir string // of the configuration file
}

// LimitsConfig bounds what others may have this service keep, and what it uses itself.
// To an organization that has used a quota up it is said which member raises it.
type LimitsConfig struct {
	// Calls is how many gRPC calls an organization may make a minute, and how many at
	// once after a pause. Operators may make as many as they like. Default 6000.
	Calls int `yaml:"calls"`

	// Devices and Pictures are how many devices a manufacturer may have registered,
	// and how many pictures of them, of 256 KiB at most. Operators can register and
	// send more for it. Default 10000 and 2000.
	Devices  int `yaml:"devices"`
	Pictures int `yaml:"pictures"`

	// TestNotices is how many test notices an organization may have sent to its
	// webhooks an hour. Default 20.
	TestNotices int `yaml:"test_notices"`

	// DailyMiB is how much an organization may send a day, in MiB. Default 256.
	DailyMiB int `yaml:"daily_mib"`

	// ReserveMiB is how much of the disk is kept for the authority's own acts, in
	// MiB: where less is free, submissions and reports of others are refused, so that
	// labels can still be suspended. With 0 nothing is kept. Default 256.
	ReserveMiB int `yaml:"reserve_mib"`

	// Signatures is how many statements are signed at the same time with the label key:
	// as many as the key management system answers at a time that holds it. Default 16.
	Signatures int `yaml:"signatures"`

	// MemoryMiB is the soft limit of the memory that this service uses for itself, in
	// MiB, beside the part of the database that the operating system keeps in memory.
	// With less than three times what lives in it, collecting takes the time of
	// everything else. The environment's GOMEMLIMIT stands against it. Default 0: 256,
	// in a large registry 128 and three quarters of one for each thousand log entries,
	// and no more than half of what the machine or its container has.
	MemoryMiB int `yaml:"memory_mib"`
}

// DefaultLimits returns the limits of a service whose operator has not thought of any.
func DefaultLimits() LimitsConfig {
	return LimitsConfig{
		Calls: meter.PerOrganization / rpc.CallUnits, Devices: authority.DefaultDevices, Pictures: authority.DefaultPictures,
		TestNotices: authority.DefaultTestNotices, DailyMiB: authority.DefaultDailyBytes >> 20, ReserveMiB: 256, Signatures: authority.DefaultSigners,
	}
}

// mostLimit bounds every limit, so that it can be reckoned with in bytes.
const mostLimit = 1 << 30

func (l *LimitsConfig) check() error {
	for _, f := range []struct {
		name         string
		value, least int
	}{
		{"calls", l.Calls, 1}, {"devices", l.Devices, 1}, {"pictures", l.Pictures, 1}, {"test_notices", l.TestNotices, 1}, {"daily_mib", l.DailyMiB, 1}, {"reserve_mib", l.ReserveMiB, 0}, {"signatures", l.Signatures, 1},
	} {
		if f.value < f.least || f.value > mostLimit {
			return fmt.Errorf("limits.%s: is %d; give at least %d and at most %d, or leave it out for the default", f.name, f.value, f.least, mostLimit)
		}
	}
	if l.MemoryMiB != 0 && (l.MemoryMiB < leastMemoryMiB || l.MemoryMiB > mostLimit) {
		return fmt.Errorf("limits.memory_mib: is %d; give at least %d and at most %d, or 0 to have it follow the registry and the machine", l.MemoryMiB, leastMemoryMiB, mostLimit)
	}
	return nil
}

func (l *LimitsConfig) quotas() authority.Quotas {
	return authority.Quotas{Devices: l.Devices, Pictures: l.Pictures, TestNotices: l.TestNotices, DailyBytes: l.DailyMiB << 20}
}

// AuthorityConfig says who runs the programme.
type AuthorityConfig struct {
	ID   string `yaml:"id"`   // identifier of the operators' organization
	Name string `yaml:"name"` // as shown on labels
	URL  string `yaml:"url"`  // public web page, https; optional
}

// LogConfig says what the transparency log is called and who signs it.
type LogConfig struct {
	Origin string `yaml:"origin"` // c2sp.org/tlog-checkpoint origin; fixed for ever
	Key    string `yaml:"key"`    // Ed25519 key file, default log.key

	// Head is the file that keeps the newest log head that was served. A database
	// that does not continue it is an older copy, and is only shown. Best on
	// another disk than the database; in no backup. Default log.head.
	Head string `yaml:"head"`
}

// A RetiredKey is a label key that is no longer used to sign.
type RetiredKey struct {
	Public string    `yaml:"public"` // PEM file with the public key
	From   time.Time `yaml:"from"`
	Until  time.Time `yaml:"until"`
}

// TLSConfig names a certificate chain and its private key, PEM files.
type TLSConfig struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// LoadConfig reads the configuration of a data directory.
func LoadConfig(dir string) (*Config, error) {
	path := filepath.Join(dir, ConfigName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no %s in %s; \"labeld init\" makes one", ConfigName, dir)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	c, err := ParseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	c.dir = dir
	return c, nil
}

// ParseConfig reads a configuration and fills in defaults.
func ParseConfig(text []byte) (*Config, error) {
	c := &Config{
		HTTP: "127.0.0.1:8080", GRPC: "127.0.0.1:8443",
		LabelKey: "label.key", Log: LogConfig{Key: "log.key", Head: "log.head"},
		Limits: DefaultLimits(),
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err == nil && len(doc.Content) > 0 {
		if err := misread(doc.Content[0], reflect.TypeFor[Config](), ""); err != nil {
			return nil, err
		}
	}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	dec.KnownFields(true)
	if err := dec.Decode(c); err != nil {
		return nil, fmt.Errorf("%s", strings.ReplaceAll(err.Error(), "in type daemon.", "among "))
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("has more than one YAML document; what follows the first would not count")
	}
	return c, c.check()
}

func (c *Config) check() error {
	if e, ok := errors.AsType[*label.Error](qr.CheckBase(strings.TrimSuffix(c.URL, ":0"))); ok {
		return fmt.Errorf("url: %s", e.Text)
	}
	if host, ok := strings.CutPrefix(c.URL, "http://"); ok && !loopback(withPort(host)) {
		return fmt.Errorf("url: %s is plain http; a code that people scan must lead to https", c.URL)
	}
	for _, f := range []struct{ name, value string }{
		{"authority.id", c.Authority.ID}, {"authority.name", c.Authority.Name}, {"log.origin", c.Log.Origin},
		{"log.key", c.Log.Key}, {"log.head", c.Log.Head}, {"label_key", c.LabelKey}, {"http", c.HTTP}, {"grpc", c.GRPC},
	} {
		if f.value == "" {
			return fmt.Errorf("%s: is required", f.name)
		}
	}
	party := c.party()
	if err := party.Validate(); err != nil {
		return label.Within("authority", err)
	}
	for _, f := range []struct{ name, addr string }{{"http", c.HTTP}, {"grpc", c.GRPC}} {
		_, port, err := net.SplitHostPort(f.addr)
		if err != nil || port == "" {
			return fmt.Errorf("%s: is %q; give host and port, such as 127.0.0.1:8080", f.name, f.addr)
		}
		if f.name == "grpc" && f.addr == c.HTTP && port != "0" {
			return fmt.Errorf("grpc: is %s, where http listens; give it a port of its own", f.addr)
		}
		if !loopback(f.addr) && c.TLS.Cert == "" {
			return fmt.Errorf("tls: %s is not a loopback address; give tls.cert and tls.key, or listen on 127.0.0.1 behind a proxy", f.addr)
		}
	}
	for i, name := range c.Audiences {
		if name == "" || strings.ContainsAny(name, "/ ") {
			return fmt.Errorf("audiences[%d]: is %q; give host and port as callers do, without https://, such as labels.example.org:8443", i, name)
		}
	}
	if c.ClientHeader != "" && strings.Trim(strings.ToLower(c.ClientHeader), headerLetters) != "" {
		return fmt.Errorf("client_header: %q is not the name of a header; give one such as X-Forwarded-For, without a colon", c.ClientHeader)
	}
	if strings.ContainsFunc(c.Log.Origin, func(r rune) bool { return unicode.IsSpace(r) || r == '+' }) || !utf8.ValidString(c.Log.Origin) {
		return fmt.Errorf("log.origin: is %q; no space and no + can stand in it, give a name such as labels.example.org/log", c.Log.Origin)
	}
	for _, f := range []struct{ name, key string }{{"label_key", c.LabelKey}, {"log.key", c.Log.Key}} {
		if private, ok := strings.CutSuffix(f.key, ".pub"); ok && !strings.Contains(f.key, "://") {
			return fmt.Errorf("%s: %s is the public key; name the private one, which lies beside it, such as %s.key", f.name, f.key, private)
		}
	}
	if (c.TLS.Cert == "") != (c.TLS.Key == "") {
		return errors.New("tls: cert and key go together")
	}
	if err := c.Limits.check(); err != nil {
		return err
	}
	for i, k := range c.RetiredKeys {
		switch name := fmt.Sprintf("retired_keys[%d]", i); {
		case k.Public == "":
			return fmt.Errorf("%s.public: is required: the PEM file with the public key", name)
		case k.Until.IsZero():
			return fmt.Errorf("%s.until: is required: the instant from which the key was no longer used", name)
		case !k.Until.After(k.From):
			return fmt.Errorf("%s.until: is %s, which is not after its from, %s", name, instant(k.Until), instant(k.From))
		}
	}
	return nil
}

// headerLetters are what the name of a header is made of (RFC 9110, 5.6.2), in lower
// case.
const headerLetters = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"

// misread refuses a value that its member of the configuration cannot take, in the
// words of that member: the decoder knows only the line. Members that there are not
// are left to the decoder.
func misread(n *yaml.Node, t reflect.Type, name string) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	refuse := func(want string) error {
		is := fmt.Sprintf("%q", n.Value)
		switch n.Kind {
		case yaml.SequenceNode:
			is = "a list"
		case yaml.MappingNode:
			is = "members"
		}
		return fmt.Errorf("%s: is %s, in line %d; give %s", cmp.Or(name, "the configuration"), is, n.Line, want)
	}
	switch {
	case n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null":
		return nil // its default
	case t == reflect.TypeFor[time.Time]():
		if n.Decode(new(time.Time)) != nil {
			return refuse("an instant, such as 2026-11-01T00:00:00Z")
		}
		return nil
	case t.Kind() == reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			return refuse("a list")
		}
		for i, item := range n.Content {
			if err := misread(item, t.Elem(), fmt.Sprintf("%s[%d]", name, i)); err != nil {
				return err
			}
		}
		return nil
	case t.Kind() == reflect.Struct:
		if n.Kind != yaml.MappingNode {
			return refuse("its members")
		}
		for i := 0; i+1 < len(n.Content); i += 2 {
			f, ok := member(t, n.Content[i].Value)
			if !ok {
				continue
			}
			if err := misread(n.Content[i+1], f.Type, strings.TrimPrefix(name+"."+n.Content[i].Value, ".")); err != nil {
				return err
			}
		}
		return nil
	}
	if n.Decode(reflect.New(t).Interface()) != nil {
		return refuse(map[reflect.Kind]string{reflect.Int: "a whole number", reflect.Bool: "true or false", reflect.String: "a text"}[t.Kind()])
	}
	return nil
}

// member returns the field of a struct that the configuration knows by a name.
func member(t reflect.Type, name string) (reflect.StructField, bool) {
	return t.FieldByNameFunc(func(field string) bool {
		f, _ := t.FieldByName(field)
		return f.Tag.Get("yaml") == name
	})
}

// loopback reports whether an address to listen on is reached from this
// machine only. An empty host listens everywhere.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// behindProxy reports whether people can reach the HTTP side only by way of something
// else: it listens on loopback, and its public address is not there.
func (c *Config) behindProxy() bool {
	_, host, _ := strings.Cut(c.URL, "://")
	return loopback(c.HTTP) && !loopback(withPort(host))
}

func withPort(host string) string {
	if strings.Contains(host, ":") {
		return host
	}
	return host + ":80"
}

// path returns a configured path as seen from here.
func (c *Config) path(p string) string {
	if filepath.IsAbs(p) || strings.Contains(p, "://") {
		return p
	}
	return filepath.Join(c.dir, p)
}

// data returns the programme data to serve.
func (c *Config) data() fs.FS {
	if c.Labels == "" {
		return labels.FS
	}
	return os.DirFS(c.path(c.Labels))
}

// programme reads the criteria of the programme data.
func (c *Config) programme() (*scheme.Programme, error) {
	p, err := scheme.Load(c.data())
	if err != nil && c.Labels != "" {
		err = fmt.Errorf("labels: in %s: %w", c.path(c.Labels), err)
	}
	return p, err
}

func (c *Config) tls() (*tls.Config, error) {
	if c.TLS.Cert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(c.path(c.TLS.Cert), c.path(c.TLS.Key))
	if err != nil {
		return nil, fmt.Errorf("tls: certificate %s and key %s (paths are relative to the data directory): %w", c.path(c.TLS.Cert), c.path(c.TLS.Key), err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}, nil
}

func (c *Config) party() label.Party {
	return label.Party{ID: c.Authority.ID, Name: c.Authority.Name, URL: c.Authority.URL}
}
