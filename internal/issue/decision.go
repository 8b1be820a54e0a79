package issue

import (
	"fmt"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/surveillance"
)

// Decision signs a refusal about the device with a digest. It is not for the
// log.
func (i *Issuer) Decision(d *label.Decision, device label.Digest) (*label.Envelope, error) {
	d.Authority = i.authority
	payload, err := linted(i, "device.json", device, label.TypeDecision, d)
	if err != nil {
		return nil, err
	}
	return i.signer.SealPayload(payload)
}

// Ruling signs what became of an appeal, about the device with a digest. It is
// for the log when a label rests on it.
func (i *Issuer) Ruling(r *label.Ruling, device label.Digest) (*Signed, error) {
	r.Authority = i.authority
	payload, err := linted(i, "device.json", device, label.TypeRuling, r)
	if err != nil {
		return nil, err
	}
	return i.seal(payload)
}

// Assignment signs whose a trade item number is. Its subject is the number.
func (i *Issuer) Assignment(a *label.Assignment) (*Signed, error) {
	a.Authority = i.authority
	payload, err := linted(i, string(a.GTIN), label.DigestOf([]byte(a.GTIN)), label.TypeAssignment, a)
	if err != nil {
		return nil, err
	}
	return i.seal(payload)
}

// Plan signs the announcement of a draw for surveillance.
func (i *Issuer) Plan(a *surveillance.Announcement) (*Signed, error) {
	a.Authority = i.authority
	payload, err := linted(i, a.ID, label.DigestOf([]byte(a.ID)), label.TypeSurveillancePlan, a)
	if err != nil {
		return nil, err
	}
	return i.seal(payload)
}

// Draw signs what was drawn.
func (i *Issuer) Draw(r *surveillance.Result) (*Signed, error) {
	r.Authority = i.authority
	payload, err := linted(i, r.Plan, label.DigestOf([]byte(r.Plan)), label.TypeSurveillanceDraw, r)
	if err != nil {
		return nil, err
	}
	return i.seal(payload)
}

// linted encodes a statement and reads it as others will, under
// the throwaway key.
func linted[T any, P interface {
	*T
	Validate() error
}](i *Issuer, name string, subject label.Digest, predicateType string, p P) ([]byte, error) {
	payload, err := label.EncodeStatement(name, subject, predicateType, p)
	if err != nil {
		return nil, err
	}
	u, err := i.draft(payload)
	if err != nil {
		return nil, err
	}
	v, err := u.Verify([]*envelope.PublicKey{i.lint.Public})
	if err == nil {
		_, err = envelope.Predicate[T, P](v)
	}
	if err != nil {
		return nil, fmt.Errorf("the %s would not verify and was not signed: %w", predicateType, err)
	}
	return payload, nil
}
