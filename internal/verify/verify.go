package verify

import (
	"cmp"
	"fmt"
	"reflect"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/translog"
)

// A Package is everything that offline verification of one label needs.
type Package struct {
	Type     string     `json:"type"`
	Bundle   label.JSON `json:"bundle"`
	Device   string     `json:"device"`
	Proof    string     `json:"proof"`
	Statuses []Logged   `json:"statuses,omitempty"` // all that happened to the label, by number
}

// Logged is a signed statement with the proof that the log has it.
type Logged struct {
	Bundle label.JSON `json:"bundle"`
	Proof  string     `json:"proof"`
}

// NewPackage puts a package together.
func NewPackage(bundle, device, proof []byte, statuses []Logged) ([]byte, error) {
	return label.Encode(&Package{Type: label.TypePackage, Bundle: bundle, Device: string(device), Proof: string(proof), Statuses: statuses})
}

// ParsePackage reads a package. Nothing in it is believed yet.
func ParsePackage(b []byte) (*Package, error) {
	if len(b) > label.MaxMessage {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "package", "is %d bytes, at most %d are accepted", len(b), label.MaxMessage)
	}
	var p Package
	if err := label.Decode(b, &p); err != nil {
		return nil, label.Within("package", err)
	}
	if p.Type != label.TypePackage {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "package.type", "is %q, must be %q", p.Type, label.TypePackage)
	}
	return &p, nil
}

// A Check is one thing that was checked and holds.
type Check struct {
	Name string `json:"name"`
	Says string `json:"says"`
}

// A Result is what verification came to.
type Result struct {
	label.History
	label.Standing
	Index  int64               `json:"logIndex"` // log entry of the label
	Tree   int64               `json:"logSize"`  // of the head that the proofs lead to
	Fresh  time.Time           `json:"fresh"`    // when that was the log's head; what came later is not in the package
	Checks []Check             `json:"checks"`   // what was checked, and holds
	head   translog.Checkpoint // what the proof is to
}

// Checkpoint returns the log head that the inclusion proof leads to.
func (r *Result) Checkpoint() translog.Checkpoint { return r.head }

// Verify checks a package and says how the label stood at an instant. A package
// that does not verify, or is too old to tell, gives an [label.Error]; a label
// that is genuine but expired or suspended gives a result that says so.
//
// A package is as complete as whoever made it. It cannot hide a statement in
// the middle of a history, whose numbers have no gaps, but it can leave out the
// last ones: [Trust.CheckList] finds that.
func (t *Trust) Verify(pkg []byte, at time.Time) (*Result, error) {
	p, err := ParsePackage(pkg)
	if err != nil {
		return nil, err
	}
	l, key, u, err := t.label(p.Bundle, []byte(p.Device))
	if err != nil {
		return nil, err
	}
	r := &Result{History: label.History{Label: l}}
	r.say("signature", "label key %.16s of %s signed the label statement", key, t.Authority.Name)
	r.say("statement", "label %s, level %d of %d in %s version %s, issued %s", l.ID.Pretty(), l.Level.Number, l.Level.Of, l.Scheme.Name, l.Scheme.Version, l.Issued.Format(time.DateOnly))
	r.say("device", "%s (model %s), SHA-256 %s", l.Device.Name, l.Device.Model, label.DigestOf([]byte(p.Device)))
	proof, err := translog.ParseProof([]byte(p.Proof))
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonMalformed, "proof", "%v", err)
	}
	if r.head, err = t.logged(u.Envelope(), proof); err != nil {
		return nil, err
	}
	r.Index, r.Tree = proof.Index, r.head.Tree.N
	r.say("log", "entry %d of %d in the transparency log %s", r.Index, r.Tree, t.Log.Origin)
	if err := t.history(r, p); err != nil {
		return nil, err
	}
	if r.Fresh, err = t.SignedAt(proof.Checkpoint); err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonBadSignature, "proof", "the log head does not say when it was signed: %v", err)
	}
	r.Seen = r.Fresh // that head has all of the history
	r.Standing = r.StandingAt(at.UTC().Truncate(time.Second))
	// What has ended cannot come back, however old the news of it.
	if limit := t.Freshness.Package(); r.State.Live() && at.Sub(r.Fresh) > limit {
		return nil, label.Errorf(label.Precondition, label.ReasonStale, "package",
			"shows the log as it was on %s, and what is known by then may be %s old at most; fetch the package again, or ask how the label stood then (--at %s)",
			r.Fresh.Format(time.RFC3339), days(limit), r.Fresh.Format(time.RFC3339))
	}
	r.say("history", "%s, complete up to %s", plural(len(r.Statuses), "statement"), r.Fresh.Format(time.RFC3339))
	return r, nil
}

// history checks the statements about what happened to the label.
func (t *Trust) history(r *Result, p *Package) error {
	if len(p.Statuses) > label.MaxStatuses {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "statuses", "are %d, at most %d are possible", len(p.Statuses), label.MaxStatuses)
	}
	last := r.Index
	for i, s := range p.Statuses {
		field := fmt.Sprintf("statuses[%d]", i)
		u, err := envelope.Open(s.Bundle)
		if err != nil {
			return label.Within(field, err)
		}
		st, err := Status(u, label.DigestOf([]byte(p.Device)), t.keys)
		if err != nil {
			return label.Within(field, err)
		}
		proof, err := translog.ParseProof([]byte(s.Proof))
		if err != nil {
			return label.Errorf(label.Invalid, label.ReasonMalformed, field+".proof", "%v", err)
		}
		head, err := t.logged(u.Envelope(), proof)
		if err != nil {
			return label.Within(field, err)
		}
		if head != r.head || proof.Index <= last {
			return label.Errorf(label.Invalid, label.ReasonOutOfRange, field+".proof", "must lead to the same log head as the label's, from a later entry than what precedes it")
		}
		last = proof.Index
		r.Statuses = append(r.Statuses, st)
	}
	return label.CheckHistory(r.Label, r.Statuses)
}

// Status checks the signature under a status statement and what it says.
func Status(u *envelope.Unverified, device label.Digest, keys []*envelope.PublicKey) (*label.Status, error) {
	v, err := u.Verify(keys)
	if err != nil {
		return nil, label.Errorf(label.Invalid, label.ReasonBadSignature, "bundle",
			"no trusted label key made this signature over these bytes; the statement was changed or is not of this authority")
	}
	if v.PredicateType() != label.TypeStatus {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "bundle", "the statement is a %s, not a status", v.PredicateType())
	}
	s, err := envelope.Predicate[label.Status](v)
	if err != nil {
		return nil, label.Within("bundle", err)
	}
	if subjects := v.Subjects(); len(subjects) != 1 || subjects[0] != device {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "bundle", "the status is about another device")
	}
	return s, nil
}

func days(d time.Duration) string { return plural(int(d/(24*time.Hour)), "day") }

func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Label checks the first three points only: it returns the label that a bundle
// holds about a device.
func (t *Trust) Label(bundle, device []byte) (*label.Label, error) {
	l, _, _, err := t.label(bundle, device)
	return l, err
}

func (t *Trust) label(bundle, device []byte) (*label.Label, string, *envelope.Unverified, error) {
	u, err := envelope.Open(bundle)
	if err != nil {
		return nil, "", nil, label.Within("bundle", err)
	}
	// Of several signatures one that counts is enough: a key that was not in use
	// says nothing against another that was.
	var refusal error
	for v := range u.Signers(t.keys) {
		l, err := labelOf(v, device)
		if err == nil {
			err = t.validKey(v.KeyID(), l.Issued)
		}
		if err == nil {
			return l, v.KeyID(), u, nil
		}
		refusal = cmp.Or(refusal, err)
	}
	return nil, "", nil, cmp.Or(refusal, unsignedLabel())
}

// Statement checks the authority's signature under a statement of any type.
func (t *Trust) Statement(env *label.Envelope) (*envelope.Verified, error) {
	u, err := envelope.OpenEnvelope(env)
	if err != nil {
		return nil, err
	}
	return u.Verify(t.keys)
}

// Status checks a logged status statement about a device.
func (t *Trust) Status(env *label.Envelope, device label.Digest) (*label.Status, error) {
	u, err := envelope.OpenEnvelope(env)
	if err != nil {
		return nil, err
	}
	return Status(u, device, t.keys)
}

// logged checks the fourth point: that the log has the envelope.
func (t *Trust) logged(env *label.Envelope, proof translog.Proof) (translog.Checkpoint, error) {
	leaf, err := env.Encode()
	if err != nil {
		return translog.Checkpoint{}, err
	}
	return t.Logged(leaf, proof)
}

// Logged checks that the log has an entry, and returns the head that has it.
func (t *Trust) Logged(leaf []byte, proof translog.Proof) (translog.Checkpoint, error) {
	head, err := t.OpenCheckpoint(proof.Checkpoint)
	if err == nil {
		err = translog.VerifyInclusion(head.Tree, proof.Index, translog.LeafHash(leaf), proof.Hashes)
	}
	if err != nil {
		return head, label.Errorf(label.Invalid, label.ReasonBadSignature, "proof", "the label is not shown to be in the log %s: %v", t.Log.Origin, err)
	}
	return head, nil
}

func (r *Result) say(name, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Name: name, Says: fmt.Sprintf(format, args...)})
}

// validKey refuses a label that was issued outside its key's interval.
func (t *Trust) validKey(id string, issued time.Time) error {
	for _, k := range t.LabelKeys {
		if k.ID != id {
			continue
		}
		if issued.Before(k.From.Truncate(time.Second)) || !k.Until.IsZero() && !issued.Before(k.Until) {
			return label.Errorf(label.Invalid, label.ReasonKeyRevoked, "bundle",
				"the label says it was issued on %s, when key %.16s was not in use", issued.Format(time.RFC3339), id)
		}
		return nil
	}
	return label.Errorf(label.Invalid, label.ReasonUnknownKey, "bundle", "no trusted key signed the label")
}

// Statement checks the first three of the package's points: signature,
// statement and device. It returns the label and the key that signed it.
func Statement(u *envelope.Unverified, device []byte, keys []*envelope.PublicKey) (*label.Label, string, error) {
	v, err := u.Verify(keys)
	if err != nil {
		return nil, "", unsignedLabel()
	}
	l, err := labelOf(v, device)
	return l, v.KeyID(), err
}

func unsignedLabel() error {
	return label.Errorf(label.Invalid, label.ReasonBadSignature, "bundle",
		"no trusted label key made this signature over these bytes; the label was changed or is not of this authority")
}

// labelOf reads a label about a device from a statement of the authority.
func labelOf(v *envelope.Verified, device []byte) (*label.Label, error) {
	if v.PredicateType() != label.TypeLabel {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "bundle", "the statement is a %s, not a label", v.PredicateType())
	}
	l, err := envelope.Predicate[label.Label](v)
	if err != nil {
		return nil, label.Within("bundle", err)
	}
	dev, err := label.ParseDevice(device)
	if err != nil {
		return nil, err
	}
	subjects := v.Subjects()
	if len(subjects) != 1 || subjects[0] != label.DigestOf(device) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "device", "the label is about another device than this descriptor")
	}
	if !reflect.DeepEqual(&l.Device, dev) {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, "device", "the label describes another device than its subject")
	}
	return l, nil
}
