package web

import (
	"errors"
	"log/slog"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/statuslist"
	"labeld/internal/store"
	"labeld/internal/verify"
)

// A SignedLog is the transparency log, and the signed list of the status of all labels.
type SignedLog interface {
	// Checkpoint returns the signed head of the last commit. Tiles of that size can be
	// read in any View that begins afterwards.
	Checkpoint() []byte
	View(func(*store.View) error) error

	StatusList() []byte // changes every half minute and when a label does; nil where nothing is signed
}

// Documents are what is published beside labels.
type Documents interface {
	// Planned returns a plan for surveillance, and what was drawn; Plans lists all.
	Plans(authority.Page) ([]*authority.SurveillancePlan, string, error)
	Planned(id string) (*authority.SurveillancePlan, error)

	// Advisory returns a published document; the publisher may be left open.
	Advisory(id label.Digest, publisher string) (*authority.Publication, error)
}

// An auditHandler answers those who check for themselves: with the log, the keys, and
// what is signed and published beside labels.
type auditHandler struct {
	signedLog SignedLog
	documents Documents
	base      string
	log       *slog.Logger

	labelKeyBody, logKeyBody, trustBody *body
}

func newAuditHandler(r *responder, signedLog SignedLog, documents Documents, trust *verify.Trust) (*auditHandler, error) {
	key, err := currentKey(trust)
	if err != nil {
		return nil, err
	}
	text, err := label.Encode(trust)
	if err != nil {
		return nil, err
	}
	return &auditHandler{
		signedLog: signedLog, documents: documents, base: r.base, log: r.log,
		labelKeyBody: newBody("application/x-pem-file", []byte(key.PEM)),
		logKeyBody:   newBody(textType, []byte(trust.Log.VKey+"\n")),
		trustBody:    newBody(jsonType, text),
	}, nil
}

// currentKey returns the key that signs labels now: the last one still in use.
func currentKey(t *verify.Trust) (verify.TrustKey, error) {
	for i := len(t.LabelKeys) - 1; i >= 0; i-- {
		if t.LabelKeys[i].Until.IsZero() {
			return t.LabelKeys[i], nil
		}
	}
	return verify.TrustKey{}, errors.New("web: the trust file has no label key in use")
}

// labelKey answers with the key that signs labels now.
func (h *auditHandler) labelKey(x exchange) { x.send(h.labelKeyBody) }

// logKey answers with the verifier key of the log.
func (h *auditHandler) logKey(x exchange) { x.send(h.logKeyBody) }

// trust answers with the trust file.
func (h *auditHandler) trust(x exchange) { x.send(h.trustBody) }

// checkpoint answers with the signed head of the log.
func (h *auditHandler) checkpoint(x exchange) { x.send(newBody(textType, h.signedLog.Checkpoint())) }

// statusList answers with the signed status list.
func (h *auditHandler) statusList(x exchange) {
	list := h.signedLog.StatusList()
	if list == nil {
		x.fail(label.Errorf(label.Unavailable, label.ReasonReadOnly, "", "the service signs nothing now; it has no status list"))
		return
	}
	x.send(newBody(statuslist.Type, list))
}

var healthy = newBody(textType, []byte("ok\n"))

// health answers whether labels can be read: whether the store gives its head.
func (h *auditHandler) health(x exchange) {
	err := h.signedLog.View(func(v *store.View) error {
		_, err := v.Head()
		return err
	})
	if err != nil {
		h.log.Error("the store cannot be read", "err", err)
		x.fail(label.Errorf(label.Unavailable, label.ReasonStorage, "", "the store cannot be read now"))
		return
	}
	x.send(healthy)
}
