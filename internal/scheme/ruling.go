package scheme

import (
	"slices"

	"labeld/internal/label"
)

// Authority is the source of rulings. No policy asks for it: a ruling counts
// whatever a criterion asks for.
const Authority Source = "authority"

// RulingItem returns a ruling on an appeal as evidence for its device. It counts
// for the scheme's version that the decision was made by, and for no other; it
// does not age. A criterion that it accepts is met, even where a verdict of
// fail stands: the finding rests on the ruling, and a label names it.
func RulingItem(id label.Digest, r *label.Ruling) *Item {
	return &Item{
		ID: id, Type: label.TypeRuling, Signer: r.Authority.ID, Number: r.Appeal.String()[:16], Date: label.DateOf(r.Decided),
		ruling: r,
	}
}

// accepted returns the latest ruling that has a criterion count as met, or nil.
func (e *evaluation) accepted(c *Criterion) *Item {
	i := slices.IndexFunc(e.rulings, func(it *Item) bool { return slices.Contains(it.ruling.Accepted, c.ID) })
	if i < 0 {
		return nil
	}
	return e.rulings[i]
}

// counts reports whether a ruling was made by the version of the scheme.
func (s *Scheme) counts(r *label.Ruling) bool {
	return r.Scheme.ID == s.ID && r.Scheme.Version == s.Version
}
