package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/store"
)

// audit implements AuditService.
type audit struct {
	labelv1.UnimplementedAuditServiceServer
	a *authority.Authority
}

var actOutcomeOf = map[label.ActOutcome]labelv1.ActOutcome{
	label.ActDone:    labelv1.ActOutcome_ACT_OUTCOME_DONE,
	label.ActWaits:   labelv1.ActOutcome_ACT_OUTCOME_WAITS,
	label.ActRefused: labelv1.ActOutcome_ACT_OUTCOME_REFUSED,
}

// actOutcomeFrom is the inverse of actOutcomeOf. Nothing stands for any.
func actOutcomeFrom(o labelv1.ActOutcome) (label.ActOutcome, error) {
	for outcome, v := range actOutcomeOf {
		if v == o {
			return outcome, nil
		}
	}
	if o == labelv1.ActOutcome_ACT_OUTCOME_UNSPECIFIED {
		return "", nil
	}
	return "", label.Errorf(label.Invalid, label.ReasonOutOfRange, "outcome", "%d is no outcome of an act", o)
}

func (s *audit) ListActs(ctx context.Context, r *labelv1.ListActsRequest) (*labelv1.ListActsResponse, error) {
	outcome, err := actOutcomeFrom(r.GetOutcome())
	if err != nil {
		return nil, err
	}
	f := store.ActFilter{
		Organization: r.GetOrganization(), Person: r.GetPerson(), Key: r.GetKey(), Kind: r.GetKind(), Subject: r.GetSubject(), Outcome: outcome,
	}
	if r.GetFrom() != nil {
		f.From = r.GetFrom().AsTime()
	}
	if r.GetTo() != nil {
		f.To = r.GetTo().AsTime()
	}
	list, next, err := s.a.Acts(caller(ctx), f, page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListActsResponse{NextPageToken: next}
	for _, e := range list {
		out.Acts = append(out.Acts, actMessage(e))
	}
	return out, nil
}

func (s *audit) GetAct(ctx context.Context, r *labelv1.GetActRequest) (*labelv1.GetActResponse, error) {
	p, err := s.a.Act(caller(ctx), r.GetNumber())
	if err != nil {
		return nil, err
	}
	out := &labelv1.GetActResponse{Act: actMessage(p.TrailEntry), Entry: p.Leaf, Head: auditHead(p.Logged)}
	for _, h := range p.Hashes {
		out.Proof = append(out.Proof, h[:])
	}
	return out, nil
}

func (s *audit) GetAuditHead(ctx context.Context, _ *labelv1.GetAuditHeadRequest) (*labelv1.GetAuditHeadResponse, error) {
	logged, size, err := s.a.AuditHead(caller(ctx))
	if err != nil {
		return nil, err
	}
	return &labelv1.GetAuditHeadResponse{Head: auditHead(logged), Size: size}, nil
}

func (s *audit) ExportActs(ctx context.Context, r *labelv1.ExportActsRequest) (*labelv1.ExportActsResponse, error) {
	leaves, err := s.a.ExportActs(caller(ctx), r.GetFrom(), int(r.GetPageSize()))
	if err != nil {
		return nil, err
	}
	return &labelv1.ExportActsResponse{Entries: leaves}, nil
}

func actMessage(e *label.TrailEntry) *labelv1.Act {
	m := &labelv1.Act{
		Number: e.Number, At: timestamp(e.At), Kind: e.Kind, Organization: e.Actor.Organization, Person: e.Actor.Person, Key: e.Actor.Key,
		Subject: e.Subject, Outcome: actOutcomeOf[e.Outcome], Reason: e.Reason, Text: e.Text, RequestId: e.RequestID,
	}
	if !e.Request.IsZero() {
		m.Request = e.Request.String()
	}
	return m
}

func auditHead(l *authority.LoggedTrail) *labelv1.AuditHead {
	if l == nil {
		return nil
	}
	return &labelv1.AuditHead{
		Size: l.Size, Root: l.Root.String(), Recorded: timestamp(l.Recorded), LogIndex: l.Index, Bundle: l.Bundle, Proof: string(l.Proof),
	}
}
