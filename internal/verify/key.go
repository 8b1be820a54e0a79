package verify

import (
	"cmp"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
)

// The authority's keys come and go, and what one of them signed counts for as
// long as the statement itself does. So every statement says when it was made,
// and counts only if its key was in use at that time: whoever finds or steals a
// key that was retired can sign nothing any more, other than with a date that is
// past. [Trust.inUse] is the one place that decides it, for labels, statuses and
// status lists, and by way of [Trust.Statement] for all others.

// Statement checks the authority's signature under a statement of any type, and
// that its key was in use when the statement was made.
func (t *Trust) Statement(env *label.Envelope) (*envelope.Verified, error) {
	u, err := envelope.OpenEnvelope(env)
	if err != nil {
		return nil, err
	}
	v, err := t.counted(u, "signatures", made)
	if v == nil && err == nil {
		return u.Verify(t.keys) // and be refused for what it is
	}
	return v, err
}

// counted returns the statement as signed by a key that was in use when the
// statement was made, by what read says of it. Of several signatures one that
// counts is enough: a key that was not in use says nothing against another that
// was. Where none counts, the error says why not; both are nil where no trusted
// key signed.
func (t *Trust) counted(u *envelope.Unverified, field string, read func(*envelope.Verified) (time.Time, error)) (*envelope.Verified, error) {
	var refusal error
	for v := range u.Signers(t.keys) {
		at, err := read(v)
		if err == nil {
			err = t.inUse(field, v.KeyID(), at)
		}
		if err == nil {
			return v, nil
		}
		refusal = cmp.Or(refusal, err)
	}
	return nil, refusal
}

// made returns when a statement says that it was made.
func made(v *envelope.Verified) (time.Time, error) { return Made(v.Payload()) }

// Made returns when a statement of the authority says that it was made, by which its
// key is held against the times of its use. It checks no signature.
func Made(payload []byte) (at time.Time, err error) {
	var st label.Statement
	if err := label.DecodeLoose(payload, &st); err != nil {
		return at, err
	}
	kind, err := label.PredicateOf(st.PredicateType)
	if label.ReasonOf(err) == label.ReasonNewerVersion {
		return at, err
	}
	if err != nil || kind.Made == "" {
		return at, label.Errorf(label.Invalid, label.ReasonUnknownType, "predicateType", "is %q, which this authority is not known to sign", st.PredicateType)
	}
	instant, err := label.Member(st.Predicate, kind.Made)
	if err != nil {
		return at, label.Within("predicate", err)
	}
	if instant != nil {
		if err := label.DecodeSigned(instant, &at); err != nil {
			return at, label.Within("predicate."+kind.Made, err)
		}
	}
	if at.IsZero() {
		return at, label.Errorf(label.Invalid, label.ReasonMissing, "predicate", "does not say when it was made")
	}
	return at, nil
}

// inUse refuses what a key signed when it was not in use.
func (t *Trust) inUse(field, key string, made time.Time) error {
	for _, k := range t.LabelKeys {
		if k.ID != key {
			continue
		}
		if made.Before(k.From.Truncate(time.Second)) || !k.Until.IsZero() && !made.Before(k.Until) {
			return label.Errorf(label.Invalid, label.ReasonKeyRevoked, field,
				"says that it was made on %s, when key %.16s was not in use", made.UTC().Format(time.RFC3339), key)
		}
		return nil
	}
	return label.Errorf(label.Invalid, label.ReasonUnknownKey, field, "no trusted key signed it")
}
