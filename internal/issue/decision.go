package issue

import (
	"fmt"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

// Decision signs a refusal about the device with a digest. It is not for the
// log.
func (i *Issuer) Decision(d *label.Decision, device label.Digest) (*label.Envelope, error) {
	d.Authority = i.authority
	payload, err := linted(i, device, label.TypeDecision, d)
	if err != nil {
		return nil, err
	}
	return i.signer.SealPayload(payload)
}

// Ruling signs what became of an appeal, about the device with a digest. It is
// for the log when a label rests on it.
func (i *Issuer) Ruling(r *label.Ruling, device label.Digest) (*Signed, error) {
	r.Authority = i.authority
	payload, err := linted(i, device, label.TypeRuling, r)
	if err != nil {
		return nil, err
	}
	return i.seal(payload)
}

// linted encodes a statement about a device and reads it as others will, under
// the throwaway key.
func linted[T any, P interface {
	*T
	Validate() error
}](i *Issuer, device label.Digest, predicateType string, p P) ([]byte, error) {
	stmt, err := label.NewStatement("device.json", device, predicateType, p)
	if err != nil {
		return nil, err
	}
	payload, err := label.Encode(stmt)
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
