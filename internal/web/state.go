package web

import (
	"cmp"
	"html/template"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// A standing is what the page says of how the label stands. Each state has a
// headline, a colour and a sign of its own: the colour alone says nothing to
// many people, and nothing on paper.
type statusSection struct {
	State    label.State
	Class    string // class of the box
	Sign     string // in the box, a shape
	Headline string
	Advice   string        // what follows from it for whoever looks; empty where nothing does
	Fact     template.HTML // since when or until when
	AsOf     string        // the instant that was asked about; empty for the present
	EndOfDay bool          // whether that is the end of a day

	Successor    []template.HTML // what somebody has to know of the label that takes its place, before they rely on that
	Later        template.HTML   // the label that was to take its place after the end
	Bound        string          // what ends the validity
	Because      *labelEvent     // why the state is what it is, or why validity ends when it does
	Scheduled    *labelEvent     // an end that was announced
	Early        *labelEvent     // what brought the end forward that would come after the announced one
	EarlyEnd     template.HTML
	Suspension   *labelEvent // the suspension of an expired label, which nobody has settled
	Waits        bool        // the announced end does not come before something is settled
	Review       *labelEvent // a review under way
	UpdatesEnded bool        // though the label is valid
	Caveat       string      // what the gravest security notice takes from a label that counts
	Notice       string      // leads to the security notices; empty where none concerns the product
}

// A labelEvent is what the page tells of one status.
type labelEvent struct {
	Line      template.HTML // what happened, and when
	Day       template.HTML // on which it was recorded
	From      template.HTML // from which on it takes effect, if that is later
	Title     string        // the reason
	Text      string
	Author    string // name of the organization whose words the text is; empty where it is by rule
	Index     int64  // log entry
	Successor label.ID
}

// line tells what happened in one line.
func (a *labelEvent) line(lang *pageLanguage, what string) template.HTML {
	text := strong(what)
	if a.From != "" {
		text += " " + lang.HTML("event.for", "date", a.From)
	}
	if a.Successor != "" {
		text += ", " + lang.a("/l/"+string(a.Successor), pretty(a.Successor))
	}
	return lang.HTML("event.on", "date", a.Day, "what", text)
}

// A stateDisplay is how a state looks: now and then, and what follows from it, are
// messages.
type stateDisplay struct{ class, sign, now, then, advice string }

var stateDisplays = map[label.State]stateDisplay{
	label.NotIssued:  {"past", "clock", "state.not-issued", "state.was-not-issued", ""},
	label.Active:     {"good", "check", "state.active", "state.was-active", ""},
	label.Expired:    {"ended", "hourglass", "state.expired", "state.was-expired", "advice.expired"},
	label.Suspended:  {"pause", "pause", "state.suspended", "state.was-suspended", "advice.suspended"},
	label.Revoked:    {"stop", "cross", "state.revoked", "state.was-revoked", "advice.ended"},
	label.Withdrawn:  {"over", "minus", "state.withdrawn", "state.was-withdrawn", "advice.ended"},
	label.Superseded: {"moved", "arrow", "state.superseded", "state.was-superseded", "advice.superseded"},
}

// bounds say what ends a label's validity.
var bounds = map[label.Bound]string{
	label.BoundSchemeTerm:     "validity.scheme-term",
	label.BoundSupportEnd:     "validity.support-end",
	label.BoundEvidenceExpiry: "validity.evidence-expiry",
	label.BoundGraceEnd:       "validity.grace-end",
}

func (h *Handler) statusSection(p shownLabel) statusSection {
	f, lang := stateDisplays[p.State], p.language
	s := statusSection{State: p.State, Class: f.class, Sign: f.sign, Scheduled: h.labelEvent(p, p.Scheduled), Review: h.labelEvent(p, p.Review)}
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
	if next := overtaken(p); next != nil {
		s.Later = lang.HTML("validity.also-successor", "label", lang.a("/l/"+string(next.Successor.ID), pretty(next.Successor.ID)), "date", lang.instant(next.Effective))
		s.Successor = warnings(p, next.Successor)
	}
	s.Headline = lang.Text(f.now)
	if p.past {
		s.Headline = lang.Text(f.then)
	}
	if p.State == label.Active {
		s.addWarnings(p, announced)
	}
	if advice := f.advice; advice != "" {
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
	case label.Suspended:
		return since("validity.suspended")
	case label.Revoked:
		return since("validity.revoked")
	case label.Withdrawn:
		return since("validity.withdrawn")
	case label.Superseded:
		if id := p.Because.Successor.ID; p.past {
			return since("validity.superseded-by", "label", lang.a("/l/"+string(id), pretty(id)))
		}
		return since("validity.superseded")
	}
	return lang.HTML("validity.not-issued")
}

// successor says of the label that took the place of this one, or is to, what nobody
// would expect: its [warnings], and that it does not count itself. A page says this
// before it leads to that label, and then recommends it no more.
func successor(p shownLabel) []template.HTML {
	link, lang := p.Link(), p.language
	if link == nil {
		return nil
	}
	list := warnings(p, link)
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

// warnings say that a label in the place of another is about another product, and that
// its level is lower.
func warnings(p shownLabel, link *label.LabelLink) (list []template.HTML) {
	if link.OtherProduct {
		list = append(list, p.language.HTML("validity.successor-other"))
	}
	if link.Below(p.Label.Level.Number) {
		list = append(list, p.language.HTML("validity.successor-lower", "number", link.Level, "before", p.Label.Level.Number))
	}
	return list
}

// overtaken returns the replacement that was announced for a day on which the label has
// ended already, because its end was brought forward later; or nil. Such a label has no
// announced end any more, and yet somebody asks what comes after it.
func overtaken(p shownLabel) *label.Status {
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

// addWarnings tells of a label that counts what may be wrong with it all the same.
func (s *statusSection) addWarnings(p shownLabel, announced bool) {
	s.UpdatesEnded = p.Support == label.SupportEnded
	lang := p.language
	if announced {
		_, last := lang.lastNamed(&p.Standing, p.Label)
		s.Class, s.Sign, s.Headline = "caution", "clock", lang.Text("state.active-until", "date", last)
		if p.past {
			s.Headline = lang.Text("state.was-active-until", "date", last)
		}
	}
	for _, q := range []struct {
		so         bool
		sign, more string
	}{
		{p.Soon && !announced, "clock", lang.Text("state.soon")},
		{s.Review != nil, "lens", lang.Text("state.review")},
		{s.UpdatesEnded, "alert", lang.Text("state.no-updates")},
	} {
		if q.so {
			s.Class, s.Sign = "caution", q.sign
			s.Headline = lang.Text("state.list", "state", s.Headline, "more", q.more)
		}
	}
}

// showPast makes the standing one of the past. However the label stood, it
// does not look like a label that stands so now: an address that asks about the
// past can be printed on a product too.
func (s *statusSection) showPast(p shownLabel) {
	s.Class, s.Advice = "past", ""
	day := label.DateOf(p.At)
	if s.AsOf = p.language.moment(p.At); day.End().Sub(p.At) == time.Second {
		s.AsOf, s.EndOfDay = p.language.Date(day), true
	}
}

// applyNotice has the gravest notice speak before the label does. A label that counts is
// not green while a notice concerns its product: whoever reads no further than
// the colour would take a product with a hole for a safe one.
func (s *statusSection) applyNotice(lang *pageLanguage, n advisoryNotice) {
	s.Notice = n.Headline
	if s.State != label.Active || s.AsOf != "" {
		return
	}
	s.Caveat, s.Notice = n.Headline, lang.Text("notice.title")
	if s.Class == stateDisplays[label.Active].class {
		s.Class, s.Sign = "caution", n.Sign
	}
}

// compared gives the colours that are left after somebody compared the barcode
// number of what they hold. Of another product the label says nothing, so that
// neither green nor a tick may. The same product is no good news where the label
// does not count.
func (s *statusSection) applyComparison(h *gtinComparison) {
	good := stateDisplays[label.Active].class
	switch {
	case !h.Same && s.State == label.Active:
		s.Class, s.Sign = "aside", ""
	case h.Same && s.Class == good:
		h.Class = good
	case h.Same:
		h.Class = "aside"
	}
}

// title returns the headline for where it stands alone.
func (s *statusSection) title(lang *pageLanguage) string {
	if s.Caveat != "" {
		return lang.Text("state.list", "state", s.Headline, "more", s.Notice)
	}
	if s.AsOf == "" {
		return s.Headline
	}
	return lang.Text("state.title-as-of", "state", s.Headline, "instant", s.AsOf)
}

// happened says what a status is, announced what one is that takes effect later,
// and advised how an advisory says the product stands, with the version that
// mends it and without.
var (
	happened = map[label.Action]string{
		label.Suspend: "event.suspend", label.Reinstate: "event.reinstate", label.Revoke: "event.revoke", label.Withdraw: "event.withdraw",
		label.Supersede: "event.supersede", label.Lapse: "event.lapse", label.Review: "event.review", label.Clear: "event.clear",
		label.Release: "event.release",
	}
	announced = map[label.Action]string{
		label.Withdraw: "event.withdraw-announced", label.Supersede: "event.supersede-announced", label.Lapse: "event.lapse-announced",
	}
	advised = map[string][2]string{
		"affected": {"event.advise-affected", "event.advise-version"}, "fixed": {"event.advise-fixed", "event.advise-fixed-version"},
		"not-affected": {"event.advise-not-affected", "event.advise-fixed-version"}, "under-investigation": {"event.advise-investigating", "event.advise-version"},
	}
)

func (h *Handler) labelEvent(p shownLabel, s *label.Status) *labelEvent {
	if s == nil {
		return nil
	}
	lang := p.language
	a := &labelEvent{Day: lang.instant(s.Recorded), Text: s.Text, Author: h.nameOf(p.Label, s.Author()), Index: p.Indexes[s.Number-1]}
	if r := h.a.Programme().Reasons[s.Reason]; r != nil {
		a.Title = lang.Reason(r)
	}
	key := happened[s.Action]
	if s.Effective.After(s.Recorded) {
		key, a.From = announced[s.Action], lang.instant(s.Effective)
	}
	if s.Successor != nil {
		a.Successor = s.Successor.ID
	}
	if s.Advisory == nil {
		a.Line = a.line(lang, lang.Text(key))
		return a
	}
	if a.Title = s.Advisory.Title; !s.Advisory.Titled() {
		a.Title = lang.Text("notice.untitled", "id", s.Advisory.ID)
	}
	if keys := advised[s.Advisory.State]; s.Advisory.FixedIn == "" {
		a.Line = a.line(lang, lang.Text(keys[0]))
	} else {
		a.Line = a.line(lang, lang.Text(keys[1], "version", s.Advisory.FixedIn))
	}
	return a
}

// events tells what happened to a label, the latest first.
func (h *Handler) events(p shownLabel) (list []*labelEvent) {
	for _, s := range slices.Backward(statusesAt(p.Published)) {
		list = append(list, h.labelEvent(p, s))
	}
	return list
}

// An entry is an entry of the log, and the address of the shortest bundle of
// entries that ends with it.
type entry struct {
	Index int64
	Href  string
}

func newEntry(index int64) entry {
	t := translog.Tile{Level: translog.EntriesLevel, N: index / translog.TileWidth, Width: int(index%translog.TileWidth) + 1}
	return entry{index, "/log/" + t.Path()}
}

// entries returns the log entries of a label and of what happened to it.
func entries(p shownLabel) []entry {
	list := []entry{newEntry(p.Index)}
	for i := range statusesAt(p.Published) {
		list = append(list, newEntry(p.Indexes[i]))
	}
	return list
}

// A advisoryNotice is what the page says of an advisory.
type advisoryNotice struct {
	*label.AdvisoryRef
	Class, Sign string
	Headline    string
	Severity    string
	Do          template.HTML // what the owner should do
	Quote       template.HTML // what the publisher says to that
	Untitled    template.HTML // stands for the title of a document that has none
	About       template.HTML
	Publisher   string // name of the organization that published it
	Page        link
	rank        int    // 0 is the gravest
	author      string // ID of the organization that published it
}

// noConcern is the rank of advisories about other products.
const noConcern = 3

// notices returns the advisories that concern the product, the gravest and then
// the latest first, and those that turned out not to.
func notices(lang *pageLanguage, advisories []*label.Status) (concern, others []advisoryNotice) {
	var list []advisoryNotice
	for _, s := range slices.Backward(advisories) {
		list = append(list, newAdvisoryNotice(lang, s))
	}
	slices.SortStableFunc(list, func(a, b advisoryNotice) int { return cmp.Compare(a.rank, b.rank) })
	n := slices.IndexFunc(list, func(n advisoryNotice) bool { return n.rank == noConcern })
	if n < 0 {
		n = len(list)
	}
	return list[:n], list[n:]
}

// severities are those of CVSS.
var severities = map[string]string{"low": "notice.low", "medium": "notice.medium", "high": "notice.high", "critical": "notice.critical"}

func newAdvisoryNotice(lang *pageLanguage, s *label.Status) advisoryNotice {
	a := s.Advisory
	n := advisoryNotice{AdvisoryRef: a, Class: "caution", Sign: "alert", author: s.Author()}
	if !a.Titled() {
		n.Untitled = lang.HTML("notice.untitled", "id", mark(a.ID))
	}
	day := lang.day(label.DateOf(s.Recorded))
	if len(a.Issues) == 0 {
		n.About = lang.HTML("notice.about", "id", mark(a.ID), "date", day)
	} else {
		var issues []template.HTML
		for _, s := range a.Issues {
			issues = append(issues, mark(s))
		}
		list := lang.list(issues)
		if a.More > 0 {
			list = lang.HTML("notice.issues-more", "issues", list, "count", a.More)
		}
		n.About = lang.HTML("notice.about-issues", "id", mark(a.ID), "issues", list, "date", day)
	}
	if key := severities[strings.ToLower(a.Severity)]; key != "" {
		n.Severity = lang.Text("notice.severity", "severity", lang.Text(key))
	}
	if a.URL != "" {
		n.Page = newLink(a.URL)
	}
	switch {
	case !a.Concerns():
		n.Class, n.Sign, n.Headline, n.rank = "good", "check", lang.Text("notice.not-affected"), noConcern
	case a.State == "under-investigation":
		n.Sign, n.Headline, n.rank = "lens", lang.Text("notice.investigating"), 2
	case a.FixedIn != "":
		n.Headline, n.rank = lang.Text("notice.version", "version", a.FixedIn), 1
	case a.State == "fixed":
		n.Headline, n.rank = lang.Text("notice.fixed"), 1
	case a.Advice == label.AdviceNoFixPlanned:
		n.Class, n.Headline = "stop", lang.Text("notice.unplanned")
	default:
		n.Class, n.Headline = "stop", lang.Text("notice.affected")
	}
	n.advise(lang)
	return n
}

// remedies say what to do. What is to follow the publisher's words is said by them
// alone.
var remedies = map[label.Advice]string{
	label.AdviceAwait: "notice.await", label.AdviceHasFix: "notice.has-fix", label.AdviceUnaffected: "notice.unaffected",
	label.AdviceUpdateTo: "notice.update-to", label.AdviceUpdate: "notice.update", label.AdviceNoUpdateYet: "notice.no-update-yet",
	label.AdviceNoFixPlanned: "notice.no-fix-planned", label.AdviceAsk: "notice.ask",
}

// advise says what the owner should do in the reader's language, and quotes beside it
// what the publisher says, in its own.
func (n *advisoryNotice) advise(lang *pageLanguage) {
	if key := remedies[n.Advice]; key == "notice.update-to" {
		n.Do = lang.HTML("notice.update-to", "version", n.FixedIn)
	} else if key != "" {
		n.Do = lang.HTML(key)
	}
	if n.Words != "" {
		n.Quote = lang.HTML("notice.words", "words", foreign(n.Words, n.Language))
	}
}

// Original is the title, in the language of the document; or what stands for it in the
// reader's language, where the document has none.
func (n *advisoryNotice) Original() template.HTML {
	if n.Untitled != "" {
		return n.Untitled
	}
	return foreign(n.Title, n.Language)
}

// foreign marks what others wrote, for those who have pages read aloud or hyphenated:
// it is in their language and not in that of the page, and which one that is may be
// unknown (lang="").
func foreign(text, language string) template.HTML {
	return template.HTML(`<bdi lang="` + template.HTMLEscapeString(language) + `">` + template.HTMLEscapeString(text) + "</bdi>")
}
