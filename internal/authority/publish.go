package authority

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/issue"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/translog"
)

// freshness is how long a published label is kept without looking at the store
// again. Changes made here purge it at once; the bound is for changes made by
// another replica. Where there are none, it is kept on until its proof is a
// heartbeat old.
const freshness = 5 * time.Second

// A Published is one label as anybody may see it, with everything that proves
// it, checked by us as others would check it. It is shared and never changes.
//
// Of a label in whose place another was put it also says how that one stands, since
// who holds the product is sent there. That is no part of what is signed about the
// label: it may change while nothing happens to the label itself. So a Published of
// such a label is good as long as nothing happened to any of its successors either,
// which is looked up each time ([Authority.holds]), and until time changes how one of
// them stands ([Published.NextChange]).
type Published struct {
	label.History
	label.Standing
	*Documents

	// Successor is how the label stands that took the place of this one, or that is
	// announced to; nil where there is none, or where that label cannot be read.
	Successor *label.Standing

	// Taken are the labels of the products that had one of GTINs before it was moved to
	// this one: who asks for the number may hold one of those.
	Taken []FormerLabel

	successors map[label.ID]*label.History // of all that its history names, and of Taken, as the store has them
	next       time.Time                   // when it will stand otherwise by time alone; zero for never
	fresh      time.Time                   // when the log head was signed that the proof leads to
	forms      sync.Map                    // name of a rendered form -> *form
}

// A cachedLabel is a published label that is remembered.
type cachedLabel struct {
	*Published
	until time.Time // when to look at the store again
}

// Documents are what proves a label.
type Documents struct {
	Index   int64          // log entry
	Bundle  []byte         // Sigstore bundle
	Device  []byte         // descriptor
	Proof   []byte         // tlog-proof
	Package []byte         // all of it in one file; absent where it was issued just now
	Indexes []int64        // log entries of the statuses
	Rulings []LoggedRuling // on appeals, that the label rests on

	// GTINs are those of the product that no operator has moved to another
	// manufacturer, and Moved those of its descriptor that one has. The label says
	// nothing of what bears a number that was moved, also where no other is left: it is
	// then about the model alone, and no barcode leads to it. Whatever shows a label
	// shows GTINs, and names the numbers that were moved as such or not at all.
	GTINs, Moved []label.GTIN

	// Pictured says whether the picture that the descriptor names is here:
	// [Evidence.Picture] has it.
	Pictured bool

	proof translog.Proof
}

// SpeaksOf reports whether the label is about the product with a trade item number.
func (d *Documents) SpeaksOf(g label.GTIN) bool { return slices.Contains(d.GTINs, g) }

// A LoggedRuling is a ruling on an appeal, with its log entry.
type LoggedRuling struct {
	label.Ruling
	Index  int64
	Digest label.Digest
	Fallen *VoidRuling // why it does not count any more; nil where it does
}

// As returns the label as it stood at an instant. What proves it is the same.
func (p *Published) As(at time.Time) *Published {
	as := &Published{History: p.History, Documents: p.Documents, successors: p.successors}
	for _, t := range p.Taken {
		if !t.Moved.After(at) {
			as.Taken = append(as.Taken, t)
		}
	}
	as.stand(at.UTC().Truncate(time.Second))
	return as
}

// Link returns the link to the label that took the place of this one at the instant for
// which it is shown, or that was announced to, or nil.
func (p *Published) Link() *label.LabelLink {
	switch {
	case p.State == label.Superseded && p.Because != nil:
		return p.Because.Successor
	case p.Scheduled != nil:
		return p.Scheduled.Successor
	}
	return nil
}

// NextChange returns the first instant after another at which time alone changes how
// the label stands, or one of its successors, or how its end is named, which is by the
// time of day from the beginning of the day on within which it comes ([label.LastDay]);
// or the zero time.
func (p *Published) NextChange(at time.Time) time.Time {
	next := p.History.NextChange(at)
	sooner := func(t time.Time) {
		if t.After(at) && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	s := p.StandingAt(at)
	sooner(label.DateOf(s.Ends()).Start())
	for _, h := range p.successors {
		sooner(h.NextChange(at))
	}
	return next
}

// At returns a label as it stood at an instant, which must not be to come.
func (a *Publishing) At(p *Published, at time.Time) (*Published, error) {
	if now := a.clock(); at.After(now) {
		return nil, label.Errorf(label.Invalid, label.ReasonInFuture, "at", "is %s, it is %s here; nobody knows what will become of a label", at.UTC().Format(time.RFC3339), now.UTC().Format(time.RFC3339))
	}
	return p.As(at), nil
}

// A form is something rendered from a Published, once.
type form struct {
	once sync.Once
	v    any
	err  error
}

// Render returns the form of a name, made by f the first time it is asked for.
// It lives as long as p, so that readers render a label once per change.
func (p *Published) Render(name string, f func() (any, error)) (any, error) {
	v, ok := p.forms.Load(name)
	if !ok {
		v, _ = p.forms.LoadOrStore(name, new(form))
	}
	r := v.(*form)
	r.once.Do(func() { r.v, r.err = f() })
	return r.v, r.err
}

// Checkpoint returns the signed log head that the proof leads to.
func (d *Documents) Checkpoint() []byte { return d.proof.Checkpoint }

// Lookup returns a label by ID.
func (a *Publishing) Lookup(id label.ID) (*Published, error) {
	now := a.clock() // before the store is read: what is remembered holds from then on
	k, ok := a.published.Get(id)
	if ok && now.Before(k.until) && k.until.Sub(now) <= freshness && len(k.successors) == 0 { // not before it was read, should the clock be set back
		return k.Published, nil
	}
	p := k.Published
	if holds, err := a.holds(p, now); err != nil {
		return nil, err
	} else if !holds {
		if p, err = a.publish(id, now); err != nil {
			return nil, err
		}
	}
	a.published.Add(id, cachedLabel{p, p.until(now)})
	return p, nil
}

// holds reports whether a label that was published, or nil, is still as it was, and
// so are its successors.
func (a *Publishing) holds(p *Published, now time.Time) (same bool, err error) {
	if p == nil || !p.next.IsZero() && !now.Before(p.next) || !recent(p.fresh, now) {
		return false, nil
	}
	err = a.read(func(v *store.View) error {
		same = v.Happened(p.Label.ID) == len(p.Statuses)
		for id, h := range p.successors {
			same = same && v.Happened(id) == len(h.Statuses)
		}
		return nil
	})
	return same, err
}

// publish reads a label from the store and verifies it.
func (a *Publishing) publish(id label.ID, now time.Time) (*Published, error) {
	var rec *store.Label
	var d *draft
	assemble := func(t *signedTally) error {
		return a.read(func(v *store.View) (err error) {
			if rec, err = v.Label(id); err != nil {
				return found(err, label.ReasonUnknownLabel, "id",
					"no label %s was issued here; if it is printed on a product, it may be forged: compare every character and report it", id.Pretty())
			}
			d, err = a.assemble(v, rec, t)
			return err
		})
	}
	t := a.currentTally(now) // before the store is read
	err := assemble(t)
	if err == nil && d.large {
		later := func(other *signedTally) bool { return other != t }
		err = assemble(a.tallyThat(later)) // which lets more be left out
	}
	if err != nil {
		return nil, err
	}
	p, err := d.verified(a.trust, rec, now, a.readOnly != nil)
	if err != nil {
		return nil, a.disown(rec, err)
	}
	err = a.read(func(v *store.View) error {
		p.Pictured = v.HasPicture(p.Label.Device.Picture)
		p.GTINs, p.Moved = ownGTINs(v, rec.Device, &p.Label.Device)
		if p.Rulings, err = a.ruled(v, rec.Device, p.Label); err != nil {
			return err
		}
		if p.successors, err = a.successors(v, p.Statuses); err != nil {
			return err
		}
		for _, g := range p.GTINs {
			taken, err := a.takenFrom(v, g, now)
			if err != nil {
				return err
			}
			p.Taken = append(p.Taken, taken...)
		}
		p.Taken = p.Taken[:min(len(p.Taken), maxNamed)]
		for _, t := range p.Taken {
			if p.successors == nil {
				p.successors = map[label.ID]*label.History{}
			}
			p.successors[t.ID] = t.history
		}
		return nil
	})
	p.stand(now)
	return p, err
}

// successors returns the histories of the labels that statuses name as successors. One
// that cannot be read sounds the alarm and is left out: it must not hide the label.
func (a *Publishing) successors(v *store.View, statuses []*label.Status) (map[label.ID]*label.History, error) {
	var list map[label.ID]*label.History
	for _, st := range statuses {
		if st.Successor == nil {
			continue
		}
		rec, err := v.Label(st.Successor.ID)
		var h *label.History
		if err == nil {
			h, err = a.history(v, rec)
		}
		var o *label.Outline
		if err == nil {
			o, err = v.Outline(rec.Index)
		}
		if err == nil { // how it stands follows from the end of its updates too
			h.Label.Product.SupportEnd = o.Product.SupportEnd
		}
		switch {
		case err != nil && !own(err):
			return nil, err
		case err != nil:
			a.alarm("reading the label that took the place of another", string(st.Successor.ID), err)
			continue
		}
		if list == nil {
			list = map[label.ID]*label.History{}
		}
		list[rec.ID] = h
	}
	return list, nil
}

// ownGTINs returns the trade item numbers of a device that still are its own, and
// those that were moved away.
func ownGTINs(v *store.View, device label.Digest, desc *label.Device) (own, moved []label.GTIN) {
	for _, g := range desc.GTINs {
		if v.GTINMovedFrom(device, g) {
			moved = append(moved, g)
		} else {
			own = append(own, g)
		}
	}
	return own, moved
}

// ruled returns the rulings that a label rests on.
func (a *Publishing) ruled(v *store.View, device label.Digest, l *label.Label) (list []LoggedRuling, err error) {
	for _, e := range l.Evidence {
		if e.Type != label.TypeRuling {
			continue
		}
		r, err := v.Ruling(device, e.SHA256)
		if err != nil {
			return nil, err
		}
		predicate, err := r.Predicate()
		if err != nil {
			return nil, err
		}
		fallen, err := a.evidence.fallenRuling(v, r)
		if err != nil {
			return nil, err
		}
		list = append(list, LoggedRuling{*predicate, r.Index, r.Digest, fallen})
	}
	return list, nil
}

// proved returns a log entry as a bundle, and the proof that a head has it.
func proved(v *store.View, head store.Head, index int64) (bundle []byte, proof translog.Proof, err error) {
	env, err := v.Entry(index)
	if err != nil {
		return nil, proof, err
	}
	if proof, err = prove(v, head, index); err != nil {
		return nil, proof, err
	}
	bundle, err = envelope.Bundle(env)
	return bundle, proof, err
}

// prove returns the proof that a head has a log entry.
func prove(v *store.View, head store.Head, index int64) (translog.Proof, error) {
	hashes, err := translog.Prove(head.Tree.N, index, v)
	return translog.Proof{Index: index, Hashes: hashes, Checkpoint: head.Checkpoint}, err
}

// publishNew returns a label that was issued and committed just now. What was
// verified before it was committed is not verified again: what is new is that
// the log has it. It is not remembered: those who ask for a label are seldom
// those who read it next. A label of which something was said in the same commit is
// looked up.
func (a *Publishing) publishNew(rec *store.Label, signed *issue.Signed, device []byte) (*Published, error) {
	bundle, err := envelope.Bundle(signed.Envelope)
	if err != nil {
		return nil, err
	}
	d := &Documents{Index: rec.Index, Device: device, Bundle: bundle}
	spoken := false
	err = a.read(func(v *store.View) error {
		if spoken = v.Happened(rec.ID) > 0; spoken {
			return nil
		}
		head, err := v.Head()
		if err != nil {
			return err
		}
		d.Pictured = v.HasPicture(signed.Label.Device.Picture)
		d.GTINs, d.Moved = ownGTINs(v, rec.Device, &signed.Label.Device)
		d.proof, err = prove(v, head, rec.Index)
		return err
	})
	if err != nil {
		return nil, err
	}
	if spoken {
		return a.Lookup(rec.ID)
	}
	d.Proof = d.proof.Format()
	if _, err := a.trust.Logged(signed.Leaf, d.proof); err != nil {
		return nil, a.disown(rec, err)
	}
	p := &Published{History: label.History{Label: signed.Label}, Documents: d}
	p.stand(a.clock())
	return p, nil
}

// disown sounds the alarm: a label of ours does not verify.
func (a *Publishing) disown(rec *store.Label, why error) error {
	a.failures.Add(1)
	a.log.Error("a label of ours does not verify", "id", rec.ID, "index", rec.Index, "err", why)
	return label.Errorf(label.Internal, label.ReasonInternal, "id", "the stored label does not verify and is not served; the operator has been told")
}

// stand works out how the label stands at an instant, and until when that holds.
func (p *Published) stand(now time.Time) {
	p.Standing, p.next = p.StandingAt(now.UTC()), p.NextChange(now)
	for i := range p.Taken {
		p.Taken[i].stand(now.UTC())
	}
	if link := p.Link(); link != nil && p.successors[link.ID] != nil {
		s := p.successors[link.ID].StandingAt(now.UTC())
		p.Successor = &s
	}
}

// until returns when what is known of the label now is to be looked at again.
func (p *Published) until(now time.Time) time.Time {
	until := now.Add(freshness)
	if !p.next.IsZero() && p.next.Before(until) {
		until = p.next
	}
	return until
}

// A choice is which label a product is known by, or the refusal where it has
// none. It holds while nothing is registered, issued or changed, and until time
// changes how the label stands.
type choice struct {
	id         label.ID
	refusal    error
	registered int64
	until      time.Time
}

// ByGTIN returns the label of the product with a trade item number: of the labels
// of all devices that have it, in all schemes, the one with the most to say. That
// is one by which the product is on hold, then one that is active, then the
// latest. A device that was registered later and has no label hides nothing.
func (a *Publishing) ByGTIN(g label.GTIN) (*Published, error) {
	registered, now := a.registered.Load(), a.clock() // before the store is read
	if c, ok := a.products.Get(g); ok && c.registered == registered && now.Before(c.until) {
		if c.refusal != nil {
			return nil, c.refusal
		}
		return a.Lookup(c.id)
	}
	id, err := a.choose(g, now)
	c := choice{id: id, refusal: err, registered: registered, until: now.Add(freshness)}
	if err == nil {
		var p *Published
		if p, err = a.Lookup(id); err == nil {
			c.until = p.until(now)
			a.products.Add(g, c)
		}
		return p, err
	}
	if label.KindOf(err) == label.NotFound {
		a.products.Add(g, c)
	}
	return nil, err
}

// choose returns which of a product's labels it is known by at an instant.
func (a *Publishing) choose(g label.GTIN, now time.Time) (label.ID, error) {
	var best *store.Label
	err := a.read(func(v *store.View) error {
		devices, err := v.GTINDevices(g)
		if err != nil {
			return err
		}
		if len(devices) == 0 {
			if taken, err := a.takenFrom(v, g, now); err != nil || len(taken) > 0 {
				return cmp.Or(err, movedRefusal(g, taken))
			}
			return label.Errorf(label.NotFound, label.ReasonUnknownProduct, "gtin", "no product with GTIN %s is registered here", g)
		}
		var bestRank rank
		for _, digest := range devices {
			d, err := v.Device(digest)
			if err != nil {
				return err
			}
			l, r, err := a.chooseOf(v, d, now)
			if err != nil {
				return err
			}
			if l != nil && (best == nil || r > bestRank || r == bestRank && l.Index > best.Index) {
				best, bestRank = l, r
			}
		}
		if best == nil {
			if taken, err := a.takenFrom(v, g, now); err != nil || len(taken) > 0 {
				return cmp.Or(err, movedRefusal(g, taken))
			}
			return label.Errorf(label.NotFound, label.ReasonUnlabelled, "gtin", "the product with GTIN %s is registered, and has never had a label", g)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	return best.ID, nil
}

// movedRefusal says of a number that it was moved, and that no product that has it now has
// a label; there need not be such a product.
func movedRefusal(g label.GTIN, taken []FormerLabel) error {
	return label.Errorf(label.NotFound, label.ReasonMoved, "gtin", "GTIN %s %s; no product that has the number now has a label", g, takenText(taken))
}

// A rank orders a product's labels for somebody who asks for the product.
type rank int

const (
	rankPast   rank = iota + 1 // it ended, and nothing is open about it
	rankActive                 // it counts, perhaps under review
	rankHold                   // it was suspended or revoked, which nothing has settled
)

// chooseOf returns the label that a device is known by, and its rank; nil where
// it never had one.
func (a *Publishing) chooseOf(v *store.View, d *store.Device, now time.Time) (best *store.Label, bestRank rank, err error) {
	holds, err := a.evidence.deviceHolds(v, d, now)
	if err == nil {
		holds, err = a.evidence.unlifted(v, d, holds, now)
	}
	if err != nil {
		return nil, 0, err
	}
	labels, err := v.DeviceLabels(d.Digest)
	if err != nil {
		return nil, 0, err
	}
	for _, h := range holds {
		if h.Label != nil && h.Action != label.Review {
			labels = append(labels, h.Label)
		}
	}
	for _, l := range labels {
		h, err := a.history(v, l)
		if err != nil {
			return nil, 0, err
		}
		r := rankPast
		switch s := h.StandingAt(now); {
		case slices.ContainsFunc(holds, func(h *Hold) bool { return h.Label != nil && h.Label.ID == l.ID && h.found() }):
			r = rankHold
		case s.State == label.Active:
			r = rankActive
		}
		if best == nil || r > bestRank || r == bestRank && l.Index > best.Index {
			best, bestRank = l, r
		}
	}
	return best, bestRank, nil
}

// VerifyPackage checks an offline package that somebody holds, and returns the
// label as it stands here.
func (a *Publishing) VerifyPackage(pkg []byte) (*Published, error) {
	now := a.clock()
	r, err := a.trust.Verify(pkg, now, now)
	if err != nil {
		return nil, err
	}
	return a.Lookup(r.Label.ID)
}

// committed forgets what a commit may have made untrue.
func (a *Publishing) committed(b *store.Batch) {
	var did struct{ status, product, ruling bool }
	for _, w := range b.Writes {
		switch w := w.(type) {
		case *store.Status:
			did.status, did.product = true, true
			a.published.Remove(w.Label)
		case *store.Device, *store.Hold, *store.Label:
			did.product = true
		case *store.GTINMove, *store.Strike:
			did.product, did.ruling = true, true
		case *store.Key:
			did.ruling = did.ruling || !w.Compromised.IsZero()
		case *store.Picture:
			a.pictured(w.Digest)
		}
	}
	if did.status {
		a.changes.Add(1)
	}
	if did.ruling {
		a.published.Purge() // those with the number, or on the ruling, are few, and these are rare
	}
	if did.product {
		a.registered.Add(1)
	}
}
