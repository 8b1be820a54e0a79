package authority

import (
	"slices"
	"strings"

	"labeld/internal/label"
	"labeld/internal/scheme"
)

// Codes of reasons that this package names by itself, or asks others to name. Which
// reasons there are is the programme's data (labels/reasons.yaml); a programme that lacks
// one of these cannot be served, since what names the reason would be refused, or told to
// people without its words, years later and in the middle of something else.
const (
	// otherLevel is the reason that a renewal at a lower level has to name, so that
	// nobody loses a level by a slip, and one at a higher level where nothing else is new.
	otherLevel = "new-level"

	// otherProduct is the reason that says that the label of another product, such as a
	// successor with new hardware, takes a label's place.
	otherProduct = "new-hardware"

	// checkedAgain is the reason that says that a product was checked again. People are
	// told so, hence it is only taken where there was something to check; sameEvidence is
	// the one for where there was not.
	checkedAgain = "renewed"
	sameEvidence = "reissued"

	// newFirmware is the reason that says that a label is for new software.
	newFirmware = "new-firmware"

	// noNews is the reason for which a label is reviewed whose manufacturer does not speak
	// again of a weakness in the time that it promised.
	noNews = "response-time-missed"

	// lostScope is the reason for which a label ends early where the scope of a laboratory
	// is lost. What the scheme says of it holds however that became known.
	lostScope = "lab-scope-lost"

	// reasonKey is the reason for which nothing counts that a key signed.
	reasonKey = "key-compromised"

	// reasonMistake is the reason for which an operator sets right what was recorded by
	// mistake.
	reasonMistake = "authority-error"
)

// ownReasons says of each code what it has to be a reason for: to do something to a
// label, or to report something.
var ownReasons = []struct {
	code   string
	action label.Action    // empty where no label is changed for it
	event  label.EventKind // empty where nothing need be reported for it
}{
	{code: otherLevel, action: label.Supersede},
	{code: otherProduct, action: label.Supersede},
	{code: checkedAgain, action: label.Supersede},
	{code: sameEvidence, action: label.Supersede},
	{code: newFirmware, action: label.Supersede},
	{code: noNews, action: label.Review},
	{code: lostScope, action: label.Lapse},
	{code: reasonKey, event: label.KeyEvent},
	{code: reasonMistake, event: label.SeparationEvent},
}

// checkReasons refuses a programme without the reasons that this package uses, and names
// all that are not there.
func checkReasons(p *scheme.Programme) error {
	var lacks []string
	for _, own := range ownReasons {
		switch r := p.Reasons[own.code]; {
		case r == nil:
			lacks = append(lacks, own.code)
		case own.action != "" && !slices.Contains(r.Actions, own.action):
			lacks = append(lacks, own.code+" (with the action "+string(own.action)+")")
		case own.event != "" && !slices.Contains(r.Events, own.event):
			lacks = append(lacks, own.code+" (with the event "+string(own.event)+")")
		}
	}
	if len(lacks) > 0 {
		return label.Errorf(label.Precondition, label.ReasonUnknownReason, "reasons",
			"the programme's reasons.yaml lacks %s, which the service itself gives as reasons; take them from the reasons.yaml that labeld comes with, with a title in your own words", strings.Join(lacks, ", "))
	}
	return nil
}
