package label

import (
	"io/fs"
	"time"
)

// A SchemeVersion says which version of a scheme devices are judged by: its name, its
// file, and when it is in force. Predicate of [TypeSchemeVersion], signed by the
// authority, about the file: the SHA-256 of the scheme's data; public and logged before
// anything that is judged by it, so that nobody can say later that other criteria held.
//
// The file of a version never changes. What else a judgement reads can: a fact is added
// to the dictionary, or a category comes to be of another risk. The version is then
// logged once more, with the same reference and the files as they are, before anything
// is judged by them.
type SchemeVersion struct {
	Scheme    SchemeRef  `json:"scheme"`
	Files     []DataFile `json:"files,omitempty"` // the others that a judgement by it reads, ascending by name; statements from before they were named have none
	From      Date       `json:"from"`            // first day on which what is new is judged by it
	Until     Date       `json:"until,omitzero"`  // last day; absent where there is none
	Authority Party      `json:"authority"`
	Recorded  time.Time  `json:"recorded"`
}

// A DataFile is one file of a programme's data.
type DataFile struct {
	Name   string `json:"name"` // below the directory of the data, such as standards/en303645.yaml
	SHA256 Digest `json:"sha256"`
}

// Validate is the linter's view of a version of a scheme.
func (s *SchemeVersion) Validate() error {
	if err := checkSlug("scheme.id", s.Scheme.ID); err != nil {
		return err
	}
	for _, f := range []struct{ field, value string }{{"scheme.version", s.Scheme.Version}, {"scheme.name", s.Scheme.Name}} {
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
	if err := checkFiles(s.Files); err != nil {
		return err
	}
	if err := s.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	return checkRecorded(s.Recorded)
}

func checkFiles(list []DataFile) error {
	if len(list) > MaxSchemeFiles {
		return tooMany("files", len(list), MaxSchemeFiles)
	}
	for i, f := range list {
		switch {
		case !fs.ValidPath(f.Name) || f.Name == "." || len(f.Name) > MaxText:
			return invalid(ReasonMalformed, index("files", i)+".name", "%q is not the name of a file of the programme's data, such as facts.yaml", f.Name)
		case i > 0 && list[i-1].Name >= f.Name:
			return invalid(ReasonNotCanonical, index("files", i)+".name", "must be ascending and without repeats")
		case f.SHA256.IsZero():
			return invalid(ReasonMissing, index("files", i)+".sha256", "is required")
		}
		if err := checkText(index("files", i)+".name", f.Name, MaxText); err != nil {
			return err
		}
	}
	return nil
}
