package label_test

import (
	"testing"

	"labeld/internal/label"
)

// TestFoldModel renames a product as somebody would who wants it to be another.
func TestFoldModel(t *testing.T) {
	for _, same := range [][]string{
		{"NL-C210", "nl-c210", "NL C210", "NL_C210.", "ＮＬＣ２１０", "NL–C210", "NL‑C210", "NL-С210", "ΝL-C21Ο", "NL-C21O", "NL-C2l0", "ŃL-C210", "NL-C٢١٠"},
		{"2000-X1", "2000X1", "2000 x1"},
		{"Straße 1", "STRASSE-1"},
		{"№", "№"},
		{"++", "++"},
	} {
		for _, s := range same[1:] {
			if a, b := label.FoldModel(same[0]), label.FoldModel(s); a != b || a == "" {
				t.Errorf("%q and %q are taken for two models, %q and %q", same[0], s, a, b)
			}
		}
	}
	for _, pair := range [][2]string{{"NL-C210", "NL-C211"}, {"++", "+++"}, {"C210", "C21Q"}, {"カメラ", "カメ"}} {
		if label.FoldModel(pair[0]) == label.FoldModel(pair[1]) {
			t.Errorf("%q and %q are taken for one model", pair[0], pair[1])
		}
	}
}
