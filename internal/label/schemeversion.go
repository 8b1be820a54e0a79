package label

import "time"

// A SchemeVersion says which version of a scheme devices are judged by: its name, its
// file, and when it is in force. Predicate of [TypeSchemeVersion], signed by the
// authority, about the file: the SHA-256 of the scheme's data; public and logged before
// anything that is judged by it, so that nobody can say later that other criteria held.
type SchemeVersion struct {
	Scheme    SchemeRef `json:"scheme"`
	From      Date      `json:"from"`           // first day on which what is new is judged by it
	Until     Date      `json:"until,omitzero"` // last day; absent where there is none
	Authority Party     `json:"authority"`
	Recorded  time.Time `json:"recorded"`
}

// Validate is the linter's view of a version of a scheme.
func (s *SchemeVersion) Validate() error {
	for _, f := range []struct{ field, value string }{{"scheme.id", s.Scheme.ID}, {"scheme.version", s.Scheme.Version}, {"scheme.name", s.Scheme.Name}} {
		if err := checkText(f.field, f.value, MaxText); err != nil {
			return err
		}
	}
	switch {
	case s.Scheme.SHA256.IsZero():
		return invalid(ReasonMissing, "scheme.sha256", "is required")
	case s.From.IsZero():
		return invalid(ReasonMissing, "from", "is required")
	case !s.Until.IsZero() && s.Until.Before(s.From):
		return invalid(ReasonOutOfRange, "until", "is before from")
	}
	if err := s.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	return checkRecorded(s.Recorded)
}
