package authority_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
)

// write puts records of a dispute into the store behind the authority's back.
func (d *dispute) write(t *authority.Trail) {
	d.t.Helper()
	b := &store.Batch{At: d.Clock.Now(), Writes: []store.Write{t.Decision, t.Appeal, t.Ruling}}
	must(d.t, d.Store.View(func(v *store.View) error {
		head, err := v.Head()
		b.From = head.Tree
		return err
	}))
	must(d.t, d.Store.Commit(b))
}

// problems returns what a check of the store finds.
func (d *dispute) problems() (list []string) {
	d.t.Helper()
	must(d.t, authority.Check(context.Background(), d.Store, d.Trust, d.Programme, labeltest.Problems(func(p string) { list = append(list, p) })))
	return list
}

// TestCheckFindsTampering changes one thing in the records of a dispute that led
// to a label, has the check find it, and fixes it.
func TestCheckFindsTampering(t *testing.T) {
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	must(t, err)
	must(t, third(d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)))
	issued := d.request().Label
	whole, err := d.Authority.Trail(ctx, d.Caller(labeltest.Maker), d.refusal)
	must(t, err)

	// Signed by others, or about another device, the same words are not it.
	predicate, err := whole.Appeal.Predicate()
	must(t, err)
	forged := d.Seal(labeltest.ToyMaker, d.e.Descriptor, label.TypeAppeal, predicate)
	later := d.Example("plug")
	labeltest.Variant(t, later, 1)
	d.Submit(later)
	other, err := d.Authority.Request(ctx, d.Caller(labeltest.Maker), label.DigestOf(later.Descriptor), "", 2)
	must(t, err)

	for name, c := range map[string]struct {
		change func(*authority.Trail)
		want   string
	}{
		"level":               {func(t *authority.Trail) { t.Decision.Level = 3 }, "the record differs from the signed statement"},
		"term":                {func(t *authority.Trail) { t.Decision.AppealBy = t.Decision.AppealBy.AddDays(1) }, "the record differs from the signed statement"},
		"another decision":    {func(t *authority.Trail) { t.Decision.Signed = other.Refusal.Signed }, "the signed statement is another"},
		"no appeal":           {func(t *authority.Trail) { t.Decision.Appeal = label.Digest{} }, "does not name it"},
		"unknown appeal":      {func(t *authority.Trail) { t.Decision.Appeal = label.DigestOf(nil) }, "is not on record"},
		"clock":               {func(t *authority.Trail) { t.Appeal.DecideBy = t.Appeal.DecideBy.AddDays(1) }, "its times do not follow from the decision"},
		"late":                {func(t *authority.Trail) { t.Appeal.Received = t.Appeal.Received.AddDate(0, 2, 0) }, "its times do not follow from the decision"},
		"words":               {func(t *authority.Trail) { t.Appeal.Statement = []byte("{}") }, "the record differs from the signed statement"},
		"forged":              {func(t *authority.Trail) { t.Appeal.Signature.Envelope = forged }, "its appeal:"},
		"forged, with key":    {func(t *authority.Trail) { t.Appeal.Signature = d.signed(labeltest.ToyMaker, labeltest.Maker, forged) }, "the key is not of " + labeltest.Maker},
		"open again":          {func(t *authority.Trail) { t.Appeal.Ruling = label.Digest{} }, "was not decided by it"},
		"another request":     {func(t *authority.Trail) { t.Ruling.Asked = label.DigestOf(nil) }, "the request for it: the signed statement is another"},
		"another day":         {func(t *authority.Trail) { t.Ruling.Decided = t.Ruling.Decided.Add(time.Hour) }, "the record differs from the signed statement"},
		"hidden":              {func(t *authority.Trail) { t.Ruling.Index = 0 }, "that it rests on is not in the log"},
		"another entry":       {func(t *authority.Trail) { t.Ruling.Index = issued.Index }, "is something else"},
		"decision for ruling": {func(t *authority.Trail) { t.Ruling.Signed = t.Decision.Signed }, "its ruling: the signed statement is another"},
	} {
		decision, appeal, ruling := *whole.Decision, *whole.Appeal, *whole.Ruling
		bad := &authority.Trail{Decision: &decision, Appeal: &appeal, Ruling: &ruling}
		c.change(bad)
		d.write(bad)
		if found := d.problems(); !slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, c.want) }) {
			t.Errorf("%s: the check finds %q, not %q", name, found, c.want)
		}
		d.write(whole)
	}
	if found := d.problems(); len(found) > 0 {
		t.Errorf("fixed, the store is still wrong: %q", found)
	}
}

// signed is a signature under the key of one organization in the name of another.
func (d *dispute) signed(by, as string, raw []byte) store.RequestSignature {
	return store.RequestSignature{Organization: as, Key: d.Signers[by].Public.ID, Envelope: raw}
}
