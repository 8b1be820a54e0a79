package label_test

import (
	"slices"
	"strings"
	"testing"

	"labeld/internal/label"
)

// TestNearness names a brand as somebody would who wants to be taken for another, and
// as honest people do.
func TestNearness(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want label.Nearness
	}{
		{"Northlight", "Nortlight", label.NearSpelt},
		{"Northlight", "Northlights", label.NearSpelt},
		{"Northlight", "Northleght", label.NearSpelt},
		{"Northlight", "Norhtlight", label.NearSpelt},
		{"Northlight", "Xorthlight", label.NearSpelt},
		{"Corners", "Comers", label.NearSpelt},
		{"Northlight", "nortlight™", label.NearSpelt},
		{"Northlight", "Northlight Devices", label.NearWord},
		{"Northlight", "The Northlight", label.NearWord},
		{"Northlight", "NorthlightDevices", label.NearWord},
		{"Blue Sky", "Blue Night Sky", label.NearWord},
		{"Northlight", "northlight", label.NotNear}, // the same
		{"Northlight", "Nightlight", label.NotNear},
		{"Northlight", "Nothlihgt", label.NotNear},
		{"Northlight Devices", "Northlight Home", label.NotNear},
		{"Nova", "Nora", label.NotNear}, // too short
		{"Northlight", "orthlightN", label.NotNear},
		{"++", "+++", label.NotNear},
		{strings.Repeat("ab", 40), strings.Repeat("ab", 40) + "c", label.NotNear}, // too long
	} {
		for _, p := range [][2]string{{tc.a, tc.b}, {tc.b, tc.a}} {
			if got := label.HowNear(p[0], p[1]); got != tc.want {
				t.Errorf("%q and %q: %q, want %q", p[0], p[1], got, tc.want)
			}
		}
		common := slices.ContainsFunc(label.NearKeys(tc.a), func(k string) bool { return slices.Contains(label.NearKeys(tc.b), k) })
		if tc.want != label.NotNear && !common {
			t.Errorf("%q and %q are near and have no key in common", tc.a, tc.b)
		}
	}
	if n := len(label.NearKeys(strings.Repeat("Wort ", 40))); n > 80 {
		t.Errorf("a long name has %d keys", n)
	}
}
