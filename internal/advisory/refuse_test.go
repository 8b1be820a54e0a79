package advisory_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"labeld/internal/advisory"
	"labeld/internal/label"
)

// TestRefusals changes good documents in one place each.
func TestRefusals(t *testing.T) {
	const (
		fix     = "csaf-fix.json"
		interim = "csaf-interim.json"
		vex     = "csaf-vex.json"
		open    = "openvex.json"
	)
	long := strings.Repeat("x", label.MaxText+1)
	for _, tt := range []struct {
		name, file, old, new string
		kind                 label.Kind
		reason               label.Reason
		field                string
	}{
		{"not JSON", fix, `{`, `{{`, label.Invalid, label.ReasonMalformed, ""},
		{"trailing data", fix, `{`, `{} {`, label.Invalid, label.ReasonMalformed, ""},
		{"duplicate member", fix, `"lang": "en"`, `"lang": "en", "lang": "en"`, label.Invalid, label.ReasonDuplicateKey, "document.lang"},
		{"duplicate member where nobody looks", open, `"version": 3`, `"version": 3, "x": {"y": 1, "y": 1}`, label.Invalid, label.ReasonDuplicateKey, "x.y"},
		{"neither form", fix, `"csaf_version": "2.0",`, ``, label.Invalid, label.ReasonUnknownType, ""},
		{"both forms", fix, `{`, `{"@context": "https://openvex.dev/ns/v0.2.0",`, label.Invalid, label.ReasonMalformed, "@context"},
		{"later CSAF", fix, `"csaf_version": "2.0"`, `"csaf_version": "2.1"`, label.Invalid, label.ReasonUnknownType, "document.csaf_version"},
		{"CSAF version as a number", fix, `"csaf_version": "2.0"`, `"csaf_version": 2.0`, label.Invalid, label.ReasonUnknownType, "document.csaf_version"},

		{"no vulnerabilities", vex, `"vulnerabilities": [`, `"vulnerabilities": [], "x": [`, label.Invalid, label.ReasonMalformed, "vulnerabilities"},
		{"member outside the schema at the top", vex, `{`, `{"x": 1,`, label.Invalid, label.ReasonMalformed, ""},
		{"no title", fix, `"title": "Porch Camera 2: pictures readable without a password",`, ``, label.Invalid, label.ReasonMissing, "document"},
		{"member outside the schema", fix, `"lang": "en"`, `"long": "en"`, label.Invalid, label.ReasonMalformed, "document"},
		{"wrong type deep down", fix, `"model_numbers": ["NL-C210"],`, `"model_numbers": "NL-C210",`, label.Invalid, label.ReasonMalformed,
			"product_tree.branches[0].branches[0].branches[0].branches[0].product.product_identification_helper.model_numbers"},
		{"status unknown", fix, `"status": "final"`, `"status": "done"`, label.Invalid, label.ReasonMalformed, "document.tracking.status"},
		{"not a date", fix, `"current_release_date": "2026-11-12T09:00:00Z"`, `"current_release_date": "12 November"`, label.Invalid, label.ReasonMalformed, "document.tracking.current_release_date"},
		{"not a CVE number", fix, `"cve": "CVE-2026-9900011"`, `"cve": "CVE-26-1"`, label.Invalid, label.ReasonMalformed, "vulnerabilities[0].cve"},
		{"score out of range", fix, `"baseScore": 8.1`, `"baseScore": 11`, label.Invalid, label.ReasonMalformed, "vulnerabilities[0].scores[0].cvss_v3.baseScore"},
		{"score without a number", fix, `"baseScore": 8.1,`, ``, label.Invalid, label.ReasonMissing, "vulnerabilities[0].scores[0].cvss_v3"},
		{"vector that is none", fix, `"CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"`, `"AV:A"`, label.Invalid, label.ReasonMalformed, "vulnerabilities[0].scores[0].cvss_v3.vectorString"},
		{"remedy unknown", fix, `"category": "workaround"`, `"category": "prayer"`, label.Invalid, label.ReasonMalformed, "vulnerabilities[0].remediations[1].category"},
		{"list of statuses unknown", fix, `"fixed": [`, `"repaired": [`, label.Invalid, label.ReasonMalformed, "vulnerabilities[0].product_status"},

		{"draft", fix, `"status": "final"`, `"status": "draft"`, label.Invalid, label.ReasonOutOfRange, "document.tracking.status"},
		{"not for everybody", fix, `"WHITE"`, `"AMBER"`, label.Invalid, label.ReasonOutOfRange, "document.distribution.tlp.label"},
		{"ID too long", fix, `"id": "NL-SA-2026-0011"`, `"id": "` + long + `"`, label.TooLarge, label.ReasonTooLarge, "document.tracking.id"},
		{"ID that does not show", fix, `"id": "NL-SA-2026-0011"`, `"id": "NL-SA\u200b"`, label.Invalid, label.ReasonMalformed, "document.tracking.id"},
		{"released in the future", fix, `"current_release_date": "2026-11-12T09:00:00Z"`, `"current_release_date": "2026-11-20T12:00:31Z"`, label.Invalid, label.ReasonInFuture, "document.tracking.current_release_date"},
		{"first released in the future", fix, `"initial_release_date": "2026-11-03T09:00:00Z"`, `"initial_release_date": "2027-01-01T00:00:00Z"`, label.Invalid, label.ReasonInFuture, "document.tracking.initial_release_date"},
		{"updated before it was released", fix, `"current_release_date": "2026-11-12T09:00:00Z"`, `"current_release_date": "2026-11-02T09:00:00Z"`, label.Invalid, label.ReasonOutOfRange, "document.tracking.current_release_date"},
		{"same CVE twice", fix, `"cve": "CVE-2026-9900012"`, `"cve": "CVE-2026-9900011"`, label.Invalid, label.ReasonExists, "vulnerabilities[1]"},
		{"no number", fix, `"cve": "CVE-2026-9900012",`, ``, label.Invalid, label.ReasonMissing, "vulnerabilities[1].cve"},
		{"number that does not show", interim, `"text": "NL-2026-0457"`, `"text": "NL-\u202e7540"`, label.Invalid, label.ReasonMalformed, "vulnerabilities[0].ids[0].text"},
		{"contradiction", fix, `"fixed": ["C210-3.8.4"]`, `"fixed": ["C210-3.8.4", "C210-OLD"]`, label.Invalid, label.ReasonExists, "vulnerabilities[0].product_status.fixed[1]"},
		{"product nobody defined", fix, `"fixed": ["C210-3.8.4"]`, `"fixed": ["C210-3.8.5"]`, label.Invalid, label.ReasonUnknownProduct, "vulnerabilities[0].product_status.fixed[0]"},
		{"score of a product nobody defined", fix, "\"products\": [\"C210-OLD\"]\n        }\n      ],\n      \"title\": \"Pictures", "\"products\": [\"X\"]\n        }\n      ],\n      \"title\": \"Pictures", label.Invalid, label.ReasonUnknownProduct, "vulnerabilities[0].scores[0].products[0]"},
		{"remedy for a product nobody defined", fix, `"product_ids": ["C210-OLD"],`, `"product_ids": ["X"],`, label.Invalid, label.ReasonUnknownProduct, "vulnerabilities[0].remediations[0].product_ids[0]"},
		{"product defined twice", fix, `"product_id": "C210-3.8.4"`, `"product_id": "C210-OLD"`, label.Invalid, label.ReasonExists, "product_tree.branches[0].branches[0].branches[0].branches[1].product.product_id"},
		{"product and relationship of one ID", interim, `"product_id": "FIRMWARE-ON-CAMERA"`, `"product_id": "CAMERA"`, label.Invalid, label.ReasonExists, "product_tree.relationships[0].full_product_name.product_id"},
		{"relationship to nothing", interim, `"product_reference": "FIRMWARE"`, `"product_reference": "X"`, label.Invalid, label.ReasonUnknownProduct, "product_tree.relationships[0].product_reference"},
		{"relationship with nothing", interim, `"relates_to_product_reference": "CAMERA"`, `"relates_to_product_reference": "X"`, label.Invalid, label.ReasonUnknownProduct, "product_tree.relationships[0].relates_to_product_reference"},
		{"relationship in a circle", interim, `"product_reference": "FIRMWARE"`, `"product_reference": "FIRMWARE-ON-CAMERA"`, label.TooLarge, label.ReasonTooLarge, "product_tree.relationships[0].product_reference"},
		{"relationship with a package URL that is none", interim, `"product_id": "FIRMWARE-ON-CAMERA"`, `"product_id": "FIRMWARE-ON-CAMERA", "product_identification_helper": {"purl": "pkg:generic/%zz"}`,
			label.Invalid, label.ReasonMalformed, "product_tree.relationships[0].full_product_name.product_identification_helper.purl"},
		{"package URL that is none", fix, `"skus":`, `"purl": "pkg:generic/%zz", "skus":`, label.Invalid, label.ReasonMalformed,
			"product_tree.branches[0].branches[0].branches[0].branches[0].product.product_identification_helper.purl"},
		{"CPE name without a product", interim, `"cpe:2.3:h:northlight:nl-c210:-:*:*:*:*:*:*:*"`, `"cpe:/h:northlight"`, label.Invalid, label.ReasonMalformed,
			"product_tree.branches[0].branches[1].product.product_identification_helper.cpe"},

		{"group nobody defined", vex, `"group_ids": ["ALL"]`, `"group_ids": ["SOME"]`, label.Invalid, label.ReasonUnknownProduct, "vulnerabilities[0].flags[0].group_ids[0]"},
		{"group of products nobody defined", vex, `"product_ids": ["CAMERA", "PLUG"]`, `"product_ids": ["CAMERA", "X"]`, label.Invalid, label.ReasonUnknownProduct, "product_tree.product_groups[0].product_ids[1]"},
		{"group defined twice", vex, `"product_groups": [`, `"product_groups": [{"group_id": "ALL", "product_ids": ["CAMERA", "PLUG"]},`, label.Invalid, label.ReasonExists, "product_tree.product_groups[1].group_id"},
		{"VEX without a reason", vex, `"group_ids": ["ALL"]`, `"product_ids": ["CAMERA"]`, label.Invalid, label.ReasonMissing, "vulnerabilities[0].product_status.known_not_affected[1]"},
		{"VEX with a threat to nothing", vex, `"flags": [`, `"threats": [{"category": "impact", "details": "x", "product_ids": ["X"]}], "flags": [`, label.Invalid, label.ReasonUnknownProduct, "vulnerabilities[0].threats[0].product_ids[0]"},
		{"VEX without a remedy", vex, `"known_not_affected": ["CAMERA", "PLUG"]`, `"known_affected": ["CAMERA"]`, label.Invalid, label.ReasonMissing, "vulnerabilities[0].remediations"},
		{"only a recommendation", vex, `"known_not_affected"`, `"recommended"`, label.Invalid, label.ReasonMissing, "vulnerabilities[0].product_status"},

		{"OpenVEX of another version", open, `ns/v0.2.0`, `ns/v0.0.1`, label.Invalid, label.ReasonUnknownType, "@context"},
		{"OpenVEX of no version", open, `ns/v0.2.0`, `ns`, label.Invalid, label.ReasonUnknownType, "@context"},
		{"no @id", open, `"@id": "https://northlight.example/vex/2026/nl-c210",`, ``, label.Invalid, label.ReasonMissing, "@id"},
		{"no author", open, `"author": "Northlight Product Security",`, ``, label.Invalid, label.ReasonMissing, "author"},
		{"no timestamp", open, `"timestamp": "2026-11-02T08:00:00Z",`, ``, label.Invalid, label.ReasonMissing, "timestamp"},
		{"timestamp that is none", open, `"timestamp": "2026-11-02T08:00:00Z"`, `"timestamp": "yesterday"`, label.Invalid, label.ReasonMalformed, "timestamp"},
		{"timestamp in the future", open, `"timestamp": "2026-11-02T08:00:00Z"`, `"timestamp": "2026-11-21T08:00:00Z"`, label.Invalid, label.ReasonInFuture, "timestamp"},
		{"updated in the future", open, `"last_updated": "2026-11-18T08:00:00Z"`, `"last_updated": "2026-11-21T08:00:00Z"`, label.Invalid, label.ReasonInFuture, "last_updated"},
		{"updated before it was made", open, `"last_updated": "2026-11-18T08:00:00Z"`, `"last_updated": "2026-11-01T08:00:00Z"`, label.Invalid, label.ReasonOutOfRange, "last_updated"},
		{"no version", open, `"version": 3,`, ``, label.Invalid, label.ReasonOutOfRange, "version"},
		{"version as a text", open, `"version": 3`, `"version": "3"`, label.Invalid, label.ReasonMalformed, "version"},
		{"statement from the future", open, `"timestamp": "2026-11-09T08:00:00Z"`, `"timestamp": "2026-12-09T08:00:00Z"`, label.Invalid, label.ReasonInFuture, "statements[1].timestamp"},
		{"no status", open, `"status": "fixed"`, `"x": 1`, label.Invalid, label.ReasonMalformed, "statements[2]"},
		{"status nobody defined", open, `"status": "fixed"`, `"status": "repaired"`, label.Invalid, label.ReasonMalformed, "statements[2]"},
		{"affected, but no action", open, `"action_statement"`, `"x"`, label.Invalid, label.ReasonMalformed, "statements[1]"},
		{"not affected, but no reason", open, `"justification"`, `"x"`, label.Invalid, label.ReasonMalformed, "statements[3]"},
		{"reason nobody defined", open, `"component_not_present"`, `"we_think_so"`, label.Invalid, label.ReasonMalformed, "statements[3]"},
		{"no name", open, `"name": "CVE-2026-9900033"`, `"x": 1`, label.Invalid, label.ReasonMissing, "statements[4].vulnerability.name"},
		{"no products", open, `[{ "@id": "https://id.gs1.org/01/09522104000249" }]`, `[]`, label.Invalid, label.ReasonMissing, "statements[3].products"},
		{"product without a name", open, `{ "@id": "https://id.gs1.org/01/09522104000249" }`, `{}`, label.Invalid, label.ReasonMissing, "statements[3].products[0].@id"},
		{"@id that is no package URL", open, `"pkg:generic/northlight/nl-c210@3.8.2"`, `"pkg:generic"`, label.Invalid, label.ReasonMalformed, "statements[0].products[0].@id"},
		{"purl that is none", open, `"purl": "pkg:generic/northlight/nl-c210@3.8.4"`, `"purl": "nl-c210"`, label.Invalid, label.ReasonMalformed, "statements[2].products[0].identifiers.purl"},
		{"CPE name with too few parts", open, `"cpe:2.3:o:northlight:nl-c210_firmware:3.8.4:*:*:*:*:*:*:*"`, `"cpe:2.3:o:northlight:nl-c210_firmware:3.8.4"`, label.Invalid, label.ReasonMalformed, "statements[2].products[0].identifiers.cpe23"},
		{"CPE name with a bad escape", open, `"cpe:2.3:o:northlight:nl-c210_firmware:3.8.4:*:*:*:*:*:*:*"`, `"cpe:/o:north%zz:nl-c210"`, label.Invalid, label.ReasonMalformed, "statements[2].products[0].identifiers.cpe23"},
		{"identifier nobody defined", open, `"purl":`, `"barcode":`, label.Invalid, label.ReasonOutOfRange, "statements[2].products[0].identifiers"},
	} {
		b := testdata(t, tt.file)
		changed := bytes.Replace(b, []byte(tt.old), []byte(tt.new), 1)
		if bytes.Equal(b, changed) {
			t.Errorf("%s: %q is not in %s", tt.name, tt.old, tt.file)
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			_, err := advisory.Parse(changed, now)
			wantRefusal(t, err, tt.kind, tt.reason, tt.field)
		})
	}
}

// TestNothingSaid refuses documents that conform and are about nothing.
func TestNothingSaid(t *testing.T) {
	b := csafDocument(oneProduct("product_name", "X", "X", ""), "")
	b = bytes.Replace(b, []byte(`,"vulnerabilities":[]`), nil, 1)
	_, err := advisory.Parse(b, now)
	wantRefusal(t, err, label.Invalid, label.ReasonMissing, "vulnerabilities")
	_, err = advisory.Parse(vexDocument(""), now)
	wantRefusal(t, err, label.Invalid, label.ReasonMissing, "statements")
}

// TestVexReasons takes a threat of category impact for a reason, and no other.
func TestVexReasons(t *testing.T) {
	b := testdata(t, "csaf-vex.json")
	flags := []byte(`"flags": [`)
	for category, reason := range map[string]label.Reason{"impact": "", "target_set": label.ReasonMissing} {
		threats := `"threats": [{"category": "` + category + `", "details": "It is never called.", "group_ids": ["ALL"]}], "flags": [{"label": "component_not_present"},`
		changed := bytes.Replace(b, flags, []byte(threats), 1)
		changed = bytes.Replace(changed, []byte("\"group_ids\": [\"ALL\"],\n          \"label\""), []byte(`"label"`), 1)
		_, err := advisory.Parse(changed, now)
		if reason == "" && err != nil || reason != "" && label.ReasonOf(err) != reason {
			t.Errorf("%s: %v", category, err)
		}
	}
}

// TestSkew accepts what a clock a little ahead would date.
func TestSkew(t *testing.T) {
	b := testdata(t, "csaf-interim.json")
	released := time.Date(2026, time.November, 17, 13, 30, 0, 0, time.UTC)
	if _, err := advisory.Parse(b, released.Add(-label.MaxClockSkew)); err != nil {
		t.Error(err)
	}
	if _, err := advisory.Parse(b, released.Add(-label.MaxClockSkew-time.Second)); label.ReasonOf(err) != label.ReasonInFuture {
		t.Errorf("got %v", err)
	}
}

// TestLimits goes to each limit and one beyond.
func TestLimits(t *testing.T) {
	list := func(n int, element func(i int) string) string {
		var b strings.Builder
		for i := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(element(i))
		}
		return b.String()
	}
	products := func(n int) string {
		return `{"full_product_names":[` + list(n, func(i int) string { return fmt.Sprintf(`{"product_id":"%x","name":"N"}`, i) }) + `]}`
	}
	ids := func(n int) string {
		return list(n, func(i int) string { return fmt.Sprintf(`"%x"`, i) })
	}
	vulnerability := func(i int, status string) string {
		return fmt.Sprintf(`{"cve":"CVE-2026-%04d","product_status":{"known_affected":[%s]}}`, i, status)
	}
	branches := func(n int) string {
		return `{` + strings.Repeat(`"branches":[{"category":"product_family","name":"N",`, n) +
			`"product":{"product_id":"0","name":"N"}` + strings.Repeat(`}]`, n) + `}`
	}
	chain := func(n int, backwards bool) string {
		return `{"full_product_names":[{"product_id":"0","name":"N"}],"relationships":[` + list(n, func(i int) string {
			if backwards {
				i = n - 1 - i
			}
			return fmt.Sprintf(`{"category":"installed_on","product_reference":"%x","relates_to_product_reference":"0","full_product_name":{"product_id":"%x","name":"N"}}`, i, i+1)
		}) + `]}`
	}
	statement := func(i int, n int) string {
		return fmt.Sprintf(`{"vulnerability":{"name":"CVE-2026-%04d"},"status":"under_investigation","products":[%s]}`, i,
			list(n, func(j int) string { return fmt.Sprintf(`{"@id":"%x"}`, j) }))
	}
	grouped := func(members, remedies int) []byte {
		tree := strings.TrimSuffix(products(members), "}") + `,"product_groups":[{"group_id":"G","product_ids":[` + ids(members) + `]}]}`
		return csafDocument(tree, `{"cve":"CVE-2026-0001","product_status":{"fixed":["0"]},"remediations":[`+
			list(remedies, func(int) string { return `{"category":"mitigation","details":"x","group_ids":["G"]}` })+`]}`)
	}
	general := func(statuses, remedies int) []byte {
		return csafDocument(products(statuses), `{"cve":"CVE-2026-0001","product_status":{"fixed":[`+ids(statuses)+`]},"remediations":[`+
			list(remedies, func(int) string { return `{"category":"mitigation","details":"x"}` })+`]}`)
	}
	padded := func(n int) []byte {
		b := csafDocument(products(1), vulnerability(1, ids(1)))
		return append(b, bytes.Repeat([]byte(" "), n-len(b))...)
	}
	for _, tt := range []struct {
		name      string
		good, bad []byte
		field     string
	}{
		{"bytes", padded(advisory.MaxDocument), padded(advisory.MaxDocument + 1), ""},
		{"depth", csafDocument(branches(21), vulnerability(1, ids(1))), csafDocument(branches(23), vulnerability(1, ids(1))),
			"product_tree" + strings.Repeat(".branches[0]", 15) + ".bran…"},
		{"values", vexDocument(statement(1, 8000)), vexDocument(statement(1, 16500)), ""},
		{"issues", csafDocument(products(1), list(advisory.MaxIssues, func(i int) string { return vulnerability(i, ids(1)) })),
			csafDocument(products(1), list(advisory.MaxIssues+1, func(i int) string { return vulnerability(i, ids(1)) })), "vulnerabilities"},
		{"OpenVEX issues", vexDocument(list(advisory.MaxIssues, func(i int) string { return statement(i, 1) })),
			vexDocument(list(advisory.MaxIssues+1, func(i int) string { return statement(i, 1) })), "statements"},
		{"products", csafDocument(products(advisory.MaxProducts), vulnerability(1, ids(1))), csafDocument(products(advisory.MaxProducts+1), vulnerability(1, ids(1))), "product_tree"},
		{"chain", csafDocument(chain(advisory.MaxChain, false), vulnerability(1, ids(1))), csafDocument(chain(advisory.MaxChain+1, false), vulnerability(1, ids(1))),
			fmt.Sprintf("product_tree.relationships[%d]", advisory.MaxChain)},
		{"chain backwards", csafDocument(chain(advisory.MaxChain, true), vulnerability(1, ids(1))), csafDocument(chain(advisory.MaxChain+1, true), vulnerability(1, ids(1))),
			fmt.Sprintf("product_tree.relationships[%d].product_reference", advisory.MaxChain-1)},
		{"statuses", csafDocument(products(2048), list(4, func(i int) string { return vulnerability(i, ids(2048)) })),
			csafDocument(products(2048), list(5, func(i int) string { return vulnerability(i, ids(2048)) })), "vulnerabilities[4].product_status"},
		{"OpenVEX statuses", vexDocument(list(2, func(i int) string { return statement(i, advisory.MaxStatuses/2) })),
			vexDocument(list(2, func(i int) string { return statement(i, advisory.MaxStatuses/2+1) })), "statements"},
		{"references", grouped(1000, 64), grouped(1000, 65), "vulnerabilities[0].remediations[64].group_ids[0]"},
		{"references to all", general(1000, 64), general(1000, 65), "vulnerabilities[0].remediations[64]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := advisory.Parse(tt.good, now); err != nil {
				t.Errorf("at the limit: %v", err)
			}
			_, err := advisory.Parse(tt.bad, now)
			wantRefusal(t, err, label.TooLarge, label.ReasonTooLarge, tt.field)
		})
	}
}

// TestTexts makes sure that a document's texts reach readers as one plain line
// of bounded length, and its links only if they are https.
func TestTexts(t *testing.T) {
	b := testdata(t, "csaf-fix.json")
	for old, with := range map[string]string{
		"Porch Camera 2: pictures readable without a password":        `Porch\u202e\n\tCamera\u00a0 2` + strings.Repeat(` é`, 300),
		"Install firmware 3.8.4 from the app under Settings, Update.": strings.Repeat("é", 2000),
		"https://northlight.example/support/nl-c210/firmware":         "javascript:alert(1)",
		"https://northlight.example/security/nl-sa-2026-0011":         "http://northlight.example/",
		"https://northlight.example/csaf/2026/nl-sa-2026-0011.json":   "https://user:pass@northlight.example/",
	} {
		b = bytes.Replace(b, []byte(old), []byte(with), 1)
	}
	a := parse(t, b)
	if !strings.HasPrefix(a.Title, "Porch Camera 2 é") || !strings.HasSuffix(a.Title, " é…") || len(a.Title) > label.MaxText {
		t.Errorf("the title is %q", a.Title)
	}
	if a.URL != "" {
		t.Errorf("the address is %q", a.URL)
	}
	if r := a.Issues[0].Products[0].Remedies[0]; r.URL != "" || len(r.Text) > label.MaxProse {
		t.Errorf("the remedy is %+v", r)
	}
}
