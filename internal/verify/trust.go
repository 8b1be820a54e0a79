package verify

import (
	"bytes"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/translog"
)

// A Trust is whom a verifier believes: the document that a labeld serves at
// /.well-known/labeld.json, saved once from a source that is trusted.
type Trust struct {
	Type      string            `json:"type"` // always [label.TypeTrust]
	Authority label.Party       `json:"authority"`
	URL       string            `json:"url"`       // base URL of the service
	LabelKeys []TrustKey        `json:"labelKeys"` // any of them may have signed a label
	Log       TrustLog          `json:"log"`
	Schemes   []label.SchemeRef `json:"schemes"` // served now; older labels may name others

	keys     []*envelope.PublicKey
	verifier note.Verifier
	last     atomic.Pointer[opened]
}

// A TrustKey is a public key that signs labels, and when.
type TrustKey struct {
	ID    string    `json:"id"`
	PEM   string    `json:"pem"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // absent while in use
}

// TrustLog is the transparency log's identity.
type TrustLog struct {
	Origin string `json:"origin"`
	VKey   string `json:"vkey"` // c2sp.org/signed-note verifier key
	URL    string `json:"url"`  // prefix of the C2SP tlog-tiles paths
}

// ParseTrust reads a trust file.
func ParseTrust(b []byte) (*Trust, error) {
	if len(b) > label.MaxMessage {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "trust", "is %d bytes, at most %d are accepted", len(b), label.MaxMessage)
	}
	var t Trust
	if err := label.DecodeLoose(b, &t); err != nil {
		return nil, label.Within("trust", err)
	}
	if err := t.Prepare(); err != nil {
		return nil, label.Within("trust", err)
	}
	return &t, nil
}

// Prepare checks a trust file's content and readies it for use.
func (t *Trust) Prepare() error {
	if t.Type != label.TypeTrust {
		return label.Errorf(label.Invalid, label.ReasonUnknownType, "type",
			"is %q, must be %q; a trust file is what the service serves at /.well-known/labeld.json", t.Type, label.TypeTrust)
	}
	if len(t.LabelKeys) == 0 {
		return label.Errorf(label.Invalid, label.ReasonMissing, "labelKeys", "at least one is required")
	}
	t.keys = nil
	for _, k := range t.LabelKeys {
		pub, err := envelope.ParsePublicKey([]byte(k.PEM))
		if err != nil {
			return label.Within("labelKeys", err)
		}
		if pub.ID != k.ID {
			return label.Errorf(label.Invalid, label.ReasonMalformed, "labelKeys.id", "%s is not the ID of its key, which is %s", k.ID, pub.ID)
		}
		t.keys = append(t.keys, pub)
	}
	var err error
	if t.verifier, err = note.NewVerifier(t.Log.VKey); err != nil {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "log.vkey", "%v", err)
	}
	if t.verifier.Name() != t.Log.Origin {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "log.vkey", "is the key of %q, not of origin %q", t.verifier.Name(), t.Log.Origin)
	}
	return nil
}

// OpenCheckpoint checks a signed checkpoint of the trusted log. The last one
// that held is remembered: many labels are proved to the same head.
func (t *Trust) OpenCheckpoint(signed []byte) (translog.Checkpoint, error) {
	if m := t.last.Load(); m != nil && bytes.Equal(m.signed, signed) {
		return m.head, nil
	}
	head, err := translog.OpenCheckpoint(signed, t.Log.Origin, t.verifier)
	if err == nil {
		t.last.Store(&opened{signed: bytes.Clone(signed), head: head})
	}
	return head, err
}

// An opened is a checkpoint whose signature was checked.
type opened struct {
	signed []byte
	head   translog.Checkpoint
}
