package advisory

import (
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gocsaf/csaf/v3/csaf"

	"labeld/internal/label"
)

// checkSchema holds a decoded document against the JSON schema of CSAF 2.0. Of
// many faults it reports one that lies deepest: those above mostly follow.
//
// Only the schema is taken from the csaf library. Its structs do not follow it:
// they have objects where product_groups, group_ids and hashes are arrays.
func checkSchema(doc any) error {
	faults, err := csaf.ValidateCSAF(doc)
	if err != nil {
		return label.Errorf(label.Internal, label.ReasonInternal, "", "the CSAF schema cannot be used: %v", err)
	}
	if len(faults) == 0 {
		return nil
	}
	const unsaid = "see what its schema has here"
	place, fault, best := "", unsaid, -1
	for _, f := range faults {
		pointer, text, _ := strings.Cut(f, ": ")
		if eitherCVSS.MatchString(text) {
			continue
		}
		rank := 2 * strings.Count(pointer, "/")
		if text == "validation failed" || strings.HasSuffix(text, "none matched") {
			text = unsaid
		} else {
			rank++
		}
		if rank > best {
			place, fault, best = pointer, text, rank
		}
	}
	reason := label.ReasonMalformed
	if strings.HasPrefix(fault, "missing propert") {
		reason = label.ReasonMissing
	}
	return invalid(reason, path(place), "does not conform to CSAF 2.0: %s", clip(label.Readable(fault), label.MaxText))
}

// eitherCVSS finds what is only wrong because a score is not of the other
// version of CVSS 3: the schema tries both.
var eitherCVSS = regexp.MustCompile(`^value must be '3\.[01]'$|match pattern '\^CVSS:3\[\.\]`)

// path turns a JSON Pointer into the form used in errors.
func path(pointer string) (field string) {
	if !strings.HasPrefix(pointer, "/") {
		return "" // the schema's own address: the fault is at the top
	}
	for token := range jsontext.Pointer(pointer).Tokens() {
		if strings.Trim(token, "0123456789") == "" {
			field += "[" + token + "]"
		} else {
			field = under(field, token)
		}
	}
	return field
}
