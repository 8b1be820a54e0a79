package search_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"

	"labeld/internal/search"
)

// TestFold holds in which form texts are compared, script by script.
func TestFold(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"ASCII", "NL-C210 Porch", "nl-c210 porch"},
		{"accents", "Café Crème", "cafe creme"},
		{"dots", "KÜCHE", "kuche"},
		{"a mark of its own", "ku\u0308che", "kuche"},
		{"many marks", "a\u0301\u0302\u0303", "a"},
		{"strokes", "Søren Łódź Đorđe Ħal", "soren lodz dorde hal"},
		{"sharp s", "Straße STRASSE", "strasse strasse"},
		{"dotted I", "İstanbul", "istanbul"},
		{"ligatures", "ﬁne ﬀ", "fine ff"},
		{"width", "ＣＯＦＦＥＥ １２", "coffee 12"},
		{"halfwidth kana", "ｶﾒﾗ", "カメラ"},
		{"circled", "①②", "12"},
		{"superscripts", "m²", "m2"},
		{"Roman numerals", "Ⅷ", "viii"},
		{"Greek, final sigma", "ΟΔΟΣ οδος οδός", "οδοσ οδοσ οδοσ"},
		{"Cyrillic", "ЁЛКА Кинй", "елка кини"},
		{"kana with a sound mark", "ガラス", "カラス"},
		{"Hangul", "카메라", "카메라"},
		{"Hangul, taken apart", norm.NFD.String("카메라"), "카메라"},
		{"Hebrew, pointed", "שָׁלוֹם", "שלום"},
		{"Arabic, with vowels", "كَامِيرَا", "كاميرا"},
		{"Persian, with a non-joiner", "می\u200cخواهم", "میخواهم"},
		{"Devanagari", "कैमरा", "कमरा"},
		{"emoji", "🔒", "🔒"},
		{"a variation selector", "✔\ufe0f", "✔"},
	} {
		if got := search.Fold(c.text); got != c.want {
			t.Errorf("%s: %q becomes %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

// TestWords holds where texts come apart: between words, and not within those of scripts
// that write vowels as signs.
func TestWords(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
	}{
		{"", nil}, {"   ", nil}, {"--- / ♥", nil}, {"\t\n", nil},
		{"Northlight Porch Camera 2", []string{"northlight", "porch", "camera", "2"}},
		{"X/100-a", []string{"x", "100", "a"}},
		{"Müller & Söhne", []string{"muller", "sohne"}},
		{"北光 カメラ", []string{"北光", "カメラ"}},
		{"d'été", []string{"d", "ete"}},
		{"v1.2_3", []string{"v1", "2", "3"}},
		{"हिन्दी कैमरा", []string{"हिनदी", "कमरा"}},
		{"தமிழ்", []string{"தமிழ"}},
		{"می\u200cخواهم", []string{"میخواهم"}},
		{"١٢٣", []string{"١٢٣"}},
		{"a\u0301\u00a0b\u3000c", []string{"a", "b", "c"}},
	} {
		if got := search.Words(c.text); !slices.Equal(got, c.want) {
			t.Errorf("%q has the words %q, want %q", c.text, got, c.want)
		}
	}
}

// TestNear holds what is one slip away from what.
func TestNear(t *testing.T) {
	for _, c := range []struct {
		a, b string
		near bool
	}{
		{"camera", "camera", false}, {"camera", "camra", true}, {"camera", "cameraa", true}, {"camera", "canera", true}, {"camera", "caemra", true},
		{"camera", "cmaer", false}, {"camera", "acmera", true}, {"a", "", true}, {"", "", false}, {"ab", "ba", true}, {"abc", "cba", false},
		{"söhne", "söhn", true}, {"söhne", "sühne", true}, {"söhne", "söhen", true}, {"カメラ", "カメ", true}, {"カメラ", "カマラ", true}, {"カメラ", "カラメ", true},
		{"é", "è", true}, {"é", "e", true}, {"🔒a", "a🔒", true}, {"北光", "光", true}, {"北光", "光北", true}, {"北光", "南風", false},
	} {
		if search.Near(c.a, c.b) != c.near || search.Near(c.b, c.a) != c.near {
			t.Errorf("that %q and %q are near is %v one way and %v the other, want %v", c.a, c.b, search.Near(c.a, c.b), search.Near(c.b, c.a), c.near)
		}
	}
}

// FuzzWords takes any text apart: however it is written, cased and widened, it has the
// same words, which are words, and come apart no further.
func FuzzWords(f *testing.F) {
	for _, s := range []string{"Café Crème ＣＯＦＦＥＥ", "Straße", "İstanbul", "ΟΔΟΣ", "カメラ 屋外用", "हिन्दी", "می\u200cخواهم", "ﷺ", "a\u0301", "\xff", "ǅ", "ŉ", "ẞ", "ﬃ"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) || len(s) > 1000 {
			return // queries and labels are UTF-8, and short
		}
		if strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Cherokee, r) }) {
			return // which cases.Fold has change places, and in which no label is written
		}
		words := search.Words(s)
		for _, w := range words {
			if w == "" || strings.ContainsFunc(w, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsUpper(r) && unicode.ToLower(r) != r }) {
				t.Fatalf("%q has the word %q", s, w)
			}
			if again := search.Words(w); len(again) != 1 || again[0] != w {
				t.Fatalf("the word %q of %q has the words %q", w, s, again)
			}
		}
		for name, same := range map[string]string{"taken apart": norm.NFD.String(s), "composed": norm.NFC.String(s), "widened": width.Widen.String(s), "with space around it": " " + s + "\n"} {
			if got := search.Words(same); !slices.Equal(got, words) {
				t.Fatalf("%q has the words %q, and %s %q", s, words, name, got)
			}
		}
		if isASCII(s) {
			if got := search.Words(strings.ToUpper(s)); !slices.Equal(got, words) {
				t.Fatalf("%q has the words %q, and in capitals %q", s, words, got)
			}
			if search.Spelled(s) != s {
				t.Fatalf("%q is spelled %q", s, search.Spelled(s))
			}
		}
	})
}

func isASCII(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
