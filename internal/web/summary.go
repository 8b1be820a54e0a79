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
	summaryGood = "on"
	summaryCare = "care"
	summaryOff  = "off"
)

// A stateSummary is how a label stands in short.
type stateSummary struct{ Text, Class string }

// summarize returns how a label stands in short.
func summarize(lang *pageLanguage, state label.State, s *label.Standing) stateSummary {
	b := stateSummary{lang.Text(stateWords[state]), summaryOff}
	if state != label.Active {
		return b
	}
	b.Class = summaryGood
	add := func(key, more string) {
		b.Text, b.Class = lang.Text(key, "state", b.Text, "more", more), summaryCare
	}
	if s.Review != nil {
		add("state.list", lang.Text("state.review"))
	}
	switch {
	case endsEarly(s):
		_, last := lang.last(s.Ends(), s.At)
		add("state.list", lang.Text("state.until", "date", last))
	case s.Soon:
		add("state.list", lang.Text("state.soon"))
	}
	if s.Support == label.SupportEnded {
		add("state.list", lang.Text("state.no-updates"))
	}
	if concern, _ := notices(lang, s.Advisories); len(concern) > 0 {
		add("state.sentences", concern[0].Headline) // a sentence of its own
	}
	return b
}

// endsEarly reports whether a label that counts ends on a day that was announced, and not
// on the one that it was issued with.
func endsEarly(s *label.Standing) bool { return s.Announced() || s.Lapse != nil }
