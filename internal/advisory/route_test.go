package advisory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"labeld/internal/advisory"
)

const (
	openssl  = `{"@id":"pkg:generic/openssl@1.1.1"}`
	libressl = `{"@id":"pkg:generic/libressl@3.0"}`
	firmware = "pkg:generic/northlight/nl-c210"
)

// route is an OpenVEX statement of a day about a product by way of subcomponents.
func route(day int, product, status string, subcomponents ...string) string {
	reason := map[string]string{
		"affected": `,"action_statement":"Unplug it."`, "not_affected": `,"justification":"vulnerable_code_not_present"`,
	}[status]
	return fmt.Sprintf(`{"vulnerability":{"name":"CVE-2026-1"},"timestamp":"2026-10-%02dT09:00:00Z","status":%q%s,
		"products":[{"@id":%q,"subcomponents":[%s]}]}`, day, status, reason, product, strings.Join(subcomponents, ","))
}

// TestSubcomponents has an author take back by one statement what another says:
// in every order, the worst of what stands counts.
func TestSubcomponents(t *testing.T) {
	const v2, v3 = firmware + "@2.0", firmware + "@3.0"
	for _, tt := range []struct {
		name       string
		statements []string
		v2, v3     advisory.Status
	}{
		{"affected by way of one, later not by way of another",
			[]string{route(1, v2, "affected", openssl), route(20, v2, "not_affected", libressl)}, advisory.Affected, advisory.Affected},
		{"not affected by way of one, later affected by way of another",
			[]string{route(1, v2, "not_affected", libressl), route(20, v2, "affected", openssl)}, advisory.Affected, advisory.Affected},
		{"fixed by way of another",
			[]string{route(1, v2, "affected", openssl), route(20, v2, "fixed", libressl)}, advisory.Affected, advisory.Affected},
		{"both at once",
			[]string{route(1, v2, "affected", openssl), route(1, v2, "not_affected", libressl)}, advisory.Affected, advisory.Affected},
		{"the same one later",
			[]string{route(1, v2, "affected", openssl), route(20, v2, "not_affected", openssl)}, advisory.NotAffected, ""},
		{"the same two, in another order and one of them twice",
			[]string{route(1, v2, "affected", openssl, libressl), route(20, v2, "fixed", libressl, openssl, libressl)}, advisory.Fixed, advisory.Fixed},
		{"one of two",
			[]string{route(1, v2, "affected", openssl, libressl), route(20, v2, "fixed", libressl)}, advisory.Affected, advisory.Affected},
		{"two, one of which was named before",
			[]string{route(1, v2, "affected", openssl), route(20, v2, "fixed", libressl, openssl)}, advisory.Affected, advisory.Affected},
		{"another version of the subcomponent",
			[]string{route(1, v2, "affected", openssl), route(20, v2, "not_affected", `{"@id":"pkg:generic/openssl@3.0"}`)}, advisory.Affected, advisory.Affected},

		{"later not affected as a whole",
			[]string{route(1, v2, "affected", openssl), route(20, v2, "not_affected")}, advisory.Affected, advisory.Affected},
		{"affected as a whole, later not by way of one",
			[]string{route(1, v2, "affected"), route(20, v2, "not_affected", openssl)}, advisory.Affected, advisory.Affected},
		{"as a whole, taken back as a whole",
			[]string{route(1, v2, "affected"), route(20, v2, "not_affected")}, advisory.NotAffected, ""},
		{"fixed in a later version of the whole",
			[]string{route(1, v2, "affected", openssl), route(20, v3, "fixed")}, advisory.Affected, advisory.Fixed},
		{"fixed in a later version, by way of a later version",
			[]string{route(1, v2, "affected", openssl), route(20, v3, "fixed", `{"@id":"pkg:generic/openssl@3.0"}`)}, advisory.Affected, advisory.Fixed},
		{"fixed in a later version, by way of another",
			[]string{route(1, v2, "affected", openssl), route(20, v3, "fixed", libressl)}, advisory.Affected, advisory.Affected},
		{"fixed in the whole, relapsed by way of one",
			[]string{route(1, v2, "fixed"), route(20, firmware+"@2.5", "affected", openssl)}, advisory.Fixed, advisory.Affected},

		{"an investigation of one is not over by a word about another",
			[]string{route(1, firmware, "under_investigation", openssl), route(20, v2, "not_affected", libressl)}, advisory.UnderInvestigation, advisory.UnderInvestigation},
		{"an investigation of one is over by a word about it",
			[]string{route(1, firmware, "under_investigation", openssl), route(20, v2, "not_affected", openssl)}, advisory.NotAffected, ""},
		{"an investigation of the whole is not over by a word about one",
			[]string{route(1, firmware, "under_investigation"), route(20, v2, "not_affected", openssl)}, advisory.UnderInvestigation, advisory.UnderInvestigation},

		{"a version that cannot be compared, beside one that is listed for another",
			[]string{route(1, v2+"-rc1", "affected", openssl), route(20, v2, "not_affected", libressl)}, advisory.Affected, advisory.Affected},
		{"a version that cannot be compared, beside one that is listed for the same",
			[]string{route(1, v2+"-rc1", "affected", openssl), route(20, v2, "not_affected", openssl)}, advisory.NotAffected, advisory.Affected},
	} {
		for range 2 {
			a := parse(t, vexDocument(strings.Join(tt.statements, ",")))
			for version, want := range map[string]advisory.Status{"2.0": tt.v2, "3.0": tt.v3} {
				e, _ := a.For(camera(), version)
				if e.Status != want {
					t.Errorf("%s: %s is %q, want %q", tt.name, version, e.Status, want)
				}
				if e.FixedIn != "" && tt.v3 != advisory.Fixed {
					t.Errorf("%s: %s is said to be fixed in %s", tt.name, version, e.FixedIn)
				}
			}
			slices.Reverse(tt.statements)
		}
	}
}

// TestSpellings has a later statement name the product and the subcomponent in
// another spelling, or by other identifiers.
func TestSpellings(t *testing.T) {
	const clear, stays = advisory.NotAffected, advisory.Affected
	for _, tt := range []struct {
		name          string
		before, after string // products
		want          advisory.Status
	}{
		{"package URL as identifier", `{"@id":"` + firmware + `"}`, `{"identifiers":{"purl":"` + firmware + `"}}`, clear},
		{"package URL twice", `{"@id":"` + firmware + `"}`, `{"@id":"` + firmware + `","identifiers":{"purl":"` + firmware + `"}}`, clear},
		{"package URL in capitals", `{"@id":"` + firmware + `"}`, `{"identifiers":{"purl":"PKG:GENERIC/northlight/nl-c210"}}`, clear},
		{"package URL escaped", `{"@id":"` + firmware + `"}`, `{"@id":"pkg:generic/northlight/nl%2Dc210"}`, clear},
		{"qualifiers in another order", `{"@id":"` + firmware + `?a=1&b=2"}`, `{"@id":"` + firmware + `?b=2&a=1"}`, clear},
		{"CPE name in capitals", `{"identifiers":{"cpe23":"cpe:2.3:h:northlight:nl-c210:*:*:*:*:*:*:*:*"}}`,
			`{"identifiers":{"cpe23":"cpe:2.3:h:Northlight:NL-C210:*:*:*:*:*:*:*:*"}}`, clear},
		{"hash in capitals", `{"@id":"` + firmware + `@2.0","hashes":{"sha-256":"ab"}}`, `{"@id":"` + firmware + `@2.0","hashes":{"SHA-256":"AB"}}`, clear},
		{"another hash", `{"@id":"` + firmware + `@2.0","hashes":{"sha-256":"ab"}}`, `{"@id":"` + firmware + `@2.0","hashes":{"sha-256":"cd"}}`, stays},
		{"another supplier", `{"@id":"pkg:generic/nl-c210","supplier":"Northlight"}`, `{"@id":"pkg:generic/nl-c210","supplier":"Southlight"}`, stays},
		{"one name for two versions", `{"@id":"https://id.gs1.org/01/09522104000171","identifiers":{"purl":"` + firmware + `@2.0"}}`,
			`{"@id":"https://id.gs1.org/01/09522104000171","identifiers":{"purl":"` + firmware + `@3.0"}}`, stays},

		{"subcomponent as identifier", `{"@id":"` + firmware + `","subcomponents":[` + openssl + `]}`,
			`{"@id":"` + firmware + `","subcomponents":[{"identifiers":{"purl":"pkg:GENERIC/openssl@1.1.1"}}]}`, clear},
		{"subcomponent by a name of its own", `{"@id":"` + firmware + `","subcomponents":[{"@id":"openssl"}]}`, `{"@id":"` + firmware + `","subcomponents":[{"@id":"openssl"}]}`, clear},
		{"subcomponent by another name", `{"@id":"` + firmware + `","subcomponents":[{"@id":"openssl"}]}`, `{"@id":"` + firmware + `","subcomponents":[{"@id":"OpenSSL"}]}`, stays},
		{"subcomponent with a package URL that is none", `{"@id":"` + firmware + `","subcomponents":[{"@id":"pkg:openssl"}]}`, `{"@id":"` + firmware + `","subcomponents":[{"@id":"pkg:openssl"}]}`, clear},
		{"two subcomponents, the names of which meet", `{"@id":"` + firmware + `","subcomponents":[{"@id":"a"},{"@id":"b"}]}`, `{"@id":"` + firmware + `","subcomponents":[{"@id":"a @id b"}]}`, stays},
	} {
		statement := func(day int, status, rest, product string) string {
			return fmt.Sprintf(`{"vulnerability":{"name":"CVE-2026-1"},"timestamp":"2026-10-%02dT09:00:00Z","status":%q,%s,"products":[%s]}`, day, status, rest, product)
		}
		a := parse(t, vexDocument(statement(1, "affected", `"action_statement":"Unplug it."`, tt.before)+","+
			statement(2, "not_affected", `"justification":"component_not_present"`, tt.after)))
		e, _ := a.For(camera(), "2.0")
		if tt.want == stays && e.Status != stays || tt.want == clear && e.Status == stays {
			t.Errorf("%s: it is %q, want %q", tt.name, e.Status, tt.want)
		}
	}
}

// TestSharedAliases has a word about one vulnerability take back what is said of
// another, by the number of a notice that covers both.
func TestSharedAliases(t *testing.T) {
	statement := func(day int, name, status, reason string, aliases ...string) string {
		return fmt.Sprintf(`{"vulnerability":{"name":%q,"aliases":["%s"]},"timestamp":"2026-10-%02dT09:00:00Z","status":%q,%s,"products":[{"@id":"`+firmware+`"}]}`,
			name, strings.Join(aliases, `","`), day, status, reason)
	}
	bad := func(day int, name string, aliases ...string) string {
		return statement(day, name, "affected", `"action_statement":"Unplug it."`, aliases...)
	}
	good := func(day int, name string, aliases ...string) string {
		return statement(day, name, "not_affected", `"justification":"component_not_present"`, aliases...)
	}
	for _, tt := range []struct {
		name       string
		statements []string
		want       advisory.Status
	}{
		{"another vulnerability", []string{bad(1, "CVE-2026-1", "USN-1"), good(2, "CVE-2026-2", "USN-1")}, advisory.Affected},
		{"the notice itself", []string{bad(1, "CVE-2026-1", "USN-1"), bad(1, "CVE-2026-2", "USN-1"), good(2, "USN-1", "x")}, advisory.Affected},
		{"the same by its alias", []string{bad(1, "CVE-2026-1", "NL-1"), good(2, "NL-1", "x")}, advisory.NotAffected},
		{"the same with a new alias", []string{bad(1, "NL-1", "x"), good(2, "CVE-2026-1", "NL-1")}, advisory.NotAffected},
		{"the same by both names, in a shared notice", []string{bad(1, "CVE-2026-1", "NL-1", "USN-1"), good(2, "NL-1", "CVE-2026-1", "USN-1")}, advisory.NotAffected},
	} {
		for range 2 {
			if e, _ := parse(t, vexDocument(strings.Join(tt.statements, ","))).For(camera(), "2.0"); e.Status != tt.want {
				t.Errorf("%s: it is %q, want %q", tt.name, e.Status, tt.want)
			}
			slices.Reverse(tt.statements)
		}
	}
}

// TestComponentsInCSAF has a document speak of the camera by way of two libraries.
func TestComponentsInCSAF(t *testing.T) {
	branch := func(vendor, name, version, id string) string {
		return fmt.Sprintf(`{"category":"vendor","name":%q,"branches":[{"category":"product_name","name":%q,"branches":[
			{"category":"product_version","name":%q,"product":{"product_id":%q,"name":"Thing"}}]}]}`, vendor, name, version, id)
	}
	relation := func(category, part, whole string) string {
		return fmt.Sprintf(`{"category":%q,"product_reference":%q,"relates_to_product_reference":%q,"full_product_name":{"product_id":"%s+%[3]s","name":"Both"}}`, category, part, whole, part)
	}
	tree := `{"branches":[` + strings.Join([]string{
		branch("Northlight", "NL-C210", "2.0", "C2"), branch("Northlight", "NL-C210", "3.0", "C3"), branch("Northlight", "Video", "7", "VIDEO"),
		branch("OpenSSL", "openssl", "1.1.1", "OSSL1"), branch("OpenSSL", "openssl", "3.0", "OSSL3"), branch("OpenBSD", "libressl", "3.0", "LIBRE"),
	}, ",") + `],"relationships":[` + strings.Join([]string{
		relation("default_component_of", "OSSL1", "C2"), relation("default_component_of", "OSSL3", "C3"),
		relation("default_component_of", "LIBRE", "C2"), relation("default_component_of", "LIBRE", "C3"),
		relation("installed_on", "OSSL1", "VIDEO"), relation("default_component_of", "OSSL1+VIDEO", "C2"),
		relation("installed_on", "LIBRE", "VIDEO"), relation("default_component_of", "LIBRE+VIDEO", "C3"),
	}, ",") + `]}`
	for _, tt := range []struct {
		name, statuses string
		v2, v3         advisory.Status
	}{
		{"affected by way of one, not by way of the other", `"known_affected":["OSSL1+C2"],"known_not_affected":["LIBRE+C2"]`, advisory.Affected, advisory.Affected},
		{"a fix by way of the other", `"known_affected":["OSSL1+C2"],"fixed":["LIBRE+C3"]`, advisory.Affected, advisory.Affected},
		{"a fix by way of a later one", `"known_affected":["OSSL1+C2"],"fixed":["OSSL3+C3"]`, advisory.Affected, advisory.Fixed},
		{"a fix in the whole", `"known_affected":["OSSL1+C2"],"fixed":["C3"]`, advisory.Affected, advisory.Fixed},
		{"the whole not affected", `"known_affected":["OSSL1+C2"],"known_not_affected":["C2"]`, advisory.Affected, advisory.Affected},
		{"a fix by way of the other in one part", `"known_affected":["OSSL1+VIDEO+C2"],"fixed":["LIBRE+VIDEO+C3"]`, advisory.Affected, advisory.Affected},
		{"a part of a part", `"known_affected":["OSSL1+VIDEO+C2"],"fixed":["LIBRE+C3"]`, advisory.Affected, advisory.Affected},
	} {
		a := parse(t, csafDocument(tree, `{"cve":"CVE-2026-0001","product_status":{`+tt.statuses+`}}`))
		for version, want := range map[string]advisory.Status{"2.0": tt.v2, "3.0": tt.v3} {
			if e, _ := a.For(camera(), version); e.Status != want {
				t.Errorf("%s: at %s it is %q, want %q", tt.name, version, e.Status, want)
			}
		}
	}
}

// TestRemediesThatDiffer has a document name the camera twice, with a remedy that
// helps one of the two only.
func TestRemediesThatDiffer(t *testing.T) {
	remedy := func(category, text, products string) string {
		return fmt.Sprintf(`{"category":%q,"details":%q,"product_ids":[%s]}`, category, text, products)
	}
	for _, tt := range []struct {
		name, remediations, action string
	}{
		{"an update for one of two", remedy("vendor_fix", "Install it.", `"P0"`) + "," + remedy("no_fix_planned", "Replace it.", `"P1"`), "no-fix-planned: Replace it."},
		{"nothing for one of two", remedy("workaround", "Move it.", `"P0"`), "ask"},
		{"something for both", remedy("workaround", "Move it.", `"P0"`) + "," + remedy("mitigation", "Turn it.", `"P1"`), "no-update-yet: Move it."},
		{"what does not concern the version", remedy("workaround", "Move it.", `"P0","P1"`) + "," + remedy("no_fix_planned", "Replace it.", `"P2"`), "no-update-yet: Move it."},
	} {
		a := parse(t, issue(tt.remediations, said{"known_affected", "2.0"}, said{"known_affected", "<=2.0"}, said{"known_affected", "1.0"}))
		if e, _ := a.For(camera(), "2.0"); advised(e) != tt.action {
			t.Errorf("%s: %q, want %q", tt.name, advised(e), tt.action)
		}
	}
}
