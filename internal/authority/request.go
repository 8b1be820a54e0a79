package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// An Outcome is the answer to a request for a label.
type Outcome struct {
	Decision *scheme.Decision // nil where a label is returned
	Label    *Published       // nil where the evidence does not support the level
	Refusal  *store.Decision  // what is on record where it does not
	Known    bool             // the label was issued before this request
}

// Evaluate judges a device by all accepted evidence. Nothing is recorded, but that an
// operator has looked.
func (a *Issuing) Evaluate(ctx context.Context, c Caller, device label.Digest, schemeID string) (*scheme.Decision, error) {
	s, err := a.programme.Asked(schemeID, a.clock())
	if err != nil {
		return nil, err
	}
	if err := a.reads(ctx, c, device.String()); err != nil {
		return nil, err
	}
	p, err := a.dossier(c, device, s)
	if err != nil {
		return nil, err
	}
	return s.Evaluate(p.desc, device, p.items, a.clock())
}

// NeedsOperator says why no label is issued for a device, and none of it renewed,
// until an operator has registered it: another device of its product is in a category
// of higher risk. It is empty where nothing needs that.
func (a *Issuing) NeedsOperator(c Caller, device label.Digest) (why string, err error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return "", err
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
		h, err := a.evidence.heavier(desc, devices)
		if err != nil || h == nil {
			return err
		}
		why = h.why(desc)
		return nil
	})
	return why, err
}

// attempts is how often a request judges again because evidence arrived while
// it did, or the labels of other devices of the product were judged.
const attempts = 8

// errMoved says that the evidence changed between judging and committing.
var errMoved = label.Errorf(label.Unavailable, label.ReasonConflict, "", "evidence for the device arrived while it was judged; repeat the request")

// Request issues a label for a level, if the evidence supports it, and otherwise
// records that it does not.
func (a *Issuing) Request(ctx context.Context, c Caller, device label.Digest, schemeID string, level int) (*Outcome, error) {
	var out *Outcome
	err := a.act(ctx, c, label.ActRequestLabel, device.String(), func(x *act) (err error) {
		out, err = a.requestLabel(x, device, schemeID, level)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *Issuing) requestLabel(x *act, device label.Digest, schemeID string, level int) (*Outcome, error) {
	s, err := a.programme.Asked(schemeID, a.clock())
	if err != nil {
		return nil, err
	}
	if _, err := s.Level(level); err != nil {
		return nil, err
	}
	defer a.writer.begin()()
	for range attempts {
		o, err := a.request(x, device, s, level)
		if !errors.Is(err, errMoved) {
			return o, err
		}
	}
	return nil, errMoved
}

func (a *Issuing) request(x *act, device label.Digest, s *scheme.Scheme, level int) (*Outcome, error) {
	c := x.caller
	p, err := a.dossier(c, device, s)
	if err != nil {
		return nil, err
	}
	now := a.clock()
	if p.live != nil && p.standing.State.Live() {
		return a.again(c, p, s, level)
	}
	if err := a.intake(c, smallWrite); err != nil {
		return nil, err
	}
	if err := p.bar("device", p.holds); err != nil {
		return nil, err
	}
	d, err := s.EvaluateLevel(p.desc, device, p.items, now, level)
	if err != nil {
		return nil, err
	}
	if !d.Levels[level-1].Reached {
		// A refusal tells of all levels.
		if d, err = s.Evaluate(p.desc, device, p.items, now); err != nil {
			return nil, err
		}
		rec, err := a.refuse(x, x.do, d, level, p)
		if err != nil {
			return nil, err
		}
		return &Outcome{Decision: d, Refusal: rec}, nil
	}
	signed, entry, err := a.sign(d, level, p)
	if err != nil {
		return nil, err
	}
	why := atIssue(p.items, signed.Label)
	var advice []newAdvice
	if err := a.read(func(v *store.View) error { advice, _ = a.firstAdvice(v, p.device.Org, signed.Label); return nil }); err != nil {
		return nil, err
	}
	other := *p // with a live label that another request got meanwhile
	other.live = nil
	var rec *store.Label
	err = x.do([]string{claimf("device/%s", device)}, func(v *store.View, b *batch) error {
		l, err := latest(v, p.device, s.ID)
		if err != nil {
			return err
		}
		if l != nil {
			h, err := a.history(v, l)
			if err != nil {
				return err
			}
			if other.standing = h.StandingAt(b.At); other.standing.State.Live() {
				other.live = l
				return nil
			}
		}
		if err := a.unmoved(v, p, b.At); err != nil {
			return err
		}
		if err := a.logScheme(v, b, signed.Label.Scheme); err != nil {
			return err
		}
		if rec, err = record(v, b, signed.Label, entry, p.device); err != nil {
			return err
		}
		if c.Org != rec.Org {
			news := LabelNews{Label: rec.ID, URL: signed.Label.URL, Device: rec.Device, Effective: rec.Issued, Expires: rec.Expires}
			if err := tell(b, notice.LabelIssued, "issued-"+string(rec.ID), string(rec.ID), rec.Org, news); err != nil {
				return err
			}
		}
		h := &label.History{Label: &label.Label{ID: rec.ID, Issued: rec.Issued, Expires: rec.Expires}}
		if why != nil {
			out, err := a.append(v, b, rec, h, *why)
			if err != nil {
				return err
			}
			h.Statuses = append(h.Statuses, &out.Status)
		}
		return a.addAdvice(v, b, rec, h, advice)
	})
	if err != nil {
		return nil, err
	}
	if other.live != nil {
		return a.again(c, &other, s, level)
	}
	pub, err := a.publishing.publishNew(rec, signed, p.device.Descriptor)
	if err != nil {
		return nil, err
	}
	return &Outcome{Label: pub}, nil
}

// atIssue returns the statement with which a label begins that ends early because a
// report counts only until some day, or nil. The end is the label's own, so that the
// statement changes nothing about it: it says why.
func atIssue(items []*scheme.Item, l *label.Label) *label.Status {
	if l.ExpiresFor != label.BoundGraceEnd {
		return nil
	}
	i := slices.IndexFunc(items, func(it *scheme.Item) bool {
		return it.Doubt != nil && it.Doubt.Until.UTC().Truncate(time.Second).Equal(l.Expires)
	})
	if i < 0 {
		return nil
	}
	st := graceStatus(items[i])
	st.Label = l.ID
	return &st
}

// sign makes the label of a level that a decision supports.
func (a *Issuing) sign(d *scheme.Decision, level int, p *dossier) (*issue.Signed, *store.Entry, error) {
	grant, err := d.Grant(level)
	if err != nil {
		return nil, nil, err
	}
	signed, err := a.signers.sign(a.issuer.Label(grant, p.device.Descriptor, p.maker))
	if err != nil {
		return nil, nil, err
	}
	entry, err := store.NewEntry(signed.Envelope, signed.Leaf)
	return signed, entry, err
}

// record adds a signed label to a batch, and the rulings that it discloses.
func record(v *store.View, b *batch, l *label.Label, entry *store.Entry, device *store.Device) (*store.Label, error) {
	if _, err := v.Label(l.ID); !errors.Is(err, store.ErrNotFound) {
		return nil, errMoved // one in 2^55: judging again draws another ID
	}
	rec := &store.Label{
		ID: l.ID, Index: b.index(), Device: device.Digest, Org: device.Org,
		Scheme: l.Scheme.ID, Version: l.Scheme.Version, Level: l.Level.Number, Issued: l.Issued, Expires: l.Expires,
		Outline: l.Outline(),
	}
	rulings, entries, err := disclosed(v, l, device.Digest)
	if err != nil {
		return nil, err
	}
	b.Add(rec)
	b.log(entry)
	for i := range rulings {
		rulings[i].Index = b.index()
		b.Add(&rulings[i])
		b.log(entries[i])
	}
	return rec, nil
}

// again answers a request with the device's live label.
func (a *Issuing) again(c Caller, p *dossier, s *scheme.Scheme, level int) (*Outcome, error) {
	l, standing := p.live, &p.standing
	switch {
	case standing.State == label.Suspended:
		return nil, label.Errorf(label.Precondition, label.ReasonLiveLabel, "device",
			"the device's label %s in this scheme is suspended since %s%s; another is issued only when that is settled. To go on: send the authority what answers it (a report, a declaration), and ask for the label to be reinstated; \"labelctl hold list\" shows all that is open about the product", l.ID.Pretty(), standing.Because.Recorded.UTC().Format(time.RFC3339), because(standing.Because))
	case l.Level != level:
		way, err := a.wayToLevel(c, p, s, level)
		if err != nil {
			return nil, err
		}
		return nil, label.Errorf(label.Precondition, label.ReasonLiveLabel, "level",
			"the device has the live label %s of level %d in this scheme, until the end of %s, and has one at a time; %s",
			l.ID.Pretty(), l.Level, label.DateOf(standing.Expires.Add(-1)), way)
	}
	pub, err := a.publishing.Lookup(l.ID)
	if err != nil {
		return nil, err
	}
	return &Outcome{Label: pub, Known: true}, nil
}

// wayToLevel says how a live label is exchanged for one of another level, or what
// stands in the way of that: a renewal is only proposed where it would be granted.
func (a *Issuing) wayToLevel(c Caller, p *dossier, s *scheme.Scheme, level int) (string, error) {
	holds := p.holds
	if c.Is(label.RoleOperator) { // who can renew labels of products on hold
		holds = nil
	}
	if e, ok := errors.AsType[*label.Error](p.bar("", holds)); ok {
		return "it cannot be renewed at another level for the time being: " + e.Text, nil
	}
	d, err := s.EvaluateLevel(p.desc, p.device.Digest, p.items, a.clock(), level)
	if err != nil {
		return "", err
	}
	if !d.Levels[level-1].Reached {
		return fmt.Sprintf("the evidence does not support level %d, so that a renewal at it would be refused (labelctl evaluate says what is missing)", level), nil
	}
	return fmt.Sprintf("ask for it to be renewed at the other level (labelctl label renew %s --level %d --reason %s)", p.live.ID.Pretty(), level, otherLevel), nil
}

// because says why a status came about, in brackets.
func because(st *label.Status) string { return fmt.Sprintf(" (%s: %s)", st.Reason, st.Text) }

// A dossier is what a request sees of a device and its evidence, at one instant.
type dossier struct {
	device    *store.Device
	desc      *label.Device
	maker     label.Party
	suspended *label.Organization // the manufacturer, where it is; or nil
	live      *store.Label        // latest label in the scheme, live or not
	standing  label.Standing      // of live
	holds     []*Hold             // on the product, that are open
	heavier   *heavier            // device of the product in a category of higher risk, where no operator has looked
	items     []*scheme.Item      // evidence, and what speaks against it
	known     int                 // how many statements and rulings there are
	distrust  *distrust           // by which they were chosen
}

// bar returns the refusal that whoever asks for a label or a renewal gets, whatever the
// evidence, because of the holds that stop them or of the device's category; nil where
// nothing stands in the way.
func (p *dossier) bar(field string, holds []*Hold) error {
	switch {
	case p.suspended != nil:
		return label.Errorf(label.Precondition, label.ReasonOrgSuspended, field, "%s is suspended since %s (%s), and nothing is issued to it until the authority ends that", p.suspended.ID, p.suspended.Suspended.UTC().Format(time.RFC3339), p.suspended.SuspendedFor)
	case len(holds) > 0:
		return holds[0].refusal(field)
	case p.heavier != nil:
		return p.heavier.refusal(field, p.desc)
	}
	return nil
}

func (a *Issuing) dossier(c Caller, device label.Digest, s *scheme.Scheme) (*dossier, error) {
	return a.dossierBy(c, device, s, a.distrust.Load())
}

// dossierBy is dossier by what is known against evidence, or what would be.
func (a *Issuing) dossierBy(c Caller, device label.Digest, s *scheme.Scheme, known *distrust) (*dossier, error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return nil, err
	}
	p := &dossier{distrust: known}
	err := a.store.View(func(v *store.View) (err error) {
		if p.device, p.desc, err = ownDevice(v, c, device); err != nil {
			return err
		}
		maker, err := v.Org(p.device.Org)
		if err != nil {
			return err
		}
		p.maker = maker.Party()
		if !maker.Suspended.IsZero() {
			p.suspended = maker
		}
		if p.live, err = latest(v, p.device, s.ID); err != nil {
			return err
		}
		if p.live != nil {
			h, err := a.history(v, p.live)
			if err != nil {
				return err
			}
			p.standing = h.StandingAt(a.clock())
		}
		devices, err := product(v, p.device, p.desc)
		if err != nil {
			return err
		}
		if p.holds, err = a.evidence.openHolds(v, devices, a.clock()); err != nil {
			return err
		}
		if p.heavier, err = a.evidence.heavier(p.desc, devices); err != nil {
			return err
		}
		var statements int
		if p.items, statements, err = p.distrust.evidence(v, p.device, p.desc.Category, s.Lifecycle.Propagation); err != nil {
			return err
		}
		others, theirs, err := p.distrust.ofSiblings(v, devices[1:], p.desc.Category, s.Lifecycle.Propagation)
		if err != nil {
			return err
		}
		more, rulings, err := p.distrust.rulings(v, device)
		p.items, p.known = slices.Concat(p.items, others, more), statements+theirs+rulings
		return err
	})
	return p, err
}

// latest returns the label that a device got last in a scheme, or nil.
func latest(v *store.View, device *store.Device, scheme string) (*store.Label, error) {
	l, err := v.Latest(device, scheme)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return l, err
}
