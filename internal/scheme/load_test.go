package scheme_test

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/labels"
)

// TestEveryEventHasAReason holds the list of reasons to the kinds of events: a kind
// without a reason could not be reported. That schemes have something become of
// labels only for what can be reported is checked by Load (TestBrokenData).
func TestEveryEventHasAReason(t *testing.T) {
	p := programme(t, embedded)
	for _, k := range label.EventKinds {
		some := false
		for code := range p.Reasons {
			some = some || p.CheckEvent(code, k) == nil
		}
		if !some {
			t.Errorf("no event of kind %s can be reported", k)
		}
	}
}

func TestLoadEmbedded(t *testing.T) {
	p := programme(t, embedded)
	s := p.Newest("four-level")
	if s == nil || len(p.Standards) != 1 || len(p.Facts) < 100 || len(p.Categories) < 10 {
		t.Fatalf("the programme has schemes %v, %d standards, %d facts, %d categories", p.Schemes, len(p.Standards), len(p.Facts), len(p.Categories))
	}
	text, err := fs.ReadFile(labels.FS, "schemes/four-level/2026.2.yaml")
	must(t, err)
	want := label.SchemeRef{ID: "four-level", Version: s.Version, Name: s.Name, SHA256: label.DigestOf(text)}
	if refs := p.Refs(); len(refs) != 1 || refs[0] != want || refs[0] != s.Ref() {
		t.Errorf("the programme serves %+v, want %+v", refs, want)
	}
	for n := 1; n <= len(s.Levels); n++ {
		l, err := s.Level(n)
		must(t, err)
		if l != (label.Level{Number: n, Of: 4, Name: s.Levels[n-1].Name, Presentation: label.Ladder}) {
			t.Errorf("level %d is %+v", n, l)
		}
	}
	for _, n := range []int{-1, 0, 5} {
		_, err := s.Level(n)
		wants(t, err, label.Invalid, label.ReasonUnknownScheme, "level", "levels 1 to 4")
	}
}

// TestCatalogue holds the catalogue to the number of provisions that EN 303 645
// has, and to how many of them stand under a condition.
func TestCatalogue(t *testing.T) {
	std := programme(t, embedded).Standards["en303645"]
	for _, want := range []struct {
		edition                                                     string
		mandatory, mandatoryWhen, recommended, recommendedCondition int
	}{
		{"V2.1.1", 33, 13, 35, 10},
		{"V3.1.3", 36, 25, 42, 21},
	} {
		count, when := map[string]int{}, map[string]int{}
		for _, p := range std.In(want.edition) {
			in := p.Editions[want.edition]
			count[in.Status]++
			if in.When != "" {
				when[in.Status]++
			}
			if std.Provision(want.edition, p.ID) != p {
				t.Errorf("%s %s is listed and not found", want.edition, p.ID)
			}
		}
		if count["mandatory"] != want.mandatory || count["recommended"] != want.recommended {
			t.Errorf("%s has %d mandatory and %d recommended provisions, want %d and %d", want.edition,
				count["mandatory"], count["recommended"], want.mandatory, want.recommended)
		}
		if when["mandatory"] != want.mandatoryWhen || when["recommended"] != want.recommendedCondition {
			t.Errorf("%s has %d mandatory and %d recommended provisions under a condition, want %d and %d", want.edition,
				when["mandatory"], when["recommended"], want.mandatoryWhen, want.recommendedCondition)
		}
	}
	if std.Edition("V1") || std.In("V1") != nil || std.Provision("V1", "5.1-1") != nil || std.Provision("V2.1.1", "9-9") != nil {
		t.Error("the catalogue finds what it does not have")
	}
	if std.Provision("V2.1.1", "5.1-2A") != nil || std.Provision("V3.1.3", "5.1-2A") == nil {
		t.Error("5.1-2A belongs to V3.1.3 alone")
	}
}

// copyOf returns a programme's files for a test to edit.
func copyOf(t testing.TB, fsys fs.FS) fstest.MapFS {
	t.Helper()
	m := fstest.MapFS{}
	must(t, fs.WalkDir(fsys, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(fsys, path)
		m[path] = &fstest.MapFile{Data: b}
		return err
	}))
	return m
}

// edit replaces the one place where old stands in a file.
func edit(t testing.TB, m fstest.MapFS, file, old, new string) string {
	t.Helper()
	text := string(m[file].Data)
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q stands %d times in %s", old, strings.Count(text, old), file)
	}
	text = strings.Replace(text, old, new, 1)
	m[file] = &fstest.MapFile{Data: []byte(text)}
	return text
}

// TestBrokenData edits one place in good data. Each edit must be refused at the
// line where at stands after the edit, with what is to be read there.
func TestBrokenData(t *testing.T) {
	const (
		facts, categories  = "facts.yaml", "categories.yaml"
		standard, ladder   = "standards/small.yaml", "schemes/ladder/1.yaml"
		ports, portsMember = "  - id: ports\n    level: 2\n", "    level: 2\n    title: No open ports"
		ladderWords        = "  words: {page: \"Level {number} of {of}: {name}\", badge: \"Level {number} of {of}\", art: \"Level {number} of {of}\"}\n"
		ladderAs           = "presentation:\n  as: ladder\n" + ladderWords
	)
	for _, row := range []struct {
		name           string
		file, old, new string
		at             string // text on the line that the error names
		want           string // what follows file and line
	}{
		// YAML
		{"unknown member", ladder, "term_months: 12", "term_month: 12", "term_month:", "no such member is defined here: term_month"},
		{"unknown member of a list's element", facts, "name: has_radio, type: bool", "name: has_radio, typ: bool", "has_radio", "no such member is defined here: typ"},
		{"unknown member at the top", facts, "facts:\n", "fact:\n  - {}\nfacts:\n", "fact:\n", "no such member is defined here: fact"},
		{"duplicate key", ladder, portsMember, "    level: 2\n" + portsMember, portsMember, `mapping key "level" already defined`},
		{"not a number", ladder, "term_months: 12", "term_months: a year", "term_months", "cannot unmarshal !!str `a year` into int"},
		{"flow list left open", ladder, "provisions: [p-3]", "provisions: [p-3", "[p-3", "did not find expected ',' or ']'"},
		{"dedented element", ladder, "  - id: ports", " - id: ports", " - id: ports", "did not find expected"},
		{"tab", ladder, "    title: No open ports", "\ttitle: No open ports", "\ttitle", "found a tab character"},
		{"quote left open", ladder, "shortfall: Promise", `shortfall: "Promise`, `"Promise`, "found unexpected end of stream"},
		{"error on the first line", categories, "categories:\n", "categories: ]\n", "categories", "did not find expected node content"},
		{"two documents", ladder, "criteria:\n", "---\ncriteria:\n", "", "has more than one YAML document"},

		// facts.yaml
		{"fact twice", facts, "name: has_radio", "name: has_update", "It talks over the air", "facts[2].name: fact has_update is defined twice"},
		{"no name", facts, "name: has_radio", "name: Has-Radio", "Has-Radio", `facts[2].name: "Has-Radio" is not a name`},
		{"name of the instant", facts, "name: has_radio", "name: at", "name: at", `facts[2].name: "at" is the name of the instant`},
		{"bad type", facts, "name: scanned, type: bool", "name: scanned, type: boolean", "boolean", `facts[6].type: "boolean" is not a type`},
		{"min above max", facts, "min: 0, max: 64", "min: 65, max: 64", "min: 65", "facts[3].min: is greater than max"},
		{"enum without values", facts, "values: [none, tee, chip], ", "", "name: storage", "facts[10]: an enum needs values"},
		{"values of no enum", facts, "name: note, type: text", "name: note, type: text, values: [a]", "name: note", "facts[11].values: only an enum has values"},
		{"unit of a text", facts, "name: note, type: text", "name: note, type: text, unit: kg", "name: note", "facts[11]: only int and number have unit"},
		{"nobody's fact", facts, "name: note, type: text, by: either", "name: note, type: text, by: anyone", "name: note", "facts[11].by: must be lab, manufacturer or either"},
		{"contradiction without id", facts, ", about: Anything.}\n", ", about: Anything.}\ncontradictions:\n  - {rule: has_password && has_update, says: So.}\n", "says: So", "contradictions[0]: every contradiction needs an id of its own"},
		{"contradiction twice", facts, ", about: Anything.}\n", ", about: Anything.}\ncontradictions:\n  - {id: a, rule: has_password && has_update, says: So.}\n  - {id: a, rule: has_radio && has_update, says: Thus.}\n", "says: Thus", "contradictions[1]: every contradiction needs an id of its own"},
		{"contradiction in silence", facts, ", about: Anything.}\n", ", about: Anything.}\ncontradictions:\n  - {id: a, rule: has_password && has_update}\n", "id: a", "contradictions[0]: says is required"},
		{"contradiction of nothing known", facts, ", about: Anything.}\n", ", about: Anything.}\ncontradictions:\n  - {id: a, rule: has_pasword && has_update, says: So.}\n", "id: a", "contradictions[0].rule: undeclared reference to 'has_pasword'"},
		{"contradiction of a member unknown", facts, ", about: Anything.}\n", ", about: Anything.}\ncontradictions:\n  - {id: a, rule: has_password && product_setup, says: So.}\n", "id: a", "contradictions[0].rule: undeclared reference to 'product_setup'"},
		{"contradiction of the wrong type", facts, ", about: Anything.}\n", ", about: Anything.}\ncontradictions:\n  - {id: a, rule: has_password && product_updates, says: So.}\n", "id: a", "contradictions[0].rule: expected type 'bool' but found 'string'"},
		{"contradiction of one fact", facts, ", about: Anything.}\n", ", about: Anything.}\ncontradictions:\n  - {id: a, rule: has_password && !has_password, says: So.}\n", "id: a", "contradictions[0].rule: refers to fewer than two facts"},
		{"fact with the name of a member", facts, "name: has_radio", "name: product_sbom", "name: product_sbom", `facts[2].name: "product_sbom" is the name of what a declaration says of its product`},
		{"criterion over a member", ladder, "rule: open_ports == 0", "rule: product_sbom", "rule: product_sbom", "criteria[2].rule: undeclared reference to 'product_sbom'"},
		{"fact without about", facts, ", about: Anything.", "", "name: note", "facts[11]: about is required"},
		{"words for a number", facts, "about: How many ports answer.", "about: How many ports answer., shoppers: {yes: Open., no: Shut.}", "name: open_ports", "facts[4].shoppers: only a bool has words for shoppers"},
		{"words for a text", facts, "about: Anything.", "about: Anything., shoppers: {yes: Some., no: None.}", "name: note", "facts[11].shoppers: only a bool has words for shoppers"},
		{"words for yes alone", facts, ", no: It is silent.", "", "It talks over the air", "facts[2].shoppers: no is required"},
		{"words for no alone", facts, "yes: Attackers were thought of., ", "", "name: threat_model", "facts[7].shoppers: yes is required"},
		{"no words", facts, "shoppers: {yes: It talks over the air., no: It is silent.}", "shoppers: {}", "name: has_radio", "facts[2].shoppers: yes is required"},
		{"words for maybe", facts, "no: It is silent.", "maybe: It whispers.", "name: has_radio", "no such member is defined here: maybe"},
		{"too many words", facts, "no: It is silent.", "no: " + strings.Repeat("x", label.MaxText+1), "name: has_radio", "facts[2].shoppers.no: is 201 bytes; a shopper reads at most 200"},

		// categories.yaml
		{"unknown risk", categories, "risk: medium", "risk: middling", "middling", `categories[1].risk: "middling" is no risk class: low, medium, high`},
		{"no risk classes", categories, "risks:\n  - {id: low, name: Low, about: Little.}\n  - {id: medium, name: Medium, about: Some.}\n  - {id: high, name: High, about: Much.}\n", "risks: []\n", "risks:", "risks: 1 to 9 risk classes are needed, from the lowest"},
		{"risk class twice", categories, "id: medium, name: Medium", "id: low, name: Medium", "name: Medium", "risks[1]: every risk class needs an id of its own"},
		{"risk class without words", categories, "name: Medium, about: Some.", "name: Medium", "name: Medium", "risks[1]: name and about are required"},
		{"category twice", categories, "id: watch", "id: plug", "name: Watch", "categories[1]: every category needs an id of its own"},
		{"category without name", categories, "name: Watch, ", "", "id: watch", "categories[1]: name is required"},

		// reasons.yaml
		{"reason twice", "reasons.yaml", "code: over", "code: fault", "It is over", "reasons[1]: every reason needs a code of its own"},
		{"reason without title", "reasons.yaml", `, title: "It is over."`, "", "code: over", "reasons[1]: title and actions are required"},
		{"reason for nothing known", "reasons.yaml", "[lapse]", "[lapse, fine]", "code: over", `reasons[1].actions[1]: "fine" is not an action: suspend, reinstate`},
		{"reason to strike nothing", "reasons.yaml", ", strikes: [report]", "", "code: fault", "reasons[0].strikes: goes with the event statement"},
		{"reason to strike without an event", "reasons.yaml", "events: [scheme]", "events: [scheme], strikes: [report]", "code: over", "reasons[1].strikes: goes with the event statement"},
		{"reason to strike what is not struck", "reasons.yaml", "strikes: [report]", "strikes: [label]", "code: fault", `reasons[0].strikes[0]: "label" is nothing that is struck`},

		// standards
		{"standard without id", standard, "id: small\n", "id: \"\"\n", "id: \"\"", "id: every standard needs an id of its own"},
		{"unknown clause", standard, "    clause: \"1\"\n    title: Of ports", "    clause: \"2\"\n    title: Of ports", "clause: \"2\"", `provisions[2].clause: no clause "2" is listed`},
		{"unknown edition", standard, "      A: {status: mandatory, when: has_password}", "      C: {status: mandatory, when: has_password}", "C: {", `provisions[1].editions.C: no edition "C" is listed`},
		{"bad status", standard, "{status: mandatory, when: has_password}", "{status: required, when: has_password}", "required", "provisions[1].editions.A.status: must be mandatory or recommended"},
		{"provision twice", standard, "id: p-2", "id: p-1", "id: p-1\n    clause: \"1\"\n    title: Of passwords", "provisions[1]: every provision needs an id of its own"},
		{"provision without title", standard, "    title: Of ports\n", "", "id: p-3", "provisions[2]: title is required"},
		{"provision of no edition", standard, "    editions:\n      B: {status: recommended}", "    editions: {}", "id: b-1", "provisions[5]: editions is required"},
		{"condition with an undefined fact", standard, "when: has_password", "when: has_pasword", "has_pasword", "provisions[1].editions.A.when: undeclared reference to 'has_pasword'"},
		{"condition that is no truth", standard, "when: has_password", "when: password_length", "when: password_length", "provisions[1].editions.A.when: is of type int, must be true or false"},
		{"condition with a type error", standard, "when: has_password", "when: has_password > 3", "> 3", "provisions[1].editions.A.when: found no matching overload for '_>_'"},
		{"condition with a syntax error", standard, "when: has_password", "when: has_password &&", "&&", "provisions[1].editions.A.when: Syntax error"},

		// presentations
		{"no presentation", ladder, ladderAs, "", "id: ladder", `presentation.as: is ""; must be ladder, pass-only or named-classes`},
		{"unknown presentation", ladder, "as: ladder", "as: stairs", "as: stairs", `presentation.as: is "stairs"; must be ladder, pass-only or named-classes`},
		{"three levels that are not shown", ladder, "as: ladder", "as: pass-only", "as: pass-only", "presentation.as: is pass-only, which has one level and not 3"},
		{"ladder without words", ladder, ladderWords, "", "presentation:", "presentation.words: page is required of a ladder"},
		{"ladder without words on badges", ladder, `badge: "Level {number} of {of}", `, "", "words: {", "presentation.words: badge is required of a ladder"},
		{"words of another form", ladder, "words: {page:", "words: {poster: x, page:", "words: {", `presentation.words: "poster" is no form in which people read what a label is called: page, badge, art`},
		{"empty words", ladder, `art: "Level {number} of {of}"`, `art: " "`, "words: {", "presentation.words.art: is empty"},
		{"words with something else in braces", ladder, `art: "Level {number} of {of}"`, `art: "Level {nummer} of {of}"`, "words: {", "presentation.words.art: has {nummer}; the words of a scheme that is shown as ladder can have {name}, {number}, {of}"},
		{"words with an open brace", ladder, `art: "Level {number} of {of}"`, `art: "Level {number of 3"`, "words: {", "presentation.words.art: has {number of 3; the words"},
		{"classes that are counted", ladder, "as: ladder", "as: named-classes", "words: {", "presentation.words.page: has {number}; the words of a scheme that is shown as named-classes can have {name}"},
		{"badge that is too wide", ladder, `badge: "Level {number} of {of}"`, `badge: "This product reaches level {number} of {of}"`, "words: {", `presentation.words: the badge of level 1 says "This product reaches level 1 of 3", which is 33 characters`},

		// schemes
		{"scheme without id", ladder, "id: ladder", "id: Ladder", "id: Ladder", "id: must be lower-case letters, digits and inner hyphens"},
		{"scheme without version", ladder, "version: \"1\"\n", "", "id: ladder", "version: must be letters, digits, dots and hyphens"},
		{"endless term", ladder, "term_months: 12", "term_months: 121", "term_months", "term_months: must be 1 to 120"},
		{"ageless evidence", ladder, "{lab: 6, declaration: 9}", "{lab: 6}", "evidence_months", "evidence_months: lab and declaration must be at least 1"},
		{"unknown standard", ladder, "standard: small", "standard: large", "standard: large", `standard: no standard "large" is defined`},
		{"unknown edition of a standard", ladder, "edition: A", "edition: C", "edition: C", `edition: Small Standard has no edition "C"`},
		{"no levels", ladder, "levels:\n  - {number: 1, name: One, about: Basics.}\n  - {number: 2, name: Two, about: More.}\n  - {number: 3, name: Three, about: Tested.}\n", "levels: []\n", "levels: []", "levels: 1 to 9 are needed"},
		{"levels out of order", ladder, "{number: 2, name: Two", "{number: 4, name: Two", "number: 4", "levels[1]: must have number 2 and a name"},
		{"unknown provision", ladder, "provisions: [p-3]", "provisions: [p-1, p-9]", "p-9", `criteria[2].provisions[1]: Small Standard A has no provision "p-9"`},
		{"provision of another edition", ladder, "provisions: [p-3]", "provisions: [b-1]", "b-1", `criteria[2].provisions[0]: Small Standard A has no provision "b-1"`},
		{"unknown policy", ladder, "provisions: [p-3]\n    evidence: checked", "provisions: [p-3]\n    evidence: check", "evidence: check\n", `criteria[2].evidence: no policy "check" is defined`},
		{"policy too short", ladder, "high: [declaration, lab, lab]", "high: [declaration, lab]", "checked:", "evidence.checked: high needs one entry for each of the 3 levels"},
		{"policy without a class", ladder, "    high: [declaration, lab, lab]\n", "", "checked:", "evidence.checked: high needs one entry"},
		{"policy of an unknown class", ladder, "    high: [declaration, lab, lab]\n", "    high: [declaration, lab, lab]\n    huge: [lab, lab, lab]\n", "checked:", `evidence.checked: "huge" is no risk class`},
		{"policy that asks for less", ladder, "high: [declaration, lab, lab]", "high: [declaration, lab, declaration]", "lab, declaration]", "evidence.checked.high: must not ask for less at a higher level"},
		{"policy with another source", ladder, "high: [declaration, lab, lab]", "high: [declaration, hearsay, lab]", "hearsay", "evidence.checked.high: must be declaration or lab"},
		{"no time to appeal", ladder, "  appeal_days: 14\n", "", "lifecycle:", "lifecycle.appeal_days: must be 1 to 365"},
		{"endless time to decide", ladder, "decide_days: 28", "decide_days: 366", "decide_days", "lifecycle.decide_days: must be 1 to 365"},
		{"no weight for a risk", ladder, "risk: {low: 1, medium: 2, high: 3}", "risk: {low: 1, high: 3}", "risk: {low", "lifecycle.surveillance.risk.medium: is required"},
		{"weights for other levels", ladder, "level: [1, 1, 1]", "level: [1, 1]", "level: [1, 1]", "lifecycle.surveillance.level: has 2 factors for 3 levels"},
		{"no weights", ladder, "level: [1, 1, 1]", "level: []", "level: []", "lifecycle.surveillance.level: has 0 factors; give one for each level"},
		{"weight for an unknown risk", ladder, "high: 3}", "high: 3, huge: 9}", "high: 3, huge", `lifecycle.surveillance.risk: "huge" is unknown; give factors for low, medium, high`},
		{"a weight too large", ladder, "self-declared: 2", "self-declared: 1001", "self-declared: 1001", "lifecycle.surveillance.assurance.self-declared: is 1001; a factor is 1 to 1000"},
		{"weight of nothing", ladder, "lab-tested: 1}", "lab-tested: 0}", "lab-tested: 0}", "lifecycle.surveillance.assurance.lab-tested: is 0"},
		{"propagation for no reason", ladder, "    fault: {", "    fluke: {", "fluke", `lifecycle.propagation.fluke: no reason "fluke" is defined`},
		{"hold for no reason", ladder, "over: {evidence", "ower: {evidence", "ower", `lifecycle.holds.ower: no reason "ower" is defined in reasons.yaml`},
		{"hold lifted by nobody's evidence", ladder, "{evidence: lab, months: 3}", "{evidence: buyer, months: 3}", "buyer", "lifecycle.holds.over.evidence: must be lab or declaration"},
		{"hold that never ends", ladder, "{evidence: lab, months: 3}", "{months: 999}", "999", "lifecycle.holds.over.months: must be 0 to 120"},
		{"hold that nothing lifts", ladder, "{evidence: lab, months: 3}", "{}", "over: {}", "lifecycle.holds.over: names neither evidence nor months"},
		{"label judged again, and revoked", ladder, "failed: {effect: suspend", "failed: {effect: revoke", "revoke, reason", "lifecycle.rejudged.failed.effect: must be none, review or suspend"},
		{"label judged again for no reason", ladder, "effect: review, reason: fault", "effect: review, reason: fate", "fate", `lifecycle.rejudged.unsupported.reason: no reason "fate" is defined in reasons.yaml`},
		{"label judged again for another reason", ladder, "effect: review, reason: fault", "effect: review, reason: over", "reason: over", "lifecycle.rejudged.unsupported.effect: over is not a reason to review a label"},
		{"label judged again in a way that is not known", ladder, "    unsupported: {effect", "    unsure: {effect", "rejudged:", `lifecycle.rejudged: "unsure" is not a way`},
		{"propagation of what nobody can report", ladder, "    fault: {effect: suspend}", "    idle: {effect: suspend}", "idle", "lifecycle.propagation.idle: would never happen: reasons.yaml lets nobody report for idle an event"},
		{"propagation of what touches no label", ladder, "    fault: {effect: suspend}", "    moved: {effect: none}", "moved", "lifecycle.propagation.moved: would never happen"},
		{"propagation without effect", ladder, "{effect: suspend}", "{effect: shame}", "shame", "lifecycle.propagation.fault.effect: must be none, review, suspend or lapse"},
		{"propagation that the reason does not give", ladder, "over: {effect: lapse, grace_months: 3}", "over: {effect: suspend}", "over:", "lifecycle.propagation.over.effect: over is not a reason to suspend a label: lapse"},
		{"lapse without grace", ladder, ", grace_months: 3", "", "over:", "lifecycle.propagation.over: grace_months goes with the effect lapse"},
		{"level too high", ladder, ports, "  - id: ports\n    level: 4\n", "level: 4", "criteria[2].level: must be 1 to 3"},
		{"level too low", ladder, ports, "  - id: ports\n    level: 0\n", "level: 0", "criteria[2].level: must be 1 to 3"},
		{"no shortfall", ladder, "    shortfall: Close the ports.\n", "", "id: ports", "criteria[2]: title, why and shortfall are required"},
		{"criterion twice", ladder, "id: ports", "id: base", "id: base\n    level: 2", "criteria[2]: every criterion needs an id of its own"},
		{"criterion that asks for nothing", ladder, "    rule: threat_model && (has_update || storage == \"chip\")\n", "", "id: planned", "criteria[4]: must ask for provisions, or state a rule"},
		{"rule with an undefined fact", ladder, "rule: open_ports == 0", "rule: open_port == 0", "open_port ", "criteria[2].rule: undeclared reference to 'open_port'"},
		{"rule of another type", ladder, "rule: open_ports == 0", "rule: open_ports", "rule: open_ports", "criteria[2].rule: is of type int, must be true or false"},
		{"rule too dear", ladder, "rule: open_ports == 0", "rule: languages.all(a, languages.all(b, a != b))", "languages.all", "criteria[2].rule: may cost"},
		{"rule dear for long texts", ladder, "rule: open_ports == 0", "rule: note.contains(note)", "note.contains", "criteria[2].rule: may cost"},
		{"rule that adds texts up", ladder, "rule: open_ports == 0", "rule: note + note + note + note + note == note", "note +", "criteria[2].rule: may cost"},
		{"level that adds nothing", ladder, "  - id: scanned\n    level: 3", "  - id: scanned\n    level: 2", "criteria:", "criteria: level 3 asks for nothing that level 2 does not"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := copyOf(t, os.DirFS("testdata/small"))
			text := edit(t, m, row.file, row.old, row.new)
			prefix := row.file + ": "
			if row.at != "" {
				before, _, ok := strings.Cut(text, row.at)
				if !ok {
					t.Fatalf("%q does not stand in the edited file", row.at)
				}
				prefix = fmt.Sprintf("%s:%d: ", row.file, strings.Count(before, "\n")+1)
			}
			p, err := scheme.Load(m)
			if err == nil {
				t.Fatal("accepted")
			}
			if p != nil {
				t.Error("half a programme came with the error")
			}
			for line := range strings.Lines(err.Error()) {
				if strings.HasPrefix(line, prefix+row.want) {
					return
				}
			}
			t.Errorf("refused with\n%v\nwant\n%s%s", err, prefix, row.want)
		})
	}
}

// TestLoadToldFacts has as many facts with words for shoppers as a label repeats,
// and then one more.
func TestLoadToldFacts(t *testing.T) {
	m := copyOf(t, os.DirFS("testdata/small"))
	told := 0
	for line := range strings.Lines(string(m["facts.yaml"].Data)) {
		told += strings.Count(line, "shoppers: ")
	}
	for n := told + 1; n <= label.MaxDeclared+1; n++ {
		text := fmt.Sprintf("%s  - {name: more_%d, type: bool, by: either, about: More., shoppers: {yes: %s, no: N}}\n", m["facts.yaml"].Data, n, strings.Repeat("x", label.MaxText))
		m["facts.yaml"] = &fstest.MapFile{Data: []byte(text)}
		_, err := scheme.Load(m)
		if n <= label.MaxDeclared {
			must(t, err)
		} else if err == nil || err.Error() != "facts.yaml:2: facts: 33 of them have words for shoppers; a label repeats at most 32" {
			t.Errorf("with %d told facts: %v", n, err)
		}
	}
}

// TestWords says declared values in the words of the dictionary.
func TestWords(t *testing.T) {
	p := programme(t, small)
	for d, want := range map[label.LabelFact]string{
		{Fact: "has_radio", Value: label.BoolFact(true)}:   "It talks over the air.",
		{Fact: "has_radio", Value: label.BoolFact(false)}:  "It is silent.",
		{Fact: "has_update", Value: label.BoolFact(false)}: "", // shoppers are not told
		{Fact: "has_wings", Value: label.BoolFact(false)}:  "", // not in the dictionary
	} {
		if got := p.Words(d); got != want {
			t.Errorf("%+v is %q, want %q", d, got, want)
		}
	}
	if s := p.Facts["has_radio"].Shoppers; s.Yes != "It talks over the air." || s.No != "It is silent." {
		t.Errorf("has_radio has the words %+v", s)
	}
	for _, f := range programme(t, embedded).Facts {
		if f.Shoppers == nil {
			continue
		}
		for _, w := range []string{f.Shoppers.Yes, f.Shoppers.No} {
			if !strings.HasSuffix(w, ".") || strings.Contains(w, "_") {
				t.Errorf("%s tells shoppers %q, which is no sentence", f.Name, w)
			}
		}
	}
}

// TestLoadListsAll has a file with several errors, which are all reported.
func TestLoadListsAll(t *testing.T) {
	m := copyOf(t, os.DirFS("testdata/small"))
	edit(t, m, "schemes/ladder/1.yaml", "term_months: 12", "term_months: 0")
	edit(t, m, "schemes/ladder/1.yaml", "rule: open_ports == 0", "rule: open_port == 0")
	_, err := scheme.Load(m)
	if err == nil || strings.Count(err.Error(), "\n") != 1 ||
		!strings.Contains(err.Error(), "term_months: must be") || !strings.Contains(err.Error(), "undeclared reference to 'open_port'") {
		t.Errorf("refused with %v, want both errors on a line each", err)
	}
}

func TestLoadMissingFiles(t *testing.T) {
	for _, row := range []struct{ name, remove, want string }{
		{"no facts", "facts.yaml", "facts.yaml"},
		{"no categories", "categories.yaml", "categories.yaml"},
		{"no reasons", "reasons.yaml", "reasons.yaml"},
		{"no standard", "standards/small.yaml", `schemes/ladder/1.yaml:6: standard: no standard "small" is defined`},
		{"no scheme at all", "schemes/ladder/1.yaml", "the programme has no scheme"},
	} {
		t.Run(row.name, func(t *testing.T) {
			m := copyOf(t, os.DirFS("testdata/small"))
			delete(m, row.remove)
			if _, err := scheme.Load(m); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %q", err, row.want)
			}
		})
	}
	m := copyOf(t, os.DirFS("testdata/small"))
	m["categories.yaml"] = &fstest.MapFile{Data: []byte("# nothing yet\n")}
	if _, err := scheme.Load(m); err == nil || err.Error() != "categories.yaml:1: the file is empty" {
		t.Errorf("an empty file gave %v", err)
	}
}

// TestLoadTwoOfOneID loads a second file that claims the ID of the first.
func TestLoadTwoOfOneID(t *testing.T) {
	for _, row := range []struct{ file, copy, want string }{
		{"schemes/ladder/1.yaml", "schemes/ladder/2.yaml", "schemes/ladder/2.yaml:2: version: version 1 of scheme ladder belongs into the file schemes/ladder/1.yaml"},
		{"schemes/ladder/1.yaml", "schemes/other/1.yaml", "schemes/other/1.yaml:2: version: version 1 of scheme ladder belongs into the file schemes/ladder/1.yaml"},
		{"standards/small.yaml", "standards/z.yaml", "standards/z.yaml:1: id: every standard needs an id of its own"},
	} {
		m := copyOf(t, os.DirFS("testdata/small"))
		m[row.copy] = m[row.file]
		if _, err := scheme.Load(m); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("got %v, want %q", err, row.want)
		}
	}
}
