package verify

import (
	"time"

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

	keys      []*envelope.PublicKey
	log       headReader
	histories headReader
}

// A TrustKey is a public key that signs labels, and when.
type TrustKey struct {
	ID    string    `json:"id"`
	PEM   string    `json:"pem"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // absent while in use
}

// TrustLog is the transparency log's identity. The key of the log also signs the
// tally of histories, under the origin that [HistoriesOrigin] gives.
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
	if _, err := label.DocumentType(b, label.TypeTrust); err != nil {
		return nil, label.Within("trust", err)
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
	if err := t.log.prepare(t.Log.VKey); err != nil {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "log.vkey", "%v", err)
	}
	if name := t.log.verifier.Name(); name != t.Log.Origin {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "log.vkey", "is the key of %q, not of origin %q", name, t.Log.Origin)
	}
	vkey, err := translog.NamedVKey(t.Log.VKey, HistoriesOrigin(t.Log.Origin))
	if err == nil {
		err = t.histories.prepare(vkey)
	}
	if err != nil {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "log.origin", "%v", err)
	}
	if t.Freshness.PackageDays < 0 || t.Freshness.ListHours < 0 {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "freshness", "must not be negative")
	}
	return nil
}
