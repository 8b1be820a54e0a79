package scheme

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"labeld/internal/label"
)

// A gist is an item as it is stored: what judging needs of a statement that was
// verified and decoded when it was accepted. It saves opening the envelope and
// decoding the statement for every decision, which would cost more than the
// decision. It is derived: "labeld check" compares it with the signed bytes.
type gist struct {
	Type     string          `json:"type"`
	Signer   string          `json:"signer"`
	Number   string          `json:"number"`
	Date     label.Date      `json:"date"`
	Standard string          `json:"standard"`
	Edition  string          `json:"edition"`
	Level    int             `json:"level,omitzero"`
	Firmware *label.Firmware `json:"firmware,omitempty"`
	Product  *label.Product  `json:"product,omitempty"`
	Verdicts string          `json:"verdicts"` // "5.1-1=pass 5.1-2=fail", by provision
	Facts    label.Facts     `json:"facts,omitempty"`
}

// Gist returns the item as [Programme.ReadGist] reads it. The same item gives
// the same bytes.
func (it *Item) Gist() ([]byte, error) {
	var verdicts strings.Builder
	for _, id := range slices.Sorted(maps.Keys(it.verdicts)) {
		if verdicts.Len() > 0 {
			verdicts.WriteByte(' ')
		}
		verdicts.WriteString(id + "=" + string(it.verdicts[id]))
	}
	return label.Encode(&gist{
		Type: it.Type, Signer: it.Signer, Number: it.Number, Date: it.Date, Standard: it.Standard, Edition: it.Edition,
		Level: it.Level, Firmware: it.Firmware, Product: it.Product, Verdicts: verdicts.String(), Facts: it.raw,
	})
}

// ReadGist reads the gist of a statement that Read accepted, and checks it
// against the programme's data, which may have changed since.
func (p *Programme) ReadGist(id label.Digest, b []byte) (*Item, error) {
	var g gist
	if err := label.Decode(b, &g); err != nil {
		return nil, err
	}
	it := &Item{
		ID: id, Type: g.Type, Signer: g.Signer, Number: g.Number, Date: g.Date, Standard: g.Standard, Edition: g.Edition,
		Level: g.Level, Firmware: g.Firmware, Product: g.Product, raw: g.Facts,
		verdicts: make(map[string]label.Outcome, strings.Count(g.Verdicts, " ")+1),
	}
	for v := range strings.SplitSeq(g.Verdicts, " ") {
		if v == "" {
			continue
		}
		provision, outcome, ok := strings.Cut(v, "=")
		if !ok {
			return nil, fmt.Errorf("the gist of statement %s is damaged", id)
		}
		it.verdicts[provision] = label.Outcome(outcome)
	}
	return it, p.check(it, func(provision string) string { return provision })
}
