package scheme

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
)

// # Versions
//
// A scheme has versions, each in a file of its own, schemes/ID/VERSION.yaml, and all
// of them stay loaded for ever: a label, its page, an appeal against its refusal and
// what becomes of it are judged by the version that it names, however many have
// followed. A file in use is never edited: labels name its digest.
//
// A version is in force from one day on, and until another day or without end. What
// is new is judged by the version that came into force last, unless the request names
// another that is in force too. So a version that follows can be published before it
// counts, and both can be in force for a while.
//
// What becomes of the labels of a version that ends is that version's own to say, as
// they were issued by it (lifecycle.propagation, for the reason scheme-ended): they
// run on, or end after a time of grace. An operator reports the end when it has come.

// InForce says from when until when what is new is judged by a version of a scheme.
type InForce struct {
	From  label.Date `yaml:"from"`  // first day
	Until label.Date `yaml:"until"` // last day; zero where there is none
}

// At reports whether an instant is within.
func (f InForce) At(t time.Time) bool {
	return !t.Before(f.From.Start()) && (f.Until.IsZero() || t.Before(f.Until.End()))
}

// check refuses an interval that is none.
func (f InForce) check() error {
	switch {
	case f.From.IsZero():
		return fmt.Errorf("needs from: the first day on which is judged by this version")
	case !f.Until.IsZero() && f.Until.Before(f.From):
		return fmt.Errorf("ends before it begins")
	}
	return nil
}

// Scheme returns a version of a scheme, whether or not it is in force; nil where
// there is none.
func (p *Programme) Scheme(id, version string) *Scheme {
	for _, s := range p.Schemes {
		if s.ID == id && s.Version == version {
			return s
		}
	}
	return nil
}

// InForce returns the version of a scheme by which is judged at an instant: of those
// in force the one that came into force last. It is nil where none is.
func (p *Programme) InForce(id string, at time.Time) *Scheme {
	for _, s := range slices.Backward(p.Schemes) {
		if s.ID == id && s.InForce.At(at) {
			return s
		}
	}
	return nil
}

// Judging returns the versions by which is judged at an instant, one of each scheme
// that has one, by ID.
func (p *Programme) Judging(at time.Time) (list []*Scheme) {
	for _, s := range p.Schemes {
		if p.InForce(s.ID, at) == s {
			list = append(list, s)
		}
	}
	return list
}

// Newest returns the version of a scheme that comes into force last; nil where there
// is no such scheme.
func (p *Programme) Newest(id string) *Scheme {
	for _, s := range slices.Backward(p.Schemes) {
		if s.ID == id {
			return s
		}
	}
	return nil
}

// Asked returns the version of a scheme that a request names, as "ID", "ID@VERSION",
// or not at all where there is only one scheme. It has to be in force.
func (p *Programme) Asked(name string, at time.Time) (*Scheme, error) {
	id, version, versioned := strings.Cut(name, "@")
	judging := p.Judging(at)
	if id == "" && len(judging) == 1 {
		id = judging[0].ID
	}
	if p.Newest(id) == nil {
		return nil, label.Errorf(label.NotFound, label.ReasonUnknownScheme, "scheme", "no scheme %q is served; \"labelctl scheme list\" names them", id)
	}
	s := p.InForce(id, at)
	if versioned {
		if s = p.Scheme(id, version); s == nil {
			return nil, label.Errorf(label.NotFound, label.ReasonUnknownScheme, "scheme", "scheme %s has no version %q; \"labelctl scheme list\" lists its versions", id, version)
		}
	}
	switch {
	case s == nil:
		return nil, label.Errorf(label.Precondition, label.ReasonUnknownScheme, "scheme", "no version of scheme %s is in force now; \"labelctl scheme list\" says when its versions are", id)
	case !s.InForce.At(at):
		return nil, label.Errorf(label.Precondition, label.ReasonUnknownScheme, "scheme", "version %s of scheme %s is in force %s", s.Version, id, s.InForce)
	}
	return s, nil
}

// String says when a version is in force.
func (f InForce) String() string {
	if f.Until.IsZero() {
		return "from " + f.From.String() + " on"
	}
	return "from " + f.From.String() + " until " + f.Until.String()
}

// byForce orders schemes by ID, and the versions of one in the order in which they
// come into force.
func byForce(a, b *Scheme) int {
	return cmp.Or(cmp.Compare(a.ID, b.ID), a.InForce.From.Compare(b.InForce.From), cmp.Compare(a.Version, b.Version))
}
