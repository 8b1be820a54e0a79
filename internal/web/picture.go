package web

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"labeld/internal/label"
)

// picturePath is where the picture of a label's product is, below the label.
const picturePath = "/picture"

// productPicture answers with the picture of a label's product. Pictures are not
// kept here: the store gives them as fast as a cache would, and they are larger
// than all else that is asked for. Where there is none the address has nothing,
// yet: it is sent when the manufacturer likes.
func (h *Handler) productPicture(w http.ResponseWriter, r *http.Request, name string) {
	b, err := h.pictureOf(name)
	switch {
	case label.ReasonOf(err) == label.ReasonUnknownPicture:
		h.refuse(w, r, problem{status: http.StatusNotFound, reason: reasonNoPage, text: "there is no picture of this label's product; its manufacturer sent none"}, forPrograms)
	case err != nil:
		h.failInput(w, r, err, forPrograms, name)
	default:
		h.send(w, r, b, cacheHour)
	}
}

func (h *Handler) pictureOf(name string) (*body, error) {
	id, err := label.ParseID(name)
	if err != nil {
		return nil, err
	}
	p, err := h.a.Lookup(id)
	if err != nil {
		return nil, err
	}
	digest := p.Label.Device.Picture
	file, mediaType, err := h.a.Picture(digest) // of zeros where the descriptor names none; there is no such file
	if err != nil {
		return nil, err
	}
	// As newBody makes it; its entity tag is the digest, which is known.
	return &body{
		bytes: file, typ: []string{mediaType}, length: []string{strconv.Itoa(len(file))},
		etag: []string{`"` + base64.RawURLEncoding.EncodeToString(digest[:]) + `"`},
	}, nil
}
