package scheme

import (
	"bytes"
	"fmt"
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
// verdicts (5.1-1=pass 5.1-2=fail,functional-test …; behind a verdict are its
// methods where they are not those of the whole report), and a line for each fact (name=JSON),
// both by name. A decision looks up a few dozen of the hundred facts, so they
// are decoded when they are looked up.
type gist struct {
	Type     string           `json:"type"`
	Signer   string           `json:"signer"`
	Number   string           `json:"number"`
	Date     label.Date       `json:"date"`
	Standard string           `json:"standard"`
	Edition  string           `json:"edition"`
	Methods  []label.Method   `json:"methods,omitempty"`
	Firmware []label.Firmware `json:"firmware,omitempty"`
	Product  *label.Product   `json:"product,omitempty"`

	Changed  label.ChangeKind `json:"changed,omitempty"`
	Corrects label.Digest     `json:"corrects,omitzero"`
}

// Gist returns the item as [ReadGist] reads it. The same item gives the same
// bytes.
func (it *Item) Gist() ([]byte, error) {
	head, err := label.Encode(&gist{
		Type: it.Type, Signer: it.Signer, Number: it.Number, Date: it.Date, Standard: it.Standard, Edition: it.Edition,
		Methods: it.Methods, Firmware: it.Firmware, Product: it.Product,
		Changed: it.Changed, Corrects: it.Corrects,
	})
	if err != nil {
		return nil, err
	}
	b := bytes.NewBuffer(head)
	b.WriteByte('\n')
	for i, v := range it.verdicts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(v.name + "=" + string(v.value.outcome))
		for _, m := range v.value.methods {
			b.WriteString("," + string(m))
		}
	}
	for _, f := range it.facts {
		b.WriteString("\n" + f.name + "=")
		b.Write(f.value) // compact: no line break stands in it
	}
	return b.Bytes(), nil
}

// ReadGist reads the gist of a statement that [Programme.Read] accepted. It
// keeps b.
func ReadGist(id label.Digest, b []byte) (*Item, error) {
	head, b, ok := bytes.Cut(b, []byte{'\n'})
	if !ok {
		return nil, fmt.Errorf("the gist of statement %s is damaged", id)
	}
	var g gist
	if err := label.Decode(head, &g); err != nil {
		return nil, err
	}
	kind, err := label.PredicateOf(g.Type)
	if err != nil {
		return nil, err
	}
	// Names are cut from text, and values from b, which is the same.
	text := string(b)
	verdicts, facts, _ := strings.Cut(text, "\n")
	it := &Item{
		ID: id, Type: g.Type, source: kind.Source, Signer: g.Signer, Number: g.Number, Date: g.Date, Standard: g.Standard, Edition: g.Edition,
		Methods: g.Methods, Firmware: g.Firmware, Product: g.Product,
		Changed: g.Changed, Corrects: g.Corrects,
		verdicts: make(table[verdict], 0, strings.Count(verdicts, "=")),
		facts:    make(table[label.JSON], 0, strings.Count(facts, "\n")+1),
	}
	for v := range strings.SplitSeq(verdicts, " ") {
		if provision, outcome, ok := strings.Cut(v, "="); ok {
			outcome, methods, named := strings.Cut(outcome, ",")
			r := row[verdict]{provision, verdict{outcome: label.Outcome(outcome)}}
			if named {
				for m := range strings.SplitSeq(methods, ",") {
					r.value.methods = append(r.value.methods, label.Method(m))
				}
			}
			it.verdicts = append(it.verdicts, r)
		}
	}
	b = b[len(text)-len(facts):]
	for f := range strings.SplitSeq(facts, "\n") {
		if name, _, ok := strings.Cut(f, "="); ok {
			it.facts = append(it.facts, row[label.JSON]{name, label.JSON(b[len(name)+1 : len(f)])})
		}
		b = b[min(len(f)+1, len(b)):]
	}
	return it, nil
}

// A table is a map whose rows are in order of their names: it is read from a
// gist in one pass, where a map would cost more than the few dozen questions
// that a decision asks of it.
type table[V any] []row[V]

type row[V any] struct {
	name  string
	value V
}

func (t table[V]) sort() {
	slices.SortFunc(t, func(a, b row[V]) int { return strings.Compare(a.name, b.name) })
}

func (t table[V]) get(name string) (v V, ok bool) {
	i, ok := slices.BinarySearchFunc(t, name, func(r row[V], name string) int { return strings.Compare(r.name, name) })
	if ok {
		v = t[i].value
	}
	return v, ok
}
