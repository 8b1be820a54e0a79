// # Evidence
//
// A finding is about a product, not about one spelling of it: what laboratories
// found wrong with one device counts against every other of the product
// ([product]), until a later report about either undoes it. What speaks for a
// device must be about that device.
//
// All that was accepted about a device is weighed, whoever sent it. What became
// known since then that speaks against a statement is looked up each time; the
// statement stays on record, and whoever may see the decision reads why it does
// not count.
//
// Each signer has a number of places for a device ([label.MaxSignerStatements]).
// A statement that says nothing any more gives its place back: a declaration when
// there is one of a later day, a report when its correction states again all that
// it found wrong. It has it again when what took the place is struck. When all
// places are taken, a statement takes that of one which it repeats, so that
// nothing is lost that speaks against the device; a report of a failure is
// accepted beyond them ([label.MaxSignerFailures]); and anything else is refused.
// So a signer can neither keep another out, nor hide a failure, nor be kept from
// reporting one.
package authority

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// evidence returns all statements about a device, ready to be judged by a
// scheme, with what speaks against each. How many there are tells later whether
// more have come.
func (d *distrust) evidence(v *store.View, device *store.Device, category string, effects map[string]scheme.Effect) (items []*scheme.Item, all int, err error) {
	list, err := v.DeviceStatements(device.Digest)
	if err != nil {
		return nil, 0, err
	}
	items = make([]*scheme.Item, 0, len(list))
	var past []*scheme.Item
	for _, s := range list {
		st, err := v.Statement(s.ID)
		if err != nil {
			return nil, 0, err
		}
		if s.Superseded, err = d.standing(v, s.Superseded); err != nil {
			return nil, 0, err
		}
		if !s.Superseded.IsZero() {
			past = append(past, &scheme.Item{
				ID: st.ID, Type: st.Type, Signer: st.Signer, Number: st.Number, Date: st.Date,
				Doubt: superseded(s.Superseded),
			})
			continue
		}
		item, err := itemOf(v, st)
		if err != nil {
			return nil, 0, err
		}
		item.Lab, item.Received = st.Lab, st.Received
		if item.Doubt, err = d.doubts(v, st, item, device.Org, category, effects); err != nil {
			return nil, 0, err
		}
		items = append(items, item)
	}
	slices.SortFunc(past, func(x, y *scheme.Item) int { return cmp.Or(y.Date.Compare(x.Date), slices.Compare(x.ID[:], y.ID[:])) })
	return append(items, past[:min(len(past), maxPast)]...), len(list), nil
}

// ofSiblings returns the reports about the other devices of a product, which
// count against a device and not for it, and how many statements there are in
// all.
func (d *distrust) ofSiblings(v *store.View, siblings []*store.Device, category string, effects map[string]scheme.Effect) (items []*scheme.Item, all int, err error) {
	for _, sibling := range siblings {
		more, n, err := d.evidence(v, sibling, category, effects)
		if err != nil {
			return nil, 0, err
		}
		all += n
		for _, it := range more {
			if it.Source() != scheme.Lab || it.Doubt != nil && !it.Doubt.Against {
				continue
			}
			doubt := scheme.Doubt{Code: doubtOther, Against: true, Undoes: true,
				Text: fmt.Sprintf("is about device %.16s of the same product; what it found wrong counts here as well", sibling.Digest)}
			if it.Doubt != nil && it.Doubt.Until.IsZero() {
				doubt = *it.Doubt
			}
			doubt.Device = sibling.Digest
			it.Doubt = &doubt
			items = append(items, it)
		}
	}
	return items, all, nil
}

// standing returns a statement that took the place of another, or nothing where it
// has fallen itself, so that the other has its place again.
func (d *distrust) standing(v *store.View, by label.Digest) (label.Digest, error) {
	if by.IsZero() {
		return by, nil
	}
	st, err := v.Statement(by)
	if err != nil || d.fallen(st) == nil {
		return by, err
	}
	return label.Digest{}, nil
}

// maxPast bounds the statements named in a decision whose place others have
// taken: the latest ones. [Authority.DeviceStatements] lists all.
const maxPast = 32

// superseded returns the doubt about a statement whose place another has taken, or
// nil.
func superseded(by label.Digest) *scheme.Doubt {
	if by.IsZero() {
		return nil
	}
	return &scheme.Doubt{Code: scheme.Superseded, Text: "gave its place to a later statement of its signer, " + by.String()}
}

// doubts returns the first thing that speaks against a statement that has its place,
// or nil. Item is what it says, or nil where that has not been read.
func (d *distrust) doubts(v *store.View, st *store.Statement, item *scheme.Item, maker, category string, effects map[string]scheme.Effect) (*scheme.Doubt, error) {
	if doubt := d.doubt(st, maker); doubt != nil {
		return doubt, nil
	}
	return d.scope(v, st, item, category, effects[lostScope])
}

// makeRoom finds a place for a statement among those of its signer about the
// device, and adds to a batch what makes room for it.
func (a *Evidence) makeRoom(v *store.View, b *batch, st *store.Statement, item *scheme.Item) error {
	mine, err := places(v, st)
	if err != nil {
		return err
	}
	takePlace := func(old, by label.Digest) {
		b.Add(&store.Supersession{Device: st.Device, Statement: old, By: by})
	}
	// A correction that leaves something of a report in force keeps its place beside it:
	// without it nobody could tell that the next one corrects that report as well.
	links := func(old *placement) bool {
		return slices.ContainsFunc(mine, func(p *placement) bool { return p.ID == old.item.Corrects })
	}
	mine = slices.DeleteFunc(slices.Clone(mine), func(old *placement) bool {
		by := replaces(item, old.item) && !links(old)
		if by {
			takePlace(old.ID, st.ID)
		}
		return by
	})
	if i := slices.IndexFunc(mine, func(old *placement) bool { return replaces(old.item, item) }); i >= 0 {
		takePlace(st.ID, mine[i].ID) // it came after the one that takes its place
		return nil
	}
	if len(mine) < label.MaxSignerStatements {
		return nil
	}
	if i := slices.IndexFunc(mine, func(old *placement) bool { return item.Repeats(old.item) && !links(old) }); i >= 0 {
		takePlace(mine[i].ID, st.ID)
		return nil
	}
	if item.Fails() && len(mine) < label.MaxSignerFailures {
		return nil
	}
	return label.Errorf(label.TooLarge, label.ReasonTooLarge, "subject",
		"%s has %d statements about the device that count, which is the limit; declare on a later day, or correct an earlier report (member corrects)", st.Signer, len(mine))
}

// A placement is a statement that takes up a place of its signer.
type placement struct {
	*store.Statement
	item *scheme.Item
}

// places returns the statements of a statement's signer about the same device
// that take up a place, oldest first.
func places(v *store.View, st *store.Statement) (list []*placement, err error) {
	all, err := v.DeviceStatements(st.Device)
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if !s.Superseded.IsZero() {
			continue
		}
		old, err := v.Statement(s.ID)
		if err != nil {
			return nil, err
		}
		if old.Signer != st.Signer || old.Type != st.Type {
			continue
		}
		item, err := itemOf(v, old)
		if err != nil {
			return nil, err
		}
		list = append(list, &placement{old, item})
	}
	slices.SortFunc(list, func(x, y *placement) int {
		return cmp.Or(x.Date.Compare(y.Date), x.Received.Compare(y.Received), slices.Compare(x.ID[:], y.ID[:]))
	})
	return list, nil
}

// replaces reports whether a statement takes the place of another of the same
// signer about the same device.
func replaces(next, old *scheme.Item) bool {
	if label.SourceOf(next.Type) == label.SourceLab {
		return next.Corrects == old.ID && next.Restates(old)
	}
	return next.Date.After(old.Date) && next.Standard == old.Standard && next.Edition == old.Edition
}

// A StatementNote is a statement about a device, as those concerned may see it:
// who made it and when, and whether it counts. What it says is for its parties.
type StatementNote struct {
	*store.Statement
	Doubt *scheme.Doubt // nil where nothing speaks against it
	Other bool          // it is about another device of the product, and counts against this one too

	// Until is the last day on which it counts all the same, or zero: a doubt may
	// leave a time of grace, which is for the scheme to say.
	Until label.Date
}

// noteOf says whether a statement about a device counts. By is the statement that
// took its place, or zero.
func (a *Evidence) noteOf(v *store.View, known *distrust, st *store.Statement, by label.Digest, maker, category string) (*StatementNote, error) {
	n := &StatementNote{Statement: st}
	by, err := known.standing(v, by)
	if err != nil {
		return nil, err
	}
	if n.Doubt = superseded(by); n.Doubt == nil {
		n.Doubt, err = known.doubts(v, st, nil, maker, category, a.strictEffects())
	}
	if n.Doubt != nil && a.clock().Before(n.Doubt.Until) {
		n.Until = n.Doubt.LastDay()
	}
	return n, err
}

// strictEffects says what the schemes that are served say of scope that is lost,
// where no scheme is asked for: what the strictest of them says, so that nobody
// plans by a day that another does not give.
func (a *Evidence) strictEffects() map[string]scheme.Effect {
	var strictest scheme.Effect
	for i, s := range a.programme.Judging(a.clock()) {
		e := s.Lifecycle.Propagation[lostScope]
		if i == 0 || patience(e) < patience(strictest) {
			strictest = e
		}
	}
	return map[string]scheme.Effect{lostScope: strictest}
}

// patience says for how many months a report counts whose laboratory has lost the
// scope.
func patience(e scheme.Effect) int {
	if e.Action == scheme.NoEffect {
		return math.MaxInt
	}
	return e.GraceMonths
}

// deviceStatements calls f with all statements about a device, latest first,
// whoever signed and whoever sent them, and with the reports of what was found
// wrong with other devices of its product, until f returns false. What f gets beside
// it is a cursor, after which to go on.
func (a *Evidence) deviceStatements(v *store.View, d *store.Device, cursor []byte, f func(*StatementNote, []byte) bool) error {
	category, err := categoryOf(d)
	if err != nil {
		return err
	}
	all, err := v.DeviceStatements(d.Digest)
	if err != nil {
		return err
	}
	known := a.distrust.Load()
	list := make([]*StatementNote, len(all))
	for i, s := range all {
		st, err := v.Statement(s.ID)
		if err == nil {
			list[i], err = a.noteOf(v, known, st, s.Superseded, d.Org, category)
		}
		if err != nil {
			return err
		}
	}
	others, err := siblings(v, d.Digest)
	if err != nil {
		return err
	}
	items, _, err := known.ofSiblings(v, others, category, a.strictEffects())
	if err != nil {
		return err
	}
	for _, it := range items {
		if !it.Fails() {
			continue
		}
		st, err := v.Statement(it.ID)
		if err != nil {
			return err
		}
		list = append(list, &StatementNote{Statement: st, Doubt: it.Doubt, Other: true})
	}
	slices.SortFunc(list, func(x, y *StatementNote) int {
		return cmp.Or(y.Received.Compare(x.Received), slices.Compare(x.ID[:], y.ID[:]))
	})
	from := 0
	if len(cursor) > 0 {
		from = 1 + slices.IndexFunc(list, func(n *StatementNote) bool { return slices.Equal(n.ID[:], cursor) })
	}
	for _, n := range list[from:] {
		if !f(n, n.ID[:]) {
			break
		}
	}
	return nil
}

// dueFor has a device judged again, beside other work, if it has a label that
// stands. One whose labels cannot all be read may have one: a bad record must not
// keep anything from being reported.
func (a *Evidence) dueFor(v *store.View, b *batch, device label.Digest) error {
	labels, err := v.DeviceLabels(device)
	if err != nil {
		a.alarm("finding what is to be judged again", device.String(), err)
		b.Add(&store.Judgement{Device: device, Since: b.At})
		return nil
	}
	for _, rec := range labels {
		if !rec.Expires.After(b.At) {
			continue
		}
		b.Add(&store.Judgement{Device: device, Since: b.At})
		return nil
	}
	return nil
}

// dueForProduct is dueFor a device and the others of its product, which may be
// getting a label in this very commit. A bad record of these must not keep
// anything from being reported either.
func (a *Evidence) dueForProduct(v *store.View, b *batch, device label.Digest) error {
	if err := a.dueFor(v, b, device); err != nil {
		return err
	}
	return a.dueForOthers(v, b, device)
}

func (a *Evidence) dueForOthers(v *store.View, b *batch, device label.Digest) error {
	others, err := siblings(v, device)
	if err != nil && !own(err) {
		return err
	}
	if err != nil {
		a.alarm("finding what is to be judged again", device.String(), err)
	}
	due(b, others)
	return nil
}

// due has devices judged again.
func due(b *batch, devices []*store.Device) {
	for _, d := range devices {
		b.Add(&store.Judgement{Device: d.Digest, Since: b.At})
	}
}

// productOf returns the devices of the product of a device on record, that one first.
func productOf(v *store.View, device label.Digest) ([]*store.Device, error) {
	d, err := v.Device(device)
	if err != nil {
		return nil, err
	}
	desc := new(label.Device)
	if err := label.Decode(d.Descriptor, desc); err != nil {
		return nil, err
	}
	return product(v, d, desc)
}

// siblings returns the other devices of the product of a device on record.
func siblings(v *store.View, device label.Digest) ([]*store.Device, error) {
	list, err := productOf(v, device)
	if err != nil {
		return nil, err
	}
	return list[1:], nil
}

// dueForSigner has all devices judged again about which a signer made a statement
// that fits.
func (a *Evidence) dueForSigner(v *store.View, b *batch, signer string, fits func(*store.Statement) bool) error {
	seen := map[label.Digest]bool{}
	var inner error
	err := a.past(v, "finding what is to be judged again").OrgStatements(signer, nil, func(st *store.Statement, _ []byte) bool {
		if st.Signer == signer && !seen[st.Device] && fits(st) {
			seen[st.Device] = true
			inner = a.dueForProduct(v, b, st.Device)
		}
		return inner == nil
	})
	return cmp.Or(inner, err)
}

// categoryOf returns the category of a device.
func categoryOf(d *store.Device) (string, error) {
	desc := new(label.Device)
	err := label.Decode(d.Descriptor, desc)
	return desc.Category, err
}

// itemOf reads what a statement on record says, as the criteria see it.
func itemOf(v *store.View, st *store.Statement) (*scheme.Item, error) {
	gist, err := v.Gist(st)
	if err != nil {
		return nil, err
	}
	return scheme.ReadGist(st.ID, gist)
}

// GistOf makes the gist of a statement on record anew, from its signed bytes, whose
// signature is verified again: what judging needs may be other things in the next
// release, and a migration asks for it ([store.Migration]).
func GistOf(p *scheme.Programme, st *store.Statement, key *label.Key, raw []byte) ([]byte, error) {
	u, err := envelope.Open(raw)
	if err != nil {
		return nil, err
	}
	if u.ID() != st.ID {
		return nil, fmt.Errorf("the signed bytes are those of statement %s", u.ID())
	}
	public, err := envelope.ParsePublicKey([]byte(key.PEM))
	if err != nil {
		return nil, err
	}
	v, err := u.Verify([]*envelope.PublicKey{public})
	if err != nil {
		return nil, err
	}
	item, err := p.Read(v)
	if err != nil {
		return nil, err
	}
	return item.Gist()
}
