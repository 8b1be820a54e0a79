package label

import "time"

// A GTIN is a GS1 Global Trade Item Number in its 14-digit form, as GS1 Digital
// Link puts it after /01/.
type GTIN string

// ParseGTIN reads a GTIN-8, -12, -13 or -14, checks its check digit (GS1
// General Specifications 7.9) and pads it to 14 digits. A number that no product
// can have been assigned is refused.
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
	full := GTIN("00000000000000"[len(s):] + s)
	if why := full.unassignable(); why != "" {
		return "", invalid(ReasonUnassignable, field, "GTIN %s is %s, so that no product in the world can have it as its own; use the number that GS1 assigned", s, why)
	}
	return full, nil
}

// unassignable says why nobody can have been assigned the number as that of one
// trade item everywhere, or nothing (GS1 General Specifications 1.4.3: GS1
// Prefixes, and 2.1.11: restricted circulation). Such numbers are printed in
// shops every day: whoever registered one would answer for other people's cheese.
func (g GTIN) unassignable() string {
	body := string(g[1:])
	switch {
	case g[:13] == "0000000000000":
		return "made of zeros only"
	case g[0] == '9':
		return "a number of variable measure (it begins with 9)"
	case g[:6] == "000000": // a GTIN-8
		if body[5] == '0' || body[5] == '2' {
			return "a GTIN-8 for use inside a company"
		}
		return ""
	case body[:3] >= "020" && body[:3] <= "029", body[:3] >= "040" && body[:3] <= "049", body[:1] == "2":
		return "for restricted circulation, inside a company or region"
	case body[:3] >= "050" && body[:3] <= "059":
		return "reserved (it was for coupons)"
	case body[:3] == "980":
		return "for refund receipts"
	case body[:3] >= "981" && body[:3] <= "984", body[:2] == "99":
		return "for coupons"
	}
	return ""
}

// An Assignment says whose a trade item number is, where that was in dispute.
// Predicate of [TypeAssignment], signed by the authority, about the number: the
// SHA-256 of its 14 digits; public and logged, so that whoever remembers what the
// number led to knows that it leads elsewhere.
type Assignment struct {
	GTIN         GTIN         `json:"gtin"`
	Manufacturer Party        `json:"manufacturer"`       // whose it is
	Text         string       `json:"text"`               // why
	Language     string       `json:"language,omitempty"` // of the text; English where absent
	Authority    Party        `json:"authority"`
	Recorded     time.Time    `json:"recorded"`
	Requests     []RequestRef `json:"requests"` // who decided it, with a signature
}

// Validate is the linter's view of an assignment.
func (a *Assignment) Validate() error {
	if _, err := parseGTIN("gtin", string(a.GTIN)); err != nil {
		return err
	}
	if err := a.Manufacturer.Validate(); err != nil {
		return Within("manufacturer", err)
	}
	if err := checkSaid(a.Text, a.Language); err != nil {
		return err
	}
	if err := a.Authority.Validate(); err != nil {
		return Within("authority", err)
	}
	if len(a.Requests) == 0 {
		return invalid(ReasonMissing, "requests", "somebody decided it: nobody is named")
	}
	if err := CheckRequests("requests", a.Requests); err != nil {
		return err
	}
	return checkRecorded(a.Recorded)
}

func checkRecorded(t time.Time) error {
	if t.IsZero() || t.Nanosecond() != 0 {
		return invalid(ReasonMalformed, "recorded", "is required, in whole seconds")
	}
	return nil
}
