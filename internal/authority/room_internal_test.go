package authority

import (
	"testing"

	"labeld/internal/label"
	"labeld/internal/verify"
)

// TestRoomByNumber shares out the numbers of a history in which advisories are
// so short, and so often replaced, that bytes do not count.
func TestRoomByNumber(t *testing.T) {
	advise := func(publisher string) *label.Status {
		return &label.Status{Action: label.Advise, Advisory: &label.AdvisoryRef{ID: "1"}, Requests: []label.RequestRef{{Organization: publisher}}}
	}
	asked := []label.RequestRef{{Organization: "operator"}}
	for _, c := range []struct {
		name  string
		st    *label.Status
		maker bool
		most  int
	}{
		{"the manufacturer's advisory", advise("maker"), true, label.MaxStatuses / 2},
		{"an operator's advisory", advise("operator"), false, label.MaxStatuses / 4 * 3},
		{"a clock", &label.Status{Action: label.Review, Cause: label.Cause{Kind: label.CauseAdvisory}}, false, label.MaxStatuses / 4 * 3},
		{"a review", &label.Status{Action: label.Review, Requests: asked}, false, label.MaxStatuses - 3},
		{"a lapse", &label.Status{Action: label.Lapse, Requests: asked}, false, label.MaxStatuses - 3},
		{"a suspension", &label.Status{Action: label.Suspend, Requests: asked}, false, label.MaxStatuses - 2},
		{"a revocation", &label.Status{Action: label.Revoke, Requests: asked}, false, label.MaxStatuses - 1},
		{"a release", &label.Status{Action: label.Release, Requests: asked}, false, label.MaxStatuses},
	} {
		h := &label.History{Label: &label.Label{}}
		for len(h.Statuses) <= label.MaxStatuses {
			ok, err := fits(h, c.st, c.maker)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				break
			}
			for range max(1, min(64, c.most-len(h.Statuses)-1)) {
				h.Statuses = append(h.Statuses, advise("maker"))
			}
		}
		if len(h.Statuses) != c.most {
			t.Errorf("%s finds room in a history of %d statements, want %d", c.name, len(h.Statuses)-1, c.most-1)
		}
	}
}

// TestPackageHasRoom adds up what a package has besides a full history: label and
// device, which JSON writes in up to twice as many bytes, and the proofs of both.
func TestPackageHasRoom(t *testing.T) {
	proofs := 2 * verify.MaxLoggedExtra
	heads := 4 << 10 // of log and tally
	if total := label.MaxHistory + label.MaxLogged + 2*label.MaxDevice + proofs + heads; total > label.MaxMessage {
		t.Errorf("a package can take %d bytes, a message at most %d", total, label.MaxMessage)
	}
}
