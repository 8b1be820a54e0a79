package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/notice"
)

// notices implements NoticeService.
type notices struct {
	labelv1.UnimplementedNoticeServiceServer
	a *authority.Authority
}

func (s *notices) ListNotices(ctx context.Context, r *labelv1.ListNoticesRequest) (*labelv1.ListNoticesResponse, error) {
	list, next, err := s.a.Notices(caller(ctx), r.GetOrganization(), page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListNoticesResponse{NextPageToken: next}
	for _, n := range list {
		out.Notices = append(out.Notices, noticeMessage(n))
	}
	return out, nil
}

func (s *notices) CreateWebhook(ctx context.Context, r *labelv1.CreateWebhookRequest) (*labelv1.CreateWebhookResponse, error) {
	if r.GetUrl() == "" {
		return nil, missing("url")
	}
	h, err := s.a.AddHook(ctx, caller(ctx), r.GetUrl(), r.GetKinds())
	if err != nil {
		return nil, renamed("hook", "", err)
	}
	return &labelv1.CreateWebhookResponse{Webhook: webhook(&authority.HookState{Hook: *h}), Secret: h.Secret}, nil
}

func (s *notices) ListWebhooks(ctx context.Context, r *labelv1.ListWebhooksRequest) (*labelv1.ListWebhooksResponse, error) {
	list, err := s.a.Hooks(caller(ctx), r.GetOrganization())
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListWebhooksResponse{}
	for _, h := range list {
		out.Webhooks = append(out.Webhooks, webhook(h))
	}
	return out, nil
}

func (s *notices) EnableWebhook(ctx context.Context, r *labelv1.EnableWebhookRequest) (*labelv1.EnableWebhookResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	return &labelv1.EnableWebhookResponse{}, renamed("hook", "id", s.a.EnableHook(ctx, caller(ctx), r.GetId(), r.GetEnabled()))
}

func (s *notices) DeleteWebhook(ctx context.Context, r *labelv1.DeleteWebhookRequest) (*labelv1.DeleteWebhookResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	return &labelv1.DeleteWebhookResponse{}, renamed("hook", "id", s.a.RemoveHook(ctx, caller(ctx), r.GetId()))
}

func (s *notices) TestWebhook(ctx context.Context, r *labelv1.TestWebhookRequest) (*labelv1.TestWebhookResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	n, err := s.a.TestHook(ctx, caller(ctx), r.GetId())
	if err != nil {
		return nil, renamed("hook", "id", err)
	}
	return &labelv1.TestWebhookResponse{Notice: noticeMessage(n)}, nil
}

func (s *notices) ListDeadLetters(ctx context.Context, r *labelv1.ListDeadLettersRequest) (*labelv1.ListDeadLettersResponse, error) {
	if r.GetWebhook() == "" {
		return nil, missing("webhook")
	}
	list, next, err := s.a.DeadLetters(caller(ctx), r.GetWebhook(), page(r))
	if err != nil {
		return nil, renamed("hook", "webhook", err)
	}
	out := &labelv1.ListDeadLettersResponse{NextPageToken: next}
	for _, d := range list {
		out.Letters = append(out.Letters, &labelv1.DeadLetter{
			Number: d.Seq, Notice: noticeMessage(&d.Notice), Attempts: int32(d.Attempts), Error: d.LastError, Status: int32(d.LastStatus), Queued: timestamp(d.Queued),
		})
	}
	return out, nil
}

func (s *notices) ReplayDeadLetters(ctx context.Context, r *labelv1.ReplayDeadLettersRequest) (*labelv1.ReplayDeadLettersResponse, error) {
	if r.GetWebhook() == "" {
		return nil, missing("webhook")
	}
	if n := len(r.GetNumbers()); n > label.MaxPage {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "numbers", "names %d dead letters, at most %d are replayed at once", n, label.MaxPage)
	}
	n, err := s.a.Replay(ctx, caller(ctx), r.GetWebhook(), r.GetNumbers())
	return &labelv1.ReplayDeadLettersResponse{Replayed: int32(n)}, renamed("hook", "webhook", err)
}

func noticeMessage(n *notice.Notice) *labelv1.Notice {
	return &labelv1.Notice{Id: n.ID, Kind: n.Kind, Subject: n.Subject, Time: timestamp(n.Time), Data: string(n.Data)}
}

func webhook(h *authority.HookState) *labelv1.Webhook {
	return &labelv1.Webhook{
		Id: h.ID, Organization: h.Organization, Url: h.URL, Kinds: h.Kinds, Created: timestamp(h.Created), Disabled: h.Disabled,
		Waiting: int32(h.Waiting), Dead: int32(h.Dead),
	}
}
