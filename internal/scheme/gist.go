package scheme

import (
	"bytes"
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
//
// It is text in three parts: a line of JSON with the members below, a line of
// verdicts (5.1-1=pass 5.1-2=fail …), and a line for each fact (name=JSON),
// both by name. A decision looks up a few dozen of the hundred facts, so they
// are decoded when they are looked up.
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
}

// Gist returns the item as [ReadGist] reads it. The same item gives the same
// bytes.
func (it *Item) Gist() ([]byte, error) {
	head, err := label.Encode(&gist{
		Type: it.Type, Signer: it.Signer, Number: it.Number, Date: it.Date, Standard: it.Standard, Edition: it.Edition,
		Level: it.Level, Firmware: it.Firmware, Product: it.Product,
	})
	if err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(head)
	b.WriteByte('\n')
	for i, id := range slices.Sorted(maps.Keys(it.verdicts)) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(id + "=" + string(it.verdicts[id]))
	}
	for _, name := range slices.Sorted(maps.Keys(it.facts)) {
		b.WriteString("\n" + name + "=")
		b.Write(it.facts[name]) // compact: no line break stands in it
	}
	return b.Bytes(), nil
}

// ReadGist reads the gist of a statement that [Programme.Read] accepted.
func ReadGist(id label.Digest, b []byte) (*Item, error) {
	head, rest, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return nil, fmt.Errorf("the gist of statement %s is damaged", id)
	}
	var g gist
	if err := label.Decode(head, &g); err != nil {
		return nil, err
	}
	text := string(rest)
	verdicts, text, _ := strings.Cut(text, "\n")
	it := &Item{
		ID: id, Type: g.Type, Signer: g.Signer, Number: g.Number, Date: g.Date, Standard: g.Standard, Edition: g.Edition,
		Level: g.Level, Firmware: g.Firmware, Product: g.Product,
		verdicts: make(map[string]label.Outcome, strings.Count(verdicts, "=")),
		facts:    make(label.Facts, strings.Count(text, "\n")+1),
	}
	for v := range strings.SplitSeq(verdicts, " ") {
		if provision, outcome, ok := strings.Cut(v, "="); ok {
			it.verdicts[provision] = label.Outcome(outcome)
		}
	}
	for f := range strings.SplitSeq(text, "\n") {
		if name, value, ok := strings.Cut(f, "="); ok {
			it.facts[name] = label.JSON(value)
		}
	}
	return it, nil
}
