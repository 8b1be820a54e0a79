package scheme

import (
	"fmt"
	"slices"
	"time"

	"labeld/internal/label"
)

// A Doubt is a reason of the caller not to take an item at its word, such as a
// lost accreditation or a stolen key, which this package knows nothing of.
type Doubt struct {
	Code string // of the reason: lower-case letters, digits and inner hyphens; decisions repeat it
	Text string // the reason for people, in one line; decisions repeat it

	// Since names what the doubt follows from, such as an event, in words; it may be
	// empty. Decisions do not repeat it.
	Since string

	// Against says that what a report found wrong still counts. Otherwise the
	// item does not count at all.
	Against bool

	// Device is which other device of the product the item is about, or zero where
	// it is about the one that is judged. Undoes says that it can undo what was
	// found wrong with that other one.
	Device label.Digest
	Undoes bool

	// Until is the instant before which the item counts in full all the same, or
	// zero. A label that rests on the item ends then at the latest.
	Until time.Time
}

// doubt returns why the caller does not trust an item at an instant, or nil.
func (it *Item) doubt(now time.Time) *Doubt {
	if it.Doubt == nil || now.Before(it.Doubt.Until) {
		return nil
	}
	return it.Doubt
}

// LastDay returns the last day on which the item counts in full all the same; zero
// where Until is.
func (d *Doubt) LastDay() label.Date {
	if d.Until.IsZero() {
		return label.Date{}
	}
	return label.DateOf(d.Until.Add(-1))
}

// limit returns the doubt that an item counts in spite of, until some day, or nil.
func (it *Item) limit(now time.Time) *Doubt {
	if it.Doubt == nil || !now.Before(it.Doubt.Until) {
		return nil
	}
	return it.Doubt
}

// limited says until when an item counts, and why no longer.
func (d *Doubt) limited() string {
	return fmt.Sprintf("counts until %s and no longer, because it %s", d.LastDay(), d.Text)
}

// Unused is an item that was accepted for the device and does not count in full:
// not at all, only against the device, or only until some day.
type Unused struct {
	Item    *Item
	Code    string     // one of those below, or that of a [Doubt]
	Text    string     // why, in one line
	Against bool       // what it found wrong still counts
	Until   label.Date // last day on which it counts in full, or zero where it does not
}

// Why items do not count.
const (
	OtherStandard = "other-standard" // of a standard that the scheme does not ask for
	OtherEdition  = "other-edition"  // of another edition of the scheme's standard
	OtherVersion  = "other-version"  // a ruling, made by another version of the scheme
	TooOld        = "too-old"        // older than the scheme accepts
	Superseded    = "superseded"     // a declaration, and there is a later one
	Corrected     = "corrected"      // a report that its lab has corrected
	OtherMethod   = "other-method"   // a report by methods that a criterion does not accept that would rest on it
	LaterFinding  = "later-finding"  // a ruling, and a lab found something wrong since
	Admitted      = "admitted"       // a ruling, and the manufacturer itself claims that the criterion fails
)

// unused returns why a statement does not count under the scheme at an instant,
// as far as the statement alone can tell; no code where it counts.
func (s *Scheme) unused(it *Item, now time.Time) (code, text string) {
	switch {
	case it.Standard != s.Standard:
		return OtherStandard, fmt.Sprintf("is about %s; scheme %s asks for %s", it.Standard, s.ID, s.Standard)
	case it.Edition != s.Edition:
		text := fmt.Sprintf("is about edition %s of %s; scheme %s asks for %s", it.Edition, it.Standard, s.ID, s.Edition)
		if it.Source() == Lab {
			text += "; what it found wrong still counts"
		}
		return OtherEdition, text
	case !now.Before(s.expiry(it)):
		text := fmt.Sprintf("is older than the %d months that scheme %s accepts", s.months(it.Source()), s.ID)
		if it.Source() == Lab {
			text += "; what it found wrong still counts"
		}
		return TooOld, text
	}
	return "", ""
}

// A Note says what one statement is worth under one scheme.
type Note struct {
	Scheme  string // ID
	Counts  bool
	Code    string // why it does not count
	Text    string // in one line
	Against bool   // what it finds wrong counts all the same

	// Until is the last day on which it counts, where that is known because of a
	// doubt; Text says why. Otherwise it is zero.
	Until label.Date
}

// Note says for every scheme by which is judged now whether a statement counts, and
// why not, as far as that can be told without the other evidence for its device.
func (p *Programme) Note(it *Item, now time.Time) (notes []Note) {
	for _, s := range p.Judging(now) {
		notes = append(notes, s.Note(it, now))
	}
	return notes
}

// Note is [Programme.Note] for one scheme.
func (s *Scheme) Note(it *Item, now time.Time) Note {
	n := Note{Scheme: s.ID}
	n.Code, n.Text = s.unused(it, now)
	report := it.Source() == Lab
	n.Against = report && n.Code != "" && n.Code != OtherStandard
	d := it.doubt(now)
	switch {
	case d != nil && !d.Against: // it does not count at all, whatever it is about
		n.Code, n.Text, n.Against = d.Code, d.Text, false
	case n.Code == OtherStandard:
	case d != nil:
		n.Code, n.Text, n.Against = d.Code, d.Text, report && d.Against
	case n.Code == "" && report && len(s.beyond(it)) > 0:
		n.Counts, n.Text = true, fmt.Sprintf("counts under scheme %s, but for criteria that ask for %s; what it finds wrong counts for these too", s.ID, join(s.beyond(it)))
	case n.Code == "":
		n.Counts, n.Text = true, fmt.Sprintf("counts under scheme %s", s.ID)
	}
	if d := it.limit(now); n.Counts && d != nil {
		n.Until = d.LastDay()
		n.Text += "; it " + d.limited()
	}
	return n
}

// beyond returns the methods by which alone some criteria of the scheme can be met
// by a laboratory's word, and by none of which a report was made.
func (s *Scheme) beyond(it *Item) (list []label.Method) {
	methods := it.AllMethods()
	for i := range s.Criteria {
		c := &s.Criteria[i]
		if !s.Evidence[c.Evidence].asksLab() || c.accepts(methods) {
			continue
		}
		for _, m := range c.Methods {
			if !slices.Contains(list, m) {
				list = append(list, m)
			}
		}
	}
	return list
}
