package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/translog"
)

// A standing is what the page says of how the label stands. Each state has a
// headline, a colour and a sign of its own: the colour alone says nothing to
// many people, and nothing on paper.
type standing struct {
	State    label.State
	Tone     string // class of the box
	Sign     string // in the box, a shape
	Headline string
	Advice   string // what follows from it for whoever looks; empty where nothing does
	AsOf     string // the instant that was asked about; empty for the present
	EndOfDay bool   // whether that is the end of a day

	Since, Last  day      // in this state since; last day of validity
	Soon         bool     // whether that day is near
	Bound        string   // what ends the validity
	Because      *account // why the state is what it is, or why validity ends when it does
	Scheduled    *account // an end that was announced for a later day
	Review       *account // a review under way
	UpdatesEnded bool     // though the label is valid
	Notice       string   // the gravest security notice, in short
}

// An account is what the page tells of one status.
type account struct {
	What      string // happened
	On        day    // on which it was recorded
	From      *day   // from which on it takes effect, if that is later
	Title     string // the reason
	Text      string
	Index     int64 // log entry
	Successor label.ID
}

// A face is how a state looks.
type face struct{ tone, sign, now, then, advice string }

var faces = map[label.State]face{
	label.NotIssued:  {"past", "clock", "NOT ISSUED yet", "It was NOT ISSUED yet", ""},
	label.Active:     {"good", "check", "Valid label", "It was valid", ""},
	label.Expired:    {"ended", "hourglass", "EXPIRED label", "It was EXPIRED", "Do not rely on it."},
	label.Suspended:  {"pause", "pause", "SUSPENDED label", "It was SUSPENDED", "Do not rely on it: for now it does not count."},
	label.Revoked:    {"stop", "cross", "REVOKED label", "It was REVOKED", "Do not rely on it. It will not become valid again."},
	label.Withdrawn:  {"over", "minus", "WITHDRAWN label", "It was WITHDRAWN", "Do not rely on it. It will not become valid again."},
	label.Superseded: {"moved", "arrow", "SUPERSEDED by a new label", "It was SUPERSEDED", "This label no longer counts. See what the new one says."},
}

// bounds say what ends a label's validity.
var bounds = map[label.Bound]string{
	label.BoundSchemeTerm:     "This is the longest that the scheme lets a label run.",
	label.BoundSupportEnd:     "The manufacturer's security updates end then.",
	label.BoundEvidenceExpiry: "The tests or statements it rests on are too old after that.",
	label.BoundGraceEnd:       "The authority brought the end forward; the signed label still names a later day.",
}

func (h *Handler) standing(p look) standing {
	f := faces[p.State]
	s := standing{
		State: p.State, Tone: f.tone, Sign: f.sign, Headline: f.now, Advice: f.advice,
		Last: lastDay(p.Expires), Soon: p.Soon, Bound: bounds[p.ExpiresFor], Scheduled: h.account(p, p.Scheduled), Review: h.account(p, p.Review),
	}
	if p.Because != nil {
		s.Since, s.Because = newDay(label.DateOf(p.Because.Effective)), h.account(p, p.Because)
	}
	if p.State == label.Active || p.State == label.Expired {
		s.Because = h.account(p, lapse(p))
	}
	if p.State == label.Active {
		s.qualify(p)
	}
	if p.past {
		s.turnBack(p, f)
	}
	return s
}

// qualify tells of a label that counts what may be wrong with it all the same.
func (s *standing) qualify(p look) {
	announced := s.Because != nil
	if p.Scheduled != nil {
		s.Last, s.Bound, s.Because, announced = lastDay(p.Scheduled.Effective), "", nil, true
	}
	s.UpdatesEnded = p.Support == label.SupportEnded
	for _, q := range []struct {
		so         bool
		sign, says string
	}{
		{announced, "clock", " until " + s.Last.Words},
		{p.Soon && !announced, "clock", ", expires soon"},
		{s.Review != nil, "lens", ", UNDER REVIEW"},
		{s.UpdatesEnded, "alert", ", NO MORE UPDATES"},
	} {
		if q.so {
			s.Tone, s.Sign = "caution", q.sign
			s.Headline += q.says
		}
	}
}

// turnBack makes the standing one of the past. However the label stood, it
// does not look like a label that stands so now: an address that asks about the
// past can be printed on a product too.
func (s *standing) turnBack(p look, f face) {
	s.Tone, s.Advice = "past", ""
	s.Headline = f.then + strings.TrimPrefix(s.Headline, f.now)
	s.AsOf = p.At.Format("2 January 2006, 15:04:05 UTC")
	if end := label.DateOf(p.At).End(); end.Sub(p.At) == time.Second {
		s.AsOf, s.EndOfDay = p.At.Format("2 January 2006"), true
	}
}

// title returns the headline for where it stands alone.
func (s *standing) title() string {
	if s.AsOf == "" {
		return s.Headline
	}
	return s.Headline + " (as of " + s.AsOf + ")"
}

// lapse returns what brought a label's end forward to where it is, or nil.
func lapse(p look) *label.Status {
	for _, s := range known(p.Published) {
		if p.ExpiresFor == label.BoundGraceEnd && s.Action == label.Lapse && s.Effective.Equal(p.Expires) {
			return s
		}
	}
	return nil
}

// happened says what a status is, announced what one is that takes effect later,
// and advised how an advisory says the product stands.
var (
	happened = map[label.Action]string{
		label.Suspend: "Suspended", label.Reinstate: "Suspension ended", label.Revoke: "Revoked", label.Withdraw: "Withdrawn by the manufacturer",
		label.Supersede: "Superseded by a new label", label.Lapse: "Ended early", label.Review: "Review begun", label.Clear: "Review ended",
		label.Advise: "Security notice",
	}
	announced = map[label.Action]string{
		label.Withdraw: "Withdrawal announced", label.Supersede: "Replacement announced", label.Lapse: "Earlier end announced",
	}
	advised = map[string]string{
		"affected": "affected", "fixed": "mended", "not-affected": "not affected", "under-investigation": "being looked into",
	}
)

func (h *Handler) account(p look, s *label.Status) *account {
	if s == nil {
		return nil
	}
	a := &account{
		What: happened[s.Action], On: newInstant(s.Recorded),
		Title: h.title(s), Text: s.Text, Index: p.Indexes[s.Number-1],
	}
	if s.Effective.After(s.Recorded) {
		from := newInstant(s.Effective)
		a.What, a.From = announced[s.Action], &from
	}
	if s.Successor != nil {
		a.Successor = s.Successor.ID
	}
	if s.Advisory != nil {
		a.What += ": " + advised[s.Advisory.State]
		if s.Advisory.FixedIn != "" {
			a.What += ", mended from version " + s.Advisory.FixedIn + " on"
		}
		a.Title = s.Advisory.Title
	}
	return a
}

// events tells what happened to a label, the latest first.
func (h *Handler) events(p look) (list []*account) {
	for _, s := range slices.Backward(known(p.Published)) {
		list = append(list, h.account(p, s))
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
func entries(p look) []entry {
	list := []entry{newEntry(p.Index)}
	for i := range known(p.Published) {
		list = append(list, newEntry(p.Indexes[i]))
	}
	return list
}

// A caution is what the page says of an advisory.
type caution struct {
	*label.AdvisoryRef
	Tone, Sign string
	Headline   string
	On         day
	Page       link
	rank       int // 0 is the gravest
}

// noConcern is the rank of advisories about other products.
const noConcern = 3

// notices returns the advisories that concern the product, the gravest and then
// the latest first, and those that turned out not to.
func notices(p look) (concern, others []caution) {
	var list []caution
	for _, s := range slices.Backward(p.Advisories) {
		list = append(list, newCaution(s))
	}
	slices.SortStableFunc(list, func(a, b caution) int { return cmp.Compare(a.rank, b.rank) })
	n := slices.IndexFunc(list, func(n caution) bool { return n.rank == noConcern })
	if n < 0 {
		n = len(list)
	}
	return list[:n], list[n:]
}

func newCaution(s *label.Status) caution {
	a := s.Advisory
	n := caution{AdvisoryRef: a, Tone: "caution", Sign: "alert", On: newDay(label.DateOf(s.Recorded))}
	if a.URL != "" {
		n.Page = newLink(a.URL)
	}
	switch {
	case a.State == "not-affected":
		n.Tone, n.Sign, n.Headline, n.rank = "good", "check", "This product is not affected", noConcern
	case a.State == "under-investigation":
		n.Sign, n.Headline, n.rank = "lens", "The manufacturer is finding out whether this product is affected", 2
	case a.FixedIn != "":
		n.Headline, n.rank = "You need version "+a.FixedIn+" or later", 1
	case a.State == "fixed":
		n.Headline, n.rank = "Mended by an update: install the latest version", 1
	default:
		n.Tone, n.Headline = "stop", "This product is affected, and nothing mends it yet"
	}
	return n
}
