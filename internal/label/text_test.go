package label_test

import (
	"strings"
	"testing"

	"labeld/internal/label"
)

// TestTexts reads what people write in their scripts, and refuses what only looks
// like it.
func TestTexts(t *testing.T) {
	for _, row := range []struct {
		name, text string
		refused    string // what the refusal says; empty where there is none
	}{
		{"Latin", "Nordlicht Kameras – „Größe“ №7 (2.4 GHz) ™", ""},
		{"Vietnamese, decomposed", "Tie\u0302\u0301ng Vie\u0323\u0302t", ""},
		{"Greek, Cyrillic, Armenian, Georgian", "Κάμερα Камера Տեսախցիկ კამერა", ""},
		{"East Asia", "監視カメラ　２号 감시 카메라 摄像头 ㄅㄆ", ""},
		{"Arabic with vowels", "كَامِيرَا مُحَمَّدٌ", ""},
		{"Persian with a joiner that parts letters", "دوربین می\u200cخواهم", ""},
		{"Hebrew with points", "מַצְלֵמָה שָּׁלוֹם", ""},
		{"Hindi with a joiner", "क्\u200dष कैमरा", ""},
		{"Sinhala with a joiner", "ශ්\u200dරී", ""},
		{"Thai, Lao, Khmer, Burmese, Tibetan", "กล้องที่ ກ້ອງ កាមេរ៉ា ကြွှံ့ བསྒྲུབ", ""},
		{"Ethiopic, Tamil, Telugu, Malayalam", "ካሜራ கேமரா కెమెరా ക്യാമറ", ""},
		{"a symbol and an emoji", "Licht ☀ 🔒", ""},
		{"a space that holds together", "10\u00a0W, 5\u202fm", ""},

		{"a control character", "a\u0007b", "character 2, U+0007, is invisible"},
		{"a line", "a\nb", "U+000A, is invisible"},
		{"a C1 control character", "a\u009b31mb", "U+009B, is invisible"},
		{"reversed", "Cam\u202eare", "character 4, U+202E, is invisible"},
		{"an isolate", "a\u2066b\u2069", "U+2066, is invisible"},
		{"a mark of direction", "a\u200eb", "U+200E, is invisible"},
		{"a separator of lines", "a\u2028b", "U+2028, is invisible"},
		{"a thin space", "North\u2009light", "U+2009, is invisible"},
		{"a soft hyphen", "North\u00adlight", "U+00AD, is invisible"},
		{"a variation selector", "North\ufe00light", "U+FE00, is invisible"},
		{"one of emoji", "❤\ufe0f", "U+FE0F, is invisible"},
		{"one of ideographs", "葛\U000e0100城", "U+E0100, is invisible"},
		{"a tag", "a\U000e0041b", "U+E0041, is invisible"},
		{"an empty braille cell", "North\u2800light", "U+2800, is of the script Braille, which labels are not written in"},
		{"a Hangul filler", "a\u3164b", "U+3164, is invisible"},
		{"a noncharacter", "Porch\ufffe Camera", "character 6, U+FFFE, stands for no character"},
		{"the last of a plane", "a\U0001ffffb", "U+1FFFF, stands for no character"},
		{"private use", "a\ue000b", "U+E000, stands for no character"},
		{"unassigned", "a\u0378b", "U+0378, stands for no character"},
		{"a joiner among Latin letters", "North\u200clight", "character 6, U+200C, is an invisible joiner"},
		{"a joiner at the end", "می\u200c", "U+200C, is an invisible joiner"},
		{"two joiners", "می\u200c\u200cخ", "U+200C, is an invisible joiner"},
		{"a joiner before a space", "می\u200c خ", "U+200C, is an invisible joiner"},
		{"a joiner of emoji", "👩\u200d💻", "U+200D, is an invisible joiner"},
		{"a mark at the beginning", "\u0301a", "character 1, U+0301, is a mark that stands on no letter"},
		{"a mark on a space", "a \u0301b", "U+0301, is a mark that stands on no letter"},
		{"a mark on a dash", "a-\u0336b", "U+0336, is a mark that stands on no letter"},
		{"fifteen marks", "A" + strings.Repeat("\u030d", 15), "character 6, U+030D, is one mark too many"},
		{"with joiners between", "ب\u064b\u064b\u064b\u064b\u200cب", ""},
		{"marks that go on behind a joiner", "ب\u064b\u064b\u064b\u064b\u200c\u064b", "U+200C, is an invisible joiner"},
		{"an old script", "ᚾᚩᚱᚦ", "of the script Runic"},
		{"a script that looks like another", "ᏢᎪᏒ", "of the script Cherokee"},
		{"white space around it", " a", "begins or ends with white space"},
		{"white space of another kind", "a\u3000", "begins or ends with white space"},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := device()
			d.Name = row.text
			raw, err := d.Canonical()
			if err == nil {
				_, err = label.ParseDevice(raw)
			}
			switch {
			case row.refused == "" && err != nil:
				t.Error(err)
			case row.refused == "":
				if got := label.Readable(row.text); got != strings.Join(strings.Fields(row.text), " ") {
					t.Errorf("what is readable of it is %q", got)
				}
			case row.refused != "" && (label.ReasonOf(err) != label.ReasonMalformed || !strings.Contains(err.Error(), row.refused) || !strings.HasPrefix(err.Error(), "device.name: ")):
				t.Errorf("got %v, want one with %q", err, row.refused)
			}
		})
	}
}

// FuzzReadable requires that what is readable of any text is taken.
func FuzzReadable(f *testing.F) {
	for _, s := range []string{"Cam\u202eare", "A" + strings.Repeat("\u030d", 15), "می\u200c\u200cخ \u0301", "a\xff\ufffe\ufffd \t b", "\u200dက\u200d", "ab\ue000\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := label.Readable(s)
		if got == "" || len(got) > label.MaxText {
			return
		}
		d := device()
		d.Name = got
		raw, err := d.Canonical()
		if err == nil {
			_, err = label.ParseDevice(raw)
		}
		if err != nil {
			t.Errorf("%q: %v", got, err)
		}
		if again := label.Readable(got); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	})
}
