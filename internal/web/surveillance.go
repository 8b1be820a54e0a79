package web

import (
	"net/http"
	"net/url"
	"strings"
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

// surveillance answers what is below /surveillance.
func (h *Handler) surveillance(w http.ResponseWriter, r *http.Request, name string) {
	id, ok := strings.CutSuffix(name, ".json")
	if !ok {
		h.noPage(w, r, forPrograms)
		return
	}
	var answer any
	var err error
	if id == "plans" {
		answer, err = h.plans(r.URL.Query().Get("page"))
	} else {
		answer, err = h.plan(id)
	}
	var b []byte
	if err == nil {
		b, err = label.Encode(answer)
	}
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, newBody(jsonType, b), cacheMinute)
}

func (h *Handler) plan(id string) (*Plan, error) {
	p, err := h.a.Planned(id)
	if err != nil {
		return nil, err
	}
	return &Plan{ID: p.ID, PlanEntry: p.Index, Plan: p.PlanBundle, DrawEntry: p.Draw, Draw: p.DrawBundle}, nil
}

func (h *Handler) plans(page string) (*PlanList, error) {
	list, next, err := h.a.Plans(authority.Page{Token: page})
	if err != nil {
		return nil, err
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
	return out, nil
}
