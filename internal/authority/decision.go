package authority

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// refuse records that the evidence does not support a level: a signed decision,
// private to the manufacturer. The same answer on unchanged evidence is the
// decision on record, while that can be appealed against or if it was: another
// would open the term anew, and with it a second appeal about the same. Where the
// manufacturer is not the caller, who gets the answer, it is told.
func (a *Issuing) refuse(x *act, write write, d *scheme.Decision, level int, p *dossier) (*store.Decision, error) {
	predicate, err := a.refusal(d, level, p)
	if err != nil {
		return nil, err
	}
	var rec *store.Decision
	if err := a.store.View(func(v *store.View) (err error) {
		rec, err = onRecord(v, d.Subject, predicate)
		return err
	}); err != nil || rec != nil {
		return rec, err
	}
	signed, err := a.signRefusal(predicate, p.device)
	if err != nil {
		return nil, err
	}
	err = write([]string{claimf("device/%s", d.Subject)}, func(v *store.View, b *batch) (err error) {
		b.outcome = label.ActRefused
		if err := a.unmoved(v, p, b.At); err != nil {
			return err
		}
		if rec, err = onRecord(v, d.Subject, predicate); err != nil || rec != nil {
			return err
		}
		if err := a.logScheme(v, b, predicate.Scheme); err != nil {
			return err
		}
		rec = signed
		b.Add(rec)
		if x.caller.Org == rec.Org {
			return nil
		}
		id := rec.Digest.String()
		return tell(b, notice.LabelRefused, "refused-"+id, id, rec.Org, RefusalNews{rec.Digest, rec.Device, rec.Scheme, rec.Level, rec.AppealBy})
	})
	return rec, err
}

// refusal says a decision that falls short of a level as it is signed.
func (a *Issuing) refusal(d *scheme.Decision, level int, p *dossier) (*label.Decision, error) {
	l, err := d.Scheme.Level(level)
	if err != nil {
		return nil, err
	}
	predicate := &label.Decision{
		Authority: a.issuer.Authority(), Maker: p.maker, Scheme: d.Scheme.Ref(), Level: l, Reached: d.Reached,
		Evidence: references(d.Evidence), Unused: unused(d.UnusedFor(level)),
		Decided:    d.At.UTC().Truncate(time.Second),
		AppealBy:   label.DateOf(d.At).AddDays(d.Scheme.Lifecycle.AppealDays),
		DecideDays: d.Scheme.Lifecycle.DecideDays,
	}
	for _, f := range d.Levels[level-1].Findings {
		c := label.CriterionFound{ID: f.Criterion.ID, Title: f.Criterion.Title, Level: f.Criterion.Level, State: string(f.State)}
		for _, it := range f.Rests {
			c.Evidence = append(c.Evidence, it.ID)
		}
		predicate.Criteria = append(predicate.Criteria, c)
	}
	for _, g := range d.MissingFor(level) {
		predicate.Missing = append(predicate.Missing, label.Missing{Kind: string(g.Kind), By: string(g.By), Items: g.Items, Text: g.Text})
	}
	return predicate, nil
}

func references(items []*scheme.Item) (list []label.LabelEvidence) {
	for _, it := range items {
		list = append(list, it.Reference())
	}
	return list
}

func unused(items []scheme.Unused) (list []label.Unused) {
	for _, u := range items {
		list = append(list, label.Unused{Evidence: u.Item.Reference(), Code: u.Code, Text: u.Text, Against: u.Against, Until: u.Until})
	}
	return list
}

// signRefusal makes the record of a refusal.
func (a *Issuing) signRefusal(predicate *label.Decision, device *store.Device) (*store.Decision, error) {
	signed, err := a.signers.sign(a.issuer.Decision(predicate, device.Digest))
	if err != nil {
		return nil, err
	}
	packed, err := store.PackEnvelope(signed.Envelope)
	if err != nil {
		return nil, err
	}
	return &store.Decision{
		Digest: label.DigestOf(signed.Envelope.Payload), Device: device.Digest, Org: device.Org,
		Scheme: predicate.Scheme.ID, Version: predicate.Scheme.Version, Level: predicate.Level.Number,
		Decided: predicate.Decided, AppealBy: predicate.AppealBy, Signed: packed,
	}, nil
}

// onRecord returns the decision that says the same, at another time, and can be
// appealed against or was; nil where there is none.
func onRecord(v *store.View, device label.Digest, predicate *label.Decision) (same *store.Decision, err error) {
	outer := v.DeviceDecisions(device, nil, func(rec *store.Decision, _ []byte) bool {
		lapsed := rec.Appeal.IsZero() && !predicate.Decided.Before(rec.AppealBy.End())
		if lapsed || rec.Scheme != predicate.Scheme.ID || rec.Version != predicate.Scheme.Version || rec.Level != predicate.Level.Number {
			return true
		}
		var equal bool
		if equal, err = alike(rec, predicate); equal {
			same = rec
		}
		return err == nil && same == nil
	})
	return same, errors.Join(outer, err)
}

// alike reports whether a decision on record says what another does, but for
// its time.
func alike(rec *store.Decision, predicate *label.Decision) (bool, error) {
	p, err := rec.Predicate()
	if err != nil {
		return false, err
	}
	p.Decided, p.AppealBy = predicate.Decided, predicate.AppealBy
	b1, err1 := label.Encode(p)
	b2, err2 := label.Encode(predicate)
	return bytes.Equal(b1, b2), errors.Join(err1, err2)
}

// unmoved returns [errMoved] if the evidence for a device, what is known against
// it, or what is open about its product, is no longer what a dossier shows.
func (a *Issuing) unmoved(v *store.View, p *dossier, now time.Time) error {
	rulings, err := v.Rulings(p.device.Digest)
	if err != nil {
		return err
	}
	known := len(rulings)
	devices, err := product(v, p.device, p.desc)
	if err != nil {
		return err
	}
	for _, d := range devices {
		ids, err := v.DeviceStatements(d.Digest)
		if err != nil {
			return err
		}
		known += len(ids)
	}
	if known != p.known || a.distrust.Load() != p.distrust {
		return errMoved
	}
	holds, err := a.evidence.openHolds(v, devices, now)
	if err != nil {
		return err
	}
	d, err := v.Device(p.device.Digest) // an operator may have looked at it since
	if err != nil {
		return err
	}
	devices[0] = d
	heavier, err := a.evidence.heavier(p.desc, devices)
	if err == nil && (len(holds) != len(p.holds) || (heavier == nil) != (p.heavier == nil)) {
		err = errMoved
	}
	return err
}

// rulings returns those rulings about a device that changed a decision and that
// nothing speaks against, ready to be judged by, and how many there are in all.
func (d *distrust) rulings(v *store.View, device label.Digest) (items []*scheme.Item, all int, err error) {
	list, err := v.Rulings(device)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range list {
		if c, ok := d.keys[r.Request.Key]; ok && !r.Decided.Before(c.since) {
			continue
		}
		if _, ok := d.struck[r.Digest]; ok {
			continue
		}
		predicate, err := r.Predicate()
		if err != nil {
			return nil, 0, err
		}
		if predicate.Outcome == label.Changed {
			items = append(items, scheme.RulingItem(r.Digest, predicate))
		}
	}
	return items, len(list), nil
}

// A Trail is a refusal and what followed from it.
type Trail struct {
	Decision *store.Decision
	Appeal   *store.Appeal // nil where there is none
	Ruling   *store.Ruling // nil where there is none yet
	Fallen   *VoidRuling   // why the ruling does not count any more; nil where it does

	Waits *store.Request // that for a ruling which was made now, while others have to agree
}

// Trail returns a refusal by its digest, or by that of the appeal against it.
func (a *Oversight) Trail(ctx context.Context, c Caller, id label.Digest) (t *Trail, err error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return nil, err
	}
	if err := a.reads(ctx, c, id.String()); err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		decision := id
		if appeal, err := v.Appeal(id); err == nil {
			decision = appeal.Decision
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if t, err = a.trail(v, decision); err != nil {
			return found(err, label.ReasonUnknownDecision, "id", "no decision %s is on record; \"labelctl decision list\" names those there are", id)
		}
		return c.party(t.Decision, "id")
	})
	if err != nil {
		return nil, err
	}
	return t, nil
}

// party refuses a caller to whom a decision is none of their business.
func (c Caller) party(d *store.Decision, field string) error {
	if d.Org != c.Org && !c.Is(label.RoleOperator) {
		return label.Errorf(label.Denied, label.ReasonNotYours, field, "the decision is about a device of another manufacturer")
	}
	return nil
}

// trail reads a refusal and what followed from it.
func (a *Oversight) trail(v *store.View, decision label.Digest) (*Trail, error) {
	d, err := v.Decision(decision)
	if err != nil {
		return nil, err
	}
	return a.trailOf(v, d)
}

// trailOf returns a refusal with what followed, and whether that still counts.
func (a *Oversight) trailOf(v *store.View, d *store.Decision) (*Trail, error) {
	t, err := follow(v, d)
	if err == nil && t.Ruling != nil {
		t.Fallen, err = a.evidence.fallenRuling(v, t.Ruling)
	}
	return t, err
}

// follow reads what followed from a refusal.
func follow(v *store.View, d *store.Decision) (*Trail, error) {
	t := &Trail{Decision: d}
	if d.Appeal.IsZero() {
		return t, nil
	}
	var err error
	if t.Appeal, err = v.Appeal(d.Appeal); err != nil || t.Appeal.Ruling.IsZero() {
		return t, err
	}
	t.Ruling, err = v.Ruling(d.Device, t.Appeal.Ruling)
	return t, err
}

// Refusals lists the refusals of the caller, or of a manufacturer that an
// operator names, newest first; only those of one device, where that is not
// zero.
func (a *Oversight) Refusals(ctx context.Context, c Caller, manufacturer string, device label.Digest, p Page) ([]*Trail, string, error) {
	if device.IsZero() {
		return a.refusals(ctx, c, "decisions", manufacturer, p, func(*store.Decision) bool { return true })
	}
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return nil, "", err
	}
	if err := a.reads(ctx, c, device.String()); err != nil {
		return nil, "", err
	}
	return a.trails(p, []string{"decisions of a device", device.String()}, func(v *store.View, after []byte, f func(*store.Decision, []byte) bool) error {
		dev, err := v.Device(device)
		if err != nil {
			return unknownDevice(err, device)
		}
		if dev.Org != c.Org && !c.Is(label.RoleOperator) {
			return label.Errorf(label.Denied, label.ReasonNotYours, "device", "the device belongs to another manufacturer")
		}
		return v.DeviceDecisions(device, after, f)
	})
}

// Appeals lists the appeals of the caller, newest decision first. An operator
// names a manufacturer, or gets those that are to be decided, the one due first
// first.
func (a *Oversight) Appeals(ctx context.Context, c Caller, manufacturer string, p Page) ([]*Trail, string, error) {
	if manufacturer != "" || !c.Is(label.RoleOperator) {
		return a.refusals(ctx, c, "appeals", manufacturer, p, func(d *store.Decision) bool { return !d.Appeal.IsZero() })
	}
	if err := a.reads(ctx, c, ""); err != nil {
		return nil, "", err
	}
	return a.trails(p, []string{"due appeals"}, func(v *store.View, after []byte, f func(*store.Decision, []byte) bool) error {
		return v.DueAppeals(after, func(appeal *store.Appeal, at []byte) bool {
			d, err := v.Decision(appeal.Decision)
			if err != nil {
				a.alarm("listing appeals", appeal.Digest.String(), err)
				return true
			}
			return f(d, at)
		})
	})
}

// refusals lists a manufacturer's refusals that fit, as a list with a name.
func (a *Oversight) refusals(ctx context.Context, c Caller, list, manufacturer string, p Page, fits func(*store.Decision) bool) ([]*Trail, string, error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return nil, "", err
	}
	switch {
	case manufacturer == "" && c.Is(label.RoleOperator):
		return nil, "", label.Errorf(label.Invalid, label.ReasonMissing, "manufacturer", "an operator names the manufacturer, or the device, whose decisions to list")
	case manufacturer == "":
		manufacturer = c.Org
	case manufacturer != c.Org && !c.Is(label.RoleOperator):
		return nil, "", label.Errorf(label.Denied, label.ReasonNotYours, "manufacturer", "decisions are between the authority and the manufacturer; only operators list another's")
	}
	if err := a.reads(ctx, c, manufacturer); err != nil {
		return nil, "", err
	}
	return a.trails(p, []string{list, manufacturer}, func(v *store.View, after []byte, f func(*store.Decision, []byte) bool) error {
		if _, err := v.Org(manufacturer); err != nil {
			return unknownOrg(err, "manufacturer", manufacturer)
		}
		return v.OrgDecisions(manufacturer, after, func(d *store.Decision, at []byte) bool { return !fits(d) || f(d, at) })
	})
}

// trails collects a page of what each calls its function with, of the list with a name. What cannot be read
// is left out, with an alarm.
func (a *Oversight) trails(p Page, name []string, each func(v *store.View, after []byte, f func(*store.Decision, []byte) bool) error) (list []*Trail, next string, err error) {
	page, err := collect[*store.Decision](p, name...)
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if err := each(a.past(v, "listing decisions"), page.after.at, page.add); err != nil {
			return err
		}
		for _, d := range page.items {
			t, err := a.trailOf(v, d)
			if err != nil {
				a.alarm("listing decisions", d.Digest.String(), err)
				continue
			}
			list = append(list, t)
		}
		return nil
	})
	return slices.Clip(list), page.next, err
}
