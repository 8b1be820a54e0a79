package label

import (
	"net/url"
	"slices"
	"strings"
)

// A DigitalLink is what a GS1 Digital Link URI says of a trade item
// (GS1 Digital Link: URI syntax). Of which domain it is does not matter.
type DigitalLink struct {
	GTIN    GTIN
	Variant string // consumer product variant, AI 22
	Batch   string // batch or lot, AI 10
	Serial  string // AI 21
	TPX     string // serial of a third party, AI 235; never beside another qualifier

	// Query are the parameters that are for whoever the resolver sends on to:
	// attributes such as 17 (expiry date), and what is not GS1's.
	Query []string // as they came, such as "17=271231"

	// LinkType is what kind of link is asked for; empty for the default.
	LinkType string
}

// qualifiers of a GTIN in the order in which a path has them, with the greatest
// length of their values.
var qualifiers = []qualifier{{"22", 20}, {"10", 20}, {"21", 20}, {"235", 28}}

type qualifier struct {
	ai   string
	most int
}

// qualifierAt returns the place of an AI among the qualifiers, or -1.
func qualifierAt(ai string) int {
	return slices.IndexFunc(qualifiers, func(q qualifier) bool { return q.ai == ai })
}

// dates are the AIs whose values are dates, YYMMDD. The day may be 00.
var dates = []string{"11", "12", "13", "15", "16", "17"}

// charset82 are the characters of qualifiers (GS1 General Specifications 7.11).
const charset82 = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`

// ParseDigitalLink reads what follows "/01/" in the path of a GS1 Digital Link
// URI, percent-encoded, and the query. GTIN-8, -12 and -13 are taken as well and
// padded. A slash at the end means nothing. Compressed URIs are not read.
func ParseDigitalLink(path, query string) (*DigitalLink, error) {
	parts := strings.Split(strings.TrimSuffix(path, "/"), "/")
	g, err := parseGTIN("gtin", parts[0])
	if err != nil {
		return nil, err
	}
	d := &DigitalLink{GTIN: g}
	if err := d.qualify(parts[1:]); err != nil {
		return nil, err
	}
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		if err := d.parameter(pair); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// qualify reads the qualifiers in a path.
func (d *DigitalLink) qualify(parts []string) error {
	if len(parts)%2 != 0 {
		return invalid(ReasonMalformed, "path", "ends with %q: after the GTIN come pairs such as /21/ and a serial number", parts[len(parts)-1])
	}
	last := -1
	for i := 0; i < len(parts); i += 2 {
		at := qualifierAt(parts[i])
		if at < 0 {
			return invalid(ReasonMalformed, "path", "/%s/ does not qualify a GTIN; /22/ (variant), /10/ (batch), /21/ (serial) and /235/ do", clip(parts[i]))
		}
		if at <= last || at == len(qualifiers)-1 && last >= 0 {
			return invalid(ReasonMalformed, "path", "has /%s/ where it does not belong: the order is /22/, /10/, /21/, each once, or /235/ alone", parts[i])
		}
		last = at
		value, err := url.PathUnescape(parts[i+1])
		if err != nil || value == "" || len(value) > qualifiers[at].most || strings.Trim(value, charset82) != "" {
			return invalid(ReasonMalformed, "path", "the value of /%s/ must be 1 to %d characters of GS1's set of 82", parts[i], qualifiers[at].most)
		}
		*[]*string{&d.Variant, &d.Batch, &d.Serial, &d.TPX}[at] = value
	}
	return nil
}

// parameter reads one parameter of a query.
func (d *DigitalLink) parameter(pair string) error {
	name, value, _ := strings.Cut(pair, "=")
	if name == "linkType" {
		v, err := url.QueryUnescape(value)
		if err != nil || v == "" || d.LinkType != "" {
			return invalid(ReasonMalformed, "linkType", "must be given once, such as linkType=gs1:certificationInfo")
		}
		d.LinkType = v
		return nil
	}
	if name == "01" || qualifierAt(name) >= 0 {
		return invalid(ReasonMalformed, name, "belongs into the path, not into the query")
	}
	if slices.Contains(dates, name) && !isDate(value) {
		return invalid(ReasonMalformed, name, "must be a date as YYMMDD, with 00 for an unknown day")
	}
	d.Query = append(d.Query, pair)
	return nil
}

// isDate reports whether s is a date of GS1's, YYMMDD.
func isDate(s string) bool {
	if len(s) != 6 || strings.Trim(s, "0123456789") != "" {
		return false
	}
	month, day := s[2:4], s[4:6]
	return month >= "01" && month <= "12" && day <= "31"
}

func clip(s string) string { return s[:min(len(s), 20)] }
