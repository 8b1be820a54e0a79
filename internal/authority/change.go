package authority

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// A Change is the answer to a request for a change of a label.
type Change struct {
	Request *store.Request
	Status  *store.Status // nil while another operator's signature is awaited
	Label   *Published    // the successor, where one was issued
	Known   bool          // the request was carried out before
	Notes   []string      // what whoever asked has to know, in sentences
}

// changeForm is how requests for changes of labels are opened.
var changeForm = &requestForm[label.StatusRequest]{field: "request", predicateType: label.TypeStatusRequest, right: changeRight}

// changeRight is the right to ask for a change of a label, besides having a role for the
// act: of manufacturers, the label's own has it only.
func changeRight(v *store.View, r *label.StatusRequest) (right, error) {
	rec, err := v.Label(r.Label)
	if err != nil {
		return nil, found(err, label.ReasonUnknownLabel, "label", "no label %s was issued here", r.Label.Pretty())
	}
	return func(o *label.Organization) error {
		if o.Has(label.RoleManufacturer) && o.ID != rec.Org {
			return label.Errorf(label.Denied, label.ReasonNotYours, "label", "the label belongs to another manufacturer")
		}
		return nil
	}, nil
}

// Change carries out a signed request to change a label. Who carries it does
// not matter, who signed it does. Where the act takes several persons, it waits
// until as many have signed the same request.
//
// A request that was carried out is answered with what it led to. It cannot be
// used again: a request is for once.
func (a *Issuing) Change(ctx context.Context, c Caller, raw []byte) (*Change, error) {
	var out *Change
	err := signedAct(a.core, ctx, c, raw, changeForm, func(x *act, r *signedRequest[label.StatusRequest]) (err error) {
		defer a.writer.begin()()
		for range attempts {
			if out, err = a.change(x, r); !errors.Is(err, errMoved) {
				return err
			}
		}
		return errMoved
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// A statusRequest is a signed request for a change of a label.
type statusRequest = signedRequest[label.StatusRequest]

// change carries out one attempt.
func (a *Issuing) change(x *act, r *statusRequest) (*Change, error) {
	renewal, err := a.renewal(x, r)
	if err != nil {
		return nil, err
	}
	out := &Change{}
	claims := []string{claimf("label/%s", r.predicate.Label), claimf("request/%s", r.digest)}
	if r.predicate.Successor != "" {
		claims = append(claims, claimf("label/%s", r.predicate.Successor))
	}
	if renewal != nil {
		claims = append(claims, claimf("device/%s", renewal.device.Digest))
	}
	var issued *store.Label
	write := x.do
	if x.caller.Is(label.RoleOperator) && (r.predicate.Action == label.Suspend || r.predicate.Action == label.Revoke) {
		write = x.doFirst
	}
	err = write(claims, func(v *store.View, b *batch) (err error) {
		*out = Change{}
		issued, err = a.changeLabel(x, v, b, r, renewal, out)
		return err
	})
	if err != nil {
		return nil, err
	}
	if out.Status != nil {
		out.Notes = append(out.Notes, a.settledNotes(out.Status)...)
	}
	if issued != nil {
		out.Label, err = a.publishing.publishNew(issued, renewal.signed, renewal.device.Descriptor)
	} else if out.Status != nil && out.Status.Successor != nil {
		out.Label, err = a.publishing.Lookup(out.Status.Successor.ID)
	}
	return out, err
}

// changeLabel adds a change to a batch, or that it waits, and returns the successor where
// one is issued by it.
func (a *Issuing) changeLabel(x *act, v *store.View, b *batch, r *statusRequest, renewal *renewal, out *Change) (issued *store.Label, err error) {
	rec, err := v.Label(r.predicate.Label)
	if err != nil {
		return nil, found(err, label.ReasonUnknownLabel, "request.label", "no label %s was issued here", r.predicate.Label.Pretty())
	}
	req, err := r.onRecord(v, b.At)
	if err != nil {
		return nil, err
	}
	if req != nil && req.Number != 0 {
		return nil, a.carriedOut(v, rec, req, out)
	}
	h, err := a.history(v, rec)
	if err != nil {
		return nil, err
	}
	signers, err := a.admitChange(x, v, r, rec, h, b.At)
	if err != nil {
		return nil, err
	}
	req, agreed, err := r.gather(x, v, b, req, signers)
	if err != nil {
		return nil, err
	}
	out.Request, req.Label, req.Action = req, r.predicate.Label, r.predicate.Action
	if !agreed {
		b.Add(req)
		return nil, a.changeWaits(v, b, rec, h, r, out)
	}
	st := label.Status{Label: r.predicate.Label, Action: r.predicate.Action, Reason: r.predicate.Reason, Text: r.predicate.Text, Language: r.predicate.Language, Effective: r.predicate.Effective}
	for _, sig := range req.Signatures {
		ref, err := requestRef(v, sig, req.Digest)
		if err != nil {
			return nil, err
		}
		st.Requests = append(st.Requests, ref)
	}
	var next *store.Label
	switch {
	case r.predicate.Successor != "":
		if next, err = v.Label(r.predicate.Successor); err != nil {
			return nil, err
		}
	case renewal != nil:
		if err := a.unmoved(v, renewal.dossier, b.At); err != nil {
			return nil, err
		}
		if err := a.logScheme(v, b, renewal.signed.Label.Scheme); err != nil {
			return nil, err
		}
		if issued, err = record(v, b, renewal.signed.Label, renewal.entry, renewal.device); err != nil {
			return nil, err
		}
		next, st.New = issued, renewal.news
	}
	if next != nil {
		same, err := sameProduct(v, rec.Device, next.Device)
		if err != nil {
			return nil, err
		}
		statement, err := statementOf(v, b, next)
		if err != nil {
			return nil, err
		}
		st.Successor = &label.LabelLink{ID: next.ID, SHA256: statement, URL: a.issuer.URL(next.ID), Level: next.Level, OtherProduct: !same}
	}
	status, err := a.append(v, b, rec, h, st)
	if err != nil {
		return nil, err
	}
	if next != nil && r.predicate.Effective.IsZero() {
		if err := a.carryOver(v, b, rec, h, next, renewal); err != nil {
			return nil, err
		}
	}
	req.Number = status.Number
	b.Add(req)
	out.Status = status
	return issued, nil
}

// changeWaits tells those concerned that a change waits for others to agree, and whoever
// asked what may come in between.
func (a *Issuing) changeWaits(v *store.View, b *batch, rec *store.Label, h *label.History, r *statusRequest, out *Change) error {
	if err := a.noteAlone(v, b, out.Request, &out.Notes); err != nil {
		return err
	}
	s, until := h.StandingAt(b.At), r.predicate.Made.Add(label.MaxRequestAge)
	maker := ""
	if r.predicate.Action == label.Revoke {
		maker = rec.Org
		if end := s.Ends(); !s.Open() && end.Before(until) {
			out.Notes = append(out.Notes, fmt.Sprintf("The label ends on %s, and then there is nothing left to revoke; the product is on hold until %s. To keep it on hold, suspend the label now (labelctl label suspend), which also puts off an end that was announced.", end.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339)))
		}
	}
	return a.tellWaiting(b, out.Request, maker)
}

// carriedOut fills in what a request led to when it was carried out.
func (a *Issuing) carriedOut(v *store.View, rec *store.Label, req *store.Request, out *Change) error {
	list, err := v.History(rec.ID)
	if err != nil {
		return err
	}
	if req.Number > len(list) {
		return label.Errorf(label.Internal, label.ReasonInternal, "request", "led to a status that is not there; run \"labeld check\"")
	}
	*out = Change{Request: req, Status: list[req.Number-1], Known: true}
	return nil
}

// admitChange checks a request against the registry and the label's standing, and returns
// whose signatures count.
func (a *Issuing) admitChange(x *act, v *store.View, r *statusRequest, rec *store.Label, h *label.History, now time.Time) ([]signer, error) {
	signers, err := r.admit(x, v, now)
	if err != nil {
		return nil, err
	}
	return signers, a.admitStep(v, r, rec, h, signers, now)
}

// admitStep is [Authority.admitChange] once it is known who signed.
func (a *Issuing) admitStep(v *store.View, r *statusRequest, rec *store.Label, h *label.History, signers []signer, now time.Time) error {
	if r.subject != rec.Device {
		return label.Errorf(label.Invalid, label.ReasonUnknownSubject, "request.subject", "is not the device of label %s", rec.ID.Pretty())
	}
	if err := a.programme.CheckReason(r.predicate.Reason, r.predicate.Action); err != nil {
		return label.Within("request", err)
	}
	if !r.predicate.Effective.IsZero() && !r.predicate.Effective.After(now) {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.effective", "is %s, which is past; leave it out for \"now\"", r.predicate.Effective.Format(time.RFC3339))
	}
	standing := h.StandingAt(now)
	if !r.predicate.Effective.IsZero() && !r.predicate.Effective.Before(standing.Expires) {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.effective", "is after the label expires, on %s", standing.Expires.Format(time.RFC3339))
	}
	if _, err := standing.Admit(r.predicate.Action); err != nil {
		bar, inner := a.barred(v, rec, now)
		if inner != nil {
			return inner
		}
		return label.Within("request", wayOn(err, r.predicate.Action, &standing, signers, bar))
	}
	switch r.predicate.Action {
	case label.Withdraw:
		asked, err := a.evidence.revocationAsked(v, rec, now)
		if err == nil && asked != nil {
			err = asked.refusal("request.label")
		}
		if err != nil {
			return err
		}
		return a.admitWithdrawal(v, rec, h, now)
	case label.Supersede:
		return a.admitSupersession(v, r, rec, signers, now)
	}
	return nil
}

// admitWithdrawal refuses to have a label withdrawn while something is open about its
// product that began with another label of it: the authority looks at this one too, and
// people would read that its manufacturer withdrew it, and nothing of that. Where it was
// cleared since, that is settled.
func (a *Issuing) admitWithdrawal(v *store.View, rec *store.Label, h *label.History, now time.Time) error {
	devices, err := productOf(v, rec.Device)
	if err != nil {
		return err
	}
	holds, err := a.evidence.openHolds(v, devices, now)
	if err != nil {
		return err
	}
	for _, hold := range holds {
		cleared := slices.ContainsFunc(h.Statuses, func(st *label.Status) bool { return st.Action == label.Clear && st.Recorded.After(hold.Since) })
		if hold.Label != nil && hold.Label.ID != rec.ID && !cleared {
			return hold.refusal("request.label")
		}
	}
	return nil
}

// barred says why no label is issued for the device of another for the time being; it is
// empty where nothing stands in the way.
func (a *Issuing) barred(v *store.View, rec *store.Label, now time.Time) (string, error) {
	p := new(dossier)
	device, desc, err := ownDevice(v, Caller{Org: rec.Org}, rec.Device)
	if err != nil {
		return "", err
	}
	p.desc = desc
	devices, err := product(v, device, desc)
	if err != nil {
		return "", err
	}
	if p.holds, err = a.evidence.openHolds(v, devices, now); err != nil {
		return "", err
	}
	if p.heavier, err = a.evidence.heavier(desc, devices); err != nil {
		return "", err
	}
	if e, ok := errors.AsType[*label.Error](p.bar("", p.holds)); ok {
		return e.Text, nil
	}
	return "", nil
}

// wayOn adds to the refusal of a step what those who asked can do instead: where the
// label has ended, and where an operator would do what another has done. Another label
// is proposed only where nothing bars the product from one.
func wayOn(err error, act label.Action, s *label.Standing, signers []signer, bar string) error {
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		return err
	}
	operator := slices.ContainsFunc(signers, func(k signer) bool { return k.owner.Has(label.RoleOperator) })
	way := "request a new one (labelctl request)"
	switch {
	case s.State == label.Suspended && act == label.Suspend:
		way = "since " + s.Because.Recorded.Format(time.RFC3339) + because(s.Because) + "; to record another reason, begin a review (labelctl label review), which stays open when the suspension ends"
	case s.Review != nil && act == label.Review:
		way = "since " + s.Review.Recorded.Format(time.RFC3339) + because(s.Review) + "; for a graver reason, suspend it (labelctl label suspend)"
	case s.State.Live():
		return err
	case s.State == label.Superseded && s.Because != nil && s.Because.Successor != nil:
		way = "label " + s.Because.Successor.ID.Pretty() + " took its place; ask for that one"
	case operator && len(s.Holds) > 0:
		way = "what it left open about the product ends by \"labelctl label release\""
	case !operator && len(s.Holds) > 0:
		way = "another is issued when what is open about the product is settled (labelctl hold list)"
	case !operator && bar != "":
		way = "no other is issued for the time being: " + bar
	case operator:
		way = "to have nothing issued for the product, put it on hold (labelctl hold put)"
	}
	out := *e
	out.Text += "; " + way
	return &out
}

// admitSupersession checks that a label may give its place to another. While the
// product is on hold, only an operator can have it do so, and while a request to revoke
// it waits, nobody.
func (a *Issuing) admitSupersession(v *store.View, r *statusRequest, rec *store.Label, signers []signer, now time.Time) error {
	asked, err := a.evidence.revocationAsked(v, rec, now)
	switch {
	case err != nil:
		return err
	case asked != nil: // of an operator's colleague, whose word he does not drop unsaid
		return asked.refusal("request.label")
	case !slices.ContainsFunc(signers, func(k signer) bool { return k.owner.Has(label.RoleOperator) }):
		device, desc, err := ownDevice(v, Caller{Org: rec.Org}, rec.Device)
		if err != nil {
			return err
		}
		devices, err := product(v, device, desc)
		if err != nil {
			return err
		}
		holds, err := a.evidence.openHolds(v, devices, now)
		if err != nil {
			return err
		}
		if len(holds) > 0 {
			return holds[0].refusal("request.label")
		}
	}
	if r.predicate.Level != 0 && r.predicate.Level < rec.Level && r.predicate.Reason != otherLevel {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.level", "is %d, and label %s has level %d; to go down, say so by the reason %s", r.predicate.Level, rec.ID.Pretty(), rec.Level, otherLevel)
	}
	if r.predicate.Successor != "" {
		return a.admitSuccessor(v, r, rec, now)
	}
	return nil
}

// admitSuccessor checks that a label can take the place of another: it counts and
// goes on. It is about the same product and of no lower level, or the reason says that
// it is not, since the page repeats the reason to people.
func (a *Issuing) admitSuccessor(v *store.View, r *statusRequest, rec *store.Label, now time.Time) error {
	next, err := v.Label(r.predicate.Successor)
	if err != nil {
		return found(err, label.ReasonUnknownLabel, "request.successor", "no label %s was issued here", r.predicate.Successor.Pretty())
	}
	if next.Org != rec.Org || next.Scheme != rec.Scheme {
		return label.Errorf(label.Invalid, label.ReasonNotYours, "request.successor", "must be a label of the same manufacturer in the same scheme")
	}
	s, err := a.standing(v, next.ID, now)
	if err != nil {
		return err
	}
	switch {
	case s.State != label.Active:
		return label.Errorf(label.Precondition, label.ReasonStep, "request.successor", "is %s; only an active label can take the place of another", s.State)
	case s.Scheduled != nil:
		return label.Errorf(label.Precondition, label.ReasonStep, "request.successor", "ends on %s, as was announced, and cannot take the place of another", s.Scheduled.Effective.Format(time.DateOnly))
	}
	if asked, err := a.evidence.revocationAsked(v, next, now); err != nil || asked != nil {
		if err == nil {
			err = asked.refusal("request.successor")
		}
		return err
	}
	same, err := sameProduct(v, rec.Device, next.Device)
	if err != nil {
		return err
	}
	switch {
	case !same && r.predicate.Reason != otherProduct:
		return label.Errorf(label.Precondition, label.ReasonUnknownProduct, "request.successor",
			"is about another product: the two share neither a GTIN nor the model number; say so by the reason %s, or withdraw the label of a product that is no longer made", otherProduct)
	case same && next.Level < rec.Level && r.predicate.Reason != otherLevel:
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.successor", "has level %d, and label %s has level %d; to go down, say so by the reason %s", next.Level, rec.ID.Pretty(), rec.Level, otherLevel)
	}
	old, err := signedLabel(v, rec)
	if err != nil {
		return err
	}
	successor, err := signedLabel(v, next)
	if err != nil {
		return err
	}
	return checkNews(r.predicate.Reason, old, successor)
}

// checkNews refuses a reason for a new label that is not true of it, since people read
// the reason: that the product was checked again where nothing is of a later day, that
// it is of another level, for new software, or of other hardware where it is not.
func checkNews(reason string, old, next *label.Label) error {
	before, after := lastEvidence(old), lastEvidence(next)
	no := func(format string, args ...any) error {
		return label.Errorf(label.Precondition, label.ReasonNothingNew, "request.reason", "is "+reason+", which tells people that "+format, args...)
	}
	other := sameEvidence
	if next.Level.Number != old.Level.Number {
		other = otherLevel
	}
	switch {
	case reason == checkedAgain && !after.After(before):
		return no("the product was checked again: the new label's evidence is of %s at the latest, and that of label %s of %s. Name the reason %s, or submit newer evidence first", after, old.ID.Pretty(), before, other)
	case reason == otherLevel && next.Level == old.Level:
		return no("the level is another, and it is %d as before", next.Level.Number)
	case reason == newFirmware && (old.Firmware == nil || next.Firmware == nil || old.Firmware.SHA256 == next.Firmware.SHA256 && slices.Equal(old.Modules, next.Modules)):
		return no("there is new software, and no report on which the label rests is of another image (firmware.sha256) than before")
	case reason == otherProduct && sameDevice(old, next):
		return no("another product takes its place, and it is of the same device")
	}
	return nil
}

func sameDevice(a, b *label.Label) bool { return reflect.DeepEqual(a.Device, b.Device) }

// lastEvidence returns the latest day of what a label rests on.
func lastEvidence(l *label.Label) (last label.Date) {
	for _, e := range l.Evidence {
		if e.Date.After(last) {
			last = e.Date
		}
	}
	return last
}

// sameProduct reports whether two devices are one product.
func sameProduct(v *store.View, device, other label.Digest) (bool, error) {
	if device == other {
		return true, nil
	}
	others, err := siblings(v, device)
	return slices.ContainsFunc(others, func(d *store.Device) bool { return d.Digest == other }), err
}

// append adds a status to a batch: the next one in a label's history.
func (a *Issuing) append(v *store.View, b *batch, rec *store.Label, h *label.History, st label.Status) (*store.Status, error) {
	st.Number = len(h.Statuses) + 1
	if err := checkRoom(h, &st); err != nil {
		return nil, err
	}
	if st.SHA256.IsZero() {
		var err error
		if st.SHA256, err = statementOf(v, b, rec); err != nil {
			return nil, err
		}
	}
	st.Recorded = b.Recorded.UTC().Truncate(time.Second)
	if st.Effective.IsZero() {
		st.Effective = st.Recorded
	}
	_, entry, err := b.sign(a.issuer.Status(&st, rec.Device))
	if err != nil {
		return nil, err
	}
	if err := a.tellStatus(b, rec, &st); err != nil {
		return nil, err
	}
	switch st.Action {
	case label.Reinstate, label.Clear: // what was put off meanwhile
		if err := a.evidence.dueFor(v, b, rec.Device); err != nil {
			return nil, err
		}
	}
	switch st.Action {
	case label.Suspend, label.Revoke, label.Reinstate, label.Release: // say something of the product
		if err := a.evidence.dueForOthers(v, b, rec.Device); err != nil {
			return nil, err
		}
	}
	if err := a.closeMoot(v, b, rec, h, &st); err != nil {
		return nil, err
	}
	out := &store.Status{Index: b.index(), Status: st}
	b.Add(out)
	b.log(entry)
	return out, nil
}

// history returns a label's record as history: of the label itself it knows
// what the record knows, which is all that standings take.
func (a *core) history(v *store.View, rec *store.Label) (*label.History, error) {
	list, err := v.History(rec.ID)
	if err != nil {
		return nil, err
	}
	return historyOf(v, rec, list), nil
}

// standing returns how a label on record stands.
func (a *core) standing(v *store.View, id label.ID, now time.Time) (*label.Standing, error) {
	rec, err := v.Label(id)
	if err != nil {
		return nil, err
	}
	h, err := a.history(v, rec)
	if err != nil {
		return nil, err
	}
	s := h.StandingAt(now)
	return &s, nil
}

// historyOf is [Authority.history] of what was read. All of it was there at the
// last commit.
func historyOf(v *store.View, rec *store.Label, list []*store.Status) *label.History {
	h := &label.History{Label: &label.Label{ID: rec.ID, Issued: rec.Issued, Expires: rec.Expires}, Seen: v.Committed()}
	for _, s := range list {
		h.Statuses = append(h.Statuses, &s.Status)
	}
	return h
}
