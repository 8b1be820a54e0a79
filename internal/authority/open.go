package authority

import (
	"cmp"
	"sync"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// urgency says how soon the consequences of an event are drawn: classes from 0
// on, each before the next. What may have made labels wrong comes before what
// ends them in good order, and that before what is added to them. A kind that is
// not named here is of the first class; a test holds the table to be complete.
var urgency = map[label.EventKind]int{
	label.LabEvent:         0,
	label.KeyEvent:         0,
	label.StatementEvent:   0,
	label.WithdrawalEvent:  0,
	label.AffiliationEvent: 0,
	label.HoldEvent:        0,
	label.ReleaseEvent:     1,
	label.SeparationEvent:  1,
	label.GTINEvent:        1,
	label.SchemeEvent:      1,
	label.AdvisoryEvent:    advisoryClass,
}

// advisoryClass is that of advisories.
const advisoryClass = 2

// advisoryOfMaker comes after the advisories of operators.
const advisoryOfMaker = 3

// An openEvent is an event whose consequences are not all drawn.
type openEvent struct {
	id       label.Digest
	class    int
	received time.Time
}

// openEvents are the events whose consequences are not all drawn. Which comes
// next follows from what they are and from when they were received. Only between
// two of a class that one commit recorded, whose consequences are drawn one right
// after the other, does a digest decide, which a signer can choose.
type openEvents struct {
	mu   sync.Mutex
	list map[label.Digest]*openEvent
}

// load reads the open events from the store.
func (o *openEvents) load(a *core) error {
	return a.read(func(v *store.View) error {
		return v.Past(func(d *store.Damage) { a.alarm("reading an event", "", d) }).Events(func(e *store.Event) bool {
			if e.Done.IsZero() {
				o.put(v, e)
			}
			return true
		})
	})
}

// put remembers how an event stands.
func (o *openEvents) put(v *store.View, e *store.Event) {
	if !e.Done.IsZero() {
		o.remove(e.Digest)
		return
	}
	class := urgency[e.Event.Kind]
	if e.Event.Kind == label.AdvisoryEvent {
		if org, err := v.Org(e.Signature.Organization); err != nil || !org.Has(label.RoleOperator) {
			class = advisoryOfMaker
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.list[e.Digest] = &openEvent{id: e.Digest, class: class, received: e.Received}
}

func (o *openEvents) remove(id label.Digest) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.list, id)
}

// next returns the event whose consequences are to be drawn next, or nil.
func (o *openEvents) next() *openEvent {
	o.mu.Lock()
	defer o.mu.Unlock()
	var first *openEvent
	for _, e := range o.list {
		if first == nil || e.compare(first) < 0 {
			first = e
		}
	}
	return first
}

// waits reports whether live labels of which that is due are judged before the
// consequences of an event are drawn, or there is no event.
func (e *openEvent) waits() bool { return e == nil || e.class >= advisoryClass }

func (e *openEvent) compare(f *openEvent) int {
	return cmp.Or(cmp.Compare(e.class, f.class), e.received.Compare(f.received), cmp.Compare(string(e.id[:]), string(f.id[:])))
}
