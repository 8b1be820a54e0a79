package advisory

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
)

// A Format is a published form of advisories.
type Format string

const (
	CSAF    Format = "csaf"    // OASIS Common Security Advisory Framework 2.0
	OpenVEX Format = "openvex" // OpenVEX 0.2.0
)

// An Advisory is what one document says.
type Advisory struct {
	Format    Format
	ID        string // CSAF tracking.id, OpenVEX @id
	Version   string // of the document, as it counts
	Title     string // empty in OpenVEX, which has none
	Publisher string
	Language  string       // of its texts, a tag of BCP 47; empty where it does not say, as OpenVEX never does
	URL       string       // https address of the document or its page; may be empty
	Published time.Time    // first release
	Updated   time.Time    // this release
	SHA256    label.Digest // of the bytes as received
	Final     bool         // CSAF: not interim. OpenVEX: nothing is still under investigation
	Issues    []Issue
}

// An Issue is one vulnerability.
type Issue struct {
	ID       string // CVE where there is one, else the number of another system
	Title    string // may be empty
	Severity Severity
	Score    float64 // highest CVSS base score given, 3.x before 2.0; 0 where none is
	Products []ProductStatus
}

// A ProductStatus is what an issue means for one product.
type ProductStatus struct {
	Product
	Status   Status
	Fixes    []Version // versions from which on the document says the fix is there
	Remedies []Remedy

	said time.Time // OpenVEX only, whose statements have their own time
}

// A Remedy is what the maker says can be done.
type Remedy struct {
	Category Category
	Text     string
	URL      string // https; may be empty
}

// A Category is a kind of remedy, in CSAF's words.
type Category string

const (
	VendorFix     Category = "vendor_fix"
	Mitigation    Category = "mitigation"
	Workaround    Category = "workaround"
	NoFixPlanned  Category = "no_fix_planned"
	NoneAvailable Category = "none_available"
	Action        Category = "action" // OpenVEX action_statement, which may be any of these
)

// A Status is how a product stands to a vulnerability.
type Status string

const (
	Affected           Status = "affected"
	UnderInvestigation Status = "under-investigation"
	Fixed              Status = "fixed"
	NotAffected        Status = "not-affected"
)

// statuses from best to worst.
var statuses = []Status{NotAffected, Fixed, UnderInvestigation, Affected}

// Worse reports whether s is worse than t. Anything is worse than no status.
func (s Status) Worse(t Status) bool {
	return slices.Index(statuses, s) > slices.Index(statuses, t)
}

// A Severity is a band of CVSS base scores; empty where there is no score.
type Severity string

const (
	None     Severity = "none"
	Low      Severity = "low"
	Medium   Severity = "medium"
	High     Severity = "high"
	Critical Severity = "critical"
)

// severities from least to worst.
var severities = []Severity{None, Low, Medium, High, Critical}

// Worse reports whether s is worse than t. Any is worse than no severity.
func (s Severity) Worse(t Severity) bool {
	return slices.Index(severities, s) > slices.Index(severities, t)
}

// Parse reads a document of either form. Errors are [label.Error]s whose field
// is the JSON path.
func Parse(b []byte, now time.Time) (*Advisory, error) {
	if len(b) > MaxDocument {
		return nil, label.Errorf(label.TooLarge, label.ReasonTooLarge, "",
			"the document is %d bytes, at most %d are accepted", len(b), MaxDocument)
	}
	var doc any
	if err := label.DecodeLoose(b, &doc); err != nil {
		return nil, err
	}
	left := MaxValues
	if err := measure(doc, "", MaxDepth, &left); err != nil {
		return nil, err
	}
	a, err := read(b, doc, now)
	if err != nil {
		return nil, err
	}
	a.SHA256 = label.DigestOf(b)
	return a, nil
}

// read finds out which form the document has.
func read(b []byte, doc any, now time.Time) (*Advisory, error) {
	top, _ := doc.(map[string]any)
	head, _ := top["document"].(map[string]any)
	version, isCSAF := head["csaf_version"]
	context, _ := top["@context"].(string)
	isVEX := strings.HasPrefix(context, vexContext)
	switch {
	case isCSAF && isVEX:
		return nil, invalid(label.ReasonMalformed, "@context", "the document claims to be CSAF and OpenVEX at once; send one of them")
	case isCSAF && version != "2.0":
		return nil, invalid(label.ReasonUnknownType, "document.csaf_version", "must be \"2.0\", the only version that is read here")
	case isCSAF:
		return parseCSAF(b, doc, now)
	case isVEX && context != vexContext+"/v0.2.0":
		return nil, invalid(label.ReasonUnknownType, "@context", "must be %q, the only version that is read here", vexContext+"/v0.2.0")
	case isVEX:
		return parseVEX(b, now)
	}
	return nil, invalid(label.ReasonUnknownType, "",
		"neither a CSAF document (document.csaf_version) nor an OpenVEX document (@context %s/v0.2.0)", vexContext)
}

// measure walks a decoded document and refuses one that is too deep or has too
// many values.
func measure(v any, field string, depth int, left *int) error {
	if *left--; *left < 0 {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "", "has more than %d values; split the document", MaxValues)
	}
	if depth == 0 {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, clip(label.Readable(field), label.MaxText), "is nested more than %d deep", MaxDepth)
	}
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if err := measure(member, under(field, name), depth-1, left); err != nil {
				return err
			}
		}
	case []any:
		for i, element := range v {
			if err := measure(element, at(field, i), depth-1, left); err != nil {
				return err
			}
		}
	}
	return nil
}

var cveNumber = regexp.MustCompile(`(?i)^cve-[0-9]{4}-[0-9]{4,}$`)

// issueName returns the name of an issue as it is compared with others: CVE numbers are
// the same in small letters, so that no word about one is missed for its spelling.
func issueName(name string) string {
	if cveNumber.MatchString(name) {
		return strings.ToUpper(name)
	}
	return name
}

// FixedSomewhere reports whether the advisory says of a product that it is fixed, and
// nowhere in which version: whoever has one cannot tell whether it is in theirs, so that
// the product counts as affected.
func (a *Advisory) FixedSomewhere() bool {
	return slices.ContainsFunc(a.Issues, func(is Issue) bool {
		return slices.ContainsFunc(is.Products, func(p ProductStatus) bool {
			return p.Status == Fixed && p.Versions.all() && len(p.Fixes) == 0
		})
	})
}
