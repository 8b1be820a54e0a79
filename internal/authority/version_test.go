package authority_test

import (
	"bytes"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// follow has a second version of the four-level scheme follow in ten days: by it a failure
// that a laboratory finds has the label reviewed, and not suspended.
func follow(s *sale) (first, second *scheme.Scheme) {
	s.t.Helper()
	first = s.Programme.Newest("four-level")
	next := *first
	next.Version = "2027.1"
	next.InForce = scheme.InForce{From: label.DateOf(s.Clock.Now()).AddDays(10)}
	next.Lifecycle.Rejudged = maps.Clone(first.Lifecycle.Rejudged)
	next.Lifecycle.Rejudged[scheme.Failed] = scheme.Reaction{Action: label.Review, Reason: "level-lost"}
	s.Programme.Schemes = append(s.Programme.Schemes, &next)
	s.Trust.Schemes = s.Programme.Refs()
	s.Restart()
	return first, &next
}

// TestEachLabelByItsOwnVersion publishes criteria that follow. A label that was issued
// before is judged on by its own, one that is issued since by the new ones, and a
// manufacturer may ask for either while both are in force.
func TestEachLabelByItsOwnVersion(t *testing.T) {
	s := newSale(t)
	first, second := follow(s)
	device := label.DigestOf(s.e.Descriptor)
	judged := func(asked, want string) {
		t.Helper()
		d, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), device, asked)
		must(t, err)
		if d.Scheme.Version != want {
			t.Errorf("asked for %q, the device is judged by version %s, want %s", asked, d.Scheme.Version, want)
		}
	}
	judged("", first.Version)
	_, err := s.Authority.Evaluate(ctx, s.Caller(labeltest.Maker), device, "four-level@2027.1")
	wants(t, err, label.Precondition, label.ReasonUnknownScheme)
	s.pass(11 * 24 * time.Hour)
	judged("", second.Version)
	judged("four-level", second.Version)
	judged("four-level@"+first.Version, first.Version)

	plug := s.Example("plug")
	s.Submit(plug)
	o, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), label.DigestOf(plug.Descriptor), "", 1)
	must(t, err)
	if o.Label.Label.Scheme.Version != second.Version {
		t.Errorf("a new label is of version %s", o.Label.Label.Scheme.Version)
	}
	fail := func(r *label.TestReport) {
		hasFail("5.1-5")(r)
		r.Period.To = label.DateOf(s.Clock.Now()).AddDays(-1)
	}
	_, err = s.report(labeltest.Lab, "later", fail)
	must(t, err)
	r := *plug.Report
	r.Number = "plug-later"
	fail(&r)
	_, _, err = s.Authority.Submit(ctx, s.Caller(labeltest.Lab), s.Seal(labeltest.Lab, plug.Descriptor, label.TypeTestReport, &r))
	must(t, err)
	must(t, s.Authority.Propagate(ctx))
	if p := s.now(); p.Label.Scheme.Version != first.Version || p.State != label.Suspended {
		t.Errorf("the label of version %s is %s, and that version suspends", p.Label.Scheme.Version, p.State)
	}
	p, err := s.Authority.Lookup(o.Label.Label.ID)
	must(t, err)
	if p.State != label.Active || p.Review == nil {
		t.Errorf("the label of version %s is %s, under review: %t, and that version reviews", second.Version, p.State, p.Review != nil)
	}
}

// TestVersionInForceDoesNotEnd has an operator report the end of the version by which is
// judged, and, when another has followed, of the one before.
func TestVersionInForceDoesNotEnd(t *testing.T) {
	s := newSale(t)
	first, second := follow(s)
	end := func(version string) error {
		_, err := s.ReportAs(ctx, s.Caller(labeltest.Operator), s.Event(label.Event{Kind: label.SchemeEvent, Scheme: "four-level", Version: version, Reason: "scheme-ended", Text: "Replaced."}))
		return err
	}
	err := end(first.Version)
	wants(t, err, label.Precondition, label.ReasonUnknownScheme)
	if !strings.Contains(err.Error(), "put another version in force first") {
		t.Errorf("it is refused with %v", err)
	}
	s.pass(11 * 24 * time.Hour)
	wants(t, end(second.Version), label.Precondition, label.ReasonUnknownScheme)
	must(t, end(first.Version))
	must(t, s.Authority.Propagate(ctx))
	p := s.now()
	want := label.DateOf(s.Clock.Now()).AddMonths(first.Lifecycle.Propagation["scheme-ended"].GraceMonths)
	if p.State != label.Active || p.Ends().IsZero() || !strings.Contains(p.Expires.String(), want.String()[:7]) {
		t.Errorf("the label of the version that ended is %s until %s, want until %s", p.State, p.Expires, want)
	}

	// Nobody gets a label by it any more, although its file is in force without end.
	plug := s.Example("plug")
	s.Submit(plug)
	ask := func() error {
		_, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), label.DigestOf(plug.Descriptor), "four-level@"+first.Version, 1)
		return err
	}
	err = ask()
	wants(t, err, label.Precondition, label.ReasonUnknownScheme)
	if !strings.Contains(err.Error(), "has ended, by event") {
		t.Errorf("a label by it is refused with %v", err)
	}
	s.Restart()
	wants(t, ask(), label.Precondition, label.ReasonUnknownScheme)

	// Its renewal is judged by the version that followed.
	c, err := s.Authority.Change(ctx, s.Caller(labeltest.Maker), s.Ask(labeltest.Maker, p, label.Supersede, "reissued", func(r *label.StatusRequest) { r.Level = 3 }))
	must(t, err)
	if next, err := s.Authority.Lookup(c.Status.Successor.ID); err != nil || next.Label.Scheme.Version != second.Version {
		t.Errorf("it is renewed under %+v, %v", next, err)
	}
}

// TestVersionIsLoggedFirst holds the log to say which criteria there are before a label
// or a refusal that is judged by them, once, and a file that has changed since to judge
// nothing.
func TestVersionIsLoggedFirst(t *testing.T) {
	s := newSale(t)
	s.Issue(s.Example("plug"), 1)
	logged, predicate := loggedVersions(s)
	served := s.Programme.Newest("four-level")
	if p := predicate[0]; len(logged) != 1 || logged[0] >= s.p.Index || p.Scheme != served.Ref() || p.From != served.InForce.From || !slices.Equal(p.Files, served.Files()) {
		t.Fatalf("the version is logged at %v as %+v, and the first label at %d", logged, p, s.p.Index)
	}
	// The operator softens the file that has judged, and has the service start with it.
	s.Programme.Schemes[0] = softened(t)
	s.Trust.Schemes = s.Programme.Refs()
	s.Restart()
	s.Change(labeltest.Maker, s.now(), label.Withdraw, "maker-request")
	_, err := s.Authority.Request(ctx, s.Caller(labeltest.Maker), label.DigestOf(s.e.Descriptor), "", 3)
	wants(t, err, label.Precondition, label.ReasonUnknownScheme)
	if !strings.Contains(err.Error(), "give what was changed another version") {
		t.Errorf("it is refused with %v", err)
	}
}

// TestChangedFilesAreLoggedAgain changes the data that a version of a scheme is judged by,
// beside its own file: the log names it before anything is judged by it, once, labels go on
// naming the file of the scheme, and who starts the service is told.
func TestChangedFilesAreLoggedAgain(t *testing.T) {
	s := newSale(t)
	first, _ := loggedVersions(s)
	notes := func() (list []string) {
		watch := labeltest.Problems(func(problem string) { t.Error(problem) })
		watch.Note = func(note string) {
			if !strings.Contains(note, "before the audit trail began") { // which is no matter of schemes
				list = append(list, note)
			}
		}
		must(t, authority.Check(ctx, s.Store, s.Trust, s.Programme, watch))
		return list
	}
	if list := notes(); len(list) > 0 {
		t.Fatalf("before anything was changed, check notes %q", list)
	}
	files := labeltest.Files(t)
	for _, name := range []string{"facts.yaml", "standards/en303645.yaml", "reasons.yaml"} {
		files[name].Data = append(files[name].Data, "# Another word.\n"...)
	}
	p, err := scheme.Load(files)
	must(t, err)
	s.Programme = p
	if list := notes(); len(list) != 1 || !strings.Contains(list[0], "facts.yaml, standards/en303645.yaml; ") {
		t.Errorf("after the change, check notes %q", list)
	}
	var told bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&told, nil))
	for range 2 { // and not again when nothing is new
		s.Restart()
	}
	if !strings.Contains(told.String(), `files="facts.yaml, standards/en303645.yaml"`) || strings.Count(told.String(), "logged again") != 1 {
		t.Errorf("whoever starts the service is told: %s", told.String())
	}
	logged, predicate := loggedVersions(s)
	if len(logged) != 2 || logged[0] != first[0] || predicate[1].Scheme != predicate[0].Scheme || slices.Equal(predicate[1].Files, predicate[0].Files) || !slices.Equal(predicate[1].Files, p.Schemes[0].Files()) {
		t.Errorf("the version is logged at %v, as %+v", logged, predicate)
	}
	if list := notes(); len(list) > 0 {
		t.Errorf("once they are logged, check notes %q", list)
	}
	later := s.Issue(s.Example("plug"), 1)
	if later.Index <= logged[1] || later.Label.Scheme != s.p.Label.Scheme {
		t.Errorf("the label at %d names %+v", later.Index, later.Label.Scheme)
	}
}

// loggedVersions returns where the log speaks of versions of schemes, and what it says.
func loggedVersions(s *sale) (logged []int64, predicate []*label.SchemeVersion) {
	s.t.Helper()
	must(s.t, s.Authority.View(func(v *store.View) error {
		for i := range s.Authority.LogSize() {
			env, err := v.Entry(i)
			if err != nil {
				return err
			}
			u, err := envelope.OpenEnvelope(env)
			if err != nil {
				return err
			}
			if u.PredicateType() != label.TypeSchemeVersion {
				continue
			}
			verified, err := s.Trust.Statement(env)
			if err != nil {
				return err
			}
			p, err := envelope.Predicate[label.SchemeVersion](verified)
			if err != nil {
				return err
			}
			logged, predicate = append(logged, i), append(predicate, p)
		}
		return nil
	}))
	return logged, predicate
}

// softened returns the scheme of the embedded programme as if its file had been changed.
func softened(t *testing.T) *scheme.Scheme {
	t.Helper()
	files := labeltest.Files(t)
	f := files["schemes/four-level/2026.2.yaml"]
	f.Data = append(f.Data, "# Softened.\n"...)
	p, err := scheme.Load(files)
	must(t, err)
	return p.Newest("four-level")
}
