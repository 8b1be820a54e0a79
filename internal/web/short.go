package web

import (
	"labeld/internal/label"
)

// What takes something from a label that counts is said wherever the label is named in
// short, in lists, side by side with others, and on badges: that it is under review, that
// it ends on a day that was announced or soon, that there are no updates any more, and the
// gravest notice that concerns the product. Where its own page is amber, nothing that
// names it in short is green.

// Tones of a label in short, which are classes.
const (
	toneGood = "on"
	toneCare = "care"
	toneOff  = "off"
)

// A brief is how a label stands in short.
type brief struct{ Says, Tone string }

// inShort returns how a label stands in short.
func inShort(v *voice, state label.State, s *label.Standing) brief {
	b := brief{v.Text(stateWords[state]), toneOff}
	if state != label.Active {
		return b
	}
	b.Tone = toneGood
	add := func(key, more string) {
		b.Says, b.Tone = v.Text(key, "state", b.Says, "more", more), toneCare
	}
	if s.Review != nil {
		add("state.list", v.Text("state.review"))
	}
	switch {
	case endsEarly(s):
		_, last := v.last(s.Ends(), s.At)
		add("state.list", v.Text("state.until", "date", last))
	case s.Soon:
		add("state.list", v.Text("state.soon"))
	}
	if s.Support == label.SupportEnded {
		add("state.list", v.Text("state.no-updates"))
	}
	if concern, _ := notices(v, s.Advisories); len(concern) > 0 {
		add("state.sentences", concern[0].Headline) // a sentence of its own
	}
	return b
}

// endsEarly reports whether a label that counts ends on a day that was announced, and not
// on the one that it was issued with.
func endsEarly(s *label.Standing) bool { return s.Announced() || s.Lapse != nil }
