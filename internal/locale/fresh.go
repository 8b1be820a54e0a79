package locale

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"labeld/internal/datafile"
	"labeld/internal/scheme"
)

// fingerprint tells a sentence, or several that are translated together, from what it
// was before. Whoever translates writes it beside the translation. Eight digits are
// enough to notice a change that nobody hides.
func fingerprint(sentences ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(sentences, "\n")))
	return hex.EncodeToString(sum[:])[:8]
}

// refresh drops the translations of sentences that were changed since, so that people
// read the new ones in English, and says which they are. What does not say which sentence
// it translates is refused.
func (w *programme) refresh(d *datafile.File, p *scheme.Programme, tag string) (outdated []string) {
	outdated = append(outdated, fresh(d, tag, "categories", w.Categories, w.Of.Categories, func(id string) []string {
		if c := p.Categories[id]; c != nil {
			return []string{c.Name}
		}
		return nil
	})...)
	outdated = append(outdated, fresh(d, tag, "reasons", w.Reasons, w.Of.Reasons, func(code string) []string {
		if r := p.Reasons[code]; r != nil {
			return []string{r.Title}
		}
		return nil
	})...)
	return append(outdated, fresh(d, tag, "facts", w.Facts, w.Of.Facts, func(name string) []string {
		if f := p.Facts[name]; f != nil && f.Shoppers != nil {
			return []string{f.Shoppers.Yes, f.Shoppers.No}
		}
		return nil
	})...)
}

// fresh is refresh for one group. English returns what is translated, or nothing where the
// programme has no such sentences.
func fresh[W any](d *datafile.File, tag, group string, words map[string]W, of map[string]string, english func(id string) []string) (outdated []string) {
	for _, id := range slices.Sorted(maps.Keys(of)) {
		if _, ok := words[id]; !ok {
			d.Errorf("of."+group+"."+id, "there is no translation %s.%s", group, id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(words)) {
		sentences := english(id)
		switch want := fingerprint(sentences...); {
		case sentences == nil: // which is refused elsewhere, or not shown
		case of[id] == "":
			d.Errorf("of", "%s.%s is missing: which English sentence %s.%s translates; of the present one it is %s", group, id, group, id, want)
		case of[id] != want:
			delete(words, id)
			outdated = append(outdated, fmt.Sprintf("locales/%s.yaml: %s.%s translates a sentence that is worded otherwise now, and people read it in English; once it is translated anew, of.%s.%s is %q", tag, group, id, group, id, want))
		}
	}
	return outdated
}
