package daemon

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// What is printed on boxes and signed in a log cannot be changed by a line of a
// configuration. So the database remembers what the programme was served as, and a
// start that would leave labels behind is refused: with another address than the codes
// lead to, in the name of another authority, without a key that signed them, or with
// other criteria under the version that they name. As long as nothing was issued, all of
// that may change, but for the authority: Init enrols it. So is a start with a label key
// that is said to be in use at other times than those at which it signed (intervals.go).
// The check of a database says the same first, since what it would find in the records
// follows from that.

// checkServed holds a configuration to the log and to what the programme was served as.
// It returns that, nil where it is not known, and whether something was signed and
// logged.
func checkServed(v *store.View, c *Config, trust *verify.Trust, p *scheme.Programme, now time.Time) (known *store.Identity, used bool, err error) {
	head, err := v.Head()
	if err != nil {
		return nil, false, err
	}
	used = head.Tree.N > 0
	if known, err = v.Identity(); errors.Is(err, store.ErrNotFound) {
		known, err = nil, nil
	}
	if err == nil {
		err = checkAuthority(v, known, c, used)
	}
	if err == nil && known != nil && used {
		err = checkIdentity(v, known, c, trust, p)
	}
	if err == nil {
		err = checkIntervals(v, head.Tree.N, trust, latest(now, v.Committed()))
	}
	return known, used, err
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// identify holds the configuration to what the programme was served as, and records
// what is new.
func (d *Daemon) identify(c *Config, trust *verify.Trust, p *scheme.Programme, readOnly bool, now time.Time) error {
	var known *store.Identity
	var used bool
	err := d.store.View(func(v *store.View) (err error) {
		known, used, err = checkServed(v, c, trust, p, now)
		return err
	})
	if err != nil || readOnly {
		return err
	}
	next := store.Identity{
		URL: c.URL, Authority: c.Authority.ID, Name: c.Authority.Name,
		LabelKeys: []string{trust.LabelKeys[0].ID}, Schemes: map[string]label.Digest{},
	}
	if known != nil && used {
		next.LabelKeys = known.LabelKeys
		if !slices.Contains(next.LabelKeys, trust.LabelKeys[0].ID) {
			next.LabelKeys = append(next.LabelKeys, trust.LabelKeys[0].ID)
		}
		maps.Copy(next.Schemes, known.Schemes)
	}
	for _, ref := range p.Refs() {
		next.Schemes[ref.ID+" "+ref.Version] = ref.SHA256
	}
	if known != nil && known.Name != "" && known.Name != next.Name {
		d.log.Warn("the authority goes by another name from now on; labels that were issued keep the name that they were issued with",
			"authority", next.Authority, "before", known.Name, "name", next.Name)
	}
	if known != nil && known.URL == next.URL && known.Authority == next.Authority && known.Name == next.Name &&
		slices.Equal(known.LabelKeys, next.LabelKeys) && maps.Equal(known.Schemes, next.Schemes) {
		return nil
	}
	return d.store.Identify(&next)
}

// checkAuthority refuses to sign in the name of an authority that is not the one whose
// programme this is.
func checkAuthority(v *store.View, known *store.Identity, c *Config, used bool) error {
	id := c.Authority.ID
	if used && known != nil && known.Authority != "" && known.Authority != id {
		return fmt.Errorf("authority.id: labels of this programme were signed in the name of %s, and the configuration says %s; it is fixed for ever (another name is no other authority: change authority.name)", known.Authority, id)
	}
	org, err := v.Org(id)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err != nil || !org.Has(label.RoleOperator) {
		return fmt.Errorf("authority.id: %s is not enrolled as an operator, and nobody would know who signs; give the ID that the programme was made with (\"labeld init --authority\")", id)
	}
	return nil
}

func checkIdentity(v *store.View, known *store.Identity, c *Config, trust *verify.Trust, p *scheme.Programme) error {
	if known.URL != c.URL {
		return fmt.Errorf("url: labels and codes of this programme lead to %s, and the configuration says %s; it is fixed for ever (where the service moves, have the old address lead to the new one)", known.URL, c.URL)
	}
	for _, id := range known.LabelKeys {
		if !slices.ContainsFunc(trust.LabelKeys, func(k verify.TrustKey) bool { return k.ID == id }) {
			return fmt.Errorf("label_key: key %.16s has been in use here, and nothing that it signed (the log's entries, the status list) would verify; list its public key in retired_keys, with from and until", id)
		}
	}
	for _, ref := range p.Refs() {
		before, ok := known.Schemes[ref.ID+" "+ref.Version]
		if !ok || before == ref.SHA256 {
			continue
		}
		named := false
		if err := v.LabelsAfter("", func(l *store.Label) bool {
			named = l.Scheme == ref.ID && l.Version == ref.Version
			return !named
		}); err != nil {
			return err
		}
		if named {
			return fmt.Errorf("scheme %s: labels name its version %s, which was served with SHA-256 %s and has %s now; give what was changed another version, or put the file back as it was", ref.ID, ref.Version, before, ref.SHA256)
		}
	}
	return nil
}
