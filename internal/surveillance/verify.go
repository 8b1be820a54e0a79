package surveillance

import (
	"fmt"
	"strconv"
	"strings"

	"labeld/internal/label"
)

// A Mismatch is the error of [Verify] for a result that is not what the draw
// gives. All places after a wrong one are compared as well: one that was
// exchanged stays one, but a wrong candidate or weight changes all that follow.
type Mismatch struct {
	Field    string     // the first difference, such as "drawn[3].id"
	Claimed  string     // what the result says there; empty where it has ended
	Computed string     // what the draw gives there; empty where it has ended
	Places   int        // how many places differ
	LeftOut  []label.ID // drawn, and not in the result
	PutIn    []label.ID // in the result, and not drawn
}

func (m *Mismatch) Error() string {
	var b strings.Builder
	b.WriteString(m.Field)
	switch {
	case m.Claimed == "":
		fmt.Fprintf(&b, ": the result ends here, the draw gives %s", m.Computed)
	case m.Computed == "":
		fmt.Fprintf(&b, ": the result says %s, the draw has ended", m.Claimed)
	default:
		fmt.Fprintf(&b, ": the result says %s, the draw gives %s", m.Claimed, m.Computed)
	}
	fmt.Fprintf(&b, "; places that differ: %d", m.Places)
	for _, l := range []struct {
		text string
		ids  []label.ID
	}{{"left out", m.LeftOut}, {"put in", m.PutIn}} {
		if len(l.ids) > 0 {
			fmt.Fprintf(&b, "; %s: %d, the first is %q", l.text, len(l.ids), l.ids[0])
		}
	}
	return b.String()
}

// Verify draws again and returns nil if claimed is what the draw gives, in every
// field and in the same order. If not, the error is a [*Mismatch]; any other
// error means that the draw's own input is wrong.
func Verify(seed [32]byte, plan string, candidates []Candidate, n int, claimed []Drawn) error {
	computed, err := Draw(seed, plan, candidates, n)
	if err != nil {
		return err
	}
	var m Mismatch
	for i := range max(len(claimed), len(computed)) {
		field, c, d := "", "", ""
		switch {
		case i >= len(claimed):
			d = quote(computed[i])
		case i >= len(computed):
			c = quote(claimed[i])
		case claimed[i] == computed[i]:
			continue
		default:
			field, c, d = difference(claimed[i], computed[i])
		}
		if m.Places++; m.Places == 1 {
			m.Field, m.Claimed, m.Computed = "drawn["+strconv.Itoa(i)+"]"+field, c, d
		}
	}
	if m.Places == 0 {
		return nil
	}
	m.LeftOut, m.PutIn = without(computed, claimed), without(claimed, computed)
	return &m
}

// difference returns the first field in which two places differ, and both values.
func difference(claimed, computed Drawn) (field, c, d string) {
	switch {
	case claimed.ID != computed.ID:
		return ".id", quote(claimed), quote(computed)
	case claimed.Weight != computed.Weight:
		return ".weight", strconv.FormatInt(claimed.Weight, 10), strconv.FormatInt(computed.Weight, 10)
	case claimed.Position != computed.Position:
		return ".position", strconv.Itoa(claimed.Position), strconv.Itoa(computed.Position)
	}
	return ".ticket", claimed.Ticket.String(), computed.Ticket.String()
}

// quote returns the ID in quotes: a claimed one may be any text.
func quote(d Drawn) string { return strconv.Quote(string(d.ID)) }

// without returns the labels of a that are not in b, in the order of a.
func without(a, b []Drawn) []label.ID {
	in := make(map[label.ID]bool, len(b))
	for _, d := range b {
		in[d.ID] = true
	}
	var ids []label.ID
	for _, d := range a {
		if !in[d.ID] {
			ids = append(ids, d.ID)
		}
	}
	return ids
}
