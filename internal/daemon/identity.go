package daemon

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// What is printed on boxes and signed in a log cannot be changed by a line of a
// configuration. So the database remembers what the programme was served as, and a
// start that would leave labels behind is refused: with another address than the codes
// lead to, without a key that signed them, or with other criteria under the version
// that they name. As long as nothing was issued, all of that may change.

// identify holds the configuration to what the programme was served as, and records
// what is new.
func (d *Daemon) identify(c *Config, trust *verify.Trust, p *scheme.Programme, readOnly bool) error {
	var known *store.Identity
	var used bool // something was signed and logged
	err := d.store.View(func(v *store.View) error {
		head, err := v.Head()
		if err != nil {
			return err
		}
		used = head.Tree.N > 0
		if known, err = v.Identity(); err == nil && used {
			err = checkIdentity(v, known, c, trust, p)
		} else if errors.Is(err, store.ErrNotFound) {
			err = nil
		}
		return err
	})
	if err != nil || readOnly {
		return err
	}
	next := store.Identity{URL: c.URL, LabelKeys: []string{trust.LabelKeys[0].ID}, Schemes: map[string]label.Digest{}}
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
	if known != nil && known.URL == next.URL && slices.Equal(known.LabelKeys, next.LabelKeys) && maps.Equal(known.Schemes, next.Schemes) {
		return nil
	}
	return d.store.Identify(&next)
}

func checkIdentity(v *store.View, known *store.Identity, c *Config, trust *verify.Trust, p *scheme.Programme) error {
	if known.URL != c.URL {
		return fmt.Errorf("url: labels and codes of this programme lead to %s, and the configuration says %s; it is fixed for ever (where the service moves, have the old address lead to the new one)", known.URL, c.URL)
	}
	for _, id := range known.LabelKeys {
		if !slices.ContainsFunc(trust.LabelKeys, func(k verify.TrustKey) bool { return k.ID == id }) {
			return fmt.Errorf("label_key: key %.16s has signed what is in the log, and nothing that it signed would verify; list its public key in retired_keys, with from and until", id)
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
