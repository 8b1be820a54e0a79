package rpc

// What the tests of the package look at from outside.
var (
	StateOf        = stateOf
	ActionOf       = actionOf
	SupportOf      = supportOf
	AssuranceOf    = assuranceOf
	BoundOf        = boundOf
	FindingOf      = findingOf
	SourceOf       = sourceOf
	RoleOf         = roleOf
	RulingOutcomes = rulingOutcomes
	ActOutcomeOf   = actOutcomeOf
	PresentationOf = presentationOf

	RoleFrom = roleFrom
	StatusOf = statusOf
	CostOf   = costOf
)

// The room for a refusal.
const (
	MaxRefusalText  = maxRefusalText
	MaxRefusalField = maxRefusalField
)
