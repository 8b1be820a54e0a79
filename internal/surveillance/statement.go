package surveillance

import (
	"maps"
	"slices"
	"strconv"
	"time"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// A Request asks the authority to announce a draw. Predicate of
// [label.TypeSurveillanceRequest], signed by an operator; its subject is the
// SHA-256 of the plan's ID. Weights and candidates are not for an operator to
// choose: they follow from the scheme and from the log.
type Request struct {
	ID     string `json:"id"`
	Scheme string `json:"scheme,omitempty"` // the only one where absent
	Size   int64  `json:"size"`
	Count  int    `json:"count"`
	label.Addressed
	Made time.Time `json:"made"`
}

// Validate checks what can be known from the request alone.
func (r *Request) Validate() error {
	if r.Scheme != "" {
		if err := checkSlug("scheme", r.Scheme); err != nil {
			return err
		}
	}
	if err := checkTerms(r.ID, r.Size, r.Count); err != nil {
		return err
	}
	if r.Made.IsZero() || r.Made.Nanosecond() != 0 {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "made", "is required, in whole seconds")
	}
	return r.CheckAddress()
}

// ActKind returns the act that is asked for.
func (r *Request) ActKind() label.ActKind { return label.ActPlan }

// About returns the plan.
func (r *Request) About() string { return r.ID }

// MadeAt returns when the request was made.
func (r *Request) MadeAt() time.Time { return r.Made }

// An Announcement is a plan as the authority signs and logs it. Predicate of
// [label.TypeSurveillancePlan]; its subject is the SHA-256 of the plan's ID. With
// it and the log, anybody can tell the candidates and their weights.
type Announcement struct {
	Plan
	Log       string             `json:"log"` // origin of the log that has it, and the labels; empty in plans of before
	Authority label.Party        `json:"authority"`
	Fixed     int64              `json:"fixed"`    // the candidates are among the log's first so many entries: all before the plan's own
	Recorded  time.Time          `json:"recorded"` // when it was logged; the candidates are live at this instant
	Risks     map[string]string  `json:"risks"`    // class of each device category, which labels do not name
	Requests  []label.RequestRef `json:"requests"` // who asked for it
}

// Validate checks what can be known without the log.
func (a *Announcement) Validate() error {
	if err := a.Plan.Validate(); err != nil {
		return err
	}
	if err := a.Authority.Validate(); err != nil {
		return label.Within("authority", err)
	}
	if a.Fixed < 0 || a.Fixed > translog.MaxSize {
		return outOfRange("fixed", "is %d; it is how many entries the log had before the plan", a.Fixed)
	}
	if err := checkRecorded(a.Recorded); err != nil {
		return err
	}
	if len(a.Requests) == 0 {
		return label.Errorf(label.Invalid, label.ReasonMissing, "requests", "somebody asked for it: nobody is named")
	}
	if err := label.CheckRequests("requests", a.Requests); err != nil {
		return err
	}
	for category, risk := range a.Risks {
		if _, ok := a.Weights.Risk[risk]; !ok {
			return outOfRange("risks."+category, "is %q, for which there is no weight", risk)
		}
	}
	return nil
}

// CheckEntry returns why an announcement that is the log's entry at index proves
// nothing, or nil: its seed must be to come, and its candidates must be settled.
func (a *Announcement) CheckEntry(index int64) error {
	if a.Fixed != index {
		return outOfRange("fixed", "is %d; the candidates are fixed by the %d entries before the plan", a.Fixed, index)
	}
	return a.Plan.CheckEntry(index)
}

// Risk returns the risk class of a device category. One that the plan does not
// name has the class of the greatest factor: no label may fall out of the draw for
// want of a class. Of several with that factor it is the first by name.
func (a *Announcement) Risk(category string) string {
	if risk, ok := a.Risks[category]; ok {
		return risk
	}
	greatest := ""
	for _, r := range slices.Sorted(maps.Keys(a.Weights.Risk)) {
		if greatest == "" || a.Weights.Risk[r] > a.Weights.Risk[greatest] {
			greatest = r
		}
	}
	return greatest
}

// Weight returns the weight of a label. A level beyond the plan's factors, of an
// older version of the scheme, has the last.
func (a *Announcement) Weight(l *label.Label) (int64, error) {
	return a.Weights.Of(a.Risk(l.Device.Category), min(l.Level.Number, len(a.Weights.Level)), l.Assurance)
}

// A Result says what was drawn, as the authority signs and logs it. Predicate of
// [label.TypeSurveillanceDraw]; its subject is that of the plan.
type Result struct {
	Log        string       `json:"log"`    // as in the plan
	Plan       string       `json:"plan"`   // ID
	SHA256     label.Digest `json:"sha256"` // of the signed plan
	Entry      int64        `json:"entry"`  // of the plan in the log
	Authority  label.Party  `json:"authority"`
	Seed       label.Digest `json:"seed"`       // the log's root hash at the plan's size
	Candidates int          `json:"candidates"` // how many there were
	Drawn      []Drawn      `json:"drawn"`
	Recorded   time.Time    `json:"recorded"`
}

// Validate checks what can be known from the result alone.
func (r *Result) Validate() error {
	if err := checkSlug("plan", r.Plan); err != nil {
		return err
	}
	if r.SHA256.IsZero() {
		return label.Errorf(label.Invalid, label.ReasonMissing, "sha256", "is required: that of the signed plan")
	}
	if r.Seed.IsZero() {
		return label.Errorf(label.Invalid, label.ReasonMissing, "seed", "is required: the root hash of the log at the plan's size")
	}
	if r.Entry < 0 || r.Entry > translog.MaxSize {
		return outOfRange("entry", "is %d; it is the log entry of the plan", r.Entry)
	}
	if err := r.Authority.Validate(); err != nil {
		return label.Within("authority", err)
	}
	if err := checkRecorded(r.Recorded); err != nil {
		return err
	}
	if len(r.Drawn) > r.Candidates || len(r.Drawn) > MaxCount {
		return outOfRange("drawn", "has %d labels of %d candidates; at most %d are drawn", len(r.Drawn), r.Candidates, MaxCount)
	}
	seen := map[label.ID]bool{}
	for i, d := range r.Drawn {
		err := Candidate{d.ID, d.Weight}.check(0)
		switch {
		case err != nil:
		case d.Position != i:
			err = outOfRange("position", "is %d in place %d", d.Position, i)
		case seen[d.ID]:
			err = label.Errorf(label.Invalid, label.ReasonExists, "id", "label %s was drawn before", d.ID.Pretty())
		case d.Ticket.IsZero():
			err = label.Errorf(label.Invalid, label.ReasonMissing, "ticket", "is required")
		}
		if err != nil {
			return label.Within("drawn["+strconv.Itoa(i)+"]", err)
		}
		seen[d.ID] = true
	}
	return nil
}

func checkRecorded(t time.Time) error {
	if t.IsZero() || t.Nanosecond() != 0 {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "recorded", "is required, in whole seconds")
	}
	return nil
}
