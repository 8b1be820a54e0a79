package surveillance

import (
	"time"

	"labeld/internal/label"
)

// An Announcement is a plan as the authority signs and logs it. Predicate of
// [label.TypeSurveillancePlan]; its subject is the SHA-256 of the plan's ID.
type Announcement struct {
	Plan
	Authority label.Party       `json:"authority"`
	Risks     map[string]string `json:"risks"`    // class of each device category, which labels do not name
	Recorded  time.Time         `json:"recorded"` // when it was logged
}

// Validate checks what can be known without the log.
func (a *Announcement) Validate() error {
	if err := a.Plan.Validate(); err != nil {
		return err
	}
	if a.Authority.ID == "" {
		return label.Errorf(label.Invalid, label.ReasonMissing, "authority", "is required")
	}
	for category, risk := range a.Risks {
		if _, ok := a.Weights.Risk[risk]; !ok {
			return outOfRange("risks."+category, "is %q, for which there is no weight", risk)
		}
	}
	return nil
}

// A Result says what was drawn, as the authority signs and logs it. Predicate of
// [label.TypeSurveillanceDraw]; its subject is that of the plan.
type Result struct {
	Plan       string       `json:"plan"`  // ID
	Entry      int64        `json:"entry"` // of the plan in the log
	Authority  label.Party  `json:"authority"`
	Seed       label.Digest `json:"seed"`       // the log's root hash at the plan's size
	At         time.Time    `json:"at"`         // the candidates stood then; see [Census]
	Candidates int          `json:"candidates"` // how many there were
	Drawn      []Drawn      `json:"drawn"`
	Recorded   time.Time    `json:"recorded"`
}

// Validate checks what can be known from the result alone.
func (r *Result) Validate() error {
	if err := checkSlug("plan", r.Plan); err != nil {
		return err
	}
	if r.Seed.IsZero() {
		return label.Errorf(label.Invalid, label.ReasonMissing, "seed", "is required: the root hash of the log at the plan's size")
	}
	if len(r.Drawn) > r.Candidates || len(r.Drawn) > MaxCount {
		return outOfRange("drawn", "has %d labels of %d candidates", len(r.Drawn), r.Candidates)
	}
	return nil
}
