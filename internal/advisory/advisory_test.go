package advisory_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gocsaf/csaf/v3/csaf"

	"labeld/internal/advisory"
	"labeld/internal/label"
)

// now is after all documents in testdata.
var now = time.Date(2026, time.November, 20, 12, 0, 0, 0, time.UTC)

// camera is the device of labels/examples/camera.
func camera() *label.Device {
	return &label.Device{
		Manufacturer:     "northlight",
		Brand:            "Northlight",
		Model:            "NL-C210",
		Name:             "Northlight Porch Camera 2",
		HardwareRevision: "C",
		GTINs:            []label.GTIN{"09522104000171", "09522104000249"},
	}
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parse(t testing.TB, b []byte) *advisory.Advisory {
	t.Helper()
	a, err := advisory.Parse(b, now)
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, b)
	}
	return a
}

// csafDocument is a CSAF document of profile base, by maker Northlight, around
// a product tree and vulnerabilities.
func csafDocument(tree, vulnerabilities string) []byte {
	return fmt.Appendf(nil, `{"document":{"category":"csaf_base","csaf_version":"2.0","title":"T",
		"publisher":{"category":"vendor","name":"Northlight","namespace":"https://northlight.example"},
		"tracking":{"id":"T-1","version":"1","status":"final",
			"initial_release_date":"2026-11-01T00:00:00Z","current_release_date":"2026-11-01T00:00:00Z",
			"revision_history":[{"date":"2026-11-01T00:00:00Z","number":"1","summary":"First"}]}},
		"product_tree":%s,"vulnerabilities":[%s]}`, tree, vulnerabilities)
}

// vexDocument is an OpenVEX document around statements.
func vexDocument(statements string) []byte {
	return fmt.Appendf(nil, `{"@context":"https://openvex.dev/ns/v0.2.0","@id":"https://northlight.example/vex/1","author":"A",
		"timestamp":"2026-11-01T00:00:00Z","version":1,"statements":[%s]}`, statements)
}

// TestParse reads the documents in testdata.
func TestParse(t *testing.T) {
	day := func(d, h, m int) time.Time { return time.Date(2026, time.November, d, h, m, 0, 0, time.UTC) }
	for _, want := range []struct {
		file   string
		head   advisory.Advisory
		issues []string // ID, severity, score, then status and versions of each product
	}{
		{"csaf-fix.json", advisory.Advisory{
			Format: advisory.CSAF, ID: "NL-SA-2026-0011", Version: "2", Title: "Porch Camera 2: pictures readable without a password",
			Publisher: "Northlight Devices Ltd", Language: "en", URL: "https://northlight.example/security/nl-sa-2026-0011",
			Published: day(3, 9, 0), Updated: day(12, 9, 0), Final: true,
		}, []string{
			"CVE-2026-9900011 high 8.1: affected vers:generic/<3.8.4 [3.8.4] [vendor_fix workaround], fixed 3.8.4 [3.8.4] []",
			"CVE-2026-9900012 medium 6.1: affected vers:generic/<3.8.4 [3.8.4] [vendor_fix]",
		}},
		{"csaf-interim.json", advisory.Advisory{
			Format: advisory.CSAF, ID: "NL-SA-2026-0012", Version: "1.0.0", Title: "Porch Camera 2: recordings readable from a stolen camera",
			Publisher: "Northlight", URL: "https://northlight.example/csaf/2026/nl-sa-2026-0012.json",
			Published: day(17, 13, 30), Updated: day(17, 13, 30),
		}, []string{
			"NL-2026-0457 medium 4.6: affected vers:generic/>=3.5 [] [none_available mitigation]",
		}},
		{"csaf-vex.json", advisory.Advisory{
			Format: advisory.CSAF, ID: "NL-VEX-2026-0003", Version: "1", Title: "Northlight products and the flaw in libquux",
			Publisher: "Northlight", Published: day(10, 8, 0), Updated: day(10, 8, 0), Final: true,
		}, []string{
			"CVE-2026-9900021  0: not-affected  [] [], not-affected  [] []",
		}},
		{"openvex.json", advisory.Advisory{
			Format: advisory.OpenVEX, ID: "https://northlight.example/vex/2026/nl-c210", Version: "3",
			Publisher: "Northlight Product Security", URL: "https://northlight.example/vex/2026/nl-c210",
			Published: day(2, 8, 0), Updated: day(18, 8, 0),
		}, []string{
			"CVE-2026-9900031  0: affected 3.8.2 [] [action], fixed 3.8.4 [3.8.4] []",
			"CVE-2026-9900032  0: not-affected  [] []",
			"CVE-2026-9900033  0: under-investigation  [] []",
		}},
	} {
		b := testdata(t, want.file)
		a := parse(t, b)
		var issues []string
		for _, is := range a.Issues {
			var products []string
			for i := range is.Products {
				p := &is.Products[i]
				remedies := []advisory.Category{}
				for _, r := range p.Remedies {
					remedies = append(remedies, r.Category)
				}
				products = append(products, fmt.Sprint(p.Status, " ", &p.Versions, " ", p.Fixes, " ", remedies))
			}
			issues = append(issues, fmt.Sprintf("%s %s %v: %s", is.ID, is.Severity, is.Score, strings.Join(products, ", ")))
		}
		if !slices.Equal(issues, want.issues) {
			t.Errorf("%s has the issues\n%s\nwant\n%s", want.file, strings.Join(issues, "\n"), strings.Join(want.issues, "\n"))
		}
		want.head.SHA256 = label.DigestOf(b)
		got := *a
		got.Issues = nil
		if fmt.Sprint(got) != fmt.Sprint(want.head) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", want.file, got, want.head)
		}
	}
}

// TestSchema holds the CSAF documents in testdata, and the one that other tests
// are built on, to the schema of OASIS directly.
func TestSchema(t *testing.T) {
	docs := map[string][]byte{"built": csafDocument(oneProduct("product_name", "X", "X", ""), affected)}
	for _, name := range []string{"csaf-fix.json", "csaf-interim.json", "csaf-vex.json"} {
		docs[name] = testdata(t, name)
	}
	for name, b := range docs {
		var doc any
		if err := json.Unmarshal(b, &doc); err != nil {
			t.Fatal(err)
		}
		faults, err := csaf.ValidateCSAF(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range faults {
			t.Errorf("%s: %s", name, f)
		}
	}
}

// wantRefusal checks an error of Parse.
func wantRefusal(t *testing.T, err error, kind label.Kind, reason label.Reason, field string) {
	t.Helper()
	e, ok := errors.AsType[*label.Error](err)
	if !ok {
		t.Errorf("got %v, want a refusal", err)
		return
	}
	if e.Kind != kind || e.Reason != reason || e.Field != field {
		t.Errorf("refused with kind %d, %s, field %q (%s)\nwant kind %d, %s, field %q", e.Kind, e.Reason, e.Field, e.Text, kind, reason, field)
	}
	if e.Text == "" || len(e.Text) > 500 {
		t.Errorf("the text has %d bytes: %s", len(e.Text), e.Text)
	}
}
