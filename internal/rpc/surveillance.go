package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/surveillance"
)

// surveillances implements SurveillanceService.
type surveillances struct {
	labelv1.UnimplementedSurveillanceServiceServer
	a *authority.Authority
}

func (s *surveillances) CreatePlan(ctx context.Context, r *labelv1.CreatePlanRequest) (*labelv1.CreatePlanResponse, error) {
	if len(r.GetRequest()) == 0 {
		return nil, missing("request")
	}
	p, err := s.a.Plan(ctx, caller(ctx), r.GetRequest())
	if err != nil {
		return nil, err
	}
	if p.Waits != nil {
		w, err := waiting(p.Waits)
		return &labelv1.CreatePlanResponse{Waiting: w}, err
	}
	m, err := s.whole(p)
	return &labelv1.CreatePlanResponse{Plan: m}, err
}

func (s *surveillances) DrawPlan(ctx context.Context, r *labelv1.DrawPlanRequest) (*labelv1.DrawPlanResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	p, err := s.a.Draw(ctx, caller(ctx), r.GetId())
	if err != nil {
		return nil, err
	}
	m, err := s.whole(p)
	return &labelv1.DrawPlanResponse{Plan: m}, err
}

func (s *surveillances) GetPlan(_ context.Context, r *labelv1.GetPlanRequest) (*labelv1.GetPlanResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	p, err := s.a.Planned(r.GetId())
	if err != nil {
		return nil, err
	}
	m, err := s.whole(p)
	return &labelv1.GetPlanResponse{Plan: m}, err
}

func (s *surveillances) ListPlans(_ context.Context, r *labelv1.ListPlansRequest) (*labelv1.ListPlansResponse, error) {
	list, next, err := s.a.Plans(page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListPlansResponse{NextPageToken: next}
	for _, p := range list {
		out.Plans = append(out.Plans, planned(p))
	}
	return out, nil
}

// Bounds of one answer about outliers, so that it fits a message; what an
// operator asks a lab about begins with the first of each.
const (
	maxOutliers = 200
	maxNamed    = 25 // reports, and evidence, of one outlier
)

func (s *surveillances) ListOutliers(ctx context.Context, r *labelv1.ListOutliersRequest) (*labelv1.ListOutliersResponse, error) {
	var since label.Date
	if r.GetSince() != "" {
		var err error
		if since, err = label.ParseDate(r.GetSince()); err != nil {
			return nil, label.Within("since", err)
		}
	}
	list, err := s.a.Outliers(caller(ctx), since)
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListOutliersResponse{Total: int32(len(list))}
	for _, f := range list[:min(len(list), maxOutliers)] {
		out.Outliers = append(out.Outliers, &labelv1.Outlier{
			Lab: f.Lab, Kind: string(f.Kind), Text: f.Text, Figures: f.Figures, Reports: named(f.Reports), Evidence: named(f.Evidence),
		})
	}
	return out, nil
}

// named returns the first digests of a list as text.
func named(list []label.Digest) (out []string) {
	for _, d := range list[:min(len(list), maxNamed)] {
		out = append(out, d.String())
	}
	return out
}

// whole returns a plan with its statements and the labels that were drawn.
func (s *surveillances) whole(p *authority.SurveillancePlan) (*labelv1.SurveillancePlan, error) {
	out := planned(p)
	out.Bundle = p.PlanBundle
	if p.Result == nil {
		return out, nil
	}
	out.Draw.Bundle = p.DrawBundle
	labels, err := s.a.Drawn(p.Result)
	for i, l := range labels {
		out.Draw.Labels = append(out.Draw.Labels, drawn(p.Announcement, p.Result.Drawn[i], l))
	}
	return out, err
}

// planned returns a plan as it stands in lists.
func planned(p *authority.SurveillancePlan) *labelv1.SurveillancePlan {
	a := p.Announcement
	out := &labelv1.SurveillancePlan{
		Id: a.ID, Scheme: a.Scheme, Size: a.Size, Count: int32(a.Count), Recorded: timestamp(a.Recorded), Entry: p.Index,
		Weights: &labelv1.SurveillanceWeights{Risk: map[string]int32{}, Assurance: map[string]int32{}},
	}
	for risk, f := range a.Weights.Risk {
		out.Weights.Risk[risk] = int32(f)
	}
	for _, f := range a.Weights.Level {
		out.Weights.Level = append(out.Weights.Level, int32(f))
	}
	for _, as := range []label.Assurance{label.SelfDeclared, label.LabTested} {
		out.Weights.Assurance[string(as)] = int32(a.Weights.Assurance[as])
	}
	if r := p.Result; r != nil {
		out.Draw = &labelv1.SurveillanceDraw{
			Seed: r.Seed.String(), Candidates: int32(r.Candidates), Recorded: timestamp(r.Recorded), Entry: p.Plan.Draw,
		}
	}
	return out
}

// drawn says which product a label that was drawn is on, and what gave it its
// weight.
func drawn(a *surveillance.Announcement, d surveillance.Drawn, l *label.Label) *labelv1.DrawnLabel {
	m := &labelv1.DrawnLabel{
		Label: string(d.ID), Weight: d.Weight, Ticket: d.Ticket.String(),
		Brand: l.Device.Brand, Name: l.Device.Name, Model: l.Device.Model, Manufacturer: l.Maker.ID,
		Level: int32(l.Level.Number), Risk: a.Risk(l.Device.Category), Assurance: string(l.Assurance),
	}
	for _, lab := range l.Labs {
		m.Labs = append(m.Labs, lab.ID)
	}
	return m
}
