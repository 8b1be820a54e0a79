package authority

import (
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// distrust is what became known, after evidence was accepted, that speaks
// against it. It is derived from the registry after each change of that, and
// never changes itself: whoever judges holds on to one, and the writer sees
// whether it is still the present one.
type distrust struct {
	keys           map[string]time.Time // compromised keys, and from when on
	accreditations map[accredited]bool  // suspended ones
}

type accredited struct{ lab, number string }

func newDistrust(v *store.View) (*distrust, error) {
	d := &distrust{keys: map[string]time.Time{}, accreditations: map[accredited]bool{}}
	var inner error
	err := v.Orgs("", func(o *label.Organization) bool {
		inner = d.add(v, o)
		return inner == nil
	})
	if inner != nil {
		return nil, inner
	}
	return d, err
}

func (d *distrust) add(v *store.View, o *label.Organization) error {
	keys, err := v.OrgKeys(o.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if !k.Compromised.IsZero() {
			d.keys[k.ID] = k.Compromised
		}
	}
	list, err := accreditations(v, o.ID)
	if err != nil {
		return err
	}
	for _, a := range list {
		if a.Suspended != "" {
			d.accreditations[accredited{o.ID, a.Number}] = true
		}
	}
	return nil
}

// counts reports whether nothing speaks against a statement.
func (d *distrust) counts(st *store.Statement) bool {
	if from, ok := d.keys[st.Key]; ok && !st.Received.Before(from) {
		return false
	}
	return !d.accreditations[accredited{st.Lab.ID, st.Lab.Accreditation}]
}
