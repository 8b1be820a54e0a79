package label

// A GTIN is a GS1 Global Trade Item Number in its 14-digit form, as GS1 Digital
// Link puts it after /01/.
type GTIN string

// ParseGTIN reads a GTIN-8, -12, -13 or -14, checks its check digit (GS1
// General Specifications 7.9) and pads it to 14 digits.
func ParseGTIN(s string) (GTIN, error) { return parseGTIN("gtin", s) }

func parseGTIN(field, s string) (GTIN, error) {
	switch len(s) {
	case 8, 12, 13, 14:
	default:
		return "", invalid(ReasonMalformed, field, "a GTIN has 8, 12, 13 or 14 digits, %q has %d characters", s, len(s))
	}
	sum := 0
	for i := range len(s) {
		c := s[len(s)-1-i] // from the right; the check digit weighs 1
		if c < '0' || c > '9' {
			return "", invalid(ReasonMalformed, field, "a GTIN has digits only, %q does not", s)
		}
		weight := 1
		if i%2 == 1 {
			weight = 3
		}
		sum += weight * int(c-'0')
	}
	if sum%10 != 0 {
		return "", invalid(ReasonMalformed, field, "the check digit of GTIN %s is wrong; compare it with the barcode", s)
	}
	return GTIN("00000000000000"[len(s):] + s), nil
}
