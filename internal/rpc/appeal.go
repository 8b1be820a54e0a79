package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// appeals implements AppealService.
type appeals struct {
	labelv1.UnimplementedAppealServiceServer
	a *authority.Authority
}

func (s *appeals) GetDecision(ctx context.Context, r *labelv1.GetDecisionRequest) (*labelv1.GetDecisionResponse, error) {
	id, err := digest("id", r.GetId())
	if err != nil {
		return nil, err
	}
	t, err := s.a.Trail(ctx, caller(ctx), id)
	if err != nil {
		return nil, err
	}
	m, err := s.trail(t)
	return &labelv1.GetDecisionResponse{Trail: m}, err
}

func (s *appeals) ListDecisions(ctx context.Context, r *labelv1.ListDecisionsRequest) (*labelv1.ListDecisionsResponse, error) {
	var device label.Digest
	if r.GetDevice() != "" {
		var err error
		if device, err = digest("device", r.GetDevice()); err != nil {
			return nil, err
		}
	}
	list, next, err := s.a.Refusals(ctx, caller(ctx), r.GetManufacturer(), device, page(r))
	if err != nil {
		return nil, err
	}
	trails, err := s.trails(list)
	return &labelv1.ListDecisionsResponse{Trails: trails, NextPageToken: next}, err
}

func (s *appeals) FileAppeal(ctx context.Context, r *labelv1.FileAppealRequest) (*labelv1.FileAppealResponse, error) {
	if len(r.GetAppeal()) == 0 {
		return nil, missing("appeal")
	}
	t, known, err := s.a.Appeal(ctx, caller(ctx), r.GetAppeal())
	if err != nil {
		return nil, err
	}
	m, err := s.trail(t)
	return &labelv1.FileAppealResponse{Trail: m, Known: known}, err
}

func (s *appeals) ListAppeals(ctx context.Context, r *labelv1.ListAppealsRequest) (*labelv1.ListAppealsResponse, error) {
	list, next, err := s.a.Appeals(ctx, caller(ctx), r.GetManufacturer(), page(r))
	if err != nil {
		return nil, err
	}
	trails, err := s.trails(list)
	return &labelv1.ListAppealsResponse{Trails: trails, NextPageToken: next}, err
}

func (s *appeals) DecideAppeal(ctx context.Context, r *labelv1.DecideAppealRequest) (*labelv1.DecideAppealResponse, error) {
	if len(r.GetRuling()) == 0 {
		return nil, missing("ruling")
	}
	t, known, err := s.a.Decide(ctx, caller(ctx), r.GetRuling())
	if err != nil {
		return nil, err
	}
	out := &labelv1.DecideAppealResponse{Known: known}
	if out.Trail, err = s.trail(t); err == nil && t.Waits != nil {
		out.Waiting, err = waiting(t.Waits)
	}
	return out, err
}

func (s *appeals) trails(list []*authority.Trail) (out []*labelv1.Trail, err error) {
	for _, t := range list {
		m, err := s.trail(t)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

func (s *appeals) trail(t *authority.Trail) (out *labelv1.Trail, err error) {
	out = &labelv1.Trail{}
	if out.Refusal, err = refusal(t.Decision); err != nil {
		return nil, err
	}
	if t.Appeal != nil {
		if out.Appeal, err = s.appeal(t.Appeal); err != nil {
			return nil, err
		}
	}
	if t.Ruling != nil {
		if out.Ruling, err = ruling(t.Ruling); err != nil {
			return nil, err
		}
		out.Ruling.Strike = strike(t.Fallen)
	}
	return out, nil
}

func refusal(d *store.Decision) (*labelv1.Refusal, error) {
	p, err := d.Predicate()
	if err != nil {
		return nil, err
	}
	out := &labelv1.Refusal{
		Id: d.Digest.String(), Device: d.Device.String(), Manufacturer: d.Org, Scheme: d.Scheme, SchemeVersion: d.Version,
		Level: int32(d.Level), Reached: int32(p.Reached), Decided: timestamp(d.Decided), AppealBy: d.AppealBy.String(), DecideDays: int32(p.DecideDays),
	}
	for _, c := range p.Criteria {
		if !c.Satisfied() {
			out.Open = append(out.Open, &labelv1.OpenCriterion{Id: c.ID, Title: c.Title, State: findingOf[scheme.State(c.State)]})
		}
	}
	for _, m := range p.Missing {
		out.Missing = append(out.Missing, &labelv1.Gap{Kind: m.Kind, By: sourceOf[scheme.Source(m.By)], Items: m.Items, Text: m.Text})
	}
	for _, u := range p.Unused {
		e := &u.Evidence
		ref := &labelv1.EvidenceRef{Id: e.SHA256.String(), Type: e.Type, Signer: e.Signer, Number: e.Number, Date: e.Date.String()}
		out.Unused = append(out.Unused, &labelv1.UnusedEvidence{Evidence: ref, Code: u.Code, Text: u.Text, Against: u.Against, CountsUntil: dayText(u.Until)})
	}
	out.Bundle, err = bundle(d.Signed)
	return out, err
}

func (s *appeals) appeal(a *store.Appeal) (*labelv1.Appeal, error) {
	p, err := a.Predicate()
	if err != nil {
		return nil, err
	}
	return &labelv1.Appeal{
		Id: a.Digest.String(), Grounds: p.Grounds, Criteria: p.Criteria, Received: timestamp(a.Received),
		DecideBy: a.DecideBy.String(), Overdue: a.Overdue(s.a.Now()), Statement: a.Signature.Envelope,
	}, nil
}

var rulingOutcomes = map[label.RulingOutcome]labelv1.RulingOutcome{
	label.Upheld:   labelv1.RulingOutcome_RULING_OUTCOME_UPHELD,
	label.Changed:  labelv1.RulingOutcome_RULING_OUTCOME_CHANGED,
	label.SentBack: labelv1.RulingOutcome_RULING_OUTCOME_SENT_BACK,
}

func ruling(r *store.Ruling) (*labelv1.Ruling, error) {
	p, err := r.Predicate()
	if err != nil {
		return nil, err
	}
	out := &labelv1.Ruling{Id: r.Digest.String(), Outcome: rulingOutcomes[p.Outcome], Text: p.Text, Accepted: p.Accepted, Decided: timestamp(r.Decided)}
	if r.Index != 0 {
		out.Entry = &r.Index
	}
	out.Bundle, err = bundle(r.Signed)
	return out, err
}

// strike says why a ruling does not count any more; nothing where it does.
func strike(f *authority.VoidRuling) *labelv1.Strike {
	if f == nil {
		return nil
	}
	s := &labelv1.Strike{Operator: f.Operator, At: timestamp(f.At), Reason: f.Reason, Title: f.Title, Text: f.Text}
	if !f.Event.IsZero() {
		s.Event = f.Event.String()
	}
	return s
}

// bundle returns a packed envelope as a Sigstore bundle.
func bundle(p store.Packed) ([]byte, error) {
	env, err := p.Envelope()
	if err != nil {
		return nil, err
	}
	return envelope.Bundle(env)
}
