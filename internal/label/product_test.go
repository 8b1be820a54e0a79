package label_test

import (
	"testing"

	"labeld/internal/label"
)

// TestFoldModel renames a product as somebody would who wants it to be another.
func TestFoldModel(t *testing.T) {
	for _, same := range [][]string{
		{"NL-C210", "nl-c210", "NL C210", "NL_C210.", "ＮＬＣ２１０", "NL–C210", "NL‑C210", "NL-С210", "ΝL-C21Ο", "NL-C21O", "NL-C2l0", "ŃL-C210", "NL-C٢١٠"},
		// What the data of Unicode and the table of our own say of single characters.
		{"NL-C210", "NL-Ϲ210", "NL-ϲ210", "NL-¢210", "NL-©210", "NL-⊂210", "NL-ⅽ210", "ɴʟ-ᴄ210", "NŁ-C210", "Nł-C210", "NL-C2|0", "NL-C2¡0", "NL-C2!0", "NL-C2ӏ0", "NL-C2Ӏ0", "NL-C2ǀ0", "🄽🄻-🄲210", "🅝🅛-🅒210", "🇳🇱-🇨210", "NL-C❷❶⓪", "NL-C2①0", "𝐍𝐋-𝐂𝟐𝟏𝟎", "NL-Ꮯ210", "NL-Ꮯ210", "NL-ꓚ210"},
		{"NL-C210", "NL-C21Ø", "NL-C21ø", "NL-C21⌀", "NL-C21○", "NL-C21◯", "NL-C21⓿", "NL-C21〇", "NL-C21ס", "NL-C21ہ", "NL-C21ﮦ", "NL-C21ഠ", "NL-C21ဝ", "NL-C21ჿ", "NL-C21σ", "NL-C21ᴏ", "NL-C21°", "NL-C21೦", "NL-C21୦"},
		{"NL-C210", "NL-C210™", "NL-C210 ®", "NL-C210℠", "NL-C210©", "NL-C210 (R)", "NL-C210 (TM)", "NL-C210(c)™", "NL-C210ⓡ", "NL-C210!", "NL-C210+", "NL-C210\u200b", "N\u00adL-C210", "NL-C2丨0", "NL-C210\ufe0f", "NL-C2\u033810"},
		{"NL-C210", "NL-C210 ✓", "NL-C210✓", "NL-C210 ●", "● NL-C210", "NL-C210 $", "NL-C210 €", "NL-C210 ー", "NL-C210々", "NL-C210 ★ ✔", "NL-C210 |"},
		{"CAM AB", "CAM 🅐🅑"},
		{"ZX-200", "Z×-200", "Z✕-200", "Z╳-200", "Z✖-200", "ZХ-200", "Zⅹ-200", "ƵX-200", "ΖΧ-200", "ᴢx-200"},
		{"Northlight", "Nοrthlight", "NORTHLIGHT", "Ν\u200borthlight", "Northlıght", "N0rthlight", "nᴏrthlight®", "Nörthlight",
			"Иorthlight", "иorthlight", "Noяthlight", "Northl℩ght", "Northlight TM", "NorthlightTM", "Northlightᵀᴹ", "NorthlightSM", "North一light", "Northーlight"},
		{"Winwave", "VVinwave", "vvinvvave", "Шinwave"},
		{"ΑΥΡΑ-200", "αυρα-200"}, // one Greek number, cased
		{"В-200", "в-200", "B-200"},
		{"M-200", "m-200", "М-200"},
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
	for _, pair := range [][2]string{{"NL-C210", "NL-C211"}, {"++", "+++"}, {"C210", "C21Q"}, {"M-200", "RN-200"}, {"NL-200", "VL-200"}, {"S5", "55"}, {"ZX-200", "ZX-200T"}, {"C200", "200"}, {"カメラ", "カメ"}, {"カメラー", "カメラ"}, {"一加", "加"}, {"ATM", "A"}, {"200TM", "200"}, {"TM", "T"}, {"AA-10●", "AA-10"}, {"✓", "●"}} {
		if label.FoldModel(pair[0]) == label.FoldModel(pair[1]) {
			t.Errorf("%q and %q are taken for one model", pair[0], pair[1])
		}
	}
}
