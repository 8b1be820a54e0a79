// # Judging again
//
// A label is a standing claim about a product. Whatever becomes known about the
// device (a statement that is accepted, struck or corrected, a key, an
// accreditation or its scope that is lost, laboratory and manufacturer found to
// be related) has its live labels judged again: at the level that they have, with
// all evidence of today, by the promises that counted when they were issued. A
// judgement that is due is recorded in the commit that makes it due, and drawn
// beside other work, so that neither a crash nor a flood loses it.
//
// What becomes of a label that its evidence no longer carries is the scheme's
// data ("rejudged"): a review or a suspension, or nothing. What is said of it, in the
// reason and in the text, names whose word it was: that of a laboratory which tested, or
// the manufacturer's own. Manufacturer and
// operators are told in each case, also when the evidence carries it again, and
// when nobody can tell because the label's version of the scheme is not served.
// A finding has its consequence once, for as long as each judgement finds it again: an
// operator who has looked at them and reinstated the label is not
// overruled by them, and the laboratories that found them are told that it stands
// against what they found. Each change is told once, also where it repeats an earlier one:
// a notice is known by when the judgement became due, which is the same when the
// judgement is drawn again after a restart.
//
// A label also ends early when a report that it rests on counts only until some day,
// because its laboratory has lost the scope and the scheme gives a time of grace.
// Where an event says so, that ends the labels ([Events.Propagate]); where an
// accreditation is recorded anew with less, and nobody reports an event, the
// judgement does: by the same statement (lapse), for the same reason, on the same
// day. Operators are told as well, since there is no event of which they hear.
package authority

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"labeld/internal/label"
	"labeld/internal/notice"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

const (
	judged   = "judged:"   // begins the cause of a verdict by which a label's evidence does not carry it
	unjudged = "unjudged:" // begins that of a verdict where nobody could tell
)

const (
	// judgementChunk is how many devices are judged from one view of what is due.
	// Where there are more, it is rested in between.
	judgementChunk = 64

	// judgementsAtOnce is how many of them are judged side by side, so that they
	// share the cost of a commit.
	judgementsAtOnce = 16

	// judgementRetry is how long is waited before devices are tried again that
	// could not be judged.
	judgementRetry = time.Minute
)

// errEventFirst says that an event was recorded whose consequences are drawn before
// labels are judged. A judgement that is under way then gives way: it would see what
// the event changed in the registry, and draw for a general reason what the event is
// the reason for.
var errEventFirst = label.Errorf(label.Unavailable, label.ReasonConflict, "", "an event was recorded meanwhile, whose consequences come first")

// judgeDue judges all devices of which a judgement is due, and returns when that
// is done, or [errEventFirst]. A device that cannot be judged stays due, sounds the alarm, and stands
// in nobody's way; it is tried again by and by.
func (a *Issuing) judgeDue(ctx context.Context) error {
	again := false
	var after label.Digest
	for ctx.Err() == nil {
		var due []store.Judgement
		if err := a.read(func(v *store.View) (err error) {
			due, err = v.Judgements(after, judgementChunk)
			return err
		}); err != nil {
			return err
		}
		if len(due) == 0 {
			break
		}
		after = due[len(due)-1].Device
		began := time.Now()
		var failed atomic.Bool
		var g errgroup.Group
		g.SetLimit(judgementsAtOnce)
		for _, j := range due {
			g.Go(func() error {
				err := a.rejudge(ctx, j)
				if err != nil && own(err) {
					a.alarm("judging live labels again", "device "+j.Device.String(), err)
					failed.Store(true)
					return nil
				}
				return err
			})
		}
		if err := g.Wait(); err != nil {
			return err
		}
		again = again || failed.Load()
		if len(due) == judgementChunk {
			rest(ctx, began)
		}
	}
	if again {
		time.AfterFunc(judgementRetry, a.work.wake)
	}
	return context.Cause(ctx)
}

// rejudge judges the live labels of a device, and draws the consequences.
func (a *Issuing) rejudge(ctx context.Context, j store.Judgement) error {
	for range attempts {
		err := a.rejudgeOnce(ctx, j)
		if !errors.Is(err, errMoved) {
			return err
		}
	}
	return errMoved
}

func (a *Issuing) rejudgeOnce(ctx context.Context, j store.Judgement) error {
	live, err := a.liveLabels(j.Device)
	if err != nil {
		return err
	}
	var verdicts []*verdict
	var seen []*dossier
	claims := []string{claimf("device/%s", j.Device)}
	for _, rec := range live {
		claims = append(claims, claimf("label/%s", rec.ID))
		n, p, err := a.judgeLive(rec)
		if err != nil {
			return err
		}
		verdicts = append(verdicts, n)
		if p != nil {
			seen = append(seen, p)
		}
	}
	return a.writer.do(ctx, claims, func(v *store.View, b *batch) error {
		if !a.open.next().waits() {
			return errEventFirst
		}
		for _, p := range seen {
			if err := a.unmoved(v, p, b.At); err != nil {
				return err
			}
		}
		for _, n := range verdicts {
			if err := a.drawVerdict(v, b, n, j.Since); err != nil {
				return err
			}
		}
		b.Add(&store.Judgement{Device: j.Device, Since: j.Since, Done: true})
		return nil
	})
}

// liveLabels returns the labels of a device that stand.
func (a *Issuing) liveLabels(device label.Digest) (live []*store.Label, err error) {
	err = a.read(func(v *store.View) error {
		list, err := v.DeviceLabels(device)
		if err != nil {
			return err
		}
		for _, rec := range list {
			h, err := a.history(v, rec)
			if err != nil {
				return err
			}
			if h.StandingAt(a.clock()).State.Live() {
				live = append(live, rec)
			}
		}
		return nil
	})
	return live, err
}

// judgeLive judges a live label again. The dossier is nil where there is nothing
// to judge by.
func (a *Issuing) judgeLive(rec *store.Label) (*verdict, *dossier, error) {
	return a.judgeBy(rec, a.distrust.Load())
}

// judgeBy is judgeLive by what is known against evidence, or what would be.
func (a *Issuing) judgeBy(rec *store.Label, known *distrust) (*verdict, *dossier, error) {
	n := &verdict{rec: rec}
	s := a.programme.Scheme(rec.Scheme, rec.Version)
	if s == nil || rec.Level > len(s.Levels) {
		n.unable, n.cause = true, unjudged+label.DigestOf([]byte(rec.Scheme+" "+rec.Version)).String()
		return n, nil, nil
	}
	p, err := a.dossierBy(Caller{Org: rec.Org, Roles: []label.Role{label.RoleManufacturer}}, rec.Device, s, known)
	if err != nil {
		return nil, nil, err
	}
	var l *label.Label
	if err := a.read(func(v *store.View) (err error) { l, err = signedLabel(v, rec); return err }); err != nil {
		return nil, nil, err
	}
	// Rules about time are held to the label's first instant: what was promised for
	// two years then is no less true a year later.
	d, err := s.EvaluateLevel(p.desc, rec.Device, p.items, rec.Issued, rec.Level)
	if err != nil {
		return nil, nil, err
	}
	n.weigh(d, l)
	n.hold(p.holds, a.programme)
	if n.ending = ending(p.items, l); n.ending == nil && n.loss == "" {
		if n.ending, err = carrier(s, p, rec); err != nil {
			return nil, nil, err
		}
	}
	n.lighter(p.heavier)
	n.cause = judged + label.DigestOf([]byte(strings.Join(n.ids, " "))).String()
	if n.loss == "" && p.live != nil && p.live.ID == rec.ID && endsEarly(&p.standing, l) && !doubted(p.items, l) {
		n.renewable, err = p.outlives(s, rec.Level, a.clock())
		if e, ok := errors.AsType[*label.Error](p.bar("", p.holds)); ok {
			n.bar = e.Text
		}
	}
	n.against = against(p.items, l)
	for _, e := range l.Evidence {
		if s := known.struck[e.SHA256]; s != nil {
			n.struck = append(n.struck, s.sentence(&e))
		}
	}
	return n, p, err
}

// outlives reports whether a label of a level that is issued on the evidence of today
// would end later than the one there is.
func (p *dossier) outlives(s *scheme.Scheme, level int, now time.Time) (bool, error) {
	d, err := s.EvaluateLevel(p.desc, p.device.Digest, p.items, now, level)
	if err != nil || !d.Levels[level-1].Reached {
		return false, err
	}
	g, err := d.Grant(level)
	if err != nil {
		return false, err
	}
	var next label.Label
	if err := g.Fill(&next); err != nil {
		return false, nil // it would have ended already
	}
	return next.Expires.After(p.standing.Expires), nil
}

// drawVerdict adds to a batch what becomes of a label, and tells those concerned.
func (a *Issuing) drawVerdict(v *store.View, b *batch, n *verdict, since time.Time) error {
	h, err := a.history(v, n.rec)
	if err != nil {
		return err
	}
	standing := h.StandingAt(b.At)
	if !standing.State.Live() {
		return nil
	}
	last, err := v.Verdict(n.rec.ID)
	if err != nil {
		return err
	}
	next := last
	if next.Renewable = n.renewable || n.unable && last.Renewable; next.Renewable != last.Renewable {
		if err := a.tellRenewable(b, n, since); err != nil {
			return err
		}
	}
	r, off := a.reaction(n, h, &standing, since)
	if err := a.lapse(v, b, n, h, &standing); err != nil {
		return err
	}
	known := false // the findings are those of the last time
	switch carried := n.loss == "" && !n.unable; {
	case carried && last.Cause == "":
		known = true // it stands as it did
	case carried:
		n.cause = judged + label.DigestOf([]byte(fmt.Sprint(last.Cause, len(h.Statuses)))).String()
		next.Cause, next.Acted = "", nil
	case n.known(&last):
		known, next.Cause, next.Acted = true, n.cause, n.acted(&last)
	case off && last.Cause == putOff+n.cause:
		known, next.Acted = true, n.acted(&last)
	case off:
		next.Cause, next.Acted = putOff+n.cause, n.acted(&last)
	case n.unable:
		next.Cause = n.cause
	default:
		next.Cause, next.Acted = n.cause, slices.Compact(slices.Sorted(slices.Values(n.ids)))
	}
	if !reflect.DeepEqual(next, last) {
		b.Add(&next)
	}
	if known {
		return a.tellOutweighed(b, n, h, &standing)
	}
	news := JudgedNews{Label: n.rec.ID, URL: a.issuer.URL(n.rec.ID), Device: n.rec.Device, Outcome: string(n.loss), Criteria: n.what}
	switch {
	case n.unable:
		news.Outcome = "not-judged"
	case n.loss == "":
		news.Outcome = "carried-again"
	default:
		news.Action = r.Action
		if err := a.react(v, b, n, h, r); err != nil {
			return err
		}
	}
	id := fmt.Sprintf("judged-%s-%d-%s", n.rec.ID, since.UnixNano(), label.DigestOf([]byte(news.Outcome+n.cause)))
	if err := tell(b, notice.LabelJudged, id, string(n.rec.ID), n.rec.Org, news); err != nil {
		return err
	}
	return a.tellOperators(b, notice.LabelJudged, id, string(n.rec.ID), news)
}

// lapse adds to a batch that a label ends when a report that it rests on counts no
// longer, unless it ends by then already, such as by an event. The history gets what
// is added.
func (a *Issuing) lapse(v *store.View, b *batch, n *verdict, h *label.History, standing *label.Standing) error {
	if n.ending == nil || !n.ending.Doubt.Until.Before(standing.Expires) {
		return nil
	}
	st := graceStatus(n.ending)
	st.Label = n.rec.ID
	if !st.Effective.After(b.At) {
		st.Effective = time.Time{} // at once: the time of grace has passed meanwhile
	}
	out, err := a.append(v, b, n.rec, h, st)
	if err == nil {
		h.Statuses = append(h.Statuses, &out.Status)
	}
	return err
}

// graceStatus says that a label ends when an item that it rests on counts no longer.
func graceStatus(it *scheme.Item) label.Status {
	text := fmt.Sprintf("Report %s of %s, on which the label rests, %s. The report counts until %s.",
		it.Number, it.Signer, strings.TrimSuffix(it.Doubt.Text, "; what it found wrong still counts"), it.Doubt.LastDay())
	return label.Status{
		Action: label.Lapse, Reason: lostScope, Text: label.Clip(text, label.MaxProse),
		Effective: it.Doubt.Until.UTC().Truncate(time.Second), Cause: label.Cause{Kind: label.CauseEvidence, SHA256: it.ID},
	}
}

// tellRenewable tells the manufacturer that a label which is to end early can be
// renewed on the evidence that it has, or that it no longer can: each time that this
// changes, so that the newest notice says what is so.
func (a *Issuing) tellRenewable(b *batch, n *verdict, since time.Time) error {
	news := JudgedNews{Label: n.rec.ID, URL: a.issuer.URL(n.rec.ID), Device: n.rec.Device, Outcome: "renewable", Bar: n.bar}
	if !n.renewable {
		news.Outcome, news.Criteria, news.Bar = "not-renewable", n.what, ""
		news.Text = cmp.Or(n.against, "On the evidence of today another label would not be issued, or would not live longer.")
	}
	id := fmt.Sprintf("%s-%s-%d", news.Outcome, n.rec.ID, since.UnixNano())
	return tell(b, notice.LabelJudged, id, string(n.rec.ID), n.rec.Org, news)
}

// putOff begins the cause of a verdict that has had no consequence, because the
// label was suspended or under review for something else.
const putOff = "put-off:"

// reaction returns what the scheme has become of a label that its evidence no
// longer carries. It is put off where an operator has suspended the label or
// reviews it, or an event had it so before that of which it is judged became
// known: when that is settled, the label is judged again.
func (a *Issuing) reaction(n *verdict, h *label.History, standing *label.Standing, since time.Time) (r scheme.Reaction, off bool) {
	none := scheme.Reaction{Action: scheme.NoEffect}
	r = a.programme.Lifecycle(n.rec.Scheme, n.rec.Version).Rejudged[n.loss]
	if n.loss == "" || r.Action == "" || r.Action == scheme.NoEffect {
		return none, false
	}
	same := func(st *label.Status) bool { return !st.Recorded.Before(since.Truncate(time.Second)) } // it followed from that of which is judged
	if n.loss == scheme.Unsupported && slices.ContainsFunc(h.Statuses, func(st *label.Status) bool { return st.Action == label.Lapse && same(st) }) {
		return none, false // the scheme lets it stand for a time of grace
	}
	if _, err := standing.Admit(r.Action); err == nil && standing.State != label.Suspended {
		return r, false
	}
	began := standing.Review
	if standing.State == label.Suspended {
		began = standing.Because
	}
	return none, began != nil && (began.Cause == (label.Cause{}) || !same(began))
}

// react adds to a batch what becomes of a label that its evidence no longer
// carries.
func (a *Issuing) react(v *store.View, b *batch, n *verdict, h *label.History, r scheme.Reaction) error {
	if r.Action == scheme.NoEffect {
		return nil
	}
	text := "No longer met: " + strings.Join(n.what, "; ") + "."
	if len(n.what) == 0 {
		text = "There is no declaration of the manufacturer any more that counts."
	}
	text = label.Clip(text, label.MaxProse/2)
	for _, s := range n.struck { // which may be why what was found before counts again
		text += " " + s
	}
	_, err := a.append(v, b, n.rec, h, label.Status{
		Label: n.rec.ID, Action: r.Action, Reason: r.Reason, Text: label.Clip(text, label.MaxProse), Cause: label.Cause{Kind: label.CauseEvidence},
	})
	return err
}
