package authority_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/scheme"
)

// open are the criteria that stand between the example plug and level 2.
var open = []string{"settings-guarded", "developer-port-shut"}

// A dispute is a world in which the plug was refused level 2.
type dispute struct {
	*labeltest.World
	t       *testing.T
	e       *example.Example
	refusal label.Digest
}

func newDispute(t *testing.T, wrap func(authority.Store) authority.Store) *dispute {
	t.Helper()
	w := labeltest.New(t, wrap)
	d := &dispute{World: w, t: t, e: w.Example("plug")}
	labeltest.Claim(d.e, "5.5-5", "5.6-4") // which the laboratory fails, and is thought to be wrong
	w.Submit(d.e)
	d.refusal = d.request().Refusal.Digest
	return d
}

// request asks for level 2.
func (d *dispute) request() *authority.Outcome {
	d.t.Helper()
	o, err := d.Authority.Request(ctx, d.Caller(labeltest.Maker), label.DigestOf(d.e.Descriptor), "", 2)
	if err != nil {
		d.t.Fatal(err)
	}
	return o
}

func (d *dispute) pass(by time.Duration) { d.Clock.Set(d.Clock.Now().Add(by)) }

func (d *dispute) made() time.Time { return d.Clock.Now().UTC().Truncate(time.Second) }

// appeal files an appeal as an organization, changed by change.
func (d *dispute) appeal(org string, change func(*label.Appeal)) (*authority.Trail, bool, error) {
	d.t.Helper()
	a := label.Appeal{Manufacturer: labeltest.Maker, Decision: d.refusal, Grounds: "The manual says how.", Made: d.made()}
	if change != nil {
		change(&a)
	}
	return d.Authority.Appeal(ctx, d.Caller(org), d.Seal(org, d.e.Descriptor, label.TypeAppeal, &a))
}

// decide rules on an appeal as an organization, changed by change.
func (d *dispute) decide(org string, appeal label.Digest, o label.RulingOutcome, change func(*label.RulingRequest)) (*authority.Trail, bool, error) {
	d.t.Helper()
	r := label.RulingRequest{Appeal: appeal, Outcome: o, Text: "Page 4 does say so.", Made: d.made()}
	if o == label.Changed {
		r.Accepted = open
	}
	if change != nil {
		change(&r)
	}
	return d.Authority.Decide(ctx, d.Caller(org), d.Seal(org, d.e.Descriptor, label.TypeRulingRequest, &r))
}

// TestRefusalIsOnRecordOnce has the same request refused until there is
// something new to say.
func TestRefusalIsOnRecordOnce(t *testing.T) {
	d := newDispute(t, nil)
	d.pass(time.Hour)
	if again := d.request().Refusal.Digest; again != d.refusal {
		t.Error("the same answer is another decision")
	}
	trail, err := d.Authority.Trail(ctx, d.Caller(labeltest.Maker), d.refusal)
	if err != nil {
		t.Fatal(err)
	}
	predicate, err := trail.Decision.Predicate()
	if err != nil {
		t.Fatal(err)
	}
	var unmet []string
	for _, c := range predicate.Criteria {
		if !c.Satisfied() {
			unmet = append(unmet, c.ID)
		}
	}
	if !slices.Equal(unmet, open) || predicate.Level.Number != 2 || predicate.Reached != 1 || len(predicate.Missing) == 0 || len(predicate.Evidence) != 2 {
		t.Errorf("the decision says %+v", predicate)
	}
	env, err := trail.Decision.Signed.Envelope()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Trust.Statement(env); err != nil {
		t.Errorf("the decision does not verify: %v", err)
	}
	e := d.Example("plug")
	e.Declaration.Number += "-B"
	e.Declaration.Date = label.DateOf(d.Clock.Now())
	if _, _, err := d.Authority.Submit(ctx, d.Caller(labeltest.Maker), d.Seal(labeltest.Maker, d.e.Descriptor, label.TypeDeclaration, e.Declaration)); err != nil {
		t.Fatal(err)
	}
	if d.request().Refusal.Digest == d.refusal {
		t.Error("new evidence did not make another decision")
	}
	d.pass(40 * 24 * time.Hour)
	last := d.request().Refusal.Digest
	list, _, err := d.Authority.Refusals(ctx, d.Caller(labeltest.Maker), "", label.Digest{}, authority.Page{})
	if err != nil || len(list) != 3 || list[0].Decision.Digest != last || list[2].Decision.Digest != d.refusal {
		t.Errorf("%d decisions are listed (%v)", len(list), err)
	}
}

// overruled holds that the laboratory was told of the criteria by which it is
// overruled, and that nobody else was.
func overruled(t *testing.T, d *dispute, criteria []string) {
	t.Helper()
	var got []string
	for _, org := range []string{labeltest.Lab, labeltest.Maker, labeltest.Operator} {
		list, _, err := d.Authority.Notices(d.Caller(org), "", authority.Page{})
		must(t, err)
		for _, n := range list {
			if n.Kind != notice.FindingOverruled {
				continue
			}
			var news authority.OverruledNews
			must(t, label.DecodeLoose(n.Data, &news))
			if org != labeltest.Lab || news.Number != d.e.Report.Number || news.Device != label.DigestOf(d.e.Descriptor) {
				t.Errorf("%s was told %+v", org, news)
			}
			got = append(got, news.Criteria...)
		}
	}
	if !slices.Equal(got, criteria) {
		t.Errorf("the laboratory was told that it is overruled in %v, want %v", got, criteria)
	}
}

func TestChangedDecision(t *testing.T) {
	d := newDispute(t, nil)
	d.pass(time.Hour)
	filed, known, err := d.appeal(labeltest.Maker, nil)
	if err != nil || known {
		t.Fatal(known, err)
	}
	if want := label.DateOf(d.Clock.Now()).AddDays(60); filed.Appeal.DecideBy != want {
		t.Errorf("to be decided by %s, want %s", filed.Appeal.DecideBy, want)
	}
	due, _, err := d.Authority.Appeals(ctx, d.Caller(labeltest.Operator), "", authority.Page{})
	if err != nil || len(due) != 1 || due[0].Appeal.Digest != filed.Appeal.Digest {
		t.Errorf("%d appeals are due (%v)", len(due), err)
	}
	d.pass(time.Hour)
	ruled, _, err := d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)
	if err != nil {
		t.Fatal(err)
	}
	if size := d.Authority.LogSize(); ruled.Ruling.Index != 0 || size != 2 { // an accreditation, and the version that refused
		t.Errorf("the ruling is public, in a log of %d, before a label rests on it", size)
	}
	if due, _, err := d.Authority.Appeals(ctx, d.Caller(labeltest.Operator), "", authority.Page{}); err != nil || len(due) != 0 {
		t.Errorf("%d appeals are due after the ruling (%v)", len(due), err)
	}
	for org, kind := range map[string]string{labeltest.Operator: notice.AppealFiled, labeltest.Maker: notice.AppealDecided} {
		if got := told(t, d.World, org); !slices.Equal(got, []string{kind}) {
			t.Errorf("%s was told %v", org, got)
		}
	}
	overruled(t, d, open)
	d.Restart()
	o := d.request()
	if o.Label == nil {
		t.Fatalf("no label after the ruling: %+v", o.Decision.MissingFor(2))
	}
	d.rests(o.Label.Label, ruled.Ruling.Digest)
	after, err := d.Authority.Trail(ctx, d.Caller(labeltest.Maker), filed.Appeal.Digest)
	if err != nil || after.Ruling.Index != o.Label.Index+1 {
		t.Errorf("the ruling is entry %d, the label %d (%v)", after.Ruling.Index, o.Label.Index, err)
	}
	p, err := d.Authority.Lookup(o.Label.Label.ID)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Trust.Verify(p.Package, d.Clock.Now(), d.Clock.Now()); err != nil {
		t.Errorf("the label does not verify offline: %v", err)
	}
}

// rests checks that a label says that it rests on a ruling.
func (d *dispute) rests(l *label.Label, ruling label.Digest) {
	d.t.Helper()
	if !slices.ContainsFunc(l.Evidence, func(e label.LabelEvidence) bool { return e.Type == label.TypeRuling && e.SHA256 == ruling }) {
		d.t.Error("the label does not name the ruling")
	}
	for _, id := range open {
		if !slices.ContainsFunc(l.Criteria, func(c label.Criterion) bool {
			return c.ID == id && c.State == label.CriterionMet && c.By == string(scheme.Authority)
		}) {
			d.t.Errorf("the label does not say that %s counts by a ruling", id)
		}
	}
}

// TestOtherOutcomes has rulings that change nothing.
func TestOtherOutcomes(t *testing.T) {
	for _, o := range []label.RulingOutcome{label.Upheld, label.SentBack} {
		t.Run(string(o), func(t *testing.T) {
			d := newDispute(t, nil)
			filed, _, err := d.appeal(labeltest.Maker, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := d.decide(labeltest.Operator, filed.Appeal.Digest, o, nil); err != nil {
				t.Fatal(err)
			}
			// Not even when the term is over does it begin anew: a ruling is final.
			for _, later := range []time.Duration{0, 40 * 24 * time.Hour} {
				d.pass(later)
				if got := d.request(); got.Label != nil || got.Refusal.Digest != d.refusal {
					t.Errorf("%s after the ruling the answer is another: %+v", later, got)
				}
			}
			if _, _, err := d.appeal(labeltest.Maker, func(a *label.Appeal) { a.Grounds = "Once more." }); label.KindOf(err) != label.Exists {
				t.Errorf("a second appeal: %v", err)
			}
		})
	}
}

// TestAppealsThatAreRefused changes nothing by what cannot be.
func TestAppealsThatAreRefused(t *testing.T) {
	d := newDispute(t, nil)
	for name, c := range map[string]struct {
		org    string
		change func(*label.Appeal)
		kind   label.Kind
		field  string
	}{
		"another manufacturer": {labeltest.ToyMaker, func(a *label.Appeal) { a.Manufacturer = labeltest.ToyMaker }, label.Denied, "appeal.decision"},
		"in another's name":    {labeltest.Maker, func(a *label.Appeal) { a.Manufacturer = labeltest.ToyMaker }, label.Denied, "appeal.manufacturer"},
		"an operator":          {labeltest.Operator, nil, label.Denied, "appeal"},
		"unknown decision":     {labeltest.Maker, func(a *label.Appeal) { a.Decision = label.DigestOf(nil) }, label.NotFound, "appeal.decision"},
		"unknown criterion":    {labeltest.Maker, func(a *label.Appeal) { a.Criteria = []string{"nothing"} }, label.Invalid, "appeal.criteria[0]"},
		"criterion that is met": {labeltest.Maker, func(a *label.Appeal) { a.Criteria = []string{open[0], "no-shared-passwords"} },
			label.Invalid, "appeal.criteria[1]"},
		"criterion twice":     {labeltest.Maker, func(a *label.Appeal) { a.Criteria = []string{open[0], open[0]} }, label.Invalid, "appeal.predicate.criteria[1]"},
		"no grounds":          {labeltest.Maker, func(a *label.Appeal) { a.Grounds = "" }, label.Invalid, "appeal.predicate.grounds"},
		"before the decision": {labeltest.Maker, func(a *label.Appeal) { a.Made = a.Made.Add(-time.Hour) }, label.Invalid, "appeal.made"},
		"in the future":       {labeltest.Maker, func(a *label.Appeal) { a.Made = a.Made.Add(time.Hour) }, label.Invalid, "appeal.made"},
	} {
		_, _, err := d.appeal(c.org, c.change)
		if label.KindOf(err) != c.kind || !strings.HasPrefix(err.Error(), c.field+":") {
			t.Errorf("%s: %v, want %v of %s", name, err, c.kind, c.field)
		}
	}
	raw := d.Seal(labeltest.Maker, d.Example("camera").Descriptor, label.TypeAppeal,
		&label.Appeal{Manufacturer: labeltest.Maker, Decision: d.refusal, Grounds: "x", Made: d.made()})
	if _, _, err := d.Authority.Appeal(ctx, d.Caller(labeltest.Maker), raw); label.ReasonOf(err) != label.ReasonUnknownSubject {
		t.Errorf("about another device: %v", err)
	}
	if trail, err := d.Authority.Trail(ctx, d.Caller(labeltest.Maker), d.refusal); err != nil || trail.Appeal != nil {
		t.Errorf("there is an appeal all the same (%v)", err)
	}
}

func TestAppealTerm(t *testing.T) {
	d := newDispute(t, nil)
	last := label.DateOf(labeltest.Start).AddDays(30)
	d.Clock.Set(last.End().Add(-time.Minute))
	filed, _, err := d.appeal(labeltest.Maker, nil)
	if err != nil {
		t.Fatalf("on the last day: %v", err)
	}
	if filed.Appeal.Overdue(filed.Appeal.DecideBy.End().Add(-time.Second)) || !filed.Appeal.Overdue(filed.Appeal.DecideBy.End()) {
		t.Error("the authority's term does not end with its last day")
	}
	late := newDispute(t, nil)
	late.Clock.Set(last.End().Add(time.Second))
	if _, _, err := late.appeal(labeltest.Maker, nil); label.ReasonOf(err) != label.ReasonTooLate {
		t.Errorf("after the last day: %v", err)
	}
}

func TestRulingsThatAreRefused(t *testing.T) {
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		org    string
		change func(*label.RulingRequest)
		kind   label.Kind
		field  string
	}{
		"the manufacturer":   {labeltest.Maker, nil, label.Denied, ""},
		"unknown appeal":     {labeltest.Operator, func(r *label.RulingRequest) { r.Appeal = label.DigestOf(nil) }, label.NotFound, "ruling.appeal"},
		"nothing accepted":   {labeltest.Operator, func(r *label.RulingRequest) { r.Accepted = nil }, label.Invalid, "ruling.predicate.accepted"},
		"met already":        {labeltest.Operator, func(r *label.RulingRequest) { r.Accepted = []string{"no-shared-passwords"} }, label.Invalid, "ruling.accepted[0]"},
		"old":                {labeltest.Operator, func(r *label.RulingRequest) { r.Made = r.Made.Add(-25 * time.Hour) }, label.Invalid, "ruling.made"},
		"no reason":          {labeltest.Operator, func(r *label.RulingRequest) { r.Text = "" }, label.Invalid, "ruling.predicate.text"},
		"upheld, but partly": {labeltest.Operator, func(r *label.RulingRequest) { r.Outcome = label.Upheld }, label.Invalid, "ruling.predicate.accepted"},
	} {
		_, _, err := d.decide(c.org, filed.Appeal.Digest, label.Changed, c.change)
		if label.KindOf(err) != c.kind || !strings.HasPrefix(err.Error(), c.field) {
			t.Errorf("%s: %v, want %v of %s", name, err, c.kind, c.field)
		}
	}
	if trail, err := d.Authority.Trail(ctx, d.Caller(labeltest.Operator), d.refusal); err != nil || trail.Ruling != nil {
		t.Errorf("there is a ruling all the same (%v)", err)
	}
}

// TestTrailIsPrivate has everybody else ask.
func TestTrailIsPrivate(t *testing.T) {
	d := newDispute(t, nil)
	device := label.DigestOf(d.e.Descriptor)
	for _, org := range []string{labeltest.ToyMaker, labeltest.Lab} {
		c := d.Caller(org)
		for name, err := range map[string]error{
			"show":              second(d.Authority.Trail(ctx, c, d.refusal)),
			"list":              third(d.Authority.Refusals(ctx, c, labeltest.Maker, label.Digest{}, authority.Page{})),
			"list for a device": third(d.Authority.Refusals(ctx, c, "", device, authority.Page{})),
			"list appeals":      third(d.Authority.Appeals(ctx, c, labeltest.Maker, authority.Page{})),
		} {
			if label.KindOf(err) != label.Denied {
				t.Errorf("%s by %s: %v", name, org, err)
			}
		}
	}
	if list, _, err := d.Authority.Refusals(ctx, d.Caller(labeltest.ToyMaker), "", label.Digest{}, authority.Page{}); err != nil || len(list) > 0 {
		t.Errorf("another manufacturer's own list has %d (%v)", len(list), err)
	}
}

// TestRulingUnderAStolenKey has the operator's key turn out to have been
// compromised before the ruling: labels that rest on it are suspended, and it
// does not count any more.
func TestRulingUnderAStolenKey(t *testing.T) {
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	if err != nil {
		t.Fatal(err)
	}
	stolen := d.Signers[labeltest.Operator]
	if _, _, err := d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil); err != nil {
		t.Fatal(err)
	}
	first := d.request().Label.Label.ID
	d.pass(time.Hour)
	other := labeltest.NewSigner(t)
	if _, err := d.AddKey(ctx, d.Caller(labeltest.Operator), labeltest.Operator, other.Public.PEM, time.Time{}); err != nil {
		t.Fatal(err)
	}
	d.Signers[labeltest.Operator] = other
	e := d.Report(label.Event{Kind: label.KeyEvent, Key: stolen.Public.ID, Since: labeltest.Start, Reason: "key-compromised"})
	p, err := d.Authority.Lookup(first)
	if err != nil || p.State != label.Suspended || e.Changed != 1 {
		t.Errorf("the label is %s, %d were changed (%v)", p.State, e.Changed, err)
	}
	decision, err := d.Authority.Evaluate(ctx, d.Caller(labeltest.Maker), label.DigestOf(d.e.Descriptor), "")
	if err != nil || decision.Reached != 1 {
		t.Errorf("level %d is reached by a ruling under a stolen key (%v)", decision.Reached, err)
	}
}

// TestStruckRuling strikes the ruling that a label rests on.
func TestStruckRuling(t *testing.T) {
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	must(t, err)
	trail, _, err := d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)
	must(t, err)
	first := d.request().Label.Label.ID
	d.Report(label.Event{Kind: label.StatementEvent, Statement: trail.Ruling.Digest, Reason: "authority-error"})
	p, err := d.Authority.Lookup(first)
	must(t, err)
	if p.State != label.Suspended {
		t.Errorf("without the ruling the label is %s", p.State)
	}
	for _, org := range []string{labeltest.Maker, labeltest.Lab} { // who was overruled hears that it counts again
		if got := told(t, d.World, org); !slices.Contains(got, notice.StatementStruck) {
			t.Errorf("%s was told %v", org, got)
		}
	}
	decision, err := d.Authority.Evaluate(ctx, d.Caller(labeltest.Maker), label.DigestOf(d.e.Descriptor), "")
	must(t, err)
	if decision.Reached != 1 {
		t.Errorf("level %d is reached by a ruling that was struck", decision.Reached)
	}
}

// TestAdmissionAfterARuling has a manufacturer win an appeal, and then sign itself
// that the product does not do what the appeal was about.
func TestAdmissionAfterARuling(t *testing.T) {
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	must(t, err)
	_, _, err = d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)
	must(t, err)
	first := d.request().Label.Label.ID
	d.pass(24 * time.Hour)
	admits := *d.e.Declaration
	admits.Number, admits.Date = "admits", label.DateOf(d.Clock.Now())
	admits.Claims = slices.DeleteFunc(slices.Clone(admits.Claims), func(v label.Verdict) bool { return v.Provision == "5.5-5" })
	admits.Claims = append(admits.Claims, label.Verdict{Provision: "5.5-5", Verdict: label.Fail, Reason: "It is open to all."})
	st, _, err := d.Authority.Submit(ctx, d.Caller(labeltest.Maker), d.Seal(labeltest.Maker, d.e.Descriptor, label.TypeDeclaration, &admits))
	must(t, err)
	worth, err := d.Authority.Worth(st)
	must(t, err)
	if !slices.ContainsFunc(worth, func(n scheme.Note) bool { return strings.Contains(n.Text, "it claims that settings-guarded fails") }) {
		t.Errorf("the answer says %+v", worth)
	}
	must(t, d.Authority.Propagate(ctx))
	p, err := d.Authority.Lookup(first)
	must(t, err)
	if p.State != label.Suspended {
		t.Errorf("after the admission the label is %s", p.State)
	}
	decision, err := d.Authority.Evaluate(ctx, d.Caller(labeltest.Maker), label.DigestOf(d.e.Descriptor), "")
	must(t, err)
	if decision.Reached != 1 || !slices.ContainsFunc(decision.Unused, func(u scheme.Unused) bool { return u.Code == scheme.Admitted }) {
		t.Errorf("level %d is reached, unused is %+v", decision.Reached, decision.Unused)
	}
}

// TestRulingOnAnAdmission has an operator accept what the manufacturer itself claims
// to fail: that would have no effect, so it is refused.
func TestRulingOnAnAdmission(t *testing.T) {
	d := newDispute(t, nil)
	filed, _, err := d.appeal(labeltest.Maker, nil)
	must(t, err)
	d.pass(24 * time.Hour)
	admits := *d.e.Declaration
	admits.Number, admits.Date = "admits", label.DateOf(d.Clock.Now())
	admits.Claims = append(slices.DeleteFunc(slices.Clone(admits.Claims), func(v label.Verdict) bool { return v.Provision == "5.5-5" }),
		label.Verdict{Provision: "5.5-5", Verdict: label.Fail, Reason: "It is open to all."})
	_, _, err = d.Authority.Submit(ctx, d.Caller(labeltest.Maker), d.Seal(labeltest.Maker, d.e.Descriptor, label.TypeDeclaration, &admits))
	must(t, err)
	_, _, err = d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)
	wants(t, err, label.Precondition, label.ReasonMissing)
	if _, _, err = d.decide(labeltest.Operator, filed.Appeal.Digest, label.Upheld, nil); err != nil {
		t.Errorf("upholding it gave %v", err)
	}
}

// TestAppealCommitsThatFail repeats each step of a dispute after its commit
// failed, and after it failed but was stored.
func TestAppealCommitsThatFail(t *testing.T) {
	for name, mode := range map[string]int32{"failed": fails, "failed but persisted": failsPersisted} {
		t.Run(name, func(t *testing.T) {
			f := &faulty{}
			d := newDispute(t, func(s authority.Store) authority.Store { f.Store = s; return f })
			var appeal label.Digest
			for _, step := range []struct {
				name string
				do   func() error
			}{
				{"appeal", func() error {
					trail, _, err := d.appeal(labeltest.Maker, func(a *label.Appeal) { a.Made = labeltest.Start })
					if err == nil {
						appeal = trail.Appeal.Digest
					}
					return err
				}},
				{"ruling", func() error {
					return third(d.decide(labeltest.Operator, appeal, label.Changed, func(r *label.RulingRequest) { r.Made = labeltest.Start }))
				}},
				{"label", func() error {
					return second(d.Authority.Request(ctx, d.Caller(labeltest.Maker), label.DigestOf(d.e.Descriptor), "", 2))
				}},
			} {
				f.mode.Store(mode)
				if err := step.do(); label.ReasonOf(err) != label.ReasonStorage {
					t.Errorf("%s: %v", step.name, err)
				}
				d.Restart()
				if err := step.do(); err != nil {
					t.Errorf("%s, again: %v", step.name, err)
				}
			}
		})
	}
}

// TestRulingForRenewal has a label of level 1 superseded by one of level 2: that
// is refused by a decision too, and the ruling is logged with the successor.
func TestRulingForRenewal(t *testing.T) {
	d := newDispute(t, nil)
	first, err := d.Authority.Request(ctx, d.Caller(labeltest.Maker), label.DigestOf(d.e.Descriptor), "", 1)
	must(t, err)
	renew := func() (*authority.Change, error) {
		raw := d.Ask(labeltest.Maker, first.Label, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 2 })
		return d.Authority.Change(ctx, d.Caller(labeltest.Maker), raw)
	}
	if _, err := renew(); label.ReasonOf(err) != label.ReasonMissing || !strings.Contains(err.Error(), d.refusal.String()) {
		t.Errorf("short of evidence: %v, want a refusal that names decision %s", err, d.refusal)
	}
	filed, _, err := d.appeal(labeltest.Maker, nil)
	must(t, err)
	ruled, _, err := d.decide(labeltest.Operator, filed.Appeal.Digest, label.Changed, nil)
	must(t, err)
	c, err := renew()
	must(t, err)
	d.rests(c.Label.Label, ruled.Ruling.Digest)
	after, err := d.Authority.Trail(ctx, d.Caller(labeltest.Maker), d.refusal)
	must(t, err)
	if after.Ruling.Index != c.Label.Index+1 || c.Status.Index != c.Label.Index+2 {
		t.Errorf("label, ruling and status are the entries %d, %d and %d", c.Label.Index, after.Ruling.Index, c.Status.Index)
	}
}

// TestRefusedMeanwhile has another request refused after the first has looked
// for a decision on record and before it records one.
func TestRefusedMeanwhile(t *testing.T) {
	between := &hooked{}
	d := newDispute(t, func(s authority.Store) authority.Store { between.Store = s; return between })
	d.pass(31 * 24 * time.Hour) // the decision on record cannot be appealed against any more
	looked := func() { d.pass(time.Second); d.request() }
	judged := func() { between.afterView.Store(&looked) }
	between.afterView.Store(&judged)
	d.request()
	list, _, err := d.Authority.Refusals(ctx, d.Caller(labeltest.Maker), "", label.Digest{}, authority.Page{})
	if err != nil || len(list) != 2 {
		t.Errorf("%d decisions are on record, want the old one and a new one (%v)", len(list), err)
	}
}

// TestDisputeAtOnce has many appeal and rule at the same time, each in words of
// their own: one appeal and one ruling come of it.
func TestDisputeAtOnce(t *testing.T) {
	d := newDispute(t, nil)
	maker := d.Caller(labeltest.Maker)
	var raw [many][]byte
	for i := range raw {
		a := label.Appeal{Manufacturer: labeltest.Maker, Decision: d.refusal, Grounds: strings.Repeat("No!", i+1), Made: d.made()}
		raw[i] = d.Seal(labeltest.Maker, d.e.Descriptor, label.TypeAppeal, &a)
	}
	one(t, "appeal", atOnce(func(i int) error { return third(d.Authority.Appeal(ctx, maker, raw[i])) }))
	trail, err := d.Authority.Trail(ctx, maker, d.refusal)
	must(t, err)

	operator := d.Caller(labeltest.Operator)
	for i := range raw {
		r := label.RulingRequest{Appeal: trail.Appeal.Digest, Outcome: label.Upheld, Text: strings.Repeat("So.", i+1), Made: d.made()}
		raw[i] = d.Seal(labeltest.Operator, d.e.Descriptor, label.TypeRulingRequest, &r)
	}
	one(t, "ruling", atOnce(func(i int) error { return third(d.Authority.Decide(ctx, operator, raw[i])) }))
}

// many is how many act at once.
const many = 8

func atOnce(do func(i int) error) (errs [many]error) {
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return errs
}

// one requires that one succeeded, and that the others were told so.
func one(t *testing.T, what string, errs [many]error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if label.KindOf(err) != label.Exists {
			t.Errorf("%s: %v", what, err)
		}
	}
	if won != 1 {
		t.Fatalf("%d were accepted of %d for the same %s", won, many, what)
	}
}

// TestClocks has two appeals wait: operators see them in the order in which they
// are due, the other party only its own, and who is late.
func TestClocks(t *testing.T) {
	w := labeltest.New(t, nil)
	var filed []*authority.Trail
	for i := range 2 {
		e := w.Example("plug")
		labeltest.Variant(t, e, i)
		w.Submit(e)
		filed = append(filed, w.Appeal(e, 2))
		w.Clock.Set(w.Clock.Now().AddDate(0, 0, 10))
	}
	for _, c := range []struct {
		days    int
		overdue int
	}{{0, 0}, {45, 1}, {10, 2}} {
		w.Clock.Set(w.Clock.Now().AddDate(0, 0, c.days))
		due, _, err := w.Authority.Appeals(ctx, w.Caller(labeltest.Operator), "", authority.Page{})
		must(t, err)
		var got []label.Digest
		overdue := 0
		for _, d := range due {
			got = append(got, d.Appeal.Digest)
			if d.Appeal.Overdue(w.Clock.Now()) {
				overdue++
			}
		}
		if want := []label.Digest{filed[0].Appeal.Digest, filed[1].Appeal.Digest}; !slices.Equal(got, want) || overdue != c.overdue {
			t.Errorf("due are %v, %d of them over, want %v and %d", got, overdue, want, c.overdue)
		}
	}
	for page, token := 0, ""; page < 2; page++ {
		due, next, err := w.Authority.Appeals(ctx, w.Caller(labeltest.Operator), "", authority.Page{Size: 1, Token: token})
		if err != nil || len(due) != 1 || due[0].Appeal.Digest != filed[page].Appeal.Digest || (next == "") != (page == 1) {
			t.Errorf("page %d has %d appeals, and another %q (%v)", page, len(due), next, err)
		}
		token = next
	}
}
