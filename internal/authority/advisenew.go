package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"labeld/internal/label"
	"labeld/internal/store"
)

// adviseEntries is how many log entries are looked at in one view.
const adviseEntries = 1024

// AdviseNew holds labels that were issued since it looked last against the
// advisories of their manufacturers and of the operators. One for which that
// fails by itself is noted with the events that published the advisories, so that
// it is tried again when they are.
func (a *Events) AdviseNew(ctx context.Context) (err error) {
	r := &round{a: a.core, work: "holding new labels against advisories"}
	defer func() { err = errors.Join(err, r.end(ctx)) }()
	for {
		var from, to int64
		var list []*store.Label
		err := a.read(func(v *store.View) error {
			var any bool
			if from, any = v.Advised(); !any {
				return nil
			}
			head, err := v.Head()
			if err != nil {
				return err
			}
			to = min(from+adviseEntries, head.Tree.N)
			list = labelsIn(v, from, to, r)
			return nil
		})
		if err != nil || from >= to {
			return errors.Join(err, context.Cause(ctx))
		}
		for _, rec := range list {
			if err := a.adviseLabel(ctx, r, rec); err != nil {
				return err
			}
		}
		if err := a.writer.do(ctx, []string{"advised"}, func(_ *store.View, b *batch) error {
			b.Add(&store.AdviceProgress{Size: to})
			return nil
		}); err != nil {
			return err
		}
	}
}

// labelsIn returns the labels among log entries. An entry that cannot be read is
// noted, and gone past.
func labelsIn(v *store.View, from, to int64, r *round) (list []*store.Label) {
	for i := from; i < to; i++ {
		var l struct {
			ID label.ID `json:"id"`
		}
		kind, err := readEntry(v, i, map[string]any{label.TypeLabel: &l})
		if err == nil && kind == label.TypeLabel {
			var rec *store.Label
			if rec, err = v.Label(l.ID); err == nil {
				list = append(list, rec)
			}
		}
		if err != nil {
			_ = r.fail(l.ID, fmt.Sprintf("log entry %d", i), err) // it was read: the failure is its own
		}
	}
	return list
}

// adviseLabel holds a label against all advisories that may be about it.
func (a *Events) adviseLabel(ctx context.Context, r *round, rec *store.Label) error {
	var news []newAdvice
	if err := a.read(func(v *store.View) error { news = a.newAdvice(v, r, rec); return nil }); err != nil {
		return err
	}
	for _, n := range news {
		claims := []string{claimf("label/%s", rec.ID), claimf("device/%s", rec.Device), claimf("event/%s", n.event)}
		var failed error
		err := a.writer.do(ctx, claims, func(v *store.View, b *batch) error {
			e, err := lastEvent(v, b, n.event)
			if err != nil {
				return err
			}
			var changed bool
			changed, failed = a.attempt(v, b, e, Consequence{Label: rec, Action: label.Advise, Advisory: n.ref, Err: n.err})
			switch {
			case failed != nil && !own(failed):
				return failed
			case failed != nil:
				if err := a.recordFailures(b, e, []store.EventFailure{failure(rec.ID, failed, b.At)}); err != nil {
					return err
				}
			case !changed:
				return nil
			default:
				e.Changed++
			}
			b.Add(e)
			return nil
		})
		if err == nil && failed != nil {
			a.alarm(r.work, string(rec.ID), failed)
		}
		if err = r.fail(rec.ID, string(rec.ID), err); err != nil { // such as an event that cannot be read
			return err
		}
	}
	return nil
}

// newAdvice is what an advisory has to say of a label and has not yet said, or
// why that cannot be told.
type newAdvice struct {
	event label.Digest
	ref   *label.AdvisoryRef
	err   error
}

func (a *Events) newAdvice(v *store.View, r *round, rec *store.Label) []newAdvice {
	l, broken := signedLabel(v, rec)
	h, err := a.history(v, rec)
	return a.issuing.adviceOf(v, r, rec.Org, rec.ID, l, h, errors.Join(broken, err))
}

// firstAdvice returns what the advisories on record say of a label that is about to be
// issued, so that it says so from the first, and why that cannot be told of some. A
// label that takes the place of another is not issued then, so that it sheds nothing.
// For any other that is left to [Events.AdviseNew], which looks again and notes it.
func (a *Issuing) firstAdvice(v *store.View, maker string, l *label.Label) (list []newAdvice, err error) {
	if _, any := v.Advised(); !any {
		return nil, nil // nothing was ever published
	}
	r := &round{a: a.core, work: "holding a label against advisories as it is issued"}
	for _, n := range a.adviceOf(v, r, maker, l.ID, l, &label.History{Label: l}, nil) {
		if n.err != nil {
			err = errors.Join(err, n.err)
		} else {
			list = append(list, n)
		}
	}
	return list, err
}

// addAdvice adds to a batch what advisories say of a label that is issued in it, and
// to the history what is added. What finds no room is left to [Events.AdviseNew],
// which tells that.
func (a *Issuing) addAdvice(v *store.View, b *batch, rec *store.Label, h *label.History, news []newAdvice) error {
	for _, n := range news {
		e, err := lastEvent(v, b, n.event)
		if err != nil {
			return err
		}
		by, err := requestRef(v, e.Signature, n.event)
		if err != nil {
			return err
		}
		st := label.Status{
			Label: rec.ID, Action: label.Advise, Reason: e.Event.Reason, Text: e.Event.Text, Language: e.Event.Language, Cause: label.EventCause(n.event), Advisory: n.ref,
			Requests: []label.RequestRef{by},
		}
		if ok, err := fits(h, &st, !slices.Contains(a.distrust.Load().operators, st.Author())); err != nil || !ok {
			return err
		}
		out, err := a.append(v, b, rec, h, st)
		if err != nil {
			return err
		}
		h.Statuses = append(h.Statuses, &out.Status)
		e.Changed++
		b.Add(e)
	}
	return nil
}

// lastEvent returns an event as a batch has it last, or else the store: labels that
// are issued in one batch may be told of by one advisory.
func lastEvent(v *store.View, b *batch, id label.Digest) (*store.Event, error) {
	var last *store.Event
	for e := range store.Writes[*store.Event](&b.Batch) {
		if e.Digest == id {
			last = new(*e)
		}
	}
	if last != nil {
		return last, nil
	}
	return v.Event(id)
}

// adviceOf is [Authority.newAdvice] of a label of a manufacturer that was read, or
// was not for the reason that is given.
func (a *Issuing) adviceOf(v *store.View, r *round, maker string, id label.ID, l *label.Label, h *label.History, broken error) (news []newAdvice) {
	publishers := a.distrust.Load().operators
	if !slices.Contains(publishers, maker) {
		publishers = append([]string{maker}, publishers...)
	}
	var s *advisee
	if broken == nil {
		s, broken = a.advisee(v, l, h)
	}
	for _, org := range publishers {
		list, err := r.past(v).LatestAdvisories(org)
		if err != nil {
			_ = r.fail(id, string(id), err)
		}
		for _, adv := range list {
			doc, err := a.advisory(v, adv.Digest)
			var ref *label.AdvisoryRef
			if err = errors.Join(broken, err); err == nil {
				ref, err = a.concern(v, doc, org, s)
			}
			if err != nil {
				news = append(news, newAdvice{event: adv.Event, err: err})
			} else if ref != nil {
				news = append(news, newAdvice{event: adv.Event, ref: ref})
			}
		}
	}
	return news
}
