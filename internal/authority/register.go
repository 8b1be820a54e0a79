package authority

import (
	"context"
	"errors"

	"labeld/internal/label"
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
	claims := []string{claimf("device/%s", digest)}
	for _, g := range desc.GTINs {
		claims = append(claims, claimf("gtin/%s", g))
	}
	var device *store.Device
	known := false
	defer a.writer.begin()()
	err = a.writer.do(ctx, claims, func(v *store.View, b *store.Batch) error {
		if d, err := v.Device(digest); err == nil {
			device, known = d, true
			return nil
		}
		if err := checkMaker(v, desc); err != nil {
			return err
		}
		device = &store.Device{Digest: digest, Descriptor: descriptor, Org: desc.Manufacturer, Registered: b.At.UTC()}
		b.Devices = append(b.Devices, *device)
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	return device, known, nil
}

// checkMaker checks a descriptor against the registry: its manufacturer is
// enrolled as one, and its trade item numbers are not another's. A number may
// pass to a newer descriptor of the same manufacturer.
func checkMaker(v *store.View, desc *label.Device) error {
	org, err := v.Org(desc.Manufacturer)
	if err != nil {
		return found(err, label.ReasonUnknownOrg, "device.manufacturer", "no organization %q is enrolled", desc.Manufacturer)
	}
	if !org.Has(label.RoleManufacturer) {
		return label.Errorf(label.Denied, label.ReasonWrongRole, "device.manufacturer", "%s is not enrolled as manufacturer", org.ID)
	}
	for _, g := range desc.GTINs {
		owner, err := v.GTIN(g)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		d, err := v.Device(owner)
		if err != nil {
			return err
		}
		if d.Org != desc.Manufacturer {
			return label.Errorf(label.Exists, label.ReasonExists, "device.gtins", "GTIN %s belongs to a device of another manufacturer", g)
		}
	}
	return nil
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
