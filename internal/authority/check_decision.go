package authority

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
)

// decisions verifies the signatures under every refusal and what followed from
// it, and the records against what was signed.
func (c *check) decisions() error {
	return c.v.Decisions(func(d *store.Decision) bool {
		c.pace()
		t, err := follow(c.v, d)
		if err != nil {
			c.badf("decision %s: %v", d.Digest, err)
			return true
		}
		for _, err := range c.trail(t) {
			c.badf("decision %s: %v", d.Digest, err)
		}
		return true
	})
}

func (c *check) trail(t *Trail) (problems []error) {
	predicate, err := c.decision(t.Decision)
	if err != nil {
		return []error{err}
	}
	if t.Appeal != nil {
		if err := c.appeal(t, predicate); err != nil {
			problems = append(problems, fmt.Errorf("its appeal: %w", err))
		}
	}
	if t.Ruling != nil {
		if err := c.ruling(t, predicate); err != nil {
			problems = append(problems, fmt.Errorf("its ruling: %w", err))
		}
	}
	return problems
}

func (c *check) decision(d *store.Decision) (*label.Decision, error) {
	predicate, err := ours[label.Decision](c, d.Signed, d.Digest, d.Device, label.TypeDecision)
	if err != nil {
		return nil, err
	}
	device, err := c.v.Device(d.Device)
	if err != nil {
		return nil, err
	}
	want := store.Decision{
		Digest: d.Digest, Device: d.Device, Org: device.Org, Scheme: predicate.Scheme.ID, Version: predicate.Scheme.Version,
		Level: predicate.Level.Number, Decided: predicate.Decided, AppealBy: predicate.AppealBy, Appeal: d.Appeal, Signed: d.Signed,
	}
	if !reflect.DeepEqual(*d, want) || predicate.Maker.ID != device.Org {
		return nil, fmt.Errorf("the record differs from the signed statement")
	}
	return predicate, nil
}

func (c *check) appeal(t *Trail, d *label.Decision) error {
	a := t.Appeal
	predicate, err := theirs[label.Appeal](c, a.Signature, a.Digest, a.Device, label.TypeAppeal)
	if err != nil {
		return err
	}
	switch {
	case label.DigestOf(a.Statement) != a.Digest, predicate.Decision != t.Decision.Digest, predicate.Manufacturer != a.Org,
		a.Org != t.Decision.Org, a.Signature.Organization != a.Org, a.Device != t.Decision.Device:
		return fmt.Errorf("the record differs from the signed statement")
	case !a.Received.Before(d.AppealBy.End()), a.DecideBy != label.DateOf(a.Received).AddDays(d.DecideDays):
		return fmt.Errorf("its times do not follow from the decision")
	}
	return nil
}

func (c *check) ruling(t *Trail, d *label.Decision) error {
	r := t.Ruling
	predicate, err := ours[label.Ruling](c, r.Signed, r.Digest, r.Device, label.TypeRuling)
	if err != nil {
		return err
	}
	asked, err := theirs[label.RulingRequest](c, r.Request, r.Asked, r.Device, label.TypeRulingRequest)
	if err != nil {
		return fmt.Errorf("the request for it: %w", err)
	}
	switch {
	case predicate.Appeal != t.Appeal.Digest, predicate.Decision != t.Decision.Digest, predicate.Scheme != d.Scheme, !predicate.Decided.Equal(r.Decided):
		return fmt.Errorf("the record differs from the signed statement")
	case asked.Appeal != predicate.Appeal, asked.Outcome != predicate.Outcome, asked.Text != predicate.Text, asked.Language != predicate.Language,
		!slices.Equal(asked.Accepted, predicate.Accepted), !c.names(predicate.Requests, r.Request, r.Asked):
		return fmt.Errorf("it is not what was asked for")
	}
	if err := d.CheckOpen("accepted", predicate.Accepted); err != nil {
		return err
	}
	return c.logged(r)
}

// names reports whether one of those who are named signed a request. Statements of before
// do not name persons.
func (c *check) names(list []label.RequestRef, by store.RequestSignature, request label.Digest) bool {
	ref, err := requestRef(c.v, by, request)
	return err == nil && slices.ContainsFunc(list, func(r label.RequestRef) bool {
		return r == ref || r == label.RequestRef{Organization: ref.Organization, Key: ref.Key, SHA256: ref.SHA256}
	})
}

// logged checks that the log entry of a ruling, if it has one, is it.
func (c *check) logged(r *store.Ruling) error {
	if r.Index == 0 {
		return nil
	}
	env, err := r.Signed.Envelope()
	if err != nil {
		return err
	}
	want, err := env.Encode()
	if err != nil {
		return err
	}
	if leaf, err := c.v.Leaf(r.Index); err != nil || !bytes.Equal(leaf, want) {
		return fmt.Errorf("log entry %d is something else", r.Index)
	}
	return nil
}

// disclosed checks that a ruling that a label rests on is on record and logged.
func (c *check) disclosed(device, ruling label.Digest) bool {
	r, err := c.v.Ruling(device, ruling)
	return err == nil && r.Index != 0
}

// ours reads a statement about a device that the authority signed.
func ours[T any, P interface {
	*T
	Validate() error
}](c *check, signed store.Packed, id, device label.Digest, predicateType string) (*T, error) {
	env, err := signed.Envelope()
	if err != nil {
		return nil, err
	}
	v, err := c.trust.Statement(env)
	if err != nil {
		return nil, err
	}
	if err := about(v, id, device, predicateType); err != nil {
		return nil, err
	}
	return envelope.Predicate[T, P](v)
}

// theirs reads a request about a subject that was signed with an enrolled key of the
// organization that the record names.
func theirs[T any, P interface {
	*T
	label.Request
}](c *check, by store.RequestSignature, id, subject label.Digest, predicateType string) (*T, error) {
	u, err := envelope.Open(by.Envelope)
	if err != nil {
		return nil, err
	}
	v, err := c.verified(u, by.Key, by.Organization)
	if err != nil {
		return nil, err
	}
	if err := about(v, id, subject, predicateType); err != nil {
		return nil, err
	}
	return envelope.Recorded[T, P](v)
}

// about returns whether a verified statement is the one on record.
func about(v *envelope.Verified, id, subject label.Digest, predicateType string) error {
	if v.ID() != id || v.PredicateType() != predicateType || !slices.Equal(v.Subjects(), []label.Digest{subject}) {
		return fmt.Errorf("the signed statement is another")
	}
	return nil
}
