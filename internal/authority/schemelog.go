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
func (a *Authority) logScheme(v *store.View, b *batch, ref label.SchemeRef) error {
	rec, err := v.SchemeVersion(ref.ID, ref.Version)
	if errors.Is(err, store.ErrNotFound) {
		for w := range store.Writes[*store.SchemeVersion](&b.Batch) { // by another op of the batch
			if w.ID == ref.ID && w.Version == ref.Version {
				rec, err = w, nil
			}
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
	case err != nil:
		return err
	case rec.SHA256 != ref.SHA256:
		return label.Errorf(label.Precondition, label.ReasonUnknownScheme, "scheme",
			"version %s of scheme %s was logged with SHA-256 %s (log entry %d), and its file has %s now; the operator has to give what was changed another version, or put the file back", ref.Version, ref.ID, rec.SHA256, rec.Index, ref.SHA256)
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
	env, err := c.v.Entry(rec.Index)
	if err != nil {
		return err
	}
	v, err := c.trust.Statement(env)
	if err != nil {
		return err
	}
	said, err := about[label.SchemeVersion](v, v.ID(), rec.SHA256, label.TypeSchemeVersion)
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
