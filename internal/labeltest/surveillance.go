package labeltest

import (
	"context"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/surveillance"
)

// AskDraw signs a request for a plan as an organization.
func (w *World) AskDraw(org string, r surveillance.Request) []byte {
	w.TB.Helper()
	if r.Made.IsZero() {
		r.Made = w.Clock.Now().UTC().Truncate(time.Second)
	}
	return w.Seal(org, []byte(r.ID), label.TypeSurveillanceRequest, &r)
}

// Plan announces a draw for when the log has some entries more than now.
func (w *World) Plan(id string, more int64, count int) *authority.SurveillancePlan {
	w.TB.Helper()
	p, err := w.Authority.Plan(context.Background(), w.Caller(Operator),
		w.AskDraw(Operator, surveillance.Request{ID: id, Size: w.Authority.LogSize() + more, Count: count}))
	w.must(err)
	return p
}
