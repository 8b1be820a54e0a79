package web

import (
	"cmp"
	"html/template"
	"slices"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// A labelEvent is what the page says about one status.
type labelEvent struct {
	Line      template.HTML // what happened, and when
	Day       template.HTML // on which it was recorded
	From      template.HTML // from which on it takes effect, if that is later
	Title     string        // the reason
	Text      string
	Lang      string // of Text
	Author    string // name of the organization that wrote the text; empty where the service did, by the rules of the scheme
	Index     int64  // log entry
	Successor label.ID
}

// line says in one line what happened.
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

// labelEvent returns what the page says about a status; nil for none.
func (h *labelHandler) labelEvent(p shownLabel, s *label.Status) *labelEvent {
	if s == nil {
		return nil
	}
	lang := p.language
	a := &labelEvent{Day: lang.instant(s.Recorded), Text: s.Text, Lang: cmp.Or(s.Language, label.English), Author: h.words.organization(p.Label, s.Author()), Index: p.Indexes[s.Number-1]}
	if r := h.words.programme.Reasons[s.Reason]; r != nil {
		a.Title = lang.Reason(r)
	}
	key := actionDisplays[s.Action].done
	if s.Effective.After(s.Recorded) {
		key, a.From = actionDisplays[s.Action].announced, lang.instant(s.Effective)
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
	if display := advisoryDisplays[s.Advisory.State]; s.Advisory.FixedIn == "" {
		a.Line = a.line(lang, lang.Text(display.plain))
	} else {
		a.Line = a.line(lang, lang.Text(display.version, "version", s.Advisory.FixedIn))
	}
	return a
}

// events returns what happened to a label, the latest first.
func (h *labelHandler) events(p shownLabel) (list []*labelEvent) {
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
