package advisory

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"labeld/internal/label"
)

// A moment is an instant as a document writes it: the date-time of RFC 3339,
// section 5.6, in all its spellings. T and Z may be small letters, a fraction of
// a second may have any number of digits, the zone may be Z or an offset, of
// which -00:00 is UTC as well, and a leap second is 23:59:60 in UTC.
type moment time.Time

// UnmarshalText implements [encoding.TextUnmarshaler].
func (m *moment) UnmarshalText(b []byte) error {
	t, err := parseMoment("", string(b))
	*m = moment(t)
	return err
}

var dateTime = regexp.MustCompile(`^([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]+))?(?:([Zz])|([+-])([0-9]{2}):([0-9]{2}))?)?$`)

// parseMoment reads an instant and returns it in UTC. The package time reads a
// part of these spellings only. Digits beyond nanoseconds are cut off. A leap
// second becomes the second after it, as in POSIX; on which days there was one
// is not looked up, for the list of them grows.
func parseMoment(field, s string) (t time.Time, err error) {
	m := dateTime.FindStringSubmatch(s)
	if m == nil {
		return t, invalid(label.ReasonMalformed, field, "is %q; a date is written with time and zone, such as 2026-10-26T09:00:00Z", clip(label.Readable(s), label.MaxText))
	}
	if m[4] == "" {
		return t, invalid(label.ReasonMalformed, field, "time and time zone are missing after the day %s; write them as in %[1]sT09:00:00Z", s)
	}
	if m[8] == "" && m[9] == "" {
		return t, invalid(label.ReasonMalformed, field,
			"the time zone is missing, so that the instant cannot be told; for UTC write %sZ, else the offset from UTC, such as %[1]s+01:00", clip(s, 40))
	}
	number := func(digits string) int { n, _ := strconv.Atoi(digits); return n }
	year, month, day, hour, minute, second := number(m[1]), number(m[2]), number(m[3]), number(m[4]), number(m[5]), number(m[6])
	nanoseconds := number((m[7] + "000000000")[:9])
	offset := time.Duration(number(m[10]))*time.Hour + time.Duration(number(m[11]))*time.Minute
	if m[9] == "-" {
		offset = -offset
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	minutes := date.Add(time.Duration(hour)*time.Hour + time.Duration(minute)*time.Minute - offset)
	leap := second == 60 && minutes.Hour() == 23 && minutes.Minute() == 59
	switch {
	case date.Month() != time.Month(month) || date.Day() != day:
		err = invalid(label.ReasonMalformed, field, "there is no day %s-%s-%s", m[1], m[2], m[3])
	case hour > 23 || minute > 59 || second > 59 && !leap:
		err = invalid(label.ReasonMalformed, field, "there is no time of day %s:%s:%s; a leap second is 23:59:60 in UTC", m[4], m[5], m[6])
	case number(m[10]) > 23 || number(m[11]) > 59:
		err = invalid(label.ReasonMalformed, field, "there is no offset from UTC of %s%s:%s", m[9], m[10], m[11])
	}
	return minutes.Add(time.Duration(second)*time.Second + time.Duration(nanoseconds)), err
}

// csafDates are the members of a CSAF document that are dates, wherever they
// stand in document.tracking and in vulnerabilities.
var csafDates = []string{"current_release_date", "date", "discovery_date", "initial_release_date", "release_date"}

// checkDates reads all dates of a decoded part of a CSAF document. The schema
// would refuse a bad one too, and not say what is wrong with it.
func checkDates(field string, v any) error {
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			s, text := v[name].(string)
			var err error
			if text && slices.Contains(csafDates, name) {
				_, err = parseMoment(under(field, name), s)
			} else {
				err = checkDates(under(field, name), v[name])
			}
			if err != nil {
				return err
			}
		}
	case []any:
		for i, element := range v {
			if err := checkDates(at(field, i), element); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkMoment requires that t is not ahead of now, and of a time when there were
// advisories.
func checkMoment(field string, t, now time.Time) error {
	if t.After(now.Add(label.MaxClockSkew)) {
		return invalid(label.ReasonInFuture, field, "%s is in the future; send the document when it is released", t.Format(time.RFC3339))
	}
	if t.Year() < 1970 {
		return invalid(label.ReasonOutOfRange, field, "%s is before 1970; write when the document was released", t.Format(time.RFC3339))
	}
	return nil
}
