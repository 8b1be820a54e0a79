// # Numbers that were moved
//
// A trade item number that operators moved to another manufacturer still stands on the
// boxes of the product that had it. Whoever asks for the number is told of the labels of
// that product and how they stand, beside the label of the product that has the number
// now, or in its place where there is none: a suspension is not hidden by moving the
// number away.
package authority

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"labeld/internal/label"
	"labeld/internal/store"
)

// A FormerLabel is a label of a product that had a trade item number before it was moved to
// another.
type FormerLabel struct {
	GTIN    label.GTIN
	Moved   time.Time // when the number was moved
	ID      label.ID
	URL     string
	Product string // brand and name

	label.Standing // how the label stands

	history *label.History
}

// stand works out how the label stands at an instant.
func (t *FormerLabel) stand(at time.Time) { t.Standing = t.history.StandingAt(at) }

// takenFrom returns the labels by which the products are known that had a number before
// it was moved, those with the most to say first, at most [maxNamed].
func (a *Publishing) takenFrom(v *store.View, g label.GTIN, now time.Time) (list []FormerLabel, err error) {
	moves, err := v.GTINMoves(g)
	if err != nil || len(moves) == 0 {
		return nil, err
	}
	devices, err := v.GTINBearers(g)
	if err != nil {
		return nil, err
	}
	ranks, seen := map[label.ID]rank{}, map[label.ID]bool{}
	for _, digest := range devices {
		if !v.GTINMovedFrom(digest, g) {
			continue
		}
		d, err := v.Device(digest)
		if err != nil {
			return nil, err
		}
		rec, r, err := a.chooseOf(v, d, now)
		if err != nil {
			return nil, err
		}
		if rec == nil || seen[rec.ID] {
			continue
		}
		seen[rec.ID], ranks[rec.ID] = true, r
		h, err := a.history(v, rec)
		if err != nil {
			return nil, err
		}
		l, err := signedLabel(v, rec)
		if err != nil {
			return nil, err
		}
		h.Label = l // and not its outline, which does not say until when there are updates
		at, err := movedAt(v, moves, d.Org)
		if err != nil {
			return nil, err
		}
		t := FormerLabel{GTIN: g, Moved: at, ID: rec.ID, URL: a.issuer.URL(rec.ID), Product: l.Device.FullName(), history: h}
		t.stand(now)
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y FormerLabel) int {
		return cmp.Or(cmp.Compare(ranks[y.ID], ranks[x.ID]), y.Moved.Compare(x.Moved), strings.Compare(string(x.ID), string(y.ID)))
	})
	return list[:min(len(list), maxNamed)], nil
}

// movedAt returns when a number was moved away from a manufacturer last.
func movedAt(v *store.View, moves []*store.GTINMove, from string) (at time.Time, err error) {
	for i, m := range moves {
		if m.To == from || i > 0 && moves[i-1].To != from && !at.IsZero() {
			continue
		}
		e, err := v.Event(m.Event)
		if err != nil {
			return at, err
		}
		at = e.Received
	}
	return at, nil
}

// takenText says it in a sentence.
func takenText(list []FormerLabel) string {
	var labels []string
	for _, t := range list {
		labels = append(labels, fmt.Sprintf("label %s of %s, which is %s (%s)", t.ID.Pretty(), t.Product, t.State, t.URL))
	}
	return fmt.Sprintf("was moved on %s to another manufacturer, and was until then of the product of %s", label.DateOf(list[0].Moved), strings.Join(labels, " and "))
}

// Taken returns the labels of the products that had a number before it was moved. It
// is public.
func (a *Publishing) Taken(g label.GTIN) (list []FormerLabel, err error) {
	err = a.read(func(v *store.View) error {
		list, err = a.takenFrom(v, g, a.clock())
		return err
	})
	return list, err
}
