package store

import (
	"bytes"

	"labeld/internal/label"
)

// A SchemeVersion is the record of a version of a scheme that devices were judged by.
// What it says is its log entry.
type SchemeVersion struct {
	ID      string       `json:"-"`
	Version string       `json:"-"`
	Index   int64        `json:"index"`
	SHA256  label.Digest `json:"sha256"`          // of its file
	Again   []int64      `json:"again,omitempty"` // later entries, each because another file that judgements by it read had changed
	Ended   label.Digest `json:"ended,omitzero"`  // the event by which it ended
}

// Last returns the log index of the latest entry that says what is judged by the version.
func (s *SchemeVersion) Last() int64 {
	if n := len(s.Again); n > 0 {
		return s.Again[n-1]
	}
	return s.Index
}

func schemeKey(id, version string) []byte { return orgKey(id, []byte(version)...) }

func (s *SchemeVersion) code(c *coder) {
	codeText(c, &s.ID)
	codeText(c, &s.Version)
	c.json(s)
}

func (s *SchemeVersion) edit(e *edits) { e.putJSON(bSchemes, schemeKey(s.ID, s.Version), s) }

// SchemeVersion returns the record of a version of a scheme.
func (v *View) SchemeVersion(id, version string) (*SchemeVersion, error) {
	s, err := getJSON[SchemeVersion](v, bSchemes, schemeKey(id, version))
	if err == nil {
		s.ID, s.Version = id, version
	}
	return s, err
}

// SchemeVersions returns all that devices were judged by, by scheme and version.
func (v *View) SchemeVersions() (list []*SchemeVersion, err error) {
	err = each(v, bSchemes, nil, 0, func(k []byte, s *SchemeVersion) bool {
		id, version, _ := bytes.Cut(k, []byte{0})
		s.ID, s.Version = string(id), string(version)
		list = append(list, s)
		return true
	})
	return list, err
}

func (c *checker) schemes() {
	c.each(bSchemes, func(k, v []byte) {
		s, err := decode[SchemeVersion](bSchemes, k, v)
		if err != nil {
			c.badf("the version of a scheme %q: %v", k, err)
			return
		}
		what := "the version of a scheme " + string(bytes.ReplaceAll(k, []byte{0}, []byte{'@'}))
		c.claims(s.Index, what)
		for _, i := range s.Again {
			c.claims(i, what)
		}
		if !s.Ended.IsZero() {
			c.has(bEvents, s.Ended[:], nil, what)
		}
	})
}
