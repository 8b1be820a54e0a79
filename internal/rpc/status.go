package rpc

import (
	"context"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// statuses implements StatusService.
type statuses struct {
	labelv1.UnimplementedStatusServiceServer
	a *authority.Authority
}

func (s *statuses) ChangeLabel(ctx context.Context, r *labelv1.ChangeLabelRequest) (*labelv1.ChangeLabelResponse, error) {
	if len(r.GetRequest()) == 0 {
		return nil, missing("request")
	}
	c, err := s.a.Change(ctx, caller(ctx), r.GetRequest())
	if err != nil {
		return nil, err
	}
	out := &labelv1.ChangeLabelResponse{Known: c.Known, Notes: c.Notes}
	if c.Status == nil {
		out.Waiting, err = waiting(c.Request)
		return out, err
	}
	out.Status = statusMessage(s.a.Programme(), &c.Status.Status, c.Status.Index)
	if c.Label != nil {
		out.Successor, err = summary(s.a.Programme(), c.Label)
	}
	return out, err
}

func (s *statuses) ListWaitingRequests(ctx context.Context, r *labelv1.ListWaitingRequestsRequest) (*labelv1.ListWaitingRequestsResponse, error) {
	var id label.ID
	if r.GetLabel() != "" {
		var err error
		if id, err = label.ParseID(r.GetLabel()); err != nil {
			return nil, label.Within("label", err)
		}
	}
	list, err := s.a.Waiting(caller(ctx), id)
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListWaitingRequestsResponse{}
	for _, req := range list {
		w, err := waiting(req)
		if err != nil {
			return nil, err
		}
		out.Requests = append(out.Requests, w)
	}
	return out, nil
}

func (s *statuses) CloseRequest(ctx context.Context, r *labelv1.CloseRequestRequest) (*labelv1.CloseRequestResponse, error) {
	id, err := digest("id", r.GetId())
	if err != nil {
		return nil, err
	}
	req, err := s.a.CloseRequest(ctx, caller(ctx), id, r.GetText())
	if err != nil {
		return nil, err
	}
	w, err := waiting(req)
	return &labelv1.CloseRequestResponse{Request: w, Closed: req.Closed}, err
}

func waiting(r *store.Request) (*labelv1.WaitingRequest, error) {
	p, err := r.Terms()
	if err != nil {
		return nil, err
	}
	out := &labelv1.WaitingRequest{
		Id: r.Digest.String(), Kind: string(r.Kind), Subject: r.Subject, Label: string(r.Label), Action: actionOf[r.Action], Reason: p.Reason, Text: p.Text,
		Received: timestamp(r.Received), Statement: r.Statement,
	}
	for _, sig := range r.Signatures {
		out.Keys = append(out.Keys, sig.Key)
	}
	return out, nil
}

var actionOf = map[label.Action]labelv1.LabelAction{
	label.Suspend:   labelv1.LabelAction_LABEL_ACTION_SUSPEND,
	label.Reinstate: labelv1.LabelAction_LABEL_ACTION_REINSTATE,
	label.Revoke:    labelv1.LabelAction_LABEL_ACTION_REVOKE,
	label.Withdraw:  labelv1.LabelAction_LABEL_ACTION_WITHDRAW,
	label.Supersede: labelv1.LabelAction_LABEL_ACTION_SUPERSEDE,
	label.Lapse:     labelv1.LabelAction_LABEL_ACTION_LAPSE,
	label.Review:    labelv1.LabelAction_LABEL_ACTION_REVIEW,
	label.Clear:     labelv1.LabelAction_LABEL_ACTION_CLEAR,
	label.Advise:    labelv1.LabelAction_LABEL_ACTION_ADVISE,
	label.Release:   labelv1.LabelAction_LABEL_ACTION_RELEASE,
}

// causeMessage converts what a status follows from; nil where somebody asked for it.
func causeMessage(c label.Cause) *labelv1.StatusCause {
	if c == (label.Cause{}) {
		return nil
	}
	out := &labelv1.StatusCause{Kind: string(c.Kind), Label: string(c.Label), Number: int32(c.Number)}
	if !c.SHA256.IsZero() {
		out.Sha256 = c.SHA256.String()
	}
	return out
}

// statusMessage converts a status; nil stays nil.
func statusMessage(p *scheme.Programme, s *label.Status, index int64) *labelv1.LabelStatus {
	if s == nil {
		return nil
	}
	out := &labelv1.LabelStatus{
		Label: string(s.Label), Number: int32(s.Number), Action: actionOf[s.Action], Reason: s.Reason, Text: s.Text,
		Recorded: timestamp(s.Recorded), Effective: timestamp(s.Effective), LogIndex: index, Cause: causeMessage(s.Cause),
		Author: s.Author(),
	}
	if r := p.Reasons[s.Reason]; r != nil {
		out.Title = r.Title
	}
	if s.Successor != nil {
		out.Successor, out.SuccessorUrl = string(s.Successor.ID), s.Successor.URL
		out.SuccessorLevel, out.SuccessorOtherProduct = int32(s.Successor.Level), s.Successor.OtherProduct
	}
	if a := s.Advisory; a != nil {
		out.Advisory = advice(a)
	}
	return out
}
