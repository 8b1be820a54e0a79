package authority

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// logScheme adds to a batch that devices are judged by a version of a scheme, before
// the first label or refusal that is: signed and logged, with the digests of its file and
// of the others that its judgements read. A version whose file is another by now judges
// nothing: what was logged would be of other criteria. Where one of the others is another,
// the version was logged again when the service started ([Issuing.logAgain]).
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
	return a.signScheme(b, s, &store.SchemeVersion{ID: ref.ID, Version: ref.Version, Index: b.index(), SHA256: ref.SHA256})
}

// signScheme adds to a batch what is judged by a version of a scheme as it is now, for
// the log, and its record.
func (a *Issuing) signScheme(b *batch, s *scheme.Scheme, rec *store.SchemeVersion) error {
	_, entry, err := b.sign(a.issuer.SchemeVersion(&label.SchemeVersion{
		Scheme: s.Ref(), Files: s.Files(), From: s.InForce.From, Until: s.InForce.Until, Recorded: b.Recorded.UTC().Truncate(time.Second),
	}))
	if err != nil {
		return err
	}
	b.Add(rec)
	b.log(entry)
	return nil
}

// refiled returns the versions of schemes that were logged and whose judgements read
// other files now than the log says. A version whose own file is another judges nothing,
// and is none of them.
func (a *Issuing) refiled(v *store.View) (list []*scheme.Scheme, err error) {
	logged, err := v.SchemeVersions()
	if err != nil {
		return nil, err
	}
	for _, rec := range logged {
		s := a.programme.Scheme(rec.ID, rec.Version)
		if s == nil || s.Ref().SHA256 != rec.SHA256 {
			continue
		}
		predicate, err := a.latestEntry(v, rec)
		if err != nil { // and what cannot be read is said again
			a.alarm("reading what a version of a scheme was logged with", rec.ID+"@"+rec.Version, err)
			predicate = new(label.SchemeVersion)
		}
		if names := otherFiles(predicate.Files, s.Files()); len(names) > 0 {
			a.log.Warn("files by which devices are judged are not those that the log names; the version is logged again with them before anything is judged",
				"scheme", rec.ID, "version", rec.Version, "files", strings.Join(names, ", "), "entry", rec.Last())
			list = append(list, s)
		}
	}
	return list, nil
}

// latestEntry reads the latest log entry about a version of a scheme.
func (a *Issuing) latestEntry(v *store.View, rec *store.SchemeVersion) (*label.SchemeVersion, error) {
	env, err := v.Entry(rec.Last())
	if err != nil {
		return nil, err
	}
	verified, err := a.trust.Statement(env)
	if err != nil {
		return nil, err
	}
	return envelope.Predicate[label.SchemeVersion](verified)
}

// otherFiles returns the names of the files that are not in both lists alike.
func otherFiles(was, is []label.DataFile) (names []string) {
	for _, f := range slices.Concat(was, is) {
		if (!slices.Contains(was, f) || !slices.Contains(is, f)) && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

// logAgain logs versions of schemes once more, with the files that their judgements read
// now.
func (a *Issuing) logAgain(v *store.View, b *batch, list []*scheme.Scheme) error {
	for _, s := range list {
		rec, err := loggedScheme(v, b, s.ID, s.Version)
		if err != nil {
			return err
		}
		again := *rec
		again.Again = append(slices.Clone(rec.Again), b.index())
		if err := a.signScheme(b, s, &again); err != nil {
			return err
		}
	}
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

// scheme checks all that was logged of a version, and holds the last of it to the files
// that are here. Where they differ nothing is wrong yet: the next start logs them.
func (c *check) scheme(rec *store.SchemeVersion) error {
	var last *label.SchemeVersion
	before := int64(-1)
	for _, i := range append([]int64{rec.Index}, rec.Again...) {
		predicate, err := signed[label.SchemeVersion](c, i, rec.SHA256, label.TypeSchemeVersion)
		if err != nil {
			return err
		}
		if predicate.Scheme.ID != rec.ID || predicate.Scheme.Version != rec.Version || predicate.Scheme.SHA256 != rec.SHA256 || i <= before {
			return fmt.Errorf("the record differs from the signed statement")
		}
		last, before = predicate, i
	}
	s := c.programme.Scheme(rec.ID, rec.Version)
	if s == nil {
		return nil
	}
	if names := otherFiles(last.Files, s.Files()); len(names) > 0 {
		c.notef("version %s of scheme %s: log entry %d names other files than are here: %s; \"labeld serve\" logs those that are here when it starts", rec.Version, rec.ID, before, strings.Join(names, ", "))
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
