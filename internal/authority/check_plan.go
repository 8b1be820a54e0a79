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
)

// plans verifies the announcement of every draw for surveillance, and draws
// again.
func (c *check) plans() error {
	type planned struct {
		*store.Plan
		predicate *surveillance.Announcement
	}
	var list []planned
	err := c.v.Plans("", func(rec *store.Plan) bool {
		predicate, err := c.plan(rec)
		if err != nil {
			c.badf("plan %s: %v", rec.ID, err)
		} else if rec.Draw != 0 {
			list = append(list, planned{rec, predicate})
		}
		return true
	})
	slices.SortFunc(list, func(a, b planned) int { return cmp.Compare(a.predicate.Fixed, b.predicate.Fixed) })
	census := surveillance.NewCensus()
	for _, p := range list {
		if err := c.draw(census, p.Plan, p.predicate); err != nil {
			c.badf("draw of plan %s: %v", p.ID, err)
		}
	}
	return err
}

// plan verifies a plan, and that an operator asked for it.
func (c *check) plan(rec *store.Plan) (*surveillance.Announcement, error) {
	predicate, err := signed[surveillance.Announcement](c, rec.Index, label.DigestOf([]byte(rec.ID)), label.TypeSurveillancePlan)
	if err != nil {
		return nil, err
	}
	asked, err := theirs[surveillance.Request](c, rec.Request, rec.Asked, label.DigestOf([]byte(rec.ID)), label.TypeSurveillanceRequest)
	if err != nil {
		return nil, fmt.Errorf("the request for it: %w", err)
	}
	switch {
	case predicate.ID != rec.ID:
		return nil, errors.New("the record differs from the signed statement")
	case asked.ID != predicate.ID, asked.Size != predicate.Size, asked.Count != predicate.Count,
		asked.Scheme != "" && asked.Scheme != predicate.Scheme, len(predicate.Requests) != 1 || !c.names(predicate.Requests, rec.Request, rec.Asked):
		return nil, errors.New("it is not what was asked for")
	}
	return predicate, cmp.Or(c.trust.CheckLog(predicate.Log), predicate.CheckEntry(rec.Index))
}

// draw draws again, with a census that has not read beyond the plan.
func (c *check) draw(census *surveillance.Census, rec *store.Plan, plan *surveillance.Announcement) error {
	if rec.Draw < plan.Size {
		return fmt.Errorf("log entry %d was made before the seed, at %d entries", rec.Draw, plan.Size)
	}
	predicate, err := signed[surveillance.Result](c, rec.Draw, label.DigestOf([]byte(rec.ID)), label.TypeSurveillanceDraw)
	if err != nil {
		return err
	}
	if err := count(c.v, census, plan.Fixed); err != nil {
		return err
	}
	want, err := result(c.v, rec, plan, census)
	if err != nil {
		return err
	}
	if err := c.trust.CheckLog(predicate.Log); err != nil {
		return err
	}
	want.Log, want.Authority, want.Recorded = predicate.Log, predicate.Authority, predicate.Recorded
	if !reflect.DeepEqual(predicate, want) {
		return errors.New("drawing again gives something else")
	}
	return nil
}

// signed reads a log entry of the authority about a subject.
func signed[T any, P interface {
	*T
	Validate() error
}](c *check, index int64, subject label.Digest, predicateType string) (*T, error) {
	env, err := c.v.Entry(index)
	if err != nil {
		return nil, err
	}
	v, err := c.trust.Statement(env)
	if err != nil {
		return nil, err
	}
	if v.PredicateType() != predicateType || !slices.Equal(v.Subjects(), []label.Digest{subject}) {
		return nil, fmt.Errorf("log entry %d is another statement", index)
	}
	return envelope.Predicate[T, P](v)
}
