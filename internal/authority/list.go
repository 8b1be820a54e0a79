package authority

import (
	"cmp"
	"context"
	"fmt"

	"labeld/internal/label"
	"labeld/internal/store"
)

// Submissions lists what the caller signed or carried, newest first, and whether it
// counts; only what is about one device, where that is not zero. The manufacturer of
// that device and operators get all statements about it, and those about other devices
// of its product that count against it.
func (a *Evidence) Submissions(ctx context.Context, c Caller, device label.Digest, p Page) ([]*StatementNote, string, error) {
	if err := c.need(label.RoleManufacturer, label.RoleLab, label.RoleOperator); err != nil {
		return nil, "", err
	}
	if err := a.reads(ctx, c, device.String()); err != nil {
		return nil, "", err
	}
	page, err := collect[*StatementNote](p, "submissions", c.Org, device.String())
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if !device.IsZero() {
			d, err := v.Device(device)
			if err != nil {
				return unknownDevice(err, device)
			}
			if d.Org == c.Org || c.Is(label.RoleOperator) {
				return a.deviceStatements(v, d, page.after.at, page.add)
			}
		}
		known := a.distrust.Load()
		var inner error
		err := v.OrgStatements(c.Org, page.after.at, func(s *store.Statement, at []byte) bool {
			if !device.IsZero() && s.Device != device {
				return true
			}
			var n *StatementNote
			if n, inner = a.ownNote(v, known, s); inner != nil {
				return false
			}
			return page.add(n, at)
		})
		return cmp.Or(inner, err)
	})
	return page.items, page.next, err
}

// ownNote says to whoever signed or carried a statement whether it counts.
func (a *Evidence) ownNote(v *store.View, known *distrust, st *store.Statement) (*StatementNote, error) {
	d, err := v.Device(st.Device)
	if err != nil {
		return nil, err
	}
	category, err := categoryOf(d)
	if err != nil {
		return nil, err
	}
	return a.noteOf(v, known, st, v.Superseded(st.Device, st.ID), d.Org, category)
}

// A LabelPage is a page of labels. A list answers with the labels that it can show
// and names the others: one bad label hides no other, and is not hidden itself.
type LabelPage struct {
	Labels      []*Published
	Unavailable []label.ID // that belong here and cannot be shown now; the alarm was raised
	Next        string     // token of the next page
}

// show adds labels to the page.
func (p *LabelPage) show(a *Publishing, ids []label.ID) error {
	for _, id := range ids {
		l, err := a.Lookup(id)
		switch {
		case err == nil:
			p.Labels = append(p.Labels, l)
		case own(err):
			p.unavailable(a, id, err)
		default:
			return err
		}
	}
	return nil
}

// unavailable names a label that cannot be shown.
func (p *LabelPage) unavailable(a *Publishing, id label.ID, err error) {
	a.alarm("showing a label", string(id), err)
	p.Unavailable = append(p.Unavailable, id)
}

// past returns a view whose loops go on past damaged records, with an alarm.
func (a *core) past(v *store.View, work string) *store.View {
	return v.Past(func(d *store.Damage) { a.alarm(work, fmt.Sprintf("%s/%x", d.Bucket, d.Key), d) })
}

// Labels lists the labels of a manufacturer, newest first. It is public.
func (a *Publishing) Labels(manufacturer string, p Page) (*LabelPage, error) {
	page, err := collect[label.ID](p, "labels", manufacturer)
	if err != nil {
		return nil, err
	}
	out := &LabelPage{}
	err = a.read(func(v *store.View) error {
		if _, err := v.Org(manufacturer); err != nil {
			return unknownOrg(err, "manufacturer", manufacturer)
		}
		return v.Past(func(d *store.Damage) { out.unavailable(a, d.Label(), d) }).OrgLabels(manufacturer, page.after.at, func(l *store.Label, at []byte) bool {
			return page.add(l.ID, at)
		})
	})
	if err != nil {
		return nil, err
	}
	out.Next = page.next
	return out, out.show(a, page.items)
}

// OwnLabels lists the labels of the caller, or of a manufacturer that an
// operator names.
func (a *Publishing) OwnLabels(c Caller, manufacturer string, p Page) (*LabelPage, error) {
	manufacturer, err := ofManufacturer(c, manufacturer, "labels")
	if err != nil {
		return nil, err
	}
	return a.Labels(manufacturer, p)
}

// ofManufacturer returns whose list a caller gets: its own, or that of a manufacturer
// that an operator names.
func ofManufacturer(c Caller, manufacturer, what string) (string, error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return "", err
	}
	switch {
	case manufacturer == "" && c.Is(label.RoleOperator):
		return "", label.Errorf(label.Invalid, label.ReasonMissing, "manufacturer", "an operator names the manufacturer whose %s to list", what)
	case manufacturer == "":
		return c.Org, nil
	case manufacturer != c.Org && !c.Is(label.RoleOperator):
		return "", label.Errorf(label.Denied, label.ReasonNotYours, "manufacturer", "only operators list another manufacturer's %s by this call", what)
	}
	return manufacturer, nil
}

// An Enrolment is an organization with what is on record for it.
type Enrolment struct {
	Org            *label.Organization
	Persons        []*label.Person
	Keys           []*label.Key
	Accreditations []*store.Accreditation
}

// Organization returns an organization; it may read its own record.
func (a *Publishing) Organization(c Caller, id string) (*Enrolment, error) {
	if c.Org == "" || c.Org != id {
		if err := c.need(label.RoleOperator); err != nil {
			return nil, err
		}
	}
	e := &Enrolment{}
	err := a.store.View(func(v *store.View) (err error) {
		if e.Org, err = v.Org(id); err != nil {
			return unknownOrg(err, "id", id)
		}
		if e.Keys, err = v.OrgKeys(id); err != nil {
			return err
		}
		if e.Persons, err = v.OrgPersons(id); err != nil {
			return err
		}
		e.Accreditations, err = v.Accreditations(id)
		return err
	})
	return e, err
}

// Organizations lists organizations by ID; only those with a role, where one is
// named.
func (a *Publishing) Organizations(c Caller, role label.Role, p Page) ([]*label.Organization, string, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, "", err
	}
	page, err := collect[*label.Organization](p, "organizations", string(role))
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		return a.past(v, "listing organizations").Orgs(string(page.after.at), func(o *label.Organization) bool {
			return role != "" && !o.Has(role) || page.add(o, []byte(o.ID))
		})
	})
	return page.items, page.next, err
}
