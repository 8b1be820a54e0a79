package label

import "slices"

// The predicate types of in-toto Statements.
const (
	TypeTestReport    = Base + "test-report/v2"
	TypeDeclaration   = Base + "declaration/v1"
	TypeLabel         = Base + "label/v1"
	TypeAccreditation = Base + "accreditation/v2"
	TypeStatus        = Base + "status/v2"
	TypeEvent         = Base + "event/v1"
	TypeStatusRequest = Base + "status-request/v1"
	TypeDecision      = Base + "decision/v1"
	TypeAppeal        = Base + "appeal/v1"
	TypeRuling        = Base + "ruling/v1"
	TypeAssignment    = Base + "gtin-assignment/v1"
	TypeRulingRequest = Base + "ruling-request/v1"
	TypeSchemeVersion = Base + "scheme/v1"
	TypeAuditHead     = Base + "audit-head/v1"

	TypeRegistryRequest = Base + "registry-request/v1"
	TypeQuorum          = Base + "quorum/v1"

	TypeSurveillanceRequest = Base + "surveillance-request/v1"
	TypeSurveillancePlan    = Base + "surveillance-plan/v1"
	TypeSurveillanceDraw    = Base + "surveillance-draw/v1"

	// Those that are read where they are on record, and not accepted any more.
	TypeTestReportV1    = Base + "test-report/v1"
	TypeAccreditationV1 = Base + "accreditation/v1"
	TypeStatusV1        = Base + "status/v1"
)

// A Source is whose word a statement is, as criteria ask for it.
type Source string

const (
	SourceDeclaration Source = "declaration" // the manufacturer's
	SourceLab         Source = "lab"         // an accredited laboratory's
	SourceAuthority   Source = "authority"   // the authority's, in a ruling on an appeal
)

// Sources lists whose word evidence can be.
var Sources = []Source{SourceDeclaration, SourceLab, SourceAuthority}

// A Predicate is one kind of statement: who may sign it, whose word it is for
// judging a device, and where it says who speaks and when.
//
// The table of them is the only place that knows all kinds. What is not in it is
// refused; nothing is believed because its type was forgotten somewhere.
type Predicate struct {
	Type   string
	Name   string // in a sentence, such as "test report"
	Signer Role   // the role of who signs it; empty where the authority's own key does

	// Source is whose word it is when devices are judged; empty where it is no
	// evidence.
	Source Source

	Speaker string // the member that names the organization in whose name it speaks; empty where none does
	Made    string // the member that says when the authority made it; empty where others sign it

	// Former says that it is read where it is on record, and not accepted any more.
	Former bool
}

var predicates = []Predicate{
	{Type: TypeTestReport, Name: "test report", Signer: RoleLab, Source: SourceLab, Speaker: "lab"},
	{Type: TypeTestReportV1, Name: "test report", Signer: RoleLab, Source: SourceLab, Speaker: "lab", Former: true},
	{Type: TypeDeclaration, Name: "declaration", Signer: RoleManufacturer, Source: SourceDeclaration, Speaker: "manufacturer"},
	{Type: TypeRuling, Name: "ruling", Source: SourceAuthority, Made: "decided"},
	{Type: TypeAppeal, Name: "appeal", Signer: RoleManufacturer, Speaker: "manufacturer"},
	{Type: TypeEvent, Name: "event"}, // an operator signs it, or a manufacturer; each kind of event says who
	{Type: TypeStatusRequest, Name: "request for a change of a label"},
	{Type: TypeRulingRequest, Name: "request for a ruling", Signer: RoleOperator},
	{Type: TypeRegistryRequest, Name: "request for a change of the registry"}, // each act says who may
	{Type: TypeSurveillanceRequest, Name: "request for surveillance", Signer: RoleOperator},
	{Type: TypeLabel, Name: "label", Made: "issued"},
	{Type: TypeDecision, Name: "decision", Made: "decided"},
	{Type: TypeStatus, Name: "status", Made: "recorded"},
	{Type: TypeStatusV1, Name: "status", Made: "recorded", Former: true},
	{Type: TypeAccreditation, Name: "accreditation", Made: "recorded"},
	{Type: TypeAccreditationV1, Name: "accreditation", Made: "recorded", Former: true},
	{Type: TypeAssignment, Name: "assignment of a trade item number", Made: "recorded"},
	{Type: TypeSchemeVersion, Name: "version of a scheme", Made: "recorded"},
	{Type: TypeQuorum, Name: "statement about the quorum", Made: "recorded"},
	{Type: TypeAuditHead, Name: "head of the audit trail", Made: "recorded"},
	{Type: TypeSurveillancePlan, Name: "surveillance plan", Made: "recorded"},
	{Type: TypeSurveillanceDraw, Name: "surveillance draw", Made: "recorded"},
}

// PredicateOf returns what is known of a predicate type, or an error where nothing
// is.
func PredicateOf(predicateType string) (*Predicate, error) {
	if i := slices.IndexFunc(predicates, func(p Predicate) bool { return p.Type == predicateType }); i >= 0 {
		return &predicates[i], nil
	}
	for i := range predicates {
		if err := CheckNewer("predicateType", predicateType, predicates[i].Type); err != nil {
			return nil, err
		}
	}
	return nil, Errorf(Invalid, ReasonUnknownType, "predicateType", "%q is no type of statement that this service knows", predicateType)
}

// SourceOf returns whose word a statement of a type is when devices are judged;
// nothing where it is no evidence, or of no known type.
func SourceOf(predicateType string) Source {
	if p, err := PredicateOf(predicateType); err == nil {
		return p.Source
	}
	return ""
}

// TypesOf returns the predicate types of evidence that is somebody's word.
func TypesOf(s Source) (types []string) {
	for i := range predicates {
		if predicates[i].Source == s {
			types = append(types, predicates[i].Type)
		}
	}
	return types
}
