package advisory_test

import (
	"fmt"
	"strings"
	"testing"

	"labeld/internal/advisory"
	"labeld/internal/label"
)

// affected says that product P is.
const affected = `{"cve":"CVE-2026-0001","product_status":{"known_affected":["P"]}}`

// oneProduct is a tree of one branch with product P, and its helper where one
// is given.
func oneProduct(category, branch, name, helper string) string {
	if helper != "" {
		helper = `,"product_identification_helper":{` + helper + `}`
	}
	return fmt.Sprintf(`{"branches":[{"category":%q,"name":%q,"product":{"product_id":"P","name":%q%s}}]}`, category, branch, name, helper)
}

// TestNames goes through the rule on which device a document names.
func TestNames(t *testing.T) {
	helper := func(h string) []byte { return csafDocument(oneProduct("product_name", "Thing", "Thing", h), affected) }
	by := func(vendor, model string) []byte {
		return csafDocument(fmt.Sprintf(`{"branches":[{"category":"vendor","name":%q,"branches":[
			{"category":"product_name","name":%q,"product":{"product_id":"P","name":"Thing"}}]}]}`, vendor, model), affected)
	}
	vex := func(product string) []byte {
		return vexDocument(`{"vulnerability":{"name":"CVE-2026-0001"},"status":"affected","action_statement":"Unplug it.","products":[{` + product + `}]}`)
	}
	published := func(category string) []byte {
		return []byte(strings.Replace(string(helper(`"model_numbers":["NL-C210"]`)), `"category":"vendor"`, `"category":"`+category+`"`, 1))
	}
	for _, tt := range []struct {
		name string
		doc  []byte
		want bool
	}{
		{"GTIN in a Digital Link", helper(`"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"https://id.gs1.org/01/09522104000171"}]`), true},
		{"GTIN in a link of another host", helper(`"x_generic_uris":[{"namespace":"https://x.example","uri":"https://shop.example/p/01/09522104000249?x=1"}]`), true},
		{"GTIN with a serial number", helper(`"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"https://id.gs1.org/01/09522104000171/21/7"}]`), true},
		{"another GTIN", helper(`"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"https://id.gs1.org/01/09522105000101"}]`), false},
		{"GTIN with a wrong check digit", helper(`"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"https://id.gs1.org/01/09522104000172"}]`), false},
		{"GTIN in another place of a link", helper(`"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"https://id.gs1.org/02/09522104000171"}]`), false},
		{"GTIN in no link", helper(`"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"urn:x:01/09522104000171"}]`), false},
		{"link that ends at 01", helper(`"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"https://id.gs1.org/01"}]`), false},
		{"stock number that is a GTIN-13", helper(`"skus":["9522104000171"]`), true},
		{"stock number that is a GTIN-14", helper(`"skus":["X","09522104000171"]`), true},
		{"stock number with a wrong check digit", helper(`"skus":["9522104000172"]`), false},

		{"model number", helper(`"model_numbers":["NL-C210"]`), true},
		{"model number in other case", helper(`"model_numbers":["X","nl-c210"]`), true},
		{"part of a model number", helper(`"model_numbers":["NL-C21"]`), false},
		{"longer model number", helper(`"model_numbers":["NL-C2100"]`), false},
		{"pattern for one character", helper(`"model_numbers":["NL-C2?0"]`), true},
		{"pattern for any characters", helper(`"model_numbers":["NL-C*"]`), true},
		{"pattern for none", helper(`"model_numbers":["NL-C210*"]`), true},
		{"pattern that fails", helper(`"model_numbers":["NL-C?10?"]`), false},
		{"pattern with other signs", helper(`"model_numbers":["NL-C*.10"]`), false},
		{"pattern that fits too much", helper(`"model_numbers":["NL*"]`), false},
		{"endless pattern", helper(`"model_numbers":["NL-` + strings.Repeat("*?", 200) + `"]`), false},

		{"maker and model in branches", by("Northlight", "NL-C210"), true},
		{"maker by ID", by("NORTHLIGHT", "nl-c210"), true},
		{"maker with legal form", by("Northlight Devices Ltd.", "NL-C210"), true},
		{"another maker", by("Southlight", "NL-C210"), false},
		{"maker whose name begins alike", by("Northlights", "NL-C210"), false},
		{"maker without words", by("---", "NL-C210"), false},
		{"marketing name", by("Northlight", "Northlight Porch Camera 2"), false},
		{"maker and model in one name", by("Northlight", "Northlight NL-C210"), false},
		{"another model", by("Northlight", "NL-C211"), false},

		{"no vendor, published by the vendor", published("vendor"), true},
		{"no vendor, published by a coordinator", published("coordinator"), false},

		{"package URL", helper(`"purl":"pkg:generic/northlight/nl-c210@1.0"`), true},
		{"package URL of another type", helper(`"purl":"pkg:github/northlight/nl-c210@1.0"`), false},
		{"CPE of hardware", helper(`"cpe":"cpe:2.3:h:northlight:nl-c210:-:*:*:*:*:*:*:*"`), true},
		{"CPE of firmware", helper(`"cpe":"cpe:2.3:o:northlight_devices:nl-c210_firmware:1.0:beta:*:*:*:*:*:*"`), true},
		{"CPE of an application", helper(`"cpe":"cpe:2.3:a:northlight:nl-c210:1.0:*:*:*:*:*:*:*"`), false},
		{"CPE 2.2", helper(`"cpe":"cpe:/h:northlight:nl-c210"`), true},

		{"OpenVEX GTIN", vex(`"@id":"https://id.gs1.org/01/09522104000171"`), true},
		{"OpenVEX package URL of a GTIN", vex(`"@id":"pkg:gtin/09522104000171"`), true},
		{"OpenVEX package URL of a short GTIN", vex(`"@id":"pkg:gtin/9522104000171@1.0"`), true},
		{"OpenVEX package URL of another GTIN", vex(`"@id":"pkg:gtin/09522105000101"`), false},
		{"OpenVEX package URL with a GTIN", vex(`"@id":"pkg:generic/anybody/anything?gtin=09522104000171"`), true},
		{"OpenVEX identifier that is a GTIN", vex(`"identifiers":{"purl":"pkg:gtin/09522104000171"}`), true},
		{"OpenVEX package URL", vex(`"@id":"pkg:generic/northlight/NL-C210"`), true},
		{"OpenVEX package URL without maker", vex(`"@id":"pkg:generic/NL-C210"`), false},
		{"OpenVEX package URL and supplier", vex(`"@id":"pkg:generic/NL-C210","supplier":"Northlight"`), true},
		{"OpenVEX package URL of another maker", vex(`"@id":"pkg:generic/other/NL-C210"`), false},
		{"OpenVEX identifiers", vex(`"identifiers":{"purl":"pkg:generic/northlight/nl-c210"}`), true},
		{"OpenVEX CPE 2.3", vex(`"identifiers":{"cpe23":"cpe:2.3:h:northlight:nl\\-c210:*:*:*:*:*:*:*:*"}`), true},
		{"OpenVEX CPE 2.2", vex(`"identifiers":{"cpe22":"cpe:/o:northlight:nl%2dc210_firmware:1.0:sp1"}`), true},
		{"OpenVEX web address", vex(`"@id":"https://northlight.example/NL-C210"`), false},
		{"OpenVEX hash only", vex(`"hashes":{"sha-256":"00"}`), false},
	} {
		dev := camera()
		if _, got := parse(t, tt.doc).For(dev, ""); got != tt.want {
			t.Errorf("%s: named is %v, want %v", tt.name, got, tt.want)
		}
	}
}

// TestSpaces compares a model with a space to a CPE, which has none.
func TestSpaces(t *testing.T) {
	dev := camera()
	dev.Manufacturer, dev.Brand, dev.Model = "north-light", "North Light", "C 210"
	a := parse(t, csafDocument(oneProduct("product_name", "Thing", "Thing", `"cpe":"cpe:2.3:h:north_light:c_210:-:*:*:*:*:*:*:*"`), affected))
	if _, ok := a.For(dev, ""); !ok {
		t.Error("not named")
	}
}

// TestSupplierOfTheDocument names the maker once for all products.
func TestSupplierOfTheDocument(t *testing.T) {
	b := vexDocument(`{"vulnerability":{"name":"CVE-2026-0001"},"status":"under_investigation","products":[{"@id":"pkg:generic/NL-C210"}]}`)
	b = []byte(strings.Replace(string(b), `"author":`, `"supplier":"Northlight","author":`, 1))
	if _, ok := parse(t, b).For(camera(), ""); !ok {
		t.Error("not named")
	}
}

// TestShortSKU makes sure that an eight-digit stock number is not a GTIN-8.
func TestShortSKU(t *testing.T) {
	dev := camera()
	dev.GTINs = []label.GTIN{"00000012345670"}
	a := parse(t, csafDocument(oneProduct("product_name", "Thing", "Thing", `"skus":["12345670"]`), affected))
	if e, ok := a.For(dev, ""); ok {
		t.Errorf("named: %+v", e)
	}
}

// TestRelationships goes through what a part and a whole are together. The
// camera is the whole unless said otherwise; the part is version 2.0.
func TestRelationships(t *testing.T) {
	tree := func(category, part, whole string) string {
		return fmt.Sprintf(`{"branches":[{"category":"vendor","name":"Northlight","branches":[%s,%s]}],"relationships":[
			{"category":%q,"product_reference":"PART","relates_to_product_reference":"WHOLE","full_product_name":{"product_id":"P","name":"Both"}}]}`,
			part, whole, category)
	}
	product := func(id, model, version string) string {
		if version == "" {
			return fmt.Sprintf(`{"category":"product_name","name":%q,"product":{"product_id":%q,"name":"Thing"}}`, model, id)
		}
		return fmt.Sprintf(`{"category":"product_name","name":%q,"branches":[{"category":"product_version","name":%q,"product":{"product_id":%q,"name":"Thing"}}]}`, model, version, id)
	}
	const none = advisory.Status("")
	for _, tt := range []struct {
		name, category string
		part, whole    string
		list           string
		v1, v2         advisory.Status // at versions 1.0 and 2.0
	}{
		{"firmware on the camera", "installed_on", product("PART", "FW", "2.0"), product("WHOLE", "NL-C210", ""), "known_not_affected", none, advisory.NotAffected},
		{"firmware on its revision", "installed_on", product("PART", "FW", "2.0"), product("WHOLE", "NL-C210", "c"), "known_not_affected", none, advisory.NotAffected},
		{"firmware on another revision", "installed_on", product("PART", "FW", "2.0"), product("WHOLE", "NL-C210", "D"), "known_not_affected", none, none},
		{"bad firmware on another revision", "installed_on", product("PART", "FW", "2.0"), product("WHOLE", "NL-C210", "D"), "known_affected", advisory.Affected, advisory.Affected},
		{"the camera's firmware on another camera", "installed_on", product("PART", "NL-C210", "2.0"), product("WHOLE", "NL-C310", ""), "known_affected", none, none},
		{"a library in the camera", "default_component_of", product("PART", "libquux", "2.0"), product("WHOLE", "NL-C210", "1.0"), "known_not_affected", advisory.NotAffected, none},
		{"a version of a library in the camera", "default_component_of", product("PART", "libquux", "2.0"), product("WHOLE", "NL-C210", ""), "known_not_affected", none, none},
		{"a bad version of a library in the camera", "default_component_of", product("PART", "libquux", "2.0"), product("WHOLE", "NL-C210", ""), "known_affected", advisory.Affected, advisory.Affected},
		{"the camera in something", "default_component_of", product("PART", "NL-C210", "2.0"), product("WHOLE", "NL-HUB", ""), "known_affected", none, none},
		{"what some cameras have", "optional_component_of", product("PART", "lens", ""), product("WHOLE", "NL-C210", "2.0"), "known_not_affected", none, none},
		{"what some cameras have, and is bad", "installed_with", product("PART", "lens", ""), product("WHOLE", "NL-C210", "2.0"), "known_affected", advisory.Affected, advisory.Affected},
	} {
		a := parse(t, csafDocument(tree(tt.category, tt.part, tt.whole), `{"cve":"CVE-2026-0001","product_status":{"`+tt.list+`":["P"]}}`))
		for version, want := range map[string]advisory.Status{"1.0": tt.v1, "2.0": tt.v2} {
			if e, _ := a.For(camera(), version); e.Status != want {
				t.Errorf("%s: at %s it is %q, want %q", tt.name, version, e.Status, want)
			}
		}
	}
}

// TestNamelessWhole takes the part's names where the whole has none.
func TestNamelessWhole(t *testing.T) {
	tree := `{"full_product_names":[{"product_id":"PART","name":"Firmware","product_identification_helper":{"model_numbers":["NL-C210"]}},
		{"product_id":"WHOLE","name":"All hardware"}],"relationships":[
		{"category":"installed_on","product_reference":"PART","relates_to_product_reference":"WHOLE","full_product_name":{"product_id":"P","name":"Both"}}]}`
	if e, ok := parse(t, csafDocument(tree, affected)).For(camera(), "1.0"); !ok || e.Status != advisory.Affected {
		t.Errorf("got %+v, %v", e, ok)
	}
}

// TestHashes makes sure that a file that is not affected does not clear the
// device, unless its version is named.
func TestHashes(t *testing.T) {
	for _, version := range []string{"", "@1.0"} {
		a := parse(t, vexDocument(`{"vulnerability":{"name":"CVE-2026-0001"},"status":"not_affected","justification":"component_not_present",
			"products":[{"@id":"pkg:generic/northlight/nl-c210`+version+`","hashes":{"sha-256":"00"}}]}`))
		if _, ok := a.For(camera(), "1.0"); ok != (version != "") {
			t.Errorf("version %q: %v", version, ok)
		}
	}
}

// TestPartial makes sure that what holds for some units never clears a device,
// and always accuses it.
func TestPartial(t *testing.T) {
	model := `"model_numbers":["NL-C210"]`
	nested := func(category string) string {
		return `{"branches":[{"category":"product_name","name":"NL-C210","branches":[{"category":"` + category + `","name":"x","product":{"product_id":"P","name":"Thing"}}]}]}`
	}
	for name, tree := range map[string]string{
		"serial numbers":      oneProduct("product_name", "X", "Thing", model+`,"serial_numbers":["C210-26-*"]`),
		"a file":              oneProduct("product_name", "X", "Thing", model+`,"hashes":[{"filename":"f","file_hashes":[{"algorithm":"sha256","value":"`+strings.Repeat("0", 64)+`"}]}]`),
		"version in prose":    oneProduct("product_name", "X", "Thing with firmware 2.4.1", model),
		"a lot":               oneProduct("product_name", "X", "Thing", `"x_generic_uris":[{"namespace":"https://id.gs1.org","uri":"https://id.gs1.org/01/09522104000171/10/A7"}]`),
		"another revision":    oneProduct("product_name", "X", "Thing", `"cpe":"cpe:2.3:h:northlight:nl-c210:d:*:*:*:*:*:*:*"`),
		"two versions":        oneProduct("product_version", "1.0", "Thing", `"purl":"pkg:generic/northlight/nl-c210@1.1"`),
		"an architecture":     nested("architecture"),
		"a patch level":       nested("patch_level"),
		"an unreadable range": oneProduct("product_version_range", "all builds before March", "Thing", model),
	} {
		for list, want := range map[string]advisory.Status{
			"known_affected": advisory.Affected, "under_investigation": advisory.UnderInvestigation,
			"known_not_affected": "", "fixed": advisory.Affected,
		} {
			a := parse(t, csafDocument(tree, `{"cve":"CVE-2026-0001","product_status":{"`+list+`":["P"]}}`))
			for _, version := range []string{"", "1.0"} {
				if e, _ := a.For(camera(), version); e.Status != want {
					t.Errorf("%s, %s: at %q it is %q, want %q", name, list, version, e.Status, want)
				}
			}
		}
	}
}
