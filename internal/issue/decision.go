package issue

import (
	"reflect"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/surveillance"
)

// Decision prepares a refusal about the device with a digest. It is not for the log.
func (i *Issuer) Decision(d *label.Decision, device label.Digest) (*Unsigned, error) {
	d.Authority = i.authority
	u, err := prepare(i, aboutDevice, device, label.TypeDecision, d)
	if err == nil {
		u.private = true
	}
	return u, err
}

// Ruling prepares what became of an appeal, about the device with a digest. It is
// for the log when a label rests on it.
func (i *Issuer) Ruling(r *label.Ruling, device label.Digest) (*Unsigned, error) {
	r.Authority = i.authority
	return prepare(i, aboutDevice, device, label.TypeRuling, r)
}

// Assignment prepares whose a trade item number is. Its subject is the number.
func (i *Issuer) Assignment(a *label.Assignment) (*Unsigned, error) {
	a.Authority = i.authority
	return prepare(i, string(a.GTIN), label.DigestOf([]byte(a.GTIN)), label.TypeAssignment, a)
}

// SchemeVersion prepares which version of a scheme devices are judged by. Its subject
// is the scheme's file.
func (i *Issuer) SchemeVersion(s *label.SchemeVersion) (*Unsigned, error) {
	s.Authority = i.authority
	return prepare(i, "schemes/"+s.Scheme.ID+"/"+s.Scheme.Version+".yaml", s.Scheme.SHA256, label.TypeSchemeVersion, s)
}

// AuditHead prepares what the audit trail has come to. Its subject is the root of the
// trail's tree.
func (i *Issuer) AuditHead(h *label.AuditHead) (*Unsigned, error) {
	h.Authority = i.authority
	return prepare(i, "audit-trail", h.Root, label.TypeAuditHead, h)
}

// Plan prepares the announcement of a draw for surveillance.
func (i *Issuer) Plan(a *surveillance.Announcement) (*Unsigned, error) {
	a.Authority = i.authority
	a.Log = i.log.Name()
	return prepare(i, a.ID, label.DigestOf([]byte(a.ID)), label.TypeSurveillancePlan, a)
}

// Draw prepares what was drawn.
func (i *Issuer) Draw(r *surveillance.Result) (*Unsigned, error) {
	r.Authority = i.authority
	r.Log = i.log.Name()
	return prepare(i, r.Plan, label.DigestOf([]byte(r.Plan)), label.TypeSurveillanceDraw, r)
}

// prepare makes a statement whose predicate can be read as others will read it.
func prepare[T any, P interface {
	*T
	Validate() error
}](i *Issuer, name string, subject label.Digest, predicateType string, p P) (*Unsigned, error) {
	payload, err := label.EncodeStatement(name, subject, predicateType, p)
	if err != nil {
		return nil, err
	}
	return &Unsigned{payload: payload, lint: func(u *envelope.Unverified) error { return reads[T, P](i, u) }}, nil
}

// reads returns why others will not read a predicate, or could read it in two ways.
func reads[T any, P interface {
	*T
	Validate() error
}](i *Issuer, u *envelope.Unverified) error {
	v, err := u.Verify([]*envelope.PublicKey{i.lint.Public})
	if err == nil {
		_, err = envelope.Submitted[T, P](v)
	}
	return err
}

// readsAs is reads of a statement that was verified and read already: where that gives
// what was meant, which was encoded as we do, nothing in it can be read in two ways.
func readsAs[T any, P interface {
	*T
	Validate() error
}](i *Issuer, u *envelope.Unverified, meant, read P) error {
	if reflect.DeepEqual(read, meant) {
		return nil
	}
	return reads[T, P](i, u)
}

// Quorum prepares what is so of the quorum. Its subject is the authority's organization.
func (i *Issuer) Quorum(q *label.Quorum) (*Unsigned, error) {
	q.Authority = i.authority
	return prepare(i, q.Authority.ID, label.DigestOf([]byte(q.Authority.ID)), label.TypeQuorum, q)
}
