package authority_test

import (
	"strings"
	"testing"

	"labeld/internal/label"
	"labeld/internal/labeltest"
)

// TestMovedGTINHidesNothing has the number of a suspended label moved away, so that
// boxes in shops would show nothing of the suspension, and then sold on: whoever moves
// it reads what answers for it, and whoever asks for it is told of the label.
func TestMovedGTINHidesNothing(t *testing.T) {
	s := newSale(t)
	g := s.e.Device.GTINs[0]
	s.Change(labeltest.Operator, s.p, label.Suspend, "nonconformity")
	move := label.Event{Kind: label.GTINEvent, GTIN: g, Manufacturer: labeltest.ToyMaker, Reason: "misuse"}
	notes := func(e label.Event) string {
		t.Helper()
		_, notes, err := s.Authority.Preview(s.Caller(labeltest.Operator), s.Event(e))
		must(t, err)
		return strings.Join(notes, "\n")
	}
	id := s.p.Label.ID.Pretty()
	if n := notes(move); !strings.Contains(n, "These labels no longer answer for the number, and stand as they did: "+id) || !strings.Contains(n, "no label answers for the number") {
		t.Errorf("of the move there is to know %q", n)
	}
	s.Report(move)
	_, err := s.Authority.ByGTIN(g)
	wants(t, err, label.NotFound, label.ReasonMoved)
	today := label.DateOf(s.Clock.Now()).String()
	for _, want := range []string{id, "which is suspended", s.p.Label.URL, "was moved on " + today} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("who asks for the number is not told %q: %v", want, err)
		}
	}
	// The new owner's label is shown, with the old one beside it, as that stands now.
	plug := s.Example("plug")
	plug.Device.Manufacturer, plug.Device.Brand, plug.Declaration.Manufacturer, plug.Device.GTINs = labeltest.ToyMaker, "Merrimake", labeltest.ToyMaker, []label.GTIN{g}
	plug.Descriptor, err = plug.Device.Canonical()
	must(t, err)
	next := s.Issue(plug, 1)
	state := func() label.State {
		t.Helper()
		p, err := s.Authority.ByGTIN(g)
		must(t, err)
		if p.Label.ID != next.Label.ID || len(p.Taken) != 1 || p.Taken[0].ID != s.p.Label.ID || p.Taken[0].GTIN != g || label.DateOf(p.Taken[0].Moved).String() != today {
			t.Fatalf("the number shows %s with %+v", p.Label.ID, p.Taken)
		}
		return p.Taken[0].State
	}
	if got := state(); got != label.Suspended {
		t.Errorf("beside the new label the old one is %s", got)
	}
	s.Change(labeltest.Operator, s.p, label.Reinstate, "unfounded")
	if got := state(); got != label.Active {
		t.Errorf("reinstated, the old label is %s beside the new one", got)
	}
	// Moved back, the plug loses it, which is said before.
	back := move
	back.Manufacturer = labeltest.Maker
	n := notes(back)
	for _, want := range []string{"These devices lose the number: " + label.DigestOf(plug.Descriptor).String()[:16] + " of " + labeltest.ToyMaker, next.Label.ID.Pretty(), "From now on label " + id} {
		if !strings.Contains(n, want) {
			t.Errorf("of the way back there is to know %q, without %q", n, want)
		}
	}
	s.Report(back)
	if p, err := s.Authority.ByGTIN(g); err != nil || p.Label.ID != s.p.Label.ID || len(p.Taken) != 1 || p.Taken[0].ID != next.Label.ID {
		t.Errorf("moved back, the number shows %+v, %v", p, err)
	}
}
