package authority_test

import (
	"context"
	"flag"
	"math/rand/v2"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
)

var (
	modelSeed  = flag.Uint64("model.seed", 0, "seed of TestModel; 0 draws one")
	modelSteps = flag.Int("model.steps", 400, "steps of TestModel")
)

// A modelLabel is what the model knows of a label: as little as it takes to say
// what its state must be.
type modelLabel struct {
	id       label.ID
	device   int
	state    label.State
	ends     time.Time
	later    label.State // what was announced, and when; it waits while anything is open
	laterAt  time.Time
	review   bool
	hold     map[label.Action]bool // what is open, by what opened it
	count    int                   // statements
	sampled  []sample
	original *authority.Published
}

// A sample is a state that was seen at an instant.
type sample struct {
	at    time.Time
	state label.State
}

// pass brings a label to an instant.
func (m *modelLabel) pass(now time.Time) {
	if !m.laterAt.IsZero() && !now.Before(m.laterAt) && m.state == label.Active && !m.review && m.laterAt.Before(m.ends) {
		m.state = m.later
	}
	if m.state.Live() && !now.Before(m.ends) {
		m.state = label.Expired
	}
	if !m.state.Live() {
		m.review, m.laterAt = false, time.Time{}
	}
}

// A model runs random operations on a world and on itself.
type model struct {
	*labeltest.World
	t        *testing.T
	rng      *rand.Rand
	devices  []label.Digest
	examples []*example.Example
	levels   []int
	labels   []*modelLabel
	second   *envelope.Signer // the other operator
	done     map[string]int
}

// TestModel runs random operations, clock steps and restarts, and compares every
// label with a simple model of it after each: now, at instants seen before, and
// offline.
func TestModel(t *testing.T) {
	seed := *modelSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-model.seed %d", seed)
	w := labeltest.New(t, nil)
	m := &model{World: w, t: t, rng: rand.New(rand.NewPCG(seed, 0)), second: labeltest.NewSigner(t), done: map[string]int{}}
	if _, err := w.AddKey(context.Background(), w.Caller(labeltest.Operator), labeltest.Operator, m.second.Public.PEM, time.Time{}); err != nil {
		t.Fatal(err)
	}
	for i := range 6 {
		name, level := "camera", 3
		if i%2 == 1 {
			name, level = "plug", 1
		}
		e := w.Example(name)
		labeltest.Variant(t, e, i)
		m.devices, m.levels, m.examples = append(m.devices, w.Submit(e)), append(m.levels, level), append(m.examples, e)
	}
	// What chance leaves out is waited for, so that a run that passes has done all of it.
	for step := 0; step < *modelSteps || step < 5**modelSteps && *modelSteps >= 400 && len(m.undone()) > 0; step++ {
		m.step()
		m.compare(step)
	}
	t.Logf("%v", m.done)
	if undone := m.undone(); len(undone) > 0 && *modelSteps >= 400 {
		t.Errorf("no %v in %d steps", undone, 5**modelSteps)
	}
}

// undone returns the operations that did not happen yet.
func (m *model) undone() (list []string) {
	for _, op := range []string{"issue", "hold", "suspend", "reinstate", "revoke", "withdraw", "supersede", "review", "clear", "release", "refuse", "restart"} {
		if m.done[op] == 0 {
			list = append(list, op)
		}
	}
	return list
}

func (m *model) now() time.Time { return m.Clock.Now().UTC().Truncate(time.Second) }

func (m *model) step() {
	// Statements have whole seconds: each step has one of its own.
	m.Clock.Set(m.now().Add(time.Second))
	for _, l := range m.labels {
		l.pass(m.now())
	}
	switch n := m.rng.IntN(20); {
	case n == 0:
		m.Restart()
		m.done["restart"]++
	case n == 1:
		if m.now().Before(labeltest.Start.AddDate(1, 0, 0)) { // then the evidence would grow too old
			m.Clock.Set(m.now().Add(time.Duration(m.rng.IntN(20*24)) * time.Hour))
		}
		for _, l := range m.labels {
			l.pass(m.now())
		}
	case n < 5:
		m.issue()
	case len(m.labels) > 0:
		l := m.labels[m.rng.IntN(len(m.labels))]
		if live := m.live(l.device); live != nil && m.rng.IntN(5) > 0 {
			l = live
		}
		m.change(l)
	}
}

// issue requests a label; the model says whether there must be a new one.
func (m *model) issue() {
	i := m.rng.IntN(len(m.devices))
	live := m.live(i)
	o, err := m.Authority.Request(context.Background(), m.Caller(labeltest.Maker), m.devices[i], "", m.levels[i])
	switch {
	case live == nil && m.held(i):
		if label.ReasonOf(err) != label.ReasonOnHold {
			m.t.Fatalf("device %d on hold got %+v, %v", i, o, err)
		}
		m.done["hold"]++
	case live == nil:
		if err != nil || o.Label == nil || o.Known {
			m.t.Fatalf("device %d without a live label got %+v, %v", i, o, err)
		}
		m.add(i, o.Label)
		m.done["issue"]++
	case live.state == label.Suspended:
		if label.ReasonOf(err) != label.ReasonLiveLabel {
			m.t.Fatalf("device %d with a suspended label got %+v, %v", i, o, err)
		}
	case err == nil && (!o.Known || o.Label.Label.ID != live.id):
		m.t.Fatalf("device %d has label %s, the request gave %+v", i, live.id, o)
	case err != nil && label.ReasonOf(err) != label.ReasonLiveLabel: // of another level
		m.t.Fatal(err)
	}
}

func (m *model) live(device int) *modelLabel {
	for _, l := range m.labels {
		if l.device == device && l.state.Live() {
			return l
		}
	}
	return nil
}

// held reports whether anything is open about a device.
func (m *model) held(device int) bool {
	for _, l := range m.labels {
		if l.device == device && len(l.hold) > 0 {
			return true
		}
	}
	return false
}

// declare has the manufacturer declare anew, a day later, so that there is
// something new to renew by.
func (m *model) declare(device int) {
	m.Clock.Set(m.now().Add(24 * time.Hour))
	for _, l := range m.labels {
		l.pass(m.now())
	}
	e := m.examples[device]
	d := *e.Declaration
	d.Date, d.Number = label.DateOf(m.now()), d.Number+m.now().Format("-20060102T150405")
	if _, _, err := m.Authority.Submit(context.Background(), m.Caller(labeltest.Maker), m.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, &d)); err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) add(device int, p *authority.Published) {
	m.labels = append(m.labels, &modelLabel{id: p.Label.ID, device: device, state: label.Active, ends: p.Label.Expires, hold: map[label.Action]bool{}, original: p})
}

// change asks for a random change, and the model says whether it is possible.
func (m *model) change(l *modelLabel) {
	actions := []label.Action{label.Suspend, label.Reinstate, label.Revoke, label.Withdraw, label.Supersede, label.Review, label.Clear, label.Release}
	codes := map[label.Action]string{
		label.Suspend: "complaint", label.Reinstate: "resolved", label.Revoke: "nonconformity", label.Withdraw: "discontinued",
		label.Supersede: "renewed", label.Review: "complaint", label.Clear: "resolved", label.Release: "resolved",
	}
	a := actions[m.rng.IntN(len(actions))]
	for try := 0; try < 3 && !m.possible(l, a); try++ { // more often what is possible
		a = actions[m.rng.IntN(len(actions))]
	}
	if a == label.Supersede && m.possible(l, a) {
		m.declare(l.device)
	}
	org := labeltest.Operator
	if a == label.Withdraw || a == label.Supersede {
		org = labeltest.Maker
	}
	var at time.Time
	if a == label.Withdraw && m.rng.IntN(2) == 0 {
		at = m.now().Add(time.Duration(1+m.rng.IntN(30*24)) * time.Hour)
	}
	possible := m.possible(l, a) && (at.IsZero() || at.Before(l.ends))
	raw := m.Ask(org, l.original, a, codes[a], func(r *label.StatusRequest) {
		r.Effective = at
		if a == label.Supersede {
			r.Level = m.levels[l.device]
		}
	})
	ctx := context.Background()
	c, err := m.Authority.Change(ctx, m.Caller(org), raw)
	if err == nil && c.Status == nil {
		c, err = m.Authority.Change(ctx, m.Caller(org), m.Countersign(m.second, c.Request))
	}
	if (err == nil) != possible {
		m.t.Fatalf("%s of label %s, which is %s (review %v, announced %s): possible is %v, got %v", a, l.id, l.state, l.review, l.laterAt, possible, err)
	}
	if err != nil {
		m.done["refuse"]++
		return
	}
	m.done[string(a)]++
	l.count++
	switch a {
	case label.Suspend:
		l.state, l.hold[a] = label.Suspended, true
	case label.Reinstate:
		l.state = label.Active
		delete(l.hold, label.Suspend)
	case label.Revoke:
		l.state, l.hold = label.Revoked, map[label.Action]bool{a: true}
	case label.Release:
		clear(l.hold)
	case label.Supersede:
		l.state = label.Superseded
		m.add(l.device, c.Label)
	case label.Withdraw:
		l.later, l.laterAt = label.Withdrawn, at
		if at.IsZero() {
			l.state = label.Withdrawn
		}
	case label.Review:
		l.review, l.hold[a] = true, true
	case label.Clear:
		l.review = false
		delete(l.hold, label.Review)
	}
	l.pass(m.now()) // an announced end may have waited for this
	if !l.state.Live() {
		l.review, l.laterAt = false, time.Time{}
	}
}

func (m *model) possible(l *modelLabel, a label.Action) bool {
	switch a {
	case label.Suspend:
		return l.state == label.Active
	case label.Reinstate:
		return l.state == label.Suspended
	case label.Revoke:
		return l.state.Live()
	case label.Withdraw:
		return l.state == label.Active && !l.review && l.laterAt.IsZero()
	case label.Supersede:
		return l.state == label.Active && l.laterAt.IsZero() && !m.held(l.device)
	case label.Release:
		return !l.state.Live() && len(l.hold) > 0
	case label.Review:
		return l.state.Live() && !l.review
	}
	return l.state.Live() && l.review
}

// compare holds every label to the model.
func (m *model) compare(step int) {
	now := m.now()
	for _, l := range m.labels {
		l.pass(m.Clock.Now())
		p, err := m.Authority.Lookup(l.id)
		if err != nil {
			m.t.Fatal(err)
		}
		if p.State != l.state || (p.Review != nil) != l.review || len(p.Holds) != len(l.hold) || len(p.Statuses) != l.count || (p.Scheduled != nil) != !l.laterAt.IsZero() {
			m.t.Fatalf("step %d: label %s is %s (review %v, hold %v, %d statements, scheduled %v), the model says %s (%v, %v, %d, %s)",
				step, l.id, p.State, p.Review != nil, p.Holds, len(p.Statuses), p.Scheduled, l.state, l.review, l.hold, l.count, l.laterAt)
		}
		l.sampled = append(l.sampled, sample{now, l.state})
		then := l.sampled[m.rng.IntN(len(l.sampled))]
		if s := p.As(then.at).State; s != then.state {
			m.t.Fatalf("step %d: label %s was %s at %s, now it is said to have been %s", step, l.id, then.state, then.at, s)
		}
		if step%10 == 0 {
			r, err := m.Trust.Verify(p.Package, then.at, m.Clock.Now())
			if err != nil || r.State != then.state {
				m.t.Fatalf("step %d: offline label %s was %v at %s, not %s: %v", step, l.id, r, then.at, then.state, err)
			}
		}
	}
	if live := m.live(m.rng.IntN(len(m.devices))); live != nil {
		twice := 0
		for _, l := range m.labels {
			if l.device == live.device && l.state.Live() {
				twice++
			}
		}
		if twice != 1 {
			m.t.Fatalf("device %d has %d live labels", live.device, twice)
		}
	}
	if step%50 == 49 {
		m.Check()
	}
}
