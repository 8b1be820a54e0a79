package authority

import (
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// A Consequence is what becomes of a label that an event touches.
type Consequence struct {
	Label    *store.Label
	Action   label.Action       // scheme.NoEffect where it stands as it did
	Ends     time.Time          // of a lapse
	Advisory *label.AdvisoryRef // of an advice

	// statement is the digest of the label's statement, where it was read on the way.
	statement label.Digest

	// Judged says what judging the label again comes to, which happens at once; empty
	// where the event has nothing judged again, or where that is not worked out.
	Judged string

	// Err is why it cannot be told what becomes of the label. Of a label whose own
	// record cannot be read, Label has the ID and nothing else; of a statement or
	// ruling on which an unknown label may rest, not even that.
	Err error
}

// affected calls f once with each label that an event touches, from its cursor
// on, until f returns false (which is heard between devices). It returns the
// cursor to go on from, and whether it came to the end. A record on the way that
// cannot be read is told to f, and the walk goes on.
func (a *Events) affected(v *store.View, e *store.Event, now time.Time, f func(Consequence) bool) (cursor []byte, done bool, err error) {
	w := &walk{a: a.issuing, e: &e.Event, now: now, f: f, cursor: e.Cursor, seen: map[label.ID]bool{}, more: true}
	w.v = v.Past(func(d *store.Damage) { w.fail(d.Label(), d) })
	switch e.Event.Kind {
	case label.SchemeEvent:
		err = w.scheme()
	case label.AdvisoryEvent:
		err = w.advised(e.Signature.Organization)
	case label.LabEvent:
		err = w.statements(e.Event.Lab)
	case label.KeyEvent:
		var k *label.Key
		if k, err = v.Key(e.Event.Key); err == nil {
			err = w.signed(k.Organization)
		}
	case label.AffiliationEvent:
		if w.related, err = a.newDistrust(w.v); err == nil {
			w.related.unite(e.Event.Lab, e.Event.Manufacturer) // it may not be on record yet
			err = w.statements(e.Event.Lab)
		}
	case label.StatementEvent, label.WithdrawalEvent:
		var of *strikable
		if of, err = toStrike(v, e.Event.Statement); err == nil {
			w.device(of.Device, e.Event.Statement)
		}
	case label.HoldEvent, label.ReleaseEvent, label.SeparationEvent, label.GTINEvent:
		// What is issued stands as it did: the authority acts upon labels one by one.
	}
	return w.cursor, w.more, err
}

// A walk goes through the labels that an event touches.
type walk struct {
	a      *Issuing
	v      *store.View
	e      *label.Event
	now    time.Time
	f      func(Consequence) bool
	cursor []byte
	seen   map[label.ID]bool
	more   bool // nobody has said stop

	related *distrust // of an affiliation: who is related to whom by it
}

// fail tells that it cannot be said what becomes of a label.
func (w *walk) fail(id label.ID, err error) {
	w.more = w.f(Consequence{Label: &store.Label{ID: id}, Err: err}) && w.more
}

// scheme goes through the labels under a version of a scheme.
func (w *walk) scheme() error {
	return w.v.LabelsAfter(label.ID(w.cursor), func(rec *store.Label) bool {
		w.cursor = []byte(rec.ID)
		if rec.Scheme == w.e.Scheme && rec.Version == w.e.Version {
			w.touch(rec, nil)
		}
		return w.more
	})
}

// signed goes through the labels that rest on what a key signed: evidence, rulings,
// and an operator's word that something is settled.
func (w *walk) signed(owner string) error {
	if len(w.cursor) != store.RulingCursor && len(w.cursor) != store.RequestCursor {
		if err := w.statements(owner); err != nil || !w.more {
			return err
		}
		w.cursor = nil
	}
	if len(w.cursor) != store.RequestCursor {
		if err := w.rulings(); err != nil || !w.more {
			return err
		}
		w.cursor = nil
	}
	return w.v.Requests(w.cursor, func(r *store.Request, next []byte) bool {
		w.cursor = next
		if r.Number != 0 && settles(r.Action) && !r.Received.Before(w.e.Since) && r.SignedBy(w.e.Key) {
			w.settled(r.Label)
		}
		return w.more
	})
}

// settles reports whether an action ends what was open about a label or its product.
func settles(a label.Action) bool {
	return a == label.Reinstate || a == label.Clear || a == label.Release
}

// settled goes through the live labels of the product of a label of which somebody
// said that it is in order again, who may have been a thief.
func (w *walk) settled(id label.ID) {
	rec, err := w.v.Label(id)
	if err == nil {
		err = labelsOfProduct(w.v, rec.Device, func(l *store.Label) error {
			w.touch(l, nil)
			return nil
		})
	}
	if err != nil {
		w.fail(id, err)
	}
}

// rulings goes through the labels that rest on rulings which a key signed.
func (w *walk) rulings() error {
	return w.v.AllRulings(w.cursor, func(r *store.Ruling, next []byte) bool {
		w.cursor = next
		if r.Request.Key == w.e.Key && !r.Decided.Before(w.e.Since) {
			w.device(r.Device, r.Digest)
		}
		return w.more
	})
}

// statements goes through the labels that rest on evidence of a signer.
func (w *walk) statements(signer string) error {
	return w.v.OrgStatements(signer, w.cursor, func(st *store.Statement, next []byte) bool {
		w.cursor = next
		if w.speaksAgainst(signer, st) {
			w.device(st.Device, st.ID)
		}
		return w.more
	})
}

// device visits all labels of a device that rest on a statement: a cursor names
// none of them.
func (w *walk) device(device, statement label.Digest) {
	list, err := w.v.DeviceLabels(device)
	if err != nil {
		w.fail("", err)
		return
	}
	for _, rec := range list {
		w.touch(rec, func(l *ground) bool {
			return (len(w.e.Categories) == 0 || slices.Contains(w.e.Categories, l.Device.Category)) && l.restsOn(statement)
		})
	}
}

// touch visits a label if it is live, and if what it says is touched.
func (w *walk) touch(rec *store.Label, touched func(*ground) bool) {
	if w.seen[rec.ID] {
		return
	}
	breathe(len(w.seen))
	h, err := w.a.history(w.v, rec)
	if err != nil {
		w.fail(rec.ID, err)
		return
	}
	if s := h.StandingAt(w.now); !s.State.Live() {
		return
	}
	var statement label.Digest
	if touched != nil {
		// An event may touch a great many: no more is read of each.
		var g ground
		if statement, err = readLabel(w.v, rec, &g); err != nil {
			w.fail(rec.ID, err)
			return
		}
		if !touched(&g) {
			return
		}
	}
	w.seen[rec.ID] = true
	effect := scheme.Effect{Action: scheme.NoEffect}
	if known, ok := w.a.programme.Lifecycle(rec.Scheme, rec.Version).Propagation[w.e.Reason]; ok {
		effect = known
	}
	w.more = w.f(Consequence{Label: rec, Action: effect.Action, Ends: ends(w.e, effect), statement: statement}) && w.more
}

// speaksAgainst reports whether the event speaks against a statement.
func (w *walk) speaksAgainst(signer string, st *store.Statement) bool {
	if w.e.Kind != label.AffiliationEvent {
		return rests(w.e, signer, st)
	}
	if st.Signer != signer || label.SourceOf(st.Type) != label.SourceLab {
		return false
	}
	d, err := w.v.Device(st.Device)
	if err != nil {
		w.fail("", err)
		return false
	}
	return w.related.related(signer, d.Org)
}

// rests reports whether an event speaks against a statement.
func rests(e *label.Event, signer string, st *store.Statement) bool {
	if st.Signer != signer {
		return false
	}
	if e.Kind == label.KeyEvent {
		return st.Key == e.Key && !st.Received.Before(e.Since)
	}
	return st.Lab.Accreditation == e.Number
}

// A ground is what a label says of what it rests on.
type ground struct {
	Device struct {
		Category string `json:"category"`
	} `json:"device"`
	Evidence []struct {
		SHA256 label.Digest `json:"sha256"`
	} `json:"evidence"`
}

func (g *ground) restsOn(statement label.Digest) bool {
	for _, e := range g.Evidence {
		if e.SHA256 == statement {
			return true
		}
	}
	return false
}

// ends returns when a lapse ends labels: after the time of grace.
func ends(e *label.Event, effect scheme.Effect) time.Time {
	if effect.Action != label.Lapse {
		return time.Time{}
	}
	return label.DateOf(e.Made).AddMonths(effect.GraceMonths).End()
}
