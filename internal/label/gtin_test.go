package label_test

import (
	"strings"
	"testing"

	"labeld/internal/label"
)

func TestParseGTIN(t *testing.T) {
	for s, want := range map[string]label.GTIN{
		"96385074":       "00000096385074", // GTIN-8, the example of the GS1 General Specifications
		"614141000036":   "00614141000036", // GTIN-12
		"4006381333931":  "04006381333931", // GTIN-13
		"09522105000101": "09522105000101",
		"10614141543219": "10614141543219", // GTIN-14
	} {
		if got, err := label.ParseGTIN(s); err != nil || got != want {
			t.Errorf("ParseGTIN(%s) = %s, %v, want %s", s, got, err, want)
		}
	}
	for s, text := range map[string]string{
		"":                "has 0 characters",
		"9638507":         "has 7 characters",
		"963850740":       "has 9 characters",
		"09638507400":     "has 11 characters",
		"010614141543219": "has 15 characters",
		"9638507X":        "digits only",
		"-6385074":        "digits only",
		" 6385074":        "digits only",
		"９638507":         "has 9 characters", // a full-width digit is three bytes
		"96385075":        "check digit",
		"4006381333930":   "check digit",
		"4006318333931":   "check digit", // 81 and 18 swapped
	} {
		_, err := label.ParseGTIN(s)
		if e := wantRefusal(t, err, label.Invalid, label.ReasonMalformed, "gtin"); !strings.Contains(e.Text, text) {
			t.Errorf("ParseGTIN(%q) says %q, want %q", s, e.Text, text)
		}
	}
}

// TestGTINOfNobody tries to take for a product what no product can have: the
// numbers that shops print themselves, coupons, and zeros.
func TestGTINOfNobody(t *testing.T) {
	check := func(s string) string {
		sum := 0
		for i := range len(s) {
			sum += int(s[len(s)-1-i]-'0') * (1 + 2*(1-i%2))
		}
		return s + string(rune('0'+(10-sum%10)%10))
	}
	for _, s := range []string{
		"0000000000000", "0000000", "000000000000", "00000000000", // zeros of every length
		"020123456789", "029999999999", "040000000001", "200000000001", "299999999999", // restricted circulation
		"20123456789", "40123456789", // the same as GTIN-12, before which 0 is put
		"0001234", "2001234", // GTIN-8 of a company
		"050000000001", "059999999999", "980000000001", "981000000001", "984999999999", "990000000001", "999999999999", // coupons and refunds
		"9061414154321", // variable measure
	} {
		_, err := label.ParseGTIN(check(s))
		wantRefusal(t, err, label.Invalid, label.ReasonUnassignable, "gtin")
	}
	for _, s := range []string{"019999999999", "030000000001", "060000000001", "139999999999", "300000000001", "977000000001", "978000000001", "985000000001", "1001234"} {
		if _, err := label.ParseGTIN(check(s)); err != nil {
			t.Errorf("%s was refused: %v", s, err)
		}
	}
}

// TestGTINWrongDigit proves that every single wrong digit is noticed.
func TestGTINWrongDigit(t *testing.T) {
	for _, s := range []string{"96385074", "614141000036", "4006381333931", "10614141543219"} {
		for i := range len(s) {
			for c := byte('0'); c <= '9'; c++ {
				if _, err := label.ParseGTIN(s[:i] + string(c) + s[i+1:]); (label.ReasonOf(err) == label.ReasonMalformed) != (c != s[i]) {
					t.Errorf("%s with %c at %d: %v", s, c, i, err)
				}
			}
		}
	}
}

func FuzzParseGTIN(f *testing.F) {
	for _, s := range []string{"96385074", "614141000036", "4006381333931", "09522105000101", "", "9638507X"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		g, err := label.ParseGTIN(s)
		if err != nil {
			return
		}
		if len(g) != 14 || !strings.HasSuffix(string(g), s) || strings.Trim(string(g), "0123456789") != "" {
			t.Fatalf("%q became %q", s, g)
		}
		if again, err := label.ParseGTIN(string(g)); err != nil || again != g {
			t.Fatalf("%s became %s, %v", g, again, err)
		}
	})
}
