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

// A Check is one thing that was checked and holds.
type Check struct {
	Name string `json:"name"`
	Says string `json:"says"`
}

// A Result is what verification came to. [Result.Told] says whether it may be
// believed that the label stands as it says.
type Result struct {
	label.History // without what was omitted
	label.Standing
	Omitted  int       `json:"omitted,omitzero"`  // advises that were replaced, and that the package leaves out
	Index    int64     `json:"logIndex"`          // log entry of the label
	Tree     int64     `json:"logSize"`           // of the head that the proofs lead to
	Fresh    time.Time `json:"fresh"`             // when that was the log's head
	Complete time.Time `json:"complete,omitzero"` // until when nothing else had happened to the label; zero where that cannot be told
	Listed   time.Time `json:"listed,omitzero"`   // when the status list was made that agrees; zero without one
	Checks   []Check   `json:"checks"`            // what was checked, and holds

	Overruled *Overruling `json:"overruled,omitempty"` // by a status list, which is newer; nil without one

	statement label.Digest        // of the signed label
	head      translog.Checkpoint // what the proofs lead to
	limit     time.Duration       // how old may be what is known of a live label
}

// Statement returns the SHA-256 of the signed label, by which statuses name it.
func (r *Result) Statement() label.Digest { return r.statement }

// Checkpoint returns the log head that the inclusion proof leads to.
func (r *Result) Checkpoint() translog.Checkpoint { return r.head }

// Verify checks a package and says how the label stood at an instant. A package
// that does not verify gives an [label.Error]; a label that is genuine but
// expired or suspended gives a result that says so, and a package that is too old
// or does not show all that happened one whose [Result.Told] says so.
//
// The present is asked for apart from the instant, since what is dated after it
// is refused: see [label.MaxVerifierSkew].
func (t *Trust) Verify(pkg []byte, at, now time.Time) (*Result, error) {
	p, err := ParsePackage(pkg)
	if err != nil {
		return nil, err
	}
	l, key, u, err := t.label(p.Bundle, []byte(p.Device))
	if err != nil {
		return nil, err
	}
	r := &Result{History: label.History{Label: l}, statement: u.ID(), limit: t.Freshness.Package()}
	by := l.Authority.Name // as the key says by its signature
	if l.Authority.ID != t.Authority.ID {
		by += fmt.Sprintf(" (%s), which the trust file of %s (%s) trusts,", l.Authority.ID, t.Authority.Name, t.Authority.ID)
	}
	r.say("signature", "label key %.16s of %s signed the label statement", key, by)
	r.say("statement", "label %s, %s, in %s version %s, issued %s", l.ID.Pretty(), l.Level, l.Scheme.Name, l.Scheme.Version, l.Issued.Format(time.DateOnly))
	r.say("device", "%s (model %s), SHA-256 %s", l.Device.Name, l.Device.Model, label.DigestOf([]byte(p.Device)))
	if err := t.located(r, u.Envelope(), []byte(p.Proof), now); err != nil {
		return nil, err
	}
	r.say("log", "entry %d of %d in the transparency log %s", r.Index, r.Tree, t.Log.Origin)
	steps, err := t.history(r, p)
	if err == nil {
		err = t.complete(r, p, steps, now)
	}
	if err != nil {
		return nil, err
	}
	r.Seen = r.Fresh // that head has all of the history
	r.Standing = r.StandingAt(at.UTC().Truncate(time.Second))
	if !r.Complete.IsZero() {
		r.say("history", "%s, complete up to %s", plural(len(steps), "statement"), r.Complete.Format(time.RFC3339))
	}
	return r, nil
}

// located checks that the log has the label, and how old the proof of it is.
func (t *Trust) located(r *Result, env *label.Envelope, text []byte, now time.Time) error {
	proof, err := translog.ParseProof(text)
	if err != nil {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "proof", "%v", err)
	}
	leaf, err := env.Encode()
	if err != nil {
		return err
	}
	if r.head, err = t.Logged(leaf, proof); err != nil {
		return err
	}
	h, err := t.log.open(proof.Checkpoint)
	if err != nil {
		return err
	}
	r.Index, r.Tree = proof.Index, r.head.Tree.N
	r.Fresh, err = h.when("proof", now)
	return err
}

// Status checks the signature under a status statement and what it says. It
// returns the status and the key that signed it.
func Status(u *envelope.Unverified, device label.Digest, keys []*envelope.PublicKey) (*label.Status, string, error) {
	v, err := u.Verify(keys)
	if err != nil {
		return nil, "", unsignedStatus()
	}
	s, err := statusOf(v, device)
	return s, v.KeyID(), err
}

func unsignedStatus() error {
	return label.Errorf(label.Invalid, label.ReasonBadSignature, "bundle",
		"no trusted label key made this signature over these bytes; the statement was changed or is not of this authority")
}

// statusOf reads a status about a device from a statement of the authority.
func statusOf(v *envelope.Verified, device label.Digest) (*label.Status, error) {
	if err := label.CheckNewer("bundle", v.PredicateType(), label.TypeStatus); err != nil {
		return nil, err
	}
	if t := v.PredicateType(); t != label.TypeStatus && t != label.TypeStatusV1 {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, "bundle", "the statement is a %s, not a status", v.PredicateType())
	}
	s, err := envelope.Status(v)
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

// Entry checks the first three points only: it returns the label about a device that
// a log entry holds.
func (t *Trust) Entry(env *label.Envelope, device []byte) (*label.Label, error) {
	u, err := envelope.OpenEnvelope(env)
	if err != nil {
		return nil, err
	}
	l, _, err := t.opened(u, device)
	return l, err
}

func (t *Trust) label(bundle, device []byte) (*label.Label, string, *envelope.Unverified, error) {
	u, err := envelope.Open(bundle)
	if err != nil {
		return nil, "", nil, label.Within("bundle", err)
	}
	l, key, err := t.opened(u, device)
	return l, key, u, err
}

func (t *Trust) opened(u *envelope.Unverified, device []byte) (l *label.Label, key string, err error) {
	v, err := t.counted(u, "bundle", func(v *envelope.Verified) (made time.Time, err error) {
		if l, err = labelOf(v, device); err != nil {
			return made, err
		}
		return l.Issued, nil
	})
	if v == nil {
		return nil, "", cmp.Or(err, unsignedLabel())
	}
	return l, v.KeyID(), t.CheckLog(l.Log)
}

// CheckLog returns why a statement is not of the trusted log that says in which log it is,
// or nil. Statements of before do not say it.
func (t *Trust) CheckLog(origin string) error {
	if origin != "" && origin != t.Log.Origin {
		return label.Errorf(label.Invalid, label.ReasonNotLogged, "log", "the statement says that it is in the log %s, and the trusted log is %s", origin, t.Log.Origin)
	}
	return nil
}

// Status checks a logged status statement about a device.
func (t *Trust) Status(env *label.Envelope, device label.Digest) (*label.Status, error) {
	u, err := envelope.OpenEnvelope(env)
	if err != nil {
		return nil, err
	}
	return t.status(u, device)
}

func (t *Trust) status(u *envelope.Unverified, device label.Digest) (st *label.Status, err error) {
	v, err := t.counted(u, "bundle", func(v *envelope.Verified) (made time.Time, err error) {
		if st, err = statusOf(v, device); err != nil {
			return made, err
		}
		return st.Recorded, nil
	})
	if v == nil {
		return nil, cmp.Or(err, unsignedStatus())
	}
	return st, nil
}

// Logged checks that the log has an entry, and returns the head that has it.
func (t *Trust) Logged(leaf []byte, proof translog.Proof) (translog.Checkpoint, error) {
	head, err := t.OpenCheckpoint(proof.Checkpoint)
	if err == nil {
		err = translog.VerifyInclusion(head.Tree, proof.Index, translog.LeafHash(leaf), proof.Hashes)
	}
	if err != nil {
		return head, t.notLogged("proof", err)
	}
	return head, nil
}

func (t *Trust) notLogged(field string, why error) error {
	return label.Errorf(label.Invalid, label.ReasonBadSignature, field, "it is not shown to be in the log %s: %v", t.Log.Origin, why)
}

func (r *Result) say(name, format string, args ...any) {
	r.Checks = append(r.Checks, Check{Name: name, Says: fmt.Sprintf(format, args...)})
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
	if err := label.CheckNewer("bundle", v.PredicateType(), label.TypeLabel); err != nil {
		return nil, err
	}
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
