package advisory

import "iter"

// Extremes yields effects that between them have every text which [Advisory.For]
// may give of any device: each version to update to, each address and each advice,
// always with all issues. Whoever records effects tries these when the document
// arrives, without going through devices: what fits for all of them fits for every
// effect.
func (a *Advisory) Extremes() iter.Seq[Effect] {
	most := Effect{Status: Affected, Severity: Critical, URL: a.URL}
	updates, remedies := map[string]bool{}, map[Remedy]bool{{}: true}
	for _, is := range a.Issues {
		most.Issues = append(most.Issues, is.ID)
		for _, p := range is.Products {
			for _, f := range p.Fixes {
				updates[f.String()] = true
			}
			for _, r := range p.Remedies {
				remedies[r] = true
			}
		}
	}
	return func(yield func(Effect) bool) {
		try := func(version string, prospect int, words Remedy) bool {
			e := most
			e.FixedIn = version
			e.instruct(prospect, words)
			return yield(e)
		}
		for version := range updates {
			if !try(version, updatable, Remedy{}) {
				return
			}
		}
		for words := range remedies {
			for prospect := range silent + 1 {
				if !try("", prospect, words) {
					return
				}
			}
		}
	}
}
