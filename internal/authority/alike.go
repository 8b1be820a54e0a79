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
// a right to it. They are told both devices, what is the same, what is open about the
// other product, and whose brand it was first; and the manufacturer reads in the answer
// that they were, unless its own brand was the first: who has had a name for years is
// not to explain itself because somebody else took it.
//
// Names that are only near ([label.HowNear]) are told apart by most people, and most
// who have such names are honest. So operators are told of them in a notice of its own
// kind, once for each two brands.
package authority

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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
	Since        time.Time    `json:"since"`           // when its manufacturer registered the first device of the brand
	Holds        []string     `json:"holds,omitempty"` // what is open about its product, each by its reason; "unreadable" where that cannot be told
}

// AlikeNews is the data of a notice that a device was registered which looks like
// another manufacturer's.
type AlikeNews struct {
	Device       label.Digest `json:"device"`
	Manufacturer string       `json:"manufacturer"`
	Brand        string       `json:"brand"`
	Model        string       `json:"model"`
	Since        time.Time    `json:"since"` // when its manufacturer registered the first device of the brand
	First        string       `json:"first"` // whose brand it was first, of all these manufacturers
	Others       []Likeness   `json:"others"`
}

// NearNews is the data of a notice that a brand is near to another manufacturer's.
type NearNews struct {
	Near  label.Nearness `json:"near"`  // spelling: one letter makes the difference; added-word: one is the other and a word
	First Brand          `json:"first"` // that was there first
	Then  Brand          `json:"then"`
}

// A Brand is a manufacturer's brand, with the first device that it registered of it.
type Brand struct {
	Manufacturer string       `json:"manufacturer"`
	Brand        string       `json:"brand"`
	Device       label.Digest `json:"device"`
	Since        time.Time    `json:"since"`
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
		found, since := false, d.Registered
		for _, digest := range models {
			var other *store.Device
			if other, inner = v.Device(digest); inner != nil {
				return false
			}
			var l *Likeness
			if l, inner = likeness(other, desc, since); inner != nil {
				return false
			}
			if slices.Contains(l.Same, "brand") {
				list, found = append(list, *l), true
				break // one device of a product stands for it
			}
		}
		if !found {
			var l *Likeness
			if l, inner = likeness(d, desc, since); inner != nil {
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
func likeness(other *store.Device, desc *label.Device, since time.Time) (*Likeness, error) {
	d := new(label.Device)
	if err := label.Decode(other.Descriptor, d); err != nil {
		return nil, err
	}
	l := &Likeness{Device: other.Digest, Manufacturer: other.Org, Brand: d.Brand, Model: d.Model, Since: since}
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

// first returns whose brand it was first: that of a manufacturer who has had it since
// some time, or another's of a list.
func first(org string, since time.Time, list []Likeness) string {
	for _, l := range list {
		if !l.Since.After(since) {
			org, since = l.Manufacturer, l.Since
		}
	}
	return org
}

// ownBrand returns a device's brand, with the first device that its manufacturer
// registered of it, which may be this one.
func ownBrand(v *store.View, device *store.Device, desc *label.Device) (Brand, error) {
	own := Brand{desc.Manufacturer, desc.Brand, device.Digest, device.Registered}
	d, err := v.FirstOfBrand(desc.Brand, desc.Manufacturer)
	if err == nil {
		own.Device, own.Since = d.Digest, d.Registered
	} else if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return own, err
}

// nearBrands returns the brands of other manufacturers that are near to a device's.
func nearBrands(v *store.View, own Brand) (list []NearNews, err error) {
	owners := 0
	var inner error
	err = v.NearBrandOwners(own.Brand, func(d *store.Device) bool {
		if d.Org == own.Manufacturer {
			return true
		}
		desc := new(label.Device)
		if inner = label.Decode(d.Descriptor, desc); inner != nil {
			return false
		}
		if near := label.HowNear(own.Brand, desc.Brand); near != label.NotNear {
			n := NearNews{near, Brand{d.Org, desc.Brand, d.Digest, d.Registered}, own}
			if own.Since.Before(d.Registered) {
				n.First, n.Then = n.Then, n.First
			}
			list = append(list, n)
		}
		owners++
		return owners < maxBrandOwners && len(list) < maxAlike
	})
	return list, cmp.Or(inner, err)
}

// tellAlike tells the operators of a device that looks like others, and of brands that
// are near to its own. A bad record of another manufacturer keeps nobody from
// registering a device: that sounds the alarm, and operators are told what is known.
func (a *Evidence) tellAlike(v *store.View, b *batch, device *store.Device, desc *label.Device) error {
	past := a.past(v, "finding devices that look alike")
	mine, err := ownBrand(past, device, desc)
	var list []Likeness
	var near []NearNews
	if err == nil {
		list, err = alikes(past, desc)
	}
	if err == nil {
		near, err = nearBrands(past, mine)
	}
	if err != nil && !own(err) {
		return err
	}
	if err != nil {
		a.alarm("finding devices that look alike", device.Digest.String(), err)
	}
	for _, n := range near {
		if err := a.tellOperators(b, notice.BrandNear, "near-"+pairOf(n.First.folded(), n.Then.folded()), "", n); err != nil {
			return err
		}
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
	if !slices.Contains(list[0].Same, "model") { // a matter between brands, of which one notice is enough, whoever registers next
		brands := []Brand{mine}
		for _, l := range list {
			brands = append(brands, Brand{Manufacturer: l.Manufacturer, Brand: l.Brand})
		}
		id = "alike-" + pairOf(brands...)
	}
	return a.tellOperators(b, notice.DeviceAlike, id, "", AlikeNews{
		Device: device.Digest, Manufacturer: desc.Manufacturer, Brand: desc.Brand, Model: desc.Model,
		Since: mine.Since, First: first(desc.Manufacturer, mine.Since, list), Others: list,
	})
}

// folded returns a brand as it looks, however it is spelled.
func (b Brand) folded() Brand {
	b.Brand = label.FoldModel(b.Brand)
	return b
}

// pairOf names brands, in whatever order they come.
func pairOf(brands ...Brand) string {
	var names []string
	for _, b := range brands {
		names = append(names, b.Manufacturer+"\x00"+b.Brand)
	}
	slices.Sort(names)
	return label.DigestOf([]byte(strings.Join(names, "\x00"))).String()
}

// holdsOf returns the reasons of what is open about the product of a device.
func (a *Evidence) holdsOf(v *store.View, device label.Digest, b *batch) (reasons []string, err error) {
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
// that it looks like, or of brands that are near, where these were there before its
// own. It does not name them: what another manufacturer has registered and not yet
// sold is nobody's business. What cannot be read sounds the alarm, since the device is
// registered already.
func (a *Evidence) AlikeNotes(device *store.Device) []string {
	desc := new(label.Device)
	var mine Brand
	var list []Likeness
	var near []NearNews
	err := a.store.View(func(v *store.View) (err error) {
		if err = label.Decode(device.Descriptor, desc); err != nil {
			return err
		}
		past := a.past(v, "finding devices that look alike")
		if mine, err = ownBrand(past, device, desc); err != nil {
			return err
		}
		if list, err = alikes(past, desc); err != nil {
			return err
		}
		near, err = nearBrands(past, mine)
		return err
	})
	if err != nil {
		a.alarm("finding devices that look alike", device.Digest.String(), err)
	}
	const tell = "The operators of the authority were told of this device, because %s. If you make or sell it with a right to the brand, tell them so."
	switch {
	case len(list) > 0 && first(desc.Manufacturer, mine.Since, list) == desc.Manufacturer:
		return nil // operators see the pair, and who was first
	case len(list) > 0 && slices.Contains(list[0].Same, "model"):
		return []string{fmt.Sprintf(tell, "its brand and model look the same as those of another manufacturer's device")}
	case len(list) > 0:
		return []string{fmt.Sprintf(tell, "its brand looks like that of another manufacturer, and is spelled otherwise")}
	case slices.ContainsFunc(near, func(n NearNews) bool { return n.Then == mine }):
		return []string{"The operators of the authority were told that its brand is near to one that another manufacturer has had for longer. That may well be right; nothing follows from it by itself."}
	}
	return nil
}
