package qr

import (
	"strconv"
	"strings"

	"labeld/internal/label"
)

// labelPath comes between base and ID. One letter, because each costs area in
// every code ever printed.
const labelPath = "/l/"

// maxHost is the longest host name (RFC 1035, 2.3.4, without the root's dot).
const maxHost = 253

// URL returns the address of a label as people see it, such as
// https://labels.example.org/l/K7QM4T2X9PWH. The base has passed [CheckBase].
func URL(base string, id label.ID) string { return base + labelPath + string(id) }

// Payload returns the address of a label as its QR code holds it: [URL] in
// upper case. The base has passed [CheckBase]; then all characters are in the
// alphanumeric set and [New] has room for them.
func Payload(base string, id label.ID) string { return strings.ToUpper(URL(base, id)) }

// CheckBase reports what is wrong with the base of label URLs, as an
// [*label.Error] that says how to fix it. A base is a scheme and a host with
// an optional port, in exactly one spelling: lower case, without a closing
// slash, without the port that the scheme implies. Codes that are printed
// cannot be moved to another base, so it is checked before the first.
//
// http is allowed because a demonstration on one machine has no certificate.
// Whoever serves others must insist on https.
func CheckBase(base string) error {
	bad := func(format string, args ...any) error {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "base", format, args...)
	}
	if base == "" {
		return label.Errorf(label.Invalid, label.ReasonMissing, "base",
			"is required: the scheme and host of label URLs, such as https://labels.example.org")
	}
	scheme, rest, ok := strings.Cut(base, "://")
	if !ok || !strings.EqualFold(scheme, "https") && !strings.EqualFold(scheme, "http") {
		return bad("must begin with https:// (http:// is for demonstrations), such as https://labels.example.org")
	}
	if i := strings.IndexAny(rest, "/?#\\"); i >= 0 {
		return bad("must end after the host: remove %q; labels are found at the base and %s", rest[i:], labelPath)
	}
	if strings.Contains(rest, "@") {
		return bad("must not hold credentials: remove what stands before the @")
	}
	if strings.ContainsAny(rest, "[]") {
		return bad("an IPv6 address has brackets, which no compact QR code can hold: use a host name")
	}
	for i := range len(rest) {
		if rest[i] >= 0x80 {
			return bad("write an international host name in its ASCII form, which begins with xn--")
		}
	}
	if lower := strings.ToLower(base); lower != base {
		return bad("write it in lower case: %s", lower)
	}
	host, port, hasPort := strings.Cut(rest, ":")
	if len(host) > maxHost {
		return label.Errorf(label.TooLarge, label.ReasonTooLarge, "base",
			"a host name has at most %d characters, this one has %d: use a shorter one", maxHost, len(host))
	}
	for part := range strings.SplitSeq(host, ".") {
		if !isHostLabel(part) {
			return bad("%q is not a host name: letters, digits, inner hyphens, and single dots between them", host)
		}
	}
	if !hasPort {
		return nil
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
		return label.Errorf(label.Invalid, label.ReasonOutOfRange, "base",
			"%q is not a port: a number from 1 to 65535 without leading zeros, or nothing and no colon", port)
	}
	if port == impliedPort(scheme) {
		return bad("leave out :%s, which %s implies", port, scheme)
	}
	return nil
}

// isHostLabel reports whether s may stand between the dots of a host name
// (RFC 1123, 2.1), in lower case.
func isHostLabel(s string) bool {
	return s != "" && len(s) <= 63 && s[0] != '-' && s[len(s)-1] != '-' &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

func impliedPort(scheme string) string {
	if scheme == "http" {
		return "80"
	}
	return "443"
}

// ParsePayload reads what a scanner found in a label's QR code or what a
// person pasted: a label URL in any letter case, or an ID as [label.ParseID]
// takes it. For a URL it returns the base, in the spelling that [CheckBase]
// accepts; for an ID alone the base is empty.
//
// What follows the ID in a URL says which view of the label is meant and not
// which label: an extension such as .json, more path, a query and a fragment
// are all ignored, and what is percent-encoded without need ([Unescape]) is as if
// it were not. What comes before it decides whom we ask, and there nothing
// unusual is let through: credentials, for instance, are how an address is
// made to look like another.
//
// The base comes from whoever printed the code. It is no reason to believe it.
func ParsePayload(s string) (base string, id label.ID, err error) {
	bad := func(format string, args ...any) error {
		return label.Errorf(label.Invalid, label.ReasonMalformed, "url", format, args...)
	}
	if len(s) > label.MaxProse {
		return "", "", label.Errorf(label.TooLarge, label.ReasonTooLarge, "url",
			"is %d bytes, at most %d are accepted: a label URL is short", len(s), label.MaxProse)
	}
	s = strings.TrimSpace(s)
	if !strings.Contains(s, "://") {
		if strings.ContainsAny(s, "/.:@") {
			return "", "", bad("is neither a label ID nor a full address: write all of it, from https:// to the ID")
		}
		id, err = label.ParseID(s)
		return "", id, err
	}
	base, path, err := splitBase(s)
	if err != nil {
		return "", "", err
	}
	if i := strings.IndexAny(path, "?#"); i >= 0 {
		path = path[:i]
	}
	path = Unescape(path)
	if len(path) < len(labelPath) || asciiLower(path[:len(labelPath)]) != labelPath {
		return "", "", bad("is not the address of a label, which looks like %s", URL(base, "K7QM4T2X9PWH"))
	}
	name := path[len(labelPath):]
	if i := strings.IndexAny(name, "/."); i >= 0 {
		name = name[:i]
	}
	if id, err = label.ParseID(name); err != nil {
		return "", "", label.Within("url", err)
	}
	return base, id, nil
}

// splitBase returns the base of an address, in the spelling that [CheckBase]
// accepts, and what follows it.
func splitBase(s string) (base, path string, err error) {
	scheme, host, _ := strings.Cut(s, "://")
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host, path = host[:i], host[i:]
	}
	// Only ASCII may change case here: U+212A, the Kelvin sign, is a k in
	// lower case. CheckBase refuses what asciiLower leaves.
	scheme, host = asciiLower(scheme), asciiLower(host)
	base = scheme + "://" + strings.TrimSuffix(host, ":"+impliedPort(scheme))
	return base, path, label.Within("url", CheckBase(base))
}

// ParseDigitalLink reads what a scanner found in a code made by [DigitalLink],
// or another GS1 Digital Link of a trade item: the base, and the GTIN. The base
// comes from whoever printed the code. It is no reason to believe it.
func ParseDigitalLink(s string) (base string, g label.GTIN, err error) {
	if len(s) > label.MaxProse {
		return "", "", label.Errorf(label.TooLarge, label.ReasonTooLarge, "url", "is %d bytes, at most %d are accepted", len(s), label.MaxProse)
	}
	base, path, err := splitBase(strings.TrimSpace(s))
	if err != nil {
		return "", "", err
	}
	path, query, _ := strings.Cut(path, "?")
	path, query = Unescape(path), Unescape(query)
	link, ok := strings.CutPrefix(path, "/01/")
	if !ok {
		return "", "", label.Errorf(label.Invalid, label.ReasonMalformed, "url", "is no GS1 Digital Link of a product, which looks like %s", DigitalLink(base, "09522104000171"))
	}
	d, err := label.ParseDigitalLink(link, query)
	if err != nil {
		return "", "", label.Within("url", err)
	}
	return base, d.GTIN, nil
}

// Unescape returns a path or query in which letters, digits, hyphens, dots,
// underscores and tildes stand as they are where they were percent-encoded. That
// is the same address (RFC 3986, 6.2.2.2), and some programs encode them. All else
// stays as it is, %2F for instance, which is no slash between two segments.
func Unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil && unreserved(byte(n)) {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, s[i])
	}
	return string(out)
}

// unreserved reports whether a character means the same encoded or not (RFC 3986,
// 2.3).
func unreserved(c byte) bool {
	lower := c | 0x20
	return 'a' <= lower && lower <= 'z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func asciiLower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + ('a' - 'A')
		}
	}
	return string(b)
}

// DigitalLink returns the GS1 Digital Link URI of a product as a QR code holds
// it: one code for the till, which reads the GTIN, and for the shopper, whom it
// leads to the product's label. The base has passed [CheckBase].
func DigitalLink(base string, g label.GTIN) string {
	return strings.ToUpper(base) + "/01/" + string(g)
}
