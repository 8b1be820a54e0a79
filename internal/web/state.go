package web

import (
	"html/template"
	"slices"
	"time"

	"labeld/internal/label"
)

// A statusSection is the box on the page that says how the label stands. Each state has
// a headline, a colour and a sign of its own.
type statusSection struct {
	State    label.State
	Class    string // class of the box
	Sign     string // in the box, a shape
	Headline string
	Advice   string        // what follows from it for the reader; empty where nothing does
	Fact     template.HTML // since when or until when
	AsOf     string        // the instant that was asked about; empty for the present
	EndOfDay bool          // whether that is the end of a day

	Successor    []template.HTML // what the reader has to know of the label that takes its place, before relying on that
	Later        template.HTML   // the label that was to take its place after the end
	Bound        string          // what ends the validity
	Because      *labelEvent     // why the state is what it is, or why validity ends when it does
	Scheduled    *labelEvent     // an end that was announced
	Early        *labelEvent     // what brought the end forward that would come after the announced one
	EarlyEnd     template.HTML
	Suspension   *labelEvent // the suspension of an expired label that was never ended
	Waits        bool        // the announced end does not come before a review or a suspension ends
	Review       *labelEvent // a review under way
	UpdatesEnded bool        // though the label is valid
	Caveat       string      // the gravest security notice, beside the headline of an active label
	Notice       string      // leads to the security notices; empty where none concerns the product
}

// statusSection returns the box that says how a label stands.
func (h *labelHandler) statusSection(p shownLabel) statusSection {
	display, lang := stateDisplays[p.State], p.language
	s := statusSection{State: p.State, Class: display.class, Sign: display.sign, Scheduled: h.labelEvent(p, p.Scheduled), Review: h.labelEvent(p, p.Review)}
	if p.Because != nil {
		s.Because = h.labelEvent(p, p.Because)
	}
	if p.State == label.Active || p.State == label.Expired {
		s.Because = h.labelEvent(p, p.Lapse)
		s.Bound = lang.Text(bounds[p.ExpiresFor])
		if p.ExpiresFor == label.BoundGraceEnd && !p.Expires.Before(p.Label.Expires) { // the label itself says so
			s.Bound = lang.Text("validity.grace-issued")
		}
	}
	if p.State == label.Expired { // what was open then still is
		for _, hold := range p.Holds {
			if hold.Action == label.Review {
				s.Review = h.labelEvent(p, hold)
			} else {
				s.Suspension = h.labelEvent(p, hold)
			}
		}
	}
	announced := s.Because != nil
	s.Waits = p.Scheduled != nil && !p.Announced()
	if p.Announced() {
		announced = true
		s.Bound, s.Because, s.Early, s.EarlyEnd = "", nil, s.Because, timeElement(lang.last(p.Expires, p.At))
	}
	s.Fact, s.Successor = validity(p), successor(p)
	if next := overtakenReplacement(p); next != nil {
		s.Later = lang.HTML("validity.also-successor", "label", lang.a("/l/"+string(next.Successor.ID), pretty(next.Successor.ID)), "date", lang.instant(next.Effective))
		s.Successor = successorWarnings(p, next.Successor)
	}
	s.Headline = lang.Text(display.now)
	if p.past {
		s.Headline = lang.Text(display.past)
	}
	if p.State == label.Active {
		s.addWarnings(p, announced)
	}
	if advice := display.advice; advice != "" {
		if p.State == label.Superseded && len(s.Successor) > 0 {
			advice = "advice.ended" // and not the new label, which is no good news
		}
		s.Advice = lang.Text(advice)
	}
	if p.past {
		s.showPast(p)
	}
	return s
}

// validity says until when a label is valid, or since when it is not.
func validity(p shownLabel) template.HTML {
	lang := p.language
	since := func(key string, args ...any) template.HTML {
		return lang.HTML(key, append([]any{"date", strong(lang.day(label.DateOf(p.Because.Effective)))}, args...)...)
	}
	_, whole := label.LastDay(p.Ends(), namedFrom(&p.Standing, p.Label))
	date := strong(timeElement(lang.lastNamed(&p.Standing, p.Label)))
	switch p.State {
	case label.Active:
		switch {
		case !whole && p.Announced() && p.Scheduled.Successor != nil:
			id := p.Scheduled.Successor.ID
			return lang.HTML("validity.today-successor", "time", date, "label", lang.a("/l/"+string(id), pretty(id)))
		case !whole:
			return lang.HTML("validity.today", "time", date)
		case p.Announced() && p.Scheduled.Successor != nil:
			id := p.Scheduled.Successor.ID
			return lang.HTML("validity.active-successor", "date", date, "label", lang.a("/l/"+string(id), pretty(id)))
		case p.Announced():
			return lang.HTML("validity.active-withdrawal", "date", date)
		case p.Soon:
			return lang.HTML("validity.active-soon", "date", date)
		}
		return lang.HTML("validity.active", "date", date)
	case label.Expired:
		if !whole {
			return lang.HTML("validity.expired-at", "time", date)
		}
		return lang.HTML("validity.expired", "date", date)
	case label.NotIssued:
		return lang.HTML("validity.not-issued")
	case label.Superseded:
		if id := p.Because.Successor.ID; p.past {
			return since("validity.superseded-by", "label", lang.a("/l/"+string(id), pretty(id)))
		}
	}
	return since(stateDisplays[p.State].since)
}

// successor returns what nobody would expect of the label that took the place of this
// one, or that will: its [successorWarnings], and that it is not active itself. The page
// says this before it leads to that label, and then does not recommend it.
func successor(p shownLabel) []template.HTML {
	link, lang := p.Link(), p.language
	if link == nil {
		return nil
	}
	list := successorWarnings(p, link)
	s := p.Successor
	if s == nil || s.State == label.NotIssued {
		return list
	}
	if b := summarize(lang, s.State, s); b.Class != summaryGood {
		list = append(list, lang.HTML("validity.successor-state", "state", b.Text))
	}
	if s.State == label.Superseded {
		next := s.Because.Successor.ID
		list = append(list, lang.HTML("validity.successor-next", "label", lang.a("/l/"+string(next), pretty(next))))
	}
	return list
}

// successorWarnings say that a label in the place of another is about another product,
// and that its level is lower.
func successorWarnings(p shownLabel, link *label.LabelLink) (list []template.HTML) {
	if link.OtherProduct {
		list = append(list, p.language.HTML("validity.successor-other"))
	}
	if link.Below(p.Label.Level.Number) {
		if p.Label.Level.Presentation == label.NamedClasses {
			list = append(list, p.language.HTML("validity.successor-lower-class"))
		} else {
			list = append(list, p.language.HTML("validity.successor-lower", "number", link.Level, "before", p.Label.Level.Number))
		}
	}
	return list
}

// overtakenReplacement returns the replacement that was announced for a day on which the
// label has ended already, because its end was brought forward later; or nil. Such a
// label has no announced end any more, and yet readers ask which label comes after it.
func overtakenReplacement(p shownLabel) *label.Status {
	if p.State != label.Active && p.State != label.Expired {
		return nil
	}
	for _, s := range slices.Backward(statusesAt(p.Published)) {
		if s.Action == label.Supersede && s.Effective.After(s.Recorded) && !s.Effective.Before(p.Expires) {
			return s
		}
	}
	return nil
}

// addWarnings adds to the box of an active label what may be wrong with it.
func (s *statusSection) addWarnings(p shownLabel, announced bool) {
	s.UpdatesEnded = p.Support == label.SupportEnded
	lang := p.language
	if announced {
		_, last := lang.lastNamed(&p.Standing, p.Label)
		s.Class, s.Sign, s.Headline = classCaution, signClock, lang.Text("state.active-until", "date", last)
		if p.past {
			s.Headline = lang.Text("state.was-active-until", "date", last)
		}
	}
	for _, warning := range []struct {
		applies    bool
		sign, text string
	}{
		{p.Soon && !announced, signClock, lang.Text("state.soon")},
		{s.Review != nil, signLens, lang.Text("state.review")},
		{s.UpdatesEnded, signAlert, lang.Text("state.no-updates")},
	} {
		if warning.applies {
			s.Class, s.Sign = classCaution, warning.sign
			s.Headline = lang.Text("state.list", "state", s.Headline, "more", warning.text)
		}
	}
}

// showPast makes the box one of the past. It does not look like that of any present
// label, because an address that asks about the past can be printed on a product too.
func (s *statusSection) showPast(p shownLabel) {
	s.Class, s.Advice = classPast, ""
	day := label.DateOf(p.At)
	if s.AsOf = p.language.moment(p.At); day.End().Sub(p.At) == time.Second {
		s.AsOf, s.EndOfDay = p.language.Date(day), true
	}
}

// applyNotice puts the gravest notice into the box, before what the label says. The box
// of an active label is not green while a notice concerns its product: somebody who reads
// no further than the colour would take a product with a security flaw for a safe one.
func (s *statusSection) applyNotice(lang *pageLanguage, n advisoryNotice) {
	s.Notice = n.Headline
	if s.State != label.Active || s.AsOf != "" {
		return
	}
	s.Caveat, s.Notice = n.Headline, lang.Text("notice.title")
	if s.Class == classGood {
		s.Class, s.Sign = classCaution, n.Sign
	}
}

// applyComparison gives the boxes their colours after a barcode number was compared. Of
// another product the label says nothing, so that the box has neither green nor a tick.
// That it is the same product is no good news where the label is not active.
func (s *statusSection) applyComparison(c *gtinComparison) {
	switch {
	case !c.Same && s.State == label.Active:
		s.Class, s.Sign = classAside, ""
	case c.Same && s.Class == classGood:
		c.Class = classGood
	case c.Same:
		c.Class = classAside
	}
}

// title returns the headline as it is in the title of the page, without the box.
func (s *statusSection) title(lang *pageLanguage) string {
	if s.Caveat != "" {
		return lang.Text("state.list", "state", s.Headline, "more", s.Notice)
	}
	if s.AsOf == "" {
		return s.Headline
	}
	return lang.Text("state.title-as-of", "state", s.Headline, "instant", s.AsOf)
}
