package authority

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"labeld/internal/label"
	"labeld/internal/scheme"
	"labeld/internal/store"
)

// An ActTable is the table of acts, as it is in force.
type ActTable struct {
	SHA256 label.Digest // of its file
	Rules  []*scheme.ActRule
	Alone  bool // one person decides alone who may act for the authority

	Authority string // base URL of the labels, which signed requests name
}

// ActTable returns the table of acts.
func (a *Registry) ActTable(c Caller) (*ActTable, error) {
	if err := c.need(label.Roles...); err != nil {
		return nil, err
	}
	out := &ActTable{SHA256: a.programme.ActsSHA256, Authority: a.trust.URL}
	for _, k := range slices.Sorted(maps.Keys(a.programme.Acts)) {
		out.Rules = append(out.Rules, a.programme.Acts[k])
	}
	var err error
	out.Alone, err = a.Alone()
	return out, err
}

// adoptActs adopts a table of acts: the service is to be started with it next.
func (a *Registry) adoptActs(x *act, v *store.View, b *batch, r *signedRequest[label.RegistryRequest], out *RegistryChange) error {
	if last, err := v.Adopted(); err == nil && last.SHA256 == r.predicate.Table {
		out.note("That table was adopted already, on %s; nothing was recorded.", last.At.UTC().Format(time.RFC3339))
		return nil
	} else if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	b.Add(&store.Adoption{SHA256: r.predicate.Table, At: b.At.UTC(), Request: r.digest})
	if r.predicate.Table != a.programme.ActsSHA256 {
		out.note("The service goes on by the table that it was started with. Put the one that was adopted in its place (acts.yaml in the directory of --labels) and start it anew: it does not start with another.")
	}
	return nil
}

// checkActs holds a table of acts to the one that was adopted last. Where none was, it is
// what the programme begins with.
func (a *Registry) checkActs(v *store.View) (first bool, err error) {
	last, err := v.Adopted()
	switch {
	case errors.Is(err, store.ErrNotFound):
		return true, nil
	case err != nil:
		return false, err
	case last.SHA256 == a.programme.ActsSHA256:
		return false, nil
	}
	return false, label.Errorf(label.Precondition, label.ReasonStep, "acts.yaml",
		"the table of acts has SHA-256 %s, and by %s the one with SHA-256 %s was adopted; put that one back, or have this one adopted first by those who may (\"labelctl acts adopt FILE\", with the service started on the other)",
		a.programme.ActsSHA256, adoptedBy(last), last.SHA256)
}

func adoptedBy(last *store.Adoption) string {
	if last.Request.IsZero() {
		return "the first start, on " + last.At.UTC().Format(time.RFC3339) + ","
	}
	return fmt.Sprintf("request %.16s of %s", last.Request, last.At.UTC().Format(time.RFC3339))
}
