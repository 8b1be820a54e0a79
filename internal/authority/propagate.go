package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

	// Err is why it cannot be told what becomes of the label. Of a label whose own
	// record cannot be read, Label has the ID and nothing else; of a statement or
	// ruling on which an unknown label may rest, not even that.
	Err error
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
	robbed, err := a.robbed(&e.Event)
	if err != nil {
		return nil, err
	}
	for _, r := range robbed {
		claims = append(claims, claimf("request/%s", r.Digest))
	}
	err = a.writer.doFirst(ctx, claims, func(v *store.View, b *store.Batch) error {
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
		if e.Notes, err = a.eventNotes(v, &e.Event); err != nil {
			return err
		}
		if err := a.register(v, b, &e.Event, e.Digest, e.Signature); err != nil {
			return err
		}
		if err := a.closeRobbed(v, b, robbed, &e.Event); err != nil {
			return err
		}
		e.Received = b.At.UTC()
		b.Events = append(b.Events, *e)
		if e.Event.Kind == label.HoldEvent || e.Event.Kind == label.ReleaseEvent {
			return nil // operators get the notice that the manufacturer gets
		}
		return a.tellEvent(b, e)
	})
	if err != nil {
		return nil, err
	}
	if !known {
		a.work.wake()
	}
	return e, nil
}

// Preview returns the labels that an event would touch, and what whoever reports
// it has to know of it. Nothing is recorded.
func (a *Authority) Preview(c Caller, raw []byte) (list []Affected, notes []string, err error) {
	e, err := a.openReport(c, raw)
	if err != nil {
		return nil, nil, err
	}
	err = a.store.View(func(v *store.View) error {
		now := a.clock()
		if err := a.admitEvent(v, &e.Event, e.Signature, now); err != nil {
			return err
		}
		if notes, err = a.eventNotes(v, &e.Event); err != nil {
			return err
		}
		list, err = a.preview(v, e, now)
		return err
	})
	return list, notes, err
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
	e, err := a.openEvent(c, raw)
	if err == nil && e.Event.Kind == label.AdvisoryEvent {
		err = label.Errorf(label.Invalid, label.ReasonOutOfRange, "event.kind", "is %q; publish an advisory with its document (labelctl advisory publish)", e.Event.Kind)
	}
	return e, err
}

// openEvent verifies a signed event: its form, and that one of its signatures is
// by somebody who reports such events.
func (a *Authority) openEvent(c Caller, raw []byte) (*store.Event, error) {
	signed, err := a.openSigned(c, raw)
	if err != nil {
		return nil, label.Within("event", err)
	}
	v := signed.content()
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
	may := withRole(label.RoleOperator)
	if p.Kind == label.AdvisoryEvent {
		may = withRole(label.RoleManufacturer, label.RoleOperator)
	}
	key, err := a.pick(signed, may)
	if err != nil {
		return nil, label.Within("event", err)
	}
	return &store.Event{Digest: v.ID(), Event: *p, Signature: key.signature()}, nil
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
	if err := a.programme.CheckEvent(e.Reason, e.Kind); err != nil {
		return label.Within("event", err)
	}
	switch e.Kind {
	case label.LabEvent:
		var acc *store.Accreditation
		if acc, err = inForce(v, e); err == nil && acc.Suspended != "" && len(e.Categories) == 0 {
			err = admitSuspension(v, acc, e)
		}
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
		} else if !k.Compromised.IsZero() && !e.Since.Before(k.Compromised) {
			err = label.Errorf(label.Precondition, label.ReasonStep, "event.since",
				"key %s counts as compromised since %s already, and nothing counts that it signed and that was received since then; report an earlier instant, or nothing", k.Short(), k.Compromised.Format(time.RFC3339))
		}
	case label.SchemeEvent:
		var s *scheme.Scheme
		if s, err = a.scheme(e.Scheme); err == nil && s.Version == e.Version {
			err = label.Errorf(label.Precondition, label.ReasonUnknownScheme, "event.version", "version %s of %s is being served; serve its successor first, so that labels can be renewed", e.Version, e.Scheme)
		}
	default:
		err = admitProductEvent(v, e)
	}
	return err
}

// admitSuspension checks that suspending an accreditation that is suspended adds
// something: another reason, for which the scheme may have something else become
// of labels.
func admitSuspension(v *store.View, acc *store.Accreditation, e *label.Event) error {
	before, err := v.Event(acc.Event)
	if err != nil || before.Event.Reason != e.Reason {
		return err
	}
	return label.Errorf(label.Precondition, label.ReasonStep, "event.number",
		"accreditation %s is suspended since %s by event %s for the same reason (%s: %s); \"labelctl event show\" shows that; report another reason where there is one, or record the accreditation anew (\"labelctl org accredit\") to end the suspension",
		acc.Number, before.Received.UTC().Truncate(time.Second).Format(time.RFC3339), acc.Event, before.Event.Reason, acc.Suspended)
}

// eventNotes says what whoever reports an event has to know of it.
func (a *Authority) eventNotes(v *store.View, e *label.Event) (notes []string, err error) {
	switch e.Kind {
	case label.LabEvent:
		acc, err := inForce(v, e)
		if err != nil || acc.Suspended == "" {
			return nil, err
		}
		before, err := v.Event(acc.Event)
		if err != nil {
			return nil, err
		}
		if len(e.Categories) > 0 {
			return []string{fmt.Sprintf("Accreditation %s is suspended, by event %s, and stays so; it also loses categories now.", acc.Number, acc.Event)}, nil
		}
		return []string{fmt.Sprintf("Accreditation %s was suspended already, by event %s for the reason %s (%s). From now on the record says this event's text, and labels are changed as the scheme says for %s as well.",
			acc.Number, acc.Event, before.Event.Reason, acc.Suspended, e.Reason)}, nil
	case label.AffiliationEvent:
		return unenrolled(v, []string{e.Manufacturer})
	case label.KeyEvent:
		return thiefNotes(v, e)
	case label.GTINEvent:
		return a.moveNotes(v, e)
	case label.HoldEvent:
		return a.heldNotes(v, e)
	case label.StatementEvent:
		return []string{"This cannot be taken back. Where it was a mistake, what the statement said counts again when its signer issues it anew, under another number."}, nil
	}
	return nil, nil
}

// heldNotes names the labels that go on counting while their product is on hold:
// whoever puts the hold may believe that it tells shoppers.
func (a *Authority) heldNotes(v *store.View, e *label.Event) (notes []string, err error) {
	var live []string
	count := func(rec *store.Label) error {
		h, err := a.history(v, rec)
		if err == nil && h.StandingAt(a.clock()).State == label.Active {
			live = append(live, rec.ID.Pretty())
		}
		return err
	}
	if e.Device.IsZero() {
		var inner error
		err = v.OrgLabels(e.Manufacturer, nil, func(rec *store.Label, _ []byte) bool {
			inner = count(rec)
			return inner == nil && len(live) <= maxNamed
		})
		err = errors.Join(err, inner)
	} else {
		err = labelsOfProduct(v, e.Device, count)
	}
	if err != nil || len(live) == 0 {
		return nil, err
	}
	what := strings.Join(live[:min(len(live), maxNamed)], ", ")
	if len(live) > maxNamed {
		what += " and others"
	}
	return []string{"Shoppers see nothing of this hold, and these labels go on counting: " + what + ". To warn them, review or suspend what should not count (labelctl label review, labelctl label suspend)."}, nil
}

// labelsOfProduct calls f with the labels of all devices of a device's product.
func labelsOfProduct(v *store.View, device label.Digest, f func(*store.Label) error) error {
	devices, err := productOf(v, device)
	if err != nil {
		return err
	}
	for _, d := range devices {
		list, err := v.LabelsOf(d)
		if err != nil {
			return err
		}
		for _, rec := range list {
			if err := f(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxNamed bounds what a note names one by one.
const maxNamed = 8

// thiefNotes says of an operator's key what was done since it may have been in the
// wrong hands that no label shows. Calls that change the register are not recorded
// with the key that made them, so that a note names all of that time.
func thiefNotes(v *store.View, e *label.Event) (notes []string, err error) {
	k, err := v.Key(e.Key)
	if err != nil {
		return nil, err
	}
	owner, err := v.Org(k.Organization)
	if err != nil || !owner.Has(label.RoleOperator) {
		return nil, err
	}
	var keys, accreditations []string
	var inner error
	err = v.Orgs("", func(o *label.Organization) bool {
		var list []*label.Key
		if list, inner = v.OrgKeys(o.ID); inner != nil {
			return false
		}
		for _, k := range list {
			if k.Revoked.IsZero() && !k.Enrolled.Before(e.Since) {
				keys = append(keys, k.Short()+" of "+o.ID)
			}
		}
		var accs []*store.Accreditation
		if accs, inner = v.Accreditations(o.ID); inner != nil {
			return false
		}
		for _, acc := range accs {
			if !acc.Recorded.Before(e.Since) {
				accreditations = append(accreditations, acc.Number+" of "+o.ID)
			}
		}
		return true
	})
	if err = errors.Join(err, inner); err != nil {
		return nil, err
	}
	say := func(what string, list []string, way string) {
		if len(list) > 0 {
			notes = append(notes, fmt.Sprintf("Since %s %s %s; whoever had the key may have done that. %s", e.Since.UTC().Format(time.RFC3339), what, named(list), way))
		}
	}
	var reported []string
	if err := v.Events(func(other *store.Event) bool {
		if other.Signature.Key == e.Key && !other.Received.Before(e.Since) {
			reported = append(reported, fmt.Sprintf("%s about %s (%.16s)", other.Event.Kind, other.Event.Name(), other.Digest))
		}
		return true
	}); err != nil {
		return nil, err
	}
	if len(reported) > 0 {
		notes = append(notes, fmt.Sprintf("Since %s the key reported events: %s. They stand: where one is not yours, report what undoes it (put a hold again that it ended, end one that it put, move a number back), and have what it struck issued anew.",
			e.Since.UTC().Format(time.RFC3339), named(reported)))
	}
	say("there were enrolled the keys", keys, "Report each that its owner does not know (labelctl event key).")
	say("there were recorded the accreditations", accreditations, "Hold each against what the accreditation body says (labelctl org show).")
	return notes, nil
}

// named writes a list, of which it names the first.
func named(list []string) string {
	if len(list) <= maxNamed {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:maxNamed], ", "), len(list)-maxNamed)
}

// moveNotes says what is known against the products from which a trade item number is
// taken: it stays with them, and whoever gets the number begins with nothing.
func (a *Authority) moveNotes(v *store.View, e *label.Event) (notes []string, err error) {
	devices, err := v.GTINDevices(e.GTIN)
	if err != nil {
		return nil, err
	}
	known, seen := a.distrust.Load(), map[label.Digest]bool{}
	for _, digest := range devices {
		d, err := v.Device(digest)
		if err != nil {
			return nil, err
		}
		if d.Org == e.Manufacturer || seen[digest] {
			continue
		}
		desc := new(label.Device)
		if err := label.Decode(d.Descriptor, desc); err != nil {
			return nil, err
		}
		devices, err := product(v, d, desc)
		if err != nil {
			return nil, err
		}
		holds, err := a.openHolds(v, devices, a.clock())
		if err != nil {
			return nil, err
		}
		failed := 0
		for _, d := range devices {
			seen[d.Digest] = true
			items, _, err := known.evidence(v, d, desc.Category, nil)
			if err != nil {
				return nil, err
			}
			for _, it := range items {
				if it.Fails() && it.Source() == scheme.Lab && (it.Doubt == nil || it.Doubt.Against) {
					failed++
				}
			}
		}
		if len(holds) > 0 || failed > 0 {
			notes = append(notes, fmt.Sprintf("Device %.16s of %s (%s), which loses the number, has a history: open holds on its product: %d; reports of laboratories that found something wrong with it: %d. These stay with it, and count for no device of %s: if that sells the same product, put it on hold (labelctl hold put).",
				digest, d.Org, desc.FullName(), len(holds), failed, e.Manufacturer))
		}
		if len(notes) == maxNamed {
			break
		}
	}
	return notes, nil
}

// unenrolled says of affiliates that are not enrolled what follows from that. A
// parent company need not be; a mistyped ID looks the same.
func unenrolled(v *store.View, affiliates []string) (notes []string, err error) {
	for _, id := range affiliates {
		switch _, err := v.Org(id); {
		case errors.Is(err, store.ErrNotFound):
			notes = append(notes, fmt.Sprintf("No organization %q is enrolled. It counts as a parent company: by itself that changes nothing, and relates only organizations on whose records it stands as well. If you meant an organization that is enrolled, name that one.", id))
		case err != nil:
			return nil, err
		}
	}
	return notes, nil
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
func (a *Authority) register(v *store.View, b *store.Batch, e *label.Event, id label.Digest, by store.RequestSignature) error {
	switch e.Kind {
	case label.LabEvent:
		acc, err := inForce(v, e)
		if err != nil {
			return err
		}
		rec := acc.Accreditation
		if len(e.Categories) > 0 {
			rec.Categories = slices.DeleteFunc(slices.Clone(rec.Categories), func(c string) bool { return slices.Contains(e.Categories, c) })
			rec.Narrowed = e.Text
		} else {
			rec.Suspended = e.Text
		}
		if rec.Event.IsZero() || rec.Suspended == "" || len(e.Categories) == 0 {
			rec.Event = id // of an accreditation that is suspended, that which did so
		}
		if _, err = a.accredit(b, rec, "", nil); err != nil {
			return err
		}
		return a.dueForSigner(v, b, e.Lab, func(st *store.Statement) bool { return st.Lab.Accreditation == e.Number })
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
		if err := a.tellKey(b, k, ""); err != nil {
			return err
		}
		return a.dueForSigner(v, b, k.Organization, func(st *store.Statement) bool { return rests(e, k.Organization, st) })
	}
	return a.registerProductEvent(v, b, e, id, by)
}

// affected calls f once with each label that an event touches, from its cursor
// on, until f returns false (which is heard between devices). It returns the
// cursor to go on from, and whether it came to the end. A record on the way that
// cannot be read is told to f, and the walk goes on.
func (a *Authority) affected(v *store.View, e *store.Event, now time.Time, f func(Affected) bool) (cursor []byte, done bool, err error) {
	w := &walk{a: a, e: &e.Event, now: now, f: f, cursor: e.Cursor, seen: map[label.ID]bool{}, more: true}
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
		if w.related, err = newDistrust(w.v); err == nil {
			w.related.unite(e.Event.Lab, e.Event.Manufacturer) // it may not be on record yet
			err = w.statements(e.Event.Lab)
		}
	case label.StatementEvent:
		var device label.Digest
		if device, err = struckDevice(v, e.Event.Statement); err == nil {
			w.device(device, e.Event.Statement)
		}
	case label.HoldEvent, label.ReleaseEvent, label.SeparationEvent, label.GTINEvent:
		// What is issued stands as it did: the authority acts upon labels one by one.
	}
	return w.cursor, w.more, err
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

	related *distrust // of an affiliation: who is related to whom by it
}

// fail tells that it cannot be said what becomes of a label.
func (w *walk) fail(id label.ID, err error) {
	w.more = w.f(Affected{Label: &store.Label{ID: id}, Err: err}) && w.more
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
	h, err := w.a.history(w.v, rec)
	if err != nil {
		w.fail(rec.ID, err)
		return
	}
	if s := h.StandingAt(w.now); !s.State.Live() {
		return
	}
	if touched != nil {
		// An event may touch a great many: no more is read of each.
		var g ground
		if err := readLabel(w.v, rec, &g); err != nil {
			w.fail(rec.ID, err)
			return
		}
		if !touched(&g) {
			return
		}
	}
	w.seen[rec.ID] = true
	effect := scheme.Effect{Action: scheme.NoEffect}
	if known, ok := w.a.programme.Lifecycle(rec.Scheme).Propagation[w.e.Reason]; ok {
		effect = known
	}
	w.more = w.f(Affected{Label: rec, Action: effect.Action, Ends: ends(w.e, effect)}) && w.more
}

// speaksAgainst reports whether the event speaks against a statement.
func (w *walk) speaksAgainst(signer string, st *store.Statement) bool {
	if w.e.Kind != label.AffiliationEvent {
		return rests(w.e, signer, st)
	}
	if st.Signer != signer || st.Type != label.TypeTestReport {
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
