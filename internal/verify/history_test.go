package verify_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/tally"
	"labeld/internal/translog"
	"labeld/internal/verify"
)

// A past is a camera's label to which something happened, and what somebody has
// collected of it on the way.
type past struct {
	*labeltest.World
	t    *testing.T
	plug *authority.Published
	pub  *authority.Published
}

func newPast(t *testing.T) *past {
	w := labeltest.New(t, nil)
	return &past{w, t, w.Issue(w.Example("plug"), 1), w.Issue(w.Example("camera"), 3)}
}

// pass lets an hour pass, after which the tally is made, and returns the package
// that is served then.
func (p *past) pass() []byte {
	p.t.Helper()
	p.Clock.Set(p.Clock.Now().Add(time.Hour))
	must(p.t, p.Authority.RefreshList())
	return p.served()
}

func (p *past) served() []byte {
	p.t.Helper()
	now, err := p.Authority.Lookup(p.pub.Label.ID)
	must(p.t, err)
	return now.Package
}

// advise has the manufacturer publish a release of an advisory about the camera.
func (p *past) advise(id string, version int) {
	p.t.Helper()
	p.Clock.Set(p.Clock.Now().Add(time.Minute))
	p.Advise(labeltest.Maker, fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://northlight.example/vex/%s","author":"Northlight",
		"timestamp":"2026-10-01T08:00:00Z","last_updated":%q,"version":%d,"statements":[{"vulnerability":{"name":"CVE-2026-9900031"},
		"products":[{"@id":"pkg:generic/northlight/nl-c210@3.8.2"}],"status":"under_investigation"}]}`, id, p.Clock.Now().UTC().Format(time.RFC3339), version))
}

// revoke has two operators revoke the camera's label.
func (p *past) revoke() {
	p.t.Helper()
	ctx, op, other := context.Background(), p.Caller(labeltest.Operator), labeltest.NewSigner(p.t)
	_, err := p.AddKey(ctx, op, labeltest.Operator, other.Public.PEM, time.Time{})
	must(p.t, err)
	first := p.Change(labeltest.Operator, p.pub, label.Revoke, "nonconformity")
	_, err = p.Authority.Change(ctx, op, p.Countersign(other, first.Request))
	must(p.t, err)
}

func (p *past) verify(pkg []byte) (*verify.Result, error) {
	return p.Trust.Verify(pkg, p.Clock.Now(), p.Clock.Now())
}

// omit leaves a statement out of a package as one that was replaced, with a
// change of what is said of it.
func (p *past) omit(pkg []byte, i int, change func(*verify.OmittedStatement)) []byte {
	p.t.Helper()
	c := open(p.t, pkg)
	u, err := envelope.Open(c.Statuses[i].Bundle)
	must(p.t, err)
	leaf, err := u.Envelope().Encode()
	must(p.t, err)
	st, err := p.Trust.Status(u.Envelope(), label.DigestOf([]byte(c.Device)))
	must(p.t, err)
	c.Statuses[i] = verify.NewOmitted(tally.StepOf(st, leaf))
	if change != nil {
		change(c.Statuses[i].Omitted)
	}
	return parts(p.t, c)
}

func TestComplete(t *testing.T) {
	p := newPast(t)
	fresh := p.served()
	r, err := p.verify(fresh)
	must(t, err)
	must(t, r.Told())
	if !r.Complete.Equal(r.Label.Issued) { // before which nothing could have happened
		t.Errorf("the history of a label that is younger than the tally is complete up to %s", r.Complete)
	}
	quiet := p.pass()
	r, err = p.verify(quiet)
	must(t, err)
	must(t, r.Told())
	if age := p.Clock.Now().Sub(r.Complete); age < 0 || age > time.Minute || len(r.Statuses) > 0 {
		t.Errorf("after an hour in which nothing happened: %+v", r)
	}
	p.Change(labeltest.Operator, p.pub, label.Suspend, "complaint")
	// Newer than the tally: served at once, with one statement more than it counts.
	r, err = p.verify(p.served())
	must(t, err)
	if r.State != label.Suspended || len(r.Statuses) != 1 {
		t.Errorf("just suspended, the label is %s", r.State)
	}
	p.pass()
	p.Change(labeltest.Operator, p.pub, label.Reinstate, "unfounded")
	r, err = p.verify(p.pass())
	must(t, err)
	must(t, r.Told())
	if r.State != label.Active || len(r.Statuses) != 2 || !strings.Contains(r.Checks[4].Says, "2 statements, complete up to ") {
		t.Errorf("reinstated, the label is %s: %+v", r.State, r.Checks)
	}
	// After a restart all is counted anew.
	p.Restart()
	r, err = p.verify(p.pass())
	must(t, err)
	must(t, r.Told())
}

// TestCutOff plays somebody who sells a product whose label was revoked.
func TestCutOff(t *testing.T) {
	p := newPast(t)
	of := func(pub *authority.Published) []byte {
		now, err := p.Authority.Lookup(pub.Label.ID)
		must(t, err)
		return now.Package
	}
	young, before := p.served(), p.pass()
	plug := of(p.plug)
	p.Change(labeltest.Operator, p.plug, label.Review, "complaint")
	p.pass()
	plugged := of(p.plug)
	p.Change(labeltest.Operator, p.pub, label.Review, "complaint")
	during := p.pass()
	p.revoke()
	revoked := p.pass()
	r, err := p.verify(revoked)
	must(t, err)
	if r.State != label.Revoked {
		t.Fatalf("the label is %s", r.State)
	}
	// with puts together a package of parts from several.
	with := func(pkg []byte, change func(*verify.Package)) []byte {
		c := open(t, pkg)
		change(c)
		return parts(t, c)
	}
	cut := func(n int) func(*verify.Package) {
		return func(c *verify.Package) { c.Statuses = c.Statuses[:n] }
	}
	for _, row := range []struct {
		name  string
		pkg   []byte
		field string
		says  string
	}{
		{"the last cut off", with(revoked, cut(1)), "statuses", "is one of 2 statements: some were left out, or the history was taken from the package of another label"},
		{"all cut off", with(revoked, cut(0)), "statuses", "were left out"},
		{"cut off and counted less", with(revoked, func(c *verify.Package) { cut(1)(c); c.History.Count = 1 }), "history", "others were left out"},
		{"cut off and not counted", with(revoked, func(c *verify.Package) { cut(0)(c); c.History.Count = 0 }), "history", "others were left out"},
		{"counted less", with(revoked, func(c *verify.Package) { c.History.Count = 1 }), "history.count", "counts 1 statement of this label, and the tally counts 2"},
		{"the proof of another label", with(revoked, func(c *verify.Package) {
			cut(0)(c)
			c.History.Count, c.History.Proof = 0, open(t, plug).History.Proof
		}), "history", "the history was taken from the package of another label"},
		{"the history of another label", with(revoked, func(c *verify.Package) { c.History = open(t, plugged).History }), "history", "the history was taken from the package of another label"},
		{"the history of another label, of which more is known", with(young, func(c *verify.Package) { c.History = open(t, plugged).History }), "statuses", "the history was taken from the package of another label"},
		{"the proof of an older tally", with(revoked, func(c *verify.Package) {
			cut(0)(c)
			c.History.Count, c.History.Proof = 0, open(t, before).History.Proof
		}), "history", "others were left out"},
		{"the revocation as an advisory", p.omit(revoked, 1, func(o *verify.OmittedStatement) { o.Action = label.Advise }), "statuses[1]", "no later one replaces"},
		{"the revocation as what it is", p.omit(revoked, 1, nil), "statuses[1]", "is a revoke, which must not be left out"},
		{"two statements in the other order", with(revoked, func(c *verify.Package) { slices.Reverse(c.Statuses) }), "statuses[0]", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := p.verify(row.pkg)
			if r != nil {
				t.Errorf("a result came with the error: %s", r.State)
			}
			reason := label.ReasonWithheld
			if row.says == "" {
				reason = label.ReasonMissing
			}
			wants(t, err, reason, row.field, row.says)
		})
	}
	// What is left to a seller is news that is old, and then it is nothing.
	old := map[string][]byte{
		"a package from before":               before,
		"one from before the tally had it":    young,
		"one from when it was under review":   during,
		"a new proof with the old tally":      with(revoked, func(c *verify.Package) { cut(0)(c); c.History = open(t, before).History }),
		"a new proof with a tally before it":  with(revoked, func(c *verify.Package) { cut(0)(c); c.History = open(t, young).History }),
		"a new proof with that of the review": with(revoked, func(c *verify.Package) { cut(1)(c); c.History = open(t, during).History }),
	}
	for name, pkg := range old {
		r, err := p.verify(pkg)
		must(t, err)
		if err := r.Told(); err != nil || !r.Complete.Before(p.Clock.Now().Add(-59*time.Minute)) {
			t.Errorf("%s: complete up to %s (%v)", name, r.Complete, err)
		}
	}
	stripped := with(revoked, func(c *verify.Package) { cut(0)(c); c.History = nil })
	p.Clock.Set(p.Clock.Now().Add(8 * 24 * time.Hour))
	for name, pkg := range old {
		r, err := p.verify(pkg)
		must(t, err)
		wants(t, r.Told(), label.ReasonStale, "package", "which is 8 days before "+p.Clock.Now().Format(time.RFC3339)+", and counts for 7 days; ")
		wants(t, r.Told(), label.ReasonStale, "package", "fetch the package again")
		if r.Fresh.After(r.Complete.Add(time.Hour)) {
			t.Logf("%s: a log head of %s does not help", name, r.Fresh)
		}
	}
	// A history that is far older than the log head beside it was not served so.
	grafted := with(p.pass(), func(c *verify.Package) { cut(0)(c); c.History = open(t, before).History })
	r, err = p.verify(grafted)
	must(t, err)
	wants(t, r.Told(), label.ReasonStale, "package", "somebody has put an older history into it")
	// Nobody can ask how a label stood before there was one.
	grafted = with(revoked, func(c *verify.Package) { cut(0)(c); c.History = open(t, young).History })
	r, err = p.verify(grafted)
	must(t, err)
	if err := r.Told(); label.ReasonOf(err) != label.ReasonStale || strings.Contains(err.Error(), "--at") {
		t.Errorf("with a history from before the label: %v", err)
	}
	r, err = p.verify(stripped)
	must(t, err)
	wants(t, r.Told(), label.ReasonIncomplete, "package", "does not show whether anything else has happened")
	if !r.Complete.IsZero() || len(r.Checks) != 4 {
		t.Errorf("a package without a tally: %+v", r)
	}
}

// TestOmitted leaves out of a package what may be left out, and what may not.
func TestOmitted(t *testing.T) {
	p := newPast(t)
	p.advise("1", 1)
	p.advise("2", 1)
	p.advise("1", 2)
	p.Change(labeltest.Operator, p.pub, label.Review, "complaint")
	pkg := p.pass()
	whole, err := p.verify(pkg)
	must(t, err)
	r, err := p.verify(p.omit(pkg, 0, nil))
	must(t, err)
	must(t, r.Told())
	if r.Omitted != 1 || len(r.Statuses) != 3 || len(r.Advisories) != 2 || r.Statuses[2].Number != 4 || r.Review == nil {
		t.Errorf("with one left out: %+v", r)
	}
	if !slices.EqualFunc(r.Advisories, whole.Advisories, func(a, b *label.Status) bool { return a.Number == b.Number }) {
		t.Errorf("the advisories are others: %+v", r.Advisories)
	}
	other := label.DigestOf([]byte("another"))
	for _, row := range []struct {
		name  string
		pkg   []byte
		field string
		says  string
	}{
		{"one that stands", p.omit(pkg, 1, nil), "statuses[1]", "no later one replaces"},
		{"the last of its advisory", p.omit(pkg, 2, nil), "statuses[2]", "no later one replaces"},
		{"both of an advisory", p.omit(p.omit(pkg, 0, nil), 2, nil), "statuses[2]", "no later one replaces"},
		{"one that stands, in another's slot", p.omit(pkg, 1, func(o *verify.OmittedStatement) { o.Slot = tally.Slot(whole.Statuses[2]) }), "history", "others were left out"},
		{"the review as an advisory", p.omit(pkg, 3, func(o *verify.OmittedStatement) { o.Action = label.Advise; o.Slot = tally.Slot(whole.Statuses[0]) }), "statuses[3]", "no later one replaces"},
		{"another entry", p.omit(pkg, 0, func(o *verify.OmittedStatement) { o.Entry = other }), "history", "others were left out"},
		{"another slot", p.omit(pkg, 0, func(o *verify.OmittedStatement) { o.Slot = other }), "statuses[0]", "no later one replaces"},
		{"the review", p.omit(pkg, 3, nil), "statuses[3]", "is a review, which must not be left out"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, err := p.verify(row.pkg)
			wants(t, err, label.ReasonWithheld, row.field, row.says)
		})
	}
	// Nothing may be left out that the tally does not vouch for.
	c := open(t, p.omit(pkg, 0, nil))
	c.History = nil
	_, err = p.verify(parts(t, c))
	wants(t, err, label.ReasonWithheld, "statuses", "nothing shows that they may be")
	p.advise("2", 2)
	p.advise("2", 3)
	c = open(t, p.served())
	c.History = open(t, pkg).History // whatever tally has been made meanwhile
	_, err = p.verify(p.omit(parts(t, c), 4, nil))
	wants(t, err, label.ReasonWithheld, "statuses[4]", "does not cover it yet")
	// It is there, or it is left out.
	c = open(t, pkg)
	c.Statuses[0].Omitted = open(t, p.omit(pkg, 0, nil)).Statuses[0].Omitted
	_, err = p.verify(parts(t, c))
	wants(t, err, label.ReasonMalformed, "statuses[0]", "at once")
}

// TestTallyForm changes one thing of what proves a history.
func TestTallyForm(t *testing.T) {
	p := newPast(t)
	p.Change(labeltest.Operator, p.pub, label.Review, "complaint")
	p.Change(labeltest.Operator, p.plug, label.Review, "complaint")
	pkg, young := p.pass(), p.pub.Package
	hash := tally.Hash{1}.String()
	for _, row := range []struct {
		name   string
		pkg    []byte
		change func(*verify.Package)
		reason label.Reason
		field  string
		says   string
	}{
		{"head of the log", pkg, func(c *verify.Package) { c.History.Head = c.Proof[strings.Index(c.Proof, "\n\n")+2:] }, label.ReasonBadSignature, "history.head", "is no tally of histories"},
		{"head with another root", pkg, func(c *verify.Package) { c.History.Head = swap(t, c.History.Head, "\n6\n", "\n7\n") }, label.ReasonBadSignature, "history.head", "invalid signature"},
		{"no head", pkg, func(c *verify.Package) { c.History.Head = "" }, label.ReasonBadSignature, "history.head", "is no tally"},
		{"head without a time", pkg, func(c *verify.Package) {
			c.History.Head = c.History.Head[:strings.LastIndex(strings.TrimSuffix(c.History.Head, "\n"), "\n")+1]
		}, label.ReasonBadSignature, "history.head", "does not say when it was signed"},
		{"tally in place of the log's head", pkg, func(c *verify.Package) { c.Proof = c.Proof[:strings.Index(c.Proof, "\n\n")+2] + c.History.Head }, label.ReasonBadSignature, "proof", "not shown to be in the log"},
		{"count below nothing", pkg, func(c *verify.Package) { c.History.Count = -1 }, label.ReasonOutOfRange, "history.count", "0 to 1024"},
		{"count of more than can be", pkg, func(c *verify.Package) { c.History.Count = label.MaxStatuses + 1 }, label.ReasonOutOfRange, "history.count", "0 to 1024"},
		{"a hash that is none", pkg, func(c *verify.Package) { c.History.Proof[0] = "x" }, label.ReasonMalformed, "history.proof", "hash 0"},
		{"an empty hash at the end", pkg, func(c *verify.Package) { c.History.Proof = append(c.History.Proof, "") }, label.ReasonMalformed, "history.proof", "must end"},
		{"a hash more", pkg, func(c *verify.Package) { c.History.Proof = append(c.History.Proof, hash) }, label.ReasonWithheld, "history", ""},
		{"a proof where none can be", young, func(c *verify.Package) { c.History.Proof = []string{hash} }, label.ReasonWithheld, "history", "ends before the label, which is entry 3"},
		{"a status with the proof of another", pkg, func(c *verify.Package) { c.Statuses[0].Index-- }, label.ReasonBadSignature, "statuses[0].hashes", "not shown to be in the log"},
		{"a status with a hash that is none", pkg, func(c *verify.Package) { c.Statuses[0].Hashes[0] = "x" }, label.ReasonMalformed, "statuses[0].hashes", "hash of 1"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := open(t, row.pkg)
			row.change(c)
			_, err := p.verify(parts(t, c))
			wants(t, err, row.reason, row.field, row.says)
		})
	}
	_, _, other := issued(t)
	c := open(t, pkg)
	c.History.Head = open(t, other).History.Head
	_, err := p.verify(parts(t, c))
	wants(t, err, label.ReasonBadSignature, "history.head", "without a signature by the log's key")
}

// TestAhead shows the clock of a verifier what is dated after it.
func TestAhead(t *testing.T) {
	p := newPast(t)
	pkg := p.pass()
	now := p.Clock.Now()
	must(t, p.Authority.RefreshList())
	list := p.Authority.StatusList()
	within, beyond := now.Add(-label.MaxVerifierSkew+time.Second), now.Add(-label.MaxVerifierSkew-2*time.Second)
	r, err := p.Trust.Verify(pkg, within, within)
	must(t, err)
	must(t, r.Told())
	_, err = p.Trust.Verify(pkg, beyond, beyond)
	wants(t, err, label.ReasonInFuture, "proof", "is this clock right?")
	// Asking about another instant makes no difference.
	_, err = p.Trust.Verify(pkg, now, beyond)
	wants(t, err, label.ReasonInFuture, "proof", "is this clock right?")
	_, err = p.Trust.OpenList(list, within)
	must(t, err)
	_, err = p.Trust.OpenList(list, beyond)
	wants(t, err, label.ReasonInFuture, "statusList.iat", "is this clock right?")

	// A head that is signed ahead would count for as long as that.
	ahead := now.AddDate(2, 0, 0)
	tree := translog.Tree{N: p.Authority.LogSize()}
	proof, err := translog.ParseProof([]byte(open(t, pkg).Proof))
	must(t, err)
	head, err := p.Trust.OpenCheckpoint(proof.Checkpoint)
	must(t, err)
	c := open(t, pkg)
	proof.Checkpoint, err = p.Issuer.Checkpoint(head.Tree, ahead)
	must(t, err)
	c.Proof = string(proof.Format())
	_, err = p.Trust.Verify(parts(t, c), now, now)
	wants(t, err, label.ReasonInFuture, "proof", "is this clock right?")
	c = open(t, pkg)
	signed, err := p.Issuer.Histories(tree, ahead)
	must(t, err)
	c.History.Head = string(signed)
	_, err = p.Trust.Verify(parts(t, c), now, now)
	wants(t, err, label.ReasonInFuture, "history.head", "is this clock right?")
}
