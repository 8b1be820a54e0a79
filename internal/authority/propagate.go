package authority

import (
	"context"
	"errors"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// An Affected is a label that an event touches, and what becomes of it.
type Affected struct {
	Label    *store.Label
	Action   label.Action       // scheme.NoEffect where it stands as it did
	Ends     time.Time          // of a lapse
	Advisory *label.AdvisoryRef // of an advice
}

// Report takes an operator's signed report that something failed that labels
// rest on. In one commit it is recorded and takes effect in the registry: the
// accreditation is suspended or narrowed, the key is revoked. What becomes of
// labels is then drawn from it beside other work, and goes on after a restart.
// Reporting the same event again returns it as it stands.
func (a *Authority) Report(ctx context.Context, c Caller, raw []byte) (*store.Event, error) {
	e, err := a.openReport(c, raw)
	if err != nil {
		return nil, err
	}
	defer a.writer.begin()()
	known := false
	claims := []string{claimf("event/%s", e.Digest), "revocation", claimf("org/%s", e.Event.Name()), claimf("key/%s", e.Event.Name())}
	err = a.writer.do(ctx, claims, func(v *store.View, b *store.Batch) error {
		old, err := v.Event(e.Digest)
		if err == nil {
			*e, known = *old, true
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := a.admitEvent(v, &e.Event, e.Signature, b.At); err != nil {
			return err
		}
		if err := a.register(v, b, &e.Event); err != nil {
			return err
		}
		e.Received = b.At.UTC()
		b.Events = append(b.Events, *e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if !known {
		a.work.wake()
	}
	return e, nil
}

// Preview returns the labels that an event would touch. Nothing is recorded.
func (a *Authority) Preview(c Caller, raw []byte) (list []Affected, err error) {
	e, err := a.openReport(c, raw)
	if err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		now := a.clock()
		if err := a.admitEvent(v, &e.Event, e.Signature, now); err != nil {
			return err
		}
		list, err = a.preview(v, e, now)
		return err
	})
	return list, err
}

// preview returns all labels that an event touches.
func (a *Authority) preview(v *store.View, e *store.Event, now time.Time) (list []Affected, err error) {
	for done := false; !done && err == nil; {
		e.Cursor, done, err = a.affected(v, e, now, func(t Affected) bool {
			list = append(list, t)
			return true
		})
	}
	return list, err
}

// Event returns an event as it stands.
func (a *Authority) Event(c Caller, id label.Digest) (e *store.Event, err error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		e, err = v.Event(id)
		return found(err, label.ReasonUnknownSubject, "id", "no event %s was reported", id)
	})
	return e, err
}

// openReport verifies an operator's signed report.
func (a *Authority) openReport(c Caller, raw []byte) (*store.Event, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	e, err := a.openEvent(raw)
	if err == nil && e.Event.Kind == label.AdvisoryEvent {
		err = label.Errorf(label.Invalid, label.ReasonOutOfRange, "event.kind", "is %q; publish an advisory with its document (labelctl advisory publish)", e.Event.Kind)
	}
	return e, err
}

// openEvent verifies a signed event.
func (a *Authority) openEvent(raw []byte) (*store.Event, error) {
	v, key, err := a.openSigned(raw)
	if err != nil {
		return nil, label.Within("event", err)
	}
	if v.PredicateType() != label.TypeEvent {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "event.predicateType", "is %q, must be %q", v.PredicateType(), label.TypeEvent)
	}
	p, err := envelope.Predicate[label.Event](v)
	if err != nil {
		return nil, label.Within("event", err)
	}
	if subjects := v.Subjects(); len(subjects) != 1 || subjects[0] != p.Subject() {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "event.subject", "must be the SHA-256 of %q, which the event is about", p.Name())
	}
	return &store.Event{Digest: v.ID(), Event: *p, Signature: store.RequestSignature{Organization: key.Organization, Key: key.ID, Envelope: v.Raw()}}, nil
}

// admitEvent checks a report against the registry.
func (a *Authority) admitEvent(v *store.View, e *label.Event, by store.RequestSignature, now time.Time) error {
	key, err := v.Key(by.Key)
	if err != nil {
		return err
	}
	if err := key.Usable(now); err != nil {
		return label.Within("event", err)
	}
	org, err := v.Org(by.Organization)
	if err != nil {
		return err
	}
	if !org.Has(label.RoleOperator) && !(e.Kind == label.AdvisoryEvent && org.Has(label.RoleManufacturer)) {
		return label.Errorf(label.Denied, label.ReasonWrongRole, "event", "only an operator reports events, and a manufacturer advisories; %s has %v", org.ID, org.Roles)
	}
	if age := now.Sub(e.Made); age > label.MaxRequestAge || age < -label.MaxClockSkew {
		return label.Errorf(label.Invalid, label.ReasonTooOld, "event.made", "was made on %s; a report counts for %s, sign it anew", e.Made.Format(time.RFC3339), label.MaxRequestAge)
	}
	if a.programme.Reasons[e.Reason] == nil {
		return label.Errorf(label.Invalid, label.ReasonUnknownReason, "event.reason", "%q is not in the list of reasons", e.Reason)
	}
	switch e.Kind {
	case label.LabEvent:
		_, err = inForce(v, e)
	case label.KeyEvent:
		if e.Since.After(now) {
			return label.Errorf(label.Invalid, label.ReasonInFuture, "event.since", "is in the future")
		}
		var k *label.Key
		if k, err = v.Key(e.Key); err != nil {
			return found(err, label.ReasonUnknownKey, "event.key", "no key %q is enrolled", e.Key)
		}
		if k.Revoked.IsZero() {
			err = label.Within("event", a.lastOperatorKey(v, k, now))
		}
	case label.SchemeEvent:
		var s *scheme.Scheme
		if s, err = a.scheme(e.Scheme); err == nil && s.Version == e.Version {
			err = label.Errorf(label.Precondition, label.ReasonUnknownScheme, "event.version", "version %s of %s is being served; serve its successor first, so that labels can be renewed", e.Version, e.Scheme)
		}
	}
	return err
}

// inForce returns the accreditation that an event is about.
func inForce(v *store.View, e *label.Event) (*store.Accreditation, error) {
	if _, err := v.Org(e.Lab); err != nil {
		return nil, unknownOrg(err, "event.lab", e.Lab)
	}
	list, err := accreditations(v, e.Lab)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(list, func(a *store.Accreditation) bool { return a.Number == e.Number })
	if i < 0 {
		return nil, label.Errorf(label.NotFound, label.ReasonUnknownSubject, "event.number", "%s has no accreditation %q", e.Lab, e.Number)
	}
	acc := list[i]
	for _, c := range e.Categories {
		if !slices.Contains(acc.Categories, c) {
			return nil, label.Errorf(label.Invalid, label.ReasonScopeCategory, "event.categories", "accreditation %s names the categories %v and not %q", acc.Number, acc.Categories, c)
		}
	}
	if len(e.Categories) > 0 && len(e.Categories) == len(acc.Categories) {
		return nil, label.Errorf(label.Invalid, label.ReasonScopeCategory, "event.categories", "are all there are; leave them out to suspend the accreditation")
	}
	return acc, nil
}

// register adds to a batch what an event changes in the registry.
func (a *Authority) register(v *store.View, b *store.Batch, e *label.Event) error {
	switch e.Kind {
	case label.LabEvent:
		acc, err := inForce(v, e)
		if err != nil {
			return err
		}
		rec := acc.Accreditation
		if len(e.Categories) > 0 {
			rec.Categories = slices.DeleteFunc(slices.Clone(rec.Categories), func(c string) bool { return slices.Contains(e.Categories, c) })
		} else {
			rec.Suspended = e.Text
		}
		_, err = a.accredit(b, rec)
		return err
	case label.KeyEvent:
		k, err := v.Key(e.Key)
		if err != nil {
			return err
		}
		if k.Revoked.IsZero() {
			k.Revoked, k.RevokedFor = b.At.UTC().Truncate(time.Second), e.Text
		}
		if k.Compromised.IsZero() || e.Since.Before(k.Compromised) {
			k.Compromised = e.Since.UTC()
		}
		b.Keys = append(b.Keys, *k)
		return tellKey(b, k)
	}
	return nil
}

// affected calls f once with each label that an event touches, from its cursor
// on, until f returns false (which is heard between devices). It returns the
// cursor to go on from, and whether it came to the end.
func (a *Authority) affected(v *store.View, e *store.Event, now time.Time, f func(Affected) bool) (cursor []byte, done bool, err error) {
	w := &walk{a: a, v: v, e: &e.Event, now: now, f: f, cursor: e.Cursor, seen: map[label.ID]bool{}, more: true}
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
	}
	return w.cursor, w.more, errors.Join(err, w.err)
}

// A walk goes through the labels that an event touches.
type walk struct {
	a      *Authority
	v      *store.View
	e      *label.Event
	now    time.Time
	f      func(Affected) bool
	cursor []byte
	seen   map[label.ID]bool
	more   bool // nobody has said stop
	err    error
}

// scheme goes through the labels under a version of a scheme.
func (w *walk) scheme() error {
	return w.v.LabelsAfter(label.ID(w.cursor), func(rec *store.Label) bool {
		w.cursor = []byte(rec.ID)
		if rec.Scheme == w.e.Scheme && rec.Version == w.e.Version {
			w.touch(rec, nil)
		}
		return w.more && w.err == nil
	})
}

// signed goes through the labels that rest on what a key signed: evidence, and
// rulings.
func (w *walk) signed(owner string) error {
	if len(w.cursor) != store.RulingCursor {
		if err := w.statements(owner); err != nil || !w.more || w.err != nil {
			return err
		}
		w.cursor = nil
	}
	return w.v.AllRulings(w.cursor, func(r *store.Ruling, next []byte) bool {
		w.cursor = next
		if r.Request.Key == w.e.Key && !r.Decided.Before(w.e.Since) {
			w.device(r.Device, r.Digest)
		}
		return w.more && w.err == nil
	})
}

// statements goes through the labels that rest on evidence of a signer.
func (w *walk) statements(signer string) error {
	return w.v.OrgStatements(signer, w.cursor, func(st *store.Statement, next []byte) bool {
		w.cursor = next
		if rests(w.e, signer, st) {
			w.device(st.Device, st.ID)
		}
		return w.more && w.err == nil
	})
}

// device visits all labels of a device that rest on a statement: a cursor names
// none of them.
func (w *walk) device(device, statement label.Digest) {
	list, err := w.v.DeviceLabels(device)
	if err != nil {
		w.err = err
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
	if w.seen[rec.ID] || w.err != nil {
		return
	}
	h, err := w.a.history(w.v, rec)
	if err != nil {
		w.err = err
		return
	}
	if s := h.StandingAt(w.now); !s.State.Live() {
		return
	}
	if touched != nil {
		// An event may touch a great many: no more is read of each.
		var g ground
		if w.err = readLabel(w.v, rec, &g); w.err != nil || !touched(&g) {
			return
		}
	}
	w.seen[rec.ID] = true
	effect := scheme.Effect{Action: scheme.NoEffect}
	if s := w.a.programme.Schemes[rec.Scheme]; s != nil {
		if known, ok := s.Lifecycle.Propagation[w.e.Reason]; ok {
			effect = known
		}
	}
	w.more = w.f(Affected{Label: rec, Action: effect.Action, Ends: ends(w.e, effect)}) && w.more
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

const (
	// PropagationChunk is how many labels are changed in one operation. More share
	// the cost of a commit; other writers wait for it some fifty milliseconds.
	PropagationChunk = 256

	// propagationRest is how long is rested after a chunk, in hundredths of the
	// time that it took, so that readers keep most of the machine.
	propagationRest = 210

	// propagationRetry is how long is waited after a failure.
	propagationRetry = time.Second
)

// keepPropagating draws the consequences of events as they are reported, and
// those from before a restart, until ctx ends.
func (a *Authority) keepPropagating(ctx context.Context) {
	for {
		if err := a.Propagate(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("drawing the consequences of an event; trying again", "err", err)
			time.AfterFunc(propagationRetry, a.work.wake)
		}
		select {
		case <-ctx.Done():
			return
		case <-a.work.reported:
		}
	}
}

// Propagate draws the consequences of all events that are not done, and returns
// when they are.
func (a *Authority) Propagate(ctx context.Context) error {
	var open []*store.Event
	err := a.store.View(func(v *store.View) error {
		return v.Events(func(e *store.Event) bool {
			if e.Done.IsZero() {
				open = append(open, e)
			}
			return true
		})
	})
	for _, e := range open {
		for err == nil && ctx.Err() == nil && e.Done.IsZero() {
			began := time.Now()
			if err = a.propagateChunk(ctx, e); err == nil && e.Done.IsZero() {
				sleep(ctx, time.Since(began)*propagationRest/100)
			}
		}
	}
	return errors.Join(err, context.Cause(ctx))
}

func sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// propagateChunk changes the next labels that an event touches, and remembers
// how far it came, in one commit. A label that the event has changed is not
// changed again.
func (a *Authority) propagateChunk(ctx context.Context, e *store.Event) error {
	var chunk []Affected
	var cursor []byte
	var done bool
	claims := []string{claimf("event/%s", e.Digest)}
	err := a.store.View(func(v *store.View) (err error) {
		cursor, done, err = a.affected(v, e, a.clock(), func(t Affected) bool {
			chunk = append(chunk, t)
			claims = append(claims, claimf("label/%s", t.Label.ID), claimf("device/%s", t.Label.Device))
			return len(chunk) < PropagationChunk
		})
		return err
	})
	if err != nil {
		return err
	}
	defer a.writer.begin()()
	next := *e
	err = a.writer.do(ctx, claims, func(v *store.View, b *store.Batch) error {
		now, err := v.Event(e.Digest)
		if err != nil {
			return err
		}
		now.Digest = e.Digest
		next = *now
		if !now.Done.IsZero() || !slices.Equal(now.Cursor, e.Cursor) {
			return nil // somebody else went on
		}
		next.Cursor = cursor
		if done {
			next.Done = b.At.UTC()
		}
		for _, t := range chunk {
			changed, err := a.consequence(v, b, &next, t)
			if err != nil {
				return err
			}
			if changed {
				next.Changed++
			}
		}
		b.Events = append(b.Events, next)
		return nil
	})
	if err == nil {
		*e = next
	}
	return err
}

// consequence adds to a batch what an event does to a label.
func (a *Authority) consequence(v *store.View, b *store.Batch, e *store.Event, t Affected) (changed bool, err error) {
	if t.Action == scheme.NoEffect {
		return false, nil
	}
	h, err := a.history(v, t.Label)
	if err != nil {
		return false, err
	}
	cause := e.Digest.String()
	s := h.StandingAt(b.At)
	if _, err := s.Admit(t.Action); err != nil || label.Find(h.Statuses, cause, t.Action) != nil {
		return false, nil // it has changed meanwhile, so that this no longer applies
	}
	if !t.Ends.IsZero() && !t.Ends.Before(s.Expires) {
		return false, nil // it expires before the time of grace is over
	}
	st := label.Status{
		Label: t.Label.ID, Action: t.Action, Reason: e.Event.Reason, Text: e.Event.Text, Effective: t.Ends, Cause: cause, Advisory: t.Advisory,
		Requests: []label.RequestRef{{Organization: e.Signature.Organization, Key: e.Signature.Key, SHA256: e.Digest}},
	}
	if t.Action == label.Advise {
		if stale, err := a.staleAdvice(v, e, h, t.Advisory); err != nil || stale {
			return false, err
		}
		if full, err := a.fullForAdvice(v, b, t.Label, h, &st); err != nil || full {
			return false, err
		}
	}
	_, err = a.append(b, t.Label, h, st)
	return err == nil, err
}
