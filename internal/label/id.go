package label

import (
	"io"
	"strings"
)

// An ID names a label: twelve characters of Crockford's base32 alphabet, of
// which eleven are random (55 bits) and the last is a check character. It is
// always held in its normal form, upper case without hyphens; [ID.Pretty] adds
// the hyphens that people read.
//
// The check character follows the hybrid system of ISO/IEC 7064 (as its
// MOD 37,36) for our alphabet: MOD 33,32. It catches every single wrong
// character, and of swaps of two unequal neighbours all but one in 496: after
// any given beginning one pair of characters, next to each other in the
// alphabet (its ends count as such), can be swapped unnoticed. Crockford's own
// check symbol (MOD 37) needs five characters beyond the alphabet, of which one
// cannot stand in a URL and one not in an alphanumeric QR code.
type ID string

const (
	idAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	idLen      = 12
)

// idValue maps every accepted spelling to its value, -1 for the rest. Crockford
// reads I and L as 1 and O as 0; U is nobody's.
var idValue = func() (t [256]int8) {
	for i := range t {
		t[i] = -1
	}
	for i, c := range []byte(idAlphabet) {
		t[c] = int8(i)
		t[strings.ToLower(string(c))[0]] = int8(i)
	}
	for _, c := range []byte("IiLl") {
		t[c] = 1
	}
	for _, c := range []byte("Oo") {
		t[c] = 0
	}
	return t
}()

// NewID returns an ID made from random bytes.
func NewID(random io.Reader) (ID, error) {
	var b [idLen]byte
	if _, err := io.ReadFull(random, b[:idLen-1]); err != nil {
		return "", err
	}
	for i := range idLen - 1 {
		b[i] = idAlphabet[b[i]&31] // 32 divides 256: no bias
	}
	b[idLen-1] = idAlphabet[idCheck(string(b[:idLen-1]))]
	return ID(b[:]), nil
}

// idCheck returns the value of the check character that completes body, which
// is in normal form (ISO/IEC 7064, hybrid system, M = 32).
func idCheck(body string) int {
	const m = 32
	p := m
	for i := range len(body) {
		s := (p + int(idValue[body[i]])) % m
		if s == 0 {
			s = m
		}
		p = s * 2 % (m + 1)
	}
	return (m + 1 - p) % m
}

// ParseID reads an ID as people type it: any letter case, hyphens and spaces
// anywhere, I and L for 1, O for 0. The two ways to be wrong are told apart,
// since they need different help: [ReasonIDMalformed] and [ReasonIDCheck].
func ParseID(s string) (ID, error) {
	b, err := readID(s)
	if err != nil {
		return "", err
	}
	if !b.sound() {
		return "", invalid(ReasonIDCheck, "id",
			"a character of this label ID is mistyped or two are swapped; compare it with the label")
	}
	return ID(b[:]), nil
}

// Near returns the IDs that differ from what was typed in one character, or in
// the order of two neighbours: the few that somebody may have meant whose check
// character is wrong. There are none for what has not the form of an ID.
func Near(s string) (list []ID) {
	typed, err := readID(s)
	if err != nil {
		return nil
	}
	for i := range typed {
		b := typed
		for _, c := range []byte(idAlphabet) {
			if b[i] = c; c != typed[i] && b.sound() {
				list = append(list, ID(b[:]))
			}
		}
		if b = typed; i > 0 && b[i] != b[i-1] {
			if b[i-1], b[i] = b[i], b[i-1]; b.sound() {
				list = append(list, ID(b[:]))
			}
		}
	}
	return list
}

// idBytes are the characters of an ID in normal form, not checked yet.
type idBytes [idLen]byte

// sound reports whether the check character is the right one.
func (b *idBytes) sound() bool {
	return idAlphabet[idCheck(string(b[:idLen-1]))] == b[idLen-1]
}

func readID(s string) (b idBytes, err error) {
	n := 0
	for i := range len(s) {
		c := s[i]
		if c == '-' || c == ' ' {
			continue
		}
		v := idValue[c]
		if v < 0 || n == idLen {
			return b, invalid(ReasonIDMalformed, "id",
				"a label ID is 12 letters and digits, such as K7QM-4T2X-9PWH; compare it with the label")
		}
		b[n] = idAlphabet[v]
		n++
	}
	if n != idLen {
		return b, invalid(ReasonIDMalformed, "id",
			"a label ID is 12 letters and digits, such as K7QM-4T2X-9PWH; this one has %d", n)
	}
	return b, nil
}

// Pretty returns the ID in groups of four, as printed on labels.
func (id ID) Pretty() string {
	if len(id) != idLen {
		return string(id)
	}
	return string(id[:4] + "-" + id[4:8] + "-" + id[8:])
}
