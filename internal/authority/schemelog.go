package authority

import (
	"errors"
	"fmt"
	"math"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// logScheme adds to a batch that devices are judged by a version of a scheme, before
// the first label or refusal that is: signed and logged, with the digest of its file. A
// version whose file is another by now judges nothing: what was logged would be of other
// criteria.
func (a *Issuing) logScheme(v *store.View, b *batch, ref label.SchemeRef) error {
	rec, err := loggedScheme(v, b, ref.ID, ref.Version)
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case rec.SHA256 != ref.SHA256:
		return label.Errorf(label.Precondition, label.ReasonUnknownScheme, "scheme",
			"version %s of scheme %s was logged with SHA-256 %s (log entry %d), and its file has %s now; the operator has to give what was changed another version, or put the file back", ref.Version, ref.ID, rec.SHA256, rec.Index, ref.SHA256)
	case !rec.Ended.IsZero():
		return label.Errorf(label.Precondition, label.ReasonUnknownScheme, "scheme",
			"version %s of scheme %s has ended, by event %s, and nothing new is judged by it; name the version in force (\"labelctl scheme list\"), or none", ref.Version, ref.ID, rec.Ended)
	default:
		return nil
	}
	s := a.programme.Scheme(ref.ID, ref.Version)
	if s == nil {
		return fmt.Errorf("version %s of scheme %s is not loaded", ref.Version, ref.ID)
	}
	_, entry, err := b.sign(a.issuer.SchemeVersion(&label.SchemeVersion{
		Scheme: ref, From: s.InForce.From, Until: s.InForce.Until, Recorded: b.Recorded.UTC().Truncate(time.Second),
	}))
	if err != nil {
		return err
	}
	b.Add(&store.SchemeVersion{ID: ref.ID, Version: ref.Version, Index: b.index(), SHA256: ref.SHA256})
	b.log(entry)
	return nil
}

// loggedScheme returns the record of a version of a scheme, as the batch leaves it.
func loggedScheme(v *store.View, b *batch, id, version string) (*store.SchemeVersion, error) {
	rec, err := v.SchemeVersion(id, version)
	for w := range store.Writes[*store.SchemeVersion](&b.Batch) { // of other ops
		if w.ID == id && w.Version == version {
			rec, err = w, nil
		}
	}
	return rec, err
}

// endScheme adds to a batch that a version of a scheme has ended: nothing new is judged
// by it, although its file says that it is in force. One that has judged nothing is
// logged for that. A version that is not loaded judges nothing in any case.
func (a *Issuing) endScheme(v *store.View, b *batch, e *label.Event, event label.Digest) error {
	s := a.programme.Scheme(e.Scheme, e.Version)
	if s == nil {
		return nil
	}
	if err := a.logScheme(v, b, s.Ref()); err != nil {
		return err
	}
	rec, err := loggedScheme(v, b, s.ID, s.Version)
	if err != nil {
		return err
	}
	ended := *rec
	ended.Ended = event
	b.Add(&ended)
	return nil
}

// schemes checks the versions of schemes that were logged, and remembers them for the
// labels that name them.
func (c *check) schemes() error {
	list, err := c.v.SchemeVersions()
	if err != nil {
		return err
	}
	c.versions, c.firstLogged = map[[2]string]*store.SchemeVersion{}, math.MaxInt64
	for _, rec := range list {
		c.versions[[2]string{rec.ID, rec.Version}] = rec
		c.firstLogged = min(c.firstLogged, rec.Index)
		if err := c.scheme(rec); err != nil {
			c.badf("version %s of scheme %s: %v", rec.Version, rec.ID, err)
		}
	}
	return nil
}

func (c *check) scheme(rec *store.SchemeVersion) error {
	said, err := signed[label.SchemeVersion](c, rec.Index, rec.SHA256, label.TypeSchemeVersion)
	if err != nil {
		return err
	}
	if said.Scheme.ID != rec.ID || said.Scheme.Version != rec.Version || said.Scheme.SHA256 != rec.SHA256 {
		return fmt.Errorf("the record differs from the signed statement")
	}
	return nil
}

// loggedBefore checks that the version of a scheme that a label names was logged before
// the label, with the digest that the label names. Labels from before versions were
// logged name none that was.
func (c *check) loggedBefore(rec *store.Label, ref label.SchemeRef) error {
	s := c.versions[[2]string{ref.ID, ref.Version}]
	switch {
	case rec.Index < c.firstLogged:
		return nil
	case s == nil || s.Index > rec.Index:
		return fmt.Errorf("version %s of scheme %s, which it names, was not logged before it", ref.Version, ref.ID)
	case s.SHA256 != ref.SHA256:
		return fmt.Errorf("version %s of scheme %s was logged with SHA-256 %s, and the label names %s", ref.Version, ref.ID, s.SHA256, ref.SHA256)
	}
	return nil
}
