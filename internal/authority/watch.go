package authority

import (
	"context"
	"errors"
	"fmt"
	"time"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/store"
)

const (
	// watchEvery is how often it is looked what the passing of time has brought
	// about. It is told in days.
	watchEvery = time.Hour

	// closeEvery is how often requests are closed of which nothing can come any more,
	// which people wait to hear.
	closeEvery = time.Minute

	// watchFirst is how long after the start it is looked first: a start has
	// other things to do.
	watchFirst = time.Minute

	// watchChunk is how many labels are looked at in one view of the store.
	watchChunk = 1024

	// tellChunk is how many notices of the kind are written in one operation.
	tellChunk = 64
)

// keepWatch tells manufacturers what the passing of time brings about, until
// ctx ends.
func (a *Oversight) keepWatch(ctx context.Context) {
	next, tick := time.NewTimer(watchFirst), time.NewTicker(closeEvery)
	defer next.Stop()
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			err = a.issuing.CloseStale(ctx)
		case <-next.C:
			err = errors.Join(a.Watch(ctx), a.events.Remind(ctx))
			next.Reset(watchEvery)
		}
		if err != nil && ctx.Err() == nil {
			a.log.Error("looking what the passing of time has brought about", "err", err)
		}
	}
}

// keepAdvising holds new labels against advisories once more, soon after they are
// issued, until ctx ends. What is on record is said of a label as it is issued
// ([Authority.firstAdvice]); this finds what was published meanwhile, and what failed.
func (a *Oversight) keepAdvising(ctx context.Context) {
	tick := time.NewTicker(adviseEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		case <-a.work.issued:
			sleep(ctx, adviseRest)
		}
		if err := a.events.AdviseNew(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("holding new labels against advisories", "err", err)
		}
	}
}

// Watch tells manufacturers which of their labels expire soon or have expired
// since it looked last, and which schemes have new criteria.
// It remembers that it has looked when everything is told; what was told before
// a failure is not told again. A label of which it cannot be told is gone past, and
// operators are told that.
func (a *Oversight) Watch(ctx context.Context) (err error) {
	r := &round{a: a.core, work: "looking what the passing of time has brought about"}
	defer func() { err = errors.Join(err, r.end(ctx)) }()
	now := a.clock().UTC().Truncate(time.Second)
	var last *store.Watched
	if err := a.read(func(v *store.View) (err error) { last, err = v.Watched(); return err }); err != nil {
		return err
	}
	if !now.After(last.Until) {
		return nil
	}
	next := &store.Watched{Until: now, Schemes: map[string]string{}}
	for _, s := range a.programme.Judging(now) {
		next.Schemes[s.ID] = s.Version
	}
	if !last.Until.IsZero() { // a new programme has nothing to tell
		if err := a.watchLabels(ctx, r, last, next); err != nil {
			return err
		}
	}
	return a.writer.do(ctx, []string{"watch"}, func(_ *store.View, b *batch) error {
		b.Add(next)
		return nil
	})
}

// newsOf is something to tell about a label.
type newsOf struct {
	rec  *store.Label
	kind string
	h    *label.History
	from time.Time // of the last look, by which it is known that it is new

	served string // of a change of the scheme: the version by which is judged now
}

// watchLabels goes through all labels and tells what is new between two looks.
func (a *Oversight) watchLabels(ctx context.Context, r *round, last, next *store.Watched) error {
	changed := map[string]string{} // scheme to the version before
	for id, version := range next.Schemes {
		if before := last.Schemes[id]; before != "" && before != version {
			changed[id] = before
		}
	}
	var after label.ID
	for {
		var news []newsOf
		n := 0
		err := a.read(func(v *store.View) error {
			return r.past(v).LabelsAfter(after, func(rec *store.Label) bool {
				list, err := a.newsSince(v, rec, last.Until, next, changed)
				_ = r.fail(rec.ID, string(rec.ID), err) // it was read: the failure is its own
				news, after, n = append(news, list...), rec.ID, n+1
				return n < watchChunk
			})
		})
		if err != nil {
			return err
		}
		if err := a.tellAll(ctx, r, news, changed); err != nil {
			return err
		}
		if n < watchChunk {
			return context.Cause(ctx)
		}
	}
}

// newsSince returns what became of a label from time alone between two
// instants, and whether it is one to be renewed under new criteria.
func (a *Oversight) newsSince(v *store.View, rec *store.Label, from time.Time, next *store.Watched, changed map[string]string) (list []newsOf, err error) {
	if rec.Expires.Before(from) {
		return nil, nil
	}
	h, err := a.history(v, rec)
	if err != nil {
		return nil, err
	}
	before, after := h.StandingAt(from), h.StandingAt(next.Until)
	told := func(kind string) { list = append(list, newsOf{rec, kind, h, from, next.Schemes[rec.Scheme]}) }
	switch {
	case after.State == label.Expired && before.State != label.Expired:
		told(notice.LabelExpired)
	case expiring(&after) && !expiring(&before):
		told(notice.LabelExpiring)
	}
	if changed[rec.Scheme] != "" && after.State.Live() {
		told(notice.SchemeChanged)
	}
	return list, nil
}

// expiring reports whether a label ends soon by time alone. Of an end that was announced
// its manufacturer was told then.
func expiring(s *label.Standing) bool { return s.Soon && !s.Announced() }

// tellAll writes notices, some at a time.
func (a *Oversight) tellAll(ctx context.Context, r *round, news []newsOf, changed map[string]string) error {
	for len(news) > 0 {
		some := news[:min(tellChunk, len(news))]
		news = news[len(some):]
		var failed []newsOf
		var why []error
		err := a.writer.do(ctx, []string{"watch"}, func(_ *store.View, b *batch) error {
			failed, why = nil, nil
			for _, n := range some {
				before := *b
				if err := a.tellNews(b, n, changed); err != nil {
					*b = before
					failed, why = append(failed, n), append(why, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i, n := range failed {
			if err := r.fail(n.rec.ID, string(n.rec.ID), why[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (a *Oversight) tellNews(b *batch, n newsOf, changed map[string]string) error {
	rec := n.rec
	if n.kind == notice.SchemeChanged { // once for each manufacturer
		version := n.served
		// A version that was served before, and is again, is news again.
		id := fmt.Sprintf("scheme-%s-%s", rec.Scheme, label.DigestOf(fmt.Appendf(nil, "%s\x00%s\x00%d", version, rec.Org, n.from.Unix())))
		return tell(b, n.kind, id, rec.Scheme, rec.Org, SchemeNews{rec.Scheme, version, changed[rec.Scheme]})
	}
	s := n.h.StandingAt(b.At)
	news := LabelNews{Label: rec.ID, URL: a.issuer.URL(rec.ID), Device: rec.Device, Effective: b.At.UTC().Truncate(time.Second), Expires: s.Expires}
	return tell(b, n.kind, fmt.Sprintf("%s-%s-%s", rec.ID, n.kind[len("label."):], label.DateOf(s.Expires)), string(rec.ID), rec.Org, news)
}
