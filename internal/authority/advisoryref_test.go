package authority_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"labeld/internal/authority"
	"labeld/internal/label"
	"labeld/internal/labeltest"
	"labeld/internal/notice"
	"labeld/internal/store"
)

// manyVex is an OpenVEX document about n weaknesses of the example camera, with
// names of a length.
func manyVex(id string, updated time.Time, status string, first, n, length int) []byte {
	var list []string
	for i := range n {
		name := fmt.Sprintf("CVE-2026-%07d", first+i)
		name += strings.Repeat("x", max(0, length-len(name)))
		extra := ""
		if status == "affected" {
			extra = `,"action_statement":"Keep guests on the guest network."`
		}
		list = append(list, fmt.Sprintf(`{"vulnerability":{"name":%q},"products":[{"@id":"pkg:generic/northlight/nl-c210@3.8.2"}],"status":%q%s}`, name, status, extra))
	}
	return fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":%q,"author":"Northlight","timestamp":"2026-10-01T08:00:00Z",
		"last_updated":%q,"version":1,"statements":[%s]}`, "https://northlight.example/"+id, updated.UTC().Format(time.RFC3339), strings.Join(list, ","))
}

// TestAdvisoryThatIsTooMuch has a manufacturer send what would not fit in a log
// entry, and an operator too, whose documents are not held against any label. It
// is refused at once, or cut; and the consequences of what comes after are drawn.
func TestAdvisoryThatIsTooMuch(t *testing.T) {
	l := newLife(t)
	ago := func(d time.Duration) time.Time { return l.Clock.Now().Add(-d) }
	one := func(product, status string) []byte {
		return vex{id: "x", version: 1, updated: ago(time.Minute), status: status, product: product}.bytes()
	}
	csaf := strings.Replace(string(l.Example("camera").Advisory), "https://northlight.example/security/nl-sa-2026-0011",
		"https://northlight.example/"+strings.Repeat("x", label.MaxAdvisoryURL), 1)
	for name, c := range map[string]struct {
		document []byte
		kind     label.Kind
		reason   label.Reason
		says     string
	}{
		"names of 200 bytes": {manyVex("200", ago(time.Minute), "affected", 0, 256, 200), label.TooLarge, label.ReasonTooLarge, "document.statements[0].vulnerability.name: is 200 bytes"},
		"a version to update to of 65 bytes": {one("pkg:generic/northlight/nl-c210@"+strings.Repeat("9", label.MaxVersion+1), "fixed"), label.TooLarge, label.ReasonTooLarge,
			"document: what it says of a label could not be recorded: fixedIn: is 65 bytes, at most 64"},
		"a version to update to that misleads": {one("pkg:generic/northlight/nl-c210@4%E2%80%AE0.1", "fixed"), label.Invalid, label.ReasonMalformed, "fixedIn: character 2, U+202E, is invisible"},
		"an address beyond the limit":          {[]byte(csaf), label.TooLarge, label.ReasonTooLarge, "url: is 527 bytes, at most 500"},
	} {
		for _, org := range []string{labeltest.Maker, labeltest.Operator} {
			signed := l.AdvisoryEvent(org, c.document)
			_, _, err := l.Authority.Advise(ctx, l.Caller(org), signed, c.document)
			wants(t, err, c.kind, c.reason)
			if err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s of %s: %v, want %q", name, org, err, c.says)
			}
			_, err = l.Authority.PreviewAdvisory(l.Caller(org), signed, c.document)
			wants(t, err, c.kind, c.reason)
		}
	}
	if n := len(l.now().Statuses); n > 0 {
		t.Errorf("%d statements were added", n)
	}

	l.Advise(labeltest.Maker, manyVex("64", ago(time.Minute), "affected", 0, 256, label.MaxIssueName))
	p := l.now()
	if len(p.Advisories) != 1 {
		t.Fatalf("there are %d advisories", len(p.Advisories))
	}
	ref := p.Advisories[0].Advisory
	if len(ref.Issues) != label.MaxAdvisedIssues || ref.More != 256-label.MaxAdvisedIssues || ref.Issues[0][:16] != "CVE-2026-0000000" {
		t.Errorf("the advice names %d issues and says that there are %d more", len(ref.Issues), ref.More)
	}
	if err := l.Store.View(func(v *store.View) error {
		entry, err := v.Entry(p.Indexes[0])
		if err != nil {
			return err
		}
		b, err := entry.Encode()
		if len(b) > label.MaxStatusEntry {
			t.Errorf("its log entry has %d bytes", len(b))
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}

	// A release that is about something else takes nothing of it back, and one that
	// says expressly that it is fixed does.
	l.pass(time.Hour)
	l.Advise(labeltest.Maker, []byte(strings.ReplaceAll(string(manyVex("64", ago(time.Minute), "affected", 0, 20, 0)), "nl-c210", "other")))
	if ref := l.now().Advisories[0].Advisory; ref.State != "affected" || ref.More != 256-label.MaxAdvisedIssues {
		t.Errorf("after a release about something else: %s, %d more", ref.State, ref.More)
	}
	l.pass(time.Hour)
	l.Advise(labeltest.Maker, manyVex("64", ago(time.Minute), "fixed", 0, 256, label.MaxIssueName))
	if ref := l.now().Advisories[0].Advisory; ref.State != "fixed" || ref.More != 256-label.MaxAdvisedIssues {
		t.Errorf("taken back: %s, %d more", ref.State, ref.More)
	}
	e := l.Report(label.Event{Kind: label.KeyEvent, Key: l.Signers[labeltest.Lab].Public.ID, Since: labeltest.Start, Reason: "key-compromised", Text: "It was stolen."})
	if e.Done.IsZero() {
		t.Error("the consequences of what came after were not drawn")
	}
}

// TestLongestNumber publishes under the longest number that an advisory may have.
func TestLongestNumber(t *testing.T) {
	l := newLife(t)
	number := "https://northlight.example/vex/"
	l.Advise(labeltest.Maker, vex{id: strings.Repeat("x", label.MaxText-len(number)), version: 1, updated: firstVex.updated, status: "affected"}.bytes())
	if p := l.now(); len(p.Advisories) != 1 || len(p.Advisories[0].Advisory.ID) != label.MaxText || p.Advisories[0].Advisory.Title != "Security notice" {
		t.Errorf("there are %d advisories", len(p.Advisories))
	}
}

// TestAnswerToMany has the manufacturer answer what a long advice names, and not
// what it leaves out.
func TestAnswerToMany(t *testing.T) {
	for _, tt := range []struct {
		name      string
		warned, n int // weaknesses that the operator warns of, and the manufacturer speaks of
		late      bool
	}{
		{"as many as are named", label.MaxAdvisedIssues, label.MaxAdvisedIssues, false},
		{"more than are named, those that are", label.MaxAdvisedIssues + 4, label.MaxAdvisedIssues, true},
		{"more than are named, all of them", label.MaxAdvisedIssues + 4, label.MaxAdvisedIssues + 4, true},
	} {
		l := newLife(t)
		l.Advise(labeltest.Operator, manyVex("warning", firstVex.updated, "affected", 0, tt.warned, 0))
		due := l.due()
		l.Clock.Set(due.Add(-time.Hour))
		l.Advise(labeltest.Maker, manyVex("answer", firstVex.updated, "fixed", 0, tt.n, 0))
		if p := l.remind(due.Add(time.Minute)); (p.Review != nil) != tt.late {
			t.Errorf("%s: under review is %v", tt.name, p.Review != nil)
		}
		// A later release is an answer in any case.
		l = newLife(t)
		l.Advise(labeltest.Operator, manyVex("warning", firstVex.updated, "affected", 0, tt.warned, 0))
		l.Clock.Set(due.Add(-time.Hour))
		l.Advise(labeltest.Operator, manyVex("warning", l.Clock.Now().Add(-time.Minute), "fixed", 0, tt.warned, 0))
		if p := l.remind(due.AddDate(1, 0, 0)); p.Review != nil {
			t.Errorf("%s: under review after a later release", tt.name)
		}
	}
}

// TestEveryOperatorIsHeard has a second organization of operators warn of a
// product before it has a label.
func TestEveryOperatorIsHeard(t *testing.T) {
	w := labeltest.New(t, nil)
	w.Enrol("night-shift", label.RoleOperator)
	signed := func(org, id string) {
		doc := vex{id: id, version: 1, updated: firstVex.updated, status: "affected"}
		w.Advise(org, doc.bytes())
	}
	signed("night-shift", "night")
	signed(labeltest.Operator, "day")
	l := &life{w, t, w.Issue(w.Example("camera"), 3)}
	for range 2 {
		if err := w.Authority.AdviseNew(ctx); err != nil {
			t.Fatal(err)
		}
	}
	heard := map[string]bool{}
	for _, st := range l.now().Advisories {
		heard[st.Author()] = true
	}
	if len(l.now().Statuses) != 2 || !heard["night-shift"] || !heard[labeltest.Operator] {
		t.Errorf("the label has %d statements, of %v", len(l.now().Statuses), heard)
	}
}

// TestAdviceForASuccessor asks what the advisories of a label say of a successor with
// other firmware.
func TestAdviceForASuccessor(t *testing.T) {
	l := newLife(t)
	l.Enrol("night-shift", label.RoleOperator)
	l.Advise(labeltest.Maker, firstVex.bytes())
	l.Advise("night-shift", vex{id: "1", version: 1, updated: firstVex.updated, status: "affected"}.bytes())
	l.Advise(labeltest.Operator, vex{id: "2", version: 1, updated: firstVex.updated, status: "not_affected", product: "pkg:generic/northlight/nl-c210@3.8.2"}.bytes())
	l.pass(time.Hour)
	last := vex{id: "1", version: 2, updated: l.Clock.Now().Add(-time.Minute), status: "fixed", product: "pkg:generic/northlight/nl-c210@3.8.4"}
	adv := l.Advise(labeltest.Maker, last.bytes())
	carried := func(firmware string, old bool, want ...string) {
		t.Helper()
		next := *l.pub.Label
		next.Firmware = &label.Firmware{Version: firmware}
		if !old { // it rests no more on the tests of 3.8.2
			next.Evidence = nil
		}
		list, events, err := l.Authority.FirstAdvice(labeltest.Maker, &next)
		var got []string
		for i, ref := range list {
			got = append(got, ref.ID[len("https://northlight.example/vex/"):]+" "+ref.Version+" "+ref.State)
			if ref.SHA256 == adv.Digest && events[i] != adv.Event {
				t.Error("it is not of the event that published it")
			}
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("for %s: %v (%v), want %v", firmware, got, err, want)
		}
	}
	carried("3.8.2", true, "1 2 affected", "1 1 affected", "2 1 not-affected")
	carried("3.8.4", false, "1 2 fixed", "1 1 affected")
	carried("3.8.4", true, "1 2 affected", "1 1 affected")
}

// says is an OpenVEX document of the maker under one number, in which each weakness
// has a status: "A affected, B fixed".
func says(id string, version int, updated time.Time, what string) []byte {
	var list []string
	for _, one := range strings.Split(what, ", ") {
		issue, status, _ := strings.Cut(one, " ")
		product, extra := "pkg:generic/northlight/nl-c210@3.8.2", ""
		switch status {
		case "affected":
			extra = `,"action_statement":"Keep guests on the guest network."`
		case "not_affected":
			extra = `,"justification":"component_not_present"`
		case "elsewhere":
			product, status = "pkg:generic/northlight/other@1", "fixed"
		}
		list = append(list, fmt.Sprintf(`{"vulnerability":{"name":%q},"products":[{"@id":%q}],"status":%q%s}`, "CVE-2026-000"+issue, product, status, extra))
	}
	return fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":%q,"author":"Northlight","timestamp":"2026-10-01T08:00:00Z",
		"last_updated":%q,"version":%d,"statements":[%s]}`, "https://northlight.example/"+id, updated.UTC().Format(time.RFC3339), version, strings.Join(list, ","))
}

// TestReleaseThatLeavesOut has a manufacturer be rid of a warning by a release that
// does not speak of it any more: of the product, or of the weakness.
func TestReleaseThatLeavesOut(t *testing.T) {
	for _, tt := range []struct {
		name     string
		releases []string
		state    string // what the label says
		issues   string
		words    int  // in the history
		dropped  bool // the publisher and the operators are told
	}{
		{"another product", []string{"1 affected", "1 elsewhere"}, "affected", "1", 1, true},
		{"another product, while it is looked into", []string{"1 under_investigation", "9 elsewhere"}, "under-investigation", "1", 1, true},
		{"another weakness", []string{"1 affected", "2 fixed"}, "affected", "1", 1, true},
		{"one of two", []string{"1 affected, 2 affected", "2 fixed"}, "affected", "1 2", 1, true},
		{"another that is affected", []string{"1 affected", "2 affected"}, "affected", "1 2", 2, true},
		{"one at a time", []string{"1 under_investigation", "2 affected", "2 fixed"}, "under-investigation", "1", 3, true},
		{"said expressly, later", []string{"1 affected", "1 elsewhere", "1 not_affected"}, "not-affected", "1", 2, false},
		{"fixed, later", []string{"1 affected, 2 affected", "2 fixed", "1 fixed, 2 fixed"}, "fixed", "1 2", 2, false},
		{"nothing that it warned of", []string{"1 fixed", "1 elsewhere"}, "fixed", "1", 1, false},
		{"worse than before", []string{"1 under_investigation", "1 affected"}, "affected", "1", 2, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLife(t)
			var notes []string
			for i, what := range tt.releases {
				l.pass(time.Hour)
				notes = l.Authority.AdvisoryNotes(l.Advise(labeltest.Maker, says("n", i+1, l.Clock.Now().Add(-time.Minute), what)))
			}
			check := func(p *authority.Published, words int) {
				t.Helper()
				if len(p.Advisories) != 1 || len(p.Statuses) != words {
					t.Fatalf("%d advisories are open after %d words, want %d", len(p.Advisories), len(p.Statuses), words)
				}
				ref := p.Advisories[0].Advisory
				if got := strings.ReplaceAll(strings.Join(ref.Issues, " "), "CVE-2026-000", ""); ref.State != tt.state || got != tt.issues {
					t.Errorf("the label says %s of %s (%s), want %s of %s", ref.State, got, ref.Advice, tt.state, tt.issues)
				}
			}
			check(l.now(), tt.words)
			if (len(notes) > 0) != tt.dropped || tt.dropped && !strings.Contains(notes[0], "says expressly that the product is not affected") {
				t.Errorf("the publisher is told %q", notes)
			}
			if kinds := told(t, l.World, labeltest.Operator); slices.Contains(kinds, notice.AdvisoryDropped) != (tt.dropped || len(tt.releases) > 2) {
				t.Errorf("operators were told %v", kinds)
			}
			if !tt.dropped {
				return
			}
			// A new label of the device does not do without it either.
			l.pass(time.Hour)
			l.Change(labeltest.Maker, l.pub, label.Withdraw, "discontinued")
			o, err := l.Authority.Request(ctx, l.Caller(labeltest.Maker), label.DigestOf(l.Example("camera").Descriptor), "", 3)
			must(t, err)
			must(t, l.Authority.AdviseNew(ctx))
			p, err := l.Authority.Lookup(o.Label.Label.ID)
			must(t, err)
			if len(p.Advisories) != 1 || p.Advisories[0].Advisory.State != tt.state || !slices.Contains(p.Advisories[0].Advisory.Issues, "CVE-2026-0001") {
				t.Errorf("the new label has the words %+v", p.Advisories)
			}
		})
	}
}

// TestSilenceIsNoAnswer has a manufacturer who promised news publish a release about
// another product instead.
func TestSilenceIsNoAnswer(t *testing.T) {
	l := newLife(t)
	l.Advise(labeltest.Maker, says("n", 1, firstVex.updated, "1 under_investigation"))
	due := l.due()
	l.Clock.Set(due.Add(-time.Hour))
	l.Advise(labeltest.Maker, says("n", 2, l.Clock.Now().Add(-time.Minute), "2 elsewhere"))
	if p := l.remind(due.Add(time.Minute)); p.Review == nil {
		t.Error("a release that says nothing of the product counts as news of it")
	}
}

// ranged is a CSAF document of the authority about the camera's versions in a range.
func ranged(version int, updated time.Time, status, versions string) []byte {
	remedy := ""
	if status == "known_affected" {
		remedy = `"remediations":[{"category":"none_available","details":"None yet.","product_ids":["P"]}],`
	}
	at := updated.UTC().Format(time.RFC3339)
	return fmt.Appendf(nil, `{"document":{"category":"csaf_security_advisory","csaf_version":"2.0","title":"A hole","notes":[{"category":"summary","text":"A hole."}],
		"publisher":{"category":"vendor","name":"Authority","namespace":"https://authority.example"},
		"tracking":{"id":"A-1","version":"%d","status":"final","initial_release_date":%[2]q,"current_release_date":%[2]q,"revision_history":[{"number":"%[1]d","date":%[2]q,"summary":"It came."}]}},
		"product_tree":{"branches":[{"category":"vendor","name":"Northlight","branches":[{"category":"product_name","name":"NL-C210","branches":[
			{"category":"product_version_range","name":%[3]q,"product":{"name":"The camera","product_id":"P","product_identification_helper":{"model_numbers":["NL-C210"]}}}]}]}]},
		"vulnerabilities":[{"cve":"CVE-2026-9900","title":"Hole","notes":[{"category":"description","text":"A hole."}],%[5]s"product_status":{%[4]q:["P"]}}]}`,
		version, at, versions, status, remedy)
}

// TestShiftedRangeTakesNothingBack has a publisher warn of a range of versions, and then
// of another in which the label's is not, without a word about that.
func TestShiftedRangeTakesNothingBack(t *testing.T) {
	for _, later := range []string{"vers:generic/>=4.0", "vers:generic/<3.8.1", "vers:generic/>=3.9|<3.9.1"} {
		l := newLife(t)
		l.Advise(labeltest.Operator, ranged(1, l.Clock.Now().Add(-time.Hour), "known_affected", "vers:generic/<3.8.4"))
		if got := openIssues(t, l.now()); len(got) != 1 {
			t.Fatalf("the label is warned of %v", got)
		}
		notes := l.Authority.AdvisoryNotes(l.Advise(labeltest.Operator, ranged(2, l.Clock.Now().Add(-time.Minute), "known_affected", later)))
		if got := openIssues(t, l.now()); len(got) != 1 {
			t.Errorf("after a release about %s the label is warned of %v", later, got)
		}
		if len(notes) != 1 || !strings.Contains(notes[0], "leaves out") {
			t.Errorf("after a release about %s its publisher is told %q", later, notes)
		}
		l.Advise(labeltest.Operator, ranged(3, l.Clock.Now(), "known_not_affected", "vers:generic/<4.0"))
		if got := openIssues(t, l.now()); len(got) != 0 {
			t.Errorf("when it is said expressly that it is not affected, the label is warned of %v", got)
		}
	}
}

// TestOneLineOfOtherFirmware has a friendly laboratory report on one thing in another
// version, out of harm's way, on which the manufacturer has the label renewed.
func TestOneLineOfOtherFirmware(t *testing.T) {
	l := newLife(t)
	l.Advise(labeltest.Operator, ranged(1, l.Clock.Now().Add(-time.Hour), "known_affected", "vers:generic/<3.8.4"))
	e := l.Example("camera")
	l.pass(24 * time.Hour)
	r := *e.Report
	r.Number, r.Period.To = "one line", label.DateOf(l.Clock.Now())
	r.Firmware[0].Version, r.Facts = "99.0", nil
	r.Verdicts = []label.Verdict{{Provision: "5.3-16", Verdict: label.Pass}}
	_, _, err := l.Authority.Submit(ctx, l.Caller(labeltest.Lab), l.Seal(labeltest.Lab, e.Descriptor, label.TypeTestReport, &r))
	must(t, err)
	c, err := l.ask(labeltest.Maker, label.Supersede, "renewed", func(r *label.StatusRequest) { r.Level = 3 })
	must(t, err)
	must(t, l.Authority.AdviseNew(ctx))
	p, err := l.Authority.Lookup(c.Label.Label.ID)
	must(t, err)
	if got := openIssues(t, p); len(got) != 1 {
		t.Errorf("of the label with firmware %s is warned of %v", p.Label.Firmware.Version, got)
	}
}
