package envelope

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"mime"
	"strings"

	"labeld/internal/label"
)

// pae is the message that an envelope's signatures sign: DSSE's
// pre-authentication encoding of type and payload.
func pae(e *label.Envelope) []byte {
	b := make([]byte, 0, len(e.PayloadType)+len(e.Payload)+64)
	b = fmt.Appendf(b, "DSSEv1 %d %s %d ", len(e.PayloadType), e.PayloadType, len(e.Payload))
	return append(b, e.Payload...)
}

// Bundle returns an envelope as a Sigstore bundle v0.3 that names the key by
// the hint that cosign uses. The same envelope gives the same bytes.
func Bundle(e *label.Envelope) ([]byte, error) {
	return label.Encode(&struct {
		MediaType string          `json:"mediaType"`
		Material  material        `json:"verificationMaterial"`
		Envelope  *label.Envelope `json:"dsseEnvelope"`
	}{label.BundleType, material{PublicKey: &publicKeyRef{Hint: hintOf(e.Signatures[0].KeyID)}}, e})
}

// wireEnvelope is an envelope as others write it: base64 in either alphabet.
type wireEnvelope struct {
	Payload     string          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []wireSignature `json:"signatures"`

	content []byte // that the payload stands for, where it is at hand; see OpenParts
}

type wireSignature struct {
	Sig   string `json:"sig"`
	KeyID string `json:"keyid"`
}

func (w *wireEnvelope) decode() (*label.Envelope, error) {
	if w.PayloadType != label.PayloadType {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "payloadType", "is %q, must be %q", w.PayloadType, label.PayloadType)
	}
	e := &label.Envelope{PayloadType: w.PayloadType, Payload: w.content}
	if w.content == nil {
		var err error
		if e.Payload, err = decode64("payload", w.Payload); err != nil {
			return nil, err
		}
	}
	switch n := len(w.Signatures); {
	case n == 0:
		return nil, label.Errorf(label.Invalid, label.ReasonMissing, "signatures", "the envelope has no signature")
	case n > label.MaxSignatures:
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "signatures", "has %d signatures, at most %d are accepted", n, label.MaxSignatures)
	}
	for _, s := range w.Signatures {
		sig, err := decode64("signatures.sig", s.Sig)
		if err != nil {
			return nil, err
		}
		e.Signatures = append(e.Signatures, label.Signature{KeyID: s.KeyID, Sig: sig})
	}
	return e, nil
}

// decode64 reads padded base64 of the standard or the URL alphabet, both of
// which DSSE requires its readers to take.
func decode64(field, s string) ([]byte, error) {
	enc := base64.StdEncoding
	if strings.Contains(s, "-") || strings.Contains(s, "_") { // one by one is quicker, and payloads are long
		enc = base64.URLEncoding
	}
	b, err := enc.Strict().DecodeString(s)
	if err != nil || len(b) == 0 {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, field, "is not padded base64 of at least one byte")
	}
	return b, nil
}

// bundle is a Sigstore bundle v0.3, as much of it as we read. It is JSON of a
// protobuf message, in which a member that is null is absent.
type bundle struct {
	MediaType string        `json:"mediaType"`
	Material  material      `json:"verificationMaterial"`
	Envelope  *wireEnvelope `json:"dsseEnvelope"`
	Message   label.JSON    `json:"messageSignature"`
}

type material struct {
	PublicKey   *publicKeyRef `json:"publicKey,omitempty"`
	Certificate label.JSON    `json:"certificate,omitempty"`
	Chain       label.JSON    `json:"x509CertificateChain,omitempty"`
}

type publicKeyRef struct {
	Hint string `json:"hint"`
}

func (b *bundle) check() error {
	switch {
	case !isBundleType(b.MediaType):
		return label.Errorf(label.Invalid, label.ReasonUnknownType, "mediaType", "is %q, must be %q", b.MediaType, label.BundleType)
	case present(b.Message):
		return label.Errorf(label.Invalid, label.ReasonUnknownType, "messageSignature",
			"the bundle signs a bare message; sign a statement with \"cosign attest-blob\" or \"labelctl attest\"")
	case present(b.Material.Certificate) || present(b.Material.Chain):
		return label.Errorf(label.Invalid, label.ReasonUnknownType, "verificationMaterial",
			"the bundle is signed with a certificate; sign with an enrolled key (cosign --key)")
	case b.Material.PublicKey == nil:
		return label.Errorf(label.Invalid, label.ReasonMissing, "verificationMaterial.publicKey", "is required")
	case b.Envelope == nil:
		return label.Errorf(label.Invalid, label.ReasonMissing, "dsseEnvelope", "is required")
	}
	return nil
}

// olderBundleType is how bundles say what they are that were written before
// version 0.3 got a media type of its own, with the version as a parameter.
const olderBundleType = "application/vnd.dev.sigstore.bundle+json"

// isBundleType reports whether a media type is that of bundles v0.3, in either
// of its two spellings.
func isBundleType(s string) bool {
	if s == label.BundleType {
		return true // as nearly all do
	}
	name, params, err := mime.ParseMediaType(s)
	if err != nil {
		return false
	}
	version, versioned := params["version"]
	if name == olderBundleType {
		return version == "0.3"
	}
	return name == label.BundleType && (!versioned || version == "0.3")
}

// present reports whether a member is there and not null.
func present(v label.JSON) bool { return v != nil && v.Kind() != 'n' }

// hintOf returns the hint under which cosign names the key of an ID.
func hintOf(keyID string) string {
	raw, err := hex.DecodeString(keyID)
	if err != nil {
		return keyID
	}
	return base64.StdEncoding.EncodeToString(raw)
}

// idOfHint is the inverse of hintOf, and empty for a hint of another form.
func idOfHint(hint string) string {
	if len(hint) == 64 && strings.Trim(hint, "0123456789abcdef") == "" {
		return hint
	}
	raw, err := base64.StdEncoding.DecodeString(hint)
	if err != nil || len(raw) != 32 {
		return ""
	}
	return hex.EncodeToString(raw)
}
