package web

import (
	"labeld/internal/label"
)

// Lists, comparisons and badges show the status of a label in short. What a reader should
// know about an active label is there too: that it is under review, that it ends soon or
// on a day that was announced, that there are no more updates, and the gravest notice that
// concerns the product. Where the page of the label is amber, no summary of it is green.

// Classes of summaries, which are colours in page/style.css and on badges.
const (
	summaryGood    = "on"
	summaryCaution = "care"
	summaryBad     = "off"
)

// A stateSummary is the status of a label in short.
type stateSummary struct{ Text, Class string }

// summarize returns the status of a label in short.
func summarize(lang *pageLanguage, state label.State, s *label.Standing) stateSummary {
	summary := stateSummary{lang.Text(stateDisplays[state].short), summaryBad}
	if state != label.Active {
		return summary
	}
	summary.Class = summaryGood
	add := func(key, more string) {
		summary.Text, summary.Class = lang.Text(key, "state", summary.Text, "more", more), summaryCaution
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
	return summary
}

// endsEarly reports whether an active label ends on a day that was announced, and not on
// the one that it was issued with.
func endsEarly(s *label.Standing) bool { return s.Announced() || s.Lapse != nil }
