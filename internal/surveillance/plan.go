package surveillance

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// A Plan announces a draw. It is logged before its seed can be known.
type Plan struct {
	ID      string  `json:"id"`      // such as 2027-spring; tells draws with the same seed apart
	Scheme  string  `json:"scheme"`  // whose labels are drawn
	Size    int64   `json:"size"`    // the seed is the log's root hash at this many entries
	Count   int     `json:"count"`   // labels to draw
	Weights Weights `json:"weights"` // which labels are drawn more often
}

// Weights are the published factors of a label's weight: risk class of the
// device's category, times level, times assurance. All are 1 to [MaxFactor].
type Weights struct {
	Risk      map[string]int          `json:"risk" yaml:"risk"`           // by risk class of the programme
	Level     []int                   `json:"level" yaml:"level"`         // of level 1, 2 and so on
	Assurance map[label.Assurance]int `json:"assurance" yaml:"assurance"` // for self-declared and lab-tested
}

var assurances = []label.Assurance{label.SelfDeclared, label.LabTested}

// Validate checks what can be known without the log.
func (p *Plan) Validate() error {
	if err := checkSlug("scheme", p.Scheme); err != nil {
		return err
	}
	if err := checkTerms(p.ID, p.Size, p.Count); err != nil {
		return err
	}
	return label.Within("weights", p.Weights.Validate())
}

// listName cannot be a plan's ID: the list of plans is published beside them,
// under this name.
const listName = "plans"

// checkTerms checks what an operator chooses.
func checkTerms(id string, size int64, count int) error {
	if err := checkSlug("id", id); err != nil {
		return err
	}
	if id == listName {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "id", "%q is the name of the list of plans; choose another", id)
	}
	if size < 1 || size > translog.MaxSize {
		return outOfRange("size", "is %d; give the size of the log, in entries, whose root hash will be the seed", size)
	}
	if count < 1 || count > MaxCount {
		return outOfRange("count", "is %d; draw 1 to %d labels at once, more by several plans", count, MaxCount)
	}
	return nil
}

// CheckEntry returns why a plan whose log entry is at index proves nothing, or
// nil: at least one entry must follow it before the seed exists. With none, the
// plan could be reworded until its own hash gave a seed that suits.
func (p *Plan) CheckEntry(index int64) error {
	if p.Size-2 < index {
		return label.Errorf(label.Precondition, label.ReasonOutOfRange, "size",
			"is %d, and the log has %d entries with the plan; name a size that it has yet to grow to", p.Size, index+1)
	}
	return nil
}

// Validate checks that every factor is there and in range.
func (w *Weights) Validate() error {
	if n := len(w.Risk); n == 0 || n > label.MaxRisks {
		return outOfRange("risk", "has %d factors; give one for each risk class of the programme, 1 to %d", n, label.MaxRisks)
	}
	risks := slices.Sorted(maps.Keys(w.Risk))
	for _, r := range risks {
		if err := checkSlug("risk", r); err != nil {
			return err
		}
	}
	if err := checkFactors("risk", w.Risk, risks); err != nil {
		return err
	}
	if len(w.Level) == 0 || len(w.Level) > MaxLevels {
		return outOfRange("level", "has %d factors; give one for each level of the scheme, 1 to %d", len(w.Level), MaxLevels)
	}
	for i, f := range w.Level {
		if err := checkFactor("level["+strconv.Itoa(i)+"]", f); err != nil {
			return err
		}
	}
	return checkFactors("assurance", w.Assurance, assurances)
}

// Of returns the weight of a label: of a device whose category has this risk, at
// this level, checked this way. The weights must be valid.
func (w *Weights) Of(risk string, level int, assurance label.Assurance) (int64, error) {
	r, ok := w.Risk[risk]
	if !ok {
		return 0, outOfRange("risk", "%q has no factor in the plan, which has them for %s", risk, strings.Join(slices.Sorted(maps.Keys(w.Risk)), ", "))
	}
	if level < 1 || level > len(w.Level) {
		return 0, outOfRange("level", "%d has no factor in the plan, which has them for 1 to %d", level, len(w.Level))
	}
	a, ok := w.Assurance[assurance]
	if !ok {
		return 0, outOfRange("assurance", "%q has no factor in the plan; it must be %s", assurance, list(assurances))
	}
	return int64(r) * int64(w.Level[level-1]) * int64(a), nil
}

func checkFactors[K ~string](field string, factors map[K]int, keys []K) error {
	for _, key := range keys {
		f, ok := factors[key]
		if !ok {
			return label.Errorf(label.Invalid, label.ReasonMissing, field+"."+string(key), "is required; 1 changes nothing")
		}
		if err := checkFactor(field+"."+string(key), f); err != nil {
			return err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(factors)) {
		if !slices.Contains(keys, key) {
			return label.Errorf(label.Invalid, label.ReasonUnknownField, field, "%q is unknown; give factors for %s", key, list(keys))
		}
	}
	return nil
}

func checkFactor(field string, f int) error {
	if f < 1 || f > MaxFactor {
		return outOfRange(field, "is %d; a factor is 1 to %d, and a label that must not be drawn is no candidate", f, MaxFactor)
	}
	return nil
}

// checkSlug requires an identifier: lower-case letters, digits and inner hyphens.
func checkSlug(field, s string) error {
	if s == "" {
		return label.Errorf(label.Invalid, label.ReasonMissing, field, "is required")
	}
	if len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' ||
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return label.Errorf(label.Invalid, label.ReasonMalformed, field,
			"%q is not an identifier: lower-case letters, digits and inner hyphens, at most 63", s)
	}
	return nil
}

func outOfRange(field, format string, args ...any) error {
	return label.Errorf(label.Invalid, label.ReasonOutOfRange, field, format, args...)
}

func list[K ~string](keys []K) string {
	words := make([]string, len(keys))
	for i, key := range keys {
		words[i] = string(key)
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}
