package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// overdueCause is the cause of a review that follows from an advice which nobody
// followed up in time.
func overdueCause(st *label.Status) label.Cause {
	return label.Cause{Kind: label.CauseAdvisory, SHA256: st.Advisory.SHA256}
}

// Remind opens a review of each label whose manufacturer declared in how many
// days it gives news of a weakness, and has let that time pass after the last
// word of an advisory that leaves owners waiting for a remedy.
//
// The clock is the authority's: it starts when the word was added to the label's
// history, whatever date the document bears, and ends with the last of the days.
// An answer is a later release of the advisory that speaks of the product (one that
// leaves it out takes nothing back, and the label gets no word of it), or a later
// advisory of the manufacturer about the same weaknesses; where these are more than a
// status names, a later release only. Whichever speaks last, and leaves owners
// waiting, starts the clock anew. A silence is held against a label once.
//
// A label for which that fails by itself is gone past, and operators are told.
func (a *Events) Remind(ctx context.Context) (err error) {
	r := &round{a: a.core, work: "opening reviews of labels whose manufacturers owe an answer"}
	defer func() { err = errors.Join(err, r.end(ctx)) }()
	now := a.clock()
	var late []*store.Label
	err = a.read(func(v *store.View) error {
		return r.past(v).Histories(func(rec *store.Label, list []*store.Status) bool {
			st, _, err := a.unanswered(v, rec, list, now)
			if err != nil {
				_ = r.fail(rec.ID, string(rec.ID), err) // it was read: the failure is its own
			} else if st != nil {
				late = append(late, rec)
			}
			return true
		})
	})
	if err != nil {
		return err
	}
	for _, rec := range late {
		if err := r.fail(rec.ID, string(rec.ID), a.remind(ctx, rec)); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// unanswered returns the advice of a label that should have been followed up by
// now, and in how many days, or nil.
func (a *Events) unanswered(v *store.View, rec *store.Label, list []*store.Status, now time.Time) (*label.Status, int, error) {
	h := historyOf(v, rec, list)
	s := h.StandingAt(now)
	if !s.State.Live() || s.Review != nil {
		return nil, 0, nil
	}
	for i, st := range s.Advisories {
		if !st.Advisory.Open() || answered(st, s.Advisories[i+1:], rec.Org) || label.Find(h.Statuses, overdueCause(st), label.Review) != nil {
			continue
		}
		l, err := signedLabel(v, rec)
		if err != nil {
			return nil, 0, err
		}
		days := l.Product.Vulnerabilities.StatusDays
		if days > 0 && !now.Before(label.DateOf(st.Recorded).AddDays(days).End()) {
			review := silence(rec, st, days)
			if ok, err := fits(h, &review, false); err != nil || !ok {
				return nil, 0, err
			}
			return st, days, nil
		}
	}
	return nil, 0, nil
}

// answered reports whether a manufacturer spoke of all weaknesses of an advice in
// later ones. Where an advice does not name all of its weaknesses, that cannot be
// told, and only a later release of the advisory, which takes its place, is an
// answer.
func answered(st *label.Status, later []*label.Status, maker string) bool {
	return st.Advisory.More == 0 && !slices.ContainsFunc(st.Advisory.Issues, func(issue string) bool {
		return !slices.ContainsFunc(later, func(s *label.Status) bool {
			return s.Author() == maker && slices.Contains(s.Advisory.Issues, issue)
		})
	})
}

func (a *Events) remind(ctx context.Context, rec *store.Label) error {
	return a.writer.do(ctx, []string{claimf("label/%s", rec.ID), claimf("device/%s", rec.Device)}, func(v *store.View, b *batch) error {
		list, err := v.History(rec.ID)
		if err != nil {
			return err
		}
		st, days, err := a.unanswered(v, rec, list, b.At)
		if st == nil || err != nil {
			return err
		}
		h, err := a.history(v, rec)
		if err != nil {
			return err
		}
		_, err = a.issuing.append(v, b, rec, h, silence(rec, st, days))
		return err
	})
}

// silence returns the review of a label whose manufacturer should have spoken
// again of an advisory.
func silence(rec *store.Label, st *label.Status, days int) label.Status {
	return label.Status{
		Label: rec.ID, Action: label.Review, Reason: noNews, Cause: overdueCause(st),
		Text: fmt.Sprintf("The manufacturer declared that it gives news at least every %d days. The last about %s is of %s.", days, st.Advisory.ID, st.Recorded.Format(time.DateOnly)),
	}
}
