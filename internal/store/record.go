package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
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

// An Organization is that of a batch: a new one, or a changed one.
type Organization label.Organization

func (o *Organization) code(c *coder) { c.json(o) }

func (o *Organization) edit(e *edits) { e.putJSON(bOrgs, []byte(o.ID), o) }

// A Key is that of a batch: a new one, or a changed one.
type Key label.Key

func (k *Key) code(c *coder) { c.json(k) }

func (k *Key) edit(e *edits) {
	e.putJSON(bKeys, []byte(k.ID), k)
	e.put(bOrgKeys, orgKey(k.Organization, []byte(k.ID)...), nil)
}

func (a *Accreditation) code(c *coder) {
	c.index(&a.Index)
	c.json(&a.Accreditation)
}

func (a *Accreditation) edit(e *edits) {
	e.putJSON(bAccreditations, orgKey(a.Lab.ID, indexKey(a.Index)...), &a.Accreditation)
}

func (d *Device) code(c *coder) {
	c.digest(&d.Digest)
	c.bytes(&d.Descriptor)
	c.json(d)
}

func (d *Device) edit(e *edits) {
	packed, err := packDevice(d)
	e.fail(err)
	e.put(bDevices, d.Digest[:], packed)
	var desc label.Device
	if err := label.Decode(d.Descriptor, &desc); err != nil {
		e.fail(fmt.Errorf("device %s: %w", d.Digest, err))
		return
	}
	for _, g := range desc.GTINs {
		if e.tx.Bucket(bGTINs).Get(gtinKey(g, d.Digest)) == nil {
			e.put(bGTINs, gtinKey(g, d.Digest), nil)
		} // it was registered before otherwise, and the number may have been moved away since
	}
	editBrand(e, d, desc.Brand)
	e.put(bModels, modelKey(desc.Manufacturer, desc.Model, d.Digest[:]...), nil)
}

func (p *Picture) code(c *coder) {
	c.digest(&p.Digest)
	c.bytes(&p.File)
}

func (p *Picture) edit(e *edits) { e.put(bPictures, p.Digest[:], p.File) }

// code leaves the place out, which follows from what came before.
func (s *Statement) code(c *coder) {
	rec := *s
	rec.Place = 0
	c.digest(&rec.ID)
	c.packed(&rec.Raw)
	c.packed(&rec.Gist)
	if c.json(&rec); c.decoding {
		*s = rec
	}
}

func (s *Statement) edit(e *edits) {
	rec := *s
	switch old, err := e.Statement(s.ID); {
	case err == nil:
		rec.Place = old.Place
	case errors.Is(err, ErrNotFound):
		rec.Place = e.next(bEvidence)
	default:
		e.fail(err)
	}
	e.putJSON(bStatements, s.ID[:], &rec)
	e.putLast(bEvidence, placeKey(rec.Place), s.Raw)
	e.putLast(bGists, placeKey(rec.Place), s.Gist)
	e.put(bDeviceStmts, pair(s.Device, s.ID[:]), nil)
	e.put(bNumbers, numberKey(s.Signer, s.Type, s.Number), s.ID[:])
	for _, org := range []string{s.Signer, s.Carrier} {
		e.put(bOrgStmts, statementKey(org, s), nil)
	}
}

func (l *Label) code(c *coder) {
	codeText(c, &l.ID)
	c.json(&l.Outline)
	c.json(l)
}

func (l *Label) edit(e *edits) {
	e.putJSON(bLabels, []byte(l.ID), l)
	d, err := e.Device(l.Device)
	if err != nil {
		e.fail(fmt.Errorf("label %s: its device: %w", l.ID, err))
		return
	}
	e.put(bDeviceLabels, labelOfKey(d, indexKey(l.Index)), []byte(l.ID))
	e.put(bOrgLabels, labelKey(l), nil)
	e.putLast(bOutlines, indexKey(l.Index), e.json(l.Outline))
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
