package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/store"
)

// oversight implements OversightService.
type oversight struct {
	labelv1.UnimplementedOversightServiceServer
	a *authority.Authority
}

// unreadable is said of a label of which a preview cannot tell.
const unreadable = "its record cannot be read; run \"labeld check\""

// maxPreview bounds the labels in the answer to a preview.
const maxPreview = 10_000

func (s *oversight) ReportEvent(ctx context.Context, r *labelv1.ReportEventRequest) (*labelv1.ReportEventResponse, error) {
	if len(r.GetEvent()) == 0 {
		return nil, missing("event")
	}
	e, err := s.a.Report(ctx, caller(ctx), r.GetEvent())
	if err != nil {
		return nil, err
	}
	out := &labelv1.ReportEventResponse{Event: event(e)}
	if e.Waits != nil {
		out.Waiting, err = waiting(e.Waits)
	}
	return out, err
}

func (s *oversight) PreviewEvent(ctx context.Context, r *labelv1.PreviewEventRequest) (*labelv1.PreviewEventResponse, error) {
	if len(r.GetEvent()) == 0 {
		return nil, missing("event")
	}
	list, notes, err := s.a.Preview(caller(ctx), r.GetEvent())
	if err != nil {
		return nil, err
	}
	out := &labelv1.PreviewEventResponse{Total: int32(len(list)), Notes: notes}
	for _, t := range list[:min(len(list), maxPreview)] {
		l := &labelv1.AffectedLabel{Label: string(t.Label.ID), Manufacturer: t.Label.Org, Action: actionOf[t.Action], Lapses: timestamp(t.Ends), Judged: t.Judged}
		if t.Err != nil {
			l.Failure = unreadable
		}
		out.Labels = append(out.Labels, l)
	}
	return out, nil
}

func (s *oversight) GetEvent(ctx context.Context, r *labelv1.GetEventRequest) (*labelv1.GetEventResponse, error) {
	id, err := digest("id", r.GetId())
	if err != nil {
		return nil, err
	}
	e, err := s.a.Event(caller(ctx), id)
	if err != nil {
		return nil, err
	}
	return &labelv1.GetEventResponse{Event: event(e)}, nil
}

func (s *oversight) RetryEvent(ctx context.Context, r *labelv1.RetryEventRequest) (*labelv1.RetryEventResponse, error) {
	id, err := digest("id", r.GetId())
	if err != nil {
		return nil, err
	}
	e, err := s.a.Retry(ctx, caller(ctx), id)
	if err != nil {
		return nil, err
	}
	return &labelv1.RetryEventResponse{Event: event(e)}, nil
}

func event(e *store.Event) *labelv1.Event {
	var failures []*labelv1.EventFailure
	for _, f := range e.Failures {
		failures = append(failures, &labelv1.EventFailure{Label: string(f.Label), Text: f.Text, At: timestamp(f.At)})
	}
	return &labelv1.Event{
		Id: e.Digest.String(), Kind: string(e.Event.Kind), About: e.Event.Name(), Reason: e.Event.Reason, Text: e.Event.Text,
		Received: timestamp(e.Received), Done: timestamp(e.Done), Changed: int32(e.Changed), Failures: failures, Failed: int32(e.Failed), Notes: e.Notes,
	}
}
