package authority_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// write writes records into the database, past the door.
func write(t *testing.T, s *store.Store, at time.Time, records ...store.Write) {
	t.Helper()
	batch := &store.Batch{At: at, Writes: records}
	must(t, s.View(func(v *store.View) error {
		head, err := v.Head()
		batch.From = head.Tree
		return err
	}))
	must(t, s.Commit(batch))
}

// TestCheckFindsWhoWasWritten writes into the database who acts for whom, as somebody would
// who has the file, and requires that the check names what nobody asked for.
func TestCheckFindsWhoWasWritten(t *testing.T) {
	w := labeltest.NewAlone(t)
	op := w.Caller(labeltest.Operator)
	w.Enrol("lab-two", label.RoleLab)
	_, err := w.ChangeRegistry(ctx, op, label.RegistryRequest{Act: label.ActAddPerson, Organization: labeltest.Operator, Person: "ben"})
	must(t, err)
	_, err = w.ChangeRegistry(ctx, op, label.RegistryRequest{Act: label.ActAddKey, Organization: labeltest.Operator, Person: "ben", PEM: w.Second.Public.PEM})
	must(t, err)
	old := labeltest.NewSigner(t)
	_, err = w.AddKey(ctx, op, "lab-two", old.Public.PEM, w.Clock.Now().Add(-time.Hour))
	must(t, err)
	w.Clock.Set(w.Clock.Now().Add(time.Hour))
	_, err = w.RevokeKey(ctx, w.Caller("lab-two"), old.Public.ID, "It was lost.")
	must(t, err)
	given := labeltest.NewSigner(t)
	_, err = w.Authority.Recover(ctx, labeltest.Operator, "ben", given.Public.PEM, "The other key was lost.")
	must(t, err)
	w.Check()
	good, err := os.ReadFile(store.Path(w.Dir))
	must(t, err)

	var lab, operator *label.Organization
	var ben *label.Person
	var first, second, revoked, recovered *label.Key
	must(t, w.Store.View(func(v *store.View) (err error) {
		lab, err = v.Org("lab-two")
		must(t, err)
		operator, err = v.Org(labeltest.Operator)
		must(t, err)
		ben, err = v.Person("ben")
		must(t, err)
		for id, k := range map[string]**label.Key{op.Key: &first, w.Second.Public.ID: &second, old.Public.ID: &revoked, given.Public.ID: &recovered} {
			*k, err = v.Key(id)
			must(t, err)
		}
		return nil
	}))
	thief := labeltest.NewSigner(t).Public
	stolen := label.Key{ID: thief.ID, PEM: thief.PEM, Algorithm: thief.Algorithm, Organization: labeltest.Operator, Person: first.Person, From: first.From, Enrolled: first.Enrolled}
	for name, c := range map[string]struct {
		forged store.Write
		want   string
	}{
		"a role":                           {(*store.Organization)(edit(lab, func(o *label.Organization) { o.Roles = []label.Role{label.RoleOperator} })), "organization lab-two is on record as"},
		"another name":                     {(*store.Organization)(edit(lab, func(o *label.Organization) { o.Name = "The other" })), "organization lab-two is on record as"},
		"another day":                      {(*store.Organization)(edit(lab, func(o *label.Organization) { o.Enrolled = o.Enrolled.Add(time.Second) })), "organization lab-two is on record as"},
		"a suspension":                     {(*store.Organization)(edit(operator, func(o *label.Organization) { o.Suspended, o.SuspendedFor = w.Clock.Now(), "Because." })), "organization test-authority is on record as"},
		"a machine":                        {(*store.Person)(edit(ben, func(p *label.Person) { p.Machine = true })), "person ben is on record as"},
		"who added somebody":               {(*store.Person)(edit(ben, func(p *label.Person) { p.AddedBy.Organization = "lab-two" })), "person ben is on record as"},
		"another holder":                   {(*store.Key)(edit(second, func(k *label.Key) { k.Person = first.Person })), "is on record as"},
		"an earlier day":                   {(*store.Key)(edit(second, func(k *label.Key) { k.From = k.From.Add(-time.Hour) })), "is on record as"},
		"a revocation that is gone":        {(*store.Key)(edit(revoked, func(k *label.Key) { k.Revoked, k.RevokedFor = time.Time{}, "" })), "is on record as"},
		"another reason":                   {(*store.Key)(edit(revoked, func(k *label.Key) { k.RevokedFor = "It was not lost." })), "is on record as"},
		"a compromise":                     {(*store.Key)(edit(second, func(k *label.Key) { k.Compromised = k.Enrolled })), "is on record as"},
		"that a key was given":             {(*store.Key)(edit(recovered, func(k *label.Key) { k.Enrolled = k.Enrolled.Add(-time.Hour) })), "the audit trail does not say so"},
		"who had the first key":            {(*store.Key)(edit(first, func(k *label.Key) { k.AddedBy = &label.Actor{Organization: "lab-two"} })), "is signed with key"},
		"the first key's algorithm":        {(*store.Key)(edit(first, func(k *label.Key) { k.Algorithm = "ed25519" })), "its ID or its algorithm"},
		"the first key's day":              {(*store.Key)(edit(first, func(k *label.Key) { k.From = k.From.Add(-time.Second) })), "as if a programme was made with it"},
		"the first key's holder":           {(*store.Key)(edit(first, func(k *label.Key) { k.Person = "ben" })), "as if a programme was made with it"},
		"a key of the first day":           {(*store.Key)(&stolen), "one person decided alone"},
		"a key":                            {(*store.Key)(edit(&stolen, func(k *label.Key) { k.AddedBy, k.ID = second.AddedBy, thief.ID })), "no act put it there"},
		"a person":                         {(*store.Person)(&label.Person{ID: "eve", Organization: "lab-two", Added: w.Clock.Now(), AddedBy: ben.AddedBy}), "person eve is on record, and no act put it there"},
		"an organization of the first day": {(*store.Organization)(&label.Organization{ID: "lab-of-eve", Name: "Eve", Roles: []label.Role{label.RoleLab}, Enrolled: operator.Enrolled}), "one person decided alone"},
		"an organization":                  {(*store.Organization)(&label.Organization{ID: "lab-of-ada", Name: "Ada", Roles: []label.Role{label.RoleLab}, Enrolled: w.Clock.Now()}), "organization lab-of-ada is on record, and no act put it there"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.WriteFile(store.Path(dir), good, 0o600))
			s, err := store.Open(dir)
			must(t, err)
			defer s.Close()
			write(t, s, w.Clock.Now(), c.forged)
			var found []string
			must(t, authority.Check(ctx, s, w.Trust, w.Programme, labeltest.Problems(func(p string) { found = append(found, p) })))
			if !strings.Contains(strings.Join(found, "\n"), c.want) {
				t.Errorf("the check finds %q", found)
			}
		})
	}
}

// edit returns a changed copy of a record.
func edit[T any](rec *T, change func(*T)) *T {
	clone := *rec
	change(&clone)
	return &clone
}
