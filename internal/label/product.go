package label

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.mau.fi/util/confusable"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// FoldModel returns what makes two model numbers, or two brands, the same: how
// their letters and digits look, however they are cased, spaced, punctuated,
// accented and decorated, and whatever script they are of. "NL-C210", "nl c210",
// "ＮＬＣ２１０", "NL-С210" (with a Cyrillic letter), "NL-C21O" and "NL-C210™" are one
// model: nobody in a shop could tell them apart. A number of other characters only
// stays as it is.
//
// What looks like what is Unicode's data (UTS #39, confusables.txt), by way of
// go.mau.fi/util/confusable, which is made from it. That data leaves out what this
// has to know as well, which is the table [ownLooks]: it was made against names in
// web addresses, where there are no small capitals, no letters with strokes and no
// symbols. Its letter "m", which is "rn" there, stays "m".
//
// A letter of another script can look like one Latin letter when it is capital and
// like another when it is small, as the Greek ν does. Beside Latin letters it counts
// as it is written. A number without any counts as if it was written in capitals,
// since that is how one and the same Greek number is cased.
//
// It errs towards one model. What two devices have to do with each other then
// shows where something was found wrong with one of them. Of several letters that
// look like one it knows "vv" only, which is "w". An ideograph or a mark of length that
// stands beside Latin letters or digits as a dash does is one, and says nothing; in a
// word of its own script it is a letter. A symbol that stands by itself says nothing
// either, and neither does a tick.
func FoldModel(model string) string {
	s := words(plain(undecorated(model)))
	latin := strings.ContainsFunc(s, func(r rune) bool { return r < utf8.RuneSelf && unicode.IsLetter(r) })
	var seen strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		if r == '!' && (i == 0 || i+1 == len(runes)) {
			continue // a decoration; between others it looks like a 1
		}
		if strings.ContainsRune(strokes, r) && (i > 0 && alphanumeric(runes[i-1]) || i+1 < len(runes) && alphanumeric(runes[i+1])) {
			continue
		}
		seen.WriteString(appearance(r, latin))
	}
	folded := strings.Map(func(r rune) rune {
		switch {
		case r == 'o':
			return '0'
		case r == 'i' || r == 'l':
			return '1'
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return r
		}
		return -1
	}, cases.Fold().String(seen.String()))
	if folded == "" {
		return model
	}
	return strings.ReplaceAll(folded, "vv", "w")
}

// strokes are letters that are one horizontal line, or say that what precedes is repeated.
const strokes = "一ーㅡᅳ々〻ゝゞヽヾ"

// words returns a name without what stands by itself in it and has neither letter nor
// digit, such as the tick of "NL-210 ✓": within a word it may be read as a letter. A name
// of nothing else is returned as it is.
func words(s string) string {
	list := strings.Fields(s)
	named := slices.DeleteFunc(slices.Clone(list), func(word string) bool {
		return !strings.ContainsFunc(word, func(r rune) bool {
			framed := r >= '🄰' && r <= '🇿' || r >= '\U000E0041' && r <= '\U000E007A' // letters, to the eye
			return (framed || unicode.IsLetter(r) || unicode.IsNumber(r)) && !strings.ContainsRune(strokes, r)
		})
	})
	if len(named) == 0 {
		return s
	}
	return strings.Join(named, " ")
}

func alphanumeric(r rune) bool {
	return r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r))
}

// Marks of ownership and trade say nothing of what something is called. Those in
// marks are never part of a name. Those in trailing can be letters of it elsewhere:
// at the end they are marks. So are those in capitals, as a word of their own or right
// after a small letter: "Northlight TM", "NorthlightTM", and not "ATM".
var (
	marks    = strings.NewReplacer("™", "", "℠", "", "®", "", "℗", "", "🅪", "", "🅫", "", "🅬", "", "🄬", "", "ᵀᴹ", "", "ᔆᴹ", "", "ˢᴹ", "")
	trailing = []string{"(c)", "(r)", "(tm)", "(sm)", "©", "ⓒ", "ⓡ", "🄫"}
	capitals = []string{"TM", "SM"}
)

// undecorated returns a name without the marks that are put to it.
func undecorated(s string) string {
	s = marks.Replace(s)
	for again := true; again; {
		again = false
		s = strings.TrimRightFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || unicode.IsSpace(r) })
		for _, mark := range trailing {
			if n := len(s) - len(mark); n > 0 && strings.EqualFold(s[n:], mark) {
				s, again = s[:n], true
			}
		}
		for _, mark := range capitals {
			name, ok := strings.CutSuffix(s, mark)
			if last, _ := utf8.DecodeLastRuneInString(name); ok && (unicode.IsSpace(last) || unicode.IsLower(last)) && strings.TrimSpace(name) != "" {
				s, again = name, true
			}
		}
	}
	return s
}

// plain takes characters apart into those that they are made of. One that is made
// of letters of another script is looked at as it is: the lunate sigma is a sigma to
// Unicode, and a C to the eye.
func plain(s string) string {
	var b strings.Builder
	for _, r := range s {
		if apart := norm.NFKD.String(string(r)); apart != string(r) && ascii(look(r)) && !ascii(apart) {
			b.WriteString(look(r))
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFKD.String(b.String())
}

// appearance returns the ASCII letter or digit that a character looks like, or else
// the character.
func appearance(r rune, latin bool) string {
	upper, lower := unicode.ToUpper(r), unicode.ToLower(r)
	tries := [...]rune{upper, r, lower}
	if latin {
		tries = [...]rune{r, upper, lower}
	}
	for _, r := range tries {
		if s := look(r); ascii(s) {
			return s
		}
	}
	return string(r)
}

// look returns the letters and digits that a character looks like: nothing, if it
// looks like none.
func look(r rune) string {
	if own, ok := ownLooks[r]; ok {
		return own
	}
	switch {
	case r < utf8.RuneSelf:
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(r)
		}
		return ""
	case unicode.IsDigit(r):
		return string(digit(r))
	}
	var s strings.Builder
	for _, r := range norm.NFKD.String(confusable.GetReplacement(r)) {
		if own, ok := ownLooks[r]; ok {
			s.WriteString(own)
		} else if unicode.IsLetter(r) || unicode.IsDigit(r) {
			s.WriteRune(r)
		}
	}
	if s.String() == "rn" {
		return "m"
	}
	return s.String()
}

// ascii reports whether a look is one of ASCII characters.
func ascii(look string) bool {
	return look != "" && !strings.ContainsFunc(look, func(r rune) bool { return r >= utf8.RuneSelf })
}

// ownLooks are characters that look like a letter or a digit, beside those that
// Unicode's data names: letters with strokes, hooks and tails, small capitals,
// letters and digits in frames, and symbols that stand in for either.
var ownLooks = func() map[rune]string {
	m := map[rune]string{'ß': "ss", 'ẞ': "ss"} // as they are cased
	for look, list := range map[string]string{
		"a": "ȺᴀᶏⱥаАαΑΛ∀@",
		"b": "ƀƁƂƃɃɓʙᴃᵬᶀꞖꞗвВβΒ฿₿",
		"c": "ƇƈȻȼɕᴄꞒꞓꞔꟄ𝼝сС¢©₡⊂⊏⸦⟃⪽ᑕϲϹ⼕匚",
		"d": "ĐđƊƋƌȡɖɗᴅᵭᶁꝹꝺꟇꟈ",
		"e": "ɆɇᴇᶒⱸꬲꬳꬴеЕεΕ€∈℮ɛƐЭэƎǝ",
		"f": "ƑƒᵮᶂꜰꝻꝼꞘꞙ₣",
		"g": "ƓǤǥɠɡɢʛᵹᶃꝽꞠꞡꞬꟐꟑ",
		"h": "ĦħɦʜⱧⱨꞕꞪнНΗһҺ⼶",
		"i": "ıƗɨɪᶖꞮιΙ℩",
		"j": "ȷɈɉɟʝᴊꞲ",
		"k": "ƘƙᴋᶄⱩⱪꝀꝁꝂꝃꞢꞣкКκΚ₭",
		"l": "ŁłƚȴȽɫɬɭʟᴌᶅⱠⱡⱢꝈꝉꞭꬷꬸꬹ𝼄𝼑£₤└∟",
		"m": "ɱᴍᵯᶆⱮꬺмМΜ",
		"n": "ƝƞȠȵɲɳɴᵰᶇꞐꞑꞤꞥꬻΝ₦∩ИиЙйᴎ",
		"o": "ØøƟɵᴏⱺꝊꝋꝌꝍꬽ𝼛оОοΟσ○◯〇◌●⚪⚫⬤⭕⭘⌀∅∘◦°ᴑ⊘⦰⊖⊙◎☉",
		"p": "ƤƥᴘᵱᵽᶈⱣꝐꝑꝒꝓꝔꝕрРρΡ₱℘",
		"q": "ɋʠꝖꝗꝘꝙꞯ",
		"r": "ɌɍɼɽɾʀᵲᶉⱤꞂꞃꞦꞧꭆꭉꭋ℟Яяᴙ",
		"s": "ȿʂᵴᶊⱾꜱꞄꞅꞨꞩꟅꟉꟊ𝼞ѕЅ$§",
		"t": "ŦŧƫƬƭƮȶȾʈᴛᵵⱦꞆꞇтТτΤ┬┳╤╥╦⊤†₮",
		"u": "ᴜᶙꞸꞹꭎꭒ∪",
		"v": "ƲʋᴠᶌỼỽⱱⱴꝞꝟ∨√",
		"w": "ᴡⱲⱳԝԜ₩ꝠꝡѠѡШш",
		"x": "ᶍꭖꭗꭙхХχΧ×✕✖✗✘╳⨯❌❎⊗☒⛌⤫⤬",
		"y": "ƳƴɎɏʏỾỿꭚуУΥ¥",
		"z": "ƵƶȤȥɀʐʑᴢᵶᶎⱫⱬⱿꟆζΖ",
		"0": "⓪⓿🄋🄌",
		"1": "|¡!¦│┃❘❙❚ǀ∣丨",
		"3": "зЗӡӠʒƷ",
		"4": "чЧ",
		"6": "бБ",
	} {
		for _, r := range list {
			m[r] = look
		}
	}
	for _, frame := range []rune{'🄰', '🅐', '🅰', '🇦', '\U000E0041', '\U000E0061'} { // in squares, discs, flags, and invisible
		for i := range rune(26) {
			m[frame+i] = string('a' + i)
		}
	}
	for _, disc := range []rune{'❶', '➀', '➊', '⓵'} {
		for i := range rune(9) {
			m[disc+i] = string('1' + i)
		}
	}
	return m
}()

// digit returns the European digit of the same value.
func digit(r rune) rune {
	for _, block := range unicode.Nd.R16 {
		if lo, hi := rune(block.Lo), rune(block.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	for _, block := range unicode.Nd.R32 {
		if lo, hi := rune(block.Lo), rune(block.Hi); lo <= r && r <= hi {
			return '0' + (r-lo)%10
		}
	}
	return r
}
