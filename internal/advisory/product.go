package advisory

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/package-url/packageurl-go"

	"labeld/internal/label"
)

// A Product is what a document speaks of: a model, or some versions of it.
type Product struct {
	Name     string       // as the document writes it
	Vendors  []string     // who makes it, as the document writes it
	Models   []string     // model numbers; ? and * are wildcards
	GTINs    []label.GTIN // trade item numbers
	Revision string       // hardware it runs on, where that is limited
	Versions Versions     // of the firmware
	Partial  bool         // only some units of these versions are meant

	route route  // by which of its components; the whole product where zero
	kin   string // CSAF: equal for all versions of a component, so far as its names tell
}

// names tells whether p is the device, and whether what is said of p surely
// holds for all units of it. The package comment has the rule.
func (p *Product) names(dev *label.Device) (named, sure bool) {
	named = slices.ContainsFunc(p.GTINs, func(g label.GTIN) bool { return slices.Contains(dev.GTINs, g) }) ||
		slices.ContainsFunc(p.Models, func(m string) bool { return sameModel(m, dev.Model) }) &&
			slices.ContainsFunc(p.Vendors, func(v string) bool { return sameMaker(v, dev.Manufacturer) || sameMaker(v, dev.Brand) })
	sure = !p.Partial && (p.Revision == "" || strings.EqualFold(p.Revision, dev.HardwareRevision))
	return named, sure
}

// sameModel compares a model number, which may have wildcards, with a device's.
func sameModel(pattern, model string) bool {
	i := strings.IndexAny(pattern, "?*")
	if i < 0 {
		return strings.EqualFold(pattern, model)
	}
	if i < 3 || len(pattern) > label.MaxText {
		return false
	}
	expr := strings.NewReplacer(`\?`, `.`, `\*`, `.*`).Replace(regexp.QuoteMeta(pattern))
	re, err := regexp.Compile(`(?is)^` + expr + `$`)
	return err == nil && re.MatchString(model)
}

// sameMaker compares two names of makers, word by word, as far as the shorter
// one goes.
func sameMaker(a, b string) bool {
	v, w := words(a), words(b)
	n := min(len(v), len(w))
	return n > 0 && slices.Equal(v[:n], w[:n])
}

func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

// limit narrows p to versions that one more source gives. Where sources differ,
// the first stands and p is taken to be partial.
func (p *Product) limit(v Versions) {
	switch {
	case p.Versions.all() && p.Versions.text == "":
		p.Versions = v
	case p.Versions.text != v.text:
		p.Partial = true
	}
}

// addURI takes the GTIN from a GS1 Digital Link. What follows the GTIN names a
// lot or a serial number.
func (p *Product) addURI(s string) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return
	}
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	i := slices.Index(segments, "01")
	if i < 0 || i+1 == len(segments) {
		return
	}
	if g, err := label.ParseGTIN(segments[i+1]); err == nil {
		p.GTINs = append(p.GTINs, g)
		p.Partial = p.Partial || len(segments) > i+2
	}
}

// addSKU takes a stock number that is a GTIN.
func (p *Product) addSKU(s string) {
	if g, err := label.ParseGTIN(s); err == nil && len(s) >= 12 {
		p.GTINs = append(p.GTINs, g)
	}
}

// addPURL takes maker, model and version from a pkg:generic package URL, and the trade
// item number from a qualifier gtin of it. Other types name software by where it is
// kept, not devices; but people who know devices by number write pkg:gtin, which no
// registry has, and which can mean one thing only.
func (p *Product) addPURL(field, s string) error {
	u, err := packageurl.FromString(s)
	if err != nil {
		return invalid(label.ReasonMalformed, field, "is not a package URL such as pkg:generic/maker/model@1.0")
	}
	number := u.Qualifiers.Map()["gtin"]
	switch u.Type {
	case "gtin":
		number = u.Name
		if u.Namespace != "" {
			return invalid(label.ReasonMalformed, field, "names a GTIN; write it as pkg:gtin/09522104000171, without anything between, or as a GS1 Digital Link such as https://id.gs1.org/01/09522104000171")
		}
	case packageurl.TypeGeneric:
		p.addName(u.Namespace, u.Name)
	default:
		return nil
	}
	if number != "" {
		g, err := label.ParseGTIN(number)
		if err != nil {
			return label.Within(field, err)
		}
		p.GTINs = append(p.GTINs, g)
	}
	if u.Version != "" {
		p.limit(exactly(u.Version))
	}
	if vers := u.Qualifiers.Map()["vers"]; vers != "" {
		p.limit(versionRange(vers))
	}
	return nil
}

func (p *Product) addName(vendor, model string) {
	p.Models = append(p.Models, model)
	if vendor != "" {
		p.Vendors = append(p.Vendors, vendor)
	}
}

// addCPE takes maker, model and version from a CPE name of hardware or of an
// operating system, which is what firmware counts as. NVD writes a model as
// nl-c210 and its firmware as nl-c210_firmware, spaces as underscores.
func (p *Product) addCPE(field, s string) error {
	part, vendor, product, version, update, ok := splitCPE(s)
	if !ok {
		return invalid(label.ReasonMalformed, field, "is not a CPE name such as cpe:2.3:o:maker:model_firmware:1.0:*:*:*:*:*:*:*")
	}
	if part != "h" && part != "o" {
		return nil
	}
	model := strings.TrimSuffix(product, "_firmware")
	p.addName(strings.ReplaceAll(vendor, "_", " "), model)
	if spaced := strings.ReplaceAll(model, "_", " "); spaced != model {
		p.addName("", spaced)
	}
	switch {
	case version == "":
	case part == "h":
		p.Revision = version
	case update != "":
		p.limit(exactly(version + "-" + update))
	default:
		p.limit(exactly(version))
	}
	return nil
}

// splitCPE reads the first attributes of a formatted string (CPE 2.3) or a URI
// (CPE 2.2). Those that are any or not applicable come back empty.
func splitCPE(s string) (part, vendor, product, version, update string, ok bool) {
	var attributes []string
	if rest, found := strings.CutPrefix(s, "cpe:2.3:"); found {
		attributes = splitEscaped(rest)
		ok = len(attributes) == 11
	} else if len(s) > 5 && strings.EqualFold(s[:5], "cpe:/") {
		for a := range strings.SplitSeq(s[5:], ":") {
			a, err := url.PathUnescape(a)
			if err != nil {
				return
			}
			attributes = append(attributes, a)
		}
		ok = len(attributes) >= 3 && len(attributes) <= 7
		for len(attributes) < 5 {
			attributes = append(attributes, "")
		}
	}
	if !ok || attributes[2] == "" {
		return "", "", "", "", "", false
	}
	for i, a := range attributes {
		if a == "*" || a == "-" {
			attributes[i] = ""
		}
	}
	return strings.ToLower(attributes[0]), attributes[1], attributes[2], attributes[3], attributes[4], true
}

// splitEscaped splits at colons that no backslash stands before, and removes
// the backslashes.
func splitEscaped(s string) (parts []string) {
	var part strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == ':':
			parts = append(parts, part.String())
			part.Reset()
		case s[i] == '\\' && i+1 < len(s):
			i++
			part.WriteByte(s[i])
		default:
			part.WriteByte(s[i])
		}
	}
	return append(parts, part.String())
}
