package label_test

import (
	"bytes"
	"crypto/rand"
	"io"
	mathrand "math/rand/v2"
	"strings"
	"testing"

	"labeld/internal/label"
)

const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// hybridValid is the check of ISO/IEC 7064 for hybrid systems MOD M+1,M, as
// the standard states it for a whole string with its check character: with
// P = M at first, S = P mod (M+1) + a and P = 2 (S mod M, M for 0), the string
// is right if the last S is 1 modulo M.
func hybridValid(m int, values []int) bool {
	p, s := m, 0
	for _, a := range values {
		s = p%(m+1) + a
		p = s % m
		if p == 0 {
			p = m
		}
		p *= 2
	}
	return s%m == 1
}

func values(t *testing.T, s, alphabet string) (v []int) {
	t.Helper()
	for _, c := range s {
		i := strings.IndexRune(alphabet, c)
		if i < 0 {
			t.Fatalf("%q is not in the alphabet", c)
		}
		v = append(v, i)
	}
	return v
}

// TestHybridMethod holds the test's own method to published strings: the
// example of the standard, the OIB of a state, and a GRid.
func TestHybridMethod(t *testing.T) {
	const digits, alphanumeric = "0123456789", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	for _, c := range []struct {
		m           int
		s, alphabet string
	}{
		{10, "07945", digits},
		{10, "69435151530", digits},
		{36, "A12425GABC1234002M", alphanumeric},
	} {
		if !hybridValid(c.m, values(t, c.s, c.alphabet)) {
			t.Errorf("MOD %d,%d: %s is published as right", c.m+1, c.m, c.s)
		}
		if hybridValid(c.m, values(t, c.s[1:]+"0", c.alphabet)) {
			t.Errorf("MOD %d,%d: %s changed is still right", c.m+1, c.m, c.s)
		}
	}
}

func newID(t testing.TB) label.ID {
	t.Helper()
	id, err := label.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestNewID(t *testing.T) {
	for range 1000 {
		id := newID(t)
		if len(id) != 12 || !hybridValid(32, values(t, string(id), alphabet)) {
			t.Fatalf("%s is not 12 characters with an ISO/IEC 7064 MOD 33,32 check", id)
		}
		if got, err := label.ParseID(string(id)); err != nil || got != id {
			t.Fatalf("ParseID(%s) = %s, %v", id, got, err)
		}
	}
	// Every character comes of five bits of its own.
	random := []byte{0, 1, 2, 31, 32, 63, 64, 255, 30, 10, 17}
	id, err := label.NewID(bytes.NewReader(random))
	if err != nil || id[:11] != "012Z0Z0ZYAH" {
		t.Errorf("NewID = %s, %v", id, err)
	}
	if _, err := label.NewID(bytes.NewReader(random[:10])); err != io.ErrUnexpectedEOF {
		t.Errorf("too little randomness: %v", err)
	}
}

// TestIDWrongCharacter proves that every single wrong character is noticed,
// wherever it stands.
func TestIDWrongCharacter(t *testing.T) {
	for range 50 {
		id := newID(t)
		for i := range len(id) {
			for _, c := range []byte(alphabet) {
				if c == id[i] {
					continue
				}
				wrong := string(id[:i]) + string(c) + string(id[i+1:])
				if got, err := label.ParseID(wrong); err == nil {
					t.Fatalf("%s mistyped as %s is taken for %s", id, wrong, got)
				} else {
					wantRefusal(t, err, label.Invalid, label.ReasonIDCheck, "id")
				}
			}
		}
	}
}

// TestIDSwap proves what the comment of [label.ID] states: after any given
// beginning, exactly one of the 496 pairs of unequal characters can be swapped
// unnoticed, and its two are next to each other in the alphabet.
func TestIDSwap(t *testing.T) {
	complete := func(body string) string {
		v := append(values(t, body, alphabet), 0)
		for i := range alphabet {
			if v[11] = i; hybridValid(32, v) {
				return body + alphabet[i:i+1]
			}
		}
		t.Fatalf("%s has no check character", body)
		return ""
	}
	swapped := func(id string, at int) bool {
		_, err := label.ParseID(id[:at] + id[at+1:at+2] + id[at:at+1] + id[at+2:])
		return err == nil
	}
	for at := range 10 { // both characters before the check character
		id := string(newID(t))
		var missed []string
		for a := range 32 {
			for b := range a {
				body := id[:at] + alphabet[a:a+1] + alphabet[b:b+1] + id[at+2:11]
				if swapped(complete(body), at) {
					missed = append(missed, alphabet[b:b+1]+alphabet[a:a+1])
					if d := a - b; d != 1 && d != 31 {
						t.Errorf("%s: the swap of %s is missed, which are no neighbours", id[:at], missed)
					}
				}
			}
		}
		if len(missed) != 1 {
			t.Errorf("after %q the swaps of %v are missed, want one", id[:at], missed)
		}
	}
	// With the check character itself, only 0 and 1 can be swapped unnoticed.
	misses := 0
	for range 2000 {
		id := string(newID(t))
		body := id[:10]
		for _, c := range alphabet {
			if id := complete(body + string(c)); id[10] != id[11] && swapped(id, 10) {
				misses++
				if pair := id[10:]; pair != "01" && pair != "10" {
					t.Errorf("%s: the swap of %s with the check character is missed", id, pair)
				}
			}
		}
		if misses > 0 {
			break
		}
	}
	if misses == 0 {
		t.Error("no swap with the check character is missed; state a stronger promise")
	}
}

func TestParseIDAsPeopleType(t *testing.T) {
	for _, s := range []string{
		"K7QM4T2X9PWH", "K7QM-4T2X-9PWH", "k7qm-4t2x-9pwh", "K7qm 4T2x 9pWh", " K7QM4T2X9PWH ", "-K-7-Q-M4T2X9PWH--", "K7QM - 4T2X - 9PWH",
	} {
		if id, err := label.ParseID(s); err != nil || id != "K7QM4T2X9PWH" {
			t.Errorf("ParseID(%q) = %s, %v", s, id, err)
		}
	}
	// Every way to misread 1 and 0, in random IDs that have both.
	rnd := mathrand.New(mathrand.NewPCG(1, 2))
	for found := 0; found < 50; {
		id := newID(t)
		if !strings.Contains(string(id), "1") || !strings.Contains(string(id), "0") {
			continue
		}
		found++
		misread := []byte(id)
		for i, c := range misread {
			switch c {
			case '1':
				misread[i] = "1IiLl"[rnd.IntN(5)]
			case '0':
				misread[i] = "0Oo"[rnd.IntN(3)]
			}
		}
		if got, err := label.ParseID(string(misread)); err != nil || got != id {
			t.Errorf("ParseID(%s) = %s, %v, want %s", misread, got, err, id)
		}
	}
}

func TestParseIDRefuses(t *testing.T) {
	for s, want := range map[string]struct {
		reason label.Reason
		text   string
	}{
		"":                   {label.ReasonIDMalformed, "this one has 0"},
		"K7QM-4T2X-9PW":      {label.ReasonIDMalformed, "this one has 11"},
		"K7QM-4T2X-9PWHH":    {label.ReasonIDMalformed, "12 letters and digits"},
		"K7QM-4T2X-9PWU":     {label.ReasonIDMalformed, "12 letters and digits"},
		"K7QM_4T2X_9PWH":     {label.ReasonIDMalformed, "12 letters and digits"},
		"K7QM\t4T2X9PWH":     {label.ReasonIDMalformed, "12 letters and digits"},
		"K7QM4T2X9PWH\n":     {label.ReasonIDMalformed, "12 letters and digits"},
		"K7QM\u20114T2X9PWH": {label.ReasonIDMalformed, "12 letters and digits"},
		"K7QM4T2X9PW\xff":    {label.ReasonIDMalformed, "12 letters and digits"},
		"K7QM-4T2X-9PWJ":     {label.ReasonIDCheck, "mistyped"},
		"7KQM-4T2X-9PWH":     {label.ReasonIDCheck, "mistyped"},
	} {
		_, err := label.ParseID(s)
		if e := wantRefusal(t, err, label.Invalid, want.reason, "id"); !strings.Contains(e.Text, want.text) {
			t.Errorf("ParseID(%q) says %q, want %q", s, e.Text, want.text)
		}
	}
}

func TestPretty(t *testing.T) {
	if got := label.ID("K7QM4T2X9PWH").Pretty(); got != "K7QM-4T2X-9PWH" {
		t.Error(got)
	}
	if got := label.ID("short").Pretty(); got != "short" {
		t.Error(got)
	}
	for range 20 {
		id := newID(t)
		if back, err := label.ParseID(id.Pretty()); err != nil || back != id {
			t.Errorf("%s does not come back: %s, %v", id.Pretty(), back, err)
		}
	}
}

func FuzzParseID(f *testing.F) {
	for _, s := range []string{"K7QM-4T2X-9PWH", "k7qm4t2x9pwh", "000000000001", "IiLl-OoOo-0000", "", "K7QM-4T2X-9PWU", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, err := label.ParseID(s)
		if err != nil {
			if e := err.(*label.Error); e.Reason != label.ReasonIDMalformed && e.Reason != label.ReasonIDCheck {
				t.Fatalf("refused for %s", e.Reason)
			}
			return
		}
		if !hybridValid(32, values(t, string(id), alphabet)) {
			t.Fatalf("%q is taken for %s, whose check character is wrong", s, id)
		}
		for _, again := range []string{string(id), id.Pretty(), strings.ToLower(id.Pretty())} {
			if got, err := label.ParseID(again); err != nil || got != id {
				t.Fatalf("%q is taken for %s, but %s for %s (%v)", s, id, again, got, err)
			}
		}
	})
}
