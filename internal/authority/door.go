// # The door
//
// All that a caller has done goes through here. An act is of a kind in the programme's
// table of acts (labels/acts.yaml), which says which roles may ask for it, whether it
// rests on a signed request, and how many persons have to agree, of how many
// organizations. Here a request is opened, its signatures are verified, its age is
// checked, those who have agreed are counted, and what became of it is entered in the
// audit trail: done, or waiting for others to agree, or refused.
//
// A request says to which authority it is made, by the address of its labels. One that
// was made to another, such as a programme for practice in which the same keys are
// enrolled, is refused, whoever carries it here.
//
// Persons are counted, and never keys. A signature counts while its key may be used: who
// has lost a key signs again with another. Machines agree to nothing. All keys that are
// of nobody in particular are one person's, whichever organization they are enrolled for:
// nobody can say that they are held by two.
//
// What can change who may act for the authority takes the strongest quorum of the table,
// so that nobody makes a second voice for himself. A programme begins with one person,
// who has nobody to agree with. So as long as nobody else who works for the authority has
// ever held a key, what would change that takes this one person; the log says so, and the
// service does when it starts. That ends with the first key of a second person, for good:
// removing the others, or revoking their keys, gives nobody more to say.
package authority

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// An act is one that is under way.
type act struct {
	a      *core
	ctx    context.Context
	caller Caller
	rule   *scheme.ActRule
	entry  label.Act // what the audit trail will say
}

// act does what the token of a caller is enough for: it calls f, if the caller has a role
// for that, and enters what became of it.
func (a *core) act(ctx context.Context, c Caller, kind label.ActKind, subject string, f func(*act) error) error {
	return a.carry(ctx, c, kind, subject, func(x *act) error {
		if err := c.need(x.rule.Roles...); err != nil {
			return err
		}
		return f(x)
	})
}

// carry is act of what the caller only carries, and f finds out who signed it.
func (a *core) carry(ctx context.Context, c Caller, kind label.ActKind, subject string, f func(*act) error) error {
	if c.Org == "" {
		return c.need("")
	}
	x := &act{a: a, ctx: ctx, caller: c, rule: a.programme.Acts[kind]}
	x.entry = label.Act{Kind: string(kind), Actor: c.actor(), Subject: subject, RequestID: RequestID(ctx)}
	return x.left(f(x))
}

// do is [writer.do] of what the act writes.
func (x *act) do(claims []string, prepare func(*store.View, *batch) error) error {
	return x.a.writer.do(x.ctx, claims, x.entered(prepare))
}

// doFirst is [writer.doFirst] of what the act writes.
func (x *act) doFirst(claims []string, prepare func(*store.View, *batch) error) error {
	return x.a.writer.doFirst(x.ctx, claims, x.entered(prepare))
}

// doExact is [writer.doExact] of what the act writes.
func (x *act) doExact(claims []string, prepare func(*store.View, *batch) error) error {
	return x.a.writer.doExact(x.ctx, claims, x.entered(prepare))
}

// A write is one of the ways to have something written.
type write = func(claims []string, prepare func(*store.View, *batch) error) error

// aside is do of what is written although the act is refused, which is entered as that.
func (x *act) aside(claims []string, prepare func(*store.View, *batch) error) error {
	return x.a.writer.do(x.ctx, claims, prepare)
}

// reads enters that an operator reads what is private to others. Nothing is shown before
// that is on record. An authority that is read-only cannot enter it, and says it in its
// log.
func (a *core) reads(ctx context.Context, c Caller, subject string) error {
	switch {
	case !c.Is(label.RoleOperator):
		return nil
	case a.readOnly != nil:
		a.log.Info("an operator reads what is private, while nothing can be entered in the audit trail", "organization", c.Org, "person", c.Person, "key", c.Key, "subject", subject)
		return nil
	}
	return a.act(ctx, c, label.ActRead, subject, func(x *act) error {
		return x.aside(nil, func(_ *store.View, b *batch) error {
			x.enter(b, label.ActDone)
			return nil
		})
	})
}

// entered is an operation that enters the act in the audit trail, in the batch that has
// what it writes. Where it writes nothing, since all was so before, nothing is entered.
func (x *act) entered(prepare func(*store.View, *batch) error) func(*store.View, *batch) error {
	return func(v *store.View, b *batch) error {
		before := len(b.Writes) + len(b.Entries)
		b.outcome = label.ActDone
		if err := prepare(v, b); err != nil || len(b.Writes)+len(b.Entries) == before {
			return err
		}
		x.enter(b, b.outcome)
		return nil
	}
}

// enter adds the act to a batch.
func (x *act) enter(b *batch, outcome label.ActOutcome) {
	entry := store.Act(x.entry)
	entry.Outcome = outcome
	b.Add(&entry)
}

// left enters that the act was refused, where it was, and returns the error. What failed
// because of the service, or of a caller who went away, is no refusal.
func (x *act) left(err error) error {
	e, ok := errors.AsType[*label.Error](err)
	if !ok || x.a.readOnly != nil {
		return err
	}
	switch e.Kind {
	case label.Internal, label.Unavailable, label.Unauthenticated:
		return err // the operation may still be under way: nothing that it has is looked at
	}
	missed, enter := x.a.quotas.refuse(x.entry.Actor.Organization, x.a.clock())
	if !enter {
		return err
	}
	text := e.Error()
	if missed > 0 {
		text = fmt.Sprintf("%d refusals before this one are not entered, since there were too many; %s", missed, text)
	}
	x.entry.Reason, x.entry.Text = string(e.Reason), text
	if inner := x.a.writer.do(context.WithoutCancel(x.ctx), nil, func(_ *store.View, b *batch) error {
		x.enter(b, label.ActRefused)
		return nil
	}); inner != nil {
		x.a.log.Error("entering a refusal in the audit trail", "kind", x.entry.Kind, "organization", x.entry.Actor.Organization, "err", inner)
	}
	return err
}

// A requestForm says how requests of one type are opened.
type requestForm[T any] struct {
	field         string // of the call, which messages name
	predicateType string

	// kind returns the act that is asked for, where the registry has a say in that.
	kind func(v *store.View, predicate *T, signers []signer) (label.ActKind, error)

	// right says who may sign it, besides the roles of the act; nil: whoever has one.
	right func(v *store.View, predicate *T) (right, error)

	// ageless requests may be of any age: something else bounds when they are made.
	ageless bool

	// people alone decide what such a request asks for: one of a machine account takes a
	// person beside it, even where one person is enough.
	people bool

	// kept requests are kept whatever comes of them, and count against the quota of who
	// carries them.
	kept bool
}

// A request is a predicate that asks for an act.
type request[T any] interface {
	*T
	label.Request
}

// A signedRequest is one whose signatures were verified.
type signedRequest[T any] struct {
	predicate *T
	terms     label.Request // the same
	digest    label.Digest
	payload   []byte
	subject   label.Digest
	by        store.RequestSignature // whose signature comes first

	how    *requestForm[T]
	signed *signedStatement
}

// signedAct opens a request that a caller carries, and calls f with it, if somebody signed
// it who may. Who carries it does not matter: the actor is who signed it.
func signedAct[T any, P request[T]](a *core, ctx context.Context, c Caller, raw []byte, how *requestForm[T], f func(*act, *signedRequest[T]) error) error {
	x := &act{a: a, ctx: ctx, caller: c, rule: &scheme.ActRule{}}
	x.entry = label.Act{Kind: path.Base(path.Dir(how.predicateType)), Actor: c.actor(), RequestID: RequestID(ctx)}
	if c.Org == "" {
		return c.need("")
	}
	var err error
	if how.kept {
		err = a.intake(c, len(raw))
	}
	var r *signedRequest[T]
	if err == nil {
		r, err = open[T, P](x, raw, how)
	}
	if err == nil {
		err = f(x, r)
	}
	return x.left(err)
}

// open verifies a signed request: its form, and that one of its signatures is by somebody
// who may ask for the act.
func open[T any, P request[T]](x *act, raw []byte, how *requestForm[T]) (*signedRequest[T], error) {
	signed, err := x.a.openSigned(x.caller, raw)
	if err != nil {
		return nil, label.Within(how.field, err)
	}
	s := signed.content()
	if s.PredicateType() != how.predicateType {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownType, how.field+".predicateType", "is %q, must be %q", s.PredicateType(), how.predicateType)
	}
	p, err := envelope.Submitted[T, P](s)
	if err != nil {
		return nil, label.Within(how.field, err)
	}
	subjects := s.Subjects()
	if len(subjects) != 1 {
		return nil, label.Errorf(label.Invalid, label.ReasonUnknownSubject, how.field+".subject", "must be the one thing that it is about")
	}
	r := &signedRequest[T]{predicate: p, terms: P(p), digest: s.ID(), payload: s.Payload(), subject: subjects[0], how: how, signed: signed}
	x.entry.Kind, x.entry.Subject, x.entry.Request = string(r.terms.ActKind()), r.terms.About(), r.digest
	if to := r.terms.MadeTo(); to != x.a.trust.URL {
		return nil, label.Errorf(label.Invalid, label.ReasonOtherAuthority, how.field+".authority", "was signed for the authority at %s, and this is the one at %s; to ask this one, sign a request that names it", to, x.a.trust.URL)
	}
	return r, x.a.store.View(func(v *store.View) error {
		_, err := r.signers(x, v, x.a.clock())
		return err
	})
}

// signers returns those whose signatures under a request count now, by the registry as a
// view shows it: the first of them is the actor. The rule of the act is found by that.
func (r *signedRequest[T]) signers(x *act, v *store.View, now time.Time) ([]signer, error) {
	kind := r.terms.ActKind()
	if r.how.kind != nil { // whose own something is, a signature that does not count does not say
		counting, err := r.signed.acceptable(v, now, func(*label.Organization) error { return nil })
		if err != nil {
			return nil, label.Within(r.how.field, err)
		}
		if kind, err = r.how.kind(v, r.predicate, counting); err != nil {
			return nil, label.Within(r.how.field, err)
		}
	}
	if x.rule = x.a.programme.Acts[kind]; x.rule == nil {
		return nil, label.Errorf(label.Invalid, label.ReasonOutOfRange, r.how.field, "asks for the act %s, for which there is no rule", kind)
	}
	x.entry.Kind = string(kind)
	may := withRole(x.rule.Roles...)
	if r.how.right != nil {
		special, err := r.how.right(v, r.predicate)
		if err != nil {
			return nil, label.Within(r.how.field, err)
		}
		may = may.and(special)
	}
	list, err := r.signed.acceptable(v, now, may)
	if err != nil {
		return nil, label.Within(r.how.field, err)
	}
	r.by = list[0].signature()
	x.entry.Actor = list[0].actor()
	return list, nil
}

// admit checks a request as the writer sees it: who signed it, and when it was made.
func (r *signedRequest[T]) admit(x *act, v *store.View, now time.Time) ([]signer, error) {
	signers, err := r.signers(x, v, now)
	if err != nil {
		return nil, err
	}
	if age := now.Sub(r.terms.MadeAt()); !r.how.ageless && (age > label.MaxRequestAge || age < -label.MaxClockSkew) {
		return nil, label.Errorf(label.Invalid, label.ReasonTooOld, r.how.field+".made", "was made on %s; a request counts for %s, sign it anew", r.terms.MadeAt().Format(time.RFC3339), label.MaxRequestAge)
	}
	return signers, nil
}

// onRecord returns a request as it stands, or nil where nobody made it before. One of
// which nothing can come is refused.
func (r *signedRequest[T]) onRecord(v *store.View, now time.Time) (*store.Request, error) {
	req, err := v.Request(r.digest)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil || !req.Done.IsZero() {
		return req, err
	}
	closed := req.Closed
	if closed == "" {
		if closed, err = spent(v, req, now); err != nil {
			return nil, err
		}
	}
	if closed != "" {
		return nil, label.Errorf(label.Precondition, label.ReasonStep, r.how.field, "the request was closed: %s; where there is still something to ask for, sign a new one", closed)
	}
	return req, nil
}

// gather adds signatures to a request, which is nil where nobody made it before, and
// reports whether as many have agreed as the act takes. Where they have, the request is
// carried out in the same batch; otherwise it waits.
func (r *signedRequest[T]) gather(x *act, v *store.View, b *batch, req *store.Request, signers []signer) (*store.Request, bool, error) {
	if req == nil {
		req = &store.Request{Digest: r.digest, Kind: x.rule.Kind, Subject: r.terms.About(), Received: b.At.UTC(), Statement: r.payload}
	}
	personsBefore, organizationsBefore, err := agreed(v, req.Signatures, b.At)
	if err != nil {
		return nil, false, err
	}
	addSignatures(req, signers)
	persons, organizations, err := agreed(v, req.Signatures, b.At)
	if err != nil {
		return nil, false, err
	}
	wantPersons, wantOrganizations, err := x.wants(v, b)
	if err != nil {
		return nil, false, err
	}
	alone := !x.rule.Several() && !r.how.people // whoever may do it does it alone, a machine account too
	if alone || persons >= wantPersons && organizations >= wantOrganizations {
		req.Kind, req.Done = x.rule.Kind, b.At.UTC()
		return req, true, nil
	}
	if min(persons, wantPersons) <= personsBefore && min(organizations, wantOrganizations) <= organizationsBefore {
		return nil, false, label.Errorf(label.Precondition, label.ReasonWrongSigner, r.how.field,
			"%s takes %s, and with this signature %s signed it, as before; another person must sign the same request (the keys of one person count once, those of nobody in particular are one person's, and machines agree to nothing)",
			x.rule.Kind, headcount(x.rule), counted(persons, organizations))
	}
	b.outcome = label.ActWaits
	return req, false, nil
}

// agree is gather of a request that is on record for no other reason than that several
// persons have to agree: it returns the request while it waits for others, of which the
// operators are told, and nil where the act can be done.
func (r *signedRequest[T]) agree(x *act, v *store.View, b *batch, signers []signer) (waits *store.Request, err error) {
	if !x.rule.Several() {
		return nil, nil
	}
	req, err := r.onRecord(v, b.At)
	if err != nil {
		return nil, err
	}
	req, agreed, err := r.gather(x, v, b, req, signers)
	if err != nil {
		return nil, err
	}
	b.Add(req)
	if agreed {
		return nil, nil
	}
	return req, x.a.tellWaiting(b, req, "")
}

// wants returns how many persons have to agree to an act, of how many organizations.
func (x *act) wants(v *store.View, b *batch) (persons, organizations int, err error) {
	persons, organizations = x.rule.Persons, x.rule.Organizations
	if !x.rule.Kind.Governs() || persons == 1 {
		return persons, organizations, nil
	}
	all, err := voices(v)
	if err != nil || len(all) > 1 {
		return persons, organizations, err
	}
	return 1, 1, x.a.logQuorum(v, b, len(all))
}

// headcount says what a rule wants.
func headcount(r *scheme.ActRule) string {
	if !r.Several() {
		return "a person"
	}
	text := fmt.Sprintf("%d persons", r.Persons)
	if r.Organizations > 1 {
		text += fmt.Sprintf(" of %d organizations", r.Organizations)
	}
	return text
}

// counted says who has agreed.
func counted(persons, organizations int) string {
	switch {
	case persons == 0:
		return "nobody who counts"
	case persons == 1:
		return "one person"
	case organizations == 1:
		return fmt.Sprintf("%d persons of one organization", persons)
	}
	return fmt.Sprintf("%d persons of %d organizations", persons, organizations)
}

// A voice is a person who agrees. Whoever holds a key of nobody in particular is always
// the same one.
type voice struct{ organization, person string }

// holder returns the person who holds a key: nobody in particular has no ID, and no
// organization.
func holder(v *store.View, k *label.Key) (*label.Person, error) {
	if k.Person == "" {
		return &label.Person{}, nil
	}
	return v.Person(k.Person)
}

// voiceOf returns the person who holds a key, and whether it is one who can agree.
func voiceOf(v *store.View, k *label.Key) (voice, bool, error) {
	p, err := holder(v, k)
	if err != nil {
		return voice{}, false, err
	}
	return voice{p.Organization, p.ID}, !p.Machine && p.Left.IsZero(), nil
}

// agreed counts the persons who have signed with keys that may be used now, and their
// organizations.
func agreed(v *store.View, list []store.RequestSignature, now time.Time) (persons, organizations int, err error) {
	all, orgs := map[voice]bool{}, map[string]bool{}
	for _, sig := range list {
		k, err := v.Key(sig.Key)
		if err != nil {
			return 0, 0, err
		}
		if _, err := usable(v, k, now); err != nil {
			if own(err) {
				continue
			}
			return 0, 0, err
		}
		who, counts, err := voiceOf(v, k)
		if err != nil {
			return 0, 0, err
		}
		if counts {
			all[who], orgs[k.Organization] = true, true
		}
	}
	return len(all), len(orgs), nil
}

// counts returns why nothing counts that a key of an organization signs now, or nil.
func counts(k *label.Key, owner *label.Organization, now time.Time) error {
	if err := k.Usable(now); err != nil {
		return err
	}
	if !owner.Suspended.IsZero() {
		return label.Errorf(label.Denied, label.ReasonOrgSuspended, "", "%s is suspended since %s: %s; the authority can end that", owner.ID, owner.Suspended.UTC().Format(time.RFC3339), owner.SuspendedFor)
	}
	return nil
}

// usable returns the organization of a key, or why nothing counts that the key signs now.
func usable(v *store.View, k *label.Key, now time.Time) (*label.Organization, error) {
	org, err := v.Org(k.Organization)
	if err == nil {
		err = counts(k, org, now)
	}
	return org, err
}

// voices returns the persons who hold a key of an organization that works for the
// authority, or have held one, and are no machines.
func voices(v *store.View) (list []voice, err error) {
	err = operatorKeys(v, func(_ *label.Organization, k *label.Key) error {
		p, err := holder(v, k)
		if err != nil {
			return err
		}
		if who := (voice{p.Organization, p.ID}); !p.Machine && !slices.Contains(list, who) {
			list = append(list, who)
		}
		return nil
	})
	return list, err
}

// operatorKeys calls f with each key of each organization that works for the authority,
// revoked ones too, until f returns an error.
func operatorKeys(v *store.View, f func(*label.Organization, *label.Key) error) error {
	var inner error
	err := v.Orgs("", func(o *label.Organization) bool {
		if !o.Has(label.RoleOperator) {
			return true
		}
		keys, err := v.OrgKeys(o.ID)
		for _, k := range keys {
			if err != nil {
				break
			}
			err = f(o, k)
		}
		inner = err
		return err == nil
	})
	return errors.Join(err, inner)
}

// present returns the persons who can agree now, with keys that are not among those that
// are gone.
func present(v *store.View, now time.Time, gone func(*label.Key) bool) (all map[voice]bool, err error) {
	all = map[voice]bool{}
	err = operatorKeys(v, func(o *label.Organization, k *label.Key) error {
		if gone(k) || counts(k, o, now) != nil {
			return nil
		}
		who, person, err := voiceOf(v, k)
		if err == nil && person {
			all[who] = true
		}
		return err
	})
	return all, err
}

// Alone reports whether one person decides alone who may act for the authority.
func (a *core) Alone() (alone bool, err error) {
	err = a.store.View(func(v *store.View) error {
		all, err := voices(v)
		alone = len(all) < 2
		return err
	})
	return alone, err
}

// logQuorum adds to a batch what is so of the quorum, where the log does not say it yet:
// that one person decides alone, and that this has come to its end. An authority that
// never was one person only says nothing.
func (a *core) logQuorum(v *store.View, b *batch, persons int) error {
	alone := persons < 2
	last, err := v.Quorum()
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for w := range store.Writes[*store.Quorum](&b.Batch) { // of other ops
		last = w
	}
	if last == nil && !alone || last != nil && last.Alone == alone {
		return nil
	}
	q := &label.Quorum{Why: label.QuorumAlone, Persons: max(persons, 1), Recorded: b.Recorded.UTC().Truncate(time.Second)}
	q.Text = "One person works for the authority, and decides alone who may act for it and what laboratories may test, which takes several persons by its rules."
	if !alone {
		q.Why, q.Text = label.QuorumSeveral, "Several persons decide for the authority from now on where its rules take several."
	}
	_, entry, err := b.sign(a.issuer.Quorum(q))
	if err != nil {
		return err
	}
	b.Add(&store.Quorum{Index: b.index(), Alone: alone})
	b.log(entry)
	return nil
}

// addSignatures adds signatures that count to a request. Several in one envelope are as
// good as each in an envelope of its own: whoever carries them can take them apart, so
// that counting one of them only would protect nothing.
func addSignatures(req *store.Request, signers []signer) {
	for _, k := range signers {
		if !slices.ContainsFunc(req.Signatures, func(s store.RequestSignature) bool { return s.Key == k.ID }) {
			req.Signatures = append(slices.Clone(req.Signatures), k.signature())
		}
	}
}
