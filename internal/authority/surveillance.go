package authority

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

// A SurveillancePlan is a plan for surveillance, and what was drawn.
type SurveillancePlan struct {
	*store.Plan
	Announcement *surveillance.Announcement
	Result       *surveillance.Result // nil before the draw
	PlanBundle   []byte               // signed statements, as Sigstore bundles
	DrawBundle   []byte

	Waits *store.Request // the request for the plan, while others have to agree; there is no plan then
}

// planForm is how requests for plans are opened.
var planForm = &requestForm[surveillance.Request]{field: "request", predicateType: label.TypeSurveillanceRequest}

// Plan announces a draw at the signed request of an operator: signed and logged
// before anybody can know its seed. Asking for the same plan again returns it as
// it stands.
func (a *Oversight) Plan(ctx context.Context, c Caller, raw []byte) (*SurveillancePlan, error) {
	var out *SurveillancePlan
	err := signedAct(a.core, ctx, c, raw, planForm, func(x *act, r *signedRequest[surveillance.Request]) (err error) {
		out, err = a.plan(x, r)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *Oversight) plan(x *act, r *signedRequest[surveillance.Request]) (*SurveillancePlan, error) {
	id := r.predicate.ID
	if r.subject != label.DigestOf([]byte(id)) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "request.subject", "must be the SHA-256 of %q, the plan's ID", id)
	}
	predicate, err := a.announcement(r)
	if err != nil {
		return nil, label.Within("request", err)
	}
	defer a.writer.begin()()
	var waits *store.Request
	err = x.doExact([]string{claimf("plan/%s", id), claimf("request/%s", r.digest)}, func(v *store.View, b *batch) error {
		waits = nil
		old, err := a.planned(v, id)
		if err == nil {
			return asPlanned(old.Announcement, predicate)
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		signers, err := r.admit(x, v, b.At)
		if err != nil {
			return err
		}
		predicate.Fixed, predicate.Recorded = b.index(), b.Recorded.UTC().Truncate(time.Second)
		if err := predicate.CheckEntry(b.index()); err != nil {
			return label.Within("request", err)
		}
		if waits, err = r.agree(x, v, b, signers); err != nil || waits != nil {
			return err
		}
		_, entry, err := b.sign(a.issuer.Plan(predicate))
		if err != nil {
			return err
		}
		b.Add(&store.Plan{ID: id, Index: b.index(), Asked: r.digest, Request: r.by})
		b.log(entry)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case waits != nil:
		return &SurveillancePlan{Announcement: predicate, Waits: waits}, nil
	}
	return a.Planned(id)
}

// announcement says what an operator asked for, by the scheme as it is served.
func (a *Oversight) announcement(r *signedRequest[surveillance.Request]) (*surveillance.Announcement, error) {
	s, err := a.programme.Asked(r.predicate.Scheme, a.clock())
	if err != nil {
		return nil, err
	}
	var by label.RequestRef
	if err := a.store.View(func(v *store.View) (err error) {
		by, err = requestRef(v, r.by, r.digest)
		return err
	}); err != nil {
		return nil, err
	}
	predicate := &surveillance.Announcement{
		Plan:     surveillance.Plan{ID: r.predicate.ID, Scheme: s.ID, Size: r.predicate.Size, Count: r.predicate.Count, Weights: s.Lifecycle.Surveillance},
		Risks:    map[string]string{},
		Requests: []label.RequestRef{by},
	}
	for id, category := range a.programme.Categories {
		predicate.Risks[id] = string(s.JudgedAs(category.Risk))
	}
	return predicate, nil
}

// asPlanned refuses a request for another plan under an ID that is taken.
func asPlanned(old, asked *surveillance.Announcement) error {
	if old.Scheme == asked.Scheme && old.Size == asked.Size && old.Count == asked.Count {
		return nil
	}
	return label.Errorf(label.Exists, label.ReasonExists, "request.id",
		"plan %s is announced and cannot be changed: count %d, scheme %s, size %d; choose another ID", old.ID, old.Count, old.Scheme, old.Size)
}

// Draw draws the labels of a plan, once its seed exists. There is nothing to
// decide about, so that the caller signs nothing: drawing again gives the same.
func (a *Oversight) Draw(ctx context.Context, c Caller, id string) (*SurveillancePlan, error) {
	var out *SurveillancePlan
	err := a.act(ctx, c, label.ActDraw, id, func(x *act) (err error) {
		out, err = a.drawPlan(x, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

func (a *Oversight) drawPlan(x *act, id string) (*SurveillancePlan, error) {
	p, err := a.Planned(id)
	if err != nil || p.Result != nil {
		return p, err
	}
	predicate, err := a.draw(x.ctx, p)
	if err != nil {
		return nil, err
	}
	defer a.writer.begin()()
	err = x.do([]string{claimf("plan/%s", id)}, func(v *store.View, b *batch) error {
		rec, err := v.Plan(id)
		if err != nil || rec.Draw != 0 {
			return err
		}
		predicate.Recorded = b.Recorded.UTC().Truncate(time.Second)
		_, entry, err := b.sign(a.issuer.Draw(predicate))
		if err != nil {
			return err
		}
		rec.Draw = b.index()
		b.Add(rec)
		b.log(entry)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Planned(id)
}

// censusEntries is how many log entries are read in one view of the store.
const censusEntries = 1024

// draw works out what a plan draws.
func (a *Oversight) draw(ctx context.Context, p *SurveillancePlan) (*surveillance.Result, error) {
	plan := p.Announcement
	if size := a.LogSize(); size < plan.Size {
		return nil, label.Errorf(label.Precondition, label.ReasonStep, "id", "plan %s is drawn when the log has %d entries; it has %d", p.ID, plan.Size, size)
	}
	census := surveillance.NewCensus()
	for census.Len() < plan.Fixed && ctx.Err() == nil {
		if err := a.store.View(func(v *store.View) error {
			return count(v, census, min(census.Len()+censusEntries, plan.Fixed))
		}); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, gone(ctx)
	}
	var predicate *surveillance.Result
	err := a.store.View(func(v *store.View) (err error) {
		predicate, err = result(v, p.Plan, plan, census)
		return err
	})
	return predicate, err
}

// count has a census read log entries up to a number of them.
func count(v *store.View, census *surveillance.Census, to int64) error {
	for census.Len() < to {
		env, err := v.Entry(census.Len())
		if err != nil {
			return err
		}
		if err := census.Add(env.Payload); err != nil {
			return err
		}
	}
	return nil
}

// result draws, with a census that has read what precedes the plan.
func result(v *store.View, rec *store.Plan, plan *surveillance.Announcement, census *surveillance.Census) (*surveillance.Result, error) {
	signed, err := v.Entry(rec.Index)
	if err != nil {
		return nil, err
	}
	seed, err := translog.Root(plan.Size, v)
	if err != nil {
		return nil, err
	}
	candidates, err := census.Candidates(plan)
	if err != nil {
		return nil, err
	}
	drawn, err := surveillance.Draw(seed, plan.ID, candidates, plan.Count)
	if err != nil {
		return nil, err
	}
	return &surveillance.Result{
		Plan: plan.ID, SHA256: label.DigestOf(signed.Payload), Entry: rec.Index,
		Seed: label.Digest(seed), Candidates: len(candidates), Drawn: drawn,
	}, nil
}

// Planned returns a plan, and what was drawn. It is public.
func (a *Oversight) Planned(id string) (p *SurveillancePlan, err error) {
	err = a.store.View(func(v *store.View) error {
		p, err = a.planned(v, id)
		return found(err, label.ReasonUnknownPlan, "id", "no plan %q is announced; \"labelctl surveillance list\" names those there are", id)
	})
	return p, err
}

// Drawn returns what the labels say that were drawn, in the order drawn; of one
// that cannot be read its ID and nothing else.
func (a *Oversight) Drawn(r *surveillance.Result) (list []*label.Label, err error) {
	err = a.store.View(func(v *store.View) error {
		for _, d := range r.Drawn {
			rec, err := v.Label(d.ID)
			var l *label.Label
			if err == nil {
				l, err = signedLabel(v, rec)
			}
			if err != nil {
				a.alarm("listing what was drawn", string(d.ID), err)
				l = &label.Label{ID: d.ID} // all that can be said of it
			}
			list = append(list, l)
		}
		return nil
	})
	return list, err
}

func (a *Oversight) planned(v *store.View, id string) (*SurveillancePlan, error) {
	rec, err := v.Plan(id)
	if err != nil {
		return nil, err
	}
	p := &SurveillancePlan{Plan: rec}
	if p.Announcement, p.PlanBundle, err = logged[surveillance.Announcement](v, rec.Index); err != nil || rec.Draw == 0 {
		return p, err
	}
	p.Result, p.DrawBundle, err = logged[surveillance.Result](v, rec.Draw)
	return p, err
}

// logged returns what a log entry of ours says, and the entry as a bundle.
func logged[T any](v *store.View, index int64) (*T, []byte, error) {
	env, err := v.Entry(index)
	if err != nil {
		return nil, nil, err
	}
	var st label.Statement
	if err := label.DecodeLoose(env.Payload, &st); err != nil {
		return nil, nil, fmt.Errorf("log entry %d: %w", index, err)
	}
	p := new(T)
	if err := label.Decode(st.Predicate, p); err != nil {
		return nil, nil, fmt.Errorf("log entry %d: %w", index, err)
	}
	bundle, err := envelope.Bundle(env)
	return p, bundle, err
}

// Plans lists the plans, by ID. It is public.
func (a *Oversight) Plans(p Page) (list []*SurveillancePlan, next string, err error) {
	page, err := collect[*store.Plan](p, "plans")
	if err != nil {
		return nil, "", err
	}
	err = a.store.View(func(v *store.View) error {
		if err := a.past(v, "listing plans").Plans(string(page.after.at), func(rec *store.Plan) bool { return page.add(rec, []byte(rec.ID)) }); err != nil {
			return err
		}
		for _, rec := range page.items {
			planned, err := a.planned(v, rec.ID)
			if err != nil {
				a.alarm("listing plans", rec.ID, err)
				continue
			}
			list = append(list, planned)
		}
		return nil
	})
	return list, page.next, err
}

// MaxCompared bounds the reports that outliers are looked for among: reading one
// takes a tenth of a millisecond, and the answer is waited for.
const MaxCompared = 50_000

// Outliers lists what is odd about labs by the reports that were accepted since
// a day, or by all where it is zero; worst first.
func (a *Oversight) Outliers(c Caller, since label.Date) ([]surveillance.Finding, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	var reports []surveillance.Report
	err := a.store.View(func(v *store.View) error {
		var inner error
		err := a.past(v, "comparing reports").Statements(func(st *store.Statement) bool {
			if label.SourceOf(st.Type) != label.SourceLab || label.DateOf(st.Received).Before(since) {
				return true
			}
			if len(reports) == MaxCompared {
				inner = label.Errorf(label.TooLarge, label.ReasonTooLarge, "since", "there are more than %d reports to compare; name a later day", MaxCompared)
				return false
			}
			r, err := figures(v, st)
			if err != nil {
				a.alarm("comparing reports", st.ID.String(), err)
				return true
			}
			reports = append(reports, *r)
			return true
		})
		return errors.Join(err, inner)
	})
	if err != nil {
		return nil, err
	}
	return surveillance.Outliers(reports, surveillance.DefaultBounds), nil
}

// figures returns what matters of a report.
func figures(v *store.View, st *store.Statement) (*surveillance.Report, error) {
	raw, err := v.Evidence(st)
	if err != nil {
		return nil, err
	}
	u, err := envelope.Open(raw)
	if err != nil {
		return nil, err
	}
	var stmt label.Statement
	if err := label.DecodeLoose(u.Envelope().Payload, &stmt); err != nil {
		return nil, err
	}
	predicate := new(label.TestReport)
	if err := label.Decode(stmt.Predicate, predicate); err != nil {
		return nil, err
	}
	device, err := v.Device(st.Device)
	if err != nil {
		return nil, err
	}
	var d label.Device
	if err := label.Decode(device.Descriptor, &d); err != nil {
		return nil, err
	}
	r := &surveillance.Report{
		ID: st.ID, Lab: st.Signer, Number: predicate.Number, Standard: predicate.Standard, Category: d.Category, Device: st.Device, Manufacturer: device.Org,
		From: predicate.Period.From, To: predicate.Period.To, Received: label.DateOf(st.Received),
	}
	for _, e := range predicate.Evidence {
		r.Evidence = append(r.Evidence, e.SHA256)
	}
	for _, verdict := range predicate.Verdicts {
		switch verdict.Verdict {
		case label.Pass:
			r.Pass++
		case label.Fail:
			r.Fail++
		case label.NotApplicable:
			r.NotApplicable++
		default:
			r.Inconclusive++
		}
	}
	slices.SortFunc(r.Evidence, func(a, b label.Digest) int { return slices.Compare(a[:], b[:]) })
	return r, nil
}
