package web

import "labeld/internal/label"

// advisory answers with a published document, byte for byte.
// Its type says which of the two forms it has; any reader of JSON reads both.
func (h *auditHandler) advisory(x exchange) {
	id, err := label.ParseDigest(x.first)
	if err != nil {
		x.noPage()
		return
	}
	p, err := h.documents.Advisory(id, "")
	if err != nil {
		x.fail(err)
		return
	}
	x.send(newBody("application/"+p.Format+"+json", p.Document))
}
