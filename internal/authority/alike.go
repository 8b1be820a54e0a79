// # Look-alikes
//
// A product is one manufacturer's: what was found wrong with it does not count
// against another's. So who is revoked could have a second organization sell the
// same thing under the same brand and model, and nobody in a shop would know. That
// two manufacturers have devices of one brand can be right (one makes them for the
// other, or sold the brand), so it is not refused. It is never silent: all operators
// are told when a device is registered whose brand and model look the same as those
// of another manufacturer's device ([label.FoldModel]), or whose brand looks like
// that of another manufacturer and is spelled otherwise, which nobody needs who has
// a right to it. They are told both devices, what is the same, and what is open about
// the other product; and the manufacturer reads in the answer that they were.
package authority

import (
	"fmt"
	"slices"
	"strings"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// Bounds of what is read when a device is registered: of how many other
// manufacturers with the brand, and about how many of their devices operators are
// told. Those of the same model are looked for by index.
const (
	maxBrandOwners = 64
	maxAlike       = 8
)

// A Likeness is a device of another manufacturer that looks like one.
type Likeness struct {
	Device       label.Digest `json:"device"`
	Manufacturer string       `json:"manufacturer"`
	Brand        string       `json:"brand"`
	Model        string       `json:"model"`
	Same         []string     `json:"same"`            // what looks the same: brand, model; or is: picture
	Holds        []string     `json:"holds,omitempty"` // what is open about its product, each by its reason; "unreadable" where that cannot be told
}

// AlikeNews is the data of a notice that a device was registered which looks like
// another manufacturer's.
type AlikeNews struct {
	Device       label.Digest `json:"device"`
	Manufacturer string       `json:"manufacturer"`
	Brand        string       `json:"brand"`
	Model        string       `json:"model"`
	Others       []Likeness   `json:"others"`
}

// alikes returns the devices of other manufacturers that look like one, those of the
// same model first.
func alikes(v *store.View, desc *label.Device) (list []Likeness, err error) {
	var byBrand []Likeness
	owners := 0
	var inner error
	err = v.BrandOwners(desc.Brand, func(d *store.Device) bool {
		if d.Org == desc.Manufacturer {
			return true
		}
		var models []label.Digest
		if models, inner = v.ModelDevices(d.Org, desc.Model); inner != nil {
			return false
		}
		found := false
		for _, digest := range models {
			var other *store.Device
			if other, inner = v.Device(digest); inner != nil {
				return false
			}
			var l *Likeness
			if l, inner = likeness(other, desc); inner != nil {
				return false
			}
			if slices.Contains(l.Same, "brand") {
				list, found = append(list, *l), true
				break // one device of a product stands for it
			}
		}
		if !found {
			var l *Likeness
			if l, inner = likeness(d, desc); inner != nil {
				return false
			}
			if !strings.EqualFold(l.Brand, desc.Brand) {
				byBrand = append(byBrand, *l)
			}
		}
		owners++
		return owners < maxBrandOwners && len(list) < maxAlike
	})
	if inner != nil {
		return nil, inner
	}
	list = append(list, byBrand...)
	return list[:min(len(list), maxAlike)], err
}

// likeness says what of another manufacturer's device is the same.
func likeness(other *store.Device, desc *label.Device) (*Likeness, error) {
	d := new(label.Device)
	if err := label.Decode(other.Descriptor, d); err != nil {
		return nil, err
	}
	l := &Likeness{Device: other.Digest, Manufacturer: other.Org, Brand: d.Brand, Model: d.Model}
	if label.FoldModel(d.Brand) == label.FoldModel(desc.Brand) {
		l.Same = append(l.Same, "brand")
	}
	if label.FoldModel(d.Model) == label.FoldModel(desc.Model) {
		l.Same = append(l.Same, "model")
	}
	if !d.Picture.IsZero() && d.Picture == desc.Picture {
		l.Same = append(l.Same, "picture")
	}
	return l, nil
}

// tellAlike tells the operators of a device that looks like others. A bad record of
// another manufacturer keeps nobody from registering a device: that sounds the alarm,
// and operators are told what is known.
func (a *Authority) tellAlike(v *store.View, b *store.Batch, device *store.Device, desc *label.Device) error {
	list, err := alikes(a.past(v, "finding devices that look alike"), desc)
	if err != nil && !own(err) {
		return err
	}
	if err != nil {
		a.alarm("finding devices that look alike", device.Digest.String(), err)
	}
	if len(list) == 0 {
		return nil
	}
	for i := range list {
		holds, err := a.holdsOf(v, list[i].Device, b)
		if err != nil && !own(err) {
			return err
		}
		if err != nil {
			a.alarm("finding what is open about a device that looks alike", list[i].Device.String(), err)
			holds = []string{"unreadable"}
		}
		list[i].Holds = holds
	}
	id := "alike-" + device.Digest.String()
	if !slices.Contains(list[0].Same, "model") { // a matter between two brands, of which one notice is enough
		brands := []string{desc.Manufacturer, desc.Brand}
		for _, l := range list {
			brands = append(brands, l.Manufacturer, l.Brand)
		}
		id = "alike-" + label.DigestOf([]byte(strings.Join(brands, "\x00"))).String()
	}
	return a.tellOperators(b, notice.DeviceAlike, id, "", AlikeNews{
		Device: device.Digest, Manufacturer: desc.Manufacturer, Brand: desc.Brand, Model: desc.Model, Others: list,
	})
}

// holdsOf returns the reasons of what is open about the product of a device.
func (a *Authority) holdsOf(v *store.View, device label.Digest, b *store.Batch) (reasons []string, err error) {
	devices, err := productOf(v, device)
	if err != nil {
		return nil, err
	}
	holds, err := a.openHolds(v, devices, b.At)
	for _, h := range holds {
		if !slices.Contains(reasons, h.Reason) {
			reasons = append(reasons, h.Reason)
		}
	}
	return reasons, err
}

// AlikeNotes says to whoever registered a device that operators were told of others
// that it looks like. It does not name them: what another manufacturer has
// registered and not yet sold is nobody's business. What cannot be read sounds the
// alarm, since the device is registered already.
func (a *Authority) AlikeNotes(device *store.Device) []string {
	desc := new(label.Device)
	var list []Likeness
	err := a.store.View(func(v *store.View) (err error) {
		if err = label.Decode(device.Descriptor, desc); err == nil {
			list, err = alikes(a.past(v, "finding devices that look alike"), desc)
		}
		return err
	})
	if err != nil {
		a.alarm("finding devices that look alike", device.Digest.String(), err)
	}
	if len(list) == 0 {
		return nil
	}
	what := "its brand looks like that of another manufacturer, and is spelled otherwise"
	if slices.Contains(list[0].Same, "model") {
		what = "its brand and model look the same as those of another manufacturer's device"
	}
	return []string{fmt.Sprintf("The operators of the authority were told of this device, because %s. If you make or sell it with a right to the brand, tell them so.", what)}
}
