package web

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"labeld/internal/art"
	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/qr"
)

// Pictures are those of products, and the labels of these.
type Pictures interface {
	Lookup(label.ID) (*authority.Published, error)
	Picture(label.Digest) (file []byte, mediaType string, err error)
	Now() time.Time
}

// An imageHandler answers with images that belong to a label: its QR code, the picture of
// its product, and the artwork that is printed.
type imageHandler struct {
	labels Pictures
	base   string
	codes  *lru.Cache[qrKey, *qrImage]

	studio          *art.Studio
	drawings, packs *artCache
}

func newImageHandler(r *responder, labels Pictures, studio *art.Studio) (h *imageHandler, err error) {
	h = &imageHandler{labels: labels, base: r.base, studio: studio}
	if h.codes, err = lru.New[qrKey, *qrImage](qrCacheSize); err != nil {
		return nil, err
	}
	h.drawings, h.packs, err = newArtCaches(r.log)
	return h, err
}

// qrCacheSize bounds the QR codes in the cache: about 12 KiB each, drawn in a
// millisecond. They follow from the ID alone and outlive the label's changes.
const qrCacheSize = 2048

// A qrImage is a QR code, drawn in both formats.
type qrImage struct{ svg, png *body }

// A qrKey is which QR code of a label: the one that leads to the label, or a GS1
// Digital Link with a GTIN of the product.
type qrKey struct {
	id   label.ID
	gtin label.GTIN
}

// modulePixels makes the PNG of a usual code about 300 pixels wide.
const modulePixels = 8

// qrSVG answers with the QR code of a label as SVG.
func (h *imageHandler) qrSVG(x exchange) { h.qr(x, func(i *qrImage) *body { return i.svg }) }

// qrPNG answers with the QR code of a label as PNG.
func (h *imageHandler) qrPNG(x exchange) { h.qr(x, func(i *qrImage) *body { return i.png }) }

func (h *imageHandler) qr(x exchange, format func(*qrImage) *body) {
	key, err := h.qrKey(x.first, x.r.URL.RawQuery)
	var image *qrImage
	if err == nil {
		image, err = h.drawQR(key)
	}
	if err != nil {
		x.failInput(err, x.first)
		return
	}
	x.send(format(image))
}

// qrKey returns which QR code is asked for: of a label that exists and, where a GTIN
// is given, that is about the product with that number.
func (h *imageHandler) qrKey(id, query string) (key qrKey, err error) {
	if key.id, err = label.ParseID(id); err != nil {
		return key, err
	}
	p, err := h.labels.Lookup(key.id)
	if err != nil {
		return key, err
	}
	given := parameters(query, "gtin")
	if len(given) == 0 {
		return key, nil
	}
	if key.gtin, err = label.ParseGTIN(given[0]); err != nil {
		return key, err
	}
	if !p.SpeaksOf(key.gtin) {
		return key, label.Errorf(label.NotFound, label.ReasonUnknownProduct, "gtin", "label %s is not about the product with GTIN %s", key.id.Pretty(), key.gtin)
	}
	return key, nil
}

func (h *imageHandler) drawQR(key qrKey) (*qrImage, error) {
	if image, ok := h.codes.Get(key); ok {
		return image, nil
	}
	payload := qr.Payload(h.base, key.id)
	if key.gtin != "" {
		payload = qr.DigitalLink(h.base, key.gtin)
	}
	code, err := qr.New(payload)
	if err != nil {
		return nil, err
	}
	png, err := code.PNG(modulePixels)
	if err != nil {
		return nil, err
	}
	image := &qrImage{svg: newBody("image/svg+xml", code.SVG()), png: newBody("image/png", png)}
	h.codes.Add(key, image)
	return image, nil
}

// picturePath is where the picture of a label's product is, below the label.
const picturePath = "/picture"

// picture answers with the picture of a label's product. Pictures are in no cache here:
// the store gives them as fast as a cache would, and they are larger than all else that
// is asked for. Where there is none yet, the manufacturer may send one later.
func (h *imageHandler) picture(x exchange) {
	b, err := h.pictureOf(x.first)
	switch {
	case label.ReasonOf(err) == label.ReasonUnknownPicture:
		x.refuse(problem{status: http.StatusNotFound, reason: reasonNoPage, text: "there is no picture of this label's product; its manufacturer sent none"})
	case err != nil:
		x.failInput(err, x.first)
	default:
		x.send(b)
	}
}

func (h *imageHandler) pictureOf(id string) (*body, error) {
	parsed, err := label.ParseID(id)
	if err != nil {
		return nil, err
	}
	p, err := h.labels.Lookup(parsed)
	if err != nil {
		return nil, err
	}
	digest := p.Label.Device.Picture
	file, mediaType, err := h.labels.Picture(digest) // of zeros where the descriptor names none; there is no such file
	if err != nil {
		return nil, err
	}
	// As newBody makes it; its entity tag is the digest, which is known.
	return &body{
		bytes: file, typ: []string{mediaType}, length: []string{strconv.Itoa(len(file))},
		etag: []string{`"` + base64.RawURLEncoding.EncodeToString(digest[:]) + `"`},
	}, nil
}
