package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"labeld/internal/label"
)

// A Hold is a hold that an operator put on a device or on a manufacturer. Holds
// that follow from what happened to labels are not stored: the histories say
// them.
type Hold struct {
	Device label.Digest `json:"device,omitzero"` // what is on hold: a device,
	Org    string       `json:"org,omitempty"`   // or all of a manufacturer
	Event  label.Digest `json:"event"`           // by which an operator put it
	Reason string       `json:"reason"`
	Text   string       `json:"text"`
	Since  time.Time    `json:"since"`
	Ended  bool         `json:"-"` // of one to be written: it is removed
}

// holdKey is that of the hold on a device, or else on an organization.
func holdKey(device label.Digest, org string) []byte {
	if !device.IsZero() {
		return orgKey("device", device[:]...)
	}
	return orgKey("org", []byte(org)...)
}

// A GTINMove takes a trade item number away from the devices that have it, but
// for those of one manufacturer.
type GTINMove struct {
	Index int64        `json:"-"` // of its log entry
	GTIN  label.GTIN   `json:"gtin"`
	To    string       `json:"to"`    // organization ID
	Event label.Digest `json:"event"` // by which an operator decided it
}

// A Strike takes a statement, or a ruling, out of what counts.
type Strike struct {
	Statement label.Digest
	Event     label.Digest // by which an operator decided it
}

// A Supersession says that a statement about a device makes room for another.
type Supersession struct {
	Device    label.Digest
	Statement label.Digest
	By        label.Digest
}

// A Judgement is due of a device about which something became known.
type Judgement struct {
	Device label.Digest
	Since  time.Time // when it became due
	Done   bool      // of one to be written: it is removed, unless it became due again
}

// A Verdict is what judging a live label again came to last, and what its manufacturer
// was told of it. The zero Verdict, of which there is no record, says that the evidence
// carries the label, and that nobody was told more.
type Verdict struct {
	Label     label.ID `json:"-"`
	Cause     string   `json:"cause"`              // names the findings; empty where the evidence carries the label
	Acted     []string `json:"acted,omitempty"`    // findings that have had their consequence and that each judgement since has found again
	Renewable bool     `json:"renewable,omitzero"` // the manufacturer was told last that the label, which ends early, can be renewed
}

func (h *Hold) code(c *coder) {
	c.flag(&h.Ended)
	c.json(h)
}

func (h *Hold) edit(e *edits) {
	key := holdKey(h.Device, h.Org)
	if h.Ended {
		e.delete(bHolds, key)
	} else {
		e.putJSON(bHolds, key, h)
	}
}

func (m *GTINMove) code(c *coder) {
	c.index(&m.Index)
	c.json(m)
}

// edit marks the number as moved away from all devices of others.
func (m *GTINMove) edit(e *edits) {
	e.putJSON(bGTINMoves, append([]byte(m.GTIN), indexKey(m.Index)...), m)
	devices, err := e.GTINBearers(m.GTIN)
	e.fail(err)
	for _, id := range devices {
		d, err := e.Device(id)
		switch {
		case err != nil:
			e.fail(err)
			return
		case d.Org == m.To:
			e.put(bGTINs, gtinKey(m.GTIN, id), nil)
		default:
			e.put(bGTINs, gtinKey(m.GTIN, id), m.Event[:])
		}
	}
}

func (s *Strike) code(c *coder) {
	c.digest(&s.Statement)
	c.digest(&s.Event)
}

func (s *Strike) edit(e *edits) { e.put(bStruck, s.Statement[:], s.Event[:]) }

func (s *Supersession) code(c *coder) {
	c.digest(&s.Device)
	c.digest(&s.Statement)
	c.digest(&s.By)
}

func (s *Supersession) edit(e *edits) {
	e.put(bDeviceStmts, pair(s.Device, s.Statement[:]), s.By[:])
}

func (j *Judgement) code(c *coder) {
	c.digest(&j.Device)
	c.time(&j.Since)
	c.flag(&j.Done)
}

func (j *Judgement) edit(e *edits) {
	since := timeValue(j.Since)
	if !j.Done {
		e.put(bJudgements, j.Device[:], since)
	} else if bytes.Equal(e.tx.Bucket(bJudgements).Get(j.Device[:]), since) {
		e.delete(bJudgements, j.Device[:])
	}
}

func (v *Verdict) code(c *coder) {
	codeText(c, &v.Label)
	c.json(v)
}

func (v *Verdict) edit(e *edits) {
	if v.Cause == "" && len(v.Acted) == 0 && !v.Renewable {
		e.delete(bVerdicts, []byte(v.Label))
	} else {
		e.putJSON(bVerdicts, []byte(v.Label), v)
	}
}

func gtinKey(g label.GTIN, device label.Digest) []byte { return append([]byte(g), device[:]...) }

// modelKey begins with what makes two model numbers of a manufacturer the same.
func modelKey(org, model string, rest ...byte) []byte {
	return orgKey(org, append(append([]byte(label.FoldModel(model)), 0), rest...)...)
}

// brandKey begins with what makes two brands the same, and orders a manufacturer's
// devices of one by when they were registered.
func brandKey(fold, org string, d *Device) []byte {
	return append(orgKey(fold, []byte(orgKey(org))...), append(timeValue(d.Registered), d.Digest[:]...)...)
}

// timeBytes is how long a time is in a key.
const timeBytes = 8

// nearKey is one of those by which a brand is found from others that are near.
func nearKey(key, fold string) []byte { return orgKey(key, []byte(fold)...) }

// editBrand indexes a device by its brand, and a brand that nobody had yet by what it
// has in common with those that are near.
func editBrand(e *edits, d *Device, brand string) {
	fold := label.FoldModel(brand)
	e.put(bBrands, brandKey(fold, d.Org, d), nil)
	for _, key := range label.NearKeys(brand) {
		if e.tx.Bucket(bNearBrands).Get(nearKey(key, fold)) == nil {
			e.put(bNearBrands, nearKey(key, fold), nil)
		}
	}
}

// BrandOwners calls f with the first device that each manufacturer registered of a
// brand, however it is spelled, until f returns false.
func (v *View) BrandOwners(brand string, f func(*Device) bool) error {
	_, err := v.owners(label.FoldModel(brand), f)
	return err
}

// FirstOfBrand returns the first device that a manufacturer registered of a brand,
// however it is spelled.
func (v *View) FirstOfBrand(brand, org string) (*Device, error) {
	p := orgKey(label.FoldModel(brand), []byte(orgKey(org))...)
	k, _ := v.tx.Bucket(bBrands).Cursor().Seek(p)
	if !bytes.HasPrefix(k, p) || len(k) != len(p)+timeBytes+len(label.Digest{}) {
		return nil, ErrNotFound
	}
	digest := label.Digest(k[len(p)+timeBytes:])
	d, err := v.Device(digest)
	return d, present(bDevices, digest[:], err)
}

// owners is BrandOwners of a brand as it is folded. It reports whether f wants more.
func (v *View) owners(fold string, f func(*Device) bool) (more bool, err error) {
	p := orgKey(fold)
	c := v.tx.Bucket(bBrands).Cursor()
	for k, _ := c.Seek(p); bytes.HasPrefix(k, p); {
		org, rest, ok := bytes.Cut(k[len(p):], []byte{0})
		if !ok || len(rest) != timeBytes+len(label.Digest{}) {
			return false, corrupt(bBrands, k, ErrNotFound)
		}
		next := append(bytes.Clone(k[:len(p)+len(org)]), 1) // after all devices of this one
		digest := rest[timeBytes:]
		d, err := v.Device(label.Digest(digest))
		if err = present(bDevices, digest, err); err == nil {
			if !f(d) {
				return false, nil
			}
		} else if err = v.past(err); err != nil {
			return false, err
		}
		k, _ = c.Seek(next)
	}
	return true, nil
}

// maxNearBrands bounds the brands that are looked at for one: who has more registered
// that are near each other is told of anyway.
const maxNearBrands = 64

// NearBrandOwners is BrandOwners of all brands that have a key in common with one
// ([label.NearKeys]) and are another. What it costs grows with the length of the
// brand, and not with how many brands there are.
func (v *View) NearBrandOwners(brand string, f func(*Device) bool) error {
	own := label.FoldModel(brand)
	seen := map[string]bool{own: true}
	c := v.tx.Bucket(bNearBrands).Cursor()
	for _, key := range label.NearKeys(brand) {
		p := orgKey(key)
		for k, _ := c.Seek(p); bytes.HasPrefix(k, p) && len(seen) <= maxNearBrands; k, _ = c.Next() {
			fold := string(k[len(p):])
			if seen[fold] {
				continue
			}
			seen[fold] = true
			if more, err := v.owners(fold, f); err != nil || !more {
				return err
			}
		}
	}
	return nil
}

// GTINDevices returns the devices that have a trade item number, but for those
// that it was moved away from.
func (v *View) GTINDevices(g label.GTIN) (devices []label.Digest, err error) {
	c := v.tx.Bucket(bGTINs).Cursor()
	for k, b := c.Seek([]byte(g)); bytes.HasPrefix(k, []byte(g)); k, b = c.Next() {
		if len(b) == 0 {
			devices = append(devices, label.Digest(k[len(g):]))
		}
	}
	return devices, nil
}

// GTINBearers returns the devices that were registered with a trade item number,
// whoever it belongs to now.
func (v *View) GTINBearers(g label.GTIN) (devices []label.Digest, err error) {
	err = v.prefix(bGTINs, []byte(g), nil, func(rest []byte) (bool, error) {
		devices = append(devices, label.Digest(rest))
		return true, nil
	})
	return devices, err
}

// GTINMovedFrom reports whether a trade item number of a device belongs to another
// manufacturer now.
func (v *View) GTINMovedFrom(device label.Digest, g label.GTIN) bool {
	return len(v.tx.Bucket(bGTINs).Get(gtinKey(g, device))) > 0
}

// gtinBytes is how long a GTIN is in a key.
const gtinBytes = 14

// GTINMoves returns how numbers were moved, each number's moves oldest first: of
// all numbers where g is empty.
func (v *View) GTINMoves(g label.GTIN) (list []*GTINMove, err error) {
	err = each(v, bGTINMoves, []byte(g), gtinBytes+8, func(k []byte, m *GTINMove) bool {
		if !bytes.HasPrefix(k, []byte(g)) {
			return false
		}
		m.Index = int64(binary.BigEndian.Uint64(k[gtinBytes:]))
		list = append(list, m)
		return true
	})
	return list, err
}

// ModelDevices returns the devices of a manufacturer with a model number,
// however it is spelled.
func (v *View) ModelDevices(org, model string) (devices []label.Digest, err error) {
	err = v.prefix(bModels, modelKey(org, model), nil, func(rest []byte) (bool, error) {
		devices = append(devices, label.Digest(rest))
		return true, nil
	})
	return devices, err
}

// CountDevices returns how many devices of a manufacturer are registered.
func (v *View) CountDevices(org string) (n int, err error) {
	err = v.prefix(bModels, orgKey(org), nil, func([]byte) (bool, error) { n++; return true, nil })
	return n, err
}

// OrgDevices calls f with the devices of a manufacturer, by model number, until f
// returns false: with those after one of them, where that is not nil.
func (v *View) OrgDevices(org string, after *Device, f func(*Device) bool) error {
	p := orgKey(org)
	var cursor []byte
	if after != nil {
		var desc label.Device
		if err := label.Decode(after.Descriptor, &desc); err != nil {
			return err
		}
		cursor = modelKey(org, desc.Model, after.Digest[:]...)[len(p):]
	}
	return v.prefix(bModels, p, cursor, func(rest []byte) (bool, error) {
		digest := label.Digest(rest[len(rest)-len(label.Digest{}):])
		d, err := v.Device(digest)
		if err != nil {
			return true, present(bDevices, digest[:], err)
		}
		return f(d), nil
	})
}

// LabelsOf returns all labels that a device ever had, oldest first.
func (v *View) LabelsOf(d *Device) (list []*Label, err error) {
	p := labelOfKey(d, nil)
	c := v.tx.Bucket(bDeviceLabels).Cursor()
	for k, b := c.Seek(p); bytes.HasPrefix(k, p); k, b = c.Next() {
		l, err := v.Label(label.ID(b))
		if err = present(bLabels, b, err); err == nil {
			list = append(list, l)
		} else if err = v.past(err); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Latest returns the label that a device got last in a scheme. Whether it is
// live is for the caller to tell.
func (v *View) Latest(d *Device, scheme string) (*Label, error) {
	p := labelOfKey(d, nil)
	c := v.tx.Bucket(bDeviceLabels).Cursor()
	before := c.Prev
	if k, _ := c.Seek(append(bytes.Clone(p), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)); k == nil {
		before = c.Last
	}
	for k, b := before(); bytes.HasPrefix(k, p); k, b = c.Prev() {
		l, err := v.Label(label.ID(b))
		if err != nil {
			return nil, present(bLabels, b, err)
		}
		if l.Scheme == scheme {
			return l, nil
		}
	}
	return nil, ErrNotFound
}

// DeviceLabels returns the latest label of a device in each scheme, the latest
// of all first.
func (v *View) DeviceLabels(device label.Digest) (list []*Label, err error) {
	d, err := v.Device(device)
	if err != nil {
		return nil, err
	}
	all, err := v.LabelsOf(d)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for i := len(all) - 1; i >= 0; i-- {
		if !seen[all[i].Scheme] {
			seen[all[i].Scheme] = true
			list = append(list, all[i])
		}
	}
	return list, nil
}

// labelOfKey begins with when a device was registered. Labels are asked for soon
// after, in much the same order: what one commit writes lies side by side.
func labelOfKey(d *Device, index []byte) []byte {
	return append(append(timeValue(d.Registered), d.Digest[:]...), index...)
}

// HoldOn returns the hold that an operator put on a device, or, where that is
// zero, on an organization.
func (v *View) HoldOn(device label.Digest, org string) (*Hold, error) {
	return getJSON[Hold](v, bHolds, holdKey(device, org))
}

// HoldCount returns how many holds operators have put that are open.
func (v *View) HoldCount() int { return v.tx.Bucket(bHolds).Stats().KeyN }

// Struck returns the event by which a statement or ruling was struck, and
// whether it was.
func (v *View) Struck(id label.Digest) (event label.Digest, ok bool) {
	b := v.tx.Bucket(bStruck).Get(id[:])
	if len(b) != len(event) {
		return event, false
	}
	return label.Digest(b), true
}

// Strikes calls f with each struck statement and the event that struck it.
func (v *View) Strikes(f func(Strike)) error {
	return v.tx.Bucket(bStruck).ForEach(func(k, b []byte) error {
		if len(k) != len(label.Digest{}) || len(b) != len(label.Digest{}) {
			return corrupt(bStruck, k, ErrNotFound)
		}
		f(Strike{label.Digest(k), label.Digest(b)})
		return nil
	})
}

// Judgements returns some devices after one of which a judgement is due, and
// since when.
func (v *View) Judgements(after label.Digest, most int) (list []Judgement, err error) {
	c := v.tx.Bucket(bJudgements).Cursor()
	for k, b := c.Seek(append(bytes.Clone(after[:]), 0)); k != nil && len(list) < most; k, b = c.Next() {
		if len(k) != len(label.Digest{}) || len(b) != 8 {
			return nil, corrupt(bJudgements, k, ErrNotFound)
		}
		list = append(list, Judgement{Device: label.Digest(k), Since: time.Unix(0, int64(binary.BigEndian.Uint64(b)))})
	}
	return list, nil
}

// Verdict returns what judging a label again came to last.
func (v *View) Verdict(id label.ID) (Verdict, error) {
	rec, err := getJSON[Verdict](v, bVerdicts, []byte(id))
	if errors.Is(err, ErrNotFound) {
		return Verdict{Label: id}, nil
	}
	if err != nil {
		return Verdict{}, err
	}
	rec.Label = id
	return *rec, nil
}

// products holds the records about products to what they are about.
func (c *checker) products() {
	c.each(bHolds, func(k, v []byte) {
		h, err := decode[Hold](bHolds, k, v)
		if err != nil || !bytes.Equal(k, holdKey(h.Device, h.Org)) {
			c.badf("hold %q is unreadable or misplaced", k)
			return
		}
		c.has(bEvents, h.Event[:], nil, "hold "+string(k))
		if h.Device.IsZero() {
			c.has(bOrgs, []byte(h.Org), nil, "hold on "+h.Org)
		} else {
			c.has(bDevices, h.Device[:], nil, "hold on device "+h.Device.String())
		}
	})
	c.each(bGTINMoves, func(k, v []byte) {
		m, err := decode[GTINMove](bGTINMoves, k, v)
		if err != nil || len(k) != gtinBytes+8 {
			c.badf("the move of a gtin at %x is unreadable", k)
			return
		}
		c.has(bEvents, m.Event[:], nil, "the move of gtin "+string(m.GTIN))
		c.claims(int64(binary.BigEndian.Uint64(k[gtinBytes:])), "the move of gtin "+string(m.GTIN))
	})
	c.each(bStruck, func(k, v []byte) {
		c.has(bEvents, v, nil, "the striking of a statement")
	})
	c.each(bVerdicts, func(k, v []byte) {
		c.has(bLabels, k, nil, "a verdict")
		if _, err := decode[Verdict](bVerdicts, k, v); err != nil {
			c.badf("the verdict about label %s: %v", k, err)
		}
	})
	c.each(bJudgements, func(k, _ []byte) {
		c.has(bDevices, k, nil, "a judgement that is due")
	})
}
