package web

import (
	"net/http"
	"strings"

	"labeld/internal/label"
)

// advisory answers /advisory/{sha256}.json: a published document, byte for byte.
// Its type says which of the two forms it has; any reader of JSON reads both.
func (h *Handler) advisory(w http.ResponseWriter, r *http.Request, name string) {
	hex, ok := strings.CutSuffix(name, ".json")
	id, err := label.ParseDigest(hex)
	if !ok || err != nil {
		h.noPage(w, r, forPrograms)
		return
	}
	p, err := h.a.Advisory(id, "")
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, newBody("application/"+p.Format+"+json", p.Document), cacheForever)
}
