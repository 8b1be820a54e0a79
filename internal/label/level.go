package label

import (
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// A Presentation is how a scheme shows what a product reached. The scheme says it
// and every label repeats it, because whoever checks a label offline has no scheme at
// hand, and would otherwise show a product that meets a scheme without levels as one
// of level "1 of 1".
type Presentation string

const (
	// Ladder has levels that are counted: level 3 of 4. A drawing has a step for
	// each, filled as far as the product reaches.
	Ladder Presentation = "ladder"

	// PassOnly has one level: a product meets the scheme, or it has no label. Neither
	// numbers nor steps are shown.
	PassOnly Presentation = "pass-only"

	// NamedClasses has levels that are told apart by name, such as Silver. They have an
	// order, by which one is higher than another, and are not counted.
	NamedClasses Presentation = "named-classes"
)

// Presentations lists them.
var Presentations = []Presentation{Ladder, PassOnly, NamedClasses}

// Check refuses a presentation that does not exist, or that does not fit a number of
// levels.
func (p Presentation) Check(field string, levels int) error {
	switch {
	case !slices.Contains(Presentations, p):
		return invalid(ReasonOutOfRange, field, "is %q; must be %s, %s or %s", p, Ladder, PassOnly, NamedClasses)
	case p == PassOnly && levels != 1:
		return invalid(ReasonOutOfRange, field, "is %s, which has one level and not %d; levels are shown as %s or %s", p, levels, Ladder, NamedClasses)
	case p != PassOnly && levels == 1:
		return invalid(ReasonOutOfRange, field, "is %s, which takes several levels; what has one level is %s", p, PassOnly)
	}
	return nil
}

// A Level is one level of a scheme, with how the scheme shows it.
type Level struct {
	Number       int          `json:"number"`
	Of           int          `json:"of"` // how many the scheme has
	Name         string       `json:"name"`
	Presentation Presentation `json:"presentation"`
}

// UnmarshalJSONFrom reads a level. What was signed before schemes said how they show levels
// has no presentation, and was shown by counting: it is a level of a ladder, or the only
// level that there is. Nothing is written without one any more.
func (l *Level) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var level struct {
		Number       int           `json:"number"`
		Of           int           `json:"of"`
		Name         string        `json:"name"`
		Presentation *Presentation `json:"presentation"`
	}
	if err := json.UnmarshalDecode(d, &level); err != nil {
		return err
	}
	*l = Level{level.Number, level.Of, level.Name, Ladder}
	switch {
	case level.Presentation != nil:
		l.Presentation = *level.Presentation
	case l.Of == 1:
		l.Presentation = PassOnly
	}
	return nil
}

// String names a level by what a label says of it alone. Of a ladder that is
// "Level 3 of 4: Secure by design"; of other schemes the name, which says all there
// is to say.
func (l Level) String() string {
	if l.Presentation == Ladder {
		return l.Short() + ": " + l.Name
	}
	return l.Name
}

// Short is String without the name that a level of a ladder has beside its number, for
// places where that has no room or a line of its own.
func (l Level) Short() string {
	if l.Presentation == Ladder {
		return fmt.Sprintf("Level %d of %d", l.Number, l.Of)
	}
	return l.Name
}

func (l *Level) validate() error {
	if l.Number < 1 || l.Number > l.Of {
		return invalid(ReasonOutOfRange, "number", "must be 1 to %d", l.Of)
	}
	if err := checkText("name", l.Name, MaxText); err != nil {
		return err
	}
	return l.Presentation.Check("presentation", l.Of)
}
