package authority

import (
	"context"
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// Register records a device descriptor. The second result says whether it was
// known.
func (a *Authority) Register(ctx context.Context, c Caller, descriptor []byte) (*store.Device, bool, error) {
	if err := c.need(label.RoleManufacturer, label.RoleOperator); err != nil {
		return nil, false, err
	}
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
	if d, err := a.device(digest); err == nil {
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
	err = a.writer.do(ctx, claims, func(v *store.View, b *store.Batch) error {
		if d, err := v.Device(digest); err == nil {
			device, known = d, true
			return nil
		}
		device = &store.Device{Digest: digest, Descriptor: descriptor, Org: desc.Manufacturer, Registered: b.At.UTC()}
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
		b.Devices = append(b.Devices, *device)
		due(b, devices[1:]) // it may have made two products one
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return device, known, nil
}

// admitDevice checks a descriptor against the registry. The list is of the product
// that its device would belong to, that device first.
//
// Its manufacturer is enrolled as one. Its trade item numbers are not another
// manufacturer's. What it shares with other devices makes them one product
// ([product]): a manufacturer can register no further device for a product that
// is on hold until an operator ends the hold, unless evidence ends it, and no
// device in a category of lower risk than that of another device of the product.
// An operator can: somebody has looked.
func (a *Authority) admitDevice(v *store.View, c Caller, list []*store.Device, desc *label.Device, now time.Time) error {
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
	for _, other := range list[1:] {
		if err := a.checkCategory(desc, other); err != nil {
			return err
		}
	}
	return nil
}

// checkCategory refuses a category of lower risk than that of another device of
// the product: less would be asked for the same thing.
func (a *Authority) checkCategory(desc *label.Device, other *store.Device) error {
	d := new(label.Device)
	if err := label.Decode(other.Descriptor, d); err != nil {
		return err
	}
	mine, theirs := a.programme.Categories[desc.Category], a.programme.Categories[d.Category]
	if theirs == nil || slices.Index(scheme.Risks, mine.Risk) >= slices.Index(scheme.Risks, theirs.Risk) {
		return nil
	}
	return label.Errorf(label.Precondition, label.ReasonLighterCategory, "device.category",
		"is %s (risk %s), and device %.16s, which shares a GTIN or the model number, is %s (risk %s); if the category was wrong, ask the authority to register this descriptor",
		desc.Category, mine.Risk, other.Digest, d.Category, theirs.Risk)
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
func (a *Authority) Device(c Caller, digest label.Digest) (*store.Device, error) {
	if err := c.need(label.RoleManufacturer, label.RoleLab, label.RoleOperator); err != nil {
		return nil, err
	}
	return a.device(digest)
}

func (a *Authority) device(digest label.Digest) (d *store.Device, err error) {
	err = a.store.View(func(v *store.View) error {
		d, err = v.Device(digest)
		return unknownDevice(err, digest)
	})
	return d, err
}

func unknownDevice(err error, digest label.Digest) error {
	return found(err, label.ReasonUnknownSubject, "device", "no device with SHA-256 %s is registered; \"labelctl device register\" registers one", digest)
}
