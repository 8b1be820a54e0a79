package authority

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/surveillance"
	"labeld/internal/verify"
)

// Check verifies a whole store: everything that [store.Store.Check] covers, and
// besides that every signature and what the signed statements say against what
// the records say. It reports each problem and returns an error only if it
// could not go on, or ctx ended.
func Check(ctx context.Context, s *store.Store, trust *verify.Trust, programme *scheme.Programme, watch store.Watch) error {
	if err := s.Check(ctx, watch); err != nil {
		return err
	}
	c := &check{ctx: ctx, trust: trust, programme: programme, watch: watch, settle: s.Settle(watch)}
	for _, part := range []struct {
		name string
		do   func() error
	}{
		{"the log head", c.head}, {"versions of schemes", c.schemes}, {"signatures of labels", c.labels}, {"histories", c.histories}, {"requests", c.requests}, {"heads of the audit trail", c.auditHeads}, {"events", c.events}, {"organizations, persons and keys", c.registry},
		{"what was decided about products", c.products}, {"signatures of advisories", c.advisories}, {"signatures of decisions", c.decisions},
		{"draws", c.plans}, {"signatures of enrolments", c.enrolments}, {"signatures of evidence", c.evidence},
	} {
		watch.Part(part.name)
		err := s.View(func(v *store.View) error {
			c.v = v.Past(func(d *store.Damage) { c.badf("%v", d) })
			return part.do()
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil { // one that cannot go on does not keep the others from it
			c.badf("%v", err)
		}
	}
	return nil
}

type check struct {
	ctx       context.Context
	v         *store.View
	trust     *verify.Trust
	programme *scheme.Programme
	keys      sync.Map // key ID -> *signingKey

	versions    map[[2]string]*store.SchemeVersion // by scheme and version
	firstLogged int64                              // log index of the first of them

	settle func() // after each store.Lot of records
	seen   int    // records, by who looks at them one after the other

	mu    sync.Mutex // of watch
	watch store.Watch
}

// A signingKey is a key of an organization, as it is on record.
type signingKey struct {
	org    string
	public *envelope.PublicKey
}

func (c *check) badf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch.Problem(fmt.Sprintf(format, args...))
}

func (c *check) notef(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch.Note(fmt.Sprintf(format, args...))
}

// pace is called for each record by who looks at them one after the other.
func (c *check) pace() {
	if c.seen++; c.seen%store.Lot == 0 {
		c.settle()
	}
}

func (c *check) head() error {
	head, err := c.v.Head()
	if err != nil {
		return fmt.Errorf("log head: %w", err)
	}
	cp, err := c.trust.OpenCheckpoint(head.Checkpoint)
	if err != nil {
		c.badf("log checkpoint: %v", err)
	} else if cp.Tree != head.Tree {
		c.badf("log checkpoint is of size %d and root %s, the head of %d and %s", cp.Tree.N, cp.Tree.Hash, head.Tree.N, head.Tree.Hash)
	}
	if o := c.v.Origin(); o != c.trust.Log.Origin {
		c.badf("the store is of log %q, the configuration of %q", o, c.trust.Log.Origin)
	}
	return nil
}

// labels verifies every label as anybody would, and its record against it.
func (c *check) labels() error {
	return store.Spread(c.ctx, func(give func(*store.IssuedLabel) bool) error { return c.v.Issued(give, c.settle) }, func(rec *store.IssuedLabel) {
		if err := c.label(rec); err != nil {
			c.badf("label %s: %v", rec.ID, err)
		}
	}, c.settle)
}

func (c *check) label(issued *store.IssuedLabel) error {
	rec, device := &issued.Label, issued.Device
	if issued.Err != nil {
		return issued.Err
	}
	env, err := c.v.Entry(rec.Index)
	if err != nil {
		return err
	}
	l, err := c.trust.Entry(env, device.Descriptor)
	if err != nil {
		return err
	}
	want := store.Label{
		ID: l.ID, Index: rec.Index, Device: label.DigestOf(device.Descriptor), Org: l.Maker.ID,
		Scheme: l.Scheme.ID, Version: l.Scheme.Version, Level: l.Level.Number, Issued: l.Issued, Expires: l.Expires,
	}
	if !reflect.DeepEqual(*rec, want) {
		return fmt.Errorf("the record says %+v, the signed statement %+v", *rec, want)
	}
	if o, err := c.v.Outline(rec.Index); err != nil || !reflect.DeepEqual(o, l.Outline()) {
		return fmt.Errorf("its outline for lists is %+v, the signed statement gives %+v (%v)", o, l.Outline(), err)
	}
	if err := c.loggedBefore(rec, l.Scheme); err != nil {
		return err
	}
	for _, e := range l.Evidence {
		if e.Type == label.TypeRuling {
			if !c.disclosed(rec.Device, e.SHA256) {
				c.badf("label %s: the ruling %s that it rests on is not in the log", rec.ID, e.SHA256)
			}
			continue
		}
		// What is on record about a device is an index, which the store's check held to
		// the statements.
		if slices.ContainsFunc(issued.Statements, func(s store.DeviceStatement) bool { return s.ID == e.SHA256 }) {
			continue
		}
		st, err := c.v.Statement(e.SHA256)
		if err == nil && st.Device != rec.Device { // a report that undid what was found wrong with another of the product
			var other *store.Device
			if other, err = c.v.Device(st.Device); err == nil && (other.Org != rec.Org || label.SourceOf(st.Type) != label.SourceLab) {
				err = errors.New("it is about a device of another product")
			}
		}
		if err != nil {
			c.badf("label %s: its evidence %s is not on record for it: %v", rec.ID, e.SHA256, err)
		}
	}
	return nil
}

// histories verifies every status statement, and its record against it, and
// that each step was possible when it was taken.
func (c *check) histories() error {
	return c.v.Histories(func(rec *store.Label, list []*store.Status) bool {
		c.pace()
		h := &label.History{Label: &label.Label{ID: rec.ID, Issued: rec.Issued, Expires: rec.Expires}}
		statement, err := statementOf(c.v, nil, rec)
		if err != nil {
			c.badf("label %s: %v", rec.ID, err)
			return true
		}
		for _, st := range list {
			if err := c.status(rec, statement, h, st); err != nil {
				c.badf("status %d of %s: %v", st.Number, rec.ID, err)
			}
			h.Statuses = append(h.Statuses, &st.Status)
		}
		return true
	})
}

func (c *check) status(rec *store.Label, statement label.Digest, h *label.History, st *store.Status) error {
	env, err := c.v.Entry(st.Index)
	if err != nil {
		return err
	}
	predicate, err := c.trust.Status(env, rec.Device)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(*predicate, st.Status) {
		return fmt.Errorf("the record differs from the signed statement")
	}
	if err := label.CheckHistory(h.Label, statement, append(slices.Clone(h.Statuses), predicate)); err != nil {
		return err
	}
	h.Seen = st.Recorded // all that precedes it was there
	standing := h.StandingAt(st.Recorded)
	if _, err := standing.Admit(st.Action); err != nil {
		return err
	}
	if err := c.cause(rec, h, &st.Status); err != nil {
		return err
	}
	for _, r := range st.Requests {
		if st.Cause != (label.Cause{}) {
			if e, err := c.v.Event(r.SHA256); err != nil || label.EventCause(e.Digest) != st.Cause {
				return fmt.Errorf("the event %s that it follows from is not on record", st.Cause.SHA256)
			}
			continue
		}
		req, err := c.v.Request(r.SHA256)
		if err != nil || req.Label != rec.ID || req.Number != st.Number {
			return fmt.Errorf("the request %s that it names is not the one on record", r.SHA256)
		}
	}
	return nil
}

// requests verifies the signatures under requests for a change.
func (c *check) requests() error {
	return c.v.Requests(nil, func(r *store.Request, _ []byte) bool {
		c.pace()
		for _, sig := range r.Signatures {
			if err := c.request(r, sig); err != nil {
				c.badf("request %s: %v", r.Digest, err)
			}
		}
		return true
	})
}

func (c *check) request(r *store.Request, sig store.RequestSignature) error {
	u, err := envelope.Open(sig.Envelope)
	if err != nil {
		return err
	}
	v, err := c.verified(u, sig.Key, sig.Organization)
	if err != nil {
		return err
	}
	predicate, err := readRequest(v)
	if err != nil {
		return err
	}
	kind := predicate.ActKind()
	change, _ := predicate.(*label.StatusRequest)
	if u.ID() != r.Digest || label.DigestOf(r.Statement) != r.Digest || predicate.About() != r.Subject || r.Kind != kind && r.Kind != kind.OfOperators() ||
		(change == nil) != (r.Label == "") || change != nil && (change.Label != r.Label || change.Action != r.Action) {
		return fmt.Errorf("the record differs from the signed request")
	}
	return nil
}

// readRequest reads what a signed request of any type says.
func readRequest(v *envelope.Verified) (label.Request, error) {
	switch v.PredicateType() {
	case label.TypeStatusRequest:
		return envelope.Recorded[label.StatusRequest](v)
	case label.TypeRegistryRequest:
		return envelope.Recorded[label.RegistryRequest](v)
	case label.TypeEvent:
		return envelope.Recorded[label.Event](v)
	case label.TypeRulingRequest:
		return envelope.Recorded[label.RulingRequest](v)
	case label.TypeSurveillanceRequest:
		return envelope.Recorded[surveillance.Request](v)
	}
	return nil, fmt.Errorf("it is signed as %s, which asks for nothing that waits", v.PredicateType())
}

// events verifies the signatures under reported events, and that their
// consequences are drawn as far as they say.
func (c *check) events() error {
	changed := map[label.Cause]int{}
	if err := c.v.Histories(func(_ *store.Label, list []*store.Status) bool {
		c.pace()
		for _, st := range list {
			changed[st.Cause]++
		}
		return true
	}); err != nil {
		return err
	}
	return c.v.Events(func(e *store.Event) bool {
		if err := c.event(e); err != nil {
			c.badf("event %s: %v", e.Digest, err)
		}
		if e.Failed > 0 {
			c.badf("event %s: %d labels could not be changed, %s first (%s); once the reason is gone, run \"labelctl event retry %s\"",
				e.Digest, e.Failed, e.Failures[0].Label, e.Failures[0].Text, e.Digest)
		}
		if n := changed[label.EventCause(e.Digest)]; n != e.Changed {
			c.badf("event %s: says that it changed %d labels, %d say so", e.Digest, e.Changed, n)
		}
		return true
	})
}

func (c *check) event(e *store.Event) error {
	u, err := envelope.Open(e.Signature.Envelope)
	if err != nil {
		return err
	}
	v, err := c.verified(u, e.Signature.Key, e.Signature.Organization)
	if err != nil {
		return err
	}
	p, err := envelope.Recorded[label.Event](v)
	if err != nil {
		return err
	}
	if u.ID() != e.Digest || !reflect.DeepEqual(*p, e.Event) {
		return fmt.Errorf("the record differs from the signed report")
	}
	return nil
}

// verified checks a signature by the key that a record names, which must be
// enrolled for the organization that it names.
func (c *check) verified(u *envelope.Unverified, keyID, org string) (*envelope.Verified, error) {
	key, err := c.key(keyID)
	if err != nil {
		return nil, fmt.Errorf("its key: %w", err)
	}
	if key.org != org {
		return nil, fmt.Errorf("the key is not of %s", org)
	}
	return u.Verify([]*envelope.PublicKey{key.public})
}

// key returns a key on record. Few keys sign much.
func (c *check) key(id string) (*signingKey, error) {
	if k, ok := c.keys.Load(id); ok {
		return k.(*signingKey), nil
	}
	rec, err := c.v.Key(id)
	if err != nil {
		return nil, err
	}
	public, err := envelope.ParsePublicKey([]byte(rec.PEM))
	if err != nil {
		return nil, err
	}
	k := &signingKey{rec.Organization, public}
	c.keys.Store(id, k)
	return k, nil
}

// enrolments verifies that keys are what their IDs say, and the authority's
// signature under each accreditation.
func (c *check) enrolments() error {
	var inner error
	err := c.v.Orgs("", func(o *label.Organization) bool {
		inner = c.enrolment(o)
		return inner == nil
	})
	return errors.Join(err, inner)
}

func (c *check) enrolment(o *label.Organization) error {
	keys, err := c.v.OrgKeys(o.ID)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if pub, err := envelope.ParsePublicKey([]byte(k.PEM)); err != nil || pub.ID != k.ID || pub.Algorithm != k.Algorithm || pub.PEM != k.PEM {
			c.badf("key %s of %s: its ID or its algorithm is not that of its public key", k.Short(), o.ID)
		}
	}
	list, err := c.v.Accreditations(o.ID)
	if err != nil {
		return err
	}
	for _, rec := range list {
		if err := c.accreditation(rec); err != nil {
			c.badf("accreditation %s of %s: %v", rec.Number, o.ID, err)
		}
	}
	return nil
}

func (c *check) accreditation(rec *store.Accreditation) error {
	env, err := c.v.Entry(rec.Index)
	if err != nil {
		return err
	}
	v, err := c.trust.Statement(env)
	if err != nil {
		return err
	}
	a, err := envelope.Accreditation(v)
	if err != nil {
		return err
	}
	if (v.PredicateType() != label.TypeAccreditation && v.PredicateType() != label.TypeAccreditationV1) || !reflect.DeepEqual(*a, rec.Accreditation) {
		return fmt.Errorf("the record differs from the signed statement")
	}
	return nil
}

// evidence verifies the signature under every report and declaration.
func (c *check) evidence() error {
	return store.Spread(c.ctx, func(give func(*store.Statement) bool) error { return c.v.Arrived(give, c.settle) }, func(st *store.Statement) {
		if err := c.statement(st); err != nil {
			c.badf("statement %s: %v", st.ID, err)
		}
	}, c.settle)
}

func (c *check) statement(st *store.Statement) error {
	p, err := c.v.EvidenceParts(st)
	if err != nil {
		return err
	}
	u, err := envelope.OpenParts(p.Before, p.Content, p.After)
	if err != nil {
		return err
	}
	if u.ID() != st.ID {
		return fmt.Errorf("the signed bytes are those of statement %s", u.ID())
	}
	v, err := c.verified(u, st.Key, st.Signer)
	if err != nil {
		return err
	}
	item, err := c.programme.Read(v)
	if err != nil {
		return err
	}
	if item.Type != st.Type || item.Signer != st.Signer || item.Number != st.Number || item.Date != st.Date {
		return fmt.Errorf("the record differs from the signed statement")
	}
	want, err := item.Gist()
	if err != nil {
		return err
	}
	if got, err := c.v.Gist(st); err != nil || !bytes.Equal(got, want) {
		return fmt.Errorf("its gist differs from the signed statement")
	}
	return nil
}
