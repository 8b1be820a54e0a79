package advisory

import (
	"fmt"
	"slices"
	"strings"
)

const vexContext = "https://openvex.dev/ns"

// A vexDocument is an OpenVEX document, as far as it is used. Members that are
// not named here are passed over, as its format wants.
type vexDocument struct {
	ID         string         `json:"@id"`
	Author     string         `json:"author"`
	Supplier   string         `json:"supplier"`
	Timestamp  *moment        `json:"timestamp"`
	Updated    *moment        `json:"last_updated"`
	Version    int            `json:"version"`
	Statements []vexStatement `json:"statements"`
}

// A vexStatement says how products stand to a vulnerability.
type vexStatement struct {
	Vulnerability   vexVulnerability `json:"vulnerability"`
	Timestamp       *moment          `json:"timestamp"` // that of the document where it has none
	Products        []vexProduct     `json:"products"`
	Status          string           `json:"status"`
	Justification   string           `json:"justification"`
	ImpactStatement string           `json:"impact_statement"`
	ActionStatement string           `json:"action_statement"`

	// These two are not used, and are dates all the same.
	Updated      *moment `json:"last_updated"`
	ActionIssued *moment `json:"action_statement_timestamp"`
}

type vexVulnerability struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Aliases     []string `json:"aliases"`
}

// A vexProduct is a product, and the components of it through which a statement
// is about it; none where the statement is about the whole product.
type vexProduct struct {
	component
	Subcomponents []component `json:"subcomponents"`
}

// The words of OpenVEX 0.2.0, "Status Labels" and "Status Justifications".
var (
	vexStatuses       = []string{"not_affected", "affected", "fixed", "under_investigation"}
	vexJustifications = []string{
		"component_not_present", "vulnerable_code_not_present", "vulnerable_code_not_in_execute_path",
		"vulnerable_code_cannot_be_controlled_by_adversary", "inline_mitigations_already_exist",
	}
)

// check returns what is wrong with a statement, as a sentence, or nothing. A
// statement says why a product is not affected and what to do where it is, and
// says neither of any other status (OpenVEX 0.2.0, "Statement Fields").
func (s *vexStatement) check() string {
	if !slices.Contains(vexStatuses, s.Status) {
		return fmt.Sprintf("the status is %q, must be one of %s", s.Status, strings.Join(vexStatuses, ", "))
	}
	if s.Status != "not_affected" && (s.Justification != "" || s.ImpactStatement != "") {
		return fmt.Sprintf("justification and impact_statement say why a product is not affected, and do not go with the status %s", s.Status)
	}
	if s.Status != "affected" && s.ActionStatement != "" {
		return fmt.Sprintf("action_statement says what to do about an affected product, and does not go with the status %s", s.Status)
	}
	switch {
	case s.Status == "affected" && s.ActionStatement == "":
		return "action_statement is required with the status affected: what to do about it"
	case s.Status != "not_affected":
		return ""
	case s.Justification == "" && s.ImpactStatement == "":
		return "justification or impact_statement is required with the status not_affected: why it is not"
	case s.Justification != "" && !slices.Contains(vexJustifications, s.Justification):
		return fmt.Sprintf("the justification is %q, must be one of %s", s.Justification, strings.Join(vexJustifications, ", "))
	}
	return ""
}
