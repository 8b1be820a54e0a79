package web

import (
	"net/url"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
)

// A Plan is a plan for surveillance as JSON, and what was drawn: signed
// statements, and where the log has them.
type Plan struct {
	ID        string     `json:"id"`
	PlanEntry int64      `json:"planEntry"`
	Plan      label.JSON `json:"plan"` // Sigstore bundle
	DrawEntry int64      `json:"drawEntry,omitzero"`
	Draw      label.JSON `json:"draw,omitempty"` // Sigstore bundle; absent before the draw
}

// A PlanList is a page of all plans, by ID.
type PlanList struct {
	Plans []PlanItem `json:"plans"`
	Next  string     `json:"next,omitempty"` // address of the next page
}

// A PlanItem is a plan in a list.
type PlanItem struct {
	ID        string    `json:"id"`
	URL       string    `json:"url"`
	Scheme    string    `json:"scheme"`
	Count     int       `json:"count"`
	Size      int64     `json:"size"` // of the log, when the seed is known
	Recorded  time.Time `json:"recorded"`
	PlanEntry int64     `json:"planEntry"`
	DrawEntry int64     `json:"drawEntry,omitzero"` // absent before the draw
}

// plan answers with a plan, and what was drawn by it.
func (h *auditHandler) plan(x exchange) {
	p, err := h.documents.Planned(x.first)
	if err != nil {
		x.fail(err)
		return
	}
	x.sendJSON(&Plan{ID: p.ID, PlanEntry: p.Index, Plan: p.PlanBundle, DrawEntry: p.Draw, Draw: p.DrawBundle})
}

// plans answers with a page of the list of plans.
func (h *auditHandler) plans(x exchange) {
	list, next, err := h.documents.Plans(authority.Page{Token: x.r.URL.Query().Get("page")})
	if err != nil {
		x.fail(err)
		return
	}
	out := &PlanList{Plans: []PlanItem{}}
	for _, p := range list {
		plan := p.Announcement
		out.Plans = append(out.Plans, PlanItem{
			ID: plan.ID, URL: h.base + "/surveillance/" + plan.ID + ".json", Scheme: plan.Scheme,
			Count: plan.Count, Size: plan.Size, Recorded: plan.Recorded, PlanEntry: p.Index, DrawEntry: p.Draw,
		})
	}
	if next != "" {
		out.Next = h.base + "/surveillance/plans.json?page=" + url.QueryEscape(next)
	}
	x.sendJSON(out)
}
