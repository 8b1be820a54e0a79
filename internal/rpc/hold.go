package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
)

// holds implements HoldService.
type holds struct {
	labelv1.UnimplementedHoldServiceServer
	a *authority.Authority
}

func (s *holds) ListHolds(ctx context.Context, r *labelv1.ListHoldsRequest) (*labelv1.ListHoldsResponse, error) {
	id, err := digest("device", r.GetDevice())
	if err != nil {
		return nil, err
	}
	list, err := s.a.Holds(caller(ctx), id)
	if err != nil {
		return nil, err
	}
	return &labelv1.ListHoldsResponse{Holds: holdMessages(s.a, list)}, nil
}

func holdMessages(a *authority.Authority, list []*authority.Hold) (out []*labelv1.Hold) {
	for _, h := range list {
		m := &labelv1.Hold{
			Action: actionOf[h.Action], Manufacturer: h.Org, Reason: h.Reason, Text: h.Text, Since: timestamp(h.Since), WayOut: h.WayOut(),
		}
		if h.Label != nil {
			m.Label = string(h.Label.ID)
		}
		if !h.Device.IsZero() {
			m.Device = h.Device.String()
		}
		if !h.Until.IsZero() {
			m.Until = timestamp(h.Until)
		}
		if r := a.Programme().Reasons[h.Reason]; r != nil {
			m.Title = r.Title
		}
		out = append(out, m)
	}
	return out
}
