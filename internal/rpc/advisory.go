package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/store"
)

// advisories implements AdvisoryService.
type advisories struct {
	labelv1.UnimplementedAdvisoryServiceServer
	a *authority.Authority
}

func (s *advisories) PublishAdvisory(ctx context.Context, r *labelv1.PublishAdvisoryRequest) (*labelv1.PublishAdvisoryResponse, error) {
	if len(r.GetEvent()) == 0 {
		return nil, missing("event")
	}
	adv, e, err := s.a.Advise(ctx, caller(ctx), r.GetEvent(), r.GetDocument())
	if err != nil {
		return nil, err
	}
	return &labelv1.PublishAdvisoryResponse{Advisory: published(adv, e), Notes: s.a.AdvisoryNotes(adv)}, nil
}

func (s *advisories) PreviewAdvisory(ctx context.Context, r *labelv1.PreviewAdvisoryRequest) (*labelv1.PreviewAdvisoryResponse, error) {
	if len(r.GetEvent()) == 0 {
		return nil, missing("event")
	}
	list, err := s.a.PreviewAdvisory(caller(ctx), r.GetEvent(), r.GetDocument())
	if err != nil {
		return nil, err
	}
	out := &labelv1.PreviewAdvisoryResponse{Total: int32(len(list))}
	for _, t := range list[:min(len(list), maxPreview)] {
		l := &labelv1.AdvisedLabel{Label: string(t.Label.ID)}
		if t.Err != nil {
			l.Failure = unreadable
		} else {
			l.Advice = advice(t.Advisory)
		}
		out.Labels = append(out.Labels, l)
	}
	return out, nil
}

func (s *advisories) GetAdvisory(_ context.Context, r *labelv1.GetAdvisoryRequest) (*labelv1.GetAdvisoryResponse, error) {
	id, err := digest("id", r.GetId())
	if err != nil {
		return nil, err
	}
	p, err := s.a.Advisory(id, r.GetPublisher())
	if err != nil {
		return nil, err
	}
	return &labelv1.GetAdvisoryResponse{Advisory: published(p.Advisory, p.By), Document: p.Document}, nil
}

func (s *advisories) ListAdvisories(_ context.Context, r *labelv1.ListAdvisoriesRequest) (*labelv1.ListAdvisoriesResponse, error) {
	if r.GetPublisher() == "" {
		return nil, missing("publisher")
	}
	list, next, err := s.a.Advisories(r.GetPublisher(), page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListAdvisoriesResponse{NextPageToken: next}
	for _, p := range list {
		out.Advisories = append(out.Advisories, published(p.Advisory, p.By))
	}
	return out, nil
}

func published(a *store.Advisory, e *store.Event) *labelv1.PublishedAdvisory {
	return &labelv1.PublishedAdvisory{
		Id: a.Digest.String(), Number: a.ID, Version: a.Version, Title: a.Title, Format: a.Format, Publisher: a.Org,
		Updated: timestamp(a.Updated), Received: timestamp(a.Received), Done: timestamp(e.Done), Labels: int32(e.Changed),
	}
}

func advice(a *label.AdvisoryRef) *labelv1.Advisory {
	return &labelv1.Advisory{
		Id: a.ID, Version: a.Version, Title: a.Title, Url: a.URL, Sha256: a.SHA256.String(), Issues: a.Issues, MoreIssues: int32(a.More),
		Severity: a.Severity, State: a.State, FixedIn: a.FixedIn, Action: a.InEnglish(),
		Advice: string(a.Advice), Words: a.Words, Language: a.Language,
	}
}
