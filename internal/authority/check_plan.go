package authority

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"labeld/internal/envelope"
	"labeld/internal/label"
	"labeld/internal/store"
	"labeld/internal/surveillance"
	"labeld/internal/translog"
)

// plans verifies the announcement of every draw for surveillance, and draws
// again.
func (c *check) plans() error {
	type planned struct {
		*store.Plan
		said *surveillance.Announcement
	}
	var list []planned
	err := c.v.Plans("", func(rec *store.Plan) bool {
		said, err := signed[surveillance.Announcement](c, rec.Index, rec.ID, label.TypeSurveillancePlan)
		if err == nil && said.ID != rec.ID {
			err = errors.New("the record differs from the signed statement")
		}
		if err == nil {
			err = said.CheckEntry(rec.Index)
		}
		if err != nil {
			c.badf("plan %s: %v", rec.ID, err)
		} else if rec.Draw != 0 {
			list = append(list, planned{rec, said})
		}
		return true
	})
	slices.SortFunc(list, func(a, b planned) int { return cmp.Compare(a.said.Size, b.said.Size) })
	census := surveillance.NewCensus()
	for _, p := range list {
		if err := c.draw(census, p.Plan, p.said); err != nil {
			c.badf("draw of plan %s: %v", p.ID, err)
		}
	}
	return err
}

// draw draws again, with a census that has not read more than the plan says.
func (c *check) draw(census *surveillance.Census, rec *store.Plan, plan *surveillance.Announcement) error {
	if rec.Draw < plan.Size {
		return fmt.Errorf("log entry %d was made before the seed, at %d entries", rec.Draw, plan.Size)
	}
	said, err := signed[surveillance.Result](c, rec.Draw, rec.ID, label.TypeSurveillanceDraw)
	if err != nil {
		return err
	}
	if err := count(c.v, census, plan.Size); err != nil {
		return err
	}
	seed, err := translog.Root(plan.Size, c.v)
	if err != nil {
		return err
	}
	want, err := result(rec, plan, census, seed)
	if err != nil {
		return err
	}
	want.Authority, want.Recorded = said.Authority, said.Recorded
	if !reflect.DeepEqual(said, want) {
		return errors.New("drawing again gives something else")
	}
	return nil
}

// signed reads a log entry of the authority about something with a name.
func signed[T any, P interface {
	*T
	Validate() error
}](c *check, index int64, name, predicateType string) (*T, error) {
	env, err := c.v.Entry(index)
	if err != nil {
		return nil, err
	}
	v, err := c.trust.Statement(env)
	if err != nil {
		return nil, err
	}
	if v.PredicateType() != predicateType || !slices.Equal(v.Subjects(), []label.Digest{label.DigestOf([]byte(name))}) {
		return nil, fmt.Errorf("log entry %d is another statement", index)
	}
	return envelope.Predicate[T, P](v)
}
