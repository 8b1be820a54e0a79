package advisory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"labeld/internal/advisory"
)

// A said is one product of the camera and the list it stands in: "<2.0" is a
// range, "2.0" a version, and nothing is all versions.
type said struct{ list, versions string }

// issue is a document with one issue of the camera.
func issue(remediations string, statements ...said) []byte {
	return csafDocument(versionTree(statements), vulnerability(1, remediations, statements, 0))
}

// versionTree has a product for every statement, P0 and so on.
func versionTree(statements []said) string {
	var products []string
	for i, s := range statements {
		product := fmt.Sprintf(`"product":{"product_id":"P%d","name":"Thing"}`, i)
		category := "product_version"
		switch {
		case s.versions == "":
			products = append(products, fmt.Sprintf(`{"category":"product_name","name":"NL-C210",%s}`, product))
			continue
		case strings.ContainsAny(s.versions, "<>=*!|"):
			category = "product_version_range"
		}
		products = append(products, fmt.Sprintf(`{"category":"product_name","name":"NL-C210","branches":[{"category":%q,"name":%q,%s}]}`, category, s.versions, product))
	}
	return `{"branches":[{"category":"vendor","name":"Northlight","branches":[` + strings.Join(products, ",") + `]}]}`
}

// vulnerability puts the products of statements, from number first on, into
// their lists.
func vulnerability(number int, remediations string, statements []said, first int) string {
	lists := map[string][]string{}
	for i, s := range statements {
		lists[s.list] = append(lists[s.list], fmt.Sprintf(`"P%d"`, first+i))
	}
	var status []string
	for list, ids := range lists {
		status = append(status, fmt.Sprintf(`%q:[%s]`, list, strings.Join(ids, ",")))
	}
	if remediations != "" {
		remediations = `,"remediations":[` + remediations + `]`
	}
	return fmt.Sprintf(`{"cve":"CVE-2026-%04d","product_status":{%s}%s}`, number, strings.Join(status, ","), remediations)
}

const vendorFix = `{"category":"vendor_fix","details":"Install it."}`

// TestStatus goes through the rules on versions. A trailing + after a version
// in want is the one to update to.
func TestStatus(t *testing.T) {
	const (
		bad     = "known_affected"
		fixed   = "fixed"
		good    = "known_not_affected"
		unclear = "under_investigation"
	)
	for _, tt := range []struct {
		name         string
		remediations string
		says         []said
		want         map[string]string // version to status, and where affected the version to update to
	}{
		{"a range and its fix", "", []said{{bad, "vers:generic/<2.4.1"}, {fixed, "2.4.1"}}, map[string]string{
			"": "affected 2.4.1", "1": "affected 2.4.1", "2.4": "affected 2.4.1", "V2.4.0": "affected 2.4.1",
			"2.4.1": "fixed", "v2.4.1.0": "fixed", "2.4.1-rc1": "affected 2.4.1", "2.4.0-rc1": "affected 2.4.1",
			"2.4.2-rc1": "fixed", "2.5": "fixed", "10.0": "fixed", "r2026b": "affected 2.4.1", "2.4.1 ": "fixed",
			"9999999999999999999999": "affected 2.4.1",
		}},
		{"a range that ends, and an update", vendorFix, []said{{bad, ">=2.0|<2.4.1"}}, map[string]string{
			"": "affected 2.4.1", "2.0": "affected 2.4.1", "1.9": "not-affected", "2.4.1": "fixed",
		}},
		{"a range that ends, and no update", "", []said{{bad, ">=2.0|<2.4.1"}}, map[string]string{
			"": "affected", "2.0": "affected", "1.9": "not-affected", "2.4.1": "not-affected",
		}},
		{"a range with its end", vendorFix, []said{{bad, "<=2.4.1"}}, map[string]string{
			"2.4.1": "affected", "2.4.2": "not-affected",
		}},
		{"a range without its beginning", "", []said{{bad, ">2.0"}}, map[string]string{
			"2.0": "not-affected", "2.0.1": "affected",
		}},
		{"all versions by a star", "", []said{{bad, "vers:all/*"}}, map[string]string{"": "affected", "1": "affected", "x": "affected"}},
		{"all versions by a star without prefix", "", []said{{good, "*"}}, map[string]string{"": "not-affected", "1": "not-affected", "x": "not-affected"}},
		{"all versions but one", "", []said{{bad, "vers:generic/!=2.0"}}, map[string]string{"": "affected", "1": "affected", "2.0": "not-affected", "2.0-b": "affected"}},
		{"all versions but one are good", "", []said{{good, "!=2.0"}}, map[string]string{"": "", "1": "not-affected", "2.0": "", "2.0-b": "", "x": ""}},
		{"two ranges and a version", "", []said{{bad, "vers:generic/<1.2|2.0|>=3.0|<3.2"}}, map[string]string{
			"1.1": "affected", "2.0": "affected", "3.1": "affected", "1.2": "affected", "3.2": "affected",
		}},
		{"a range in any order", "", []said{{bad, "vers:generic/<3.2|>=3.0|<1.2"}}, map[string]string{
			"1.1": "affected", "3.1": "affected", "1.2": "not-affected", "2.0": "not-affected", "3.2": "not-affected",
		}},
		{"an escaped version", "", []said{{bad, "vers:generic/<1%2E2"}}, map[string]string{"1.1": "affected", "1.2": "not-affected"}},

		{"listed versions", "", []said{{bad, "2.0"}, {bad, "2.2"}, {fixed, "2.4"}}, map[string]string{
			"": "affected 2.4", "2.0": "affected 2.4", "2.1": "affected 2.4", "1.0": "affected 2.4", "2.4": "fixed", "2.5": "fixed", "x": "affected 2.4",
		}},
		{"listed versions without a fix", "", []said{{bad, "2.0"}}, map[string]string{"1.0": "affected", "2.0": "affected", "3.0": "affected"}},
		{"first and last", "", []said{{"first_affected", "1.0"}, {"last_affected", "2.0"}, {"first_fixed", "2.1"}}, map[string]string{
			"1.5": "affected 2.1", "2.0.5": "affected 2.1", "2.1": "fixed", "2.2": "fixed",
		}},
		{"a version that fell back", "", []said{{bad, "2.5"}, {fixed, "2.4"}}, map[string]string{
			"2.3": "affected", "2.4": "fixed", "2.5": "affected", "2.6": "affected",
		}},
		{"a version that fell back and was fixed again", "", []said{{bad, "2.3"}, {bad, "2.5"}, {fixed, "2.4"}, {fixed, "2.6"}}, map[string]string{
			"2.3": "affected 2.6", "2.4": "fixed", "2.5": "affected 2.6", "2.6": "fixed", "2.7": "fixed",
		}},
		{"two lines of versions", "", []said{{bad, "<2.4.1"}, {bad, ">=3|<3.0.2"}, {fixed, "2.4.1"}, {fixed, "3.0.2"}}, map[string]string{
			"": "affected 3.0.2", "2.0": "affected 3.0.2", "2.4.5": "fixed", "3.0.1": "affected 3.0.2", "3.0.2": "fixed", "4": "fixed",
		}},

		{"only a fix", "", []said{{fixed, "2.4"}}, map[string]string{"": "affected 2.4", "2.3": "affected 2.4", "2.4": "fixed", "2.5": "fixed", "x": "affected 2.4"}},
		{"only a range of fixes", "", []said{{fixed, ">=2.4"}}, map[string]string{"2.3": "affected 2.4", "2.4": "fixed", "9": "fixed"}},
		{"a fix in versions nobody names", "", []said{{fixed, ""}}, map[string]string{"": "affected", "2.3": "affected"}},
		{"a fix above a version", "", []said{{fixed, ">2.4"}}, map[string]string{"2.4": "affected", "2.5": "fixed"}},
		{"a fix with a name of its own", "", []said{{bad, "r1"}, {fixed, "r2"}}, map[string]string{"": "affected r2", "r1": "affected r2", "r2": "fixed", "r3": "affected r2"}},
		{"two fixes with names of their own", "", []said{{bad, "r1"}, {fixed, "r2"}, {fixed, "r3"}}, map[string]string{"r1": "affected", "r2": "fixed"}},

		{"good", "", []said{{good, "2.0"}}, map[string]string{"": "", "2.0": "not-affected", "2.1": "", "x": ""}},
		{"good in a range", "", []said{{good, ">=2"}, {bad, "<2"}}, map[string]string{"": "affected", "1": "affected", "2": "not-affected"}},
		{"good and bad at once", "", []said{{good, ">=2"}, {bad, "2.1"}}, map[string]string{"2": "not-affected", "2.1": "affected", "2.1.0": "affected"}},
		{"bad everywhere and good somewhere", "", []said{{bad, ""}, {good, "2"}, {fixed, "3"}}, map[string]string{"": "affected", "2": "affected", "3": "affected"}},

		{"unclear", "", []said{{unclear, ">=2"}}, map[string]string{"": "under-investigation", "1": "", "2": "under-investigation", "x": "under-investigation"}},
		{"unclear at a version", "", []said{{unclear, "2"}}, map[string]string{"1": "under-investigation", "2": "under-investigation"}},
		{"unclear, bad and good", "", []said{{unclear, "2"}, {bad, "1"}, {good, "3"}}, map[string]string{
			"": "affected", "1": "affected", "2": "under-investigation", "3": "not-affected", "4": "affected",
		}},

		{"prose for a range", "", []said{{bad, "all builds <= March"}, {fixed, "2.4.1"}}, map[string]string{"": "affected 2.4.1", "2.0": "affected 2.4.1", "2.4.1": "fixed", "2.5": "affected"}},
		{"prose and a range of fixes", "", []said{{bad, "all builds <= March"}, {fixed, ">=2.4.1"}}, map[string]string{"2.0": "affected", "2.4.1": "affected"}},
		{"prose and an update", vendorFix, []said{{bad, "all builds <= March"}}, map[string]string{"": "affected", "2.0": "affected"}},
		{"builds of one version", "", []said{{bad, "2.0+b1"}, {good, "2.0+b2"}}, map[string]string{"2.0+b1": "affected", "2.0+b2": "not-affected", "2.0+b3": "affected"}},
		{"prose for what is good", "", []said{{good, "builds >= March"}}, map[string]string{"": "", "2.0": ""}},
		{"two beginnings", "", []said{{good, ">=1|>=2"}}, map[string]string{"3": ""}},
		{"two ends", "", []said{{good, "<1|<2"}}, map[string]string{"0.5": ""}},
		{"one bound twice", "", []said{{good, "<1|>=1"}}, map[string]string{"1": "", "2": ""}},
		{"bounds in no order", "", []said{{good, ">=1-a|<1-b"}}, map[string]string{"1": ""}},
		{"prefix only", "", []said{{good, "vers:>=1"}}, map[string]string{"1": ""}},
		{"bad escape", "", []said{{good, ">=%zz"}}, map[string]string{"1": ""}},
		{"too many parts", "", []said{{good, strings.Repeat("=1|", advisory.MaxConstraints) + "=1"}}, map[string]string{"1": ""}},
		{"as many parts as may be", "", []said{{good, strings.Repeat("=1|", advisory.MaxConstraints-1) + "=1"}}, map[string]string{"1": "not-affected"}},
		{"a version too long", "", []said{{good, strings.Repeat("1.", 200) + "1"}}, map[string]string{"1": ""}},
	} {
		a := parse(t, issue(tt.remediations, tt.says...))
		for version, want := range tt.want {
			e, ok := a.For(camera(), version)
			got := strings.TrimSpace(string(e.Status) + " " + e.FixedIn)
			if got != want || ok != (want != "") {
				t.Errorf("%s: %q is %q, want %q", tt.name, version, got, want)
			}
		}
	}
}

// TestSeveralIssues finds the version that ends all issues, and lists those
// that decide.
func TestSeveralIssues(t *testing.T) {
	says := [][]said{
		{{"known_affected", "<2.0"}, {"fixed", "2.0"}},
		{{"known_affected", "<2.2"}, {"fixed", "2.2"}},
		{{"under_investigation", ""}},
		{{"known_not_affected", ""}},
	}
	var vulnerabilities []string
	for i, s := range says {
		vulnerabilities = append(vulnerabilities, vulnerability(i+1, "", s, len(slices.Concat(says[:i]...))))
	}
	a := parse(t, csafDocument(versionTree(slices.Concat(says...)), strings.Join(vulnerabilities, ",")))
	for version, want := range map[string]string{
		"1.0": "affected [CVE-2026-0001 CVE-2026-0002] 2.2",
		"2.0": "affected [CVE-2026-0002] 2.2",
		"2.2": "under-investigation [CVE-2026-0003] ",
	} {
		e, _ := a.For(camera(), version)
		if got := fmt.Sprintf("%s %v %s", e.Status, e.Issues, e.FixedIn); got != want {
			t.Errorf("%s is %s, want %s", version, got, want)
		}
	}
}

// TestManyFixes makes sure that only so many versions are tried, from the top.
func TestManyFixes(t *testing.T) {
	var says []said
	for i := range 100 {
		says = append(says, said{"fixed", fmt.Sprint(i + 2)})
	}
	a := parse(t, issue("", append(says, said{"known_affected", "<2"})...))
	if e, _ := a.For(camera(), "1"); e.FixedIn != "70" {
		t.Errorf("to be fixed in %s", e.FixedIn)
	}
}

// advised returns an advice, and the publisher's words.
func advised(e advisory.Effect) string {
	if e.Words == "" {
		return string(e.Advice)
	}
	return string(e.Advice) + ": " + e.Words
}

// TestAction reads what shoppers are advised.
func TestAction(t *testing.T) {
	remedy := func(category, text string) string {
		return fmt.Sprintf(`{"category":%q,"details":%q,"url":"https://northlight.example/%s"}`, category, text, category)
	}
	bad, listed := said{"known_affected", "<2.4.1"}, said{"known_affected", "2.0"}
	for _, tt := range []struct {
		remediations string
		says         said
		action, url  string
	}{
		{remedy("vendor_fix", "Install it."), bad, "update-to", "vendor_fix"},
		{remedy("vendor_fix", "Install the new one"), listed, "update: Install the new one", "vendor_fix"},
		{remedy("workaround", "Unplug it.") + "," + remedy("vendor_fix", "Install it."), listed, "update: Install it.", "vendor_fix"},
		{remedy("none_available", "Sorry."), bad, "no-update-yet", ""},
		{remedy("none_available", "Sorry.") + "," + remedy("workaround", "Unplug it!"), bad, "no-update-yet: Unplug it!", "workaround"},
		{remedy("workaround", "Unplug it.") + "," + remedy("mitigation", "Move it."), bad, "no-update-yet: Move it.", "mitigation"},
		{remedy("no_fix_planned", "Replace it."), bad, "no-fix-planned: Replace it.", "no_fix_planned"},
		{remedy("no_fix_planned", "Replace it.") + "," + remedy("mitigation", "Move it."), bad, "no-fix-planned: Move it.", "mitigation"},
		{"", bad, "ask", ""},
		{remedy("workaround", strings.Repeat("word ", 200)), bad, "no-update-yet: " + strings.Repeat("word ", 78) + "word…", "workaround"},
		{"", said{"under_investigation", ""}, "await", ""},
		{"", said{"fixed", "2.0"}, "has-fix", ""},
		{"", said{"known_not_affected", "2.0"}, "unaffected", ""},
	} {
		e, _ := parse(t, issue(tt.remediations, tt.says)).For(camera(), "2.0")
		if tt.url != "" {
			tt.url = "https://northlight.example/" + tt.url
		}
		if advised(e) != tt.action || e.URL != tt.url {
			t.Errorf("%s: got %q, %s\nwant %q, %s", tt.remediations, advised(e), e.URL, tt.action, tt.url)
		}
	}

	// The issue that leaves most to worry about has the word.
	says := []said{{"known_affected", ""}, {"known_affected", "2.0"}}
	a := parse(t, csafDocument(versionTree(says), vulnerability(1, vendorFix, says[:1], 0)+","+vulnerability(2, remedy("mitigation", "Move it."), says[1:], 1)))
	if e, _ := a.For(camera(), "2.0"); advised(e) != "no-update-yet: Move it." {
		t.Errorf("of two issues: %s", advised(e))
	}
	e, _ := parse(t, vexDocument(`{"vulnerability":{"name":"CVE-2026-0001"},"status":"affected","action_statement":"Unplug it","products":[{"@id":"pkg:generic/northlight/nl-c210"}]}`)).For(camera(), "")
	if advised(e) != "follow: Unplug it" || e.URL != "https://northlight.example/vex/1" {
		t.Errorf("OpenVEX: %s %s", advised(e), e.URL)
	}
}

// TestTestdata asks the documents in testdata about the camera.
func TestTestdata(t *testing.T) {
	for _, tt := range []struct{ file, version, want string }{
		{"csaf-fix.json", "3.8.2", "affected [CVE-2026-9900011 CVE-2026-9900012] high 3.8.4"},
		{"csaf-fix.json", "", "affected [CVE-2026-9900011 CVE-2026-9900012] high 3.8.4"},
		{"csaf-fix.json", "3.8.4", "fixed [CVE-2026-9900011 CVE-2026-9900012]  "},
		{"csaf-interim.json", "3.8.2", "affected [NL-2026-0457] medium "},
		{"csaf-interim.json", "3.4", "not-affected [NL-2026-0457]  "},
		{"csaf-vex.json", "3.8.2", "not-affected [CVE-2026-9900021]  "},
		{"csaf-vex.json", "", "not-affected [CVE-2026-9900021]  "},
		{"openvex.json", "3.8.2", "affected [CVE-2026-9900031]  3.8.4"},
		{"openvex.json", "3.8.4", "under-investigation [CVE-2026-9900033]  "},
	} {
		e, _ := parse(t, testdata(t, tt.file)).For(camera(), tt.version)
		if got := fmt.Sprintf("%s %v %s %s", e.Status, e.Issues, e.Severity, e.FixedIn); got != tt.want {
			t.Errorf("%s, %q: got %s, want %s", tt.file, tt.version, got, tt.want)
		}
	}
	other := camera()
	other.Model, other.GTINs = "NL-D100", nil
	for _, name := range []string{"csaf-fix.json", "csaf-interim.json", "csaf-vex.json", "openvex.json"} {
		if e, ok := parse(t, testdata(t, name)).For(other, "3.8.2"); ok {
			t.Errorf("%s says of another device: %+v", name, e)
		}
	}
}

// TestStatements lets OpenVEX statements replace one another.
func TestStatements(t *testing.T) {
	statement := func(day int, name, product, status string) string {
		return fmt.Sprintf(`{"vulnerability":{"name":"CVE-2026-1","aliases":[%q]},"timestamp":"2026-11-%02dT00:00:00Z","products":[{"@id":%q}],"status":%q,"impact_statement":%q,"action_statement":%q}`,
			name, day, product, status, map[string]string{"not_affected": "It has none."}[status], map[string]string{"affected": "Unplug it."}[status])
	}
	const all, v2 = "pkg:generic/northlight/nl-c210", "pkg:generic/northlight/nl-c210@2.0"
	for _, tt := range []struct {
		name       string
		statements []string
		v2, v3     advisory.Status
	}{
		{"the later one counts", []string{statement(2, "X", v2, "affected"), statement(3, "X", v2, "fixed")}, advisory.Fixed, advisory.Fixed},
		{"also if it comes first", []string{statement(3, "X", v2, "fixed"), statement(2, "X", v2, "affected")}, advisory.Fixed, advisory.Fixed},
		{"of equal ones the worst", []string{statement(2, "X", v2, "affected"), statement(2, "X", v2, "fixed")}, advisory.Affected, advisory.Affected},
		{"three of them", []string{statement(2, "X", v2, "affected"), statement(2, "X", v2, "under_investigation"), statement(4, "X", v2, "not_affected")}, advisory.NotAffected, ""},
		{"one about all versions does not replace one about some", []string{statement(2, "X", v2, "affected"), statement(3, "X", all, "not_affected")}, advisory.Affected, advisory.NotAffected},
		{"an investigation ends", []string{statement(2, "X", all, "under_investigation"), statement(3, "X", v2, "fixed")}, advisory.Fixed, advisory.Fixed},
		{"an investigation of one version goes on", []string{statement(2, "X", v2, "under_investigation"), statement(3, "X", "pkg:generic/northlight/nl-c210@3.0", "fixed")}, advisory.UnderInvestigation, advisory.Fixed},
		{"an investigation begins again", []string{statement(3, "X", v2, "fixed"), statement(4, "X", all, "under_investigation")}, advisory.UnderInvestigation, advisory.UnderInvestigation},
	} {
		a := parse(t, vexDocument(strings.Join(tt.statements, ",")))
		if len(a.Issues) != 1 {
			t.Errorf("%s: %d issues", tt.name, len(a.Issues))
		}
		for version, want := range map[string]advisory.Status{"2.0": tt.v2, "3.0": tt.v3} {
			if e, _ := a.For(camera(), version); e.Status != want {
				t.Errorf("%s: %s is %q, want %q", tt.name, version, e.Status, want)
			}
		}
	}
}

// TestAliases merges what is said under two names.
func TestAliases(t *testing.T) {
	a := parse(t, vexDocument(`{"vulnerability":{"name":"CVE-2026-1","aliases":["NL-7"]},"status":"under_investigation","products":[{"@id":"pkg:generic/northlight/nl-c210"}]},
		{"vulnerability":{"name":"NL-7","description":"It\nleaks."},"timestamp":"2026-11-02T00:00:00Z","status":"fixed","products":[{"@id":"pkg:generic/northlight/nl-c210"}]}`))
	if len(a.Issues) != 1 || a.Issues[0].ID != "CVE-2026-1" || a.Issues[0].Title != "It leaks." || !a.Final {
		t.Errorf("got %+v", a)
	}
}

// TestVexRange reads the version range of a package URL.
func TestVexRange(t *testing.T) {
	a := parse(t, vexDocument(`{"vulnerability":{"name":"CVE-2026-1"},"status":"not_affected","justification":"component_not_present",
		"products":[{"@id":"pkg:generic/northlight/nl-c210?vers=vers:generic%2F%3E%3D2.0"}]}`))
	for version, want := range map[string]bool{"1.9": false, "2.0": true, "": false} {
		if _, ok := a.For(camera(), version); ok != want {
			t.Errorf("%q: %v, want %v", version, ok, want)
		}
	}
}

// TestSeverity finds the band of the highest score.
func TestSeverity(t *testing.T) {
	v3 := func(score string) string {
		return `{"products":["P0"],"cvss_v3":{"version":"3.1","vectorString":"CVSS:3.1/AV:N","baseScore":` + score + `,"baseSeverity":"LOW"}}`
	}
	v2 := func(score string) string {
		return `{"products":["P0"],"cvss_v2":{"version":"2.0","vectorString":"AV:N","baseScore":` + score + `}}`
	}
	both := strings.TrimSuffix(v2("9"), "}") + strings.TrimPrefix(v3("5"), `{"products":["P0"]`)
	for scores, want := range map[string]string{
		v3("0"): "none 0", v3("0.1"): "low 0.1", v3("3.9"): "low 3.9", v3("4"): "medium 4", v3("6.9"): "medium 6.9",
		v3("7"): "high 7", v3("8.9"): "high 8.9", v3("9"): "critical 9", v3("10"): "critical 10",
		v2("9.3"): "high 9.3", v2("5"): "medium 5", both: "medium 5", v3("5") + "," + v3("7.5"): "high 7.5",
	} {
		says := []said{{"known_affected", ""}}
		v := strings.TrimSuffix(vulnerability(1, "", says, 0), "}") + `,"scores":[` + scores + `]}`
		a := parse(t, csafDocument(versionTree(says), v))
		if got := fmt.Sprint(a.Issues[0].Severity, " ", a.Issues[0].Score); got != want {
			t.Errorf("%s: got %s, want %s", scores, got, want)
		}
		if e, _ := a.For(camera(), ""); e.Severity != a.Issues[0].Severity {
			t.Errorf("%s: the effect is %s", scores, e.Severity)
		}
	}
}
