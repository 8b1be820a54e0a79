// Package issue holds the authority's private keys behind a few verbs: issue a
// label, say what happened to one, record an accreditation, sign a checkpoint
// or the tally of histories.
// Nothing else in labeld can sign in the authority's name.
//
// A statement is prepared first: an [Unsigned], which takes no key and little time.
// [Issuer.Sign] makes a [Signed] of it, which can be made only here. A label is made
// from a scheme.Grant, which only a decision gives. Before the real key is touched the
// finished statement is sealed under a key that was made at start and trusted by
// nobody, and put through the very verification that others will run (package verify):
// what would not verify is never signed.
//
// The key may be slow: one in a KMS takes tens of milliseconds. So nobody signs who
// holds a lock or a transaction. A signature that is then not committed never leaves
// the process.
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
// key checkpoints and tallies; url gives the public URL of a label.
func New(authority label.Party, labelKey *envelope.Signer, logKey *translog.Signer, url func(label.ID) string, random io.Reader) *Issuer {
	return &Issuer{authority: authority, signer: labelKey, lint: envelope.NewThrowaway(), log: logKey, url: url, random: random}
}

// A Signed is a statement of the authority, signed and not yet committed.
type Signed struct {
	Envelope *label.Envelope
	Leaf     []byte       // what the log records
	Label    *label.Label // nil but for a label
}

// An Unsigned is a statement of the authority as it will be signed.
type Unsigned struct {
	payload []byte
	private bool                             // it is not for the log
	lint    func(*envelope.Unverified) error // what others will do with it
	label   *label.Label                     // nil but for a label
}

// ID names the statement by all that it says: its SHA-256.
func (u *Unsigned) ID() label.Digest { return label.DigestOf(u.payload) }

// Draft returns the statement as it will look when it is signed, but for the signature:
// whoever prepares what is recorded with it goes on with that. It verifies nowhere.
func (i *Issuer) Draft(u *Unsigned) *Signed {
	return &Signed{Label: u.label, Envelope: &label.Envelope{
		PayloadType: label.PayloadType, Payload: u.payload, Signatures: []label.Signature{{KeyID: i.signer.Public.ID}},
	}}
}

// Sign signs a statement, unless it would not verify.
func (i *Issuer) Sign(u *Unsigned) (*Signed, error) {
	draft, err := i.lint.SealPayload(u.payload)
	if err != nil {
		return nil, err
	}
	unverified, err := envelope.OpenEnvelope(draft)
	if err == nil {
		err = u.lint(unverified)
	}
	if err != nil {
		return nil, fmt.Errorf("the statement would not verify and was not signed: %w", err)
	}
	env, err := i.signer.SealPayload(u.payload)
	if err != nil {
		// The key's failure, and no fault of what was to be signed.
		return nil, label.Errorf(label.Unavailable, label.ReasonSigner, "", "the label key cannot sign now: %v", err)
	}
	leaf, err := env.Encode()
	if err != nil {
		return nil, err
	}
	if !u.private && len(leaf) > label.MaxLogged {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "statement",
			"would be a log entry of %d bytes, at most %d are allowed; shorten the texts of the declaration", len(leaf), label.MaxLogged)
	}
	return &Signed{Envelope: env, Leaf: leaf, Label: u.label}, nil
}

// aboutDevice is the name of the subject of statements about a device.
const aboutDevice = "device.json"

// Label prepares a label for a grant to the device whose canonical descriptor is given.
func (i *Issuer) Label(g *scheme.Grant, device []byte, maker label.Party) (*Unsigned, error) {
	id, err := label.NewID(i.random)
	if err != nil {
		return nil, fmt.Errorf("drawing a label ID: %w", err)
	}
	l := &label.Label{ID: id, URL: i.url(id), Log: i.log.Name(), Authority: i.authority, Maker: maker}
	if err := g.Fill(l); err != nil {
		return nil, err
	}
	payload, err := label.EncodeStatement(aboutDevice, g.Subject(), label.TypeLabel, l)
	if err != nil {
		return nil, err
	}
	return &Unsigned{payload: payload, label: l, lint: func(u *envelope.Unverified) error {
		read, _, err := verify.Statement(u, device, []*envelope.PublicKey{i.lint.Public})
		if err != nil {
			return err
		}
		return readsAs(i, u, l, read)
	}}, nil
}

// Accreditation prepares what a lab may test, as it is recorded at an instant. Its
// subject is the lab: the SHA-256 of the organization ID.
func (i *Issuer) Accreditation(a *label.Accreditation, now time.Time) (*Unsigned, error) {
	a.Order()
	a.Authority, a.Recorded = i.authority, now.UTC().Truncate(time.Second)
	return prepare(i, a.Lab.ID, label.DigestOf([]byte(a.Lab.ID)), label.TypeAccreditation, a)
}

// Status prepares what happened to a label of the device with a digest.
func (i *Issuer) Status(st *label.Status, device label.Digest) (*Unsigned, error) {
	st.Authority = i.authority
	payload, err := label.EncodeStatement(aboutDevice, device, label.TypeStatus, st)
	if err != nil {
		return nil, err
	}
	return &Unsigned{payload: payload, lint: func(u *envelope.Unverified) error {
		read, _, err := verify.Status(u, device, []*envelope.PublicKey{i.lint.Public})
		if err != nil {
			return err
		}
		return readsAs(i, u, st, read)
	}}, nil
}

// StatusList signs a status list, to be served at a URL.
func (i *Issuer) StatusList(l *statuslist.List, url string, now time.Time, life, ttl time.Duration) ([]byte, error) {
	return statuslist.Sign(l, i.signer, url, now, life, ttl)
}

// Checkpoint signs a head of the log, and when it was the head.
func (i *Issuer) Checkpoint(tree translog.Tree, at time.Time) ([]byte, error) {
	return i.log.Head(tree, at)
}

// Histories signs the tally of all histories, and when it was made.
func (i *Issuer) Histories(head translog.Tree, at time.Time) ([]byte, error) {
	s, err := i.log.Named(verify.HistoriesOrigin(i.log.Name()))
	if err != nil {
		return nil, err
	}
	return s.Head(head, at)
}

// URL returns the public URL of a label.
func (i *Issuer) URL(id label.ID) string { return i.url(id) }

// Public returns the key that signs labels.
func (i *Issuer) Public() *envelope.PublicKey { return i.signer.Public }

// Authority returns in whose name the issuer signs.
func (i *Issuer) Authority() label.Party { return i.authority }
