package envelope

import (
	"cmp"
	"crypto/rand"
	"encoding/base64"
	"iter"
	"slices"

	"labeld/internal/label"
)

// An Unverified is a statement that parses. Nothing in it may be believed.
type Unverified struct {
	raw  []byte
	env  *label.Envelope
	hint string // key ID hinted by the bundle, or empty
	stmt label.Statement
	id   label.Digest
}

// Open parses a bare DSSE envelope or a Sigstore bundle and the in-toto
// Statement inside. It keeps raw; the caller must not change it.
func Open(raw []byte) (*Unverified, error) {
	if err := checkSize(len(raw)); err != nil {
		return nil, err
	}
	w, hint, err := parse(raw)
	if err != nil {
		return nil, err
	}
	u, err := w.open(hint)
	if err != nil {
		return nil, err
	}
	u.raw = raw
	return u, nil
}

func checkSize(n int) error {
	if n > label.MaxStatement {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "statement",
			"is %d bytes, at most %d are accepted", n, label.MaxStatement)
	}
	return nil
}

// hole stands in place of a payload that is at hand without its base64. Nobody outside
// of this process knows it, so that a text which says it in another place is none.
var hole = rand.Text()

// OpenParts is [Open] of the bytes before, the standard base64 of content, and after,
// for whoever has content as such: as base64 in JSON it would be encoded, scanned and
// decoded again, to be the same. What comes of it has no raw bytes.
func OpenParts(before, content, after []byte) (*Unverified, error) {
	encoded := base64.StdEncoding.EncodedLen(len(content))
	if err := checkSize(len(before) + encoded + len(after)); err != nil {
		return nil, err
	}
	w, hint, err := parse(slices.Concat(before, []byte(hole), after))
	if err == nil && w.Payload == hole && len(content) > 0 {
		w.content = content
		return w.open(hint)
	}
	// The content is elsewhere, or the text is no envelope: that is told as of any other.
	u, err := Open(slices.Concat(before, base64.StdEncoding.AppendEncode(nil, content), after))
	if err != nil {
		return nil, err
	}
	u.raw = nil
	return u, nil
}

func (w *wireEnvelope) open(hint string) (*Unverified, error) {
	env, err := w.decode()
	if err != nil {
		return nil, err
	}
	u, err := OpenEnvelope(env)
	if err != nil {
		return nil, err
	}
	u.hint = hint
	return u, nil
}

// OpenEnvelope is [Open] for an envelope that is at hand as such. What comes of
// it has no raw bytes.
func OpenEnvelope(env *label.Envelope) (*Unverified, error) {
	stmt, err := parseStatement(env.Payload)
	if err != nil {
		return nil, err
	}
	return &Unverified{env: env, id: label.DigestOf(env.Payload), stmt: stmt}, nil
}

// parse reads either form of a signed statement. Hint is the ID of a key that a
// bundle names, or empty.
func parse(raw []byte) (w *wireEnvelope, hint string, err error) {
	// One pass over both forms: their member names do not overlap.
	var both struct {
		bundle
		wireEnvelope
	}
	if err := label.DecodeLoose(raw, &both); err != nil {
		return nil, "", err
	}
	if both.MediaType == "" {
		if both.wireEnvelope.PayloadType == "" {
			return nil, "", label.Errorf(label.Invalid, label.ReasonUnknownType, "",
				"is neither a DSSE envelope (payloadType) nor a Sigstore bundle (mediaType)")
		}
		return &both.wireEnvelope, "", nil
	}
	if err := both.bundle.check(); err != nil {
		return nil, "", err
	}
	return both.bundle.Envelope, idOfHint(both.Material.PublicKey.Hint), nil
}

// parseStatement reads an in-toto Statement v0.1 or v1.
func parseStatement(payload []byte) (s label.Statement, err error) {
	if err := label.DecodeLoose(payload, &s); err != nil {
		return s, err
	}
	switch {
	case s.Type != label.StatementV1 && s.Type != label.StatementV01:
		return s, label.Errorf(label.Invalid, label.ReasonUnknownType, "_type", "is %q, must be an in-toto Statement v0.1 or v1", s.Type)
	case len(s.Subject) == 0:
		return s, label.Errorf(label.Invalid, label.ReasonMissing, "subject", "the statement is about nothing")
	case len(s.Subject) > label.MaxSubjects:
		return s, label.Errorf(label.TooLarge, label.ReasonTooLarge, "subject", "has %d subjects, at most %d are accepted", len(s.Subject), label.MaxSubjects)
	case s.PredicateType == "":
		return s, label.Errorf(label.Invalid, label.ReasonMissing, "predicateType", "is required")
	case s.Predicate == nil || s.Predicate.Kind() != '{':
		return s, label.Errorf(label.Invalid, label.ReasonMissing, "predicate", "must be an object")
	}
	for _, sub := range s.Subject {
		if !hasDigest(&sub) {
			return s, label.Errorf(label.Invalid, label.ReasonMissing, "subject.digest", "every subject needs a digest")
		}
	}
	return s, nil
}

// hasDigest reports whether a subject has a digest: one that is null is absent.
func hasDigest(s *label.Subject) bool {
	for _, d := range s.Digest {
		if d != "" {
			return true
		}
	}
	return false
}

// ID returns the SHA-256 of the payload, by which the statement is known.
func (u *Unverified) ID() label.Digest { return u.id }

// Envelope returns the envelope.
func (u *Unverified) Envelope() *label.Envelope { return u.env }

// PredicateType returns what the statement claims to be.
func (u *Unverified) PredicateType() string { return u.stmt.PredicateType }

// Hints returns the IDs of keys that the envelope claims to be signed by.
func (u *Unverified) Hints() []string {
	var ids []string
	for _, h := range append([]string{u.hint}, keyIDs(u.env)...) {
		if id := idOfHint(h); id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func keyIDs(e *label.Envelope) (ids []string) {
	for _, s := range e.Signatures {
		ids = append(ids, s.KeyID)
	}
	return ids
}

// Claimed returns the organization in whose name the statement claims to
// speak, or "" where statements of its type name nobody: an event may name a
// lab as well, but that is whom it is about.
func (u *Unverified) Claimed() string {
	kind, err := label.PredicateOf(u.stmt.PredicateType)
	if err != nil || kind.Speaker == "" {
		return ""
	}
	var s string
	if name, err := label.Member(u.stmt.Predicate, kind.Speaker); err != nil || name == nil || label.Decode(name, &s) != nil {
		return ""
	}
	return s
}

// Signers yields the statement as verified by each of keys that made one of its
// signatures, in the order of keys. A key is tried when its turn comes, so that
// whoever has seen enough pays for no more.
func (u *Unverified) Signers(keys []*PublicKey) iter.Seq[*Verified] {
	return func(yield func(*Verified) bool) {
		msg := pae(u.env)
		for _, k := range keys {
			signed := slices.ContainsFunc(u.env.Signatures, func(s label.Signature) bool { return k.verify(msg, s.Sig) })
			if signed && !yield(&Verified{raw: u.raw, env: u.env, id: u.id, stmt: u.stmt, key: k.ID}) {
				return
			}
		}
	}
}

// Verify returns the statement as verified by the first of keys that made one
// of its signatures. It is for callers to whom all of their keys are alike;
// others choose among the [Unverified.Signers].
func (u *Unverified) Verify(keys []*PublicKey) (*Verified, error) {
	for v := range u.Signers(keys) {
		return v, nil
	}
	if len(keys) == 0 {
		return nil, label.Errorf(label.Denied, label.ReasonUnknownKey, "signatures",
			"no enrolled key is named by this statement; enrol the signer's key, or sign with the one that is enrolled")
	}
	return nil, label.Errorf(label.Denied, label.ReasonBadSignature, "signatures",
		"none of the signatures was made by the enrolled key it names over this payload; the statement was changed after signing, or signed with another key")
}

// A Verified is a statement with one key of the caller's choice that made one
// of its signatures. Only an [Unverified] makes one.
type Verified struct {
	raw  []byte
	env  *label.Envelope
	id   label.Digest
	stmt label.Statement
	key  string
}

// Payload returns the bytes that were signed.
func (v *Verified) Payload() []byte { return v.env.Payload }

// Raw returns the signed bytes as they came.
func (v *Verified) Raw() []byte { return v.raw }

// ID returns the SHA-256 of the payload.
func (v *Verified) ID() label.Digest { return v.id }

// KeyID returns the key that verified the statement.
func (v *Verified) KeyID() string { return v.key }

// PredicateType returns what the statement is.
func (v *Verified) PredicateType() string { return v.stmt.PredicateType }

// Subjects returns the SHA-256 digests of the statement's subjects.
func (v *Verified) Subjects() []label.Digest {
	var ds []label.Digest
	for _, s := range v.stmt.Subject {
		if d, err := label.ParseDigest(s.Digest["sha256"]); err == nil {
			ds = append(ds, d)
		}
	}
	return ds
}

// Predicate decodes the predicate of a verified statement, strictly, and
// validates it.
func Predicate[T any, P interface {
	*T
	Validate() error
}](v *Verified) (*T, error) {
	p := P(new(T))
	if err := label.DecodeSigned(v.stmt.Predicate, p); err != nil {
		return nil, inPredicate(err)
	}
	if err := p.Validate(); err != nil {
		return nil, inPredicate(err)
	}
	return (*T)(p), nil
}

// Submitted is [Predicate] of a statement that comes in, or is about to be signed: it has
// to leave out what says nothing ([label.CheckLeftOut]).
func Submitted[T any, P interface {
	*T
	Validate() error
}](v *Verified) (*T, error) {
	p, err := Predicate[T, P](v)
	if err != nil {
		return nil, err
	}
	if err := label.CheckLeftOut(v.stmt.Predicate, p); err != nil {
		return nil, inPredicate(err)
	}
	return p, nil
}

// Recorded is [Predicate] of a request that is on record. Those that were signed before
// requests named the authority that they are made to are read as well.
func Recorded[T any, P interface {
	*T
	label.Request
}](v *Verified) (*T, error) {
	p := P(new(T))
	if err := label.DecodeSigned(v.stmt.Predicate, p); err != nil {
		return nil, inPredicate(err)
	}
	to := p.MadeTo()
	p.Address(cmp.Or(to, "of before"))
	if err := p.Validate(); err != nil {
		return nil, inPredicate(err)
	}
	p.Address(to)
	return (*T)(p), nil
}

// SubmittedReport is [Submitted] of a test report. One of a former type is read as well:
// why it is not accepted is said by who knows what took its place.
func SubmittedReport(v *Verified) (*label.TestReport, error) {
	if v.stmt.PredicateType != label.TypeTestReport {
		return Report(v)
	}
	return Submitted[label.TestReport](v)
}

// Report decodes a test report, of the present type or of a former one.
func Report(v *Verified) (*label.TestReport, error) {
	if v.stmt.PredicateType != label.TypeTestReportV1 {
		return Predicate[label.TestReport](v)
	}
	r, err := Predicate[label.TestReportV1](v)
	if err != nil {
		return nil, err
	}
	return r.Current(), nil
}

// Accreditation decodes an accreditation, of the present type or of a former one.
func Accreditation(v *Verified) (*label.Accreditation, error) {
	if v.stmt.PredicateType != label.TypeAccreditationV1 {
		return Predicate[label.Accreditation](v)
	}
	a, err := Predicate[label.AccreditationV1](v)
	if err != nil {
		return nil, err
	}
	return a.Current(), nil
}

// Status decodes a status, of the present type or of the former one.
func Status(v *Verified) (*label.Status, error) {
	if v.stmt.PredicateType != label.TypeStatusV1 {
		return Predicate[label.Status](v)
	}
	s, err := Predicate[label.StatusV1](v)
	if err != nil {
		return nil, err
	}
	return s.Current()
}

// inPredicate says that an error's field lies in the predicate.
func inPredicate(err error) error { return label.Within("predicate", err) }
