package authority

import (
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// A DeviceEntry is a registered device as its manufacturer sees it in a list.
type DeviceEntry struct {
	*store.Device
	Descriptor    *label.Device
	GTINs         []label.GTIN // that are its own
	Moved         []label.GTIN // that operators have moved to another manufacturer
	Pictured      bool         // the picture that it names is here
	Labels        []*Published // the latest of each scheme, the latest first
	Unavailable   []label.ID   // of these, that cannot be shown now; the alarm was raised
	Uncarried     []label.ID   // of these, active ones that the evidence of today does not carry: they stand by an operator's decision, or until an end brought forward
	Holds         []*Hold      // that are open about its product
	NeedsOperator string       // why nothing is issued for it until an operator has registered it; empty where nothing needs that

	labels []label.ID
}

// Devices lists the registered devices of the caller, or of a manufacturer that an
// operator names, by model number.
func (a *Issuing) Devices(c Caller, manufacturer string, p Page) (list []*DeviceEntry, next string, err error) {
	if manufacturer, err = ofManufacturer(c, manufacturer, "devices"); err != nil {
		return nil, "", err
	}
	page, err := collect[*DeviceEntry](p, "devices", manufacturer)
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if _, err := v.Org(manufacturer); err != nil {
			return unknownOrg(err, "manufacturer", manufacturer)
		}
		var devices []*store.Device
		var from *store.Device
		if after := page.after.at; after != nil {
			if len(after) != len(label.Digest{}) {
				return errToken()
			}
			if from, err = v.Device(label.Digest(after)); err != nil || from.Org != manufacturer {
				return errToken()
			}
		}
		v = a.past(v, "listing devices")
		if err := v.OrgDevices(manufacturer, from, func(d *store.Device) bool {
			devices = append(devices, d)
			return len(devices) <= page.size // one more, to know whether there is another page
		}); err != nil {
			return err
		}
		open := &openOf{a: a, v: v, now: a.clock(), known: map[label.Digest][]*Hold{}}
		for _, d := range devices[:min(len(devices), page.size)] {
			e, err := open.entry(d)
			if err != nil {
				return err
			}
			page.add(e, d.Digest[:])
		}
		if len(devices) > page.size {
			page.more()
		}
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	for _, e := range page.items {
		shown := LabelPage{}
		if err := shown.show(a.publishing, e.labels); err != nil {
			return nil, "", err
		}
		e.Labels, e.Unavailable = shown.Labels, shown.Unavailable
		e.Uncarried = slices.DeleteFunc(e.Uncarried, func(id label.ID) bool {
			return !slices.ContainsFunc(e.Labels, func(p *Published) bool { return p.Label.ID == id && p.State == label.Active })
		})
	}
	return page.items, page.next, nil
}

// openOf finds what is open about devices. What is open about a product is the same
// for all of its devices, and read once.
type openOf struct {
	a     *Issuing
	v     *store.View
	now   time.Time
	known map[label.Digest][]*Hold
}

func (o *openOf) entry(d *store.Device) (*DeviceEntry, error) {
	e := &DeviceEntry{Device: d, Descriptor: new(label.Device)}
	if err := label.Decode(d.Descriptor, e.Descriptor); err != nil {
		return nil, err
	}
	e.Pictured = o.v.HasPicture(e.Descriptor.Picture)
	e.GTINs, e.Moved = ownGTINs(o.v, d.Digest, e.Descriptor)
	labels, err := o.v.DeviceLabels(d.Digest)
	if err != nil {
		return nil, err
	}
	for _, l := range labels {
		e.labels = append(e.labels, l.ID)
		last, err := o.v.Verdict(l.ID)
		if err != nil {
			return nil, err
		}
		if last.Cause != "" && !strings.HasPrefix(last.Cause, unjudged) {
			e.Uncarried = append(e.Uncarried, l.ID)
		}
	}
	devices, err := product(o.v, d, e.Descriptor)
	if err != nil {
		return nil, err
	}
	h, err := o.a.evidence.heavier(e.Descriptor, devices)
	if err != nil {
		return nil, err
	}
	if h != nil {
		e.NeedsOperator = h.why(e.Descriptor)
	}
	holds, known := o.known[d.Digest]
	if !known {
		if holds, err = o.a.evidence.openHolds(o.v, devices, o.now); err != nil {
			return nil, err
		}
		for _, other := range devices {
			o.known[other.Digest] = holds
		}
	}
	e.Holds = holds
	return e, nil
}
