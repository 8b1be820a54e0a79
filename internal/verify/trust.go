package verify

import (
	"bytes"
	"errors"
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
	Freshness Freshness         `json:"freshness"`
	Schemes   []label.SchemeRef `json:"schemes"` // served now; older labels may name others

	keys     []*envelope.PublicKey
	verifier note.Verifier
	timer    *translog.Timer
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

// Freshness says how old what is shown of a label's state may be to be believed
// by somebody who cannot ask. Absent, it is a week and a day.
type Freshness struct {
	PackageDays int `json:"packageDays,omitzero"` // offline packages
	ListHours   int `json:"listHours,omitzero"`   // status lists
}

// Package returns how old an offline package may be.
func (f Freshness) Package() time.Duration {
	if f.PackageDays == 0 {
		return 7 * 24 * time.Hour
	}
	return time.Duration(f.PackageDays) * 24 * time.Hour
}

// List returns how old a status list may be.
func (f Freshness) List() time.Duration {
	if f.ListHours == 0 {
		return 24 * time.Hour
	}
	return time.Duration(f.ListHours) * time.Hour
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
	if t.timer, err = translog.NewTimer(t.Log.VKey); err != nil {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "log.vkey", "%v", err)
	}
	if t.Freshness.PackageDays < 0 || t.Freshness.ListHours < 0 {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "freshness", "must not be negative")
	}
	return nil
}

// OpenCheckpoint checks a signed checkpoint of the trusted log.
func (t *Trust) OpenCheckpoint(signed []byte) (translog.Checkpoint, error) {
	o, err := t.open(signed)
	return o.head, err
}

// SignedAt checks the timestamp of a signed checkpoint and returns it.
func (t *Trust) SignedAt(signed []byte) (time.Time, error) {
	o, err := t.open(signed)
	return o.at, errors.Join(err, o.untimed)
}

// An opened is a checkpoint whose signatures were checked.
type opened struct {
	signed  []byte
	head    translog.Checkpoint
	at      time.Time
	untimed error // why there is no time
}

// open checks a checkpoint. The last one that held is remembered: many labels
// are proved to the same head.
func (t *Trust) open(signed []byte) (opened, error) {
	if m := t.last.Load(); m != nil && bytes.Equal(m.signed, signed) {
		return *m, nil
	}
	head, err := translog.OpenCheckpoint(signed, t.Log.Origin, t.verifier)
	if err != nil {
		return opened{}, err
	}
	o := opened{signed: bytes.Clone(signed), head: head}
	o.at, o.untimed = t.timer.At(signed)
	t.last.Store(&o)
	return o, nil
}
