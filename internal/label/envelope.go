package label

// An Envelope is a DSSE envelope. Encoded by [Envelope.Encode] it has exactly
// one form; those bytes are what the log records.
type Envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     []byte      `json:"payload"`
	Signatures  []Signature `json:"signatures"`
}

// A Signature is one signature of an [Envelope]. The key's ID is not encoded:
// DSSE leaves its form to each application, and verifiers that have one of
// their own skip a signature whose keyid is not of that form. What carries an
// envelope, such as a Sigstore bundle, says by which key it is signed.
type Signature struct {
	KeyID string `json:"-"`
	Sig   []byte `json:"sig"`
}

// Encode returns the envelope as compact JSON, members in the order of the
// DSSE specification, binary values in padded standard base64.
func (e *Envelope) Encode() ([]byte, error) { return Encode(e) }

// ParseEnvelope reads what [Envelope.Encode] wrote, and only that.
func ParseEnvelope(b []byte) (*Envelope, error) {
	var e Envelope
	if err := Decode(b, &e); err != nil {
		return nil, err
	}
	again, err := e.Encode()
	if err != nil {
		return nil, err
	}
	if string(again) != string(b) {
		return nil, invalid(ReasonNotCanonical, "", "the envelope is not in its one encoding")
	}
	return &e, nil
}
