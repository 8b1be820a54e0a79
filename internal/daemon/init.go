package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// OperatorKey is the name of the operators' first private key, which Init makes
// and enrols.
const OperatorKey = "operator.key"

// FirstPerson is what the person who holds the operators' first key is called, where
// nobody names that person otherwise.
const FirstPerson = "operator"

// Init makes a programme in dir: keys for labels, log and operator, encrypted
// with the passphrase (plain where that is empty), the database with an empty
// log, the file that keeps the log's newest head, and the configuration file. The
// operator's key is that of one person of the authority, who decides alone who may act for it until another
// is enrolled. It refuses a directory that holds any of these files, and writes the
// configuration last, so that a directory without one was not finished.
func Init(ctx context.Context, dir string, c Config, person string, passphrase []byte, now time.Time) error {
	c.dir = dir
	c.LabelKey, c.Log.Key, c.LabelKeyFrom = "label.key", "log.key", now.UTC().Truncate(time.Second)
	if c.Limits == (LimitsConfig{}) {
		c.Limits = DefaultLimits()
	}
	if c.Log.Head == "" {
		c.Log.Head = "log.head"
	}
	if err := c.check(); err != nil {
		return err
	}
	org := label.Organization{
		ID: c.Authority.ID, Name: c.Authority.Name, URL: c.Authority.URL,
		Roles: []label.Role{label.RoleOperator}, Enrolled: now.UTC().Truncate(time.Second),
	}
	if err := org.Validate(); err != nil {
		return label.Within("authority", err)
	}
	first := label.Person{ID: person, Organization: org.ID, Added: org.Enrolled}
	adds := &label.RegistryRequest{Act: label.ActAddPerson, Organization: org.ID, Person: first.ID, Made: org.Enrolled}
	adds.Address(c.URL)
	if err := adds.Validate(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	for _, name := range []string{ConfigName, c.LabelKey, c.Log.Key, c.Log.Head, OperatorKey, filepath.Base(store.Path(dir))} {
		if _, err := os.Lstat(c.path(name)); err == nil {
			return fmt.Errorf("%s exists in %s; a programme is made once, remove the directory to begin anew", name, dir)
		}
	}
	programme, err := c.programme()
	if err != nil {
		return err
	}
	if _, err := c.tls(); err != nil {
		return err
	}
	for name, algorithm := range map[string]string{c.LabelKey: "ecdsa-p256", c.Log.Key: "ed25519", OperatorKey: "ecdsa-p256"} {
		if _, err := envelope.WriteKey(filepath.Join(dir, name), algorithm, passphrase); err != nil {
			return fmt.Errorf("making the key %s: %w", name, err)
		}
	}
	trust, err := c.trust(ctx, c.URL, programme)
	if err != nil {
		return err
	}
	issuer, err := c.issuer(ctx, func() ([]byte, error) { return passphrase, nil }, trust)
	if err != nil {
		return err
	}
	if err := c.initStore(issuer, org, first, now); err != nil {
		return err
	}
	text, err := yaml.Marshal(&c)
	if err != nil {
		return err
	}
	header := "# Configuration of labeld; labeld.example.yaml in its source explains every member.\n"
	return os.WriteFile(filepath.Join(dir, ConfigName), append([]byte(header), text...), 0o600)
}

// initStore makes the database and enrols the authority with the first person, who holds
// the operators' first key.
func (c *Config) initStore(issuer *issue.Issuer, org label.Organization, first label.Person, now time.Time) error {
	head := store.Head{Tree: translog.Empty()}
	var err error
	if head.Checkpoint, err = issuer.Checkpoint(head.Tree, now); err != nil {
		return err
	}
	if err := store.Create(c.dir, c.Log.Origin, head, now); err != nil {
		return err
	}
	pub, err := readPublic(filepath.Join(c.dir, envelope.PublicName(OperatorKey)))
	if err != nil {
		return err
	}
	s, err := store.Open(c.dir)
	if err != nil {
		return err
	}
	b := &store.Batch{At: now, From: head.Tree}
	b.Add((*store.Organization)(&org), (*store.Person)(&first),
		&store.Key{ID: pub.ID, Organization: org.ID, Person: first.ID, PEM: pub.PEM, Algorithm: pub.Algorithm, From: org.Enrolled, Enrolled: org.Enrolled})
	err = s.Commit(b)
	if err = errors.Join(err, s.Close()); err != nil {
		return err
	}
	return store.CreateHeadFile(c.path(c.Log.Head), head.Checkpoint)
}
