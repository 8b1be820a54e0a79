package web

import (
	"net/http"
	"strings"

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

// surveillance answers /surveillance/{plan}.json.
func (h *Handler) surveillance(w http.ResponseWriter, r *http.Request, name string) {
	id, ok := strings.CutSuffix(name, ".json")
	if !ok {
		h.noPage(w, r, forPrograms)
		return
	}
	p, err := h.a.Planned(id)
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	b, err := label.Encode(planJSON(p))
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, newBody(jsonType, b), cacheMinute)
}

func planJSON(p *authority.Planned) *Plan {
	return &Plan{ID: p.ID, PlanEntry: p.Index, Plan: p.PlanBundle, DrawEntry: p.Draw, Draw: p.DrawBundle}
}
