package rpc

import (
	"context"
	"fmt"

	labelv1 "labeld/api/proto/label/v1"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/store"
)

// reports implements ReportService.
type reports struct {
	labelv1.UnimplementedReportServiceServer
	a *authority.Authority
}

func (s *reports) ListReports(ctx context.Context, r *labelv1.ListReportsRequest) (*labelv1.ListReportsResponse, error) {
	var id label.ID
	if r.GetLabel() != "" {
		var err error
		if id, err = label.ParseID(r.GetLabel()); err != nil {
			return nil, label.Within("label", err)
		}
	}
	list, next, err := s.a.Complaints(caller(ctx), id, page(r))
	if err != nil {
		return nil, err
	}
	out := &labelv1.ListReportsResponse{NextPageToken: next}
	for _, c := range list {
		m := report(&c.Complaint)
		m.AboutLabel = int32(c.AboutLabel)
		out.Reports = append(out.Reports, m)
	}
	return out, nil
}

func (s *reports) CloseReport(ctx context.Context, r *labelv1.CloseReportRequest) (*labelv1.CloseReportResponse, error) {
	if r.GetId() == "" {
		return nil, missing("id")
	}
	c, err := s.a.CloseComplaint(ctx, caller(ctx), r.GetId(), r.GetOutcome())
	if err != nil {
		return nil, err
	}
	return &labelv1.CloseReportResponse{Report: report(c)}, nil
}

func report(c *store.Complaint) *labelv1.Report {
	text := c.Text
	if c.More > 0 {
		text += fmt.Sprintf("\n\nReports of the same kind that were merged into this one because there are many: %d. The last of them say:\n%s", c.More, c.Words)
	}
	return &labelv1.Report{
		Id: c.ID, Label: string(c.Label), Kind: c.Kind, Where: c.Where, Text: text, Contact: c.Contact,
		Received: timestamp(c.Received), Closed: timestamp(c.Closed), Outcome: c.Outcome,
	}
}
