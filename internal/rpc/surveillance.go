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
	p, err := s.a.Plan(ctx, caller(ctx), surveillance.Plan{ID: r.GetId(), Scheme: r.GetScheme(), Size: r.GetSize(), Count: int(r.GetCount())})
	if err != nil {
		return nil, err
	}
	return &labelv1.CreatePlanResponse{Plan: planned(p)}, nil
}

func (s *surveillances) DrawPlan(ctx context.Context, r *labelv1.DrawPlanRequest) (*labelv1.DrawPlanResponse, error) {
	p, err := s.a.Draw(ctx, caller(ctx), r.GetId())
	if err != nil {
		return nil, err
	}
	return &labelv1.DrawPlanResponse{Plan: planned(p)}, nil
}

func (s *surveillances) GetPlan(_ context.Context, r *labelv1.GetPlanRequest) (*labelv1.GetPlanResponse, error) {
	p, err := s.a.Planned(r.GetId())
	if err != nil {
		return nil, err
	}
	return &labelv1.GetPlanResponse{Plan: planned(p)}, nil
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

func (s *surveillances) ListOutliers(ctx context.Context, _ *labelv1.ListOutliersRequest) (*labelv1.ListOutliersResponse, error) {
	list, err := s.a.Outliers(caller(ctx))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListOutliersResponse{}
	for _, f := range list {
		o := &labelv1.Outlier{Lab: f.Lab, Kind: string(f.Kind), Text: f.Text, Figures: f.Figures}
		for _, id := range f.Reports {
			o.Reports = append(o.Reports, id.String())
		}
		out.Outliers = append(out.Outliers, o)
	}
	return out, nil
}

func planned(p *authority.Planned) *labelv1.SurveillancePlan {
	a := p.Announcement
	out := &labelv1.SurveillancePlan{
		Id: a.ID, Scheme: a.Scheme, Size: a.Size, Count: int32(a.Count), Recorded: timestamp(a.Recorded), Entry: p.Index, Bundle: p.PlanBundle,
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
			Seed: r.Seed.String(), At: timestamp(r.At), Candidates: int32(r.Candidates), Recorded: timestamp(r.Recorded), Entry: p.Plan.Draw, Bundle: p.DrawBundle,
		}
		for _, d := range r.Drawn {
			out.Draw.Labels = append(out.Draw.Labels, &labelv1.DrawnLabel{Label: string(d.ID), Weight: d.Weight, Ticket: d.Ticket.String()})
		}
	}
	return out
}
