// # Holds
//
// A label stands for a product, and a suspension, a revocation or a review of it
// says something about the product. So each of them puts a hold on the product:
// the device, every device of its manufacturer that shares a GTIN or the model number
// with it, and so on from these. A GTIN that operators moved to another manufacturer
// goes on joining the devices that had it, and none with those of the other. While a hold is
// open, no label is issued for any of the devices, no label of them is renewed at
// their manufacturer's request or gives its place to another, and no further
// device is registered for the product. A hold ends by an operator's act
// (reinstate, clear, release), or by what the scheme's data says for its reason:
// evidence that is later than the hold, or time.
//
// A request to revoke a label, for which another person is awaited, holds the
// product as well, and keeps the label from being withdrawn: until it is carried
// out, closed, or a day old, also where the label comes to its end meanwhile. What one
// operator knows must not be shed by being quick, nor by an end that was announced before.
//
// A hold is not stored. It follows from what the log says of the product's
// labels, whatever has become of these since: a label that is withdrawn, expired
// or superseded leaves it behind. Stored are only the holds that operators put
// on a device or a manufacturer without a label, and they end by an operator's
// act alone.
//
// Who wants to be rid of a hold can ask again, wait, rename the product, register
// it anew with a GTIN or the model that it has, or in another category: all of
// these lead to the same product.
package authority

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// A Hold is why nothing is issued for a product, and what ends that.
type Hold struct {
	Action label.Action // suspend, revoke or review; empty where an operator refused the device or its manufacturer, or asks to revoke
	Label  *store.Label // that it began with; nil for a refusal
	Device label.Digest // that it began with; zero where all of a manufacturer is on hold
	Org    string       // the manufacturer
	Reason string       // code
	Text   string       // what happened
	Since  time.Time
	Judged bool        // it began when the label was judged again, and not by an operator's act or an event
	Stands bool        // the label has not ended: a suspended one counts again by an operator's act, whatever lifts the hold, and one can be revoked
	Lift   scheme.Lift // what ends it beside an operator's act
	Until  time.Time   // last instant of a request to revoke that waits for others to agree; zero otherwise
}

// found reports whether something was found out about the product, rather than that
// somebody looks for it.
func (h *Hold) found() bool { return h.Until.IsZero() && h.Action != label.Review }

// WayOut says what the manufacturer can do.
func (h *Hold) WayOut() string {
	const ask = "ask the authority, whose operators can end it"
	if !h.Until.IsZero() && !h.Stands {
		return "wait until " + h.Until.UTC().Format(time.RFC3339) + ": the label has come to its end and cannot be revoked any more, and operators can put the product on hold for longer (labelctl hold put); or " + ask
	}
	if !h.Until.IsZero() {
		return "wait until another operator has decided (labelctl request approve, or dismiss), at the latest until " + h.Until.UTC().Format(time.RFC3339) + "; or " + ask
	}
	var needs []string
	switch h.Lift.Evidence {
	case scheme.Lab:
		needs = append(needs, "submit a report of an accredited laboratory whose tests ended after "+label.DateOf(h.Since).String())
	case scheme.Declaration:
		needs = append(needs, "submit a declaration that is dated after "+label.DateOf(h.Since).String())
	}
	if end := h.ends(); !end.IsZero() {
		needs = append(needs, "wait until "+end.Format(time.RFC3339))
	}
	if len(needs) == 0 {
		return ask
	}
	way := strings.Join(needs, ", and ")
	if h.Stands {
		way += " (the label itself counts again only when an operator reinstates it)"
	}
	return way + "; or " + ask
}

// ends returns when time fulfils its part, or the zero time where it has none.
func (h *Hold) ends() time.Time {
	if h.Lift.Months == 0 {
		return time.Time{}
	}
	return label.DateOf(h.Since).AddMonths(h.Lift.Months).End()
}

// befell says what happened to a label with which a hold began.
var befell = map[label.Action]string{label.Suspend: "was suspended", label.Revoke: "was revoked", label.Review: "came under review"}

// refusal says a hold to somebody whom it stops.
func (h *Hold) refusal(field string) error {
	what := "the authority refused it"
	switch {
	case h.Device.IsZero():
		what = "the authority refused all products of " + h.Org
	case !h.Until.IsZero():
		what = fmt.Sprintf("an operator asked to revoke its label %s", h.Label.ID.Pretty())
	case h.Label != nil:
		what = fmt.Sprintf("its label %s %s", h.Label.ID.Pretty(), befell[h.Action])
	}
	return label.Errorf(label.Precondition, label.ReasonOnHold, field, "the product is on hold since %s, when %s (%s: %s). To go on: %s",
		h.Since.UTC().Format(time.RFC3339), what, h.Reason, h.Text, h.WayOut())
}

// maxProduct bounds the devices of one product. Beyond that a registration needs
// an operator: each request reads what happened to the labels of all of them.
const maxProduct = 256

// product returns the devices of the product that a device belongs to, itself
// first. The device need not be registered.
func product(v *store.View, device *store.Device, desc *label.Device) ([]*store.Device, error) {
	p := &productWalk{v: v, seen: map[label.Digest]bool{device.Digest: true}, list: []*store.Device{device}}
	for err := p.from(desc); ; {
		if err != nil {
			return nil, err
		}
		if p.next++; p.next == len(p.list) || len(p.list) > maxProduct {
			return p.list, nil
		}
		d := new(label.Device)
		if err = label.Decode(p.list[p.next].Descriptor, d); err == nil {
			err = p.from(d)
		}
	}
}

// A productWalk gathers the devices of a product.
type productWalk struct {
	v    *store.View
	seen map[label.Digest]bool
	list []*store.Device
	next int
}

// from adds the devices that share a GTIN or the model with one.
func (p *productWalk) from(desc *label.Device) error {
	same, err := p.v.ModelDevices(desc.Manufacturer, desc.Model)
	if err != nil {
		return err
	}
	for _, g := range desc.GTINs {
		more, err := p.v.GTINBearers(g)
		if err != nil {
			return err
		}
		same = append(same, more...)
	}
	for _, digest := range same {
		if p.seen[digest] || len(p.list) > maxProduct {
			continue
		}
		p.seen[digest] = true
		d, err := p.v.Device(digest)
		if err != nil {
			return err
		}
		if d.Org == desc.Manufacturer {
			p.list = append(p.list, d)
		}
	}
	return nil
}

// openHolds returns what is open about a product for the first of its devices,
// oldest first.
func (a *Evidence) openHolds(v *store.View, devices []*store.Device, now time.Time) (list []*Hold, err error) {
	device := devices[0]
	for _, d := range devices {
		more, err := a.deviceHolds(v, d, now)
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	if list, err = appendRefusal(list, v, label.Digest{}, device.Org); err != nil {
		return nil, err
	}
	list, err = a.unlifted(v, device, list, now)
	slices.SortStableFunc(list, func(x, y *Hold) int {
		return cmp.Or(x.Since.Compare(y.Since), slices.Compare(x.Device[:], y.Device[:]))
	})
	return list, err
}

// revocationAsked returns the hold that a request to revoke a label puts while it
// waits for others to agree, or nil.
func (a *Evidence) revocationAsked(v *store.View, rec *store.Label, now time.Time) (*Hold, error) {
	list, err := v.Waiting(rec.ID)
	if err != nil {
		return nil, err
	}
	for _, r := range list {
		if r.Action != label.Revoke {
			continue
		}
		standing, err := a.standing(v, rec.ID, now)
		if err != nil {
			return nil, err
		}
		why, err := hopeless(v, r, standing, now)
		if err != nil {
			return nil, err
		}
		if why != "" {
			continue
		}
		p, err := r.Terms()
		if err != nil {
			return nil, err
		}
		return &Hold{Label: rec, Device: rec.Device, Org: rec.Org, Reason: p.Reason, Text: p.Text, Since: r.Received, Until: p.Made.Add(label.MaxRequestAge), Stands: standing.State.Live()}, nil
	}
	return nil, nil
}

// deviceHolds returns the holds that began with a device.
func (a *Evidence) deviceHolds(v *store.View, d *store.Device, now time.Time) (list []*Hold, err error) {
	labels, err := v.LabelsOf(d)
	if err != nil {
		return nil, err
	}
	for _, rec := range labels {
		if asked, err := a.revocationAsked(v, rec, now); err != nil {
			return nil, err
		} else if asked != nil {
			list = append(list, asked)
		}
		h, err := a.history(v, rec)
		if err != nil {
			return nil, err
		}
		if len(h.Statuses) == 0 {
			continue
		}
		standing := h.StandingAt(now)
		for _, st := range standing.Holds {
			list = append(list, &Hold{
				Action: st.Action, Label: rec, Device: d.Digest, Org: d.Org, Reason: st.Reason, Text: st.Text, Since: st.Recorded,
				Judged: st.Cause.Kind == label.CauseEvidence, Stands: standing.State == label.Suspended && st.Action == label.Suspend, Lift: a.programme.Lifecycle(rec.Scheme, rec.Version).Holds[st.Reason],
			})
		}
	}
	return appendRefusal(list, v, d.Digest, d.Org)
}

// appendRefusal appends the hold that an operator put on a device, or on an
// organization where that is zero.
func appendRefusal(list []*Hold, v *store.View, device label.Digest, org string) ([]*Hold, error) {
	rec, err := v.HoldOn(device, org)
	if errors.Is(err, store.ErrNotFound) {
		return list, nil
	}
	if err != nil {
		return nil, err
	}
	return append(list, &Hold{Device: device, Org: org, Reason: rec.Reason, Text: rec.Text, Since: rec.Since}), nil
}

// unlifted returns the holds that nothing has lifted for a device.
func (a *Evidence) unlifted(v *store.View, device *store.Device, list []*Hold, now time.Time) (open []*Hold, err error) {
	if len(list) == 0 {
		return nil, nil
	}
	evidence, err := a.countedStatements(v, device)
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		lifted := h.lifted(evidence, now)
		if lifted && h.Label != nil && h.Lift.Evidence != "" {
			// Evidence answers nothing as long as that of the label itself does not carry
			// it, such as when it was found wrong once more.
			last, err := v.Verdict(h.Label.ID)
			if err != nil {
				return nil, err
			}
			lifted = last.Cause == "" || strings.HasPrefix(last.Cause, unjudged)
		}
		if !lifted {
			open = append(open, h)
		}
	}
	return open, nil
}

// lifted reports whether what the scheme names has happened. Evidence counts
// that is about the device for which it is asked, of a later day, and that came
// after the hold: what was tested before cannot answer it.
func (h *Hold) lifted(evidence []*store.Statement, now time.Time) bool {
	if h.Lift == (scheme.Lift{}) {
		return false
	}
	if end := h.ends(); !end.IsZero() && now.Before(end) {
		return false
	}
	if h.Lift.Evidence == "" {
		return true
	}
	return slices.ContainsFunc(evidence, func(st *store.Statement) bool {
		return label.SourceOf(st.Type) == h.Lift.Evidence && st.Received.After(h.Since) && st.Date.After(label.DateOf(h.Since))
	})
}

// countedStatements returns the records of the statements about a device that
// count.
func (a *Evidence) countedStatements(v *store.View, device *store.Device) (list []*store.Statement, err error) {
	all, err := v.DeviceStatements(device.Digest)
	if err != nil {
		return nil, err
	}
	category, err := categoryOf(device)
	if err != nil {
		return nil, err
	}
	d := a.distrust.Load()
	for _, s := range all {
		st, err := v.Statement(s.ID)
		if err == nil {
			s.Superseded, err = d.standing(v, s.Superseded)
		}
		if err != nil {
			return nil, err
		}
		if !s.Superseded.IsZero() {
			continue
		}
		doubt, err := d.doubts(v, st, nil, device.Org, category, nil)
		if err != nil {
			return nil, err
		}
		if doubt == nil {
			list = append(list, st)
		}
	}
	return list, nil
}

// Holds returns what is open about the product of a device, for its
// manufacturer and for operators.
func (a *Evidence) Holds(c Caller, device label.Digest) (list []*Hold, err error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		d, desc, err := ownDevice(v, c, device)
		if err != nil {
			return err
		}
		devices, err := product(v, d, desc)
		if err != nil {
			return err
		}
		list, err = a.openHolds(v, devices, a.clock())
		return err
	})
	return list, err
}

// ownDevice returns a device of the caller, or any device to an operator.
func ownDevice(v *store.View, c Caller, device label.Digest) (*store.Device, *label.Device, error) {
	d, err := v.Device(device)
	if err != nil {
		return nil, nil, unknownDevice(err, device)
	}
	if d.Org != c.Org && !c.Is(label.RoleOperator) {
		return nil, nil, label.Errorf(label.Denied, label.ReasonNotYours, "device", "the device belongs to another manufacturer")
	}
	desc := new(label.Device)
	return d, desc, label.Decode(d.Descriptor, desc)
}
