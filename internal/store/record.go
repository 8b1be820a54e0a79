package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"labeld/internal/label"
)

// A Device is a registered device descriptor.
type Device struct {
	Digest     label.Digest `json:"-"`
	Descriptor []byte       `json:"-"` // exact bytes
	Org        string       `json:"org"`
	Registered time.Time    `json:"registered"`
	Looked     time.Time    `json:"looked,omitzero"` // when an operator registered it, or did so again because of another device of the product
}

// A Picture is a file that shows a product. It is stored as it is: both formats
// are compressed.
type Picture struct {
	Digest label.Digest
	File   []byte
}

// A Statement is the record of accepted evidence.
type Statement struct {
	ID       label.Digest `json:"-"`     // SHA-256 of the payload
	Raw      Packed       `json:"-"`     // signed bytes as they came; read by [View.Evidence]
	Gist     Packed       `json:"-"`     // what judging needs; read by [View.Gist]
	Place    uint64       `json:"place"` // where these two are: in the order in which statements arrived, so that pages are full
	Type     string       `json:"type"`
	Device   label.Digest `json:"device"`
	Signer   string       `json:"signer"`
	Key      string       `json:"key"`
	Number   string       `json:"number"`
	Began    label.Date   `json:"began,omitzero"` // of a report: first day of the tests
	Date     label.Date   `json:"date"`
	Carrier  string       `json:"carrier"`
	Received time.Time    `json:"received"`
	Lab      label.LabRef `json:"lab,omitzero"` // the accreditation it was accepted under
}

// A Label is the index record of an issued label; what it says is the log
// entry at Index.
type Label struct {
	ID      label.ID     `json:"-"`
	Index   int64        `json:"index"`
	Device  label.Digest `json:"device"`
	Org     string       `json:"org"`
	Scheme  string       `json:"scheme"`
	Version string       `json:"version"` // of the scheme
	Level   int          `json:"level"`
	Issued  time.Time    `json:"issued"`
	Expires time.Time    `json:"expires"`

	Outline *label.Outline `json:"-"` // read by [View.Outline]
}

// An Accreditation is a recorded accreditation and its log entry.
type Accreditation struct {
	Index int64
	label.Accreditation

	// Notes says what whoever recorded it has to know. It is for the answer, and is
	// not stored.
	Notes []string
}

// An Entry is a log entry, ready to be stored.
type Entry struct {
	Leaf   []byte // what the log records: the envelope's encoding
	packed []byte
}

// NewEntry makes a log entry of an envelope of ours, whose encoding is given.
// It is stored in less than half of that: raw key ID, signature, compressed payload.
func NewEntry(e *label.Envelope, leaf []byte) (*Entry, error) {
	if e.PayloadType != label.PayloadType || len(e.Signatures) != 1 {
		return nil, fmt.Errorf("a log entry has one signature and payload type %s", label.PayloadType)
	}
	key, err := hex.DecodeString(e.Signatures[0].KeyID)
	if err != nil || len(key) != 32 {
		return nil, fmt.Errorf("a log entry names its key by ID")
	}
	sig := e.Signatures[0].Sig
	payload := PackQuick(e.Payload)
	b := append(make([]byte, 0, 34+len(sig)+len(payload)), key...)
	b = binary.BigEndian.AppendUint16(b, uint16(len(sig)))
	return &Entry{Leaf: leaf, packed: append(append(b, sig...), payload...)}, nil
}

func unpackEntry(b []byte) (*label.Envelope, error) {
	if len(b) < 34 {
		return nil, fmt.Errorf("is %d bytes", len(b))
	}
	n := int(binary.BigEndian.Uint16(b[32:]))
	if len(b) < 34+n {
		return nil, fmt.Errorf("is cut off")
	}
	payload, err := unpackQuick(b[34+n:])
	if err != nil {
		return nil, err
	}
	return &label.Envelope{
		PayloadType: label.PayloadType,
		Payload:     payload,
		Signatures:  []label.Signature{{KeyID: hex.EncodeToString(b[:32]), Sig: bytes.Clone(b[34 : 34+n])}},
	}, nil
}

// packDevice puts the descriptor after its record.
func packDevice(d *Device) ([]byte, error) {
	meta, err := label.Encode(d)
	if err != nil {
		return nil, err
	}
	return append(append(meta, 0), d.Descriptor...), nil
}

func unpackDevice(digest label.Digest, b []byte) (*Device, error) {
	meta, desc, ok := bytes.Cut(b, []byte{0})
	if !ok {
		return nil, fmt.Errorf("has no descriptor")
	}
	d := &Device{Digest: digest, Descriptor: bytes.Clone(desc)}
	return d, label.Decode(meta, d)
}
