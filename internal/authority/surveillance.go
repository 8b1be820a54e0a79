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
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

// MaxDrawn bounds the labels of one draw, so that its result fits a log entry.
const MaxDrawn = 250

// A Planned is a plan for surveillance, and what was drawn.
type Planned struct {
	*store.Plan
	Announcement *surveillance.Announcement
	Result       *surveillance.Result // nil before the draw
	PlanBundle   []byte               // signed statements, as Sigstore bundles
	DrawBundle   []byte
}

// Plan announces a draw: signed and logged before anybody can know its seed. A
// plan that names no weights has those of its scheme. The same plan again is
// returned as it stands.
func (a *Authority) Plan(ctx context.Context, c Caller, p surveillance.Plan) (*Planned, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	s, err := a.scheme(p.Scheme)
	if err != nil {
		return nil, err
	}
	p.Scheme = s.ID
	if p.Weights.Risk == nil && p.Weights.Level == nil && p.Weights.Assurance == nil {
		p.Weights = s.Lifecycle.Surveillance
	}
	if err := p.Validate(); err != nil {
		return nil, label.Within("plan", err)
	}
	if p.Count > MaxDrawn {
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, "plan.count", "is %d; at most %d labels are drawn at once, plan several draws", p.Count, MaxDrawn)
	}
	said := &surveillance.Announcement{Plan: p, Risks: map[string]string{}}
	for id, category := range a.programme.Categories {
		said.Risks[id] = string(category.Risk)
	}
	err = a.writer.do(ctx, []string{claimf("plan/%s", p.ID)}, func(v *store.View, b *store.Batch) error {
		old, err := a.planned(v, p.ID)
		if err == nil {
			if !reflect.DeepEqual(old.Announcement.Plan, p) {
				return label.Errorf(label.Exists, label.ReasonExists, "plan.id", "plan %s is announced with other values, which cannot be changed", p.ID)
			}
			return nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		if err := p.CheckEntry(index(b)); err != nil {
			return label.Within("plan", err)
		}
		said.Recorded = b.At.UTC().Truncate(time.Second)
		signed, err := a.issuer.Plan(said)
		if err != nil {
			return err
		}
		entry, err := store.NewEntry(signed.Envelope, signed.Leaf)
		if err != nil {
			return err
		}
		b.Plans = append(b.Plans, store.Plan{ID: p.ID, Index: index(b)})
		b.Entries = append(b.Entries, entry)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Planned(p.ID)
}

// Draw draws the labels of a plan, once its seed exists. Drawing again gives the
// same.
func (a *Authority) Draw(ctx context.Context, c Caller, id string) (*Planned, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	p, err := a.Planned(id)
	if err != nil || p.Result != nil {
		return p, err
	}
	said, err := a.draw(ctx, p)
	if err != nil {
		return nil, err
	}
	err = a.writer.do(ctx, []string{claimf("plan/%s", id)}, func(v *store.View, b *store.Batch) error {
		rec, err := v.Plan(id)
		if err != nil || rec.Draw != 0 {
			return err
		}
		said.Recorded = b.At.UTC().Truncate(time.Second)
		signed, err := a.issuer.Draw(said)
		if err != nil {
			return err
		}
		entry, err := store.NewEntry(signed.Envelope, signed.Leaf)
		if err != nil {
			return err
		}
		rec.Draw = index(b)
		b.Plans = append(b.Plans, *rec)
		b.Entries = append(b.Entries, entry)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return a.Planned(id)
}

// censusEntries is how many log entries are read in one picture of the store.
const censusEntries = 1024

// draw works out what a plan draws.
func (a *Authority) draw(ctx context.Context, p *Planned) (*surveillance.Result, error) {
	plan := p.Announcement
	if size := a.LogSize(); size < plan.Size {
		return nil, label.Errorf(label.Precondition, label.ReasonStep, "id", "plan %s is drawn when the log has %d entries; it has %d", p.ID, plan.Size, size)
	}
	census := surveillance.NewCensus()
	for census.Len() < plan.Size && ctx.Err() == nil {
		if err := a.store.View(func(v *store.View) error {
			return count(v, census, min(census.Len()+censusEntries, plan.Size))
		}); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, gone(ctx)
	}
	var seed translog.Hash
	if err := a.store.View(func(v *store.View) (err error) { seed, err = translog.Root(plan.Size, v); return err }); err != nil {
		return nil, err
	}
	return result(p.Plan, plan, census, seed)
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

// result draws.
func result(rec *store.Plan, plan *surveillance.Announcement, census *surveillance.Census, seed translog.Hash) (*surveillance.Result, error) {
	candidates, err := census.Candidates(plan)
	if err != nil {
		return nil, err
	}
	drawn, err := surveillance.Draw(seed, plan.ID, candidates, plan.Count)
	if err != nil {
		return nil, err
	}
	return &surveillance.Result{
		Plan: plan.ID, Entry: rec.Index, Seed: label.Digest(seed), At: census.At(), Candidates: len(candidates), Drawn: drawn,
	}, nil
}

// Planned returns a plan, and what was drawn. It is public.
func (a *Authority) Planned(id string) (p *Planned, err error) {
	err = a.store.View(func(v *store.View) error {
		p, err = a.planned(v, id)
		return found(err, label.ReasonUnknownPlan, "id", "no plan %q is announced; \"labelctl surveillance list\" names those there are", id)
	})
	return p, err
}

func (a *Authority) planned(v *store.View, id string) (*Planned, error) {
	rec, err := v.Plan(id)
	if err != nil {
		return nil, err
	}
	p := &Planned{Plan: rec}
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
func (a *Authority) Plans(p Page) (list []*Planned, next string, err error) {
	size, cursor, err := p.limits()
	if err != nil {
		return nil, "", err
	}
	page := collector[*store.Plan]{size: size}
	err = a.store.View(func(v *store.View) error {
		if err := v.Plans(string(cursor), func(rec *store.Plan) bool { return page.add(rec, []byte(rec.ID)) }); err != nil {
			return err
		}
		for _, rec := range page.items {
			planned, err := a.planned(v, rec.ID)
			if err != nil {
				return err
			}
			list = append(list, planned)
		}
		return nil
	})
	return list, page.next, err
}

// Outliers lists what is odd about labs, by all accepted reports, worst first.
func (a *Authority) Outliers(c Caller) ([]surveillance.Finding, error) {
	if err := c.need(label.RoleOperator); err != nil {
		return nil, err
	}
	var reports []surveillance.Report
	err := a.store.View(func(v *store.View) error {
		var inner error
		err := v.Statements(func(st *store.Statement) bool {
			if st.Type != label.TypeTestReport {
				return true
			}
			var r *surveillance.Report
			if r, inner = figures(v, st); inner == nil {
				reports = append(reports, *r)
			}
			return inner == nil
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
	raw, err := v.Evidence(st.ID)
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
	said := new(label.TestReport)
	if err := label.Decode(stmt.Predicate, said); err != nil {
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
		ID: st.ID, Lab: st.Signer, Number: said.Number, Standard: said.Standard, Category: d.Category, Device: st.Device, Manufacturer: device.Org,
		From: said.Period.From, To: said.Period.To, Received: label.DateOf(st.Received),
	}
	for _, e := range said.Evidence {
		r.Evidence = append(r.Evidence, e.SHA256)
	}
	for _, verdict := range said.Verdicts {
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
