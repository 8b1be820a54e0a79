package label

import "time"

// A State is where a label stands at an instant. Security support is a separate
// axis ([SupportState]): a valid label may stand on a product whose updates
// have ended, and the reverse.
type State string

const (
	Active  State = "active"
	Expired State = "expired"
)

// StateAt returns where the label stands at t.
func (l *Label) StateAt(t time.Time) State {
	if !t.Before(l.Expires) {
		return Expired
	}
	return Active
}

// A SupportState says whether the manufacturer still promises security updates.
type SupportState string

const (
	Supported    SupportState = "supported"
	SupportEnded SupportState = "ended"
)

// SupportAt returns where security support stands at t.
func (l *Label) SupportAt(t time.Time) SupportState {
	if !t.Before(l.Product.SupportEnd.End()) {
		return SupportEnded
	}
	return Supported
}

// NextChange returns the first instant after t at which something about the
// label follows from time alone, or the zero time if nothing will.
func (l *Label) NextChange(t time.Time) time.Time {
	var next time.Time
	for _, at := range []time.Time{l.Expires, l.Product.SupportEnd.End()} {
		if at.After(t) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
