package web

import (
	"errors"
	"net/http"
	"strings"

	"labeld/internal/label"
	"labeld/internal/store"
)

// advisory answers /advisory/{sha256}.json: a published document, byte for byte.
func (h *Handler) advisory(w http.ResponseWriter, r *http.Request, name string) {
	hex, ok := strings.CutSuffix(name, ".json")
	id, err := label.ParseDigest(hex)
	if !ok || err != nil {
		h.noPage(w, r, forPrograms)
		return
	}
	var document []byte
	err = h.a.View(func(v *store.View) (err error) {
		document, err = v.Document(id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		err = label.Errorf(label.NotFound, label.ReasonUnknownAdvisory, "", "no advisory with the SHA-256 %s was published here", id)
	}
	if err != nil {
		h.fail(w, r, err, forPrograms)
		return
	}
	h.send(w, r, newBody(jsonType, document), cacheForever)
}
