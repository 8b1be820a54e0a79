package authority

import (
	"errors"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// admitProductEvent checks an event about a product, a statement, or who controls
// whom, against the registry.
func (a *Events) admitProductEvent(v *store.View, e *label.Event) error {
	switch e.Kind {
	case label.HoldEvent, label.ReleaseEvent:
		return admitHold(v, e)
	case label.StatementEvent:
		of, err := toStrike(v, e.Statement)
		if err != nil {
			return err
		}
		id, ok, err := struckFor(v, e)
		if err != nil {
			return err
		}
		if ok {
			return label.Errorf(label.Exists, label.ReasonExists, "event.statement",
				"%s was struck already, by event %s (labelctl event show). %s", e.Statement, id, of.forGood())
		}
		return label.Within("event", a.programme.CheckStrike(e.Reason, of.Type))
	case label.AffiliationEvent:
		lab, err := v.Org(e.Lab)
		if err != nil {
			return unknownOrg(err, "event.lab", e.Lab)
		}
		if !lab.Has(label.RoleLab) {
			return label.Errorf(label.Precondition, label.ReasonWrongRole, "event.lab", "%s is not enrolled as lab", lab.ID)
		}
		if lab.ID == e.Manufacturer {
			return label.Errorf(label.Invalid, label.ReasonAffiliated, "event.manufacturer", "is the lab itself, which never tests its own devices")
		}
		if slices.Contains(lab.Affiliates, e.Manufacturer) {
			return label.Errorf(label.Exists, label.ReasonExists, "event.manufacturer", "%s is on record as an affiliate of %s already", e.Manufacturer, lab.ID)
		}
		return nil
	case label.SeparationEvent:
		return admitSeparation(v, e)
	case label.GTINEvent:
		return admitMove(v, e)
	}
	return nil
}

// struckFor returns the event after which another that strikes or withdraws a statement
// would change nothing. What its laboratory withdrew can be struck: what the report found
// wrong has counted until then.
func struckFor(v *store.View, e *label.Event) (event label.Digest, ok bool, err error) {
	event, ok = v.Struck(e.Statement)
	if !ok || e.Kind == label.WithdrawalEvent {
		return event, ok, nil
	}
	before, err := v.Event(event)
	if err != nil {
		if own(err) {
			err = nil
		}
		return event, true, err
	}
	return event, before.Event.Kind == label.StatementEvent, nil
}

// admitWithdrawal checks that a laboratory withdraws a report of its own that still
// counts. What the report found wrong goes on counting: otherwise a laboratory could be
// talked into withdrawing a failure, which only tests undo, or its own correction.
func admitWithdrawal(v *store.View, e *label.Event, lab string) error {
	st, err := v.Statement(e.Statement)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return label.Errorf(label.NotFound, label.ReasonUnknownSubject, "event.statement", "no statement %s is on record", e.Statement)
	case err != nil:
		return err
	case st.Signer != lab || label.SourceOf(st.Type) != label.SourceLab:
		return label.Errorf(label.Denied, label.ReasonNotYours, "event.statement", "%s is not a report of %s; a laboratory withdraws its own reports only", e.Statement, lab)
	}
	if id, ok, err := struckFor(v, e); err != nil {
		return err
	} else if ok {
		return label.Errorf(label.Exists, label.ReasonExists, "event.statement", "report %s does not count any more, by event %s", st.Number, id)
	}
	return nil
}

// admitSeparation checks that two organizations can be said to be under common
// control no more: one of them has the other on its record.
func admitSeparation(v *store.View, e *label.Event) error {
	if e.Ended.After(label.DateOf(e.Made)) {
		return label.Errorf(label.Invalid, label.ReasonInFuture, "event.ended", "%s is in the future", e.Ended)
	}
	if _, err := v.Org(e.Lab); err != nil {
		return unknownOrg(err, "event.lab", e.Lab)
	}
	apart, err := separated(v.Org, e)
	if err == nil && len(apart) == 0 {
		before, unread := endOnRecord(v, e)
		switch {
		case unread != nil:
			return unread
		case !before.IsZero() && before == e.Ended:
			return label.Errorf(label.Exists, label.ReasonExists, "event.ended", "%s is on record already as the last day of the common control", before)
		case !before.IsZero():
			return label.Errorf(label.Precondition, label.ReasonStep, "event.ended",
				"on record is that the common control of %s and %s ended on %s; where that day is wrong, report the right one for the reason %s", e.Lab, e.Manufacturer, before, reasonMistake)
		}
		err = label.Errorf(label.Precondition, label.ReasonStep, "event.manufacturer",
			"%s and %s have not each other on record as affiliates (\"labelctl org show\"); where they are related by way of a third, end what relates one of them to that", e.Lab, e.Manufacturer)
	}
	return err
}

// endOnRecord returns the day on which the common control of two organizations ended
// last, by the record of one of them, or zero.
func endOnRecord(v *store.View, e *label.Event) (day label.Date, err error) {
	for _, pair := range [][2]string{{e.Lab, e.Manufacturer}, {e.Manufacturer, e.Lab}} {
		org, err := v.Org(pair[0])
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return day, err
		}
		if f := lastEnd(org, pair[1]); f != nil {
			return f.Until, nil
		}
	}
	return day, nil
}

// lastEnd returns what an organization's record says of when common control with
// another ended last, or nil.
func lastEnd(org *label.Organization, other string) *label.Former {
	for i := range slices.Backward(org.Formerly) {
		if org.Formerly[i].ID == other {
			return &org.Formerly[i]
		}
	}
	return nil
}

// separated returns the organizations whose records a separation changes, changed. It
// ends what is on record, or, where the authority sets right a day that was wrong, puts
// another day in the place of that: the rule stays by which nothing counts that was
// tested up to that day.
func separated(orgOf func(id string) (*label.Organization, error), e *label.Event) (apart []label.Organization, err error) {
	for _, pair := range [][2]string{{e.Lab, e.Manufacturer}, {e.Manufacturer, e.Lab}} {
		org, err := orgOf(pair[0])
		if errors.Is(err, store.ErrNotFound) {
			continue // a parent need not be enrolled
		}
		if err != nil {
			return nil, err
		}
		if i := slices.Index(org.Affiliates, pair[1]); i >= 0 {
			org.Affiliates = slices.Delete(slices.Clone(org.Affiliates), i, i+1)
			org.Formerly = append(slices.Clone(org.Formerly), label.Former{ID: pair[1], Until: e.Ended})
			apart = append(apart, *org)
		}
	}
	if len(apart) > 0 || e.Reason != reasonMistake {
		return apart, nil
	}
	for _, pair := range [][2]string{{e.Lab, e.Manufacturer}, {e.Manufacturer, e.Lab}} {
		org, err := orgOf(pair[0])
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		org.Formerly = slices.Clone(org.Formerly)
		if f := lastEnd(org, pair[1]); f != nil && f.Until != e.Ended {
			f.Until = e.Ended
			apart = append(apart, *org)
		}
	}
	return apart, nil
}

// admitHold checks a hold that an operator puts or ends.
func admitHold(v *store.View, e *label.Event) error {
	field := "event.manufacturer"
	if !e.Device.IsZero() {
		field = "event.device"
		if _, err := v.Device(e.Device); err != nil {
			return label.Within("event", unknownDevice(err, e.Device))
		}
	} else if org, err := v.Org(e.Manufacturer); err != nil {
		return unknownOrg(err, field, e.Manufacturer)
	} else if !org.Has(label.RoleManufacturer) {
		return label.Errorf(label.Precondition, label.ReasonWrongRole, field, "%s is not enrolled as manufacturer, and a hold on it would stop nothing", org.ID)
	}
	there, err := v.HoldOn(e.Device, e.Manufacturer)
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return err
	case e.Kind == label.HoldEvent && err == nil:
		return label.Errorf(label.Exists, label.ReasonExists, field, "is on hold since %s (%s: %s); to record another reason, end that hold and put this one (labelctl hold end, labelctl hold put)",
			there.Since.UTC().Format(time.RFC3339), there.Reason, there.Text)
	case e.Kind == label.ReleaseEvent && err != nil:
		return label.Errorf(label.Precondition, label.ReasonStep, field,
			"is not on hold by an operator's refusal; a hold that began with a label ends with that label (labelctl label reinstate, clear or release)")
	}
	return nil
}

// A strikable is a statement or a ruling on record.
type strikable struct {
	Device label.Digest
	Type   string // predicate type
}

// toStrike finds what an event strikes.
func toStrike(v *store.View, id label.Digest) (*strikable, error) {
	st, err := v.Statement(id)
	if err == nil {
		return &strikable{st.Device, st.Type}, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	var ruling *strikable
	err = v.AllRulings(nil, func(r *store.Ruling, _ []byte) bool {
		if r.Digest == id {
			ruling = &strikable{r.Device, label.TypeRuling}
		}
		return ruling == nil
	})
	if err == nil && ruling == nil {
		err = label.Errorf(label.NotFound, label.ReasonUnknownSubject, "event.statement", "no statement or ruling %s is on record", id)
	}
	return ruling, err
}

// forGood says that what is struck stays so, and what can be done where that was a
// mistake. A statement can be issued anew. A ruling cannot: an appeal is decided once,
// and a refusal that says the same is the decision on record.
func (s *strikable) forGood() string {
	if s.Type == label.TypeRuling {
		return "This cannot be taken back, and the ruling is not made again, since an appeal is decided once. What it accepted is shown by evidence from now on: where the manufacturer submits more and is refused by another decision, it can appeal against that."
	}
	return "This cannot be taken back. Where it was a mistake, what the statement said counts again when its signer issues it anew, under another number."
}

// admitMove checks that a trade item number can be moved to a manufacturer.
func admitMove(v *store.View, e *label.Event) error {
	org, err := v.Org(e.Manufacturer)
	if err != nil {
		return unknownOrg(err, "event.manufacturer", e.Manufacturer)
	}
	if !org.Has(label.RoleManufacturer) {
		return label.Errorf(label.Precondition, label.ReasonWrongRole, "event.manufacturer", "%s is not enrolled as manufacturer", org.ID)
	}
	owner, err := gtinOwner(v, e.GTIN)
	switch {
	case err != nil:
		return err
	case owner == "":
		return label.Errorf(label.NotFound, label.ReasonUnknownProduct, "event.gtin", "no device with GTIN %s is registered; whoever has it can register one", e.GTIN)
	case owner == e.Manufacturer:
		return label.Errorf(label.Exists, label.ReasonExists, "event.gtin", "belongs to %s already", owner)
	}
	return nil
}

// registerProductEvent adds to a batch what such an event changes in the
// registry, and has judged again what rests on it.
func (a *Events) registerProductEvent(v *store.View, b *batch, e *label.Event, id label.Digest, by store.RequestSignature) error {
	switch e.Kind {
	case label.HoldEvent, label.ReleaseEvent:
		b.Add(&store.Hold{
			Device: e.Device, Org: e.Manufacturer, Event: id, Reason: e.Reason, Text: e.Text, Since: b.At.UTC().Truncate(time.Second),
			Ended: e.Kind == label.ReleaseEvent,
		})
		org, kind := e.Manufacturer, notice.ProductHeld
		if !e.Device.IsZero() {
			d, err := v.Device(e.Device)
			if err != nil {
				return err
			}
			org = d.Org
		}
		if e.Kind == label.ReleaseEvent {
			kind = notice.ProductFree
		}
		news := ProductNews{Device: e.Device, Manufacturer: org, Reason: e.Reason, Text: e.Text}
		if err := tell(b, kind, "event-"+id.String(), e.Name(), org, news); err != nil {
			return err
		}
		return a.tellOperators(b, kind, "event-"+id.String(), e.Name(), news, org, by.Organization)
	case label.StatementEvent, label.WithdrawalEvent:
		b.Add(&store.Strike{Statement: e.Statement, Event: id})
		of, err := toStrike(v, e.Statement)
		if err != nil {
			return err
		}
		if err := a.tellStruck(v, b, e, of.Device); err != nil {
			return err
		}
		return a.evidence.dueForProduct(v, b, of.Device)
	case label.AffiliationEvent:
		lab, err := v.Org(e.Lab)
		if err != nil {
			return err
		}
		lab.Affiliates = append(slices.Clone(lab.Affiliates), e.Manufacturer)
		b.Add((*store.Organization)(lab))
		news := AffiliationNews{Organization: e.Lab, Affiliate: e.Manufacturer, Reason: e.Reason, Text: e.Text}
		if err := tellAffiliation(v, b, "event-"+id.String(), "", news); err != nil {
			return err
		}
		return a.registry.dueForRelated(v, b, lab)
	case label.SeparationEvent:
		news := AffiliationNews{Organization: e.Lab, Affiliate: e.Manufacturer, Ended: e.Ended, Reason: e.Reason, Text: e.Text}
		if err := tellAffiliation(v, b, "event-"+id.String(), "", news); err != nil {
			return err
		}
		// What was related is judged again, by the records as they were and as they are.
		if err := a.registry.dueForGroup(v, b, e.Lab, e.Manufacturer); err != nil {
			return err
		}
		apart, err := separated(v.Org, e)
		for i := range apart {
			b.Add((*store.Organization)(&apart[i]))
		}
		return err
	case label.GTINEvent:
		return a.moveGTIN(v, b, e, id, by)
	}
	return nil
}

// moveGTIN adds to a batch that a trade item number is another manufacturer's:
// signed and logged.
func (a *Events) moveGTIN(v *store.View, b *batch, e *label.Event, id label.Digest, by store.RequestSignature) error {
	org, err := v.Org(e.Manufacturer)
	if err != nil {
		return err
	}
	ref, err := requestRef(v, by, id)
	if err != nil {
		return err
	}
	_, entry, err := b.sign(a.issuer.Assignment(&label.Assignment{
		GTIN: e.GTIN, Manufacturer: org.Party(), Text: e.Text, Language: e.Language,
		Recorded: b.Recorded.UTC().Truncate(time.Second), Requests: []label.RequestRef{ref},
	}))
	if err != nil {
		return err
	}
	from, err := gtinOwner(v, e.GTIN)
	if err != nil {
		return err
	}
	for _, org := range []string{from, e.Manufacturer} {
		news := ProductNews{GTIN: e.GTIN, Manufacturer: e.Manufacturer, Reason: e.Reason, Text: e.Text}
		if err := tell(b, notice.GTINMoved, "event-"+id.String()+"-"+org, string(e.GTIN), org, news); err != nil {
			return err
		}
	}
	b.Add(&store.GTINMove{Index: b.index(), GTIN: e.GTIN, To: org.ID, Event: id})
	b.log(entry)
	return nil
}
