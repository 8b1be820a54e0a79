package label

import (
	"fmt"
	"time"
)

// A Date is a calendar day in UTC, written YYYY-MM-DD. The zero Date is no day.
type Date struct{ t time.Time }

// NewDate returns the day that year, month and day name.
func NewDate(year int, month time.Month, day int) Date {
	return Date{time.Date(year, month, day, 0, 0, 0, 0, time.UTC)}
}

// DateOf returns the day, in UTC, in which t falls.
func DateOf(t time.Time) Date {
	t = t.UTC()
	return NewDate(t.Year(), t.Month(), t.Day())
}

// ParseDate reads YYYY-MM-DD and nothing else. The zero Date and what lies
// before it cannot be written, so they cannot be read.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || len(s) != len(time.DateOnly) || !t.After(time.Time{}) {
		return Date{}, invalid(ReasonMalformed, "", "%q is not a date of the form 2026-05-31", s)
	}
	return Date{t}, nil
}

func (d Date) IsZero() bool       { return d.t.IsZero() }
func (d Date) Before(e Date) bool { return d.t.Before(e.t) }
func (d Date) After(e Date) bool  { return d.t.After(e.t) }
func (d Date) Compare(e Date) int { return d.t.Compare(e.t) }
func (d Date) Start() time.Time   { return d.t }                  // the instant the day begins
func (d Date) End() time.Time     { return d.t.AddDate(0, 0, 1) } // the instant it is over
func (d Date) AddDays(n int) Date { return Date{d.t.AddDate(0, 0, n)} }
func (d Date) Contains(t time.Time) bool {
	return !t.Before(d.Start()) && t.Before(d.End())
}

// LastDay returns the last day of what ends at an instant: the last one at whose end it
// still counts. Whole is false where that day was over at the instant from, because the
// end comes within a day: then no day is to be named, but the instant.
func LastDay(end, from time.Time) (d Date, whole bool) {
	d = DateOf(end).AddDays(-1)
	return d, !d.Before(DateOf(from))
}

// AddMonths returns the same day n months on, or the last day of that month
// where it is shorter: a year after 29 February is 28 February, not 1 March.
func (d Date) AddMonths(n int) Date {
	y, m, day := d.t.Date()
	last := NewDate(y, m+time.Month(n)+1, 0)
	return NewDate(last.t.Year(), last.t.Month(), min(day, last.t.Day()))
}

func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.t.Format(time.DateOnly)
}

// MarshalText implements [encoding.TextMarshaler].
func (d Date) MarshalText() ([]byte, error) {
	if y := d.t.Year(); y < 1 || y > 9999 {
		return nil, fmt.Errorf("year %d does not fit YYYY-MM-DD", y)
	}
	return []byte(d.String()), nil
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (d *Date) UnmarshalText(b []byte) (err error) {
	*d, err = ParseDate(string(b))
	return err
}

// A Bound names what ends a label's validity.
type Bound string

const (
	BoundSchemeTerm     Bound = "scheme-term"     // the longest term the scheme grants
	BoundSupportEnd     Bound = "support-end"     // the manufacturer's security updates end
	BoundEvidenceExpiry Bound = "evidence-expiry" // a report or declaration it rests on grows too old
	BoundGraceEnd       Bound = "grace-end"       // what was announced to end it does, or what it rests on counts no longer
)

// An End is one instant at which something stops, and what it is.
type End struct {
	At    time.Time
	Bound Bound
}

// EffectiveExpiry returns the earliest of ends; of equal ones the first. Ends
// with a zero time bind nothing.
func EffectiveExpiry(ends ...End) End {
	var first End
	for _, e := range ends {
		if !e.At.IsZero() && (first.At.IsZero() || e.At.Before(first.At)) {
			first = e
		}
	}
	return first
}
