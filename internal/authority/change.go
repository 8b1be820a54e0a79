package authority

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"labeld/internal/envelope"
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

// Change carries out a signed request to change a label. Who carries it does
// not matter, who signed it does. Where the scheme asks for four eyes, it waits
// until a second operator has signed the same request.
//
// A request that was carried out is answered with what it led to. It cannot be
// used again: a request is for once.
func (a *Authority) Change(ctx context.Context, c Caller, raw []byte) (*Change, error) {
	if err := c.need(label.RoleOperator, label.RoleManufacturer); err != nil {
		return nil, err
	}
	r, err := a.openRequest(c, raw)
	if err != nil {
		return nil, err
	}
	defer a.writer.begin()()
	for range attempts {
		change, err := a.change(ctx, c, r)
		if !errors.Is(err, errMoved) {
			return change, err
		}
	}
	return nil, errMoved
}

// A signedRequest is a request whose signatures were verified.
type signedRequest struct {
	label.StatusRequest
	digest  label.Digest
	payload []byte
	subject label.Digest
	signed  *signedStatement
}

// openRequest verifies a signed request: its form, and its signatures.
func (a *Authority) openRequest(c Caller, raw []byte) (*signedRequest, error) {
	signed, err := a.openSigned(c, raw)
	if err != nil {
		return nil, label.Within("request", err)
	}
	verified := signed.content()
	if verified.PredicateType() != label.TypeStatusRequest {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "request.predicateType", "is %q, must be %q", verified.PredicateType(), label.TypeStatusRequest)
	}
	p, err := envelope.Predicate[label.StatusRequest](verified)
	if err != nil {
		return nil, label.Within("request", err)
	}
	subjects := verified.Subjects()
	if len(subjects) != 1 {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "request.subject", "must be the one device of the label")
	}
	if _, err := a.pick(signed, asking(p.Action, "")); err != nil {
		return nil, label.Within("request", err)
	}
	return &signedRequest{StatusRequest: *p, digest: verified.ID(), payload: verified.Payload(), subject: subjects[0], signed: signed}, nil
}

// change carries out one attempt.
func (a *Authority) change(ctx context.Context, c Caller, r *signedRequest) (*Change, error) {
	renewal, err := a.renewal(ctx, c, r)
	if err != nil {
		return nil, err
	}
	out := &Change{}
	claims := []string{claimf("label/%s", r.Label), claimf("request/%s", r.digest)}
	if r.Successor != "" {
		claims = append(claims, claimf("label/%s", r.Successor))
	}
	if renewal != nil {
		claims = append(claims, claimf("device/%s", renewal.device.Digest))
	}
	var issued *store.Label
	write := a.writer.do
	if c.Is(label.RoleOperator) && (r.Action == label.Suspend || r.Action == label.Revoke) {
		write = a.writer.doFirst
	}
	err = write(ctx, claims, func(v *store.View, b *batch) error {
		*out, issued = Change{}, nil
		rec, err := v.Label(r.Label)
		if err != nil {
			return found(err, label.ReasonUnknownLabel, "request.label", "no label %s was issued here", r.Label.Pretty())
		}
		req, err := v.Request(r.digest)
		if err == nil && req.Number != 0 {
			return a.carriedOut(v, rec, req, out)
		}
		closed := ""
		if err == nil {
			if closed = req.Closed; closed == "" {
				closed, err = spent(v, req, b.At)
			}
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if closed != "" {
			return label.Errorf(label.Precondition, label.ReasonStep, "request", "the request was closed: %s; where there is still something to ask for, sign a new one", closed)
		}
		h, err := a.history(v, rec)
		if err != nil {
			return err
		}
		if err := a.admitChange(v, r, rec, h, b.At); err != nil {
			return err
		}
		if req == nil {
			req = &store.Request{Digest: r.digest, Label: r.Label, Action: r.Action, Received: b.At.UTC(), Statement: r.payload}
		}
		signers, err := admitSigners(v, r, rec, b.At)
		if err != nil {
			return err
		}
		waiting := addSignatures(req, signers)
		if slices.Contains(a.programme.Lifecycle(rec.Scheme, rec.Version).FourEyes, r.Action) && len(req.Signatures) < 2 {
			if !waiting {
				return label.Errorf(label.Precondition, label.ReasonWrongSigner, "request", "%s of a label in this scheme takes two operators with keys of their own; the other must sign the same request", r.Action)
			}
			b.Add(req)
			out.Request = req
			if alone, err := a.alone(v, req, b.At); err != nil {
				return err
			} else if alone {
				out.Notes = append(out.Notes, "Nobody else has an operator's key that counts, so that nobody can agree: enrol one before the request is a day old (labelctl org add, or org key).")
			}
			s, until := h.StandingAt(b.At), r.Made.Add(label.MaxRequestAge)
			if end := s.Ends(); r.Action == label.Revoke && !s.Open() && end.Before(until) {
				out.Notes = append(out.Notes, fmt.Sprintf("The label ends on %s, and then there is nothing left to revoke; the product is on hold until %s. To keep it on hold, suspend the label now (labelctl label suspend), which also puts off an end that was announced.", end.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339)))
			}
			return a.tellWaiting(b, rec, r, req)
		}
		st := label.Status{Label: r.Label, Action: r.Action, Reason: r.Reason, Text: r.Text, Effective: r.Effective}
		for _, sig := range req.Signatures {
			st.Requests = append(st.Requests, label.RequestRef{Organization: sig.Organization, Key: sig.Key, SHA256: req.Digest})
		}
		var next *store.Label
		switch {
		case r.Successor != "":
			if next, err = v.Label(r.Successor); err != nil {
				return err
			}
		case renewal != nil:
			if err := a.unmoved(v, renewal.picture, b.At); err != nil {
				return err
			}
			if err := a.logScheme(v, b, renewal.signed.Label.Scheme); err != nil {
				return err
			}
			if issued, err = record(v, b, renewal.signed.Label, renewal.entry, renewal.device); err != nil {
				return err
			}
			next, st.New = issued, renewal.news
		}
		if next != nil {
			same, err := sameProduct(v, rec.Device, next.Device)
			if err != nil {
				return err
			}
			st.Successor = &label.LabelLink{ID: next.ID, URL: a.issuer.URL(next.ID), Level: next.Level, OtherProduct: !same}
		}
		status, err := a.append(v, b, rec, h, st)
		if err != nil {
			return err
		}
		if next != nil && r.Effective.IsZero() {
			if err := a.carryOver(v, b, rec, h, next, renewal); err != nil {
				return err
			}
		}
		req.Number = status.Number
		b.Add(req)
		out.Request, out.Status = req, status
		return nil
	})
	if err != nil {
		return nil, err
	}
	if out.Status != nil {
		out.Notes = a.settledNotes(out.Status)
	}
	if issued != nil {
		out.Label, err = a.publishNew(issued, renewal.signed, renewal.device.Descriptor)
	} else if out.Status != nil && out.Status.Successor != nil {
		out.Label, err = a.Lookup(out.Status.Successor.ID)
	}
	return out, err
}

// alone reports whether nobody has an operator's key that counts but those who signed a
// request.
func (a *Authority) alone(v *store.View, req *store.Request, now time.Time) (bool, error) {
	for _, org := range a.distrust.Load().operators {
		keys, err := v.OrgKeys(org)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(keys, func(k *label.Key) bool { return k.Usable(now) == nil && !req.SignedBy(k.ID) }) {
			return false, nil
		}
	}
	return true, nil
}

// carriedOut fills in what a request led to when it was carried out.
func (a *Authority) carriedOut(v *store.View, rec *store.Label, req *store.Request, out *Change) error {
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

// Waiting returns the requests that wait for a second operator, for one label
// or for all. Those that cannot be carried out any more are left out.
func (a *Authority) Waiting(c Caller, id label.ID) (list []*store.Request, err error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	err = a.store.View(func(v *store.View) error {
		v = a.past(v, "listing requests")
		all, err := v.Waiting(id)
		if err != nil {
			return err
		}
		now := a.clock()
		for _, r := range all {
			standing, err := a.standing(v, r.Label, now)
			switch {
			case err != nil && !own(err):
				return err
			case err != nil: // nobody can tell, so that it is not left out
				a.alarm("listing requests", string(r.Label), err)
				list = append(list, r)
				continue
			}
			why, err := hopeless(v, r, standing, now)
			if err != nil {
				return err
			}
			if why == "" {
				list = append(list, r)
			}
		}
		return nil
	})
	return list, err
}

// addSignatures adds signatures that count to a request and reports whether one
// of them was not there before. Several in one envelope are as good as each in
// an envelope of its own: whoever carries them can take them apart, so that
// counting one of them only would protect nothing.
func addSignatures(req *store.Request, signers []signer) (added bool) {
	for _, k := range signers {
		if !slices.ContainsFunc(req.Signatures, func(s store.RequestSignature) bool { return s.Key == k.ID }) {
			req.Signatures = append(req.Signatures, k.signature())
			added = true
		}
	}
	return added
}

// parties says who may ask for what.
var parties = map[label.Action][]label.Role{
	label.Suspend:   {label.RoleOperator},
	label.Reinstate: {label.RoleOperator},
	label.Revoke:    {label.RoleOperator},
	label.Review:    {label.RoleOperator},
	label.Clear:     {label.RoleOperator},
	label.Release:   {label.RoleOperator},
	label.Withdraw:  {label.RoleManufacturer},
	label.Supersede: {label.RoleManufacturer, label.RoleOperator},
}

// admitChange checks a request against the registry and the label's standing.
func (a *Authority) admitChange(v *store.View, r *signedRequest, rec *store.Label, h *label.History, now time.Time) error {
	signers, err := admitSigners(v, r, rec, now)
	if err != nil {
		return err
	}
	if r.subject != rec.Device {
		return label.Errorf(label.Invalid, label.ReasonUnknownSubject, "request.subject", "is not the device of label %s", rec.ID.Pretty())
	}
	if err := a.programme.CheckReason(r.Reason, r.Action); err != nil {
		return label.Within("request", err)
	}
	if age := now.Sub(r.Made); age > label.MaxRequestAge || age < -label.MaxClockSkew {
		return label.Errorf(label.Invalid, label.ReasonTooOld, "request.made", "was made on %s; a request counts for %s, sign it anew", r.Made.Format(time.RFC3339), label.MaxRequestAge)
	}
	if !r.Effective.IsZero() && !r.Effective.After(now) {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.effective", "is %s, which is past; leave it out for \"now\"", r.Effective.Format(time.RFC3339))
	}
	standing := h.StandingAt(now)
	if !r.Effective.IsZero() && !r.Effective.Before(standing.Expires) {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.effective", "is after the label expires, on %s", standing.Expires.Format(time.RFC3339))
	}
	if _, err := standing.Admit(r.Action); err != nil {
		bar, inner := a.barred(v, rec, now)
		if inner != nil {
			return inner
		}
		return label.Within("request", wayOn(err, r.Action, &standing, signers, bar))
	}
	switch r.Action {
	case label.Withdraw:
		asked, err := a.revocationAsked(v, rec, now)
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
func (a *Authority) admitWithdrawal(v *store.View, rec *store.Label, h *label.History, now time.Time) error {
	devices, err := productOf(v, rec.Device)
	if err != nil {
		return err
	}
	holds, err := a.openHolds(v, devices, now)
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
func (a *Authority) barred(v *store.View, rec *store.Label, now time.Time) (string, error) {
	p := new(picture)
	device, desc, err := ownDevice(v, Caller{Org: rec.Org}, rec.Device)
	if err != nil {
		return "", err
	}
	p.desc = desc
	devices, err := product(v, device, desc)
	if err != nil {
		return "", err
	}
	if p.holds, err = a.openHolds(v, devices, now); err != nil {
		return "", err
	}
	if p.heavier, err = a.heavier(desc, devices); err != nil {
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
func (a *Authority) admitSupersession(v *store.View, r *signedRequest, rec *store.Label, signers []signer, now time.Time) error {
	asked, err := a.revocationAsked(v, rec, now)
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
		holds, err := a.openHolds(v, devices, now)
		if err != nil {
			return err
		}
		if len(holds) > 0 {
			return holds[0].refusal("request.label")
		}
	}
	if r.Level != 0 && r.Level < rec.Level && r.Reason != otherLevel {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.level", "is %d, and label %s has level %d; to go down, say so by the reason %s", r.Level, rec.ID.Pretty(), rec.Level, otherLevel)
	}
	if r.Successor != "" {
		return a.admitSuccessor(v, r, rec, now)
	}
	return nil
}

// asking is the right to ask for an action. It belongs to the roles that the
// action is for; of manufacturers, to the label's own only, once it is known
// whose label that is.
func asking(action label.Action, owner string) right {
	return func(o *label.Organization) error {
		if !slices.ContainsFunc(parties[action], o.Has) {
			return label.Errorf(label.Denied, label.ReasonWrongRole, "", "a %s takes the role %s, %s has %v", action, parties[action][0], o.ID, o.Roles)
		}
		if owner != "" && o.Has(label.RoleManufacturer) && o.ID != owner {
			return label.Errorf(label.Denied, label.ReasonNotYours, "label", "the label belongs to another manufacturer")
		}
		return nil
	}
}

// admitSigners returns those who signed a request and may ask for its action.
// Where nobody may, the request is refused.
func admitSigners(v *store.View, r *signedRequest, rec *store.Label, now time.Time) ([]signer, error) {
	list, err := r.signed.acceptable(v, now, asking(r.Action, rec.Org))
	return list, label.Within("request", err)
}

// admitSuccessor checks that a label can take the place of another: it counts and
// goes on. It is about the same product and of no lower level, or the reason says that
// it is not, since the page repeats the reason to people.
func (a *Authority) admitSuccessor(v *store.View, r *signedRequest, rec *store.Label, now time.Time) error {
	next, err := v.Label(r.Successor)
	if err != nil {
		return found(err, label.ReasonUnknownLabel, "request.successor", "no label %s was issued here", r.Successor.Pretty())
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
	if asked, err := a.revocationAsked(v, next, now); err != nil || asked != nil {
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
	case !same && r.Reason != otherProduct:
		return label.Errorf(label.Precondition, label.ReasonUnknownProduct, "request.successor",
			"is about another product: the two share neither a GTIN nor the model number; say so by the reason %s, or withdraw the label of a product that is no longer made", otherProduct)
	case same && next.Level < rec.Level && r.Reason != otherLevel:
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "request.successor", "has level %d, and label %s has level %d; to go down, say so by the reason %s", next.Level, rec.ID.Pretty(), rec.Level, otherLevel)
	}
	old, err := said(v, rec)
	if err != nil {
		return err
	}
	successor, err := said(v, next)
	if err != nil {
		return err
	}
	return checkNews(r.Reason, old, successor)
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
func (a *Authority) append(v *store.View, b *batch, rec *store.Label, h *label.History, st label.Status) (*store.Status, error) {
	st.Number = len(h.Statuses) + 1
	if err := checkRoom(h, &st); err != nil {
		return nil, err
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
		if err := a.dueFor(v, b, rec.Device); err != nil {
			return nil, err
		}
	}
	switch st.Action {
	case label.Suspend, label.Revoke, label.Reinstate, label.Release: // say something of the product
		if err := a.dueForOthers(v, b, rec.Device); err != nil {
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
func (a *Authority) history(v *store.View, rec *store.Label) (*label.History, error) {
	list, err := v.History(rec.ID)
	if err != nil {
		return nil, err
	}
	return historyOf(v, rec, list), nil
}

// standing returns how a label on record stands.
func (a *Authority) standing(v *store.View, id label.ID, now time.Time) (*label.Standing, error) {
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
