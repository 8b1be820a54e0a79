// # Requests that wait
//
// A request for an act that takes several persons waits for the others (door.go). All
// operators are told that it does. Of one to revoke a label its manufacturer is told as
// well, whose product is on hold meanwhile, and it is told when such a request is closed.
//
// A request is closed when nothing can come of it any more: its label was changed
// meanwhile so that the step is none that is left, or not enough signed it in time. One to
// revoke a label that came to its end meanwhile, by time or as its manufacturer had
// announced, waits on, since it holds the product until another operator has looked:
// who agrees is told what is left to do. An
// operator can close it as well, who would not sign it or who has asked by mistake. Then
// all operators are told why, as they were told that it waits, and it is no more on the
// list of what waits. Requests that time closes are looked for every minute; until then
// the list leaves them out.
package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// A RequestNews is the data of a notice about a request that waits for others to agree,
// or that does so no more.
type RequestNews struct {
	Request label.Digest  `json:"request"`
	Kind    label.ActKind `json:"kind"`
	Subject string        `json:"subject"`          // what it is about: an ID, or a digest
	Label   label.ID      `json:"label,omitempty"`  // of a change of a label
	URL     string        `json:"url,omitempty"`    // of that label
	Action  label.Action  `json:"action,omitempty"` // of a change of a label
	Reason  string        `json:"reason,omitempty"`
	Text    string        `json:"text,omitempty"`
	Until   time.Time     `json:"until,omitzero"`   // of one that waits: the last instant for the others
	Closed  string        `json:"closed,omitempty"` // of one that was closed: why
}

// requestNews says what is asked for.
func (a *core) requestNews(r *store.Request) (*RequestNews, error) {
	terms, err := r.Terms()
	if err != nil {
		return nil, err
	}
	news := &RequestNews{
		Request: r.Digest, Kind: r.Kind, Subject: r.Subject, Label: r.Label, Action: r.Action, Reason: terms.Reason, Text: terms.Text, Closed: r.Closed,
	}
	if r.Label != "" {
		news.URL = a.issuer.URL(r.Label)
	}
	if r.Waits() {
		news.Until = terms.Made.Add(label.MaxRequestAge)
	}
	return news, nil
}

// Waiting returns the requests that wait for others to agree: for one label, or all of
// them. Those that cannot be carried out any more are left out. Who is no operator sees
// those that its own organization signed.
func (a *Issuing) Waiting(c Caller, id label.ID) (list []*store.Request, err error) {
	if err := c.need(label.RoleOperator, label.RoleLab, label.RoleManufacturer); err != nil {
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
			if !c.Is(label.RoleOperator) && !slices.ContainsFunc(r.Signatures, func(s store.RequestSignature) bool { return s.Organization == c.Org }) {
				continue
			}
			var standing *label.Standing
			if r.Label != "" {
				standing, err = a.standing(v, r.Label, now)
			}
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

// tellWaiting tells operators that a request waits for others to agree, and of one to
// revoke a label the manufacturer whose product it holds, who is empty otherwise.
func (a *core) tellWaiting(b *batch, r *store.Request, maker string) error {
	news, err := a.requestNews(r)
	if err != nil {
		return err
	}
	id := r.Digest.String()
	if maker != "" && !slices.Contains(a.distrust.Load().operators, maker) {
		if err := tell(b, notice.RequestWaiting, "request-waiting-"+id+"-"+maker, id, maker, news); err != nil {
			return err
		}
	}
	return a.tellOperators(b, notice.RequestWaiting, "request-waiting-"+id, id, news)
}

// tellAllWaiting tells an organization that is enrolled for operators of the requests
// that wait already: each was told to those who were there, and any of them may become
// the one who agrees.
func (a *core) tellAllWaiting(v *store.View, b *batch, o *label.Organization) error {
	if !o.Has(label.RoleOperator) {
		return nil
	}
	list, err := a.past(v, "telling what waits").Waiting("")
	if err != nil {
		return err
	}
	for _, r := range list {
		news, err := a.requestNews(r)
		if err != nil {
			return err
		}
		id := r.Digest.String()
		if err := tell(b, notice.RequestWaiting, "request-waiting-"+id+"-"+o.ID, id, o.ID, news); err != nil {
			return err
		}
	}
	return nil
}

// noteAlone says that nobody is there who could agree to a request that waits.
func (a *core) noteAlone(v *store.View, b *batch, req *store.Request, notes *[]string) error {
	for _, org := range a.distrust.Load().operators {
		keys, err := v.OrgKeys(org)
		if err != nil {
			return err
		}
		for _, k := range keys {
			before, _, err := agreed(v, req.Signatures, b.At)
			if err != nil {
				return err
			}
			after, _, err := agreed(v, append(slices.Clone(req.Signatures), store.RequestSignature{Organization: k.Organization, Key: k.ID}), b.At)
			if err != nil || after > before {
				return err
			}
		}
	}
	*notes = append(*notes, "Nobody else holds an operator's key that counts, so that nobody can agree: enrol another person and their key before the request is a day old (labelctl org person add, labelctl org key).")
	return nil
}

// waitingNotes says to whoever enrols a key of an organization of operators what waits
// for one of these to agree.
func waitingNotes(v *store.View, owner *label.Organization) (notes []string, err error) {
	if !owner.Has(label.RoleOperator) {
		return nil, nil
	}
	list, err := v.Waiting("")
	if err != nil || len(list) == 0 {
		return nil, err
	}
	var what []string
	for _, r := range list {
		what = append(what, r.What())
	}
	return []string{"Requests wait for another operator to agree, which this key may sign: " + named(what) + ". \"labelctl request list\" shows them."}, nil
}

// hopeless returns why nothing can come of a request any more, or nothing. Standing is how
// the label stands that it is about, or nil.
func hopeless(v *store.View, r *store.Request, standing *label.Standing, now time.Time) (string, error) {
	why, err := spent(v, r, now)
	if err != nil || why != "" || standing == nil {
		return why, err
	}
	if r.Action == label.Revoke && (standing.State == label.Expired || standing.State == label.Withdrawn || standing.State == label.Superseded) {
		return "", nil // it cannot be carried out, and holds the product
	}
	_, err = standing.Admit(r.Action)
	if e, ok := errors.AsType[*label.Error](err); ok {
		return e.Text, nil
	}
	return "", nil
}

// spent returns why a request counts no more, however its label stands: it is too
// old, or whoever signed it may have been a thief.
func spent(v *store.View, r *store.Request, now time.Time) (string, error) {
	if r.Received.Before(now.Add(-label.MaxRequestAge)) {
		return fmt.Sprintf("too few had signed it within %s", label.MaxRequestAge), nil
	}
	for _, sig := range r.Signatures {
		k, err := v.Key(sig.Key)
		if err != nil {
			return "", err
		}
		if k.Stolen(r.Received) {
			return fmt.Sprintf("key %s of %s, which signed it, counts as compromised since %s", k.Short(), k.Organization, k.Compromised.Format(time.RFC3339)), nil
		}
	}
	return "", nil
}

// closeMoot closes the requests about a label of which nothing can come after its
// next status, but for the one that this status carries out.
func (a *Issuing) closeMoot(v *store.View, b *batch, rec *store.Label, h *label.History, st *label.Status) error {
	list, err := v.Waiting(rec.ID)
	if err != nil || len(list) == 0 {
		return err
	}
	list = slices.DeleteFunc(list, func(r *store.Request) bool {
		return slices.ContainsFunc(st.Requests, func(ref label.RequestRef) bool { return ref.SHA256 == r.Digest })
	})
	after := &label.History{Label: h.Label, Statuses: append(slices.Clone(h.Statuses), st), Seen: h.Seen}
	standing := after.StandingAt(b.At)
	return a.closeHopeless(v, b, list, &standing)
}

// closeHopeless adds to a batch that those requests are closed of which nothing can
// come, and tells those concerned.
func (a *Issuing) closeHopeless(v *store.View, b *batch, list []*store.Request, standing *label.Standing) error {
	for _, r := range list {
		why, err := hopeless(v, r, standing, b.At)
		if err == nil && why != "" {
			err = a.closeRequest(v, b, r, why, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// closeRequest adds to a batch that a request is closed, and tells all who were told
// that it waits, or signed it, but the one by whom it is closed.
func (a *Issuing) closeRequest(v *store.View, b *batch, r *store.Request, why, by string) error {
	concerned := slices.Clone(a.distrust.Load().operators)
	if r.Action == label.Revoke {
		rec, err := v.Label(r.Label)
		switch {
		case err != nil && !own(err):
			return err
		case err != nil: // the request is closed all the same
			a.alarm("telling that a request is closed", string(r.Label), err)
		default:
			concerned = append(concerned, rec.Org)
		}
	}
	r.Closed = why
	b.Add(r)
	news, err := a.requestNews(r)
	if err != nil {
		return err
	}
	for _, sig := range r.Signatures {
		concerned = append(concerned, sig.Organization)
	}
	slices.Sort(concerned)
	id := r.Digest.String()
	for _, org := range slices.Compact(concerned) {
		if org == by {
			continue
		}
		if err := tell(b, notice.RequestClosed, "request-closed-"+id+"-"+org, id, org, news); err != nil {
			return err
		}
	}
	return nil
}

// CloseRequest ends a request that waits for others to agree, by the word of an operator
// who would not sign it, or of who takes back what he asked for. All operators are told.
// Doing so again changes nothing.
func (a *Issuing) CloseRequest(ctx context.Context, c Caller, id label.Digest, text string) (*store.Request, error) {
	var out *store.Request
	err := a.act(ctx, c, label.ActCloseRequest, id.String(), func(x *act) (err error) {
		out, err = a.dismiss(x, id, text)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *Issuing) dismiss(x *act, id label.Digest, text string) (*store.Request, error) {
	if text == "" || len(text) > label.MaxProse {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "text", "is required, in at most %d bytes: why the request is not to be carried out", label.MaxProse)
	}
	c := x.caller
	why := fmt.Sprintf("%s decided that it is not to be carried out: %s", c.Org, label.Readable(text))
	var out *store.Request
	err := x.do([]string{claimf("request/%s", id)}, func(v *store.View, b *batch) error {
		r, err := v.Request(id)
		if err == nil && !c.Is(label.RoleOperator) && !slices.ContainsFunc(r.Signatures, func(s store.RequestSignature) bool { return s.Organization == c.Org }) {
			err = store.ErrNotFound // whose it is is none of the caller's business
		}
		switch {
		case err != nil:
			return found(err, label.ReasonUnknownSubject, "id", "no request %s was made; \"labelctl request list\" lists those that wait", id)
		case r.Number != 0:
			return label.Errorf(label.Precondition, label.ReasonStep, "id", "the request was carried out, as number %d in the history of label %s", r.Number, r.Label.Pretty())
		case !r.Done.IsZero():
			return label.Errorf(label.Precondition, label.ReasonStep, "id", "the request was carried out on %s", r.Done.UTC().Format(time.RFC3339))
		case r.Closed == why:
			out = r
			return nil
		case r.Closed != "":
			return label.Errorf(label.Precondition, label.ReasonStep, "id", "the request was closed before: %s", r.Closed)
		}
		out = r
		return a.closeRequest(v, b, r, why, c.Org)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// robbed returns the requests that wait and that somebody may have signed who had
// stolen the key which an event is about.
func (a *Issuing) robbed(e *label.Event) (list []*store.Request, err error) {
	if e.Kind != label.KeyEvent {
		return nil, nil
	}
	err = a.read(func(v *store.View) error {
		all, err := a.past(v, "closing requests").Waiting("")
		list = slices.DeleteFunc(all, func(r *store.Request) bool { return !r.SignedBy(e.Key) || r.Received.Before(e.Since) })
		return err
	})
	return list, err
}

// closeRobbed adds to a batch that requests are closed that a stolen key has signed.
func (a *Issuing) closeRobbed(v *store.View, b *batch, list []*store.Request, e *label.Event) error {
	for _, known := range list {
		r, err := v.Request(known.Digest)
		if err != nil {
			return err
		}
		if !r.Waits() {
			continue
		}
		if err := a.closeRequest(v, b, r, fmt.Sprintf("key %.16s, which signed it, counts as compromised since %s", e.Key, e.Since.UTC().Format(time.RFC3339)), ""); err != nil {
			return err
		}
	}
	return nil
}

// CloseStale closes the requests of which nothing can come because time has
// passed.
func (a *Issuing) CloseStale(ctx context.Context) error {
	var ids []label.ID
	if err := a.read(func(v *store.View) error {
		list, err := a.past(v, "closing requests").Waiting("")
		for _, r := range list {
			ids = append(ids, r.Label)
		}
		return err
	}); err != nil {
		return err
	}
	for _, id := range slices.Compact(ids) { // they come by label
		err := a.writer.do(ctx, []string{claimf("label/%s", id)}, func(v *store.View, b *batch) error {
			var standing *label.Standing
			list, err := v.Waiting(id)
			if err == nil && id != "" {
				standing, err = a.standing(v, id, b.At)
			}
			if err != nil {
				return err
			}
			if id == "" { // those that are about no label
				list = slices.DeleteFunc(list, func(r *store.Request) bool { return r.Label != "" })
			}
			return a.closeHopeless(v, b, list, standing)
		})
		switch {
		case err != nil && !own(err):
			return err
		case err != nil:
			a.alarm("closing requests", string(id), err)
		}
	}
	return nil
}
