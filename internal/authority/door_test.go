package authority_test

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/internal/store"
	"labeld/internal/translog"
	"labeld/labels"
)

// A quorum is a world whose label an operator wants revoked, and what somebody does who
// would have it so alone.
type quorum struct {
	*life
	asked *store.Request
}

func newQuorum(t *testing.T) *quorum {
	t.Helper()
	q := &quorum{life: newLife(t)}
	c, err := q.ask(labeltest.Operator, label.Revoke, "nonconformity", nil)
	must(t, err)
	if q.asked = c.Request; c.Status != nil {
		t.Fatal("one person revoked a label")
	}
	return q
}

// sign signs the waiting request with a key and sends it.
func (q *quorum) sign(s *envelope.Signer) error {
	q.t.Helper()
	_, err := q.Authority.Change(ctx, q.Caller(labeltest.Operator), q.Countersign(s, q.asked))
	return err
}

// revoked fails the test if the label is, or is not.
func (q *quorum) revoked(want bool) {
	q.t.Helper()
	if s := q.now().State; (s == label.Revoked) != want {
		q.t.Errorf("the label is %s", s)
	}
}

// person adds a person with a key of its own to an organization, with the agreement that
// this takes.
func person(t *testing.T, w *labeltest.World, org, id string, machine bool) *envelope.Signer {
	t.Helper()
	s := labeltest.NewSigner(t)
	_, err := w.ChangeRegistry(ctx, w.Caller(labeltest.Operator), label.RegistryRequest{Act: label.ActAddPerson, Organization: org, Person: id, Machine: machine})
	must(t, err)
	_, err = w.ChangeRegistry(ctx, w.Caller(labeltest.Operator), label.RegistryRequest{Act: label.ActAddKey, Organization: org, Person: id, PEM: s.Public.PEM})
	must(t, err)
	return s
}

// TestOneIsNoQuorum tries every way in which one person could be taken for two.
func TestOneIsNoQuorum(t *testing.T) {
	t.Run("a second key", func(t *testing.T) {
		q := newQuorum(t)
		second := labeltest.NewSigner(t)
		_, err := q.ChangeRegistry(ctx, q.Caller(labeltest.Operator), label.RegistryRequest{
			Act: label.ActAddKey, Organization: labeltest.Operator, Person: labeltest.First, PEM: second.Public.PEM,
		})
		must(t, err)
		wants(t, q.sign(second), label.Precondition, label.ReasonWrongSigner)
		q.revoked(false)
		must(t, q.sign(q.Second))
		q.revoked(true)
	})
	t.Run("a key in the place of the first", func(t *testing.T) {
		q := newQuorum(t)
		next := labeltest.NewSigner(t)
		old := q.Signers[labeltest.Operator]
		_, err := q.Authority.ChangeRegistry(ctx, q.Caller(labeltest.Operator), labeltest.Registry(t, old, label.RegistryRequest{
			Act: label.ActReplaceKey, Key: old.Public.ID, PEM: next.Public.PEM, Made: q.Clock.Now().UTC().Truncate(time.Second),
		}))
		must(t, err)
		q.Signers[labeltest.Operator] = next
		must(t, q.sign(next)) // the old key's signature counts no more: this is the first
		q.revoked(false)
		must(t, q.sign(q.Second))
		q.revoked(true)
	})
	t.Run("the same person in two organizations", func(t *testing.T) {
		q := newQuorum(t)
		q.Enrol("second-authority", label.RoleOperator)
		op := q.Caller(labeltest.Operator)
		_, err := q.ChangeRegistry(ctx, op, label.RegistryRequest{Act: label.ActAddPerson, Organization: "second-authority", Person: labeltest.First})
		wants(t, err, label.Exists, label.ReasonExists)
		_, err = q.ChangeRegistry(ctx, op, label.RegistryRequest{Act: label.ActAddKey, Organization: "second-authority", Person: labeltest.First, PEM: labeltest.NewSigner(t).Public.PEM})
		wants(t, err, label.Denied, label.ReasonNotYours)
	})
	t.Run("keys of nobody in particular, of two organizations", func(t *testing.T) {
		q := newQuorum(t)
		q.Enrol("second-authority", label.RoleOperator)
		q.Enrol("third-authority", label.RoleOperator)
		c, err := q.ask("second-authority", label.Revoke, "nonconformity", func(r *label.StatusRequest) { r.Text = "Another." })
		must(t, err)
		q.asked = c.Request
		wants(t, q.sign(q.Signers["third-authority"]), label.Precondition, label.ReasonWrongSigner)
		q.revoked(false)
	})
	t.Run("a machine", func(t *testing.T) {
		q := newQuorum(t)
		robot := person(t, q.World, labeltest.Operator, "robot", true)
		wants(t, q.sign(robot), label.Precondition, label.ReasonWrongSigner)
		q.revoked(false)
	})
	t.Run("a revoked key", func(t *testing.T) {
		q := newQuorum(t)
		_, err := q.RevokeKey(ctx, q.SecondCaller(), q.Second.Public.ID, "left")
		must(t, err)
		wants(t, q.sign(q.Second), label.Denied, label.ReasonKeyRevoked)
		q.revoked(false)
	})
	t.Run("an approval whose key is revoked since", func(t *testing.T) {
		q := newQuorum(t)
		third := person(t, q.World, labeltest.Operator, "cat", false)
		_, err := q.RevokeKey(ctx, q.Caller(labeltest.Operator), q.Signers[labeltest.Operator].Public.ID, "left")
		must(t, err)
		q.Signers[labeltest.Operator] = third // who calls
		must(t, q.sign(third))
		q.revoked(false)
		must(t, q.sign(q.Second))
		q.revoked(true)
	})
	t.Run("somebody who left", func(t *testing.T) {
		q := newQuorum(t)
		third := person(t, q.World, labeltest.Operator, "cat", false)
		_, err := q.ChangeRegistry(ctx, q.Caller(labeltest.Operator), label.RegistryRequest{Act: label.ActRemovePerson, Organization: labeltest.Operator, Person: "cat", Text: "left"})
		must(t, err)
		wants(t, q.sign(third), label.Denied, label.ReasonKeyRevoked)
		q.revoked(false)
	})
	t.Run("a suspended organization", func(t *testing.T) {
		q := newQuorum(t)
		q.Enrol("second-authority", label.RoleOperator)
		_, err := q.ChangeRegistry(ctx, q.Caller(labeltest.Operator), label.RegistryRequest{Act: label.ActSuspendOrg, Organization: "second-authority", Text: "Looked into."})
		must(t, err)
		wants(t, q.sign(q.Signers["second-authority"]), label.Denied, label.ReasonOrgSuspended)
		q.revoked(false)
	})
	t.Run("the same text, another request", func(t *testing.T) {
		q := newQuorum(t)
		q.pass(time.Second)
		raw := q.Ask(labeltest.Operator, q.pub, label.Revoke, "nonconformity", nil)
		c, err := q.Authority.Change(ctx, q.SecondCaller(), labelled(t, q.Second, raw))
		must(t, err)
		if c.Status != nil || c.Request.Digest == q.asked.Digest {
			t.Error("an approval of other bytes was taken for one of these")
		}
		q.revoked(false)
	})
	t.Run("an approval that comes first", func(t *testing.T) {
		l := newLife(t)
		raw := l.Ask(labeltest.Operator, l.pub, label.Revoke, "nonconformity", nil)
		q := &quorum{life: l}
		c, err := l.Authority.Change(ctx, l.SecondCaller(), labelled(t, l.Second, raw))
		must(t, err)
		q.asked = c.Request
		q.revoked(false)
		_, err = l.Authority.Change(ctx, l.Caller(labeltest.Operator), raw)
		must(t, err)
		q.revoked(true)
	})
	t.Run("an approval once more", func(t *testing.T) {
		q := newQuorum(t)
		must(t, q.sign(q.Second))
		q.revoked(true)
		c, err := q.Authority.Change(ctx, q.Caller(labeltest.Operator), q.Countersign(q.Second, q.asked))
		if must(t, err); !c.Known {
			t.Error("a request was carried out twice")
		}
	})
}

// labelled signs the payload of a signed statement with another key.
func labelled(t *testing.T, s *envelope.Signer, raw []byte) []byte {
	t.Helper()
	u, err := envelope.Open(raw)
	must(t, err)
	env, err := s.SealPayload(u.Envelope().Payload)
	must(t, err)
	b, err := envelope.Bundle(env)
	must(t, err)
	return b
}

// TestMachineAlone: a machine account does what takes one signature, and changes nothing
// of who may act.
func TestMachineAlone(t *testing.T) {
	w := labeltest.New(t, nil)
	l := w.Issue(w.Example("camera"), 3)
	w.Signers[labeltest.Operator] = person(t, w, labeltest.Operator, "robot", true)
	robot := w.Caller(labeltest.Operator)
	c, err := w.Authority.Change(ctx, robot, w.Ask(labeltest.Operator, l, label.Suspend, "complaint", func(r *label.StatusRequest) { r.Text = "The line reports it." }))
	must(t, err)
	if c.Status == nil || c.Status.Action != label.Suspend {
		t.Errorf("a machine account suspended a label: %+v", c)
	}
	_, err = w.Authority.ChangeRegistry(ctx, robot, labeltest.Registry(t, w.Signers[labeltest.Operator], label.RegistryRequest{
		Act: label.ActAddPerson, Organization: labeltest.Lab, Person: "guest", Name: "A guest", Made: w.Clock.Now().UTC().Truncate(time.Second),
	}))
	wants(t, err, label.Precondition, label.ReasonWrongSigner)
	if err != nil && !strings.Contains(err.Error(), "person.add takes a person") {
		t.Errorf("it is refused with %q", err)
	}
}

// TestNobodyMakesHimselfTwo has one of two operators do what would change who acts for the
// authority: each of it waits for the other.
func TestNobodyMakesHimselfTwo(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Enrol("second-authority", label.RoleOperator)
	op := w.Caller(labeltest.Operator)
	pem := labeltest.NewSigner(t).Public.PEM
	today := label.DateOf(labeltest.Start)
	for name, r := range map[string]label.RegistryRequest{
		"a key":              {Act: label.ActAddKey, Organization: labeltest.Operator, PEM: pem},
		"a key of another":   {Act: label.ActAddKey, Organization: "second-authority", PEM: pem},
		"a person":           {Act: label.ActAddPerson, Organization: labeltest.Operator, Person: "dan"},
		"an organization":    {Act: label.ActEnrolOrg, Organization: "friends", Profile: &label.Profile{Name: "Friends"}, Roles: []label.Role{label.RoleOperator}},
		"the other's key":    {Act: label.ActRevokeKey, Key: w.Second.Public.ID, Text: "He disagrees."},
		"the other":          {Act: label.ActRemovePerson, Organization: labeltest.Operator, Person: labeltest.Second, Text: "He disagrees."},
		"the others":         {Act: label.ActSuspendOrg, Organization: "second-authority", Text: "They disagree."},
		"another name":       {Act: label.ActChangeOrg, Organization: "second-authority", Profile: &label.Profile{Name: "Nobody"}},
		"a laboratory":       {Act: label.ActAccredit, Organization: labeltest.Lab, Accreditation: &label.Scope{Number: "F-1", Body: "Friends", Standards: []string{"en303645"}, Categories: []string{"*"}, Methods: labeltest.AllMethods, Interval: label.Period{From: today, To: today.AddMonths(12)}}},
		"other rules of all": {Act: label.ActAdoptActs, Table: label.DigestOf([]byte("acts: []")), Text: "Quicker."},
	} {
		r.Made = w.Clock.Now().UTC().Truncate(time.Second)
		out, err := w.Authority.ChangeRegistry(ctx, op, labeltest.Registry(t, w.Signers[labeltest.Operator], r))
		if err != nil || !out.Request.Waits() {
			t.Errorf("%s: %+v, %v", name, out, err)
		}
	}
	for name, e := range map[string]label.Event{
		"the other's key is stolen": {Kind: label.KeyEvent, Key: w.Second.Public.ID, Since: labeltest.Start, Reason: "key-compromised"},
		"a report falls":            {Kind: label.StatementEvent, Statement: w.Issue(w.Example("camera"), 3).Label.Evidence[0].SHA256, Reason: "authority-error"},
	} {
		got, err := w.Authority.Report(ctx, op, w.Event(e))
		if err != nil || got.Waits == nil {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	// His own key he revokes at once, and says since when it was in the wrong hands.
	third := person(t, w, labeltest.Operator, "cat", false)
	caller := op
	caller.Key, caller.Person = third.Public.ID, "cat"
	_, err := w.Authority.ChangeRegistry(ctx, caller, labeltest.Registry(t, third, label.RegistryRequest{
		Act: label.ActRevokeKey, Key: third.Public.ID, Text: "Lost.", Made: w.Clock.Now().UTC().Truncate(time.Second),
	}))
	must(t, err)
	if k := keyOf(t, w, third.Public.ID); k.Revoked.IsZero() {
		t.Error("nobody can revoke his own key at once")
	}
}

// TestOldKeySaysNothing has one operator who has got hold of the other's old key, which was
// replaced, sign with it besides his own that the other's new key is to be revoked: it is
// not for him alone.
func TestOldKeySaysNothing(t *testing.T) {
	w := labeltest.New(t, nil)
	next := labeltest.NewSigner(t)
	_, err := w.ChangeRegistry(ctx, w.SecondCaller(), label.RegistryRequest{Act: label.ActReplaceKey, Key: w.Second.Public.ID, PEM: next.Public.PEM})
	must(t, err)
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	raw := labeltest.Registry(t, w.Signers[labeltest.Operator], label.RegistryRequest{
		Act: label.ActRevokeKey, Key: next.Public.ID, Text: "He disagrees.", Made: w.Clock.Now().UTC().Truncate(time.Second),
	})
	u, err := envelope.Open(raw)
	must(t, err)
	env := *u.Envelope()
	old, err := w.Second.SealPayload(env.Payload)
	must(t, err)
	env.Signatures = append(slices.Clone(env.Signatures), old.Signatures...)
	both, err := env.Encode()
	must(t, err)
	out, err := w.Authority.ChangeRegistry(ctx, w.Caller(labeltest.Operator), both)
	if must(t, err); !out.Request.Waits() || !keyOf(t, w, next.Public.ID).Revoked.IsZero() {
		t.Errorf("one person revoked another's key: %+v", out.Request)
	}
}

// TestAddressOfAWebhookIsNoSubject adds a webhook, whose address lets whoever knows it in.
func TestAddressOfAWebhookIsNoSubject(t *testing.T) {
	w := labeltest.New(t, nil)
	h, err := w.Authority.AddHook(ctx, w.Caller(labeltest.Maker), "https://hooks.example/token-4711", nil)
	must(t, err)
	list := trail(t, w)
	if last := list[len(list)-1]; last.Kind != string(label.ActAddHook) || last.Subject != h.ID {
		t.Errorf("the trail says %+v", last)
	}
}

func keyOf(t *testing.T, w *labeltest.World, id string) (k *label.Key) {
	t.Helper()
	must(t, w.Store.View(func(v *store.View) (err error) {
		k, err = v.Key(id)
		return err
	}))
	return k
}

// A lonely world is one whose authority is one person.
func lonely(t *testing.T) *labeltest.World {
	t.Helper()
	w := labeltest.NewAlone(t)
	if alone, err := w.Authority.Alone(); err != nil || !alone {
		t.Fatalf("one person is taken for several (%v)", err)
	}
	return w
}

// quorums returns what the log says of the quorum.
func quorums(t *testing.T, w *labeltest.World) (list []*label.Quorum) {
	t.Helper()
	must(t, w.Store.View(func(v *store.View) error {
		for i := range w.Authority.LogSize() {
			leaf, err := v.Leaf(i)
			if err != nil {
				return err
			}
			u, err := envelope.Open(leaf)
			if err != nil {
				return err
			}
			s, err := u.Verify([]*envelope.PublicKey{w.Issuer.Public()})
			if err != nil {
				return err
			}
			if s.PredicateType() != label.TypeQuorum {
				continue
			}
			q, err := envelope.Predicate[label.Quorum](s)
			if err != nil {
				return err
			}
			list = append(list, q)
		}
		return nil
	}))
	return list
}

// TestAloneInTheOpen has one person decide for an authority what takes several, which the
// log says, until the second holds a key: from then on nobody decides alone again,
// whatever becomes of the second.
func TestAloneInTheOpen(t *testing.T) {
	w := lonely(t)
	op := w.Caller(labeltest.Operator)
	one := func(s *envelope.Signer, r label.RegistryRequest) *authority.RegistryChange {
		t.Helper()
		w.Clock.Set(w.Clock.Now().Add(time.Second))
		r.Made = w.Clock.Now().UTC().Truncate(time.Second)
		out, err := w.Authority.ChangeRegistry(ctx, op, labeltest.Registry(t, s, r))
		must(t, err)
		return out
	}
	first := w.Signers[labeltest.Operator]
	w.Accredit(labeltest.Lab, nil)
	if list := quorums(t, w); len(list) != 1 || list[0].Why != label.QuorumAlone || list[0].Persons != 1 {
		t.Fatalf("the log says %+v of who decides", list)
	}
	// A revocation takes two all the same.
	p := w.Issue(w.Example("camera"), 3)
	c, err := w.Authority.Change(ctx, op, w.Ask(labeltest.Operator, p, label.Revoke, "nonconformity", nil))
	if must(t, err); c.Status != nil || !strings.Contains(strings.Join(c.Notes, " "), "Nobody else holds an operator's key") {
		t.Errorf("one person revoked a label, or was told %q", c.Notes)
	}
	// Neither a person without a key is a second voice, nor a machine.
	one(first, label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Operator, Person: labeltest.Second})
	one(first, label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Operator, Person: "robot", Machine: true})
	one(first, label.RegistryRequest{Act: label.ActAddKey, Organization: labeltest.Operator, Person: "robot", PEM: labeltest.NewSigner(t).Public.PEM})
	if alone, err := w.Authority.Alone(); err != nil || !alone {
		t.Errorf("a machine is taken for a person (%v)", err)
	}
	second := labeltest.NewSigner(t)
	one(first, label.RegistryRequest{Act: label.ActAddKey, Organization: labeltest.Operator, Person: labeltest.Second, PEM: second.Public.PEM})
	if alone, err := w.Authority.Alone(); err != nil || alone {
		t.Errorf("with two who hold a key one decides alone (%v)", err)
	}
	if list := quorums(t, w); len(list) != 2 || list[1].Why != label.QuorumSeveral || list[1].Persons != 2 {
		t.Errorf("the log says %+v of who decides", list)
	}
	waits := func(what string) {
		t.Helper()
		if out := one(first, label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Operator, Person: "friend-" + what}); !out.Request.Waits() {
			t.Errorf("%s: one person decides alone", what)
		}
	}
	waits("now")
	out := one(second, label.RegistryRequest{Act: label.ActRevokeKey, Key: second.Public.ID, Text: "Lost."})
	if !strings.Contains(strings.Join(out.Notes, " "), "labeld recover") {
		t.Errorf("of too few persons there is to know %q", out.Notes)
	}
	waits("after-the-key")
	w.Restart()
	waits("after-a-restart")
	// Whoever runs the service helps, in the open.
	third := labeltest.NewSigner(t)
	k, err := w.Authority.Recover(ctx, labeltest.Operator, "dan", third.Public.PEM, "The second key was lost.")
	must(t, err)
	if list := quorums(t, w); len(list) != 3 || list[2].Why != label.QuorumRecovered || list[2].Key != k.ID || list[2].Person != k.Person || list[2].Organization != labeltest.Operator || !strings.Contains(list[2].Text, "The second key was lost.") || !strings.Contains(list[2].Text, k.Short()) {
		t.Errorf("the log says %+v of who decides", list)
	}
	_, err = w.Authority.Recover(ctx, labeltest.Maker, "eve", labeltest.NewSigner(t).Public.PEM, "Why not.")
	wants(t, err, label.Precondition, label.ReasonWrongRole)
}

// TestOrganizationsAgree has a rule ask for persons of two organizations.
func TestOrganizationsAgree(t *testing.T) {
	q := &quorum{life: newLife(t)}
	q.Programme.Acts[label.ActSuspend] = &scheme.ActRule{Kind: label.ActSuspend, Roles: []label.Role{label.RoleOperator}, Signed: true, Persons: 2, Organizations: 2}
	q.Enrol("second-authority", label.RoleOperator)
	c, err := q.ask(labeltest.Operator, label.Suspend, "nonconformity", nil)
	must(t, err)
	q.asked = c.Request
	must(t, q.sign(q.Second))
	if s := q.now().State; s != label.Active {
		t.Errorf("two persons of one organization made the label %s", s)
	}
	must(t, q.sign(q.Signers["second-authority"]))
	if s := q.now().State; s != label.Suspended {
		t.Errorf("persons of two organizations agree, and the label is %s", s)
	}
}

// TestOwnAffairs has a laboratory manage its own persons and keys, and nobody else's.
func TestOwnAffairs(t *testing.T) {
	w := labeltest.New(t, nil)
	lab, maker := w.Caller(labeltest.Lab), w.Caller(labeltest.Maker)
	do := func(c authority.Caller, r label.RegistryRequest) (*authority.RegistryChange, error) {
		w.Clock.Set(w.Clock.Now().Add(time.Second))
		return w.ChangeRegistry(ctx, c, r)
	}
	_, err := do(lab, label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Lab, Person: "lea", Name: "Head of tests"})
	must(t, err)
	next := labeltest.NewSigner(t)
	out, err := do(lab, label.RegistryRequest{Act: label.ActAddKey, Organization: labeltest.Lab, Person: "lea", PEM: next.Public.PEM})
	must(t, err)
	if by := out.Key.AddedBy; by == nil || by.Organization != labeltest.Lab || by.Key != w.Signers[labeltest.Lab].Public.ID || out.Key.Person != "lea" {
		t.Errorf("the key is %+v", out.Key)
	}
	for name, err := range map[string]error{
		"another's person": second(do(maker, label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Lab, Person: "max"})),
		"another's key":    second(do(maker, label.RegistryRequest{Act: label.ActAddKey, Organization: labeltest.Lab, PEM: labeltest.NewSigner(t).Public.PEM})),
		"to revoke it":     second(do(maker, label.RegistryRequest{Act: label.ActRevokeKey, Key: next.Public.ID, Text: "No."})),
		"a replacement":    second(do(maker, label.RegistryRequest{Act: label.ActReplaceKey, Key: next.Public.ID, PEM: labeltest.NewSigner(t).Public.PEM})),
		"its own name":     second(do(lab, label.RegistryRequest{Act: label.ActChangeOrg, Organization: labeltest.Lab, Profile: &label.Profile{Name: "Best Lab"}})),
		"to accredit":      second(do(lab, label.RegistryRequest{Act: label.ActAccredit, Organization: labeltest.Lab, Accreditation: &label.Scope{Number: "1", Body: "b", Standards: []string{"en303645"}, Categories: []string{"*"}, Methods: labeltest.AllMethods, Interval: label.Period{From: label.NewDate(2026, 1, 1), To: label.NewDate(2027, 1, 1)}}})),
	} {
		if label.KindOf(err) != label.Denied {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = do(w.Caller(labeltest.Operator), label.RegistryRequest{Act: label.ActReplaceKey, Key: next.Public.ID, PEM: labeltest.NewSigner(t).Public.PEM})
	wants(t, err, label.Denied, label.ReasonNotYours) // an operator enrols a key, and replaces none
	// The key that signs is replaced, at once.
	third := labeltest.NewSigner(t)
	held := lab
	held.Key, held.Person = next.Public.ID, "lea"
	out, err = do(held, label.RegistryRequest{Act: label.ActReplaceKey, Key: next.Public.ID, PEM: third.Public.PEM})
	must(t, err)
	if out.Key.ID != third.Public.ID || out.Key.Person != "lea" || keyOf(t, w, next.Public.ID).Revoked.IsZero() {
		t.Errorf("the replacement is %+v", out.Key)
	}
	_, err = do(held, label.RegistryRequest{Act: label.ActReplaceKey, Key: third.Public.ID, PEM: labeltest.NewSigner(t).Public.PEM})
	wants(t, err, label.Denied, label.ReasonKeyRevoked)
	_, err = do(lab, label.RegistryRequest{Act: label.ActRemovePerson, Organization: labeltest.Lab, Person: "lea", Text: "Retired."})
	must(t, err)
	if keyOf(t, w, third.Public.ID).Revoked.IsZero() {
		t.Error("somebody left, and his key counts")
	}
	_, err = do(lab, label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Lab, Person: "lea"})
	wants(t, err, label.Precondition, label.ReasonStep)
}

// TestKeysThatAThiefAdded has a laboratory say that its key was stolen: what the thief
// added with it falls with it, and what was added before does not.
func TestKeysThatAThiefAdded(t *testing.T) {
	w := labeltest.New(t, nil)
	lab := w.Caller(labeltest.Lab)
	add := func(by string) string {
		t.Helper()
		c := lab
		c.Key = by
		w.Clock.Set(w.Clock.Now().Add(time.Minute))
		k, err := w.AddKey(ctx, c, labeltest.Lab, labeltest.NewSigner(t).Public.PEM, time.Time{})
		must(t, err)
		return k.ID
	}
	stolen := w.Signers[labeltest.Lab].Public.ID
	before := add(stolen)
	w.Clock.Set(w.Clock.Now().Add(time.Minute))
	since := w.Clock.Now().UTC().Truncate(time.Second)
	after := add(stolen)
	grandchild := add(after)
	raw := w.EventBy(labeltest.Lab, label.Event{Kind: label.KeyEvent, Key: stolen, Since: since, Reason: "key-compromised"})
	_, err := w.Authority.Report(ctx, w.Caller(labeltest.Maker), w.EventBy(labeltest.Maker, label.Event{Kind: label.KeyEvent, Key: stolen, Since: since, Reason: "key-compromised"}))
	wants(t, err, label.Denied, label.ReasonNotYours)
	_, err = w.Authority.Report(ctx, lab, raw)
	must(t, err)
	for id, fallen := range map[string]bool{stolen: true, before: false, after: true, grandchild: true} {
		if k := keyOf(t, w, id); k.Revoked.IsZero() == fallen || k.Compromised.IsZero() == fallen || fallen && !k.OwnersWord {
			t.Errorf("key %s is %+v, want fallen %t", k.Short(), k, fallen)
		}
	}
}

// TestLostKeyLosesNoFailure has a laboratory that found something wrong say that its key
// was in the wrong hands. What speaks for the product counts no more; what it found wrong
// does, until an operator says the same.
func TestLostKeyLosesNoFailure(t *testing.T) {
	s := newSale(t)
	since := s.Clock.Now().UTC().Truncate(time.Second)
	s.pass(time.Minute)
	_, err := s.report(labeltest.Lab, "failed", hasFail("5.5-1"))
	must(t, err)
	if p := s.now(); p.State != label.Suspended {
		t.Fatalf("after the failure the label is %s", p.State)
	}
	s.pass(time.Minute)
	key := s.Signers[labeltest.Lab].Public.ID
	e := label.Event{Kind: label.KeyEvent, Key: key, Since: since, Reason: "key-compromised"}
	_, err = s.Authority.Report(ctx, s.Caller(labeltest.Lab), s.EventBy(labeltest.Lab, e))
	must(t, err)
	s.now()
	failed := func() bool {
		t.Helper()
		d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "")
		must(t, err)
		return slices.ContainsFunc(d.Levels[2].Findings, func(f *scheme.Finding) bool { return f.State == scheme.Unmet })
	}
	if !failed() {
		t.Error("a laboratory lost its key, and with it what it had found wrong")
	}
	s.pass(time.Second)
	s.Report(e) // the very same statement would be refused
	if failed() {
		t.Error("an operator says so too, and what a thief reported counts")
	}
	e.Since = since.Add(-time.Hour)
	_, err = s.Authority.Report(ctx, s.Caller(labeltest.Operator), s.EventBy(labeltest.Lab, e))
	wants(t, err, label.Denied, label.ReasonKeyRevoked) // with another key it could ask, and is told to ask the authority
}

// TestSuspendedOrganization has an organization suspended: it is turned away, nothing
// counts that it signs, and nothing is issued to it, until that ends.
func TestSuspendedOrganization(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	device := w.Submit(e)
	suspend := func(act label.ActKind, org string) {
		t.Helper()
		w.Clock.Set(w.Clock.Now().Add(time.Second))
		_, err := w.ChangeRegistry(ctx, w.Caller(labeltest.Operator), label.RegistryRequest{Act: act, Organization: org, Text: "It does not answer."})
		must(t, err)
	}
	suspend(label.ActSuspendOrg, labeltest.Maker)
	suspend(label.ActSuspendOrg, labeltest.Lab)
	_, err := w.Authority.Authenticate(w.Token(labeltest.Maker))
	wants(t, err, label.Unauthenticated, label.ReasonOrgSuspended)
	for name, err := range map[string]error{
		"a report":      third(w.Authority.Submit(ctx, w.Caller(labeltest.Operator), w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, renumbered(e.Report, "R-2")))),
		"a declaration": third(w.Authority.Submit(ctx, w.Caller(labeltest.Operator), w.Seal(labeltest.Maker, e.Descriptor, label.TypeDeclaration, e.Declaration))),
		"a label":       second(w.Authority.Request(ctx, w.Caller(labeltest.Operator), device, "", 3)),
	} {
		if err != nil && label.ReasonOf(err) != label.ReasonOrgSuspended {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil && name != "a declaration" { // which is known already
			t.Errorf("%s: accepted", name)
		}
	}
	suspend(label.ActResumeOrg, labeltest.Maker)
	suspend(label.ActResumeOrg, labeltest.Lab)
	if o, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), device, "", 3); err != nil || o.Label == nil {
		t.Errorf("resumed, it gets %+v, %v", o, err)
	}
}

func renumbered(r *label.TestReport, number string) *label.TestReport {
	out := *r
	out.Number = number
	return &out
}

// TestActsAreAdopted has the table of acts changed: the service does not start with it
// before two persons have adopted it, and with no other afterwards.
func TestActsAreAdopted(t *testing.T) {
	w := labeltest.New(t, nil)
	raw, err := fs.ReadFile(labels.FS, "acts.yaml")
	must(t, err)
	changed := []byte(strings.Replace(string(raw), "{kind: label.revoke, roles: [operator], signed: true, persons: 2}", "{kind: label.revoke, roles: [operator], signed: true}", 1))
	if string(changed) == string(raw) {
		t.Fatal("the rule to be changed is not there")
	}
	served, easier := w.Programme, load(t, changed)
	w.Programme = easier
	if err := w.TryRestart(); err == nil || !strings.Contains(err.Error(), easier.ActsSHA256.String()) || !strings.Contains(err.Error(), served.ActsSHA256.String()) {
		t.Fatalf("with easier rules: %v", err)
	}
	w.Programme = served
	must(t, w.Reopen())
	r := label.RegistryRequest{Act: label.ActAdoptActs, Table: easier.ActsSHA256, Text: "Revoking has to be quicker.", Made: w.Clock.Now().UTC().Truncate(time.Second)}
	out, err := w.Authority.ChangeRegistry(ctx, w.Caller(labeltest.Operator), labeltest.Registry(t, w.Signers[labeltest.Operator], r))
	if must(t, err); !out.Request.Waits() {
		t.Fatal("one person changed the rules of all")
	}
	_, err = w.Authority.ChangeRegistry(ctx, w.Caller(labeltest.Operator), w.Countersign(w.Second, out.Request))
	must(t, err)
	if err := w.TryRestart(); err == nil {
		t.Fatal("it starts with the rules that were given up")
	}
	w.Programme = easier
	must(t, w.Reopen())
}

// load returns the shipped programme with another table of acts.
func load(t *testing.T, acts []byte) *scheme.Programme {
	t.Helper()
	fsys := fstest.MapFS{}
	must(t, fs.WalkDir(labels.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			var b []byte
			b, err = fs.ReadFile(labels.FS, path)
			fsys[path] = &fstest.MapFile{Data: b}
		}
		return err
	}))
	fsys["acts.yaml"] = &fstest.MapFile{Data: acts}
	p, err := scheme.Load(fsys)
	must(t, err)
	return p
}

// trail returns the audit trail.
func trail(t *testing.T, w *labeltest.World) (list []label.TrailEntry) {
	t.Helper()
	must(t, w.Store.View(func(v *store.View) error {
		tree, err := v.Trail()
		if err != nil {
			return err
		}
		for i := range tree.N {
			leaf, err := v.ActLeaf(i)
			if err != nil {
				return err
			}
			e, err := label.ParseTrailEntry(leaf)
			if err != nil {
				return err
			}
			list = append(list, *e)
		}
		if computed, _, err := translog.Append(translog.Empty(), nil, leaves(t, list)); err != nil || computed != tree {
			return fmt.Errorf("the tree is %v, and the entries give %v (%w)", tree, computed, err)
		}
		return nil
	}))
	return list
}

func leaves(t *testing.T, list []label.TrailEntry) (all [][]byte) {
	t.Helper()
	for i := range list {
		leaf, err := list[i].Leaf()
		must(t, err)
		all = append(all, leaf)
	}
	return all
}

// TestTrail has acts be done, wait, be refused and be done again, and an operator read what
// is private: the trail says who, what and what came of it, and nothing of evidence.
func TestTrail(t *testing.T) {
	w := labeltest.New(t, nil)
	ctx := authority.WithRequestID(context.Background(), "call-1")
	begin := len(trail(t, w))
	maker, op := w.Caller(labeltest.Maker), w.Caller(labeltest.Operator)
	e := w.Example("camera")
	device := w.Submit(e)
	o, err := w.Authority.Request(ctx, maker, device, "", 3)
	must(t, err)
	_, _, err = w.Authority.Register(ctx, maker, e.Descriptor) // known: nothing is written
	must(t, err)
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.ToyMaker), e.Descriptor)
	wants(t, err, label.Denied, label.ReasonNotYours)
	c, err := w.Authority.Change(ctx, op, w.Ask(labeltest.Operator, o.Label, label.Revoke, "nonconformity", nil))
	must(t, err)
	_, err = w.Authority.Change(ctx, op, w.Countersign(w.Second, c.Request)) // the first carries it, the second acts
	must(t, err)
	_, _, err = w.Authority.Submissions(ctx, op, device, authority.Page{})
	must(t, err)
	_, _, err = w.Authority.Submissions(ctx, maker, device, authority.Page{}) // its own
	must(t, err)
	type row struct {
		kind, org, person string
		outcome           label.ActOutcome
		reason            string
	}
	var got []row
	for _, a := range trail(t, w)[begin:] {
		got = append(got, row{a.Kind, a.Actor.Organization, a.Actor.Person, a.Outcome, a.Reason})
		if a.Kind != "device.register" && a.Kind != "evidence.submit" && a.RequestID != "call-1" || a.Actor.Key == "" || a.Subject == "" {
			t.Errorf("the entry %+v lacks something", a)
		}
		if strings.Contains(a.Text, "descriptor names") != (a.Outcome == label.ActRefused) {
			t.Errorf("the entry %+v says %q", a, a.Text)
		}
	}
	want := []row{
		{"device.register", labeltest.Maker, "", label.ActDone, ""},
		{"evidence.submit", labeltest.Lab, "", label.ActDone, ""},
		{"evidence.submit", labeltest.Maker, "", label.ActDone, ""},
		{"label.request", labeltest.Maker, "", label.ActDone, ""},
		{"device.register", labeltest.ToyMaker, "", label.ActRefused, string(label.ReasonNotYours)},
		{"label.revoke", labeltest.Operator, labeltest.First, label.ActWaits, ""},
		{"label.revoke", labeltest.Operator, labeltest.Second, label.ActDone, ""},
		{"evidence.read", labeltest.Operator, labeltest.First, label.ActDone, ""},
	}
	if !slices.Equal(got, want) {
		t.Errorf("the trail says\n%v, want\n%v", got, want)
	}
}

// TestTooManyRefusals has somebody ask in vain all day: the trail says how often, and does
// not grow with it.
func TestTooManyRefusals(t *testing.T) {
	w := labeltest.New(t, nil)
	begin := len(trail(t, w))
	const tries = 1200
	for range tries {
		_, err := w.Authority.CloseComplaint(ctx, w.Caller(labeltest.Maker), "none", "Nothing.")
		wants(t, err, label.Denied, label.ReasonWrongRole)
	}
	if n := len(trail(t, w)) - begin; n != 1000 {
		t.Errorf("of %d refusals %d are entered", tries, n)
	}
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	_, err := w.Authority.CloseComplaint(ctx, w.Caller(labeltest.Maker), "none", "Nothing.")
	wants(t, err, label.Denied, label.ReasonWrongRole)
	if list := trail(t, w); !strings.Contains(list[len(list)-1].Text, "200 refusals before this one") {
		t.Errorf("the next says %q", list[len(list)-1].Text)
	}
}

// TestEverythingThroughTheDoor holds that what callers have written goes through the door:
// whatever else is written is named here, with who has it written.
func TestEverythingThroughTheDoor(t *testing.T) {
	others := map[string]string{
		"door.go":        "the door itself",
		"authority.go":   "the first table of acts, at the first start",
		"advisenew.go":   "what advisories say of labels, beside other work",
		"complaint.go":   "people in shops, of whom nothing is known",
		"consequence.go": "what becomes of labels after an event",
		"failure.go":     "operators are told of what failed",
		"hook.go":        "what became of a notice",
		"overdue.go":     "the clock on what was declared",
		"quota.go":       "operators are told that the disk is filling",
		"rejudge.go":     "labels are judged again",
		"audit.go":       "the head of the audit trail is logged",
		"waiting.go":     "requests end with time",
		"watch.go":       "the passing of time",
	}
	files, err := filepath.Glob("*.go")
	must(t, err)
	found := map[string]bool{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || name == "writer.go" {
			continue
		}
		src, err := os.ReadFile(name)
		must(t, err)
		f, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		must(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok || !slices.Contains([]string{"do", "doFirst", "doExact"}, call.Sel.Name) {
				return true
			}
			if inner, ok := call.X.(*ast.SelectorExpr); ok && inner.Sel.Name == "writer" {
				if found[name] = true; others[name] == "" {
					t.Errorf("%s has something written past the door; name here who has it written", name)
				}
			}
			return true
		})
	}
	for name := range others {
		if _, err := os.Stat(name); err == nil && !found[name] {
			t.Errorf("%s has nothing written; do not name it", name)
		}
	}
}
