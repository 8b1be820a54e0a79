package authority_test

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/example"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/store"
	"labeld/internal/token"
)

var ctx = context.Background()

// wants fails the test unless err is a refusal of a kind and reason.
func wants(t *testing.T, err error, kind label.Kind, reason label.Reason) {
	t.Helper()
	if err == nil {
		t.Fatalf("accepted, want a refusal with %s", reason)
	}
	if label.KindOf(err) != kind || label.ReasonOf(err) != reason {
		t.Fatalf("refused with kind %d, %s (%v), want kind %d, %s", label.KindOf(err), label.ReasonOf(err), err, kind, reason)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestIssueIsIdempotent(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	first := w.Issue(e, 3)
	size := w.Authority.LogSize()

	again, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 3)
	must(t, err)
	if !again.Known || again.Label.Label.ID != first.Label.ID {
		t.Errorf("asking again gave %+v, want the first label %s", again, first.Label.ID)
	}
	if n := w.Authority.LogSize(); n != size {
		t.Errorf("the log grew from %d to %d by asking again", size, n)
	}
	_, err = w.Authority.Request(ctx, w.Caller(labeltest.Maker), label.DigestOf(e.Descriptor), "", 2)
	wants(t, err, label.Precondition, label.ReasonLiveLabel)
}

func TestExpiredLabelMakesRoom(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("plug")
	first := w.Issue(e, 1)
	w.Clock.Set(first.Label.Expires)
	p, err := w.Authority.Lookup(first.Label.ID)
	must(t, err)
	if p.State != label.Expired {
		t.Errorf("at its expiry the label is %s", p.State)
	}
	// A few days later the declaration is too old as well: new evidence, then a
	// new label.
	w.Clock.Set(first.Label.Expires.AddDate(0, 0, 7))
	digest := label.DigestOf(e.Descriptor)
	o, err := w.Authority.Request(ctx, w.Caller(labeltest.Maker), digest, "", 1)
	must(t, err)
	if o.Label != nil {
		t.Fatal("a label was issued on evidence that is too old")
	}
	w.Accredit(labeltest.Lab, func(a *label.Accreditation) { a.Number = "T-again" })
	fresh := w.Example("plug")
	labeltest.Renumber(fresh, "-renewed")
	fresh.Declaration.Product.SupportEnd = label.DateOf(w.Clock.Now()).AddMonths(60)
	fresh.Declaration.Facts["support_period_end_date"] = label.JSON(`"` + fresh.Declaration.Product.SupportEnd.String() + `"`)
	second := w.Issue(fresh, 1)
	if second.Label.ID == first.Label.ID {
		t.Error("the expired label was returned as if it were live")
	}
	byGTIN, err := w.Authority.ByGTIN(e.Device.GTINs[0])
	must(t, err)
	if byGTIN.Label.ID != second.Label.ID {
		t.Errorf("the GTIN leads to %s, want the live label %s", byGTIN.Label.ID, second.Label.ID)
	}
}

// TestRead reads the log: a label, another, and what happened to the first.
func TestRead(t *testing.T) {
	w := labeltest.New(t, nil)
	plug := w.Issue(w.Example("plug"), 1)
	camera := w.Issue(w.Example("camera"), 3)
	w.Change(labeltest.Operator, plug, label.Suspend, "complaint")
	read := func(after int64) []*authority.LabelRecord {
		list, next, more, err := w.Authority.Read(after, 1000)
		must(t, err)
		if more || next != w.Authority.LogSize()-1 {
			t.Errorf("read up to entry %d of %d, more %t", next, w.Authority.LogSize(), more)
		}
		return list
	}
	all, last := read(-1), read(w.Authority.LogSize()-2)
	if len(all) != 2 || len(last) != 1 || len(last[0].Statuses) != 1 || !reflect.DeepEqual(all[0], last[0]) {
		t.Fatalf("read %+v, then %+v", all, last)
	}
	for i, p := range []*authority.Published{plug, camera} {
		if !reflect.DeepEqual(all[i].Outline, p.Label.Outline()) || all[i].Index != p.Index {
			t.Errorf("label %s is listed as %+v", p.Label.ID, all[i])
		}
	}
	w.Restart()
	if again := read(-1); !reflect.DeepEqual(again, all) {
		t.Errorf("after a restart the log says %+v, before %+v", again, all)
	}
	if _, _, more, err := w.Authority.Read(-1, 1); err != nil || !more {
		t.Errorf("after the first entry there is more: %t (%v)", more, err)
	}
}

func TestFallsShort(t *testing.T) {
	w := labeltest.New(t, nil)
	toy := w.Example("toy")
	o, err := w.Authority.Request(ctx, w.Caller(labeltest.ToyMaker), w.Submit(toy), "four-level", 1)
	must(t, err)
	if o.Label != nil || o.Decision.Reached != 0 || len(o.Decision.Missing) == 0 {
		t.Errorf("the toy got label %v, level %d, missing %v", o.Label, o.Decision.Reached, o.Decision.Missing)
	}
	_, err = w.Authority.ByGTIN(toy.Device.GTINs[0])
	wants(t, err, label.NotFound, label.ReasonUnlabelled)
}

// TestSameDeviceAtOnce has many callers ask for one label at once.
func TestSameDeviceAtOnce(t *testing.T) {
	w := labeltest.New(t, nil)
	digest := w.Submit(w.Example("camera"))
	maker := w.Caller(labeltest.Maker)
	ids := make(chan label.ID, 32)
	var wg sync.WaitGroup
	for range cap(ids) {
		wg.Go(func() {
			o, err := w.Authority.Request(ctx, maker, digest, "", 3)
			if err != nil {
				t.Error(err)
				return
			}
			ids <- o.Label.Label.ID
		})
	}
	wg.Wait()
	close(ids)
	seen := map[label.ID]bool{}
	for id := range ids {
		seen[id] = true
	}
	if len(seen) != 1 {
		t.Errorf("one device got %d labels in one scheme: %v", len(seen), seen)
	}
}

// counting counts commits.
type counting struct {
	authority.Store
	mu      sync.Mutex
	commits int
}

func (c *counting) Commit(b *store.Batch) error {
	c.mu.Lock()
	c.commits++
	c.mu.Unlock()
	return c.Store.Commit(b)
}

// TestGroupCommit shows that requests which are under way together share
// commits, and that one alone does not wait for company.
func TestGroupCommit(t *testing.T) {
	c := &counting{}
	w := labeltest.New(t, func(s authority.Store) authority.Store { c.Store = s; return c })
	const n = 48
	digests := make([]label.Digest, n)
	for i := range digests {
		e := w.Example("camera")
		labeltest.Variant(t, e, i)
		digests[i] = w.Submit(e)
	}
	maker := w.Caller(labeltest.Maker)
	c.commits = 0
	var wg sync.WaitGroup
	for _, d := range digests {
		wg.Go(func() {
			if o, err := w.Authority.Request(ctx, maker, d, "", 3); err != nil || o.Label == nil {
				t.Error(o, err)
			}
		})
	}
	wg.Wait()
	if c.commits >= n {
		t.Errorf("%d labels took %d commits", n, c.commits)
	}
}

func TestRegister(t *testing.T) {
	w := labeltest.New(t, nil)
	maker := w.Caller(labeltest.Maker)
	e := w.Example("camera")
	first, known, err := w.Authority.Register(ctx, maker, e.Descriptor)
	must(t, err)
	if known {
		t.Error("a new device was known")
	}
	w.Clock.Set(labeltest.Start.AddDate(0, 1, 0))
	second, known, err := w.Authority.Register(ctx, maker, e.Descriptor)
	must(t, err)
	if !known || !second.Registered.Equal(first.Registered) {
		t.Errorf("registering again gave known %v, registered %s; want the first receipt, %s", known, second.Registered, first.Registered)
	}
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.ToyMaker), e.Descriptor)
	wants(t, err, label.Denied, label.ReasonNotYours)
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Lab), e.Descriptor)
	wants(t, err, label.Denied, label.ReasonWrongRole)
	_, _, err = w.Authority.Register(ctx, authority.Caller{}, e.Descriptor)
	wants(t, err, label.Unauthenticated, label.ReasonToken)
	_, _, err = w.Authority.Register(ctx, maker, append([]byte(" "), e.Descriptor...))
	wants(t, err, label.Invalid, label.ReasonNotCanonical)

	toy := w.Example("toy")
	toy.Device.GTINs = e.Device.GTINs
	b, err := toy.Device.Canonical()
	must(t, err)
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.ToyMaker), b)
	wants(t, err, label.Exists, label.ReasonExists)
	toy.Device.Category = "submarine"
	b, err = toy.Device.Canonical()
	must(t, err)
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.ToyMaker), b)
	wants(t, err, label.Invalid, label.ReasonUnknownCategory)
}

func TestSubmitKnownStatement(t *testing.T) {
	w := labeltest.New(t, nil)
	e := w.Example("camera")
	_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor)
	must(t, err)
	raw := w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report)
	// The manufacturer carries its lab's report: who carries does not matter.
	first, known, err := w.Authority.Submit(ctx, w.Caller(labeltest.Maker), raw)
	must(t, err)
	if known || first.Carrier != labeltest.Maker || first.Signer != labeltest.Lab {
		t.Errorf("receipt %+v, known %v", first, known)
	}
	// The same statement, signed anew by the lab and carried by it.
	again := w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, e.Report)
	second, known, err := w.Authority.Submit(ctx, w.Caller(labeltest.Lab), again)
	must(t, err)
	if !known || second.ID != first.ID || second.Carrier != first.Carrier || !second.Received.Equal(first.Received) {
		t.Errorf("sent again: known %v, %+v; want the first receipt %+v", known, second, first)
	}
	must(t, w.Store.View(func(v *store.View) error {
		st, err := v.Statement(first.ID)
		must(t, err)
		kept, err := v.Evidence(st)
		if string(kept) != string(raw) {
			t.Error("the signed bytes were not kept as they came")
		}
		return err
	}))
	for _, org := range []string{labeltest.Lab, labeltest.Maker} {
		list, _, err := w.Authority.Submissions(ctx, w.Caller(org), label.Digest{}, authority.Page{})
		must(t, err)
		if len(list) != 1 {
			t.Errorf("%s sees %d submissions, want 1", org, len(list))
		}
	}
	list, _, err := w.Authority.Submissions(ctx, w.Caller(labeltest.ToyMaker), label.Digest{}, authority.Page{})
	must(t, err)
	if len(list) != 0 {
		t.Error("another manufacturer sees the submission")
	}
}

// TestSubmitRefusals goes through everything the registry can have against a
// statement. After each the store is as it was.
func TestSubmitRefusals(t *testing.T) {
	report := func(e *example.Example) (string, any) { return label.TypeTestReport, e.Report }
	declaration := func(e *example.Example) (string, any) { return label.TypeDeclaration, e.Declaration }
	for _, tc := range []struct {
		name   string
		signer string
		what   func(*example.Example) (string, any)
		change func(*labeltest.World, *example.Example)
		kind   label.Kind
		reason label.Reason
	}{
		{"unknown key", "nobody", report, nil, label.Denied, label.ReasonUnknownKey},
		{"revoked key", labeltest.Lab, report, func(w *labeltest.World, _ *example.Example) {
			_, err := w.RevokeKey(ctx, w.Caller(labeltest.Operator), w.Signers[labeltest.Lab].Public.ID, "lost")
			must(t, err)
		}, label.Denied, label.ReasonKeyRevoked},
		{"key not yet valid", "young-lab", report, func(w *labeltest.World, e *example.Example) {
			_, err := w.EnrolAs(ctx, w.Caller(labeltest.Operator), label.Organization{ID: "young-lab", Name: "Young", Roles: []label.Role{label.RoleLab}})
			must(t, err)
			_, err = w.AddKey(ctx, w.Caller(labeltest.Operator), "young-lab", w.Signers["young-lab"].Public.PEM, labeltest.Start.AddDate(0, 1, 0))
			must(t, err)
			e.Report.Lab = "young-lab"
		}, label.Denied, label.ReasonKeyNotYetValid},
		{"manufacturer signs a report", labeltest.Maker, report, func(_ *labeltest.World, e *example.Example) {
			e.Report.Lab = labeltest.Maker
		}, label.Denied, label.ReasonWrongRole},
		{"lab signs a declaration", labeltest.Lab, declaration, func(_ *labeltest.World, e *example.Example) {
			e.Declaration.Manufacturer = labeltest.Lab
		}, label.Denied, label.ReasonWrongRole},
		{"speaks for another", labeltest.Lab, report, func(_ *labeltest.World, e *example.Example) {
			e.Report.Lab = "other-lab"
		}, label.Denied, label.ReasonWrongSigner},
		{"declares another's device", labeltest.ToyMaker, declaration, func(_ *labeltest.World, e *example.Example) {
			e.Declaration.Manufacturer = labeltest.ToyMaker
		}, label.Denied, label.ReasonWrongSigner},
		{"unregistered device", labeltest.Lab, report, func(_ *labeltest.World, e *example.Example) {
			e.Descriptor = []byte(`{"not":"registered"}`)
		}, label.NotFound, label.ReasonUnknownSubject},
		{"another standard", "web-lab", report, func(w *labeltest.World, e *example.Example) {
			enrolLab(w, e, "web-lab", func(a *label.Accreditation) { a.Methods = a.Methods[:1] })
		}, label.Denied, label.ReasonScopeMethod},
		{"another category", "toy-lab", report, func(w *labeltest.World, e *example.Example) {
			enrolLab(w, e, "toy-lab", func(a *label.Accreditation) { a.Categories = []string{"toy"} })
		}, label.Denied, label.ReasonScopeCategory},
		{"accredited after the tests", "late-lab", report, func(w *labeltest.World, e *example.Example) {
			enrolLab(w, e, "late-lab", func(a *label.Accreditation) { a.Interval.From = e.Report.Period.To.AddDays(1) })
		}, label.Denied, label.ReasonScopeInterval},
		{"accreditation ended before the tests did", "past-lab", report, func(w *labeltest.World, e *example.Example) {
			enrolLab(w, e, "past-lab", func(a *label.Accreditation) { a.Interval.To = e.Report.Period.To.AddDays(-1) })
		}, label.Denied, label.ReasonScopeInterval},
		{"not accredited", "bare-lab", report, func(w *labeltest.World, e *example.Example) {
			w.Enrol("bare-lab", label.RoleLab)
			e.Report.Lab = "bare-lab"
		}, label.Denied, label.ReasonScopeInterval},
		{"affiliated", "house-lab", report, func(w *labeltest.World, e *example.Example) {
			w.Enrol("house-lab", label.RoleLab, labeltest.Maker)
			w.Accredit("house-lab", nil)
			e.Report.Lab = "house-lab"
		}, label.Denied, label.ReasonAffiliated},
		{"too old", labeltest.Lab, report, func(_ *labeltest.World, e *example.Example) {
			e.Report.Period = label.Period{From: label.NewDate(2023, 1, 1), To: label.NewDate(2023, 2, 1)}
		}, label.Invalid, label.ReasonTooOld},
		{"in the future", labeltest.Lab, report, func(_ *labeltest.World, e *example.Example) {
			e.Report.Period.To = label.DateOf(labeltest.Start).AddDays(1)
		}, label.Invalid, label.ReasonInFuture},
		{"unknown provision", labeltest.Lab, report, func(_ *labeltest.World, e *example.Example) {
			e.Report.Verdicts[0].Provision = "9.9-9"
		}, label.Invalid, label.ReasonUnknownProvision},
		{"unknown fact", labeltest.Lab, report, func(_ *labeltest.World, e *example.Example) {
			e.Report.Facts["colour_of_case"] = label.JSON(`"blue"`)
		}, label.Invalid, label.ReasonUnknownFact},
		{"wrong fact type", labeltest.Lab, report, func(_ *labeltest.World, e *example.Example) {
			e.Report.Facts["uses_passwords"] = label.JSON(`"yes"`)
		}, label.Invalid, label.ReasonFactType},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := labeltest.New(t, nil)
			e := w.Example("camera")
			_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor)
			must(t, err)
			if w.Signers[tc.signer] == nil {
				w.Signers[tc.signer] = labeltest.NewSigner(t)
			}
			if tc.change != nil {
				tc.change(w, e)
			}
			kind, predicate := tc.what(e)
			_, _, err = w.Authority.Submit(ctx, w.Caller(labeltest.Maker), w.Seal(tc.signer, e.Descriptor, kind, predicate))
			wants(t, err, tc.kind, tc.reason)
			must(t, w.Store.View(func(v *store.View) error {
				return v.Statements(func(st *store.Statement) bool {
					t.Errorf("statement %s was stored", st.ID)
					return false
				})
			}))
		})
	}
}

// enrolLab makes a lab with an accreditation of its own sign the report.
func enrolLab(w *labeltest.World, e *example.Example, id string, change func(*label.Accreditation)) {
	w.Enrol(id, label.RoleLab)
	w.Accredit(id, change)
	e.Report.Lab = id
}

func TestAuthenticate(t *testing.T) {
	w := labeltest.New(t, nil)
	now := w.Clock.Now()
	make := func(s *envelope.Signer, org, audience string, at time.Time) string {
		raw, err := token.New(s, org, audience, at)
		must(t, err)
		return raw
	}
	lab := w.Signers[labeltest.Lab]
	good := make(lab, labeltest.Lab, labeltest.Audience, now)
	c, err := w.Authority.Authenticate(good)
	must(t, err)
	if c.Org != labeltest.Lab || !c.Is(label.RoleLab) {
		t.Errorf("authenticated as %+v", c)
	}
	for name, raw := range map[string]string{
		"garbage":          "not.a.token",
		"other service":    make(lab, labeltest.Lab, "elsewhere:1", now),
		"another's name":   make(lab, labeltest.Maker, labeltest.Audience, now),
		"from the future":  make(lab, labeltest.Lab, labeltest.Audience, now.Add(10*time.Minute)),
		"too old":          make(lab, labeltest.Lab, labeltest.Audience, now.Add(-10*time.Minute)),
		"key nobody knows": make(labeltest.NewSigner(t), labeltest.Lab, labeltest.Audience, now),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Authority.Authenticate(raw)
			if label.KindOf(err) != label.Unauthenticated {
				t.Errorf("got %v, want an unauthenticated refusal", err)
			}
		})
	}
	// A remembered session ends when the token does, and when its key goes.
	w.Clock.Set(now.Add(label.MaxTokenLife + label.MaxClockSkew + time.Second))
	if _, err := w.Authority.Authenticate(good); err == nil {
		t.Error("the token outlived its end")
	}
	w.Clock.Set(now.Add(time.Second))
	if _, err := w.Authority.Authenticate(good); err != nil {
		t.Fatal(err)
	}
	_, err = w.RevokeKey(ctx, w.Caller(labeltest.Operator), lab.Public.ID, "stolen")
	must(t, err)
	if _, err := w.Authority.Authenticate(good); err == nil {
		t.Error("the token outlived its key")
	}
}

func TestEnrolment(t *testing.T) {
	w := labeltest.New(t, nil)
	op := w.Caller(labeltest.Operator)
	org := label.Organization{ID: "acme", Name: "Acme", Roles: []label.Role{label.RoleManufacturer}}
	_, err := w.EnrolAs(ctx, w.Caller(labeltest.Maker), org)
	wants(t, err, label.Denied, label.ReasonWrongRole)
	_, err = w.EnrolAs(ctx, op, org)
	must(t, err)
	_, err = w.EnrolAs(ctx, op, org)
	must(t, err)
	org.Name = "Acme Ltd"
	_, err = w.EnrolAs(ctx, op, org)
	wants(t, err, label.Exists, label.ReasonExists)
	_, err = w.EnrolAs(ctx, op, label.Organization{ID: "Acme!", Name: "x", Roles: []label.Role{label.RoleLab}})
	wants(t, err, label.Invalid, label.ReasonMalformed)

	_, err = w.AddKey(ctx, op, "nobody", w.Signers[labeltest.Lab].Public.PEM, time.Time{})
	wants(t, err, label.NotFound, label.ReasonUnknownOrg)
	_, err = w.AddKey(ctx, op, "acme", w.Signers[labeltest.Lab].Public.PEM, time.Time{})
	wants(t, err, label.Exists, label.ReasonExists)
	_, err = w.AddKey(ctx, op, "acme", "no key", time.Time{})
	wants(t, err, label.Invalid, label.ReasonMalformed)
	_, err = w.RevokeKey(ctx, op, label.DigestOf([]byte("no key")).String(), "tidying")
	wants(t, err, label.NotFound, label.ReasonUnknownKey)

	acc := label.Accreditation{
		Lab: label.Party{ID: "acme"}, Number: "1", Body: "b", Standards: []string{"en303645"}, Categories: []string{"*"}, Methods: labeltest.AllMethods,
		Interval: label.Period{From: label.NewDate(2026, 1, 1), To: label.NewDate(2027, 1, 1)},
	}
	_, err = w.AccreditAs(ctx, op, acc)
	wants(t, err, label.Precondition, label.ReasonWrongRole)
	acc.Lab.ID, acc.Standards = labeltest.Lab, []string{"en999"}
	_, err = w.AccreditAs(ctx, op, acc)
	wants(t, err, label.Invalid, label.ReasonUnknownStandard)
	acc.Standards = []string{"en303645"}
	first, err := w.AccreditAs(ctx, op, acc)
	must(t, err)
	again, err := w.AccreditAs(ctx, op, acc)
	must(t, err)
	if first.Index != again.Index {
		t.Error("the same accreditation was logged twice")
	}
	_, err = w.RevokeKey(ctx, w.SecondCaller(), w.Second.Public.ID, "left")
	must(t, err)
	_, err = w.RevokeKey(ctx, op, w.Signers[labeltest.Operator].Public.ID, "tidying")
	wants(t, err, label.Precondition, label.ReasonMissing)

	e, err := w.Authority.Organization(w.Caller(labeltest.Lab), labeltest.Lab)
	must(t, err)
	if len(e.Keys) != 1 || len(e.Accreditations) != 2 {
		t.Errorf("the lab reads %d keys and %d accreditations of its own, want 1 and 2", len(e.Keys), len(e.Accreditations))
	}
	_, err = w.Authority.Organization(w.Caller(labeltest.Maker), labeltest.Lab)
	wants(t, err, label.Denied, label.ReasonWrongRole)
}

func TestPages(t *testing.T) {
	w := labeltest.New(t, nil)
	for i := range 7 {
		e := w.Example("plug")
		labeltest.Variant(t, e, i)
		w.Issue(e, 1) // all within a second
	}
	seen := map[label.ID]bool{}
	last := int64(-1)
	page := authority.Page{Size: 3}
	for range 4 {
		list, err := w.Authority.OwnLabels(w.Caller(labeltest.Maker), "", page)
		must(t, err)
		for _, p := range list.Labels {
			if seen[p.Label.ID] {
				t.Errorf("label %s is on two pages", p.Label.ID)
			}
			if last >= 0 && p.Index >= last {
				t.Errorf("log entry %d comes after %d: the list is not newest first", p.Index, last)
			}
			seen[p.Label.ID], last = true, p.Index
		}
		if page.Token = list.Next; list.Next == "" {
			break
		}
	}
	if len(seen) != 7 || page.Token != "" {
		t.Errorf("pages have %d labels, want 7; last token %q", len(seen), page.Token)
	}
	for _, bad := range []authority.Page{{Size: -1}, {Size: label.MaxPage + 1}, {Token: "!"}} {
		_, err := w.Authority.Labels(labeltest.Maker, bad)
		if label.KindOf(err) != label.Invalid {
			t.Errorf("page %+v gave %v", bad, err)
		}
	}
	_, err := w.Authority.OwnLabels(w.Caller(labeltest.Maker), labeltest.ToyMaker, authority.Page{})
	wants(t, err, label.Denied, label.ReasonNotYours)
	_, err = w.Authority.Labels("nobody", authority.Page{})
	wants(t, err, label.NotFound, label.ReasonUnknownOrg)
}

func TestClockThatWentBack(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Submit(w.Example("camera"))
	e := w.Example("plug")
	w.Clock.Set(labeltest.Start.Add(-time.Hour))
	_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor)
	wants(t, err, label.Unavailable, label.ReasonClock)
	w.Clock.Set(labeltest.Start.Add(time.Hour))
	_, _, err = w.Authority.Register(ctx, w.Caller(labeltest.Maker), e.Descriptor)
	must(t, err)
}

func TestCloseRefusesNewWork(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Authority.Close()
	_, _, err := w.Authority.Register(ctx, w.Caller(labeltest.Maker), w.Example("plug").Descriptor)
	wants(t, err, label.Unavailable, label.ReasonShuttingDown)
}

// TestEvidenceArrivesMeanwhile submits a failing report while a request is
// being judged: the label must not be issued on the older picture.
func TestEvidenceArrivesMeanwhile(t *testing.T) {
	var w *labeltest.World
	between := &hooked{}
	w = labeltest.New(t, func(s authority.Store) authority.Store { between.Store = s; return between })
	e := w.Example("camera")
	digest := w.Submit(e)
	bad := w.Example("camera")
	bad.Report.Number += "-retest"
	bad.Report.Period.To = bad.Report.Period.To.AddDays(1)
	bad.Report.Verdicts[0].Verdict, bad.Report.Verdicts[0].Reason = label.Fail, "the record is not kept"
	for i := range bad.Report.Verdicts {
		if v := &bad.Report.Verdicts[i]; v.Provision == "5.1-1" {
			v.Verdict, v.Reason = label.Fail, "one password opens every unit"
		}
	}
	raw := w.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, bad.Report)
	maker := w.Caller(labeltest.Maker)
	after := func() { // the request has taken its picture
		_, _, err := w.Authority.Submit(ctx, maker, raw)
		must(t, err)
	}
	between.afterView.Store(&after)
	o, err := w.Authority.Request(ctx, maker, digest, "", 3)
	must(t, err)
	if o.Label != nil {
		t.Fatal("a label was issued although a failing report had been accepted")
	}
}

// hooked calls a function after the next view.
type hooked struct {
	authority.Store
	afterView atomic.Pointer[func()]
}

func (h *hooked) View(f func(*store.View) error) error {
	err := h.Store.View(f)
	if g := h.afterView.Swap(nil); g != nil {
		(*g)()
	}
	return err
}

func BenchmarkRequest(b *testing.B) {
	w := labeltest.New(b, nil)
	maker := w.Caller(labeltest.Maker)
	var digests []label.Digest
	for i := range 512 {
		e := w.Example("camera")
		labeltest.Variant(b, e, i)
		digests = append(digests, w.Submit(e))
	}
	i := 0
	for b.Loop() {
		if _, err := w.Authority.Request(ctx, maker, digests[i%len(digests)], "", 3); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
