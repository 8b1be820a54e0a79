// Package issue holds the authority's private keys behind a few verbs: issue a
// label, say what happened to one, record an accreditation, sign a checkpoint.
// Nothing else in labeld can sign in the authority's name.
//
// A label is made from a scheme.Grant, which only a decision gives. Before the
// real key is touched the finished statement is sealed under a key that was
// made at start and trusted by nobody, and put through the very verification
// that others will run (package verify): what would not verify is never signed.
// The result, a [Signed], can be made only here.
//
// Signing needs no lock and no transaction. A signature that is then not
// committed never leaves the process.
package issue

import (
	"fmt"
	"io"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/statuslist"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// An Issuer signs in the authority's name.
type Issuer struct {
	authority label.Party
	signer    *envelope.Signer
	lint      *envelope.Signer // a throwaway key, for the linter
	log       *translog.Signer
	url       func(label.ID) string
	random    io.Reader
}

// New returns an issuer. The label key signs labels and accreditations, the log
// key checkpoints; url gives the public URL of a label.
func New(authority label.Party, labelKey *envelope.Signer, logKey *translog.Signer, url func(label.ID) string, random io.Reader) *Issuer {
	return &Issuer{authority: authority, signer: labelKey, lint: envelope.NewThrowaway(), log: logKey, url: url, random: random}
}

// A Signed is a statement of the authority, signed and not yet committed.
type Signed struct {
	Envelope *label.Envelope
	Leaf     []byte       // what the log records
	Label    *label.Label // nil but for a label
}

// Label issues a label for a grant to the device whose canonical descriptor is
// given.
func (i *Issuer) Label(g *scheme.Grant, device []byte, maker label.Party) (*Signed, error) {
	id, err := label.NewID(i.random)
	if err != nil {
		return nil, fmt.Errorf("drawing a label ID: %w", err)
	}
	l := &label.Label{ID: id, URL: i.url(id), Authority: i.authority, Maker: maker}
	if err := g.Fill(l); err != nil {
		return nil, err
	}
	payload, err := label.EncodeStatement("device.json", g.Subject(), label.TypeLabel, l)
	if err != nil {
		return nil, err
	}
	if err := i.check(payload, device); err != nil {
		return nil, fmt.Errorf("the label would not verify and was not signed: %w", err)
	}
	s, err := i.seal(payload)
	if err != nil {
		return nil, err
	}
	s.Label = l
	return s, nil
}

// check seals a label statement under the throwaway key and verifies it as
// anybody else would.
func (i *Issuer) check(payload, device []byte) error {
	u, err := i.draft(payload)
	if err != nil {
		return err
	}
	_, _, err = verify.Statement(u, device, []*envelope.PublicKey{i.lint.Public})
	return err
}

// draft seals a statement under the throwaway key.
func (i *Issuer) draft(payload []byte) (*envelope.Unverified, error) {
	env, err := i.lint.SealPayload(payload)
	if err != nil {
		return nil, err
	}
	return envelope.OpenEnvelope(env)
}

// seal signs with the real key and holds the result to the log's limit.
func (i *Issuer) seal(payload []byte) (*Signed, error) {
	env, err := i.signer.SealPayload(payload)
	if err != nil {
		// The key's failure, and no fault of what was to be signed.
		return nil, label.Errorf(label.Unavailable, label.ReasonSigner, "", "the label key cannot sign now: %v", err)
	}
	leaf, err := env.Encode()
	if err != nil {
		return nil, err
	}
	if len(leaf) > label.MaxLogged {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "statement",
			"would be a log entry of %d bytes, at most %d are allowed; shorten the texts of the declaration", len(leaf), label.MaxLogged)
	}
	return &Signed{Envelope: env, Leaf: leaf}, nil
}

// Accreditation signs what a lab may test. Its subject is the lab: the SHA-256
// of the organization ID.
func (i *Issuer) Accreditation(a *label.Accreditation, now time.Time) (*Signed, error) {
	a.Recorded = now.UTC().Truncate(time.Second)
	payload, err := label.EncodeStatement(a.Lab.ID, label.DigestOf([]byte(a.Lab.ID)), label.TypeAccreditation, a)
	if err != nil {
		return nil, err
	}
	return i.seal(payload)
}

// Status signs what happened to a label of the device with a digest. Like a
// label it goes through the verification of others first.
func (i *Issuer) Status(st *label.Status, device label.Digest) (*Signed, error) {
	st.Authority = i.authority
	payload, err := label.EncodeStatement("device.json", device, label.TypeStatus, st)
	if err != nil {
		return nil, err
	}
	u, err := i.draft(payload)
	if err == nil {
		_, err = verify.Status(u, device, []*envelope.PublicKey{i.lint.Public})
	}
	if err != nil {
		return nil, fmt.Errorf("the status would not verify and was not signed: %w", err)
	}
	return i.seal(payload)
}

// StatusList signs a status list, to be served at a URL.
func (i *Issuer) StatusList(l *statuslist.List, url string, now time.Time, life, ttl time.Duration) ([]byte, error) {
	return statuslist.Sign(l, i.signer, url, now, life, ttl)
}

// Checkpoint signs a head of the log, and when it was the head.
func (i *Issuer) Checkpoint(tree translog.Tree, at time.Time) ([]byte, error) {
	return i.log.Head(tree, at)
}

// URL returns the public URL of a label.
func (i *Issuer) URL(id label.ID) string { return i.url(id) }

// Public returns the key that signs labels.
func (i *Issuer) Public() *envelope.PublicKey { return i.signer.Public }

// Authority returns in whose name the issuer signs.
func (i *Issuer) Authority() label.Party { return i.authority }
