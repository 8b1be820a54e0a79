// # Requests that wait
//
// A request that takes two operators waits for the second. All operators are told
// that it does. Of one to revoke a label its manufacturer is told as well, whose product
// is on hold meanwhile, and it is told when such a request is closed.
//
// A request is closed when nothing can come of it any more: its label was changed
// meanwhile so that the step is none that is left, or nobody signed it in time. One to
// revoke a label that came to its end meanwhile, by time or as its manufacturer had
// announced, waits on, since it holds the product until the second operator has looked:
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

// A RequestNews is the data of a notice about a request that waits for a second
// operator, or that does so no more.
type RequestNews struct {
	Request label.Digest `json:"request"`
	Label   label.ID     `json:"label"`
	URL     string       `json:"url"`
	Action  label.Action `json:"action"`
	Reason  string       `json:"reason"`
	Text    string       `json:"text"`
	Until   time.Time    `json:"until,omitzero"`   // of one that waits: the last instant for the second operator
	Closed  string       `json:"closed,omitempty"` // of one that was closed: why
}

// tellWaiting tells operators that a request waits for the second of them, and the
// manufacturer whose product it holds.
func (a *Authority) tellWaiting(b *batch, rec *store.Label, r *signedRequest, req *store.Request) error {
	id := req.Digest.String()
	news := RequestNews{
		Request: req.Digest, Label: rec.ID, URL: a.issuer.URL(rec.ID), Action: r.Action, Reason: r.Reason, Text: r.Text, Until: r.Made.Add(label.MaxRequestAge),
	}
	if req.Action == label.Revoke && !slices.Contains(a.distrust.Load().operators, rec.Org) {
		if err := tell(b, notice.RequestWaiting, "request-waiting-"+id+"-"+rec.Org, id, rec.Org, news); err != nil {
			return err
		}
	}
	return a.tellOperators(b, notice.RequestWaiting, "request-waiting-"+id, id, news)
}

// tellAllWaiting tells an organization that is enrolled for operators of the requests
// that wait already: each was told to those who were there, and any of them may become
// the second who signs.
func (a *Authority) tellAllWaiting(v *store.View, b *batch, o *label.Organization) error {
	if !o.Has(label.RoleOperator) {
		return nil
	}
	list, err := a.past(v, "telling what waits").Waiting("")
	if err != nil {
		return err
	}
	for _, req := range list {
		said, err := req.Predicate()
		if err != nil {
			return err
		}
		id := req.Digest.String()
		news := RequestNews{
			Request: req.Digest, Label: req.Label, URL: a.issuer.URL(req.Label), Action: req.Action, Reason: said.Reason, Text: said.Text,
			Until: said.Made.Add(label.MaxRequestAge),
		}
		if err := tell(b, notice.RequestWaiting, "request-waiting-"+id+"-"+o.ID, id, o.ID, news); err != nil {
			return err
		}
	}
	return nil
}

// waitingNotes says to whoever enrols a key of an organization of operators what waits
// for a second of these.
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
		what = append(what, fmt.Sprintf("%s label %s", r.Action, r.Label.Pretty()))
	}
	return []string{"Requests wait for a second operator, which this key may sign: " + named(what) + ". \"labelctl label waiting\" shows them."}, nil
}

// hopeless returns why nothing can come of a request any more, or nothing.
func hopeless(v *store.View, r *store.Request, standing *label.Standing, now time.Time) (string, error) {
	why, err := spent(v, r, now)
	if err != nil || why != "" {
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
		return fmt.Sprintf("no second operator signed it within %s", label.MaxRequestAge), nil
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
func (a *Authority) closeMoot(v *store.View, b *batch, rec *store.Label, h *label.History, st *label.Status) error {
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
func (a *Authority) closeHopeless(v *store.View, b *batch, list []*store.Request, standing *label.Standing) error {
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
func (a *Authority) closeRequest(v *store.View, b *batch, r *store.Request, why, by string) error {
	p, err := r.Predicate()
	if err != nil {
		return err
	}
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
	news := RequestNews{Request: r.Digest, Label: r.Label, URL: a.issuer.URL(r.Label), Action: r.Action, Reason: p.Reason, Text: p.Text, Closed: r.Closed}
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

// CloseRequest ends a request that waits for a second operator, by the word of one
// who would not sign it, or who takes back what he asked for. All operators are told.
// Doing so again changes nothing.
func (a *Authority) CloseRequest(ctx context.Context, c Caller, id label.Digest, text string) (*store.Request, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	if text == "" || len(text) > label.MaxProse {
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "text", "is required, in at most %d bytes: why the request is not to be carried out", label.MaxProse)
	}
	why := fmt.Sprintf("%s decided that it is not to be carried out: %s", c.Org, label.Readable(text))
	var out *store.Request
	err := a.writer.do(ctx, []string{claimf("request/%s", id)}, func(v *store.View, b *batch) error {
		r, err := v.Request(id)
		switch {
		case err != nil:
			return found(err, label.ReasonUnknownSubject, "id", "no request %s was made; \"labelctl label waiting\" lists those that wait", id)
		case r.Number != 0:
			return label.Errorf(label.Precondition, label.ReasonStep, "id", "the request was carried out, as number %d in the history of label %s", r.Number, r.Label.Pretty())
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
func (a *Authority) robbed(e *label.Event) (list []*store.Request, err error) {
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
func (a *Authority) closeRobbed(v *store.View, b *batch, list []*store.Request, e *label.Event) error {
	for _, known := range list {
		r, err := v.Request(known.Digest)
		if err != nil {
			return err
		}
		if r.Number != 0 || r.Closed != "" {
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
func (a *Authority) CloseStale(ctx context.Context) error {
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
			standing, err := a.standing(v, id, b.At)
			if err != nil {
				return err
			}
			list, err := v.Waiting(id)
			if err != nil {
				return err
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
