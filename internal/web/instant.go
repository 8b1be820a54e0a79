package web

import (
	"net/url"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/qr"
)

// settleTime is how long after an instant a change that was decided before the instant
// may still be on its way.
const settleTime = time.Minute

// asOf returns a representation of a label as it stood at an instant. It is rendered
// for each request, because few ask for the same instant and because the answer must not
// be taken for the present.
func (h *labelHandler) asOf(p shownLabel, form *representation, t time.Time) (*body, error) {
	p.Published = p.As(t)
	b, err := form.render(h, p)
	if err != nil {
		return nil, err
	}
	b.cache = cacheAt(t, h.labels.Now())
	b.link = []string{"<" + qr.URL(h.base, p.Label.ID) + `>; rel="latest-version"`} // RFC 5829
	return b, nil
}

// cacheAt returns for how long an answer about an instant may be kept.
func cacheAt(t, now time.Time) []string {
	if now.Sub(t) < settleTime {
		return cacheLabel
	}
	return cacheHour
}

// parseInstant reads the instant that a query asks about, in whole seconds. A day
// stands for its last second. Past is false for the present: where nothing is
// asked, and for the day that it is now.
func parseInstant(query string, now time.Time) (at time.Time, past bool, err error) {
	given := parameters(query, "at")
	switch len(given) {
	case 0:
		return time.Time{}, false, nil
	case 1:
	default:
		return time.Time{}, false, badInstant(label.ReasonDuplicateKey, "%d instants are given; ask about one", len(given))
	}
	s := given[0]
	if day, err := label.ParseDate(s); err == nil {
		if day == label.DateOf(now) {
			return time.Time{}, false, nil
		}
		at = day.End().Add(-time.Second)
	} else if at, err = time.Parse(time.RFC3339, s); err != nil {
		return time.Time{}, false, badInstant(label.ReasonMalformed, "%q is no day such as 2026-05-31, and no instant such as 2026-05-31T12:00:00Z", clip(s))
	}
	at = at.UTC().Truncate(time.Second)
	switch {
	case at.After(now):
		return time.Time{}, false, badInstant(label.ReasonInFuture, "%s is still to come: here it is %s, and days end at midnight UTC", clip(s), now.UTC().Format("2006-01-02 15:04 UTC"))
	case !at.After(time.Time{}): // the years before 1 have no four digits
		return time.Time{}, false, badInstant(label.ReasonOutOfRange, "%s is before the year 1", clip(s))
	}
	return at, true, nil
}

// badInstant refuses an instant and names the ways on.
func badInstant(reason label.Reason, format string, args ...any) error {
	return label.Errorf(label.Invalid, reason, "at", format+". Leave the day out to see how the label stands now", args...)
}

// dayOf returns the day that a query asks about, also where the day is refused, or nothing
// where the query names no day.
func dayOf(query string) string {
	given := parameters(query, "at")
	if len(given) != 1 {
		return ""
	}
	s := given[0] // the day, or an instant that begins with it
	day, err := label.ParseDate(s[:min(len(s), len(time.DateOnly))])
	if err != nil {
		return ""
	}
	return day.String()
}

// parameters returns the values of one parameter of a query. Unlike [url.ParseQuery] it
// drops no malformed value, because a request about an instant must not be answered with
// the present. Plus signs stay, as in +02:00.
func parameters(query, name string) (values []string) {
	for pair := range strings.SplitSeq(qr.Unescape(query), "&") {
		key, v, _ := strings.Cut(pair, "=")
		if key != name {
			continue
		}
		if plain, err := url.PathUnescape(v); err == nil {
			v = plain
		}
		values = append(values, v)
	}
	return values
}
