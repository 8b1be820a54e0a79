package authority

import (
	"context"
	"fmt"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// Register records a device descriptor. The second result says whether it was
// known.
func (a *Evidence) Register(ctx context.Context, c Caller, descriptor []byte) (d *store.Device, known bool, err error) {
	err = a.act(ctx, c, label.ActRegisterDevice, label.DigestOf(descriptor).String(), func(x *act) (err error) {
		d, known, err = a.registerDevice(x, descriptor)
		return err
	})
	return d, known, err
}

func (a *Evidence) registerDevice(x *act, descriptor []byte) (*store.Device, bool, error) {
	c := x.caller
	desc, err := label.ParseDevice(descriptor)
	if err != nil {
		return nil, false, err
	}
	if err := a.programme.CheckDevice(desc); err != nil {
		return nil, false, err
	}
	if desc.Manufacturer != c.Org && !c.Is(label.RoleOperator) {
		return nil, false, label.Errorf(label.Denied, label.ReasonNotYours, "device.manufacturer",
			"the descriptor names %q as manufacturer, the caller is %q", desc.Manufacturer, c.Org)
	}
	digest := label.DigestOf(descriptor)
	if d, err := a.device(digest); err == nil && !c.Is(label.RoleOperator) {
		return d, true, nil
	}
	if err := a.intake(c, len(descriptor)); err != nil {
		return nil, false, err
	}
	claims := []string{claimf("device/%s", digest)}
	for _, g := range desc.GTINs {
		claims = append(claims, claimf("gtin/%s", g))
	}
	claims = append(claims, claimf("model/%s/%s", desc.Manufacturer, label.FoldModel(desc.Model)))
	var device *store.Device
	known := false
	defer a.writer.begin()()
	err = x.do(claims, func(v *store.View, b *batch) error {
		if d, err := v.Device(digest); err == nil {
			device, known = d, true
			return a.look(v, b, c, device, desc)
		}
		device = &store.Device{Digest: digest, Descriptor: descriptor, Org: desc.Manufacturer, Registered: b.At.UTC()}
		if c.Is(label.RoleOperator) {
			device.Looked = device.Registered
		}
		devices, err := product(v, device, desc)
		if err != nil {
			return err
		}
		if err := a.admitDevice(v, c, devices, desc, b.At); err != nil {
			return err
		}
		if err := a.useDevice(v, c, device.Org); err != nil {
			return err
		}
		b.Add(device)
		due(b, devices[1:]) // it may have made two products one, or be of a category of higher risk than another
		return a.tellAlike(v, b, device, desc)
	})
	if err != nil {
		return nil, false, err
	}
	return device, known, nil
}

// look records that an operator registered a device once more that is of a category
// of lower risk than another of its product: from then on it may be.
func (a *Evidence) look(v *store.View, b *batch, c Caller, device *store.Device, desc *label.Device) error {
	if !c.Is(label.RoleOperator) {
		return nil
	}
	devices, err := product(v, device, desc)
	if err != nil {
		return err
	}
	heavier, err := a.heavier(desc, devices)
	if err != nil || heavier == nil {
		return err
	}
	device.Looked = b.At.UTC()
	b.Add(device)
	due(b, devices[:1])
	return nil
}

// admitDevice checks a descriptor against the registry. The list is of the product
// that its device would belong to, that device first.
//
// Its manufacturer is enrolled as one. Its trade item numbers are not another
// manufacturer's. What it shares with other devices makes them one product
// ([product]): a manufacturer can register no further device for a product that
// is on hold until an operator ends the hold, unless evidence ends it, and no
// device in a category of lower risk than that of another device of the product
// ([Authority.heavier]). An operator can: somebody has looked.
func (a *Evidence) admitDevice(v *store.View, c Caller, list []*store.Device, desc *label.Device, now time.Time) error {
	if err := checkMaker(v, desc); err != nil {
		return err
	}
	if c.Is(label.RoleOperator) {
		return nil
	}
	if len(list) > maxProduct {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "device", "would be one of more than %d devices that share GTINs or a model number; ask the authority to register it", maxProduct)
	}
	holds, err := a.openHolds(v, list, now)
	if err != nil {
		return err
	}
	for _, h := range holds {
		if h.Lift.Evidence == "" {
			return h.refusal("device")
		}
	}
	heavier, err := a.heavier(desc, list)
	if err != nil || heavier == nil {
		return err
	}
	return heavier.refusal("device.category", desc)
}

// A heavier device is one of the same product in a category of higher risk.
type heavier struct {
	device   *store.Device
	category string
	mine     string // risk of the lighter category
	theirs   string // risk of its own
}

// heavier returns a device of a product in a category of higher risk than that of
// its first device, or nil. Less would be asked for the same thing: so a
// manufacturer cannot register the lighter device after the heavier one, and where
// it did so before, the lighter one gets no label and no renewal any more, and its
// live labels are judged as not carried ([verdict.lighter]). What an operator
// registered, since the heavier one was there, an operator has looked at: both may
// be right.
func (a *Evidence) heavier(desc *label.Device, list []*store.Device) (*heavier, error) {
	mine := a.programme.Categories[desc.Category]
	for _, other := range list[1:] {
		category, err := categoryOf(other)
		if err != nil {
			return nil, err
		}
		theirs := a.programme.Categories[category]
		if mine == nil || theirs == nil || !a.programme.Riskier(theirs.Risk, mine.Risk) {
			continue
		}
		if looked := list[0].Looked; looked.IsZero() || looked.Before(other.Registered) {
			return &heavier{other, category, string(mine.Risk), string(theirs.Risk)}, nil
		}
	}
	return nil, nil
}

// refusal says it to a manufacturer whom it stops.
func (h *heavier) refusal(field string, desc *label.Device) error {
	return label.Errorf(label.Precondition, label.ReasonLighterCategory, field, "%s", h.why(desc))
}

// why says what stands in the way, and the way out.
func (h *heavier) why(desc *label.Device) string {
	return fmt.Sprintf("the category is %s (risk %s), and device %.16s, which belongs to the same product by GTINs or model numbers, is %s (risk %s); if the category %s is right all the same, ask the authority to register this descriptor (labelctl device register), which an operator can",
		desc.Category, h.mine, h.device.Digest, h.category, h.theirs, desc.Category)
}

// checkMaker checks that the manufacturer is enrolled as one, and that no other
// has a device with one of the trade item numbers.
func checkMaker(v *store.View, desc *label.Device) error {
	org, err := v.Org(desc.Manufacturer)
	if err != nil {
		return found(err, label.ReasonUnknownOrg, "device.manufacturer", "no organization %q is enrolled", desc.Manufacturer)
	}
	if !org.Has(label.RoleManufacturer) {
		return label.Errorf(label.Denied, label.ReasonWrongRole, "device.manufacturer", "%s is not enrolled as manufacturer", org.ID)
	}
	for i, g := range desc.GTINs {
		owner, err := gtinOwner(v, g)
		if err != nil {
			return err
		}
		if owner != "" && owner != desc.Manufacturer {
			return label.Errorf(label.Exists, label.ReasonExists, fmt.Sprintf("device.gtins[%d]", i),
				"GTIN %s belongs to a device of another manufacturer; if it is yours, ask the authority, whose operators can move it (labelctl event gtin)", g)
		}
	}
	return nil
}

// gtinOwner returns the manufacturer whose number a trade item number is: the one
// that operators moved it to, or whose devices have it; or nothing.
func gtinOwner(v *store.View, g label.GTIN) (string, error) {
	if moves, err := v.GTINMoves(g); err != nil || len(moves) > 0 {
		if err != nil {
			return "", err
		}
		return moves[len(moves)-1].To, nil
	}
	devices, err := v.GTINDevices(g)
	if err != nil || len(devices) == 0 {
		return "", err
	}
	d, err := v.Device(devices[0])
	if err != nil {
		return "", err
	}
	return d.Org, nil
}

// Device returns a registered device.
func (a *Evidence) Device(c Caller, digest label.Digest) (*store.Device, error) {
	if err := c.need(label.RoleManufacturer, label.RoleLab, label.RoleOperator); err != nil {
		return nil, err
	}
	return a.device(digest)
}

func (a *Evidence) device(digest label.Digest) (d *store.Device, err error) {
	err = a.store.View(func(v *store.View) error {
		d, err = v.Device(digest)
		return unknownDevice(err, digest)
	})
	return d, err
}

func unknownDevice(err error, digest label.Digest) error {
	return found(err, label.ReasonUnknownSubject, "device", "no device with SHA-256 %s is registered; \"labelctl device register\" registers one", digest)
}
